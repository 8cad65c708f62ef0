"""The ledger as it was when a run was made: a copy without what was entered later."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.allocation.ledger import Ledger
from datrial.allocation.ledger_schema import format_of
from datrial.allocation.verification import read_head_line
from datrial.errors import DatrialError

if TYPE_CHECKING:
    from datrial.allocation.entries import Head

#: How many entries may stand between a snapshot and the head that its run noted.
_MOST_BETWEEN = 200


def ledger_as_of(source: Path, noted: str, digest: str, study: str, target: Path) -> str:
    """Copy the ledger as it was at a noted entry, and say what is wrong with that.

    The ledger only grows, so what it was is its beginning. The head is noted when a run
    is published; where its snapshot was built before other entries came, these go too.

    Parameters
    ----------
    source, target
        The ledger, which is only read, and the copy, in a folder that is there.
    noted
        The last entry that the run noted (``2594:6815...``).
    digest
        The hash of the study's allocations that the snapshot was made of.

    Returns
    -------
    str
        Empty if the copy is what the snapshot was made of; else why there is none.
    """
    if not source.is_file():
        return "the allocation ledger is not there (ledger.sqlite): put back its backup"
    if not noted:
        return "the run did not note the ledger's last entry"
    head = read_head_line(noted)
    _copy(source, target)
    _cut(target, head.sequence)
    problem = _problem(target, head)
    if problem:
        return f"the ledger is not the one of then ({problem}): put back its backup"
    for last in range(head.sequence, max(head.sequence - _MOST_BETWEEN, 0), -1):
        _cut(target, last)
        with Ledger(target, read_only=True) as ledger:
            if ledger.digest(study) == digest:
                return ""
    return (
        "the ledger's entries up to the one that the run noted are not the allocations that its "
        "snapshot was made of"
    )


def _copy(source: Path, target: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
        target.chmod(0o600)
    except sqlite3.Error:
        raise DatrialError(
            "The ledger could not be copied to a scratch place. Run it again when no other "
            "process writes to it."
        ) from None


def _cut(copy: Path, last: int) -> None:
    """Take out the entries after one from a copy; its triggers are put back as they were."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        triggers = connection.execute(
            "select name, sql from sqlite_master where type = 'trigger' order by rowid"
        ).fetchall()
        connection.execute("begin immediate")
        for name, _ in triggers:
            connection.execute(f"drop trigger {name}")
        for table in ("entry", "record") if format_of(connection) > 1 else ("entry",):
            connection.execute(f"delete from {table} where sequence > ?", (last,))  # noqa: S608
        for _, sql in triggers:
            connection.execute(sql)
        connection.execute("commit")


def _problem(copy: Path, head: Head) -> str:
    with Ledger(copy, read_only=True) as ledger:
        return ledger.verify(expected=head).problem
