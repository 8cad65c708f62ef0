"""Which columns of a partial proportional-odds model are free, and where its parameters stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datrial.models.design import Design
from datrial.models.errors import ModelUsageError
from datrial.models.formula_safety import variables_of
from datrial.models.newton import Maximum
from datrial.models.ordered_logit.partial_likelihood import PartialLikelihood
from datrial.models.sandwich import total_by

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class PartialRows:
    """Rows with weight: outcome levels, predictor columns, weights."""

    codes: IntArray
    matrix: FloatArray
    weights: FloatArray
    n_levels: int
    names: list[str]

    def likelihood(self, free: Sequence[str]) -> PartialLikelihood:
        """Return the likelihood with some columns free at every cut."""
        chosen = np.array([name in free for name in self.names], dtype=bool)
        return PartialLikelihood(
            self.codes, self.matrix[:, ~chosen], self.matrix[:, chosen], self.weights, self.n_levels
        )


def columns_of(wanted: list[str], design: Design, names: list[str]) -> list[str]:
    """Return the model's columns that belong to the predictors named."""
    columns = set(map(str, design.frame.columns))
    terms: dict[str, set[str]] = {}
    for term, part in design.spec.term_slices.items():
        for name in np.array(design.names)[part]:
            terms[str(name)] = variables_of([term], columns, str(term))
    free = set()
    for name in wanted:
        own = {column for column in names if column == name or name in terms.get(column, set())}
        if not own:
            raise ModelUsageError(
                f"'{name}' is not a predictor of this model; it has {', '.join(sorted(columns))}."
            )
        free |= own
    return [name for name in names if name in free]


def start_of(
    likelihood: PartialLikelihood, rows: PartialRows, parallel: Maximum, free: list[str]
) -> FloatArray:
    """Return the estimates with equal effects as parameters of the free model."""
    k = len(rows.names)
    effects = dict(zip(rows.names, parallel.point[:k], strict=True))
    start = np.empty(likelihood.size)
    start[: likelihood.n_parallel] = [effects[n] for n in rows.names if n not in free]
    for cut in range(rows.n_levels - 1):
        own = [effects[n] for n in rows.names if n in free]
        start[likelihood.block(cut)] = [parallel.point[k + cut], *own]
    return start


def cutpoints_of(rows: PartialRows) -> FloatArray:
    """Return cutpoints at the observed cumulative shares."""
    shares = np.cumsum(total_by(rows.codes, rows.n_levels, rows.weights))[:-1]
    shares = shares / rows.weights.sum()
    return np.asarray(np.log(shares / (1 - shares)))


def labels_of(
    likelihood: PartialLikelihood, names: list[str], free: list[str]
) -> tuple[IntArray, list[str]]:
    """Return the order of the parameters for people, and their names."""
    cuts = range(likelihood.n_levels - 1)
    order, labels = list(range(likelihood.n_parallel)), [n for n in names if n not in free]
    for position, name in enumerate(n for n in names if n in free):
        order += [likelihood.block(cut).start + 1 + position for cut in cuts]
        labels += [f"{name}@cut{cut + 1}" for cut in cuts]
    order += likelihood.cutpoints().tolist()
    labels += [f"cut{cut + 1}" for cut in cuts]
    return np.array(order), labels
