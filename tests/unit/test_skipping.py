"""Stops whose inputs are as before: nothing is allocated or built a second time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from small_state import small_snapshot

from datrial.allocation.ledger import Ledger
from datrial.allocation.recording import import_list
from datrial.config.study import load_study
from datrial.pipeline import allocating, building, inputs, stops
from datrial.pipeline.job import Job, Received
from datrial.pipeline.made_of import write_made_of
from datrial.results.files import sha256
from datrial.warehouse.snapshots import SnapshotStore

JOB = Job(study="drive")
NOTHING = Received(extracts=0, new=0)


class WorkedOn(Exception):
    """A stop began to work though its inputs are as before."""


def works(*given: Any, **named: Any) -> Any:
    raise WorkedOn


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state with a ledger, and the snapshot that an empty inbox leads to."""
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    (tmp_path / "inbox" / "drive").mkdir(parents=True)
    (tmp_path / "inbox" / "drive" / "SIMULATED").touch()
    enter(tmp_path, 12)
    first = small_snapshot(tmp_path)
    store, given = SnapshotStore(tmp_path, "drive"), inputs.resolve(JOB)
    built = tmp_path / "built.duckdb"
    store.path(first).rename(built)
    built.chmod(0o600)
    with duckdb.connect(str(built)) as connection:
        write_made_of(connection, inputs.made_of(given, []))
        connection.execute("delete from ledger.exclusion")
        connection.execute("insert into ledger.exclusion values ('p_1', 'under_age'), ('p_2', 'x')")
    store.publish(built, inputs.snapshot_id(given, []))
    return tmp_path


def enter(home: Path, people: int) -> None:
    """Enter people in the ledger, by a list."""
    study = load_study("drive")
    site = next(iter(study.sites))
    day = study.sites[site].recruitment_start
    rows = [(f"p_{n:020x}", site, day, list(study.arms)[n % 2]) for n in range(people)]
    key = inputs.resolve(JOB).pseudonymiser().fingerprint
    with Ledger(home / "ledger.sqlite") as ledger:
        import_list(ledger, study, rows, "0" * 64, "office", key_fingerprint=key)


def test_referrals_that_are_in_the_ledger_are_not_read_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sha256(home / "ledger.sqlite")
    monkeypatch.setattr(allocating, "link", works)
    found = stops.allocate(JOB, NOTHING)
    assert (found.people, found.new) == (12, 0) and sum(found.arms.values()) == 12
    assert found.excluded["under_age"] == 1
    assert sha256(home / "ledger.sqlite") == before


@pytest.mark.parametrize("change", ["ledger", "rules", "fresh", "no snapshot", "damaged"])
def test_referrals_are_read_where_anything_is_new(
    home: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    store = SnapshotStore(home, "drive")
    job, path = JOB, store.path(store.current() or "")
    if change == "ledger":
        enter(home, 13)
    elif change == "rules":
        other = load_study("drive").model_copy(update={"quarantine_limit": 0.011})
        monkeypatch.setattr("datrial.pipeline.job.load_study", lambda name: other)
    elif change == "fresh":
        job = Job(study="drive", fresh=True)
    elif change == "no snapshot":
        path.unlink()
    else:
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:9000])
    monkeypatch.setattr(allocating, "link", works)
    with pytest.raises(WorkedOn):
        stops.allocate(job, NOTHING)


def test_a_ledger_that_was_changed_is_refused_before_it_is_believed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(ledger: Ledger) -> None:
        raise WorkedOn

    monkeypatch.setattr(allocating, "_verify", refuses)
    with pytest.raises(WorkedOn):
        stops.allocate(JOB, NOTHING)


def test_a_snapshot_that_is_there_and_whole_is_made_current_and_not_built(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SnapshotStore(home, "drive")
    name = store.current() or ""
    (store.folder / "current").write_text("another\n")
    monkeypatch.setattr(building, "build_into", works)
    before = store.path(name).stat().st_mtime_ns
    assert stops.build(JOB, NOTHING).snapshot_id == name == store.current()
    assert store.path(name).stat().st_mtime_ns == before


@pytest.mark.parametrize("cut_to", [0, 100, 9000])
def test_a_damaged_snapshot_is_built_again_without_the_answers_counted_from_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, cut_to: int
) -> None:
    store = SnapshotStore(home, "drive")
    path = store.path(store.current() or "")
    answers = path.with_suffix(".analysed")
    answers.mkdir()
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:cut_to])
    monkeypatch.setattr(building, "build_into", works)
    with pytest.raises(WorkedOn):
        stops.build(JOB, NOTHING)
    assert not answers.exists()


def test_a_snapshot_without_its_like_at_another_cut_is_not_whole(home: Path) -> None:
    store = SnapshotStore(home, "drive")
    linked = inputs.resolve(Job(study="drive_linkage"))
    name = store.current() or ""
    assert building.is_whole(store, inputs.resolve(JOB), name)
    assert linked.study.linkage and linked.study.linkage.sensitivity_weights
    assert not building.is_whole(store, linked, name)
    for cut in linked.study.linkage.sensitivity_weights:
        store.path(name, cut).hardlink_to(store.path(name))
    assert building.is_whole(store, linked, name)
