"""Which figure belongs to which result table."""

from __future__ import annotations

from collections.abc import Callable

from datrial.report.absent import explain_marks
from datrial.report.charts import Ratios, bars_by_arm, forest
from datrial.report.drawing import Figure
from datrial.report.figures_alluvial import severity_flows
from datrial.report.figures_balance import love_plot
from datrial.report.figures_behaviour_change import (
    behaviour_odds_ratios,
    factor_predictions,
    severity_predictions,
)
from datrial.report.figures_behaviours import (
    behaviour_by_engagement,
    severity_by_time,
    severity_change,
    sources_side_by_side,
)
from datrial.report.figures_class_behaviour import class_behaviour
from datrial.report.figures_classes import class_indices, class_profile, class_sizes
from datrial.report.figures_client_profile import (
    client_ages,
    client_areas,
    client_checklists,
    client_ethnicity,
    client_protection,
    client_sex,
)
from datrial.report.figures_cost_effectiveness import acceptability, effectiveness_plane
from datrial.report.figures_cost_tree import cost_tree
from datrial.report.figures_costs import costs_by_agency, tornado
from datrial.report.figures_coverage import coverage_strip
from datrial.report.figures_differences import (
    adjusted_prevalence,
    balance_of_weights,
    effects_by_model,
)
from datrial.report.figures_direct_work import (
    high_severity_by_work,
    work_change,
    work_odds_ratios,
)
from datrial.report.figures_extracts import extract_rows
from datrial.report.figures_follow_up import (
    changes_from_before,
    hazard_ratios,
    rate_ratios_by_window,
)
from datrial.report.figures_follow_up_curves import first_event_curves, mean_event_curves
from datrial.report.figures_interventions import (
    actions_by_month,
    agencies_by_type,
    duration_of_cases,
    work_by_type,
)
from datrial.report.figures_needs import need_prevalence, number_of_needs
from datrial.report.figures_needs_behaviour import need_odds_ratios
from datrial.report.figures_needs_engagement import engagement_by_need, high_need_engagement
from datrial.report.figures_needs_matrix import need_means, need_shares, rater_limits
from datrial.report.figures_outcome_ratings import improved_cases
from datrial.report.figures_outcome_stars import star_changes, star_radar
from datrial.report.figures_police import incidents_by_period, shares_by_period
from datrial.report.figures_referral_pathway import referral_funnel, referrals_by_period
from datrial.report.figures_risk import dash_means, dash_ratios, dash_sensitivity
from datrial.report.figures_service_activity import activities_by_month, months_with_trend
from datrial.report.figures_service_reasons import reasons_stacked, waiting_means
from datrial.report.figures_severity_grid import (
    grid_flows,
    intake_profile,
    prevalence_fall,
    severity_both_times,
)
from datrial.report.figures_training import training_passed, training_scores
from datrial.report.figures_victims import (
    behaviour_prevalence,
    means_by_site,
    supports_by_type,
)
from datrial.report.figures_victims_answers import risk_change, risk_sustainability, severity
from datrial.report.flow_diagram import participant_flow, perpetrators_flow, victims_flow
from datrial.report.summary_words import compared_arms
from datrial.results.read import Run, RunTable


def figure_for(run: Run, entry: RunTable) -> Figure | None:
    """Return the figure of a table; none if the table has no figure or nothing to draw.

    Its caption says what the marks in it stand for.
    """
    figure = _drawn(run, entry)
    return explain_marks(figure) if figure else None


def _drawn(run: Run, entry: RunTable) -> Figure | None:
    if entry.table.id == "participant_flow.flow" and run.table("participant_flow.perpetrators"):
        return None  # drawn box by box
    if entry.table.id in _FIGURES_OF_TWO:
        draw_both, other = _FIGURES_OF_TWO[entry.table.id]
        return draw_both(entry, run.table(other))
    draw = _FIGURES.get(entry.table.id)
    return draw(entry) if draw else None


def _marac_ratios(entry: RunTable) -> Figure | None:
    first, reference = compared_arms(entry)
    spec = Ratios(
        "marac-ratios",
        f"Rate ratio of appearing at MARAC, {first} against {reference}",
        "rate_ratio",
        caption=f"Below 1: {first} appeared less often.",
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


def _available_windows(entry: RunTable) -> Figure | None:
    what = ("Perpetrators observed on at least one day, by fixed window", "% of those allocated")
    return bars_by_arm(entry, "follow-up-windows", *what, arms=list(entry.table.column_labels))


def _available_periods(entry: RunTable) -> Figure | None:
    what = ("Perpetrators observed on at least one day, by period", "% of those allocated")
    return bars_by_arm(entry, "follow-up-periods", *what, arms=list(entry.table.column_labels))


_FIGURES: dict[str, Callable[[RunTable], Figure | None]] = {
    "client_profile.age_bands": client_ages,
    "client_profile.area": client_areas,
    "client_profile.checklists": client_checklists,
    "client_profile.child_protection": client_protection,
    "client_profile.ethnicity": client_ethnicity,
    "client_profile.sex": client_sex,
    "training.attendance": training_passed,
    "training.scores": training_scores,
    "cost_model.agencies": costs_by_agency,
    "cost_model.own_agencies": costs_by_agency,
    "cost_model.items": cost_tree,
    "cost_model.one_way": tornado,
    "cost_model.plane": effectiveness_plane,
    "cost_model.acceptability": acceptability,
    "extracts_received.rows": extract_rows,
    "extracts_received.coverage": coverage_strip,
    "participant_flow.flow": participant_flow,
    "participant_flow.perpetrators": perpetrators_flow,
    "participant_flow.victims": victims_flow,
    "referral_pathway.referrals": referral_funnel,
    "referral_pathway.periods": referrals_by_period,
    "referral_pathway.by_period": referrals_by_period,
    "follow_up_availability.periods": _available_periods,
    "follow_up_availability.windows": _available_windows,
    "needs.number": number_of_needs,
    "needs.prevalence": need_prevalence,
    "needs.engagement_by_need": engagement_by_need,
    "needs.high_need_engagement": high_need_engagement,
    "needs_classes.sizes": class_sizes,
    "needs_class_behaviour.probabilities": class_behaviour,
    "needs_behaviour.odds_ratios": need_odds_ratios,
    "interventions.work": work_by_type,
    "interventions.agencies": agencies_by_type,
    "interventions.months": actions_by_month,
    "interventions.duration_bands": duration_of_cases,
    "behaviours.severity": severity_by_time,
    "behaviours.change": severity_change,
    "behaviours.transitions": severity_flows,
    "behaviours.engagement": behaviour_by_engagement,
    "behaviours.both_sources": sources_side_by_side,
    "behaviour_change.predictions": severity_predictions,
    "direct_work.probabilities": high_severity_by_work,
    "direct_work.odds_ratios": work_odds_ratios,
    "direct_work.change": work_change,
    "risk_score.rate_ratios": dash_ratios,
    "risk_score.means": dash_means,
    "risk_score.sensitivity": dash_sensitivity,
    "victim_behaviours.prevalence": behaviour_prevalence,
    "victim_behaviours.severity": severity,
    "victim_differences.effects": effects_by_model,
    "victim_differences.balance": balance_of_weights,
    "victim_support.by_site": means_by_site,
    "victim_support.types": supports_by_type,
    "victim_risk.change": risk_change,
    "victim_risk.sustainability": risk_sustainability,
    "service_activity.requests": months_with_trend,
    "service_activity.assessments": months_with_trend,
    "service_activity.taken_on": months_with_trend,
    "service_activity.awaiting": months_with_trend,
    "service_activity.caseload": months_with_trend,
    "service_activity.closures": months_with_trend,
    "service_activity.not_taken_on": reasons_stacked,
    "service_activity.not_taken_on_months": reasons_stacked,
    "service_activity.closure_reasons": reasons_stacked,
    "service_activity.closure_reason_months": reasons_stacked,
    "service_activity.activities": activities_by_month,
    "waiting_times.mean": waiting_means,
    "marac_follow_up.reappearance": _reappearance,
    "marac_follow_up.rate_ratios": _marac_ratios,
    "marac_follow_up.serial_periods": _serial,
    "police_follow_up.incidents": incidents_by_period,
    "police_follow_up.shares": shares_by_period,
    "police_perpetrators.incidents": incidents_by_period,
    "police_perpetrators.shares": shares_by_period,
    "follow_up_rates.rate_ratios": rate_ratios_by_window,
    "follow_up_rates.change": changes_from_before,
    "follow_up_times.first_event": first_event_curves,
    "follow_up_times.mean_events": mean_event_curves,
    "follow_up_times.hazard_ratios": hazard_ratios,
    "severity_grid.intake": intake_profile,
    "severity_grid.prevalence": prevalence_fall,
    "severity_grid.levels": severity_both_times,
    "severity_grid.transitions": grid_flows,
    "needs_matrix.need": need_shares,
    "needs_matrix.means": need_means,
    "needs_matrix.raters": rater_limits,
    "outcome_stars.areas": star_radar,
    "outcome_stars.changes": star_changes,
    "outcome_ratings.improved": improved_cases,
}

#: Table -> its figure, and the other table of which that takes numbers, if the run has it.
_FIGURES_OF_TWO: dict[str, tuple[Callable[[RunTable, RunTable | None], Figure | None], str]] = {
    "balance.shares": (love_plot, "balance.means"),
    "needs_classes.enumeration": (class_indices, "needs_classes.sizes"),
    "needs_classes.profile": (class_profile, "needs_classes.sizes"),
    "behaviour_change.factor_predictions": (factor_predictions, "behaviour_change.factor_tests"),
    "behaviour_change.odds_ratios": (behaviour_odds_ratios, "behaviour_change.imputed"),
    "victim_differences.cells": (adjusted_prevalence, "victim_behaviours.prevalence"),
}
