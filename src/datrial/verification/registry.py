"""All certificates, in the order of the page."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from datrial.errors import UsageError
from datrial.verification.certificate import Certificate, Chapter
from datrial.verification.certificates import (
    allocation,
    binary,
    classes,
    classification,
    counts,
    data_road,
    definitions,
    economics,
    missing,
    ordered,
    paired,
    randomisation,
    small_changes,
    small_series,
    small_shares,
    survival,
    tables,
    three_steps,
    two_arms,
)

#: The chapters of the page.
CHAPTERS: tuple[Chapter, ...] = (
    binary.CHAPTER,
    ordered.CHAPTER,
    counts.CHAPTER,
    survival.CHAPTER,
    classes.CHAPTER,
    classification.CHAPTER,
    three_steps.CHAPTER,
    two_arms.CHAPTER,
    paired.CHAPTER,
    small_shares.CHAPTER,
    small_changes.CHAPTER,
    small_series.CHAPTER,
    tables.CHAPTER,
    randomisation.CHAPTER,
    missing.CHAPTER,
    allocation.CHAPTER,
    definitions.CHAPTER,
    data_road.CHAPTER,
    economics.CHAPTER,
)

#: Public names of `datrial.models` that no certificate covers, and why.
NOT_COVERED = {
    "ModelDataError": "An error; it computes nothing.",
    "ModelUsageError": "An error; it computes nothing.",
}


def certificates() -> tuple[Certificate, ...]:
    """Return every certificate, chapter by chapter."""
    return tuple(each for chapter in CHAPTERS for each in chapter.certificates)


def chosen(patterns: Sequence[str]) -> tuple[Certificate, ...]:
    """Return the certificates that one of the patterns names; all of them if there is none.

    A pattern is a part of an id or of the name of a function; with ``*`` or ``?`` it
    must fit the whole.

    Raises
    ------
    UsageError
        If a pattern names none.
    """
    everyone = certificates()
    if not patterns:
        return everyone
    fitting = {pattern: [c for c in everyone if _fits(c, pattern)] for pattern in patterns}
    if nothing := [pattern for pattern, found in fitting.items() if not found]:
        raise UsageError(
            f"No certificate is named {nothing[0]!r}. `datrial verify --list` shows them all."
        )
    wanted = {each.id for found in fitting.values() for each in found}
    return tuple(each for each in everyone if each.id in wanted)


def _fits(certificate: Certificate, pattern: str) -> bool:
    names = (certificate.id, *certificate.verifies)
    if any(mark in pattern for mark in "*?["):
        return any(fnmatchcase(name, pattern) for name in names)
    return any(pattern in name for name in names)
