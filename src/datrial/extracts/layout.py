"""Where our columns stand in an agency's file, and what kind each of its rows is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from datrial.config.mapping import SourceMapping, TableMapping
from datrial.config.tables import staging_tables
from datrial.extracts.text import plain

RowKind = Literal["data", "blank", "summary", "ragged"]
#: The number that a person sees beside a row, and its cells.
Row = tuple[int, list[str]]
#: How many rows may stand above a header that is looked for.
SEARCHED_ROWS = 50


@dataclass(frozen=True)
class Layout:
    """The positions (from 0) of the mapped columns in a file's rows.

    Attributes
    ----------
    width
        Number of cells up to the last named column.
    columns
        Our column -> its position.
    site
        The position of the column that tells the site, if there is one.
    unnamed
        Positions before ``width`` whose column has no name.
    identifiers
        Our reference column -> identifier (``family_name``) -> its position. What
        stands there is read for linkage, in memory only, and by nothing else.
    """

    width: int
    columns: dict[str, int]
    site: int | None
    unnamed: tuple[int, ...]
    identifiers: dict[str, dict[str, int]] = field(default_factory=dict)


def expected_columns(table: TableMapping) -> dict[str, str]:
    """Return the agency's columns that a file must have, under our names.

    The identifiers are among them: without its names an extract cannot be linked.
    """
    expected = dict(table.columns)
    if table.site_column is not None:
        expected["site"] = table.site_column
    for reference, columns in table.identifiers.items():
        expected |= {f"{reference}.{identifier}": name for identifier, name in columns.items()}
    return expected


def is_header(cells: list[str], table: TableMapping) -> bool:
    """Return whether every expected column stands in this row."""
    return columns_found(cells, table) == len(expected_columns(table))


def columns_found(cells: list[str], table: TableMapping) -> int:
    """Return how many of the expected columns stand in this row."""
    names = {plain(cell) for cell in cells}
    return sum(plain(theirs) in names for theirs in expected_columns(table).values())


def from_header(rows: Iterable[Row], table: TableMapping) -> Iterator[Row]:
    """Yield a file's rows from its header row on; the rows above are left out.

    With ``header_row: find`` the header is the first of the first 50 rows that
    has every expected column, else the one that has the most of them, if that is
    half or more: what it lacks can then be said. If there is none, nothing is yielded.
    """
    if table.header_row != "find":
        yield from (row for row in rows if row[0] >= table.header_row)
        return
    rest = iter(rows)
    first = []
    for row in rest:
        first.append(row)
        if len(first) == SEARCHED_ROWS or is_header(row[1], table):
            break
    found = [columns_found(cells, table) for _, cells in first]
    most = max(found, default=0)
    if 2 * most >= len(expected_columns(table)):
        yield from first[found.index(most) :]
        yield from rest


def header_cells(first: Row | None, table: TableMapping) -> list[str] | None:
    """Return the header's cells, given the first row that a reader yields.

    None where the file ended before its header row, or where another row reaches
    over it (a title that a CSV file writes on several lines).
    """
    if first is None or table.header_row not in ("find", first[0]):
        return None
    return first[1]


def read_layout(
    file: str, mapping: SourceMapping, table: TableMapping, header: list[str] | None
) -> tuple[Layout | None, list[str]]:
    """Return where the mapped columns stand, and every problem of the header.

    Parameters
    ----------
    file
        The file's name, for the messages.
    header
        The cells of the header row; none if the file ends before it.

    Returns
    -------
    tuple
        The layout (none where there are problems) and one sentence per problem.
        A sentence quotes the file's own column names only where the row is
        surely the header, so that it can never quote a row of data.
    """
    where = f"{file}, sheet {table.sheet!r}" if table.sheet else file
    config = f"configs/sources/{mapping.key}.yaml"
    names = [plain(cell) for cell in header or []]
    expected = expected_columns(table)
    found = columns_found(header or [], table)
    if 2 * found < len(expected):
        return None, [_no_header(where, mapping, table, header, found)]
    missing = [theirs for theirs in expected.values() if plain(theirs) not in names]
    known = {plain(theirs) for theirs in (*expected.values(), *table.withheld)}
    unmapped = [cell for cell in header or [] if plain(cell) and plain(cell) not in known]
    twice = sorted({name for name in names if name in known and names.count(name) > 1})
    problems = []
    if missing:
        problems.append(
            f"{where}: {len(missing)} expected column(s) missing: {_quoted(missing)}. Ask the "
            f"agency for the complete extract, or correct `columns` in {config}."
        )
    if unmapped:
        problems.append(
            f"{where}: {len(unmapped)} column(s) neither mapped nor withheld: "
            f"{_quoted(unmapped)}. The agency may have changed its form: enter each in "
            f"{config}, under `columns` if it is needed, else under `withheld`."
        )
    if twice:
        problems.append(
            f"{where}: {len(twice)} column name(s) stand there more than once: {_quoted(twice)}. "
            "Ask the agency to give each column its own name."
        )
    if problems:
        return None, problems
    width = 1 + max(position for position, name in enumerate(names) if name)
    return (
        Layout(
            width=width,
            columns={ours: names.index(plain(name)) for ours, name in table.columns.items()},
            site=None if table.site_column is None else names.index(plain(table.site_column)),
            unnamed=tuple(position for position in range(width) if not names[position]),
            identifiers={
                reference: {
                    str(identifier): names.index(plain(name))
                    for identifier, name in columns.items()
                }
                for reference, columns in table.identifiers.items()
            },
        ),
        [],
    )


def _no_header(
    where: str, mapping: SourceMapping, table: TableMapping, header: list[str] | None, found: int
) -> str:
    """Say what stands where the column names should."""
    row = table.header_row
    if header is None and row == 1:
        return (
            f"{where}: there are no rows, not even the column names. Ask the agency to send it "
            "again; an extract without cases still has its column names."
        )
    expected = len(expected_columns(table))
    if row == "find":
        place = (
            f"no row among the first {SEARCHED_ROWS} has half of the {expected} expected columns"
        )
    elif header is None:
        place = f"the rows end before row {row}, where the {expected} column names should stand"
    else:
        place = f"no header was found in row {row} ({found} of {expected} expected columns)"
    setting = "`columns`" if row == "find" else "`header_row`"
    return (
        f"{where}: {place}. Correct {setting}"
        f"{' or `delimiter`' if mapping.format == 'csv' else ''} in "
        f"configs/sources/{mapping.key}.yaml, or ask the agency for its usual form."
    )


def row_judge(table: TableMapping, layout: Layout) -> Callable[[list[str]], RowKind]:
    """Return the function that tells what kind a row is.

    ``blank``: no cell is filled. ``summary``: the first filled cell starts with
    one of the mapping's summary words; but a note or offence that happens to
    start so ("Summary offence") does not make a row with all its required
    columns filled a total. ``ragged``: too few cells, or a filled cell under no
    column name: what belongs where is not certain.
    """
    words = "|".join(re.escape(word) for word in table.summary_prefixes)
    # not followed by a letter: "Total: 12" and "Total 12", but not "Totality"
    summary = re.compile(rf"\s*(?:{words})(?![^\W\d_])", re.IGNORECASE) if words else None
    contract = staging_tables()[table.table].columns
    required = [place for name, place in layout.columns.items() if contract[name].required]

    def judge(cells: list[str]) -> RowKind:
        first = next((n for n, cell in enumerate(cells) if cell and not cell.isspace()), None)
        if first is None:
            return "blank"
        if (
            summary
            and summary.match(cells[first])
            and (first in required or not _all_filled(cells, required))
        ):
            return "summary"
        if len(cells) < layout.width:
            return "ragged"
        if len(cells) > layout.width and any(cell.strip() for cell in cells[layout.width :]):
            return "ragged"
        if layout.unnamed and any(cells[place].strip() for place in layout.unnamed):
            return "ragged"
        return "data"

    return judge


def _all_filled(cells: list[str], places: list[int]) -> bool:
    return all(place < len(cells) and cells[place].strip() for place in places)


def _quoted(names: list[str]) -> str:
    return ", ".join(repr(" ".join(name.split())) for name in names)
