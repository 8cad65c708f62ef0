"""The whole road on simulated extracts, as a person runs it: command line, Prefect, report."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from datrial.allocation.ledger import Ledger
from datrial.allocation.recording import allocations
from datrial.analyses.registry import ANALYSES
from datrial.config.mapping import load_mappings
from datrial.config.study import load_study
from datrial.errors import DataError, UsageError
from datrial.pipeline import allocating, stops
from datrial.pipeline.inputs import resolve
from datrial.pipeline.job import Job
from datrial.results.catalogue import catalogue_states
from datrial.results.plan_words import plan_sentences, why_exploratory
from datrial.results.read import read_run
from datrial.simulate.names import canary_texts
from datrial.warehouse.snapshots import SnapshotStore

#: A run is the whole study: beside a second worker on two busy cores it takes minutes.
pytestmark = pytest.mark.timeout(1200)
DATRIAL = str(Path(sys.executable).with_name("datrial"))


def datrial(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line with its own state and no Prefect server of ours."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "DATRIAL_"))}
    return subprocess.run(
        [DATRIAL, *words], env={**kept, "DATRIAL_HOME": str(home)}, capture_output=True, text=True,
        timeout=900, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with simulated extracts and one finished run."""
    folder = tmp_path_factory.mktemp("home")
    simulated = datrial(folder, "simulate", "--seed", "1")
    assert simulated.returncode == 0, simulated.stderr
    ran = datrial(folder, "run", "--study", "drive")
    assert ran.returncode == 0, ran.stderr
    (folder / "first.txt").write_text(ran.stdout)
    return folder


@pytest.fixture
def in_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("DATRIAL_HOME", str(home))
    yield home


def run_of(home: Path) -> str:
    """Return the id of the finished run."""
    said = re.search(r"Run: +(\w+)", (home / "first.txt").read_text())
    assert said
    return said[1]


def test_a_run_ends_with_its_id_its_report_and_the_rate_ratios(home: Path) -> None:
    said = (home / "first.txt").read_text()
    assert "Run:" in said and "Report:" in said
    assert "published" in said and "0.91 (0.86-0.95)" in said  # Table A3.2, midpoint
    assert (home / "reports" / run_of(home) / "index.html").stat().st_size > 50_000


def test_with_nothing_new_a_run_says_so_and_writes_nothing(home: Path) -> None:
    before = written(home)
    again = datrial(home, "run", "--study", "drive")
    assert again.returncode == 0 and "Nothing changed" in again.stdout
    assert written(home) == before


def written(home: Path) -> dict[Path, int]:
    """Return when each file was written (SQLite's index of readers, -shm, is not data)."""
    files = (p for p in home.rglob("*") if p.is_file() and not p.name.endswith("-shm"))
    return {path: path.stat().st_mtime_ns for path in files}


def test_published_sizes_come_out_at_every_stop(in_home: Path) -> None:
    flow = read_run(in_home, run_of(in_home)).table("participant_flow.flow")
    assert flow is not None
    for row, intervention, control in (
        ("allocated", 509, 2085), ("insights_intake", 196, 610), ("insights_both", 104, 353),
        ("marac_site_2", 184, 1139), ("police_record_site_2", 149, 173),
        ("police_record_site_1", 155, 156),
    ):  # fmt: skip
        assert flow.value(row, "intervention", "count") == intervention, row
        assert flow.value(row, "control", "count") == control, row
    excluded = sum(
        flow.value(row, "all", "count") or 0
        for row in flow.table.row_labels
        if row.startswith("excluded_")
    )
    heard, allocated = flow.value("heard", "all", "count"), flow.value("allocated", "all", "count")
    assert heard == excluded + (allocated or 0)  # nobody is lost on the way


def test_quarantine_holds_what_the_simulator_spoiled(in_home: Path) -> None:
    """Rows quarantined, table by table, equal the junk rows that truth/ counts."""
    with (in_home / "inbox" / "drive" / "truth" / "mess.csv").open(encoding="utf-8") as file:
        mess = list(csv.DictReader(file))
    rows_of_their_own = (
        "blank_row", "summary_line", "exact_duplicate", "impossible_required_date",
        "unknown_required_code", "missing_reference",
    )  # fmt: skip
    injected: dict[str, int] = {}
    for entry in mess:
        if entry["kind"] in rows_of_their_own:
            injected[entry["table"]] = injected.get(entry["table"], 0) + int(entry["rows"])
    with SnapshotStore(in_home, "drive").open() as connection:
        found = dict(
            connection.execute(
                "select table_name, sum(quarantined) from accounting.extract group by all"
            ).fetchall()
        )
        unbalanced = connection.execute(
            "select count(*) from accounting.extract where received <> staged + quarantined"
        ).fetchall()
    assert unbalanced == [(0,)]
    assert found == injected


def test_every_stop_of_the_road_was_made_the_ledger_before_any_outcome(in_home: Path) -> None:
    record = sorted((in_home / "attempts").glob("*.json"))[0]
    names = [stop["name"] for stop in json.loads(record.read_text())["stops"]]
    analyses = list(load_study("drive").analyses)
    assert names == ["decide", "receive", "allocate", "build", *analyses, "publish"]


def test_the_projects_own_lottery_gives_the_imported_arms(
    in_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = load_study("drive")
    lottery = study.allocation.model_copy(update={"method": "capacity_lottery"})
    own = study.model_copy(update={"allocation": lottery})
    imported = allocations(Ledger(in_home / "ledger.sqlite"), study)
    shutil.copytree(in_home / "inbox", tmp_path / "inbox")
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    inputs = resolve(Job(study="drive"))
    monkeypatch.setattr(allocating, "resolve", lambda job: type(inputs)(job, own, inputs.mappings))
    first = stops.allocate(Job(study="drive"))
    again = stops.allocate(Job(study="drive"))
    drawn = allocations(Ledger(tmp_path / "ledger.sqlite"), own)
    assert [row[:4] for row in drawn] == [row[:4] for row in imported]
    assert first.arms == {"intervention": 509, "control": 2085}
    assert (first.new, again.new) == (2594, 0)


def withheld_texts(home: Path) -> set[str]:
    """Return names from the withheld columns and references as the agencies wrote them."""
    texts = set()
    for mapping in resolve(Job(study="drive")).mappings:
        for path in (home / "inbox" / "drive").glob(mapping.file):
            if mapping.format != "csv":
                continue
            with path.open(encoding=mapping.encoding, newline="") as file:
                reader = csv.DictReader(file, delimiter=mapping.delimiter)
                table = mapping.tables[0]
                secret = [*table.withheld, table.columns.get("perpetrator_id", "")]
                for number, row in enumerate(reader):
                    if number % 60 == 0:
                        texts |= {str(row.get(column) or "").strip() for column in secret}
    return {text for text in texts if len(text) >= 6 and not text.isdigit() and "/" not in text}


def test_no_name_and_no_reference_is_in_anything_that_a_run_writes(in_home: Path) -> None:
    """Snapshots, results, reports, logs, records, ledger and Prefect's database are searched."""
    secrets = withheld_texts(in_home) | set(canary_texts())
    assert len(secrets) > 200
    searched = 0
    for path in in_home.rglob("*"):
        inside = path.relative_to(in_home).parts
        if not path.is_file() or inside[0] in ("inbox", "landing"):
            continue
        searched += 1
        content = path.read_bytes()
        if path.suffix == ".duckdb":
            content += dump(path)
        elif path.suffix in (".sqlite", ".db"):
            content += "\n".join(
                sqlite3.connect(f"file:{path}?mode=ro", uri=True).iterdump()
            ).encode()
        found = [secret for secret in secrets if secret.encode() in content]
        assert not found, f"{len(found)} secrets in {path.relative_to(in_home)}"
    assert searched > 20


def dump(path: Path) -> bytes:
    """Return every text of every table of a DuckDB file (its pages are compressed)."""
    texts = []
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
        ).fetchall()
        for (table,) in tables:
            texts += [str(row) for row in connection.execute(f"select * from {table}").fetchall()]
    return "\n".join(texts).encode()


def test_a_changed_parameter_gives_a_run_of_its_own_on_the_same_snapshot(home: Path) -> None:
    changed = datrial(
        home, "analyse", "--only", "risk_score", "--set", "risk_score.effect=normal", "--json"
    )
    assert changed.returncode == 0, changed.stderr
    run = json.loads(changed.stdout)["run_id"]
    assert run != run_of(home)
    ours, other = read_run(home, run_of(home)), read_run(home, run)
    assert ours.manifest.snapshot_id == other.manifest.snapshot_id
    gamma = ours.table("risk_score.rate_ratios")
    normal = other.table("risk_score.rate_ratios")
    assert gamma is not None and normal is not None
    first = gamma.value("closure", "estimate", "rate_ratio") or 0
    second = normal.value("closure", "estimate", "rate_ratio") or 0
    assert first != second and first == pytest.approx(second, abs=0.02)


def test_a_snapshot_is_not_analysed_under_other_rules_than_it_was_built_with(
    in_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = load_study("drive")
    assert stops.snapshot_for(Job(study="drive"))
    other = study.scoring.model_copy(update={"dash_max_not_known": 5})
    changed = study.model_copy(update={"scoring": other})
    monkeypatch.setattr("datrial.pipeline.job.load_study", lambda _: changed)
    with pytest.raises(UsageError, match="rules for data"):
        stops.snapshot_for(Job(study="drive"))


def test_every_built_row_of_the_catalogue_is_answered_by_each_analysis_that_says_so(
    home: Path,
) -> None:
    run = read_run(home, run_of(home))
    states = catalogue_states(run)
    for state in states:
        answering = {table.analysis for table in state.tables}
        # A cost model's rows are also of another report, which this study does not answer.
        wanted = set(state.row.answered_by) if state.row.report == "drive" else set()
        assert answering == wanted, state.row.id
        assert state.is_answered == bool(answering), state.row.id
    for entry in run.tables:
        assert set(entry.table.catalogue) <= set(ANALYSES[entry.analysis].catalogue), entry.table.id
    assert sum(state.published for state in states) > 500
    assert f"In run {run_of(home)} of drive" in datrial(home, "catalogue").stdout


def test_a_run_of_the_locked_plan_says_so_and_has_nothing_exploratory(home: Path) -> None:
    run = read_run(home, run_of(home))
    assert plan_sentences(run.manifest)[0].startswith("The analysis plan was locked on ")
    assert why_exploratory(run.manifest) == {}
    assert {entry.table.standing for entry in run.tables} == {""}


def test_an_analysis_with_another_parameter_is_exploratory_in_its_own_run(home: Path) -> None:
    ran = datrial(
        home, "analyse", "--only", "risk_score", "--only", "marac_follow_up",
        "--set", "risk_score.effect=normal", "--json",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    run = read_run(home, json.loads(ran.stdout)["run_id"])
    assert list(why_exploratory(run.manifest)) == ["risk_score"]
    marked = {entry.analysis: entry.table.standing for entry in run.tables}
    assert marked == {"risk_score": "exploratory", "marac_follow_up": ""}
    assert "1 of the 29 planned analyses" in " ".join(plan_sentences(run.manifest))
    assert "xploratory" in (home / "reports" / run.manifest.run_id / "index.html").read_text()


def test_the_commands_answer(home: Path) -> None:
    assert run_of(home) in datrial(home, "runs").stdout
    assert "Current snapshot" in datrial(home, "status").stdout
    assert "passed" in datrial(home, "checks").stdout
    assert "xtpoisson" in datrial(home, "explain", "risk_score").stdout
    again = datrial(home, "allocate")
    assert "509 intervention, 2085 control; 0 new" in again.stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["run", "--study", "dirve"], 2, "no study 'dirve'"),
        (["run", "--set", "risk_score.effect"], 2, "ANALYSIS.PARAMETER=VALUE"),
        (["run", "--set", "risk_score.effect=cauchy"], 2, "risk_score"),
        (["explain", "happiness"], 2, "no analysis 'happiness'"),
        (["run", "--inbox", "nowhere-at-all"], 3, "nowhere-at-all"),
        (["frobnicate"], 2, "frobnicate"),
        (["simulate", "--seed", "2"], 2, "a state of its own"),  # the ledger has seed 1's trial
    ],
)
def test_wrong_use_is_one_clear_message(home: Path, words: list[str], code: int, told: str) -> None:
    ended = datrial(home, *words)
    assert ended.returncode == code, ended.stderr
    assert told in ended.stderr and "Traceback" not in ended.stderr


def test_bad_extracts_leave_the_last_good_snapshot_current(home: Path, tmp_path: Path) -> None:
    store = SnapshotStore(home, "drive")
    good = store.current()
    inbox = tmp_path / "inbox"
    shutil.copytree(home / "inbox" / "drive", inbox)
    (inbox / "drive_case_management.xlsx").write_bytes(b"not a workbook")
    cases = inbox / "marac_site_1_cases.csv"
    header, _, rest = cases.read_bytes().partition(b"\n")
    cases.write_bytes(header.rstrip(b"\r") + b",Shoe size\n" + rest)
    (inbox / "police_site_1_incidents.csv").write_bytes(b"")
    ended = datrial(home, "run", "--inbox", str(inbox))
    assert ended.returncode == 3, ended.stderr
    for told in ("drive_case_management.xlsx", "Shoe size", "police_site_1_incidents.csv"):
        assert told in ended.stderr
    assert "Traceback" not in ended.stderr
    assert store.current() == good


def test_another_world_is_another_run(home: Path, tmp_path: Path, in_home: Path) -> None:
    other = tmp_path / "other"
    assert datrial(home, "simulate", "--seed", "2", "--out", str(other)).returncode == 0
    here, there = stops.decide(Job(study="drive")), stops.decide(Job(study="drive", inbox=other))
    assert here.up_to_date and not there.up_to_date
    assert here.run_id != there.run_id and here.snapshot_id != there.snapshot_id


def test_a_spoiled_file_stops_the_run_before_the_snapshot(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every eighth police row without a usable date: above the study's limit of 5%."""
    own = state_of_its_own(home, tmp_path, monkeypatch)
    path = own / "inbox" / "drive" / "police_site_1_incidents.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    spoiled = [re.sub(r"\d\d/\d\d/\d{4}", "31/02/2017", line) for line in lines]
    mixed = [spoiled[i] if i % 8 == 1 else line for i, line in enumerate(lines)]
    path.write_text("\n".join(mixed), encoding="utf-8-sig")
    with pytest.raises(DataError, match=r"police_incident, extract drive/police_site_1.*5\.0%"):
        stops.build(Job(study="drive"))
    assert SnapshotStore(own, "drive").current() is None


def test_an_optional_source_that_sent_nothing_is_no_fault(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = state_of_its_own(home, tmp_path, monkeypatch)
    for path in (own / "inbox" / "drive").glob("police_*"):
        path.unlink()
    asked_for = load_mappings(load_study("drive").sources)
    optional = tuple(m.model_copy(update={"optional": m.source == "police"}) for m in asked_for)
    monkeypatch.setattr("datrial.pipeline.inputs.load_mappings", lambda _: optional)
    built = stops.build(Job(study="drive"))
    assert "police_incident" not in {check.table for check in built.checks}
    with SnapshotStore(own, "drive").open() as connection:
        counts = connection.execute(
            "select (select count(*) from staging.police_incident), "
            "(select count(*) from cohort.member), "
            "(select count(*) from people.perpetrator where in_police)"
        ).fetchall()
    assert counts == [(0, 2594, 0)]


def test_two_arms_for_one_person_never_reach_the_ledger(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = state_of_its_own(home, tmp_path, monkeypatch)
    (own / "ledger.sqlite").unlink()
    path = own / "inbox" / "drive" / "drive_allocation_list.csv"
    header, first, *rest = path.read_text(encoding="utf-8").splitlines()
    swap = {"intervention": "control", "control": "intervention"}
    arms = re.compile("intervention|control", re.IGNORECASE)
    other = arms.sub(lambda found: swap[found[0].lower()], first)
    assert other != first
    path.write_text("\n".join([header, first, other, *rest]), encoding="utf-8")
    with pytest.raises(DataError, match="allocation_list, rule key_unique"):
        stops.allocate(Job(study="drive"))
    assert not Ledger(own / "ledger.sqlite").entries("drive")


def test_made_again_elsewhere_a_run_is_the_same_to_the_byte(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the extracts and the ledger alone, in another folder: same ids, same files."""
    own = state_of_its_own(home, tmp_path, monkeypatch)
    job = Job(study="drive")
    built = stops.build(job)
    analysed = [
        stops.analyse(job, built.snapshot_id, name) for name in load_study("drive").analyses
    ]
    run = stops.publish(job, built.snapshot_id, analysed).run_id
    assert run == run_of(home)
    for folder in ("results", "reports"):
        for path in (home / folder / run).rglob("*"):
            if path.is_file() and path.name != "times.json":
                again = own / folder / run / path.relative_to(home / folder / run)
                assert again.read_bytes() == path.read_bytes(), path.name


def state_of_its_own(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return another state folder that has the extracts and the ledger, and nothing built."""
    own = tmp_path / "own"
    shutil.copytree(home / "inbox", own / "inbox")
    source = sqlite3.connect(home / "ledger.sqlite")
    target = sqlite3.connect(own / "ledger.sqlite")
    source.backup(target)
    source.close()
    target.close()
    (own / "ledger.sqlite").chmod(0o600)
    monkeypatch.setenv("DATRIAL_HOME", str(own))
    return own
