"""Direct work of case managers and the behaviour of service users: regressions of each kind."""

from __future__ import annotations

from datrial.analyses.base import Analysis, Context
from datrial.analyses.direct_work_fits import DirectWorkParameters, Models
from datrial.analyses.direct_work_imputed import imputed_estimates
from datrial.analyses.direct_work_tables import (
    change_table,
    imputed_table,
    odds_ratio_table,
    people_table,
    probability_table,
)
from datrial.results.cells import Table


def run(context: Context, parameters: DirectWorkParameters) -> list[Table]:
    """Who had which work, odds ratios and probabilities two ways, and the change since intake."""
    models = Models.of(context, parameters)
    tables = [
        people_table(models),
        odds_ratio_table(models),
        probability_table(models),
        change_table(models),
    ]
    if parameters.imputations:
        seed = int(context.rng.integers(2**31))
        tables.append(imputed_table(models, *imputed_estimates(models, seed)))
    return tables


ANALYSIS = Analysis(
    id="direct_work",
    title="Direct work and behaviour",
    chapter="Behaviour and risk",
    question="Is the behaviour of service users with whom case managers worked directly less "
    "severe, and did it change more?",
    population="Service users of the intervention with a behaviour form at intake, midpoint or "
    "case closure. Controls have no case manager.",
    rules="Three kinds of direct work, each yes or no over the whole case: making and sustaining "
    "contact, direct support, behaviour-change work. Whoever has no such action recorded had no "
    "such work, where case management sent actions of the site at all. Don't know is a missing "
    "answer unless the parameter dont_know says otherwise; complete cases, and beside them "
    "multiple imputation. An association here is not an effect of the work. Whoever stays in the "
    "intervention gets the work, and may be whoever would have changed without it. Work is not "
    "given at random: behaviour-change work may come to the severe cases, contact to those who "
    "can be reached. The pooled models, which are the report's, mix forms of intake, before any "
    "work, with later ones, and so mix the difference there was at intake with the difference in "
    "change. Whether those with the work changed more is the question of the change table.",
    model="Pooled ordered logistic regression (proportional odds) of the severity, one kind of "
    "work at a time, unadjusted and adjusted; for the change, work by time point. Standard "
    "errors clustered by service user. Where a severity is separated or rare, or a term has few "
    "forms, the likelihood is penalised (log-F(1,1)). Stata: ologit y i.work, vce(cluster id); "
    "ologit y i.work##i.time i.living age, vce(cluster id). P-values adjusted by Benjamini and "
    "Hochberg's method over the tests of a column.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Direct work by case managers and "
        "impacts on service users' behaviour, Figure 24, and Appendix 4 section 2.",
        "McCullagh (1980), Journal of the Royal Statistical Society B 42(2), 109-142.",
        "Liang and Zeger (1986), Biometrika 73(1), 13-22.",
        "Greenland and Mansournia (2015), Statistics in Medicine 34(23), 3133-3143.",
        "Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57(1), 289-300.",
        "White, Royston and Wood (2011), Statistics in Medicine 30(4), 377-399.",
    ),
    limits=(
        "Nobody drew lots for direct work: those who got it may have differed beforehand, so "
        "that an association is not its effect.",
    ),
    catalogue=("D-M2",),
    parameters=DirectWorkParameters,
    run=run,
)
