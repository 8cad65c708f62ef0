"""Simulated levels of needs against Table A7.1, and what its numbers and Table A2.1 cannot both be.

Counts made by quota must be met exactly, at every seed and scale.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from datrial.analyses.need_levels import DONT_KNOW, counted, levels_of
from datrial.simulate.need_levels import AT_MIDPOINT, level_shares
from datrial.simulate.needs import ANSWERED, NEEDS, PER_CENT_YES, TIME_POINTS, needs_of

#: Table A7.1: frequencies; n and per cent yes of the current report; n and per cent of the costs.
PRINTED = {
    "drugs_misuse": ((14, 35, 17, 15, 95, 291), (467, 17), (176, 28)),
    "housing": ((20, 18, 36, 53, 141, 204), (472, 27), (268, 40)),
    "mental_health": ((61, 46, 46, 14, 5, 295), (469, 23), (172, 62)),
    "alcohol_misuse": ((19, 39, 26, 45, 40, 298), (467, 28), (169, 34)),
}


@pytest.mark.parametrize("need", PRINTED)
def test_table_a7_1_follows_from_its_frequencies(need: str) -> None:
    """Any need of all answers is the report's share, a high need of known levels the costs'.

    But for mental health the frequencies add up to 467, not to the 469 printed beside them.
    """
    numbers, (n, any_need), (known, high_need) = PRINTED[need]
    of = dict(zip(levels_of(need), numbers, strict=True))
    assert sum(numbers) == (467 if need == "mental_health" else n)
    assert sum(numbers) - of[DONT_KNOW] == known
    having = {rule: sum(of[level] for level in counted(need, rule)) for rule in ("any", "high")}
    assert round(100 * having["any"] / n) == any_need
    assert round(100 * having["high"] / known) == high_need


def test_yes_or_no_and_levels_contradict_each_other_as_little_as_the_counts_allow() -> None:
    """Per cent of Table A2.1 and counts of Table A7.1 are not the same people with a need.

    17% of 467 is 79, but 81 have a level of drugs misuse (two noes are low); 28% of 467 is
    131, but 129 have one of alcohol misuse (two yeses of unknown level); 23% of 469 is 108,
    but 107 are in poor or fair mental health, and two have no level (one yes and one no).
    """
    over = {}
    for need, (numbers, (n, _), _) in PRINTED.items():
        position = NEEDS.index(need)
        assert ANSWERED["midpoint"][position] == n
        yes = round(n * PER_CENT_YES["midpoint"][position] / 100)
        of = dict(zip(levels_of(need), numbers, strict=True))
        over[need] = yes - sum(of[level] for level in counted(need, "any"))
    assert over == {"drugs_misuse": -2, "housing": 0, "mental_health": 1, "alcohol_misuse": 2}
    needs = needs_of(506, 20160401, 1)
    odd: Counter[tuple[str, str, str | None]] = Counter()
    for need in PRINTED:
        columns = (each["midpoint"][:, NEEDS.index(need)] for each in (needs.answers, needs.levels))
        for answer, level in zip(*columns, strict=True):
            has_need = level in counted(need, "any")
            is_odd = not has_need if answer == "yes" else has_need or level is None
            if answer in ("yes", "no") and is_odd:
                odd[need, answer, level] += 1
    assert odd == {
        ("drugs_misuse", "no", "low"): 2,
        ("mental_health", "yes", None): 1,
        ("mental_health", "no", None): 1,
        ("alcohol_misuse", "yes", "dont_know"): 2,
    }


@pytest.mark.parametrize(("seed", "scale"), [(1, 1), (99, 2), (7, 5)])
def test_the_quotas_hold_at_every_seed_and_scale(seed: int, scale: int) -> None:
    needs = needs_of(506 * scale, seed, scale)
    for need, (numbers, _, _) in PRINTED.items():
        levels = Counter(needs.levels["midpoint"][:, NEEDS.index(need)].tolist())
        assert {level: levels[level] for level in levels_of(need)} == {
            level: scale * number for level, number in zip(levels_of(need), numbers, strict=True)
        }


def test_a_level_stands_where_a_need_was_answered_and_agrees_with_the_answer() -> None:
    """Apart from the four needs at midpoint, whose printed counts do not allow it."""
    needs = needs_of(506, 3, 1)
    for time_point in TIME_POINTS:
        for column, need in enumerate(NEEDS):
            answers = needs.answers[time_point][:, column]
            levels = needs.levels[time_point][:, column]
            unanswered = ~np.isin(answers, ("yes", "no"))
            assert set(levels[unanswered]) == {None}
            if time_point == "midpoint" and need in AT_MIDPOINT:
                continue
            there, absent = level_shares(need)
            assert set(levels[answers == "yes"]) <= set(there) == counted(need, "any")
            assert set(levels[answers == "no"]) <= set(absent)
            assert set(there) | set(absent) == set(levels_of(need))


def test_levels_have_their_own_random_streams() -> None:
    """The answers are those that there were before levels were asked for, and differ by seed."""
    first, again, other = (needs_of(506, seed, 1) for seed in (3, 3, 4))
    for time_point in TIME_POINTS:
        assert (first.levels[time_point] == again.levels[time_point]).all()
        assert (first.levels[time_point] != other.levels[time_point]).any()
    assert [int((first.answers[t] == "yes").sum()) for t in TIME_POINTS] == [684, 1020, 1019]
