"""Landing: every file that arrived is kept unchanged, with a receipt beside it.

The inbox says what is current; landing remembers what came before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from datrial.config.mapping import SourceMapping
from datrial.errors import DataError
from datrial.extracts.examining import examine, reading_rules
from datrial.extracts.inbox import (
    SIMULATED_MARK,
    Delivery,
    absent,
    deliveries,
    same_content,
    together,
    unread_files,
)
from datrial.extracts.keeping import keep, locked, sweep
from datrial.extracts.receipts import Receipt, read_receipts, renew_receipts
from datrial.extracts.replaced import Extract, Standing, standing

__all__ = [
    "SIMULATED_MARK",
    "Landed",
    "Receipt",
    "expected_extracts",
    "land",
    "landed",
    "unread_files",
]


@dataclass(frozen=True)
class Landed:
    """What is in the landing folder and counts.

    Attributes
    ----------
    current
        The extracts that count, in the order of arrival.
    earlier
        The extracts that stood in their place before: one where a file was
        corrected, several where one file replaced many.
    new
        The ids of the extracts that arrived now.
    """

    current: list[Receipt]
    earlier: list[Receipt]
    new: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return what decides a snapshot, as :func:`expected_extracts` does beforehand."""
        return Standing(
            tuple(_extract(receipt) for receipt in self.current),
            tuple(_extract(receipt) for receipt in self.earlier),
        ).lines()


def expected_extracts(mappings: Iterable[SourceMapping], inbox: Path, landing: Path) -> list[str]:
    """Return what decides a snapshot: which extracts count, which they replaced, in which order.

    Nothing is copied or parsed: this answers "is there anything new?". The
    answer is the same before and after :func:`land`. A missing file is simply
    not in the list; :func:`land` says what is wrong.

    Raises
    ------
    DataError
        If the inbox does not exist, a file cannot be read, or a file's name
        tells of days that do not exist.
    """
    found, _, problems = deliveries(mappings, inbox)
    if problems:
        raise _unusable(problems)
    return _standing(found, read_receipts(landing), landing).lines()


def land(mappings: Iterable[SourceMapping], inbox: Path, landing: Path) -> Landed:
    """Check every file, keep each under its hash, and tell which extracts count.

    Equal content under several names is one extract. A file that was read
    through before under the same rules is not read again. Nothing is kept
    unless every file can be used.

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
    found, every, problems = deliveries(mappings, inbox)
    known = {receipt.extract_id: receipt for receipt in read_receipts(landing)}
    problems = absent(mappings, inbox) + problems
    rows: dict[str, dict[str, int]] = {}
    for delivery in found:
        faults, rows[delivery.id] = _examined(delivery, known.get(delivery.id))
        problems += faults
    problems += same_content(every, {key: sum(counts.values()) for key, counts in rows.items()})
    problems += together(delivery for delivery in found if delivery.id not in known)
    if problems:
        raise _unusable(problems)
    with locked(landing):
        return _keep_all(found, rows, landing)


def landed(landing: Path, current: Iterable[str], earlier: Iterable[str] = ()) -> Landed:
    """Return what was landed before, by extract ids: later stops do not look at the inbox again.

    Raises
    ------
    DataError
        If the landing folder has no receipt of one of them.
    """
    known = {receipt.extract_id: receipt for receipt in read_receipts(landing)}
    ids = (list(dict.fromkeys(current)), list(dict.fromkeys(earlier)))
    lost = sorted({each for each in (*ids[0], *ids[1]) if each not in known})
    if lost:
        raise DataError(
            f"The landing folder has no receipt of {', '.join(lost)}. Run again: what is in the "
            "incoming folder is received anew."
        )
    lists = [sorted((known[each] for each in some), key=lambda r: r.arrival) for some in ids]
    return Landed(lists[0], lists[1])


def _unusable(problems: Sequence[str]) -> DataError:
    return DataError(
        f"The incoming files cannot be used ({len(problems)} problem(s)):\n"
        + "\n".join(f"  - {problem}" for problem in problems)
    )


def _examined(delivery: Delivery, known: Receipt | None) -> tuple[list[str], dict[str, int]]:
    """Read a file through, unless that was done before under the same rules."""
    if known and known.checked == reading_rules(delivery.mapping):
        return [], known.rows
    return examine(delivery.path, delivery.mapping)


def _standing(found: Sequence[Delivery], receipts: Sequence[Receipt], landing: Path) -> Standing:
    """Tell which extracts count; what is new comes after all that arrived before, in its order.

    An earlier extract that was last read under other rules (the agency has
    changed its form since), or whose file has expired and was deleted, can be
    neither loaded nor compared: it is left out.
    """
    arrival = {receipt.extract_id: receipt.arrival for receipt in receipts}
    new = (each for each in found if each.id not in arrival)
    last = max(arrival.values(), default=0)
    arrival |= {each.id: last + place for place, each in enumerate(new, start=1)}
    inbox = [Extract(d.id, d.mapping.key, d.part, d.days, arrival[d.id], d.sha256) for d in found]
    stands = standing(inbox, [_extract(receipt) for receipt in receipts])
    rules = {each.mapping.key: reading_rules(each.mapping) for each in found}
    readable = {each.id for each in found}
    readable |= {
        receipt.extract_id
        for receipt in receipts
        if receipt.checked == rules.get(receipt.mapping) and receipt.path(landing).is_file()
    }
    return replace(stands, earlier=tuple(e for e in stands.earlier if e.id in readable))


def _extract(receipt: Receipt) -> Extract:
    return Extract(
        receipt.extract_id,
        receipt.mapping,
        receipt.part,
        receipt.days,
        receipt.arrival,
        receipt.sha256,
    )


def _keep_all(found: list[Delivery], rows: dict[str, dict[str, int]], landing: Path) -> Landed:
    """Keep what the inbox holds; the caller holds the lock."""
    sweep(landing)
    renew_receipts(landing)
    known = {receipt.extract_id: receipt for receipt in read_receipts(landing)}
    new = [each.id for each in found if each.id not in known]
    last = max((receipt.arrival for receipt in known.values()), default=0)
    for delivery in found:
        earlier = known.get(delivery.id)
        arrival = earlier.arrival if earlier else last + 1 + new.index(delivery.id)
        known[delivery.id] = keep(delivery, rows[delivery.id], arrival, earlier, landing)
    stands = _standing(found, list(known.values()), landing)
    return Landed(
        [known[each.id] for each in stands.current],
        [known[each.id] for each in stands.earlier],
        tuple(new),
    )
