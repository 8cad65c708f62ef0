"""The 140 service users of Restart: their referrals, and how far each came."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from datrial.simulate.randomness import Array, assign, counts_of
from datrial.simulate.services import restart_margins as printed

if TYPE_CHECKING:
    from datrial.simulate.services.service import Records

_LAST: Final = dt.date(2022, 12, 31)
#: How a case stands -> whether it was taken on, the person engaged, the work was completed.
SUITABLE: Final = {"completed": "yes", "stopped_engaging": "yes", "open": "yes",
                   "not_taken_on": "no"}  # fmt: skip
ENGAGED: Final = {"completed": "yes", "stopped_engaging": "yes", "open": "yes"}
FINISHED: Final = {"completed": "yes", "stopped_engaging": "no"}
#: Who is referred to the accommodation pathway first: a need, no assessment, none.
_NEED_FIRST: Final = {"yes": 0, None: 1, "no": 2}


def empty(rows: int) -> Array:
    """Return a column of empty cells."""
    return np.full(rows, None, dtype=object)


def only(rows: Array, values: Array) -> Array:
    """Return the values of these rows; the others' cells are empty."""
    column = empty(len(rows))
    column[rows] = values[rows]
    return column


def told(states: Array, answers: Mapping[str, str]) -> Array:
    """Return the answer that goes with each state; an empty cell where there is none."""
    return np.array([answers.get(state) for state in states], dtype=object)


def later(days: Iterable[dt.date | None], by: Sequence[int] | Array) -> Array:
    """Return each day so many days later, the last day of 2022 at the latest."""
    moved = [
        None if day is None else min(_LAST, day + dt.timedelta(days=int(more)))
        for day, more in zip(days, by, strict=True)
    ]
    return np.array(moved, dtype=object)


def some(rng: np.random.Generator, rows: Array, size: int) -> Array:
    """Return so many of the row numbers, in order."""
    return np.sort(rng.choice(rows, size=size, replace=False))


def clients(rng: np.random.Generator, copy: int) -> Records:
    """Return one row per service user in the columns of the staging table, and his state.

    Parameters
    ----------
    copy
        Which copy of the service: its people have references of their own.
    """
    rows = printed.TOTAL
    sites, referred = _referrals(rng)
    state = _states(rng, referred)
    taken_on = state != "not_taken_on"
    waits = later(referred, rng.integers(2, 12, rows))
    started = later(waits, rng.integers(3, 15, rows))
    closed = later(started, rng.integers(28, 100, rows))
    refused = later(referred, rng.integers(5, 20, rows))
    records: Records = {
        "site": sites,
        "client_id": np.array([f"RST{copy * rows + n:05d}" for n in range(1, rows + 1)], object),
        "referred_on": referred,
        "referred_by": assign(
            rng, {"childrens_social_care": 82, "front_door": 37, "early_help": 21}
        ),
        "suitable": told(state, SUITABLE),
        "accepted_on": only(taken_on, waits),
        "started_on": only(taken_on, started),
        "closed_on": only(state != "open", np.where(taken_on, closed, refused)),
        "not_taken_on_reason": _given(rng, ~taken_on, printed.NOT_TAKEN_ON),
        "closure_reason": only(state != "open", state),
        "engaged": told(state, ENGAGED),
        "completed": told(state, FINISHED),
        "onward_referral": _given(rng, state == "completed", printed.ONWARD),
        "sex": assign(rng, {"female": printed.WOMEN, "male": rows - printed.WOMEN}),
        "ethnicity": assign(rng, printed.ETHNICITY),
    }
    _ages(rng, records)
    _families(rng, records)
    _assessments(rng, records, state)
    _accommodation(rng, records, taken_on)
    return records | {"state": state}


def _referrals(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return boroughs and days of referral, in the order of the days."""
    found = []
    for borough in printed.BOROUGHS:
        for (first, last), number in zip(printed.PERIODS, printed.REFERRALS[borough], strict=True):
            length = (last - first).days
            # More towards the end of the first period, fewer in December 2022 (paragraph 5.4).
            share = rng.random(number)
            share = np.sqrt(share) if last < dt.date(2022, 7, 1) else share
            share = share * 0.78 if last == _LAST else share
            found += [(first + dt.timedelta(days=int(s * length)), borough) for s in share]
    found.sort()
    return (
        np.array([borough for _, borough in found], dtype=object),
        np.array([day for day, _ in found], dtype=object),
    )


def _states(rng: np.random.Generator, referred: Array) -> Array:
    """Return how each case stands at the end of 2022: the latest referrals are still open."""
    rows = len(referred)
    days = np.array([day.toordinal() for day in referred]) + rng.uniform(-6, 6, rows)
    latest = np.argsort(days)[-printed.STILL_OPEN :]
    others = np.setdiff1d(np.arange(rows), latest)
    state = np.full(rows, "open", dtype=object)
    state[others] = assign(
        rng,
        {
            "completed": printed.COMPLETED,
            "stopped_engaging": printed.STOPPED_ENGAGING,
            "not_taken_on": sum(printed.NOT_TAKEN_ON.values()),
        },
    )
    return state


def _given(rng: np.random.Generator, may: Array, counts: dict[str, int]) -> Array:
    """Return codes for some of those who may have one, each exactly as often as it says."""
    column = empty(len(may))
    chosen = some(rng, np.flatnonzero(may), sum(counts.values()))
    column[chosen] = assign(rng, counts)
    return column


def specialist_referrals(rng: np.random.Generator, people: Records, copy: int) -> Records:
    """Return the onward referrals to specialist services, one for each of some who completed."""
    number = printed.SPECIALIST
    rows = some(rng, np.flatnonzero(people["state"] == "completed"), number)
    return {
        "activity_id": np.array(
            [f"SR{copy * number + n:05d}" for n in range(1, number + 1)], object
        ),
        "site": people["site"][rows],
        "client_id": people["client_id"][rows],
        "held_on": people["closed_on"][rows],
        "activity": np.full(number, "specialist_referral", dtype=object),
    }


def _ages(rng: np.random.Generator, records: Records) -> None:
    """Draw ages within the bands of Table 17, and days of birth that go with them."""
    years: list[int | None] = []
    for first, last, number in printed.AGES:
        years += [int(age) for age in rng.integers(first, last + 1, number)]
    years += [None] * (printed.TOTAL - len(years))
    ages = np.array(years, dtype=object)[rng.permutation(printed.TOTAL)]
    born = [
        None if age is None else day - dt.timedelta(days=int(age * 365.25 + more))
        for age, day, more in zip(
            ages, records["referred_on"], rng.integers(5, 355, len(ages)), strict=True
        )
    ]
    records |= {"age": ages, "date_of_birth": np.array(born, dtype=object)}


def _families(rng: np.random.Generator, records: Records) -> None:
    """Share out the children of each borough, and who has a plan or a child in care."""
    children = np.zeros(printed.TOTAL, dtype=int)
    protection = empty(printed.TOTAL)
    for borough in printed.BOROUGHS:
        rows = np.flatnonzero(records["site"] == borough)
        wished = rng.choice([1, 2, 3, 4], size=len(rows), p=[0.38, 0.36, 0.18, 0.08])
        children[rows] = counts_of(list(wished), printed.CHILDREN[borough])
        in_place, not_in_place, unknown = printed.PROTECTION[borough]
        protection[rows] = assign(
            rng,
            {"child_protection_plan": in_place, "neither": not_in_place, "dont_know": unknown},
        )
    plans = np.flatnonzero(protection == "child_protection_plan")
    protection[some(rng, plans, printed.IN_CARE)] = "child_in_care"
    records |= {"children_count": children.astype(object), "child_protection": protection}


def _assessments(rng: np.random.Generator, records: Records, state: Array) -> None:
    """Say who has an initial needs assessment, and which of them has a need of accommodation."""
    assessed = np.concatenate([
        some(rng, np.flatnonzero(state == name), number)
        for name, number in zip(
            ("completed", "stopped_engaging", "open"), printed.ASSESSED_OF, strict=True
        )
    ])  # fmt: skip
    days, need = empty(printed.TOTAL), empty(printed.TOTAL)
    for row in assessed:  # between the panel and the first session
        first, last = records["accepted_on"][row], records["started_on"][row]
        days[row] = first + dt.timedelta(days=int(rng.integers((last - first).days + 1)))
    number = printed.NEEDS[printed.HOUSING]
    need[assessed] = assign(rng, {"yes": number, "no": len(assessed) - number})
    records |= {"assessed_on": days, "accommodation_need": need}


def _accommodation(rng: np.random.Generator, records: Records, taken_on: Array) -> None:
    """Refer so many of each borough to the accommodation pathway, nobody without a need."""
    referred = np.full(printed.TOTAL, "no", dtype=object)
    for borough, number in printed.ACCOMMODATION.items():
        rows = np.flatnonzero((records["site"] == borough) & taken_on)
        need = [_NEED_FIRST[answer] for answer in records["accommodation_need"][rows]]
        order = np.argsort(np.array(need) + rng.random(len(rows)), kind="stable")
        referred[rows[order[:number]]] = "yes"
    moved = _given(rng, referred == "yes", printed.MOVED)
    records |= {"accommodation_referral": referred, "accommodation": moved}
