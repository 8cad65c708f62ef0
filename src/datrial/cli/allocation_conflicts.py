"""The command that lists who was allocated under several references."""

from __future__ import annotations

from typing import Any

import typer

from datrial.cli.options import AsJson, Study
from datrial.cli.output import print_columns, print_json
from datrial.errors import UsageError

_COLUMNS = ("person_id", "reference_id", "site", "meeting_date", "arm", "stands", "same_arm")


def conflicts(study: Study = "drive", as_json: AsJson = False) -> None:
    """List the people whom linkage found allocated under several references: the first stands."""
    rows = _merged(study)
    if as_json:
        print_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
        return
    if not rows:
        typer.echo("By the current snapshot, nobody was allocated under several references.")
        return
    print_columns(
        ("person", "allocated as", "site", "meeting", "arm", "", "arms"),
        [
            (*row[:5], "stands" if row[5] else "", "the same" if row[6] else "DIFFERENT")
            for row in rows
        ],
    )
    people = len({row[0] for row in rows})
    different = len({row[0] for row in rows if not row[6]})
    typer.echo(
        f"{people} people were allocated under several references, {different} of them in "
        "different arms. The first allocation stands: everyone is analysed in its arm, from its "
        "meeting on; the ledger keeps them all. Whether they are one person a person can decide: "
        f"`datrial linkage review --study {study}` begins with these pairs."
    )


def _merged(study: str) -> list[tuple[Any, ...]]:
    """Return the allocations of whoever has several, by person, the first one first.

    Raises
    ------
    UsageError
        If the snapshot was built before they were listed.
    """
    import duckdb

    from datrial.config.project import home
    from datrial.config.study import load_study
    from datrial.warehouse.snapshots import SnapshotStore

    load_study(study)
    with SnapshotStore(home(), study).open() as connection:
        try:
            return connection.execute(
                f"select {', '.join(_COLUMNS)} from ledger.merged "  # noqa: S608 (names are ours)
                "order by person_id, stands desc, meeting_date, site, reference_id"
            ).fetchall()
        except duckdb.CatalogException:
            raise UsageError(
                "The current snapshot was built without the list of people allocated under "
                f"several references. Run `datrial run --study {study}` first."
            ) from None
