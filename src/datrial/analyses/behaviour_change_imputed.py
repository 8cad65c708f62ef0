"""The pooled models on imputed forms: one imputation for all behaviours, Rubin's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.analyses.behaviour_change_fits import PENALISED, Fitted, merged
from datrial.analyses.behaviour_change_models import NO_PREDICTOR, Models
from datrial.analyses.behaviour_change_tables import (
    NO_TERM,
    ODDS,
    PREDICTION,
    add_all,
    behaviour_columns,
    severity_columns,
    time_row,
)
from datrial.analyses.behaviour_change_wide import ROUNDS, WideForms
from datrial.analyses.levels import BEHAVIOURS, SEVERITY, TIME_POINTS, term_label
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.models.missing.imputations import Imputations
    from datrial.models.missing.pooled import PooledResult

WITH_FMI = (*ODDS, "fmi")
CHOSEN_BY_ANSWER = (
    "the forms are chosen by a behaviour, which would itself be imputed: choose them by time "
    "point or by service user"
)


@dataclass(frozen=True)
class Imputed:
    """The models of all outcomes on imputed forms.

    Attributes
    ----------
    fits
        Behaviour -> its pooled result, or why there is none.
    penalised
        Behaviours whose fits have a penalty.
    said
        How the answers were imputed, in sentences.
    """

    fits: Mapping[str, PooledResult | str]
    penalised: frozenset[str]
    said: str


def impute_and_fit(
    models: Models, rows: pd.DataFrame, formula: str, m: int, seed: int, chosen_by: set[str]
) -> Imputed:
    """Impute all behaviours at once and fit the models of the outcomes to every imputation.

    Parameters
    ----------
    rows
        The forms of all outcomes.
    seed
        Of the imputation.
    chosen_by
        Columns by which the forms were chosen.
    """
    from datrial.models import ModelDataError

    fault = models.nothing or (CHOSEN_BY_ANSWER if chosen_by & set(BEHAVIOURS) else "")
    if not fault and not len(rows):
        fault = "no form has the behaviour and every predictor of the model"
    if fault:
        return Imputed(dict.fromkeys(models.outcomes, fault), frozenset(), "")
    forms = WideForms.of(rows, models.variables)
    try:
        imputations = forms.imputed(m, seed)
    except ModelDataError as error:
        reason = f"the answers could not be imputed: {error}"
        return Imputed(dict.fromkeys(models.outcomes, reason), frozenset(), "")
    penalties = {behaviour: _penalty(fit) for behaviour, fit in models.fits.items()}
    fits = {
        behaviour: _fit(behaviour, formula, forms, imputations, penalty)
        for behaviour, penalty in penalties.items()
    }
    penalised = frozenset(name for name, penalty in penalties.items() if penalty == "log_f")
    return Imputed(fits, penalised, _said(forms, imputations))


def _penalty(fit: Fitted | str) -> str | None:
    """Return the penalty of the fits: that of the complete cases, so that both compare."""
    return "auto" if isinstance(fit, str) else fit.result.penalty


def _fit(
    behaviour: str, formula: str, forms: WideForms, imputations: Imputations, penalty: str | None
) -> PooledResult | str:
    from datrial.models import ModelDataError, fit_imputed, fit_ordered_logit

    def fit(completed: pd.DataFrame) -> object:
        rows = forms.forms(completed)
        rows[behaviour] = rows[behaviour].cat.remove_unused_categories()
        return fit_ordered_logit(
            f"{behaviour} ~ {formula}", rows, cluster="person_id", penalty=penalty
        )

    try:
        return fit_imputed(fit, imputations)
    except ModelDataError as error:
        return f"the model could not be fitted: {error}"


def _said(forms: WideForms, imputations: Imputations) -> str:
    """Return how the answers were imputed."""
    unknown = ", ".join(_form_words(name) for name in forms.unknown)
    left = (
        f" Not imputed, because all known answers are the same or there is none: {unknown}; "
        "there a missing answer stays missing."
        if unknown
        else ""
    )
    apart = [note for note in imputations.notes if note.startswith("The chains")]
    return (
        f"Multiple imputation by chained equations, {imputations.m} imputations of {ROUNDS} "
        f"rounds, of {len(forms.people)} service users with any form: their behaviours at all "
        "time points and their predictors together, one row a service user. Forms that were "
        "never filled in are imputed too, as if every service user had a form at every time "
        "point. Valid if an answer is missing at random given the others. Severities are drawn "
        "from ordered logits, answers without an order from multinomial ones. The seed is one "
        "whole number drawn from the generator of this analysis, which the study's "
        f"seed gives.{left}{' ' if apart else ''}{' '.join(apart)} Estimates are pooled by "
        "Rubin's rules, with the t distribution of Barnard and Rubin (1999)."
    )


def _form_words(name: str) -> str:
    behaviour, _, time_point = name.partition("__")
    return f"{BEHAVIOURS[behaviour].lower()} at {TIME_POINTS[time_point].lower()}"


def _sizes(imputed: Imputed) -> str:
    """Return the size of each model, in sentences."""
    return " ".join(
        f"{BEHAVIOURS[name]}: {fit.nobs:g} forms{', ' * (name in imputed.penalised)}"
        f"{PENALISED * (name in imputed.penalised)}."
        for name, fit in imputed.fits.items()
        if not isinstance(fit, str)
    )


def imputed_table(models: Models, imputed: Imputed) -> Table:
    """Return the odds ratio of each term for each behaviour, from the imputed forms."""
    table = Table(
        "behaviour_change.imputed",
        "Odds ratios of more severe behaviour, from imputed forms",
        f"{models.note} {imputed.said} {_sizes(imputed)} fmi: share of the information about "
        f"the estimate that is missing. {models.references()}".strip(),
        ("D-M1",),
    )
    behaviour_columns(table, models.outcomes)
    ratios = {
        behaviour: fit.odds_ratios().to_dict("index")
        for behaviour, fit in imputed.fits.items()
        if not isinstance(fit, str)
    }
    own = [term for term in models.terms if term != NO_PREDICTOR]
    terms = merged([own, *(list(map(str, found)) for found in ratios.values())]) or [NO_PREDICTOR]
    for term in terms:
        table.row(term, term_label(term))
    for behaviour, fit in imputed.fits.items():
        for term in terms:
            if isinstance(fit, str) or term not in ratios[behaviour]:
                reason = fit if isinstance(fit, str) else NO_TERM
                table.absent_all([term], [behaviour], WITH_FMI, reason)
                continue
            values, note = ratios[behaviour][term], _note(imputed, behaviour)
            add_all(table, (term, behaviour), values, WITH_FMI, round(fit.nobs), note)
    return table


def imputed_predictions_table(models: Models, imputed: Imputed) -> Table:
    """Return the probability of each severity at each time point, from the imputed forms."""
    table = Table(
        "behaviour_change.imputed_predictions",
        "Adjusted probability of each severity of each behaviour, by time point, from imputed "
        "forms",
        f"{models.note} {imputed.said} {_sizes(imputed)} Average adjusted predictions, pooled on "
        "the log-odds scale.",
        ("D-M1",),
    )
    severity_columns(table)
    for behaviour, fit in imputed.fits.items():
        reason, found = str(fit) if isinstance(fit, str) else "time point is not in the model", {}
        if not isinstance(fit, str) and "time_point" in models.variables:
            found = fit.average_predictions("time_point").to_dict("index")
            reason = "no form has this time point or this severity"
        for time_point in TIME_POINTS:
            row, label = time_row(behaviour, time_point)
            table.row(row, label)
            for level in SEVERITY:
                values = found.get((time_point, level))
                if values is None or isinstance(fit, str):
                    table.absent_all([row], [level], PREDICTION, reason)
                    continue
                note = _note(imputed, behaviour)
                add_all(table, (row, level), values, PREDICTION, round(fit.nobs), note)
    return table


def _note(imputed: Imputed, behaviour: str) -> str:
    return PENALISED if behaviour in imputed.penalised else ""
