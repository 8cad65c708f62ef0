"""The percentage reduction of a share between two times, of the same people."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import TYPE_CHECKING

from datrial.models.paired.ratio_intervals import bonett_price_ratio, tang_paired_ratio
from datrial.models.paired.share import SingleProportion, single_proportion
from datrial.models.result import normal_quantile
from datrial.models.two_arms.effects import Effect
from datrial.models.two_arms.paired import McNemarTest, mcnemar, mcnemar_counts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_TANG = "Tang, Tang and Chan 2003, score"
_BONETT_PRICE = "Bonett and Price 2006, hybrid Wilson"


@dataclass(frozen=True)
class PairedReduction:
    """Two shares of the same people, their difference, their ratio and the reduction.

    Attributes
    ----------
    before, after
        The two shares.
    test
        McNemar's tests and the difference (after minus before) with Newcombe's and Tango's
        intervals; `test.p_value` is the one to report.
    ratio
        After over before; the score interval.
    reduction
        1 - ratio: 0.5 is the "50% reduction" of a report; below 0 the share rose. Not a number
        where nobody had it before.
    reduction_hybrid
        The same with Bonett and Price's interval.
    notes
        What a reader of the reduction should know.
    """

    before: SingleProportion
    after: SingleProportion
    test: McNemarTest
    ratio: Effect
    reduction: Effect
    reduction_hybrid: Effect
    notes: tuple[str, ...]

    @property
    def n(self) -> int:
        """Pairs with both answers."""
        return self.test.n_pairs


def paired_reduction(
    before: ArrayLike, after: ArrayLike, *, level: float = 0.95
) -> PairedReduction:
    """Estimate by how much, in percent of itself, a share fell between two times.

    Tang, Tang and Chan (2003), Statistics in Medicine 22, 1217-1233; recommended for small samples
    beside Bonett and Price (2006) by Fagerland, Lydersen and Laake (2014), Statistics in Medicine
    33, 2850-2875. R: `contingencytables::Tang_asymptotic_score_CI_paired_2x2`.

    Parameters
    ----------
    before, after
        One answer per person, in the same order: boolean, 0 and 1, or missing. Pairs with a
        missing answer are left out and counted (`test.n_left_out`).
    level
        Of the intervals.

    Raises
    ------
    ModelUsageError, ModelDataError
        As `mcnemar`: answers other than yes and no, lengths that differ, no complete pair.
    """
    return _reduction(mcnemar(before, after, level=level), level)


def paired_reduction_counts(
    both: int, stopped: int, started: int, neither: int, *, n_left_out: int = 0, level: float = 0.95
) -> PairedReduction:
    """Do `paired_reduction` from the four counts of pairs, named as in `McNemarTest`."""
    test = mcnemar_counts(both, stopped, started, neither, n_left_out=n_left_out, level=level)
    return _reduction(test, level)


def _reduction(test: McNemarTest, level: float) -> PairedReduction:
    quantile, n = normal_quantile(level), test.n_pairs
    before = single_proportion(test.both + test.stopped, n, level=level)
    after = single_proportion(test.both + test.started, n, level=level)
    tang = tang_paired_ratio(test.both, test.started, test.stopped, n, quantile)
    hybrid = bonett_price_ratio(test.both, test.started, test.stopped, quantile)
    rise = inf if after.count else nan  # from nobody
    ratio = after.count / before.count if before.count else rise
    return PairedReduction(
        before=before,
        after=after,
        test=test,
        ratio=Effect(ratio, *tang, _TANG),
        reduction=_reduced(ratio, tang, _TANG),
        reduction_hybrid=_reduced(ratio, hybrid, _BONETT_PRICE),
        notes=_notes(before, after),
    )


def _reduced(ratio: float, limits: tuple[float, float], method: str) -> Effect:
    """Turn a ratio into a reduction; there is none without anybody to start from."""
    if not ratio < inf:  # not a number, or infinite
        return Effect(nan, nan, nan, method)
    return Effect(1 - ratio, 1 - limits[1], 1 - limits[0], method)


def _notes(before: SingleProportion, after: SingleProportion) -> tuple[str, ...]:
    if not before.count and not after.count:
        return ("Nobody had it at either time: there is nothing that could fall.",)
    if not before.count:
        return ("Nobody had it at the first time: a rise from none has no percentage.",)
    if not after.count:
        return (
            "Nobody has it at the last time: the reduction is 100% among these people, and the "
            "lower limit says how small it may be among people like them.",
        )
    return ()
