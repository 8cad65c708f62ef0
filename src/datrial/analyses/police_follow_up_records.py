"""Of whom the police had a record, and how many incidents are counted and how many are not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from datrial.analyses.police_follow_up_data import ALL, DIFFERENCE, Police, row_key

if TYPE_CHECKING:
    from datrial.results.cells import Table

_COMPARED = ("share_difference", "ci_low", "ci_high", "p_value")
_SHARE = ("share", "ci_low", "ci_high")
_LEVEL_QUANTILE = 1.959963984540054


def records_table(police: Police) -> Table:
    """Return of how many the police were asked, and who of them has a record."""
    table = police.table(
        "records",
        "People about whom the police were asked, and who of them has a record",
        "With a record: at least one incident in the evaluation period, with Wilson's interval. "
        "Difference of the shares: score interval (Miettinen and Nurminen) and chi-squared test, "
        "exact where few are expected. Having a record is an outcome, not a rule of inclusion: "
        "people without one stay in every number, as zeros. The published means and percentages "
        "are of people with a record only.",
        ALL, DIFFERENCE,
    )  # fmt: skip
    rows = police.rows(
        "select site, arm, count(*) as people, count(*) filter (where has_record) as found "
        "from marts.police_history group by grouping sets ((site, arm), (site))"
    )
    found = {(row["site"], row["arm"] or ALL): (row["found"], row["people"]) for row in rows}
    for site, label in police.sites.items():
        asked, with_record = row_key(site, "asked"), row_key(site, "with_record")
        table.row(asked, f"{label}: asked about")
        table.row(with_record, f"{label}: with a record")
        warning = police.warning(site)
        for column in (ALL, *police.context.study.arms):
            reason = police.silence(site, column)
            unknown = reason or police.no_denominator(column)
            events, people = found.get((site, column), (0, 0))
            if unknown:
                table.absent(asked, column, "count", unknown)
            else:
                table.add(asked, column, "count", people)
            if reason:
                table.absent(with_record, column, "count", reason)
            else:
                table.add(with_record, column, "count", events, warning=warning)
            add_share(table, (with_record, column), (events, people), unknown, warning)
        by_arm = {arm: found.get((site, arm), (0, 0)) for arm in police.context.study.arms}
        add_difference(table, police, (with_record, site), by_arm, warning)
    return table


def add_share(
    table: Table, at: tuple[str, str], counts: tuple[int, int], reason: str, warning: str = ""
) -> None:
    """Add a share with Wilson's interval: (with it, all); or why it is not known."""
    from datrial.models.two_arms.effects import wilson_interval

    events, people = counts
    if reason or not people:
        table.absent_all([at[0]], [at[1]], _SHARE, reason or "there is nobody")
        return
    values = events / people, *wilson_interval(events, people, _LEVEL_QUANTILE)
    for statistic, value in zip(_SHARE, values, strict=True):
        table.add(*at, statistic, value, n=people, warning=warning)


def add_difference(
    table: Table, police: Police, at: tuple[str, str], counts: dict[str, tuple[int, int]],
    warning: str = "",
) -> float | None:  # fmt: skip
    """Add the difference of the arms' shares at (row, site); return its p-value, if any."""
    from datrial.models import ModelDataError, compare_proportions

    row, site = at
    sides = police.against()
    reason = next(
        filter(None, (police.silence(site, a) or police.no_denominator(a) for a in counts)), ""
    )
    if not reason and not all(sides):
        reason = "there is no arm to compare with"
    if not reason:
        pooled = [[sum(counts[arm][i] for arm in arms) for i in (0, 1)] for arms in sides]
        try:
            found = compare_proportions([side[0] for side in pooled], [side[1] for side in pooled])
        except ModelDataError:
            reason = "nobody was observed in one of the arms"
    if reason:
        table.absent_all([row], [DIFFERENCE], _COMPARED, reason)
        return None
    for statistic, value in zip(_COMPARED, (*found.difference[:3], found.p_value), strict=True):
        table.add(row, DIFFERENCE, statistic, value, n=found.n, warning=warning)
    return found.p_value


def counted_table(police: Police) -> Table:
    """Return which of the incidents received are counted, and which are not."""
    table = police.table(
        "counted",
        "Incidents received, outside the evaluation period, and counted",
        "Incidents of the people asked about, on days for which their force sent its data. The "
        "evaluation period of a person is from the first day of the first period to the last day "
        "received. Share: of those received for the rows on the evaluation period, of those "
        "within it for the rows below. In no period: after death or a move to another area, or "
        "where the end of the intervention is not known.",
        ALL,
    )
    rows = police.rows(
        """
        select history.site, history.arm,
            sum(history.incidents) + sum(history.outside) as received,
            sum(history.outside) as outside,
            sum(history.incidents) as inside,
            coalesce(sum(spell.incidents), 0) as in_periods,
            sum(history.on_index_date) as on_index_date,
            sum(history.domestic_abuse) as domestic_abuse,
            sum(history.other) as other
        from marts.police_history as history
        left join (
            select person_id, sum(incidents) as incidents
            from marts.police_spell where scheme = 'period' group by person_id
        ) as spell on history.person_id = spell.person_id
        group by grouping sets ((history.site, history.arm), (history.site))
        """
    )
    found = {(row["site"], row["arm"] or ALL): row for row in rows}
    labels = {
        "received": "received",
        "outside": "outside the evaluation period",
        "inside": "within the evaluation period",
        "in_periods": "in one of the periods",
        "on_index_date": "on the index date",
        "in_no_period": "in no period",
        "domestic_abuse": "domestic abuse",
        "other": "other than domestic abuse",
        "not_known": "not known whether domestic abuse",
    }
    for site, site_label in police.sites.items():
        for key, label in labels.items():
            table.row(row_key(site, key), f"{site_label}: {label}")
        for column in table.column_labels:
            reason = police.silence(site, column)
            if reason:
                keys = [row_key(site, key) for key in labels]
                table.absent_all(keys, [column], ("count",), reason)
                table.absent_all(keys[1:], [column], ("share",), reason)
                continue
            counts = {key: int(found[site, column].get(key) or 0) for key in labels}
            inside = counts["inside"]
            counts["in_no_period"] = inside - counts["in_periods"] - counts["on_index_date"]
            counts["not_known"] = inside - counts["domestic_abuse"] - counts["other"]
            for key, count in counts.items():
                at, warning = (row_key(site, key), column), police.warning(site)
                table.add(*at, "count", count, warning=warning)
                if key == "received":
                    continue
                whole = counts["received"] if key in ("outside", "inside") else inside
                share = count / whole if whole else None
                table.add(*at, "share", share, n=whole, warning=warning, reason="no incident")
    return table


def crimed_table(police: Police, counted: Mapping[tuple[str, str], dict[str, int]]) -> Table:
    """Return how many incidents of each kind the police recorded as a crime.

    Parameters
    ----------
    counted
        The incidents, counted one by one (:meth:`Police.incident_counts`).
    """
    table = police.table(
        "crimed",
        "Incidents that the police recorded as a crime",
        "Incidents of the evaluation period. Share crimed: of those of which it is known; share "
        "not known: of all of the kind. Incidents of one person are alike, so no interval that "
        "takes them for independent is given.",
        ALL,
    )
    for site, site_label in police.sites.items():
        for kind, label in (("domestic_abuse", "domestic abuse"), ("other", "other incidents")):
            crimed, unknown = row_key(site, kind), row_key(site, kind, "not_known")
            table.row(crimed, f"{site_label}: {label}, crimed")
            table.row(unknown, f"{site_label}: {label}, not known whether crimed")
            for column in table.column_labels:
                reason = police.silence(site, column)
                if reason:
                    table.absent_all([crimed, unknown], [column], ("count", "share"), reason)
                    continue
                counts = counted.get((site, column), {})
                total, of_crime, missing = (
                    counts.get(name, 0) for name in (kind, f"{kind}_crimed", f"{kind}_unknown")
                )
                for row, count, whole in (
                    (crimed, of_crime, total - missing),
                    (unknown, missing, total),
                ):
                    share = count / whole if whole else None
                    warning = police.warning(site)
                    table.add(row, column, "count", count, n=total, warning=warning)
                    table.add(
                        row, column, "share", share, n=whole, warning=warning, reason="no incident"
                    )
    return table
