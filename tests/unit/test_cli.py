"""The command line: what the commands answer from a state folder, and how they end."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from held import land_file, publish_snapshot, store_run
from typer.testing import CliRunner, Result

from datrial.cli import app, main
from datrial.errors import DataError, LockedError, UsageError
from datrial.pipeline.lock import take_lock

#: Help must not wait for any of these.
HEAVY = ("pandas", "numpy", "duckdb", "pyarrow", "pydantic", "prefect", "splink", "yaml", "jinja2")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    monkeypatch.setattr("datrial.pipeline.retention.extracts.studies", lambda: ["drive"])
    return tmp_path


def ask(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


def answer(*words: str) -> str:
    result = ask(*words)
    assert result.exit_code == 0, result.output
    return result.output


def fill_snapshot(home: Path, *statements: str) -> None:
    """Publish a snapshot with some tables of its own."""
    path = publish_snapshot(home, "s1", "2026-01-01")
    path.chmod(0o600)
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_help_imports_nothing_heavy() -> None:
    code = f"import datrial.cli, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert said.strip() == "[]"


def test_every_command_has_help() -> None:
    shown = answer("--help")
    for command in ("run", "analyse", "retention", "extracts", "linkage"):
        assert command in shown
    for words in (("extracts", "describe"), ("extracts", "list"), ("linkage", "report")):
        assert "Usage" in answer(*words, "--help")


def command_to_nobody(home: Path, *words: str, errors: bool = False) -> tuple[int, str]:
    """Run a command whose reader has gone away before it says anything."""
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-m", "datrial.cli", *words],
        stdout=writing, stderr=writing if errors else subprocess.PIPE, text=True,
        env={**os.environ, "DATRIAL_HOME": str(home)},
    )  # fmt: skip
    os.close(writing)
    return ended.returncode, ended.stderr or ""


@pytest.mark.parametrize("words", [["explain"], ["--help"], ["runs"], ["extracts", "list"]])
def test_a_reader_that_goes_away_is_no_error(home: Path, words: list[str]) -> None:
    assert command_to_nobody(home, *words) == (0, "")


def test_an_error_keeps_its_exit_code_though_nobody_reads_it(home: Path) -> None:
    assert command_to_nobody(home, "explain", "happiness", errors=True)[0] == 2


def test_a_fault_shows_its_places_and_not_its_message(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = "cannot convert 'Zzyx Quov' of row 7"

    def break_down(home: Path) -> None:
        raise ValueError(secret)

    monkeypatch.setattr("datrial.results.listing.runs", break_down)
    monkeypatch.setattr("sys.argv", ["datrial", "runs"])
    monkeypatch.setattr("datrial.cli.outlive_readers", lambda: None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    said = capfd.readouterr().err
    assert "ValueError" in said and "in break_down" in said and "Quov" not in said


def test_what_a_reader_takes_of_a_long_answer_is_whole_lines(home: Path) -> None:
    store_run(home, "r1", "s1", "2026-01-01")
    said = subprocess.run(
        f"{sys.executable} -m datrial.cli runs | head -n 1", shell=True, text=True,
        capture_output=True, env={**os.environ, "DATRIAL_HOME": str(home)},
    )  # fmt: skip
    assert said.stdout.startswith("r1  drive  snapshot s1  done") and said.stderr == ""


def test_checks_can_leave_out_what_passed(home: Path) -> None:
    fill_snapshot(
        home,
        "create schema checks",
        "create table checks.result as select * from (values "
        "('police_incident', 'key_unique', 'critical_row', 9, 0, 'passed'), "
        "('marac_case', 'repeats_plausible', 'warning', 9, 2, 'warned')) "
        "as t(table_name, rule_id, severity, rows_looked_at, rows_failed, verdict)",
    )
    assert "key_unique" in answer("checks")
    only = answer("checks", "--only-problems")
    assert "key_unique" not in only and "2 of 9 rows failed" in only
    (entry,) = json.loads(answer("checks", "--only-problems", "--json"))
    assert (entry["rule"], entry["rows_failed"]) == ("repeats_plausible", 2)


def test_what_arrived_is_listed_with_its_state(home: Path) -> None:
    used, before, old, gone = (
        land_file(home, text, f"2026-01-0{day}")
        for day, text in enumerate(("used", "before", "old", "gone"), start=1)
    )
    publish_snapshot(home, "s1", "2026-01-05", used, earlier=before)
    gone.path(home / "landing").unlink()
    listed = json.loads(answer("extracts", "list", "--json"))
    assert [(one["extract_id"], one["state"]) for one in listed] == [
        (used.extract_id, "current"), (before.extract_id, "replaced"),
        (old.extract_id, "not in use"), (gone.extract_id, "deleted"),
    ]  # fmt: skip
    lines = answer("extracts", "list").splitlines()
    assert lines[0].split()[:2] == ["extract", "file"] and len(lines) == 5
    assert "2017-01-01  2017-12-31" in lines[1] and "office" in lines[1]


def test_before_anything_arrived_the_list_says_so(home: Path) -> None:
    assert "Nothing has arrived" in answer("extracts", "list")
    assert json.loads(answer("extracts", "list", "--json")) == []


def months(source: str, site: str, states: str) -> str:
    """Return rows of study.coverage_month from August 2016, a character a month."""
    names = {"#": "received", "+": "part", ".": "not_received"}
    rows = []
    for place, mark in enumerate(states):
        month = dt.date(2016 + (7 + place) // 12, (7 + place) % 12 + 1, 1)
        rows.append(f"('{source}', '{site}', date '{month}', 31, 0, '{names[mark]}')")
    return ", ".join(rows)


def test_coverage_is_a_line_a_source_and_site_and_a_character_a_month(home: Path) -> None:
    fill_snapshot(
        home,
        "create schema study",
        "create table study.coverage_month (source varchar, site varchar, month date, "
        "days_in_month int, days_received int, state varchar)",
        f"insert into study.coverage_month values {months('police', 'site_1', '.+####')}, "
        + months("marac", "site_2", "######"),
    )
    lines = answer("extracts", "coverage").splitlines()
    assert lines[0].split() == ["2016", "2017"]
    assert lines[1].split() == ["marac", "site_2", "#####", "#"]
    assert lines[2].split() == ["police", "site_1", ".+###", "#"]
    assert lines[0].index("2016") == lines[1].index("#") == lines[2].index(".")
    assert lines[0].index("2017") == lines[2].rindex("#")
    assert "# received, + part, . not received" in lines[-1]
    first = json.loads(answer("extracts", "coverage", "--json"))[0]
    assert (first["source"], first["month"], first["state"]) == ("marac", "2016-08-01", "received")


def test_differences_are_counts(home: Path) -> None:
    fill_snapshot(
        home,
        "create schema accounting",
        "create table accounting.difference as select 'police_incident' as table_name, "
        "'drive/police_site_1@bb' as extract_id, 'drive/police_site_1@aa' as earlier_extract_id, "
        "10 as added, 2 as changed, 1 as gone, 1234567 as same",
    )
    lines = answer("extracts", "differences").splitlines()
    assert lines[0].split() == [
        "table", "extract", "earlier", "extract", "added", "changed", "gone", "same",
    ]  # fmt: skip
    assert lines[1].split()[-4:] == ["10", "2", "1", "1,234,567"]
    (entry,) = json.loads(answer("extracts", "differences", "--json"))
    assert (entry["added"], entry["gone"]) == (10, 1)


@pytest.mark.parametrize("command", ["coverage", "differences"])
def test_an_older_snapshot_is_told_apart_from_no_snapshot(home: Path, command: str) -> None:
    with pytest.raises(DataError, match="no snapshot of study drive yet"):
        ask("extracts", command)
    publish_snapshot(home, "s1", "2026-01-01")
    with pytest.raises(UsageError, match="was built without"):
        ask("extracts", command)


def test_the_linkage_report_shows_the_counts(home: Path) -> None:
    fill_snapshot(
        home,
        "create schema people",
        "create table people.link_band as select 'accepted' as band, 40 as links",
    )
    said = answer("linkage", "report")
    assert "Link band" in said and "accepted     40" in said
    assert json.loads(answer("linkage", "report", "--json")) == {
        "link_band": [{"band": "accepted", "links": 40}]
    }


def test_a_study_that_links_nobody_says_so(home: Path) -> None:
    publish_snapshot(home, "s1", "2026-01-01")
    assert "links no references" in answer("linkage", "report")


def test_retention_lists_and_deletes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = land_file(home, "expired", "2010-01-01")
    said = answer("retention")
    assert one.extract_id in said and "EXPIRED" in said and "names of people" in said
    assert "`datrial retention --study drive --delete`" in said
    assert one.path(home / "landing").is_file()
    said = answer("retention", "--delete")
    assert f"Deleted: extract {one.extract_id}" in said and "1 deleted" in said
    assert not one.path(home / "landing").exists()
    again = json.loads(answer("retention", "--delete", "--json"))
    assert again["deleted"] == [] and [entry["expired"] for entry in again["held"]] == [False]


def test_with_nothing_held_retention_says_so(home: Path) -> None:
    assert answer("retention").strip() == "Nothing is held."


def review_file(folder: Path) -> Path:
    """Return a review file that a person has filled in."""
    path = folder / "review.csv"
    path.write_text(
        "of,left_id,right_id,match_weight,left_family_name,right_family_name,decision\n"
        "perpetrator,p_1,p_2,5.0,Quovadal,Quovedal,same\n"
        "victim,v_1,v_2,4.0,Quovadal,Other,\n"
    )
    return path


def test_decisions_are_kept_without_names(home: Path, tmp_path: Path) -> None:
    said = answer("linkage", "decide", str(review_file(tmp_path)), "--study", "drive_linkage")
    assert "1 decision(s) read, 1 in all" in said and "delete it now" in said
    kept = (home / "linkage" / "drive_linkage.decisions.csv").read_text()
    assert "perpetrator,p_1,p_2,same" in kept and "Quov" not in kept


def test_decisions_wait_for_a_run_to_end(home: Path, tmp_path: Path) -> None:
    lock = take_lock()
    try:
        with pytest.raises(LockedError):
            ask("linkage", "decide", str(review_file(tmp_path)), "--study", "drive_linkage")
    finally:
        lock.release()
    assert not (home / "linkage").exists()


@pytest.mark.parametrize("words", [("review", "--out", "new.csv"), ("decide", "some.csv")])
def test_where_nobody_is_linked_there_is_nothing_to_review(
    home: Path, words: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError, match="links no references"):
        ask("linkage", *words)


def test_a_described_file_becomes_a_mapping_file_that_is_not_overwritten(
    home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "occurrences.csv"
    lines = [f"I{n},N{n % 7},0{n % 9 + 1}/03/2017,Yes,Quovadal" for n in range(40)]
    file.write_text("\n".join(["Incident,Nominal,Date,Domestic abuse,Surname", *lines]) + "\n")
    out = tmp_path / "new_force.yaml"
    said = answer("extracts", "describe", str(file), "--out", str(out))
    assert "Domestic abuse" in said and "Quovadal" not in said
    assert "police_incident" in out.read_text()
    with pytest.raises(UsageError, match="is there already"):
        ask("extracts", "describe", str(file), "--out", str(out))
    with pytest.raises(UsageError, match="no such file"):
        ask("extracts", "describe", str(tmp_path / "nothing.csv"))
    assert json.loads(answer("extracts", "describe", str(file), "--json"))
