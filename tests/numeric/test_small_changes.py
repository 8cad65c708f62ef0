"""Changes of a score between two readings: print, scipy, and what is found again from truth."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import PermutationMethod, permutation_test, ttest_rel, wilcoxon

from datrial.models import (
    ModelDataError,
    ModelUsageError,
    paired_change,
    regression_to_the_mean,
)
from datrial.models.paired.sign_flips import sign_flip_interval, sign_flip_p
from datrial.models.paired.signed_ranks import hodges_lehmann, signed_rank_p
from datrial.verification.published_data import MAIZE, SLEEP

#: Hollander and Wolfe (1973), table 3.1: depression scores of nine patients at two visits.
FIRST = (1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30)
SECOND = (0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29)


def test_students_sleep_as_r_prints_it():
    found = paired_change(*SLEEP)
    assert (found.t, found.p_t) == pytest.approx((4.0621, 0.002833), rel=2e-5, abs=5e-7)
    assert found.mean[:3] == pytest.approx((1.58, 0.7001142, 2.4598858), abs=5e-8)
    peer = ttest_rel(SLEEP[1], SLEEP[0])
    assert (found.t, found.p_t) == pytest.approx((peer.statistic, peer.pvalue), rel=1e-10)
    assert (found.improved.count, found.unchanged.count, found.worse.count) == (9, 1, 0)
    assert (found.least, found.greatest) == pytest.approx((0.0, 4.6))
    assert found.n == 10


def test_hollander_and_wolfes_depression_scores():
    found = paired_change(FIRST, SECOND, better="lower")
    assert found.median[:3] == pytest.approx((-0.46, -0.786, -0.010))
    assert "96.1%" in found.median.method
    assert found.p_signed_rank == pytest.approx(2 * 0.01953, abs=1e-5)
    assert (found.improved.count, found.worse.count) == (7, 2)


def test_fishers_count_of_darwins_maize():
    found = paired_change([0] * 15, MAIZE)
    assert found.p_value * 2**15 == pytest.approx(1726)
    assert found.mean.estimate == pytest.approx(314 / 15)


@pytest.mark.parametrize("seed", range(4))
def test_scipy_counts_the_same_with_ties_and_zeros(seed):
    rng = np.random.default_rng(seed)
    changes = rng.integers(-3, 6, size=int(rng.integers(4, 11))).astype(float)
    if not changes.any():
        changes[0] = 1
    # zsplit gives the zeros' ranks to both sides: the same spread of sums as Pratt's.
    exact = PermutationMethod(n_resamples=np.inf)
    peer = wilcoxon(changes, zero_method="zsplit", method=exact)
    assert signed_rank_p(changes) == pytest.approx(peer.pvalue, abs=1e-9)
    flips = permutation_test(
        (changes,), np.sum, permutation_type="samples", n_resamples=np.inf, vectorized=False
    )
    assert sign_flip_p(changes) == pytest.approx(flips.pvalue, abs=1e-9)


@pytest.mark.parametrize("n", [6, 7, 12, 20])
def test_without_ties_the_signed_ranks_are_wilcoxons(n):
    changes = np.random.default_rng(n).normal(0.5, 1, n)
    assert signed_rank_p(changes) == pytest.approx(wilcoxon(changes, method="exact").pvalue)


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_interval_of_the_signed_ranks_holds_what_their_test_does_not_reject(level):
    changes = np.random.default_rng(5).normal(1, 2, 11)
    found = hodges_lehmann(changes, level)
    for limit, inside in ((found.ci_low, 1), (found.ci_high, -1)):
        assert signed_rank_p(changes - limit - inside * 1e-7) > 1 - level
        assert signed_rank_p(changes - limit + inside * 1e-7) <= 1 - level


@pytest.mark.parametrize("n", [6, 11, 16])
def test_the_interval_of_the_sign_flips_holds_what_their_test_does_not_reject(n):
    changes = np.random.default_rng(n).normal(1, 2, n)
    found = sign_flip_interval(changes, 0.95)
    for limit, inside in ((found.ci_low, 1), (found.ci_high, -1)):
        assert sign_flip_p(changes - limit - inside * 1e-6) > 0.05
        assert sign_flip_p(changes - limit + inside * 1e-6) <= 0.05


@pytest.mark.parametrize("seed", range(5))
def test_the_limits_of_the_sign_flips_are_means_of_changes_to_the_last_digit(seed):
    """Hartigan: of the 255 means of subsets, in order; one just beyond would leave itself out."""
    changes = np.random.default_rng(seed).choice([-1, 0, 0, 1, 1, 1, 2, 2, 3], 8).astype(float)
    subsets = np.array([[n >> k & 1 for k in range(8)] for n in range(1, 256)])
    means = np.sort(subsets @ changes / subsets.sum(axis=1))
    # 256 patterns: at most 6 of them in a tail of 0.025, the one without a flip among them.
    found = sign_flip_interval(changes, 0.95)
    assert (found.ci_low, found.ci_high) == pytest.approx((means[5], means[-6]), abs=1e-8)
    for limit in (found.ci_low, found.ci_high):
        assert limit == round(limit) or abs(limit - round(limit)) > 1e-3


def test_more_than_thirty_people_have_drawn_signs_that_are_near_the_t_test():
    changes = np.random.default_rng(3).normal(0.25, 1, 60)
    p = sign_flip_p(changes)
    assert p == sign_flip_p(changes)  # the same draws
    found = paired_change(np.zeros(60), changes)
    assert p == pytest.approx(found.p_t, abs=0.01)
    assert math.isnan(found.mean_sign_flip.ci_low)


def test_the_ratio_of_means_of_r_statpsych():
    y1 = [3.3, 3.6, 3.0, 3.1, 3.9, 4.2, 3.5, 3.3]
    y2 = [3.0, 3.1, 2.7, 2.6, 3.2, 3.8, 3.2, 3.0]
    found = paired_change(y2, y1).ratio_of_means
    assert found[:3] == pytest.approx((1.134146, 1.09417, 1.175583), abs=5.1e-6)
    below = paired_change([-1, 2, 3, 4], [1, 2, 3, 5]).ratio_of_means
    assert math.isnan(below.estimate)  # a scale with numbers below zero has no ratio


def test_percent_changes_are_of_each_persons_first_reading():
    found = paired_change([1.0, 2.0, 0.0, 4.0], [2.0, 2.5, 3.0, 3.0]).percent
    assert found == (3, pytest.approx(100 / 3), -25.0, 100.0)


def test_equal_changes_are_equal_whatever_the_binary_fractions():
    found = paired_change([3.3, 2.1, 1.2, 4.4, 0.7, 2.2], [3.4, 2.2, 1.3, 4.5, 0.8, 2.3])
    assert found.sd == 0
    assert math.isnan(found.mean.ci_low)
    assert math.isnan(found.p_t)
    assert found.p_value == 2 / 64
    assert "same" in found.notes[0]


def test_the_least_change_that_counts():
    first, last = [5, 5, 5, 5, 5, 5], [5.5, 6, 7, 4.5, 4, 5]
    found = paired_change(first, last, at_least=1)
    assert (found.improved.count, found.unchanged.count, found.worse.count) == (2, 3, 1)
    lower = paired_change(first, last, at_least=1, better="lower")
    assert (lower.improved.count, lower.worse.count) == (1, 2)
    assert lower.mean == found.mean


@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_people_have_estimates_and_are_told_what_is_missing(n):
    found = paired_change([1.0, 2.0, 3.0, 1.0, 2.0][:n], [2.0, 5.0, 3.0, 4.0, 1.0][:n])
    assert found.n == n
    assert math.isfinite(found.mean.estimate)
    assert math.isnan(found.median.ci_low)
    assert math.isnan(found.mean_sign_flip.ci_low)
    assert math.isnan(found.mean.ci_low) == (n == 1)
    assert found.notes


def test_nothing_changed():
    found = paired_change([4, 5, 6, 7, 8, 9], [4, 5, 6, 7, 8, 9])
    assert (found.p_value, found.p_signed_rank, found.mean.estimate) == (1, 1, 0)
    assert found.unchanged.count == 6
    assert found.notes == ("Nobody's score changed.",)


@pytest.mark.parametrize(
    ("first", "last", "options", "error"),
    [
        ([1, 2], [1], {}, ModelUsageError),
        (["a", "b"], [1, 2], {}, ModelUsageError),
        ([1, 2], [1, math.inf], {}, ModelDataError),
        ([None, 1], [1, None], {}, ModelDataError),
        ([], [], {}, ModelDataError),
        ([1, 2], [1, 2], {"better": "up"}, ModelUsageError),
        ([1, 2], [1, 2], {"at_least": -1}, ModelUsageError),
        ([1, 2], [1, 2], {"level": 95}, ModelUsageError),
        (pd.Series([1, 2]), pd.Series([1, 2], index=[1, 0]), {}, ModelUsageError),
    ],
)
def test_what_cannot_be_compared_is_refused_without_a_value(first, last, options, error):
    with pytest.raises(error) as raised:
        paired_change(first, last, **options)
    assert "inf" not in str(raised.value).split()


def test_incomplete_pairs_are_left_out_and_counted():
    found = paired_change(pd.Series([1, None, 3, 4]), pd.Series([2, 3, None, 6]))
    assert (found.n, found.n_left_out) == (2, 2)


def test_no_ones_change_is_in_what_a_result_prints():
    shown = repr(paired_change([1.0] * 8, [2, 3, 4, 5, 6, 7, 8, 87654.0]))
    assert "87653" not in shown


def _coverage(draw, truth, repeats, n, seed):
    rng, held = np.random.default_rng(seed), np.zeros(3)
    for _ in range(repeats):
        changes = draw(rng, n)
        found = paired_change(np.zeros(n), changes)
        intervals = (found.mean, found.median, found.mean_sign_flip)
        held += [each.ci_low <= truth <= each.ci_high for each in intervals]
    return held / repeats


def _normal(rng, n):
    return rng.normal(1, 2, n)


def _points(rng, n):
    """Whole points with many ties and zeros, symmetric about 1."""
    return rng.choice([-1, 0, 0, 1, 1, 1, 2, 2, 3], n).astype(float)


@pytest.mark.parametrize("draw", [_normal, _points])
def test_the_mean_change_is_found_again_at_12(draw):
    """400 draws: the standard error of a coverage is 0.011."""
    held = _coverage(draw, 1.0, 400, 12, 11)
    assert (held >= 0.93).all()
    assert held[0] < 0.985


@pytest.mark.long
@pytest.mark.parametrize("n", [10, 16])
@pytest.mark.parametrize("draw", [_normal, _points])
def test_the_mean_change_is_found_again_often(n, draw):
    """1,500 draws: the standard error of a coverage is 0.0056."""
    student, ranks, flips = _coverage(draw, 1.0, 1500, n, 7)
    assert student == pytest.approx(0.95, abs=0.02)
    assert 0.935 <= ranks <= 0.999
    assert 0.935 <= flips <= 0.99


def _readings(rng, n, effect):
    """People picked for a low first reading: truth N(5, 2), errors N(0, 1), reliability 0.8."""
    true = rng.normal(5, 2, 40 * n)
    first = true + rng.normal(0, 1, len(true))
    low = np.flatnonzero(first < 4)[:n]
    return first[low], true[low] + effect + rng.normal(0, 1, n)


def test_regression_to_the_mean_is_taken_out_and_only_that():
    """Picked low: with no effect they rise all the same. 1,500 draws of 20 people."""
    rng, rose, beyond, held = np.random.default_rng(2), [], [], []
    for _ in range(1500):
        found = regression_to_the_mean(
            *_readings(rng, 20, 0.0), reliability=0.8, population_mean=5.0
        )
        rose.append(found.observed.estimate)
        beyond.append(found.beyond.estimate)
        held.append(found.beyond.ci_low <= 0 <= found.beyond.ci_high)
    assert np.mean(rose) > 0.4
    assert np.mean(beyond) == pytest.approx(0, abs=0.03)
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)


def test_blomqvists_slope_is_found_again_and_the_naive_correlation_is_not_zero():
    rng, slopes, naive, oldham = np.random.default_rng(4), [], [], []
    for _ in range(1000):
        true = rng.normal(5, 2, 30)
        first, last = true + rng.normal(0, 1, 30), true + rng.normal(0, 1, 30)
        found = regression_to_the_mean(first, last, reliability=0.8)
        slopes.append(found.blomqvist.estimate)
        naive.append(found.naive.estimate)
        oldham.append(found.oldham.estimate)
    assert np.mean(slopes) == pytest.approx(0, abs=0.02)
    assert np.mean(naive) < -0.25
    assert np.mean(oldham) == pytest.approx(0, abs=0.02)


def test_regression_to_the_mean_says_what_it_takes_for_granted():
    found = regression_to_the_mean([1, 2, 3, 4], [2, 2, 4, 4], reliability=1)
    assert (found.expected, found.beyond) == (None, None)
    assert any("taken as known" in note for note in found.notes)
    assert any("No population mean" in note for note in found.notes)
    for bad in (0, 1.2, math.nan):
        with pytest.raises(ModelUsageError, match="reliability"):
            regression_to_the_mean([1, 2, 3, 4], [2, 2, 4, 4], reliability=bad)
    with pytest.raises(ModelDataError, match="alike"):
        regression_to_the_mean([1, 1, 1, 1], [2, 2, 4, 4], reliability=0.8)
    with pytest.raises(ModelDataError, match="3 of 3"):
        regression_to_the_mean([1, 2, 3], [2, 2, 4], reliability=0.8)
