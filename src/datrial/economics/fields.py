"""What the entries of a cost model's file are made of: numbers as printed, formulas, texts."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from datrial.economics.expressions import Expression, FormulaError, read_expression
from datrial.economics.printed import Printed, read_printed


def _printed(given: Any) -> Any:
    return read_printed(given) if isinstance(given, str) else given


def _formula(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    try:
        return read_expression(given)
    except FormulaError as error:
        raise ValueError(str(error)) from error


def _number(given: Any) -> Any:
    return read_printed(given).value if isinstance(given, str) else given


Number = Annotated[Printed, BeforeValidator(_printed)]
Formula = Annotated[Expression, BeforeValidator(_formula)]
Positive = Annotated[float, BeforeValidator(_number), Field(gt=0)]
Count = Annotated[int, BeforeValidator(_number), Field(gt=0)]
Text = Annotated[str, Field(min_length=1)]
