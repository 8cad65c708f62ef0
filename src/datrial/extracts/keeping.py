"""Write into the landing folder: one process at a time, first the file, then its receipt."""

from __future__ import annotations

import datetime as dt
import fcntl
import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from datrial.extracts.examining import reading_rules
from datrial.extracts.files import copy_into_place
from datrial.extracts.inbox import Delivery
from datrial.extracts.receipts import Receipt, write_receipt


@contextmanager
def locked(landing: Path) -> Iterator[None]:
    """Hold the landing folder alone, so that no two arrivals have one number.

    The system lets the lock go when its process ends, however it ends.
    """
    landing.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(landing / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def sweep(landing: Path) -> None:
    """Remove the unfinished files of a landing that was killed; the caller holds the lock."""
    for path in landing.glob("*/.*.part"):
        path.unlink(missing_ok=True)


def keep(
    delivery: Delivery, rows: dict[str, int], arrival: int, earlier: Receipt | None, landing: Path
) -> Receipt:
    """Copy a file to the landing folder, unless it is there, and then write its receipt."""
    mapping = delivery.mapping
    folder = landing / mapping.source
    folder.mkdir(exist_ok=True)
    stored = earlier.stored if earlier else _stored(delivery, folder)
    if not (folder / stored).exists():
        copy_into_place(delivery.path, folder / stored, delivery.sha256)
    receipt = Receipt(
        mapping=mapping.key,
        source=mapping.source,
        site=mapping.site,
        sha256=delivery.sha256,
        size=delivery.path.stat().st_size,
        stored=stored,
        covers_start=delivery.days.first,
        covers_end=delivery.days.last,
        file_name=delivery.path.name,
        received_at=_now(),
        received_by=_operator(),
        part=delivery.part,
        arrival=arrival,
        days_named=mapping.period_in_name,
        rows=rows,
        checked=reading_rules(mapping),
    )
    if earlier:
        receipt = replace(
            receipt,
            file_name=earlier.file_name,
            received_at=earlier.received_at,
            received_by=earlier.received_by,
        )
    if receipt != earlier:
        write_receipt(receipt, landing)
    return receipt


def _stored(delivery: Delivery, folder: Path) -> str:
    """Return the name under which a content is kept: one file, however many receipts."""
    kept = sorted(folder.glob(f"{delivery.sha256}.*"))
    names = [path.name for path in kept if not path.name.endswith(".receipt.json")]
    return names[0] if names else delivery.sha256 + delivery.path.suffix.lower()


def _operator() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
