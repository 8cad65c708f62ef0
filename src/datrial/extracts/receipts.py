"""Receipts: what arrived, for which mapping, when, and by whom it was received."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from datrial.errors import DataError
from datrial.extracts.files import write_into_place

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
    stored
        The file's name in ``landing/<source>``.
    covers_start, covers_end
        The days, both included, for which the agency says it sent everything.
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

    @property
    def extract_id(self) -> str:
        """The extract's id: it follows from the mapping's key and the content alone."""
        return f"{self.mapping}@{self.sha256[:_HASH_DIGITS]}"

    def path(self, landing: Path) -> Path:
        """Return where the file lies."""
        return landing / self.source / self.stored


def receipt_path(landing: Path, source: str, sha256: str) -> Path:
    """Return where the receipt of a content lies."""
    return landing / source / f"{sha256}{_ENDING}"


def write_receipt(receipt: Receipt, landing: Path) -> None:
    """Write a receipt beside its file."""
    content = {"extract_id": receipt.extract_id, **asdict(receipt)}
    path = receipt_path(landing, receipt.source, receipt.sha256)
    write_into_place(json.dumps(content, indent=2, default=str) + "\n", path)


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
    """Return the receipts of everything that ever arrived, by extract id."""
    receipts = [read_receipt(path) for path in landing.glob(f"*/*{_ENDING}")]
    return sorted(receipts, key=lambda receipt: receipt.extract_id)
