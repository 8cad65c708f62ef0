"""What a multiple imputation gives: completed data sets, and how its chains went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.missing.columns import Column

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Chains are said not to have mixed above this; with ten chains and the later half of ten
#: iterations, mixed chains exceed it about once in a thousand times.
WORST_R_HAT = 1.3
FEWEST_CHAINS = 5


@dataclass(frozen=True)
class ImputedColumn:
    """The drawn answers of one column.

    Attributes
    ----------
    name, method
        Of the column.
    missing
        Positions of the rows without an answer.
    sources
        Shape (m, n_missing): the row whose answer each draw repeats; None for ``normal``, whose
        draws are new numbers in `numbers`.
    """

    name: str
    method: str
    missing: IntArray = field(repr=False)
    sources: IntArray | None = field(repr=False)
    numbers: FloatArray | None = field(repr=False)

    @classmethod
    def of(cls, column: Column, values: list[FloatArray]) -> ImputedColumn:
        """Return the draws of a column from its completed values in every imputation."""
        missing = column.missing
        drawn = np.array([completed[missing] for completed in values])
        if column.method == "normal":
            return cls(column.name, column.method, missing, None, drawn)
        sources = column.sources[np.searchsorted(column.answers, drawn)]
        return cls(column.name, column.method, missing, sources, None)

    def completed(self, column: pd.Series, number: int) -> pd.Series:
        """Return the column with the draws of one imputation (from 0), of the same type."""
        array = column.array.copy()
        if self.numbers is not None:
            array[self.missing] = self.numbers[number]
        elif self.sources is not None:
            array[self.missing] = array.take(self.sources[number])
        return pd.Series(array, index=column.index, name=column.name)


@dataclass(frozen=True, kw_only=True)
class Imputations:
    """Completed data sets from `multiple_imputation`.

    Attributes
    ----------
    m, iterations, seed
        As asked.
    n_rows, n_complete
        Rows, and rows without a missing answer in the imputation model's columns.
    trace
        Mean of the imputed answers after each iteration, indexed by (imputation, iteration):
        of a number, of the level's position (0, 1, ...) of two or ordered levels, and the share
        of each level but the first where levels have no order.
    fit_notes
        What a reader should know of the columns' regressions.
    """

    m: int
    iterations: int
    seed: int
    n_rows: int
    n_complete: int
    trace: pd.DataFrame = field(repr=False)
    fit_notes: tuple[str, ...]
    data: pd.DataFrame = field(repr=False)  # holds rows, which no log may show
    columns: tuple[ImputedColumn, ...]

    @property
    def methods(self) -> dict[str, str]:
        """The imputed columns and the method of each."""
        return {column.name: column.method for column in self.columns}

    @property
    def n_missing(self) -> pd.Series:
        """Answers imputed, per column."""
        counts = {column.name: len(column.missing) for column in self.columns}
        return pd.Series(counts, name="n_missing", dtype="int64")

    @property
    def notes(self) -> tuple[str, ...]:
        """Plain sentences a reader of the imputations should know."""
        table = self.convergence()
        # Below a few chains the comparison of chains says nothing.
        apart = list(table.index[(table["r_hat"] > WORST_R_HAT) & (self.m >= FEWEST_CHAINS)])
        if not apart:
            return self.fit_notes
        names = ", ".join(f"'{name}'" for name in apart)
        return (
            *self.fit_notes,
            f"The chains of {names} still differ after {self.iterations} iterations: impute with "
            "more, and look at the trace.",
        )

    def datasets(self) -> Iterator[pd.DataFrame]:
        """Yield the completed frames: columns, types, order and index of the data.

        An answer that was given is never changed.
        """
        for number in range(self.m):
            yield self.dataset(number)

    def dataset(self, number: int) -> pd.DataFrame:
        """Return one completed frame, numbered from 0."""
        frame = self.data.copy(deep=False)
        for column in self.columns:
            frame[column.name] = column.completed(self.data[column.name], number)
        return frame

    def convergence(self) -> pd.DataFrame:
        """Compare the chains over the later half of their iterations.

        Returns
        -------
        DataFrame
            Per trace: `mean` over chains, and `r_hat`, the potential scale reduction (Gelman and
            Rubin 1992, Statistical Science 7, 457-472): near 1 where the chains tell the same;
            NaN with one chain or fewer than two iterations to compare.
        """
        kept = self.iterations - self.iterations // 2
        rows = []
        for name in self.trace.columns:
            chains = self.trace[name].to_numpy(dtype=float).reshape(self.m, -1)[:, -kept:]
            rows.append((float(chains.mean()), _scale_reduction(chains)))
        return pd.DataFrame(rows, index=self.trace.columns, columns=["mean", "r_hat"])


def _scale_reduction(chains: FloatArray) -> float:
    """Return sqrt([(n-1)/n W + B/n] / W) of chains in rows."""
    m, n = chains.shape
    if m < 2 or n < 2:
        return float("nan")
    within = float(chains.var(axis=1, ddof=1).mean())
    between = n * float(chains.mean(axis=1).var(ddof=1))
    if within == 0:
        return 1.0 if between == 0 else float("inf")
    return float(np.sqrt((n - 1) / n + between / n / within))
