"""Paired answers: McNemar's tests and intervals against print, other programs and simulation."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import binom, binomtest
from statsmodels.stats.contingency_tables import SquareTable
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from datrial.models import (
    ModelDataError,
    ModelUsageError,
    marginal_homogeneity,
    mcnemar,
    mcnemar_counts,
)
from datrial.models.two_arms.paired_intervals import newcombe_paired, tango_paired

Z = 1.959963984540054

#: Newcombe (1998), Statistics in Medicine 17, 2635-2650, Table III, method 10, four decimals:
#: pairs with both, the first only, the second only, neither; limits of the difference.
TABLE_III = [
    ((36, 12, 2, 0), (0.0569, 0.3404)),
    ((20, 12, 2, 16), (0.0562, 0.3292)),
    ((18, 12, 2, 18), (0.0562, 0.3290)),
    ((36, 14, 0, 0), (0.1528, 0.4167)),
    ((35, 14, 0, 1), (0.1461, 0.4175)),
    ((18, 14, 0, 18), (0.1441, 0.3963)),
    ((2, 97, 1, 0), (0.8721, 0.9854)),
    ((0, 29, 1, 0), (0.6666, 0.9882)),
    ((2, 98, 0, 0), (0.9178, 0.9945)),
    ((1, 98, 0, 1), (0.9171, 0.9916)),
    ((0, 30, 0, 0), (0.8395, 1.0000)),
    ((54, 0, 0, 0), (-0.0664, 0.0664)),
    ((53, 0, 0, 1), (-0.0729, 0.0729)),
    ((30, 0, 0, 24), (-0.0358, 0.0358)),
    ((27, 0, 0, 27), (-0.0351, 0.0351)),
]


@pytest.mark.parametrize(("cells", "limits"), TABLE_III)
def test_newcombes_published_intervals(cells, limits):
    # One row of the table is left out: for (1, 97, 1, 1) it prints .8736 where its own method 8,
    # which is then the same formula, is printed as .8737; ours is .87367.
    assert newcombe_paired(*cells, Z) == pytest.approx(limits, abs=5.1e-5)


def test_a_published_example_in_every_number():
    # Complete response before and after consolidation, Cavo and others (2012): 59 both, 6 lost,
    # 16 gained, 80 neither. Fagerland, Lydersen and Laake (2017), Statistical Analysis of
    # Contingency Tables, ch. 8, and its R package contingencytables: mid-p .034690, Newcombe
    # .0046 to .1186, Tango .0054 to .1240 (theirs is before minus after).
    found = mcnemar_counts(both=59, stopped=6, started=16, neither=80)

    assert found.p_mid == pytest.approx(0.034690, abs=5e-7)
    assert found.difference[:3] == pytest.approx((0.0621, 0.0046, 0.1186), abs=5.1e-5)
    assert found.difference_score[:3] == pytest.approx((0.0621, 0.0054, 0.1240), abs=5.1e-5)
    assert found.n_pairs == 161
    assert (found.share_before, found.share_after) == (65 / 161, 75 / 161)
    assert found.method == "exact"  # 22 changed


def test_agrestis_approval_ratings():
    # Agresti (2002), Categorical Data Analysis, 10.1: 794, 150, 86, 570; z^2 = 17.36, difference
    # -.04. Chang and others' example (7, 25, 2, 68): MOVER .133 to .318, Tango .139 to .321.
    found = mcnemar_counts(both=794, stopped=150, started=86, neither=570)
    assert found.statistic == pytest.approx(17.36, abs=0.005)
    assert found.method == "chi_square"
    assert found.p_value == found.p_chi_square
    assert found.difference.estimate == pytest.approx(-0.04)

    other = mcnemar_counts(both=7, stopped=2, started=25, neither=68)
    assert other.difference[1:3] == pytest.approx((0.133, 0.318), abs=6e-4)
    assert other.difference_score[1:3] == pytest.approx((0.139, 0.321), abs=6e-4)


@pytest.mark.parametrize(("stopped", "started"), [(10, 2), (3, 0), (150, 86), (7, 8), (5, 5)])
def test_p_values_are_those_of_statsmodels(stopped, started):
    # Independent program; rounding only. Edwards's correction of equal counts is nothing: R
    # says 0, statsmodels 1/n, so equal counts are left to R's rule.
    table = [[40, stopped], [started, 30]]
    found = mcnemar_counts(40, stopped, started, 30)
    exact = statsmodels_mcnemar(table, exact=True)
    plain = statsmodels_mcnemar(table, exact=False, correction=False)
    corrected = statsmodels_mcnemar(table, exact=False, correction=True)

    assert found.p_exact == pytest.approx(exact.pvalue, rel=1e-10)
    assert (found.statistic, found.p_chi_square) == pytest.approx((plain.statistic, plain.pvalue))
    if stopped != started:
        assert found.statistic_corrected == pytest.approx(corrected.statistic)
        assert found.p_corrected == pytest.approx(corrected.pvalue)
    else:
        assert (found.statistic_corrected, found.p_corrected) == (0, 1)


def test_the_mid_p_is_half_the_probability_of_what_was_seen_and_all_that_is_rarer():
    # Definition, summed by hand: 10 stopped and 2 started of 12.
    by_hand = 2 * (binom.pmf([0, 1], 12, 0.5).sum() + binom.pmf(2, 12, 0.5) / 2)
    assert mcnemar_counts(0, 10, 2, 0).p_mid == pytest.approx(by_hand, rel=1e-12)
    assert mcnemar_counts(0, 10, 2, 0).p_exact == pytest.approx(158 / 4096, rel=1e-12)


def test_the_odds_ratio_and_cohens_g_are_exact():
    # scipy's Clopper-Pearson interval of the share of changes that are starts; rounding only.
    found = mcnemar_counts(59, 6, 16, 80)
    limits = binomtest(16, 22).proportion_ci(method="exact")

    assert found.odds_ratio.estimate == pytest.approx(16 / 6)
    assert found.odds_ratio[1:3] == pytest.approx(
        (limits.low / (1 - limits.low), limits.high / (1 - limits.high)), rel=1e-8
    )
    assert found.cohens_g[:3] == pytest.approx(
        (16 / 22 - 0.5, limits.low - 0.5, limits.high - 0.5), rel=1e-8
    )
    assert mcnemar_counts(5, 0, 4, 3).odds_ratio.estimate == math.inf
    assert mcnemar_counts(5, 4, 0, 3).odds_ratio[:2] == (0.0, 0.0)


def test_tangos_interval_holds_what_a_score_test_does_not_reject():
    # The likelihood under a fixed difference is maximised numerically here. At a limit the
    # score statistic is 1.96; tolerance 1e-4: the maximiser stops within about 1e-6 of q.
    first, second, n = 16, 6, 161
    for limit in tango_paired(first, second, n, Z):

        def fall(q, d=limit):
            rest = 1 - 2 * q - d
            return -(
                first * np.log(q + d) + second * np.log(q) + (n - first - second) * np.log(rest)
            )

        bounds = (max(0.0, -limit) + 1e-9, (1 - limit) / 2 - 1e-9)
        q = minimize_scalar(fall, bounds=bounds, method="bounded", options={"xatol": 1e-10}).x
        score = (first - second - n * limit) / np.sqrt(n * (2 * q + limit * (1 - limit)))
        assert abs(score) == pytest.approx(Z, abs=1e-4)


def test_tangos_interval_says_what_the_chi_square_says():
    # Identity: at a difference of 0 the score test is McNemar's without a correction.
    for first in range(13):
        for second in range(13):
            if first + second:
                low, high = tango_paired(first, second, 30, Z)
                statistic = (first - second) ** 2 / (first + second)
                assert (low > 0 or high < 0) == (statistic > Z**2)
                mirrored = tango_paired(second, first, 30, Z)
                assert mirrored == pytest.approx((-high, -low), abs=1e-9)
                assert -1 <= low <= (first - second) / 30 <= high <= 1


def test_answers_are_read_and_missing_ones_left_out():
    before = pd.array([True, True, False, None, False, True], dtype="boolean")
    after = [1, 0, 1, 1, None, 1.0]

    found = mcnemar(before, after)

    assert (found.both, found.stopped, found.started, found.neither) == (2, 1, 1, 0)
    assert found.n_left_out == 2
    assert found == mcnemar_counts(2, 1, 1, 0, n_left_out=2)
    assert mcnemar(np.array([1.0, np.nan]), np.array([0, 1])).n_pairs == 1


def test_nobody_changed_is_said_without_a_fault():
    found = mcnemar_counts(5, 0, 0, 3)

    assert (found.p_value, found.p_mid, found.method) == (1, 1, "exact")
    assert math.isnan(found.p_chi_square)
    assert math.isnan(found.odds_ratio.estimate)
    assert found.odds_ratio[1:3] == (0, math.inf)
    assert found.difference.ci_low < 0 < found.difference.ci_high  # no false certainty


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mcnemar(["canary", 1], [0, 1]), ModelUsageError, "1 of the 2 answers before"),
        (lambda: mcnemar([1, 0], [2, 1]), ModelUsageError, "1 of the 2 answers after"),
        (lambda: mcnemar([1, 0], [1]), ModelUsageError, "one each for every person"),
        (lambda: mcnemar([None], [1]), ModelDataError, "No pair has both answers"),
        (lambda: mcnemar_counts(1, 2, -1, 0), ModelUsageError, "whole numbers from 0"),
        (lambda: mcnemar_counts(1, 2, 1.5, 0), ModelUsageError, "whole numbers from 0"),
        (lambda: mcnemar_counts(1, 2, 1, 0, level=1.5), ModelUsageError, "between 0 and 1"),
        (
            lambda: mcnemar(pd.Series([1, 0]), pd.Series([1, 0], index=[1, 0])),
            ModelUsageError,
            "different indexes",
        ),
    ],
)
def test_answers_that_cannot_be_paired(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert "canary" not in str(caught.value)


def _pairs(rng, n, draws, before, change_up, change_down):
    """Draw tables of both, stopped, started, neither."""
    chances = [before * (1 - change_down), before * change_down]
    chances += [(1 - before) * change_up, (1 - before) * (1 - change_up)]
    return rng.multinomial(n, chances, size=draws), chances[2] - chances[1]


@pytest.mark.parametrize("n", [40, 104])
def test_intervals_cover_the_true_difference(n):
    # 1,200 draws of pairs like the trial's (60% before, two thirds stop). Standard error of a
    # coverage of .95 is .0063; bound four of them. Newcombe's and Tango's are near nominal.
    tables, truth = _pairs(np.random.default_rng(6), n, 1200, 0.6, 0.1, 0.66)
    found = [mcnemar_counts(*(int(c) for c in table)) for table in tables]
    for name in ("difference", "difference_score"):
        effects = [getattr(test, name) for test in found]
        covered = np.mean([e.ci_low <= truth <= e.ci_high for e in effects])
        assert 0.925 < covered < 0.985
    bias = np.mean([test.difference.estimate for test in found]) - truth
    assert abs(bias) < 4 * np.sqrt(0.5 / n / 1200)


def test_the_size_of_the_exact_test():
    # Without a change the exact test rejects at most 5%, the mid-p test about 5%.
    tables, _ = _pairs(np.random.default_rng(7), 60, 1500, 0.5, 0.2, 0.2)
    found = [mcnemar_counts(*(int(c) for c in table)) for table in tables]
    assert np.mean([test.p_exact <= 0.05 for test in found]) <= 0.05 + 4 * 0.0057
    assert 0.02 < np.mean([test.p_mid <= 0.05 for test in found]) < 0.073


#: Unaided vision of the left and the right eye of 7,477 women; Stuart (1955).
EYES = [[1520, 266, 124, 66], [234, 1512, 432, 78], [117, 362, 1772, 205], [36, 82, 179, 492]]


def test_stuarts_test_of_unaided_vision():
    # Stuart (1955), Biometrika 42, 412-416: chi-square 11.96 with 3 degrees of freedom;
    # statsmodels in all digits.
    found = marginal_homogeneity(EYES)
    peer = SquareTable(np.array(EYES), shift_zeros=False).homogeneity()

    assert found.statistic == pytest.approx(11.96, abs=0.005)
    assert (found.statistic, found.p_value) == pytest.approx((peer.statistic, peer.pvalue))
    assert (found.df, found.n_pairs, found.rose, found.fell) == (3, 7477, 1171, 1010)
    assert found.dominance.estimate == pytest.approx(161 / 7477)


def test_two_levels_are_mcnemars_test_and_unused_levels_change_nothing():
    plain = mcnemar_counts(both=30, stopped=15, started=6, neither=49)
    table = np.array([[49, 6], [15, 30]])
    found = marginal_homogeneity(table)
    wider = marginal_homogeneity(np.insert(np.insert(table, 1, 0, axis=0), 1, 0, axis=1))
    unchanged = marginal_homogeneity([[49, 6, 0], [15, 30, 0], [0, 0, 8]])

    assert (found.statistic, found.df) == (pytest.approx(plain.statistic), 1)
    assert (wider.statistic, wider.df) == (pytest.approx(plain.statistic), 1)
    assert (unchanged.statistic, unchanged.df) == (pytest.approx(plain.statistic), 1)
    assert found.dominance.estimate == pytest.approx((6 - 15) / 100)


def test_tables_without_change_or_pairs():
    found = marginal_homogeneity([[3, 0], [0, 4]])
    assert (found.df, found.p_value) == (0, 1)
    assert math.isnan(found.statistic)
    with pytest.raises(ModelDataError, match="No pair"):
        marginal_homogeneity([[0, 0], [0, 0]])
    with pytest.raises(ModelUsageError, match="square table"):
        marginal_homogeneity([[1, 2, 3], [1, 2, 3]])
    with pytest.raises(ModelUsageError, match="whole numbers"):
        marginal_homogeneity([[1.5, 2], [1, 2]])


@pytest.mark.parametrize("kind", ["float64", "bool", "boolean", "object"])
def test_yes_and_no_may_be_of_any_type(kind: str) -> None:
    """Nullable yes and no, with a missing answer where the type has one, are yes and no."""
    before = pd.Series([True, True, False, True, False, True], dtype=kind)
    after = pd.Series([False, True, False, False, True, False], dtype=kind)
    if kind in ("boolean", "object"):
        before, after = (pd.concat([x, pd.Series([None], dtype=kind)]) for x in (before, after))
    found = mcnemar(before, after)
    assert (found.stopped, found.started, found.n_left_out) == (3, 1, kind in ("boolean", "object"))
