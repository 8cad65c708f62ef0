"""From a formula and a data frame to the arrays a regression needs.

Rows with a missing answer in anything the model uses are left out and counted here, once,
for every regression of this package (complete cases, as Stata and R do).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.formula_safety import variables_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
#: A text with more values is a reference or a remark, which no name of a coefficient may hold.
MOST_FACTOR_LEVELS = 200
_NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal")
ColumnOrArray = str | NDArray[Any] | pd.Series


@dataclass(frozen=True)
class Design:
    """Arrays of a regression, over the rows it uses.

    Attributes
    ----------
    outcome
        The outcome column, n values, none missing.
    matrix
        Predictor columns, shape (n, k), `Intercept` first where the formula has one.
    names
        The k column names, as in the formula.
    frame
        The predictor variables of the rows used, for predictions at other values.
    extras
        `cluster`, `group`, `weights` or `exposure` of the rows used, by name.
    n_left_out
        Rows dropped because something the model uses is missing.
    spec
        The formulaic model specification, which rebuilds `matrix` from a changed `frame`.
    """

    outcome: pd.Series = field(repr=False)
    matrix: FloatArray = field(repr=False)
    names: list[str]
    frame: pd.DataFrame = field(repr=False)
    extras: dict[str, pd.Series] = field(repr=False)
    n_left_out: int
    spec: Any = field(repr=False)

    def matrix_for(self, frame: pd.DataFrame) -> FloatArray:
        """Return the predictor columns for other values of the predictor variables."""
        return np.asarray(self.spec.get_model_matrix(frame, context={}), dtype=np.float64)


def build_design(
    formula: str, data: pd.DataFrame, extras: dict[str, ColumnOrArray | None]
) -> Design:
    """Evaluate a formula on the rows that are complete for it.

    Parameters
    ----------
    formula
        ``"outcome ~ predictors"`` as formulaic reads it; the left side is one column.
    data
        One row per observation.
    extras
        Further per-row quantities (cluster, weights, ...) as a column name or an array of
        ``len(data)``; None where the model has none.

    Raises
    ------
    ModelUsageError
        For a formula that cannot be read, an unknown column, or an array of wrong length.
    ModelDataError
        For no complete row, a factor with one value, an empty level, or columns that are
        linear combinations of others.
    """
    outcome_name, right_side, variables = _read_formula(formula, data)
    columns = {
        name: _column(name, value, data) for name, value in extras.items() if value is not None
    }
    complete = data[[outcome_name, *variables]].notna().all(axis=1).to_numpy(dtype=bool)
    for column in columns.values():
        complete = complete & column.notna().to_numpy(dtype=bool)
    if not complete.any():
        raise ModelDataError(
            f"No row of {len(data)} is complete for the model '{formula}'; "
            "check the columns it uses for missing answers."
        )
    frame = _plain_dtypes(data.loc[complete, variables].reset_index(drop=True))
    _check_factors(frame)
    matrix, names, spec = _model_matrix(right_side, frame)
    _check_rank(matrix, names)
    return Design(
        outcome=data.loc[complete, outcome_name].reset_index(drop=True),
        matrix=matrix,
        names=names,
        frame=frame,
        extras={k: v[complete].reset_index(drop=True) for k, v in columns.items()},
        n_left_out=int((~complete).sum()),
        spec=spec,
    )


def factor_values(design: Design, factor: str, most: int = 24) -> list[Any]:
    """List the values of a predictor for which average predictions are made.

    A categorical gives its levels in order; anything else its sorted distinct values, of
    which there may be at most `most`.
    """
    if factor not in design.frame.columns:
        raise ModelUsageError(
            f"'{factor}' is not a predictor of this model; it has "
            f"{', '.join(map(str, design.frame.columns)) or 'none'}."
        )
    column = design.frame[factor]
    if isinstance(column.dtype, pd.CategoricalDtype):
        return list(column.cat.categories)
    values = sorted(column.unique().tolist())
    if len(values) > most:
        raise ModelUsageError(
            f"'{factor}' has {len(values)} distinct values; average predictions are made "
            f"for a predictor with at most {most}."
        )
    return values


def with_factor_at(design: Design, factor: str, value: object) -> FloatArray:
    """Return the predictor columns with every row's `factor` set to `value`."""
    frame = design.frame.copy(deep=False)
    column = frame[factor]
    if isinstance(column.dtype, pd.CategoricalDtype):
        code = column.cat.categories.get_loc(value)
        codes = np.full(len(frame), code)
        frame[factor] = pd.Categorical.from_codes(codes, dtype=column.dtype)
    else:
        frame[factor] = pd.Series([value], dtype=column.dtype).repeat(len(frame)).to_numpy()
        frame[factor] = frame[factor].astype(column.dtype)
    return design.matrix_for(frame)


def with_factor_at_each(
    design: Design, factor: str, values: Sequence[Any], most: int = 100_000
) -> Iterator[FloatArray]:
    """Yield `with_factor_at` for several values, evaluating the formula once for few rows.

    Parameters
    ----------
    most
        Rows above which the formula is evaluated value by value, which needs less memory; below,
        its fixed cost is most of the time.
    """
    if len(values) * len(design.frame) > most:
        yield from (with_factor_at(design, factor, value) for value in values)
        return
    every = pd.concat([design.frame] * len(values), ignore_index=True)
    repeated = pd.Series(np.repeat(np.array(values, dtype=object), len(design.frame)))
    every[factor] = repeated.astype(design.frame[factor].dtype)
    yield from np.split(design.matrix_for(every), len(values))


def positive_column(column: pd.Series, what: str, *, zero_allowed: bool = False) -> FloatArray:
    """Return weights or exposures as floats, or say how many are out of range."""
    try:
        values = np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError):
        raise ModelUsageError(f"The {what} must be numeric.") from None
    bad = ~np.isfinite(values) | (values < 0 if zero_allowed else values <= 0)
    if bad.any():
        rule = "finite and not negative" if zero_allowed else "finite and above zero"
        raise ModelDataError(f"The {what} must be {rule}; {int(bad.sum())} rows are not.")
    return values


def _read_formula(formula: str, data: pd.DataFrame) -> tuple[str, Any, list[str]]:
    """Return the outcome column, the right-hand side and the variables it uses."""
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    if not isinstance(data, pd.DataFrame):
        raise ModelUsageError("The data must be a pandas DataFrame.")
    try:
        parsed = Formula(formula)
    except (FormulaicError, SyntaxError):
        raise ModelUsageError(f"The formula '{formula}' cannot be read.") from None
    left = getattr(parsed, "lhs", None)
    if left is None:
        raise ModelUsageError(f"The formula '{formula}' has no outcome: write 'outcome ~ x'.")
    outcome = str(left).strip("` ")
    right = parsed.rhs
    variables = sorted(variables_of(right, set(map(str, data.columns)), formula))
    if outcome not in data.columns:
        raise ModelUsageError(
            f"The left side of '{formula}' must be one column of the data; '{outcome}' is not."
        )
    unknown = [name for name in variables if name not in data.columns]
    if outcome in variables:
        raise ModelUsageError(f"'{outcome}' stands on both sides of the formula '{formula}'.")
    repeated = [name for name in [outcome, *variables] if list(data.columns).count(name) > 1]
    if repeated:
        raise ModelUsageError(f"The data have more than one column {quoted(repeated)}.")
    if unknown:
        raise ModelUsageError(f"The data have no column {quoted(unknown)} (in '{formula}').")
    return outcome, right, variables


def _column(name: str, value: ColumnOrArray, data: pd.DataFrame) -> pd.Series:
    """Return a per-row quantity given as a column name or an array."""
    if isinstance(value, str):
        if value not in data.columns:
            raise ModelUsageError(f"The data have no column '{value}' (asked for as {name}).")
        return data[value].reset_index(drop=True)
    if np.ndim(value) != 1 or len(value) != len(data):
        raise ModelUsageError(f"The {name} array must have one value per row ({len(data)}).")
    return pd.Series(np.asarray(value))


def _plain_dtypes(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn nullable numbers and booleans, and numbers kept as objects, into numpy's.

    None is missing here. Left as an object a number would become a factor, its values names of
    columns.
    """
    plain = {}
    for name in frame.columns:
        dtype = frame[name].dtype
        if (
            pd.api.types.is_object_dtype(dtype)
            and pd.api.types.infer_dtype(frame[name]) in _NUMBERS
        ):
            plain[name] = "float64"
        if pd.api.types.is_extension_array_dtype(dtype):
            if pd.api.types.is_bool_dtype(dtype):
                plain[name] = "bool"
            elif pd.api.types.is_integer_dtype(dtype):
                plain[name] = "int64"
            elif pd.api.types.is_float_dtype(dtype):
                plain[name] = "float64"
    return frame.astype(plain) if plain else frame


def _check_factors(frame: pd.DataFrame) -> None:
    """Refuse a factor with a single value, too many, or a level that no complete row has."""
    for name in frame.columns:
        column = frame[name]
        if not pd.api.types.is_numeric_dtype(column) and column.nunique() > MOST_FACTOR_LEVELS:
            raise ModelUsageError(
                f"The predictor '{name}' has {column.nunique()} different values that are no "
                f"numbers; a factor takes at most {MOST_FACTOR_LEVELS}."
            )
        if isinstance(column.dtype, pd.CategoricalDtype):
            used = set(column.cat.codes.unique().tolist())
            empty = [str(v) for i, v in enumerate(column.cat.categories) if i not in used]
            if empty:
                raise ModelDataError(
                    f"No complete row has level {quoted(empty)} of factor '{name}'; merge "
                    "levels or remove unused ones (cat.remove_unused_categories())."
                )
        if (column == column.iloc[0]).all():
            raise ModelDataError(
                f"The predictor '{name}' has a single value in the {len(frame)} complete "
                "rows; leave it out of the formula."
            )


def _model_matrix(right_side: Any, frame: pd.DataFrame) -> tuple[FloatArray, list[str], Any]:
    """Evaluate the right-hand side; nothing outside the frame is visible to the formula."""
    from formulaic.errors import FormulaicError

    try:
        evaluated = right_side.get_model_matrix(frame, context={}, na_action="ignore")
    except (FormulaicError, ArithmeticError, TypeError, ValueError) as error:
        # The library's own message may quote a value: only its kind is passed on.
        raise ModelUsageError(
            f"The formula '{right_side}' cannot be evaluated ({type(error).__name__}); check "
            "its functions and the types of its columns."
        ) from None
    names = [str(name) for name in evaluated.columns]
    matrix = np.asarray(evaluated, dtype=np.float64).reshape(len(frame), len(names))
    bad = [
        name for name, column in zip(names, matrix.T, strict=True) if not np.isfinite(column).all()
    ]
    if bad:
        raise ModelDataError(f"The predictor column {quoted(bad)} is not finite in every row.")
    return matrix, names, evaluated.model_spec


def _check_rank(matrix: FloatArray, names: list[str], tolerance: float = 1e-9) -> None:
    """Refuse columns that are linear combinations of the columns before them."""
    scale = np.sqrt((matrix**2).sum(axis=0))
    scaled = matrix / np.where(scale > 0, scale, 1.0)
    gram = scaled.T @ scaled
    for j, name in enumerate(names):
        if gram[j, j] < tolerance:
            raise ModelDataError(
                f"The predictor column '{name}' is a linear combination of the other columns "
                f"in the {len(matrix)} complete rows; leave one of them out."
            )
        rest = slice(j + 1, None)
        gram[rest, rest] -= np.outer(gram[rest, j], gram[j, rest]) / gram[j, j]


def check_levels(
    outcome: pd.Series, codes: IntArray, levels: Sequence[object], *, most: int, model: str
) -> None:
    """Refuse an outcome with too many levels, a single one, or one that no complete row has.

    Parameters
    ----------
    codes
        Level of each row, 0..J-1.
    most, model
        How many levels the model takes at most, and its name for the message.
    """
    if len(levels) > most:
        raise ModelUsageError(
            f"The outcome '{outcome.name}' has {len(levels)} levels; {model} takes at most {most}."
        )
    rows = np.bincount(codes, minlength=len(levels))
    empty = [str(level) for level, n in zip(levels, rows, strict=True) if n == 0]
    if empty:
        raise ModelDataError(
            f"No complete row has level {quoted(empty)} of the outcome '{outcome.name}'; merge "
            "levels or remove unused ones (cat.remove_unused_categories())."
        )
    if len(levels) < 2:
        raise ModelDataError(f"The outcome '{outcome.name}' has a single level in these rows.")


def quoted(names: Iterable[str]) -> str:
    """Return names for a message: ``'age', 'site'``."""
    return ", ".join(f"'{name}'" for name in names)
