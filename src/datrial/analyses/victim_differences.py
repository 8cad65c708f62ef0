"""Whether what victims-survivors report changed more in one arm: difference in differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from datrial.analyses.base import Analysis, Context
from datrial.analyses.levels import BEHAVIOURS
from datrial.analyses.regression import RegressionParameters, rules_said
from datrial.analyses.victim_differences_data import (
    Victims,
    plain_terms,
    read_victims,
    times_of,
)
from datrial.analyses.victim_differences_fits import (
    Estimates,
    Fitted,
    Penalty,
    fit_difference,
)
from datrial.analyses.victim_differences_selection import (
    balance_table,
    seen_table,
    weigh,
    weights_table,
    with_weights,
)
from datrial.analyses.victim_differences_sensitivity import (
    fit_imputed_difference,
    fit_linear,
    impute,
)
from datrial.analyses.victim_differences_tables import (
    Answered,
    cells_table,
    effects_table,
    odds_ratio_table,
    probabilities_table,
)
from datrial.analyses.victim_forms import ENGAGED
from datrial.results.cells import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from datrial.models.missing.weighting import InverseProbabilityWeights

Behaviour = Literal["physical", "sexual", "harassment_stalking", "jealous_controlling"]
_POPULATIONS = {
    "both_forms": "Victims-survivors with an IDVA intake and exit form.",
    "any_form": "Victims-survivors with an IDVA intake form, with or without an exit form.",
}
NOT_ASKED = "the study file does not ask for this behaviour"
NO_IMPUTATION = "no imputation was asked for"


class VictimDifferencesParameters(RegressionParameters):
    """Parameters of the differences in differences.

    Attributes
    ----------
    population
        ``both_forms``: those with an intake and an exit form, as published; ``any_form``: all
        with an intake form, with the one answer that some of them gave.
    outcomes
        The behaviours; the other columns then say that they were not asked for.
    formula
        Covariates (right-hand side of a formula); columns of marts.victim_survivor.
    weights_formula
        Predictors of having both forms, of those with an intake form;
        ``intake_any_<behaviour>`` is whether the behaviour was reported at intake.
    penalty
        ``auto``: penalised likelihood where maximum likelihood has no finite estimate or
        rests on few answers; ``none``: never, as published.
    """

    population: Literal["both_forms", "any_form"] = "both_forms"
    outcomes: tuple[Behaviour, ...] = Field(
        default=("physical", "sexual", "harassment_stalking", "jealous_controlling"), min_length=1
    )
    formula: str = (
        "living_arrangement + relationship + criminal_record_domestic_abuse + cyps_involvement"
    )
    weights_formula: str = (
        "arm + site + age + relationship + living_arrangement + children_present + "
        "cyps_involvement + criminal_record_domestic_abuse + intake_any_physical + "
        "intake_any_sexual + intake_any_harassment_stalking + intake_any_jealous_controlling"
    )
    penalty: Penalty = "auto"


def run(context: Context, parameters: VictimDifferencesParameters) -> list[Table]:
    """Return the models of all behaviours, who is seen at all, and the weights."""
    victims = read_victims(context, parameters)
    weights = weigh(victims, parameters.weights_formula)
    rules = f"{_POPULATIONS[parameters.population]} {rules_said(parameters, victims.levels)}"
    terms = plain_terms(parameters.formula, victims.levels, parameters.references)
    fits = _complete_cases(victims, parameters)
    fits["imputed"] = _imputed(context, victims, parameters, fits["binary"])
    fits["weighted"] = _weighted(victims, parameters, weights)
    answered = Answered(victims, f"{rules} {ENGAGED}", terms, fits)
    return [
        odds_ratio_table(answered, "binary"),
        odds_ratio_table(answered, "ordered"),
        effects_table(answered),
        probabilities_table(answered),
        cells_table(answered),
        seen_table(context),
        weights_table(weights, parameters.weights_formula),
        balance_table(weights, victims, parameters.weights_formula, parameters.references),
    ]


def _each(
    victims: Victims, parameters: VictimDifferencesParameters, fit: Callable[[str], Fitted]
) -> dict[str, Fitted]:
    """Fit every behaviour that is asked for; the others say why not."""
    return {
        behaviour: victims.nothing
        or (fit(behaviour) if behaviour in parameters.outcomes else NOT_ASKED)
        for behaviour in BEHAVIOURS
    }


def _complete_cases(
    victims: Victims, parameters: VictimDifferencesParameters
) -> dict[str, dict[str, Fitted]]:
    """Return the models of the rows with an answer to everything."""
    both = victims.wide[victims.wide["has_exit_form"].astype(bool)]
    pairs = times_of(both)
    rows = pairs if parameters.population == "both_forms" else times_of(victims.wide)
    formula, levels, penalty = parameters.formula, victims.levels, parameters.penalty

    def binary(behaviour: str) -> Fitted:
        return fit_difference(rows, behaviour, formula, levels, penalty=penalty, with_cells=True)

    def ordered(behaviour: str) -> Fitted:
        return fit_difference(rows, behaviour, formula, levels, kind="ordered", penalty=penalty)

    return {
        "binary": _each(victims, parameters, binary),
        "ordered": _each(victims, parameters, ordered),
        "linear": _each(victims, parameters, lambda behaviour: fit_linear(pairs, behaviour)),
    }


def _imputed(
    context: Context,
    victims: Victims,
    parameters: VictimDifferencesParameters,
    complete: dict[str, Fitted],
) -> dict[str, Fitted]:
    """Return the pooled models of all with an intake form, missing answers imputed."""
    if not parameters.imputations:
        return _each(victims, parameters, lambda _: NO_IMPUTATION)
    if victims.nothing:
        return _each(victims, parameters, lambda _: victims.nothing)
    formulas = (parameters.formula, parameters.weights_formula)
    # The seed of the run and of this analysis: equal when run again.
    seed = int(context.rng.integers(2**32))
    imputations = impute(victims.wide, formulas, parameters.imputations, seed)
    if isinstance(imputations, str):
        reason = imputations
        return _each(victims, parameters, lambda _: reason)
    sets = imputations

    def fit(behaviour: str) -> Fitted:
        beside = complete[behaviour]
        # Where complete cases need a penalty, all imputations have it: one estimator is pooled.
        forced = isinstance(beside, Estimates) and beside.penalty
        penalty = "firth" if forced else parameters.penalty
        return fit_imputed_difference(sets, behaviour, parameters.formula, penalty)

    return _each(victims, parameters, fit)


def _weighted(
    victims: Victims,
    parameters: VictimDifferencesParameters,
    weights: InverseProbabilityWeights | str,
) -> dict[str, Fitted]:
    """Return the models of those with both forms, weighted to all with an intake form."""
    if isinstance(weights, str):
        reason = weights
        return _each(victims, parameters, lambda _: reason)
    both = victims.wide[victims.wide["has_exit_form"].astype(bool)]
    rows = times_of(with_weights(both, weights))

    def fit(behaviour: str) -> Fitted:
        return fit_difference(
            rows, behaviour, parameters.formula, victims.levels,
            penalty=parameters.penalty, weighted=True,
        )  # fmt: skip

    return _each(victims, parameters, fit)


ANALYSIS = Analysis(
    id="victim_differences",
    title="Abuse that victims-survivors report, by arm: difference in differences",
    chapter="Victims-survivors",
    question="Did the abuse that victims-survivors report to their IDVA fall more from intake to "
    "exit where the perpetrator was allocated to the intervention?",
    population="Victims-survivors of allocated perpetrators with an IDVA intake and exit form "
    "(parameter population: any_form for all with an intake form). Imputation and weighting "
    "speak of all with an intake form; nothing here speaks of those whom no IDVA saw.",
    rules="The arm is the perpetrator's. A behaviour is reported where its severity is standard, "
    "moderate or high. Don't know is a missing answer unless the parameter dont_know says that it "
    "counts as no. An answer without anything the model uses is left out; a victim-survivor may "
    "have one of the two.",
    model="Logistic regression of any severity, and ordered logistic regression of the severity, "
    "on time, arm, their product and covariates; errors clustered by victim-survivor; Firth's or "
    "a log-F penalty where maximum likelihood has no finite estimate or rests on few answers, "
    "which cells then say. The effect on the probability is the difference of the differences of "
    "average adjusted predictions. Beside them: multiple imputation by chained equations with "
    "Rubin's rules; inverse-probability weights for having both forms, which the errors take as "
    "known; linear effects of victim-survivor and time. Stata: logit y i.time##i.arm x, "
    "vce(cluster id) or; ologit; margins; mi impute chained; [pweight=w]; xtreg, fe.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Tables A4.1 to A4.4.",
        "Ai and Norton (2003), Economics Letters 80(1), 123-129.",
        "Firth (1993), Biometrika 80(1), 27-38.",
        "Greenland and Mansournia (2015), Statistics in Medicine 34(23), 3133-3143.",
        "White, Royston and Wood (2011), Statistics in Medicine 30(4), 377-399.",
        "Robins, Hernan and Brumback (2000), Epidemiology 11(5), 550-560.",
        "Holm (1979), Scandinavian Journal of Statistics 6(2), 65-70.",
    ),
    limits=(
        "Only victims-survivors who engaged with an IDVA after the allocation are seen: they "
        "were not drawn by lot, so that a difference between the arms may be one of who engaged.",
        "Imputation and weighting repair what is missing only as far as the recorded "
        "characteristics explain it; nothing here speaks of those whom no IDVA saw.",
        "It rests on the arms having changed alike without the intervention, which two forms a "
        "person cannot test.",
        "The forms are filled in by IDVAs, who may know whether the perpetrator is in the "
        "intervention.",
    ),
    catalogue=("D-TA4",),
    parameters=VictimDifferencesParameters,
    run=run,
)
