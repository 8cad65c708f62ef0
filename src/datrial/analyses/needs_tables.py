"""Tables of needs: how many a service user has, how common each is, and at which level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.levels import NEEDS, TIME_POINTS
from datrial.analyses.need_levels import DONT_KNOW, level_items, levels_of, need_levels
from datrial.analyses.needs_data import dont_know_rule, need_items
from datrial.analyses.received import received
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context
    from datrial.analyses.need_levels import Rule

NOBODY = "no service user has an answer"
NO_LEVEL = "no form gives a level of this need"

_DENOMINATORS = {
    "missing": "Answered yes or no",
    "no": "Answered, don't know as no need",
}


def number_table(context: Context, time_point: str) -> Table:
    """Return how many needs service users have, under both rules for don't know."""
    table = Table(
        "needs.number",
        f"Number of needs of service users at {TIME_POINTS[time_point].lower()}",
        "Needs answered with yes, of 12. A need without an answer is not counted, so that a "
        "number can be too low. First column: service users with at least one need answered "
        "with yes or no. Second column: also those of whom nothing but don't know was recorded, "
        "who then have no need." + _partly_received(context),
        ("D-F2",),
    )
    for rule, label in _DENOMINATORS.items():
        table.column(rule, label)
    table.row("people", "Service users")
    for number in range(len(NEEDS) + 1):
        table.row(f"needs_{number}", f"{number or 'No'} need{'' if number == 1 else 's'}")
    table.row("one_or_more", "One or more needs")
    nothing = received(context, "cms").reason()
    shared = [row for row in table.row_labels if row != "people"]
    if nothing:
        table.absent_all(["people"], _DENOMINATORS, ["count"], nothing)
        table.absent_all(shared, _DENOMINATORS, ["count", "share"], nothing)
        return table
    for rule in _DENOMINATORS:
        items = need_items(context, time_point, rule).dropna(how="all")
        numbers = items.fillna(0).sum(axis=1)
        table.add("people", rule, "count", len(items))
        for row in shared:
            having = (
                numbers > 0 if row == "one_or_more" else numbers == int(row.removeprefix("needs_"))
            )
            count = int(having.sum())
            table.add(row, rule, "count", count)
            share = count / len(items) if len(items) else None
            table.add(row, rule, "share", share, n=len(items), reason=NOBODY)
    return table


def prevalence_table(context: Context, dont_know: str) -> Table:
    """Return the share of each need at each time point, of those with an answer."""
    table = Table(
        "needs.prevalence",
        "Service users with each need at intake, midpoint and case closure",
        "Service users of the intervention with at least one answered need at the time point. "
        "The share is of those for whom the need was answered. " + dont_know_rule(dont_know),
        ("D-F3", "D-TA2.1"),
    )
    for time_point, label in TIME_POINTS.items():
        table.column(time_point, label)
    table.row("any_answer", "Forms with an answered need")
    for need, label in NEEDS.items():
        table.row(need, label)
    table.row("no_needs", "No need recorded")
    nothing = received(context, "cms").reason()
    if nothing:
        table.absent_all(["any_answer"], TIME_POINTS, ["count"], nothing)
        table.absent_all(NEEDS, TIME_POINTS, ["answered", "share"], nothing)
        table.absent_all(["no_needs"], TIME_POINTS, ["share"], nothing)
        return table
    for time_point in TIME_POINTS:
        answered = need_items(context, time_point, dont_know).dropna(how="all")
        table.add("any_answer", time_point, "count", len(answered))
        for need in NEEDS:
            _answered_share(table, (need, time_point), answered[need], NOBODY)
        none = (answered.fillna(0).sum(axis=1) == 0).mean() if len(answered) else None
        table.add("no_needs", time_point, "share", none, n=len(answered), reason=NOBODY)
    return table


def levels_table(context: Context, time_point: str) -> Table:
    """Return how often each level of each need was recorded."""
    table = Table(
        "needs.levels",
        f"Levels of needs at {TIME_POINTS[time_point].lower()}",
        "Forms by the level recorded. The share is of forms with a known level: don't know and "
        "missing are left out." + _partly_received(context),
        ("D-TA7.1",),
    )
    table.column("forms", "Forms")
    for need, label in NEEDS.items():
        for level, words in levels_of(need).items():
            table.row(f"{need}__{level}", f"{label}: {words.lower()}")
        table.row(f"{need}__missing", f"{label}: missing")
    nothing = received(context, "cms").reason()
    levels = need_levels(context, time_point)
    for need in NEEDS:
        known = int((levels[need].notna() & (levels[need] != DONT_KNOW)).sum())
        for level in levels_of(need):
            row = f"{need}__{level}"
            count = int((levels[need] == level).sum())
            table.add(row, "forms", "count", None if nothing else count, reason=nothing)
            if level == DONT_KNOW:
                table.absent(row, "forms", "share", "not a known level", state=State.NOT_APPLICABLE)
                continue
            share = count / known if known and not nothing else None
            n = None if nothing else known
            table.add(row, "forms", "share", share, n=n, reason=nothing or NO_LEVEL)
        missing = None if nothing else int(levels[need].isna().sum())
        table.add(f"{need}__missing", "forms", "count", missing, reason=nothing)
        table.absent(
            f"{need}__missing", "forms", "share", "not a known level", state=State.NOT_APPLICABLE
        )
    return table


#: Column -> rule of what counts, and what is done with don't know.
_DICHOTOMIES: dict[str, tuple[Rule, str]] = {
    "any_dont_know_as_no": ("any", "no"),
    "any_known": ("any", "missing"),
    "high_dont_know_as_no": ("high", "no"),
    "high_known": ("high", "missing"),
}


def dichotomisations_table(context: Context, time_point: str) -> Table:
    """Return each need under every rule of what counts and who is counted."""
    table = Table(
        "needs.dichotomisations",
        f"Each need by level at {TIME_POINTS[time_point].lower()}: what counts and who is counted",
        "The report counts any need, don't know as no need (its Table A2.1: 467 people for "
        "drugs); its costs count a high need of known levels (176 people). Any: excessive to low; "
        "housing: homeless to temporary; mental health: poor or fair. "
        "High: excessive or high; housing: transitory, unstable or temporary, homeless apart; "
        "mental health: poor or fair. Of the yes-or-no answers, don't know and missing are left "
        "out; they can differ from the levels." + _partly_received(context),
        ("D-TA7.1",),
    )
    table.column("yes_or_no", "Answered yes or no")
    table.column("any_dont_know_as_no", "Any need, don't know as no need")
    table.column("any_known", "Any need, of known levels")
    table.column("high_dont_know_as_no", "High need, don't know as no need")
    table.column("high_known", "High need, of known levels")
    for need, label in NEEDS.items():
        table.row(need, label)
        if need == "housing":
            table.row("homeless", "Housing: homeless")
    nothing = received(context, "cms").reason()
    if nothing:
        table.absent_all(table.row_labels, table.column_labels, ["answered", "share"], nothing)
        return table
    answers = need_items(context, time_point, "missing")
    levels = need_levels(context, time_point)
    for need in NEEDS:
        _answered_share(table, (need, "yes_or_no"), answers[need], NOBODY)
    for column, (rule, dont_know) in _DICHOTOMIES.items():
        items = level_items(levels, rule, dont_know)
        for need in NEEDS:
            _answered_share(table, (need, column), items[need], NO_LEVEL)
        homeless = (levels["housing"] == "homeless").astype(float).where(items["housing"].notna())
        if rule == "high":
            _answered_share(table, ("homeless", column), homeless, NO_LEVEL)
    for column in ("yes_or_no", "any_dont_know_as_no", "any_known"):
        for statistic in ("answered", "share"):
            reason = "part of the need for housing"
            table.absent("homeless", column, statistic, reason, state=State.NOT_APPLICABLE)
    return table


def _answered_share(table: Table, at: tuple[str, str], item: pd.Series, reason: str) -> None:
    """Add how many have an answer, and the share of these with the need."""
    n = int(item.notna().sum())
    table.add(*at, "answered", n)
    table.add(*at, "share", float(item.mean()) if n else None, n=n, reason=reason)


def _partly_received(context: Context) -> str:
    """Return a sentence, with a space before it, on what was not sent; mostly nothing."""
    warning = received(context, "cms").warning()
    return f" Warning: {warning}." if warning else ""
