"""Numbers as they are printed (``0.05``, ``75%``, ``£1,950``) and what they were rounded from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_PRINTED = re.compile(r"(?P<sign>[-−]?)£?(?P<digits>\d[\d,]*(?:\.(?P<places>\d+))?)(?P<percent>%?)")


@dataclass(frozen=True)
class Printed:
    """A printed number.

    Attributes
    ----------
    value
        A percentage as a share: 75% is .75.
    step
        What it was rounded to; so the number itself lies within half a step.
    text
        As it is printed.
    """

    value: float
    step: float
    text: str

    @property
    def low(self) -> float:
        """The least that it can have been rounded from."""
        return self.value - self.step / 2

    @property
    def high(self) -> float:
        """The most that it can have been rounded from."""
        return self.value + self.step / 2


def read_printed(text: str, step: float | None = None) -> Printed:
    """Read a printed number.

    Parameters
    ----------
    step
        What it was rounded to, where its last digit does not tell: £1,950 may be
        rounded to tens.

    Raises
    ------
    ValueError
        If it is no number.
    """
    match = _PRINTED.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"no number: {text!r}")
    scale = 0.01 if match["percent"] else 1.0
    places = len(match["places"] or "")
    # In tenths, not in halves: 80.6% is .806 and not .8059999999999999.
    number = Decimal(match["digits"].replace(",", "")) * (-1 if match["sign"] else 1)
    value = float(number / 100 if match["percent"] else number)
    return Printed(value, scale * 10.0**-places if step is None else step, text.strip())
