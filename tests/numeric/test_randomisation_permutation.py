"""The permutation test against print, brute force, every scheme, and simulated truth."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, ttest_1samp, ttest_ind

from datrial.allocation.replays.people import ToAllocate, drawn_people
from datrial.allocation.replays.schemes import replays_of
from datrial.config.allocation import Allocation
from datrial.config.study import load_study
from datrial.models import ModelDataError, ModelUsageError, permutation_test
from datrial.models.randomisation.draws import draw_within_strata, every_allocation

#: Seven villages of Gerber and Green (2012), Field Experiments, table 2.2: two with a woman
#: as head of the council, and the share of the budget for water sanitation.
WOMAN, BUDGET = [1, 0, 0, 0, 0, 0, 1], [15, 15, 20, 20, 10, 15, 30]
#: Darwin's 15 pairs of maize, crossed less self-fertilised height in eighths of an inch.
MAIZE = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


def pairs(differences: list[int]) -> dict[str, Any]:
    """Return pairs that differ so, whatever their height."""
    height = 100 + 10 * np.arange(len(differences))
    return {
        "outcome": np.concatenate([height, height + differences]),
        "arm": np.repeat([0, 1], len(differences)),
        "strata": np.tile(np.arange(len(differences)), 2),
    }


def test_the_villages_of_gerber_and_green():
    # Chapter 3 of the book: difference 6.5, one-tailed p = 5/21, two-tailed 8/21.
    found = permutation_test(BUDGET, WOMAN, statistic="difference")
    assert (found.estimate, found.exact, found.n_replays) == (pytest.approx(6.5), True, 21)
    assert (found.p_value, found.mc_error) == (pytest.approx(8 / 21), 0)
    greater = permutation_test(BUDGET, WOMAN, statistic="difference", alternative="greater")
    assert greater.p_value == pytest.approx(5 / 21)
    assert greater.ci_high == math.inf


def test_six_children_of_imbens_and_rubin():
    # Causal Inference (2015), table 5.1: cough after honey 3, 5, 0, without 4, 0, 1; p = 16/20.
    found = permutation_test([3, 5, 0, 4, 0, 1], [1, 1, 1, 0, 0, 0], statistic="difference")
    assert (found.p_value, found.n_replays) == (pytest.approx(16 / 20), 20)


def test_the_lady_tasting_tea():
    # Fisher (1935): all 8 cups told rightly, 4 of each kind; 1 in 70.
    cups = [1, 0, 0, 1, 1, 0, 1, 0]
    assert permutation_test(cups, cups, statistic="difference", alternative="greater").p_value == (
        pytest.approx(1 / 70)
    )


@pytest.mark.parametrize("statistic", ["difference", "studentised"])
def test_darwins_maize(statistic):
    # Fisher (1935), The Design of Experiments, section 21: 1,726 of the 2^15 = 32,768 ways have
    # a difference as large, 5.267%; section 17: t = 2.148 with 14 degrees of freedom.
    found = permutation_test(**pairs(MAIZE), statistic=statistic, n=2**15)
    assert (found.extreme, found.n_replays, found.exact) == (1726, 32768, True)
    assert found.p_value == pytest.approx(0.05267, abs=5e-6)
    assert found.estimate == pytest.approx(314 / 15)
    if statistic == "studentised":
        assert found.statistic == pytest.approx(2.148, abs=5e-4)
        assert found.statistic == pytest.approx(ttest_1samp(MAIZE, 0).statistic, rel=1e-9)


def test_one_stratum_has_welchs_statistic():
    rng = np.random.default_rng(1)
    outcome, arm = rng.gamma(1, 2, 60), np.repeat([0, 1], [45, 15])
    found = permutation_test(outcome, arm, n=99)
    welch = ttest_ind(outcome[arm == 1], outcome[arm == 0], equal_var=False)
    assert found.statistic == pytest.approx(welch.statistic, rel=1e-9)


def by_hand(y, arm, strata, weighting="precision"):
    """Return estimate and error from the definition, stratum by stratum."""
    rows, alone, within = [], [], []
    for each in sorted(set(strata)):
        one = [v for v, a, s in zip(y, arm, strata, strict=True) if s == each and a]
        zero = [v for v, a, s in zip(y, arm, strata, strict=True) if s == each and not a]
        if not one or not zero:
            continue
        n1, n0 = len(one), len(zero)
        weight = n1 * n0 / (n1 + n0) if weighting == "precision" else n1 + n0
        d = np.mean(one) - np.mean(zero)
        squares = [sum((v - np.mean(part)) ** 2 for v in part) for part in (one, zero)]
        within.append((sum(squares), n1 + n0 - 2))
        if min(n1, n0) > 1:
            rows.append((weight, d, squares[0] / (n1 - 1) / n1 + squares[1] / (n0 - 1) / n0))
        else:
            alone.append((weight, d, 1 / n1 + 1 / n0))
    total = sum(row[0] for row in rows + alone)
    if not total:
        return math.nan, math.nan
    variance = sum(w**2 * v for w, _, v in rows)
    if len(alone) == 1:
        pooled, freedom = (sum(each) for each in zip(*within, strict=True))
        variance += alone[0][0] ** 2 * alone[0][2] * pooled / freedom if freedom else math.nan
    elif alone:
        mass = sum(w for w, _, _ in alone)
        middle = sum(w * d for w, d, _ in alone) / mass
        variance += sum(w**2 * (d - middle) ** 2 / (1 - w / mass) for w, d, _ in alone)
    estimate = sum(w * d for w, d, _ in rows + alone) / total
    return estimate, math.sqrt(max(variance, 0)) / total


def all_ways(arm, strata):
    """List every allocation with as many of each stratum in the arm, by brute force."""
    places = {s: sum(a for a, t in zip(arm, strata, strict=True) if t == s) for s in set(strata)}
    for way in itertools.product([0, 1], repeat=len(arm)):
        if all(
            sum(a for a, t in zip(way, strata, strict=True) if t == s) == n
            for s, n in places.items()
        ):
            yield way


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_allocation_is_that_of_brute_force(data):
    sizes = data.draw(st.lists(st.integers(2, 4), min_size=1, max_size=3))
    strata = np.repeat(np.arange(len(sizes)), sizes).tolist()
    places = [data.draw(st.integers(1, size - 1)) for size in sizes]
    arm = [int(i < n) for size, n in zip(sizes, places, strict=True) for i in range(size)]
    # No two sums of these are alike but by symmetry.
    y = [
        math.sqrt(p)
        for p in data.draw(st.permutations([2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]))
    ]
    y = y[: len(strata)]
    weighting = data.draw(st.sampled_from(["precision", "people"]))
    found = permutation_test(y, arm, strata=strata, statistic="difference", weighting=weighting)
    ways = list(all_ways(arm, strata))
    estimates = np.array([by_hand(y, way, strata, weighting)[0] for way in ways])
    estimate, bse = by_hand(y, arm, strata, weighting)
    assert (found.exact, found.n_replays) == (True, len(ways))
    assert sorted(found.distribution) == pytest.approx(sorted(estimates), abs=1e-9)
    assert found.estimate == pytest.approx(estimate)
    assert found.bse == pytest.approx(bse, nan_ok=True, abs=1e-9)
    assert found.p_value == np.mean(np.abs(estimates) >= abs(estimate) - 1e-9)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_studentised_statistic_is_that_of_its_definition(data):
    """Whatever arms a scheme draws: strata that lose an arm, keep one person, or are alone."""
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    strata = np.sort(rng.integers(0, data.draw(st.integers(1, 5)), 14))
    y, arm = rng.normal(3, 2, 14), np.tile([0, 1], 7)
    drawn = rng.integers(0, 2, (30, 14))
    weighting = data.draw(st.sampled_from(["precision", "people"]))
    found = permutation_test(
        y, arm, strata=strata, draw=lambda _, n: drawn[:n], n=30, weighting=weighting
    )
    expected = [by_hand(y, way, strata, weighting) for way in (*drawn, arm)]
    t = np.array([estimate / bse if bse > 0 else math.nan for estimate, bse in expected])
    assert [*found.distribution, found.statistic] == pytest.approx(t, rel=1e-6, nan_ok=True)
    assert found.n_without_statistic == np.isnan(t[:-1]).sum()
    # What has no statistic counts as extreme.
    extreme = int((~(np.abs(t[:-1]) < abs(t[-1]))).sum())
    assert found.p_value == pytest.approx((extreme + 1) / 31)


def trial(rng, n_strata=25, effect=0.0, spread=1.0, between=1.0):
    """Draw strata of 3 to 12 people with 1 to 3 places, that differ."""
    sizes = rng.integers(3, 13, n_strata)
    places = np.minimum(rng.integers(1, 4, n_strata), sizes - 1)
    strata = np.repeat(np.arange(n_strata), sizes)
    arm = next(draw_within_strata(strata, places.astype(float), 1, rng))[:, 0]
    x = rng.normal(size=len(strata))
    # Where places are many, the outcome is high: who ignores strata sees an effect.
    level = between * (places / sizes)[strata] * 4
    y = (
        level
        + x
        + rng.normal(size=len(strata))
        + arm * (effect + (spread - 1) * rng.normal(size=len(strata)))
    )
    return pd.DataFrame({"y": y, "x": x, "arm": arm.astype(int), "stratum": strata})


def test_drawn_arms_keep_the_sizes_and_everybody_has_the_same_chance():
    strata = np.array([2, 0, 1, 0, 2, 0, 2, 0, 1, 2, 2])
    places = np.array([1.0, 2.0, 3.0])
    drawn = np.hstack(list(draw_within_strata(strata, places, 30_000, np.random.default_rng(2))))
    for stratum, taken in enumerate(places):
        there = drawn[strata == stratum]
        assert set(there.sum(axis=0)) == {taken}
        # Five standard errors of a share from 30,000.
        assert there.mean(axis=1) == pytest.approx(
            np.full(len(there), taken / len(there)), abs=0.015
        )
    # Pairs too: all 5 of the ways with 1 of 4 and 3 of 5 are as frequent as they should be.
    ways = np.unique(drawn, axis=1, return_counts=True)[1]
    assert len(ways) == 4 * 1 * 10
    assert ((ways - 750) ** 2 / 750).sum() < 73  # chi-squared of 39, 0.999 quantile 72.1
    listed = np.hstack(list(every_allocation(strata, places)))
    assert np.array_equal(np.unique(listed, axis=1), np.unique(drawn, axis=1))


def test_drawn_replays_agree_with_all_there_are():
    rng = np.random.default_rng(5)
    strata, arm = np.repeat([0, 1], 8), np.tile([0, 0, 0, 1, 1, 0, 0, 0], 2)
    y = rng.normal(size=16) + arm
    listed = permutation_test(y, arm, strata=strata)
    drawn = permutation_test(y, arm, strata=strata, n=700, seed=3)
    assert (listed.exact, listed.n_replays, drawn.exact) == (True, 784, False)
    assert drawn.p_value == pytest.approx(listed.p_value, abs=4 * drawn.mc_error)
    assert drawn.mc_error == pytest.approx(math.sqrt(drawn.p_value * (1 - drawn.p_value) / 700))
    assert drawn.p_value == (drawn.extreme + 1) / 701


@pytest.mark.parametrize("statistic", ["difference", "studentised"])
def test_swapping_the_arms_swaps_the_sign_and_nothing_else(statistic):
    rng = np.random.default_rng(7)
    strata = np.repeat([0, 1, 2], 6)
    arm = np.tile(["drive", "control", "control", "drive", "control", "control"], 3)
    y = rng.normal(size=18) + (arm == "drive")
    options = {"strata": strata, "statistic": statistic, "n": 3375}
    one = permutation_test(y, arm, reference="control", **options)
    other = permutation_test(y, arm, reference="drive", **options)
    assert one.exact
    assert other.estimate == pytest.approx(-one.estimate)
    assert other.statistic == pytest.approx(-one.statistic)
    assert (other.p_value, other.bse) == (one.p_value, pytest.approx(one.bse))
    assert (other.ci_low, other.ci_high) == pytest.approx((-one.ci_high, -one.ci_low), abs=1e-7)
    assert (other.n_compared, other.n_reference) == (one.n_reference, one.n_compared)
    up = permutation_test(y, arm, reference="control", alternative="greater", **options)
    down = permutation_test(y, arm, reference="drive", alternative="less", **options)
    assert up.p_value == down.p_value
    assert down.ci_high == pytest.approx(-up.ci_low, abs=1e-7)


def test_one_added_person_changes_what_he_must_and_nothing_else():
    data = trial(np.random.default_rng(8))
    before = permutation_test("y", "arm", data=data, strata="stratum", n=300)

    def with_one(**person: Any) -> Any:
        more = pd.concat([data, pd.DataFrame([{"x": 0.0, **person}])], ignore_index=True)
        return permutation_test("y", "arm", data=more, strata="stratum", n=300)

    same = ("estimate", "bse", "statistic", "p_value", "ci_low", "ci_high", "n", "n_strata")
    # Alone in a stratum, or without an answer: counted, and nothing moves.
    alone = with_one(y=9.0, arm=1, stratum=99)
    assert [getattr(alone, name) for name in same] == [getattr(before, name) for name in same]
    assert (alone.n_strata_one_arm, alone.n_people_one_arm) == (1, 1)
    unknown = with_one(y=None, arm=1, stratum=3)
    assert [getattr(unknown, name) for name in same] == [getattr(before, name) for name in same]
    assert (unknown.n_left_out, before.n_left_out) == (1, 0)
    # A control in stratum 3: only that stratum's difference moves.
    more = with_one(y=9.0, arm=0, stratum=3)
    expected = by_hand([*data.y, 9.0], [*data.arm, 0], [*data.stratum, 3])
    assert (more.estimate, more.bse) == pytest.approx(expected)
    assert (more.n, more.n_reference) == (before.n + 1, before.n_reference + 1)
    assert (more.n_compared, more.n_strata) == (before.n_compared, before.n_strata)


def test_the_interval_holds_what_the_test_does_not_reject():
    data = trial(np.random.default_rng(9), effect=0.8)
    found = permutation_test("y", "arm", data=data, strata="stratum", n=999)
    for effect, rejected in (
        (found.ci_low - 1e-3, True), (found.ci_low + 1e-3, False), (found.estimate, False),
        (found.ci_high - 1e-3, False), (found.ci_high + 1e-3, True),
    ):  # fmt: skip
        moved = permutation_test(
            data.y - effect * data.arm, data.arm, strata=data.stratum.to_numpy(), n=999
        )
        assert moved.p_value == pytest.approx(found.p_value_of(effect))
        assert (moved.p_value <= 0.05) is rejected
    wider, narrower = found.conf_int(0.99), found.conf_int(0.5)
    assert wider[0] < found.ci_low < narrower[0] < found.estimate < narrower[1] < found.ci_high
    assert found.conf_int(0.95) == (found.ci_low, found.ci_high)


def test_an_interval_without_an_end_where_too_few_ways_can_reject():
    # 6 ways: no p-value is below 1/6.
    found = permutation_test([1.0, 2.0, 3.0, 5.0], [0, 1, 0, 1])
    assert (found.ci_low, found.ci_high) == (-math.inf, math.inf)
    assert "smallest p-value that these replays can give is 0.17" in " ".join(found.notes)


def test_covariates_sharpen_and_a_category_counts():
    data = trial(np.random.default_rng(10), effect=0.5).assign(
        kind=lambda d: np.where(d.x > 0, "one", "two")
    )
    plain = permutation_test("y", "arm", data=data, strata="stratum", n=999)
    adjusted = permutation_test("y", "arm", data=data, strata="stratum", covariates="x", n=999)
    rough = permutation_test("y", "arm", data=data, strata="stratum", covariates="C(kind)", n=999)
    assert adjusted.bse < rough.bse < plain.bse
    assert (adjusted.ci_high - adjusted.ci_low) < 0.9 * (plain.ci_high - plain.ci_low)
    # The estimate is the coefficient of least squares with strata and covariate in the model.
    design = np.column_stack([pd.get_dummies(data.stratum).to_numpy(float), data.x, data.arm])
    assert adjusted.estimate == pytest.approx(np.linalg.lstsq(design, data.y)[0][-1])
    # A covariate that is the same for all of a stratum, or the stratum itself, changes nothing.
    same = permutation_test(
        "y", "arm", data=data.assign(z=data.stratum * 2.0), strata="stratum", covariates="z", n=999
    )
    assert same.p_value == plain.p_value


def test_missing_covariates_are_filled_so_that_nobody_is_left_out():
    rng = np.random.default_rng(20)
    data = trial(rng)
    data.loc[rng.random(len(data)) < 0.3, "x"] = None
    options = {"data": data, "strata": "stratum", "covariates": "x", "n": 99}
    fewer = permutation_test("y", "arm", **options)
    found = permutation_test("y", "arm", missing_covariates="fill", **options)
    assert (found.n, found.n_left_out, found.n_filled) == (len(data), 0, data.x.isna().sum())
    assert fewer.n_left_out == data.x.isna().sum()
    assert found.bse < permutation_test("y", "arm", data=data, strata="stratum", n=99).bse


def schemes() -> dict[str, dict[str, Any]]:
    return {
        "simple": {"method": "simple", "ratio": {"intervention": 1, "control": 3}},
        "permuted_blocks": {
            "method": "permuted_blocks", "block_sizes": [3, 6], "stratify_by": ["site"],
            "ratio": {"intervention": 1, "control": 2},
        },
        "minimisation": {
            "method": "minimisation", "age_bands": [25, 40],
            "ratio": {"intervention": 1, "control": 2},
            "minimisation": {"factors": {"age": 1, "site": 1}, "preferred_probability": 0.8},
        },
        "capacity_lottery": {"method": "capacity_lottery"},
    }  # fmt: skip


def replayed(scheme: str, people: int) -> tuple[ToAllocate, Any]:
    """Return invented people and the draw of a scheme over them."""
    given = {"eligibility": {"minimum_age": 16}, **schemes()[scheme]}
    study = load_study("drive").model_copy(update={"allocation": Allocation.model_validate(given)})
    invented = drawn_people(study, people, 4, at_meeting=8, places=2)

    def draw(rng: np.random.Generator, n: int) -> Any:
        drawn = np.empty((people, n), dtype=int)
        each = replays_of(study, invented, n)
        first = each.arms.index("intervention")
        for person in range(people):
            ends = each.chances(person, rng).cumsum(axis=1)[:, :-1]
            arms = (rng.random(n)[:, None] >= ends).sum(axis=1)
            each.enter(person, arms)
            drawn[person] = arms == first
        return drawn.T

    return invented, draw


def p_values(scheme: str, trials: int, replays: int, people: int = 48) -> Any:
    """Draw trials by a scheme whose arms do nothing, and test each by replaying it."""
    rng = np.random.default_rng(11)
    invented, draw = replayed(scheme, people)
    heard = sorted(set(invented.meetings))
    meeting = np.array([heard.index(each) for each in invented.meetings])
    y = rng.gamma(1, 1, people) + 0.3 * meeting
    strata = meeting if scheme == "capacity_lottery" else None
    return np.array(
        [
            permutation_test(y, arm, strata=strata, draw=draw, n=replays, seed=rng).p_value
            for arm in draw(rng, trials)
        ]
    )


def check_uniform(found: Any) -> None:
    # Of a fixed seed, so that no test fails by chance. Ties at 1/100 move KS by as much.
    assert kstest(found, "uniform").pvalue > 0.01
    limit = 4 * math.sqrt(0.05 * 0.95 / len(found))
    assert np.mean(found <= 0.05) == pytest.approx(0.05, abs=limit)


@pytest.mark.parametrize("scheme", schemes())
def test_p_is_uniform_under_every_scheme(scheme):
    check_uniform(p_values(scheme, trials=80, replays=99))


@pytest.mark.long
@pytest.mark.parametrize("scheme", schemes())
def test_p_is_uniform_under_every_scheme_in_many_trials(scheme):
    check_uniform(p_values(scheme, trials=800, replays=199))


def rejections(strata: Any, trials: int, **options: Any) -> float:
    """Return how often 5% is reached where the arm does nothing, and ratios differ."""
    rng, rejected = np.random.default_rng(12), 0
    data = trial(rng)
    places = np.bincount(data.stratum, data.arm)
    arms = np.hstack(list(draw_within_strata(data.stratum.to_numpy(), places, trials, rng)))
    for arm in arms.T:
        found = permutation_test(
            data.y, arm, strata=strata(data), n=99, seed=rng, data=data, **options
        )
        rejected += found.p_value <= 0.05
    return rejected / trials


def test_unequal_ratios_need_their_strata():
    # The negative control: without strata the places themselves look like an effect.
    limit = 0.05 + 4 * math.sqrt(0.05 * 0.95 / 60)
    assert rejections(lambda d: d.stratum.to_numpy(), 60) < limit
    assert rejections(lambda d: d.stratum.to_numpy(), 60, covariates="x") < limit
    assert rejections(lambda d: None, 60) > 0.25


def weak_null(statistic: str, trials: int) -> float:
    """Return rejections of 5% where few treated vary much and the mean effect is 0."""
    rng = np.random.default_rng(13)
    control, treated = rng.normal(size=120), rng.normal(scale=5, size=120)
    treated += control.mean() - treated.mean()
    rejected = 0
    for _ in range(trials):
        arm = rng.permutation(np.repeat([0, 1], [95, 25]))
        found = permutation_test(
            np.where(arm == 1, treated, control), arm, n=199, seed=rng, statistic=statistic
        )
        rejected += found.p_value <= 0.05
    return rejected / trials


def test_the_studentised_statistic_holds_where_only_the_mean_effect_is_none():
    # Chung and Romano (2013): the plain difference does not.
    assert weak_null("studentised", 120) < 0.11
    assert weak_null("difference", 120) > 0.15


def coverage(trials: int, **world: Any) -> tuple[float, float]:
    """Return bias in standard errors, and how often the interval holds the effect."""
    rng, held, estimates = np.random.default_rng(14), 0, []
    for _ in range(trials):
        data = trial(rng, effect=0.7, **world)
        found = permutation_test(
            "y", "arm", data=data, strata="stratum", covariates="x", n=199, seed=rng
        )
        held += found.ci_low <= 0.7 <= found.ci_high
        estimates.append(found.estimate)
    error = np.std(estimates, ddof=1) / math.sqrt(trials)
    return abs(np.mean(estimates) - 0.7) / error, held / trials


def test_the_interval_covers_a_constant_effect_with_unequal_ratios():
    bias, held = coverage(80)
    assert bias < 4
    assert held == pytest.approx(0.95, abs=4 * math.sqrt(0.05 * 0.95 / 80))


@pytest.mark.long
@pytest.mark.parametrize("world", [{}, {"spread": 3.0}, {"n_strata": 8}])
def test_the_interval_covers_in_many_trials(world):
    bias, held = coverage(800, **world)
    assert bias < 4
    assert held == pytest.approx(0.95, abs=0.03)


def test_a_scheme_keeps_the_columns_of_those_whose_answer_is_known():
    rng = np.random.default_rng(15)
    arm = rng.permutation(np.repeat([0, 1], 12))
    y = rng.normal(size=24)
    y[[3, 11]] = np.nan
    seen = []

    def draw(generator: np.random.Generator, n: int) -> Any:
        drawn = generator.permuted(np.tile(arm, (n, 1)), axis=1)
        seen.append(drawn)
        return drawn

    found = permutation_test(y, arm, draw=draw, n=50, statistic="difference")
    known = ~np.isnan(y)
    drawn = np.vstack(seen)[:, known] == 1
    means = [y[known][way].mean() - y[known][~way].mean() for way in drawn]
    assert found.distribution == pytest.approx(np.array(means))
    assert (found.n, found.n_left_out, found.exact) == (22, 2, False)


def test_the_same_seed_gives_the_same_p_value():
    data = trial(np.random.default_rng(16))
    draws = [
        permutation_test("y", "arm", data=data, strata="stratum", n=200, seed=seed).distribution
        for seed in (1, 1, 2)
    ]
    assert np.array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


def test_strata_may_be_several_columns():
    data = trial(np.random.default_rng(17)).assign(
        site=lambda d: d.stratum % 3, meeting=lambda d: d.stratum // 3
    )
    one = permutation_test("y", "arm", data=data, strata=["site", "meeting"], n=50)
    told = [f"meeting {each}" for each in data.stratum]
    assert permutation_test("y", "arm", data=data, strata=told, n=50).bse == one.bse
    assert one.n_strata == 25
    assert one.estimate == pytest.approx(
        permutation_test("y", "arm", data=data, strata="stratum", n=50).estimate
    )


def test_wrong_use_and_unfit_data_are_told_apart():
    data = trial(np.random.default_rng(18))
    for options, message in (
        ({"statistic": "median"}, "studentised, difference"),
        ({"alternative": "both"}, "two-sided, greater, less"),
        ({"weighting": "equal"}, "precision, people"),
        ({"n": 0}, "one replay or more"),
        ({"level": 1.0}, "between 0 and 1"),
        ({"strata": ["stratum", "nowhere"]}, "no column 'nowhere'"),
        ({"strata": ["Canary"] * 7}, "7 texts for [0-9]+ rows are neither"),
        ({"covariates": "nowhere"}, "'nowhere'"),
        ({"reference": "nobody"}, "not one of its two values"),
        ({"draw": lambda rng, n: np.zeros((n, 3))}, "shape \\(replays, people\\)"),
        ({"draw": lambda rng, n: np.full((n, len(data)), 2)}, "1 for the compared arm"),
    ):
        with pytest.raises(ModelUsageError, match=message):
            permutation_test("y", "arm", data=data, **options)
    with pytest.raises(ModelUsageError, match="needs the data"):
        permutation_test("y", data.arm)
    with pytest.raises(ModelUsageError, match="one value per row"):
        permutation_test(data.y, data.arm[:-1])
    with pytest.raises(ModelDataError, match="tell everybody's arm"):
        permutation_test("y", "arm", data=data.assign(z=data.arm * 2), covariates="z")
    with pytest.raises(ModelDataError, match="must have two values"):
        permutation_test(data.y, np.zeros(len(data)))
    with pytest.raises(ModelDataError, match="None of 2 strata has people of both arms"):
        permutation_test([1.0, 2.0, 4.0, 3.0], [0, 0, 1, 1], strata=[0, 0, 1, 1])
    with pytest.raises(ModelDataError, match="does not vary within strata"):
        permutation_test([1.0, 1.0, 2.0, 2.0], [0, 1, 0, 1], strata=[0, 0, 1, 1])
    with pytest.raises(ModelDataError, match="no error can be estimated"):
        permutation_test([1.0, 2.0], [0, 1])
    assert permutation_test([1.0, 2.0], [0, 1], statistic="difference").p_value == 1


def test_no_row_is_shown():
    data = trial(np.random.default_rng(19))
    data.loc[3, "y"] = 77.125
    found = permutation_test("y", "arm", data=data, strata="stratum", n=20)
    assert "77.125" not in repr(found)
    assert "array" not in repr(found)
