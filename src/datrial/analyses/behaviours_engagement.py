"""Tables of behaviours by engagement with the case manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.behaviours_data import NO_FORM, add_share, behaviour_rows
from datrial.analyses.levels import TIME_POINTS
from datrial.analyses.needs_engagement import ENGAGEMENT
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.behaviours_data import Question

#: The engagement of those whom the case manager reached.
REACHED = ("engaged", "partially_engaged", "did_not_engage")
REDUCTION = "reduction"
_REDUCTION = ("share_difference", "ci_low", "ci_high")


def engagement_table(question: Question) -> Table:
    """Return who had each behaviour at the three time points, by engagement."""
    table = Table(
        "behaviours.engagement",
        "Service users with each behaviour, by engagement with the case manager",
        "Share with any severity, of the forms with a known one. The reduction is the share at "
        "intake less that at closure, of those known at both, with Newcombe's 95% interval for "
        "pairs. The report prints the greatest "
        "reduction for the partially engaged (physical, sexual, jealous and controlling) and for "
        "the engaged (harassment and stalking), and no numbers. Engagement is itself an outcome "
        "of the case, and a group that starts higher can fall further: this is no effect of "
        "engaging." + question.said(),
        ("D-F25",),
    )
    for time_point, label in TIME_POINTS.items():
        table.column(time_point, label)
    table.column(REDUCTION, "Reduction, intake to closure")
    engagement = question.engagement()
    nothing = question.nothing()
    for row, (behaviour, level, label) in behaviour_rows(ENGAGEMENT).items():
        table.row(row, label)
        places = question.case_manager(behaviour)
        places = places[(engagement == level).reindex(places.index, fill_value=False)]
        for time_point in TIME_POINTS:
            known = places[time_point].dropna()
            add_share(table, (row, time_point), known > 0, nothing or NO_FORM)
        both = places[["intake", "closure"]].dropna() > 0
        _reduction(table, row, both["intake"], both["closure"], nothing)
    return table


def _reduction(table: Table, row: str, first: pd.Series, last: pd.Series, nothing: str) -> None:
    """Add how much lower the share is at closure, with an interval for pairs."""
    from datrial.models import mcnemar_counts

    n = len(first)
    if nothing or not n:
        reason = nothing or "nobody has a known severity at both time points"
        table.absent_all([row], [REDUCTION], _REDUCTION, reason)
        return
    both, stopped = int((first & last).sum()), int((first & ~last).sum())
    started = int((~first & last).sum())
    change = mcnemar_counts(both, stopped, started, n - both - stopped - started).difference
    table.add(row, REDUCTION, "share_difference", -change.estimate, n=n)
    table.add(row, REDUCTION, "ci_low", -change.ci_high, n=n)
    table.add(row, REDUCTION, "ci_high", -change.ci_low, n=n)


def engaged_table(question: Question) -> Table:
    """Return how many engaged, of those whom the case manager reached."""
    table = Table(
        "behaviours.engaged",
        "Engagement of service users with a behaviour form",
        "The share is of those whom the case manager reached: engaged, partially engaged or did "
        "not engage." + question.said(),
        ("D-F25",),
    )
    table.column("people", "Service users")
    engagement = question.engagement()
    reached = engagement[engagement.isin(REACHED)]
    nothing = question.nothing()
    for row, label in (ENGAGEMENT | {"not_known": "Not known"}).items():
        table.row(row, label)
        chosen = engagement == row if row in ENGAGEMENT else ~engagement.isin(list(ENGAGEMENT))
        count = None if nothing else int(chosen.sum())
        table.add(row, "people", "count", count, reason=nothing)
        if row in REACHED:
            reason = nothing or "the case manager reached nobody"
            add_share(table, (row, "people"), reached == row, reason)
        else:
            why = "not reached by the case manager, or not known"
            table.absent(row, "people", "share", why, state=State.NOT_APPLICABLE)
    return table
