"""Difference in differences of two arms at two times: binary or ordered, clustered by person."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from datrial.models.design import ColumnOrArray
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.logit.binary import LogitResult, fit_logit
from datrial.models.ordered_logit.fitting import fit_ordered_logit
from datrial.models.ordered_logit.result import OrderedLogitResult
from datrial.models.two_arms.did_averages import Sides
from datrial.models.two_arms.did_result import DifferenceInDifferences
from datrial.models.two_arms.effects import two_values

#: With fewer answers of a kind than this in one of the four cells the effect rests on too few.
FEW_IN_CELL = 5


def fit_difference_in_differences(
    outcome: str,
    data: pd.DataFrame,
    *,
    time: str,
    arm: str,
    covariates: str = "",
    cluster: ColumnOrArray | None,
    kind: Literal["binary", "ordered"] = "binary",
    reference_time: object | None = None,
    reference_arm: object | None = None,
    weights: ColumnOrArray | None = None,
    penalty: str | None = None,
) -> DifferenceInDifferences:
    """Fit outcome ~ time + arm + covariates + time:arm and read the effect off both scales.

    The odds ratio of the interaction is how many times the odds ratio after : before of the one
    arm is that of the other. On the probability scale it is not the effect (Ai and Norton 2003,
    Economics Letters 80, 123-129), which `probability_effect` gives. Stata: `logit` or `ologit`
    with `i.time##i.arm, vce(cluster id)`, then `margins`.

    Parameters
    ----------
    outcome
        Column: for ``kind="binary"`` of two levels, the event being the higher; for
        ``"ordered"`` an ordered categorical or a number.
    data
        One row per person and time. Rows with a missing answer in anything the model uses are
        left out and counted; people with one of the two rows are kept.
    time, arm
        Columns with two values each.
    covariates
        Right-hand side to add, as ``"living + relationship"``.
    cluster
        Whose repeated answers the rows are: a column or an array. None treats rows as independent.
    reference_time, reference_arm
        The time before and the arm to compare with. Needed for texts; by default the lower value.
    weights
        Frequency or, with `cluster`, inverse-probability weights.
    penalty
        As in `fit_logit` and `fit_ordered_logit`. With `cluster` errors are clustered under a
        penalty too, but for an interaction that few people carry no smaller than model-based.

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: an unknown column, a time or arm without two values, one of the four
        cells without rows, and what the two models refuse.

    Examples
    --------
    >>> fit = fit_difference_in_differences(
    ...     "physical", forms, time="time_point", arm="arm", cluster="victim_id",
    ...     kind="ordered", reference_time="intake", reference_arm="control",
    ... )                                                  # doctest: +SKIP
    >>> fit.odds_ratio(), fit.probability_effect()         # doctest: +SKIP
    """
    if kind not in ("binary", "ordered"):
        raise ModelUsageError("A difference in differences is 'binary' or 'ordered'.")
    unknown = [name for name in (outcome, time, arm) if name not in data.columns]
    if unknown:
        raise ModelUsageError(f"The data have no column {', '.join(map(repr, unknown))}.")
    if len({outcome, time, arm}) < 3:
        raise ModelUsageError("The outcome, the time and the arm must be three columns.")
    times = two_values(data[time], time, reference_time)
    arms = two_values(data[arm], arm, reference_arm)
    sides = Sides(time, str(times[0]), str(times[1]), arm, str(arms[0]), str(arms[1]))
    frame = data.assign(**{time: _two_levels(data[time], times), arm: _two_levels(data[arm], arms)})
    _check_cells(frame, outcome, sides)
    formula = f"{_quoted(outcome)} ~ {_quoted(time)} * {_quoted(arm)}"
    if covariates.strip(" +"):
        formula += f" + {covariates.strip().lstrip('+')}"
    model: LogitResult | OrderedLogitResult
    if kind == "binary":
        model = fit_logit(formula, frame, cluster=cluster, weights=weights, penalty=penalty)
    else:
        model = fit_ordered_logit(formula, frame, cluster=cluster, weights=weights, penalty=penalty)
    interaction = _interaction(list(map(str, model.params.index)), sides)
    cells = _cells(model, sides)
    degenerate, notes = _cell_notes(cells, kind, model)
    if isinstance(model, LogitResult) and interaction in model.separated:
        degenerate = True
    penalised = model.penalty is not None
    return DifferenceInDifferences(
        model=model,
        kind=kind,
        sides=sides,
        interaction=interaction,
        cells=cells,
        estimable=penalised or not degenerate,
        notes=(*model.notes, *notes),
    )


def _quoted(name: str) -> str:
    """Return a column name as a formula reads it."""
    if name.isidentifier():
        return name
    if "`" in name:
        raise ModelUsageError("A column name with a backtick cannot stand in a formula.")
    return f"`{name}`"


def _two_levels(column: pd.Series, values: tuple[object, object]) -> pd.Series:
    """Return a column as a factor of its two values, in words: a formula has no boolean factor."""
    words = {value: str(value) for value in values}
    return column.astype("object").map(words).astype(pd.CategoricalDtype(list(words.values())))


def _check_cells(frame: pd.DataFrame, outcome: str, sides: Sides) -> None:
    """Refuse data in which an arm was not seen at one of the times."""
    answered = frame[frame[outcome].notna()]
    for when in (sides.before, sides.after):
        for who in (sides.comparison, sides.intervention):
            if not ((answered[sides.time] == when) & (answered[sides.arm] == who)).any():
                raise ModelDataError(
                    f"No row with an answer to '{outcome}' has '{sides.time}' {when!r} and "
                    f"'{sides.arm}' {who!r}: there is no difference to take."
                )


def _interaction(names: list[str], sides: Sides) -> str:
    """Return the name of the one coefficient that is the difference in differences."""
    pieces = (f"[T.{sides.after}]", f"[T.{sides.intervention}]")
    wanted = f"{sides.time}{pieces[0]}:{sides.arm}{pieces[1]}"
    with_both = [
        name for name in names if _has(name, sides.time + "[") and _has(name, sides.arm + "[")
    ]
    if with_both != [wanted]:
        raise ModelUsageError(
            f"The covariates may not contain an interaction of both '{sides.time}' and "
            f"'{sides.arm}': the effect would then differ by its value. Fit it on subsets."
        )
    return wanted


def _has(name: str, start: str) -> bool:
    return any(part.startswith(start) for part in name.split(":"))


def _cells(model: LogitResult | OrderedLogitResult, sides: Sides) -> pd.DataFrame:
    """Count the rows used, those at the lowest and at the highest level, in the four cells."""
    outcome, frame = model.design.outcome, model.design.frame
    table = pd.DataFrame(
        {
            sides.time: frame[sides.time],
            sides.arm: frame[sides.arm],
            "rows": 1,
            "lowest": (outcome == model.levels[0]).astype(int),
            "highest": (outcome == model.levels[-1]).astype(int),
        }
    )
    return table.groupby([sides.time, sides.arm], observed=False)[
        ["rows", "lowest", "highest"]
    ].sum()


def _cell_notes(
    cells: pd.DataFrame, kind: str, model: LogitResult | OrderedLogitResult
) -> tuple[bool, tuple[str, ...]]:
    """Return whether a cell leaves the interaction without an estimate, and what to say."""
    uniform = (cells["lowest"] == cells["rows"]) | (cells["highest"] == cells["rows"])
    if uniform.any():
        return True, (
            f"In {int(uniform.sum())} of the 4 cells of time and arm all rows have one answer: "
            "the interaction has no finite estimate without a penalty.",
        )
    other = cells["rows"] - cells["lowest"]
    least = int(min(cells["lowest"].min(), other.min()))
    if least >= FEW_IN_CELL:
        return False, ()
    what = "of the event or its absence" if kind == "binary" else "at the lowest level or above it"
    robust = model.n_clusters is not None and model.penalty is None
    return False, (
        f"A cell of time and arm has only {least} rows {what}: "
        + ("robust errors are too small with so few." if robust else "the effect rests on them."),
    )
