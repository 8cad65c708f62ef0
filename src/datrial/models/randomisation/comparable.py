"""What the estimates by least squares share: whom they compare, weights, and what is said of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datrial.models.errors import ModelDataError
from datrial.models.randomisation.robust import LeastSquares
from datrial.models.randomisation.trial import Trial
from datrial.models.sandwich import FEW_CLUSTERS, cluster_codes

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def comparable(everyone: Trial) -> tuple[Trial, FloatArray | None, bool]:
    """Return those in strata with both arms, their weights, and whether the ratio differs.

    A weight is one over the share of the person's arm in his stratum, both arms' weights
    scaled alike to an average of 1; None with a single stratum.
    """
    both = strata_with_both_arms(everyone)
    compared, other = everyone.counts()
    trial = everyone.part(both[everyone.strata])
    if trial.n_strata == 1:
        return trial, None, False
    shares = (compared / (compared + other))[both]
    of_own_arm = np.where(trial.treated, shares[trial.strata], 1 - shares[trial.strata])
    weights = 1 / of_own_arm
    return trial, weights / weights.mean(), bool(np.ptp(shares) > 1e-12)


def strata_with_both_arms(everyone: Trial) -> BoolArray:
    """Tell which strata have people of both arms; without any there is nothing to compare."""
    compared, other = everyone.counts()
    both = (compared > 0) & (other > 0)
    if not both.any():
        raise ModelDataError(
            f"None of {everyone.n_strata} strata has people of both arms: there is nothing to "
            "compare."
        )
    return np.asarray(both)


def clusters_of(trial: Trial) -> tuple[IntArray | None, int | None]:
    """Return each row's cluster and their number, or neither."""
    if "cluster" not in trial.extras:
        return None, None
    return cluster_codes(trial.extras["cluster"])


def covariance_note(kind: str, weighted: bool, n_clusters: int | None) -> str:
    """Say which error this is."""
    parts = [f"{kind} sandwich"]
    if n_clusters is not None:
        parts.append(f"over {n_clusters} clusters")
    if weighted:
        parts.append("of rows weighted by one over the share of their arm in their stratum")
    return (
        " ".join(parts)
        + ", with Satterthwaite's degrees of freedom of the t distribution; the gain of drawing "
        "within strata is not counted."
    )


def notes_of(
    everyone: Trial, trial: Trial, fit: LeastSquares, n_clusters: int | None
) -> tuple[str, ...]:
    """Return what a reader should know of the people and their errors."""
    notes = people_notes(everyone, n_one_arm=everyone.n - trial.n)
    if n_clusters is not None and n_clusters < FEW_CLUSTERS:
        notes.append(f"There are only {n_clusters} clusters: errors rest on few.")
    alone = fit.certain_rows()
    if alone:
        notes.append(
            f"{alone} rows alone decide a coefficient: what they would add to the errors cannot be "
            "told."
        )
    return tuple(notes)


def people_notes(everyone: Trial, n_one_arm: int) -> list[str]:
    """Say who is left out, and of whom a covariate was filled.

    Parameters
    ----------
    n_one_arm
        People in strata with one arm.
    """
    notes = []
    compared, other = everyone.counts()
    strata = int(((compared == 0) | (other == 0)).sum())
    if n_one_arm:
        notes.append(
            f"{strata} strata ({n_one_arm} people) have one arm only: they carry no information on "
            "the difference and are left out."
        )
    if everyone.n_left_out:
        notes.append(
            f"{everyone.n_left_out} rows with a missing answer are left out: the comparison holds "
            "if the arm does not decide whether an answer is missing."
        )
    if everyone.n_filled:
        notes.append(
            f"{everyone.n_filled} people lacked a covariate: numbers were filled with the mean, "
            "categories with a level of their own, and that it was missing is a covariate too "
            "(where enough of both arms lack it)."
        )
    return notes
