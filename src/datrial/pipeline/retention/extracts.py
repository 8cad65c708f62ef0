"""How long the agencies' files are held: they have the names of people in them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.config.project import home
from datrial.config.study import Study, load_study, studies
from datrial.pipeline.retention.held import Held, by_months, bytes_in, moment, written
from datrial.pipeline.retention.record import last_rested_on

if TYPE_CHECKING:
    from datrial.extracts.receipts import Receipt


_LONG_AGO = dt.date.min


def extracts_of(snapshot: Path) -> tuple[set[str], set[str]] | None:
    """Return the ids of the extracts that a snapshot was made from, and those they replaced.

    None if the snapshot cannot be read.
    """
    import duckdb

    found = []
    try:
        with duckdb.connect(str(snapshot), read_only=True) as connection:
            for schema in ("raw", "earlier"):
                exists = connection.execute(
                    "select 1 from information_schema.tables "
                    "where table_schema = ? and table_name = 'extract'",
                    [schema],
                ).fetchall()
                select = f"select distinct extract_id from {schema}.extract"  # noqa: S608 (ours)
                rows = connection.execute(select).fetchall() if exists else []
                found.append({str(extract) for (extract,) in rows})
    except duckdb.Error:
        return None
    return found[0], found[1]


def held_extracts(study: Study, today: dt.date) -> list[Held]:
    """Return the landed files of a study, in the order in which they arrived.

    A file is kept while a snapshot, of any study, rests on it; the months count
    from the day on which the last such snapshot was deleted.
    """
    from datrial.extracts.receipts import read_receipts

    landing = home() / "landing"
    receipts = read_receipts(landing)
    resting, released = _snapshots_on_extracts(), last_rested_on(home())
    judged = []
    for one in receipts:
        last = max(moment(one.received_at, landing).date(), released.get(one.extract_id, _LONG_AGO))
        if not one.path(landing).is_file():
            expired, why = False, "the file was deleted; its receipt is kept"
        elif resting is None:
            expired, why = False, "a snapshot that cannot be read may rest on it"
        elif one.extract_id in resting:
            expired, why = False, f"snapshot {resting[one.extract_id]} rests on it"
        else:
            expired, why = by_months(_months(study, one.mapping), last, today, "files not in use")
            if expired and _in_an_inbox(one):
                expired, why = False, "expired, but still in the inbox: take it out there first"
        judged.append((one, expired, why))
    # Two receipts can have one file: months without a case, or two studies' mappings.
    needed = {one.path(landing) for one, expired, _ in judged if not expired}
    listed = []
    for one, expired, why in judged:
        path = one.path(landing)
        if expired and path in needed:
            expired, why = False, "another extract, which is kept, has the same content"
        if one.mapping in study.sources:
            listed.append(
                Held(
                    kind="extract", id=one.extract_id, since=moment(one.received_at, landing),
                    size=bytes_in([path]), holds="names of people", expired=expired, why=why,
                    paths=(path,), sha256=one.sha256,
                )
            )  # fmt: skip
    return listed + _without_receipt(landing, {one.path(landing) for one in receipts})


def mark_deleted(path: Path) -> None:
    """Say in the receipts of a landed file that it is here no longer.

    Landing passes over receipts that do not name its reading rules, and reads
    a file through again whose receipt does not: what comes back is received anew.
    """
    from datrial.extracts.keeping import locked, sweep
    from datrial.extracts.receipts import read_receipts, renew_receipts, write_receipt

    landing = home() / "landing"
    with locked(landing):
        sweep(landing)
        renew_receipts(landing)
        for receipt in read_receipts(landing):
            if receipt.path(landing) == path:
                write_receipt(replace(receipt, checked="deleted"), landing)


def _without_receipt(landing: Path, known: set[Path]) -> list[Held]:
    """Return what a killed run left half landed."""
    return [
        Held(
            kind="extract", id=str(path.relative_to(landing)), since=written(path),
            size=bytes_in([path]), holds="names of people", expired=False,
            why="a file without a receipt: the next run completes it; else delete it by hand",
        )
        for path in sorted(landing.glob("*/*"))
        if path.is_file() and path not in known and not path.name.endswith(".json")
    ]  # fmt: skip


def _snapshots_on_extracts() -> dict[str, str] | None:
    """Return extract id -> a snapshot, of any study, that rests on it.

    None if a snapshot cannot be read: it may rest on any of them.
    """
    resting: dict[str, str] = {}
    for path in sorted((home() / "snapshots").glob("*/*.duckdb")):
        made_from = extracts_of(path)
        if made_from is None:
            return None
        for extract in made_from[0] | made_from[1]:
            resting[extract] = f"{path.name.partition('.')[0]} of study {path.parent.name}"
    return resting


def _months(study: Study, mapping: str) -> int | None:
    """Return for how long files of a mapping are held: the longest of the studies that read it."""
    others = [load_study(name) for name in studies() if name != study.study]
    limits = [one.retention.extracts_months for one in [study, *others] if mapping in one.sources]
    return None if None in limits else max(filter(None, limits), default=None)


def _in_an_inbox(receipt: Receipt) -> bool:
    """Tell whether a file still lies in an inbox, from which it would land again."""
    from datrial.extracts.files import file_hash, visible_files

    return any(
        path.stat().st_size == receipt.size and file_hash(path) == receipt.sha256
        for inbox in (home() / "inbox").glob("*")
        if inbox.is_dir()
        for path in visible_files(inbox)
    )
