"""Needs and behaviours of service users as the analyses of needs read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator

from datrial.analyses.base import as_code
from datrial.analyses.levels import BEHAVIOURS, NEEDS

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context

TimePoint = Literal["intake", "midpoint", "closure"]
#: ``missing``: don't know is a missing answer; ``no``: it counts as no need.
DontKnow = Annotated[Literal["missing", "no"], BeforeValidator(as_code)]


def need_items(context: Context, time_point: str, dont_know: str) -> pd.DataFrame:
    """Return forms x 12 needs as 1 (yes), 0 (no) and NaN (no answer), indexed by person."""
    frame = context.connection.execute(
        "select * from marts.need where time_point = ? order by person_id", [time_point]
    ).df()
    codes = {"yes": 1.0, "no": 0.0} | ({"dont_know": 0.0} if dont_know == "no" else {})
    answers = frame.set_index("person_id")[list(NEEDS)]
    items: pd.DataFrame = answers.apply(lambda column: column.map(codes)).astype(float)
    return items


def behaviour_items(context: Context, time_point: str) -> pd.DataFrame:
    """Return forms x 4 behaviours as 1 (any severity), 0 (none) and NaN, indexed by person.

    Don't know is a missing answer.
    """
    frame = context.connection.execute(
        "select * from marts.behaviour where time_point = ? order by person_id", [time_point]
    ).df()
    codes = {"none": 0.0, "standard": 1.0, "moderate": 1.0, "high": 1.0}
    answers = frame.set_index("person_id")[list(BEHAVIOURS)]
    items: pd.DataFrame = answers.apply(lambda column: column.map(codes)).astype(float)
    return items


def dont_know_rule(dont_know: str) -> str:
    """Return the sentence that says what is done with don't know."""
    return (
        "Don't know counts as no."
        if dont_know == "no"
        else "Don't know and missing are left out need by need."
    )
