"""Printed numbers beside what their printed inputs give, and whether rounding explains the rest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from datrial.economics.entries import PrintedEntry
from datrial.economics.model import CostModel
from datrial.economics.printed import read_printed
from datrial.economics.values import RANGES, VALUES


class Verdict(StrEnum):
    """How a printed number stands to what is worked out."""

    EQUAL = "equal"
    ROUNDING = "rounding"
    DIFFERENT = "different"


@dataclass(frozen=True)
class Audited:
    """One printed number.

    Attributes
    ----------
    recomputed
        From the printed inputs as they stand, in the unit of the printed number.
    low, high
        What can come out, given what each input can have been rounded from.
    verdict
        ``equal`` if it is the printed number, rounded as that is; ``rounding`` if some
        inputs that are printed so lead to it; ``different`` if none do.
    """

    of: str
    source: str
    text: str
    printed: float
    recomputed: float
    low: float
    high: float
    verdict: Verdict
    why: str

    @property
    def difference(self) -> float:
        """Recomputed less printed."""
        return self.recomputed - self.printed


def audit(model: CostModel) -> list[Audited]:
    """Set every printed number of a model beside what it works out."""
    values, ranges = model.evaluate(), model.ranges()
    return [_audited(model, entry, values, ranges) for entry in model.file.printed]


def _audited(model: CostModel, entry: PrintedEntry, values: dict, ranges: dict) -> Audited:  # type: ignore[type-arg]
    printed = read_printed(entry.printed.text, entry.rounded_to)
    recomputed = float(model.value_of(entry.of, values, VALUES).array[0, 0]) / entry.times
    span = model.value_of(entry.of, ranges, RANGES)
    low, high = (float(end.array[0, 0]) / entry.times for end in (span.low, span.high))
    slack = 1e-9 * max(1.0, abs(recomputed))
    if printed.low - slack <= recomputed <= printed.high + slack:
        verdict = Verdict.EQUAL
    elif low <= printed.high + slack and high >= printed.low - slack:
        verdict = Verdict.ROUNDING
    else:
        verdict = Verdict.DIFFERENT
    return Audited(
        entry.of.text, entry.source, entry.printed.text, printed.value, recomputed, low, high,
        verdict, entry.why,
    )  # fmt: skip
