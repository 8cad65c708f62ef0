"""Commands about the allocation ledger: look at it, verify it, and enter what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from datrial.cli import (
    allocation_conflicts,
    allocation_draws,
    allocation_entries,
    allocation_operator,
)
from datrial.cli.allocation_ledger import code_key, one_of, open_ledger
from datrial.cli.options import AsJson, Study, group
from datrial.cli.output import print_columns, print_json
from datrial.errors import DataError, UsageError

if TYPE_CHECKING:
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study as StudyFile

app = group("allocation", "The allocation ledger: verify it, list it, and enter corrections.")


@app.command()
def verify(
    study: Study = "drive",
    head: Annotated[
        str, typer.Option("--head", help="A head noted earlier, which must be in the chain.")
    ] = "",
    replay: Annotated[
        bool, typer.Option("--replay", help="Draw everyone of the study again from the seed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check every entry and the chain; name the first that was altered."""
    from datrial.allocation.verification import head_line, read_head_line

    with open_ledger(study, read_only=True) as (ledger, settings):
        found = ledger.verify(expected=read_head_line(head) if head else None)
        answer: dict[str, Any] = {
            "valid": found.valid,
            "entries": found.entries,
            "first_fault": found.first_fault,
            "problem": found.problem,
            "head": head_line(ledger.head()) if found.valid else None,
        }
        if found.valid and replay:
            answer["replay"] = _replay(ledger, settings)
    sound = found.valid and not answer.get("replay", {}).get("problem")
    if as_json:
        print_json(answer)
    elif sound:
        typer.echo(f"{found.entries:,} entries, none altered. Head: {answer['head']}")
        if replay:
            typer.echo(f"{answer['replay']['drawn']:,} draws made again: all came out the same.")
    if not sound:
        problem = found.problem or answer["replay"]["problem"]
        raise DataError(
            f"The allocation ledger is not sound: {problem}. Allocate nobody; compare it with the "
            "last good copy."
        )


@app.command("list")
def list_entries(
    study: Study = "drive",
    kind: Annotated[
        Optional[list[str]],  # noqa: UP045 (typer reads this at run time)
        typer.Option("--kind", help="Only entries of this kind. May be repeated."),
    ] = None,
    role: Annotated[
        str, typer.Option("--role", help="For whom: analyst or operator (in a blinded study).")
    ] = "analyst",
    as_json: AsJson = False,
) -> None:
    """List the study's entries, with the arms that the role may see."""
    from datrial.allocation.blinding import Role
    from datrial.allocation.entries import Kind
    from datrial.allocation.visible import visible_entries

    kinds = [one_of(Kind, name, "--kind") for name in kind or []]
    chosen = one_of(Role, role, "--role")
    with open_ledger(study, read_only=True) as (ledger, settings):
        entries = visible_entries(ledger, settings, chosen, code_key(ledger, settings), *kinds)
    if as_json:
        print_json(entries)
        return
    print_columns(
        ("entry", "recorded (UTC)", "kind", "operator", "person", "what"),
        [
            (
                entry["entry"],
                entry["recorded_at"][:16].replace("T", " "),
                entry["kind"].replace("_", " "),
                entry["operator"],
                entry["person_id"],
                _summary(entry),
            )
            for entry in entries
        ],
    )


for _command in (
    allocation_entries.correct, allocation_entries.deviation, allocation_entries.amend,
    allocation_entries.commit, allocation_entries.reveal, allocation_entries.unblind,
    allocation_draws.simulate, allocation_draws.request_police, allocation_operator.arm,
    allocation_conflicts.conflicts,
):  # fmt: skip
    app.command()(_command)


def _replay(ledger: Ledger, settings: StudyFile) -> dict[str, Any]:
    from dataclasses import asdict

    from datrial.allocation.commitment import revealed_seed
    from datrial.allocation.replaying import replay
    from datrial.allocation.settings import IMPORTED

    if settings.randomisation.method == IMPORTED:
        raise UsageError(
            f"Study {settings.study} imports the list of whoever randomised: only they can draw "
            "again."
        )
    seed = revealed_seed(ledger, settings)
    if seed is None:
        raise UsageError(
            f"The seed of study {settings.study} has not been revealed: at the end of recruitment, "
            "`datrial allocation reveal`."
        )
    return asdict(replay(ledger, settings, seed))


def _summary(entry: dict[str, Any]) -> str:
    """Return one line of what an entry says; the rest is in --json."""
    names = {
        "allocation": ("site", "meeting_date", "arm", "scheme"),
        "correction": ("entry", "field", "old", "new", "reason"),
        "deviation": ("entry", "received", "reason"),
        "unblinding": ("scope", "to", "reason"),
        "police_request": ("step", "scheme"),
    }.get(entry["kind"], ("reason", "sha256", "seed"))
    said = [str(entry["body"][name]) for name in names if entry["body"].get(name) is not None]
    corrected = ["corrected"] if "now" in entry else []
    return ", ".join([*said, *corrected])
