"""Commands that enter in the ledger what became of an allocation, or of its seed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from datrial.cli.allocation_ledger import open_ledger, operator_name
from datrial.cli.options import AsJson, Study
from datrial.cli.output import print_json
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.allocation.entries import Record

Reason = Annotated[str, typer.Option("--reason", help="Why, in words that name nobody.")]
Operator = Annotated[
    str, typer.Option("--operator", help="Who records it (default: the user's name).")
]


def correct(
    entry: Annotated[int, typer.Argument(help="Number of the allocation's entry.")],
    field: Annotated[str, typer.Argument(help="site, meeting_date or allocated_on.")],
    value: Annotated[str, typer.Argument(help="What it should have been; a day as YYYY-MM-DD.")],
    reason: Reason = "",
    study: Study = "drive",
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Enter that a fact of an allocation was written down wrongly; the original stays."""
    from datrial.allocation.corrections import correct as enter

    with open_ledger(study) as (ledger, settings):
        record = enter(
            ledger, settings, entry, field, value, reason=reason, operator=operator_name(operator)
        )
    _entered(record, as_json)


def deviation(
    entry: Annotated[int, typer.Argument(help="Number of the allocation's entry.")],
    received: Annotated[
        str, typer.Option("--received", help="The arm as which the person was treated.")
    ],
    reason: Reason = "",
    study: Study = "drive",
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Enter that someone was treated otherwise than allocated; the allocation stands."""
    from datrial.allocation.corrections import record_deviation

    with open_ledger(study) as (ledger, settings):
        record = record_deviation(
            ledger,
            settings,
            entry,
            received=received,
            reason=reason,
            operator=operator_name(operator),
        )
    _entered(record, as_json)


def amend(
    reason: Reason = "",
    study: Study = "drive",
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Enter that the study file's allocation settings were changed on purpose, and why."""
    from datrial.allocation.settings import amend as enter

    with open_ledger(study) as (ledger, settings):
        record = enter(ledger, settings, reason=reason, operator=operator_name(operator))
    _entered(record, as_json)
    if not as_json:
        for change in record.body["changes"]:
            typer.echo(f"  {change}")


def commit(
    study: Study = "drive",
    make_seed: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--make-seed", help="Draw a seed and write it to this new file first."),
    ] = None,
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Enter and print the hash of the seed, to be published before the first allocation."""
    from datrial.allocation.commitment import commit as enter
    from datrial.allocation.commitment import commitment_of
    from datrial.allocation.seed_files import SEED_FILE_VARIABLE, find_seed, make_seed_file
    from datrial.allocation.settings import is_concealed

    with open_ledger(study, make=True) as (ledger, settings):
        if make_seed and not is_concealed(settings):
            raise UsageError(
                f"The seed of study {study} stands in its study file (allocation: concealed is not "
                "set): it needs no seed file."
            )
        if make_seed and commitment_of(ledger, study):
            raise UsageError(
                f"Study {study} is committed to a seed already; no other was made. Set "
                f"{SEED_FILE_VARIABLE} to its file."
            )
        seed = make_seed_file(make_seed) if make_seed else find_seed(settings)
        record = enter(ledger, settings, seed, operator_name(operator))
    if as_json:
        print_json({"entry": record.sequence, "commitment": record.body["sha256"]})
        return
    typer.echo(f"Commitment (entry {record.sequence}): {record.body['sha256']}")
    if seed.public:
        typer.echo("The seed is public: the allocation is reproducible, not concealed.")
    if make_seed:
        typer.echo(f"Set {SEED_FILE_VARIABLE} to the seed file, and keep a copy in a safe.")


def reveal(study: Study = "drive", operator: Operator = "", as_json: AsJson = False) -> None:
    """Enter the seed behind the commitment, at the end of recruitment; nobody is allocated after.

    `datrial allocation verify --replay` then shows that every allocation followed from it.
    """
    from datrial.allocation.commitment import reveal as enter
    from datrial.allocation.seed_files import find_seed

    with open_ledger(study) as (ledger, settings):
        record = enter(ledger, settings, find_seed(settings), operator_name(operator))
    _entered(record, as_json)


def unblind(
    to: Annotated[str, typer.Option("--to", help="Who learns the arms: a role or an office.")],
    reason: Reason = "",
    study: Study = "drive",
    person: Annotated[
        str, typer.Option("--person", help="Only this person's arm (a person id of the ledger).")
    ] = "",
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Enter that arms are made known: to analysts for good, or one person's."""
    from datrial.allocation.blinding import Scope, just_allocated
    from datrial.allocation.blinding import unblind as enter

    with open_ledger(study) as (ledger, settings):
        record = enter(
            ledger,
            settings,
            scope=Scope.PERSON if person else Scope.STUDY,
            to=to,
            reason=reason,
            operator=operator_name(operator),
            person_id=person or None,
        )
        told = [each for each in ledger.entries(study) if each.allocation.person_id == person]
    arms = [label for *_, label in just_allocated(settings, told)]
    if as_json:
        print_json({"entry": record.sequence, "hash": record.hash, "arms": arms})
        return
    _entered(record, as_json)
    for label in arms:
        typer.echo(f"Arm: {label}")


def _entered(record: Record, as_json: bool) -> None:
    if as_json:
        print_json({"entry": record.sequence, "hash": record.hash})
        return
    typer.echo(f"Entry {record.sequence}: {record.kind.replace('_', ' ')} recorded.")
