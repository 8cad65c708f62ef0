"""The tables of the differences in differences of what victims-survivors report."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from datrial.analyses.levels import BEHAVIOURS
from datrial.analyses.victim_differences_data import TIME, TIMES, Victims, term_words
from datrial.analyses.victim_differences_fits import (
    ARM,
    DIFFERENCE,
    EFFECT,
    ODDS,
    RATIO,
    WITHOUT_ESTIMATE,
    Estimates,
    Fitted,
)
from datrial.results.cells import Table

PROBABILITY = ("probability", "ci_low", "ci_high")
ADJUSTED = "p_value_adjusted"
#: The statistics whose cells say that the model is penalised.
POINTS = ("odds_ratio", "effect", "probability")
MODELS = {
    "binary": "Any severity against none",
    "ordered": "Ordered severities",
    "imputed": "Any severity, imputed",
    "weighted": "Any severity, weighted",
}
LINEAR = {"linear": "Any severity, linear with effects of victim-survivor and time"}
NOT_IN_MODEL = "no victim-survivor in the model has this answer"


@dataclass(frozen=True)
class Answered:
    """Everything that was fitted, and how it is described.

    Attributes
    ----------
    fits
        Model -> behaviour -> its estimates, or why there are none.
    terms
        Covariate terms that the formula has, whoever answered -> label.
    rules
        Whose rows, which population, what don't know counts as: in every note.
    """

    victims: Victims
    rules: str
    terms: Mapping[str, str]
    fits: dict[str, dict[str, Fitted]] = field(default_factory=dict)


def odds_ratio_table(answered: Answered, model: str) -> Table:
    """Return the odds ratios of every term, a column for each behaviour."""
    what = {
        "binary": "any severity of the behaviour against none (logistic regression)",
        "ordered": "a more severe level (none, standard, moderate, high; ordered logit)",
    }[model]
    name = "odds_ratios" if model == "binary" else "ordered"
    table = _table(
        answered,
        f"victim_differences.{name}",
        f"Difference in differences: odds ratios, {MODELS[model].lower()}",
        f"Odds of {what}. Difference in differences: how many times the odds ratio of exit "
        "against intake of the one arm is that of the other; below 1 the abuse fell more. "
        "Covariates are compared with their first answer. P-values are not adjusted for their "
        f"number. Errors are clustered by victim-survivor. {_fitted(answered, model)}",
    )
    fits = answered.fits[model]
    for behaviour, label in BEHAVIOURS.items():
        table.column(behaviour, label)
    rows = {
        DIFFERENCE: f"Difference in differences, {answered.victims.contrast}",
        TIME: "Time: exit against intake, in the reference arm",
        ARM: f"Arm at intake: {answered.victims.contrast}",
        **answered.terms,
    }
    for fit in fits.values():
        for term in fit.terms if isinstance(fit, Estimates) else ():
            rows.setdefault(term, term_words(term, answered.victims.levels))
    for row, label in rows.items():
        table.row(row, label)
        for behaviour, fit in fits.items():
            numbers = None if isinstance(fit, str) else fit.terms.get(row)
            _add(table, (row, behaviour), ODDS, numbers, fit, answered)
    return table


def effects_table(answered: Answered) -> Table:
    """Return the odds ratio of the difference in differences by model."""
    table = _table(
        answered,
        "victim_differences.effects",
        f"Difference in differences by model, {answered.victims.contrast}",
        "Odds ratio of the difference in differences: below 1 the abuse fell more. Any severity: "
        "of any against none. Imputed: missing answers of all with an intake form imputed, exit "
        "severities too. Weighted: those with both forms weighted to resemble all with an intake "
        "form. Adjusted p-value: Holm's, over the behaviours. FMI: the fraction of the information "
        f"on the odds ratio that is missing. {_drawn(answered.fits['imputed'])}",
    )
    for model, label in MODELS.items():
        table.column(model, label)
    adjusted = _holm(answered.fits["binary"])
    for behaviour, label in BEHAVIOURS.items():
        table.row(behaviour, label)
        for model in MODELS:
            fit = answered.fits[model][behaviour]
            numbers = None if isinstance(fit, str) else fit.odds_ratio
            _add(table, (behaviour, model), RATIO, numbers, fit, answered)
        fit = answered.fits["binary"][behaviour]
        held = adjusted.get(behaviour)
        _add(table, (behaviour, "binary"), (ADJUSTED,), None if held is None else (held,), fit,
             answered)  # fmt: skip
        fit = answered.fits["imputed"][behaviour]
        share = None if isinstance(fit, str) or fit.fmi is None else (fit.fmi,)
        _add(table, (behaviour, "imputed"), ("fmi",), share, fit, answered)
    return table


def probabilities_table(answered: Answered) -> Table:
    """Return the difference of the differences of probabilities by model."""
    table = _table(
        answered,
        "victim_differences.probabilities",
        f"Difference of the changes in probability by model, {answered.victims.contrast}",
        "Change from intake to exit of the probability of any severity, of the one arm less that "
        "of the other; below zero the abuse fell more. Adjusted: averaged over all in the model. "
        "The effect on a probability is not that on the odds: where the arms differ at intake or "
        "abuse becomes rare, the two can have opposite signs. Linear: without covariates, of "
        "those with both answers.",
    )
    models = {**MODELS, **LINEAR}
    for model, label in models.items():
        table.column(model, label)
    for behaviour, label in BEHAVIOURS.items():
        table.row(behaviour, label)
        for model in models:
            fit = answered.fits[model][behaviour]
            numbers = None if isinstance(fit, str) else fit.effect
            _add(table, (behaviour, model), EFFECT, numbers, fit, answered)
    return table


def cells_table(answered: Answered) -> Table:
    """Return the adjusted probability of each behaviour at each time in each arm."""
    table = _table(
        answered,
        "victim_differences.cells",
        "Adjusted probability of any such abuse at intake and exit, by arm",
        "From the logistic regression: the probability averaged over all in the model, with "
        "everyone put at the time and into the arm.",
    )
    for column, label in answered.victims.columns.values():
        table.column(column, label)
    for behaviour, label in BEHAVIOURS.items():
        fit = answered.fits["binary"][behaviour]
        for time, when in TIMES.items():
            row = f"{behaviour}__{time}"
            table.row(row, f"{label}: {when.lower()}")
            for side, (column, _) in answered.victims.columns.items():
                numbers = None if isinstance(fit, str) else fit.cells.get((time, side))
                _add(table, (row, column), PROBABILITY, numbers, fit, answered)
    return table


def _table(answered: Answered, name: str, title: str, note: str) -> Table:
    return Table(name, title, f"{answered.rules} {note}", ("D-TA4",))


def _add(
    table: Table, place: tuple[str, str], statistics: Collection[str],
    numbers: tuple[float, ...] | None, fit: Fitted, answered: Answered,
) -> None:  # fmt: skip
    """Add what a model says at a place, or why it says nothing."""
    if isinstance(fit, str) or numbers is None:
        reason = fit if isinstance(fit, str) else NOT_IN_MODEL
        table.absent_all([place[0]], [place[1]], statistics, reason)
        return
    for position, (statistic, value) in enumerate(zip(statistics, numbers, strict=True)):
        table.add(
            *place, statistic, value, n=fit.victims,
            note=fit.penalty if position == 0 and statistic in POINTS else "",
            warning=answered.victims.sent.warning(), reason=WITHOUT_ESTIMATE,
        )  # fmt: skip


def _fitted(answered: Answered, model: str) -> str:
    """Return how many answers each model rests on and how it was fitted."""
    parts = []
    for behaviour, fit in answered.fits[model].items():
        if isinstance(fit, Estimates):
            parts.append(
                f"{BEHAVIOURS[behaviour]}: {fit.answers} answers of {fit.victims} victims-"
                f"survivors, {fit.left_out} left out for a missing answer; {fit.said}."
            )
    return " ".join(parts)


def _drawn(fits: Mapping[str, Fitted]) -> str:
    """Return how the missing answers were drawn; nothing where they were not."""
    return next((fit.said for fit in fits.values() if isinstance(fit, Estimates)), "")


def _holm(fits: Mapping[str, Fitted]) -> dict[str, float]:
    """Return behaviour -> Holm's p-value over the behaviours that were tested."""
    from datrial.models import adjust_holm

    raw = {name: fit.odds_ratio[-1] for name, fit in fits.items() if isinstance(fit, Estimates)}
    return dict(zip(raw, map(float, adjust_holm(list(raw.values()))), strict=True))
