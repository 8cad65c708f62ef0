"""``datrial notify``: who is told of failed runs, and a trial message."""

from __future__ import annotations

from typing import Annotated

import typer

from datrial.cli.options import AsJson
from datrial.cli.output import print_json
from datrial.errors import DatrialError


def notify(
    test: Annotated[
        bool, typer.Option("--test", help="Send a trial message to every address now.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say who is told when a run fails; off unless DATRIAL_NOTIFY is set.

    DATRIAL_NOTIFY holds addresses with white space between them; DATRIAL_NOTIFY_FILE names a
    file (chmod 600) that holds them instead. A webhook is sent JSON: https://HOST/PATH. E-mail:
    mailto:NAME@HOST,NAME@HOST?smtp=HOST:PORT with, as needed, &from=NAME@HOST, &user=, &password=
    and &tls= starttls (the default), yes (from the first word, port 465) or no. A sign such as
    & in a password is written as in a web address (%26).
    """
    from datrial.pipeline.notify import try_out
    from datrial.pipeline.notify_setting import addresses

    told = try_out() if test else [(one, "") for one in addresses()]
    if as_json:
        listed = [
            {"address": str(one), "sent": test and not wrong, "error": wrong or None}
            for one, wrong in told
        ]
        print_json({"on": bool(told), "addresses": listed})
    elif not told:
        typer.echo("Nobody is told of failed runs: DATRIAL_NOTIFY is not set.")
    for one, wrong in [] if as_json else told:
        typer.echo(f"{one}: {f'NOT sent ({wrong})' if wrong else 'sent' if test else 'set'}")
    failed = sum(bool(wrong) for _, wrong in told)
    if failed:
        raise DatrialError(
            f"{failed} of {len(told)} addresses could not be told. Check host, port, tls= and "
            "the password."
        )
