"""The tables of the regressions of behaviours on needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from datrial.analyses.levels import BEHAVIOURS, NEEDS
from datrial.analyses.needs_behaviour_fits import CONSTANT, ESTIMATES, Answers, Fit
from datrial.results.cells import State, Table

ADJUSTED = "p_value_adjusted"
SIGNIFICANT = 0.05

_REASONS = {
    "forms": "Needs forms",
    "no_behaviour_form": "Without a behaviour form",
    "behaviour_not_known": "Behaviour not known",
    "need_not_answered": "A need without an answer",
    "used": "In the model",
    "events": "With the behaviour",
}


@dataclass(frozen=True)
class Sentence:
    """What the report says of one behaviour and one need, or of all needs together."""

    behaviour: str
    need: str | None
    printed: str

    @property
    def row(self) -> str:
        """Key of its row."""
        return f"{self.behaviour}__{self.need or 'all_needs'}"

    @property
    def label(self) -> str:
        """Words of its row."""
        need = NEEDS[self.need].lower() if self.need else "any of the needs"
        return f"{BEHAVIOURS[self.behaviour]}: {need} (printed: {self.printed})"


#: The sentences of the report on needs and behaviours, in its order.
SENTENCES = (
    Sentence("physical", "other_addictions", "higher"),
    Sentence("physical", "employment", "lower"),
    Sentence("sexual", "drugs_misuse", "higher"),
    Sentence("sexual", "other_addictions", "higher"),
    Sentence("sexual", "parenting_capacity", "higher"),
    Sentence("harassment_stalking", None, "no association"),
    Sentence("jealous_controlling", None, "no association"),
)


def needs_of_sentences() -> dict[str, tuple[str, ...]]:
    """Return behaviour -> the needs that the report speaks of beside it."""
    needs: dict[str, tuple[str, ...]] = {}
    for sentence in SENTENCES:
        if sentence.need:
            needs[sentence.behaviour] = (*needs.get(sentence.behaviour, ()), sentence.need)
    return needs


def odds_ratio_table(fits: Mapping[str, Fit | str], title: str, note: str) -> Table:
    """Return the odds ratio of each need for each behaviour, with its adjusted p-value."""
    table = Table("needs_behaviour.odds_ratios", title, note, ("D-N2",))
    for behaviour, label in BEHAVIOURS.items():
        table.column(behaviour, label)
    adjusted = _adjusted(fits)
    for need, label in NEEDS.items():
        table.row(need, label)
        for behaviour, fit in fits.items():
            extra = {ADJUSTED: adjusted.get((behaviour, need))}
            _add_estimates(table, (need, behaviour), fit, need, extra)
    return table


def answers_table(answers: Mapping[str, Answers], note: str, nothing: str) -> Table:
    """Return how many service users each model rests on, and why others are left out."""
    table = Table(
        "needs_behaviour.answers",
        "Service users in each regression of behaviour on needs, and those left out",
        f"{note} The columns after the first add up to it: a service user is counted under the "
        "first reason that applies. With the behaviour: those in the model with any severity.",
        ("D-N2",),
    )
    for key, label in _REASONS.items():
        table.column(key, label)
    for behaviour, label in BEHAVIOURS.items():
        table.row(behaviour, label)
        for key in _REASONS:
            if nothing:
                table.absent(behaviour, key, "count", nothing)
            else:
                table.add(behaviour, key, "count", getattr(answers[behaviour], key))
    return table


def models_table(fits: Mapping[str, Fit | str], note: str) -> Table:
    """Return how each model was fitted, and the test of all needs at once."""
    table = Table(
        "needs_behaviour.models",
        "Regressions of behaviour on needs: method and test of all needs together",
        f"{note} Likelihood-ratio test of all needs at once (of the penalised likelihoods where "
        "there is a penalty); McFadden's R-squared of the likelihood itself. How each "
        "was fitted, and why:",
        ("D-N2",),
    )
    table.column("all_needs", "All needs together")
    for behaviour, label in BEHAVIOURS.items():
        table.row(behaviour, label)
        fit = fits[behaviour]
        if isinstance(fit, str):
            table.absent_all([behaviour], ["all_needs"], ("p_value", "r_squared"), fit)
            continue
        for statistic, value in (("p_value", fit.all_needs_p), ("r_squared", fit.mcfadden_r2)):
            if value is None:
                reason = "not given for the ordered model or under a penalty"
                table.absent(behaviour, "all_needs", statistic, reason)
            else:
                table.add(behaviour, "all_needs", statistic, value, n=fit.n)
        table.note += f" {label}: {fit.said}"
    return table


def sentences_table(fits: Mapping[str, Fit | str], note: str) -> Table:
    """Return what the report says in words, and what these data say."""
    table = Table(
        "needs_behaviour.sentences",
        "What the report says of needs and behaviours, and what these data show",
        f"{note} Printed: the report gives one odds ratio and p-value; of the others only the "
        "direction, and of two behaviours that no need showed an association. Tests below 0.05 "
        "are counted before any adjustment: of 12 tests 0.6 are expected by chance alone.",
        ("D-N2",),
        not_about_people="it counts tests and gives estimates of a model",
    )
    table.column("estimate", "These data")
    table.column("tests", "Tests with p below 0.05")
    for sentence in SENTENCES:
        table.row(sentence.row, sentence.label)
        fit = fits[sentence.behaviour]
        if sentence.need:
            _add_estimates(table, (sentence.row, "estimate"), fit, sentence.need, {}, sentence)
        else:
            _add_all_needs(table, sentence, fit)
        if isinstance(fit, str):
            table.absent_all([sentence.row], ["tests"], ("count", "total"), fit)
            continue
        tested = fit.estimates["p_value"]
        if sentence.need:
            tested = tested[tested.index == sentence.need]
        if len(tested):
            below = int((tested < SIGNIFICANT).sum())
            table.add(sentence.row, "tests", "count", below)
            table.add(sentence.row, "tests", "total", len(tested))
        else:
            table.absent_all([sentence.row], ["tests"], ("count", "total"), CONSTANT)
    return table


def sensitivity_table(variants: Mapping[str, tuple[str, Mapping[str, Fit | str]]]) -> Table:
    """Return the odds ratios that the report speaks of under other rules, side by side.

    Parameters
    ----------
    variants
        Column -> its label and the fits of each behaviour.
    """
    table = Table(
        "needs_behaviour.sensitivity",
        "The odds ratios that the report speaks of, under other rules",
        "Each need beside the eleven others in the model. Any: any severity against none. "
        "Ordered: odds of a more severe level (none, standard, moderate, high). Don't know left "
        "out: service users with a don't know for any need are not in the model; as no: it "
        "counts as no need.",
        ("D-N2",),
    )
    for column, (label, _) in variants.items():
        table.column(column, label)
    for sentence in SENTENCES:
        if not sentence.need:
            continue
        label = sentence.label.partition(" (printed")[0]
        table.row(sentence.row, label)
        for column, (_, fits) in variants.items():
            fit = fits[sentence.behaviour]
            _add_estimates(table, (sentence.row, column), fit, sentence.need, {})
    return table


def _add_estimates(
    table: Table,
    place: tuple[str, str],
    fit: Fit | str,
    need: str,
    extra: Mapping[str, float | None],
    sentence: Sentence | None = None,
) -> None:
    """Add odds ratio, interval and p-value of one need, or why there are none."""
    if isinstance(fit, str) or need not in fit.estimates.index:
        reason = fit if isinstance(fit, str) else CONSTANT
        table.absent_all([place[0]], [place[1]], (*ESTIMATES, *extra), reason)
        return
    values = {name: float(fit.estimates[name].to_dict()[need]) for name in ESTIMATES}
    said = _verdict(sentence, values) if sentence else ""
    warning = fit.warnings.get(need, "")
    for name, value in {**values, **extra}.items():
        is_point = name == "odds_ratio"
        table.add(
            *place, name, value, n=fit.n,
            note=said if is_point else "", warning=warning if is_point else "",
            reason=warning or "could not be computed",
        )  # fmt: skip


def _add_all_needs(table: Table, sentence: Sentence, fit: Fit | str) -> None:
    """Add the test of all needs at once; an odds ratio of twelve needs does not exist."""
    for name in ESTIMATES:
        if name != "p_value":
            reason = "the sentence is about all needs"
            table.absent(sentence.row, "estimate", name, reason, state=State.NOT_APPLICABLE)
        elif isinstance(fit, str) or fit.all_needs_p is None:
            reason = fit if isinstance(fit, str) else "not computed for the ordered model"
            table.absent(sentence.row, "estimate", name, reason)
        else:
            said = "likelihood-ratio test of all needs together"
            table.add(sentence.row, "estimate", name, fit.all_needs_p, n=fit.n, note=said)


def _verdict(sentence: Sentence, values: Mapping[str, float]) -> str:
    """Return whether direction and significance are those of the sentence."""
    direction = "higher" if values["odds_ratio"] > 1 else "lower"
    same = "as printed" if direction == sentence.printed else "not as printed"
    clear = "below" if values["p_value"] < SIGNIFICANT else "not below"
    return f"direction {same}; p {clear} {SIGNIFICANT}"


def _adjusted(fits: Mapping[str, Fit | str]) -> dict[tuple[str, str], float]:
    """Return (behaviour, need) -> Benjamini and Hochberg's p-value over all tests."""
    from datrial.models import adjust_benjamini_hochberg

    raw = {
        (behaviour, str(need)): float(p)
        for behaviour, fit in fits.items()
        if not isinstance(fit, str)
        for need, p in fit.estimates["p_value"].items()
    }
    adjusted = adjust_benjamini_hochberg(list(raw.values()))
    return dict(zip(raw, map(float, adjusted), strict=True))
