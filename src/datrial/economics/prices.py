"""Prices of one year in those of another, by a table of an index."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from datrial.economics.positions import read_placed
from datrial.economics.printed import read_printed
from datrial.errors import UsageError


def _number(given: object) -> object:
    return read_printed(given).value if isinstance(given, str) else given


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
    values: dict[str, Annotated[float, BeforeValidator(_number), Field(gt=0)]]

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
    try:
        placed = read_placed(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{name} cannot be read.") from error
    try:
        return PriceIndex.model_validate(placed.content)
    except ValidationError as error:
        faults = [
            f"{name}:{placed.line(tuple(each['loc']))}: "
            f"{'.'.join(str(part) for part in each['loc'])}: "
            f"{each['msg'].removeprefix('Value error, ')}"
            for each in error.errors(include_url=False, include_input=False)
        ]
        raise UsageError("\n".join(faults)) from None
