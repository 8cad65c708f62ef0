"""Random-effects Poisson regression for repeated counts of the same people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.counts.likelihood import CountData, GroupedCounts, vanishes
from datrial.models.counts.random_effects import Kernel, NormalEffect, gamma_effect
from datrial.models.counts.result import CountResult, overflow_notes
from datrial.models.design import ColumnOrArray, build_design
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.newton import Maximum, invert_information, maximise
from datrial.models.result import normal_quantile, two_sided_p
from datrial.models.sandwich import FEW_CLUSTERS, cluster_covariance, cluster_note

FloatArray = NDArray[np.float64]

KERNELS: dict[str, Kernel] = {"gamma": gamma_effect, "normal": NormalEffect()}
LARGE_LOG_SIGMA = -0.2
FINE_NODES = 81


@dataclass(frozen=True)
class BoundaryTest:
    """Likelihood-ratio test that there is no random effect.

    The parameter is on the boundary of its range under the hypothesis, so the statistic is a
    50:50 mixture of chi-squared with 0 and 1 degrees of freedom (Self and Liang 1987, JASA
    82, 605-610; Stata's `chibar2(01)`).
    """

    statistic: float
    p_value: float
    distribution: str = "50:50 mixture of chi-squared(0) and chi-squared(1)"


@dataclass(frozen=True, kw_only=True)
class RandomEffectsPoissonResult(CountResult):
    """Estimates of a random-effects Poisson regression.

    Attributes
    ----------
    effect
        ``gamma`` or ``normal``.
    alpha, alpha_bse
        Variance of the gamma effect (mean 1) and its error; theta = 1/alpha. None for the
        normal effect; an error of NaN at the boundary alpha = 0.
    sigma, sigma_bse
        Standard deviation of the normal effect on the log scale; None for the gamma effect.
    boundary_test
        Likelihood-ratio test of no random effect.
    poisson_llf
        Log-likelihood of the Poisson regression without the effect.
    n_groups
        Groups (people).
    full_covariance
        Covariance of the coefficients and the log of alpha or sigma.
    """

    effect: str
    alpha: float | None
    alpha_bse: float | None
    sigma: float | None
    sigma_bse: float | None
    boundary_test: BoundaryTest
    poisson_llf: float
    n_groups: int
    full_covariance: FloatArray

    def dispersion_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of alpha (gamma) or sigma (normal), built on the log scale."""
        gamma = self.effect == "gamma"
        estimate = (self.alpha if gamma else self.sigma) or 0.0
        bse = (self.alpha_bse if gamma else self.sigma_bse) or 0.0
        if estimate == 0:
            return float("nan"), float("nan")
        half = normal_quantile(level) * bse / estimate
        return float(estimate * np.exp(-half)), float(estimate * np.exp(half))

    def _population_multiplier(self) -> tuple[float, float]:
        if self.sigma is None:
            return 1.0, 0.0
        return float(np.exp(self.sigma**2 / 2)), self.sigma**2

    def _prediction_covariance(self) -> FloatArray:
        if self.sigma:
            return self.full_covariance
        return self.covariance.to_numpy(dtype=float)


def fit_random_effects_poisson(
    formula: str,
    data: pd.DataFrame,
    *,
    group: ColumnOrArray,
    exposure: ColumnOrArray | None = None,
    effect: str = "gamma",
    robust: bool = False,
) -> RandomEffectsPoissonResult:
    """Fit a Poisson regression with a random effect shared by the rows of a group.

    y_it ~ Poisson(exposure_it * exp(x_it'b) * v_i), v_i gamma with mean 1 and variance
    alpha, or ln v_i normal with mean 0 and standard deviation sigma. Hausman, Hall and
    Griliches (1984), Econometrica 52, 909-938. Stata: `xtpoisson y x, re` and
    `xtpoisson y x, re normal`; R: `lme4::glmer(..., family = poisson)` for the normal.

    Parameters
    ----------
    formula
        ``"count ~ predictors"``.
    data
        One row per group and time. Rows with a missing answer are left out and counted.
    group
        Column name or array: whose repeated counts the rows are.
    exposure
        Column name or array, above zero (for example person-years); its log is the offset.
    effect
        ``gamma`` (closed form) or ``normal`` (adaptive Gauss-Hermite quadrature with 25
        nodes, finished with 81 where sigma is above 0.8).
    robust
        Errors from the sandwich of the groups' scores with factor G/(G-1), dispersion included,
        instead of from the information. They hold where the counts of a group, given its effect,
        vary more or less than Poisson, or hang together otherwise. Stata: `vce(robust)`.

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: an unknown effect, an outcome that is not a count or always
        zero, a single group, and everything `build_design` refuses.

    Notes
    -----
    When the data are no more dispersed than Poisson, the estimate is the boundary: alpha (or
    sigma) 0, the Poisson estimates, and a note that says so.
    """
    if effect not in KERNELS:
        raise ModelUsageError(
            f"The random effect is one of {', '.join(KERNELS)}; '{effect}' is not available."
        )
    design = build_design(formula, data, {"group": group, "exposure": exposure})
    counts = CountData.from_design(design)
    codes, labels = pd.factorize(design.extras["group"])
    if len(labels) < 2:
        raise ModelDataError("A random effect needs at least two groups; the rows hold one.")
    model = GroupedCounts(counts, codes.astype(np.int64), len(labels), KERNELS[effect])
    poisson = counts.fit_poisson()
    top = model.fit(poisson)
    if effect == "normal" and top.point[-1] > LARGE_LOG_SIGMA:
        model.kernel = NormalEffect(FINE_NODES)
        top = maximise(model.value_gradient_hessian, top.point)
    log_variance = top.point[-1] * (1.0 if effect == "gamma" else 2.0)
    at_boundary = vanishes(top, poisson, float(log_variance))
    best = poisson if at_boundary else top
    covariance, note = _covariance(model, best, robust=robust)
    dispersion, dispersion_bse = _dispersion(best, covariance, at_boundary)
    k = len(design.names)
    params = pd.Series(best.point[:k], index=design.names, name="params")
    notes = overflow_notes(params, design, counts)
    if at_boundary:
        notes += (
            "No variation between groups beyond Poisson: the random effect's variance is "
            "estimated as 0 and the estimates are those of Poisson regression.",
        )
    if not best.converged:
        notes += (f"Newton's method did not converge in {best.iterations} steps.",)
    if len(labels) == len(counts.y):
        notes += ("Every group has one row: the random effect is overdispersion of rows.",)
    if robust and len(labels) < FEW_CLUSTERS:
        notes += (f"Only {len(labels)} groups: robust errors are too small with so few.",)
    gamma = effect == "gamma"
    return RandomEffectsPoissonResult(
        params=params,
        covariance=pd.DataFrame(covariance[:k, :k], index=design.names, columns=design.names),
        llf=best.value,
        n_params=k + 1,
        nobs=len(counts.y),
        n_left_out=design.n_left_out,
        converged=best.converged,
        n_clusters=len(labels) if robust else None,
        covariance_note=note,
        notes=notes,
        design=design,
        counts=counts,
        effect=effect,
        alpha=dispersion if gamma else None,
        alpha_bse=dispersion_bse if gamma else None,
        sigma=None if gamma else dispersion,
        sigma_bse=None if gamma else dispersion_bse,
        boundary_test=_boundary_test(best.value - poisson.value),
        poisson_llf=poisson.value,
        n_groups=len(labels),
        full_covariance=covariance,
    )


def _covariance(model: GroupedCounts, best: Maximum, *, robust: bool) -> tuple[FloatArray, str]:
    """Return the covariance, coefficients first, and the sentence that describes it."""
    bread = invert_information(best.hessian)
    if not robust:
        return bread, "Model-based: inverse of the observed information; no small-sample factor."
    k = model.data.matrix.shape[1]
    at_boundary = len(best.point) == k
    scores = model.data.scores(best.point) if at_boundary else model.row_scores(best.point)
    note = cluster_note(model.n_groups, "groups of the random effect")
    return cluster_covariance(bread, scores, model.codes, model.n_groups), note


def _dispersion(best: Maximum, covariance: FloatArray, at_boundary: bool) -> tuple[float, float]:
    """Return the dispersion and its standard error, which the boundary has none of."""
    if at_boundary:
        return 0.0, float("nan")
    dispersion = float(np.exp(best.point[-1]))
    return dispersion, dispersion * float(np.sqrt(covariance[-1, -1]))


def _boundary_test(gain: float) -> BoundaryTest:
    """Test no random effect from the gain in log-likelihood."""
    statistic = 2 * max(gain, 0.0)
    if statistic == 0:
        return BoundaryTest(0.0, 1.0)
    # Half of P(chi2_1 > x), which is the upper tail of a normal at sqrt(x).
    return BoundaryTest(statistic, float(two_sided_p(np.array([np.sqrt(statistic)]))[0] / 2))
