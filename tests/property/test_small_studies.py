"""Any small study: what must hold of its shares, changes, tables, trends whatever the answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, settings
from hypothesis import given as for_all
from hypothesis import strategies as some

from datrial.models import (
    correlation,
    count_trend,
    intraclass_correlation,
    limits_of_agreement,
    linear_trend,
    median_interval,
    paired_change,
    paired_reduction_counts,
    paired_transitions,
    single_proportion,
)

SCORES = some.integers(0, 10)
PAIRS = some.lists(some.tuples(SCORES, SCORES), min_size=1, max_size=16)
CELLS = some.tuples(*[some.integers(0, 9)] * 4).filter(any)
COUNTS = some.lists(some.integers(0, 12), min_size=3, max_size=9).filter(any)


def same(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(
        (math.isnan(a) and math.isnan(b)) or a == pytest.approx(b, rel=1e-7, abs=1e-7)
        for a, b in zip(one, other, strict=True)
    )


@settings(deadline=None)
@for_all(some.integers(0, 40), some.integers(0, 40), some.sampled_from([0.8, 0.95, 0.99]))
def test_a_share_and_its_complement_mirror_each_other(yes: int, no: int, level: float) -> None:
    one, other = (single_proportion(count, yes + no, level=level) for count in (yes, no))
    for name in ("wilson", "exact", "jeffreys"):
        ours, theirs = getattr(one, name), getattr(other, name)
        assert same(ours[1:3], (1 - theirs.ci_high, 1 - theirs.ci_low))
        assert 0 <= ours.ci_low < ours.ci_high <= 1
        assert yes + no == 0 or ours.ci_low <= ours.estimate <= ours.ci_high


@settings(deadline=None)
@for_all(CELLS)
def test_a_reduction_lies_in_its_interval_and_turns_with_time(cells: tuple[int, ...]) -> None:
    both, stopped, started, neither = cells
    found = paired_reduction_counts(both, stopped, started, neither)
    back = paired_reduction_counts(both, started, stopped, neither)
    for effect in (found.reduction, found.reduction_hybrid):
        if math.isnan(effect.estimate):
            assert found.before.count == 0
            assert found.notes
        else:
            assert effect.ci_low - 1e-9 <= effect.estimate <= effect.ci_high + 1e-9
            assert effect.ci_high <= 1
    if 0 < back.ratio.estimate < math.inf and 0 < found.ratio.ci_low < found.ratio.ci_high:
        inverse = (1 / back.ratio.estimate, 1 / back.ratio.ci_high, 1 / back.ratio.ci_low)
        assert found.ratio[:3] == pytest.approx(inverse, rel=1e-5)


@settings(deadline=None)
@for_all(PAIRS, some.integers(1, 4), some.integers(-5, 5))
@example([(0, 6), (0, 6), (0, 9)], 1, 0)  # scipy's noncentral t has no number far out
@example([(0, 0), (0, 0), (0, 1), (0, 2), (0, 2), (0, 2), (0, 9), (2, 0)], 3, 0)  # limit -1/3
def test_a_change_turns_with_time_and_grows_with_its_scale(
    pairs: list[tuple[int, int]], scale: int, shift: int
) -> None:
    first, last = np.array(pairs, dtype=float).T
    found, back = paired_change(first, last), paired_change(last, first, better="lower")
    moved = paired_change(scale * first + shift, scale * last + shift)
    for name in ("mean", "median", "mean_sign_flip"):
        ours = getattr(found, name)
        low, middle, high = ours.ci_low, ours.estimate, ours.ci_high
        turned, grown = getattr(back, name), getattr(moved, name)
        assert same(turned[:3], (-middle, -high, -low))
        assert same(grown[:3], (scale * middle, scale * low, scale * high))
        assert math.isnan(low) or low - 1e-6 <= middle <= high + 1e-6
    for p in ("p_value", "p_signed_rank"):
        assert 0 < getattr(found, p) <= 1
        assert getattr(found, p) == getattr(back, p) == getattr(moved, p)
    assert found.improved.count + found.unchanged.count + found.worse.count == found.n
    assert (back.improved, back.worse) == (found.improved, found.worse)
    assert found.least <= found.mean.estimate <= found.greatest


LEVELS = ("none", "standard", "moderate", "high")
STATES = some.sampled_from([*LEVELS, "?", None])


@settings(deadline=None)
@for_all(some.lists(some.tuples(STATES, STATES), min_size=1, max_size=18))
def test_a_table_turns_with_its_levels_and_with_time(pairs: list[tuple[object, object]]) -> None:
    first, last = zip(*pairs, strict=True)
    found = paired_transitions(first, last, levels=LEVELS, unknown=["?"])
    for other in (
        paired_transitions(last, first, levels=LEVELS, unknown=["?"]),
        paired_transitions(first, last, levels=LEVELS[::-1], unknown=["?"]),
    ):
        assert (other.rose, other.fell, other.stayed) == (found.fell, found.rose, found.stayed)
        ours = (found.p_value, found.p_sign, found.p_symmetry, found.p_margins)
        theirs = (other.p_value, other.p_sign, other.p_symmetry, other.p_margins)
        assert same(ours, theirs)
        assert all(0 < p <= 1 for p in ours)
    assert found.n + found.n_left_out == len(pairs)
    assert found.rose.count + found.fell.count + found.stayed.count == found.n_known


@settings(deadline=None, max_examples=40)
@for_all(some.lists(some.tuples(SCORES, SCORES), min_size=3, max_size=9))
def test_raters_can_be_exchanged(pairs: list[tuple[int, int]]) -> None:
    one, two = np.array(pairs, dtype=float).T
    found, turned = limits_of_agreement(one, two), limits_of_agreement(two, one)
    mirrored = (-turned.upper.estimate, -turned.upper.ci_high, -turned.upper.ci_low)
    assert same(found.lower[:3], mirrored)
    assert (found.within, found.equal) == (turned.within, turned.equal)
    icc, back = (intraclass_correlation(np.column_stack(p)) for p in ((one, two), (two, one)))
    assert same(icc.agreement[:3], back.agreement[:3])
    assert same(icc.consistency[:3], back.consistency[:3])
    r, other = correlation(one, two), correlation(two, one)
    assert same((r.estimate, r.ci_low, r.ci_high, r.p_value),
                (other.estimate, other.ci_low, other.ci_high, other.p_value))  # fmt: skip


@settings(deadline=None, max_examples=60)
@for_all(COUNTS, some.sampled_from([0.5, 30.0]))
def test_a_trend_turns_with_time_and_not_with_the_unit_of_exposure(
    counts: list[int], unit: float
) -> None:
    found, back = count_trend(counts), count_trend(counts[::-1])
    scaled = count_trend(counts, exposure=[unit] * len(counts))
    ratio, turned = found.rate_ratio, back.rate_ratio
    if math.isnan(ratio.estimate):
        assert len([count for count in counts if count]) == 1
    else:
        inverse = (1 / turned.estimate, 1 / turned.ci_high, 1 / turned.ci_low)
        assert ratio[:3] == pytest.approx(inverse, rel=1e-6)
        assert ratio[:3] == pytest.approx(scaled.rate_ratio[:3], rel=1e-6)
        assert found.line["fitted"].sum() == pytest.approx(sum(counts))
    assert found.exact is not None
    assert back.exact is not None
    assert 0 < found.exact.p_value == pytest.approx(back.exact.p_value)
    assert 0 <= found.exact.ci_low < found.exact.ci_high
    line, level = linear_trend(counts), linear_trend([count + 3 for count in counts])
    assert same(line.slope[:3], level.slope[:3])


@settings(deadline=None)
@for_all(some.lists(some.integers(0, 400), min_size=1, max_size=30))
def test_a_median_follows_its_values_through_every_rising_scale(values: list[int]) -> None:
    found, squares = median_interval(values), median_interval([v**2 for v in values])
    assert same((found.median.ci_low**2, found.median.ci_high**2), squares.median[1:3])
    assert math.isnan(found.median.ci_low) == (len(values) < 6)
    if len(values) >= 6:
        assert found.median.ci_low <= found.median.estimate <= found.median.ci_high
        assert found.achieved_level >= 0.95
