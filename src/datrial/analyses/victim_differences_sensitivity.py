"""The differences in differences beside the complete cases: imputed, and linear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datrial.analyses.levels import BEHAVIOURS
from datrial.analyses.victim_differences_data import (
    EXIT,
    INTAKE,
    NOMINAL,
    REFERENCE,
    SIDE,
    TIME,
    VICTIM,
    complete_rows,
    names_in,
    times_of,
)
from datrial.analyses.victim_differences_fits import (
    ARM,
    ONE_ARM,
    PENALTIES,
    Estimates,
    Fitted,
    fit_model,
    outcome_of,
)

if TYPE_CHECKING:
    import pandas as pd

    from datrial.models.missing.imputations import Imputations
    from datrial.models.two_arms.did_result import DifferenceInDifferences

#: As R's mice has it; whether the chains have mixed by then is looked at and said.
ITERATIONS = 5


def impute(
    wide: pd.DataFrame, formulas: tuple[str, ...], number: int, seed: int
) -> Imputations | str:
    """Impute what the models use: one row a victim-survivor, exit severities too."""
    from datrial.models import ModelDataError, multiple_imputation

    severities = [f"{time}_{name}" for time in (INTAKE, EXIT) for name in BEHAVIOURS]
    used = [name for formula in formulas for name in names_in(formula, wide)]
    auxiliary = [name for name in used if not name.startswith("intake_any_")]
    columns = list(dict.fromkeys([ARM, *auxiliary, *severities]))
    varied = [name for name in columns if wide[name].nunique() > 1]
    # What the models use and no more, a number in place of the id: it may be sent to other
    # machines.
    data = wide[list(dict.fromkeys([SIDE, *columns, *used]))].assign(has_exit_form=True)
    data[VICTIM] = range(len(data))
    for name in columns:
        if wide[name].nunique() == 1:
            # Everybody who answered gave this answer: there is no other to draw.
            data[name] = data[name].fillna(data[name].dropna().iloc[0])
    methods = {name: "multinomial" for name in NOMINAL if name in varied}
    try:
        return multiple_imputation(
            data,
            varied,
            m=number,
            iterations=ITERATIONS,
            seed=seed,
            methods=methods,
            ordered_predictors="scores",
        )
    except ModelDataError as error:
        return f"the missing answers could not be imputed: {error}"


def fit_imputed_difference(
    imputations: Imputations, behaviour: str, formula: str, penalty: str
) -> Fitted:
    """Fit the binary model to every completed data set and pool by Rubin's rules."""
    from datrial.models import ModelDataError, ModelUsageError, fit_imputed, pool_differences

    outcome = outcome_of(behaviour, "binary")

    def fit(people: pd.DataFrame) -> DifferenceInDifferences:
        known = complete_rows(times_of(people), outcome, formula)
        return fit_model(known, outcome, formula, "binary", penalty, None)

    try:
        pooled = fit_imputed(fit, imputations)
        found = pool_differences(pooled)
    except (ModelDataError, ModelUsageError) as error:
        return f"the model could not be fitted: {error}"
    ratio, effect = found.odds_ratio(), found.probability_effect().iloc[-1]
    return Estimates(
        (ratio.estimate, ratio.ci_low, ratio.ci_high, ratio.p_value),
        tuple(float(effect[name]) for name in ("estimate", "ci_low", "ci_high", "p_value")),
        victims=imputations.n_rows,
        penalty=_pooled_penalty(pooled.fits),
        fmi=ratio.fmi,
        said=_imputed_said(imputations),
    )


def _imputed_said(imputations: Imputations) -> str:
    """Return how the missing answers were drawn, and whether the chains have mixed."""
    said = f"Missing answers were drawn {imputations.m} times by chained equations."
    if len(imputations.notes) > len(imputations.fit_notes):
        said += " The chains of some columns still differ: more iterations are needed."
    return said


def _pooled_penalty(fits: tuple[Any, ...]) -> str:
    used = [PENALTIES[str(fit.model.penalty)] for fit in fits if fit.penalised]
    return used[0] if used else ""


def fit_linear(rows: pd.DataFrame, behaviour: str) -> Fitted:
    """Fit effects of victim-survivor and time by least squares, without a covariate."""
    from datrial.models import ModelDataError, fit_fixed_effects_difference

    if rows[SIDE].nunique() == 1:
        return ONE_ARM
    try:
        fit = fit_fixed_effects_difference(
            outcome_of(behaviour, "binary"), rows, time=TIME, arm=SIDE, person=VICTIM,
            reference_time=INTAKE, reference_arm=REFERENCE,
        )  # fmt: skip
    except ModelDataError as error:
        return f"the model could not be fitted: {error}"
    return Estimates((), (fit.estimate, fit.ci_low, fit.ci_high, fit.p_value), fit.n_people)
