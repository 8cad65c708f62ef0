"""The differences in differences of one behaviour, of the complete cases."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from datrial.analyses.levels import BEHAVIOURS
from datrial.analyses.victim_differences_data import (
    EXIT,
    INTAKE,
    OTHERS,
    REFERENCE,
    SIDE,
    TIME,
    VICTIM,
    WEIGHT,
    complete_rows,
    term_words,
)

if TYPE_CHECKING:
    import pandas as pd

    from datrial.models.two_arms.did_result import DifferenceInDifferences

Kind = Literal["binary", "ordered"]
Penalty = Literal["auto", "none"]
Levels = Mapping[str, Mapping[str, str]]

DIFFERENCE, ARM = "difference_in_differences", "arm"
ODDS = ("odds_ratio", "bse", "p_value", "ci_low", "ci_high")
EFFECT = ("effect", "ci_low", "ci_high", "p_value")
RATIO = ("odds_ratio", "ci_low", "ci_high", "p_value")
#: Fewer answers than this with a behaviour, or without, are few (the models' own rule).
RARE = 10
ONE_ARM = "victims-survivors of one arm only are in this part of the data"
WITHOUT_ESTIMATE = "separated: without a penalty there is no finite estimate"


@dataclass(frozen=True)
class Estimates:
    """What one model says of one behaviour.

    Attributes
    ----------
    odds_ratio
        See ``RATIO``: of exit against intake, the other arms' over that of the reference.
    effect
        See ``EFFECT``: the difference of the differences of the probability.
    terms
        Term -> its numbers, see ``ODDS``; the first three under keys of their own.
    cells
        (time, side) -> adjusted probability and its interval.
    victims, answers, left_out
        Victims-survivors and answers in the model, and answers that it leaves out.
    penalty
        The penalty in words; empty without one.
    fmi
        Of imputed data: the fraction of missing information of the odds ratio.
    said
        How the model was fitted, in a sentence, without a count of few people.
    """

    odds_ratio: tuple[float, ...]
    effect: tuple[float, ...]
    victims: int
    answers: int = 0
    left_out: int = 0
    terms: dict[str, tuple[float, ...]] = field(default_factory=dict)
    cells: dict[tuple[str, str], tuple[float, ...]] = field(default_factory=dict)
    penalty: str = ""
    fmi: float | None = None
    said: str = ""


#: The estimates, or the reason why there are none.
Fitted = Estimates | str
PENALTIES = {"firth": "Firth's penalised likelihood", "log_f": "log-F(1,1) penalty"}


def fit_difference(
    rows: pd.DataFrame,
    behaviour: str,
    formula: str,
    levels: Levels,
    *,
    kind: Kind = "binary",
    penalty: Penalty = "auto",
    weighted: bool = False,
    with_cells: bool = False,
) -> Fitted:
    """Fit the difference in differences of a behaviour; return why not, where it cannot be.

    Parameters
    ----------
    with_cells
        Whether the adjusted probabilities of the four cells are wanted.
    """
    from datrial.models import ModelDataError

    outcome = outcome_of(behaviour, kind)
    known = complete_rows(rows, outcome, formula, *((WEIGHT,) if weighted else ()))
    reason = _cannot(known, outcome, behaviour)
    if reason:
        return reason
    try:
        fit = fit_model(known, outcome, formula, kind, penalty, WEIGHT if weighted else None)
    except ModelDataError as error:
        return f"the model could not be fitted: {error}"
    effect = fit.probability_effect().iloc[-1]
    found = fit.odds_ratio()
    return Estimates(
        (found.estimate, found.ci_low, found.ci_high, found.p_value),
        tuple(float(effect[name]) for name in ("estimate", "ci_low", "ci_high", "p_value")),
        victims=int(known[VICTIM].nunique()),
        answers=len(known),
        left_out=len(rows) - len(known),
        terms=_terms(fit),
        cells=_cells(fit) if with_cells else {},
        penalty=PENALTIES.get(str(fit.model.penalty), ""),
        said=_why(fit, levels),
    )


def outcome_of(behaviour: str, kind: Kind) -> str:
    """Return the column of a behaviour that a model explains."""
    return behaviour if kind == "ordered" else f"any_{behaviour}"


def _cannot(known: pd.DataFrame, outcome: str, behaviour: str) -> str:
    """Return why there is nothing to compare: no answers, one arm, or answers all alike."""
    if not len(known):
        return "no victim-survivor has an answer to everything that the model uses"
    if known[SIDE].nunique() == 1:
        return ONE_ARM
    if known[outcome].nunique() == 1:
        return f"all answers in the model to {BEHAVIOURS[behaviour].lower()} are alike"
    return ""


def fit_model(
    rows: pd.DataFrame, outcome: str, formula: str, kind: Kind, penalty: str, weights: str | None
) -> DifferenceInDifferences:
    """Fit the model to rows that have an answer to everything."""
    from datrial.models import fit_difference_in_differences

    return fit_difference_in_differences(
        outcome, rows, time=TIME, arm=SIDE, covariates=formula, cluster=VICTIM, kind=kind,
        reference_time=INTAKE, reference_arm=REFERENCE, weights=weights,
        penalty=None if penalty == "none" else penalty,
    )  # fmt: skip


def _terms(fit: DifferenceInDifferences) -> dict[str, tuple[float, ...]]:
    """Return the odds ratios by term, the three of the design under keys of their own."""
    nothing = (float("nan"),) * len(ODDS)
    named = {f"{TIME}[T.{EXIT}]": TIME, f"{SIDE}[T.{OTHERS}]": ARM}
    separated = set() if fit.penalised else set(map(str, getattr(fit.model, "separated", ())))
    found = fit.odds_ratio()
    ours = (found.estimate, found.bse, found.p_value, found.ci_low, found.ci_high)
    terms: dict[str, tuple[float, ...]] = {DIFFERENCE: ours}
    for name, row in fit.odds_ratios().to_dict("index").items():
        if name == fit.interaction:
            continue
        numbers = nothing if name in separated else tuple(row[each] for each in ODDS)
        terms[named.get(str(name), str(name))] = numbers
    return terms


def _cells(fit: DifferenceInDifferences) -> dict[tuple[str, str], tuple[float, ...]]:
    """Return the adjusted probability of any severity at each time and side."""
    table = fit.predictions().reset_index()
    # The last level is the event of a binary outcome, and ``any`` of an ordered one.
    event = table[table["level"] == table["level"].iloc[-1]]
    keys = zip(event[TIME], event[SIDE], strict=True)
    numbers = event[["probability", "ci_low", "ci_high"]].to_numpy(dtype=float).tolist()
    return {key: tuple(row) for key, row in zip(keys, numbers, strict=True)}


def _why(fit: DifferenceInDifferences, levels: Levels) -> str:
    """Return how the model was fitted and why, without a count of few people."""
    model: Any = fit.model
    said = PENALTIES.get(str(model.penalty), "maximum likelihood")
    reasons = []
    separated = list(map(str, getattr(model, "separated", ())))
    if separated:
        reasons.append(f"separated by {_listed(separated, fit, levels)}")
    if model.level_counts.min() < RARE:
        reasons.append(f"fewer than {RARE} answers at a level of the outcome")
    sparse = [term for term in getattr(model, "sparse", ()) if term not in separated]
    if sparse:
        reasons.append(
            "fewer than 5 answers in a combination of the outcome with "
            f"{_listed(sparse, fit, levels)}"
        )
    if fit.kind == "ordered" and fit.penalised:
        found = re.findall(r"'([^']+\[[^']*)'", next(iter(model.notes), ""))
        if found:
            reasons.append(f"few answers with {_listed(found, fit, levels)}, or separation")
    converged = "" if fit.converged else "; the maximiser did not converge"
    because = f" ({'; '.join(reasons)})" if reasons else ""
    return f"{said}{because}{converged}"


def _listed(terms: Any, fit: DifferenceInDifferences, levels: Levels) -> str:
    words = []
    for term in map(str, terms):
        if term == fit.interaction:
            words.append("the difference in differences")
        elif term.startswith(f"{SIDE}["):
            words.append("the arm")
        else:
            label = term_words(term, levels)
            words.append(label[0].lower() + label[1:])
    return ", ".join(dict.fromkeys(words))
