"""Figures of follow-up: rate and hazard ratios, and differences in fixed windows, by model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from datrial.report.drawing import Figure
from datrial.report.forest_panels import ODDS, Estimates, Forest, forests
from datrial.report.summary_words import arms_in
from datrial.results.read import RunTable

RATE, HAZARD = "rate_ratio", "hazard_ratio"
_RATE_AXIS = "Rate ratio (log scale; 1 = no difference)"
_WINDOW, _FROM = "months_", " from allocation"
_IN_WINDOWS = "Rate ratio in fixed windows from the allocation"
#: A panel of four has no room for a longer line.
_LONG = 18
#: The models that are drawn, by which word; the negative binomial one without the baseline
#: says little more.
_MODELS = {
    "ancova": "Adjusted for the baseline",
    "poisson": "Not adjusted",
    "weighted": "Weighted by the chance of the arm",
}


def outcomes_of(entry: RunTable) -> dict[str, str]:
    """Return the outcomes of a table whose rows are outcome and spell or month, with labels."""
    found: dict[str, str] = {}
    for row, label in entry.table.row_labels.items():
        found.setdefault(row.partition("__")[0], label.rpartition(", ")[0] or label)
    return found


def spells_of(entry: RunTable) -> dict[str, str]:
    """Return the spells of a table whose rows are outcome and spell, with labels."""
    return {
        row.partition("__")[2]: label.rpartition(", ")[2]
        for row, label in entry.table.row_labels.items()
    }


def rate_ratios_by_window(entry: RunTable) -> Figure | None:
    """Draw the rate ratios of every outcome in the fixed windows, by model."""
    windows = {
        key: label.removesuffix(_FROM)
        for key, label in spells_of(entry).items()
        if key.startswith(_WINDOW)
    }
    models = {key: label for key, label in _MODELS.items() if key in entry.table.column_labels}
    return _ratios(entry, "follow-up-rate-ratios", _IN_WINDOWS, windows, models)


def changes_from_before(entry: RunTable) -> Figure | None:
    """Draw by how much the rate ratio of every outcome in the periods differs from before."""
    periods = {
        key: _broken_early(label)
        for key, label in spells_of(entry).items()
        if not key.startswith(_WINDOW) and not key.endswith("all")
    }
    title = "Rate ratio against the rate ratio before the allocation"
    return _ratios(entry, "follow-up-changes", title, periods, entry.table.column_labels)


def _broken_early(label: str) -> str:
    """Return a long label whose last three words stay in one line."""
    words = label.split()
    if len(label) <= _LONG or len(words) < 4:
        return label
    return " ".join([*words[:-3], "\u00a0".join(words[-3:])])


def _ratios(
    entry: RunTable,
    figure: str,
    what: str,
    spells: Mapping[str, str],
    columns: Mapping[str, str],
) -> Figure | None:
    """Draw a panel for each spell and a row for each outcome."""
    if not spells:
        return None
    first, second = arms_in(entry.table.title.partition(", by spell")[0].replace(": ", ", "))
    table = with_odds_names(entry, RATE)

    def estimates(column: str, label: str) -> Estimates:
        return Estimates(
            label, table, lambda panel, row: (f"{row}__{panel}", column),
            is_hollow=column == "weighted",
        )  # fmt: skip

    return forests(
        Forest(
            figure,
            f"{what}, {first} against {second}",
            spells,
            outcomes_of(entry),
            [estimates(column, label) for column, label in columns.items()],
            _RATE_AXIS,
            f"Below 1: a lower rate in {first}.",
        )
    )


def hazard_ratios(entry: RunTable) -> Figure | None:
    """Draw the hazard ratios of first events and of all events."""
    first, second = arms_in(entry.table.title.replace(": ", ", "))
    table = with_odds_names(entry, HAZARD)
    estimates = [
        Estimates("Ratio", table, lambda panel, row: (row, panel)),
    ]
    return forests(
        Forest(
            "follow-up-hazard-ratios",
            f"Hazard ratio, {first} against {second}",
            entry.table.column_labels,
            entry.table.row_labels,
            estimates,
            "Hazard ratio (log scale; 1 = no difference)",
            f"Below 1: later, or fewer, in {first}.",
        )
    )


def with_odds_names(entry: RunTable, statistic: str) -> RunTable:
    """Return a table of other ratios as forests read one: they are told where their cells are."""
    cells = [
        replace(cell, statistic=ODDS) if cell.statistic == statistic else cell
        for cell in entry.table.cells
    ]
    published = {
        (row, column, ODDS if name == statistic else name): value
        for (row, column, name), value in entry.published.items()
    }
    return RunTable(entry.analysis, replace(entry.table, cells=cells), published)
