"""What a formula may hold: columns, numbers and known transforms, and no other Python.

A formula is evaluated as Python, and it comes from a study file, a command line or a form on a
page. Without this check ``x.to_csv(...)`` would be a predictor.
"""

from __future__ import annotations

import ast
from collections.abc import Container
from typing import Any

from datrial.models.errors import ModelUsageError

#: formulaic's own transforms (not ``lag``, which drops rows), and functions of one number.
TRANSFORMS = frozenset({"C", "bs", "center", "cr", "cs", "poly", "scale"})
FUNCTIONS = frozenset({"exp", "expm1", "log", "log10", "log1p", "log2", "sqrt"})

_PLAIN_NODES = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.Compare, ast.operator, ast.unaryop, ast.cmpop,
    ast.Constant, ast.List, ast.Tuple, ast.Load, ast.keyword, ast.Name,
)  # fmt: skip


def variables_of(terms: Any, columns: Container[str], formula: str) -> set[str]:
    """Return the names that a formula's side uses, columns or not.

    (formulaic's own ``required_variables`` overlooks those inside transforms.)

    Parameters
    ----------
    terms
        One side of a parsed formula.
    columns
        The data's columns.
    formula
        As it was written, for the message.

    Raises
    ------
    ModelUsageError
        If it holds anything but columns, numbers and known transforms.
    """
    used = set()
    for term in terms:
        for factor in term.factors:
            if factor.eval_method.value != "literal":
                used |= _names_in(factor.expr, columns, formula)
    return used


def _names_in(expression: str, columns: Container[str], formula: str) -> set[str]:
    if expression in columns:  # also one that is no Python name, written in backticks
        return {expression}
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except SyntaxError:
        raise ModelUsageError(f"The formula '{formula}' cannot be read.") from None
    nodes = list(ast.walk(tree))
    calls = [node for node in nodes if isinstance(node, ast.Call) and _is_known(node.func)]
    functions = {id(part) for call in calls for part in ast.walk(call.func)}
    for node in nodes:
        if id(node) in functions or node in calls or isinstance(node, _PLAIN_NODES):
            continue
        known = ", ".join(sorted(TRANSFORMS | FUNCTIONS))
        raise ModelUsageError(
            f"The formula '{formula}' may hold columns, numbers and the functions {known}; "
            f"'{ast.unparse(node)}' is none of these."
        )
    return {n.id for n in nodes if isinstance(n, ast.Name) and id(n) not in functions}


def _is_known(function: ast.expr) -> bool:
    """Tell whether a call's function is one of ours: ``C``, ``log``, ``np.log``."""
    if isinstance(function, ast.Name):
        return function.id in TRANSFORMS | FUNCTIONS
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "np"
        and function.attr in FUNCTIONS
    )
