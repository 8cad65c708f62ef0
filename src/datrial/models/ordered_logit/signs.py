"""Whether the rows of an ordered logit call for a penalty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datrial.models.logit.separation import Separation
from datrial.models.ordered_logit.checks import few_in_a_cell
from datrial.models.ordered_logit.partial_likelihood import PartialLikelihood
from datrial.models.ordered_logit.separation import find_cumulative_separation
from datrial.models.sandwich import total_by
from datrial.models.sparse_data import RARE_LEVEL, SPARSE_CELL

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Signs:
    """What the rows show.

    Attributes
    ----------
    separation
        Whether the outcome is separated.
    unbounded
        Parameters without a finite maximum-likelihood estimate.
    rare
        Outcome levels with few rows.
    sparse
        0/1 columns with few rows in a cell with every cut.
    """

    separation: Separation
    unbounded: list[str]
    rare: list[object]
    sparse: list[str]


def read_signs(
    codes: IntArray,
    matrix: FloatArray,
    weights: FloatArray,
    levels: list[object],
    labels: list[str],
    point: FloatArray,
) -> Signs:
    """Look for separation, rare levels and sparse predictors.

    Parameters
    ----------
    codes, matrix, weights
        Outcome level, predictor columns and weight of each row.
    levels, labels
        Outcome levels, and the parameters in words: columns, then cutpoints.
    point
        Estimates, for the certificate that nothing separates.
    """
    used = weights > 0
    codes, matrix, weights = codes[used], matrix[used], weights[used]
    nothing = np.zeros((len(codes), 0))
    likelihood = PartialLikelihood(codes, matrix, nothing, weights, len(levels))
    separation = find_cumulative_separation(likelihood, point)
    counts = total_by(codes, len(levels), weights)
    splits = [(codes >= cut).astype(np.int64) for cut in range(1, len(levels))]
    few = few_in_a_cell(matrix, splits, weights, every=False)
    return Signs(
        separation,
        [labels[position] for position in separation.unbounded],
        [level for level, rows in zip(levels, counts, strict=True) if rows < RARE_LEVEL],
        [labels[column] for column in np.flatnonzero(few)],
    )


def choose_penalty(signs: Signs) -> tuple[str | None, tuple[str, ...]]:
    """Return the penalty that the rows call for and the sentence that says why."""
    reasons = []
    if signs.separation:
        reasons.append(f"the outcome is separated ({signs.separation.kind})")
    reasons += [f"outcome level '{level}' has fewer than {RARE_LEVEL} rows" for level in signs.rare]
    if signs.sparse:
        reasons.append(
            f"at every cut fewer than {SPARSE_CELL} rows stand in a cell with "
            f"{', '.join(map(repr, signs.sparse))}"
        )
    if not reasons:
        said = "Maximum likelihood: no separation, no rare outcome level and no sparse predictor."
        return None, (said,)
    return "log_f", (f"The log-F(1,1) penalty was chosen because {'; '.join(reasons)}.",)
