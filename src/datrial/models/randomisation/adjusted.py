"""The difference of two arms' means, adjusted for what was known before (Lin 2013)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import ColumnOrArray
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.randomisation.adjusted_result import AdjustedDifference, MeanDifference
from datrial.models.randomisation.comparable import (
    clusters_of,
    comparable,
    covariance_note,
    notes_of,
)
from datrial.models.randomisation.robust import (
    Errors,
    LeastSquares,
    contrast,
    first_dependent,
    least_squares,
)
from datrial.models.randomisation.statistic import StratifiedDifference
from datrial.models.randomisation.strata import StrataGiven
from datrial.models.randomisation.trial import MissingCovariates, Trial, read_trial
from datrial.models.result import normal_quantile, two_sided_p

FloatArray = NDArray[np.float64]


def fit_adjusted_difference(
    outcome: str,
    arm: str,
    covariates: str | None,
    data: pd.DataFrame,
    *,
    strata: StrataGiven | None = None,
    cluster: ColumnOrArray | None = None,
    missing_covariates: MissingCovariates = "leave_out",
    reference: object | None = None,
    errors: Errors = "HC2",
    level: float = 0.95,
) -> AdjustedDifference:
    """Fit the arm, centred covariates and all their products by least squares.

    So each arm has its own regression, and both are compared at the mean of everybody's
    covariates: in large samples never less precise than the plain difference, whether or not
    the outcome is linear in the covariates. R: `estimatr::lm_lin`, `weights=`, `clusters=`.

    Parameters
    ----------
    outcome, arm
        Columns: numbers (or booleans, or an ordered categorical), and two values.
    covariates
        Right-hand side of a formula of things known before the allocation; None for none.
    data
        One row a person; rows with a missing answer are left out and counted.
    strata
        Within which people were allocated (see `permutation_test`). Everybody is weighted by
        one over the share of his arm in his stratum, so that unequal ratios do not mistake
        what strata are like for an effect. People in strata with one arm are left out.
    cluster
        Whose rows they are, where a person has several, or people belong together.
    missing_covariates
        ``leave_out`` (and count) people without one, or ``fill``, so that everybody allocated
        is analysed: see :mod:`datrial.models.randomisation.fill`.
    reference
        The arm to compare with; needed where the arms are texts.
    errors
        ``HC2``, or ``HC3`` which is larger; with `cluster` their kin CR2 and CR3.

    Raises
    ------
    ModelUsageError, ModelDataError
        For an unknown column or option, other than two arms, no stratum with both, or a
        covariate that does not vary, or is made up of others, in one of the arms.

    Notes
    -----
    The estimate is for the people who were allocated (of strata with both arms). HC2 does not
    count what drawing within strata gains where strata differ: it is then too large rather than
    too small. A covariate that tells the strata apart (the site) wins it back, and so does the
    error of `adjusted_within_strata`.

    References
    ----------
    Lin (2013), Annals of Applied Statistics 7, 295-318. Imbens and Kolesar (2016), Review of
    Economics and Statistics 98, 701-712, on the degrees of freedom. Liu and Yang (2020),
    Biometrika 107, 935-948, on adjustment within strata.
    """
    normal_quantile(level)  # refuses a level outside 0..1
    if errors not in ("HC2", "HC3"):
        raise ModelUsageError("The errors are 'HC2' or 'HC3'.")
    everyone = read_trial(
        outcome,
        arm,
        data,
        strata=strata,
        covariates=covariates,
        missing_covariates=missing_covariates,
        reference=reference,
        extras={"cluster": cluster},
    )
    trial, weights, unequal = comparable(everyone)
    groups, n_clusters = clusters_of(trial)
    names = _names(arm, trial)
    matrix = lin_matrix(trial)
    _check(trial, matrix, names)
    plain = least_squares(matrix[:, :2], trial.outcome[:, None], weights, groups)
    fit = least_squares(matrix, trial.outcome[:, None], weights, groups)
    kind = f"{'CR' if groups is not None else 'HC'}{errors[-1]}"
    covariance = fit.covariance_of(errors=errors)
    treated = int(trial.treated.sum())
    return AdjustedDifference(
        reference=trial.reference,
        compared=trial.compared,
        unadjusted=_difference(plain, errors, level, kind),
        adjusted=_difference(fit, errors, level, kind),
        adjusted_hc3=_difference(fit, "HC3", level, f"{kind[:2]}3"),
        adjusted_within_strata=None if groups is not None else _within_strata(fit, trial, level),
        params=pd.Series(fit.coefficients[:, 0], index=names, name="params"),
        covariance=pd.DataFrame(covariance, index=names, columns=names),
        means=_means(fit, trial, errors, level),
        n=trial.n,
        n_compared=treated,
        n_reference=trial.n - treated,
        n_left_out=everyone.n_left_out,
        n_filled=everyone.n_filled,
        n_clusters=n_clusters,
        n_strata=trial.n_strata,
        n_strata_one_arm=everyone.n_strata - trial.n_strata,
        n_people_one_arm=everyone.n - trial.n,
        weighted=unequal,
        level=level,
        covariance_note=covariance_note(kind, weights is not None, n_clusters),
        notes=notes_of(everyone, trial, fit, n_clusters),
    )


def lin_matrix(trial: Trial) -> FloatArray:
    """Return intercept, arm, centred covariates, and the arm times these."""
    arm = trial.treated.astype(np.float64)[:, None]
    centred = trial.covariates - trial.covariates.mean(axis=0)
    return np.hstack([np.ones((trial.n, 1)), arm, centred, arm * centred])


def _names(arm: str, trial: Trial) -> list[str]:
    own = f"{arm}[T.{trial.compared}]"
    return ["Intercept", own, *trial.names, *(f"{own}:{name}" for name in trial.names)]


def _check(trial: Trial, matrix: FloatArray, names: list[str]) -> None:
    """Refuse an arm that is too small, or a covariate that cannot be adjusted for in it."""
    half = 2 + len(trial.names)
    kept = [0, *range(2, half)]
    for label, those in ((trial.reference, ~trial.treated), (trial.compared, trial.treated)):
        own = matrix[those][:, kept]
        if len(own) < 2:
            raise ModelDataError(f"Arm {label!r} has fewer than two people with all answers.")
        column = first_dependent(own)
        if column is not None:
            raise ModelDataError(
                f"The covariate column '{names[kept[column]]}' does not vary, or is a linear "
                f"combination of others, among the {len(own)} people of arm {label!r}; leave it "
                "out or merge its levels."
            )
        if len(own) <= len(kept):
            raise ModelDataError(
                f"Arm {label!r} has {len(own)} people for {len(kept)} coefficients of its own."
            )


def _estimate(
    fit: LeastSquares, columns: tuple[int, ...], errors: Errors, level: float, kind: str
) -> MeanDifference:
    from scipy.special import stdtr, stdtrit

    which = contrast(fit, *columns)
    value = float(which @ fit.coefficients[:, 0])
    bse = float(np.sqrt(fit.covariance(which, errors)[0, 0]))
    df = fit.degrees_of_freedom(which, errors)
    if not bse > 1e-12 * max(1.0, abs(value)):
        raise ModelDataError("The outcome is alike for everybody in an arm: no error can be told.")
    half = float(stdtrit(df, 0.5 + level / 2)) * bse
    p_value = float(2 * stdtr(df, -abs(value / bse)))
    return MeanDifference(value, bse, df, value / bse, p_value, value - half, value + half, kind)


def _difference(fit: LeastSquares, errors: Errors, level: float, kind: str) -> MeanDifference:
    return _estimate(fit, (1,), errors, level, kind)


def _within_strata(fit: LeastSquares, trial: Trial, level: float) -> MeanDifference | None:
    """Return the adjusted difference with the error of a draw within strata.

    What each arm's own slopes explain is taken off; the error is that of the rest, see
    :mod:`datrial.models.randomisation.statistic`, times n / (n - slopes).
    """
    if trial.n_strata == 1:
        return None
    k = len(trial.names)
    slopes = fit.coefficients[2 : 2 + k, 0] + np.outer(trial.treated, fit.coefficients[2 + k :, 0])
    centred = trial.covariates - trial.covariates.mean(axis=0)
    rest = trial.outcome - (centred * slopes).sum(axis=1)
    arm = trial.treated.astype(np.float64)
    parts = StratifiedDifference(rest, arm, trial.strata, trial.n_strata, "people").parts(
        arm[:, None]
    )
    bse = float(np.sqrt(parts.outcome_outcome[0] * trial.n / (trial.n - 2 * k)))
    value = float(parts.of_outcome[0])
    if not bse > 0:  # NaN too: no stratum tells an error
        return None
    half, z = normal_quantile(level) * bse, value / bse
    p_value = float(two_sided_p(np.array([z]))[0])
    return MeanDifference(
        value, bse, float("inf"), z, p_value, value - half, value + half, "within strata"
    )


def _means(fit: LeastSquares, trial: Trial, errors: Errors, level: float) -> pd.DataFrame:
    """Return both arms' adjusted means."""
    columns = ["mean", "bse", "df", "ci_low", "ci_high"]
    rows = []
    for which in ((0,), (0, 1)):
        value, bse, df, _, _, low, high, _ = _estimate(fit, which, errors, level, "")
        rows.append([value, bse, df, low, high])
    index = pd.Index([trial.reference, trial.compared], name="arm")
    return pd.DataFrame(rows, index=index, columns=columns)
