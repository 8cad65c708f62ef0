"""Something that is held: what it is, since when, and what the rules say of it."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["run", "snapshot", "attempt", "extract", "inbox", "linkage", "ledger", "prefect"]
Holds = Literal["names of people", "pseudonyms", "counts"]


@dataclass(frozen=True)
class Held:
    """Something that is held.

    Attributes
    ----------
    since
        When it came to be here.
    size
        In bytes.
    holds
        The most telling thing inside.
    expired
        Whether it is held no longer than until the next deletion.
    why
        The rule by which it has expired, or why it is kept, or until when.
    paths
        What deleting it removes; the one that makes it known comes last.
    sha256
        The hash of an extract's content.
    rests_on
        The extracts that a snapshot was made from.
    """

    kind: Kind
    id: str
    since: dt.datetime
    size: int
    holds: Holds
    expired: bool
    why: str
    paths: tuple[Path, ...] = ()
    sha256: str | None = None
    rests_on: tuple[str, ...] = ()


def by_months(months: int | None, last: dt.date, today: dt.date, what: str) -> tuple[bool, str]:
    """Return whether something has expired, and the rule or the last day.

    Parameters
    ----------
    months
        For how long it is held; none means for ever.
    last
        The day from which that counts.
    """
    if months is None:
        return False, f"{what} are kept for ever"
    until = months_after(last, months)
    if until < today:
        return True, f"{what} are kept for {months} months"
    return False, f"kept until {until}"


def months_after(day: dt.date, months: int) -> dt.date:
    """Return the same day some months later, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(day.day, last))


def moment(text: str, path: Path) -> dt.datetime:
    """Return a recorded moment; without a readable one, when the file was written."""
    try:
        recorded = dt.datetime.fromisoformat(text)
    except ValueError:
        return written(path)
    return recorded if recorded.tzinfo else recorded.replace(tzinfo=dt.UTC)


def written(path: Path) -> dt.datetime:
    """Return when a file was last written, to the second."""
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).replace(microsecond=0)


def bytes_in(paths: Iterable[Path]) -> int:
    """Return the size of some files, and of all files in some folders."""
    return sum(
        file.stat().st_size
        for path in paths
        for file in (path.rglob("*") if path.is_dir() else [path])
        if file.is_file()
    )
