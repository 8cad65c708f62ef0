"""A world in which agencies share no reference: people are known by names and dates of birth.

The world itself is the same. What differs is how it is written down: files have
identifiers, as their agencies' clerks wrote them, and references of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datrial.config.mapping import load_mappings
from datrial.config.study import Study
from datrial.simulate.agencies import AGENCIES, Agency
from datrial.simulate.clerks import write_down
from datrial.simulate.households import address_references
from datrial.simulate.identities import Identities, perpetrators, victims
from datrial.simulate.layouts import Layout
from datrial.simulate.linkage_twice import Referral, allocated_twice, write_as_the_first
from datrial.simulate.names import CANARIES
from datrial.simulate.randomness import Array, generator
from datrial.simulate.references import References
from datrial.simulate.world import World

Records = dict[str, Array]
Pair = tuple[Layout, Records]
_DAY_OF = {
    "marac_case": "hearing_date", "police_incident": "incident_date",
    "insights_intake": "intake_date", "insights_exit": "exit_date",
    "cms_service_user": "start_date",
}  # fmt: skip


@dataclass
class Unlinked:
    """What the agencies wrote where they share no reference, and the truth behind it."""

    pairs: list[Pair]
    people: dict[str, Identities]
    references: References
    twice: list[tuple[Referral, Referral]]


def shares_no_reference(study: Study) -> bool:
    """Return whether the study's mappings read identifiers, which its agencies then write."""
    mappings = load_mappings(study.sources)
    return any(table.identifiers for mapping in mappings for table in mapping.tables)


def unlink(world: World, pairs: list[Pair]) -> Unlinked:
    """Return the records as agencies write them that share no reference."""
    everyone = [site.people for site in world.sites]
    of_perpetrators = perpetrators(everyone, world.seed)
    people = {
        "perpetrator": of_perpetrators,
        "victim": victims(everyone, of_perpetrators, world.insights.intake, world.seed),
    }
    _place_canaries(world, pairs, people)
    twice = allocated_twice(world, of_perpetrators)
    references = References(
        world.seed,
        {
            who: day
            for each in everyone
            for who, day in zip(each.reference, each.index, strict=True)
        },
        {second.reference: first.reference for first, second in twice},
    )
    written: list[Pair] = []
    for layout, records in pairs:
        agency = AGENCIES.get((layout.file, layout.table))
        if agency is None:
            written.append((layout, records))
        else:
            written.append(
                (agency.layout, _as_written(agency, records, people, references, world.seed))
            )
    return Unlinked(written, people, references, twice)


def _as_written(
    agency: Agency,
    records: Records,
    people: dict[str, Identities],
    references: References,
    seed: int,
) -> Records:
    layout = agency.layout
    days = records[_DAY_OF[layout.table]].astype("datetime64[D]")
    # In Insights notes and names are the victim-survivor's, elsewhere the perpetrator's.
    named = "victim" if layout.table.startswith("insights") else "perpetrator"
    result = dict(records)
    for of, identities in people.items():
        if f"{of}_id" not in records:
            continue
        true = records[f"{of}_id"]
        own = references.written(agency, of, true, days)
        result[f"{of}_id"] = own
        rng = generator(seed, "clerk", layout.file, layout.table, of)
        when = days if agency.clerk.anew else np.full(len(days), days.max())
        # Each writing is of one reference (and, if anew, on one day).
        keys = np.array([f"{who} {day}" for who, day in zip(own, when, strict=True)])
        _, first, writing = np.unique(keys, return_index=True, return_inverse=True)
        content = write_down(
            rng, identities, identities.rows_of(true[first]), when[first], agency.clerk
        )
        if of == "perpetrator":
            own_rng = generator(seed, "clerk", layout.file, layout.table, of, "allocated twice")
            who = (true[first], when[first])
            write_as_the_first(content, own_rng, identities, who, references.first_of, agency.clerk)
        result |= {f"{of}_{name}": cells[writing] for name, cells in content.items()}
        if of == named:
            result["withheld_name"] = content["full_name"][writing]
    if "household_id" in layout.columns:
        result["household_id"] = address_references(
            people, records["victim_id"], days, seed, layout.file
        )
    return result


def _place_canaries(world: World, pairs: list[Pair], people: dict[str, Identities]) -> None:
    """Make canaries of a perpetrator and his victim at each site, whom every agency names."""
    named: dict[str, set[str]] = {}
    for layout, records in pairs:
        if "perpetrator_id" in records:
            named.setdefault(layout.table, set()).update(records["perpetrator_id"])
    everywhere = named["police_incident"] & named["cms_service_user"] & named["insights_intake"]
    intake = world.insights.intake
    victim_of = dict(zip(intake["perpetrator_id"], intake["victim_id"], strict=True))
    rng = generator(world.seed, "canaries")
    for site in world.sites:
        key = site.people.site.key
        chosen = sorted(everywhere & set(site.people.reference))
        who = chosen[int(rng.integers(len(chosen)))]
        for of, reference in (("perpetrator", who), ("victim", victim_of[who])):
            row = int(people[of].rows_of(np.array([reference], dtype=object))[0])
            people[of].make_canary(row, CANARIES[of, key])
