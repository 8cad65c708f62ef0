"""What the police analyses read: of whom the police were asked, where, and of which incidents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from datrial.allocation.schemes import INTERVENTION
from datrial.analyses.arms import contrast, police_tell_arms, reference_arm, withhold
from datrial.analyses.changes import change_warning
from datrial.analyses.police_request import NO_LIST
from datrial.analyses.received import Received, received
from datrial.errors import UsageError
from datrial.results.cells import Table

if TYPE_CHECKING:
    from datrial.analyses.base import Context

ALL, DIFFERENCE = "all", "difference"
Kind = Literal["incidents", "domestic_abuse", "domestic_abuse_crimed", "other", "other_crimed"]
#: Columns of marts.police_spell and marts.police_history.
KINDS: dict[Kind, str] = {
    "incidents": "All incidents",
    "domestic_abuse": "Domestic abuse",
    "domestic_abuse_crimed": "Domestic abuse, crimed",
    "other": "Other than domestic abuse",
    "other_crimed": "Other than domestic abuse, crimed",
}
#: The evaluation period of each person and the days that count, as in marts.police_history.
_COUNTED = """
    select
        member.site, member.arm, {kinds},
        count(*) filter (where incident.is_domestic_abuse is null) as unknown,
        count(*) filter (where incident.is_domestic_abuse and incident.is_crimed is null)
            as domestic_abuse_unknown,
        count(*) filter (where not incident.is_domestic_abuse and incident.is_crimed is null)
            as other_unknown
    from cohort.incident as incident
    inner join cohort.member as member on incident.person_id = member.person_id
    inner join (
        select person_id, min(first_day) as first_day, max(last_day) as last_day
        from cohort.follow_up where source = 'police' group by person_id
    ) as evaluation on incident.person_id = evaluation.person_id
    inner join study.coverage_span as span
        on span.source = 'police' and member.site = span.site
        and incident.incident_date between span.first_day and span.last_day
    where member.police_asked
        and incident.incident_date between evaluation.first_day and evaluation.last_day
    group by grouping sets ((member.site, member.arm), (member.site))
"""
_OF_KIND = {
    "incidents": "true",
    "domestic_abuse": "incident.is_domestic_abuse",
    "domestic_abuse_crimed": "incident.is_domestic_abuse and incident.is_crimed",
    "other": "not incident.is_domestic_abuse",
    "other_crimed": "not incident.is_domestic_abuse and incident.is_crimed",
}


@dataclass(frozen=True)
class Group:
    """Some of the people asked about.

    Attributes
    ----------
    key, label
        Within the keys and labels of rows; empty for all who were asked about.
    condition
        In SQL, on marts.police_history as ``history``.
    source
        Without this source's data nobody is known to be in the group.
    """

    key: str = ""
    label: str = ""
    condition: str = "true"
    source: str = "police"


EVERYONE = Group()


@dataclass(frozen=True)
class Police:
    """The sites and arms of the police analyses, and why something is not known of them.

    Attributes
    ----------
    analysis, catalogue
        Of the tables.
    sites, kinds
        Key -> label, as the parameters ask.
    changed
        Site -> the warning where what its force records changed within its data.
    asked
        (site, arm) -> of how many the police were asked.
    is_listed
        Whether there is a list of those about whom the police were asked.
    """

    context: Context
    analysis: str
    catalogue: tuple[str, ...]
    sites: Mapping[str, str]
    kinds: Mapping[str, str]
    sent: Mapping[str, Received]
    changed: Mapping[str, str]
    asked: Mapping[tuple[str, str], int]
    is_listed: bool

    def table(self, name: str, title: str, note: str, *more: str) -> Table:
        """Return an empty table with a column an arm, and those named: ``all``, ``difference``."""
        table = Table(f"{self.analysis}.{name}", title, note, self.catalogue)
        if ALL in more:
            table.column(ALL, "All")
        for arm, about in self.context.study.arms.items():
            table.column(arm, about.label)
        if DIFFERENCE in more:
            table.column(DIFFERENCE, f"Difference, {contrast(self.context.study)}")
        return table

    def arms(self, column: str) -> list[str]:
        """Return the arms of a column."""
        return list(self.context.study.arms) if column == ALL else [column]

    def silence(self, site: str, column: str, group: Group = EVERYONE) -> str:
        """Return why nothing is known of a site's people, or nothing."""
        told = self.sent["police"].reason([site]) or self.sent[group.source].reason([site])
        if not told and not sum(self.asked.get((site, arm), 0) for arm in self.arms(column)):
            told = "the police were asked about nobody here, as far as is known"
        return told

    def no_denominator(self, column: str) -> str:
        """Return why it is not known of how many the police were asked, or nothing.

        Without a list whoever has a record was asked about, and nobody can tell who else.
        """
        arms = self.context.study.arms
        if self.is_listed or all(arms[arm].role == INTERVENTION for arm in self.arms(column)):
            return ""
        return f"about whom the police were asked is not known: {NO_LIST}"

    def warning(self, site: str) -> str:
        """Return what is missing from a site's numbers, or not alike in them; mostly nothing."""
        return "; ".join(filter(None, (self.sent["police"].warning([site]), self.changed[site])))

    def against(self) -> tuple[list[str], list[str]]:
        """Return the reference arm and the others, which a difference compares with it."""
        reference = reference_arm(self.context.study)
        arms = list(self.context.study.arms)
        return [a for a in arms if a == reference], [a for a in arms if a != reference]

    def rows(self, query: str, values: Iterable[Any] = ()) -> list[dict[str, Any]]:
        """Return the rows of a query, each by the names of its columns."""
        found = self.context.connection.execute(query, list(values))
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def shown(self, tables: list[Table]) -> list[Table]:
        """Return the tables; of coded arms without their columns where these would tell them."""
        if not (self.is_listed and police_tell_arms(self.context)):
            return tables
        return [withhold(table, self.context.study.arms) for table in tables]

    def incident_counts(self) -> dict[tuple[str, str], dict[str, int]]:
        """Return the incidents of the evaluation period, counted incident by incident.

        Those of people asked about, by site and arm (or ``all``): of each kind, and
        ``unknown``, ``domestic_abuse_unknown`` and ``other_unknown`` (whether crimed).
        """
        kinds = ", ".join(
            f"count(*) filter (where {where}) as {kind}" for kind, where in _OF_KIND.items()
        )
        rows = self.rows(_COUNTED.format(kinds=kinds))
        return {(row.pop("site"), row.pop("arm") or ALL): row for row in rows}


def police_data(
    context: Context, analysis: str, catalogue: tuple[str, ...], sites: Iterable[str] = (),
    kinds: Iterable[str] = (),
) -> Police:  # fmt: skip
    """Return what the police analyses read of these sites and kinds; without any, of all.

    Raises
    ------
    UsageError
        If the study has no such site.
    """
    wanted, labels = set(sites), context.study.sites
    if wanted - set(labels):
        raise UsageError(
            f"{analysis}: the study has no site {', '.join(sorted(wanted - set(labels)))}; "
            f"`sites` may name {', '.join(labels)}, or none for all."
        )
    chosen = {key: about.label for key, about in labels.items() if not wanted or key in wanted}
    of_kinds = set(kinds) or set(KINDS)
    found = Police(
        context, analysis, catalogue, chosen,
        {kind: label for kind, label in KINDS.items() if kind in of_kinds},
        {source: received(context, source) for source in ("police", "marac")},
        {site: change_warning(context, "police_counting", [site]) for site in chosen}, {}, False,
    )  # fmt: skip
    asked = found.rows(
        "select site, arm, count(*) as people from marts.police_history group by site, arm"
    )
    listed = found.rows("select count(*) > 0 as is_listed from ledger.police_request")
    return replace(
        found,
        asked={(row["site"], row["arm"]): row["people"] for row in asked},
        is_listed=bool(listed[0]["is_listed"]),
    )


def row_key(*parts: str) -> str:
    """Return a row's key of its parts that are not empty."""
    return "__".join(filter(None, parts))
