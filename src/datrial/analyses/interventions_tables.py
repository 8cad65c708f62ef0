"""Tables of the work of case managers: by kind, by objective, by agency."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from datrial.analyses.received import received
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context

#: Direction of work -> its kinds.
WORK = {
    "indirect": {
        "background_research": "Background research",
        "multi_agency": "Multi-agency work",
        "case_update": "Case updates",
    },
    "direct": {
        "contact": "Making and sustaining contact",
        "direct_support": "Direct support",
        "behaviour_change": "Behaviour-change work",
    },
}
WORK_LABELS = {"indirect": "Indirect work", "direct": "Direct work"}
NOT_STATED = "not_stated"
OBJECTIVES = {
    "disrupt": "Disrupt",
    "support": "Support",
    "support_and_disrupt": "Support and disrupt",
    "not_applicable": "Not applicable",
}
AGENCIES = {
    "police": "Police",
    "idva": "IDVA",
    "probation": "Probation",
    "childrens_services": "Children's social services",
    "housing": "Housing",
    "mental_health": "Mental health",
    "other": "Other agency",
}
NO_ACTION = "no action of this kind is recorded"
#: Statistic -> what pandas calls it.
_PER_PERSON = {"mean": "mean", "sd": "std", "median": "median", "min": "min", "max": "max"}


def action_counts(context: Context, sites: list[str]) -> pd.DataFrame:
    """Return the number of actions of each person by work, action and objective."""
    return context.connection.execute(
        "select person_id, work, coalesce(action, 'not_stated') as action, "
        "coalesce(objective, 'not_stated') as objective, count(*) as actions from marts.action "
        "where list_contains(?, site) group by all order by all",
        [sites],
    ).df()


def agency_counts(context: Context, sites: list[str]) -> pd.DataFrame:
    """Return the number of actions by action, objective and agency."""
    return context.connection.execute(
        "select coalesce(action, 'not_stated') as action, "
        "coalesce(objective, 'not_stated') as objective, "
        "coalesce(agency, 'not_stated') as agency, count(*) as actions from marts.action "
        "where list_contains(?, site) group by all order by all",
        [sites],
    ).df()


def service_users(context: Context, sites: list[str]) -> int:
    """Return how many people case managers recorded: a case, or at least an action."""
    return int(
        context.connection.execute(
            "select count(*) from (select person_id from marts.case_duration "
            "where list_contains($sites, site) union select person_id from marts.action "
            "where list_contains($sites, site))",
            {"sites": sites},
        ).fetchall()[0][0]
    )


def caution(context: Context, sites: list[str]) -> str:
    """Return a sentence, with a space before it, on what was not sent; mostly nothing."""
    warning = received(context, "cms").warning(sites)
    return f" Warning: {warning}." if warning else ""


def work_rows() -> dict[str, tuple[str, str | None, str]]:
    """Return row -> the direction, the kind (None: all of them) and the label."""
    rows: dict[str, tuple[str, str | None, str]] = {}
    for work, kinds in WORK.items():
        rows[work] = (work, None, WORK_LABELS[work])
        for kind, label in kinds.items():
            rows[kind] = (work, kind, label)
        rows[f"{work}_not_stated"] = (work, NOT_STATED, f"{WORK_LABELS[work]}, kind not stated")
    return rows


def work_table(context: Context, sites: list[str], counts: pd.DataFrame) -> Table:
    """Return the actions of each kind, the people who had any, and how many they had."""
    table = Table(
        "interventions.work",
        "Actions that case managers recorded, by type of work",
        "First column: share of all actions. Second: share of the indirect or the direct work, "
        "of actions whose kind is stated. Third: service users with at least one such action, of "
        "those with a case-management record. Fourth: actions per service user with at least "
        "one." + caution(context, sites),
        ("D-F6",),
    )
    table.column("actions", "Actions")
    table.column("within", "Of the indirect or direct work")
    table.column("people", "Service users with any")
    table.column("per_person", "Actions per service user with any")
    nothing = received(context, "cms").reason(sites)
    people = service_users(context, sites)
    total = int(counts["actions"].sum())
    for row, (work, kind, label) in work_rows().items():
        table.row(row, label)
        chosen = counts[counts["work"] == work]
        stated = int(chosen.loc[chosen["action"] != NOT_STATED, "actions"].sum())
        if kind is not None:
            chosen = chosen[chosen["action"] == kind]
        by_person = chosen.groupby("person_id")["actions"].sum()
        number = int(by_person.sum())
        table.add(row, "actions", "count", None if nothing else number, reason=nothing)
        _share(table, (row, "actions"), number, total, nothing or "no action is recorded")
        if kind is None or kind == NOT_STATED:
            why = "the whole" if kind is None else "of the actions whose kind is stated"
            table.absent(row, "within", "share", why, state=State.NOT_APPLICABLE)
        else:
            _share(table, (row, "within"), number, stated, nothing or NO_ACTION)
        table.add(row, "people", "count", None if nothing else len(by_person), reason=nothing)
        nobody = nothing or "nobody has a case-management record"
        _share(table, (row, "people"), len(by_person), people, nobody)
        for statistic, name in _PER_PERSON.items():
            value = None if nothing or by_person.empty else float(by_person.agg(name))
            reason = nothing or (NO_ACTION if by_person.empty else "one person: no spread")
            n = len(by_person) or None
            table.add(row, "per_person", statistic, value, n=n, reason=reason)
    return table


def objectives_table(context: Context, sites: list[str], counts: pd.DataFrame) -> Table:
    """Return multi-agency work by its objective."""
    multi = counts[counts["action"] == "multi_agency"]
    return _by_code(
        Table(
            "interventions.objectives",
            "Multi-agency work by objective",
            "Multi-agency work only. The share of actions is of those whose objective is stated, "
            "not applicable included; that of people is of those with any multi-agency work."
            + caution(context, sites),
            ("D-F6",),
        ),
        multi,
        OBJECTIVES,
        received(context, "cms").reason(sites),
    )


def _by_code(table: Table, chosen: pd.DataFrame, codes: dict[str, str], nothing: str) -> Table:
    """Fill a table with one row for each objective: its actions, and the people with any."""
    table.column("actions", "Actions")
    table.column("people", "Service users with any")
    stated = int(chosen.loc[chosen["objective"] != NOT_STATED, "actions"].sum())
    people = int(chosen["person_id"].nunique())
    for row, label in (codes | {NOT_STATED: "Not stated"}).items():
        table.row(row, label)
        of_code = chosen[chosen["objective"] == row]
        number, having = int(of_code["actions"].sum()), int(of_code["person_id"].nunique())
        table.add(row, "actions", "count", None if nothing else number, reason=nothing)
        table.add(row, "people", "count", None if nothing else having, reason=nothing)
        if row == NOT_STATED:
            why = "no objective"
            table.absent(row, "actions", "share", why, state=State.NOT_APPLICABLE)
        else:
            _share(table, (row, "actions"), number, stated, nothing or NO_ACTION)
        _share(table, (row, "people"), having, people, nothing or NO_ACTION)
    return table


def agency_columns() -> dict[str, tuple[str, str, str]]:
    """Return column -> the variable and its code that choose the actions, and the label."""
    return {
        "background_research": ("action", "background_research", "Background research"),
        "multi_agency": ("action", "multi_agency", "Multi-agency work"),
        **{
            code: ("objective", code, f"Multi-agency: {OBJECTIVES[code].lower()}")
            for code in ("disrupt", "support", "support_and_disrupt")
        },
        "case_update": ("action", "case_update", "Case updates"),
    }


def agencies_table(context: Context, sites: list[str]) -> Table:
    """Return with whom indirect work was done, for each kind of it and each objective."""
    table = Table(
        "interventions.agencies",
        "Agencies in indirect work, by type of work and objective",
        "Each column adds up to 100% of the actions whose agency is stated, those with another "
        "agency included." + caution(context, sites),
        ("D-F6",),
    )
    for column, (_, _, label) in agency_columns().items():
        table.column(column, label)
    for agency, label in AGENCIES.items():
        table.row(agency, label)
    table.row(NOT_STATED, "Not stated")
    nothing = received(context, "cms").reason(sites)
    counts = agency_counts(context, sites)
    for column, (variable, code, _) in agency_columns().items():
        numbers = counts[counts[variable] == code].groupby("agency")["actions"].sum()
        found = {agency: int(numbers.get(agency, 0)) for agency in (*AGENCIES, NOT_STATED)}
        stated = _sum(found, AGENCIES)
        for agency, number in found.items():
            table.add(agency, column, "count", None if nothing else number, reason=nothing)
            if agency != NOT_STATED:
                _share(table, (agency, column), number, stated, nothing or NO_ACTION)
    return table


def _sum(found: dict[str, int], codes: Iterable[str]) -> int:
    return sum(found[code] for code in codes)


def _share(table: Table, at: tuple[str, str], part: int, whole: int, reason: str) -> None:
    """Add a share; where there is nothing to be a share of, why."""
    value = part / whole if whole else None
    table.add(*at, "share", value, n=whole or None, reason=reason)
