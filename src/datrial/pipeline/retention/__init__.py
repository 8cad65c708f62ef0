"""Retention: what is held, since when, and the deletion of what the study says has expired."""

from __future__ import annotations

import datetime as dt
import getpass
from collections.abc import Collection
from pathlib import Path

from datrial.config.project import home
from datrial.config.study import Study
from datrial.pipeline.lock import take_lock
from datrial.pipeline.notify import told_path
from datrial.pipeline.record import Attempt, attempts, events_path, log_path
from datrial.pipeline.rerun_comparison import comparison_folder
from datrial.pipeline.retention.deletion import delete as delete_one
from datrial.pipeline.retention.deletion import settle
from datrial.pipeline.retention.extracts import extracts_of, held_extracts
from datrial.pipeline.retention.held import Held, Holds, Kind, by_months, bytes_in, moment, written
from datrial.pipeline.reuse import answer_folder
from datrial.pipeline.sweep import sweep
from datrial.warehouse.snapshots import SnapshotStore

__all__ = ["Held", "expire", "extracts_of", "held"]

_OPEN = ("waiting", "running")


def held(study: Study, today: dt.date | None = None) -> list[Held]:
    """Return everything that is held of a study, and what its rules say of each.

    Never expired: the current snapshot and its run, a snapshot that a kept run
    used (the run can be repeated), the extracts that any snapshot rests on, the
    ledger, and what a person decided.
    """
    today = today or dt.datetime.now(dt.UTC).date()
    attempted = [one for one in attempts() if one.study == study.study]
    at_work = {one.flow for one in attempted if one.state in _OPEN}
    runs, used = _runs(study)
    return [
        *held_extracts(study, today),
        *_snapshots(study, used, at_work),
        *runs,
        *(_attempt(study, one, today) for one in attempted),
        *_without_a_rule(study),
    ]


def expire(study: Study, *, delete: bool, today: dt.date | None = None) -> list[Held]:
    """Return what has expired; delete it, if that is asked for, and record each deletion.

    Raises
    ------
    LockedError
        If a run is at work; nothing was deleted.
    """
    if not delete:
        return [one for one in held(study, today) if one.expired]
    lock = take_lock()
    try:
        sweep()
        settle(home())
        expired = [one for one in held(study, today) if one.expired]
        for one in expired:
            delete_one(one, study.study, _operator(), home())
    finally:
        lock.release()
    return expired


def _runs(study: Study) -> tuple[list[Held], dict[str, str]]:
    """Return the stored runs with their reports, and snapshot id -> a kept run that used it."""
    from datrial.results.store import runs

    stored = [run for run in runs(home()) if run["study"] == study.study]
    rule = study.retention.runs
    latest = {run["run_id"] for run in stored[-(rule or len(stored)) :]}
    current = SnapshotStore(home(), study.study).current()
    of_current = [run["run_id"] for run in stored if run["snapshot_id"] == current][-1:]
    listed, used = [], {}
    for run in stored:
        name, expired = run["run_id"], False
        if rule is None:
            why = "runs are kept for ever"
        elif name in of_current:
            why = "the latest run of the current snapshot"
        elif not run["finished"]:
            why = "it does not say when it was made"
        else:
            expired, why = name not in latest, f"the latest {rule} runs are kept"
        if not expired:
            used[run["snapshot_id"]] = name
        others = [path for path in (comparison_folder(home(), name),) if path.is_dir()]
        paths = (*others, home() / "reports" / name, home() / "results" / name)
        listed.append(
            Held(
                kind="run", id=name, since=moment(run["finished"], paths[-1]),
                size=bytes_in(paths), holds="counts", expired=expired, why=why, paths=paths,
            )
        )  # fmt: skip
    return listed, used


def _snapshots(study: Study, used: dict[str, str], at_work: Collection[str]) -> list[Held]:
    """Return the snapshots, the oldest first, each with its like at other cuts of linkage.

    Parameters
    ----------
    used
        Snapshot id -> a kept run that used it.
    at_work
        The flows of the study that are running; they name no snapshot.
    """
    store, rule = SnapshotStore(home(), study.study), study.retention.snapshots
    files: dict[str, list[Path]] = {}
    for path in sorted(store.folder.glob("*.duckdb")):
        files.setdefault(path.name.partition(".")[0], []).append(path)
    whole = [name for name in files if store.path(name).is_file()]
    whole.sort(key=lambda name: (store.path(name).stat().st_mtime, name))
    current = store.current()
    latest = whole[-(rule or len(whole)) :]
    listed = []
    for name in [*(name for name in files if name not in whole), *whole]:
        expired = False
        if name not in whole:
            expired, why = not at_work, "a build that did not end"
        elif name == current:
            why = "the current snapshot"
        elif current is None:
            why = "no snapshot is named as the current one"
        elif rule is None:
            why = "snapshots are kept for ever"
        elif name in used:
            why = f"run {used[name]}, which is kept, used it"
        elif any(flow in at_work for flow in ("analyse", "rerun")):
            why = "an analysis is running, perhaps on this snapshot"
        else:
            expired, why = name not in latest, f"the latest {rule} snapshots are kept"
        main = store.path(name)
        answers = [path for path in (answer_folder(store, name),) if path.is_dir()]
        paths = (*answers, *(path for path in files[name] if path != main), main)
        made_from = extracts_of(files[name][-1]) or (set(), set())
        listed.append(
            Held(
                kind="snapshot", id=name, since=written(files[name][-1]),
                size=bytes_in(paths), holds="pseudonyms", expired=expired, why=why, paths=paths,
                rests_on=tuple(sorted(made_from[0] | made_from[1])),
            )
        )  # fmt: skip
    return listed


def _attempt(study: Study, attempt: Attempt, today: dt.date) -> Held:
    """Return an attempt's record with its log."""
    ended = (attempt.ended or attempt.started).date()
    expired, why = by_months(study.retention.logs_months, ended, today, "records and logs")
    if attempt.state in _OPEN:
        expired, why = False, "it has not ended"
    record = home() / "attempts" / f"{attempt.id}.json"
    paths = (log_path(attempt.id), events_path(attempt.id), told_path(attempt.id), record)
    return Held(
        kind="attempt", id=attempt.id, since=attempt.started, size=bytes_in(paths),
        holds="counts", expired=expired, why=why, paths=paths,
    )  # fmt: skip


def _without_a_rule(study: Study) -> list[Held]:
    """Return what is never deleted here."""
    decisions = home() / "linkage" / f"{study.study}.decisions.csv"
    known: list[tuple[Kind, str, Path, Holds, str]] = [
        ("inbox", study.study, home() / "inbox" / study.study, "names of people",
         "the agencies' folder: what is current lies there; take out the rest by hand"),
        ("linkage", study.study, decisions, "pseudonyms", "a person's decisions are kept"),
        ("ledger", "all studies", home() / "ledger.sqlite", "pseudonyms", "allocations are kept"),
        ("prefect", "all studies", home() / "prefect", "counts", "Prefect keeps its own records"),
    ]  # fmt: skip
    return [
        Held(kind, name, written(path), bytes_in([path]), holds, False, why)
        for kind, name, path, holds, why in known
        if path.exists()
    ]


def _operator() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
