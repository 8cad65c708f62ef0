"""Inverse-probability weights for people whose outcome was seen."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import ColumnOrArray, Design, build_design
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.missing.weighting import (
    InverseProbabilityWeights,
    covariate_balance,
    effective_sample_size,
)

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: A person seen with a smaller probability than this stands for more than fifty.
RARELY_SEEN = 0.02
#: Standardised differences above this are usually called imbalance (Austin 2009).
IMBALANCE = 0.1


def inverse_probability_weights(
    data: pd.DataFrame,
    observed: ColumnOrArray,
    formula: str,
    *,
    stabilised: bool | str = True,
    truncate: tuple[float, float] | None = (0.01, 0.99),
) -> InverseProbabilityWeights:
    """Weight those who were seen by one over their probability of being seen.

    Robins, Hernan and Brumback (2000), Epidemiology 11, 550-560; Cole and Hernan (2008), American
    Journal of Epidemiology 168, 656-664; Seaman and White (2013), Statistical Methods in Medical
    Research 22, 278-295. Stata: `logit seen x` and `[pweight = 1/p]`; R: `WeightIt`. Valid where
    being seen depends on nothing but the predictors, and everybody could have been seen.

    Pass `weights.weights` to a regression as `weights=` with `cluster=` (the person, or the row
    number), so that its errors are robust; where it has several rows per person, each takes the
    person's weight. The errors take the weights as known, which makes them a little too large
    (Robins, Rotnitzky and Zhao 1994). A bootstrap of both steps is the remedy.

    Parameters
    ----------
    data
        Everybody, seen or not, one row each.
    observed
        Column name or array of yes and no (booleans, or 1 and 0), none missing: who was seen.
    formula
        Predictors of being seen: ``"arm + site + age"``.
    stabilised
        True multiplies by the share seen, so that weights average about 1; a formula, by the
        probability given a few of the predictors (``"arm"``), which the weighted analysis must
        then hold; False leaves 1/p, and weights sum to about the number of people.
    truncate
        Shares of the weights of those seen, beyond which weights are set to the quantile; None
        for no truncation. It trades a little bias for variance.

    Returns
    -------
    InverseProbabilityWeights
        The weights, their spread, and the balance of the predictors before and after.

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: a formula that cannot be read, an unknown column, everybody or
        nobody seen, a predictor with a missing answer in every row.
    """
    seen = _seen(observed, data)
    shares = _truncation(truncate)
    right_side = formula.split("~", 1)[1] if "~" in formula else formula
    design, rows = _design(right_side, data, seen)
    probability, params, notes = _probability(design, seen[rows])
    multiplier, what = _multiplier(stabilised, data, seen, rows)
    raw = np.where(seen[rows], multiplier / probability, np.nan)
    kept, n_truncated = _truncated(raw, shares)
    notes += _positivity_notes(design, seen[rows], probability)
    if not rows.all():
        notes += (
            f"{int((~rows).sum())} rows with a missing predictor, {int((~rows & seen).sum())} of "
            "them seen, have no weight.",
        )
    # Without the numerator, for it is everybody whom they should resemble.
    balance = covariate_balance(design, seen[rows], kept / multiplier)
    worst = float(balance["smd_after"].abs().max())
    if worst > IMBALANCE:
        notes += (f"After weighting a standardised difference of {worst:.2f} remains.",)
    weights = np.full(len(data), np.nan)
    weights[rows] = kept
    everyone = np.full(len(data), np.nan)
    everyone[rows] = probability
    used = kept[seen[rows]]
    return InverseProbabilityWeights(
        weights=pd.Series(weights, index=data.index, name="weight"),
        probability=pd.Series(everyone, index=data.index, name="probability"),
        params=params,
        balance=balance,
        n=int(rows.sum()),
        n_observed=len(used),
        n_left_out=int((~rows).sum()),
        minimum=float(used.min()),
        maximum=float(used.max()),
        mean=float(used.mean()),
        standard_deviation=float(used.std(ddof=1)) if len(used) > 1 else float("nan"),
        effective_sample_size=effective_sample_size(used),
        largest_before_truncation=float(np.nanmax(raw)),
        share_truncated=n_truncated / len(used),
        stabilised_by=what,
        notes=notes,
    )


def _seen(observed: ColumnOrArray, data: pd.DataFrame) -> BoolArray:
    """Return who was seen as booleans."""
    if isinstance(observed, str) and observed not in data.columns:
        raise ModelUsageError(f"The data have no column '{observed}' (asked for as observed).")
    column = pd.Series(np.asarray(data[observed] if isinstance(observed, str) else observed))
    if len(column) != len(data):
        raise ModelUsageError(f"The observed array must have one value per row ({len(data)}).")
    if column.isna().any():
        raise ModelDataError(f"Whether observed is missing in {int(column.isna().sum())} rows.")
    if not column.isin([0, 1]).all():
        raise ModelUsageError("Whether observed must be a boolean, or 0 and 1.")
    seen = column.astype(bool).to_numpy()
    if seen.all() or not seen.any():
        who = "Everybody" if seen.all() else "Nobody"
        raise ModelDataError(f"{who} in the {len(seen)} rows is observed: there is no weight.")
    return seen


def _truncation(truncate: tuple[float, float] | None) -> tuple[float, float]:
    low, high = (0.0, 1.0) if truncate is None else truncate
    if not 0 <= low < high <= 1:
        raise ModelUsageError("truncate takes two shares, as in (0.01, 0.99), or None.")
    return low, high


def _design(right_side: str, data: pd.DataFrame, seen: BoolArray) -> tuple[Design, BoolArray]:
    """Return the predictors, and which rows have them all."""
    named = data.assign(_observed=seen.astype(np.int64), _row=np.arange(len(data)))
    design = build_design(f"_observed ~ {right_side}", named, {"row": "_row"})
    if design.names[:1] != ["Intercept"]:
        raise ModelUsageError("The model of being observed takes a formula with its intercept.")
    rows = np.zeros(len(data), dtype=bool)
    rows[design.extras["row"].to_numpy()] = True
    if seen[rows].all() or not seen[rows].any():
        raise ModelDataError(
            f"In the {int(rows.sum())} rows with all predictors everybody or nobody is observed."
        )
    return design, rows


def _probability(design: Design, seen: BoolArray) -> tuple[FloatArray, pd.Series, tuple[str, ...]]:
    """Return fitted probabilities of being seen and the coefficients (scikit-learn)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    x = design.matrix[:, 1:]
    if not x.shape[1]:
        share = float(seen.mean())
        point = pd.Series([np.log(share / (1 - share))], index=design.names, name="params")
        return np.full(len(seen), share), point, ()
    # In standard deviations, or the tolerance would depend on the units.
    centre, scale = x.mean(axis=0), x.std(axis=0)
    engine = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-9, max_iter=200)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        engine.fit((x - centre) / scale, seen)
    probability = engine.predict_proba((x - centre) / scale)[:, 1]
    slopes = engine.coef_[0] / scale
    coefficients = np.concatenate([engine.intercept_ - slopes @ centre, slopes])
    params = pd.Series(coefficients, index=design.names, name="params")
    notes: tuple[str, ...] = ()
    if any(issubclass(item.category, ConvergenceWarning) for item in caught):
        notes = ("The model of being observed did not converge; weights may be unstable.",)
    return probability, params, notes


def _multiplier(
    stabilised: bool | str, data: pd.DataFrame, seen: BoolArray, rows: BoolArray
) -> tuple[FloatArray, str]:
    """Return the numerator of each weight and its description."""
    if stabilised is False:
        return np.ones(int(rows.sum())), "1"
    if stabilised is True:
        return np.full(int(rows.sum()), float(seen[rows].mean())), "the share observed"
    named = data.loc[rows].reset_index(drop=True)
    design, complete = _design(str(stabilised), named, seen[rows])
    if not complete.all():
        raise ModelUsageError(
            "The stabilising formula may hold predictors of the main formula only."
        )
    return _probability(design, seen[rows])[0], f"the probability given {stabilised}"


def _truncated(raw: FloatArray, shares: tuple[float, float]) -> tuple[FloatArray, int]:
    """Return the weights set to their quantiles beyond them, and how many were."""
    low, high = np.nanquantile(raw, shares)
    return np.clip(raw, low, high), int(((raw < low) | (raw > high)).sum())


def _positivity_notes(design: Design, seen: BoolArray, probability: FloatArray) -> tuple[str, ...]:
    """Say who could not be seen, or hardly."""
    notes = []
    for name, column in zip(design.names, design.matrix.T, strict=True):
        if name == "Intercept" or not np.isin(column, (0.0, 1.0)).all():
            continue
        for side, word in ((1.0, "with"), (0.0, "without")):
            group = column == side
            if not seen[group].any():
                notes.append(
                    f"None of the {int(group.sum())} rows {word} '{name}' is observed: no weight "
                    "can make up for them."
                )
    few = int((probability < RARELY_SEEN).sum())
    if few:
        notes.append(
            f"{few} rows had a probability of being observed below {RARELY_SEEN:g}: the weights "
            "rest on few people like them."
        )
    return tuple(notes)
