"""Families of outcomes: tests whose p-values are adjusted together."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FamilyTests(_Strict):
    """Tests of one result table.

    Attributes
    ----------
    table
        ``<analysis>.<table>``; its cells with the statistic ``p_value`` are the tests.
    rows, columns
        Keys of its rows and columns, in the order in which the tests are listed; none means
        all that have a p-value.
    """

    table: str = Field(pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$")
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def analysis(self) -> str:
        """The analysis whose table it is."""
        return self.table.partition(".")[0]


class OutcomeFamily(_Strict):
    """Outcomes that answer one question, so that any of them could be called a finding.

    Attributes
    ----------
    adjust
        ``holm`` holds the chance of any false finding in the family;
        ``benjamini_hochberg`` the expected share of false ones among the findings.
    """

    label: str
    adjust: Literal["holm", "benjamini_hochberg"]
    tests: tuple[FamilyTests, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        tables = [tests.table for tests in self.tests]
        if len(set(tables)) < len(tables):
            raise ValueError("a table is named twice; name its rows and columns in one place")
        return self
