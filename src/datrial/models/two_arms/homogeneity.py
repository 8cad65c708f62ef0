"""Several levels before and after, of the same people: whether their distribution moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.result import normal_quantile
from datrial.models.two_arms.effects import Effect

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class HomogeneityTest:
    """A test that answers before and after have one distribution.

    Attributes
    ----------
    statistic, df, p_value
        Stuart and Maxwell's chi-square. With two levels it is McNemar's.
    n_pairs
        Pairs tested.
    rose, fell
        Pairs whose level went up, and down, in the order of the levels.
    dominance
        (rose - fell) / pairs, between -1 and 1: Cliff's dominance within pairs, the effect size.
    """

    statistic: float
    df: int
    p_value: float
    n_pairs: int
    rose: int
    fell: int
    dominance: Effect


def marginal_homogeneity(counts: ArrayLike, *, level: float = 0.95) -> HomogeneityTest:
    """Test whether answers with several levels changed between two times (Stuart and Maxwell).

    Stuart (1955), Biometrika 42, 412-416; Maxwell (1970), British Journal of Psychiatry 116,
    651-655. Stata: `symmetry`; R: `coin::mh_test`.

    Parameters
    ----------
    counts
        Square table of pairs: rows the level before, columns the level after, lowest first.
        Levels in no changed pair say nothing and are left out of the degrees of freedom.
    level
        Of the interval of `dominance`, which is Wald's made to stay within -1 and 1.

    Raises
    ------
    ModelUsageError, ModelDataError
        For anything but a square table of whole numbers, or one without pairs.
    """
    import numpy as np
    from scipy.special import chdtrc

    from datrial.models.two_arms.bounded import bounded_interval

    table = np.asarray(counts)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) < 2:
        raise ModelUsageError("Answers before and after make a square table, levels by levels.")
    if not np.issubdtype(table.dtype, np.number) or (table < 0).any() or (table % 1).any():
        raise ModelUsageError("The pairs must be counts: whole numbers from 0.")
    pairs = table.astype(np.float64)
    n = pairs.sum()
    if n == 0:
        raise ModelDataError("No pair has both answers.")
    gap = pairs.sum(axis=0) - pairs.sum(axis=1)
    spread = np.diag(pairs.sum(axis=0) + pairs.sum(axis=1)) - pairs - pairs.T
    # One level is determined by the others, so the spread is singular by one at least.
    df = int(np.linalg.matrix_rank(spread, hermitian=True))
    statistic = float(gap @ np.linalg.pinv(spread, hermitian=True) @ gap)
    rose, fell = float(np.triu(pairs, 1).sum()), float(np.tril(pairs, -1).sum())
    share = float((rose - fell) / n)
    bse = float(np.sqrt(max((rose + fell) / n - share**2, 0.0) / n))
    _, low, high = bounded_interval(share, bse, 1.0, normal_quantile(level))
    return HomogeneityTest(
        statistic=statistic if df else float("nan"),
        df=df,
        p_value=float(chdtrc(df, statistic)) if df else 1.0,
        n_pairs=int(n),
        rose=int(rose),
        fell=int(fell),
        dominance=Effect(share, low, high, "Wald on Fisher's z scale"),
    )
