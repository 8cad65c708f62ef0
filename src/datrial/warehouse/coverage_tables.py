"""For which days each agency sent its data: runs of days, and months, by source and site."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datrial.config.mapping import SourceMapping

_DAY = dt.timedelta(days=1)
#: A run of days, both ends included.
Span = tuple[dt.date, dt.date]
#: Runs of days by source and site.
Spans = dict[tuple[str, str], list[Span]]


class Received(Protocol):
    """What coverage needs to know of an extract (a receipt has it)."""

    @property
    def extract_id(self) -> str:
        """Return its id."""

    @property
    def mapping(self) -> str:
        """Return its mapping's key."""

    @property
    def covers_start(self) -> dt.date:
        """Return the first day that it covers."""

    @property
    def covers_end(self) -> dt.date:
        """Return the last day that it covers."""


def coverage_spans(mappings: Iterable[SourceMapping], receipts: Iterable[Received]) -> Spans:
    """Return the days for which data were received, as few and as long runs as there are.

    They are the days of the extracts that count, without the months that the
    agency says are missing (``not_received``). A file of several sites covers
    each of them. A source that sent nothing has no run.
    """
    days: Spans = {}
    of_mapping: dict[str, list[Span]] = {}
    for receipt in receipts:
        of_mapping.setdefault(receipt.mapping, []).append(
            (receipt.covers_start, receipt.covers_end)
        )
    for mapping in mappings:
        missing = [_month_days(dt.date.fromisoformat(f"{m}-01")) for m in mapping.not_received]
        received = [
            part for span in of_mapping.get(mapping.key, []) for part in _without(span, missing)
        ]
        for site in mapping.sites:
            days.setdefault((mapping.source, site), []).extend(received)
    return {key: joined(spans) for key, spans in sorted(days.items())}


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return runs of days as the longest runs that they make together, in order."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + _DAY:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def coverage_months(
    spans: Spans, receipts: Iterable[Received]
) -> list[tuple[str, str, dt.date, int, int, str]]:
    """Return (source, site, month, its days, days received, state) of every month.

    The months are those from the first to the last day of any extract, for
    every source: one that sent nothing has months that were not received.
    """
    days = [(receipt.covers_start, receipt.covers_end) for receipt in receipts]
    if not days:
        return []
    months = list(_months(min(first for first, _ in days), max(last for _, last in days)))
    rows = []
    for (source, site), runs in spans.items():
        for month in months:
            first, last = _month_days(month)
            length = (last - first).days + 1
            received = sum(
                max(0, (min(last, until) - max(first, since)).days + 1) for since, until in runs
            )
            state = "received" if received == length else "part" if received else "not_received"
            rows.append((source, site, month, length, received, state))
    return rows


def _without(span: Span, missing: Iterable[Span]) -> list[Span]:
    """Return what is left of a run of days when others are taken out."""
    left = [span]
    for first, last in missing:
        left = [
            piece
            for since, until in left
            for piece in ((since, min(until, first - _DAY)), (max(since, last + _DAY), until))
            if piece[0] <= piece[1]
        ]
    return left


def _month_days(month: dt.date) -> Span:
    return month, month.replace(day=calendar.monthrange(month.year, month.month)[1])


def _months(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """Yield the first day of every month from one day to another."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = _month_days(month)[1] + _DAY
