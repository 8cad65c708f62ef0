"""How an agency's file becomes staging tables: a file of ``configs/sources/``."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from datrial.config.load import parse, read_yaml
from datrial.config.mapping_checks import UNKNOWN, mapping_problems
from datrial.config.project import project_root
from datrial.errors import UsageError

DateOrder = Literal["day_first", "month_first", "year_first"]
#: What of a person is read for linkage, in memory only.
Identifier = Literal["full_name", "given_name", "family_name", "date_of_birth", "postcode"]
_PLACEHOLDERS = ("year", "month", "quarter", "start", "end", "part")
#: The placeholders that together tell which days a file covers.
_PERIODS = ({"year"}, {"year", "month"}, {"year", "quarter"}, {"start", "end"})


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
        The sheet's name in a workbook. Without one, the sheet is the one that
        has the mapped columns. None for CSV and Parquet.
    header_row
        The line (counted from 1) that holds the column names; ``find`` means the
        first line that holds all of them.
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
    identifiers
        Our reference column -> identifier -> the agency's column. They are read
        for the linkage of people, in memory only, where the study links people;
        else they are withheld.
    site_column, site_values
        Where one file holds several sites: the agency's column, and our site
        key -> the agency's spellings.
    summary_prefixes
        A row whose first filled cell starts with one of these words is a summary line.
    """

    table: str
    sheet: str | None = None
    header_row: Annotated[int, Field(ge=1)] | Literal["find"] = 1
    columns: dict[str, str]
    identifiers: dict[str, dict[Identifier, str]] = {}
    constants: dict[str, str] = {}
    values: dict[str, dict[str, tuple[str, ...]]] = {}
    withheld: tuple[str, ...] = ()
    site_column: str | None = None
    site_values: dict[str, tuple[str, ...]] = {}
    summary_prefixes: tuple[str, ...] = ("total", "summary", "grand total")

    @property
    def identifier_columns(self) -> tuple[str, ...]:
        """The agency's columns that identify people directly."""
        return tuple(theirs for columns in self.identifiers.values() for theirs in columns.values())


class SourceMapping(_Strict):
    """How the files of one agency (and, as a rule, one site) are read.

    Attributes
    ----------
    source
        The agency's data: marac, police, insights, cms, allocation.
    site
        Our site key, or none where ``site_column`` tells it row by row.
    file
        The files' name pattern in the incoming folder. ``*`` stands for anything;
        ``{year}`` with ``{month}`` or ``{quarter}``, or ``{start}`` and ``{end}``
        (2017-03-31 or 20170331) tell which days a file covers; ``{part}`` tells
        the parts of one delivery apart, none of which replaces another.
    dates
        The order of day and month in numeric dates, and the only one in which
        they are read; ISO dates, Excel dates and written months are always understood.
    quote
        What texts of a CSV file may stand between.
    covers
        The days for which the agency says it sent everything, where the files'
        names do not tell. A file replaces an earlier one of its mapping (and
        part) whose days lie within its own.
    not_received
        Months (``2017-03``) within these days that the agency says are missing.
    reference_space
        Whose references to people these are. None: all agencies share them; a
        name: the agency's own, which no other agency's reference equals.
    missing, dont_know, not_applicable
        Spellings, in any column, of an answer that is absent, not known, or
        does not apply.
    referral
        True for the files that the allocation is made from (read first).
    """

    #: What stands in for a faulty setting while the others are judged (see config.repair).
    STAND_INS: ClassVar[dict[str, Any]] = {
        "source": UNKNOWN, "file": UNKNOWN, "format": "excel", "table": UNKNOWN, "columns": {},
        "covers": {"start": "1900-01-01", "end": "2100-01-01"}, "start": "1900-01-01",
        "end": "2100-01-01",
        "tables": [{"table": UNKNOWN, "columns": {}}],
    }  # fmt: skip

    source: str
    site: str | None = None
    file: str
    format: Literal["csv", "excel", "ods", "parquet"]
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    dates: DateOrder = "day_first"
    covers: Period | None = None
    not_received: tuple[Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")], ...] = ()
    reference_space: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] | None = None
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
        names = re.findall(r"\{([^{}]*)\}", value)
        problems = [
            f"{{{name}}} is not known; there are {', '.join(_PLACEHOLDERS)}"
            for name in sorted(set(names) - set(_PLACEHOLDERS))
        ]
        if len(set(names)) < len(names):
            problems.append("a placeholder stands there twice")
        period = set(names) - {"part"}
        if not problems and period and period not in _PERIODS:
            problems.append(
                "the days a file covers follow from {year}, {year} and {month}, {year} and "
                "{quarter}, or {start} and {end}"
            )
        if problems:
            raise ValueError("; ".join(problems))
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = mapping_problems(self)
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def placeholders(self) -> frozenset[str]:
        """The placeholders in ``file``."""
        return frozenset(re.findall(r"\{([^{}]*)\}", self.file))

    @property
    def period_in_name(self) -> bool:
        """Whether a file's name tells which days it covers."""
        return bool(self.placeholders - {"part"})

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites that the files tell of."""
        told = {site for table in self.tables for site in table.site_values}
        return tuple(sorted(told | ({self.site} if self.site is not None else set())))


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
