"""Landing: every file that arrived is kept unchanged, with a receipt beside it."""

from __future__ import annotations

import datetime as dt
import getpass
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from datrial.config.mapping import SourceMapping
from datrial.errors import DataError
from datrial.extracts.files import (
    copy_into_place,
    file_hash,
    matching_files,
    visible_files,
)
from datrial.extracts.layout import read_layout
from datrial.extracts.readers import read_rows
from datrial.extracts.receipts import Receipt, read_receipt, receipt_path, write_receipt

__all__ = ["Receipt", "file_problems", "fingerprint", "land", "unread_files"]

#: The file that `datrial simulate` leaves beside the extracts; it is none itself.
SIMULATED_MARK = "SIMULATED"


@dataclass(frozen=True)
class _Arrival:
    """A file in the inbox that a mapping names."""

    mapping: SourceMapping
    path: Path
    sha256: str


def fingerprint(mappings: Iterable[SourceMapping], inbox: Path) -> list[str]:
    """Return ``<mapping key>@<sha256>`` of each distinct file in the inbox, sorted.

    Nothing is copied or parsed: this answers "is there anything new?". A missing
    file is simply not in the list; :func:`land` says what is wrong.

    Raises
    ------
    DataError
        If the inbox does not exist or a file cannot be read.
    """
    return sorted({f"{a.mapping.key}@{a.sha256}" for a in _arrivals(mappings, inbox)})


def unread_files(mappings: Iterable[SourceMapping], inbox: Path) -> list[str]:
    """Return the names of files in the inbox that no mapping names, so that a person can look.

    Raises
    ------
    DataError
        If the inbox does not exist.
    """
    named = {path for mapping in mappings for path in matching_files(mapping, inbox)}
    return sorted(
        path.name
        for path in visible_files(inbox)
        if path not in named and path.name != SIMULATED_MARK
    )


def land(mappings: Iterable[SourceMapping], inbox: Path, landing: Path) -> list[Receipt]:
    """Check every file, keep each under its hash, and return the receipts by extract id.

    Several files of one mapping are several extracts; equal content under
    several names is one. Nothing is kept unless every file can be used.

    Parameters
    ----------
    mappings
        The study's mappings.
    inbox
        The folder with the agencies' files; folders in it are not looked into.
    landing
        The folder in which ``<source>/<sha256>.<ext>`` and its receipt are kept.

    Raises
    ------
    DataError
        With every problem of every file, one sentence a line: what is wrong,
        where, how many, and what to do next.
    """
    mappings = list(mappings)
    arrivals = _arrivals(mappings, inbox)
    problems = _absent(mappings, arrivals) + _in_two_mappings(arrivals)
    distinct = {(a.mapping.key, a.sha256): a for a in reversed(arrivals)}
    ordered = [distinct[key] for key in sorted(distinct)]
    for arrival in ordered:
        problems += file_problems(arrival.path, arrival.mapping)
    if problems:
        raise DataError(
            f"The incoming files cannot be used ({len(problems)} problem(s)):\n"
            + "\n".join(f"  - {problem}" for problem in problems)
        )
    return [_keep(arrival, landing) for arrival in ordered]


def file_problems(path: Path, mapping: SourceMapping) -> list[str]:
    """Return every reason why a file cannot be read as its mapping says, a sentence each."""
    if path.stat().st_size == 0:
        return [f"{path.name}: the file is empty (0 bytes). Ask the agency to send it again."]
    problems = []
    for table in mapping.tables:
        try:
            rows = read_rows(path, mapping, table)
            header = next(rows, None)
            cells = header[1] if header and header[0] == table.header_row else None
            problems += read_layout(path.name, mapping, table, cells)[1]
            for _ in rows:  # to the end: a fault further down is found before anything is kept
                pass
        except DataError as error:
            problems.append(str(error))
    return list(dict.fromkeys(problems))


def _arrivals(mappings: Iterable[SourceMapping], inbox: Path) -> list[_Arrival]:
    return [
        _Arrival(mapping, path, file_hash(path))
        for mapping in mappings
        for path in matching_files(mapping, inbox)
    ]


def _absent(mappings: list[SourceMapping], arrivals: list[_Arrival]) -> list[str]:
    present = {arrival.mapping.key for arrival in arrivals}
    return [
        f"There is no file {mapping.file!r} in the incoming folder ({mapping.source}"
        f"{', ' + mapping.site if mapping.site else ''}). Ask the agency for it, or correct "
        f"`file` in configs/sources/{mapping.key}.yaml."
        for mapping in mappings
        if mapping.key not in present and not mapping.optional
    ]


def _in_two_mappings(arrivals: list[_Arrival]) -> list[str]:
    """Refuse one content under two mappings: a site's rows would count for another site too."""
    by_content: dict[str, list[_Arrival]] = {}
    for arrival in arrivals:
        by_content.setdefault(arrival.sha256, []).append(arrival)
    problems = []
    for same in by_content.values():
        keys = sorted({arrival.mapping.key for arrival in same})
        names = sorted({arrival.path.name for arrival in same})
        if len(keys) > 1 and same[0].path.stat().st_size:
            problems.append(
                f"{', '.join(names)}: the same content is read by {len(keys)} mappings "
                f"({', '.join(keys)}). Ask the agency which one it belongs to, or make the `file` "
                "patterns distinct."
            )
    return problems


def _keep(arrival: _Arrival, landing: Path) -> Receipt:
    """Copy a file to the landing folder, unless it is there, and write its receipt."""
    mapping = arrival.mapping
    folder = landing / mapping.source
    folder.mkdir(parents=True, exist_ok=True)
    receipt_file = receipt_path(landing, mapping.source, arrival.sha256)
    earlier = read_receipt(receipt_file) if receipt_file.exists() else None
    stored = earlier.stored if earlier else arrival.sha256 + arrival.path.suffix.lower()
    kept = folder / stored
    if not kept.exists():
        copy_into_place(arrival.path, kept, arrival.sha256)
    receipt = Receipt(
        mapping=mapping.key,
        source=mapping.source,
        site=mapping.site,
        sha256=arrival.sha256,
        size=arrival.path.stat().st_size,
        stored=stored,
        covers_start=mapping.covers.start,
        covers_end=mapping.covers.end,
        file_name=earlier.file_name if earlier else arrival.path.name,
        received_at=earlier.received_at if earlier else _now(),
        received_by=earlier.received_by if earlier else _operator(),
    )
    if receipt != earlier:
        write_receipt(receipt, landing)
    return receipt


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _operator() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
