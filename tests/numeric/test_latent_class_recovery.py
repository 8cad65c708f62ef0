"""Bias of latent class estimates and coverage of their intervals, from simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from datrial.models import fit_latent_classes

PROFILES = np.array(
    [[0.0] * 6, [0.85, 0.8, 0.9, 0.15, 0.2, 0.1], [0.2, 0.1, 0.15, 0.9, 0.75, 0.85]]
)
SIZES = np.array([0.3, 0.4, 0.3])


def coverage(data_sets: int, n: int, seed: int) -> dict[str, np.ndarray]:
    """Fit simulated data sets with a zero class and 15% of answers missing.

    Returns
    -------
    dict
        `size_error` (data sets, 3), `item_error` (data sets, 2, 6): estimate minus truth;
        `size_covered`, `item_covered`: whether the 95% interval holds the truth, NaN where an
        estimate lies on the boundary and has none.
    """
    rng = np.random.default_rng(seed)
    out: dict[str, list[np.ndarray]] = {}
    for _ in range(data_sets):
        of_class = rng.choice(3, n, p=SIZES)
        answers = (rng.random((n, 6)) < PROFILES[of_class]).astype(float)
        answers[rng.random(answers.shape) < 0.15] = np.nan
        fit = fit_latent_classes(pd.DataFrame(answers), 3, zero_class=True, n_starts=10, seed=rng)
        p = fit.item_probabilities.to_numpy()
        # Classes of nearly equal size change places: match them to the truth by profile.
        order = [0, 1, 2] if np.abs(p[1] - PROFILES[1]).sum() < 2 else [0, 2, 1]
        sizes, limits = fit.class_size_intervals().to_numpy()[order], fit.item_intervals()
        low, high = (each.to_numpy()[order][1:] for each in limits)
        inside = np.where(np.isnan(low), np.nan, (low <= PROFILES[1:]) & (PROFILES[1:] <= high))
        for name, value in (
            ("size_error", fit.class_sizes.to_numpy()[order] - SIZES),
            ("item_error", p[order][1:] - PROFILES[1:]),
            ("size_covered", (sizes[:, 0] <= SIZES) & (sizes[:, 1] >= SIZES)),
            ("item_covered", inside),
        ):
            out.setdefault(name, []).append(value)
    return {name: np.array(values, dtype=float) for name, values in out.items()}


def test_bias_and_coverage():
    # Source: simulation, 60 samples of 600. Bias within four standard errors of the mean of
    # each estimate (15 of them). Coverage averaged over sizes and over items: the standard
    # error of the mean of 60 correlated indicators is at most .028, and the averages vary
    # less; tolerance .05 of .95.
    found = coverage(60, 600, 41)

    for name in ("size_error", "item_error"):
        error = found[name]
        assert (np.abs(error.mean(axis=0)) < 4 * error.std(axis=0) / np.sqrt(60)).all()
    assert found["size_covered"].mean() == pytest.approx(0.95, abs=0.05)
    assert np.nanmean(found["item_covered"]) == pytest.approx(0.95, abs=0.05)
    assert np.isnan(found["item_covered"]).mean() < 0.05


@pytest.mark.long
def test_bias_and_coverage_in_many_samples():
    # Source: simulation, 1,000 samples of 500: bias below a fifth of a standard deviation
    # (small samples have some), coverage of every single parameter within .93 to .975: three
    # standard errors of .007, and the logit interval's own small-sample error.
    found = coverage(1000, 500, 42)

    for name in ("size_error", "item_error"):
        error = found[name]
        assert (np.abs(error.mean(axis=0)) < 0.2 * error.std(axis=0)).all()
    for name in ("size_covered", "item_covered"):
        each = np.nanmean(found[name], axis=0)
        assert (each > 0.93).all()
        assert (each < 0.975).all()
