"""Commands about the analysis plan: show it, lock it, amend it."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datrial.cli.options import AsJson, Study, group
from datrial.cli.output import print_columns, print_json, short
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.config.plan import Plan
    from datrial.config.study import Study as StudyFile

app = group("plan", "The analysis plan of a study: what was fixed, when, and whether it holds.")
# `datrial plan` alone shows the plan; it does not need a command.
app.info.no_args_is_help = False

Day = Annotated[
    str, typer.Option("--date", metavar="YYYY-MM-DD", help="The day of it (default: today).")
]
Write = Annotated[
    bool, typer.Option("--write", help="Write it into the study file; without, it is printed.")
]
OfStudy = Annotated[str, typer.Option("--study", help="Name of the study file.")]


@app.callback(invoke_without_command=True)
def plan(context: typer.Context, study: Study = "drive", as_json: AsJson = False) -> None:
    """Show the analysis plan: lock, amendments, analyses, primary outcomes, families.

    With a command: lock it, or record why it changed.
    """
    context.obj = study
    if context.invoked_subcommand is None:
        _show(study, as_json)


@app.command()
def lock(
    context: typer.Context, study: OfStudy = "", date: Day = "", write: Write = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Lock the plan as the study file states it: the lines that go into the study file.

    From then on a run refuses a study file that plans anything else.
    """
    from datrial.config.plan_lock import lock_plan
    from datrial.config.study import load_study

    settings = load_study(study or context.obj)
    _put(settings, lock_plan(settings, _day(date)), write, as_json)


@app.command()
def amend(
    context: typer.Context,
    reason: Annotated[str, typer.Option("--reason", help="Why the plan changed; reports show it.")],
    study: OfStudy = "", date: Day = "", write: Write = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Record that the plan changed, when and why; the lock and its date stay."""
    from datrial.config.plan_lock import amend_plan
    from datrial.config.study import load_study

    settings = load_study(study or context.obj)
    _put(settings, amend_plan(settings, reason, _day(date)), write, as_json)


def _day(given: str) -> dt.date:
    today = dt.datetime.now().astimezone().date()
    if not given:
        return today
    try:
        day = dt.date.fromisoformat(given)
    except ValueError:
        raise UsageError(f"--date {given}: write a day as YYYY-MM-DD.") from None
    if day > today:
        raise UsageError(f"--date {given}: that day is still to come.")
    return day


def _put(study: StudyFile, plan: Plan, write: bool, as_json: bool) -> None:
    """Print the plan section, or write it into the study file."""
    from datrial.config.plan_file import plan_yaml
    from datrial.config.project import project_root

    path = project_root() / "configs" / "studies" / f"{study.study}.yaml"
    if write:
        _write(study.study, plan)
    if as_json:
        print_json({
            "study": study.study, "file": str(path), "written": write,
            **plan.model_dump(mode="json"), "yaml": plan_yaml(plan),
        })  # fmt: skip
    elif write:
        what = "Amended" if plan.amendments else "Locked"
        typer.echo(f"{what} in {short(path)}, {plan.last_day}: {plan.in_force}")
        typer.echo("Commit the study file: version control shows when it was locked, and by whom.")
    else:
        where = "in the place of" if study.plan else "at the end of"
        of = "its `plan` section" if study.plan else "the file"
        typer.echo(f"# These lines go into {short(path)}, {where} {of} (--write does it):")
        typer.echo(plan_yaml(plan).rstrip())


def _write(name: str, plan: Plan) -> None:
    """Change the plan section of a study file: the whole new file, or the old one."""
    from datrial.config.plan_file import with_plan
    from datrial.config.project import project_root
    from datrial.results.files import sync_folder, write_synced

    path = (project_root() / "configs" / "studies" / f"{name}.yaml").resolve()
    before = path.read_bytes()
    changed = with_plan(before.decode("utf-8"), plan).encode()
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")  # never taken for a study
    try:
        write_synced(unfinished, changed)
        unfinished.chmod(path.stat().st_mode & 0o777)
        if path.read_bytes() != before:
            raise UsageError(f"{path.name} was changed meanwhile; nothing was written. Try again.")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(path.parent)


def _show(name: str, as_json: bool) -> None:
    from datrial.config.plan_lock import exploratory_exist, plan_changes, plan_hash, plan_state
    from datrial.config.study import load_study

    study = load_study(name)
    exploratory_exist(study)
    state = plan_state(study)
    changes = plan_changes(study) if state == "changed" else None
    exploratory = study.plan.exploratory if study.plan else ()
    planned = {key: value for key, value in study.analyses.items() if key not in exploratory}
    if as_json:
        families = study.model_dump(mode="json", include={"outcome_families"})
        print_json({
            "study": name, "state": state, "hash_now": plan_hash(study),
            **(study.plan.model_dump(mode="json") if study.plan else {"locked": None}),
            "changes": vars(changes) if changes else {}, "planned": planned,
            "primary_outcomes": study.primary_outcomes, **families,
            "exploratory": list(exploratory),
        })  # fmt: skip
        return
    typer.echo(f"Analysis plan of {name}: {study.title}\n")
    for line in _lock_lines(study):
        typer.echo(line)
    said = {
        "not locked": f"no analysis plan was locked (`datrial plan lock --study {name} --write`)",
        "holds": "holds: the study file is the plan that was locked",
        "changed": f"CHANGED since, {changes.in_words if changes else ''}; runs are refused "
        f"(`datrial plan amend --study {name} --reason TEXT --write`)",
    }  # fmt: skip
    typer.echo(f"State:      {said[state]}")
    typer.echo(f"Hash now:   {plan_hash(study)}")
    typer.echo(f"Primary:    {', '.join(study.primary_outcomes) or 'none'}\n")
    typer.echo(f"Planned analyses ({len(planned)}), with their parameters as written:")
    print_columns(("analysis", "parameters"), [(k, _words(v)) for k, v in planned.items()])
    _show_families(study)
    typer.echo(f"\nRun, but not planned (exploratory): {', '.join(exploratory) or 'none'}")
    typer.echo(
        "Also fixed: design, arms, allocation and seed; eligibility; sites; periods and windows; "
        "definitions; scoring; linkage. What is not written out follows the code's version."
    )


def _lock_lines(study: StudyFile) -> list[str]:
    plan = study.plan
    if plan is None or plan.locked is None:
        return ["Locked:     no"]
    lines = [f"Locked:     {plan.locked}  {plan.hash}"]
    for amendment in plan.amendments:
        lines.append(f"Amended:    {amendment.date}  {amendment.hash}")
        lines.append(f"            {amendment.reason} ({', '.join(amendment.changed)})")
    return lines


def _show_families(study: StudyFile) -> None:
    if not study.outcome_families:
        typer.echo("\nOutcome families: none")
        return
    typer.echo(f"\nOutcome families ({len(study.outcome_families)}), adjusted together:")
    rows = [
        (key, family.adjust.replace("_", " "), ", ".join(tests.table for tests in family.tests))
        for key, family in study.outcome_families.items()
    ]
    print_columns(("family", "method", "tests of"), rows)


def _words(parameters: dict[str, Any]) -> str:
    return "; ".join(f"{name} = {value}" for name, value in parameters.items()) or "as they stand"
