"""What a service calls things, and the assessment tools whose items are its own."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

#: A code of ours: it stands in tables and addresses, so it is plain.
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
#: Vocabulary -> our code -> what people read.
Terms = dict[Code, dict[Code, str]]

ReadingTable = Literal["need_score", "star_reading", "outcome_rating", "checklist"]
#: The staging tables whose columns ``item_1``, ``item_2``, ... hold an instrument's items, and
#: whether these are numbers on a scale.
SCORED: Final[dict[ReadingTable, bool]] = {
    "need_score": True, "star_reading": True, "outcome_rating": False, "checklist": False,
}  # fmt: skip


class Instrument(BaseModel):
    """An assessment tool: its items are the columns ``item_1``, ... of a staging table.

    Attributes
    ----------
    table
        The staging table that holds its readings, a row each.
    items
        Our code of an item -> what people read: the first is ``item_1``, and so on.
    lowest, highest
        The ends of the scale, of a tool with scores.
    better
        Which end of the scale is the better one.
    domains
        Domain -> the items that are averaged in it. None: all items are one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    table: ReadingTable
    items: dict[Code, str] = Field(min_length=1)
    lowest: int | None = None
    highest: int | None = None
    better: Literal["higher", "lower"] = "higher"
    domains: dict[Code, Domain] = {}

    @model_validator(mode="after")
    def _fits_its_table(self) -> Self:
        problems = []
        if SCORED[self.table]:
            if self.lowest is None or self.highest is None or self.lowest >= self.highest:
                problems.append("`lowest` and `highest` are the ends of its scale")
        elif self.lowest is not None or self.highest is not None:
            problems.append(f"the answers of {self.table} are codes: it has no scale")
        for name, domain in self.domains.items():
            unknown = [item for item in domain.items if item not in self.items]
            if unknown:
                problems.append(f"domain {name!r} names no items of it: {', '.join(unknown)}")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def item_column(self, item: str) -> str:
        """Return the staging column of an item."""
        return f"item_{list(self.items).index(item) + 1}"


class Domain(BaseModel):
    """Items that are averaged together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    items: tuple[Code, ...] = Field(min_length=1)


Instrument.model_rebuild()
