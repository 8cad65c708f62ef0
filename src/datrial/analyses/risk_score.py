"""Change in the Drive-DASH risk score: random-effects Poisson regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from datrial.analyses.base import Analysis, Context
from datrial.analyses.levels import TIME_POINTS, reference_levels
from datrial.analyses.received import received
from datrial.analyses.regression import RowsParameters, levels_of, model_rows, rules_said
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.models.counts.random_effects_poisson import RandomEffectsPoissonResult


STATISTICS = ("rate_ratio", "bse", "p_value", "ci_low", "ci_high")
PREDICTED = {"mean": "mean_count", "ci_low": "ci_low", "ci_high": "ci_high"}


class RiskScoreParameters(RowsParameters):
    """Parameters of the random-effects Poisson regression.

    Attributes
    ----------
    formula
        The predictors (right-hand side of a formula): time_point, site.
    effect
        The distribution of the person effect: gamma (as Stata's xtpoisson, re) or normal.
    """

    formula: str = "time_point + site"
    effect: Literal["gamma", "normal"] = "gamma"


def run(context: Context, parameters: RiskScoreParameters) -> list[Table]:
    """Mean scores by time point, and rate ratios by time point and site."""
    from datrial.models import ModelDataError, fit_random_effects_poisson

    forms = context.connection.execute(
        "select * from marts.risk_score order by person_id, time_point"
    ).df()
    levels = levels_of(context.study)
    forms = model_rows(forms, parameters, levels)
    usable = forms[forms["is_usable"]].astype({"score": "float64"})
    nothing = received(context, "cms").reason()
    fit, fault = None, ""
    try:
        fit = fit_random_effects_poisson(
            f"score ~ {parameters.formula}", usable, group="person_id", effect=parameters.effect
        )
    except ModelDataError as error:
        fault = nothing or f"the model could not be fitted: {error}"
    limit = context.study.scoring.dash_max_not_known
    forms_used = (
        f"{len(forms) - len(usable)} of {len(forms)} forms are left out because more than {limit} "
        f"answers are not known or not applicable; {len(usable)} forms of "
        f"{usable['person_id'].nunique()} service users remain"
    )
    items = context.study.scoring.dash_items
    note = f"Score: number of yes among {items} items; {nothing}."
    if not nothing:
        note = f"Score: number of yes among {items} items. {forms_used}."
        note += f" {rules_said(parameters, levels)}".rstrip()
    return [
        _means_table(context, usable, fit, note, fault),
        _rate_ratio_table(context, parameters.effect, fit, note, fault),
    ]


def _means_table(
    context: Context,
    usable: pd.DataFrame,
    fit: RandomEffectsPoissonResult | None,
    note: str,
    fault: str,
) -> Table:
    table = Table(
        "risk_score.means",
        "Mean Drive-DASH score by time point",
        f"{note} Predicted: mean of the model's expected score with every form set to the time "
        "point, with 95% intervals.",
        ("D-F22", "D-TA3.2"),
    )
    table.column("observed", "Observed")
    table.column("predicted", "Predicted by the model")
    by_time = fit is not None and "time_point" in fit.design.frame.columns
    predicted = fit.average_predictions("time_point") if fit is not None and by_time else None
    reason = received(context, "cms").reason() or "fewer than two usable forms"
    for key, label in TIME_POINTS.items():
        table.row(key, label)
        scores = usable.loc[usable["time_point"] == key, "score"]
        table.add(key, "observed", "mean", scores.mean(), n=len(scores), reason=reason)
        table.add(key, "observed", "sd", scores.std(ddof=1), n=len(scores), reason=reason)
        for statistic, column in PREDICTED.items():
            if fit is not None and predicted is not None and key in predicted.index:
                value = predicted[column].to_dict()[key]
                table.add(key, "predicted", statistic, value, n=int(fit.nobs))
            else:
                outside = "no form has this time point" if by_time else "it is not in the model"
                table.absent(key, "predicted", statistic, fault or outside)
    return table


def _rate_ratio_table(
    context: Context, effect: str, fit: RandomEffectsPoissonResult | None, note: str, fault: str
) -> Table:
    words = "gamma" if effect == "gamma" else "normal (on the log scale)"
    tested = ""
    if fit is not None:
        tested = (
            f" Reference: {reference_levels(fit.design.frame)}. Test that people do not differ: p "
            f"{_p_text(fit.boundary_test.p_value)} (likelihood ratio, boundary). "
            f"{' '.join(fit.notes)}"
        ).rstrip()
    table = Table(
        "risk_score.rate_ratios",
        "Drive-DASH score: incidence-rate ratios by time point and site",
        f"{note} Random-effects Poisson regression with a {words} person effect.{tested}",
        ("D-TA3.2",),
    )
    table.column("estimate", "Rate ratio")
    if fit is None:
        rows = {key: TIME_POINTS[key] for key in list(TIME_POINTS)[1:]}
        rows |= {key: site.label for key, site in list(context.study.sites.items())[1:]}
        for key, label in rows.items():
            table.row(key, label)
        table.absent_all(rows, ["estimate"], STATISTICS, fault)
        return table
    for term, row in fit.rate_ratios().iterrows():
        key, label = _row_of(str(term), context)
        table.row(key, label)
        for statistic in STATISTICS:
            table.add(key, "estimate", statistic, row[statistic], n=int(fit.nobs))
    _add_dispersion(table, fit)
    return table


def _add_dispersion(table: Table, fit: RandomEffectsPoissonResult) -> None:
    """Add how much people differ: the gamma effect's variance or the normal one's deviation."""
    gamma = fit.effect == "gamma"
    statistic, value = ("alpha", fit.alpha) if gamma else ("sigma", fit.sigma)
    words = "variance of the gamma effect" if gamma else "standard deviation on the log scale"
    table.row("person_effect", f"Person effect ({words})")
    low, high = fit.dispersion_interval()
    boundary = "people do not differ beyond chance: the estimate lies on its boundary"
    table.add("person_effect", "estimate", statistic, value, n=fit.n_groups)
    table.add("person_effect", "estimate", "ci_low", low, n=fit.n_groups, reason=boundary)
    table.add("person_effect", "estimate", "ci_high", high, n=fit.n_groups, reason=boundary)


def _row_of(term: str, context: Context) -> tuple[str, str]:
    """Return a term's row key and label: the level itself for time points and sites."""
    from datrial.analyses.levels import term_label

    level = term.partition("[")[2].rstrip("]").removeprefix("T.")
    if level in TIME_POINTS:
        return level, TIME_POINTS[level]
    if level in context.study.sites:
        return level, context.study.sites[level].label
    return term, term_label(term)


def _p_text(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3f}"


ANALYSIS = Analysis(
    id="risk_score",
    title="Change in risk",
    question="Does the risk that case managers see (Drive-DASH score) fall from intake to case "
    "closure?",
    population="Service users of the intervention with at least one usable Drive-DASH form. "
    "There are no such forms for controls: this is change over time, not an effect of the "
    "allocation.",
    rules="Score: number of yes among the items. A form with more not known or not applicable "
    "answers than the study file allows is left out. Not known counts as no in the forms that "
    "stay.",
    model="Poisson regression of the score with a person effect (gamma: closed-form likelihood). "
    "Stata: xtpoisson score i.time i.site, re irr.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Table A3.2 and Figures 22-23.",
        "Hausman, Hall and Griliches (1984), Econometrica 52(4), 909-938.",
    ),
    catalogue=("D-F22", "D-TA3.2"),
    parameters=RiskScoreParameters,
    run=run,
)
