"""Commands that draw: replays of a scheme, and the list of people for the police."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from datrial.cli.allocation_entries import Operator
from datrial.cli.allocation_ledger import open_ledger, operator_name
from datrial.cli.options import AsJson, Study
from datrial.cli.output import print_columns, print_json, short
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.allocation.replays.people import ToAllocate
    from datrial.config.study import Study as StudyFile

Out = Annotated[
    Optional[Path],  # noqa: UP045 (typer reads this at run time)
    typer.Option("--out", help="Write the picture (SVG) to this file."),
]


def simulate(
    study: Study = "drive",
    scheme: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="SETTINGS",
            help="Other allocation settings than the study file's, e.g. '{method: permuted_blocks, "
            "block_sizes: [4, 6], stratify_by: [site]}'.",
        ),
    ] = "",
    people: Annotated[
        int,
        typer.Option(
            "--people",
            min=0,
            help="Invent so many people; without it, those heard in the current snapshot.",
        ),
    ] = 0,
    replays: Annotated[int, typer.Option("--replays", min=2, help="How often to draw.")] = 10_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same answer.")] = 1,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Draw thousands of times: imbalance, predictability and group sizes. Nobody is allocated."""
    from datrial.allocation.replays import drawn_people
    from datrial.allocation.replays import simulate as replay
    from datrial.allocation.settings import IMPORTED
    from datrial.config.study import load_study
    from datrial.extracts.files import write_into_place

    settings = _with_settings(load_study(study), scheme)
    if settings.randomisation.method == IMPORTED:
        raise UsageError(
            f"Study {study} imports the list of whoever randomised: there is no scheme to draw by. "
            "Say which to try, e.g. --as '{method: capacity_lottery}'."
        )
    to_draw = drawn_people(settings, people, seed) if people else _heard(settings)
    found = replay(settings, to_draw, replays=replays, seed=seed)
    if out:
        from datrial.report.allocation_replays import draw_picture

        write_into_place(draw_picture(found), out.absolute())
    rows = [(what, statistic, round(number, 4)) for what, statistic, number in found.rows()]
    if as_json:
        heads = ("what", "statistic", "value")
        print_json(
            {
                "study": found.study,
                "scheme": found.scheme,
                "people": found.people,
                "replays": found.replays,
                "rows": [dict(zip(heads, row, strict=True)) for row in rows],
            }
        )
        return
    typer.echo(f"{found.scheme}: {found.people:,} people, {found.replays:,} replays.")
    print_columns(("of", "statistic", "value"), [(w, s, f"{n:,.4g}") for w, s, n in rows])
    if out:
        typer.echo(f"Picture: {short(out.absolute())}")


def request_police(
    study: Study = "drive",
    step: Annotated[
        str, typer.Option("--step", help="The name of the request; another draws others.")
    ] = "1",
    controls: Annotated[
        float, typer.Option("--controls", help="Controls for each intervention person of a site.")
    ] = 1.0,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", help="Write the person ids to this file, one a line, without arms."),
    ] = None,
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Draw whose police records are asked for: the intervention and a random part of the controls.

    The list is entered in the ledger; the same request again gives the same list.
    """
    from datrial.allocation.blinding import is_coded
    from datrial.allocation.commitment import revealed_seed
    from datrial.allocation.police_request import request_police as request
    from datrial.allocation.seed_files import find_seed
    from datrial.extracts.files import write_into_place

    with open_ledger(study) as (ledger, settings):
        coded = is_coded(ledger, settings)
        seed = revealed_seed(ledger, settings) or find_seed(settings)
        drawn, record = request(
            ledger, settings, seed, operator_name(operator), step=step, controls_per_person=controls
        )
    if out:
        write_into_place("".join(f"{each}\n" for each in ("person_id", *drawn.persons)), out)
    # In a blinded study the arms' sizes would tell the codes apart.
    heads = ("site", "asked for") if coded else ("site", "intervention", "controls", "of controls")
    rows = [
        (each.site, each.intervention + each.controls)
        if coded
        else (each.site, each.intervention, each.controls, each.of_controls)
        for each in drawn.sites
    ]
    if as_json:
        sites = [dict(zip((h.replace(" ", "_") for h in heads), row, strict=True)) for row in rows]
        print_json({"entry": record.sequence, "sites": sites, "persons": list(drawn.persons)})
        return
    print_columns(heads, rows)
    typer.echo(f"{len(drawn.persons):,} people (entry {record.sequence}).")
    if out:
        typer.echo(f"Person ids: {short(out.absolute())}")


def _with_settings(study: StudyFile, text: str) -> StudyFile:
    """Return the study with the allocation settings that an option gives, eligibility kept."""
    import yaml

    from datrial.config.load import parse
    from datrial.config.study import Study as Whole

    if not text:
        return study
    try:
        given: Any = yaml.safe_load(text)
    except yaml.YAMLError:
        given = None
    if not isinstance(given, dict):
        raise UsageError("--as: write settings as in a study file, e.g. '{method: simple}'.")
    content = study.model_dump(mode="json")
    content["allocation"] = {"eligibility": content["allocation"]["eligibility"], **given}
    return parse(Whole, content, "--as")


def _heard(study: StudyFile) -> ToAllocate:
    """Return those whom the study's rule makes candidates in the current snapshot."""
    from datrial.allocation.factors import referral_columns
    from datrial.allocation.replays import people_heard
    from datrial.config.project import home
    from datrial.pipeline.loading import staged_rows
    from datrial.warehouse.snapshots import SnapshotStore

    store = SnapshotStore(home(), study.study)
    if store.current() is None:
        raise UsageError(
            f"Study {study.study} has no snapshot, so nobody was heard: invent people with "
            "--people 500."
        )
    columns = referral_columns(study)
    with store.open() as connection:
        names = ("perpetrator_id", "site", "hearing_date", "perpetrator_age", *columns)
        rows = staged_rows(connection, "marac_case", ", ".join(names))
        places = staged_rows(connection, "meeting_capacity", "site, meeting_date, places")
    hearings = [(*row[:4], dict(zip(columns, row[4:], strict=True))) for row in rows]
    return people_heard(hearings, places, study)
