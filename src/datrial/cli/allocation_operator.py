"""What an operator asks about one case: the arm that was just drawn for it."""

from __future__ import annotations

from typing import Annotated

import typer

from datrial.cli.allocation_ledger import open_ledger
from datrial.cli.options import AsJson, Inbox, Study, job_of
from datrial.cli.output import print_json


def arm(
    study: Study = "drive",
    space: Annotated[
        str,
        typer.Option(
            "--space", help="Whose reference it is, where agencies share none (reference_space)."
        ),
    ] = "",
    inbox: Inbox = None,
    as_json: AsJson = False,
) -> None:
    """Show the arm of one case, by the agency's reference.

    The reference is asked for and neither shown nor kept: it stands in no shell's history. In a
    study whose arms are coded only the cases allocated last are answered.
    """
    from datrial.allocation.blinding import entry_for_operator
    from datrial.pipeline.inputs import resolve

    with open_ledger(study, read_only=True) as (ledger, settings):
        pseudonymiser = resolve(job_of(study, inbox)).pseudonymiser()
        reference = typer.prompt("Perpetrator's reference", hide_input=True, err=True)
        person = pseudonymiser.pseudonym("perpetrator", reference, space or None)
        allocation = entry_for_operator(ledger, settings, person).allocation
    label = settings.arms[allocation.arm].label
    if as_json:
        print_json(
            {"person": person, "site": allocation.site, "meeting": allocation.meeting_date,
             "arm": label}
        )  # fmt: skip
        return
    site = settings.sites[allocation.site].label
    typer.echo(f"{label} ({site}, meeting of {allocation.meeting_date}, {person})")
