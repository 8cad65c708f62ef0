"""Whether a logit rests on too little, which penalty that calls for, and how it is said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datrial.models.design import quoted
from datrial.models.logit.likelihood import LogitLikelihood
from datrial.models.logit.separation import Separation
from datrial.models.sparse_data import RARE_LEVEL, SPARSE_CELL

FloatArray = NDArray[np.float64]

_WORDS = {"firth": "Firth's penalised likelihood", "log_f": "the log-F(1,1) penalty"}


def rare_levels(levels: Sequence[object], counts: FloatArray) -> tuple[str, ...]:
    """Return one phrase for each outcome level with few rows."""
    return tuple(
        f"outcome level '{level}' has only {count:g} rows"
        for level, count in zip(levels, counts, strict=True)
        if count < RARE_LEVEL
    )


def sparse_predictors(likelihood: LogitLikelihood, names: Sequence[str]) -> tuple[str, ...]:
    """Return the 0/1 columns of which some cell with an outcome level has few rows."""
    sparse = []
    for name, column in zip(names, likelihood.matrix.T, strict=True):
        if name == "Intercept" or not np.isin(column, (0.0, 1.0)).all():
            continue
        cells = np.vstack([likelihood.counts[column == side].sum(axis=0) for side in (0.0, 1.0)])
        if cells.min() < SPARSE_CELL:
            sparse.append(name)
    return tuple(sparse)


def choose_penalty(
    asked: str | None, separation: Separation, rare: Sequence[str], sparse: Sequence[str]
) -> tuple[str | None, tuple[str, ...]]:
    """Return the penalty to use and the sentence that says why, where it was left to us."""
    if asked != "auto":
        return asked, ()
    reasons = [f"the outcome is separated ({separation.kind})"] if separation else []
    reasons += rare
    if sparse:
        reasons.append(
            f"fewer than {SPARSE_CELL} rows stand in a cell of the outcome with {quoted(sparse)}"
        )
    if not reasons:
        said = "Maximum likelihood: no separation, no rare outcome level and no sparse predictor."
        return None, (said,)
    return "firth", (f"Firth's penalised likelihood was chosen because {'; '.join(reasons)}.",)


def rest_notes(
    separation: Separation, labels: Sequence[str], rare: Sequence[str], penalty: str | None
) -> tuple[str, ...]:
    """Return the sentences on separation and rare levels that a reader should know.

    Parameters
    ----------
    labels
        The parameters in words, in their order.
    """
    advice = "" if penalty else "; consider penalty='firth'"
    unstable = f"estimates that rest on it are unstable{advice}."
    notes = [f"{phrase[:1].upper()}{phrase[1:]}: {unstable}" for phrase in rare]
    if separation:
        ends = [
            f"'{labels[position]}' ({_END[sign]})"
            for position, sign in zip(separation.unbounded, separation.signs, strict=True)
        ]
        held = (
            f"held finite by {_WORDS[penalty]}"
            if penalty
            else f"its estimate and error are not to be trusted{advice}"
        )
        notes.append(
            f"Separation ({separation.kind}): the maximum-likelihood estimate is infinite for "
            f"{', '.join(ends)}; {held}."
        )
    return tuple(notes)


_END = {1: "plus infinity", -1: "minus infinity", 0: "either way"}
