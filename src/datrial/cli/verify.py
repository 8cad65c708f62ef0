"""The command that verifies the numbers on the user's machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from datrial.cli.options import AsJson
from datrial.cli.output import print_columns, print_json, short
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.verification.certificate import Certificate
    from datrial.verification.running import Outcome


def verify(
    only: Annotated[
        Optional[list[str]],  # noqa: UP045 (typer reads this at run time)
        typer.Option(
            "--only",
            metavar="PATTERN",
            help="Run only certificates whose id or function holds this, e.g. fit_cox or "
            "survival.*; no page is written. May be repeated.",
        ),
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="List the certificates.")] = False,
    signed_by: Annotated[
        str, typer.Option("--signed-by", metavar="NAME", help="Whose name stands on the page.")
    ] = "",
    check: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--check", metavar="FILE", help="Check that a page was not changed since."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify the numbers on this machine: published examples, second engines, hand counts.

    Writes DATRIAL_HOME/verification/CODE_VERSION/index.html, which reports link. Exit code 0
    if every certificate agrees, 1 if not, 3 if a page that is checked was changed.
    """
    if check is not None and (only or listing or signed_by):
        raise UsageError("--check stands alone or with --json.")
    if signed_by and only:
        raise UsageError("--signed-by belongs on the page of all certificates: leave out --only.")
    if check is not None:
        _check(check, as_json)
        return
    from datrial.verification.registry import chosen

    certificates = chosen(only or ())
    if listing:
        _list(certificates, as_json)
        return
    _run(certificates, bool(only), signed_by, as_json)


def _run(
    certificates: tuple[Certificate, ...], in_part: bool, signed_by: str, as_json: bool
) -> None:
    from datrial.config.project import home
    from datrial.verification.page import write_verification
    from datrial.verification.record import record_of
    from datrial.verification.running import run_certificates

    width, done = max(len(each.id) for each in certificates), 0

    def told(outcome: Outcome) -> None:
        nonlocal done
        done += 1
        said = "agrees" if outcome.agrees else "FAILS"
        count = f"{done:>{len(str(len(certificates)))}}/{len(certificates)}"
        line = f"{count}  {outcome.certificate.id:<{width}}  {said:<6}  {outcome.seconds:5.1f} s"
        typer.echo(f"{line}  {outcome.certificate.title}", err=as_json)
        for reason in _reasons(outcome):
            typer.echo(f"        {reason}", err=as_json)

    outcomes = run_certificates(certificates, told)
    record = record_of(outcomes, signed_by)
    page = None if in_part else write_verification(home(), record)
    if as_json:
        print_json({**record, "page": short(page) if page else None})
    else:
        typer.echo("")
        typer.echo(
            f"{record['agree']} of {len(outcomes)} certificates agree "
            f"({record['comparisons']:,} numbers, {record['seconds']:.0f} seconds)."
        )
        typer.echo(f"Page: {short(page)}" if page else "Run in part: no page was written.")
    if record["agree"] < len(outcomes):
        raise typer.Exit(1)


def _reasons(outcome: Outcome) -> list[str]:
    """Say what does not agree, at most five numbers of it."""
    from datrial.verification.views import number, small

    if outcome.agrees:
        return []
    off = [each for each in outcome.comparisons if not each.agrees]
    lines = [
        f"{each.name}: expected {number(each.expected)}, computed {number(each.computed)}"
        f" (tolerance {small(each.tolerance)})"
        for each in off[:5]
    ]
    if len(off) > 5:
        lines.append(f"and {len(off) - 5} more")
    return [*lines, *([f"could not run to its end: {outcome.fault}"] if outcome.fault else [])]


def _list(certificates: tuple[Certificate, ...], as_json: bool) -> None:
    heads = ("certificate", "kind", "verifies", "title")
    rows: list[tuple[Any, ...]] = [
        (each.id, each.kind.value, ", ".join(each.verifies), each.title) for each in certificates
    ]
    if as_json:
        print_json([dict(zip(heads, row, strict=True)) for row in rows])
        return
    print_columns(heads, rows)


def _check(path: Path, as_json: bool) -> None:
    from dataclasses import asdict

    from datrial.verification.page import check_page

    found = check_page(path)
    if as_json:
        print_json(asdict(found))
        return
    typer.echo(f"{path.name} is as it was written: its hash is the one it shows.")
    typer.echo(f"Code version {found.code_version}, verified {found.verified_at}.")
    typer.echo(f"Signed off by {found.signed_by}." if found.signed_by else "Nobody signed it off.")
    if found.certificates is None:
        typer.echo("certificates.json is not beside it: its numbers were not checked again.")
    else:
        typer.echo(f"{found.agree} of {found.certificates} certificates agree.")
