"""Steps between severities, as they are told: person by person, from time point to time point."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from datrial.report.absent import strongest
from datrial.report.cell_views import MARKS

if TYPE_CHECKING:
    from datrial.results.read import RunTable

#: Two steps after each other; the third of the table, from intake to closure, is not drawn.
STEPS = ("intake_midpoint", "midpoint_closure")
TIMES = ("Intake", "Midpoint", "Closure")
#: From the top down; what is not known comes last, so that the severities stand together.
ORDER = ("high", "moderate", "standard", "none", "not_known")

#: From -> to -> people; None where that is hidden or not available.
Flows = dict[str, dict[str, float | None]]


def flows_of(entry: RunTable, behaviour: str, step: str) -> Flows:
    """Return the steps of a behaviour between two time points."""
    return {
        first: {
            last: entry.value(row, last, "count") if entry.cell(row, last, "count") else 0.0
            for last in ORDER
        }
        for first in ORDER
        if (row := f"{behaviour}__{step}__{first}")
    }


def is_whole(step: Flows) -> bool:
    """Tell whether every number of people of a step is told."""
    return all(people is not None for to in step.values() for people in to.values())


def _leaving(step: Flows, level: str) -> float:
    """Return the people who are told to leave a level."""
    return sum(people or 0.0 for people in step[level].values())


def _arriving(step: Flows, level: str) -> float:
    return sum(step[first][level] or 0.0 for first in ORDER)


def _total(step: Flows) -> float:
    return sum(_leaving(step, level) for level in ORDER)


def people_words(flows: Sequence[Sequence[Flows]]) -> str:
    """Return how many have a form: of the first step that is told whole, or nothing."""
    whole = [step for steps in flows for step in steps if is_whole(step)]
    return f"n = {_total(whole[0]):,.0f} with a form" if whole else ""


def marks_of(entry: RunTable, behaviour: str) -> list[dict[str, str]]:
    """Return, for each time point, the levels of which a step is not told, with its mark."""
    marks: list[dict[str, str]] = [{} for _ in TIMES]
    for place, step in enumerate(STEPS):
        for level in ORDER:
            leaving = [entry.cell(f"{behaviour}__{step}__{level}", to, "count") for to in ORDER]
            arriving = [entry.cell(f"{behaviour}__{step}__{f}", level, "count") for f in ORDER]
            for time, cells in ((place, leaving), (place + 1, arriving)):
                if found := strongest(cells):
                    marks[time].setdefault(level, MARKS[found.state])
    return marks


def at_times(steps: Sequence[Flows]) -> list[dict[str, float]]:
    """Return the people who are told to be at each level, time point by time point."""
    between = [
        {level: max(_arriving(one, level), _leaving(next_one, level)) for level in ORDER}
        for one, next_one in pairwise(steps)
    ]
    return [
        {level: _leaving(steps[0], level) for level in ORDER},
        *between,
        {level: _arriving(steps[-1], level) for level in ORDER},
    ]
