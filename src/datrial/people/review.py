"""Clerical review: pairs that a person should look at, with both sides' names.

The file that :func:`write_review` makes is the only one with names that datrial
writes. It is for one person to read and to delete, so only its owner can read it
and it may not lie where data are kept, backed up or shared. What comes back are
decisions about pairs of pseudonyms.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from datrial.config.project import home, project_root
from datrial.errors import DataError, UsageError
from datrial.people.decisions import ANSWERS
from datrial.people.linkage import Decision, Links
from datrial.people.records import FIELDS

if TYPE_CHECKING:
    import pandas as pd

NOTE = (
    "# This file holds names of people. Keep it on an encrypted disk, send it to nobody, and "
    "delete it when the decisions have been read. Write same, different or unsure under decision."
)
_PAIR = ["of", "left_id", "right_id", "match_weight"]
_COLUMNS = [
    *_PAIR,
    *(f"{side}_{field}" for field in FIELDS for side in ("left", "right")),
    "decision",
]


def to_review(links: Links, merged: Collection[str] = ()) -> pd.DataFrame:
    """Return the pairs to look at that nobody decided yet, the most doubtful first.

    These are the links, however strong, that make one person of several who were
    allocated; then the pairs in the review band. Doubtful is what lies near the cut.

    Parameters
    ----------
    merged
        The references of whoever was allocated under several.
    """
    pairs, settings = links.pairs, links.settings
    inside = pairs["match_weight"].between(settings.review_from, settings.review_to)
    makes_one = (
        pairs["left_id"].isin(merged)
        & pairs["right_id"].isin(merged)
        & (pairs["match_weight"] >= settings.match_weight)
    )
    chosen = pairs[(inside | makes_one) & pairs["decision"].isin(["", "unsure"])]
    distance = (chosen["match_weight"] - settings.match_weight).abs()
    order = chosen.assign(later=~makes_one[chosen.index], distance=distance).sort_values(
        ["later", "distance", "of", "left_id", "right_id"], kind="stable"
    )
    return order.drop(columns=["later", "distance"]).reset_index(drop=True)


def write_review(
    path: Path, links: Links, identifiers: pd.DataFrame, merged: Collection[str] = ()
) -> int:
    """Write the pairs to review as CSV, with an empty column ``decision``.

    Parameters
    ----------
    path
        A new file, outside the data folder and the project.
    identifiers
        As :func:`datrial.people.identifiers.read_identifiers` gives them.
    merged
        See :func:`to_review`.

    Returns
    -------
    int
        The number of pairs.

    Raises
    ------
    UsageError
        If the file exists, its folder does not, or it lies in the data folder or
        the project's folder.
    """
    target = path.absolute().parent.resolve() / path.name
    for folder, what in ((home(), "data folder"), (project_root(), "project's folder")):
        if target.is_relative_to(folder.resolve()):
            raise UsageError(
                f"{path.name}: the review file holds names and may not lie in the {what}. Name a "
                "place that is neither backed up nor shared."
            )
    if not target.parent.is_dir():
        raise UsageError(f"{path.name}: there is no such folder. Create it first.")
    if target.exists():
        raise UsageError(
            f"{path.name} exists, perhaps with decisions in it. Read it, or name another file."
        )
    pairs = to_review(links, merged)
    _write_privately(target, _text(pairs, identifiers))
    return len(pairs)


def _text(pairs: pd.DataFrame, identifiers: pd.DataFrame) -> str:
    known = _known(identifiers)
    text = io.StringIO()
    text.write(NOTE + "\r\n")
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for of, left, right, weight, decision in pairs.itertuples(index=False, name=None):
        sides = [
            " / ".join(known.get((of, reference, field), ()))
            for field in FIELDS
            for reference in (left, right)
        ]
        writer.writerow([of, left, right, f"{weight:.1f}", *sides, decision])
    return text.getvalue()


def _known(identifiers: pd.DataFrame) -> dict[tuple[str, str, str], list[str]]:
    """Return all that the agencies wrote of each reference, by field."""
    known: dict[tuple[str, str, str], set[str]] = {}
    columns = [identifiers[name] for name in ("of", "reference_id", *FIELDS)]
    for of, reference, *values in zip(*columns, strict=True):
        for field, value in zip(FIELDS, values, strict=True):
            if isinstance(value, str):
                known.setdefault((of, reference, field), set()).add(value)
    return {key: sorted(values) for key, values in known.items()}


def _write_privately(target: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        # With a byte order mark: a spreadsheet program then reads the names as they are.
        with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as writing:
            writing.write(text)
            writing.flush()
            os.fsync(writing.fileno())
        temporary.replace(target)
    except OSError as error:
        raise UsageError(
            f"{target.name}: the file cannot be written ({error.strerror})."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def read_review(path: Path) -> dict[tuple[str, str, str], Decision]:
    """Return the decisions of a review file; lines without one are passed over.

    The file may have been saved by a spreadsheet program: with semicolons, in
    CP1252, with the columns in another order, or without those that hold names.

    Raises
    ------
    DataError
        If it is not a review file, a decision is none of same, different and
        unsure, or a pair has two decisions. The message names the lines.
    """
    rows = _rows(path)
    header: list[str] = []
    made: dict[tuple[str, str, str], Decision] = {}
    wrong, twice = [], []
    for number, cells in rows:
        if not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#"):
            continue
        if not header:
            header = [cell.strip().lower() for cell in cells]
            needed = ["of", "left_id", "right_id", "decision"]
            if not set(needed) <= set(header):
                raise DataError(f"{path.name}: line {number} lacks the columns of a review file.")
            places = [header.index(name) for name in needed]
            continue
        of, left, right, answer = (
            cells[place].strip() if place < len(cells) else "" for place in places
        )
        if not answer:
            continue
        if answer.lower() not in ANSWERS or not (of and left and right and left != right):
            wrong.append(number)
            continue
        pair = (of, min(left, right), max(left, right))
        decision = cast(Decision, answer.lower())
        if made.setdefault(pair, decision) != decision:
            twice.append(number)
    problems = []
    if not header:
        problems.append("it is not a review file")
    if wrong:
        problems.append(f"no decision that is known on line(s) {_numbers(wrong)}")
    if twice:
        problems.append(f"a second, other decision of a pair on line(s) {_numbers(twice)}")
    if problems:
        raise DataError(
            f"{path.name}: {'; '.join(problems)}. A decision is {', '.join(ANSWERS)} or empty. "
            "Nothing was read."
        )
    return made


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return (line, cells) of a CSV file with commas, semicolons or tabs."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name}: the file cannot be read ({error.strerror}).") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    header = next((line for line in text.splitlines() if "left_id" in line.lower()), "")
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[tuple[int, Any]] = []
    line = 0
    try:
        for cells in reader:
            rows.append((line + 1, cells))
            line = reader.line_num
    except csv.Error:
        raise DataError(f"{path.name}: line {line + 1} cannot be read as CSV.") from None
    return [(number, cells) for number, cells in rows if cells]


def _numbers(lines: list[int]) -> str:
    shown = ", ".join(map(str, lines[:10]))
    return shown if len(lines) <= 10 else f"{shown} and {len(lines) - 10} more"
