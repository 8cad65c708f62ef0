"""The staging tables' contract: ``configs/tables.yaml`` as typed objects."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from datrial.config.load import parse, read_yaml
from datrial.config.project import project_root

#: Codes that a service's own vocabulary always has.
ALWAYS: Final = ("dont_know", "not_applicable")
Kind = Literal["reference", "date", "integer", "code", "text"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Strict):
    """One column of a staging table.

    Attributes
    ----------
    codes
        The codes that it may have, the same for all services.
    terms
        The vocabulary that its codes are of, where each service has its own: they are those
        for which a mapping has spellings.
    differs_from
        Another reference of the row that is never the same person: nobody is
        his own victim.
    """

    kind: Kind
    required: bool = False
    of: str | None = None
    codes: tuple[str, ...] = ()
    terms: str | None = None
    differs_from: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.kind == "reference") != (self.of is not None):
            raise ValueError("`of` belongs to a reference, and a reference needs it")
        if (self.kind == "code") != bool(self.codes or self.terms) or (self.codes and self.terms):
            raise ValueError("a code, and only a code, has either `codes` or `terms`")
        return self

    def codes_in(self, values: Iterable[str]) -> tuple[str, ...]:
        """Return the codes that the column may have in a file.

        Parameters
        ----------
        values
            The codes for which the file's mapping has spellings: of a service's own
            vocabulary there are no others.
        """
        return self.codes if not self.terms else tuple(dict.fromkeys((*values, *ALWAYS)))


class StagingTable(_Strict):
    """One staging table: its grain, key and columns.

    Attributes
    ----------
    event_date
        The date by which a row belongs to a month, where rows have one.
    """

    grain: str
    key: tuple[str, ...]
    event_date: str | None = None
    columns: dict[str, Column]

    @model_validator(mode="after")
    def _key_exists(self) -> Self:
        unknown = [name for name in self.key if name not in self.columns and name != "site"]
        if unknown:
            raise ValueError(f"key names columns that do not exist: {', '.join(unknown)}")
        event = self.columns.get(self.event_date or "")
        if self.event_date and (event is None or event.kind != "date"):
            raise ValueError(f"event_date: {self.event_date!r} is no date of the table")
        for name, column in self.columns.items():
            other = self.columns.get(column.differs_from or name)
            if other is None or (column.differs_from and (not column.of or not other.of)):
                raise ValueError(f"{name}: `differs_from` names another reference of the table")
        return self


class _Tables(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)  # the anchors beside `tables`

    tables: dict[str, StagingTable]


@cache
def staging_tables() -> dict[str, StagingTable]:
    """Return every staging table by name, as ``configs/tables.yaml`` states it."""
    path = project_root() / "configs" / "tables.yaml"
    return parse(_Tables, read_yaml(path), "configs/tables.yaml").tables


@cache
def vocabularies() -> tuple[str, ...]:
    """Return the names of the vocabularies that are each service's own."""
    found = (about.terms for table in staging_tables().values() for about in table.columns.values())
    return tuple(dict.fromkeys(name for name in found if name))
