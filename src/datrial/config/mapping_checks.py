"""What a mapping file says that cannot be meant: every such error, a sentence each."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from datrial.config.spelling import plain
from datrial.config.tables import StagingTable, staging_tables

if TYPE_CHECKING:
    from datrial.config.mapping import SourceMapping, TableMapping

#: Stands for a setting that is missing or faulty, so that the others can be judged.
UNKNOWN = "(unknown)"
CODE_IN_WORDS = "a code has small letters, digits and _ only, a letter first"


def mapping_problems(mapping: SourceMapping) -> list[str]:
    """Return every contradiction of a mapping file, in the order of the file."""
    problems = []
    one_table = mapping.format in ("csv", "parquet")
    if one_table and (len(mapping.tables) > 1 or mapping.tables[0].sheet):
        problems.append(f"a {mapping.format} file holds one table and has no sheets")
    if mapping.format == "parquet" and mapping.tables[0].header_row != 1:
        problems.append("a parquet file has no header row")
    if not _is_encoding(mapping.encoding):
        problems.append(f"there is no encoding {mapping.encoding!r} of text")
    if len({mapping.delimiter, mapping.quote, "\n", "\r"}) < 4:
        problems.append("`delimiter`, `quote` and the end of a line are three different characters")
    known = [table for table in mapping.tables if table.table != UNKNOWN]
    if any(mapping.site is None and table.site_column is None for table in known):
        problems.append("give `site`, or `site_column` for every table")
    if mapping.file != UNKNOWN:
        if mapping.covers is None and not mapping.period_in_name:
            problems.append("give `covers`, or tell the days in `file` ({year}-{month})")
        if mapping.covers is not None and mapping.period_in_name:
            problems.append("`covers` and the days in `file` exclude each other")
    absent = {name: getattr(mapping, name) for name in ("missing", "dont_know", "not_applicable")}
    problems += [
        f"the spelling {text!r} stands under {' and '.join(f'`{name}`' for name in names)}"
        for text, names in _ambiguous(absent)
    ]
    for position, table in enumerate(mapping.tables):
        place = f"tables > {position} ({table.table})"
        problems += [f"{place}: {problem}" for problem in table_problems(table)]
    for name in _twice(table.table for table in known):
        problems.append(f"{name} is filled from two of the tables")
    return problems


def table_problems(table: TableMapping) -> list[str]:
    """Return every contradiction of one table's mapping, in itself and with the staging table."""
    problems = []
    target = staging_tables().get(table.table)
    if target is not None:
        problems += _against_the_contract(table, target)
    elif table.table != UNKNOWN:
        known = ", ".join(sorted(staging_tables()))
        problems.append(f"there is no staging table {table.table!r}; there are {known}")
    for name in sorted(set(table.columns) & set(table.constants)):
        problems.append(f"{name!r} stands under `columns` and `constants`")
    for name, codes in table.values.items():
        if name not in table.columns:
            problems.append(f"values: {name!r} is not mapped under `columns`")
        problems += _two_meanings(f"values of {name!r}", codes, "codes")
    problems += _two_meanings("site_values", table.site_values, "sites")
    if (table.site_column is None) != (not table.site_values):
        problems.append("`site_column` and `site_values` belong together")
    theirs = [*table.columns.values(), *table.withheld, *table.identifier_columns]
    if table.site_column is not None:
        theirs.append(table.site_column)
    # compared as a file's header is: the same name in capitals is the same column
    for name in _twice(theirs):
        problems.append(f"the agency's column {name!r} is used twice")
    return problems


def _against_the_contract(table: TableMapping, target: StagingTable) -> list[str]:
    problems = []
    given = set(table.columns) | set(table.constants)
    for name in sorted(given - set(target.columns)):
        problems.append(f"{table.table} has no column {name!r}")
    for name, column in target.columns.items():
        if column.required and name not in given:
            problems.append(f"required column {name!r} is not mapped")
    for name, code in table.constants.items():
        about = target.columns.get(name)
        own = about is not None and about.terms is not None
        allowed = about.codes if about and not own else (code,)
        if own and not is_code(code):
            problems.append(f"constants: {name!r} is {code!r}; {CODE_IN_WORDS}")
        if code not in allowed:
            problems.append(
                f"constants: {name!r} is {code!r}; use one of its codes: "
                f"{', '.join(allowed) or 'it has none, map a column'}"
            )
    for name, codes in table.values.items():
        about = target.columns.get(name)
        own = about is not None and about.terms is not None
        for code in (code for code in codes if own and not is_code(code)):
            problems.append(f"values of {name!r}: {code!r}; {CODE_IN_WORDS}")
        allowed = about.codes if about and not own else tuple(codes)
        for code in sorted(set(codes) - set(allowed)):
            problems.append(
                f"values of {name!r}: {code!r} is not one of our codes: "
                f"{', '.join(allowed) or 'it has none'}"
            )
    for name in sorted(table.identifiers):
        reference = target.columns.get(name)
        if reference is None or reference.of not in ("perpetrator", "victim"):
            problems.append(f"identifiers: {name!r} is no reference to a person")
        elif name not in table.columns:
            problems.append(f"identifiers: {name!r} is not mapped under `columns`")
    return problems


def is_code(text: str) -> bool:
    """Return whether a text can be a code of a service's own vocabulary."""
    return re.fullmatch(r"[a-z][a-z0-9_]*", text) is not None


def _two_meanings(where: str, spellings: dict[str, tuple[str, ...]], of: str) -> list[str]:
    return [
        f"{where}: the spelling {text!r} has two {of}: {' and '.join(names)}"
        for text, names in _ambiguous(spellings)
    ]


def _ambiguous(spellings: dict[str, tuple[str, ...]]) -> list[tuple[str, list[str]]]:
    """Return the spellings that stand under several meanings, as written first."""
    found: dict[str, tuple[str, list[str]]] = {}
    for meaning, texts in spellings.items():
        for text in texts:
            names = found.setdefault(plain(text), (text, []))[1]
            if meaning not in names:
                names.append(meaning)
    return [(text, names) for text, names in found.values() if len(names) > 1]


def _twice(names: Iterable[str]) -> list[str]:
    """Return the names that stand there again, compared as plain text."""
    seen: dict[str, int] = {}
    written: dict[str, str] = {}
    for name in names:
        seen[plain(name)] = seen.get(plain(name), 0) + 1
        written.setdefault(plain(name), name)
    return [written[name] for name, times in seen.items() if times > 1]


def _is_encoding(name: str) -> bool:
    try:
        return codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):  # ValueError: a null character
        return False
