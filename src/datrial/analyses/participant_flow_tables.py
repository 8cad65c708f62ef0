"""The boxes of both flow diagrams: perpetrators, and victims-survivors through them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from datrial.allocation.reasons import reason_words, reasons_of
from datrial.analyses.base import Context
from datrial.analyses.flow_boxes import EXCLUDED, balanced
from datrial.analyses.flow_joined import add_joined
from datrial.analyses.received import Received, received
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    import pandas as pd

_ONLY_INTERVENTION = "only the intervention has this"


def perpetrators_table(context: Context) -> Table:
    """Return the flow of perpetrators, from the hearing to the data of each source."""
    table = _table(
        context,
        "perpetrators",
        "Flow of perpetrators",
        "Perpetrators. Heard: at MARAC, on days for which data were received. Followed up at "
        "MARAC: data were received for at least one day after the index date. The police were "
        "asked about the intervention arm and a random subsample of the controls; to have a "
        "record is an outcome, and nobody is left out for having none. Every box is the sum of "
        "its parts.",
    )
    people = context.connection.execute(
        """
        select
            participant.*,
            member.police_asked,
            member.person_id in (
                select spell.person_id from cohort.spell as spell
                where spell.source = 'marac' and spell.observed_last > member.index_date
            ) as followed
        from marts.participant as participant
        left join cohort.member as member on participant.person_id = member.person_id
        order by participant.person_id
        """
    ).df()
    _add_assessed(context, table, people)
    allocated = people[people["is_allocated"]]
    cms, marac, police = (received(context, source) for source in ("cms", "marac", "police"))
    interventions = {a for a, about in context.study.arms.items() if about.role == "intervention"}
    for column, own in _groups(context, allocated):
        # Without any MARAC data nobody is known to have been heard, whatever rows there are.
        in_marac, silent = own["in_marac"], bool(marac.reason())
        _add(table, column, own, marac, {"allocated_heard": in_marac.eq(True),
             "allocated_not_heard": in_marac.eq(False)}, context.study.sites)  # fmt: skip
        _add(table, column, own, None, {"allocated_heard_unknown": in_marac.isna() | silent,
             "allocated": own["is_allocated"]})  # fmt: skip
        _add_casework(table, column, own, cms, applies=column in interventions)
        _add(table, column, own, marac, {"marac_followed": own["followed"].eq(True)})
        _add(table, column, own, None, {"marac_not_followed": ~own["followed"].eq(True)})
        asked = own["police_asked"].eq(True)
        _add(table, column, own, None, {"police_asked": asked,
             "police_not_asked": own["police_asked"].eq(False),
             "police_not_listed": own["police_asked"].isna(),
             "police_unknown": asked & own["in_police"].isna()})  # fmt: skip
        _add(table, column, own, police, {"police_record": asked & own["in_police"].eq(True),
             "police_none": asked & own["in_police"].eq(False)})  # fmt: skip
    add_joined(context, table)
    return balanced(table)


def victims_table(context: Context) -> Table:
    """Return the flow of victims-survivors, in the arm of their perpetrator."""
    table = _table(
        context,
        "victims",
        "Flow of victims-survivors",
        "The first row counts perpetrators, the others victims-survivors, each once for every "
        "perpetrator. Primary: the one heard with the perpetrator at the index meeting; of "
        "several, the one heard with him on most days until then, then first. Engaged with an "
        "IDVA: with an intake form. Engaging comes after the allocation, and the intervention may "
        "change it. Every box is the sum of its parts.",
    )
    people = context.connection.execute(
        """
        select
            member.person_id, member.site, member.arm,
            coalesce(bool_or(victim.is_primary), false) as has_primary
        from cohort.member as member
        left join cohort.victim as victim on member.person_id = victim.person_id
        group by member.person_id, member.site, member.arm
        order by member.person_id
        """
    ).df()
    victims = context.connection.execute(
        "select * from cohort.victim order by person_id, victim_id"
    ).df()
    for row, label in _VICTIM_ROWS.items():
        table.row(row, label)
    marac, insights = received(context, "marac"), received(context, "insights")
    groups = zip(_groups(context, people), _groups(context, victims), strict=True)
    for (column, own), (_, pairs) in groups:
        silent = bool(marac.reason(set(own["site"])))
        allocated, without = own["site"].notna(), ~own["has_primary"] | silent
        _add(table, column, own, None, {"allocated": allocated, "no_primary": without})
        primary = pairs["is_primary"]
        _add(table, column, own, marac, {"primary": own["has_primary"]})
        intake, both = pairs["has_intake_form"].eq(True), pairs["has_exit_form"].eq(True)
        unknown = primary & pairs["has_intake_form"].isna()
        _add(table, column, pairs, None, {"engagement_unknown": unknown})
        marks = {
            "engaged": primary & intake,
            "not_engaged": primary & pairs["has_intake_form"].eq(False),
            "both_forms": primary & both,
            "intake_only": primary & intake & ~both,
            "intake_all": intake,
            "intake_other": ~primary & intake,
            "both_all": both,
            "both_other": ~primary & both,
        }
        _add(table, column, pairs, insights, marks, sites=set(own["site"]))
    return balanced(table)


def _table(context: Context, name: str, title: str, note: str) -> Table:
    table = Table(f"participant_flow.{name}", title, note, ("D-T1",))
    table.column("all", "All")
    for arm, settings in context.study.arms.items():
        table.column(arm, settings.label)
    return table


def _groups(context: Context, people: pd.DataFrame) -> Iterable[tuple[str, pd.DataFrame]]:
    """Return everyone, then everyone of each arm."""
    return [("all", people)] + [(arm, people[people["arm"] == arm]) for arm in context.study.arms]


def _add_assessed(context: Context, table: Table, people: pd.DataFrame) -> None:
    """Add those heard and those excluded, before there are arms; and name the other rows."""
    heard = people[people["in_marac"].eq(True)]
    found = heard.loc[~heard["is_allocated"], "exclusion_reason"].fillna("not_recorded")
    reasons = [str(reason) for reason in reasons_of(context.study)]
    reasons += sorted(set(found) - set(reasons))
    counts = {"heard": ("Heard at MARAC", len(heard)), "excluded": ("Not allocated", len(found))}
    for reason in reasons:
        label = "reason not recorded" if reason == "not_recorded" else reason_words(reason)
        row = f"{EXCLUDED}{reason.removeprefix(EXCLUDED)}"
        counts[row] = (f"Not allocated: {label}", int((found == reason).sum()))
    sent = received(context, "marac")
    for row, (label, count) in counts.items():
        table.row(row, label)
        if sent.reason():
            table.absent(row, "all", "count", sent.reason())
        else:
            table.add(row, "all", "count", count, warning=sent.warning())
    for row, label in _PERPETRATOR_ROWS.items():
        table.row(row, label)


def _add_casework(
    table: Table, column: str, own: pd.DataFrame, sent: Received, *, applies: bool
) -> None:
    """Add the case-management boxes of an arm; all arms together have none."""
    rows = ("cms_record", "cms_none", "cms_unknown", "completed", "not_completed")
    record = own["in_cms"].eq(True)
    if column == "all":
        return
    if not applies and not record.any():
        for row in rows:
            table.absent(row, column, "count", _ONLY_INTERVENTION, state=State.NOT_APPLICABLE)
        return
    completed = record & own["completed"].eq(True)
    known = {"cms_record": record, "cms_none": own["in_cms"].eq(False),
             "completed": completed, "not_completed": record & ~completed}  # fmt: skip
    _add(table, column, own, sent, known)
    _add(table, column, own, None, {"cms_unknown": own["in_cms"].isna()})


def _add(
    table: Table,
    column: str,
    people: pd.DataFrame,
    sent: Received | None,
    marks: Mapping[str, pd.Series],
    sites: Iterable[str] = (),
) -> None:
    """Add how many are marked; not available where the source sent nothing of their sites."""
    asked = sorted(set(sites) or set(people["site"]))
    for row, marked in marks.items():
        if sent and sent.reason(asked):
            table.absent(row, column, "count", sent.reason(asked))
        else:
            warning = sent.warning(asked) if sent else ""
            table.add(row, column, "count", int(marked.sum()), warning=warning)


_PERPETRATOR_ROWS = {
    "allocated_heard": "Heard and allocated",
    "allocated_not_heard": "Allocated, not found in the MARAC data",
    "allocated_heard_unknown": "Allocated, of a site without MARAC data",
    "allocated": "Allocated",
    "cms_record": "With a case-management record",
    "completed": "... completed the intervention",
    "not_completed": "... did not complete it",
    "cms_none": "Without a case-management record",
    "cms_unknown": "Of a site without case-management data",
    "marac_followed": "Followed up at MARAC",
    "marac_not_followed": "No MARAC data after the index date",
    "police_asked": "The police were asked",
    "police_record": "... with a police record",
    "police_none": "... without a police record",
    "police_unknown": "... of a site without police data",
    "police_not_asked": "The police were not asked",
    "police_not_listed": "Not known whether the police were asked",
}

_VICTIM_ROWS = {
    "allocated": "Perpetrators allocated",
    "no_primary": "No case of the index meeting known",
    "primary": "Primary victims-survivors",
    "not_engaged": "Not engaged with an IDVA",
    "engagement_unknown": "Of a site without IDVA data",
    "engaged": "Engaged with an IDVA (intake form)",
    "both_forms": "... with an exit form as well",
    "intake_only": "... without an exit form",
    "intake_all": "All with an intake form",
    "intake_other": "... of whom not primary",
    "both_all": "All with both forms",
    "both_other": "... of whom not primary",
}
