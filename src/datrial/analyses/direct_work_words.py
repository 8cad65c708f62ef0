"""What the report says of direct work, and the notes of the tables about it."""

from __future__ import annotations

from collections.abc import Mapping

from datrial.analyses.direct_work_fits import Estimate, Kind, Models
from datrial.analyses.levels import BEHAVIOURS
from datrial.analyses.regression import rules_said

SIGNIFICANT = 0.05
_LESS, _MORE = "less severe", "more severe"
#: What the report says of those with a kind of work; of the others that there is no association.
STATED: Mapping[tuple[Kind, str, str], str] = {
    **{("unadjusted", "behaviour_change", behaviour): _LESS for behaviour in BEHAVIOURS},
    ("unadjusted", "contact", "physical"): _MORE,
    ("unadjusted", "contact", "jealous_controlling"): _MORE,
    ("unadjusted", "direct_support", "physical"): _LESS,
    ("adjusted", "behaviour_change", "harassment_stalking"): _LESS,
    ("adjusted", "direct_support", "physical"): _MORE,
}
REPORT = (
    "The report prints no number of these models, only pictures and words. Unadjusted: less "
    "severe behaviour, all four, with behaviour-change work; more severe physical abuse and "
    "jealous and controlling behaviour with making and sustaining contact; less severe physical "
    "abuse with direct support; of the others no association. Adjusted: behaviour-change work is "
    "associated with harassment and stalking alone (which way is not said again; taken as "
    "before), direct support with more severe physical abuse, contact with nothing. It speaks of "
    "reducing behaviour but describes no time in these models: its directions are read as those "
    "of severity. It speaks of four models, so that the three kinds of work may have stood in one."
)
ASSOCIATION = "An association, not an effect of the work."
P_VALUES = (
    "p-values are also adjusted over the tests of a column (Benjamini and Hochberg's method)."
)


def beside_the_report(
    models: Models, kind: Kind, estimates: Mapping[str, Estimate | str]
) -> dict[str, str]:
    """Return beside each row what the report says and what these data say."""
    if not models.parameters.is_the_reports:
        return {}
    said = {}
    for row, (exposure, behaviour, _) in models.parameters.pairs.items():
        each = estimates[row]
        if isinstance(each, str):
            continue
        stated = STATED.get((kind, exposure, behaviour), "no association")
        ours = _LESS if each.values["odds_ratio"] < 1 else _MORE
        clear = "below" if each.values["p_value"] < SIGNIFICANT else "not below"
        said[row] = f"the report: {stated}; here: {ours}, p {clear} {SIGNIFICANT}"
    return said


def rules(models: Models) -> str:
    """Return how the errors are made, whose rows are used, and what was not sent."""
    warned = f" Warning: {models.warning}." if models.warning else ""
    return (
        "Standard errors are clustered by service user; where a severity is rare or a "
        "combination has few forms, the likelihood is penalised (log-F(1,1)). "
        f"{rules_said(models.parameters)}{warned}"
    )


def pooled_note(models: Models) -> str:
    """Return what the pooled models are of."""
    time = "with" if models.parameters.with_time else "without"
    return (
        f"Forms of intake, midpoint and case closure, pooled, {time} the time point in the model; "
        f"one kind of work in a model. {rules(models)}"
    )


def adjusted_note(models: Models, *, imputed: bool = False) -> str:
    """Return what the adjusted models are adjusted for."""
    covariates = models.parameters.formula.strip()
    if not covariates:
        return "Adjusted for nothing."
    known = "" if imputed else ", of whoever has a known answer to all of these (complete cases)"
    return f"Adjusted for {covariates}{known}."


def and_covariates(models: Models) -> str:
    """Return the covariates as the end of a list of predictors."""
    covariates = models.parameters.formula.strip()
    return f", and {covariates} (complete cases)" if covariates else ""
