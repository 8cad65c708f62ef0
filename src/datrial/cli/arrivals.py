"""What has arrived, and what has become of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datrial.config.study import Study


def arrivals(home: Path, study: Study) -> list[dict[str, Any]]:
    """Return a line for each file that ever arrived for a study, in the order of arrival.

    Returns
    -------
    list of dict
        The receipt's fields for people, ``rows`` (of all its tables together; none
        if they were not counted) and ``state``: ``current`` (in the current
        snapshot), ``replaced`` (kept in it as the delivery before), ``not in use``
        (in neither), or ``deleted`` (expired; the receipt is left).
    """
    from datrial.extracts.receipts import read_receipts

    landing = home / "landing"
    if not landing.is_dir():
        return []
    current, earlier = _extracts_in_use(home, study.study)
    listed = []
    for receipt in sorted(
        read_receipts(landing), key=lambda one: (one.received_at, one.arrival, one.extract_id)
    ):
        if receipt.mapping not in study.sources:
            continue
        in_use = "replaced" if receipt.extract_id in earlier else "not in use"
        state = "current" if receipt.extract_id in current else in_use
        listed.append(
            {
                "extract_id": receipt.extract_id,
                "file_name": receipt.file_name,
                "covers_start": receipt.covers_start,
                "covers_end": receipt.covers_end,
                "rows": sum(receipt.rows.values()) if receipt.rows else None,
                "received_at": receipt.received_at,
                "received_by": receipt.received_by,
                "state": state if receipt.path(landing).is_file() else "deleted",
            }
        )
    return listed


def _extracts_in_use(home: Path, study: str) -> tuple[set[str], set[str]]:
    """Return the extracts that the current snapshot was made from, and those they replaced."""
    from datrial.pipeline.retention import extracts_of
    from datrial.warehouse.snapshots import SnapshotStore

    store = SnapshotStore(home, study)
    current = store.current()
    if current is None:
        return set(), set()
    return extracts_of(store.path(current)) or (set(), set())
