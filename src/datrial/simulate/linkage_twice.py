"""People who were referred at two sites under two references, and allocated under both.

Two perpetrators of the world, each allocated at a site of his own, are in truth one: the
second has the first's name, date of birth and home. What happened to either and what the
agencies recorded of it stays as it was, so nothing else of the world moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from datrial.allocation.schemes import CONTROL, INTERVENTION
from datrial.simulate.clerks import Clerk, write_down
from datrial.simulate.identities import Identities
from datrial.simulate.randomness import Array, generator
from datrial.simulate.world import World

#: How many for each unit of scale, by the arms of the first and of the second allocation.
ALLOCATED_TWICE = {
    (CONTROL, CONTROL): 2,
    (INTERVENTION, CONTROL): 1,
    (CONTROL, INTERVENTION): 1,
}


@dataclass(frozen=True)
class Referral:
    """One allocation of somebody: under which reference, where, when, and to which arm."""

    reference: str
    site: str
    meeting_date: np.datetime64
    arm: str


def allocated_twice(world: World, of: Identities) -> list[tuple[Referral, Referral]]:
    """Return pairs of allocations that are in truth of one person, the earlier one first.

    Both are of one sex and born on one day, so that ages agree wherever they stand.
    Canaries are not among them, and nobody is in two pairs.
    """
    rng = generator(world.seed, "allocated twice")
    alike: dict[tuple[np.datetime64, bool], list[Referral]] = {}
    canaries = set(of.reference[of.is_canary])
    for site in world.sites:
        people = site.people
        for row in np.flatnonzero(site.allocation.arm != ""):
            if people.reference[row] not in canaries:
                alike.setdefault((people.born[row], bool(people.male[row])), []).append(
                    Referral(
                        people.reference[row],
                        people.site.key,
                        people.index[row],
                        site.allocation.arm[row],
                    )
                )
    pairs = [
        (first, second)
        for group in alike.values()
        for first in group
        for second in group
        if first.site != second.site and first.meeting_date < second.meeting_date
    ]
    chosen: list[tuple[Referral, Referral]] = []
    for arms, number in ALLOCATED_TWICE.items():
        free = [pair for pair in pairs if (pair[0].arm, pair[1].arm) == arms]
        for place in rng.permutation(len(free)):
            if sum((a.arm, b.arm) == arms for a, b in chosen) == number * world.scale:
                break
            taken = {each.reference for pair in chosen for each in pair}
            if not taken & {each.reference for each in free[place]}:
                chosen.append(free[place])
    return chosen


def write_as_the_first(
    content: dict[str, Array],
    rng: np.random.Generator,
    identities: Identities,
    written: tuple[Array, Array],
    first_of: Mapping[str, str],
    clerk: Clerk,
) -> None:
    """Write those who are in truth somebody else down again, as whom they are.

    Parameters
    ----------
    content
        What :func:`datrial.simulate.clerks.write_down` gave; changed in place.
    written
        The true reference and the day of each writing.
    first_of
        The second reference of somebody -> his first.
    """
    true, days = written
    again = np.array([who in first_of for who in true], dtype=bool)
    rows = identities.rows_of(np.array([first_of[who] for who in true[again]], dtype=object))
    for name, cells in write_down(rng, identities, rows, days[again], clerk).items():
        content[name][again] = cells
