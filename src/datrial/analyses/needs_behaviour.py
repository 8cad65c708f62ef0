"""Do needs go together with abusive behaviours? Four regressions on all twelve needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.levels import BEHAVIOURS, NEEDS, TIME_POINTS
from datrial.analyses.needs_behaviour_fits import (
    Fit,
    Outcome,
    Penalty,
    answers_of,
    fit_behaviour,
)
from datrial.analyses.needs_behaviour_tables import (
    answers_table,
    models_table,
    needs_of_sentences,
    odds_ratio_table,
    sensitivity_table,
    sentences_table,
)
from datrial.analyses.needs_data import DontKnow, TimePoint
from datrial.analyses.received import received
from datrial.results.cells import Table

#: Behaviour -> the needs whose estimates are wanted.
Needs = Mapping[str, Sequence[str]]

_OUTCOMES = {
    "any": "Any severity against none (logistic regression).",
    "ordered": "Severity in four ordered levels (ordered logistic regression).",
}
_WORDS: dict[Outcome, str] = {"any": "Any", "ordered": "Ordered"}
_RULES: dict[DontKnow, str] = {"missing": "don't know left out", "no": "don't know as no"}
_DONT_KNOW = {
    "missing": "Complete cases: service users with a don't know or no answer for any need, or for "
    "the behaviour, are left out of its model.",
    "no": "A don't know for a need counts as no; service users with no answer for any need, or "
    "without a known behaviour, are left out of its model.",
}


class NeedsBehaviourParameters(Parameters):
    """Parameters of the regressions of behaviours on needs.

    Attributes
    ----------
    time_point
        Whose forms are used, of needs and of behaviours.
    outcome
        ``any``: any severity against none; ``ordered``: the four severities.
    dont_know
        ``missing``: don't know of a need is a missing answer; ``no``: it counts as no need.
    penalty
        ``auto``: Firth's penalised likelihood where the behaviour is separated, rare, or has
        fewer than 5 service users in a cell with a need; ``none``, ``firth``, ``log_f``.
    """

    time_point: TimePoint = "midpoint"
    outcome: Outcome = "any"
    dont_know: DontKnow = "missing"
    penalty: Penalty = "auto"


def run(context: Context, parameters: NeedsBehaviourParameters) -> list[Table]:
    """Odds ratios of all needs, who is in each model, and the report's sentences beside ours."""
    nothing = received(context, "cms").reason()
    rows = {rule: answers_of(context, parameters.time_point, rule) for rule in _RULES}
    answers = rows[parameters.dont_know]

    def fits(outcome: Outcome, dont_know: DontKnow, needs: Needs) -> dict[str, Fit | str]:
        return {
            behaviour: nothing
            or fit_behaviour(rows[dont_know][behaviour], outcome, parameters.penalty, wanted)
            for behaviour, wanted in needs.items()
        }

    chosen = fits(parameters.outcome, parameters.dont_know, dict.fromkeys(BEHAVIOURS, tuple(NEEDS)))
    variants = {
        f"{outcome}__{rule}": (f"{word}, {rule_word}", fits(outcome, rule, needs_of_sentences()))
        for rule, rule_word in _RULES.items()
        for outcome, word in _WORDS.items()
    }
    note = (
        f"Service users with a needs form at {TIME_POINTS[parameters.time_point].lower()}. "
        f"{_OUTCOMES[parameters.outcome]} {_DONT_KNOW[parameters.dont_know]}"
    )
    what = "any" if parameters.outcome == "any" else "a more severe level"
    return [
        odds_ratio_table(
            chosen,
            f"Odds ratios of {what} of each behaviour, for service users with each need",
            f"{note} One model for each behaviour, with all twelve needs at once. p-values of the "
            "48 tests are also given as adjusted by Benjamini and Hochberg's method.",
        ),
        answers_table(answers, note, nothing),
        models_table(chosen, note),
        sentences_table(chosen, note),
        sensitivity_table(variants),
    ]


ANALYSIS = Analysis(
    id="needs_behaviour",
    title="Needs and behaviours",
    chapter="Needs",
    question="Are service users with a need more or less likely to show an abusive behaviour?",
    population="Service users of the intervention with a needs form and a behaviour form at the "
    "time point. An association between two things recorded on the same day, not an effect of "
    "one on the other.",
    rules="Twelve needs, each yes or no; four behaviours, any severity against none or the four "
    "severities. Don't know and missing are left out (complete cases) unless the parameter "
    "dont_know says that a don't know of a need counts as no. The report speaks of a higher "
    "severity of physical abuse but ran logistic regressions, which have two outcomes; both "
    "readings stand beside each other.",
    model="Logistic regression of each behaviour on all twelve needs at once. Where the behaviour "
    "is separated by the needs, has fewer than 10 service users, or fewer than 5 with some need, "
    "the likelihood is penalised (Firth) with profile-likelihood intervals and tests. Stata: "
    "logit, firthlogit; R: logistf. The 48 tests are adjusted by Benjamini and Hochberg's method.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Service users' needs and their "
        "association with DVA behaviours.",
        "Firth (1993), Biometrika 80(1), 27-38.",
        "Heinze and Schemper (2002), Statistics in Medicine 21(16), 2409-2419.",
        "Konis (2007), Linear programming algorithms for detecting separated data in binary "
        "logistic regression models, DPhil thesis, University of Oxford.",
        "Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57(1), 289-300.",
    ),
    limits=(
        "Needs and behaviours were recorded by the same case manager on the same day: an "
        "association is not an effect of a need.",
    ),
    catalogue=("D-N2",),
    parameters=NeedsBehaviourParameters,
    run=run,
)
