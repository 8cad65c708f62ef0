"""The database of all runs: every number with its state, whole files only, reading only."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import duckdb
import pytest
import results_fixture as given

from datrial.errors import DatrialError, UsageError
from datrial.pipeline.retention.deletion import delete
from datrial.pipeline.retention.held import Held
from datrial.results.cells import Table
from datrial.results.database import DATABASE, query, refresh
from datrial.results.published import load_published, published_values
from datrial.results.read import read_run
from datrial.results.store import write_run


def _store(home: Path, run_id: str = given.RUN_ID, **changes: object) -> Path:
    published = published_values(load_published("drive"), given.PARAMETERS)
    manifest = given.manifest(run_id=run_id, **changes)
    return write_run(home, run_id, manifest, given.tables(), published)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    _store(home, "older", end="2026-11-01T00:00:00+00:00", who="one")
    _store(home, "newer", end="2026-11-02T00:00:00+00:00", label="again")
    _store(home, "other", end="2026-10-01T00:00:00+00:00", study="drive_linkage")
    return home


def test_every_cell_of_every_run_is_there_with_its_state(home: Path) -> None:
    run = read_run(home, "newer")
    for entry in run.tables:
        rows = query(
            home,
            "select row_key, column_key, statistic, value, n, mark from "
            f"{entry.table.id.replace('.', '__')} where run_id = 'newer'",
        ).rows
        marks = {"value": "", "suppressed": "[c]", "not_available": "[x]", "not_applicable": "[z]"}
        assert rows == [
            (cell.row, cell.column, cell.statistic, cell.value, cell.n, marks[cell.state])
            for cell in entry.table.cells
        ]


def test_a_run_is_one_row_and_the_newest_of_each_study_is_known(home: Path) -> None:
    answer = query(home, "select run_id, study, label, who, data_until, is_latest from run")
    until = given.manifest()["data_until"]
    assert [(*row[:4], str(row[4]), row[5]) for row in answer.rows] == [
        ("other", "drive_linkage", "", "nightly", until, True),
        ("older", "drive", "", "one", until, False),
        ("newer", "drive", "again", "nightly", until, True),
    ]
    latest = query(home, "select distinct run_id from latest.risk_score__rate_ratios order by all")
    assert latest.rows == [("newer",), ("other",)]
    assert query(home, "select count(*) from latest.run").rows == [(2,)]


def test_published_numbers_stand_beside_ours_and_no_difference_is_made_up(home: Path) -> None:
    rows = query(
        home,
        "select ours, published, printed, difference from published where run_id = 'newer' "
        "and table_id = 'risk_score.rate_ratios' and row_key = 'midpoint' "
        "and statistic in ('rate_ratio', 'p_value') order by statistic desc",
    ).rows
    assert rows == [(0.907, 0.91, "", 0.907 - 0.91), (0.00002, 0.0, "0.00", 0.00002)]
    hidden = query(home, "select count(*) from published where ours is null and difference = 0")
    assert hidden.rows == [(0,)]


def test_titles_and_parameters_can_be_asked(home: Path) -> None:
    answer = query(home, "select title from latest.table_info where table_id = 'needs.prevalence'")
    assert answer.rows[0] == ("Service users with each need",)
    rows = query(
        home,
        "select value from parameter where run_id = 'newer' and analysis = 'risk_score' "
        "and parameter = 'effect'",
    ).rows
    assert rows == [('"gamma"',)]


def test_the_file_can_be_moved_and_names_no_place(home: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere.duckdb"
    shutil.copy(refresh(home), moved)
    assert str(home).encode() not in moved.read_bytes()
    with duckdb.connect() as connection:
        connection.execute(f"attach '{moved}' as mine (read_only)")
        counted = connection.execute("select count(*) from mine.latest.published").fetchall()
    assert counted == query(home, "select count(*) from latest.published").rows


def test_it_is_made_anew_only_when_the_runs_changed(tmp_path: Path) -> None:
    _store(tmp_path)
    made = refresh(tmp_path).stat().st_ino
    assert refresh(tmp_path).stat().st_ino == made
    _store(tmp_path, "second")
    assert query(tmp_path, "select count(*) from run").rows == [(2,)]
    shutil.rmtree(tmp_path / "results" / "second")
    assert query(tmp_path, "select count(*) from run").rows == [(1,)]
    assert refresh(tmp_path, anew=True).stat().st_ino != made
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results", DATABASE]


def test_a_reader_keeps_the_old_file_while_a_new_one_takes_its_place(tmp_path: Path) -> None:
    _store(tmp_path)
    with duckdb.connect(str(refresh(tmp_path)), read_only=True) as reader:
        _store(tmp_path, "second")
        refresh(tmp_path)
        assert reader.execute("select count(*) from run").fetchall() == [(1,)]
    assert query(tmp_path, "select count(*) from run").rows == [(2,)]


def test_what_a_shell_left_behind_does_not_get_into_the_new_file(tmp_path: Path) -> None:
    _store(tmp_path)
    refresh(tmp_path)
    (tmp_path / f"{DATABASE}.wal").write_bytes(b"the changes of a shell")
    (tmp_path / DATABASE).write_bytes(b"not a database")
    assert query(tmp_path, "select count(*) from run").rows == [(1,)]
    assert not (tmp_path / f"{DATABASE}.wal").exists()


def test_a_changed_run_is_an_error_and_the_old_file_stays(tmp_path: Path) -> None:
    folder = _store(tmp_path)
    before = refresh(tmp_path).read_bytes()
    (folder / "cells.parquet").write_bytes(b"something else")
    with pytest.raises(DatrialError, match=r"cells\.parquet was changed or lost"):
        refresh(tmp_path, anew=True)
    assert (tmp_path / DATABASE).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results", DATABASE]


def test_without_a_run_there_is_nothing_to_ask(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no stored run yet"):
        query(tmp_path, "select 1")


@pytest.mark.parametrize(
    "sql",
    [
        "select nothing from run",
        "selec 1",
        "drop table run",
        "insert into run select * from run",
        "copy run to 'run.csv'",
        "select * from read_csv('results/newer/tables/needs.prevalence.csv')",
        "attach 'other.duckdb'",
        "set enable_external_access = true",
        "select 1; select 2",
        "",
    ],
)
def test_a_wrong_query_is_the_users_error_and_nothing_is_read_or_written_besides(
    home: Path, sql: str
) -> None:
    before = refresh(home).read_bytes()
    with pytest.raises(UsageError):
        query(home, sql)
    assert refresh(home).read_bytes() == before


def test_a_table_that_one_run_lacks_is_asked_of_the_others(tmp_path: Path) -> None:
    _store(tmp_path, end="2026-11-01T00:00:00+00:00")
    table = Table("needs.new", "New", "", (), {"a": "A"}, {"b": "B"})
    table.add("a", "b", "count", 0)
    write_run(tmp_path, "second", given.manifest(run_id="second", end="2026-11-02"),
              [("needs", table)], {})  # fmt: skip
    assert query(tmp_path, "select run_id, value, mark from needs__new").rows == [
        ("second", 0.0, "")
    ]
    assert query(tmp_path, "select * from latest.risk_score__rate_ratios").rows == []


def test_a_run_of_some_analyses_says_which(tmp_path: Path) -> None:
    _store(tmp_path, only=["needs", "risk_score"])
    rows = query(tmp_path, "select selected, exploratory, primary_outcomes from run").rows
    assert rows == [(["needs", "risk_score"], [], list(given.manifest()["primary_outcomes"]))]
    _store(tmp_path, "whole")
    assert query(tmp_path, "select selected from run where run_id = 'whole'").rows == [(None,)]


def test_of_a_deleted_run_no_copy_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    folder = _store(tmp_path)
    _store(tmp_path, "kept")
    refresh(tmp_path)
    gone = Held(
        kind="run", id=given.RUN_ID, since=dt.datetime.now(dt.UTC), size=1,
        holds="counts", expired=True,
        why="removed by hand: a test", paths=(folder,), sha256="0" * 64,
    )  # fmt: skip
    delete(gone, "drive", "a tester", tmp_path)
    assert not (tmp_path / DATABASE).exists()
    assert query(tmp_path, "select run_id from run").rows == [("kept",)]
