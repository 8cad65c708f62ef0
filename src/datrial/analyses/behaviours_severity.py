"""The table of how severe each behaviour was at each time point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.behaviours_data import NO_FORM, PLACE, add_share, behaviour_rows
from datrial.analyses.levels import SEVERITY, TIME_POINTS
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    from datrial.analyses.behaviours_data import Question


def severity_table(question: Question) -> Table:
    """Return the four severities of each behaviour at the three time points."""
    table = Table(
        "behaviours.severity",
        "Abusive behaviours as recorded by case managers, by time point",
        "Shares are of the forms with a known severity of the behaviour. Any: standard, moderate "
        "or high. Not known: don't know or no answer, or no form of a service user who has one at "
        "another time point." + question.said(),
        ("D-F10",),
    )
    for level, label in SEVERITY.items():
        table.column(level, label)
    table.column("any", "Any")
    table.column("not_known", "Not known")
    nothing = question.nothing()
    for row, (behaviour, time_point, label) in behaviour_rows(TIME_POINTS).items():
        table.row(row, label)
        places = question.case_manager(behaviour)[time_point]
        known = places.dropna()
        chosen = {level: known == place for level, place in PLACE.items()} | {"any": known > 0}
        for column, hits in chosen.items():
            count = None if nothing else int(hits.sum())
            table.add(row, column, "count", count, reason=nothing)
            add_share(table, (row, column), hits, nothing or NO_FORM)
        lost = None if nothing else len(places) - len(known)
        table.add(row, "not_known", "count", lost, reason=nothing)
        why = "not a severity"
        table.absent(row, "not_known", "share", why, state=State.NOT_APPLICABLE)
    return table
