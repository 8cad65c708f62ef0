"""SQL that turns a column's received text into our value, or into a named problem.

Each column is decoded once per distinct text, and the result is joined to the
rows. A problem says column and kind, never the text that caused it.
"""

# ruff: noqa: S608 (names are those of configs/tables.yaml, texts are quoted as literals)

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.config.mapping import SourceMapping, TableMapping
from datrial.config.tables import Column
from datrial.errors import UsageError
from datrial.extracts.text import plain

if TYPE_CHECKING:
    import duckdb

_MONTH = (
    "(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?"
    "|oct(ober)?|nov(ember)?|dec(ember)?)"
)
_SPACES = r"[\s\p{Z}\x{0B}\x{1C}-\x{1F}\x{85}]+"  # what Python calls white space
_TIME = r"[ t]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[ap]m)?$"

#: Text as it is compared (trimmed, single spaces, small letters), and a written date
#: brought to the form "3 mar 2017". Temporary: nothing of it stays in the snapshot.
MACROS = rf"""
create or replace temp macro as_compared(received) as
    trim(regexp_replace(lower(received), '{_SPACES}', ' ', 'g'));
create or replace temp macro as_day(compared) as
    translate(regexp_replace(compared, '{_TIME}', ''), '-. ', '///');
create or replace temp macro written_date(compared) as
    case
        when regexp_matches(as_day(compared), '^\d{{1,2}}(st|nd|rd|th)?/?{_MONTH},?/?\d{{4}}$')
            then regexp_extract(as_day(compared), '^\d+') || ' '
                || left(regexp_extract(as_day(compared), '{_MONTH}'), 3) || ' '
                || right(as_day(compared), 4)
        when regexp_matches(as_day(compared), '^{_MONTH}/\d{{1,2}}(st|nd|rd|th)?,?/\d{{4}}$')
            then regexp_extract(as_day(compared), '\d+') || ' '
                || left(compared, 3) || ' '
                || right(as_day(compared), 4)
    end;
"""

_YEAR_FIRST = r"^\d{4}/\d{1,2}/\d{1,2}$"
_YEAR_LAST = r"^\d{1,2}/\d{1,2}/\d{4}$"
_TWO_DIGIT_YEAR = rf"^(\d{{1,2}}/\d{{1,2}}/|\d{{1,2}}(st|nd|rd|th)?/?{_MONTH},?/?)\d{{2}}$"
_EXCEL_SERIAL = r"^\d{5}(\.\d+)?$"
_ORDERS = {"day_first": "%d/%m/%Y", "month_first": "%m/%d/%Y"}


def literal(text: str) -> str:
    """Return a SQL text literal."""
    return "'" + text.replace("'", "''") + "'"


def decoded(
    column: str, contract: Column, mapping: SourceMapping, table: TableMapping, received: str
) -> str:
    """Return a SELECT of (received, value, problem), one row per distinct text.

    Parameters
    ----------
    column
        Our column; not a reference, which is a pseudonym already.
    contract
        Its contract in ``configs/tables.yaml``.
    mapping, table
        How the agency writes it.
    received
        SQL for the relation with a text column of the same name.

    Raises
    ------
    UsageError
        If the mapping gives one spelling two meanings.
    """
    texts = f'select distinct "{column}" as received from {received}'
    if contract.kind == "text":
        return (
            f"select received, nullif(trim(received), '') as value, null as problem from ({texts})"
        )
    compared = f"select received, as_compared(received) as compared from ({texts})"
    if contract.kind == "code":
        spellings = code_spellings(column, contract.codes, mapping, table)
        return _decoded_codes(compared, spellings)
    absent = ", ".join(f"as_compared({literal(text)})" for text in ("", *_absent(mapping)))
    if contract.kind == "integer":
        value = r"case when regexp_matches(compared, '^[+-]?\d+(\.0+)?$')" + (
            " then try_cast(split_part(compared, '.', 1) as bigint) end"
        )
        problem = "'not a whole number'"
    else:
        value, problem = _date(mapping), _date_problem(mapping)
    return (
        f"select received, value, case when compared in ({absent}) or value is not null then null "
        f"else {problem} end as problem from (select *, {value} as value from ({compared}))"
    )


def _decoded_codes(compared: str, spellings: dict[str, str | None]) -> str:
    """Join texts to a mapping's spellings; a text without one is an unknown code."""
    known = ", ".join(
        f"(as_compared({literal(spelling)}), {'null' if code is None else literal(code)})"
        for spelling, code in {"": None, **spellings}.items()
    )
    return (
        "select texts.received, known.code as value, "
        "case when known.spelling is null then 'unknown code' end as problem "
        f"from ({compared}) as texts "
        f"left join (values {known}) as known (spelling, code) on texts.compared = known.spelling"
    )


def code_spellings(
    column: str, codes: tuple[str, ...], mapping: SourceMapping, table: TableMapping
) -> dict[str, str | None]:
    """Return what each spelling of a coded column means; none is an absent answer.

    The mapping's `values` for the column come first, then the file's spellings of
    "don't know" and "not applicable" (their codes where the column has them, else
    absent) and of missing answers, then our own codes, with ``_`` or a space.

    Raises
    ------
    UsageError
        If `values` gives one spelling two codes.
    """
    meanings = spellings_of(table.values.get(column, {}), column, mapping)
    own = {plain(form): code for code in codes for form in (code, code.replace("_", " "))}
    general: dict[str, str | None] = {}
    for code, texts in (
        ("dont_know", mapping.dont_know),
        ("not_applicable", mapping.not_applicable),
        (None, mapping.missing),
    ):
        for text in texts:
            general.setdefault(plain(text), code if code in codes else None)
    return {**own, **general, **meanings}


def spellings_of(
    values: dict[str, tuple[str, ...]], column: str, mapping: SourceMapping
) -> dict[str, str | None]:
    """Turn code -> spellings round.

    Raises
    ------
    UsageError
        If one spelling has two codes.
    """
    meanings: dict[str, str | None] = {}
    for code, texts in values.items():
        for text in texts:
            if meanings.setdefault(plain(text), code) != code:
                raise UsageError(
                    f"configs/sources/{mapping.key}.yaml: values of {column!r} give the spelling "
                    f"{text!r} two codes. Keep it under one of them."
                )
    return meanings


def _absent(mapping: SourceMapping) -> tuple[str, ...]:
    return (*mapping.missing, *mapping.dont_know, *mapping.not_applicable)


def _date(mapping: SourceMapping) -> str:
    """Return SQL for the date, null where there is none on the calendar or in the window.

    A numeric date is read in the mapping's order alone: reading 12/25/2017 the
    other way round would hide that 05/06/2017 beside it may be wrong. The window
    ends a year after the extract's last day, not after today, so that the same
    extract gives the same rows for ever.
    """
    day = "as_day(compared)"
    cases = [f"when regexp_matches({day}, '{_YEAR_FIRST}') then try_strptime({day}, '%Y/%m/%d')"]
    if mapping.dates in _ORDERS:
        form = _ORDERS[mapping.dates]
        cases.append(
            f"when regexp_matches({day}, '{_YEAR_LAST}') then try_strptime({day}, '{form}')"
        )
    if mapping.format == "excel":
        cases.append(
            f"when regexp_matches(compared, '{_EXCEL_SERIAL}') "
            "then date '1899-12-30' + try_cast(split_part(compared, '.', 1) as integer)"
        )
    cases.append("else try_strptime(written_date(compared), '%d %b %Y')")
    date = f"cast(case {' '.join(cases)} end as date)"
    last = f"date '{mapping.covers.end.isoformat()}' + interval 1 year"
    return f"case when {date} between date '1900-01-01' and {last} then {date} end"


def _date_problem(mapping: SourceMapping) -> str:
    """Return SQL that names why a text is no usable date."""
    day = "as_day(compared)"
    cases = [f"when regexp_matches({day}, '{_TWO_DIGIT_YEAR}') then 'two-digit year'"]
    if mapping.dates not in _ORDERS:
        cases.append(
            f"when regexp_matches({day}, '{_YEAR_LAST}') then 'day and month in unknown order'"
        )
    looks_like_a_date = [
        f"regexp_matches({day}, '{_YEAR_FIRST}')",
        f"regexp_matches({day}, '{_YEAR_LAST}')",
        "written_date(compared) is not null",
    ]
    if mapping.format == "excel":
        looks_like_a_date.append(f"regexp_matches(compared, '{_EXCEL_SERIAL}')")
    cases.append(f"when {' or '.join(looks_like_a_date)} then 'impossible date'")
    return f"case {' '.join(cases)} else 'not a date' end"


def add_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the macros that the generated SQL uses, for this connection only."""
    connection.execute(MACROS)
