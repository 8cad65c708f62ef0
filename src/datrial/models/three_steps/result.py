"""What a third step can answer: the outcome of each latent class, intervals and tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelUsageError
from datrial.models.ordered_logit.result import logit_interval
from datrial.models.result import normal_quantile

FloatArray = NDArray[np.float64]

INTERVALS = ("normal", "percentile")
#: A standard error beyond this on the logit scale leaves a normal interval without meaning: it
#: would reach from 0 to 1.
LARGEST_LOGIT_ERROR = 5.0

TOO_SMALL = (
    "Errors are of the third step alone: they take the classes as known and are too small; "
    "bootstrap=200 repeats all three steps."
)
ASSIGNMENT_IGNORED = (
    "Errors of assignment are ignored, which makes the classes look more alike than they are."
)
SANDWICH = "Robust sandwich of the third step; no small-sample factor."


def few_clusters(n_clusters: int) -> str:
    """Say that robust errors rest on few clusters."""
    return f"Only {n_clusters} clusters: robust errors are too small with so few."


@dataclass(frozen=True, kw_only=True)
class ThreeStepResult:
    """The distribution of an outcome within each latent class.

    Attributes
    ----------
    method
        ``ml``, ``bch`` or ``modal``.
    probabilities
        Classes x outcome levels. BCH probabilities may lie outside 0..1 (said in `notes`).
    bse
        Their standard errors; NaN where a probability is 0 or 1 without a bootstrap.
    covariance
        Of the probabilities, class by class; index (class, level) on both sides.
    people
        People (sum of weights) with an outcome in each class, after the correction.
    test
        Wald tests that classes do not differ: rows ``overall`` and one for each pair of
        classes; columns `statistic`, `df`, `p_value`. NaN where a class has a probability of
        0 or 1, whose error the Wald test would take for none.
    likelihood_ratio
        Likelihood-ratio test that assigned class and outcome are independent: `statistic`,
        `df`, `p_value`. If classes do not differ then assigned classes do not either,
        whatever the errors of assignment, so it is a test of the same hypothesis, the same
        for every method; it has no trouble with cells of nobody.
    classification
        D[s, t], the probability that a member of class s (row) is assigned to class t.
    nobs, n_left_out
        People (sum of weights) used; rows of the fit left out for a missing outcome.
    n_unclassified
        Rows that the latent class model itself left out.
    draws
        Bootstrap draws x (class, level), or None.
    covariance_note
        Where the errors come from.
    notes
        Plain sentences a reader of the probabilities should know.
    """

    method: str
    probabilities: pd.DataFrame
    bse: pd.DataFrame
    covariance: pd.DataFrame
    people: pd.Series
    test: pd.DataFrame
    likelihood_ratio: pd.Series
    classification: pd.DataFrame
    nobs: float
    n_left_out: int
    n_unclassified: int
    n_clusters: int | None
    draws: pd.DataFrame | None = field(repr=False)
    covariance_note: str
    notes: tuple[str, ...]

    def conf_int(self, level: float = 0.95, *, kind: str = "normal") -> pd.DataFrame:
        """Intervals of the probabilities: index (class, level), `ci_low` and `ci_high`.

        Parameters
        ----------
        kind
            ``normal``: from `bse`, built on the logit scale, so it stays inside 0..1; NaN
            for a probability that does not itself lie inside, or too near an end for its
            error. ``percentile``: quantiles of the bootstrap draws, cut at 0 and 1; for
            small classes they cover less than the normal ones.
        """
        if kind not in INTERVALS:
            raise ModelUsageError(f"The kind of an interval is one of {INTERVALS}.")
        index = self.covariance.index
        quantile = normal_quantile(level)
        if kind == "percentile":
            if self.draws is None:
                raise ModelUsageError("Percentile intervals need draws: give bootstrap=200.")
            tail = (1 - level) / 2
            low, high = np.nanquantile(self.draws.to_numpy(), [tail, 1 - tail], axis=0).clip(0, 1)
            return pd.DataFrame({"ci_low": low, "ci_high": high}, index=index)
        p = self.probabilities.to_numpy(dtype=float).ravel()
        bse = self.bse.to_numpy(dtype=float).ravel()
        inside = (p > 0) & (p < 1) & np.isfinite(bse)
        inside[inside] = bse[inside] < LARGEST_LOGIT_ERROR * p[inside] * (1 - p[inside])
        limits = np.full((2, len(p)), np.nan)
        limits[:, inside] = logit_interval(p[inside], bse[inside], quantile)
        return pd.DataFrame({"ci_low": limits[0], "ci_high": limits[1]}, index=index)


def wald_tests(probabilities: pd.DataFrame, covariance: FloatArray) -> pd.DataFrame:
    """Test that all classes, and each two of them, have the same distribution."""
    labels = probabilities.index
    p = probabilities.to_numpy(dtype=float)
    groups = [("overall", list(range(len(labels))))]
    groups += [(f"{labels[a]} - {labels[b]}", [a, b]) for a, b in combinations(range(len(p)), 2)]
    rows = {name: _wald(p, covariance, classes) for name, classes in groups}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["statistic", "df", "p_value"])


def _wald(p: FloatArray, covariance: FloatArray, classes: list[int]) -> tuple[float, float, float]:
    """Wald test that these rows of p are equal; the first level follows from the others."""
    from scipy.special import chdtrc

    n_levels = p.shape[1]
    df = float((len(classes) - 1) * (n_levels - 1))
    part = p[classes]
    nothing = (float("nan"), df, float("nan"))
    if not np.isfinite(part).all() or (part == 0).any() or (part == 1).any() or df == 0:
        return nothing
    contrast = np.zeros((int(df), p.size))
    row = 0
    for other in classes[1:]:
        for level in range(1, n_levels):
            contrast[row, other * n_levels + level] = 1
            contrast[row, classes[0] * n_levels + level] = -1
            row += 1
    difference = contrast @ p.ravel()
    spread = contrast @ np.nan_to_num(covariance) @ contrast.T
    if np.linalg.matrix_rank(spread) < len(spread):
        return nothing
    statistic = float(difference @ np.linalg.solve(spread, difference))
    return statistic, df, float(chdtrc(df, statistic))


def table_likelihood_ratio(table: FloatArray) -> pd.Series:
    """Likelihood-ratio test of independence of rows and columns, empty ones left out."""
    from scipy.special import chdtrc, xlogy

    kept = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, columns, total = kept.sum(axis=1), kept.sum(axis=0), kept.sum()
    expected = np.outer(rows, columns) / total
    df = float((len(rows) - 1) * (len(columns) - 1))
    statistic = float(max(2 * (xlogy(kept, kept) - xlogy(kept, expected)).sum(), 0.0))
    p_value = float(chdtrc(df, statistic)) if df else float("nan")
    return pd.Series({"statistic": statistic, "df": df, "p_value": p_value}, name="table")
