"""A corrected version of a CSV extract, as agencies send it: some rows new, changed, or gone."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datrial.errors import UsageError
from datrial.simulate.randomness import generator
from datrial.simulate.writers import write_file


@dataclass(frozen=True)
class Correction:
    """Which rows of the earlier file were touched, counted from 0 below the header."""

    added: tuple[int, ...]
    changed: tuple[int, ...]
    gone: tuple[int, ...]


def write_correction(
    earlier: Path,
    out: Path,
    *,
    seed: int,
    key: str,
    column: str,
    text: str,
    added: int = 0,
    changed: int = 0,
    gone: int = 0,
    encoding: str = "utf-8",
    delimiter: str = ",",
) -> Correction:
    """Write a corrected version of a simulated CSV file.

    The rows are drawn among full ones whose key stands in the file once; blank
    rows, duplicates, summary lines and the order of all other rows stay. A row
    that is added is a copy of another with a key of its own, right behind it.

    Parameters
    ----------
    key
        The agency's column that tells rows apart (an incident's number).
    column, text
        What stands in the rows that change, in which of the agency's columns.
        Rows that have it already are not drawn.

    Returns
    -------
    The rows: those that were copied to be added, those changed, those gone.

    Raises
    ------
    UsageError
        If the file lacks the columns, or has too few rows.
    """
    header, *rows = csv.reader(
        io.StringIO(earlier.read_text(encoding=encoding), newline=""), delimiter=delimiter
    )
    if key not in header or column not in header:
        raise UsageError(f"{earlier.name}: has no columns {key!r} and {column!r}.")
    at, there = header.index(key), header.index(column)
    keys = [row[at].strip().upper() if len(row) == len(header) else "" for row in rows]
    often = Counter(keys)
    usable = np.array(
        [
            bool(own) and often[own] == 1 and all(row) and row[there] != text
            for own, row in zip(keys, rows, strict=True)
        ]
    )
    drawn = np.flatnonzero(usable)
    if len(drawn) < added + changed + gone:
        raise UsageError(f"{earlier.name}: has {len(drawn)} rows that can be corrected, too few.")
    drawn = generator(seed, "correction", earlier.name).permutation(drawn)
    copied, to_change, left_out = np.split(
        drawn[: added + changed + gone], [added, added + changed]
    )
    for row in to_change:
        rows[row][there] = text
    written = [header]
    for number, row in enumerate(rows):
        if number not in left_out:
            written.append(row)
        if number in copied:
            written.append([*row[:at], f"{row[at].strip()}-A", *row[at + 1 :]])
    target = io.StringIO()
    csv.writer(target, delimiter=delimiter, lineterminator="\r\n").writerows(written)
    write_file(out, target.getvalue().encode(encoding))
    return Correction(*(tuple(sorted(part.tolist())) for part in (copied, to_change, left_out)))
