"""Receipts: what arrived, for which mapping, for which days, when, and who received it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from datrial.errors import DataError
from datrial.extracts.files import write_into_place
from datrial.extracts.periods import Days

_HASH_DIGITS = 12
_ENDING = ".receipt.json"


@dataclass(frozen=True)
class Receipt:
    """What arrived.

    ``file_name``, ``received_at`` and ``received_by`` tell of the first arrival
    of this content. They take part in no id and in no table: the same content
    under another name, on another day, is the same extract.

    Attributes
    ----------
    mapping
        The mapping file's key (``drive/marac_site_1``).
    site
        The site, or none where the rows tell it.
    part
        Which part of a delivery it is, where the file's name tells (``{part}``).
    stored
        The file's name in ``landing/<source>``.
    covers_start, covers_end
        The days, both included, for which the agency says it sent everything:
        from the file's name, or from the mapping.
    arrival
        1, 2, 3, ... in the order of first arrival in this landing folder. It,
        and no clock, tells which of two extracts came later.
    days_named
        Whether the file's name told the days.
    rows
        Staging table -> rows below the header, blank ones included.
    checked
        Under which reading rules the file was found to be readable.
    """

    mapping: str
    source: str
    site: str | None
    sha256: str
    size: int
    stored: str
    covers_start: dt.date
    covers_end: dt.date
    file_name: str
    received_at: str
    received_by: str
    part: str | None = None
    arrival: int = 0
    days_named: bool = False
    rows: dict[str, int] = field(default_factory=dict)
    checked: str = ""

    @property
    def extract_id(self) -> str:
        """The extract's id: it follows from the mapping's key and the content.

        Where the file's name tells the days, these belong to the id as well:
        two months in which nothing happened have the same content.
        """
        return extract_id(self.mapping, self.sha256, self.days if self.days_named else None)

    @property
    def days(self) -> Days:
        """The days for which the agency says it sent everything."""
        return Days(self.covers_start, self.covers_end)

    def path(self, landing: Path) -> Path:
        """Return where the file lies."""
        return landing / self.source / self.stored


def extract_id(mapping: str, sha256: str, named_days: Days | None) -> str:
    """Return the id of a content under a mapping, for the days that its name tells, if any."""
    digits = sha256
    if named_days is not None:
        text = f"{sha256} {named_days.first} {named_days.last}"
        digits = hashlib.sha256(text.encode()).hexdigest()
    return f"{mapping}@{digits[:_HASH_DIGITS]}"


def receipt_path(landing: Path, receipt: Receipt) -> Path:
    """Return where a receipt lies: beside its file, one for each mapping and run of days."""
    words = [receipt.sha256, receipt.mapping.replace("/", "-")]
    if receipt.days_named:
        words.append(f"{receipt.covers_start}_{receipt.covers_end}")
    return landing / receipt.source / f"{'.'.join(words)}{_ENDING}"


def write_receipt(receipt: Receipt, landing: Path) -> None:
    """Write a receipt beside its file."""
    content = {"extract_id": receipt.extract_id, **asdict(receipt)}
    write_into_place(
        json.dumps(content, indent=2, default=str) + "\n", receipt_path(landing, receipt)
    )


def read_receipt(path: Path) -> Receipt:
    """Read one receipt.

    Raises
    ------
    DataError
        If the file is not a receipt.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        content.pop("extract_id")
        for name in ("covers_start", "covers_end"):
            content[name] = dt.date.fromisoformat(content[name])
        return Receipt(**content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"landing: the receipt {path.name} cannot be read. Move it away and run again: it is "
            "written anew from the incoming file."
        ) from error


def read_receipts(landing: Path) -> list[Receipt]:
    """Return the receipts of everything that ever arrived, in the order of arrival.

    Receipts of earlier versions have no arrival number; they are numbered here
    as :func:`renew_receipts` writes them down.
    """
    found: dict[str, Receipt] = {}
    for path in sorted(landing.glob(f"*/*{_ENDING}"), key=lambda path: (_is_old(path), path)):
        receipt = read_receipt(path)
        found.setdefault(receipt.extract_id, receipt)
    numbered = [receipt for receipt in found.values() if receipt.arrival]
    last = max((receipt.arrival for receipt in numbered), default=0)
    unnumbered = sorted(
        (receipt for receipt in found.values() if not receipt.arrival),
        key=lambda receipt: (receipt.received_at, receipt.extract_id),
    )
    numbered += [replace(r, arrival=last + n) for n, r in enumerate(unnumbered, start=1)]
    return sorted(numbered, key=lambda receipt: receipt.arrival)


def renew_receipts(landing: Path) -> None:
    """Write the receipts of earlier versions as this one does, each with its arrival number.

    To be called by who holds the landing folder's lock, before anything new arrives.
    """
    old = [path for path in landing.glob(f"*/*{_ENDING}") if _is_old(path)]
    if not old:
        return
    for receipt in read_receipts(landing):
        if not receipt_path(landing, receipt).exists():
            write_receipt(receipt, landing)
    for path in old:
        path.unlink(missing_ok=True)


def _is_old(path: Path) -> bool:
    """Whether a receipt is of the form ``<sha256>.receipt.json``."""
    return re.fullmatch(r"[0-9a-f]{64}", path.name.removesuffix(_ENDING)) is not None
