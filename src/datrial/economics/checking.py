"""Whether a cost model is whole: names, entries, units, circles, shares."""

from __future__ import annotations

from collections.abc import Mapping

from datrial.economics.entries import ModelFile
from datrial.economics.expressions import (
    Expression,
    FormulaError,
    Walk,
    read_expression,
    walk,
)
from datrial.economics.own_checking import check_own
from datrial.economics.positions import Place
from datrial.economics.units import PURE, Unit, UnitError, same

Problems = list[tuple[Place, str]]


def check(file: ModelFile) -> tuple[tuple[str, ...], dict[str, Unit], Problems]:
    """Check a model's parts against each other.

    Returns
    -------
    order, units, problems
        The formulas in the order of their working-out; the unit of every name; what is
        wrong and where.
    """
    problems: Problems = []
    known = {**file.quantities, **file.formulas}
    twice = set(file.quantities) & set(file.formulas) | set(known) & set(file.totals)
    problems += [(("formulas", name), f"{name} is named twice") for name in sorted(twice)]
    units = _units(file, problems)
    _entries(file, problems)
    _names(file, problems)
    problems += check_own(file)
    order = _order(file, problems)
    if not problems:
        _formula_units(file, order, units, problems)
        _total_units(file, units, problems)
    return order, units, problems


def _units(file: ModelFile, problems: Problems) -> dict[str, Unit]:
    found: dict[str, Unit] = {}
    for part in ("quantities", "formulas"):
        for name, entry in getattr(file, part).items():
            unit = _unit(entry.unit, file, (part, name, "unit"), problems)
            if unit is not None:
                found[name] = unit
    _unit(file.per, file, ("per",), problems)
    return found


def _unit(text: str, file: ModelFile, place: Place, problems: Problems) -> Unit | None:
    """Read a unit; its names are those of ``units:``."""
    try:
        expression = read_expression(text)
        unknown = [n for n in expression.names() if n not in (*file.units, *PURE)]
        if unknown:
            problems.append((place, f"unknown unit {', '.join(unknown)}: name it under units"))
            return None
        names = {name: Unit.named(name) for name in expression.names()}
        unit = walk(expression, names, UNITS)
    except (FormulaError, UnitError):
        problems.append((place, f"{text!r} is no unit: write GBP / incident / year"))
        return None
    return unit if isinstance(unit, Unit) else None


def _entries(file: ModelFile, problems: Problems) -> None:
    """Check indexes, shares, and what items, totals and scenarios name."""
    for name, quantity in file.quantities.items():
        place: Place = ("quantities", name)
        if quantity.index is not None:
            wanted = file.indexes.get(quantity.index)
            if wanted is None:
                problems.append(((*place, "index"), f"there is no index {quantity.index!r}"))
            elif list(quantity.numbers()) != list(wanted):
                problems.append(((*place, "values"), f"give {', '.join(wanted)}, in this order"))
        for entry, number in quantity.numbers().items():
            if quantity.unit == "share" and not 0 <= number.value <= 1:
                problems.append(((*place, "values", entry), f"{name}: a share lies in 0 to 1"))
        for entry in quantity.spreads:
            if entry not in quantity.numbers():
                problems.append(((*place, "spreads", entry), f"{name} has no entry {entry!r}"))
    for at, item in enumerate(file.items):
        for part, names in (
            ("formula", file.formulas), ("agency", file.agencies), ("who", file.who),
        ):  # fmt: skip
            if getattr(item, part) not in names:
                problems.append(
                    (("items", at, part), f"there is no {part} {getattr(item, part)!r}")
                )
    for name, total in file.totals.items():
        for part, given, names in (
            ("agencies", total.agencies, file.agencies), ("who", total.who, file.who),
        ):  # fmt: skip
            for each in given:
                if each not in names:
                    problems.append((("totals", name, part), f"there is no {part} {each!r}"))
    for at, name in enumerate(file.headline):
        if name not in file.formulas and name not in file.totals:
            problems.append((("headline", at), f"there is no formula or total {name!r}"))
    for name, scenario in file.scenarios.items():
        for quantity_name, to in scenario.set.items():
            found = file.quantities.get(quantity_name)
            place = ("scenarios", name, "set", quantity_name)
            if found is None:
                problems.append((place, f"there is no quantity {quantity_name!r}"))
            elif isinstance(to, Mapping) and not set(to) <= set(found.numbers()):
                problems.append((place, f"{quantity_name} has no such entry"))


def _names(file: ModelFile, problems: Problems) -> None:
    """Check that every name of a formula exists, and every entry that is taken of an index."""
    known = {*file.quantities, *file.formulas}
    for name, entry in file.formulas.items():
        _resolved(entry.formula, known, ("formulas", name, "formula"), problems)
    for at, printed in enumerate(file.printed):
        _resolved(printed.of, known | set(file.totals), ("printed", at, "of"), problems)


def _resolved(formula: Expression, known: set[str], place: Place, problems: Problems) -> None:
    missing = [name for name in formula.names() if name not in known]
    if missing:
        problems.append((place, f"names what is not there: {', '.join(missing)}"))


def _order(file: ModelFile, problems: Problems) -> tuple[str, ...]:
    """Return the formulas, each after those that it rests on; a circle is a problem."""
    order: list[str] = []
    left = dict(file.formulas)
    while left:
        ready = [
            name
            for name, entry in left.items()
            if not any(other in left for other in entry.formula.names())
        ]
        if not ready:
            circle = _circle(left)
            problems.append(
                (("formulas", circle[0]), f"runs in a circle: {' -> '.join([*circle, circle[0]])}")
            )
            return tuple(order)
        for name in ready:
            order.append(name)
            del left[name]
    return tuple(order)


def _circle(left: Mapping[str, object]) -> list[str]:
    """Return formulas of which each rests on the next, and the last on the first."""
    path = [next(iter(left))]
    while True:
        names = left[path[-1]].formula.names()  # type: ignore[attr-defined]
        following = next(name for name in names if name in left)
        if following in path:
            return path[path.index(following) :]
        path.append(following)


UNITS = Walk(
    lambda number: Unit(),
    {
        "sum": lambda units: same(units, "sum"),
        "min": lambda units: same(units, "least"),
        "max": lambda units: same(units, "greatest"),
    },
    lambda unit, entry: unit,
)


def _formula_units(
    file: ModelFile, order: tuple[str, ...], units: dict[str, Unit], problems: Problems
) -> None:
    """Check that each formula has the unit that it says."""
    for name in order:
        place: Place = ("formulas", name, "formula")
        try:
            found = walk(file.formulas[name].formula, units, UNITS)
        except UnitError as error:
            problems.append((place, f"{name}: {error}"))
            continue
        if found != units[name]:
            problems.append((place, f"{name} says {units[name]}, its formula gives {found}"))


def _total_units(file: ModelFile, units: dict[str, Unit], problems: Problems) -> None:
    """Check that the items of a total have one unit."""
    for name, total in file.totals.items():
        terms = [
            item.formula
            for item in file.items
            if (not total.agencies or item.agency in total.agencies)
            and (not total.who or item.who in total.who)
        ]
        place: Place = ("totals", name)
        if not terms:
            problems.append((place, f"{name} adds nothing up"))
            continue
        try:
            units[name] = same([units[term] for term in terms], name)
        except UnitError as error:
            problems.append((place, str(error)))
