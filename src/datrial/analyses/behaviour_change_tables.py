"""What all tables of the pooled models share, and the tables of forms, time and odds ratios."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from datrial.analyses.behaviour_change_fits import Fitted
from datrial.analyses.behaviour_change_models import Models
from datrial.analyses.levels import BEHAVIOURS, SEVERITY, TIME_POINTS, level_label, term_label
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

#: Of the intervals.
LEVEL = 0.95
PREDICTION = ("probability", "ci_low", "ci_high")
ODDS = ("odds_ratio", "bse", "p_value", "ci_low", "ci_high")
NO_TERM = "no form in this model has this value, or its predictors are others"
AVERAGES = (
    "Average adjusted predictions: the probability averaged over the forms in the model, with "
    "every form set to the value; 95% intervals by the delta method on the logit scale."
)

_FORMS = {
    "received": "Forms",
    "left_out": "Left out: the behaviour or a predictor not known",
    "used": "Forms in the model",
    "people": "Service users in the model",
}


def behaviour_columns(table: Table, outcomes: Iterable[str]) -> None:
    """Name a column for each behaviour."""
    for behaviour in outcomes:
        table.column(behaviour, BEHAVIOURS[behaviour])


def severity_columns(table: Table) -> None:
    """Name a column for each severity."""
    for level, label in SEVERITY.items():
        table.column(level, label)


def value_row(behaviour: str, column: str, value: tuple[str, str]) -> tuple[str, str]:
    """Return key and label of the row of a behaviour and a value (code, label) of a predictor."""
    code, words = value
    return (
        f"{behaviour}__{column}__{code}",
        f"{BEHAVIOURS[behaviour]}, {small(term_label(column))}: {small(words)}",
    )


def time_row(behaviour: str, time_point: str) -> tuple[str, str]:
    """Return key and label of the row of a behaviour and a time point."""
    words = small(level_label("time_point", time_point))
    return f"{behaviour}__{time_point}", f"{BEHAVIOURS[behaviour]}: {words}"


def small(words: str) -> str:
    """Return words as they stand within a sentence."""
    return f"{words[0].lower()}{words[1:]}" if words[1:2].islower() else words


def add_all(
    table: Table,
    place: tuple[str, str],
    values: Mapping[Any, Any],
    statistics: Sequence[str],
    n: int,
    note: str = "",
    warning: str = "",
) -> None:
    """Add statistics of one estimate; what is said of it stands at the first."""
    for position, statistic in enumerate(statistics):
        first = position == 0
        table.add(
            *place, statistic, values[statistic], n=n,
            note=note if first else "", warning=warning if first else "",
            reason=warning or "could not be computed",
        )  # fmt: skip


def forms_table(models: Models) -> Table:
    """Return on how many forms each model rests."""
    table = Table(
        "behaviour_change.forms",
        "Forms in each model of behaviour, and those left out",
        f"{models.note} Forms in the model and forms left out add up to the forms.",
        ("D-M1",),
    )
    behaviour_columns(table, models.outcomes)
    for key, label in _FORMS.items():
        table.row(key, label)
        for behaviour in models.outcomes:
            if models.nothing:
                table.absent(key, behaviour, "count", models.nothing)
                continue
            forms = models.forms[behaviour]
            counts = {
                "received": forms.received,
                "left_out": forms.received - forms.used,
                "used": forms.used,
                "people": forms.people,
            }
            table.add(key, behaviour, "count", counts[key])
    return table


def predictions_table(models: Models) -> Table:
    """Return the probability of each severity at each time point."""
    table = Table(
        "behaviour_change.predictions",
        "Adjusted probability of each severity of each behaviour, by time point",
        f"{models.note} {models.said()} {AVERAGES}",
        ("D-M1",),
    )
    severity_columns(table)
    for behaviour, fit in models.fits.items():
        found = None
        reason = models.reason(behaviour, "time point is not in the model")
        if not isinstance(fit, str) and "time_point" in fit.result.design.frame.columns:
            found = fit.averages("time_point").table(LEVEL)
            reason = "no form in the model has this time point or this severity"
        for time_point in TIME_POINTS:
            row, label = time_row(behaviour, time_point)
            table.row(row, label)
            add_severities(table, row, fit, found, ("time_point", time_point), reason)
    return table


def add_severities(
    table: Table,
    row: str,
    fit: Fitted | str,
    found: pd.DataFrame | None,
    value: tuple[str, str],
    reason: str,
    statistics: Sequence[str] = PREDICTION,
) -> None:
    """Add what is known of each severity at one value of a predictor, or why nothing is."""
    for level in SEVERITY:
        at = (value[1], level)
        if isinstance(fit, str) or found is None or at not in found.index:
            table.absent_all([row], [level], statistics, reason)
            continue
        rare = "fewer than 10 forms have this severity" if level in fit.rare else ""
        warning = fit.warning(f"{value[0]}[T.{value[1]}]", rare)
        numbers = {name: found[name].to_dict()[at] for name in statistics}
        add_all(table, (row, level), numbers, statistics, fit.n, fit.method, warning)


def odds_ratio_table(models: Models) -> Table:
    """Return the odds ratio of each term for each behaviour."""
    table = Table(
        "behaviour_change.odds_ratios",
        "Odds ratios of more severe behaviour",
        f"{models.note} {models.said()} An odds ratio below 1 means less severe behaviour. "
        f"Standard errors are clustered by service user (robust sandwich, factor G/(G-1)). "
        f"{models.references()}".strip(),
        ("D-M1",),
    )
    behaviour_columns(table, models.outcomes)
    for term in models.terms:
        table.row(term, term_label(term))
    for behaviour, fit in models.fits.items():
        ratios = None if isinstance(fit, str) else fit.result.odds_ratios().to_dict("index")
        for term in models.terms:
            if isinstance(fit, str) or not ratios or term not in ratios:
                reason = models.reason(behaviour, NO_TERM)
                table.absent_all([term], [behaviour], ODDS, reason)
                continue
            place = (term, behaviour)
            add_all(table, place, ratios[term], ODDS, fit.n, fit.method, fit.warning(term))
    return table
