"""The early intervention trial's extracts: a referral log and the case managers' workbook."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from datrial.simulate.people import draw_references
from datrial.simulate.randomness import assign, generator
from datrial.simulate.services.early_intervention_layouts import GRIDS, LOG, MATRICES, SERVICES
from datrial.simulate.services.early_intervention_people import People, make_people
from datrial.simulate.services.early_intervention_readings import (
    ALIKE,
    INTAKE_ONLY,
    MOVES,
    NEEDS,
)
from datrial.simulate.services.early_intervention_referrals import (
    FIRST_24_WEEKS,
    PEOPLE,
    REFERRALS,
    REFERRED_BY,
    Referral,
)
from datrial.simulate.services.early_intervention_truth import truth
from datrial.simulate.services.service import Records, Service

if TYPE_CHECKING:
    from datrial.config.study import Study

Row = dict[str, Any]
_RATERS = ("practitioner", "service_user")
_DAYS_TO_MIDWAY = 28


def make(study: Study, seed: int, scale: int) -> Service:
    """Return the trial's records: ``scale`` copies of its people, each with its own draws."""
    rng = generator(seed, "early intervention", "references")
    references = draw_references(rng, "EI", PEOPLE * scale).reshape(scale, PEOPLE)
    log: list[Row] = []
    grids: list[Row] = []
    matrices: list[Row] = []
    services: list[Row] = []
    for copy in range(scale):
        people = make_people(references[copy], seed, copy)
        rng = generator(seed, "early intervention", "records", str(copy))
        days = _days(rng)
        log += _log(rng, people, days)
        grids += _grids(rng, people, days)
        matrices += _matrices(rng, people, days)
        services += _services(rng, people, days)
    numbers = draw_references(generator(seed, "early intervention", "services"), "S", len(services))
    services = [
        {"activity_id": number} | row for number, row in zip(numbers, services, strict=True)
    ]
    log.sort(key=lambda row: row["referred_on"])
    pairs = [
        (LOG, _records(log)),
        (GRIDS, _records(grids)),
        (MATRICES, _records(matrices)),
        (SERVICES, _records(services)),
    ]
    return Service(pairs, truth())


def _days(rng: np.random.Generator) -> dict[int, dict[str, dt.date]]:
    """Return the days of each referral's consultation, assessment, review and last reading."""
    days = {}
    for place, referral in enumerate(REFERRALS):
        of: dict[str, dt.date] = {}
        if referral.suitable:
            of["consulted"] = _later(referral.referred_on, int(rng.integers(3, 11)))
        if referral.started_on and referral.closed_on:
            of["intake"] = _later(referral.started_on, -int(rng.integers(0, 2)))
            of["midway"] = _later(of["intake"], _DAYS_TO_MIDWAY)
            of["exit"] = _later(referral.closed_on, -int(rng.integers(0, 3)))
        days[place] = of
    return days


def _log(
    rng: np.random.Generator, people: People, days: dict[int, dict[str, dt.date]]
) -> list[Row]:
    """Return the referral log, a row for each referral."""
    assessed = [*people.paired, *people.unpaired]
    senders = iter(assign(rng, REFERRED_BY))
    rows = []
    for place, referral in enumerate(REFERRALS):
        person = referral.person - 1
        months = _months_at(people, referral)
        in_report = place < FIRST_24_WEEKS and referral.suitable
        need = referral.accommodation is not None
        rows.append(
            {
                "client_id": people.reference[person],
                "date_of_birth": _months_before(referral.referred_on, months),
                "referred_on": referral.referred_on,
                "area": referral.area,
                "referred_by": "marac" if referral.is_from_marac else next(senders),
                "suitable": _answer(referral.suitable),
                "consulted_on": days[place].get("consulted"),
                "assessed_on": days[place]["intake"] if referral in assessed else None,
                "started_on": referral.started_on,
                "closed_on": referral.closed_on,
                "not_taken_on_reason": None if referral.engaged else referral.outcome,
                "closure_reason": referral.outcome if referral.engaged else None,
                "engaged": _answer(referral.engaged),
                "completed": _answer(referral.is_completed),
                "onward_referral": referral.onward,
                "accommodation_need": _answer(need) if in_report else None,
                "accommodation": referral.accommodation,
                "age": months // 12,
                "age_months": months,
                **{name: values[person] for name, values in people.facts.items()},
            }
        )
    return rows


def _grids(
    rng: np.random.Generator, people: People, days: dict[int, dict[str, dt.date]]
) -> list[Row]:
    """Return the abuse grids: the printed margins at intake and exit, some between."""
    pairs = {kind: list(counts) for kind, counts in MOVES.items()}
    moves = {kind: assign(rng, dict(enumerate(counts.values()))) for kind, counts in MOVES.items()}
    alone = {kind: assign(rng, counts) for kind, counts in INTAKE_ONLY.items()}
    rows = []
    for number, referral in enumerate(people.paired):
        moved = {kind: pairs[kind][places[number]] for kind, places in moves.items()}
        first = {kind: states[0] for kind, states in moved.items()}
        last = {kind: states[1] for kind, states in moved.items()}
        rows.append(_reading(people, referral, "intake", days, first))
        if referral in people.midway:
            # The review finds some of the change of the whole.
            so_far = {kind: (first, last)[int(rng.integers(2))][kind] for kind in moved}
            rows.append(_reading(people, referral, "midway", days, so_far))
        rows.append(_reading(people, referral, "exit", days, last))
    for number, referral in enumerate(people.unpaired):
        states = {kind: codes[number] for kind, codes in alone.items()}
        rows.append(_reading(people, referral, "intake", days, states))
    return sorted(rows, key=lambda row: (row["read_on"], row["client_id"]))


def _matrices(
    rng: np.random.Generator, people: People, days: dict[int, dict[str, dt.date]]
) -> list[Row]:
    """Return the needs matrices: complete sets of both raters, then those without an exit."""
    profiles = {area: [line.split() for line in lines] for area, lines in NEEDS.items()}
    rows = []
    drawn = rng.choice(ALIKE, size=len(people.scored_once))
    sets = [(referral, profile, 2) for profile, referral in enumerate(people.scored)]
    sets += [(one, int(at), 1) for one, at in zip(people.scored_once, drawn, strict=True)]
    for referral, profile, readings in sets:
        for time, time_point in enumerate(("intake", "exit")[:readings]):
            for rater, name in enumerate(_RATERS):
                # The last client did not give scores.
                if referral is people.scored_once[-1] and name == "service_user":
                    continue
                scores = {
                    f"item_{item}": int(lines[2 * rater + time][profile])
                    for item, lines in enumerate(profiles.values(), start=1)
                }
                rows.append(_reading(people, referral, time_point, days, {"rater": name} | scores))
    return sorted(rows, key=lambda row: (row["read_on"], row["client_id"], row["rater"]))


def _services(
    rng: np.random.Generator, people: People, days: dict[int, dict[str, dt.date]]
) -> list[Row]:
    """Return referrals to other services: those of the first 24 weeks, the others once begun."""
    rows = []
    for place, referral in enumerate(REFERRALS):
        begun = days[place]["consulted"] if referral.onward else referral.started_on
        if begun is not None:
            day = _later(begun, int(rng.integers(3, 15)))
            rows.append({"client_id": people.reference[referral.person - 1], "held_on": day})
    return sorted(rows, key=lambda row: (row["held_on"], row["client_id"]))


def _reading(
    people: People,
    referral: Referral,
    time_point: str,
    days: dict[int, dict[str, dt.date]],
    found: Row,
) -> Row:
    day = days[REFERRALS.index(referral)][time_point]
    return {
        "client_id": people.reference[referral.person - 1],
        "time_point": time_point,
        "read_on": day,
    } | found


def _records(rows: list[Row]) -> Records:
    columns = list(rows[0])
    records = {}
    for name in columns:
        cells = np.empty(len(rows), dtype=object)
        cells[:] = [row[name] for row in rows]
        records[name] = cells
    return records


def _answer(yes: bool) -> str:
    return "yes" if yes else "no"


def _later(day: dt.date, days: int) -> dt.date:
    return day + dt.timedelta(days=days)


def _months_at(people: People, referral: Referral) -> int:
    """Return the age in completed months at a referral."""
    first = people.first_referral(referral.person).referred_on
    on = referral.referred_on
    passed = 12 * (on.year - first.year) + on.month - first.month - (on.day < first.day)
    return int(people.months[referral.person - 1]) + passed


def _months_before(day: dt.date, months: int) -> dt.date:
    """Return the date of birth of somebody so many months old, as the first of its month."""
    month = 12 * day.year + day.month - 1 - months
    return dt.date(month // 12, month % 12 + 1, 1)
