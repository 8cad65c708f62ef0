"""Building tables from SQL files in dependency order, and publishing snapshots."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from datrial.config.project import project_root
from datrial.config.study import load_study
from datrial.errors import DataError, DatrialError
from datrial.warehouse.builder import build_tables, table_files
from datrial.warehouse.snapshots import SnapshotStore
from datrial.warehouse.study_tables import write_allocations, write_study_tables


def sql_folder(root: Path, **files: str) -> Path:
    for name, text in files.items():
        schema, _, table = name.partition("__")
        (root / schema).mkdir(exist_ok=True)
        (root / schema / f"{table}.sql").write_text(text)
    return root


def test_tables_are_made_in_the_order_in_which_they_read_each_other(tmp_path: Path) -> None:
    folder = sql_folder(
        tmp_path,
        a__last="select * from b.middle -- not a.last",
        b__middle="select * from a.first",
        a__first="select 1 as x /* b.middle */",
    )
    assert [f.name for f in table_files(folder, ("a", "b"))] == ["a.first", "b.middle", "a.last"]
    assert build_tables(duckdb.connect(), folder, ("a", "b")) == {
        "a.first": 1, "b.middle": 1, "a.last": 1,
    }  # fmt: skip


def test_a_circle_and_a_table_that_nobody_makes_are_told(tmp_path: Path) -> None:
    folder = sql_folder(tmp_path, a__x="select * from a.y", a__y="select * from a.x")
    with pytest.raises(DatrialError, match="circle"):
        table_files(folder, ("a",))
    (folder / "a" / "y.sql").write_text("select * from a.zebra")
    with pytest.raises(DatrialError, match=r"a\.y reads a\.zebra"):
        table_files(folder, ("a",))


def test_a_failing_file_is_named_and_no_value_is_told(tmp_path: Path) -> None:
    folder = sql_folder(
        tmp_path, a__x="select cast(name as integer) from (values ('Canary')) v(name)"
    )
    with pytest.raises(DatrialError, match=r"a\.x failed \(ConversionException\)") as told:
        build_tables(duckdb.connect(), folder, ("a",))
    assert "Canary" not in str(told.value) and told.value.__cause__ is None


def test_every_sql_file_says_what_it_is() -> None:
    for path in (project_root() / "sql").glob("*/*.sql"):
        head = path.read_text(encoding="utf-8")[:1500]
        for word in ("Grain:", "Key:", "Source:", "Version:"):
            assert re.search(rf"^-- +{word}", head, re.MULTILINE), f"{path.name}: {word}"


def test_every_table_of_the_cohort_and_marts_is_specified() -> None:
    spec = " ".join(p.read_text() for p in (project_root() / "tests" / "spec").glob("*.py"))
    for schema in ("people", "cohort", "marts"):
        for path in (project_root() / "sql" / schema).glob("*.sql"):
            if path.stem != "perpetrator":  # read through marts.participant
                assert f"{schema}.{path.stem}" in spec or f'"{path.stem}"' in spec, path.stem


def test_settings_of_the_study_reach_sql() -> None:
    connection = duckdb.connect()
    write_study_tables(connection, load_study("drive"), [], [])
    assert connection.execute("select count(*), max(position) from study.period").fetchall() == [
        (5, 4)
    ]
    assert connection.execute(
        "select value from study.setting where name = 'dash_max_not_known'"
    ).fetchall() == [(10.0,)]


def test_more_allocations_than_one_insert_holds_are_all_written() -> None:
    connection = duckdb.connect()
    rows = [(f"p{i}", "site_1", "2017-01-01", "control", "imported") for i in range(2594)]
    write_allocations(connection, rows, [("p9", "under_age")])
    found = connection.execute(
        "select count(*), count(distinct person_id) from ledger.allocation"
    ).fetchall()
    assert found == [(2594, 2594)]


def finished(path: Path, value: int) -> Path:
    connection = duckdb.connect(str(path))
    connection.execute(f"create table x as select {value} as value")
    connection.close()
    return path


def test_a_snapshot_becomes_current_only_when_published(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path, "drive")
    with pytest.raises(DataError, match="no snapshot of study drive yet"):
        store.open()
    store.publish(finished(tmp_path / "build.duckdb", 1), "one")
    assert store.current() == "one"
    reader = store.open()
    store.publish(finished(tmp_path / "build.duckdb", 2), "two")
    # A reader keeps the snapshot that it opened; the next one sees the new one.
    assert reader.execute("select value from x").fetchall() == [(1,)]
    assert store.open().execute("select value from x").fetchall() == [(2,)]
    assert store.open("one").execute("select value from x").fetchall() == [(1,)]
    with pytest.raises(DataError, match="no snapshot three"):
        store.open("three")


def test_a_snapshot_cannot_be_written_through_the_store(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path, "drive")
    store.publish(finished(tmp_path / "build.duckdb", 1), "one")
    with pytest.raises(duckdb.Error):
        store.open().execute("insert into x values (2)")
