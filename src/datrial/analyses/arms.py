"""The arms of a comparison: which is the reference, and what must not tell a coded arm."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from datrial.allocation.schemes import CONTROL
from datrial.config.study import CODED
from datrial.results.cells import Cell, State, Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context
    from datrial.config.study import Study

WITHHELD = "arms are coded, and this would tell them apart"


def is_coded(study: Study) -> bool:
    """Return whether arms are shown as codes: the study is blinded, and was not unblinded."""
    return any(arm.role == CODED for arm in study.arms.values())


def reference_arm(study: Study) -> str | None:
    """Return the arm with which the others are compared: the control, or the first code.

    None in a study without a control.
    """
    wanted = CODED if is_coded(study) else CONTROL
    return next((key for key, arm in study.arms.items() if arm.role == wanted), None)


def others_against_reference(study: Study, arms: pd.Series) -> pd.Series:
    """Return 1 for whoever is in another arm than the reference, 0 for the reference.

    The first argument of every effect: rate ratios and odds ratios are of it.
    """
    return (arms != reference_arm(study)).astype(float)


def contrast(study: Study) -> str:
    """Return what a comparison compares: ``intervention against control``, or codes."""
    if not is_coded(study):
        return "intervention against control"
    reference = reference_arm(study)
    others = [arm.label for key, arm in study.arms.items() if key != reference]
    return f"{' and '.join(others)} against {study.arms[reference or ''].label}"


def below_one_favours(study: Study) -> str:
    """Return the sentence that says whom a ratio below 1 favours."""
    first = contrast(study).partition(" against ")[0]
    return f"Rate ratios below 1 favour {first if is_coded(study) else f'the {first}'}."


def police_tell_arms(context: Context) -> bool:
    """Return whether arms are coded and numbers of the police would tell which is which.

    Where the police were asked about all of one arm and some of the other, how many there are
    tells it, and every number by arm rests on that.
    """
    if not is_coded(context.study):
        return False
    shares = context.connection.execute(
        "select distinct avg(police_asked::int) from cohort.member group by arm"
    ).fetchall()
    return len(shares) > 1


def withhold(
    table: Table, arms: Collection[str], rows: Callable[[str], bool] = lambda row: True
) -> Table:
    """Return a table with the columns of these arms taken out: they would tell the arms.

    Parameters
    ----------
    rows
        Which rows would, by their keys; all by default.
    """

    def withheld(cell: Cell) -> Cell:
        if cell.column not in arms or not rows(cell.row):
            return cell
        return Cell(
            cell.row, cell.column, cell.statistic, None, None, State.NOT_AVAILABLE, WITHHELD
        )

    return replace(table, cells=[withheld(cell) for cell in table.cells])
