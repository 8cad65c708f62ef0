"""Rubin's rules: one inference from the analyses of several completed data sets.

With estimates Q_i and variances U_i of m data sets, W = mean(U_i) and B = var(Q_i) (divisor
m - 1), the total variance is T = W + (1 + 1/m) B (Rubin 1987). Degrees of freedom are those of
Barnard and Rubin (1999), Biometrika 86, 948-955, which never exceed those of complete data.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelUsageError

FloatArray = NDArray[np.float64]


class Pooled(NamedTuple):
    """Rubin's rules for q quantities, each field of shape (q,).

    Attributes
    ----------
    estimate, within, between, total
        Mean estimate, W, B and T.
    df
        Degrees of freedom of the t distribution; infinite without missing answers and for
        large complete data.
    riv
        Relative increase in variance due to missing answers, (1 + 1/m) B / W.
    share
        Share of the total variance due to missing answers, (1 + 1/m) B / T (lambda in mice).
    fmi
        Fraction of missing information, (riv + 2 / (v + 3)) / (1 + riv), with v the degrees of
        freedom of large complete data (Rubin 1987, as SAS; mice takes `df`, and finds missing
        information where nothing is missing).
    """

    estimate: FloatArray
    within: FloatArray
    between: FloatArray
    total: FloatArray
    df: FloatArray
    riv: FloatArray
    share: FloatArray
    fmi: FloatArray


def rubins_rules(estimates: FloatArray, variances: FloatArray, df_complete: float) -> Pooled:
    """Pool estimates and variances of shape (m, q)."""
    m = len(estimates)
    within, between = variances.mean(axis=0), estimates.var(axis=0, ddof=1)
    # Equal estimates differ by rounding: that is no sign of missing answers.
    between = np.where(np.ptp(estimates, axis=0) == 0, 0.0, between)
    missing = (1 + 1 / m) * between
    total = within + missing
    with np.errstate(divide="ignore", invalid="ignore"):
        riv, share = missing / within, missing / total
        many = (m - 1) / share**2
        df = many
        if np.isfinite(df_complete):
            left = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - share)
            df = 1 / (1 / many + 1 / left)
        fmi = (riv + 2 / (many + 3)) / (1 + riv)
    return Pooled(estimates.mean(axis=0), within, between, total, df, riv, share, fmi)


def t_quantile(df: FloatArray, level: float) -> FloatArray:
    """Return the t quantiles of a two-sided interval, the normal's for infinite df."""
    from scipy.special import ndtri, stdtrit

    if not 0 < level < 1:
        raise ModelUsageError("The level of an interval must lie between 0 and 1, as in 0.95.")
    finite = np.where(np.isinf(df), 1.0, df)
    upper = 0.5 + level / 2
    return np.asarray(np.where(np.isinf(df), ndtri(upper), stdtrit(finite, upper)))


def t_pvalues(t: FloatArray, df: FloatArray) -> FloatArray:
    """Return two-sided p-values of t statistics."""
    from scipy.special import ndtr, stdtr

    finite, far = np.where(np.isinf(df), 1.0, df), -np.abs(t)
    return np.asarray(2 * np.where(np.isinf(df), ndtr(far), stdtr(finite, far)))


def pool_estimates(
    estimates: pd.DataFrame,
    errors: pd.DataFrame,
    *,
    df_complete: float = np.inf,
    level: float = 0.95,
) -> pd.DataFrame:
    """Pool any estimates by Rubin's rules: means, differences, anything nearly normal.

    Stata: `mi estimate`; R: `mice::pool.scalar`. Pool ratios as logarithms and probabilities as
    log-odds, and transform the ends back.

    Parameters
    ----------
    estimates, errors
        One row per imputation, one column per quantity: estimates and standard errors.
    df_complete
        Degrees of freedom the analysis would have without missing answers; infinite for those
        that take the normal distribution.
    level
        Of the intervals.

    Returns
    -------
    DataFrame
        Per quantity `estimate`, `bse`, `p_value`, `ci_low`, `ci_high`, `df`, `riv`, `fmi`.

    Raises
    ------
    ModelUsageError
        For fewer than two imputations, frames that do not match, or a df that is not positive.
    """
    if not estimates.columns.equals(errors.columns) or len(estimates) != len(errors):
        raise ModelUsageError("Estimates and errors must have the same rows and columns.")
    check_imputations(len(estimates), df_complete)
    pooled = rubins_rules(
        estimates.to_numpy(dtype=float), errors.to_numpy(dtype=float) ** 2, df_complete
    )
    return inference(pooled, estimates.columns, level)


def inference(pooled: Pooled, names: pd.Index, level: float) -> pd.DataFrame:
    """Return pooled quantities as a table, with t tests and intervals."""
    bse = np.sqrt(pooled.total)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = t_pvalues(pooled.estimate / bse, pooled.df)
    half = t_quantile(pooled.df, level) * bse
    return pd.DataFrame(
        {
            "estimate": pooled.estimate,
            "bse": bse,
            "p_value": p,
            "ci_low": pooled.estimate - half,
            "ci_high": pooled.estimate + half,
            "df": pooled.df,
            "riv": pooled.riv,
            "fmi": pooled.fmi,
        },
        index=names,
    )


def check_imputations(m: int, df_complete: float) -> None:
    """Refuse a single imputation, which says nothing of its own uncertainty."""
    if m < 2:
        raise ModelUsageError(f"Rubin's rules need at least two imputations; there are {m}.")
    if not df_complete > 0:
        raise ModelUsageError("The degrees of freedom of complete data must be above 0.")
