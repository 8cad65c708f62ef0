"""``datrial status``: what is current of a study, and why the next run would do work or not."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import typer

from datrial.cli.options import AsJson, Study
from datrial.cli.output import print_json, short

if TYPE_CHECKING:
    from datrial.pipeline.record import Attempt
    from datrial.pipeline.status import Status, StopStatus
    from datrial.pipeline.status_attempts import Attempts

_ATTEMPTS = 5
#: So many analyses or more, of which the same is to be said, stand on one line.
_ALIKE = 5


def status(study: Study = "drive", as_json: AsJson = False) -> None:
    """Say what is current and why: the snapshot, each stop of the next run, the last attempts.

    Nothing is changed by asking, also while a run is at work.
    """
    from datrial.pipeline.status import status_of
    from datrial.pipeline.status_attempts import attempts_of

    found, attempted = status_of(study), attempts_of(study, _ATTEMPTS)
    if as_json:
        print_json(_plain(found, attempted))
        return
    _show_snapshot(found)
    _show_next(found)
    _show_at_work(attempted)
    for attempt in attempted.last:
        _show_attempt(attempt)


def _show_snapshot(found: Status) -> None:
    current = found.snapshot
    if current is None:
        typer.echo("Current snapshot: none yet")
        return
    typer.echo(f"Current snapshot: {current.id}, built {current.since:%Y-%m-%d %H:%M} UTC")
    if current.extracts:
        named = ", ".join(f"{count} {name}" for name, count in sorted(current.extracts.items()))
        typer.echo(f"  made from {sum(current.extracts.values())} extracts: {named}")
    others = {name: count for name, count in current.verdicts.items() if name != "passed"}
    said = ", ".join(f"{count} {name}" for name, count in sorted(others.items()))
    typer.echo(
        f"  checks: {sum(current.verdicts.values())} rules, "
        + (f"{said} (`datrial checks --only-problems --study {found.study}`)" if said else "passed")
    )
    typer.echo(f"  latest run: {found.run or 'none'}")


def _show_next(found: Status) -> None:
    if found.problem:
        typer.echo(f"\nThe next nightly run would stop: {found.problem}")
        return
    if found.up_to_date:
        typer.echo("\nThe next nightly run has nothing to do: all is as before.")
    else:
        typer.echo("\nThe next nightly run has work to do:")
        for line in found.why:
            typer.echo(f"  - {line}")
    typer.echo("")
    for (current, why), alike in groupby(found.stops, key=lambda stop: (stop.current, stop.why)):
        names = [stop.name for stop in alike]
        listed = names if len(names) < _ALIKE else [f"{len(names)} analyses"]
        for name in listed:
            typer.echo(f"  {name:<26} {'current' if current else 'TO DO  '}  {why}")


def _show_at_work(attempted: Attempts) -> None:
    typer.echo("")
    for one in attempted.at_work:
        holds = ", holds the lock" if one == attempted.lock_holder else ""
        typer.echo(
            f"At work: {one.flow} of {one.study}, {one.state}, process {one.owner.pid}, since "
            f"{one.started:%Y-%m-%d %H:%M} UTC{holds}"
        )
    if not attempted.at_work:
        typer.echo("At work: nothing")
    for one in attempted.dead:
        typer.echo(f"Died: {one.id} ({one.flow}); the next run marks it and cleans up after it")
    typer.echo(f"Prefect server: {attempted.server or 'none runs'}")


def _show_attempt(attempt: Attempt) -> None:
    from datrial.pipeline.record import log_path

    ended = f" to {attempt.ended:%H:%M}" if attempt.ended else ""
    message = f" - {attempt.message}" if attempt.message else ""
    typer.echo(
        f"{attempt.started:%Y-%m-%d %H:%M}{ended}  {attempt.flow}  {attempt.state}  "
        f"{attempt.id}{message}"
    )
    log = log_path(attempt.id)
    if log.is_file():
        typer.echo(f"    log: {short(log)}")


def _plain(found: Status, attempted: Attempts) -> dict[str, Any]:
    from datrial.pipeline.record import log_path

    current, holder = found.snapshot, attempted.lock_holder
    made = {} if current is None else {
        "since": current.since.isoformat(), "extracts": current.extracts,
        "checks": current.verdicts,
        "failed_checks": sum(n for name, n in current.verdicts.items() if name != "passed"),
    }  # fmt: skip
    return {
        "study": found.study,
        "snapshot": current.id if current else None,
        "made": made,
        "run": found.run or None,
        "up_to_date": found.up_to_date,
        "problem": found.problem or None,
        "why": list(found.why),
        "stops": [_plain_stop(stop) for stop in found.stops],
        "at_work": [one.id for one in attempted.at_work],
        "holds_the_lock": holder.id if holder else None,
        "dead": [one.id for one in attempted.dead],
        "prefect_server": attempted.server or None,
        "attempts": [
            one.model_dump(mode="json") | {"log": str(log_path(one.id))} for one in attempted.last
        ],
    }


def _plain_stop(stop: StopStatus) -> dict[str, Any]:
    return {"name": stop.name, "current": stop.current, "why": stop.why}
