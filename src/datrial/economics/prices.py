"""Prices of one year in those of another, by a table of an index."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from datrial.economics.fields import Positive
from datrial.economics.reading import parsed, read_file, told
from datrial.errors import UsageError


class PriceIndex(BaseModel):
    """An index of prices; only the ratio of two years counts.

    Attributes
    ----------
    values
        Year (as the models write it: 2018 or 2017/18) -> index.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    source: str
    values: dict[str, Positive]

    def factor(self, from_year: str, to_year: str) -> float:
        """Return what a pound of one year is in prices of another.

        Raises
        ------
        UsageError
            If the table lacks one of the years; nothing is interpolated.
        """
        missing = [year for year in (from_year, to_year) if year not in self.values]
        if missing:
            raise UsageError(
                f"{self.title}: no index for {', '.join(missing)}; "
                f"the table has {', '.join(self.values)}."
            )
        return self.values[to_year] / self.values[from_year]


def read_prices(path: Path, shown_as: str = "") -> PriceIndex:
    """Read an index of prices.

    Raises
    ------
    UsageError
        If the file cannot be read, or with all that is wrong with it.
    """
    name = shown_as or path.name
    index, faults = parsed(PriceIndex, read_file(path, name))
    if index is None or faults:
        raise UsageError(told(name, faults))
    return index
