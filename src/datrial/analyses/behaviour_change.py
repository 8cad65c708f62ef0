"""Change in service users' abusive behaviours: four pooled ordered logistic regressions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from datrial.analyses.base import Analysis, Context
from datrial.analyses.behaviour_change_checks import (
    brant_tests,
    partial_odds_table,
    proportional_odds_table,
)
from datrial.analyses.behaviour_change_factors import (
    factor_differences_table,
    factor_predictions_table,
    factor_tests_table,
)
from datrial.analyses.behaviour_change_fits import Forms, fit_forms, forms_of
from datrial.analyses.behaviour_change_imputed import (
    impute_and_fit,
    imputed_predictions_table,
    imputed_table,
)
from datrial.analyses.behaviour_change_models import Models, values_of
from datrial.analyses.behaviour_change_person import person_level_table
from datrial.analyses.behaviour_change_tables import (
    forms_table,
    odds_ratio_table,
    predictions_table,
)
from datrial.analyses.levels import BEHAVIOURS
from datrial.analyses.received import received
from datrial.analyses.regression import RegressionParameters, levels_of, model_rows, rules_said
from datrial.results.cells import Table

Behaviour = Literal["physical", "sexual", "harassment_stalking", "jealous_controlling"]

#: The report's predictors.
PREDICTORS = (
    "time_point + age + living_arrangement + relationship + direct_contact + "
    "domestic_abuse_charges + idva_engaged + cyps_involvement + ccj_involvement"
)


class BehaviourChangeParameters(RegressionParameters):
    """Parameters of the ordered logistic regressions.

    Attributes
    ----------
    outcomes
        The behaviours; each has its own model.
    formula
        The predictors of all models (right-hand side of a formula); columns of marts.behaviour.
    person_level
        Whether the models with an intercept of each service user are fitted too.
    partial
        Whether effects are let free at every cut where Brant's test asks for it.
    """

    outcomes: tuple[Behaviour, ...] = Field(
        default=("physical", "sexual", "harassment_stalking", "jealous_controlling"), min_length=1
    )
    formula: str = PREDICTORS
    person_level: bool = True
    partial: bool = True

    @field_validator("outcomes")
    @classmethod
    def _in_order(cls, given: tuple[Behaviour, ...]) -> tuple[Behaviour, ...]:
        if len(set(given)) < len(given):
            raise ValueError("each behaviour is named once")
        return tuple(sorted(given, key=list(BEHAVIOURS).index))


def run(context: Context, parameters: BehaviourChangeParameters) -> list[Table]:
    """Forms, odds ratios, adjusted probabilities, and what the models take for granted."""
    levels = levels_of(context.study)
    data = context.connection.execute(
        "select * from marts.behaviour order by person_id, time_point"
    ).df()
    rows = model_rows(data, parameters, levels)
    sent = received(context, "cms")
    warning = sent.warning()
    forms: dict[str, Forms] = {
        each: forms_of(rows, each, parameters.formula) for each in parameters.outcomes
    }
    models = Models(
        forms=forms,
        fits={name: sent.reason() or fit_forms(each) for name, each in forms.items()},
        values=values_of(rows, parameters.references, levels),
        note="Forms of the intervention's service users at three time points, pooled; a form "
        f"with a missing answer in its model is left out of it. {rules_said(parameters, levels)}"
        f"{f' Warning: {warning}.' if warning else ''}",
        nothing=sent.reason(),
    )
    tables = [
        forms_table(models),
        predictions_table(models),
        factor_tests_table(models),
        factor_predictions_table(models),
        factor_differences_table(models),
        odds_ratio_table(models),
    ]
    if parameters.imputations:
        imputed = impute_and_fit(
            models,
            rows,
            parameters.formula,
            parameters.imputations,
            int(context.rng.integers(0, 2**63)),
            set(parameters.only),
        )
        tables += [imputed_table(models, imputed), imputed_predictions_table(models, imputed)]
    tests = brant_tests(models)
    tables.append(proportional_odds_table(models, tests))
    if parameters.partial:
        tables.append(partial_odds_table(models, tests))
    if parameters.person_level:
        tables.append(person_level_table(models))
    return tables


ANALYSIS = Analysis(
    id="behaviour_change",
    title="Change in behaviour",
    chapter="Behaviour and risk",
    question="Do the abusive behaviours that case managers record become less severe, and what "
    "is that associated with?",
    population="Service users of the intervention with a behaviour form at intake, midpoint or "
    "case closure. There are no such forms for controls: this is change over time, not an effect "
    "of the allocation.",
    rules="Severity is none, standard, moderate or high. Don't know is a missing answer unless "
    "the parameter dont_know says that it counts as no. Complete cases; beside them estimates "
    "from imputed answers. The predictors are recorded once for a service user, so that an "
    "adjusted probability by one of them is a level over the whole intervention and not a change; "
    "an association is not an effect.",
    model="Pooled ordered logistic regression (proportional odds) of the severity at three time "
    "points, one for each behaviour with the same predictors; standard errors clustered by "
    "service user; a log-F(1,1) penalty where the severities are separated, rare or a term rests "
    "on few forms, which the cells say. Stata: ologit y i.time ..., vce(cluster id); margins time; "
    "brant; gologit2; meologit. Multiple imputation by chained equations. The tests of the "
    "predictors are adjusted by Benjamini and Hochberg's method.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Figures 13-21 and A4.1, Table 8, "
        "and Appendix 3 section 2.",
        "McCullagh (1980), Journal of the Royal Statistical Society B 42(2), 109-142.",
        "Liang and Zeger (1986), Biometrika 73(1), 13-22.",
        "Greenland and Mansournia (2015), Statistics in Medicine 34(23), 3133-3143.",
        "Brant (1990), Biometrics 46(4), 1171-1178.",
        "Peterson and Harrell (1990), Applied Statistics 39(2), 205-217.",
        "van Buuren and Groothuis-Oudshoorn (2011), Journal of Statistical Software 45(3), 1-67.",
        "Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57(1), 289-300.",
    ),
    limits=(
        "There are no such forms for controls: a fall from intake to closure may be regression "
        "to the mean, the time that passed or the recording, and is not an effect of the "
        "allocation.",
        "Those with a form at case closure are not all those with one at intake; imputation "
        "helps only as far as what is recorded explains who has no form.",
        "Case managers judged the behaviour of people with whom they worked.",
    ),
    catalogue=("D-M1",),
    parameters=BehaviourChangeParameters,
    run=run,
)
