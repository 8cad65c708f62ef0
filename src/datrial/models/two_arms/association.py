"""How strongly answers with several levels go with the arm: Cramer's V with its interval."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from datrial.models.contingency import independence_test
from datrial.models.errors import ModelUsageError
from datrial.models.two_arms.effects import Effect

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_METHOD = "noncentral chi-square"


def cramers_v(counts: ArrayLike, *, level: float = 0.95) -> Effect:
    """Return the effect size that belongs to `independence_test`.

    With two arms it is sqrt(chi-square / n), Cohen's w: 0 for like answers, 1 where no answer is
    given in both arms. The interval holds the values under which the observed chi-square lies
    in no tail of a noncentral one (Smithson 2003; R: `effectsize::cramers_v(adjust = FALSE)`),
    which is a law for weak associations: for strong ones the interval is too wide.
    It is trusted where the chi-square is: `IndependenceTest.is_approximate` says where not.

    Parameters
    ----------
    counts
        Two rows of counts, one column for each answer.
    level
        Of the interval, both ends of which may be 0.

    Raises
    ------
    ModelUsageError, ModelDataError
        As `independence_test`, or for a level outside 0..1.
    """
    if not 0 < level < 1:
        raise ModelUsageError("The level of an interval must lie between 0 and 1, as in 0.95.")
    test = independence_test(counts)
    tail = (1 - level) / 2
    low, high = (_noncentrality(test.statistic, test.df, share) for share in (1 - tail, tail))
    values = (test.statistic, low, high)
    estimate, ci_low, ci_high = (min(sqrt(value / test.n), 1.0) for value in values)
    return Effect(estimate, ci_low, ci_high, _METHOD)


def _noncentrality(statistic: float, df: int, share: float) -> float:
    """Return the noncentrality under which `share` of the distribution lies below a statistic."""
    from scipy.optimize import brentq
    from scipy.special import chdtr, chndtr

    if float(chdtr(df, statistic)) <= share:
        return 0.0  # even without an association so small a statistic is no rarity
    high = statistic + df + 10.0
    while float(chndtr(statistic, df, high)) > share:
        high *= 2
    return float(brentq(lambda nc: float(chndtr(statistic, df, nc)) - share, 0.0, high, xtol=1e-9))
