"""Linear regression with a random effect, beside the count models of a bounded score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import ColumnOrArray, build_design
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.result import normal_quantile, two_sided_p
from datrial.models.sandwich import cluster_codes, cluster_note

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LinearRandomEffectsResult:
    """Estimates of a linear regression with a random effect of the group.

    Attributes
    ----------
    params, covariance
        Coefficients, named as in the formula, and their robust covariance.
    sigma_effect, sigma_rest
        Standard deviations of the groups' effects and of the rows within them.
    nobs, n_groups, n_left_out
        Rows used, groups, and rows left out for a missing answer.
    covariance_note
        Which covariance this is, with the small-sample factor.
    """

    params: pd.Series
    covariance: pd.DataFrame
    sigma_effect: float
    sigma_rest: float
    nobs: int
    n_groups: int
    n_left_out: int
    covariance_note: str

    def differences(self, level: float = 0.95) -> pd.DataFrame:
        """Differences of means, the intercept left out.

        Columns `difference`, `bse`, `p_value`, `ci_low`, `ci_high`.
        """
        names = [name for name in self.params.index if name != "Intercept"]
        estimate = self.params[names]
        bse = pd.Series(np.sqrt(np.diag(self.covariance)), index=self.params.index)[names]
        half = normal_quantile(level) * bse
        return pd.DataFrame(
            {
                "difference": estimate,
                "bse": bse,
                "p_value": two_sided_p(estimate / bse),
                "ci_low": estimate - half,
                "ci_high": estimate + half,
            }
        )


def fit_linear_random_effects(
    formula: str, data: pd.DataFrame, *, group: ColumnOrArray
) -> LinearRandomEffectsResult:
    """Fit y_it = x_it'b + v_i + e_it by generalised least squares, with robust errors.

    Stata: `xtreg y x, re vce(cluster id)`; here linearmodels' `RandomEffects` (Swamy and Arora
    1972). The means are right whatever the distribution of a bounded score.

    Parameters
    ----------
    formula
        ``"outcome ~ predictors"``; the outcome is a number.
    data
        One row per group and time. Rows with a missing answer are left out and counted.
    group
        Column name or array: whose repeated answers the rows are.

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: an outcome that is no number or does not vary, a single group, too
        few repeated rows to tell groups from rows, and everything `build_design` refuses.
    """
    design = build_design(formula, data, {"group": group})
    if not pd.api.types.is_numeric_dtype(design.outcome.dtype):
        raise ModelUsageError(f"The outcome '{design.outcome.name}' must be a number.")
    if design.outcome.nunique() < 2:
        raise ModelDataError(f"The outcome '{design.outcome.name}' does not vary.")
    codes, n_groups = cluster_codes(design.extras["group"])
    from linearmodels.panel import RandomEffects

    order = pd.Series(codes).groupby(codes).cumcount().to_numpy()
    index = pd.MultiIndex.from_arrays([codes, order], names=["group", "row"])
    outcome = pd.Series(np.asarray(design.outcome, dtype=np.float64), index=index, name="outcome")
    matrix = pd.DataFrame(design.matrix, index=index, columns=design.names)
    try:
        fit = RandomEffects(outcome, matrix).fit(
            cov_type="clustered", cluster_entity=True, debiased=False
        )
        factor = n_groups / (n_groups - 1)
        covariance = np.asarray(fit.cov, dtype=np.float64) * factor
    except (ValueError, ZeroDivisionError, np.linalg.LinAlgError):
        raise ModelDataError(
            f"The rows do not tell the variation between groups from that within: {len(codes)} "
            f"rows of {n_groups} groups; it takes more rows than groups."
        ) from None
    if not (np.isfinite(covariance).all() and (np.diag(covariance) > 0).all()):
        raise ModelDataError("The outcome is exactly what the predictors say: there is no error.")
    variances = fit.variance_decomposition
    return LinearRandomEffectsResult(
        params=pd.Series(np.asarray(fit.params), index=design.names, name="params"),
        covariance=pd.DataFrame(covariance, index=design.names, columns=design.names),
        sigma_effect=float(np.sqrt(max(variances["Effects"], 0.0))),
        sigma_rest=float(np.sqrt(variances["Residual"])),
        nobs=len(codes),
        n_groups=n_groups,
        n_left_out=design.n_left_out,
        covariance_note=cluster_note(n_groups, "groups"),
    )
