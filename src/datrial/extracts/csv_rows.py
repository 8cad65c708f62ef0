"""Read a CSV file as batches of rows of text, each row with the line on which it starts.

The rows come in small batches: what is done once for a batch and not for every row
makes a file of 10 million rows a matter of seconds.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from datrial.config.mapping import SourceMapping
from datrial.errors import DataError

if TYPE_CHECKING:
    from _csv import Reader

#: The rows' numbers, and each row's cells.
Batch = tuple[Sequence[int], list[list[str]]]

_ROWS = 1_000  # more of them at a time are slower: they no longer fit into the processor's cache
_LONGEST_CELL = 10_000_000  # characters: a long note is no reason to refuse a file
_LINE_END = re.compile(r"\r\n|\r|\n")


def csv_batches(path: Path, mapping: SourceMapping) -> Iterator[Batch]:
    """Yield every record of a CSV file, from its first line on.

    Parameters
    ----------
    path, mapping
        The file, its encoding, delimiter and quotation mark.

    Raises
    ------
    DataError
        If it is not text of its encoding, or a quotation mark is not closed.
    """
    line = 0
    with _faults_named(path, mapping), _opened(path, mapping) as file:
        reader = _reader(file, mapping)
        while rows := list(islice(reader, _ROWS)):
            last = reader.line_num
            yield _numbers(rows, line, last), rows
            line = last


def count_records(path: Path, mapping: SourceMapping) -> int:
    """Read a CSV file to its end and return its records, those above the header included.

    A line without quotation marks that starts a record is one, and need not be
    taken apart; the others are read as :func:`csv_batches` reads them.

    Raises
    ------
    DataError
        If it is not text of its encoding, or a quotation mark is not closed.
    """
    plain, is_within = 0, False

    def lines_with_marks(file: TextIO) -> Iterator[str]:
        nonlocal plain, is_within
        for line in file:
            if is_within or mapping.quote in line:
                is_within = True
                yield line
            else:
                plain += 1

    others = 0
    with _faults_named(path, mapping), _opened(path, mapping) as file:
        for _ in _reader(lines_with_marks(file), mapping):
            is_within = False
            others += 1
    return plain + others


@contextmanager
def _faults_named(path: Path, mapping: SourceMapping) -> Iterator[None]:
    """Say of a fault in a file on which line it stands; never what stands there."""
    try:
        yield
    except UnicodeError as error:
        raise DataError(
            f"{path.name}: line {_undecodable_line(path, mapping)} is not {mapping.encoding} text. "
            f"Correct `encoding` in configs/sources/{mapping.key}.yaml, or ask the agency for the "
            f"file in {mapping.encoding}."
        ) from error
    except LookupError as error:
        raise DataError(
            f"configs/sources/{mapping.key}.yaml: there is no encoding {mapping.encoding!r}."
        ) from error
    except csv.Error as error:
        raise DataError(
            f"{path.name}: the quotation marks do not match in the row that starts on line "
            f"{_unreadable_line(path, mapping)}. Ask the agency to export the file again, or "
            "correct that row."
        ) from error
    except OSError as error:
        raise DataError(f"{path.name}: the file cannot be read ({error.strerror}).") from error


def _reader(lines: Iterable[str], mapping: SourceMapping) -> Reader:
    csv.field_size_limit(_LONGEST_CELL)
    # strict: a quotation mark that is never closed would otherwise swallow all
    # the following rows into one cell without a word.
    return csv.reader(lines, delimiter=mapping.delimiter, quotechar=mapping.quote, strict=True)


def _numbers(rows: list[list[str]], before: int, last: int) -> Sequence[int]:
    """Return the line on which each row starts, given the last lines before and in the batch."""
    if last - before == len(rows):
        return range(before + 1, last + 1)
    numbers = []
    line = before + 1
    for cells in rows:
        numbers.append(line)
        line += 1 + sum(len(_LINE_END.findall(cell)) for cell in cells)
    return numbers


def _opened(path: Path, mapping: SourceMapping) -> TextIO:
    """Open a file behind its byte order mark, if it has one."""
    name = mapping.encoding.lower().replace("_", "-")
    encoding = "utf-8-sig" if name in ("utf-8", "utf8") else mapping.encoding
    file = path.open(encoding=encoding, newline="")
    # Python takes the mark for text where the encoding says in which order the bytes stand.
    if name.startswith(("utf-16-", "utf-32-")):
        try:
            if file.read(1) != "\ufeff":
                file.seek(0)
        except BaseException:
            file.close()
            raise
    return file


def _undecodable_line(path: Path, mapping: SourceMapping) -> int:
    """Return the first line that the encoding cannot read."""
    try:
        with _opened(path, mapping) as file:
            file.reconfigure(errors="replace")  # type: ignore[attr-defined]
            return next((n for n, text in enumerate(file, start=1) if "\ufffd" in text), 1)
    except (UnicodeError, OSError):  # UTF-16 without its byte order mark
        return 1


def _unreadable_line(path: Path, mapping: SourceMapping) -> int:
    """Return the line on which the row starts that cannot be read as CSV."""
    line = 0
    with _opened(path, mapping) as file:
        reader = _reader(file, mapping)
        try:
            for _ in reader:
                line = reader.line_num
        except csv.Error:
            pass
    return line + 1
