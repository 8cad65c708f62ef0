"""What of a run may leave the house: made whole, held against earlier releases, recorded."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from small_state import small_run, small_snapshot
from typer.testing import CliRunner, Result

from datrial.cli import app
from datrial.config.disclosure import load_profile
from datrial.errors import DataError, DatrialError, UsageError
from datrial.pipeline import releasing
from datrial.pipeline.removing import remove_run
from datrial.pipeline.rerun import rerun
from datrial.results.cells import State
from datrial.results.earlier_tables import runs_on_snapshot
from datrial.results.read import Run, read_run
from datrial.results.releases import Release, add_record, releases

pytestmark = pytest.mark.timeout(600)
ALL = ("balance", "participant_flow", "participant_profile")
#: So that some of the few people's counts are small.
HIGH = load_profile("counts_below_5").model_copy(update={"threshold": 45})


def high_threshold(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("datrial.pipeline.protection.load_profile", lambda name: HIGH)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A state folder with a snapshot, a run of several analyses on it, and one of only one."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATRIAL_HOME", str(folder))
        high_threshold(patch)
        snapshot = small_snapshot(folder)
        first = small_run(snapshot, analyses=ALL).run_id
        return folder, first, small_run(snapshot, analyses=("participant_flow",)).run_id


@pytest.fixture
def state(
    whole: tuple[Path, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, str, str]:
    """A copy of it of one's own."""
    folder = tmp_path / "home"
    shutil.copytree(whole[0], folder)
    monkeypatch.setenv("DATRIAL_HOME", str(folder))
    high_threshold(monkeypatch)
    return folder, *whole[1:]


def ask(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=True)


def hidden(run: Run) -> set[tuple[str, str, str, str]]:
    return {
        (entry.table.id, cell.row, cell.column, cell.statistic)
        for entry in run.tables
        for cell in entry.table.cells
        if cell.state is State.SUPPRESSED
    }


def test_a_run_shows_nothing_that_another_run_of_its_snapshot_hides(
    state: tuple[Path, str, str],
) -> None:
    home, first, only = state
    one, other = read_run(home, first), read_run(home, only)
    tables = {entry.table.id for entry in other.tables}
    assert hidden(one)
    assert {key for key in hidden(one) if key[0] in tables} == hidden(other)
    assert not (one.folder / "protection.json").exists()
    for run in (first, only):
        assert rerun(run).is_equal


def test_a_run_that_heeds_another_is_repeated_without_it(
    state: tuple[Path, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of fewer analyses hides other cells than one of more; the later one heeds that."""
    home, first, only = state
    shutil.rmtree(home / "results")
    shutil.rmtree(home / "reports")
    snapshot = "5a5a5a5a5a5a"
    monkeypatch.setattr("datrial.pipeline.protection.load_profile", load_profile)
    small_run(snapshot, analyses=("participant_flow",))
    assert not hidden(read_run(home, only))

    def hides_more(*args: object) -> object:
        """Give the other run with all that it says of one arm hidden."""
        found = runs_on_snapshot(*args)  # type: ignore[arg-type]
        for tables in found.values():
            for _, table in tables:
                table.cells = [
                    replace(c, value=None, n=None, state=State.SUPPRESSED)
                    if c.column == "control" else c for c in table.cells
                ]  # fmt: skip
        return found

    with monkeypatch.context() as patch:
        patch.setattr("datrial.pipeline.protection.runs_on_snapshot", hides_more)
        assert small_run(snapshot, analyses=ALL).run_id == first
    run = read_run(home, first)
    told = json.loads((run.folder / "protection.json").read_text())
    assert told["against"] == [only] and told["hidden"]
    assert run.manifest.further("disclosure")["hidden"]["besides"] > 0
    assert not re.search(r": \d", json.dumps(told))
    shutil.rmtree(home / "results" / only)
    assert rerun(first).is_equal
    assert small_run(snapshot, analyses=ALL).run_id == first  # and no complaint


def test_a_release_is_whole_and_recorded_and_names_nobody(
    state: tuple[Path, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, run, _ = state
    monkeypatch.setattr("datrial.cli.stored_runs.operator", lambda: "zzyxwho")
    said = ask("release", run, "--note", "for the funder zzyxnote", "--out", str(tmp_path / "out"))
    assert said.exit_code == 0, (said.output, said.exception)
    assert "Release 1 of drive" in said.output and "no earlier release" in said.output
    folder = home / "releases" / "drive" / f"1-{run}"
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    tables = {entry.table.id for entry in read_run(home, run).tables}
    assert there == {
        "index.html", "results.xlsx", "results.ods", "cells.parquet", "manifest.json",
        *(f"tables/{name}.{kind}" for name in tables for kind in ("csv", "parquet")),
    }  # fmt: skip
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for told in (b"zzyx", str(home).encode(), str(Path.home()).encode() + b"/"):
            assert told not in content, path.name
    page = (folder / "index.html").read_text()
    assert "changes.html" not in page and "checks.html" not in page and "../" not in page
    assert 'href="results.xlsx"' in page and "<dt>Release</dt>" in page
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["release"]["number"] == 1 and manifest["release"]["against"] == []
    assert set(manifest["files"]) == there - {"manifest.json"}
    (record,) = releases(home)
    assert (record.who, record.run_id, record.number) == ("zzyxwho", run, 1)
    assert "zzyxnote" in record.note
    copy = tmp_path / "out" / f"drive-1-{run}"
    assert {p.name for p in copy.iterdir()} == {p.name for p in folder.iterdir()}
    listed = ask("release", "--list")
    assert run in listed.output and "zzyxwho" in listed.output
    again = ask("release", run)
    assert isinstance(again.exception, UsageError) and "released before" in str(again.exception)
    with pytest.raises(UsageError, match="was released"):
        remove_run(run, who="somebody", force=True)


def test_a_second_release_is_held_against_the_first(state: tuple[Path, str, str]) -> None:
    home, run, only = state
    releasing.release(run, who="somebody")
    second = releasing.release(only, who="somebody")
    assert second.release.number == 2 and [one.number for one in second.against] == [1]
    told = json.loads((second.folder / "manifest.json").read_text())["release"]
    assert told["against"] == [{"number": 1, "run_id": run}]
    assert second.not_protected == 0
    (home / "releases" / "drive" / f"1-{run}" / "cells.parquet").write_bytes(b"")
    releases_before = releases(home)
    third = small_run("5a5a5a5a5a5a", analyses=("balance",)).run_id
    with pytest.raises(DataError, match=r"Release 1 of drive .* not as it was released"):
        releasing.release(third, who="somebody")
    assert releases(home) == releases_before


def test_what_must_not_be_released_is_refused(
    state: tuple[Path, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, run, _ = state
    manifest = home / "results" / run / "manifest.json"
    before = manifest.read_text()

    def refused(**changes: object) -> str:
        manifest.write_text(json.dumps(json.loads(before) | changes))
        with pytest.raises(UsageError) as error:
            releasing.release(run, who="somebody")
        manifest.write_text(before)
        return str(error.value)

    assert "another version of the code" in refused(code_version="0000feed0000feed")
    content = json.loads(before)
    failed = [{**content["analyses"][0], "state": "failed", "reason": "too few"}]
    assert "--in-part" in refused(analyses=failed + content["analyses"][1:])
    monkeypatch.setattr(releasing, "load_profile", lambda name: load_profile("open"))
    assert "must not leave the house" in refused(simulated=False)
    assert not releases(home) and not list((home / "releases").glob("drive/*"))


def test_a_run_that_does_not_give_its_numbers_again_is_not_released(
    state: tuple[Path, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, run, _ = state
    drafted = releasing.stops.drafted

    def fewer(*args: object) -> object:
        return drafted(*args)[1:]  # type: ignore[arg-type]

    monkeypatch.setattr(releasing.stops, "drafted", fewer)
    said = ask("release", run)
    assert isinstance(said.exception, DatrialError) and said.exception.exit_code == 1
    assert "It was not released" in str(said.exception)
    assert not releases(home)


def test_a_kill_before_the_record_leaves_a_release_that_counts(
    state: tuple[Path, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, run, only = state

    def killed(home: Path, release: Release) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(releasing, "add_record", killed)
        with pytest.raises(KeyboardInterrupt):
            releasing.release(run, who="somebody")
    assert not releases(home)
    second = releasing.release(only, who="somebody")
    assert [(one.number, one.who) for one in releases(home)] == [
        (1, "not recorded"), (2, "somebody"),
    ]  # fmt: skip
    assert second.release.number == 2
    add_record(home, second.release.model_copy(update={"study": "other", "number": 1}))
    assert len(releases(home, "drive")) == 2


@pytest.mark.parametrize("words", [("release",), ("release", "--list", "--out", "x")])
@pytest.mark.usefixtures("state")
def test_wrong_use_is_told(words: tuple[str, ...]) -> None:
    said = ask(*words)
    assert isinstance(said.exception, UsageError)


@pytest.mark.usefixtures("state")
def test_nothing_released_is_told() -> None:
    assert "Nothing was released yet" in ask("release", "--list").output
