"""Whatever the ratio, the factors and the people: what holds of every sequence of draws."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datrial.allocation.sequential.minimisation import Minimisation
from datrial.allocation.sequential.parts import Candidate, Draw, History, Scheme, Stream
from datrial.allocation.sequential.permuted_blocks import PermutedBlocks
from datrial.allocation.sequential.simple import Simple

RATIOS = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 4), min_size=2)
PEOPLE = st.lists(
    st.fixed_dictionaries({"site": st.sampled_from("xyz"), "age": st.sampled_from("12")}),
    max_size=40,
)
MEASURES = st.sampled_from(["range", "variance", "standard_deviation"])


@st.composite
def schemes(draw: st.DrawFn) -> Scheme:
    ratio = draw(RATIOS)
    kind = draw(st.sampled_from(["simple", "blocks", "minimisation"]))
    if kind == "simple":
        return Simple(ratio)
    if kind == "blocks":
        times = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True))
        strata = draw(st.lists(st.sampled_from(["site", "age"]), unique=True))
        return PermutedBlocks(ratio, [sum(ratio.values()) * n for n in times], strata)
    weights = draw(st.dictionaries(st.sampled_from(["site", "age"]), st.floats(0.1, 5), min_size=1))
    least = min(ratio.values()) / sum(ratio.values())
    high = draw(st.floats(least, 1))
    return Minimisation(ratio, weights, measure=draw(MEASURES), preferred_probability=high)


def draw_all(scheme: Scheme, people: list[dict[str, str]], seed: int) -> list[Draw]:
    history, stream, draws = History(), Stream(seed, scheme.name), []
    for number, levels in enumerate(people):
        draws.append(scheme.draw(history, Candidate(str(number), levels["site"], levels), stream))
        history.enter(draws[-1].stratum, levels, draws[-1].arm)
    return draws


@settings(max_examples=150, deadline=None)
@given(schemes(), PEOPLE, st.integers(0, 2**64))
def test_chances_are_chances_and_positions_have_no_gap(
    scheme: Scheme, people: list[dict[str, str]], seed: int
) -> None:
    draws = draw_all(scheme, people, seed)
    positions: Counter[str] = Counter()
    for draw in draws:
        assert set(draw.probabilities) == set(scheme.ratio)
        assert sum(draw.probabilities.values()) == pytest.approx(1, abs=1e-7)
        assert all(chance >= 0 for chance in draw.probabilities.values())
        assert draw.probabilities[draw.arm] > 0
        positions[draw.stratum] += 1
        assert draw.position == positions[draw.stratum]
    # Nobody who comes later changes who came before.
    assert draw_all(scheme, people[: len(people) // 2], seed) == draws[: len(people) // 2]


@settings(max_examples=150, deadline=None)
@given(RATIOS, st.lists(st.integers(1, 3), min_size=1, unique=True), PEOPLE, st.integers(0, 99))
def test_no_stratum_leaves_its_ratio_by_more_than_a_block(
    ratio: dict[str, int], times: list[int], people: list[dict[str, str]], seed: int
) -> None:
    whole = sum(ratio.values())
    scheme = PermutedBlocks(ratio, [whole * n for n in times], ["site"])
    counts: dict[str, Counter[str]] = {}
    for draw in draw_all(scheme, people, seed):
        own = counts.setdefault(draw.stratum, Counter())
        own[draw.arm] += 1
        for arm, part in ratio.items():
            off = own[arm] - own.total() * part / whole
            # Within a block of n parts, at most all of one arm, or all of the others, came first.
            assert abs(off) <= max(times) * part * (whole - part) / whole + 1e-9
