"""What the summary says about costs and value for money."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datrial.report.figures_costs import COST, pounds
from datrial.report.numbers import Style
from datrial.report.summary_words import (
    listed,
    lowered,
    not_available,
    published_words,
    with_interval,
)
from datrial.results.read import Run, RunTable

#: As many agencies are named.
_NAMED = 3


def costs(run: Run) -> Iterator[str]:
    """Say what a case costs, who bears it, and what the printed numbers do not bear out."""
    totals, outcomes = run.table("cost_model.totals"), run.table("cost_model.outcomes")
    if outcomes:
        yield from _outcomes(outcomes)
    if totals:
        yield f"{_first_total(totals)} From published quantities and unit costs."
    own = run.table("cost_model.own_totals")
    if own:
        yield _own(own)
    agencies = run.table("cost_model.agencies")
    if agencies:
        yield from _agencies(agencies)
    audit = run.table("cost_model.audit")
    if audit:
        yield _audit(audit)


def _outcomes(entry: RunTable) -> Iterator[str]:
    """Yield the first outcome in full; the others stand in the table."""
    for statistic, style in (("amount", Style.RATIO), ("share", Style.SHARE)):
        for row, label in entry.table.row_labels.items():
            told = with_interval(entry, row, statistic, statistic, style)
            if told:
                yield f"{label}: {told}."
                return


def _first_total(entry: RunTable) -> str:
    row, label = next(iter(entry.table.row_labels.items()))
    return f"{label}: £{with_interval(entry, row, 'estimate', COST, Style.COUNT)}."


def _own(entry: RunTable) -> str:
    row, label = next(iter(entry.table.row_labels.items()))
    told = with_interval(entry, row, "own", COST, Style.COUNT)
    what = f"{label} from the study's own quantities"
    return f"{what}: £{told}." if told else not_available(what, entry, row, "own", COST)


def _agencies(entry: RunTable) -> Iterator[str]:
    """Yield which agencies bear most, and whom the costs concern."""
    found = {
        row: value
        for row in entry.table.row_labels
        if row != "all" and (value := entry.value(row, "all", COST)) is not None
    }
    most = sorted(found, key=lambda row: -found[row])[:_NAMED]
    named = [
        f"{lowered(entry.table.row_labels[row])} ({pounds(found[row])}"
        f"{published_words(entry, row, 'all', COST, Style.COUNT)})"
        for row in most
    ]
    if named:
        yield f"The highest: {listed(named)}."


def _audit(entry: RunTable) -> str:
    rows = list(entry.table.row_labels)
    different = sum(
        1
        for row in rows
        if (cell := entry.cell(row, "recomputed", "amount")) and cell.note == "different"
    )
    if not different:
        return f"All {len(rows)} printed numbers follow from their printed inputs."
    verb = "does" if different == 1 else "do"
    return (
        f"Of {len(rows)} printed numbers {different} {verb} not follow from their printed inputs; "
        "rounding does not explain it. Each has a sentence below the table."
    )


COST_SENTENCES: dict[str, Callable[[Run], Iterator[str]]] = {"cost_model": costs}
