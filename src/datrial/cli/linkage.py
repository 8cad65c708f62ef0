"""Commands about linkage: the report, and pairs that a person looks at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datrial.cli.options import AsJson, Study, group, job_of
from datrial.cli.output import cell_text, print_columns, print_json
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.pipeline.people import Linked

app = group("linkage", "References that are one person: the report, and pairs for a person to see.")

#: Tables of the schema `people` that say how the linkage went, in counts.
_REPORT = (
    "link_setting", "link_band", "link_space", "link_conflict", "link_missing", "cluster_size"
)  # fmt: skip
#: A table with more columns is printed with a line for each.
_WIDE = 8


@app.command()
def report(study: Study = "drive", as_json: AsJson = False) -> None:
    """Show how references were linked in the current snapshot: counts only."""
    from datrial.config.project import home
    from datrial.config.study import load_study
    from datrial.warehouse.snapshots import SnapshotStore

    load_study(study)
    tables: dict[str, tuple[tuple[str, ...], list[Any]]] = {}
    with SnapshotStore(home(), study).open() as connection:
        present = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'people'"
        ).fetchall()
        for name in (name for name in _REPORT if (name,) in present):
            connection.execute(f"select * from people.{name} order by all")  # noqa: S608 (ours)
            heads = tuple(str(column[0]) for column in connection.description or ())
            tables[name] = (heads, connection.fetchall())
    if as_json:
        print_json(
            {
                name: [dict(zip(heads, row, strict=True)) for row in rows]
                for name, (heads, rows) in tables.items()
            }
        )
        return
    if not tables:
        typer.echo(f"Study {study} links no references: all agencies share them.")
    for name, (heads, rows) in tables.items():
        typer.echo(f"{_plain(name).capitalize()}:")
        names = tuple(_plain(head) for head in heads)
        if len(heads) > _WIDE:
            for row in rows:
                print_columns(("", ""), list(zip(names, map(cell_text, row), strict=True)))
        else:
            print_columns(names, rows)
        typer.echo("")


@app.command()
def review(
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FILE.csv", help="A new file, outside the data folder."),
    ],
    study: Study = "drive",
) -> None:
    """Write the doubtful pairs, with names, for a person to decide.

    Doubtful are pairs near the cut, and links that make one person of two who were allocated.
    The file holds names of people: keep it on an encrypted disk, and delete it when
    `datrial linkage decide` has read it.
    """
    from datrial.people.review import write_review

    linked = _linked(study)
    pairs = write_review(out, linked.links, linked.identifiers, _allocated_twice(study))
    typer.echo(
        f"{pairs} pair(s) to look at in {out.name}. Write same, different or unsure under "
        f"decision; then `datrial linkage decide {out.name} --study {study}`. The file holds names "
        "of people: delete it afterwards."
    )


@app.command()
def decide(
    file: Annotated[Path, typer.Argument(help="The review file, with decisions.")],
    study: Study = "drive",
) -> None:
    """Read a person's decisions, and keep them as pairs of pseudonyms, without names."""
    from datrial.config.study import load_study
    from datrial.people.decisions import store_decisions
    from datrial.people.review import read_review
    from datrial.pipeline.lock import take_lock

    if load_study(study).linkage is None:
        raise _links_nobody(study)
    made = read_review(file)
    lock = take_lock()  # a run at work would be built from both the old and the new ones
    try:
        stored = store_decisions(study, made)
    finally:
        lock.release()
    typer.echo(
        f"{len(made)} decision(s) read, {stored} in all. `datrial run --study {study}` uses them. "
        f"{file.name} holds names of people: delete it now."
    )


def _linked(study: str) -> Linked:
    """Compare the people of the current snapshot's extracts again, in memory.

    Raises
    ------
    UsageError
        If the study links no references.
    DataError
        If there is no snapshot.
    """
    from datrial.config.project import home
    from datrial.extracts.landing import landed
    from datrial.pipeline.inputs import landing_folder, resolve
    from datrial.pipeline.people import link
    from datrial.pipeline.retention import extracts_of
    from datrial.warehouse.snapshots import SnapshotStore

    inputs = resolve(job_of(study))
    if inputs.study.linkage is None:
        raise _links_nobody(study)
    store = SnapshotStore(home(), study)
    store.open().close()  # says so if there is none
    used = extracts_of(store.path(store.current() or ""))
    linked = link(inputs, landed(landing_folder(), *(used or ((), ()))))
    if linked is None:
        raise _links_nobody(study)
    return linked


def _allocated_twice(study: str) -> list[str]:
    """Return all references of the people whom the snapshot has as allocated under several."""
    from datrial.config.project import home
    from datrial.warehouse.snapshots import SnapshotStore

    with SnapshotStore(home(), study).open() as connection:
        rows = connection.execute(
            """
            select identity.reference_id
            from people.identity as identity
            where identity.person_id in (select merged.person_id from ledger.merged as merged)
            order by identity.reference_id
            """
        ).fetchall()
    return [reference for (reference,) in rows]


def _links_nobody(study: str) -> UsageError:
    return UsageError(f"Study {study} links no references: its study file has no `linkage`.")


def _plain(name: str) -> str:
    return name.replace("_", " ")
