"""Options that several commands share, and the job that they describe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.pipeline.job import Job

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
Fresh = Annotated[
    bool,
    typer.Option(
        "--fresh",
        help="Run every analysis again, also those of which nothing that they rest on has changed.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]


def group(name: str, about: str) -> typer.Typer:
    """Return an empty group of commands."""
    return typer.Typer(
        name=name,
        help=about,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


def job_of(
    study: str,
    inbox: Path | None = None,
    only: list[str] | None = None,
    changes: list[str] | None = None,
    label: str = "",
    fresh: bool = False,
) -> Job:
    """Return the job that a command's options describe.

    Raises
    ------
    UsageError
        If a changed parameter is not written as ``ANALYSIS.PARAMETER=VALUE``.
    """
    from datrial.pipeline.job import Job

    pairs = {}
    for change in changes or []:
        name, equals, value = change.partition("=")
        if not equals:
            raise UsageError(f"--set {name}: write ANALYSIS.PARAMETER=VALUE.")
        pairs[name.strip()] = value.strip()
    chosen = tuple(only) if only else None
    return Job(study=study, inbox=inbox, analyses=chosen, changes=pairs, label=label, fresh=fresh)
