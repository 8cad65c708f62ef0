"""``datrial retention``: what is held, since when, and deleting what has expired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from datrial.cli.options import AsJson, Study
from datrial.cli.output import print_columns, print_json, size_of

if TYPE_CHECKING:
    from datrial.pipeline.retention import Held


def retention(
    study: Study = "drive",
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete what has expired, and record each deletion.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List what is held and since when; delete what the study file says has expired.

    Every deletion is recorded in DATRIAL_HOME/deleted.jsonl. Never deleted: the ledger, the
    current snapshot, and whatever a kept snapshot or run rests on.
    """
    from datrial.config.study import load_study
    from datrial.pipeline.retention import expire, held

    settings = load_study(study)
    deleted = expire(settings, delete=True) if delete else []
    listed = held(settings)
    if as_json:
        print_json({"held": [_plain(one) for one in listed], "deleted": [*map(_plain, deleted)]})
        return
    for one in deleted:
        typer.echo(f"Deleted: {one.kind} {one.id} ({size_of(one.size)}): {one.why}")
    if delete:
        typer.echo(f"{len(deleted)} deleted.\n")
    if not listed:
        typer.echo("Nothing is held.")
        return
    print_columns(
        ("held", "id", "since", "size", "holds", "", "why"),
        [
            (one.kind, one.id, f"{one.since:%Y-%m-%d}", size_of(one.size), one.holds,
             "EXPIRED" if one.expired else "kept", one.why)
            for one in listed
        ],
    )  # fmt: skip
    expired = [one for one in listed if one.expired]
    if expired:
        typer.echo(
            f"\n{len(expired)} expired ({size_of(sum(one.size for one in expired))}): "
            f"`datrial retention --study {study} --delete` deletes them."
        )


def _plain(one: Held) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "id": one.id,
        "since": one.since.isoformat(),
        "size": one.size,
        "holds": one.holds,
        "expired": one.expired,
        "why": one.why,
        "sha256": one.sha256,
    }
