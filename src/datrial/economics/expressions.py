"""Formulas: names, numbers, + - * /, brackets, ``sum(x)``, ``min``, ``max`` and ``x[entry]``.

One walk over a formula serves for its units, its value, its rounding and its draws: what
is walked with decides.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
FUNCTIONS = ("sum", "min", "max")


class FormulaError(ValueError):
    """A formula that cannot be read."""


@dataclass(frozen=True)
class Expression:
    """A formula that was read."""

    text: str
    tree: ast.expr

    def names(self) -> tuple[str, ...]:
        """Return the quantities and formulas that it names, in their order."""
        called = {id(node.func) for node in ast.walk(self.tree) if isinstance(node, ast.Call)}
        entries = {
            id(node.slice) for node in ast.walk(self.tree) if isinstance(node, ast.Subscript)
        }
        found = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Name) and id(node) not in called | entries
        ]
        found.sort(key=lambda node: (node.lineno, node.col_offset))
        return tuple(dict.fromkeys(node.id for node in found))


@dataclass(frozen=True)
class Walk:
    """What a formula is walked with.

    Attributes
    ----------
    number
        Makes a value of a literal number.
    functions
        :data:`FUNCTIONS` by name, on lists of values.
    entry
        Takes one entry of an indexed value.
    """

    number: Callable[[float], Any]
    functions: Mapping[str, Callable[[list[Any]], Any]]
    entry: Callable[[Any, str], Any]


def read_expression(text: str) -> Expression:
    """Read a formula.

    Raises
    ------
    FormulaError
        If it is no formula, or uses more than formulas may.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise FormulaError(f"no formula: {text.strip()!r}") from error
    _allowed(tree)
    return Expression(text, tree)


def _allowed(node: ast.expr) -> None:
    match node:
        case ast.BinOp(left=left, op=kind, right=right) if type(kind) in _BINARY:
            _allowed(left)
            _allowed(right)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _allowed(operand)
        case ast.Name():
            pass
        case ast.Constant(value=bool()):
            raise FormulaError("yes and no are no numbers")
        case ast.Constant(value=int() | float()):
            pass
        case ast.Call(func=ast.Name(id=name), args=[_, *_] as given, keywords=[]):
            if name not in FUNCTIONS:
                raise FormulaError(f"no function {name!r}; there are {', '.join(FUNCTIONS)}")
            for each in given:
                _allowed(each)
        case ast.Subscript(value=ast.Name(), slice=ast.Name()):
            pass
        case _:
            raise FormulaError(f"{ast.unparse(node)!r} is more than a formula may say")


def walk(expression: Expression, values: Mapping[str, Any], using: Walk) -> Any:
    """Return a formula's value.

    Parameters
    ----------
    values
        Name -> value, for all that the formula names.
    """
    return _value(expression.tree, values, using)


def _value(node: ast.expr, values: Mapping[str, Any], using: Walk) -> Any:
    match node:
        case ast.BinOp(left=left, op=kind, right=right):
            return _BINARY[type(kind)](_value(left, values, using), _value(right, values, using))
        case ast.UnaryOp(operand=operand):
            return -_value(operand, values, using)
        case ast.Constant(value=int() | float() as number):
            return using.number(float(number))
        case ast.Name(id=name):
            return values[name]
        case ast.Call(func=ast.Name(id=name), args=given):
            return using.functions[name]([_value(each, values, using) for each in given])
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Name(id=entry)):
            return using.entry(values[name], entry)
    raise AssertionError("read_expression lets nothing else through")
