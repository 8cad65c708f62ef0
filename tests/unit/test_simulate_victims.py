"""Simulated answers of victims-survivors: Table 4 and 9, supports, sustainability, at any seed."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest
from given import drive

from datrial.allocation.schemes import CONTROL, INTERVENTION
from datrial.simulate.insights import EXITS, INTAKES
from datrial.simulate.randomness import Array, is_blank
from datrial.simulate.support_amounts import (
    CONTACTS,
    DAYS,
    contacts,
    days_of_support,
    printed_contacts,
    printed_days,
)
from datrial.simulate.victim_history import (
    NEEDS,
    NUMBER_OF_NEEDS,
    SELF_MOBILISED,
    SEXUAL_ORIENTATION,
    history,
    quantiles,
)
from datrial.simulate.victim_support import (
    NUMBER_OF_SUPPORTS,
    SUPPORTS,
    SUSTAINABILITY_KNOWN,
    TOTALS,
    supports,
    sustainability,
)
from datrial.simulate.world import World, make_world

ARMS = (INTERVENTION, CONTROL)
AT = [(1, 1), (2, 1), (1, 3)]


def arms_of(sizes: dict[str, int], scale: int) -> Array:
    return np.repeat(np.array(ARMS, dtype=object), [scale * sizes[arm] for arm in ARMS])


@pytest.mark.parametrize(("seed", "scale"), AT)
def test_table_4_is_met_by_arm(seed: int, scale: int) -> None:
    arms = arms_of(INTAKES, scale)
    found = history(arms, seed, scale)
    yes = sum((found[need] == "yes").astype(int) for need in NEEDS)
    for arm in ARMS:
        of_arm = arms == arm
        assert Counter(found["sexual_orientation"][of_arm]) == {
            code: scale * number for code, number in SEXUAL_ORIENTATION[arm].items()
        }
        groups = np.bincount(np.minimum(yes[of_arm], 3), minlength=4)
        assert tuple(groups) == tuple(scale * number for number in NUMBER_OF_NEEDS[arm])
        assert sum(NUMBER_OF_NEEDS[arm]) == INTAKES[arm]
    assert (yes == 4).any() and (yes == 5).any()
    assert {answer for need in NEEDS for answer in found[need]} == {"yes", "no", "dont_know"}


@pytest.mark.parametrize("name", SELF_MOBILISED)
def test_table_9_has_the_same_mean_and_sd_at_every_seed(name: str) -> None:
    arms = arms_of(INTAKES, 1)
    times = SELF_MOBILISED[name]
    one, two = (history(arms, seed, 1)[name] for seed in (1, 2))
    for arm in ARMS:
        values = [each[arms == arm].astype(int) for each in (one, two)]
        assert sorted(values[0]) == sorted(values[1])
        assert values[0].min() >= 0
        assert values[0].mean() == pytest.approx(times.means[arm], abs=0.005)
        assert values[0].std(ddof=1) == pytest.approx(times.sd, rel=0.07)
    assert list(one) != list(two)  # the same numbers, of other people


def test_quantiles_have_the_mean_asked_for() -> None:
    found = quantiles(0.11, 0.53, 196)
    assert found.sum() == round(0.11 * 196)
    assert list(found) == sorted(found) and found.min() == 0


@pytest.mark.parametrize(("seed", "scale"), AT)
def test_supports_meet_the_totals_of_types_and_of_arms(seed: int, scale: int) -> None:
    arms = arms_of(EXITS, scale)
    given = np.stack([each == "yes" for each in supports(arms, seed, scale).values()], axis=1)
    assert list(given.sum(axis=0)) == [scale * number for number in SUPPORTS.values()]
    for arm, (forms, total) in TOTALS.items():
        numbers = given[arms == arm].sum(axis=1)
        assert (len(numbers), numbers.sum()) == (scale * forms, scale * total)
        mean, sd = NUMBER_OF_SUPPORTS[arm]
        assert round(numbers.mean(), 1) == mean
        assert numbers.std(ddof=1) == pytest.approx(sd, abs=0.05)
        assert numbers.min() >= 1
    assert forms == EXITS[arm]
    # Shuffled: nobody's supports follow from how common they are.
    assert len({tuple(row) for row in given}) > 0.4 * EXITS[CONTROL]


def test_sums_of_types_and_of_arms_are_of_the_same_supports() -> None:
    assert sum(SUPPORTS.values()) == sum(total for _, total in TOTALS.values())
    assert {arm: forms for arm, (forms, _) in TOTALS.items()} == EXITS


@pytest.mark.parametrize(("seed", "scale"), AT)
@pytest.mark.parametrize("reductions", [0.6, 0.95])
def test_so_many_say_how_lasting_the_change_is(seed: int, scale: int, reductions: float) -> None:
    arms = arms_of(EXITS, scale)
    rng = np.random.default_rng(seed)
    change = np.where(rng.random(len(arms)) < reductions, "moderate_reduction", "no_change")
    found = sustainability(arms, change.astype(object), seed, scale)
    known = ~(is_blank(found) | (found == "dont_know"))
    for arm in ARMS:
        of_arm = arms == arm
        assert known[of_arm].sum() == scale * SUSTAINABILITY_KNOWN[arm]
        reduced = change[of_arm] == "moderate_reduction"
        asked_otherwise = known[of_arm] & ~reduced
        # Only where there are too few reductions is anybody else asked.
        too_few = max(0, scale * SUSTAINABILITY_KNOWN[arm] - reduced.sum())
        assert asked_otherwise.sum() == too_few
    share = {arm: (found[known & (arms == arm)] == "permanently_eliminated").mean() for arm in ARMS}
    assert share[INTERVENTION] > share[CONTROL]


@pytest.mark.parametrize("arm", ARMS)
def test_days_and_contacts_have_what_is_printed(arm: str) -> None:
    """The SD of the contacts of controls is another: no such numbers have the printed one."""
    days, numbers = printed_days(DAYS[arm], EXITS[arm]), printed_contacts(CONTACTS[arm], EXITS[arm])
    for found, printed in ((days, DAYS[arm]), (numbers, CONTACTS[arm])):
        assert list(found) == sorted(found)
        assert (found.min(), found.max()) == (printed.low, printed.high)
        assert np.median(found) == printed.median
        assert round(found.mean()) == printed.mean
        if (arm, printed.sd) != (CONTROL, 6):
            assert round(found.std(ddof=1)) == printed.sd
    given = contacts(arm, EXITS[arm], 1)
    assert sorted(given) == list(numbers) and list(given) != list(numbers)


def test_nobody_leaves_after_the_end_of_the_data() -> None:
    n = EXITS[INTERVENTION]
    room = np.where(np.arange(n) % 4 == 0, 260, 900)
    days = days_of_support(INTERVENTION, room, 1)
    assert (days <= room).all()
    assert sorted(days) == list(printed_days(DAYS[INTERVENTION], n))
    assert list(days) != list(days_of_support(INTERVENTION, room, 2))
    nobody_fits = days_of_support(INTERVENTION, np.full(n, 3), 1)
    assert nobody_fits.max() == 3


@cache
def world() -> World:
    return make_world(drive(), 5, 1, lambda _: None)


def test_the_forms_have_these_columns_in_the_arm_of_the_perpetrator() -> None:
    forms = world().insights
    arm: dict[Any, str] = {}
    for site in world().sites:
        arm |= dict(zip(site.people.reference, site.allocation.arm, strict=True))
    intake = {
        who: arm[whose]
        for who, whose in zip(
            forms.intake["victim_id"], forms.intake["perpetrator_id"], strict=True
        )
    }
    of_exit = np.array([intake[who] for who in forms.exit["victim_id"]])
    given = sum((forms.exit[name] == "yes").astype(int) for name in SUPPORTS)
    for each, (count, total) in TOTALS.items():
        assert (of_exit == each).sum() == count
        assert given[of_exit == each].sum() == total
    of_intake = np.array(list(intake.values()))
    attempts = forms.intake["attempts_to_leave"].astype(int)
    for each in ARMS:
        expect = SELF_MOBILISED["attempts_to_leave"].means[each]
        assert attempts[of_intake == each].mean() == pytest.approx(expect, abs=0.005)
