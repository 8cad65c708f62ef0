"""Our own record of every attempt at a run: this, not Prefect's state, says what finished.

One file per attempt in ``DATRIAL_HOME/attempts``. It holds counts, ids and
sentences; never a row of anyone's data.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
import shutil
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from datrial.config.project import home
from datrial.pipeline.processes import Process, this_process
from datrial.results.files import write_atomically

FlowName = Literal["nightly", "ingest", "allocate", "analyse", "rerun"]
AttemptState = Literal["waiting", "running", "done", "failed", "crashed"]
#: These change the landing, the ledger or the snapshots, and need the lock.
EXCLUSIVE_FLOWS: tuple[FlowName, ...] = ("nightly", "ingest", "allocate")


_IN_ID = "%Y%m%dT%H%M%S"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FinishedStop(_Strict):
    """A stop that was left behind, and what it said in counts."""

    name: str
    state: Literal["done", "failed"]
    ended: dt.datetime
    seconds: float
    summary: str


class Attempt(_Strict):
    """One attempt at a run.

    Attributes
    ----------
    exclusive
        Whether it needs the lock; while it waits for it, its state is ``waiting``.
    job
        The run's parameters.
    owner
        The process whose death ends the attempt: the supervisor, or the flow
        itself where Prefect started it.
    worker
        The process that does the work.
    flow_run_id
        Prefect's id of it, so that a dead attempt does not stay "Running" there.
    error, message, exit_code
        How it ended, if not well: the error's class, the sentence for people.
    result
        What it published: ids, a path and counts.
    """

    id: str
    flow: FlowName
    study: str
    label: str = ""
    exclusive: bool
    job: dict[str, Any]
    state: AttemptState = "running"
    host: str
    owner: Process
    worker: Process | None = None
    flow_run_id: str | None = None
    started: dt.datetime
    ended: dt.datetime | None = None
    stops: tuple[FinishedStop, ...] = ()
    run_id: str | None = None
    error: str | None = None
    message: str | None = None
    exit_code: int | None = None
    result: dict[str, Any] | None = None


def now() -> dt.datetime:
    """Return the time, in UTC, to the second."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def new_attempt(flow: FlowName, job: BaseModel, flow_run_id: str | None = None) -> Attempt:
    """Return a new attempt that this process owns; it is not yet on disk."""
    content = job.model_dump(mode="json")
    started = now()
    return Attempt(
        id=f"{_after_all_others(started):{_IN_ID}}-{secrets.token_hex(3)}",
        flow=flow,
        study=content["study"],
        label=content.get("label", ""),
        exclusive=flow in EXCLUSIVE_FLOWS,
        job=content,
        host=socket.gethostname(),
        owner=this_process(),
        flow_run_id=flow_run_id,
        started=started,
    )


def _after_all_others(started: dt.datetime) -> dt.datetime:
    """Return the time for an attempt's id: the ids keep their order though the clock is set back.

    Only the id is moved on, by a second after the latest one; ``started`` is what the clock said.
    """
    latest = max((path.name[:15] for path in (home() / "attempts").glob("*.json")), default="")
    try:
        last = dt.datetime.strptime(latest, _IN_ID).replace(tzinfo=dt.UTC)
    except ValueError:  # none yet, or not one of ours
        return started
    return max(started, last + dt.timedelta(seconds=1))


def write_attempt(attempt: Attempt) -> None:
    """Write an attempt's record, whole or not at all."""
    write_atomically(_path(attempt.id), attempt.model_dump_json(indent=1).encode())


def read_attempt(attempt_id: str) -> Attempt:
    """Read one attempt's record.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    return Attempt.model_validate_json(_path(attempt_id).read_bytes())


def attempts() -> list[Attempt]:
    """Return every attempt in the order in which they began, whatever the clock said.

    A record that cannot be read is passed over: the records are history, and a broken one
    must not keep the next run from starting.
    """
    found = []
    for path in sorted((home() / "attempts").glob("*.json")):
        try:
            found.append(Attempt.model_validate_json(path.read_bytes()))
        except (OSError, ValidationError):
            continue
    return sorted(found, key=lambda one: one.id)


def crashed(attempt: Attempt) -> Attempt:
    """Return the record of an attempt whose process is gone."""
    last = attempt.stops[-1].name if attempt.stops else None
    where = f"after the stop {last}" if last else "before its first stop had ended"
    return attempt.model_copy(
        update={
            "state": "crashed",
            "ended": now(),
            "error": "Crash",
            "message": (
                f"The run was killed or crashed {where}; the last good snapshot stays current. "
                "Run it again."
            ),
            "exit_code": 1,
        }
    )


def events_path(attempt_id: str) -> Path:
    """Return the file that tells an attempt's progress, one JSON object a line."""
    return home() / "attempts" / f"{attempt_id}.events"


def log_path(attempt_id: str) -> Path:
    """Return the attempt's technical log."""
    return home() / "logs" / f"{attempt_id}.log"


def remove_scratch(attempt_id: str) -> None:
    """Remove an attempt's temporary files; what it published lies elsewhere."""
    shutil.rmtree(home() / "tmp" / attempt_id, ignore_errors=True)


def append_event(attempt_id: str, event: dict[str, Any]) -> None:
    """Add one line to the attempt's progress; where the disk does not take it, nobody sees it."""
    with suppress(OSError), events_path(attempt_id).open("a", encoding="utf-8") as file:
        file.write(json.dumps(event) + "\n")


def _path(attempt_id: str) -> Path:
    return home() / "attempts" / f"{attempt_id}.json"
