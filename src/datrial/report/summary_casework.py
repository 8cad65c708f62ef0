"""What the summary says about case managers' work and the behaviour that they recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datrial.analyses.levels import BEHAVIOURS
from datrial.report.absent import HIDDEN, is_hidden
from datrial.report.numbers import Style
from datrial.report.summary_words import (
    listed,
    lowered,
    not_available,
    published_words,
    share_words,
)
from datrial.results.read import Run, RunTable


def _work(run: Run) -> Iterator[str]:
    entry = run.table("interventions.work")
    if entry is None:
        return
    counts = [entry.value(row, "actions", "count") for row in ("indirect", "direct")]
    known = [count for count in counts if count is not None]
    if len(known) < len(counts):
        what = "The number of actions of case managers"
        missing = "indirect" if counts[0] is None else "direct"
        yield not_available(what, entry, missing, "actions", "count")
        return
    shares = [share_words(entry, row, "actions", "share") for row in ("indirect", "direct")]
    yield (
        f"Case managers recorded {sum(known):,.0f} actions: {shares[0]} indirect work with other "
        f"agencies, {shares[1]} direct work with the service user."
    )
    had = [f"{words} with {_people(entry, row)}" for row, words in (
        ("direct", "any direct work"), ("behaviour_change", "behaviour-change work"))]  # fmt: skip
    yield f"They recorded {listed(had)} of the service users."
    yield from _duration(run)


def _people(entry: RunTable, row: str) -> str:
    """Return ``64.8% (330 people; published 65%)``."""
    share = share_words(entry, row, "people", "share")
    count = entry.value(row, "people", "count")
    if count is None or entry.value(row, "people", "share") is None:
        return share
    beside = published_words(entry, row, "people", "share", Style.SHARE)
    beside = beside or published_words(entry, row, "people", "count", Style.COUNT)
    return f"{share} ({count:,.0f} people{beside})"


def _duration(run: Run) -> Iterator[str]:
    entry = run.table("interventions.duration")
    cell = entry.cell("months", "all", "mean") if entry else None
    if entry is None or cell is None:
        return
    if cell.value is None:
        yield not_available("How long cases lasted", entry, "months", "all", "mean")
        return
    median = entry.value("months", "all", "median")
    half = f" (half of them up to {median:.1f})" if median is not None else ""
    closed = f"{cell.n:,} closed cases" if cell.n else "closed cases"
    yield f"The {closed} lasted {cell.value:.1f} months on average{half}."


def _recorded(run: Run) -> Iterator[str]:
    """Say how many had each behaviour, who improved, and what IDVAs recorded of the same."""
    severity, change = run.table("behaviours.severity"), run.table("behaviours.change")
    both = run.table("behaviours.both_sources")
    if severity:
        yield _by_behaviour(
            severity,
            "Of service users, case managers recorded any severity for: ",
            {"at intake": ("{}__intake", "any"), "at case closure": ("{}__closure", "any")},
        )
    if change:
        yield _by_behaviour(
            change,
            "Of those with high severity at intake, these had less at case closure: ",
            {"": ("{}__closure__high", "reduced")},
        )
    if both:
        yield _by_behaviour(
            both,
            "Of those of whom case manager and IDVA both know, any severity at intake: ",
            {
                "by case managers": ("{}__intake", "case_manager_pairs"),
                "by IDVAs": ("{}__intake", "idva_pairs"),
            },
        )


def _by_behaviour(entry: RunTable, start: str, places: dict[str, tuple[str, str]]) -> str:
    """Return a sentence of the shares of every behaviour, or why there are none.

    Parameters
    ----------
    places
        Words after a share -> its row, in which the behaviour is left open, and column.
    """
    parts = []
    for behaviour, label in BEHAVIOURS.items():
        shares = []
        for words, (row, column) in places.items():
            at = (row.format(behaviour), column, "share")
            cell = entry.cell(*at)
            if cell is None:
                continue
            of = f" of {cell.n:,}" if cell.n and cell.value is not None else ""
            beside = published_words(entry, *at, Style.SHARE, " (", ")")
            shares.append(f"{share_words(entry, *at)}{of}{beside} {words}".rstrip())
        if shares:
            parts.append(f"{lowered(label)} {listed(shares)}")
    row, column = next(iter(places.values()))
    first = entry.cell(row.format(next(iter(BEHAVIOURS))), column, "share")
    if all(cell.value is None for cell in entry.table.cells if cell.statistic == "share"):
        what = f"The shares of {lowered(entry.table.title)}"
        if any(is_hidden(c) for c in entry.table.cells if c.statistic == "share"):
            return f"{what} are {HIDDEN} [c]."
        why = f" ({first.note})" if first and first.note else ""
        return f"{what} are not available{why}."
    return f"{start}{'; '.join(parts)}."


CASEWORK_SENTENCES: dict[str, Callable[[Run], Iterator[str]]] = {
    "interventions": _work,
    "behaviours": _recorded,
}
