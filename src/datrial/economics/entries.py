"""What a cost model's file may say, entry by entry; unknown keys are errors."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from datrial.economics.fields import Count, Formula, Number, Positive, Text
from datrial.economics.own_entries import OwnData
from datrial.economics.printed import Printed


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


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
    spread, spreads
        What is not known of all its numbers; of single entries, which goes before.
    shared
        Relative variance that all its numbers have in common, besides: who is recorded
        often is so for every offence.
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
    spreads: dict[str, Spread] = {}
    shared: Positive | None = None
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

    def spread_of(self, entry: str) -> Spread | None:
        """Return what is not known of one of its numbers."""
        return self.spreads.get(entry, self.spread)


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
        The unit of one case in which the items are counted; it begins with the money.
    headline
        The formulas and totals that answer the model's question, the first above all.
    catalogue
        The rows of the catalogue of published tables that it works out.
    own_data
        Which quantities a study takes from its own data.
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
    own_data: OwnData | None = None
    headline: tuple[Text, ...] = ()
    catalogue: tuple[Text, ...] = ()
    note: str = ""
