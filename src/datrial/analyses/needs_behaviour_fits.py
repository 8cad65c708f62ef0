"""The regressions of one behaviour on all needs: their rows, and what is estimated from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from datrial.analyses.levels import BEHAVIOURS, NEEDS, SEVERITY, with_model_levels
from datrial.analyses.needs_data import need_items

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context
    from datrial.models.logit.binary import LogitResult

#: ``any``: any severity against none; ``ordered``: the four severities.
Outcome = Literal["any", "ordered"]
Penalty = Literal["auto", "none", "firth", "log_f"]

METHODS = {"firth": "Firth's penalised likelihood", "log_f": "log-F(1,1) penalty"}
#: Fewer service users than this with, or without, a behaviour are few (the models' own rule).
RARE = 10
MOST_NAMED = 4

ESTIMATES = ("odds_ratio", "ci_low", "ci_high", "p_value")
CONSTANT = "all service users in the model have the same answer"
SPARSE = "few service users: fewer than 5 with one of the combinations of need and behaviour"
SEPARATED = "the need separates the behaviour: without a penalty there is no finite estimate"


@dataclass(frozen=True)
class Answers:
    """The forms of one behaviour: those that a model can use, and why others cannot be.

    Attributes
    ----------
    complete
        Service users with the behaviour (its severity) and all twelve needs (0/1).
    forms
        Needs forms at the time point; the other counts add up to it.
    """

    behaviour: str
    complete: pd.DataFrame
    forms: int
    no_behaviour_form: int
    behaviour_not_known: int
    need_not_answered: int

    @property
    def used(self) -> int:
        """Service users in the model."""
        return len(self.complete)

    @property
    def events(self) -> int:
        """Service users in the model with any severity of the behaviour."""
        return int((self.complete[self.behaviour] != "none").sum())


@dataclass(frozen=True)
class Fit:
    """What a regression says of each need.

    Attributes
    ----------
    estimates
        Need -> odds ratio, interval and p-value; needs that do not vary are left out.
    n
        Service users in the model.
    warnings
        Need -> what its reader should know.
    said
        How the model was fitted, in sentences.
    all_needs_p
        Of the likelihood-ratio test of all needs at once; None for the ordered model.
    mcfadden_r2
        None for the ordered model and under a penalty.
    """

    estimates: pd.DataFrame
    n: int
    warnings: dict[str, str]
    said: str
    all_needs_p: float | None
    mcfadden_r2: float | None


def answers_of(context: Context, time_point: str, dont_know: str) -> dict[str, Answers]:
    """Return the usable forms of each behaviour and the count of the others by reason."""
    needs = need_items(context, time_point, dont_know)
    forms = context.connection.execute(
        "select * from marts.behaviour where time_point = ? order by person_id", [time_point]
    ).df()
    recorded = forms.set_index("person_id")[list(BEHAVIOURS)]
    has_form = needs.index.isin(recorded.index)
    beside = needs.join(recorded)
    answered = needs.notna().all(axis=1).to_numpy()
    found = {}
    for behaviour in BEHAVIOURS:
        known = beside[behaviour].isin(list(SEVERITY)).to_numpy()
        complete = beside.loc[known & answered, [behaviour, *NEEDS]]
        found[behaviour] = Answers(
            behaviour,
            complete.reset_index(drop=True),
            forms=len(needs),
            no_behaviour_form=int((~has_form).sum()),
            behaviour_not_known=int((has_form & ~known).sum()),
            need_not_answered=int((known & ~answered).sum()),
        )
    return found


def fit_behaviour(
    answers: Answers, outcome: Outcome, penalty: Penalty, wanted: Sequence[str] = tuple(NEEDS)
) -> Fit | str:
    """Regress a behaviour on all needs; return why not, where it cannot be done.

    Parameters
    ----------
    wanted
        The needs whose estimates are returned; all are in the model.
    """
    import pandas as pd

    from datrial.models import ModelDataError, ModelUsageError, fit_logit

    data, behaviour = answers.complete, answers.behaviour
    if not len(data):
        return "no service user has the behaviour and all needs answered"
    if answers.events in (0, len(data)):
        who = "no" if answers.events == 0 else "every"
        return f"{who} service user in the model has shown the behaviour"
    needs = [need for need in NEEDS if data[need].nunique() == 2]
    if not needs:
        return "no need varies among the service users in the model"
    formula = f"{behaviour} ~ {' + '.join(needs)}"
    any_or_none = data[behaviour].where(data[behaviour] == "none", "any").astype(str)
    shown = pd.Categorical(any_or_none, categories=["none", "any"])
    dichotomy = data.assign(**{behaviour: shown})
    asked = [need for need in needs if need in wanted]
    try:
        binary = fit_logit(formula, dichotomy, penalty=None if penalty == "none" else penalty)
        if outcome == "ordered":
            return _ordered(formula, data, asked, binary)
    except (ModelDataError, ModelUsageError) as error:
        return f"the model could not be fitted: {error}"
    return _binary(binary, asked)


def _binary(fit: LogitResult, needs: list[str]) -> Fit:
    """Return the estimates: Wald's intervals and tests, under a penalty those of the profile."""
    import numpy as np

    if fit.penalty:
        table = fit.profile_intervals(needs)
        table = table.assign(
            odds_ratio=np.exp(table["estimate"]),
            ci_low=np.exp(table["ci_low"]),
            ci_high=np.exp(table["ci_high"]),
        )
        said = f"{METHODS[fit.penalty]}, profile intervals and tests: {_why(fit)}"
    else:
        table = fit.odds_ratios().loc[needs]
        table.loc[[need for need in needs if need in fit.separated]] = np.nan
        said = f"maximum likelihood, Wald's intervals and tests: {_why(fit)}"
    return Fit(
        table[list(ESTIMATES)],
        int(fit.nobs),
        _warnings(fit),
        said,
        fit.likelihood_ratio_test().p_value,
        None if fit.penalty else fit.mcfadden_r2,
    )


def _ordered(formula: str, data: pd.DataFrame, needs: list[str], binary: LogitResult) -> Fit:
    """Return the ordered logit's estimates, penalised wherever the binary one had to be."""
    import numpy as np

    from datrial.models import fit_ordered_logit
    from datrial.models.ordered_logit.checks import HUGE_LOG_ODDS

    penalty = "log_f" if binary.penalty else None
    fit = fit_ordered_logit(formula, with_model_levels(data), penalty=penalty)
    method = METHODS[penalty] if penalty else "maximum likelihood"
    said = (
        f"ordered logit, {method}, Wald's intervals and tests; of any severity against none: "
        f"{_why(binary)}"
    )
    if not fit.converged:
        said += " The maximiser of the ordered model did not converge."
    warnings = dict.fromkeys(binary.sparse, SPARSE)
    with np.errstate(over="ignore"):
        table = fit.odds_ratios().loc[needs, list(ESTIMATES)]
    runaway = [] if penalty else [n for n in needs if abs(fit.params[n]) > HUGE_LOG_ODDS]
    table.loc[runaway] = np.nan
    warnings |= dict.fromkeys(runaway, SEPARATED)
    return Fit(table, int(fit.nobs), warnings, said, None, None)


def _why(fit: LogitResult) -> str:
    """Return in words, without a count of few people, on what little a model rests."""
    reasons = []
    if fit.separation:
        reasons.append(f"it is separated by {_listed(map(str, fit.separated))}")
    if fit.level_counts.min() < RARE:
        reasons.append(f"fewer than {RARE} service users show it, or do not")
    if fit.sparse:
        reasons.append(f"fewer than 5 have one of its combinations with {_listed(fit.sparse)}")
    why = "; ".join(reasons) or "it is not separated, not rare and no need is sparse"
    converged = "" if fit.converged else " The maximiser did not converge."
    return f"{why}.{converged}"


def _listed(names: Iterable[str]) -> str:
    """Return needs by their names, or their number where there are many."""
    needs = [NEEDS[name].lower() for name in names if name in NEEDS]
    return ", ".join(needs) if 0 < len(needs) <= MOST_NAMED else f"{len(needs)} needs"


def _warnings(fit: LogitResult) -> dict[str, str]:
    """Return need -> why its estimate rests on little."""
    sparse = dict.fromkeys(fit.sparse, SPARSE)
    return sparse | {str(name): SEPARATED for name in fit.separated if name != "Intercept"}
