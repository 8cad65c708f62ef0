"""The store of runs: whole or not at all, same inputs same bytes, states never read as zero."""

from __future__ import annotations

import csv
import io
import os
import shutil
from pathlib import Path

import pytest
import results_fixture as given

from datrial.errors import DatrialError, UsageError
from datrial.results.cells import PublishedValue, State, Table, cells_frame, published_without_row
from datrial.results.published import load_published, published_values
from datrial.results.read import read_run
from datrial.results.store import runs, sweep, write_run


def _store(home: Path, tables: list[tuple[str, Table]] | None = None, **changes: object) -> Path:
    published = published_values(load_published("drive"), given.PARAMETERS)
    made = given.tables() if tables is None else tables
    return write_run(home, given.RUN_ID, given.manifest(**changes), made, published)


def _bytes(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _small(value: float | None = 3.0) -> list[tuple[str, Table]]:
    table = Table("risk_score.small", "Small", "", (), {"a": "A"}, {"b": "B"})
    table.add("a", "b", "count", value)
    return [("risk_score", table)]


def test_the_same_results_have_the_same_bytes_whoever_makes_them_whenever(tmp_path: Path) -> None:
    first = _bytes(_store(tmp_path / "one"))
    second = _bytes(_store(tmp_path / "two", who="an evaluator", start="later", end="later still"))
    assert first.pop("times.json") != second.pop("times.json")
    assert first == second
    assert {"manifest.json", "tables.json", "cells.parquet"} < set(first)


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    _store(tmp_path)
    run = read_run(tmp_path, given.RUN_ID)
    assert [(entry.analysis, entry.table) for entry in run.tables] == given.tables()
    ratios = run.table("risk_score.rate_ratios")
    assert ratios is not None
    beside = ratios.published["midpoint", "estimate", "p_value"]
    assert beside == PublishedValue(0.0, "Table A3.2", "0.00")
    said = {name: given.manifest()[name] for name in ("start", "end", "who")}
    assert run.times == {**said, "turn": 1}


def test_the_readable_table_says_states_in_words_and_leaves_no_cell_empty(tmp_path: Path) -> None:
    folder = _store(tmp_path) / "tables"
    for path in folder.glob("*.csv"):
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
        assert all(cell for row in rows for cell in row), path.name
    with (folder / "marac_follow_up.reappearance.csv").open(encoding="utf-8") as file:
        by_period = {row["row"]: row for row in csv.DictReader(file)}
    assert by_period["before"]["control.people"] == "not available"
    assert by_period["after_12"]["control.people"] == "0"
    assert by_period["after_0_6"]["intervention.people.published"] == "15"
    with (folder / "marac_follow_up.serial_periods.csv").open(encoding="utf-8") as file:
        serial = {row["row"]: row for row in csv.DictReader(file)}
    assert serial["after_6_12"]["intervention.share"] == "suppressed"


def test_the_table_for_programs_has_the_state_beside_each_number(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    path = _store(tmp_path) / "tables" / "marac_follow_up.reappearance.parquet"
    rows = {row["row"]: row for row in pq.read_table(path).to_pylist()}
    assert rows["before"]["control.people"] is None
    assert rows["before"]["control.people.state"] == "not_available"
    assert rows["after_12"]["control.people"] == 0
    assert rows["after_12"]["control.people.state"] == "value"


def test_a_run_that_could_not_be_finished_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Path, target: Path) -> Path:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="no space"):
        _store(tmp_path)
    assert runs(tmp_path) == []
    assert list((tmp_path / "results").iterdir()) == []


def test_what_a_killed_writer_left_is_no_run_and_is_swept_when_old(tmp_path: Path) -> None:
    left = _store(tmp_path).rename(tmp_path / "results" / ".writing-abc-1-00")
    assert runs(tmp_path) == []
    assert sweep(tmp_path) == 0
    os.utime(left, (0, 0))
    assert sweep(tmp_path) == 1
    assert not left.exists()


def test_a_stored_run_is_never_changed_by_one_with_other_numbers(tmp_path: Path) -> None:
    before = _bytes(_store(tmp_path, _small(3)))
    with pytest.raises(DatrialError, match="already stored with other results"):
        _store(tmp_path, _small(4))
    assert _bytes(tmp_path / "results" / given.RUN_ID) == before
    _store(tmp_path, _small(3), who="someone else")
    assert _bytes(tmp_path / "results" / given.RUN_ID) == before


def test_a_run_with_a_failed_analysis_gives_way_to_a_whole_one_and_not_the_reverse(
    tmp_path: Path,
) -> None:
    failed = [{"id": "risk_score", "state": "failed", "reason": "out of memory"}]
    _store(tmp_path, [], analyses=failed)
    assert [entry["state"] for entry in runs(tmp_path)] == ["done in part"]
    _store(tmp_path, _small(), analyses=[{"id": "risk_score", "state": "done"}])
    assert [entry["state"] for entry in runs(tmp_path)] == ["done"]
    _store(tmp_path, [], analyses=failed)
    assert [entry["state"] for entry in runs(tmp_path)] == ["done"]
    assert len(list((tmp_path / "results").iterdir())) == 1


def test_a_changed_or_lost_file_is_noticed_when_a_run_is_read(tmp_path: Path) -> None:
    folder = _store(tmp_path)
    cells = folder / "cells.parquet"
    kept = cells.read_bytes()
    cells.write_bytes(kept[:-1] + b"!")
    with pytest.raises(DatrialError, match=r"1 file\(s\) were changed or lost.*cells.parquet"):
        read_run(tmp_path, given.RUN_ID)
    cells.write_bytes(kept)
    read_run(tmp_path, given.RUN_ID)
    shutil.rmtree(folder / "tables")
    with pytest.raises(DatrialError, match="changed or lost"):
        read_run(tmp_path, given.RUN_ID)


@pytest.mark.parametrize("name", ["../outside", "", "a/b", ".writing-x"])
def test_a_run_id_names_a_folder_in_results_and_nothing_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="There is no run"):
        read_run(tmp_path, name)
    with pytest.raises(UsageError, match="run_id"):
        write_run(tmp_path, name, given.manifest(), [], {})
    assert not (tmp_path / "outside").exists()


def test_a_published_number_needs_a_cell_in_a_row_that_was_made() -> None:
    (pair,) = _small()
    at = {("risk_score.small", "a", "b", "mean"): PublishedValue(1.0, "Table 1")}
    with pytest.raises(KeyError, match="published values without a cell"):
        cells_frame("r", [pair], at)
    elsewhere = {("risk_score.small", "z", "b", "mean"): PublishedValue(1.0, "Table 1")}
    assert len(cells_frame("r", [pair], elsewhere)) == 1
    assert published_without_row(pair[1], elsewhere) == ["z"]


def test_a_value_that_is_not_a_number_becomes_not_available_and_never_zero(tmp_path: Path) -> None:
    _store(tmp_path, _small(float("nan")))
    (entry,) = read_run(tmp_path, given.RUN_ID).tables
    cell = entry.cell("a", "b", "count")
    assert cell is not None
    assert (cell.value, cell.state) == (None, State.NOT_AVAILABLE)
