"""The proposed mapping file of an unknown file, in the form of ``configs/sources``."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

from datrial.config.tables import staging_tables
from datrial.extracts.describe_constants import constants
from datrial.extracts.describe_match import SITE
from datrial.extracts.describe_words import SOURCES, words
from datrial.extracts.text import plain

if TYPE_CHECKING:
    from datrial.extracts.describe import DescribedColumn, DescribedTable, Description

#: Text that needs no quotation marks, in a list too.
_BARE = re.compile(r"[^\W\d_](?:[\w ()/.&'’£–+-]*[\w)])?")
_NOT_BARE = frozenset(("true", "false", "null"))
_LINE = 100
_YEAR_MONTH = re.compile(r"(?<!\d)(20\d\d)([-_.]?)(0[1-9]|1[0-2])(?!\d)")
_IDENTIFIERS = {"date of birth": "date_of_birth", "postcode": "postcode"}
_LISTS = ("missing", "dont_know", "not_applicable")


def as_yaml(description: Description) -> str:
    """Return a mapping file; a person looks at every line with ``check``."""
    tables = [table for table in description.tables if table.table]
    lines = [f"# Proposed from {_scalar(description.file)}. Look at every line that says check."]
    lines += [f"# check: {note}" for note in description.notes]
    if not tables:
        return "\n".join([*lines, "# check: no sheet fits any of our tables.", ""])
    names = {table.table for table in tables if table.table}
    lines += _head(description, tables, names)
    lines.append("tables:")
    for table in tables:
        lines += [f"  {line}" for line in _table(table, description)]
    for table in description.tables:
        if not table.table and description.format in ("excel", "ods"):
            lines.append(f"# Sheet {table.found.number} is not read: it fits none of our tables.")
    return "\n".join([*lines, ""])


def _head(description: Description, tables: list[DescribedTable], names: set[str]) -> list[str]:
    dictionary = description.dictionary
    source = next(
        (dictionary.sources[name] for name in sorted(names) if name in dictionary.sources),
        SOURCES.get(min(names), min(names).split("_")[0]),
    )
    lines = [f"source: {_scalar(source)}"]
    if any(_site_column(table) is None for table in tables):
        lines.append(_site(description))
    pattern, tells_days = _pattern(description.file)
    lines += [
        f"file: {_scalar(pattern)}{'  # check: one file a month' if tells_days else ''}",
        f"format: {description.format}",
    ]
    if description.format == "csv":
        if description.encoding != "utf-8":
            lines.append(f"encoding: {description.encoding}")
        if description.delimiter != ",":
            lines.append(f"delimiter: {json.dumps(description.delimiter)}")
        if description.quote != '"':
            lines.append(f"quote: {json.dumps(description.quote)}")
    lines.append(_dates(description, tables))
    if not tells_days:
        lines.append(_covers(tables))
    if source in dictionary.referral:
        lines.append("referral: true")
    for name, texts in _absent(description, tables).items():
        lines.append(f"{name}: [{', '.join(map(_scalar, texts))}]")
    return lines


def _site(description: Description) -> str:
    known = {
        code
        for (_, ours), spellings in description.dictionary.spellings.items()
        if ours == SITE
        for code in spellings.values()
    }
    found = [site for site in sorted(known) if site in plain(description.file)]
    return f"site: {found[0] if found else 'site_1'}  # check: which site this is"


def _pattern(file: str) -> tuple[str, bool]:
    """Return the file's name as a pattern, and whether it tells which days a file covers."""
    name = re.sub(r"[{}*]", "*", file)
    found = _YEAR_MONTH.findall(name)
    if len(found) != 1:
        return name, False
    return _YEAR_MONTH.sub(r"{year}\2{month}", name), True


def _dates(description: Description, tables: list[DescribedTable]) -> str:
    orders = Counter(
        column.found.order
        for table in tables
        for column in table.columns
        if column.match and column.found.order
    )
    numeric = [order for order in ("day_first", "month_first") if orders[order]]
    if len(numeric) == 1 and not orders["mixed"]:
        return f"dates: {numeric[0]}"
    if orders["year_first"] == orders.total() > 0 and description.format == "csv":
        return "dates: year_first"
    return "dates: day_first  # check: the dates do not tell whether the day comes first"


def _covers(tables: list[DescribedTable]) -> str:
    dated = [column.found for table in tables for column in table.columns if column.match]
    first = min((column.first for column in dated if column.first), default=None)
    last = max((column.last for column in dated if column.last), default=None)
    if first is None or last is None:
        return "covers: {start: 1900-01-01, end: 2100-01-01}  # check: ask for which days it is"
    return (
        f"covers: {{start: {first}, end: {last}}}  # check: days in the data; ask for which it is"
    )


def _absent(description: Description, tables: list[DescribedTable]) -> dict[str, list[str]]:
    """Return the absent answers that other files have too, and those seen here."""
    found = {name: list(description.dictionary.absent.get(name, ())) for name in _LISTS}
    known = {plain(text) for texts in found.values() for text in texts}
    for table in tables:
        for column in table.columns:
            for spelling in column.spellings:
                if spelling.meaning in _LISTS and plain(spelling.text) not in known:
                    known.add(plain(spelling.text))
                    found[spelling.meaning].append(spelling.text)
    return {name: texts for name, texts in found.items() if texts}


def _site_column(table: DescribedTable) -> DescribedColumn | None:
    return next((c for c in table.columns if c.match and c.match.column == SITE), None)


def _table(table: DescribedTable, description: Description) -> list[str]:
    found = table.found
    assert table.table is not None  # noqa: S101 (for the type checker)
    lines = [f"- table: {table.table}"]
    if table.sheet is not None:
        lines.append(f"  sheet: {_scalar(table.sheet)}")
    elif found.sheet is not None:
        lines.append(f"  # check: sheet {found.number} is found by its columns")
    if found.header_row not in (None, 1):
        lines.append(f"  header_row: {found.header_row}")
    site = _site_column(table)
    if site is not None:
        lines.append(f"  site_column: {_scalar(site.found.name)}")
        lines += _codes("site_values", site, 2)
    lines.append("  columns:")
    ours = staging_tables()[table.table].columns
    by_name = {c.match.column: c for c in table.columns if c.match}
    for name, contract in ours.items():
        if name in by_name:
            match = by_name[name].match
            check = "  # check" if match and match.confidence != "sure" else ""
            lines.append(f"    {name}: {_scalar(by_name[name].found.name)}{check}")
        elif contract.required and contract.terms is None:
            lines.append(f'    {name}: "(column of {name})"  # check: none was found')
    lines += constants(table, description.dictionary)
    coded = [name for name in ours if name in by_name and ours[name].kind == "code"]
    if coded:
        lines.append("  values:")
        for name in coded:
            lines += _codes(name, by_name[name], 4)
    return lines + _withheld(table)


def _withheld(table: DescribedTable) -> list[str]:
    taken = {plain(column.found.name) for column in table.columns if column.match}
    columns = []
    for column in table.columns:
        if plain(column.found.name) not in taken:  # a name that stands there twice is a note
            taken.add(plain(column.found.name))
            columns.append(column)
    lines = []
    if columns:
        names = ", ".join(_scalar(column.found.name) for column in columns)
        lines.append(f"  withheld: [{names}]")
        unclear = [_scalar(c.found.name) for c in columns if not c.found.sensitive]
        if unclear:
            lines.append(f"  # check: perhaps ours after all: {', '.join(unclear)}")
    identifiers = [
        f"{_identifier(column)}: {_scalar(column.found.name)}"
        for column in columns
        if _identifier(column)
    ]
    if identifiers:
        lines.append(
            "  # check: where the study links people, these stand under identifiers instead:"
        )
        lines.append(f"  # identifiers: {{<whose reference>: {{{', '.join(identifiers)}}}}}")
    return lines


def _identifier(column: DescribedColumn) -> str | None:
    """Return which identifier a column is."""
    found = column.found
    if found.sensitive == "name":
        spoken = set(words(found.name))
        if spoken & {"surname", "lastname", "family"} and not spoken & {"forename", "first"}:
            return "family_name"
        if spoken & {"forename", "firstname", "given"} and not spoken & {"surname", "last"}:
            return "given_name"
        return "full_name"
    return _IDENTIFIERS.get(found.sensitive or "")


def _codes(name: str, column: DescribedColumn, depth: int) -> list[str]:
    """Return a column's codes in one line if they fit, else one line a code."""
    order = column.codes or sorted(s.meaning for s in column.spellings if s.meaning)
    codes: dict[str, list[str]] = {code: [] for code in order}
    unsure, unclear = set(), []
    for spelling in column.spellings:
        if spelling.meaning is None:
            unclear.append(spelling.text)
        elif spelling.meaning not in _LISTS:
            codes.setdefault(spelling.meaning, []).append(spelling.text)
            if not spelling.sure:
                unsure.add(spelling.meaning)
    codes = {code: texts for code, texts in codes.items() if texts}
    space = " " * depth
    parts = {code: f"{code}: [{', '.join(map(_scalar, texts))}]" for code, texts in codes.items()}
    line = f"{space}{name}: {{{', '.join(parts.values())}}}"
    if unsure or len(line) > _LINE:
        lines = [f"{space}{name}:"]
        for code, part in parts.items():
            lines.append(f"{space}  {part}{'  # check' if code in unsure else ''}")
    else:
        lines = [line]
    if unclear:
        lines.append(f"{space}# check: {name}, without a code: {', '.join(map(_scalar, unclear))}")
    if column.not_shown:
        lines.append(f"{space}# check: {name}, {column.not_shown} rare value(s) not shown")
    return lines


def _scalar(text: str) -> str:
    if _BARE.fullmatch(text) and text.lower() not in _NOT_BARE:
        return text
    return json.dumps(text, ensure_ascii=False)
