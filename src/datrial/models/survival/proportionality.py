"""Are the hazards proportional? Score tests of coefficients that change with time.

Grambsch and Therneau (1994), Biometrika 81, 515-526: a slope of the scaled Schoenfeld
residuals on g(t). Their statistic approximates the score test that b is constant against
b + c g(t), which is computed here without the approximation, as R's `cox.zph` since 3.0.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelUsageError
from datrial.models.newton import invert_information
from datrial.models.result import ChiSquaredTest, wald_test
from datrial.models.sandwich import sum_by
from datrial.models.survival.partial_likelihood import CoxState, PartialLikelihood

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TRANSFORMS = ("km", "rank", "log", "identity")


def transformed_times(likelihood: PartialLikelihood, transform: str) -> FloatArray:
    """Return g(t) of each event time (D,), centred on its mean over the events.

    ``km`` is 1 minus the Kaplan-Meier estimate just before the time, all strata together;
    ``rank`` the rank among the event times.
    """
    if transform not in TRANSFORMS:
        raise ModelUsageError(f"The transform of time is one of {', '.join(TRANSFORMS)}.")
    times, deaths = likelihood.risk.times, likelihood.deaths.astype(np.float64)
    distinct, place = np.unique(times, return_inverse=True)
    events = np.bincount(place, deaths)
    if transform == "km":
        at_risk = np.bincount(place, likelihood.risk.totals(np.ones(len(likelihood.matrix))))
        # With several events of a person there can be more events than people at risk.
        survival = np.cumprod(np.maximum(1 - events / at_risk, 0.0))
        g = 1 - np.append(1.0, survival[:-1])
    elif transform == "rank":
        g = np.cumsum(events) - (events - 1) / 2
    elif transform == "log":
        if distinct[0] <= 0:
            raise ModelUsageError("Logarithms need every event after time 0; use 'rank'.")
        g = np.log(distinct)
    else:
        g = distinct
    return np.asarray(g[place] - np.average(g[place], weights=deaths))


def proportionality_tests(
    likelihood: PartialLikelihood,
    at: CoxState,
    g: FloatArray,
    terms: dict[str, list[int]],
    clusters: tuple[IntArray, int] | None,
) -> dict[str, ChiSquaredTest]:
    """Test each term's columns, each alone, that their coefficients do not change with g(t).

    Parameters
    ----------
    likelihood, at
        The model at its estimates.
    terms
        Column positions of each term.
    clusters
        Cluster of each row and how many there are: the variance of the score is then taken
        between clusters; without it from the information.
    """
    p = likelihood.n_columns
    score = g @ likelihood.schoenfeld(at)
    cross = likelihood.information(at, g)
    bread = invert_information(at.hessian)
    if clusters is None:
        variance = likelihood.information(at, g**2) - cross @ bread @ cross
    else:
        codes, n_groups = clusters
        plain = likelihood.score_rows(at)
        adjusted = likelihood.score_rows(at, g) - plain @ (bread @ cross)
        totals = sum_by(codes, n_groups, adjusted)
        variance = totals.T @ totals
    tests = {}
    for name, columns in terms.items():
        where = np.ix_(columns, columns)
        tests[name] = wald_test(score[columns], variance[where])
    if p > 1 or not tests:
        tests["all"] = wald_test(score, variance)
    return tests


def scaled_residuals(
    likelihood: PartialLikelihood, at: CoxState, names: list[str], coefficients: FloatArray
) -> pd.DataFrame:
    """Return b plus the scaled Schoenfeld residual of each event time, the times as index.

    The mean residual of the events of a time; against time it shows how b changes.
    """
    total = float((likelihood.term_weight).sum())
    weight = np.bincount(likelihood.term_time, likelihood.term_weight, likelihood.risk.n_times)
    residual = likelihood.schoenfeld(at) / weight[:, None]
    scaled = total * residual @ invert_information(at.hessian) + coefficients
    index = pd.Index(likelihood.risk.times, name="time")
    return pd.DataFrame(scaled, index=index, columns=names)
