"""Safe and Together: who was booked, who came, who passed; and consultations on cases."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import numpy as np

from datrial.simulate.randomness import Array, assign, counts_of
from datrial.simulate.services import restart_margins as printed
from datrial.simulate.services.restart_clients import empty

if TYPE_CHECKING:
    from datrial.simulate.services.service import Records

#: First days of courses of each round, and of the one-day course until and after June 2022.
_ROUNDS: Final = (
    (dt.date(2021, 11, 9), dt.date(2022, 1, 18), dt.date(2022, 3, 1), dt.date(2022, 4, 26)),
    (dt.date(2022, 9, 6), dt.date(2022, 9, 27), dt.date(2022, 10, 11), dt.date(2022, 11, 1),
     dt.date(2022, 11, 22)),
)  # fmt: skip
_OVERVIEW_DAYS: Final = (
    (dt.date(2021, 11, 24), dt.date(2022, 2, 2), dt.date(2022, 4, 6), dt.date(2022, 6, 15)),
    (dt.date(2022, 7, 13), dt.date(2022, 9, 14), dt.date(2022, 11, 9), dt.date(2022, 12, 7)),
)


def _drawn(rng: np.random.Generator, days: tuple[dt.date, ...], rows: int) -> Array:
    found = [days[int(place)] for place in rng.integers(len(days), size=rows)]
    return np.array(found, dtype=object)


def _columns(copy: int, prefix: str, sites: list[str]) -> Records:
    rows = len(sites)
    names = [f"{prefix}{copy * rows + number:05d}" for number in range(1, rows + 1)]
    return {"practitioner_id": np.array(names, object), "site": np.array(sites, dtype=object)}


def core(rng: np.random.Generator, copy: int) -> Records:
    """Return the register of CORE training: 429 booked, 355 of them came, 302 passed."""
    first = [each[0] for each in printed.CORE.values()]
    absent = counts_of(
        [sum(each[:2]) for each in printed.CORE.values()],
        printed.CORE_BOOKED - sum(sum(each[:2]) for each in printed.CORE.values()),
    )
    passed = counts_of(first, printed.CORE_PASSED - sum(each[2] for each in printed.CORE.values()))
    sites: list[str] = []
    rounds: list[int] = []
    attended: list[str] = []
    passes: list[str | None] = []
    for place, (borough, (came_1, came_2, passed_2)) in enumerate(printed.CORE.items()):
        missed_2 = int(absent[place]) // 3
        missed_1 = int(absent[place]) - missed_2
        for round_, came, missed, ok in (
            (1, came_1, missed_1, int(passed[place])),
            (2, came_2, missed_2, passed_2),
        ):
            sites += [borough] * (came + missed)
            rounds += [round_] * (came + missed)
            attended += ["yes"] * came + ["no"] * missed
            passes += ["yes"] * ok + ["no"] * (came - ok) + [None] * missed
    columns = _columns(copy, "ST", sites)
    number = np.array(rounds)
    days = np.where(
        number == 1,
        _drawn(rng, _ROUNDS[0], len(number)),
        _drawn(rng, _ROUNDS[1], len(number)),
    )
    columns |= {
        "round": number.astype(object),
        "training_date": days,
        "attended": np.array(attended, dtype=object),
        "passed": np.array(passes, dtype=object),
        "course": np.full(len(sites), "core", dtype=object),
    }
    return columns | _marks(rng, columns)


def _marks(rng: np.random.Generator, columns: Records) -> Records:
    """Return the marks of round 2: their sums are the printed means, who failed has the lowest."""
    rows = np.flatnonzero((columns["round"] == 2) & (columns["attended"] == "yes"))
    failed = columns["passed"][rows] == "no"
    before_sum, after_sum = printed.MARKS
    after = _to_sum(np.where(failed, rng.integers(62, 70, len(rows)), 0), after_sum, rng, 78, 100)
    before = _to_sum(np.zeros(len(rows), int), before_sum, rng, 55, 95)
    score_before, score_after = empty(len(failed)), empty(len(failed))
    score_before[:], score_after[:] = before, after
    before_cells, after_cells = empty(len(columns["site"])), empty(len(columns["site"]))
    before_cells[rows], after_cells[rows] = score_before, score_after
    return {"score_before": before_cells, "score_after": after_cells}


def _to_sum(
    given: Array, total: int, rng: np.random.Generator, lowest: int, highest: int
) -> list[int]:
    """Return whole marks within limits that add up; those given (not 0) stay."""
    marks = [int(mark) for mark in given]
    free = [place for place, mark in enumerate(marks) if mark == 0]
    mean = (total - sum(marks)) / len(free)
    for place in free:
        marks[place] = int(np.clip(round(rng.normal(mean, 6)), lowest, highest))
    while sum(marks) != total:
        place = free[int(rng.integers(len(free)))]
        step = 1 if sum(marks) < total else -1
        marks[place] = int(np.clip(marks[place] + step, lowest, highest))
    return marks


def overview(rng: np.random.Generator, copy: int) -> Records:
    """Return the register of the one-day course: 71% of those booked came."""
    boroughs = list(printed.OVERVIEW.values())
    came_in, missed_in = [], []
    for came, booked in printed.OVERVIEW_BOOKED:
        came_in.append(counts_of(boroughs, came))
        missed_in.append(counts_of(boroughs, booked - came))
    came_in[1] = np.array(boroughs) - came_in[0]
    sites: list[str] = []
    attended: list[str] = []
    periods: list[int] = []
    for period in (0, 1):
        for answer, numbers in (("yes", came_in[period]), ("no", missed_in[period])):
            for borough, number in zip(printed.OVERVIEW, numbers, strict=True):
                sites += [borough] * int(number)
                attended += [answer] * int(number)
                periods += [period] * int(number)
    columns = _columns(copy, "OV", sites)
    period_of = np.array(periods)
    days = np.where(
        period_of == 0,
        _drawn(rng, _OVERVIEW_DAYS[0], len(periods)),
        _drawn(rng, _OVERVIEW_DAYS[1], len(periods)),
    )
    return columns | {
        "round": np.full(len(sites), 1, dtype=object),
        "training_date": days,
        "attended": np.array(attended, dtype=object),
        "course": np.full(len(sites), "overview", dtype=object),
    }


def consultations(rng: np.random.Generator, copy: int) -> Records:
    """Return the log of consultations from April to December 2022."""
    rows = sum(printed.CONSULTATIONS.values())
    first = dt.date(2022, 4, 4)
    days = sorted(first + dt.timedelta(days=int(more)) for more in rng.integers(0, 265, rows))
    return {
        "activity_id": np.array([f"C{copy * rows + n:05d}" for n in range(1, rows + 1)], object),
        "site": assign(rng, printed.CONSULTATIONS),
        "held_on": np.array(days, dtype=object),
        "activity": np.full(rows, "consultation", dtype=object),
    }
