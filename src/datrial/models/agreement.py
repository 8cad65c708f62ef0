"""Agreement of two raters on ordered levels: weighted kappa."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from datrial.models.errors import ModelDataError, ModelUsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

#: How much of the agreement a disagreement costs: one for any (``none``), or more with each
#: level between the two answers.
Weights = Literal["none", "linear", "quadratic"]


@dataclass(frozen=True)
class Agreement:
    """How far two raters of the same cases agree beyond chance.

    Attributes
    ----------
    observed, expected
        Weighted agreement that is there, and that two raters with these margins who
        answered at random would show.
    kappa
        (observed - expected) / (1 - expected): 1 is full agreement, 0 is chance.
    bse
        Large-sample standard error (Fleiss, Cohen and Everitt 1969).
    n
        Cases.
    """

    observed: float
    expected: float
    kappa: float
    bse: float
    n: int

    def conf_int(self, alpha: float = 0.05) -> tuple[float, float] | None:
        """Return the interval of kappa; None where the standard error is zero.

        It is built on Fisher's z scale, where its ends cannot leave -1 to 1. The
        standard error is zero at full agreement, and says nothing there.
        """
        import numpy as np
        from scipy.stats import norm

        if self.bse <= 0 or abs(self.kappa) >= 1:
            return None
        half = float(norm.ppf(1 - alpha / 2)) * self.bse / (1 - self.kappa**2)
        centre = float(np.arctanh(self.kappa))
        return float(np.tanh(centre - half)), float(np.tanh(centre + half))


def weighted_kappa(counts: ArrayLike, *, weights: Weights = "linear") -> Agreement:
    """Return weighted kappa of a square table of cases, one rater's level by the other's.

    Parameters
    ----------
    counts
        Levels x levels, in the same order for both raters. A level that nobody chose
        stays in the table: it keeps its distance to the others.
    weights
        ``linear`` (Cicchetti and Allison), ``quadratic`` (Fleiss and Cohen), or ``none``
        (Cohen's kappa).

    Raises
    ------
    ModelUsageError
        If the counts are not a square table of whole numbers, or of the weights' name.
    ModelDataError
        If there is no case, or both raters gave all cases one and the same level: then
        agreement by chance is full, and kappa is not defined.

    Notes
    -----
    Fleiss, Cohen and Everitt (1969), Psychological Bulletin 72, 323-327. SAS: ``proc freq``
    with ``agree``; Stata: ``kap, wgt(w)``; R: ``vcd::Kappa``.
    """
    import numpy as np

    table = _checked(np.asarray(counts))
    n = int(table.sum())
    shares = table / n
    weight = _weights(len(table), weights)
    first, second = shares.sum(axis=1), shares.sum(axis=0)
    observed = float((weight * shares).sum())
    expected = float(first @ weight @ second)
    if 1 - expected < 1e-12:
        raise ModelDataError("both raters gave every case the same level: kappa is not defined")
    # The mean weight of each level of a rater, over the other's margin.
    of_first, of_second = weight @ second, first @ weight
    kappa = (observed - expected) / (1 - expected)
    deviation = weight - (of_first[:, None] + of_second[None, :]) * (1 - kappa)
    variance = (shares * deviation**2).sum() - (kappa - expected * (1 - kappa)) ** 2
    bse = float(np.sqrt(max(float(variance), 0.0) / n) / (1 - expected))
    return Agreement(observed, expected, kappa, bse, n)


def _checked(table: NDArray[np.int64]) -> NDArray[np.int64]:
    import numpy as np

    if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) < 2:
        raise ModelUsageError("agreement: the counts must be a square table of two levels or more")
    if not np.issubdtype(table.dtype, np.number) or (table < 0).any() or (table % 1 != 0).any():
        raise ModelUsageError("agreement: the counts must be whole numbers, none below zero")
    if table.sum() == 0:
        raise ModelDataError("no case was rated by both")
    return table


def _weights(levels: int, weights: Weights) -> NDArray[np.float64]:
    import numpy as np

    place = np.arange(levels)
    distance = np.abs(place[:, None] - place[None, :]) / (levels - 1)
    powers = {"none": 0, "linear": 1, "quadratic": 2}
    if weights not in powers:
        raise ModelUsageError(f"agreement: no such weights; there are {', '.join(powers)}")
    lost = (distance > 0).astype(float) if weights == "none" else distance ** powers[weights]
    result: NDArray[np.float64] = 1.0 - lost
    return result
