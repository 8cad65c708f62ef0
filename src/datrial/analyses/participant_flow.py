"""The participant flow (CONSORT): from hearings to the data of each source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.allocation.eligibility import Reason
from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.participant_flow_tables import perpetrators_table, victims_table
from datrial.analyses.received import received
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


@dataclass(frozen=True)
class _Step:
    """A step of the flow that is told by arm.

    Attributes
    ----------
    column
        Of marts.participant: what is added up.
    source
        What it is known from; without one it is the allocation ledger.
    site
        The step of one site only.
    arms
        To which it applies; without any, to all.
    """

    row: str
    label: str
    column: str = "is_allocated"
    source: str = ""
    site: str = ""
    arms: tuple[str, ...] = ()


def run(context: Context, parameters: ParticipantFlowParameters) -> list[Table]:
    """Draw up both flows, in which every box is the sum of its parts, and the steps by site."""
    people = context.connection.execute("select * from marts.participant order by person_id").df()
    table = Table(
        "participant_flow.flow",
        "Participants by step, arm and site",
        "Perpetrators, except in the two rows on IDVA forms, which count victims-survivors. Heard: "
        "at MARAC, for which data were received. Not allocated: never, with the reason. The police "
        "were asked about the intervention arm and a random subsample of the controls only, so "
        "controls with a police record are not a share of all controls. Where a source sent "
        "nothing, its number is not available.",
        ("D-T1",),
    )
    table.column("all", "All")
    for arm, settings in context.study.arms.items():
        table.column(arm, settings.label)
    _add_assessed(context, table, people)
    allocated = people[people["is_allocated"]]
    for step in _steps(context):
        _add_step(context, table, allocated, step)
    return [perpetrators_table(context), victims_table(context), table]


def _steps(context: Context) -> Iterator[_Step]:
    """Yield the steps from the allocation on, in their order."""
    intervention = tuple(
        arm for arm, about in context.study.arms.items() if about.role != "control"
    )
    yield _Step("allocated", "Allocated")
    for row, label, column in (
        ("completed", "Completed the intervention", "completed"),
        ("cms_forms", "With a case-management record", "in_cms"),
    ):
        yield _Step(row, label, column, "cms", arms=intervention)
    for row, label, column in (
        (
            "insights_intake", "Victims-survivors with an IDVA intake form",
            "victims_with_intake_form",
        ),
        ("insights_both", "... and an exit form", "victims_with_both_forms"),
    ):  # fmt: skip
        yield _Step(row, label, column, "insights")
    for site, about in context.study.sites.items():
        yield _Step(f"marac_{site}", f"Allocated, {about.label}", site=site)
        label = f"With a police record, {about.label}"
        yield _Step(f"police_record_{site}", label, "in_police", "police", site)


def _add_assessed(context: Context, table: Table, people: pd.DataFrame) -> None:
    """Add those heard and those excluded; these steps come before there are arms."""
    heard = people[people["in_marac"].eq(True)]
    counts = {"heard": ("Heard at MARAC", len(heard))}
    reasons = {reason.value: label for reason, label in REASON_LABELS.items()}
    for reason in sorted(set(heard["exclusion_reason"].dropna()) - set(reasons)):
        reasons[reason] = reason.replace("_", " ")  # a rule that only some studies have
    for reason, label in reasons.items():
        count = int((heard["exclusion_reason"] == reason).sum())
        row = f"excluded_{reason.removeprefix('excluded_')}"
        counts[row] = (f"Not allocated: {label}", count)
    not_heard = int(people["in_marac"].eq(False).sum())
    counts["allocated_not_heard"] = ("Allocated, not found in the MARAC data", not_heard)
    sent = received(context, "marac")
    for row, (label, count) in counts.items():
        table.row(row, label)
        if sent.reason():
            table.absent(row, "all", "count", sent.reason())
        else:
            table.add(row, "all", "count", count, warning=sent.warning())


def _add_step(context: Context, table: Table, allocated: pd.DataFrame, step: _Step) -> None:
    """Add a step's number for all and for each arm."""
    table.row(step.row, step.label)
    sent = received(context, step.source) if step.source else None
    people = allocated[allocated["site"] == step.site] if step.site else allocated
    for column in table.column_labels:
        group = people if column == "all" else people[people["arm"] == column]
        count = int(group[step.column].dropna().sum())
        if column != "all" and step.arms and column not in step.arms and not count:
            reason = "only the intervention has this"
            table.absent(step.row, column, "count", reason, state=State.NOT_APPLICABLE)
            continue
        # Which sites must have sent data: those of the people counted.
        sites = [step.site] if step.site else sorted(set(group["site"]))
        if sent and sent.reason(sites):
            table.absent(step.row, column, "count", sent.reason(sites))
        else:
            warning = sent.warning(sites) if sent else ""
            table.add(step.row, column, "count", count, warning=warning)


ANALYSIS = Analysis(
    id="participant_flow",
    title="Participant flow",
    chapter="Participant flow",
    question="Who was heard, allocated and followed up, and who was not?",
    population="Every perpetrator heard at MARAC at the study's sites, and every allocated one.",
    rules="A perpetrator is allocated once. Victims-survivors belong to the arm of their "
    "perpetrator. Not to be found in a source counts only where the source sent data for the "
    "person's site; where it sent none, the number is not available.",
    model="Counts from the allocation ledger and the cohort. A box of a flow that is not the sum "
    "of its parts stops the analysis.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Table 1 and Appendix 1.",
        "Schulz, Altman and Moher (2010), CONSORT 2010, BMJ 340, c332.",
    ),
    limits=("It shows how many were lost at each step and not why each of them was lost.",),
    catalogue=("D-T1",),
    parameters=ParticipantFlowParameters,
    run=run,
    tells_arms=("participant_flow.flow", "participant_flow.perpetrators"),
)
