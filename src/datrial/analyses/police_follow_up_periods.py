"""Police incidents by period or fixed window: counts, people, shares and rates, by arm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Any

from datrial.analyses.marac_tables import DAYS_PER_YEAR, SHARE_OF_ANY_DAY
from datrial.analyses.police_follow_up_data import DIFFERENCE, EVERYONE, Group, Police, row_key
from datrial.analyses.police_follow_up_records import add_difference, add_share
from datrial.results.cells import State

if TYPE_CHECKING:
    from datrial.results.cells import Table

ADJUSTED = "p_value_adjusted"
#: As in the published figures.
OF_RECORD = "share_of_those_with_a_record"
_BEFORE = "before"
_PEOPLE = (
    "observed", "people", "share", OF_RECORD, SHARE_OF_ANY_DAY, "share_of_observed", "person_years",
    "incident_rate",
)  # fmt: skip


@dataclass(frozen=True)
class Spells:
    """The periods or the windows, and what was counted in them.

    Attributes
    ----------
    labels
        Key of a period or window -> its label.
    counts
        (group, site, arm, period) -> people, days and, by kind, incidents and people.
    """

    police: Police
    labels: Mapping[str, str]
    groups: Sequence[Group]
    counts: Mapping[tuple[str, str, str, str], dict[str, Any]]

    def rows(self, table: Table) -> Iterator[tuple[str, str, Group, str, str]]:
        """Name the rows and give each with its site, group, period and kind."""
        for site, site_label in self.police.sites.items():
            for group in self.groups:
                for spell, label in self.labels.items():
                    for kind, words in self.police.kinds.items():
                        row = row_key(site, group.key, spell, kind)
                        of_group = f", {group.label}" if group.label else ""
                        said = f"{site_label}{of_group}, {_lowered(label)}: {words.lower()}"
                        table.row(row, said)
                        yield row, site, group, spell, kind

    def of(self, group: Group, site: str, arm: str, spell: str) -> dict[str, Any]:
        """Return what was counted of an arm in a period; empty where there is nobody."""
        return self.counts.get((group.key, site, arm, spell), {})

    def reason(self, group: Group, site: str, arm: str, spell: str) -> str:
        """Return why nothing is known of an arm in a period, or nothing."""
        told = self.police.silence(site, arm, group)
        found = self.of(group, site, arm, spell)
        if told or found.get("observed"):
            return told
        if not found:
            return f"nobody of this arm is known to be in the group: {group.label}"
        if not found["with_days"]:
            return "the end of the intervention is not known"
        return "no police data were received for this period"

    def warning(self, group: Group, site: str, arm: str, spell: str) -> str:
        """Return how many were not observed throughout, and what else is amiss at the site."""
        found = self.of(group, site, arm, spell)
        never, partly = (found["asked"] - found[name] for name in ("observed", "whole"))
        told = f"{partly} of {found['asked']} not observed for the whole period" if partly else ""
        told += f", {never} of them on no day" if never else ""
        return "; ".join(filter(None, (told, self.police.warning(site))))


def police_spells(police: Police, scheme: str, groups: Sequence[Group] = (EVERYONE,)) -> Spells:
    """Return what was counted in the study's periods (``period``) or the windows (``window``)."""
    if scheme == "period":
        labels = {period.key: period.label for period in police.context.study.periods}
    else:
        rows = police.rows(
            "select follow_up_window as key, label from study.window order by position"
        )
        labels = {row["key"]: row["label"] for row in rows}
    of_kinds = ", ".join(
        f"coalesce(sum(spell.{kind}), 0) as {kind}, "
        f"count(*) filter (where spell.{kind} > 0) as {kind}_people, "
        f"count(*) filter (where spell.{kind} > 0 and spell.fully_observed) as {kind}_whole"
        for kind in police.kinds
    )
    counts = {}
    for group in groups:
        for row in police.rows(
            f"""
            select spell.site, spell.arm, spell.spell,
                count(*) as asked, count(*) filter (where history.has_record) as recorded,
                count(spell.observed_days) as with_days,
                count(*) filter (where spell.observed_days > 0) as observed,
                count(*) filter (where spell.fully_observed) as whole,
                sum(spell.observed_days) as days, {of_kinds}
            from marts.police_spell as spell
            inner join marts.police_history as history on spell.person_id = history.person_id
            where spell.scheme = ? and {group.condition}
            group by spell.site, spell.arm, spell.spell
            """,  # noqa: S608 (the names are ours)
            [scheme],
        ):
            counts[group.key, row["site"], row["arm"], row["spell"]] = row
    return Spells(police, labels, groups, counts)


def incidents_table(spells: Spells, name: str, title: str, note: str) -> Table:
    """Return the number of incidents by site, period, kind and arm."""
    table = spells.police.table(
        name, title, f"{note} Number of incidents; n: people observed on at least one day."
    )
    for row, site, group, spell, kind in spells.rows(table):
        for arm in table.column_labels:
            at = (group, site, arm, spell)
            reason = spells.reason(*at)
            if reason:
                table.absent(row, arm, "count", reason)
                continue
            found, warning = spells.of(*at), spells.warning(*at)
            table.add(row, arm, "count", found[kind], n=found["observed"], warning=warning)
    return table


def people_table(spells: Spells, name: str, title: str, note: str) -> Table:
    """Return the people with such an incident, their shares, the time observed and the rate."""
    table = spells.police.table(
        name, title,
        f"{note} Share: of all in the group about whom the police were asked, observed or not. "
        "Share of those with a record: as in the published figures, of people with any incident in "
        "the evaluation period. Share of those observed on any day: for at least one day of the "
        "period; share of observed: for the whole period. Incident rate: incidents per person-year "
        "observed.",
    )  # fmt: skip
    for row, site, group, spell, kind in spells.rows(table):
        for arm in table.column_labels:
            _add_people(table, spells, (row, arm), (group, site, arm, spell), kind)
    return table


def _add_people(
    table: Table, spells: Spells, cell: tuple[str, str], at: tuple[Group, str, str, str], kind: str
) -> None:
    reason = spells.reason(*at)
    if reason:
        table.absent_all([cell[0]], [cell[1]], _PEOPLE, reason)
        return
    found, warning = spells.of(*at), spells.warning(*at)
    people, observed, whole = found[f"{kind}_people"], found["observed"], found["whole"]
    recorded = found["recorded"]
    unknown = spells.police.no_denominator(at[2])
    years = found["days"] / DAYS_PER_YEAR
    numbers = {
        "observed": (observed, found["asked"]),
        "people": (people, found["asked"]),
        "share": (people / found["asked"], found["asked"]),
        OF_RECORD: (people / recorded if recorded else None, recorded),
        SHARE_OF_ANY_DAY: (people / observed, observed),
        "share_of_observed": (found[f"{kind}_whole"] / whole if whole else None, whole),
        "person_years": (years, observed),
        "incident_rate": (found[kind] / years, observed),
    }
    for statistic, (value, n) in numbers.items():
        if unknown and statistic not in ("people", OF_RECORD):
            table.absent(*cell, statistic, unknown)
            continue
        told = "" if statistic == "share_of_observed" else warning
        missing = (
            "nobody has a record"
            if statistic == OF_RECORD
            else "nobody was observed for the whole period"
        )
        table.add(*cell, statistic, value, n=n, warning=told, reason=missing)


def shares_table(
    spells: Spells, name: str, title: str, note: str, *, compares: bool = True
) -> Table:
    """Return the share with such an incident by arm, with intervals, and the difference.

    Parameters
    ----------
    compares
        Whether the arms may be compared: not in groups made by what came after the allocation.
    """
    said = (
        "Difference of the shares: score interval (Miettinen and Nurminen), chi-squared test, "
        "exact where few are expected; adjusted p-value: Holm, over the periods after the "
        "allocation, for each site and kind by itself. "
        if compares
        else ""
    )
    table = spells.police.table(
        name, title,
        f"{note} Share: of those observed on at least one day of the period, with Wilson's "
        f"interval. {said}People differ in how long they were observed, which the rates take "
        "into account and shares do not.",
        *([DIFFERENCE] if compares else []),
    )  # fmt: skip
    families: dict[tuple[str, str, str], dict[str, float | None]] = {}
    for row, site, group, spell, kind in spells.rows(table):
        by_arm = {}
        for arm in spells.police.context.study.arms:
            at = (group, site, arm, spell)
            reason = spells.reason(*at) or spells.police.no_denominator(arm)
            found = spells.of(*at)
            by_arm[arm] = found.get(f"{kind}_people", 0), found.get("observed", 0)
            add_share(table, (row, arm), by_arm[arm], reason, "" if reason else spells.warning(*at))
        if compares:
            p_value = add_difference(
                table, spells.police, (row, site), by_arm, spells.police.warning(site)
            )
            family = families.setdefault((site, group.key, kind), {})
            family[row] = None if spell == _BEFORE else p_value
    for family in families.values():
        _adjust(table, family)
    return table


def _adjust(table: Table, family: dict[str, float | None]) -> None:
    """Add the adjusted p-values of a family of tests."""
    from datrial.models import adjust_holm

    values = adjust_holm([nan if p is None else p for p in family.values()]).tolist()
    for (row, p_value), value in zip(family.items(), values, strict=True):
        if p_value is None:
            table.absent(
                row, DIFFERENCE, ADJUSTED, "no test of the family", state=State.NOT_APPLICABLE
            )
        else:
            table.add(row, DIFFERENCE, ADJUSTED, value)


def _lowered(label: str) -> str:
    return label if label[:1].isdigit() else f"{label[:1].lower()}{label[1:]}"
