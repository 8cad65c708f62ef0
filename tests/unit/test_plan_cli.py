"""The commands of the analysis plan, and runs that end without a planned analysis."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from datrial.cli import app
from datrial.config.load import read_yaml
from datrial.config.project import project_root
from datrial.errors import DatrialError, UsageError
from datrial.pipeline.job import Job, Published

HEAD = "# Agreed by the steering group.\n"


@pytest.fixture
def study_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose study ``drive`` has no lock yet."""
    folder = tmp_path / "configs" / "studies"
    folder.mkdir(parents=True)
    content = read_yaml(project_root() / "configs" / "studies" / "drive.yaml")
    content.pop("plan", None)
    path = folder / "drive.yaml"
    path.write_text(HEAD + yaml.safe_dump(content, sort_keys=False))
    for place in ("study", "project"):
        monkeypatch.setattr(f"datrial.config.{place}.project_root", lambda: tmp_path)
    return path


def ask(*words: str) -> Result:
    return CliRunner().invoke(app, ["plan", *words], catch_exceptions=False)


def answer(*words: str) -> str:
    result = ask(*words)
    assert result.exit_code == 0, result.output
    return result.output


def shown(*words: str) -> Any:
    return json.loads(answer(*words, "--json"))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_plan_without_a_lock_is_shown_whole(study_file: Path) -> None:
    said = answer("--study", "drive")
    for words in (
        "Locked:     no", "datrial plan lock --study drive", "risk_score", "effect = gamma",
        "victim_differences, marac_follow_up, behaviour_change", "victims_safety",
        "Run, but not planned (exploratory): none",
    ):  # fmt: skip
        assert words in said
    machine = shown()
    assert machine["state"] == "not locked" and machine["locked"] is None
    assert machine["planned"]["risk_score"]["effect"] == "gamma"
    assert set(machine["outcome_families"]) >= {"victims_safety"}


def test_a_lock_is_printed_and_changes_nothing(study_file: Path) -> None:
    before = study_file.read_bytes()
    said = answer("lock", "--study", "drive", "--date", "2026-01-05")
    assert study_file.read_bytes() == before
    assert yaml.safe_load(said)["plan"]["hash"] == shown()["hash_now"]


def test_a_lock_is_written_and_the_rest_of_the_file_stays(study_file: Path) -> None:
    before = study_file.read_text()
    study_file.chmod(0o640)
    said = answer("lock", "--date", "2026-01-05", "--write")
    assert "Locked in" in said and "version control" in said
    assert study_file.read_text().startswith(before)
    assert study_file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in study_file.parent.iterdir()] == ["drive.yaml"]
    assert shown()["state"] == "holds" and shown()["locked"] == "2026-01-05"
    assert "holds: the study file is the plan that was locked" in answer()


def test_a_change_is_shown_and_amended_with_its_reason(study_file: Path) -> None:
    answer("lock", "--date", "2026-01-05", "--write")
    change(study_file, "effect: gamma", "effect: normal")
    assert shown()["changes"]["changed"] == ["analyses.risk_score"]
    assert "CHANGED since, changed: analysis risk_score; runs are refused" in answer()
    with pytest.raises(UsageError, match="the analysis plan was locked"):
        CliRunner().invoke(app, ["analyse"], catch_exceptions=False)
    printed = shown("amend", "--reason", "It does not converge: try normal")
    assert printed["written"] is False and shown()["state"] == "changed"
    said = answer("amend", "--reason", "It does not converge: try normal", "--write")
    assert "Amended in" in said
    found = shown()
    assert found["state"] == "holds" and found["locked"] == "2026-01-05"
    assert found["amendments"][0]["reason"] == "It does not converge: try normal"
    assert found["amendments"][0]["changed"] == ["analyses.risk_score"]
    assert "It does not converge: try normal (analyses.risk_score)" in answer()
    assert HEAD in study_file.read_text()


@pytest.mark.parametrize("day", ["tomorrow", "2026-13-01", "2999-01-01"])
def test_a_day_that_cannot_be_is_told_and_nothing_is_written(study_file: Path, day: str) -> None:
    before = study_file.read_bytes()
    with pytest.raises(UsageError, match=f"--date {day}"):
        ask("lock", "--date", day, "--write")
    assert study_file.read_bytes() == before


def test_an_amendment_needs_a_reason(study_file: Path) -> None:
    assert ask("amend").exit_code == 2
    answer("lock", "--date", "2026-01-05", "--write")
    change(study_file, "effect: gamma", "effect: normal")
    with pytest.raises(UsageError, match="say why"):
        ask("amend", "--reason", "  ")


def test_a_study_may_be_named_before_or_after_the_command(study_file: Path) -> None:
    for words in (["--study", "dirve", "lock"], ["lock", "--study", "dirve"], ["--study", "dirve"]):
        with pytest.raises(UsageError, match="no study 'dirve'"):
            ask(*words)


def test_a_write_that_fails_leaves_the_file_as_it_was(
    study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = study_file.read_bytes()

    def full(path: Path, content: bytes) -> None:
        path.write_bytes(content[:10])
        raise OSError("no space left")

    monkeypatch.setattr("datrial.results.files.write_synced", full)
    with pytest.raises(OSError, match="no space"):
        ask("lock", "--write")
    assert study_file.read_bytes() == before
    assert [path.name for path in study_file.parent.iterdir()] == ["drive.yaml"]


def test_a_half_written_file_is_never_taken_for_a_study(
    study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a killed writer leaves beside the study file must not be listed as one."""
    from datrial.config.study import studies

    seen = []

    def look(path: Path, content: bytes) -> None:
        path.write_bytes(content[:10])
        seen.append((path.parent, studies()))
        raise OSError("killed")

    monkeypatch.setattr("datrial.results.files.write_synced", look)
    with pytest.raises(OSError, match="killed"):
        ask("lock", "--write")
    assert seen == [(study_file.parent, ["drive"])]


def test_a_file_that_someone_else_changes_meanwhile_is_not_overwritten(
    study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datrial.results import files

    write = files.write_synced

    def slow(path: Path, content: bytes) -> None:
        write(path, content)
        change(study_file, HEAD, HEAD + "# And by the sponsor.\n")

    monkeypatch.setattr("datrial.results.files.write_synced", slow)
    with pytest.raises(UsageError, match="changed meanwhile"):
        ask("lock", "--write")
    assert "sponsor" in study_file.read_text() and "plan:" not in study_file.read_text()


def test_a_broken_plan_ends_a_run_with_the_code_of_wrong_use(study_file: Path) -> None:
    answer("lock", "--date", "2026-01-05", "--write")
    change(study_file, "effect: gamma", "effect: normal")
    root = study_file.parents[2]
    for name in ("sql", "expectations"):
        (root / name).mkdir()
    own = {"DATRIAL_PROJECT": str(root), "DATRIAL_HOME": str(root / "home")}
    ended = subprocess.run(
        [sys.executable, "-m", "datrial.cli", "run"], env=os.environ | own, capture_output=True,
        text=True,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "analysis risk_score" in ended.stderr and "Traceback" not in ended.stderr


def test_a_run_without_a_planned_analysis_fails_and_names_primary_outcomes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    published = Published(
        run_id="r", report=tmp_path / "index.html", failed=("needs", "marac_follow_up")
    )
    monkeypatch.setattr("datrial.pipeline.sweep.tidy", lambda: None)
    monkeypatch.setattr(
        "datrial.pipeline.supervise.supervise", lambda job, quiet, patience: published
    )
    monkeypatch.setattr("datrial.cli.runs._show_run", lambda *_, **__: None)

    class Decided:
        up_to_date = False

    def decide(job: Job) -> Decided:
        return Decided()

    monkeypatch.setattr("datrial.pipeline.stops.decide", decide)
    with pytest.raises(DatrialError, match=r"primary outcomes: marac_follow_up; .*: needs") as told:
        CliRunner().invoke(app, ["run"], catch_exceptions=False)
    assert told.value.exit_code == 1
