"""The effect of receiving, among those whom the allocation moved to receive."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import ColumnOrArray
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.randomisation.anderson_rubin import AndersonRubin, anderson_rubin
from datrial.models.randomisation.comparable import clusters_of, comparable, people_notes
from datrial.models.randomisation.complier_result import ComplierAverageEffect, Effect
from datrial.models.randomisation.robust import contrast, first_dependent, least_squares
from datrial.models.randomisation.strata import StrataGiven
from datrial.models.randomisation.trial import MissingCovariates, Trial, read_trial
from datrial.models.result import normal_quantile, two_sided_p
from datrial.models.sandwich import FEW_CLUSTERS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Staiger and Stock's (1997) rule of thumb for the first stage's F.
WEAK_F = 10.0
_NO_ERROR = 1e-12


def complier_average_effect(
    outcome: str,
    arm: str,
    received: str,
    data: pd.DataFrame,
    *,
    covariates: str | None = None,
    strata: StrataGiven | None = None,
    cluster: ColumnOrArray | None = None,
    missing_covariates: MissingCovariates = "leave_out",
    reference: object | None = None,
    level: float = 0.95,
) -> ComplierAverageEffect:
    """Estimate the effect of receiving by two-stage least squares, the arm as instrument.

    Without covariates it is the intention-to-treat effect over the difference in the share who
    received (Wald's ratio; Bloom's 1984 adjustment where no control received). Stata:
    `ivregress 2sls y x (received = arm), vce(robust) small`; R: `estimatr::iv_robust`.

    Parameters
    ----------
    outcome, arm
        As in `fit_adjusted_difference`.
    received
        Column of 0 and 1 (or booleans): who received what the compared arm was to receive,
        whatever the arm.
    covariates
        Right-hand side of a formula of things known before the allocation.
    strata, cluster, missing_covariates, reference
        As in `fit_adjusted_difference`, with the same weights.

    Raises
    ------
    ModelUsageError, ModelDataError
        For an unknown column, `received` other than 0 and 1, other than two arms, nobody or
        everybody who received, as many of either arm, or an outcome without spread.

    Notes
    -----
    It rests on what data cannot show: the arm works only through receiving (exclusion), one
    person's arm does not change another's outcome, and nobody receives because he was
    allocated not to (monotonicity).

    References
    ----------
    Angrist, Imbens and Rubin (1996), JASA 91, 444-455. Anderson and Rubin (1949), Annals of
    Mathematical Statistics 20, 46-63. Lee, McCrary, Moreira and Porter (2022), American
    Economic Review 112, 3260-3290, on how large F must be.
    """
    quantile = normal_quantile(level)
    everyone = read_trial(
        outcome,
        arm,
        data,
        strata=strata,
        covariates=covariates,
        missing_covariates=missing_covariates,
        reference=reference,
        extras={"received": received, "cluster": cluster},
    )
    trial, weights, _ = comparable(everyone)
    took = _received(trial)
    groups, n_clusters = clusters_of(trial)
    matrix = np.column_stack([np.ones(trial.n), trial.treated, trial.covariates])
    _check(trial, matrix)
    stages = least_squares(matrix, np.column_stack([trial.outcome, took]), weights, groups)
    arms_share = _shares(trial, took, weights)
    both = stages.covariance(contrast(stages, 1))
    effects = stages.coefficients[1]
    first = _effect(float(effects[1]), float(both[1, 1]), quantile)
    if abs(first.estimate) < 1e-12:
        raise ModelDataError(
            f"As many received in arm {trial.reference!r} as in arm {trial.compared!r}: the "
            "allocation moved nobody, and the effect of receiving cannot be told."
        )
    second = _two_stages(trial, took, matrix, weights, groups)
    f_statistic = (first.estimate / first.bse) ** 2 if first.bse > 0 else float("inf")
    everywhere = anderson_rubin(float(effects[0]), float(effects[1]), both, quantile)
    estimate = _effect(*second, quantile)
    return ComplierAverageEffect(
        reference=trial.reference,
        compared=trial.compared,
        estimate=estimate.estimate,
        bse=estimate.bse,
        p_value=estimate.p_value,
        ci_low=estimate.ci_low,
        ci_high=estimate.ci_high,
        anderson_rubin=everywhere,
        intention_to_treat=_effect(float(effects[0]), float(both[0, 0]), quantile),
        first_stage=first,
        first_stage_f=f_statistic,
        weak=f_statistic < WEAK_F,
        received=arms_share,
        n=trial.n,
        n_left_out=everyone.n_left_out,
        n_filled=everyone.n_filled,
        n_clusters=n_clusters,
        n_strata=trial.n_strata,
        n_strata_one_arm=everyone.n_strata - trial.n_strata,
        n_people_one_arm=everyone.n - trial.n,
        level=level,
        covariance_note=_covariance_note(weights is not None, n_clusters),
        notes=_notes(everyone, trial, took, f_statistic, everywhere, n_clusters),
    )


def _received(trial: Trial) -> FloatArray:
    column = trial.extras["received"]
    try:
        took = np.asarray(pd.to_numeric(column), dtype=np.float64)
    except (TypeError, ValueError):
        raise ModelUsageError("Who received must be told by 1 and 0.") from None
    if not np.isin(took, (0, 1)).all():
        raise ModelUsageError("Who received must be told by 1 and 0.")
    if took.min() == took.max():
        who = "Everybody" if took.min() else "Nobody"
        raise ModelDataError(f"{who} of {len(took)} people received: nothing can be compared.")
    return took


def _check(trial: Trial, matrix: FloatArray) -> None:
    column = first_dependent(matrix)
    if column is not None:
        name = ["Intercept", "arm", *trial.names][column]
        raise ModelDataError(
            f"The covariate column '{name}' is a linear combination of the arm and the others "
            f"in the {trial.n} rows used; leave it out."
        )
    if np.ptp(trial.outcome) == 0:
        raise ModelDataError("The outcome is alike for everybody: there is nothing to compare.")
    if trial.n <= matrix.shape[1]:
        raise ModelDataError(f"{trial.n} people cannot tell {matrix.shape[1]} coefficients.")


def _two_stages(
    trial: Trial,
    took: FloatArray,
    matrix: FloatArray,
    weights: FloatArray | None,
    groups: IntArray | None,
) -> tuple[float, float]:
    """Return the estimate and its variance, of linearmodels' two-stage least squares."""
    from linearmodels.iv import IV2SLS

    known = np.delete(matrix, 1, axis=1)
    options: dict[str, Any] = (
        {"cov_type": "robust"} if groups is None else {"cov_type": "clustered", "clusters": groups}
    )
    fit = IV2SLS(trial.outcome, known, took, matrix[:, 1], weights=weights).fit(
        debiased=True, **options
    )
    return float(fit.params.iloc[-1]), float(fit.cov.to_numpy(dtype=float)[-1, -1])


def _effect(value: float, variance: float, quantile: float) -> Effect:
    bse = float(np.sqrt(max(variance, 0.0)))
    none = float("nan")
    if not isfinite(bse):
        return Effect(value, bse, none, none, none)
    if bse < _NO_ERROR * abs(value):  # everybody did as he was allocated
        return Effect(value, 0.0, 0.0, value, value)
    p_value = float(two_sided_p(np.array([value / bse]))[0])
    return Effect(value, bse, p_value, value - quantile * bse, value + quantile * bse)


def _shares(trial: Trial, took: FloatArray, weights: FloatArray | None) -> pd.DataFrame:
    """Return each arm's people, who of them received, and their (weighted) share."""
    rows = []
    for those in (~trial.treated, trial.treated):
        share = np.average(took[those], weights=None if weights is None else weights[those])
        rows.append([int(those.sum()), int(took[those].sum()), float(share)])
    index = pd.Index([trial.reference, trial.compared], name="arm")
    return pd.DataFrame(rows, index=index, columns=["n", "received", "share"])


def _covariance_note(weighted: bool, n_clusters: int | None) -> str:
    who = "" if n_clusters is None else f" over {n_clusters} clusters"
    rows = ", rows weighted by one over the share of their arm in their stratum" if weighted else ""
    return (
        f"Robust sandwich of two-stage least squares{who} with the small-sample factor of Stata's "
        f"`small`{rows}; the intention-to-treat effect, the first stage and the Anderson-Rubin "
        f"interval with {'HC2' if n_clusters is None else 'CR2'} errors; p-values and intervals "
        "from the normal distribution."
    )


def _notes(
    everyone: Trial,
    trial: Trial,
    took: FloatArray,
    f_statistic: float,
    everywhere: AndersonRubin,
    n_clusters: int | None,
) -> tuple[str, ...]:
    notes = [
        "It rests on the arm working only through what was received (exclusion), and on nobody "
        "receiving because he was allocated not to (monotonicity): neither can be tested."
    ]
    if not took[~trial.treated].any():
        notes.append(
            f"Nobody in arm {trial.reference!r} received (one-sided noncompliance): this is the "
            "effect on those who received in the other arm, and monotonicity holds by itself."
        )
    if f_statistic < WEAK_F:
        notes.append(
            f"The first stage is weak (F = {f_statistic:.1f}, below {WEAK_F:.0f}): the estimate "
            "and its Wald interval mislead; read the Anderson-Rubin interval."
        )
    if everywhere.shape != "interval":
        notes.append(
            "The Anderson-Rubin interval is unbounded: the arms do not differ clearly in who "
            "received."
        )
    notes += people_notes(everyone, n_one_arm=everyone.n - trial.n)
    if n_clusters is not None and n_clusters < FEW_CLUSTERS:
        notes.append(f"There are only {n_clusters} clusters: robust errors are too small.")
    return tuple(notes)
