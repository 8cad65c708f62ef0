"""The participant flow (CONSORT): from hearings to the data of each source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.allocation.eligibility import Reason
from datrial.analyses.base import Analysis, Context, Parameters
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    import pandas as pd


REASON_LABELS = {
    Reason.OUTSIDE_RECRUITMENT: "heard only outside the recruitment window",
    Reason.UNDER_AGE: "under age",
    Reason.NO_PLACES: "no places at the meeting",
    Reason.MEETING_DRAWN: "the meeting had been drawn",
    Reason.ELIGIBLE_NOT_ALLOCATED: "eligible, in no arm",
}


class ParticipantFlowParameters(Parameters):
    """The participant flow has no parameters."""


def run(context: Context, parameters: ParticipantFlowParameters) -> list[Table]:
    """Count perpetrators at every step, by arm; every box equals its children plus exclusions."""
    people = context.connection.execute("select * from marts.participant").df()
    table = Table(
        "participant_flow.flow",
        "Participant flow",
        "Perpetrators, except in the two rows on IDVA forms, which count victims-survivors. Heard: "
        "at MARAC, for which data were received. Not allocated: never, with the reason. The police "
        "were asked about the intervention arm and a random subsample of the controls only, so "
        "controls with a police record are not a share of all controls.",
        ("D-T1",),
    )
    table.column("all", "All")
    for arm, settings in context.study.arms.items():
        table.column(arm, settings.label)
    allocated = people[people["is_allocated"]]
    _add_assessed(table, people)
    _add_by_arm(context, table, "allocated", "Allocated", allocated)
    intervention = [arm for arm, about in context.study.arms.items() if about.role != "control"]
    for row, label, column in (
        ("completed", "Completed the intervention", "completed"),
        ("cms_forms", "With a case-management record", "in_cms"),
    ):
        _add_by_arm(context, table, row, label, allocated[allocated[column]], of=intervention)
    _add_victims(context, table, allocated)
    for site, about in context.study.sites.items():
        of_site = allocated[allocated["site"] == site]
        _add_by_arm(context, table, f"marac_{site}", f"Allocated, {about.label}", of_site)
        _add_by_arm(
            context, table, f"police_record_{site}", f"With a police record, {about.label}",
            of_site[of_site["in_police"]],
        )  # fmt: skip
    return [table]


def _add_assessed(table: Table, people: pd.DataFrame) -> None:
    """Add those heard and those excluded; these steps come before there are arms."""
    heard = people[people["in_marac"]]
    table.row("heard", "Heard at MARAC")
    table.add("heard", "all", "count", len(heard))
    for reason, label in REASON_LABELS.items():
        row = f"excluded_{reason.value}"
        table.row(row, f"Not allocated: {label}")
        table.add(row, "all", "count", int((heard["exclusion_reason"] == reason.value).sum()))
    table.row("allocated_not_heard", "Allocated, not found in the MARAC data")
    table.add("allocated_not_heard", "all", "count", int((~people["in_marac"]).sum()))


def _add_by_arm(
    context: Context,
    table: Table,
    row: str,
    label: str,
    people: pd.DataFrame,
    *,
    of: list[str] | None = None,
) -> None:
    """Add a count for all and for each arm; ``of``: the arms to which the row applies."""
    table.row(row, label)
    table.add(row, "all", "count", len(people))
    for arm in context.study.arms:
        count = int((people["arm"] == arm).sum())
        if of is None or arm in of or count:
            table.add(row, arm, "count", count)
        else:
            reason = "only the intervention has this"
            table.absent(row, arm, "count", reason, state=State.NOT_APPLICABLE)


def _add_victims(context: Context, table: Table, allocated: pd.DataFrame) -> None:
    """Add victims-survivors with IDVA forms, in their perpetrator's arm."""
    rows = {
        "insights_intake": (
            "Victims-survivors with an IDVA intake form",
            "victims_with_intake_form",
        ),
        "insights_both": ("... and an exit form", "victims_with_both_forms"),
    }
    for row, (label, column) in rows.items():
        table.row(row, label)
        table.add(row, "all", "count", int(allocated[column].sum()))
        for arm in context.study.arms:
            table.add(row, arm, "count", int(allocated.loc[allocated["arm"] == arm, column].sum()))


ANALYSIS = Analysis(
    id="participant_flow",
    title="Participant flow",
    question="Who was heard, allocated and followed up, and who was not?",
    population="Every perpetrator heard at MARAC at the study's sites, and every allocated one.",
    rules="A perpetrator is allocated once. Victims-survivors belong to the arm of their "
    "perpetrator.",
    model="Counts from the allocation ledger and the cohort.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Table 1 and Appendix 1.",
        "Schulz, Altman and Moher (2010), CONSORT 2010, BMJ 340, c332.",
    ),
    catalogue=("D-T1",),
    parameters=ParticipantFlowParameters,
    run=run,
)
