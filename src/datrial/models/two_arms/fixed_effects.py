"""Linear two-way fixed effects: the difference in differences without a link or a distribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.result import normal_quantile, two_sided_p
from datrial.models.two_arms.effects import two_values

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class FixedEffectsDifference:
    """The difference in differences of the people seen at both times.

    Attributes
    ----------
    estimate
        Mean change of the intervention arm minus mean change of the comparison arm.
    n_people, n_left_out
        People with both answers, and people without.
    covariance_note
        Which error this is.
    """

    estimate: float
    bse: float
    p_value: float
    ci_low: float
    ci_high: float
    n_people: int
    n_left_out: int
    covariance_note: str


def fit_fixed_effects_difference(
    outcome: str,
    data: pd.DataFrame,
    *,
    time: str,
    arm: str,
    person: str,
    reference_time: object | None = None,
    reference_arm: object | None = None,
    level: float = 0.95,
) -> FixedEffectsDifference:
    """Fit person and time effects and after x intervention by least squares, on balanced pairs.

    A sensitivity analysis to `fit_difference_in_differences`: whatever is constant in a person
    drops out, so it needs no covariates, and it makes no distributional assumption. Stata:
    `xtreg y i.time##i.arm, fe vce(cluster id)`.

    Parameters
    ----------
    outcome
        Column of numbers or booleans; of an ordered categorical the levels count 0, 1, 2, ...
    data
        One row per person and time; people without both answers are left out and counted.
    time, arm, person
        Columns; time and arm with two values, the arm one for each person.
    reference_time, reference_arm
        As in `fit_difference_in_differences`.

    Raises
    ------
    ModelUsageError, ModelDataError
        For an unknown column, an outcome that is no number, two rows of one person and time, a
        person in two arms, or fewer than two people of an arm with both answers.

    Notes
    -----
    linearmodels' `PanelOLS` clustered by person, with `auto_df=False, count_effects=False`: the
    person effects are nested in the clusters, and counting them makes the error sqrt(2) too large
    at two times.
    """
    quantile = normal_quantile(level)
    pairs, people = _pairs(outcome, data, time, arm, person, reference_time, reference_arm)
    from linearmodels.panel import PanelOLS

    panel = pairs.set_index(["person", "time"])
    fit = PanelOLS(panel["outcome"], panel[["effect"]], entity_effects=True, time_effects=True).fit(
        cov_type="clustered", cluster_entity=True, auto_df=False, count_effects=False
    )
    estimate, bse = float(fit.params["effect"]), float(fit.std_errors["effect"])
    if not bse > 1e-12:
        raise ModelDataError("Everybody in an arm changed alike: no error can be estimated.")
    n_people = len(pairs) // 2
    return FixedEffectsDifference(
        estimate=estimate,
        bse=bse,
        p_value=float(two_sided_p(np.array([estimate / bse]))[0]),
        ci_low=estimate - quantile * bse,
        ci_high=estimate + quantile * bse,
        n_people=n_people,
        n_left_out=people - n_people,
        covariance_note=(
            f"Robust sandwich over {n_people} people, effects not counted as parameters; p-value "
            "and interval from the normal distribution."
        ),
    )


def _pairs(
    outcome: str,
    data: pd.DataFrame,
    time: str,
    arm: str,
    person: str,
    reference_time: object | None,
    reference_arm: object | None,
) -> tuple[pd.DataFrame, int]:
    """Return the rows of people with both answers, and how many people there are."""
    unknown = [name for name in (outcome, time, arm, person) if name not in data.columns]
    if unknown:
        raise ModelUsageError(f"The data have no column {', '.join(map(repr, unknown))}.")
    _, after = two_values(data[time], time, reference_time)
    comparison, intervention = two_values(data[arm], arm, reference_arm)
    known = data[data[[time, arm, person]].notna().all(axis=1)]
    rows = pd.DataFrame(
        {
            "person": pd.factorize(known[person])[0],
            "time": (known[time] == after).astype("int64").to_numpy(),
            "arm": (known[arm] == intervention).astype("int64").to_numpy(),
            "outcome": _numbers(known[outcome]),
        }
    )
    people = int(rows["person"].nunique())
    twice = int(rows.duplicated(["person", "time"]).sum())
    if twice:
        raise ModelDataError(f"{twice} rows repeat a '{person}' at one '{time}'; keep one each.")
    arms = rows.groupby("person")["arm"].nunique()
    if (arms > 1).any():
        raise ModelDataError(f"{int((arms > 1).sum())} people of '{person}' are in both arms.")
    rows = rows[rows["outcome"].notna()]
    rows = rows[rows.groupby("person")["time"].transform("size") == 2]
    for value, label in ((0, comparison), (1, intervention)):
        if int((rows["arm"] == value).sum()) < 4:
            raise ModelDataError(
                f"Fewer than two people of '{arm}' {label!r} have an answer at both times."
            )
    rows["effect"] = (rows["time"] * rows["arm"]).astype("float64")
    return rows.sort_values(["person", "time"]), people


def _numbers(column: pd.Series) -> FloatArray:
    """Return an outcome as floats, missing answers as not-a-number."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        if not column.cat.ordered:
            raise ModelUsageError(f"The levels of '{column.name}' need an order.")
        codes = column.cat.codes.to_numpy().astype("float64")
        return np.where(codes < 0, np.nan, codes)
    try:
        numbers = pd.to_numeric(column).astype("Float64")
        return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        raise ModelUsageError(f"The outcome '{column.name}' must be a number.") from None
