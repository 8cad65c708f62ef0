"""Police incidents per person, over people and over incidents, and whether the totals agree.

A mean per person is the incidents over the people, those without any included. A mean over
incidents asks each incident how many its perpetrator has: it counts a person with a hundred a
hundred times, and times the people it gives more incidents than there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isclose, sqrt
from typing import TYPE_CHECKING, Any

from datrial.analyses.police_follow_up_data import ALL, EVERYONE, Group, Police, row_key
from datrial.errors import DatrialError

if TYPE_CHECKING:
    from datrial.results.cells import Table

_PER_PERSON = ("total", "people", "mean", "sd", "median", "minimum", "maximum")
_OVER_INCIDENTS = ("total", "mean", "sd")
_COMPUTED = {
    "people": "count(*) filter (where {} > 0)", "total": "sum({})", "mean": "avg({})",
    "median": "median({})", "minimum": "min({})", "maximum": "max({})",
    "squares": "sum({} ** 2)", "cubes": "sum({} ** 3)",
}  # fmt: skip
#: How far the products of means may lie from the counts: the last digits of the sums.
_EQUAL = 1e-9
Found = dict[tuple[str, str, str], dict[str, Any]]


def incidents_per_person(police: Police, condition: str) -> Found:
    """Return the distribution of incidents over people, by (site, arm or ``all``, kind).

    Parameters
    ----------
    condition
        Whom it is of, in SQL on marts.police_history as ``history``.
    """
    wanted = ", ".join(
        f"{compute.format(f'cast(history.{kind} as double)')} as {kind}_{name}"
        for kind in police.kinds
        for name, compute in _COMPUTED.items()
    )
    found: Found = {}
    for row in police.rows(
        f"""
        select history.site, history.arm, count(*) as n, {wanted}
        from marts.police_history as history
        where {condition}
        group by grouping sets ((history.site, history.arm), (history.site))
        """  # noqa: S608 (the names are ours)
    ):
        for kind in police.kinds:
            own = {name: row[f"{kind}_{name}"] for name in _COMPUTED} | {"n": row["n"]}
            own["sd"] = _standard_deviation(row["n"], own["total"], own["squares"])
            found[row["site"], row["arm"] or ALL, kind] = own
    return found


def _standard_deviation(n: int, total: float, squares: float) -> float | None:
    """Return the SD of whole numbers from their sums.

    The sums are whole, so they are the same in whatever order threads add them up; a running
    SD differs in its last digit from run to run.
    """
    if n < 2:
        return None
    return sqrt((n * int(squares) - int(total) ** 2) / (n * (n - 1)))


def over_incidents(found: dict[str, Any]) -> dict[str, float | None]:
    """Return the mean over incidents and its SD: each incident has its perpetrator's number."""
    total = found.get("total") or 0
    if not total:
        return {"total": total, "mean": None, "sd": None}
    mean = found["squares"] / total
    spread = max(found["cubes"] / total - mean**2, 0.0)
    return {
        "total": total,
        "mean": mean,
        "sd": sqrt(spread * total / (total - 1)) if total > 1 else None,
    }


def per_person_table(
    police: Police, name: str, title: str, note: str, groups: Sequence[Group] = (EVERYONE,),
    *, condition: str = "true",
) -> Table:  # fmt: skip
    """Return incidents per person by site, group and kind, over all or some of the people."""
    table = police.table(
        name, title, f"{note} People: those with at least one such incident; n: all.", ALL
    )
    for group in groups:
        found = incidents_per_person(police, f"{group.condition} and {condition}")
        for row, site, kind in _named(table, police, group):
            for column in table.column_labels:
                own = found.get((site, column, kind), {})
                reason = police.silence(site, column, group) or _nobody(own)
                unknown = police.no_denominator(column)
                for statistic in _PER_PERSON:
                    counted = statistic in ("total", "people") or condition != "true"
                    if reason or (unknown and not counted):
                        table.absent(row, column, statistic, reason or unknown)
                        continue
                    table.add(
                        row, column, statistic, own[statistic], n=own["n"],
                        warning=police.warning(site), reason="fewer than two people",
                    )  # fmt: skip
    return _in_order(table, police)


def over_incidents_table(
    police: Police, name: str, title: str, note: str, groups: Sequence[Group] = (EVERYONE,)
) -> Table:
    """Return the mean over incidents by site, group and kind."""
    table = police.table(
        name, title,
        f"{note} Each incident counts with the number of incidents of its perpetrator: sum of the "
        "squares over sum of the numbers. No mean per person: whoever has many counts many "
        "times. It is here because published means, given as per person, fit it.",
        ALL,
    )  # fmt: skip
    for group in groups:
        found = incidents_per_person(police, group.condition)
        for row, site, kind in _named(table, police, group):
            for column in table.column_labels:
                own = found.get((site, column, kind), {})
                reason = police.silence(site, column, group) or _nobody(own)
                if reason:
                    table.absent_all([row], [column], _OVER_INCIDENTS, reason)
                    continue
                for statistic, value in over_incidents(own).items():
                    warning, n = police.warning(site), int(own["total"])
                    told = "fewer than two incidents"
                    table.add(row, column, statistic, value, n=n, warning=warning, reason=told)
    return _in_order(table, police)


def unit_check_table(police: Police, counted: Mapping[tuple[str, str], dict[str, int]]) -> Table:
    """Return the counted incidents beside those that means times people give.

    Parameters
    ----------
    counted
        The incidents, counted one by one (:meth:`Police.incident_counts`).

    Raises
    ------
    DatrialError
        If our own means times people do not give the incidents counted one by one.
    """
    table = police.table(
        "unit_check",
        "Means per person times people, against the incidents counted",
        "Incidents of the evaluation period. Counted: incident by incident. Means x people: the "
        "means per person of the arms, times all people asked about; it must be the number "
        "counted, or the analysis stops. Means over incidents x people: the arms' means over "
        "incidents times their people with a record, beside the same product of the published "
        "means and people: where that is far above the incidents, the published means are not per "
        "person.",
    )
    table.column_labels.clear()
    table.column("counted", "Counted")
    table.column("means", "Means x people")
    table.column("over_incidents", "Means over incidents x people with a record")
    people = incidents_per_person(police, "true")
    with_record = incidents_per_person(police, "history.has_record")
    wrong = []
    for row, site, kind in _named(table, police, EVERYONE):
        reason, unknown = police.silence(site, ALL), police.no_denominator(ALL)
        if reason:
            table.absent_all([row], table.column_labels, ("count",), reason)
            continue
        total, warning = counted.get((site, ALL), {}).get(kind, 0), police.warning(site)
        arms = [people[site, arm, kind] for arm in police.context.study.arms
                if (site, arm, kind) in people]  # fmt: skip
        product = sum(own["mean"] * own["n"] for own in arms)
        if not isclose(product, total, rel_tol=_EQUAL, abs_tol=1e-6):
            wrong.append(row)
        over = sum(
            (over_incidents(own)["mean"] or 0.0) * own["n"]
            for arm in police.context.study.arms
            if (own := with_record.get((site, arm, kind)))
        )
        table.add(row, "counted", "count", total, warning=warning)
        if unknown:
            table.absent(row, "means", "count", unknown)
        else:
            table.add(row, "means", "count", product, warning=warning)
        table.add(row, "over_incidents", "count", over, warning=warning)
    if wrong:
        raise DatrialError(
            f"The police incidents do not agree: the means per person times the people give "
            f"another total than the incidents counted one by one, in {len(wrong)} row(s) of "
            f"police_follow_up.unit_check, first {wrong[0]}. No number of police_follow_up can be "
            "used; compare marts.police_history with cohort.incident."
        )
    return table


def _named(table: Table, police: Police, group: Group) -> list[tuple[str, str, str]]:
    """Name the rows of a group; return each with its site and kind."""
    rows = []
    for site, site_label in police.sites.items():
        for kind, words in police.kinds.items():
            row = row_key(site, group.key, kind)
            table.row(row, f"{', '.join(filter(None, (site_label, group.label)))}: {words.lower()}")
            rows.append((row, site, kind))
    return rows


def _in_order(table: Table, police: Police) -> Table:
    """Return a table with its rows by site; they were named group by group."""
    by_site = [row for site in police.sites for row in table.row_labels
               if row.startswith(f"{site}__")]  # fmt: skip
    table.row_labels = {row: table.row_labels[row] for row in by_site}
    return table


def _nobody(own: dict[str, Any]) -> str:
    return "" if own else "there is nobody in this group"
