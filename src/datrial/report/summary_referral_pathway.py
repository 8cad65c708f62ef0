"""What the summary says about referrals: how many, of how many people, and how far they went."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datrial.report.absent import hidden_number, is_hidden
from datrial.report.numbers import Style, write_number
from datrial.report.summary_words import (
    listed,
    lowered,
    not_available,
    published_words,
    share_words,
)
from datrial.results.read import Run, RunTable

_ENDS = ("completed", "stopped", "never_engaged", "not_taken_on", "open")


def _pathway(run: Run) -> Iterator[str]:
    """Say for each cohort how many were referred, how that ended, and who was referred on."""
    counted, ends = (run.table(f"referral_pathway.{name}") for name in ("counts", "outcomes"))
    if counted is None or ends is None:
        return
    for arm, label in counted.table.column_labels.items():
        before = f"{label}: " if len(counted.table.column_labels) > 1 else ""
        if counted.value("referrals", arm, "count") is None:
            yield not_available(f"{before}The number of referrals", counted, "referrals", arm,
                                "count")  # fmt: skip
        else:
            referrals, people = (_number(counted, row, arm) for row in ("referrals", "persons"))
            yield f"{before}Referrals: {referrals}; people referred: {people}."
        told = [
            f"{lowered(ends.table.row_labels[row])} {_with_share(ends, row, arm)}"
            for row in _ENDS
            if _is_told(ends, row, arm)
        ]
        if told:
            yield f"{before}How they ended: {'; '.join(told)}."
        yield from _onward(run.table("referral_pathway.onward"), arm, before)


def _onward(entry: RunTable | None, arm: str, before: str) -> Iterator[str]:
    if entry is None or not _is_told(entry, "any", arm):
        return
    kinds = [
        f"{label.partition(': ')[2]} {_number(entry, row, arm)}"
        for row, label in entry.table.row_labels.items()
        if row.startswith("of_any__") and _is_told(entry, row, arm)
    ]
    parts = f": {listed(kinds)}" if len(kinds) > 1 else ""
    number = _with_share(entry, "any", arm)
    yield f"{before}Of those who completed, {number} were referred on to a programme{parts}."


def _is_told(entry: RunTable, row: str, arm: str) -> bool:
    """Tell whether a number is there and is not zero, or is hidden."""
    cell = entry.cell(row, arm, "count")
    return cell is not None and (bool(cell.value) or is_hidden(cell))


def _number(entry: RunTable, row: str, arm: str) -> str:
    value = entry.value(row, arm, "count")
    if value is None:
        return hidden_number("number")
    beside = published_words(entry, row, arm, "count", Style.COUNT, " (", ")")
    return f"{write_number(value, Style.COUNT)}{beside}"


def _with_share(entry: RunTable, row: str, arm: str) -> str:
    number = _number(entry, row, arm)
    if entry.value(row, arm, "count") is None or entry.value(row, arm, "share") is None:
        return number
    return f"{number}, {share_words(entry, row, arm, 'share')}"


REFERRAL_SENTENCES: dict[str, Callable[[Run], Iterator[str]]] = {"referral_pathway": _pathway}
