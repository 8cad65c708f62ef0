"""Change in a service user's abusive behaviour: pooled ordered logistic regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.levels import (
    BEHAVIOURS,
    SEVERITY,
    TIME_POINTS,
    reference_levels,
    term_label,
    with_model_levels,
)
from datrial.analyses.received import received
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.models.ordered_logit.result import OrderedLogitResult

PREDICTION_STATISTICS = ("probability", "ci_low", "ci_high")
ODDS_STATISTICS = ("odds_ratio", "bse", "p_value", "ci_low", "ci_high")

Behaviour = Literal["physical", "sexual", "harassment_stalking", "jealous_controlling"]


class BehaviourChangeParameters(Parameters):
    """Parameters of the ordered logistic regression.

    Attributes
    ----------
    outcome
        The behaviour.
    formula
        The predictors (right-hand side of a formula); columns of marts.behaviour.
    """

    outcome: Behaviour = "physical"
    formula: str = "time_point"


def run(context: Context, parameters: BehaviourChangeParameters) -> list[Table]:
    """Return counts by time point, odds ratios, and adjusted predictions by time point."""
    from datrial.models import ModelDataError, fit_ordered_logit

    raw = context.connection.execute(
        "select * from marts.behaviour order by person_id, time_point"
    ).df()
    data = with_model_levels(raw)
    behaviour = BEHAVIOURS[parameters.outcome]
    counts = _counts_table(context, raw, parameters.outcome, behaviour)
    try:
        fit = fit_ordered_logit(
            f"{parameters.outcome} ~ {parameters.formula}", data, cluster="person_id"
        )
    except ModelDataError as error:
        nothing = received(context, "cms").reason()
        fault = nothing or f"the model could not be fitted: {error}"
        return [counts, *_unfitted_tables(behaviour, fault)]
    note = (
        f"Forms of the intervention's service users at three time points, pooled: {fit.nobs:.0f} "
        f"forms of {fit.n_clusters} service users; {fit.n_left_out} forms with a missing answer "
        "or a don't know in a variable of the model are left out (complete cases). Standard "
        f"errors are clustered by service user ({fit.covariance_note.rstrip('.')}). "
        f"{' '.join(fit.notes)}"
    ).strip()
    references = reference_levels(fit.design.frame)
    return [
        counts,
        _predictions_table(fit, behaviour, note),
        _odds_ratio_table(fit, behaviour, f"{note} Reference: {references}."),
    ]


def _counts_table(context: Context, raw: pd.DataFrame, outcome: str, behaviour: str) -> Table:
    table = Table(
        "behaviour_change.counts",
        f"{behaviour} as recorded by case managers, by time point",
        "All forms received. Shares are of the forms with a known severity; not known means "
        "don't know or no answer.",
        ("D-F10",),
    )
    for key, label in SEVERITY.items():
        table.column(key, label)
    table.column("not_known", "Not known")
    nothing = received(context, "cms").reason()
    for key, label in TIME_POINTS.items():
        table.row(key, label)
        if nothing:
            table.absent_all([key], SEVERITY, ("count", "share"), nothing)
            table.absent(key, "not_known", "count", nothing)
            continue
        answers = raw.loc[raw["time_point"] == key, outcome]
        known = int(answers.isin(list(SEVERITY)).sum())
        for level in SEVERITY:
            count = int((answers == level).sum())
            table.add(key, level, "count", count)
            if known:
                table.add(key, level, "share", count / known, n=known)
            else:
                table.absent(key, level, "share", "no form with a known severity", n=0)
        table.add(key, "not_known", "count", len(answers) - known)
    return table


def _empty_predictions(behaviour: str, note: str) -> Table:
    table = Table(
        "behaviour_change.predictions",
        f"Adjusted probability of each severity of {behaviour.lower()}, by time point",
        f"{note} Average adjusted predictions: the probability averaged over the forms in the "
        "model, with every form set to the time point; 95% intervals by the delta method on the "
        "logit scale.",
        ("D-M1",),
    )
    for key, label in SEVERITY.items():
        table.column(key, label)
    for key, label in TIME_POINTS.items():
        table.row(key, label)
    return table


def _empty_odds_ratios(behaviour: str, note: str) -> Table:
    table = Table(
        "behaviour_change.odds_ratios",
        f"Odds ratios of more severe {behaviour.lower()}",
        f"{note} An odds ratio below 1 means less severe behaviour.",
        ("D-M1",),
    )
    table.column("estimate", "Odds ratio")
    return table


def _unfitted_tables(behaviour: str, fault: str) -> list[Table]:
    """Return the model's tables with every cell absent, and why."""
    predictions, odds_ratios = _empty_predictions(behaviour, ""), _empty_odds_ratios(behaviour, "")
    predictions.absent_all(TIME_POINTS, SEVERITY, PREDICTION_STATISTICS, fault)
    odds_ratios.row("model", "Model")
    odds_ratios.absent_all(["model"], ["estimate"], ODDS_STATISTICS, fault)
    return [predictions, odds_ratios]


def _predictions_table(fit: OrderedLogitResult, behaviour: str, note: str) -> Table:
    table = _empty_predictions(behaviour, note)
    if "time_point" not in fit.design.frame.columns:
        reason = "time point is not in the model"
        table.absent_all(TIME_POINTS, SEVERITY, PREDICTION_STATISTICS, reason)
        return table
    predictions = fit.average_predictions("time_point")
    for time_point in TIME_POINTS:
        for level in SEVERITY:
            for statistic in PREDICTION_STATISTICS:
                if (time_point, level) in predictions.index:
                    value = predictions[statistic].to_dict()[(time_point, level)]
                    table.add(time_point, level, statistic, value, n=int(fit.nobs))
                else:
                    reason = "no form in the model has this time point or this severity"
                    table.absent(time_point, level, statistic, reason)
    return table


def _odds_ratio_table(fit: OrderedLogitResult, behaviour: str, note: str) -> Table:
    table = _empty_odds_ratios(behaviour, note)
    for term, row in fit.odds_ratios().to_dict("index").items():
        table.row(str(term), term_label(str(term)))
        for statistic in ODDS_STATISTICS:
            table.add(str(term), "estimate", statistic, row[statistic], n=int(fit.nobs))
    return table


ANALYSIS = Analysis(
    id="behaviour_change",
    title="Change in behaviour",
    question="Does the abusive behaviour that case managers record become less severe, and what "
    "is it associated with?",
    population="Service users of the intervention with a behaviour form at intake, midpoint or "
    "case closure. There are no such forms for controls: this is change over time, not an effect "
    "of the allocation.",
    rules="Severity is none, standard, moderate or high. Don't know is a missing answer. Complete "
    "cases.",
    model="Pooled ordered logistic regression (proportional odds) of the severity at three time "
    "points; standard errors clustered by service user. Stata: ologit y i.time ..., vce(cluster "
    "id); margins time.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Figures 13-15 and Appendix 3 "
        "section 2.",
        "McCullagh (1980), Journal of the Royal Statistical Society B 42(2), 109-142.",
        "Liang and Zeger (1986), Biometrika 73(1), 13-22.",
    ),
    catalogue=("D-F10", "D-M1"),
    parameters=BehaviourChangeParameters,
    run=run,
)
