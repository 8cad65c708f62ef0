"""kill -9 at every statement of a load and every file of a landing: a re-run is a clean run.

The road here is the pipeline's own, from the inbox to checked staging tables,
with small files: a corrected CSV with every kind of bad row, a workbook, and a
second CSV.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from kill_points import Killer, count_steps, killed, spread

from datrial.checks.run import run_checks
from datrial.config.mapping import SourceMapping
from datrial.config.project import project_root
from datrial.extracts.differences import write_differences
from datrial.extracts.landing import land
from datrial.extracts.raw import load
from datrial.extracts.receipts import read_receipts
from datrial.extracts.staging import stage
from datrial.people.pseudonyms import DEMONSTRATION_KEY, Pseudonymiser
from datrial.warehouse.snapshots import SnapshotStore

TABLES = ("marac_case", "meeting_capacity", "police_incident")
SCHEMAS = ("raw", "mapped", "earlier", "staging", "quarantine", "accounting", "checks")
STATEMENTS = ("execute", "executemany", "begin", "commit", "rollback", "checkpoint")

COVERS = {"start": "2016-01-01", "end": "2019-09-30"}
MARAC: dict[str, Any] = {
    "key": "test/marac", "source": "marac", "site": "site_1", "file": "cases*.csv",
    "format": "csv", "covers": COVERS,
    "tables": [{
        "table": "marac_case",
        "columns": {"perpetrator_id": "Perp", "victim_id": "Victim", "hearing_date": "Heard",
                    "perpetrator_age": "Age", "repeat_case": "Repeat"},
        "values": {"repeat_case": {"yes": ["Y"], "no": ["N"]}},
        "withheld": ["Name"],
    }],
}  # fmt: skip
PLACES: dict[str, Any] = {
    "key": "test/places", "source": "allocation", "file": "places.csv", "format": "csv",
    "covers": COVERS, "site": "site_1",
    "tables": [{
        "table": "meeting_capacity", "columns": {"meeting_date": "Meeting", "places": "Places"},
    }],
}  # fmt: skip
POLICE: dict[str, Any] = {
    "key": "test/police", "source": "police", "site": "site_1", "file": "police.xlsx",
    "format": "excel", "covers": COVERS,
    "tables": [{
        "table": "police_incident",
        "columns": {"incident_id": "Ref", "perpetrator_id": "Suspect", "incident_date": "When"},
        "constants": {"domestic_abuse": "yes"},
    }],
}  # fmt: skip
MAPPINGS = [SourceMapping.model_validate(one) for one in (MARAC, PLACES, POLICE)]

HEADER = "Perp,Victim,Heard,Age,Repeat,Name"
CASES = [f"P{n},V{n},{1 + n % 28:02d}/03/2017,{20 + n},{'YN'[n % 2]},Somebody" for n in range(40)]
JUNK = ["", "P1,V1,31/02/2017,30,Y,x", "Total,40,,,,", "P2,V2,01/04/2017,thirty,Perhaps,x"]


def write_inbox(inbox: Path, *, corrected: bool) -> None:
    """Write the files: as they came first, or with the MARAC list corrected."""
    inbox.mkdir(exist_ok=True)
    cases = [*CASES[:30], *JUNK, CASES[0]]
    if corrected:
        cases = [*CASES[5:], CASES[0].replace(",20,", ",21,"), *JUNK, CASES[7]]
    (inbox / "cases.csv").write_text("\n".join([HEADER, *cases]) + "\n")
    (inbox / "places.csv").write_text("Meeting,Places\n01/03/2017,2\n15/03/2017,3\n,\n")
    if (inbox / "police.xlsx").exists():
        return
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Ref", "Suspect", "When"])
    for n in range(50):
        sheet.append([f"I{n}", f"P{n % 17}", f"{1 + n % 28:02d}/06/2018"])
    sheet.append(["I3", "P3", "04/06/2018"])
    book.save(inbox / "police.xlsx")


class Watched:
    """A connection, each statement of which is a step."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, killer: Killer) -> None:
        self._connection, self._killer = connection, killer

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        return self._killer.step(found) if name in STATEMENTS else found


def build(home: Path, killer: Killer) -> None:
    """Land, load, stage, check, and publish; each statement is a step."""
    landed = land(MAPPINGS, home / "inbox", home / "landing")
    unfinished = home / "work.duckdb"
    unfinished.unlink(missing_ok=True)  # as a build does; a new attempt has a new folder, too
    with pytest.MonkeyPatch.context() as patch, duckdb.connect(str(unfinished)) as really:
        # Every rule by SQL: quick, and its statements are steps too.
        patch.setattr("datrial.checks.judging.SQL_FROM_ROWS", 0)
        connection: Any = Watched(really, killer)
        load(
            connection, landed.current, MAPPINGS, home / "landing",
            Pseudonymiser(DEMONSTRATION_KEY), earlier=landed.earlier,
        )  # fmt: skip
        stage(connection, TABLES, project_root() / "sql" / "staging")
        write_differences(connection)
        run_checks(connection, project_root() / "expectations", TABLES)
        connection.execute("checkpoint")
    SnapshotStore(home, "drive").publish(unfinished, "s1")


def land_and_publish(home: Path, killer: Killer) -> None:
    """Land the files and publish a warehouse; each change of a file is a step."""
    with pytest.MonkeyPatch.context() as patch:
        killer.watch_files(patch)
        land(MAPPINGS, home / "inbox", home / "landing")
        unfinished = home / "work.duckdb"
        unfinished.write_bytes(b"a warehouse")
        SnapshotStore(home, "drive").publish(unfinished, "s1")


def warehouse(home: Path) -> dict[str, list[Any]]:
    """Return every row of every table of the published snapshot, in its order."""
    with SnapshotStore(home, "drive").open() as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where list_contains(?, table_schema) order by all",
            [list(SCHEMAS)],
        ).fetchall()
        return {
            f"{schema}.{name}": connection.execute(f'from {schema}."{name}"').fetchall()
            for schema, name in tables
        }


def landing(home: Path) -> tuple[list[Any], list[str]]:
    """Return what the receipts say, but for the time; and the names of all files."""
    receipts = [replace(one, received_at="") for one in read_receipts(home / "landing")]
    names = [str(p.relative_to(home)) for p in (home / "landing").rglob("*") if p.is_file()]
    return receipts, sorted(names)


def whole_extracts_only(home: Path) -> None:
    """Check that a killed load left each extract whole or not at all."""
    file = home / "work.duckdb"
    if not file.exists():
        return
    with duckdb.connect(str(file)) as connection:
        made = {
            f"{schema}.{name}"
            for schema, name in connection.execute(
                "select table_schema, table_name from information_schema.tables"
            ).fetchall()
        }
        for shelf, rows in (("raw", "mapped"), ("raw", "raw"), ("earlier", "earlier")):
            if f"{shelf}.extract" not in made:
                continue
            for table in TABLES:
                if f"{rows}.{table}" not in made:
                    continue
                noted = connection.execute(
                    f"select extract_id, received from {shelf}.extract where table_name = ? "
                    "order by all",
                    [table],
                ).fetchall()
                there = connection.execute(
                    f"select extract_id, count(*) from {rows}.{table} group by all order by all"
                ).fetchall()
                assert there == [pair for pair in noted if pair[1]], f"{rows}.{table}"


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state in which the first delivery has landed, and the next lies in the inbox."""
    home = tmp_path_factory.mktemp("before")
    write_inbox(home / "inbox", corrected=False)
    land(MAPPINGS[:2], home / "inbox", home / "landing")
    write_inbox(home / "inbox", corrected=True)
    return home


@pytest.fixture(scope="module")
def clean(before: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """What a run makes of it that nobody kills, and its number of statements."""
    home = tmp_path_factory.mktemp("clean") / "home"
    shutil.copytree(before, home)
    steps = count_steps(lambda killer: build(home, killer))
    found = warehouse(home)
    assert len(found["raw.extract"]) == 3 and len(found["earlier.extract"]) == 1
    for table in ("raw.marac_case", "earlier.marac_case", "quarantine.row", "checks.result"):
        assert found[table], table
    return home, steps


def check_killed_in_a_build(before: Path, clean: Path, home: Path, at: int, after: bool) -> None:
    shutil.copytree(before, home)
    assert killed(lambda killer: build(home, killer), at, after=after)
    assert SnapshotStore(home, "drive").current() is None
    whole_extracts_only(home)
    assert not killed(lambda killer: build(home, killer), 0)
    found, expected = warehouse(home), warehouse(clean)
    assert found.keys() == expected.keys()
    for table in expected:
        assert found[table] == expected[table], f"{table}, killed at statement {at}"
    assert landing(home) == landing(clean)
    shutil.rmtree(home)


def test_killed_at_some_statements(before: Path, clean: tuple[Path, int], tmp_path: Path) -> None:
    whole, steps = clean
    assert steps > 50
    for turn, at in enumerate(spread(steps, 12)):
        check_killed_in_a_build(before, whole, tmp_path / f"{at}", at, after=turn % 2 == 1)


@pytest.mark.long
def test_killed_at_every_statement(before: Path, clean: tuple[Path, int], tmp_path: Path) -> None:
    whole, steps = clean
    for at in range(1, steps + 1):
        for after in (False, True):
            check_killed_in_a_build(before, whole, tmp_path / f"{at}-{after}", at, after)


def test_killed_at_every_change_of_a_file(before: Path, tmp_path: Path) -> None:
    clean = tmp_path / "clean"
    shutil.copytree(before, clean)
    steps = count_steps(lambda killer: land_and_publish(clean, killer))
    assert steps > 15 and len(landing(clean)[0]) == 4
    for at in range(1, steps + 1):
        for after in (False, True):
            home = tmp_path / f"{at}-{after}"
            shutil.copytree(before, home)
            assert killed(lambda killer, home=home: land_and_publish(home, killer), at, after=after)
            for receipt in read_receipts(home / "landing"):  # what has a receipt is there, whole
                content = receipt.path(home / "landing").read_bytes()
                assert hashlib.sha256(content).hexdigest() == receipt.sha256
            assert SnapshotStore(home, "drive").current() in (None, "s1")
            land_and_publish(home, Killer())
            assert landing(home) == landing(clean), f"killed at step {at}"
            assert SnapshotStore(home, "drive").current() == "s1"
