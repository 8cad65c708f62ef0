"""The command line. Heavy imports stand inside the commands, so that help is quick."""

from __future__ import annotations

import sys

import typer

from datrial.cli import allocation, extracts, linkage, looking, runs, stored_runs
from datrial.cli.catalogue import catalogue
from datrial.cli.cost import cost
from datrial.cli.differences import diff
from datrial.cli.notify import notify
from datrial.cli.options import group
from datrial.cli.output import outlive_readers
from datrial.cli.plan import app as plan_app
from datrial.cli.release import release
from datrial.cli.rerun import rerun
from datrial.cli.results import app as results_app
from datrial.cli.retention import retention
from datrial.cli.status import status
from datrial.cli.verify import verify
from datrial.errors import DatrialError

__all__ = ["app", "main"]

app = group(
    "datrial",
    "Evaluate interventions with people who use domestic abuse: from agency extracts to "
    "published tables, reproducibly.\n\nState lies in DATRIAL_HOME (default ./data). Exit codes: "
    "0 done, 1 a fault of ours, 2 wrong use, 3 data failed a critical check, 4 another run holds "
    "the lock.",
)
for _command in (
    runs.simulate, runs.run, runs.analyse, runs.allocate, status,
    looking.checks, looking.explain, rerun, release, diff, catalogue, cost, retention, verify,
    notify,
):  # fmt: skip
    app.command()(_command)
app.add_typer(allocation.app)
app.add_typer(extracts.app)
app.add_typer(linkage.app)
app.add_typer(stored_runs.app)
app.add_typer(results_app)
app.add_typer(plan_app)


def main() -> None:
    """Run the command line; a user's error is one clear message and its exit code.

    Of a fault of ours the places in the code are shown, and never its message:
    a library's message may quote a row.
    """
    outlive_readers()
    try:
        app()
    except DatrialError as error:
        typer.echo(f"datrial: {error}", err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        from datrial.pipeline.disk import disk_sentence
        from datrial.pipeline.failure import failure_of

        told = disk_sentence(error)
        if told:
            typer.echo(f"datrial: {told}", err=True)
            sys.exit(1)
        failure = failure_of(error, " ".join(["datrial", *sys.argv[1:2]]))
        typer.echo(
            f"datrial: stopped by a fault in datrial ({failure.error}). Send the lines above to "
            "its maintainers; they quote no data.",
            err=True,
        )
        sys.exit(failure.exit_code)
