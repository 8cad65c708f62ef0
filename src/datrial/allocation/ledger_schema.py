"""The tables and triggers of the ledger's file, and how an older file is brought up to date."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from datrial.allocation.entries import GENESIS

APPLICATION_ID = 0x44545249  # "DTRI": tells a ledger from any other SQLite file
FORMAT = 2

# The triggers hold for every program that opens the file. The one on insert also
# stops INSERT OR REPLACE, which would delete without firing the trigger on delete.
FORMAT_1 = f"""
create table entry (
    sequence integer primary key,
    study text not null,
    person_id text not null,
    site text not null,
    meeting_date text not null,
    arm text not null,
    stratum text not null,
    scheme text not null,
    scheme_version text not null,
    library text not null,
    bit_generator text not null,
    list_sha256 text,
    key_fingerprint text,
    allocated_on text,
    recorded_at text not null,
    operator text not null,
    previous_hash text not null,
    hash text not null,
    unique (study, person_id)
);
create trigger entry_never_updated before update on entry
begin select raise(abort, 'the ledger is append only'); end;
create trigger entry_never_deleted before delete on entry
begin select raise(abort, 'the ledger is append only'); end;
create trigger entry_only_at_the_end before insert on entry
when new.sequence is not (select coalesce(max(sequence), 0) + 1 from entry)
    or new.previous_hash is not coalesce(
        (select hash from entry order by sequence desc limit 1), '{GENESIS}'
    )
    or exists (select 1 from entry where study = new.study and person_id = new.person_id)
begin select raise(abort, 'the ledger grows at its end, by people not allocated before'); end;
"""  # noqa: S608 (the values put in are constants of ours)

# The rows of format 1 are not touched: the chain goes on in the table `record`, which
# holds entries of every kind. One statement each, so that they fit in one transaction.
_TO_FORMAT_2 = (
    "drop trigger entry_only_at_the_end",
    """create trigger entry_closed before insert on entry
begin select raise(abort, 'the ledger goes on in the table record'); end""",
    """create table record (
    sequence integer primary key,
    kind text not null,
    study text not null,
    person_id text,
    operator text not null,
    recorded_at text not null,
    body text not null,
    previous_hash text not null,
    hash text not null
)""",
    """create unique index one_allocation on record (study, person_id)
where kind = 'allocation'""",
    """create trigger record_never_updated before update on record
begin select raise(abort, 'the ledger is append only'); end""",
    """create trigger record_never_deleted before delete on record
begin select raise(abort, 'the ledger is append only'); end""",
    f"""create trigger record_only_at_the_end before insert on record
when new.sequence is not 1 + coalesce(
        (select max(sequence) from record), (select max(sequence) from entry), 0
    )
    or new.previous_hash is not coalesce(
        (select hash from record order by sequence desc limit 1),
        (select hash from entry order by sequence desc limit 1), '{GENESIS}'
    )
    or (new.kind = 'allocation' and (new.person_id is null
        or exists (select 1 from entry where study = new.study and person_id = new.person_id)
        or exists (
            select 1 from record
            where kind = 'allocation' and study = new.study and person_id = new.person_id
        )))
begin select raise(abort, 'the ledger grows at its end, by people not allocated before'); end""",  # noqa: S608 (a constant of ours)
    f"pragma user_version = {FORMAT}",
)


def create_tables(connection: sqlite3.Connection) -> None:
    """Make an empty ledger: as of format 1, brought up to date, so that all files are alike."""
    connection.executescript(f"{FORMAT_1} pragma application_id = {APPLICATION_ID};")
    connection.execute("pragma user_version = 1")
    upgrade(connection)


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring a file of format 1 up to date, in one transaction; its rows stay as they are.

    Of several processes that do so at once, the first does it.
    """
    if connection.in_transaction:
        connection.commit()
    connection.execute("begin immediate")
    try:
        if format_of(connection) == 1:
            for statement in _TO_FORMAT_2:
                connection.execute(statement)
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise


def format_of(connection: sqlite3.Connection) -> int:
    """Return the format that an open file says it has."""
    (version,) = connection.execute("pragma user_version").fetchone()
    return int(version)


def schema_is_intact(connection: sqlite3.Connection) -> bool:
    """Return whether tables, keys and triggers are exactly those of the file's format."""
    listing = "select type, name, sql from sqlite_master order by type, name"
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        model.executescript(FORMAT_1)
        if format_of(connection) > 1:
            for statement in _TO_FORMAT_2:
                model.execute(statement)
        expected = model.execute(listing).fetchall()
    return connection.execute(listing).fetchall() == expected
