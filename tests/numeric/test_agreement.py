"""Weighted kappa against print, against statsmodels, and from simulated truth."""

from __future__ import annotations

import numpy as np
import pytest

from datrial.errors import DataError, UsageError
from datrial.models import weighted_kappa

#: SAS/STAT, PROC FREQ, Getting Started, "Agreement Study": two dermatologists, 88 patients.
SKIN = [[10, 4, 1, 0], [5, 10, 12, 2], [2, 4, 12, 5], [0, 2, 6, 13]]


def test_the_published_example_of_sas() -> None:
    """Printed with four decimals: simple kappa 0.3449 (0.0724), weighted 0.5082 (0.0655)."""
    simple, weighted = weighted_kappa(SKIN, weights="none"), weighted_kappa(SKIN)
    assert (simple.kappa, simple.bse) == pytest.approx((0.3449, 0.0724), abs=5e-5)
    assert (weighted.kappa, weighted.bse) == pytest.approx((0.5082, 0.0655), abs=5e-5)
    assert weighted.n == 88


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
@pytest.mark.parametrize("seed", range(6))
def test_statsmodels_agrees(weights: str, seed: int) -> None:
    """The same formula programmed by others: equal but for rounding."""
    from statsmodels.stats.inter_rater import cohens_kappa

    rng = np.random.default_rng(seed)
    table = rng.integers(0, 12, size=(4, 4)) + np.diag(rng.integers(0, 20, size=4))
    theirs = cohens_kappa(table, wt=None if weights == "none" else weights)
    ours = weighted_kappa(table, weights=weights)  # type: ignore[arg-type]
    assert ours.kappa == pytest.approx(theirs.kappa, abs=1e-12)
    assert ours.bse == pytest.approx(theirs.std_kappa, abs=1e-12)


def test_a_level_that_nobody_chose_keeps_its_distance() -> None:
    """Without the empty level in between the two would be next to each other."""
    apart = weighted_kappa([[6, 2, 0], [0, 0, 0], [1, 0, 3]])
    together = weighted_kappa([[6, 0], [1, 3]])
    assert apart.n == 12
    assert apart.observed == pytest.approx((9 + 2 * 0.5) / 12)
    assert together.observed == pytest.approx(9 / 10)


def test_full_agreement_and_chance() -> None:
    full = weighted_kappa([[5, 0], [0, 7]])
    assert (full.kappa, full.conf_int()) == (1, None)
    chance = weighted_kappa([[20, 20], [20, 20]])
    assert chance.kappa == pytest.approx(0)
    low, high = chance.conf_int() or (0, 0)
    assert -1 < low < 0 < high < 1


def test_the_interval_stays_within_minus_one_and_one() -> None:
    low, high = weighted_kappa([[30, 1], [0, 3]]).conf_int() or (-2, 2)
    assert -1 < low < weighted_kappa([[30, 1], [0, 3]]).kappa < high < 1


@pytest.mark.parametrize(
    ("table", "error"),
    [
        ([[1, 2, 3], [1, 2, 3]], UsageError),
        ([[1]], UsageError),
        ([[1.5, 1], [1, 1]], UsageError),
        ([[-1, 1], [1, 1]], UsageError),
        ([["a", "b"], ["c", "d"]], UsageError),
        ([[0, 0], [0, 0]], DataError),
        ([[9, 0], [0, 0]], DataError),
    ],
)
def test_what_has_no_kappa_is_said(table: list[list[float]], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"agreement|kappa|rated by both"):
        weighted_kappa(table)


def test_unknown_weights_are_an_error() -> None:
    with pytest.raises(UsageError, match="there are none, linear, quadratic"):
        weighted_kappa(SKIN, weights="cubic")  # type: ignore[arg-type]


def _coverage(repeats: int, n: int) -> tuple[float, float]:
    """Return the mean error of kappa and the share of intervals that hold the truth."""
    rng = np.random.default_rng(20161101)
    # The true table: a common level with shared errors, and answers at random.
    level = np.array([0.4, 0.2, 0.2, 0.2])
    truth = 0.55 * np.diag(level) + 0.45 * np.outer(level, level[::-1])
    kappa = weighted_kappa(np.round(truth * 1e12)).kappa
    errors, held = [], 0
    for _ in range(repeats):
        drawn = weighted_kappa(rng.multinomial(n, truth.ravel() / truth.sum()).reshape(4, 4))
        low, high = drawn.conf_int() or (2.0, -2.0)
        errors.append(drawn.kappa - kappa)
        held += low <= kappa <= high
    return float(np.mean(errors)), held / repeats


def test_kappa_is_found_again() -> None:
    """600 draws: the standard error of the coverage is 0.009; n = 180 as in the study."""
    bias, coverage = _coverage(600, 180)
    assert abs(bias) < 0.01
    assert coverage == pytest.approx(0.95, abs=0.03)


@pytest.mark.long
@pytest.mark.parametrize("n", [60, 180, 1000])
def test_kappa_is_found_again_often(n: int) -> None:
    """6,000 draws: the standard error of the coverage is 0.003."""
    bias, coverage = _coverage(6000, n)
    assert abs(bias) < 0.008
    assert coverage == pytest.approx(0.95, abs=0.015)
