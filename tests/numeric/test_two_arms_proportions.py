"""Two independent shares: intervals against print, statsmodels, brute force and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import ncx2
from scipy.stats.contingency import association
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    proportion_effectsize,
)

from datrial.models import (
    ModelDataError,
    ModelUsageError,
    compare_proportions,
    cramers_v,
    independence_test,
)
from datrial.models.two_arms.effects import exact_interval, wilson_interval

Z = 1.959963984540054

#: Newcombe (1998), Statistics in Medicine 17, 873-890, Table II: events and people of both
#: groups; methods 4 (Miettinen and Nurminen) and 10 (his own), four decimals.
TABLE_II = [
    ((56, 70, 48, 80), (0.0528, 0.3382), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1700, 0.8406), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0342, 0.8534), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0326, 0.1933), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1658, 0.2844), (-0.1611, 0.2775)),
    ((0, 10, 0, 10), (-0.2879, 0.2879), (-0.2775, 0.2775)),
    ((10, 10, 0, 20), (0.7156, 1.0000), (0.6791, 1.0000)),
    ((10, 10, 0, 10), (0.6636, 1.0000), (0.6075, 1.0000)),
]


@pytest.mark.parametrize(("groups", "score", "newcombe"), TABLE_II)
def test_newcombes_published_intervals(groups, score, newcombe):
    x, n, y, m = groups
    found = compare_proportions((y, x), (m, n))
    assert found.difference[1:3] == pytest.approx(score, abs=5.1e-5)
    assert found.difference_newcombe[1:3] == pytest.approx(newcombe, abs=5.1e-5)
    assert found.difference.estimate == pytest.approx(x / n - y / m)


@pytest.mark.parametrize("groups", [(56, 70, 48, 80), (30, 104, 90, 353), (3, 200, 9, 180)])
def test_ratios_are_those_of_statsmodels(groups):
    # Independent program, the same score inversion; its root finder stops near 1e-8. (Its
    # "diff" is not used: for 56/70 and 48/80 it gives .3440 where the paper prints .3382.)
    x, n, y, m = groups
    found = compare_proportions((y, x), (m, n))
    for kind, effect in (("ratio", found.ratio), ("odds-ratio", found.odds_ratio)):
        peer = confint_proportions_2indep(x, n, y, m, compare=kind, method="score", correction=True)
        assert effect[1:3] == pytest.approx(peer, rel=1e-6)
    assert found.ratio.estimate == pytest.approx((x / n) / (y / m))
    assert found.odds_ratio.estimate == pytest.approx((x / (n - x)) / (y / (m - y)))


@pytest.mark.parametrize("groups", [(9, 10, 3, 10), (5, 56, 1, 29), (30, 104, 90, 353)])
def test_limits_are_where_the_score_test_just_rejects(groups):
    # The shares under a fixed difference or ratio are found by numerical maximisation here;
    # the score statistic there is 1.96 up to what the maximiser leaves (1e-3).
    x, n, y, m = groups
    found = compare_proportions((y, x), (m, n))

    def likelihood(p, q):
        return x * np.log(p) + (n - x) * np.log(1 - p) + y * np.log(q) + (m - y) * np.log(1 - q)

    def likeliest(of_q, low, high):
        def fall(q):
            return -likelihood(of_q(q), q)

        bounds = (low + 1e-10, high - 1e-10)
        return minimize_scalar(fall, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x

    factor = (n + m) / (n + m - 1)
    for d in found.difference[1:3]:
        q = likeliest(lambda q, d=d: q + d, max(0, -d), min(1, 1 - d))
        variance = ((q + d) * (1 - q - d) / n + q * (1 - q) / m) * factor
        assert abs(x / n - y / m - d) / np.sqrt(variance) == pytest.approx(Z, abs=1e-3)
    for r in found.ratio[1:3]:
        q = likeliest(lambda q, r=r: q * r, 0, min(1, 1 / r))
        variance = (q * r * (1 - q * r) / n + r**2 * q * (1 - q) / m) * factor
        assert abs(x / n - r * y / m) / np.sqrt(variance) == pytest.approx(Z, abs=1e-3)


def test_shares_and_cohens_h():
    # statsmodels' Wilson and Clopper-Pearson intervals and effect size; rounding only.
    found = compare_proportions((48, 56), (80, 70))
    assert found.compared[1:3] == pytest.approx(proportion_confint(56, 70, method="wilson"))
    assert found.reference[1:3] == pytest.approx(proportion_confint(48, 80, method="wilson"))
    assert found.cohens_h.estimate == pytest.approx(proportion_effectsize(0.8, 0.6))
    half = Z * np.sqrt(1 / 70 + 1 / 80)
    assert found.cohens_h.ci_high - found.cohens_h.estimate == pytest.approx(half)
    for events in (0, 3, 12):
        assert wilson_interval(events, 12, Z) == pytest.approx(
            proportion_confint(events, 12, method="wilson"), abs=1e-12
        )
        assert exact_interval(events, 12, 0.95) == pytest.approx(
            proportion_confint(events, 12, method="beta"), abs=1e-10
        )


def test_the_p_value_is_that_of_the_table():
    found = compare_proportions((48, 56), (80, 70))
    peer = independence_test([[56, 14], [48, 32]])
    assert (found.method, found.p_value) == (peer.method, peer.p_value)
    assert compare_proportions((1, 9), (10, 11)).method == "exact"


def test_swapping_the_groups_mirrors_every_interval():
    for groups in ((3, 40, 9, 25), (0, 12, 4, 20), (7, 7, 3, 9)):
        x, n, y, m = groups
        one, other = compare_proportions((y, x), (m, n)), compare_proportions((x, y), (n, m))
        assert other.difference[1:3] == pytest.approx(
            (-one.difference.ci_high, -one.difference.ci_low), abs=1e-9
        )
        for name in ("ratio", "odds_ratio"):
            mine, theirs = getattr(one, name), getattr(other, name)
            for end, start in ((mine.ci_low, theirs.ci_high), (mine.ci_high, theirs.ci_low)):
                if end == 0 or math.isinf(end):
                    assert (end == 0) == math.isinf(start)
                else:
                    assert end == pytest.approx(1 / start, rel=1e-6)


def test_groups_without_events_give_open_intervals_and_no_fault():
    none = compare_proportions((0, 0), (20, 10))
    assert (none.method, none.p_value) == (None, 1)
    assert math.isnan(none.ratio.estimate)
    assert none.ratio[1:3] == (0, math.inf)

    one = compare_proportions((0, 5), (29, 56))
    assert one.ratio.estimate == math.inf
    assert one.ratio.ci_low > 0
    assert one.ratio.ci_high == math.inf
    assert all(compare_proportions((20, 10), (20, 10)).odds_ratio[i] >= 0 for i in (1, 2))


@pytest.mark.parametrize(
    ("events", "totals", "error", "message"),
    [
        ((1, 2), (0, 5), ModelDataError, "One of the two groups is empty|more events"),
        ((0, 2), (0, 5), ModelDataError, "One of the two groups is empty"),
        ((6, 2), (5, 5), ModelUsageError, "more events than people"),
        ((1.5, 2), (5, 5), ModelUsageError, "whole numbers from 0"),
        ((1, -2), (5, 5), ModelUsageError, "whole numbers from 0"),
        ((1, 2, 3), (5, 5, 5), ModelUsageError, "two counts of events"),
    ],
)
def test_shares_that_cannot_be_compared(events, totals, error, message):
    if totals == (0, 5) and events == (1, 2):
        error = ModelUsageError
    with pytest.raises(error, match=message):
        compare_proportions(events, totals)


RISK = [[40, 22, 15, 12], [90, 80, 60, 44]]


def test_cramers_v_is_scipys_and_its_limits_put_the_chi_square_in_the_tails():
    # scipy's association for the value; for the interval its definition, with scipy's other
    # route to the noncentral chi-square (tolerance 1e-6: they differ by less).
    for table in (RISK, [[56, 14], [48, 32]], [[90, 10, 3], [20, 60, 40]]):
        found, test = cramers_v(table), independence_test(table)
        assert found.estimate == pytest.approx(association(np.array(table), method="cramer"))
        at_low, at_high = (test.n * end**2 for end in found[1:3])
        if found.ci_low > 0:
            assert ncx2.sf(test.statistic, test.df, at_low) == pytest.approx(0.025, abs=1e-6)
            assert test.p_value < 0.025
        else:
            assert test.p_value >= 0.025
        assert ncx2.cdf(test.statistic, test.df, at_high) == pytest.approx(0.025, abs=1e-6)


def test_cramers_v_at_its_ends():
    nothing = cramers_v([[10, 20, 30], [20, 40, 60]])
    assert nothing[:3] == (0, 0, 0)
    everything = cramers_v([[50, 0], [0, 70]])
    assert everything.estimate == pytest.approx(1)
    assert everything.ci_high == 1
    with pytest.raises(ModelUsageError, match="between 0 and 1"):
        cramers_v(RISK, level=95)


@pytest.mark.parametrize("w", [0.1, 0.3])
def test_the_interval_of_cramers_v_covers(w):
    # Shares of 4 answers in 104 and 353 people whose V is w; 800 draws, as below. The noncentral
    # chi-square is a law for weak associations: at w = .3 the interval is too wide (it covered
    # .99), never too narrow.
    rng, base = np.random.default_rng(21), np.array([0.3, 0.3, 0.2, 0.2])
    tilt = np.array([1, -1, 0.5, -0.5])

    def shares(size):
        return base + size * tilt * 0.02, base

    def v(size):
        table = np.vstack([104 * shares(size)[0], 353 * shares(size)[1]])
        return association(np.rint(table * 1e6).astype(int), method="cramer")

    sizes = np.linspace(0, 14, 400)
    size = sizes[np.argmin([abs(v(s) - w) for s in sizes])]
    truth, held = v(size), 0
    for _ in range(800):
        one, two = (rng.multinomial(n, p) for n, p in zip((104, 353), shares(size), strict=True))
        found = cramers_v([one, two])
        held += found.ci_low <= truth <= found.ci_high
    assert held / 800 > 0.95 - 4 * 0.0077
    assert w > 0.1 or held / 800 < 0.95 + 4 * 0.0077


@pytest.mark.parametrize(
    ("p", "q", "n", "m"), [(0.3, 0.15, 104, 353), (0.05, 0.02, 60, 200), (0.5, 0.5, 15, 40)]
)
def test_intervals_cover_what_they_should(p, q, n, m):
    # 800 draws; a coverage of .95 has a standard error of .0077; bound three and a half. The
    # score intervals keep it at small shares, where Wald's does not.
    rng = np.random.default_rng(8)
    draws = 800
    events = zip(
        rng.binomial(m, q, draws).tolist(), rng.binomial(n, p, draws).tolist(), strict=True
    )
    found = [compare_proportions(pair, (m, n)) for pair in events]
    truths = {
        "difference": p - q,
        "difference_newcombe": p - q,
        "ratio": p / q,
        "odds_ratio": p / (1 - p) / (q / (1 - q)),
    }
    for name, truth in truths.items():
        effects = [getattr(one, name) for one in found]
        covered = np.mean([e.ci_low <= truth <= e.ci_high for e in effects])
        assert covered > 0.95 - 3.5 * 0.0077, name
