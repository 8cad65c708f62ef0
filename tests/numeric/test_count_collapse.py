"""Equal groups collapse to cells: the likelihood stays what it is, to rounding."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from datrial.models import fit_random_effects_poisson
from datrial.models.counts import collapse, likelihood
from datrial.models.counts.likelihood import CountData, GroupedCounts
from datrial.models.counts.random_effects import NormalEffect, gamma_effect


def visits(n_people, rng, *, exposures=(1.0,)):
    """Simulate visits of which some are missing, in no order."""
    person = np.repeat(np.arange(n_people), 3)
    time = np.tile(np.arange(3), n_people)
    site = np.repeat(rng.integers(0, 3, n_people), 3)
    shared = np.repeat(rng.gamma(2, 0.5, n_people), 3)
    years = rng.choice(exposures, len(person)) if exposures else rng.uniform(1, 2, len(person))
    score = rng.poisson(years * np.exp(1.0 - 0.1 * time) * shared)
    data = pd.DataFrame({"score": score, "time": time, "site": site, "person": person})
    data["years"] = years
    return data.sample(frac=0.8, random_state=1).reset_index(drop=True)


def model(data, kernel):
    x = np.column_stack(
        [np.ones(len(data)), data["time"], data["site"] == 1, data["site"] == 2]
    ).astype(float)
    codes = pd.factorize(data["person"])[0]
    counts = CountData(data["score"].to_numpy(float), x, np.log(data["years"].to_numpy(float)))
    return GroupedCounts(counts, codes, codes.max() + 1, kernel)


POINT = np.array([0.9, -0.12, 0.1, -0.2, -0.7])


@pytest.mark.parametrize("kernel", [gamma_effect, NormalEffect()])
@pytest.mark.parametrize("exposures", [(1.0,), (0.5, 1.0)])
def test_collapsed_is_what_all_groups_give(monkeypatch, kernel, exposures):
    # Identity: the same code with every row and group for itself. Tolerance: rounding of sums.
    data = visits(900, np.random.default_rng(1), exposures=exposures)
    small = model(data, kernel)
    monkeypatch.setattr(collapse, "WORTH", -1.0)
    full = model(data, kernel)

    assert len(full.cells.frequency) == full.n_groups == data["person"].nunique()
    assert len(small.data.rows.frequency) == 9 * len(exposures)
    assert len(small.cells.frequency) < 0.6 * full.n_groups
    assert small.cells.frequency.sum() == full.n_groups
    for ours, theirs in zip(
        small.value_gradient_hessian(POINT), full.value_gradient_hessian(POINT), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-8)
    np.testing.assert_allclose(small.row_scores(POINT), full.row_scores(POINT), atol=1e-10)
    poisson = [each.data.fit_poisson() for each in (small, full)]
    np.testing.assert_allclose(poisson[0].point, poisson[1].point, atol=1e-9)
    np.testing.assert_allclose(small.start(poisson[0]), full.start(poisson[1]), atol=1e-9)


def test_rows_that_all_differ_are_left_alone():
    data = visits(200, np.random.default_rng(2), exposures=())
    grouped = model(data, gamma_effect)

    assert len(grouped.data.rows.frequency) == len(data)
    assert len(grouped.cells.frequency) == grouped.n_groups


@pytest.mark.parametrize("what", ["rows", "groups"])
def test_keys_that_collide_are_found_out(monkeypatch, what):
    # Different rows (or groups) with the same key must not become one.
    data = visits(300, np.random.default_rng(3))

    class Colliding:
        """Draws of which the first are all alike."""

        def __init__(self, seed):
            self.rng, self.calls = np.random.Generator(np.random.PCG64(seed)), 0

        def normal(self, size):
            return np.zeros(size) if what == "rows" else self.rng.normal(size=size)

        def integers(self, low, high, size, dtype):
            self.calls += 1
            drawn = self.rng.integers(low, high, size=size, dtype=dtype)
            return np.zeros_like(drawn) if what == "groups" and self.calls == 1 else drawn

    expected = model(data, gamma_effect).value_gradient_hessian(POINT)
    monkeypatch.setattr(collapse.np.random, "default_rng", Colliding)
    grouped = model(data, gamma_effect)

    assert len(grouped.cells.frequency) == grouped.n_groups
    for ours, theirs in zip(grouped.value_gradient_hessian(POINT), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-8)


@pytest.mark.parametrize("effect", ["gamma", "normal"])
def test_a_fit_does_not_depend_on_the_order_of_rows_or_on_collapsing(monkeypatch, effect):
    data = visits(300, np.random.default_rng(4))
    formula = "score ~ time + C(site)"
    fit = fit_random_effects_poisson(formula, data, group="person", effect=effect, robust=True)
    turned = fit_random_effects_poisson(
        formula, data[::-1], group="person", effect=effect, robust=True
    )
    monkeypatch.setattr(collapse, "WORTH", -1.0)
    full = fit_random_effects_poisson(formula, data, group="person", effect=effect, robust=True)

    for other in (turned, full):
        np.testing.assert_allclose(fit.params, other.params, atol=1e-9)
        np.testing.assert_allclose(fit.full_covariance, other.full_covariance, atol=1e-10)
        assert fit.llf == pytest.approx(other.llf, abs=1e-8)


def test_the_constant_of_large_counts_is_the_sum_of_log_factorials():
    # More events in a row than there are rows takes the other way to the constant.
    y = np.array([3.0, 500.0, 0.0])
    counts = likelihood.CountData(y, np.ones((3, 1)), np.zeros(3))
    expected = -sum(np.log(np.arange(1, v + 1)).sum() for v in y)
    assert counts.constant == pytest.approx(expected, rel=1e-12)
    few = likelihood.CountData(np.array([2.0, 1.0, 0.0]), np.ones((3, 1)), np.zeros(3))
    assert few.constant == pytest.approx(-np.log(2.0), rel=1e-12)
