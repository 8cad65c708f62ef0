"""Average predictions in the four cells of time and arm, and the differences made of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.logit.binary import LogitResult
from datrial.models.logit.result import average_shares
from datrial.models.ordered_logit.result import OrderedLogitResult, average_probabilities
from datrial.models.ordered_logit.rows import drop_intercept

FloatArray = NDArray[np.float64]
Model = LogitResult | OrderedLogitResult
#: Values (L,), and their derivatives by the model's parameters (L, q).
Moments = tuple[FloatArray, FloatArray]


class Sides(NamedTuple):
    """The two times and the two arms: columns of the data, and their values in words."""

    time: str
    before: str
    after: str
    arm: str
    comparison: str
    intervention: str

    def corners(self) -> list[tuple[str, str]]:
        """Return the four cells: the comparison arm before and after, then the other."""
        return [
            (when, who)
            for who in (self.comparison, self.intervention)
            for when in (self.before, self.after)
        ]


def cell_averages(model: Model, sides: Sides) -> list[Moments]:
    """Average the predictions of all rows, put into each of the four cells in turn."""
    frame, corners = model.design.frame, sides.corners()
    # The formula is evaluated once, for its cost is that of the call and not of the rows.
    every = pd.concat([frame] * len(corners), ignore_index=True)
    for place, name in enumerate((sides.time, sides.arm)):
        categories = frame[name].cat.categories
        codes = np.array([list(categories).index(corner[place]) for corner in corners])
        repeated = np.repeat(codes, len(frame))
        every[name] = pd.Categorical.from_codes(repeated, categories=categories)
    parts = np.split(model.design.matrix_for(every), len(corners))
    return [_moments(model, part, model.weights) for part in parts]


def cross_difference(model: Model, sides: Sides) -> Moments:
    """Return after minus before of the intervention arm, minus that of the comparison arm."""
    (a, da), (b, db), (c, dc), (d, dd) = cell_averages(model, sides)
    return (d - c) - (b - a), (dd - dc) - (db - da)


def on_the_treated(model: Model, sides: Sides, interaction: str) -> Moments:
    """Return what the interaction adds in the rows of the intervention arm after."""
    frame = model.design.frame
    treated = (frame[sides.time] == sides.after) & (frame[sides.arm] == sides.intervention)
    rows = treated.to_numpy(dtype=bool)
    factual = model.design.matrix[rows]
    without = factual.copy()
    without[:, model.design.names.index(interaction)] = 0.0
    value, slope = _moments(model, factual, model.weights[rows])
    other, other_slope = _moments(model, without, model.weights[rows])
    return value - other, slope - other_slope


def _moments(model: Model, matrix: FloatArray, weights: FloatArray) -> Moments:
    """Average the event's probability, or every level's and that of being above the lowest."""
    params = model.params.to_numpy(dtype=float)
    if isinstance(model, LogitResult):
        mean, jacobian = average_shares(params, matrix, weights)
        return mean[1:], jacobian[1:]
    columns = drop_intercept(matrix, model.design.names)
    mean, jacobian = average_probabilities(params, columns, weights, len(model.levels))
    return np.append(mean, 1 - mean[0]), np.vstack([jacobian, -jacobian[0]])
