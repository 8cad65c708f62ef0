"""What the summary says about clients' outcomes: their Stars, and how practitioners rated them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datrial.report.numbers import Style, write_number
from datrial.report.summary_words import (
    listed,
    lowered,
    not_available,
    of_whom,
    published_words,
    with_interval,
)
from datrial.results.read import Run, RunTable

_TOTAL = "__total"
_AVERAGE = "__average"
_DIFFERENCE = "difference"


def _stars(run: Run) -> Iterator[str]:
    """Say by how much totals changed, who became better, and how many had one reading only."""
    ratios, better, read = (
        run.table(f"outcome_stars.{name}") for name in ("ratios", "improved", "readings")
    )
    if ratios is None or better is None or read is None:
        return
    arms = _arms(ratios)
    for row, label in ratios.table.row_labels.items():
        if not row.endswith(_TOTAL):
            continue
        key, star = row.removesuffix(_TOTAL), label.removesuffix(": Total")
        for arm, of in arms.items():
            about = f"{star}{of}"
            at, after = (row, arm, "ratio_of_means"), " times that of the first"
            ratio = with_interval(ratios, *at, Style.RATIO, after)
            if not ratio:
                yield f"{about}: {not_available('the change', ratios, *at)}"
                continue
            yield (
                f"{about}: the mean total of the last reading is {ratio}, of "
                f"{of_whom(ratios, *at):,} clients with both."
            )
            yield f"{about}: {_who(better, f'{key}__improved', arm, 'became better')}"
            yield f"{about}: {_who(read, f'{key}__one_only', arm, 'had one reading only')}"
    yield (
        "These are changes of those who stayed for a second reading, of whom some would have "
        "changed without the support, too."
    )


def _ratings(run: Run) -> Iterator[str]:
    """Say in which share of cases practitioners saw an improvement, by area."""
    table = run.table("outcome_ratings.improved")
    if table is None:
        return
    missing: dict[str, list[str]] = {}
    for row, label in table.table.row_labels.items():
        if not row.endswith(_AVERAGE):
            continue
        area = label.removesuffix(", on average")
        for arm, of in _arms(table).items():
            if table.value(row, arm, "share") is None:
                said = not_available("", table, row, arm, "share").removeprefix(" is ")
                missing.setdefault(said.removesuffix("."), []).append(f"{lowered(area)}{of}")
                continue
            yield f"{area}{of}: {_who(table, row, arm, 'improved on average')}"
        if table.value(row, _DIFFERENCE, "share_difference") is not None:
            apart = with_interval(table, row, _DIFFERENCE, "share_difference", Style.SHARE)
            words = table.table.column_labels[_DIFFERENCE]
            yield f"{area}, {words}: {apart}; the cohorts were not drawn by chance."
    for reason, areas in missing.items():
        yield f"The share of cases improved is {reason} for {listed(areas)}."
    yield (
        "Practitioners rated the outcomes of their own cases once, at the end, and only few cases "
        "have a rating: see the table of cases."
    )


def _arms(entry: RunTable) -> dict[str, str]:
    """Return the arms with what tells them apart in a sentence; nothing where there is one."""
    labels = {key: label for key, label in entry.table.column_labels.items() if key != _DIFFERENCE}
    return {key: f", {label}" if len(labels) > 1 else "" for key, label in labels.items()}


def _who(entry: RunTable, row: str, arm: str, did: str) -> str:
    """Return ``93.1% of 72 became better (published 93%).``."""
    share = entry.value(row, arm, "share")
    if share is None:
        return not_available(f"the share who {did}", entry, row, arm, "share")
    of, beside = of_whom(entry, row, arm, "share"), ("share", Style.SHARE)
    told = published_words(entry, row, arm, *beside, " (", ")")
    return f"{write_number(share, Style.SHARE)} of {of:,} {did}{told}."


OUTCOME_SENTENCES: dict[str, Callable[[Run], Iterator[str]]] = {
    "outcome_stars": _stars,
    "outcome_ratings": _ratings,
}
