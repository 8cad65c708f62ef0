"""A stored run is repeated from what is stored: equal to the byte, or what differs is named."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from small_state import QUICK, small_run, small_snapshot
from typer.testing import CliRunner, Result

from datrial.analyses.base import Context
from datrial.analyses.registry import ANALYSES
from datrial.cli import app
from datrial.config.study import Study, load_study
from datrial.errors import DataError, DatrialError, UsageError
from datrial.pipeline.identity import code_version
from datrial.pipeline.rerun import rerun
from datrial.results.cells import Table
from datrial.results.listing import stored_runs
from datrial.warehouse.snapshots import SnapshotStore

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A state folder with a small snapshot and a run on it."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATRIAL_HOME", str(folder))
        return folder, small_run(small_snapshot(folder)).run_id


@pytest.fixture
def state(
    whole: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, str]:
    """A copy of it of one's own."""
    folder = tmp_path / "home"
    shutil.copytree(whole[0], folder)
    monkeypatch.setenv("DATRIAL_HOME", str(folder))
    return folder, whole[1]


def written(home: Path) -> dict[str, bytes]:
    """Return all that is stored, but for records of attempts."""
    return {
        str(path.relative_to(home)): path.read_bytes()
        for part in ("results", "reports", "snapshots")
        for path in (home / part).rglob("*")
        if path.is_file()
    }


def ask(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=True)


def other_code(patch: pytest.MonkeyPatch) -> None:
    """Let the code be another, in the rooms that only read a snapshot."""
    real = code_version

    def changed(rooms: tuple[str, ...] | None = None) -> str:
        return real(rooms) if rooms else "0000feed0000feed"

    patch.setattr("datrial.pipeline.inputs.code_version", changed)


def other_numbers(patch: pytest.MonkeyPatch) -> None:
    """Let one analysis give other numbers: its first number is 100 more."""
    real = ANALYSES["balance"]

    def counts_more(context: Context, parameters: Any) -> list[Table]:
        tables = real.run(context, parameters)
        table = next(table for table in tables if any(cell.value for cell in table.cells))
        at = next(i for i, cell in enumerate(table.cells) if cell.value)
        cell = table.cells[at]
        table.cells[at] = dataclasses.replace(cell, value=(cell.value or 0) + 100)
        return tables

    patch.setattr("datrial.analyses.balance.ANALYSIS", dataclasses.replace(real, run=counts_more))


def test_a_run_made_again_is_equal_byte_for_byte_and_nothing_stored_changes(
    state: tuple[Path, str],
) -> None:
    home, run = state
    before = written(home)
    said = ask("rerun", "latest")
    assert said.exit_code == 0, (said.output, said.exception)
    files = len([name for name in before if run in name and not name.endswith("times.json")])
    pages = sum(
        (home / "reports" / run / name).is_file() for name in ("checks.html", "changes.html")
    )
    assert f"Equal, byte for byte: {files - pages} files." in said.output
    assert all(f"{name}: done" in said.output for name in QUICK)
    assert written(home) == before
    assert not list((home / "tmp").glob("*/rerun-*"))


def test_the_study_file_of_today_does_not_matter(
    state: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run = state
    today = load_study("drive").model_copy(update={"seed": 1, "title": "Another plan"})

    def other(name: str) -> Study:
        return today

    for place in ("job", "stored_job", "planned"):
        monkeypatch.setattr(f"datrial.pipeline.{place}.load_study", other)
    assert rerun(run).is_equal


def test_a_file_that_was_changed_is_named_and_the_repetition_has_it_as_it_was(
    state: tuple[Path, str],
) -> None:
    home, run = state
    table = next((home / "results" / run / "tables").glob("*.csv"))
    table.write_text("changed by hand")
    said = ask("rerun", run)
    assert isinstance(said.exception, DatrialError) and said.exception.exit_code == 1
    assert "not as it was stored" in str(said.exception)
    assert f"results/tables/{table.name}: damaged" in said.output
    assert "Of the 1 damaged files the repetition has 1 exactly" in said.output
    assert table.read_text() == "changed by hand"


def test_a_manifest_that_was_changed_does_not_pass(state: tuple[Path, str]) -> None:
    home, run = state
    path = home / "results" / run / "manifest.json"
    content = json.loads(path.read_text())
    content["resolved_study"]["seed"] += 1
    path.write_text(json.dumps(content))
    said = ask("rerun", run)
    assert isinstance(said.exception, DatrialError)
    assert "does not follow from its manifest" in str(said.exception)


def test_with_other_code_and_equal_numbers_only_names_differ(
    state: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run = state
    other_code(monkeypatch)
    repeated = rerun(run)
    assert not repeated.is_equal and repeated.same_numbers and repeated.is_explained
    assert repeated.repeated != run
    assert repeated.files.differing == repeated.files.missing == repeated.files.added == ()
    assert any("0000feed0000feed now" in line for line in repeated.other_inputs)
    assert ask("rerun", run, "--strict").exit_code == 0


def test_with_other_code_and_other_numbers_the_cells_are_listed_with_their_cause(
    state: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run = state
    other_code(monkeypatch)
    other_numbers(monkeypatch)
    said = ask("rerun", run, "--json")
    assert said.exit_code == 0, said.exception
    answer = json.loads(said.stdout)
    assert not answer["equal"] and not answer["same_numbers"] and answer["explained"]
    cells = [cell for cell in answer["cells"] if cell["differs"] == "value"]
    assert cells and {cell["table"].partition(".")[0] for cell in cells} == {"balance"}
    assert {cell["cause"] for cell in answer["cells"]} == {"code"}
    assert any(cell["change"] == pytest.approx(100) for cell in cells)
    strict = ask("rerun", run, "--strict")
    assert strict.exit_code == 1 and "gives other numbers" in str(strict.exception)


def test_what_one_of_the_runs_hides_is_not_told_by_the_other() -> None:
    from datrial.cli.rerun import _texts, _value
    from datrial.results.cells import Cell, State
    from datrial.results.differences import CellDifference, Differs

    told = Cell("row", "all", "count", 3.0, 3, State.VALUE, "", "")
    hidden = Cell("row", "all", "count", None, None, State.SUPPRESSED, "a small count", "")
    for first, second in ((told, hidden), (hidden, told)):
        each = CellDifference(
            "a", "a.t", "Table", "row", "Row", "all", "All", "count", first, second, None,
            "disclosure", Differs.STATE,
        )  # fmt: skip
        assert sorted(_texts(each)) == ["[c] hidden", "a number"]
        assert _value(each, first) is None and _value(each, second) is None


def test_other_numbers_by_the_same_code_are_a_fault(
    state: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, run = state
    before = written(home)
    other_numbers(monkeypatch)
    said = ask("rerun", run)
    assert said.exit_code == 1 and isinstance(said.exception, DatrialError)
    assert "although its code, its data and its parameters" in str(said.exception)
    assert "cells differ" in said.output and "unexplained" in said.output
    assert written(home) == before


@pytest.mark.usefixtures("state")
def test_an_analysis_that_failed_then_is_repeated_and_may_fail_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(context: Context, parameters: Any) -> list[Table]:
        raise DataError("there are too few people")

    real = ANALYSES["balance"]
    with monkeypatch.context() as patch:
        patch.setattr("datrial.analyses.balance.ANALYSIS", dataclasses.replace(real, run=fails))
        run = small_run("5a5a5a5a5a5a", "in part").run_id
        again = rerun(run)
    assert again.is_equal and again.failed == ("balance",)
    whole_now = rerun(run)
    assert not whole_now.is_explained and whole_now.cells is not None
    assert [(a.analysis, a.first, a.second) for a in whole_now.cells.analyses] == [
        ("balance", "failed", "done")
    ]


def test_a_repetition_that_is_kept_is_a_run_of_its_own(state: tuple[Path, str]) -> None:
    home, run = state
    before = written(home)
    kept = rerun(run, keep=True).kept
    listed = {stored.run_id: stored for stored in stored_runs(home)}
    assert set(listed) == {run, kept}
    assert listed[kept].label == f"rerun of {run}" and listed[kept].is_complete
    now = written(home)
    assert {name: now[name] for name in before} == before
    assert (home / "reports" / kept / "checks.html").is_file()
    assert rerun(kept).is_equal
    assert rerun(run, keep=True).kept == kept  # it is there already


def test_a_snapshot_that_is_gone_and_cannot_be_built_again_is_told_with_all_that_is_missing(
    state: tuple[Path, str],
) -> None:
    home, run = state
    store = SnapshotStore(home, "drive")
    store.path(store.current() or "").unlink()
    before = written(home)
    said = ask("rerun", run)
    assert isinstance(said.exception, DataError) and said.exception.exit_code == 3
    for told in ("cannot be built again", "drive/cms@000000000000", "allocation ledger"):
        assert told in str(said.exception)
    assert written(home) == before and store.current() is None


@pytest.mark.parametrize("coded", [True, False])
def test_a_blinded_study_is_repeated_by_the_names_of_its_study_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, coded: bool
) -> None:
    """While arms are codes, and after an unblinding; the run itself has places only."""
    study = load_study("drive")
    arms = {"zzyxone": study.arms["intervention"], "zzyxtwo": study.arms["control"]}
    arms = {key: arm.model_copy(update={"label": f"Label {key}"}) for key, arm in arms.items()}
    allocation = study.allocation.model_copy(update={"blinding": "coded_arms"})
    blinded = study.model_copy(update={"arms": arms, "allocation": allocation, "published": None})
    for place in ("job", "stored_job", "planned"):
        monkeypatch.setattr(f"datrial.pipeline.{place}.load_study", lambda name: blinded)
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    run = small_run(
        small_snapshot(tmp_path, blinded, coded=coded), analyses=("participant_flow",)
    ).run_id
    assert rerun(run).is_equal
    manifest = json.loads((tmp_path / "results" / run / "manifest.json").read_text())
    assert list(manifest["resolved_study"]["arms"]) == ["arm_1", "arm_2"]
    said = ask("rerun", run).output + ask("runs", "show", run).output
    assert ("zzyx" in said) is False
    assert any("zzyx" in name.read_text() for name in tmp_path.glob("attempts/*.json")) is False


@pytest.mark.parametrize("name", ["nobody", ""])
def test_a_run_that_is_not_there_is_wrong_use(state: tuple[Path, str], name: str) -> None:
    said = ask("rerun", name)
    assert isinstance(said.exception, UsageError) and said.exception.exit_code == 2
