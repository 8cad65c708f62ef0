"""``datrial release``: make what of a run may leave the house, and list what has left it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from datrial.cli.options import AsJson
from datrial.cli.output import print_json, short
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.pipeline.releasing import Released
    from datrial.results.releases import Release


def release(
    name: Annotated[
        str,
        typer.Argument(
            metavar="[RUN]", help="A run's id, a start of it, its label, `latest` or `previous`."
        ),
    ] = "",
    note: Annotated[
        str, typer.Option(help="For the record, which stays in the house: to whom, why.")
    ] = "",
    out: Annotated[
        Optional[Path],  # noqa: UP045 (typer reads this at run time)
        typer.Option(metavar="FOLDER", help="Copy the release's folder into this one as well."),
    ] = None,
    in_part: Annotated[
        bool, typer.Option("--in-part", help="Release it though some of its analyses failed.")
    ] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="List the releases; with --out copy that of RUN.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make what of a stored run may leave the house: report, workbooks, tables.

    The run is repeated in a scratch place and protected by the study's disclosure profile, and
    against everything released before for the same study: counts that differ from released
    ones by a small count are hidden, and so is what would give back a number hidden then.
    The release lies in DATRIAL_HOME/releases/STUDY; who made it stands in the record only.
    """
    from datrial.config.project import home
    from datrial.results.naming import find_run
    from datrial.results.releases import copy_release, releases

    if listed:
        found = releases(home())
        if name:
            run = find_run(home(), name)
            found = [one for one in found if one.run_id == run]
            if not found:
                raise UsageError(f"Run {run} was not released. `datrial release {run}` does it.")
        if out is not None:
            if not name:
                raise UsageError("--list --out: name the run of the release to copy.")
            typer.echo(
                f"Copied: {short(copy_release(home(), found[-1], out.absolute()))}", err=True
            )
        _show(found, as_json)
        return
    if not name:
        raise UsageError("Name a run: `datrial release latest`. --list lists the releases.")
    made = _make(find_run(home(), name), note, in_part, as_json)
    copy = copy_release(home(), made.release, out.absolute()) if out is not None else None
    if as_json:
        print_json(_plain(made.release) | _counts(made) | {"copy": str(copy) if copy else None})
        return
    against = ", ".join(str(one.number) for one in made.against)
    beside = f"; {made.besides:,} of them for the sake of what was stored or released before"
    typer.echo(
        f"\nRelease {made.release.number} of {made.release.study}: {short(made.folder)}\n"
        f"Held against: {f'release {against}' if against else 'no earlier release'}\n"
        f"Hidden: {made.hidden:,} numbers{beside if made.besides else ''}"
    )
    if made.not_protected:
        typer.echo(
            f"{made.not_protected:,} hidden numbers can be worked out from what was stored or "
            "released before, whatever is hidden now."
        )
    if copy:
        typer.echo(f"Copied: {short(copy)}")


def _make(run: str, note: str, in_part: bool, as_json: bool) -> Released:
    from datrial.cli.stored_runs import operator
    from datrial.config.project import home
    from datrial.pipeline.attempt import open_attempt
    from datrial.pipeline.job import Job
    from datrial.pipeline.releasing import release as make
    from datrial.results.folder import read_manifest

    study = read_manifest(home() / "results" / run).study
    tell = None if as_json else typer.echo
    with open_attempt("analyse", Job(study=study, label=f"release of {run}")) as attempt:
        made = make(run, who=operator(), note=note, in_part=in_part, tell=tell)
        attempt.change(run_id=run)
    return made


def _show(found: list[Release], as_json: bool) -> None:
    if as_json:
        print_json([_plain(one) for one in found])
        return
    if not found:
        typer.echo("Nothing was released yet.")
    for one in found:
        words = [f"{one.study} {one.number}", one.run_id, f"{one.when:%Y-%m-%d %H:%M}", one.who]
        typer.echo("  ".join([*words, *([one.note] if one.note else [])]))


def _plain(one: Release) -> dict[str, Any]:
    from datrial.config.project import home

    return one.model_dump(mode="json") | {"folder": str(one.folder(home()))}


def _counts(made: Released) -> dict[str, Any]:
    return {
        "against": [one.number for one in made.against],
        "hidden": made.hidden,
        "hidden_besides": made.besides,
        "not_protected": made.not_protected,
    }
