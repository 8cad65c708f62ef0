"""Two raters, or more, of a score; two numbers of the same people: print, statsmodels, truth."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import pearsonr, rankdata, spearmanr
from statsmodels.api import OLS, add_constant

from datrial.models import (
    ModelDataError,
    ModelUsageError,
    correlation,
    intraclass_correlation,
    limits_of_agreement,
    weighted_kappa,
)

#: Bland and Altman (1986), Lancet 327, 307-310: peak flow of 17 people with two meters.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]

#: Shrout and Fleiss (1979), Psychological Bulletin 86, 420-428, table 2.
JUDGES = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)]


def test_bland_and_altmans_peak_flow():
    """Printed: difference -2.1 (-22.0 to 17.8), standard deviation 38.8."""
    found = limits_of_agreement(WRIGHT, MINI)
    assert [round(value, 1) for value in found.bias[:3]] == [-2.1, -22.0, 17.8]
    assert round(found.sd, 1) == 38.8
    assert found.lower.estimate == pytest.approx(-36 / 17 - 1.959964 * found.sd, abs=1e-4)
    assert found.within.count == 1
    assert found.n == 17
    # Their limits are 2 standard deviations, with the error sqrt(3 / n) s: 40.9 to 110.1 above.
    assert found.upper_approximate[1:3] == pytest.approx((40.9, 110.1), abs=2.5)
    # The exact interval leans outwards: the upper limit may be far up, not far down.
    upper = found.upper
    assert upper.ci_high - upper.estimate > 1.5 * (upper.estimate - upper.ci_low)


def test_the_slope_is_that_of_statsmodels():
    x, y = np.array(WRIGHT, dtype=float), np.array(MINI, dtype=float)
    peer = OLS(x - y, add_constant((x + y) / 2)).fit()
    found = limits_of_agreement(x, y).proportional_bias
    assert found[:3] == pytest.approx((peer.params[1], *peer.conf_int()[1]), abs=1e-10)


def test_scores_near_each_other():
    found = limits_of_agreement([5, 6, 7, 8, None], [5, 7, 5, 4, 3], points=2)
    assert (found.equal.count, found.within.count, found.n, found.n_left_out) == (1, 3, 4, 1)


def test_raters_who_differ_by_a_constant_have_no_interval_of_the_limits():
    found = limits_of_agreement([1.1, 2.2, 3.3, 4.4], [1.0, 2.1, 3.2, 4.3])
    assert found.sd == 0
    for effect in (found.bias, found.lower, found.upper_approximate, found.proportional_bias):
        assert math.isnan(effect.ci_low)
    assert found.bias.estimate == pytest.approx(0.1)
    assert "alike" in found.notes[0]


def test_what_has_no_limits_is_refused():
    with pytest.raises(ModelDataError, match="3 are needed"):
        limits_of_agreement([1, 2, None], [2, 3, 4])
    with pytest.raises(ModelUsageError, match="near"):
        limits_of_agreement([1, 2, 3], [2, 3, 4], points=-1)


def test_the_exact_limits_hold_the_true_limit_at_12():
    """600 draws: the standard error of a coverage is 0.009."""
    rng, held = np.random.default_rng(8), np.zeros(3)
    lower, upper = 0.5 - 1.959964 * 1.5, 0.5 + 1.959964 * 1.5
    for _ in range(600):
        first = rng.normal(5, 2, 12)
        found = limits_of_agreement(first + rng.normal(0.5, 1.5, 12), first)
        pairs = ((found.upper, upper), (found.lower, lower), (found.bias, 0.5))
        held += [each.ci_low <= true <= each.ci_high for each, true in pairs]
    assert held / 600 == pytest.approx(0.95, abs=0.028)


def test_shrout_and_fleiss_and_the_output_of_r_psych():
    found = intraclass_correlation(JUDGES)
    assert round(found.mean_square_cases, 2) == 11.24
    assert round(found.mean_square_raters, 2) == 32.49
    assert round(found.mean_square_error, 2) == 1.02
    assert found.agreement[:3] == pytest.approx((0.29, 0.019, 0.76), abs=5e-3)
    assert found.consistency[:3] == pytest.approx((0.71, 0.342, 0.95), abs=5.1e-3)
    assert (found.n, found.n_raters) == (6, 4)


def test_agreement_is_nearly_quadratic_weighted_kappa():
    """Fleiss and Cohen (1973): the same but for a term of order 1/n."""
    rng = np.random.default_rng(6)
    first = rng.integers(0, 11, 200)
    second = np.clip(first + rng.integers(-2, 3, 200), 0, 10)
    table = np.zeros((11, 11), dtype=int)
    np.add.at(table, (first, second), 1)
    icc = intraclass_correlation(np.column_stack([first, second])).agreement
    assert icc.estimate == pytest.approx(weighted_kappa(table, weights="quadratic").kappa, abs=0.01)


def test_ratings_that_leave_nothing_to_judge_by():
    alike = intraclass_correlation([(5, 5), (5, 5), (5, 5)])
    assert math.isnan(alike.agreement.estimate)
    same = intraclass_correlation([(1, 1), (4, 4), (6, 6), (None, 3)])
    assert same.agreement.estimate == same.consistency.estimate == 1
    assert math.isnan(same.agreement.ci_low)
    assert same.n_left_out == 1
    shifted = intraclass_correlation([(1, 3), (4, 6), (6, 8)])
    assert shifted.consistency.estimate == 1 > shifted.agreement.estimate
    opposite = intraclass_correlation([(1, 5), (5, 1), (2, 4), (4, 2)])
    assert opposite.consistency.estimate == -1
    assert math.isnan(opposite.consistency.ci_low)
    assert math.isnan(opposite.agreement.ci_high)
    with pytest.raises(ModelDataError, match="three"):
        intraclass_correlation([(1, 2), (2, 3)])
    with pytest.raises(ModelUsageError, match="table"):
        intraclass_correlation([1, 2, 3])


def test_the_intraclass_correlation_is_found_again_at_16():
    """1,000 draws: the standard error of a coverage is 0.007. True: 4 / (4 + 1 + 1), 4 / 5."""
    rng, held, estimates = np.random.default_rng(9), np.zeros(2), []
    for _ in range(1000):
        ratings = rng.normal(5, 2, (16, 1)) + rng.normal(0, 1, (1, 4)) + rng.normal(0, 1, (16, 4))
        found = intraclass_correlation(ratings)
        estimates.append(found.consistency.estimate)
        held += [
            found.agreement.ci_low <= 4 / 6 <= found.agreement.ci_high,
            found.consistency.ci_low <= 4 / 5 <= found.consistency.ci_high,
        ]
    assert held / 1000 == pytest.approx(0.95, abs=0.025)
    assert np.mean(estimates) == pytest.approx(0.8, abs=0.02)


#: R's cor.test: lightness of nine lots of tuna and a panel's score (Hollander and Wolfe 1973).
TUNA = (
    [44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7, 45.2, 60.1],
    [2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2, 2.8, 3.8],
)


def test_rs_correlations_of_tuna():
    pearson, spearman = correlation(*TUNA), correlation(*TUNA, method="spearman")
    shown = (pearson.estimate, pearson.ci_low, pearson.ci_high)
    assert shown == pytest.approx((0.5711816, -0.1497426, 0.8955795), abs=5.1e-8)
    assert pearson.p_t == pytest.approx(0.1082, abs=5.1e-5)
    assert spearman.estimate == pytest.approx(0.6)
    assert spearman.p_value == pytest.approx(0.0968, abs=5.1e-5)


def test_r_statpsychs_spearman_interval():
    y = [21, 4, 9, 12, 35, 18, 10, 22, 24, 1, 6, 8, 13, 16, 19]
    x = [67, 28, 30, 28, 52, 40, 25, 37, 44, 10, 14, 20, 28, 40, 51]
    found = correlation(y, x, method="spearman")
    shown = (found.estimate, found.ci_low, found.ci_high)
    assert shown == pytest.approx((0.8699639, 0.5840951, 0.9638297), abs=5.1e-8)


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_the_test_tries_every_order(method):
    """Two-sided is at least as far from 0 either way: scipy doubles the smaller tail instead."""
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 6, 7), rng.integers(0, 6, 7)
    found = correlation(x, y, method=method)
    peer = (pearsonr if method == "pearson" else spearmanr)(x, y)
    assert found.estimate == pytest.approx(peer.statistic)
    assert found.p_t == pytest.approx(peer.pvalue)
    if method == "spearman":
        x, y = rankdata(x), rankdata(y)
    tried = [abs(np.corrcoef(order, y)[0, 1]) for order in permutations(x)]
    assert found.p_value == pytest.approx(np.mean(np.array(tried) >= abs(peer.statistic) - 1e-9))


def test_drawn_orders_are_near_the_t_test_and_the_same_each_time():
    rng = np.random.default_rng(2)
    x = rng.normal(size=24)
    y = 0.4 * x + rng.normal(size=24)
    found = correlation(x, y)
    assert found.p_value == pytest.approx(found.p_t, abs=0.01)
    assert found == correlation(x, y)


def test_correlations_without_an_interval():
    line = correlation([1, 2, 3, 4, 5], [2, 4, 6, 8, 10])
    assert (line.estimate, line.p_t) == (1, 0)
    assert math.isnan(line.ci_low)
    assert line.p_value == pytest.approx(2 / 120)
    few = correlation([1, 2, 3], [2, 1, 3])
    assert math.isnan(few.ci_low)
    assert "No interval" in few.notes[0]
    flat = correlation([1, 2, 3, 4], [5, 5, 5, 5])
    assert math.isnan(flat.estimate)
    assert "nothing to correlate" in flat.notes[0]
    with pytest.raises(ModelUsageError, match="pearson or spearman"):
        correlation([1, 2], [2, 3], method="kendall")


@pytest.mark.long
@pytest.mark.parametrize("method", ["pearson", "spearman"])
@pytest.mark.parametrize("n", [10, 20])
def test_the_correlation_is_found_again(method, n, monkeypatch):
    """3,000 draws at a true 0.6: the standard error of the coverage is 0.004."""
    monkeypatch.setattr("datrial.models.correlations.DRAWS", 19)
    rng, held = np.random.default_rng(n), 0
    true = 0.6 if method == "pearson" else 6 / np.pi * np.arcsin(0.3)
    for _ in range(3000):
        x = rng.normal(size=n)
        found = correlation(x, 0.6 * x + 0.8 * rng.normal(size=n), method=method)
        held += found.ci_low <= true <= found.ci_high
    assert held / 3000 == pytest.approx(0.95, abs=0.02)
