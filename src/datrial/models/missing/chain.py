"""One chain of an imputation: round after round, column after column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datrial.models.errors import ModelDataError
from datrial.models.missing.columns import Column
from datrial.models.missing.draws import draw_levels, draw_ordered_levels
from datrial.models.missing.linear_draws import draw_matches, draw_normal
from datrial.models.missing.regression import Draw, Memory, Regression

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DRAWS: dict[str, Draw] = {
    "logit": draw_levels,
    "multinomial": draw_levels,
    "ordered": draw_ordered_levels,
    "pmm": draw_matches,
    "normal": draw_normal,
}


@dataclass(frozen=True)
class RunChain:
    """What is left of a chain that has been run.

    Attributes
    ----------
    values
        Each incomplete column with its last drawn answers.
    augmented
        Columns where perfect prediction was met.
    dropped
        Columns of which predictors were left out.
    """

    values: dict[str, FloatArray]
    augmented: frozenset[str]
    dropped: frozenset[str]


class Chain:
    """One imputation: the current answers of every column, changed column by column."""

    def __init__(
        self,
        model: list[Column],
        targets: list[Column],
        sources: Mapping[str, list[str]],
        rng: np.random.Generator,
    ) -> None:
        self.targets, self.rng = targets, rng
        self.values = {column.name: column.values.copy() for column in model}
        for column in targets:
            seen = column.values[~np.isnan(column.values)]
            # Where the chain starts: answers of others, drawn at random.
            self.values[column.name][column.missing] = rng.choice(seen, len(column.missing))
        blocks = [column.predictors(self.values[column.name]) for column in model]
        self.matrix = np.column_stack([np.ones(len(blocks[0])), *blocks])
        edges = 1 + np.cumsum([0, *(block.shape[1] for block in blocks)])
        self.place = {column.name: slice(edges[j], edges[j + 1]) for j, column in enumerate(model)}
        every = np.arange(self.matrix.shape[1])
        self.used = {
            column.name: np.concatenate(
                [[0], *(every[self.place[source]] for source in sources[column.name])]
            ).astype(np.int64)
            for column in targets
        }
        self.memory = {column.name: Memory() for column in targets}
        self.dropped: Counter[str] = Counter()

    def run(self, iterations: int) -> list[list[float]]:
        """Go round the columns, and return the trace: one list of means per iteration."""
        trace = []
        for _ in range(iterations):
            means: list[float] = []
            for column in self.targets:
                drawn = self._draw(column)
                self.values[column.name][column.missing] = drawn
                block = column.predictors(self.values[column.name])
                self.matrix[:, self.place[column.name]] = block
                means += column.trace(drawn)
            trace.append(means)
        return trace

    def done(self) -> RunChain:
        """Return what is left of the chain."""
        names = [column.name for column in self.targets]
        return RunChain(
            {name: self.values[name] for name in names},
            frozenset(name for name in names if self.memory[name].augmented),
            frozenset(name for name in names if self.dropped[name]),
        )

    def _draw(self, column: Column) -> FloatArray:
        """Draw one column's missing answers given the present answers of the others."""
        missing = np.isnan(column.values)
        others = self.matrix[:, self.used[column.name]]
        observed = others[~missing]
        kept = independent_columns(observed)
        memory = self.memory[column.name]
        if memory.kept is not None and not np.array_equal(memory.kept, kept):
            memory.point = None
        memory.kept = kept
        if len(kept) < others.shape[1]:
            self.dropped[column.name] += 1
        answers = column.values[~missing]
        regression = Regression(
            answers, observed[:, kept], others[missing][:, kept], np.ones(len(answers))
        )
        try:
            return DRAWS[column.method](regression, column.n_levels, memory, self.rng)
        except ModelDataError as error:
            raise ModelDataError(f"Column '{column.name}' cannot be imputed: {error}") from None


def independent_columns(matrix: FloatArray, tolerance: float = 1e-9) -> IntArray:
    """Return the positions of the columns that are no combination of those before them."""
    scale = np.sqrt((matrix**2).sum(axis=0))
    scaled = matrix / np.where(scale > 0, scale, 1.0)
    gram = scaled.T @ scaled
    kept = []
    for j in range(len(gram)):
        if gram[j, j] < tolerance:
            continue
        kept.append(j)
        rest = slice(j + 1, None)
        gram[rest, rest] -= np.outer(gram[rest, j], gram[j, rest]) / gram[j, j]
    return np.array(kept, dtype=np.int64)
