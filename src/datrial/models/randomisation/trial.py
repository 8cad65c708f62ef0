"""From rows of allocated people to the arrays that inference from the randomisation needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import ColumnOrArray, Design, build_design
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.randomisation.fill import fill_covariates
from datrial.models.randomisation.strata import StrataGiven, strata_columns, stratum_codes
from datrial.models.two_arms.effects import two_values

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

MissingCovariates = Literal["leave_out", "fill"]

_OUTCOME = "outcome"


@dataclass(frozen=True)
class Trial:
    """The people of two arms whose answers are complete.

    Attributes
    ----------
    outcome
        Their outcome, shape (n,).
    treated
        Who is in the arm that is compared with the reference.
    strata
        Within which stratum each was allocated, 0..S-1.
    n_strata
        S.
    covariates
        Columns of the covariates without intercept, shape (n, k).
    names
        Their names, as in the formula.
    reference, compared
        The two arms.
    rows
        Which rows of the data these people are.
    n_left_out
        Rows with a missing answer.
    n_filled
        People whose missing covariates were filled.
    extras
        What else was asked for of every row (cluster, received).
    """

    outcome: FloatArray = field(repr=False)
    treated: BoolArray = field(repr=False)
    strata: IntArray = field(repr=False)
    n_strata: int
    covariates: FloatArray = field(repr=False)
    names: list[str]
    reference: object
    compared: object
    rows: IntArray = field(repr=False)
    n_left_out: int
    n_filled: int
    extras: dict[str, pd.Series] = field(repr=False)

    @property
    def n(self) -> int:
        """People."""
        return len(self.outcome)

    def part(self, keep: BoolArray) -> Trial:
        """Return the same trial with some of its people, their strata numbered anew."""
        codes, labels = pd.factorize(self.strata[keep], sort=True)
        return Trial(
            outcome=self.outcome[keep],
            treated=self.treated[keep],
            strata=codes.astype(np.int64),
            n_strata=len(labels),
            covariates=self.covariates[keep],
            names=self.names,
            reference=self.reference,
            compared=self.compared,
            rows=self.rows[keep],
            n_left_out=self.n_left_out,
            n_filled=self.n_filled,
            extras={
                name: column[keep].reset_index(drop=True) for name, column in self.extras.items()
            },
        )

    def counts(self) -> tuple[FloatArray, FloatArray]:
        """Return how many of each stratum are in the compared and in the reference arm."""
        everyone = np.bincount(self.strata, minlength=self.n_strata).astype(np.float64)
        compared = np.bincount(self.strata[self.treated], minlength=self.n_strata)
        return compared.astype(np.float64), everyone - compared


def read_trial(
    outcome: ColumnOrArray,
    arm: ColumnOrArray,
    data: pd.DataFrame | None,
    *,
    strata: StrataGiven | None = None,
    covariates: str | None = None,
    missing_covariates: MissingCovariates = "leave_out",
    reference: object | None = None,
    extras: dict[str, ColumnOrArray | None] | None = None,
) -> Trial:
    """Read the people of a trial; rows with a missing answer are left out and counted.

    Parameters
    ----------
    outcome
        Column or array of numbers or booleans; the levels of an ordered categorical count
        0, 1, 2, ...
    arm
        Column or array with two values.
    data
        Where columns are looked for; None where everything is an array.
    covariates
        The right-hand side of a formula.
    missing_covariates
        ``leave_out`` people without one, or ``fill``: see :mod:`datrial.models.randomisation.fill`.

    Raises
    ------
    ModelUsageError, ModelDataError
        For an unknown column, arrays of different length, an outcome that is no number, or
        other than two arms.
    """
    frame = _frame(outcome, data)
    given = dict(extras or {})
    given |= {"arm": arm, "row": np.arange(len(frame))}
    given |= {f"stratum {i}": each for i, each in enumerate(strata_columns(strata, frame))}
    name = outcome if isinstance(outcome, str) else _OUTCOME
    design, n_filled = _design(name, covariates, frame, given, missing_covariates, reference)
    if isinstance(arm, str) and arm in design.frame.columns:
        raise ModelUsageError(f"The arm '{arm}' stands among the covariates.")
    arms = design.extras["arm"]
    low, high = two_values(arms, "arm", reference)
    columns = [design.extras[key] for key in design.extras if key.startswith("stratum ")]
    codes = stratum_codes(columns, len(arms))
    matrix, names = _without_intercept(design)
    return Trial(
        outcome=_numbers(design.outcome),
        treated=(arms == high).to_numpy(dtype=bool),
        strata=codes,
        n_strata=int(codes.max()) + 1,
        covariates=matrix,
        names=names,
        reference=low,
        compared=high,
        rows=design.extras["row"].to_numpy(dtype=np.int64),
        n_left_out=len(frame) - len(arms),
        n_filled=n_filled,
        extras={name: design.extras[name] for name in (extras or {}) if name in design.extras},
    )


def _design(
    outcome: str,
    covariates: str | None,
    frame: pd.DataFrame,
    given: dict[str, ColumnOrArray | None],
    missing_covariates: MissingCovariates,
    reference: object | None,
) -> tuple[Design, int]:
    """Return the rows to use and their covariates, and how many people had these filled."""
    if missing_covariates not in ("leave_out", "fill"):
        raise ModelUsageError("Missing covariates are one of leave_out, fill.")
    if covariates is None or missing_covariates == "leave_out":
        return build_design(f"`{outcome}` ~ {covariates or '1'}", frame, given), 0
    known = build_design(f"`{outcome}` ~ 1", frame, given)
    arms = known.extras["arm"]
    treated = (arms == two_values(arms, "arm", reference)[1]).to_numpy(dtype=bool)
    rows = frame.iloc[known.extras["row"].to_numpy()].reset_index(drop=True)
    filled = fill_covariates(covariates, rows, treated)
    kept: dict[str, ColumnOrArray | None] = dict(known.extras)
    return build_design(f"`{outcome}` ~ {filled.formula}", filled.data, kept), filled.n_filled


def _frame(outcome: ColumnOrArray, data: pd.DataFrame | None) -> pd.DataFrame:
    """Return the data, the outcome among its columns."""
    if isinstance(outcome, str):
        if data is None:
            raise ModelUsageError("A column's name needs the data that it is a column of.")
        return data
    if np.ndim(outcome) != 1:
        raise ModelUsageError("The outcome must be one number a person.")
    if data is None:
        return pd.DataFrame({_OUTCOME: pd.Series(outcome).reset_index(drop=True)})
    if len(outcome) != len(data):
        raise ModelUsageError(f"The outcome must have one value per row ({len(data)}).")
    return data.assign(**{_OUTCOME: pd.Series(outcome).to_numpy()})


def _without_intercept(design: Design) -> tuple[FloatArray, list[str]]:
    kept = [i for i, name in enumerate(design.names) if name != "Intercept"]
    return design.matrix[:, kept], [design.names[i] for i in kept]


def _numbers(column: pd.Series) -> FloatArray:
    """Return an outcome as floats, none missing."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        if not column.cat.ordered:
            raise ModelUsageError("The levels of the outcome need an order.")
        return column.cat.codes.to_numpy().astype(np.float64)
    try:
        numbers = pd.to_numeric(column).to_numpy(dtype=np.float64)
    except (TypeError, ValueError):
        raise ModelUsageError("The outcome must be a number.") from None
    if not np.isfinite(numbers).all():
        raise ModelDataError("The outcome must be finite in every row.")
    return np.asarray(numbers)
