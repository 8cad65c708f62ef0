"""``datrial runs``: the stored runs: list, show, label, remove."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from datrial.cli.options import AsJson
from datrial.cli.output import print_json, short, size_of
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.results.listing import StoredRun

app = typer.Typer(
    name="runs",
    help="List the runs that are stored; show, label or remove one.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="A run's id, a start of it, its label, `latest` or `previous`."
    ),
]
_STATES = {"done": False, "in-part": True}


@app.callback(invoke_without_command=True)
def runs(
    context: typer.Context,
    study: Annotated[str, typer.Option(help="Only runs of this study.")] = "",
    label: Annotated[
        str, typer.Option(metavar="TEXT", help="Only runs that have this in a label.")
    ] = "",
    since: Annotated[
        str, typer.Option(metavar="DATE", help="Only runs that finished on this day or later.")
    ] = "",
    state: Annotated[
        str,
        typer.Option(
            metavar="done|in-part", help="Only runs of which no, or some, analysis failed."
        ),
    ] = "",
    snapshot: Annotated[
        str, typer.Option(metavar="ID", help="Only runs on this snapshot (or a start of its id).")
    ] = "",
    last: Annotated[
        Optional[int],  # noqa: UP045 (typer reads this at run time)
        typer.Option(min=1, metavar="N", help="Only the last N of them."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the runs that are stored, the newest last; or show, label or remove one."""
    if context.invoked_subcommand:
        return
    from datrial.config.project import home
    from datrial.results.listing import chosen_runs, stored_runs

    if state and state not in _STATES:
        raise UsageError(f"--state {state}: write done or in-part.")
    stored = stored_runs(home())
    listed = chosen_runs(
        stored, study=study, label=label, since=_day(since), in_part=_STATES.get(state),
        snapshot=snapshot, last=last,
    )  # fmt: skip
    if as_json:
        print_json([_plain(run) for run in listed])
        return
    if not stored:
        typer.echo("No runs yet.")
    elif not listed:
        typer.echo(f"None of the {len(stored)} stored runs fits.")
    for run in listed:
        typer.echo(_one_line(run))


@app.command()
def show(name: RunName = "latest", as_json: AsJson = False) -> None:
    """Show what a run recorded: its data, study, parameters, code, versions, and how it ended."""
    from datrial.cli.stored_run_words import record_lines
    from datrial.config.project import home
    from datrial.results.folder import read_manifest, read_times
    from datrial.results.labels import later_labels
    from datrial.results.naming import find_run

    run = find_run(home(), name)
    folder = home() / "results" / run
    manifest, times = read_manifest(folder), read_times(folder)
    later = later_labels(home()).get(run)
    if as_json:
        given = later.model_dump(mode="json") if later else None
        print_json(
            {"manifest": manifest.model_dump(mode="json"), "times": times, "later_label": given}
        )
        return
    report = home() / "reports" / run / "index.html"
    for line in record_lines(manifest, times, later):
        typer.echo(line)
    typer.echo(f"Report:     {short(report) if report.is_file() else 'none'}")


@app.command()
def label(
    name: RunName,
    text: Annotated[
        str,
        typer.Argument(help='One line; "" takes the label away. Never the name of a person.'),
    ],
    as_json: AsJson = False,
) -> None:
    """Give a stored run a label. The label that it was started with stays as well."""
    from datrial.config.project import home
    from datrial.results.labels import add_label
    from datrial.results.naming import find_run

    given = add_label(home(), find_run(home(), name), text, operator())
    if as_json:
        print_json(given.model_dump(mode="json"))
    elif given.text:
        typer.echo(f"Run {given.run_id} is labelled: {given.text}")
    else:
        typer.echo(f"Run {given.run_id} has no later label any more.")


@app.command()
def remove(
    name: RunName,
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Even the newest complete run of its study.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a run's results and report, and record who did so, when and why.

    The record stands in DATRIAL_HOME/deleted.jsonl with the hash of the run's manifest. The
    snapshot stays. A run that a release names is never removed.
    """
    from datrial.config.project import home
    from datrial.pipeline.removing import remove_run
    from datrial.results.naming import find_run

    removed = remove_run(find_run(home(), name), who=operator(), reason=reason, force=force)
    if as_json:
        print_json({"run_id": removed.id, "size": removed.size, "manifest_sha256": removed.sha256})
        return
    typer.echo(f"Removed: run {removed.id} ({size_of(removed.size)}): {removed.why}")


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(f"--since {text}: write a day as 2026-11-30.") from None


def _one_line(run: StoredRun) -> str:
    """Return a run's line: what it is, how it and its primary outcomes ended, its report."""
    other = [f"{name} {state}" for name, state in run.primary.items() if state != "done"]
    done = f"primary outcomes: {len(run.primary) - len(other)} of {len(run.primary)} done"
    parts = [
        run.run_id, run.study, f"snapshot {run.snapshot_id}", run.state, run.finished[:16],
        *filter(None, (run.label, run.later_label)),
        *([", ".join([done, *other])] if run.primary else []),
        *([f"{run.exploratory} exploratory"] if run.exploratory else []),
        short(run.report) if run.report else "no report",
    ]  # fmt: skip
    return "  ".join(parts)


def _plain(run: StoredRun) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "study": run.study,
        "snapshot_id": run.snapshot_id,
        "label": run.label,
        "later_label": run.later_label,
        "state": run.state,
        "finished": run.finished,
        "who": run.who,
        "primary_outcomes": run.primary,
        "analyses": run.analyses,
        "exploratory": run.exploratory,
        "report": str(run.report) if run.report else None,
    }


def operator() -> str:
    """Return who gives the command, as this machine knows them."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
