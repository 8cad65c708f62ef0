"""Our own record of a run, its lock, and cleaning up after a crash: without Prefect."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from datrial.errors import DataError, DatrialError, LockedError, UsageError
from datrial.extracts.files import file_hash, visible_files
from datrial.pipeline.attempt import open_attempt
from datrial.pipeline.failure import IN_PART, failure_of
from datrial.pipeline.job import Job
from datrial.pipeline.lock import take_lock
from datrial.pipeline.processes import (
    Process,
    is_alive,
    processes_of,
    started_process,
    this_process,
)
from datrial.pipeline.record import (
    Attempt,
    attempts,
    events_path,
    log_path,
    new_attempt,
    read_attempt,
    write_attempt,
)
from datrial.pipeline.supervise import supervise
from datrial.pipeline.sweep import sweep, tidy

JOB = Job(study="drive", label="a try")
CANARY = "Zebedee Canary-Person"
linux = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DATRIAL_ATTEMPT", raising=False)
    return tmp_path / "home"


def stored(**changes: object) -> Attempt:
    """Write an attempt and return it."""
    attempt = new_attempt("nightly", JOB).model_copy(update=changes)
    write_attempt(attempt)
    return attempt


def dead_process() -> Process:
    """Return a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = started_process(child.pid)
    child.communicate(b"\n")
    return process


def test_a_process_is_known_by_its_start_and_not_by_its_number_alone() -> None:
    me = this_process()
    assert is_alive(me)
    assert not is_alive(Process(pid=me.pid, started="an earlier start"))
    assert not is_alive(dead_process())


def test_a_broken_record_does_not_keep_the_next_run_from_starting(home: Path) -> None:
    good = stored()
    (home / "attempts" / "20200101T000000-broken.json").write_text('{"id": ')
    assert [one.id for one in attempts()] == [good.id]


def test_a_second_run_is_kept_out_and_told_by_whom() -> None:
    with open_attempt("nightly", JOB) as first, pytest.raises(LockedError) as refused:
        os.environ.pop("DATRIAL_ATTEMPT")  # as in another process
        with open_attempt("allocate", JOB):
            raise AssertionError("two runs at once")
    assert refused.value.exit_code == 4
    assert f"process {os.getpid()}" in str(refused.value)
    assert f"{first.record.started:%Y-%m-%d %H:%M:%S}" in str(refused.value)


def test_an_analysis_runs_beside_the_holder_of_the_lock() -> None:
    with open_attempt("nightly", JOB):
        os.environ.pop("DATRIAL_ATTEMPT")
        with open_attempt("analyse", JOB) as beside:
            assert beside.record.state == "running"


def test_the_lock_is_free_again_after_each_kind_of_end() -> None:
    for end in (None, DataError("one sentence"), KeyboardInterrupt()):
        try:
            with open_attempt("nightly", JOB):
                if end:
                    raise end
        except (DataError, KeyboardInterrupt):
            pass
        take_lock().release()
    states = [(one.state, one.error, one.exit_code) for one in attempts()]
    assert sorted(states, key=str) == sorted(
        [("done", None, 0), ("failed", "DataError", 3), ("failed", "Stopped", 1)], key=str
    )


@linux
def test_what_a_dead_run_left_behind_is_ended_and_the_lock_taken(home: Path) -> None:
    """Its supervisor is dead; a process of it lives on and holds the lock."""
    lock = take_lock()
    dead = stored(owner=dead_process())
    orphan = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"],
        env={**os.environ, "DATRIAL_ATTEMPT": dead.id},
        pass_fds=(lock.descriptor,),
    )
    lock.release()
    assert processes_of(dead.id) == [orphan.pid]
    take_lock().release()
    assert orphan.wait(5) == -9


def test_the_sweep_marks_the_dead_and_leaves_the_living(home: Path) -> None:
    dead, alive = stored(owner=dead_process()), stored()
    elsewhere = stored(
        host="another-machine", owner=dead_process(), flow="analyse", exclusive=False
    )
    for attempt in (dead, alive, elsewhere):
        (home / "tmp" / attempt.id).mkdir(parents=True)
        (home / "tmp" / attempt.id / "unfinished.duckdb").touch()
    (home / "tmp" / "20200101T000000-unknown").mkdir()
    lock = take_lock()
    marked = sweep()
    lock.release()
    assert [one.id for one in marked] == [dead.id]
    assert read_attempt(dead.id).state == "crashed" and read_attempt(dead.id).exit_code == 1
    assert {one.name for one in (home / "tmp").iterdir()} == {alive.id, elsewhere.id}
    assert read_attempt(alive.id).state == read_attempt(elsewhere.id).state == "running"


def test_tidying_waits_for_nobody_and_touches_nothing_without_a_state(home: Path) -> None:
    tidy()
    assert not home.exists()
    dead = stored(owner=dead_process())
    lock = take_lock()
    tidy()
    assert read_attempt(dead.id).state == "running"  # the holder of the lock sees to it
    lock.release()
    tidy()
    assert read_attempt(dead.id).state == "crashed"


def test_a_state_folder_that_cannot_be_made_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(UsageError, match=r"cannot be written .* Set DATRIAL_HOME"):
        take_lock()


def test_stops_are_recorded_as_they_are_left_behind() -> None:
    with open_attempt("nightly", JOB) as attempt:
        attempt.plan(["receive", "build"])
        attempt.started("receive")
        attempt.finished("receive", "10 extracts, 3 of them new")
        on_disk = read_attempt(attempt.record.id)
        assert [(stop.name, stop.state) for stop in on_disk.stops] == [("receive", "done")]
        told = [
            json.loads(line)["event"]
            for line in events_path(on_disk.id).read_text().split("\n")[:-1]
        ]
        assert told == ["plan", "started", "finished"]


def test_temporary_files_end_with_their_attempt(home: Path) -> None:
    with open_attempt("nightly", JOB) as attempt:
        scratch = home / "tmp" / attempt.record.id
        scratch.mkdir(parents=True)
    assert not scratch.exists()


def test_a_fault_names_its_place_and_never_its_message() -> None:
    """A library's message may quote a row, and so may the message of what caused it."""
    with pytest.raises(RuntimeError), open_attempt("nightly", JOB) as attempt:
        try:
            int(CANARY)
        except ValueError as error:
            raise RuntimeError(f"cannot use {CANARY}") from error
    record = read_attempt(attempt.record.id)
    assert (record.error, record.exit_code) == ("RuntimeError", 1)
    log = log_path(record.id).read_text()
    assert "`datrial status` names" in (record.message or "")
    assert "RuntimeError" in log and "ValueError" in log and "test_flows_record.py" in log
    assert CANARY not in log + record.model_dump_json()


@pytest.mark.parametrize(
    ("error", "again"),
    [
        *((OSError(getattr(errno, name), "held or away"), True) for name in (
            "EAGAIN", "EBUSY", "ETXTBSY", "EIO", "ESTALE", "ENOTCONN", "ETIMEDOUT", "EHOSTDOWN",
            "ENOLCK",
        )),
        *((OSError(getattr(errno, name), "lasting"), False) for name in (
            "ENOENT", "ENOSPC", "EDQUOT", "EROFS", "EACCES", "EFBIG", "EINVAL", "ENAMETOOLONG",
            "ELOOP", "EMFILE", "EISDIR",
        )),
        (OSError("a library's own"), False),
        (DataError("a failed check"), False),
        (ValueError("a fault"), False),
    ],
)  # fmt: skip
def test_only_what_may_pass_by_itself_is_tried_again(
    error: Exception, again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATRIAL_ATTEMPT", "none")
    assert failure_of(error, "receive").may_pass is again
    wrapped = DataError("the share cannot be read")
    wrapped.__cause__ = error
    assert failure_of(wrapped, "receive").may_pass is again


def test_a_file_that_somebody_holds_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sharing violation, as the system tells it for a file on a share: EBUSY."""
    file = tmp_path / "cases.csv"
    file.write_text("Perp\n")
    really_open = Path.open

    def held(path: Path, *words: object, **named: object) -> object:
        if path == file:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(path))
        return really_open(path, *words, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", held)
    with pytest.raises(DataError, match=r"cases\.csv: the file cannot be read") as refused:
        file_hash(file)
    failure = failure_of(refused.value, "receive")
    assert (failure.may_pass, failure.exit_code) == (True, 3)


def test_an_inbox_that_vanished_is_looked_for_again(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist") as away:
        visible_files(tmp_path / "share" / "inbox")
    failure = failure_of(away.value, "decide")
    assert (failure.may_pass, failure.exit_code) == (True, 3)


# --- what is said of a disk -----------------------------------------------------------------

PARTS = {
    "landing/marac/0f.csv": "the agencies' files as they arrived (landing)",
    "snapshots/drive/.current.12": "the snapshots (snapshots)",
    "tmp/a/b.duckdb": "the unfinished work of this run (tmp)",
    "results/.writing-r/cells.parquet": "the results (results)",
    "reports/r/index.html": "the report and its workbooks (reports)",
    "attempts/.writing-a.json-12": "the record of this run (attempts)",
    "logs/a.log": "the technical log (logs)",
    "ledger.sqlite-wal": "the allocation ledger (ledger.sqlite)",
    ".ledger.sqlite-x.new": "the allocation ledger (ledger.sqlite)",
}


@pytest.mark.parametrize("file", PARTS)
@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, "The disk is full: there is no room for {}; "),
        (errno.EDQUOT, "The disk is full: there is no room for {}; "),
        (errno.EROFS, "The disk is read-only: {} cannot be written; "),
        (errno.EACCES, "The user who runs datrial may not write {}; "),
        (errno.EIO, "The disk does not answer as it should, and {} could not be "),
    ],
)
def test_a_disk_is_told_by_the_part_of_the_state_and_no_path(
    file: str, number: int, kind: str, home: Path
) -> None:
    error = OSError(number, os.strerror(number), str(home / file))
    failure = failure_of(error, "build")
    assert failure.message.startswith(kind.format(PARTS[file]))
    assert "the last good snapshot stays current" in failure.message
    assert failure.message.endswith("run again.") and str(home) not in failure.message
    assert failure.exit_code == 1


def test_a_disk_is_told_also_through_what_a_library_made_of_it(home: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    full.filename = str(home / "results" / "x")
    fault = RuntimeError("cannot write")
    fault.__context__ = full
    assert "the results (results)" in failure_of(fault, "publish").message
    refused = UsageError("The ledger cannot be used.")
    refused.__cause__ = full
    assert failure_of(refused, "publish").exit_code == 1
    agencys = PermissionError(errno.EACCES, "Permission denied", "/somewhere/else/cases.csv")
    assert "disk" not in failure_of(agencys, "receive").message


def test_an_attempt_whose_end_no_disk_takes_tells_its_supervisor(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the error that ended it is what is told, not that of the record."""
    said, heard = os.pipe()[::-1]
    monkeypatch.setenv("DATRIAL_LAST_WORD_DESCRIPTOR", str(said))
    with pytest.raises(DataError), open_attempt("nightly", JOB) as attempt:
        monkeypatch.setattr("datrial.pipeline.attempt.write_attempt", full_disk)
        raise DataError("one sentence")
    os.close(said)
    with os.fdopen(heard) as file:
        told = Attempt.model_validate_json(file.read())
    assert (told.id, told.state, told.exit_code) == (attempt.record.id, "failed", 3)
    assert told.message == "one sentence"
    assert read_attempt(told.id).state == "running"  # the next run finds it dead


def full_disk(attempt: Attempt) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("ended", "published"),
    [
        ({"state": "done"}, True),
        ({"state": "failed", "error": IN_PART}, True),
        ({"state": "failed", "error": "Stopped", "message": "It was stopped."}, False),
        ({"state": "crashed", "message": "It was killed."}, False),
    ],
)
def test_a_run_that_was_killed_after_it_had_published_did_not_end_well(
    ended: dict[str, str], published: bool, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = {"run_id": "r", "report": str(home / "index.html"), "failed": []}
    record = stored(result=result, exit_code=0 if ended["state"] == "done" else 1, **ended)
    monkeypatch.setattr("datrial.pipeline.supervise.run_flow", lambda *_, **__: record)
    if published:
        assert supervise(JOB, quiet=True).run_id == "r"
        return
    with pytest.raises(DatrialError, match=r"It was (stopped|killed)\.") as told:
        supervise(JOB, quiet=True)
    assert told.value.exit_code == 1
