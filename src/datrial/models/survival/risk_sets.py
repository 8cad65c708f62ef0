"""Who is under observation at each event time: sums over risk sets without a loop.

A row is under observation on (start, stop]. Among the sorted event times it covers a range
first..past-1, so that all sums over risk sets are sums over ranges that cover a point.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Up to so many event times sums over risk sets are made of additions only.
ADDITIVE_TIMES = 4096
#: A smallest risk set below this share of the largest would lose its digits to subtraction.
CANCELLATION = 1e-7


@dataclass(frozen=True)
class RiskSets:
    """The event times of all strata in a row, and the ranges of them that rows cover.

    Attributes
    ----------
    times, stratum
        Time and stratum of each of the D event times, stratum after stratum.
    first, past
        Row i is at risk at event times first[i]..past[i]-1, shape (n,).
    stratum_start
        Position of the first event time of each row's stratum, shape (n,).
    """

    times: FloatArray
    stratum: IntArray
    first: IntArray
    past: IntArray
    stratum_start: IntArray

    @property
    def n_times(self) -> int:
        """Return the number of distinct event times, over all strata."""
        return len(self.times)

    def only(self, rows: NDArray[np.bool_]) -> RiskSets:
        """Return the same event times with some of the rows."""
        first, past, begin = self.first[rows], self.past[rows], self.stratum_start[rows]
        return replace(self, first=first, past=past, stratum_start=begin)

    def rows_of(self, values: FloatArray) -> FloatArray:
        """Sum values of event times (D,) or (D, q) over the times that each row covers."""
        running = np.zeros((len(values) + 1, *values.shape[1:]))
        np.cumsum(values, axis=0, out=running[1:])
        return np.asarray(running[self.past] - running[self.first])

    def totals(self, values: FloatArray, *, additive: bool = True) -> FloatArray:
        """Sum values of rows (n,) or (n, q) over the rows at risk: shape (D,) or (D, q).

        Parameters
        ----------
        additive
            Whether to add only. Otherwise those who have left are subtracted from those who
            have come, which is quicker with many event times.
        """
        if values.ndim == 2:
            columns = [self.totals(column, additive=additive) for column in values.T]
            return np.column_stack(columns) if columns else np.zeros((self.n_times, 0))
        if additive:
            return self._added(values)
        size = self.n_times + 1
        # From the last time backwards: the few who are seen longest are summed first.
        change = np.bincount(self.past, weights=values, minlength=size)
        change -= np.bincount(self.first, weights=values, minlength=size)
        return np.asarray(change[:0:-1].cumsum()[::-1])

    @cached_property
    def _halved(self) -> list[tuple[int, IntArray, IntArray, IntArray]]:
        """Return rows, first and last time by the size of the block that halves their range.

        The smallest block of 2^depth times that holds both ends has one of them in either half.
        """
        inner = np.flatnonzero((self.past > self.first) & (self.first > self.stratum_start))
        low, high = self.first[inner], self.past[inner] - 1
        depth = np.frexp((low ^ high).astype(np.float64))[1].astype(np.int64)
        order = np.argsort(depth, kind="stable")
        parts = []
        for deep in np.unique(depth).tolist():
            chosen = order[slice(*np.searchsorted(depth[order], [deep, deep + 1]))]
            parts.append((deep, inner[chosen], low[chosen], high[chosen]))
        return parts

    @cached_property
    def _early(self) -> IntArray:
        """Return the rows at risk from their stratum's first event time on."""
        return np.flatnonzero((self.past > self.first) & (self.first == self.stratum_start))

    def _added(self, values: FloatArray) -> FloatArray:
        """Sum over ranges with additions only, from the middle of a block to both its sides."""
        total = self._suffixes(values)
        for depth, rows, low, high in self._halved:
            chosen = values[rows]
            if depth == 0:
                total += np.bincount(low, chosen, self.n_times)
                continue
            half = 2 ** (depth - 1)
            blocks = -(-self.n_times // (2 * half))
            ends = np.bincount(low, chosen, blocks * 2 * half)
            ends += np.bincount(high, chosen, blocks * 2 * half)
            halves = ends.reshape(blocks, 2, half)
            halves[:, 0] = halves[:, 0].cumsum(axis=1)
            halves[:, 1] = halves[:, 1, ::-1].cumsum(axis=1)[:, ::-1]
            total += halves.reshape(-1)[: self.n_times]
        return total

    def _suffixes(self, values: FloatArray) -> FloatArray:
        """Sum the rows that are at risk from their stratum's first event time on."""
        rows = self._early
        last = np.bincount(self.past[rows] - 1, values[rows], self.n_times)
        total, begin = np.empty(self.n_times), 0
        for end in [*(np.flatnonzero(np.diff(self.stratum)) + 1).tolist(), self.n_times]:
            total[begin:end] = last[begin:end][::-1].cumsum()[::-1]
            begin = end
        return total

    def maxima(self, values: FloatArray) -> FloatArray:
        """Return the largest value (n,) among the rows at risk at each event time: (D,)."""
        best = np.full(self.n_times, -np.inf)
        rows, begin = self._early, 0
        np.maximum.at(best, self.past[rows] - 1, values[rows])
        for end in [*(np.flatnonzero(np.diff(self.stratum)) + 1).tolist(), self.n_times]:
            best[begin:end] = np.maximum.accumulate(best[begin:end][::-1])[::-1]
            begin = end
        for depth, rows, low, high in self._halved:
            half = max(2 ** (depth - 1), 0.5)
            blocks = -(-self.n_times // int(2 * half))
            ends = np.full(blocks * int(2 * half), -np.inf)
            np.maximum.at(ends, low, values[rows])
            if depth:
                np.maximum.at(ends, high, values[rows])
                halves = ends.reshape(blocks, 2, int(half))
                np.maximum.accumulate(halves[:, 0], axis=1, out=halves[:, 0])
                backwards = halves[:, 1, ::-1]
                np.maximum.accumulate(backwards, axis=1, out=backwards)
            best = np.maximum(best, ends[: self.n_times])
        return best


def build_risk_sets(
    stop: FloatArray,
    has_event: NDArray[np.bool_],
    *,
    start: FloatArray | None = None,
    stratum: IntArray | None = None,
) -> RiskSets:
    """Sort the event times within strata and find the range of them that each row covers.

    Parameters
    ----------
    stop, has_event
        End of each row's time under observation, and whether an event ends it.
    start
        Its beginning, not included; without it every row is at risk from the beginning.
    stratum
        Stratum of each row, 0..S-1.
    """
    groups = np.zeros(len(stop), dtype=np.int64) if stratum is None else stratum
    distinct = np.unique(stop[has_event])
    # Times become ranks, so that a stratum and a rank make one number that can be sorted.
    step = len(distinct) + 1
    rank = np.searchsorted(distinct, stop, side="right")
    keys, _ = np.unique((groups * step + rank)[has_event], return_inverse=True)
    begin = np.searchsorted(keys, groups * step, side="right")
    past = np.searchsorted(keys, groups * step + rank, side="right")
    if start is None:
        first = begin
    else:
        entered = np.searchsorted(distinct, start, side="right")
        first = np.searchsorted(keys, groups * step + entered, side="right")
    return RiskSets(
        times=distinct[keys % step - 1],
        stratum=(keys // step).astype(np.int64),
        first=np.minimum(first, past).astype(np.int64),
        past=past.astype(np.int64),
        stratum_start=np.asarray(begin, dtype=np.int64),
    )
