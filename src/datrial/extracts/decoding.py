r"""SQL that turns a column's received text into our value, or into a named problem.

Each column is decoded once per distinct text. A problem says column and kind,
never the text that caused it.

Whole numbers stored as text (`` 34 ``, ``34.0``, ``+34``) are whole numbers. A
comma is never read: ``1,234`` may be a thousand and more, a decimal fraction of
another country, or two answers in one cell, and a wrong number is worse than a
missing one that is counted.
"""

# ruff: noqa: S608 (names are those of configs/tables.yaml, texts are quoted as literals)

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from datrial.config.mapping import SourceMapping, TableMapping
from datrial.config.tables import Column
from datrial.errors import UsageError
from datrial.extracts.load_dates import DATE_MACROS, date_problem, date_value
from datrial.extracts.text import plain

if TYPE_CHECKING:
    import duckdb

_SPACES = r"[\s\p{Z}\x{0B}\x{1C}-\x{1F}\x{85}]+"  # what Python calls white space

#: Text as it is compared: trimmed, single spaces, small letters. Most texts need no more
#: than small letters.
MACROS = rf"""
create or replace temp macro as_compared(received) as
    case
        when not regexp_matches(received, '[^!-~ ]|  |^ | $') then lower(received)
        else trim(regexp_replace(lower(received), '{_SPACES}', ' ', 'g'))
    end;
{DATE_MACROS}"""


def add_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the macros that the generated SQL uses, for this connection only."""
    connection.execute(MACROS)


def literal(text: str) -> str:
    """Return a SQL text literal."""
    return "'" + text.replace("'", "''") + "'"


def compared_literals(texts: tuple[str, ...]) -> str:
    """Return SQL for texts as they are compared, divided by commas."""
    return ", ".join(f"as_compared({literal(text)})" for text in texts)


def decoded(
    column: str,
    contract: Column,
    mapping: SourceMapping,
    table: TableMapping,
    last_day: dt.date,
) -> str:
    """Return a SELECT of (place, value, problem) from ``texts (place, received)``.

    Parameters
    ----------
    column
        Our column; not a reference, which becomes a pseudonym.
    contract
        Its contract in ``configs/tables.yaml``.
    mapping, table
        How the agency writes it.
    last_day
        The last day that the extract covers.

    Raises
    ------
    UsageError
        If the mapping gives one spelling two meanings.
    """
    if contract.kind == "text":
        return (
            "select place, nullif(trim(received), '') as value, cast(null as varchar) as problem "
            "from texts"
        )
    compared = "select place, as_compared(received) as compared from texts"
    if contract.kind == "code":
        codes = contract.codes_in(table.values.get(column, ()))
        return _decoded_codes(compared, code_spellings(column, codes, mapping, table))
    absent = compared_literals(("", *mapping.missing, *mapping.dont_know, *mapping.not_applicable))
    if contract.kind == "integer":
        value = r"case when regexp_matches(compared, '^[+-]?\d+(\.0+)?$')" + (
            " then try_cast(split_part(compared, '.', 1) as bigint) end"
        )
        problem = "'not a whole number'"
    else:
        value, problem = date_value(mapping, last_day), date_problem(mapping)
    return (
        f"select place, value, case when value is null and compared not in ({absent}) "
        f"then {problem} end as problem "
        f"from (select place, compared, {value} as value from ({compared}))"
    )


def _decoded_codes(compared: str, spellings: dict[str, str | None]) -> str:
    """Join texts to a mapping's spellings; a text without one is an unknown code."""
    known = ", ".join(
        f"(as_compared({literal(spelling)}), {'null' if code is None else literal(code)})"
        for spelling, code in {"": None, **spellings}.items()
    )
    return (
        "select texts.place, cast(known.code as varchar) as value, "
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
