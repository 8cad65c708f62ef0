"""Two means: t-tests against print, scipy, statsmodels and simulation; the report's own tests."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2, nct, ttest_1samp, ttest_ind
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from datrial.models import (
    ModelDataError,
    ModelUsageError,
    two_sample_t,
    two_sample_t_from_summary,
)
from datrial.models.two_arms.standardised import noncentrality_limits, small_sample_factor

#: Student's (1908) extra hours of sleep under two drugs, the first data of many textbooks.
SLEEP_ONE = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_TWO = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_students_sleep():
    # R's help page of t.test: t = -1.8608, df = 17.776, p = 0.07939, -3.3654832 to 0.2054832
    # (group 1 minus group 2); with equal variances p = 0.07919, -3.363874 to 0.203874.
    found = two_sample_t(SLEEP_ONE + SLEEP_TWO, np.repeat([1, 2], 10))

    assert found.difference == pytest.approx(1.58)
    assert (found.welch.t, found.welch.df) == pytest.approx((1.8608, 17.776), abs=5e-4)
    assert found.welch.p_value == pytest.approx(0.07939, abs=5e-6)
    assert found.welch[4:] == pytest.approx((-0.2054832, 3.3654832), abs=5e-8)
    assert found.student.p_value == pytest.approx(0.07919, abs=5e-6)
    assert found.student[4:] == pytest.approx((-0.203874, 3.363874), abs=5e-7)


def test_statas_fuel_data_from_their_summary():
    # Stata's manual, [R] ttest, mileage of 52 domestic and 22 foreign cars: t = 3.6308, p =
    # .0005, 2.230384 to 7.661225; unequal: df 30.5463, t = 3.1797, p = .0034, 1.771556 to
    # 8.120053. The summary is printed to seven digits, which leaves 1e-5 in the limits.
    found = two_sample_t_from_summary((19.82692, 24.77273), (4.743297, 6.611187), (52, 22))

    assert (found.student.t, found.student.df) == (pytest.approx(3.6308, abs=6e-5), 72)
    assert found.student.bse == pytest.approx(1.362162, abs=1e-6)
    assert found.student[4:] == pytest.approx((2.230384, 7.661225), abs=1e-5)
    assert (found.welch.t, found.welch.df) == pytest.approx((3.1797, 30.5463), abs=6e-5)
    assert found.welch[4:] == pytest.approx((1.771556, 8.120053), abs=1e-5)
    assert found.student.p_value == pytest.approx(0.0005, abs=5e-5)
    assert found.welch.p_value == pytest.approx(0.0034, abs=5e-5)
    assert found.n == 74


@pytest.mark.parametrize("sizes", [(12, 30), (104, 353)])
def test_both_tests_are_those_of_scipy_and_statsmodels(sizes):
    # Independent programs; rounding only.
    rng = np.random.default_rng(1)
    one, two = rng.normal(5, 2, sizes[0]), rng.gamma(2, 3, sizes[1])
    values, arm = np.concatenate([one, two]), np.repeat(["control", "drive"], sizes)
    found = two_sample_t(values, arm, reference="control")
    peer = CompareMeans(DescrStatsW(two), DescrStatsW(one))
    for test, pooled in ((found.student, "pooled"), (found.welch, "unequal")):
        scipys = ttest_ind(two, one, equal_var=pooled == "pooled")
        assert (test.t, test.p_value) == pytest.approx((scipys.statistic, scipys.pvalue), rel=1e-9)
        assert test[4:] == pytest.approx(peer.tconfint_diff(usevar=pooled), rel=1e-9)
    assert found.reference == ("control", sizes[0], one.mean(), pytest.approx(one.std(ddof=1)))
    mirrored = two_sample_t(values, arm, reference="drive")
    assert mirrored.student.t == pytest.approx(-found.student.t)
    assert mirrored.hedges_g[1:3] == pytest.approx(
        (-found.hedges_g.ci_high, -found.hedges_g.ci_low), abs=1e-9
    )


def test_hedges_g():
    # The factor makes d unbiased: it is one over the mean of 1/s, s^2 a chi-square over its
    # degrees of freedom m (Hedges 1981); by numerical integration. Closed form at 2: 1/sqrt(pi).
    for m in (3, 10, 50):
        mean = chi2(m).expect(lambda x, m=m: np.sqrt(m / x))
        assert small_sample_factor(m) == pytest.approx(1 / mean, rel=1e-7)
        assert small_sample_factor(m) == pytest.approx(1 - 3 / (4 * m - 1), abs=0.006)
    assert small_sample_factor(2) == pytest.approx(1 / math.sqrt(math.pi))
    found = two_sample_t_from_summary((10.0, 12.0), (2.0, 3.0), (20, 30))
    d = 2 / math.sqrt((19 * 4 + 29 * 9) / 48)
    assert found.cohens_d.estimate == pytest.approx(d)
    assert found.hedges_g.estimate == pytest.approx(d * small_sample_factor(48))
    assert found.hedges_g.ci_low / found.cohens_d.ci_low == pytest.approx(small_sample_factor(48))


@pytest.mark.parametrize(("t", "df"), [(2.6, 18), (-3.6, 72), (0.0, 18), (12.0, 455), (15.0, 3)])
def test_limits_put_the_statistic_in_the_tails(t, df):
    # Definition, with scipy's other route to the same distribution (its nct). Tolerance 1e-6:
    # the two differ by about 1e-9 in the tails.
    low, high = noncentrality_limits(t, df, 0.95)
    assert nct.sf(t, df, low) == pytest.approx(0.025, abs=1e-6)
    assert nct.cdf(t, df, high) == pytest.approx(0.025, abs=1e-6)


def test_missing_values_are_left_out_and_counted():
    values = pd.array([1, 2, None, 4, 6, 7], dtype="Int64")
    arm = pd.Series(["a", "a", "a", "b", "b", None], dtype="object")
    found = two_sample_t(values, arm, reference="b")
    assert found.n_left_out == 2
    assert (found.reference.n, found.compared.n, found.difference) == (2, 2, -3.5)
    ordered = pd.Categorical(["b", "b", "a", "a"], categories=["b", "a", "unused"])
    assert two_sample_t([1, 2, 3, 4.5], ordered).reference.label == "b"
    assert two_sample_t([1, 2, 3, 4.5], [True, True, False, False]).reference.label is False


def test_one_group_may_have_no_spread():
    # Identity: Welch's test is then the one-sample test of the other group.
    found = two_sample_t([1, 1, 1, 2, 3, 4], [0, 0, 0, 1, 1, 1])
    peer = ttest_1samp([2, 3, 4], 1)
    assert (found.welch.t, found.welch.p_value) == pytest.approx((peer.statistic, peer.pvalue))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: two_sample_t([1, 2, 3], ["a", "a", "b"], reference="a"), ModelDataError, "two pe"),
        (lambda: two_sample_t([1, 1, 2, 2], [0, 0, 1, 1]), ModelDataError, "some spread"),
        (lambda: two_sample_t([1, 2, 3], [0, 1, 2]), ModelDataError, "these rows have 3"),
        (lambda: two_sample_t([1, 2], ["a", "b"]), ModelUsageError, "texts have no order"),
        (lambda: two_sample_t([1, 2], ["a", "b"], reference="c"), ModelUsageError, "not one of"),
        (lambda: two_sample_t(["canary", 2], [0, 1]), ModelUsageError, "takes numbers"),
        (lambda: two_sample_t([math.inf, 2], [0, 1]), ModelDataError, "finite numbers"),
        (lambda: two_sample_t([1, 2, 3], [0, 1]), ModelUsageError, "one value and one group"),
        (
            lambda: two_sample_t(pd.Series([1, 2]), pd.Series([0, 1], index=[1, 0])),
            ModelUsageError,
            "different indexes",
        ),
        (
            lambda: two_sample_t_from_summary((1, 2), (1, -1), (5, 5)),
            ModelUsageError,
            "not negative",
        ),
        (lambda: two_sample_t_from_summary((1, 2), (1, 1), (5, 1)), ModelDataError, "two people"),
        (lambda: two_sample_t_from_summary((1,), (1, 1), (5, 5)), ModelUsageError, "two means"),
    ],
)
def test_means_that_cannot_be_compared(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert "canary" not in str(caught.value)


def test_coverage_and_size_with_groups_like_the_trials():
    # 104 and 353 people, the smaller group the more spread, as with days of support. 1,500
    # draws, standard error of a coverage of .95: .0056. Welch keeps the level; Student, as
    # printed in the report, rejects too often here: that is why Welch stands beside.
    rng = np.random.default_rng(2)
    student, welch, g, errors = [], [], [], []
    truth = 0.5
    for _ in range(1500):
        one, two = rng.normal(0, 88, 353), rng.normal(40, 119, 104)
        found = two_sample_t_from_summary(
            (one.mean(), two.mean()), (one.std(ddof=1), two.std(ddof=1)), (353, 104)
        )
        student.append(found.student.ci_low <= 40 <= found.student.ci_high)
        welch.append(found.welch.ci_low <= 40 <= found.welch.ci_high)
        one, two = rng.normal(0, 1, 12), rng.normal(truth, 1, 8)
        small = two_sample_t_from_summary(
            (one.mean(), two.mean()), (one.std(ddof=1), two.std(ddof=1)), (12, 8)
        )
        g.append(small.cohens_d.ci_low <= truth <= small.cohens_d.ci_high)
        errors.append(small.hedges_g.estimate - truth)
    assert np.mean(welch) == pytest.approx(0.95, abs=4 * 0.0056)
    assert np.mean(student) < 0.93
    assert np.mean(g) == pytest.approx(0.95, abs=4 * 0.0056)
    assert np.mean(errors) == pytest.approx(0, abs=4 * np.std(errors) / np.sqrt(1500))


# What the Drive evaluation prints of these tests, and whether it follows from what it prints.
# Its N is 353 control and 104 Drive victims-survivors with both forms; Figure 47 has 274 and
# 89. Means and deviations are in its text on length of support, contacts and supports.
DAYS = ((125, 251), (88, 119))
CONTACTS = ((16, 23), (6, 22))
SUPPORTS = ((4.6, 5.4), (1.8, 1.7))
SIZES = ((353, 104), (274, 89))


@pytest.mark.parametrize("sizes", SIZES)
def test_the_printed_p_value_of_days_of_support_follows(sizes):
    # Printed: p < .001. With either test.
    found = two_sample_t_from_summary(*DAYS, sizes)
    assert found.student.p_value < 0.001
    assert found.welch.p_value < 0.001


@pytest.mark.parametrize("sizes", SIZES)
def test_the_printed_p_value_of_contacts_follows_from_students_test_alone(sizes):
    # Printed: p < 0.001. Student's test gives it; Welch's, with a deviation of 22 in the
    # smaller group and 6 in the larger, gives .002 to .004.
    found = two_sample_t_from_summary(*CONTACTS, sizes)
    assert found.student.p_value < 0.001
    assert 0.001 < found.welch.p_value < 0.005


def smallest_sd(n, mean, median, highest):
    """Bound the standard deviation of n values from below by their mean, median and maximum.

    At least half of the values, (n + 1) // 2, lie at the median or below; one is the maximum;
    the others must balance the sum, which costs least when they are all alike.
    """
    low = (n + 1) // 2
    below, above = low * (mean - median), highest - mean
    squares = low * (mean - median) ** 2 + above**2 + (below - above) ** 2 / (n - low - 1)
    return math.sqrt(squares / (n - 1))


def test_the_printed_deviation_of_control_contacts_cannot_be():
    # Printed: average 16, SD = 6, Median 10, Max 103. Rounding in favour of the print (mean
    # 15.5, median 10.5), 353 people with these values have a deviation of 6.6 at least, which
    # is not printed as 6. The bound is attained by values made so.
    assert smallest_sd(353, 15.5, 10.5, 103) > 6.5
    assert smallest_sd(353, 16, 10, 103) > 7.4
    others = (177 * 6 - 87) / 175
    values = np.concatenate([np.full(177, 10.0), np.full(175, 16 + others), [103.0]])
    assert (values.mean(), np.median(values)) == pytest.approx((16, 10))
    assert values.std(ddof=1) == pytest.approx(smallest_sd(353, 16, 10, 103))
    # With 16, of which a digit may have been lost, the printed test would still follow.
    assert two_sample_t_from_summary((16, 23), (16, 22), (353, 104)).student.p_value < 0.001


def test_the_printed_p_value_of_supports_mobilised_does_not_follow():
    # Printed: 5.4 (SD 1.7) and 4.6 (SD 1.8), "p > 0.05". Even rounded against the difference
    # (5.35, 4.65, deviations 1.75 and 1.85) both tests give p < .001 at the printed numbers of
    # people. It would take fewer than 39 people in each arm for p > .05.
    for sizes in SIZES:
        found = two_sample_t_from_summary((4.65, 5.35), (1.85, 1.75), sizes)
        assert max(found.student.p_value, found.welch.p_value) < 0.002
        assert two_sample_t_from_summary(*SUPPORTS, sizes).student.p_value < 0.0005
    assert two_sample_t_from_summary(*SUPPORTS, (39, 39)).student.p_value < 0.05
    assert two_sample_t_from_summary(*SUPPORTS, (37, 37)).student.p_value > 0.05


def test_table_9_prints_too_little_to_recompute_its_tests():
    # Means are whole numbers or one decimal, with no deviation. Which one would give the
    # printed p: attempts to leave 2 and 3, p = .01: about 3.5, if the difference was 1; but
    # the rounded means allow any difference from 0 to 2, so neither test is refuted.
    def p_value(difference, sd):
        return two_sample_t_from_summary((0, difference), (sd, sd), (353, 104)).student.p_value

    assert p_value(1.0, 3.46) == pytest.approx(0.01, abs=5e-4)
    assert p_value(0.01, 0.0346) == pytest.approx(0.01, abs=5e-4)
    # Accessed other specialist support: 0.2 and 0.1, p = .07: about 0.5 for a difference of .1.
    assert p_value(0.1, 0.494) == pytest.approx(0.07, abs=5e-3)
