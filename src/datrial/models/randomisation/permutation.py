"""The permutation test: the difference as it would have been, had the lots fallen otherwise."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import ColumnOrArray
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.randomisation.comparable import strata_with_both_arms
from datrial.models.randomisation.draws import (
    Batch,
    Draw,
    batches_within_strata,
    draw_batch,
    draw_by_scheme,
    every_allocation,
    number_of_allocations,
)
from datrial.models.randomisation.permutation_result import (
    Alternative,
    PermutationTest,
    Replays,
    Statistic,
    permutation_notes,
)
from datrial.models.randomisation.statistic import (
    Parts,
    StratifiedDifference,
    Weighting,
    join,
    without_covariates,
)
from datrial.models.randomisation.strata import StrataGiven
from datrial.models.randomisation.trial import MissingCovariates, Trial, read_trial
from datrial.models.replicates import map_replicates

FloatArray = NDArray[np.float64]

_NO_SPREAD = 1e-10


def permutation_test(
    outcome: ColumnOrArray,
    arm: ColumnOrArray,
    *,
    data: pd.DataFrame | None = None,
    strata: StrataGiven | None = None,
    draw: Draw | None = None,
    statistic: Statistic = "studentised",
    covariates: str | None = None,
    missing_covariates: MissingCovariates = "leave_out",
    n: int = 20_000,
    seed: int | np.random.Generator = 0,
    alternative: Alternative = "two-sided",
    reference: object | None = None,
    weighting: Weighting = "precision",
    level: float = 0.95,
) -> PermutationTest:
    """Test two arms by replaying the allocation.

    The p-value is exact, in samples of any size, for the hypothesis that the arm made no
    difference to anybody. The studentised statistic makes it right in large samples for no
    difference on average too (Chung and Romano 2013; Wu and Ding 2021), where arms differ in
    size and spread. R: `ri2`, `coin::oneway_test(y ~ arm | stratum)`.

    Parameters
    ----------
    outcome, arm
        Columns of `data`, or one value for everyone who was allocated: where one allocation
        has several rows (victims, forms), make one of them first. People without a value are
        left out, and counted: whether a value is missing must not depend on the arm.
    strata
        Within which people were allocated: a column, an array, or columns whose combinations
        they are (``["site", "meeting"]``). The arms' sizes in every stratum are kept, whatever
        their ratio; a stratum with one arm tells nothing and is counted.
    draw
        The scheme, where it is another than drawing without replacement within strata:
        ``draw(rng, n)`` returns n replays of everybody's arm, shape (n, rows of the data), 1
        for the compared arm. `strata` are then only what is compared within.
    statistic
        ``studentised`` or ``difference``; see :mod:`datrial.models.randomisation.statistic`.
    covariates
        Right-hand side of a formula of things known before the allocation. What they explain
        of the outcome is taken off, without regard to the arm (Rosenbaum 2002); the test stays
        exact.
    missing_covariates
        ``leave_out`` (and count) people without one, or ``fill``, so that everybody allocated
        is analysed: see :mod:`datrial.models.randomisation.fill`.
    n
        Replays. Where no more allocations than that are possible, all are listed, and the
        p-value has no Monte Carlo error.
    alternative
        ``greater``: the outcome is greater in the compared arm.
    weighting
        Of strata: ``precision`` or ``people``; see `StratifiedDifference`.
    level
        Of the interval, which holds the constant effects that the test does not reject.

    Raises
    ------
    ModelUsageError, ModelDataError
        For an unknown option or column, other than two arms, no stratum with both arms, or an
        outcome without spread.

    References
    ----------
    Chung and Romano (2013), Annals of Statistics 41, 484-507. Wu and Ding (2021), JASA 116,
    1898-1913. Rosenbaum (2002), Statistical Science 17, 286-327. Phipson and Smyth (2010),
    Statistical Applications in Genetics and Molecular Biology 9, 39: (b + 1) / (B + 1).
    """
    _check_options(statistic, alternative, weighting, n, level)
    rng = seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seed)
    everyone = read_trial(
        outcome,
        arm,
        data,
        strata=strata,
        covariates=covariates,
        missing_covariates=missing_covariates,
        reference=reference,
    )
    both = strata_with_both_arms(everyone)
    # A scheme may put both arms into a stratum that has one now; drawing within strata may not.
    trial = everyone.part(both[everyone.strata]) if draw is None else everyone
    difference, scale = _difference(trial, weighting)
    observed = difference.parts(trial.treated.astype(np.float64)[:, None])
    bse = _error(observed, studentised=statistic == "studentised")
    exact = draw is None and number_of_allocations(trial.strata, trial.counts()[0]) <= n
    people = everyone.n + everyone.n_left_out
    replays = Replays(
        observed=observed,
        parts=join(_parts(difference, trial, draw, n, rng, exact=exact, people=people)),
        studentised=statistic == "studentised",
        alternative=alternative,
        exact=exact,
        scale=scale,
    )
    # Without covariates the observed arm less itself is nothing: the slope is then 1.
    estimate = float(observed.of_outcome[0] / observed.of_arm[0])
    p_value = replays.p_value()
    low, high = replays.interval(level, estimate, bse)
    without = int(np.isnan(replays.distribution()).sum())
    compared, other = everyone.counts()
    return PermutationTest(
        reference=trial.reference,
        compared=trial.compared,
        statistic_name=statistic,
        alternative=alternative,
        estimate=estimate,
        bse=bse / float(observed.of_arm[0]),
        statistic=replays.statistic(),
        p_value=p_value,
        mc_error=0.0 if exact else sqrt(p_value * (1 - p_value) / replays.n),
        extreme=replays.extreme(),
        n_replays=replays.n,
        exact=exact,
        n_without_statistic=without,
        ci_low=low,
        ci_high=high,
        level=level,
        n=int((compared + other)[both].sum()),
        n_compared=int(compared[both].sum()),
        n_reference=int(other[both].sum()),
        n_left_out=everyone.n_left_out,
        n_filled=everyone.n_filled,
        n_strata=int(both.sum()),
        n_strata_one_arm=int((~both).sum()),
        n_people_one_arm=int((compared + other)[~both].sum()),
        notes=permutation_notes(everyone, replays, without, draw is not None, weighting),
        replays=replays,
    )


def _difference(trial: Trial, weighting: Weighting) -> tuple[StratifiedDifference, float]:
    """Return the statistic over the people, and the outcome's standard deviation in strata."""
    y, x = (
        without_covariates(each, trial.covariates, trial.strata, trial.n_strata)
        for each in (trial.outcome, trial.treated.astype(np.float64))
    )
    scale = float(np.sqrt((y**2).mean()))
    if not scale > _NO_SPREAD * max(float(np.abs(trial.outcome).max()), 1e-300):
        raise ModelDataError(
            "The outcome does not vary within strata (beyond what covariates explain): there is "
            "nothing to compare."
        )
    return StratifiedDifference(y, x, trial.strata, trial.n_strata, weighting), scale


def _error(observed: Parts, *, studentised: bool) -> float:
    """Return the observed difference's error, NaN where nothing tells it."""
    bse = float(np.sqrt(np.maximum(observed.outcome_outcome[0], 0.0)))
    if studentised and not np.isfinite(bse):
        raise ModelDataError(
            "Nobody shares arm and stratum with another, and there is one stratum: no error can "
            "be estimated. Ask for the statistic 'difference'."
        )
    if not abs(float(observed.of_arm[0])) > _NO_SPREAD:
        raise ModelDataError("The covariates tell everybody's arm: there is nothing to compare.")
    return bse


def _parts(
    difference: StratifiedDifference,
    trial: Trial,
    draw: Draw | None,
    n: int,
    rng: np.random.Generator,
    *,
    exact: bool,
    people: int,
) -> list[Parts]:
    """Return what the statistics of the replays are made of, batch by batch."""
    taken = trial.counts()[0]
    if draw is not None:  # the scheme's own stream and memory: it is asked here, in one go
        batches = draw_by_scheme(draw, trial.rows, people, n, rng)
    elif exact:
        batches = every_allocation(trial.strata, taken)
    else:
        return map_replicates(
            _drawn_parts,
            batches_within_strata(n, trial.n, rng),
            shared=(difference, trial.strata, taken),
            label="replays of the permutation test",
        )
    return [difference.parts(batch) for batch in batches]


def _drawn_parts(
    shared: tuple[StratifiedDifference, NDArray[np.int64], FloatArray], batch: Batch
) -> Parts:
    difference, strata, taken = shared
    return difference.parts(draw_batch(strata, taken, batch.size, batch.rng()))


def _check_options(statistic: str, alternative: str, weighting: str, n: int, level: float) -> None:
    for what, value, known in (
        ("statistic", statistic, ("studentised", "difference")),
        ("alternative", alternative, ("two-sided", "greater", "less")),
        ("weighting", weighting, ("precision", "people")),
    ):
        if value not in known:
            raise ModelUsageError(f"The {what} is one of {', '.join(known)}.")
    if n < 1:
        raise ModelUsageError("A permutation test needs one replay or more.")
    if not 0 < level < 1:
        raise ModelUsageError("The level of an interval must lie between 0 and 1, as in 0.95.")
