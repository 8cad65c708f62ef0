"""The adjusted models of direct work on multiply imputed answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datrial.analyses.behaviour_change_fits import PENALISED, Forms, forms_of
from datrial.analyses.behaviour_change_wide import ROUNDS, WideForms
from datrial.analyses.direct_work_fits import NOT_SENT, Estimate, Models, numbers

if TYPE_CHECKING:
    import pandas as pd

    from datrial.models.ordered_logit.result import OrderedLogitResult


HOW = (
    "Missing answers of the adjusted models are imputed {m} times by chained equations ({rounds} "
    "rounds), one row a service user: each behaviour from the other behaviours of its time point, "
    "from itself at the other time points, from all kinds of work and the covariates; each "
    "covariate from everything. So every service user with a behaviour form has one of each time "
    "point. The estimates are pooled by Rubin's rules."
)


def imputed_estimates(models: Models, seed: int) -> tuple[dict[str, Estimate | str], str]:
    """Return the pooled adjusted estimate of each row, or why there is none, and how it was made.

    Service users of whom the work is not known are left out: no answer is missing there, but
    the actions of a site.
    """
    from datrial.models import ModelDataError

    parameters = models.parameters
    note = HOW.format(m=parameters.imputations, rounds=ROUNDS)
    known = models.rows.dropna(subset=list(parameters.exposures)).reset_index(drop=True)
    if models.nothing or not len(known):
        nothing = models.nothing or (NOT_SENT if len(models.rows) else "there is no form")
        return dict.fromkeys(parameters.pairs, nothing), note
    wide = WideForms.of(known, _predictors(models, known))
    try:
        imputations = wide.imputed(parameters.imputations, seed)
    except ModelDataError as error:
        return dict.fromkeys(parameters.pairs, f"no answers could be imputed: {error}"), note
    if wide.unknown:
        names = ", ".join(wide.unknown)
        note += f" Not imputed, because nobody's known answer differs: {names}."
    said = " ".join((note, *imputations.notes))
    # Made once for all the models: a data set serves each of them.
    completed = [wide.forms(people) for people in imputations.datasets()]
    return {row: _pooled(models, completed, row) for row in parameters.pairs}, said


def _fit_one(_: None, numbered: tuple[int, Forms]) -> OrderedLogitResult | str:
    from datrial.models import ModelDataError, fit_ordered_logit

    number, forms = numbered
    try:
        return fit_ordered_logit(forms.model, forms.complete, cluster="person_id", penalty="auto")
    except ModelDataError as error:
        return f"the model could not be fitted to imputation {number}: {error}"


def _predictors(models: Models, rows: pd.DataFrame) -> list[str]:
    """Return the predictors of all adjusted models."""
    parameters = models.parameters
    named = {
        name
        for exposure, behaviour, _ in parameters.pairs.values()
        for name in forms_of(rows, behaviour, parameters.right_side(exposure, "adjusted")).variables
    }
    return [str(name) for name in rows.columns if name in named]


def _pooled(models: Models, completed: Sequence[pd.DataFrame], row: str) -> Estimate | str:
    """Fit one adjusted model to every completed data set and pool the estimate of the work."""
    from datrial.models import pool
    from datrial.models.replicates import map_replicates

    exposure, behaviour, _ = models.parameters.pairs[row]
    right_side = models.parameters.right_side(exposure, "adjusted")
    all_forms = [forms_of(rows, behaviour, right_side) for rows in completed]
    if reasons := [reason for forms in all_forms if (reason := models.lacks(exposure, forms))]:
        return reasons[0]
    label = "fits to imputed data"
    fits = map_replicates(_fit_one, list(enumerate(all_forms, start=1)), label=label)
    if faults := [fit for fit in fits if isinstance(fit, str)]:
        return faults[0]
    fitted = [fit for fit in fits if not isinstance(fit, str)]
    pooled = pool(fitted)
    penalised = sum(bool(each.penalty) for each in fitted)
    note = ""
    if penalised:
        which = "" if penalised == pooled.m else f" in {penalised} of {pooled.m} imputations"
        note = f"{PENALISED}{which}"
    warning = "" if pooled.converged else "the maximiser did not converge in some imputation"
    ratios = numbers(pooled.odds_ratios(), f"{exposure}[T.yes]")
    return Estimate(ratios, round(pooled.nobs), note, warning)
