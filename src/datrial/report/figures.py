"""Which figure belongs to which result table."""

from __future__ import annotations

from collections.abc import Callable

from datrial.report.charts import Ratios, bars_by_arm, forest
from datrial.report.drawing import Figure
from datrial.report.figures_coverage import coverage_strip
from datrial.report.figures_extracts import extract_rows
from datrial.report.figures_needs import class_indices, class_profile, need_prevalence
from datrial.report.figures_outcomes import (
    behaviour_counts,
    dash_means,
    dash_ratios,
    odds_ratios,
    predicted_probabilities,
)
from datrial.report.flow_diagram import participant_flow, perpetrators_flow, victims_flow
from datrial.results.read import Run, RunTable


def figure_for(run: Run, entry: RunTable) -> Figure | None:
    """Return the figure of a table; none if the table has no figure or nothing to draw."""
    if entry.table.id == "needs_classes.profile":
        return class_profile(entry, run.table("needs_classes.sizes"))
    if entry.table.id == "participant_flow.flow" and run.table("participant_flow.perpetrators"):
        return None  # drawn box by box
    draw = _FIGURES.get(entry.table.id)
    return draw(entry) if draw else None


def _marac_ratios(entry: RunTable) -> Figure | None:
    spec = Ratios(
        "marac-ratios",
        "Rate ratio of appearing at MARAC, intervention against control",
        "rate_ratio",
        caption="Below 1: the intervention arm appeared less often.",
    )
    return forest(entry, spec, list(entry.table.row_labels))


def _reappearance(entry: RunTable) -> Figure | None:
    what = ("Perpetrators who appeared at MARAC, by period and arm", "% of those allocated")
    return bars_by_arm(entry, "marac-reappearance", *what, arms=list(entry.table.column_labels))


def _serial(entry: RunTable) -> Figure | None:
    what = (
        "Serial perpetrators who appeared at MARAC, by period and arm",
        "% of serial perpetrators",
    )
    return bars_by_arm(entry, "marac-serial", *what, arms=list(entry.table.column_labels))


def _availability(entry: RunTable) -> Figure | None:
    what = ("Perpetrators observed on at least one day, by fixed window", "% of those allocated")
    return bars_by_arm(entry, "follow-up-windows", *what, arms=list(entry.table.column_labels))


_FIGURES: dict[str, Callable[[RunTable], Figure | None]] = {
    "extracts_received.rows": extract_rows,
    "extracts_received.coverage": coverage_strip,
    "participant_flow.flow": participant_flow,
    "participant_flow.perpetrators": perpetrators_flow,
    "participant_flow.victims": victims_flow,
    "follow_up_availability.windows": _availability,
    "needs_classes.prevalence": need_prevalence,
    "needs_classes.enumeration": class_indices,
    "behaviour_change.counts": behaviour_counts,
    "behaviour_change.predictions": predicted_probabilities,
    "behaviour_change.odds_ratios": odds_ratios,
    "risk_score.rate_ratios": dash_ratios,
    "risk_score.means": dash_means,
    "marac_follow_up.reappearance": _reappearance,
    "marac_follow_up.rate_ratios": _marac_ratios,
    "marac_follow_up.serial_periods": _serial,
}
