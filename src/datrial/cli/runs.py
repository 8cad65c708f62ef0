"""Commands that do the work: simulate, run, analyse, allocate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from datrial.cli.options import AsJson, Changes, Fresh, Inbox, Label, Only, Study, job_of
from datrial.cli.output import print_columns, print_json, short
from datrial.errors import DatrialError, UsageError


def simulate(
    study: Study = "drive",
    seed: Annotated[int, typer.Option(help="Same seed, same files, byte for byte.")] = 1,
    out: Annotated[
        Optional[Path],  # noqa: UP045 (typer reads this at run time)
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
        typer.echo(f"Simulated extracts of seed {seed} are there already: {short(folder)}")
        return
    other = world_of(folder) not in (None, (seed, scale))
    drawn = settings.allocation is not None and (home() / "ledger.sqlite").is_file()
    if out is None and other and drawn:
        raise UsageError(
            f"{short(folder)} holds another simulated trial, and its allocations stand in the "
            "ledger for good. Give this one a state of its own: "
            f"DATRIAL_HOME={short(home() / f'seed-{seed}')} datrial simulate --seed {seed}"
        )
    summary = write_extracts(settings, folder, seed=seed, scale=scale, progress=typer.echo)
    typer.echo(f"{sum(summary.rows.values())} rows in {len(summary.rows)} files: {short(folder)}")


def run(
    study: Study = "drive",
    inbox: Inbox = None,
    changes: Changes = None,
    label: Label = "",
    fresh: Fresh = False,
    wait: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", help="Wait so long for another run to end."),
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Run the whole road: extracts, checks, allocation, cohort, analyses, results, report.

    With nothing new it does no work and says so. Of the analyses only those are run again of
    which something has changed that they rest on.
    """
    from datrial.pipeline import stops
    from datrial.pipeline.planned import without_result
    from datrial.pipeline.supervise import supervise
    from datrial.pipeline.sweep import tidy

    job = job_of(study, inbox, None, changes, label, fresh=fresh)
    tidy()
    decision = stops.decide(job)
    if decision.up_to_date:
        if not as_json:
            typer.echo(
                "Nothing changed: the extracts, the study, the code and the ledger are as before."
            )
        _show_run(decision.run_id, as_json, changed=False)
        return
    published = supervise(job, quiet=as_json, patience=wait)
    _show_run(published.run_id, as_json, changed=True)
    if published.failed:
        gap = without_result(job.resolved_study(), published.failed)
        raise DatrialError(
            f"The run is finished in part, {gap}. "
            f"The report shows the gap; `datrial status --study {study}` names the log."
        )


def analyse(
    study: Study = "drive",
    snapshot: Annotated[str, typer.Option(help="Snapshot id (default: the current one).")] = "",
    only: Only = None,
    changes: Changes = None,
    label: Label = "",
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Run analyses again on a snapshot, with changed parameters if wanted.

    Needs no lock: any number of these may run while a nightly run builds the next snapshot.
    What a changed parameter does not reach is taken from an earlier run on the snapshot.
    """
    from datrial.pipeline import stops
    from datrial.pipeline.attempt import open_attempt
    from datrial.pipeline.planned import without_result

    job = job_of(study, None, only, changes, label, fresh=fresh)
    resolved = job.resolved_study()
    chosen = stops.snapshot_for(job, snapshot)
    analysed = []
    with open_attempt("analyse", job) as attempt:
        attempt.plan([*resolved.analyses, "publish"])
        for name in resolved.analyses:
            attempt.started(name)
            outcome = stops.analyse(job, chosen, name)
            attempt.finished(name, outcome.in_words, failed=outcome.state == "failed")
            analysed.append(outcome)
            if not as_json:
                typer.echo(f"{name}: {outcome.in_words}")
        published = stops.publish(job, chosen, analysed)
        attempt.change(run_id=published.run_id)
        _show_run(published.run_id, as_json, changed=True)
        if published.failed:
            raise DatrialError(
                f"The run is finished in part, {without_result(resolved, published.failed)}. The "
                "report shows the gap."
            )


def allocate(
    study: Study = "drive",
    inbox: Inbox = None,
    show_new: Annotated[
        bool,
        typer.Option(
            "--show-new", help="List the cases just allocated with their arms, on this screen only."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the allocation ledger up to date from the referrals.

    By the study's own scheme, or from the list of whoever randomised, as the study file says.
    Nobody is allocated twice.
    """
    from datrial.allocation.blinding import just_allocated
    from datrial.pipeline import stops
    from datrial.pipeline.attempt import open_attempt

    job = job_of(study, inbox)
    settings = job.resolved_study()
    new: list[tuple[Any, ...]] = []
    with open_attempt("allocate", job):
        allocated = stops.allocate(
            job, tell=lambda entries: new.extend(just_allocated(settings, entries))
        )
    heads = ("person", "site", "meeting", "arm")
    if as_json:
        cases = [dict(zip(heads, case, strict=True)) for case in new]
        print_json(allocated.model_dump(mode="json") | ({"cases": cases} if show_new else {}))
        return
    if not allocated.allocates:
        typer.echo(f"Study {study} is no randomised trial: nobody is allocated in it.")
        return
    typer.echo(f"In the ledger: {allocated.in_words}; {allocated.new} new.")
    if show_new and new:
        print_columns(heads, new)
    for reason, count in allocated.excluded.items():
        typer.echo(f"Not allocated, {reason.replace('_', ' ')}: {count}")
    if allocated.commitment:
        typer.echo(f"Commitment to the seed, to be published: {allocated.commitment}")
    if allocated.seed_is_public:
        typer.echo(
            "The seed stands in the study file: everyone can draw again, and could have foretold "
            "it. `allocation: concealed: true` conceals it."
        )


def _show_run(run_id: str, as_json: bool, *, changed: bool) -> None:
    """Print a run's id, its report, and the small table of Drive-DASH rate ratios."""
    from datrial.pipeline.headline import headline
    from datrial.pipeline.stops import report_path

    report = report_path(run_id)
    if as_json:
        print_json({"run_id": run_id, "report": str(report), "changed": changed})
        return
    typer.echo(f"Run:    {run_id}\nReport: {short(report)}")
    text = headline(run_id)
    if text:
        typer.echo(f"\n{text}")
