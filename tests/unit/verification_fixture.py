"""A verification in which one certificate agrees, one does not and one could not run."""

from __future__ import annotations

import datetime as dt
from typing import Any

from datrial.verification.certificate import Comparison
from datrial.verification.record import record_of
from datrial.verification.registry import certificates
from datrial.verification.running import Outcome

NOON = dt.datetime(2026, 3, 4, 12, 30, tzinfo=dt.UTC)


def outcomes(*, failing: bool = True) -> list[Outcome]:
    """Return outcomes of the first certificates, with numbers of our own."""
    first, second, third = certificates()[:3]
    numbers = (
        Comparison("a number", 1.5, 1.5000001, 1e-5),
        Comparison("a text <b>", "2017-01-15", "2017-01-15"),
        Comparison("without an end", float("inf"), float("inf")),
        Comparison("a count", 21, 21),
    )
    good = Outcome(first, numbers, "", 0.25)
    if not failing:
        return [good]
    off = Outcome(second, (*numbers, Comparison("off", 1.0, 2.0, 1e-5)), "", 0.5)
    return [good, off, Outcome(third, numbers[:1], "ModuleNotFoundError: No module", 0.1)]


def record(*, failing: bool = True, signed_by: str = "") -> dict[str, Any]:
    """Return them as they are stored."""
    return record_of(outcomes(failing=failing), signed_by, NOON)
