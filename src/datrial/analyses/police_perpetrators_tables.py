"""The tables of who is a serial or a repeat perpetrator, of those the police were asked about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datrial.analyses.changes import change_warning
from datrial.analyses.police_follow_up_data import ALL, Group, Police, row_key
from datrial.analyses.police_follow_up_records import add_share
from datrial.config.definitions import DEFINITIONS

if TYPE_CHECKING:
    from datrial.results.cells import Table

_DEFINITIONS = ("serial", "police_repeat", "marac_repeat")
_SHARES = ("count", "share", "ci_low", "ci_high")
#: Group -> its definition.
_OF_GROUP = {"serial": "serial", "repeat": "police_repeat"}


def perpetrators_table(police: Police, groups: Sequence[Group], note: str) -> Table:
    """Return who is serial and who is repeat: of all asked about, and of those with a record."""
    table = police.table(
        "perpetrators",
        "Serial and repeat perpetrators among those about whom the police were asked",
        f"{note} Shares with Wilson's interval. The published shares are of people with a police "
        "record: the rows that say so.",
        ALL,
    )
    for site, site_label in police.sites.items():
        for group in groups:
            for key, label, condition in (
                ("", "of all asked about", "true"),
                ("with_record", "of those with a record", "history.has_record"),
            ):
                row = row_key(site, group.key, key)
                table.row(row, f"{site_label}: {group.label}, {label}")
                found = _counts(police, site, group.condition, condition)
                changed = change_warning(police.context, _OF_GROUP[group.key], [site])
                for column in table.column_labels:
                    _add(table, police, (site, row, column), found, group.source, changed)
    return table


def _counts(police: Police, site: str, holds: str, condition: str) -> dict[str, tuple[int, int]]:
    """Return column -> (people for whom it holds, people of whom it is known)."""
    rows = police.rows(
        f"""
        select history.arm, count(*) filter (where {holds}) as holding, count({holds}) as known
        from marts.police_history as history
        where history.site = ? and {condition}
        group by grouping sets ((history.arm), ())
        """,  # noqa: S608 (the conditions are ours)
        [site],
    )
    return {row["arm"] or ALL: (row["holding"], row["known"]) for row in rows}


def _add(
    table: Table, police: Police, at: tuple[str, str, str], found: dict[str, tuple[int, int]],
    source: str, changed: str,
) -> None:  # fmt: skip
    """Add the number and the share of those for whom a definition holds."""
    site, row, column = at
    reason = police.silence(site, column, Group(source=source))
    holding, known = found.get(column, (0, 0))
    if not reason and not known:
        reason = "of nobody in this group it is known"
    if reason:
        table.absent_all([row], [column], _SHARES, reason)
        return
    warning = "; ".join(filter(None, (police.sent[source].warning([site]), changed)))
    # Those with a record are known without a list; of how many others nothing is known is not.
    unknown = "" if "with_record" in row else police.no_denominator(column)
    table.add(row, column, "count", holding, n=None if unknown else known, warning=warning)
    add_share(table, (row, column), (holding, known), unknown, warning)


def definitions_table(police: Police) -> Table:
    """Return how many fulfil each version of the definitions that the study shows."""
    used = police.context.study.definitions
    versions = [(name, version) for name in _DEFINITIONS for version in used.shown(name)]
    words = " ".join(
        f"{DEFINITIONS[name].label} (version {version.number}): {version.wording}."
        for name, version in versions
    )
    table = police.table(
        "definitions",
        "Definitions of serial and repeat perpetrators side by side",
        f"Perpetrators about whom the police were asked, of whom it is known. {words}",
        ALL,
    )
    for site, site_label in police.sites.items():
        for name, version in versions:
            about = DEFINITIONS[name]
            row = row_key(site, f"{name}_version_{version.number}")
            table.row(row, f"{site_label}: {about.label} (version {version.number})")
            rows = police.rows(
                """
                select defined.arm, count(*) filter (where defined.holds) as holding,
                    count(defined.holds) as known
                from marts.defined as defined
                inner join marts.police_history as history
                    on defined.person_id = history.person_id
                where defined.site = ? and defined.definition = ? and defined.version = ?
                group by grouping sets ((defined.arm), ())
                """,
                [site, name, version.number],
            )
            found = {each["arm"] or ALL: (each["holding"], each["known"]) for each in rows}
            changed = change_warning(police.context, name, [site])
            for column in table.column_labels:
                _add(table, police, (site, row, column), found, about.source, changed)
    return table
