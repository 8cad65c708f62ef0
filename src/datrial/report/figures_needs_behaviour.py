"""Figure of the associations of needs with behaviours: four forests side by side."""

from __future__ import annotations

from datrial.report.drawing import Figure
from datrial.report.forest_panels import Estimates, Forest, forests
from datrial.results.read import RunTable


def need_odds_ratios(entry: RunTable) -> Figure | None:
    """Draw the odds ratio of each need with its interval, one panel for each behaviour."""

    def place(panel: str, row: str) -> tuple[str, str]:
        return row, panel

    return forests(
        Forest(
            "needs-behaviour",
            "Odds ratios of each behaviour, for service users with each need",
            entry.table.column_labels,
            entry.table.row_labels,
            [Estimates("Estimate", entry, place)],
            axis="Odds ratio (log scale; 1 = no association)",
        )
    )
