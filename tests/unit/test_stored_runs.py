"""Stored runs: found, labelled, shown and removed, each removal on record."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from datrial.cli import app
from datrial.errors import LockedError, UsageError
from datrial.pipeline.lock import take_lock
from datrial.pipeline.removing import released_in, remove_run
from datrial.pipeline.retention.record import deletions
from datrial.results.files import sha256
from datrial.results.labels import RECORD, add_label, later_labels
from datrial.results.listing import chosen_runs, stored_runs
from datrial.results.naming import find_run
from datrial.results.store import write_run


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three runs of one study, the last of them in part, and one of another study."""
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    store(tmp_path, "aaaa1111", "2026-01-01", label="first look")
    store(tmp_path, "aaaa2222", "2026-01-02", snapshot_id="s2")
    failed = [
        {"id": "balance", "state": "done"},
        {"id": "risk_score", "state": "failed", "reason": "it did not converge"},
    ]
    store(tmp_path, "cccc3333", "2026-01-03", analyses=failed, exploratory={"balance": "why"})
    store(tmp_path, "dddd4444", "2026-01-04", study="restart", analyses=[])
    return tmp_path


def store(home: Path, name: str, day: str, **more: Any) -> None:
    """Store a run without tables, with a report."""
    manifest = {
        "study": "drive", "snapshot_id": "s1", "end": f"{day}T13:00:00+00:00", "who": "office",
        "primary_outcomes": ["risk_score"], "seeds": {"study": 7},
        "analyses": [{"id": "balance", "state": "done"}, {"id": "risk_score", "state": "done"}],
    } | more  # fmt: skip
    write_run(home, name, manifest, [], {})
    report = home / "reports" / name / "index.html"
    report.parent.mkdir(parents=True)
    report.write_text("<p>report</p>")


def ask(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=True)


def answer(*words: str) -> str:
    result = ask(*words)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def ids(*words: str) -> list[str]:
    return [run["run_id"] for run in json.loads(answer("runs", *words, "--json"))]


def test_the_list_has_the_newest_last_and_says_how_each_ended(home: Path) -> None:
    listed = stored_runs(home)
    assert [run.run_id for run in listed] == ["aaaa1111", "aaaa2222", "cccc3333", "dddd4444"]
    first, _, part, other = listed
    assert (first.label, first.state, first.primary) == (
        "first look", "done", {"risk_score": "done"}
    )  # fmt: skip
    assert first.report == home / "reports" / "aaaa1111" / "index.html"
    assert (part.state, part.primary, part.exploratory) == (
        "done in part", {"risk_score": "failed"}, 1
    )  # fmt: skip
    assert not part.is_complete and first.is_complete
    assert other.primary == {"risk_score": "not run"}
    said = answer("runs")
    assert "risk_score failed" in said and "1 of 1 done" in said and "first look" in said


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--study", "restart"], ["dddd4444"]),
        (["--label", "FIRST"], ["aaaa1111"]),
        (["--since", "2026-01-03"], ["cccc3333", "dddd4444"]),
        (["--state", "in-part"], ["cccc3333"]),
        (["--state", "done", "--study", "drive"], ["aaaa1111", "aaaa2222"]),
        (["--snapshot", "s2"], ["aaaa2222"]),
        (["--last", "2"], ["cccc3333", "dddd4444"]),
        (["--last", "9"], ["aaaa1111", "aaaa2222", "cccc3333", "dddd4444"]),
        (["--study", "nothing"], []),
    ],
)
def test_the_list_is_filtered(home: Path, words: list[str], found: list[str]) -> None:
    assert ids(*words) == found


def test_filters_go_together_and_the_last_are_taken_of_those_that_fit(home: Path) -> None:
    chosen = chosen_runs(stored_runs(home), study="drive", since=dt.date(2026, 1, 2), last=1)
    assert [run.run_id for run in chosen] == ["cccc3333"]


def test_nothing_that_fits_and_nothing_at_all_are_told_apart(
    home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "None of the 4 stored runs fits" in answer("runs", "--study", "nothing")
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path_factory.mktemp("empty")))
    assert "No runs yet" in answer("runs")


@pytest.mark.parametrize("words", [["--since", "yesterday"], ["--state", "half"]])
def test_a_filter_that_cannot_be_read_is_wrong_use(home: Path, words: list[str]) -> None:
    failed = ask("runs", *words)
    assert isinstance(failed.exception, UsageError) and words[1] in str(failed.exception)


def test_a_later_label_stands_beside_the_first_and_finds_the_run(home: Path) -> None:
    before = (home / "results" / "aaaa1111" / "manifest.json").read_bytes()
    answer("runs", "label", "aaaa1111", "for the steering group")
    answer("runs", "label", "for the steering group", "for the board")
    assert (home / "results" / "aaaa1111" / "manifest.json").read_bytes() == before
    run = json.loads(answer("runs", "--label", "board", "--json"))[0]
    assert (run["run_id"], run["label"], run["later_label"]) == (
        "aaaa1111", "first look", "for the board"
    )  # fmt: skip
    assert find_run(home, "for the board") == find_run(home, "first look") == "aaaa1111"
    lines = [json.loads(line) for line in (home / RECORD).read_text().splitlines()]
    assert [line["text"] for line in lines] == ["for the steering group", "for the board"]
    assert all(line["who"] and line["when"] for line in lines)


def test_an_empty_text_takes_a_later_label_away(home: Path) -> None:
    add_label(home, "aaaa1111", "one", "office")
    add_label(home, "aaaa1111", " ", "office")
    assert later_labels(home) == {}
    assert stored_runs(home)[0].label == "first look"


def test_a_line_that_a_kill_cut_short_loses_only_itself(home: Path) -> None:
    add_label(home, "aaaa1111", "one", "office")
    with (home / RECORD).open("a") as file:
        file.write('{"run_id": "aaaa2222", "te')
    add_label(home, "cccc3333", "three", "office")
    assert {run: label.text for run, label in later_labels(home).items()} == {
        "aaaa1111": "one", "cccc3333": "three"
    }  # fmt: skip


@pytest.mark.parametrize("text", ["two\nlines", "x" * 201])
def test_a_label_is_one_short_line(home: Path, text: str) -> None:
    with pytest.raises(UsageError, match="one line"):
        add_label(home, "aaaa1111", text, "office")
    with pytest.raises(UsageError, match="no run"):
        add_label(home, "nobody", "text", "office")
    assert later_labels(home) == {}


def test_a_run_is_shown_with_its_labels_analyses_and_report(home: Path) -> None:
    add_label(home, "cccc3333", "look at this", "office")
    said = answer("runs", "show", "cccc")
    for told in ("look at this (office", "risk_score: failed (primary outcome)",
                 "it did not converge", "balance: done (exploratory: why)", "by office",
                 "Report:"):  # fmt: skip
        assert told in said
    record = json.loads(answer("runs", "show", "cccc", "--json"))
    assert record["manifest"]["run_id"] == "cccc3333"
    assert record["later_label"]["text"] == "look at this"


def test_a_removal_takes_results_and_report_and_is_on_record(home: Path) -> None:
    manifest = sha256(home / "results" / "aaaa1111" / "manifest.json")
    said = answer("runs", "remove", "first look", "--reason", "a trial of the form")
    assert "aaaa1111" in said
    assert not (home / "results" / "aaaa1111").exists()
    assert not (home / "reports" / "aaaa1111").exists()
    assert ids() == ["aaaa2222", "cccc3333", "dddd4444"]
    record = deletions(home)
    assert [line.state for line in record] == ["intended", "done"]
    assert {(line.kind, line.id, line.sha256) for line in record} == {("run", "aaaa1111", manifest)}
    assert all("a trial of the form" in line.rule and line.who for line in record)


def test_the_newest_complete_run_of_a_study_is_removed_by_force_only(home: Path) -> None:
    """A later run that is done in part does not stand in for it."""
    with pytest.raises(UsageError, match="newest complete run of drive"):
        remove_run("aaaa2222", who="office")
    assert (home / "results" / "aaaa2222").is_dir() and not deletions(home)
    remove_run("cccc3333", who="office")  # newer, but in part
    remove_run("aaaa2222", who="office", force=True)
    assert ids() == ["aaaa1111", "dddd4444"]


@pytest.mark.parametrize(
    "release", ["2026-01/aaaa1111/table.csv", "2026-01/release.json", "released.jsonl"]
)
def test_a_released_run_is_never_removed(home: Path, release: str) -> None:
    path = home / "releases" / release
    path.parent.mkdir(parents=True)
    path.write_text('{"runs": ["aaaa1111"]}')
    with pytest.raises(UsageError, match="was released"):
        remove_run("aaaa1111", who="office", force=True)
    assert released_in(home, "aaaa2222") == ""
    assert (home / "results" / "aaaa1111").is_dir()


def test_nothing_is_removed_while_a_run_is_at_work(home: Path) -> None:
    lock = take_lock()
    try:
        with pytest.raises(LockedError):
            remove_run("aaaa1111", who="office")
    finally:
        lock.release()
    assert ids()[0] == "aaaa1111"


def test_there_is_nothing_to_remove_of_a_run_that_is_not_there(home: Path) -> None:
    with pytest.raises(UsageError, match="no run"):
        remove_run("eeee5555", who="office")
    assert not deletions(home)
