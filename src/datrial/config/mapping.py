"""How an agency's file becomes staging tables: a file of ``configs/sources/``."""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from datrial.config.load import parse, read_yaml
from datrial.config.project import project_root
from datrial.config.tables import staging_tables
from datrial.errors import UsageError

DateOrder = Literal["day_first", "month_first", "year_first"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Period(_Strict):
    """The days, first and last included, for which an agency sent its data."""

    start: dt.date
    end: dt.date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError("the period ends before it starts")
        return self


class TableMapping(_Strict):
    """How one sheet (or one CSV file) becomes rows of one staging table.

    Attributes
    ----------
    table
        The staging table of ``configs/tables.yaml``.
    sheet
        The sheet's name in a workbook; none for CSV.
    header_row
        The line (counted from 1) that holds the column names.
    columns
        Our column name -> the agency's column name.
    constants
        Our column name -> a code that every row of this file has.
    values
        Our coded column -> our code -> the agency's spellings of it. Spellings
        are compared trimmed, with single spaces, and without regard to case.
    withheld
        Agency columns (names, dates of birth, notes) that are known and are
        never read further than the file.
    site_column, site_values
        Where one file holds several sites: the agency's column, and our site
        key -> the agency's spellings.
    summary_prefixes
        A row whose first filled cell starts with one of these words is a summary line.
    """

    table: str
    sheet: str | None = None
    header_row: int = Field(default=1, ge=1)
    columns: dict[str, str]
    constants: dict[str, str] = {}
    values: dict[str, dict[str, tuple[str, ...]]] = {}
    withheld: tuple[str, ...] = ()
    site_column: str | None = None
    site_values: dict[str, tuple[str, ...]] = {}
    summary_prefixes: tuple[str, ...] = ("total", "summary", "grand total")

    @model_validator(mode="after")
    def _fits_the_staging_table(self) -> Self:
        target = staging_tables().get(self.table)
        if target is None:
            raise ValueError(f"there is no staging table {self.table!r}")
        problems = []
        given = set(self.columns) | set(self.constants)
        for name in sorted(given - set(target.columns)):
            problems.append(f"{self.table} has no column {name!r}")
        for name, column in target.columns.items():
            if column.required and name not in given:
                problems.append(f"required column {name!r} is not mapped")
        for name, codes in self.values.items():
            allowed = target.columns[name].codes if name in target.columns else ()
            for code in sorted(set(codes) - set(allowed)):
                problems.append(f"{name}: {code!r} is not one of our codes")
        if (self.site_column is None) != (not self.site_values):
            problems.append("site_column and site_values belong together")
        theirs = [*self.columns.values(), *self.withheld]
        for name in sorted({name for name in theirs if theirs.count(name) > 1}):
            problems.append(f"the agency's column {name!r} is used twice")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class SourceMapping(_Strict):
    """How the files of one agency (and, as a rule, one site) are read.

    Attributes
    ----------
    source
        The agency's data: marac, police, insights, cms, allocation.
    site
        Our site key, or none where ``site_column`` tells it row by row.
    file
        The files' name pattern in the incoming folder (``*`` stands for anything).
    dates
        The order of day and month in numeric dates, and the only one in which
        they are read; ISO dates, Excel dates and written months are always understood.
    covers
        The days for which the agency says it sent everything.
    missing, dont_know, not_applicable
        Spellings, in any column, of an answer that is absent, not known, or
        does not apply.
    referral
        True for the files that the allocation is made from (read first).
    """

    source: str
    site: str | None = None
    file: str
    format: Literal["csv", "excel"]
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    dates: DateOrder = "day_first"
    covers: Period
    referral: bool = False
    optional: bool = False
    missing: tuple[str, ...] = ()
    dont_know: tuple[str, ...] = ()
    not_applicable: tuple[str, ...] = ()
    tables: tuple[TableMapping, ...] = Field(min_length=1)
    key: str = ""

    @field_validator("file")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if re.search(r"[/\\]", value):
            raise ValueError("a file name pattern, without folders")
        return value

    @model_validator(mode="after")
    def _sheets_and_sites(self) -> Self:
        if self.format == "csv" and (len(self.tables) > 1 or self.tables[0].sheet):
            raise ValueError("a CSV file holds one table and has no sheets")
        if self.format == "excel" and any(table.sheet is None for table in self.tables):
            raise ValueError("name the sheet of every table of a workbook")
        for table in self.tables:
            if self.site is None and table.site_column is None:
                raise ValueError("give `site`, or `site_column` for every table")
        return self


def load_mappings(names: tuple[str, ...]) -> tuple[SourceMapping, ...]:
    """Read mapping files by name (``drive/marac_site_1``).

    Raises
    ------
    UsageError
        With the errors of all the files together.
    """
    mappings, errors = [], []
    for name in names:
        path = project_root() / "configs" / "sources" / f"{name}.yaml"
        try:
            content = read_yaml(path)
            if isinstance(content, dict):
                content = {**content, "key": name}
            mappings.append(parse(SourceMapping, content, f"configs/sources/{name}.yaml"))
        except UsageError as error:
            errors.append(str(error))
    if errors:
        raise UsageError("\n".join(errors))
    return tuple(mappings)
