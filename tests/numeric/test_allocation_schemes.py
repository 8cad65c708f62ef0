"""The schemes against their definitions and published properties.

Every draw here is of a fixed seed, so that no test fails by chance. Chi-square tests
compare with the 0.999 quantile: room for any fair draw, none for a bias of a few per
cent. Means over replays may lie 4 standard errors from the theory.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from datrial.allocation.replays import Simulation, drawn_people, simulate
from datrial.allocation.replays.people import ToAllocate
from datrial.allocation.replays.schemes import replays_of
from datrial.allocation.sequential.chosen import scheme_of
from datrial.allocation.sequential.minimisation import Minimisation
from datrial.allocation.sequential.parts import Candidate, Draw, History, Scheme, Stream
from datrial.allocation.sequential.permuted_blocks import PermutedBlocks
from datrial.allocation.sequential.simple import Simple
from datrial.config.allocation import Allocation
from datrial.config.study import Arm, Study, load_study

EQUAL = {"a": 1, "b": 1}
RATIOS = [EQUAL, {"a": 2, "b": 1}, {"a": 1, "b": 2, "c": 1}]


def study(arms: Mapping[str, int] = EQUAL, **settings: Any) -> Study:
    """Return a study with these arms in this ratio, and these allocation settings."""
    drive = load_study("drive")
    given = {"eligibility": {"minimum_age": 16}, **settings}
    if settings["method"] != "capacity_lottery":
        given["ratio"] = dict(arms)
    roles = {arm: "control" if arm == "b" else "intervention" for arm in arms}
    return drive.model_copy(
        update={
            "arms": {arm: Arm(label=arm, role=role) for arm, role in roles.items()},
            "allocation": Allocation.model_validate(given),
        }
    )


def sequence(scheme: Scheme, people: int, stream: Stream, levels: Any = None) -> list[Draw]:
    """Draw people one after the other; ``levels`` gives each person's."""
    history, draws = History(), []
    for number in range(people):
        own = levels(number) if levels else {}
        draw = scheme.draw(history, Candidate(f"p{number}", "site", own), stream)
        history.enter(draw.stratum, own, draw.arm)
        draws.append(draw)
    return draws


def chi_square(counts: Mapping[Any, int], shares: Mapping[Any, float]) -> float:
    total = sum(counts.values())
    return sum(
        (counts[key] - total * share) ** 2 / (total * share) for key, share in shares.items()
    )


# Simple randomisation


@pytest.mark.parametrize("ratio", RATIOS)
def test_simple_gives_each_arm_its_share(ratio: dict[str, int]) -> None:
    draws = sequence(Simple(ratio), 6000, Stream(1, "simple"))
    shares = {arm: part / sum(ratio.values()) for arm, part in ratio.items()}
    assert chi_square(Counter(d.arm for d in draws), shares) < chi2.ppf(0.999, len(ratio) - 1)
    assert all(draw.probabilities == pytest.approx(shares) for draw in draws[:5])


def test_simple_draws_are_independent() -> None:
    """Being in an arm tells nothing of the next: all four pairs are equally frequent."""
    arms = [draw.arm for draw in sequence(Simple(EQUAL), 8000, Stream(2, "simple"))]
    pairs = Counter(zip(arms[::2], arms[1::2], strict=True))
    quarter = dict.fromkeys(itertools.product("ab", repeat=2), 0.25)
    assert chi_square(pairs, quarter) < chi2.ppf(0.999, 3)


# Permuted blocks


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("times", [(1,), (2,), (1, 2, 3)])
def test_every_block_keeps_the_ratio(ratio: dict[str, int], times: tuple[int, ...]) -> None:
    whole = sum(ratio.values())
    scheme = PermutedBlocks(ratio, [whole * each for each in times])
    stream = Stream(3, "blocks")
    arms = [draw.arm for draw in sequence(scheme, 300, stream)]
    start, sizes = 0, Counter[int]()
    for number in itertools.count():
        size = int(stream.generator("everyone", "block", number).choice(scheme.sizes))
        if start + size > len(arms):
            break
        assert Counter(arms[start : start + size]) == {
            arm: part * size // whole for arm, part in ratio.items()
        }
        sizes[size] += 1
        start += size
    assert set(sizes) == {whole * each for each in times}


def test_every_order_of_a_block_is_equally_likely() -> None:
    """The six orders of two a and two b, in 2,000 blocks."""
    arms = [draw.arm for draw in sequence(PermutedBlocks(EQUAL, [4]), 8000, Stream(4, "b"))]
    orders = Counter("".join(arms[i : i + 4]) for i in range(0, len(arms), 4))
    assert len(orders) == 6
    assert chi_square(orders, dict.fromkeys(orders, 1 / 6)) < chi2.ppf(0.999, 5)


def test_block_sizes_are_equally_likely() -> None:
    scheme, stream = PermutedBlocks(EQUAL, [2, 4, 6]), Stream(5, "b")
    sequence(scheme, 8000, stream)
    sizes = Counter(np.diff(scheme._ends[stream, "everyone"]).tolist())
    assert chi_square(sizes, dict.fromkeys((2, 4, 6), 1 / 3)) < chi2.ppf(0.999, 2)


def test_strata_have_blocks_of_their_own() -> None:
    scheme = PermutedBlocks(EQUAL, [4], ["site", "sex"])
    levels = [{"site": s, "sex": x} for s in ("one", "two") for x in ("f", "m")]
    draws = sequence(scheme, 160, Stream(6, "b"), lambda n: levels[n * n % 4])
    of: dict[str, list[str]] = {}
    for draw in draws:
        of.setdefault(draw.stratum, []).append(draw.arm)
        assert draw.position == len(of[draw.stratum])
    assert set(of) <= {f"sex={each['sex']}|site={each['site']}" for each in levels}
    assert len(of) == 2
    for arms in of.values():
        assert all(arms[i : i + 4].count("a") == 2 for i in range(0, len(arms) - 3, 4))
    assert len({tuple(arms[:40]) for arms in of.values()}) == 2


# Minimisation


def history_of(*people: tuple[str, dict[str, str]]) -> History:
    history = History()
    for arm, levels in people:
        history.enter("everyone", levels, arm)
    return history


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        # Sex f: a 2, b 1. Age old: a 0, b 2. Someone f and old, put into a: f 3:1, old 1:2;
        # into b: f 2:2, old 0:3. Range: 2 + 1 = 3 in both, a tie.
        ("range", {"a": 0.5, "b": 0.5}),
        # Variance: 2 + 0.5 = 2.5 against 0 + 4.5: a.
        ("variance", {"a": 0.8, "b": 0.2}),
        # Standard deviation is the range over sqrt(2) with two arms: a tie.
        ("standard_deviation", {"a": 0.5, "b": 0.5}),
    ],
)
def test_minimisation_worked_by_hand(measure: str, expected: dict[str, float]) -> None:
    history = history_of(
        ("a", {"sex": "f", "age": "young"}), ("a", {"sex": "f", "age": "young"}),
        ("b", {"sex": "f", "age": "old"}), ("b", {"sex": "m", "age": "old"}),
    )  # fmt: skip
    scheme = Minimisation(EQUAL, {"sex": 1, "age": 1}, measure=measure)
    candidate = Candidate("p", "site", {"sex": "f", "age": "old"})
    assert scheme.chances(history, candidate, Stream(0)) == pytest.approx(expected)
    # Sex weighed twice: 2*2 + 1 = 5 against 2*0 + 3 = 3 (range): b.
    heavy = Minimisation(EQUAL, {"sex": 2, "age": 1}, measure="range")
    assert heavy.chances(history, candidate, Stream(0)) == pytest.approx({"a": 0.2, "b": 0.8})


@pytest.mark.parametrize("ratio", [*RATIOS, {"a": 3, "b": 1, "c": 2}])
def test_the_random_element_is_that_of_han_and_others(ratio: dict[str, int]) -> None:
    """Han, Enas and McEntegart (2009): preferred arm k has 1 - (1 - p1) S(not k) / S(not 1).

    S is a sum of the ratio's parts, 1 the arm with the fewest; another arm has its
    part of (1 - p1) / S(not 1).
    """
    high, whole = 0.85, sum(ratio.values())
    rest = (1 - high) / (whole - min(ratio.values()))
    scheme = Minimisation(ratio, {"site": 1}, preferred_probability=high)
    for preferred in ratio:
        # All others are far ahead.
        history = history_of(
            *((arm, {"site": "x"}) for arm in ratio if arm != preferred for _ in range(30))
        )
        chances = scheme.chances(history, Candidate("p", "x", {"site": "x"}), Stream(0))
        for arm, part in ratio.items():
            expected = 1 - rest * (whole - ratio[preferred]) if arm == preferred else rest * part
            assert chances[arm] == pytest.approx(expected)


@pytest.mark.parametrize("ratio", RATIOS)
def test_a_first_person(ratio: dict[str, int]) -> None:
    """By the ratio, should it be equal; else the largest arm is preferred (see the class)."""
    chances = Minimisation(ratio, {"site": 1}).chances(
        History(), Candidate("p", "x", {"site": "x"}), Stream(0)
    )
    whole = sum(ratio.values())
    if len(set(ratio.values())) == 1:
        assert chances == pytest.approx({arm: part / whole for arm, part in ratio.items()})
    else:
        largest = max(ratio, key=lambda arm: ratio[arm])
        assert chances[largest] > ratio[largest] / whole
        assert all(chances[arm] < part / whole for arm, part in ratio.items() if arm != largest)
    assert sum(chances.values()) == pytest.approx(1)


MINIMISED = {"factors": {"site": 1, "age": 1, "repeat_case": 0.5}}


def minimised(ratio: Mapping[str, int] = EQUAL, **more: Any) -> Study:
    return study(
        ratio, method="minimisation", age_bands=[25, 40], minimisation={**MINIMISED, **more}
    )


def test_minimisation_balances_every_level_better_than_simple() -> None:
    people = drawn_people(minimised(), 200, 7)
    found = simulate(minimised(), people, replays=2000)
    plain = simulate(study(method="simple"), people, replays=2000)
    assert set(found.by_level) == set(plain.by_level)
    for level, each in found.by_level.items():
        assert each.mean < 0.5 * plain.by_level[level].mean, level
        assert each.p95 < plain.by_level[level].p95
    assert found.overall.mean < 0.25 * plain.overall.mean


@pytest.mark.parametrize("ratio", RATIOS)
def test_every_scheme_keeps_the_ratio(ratio: dict[str, int]) -> None:
    """Means of arm sizes lie within 1% of everyone: 3 people of 300."""
    whole = sum(ratio.values())
    for each in (
        study(ratio, method="simple"),
        study(ratio, method="permuted_blocks", block_sizes=[whole, 2 * whole]),
        minimised(ratio),
    ):
        found = simulate(each, drawn_people(each, 300, 8), replays=2000)
        for arm, part in ratio.items():
            size = found.group_sizes[arm]
            assert size.expected == pytest.approx(300 * part / whole)
            assert abs(size.mean - size.expected) < 3, (each.allocation.method, arm)
            assert size.smallest <= size.p2_5 <= size.mean <= size.p97_5 <= size.largest


# Replays


@pytest.mark.parametrize(
    "settings",
    [
        {"method": "simple"},
        {"method": "permuted_blocks", "block_sizes": [4], "stratify_by": ["site"]},
        {"method": "minimisation", "minimisation": {"factors": {"site": 1, "repeat_case": 2}}},
        {
            "method": "minimisation",
            "minimisation": {"factors": {"site": 1, "repeat_case": 2}, "measure": "variance"},
        },
    ],
)
@pytest.mark.parametrize("ratio", RATIOS)
def test_replays_have_the_chances_of_the_scheme(
    ratio: dict[str, int], settings: dict[str, Any]
) -> None:
    """Both ways of writing each scheme agree at every step of a sequence."""
    if "block_sizes" in settings:
        settings = {**settings, "block_sizes": [2 * sum(ratio.values())]}
    given = study(ratio, **settings)
    people = drawn_people(given, 80, 9)
    scheme, history, stream = scheme_of(given.allocation, given.arms), History(), Stream(9)
    together, rng = replays_of(given, people, 3), np.random.default_rng(0)
    for number, levels in enumerate(people.levels):
        candidate = Candidate(f"p{number}", levels["site"], levels)
        draw = scheme.draw(history, candidate, stream)
        chances = together.chances(number, rng)
        assert chances == pytest.approx(
            np.tile([draw.probabilities[arm] for arm in together.arms], (3, 1)), abs=1e-8
        )
        assert together.stratum(number) == draw.stratum
        history.enter(draw.stratum, levels, draw.arm)
        together.enter(number, np.full(3, together.arms.index(draw.arm)))


def simulated(people: int, replays: int = 4000, **settings: Any) -> Simulation:
    given = study(**settings)
    return simulate(given, drawn_people(given, people, 10), replays=replays)


def standard_error(found: Simulation) -> float:
    return float(np.std(found.differences, ddof=1) / math.sqrt(found.replays))


@pytest.mark.parametrize("people", [50, 200])
def test_simple_has_the_imbalance_of_theory(people: int) -> None:
    """Mean absolute difference n C(n, n/2) / 2^n, about sqrt(2 n / pi)."""
    found = simulated(people, method="simple")
    exact = people * math.comb(people, people // 2) / 2**people
    assert exact == pytest.approx(math.sqrt(2 * people / math.pi), rel=0.01)
    assert abs(found.overall.mean - exact) < 4 * standard_error(found)
    # The guess: half of all, with a standard error of sqrt(1 / (4 n replays)).
    error = math.sqrt(1 / (4 * people * found.replays))
    assert abs(found.guessed - 0.5) < 4 * error
    assert found.guessed_knowing_all == pytest.approx(0.5)


def guess_rate(half: int) -> float:
    """Return the rate of right guesses in a block of 2m: (m + 2^(2m-1) / C(2m, m) - 1/2) / 2m.

    Blackwell and Hodges (1957) for the random allocation rule; for blocks Matts and
    Lachin (1988) and Rosenberger and Lachin (2015).
    """
    right = half + 2 ** (2 * half - 1) / math.comb(2 * half, half) - 0.5
    return right / (2 * half)


def test_published_guess_rates() -> None:
    """75%, 70.8%, 68.3% and 66.6% for blocks of 2, 4, 6 and 8."""
    rates = [round(100 * guess_rate(half), 1) for half in (1, 2, 3, 4)]
    assert rates == [75.0, 70.8, 68.3, 66.6]
    # The same by going through every order of a block.
    for half in (1, 2, 3, 4):
        right, orders = 0.0, set(itertools.combinations(range(2 * half), half))
        for places in orders:
            ahead = 0  # how many more a than b
            for place in range(2 * half):
                is_a = place in places
                right += 0.5 if ahead == 0 else float(is_a == (ahead < 0))
                ahead += 1 if is_a else -1
        assert right / len(orders) / (2 * half) == pytest.approx(guess_rate(half))


@pytest.mark.parametrize("half", [1, 2, 3, 4])
def test_blocks_are_guessed_as_published(half: int) -> None:
    """Whole blocks only. One guess has a standard deviation of at most 1/2, and within a
    block guesses are nearly independent: 4 errors of 1/2 over sqrt(n replays)."""
    found = simulated(120, method="permuted_blocks", block_sizes=[2 * half])
    error = 0.5 / math.sqrt(120 * found.replays)
    assert abs(found.guessed - guess_rate(half)) < 4 * error
    # Who knows the size of the blocks guesses no better: the counts tell all.
    assert found.guessed_knowing_all == pytest.approx(guess_rate(half), abs=4 * error)
    assert (found.overall.mean, found.overall.largest) == (0, 0)


def test_random_sizes_are_guessed_between_those_of_their_sizes() -> None:
    """Long sequences: right guesses per block over places per block, of both sizes."""
    found = simulated(1200, replays=1000, method="permuted_blocks", block_sizes=[2, 8])
    expected = (2 * guess_rate(1) + 8 * guess_rate(4)) / 10
    assert found.guessed == pytest.approx(expected, abs=0.004)
    assert found.overall.largest <= 4


def test_a_lottery_of_one_place_for_two_is_a_block_of_two() -> None:
    given = study(method="capacity_lottery")
    drawn = drawn_people(given, 120, 11)
    key = sorted(set(drawn.meetings))[0]
    people = ToAllocate(drawn.levels[:2] * 60, tuple(
        key._replace(meeting_date=key.meeting_date.replace(year=1900 + i // 2)) for i in range(120)
    ), {})  # fmt: skip
    people = ToAllocate(people.levels, people.meetings, dict.fromkeys(people.meetings, 1))
    found = simulate(given, people, replays=4000)
    error = 0.5 / math.sqrt(120 * 4000)
    assert abs(found.guessed_knowing_all - 0.75) < 4 * error
    assert {size.sd for size in found.group_sizes.values()} == {0}


def test_a_lottery_gives_as_many_as_there_are_places() -> None:
    given = study(method="capacity_lottery")
    people = drawn_people(given, 200, 12, at_meeting=10, places=3)
    found = simulate(given, people, replays=500)
    heard = Counter(people.meetings)
    places = sum(min(3, number) for number in heard.values())
    assert found.group_sizes["a"].smallest == found.group_sizes["a"].largest == places
    assert found.group_sizes["b"].mean == 200 - places
