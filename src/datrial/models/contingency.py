"""Independence of two groups' answers: Pearson's chi-square, and exact where cells are small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

#: Cochran's rule: with an expected count below this the chi-square is not trusted.
SMALLEST_EXPECTED = 5.0
#: More tables than this are not enumerated.
MOST_TABLES = 2_000_000
#: Tables as probable as the observed one count as extreme; their logs differ by rounding.
_TIE = 1e-7


@dataclass(frozen=True)
class IndependenceTest:
    """A test of whether the two rows of a table share one distribution.

    Attributes
    ----------
    method
        ``exact`` (Fisher, Freeman and Halton) or ``chi_square`` (Pearson, no correction).
    statistic, df
        Pearson's chi-square and its degrees of freedom, whichever the method.
    smallest_expected
        The smallest expected count of the table.
    """

    method: Literal["exact", "chi_square"]
    statistic: float
    df: int
    p_value: float
    n: int
    smallest_expected: float

    @property
    def is_approximate(self) -> bool:
        """Whether the p-value rests on a chi-square with an expected count below five."""
        return self.method == "chi_square" and self.smallest_expected < SMALLEST_EXPECTED


def independence_test(counts: ArrayLike) -> IndependenceTest:
    """Test whether two groups answer alike.

    The p-value is exact if an expected count is below five and the tables with
    the same margins can be enumerated, else Pearson's.

    Parameters
    ----------
    counts
        Two rows of counts, one column for each answer. Answers that nobody gave
        are left out.

    Raises
    ------
    ModelUsageError
        If the counts are not two rows of whole numbers.
    ModelDataError
        If one of the groups is empty, or all gave the same answer.

    Notes
    -----
    R: ``chisq.test(x, correct = FALSE)`` and ``fisher.test(x)``. Freeman and Halton
    (1951), Biometrika 38, 141-149: tables no more probable than the observed one.
    """
    import numpy as np
    from scipy.stats import chi2

    table = _checked(np.asarray(counts))
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    df = table.shape[1] - 1
    smallest = float(expected.min())
    exact = exact_p_value(table) if smallest < SMALLEST_EXPECTED else None
    return IndependenceTest(
        "chi_square" if exact is None else "exact",
        statistic,
        df,
        float(chi2.sf(statistic, df)) if exact is None else exact,
        int(table.sum()),
        smallest,
    )


def exact_p_value(table: NDArray[np.int64]) -> float | None:
    """Return the Freeman-Halton p-value of a table of two rows; None if it is too large.

    Given the margins, the smaller row is a draw without replacement
    (multivariate hypergeometric); its possible values are enumerated column by column.
    """
    import numpy as np
    from scipy.special import gammaln

    columns = np.sort(table.sum(axis=0))  # the largest last: it is never free
    size = int(table.sum(axis=1).min())
    if float(np.prod(np.minimum(columns[:-1], size) + 1.0)) > MOST_TABLES:
        return None

    def log_choose(total: Any, part: Any) -> Any:
        return gammaln(total + 1) - gammaln(part + 1) - gammaln(total - part + 1)

    row = table[int(np.argmin(table.sum(axis=1)))]
    observed = float(log_choose(table.sum(axis=0), row).sum())
    taken, logs = np.zeros(1), np.zeros(1)
    for position, total in enumerate(columns[:-1]):
        rest = float(columns[position + 1 :].sum())
        part = np.arange(min(int(total), size) + 1)
        taken, logs = (
            np.add.outer(taken, part).ravel(),
            np.add.outer(logs, log_choose(total, part)).ravel(),
        )
        possible = (taken <= size) & (size - taken <= rest)
        taken, logs = taken[possible], logs[possible]
    logs = logs + log_choose(columns[-1], size - taken)
    whole = log_choose(columns.sum(), size)
    return float(min(1.0, np.exp(logs[logs <= observed + _TIE] - whole).sum()))


def _checked(counts: NDArray[Any]) -> NDArray[np.int64]:
    import numpy as np

    from datrial.models.errors import ModelDataError, ModelUsageError

    if counts.ndim != 2 or counts.shape[0] != 2:
        raise ModelUsageError("An independence test takes two rows of counts.")
    if not np.issubdtype(counts.dtype, np.number) or (counts < 0).any() or (counts % 1).any():
        raise ModelUsageError("An independence test takes counts: whole numbers from 0.")
    table: NDArray[np.int64] = counts.astype(np.int64)
    if (table.sum(axis=1) == 0).any():
        raise ModelDataError("one of the two groups is empty")
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        raise ModelDataError("all gave the same answer")
    return table
