"""What a cost model's file may say, entry by entry; unknown keys are errors."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from datrial.economics.expressions import Expression, FormulaError, read_expression
from datrial.economics.printed import Printed, read_printed


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def _printed(given: Any) -> Any:
    return read_printed(given) if isinstance(given, str) else given


def _formula(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    try:
        return read_expression(given)
    except FormulaError as error:
        raise ValueError(str(error)) from error


def _number(given: Any) -> Any:
    return read_printed(given).value if isinstance(given, str) else given


Number = Annotated[Printed, BeforeValidator(_printed)]
Formula = Annotated[Expression, BeforeValidator(_formula)]
Positive = Annotated[float, BeforeValidator(_number), Field(gt=0)]
Count = Annotated[int, BeforeValidator(_number), Field(gt=0)]
Text = Annotated[str, Field(min_length=1)]


class Spread(_Entry):
    """What is not known of a quantity, for the draws of the probabilistic analysis.

    Attributes
    ----------
    kind
        ``beta`` for a share of ``of`` people; ``gamma`` for a rate counted over ``of``
        people (or for a cost with a standard error ``se``); ``normal`` with ``se``;
        ``uniform`` between ``low`` and ``high``.
    """

    kind: Literal["beta", "gamma", "normal", "uniform"]
    of: Count | None = None
    se: Positive | None = None
    low: Number | None = None
    high: Number | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        given = {name for name in ("of", "se", "low", "high") if getattr(self, name) is not None}
        fit = {
            "beta": [{"of"}],
            "gamma": [{"of"}, {"se"}],
            "normal": [{"se"}],
            "uniform": [{"low", "high"}],
        }[self.kind]
        if given not in fit:
            wanted = " or ".join(" and ".join(sorted(names)) for names in fit)
            raise ValueError(f"{self.kind} takes {wanted}")
        if self.low is not None and self.high is not None and self.low.value >= self.high.value:
            raise ValueError("low is not below high")
        return self


class QuantityEntry(_Entry):
    """A number that goes in, or one for each entry of an index.

    Attributes
    ----------
    rounded_to, exact
        What the numbers were rounded to, where their digits do not tell; whether they
        were not rounded at all.
    """

    label: Text
    unit: Text
    source: Text
    value: Number | None = None
    index: Text | None = None
    values: dict[str, Number] | None = None
    rounded_to: Positive | None = None
    exact: bool = False
    spread: Spread | None = None
    note: str = ""

    @model_validator(mode="after")
    def _one_or_many(self) -> Self:
        if (self.value is None) == (self.values is None):
            raise ValueError("give value, or index and values")
        if (self.index is None) != (self.values is None):
            raise ValueError("index and values go together")
        return self

    def numbers(self) -> dict[str, Printed]:
        """Return entry -> number; the entry of a single number is empty."""
        given = {"": self.value} if self.value is not None else dict(self.values or {})
        found = {entry: number for entry, number in given.items() if number is not None}
        if self.exact or self.rounded_to is not None:
            step = 0.0 if self.exact or self.rounded_to is None else self.rounded_to
            return {key: Printed(n.value, step, n.text) for key, n in found.items()}
        return found


class FormulaEntry(_Entry):
    """A number that is worked out."""

    label: Text
    unit: Text
    formula: Formula
    note: str = ""


class Item(_Entry):
    """What is added up: a formula, who pays (agency), on whose account (who)."""

    formula: Text
    agency: Text
    who: Text


class Total(_Entry):
    """A sum of items: of some agencies, of some people, or of all."""

    label: Text
    agencies: tuple[str, ...] = ()
    who: tuple[str, ...] = ()


class PrintedEntry(_Entry):
    """A printed number beside what the model makes of its inputs.

    Attributes
    ----------
    of
        A quantity, formula or total; ``x[entry]`` of an index.
    times
        What the printed number counts: 1000000 for millions.
    why
        Where the printed number does not follow from its printed inputs: what was found.
    """

    of: Formula
    printed: Number
    source: Text
    times: Positive = 1.0
    rounded_to: Positive | None = None
    why: str = ""


class Scenario(_Entry):
    """The model with some quantities set otherwise."""

    label: Text
    set: dict[str, Number | dict[str, Number]]


class ModelFile(_Entry):
    """A cost model's file.

    Attributes
    ----------
    units, indexes, agencies, who
        Names with their words.
    per
        The unit of one case in which the items are counted.
    """

    title: Text
    price_year: Text
    per: Text
    units: dict[str, Text]
    indexes: dict[str, dict[str, Text]] = {}
    agencies: dict[str, Text] = {}
    who: dict[str, Text] = {}
    quantities: dict[str, QuantityEntry]
    formulas: dict[str, FormulaEntry] = {}
    items: list[Item] = []
    totals: dict[str, Total] = {}
    printed: list[PrintedEntry] = []
    scenarios: dict[str, Scenario] = {}
    note: str = ""
