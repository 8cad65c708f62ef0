"""The command line. Heavy imports stand inside the commands, so that help is quick."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from datrial.errors import DatrialError, UsageError

app = typer.Typer(
    name="datrial",
    help="Evaluate interventions with people who use domestic abuse: from agency extracts to "
    "published tables, reproducibly.\n\nState lies in DATRIAL_HOME (default ./data). Exit codes: "
    "0 done, 1 a fault of ours, 2 wrong use, 3 data failed a critical check, 4 another run holds "
    "the lock.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Study = Annotated[str, typer.Option("--study", help="Name of the study file in configs/studies.")]
Inbox = Annotated[
    Optional[Path],  # noqa: UP045 (typer reads this at run time)
    typer.Option(
        "--inbox", help="Folder with the agencies' files (default DATRIAL_HOME/inbox/STUDY)."
    ),
]
Changes = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--set", metavar="ANALYSIS.PARAMETER=VALUE",
        help="Change a parameter of the analysis plan, e.g. risk_score.effect=normal. May be "
        "repeated.",
    ),
]  # fmt: skip
Only = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--only", metavar="ANALYSIS", help="Run only this analysis. May be repeated."),
]
Label = Annotated[
    str, typer.Option("--label", help="A name for the run; it gives the run an id of its own.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]


def _job(
    study: str,
    inbox: Path | None = None,
    only: list[str] | None = None,
    changes: list[str] | None = None,
    label: str = "",
) -> Any:
    from datrial.pipeline.job import Job

    pairs = {}
    for change in changes or []:
        name, equals, value = change.partition("=")
        if not equals:
            raise UsageError(f"--set {name}: write ANALYSIS.PARAMETER=VALUE.")
        pairs[name.strip()] = value.strip()
    return Job(
        study=study, inbox=inbox, analyses=tuple(only) if only else None, changes=pairs, label=label
    )


@app.command()
def simulate(
    study: Study = "drive",
    seed: Annotated[int, typer.Option(help="Same seed, same files, byte for byte.")] = 1,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Where to write (default DATRIAL_HOME/inbox/STUDY)."),
    ] = None,
    scale: Annotated[int, typer.Option(min=1, help="Multiplies the number of people.")] = 1,
) -> None:
    """Write the extracts that the agencies would send, mess included, and the truth beside them."""
    from datrial.config.project import home
    from datrial.config.study import load_study
    from datrial.simulate import simulate as write_extracts
    from datrial.simulate import up_to_date, world_of

    settings = load_study(study)
    folder = (out or home() / "inbox" / study).absolute()
    if up_to_date(settings, folder, seed, scale):
        typer.echo(f"Simulated extracts of seed {seed} are there already: {_short(folder)}")
        return
    other = world_of(folder) not in (None, (seed, scale))
    if out is None and other and (home() / "ledger.sqlite").is_file():
        raise UsageError(
            f"{_short(folder)} holds another simulated trial, and its allocations stand in the "
            "ledger for good. Give this one a state of its own: "
            f"DATRIAL_HOME={_short(home() / f'seed-{seed}')} datrial simulate --seed {seed}"
        )
    summary = write_extracts(settings, folder, seed=seed, scale=scale, progress=typer.echo)
    typer.echo(f"{sum(summary.rows.values())} rows in {len(summary.rows)} files: {_short(folder)}")


@app.command()
def run(
    study: Study = "drive",
    inbox: Inbox = None,
    changes: Changes = None,
    label: Label = "",
    as_json: AsJson = False,
) -> None:
    """Run the whole road: extracts, checks, allocation, cohort, analyses, results, report.

    With nothing new it does no work and says so.
    """
    from datrial.pipeline import stops
    from datrial.pipeline.supervise import supervise
    from datrial.pipeline.sweep import tidy

    job = _job(study, inbox, None, changes, label)
    tidy()
    decision = stops.decide(job)
    if decision.up_to_date:
        if not as_json:
            typer.echo(
                "Nothing changed: the extracts, the study, the code and the ledger are as before."
            )
        _show_run(decision.run_id, as_json, changed=False)
        return
    published = supervise(job, quiet=as_json)
    _show_run(published.run_id, as_json, changed=True)
    if published.failed:
        raise DatrialError(
            f"The run is finished in part: {', '.join(published.failed)} failed. The report shows "
            f"the gap; `datrial status --study {study}` names the log."
        )


@app.command()
def analyse(
    study: Study = "drive",
    snapshot: Annotated[str, typer.Option(help="Snapshot id (default: the current one).")] = "",
    only: Only = None,
    changes: Changes = None,
    label: Label = "",
    as_json: AsJson = False,
) -> None:
    """Run analyses again on a snapshot, with changed parameters if wanted.

    Needs no lock: any number of these may run while a nightly run builds the next snapshot.
    """
    from datrial.pipeline import stops
    from datrial.pipeline.attempt import open_attempt

    job = _job(study, None, only, changes, label)
    resolved = job.resolved_study()
    chosen = stops.snapshot_for(job, snapshot)
    analysed = []
    with open_attempt("analyse", job) as attempt:
        attempt.plan([*resolved.analyses, "publish"])
        for name in resolved.analyses:
            attempt.started(name)
            outcome = stops.analyse(job, chosen, name)
            said = f"{outcome.state}{' - ' + outcome.reason if outcome.reason else ''}"
            attempt.finished(name, said, failed=outcome.state == "failed")
            analysed.append(outcome)
            if not as_json:
                typer.echo(f"{name}: {said}")
        published = stops.publish(job, chosen, analysed)
        attempt.change(run_id=published.run_id)
        _show_run(published.run_id, as_json, changed=True)
        if published.failed:
            raise DatrialError(
                f"The run is finished in part: {', '.join(published.failed)} failed. The report "
                "shows the gap."
            )


@app.command()
def allocate(study: Study = "drive", inbox: Inbox = None, as_json: AsJson = False) -> None:
    """Bring the allocation ledger up to date from the referrals.

    By the study's own scheme, or from the list of whoever randomised, as the study file says.
    Nobody is allocated twice.
    """
    from datrial.pipeline import stops
    from datrial.pipeline.attempt import open_attempt

    job = _job(study, inbox)
    with open_attempt("allocate", job):
        allocated = stops.allocate(job)
    if as_json:
        typer.echo(allocated.model_dump_json())
        return
    arms = ", ".join(f"{count} {arm}" for arm, count in allocated.arms.items()) or "nobody"
    typer.echo(f"In the ledger: {arms}; {allocated.new} new.")
    for reason, count in allocated.excluded.items():
        typer.echo(f"Not allocated, {reason.replace('_', ' ')}: {count}")


@app.command()
def runs(as_json: AsJson = False) -> None:
    """List the runs that are stored."""
    from datrial.config.project import home
    from datrial.results.store import runs as stored

    listed = [dict(entry) for entry in stored(home())]
    if as_json:
        typer.echo(json.dumps(listed, default=str))
        return
    if not listed:
        typer.echo("No runs yet.")
    for entry in listed:
        label = f"  {entry['label']}" if entry.get("label") else ""
        typer.echo(
            f"{entry['run_id']}  {entry['study']}  snapshot {entry['snapshot_id']}  "
            f"{entry['state']}  {entry['finished'][:16]}{label}"
        )


@app.command()
def status(study: Study = "drive", as_json: AsJson = False) -> None:
    """Say what is current: the snapshot, the last attempts, and where their logs are."""
    from datrial.config.project import home
    from datrial.config.study import load_study
    from datrial.pipeline.record import attempts
    from datrial.warehouse.snapshots import SnapshotStore

    load_study(study)
    current = SnapshotStore(home(), study).current()
    recent = [attempt for attempt in attempts() if attempt.study == study][-5:]
    if as_json:
        listed = [attempt.model_dump(mode="json") for attempt in recent]
        typer.echo(json.dumps({"study": study, "snapshot": current, "attempts": listed}))
        return
    typer.echo(f"Current snapshot: {current or 'none yet'}")
    for attempt in recent:
        reason = f" - {attempt.message}" if attempt.message else ""
        typer.echo(f"{attempt.started:%Y-%m-%d %H:%M}  {attempt.state}  {attempt.id}{reason}")
        typer.echo(f"    log: {_short(home() / 'logs' / (attempt.id + '.log'))}")


@app.command()
def checks(study: Study = "drive", as_json: AsJson = False) -> None:
    """Show every rule's verdict on the current snapshot: counts only."""
    from datrial.config.project import home
    from datrial.warehouse.snapshots import SnapshotStore

    connection = SnapshotStore(home(), study).open()
    try:
        rows = connection.execute(
            "select table_name, rule_id, severity, rows_looked_at, rows_failed, verdict "
            "from checks.result order by table_name, rule_id"
        ).fetchall()
    finally:
        connection.close()
    names = ("table", "rule", "severity", "rows_looked_at", "rows_failed", "verdict")
    if as_json:
        typer.echo(json.dumps([dict(zip(names, row, strict=True)) for row in rows]))
        return
    for table, rule, severity, looked, failed, verdict in rows:
        typer.echo(f"{verdict:<12} {table}.{rule} ({severity}): {failed} of {looked} rows failed")


@app.command()
def explain(
    analysis: Annotated[str, typer.Argument(help="Id of an analysis; none lists them.")] = "",
) -> None:
    """Say what an analysis asks, of whom, by which rules and model, and on what it rests."""
    from datrial.analyses.registry import ANALYSES

    if not analysis:
        for name, entry in ANALYSES.items():
            typer.echo(f"{name:<20} {entry.question}")
        return
    if analysis not in ANALYSES:
        raise UsageError(f"There is no analysis {analysis!r}. Analyses: {', '.join(ANALYSES)}.")
    entry = ANALYSES[analysis]
    parameters = entry.parameters.model_json_schema().get("properties", {})
    lines = [
        entry.title, "", f"Question:   {entry.question}", f"Population: {entry.population}",
        f"Rules:      {entry.rules}", f"Model:      {entry.model}",
        f"Answers:    {', '.join(entry.catalogue) or 'no published table'}", "Parameters:",
        *(f"  {name} (default {about.get('default')!r})" for name, about in parameters.items()),
        "References:", *(f"  {reference}" for reference in entry.references),
    ]  # fmt: skip
    typer.echo("\n".join(lines))


def _show_run(run_id: str, as_json: bool, *, changed: bool) -> None:
    """Print a run's id, its report, and the small table of Drive-DASH rate ratios."""
    from datrial.pipeline.headline import headline
    from datrial.pipeline.stops import report_path

    report = report_path(run_id)
    if as_json:
        typer.echo(json.dumps({"run_id": run_id, "report": str(report), "changed": changed}))
        return
    typer.echo(f"Run:    {run_id}\nReport: {_short(report)}")
    text = headline(run_id)
    if text:
        typer.echo(f"\n{text}")


def _short(path: Path) -> str:
    """Return a path relative to the working directory where it lies below it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def main() -> None:
    """Run the command line; a user's error is one clear message and its exit code."""
    try:
        app()
    except DatrialError as error:
        typer.echo(f"datrial: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
