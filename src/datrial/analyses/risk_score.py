"""Change in the Drive-DASH risk score: random-effects Poisson regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from datrial.analyses.base import Analysis, Context
from datrial.analyses.received import received
from datrial.analyses.regression import RowsParameters, levels_of, model_rows, rules_said
from datrial.analyses.risk_score_sensitivity import sensitivity_table
from datrial.analyses.risk_score_tables import forms_table, means_table, rate_ratio_table

if TYPE_CHECKING:
    from datrial.errors import UsageError
from datrial.results.cells import Table


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
    """Forms left out, mean scores by time point, rate ratios, and the same by other models."""
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
    scoring = context.study.scoring
    if scoring is None:
        raise UsageError("The analysis risk_score needs the study file's `scoring`.")
    limit = scoring.dash_max_not_known
    forms_used = (
        f"{len(forms) - len(usable)} of {len(forms)} forms are left out because more than {limit} "
        f"answers are not known or not applicable; {len(usable)} forms of "
        f"{usable['person_id'].nunique()} service users remain"
    )
    items = scoring.dash_items
    note = f"Score: number of yes among {items} items; {nothing}."
    if not nothing:
        note = f"Score: number of yes among {items} items. {forms_used}."
        note += f" {rules_said(parameters, levels)}".rstrip()
    answered = items - usable["not_known_answers"]
    usable = usable.assign(answered=answered.where(answered > 0).astype("float64"))
    return [
        means_table(context, usable, fit, note, fault),
        rate_ratio_table(context, parameters.effect, fit, note, fault),
        sensitivity_table(context, parameters.formula, usable, note, nothing),
        forms_table(context, forms, note),
    ]


ANALYSIS = Analysis(
    id="risk_score",
    title="Change in risk",
    chapter="Behaviour and risk",
    question="Does the risk that case managers see (Drive-DASH score) fall from intake to case "
    "closure?",
    population="Service users of the intervention with at least one usable Drive-DASH form. "
    "There are no such forms for controls: this is change over time, not an effect of the "
    "allocation.",
    rules="Score: number of yes among the items. A form with more not known or not applicable "
    "answers than the study file allows is left out. Not known counts as no in the forms that "
    "stay.",
    model="Poisson regression of the score with a person effect (gamma: closed-form likelihood). "
    "Stata: xtpoisson score i.time i.site, re irr. Beside it: robust errors, a normal effect, the "
    "items answered as exposure, a binomial logit of yes among the items answered, and linear "
    "random effects, for a score that cannot pass the number of items.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Table A3.2 and Figures 22-23 "
        "(captioned 20 and 21).",
        "Hausman, Hall and Griliches (1984), Econometrica 52(4), 909-938.",
    ),
    limits=(
        "There are no such forms for controls: the fall of the score is change over time and not "
        "an effect of the allocation.",
        "The score counts an answer that is not known as no, so that a form filled in less fully "
        "has a lower score.",
    ),
    catalogue=("D-F22", "D-TA3.2"),
    parameters=RiskScoreParameters,
    run=run,
)
