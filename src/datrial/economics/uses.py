"""What the items of a cost model are made of: who uses how much of what, at what price.

An item's formula is opened, term by term, down to products of an amount and a price: 62% of
perpetrators x 2,377 pounds. The products of an item add up to the item.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from datrial.economics.checking import UNITS
from datrial.economics.entries import Item
from datrial.economics.expressions import Expression, read_expression, walk
from datrial.economics.model import CostModel
from datrial.economics.values import VALUES, Values


@dataclass(frozen=True)
class Use:
    """One product: an amount at a price.

    Attributes
    ----------
    key
        Of its own among the uses of a model: ``police__police_cost__gbh``.
    label
        What is used; of an index, which entry.
    rests_on
        The quantities that the amount rests on.
    """

    key: str
    item: Item
    label: str
    price_name: str
    entry: str
    amount: float
    amount_unit: str
    price: float
    price_unit: str
    cost: float
    rests_on: frozenset[str]


@dataclass(frozen=True)
class _Product:
    """A product within a formula: factors above and below the line, and the price."""

    sign: float
    above: tuple[ast.expr, ...]
    below: tuple[ast.expr, ...]
    price: ast.expr | None = None
    #: The last formula that was opened on the way: what the product is called.
    opened: str = ""

    def times(self, factor: ast.expr) -> _Product:
        return replace(self, above=(*self.above, factor))


def uses(model: CostModel, numbers: Mapping[str, Values] | None = None) -> list[Use]:
    """Return what the items are made of, in the order of the items.

    Parameters
    ----------
    numbers
        As :meth:`CostModel.evaluate` takes them; the first draw counts.
    """
    values = model.evaluate(numbers)
    found: list[Use] = []
    for item in model.file.items:
        start = _Product(1.0, (), (), opened=item.formula)
        formula = model.file.formulas[item.formula].formula.tree
        for product in _opened(model, formula, start):
            found += _uses_of(model, item, product, values)
    return _with_own_keys(found)


def _opened(model: CostModel, node: ast.expr, so_far: _Product) -> Iterator[_Product]:
    """Yield the products that a formula in money is the sum of."""
    match node:
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield from _opened(model, left, so_far)
            yield from _opened(model, right, so_far)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            yield from _opened(model, left, so_far)
            yield from _opened(model, right, replace(so_far, sign=-so_far.sign))
        case ast.UnaryOp(operand=operand):
            yield from _opened(model, operand, replace(so_far, sign=-so_far.sign))
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            money, other = (left, right) if _is_money(model, left) else (right, left)
            yield from _shared(model, money, other, so_far)
        case ast.BinOp(left=left, op=ast.Div(), right=right) if _is_money(model, left):
            yield from _opened(model, left, replace(so_far, below=(*so_far.below, right)))
        case ast.Call(func=ast.Name(id="sum"), args=[only]):
            yield from _opened(model, only, so_far)
        case ast.Name(id=name) if name in model.file.formulas and not _is_used(model, so_far):
            formula = model.file.formulas[name].formula.tree
            yield from _opened(model, formula, replace(so_far, opened=name))
        case _:
            yield replace(so_far, price=node)


def _shared(
    model: CostModel, money: ast.expr, other: ast.expr, so_far: _Product
) -> Iterator[_Product]:
    """Yield the products of money and a factor; a sum of shares gives one for each share."""
    if isinstance(other, ast.BinOp) and isinstance(other.op, ast.Add) and _rests(model, other):
        yield from _shared(model, money, other.left, so_far)
        yield from _shared(model, money, other.right, so_far)
    elif isinstance(other, ast.BinOp) and isinstance(other.op, ast.Mult):
        yield from _shared(model, money, other.left, so_far.times(other.right))
    else:
        yield from _opened(model, money, so_far.times(other))


def _is_money(model: CostModel, node: ast.expr) -> bool:
    """Tell whether a part of a formula is an amount of money: what the items are counted in."""
    return any(name == model.money and power > 0 for name, power in _unit_of(model, node))


def _unit_of(model: CostModel, node: ast.expr) -> tuple[tuple[str, int], ...]:
    found = walk(Expression(ast.unparse(node), node), model.units, UNITS)
    powers: tuple[tuple[str, int], ...] = found.powers
    return powers


def _rests(model: CostModel, node: ast.expr) -> frozenset[str]:
    """Return the quantities that are no fixed numbers on which a part of a formula rests."""
    found: set[str] = set()
    for name in Expression("", node).names():
        if name in model.file.formulas:
            found |= _rests(model, model.file.formulas[name].formula.tree)
        elif not model.file.quantities[name].exact:
            found.add(name)
    return frozenset(found)


def _is_used(model: CostModel, product: _Product) -> bool:
    """Tell whether a product has an amount already: what is then in money is its price."""
    return any(_rests(model, factor) for factor in product.above)


def _uses_of(
    model: CostModel, item: Item, product: _Product, values: Mapping[str, Values]
) -> list[Use]:
    """Return a product as uses: one, or one for each entry of its index; what is nothing not."""
    assert product.price is not None  # noqa: S101 (each product ends with its price)
    amount = Values.number(product.sign)
    for factor in product.above:
        amount = amount * _value(factor, values)
    for factor in product.below:
        amount = amount / _value(factor, values)
    price = _value(product.price, values)
    cost = amount * price
    name = ast.unparse(product.price)
    entries = cost.entries or ("",)
    # What is used is told by what counts it, not by the price: 34% of perpetrators drink.
    counting = [factor for factor in product.above if _rests(model, factor)]
    counting.sort(key=lambda factor: bool(_unit_of(model, factor)))  # shares before amounts
    telling = counting[0] if counting else product.price
    label = _label(model, telling if not cost.entries else product.price, product.opened)
    found = []
    for place, entry in enumerate(entries):
        here = [
            float(each.array[place if each.entries else 0, 0]) for each in (amount, price, cost)
        ]
        if here[2] == 0:
            continue
        words = model.file.indexes[cost.index][entry] if entry else ""
        found.append(
            Use(
                "__".join(filter(None, (item.formula, _key(name), entry))),
                item,
                words or label,
                _label(model, product.price, ""),
                entry,
                here[0],
                _amount_unit(model, product),
                here[1],
                str(walk(Expression(name, product.price), model.units, UNITS)),
                here[2],
                frozenset().union(*(_rests(model, factor) for factor in product.above)),
            )
        )
    return found


def _value(node: ast.expr, values: Mapping[str, Values]) -> Values:
    found: Values = walk(Expression("", node), values, VALUES)
    return found


def _amount_unit(model: CostModel, product: _Product) -> str:
    """Return the unit of a product's amount; one person's share is a share."""
    unit = walk(read_expression("1"), model.units, UNITS)
    for factor in product.above:
        unit = unit * walk(Expression("", factor), model.units, UNITS)
    for factor in product.below:
        unit = unit / walk(Expression("", factor), model.units, UNITS)
    return str(unit)


def _label(model: CostModel, node: ast.expr, otherwise: str) -> str:
    """Return the words of a name, or of the formula in which a part stands."""
    for name in (node.id if isinstance(node, ast.Name) else "", otherwise):
        if name in model.units:
            return model.label(name)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        return model.label(node.value.id)
    return ast.unparse(node)


def _key(text: str) -> str:
    return "".join(mark if mark.isalnum() or mark == "_" else "_" for mark in text)


def _with_own_keys(found: list[Use]) -> list[Use]:
    """Return uses whose keys differ: those of one price in one item are numbered."""
    seen: dict[str, int] = {}
    told = []
    for use in found:
        number = seen[use.key] = seen.get(use.key, 0) + 1
        told.append(use if number == 1 else replace(use, key=f"{use.key}__{number}"))
    return told
