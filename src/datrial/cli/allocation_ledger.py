"""What the commands about the allocation ledger share: opening it, and who is asking."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study as StudyFile


@contextmanager
def open_ledger(
    name: str, *, read_only: bool = False, make: bool = False
) -> Iterator[tuple[Ledger, StudyFile]]:
    """Open the ledger beside a study file; only ``make`` makes a missing one."""
    from datrial.allocation.ledger import Ledger
    from datrial.config.project import home
    from datrial.config.study import load_study

    settings = load_study(name)
    _ = settings.randomisation  # a study that allocates nobody is told so
    path = home() / "ledger.sqlite"
    if not make and not path.is_file():
        raise UsageError(
            f"There is no allocation ledger. Run `datrial allocate --study {name}` first."
        )
    with Ledger(path, read_only=read_only) as ledger:
        yield ledger, settings


def code_key(ledger: Ledger, settings: StudyFile) -> str:
    """Return what keys the arms' codes; none is needed where they have none."""
    from datrial.allocation.blinding import is_coded
    from datrial.cli.options import job_of
    from datrial.people.keys import find_key
    from datrial.pipeline.inputs import resolve

    if not is_coded(ledger, settings):
        return ""
    return find_key(demonstration=resolve(job_of(settings.study)).is_simulated)


def one_of(kinds: Any, name: str, option: str) -> Any:
    """Return the member of an enumeration that an option names.

    Raises
    ------
    UsageError
        If there is none; the message lists them.
    """
    try:
        return kinds(name.replace("-", "_"))
    except ValueError:
        raise UsageError(f"{option}: choose one of {', '.join(kinds)}.") from None


def operator_name(given: str) -> str:
    """Return who records something: whom the option names, or the user.

    Raises
    ------
    UsageError
        If neither has a name.
    """
    if given.strip():
        return given.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise UsageError("The user has no name here: say who records it with --operator.") from None
