"""Tables of the Drive-DASH score: forms left out, mean scores, rate ratios."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.levels import TIME_POINTS, reference_levels, term_label
from datrial.analyses.received import received
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context
    from datrial.models.counts.random_effects_poisson import RandomEffectsPoissonResult

STATISTICS = ("rate_ratio", "bse", "p_value", "ci_low", "ci_high")
PREDICTED = {"mean": "mean_count", "ci_low": "ci_low", "ci_high": "ci_high"}
PEOPLE = {
    "service_users": "Service users with a form; left out: without a usable one",
    "any_left_out": "Service users with at least one form left out",
}


def forms_table(context: Context, forms: pd.DataFrame, note: str) -> Table:
    """Count the forms that the rule leaves out, by time point, and the people they are of."""
    table = Table(
        "risk_score.forms",
        "Drive-DASH forms left out for answers not known, by time point",
        f"{note} Shares: of the forms received at the time point, or of the service users with a "
        "form. Shares of several time points do not add up to one of service users: the same "
        "person can have more than one form left out.",
        ("D-F22", "D-TA3.2"),
    )
    for key, label in (("received", "Received"), ("left_out", "Left out"), ("used", "Used")):
        table.column(key, label)
    nothing = received(context, "cms").reason()
    for key, label in TIME_POINTS.items():
        table.row(key, label)
        at = forms.loc[forms["time_point"] == key, "is_usable"]
        _count_row(table, key, (len(at), int((~at).sum())), "no form at this time point", nothing)
    usable = forms.groupby("person_id")["is_usable"]
    without, any_left_out = int((~usable.any()).sum()), int((~usable.all()).sum())
    people = forms["person_id"].nunique()
    for key, label in PEOPLE.items():
        table.row(key, label)
    _count_row(table, "service_users", (people, without), "no service user has a form", nothing)
    for statistic, value in _left_out(any_left_out, people).items():
        if nothing:
            table.absent("any_left_out", "left_out", statistic, nothing)
        else:
            reason = "no service user has a form"
            table.add("any_left_out", "left_out", statistic, value, n=people, reason=reason)
    return table


def _count_row(table: Table, row: str, counted: tuple[int, int], nobody: str, nothing: str) -> None:
    """Add what was received, left out and used, or why it is not known."""
    total, left_out = counted
    cells = [
        ("received", "count", total),
        *(("left_out", name, value) for name, value in _left_out(left_out, total).items()),
        ("used", "count", total - left_out),
    ]
    for column, statistic, value in cells:
        if nothing:
            table.absent(row, column, statistic, nothing)
        else:
            table.add(row, column, statistic, value, n=total, reason=nobody)


def _left_out(count: int, total: int) -> dict[str, float | None]:
    return {"count": count, "share": count / total if total else None}


def means_table(
    context: Context,
    usable: pd.DataFrame,
    fit: RandomEffectsPoissonResult | None,
    note: str,
    fault: str,
) -> Table:
    """Give mean scores by time point, as observed and as the model expects them."""
    table = Table(
        "risk_score.means",
        "Mean Drive-DASH score by time point",
        f"{note} Predicted: mean of the model's expected score with every form set to the time "
        "point, with 95% intervals. The published figure of predictions is on the scale of the "
        "logarithm; here they are scores.",
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


def rate_ratio_table(
    context: Context, effect: str, fit: RandomEffectsPoissonResult | None, note: str, fault: str
) -> Table:
    """Give the rate ratios of the model's terms, and how much people differ."""
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
        rows = usual_rows(context)
        for key, label in rows.items():
            table.row(key, label)
        table.absent_all(rows, ["estimate"], STATISTICS, fault)
        return table
    for term, row in fit.rate_ratios().iterrows():
        key, label = row_of(str(term), context)
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


def usual_rows(context: Context) -> dict[str, str]:
    """Return the rows of the model of the study file, for a table without a model."""
    rows = {key: TIME_POINTS[key] for key in list(TIME_POINTS)[1:]}
    return rows | {key: site.label for key, site in list(context.study.sites.items())[1:]}


def row_of(term: str, context: Context) -> tuple[str, str]:
    """Return a term's row key and label: the level itself for time points and sites."""
    level = term.partition("[")[2].rstrip("]").removeprefix("T.")
    if level in TIME_POINTS:
        return level, TIME_POINTS[level]
    if level in context.study.sites:
        return level, context.study.sites[level].label
    return term, term_label(term)


def _p_text(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3f}"
