"""What is held, for how long, and what a deletion leaves on record."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from held import (
    TODAY,
    land_file,
    publish_snapshot,
    record_attempt,
    store_run,
    study_holding,
)

from datrial.config.mapping import SourceMapping
from datrial.errors import LockedError
from datrial.extracts.landing import Landed, land
from datrial.extracts.receipts import read_receipts
from datrial.pipeline.lock import take_lock
from datrial.pipeline.record import FlowName
from datrial.pipeline.retention import Held, expire, held
from datrial.pipeline.retention.held import months_after
from datrial.pipeline.retention.record import Deletion, append, deletions
from datrial.results.store import runs
from datrial.warehouse.snapshots import SnapshotStore


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    monkeypatch.setattr("datrial.pipeline.retention.extracts.studies", lambda: ["drive"])
    return tmp_path


def only(listed: list[Held], kind: str) -> dict[str, Held]:
    return {one.id: one for one in listed if one.kind == kind}


def expired(listed: list[Held], kind: str) -> set[str]:
    return {one.id for one in listed if one.kind == kind and one.expired}


def kinds(listed: list[Held]) -> list[tuple[str, str]]:
    return sorted((one.kind, one.id) for one in listed)


def test_an_empty_state_holds_nothing(home: Path) -> None:
    assert held(study_holding(extracts_months=1), TODAY) == []
    assert expire(study_holding(extracts_months=1), delete=True) == []


def test_without_rules_nothing_expires(home: Path) -> None:
    land_file(home, "old", "2010-01-01")
    for number in range(3):
        publish_snapshot(home, f"s{number}", f"2010-01-0{number + 1}")
        store_run(home, f"r{number}", f"s{number}", f"2010-01-0{number + 1}")
    record_attempt("a", "2010-01-01")
    listed = held(study_holding(), TODAY)
    assert len(listed) == 8 and not any(one.expired for one in listed)


@pytest.mark.parametrize(
    ("received", "gone"), [("2025-12-29", True), ("2025-12-30", False), ("2026-06-01", False)]
)
def test_a_file_that_no_snapshot_uses_is_held_for_its_months(
    home: Path, received: str, gone: bool
) -> None:
    """Six months from the 30th of December end on the 30th of June, and that day still counts."""
    one = land_file(home, "not in use", received)
    assert expired(held(study_holding(extracts_months=6), TODAY), "extract") == (
        {one.extract_id} if gone else set()
    )


def test_a_file_is_held_while_a_snapshot_rests_on_it_and_for_its_months_afterwards(
    home: Path,
) -> None:
    study = study_holding(extracts_months=6, snapshots=1)
    used, replaced = land_file(home, "used", "2020-01-01"), land_file(home, "before", "2020-01-01")
    publish_snapshot(home, "old", "2020-01-02", used, earlier=replaced)
    publish_snapshot(home, "new", "2020-02-02")
    assert kinds(expire(study, delete=True)) == [("snapshot", "old")]
    assert not SnapshotStore(home, "drive").path("old").exists()
    released = deletions(home)[-1].when.date()
    for months, gone in ((6, set()), (7, {used.extract_id, replaced.extract_id})):
        assert expired(held(study, months_after(released, months)), "extract") == gone


def test_the_extracts_of_the_current_snapshot_never_expire(home: Path) -> None:
    used, replaced = land_file(home, "used", "2010-01-01"), land_file(home, "before", "2009-01-01")
    publish_snapshot(home, "now", "2010-01-02", used, earlier=replaced)
    assert expire(study_holding(extracts_months=1, snapshots=1), delete=True) == []


def test_another_studys_snapshot_and_longer_rule_keep_a_shared_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_holding(extracts_months=1)
    one = land_file(home, "shared", "2026-01-01")
    assert expired(held(study, TODAY), "extract") == {one.extract_id}
    other = study_holding(extracts_months=12).model_copy(update={"study": "other"})
    monkeypatch.setattr("datrial.pipeline.retention.extracts.studies", lambda: ["drive", "other"])
    monkeypatch.setattr("datrial.pipeline.retention.extracts.load_study", lambda name: other)
    assert not expired(held(study, TODAY), "extract")
    monkeypatch.setattr("datrial.pipeline.retention.extracts.studies", lambda: ["drive"])
    path = publish_snapshot(home, "theirs", "2026-01-02", one)
    (home / "snapshots" / "other").mkdir()
    path.rename(home / "snapshots" / "other" / path.name)
    assert "of study other" in only(held(study, TODAY), "extract")[one.extract_id].why


def test_if_a_snapshot_cannot_be_read_every_file_is_kept(home: Path) -> None:
    land_file(home, "perhaps in it", "2010-01-01")
    (home / "snapshots" / "drive").mkdir(parents=True)
    (home / "snapshots" / "drive" / "broken.duckdb").write_text("not a database")
    study = study_holding(extracts_months=1)
    assert not expired(held(study, TODAY), "extract")
    (one,) = only(held(study, TODAY), "extract").values()
    assert "cannot be read" in one.why


def test_a_file_that_still_lies_in_the_inbox_is_not_deleted_only_to_land_again(home: Path) -> None:
    one = land_file(home, "still there", "2010-01-01")
    (home / "inbox" / "drive").mkdir(parents=True)
    (home / "inbox" / "drive" / "other name.xlsx").write_text("still there")
    study = study_holding(extracts_months=1)
    assert "still in the inbox" in only(held(study, TODAY), "extract")[one.extract_id].why
    (home / "inbox" / "drive" / "other name.xlsx").unlink()
    assert expired(held(study, TODAY), "extract") == {one.extract_id}


def test_two_receipts_of_one_file_must_both_have_expired(home: Path) -> None:
    study = study_holding(extracts_months=6)
    land_file(home, "quiet month", "2010-01-01")
    later = land_file(home, "quiet month", "2026-06-01", mapping="drive/insights")
    assert not expired(held(study, TODAY), "extract")
    assert len(only(held(study, TODAY), "extract")) == 2
    assert len(expired(held(study, months_after(TODAY, 12)), "extract")) == 2
    assert later.path(home / "landing").is_file()


def test_what_a_killed_landing_left_is_listed(home: Path) -> None:
    (home / "landing" / "police").mkdir(parents=True)
    (home / "landing" / "police" / ".abc.csv.17.part").write_text("half a file of names")
    (one,) = held(study_holding(), TODAY)
    assert (one.kind, one.holds, one.expired) == ("extract", "names of people", False)
    assert "without a receipt" in one.why


def test_a_deleted_file_leaves_its_receipt_and_lands_again_if_it_comes_again(home: Path) -> None:
    one = land_file(home, "expired", "2010-01-01")
    assert kinds(expire(study_holding(extracts_months=1), delete=True)) == [
        ("extract", one.extract_id)
    ]
    (left,) = read_receipts(home / "landing")
    assert not left.path(home / "landing").exists()
    assert (left.sha256, left.received_at) == (one.sha256, one.received_at)
    assert left.checked == "deleted"
    again = held(study_holding(extracts_months=1), TODAY)
    assert not expired(again, "extract")
    assert "its receipt is kept" in only(again, "extract")[one.extract_id].why


PLACES = SourceMapping.model_validate(
    {
        "key": "drive/meeting_capacity", "source": "allocation", "site": "site_1",
        "file": "places.csv", "format": "csv",
        "covers": {"start": "2016-01-01", "end": "2019-09-30"},
        "tables": [{
            "table": "meeting_capacity",
            "columns": {"meeting_date": "Meeting", "places": "Places"},
        }],
    }
)  # fmt: skip


def test_landing_passes_over_a_deleted_file_until_it_comes_again(home: Path) -> None:
    """Three deliveries; the first expires; then the agency goes back to the second, the first."""
    (home / "inbox").mkdir()

    def deliver(places: int) -> Landed:
        (home / "inbox" / "places.csv").write_text(f"Meeting,Places\n01/03/2017,{places}\n")
        return land([PLACES], home / "inbox", home / "landing")

    (first,), (second,), (third,) = (deliver(places).current for places in (1, 2, 3))
    publish_snapshot(home, "now", "2026-01-01", third, earlier=second)
    study, far = study_holding(extracts_months=1), dt.date(2199, 1, 1)
    assert kinds(expire(study, delete=True, today=far)) == [("extract", first.extract_id)]
    back = deliver(2)
    assert [one.extract_id for one in back.current] == [second.extract_id]
    assert back.earlier == []  # the first is gone
    again = deliver(1)
    assert [one.extract_id for one in again.current] == [first.extract_id]
    assert again.current[0].path(home / "landing").is_file()
    assert again.current[0].arrival == first.arrival


def test_the_latest_snapshots_and_runs_are_kept_and_what_kept_runs_used(home: Path) -> None:
    for number in range(1, 6):
        publish_snapshot(home, f"s{number}", f"2020-01-0{number}")
    for number, snapshot in ((1, "s1"), (2, "s2"), (3, "s2"), (4, "s5")):
        store_run(home, f"r{number}", snapshot, f"2020-02-0{number}")
    store_run(home, "again", "s1", "2020-03-01")  # an old snapshot, analysed lately
    study = study_holding(snapshots=2, runs=2)
    listed = held(study, TODAY)
    assert expired(listed, "run") == {"r1", "r2", "r3"}
    assert expired(listed, "snapshot") == {"s2", "s3"}
    assert "run again" in only(listed, "snapshot")["s1"].why
    expire(study, delete=True)
    assert sorted(run["run_id"] for run in runs(home)) == ["again", "r4"]
    assert sorted(path.name for path in (home / "reports").iterdir()) == ["again", "r4"]
    assert sorted(p.stem for p in (home / "snapshots" / "drive").glob("*.duckdb")) == [
        "s1", "s4", "s5",
    ]  # fmt: skip
    assert expire(study, delete=True) == []


def test_the_current_snapshot_is_kept_even_if_it_is_the_oldest(home: Path) -> None:
    for number in (1, 2, 3):
        publish_snapshot(home, f"s{number}", f"2020-01-0{number}")
        store_run(home, f"r{number}", f"s{number}", f"2020-02-0{number}")
    SnapshotStore(home, "drive").make_current("s1")
    listed = held(study_holding(snapshots=1, runs=1), TODAY)
    assert expired(listed, "snapshot") == {"s2"}
    assert expired(listed, "run") == {"r2"}


def test_a_snapshot_goes_with_its_like_at_other_cuts_of_linkage(home: Path) -> None:
    store = SnapshotStore(home, "drive")
    for number in (1, 2):
        publish_snapshot(home, f"s{number}", f"2020-01-0{number}")
        for cut in (3.3, 10.0):
            publish_snapshot(home, "other", f"2020-01-0{number}").rename(
                store.path(f"s{number}", cut)
            )
    store.make_current("s2")
    study = study_holding(snapshots=1)
    assert [one.id for one in held(study, TODAY)] == ["s1", "s2"]
    assert kinds(expire(study, delete=True)) == [("snapshot", "s1")]
    left = sorted(path.name for path in store.folder.glob("*.duckdb"))
    assert left == ["s2.cut_10.duckdb", "s2.cut_3.3.duckdb", "s2.duckdb"]


def test_what_a_killed_build_left_goes_unless_a_run_is_at_work(home: Path) -> None:
    store = SnapshotStore(home, "drive")
    publish_snapshot(home, "killed", "2020-01-01").rename(store.path("killed", 3.3))
    publish_snapshot(home, "good", "2020-01-02")
    record_attempt("building", "2026-06-30", state="running")
    assert not expired(held(study_holding(), TODAY), "snapshot")
    record_attempt("building", "2026-06-30")
    assert kinds(expire(study_holding(), delete=True)) == [("snapshot", "killed")]
    assert store.current() == "good"


def test_without_a_current_snapshot_none_expires(home: Path) -> None:
    for number in (1, 2, 3):
        publish_snapshot(home, f"s{number}", f"2020-01-0{number}")
    (home / "snapshots" / "drive" / "current").unlink()
    assert not expired(held(study_holding(snapshots=1), TODAY), "snapshot")


@pytest.mark.parametrize("flow", ["analyse", "rerun"])
def test_while_an_analysis_runs_its_snapshot_is_not_deleted(home: Path, flow: FlowName) -> None:
    for number in (1, 2):
        publish_snapshot(home, f"s{number}", f"2020-01-0{number}")
    study = study_holding(snapshots=1)
    record_attempt("analysing", "2026-06-30", flow=flow, state="running")
    assert not expired(held(study, TODAY), "snapshot")
    assert expire(study, delete=True) == []
    record_attempt("analysing", "2026-06-30", flow=flow)
    assert expired(held(study, TODAY), "snapshot") == {"s1"}


def test_records_and_logs_expire_together_but_not_of_a_run_at_work(home: Path) -> None:
    record_attempt("old", "2024-01-01")
    record_attempt("new", "2026-06-01")
    record_attempt("at_work", "2024-01-01", state="running")
    study = study_holding(logs_months=12)
    assert kinds(expire(study, delete=True, today=TODAY)) == [("attempt", "old")]
    assert sorted(path.stem for path in (home / "attempts").glob("*.json")) == ["at_work", "new"]
    assert sorted(path.stem for path in (home / "logs").iterdir()) == ["at_work", "new"]


def test_the_ledger_decisions_and_the_inbox_are_listed_and_never_deleted(home: Path) -> None:
    (home / "ledger.sqlite").write_text("allocations")
    (home / "linkage").mkdir()
    (home / "linkage" / "drive.decisions.csv").write_text("pairs")
    (home / "inbox" / "drive").mkdir(parents=True)
    study = study_holding(extracts_months=1, snapshots=1, runs=1, logs_months=1)
    listed = held(study, TODAY)
    assert [(one.kind, one.holds) for one in listed] == [
        ("inbox", "names of people"), ("linkage", "pseudonyms"), ("ledger", "pseudonyms"),
    ]  # fmt: skip
    assert expire(study, delete=True) == [] and (home / "ledger.sqlite").exists()


def test_each_deletion_is_recorded_before_and_after(home: Path) -> None:
    one = land_file(home, "expired", "2010-01-01")
    expire(study_holding(extracts_months=3), delete=True)
    before, after = deletions(home)
    assert (before.state, after.state) == ("intended", "done")
    for line in (before, after):
        assert (line.kind, line.id, line.sha256) == ("extract", one.extract_id, one.sha256)
        assert line.rule == "files not in use are kept for 3 months" and line.who
    assert (home / "deleted.jsonl").stat().st_mode & 0o077 == 0
    for text in (home / "deleted.jsonl").read_text().splitlines():
        assert one.file_name not in text and not json.loads(text)["paths"][0].startswith("/")


def test_without_delete_nothing_is_touched(home: Path) -> None:
    one = land_file(home, "expired", "2010-01-01")
    assert kinds(expire(study_holding(extracts_months=1), delete=False)) == [
        ("extract", one.extract_id)
    ]
    assert one.path(home / "landing").is_file() and not (home / "deleted.jsonl").exists()


def test_the_record_goes_on_after_a_line_that_was_cut_short(home: Path) -> None:
    land_file(home, "expired", "2010-01-01")
    expire(study_holding(extracts_months=1), delete=True)
    whole = deletions(home)
    with (home / "deleted.jsonl").open("ab") as file:
        file.write(b'{"state": "inten')
    append(whole[0], home)
    assert deletions(home) == [*whole, whole[0]]


def test_a_deletion_that_was_killed_before_it_removed_anything_is_decided_anew(home: Path) -> None:
    one = land_file(home, "wanted again", "2010-01-01")
    study = study_holding(extracts_months=1)
    path = str(one.path(home / "landing").relative_to(home))
    append(
        Deletion(
            state="intended", when="2026-01-01T00:00:00Z", who="office", study="drive",
            kind="extract", id=one.extract_id, rule="expired", paths=(path,),
        ),
        home,
    )  # fmt: skip
    publish_snapshot(home, "now", "2026-01-02", one)  # it has come into use since
    assert expire(study, delete=True) == []
    assert [line.state for line in deletions(home)] == ["intended", "not done"]
    assert one.path(home / "landing").is_file()


def test_nothing_is_deleted_while_a_run_holds_the_lock(home: Path) -> None:
    one = land_file(home, "expired", "2010-01-01")
    lock = take_lock()
    try:
        with pytest.raises(LockedError):
            expire(study_holding(extracts_months=1), delete=True)
    finally:
        lock.release()
    assert one.path(home / "landing").is_file()
