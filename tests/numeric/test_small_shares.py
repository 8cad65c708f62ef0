"""One share, and a share's reduction between two times: print, other programs, exact coverage."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import binom, multinomial
from statsmodels.stats.proportion import proportion_confint

from datrial.models import (
    ModelDataError,
    ModelUsageError,
    paired_reduction,
    paired_reduction_counts,
    single_proportion,
)
from datrial.models.paired.ratio_intervals import bonett_price_ratio, tang_paired_ratio

Z = 1.959963984540054


@pytest.mark.parametrize(
    ("count", "n", "wilson", "exact"),
    [
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_newcombes_published_examples(count, n, wilson, exact):
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I, methods 3 and 5.
    found = single_proportion(count, n)
    assert found.wilson[1:3] == pytest.approx(wilson, abs=5.1e-5)
    assert found.exact[1:3] == pytest.approx(exact, abs=5.1e-5)
    assert found.share == found.wilson
    assert single_proportion(count, n, method="exact").share == found.exact


@pytest.mark.parametrize("n", [1, 8, 16, 30])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_statsmodels_agrees_between_none_and_all(n, level):
    for count in range(1, n):
        found = single_proportion(count, n, level=level)
        for name, ours in (
            ("wilson", found.wilson), ("beta", found.exact), ("jeffreys", found.jeffreys),
        ):  # fmt: skip
            theirs = proportion_confint(count, n, alpha=1 - level, method=name)
            assert ours[1:3] == pytest.approx(theirs, abs=1e-9)


def test_none_and_all_have_an_interval_and_nobody_has_all_of_it():
    none, everyone, nobody = (single_proportion(*pair) for pair in ((0, 16), (16, 16), (0, 0)))
    for interval in ("wilson", "exact", "jeffreys"):
        low, high = getattr(none, interval)[1:3]
        assert low == 0 < high < 0.25
        assert getattr(everyone, interval)[1:3] == pytest.approx((1 - high, 1))
        assert getattr(nobody, interval)[1:3] == (0, 1)
    assert math.isnan(nobody.estimate)
    assert nobody.n == 0


@pytest.mark.parametrize("n", [8, 16, 30])
def test_coverage_of_a_share_worked_out_exactly(n):
    """Clopper and Pearson never cover too rarely; Wilson and Jeffreys are near it on average."""
    intervals = [single_proportion(count, n) for count in range(n + 1)]
    truths = np.linspace(0.02, 0.98, 193)
    covered = {name: [] for name in ("wilson", "exact", "jeffreys")}
    for truth in truths:
        chances = binom.pmf(np.arange(n + 1), n, truth)
        for name in covered:
            held = [getattr(i, name)[1] <= truth <= getattr(i, name)[2] for i in intervals]
            covered[name].append(float(chances @ held))
    assert min(covered["exact"]) >= 0.95
    assert np.mean(covered["wilson"]) == pytest.approx(0.95, abs=0.012)
    assert np.mean(covered["jeffreys"]) == pytest.approx(0.95, abs=0.012)
    assert min(covered["wilson"]) > 0.83
    assert np.mean(covered["exact"]) > np.mean(covered["wilson"])


@pytest.mark.parametrize(
    ("count", "n", "options"),
    [(3, 2, {}), (-1, 4, {}), (1.5, 4, {}), (1, 4, {"method": "wald"}), (1, 4, {"level": 95})],
)
def test_what_is_no_share_is_refused(count, n, options):
    with pytest.raises(ModelUsageError):
        single_proportion(count, n, **options)


def test_the_published_ratios_of_paired_shares():
    # Fagerland, Lydersen and Laake (2017), chapter 8, tests of its R package: Tang .8667
    # (.7476 to .9876), Bonett-Price .7579 to .9910; their first answer is our last.
    assert tang_paired_ratio(59, 6, 16, 161, Z) == pytest.approx((0.7476, 0.9876), abs=5.1e-5)
    assert bonett_price_ratio(59, 6, 16, Z) == pytest.approx((0.7579, 0.9910), abs=5.1e-5)
    # R's statpsych: ci.ratio.prop.ps(.05, 12, 4, 26, 6).
    assert bonett_price_ratio(6, 26, 4, Z) == pytest.approx((1.766544, 5.796628), abs=5.1e-7)


def _score_by_maximising(both, first_only, second_only, neither, ratio):
    """The score statistic with its variance from a numerical constrained maximum."""
    n = both + first_only + second_only + neither

    def shares(free):
        second = 1 / (1 + np.exp(-free[0])) * min(1.0, 1 / ratio)  # share of the second answer
        most = min(second, ratio * second)
        least = max(0.0, second + ratio * second - 1)
        joint = least + (most - least) / (1 + np.exp(-free[1]))
        return np.array([joint, ratio * second - joint, second - joint,
                         1 - second - ratio * second + joint])  # fmt: skip

    counts = np.array([both, first_only, second_only, neither])
    best = min(
        (
            minimize(lambda f: -counts @ np.log(np.maximum(shares(f), 1e-300)), start,
                     method="Nelder-Mead", options={"xatol": 1e-12, "fatol": 1e-14,
                                                    "maxiter": 4000})
            for start in ([0.0, 0.0], [1.0, 1.0], [-1.0, 2.0])
        ),
        key=lambda found: found.fun,
    )  # fmt: skip
    p11, p10, p01, _ = shares(best.x)
    variance = n * (p10 + p11 + ratio**2 * (p01 + p11) - 2 * ratio * p11)
    return (both + first_only - ratio * (both + second_only)) / math.sqrt(variance)


@pytest.mark.parametrize("cells", [(7, 2, 8, 3), (2, 3, 9, 4), (5, 1, 4, 6), (12, 3, 2, 5)])
def test_the_score_interval_is_where_the_score_test_of_a_numerical_maximum_rejects(cells):
    low, high = tang_paired_ratio(*cells[:3], sum(cells), Z)
    assert _score_by_maximising(*cells, low) == pytest.approx(Z, abs=2e-4)
    assert _score_by_maximising(*cells, high) == pytest.approx(-Z, abs=2e-4)


def test_what_the_early_intervention_report_prints():
    """16 people: 63% to 0%, 25% to 13%, 94% to 50%, printed as 100%, 50% and 47%."""
    physical = paired_reduction_counts(both=0, stopped=10, started=0, neither=6)
    stalking = paired_reduction_counts(both=2, stopped=2, started=0, neither=12)
    jealous = paired_reduction_counts(both=8, stopped=7, started=0, neither=1)
    sexual = paired_reduction_counts(both=0, stopped=0, started=0, neither=16)
    assert [round(100 * x.reduction.estimate) for x in (physical, stalking, jealous)] == [
        100, 50, 47,
    ]  # fmt: skip
    assert 0.5 < physical.reduction.ci_low < 0.75
    assert physical.reduction.ci_high == 1
    assert "100%" in physical.notes[0]
    assert stalking.reduction.ci_low < 0 < stalking.reduction.ci_high  # nothing can be said
    assert stalking.test.p_value == 0.5
    assert all(math.isnan(value) for value in sexual.reduction[:3])
    assert "nothing that could fall" in sexual.notes[0]
    assert sexual.n == 16


def test_a_rise_from_nobody_has_no_percentage():
    found = paired_reduction_counts(both=0, stopped=0, started=3, neither=13)
    assert found.ratio.estimate == math.inf
    assert found.ratio.ci_high == math.inf
    assert all(math.isnan(value) for value in found.reduction[:3])
    assert "no percentage" in found.notes[0]


def test_answers_and_counts_are_one():
    before = pd.Series([1, 1, 1, 0, 0, 1, None, 1], index=list("abcdefgh"))
    after = pd.Series([0, 1, 0, 0, 1, 0, 1, None], index=list("abcdefgh"))
    found = paired_reduction(before, after)
    counted = paired_reduction_counts(1, 3, 1, 1, n_left_out=2)
    assert (found.ratio, found.reduction, found.before) == (
        counted.ratio, counted.reduction, counted.before,
    )  # fmt: skip
    assert found.test.n_left_out == 2
    assert found.n == 6
    with pytest.raises(ModelUsageError):
        paired_reduction([1, 2], [0, 1])
    with pytest.raises(ModelDataError):
        paired_reduction([1, None], [None, 1])


@pytest.mark.parametrize(
    "shares", [(0.3, 0.05, 0.35, 0.3), (0.4, 0.1, 0.4, 0.1), (0.1, 0.1, 0.2, 0.6)]
)
def test_coverage_of_a_reduction_at_16_worked_out_exactly(shares):
    """Over every table of 16 pairs: no simulation. Tables without anybody before have none."""
    n = 16
    ratio = (shares[0] + shares[1]) / (shares[0] + shares[2])
    tables = [t for t in product(range(n + 1), repeat=3) if sum(t) <= n]
    chances = multinomial(n, shares).pmf([(*t, n - sum(t)) for t in tables])
    held, kept = np.zeros(2), 0.0
    for table, chance in zip(tables, chances, strict=True):
        if table[0] + table[2] == 0 or chance < 1e-9:
            continue
        kept += chance
        for place, limits in enumerate(
            (tang_paired_ratio(*table, n, Z), bonett_price_ratio(*table, Z))
        ):
            held[place] += chance * (limits[0] <= ratio <= limits[1])
    tang, hybrid = held / kept
    assert 0.935 < tang < 0.985
    assert 0.935 < hybrid < 0.995
