"""Yes and no before and after, of the same people: McNemar's tests and their effect sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.result import normal_quantile
from datrial.models.two_arms.effects import Effect, exact_interval, whole_counts
from datrial.models.two_arms.paired_intervals import newcombe_paired, tango_paired

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

#: With fewer changed pairs than this the exact test is the one to report.
FEW_CHANGES = 25


@dataclass(frozen=True)
class McNemarTest:
    """Whether as many pairs changed from no to yes as from yes to no.

    Attributes
    ----------
    both, stopped, started, neither
        Pairs with yes and yes, yes then no, no then yes, no and no.
    n_pairs, n_left_out
        Pairs tested, and pairs with an answer missing.
    method, p_value
        The test to report: ``exact`` below 25 changed pairs, else ``chi_square`` without a
        continuity correction.
    p_exact, p_mid
        The exact binomial test, and its mid-p version (Fagerland and others 2013, BMC Medical
        Research Methodology 13:91), which is less conservative.
    statistic, p_chi_square
        (started - stopped)^2 / (started + stopped); not a number where nobody changed.
    statistic_corrected, p_corrected
        The same with Edwards's continuity correction.
    difference
        Share with yes after minus before; Newcombe's (1998) interval, his method 10.
    difference_score
        The same with Tango's (1998) score interval, which agrees with `p_chi_square`.
    odds_ratio
        started / stopped: the odds of yes after against before, within a person. Exact interval.
    cohens_g
        started / (started + stopped) - 0.5, between -0.5 and 0.5. Exact interval.
    """

    both: int
    stopped: int
    started: int
    neither: int
    n_left_out: int
    method: Literal["exact", "chi_square"]
    p_value: float
    p_exact: float
    p_mid: float
    statistic: float
    p_chi_square: float
    statistic_corrected: float
    p_corrected: float
    difference: Effect
    difference_score: Effect
    odds_ratio: Effect
    cohens_g: Effect

    @property
    def n_pairs(self) -> int:
        """Pairs with both answers."""
        return self.both + self.stopped + self.started + self.neither

    @property
    def n_changed(self) -> int:
        """Pairs whose two answers differ."""
        return self.stopped + self.started

    @property
    def share_before(self) -> float:
        """Share with yes before."""
        return (self.both + self.stopped) / self.n_pairs

    @property
    def share_after(self) -> float:
        """Share with yes after."""
        return (self.both + self.started) / self.n_pairs


def mcnemar(before: ArrayLike, after: ArrayLike, *, level: float = 0.95) -> McNemarTest:
    """Test whether the share with yes changed between two answers of the same people.

    Stata: `mcc`; R: `mcnemar.test`, `exact2x2::mcnemar.exact`.

    Parameters
    ----------
    before, after
        One answer per person, in the same order: boolean, 0 and 1, or missing. Pairs with a
        missing answer are left out and counted.
    level
        Of the intervals.

    Raises
    ------
    ModelUsageError, ModelDataError
        For answers other than yes and no, lengths that differ, or no complete pair.
    """
    import numpy as np
    import pandas as pd

    if len(np.asarray(before)) != len(np.asarray(after)):
        raise ModelUsageError("The answers before and after must be one each for every person.")
    if (
        isinstance(before, pd.Series)
        and isinstance(after, pd.Series)
        and not before.index.equals(after.index)
    ):
        raise ModelUsageError(
            "The answers before and after have different indexes; put the people in one order."
        )
    first, second = _yes_no(before, "before"), _yes_no(after, "after")
    paired = ~(np.isnan(first) | np.isnan(second))
    tables = np.bincount((2 * first[paired] + second[paired]).astype(np.int64), minlength=4)
    neither, started, stopped, both = (int(n) for n in tables)
    left_out = int((~paired).sum())
    return mcnemar_counts(both, stopped, started, neither, n_left_out=left_out, level=level)


def mcnemar_counts(
    both: int, stopped: int, started: int, neither: int, *, n_left_out: int = 0, level: float = 0.95
) -> McNemarTest:
    """Do `mcnemar` from the four counts of pairs; see `McNemarTest` for their names."""
    cells = whole_counts([both, stopped, started, neither], "The pairs")
    if sum(cells) == 0:
        raise ModelDataError("No pair has both answers.")
    both, stopped, started, neither = cells
    quantile = normal_quantile(level)
    tests = _tests(stopped, started)
    few = stopped + started < FEW_CHANGES
    difference = (started - stopped) / sum(cells)
    low, high = newcombe_paired(both, started, stopped, neither, quantile)
    score_low, score_high = tango_paired(started, stopped, sum(cells), quantile)
    odds_ratio, cohens_g = _exact_effects(stopped, started, level)
    return McNemarTest(
        both=both,
        stopped=stopped,
        started=started,
        neither=neither,
        n_left_out=n_left_out,
        method="exact" if few else "chi_square",
        p_value=tests.exact if few else tests.chi_square,
        p_exact=tests.exact,
        p_mid=tests.mid,
        statistic=tests.statistic,
        p_chi_square=tests.chi_square,
        statistic_corrected=tests.statistic_corrected,
        p_corrected=tests.corrected,
        difference=Effect(difference, low, high, "Newcombe 1998, method 10"),
        difference_score=Effect(difference, score_low, score_high, "Tango 1998, score"),
        odds_ratio=odds_ratio,
        cohens_g=cohens_g,
    )


class _Tests(NamedTuple):
    """P-values, and the two statistics that have one."""

    exact: float
    mid: float
    statistic: float
    chi_square: float
    statistic_corrected: float
    corrected: float


def _tests(stopped: int, started: int) -> _Tests:
    from scipy.special import chdtrc
    from scipy.stats import binom

    changed, gap = stopped + started, abs(started - stopped)
    if not changed:
        nan = float("nan")
        return _Tests(1.0, 1.0, nan, nan, nan, nan)
    fewer = min(stopped, started)
    exact = min(1.0, 2 * float(binom.cdf(fewer, changed, 0.5)))
    point = float(binom.pmf(fewer, changed, 0.5))
    plain, corrected = gap**2 / changed, max(gap - 1, 0) ** 2 / changed
    return _Tests(
        exact,
        exact - point if gap else 1 - point / 2,
        plain,
        float(chdtrc(1, plain)),
        corrected,
        float(chdtrc(1, corrected)),
    )


def _exact_effects(stopped: int, started: int, level: float) -> tuple[Effect, Effect]:
    """Return the odds ratio and Cohen's g, which depend on the changed pairs alone."""
    changed, method = stopped + started, "Clopper and Pearson 1934, given the changed pairs"
    if not changed:
        nan, infinity = float("nan"), float("inf")
        return Effect(nan, 0.0, infinity, method), Effect(nan, -0.5, 0.5, method)
    share = started / changed
    low, high = exact_interval(started, changed, level)
    return (
        Effect(_odds(share), _odds(low), _odds(high), method),
        Effect(share - 0.5, low - 0.5, high - 0.5, method),
    )


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else float("inf")


def _yes_no(answers: ArrayLike | pd.Series, which: str) -> NDArray[np.float64]:
    """Return answers as 1, 0 and not-a-number, or say how many are something else."""
    import numpy as np
    import pandas as pd

    column = pd.Series(answers, dtype="object").reset_index(drop=True)
    known = {0: 0.0, 1: 1.0}  # True and False are 1 and 0; a dict given to map() misses them
    codes: NDArray[np.float64] = np.array(
        [np.nan if pd.isna(answer) else known.get(answer, np.nan) for answer in column]
    )
    wrong = int((np.isnan(codes) & column.notna().to_numpy()).sum())
    if wrong:
        raise ModelUsageError(
            f"McNemar's test takes yes and no (1 and 0) or missing; {wrong} of the {len(column)} "
            f"answers {which} are something else."
        )
    return codes
