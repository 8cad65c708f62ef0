"""Fit a model to every imputed data set and pool the fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.missing.imputations import Imputations
from datrial.models.missing.pooled import PooledResult
from datrial.models.missing.rubin import check_imputations, rubins_rules
from datrial.models.replicates import map_replicates

FloatArray = NDArray[np.float64]

#: Notes of the fits carried over; more would be the same said of other rows.
MOST_NOTES = 6


def fit_imputed(
    fit: Callable[[pd.DataFrame], Any],
    imputations: Imputations,
    *,
    df_complete: float | None = None,
) -> PooledResult:
    """Fit a model to every completed data set and pool the fits by Rubin's rules.

    Stata: `mi estimate: ...`; R: `pool(with(imp, ...))`. Of differences in differences,
    `pool_differences` reads the effect off both scales.

    Parameters
    ----------
    fit
        Takes a completed frame and returns a fitted model. Whatever must follow imputation (rows
        per time point, interactions, subsets) is done in here.
    imputations
        From `multiple_imputation`.
    df_complete
        As in `pool`.

    Raises
    ------
    ModelUsageError, ModelDataError
        What `pool` refuses, and the model's own fault with the number of the imputation. One fit
        that fails is a fault of the whole: leaving it out would change what is estimated.

    Examples
    --------
    >>> imputations = multiple_imputation(people, ["level", "age", "arm"], m=20, seed=1)
    >>> fit_imputed(lambda d: fit_ordered_logit("level ~ age", d), imputations)  # doctest: +SKIP
    """
    fits = map_replicates(
        _fit_one, range(imputations.m), shared=(fit, imputations), label="fits to imputed data"
    )
    return pool(fits, df_complete=df_complete, notes=imputations.notes)


def _fit_one(shared: tuple[Callable[[pd.DataFrame], Any], Imputations], number: int) -> Any:
    fit, imputations = shared
    try:
        return fit(imputations.dataset(number))
    except ModelDataError as error:
        raise ModelDataError(
            f"Imputation {number + 1} of {imputations.m} cannot be analysed: {error}"
        ) from None


def pool(
    fits: Sequence[Any], *, df_complete: float | None = None, notes: Sequence[str] = ()
) -> PooledResult:
    """Pool fits of one model to imputed data sets by Rubin's rules.

    Stata: `mi estimate`; R: `mice::pool`.

    Parameters
    ----------
    fits
        Results with `params` and `cov_params()`, as of every regression here (differences in
        differences too) and in statsmodels.
    df_complete
        Degrees of freedom that tests would have without missing answers (Barnard and Rubin
        1999). By default infinite, as Stata takes for models whose tests are normal; R's mice
        takes rows minus parameters.
    notes
        Sentences to put before those of the fits.

    Raises
    ------
    ModelUsageError
        For fewer than two fits, or fits whose parameters have different names.
    """
    complete = np.inf if df_complete is None else float(df_complete)
    check_imputations(len(fits), complete)
    names = fits[0].params.index
    if any(not fit.params.index.equals(names) for fit in fits):
        raise ModelUsageError(
            "The fits have different parameters. An imputation without some level of a factor "
            "does that: merge rare levels."
        )
    estimates = np.array([fit.params.to_numpy(dtype=float) for fit in fits])
    covariances = np.array([np.asarray(fit.cov_params(), dtype=float) for fit in fits])
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    pooled = rubins_rules(estimates, variances, complete)
    centred = estimates - estimates.mean(axis=0)
    centred[:, pooled.between == 0] = 0.0
    within = covariances.mean(axis=0)
    between = centred.T @ centred / (len(fits) - 1)

    def series(values: FloatArray, name: str) -> pd.Series:
        return pd.Series(values, index=names, name=name)

    def square(values: FloatArray) -> pd.DataFrame:
        return pd.DataFrame(values, index=names, columns=names)

    return PooledResult(
        params=series(pooled.estimate, "params"),
        within=square(within),
        between=square(between),
        df=series(pooled.df, "df"),
        riv=series(pooled.riv, "riv"),
        fmi=series(pooled.fmi, "fmi"),
        m=len(fits),
        df_complete=complete,
        nobs=_mean(fits, "nobs"),
        n_left_out=_mean(fits, "n_left_out"),
        n_clusters=getattr(fits[0], "n_clusters", None),
        converged=all(bool(getattr(fit, "converged", True)) for fit in fits),
        covariance_note=_covariance_note(fits, complete),
        notes=(*notes, *_fit_notes(fits, pooled.total)),
        fits=tuple(fits),
    )


def _mean(fits: Sequence[Any], name: str) -> float:
    """Return the mean of a count over the fits; a whole number where all agree."""
    values = [getattr(fit, name, 0) for fit in fits]
    return values[0] if len(set(values)) == 1 else float(np.mean(values))


def _covariance_note(fits: Sequence[Any], df_complete: float) -> str:
    own = str(getattr(fits[0], "covariance_note", "")).rstrip(".")
    of_fits = f" Within an imputation: {own[:1].lower()}{own[1:]}." if own else ""
    kind = "large complete data" if np.isinf(df_complete) else f"{df_complete:g} complete"
    return (
        f"Rubin's rules over {len(fits)} imputations; tests and intervals from the t distribution "
        f"with Barnard and Rubin's (1999) degrees of freedom ({kind}).{of_fits}"
    )


def _fit_notes(fits: Sequence[Any], total: FloatArray) -> tuple[str, ...]:
    """Gather what the fits say, with the number of imputations that say it."""
    m = len(fits)
    said = Counter(
        note for fit in fits for note in dict.fromkeys(getattr(fit, "notes", ()))
    ).most_common()
    notes = [
        note if count == m else f"In {count} of {m} imputations: {note}"
        for note, count in said[:MOST_NOTES]
    ]
    if len(said) > MOST_NOTES:
        notes.append(f"{len(said) - MOST_NOTES} further notes of single fits are left out.")
    failed = sum(not bool(getattr(fit, "converged", True)) for fit in fits)
    if failed:
        notes.append(f"{failed} of {m} fits did not converge; the pooled estimates include them.")
    if not np.isfinite(total).all():
        notes.append("Some error cannot be pooled, because a fit has none.")
    rows = {float(getattr(fit, "nobs", 0)) for fit in fits}
    if len(rows) > 1:
        notes.append(
            f"The fits rest on {min(rows):g} to {max(rows):g} rows; their mean number is given."
        )
    return tuple(notes)
