"""Trends over a few months, and medians of a few waiting times: print, statsmodels, truth."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest, multinomial, quantile_test
from statsmodels.api import GLM, OLS, add_constant, families

from datrial.models import (
    ModelDataError,
    ModelUsageError,
    count_trend,
    kaplan_meier,
    linear_trend,
    median_interval,
)
from datrial.models.count_trends_exact import MOST_STATES

#: Wood (2006), Generalized Additive Models, section 2.3: AIDS cases in Belgium, 1981 to 1993.
AIDS = [12, 14, 33, 50, 67, 74, 123, 141, 165, 204, 253, 246, 240]
DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30]
MONTHS = [16, 18, 20, 17, 15, 14, 22, 24, 21]


def test_woods_published_trend():
    found = count_trend(AIDS, times=range(1, 14))
    assert found.params == pytest.approx((3.140590, 0.202121), abs=5.1e-7)
    poisson = [error / math.sqrt(found.dispersion) for error in found.bse]
    assert poisson == pytest.approx((0.078247, 0.007771), abs=5.1e-7)
    assert found.p_dispersion < 1e-9
    assert any("too sure" in note for note in found.notes)


@pytest.mark.parametrize("seed", range(4))
def test_statsmodels_fits_the_same_quasi_poisson(seed):
    rng = np.random.default_rng(seed)
    counts = rng.negative_binomial(4, 0.2, 9)
    found = count_trend(counts, exposure=DAYS)
    x = add_constant(np.arange(9.0))
    peer = GLM(counts, x, family=families.Poisson(), offset=np.log(DAYS)).fit(scale="X2", tol=1e-12)
    assert found.params == pytest.approx(peer.params, abs=1e-8)
    assert found.dispersion == pytest.approx(peer.pearson_chi2 / 7, rel=1e-7)
    if found.dispersion > 1:
        assert found.bse == pytest.approx(peer.bse, rel=1e-7)
    assert found.line["fitted"].to_numpy() == pytest.approx(peer.fittedvalues, rel=1e-8)
    assert found.line["fitted"].sum() == pytest.approx(counts.sum())


def test_counts_that_vary_less_than_poisson_counts_get_no_smaller_error():
    found = count_trend(MONTHS)
    assert found.dispersion < 1
    x = add_constant(np.arange(9.0))
    peer = GLM(MONTHS, x, family=families.Poisson()).fit(tol=1e-12)
    assert found.bse == pytest.approx(peer.bse, rel=1e-7)


def test_the_exact_test_is_every_way_that_the_events_can_fall():
    counts, days = np.array([0, 1, 3, 2]), np.array([31, 28, 31, 30])
    ways = np.array([way for way in product(range(7), repeat=4) if sum(way) == 6])
    sums, observed = ways @ np.arange(4), counts @ np.arange(4)
    exact = count_trend(counts, exposure=days).exact
    law = multinomial(6, days / 120).pmf(ways)
    upper = law[sums >= observed].sum()
    assert exact.p_value == pytest.approx(2 * upper, abs=1e-12)
    assert exact.p_mid == pytest.approx(2 * upper - law[sums == observed].sum(), abs=1e-12)
    for ratio, side in ((exact.ci_low, 1), (exact.ci_high, -1)):
        tilted = days * ratio ** np.arange(4)
        law = multinomial(6, tilted / tilted.sum()).pmf(ways)
        assert law[side * sums >= side * observed].sum() == pytest.approx(0.025, abs=1e-9)


def test_two_ends_are_a_binomial_test():
    """Events in the first and the last of three months only: a share of a known total."""
    exact = count_trend([3, 0, 11], exposure=[30, 1e-9, 30]).exact
    test = binomtest(11, 14)
    assert exact.p_value == pytest.approx(test.pvalue, abs=1e-6)
    low, high = test.proportion_ci(0.95)
    assert exact.ci_low**2 == pytest.approx(low / (1 - low), rel=1e-5)
    assert exact.ci_high**2 == pytest.approx(high / (1 - high), rel=1e-5)


def test_every_event_in_the_last_month():
    found = count_trend([0, 0, 0, 0, 0, 0, 0, 0, 6])
    assert math.isnan(found.rate_ratio.estimate)
    assert found.exact.p_value == pytest.approx(2 / 9**6)
    assert found.exact.ci_high == math.inf
    assert found.exact.ci_low > 1
    first = count_trend([6, 0, 0, 0, 0])
    assert (first.exact.ci_low, first.exact.ci_high < 1) == (0, True)


def test_times_and_missing_months_keep_their_place():
    whole = count_trend([4, 6, 5, 9], times=[0, 1, 3, 4], exposure=[30, 31, 28, 31])
    gap = count_trend([4, 6, None, 5, 9], exposure=[30, 31, 31, 28, 31])
    assert gap.rate_ratio == whole.rate_ratio
    assert gap.exact == whole.exact
    assert (gap.n_left_out, gap.n, gap.total) == (1, 4, 24)
    mixed = count_trend([9, 4, 5, 6], times=[4, 0, 3, 1], exposure=[31, 30, 28, 31])
    assert mixed.rate_ratio == whole.rate_ratio
    uneven = count_trend([4, 6, 5, 9], times=[0, 1, 2.7, 4])
    assert uneven.exact is None
    many = count_trend([MOST_STATES] * 3)
    assert many.exact is None
    assert many.rate_ratio.estimate == pytest.approx(1)


def test_half_months_are_a_root_of_the_ratio():
    whole, half = count_trend(MONTHS), count_trend(MONTHS, times=np.arange(9) / 2)
    assert half.rate_ratio[:3] == pytest.approx(np.square(whole.rate_ratio[:3]))
    assert half.exact.ci_low == pytest.approx(whole.exact.ci_low**2)
    assert half.exact.p_value == pytest.approx(whole.exact.p_value)


@pytest.mark.parametrize(
    ("counts", "options", "error"),
    [
        ([0, 0, 0], {}, ModelDataError),
        ([1, 2], {}, ModelDataError),
        ([1.5, 2, 3], {}, ModelUsageError),
        ([-1, 2, 3], {}, ModelUsageError),
        ([1, 2, 3], {"exposure": [1, 2]}, ModelUsageError),
        ([1, 2, 3], {"exposure": [1, 0, 2]}, ModelDataError),
        ([1, 2, 3], {"times": [1, 2]}, ModelUsageError),
        ([1, 2, 3], {"times": [1, None, 2]}, ModelUsageError),
        ([1, 2, 3], {"times": [1, 1, 1]}, ModelDataError),
    ],
)
def test_what_has_no_trend_is_refused(counts, options, error):
    with pytest.raises(error):
        count_trend(counts, **options)


def _trend_coverage(draw, repeats, seed):
    """Share of intervals that hold a true ratio of 1.05 over nine months of about 14 events."""
    rng, held = np.random.default_rng(seed), np.zeros(2)
    means = 12 * 1.05 ** np.arange(9)
    for _ in range(repeats):
        found = count_trend(draw(rng, means))
        exact = found.exact
        held += [
            found.rate_ratio.ci_low <= 1.05 <= found.rate_ratio.ci_high,
            exact is not None and exact.ci_low <= 1.05 <= exact.ci_high,
        ]
    return held / repeats


def _poisson(rng, means):
    return rng.poisson(means)


def _overdispersed(rng, means):
    """Three times as variable as Poisson counts."""
    return rng.negative_binomial(means / 2, 1 / 3)


def test_the_trend_is_found_again_over_nine_months():
    """400 draws: the standard error of a coverage is 0.011."""
    quasi, exact = _trend_coverage(_poisson, 400, 1)
    assert quasi >= 0.94
    assert exact >= 0.93
    quasi, exact = _trend_coverage(_overdispersed, 400, 2)
    assert quasi >= 0.91
    assert exact < 0.85  # what its note warns of


@pytest.mark.long
def test_the_trend_is_found_again_often():
    """1,500 draws: the standard error of a coverage is 0.0056."""
    quasi, exact = _trend_coverage(_poisson, 1500, 3)
    assert 0.945 <= quasi <= 0.99
    assert 0.94 <= exact <= 0.98
    quasi, _ = _trend_coverage(_overdispersed, 1500, 4)
    assert quasi >= 0.92


def test_the_line_is_that_of_statsmodels_and_of_the_report():
    """The Family Solutions Plus report's "from 16 to 21 per month" is such a line's two ends."""
    found = linear_trend(MONTHS)
    assert (round(found.start.estimate), round(found.end.estimate)) == (16, 21)
    peer = OLS(MONTHS, add_constant(np.arange(9.0))).fit()
    assert found.slope[:3] == pytest.approx((peer.params[1], *peer.conf_int()[1]))
    assert found.p_value == pytest.approx(peer.pvalues[1])
    frame = peer.get_prediction().summary_frame()
    for ours, theirs in (
        ("fitted", "mean"), ("ci_low", "mean_ci_lower"), ("prediction_high", "obs_ci_upper"),
    ):  # fmt: skip
        assert found.line[ours].to_numpy() == pytest.approx(frame[theirs].to_numpy())
    assert found.df == 7
    assert found.slope.ci_low < 0 < found.slope.ci_high  # nine months cannot tell


def test_a_missing_month_keeps_its_place_and_a_straight_line_has_no_error():
    gap, whole = linear_trend([1, None, 4, 3]), linear_trend([1, 4, 3], times=[0, 2, 3])
    assert gap.slope == whole.slope
    assert gap.n_left_out == 1
    straight = linear_trend([0.1, 0.2, 0.3, 0.4])
    assert straight.slope.estimate == pytest.approx(0.1)
    assert math.isnan(straight.slope.ci_low)
    assert math.isnan(straight.p_value)
    assert "straight line" in straight.notes[0]
    flat = linear_trend([3, 3, 3, 3])
    assert (flat.slope.estimate, math.isnan(flat.slope.ci_low)) == (0, True)
    with pytest.raises(ModelDataError, match="2 figures"):
        linear_trend([1, 2])


def test_the_line_and_a_new_month_are_covered():
    """1,500 draws of nine months: the standard error of a coverage is 0.006."""
    rng, held = np.random.default_rng(5), np.zeros(3)
    for _ in range(1500):
        means = 16 + 0.6 * np.arange(9)
        found = linear_trend(rng.normal(means, 3))
        row = found.line.iloc[-1]
        new = rng.normal(means[-1], 3)
        held += [
            found.slope.ci_low <= 0.6 <= found.slope.ci_high,
            row["ci_low"] <= means[-1] <= row["ci_high"],
            row["prediction_low"] <= new <= row["prediction_high"],
        ]
    assert held / 1500 == pytest.approx(0.95, abs=0.022)


@pytest.mark.parametrize("n", [6, 7, 15, 16, 29, 30])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_scipys_interval_of_a_median(n, level):
    values = np.random.default_rng(n).exponential(30, n)
    found = median_interval(values, level=level)
    peer = quantile_test(values, q=0, p=0.5).confidence_interval(level)
    assert found.median[1:3] == pytest.approx((peer.low, peer.high))
    assert level <= found.achieved_level < 1
    assert found.median.estimate == pytest.approx(np.median(values))


def test_few_values_have_a_median_without_an_interval():
    found = median_interval([3, None, 1, 2, 8, 9])
    assert (found.median.estimate, found.n, found.n_left_out) == (3, 5, 1)
    assert math.isnan(found.median.ci_low)
    assert math.isnan(found.achieved_level)
    assert median_interval([1, 2, 3, 4, 5, 6]).median[1:3] == (1, 6)
    with pytest.raises(ModelDataError, match="no value"):
        median_interval([None, None])


def test_the_median_is_covered_whatever_the_shape():
    """2,000 draws of 12 skewed values: at least the level, by 0.005 of error."""
    rng, held = np.random.default_rng(6), 0
    for _ in range(2000):
        median = median_interval(rng.lognormal(3, 1, 12)).median
        held += median.ci_low <= math.exp(3) <= median.ci_high
    assert held / 2000 >= 0.94


def test_without_people_waiting_the_two_medians_are_one():
    values = np.random.default_rng(7).exponential(30, 15)
    curve = kaplan_meier(values, np.ones(15)).median()
    assert curve["time"].iloc[0] == pytest.approx(median_interval(values).median.estimate)


@pytest.mark.parametrize(("interval", "least"), [("log_log", 0.925), ("arcsine", 0.895)])
def test_the_median_wait_is_covered_with_people_still_waiting(interval, least):
    """500 draws of 16 people, a third of them still waiting; error 0.01. Log-log is the nearer."""
    rng, held, medians = np.random.default_rng(8), 0, []
    for _ in range(500):
        wait, until = rng.exponential(30, 16), rng.uniform(10, 120, 16)
        curve = kaplan_meier(np.minimum(wait, until), wait <= until, interval=interval)
        row = curve.median().iloc[0]
        low = 0.0 if math.isnan(row["ci_low"]) else row["ci_low"]
        high = math.inf if math.isnan(row["ci_high"]) else row["ci_high"]
        held += low <= 30 * math.log(2) <= high
        medians.append(row["time"])
    assert held / 500 >= least
    assert np.nanmedian(medians) == pytest.approx(30 * math.log(2), rel=0.1)
