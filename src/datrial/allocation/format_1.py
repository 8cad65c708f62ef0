"""Entries as ledgers held them before they had kinds: allocations only. Never to be changed.

A ledger that was begun then keeps these rows and their hashes for good; what came
after stands in the table ``record`` (:mod:`datrial.allocation.rows`), in the same chain.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

#: The columns of an entry, in order; each but the last goes into the hash.
COLUMNS = (
    "sequence", "study", "person_id", "site", "meeting_date", "arm", "stratum", "scheme",
    "scheme_version", "library", "bit_generator", "list_sha256", "key_fingerprint",
    "allocated_on", "recorded_at", "operator", "previous_hash", "hash",
)  # fmt: skip

#: Those that the body of a record holds today.
BODY = (
    "site", "meeting_date", "arm", "stratum", "scheme", "scheme_version", "library",
    "bit_generator", "list_sha256", "key_fingerprint", "allocated_on",
)  # fmt: skip

SELECT = f"select {', '.join(COLUMNS)} from entry"  # noqa: S608 (names are ours)


def row_hash(row: Iterable[object]) -> str:
    """Return the SHA-256 of a row's canonical JSON: every column but ``hash`` itself.

    Raises
    ------
    TypeError
        If a value is neither text, whole number nor none, as only a damaged file has it.
    """
    fields = dict(zip(COLUMNS, row, strict=False))
    fields.pop("hash", None)
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
