"""The command that works out a cost model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from datrial.cli.options import AsJson
from datrial.cli.output import print_json
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.economics.model import CostModel

_Several = Optional[list[str]]  # noqa: UP045 (typer reads this at run time)


def cost(
    model: Annotated[
        str, typer.Option(help="Name of a file in configs/costs; none lists them.")
    ] = "",
    scenario: Annotated[str, typer.Option(help="A scenario of the file.")] = "",
    changes: Annotated[
        _Several,
        typer.Option(
            "--set",
            metavar="QUANTITY=VALUE",
            help="Set a quantity otherwise: reported=50%, incidents[abh]=0.5. May be repeated.",
        ),
    ] = None,
    prices: Annotated[
        str, typer.Option(help="An index of prices of configs/prices, with --price-year.")
    ] = "",
    price_year: Annotated[str, typer.Option(help="Show the costs in prices of this year.")] = "",
    audit: Annotated[
        bool, typer.Option("--audit", help="Every printed number beside what its inputs give.")
    ] = False,
    sensitivity: Annotated[
        str, typer.Option(metavar="OUTCOME", help="How this outcome swings with each quantity.")
    ] = "",
    draws: Annotated[
        int, typer.Option(min=0, help="Draw the uncertain quantities so often: 95% intervals.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws.")] = 1,
    break_even: Annotated[
        str,
        typer.Option(
            metavar="QUANTITY:OUTCOME=VALUE",
            help="What the quantity must be for the outcome to have this value.",
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Work out a cost model: cost per case by agency, value for money.

    Its file, configs/costs/MODEL.yaml, holds the quantities with their sources, the unit costs
    and the formulas.
    """  # fmt: skip
    from datrial.cli.cost_printing import (
        Prices,
        Shown,
        print_audit,
        print_break_even,
        print_costs,
        print_sensitivity,
    )
    from datrial.config.costs import cost_model_path, cost_models
    from datrial.economics.reading import read_model
    from datrial.economics.settings import quantities_set

    if not model:
        models = cost_models()
        print_json(models) if as_json else typer.echo("\n".join(models))
        return
    found = read_model(cost_model_path(model), f"configs/costs/{model}.yaml")
    numbers = quantities_set(found, scenario, _changes(changes or []))
    if audit:
        print_audit(found, as_json)
    elif sensitivity:
        print_sensitivity(found, numbers, sensitivity, as_json)
    elif break_even:
        print_break_even(found, numbers, break_even, as_json)
    else:
        shown = Shown(numbers, draws, seed, Prices(*_in_prices(found, prices, price_year)))
        print_costs(found, shown, as_json)


def _in_prices(model: CostModel, prices: str, year: str) -> tuple[float, str]:
    """Return what to multiply costs with, and the year of the prices in which they then are."""
    from datrial.config.costs import prices_path
    from datrial.economics.prices import read_prices

    if bool(prices) != bool(year):
        raise UsageError("--prices and --price-year go together.")
    if not year:
        return 1.0, model.file.price_year
    index = read_prices(prices_path(prices), f"configs/prices/{prices}.yaml")
    return index.factor(model.file.price_year, year), f"{year} ({index.title})"


def _changes(given: list[str]) -> dict[str, Any]:
    """Return the changes that were asked for: quantity -> number, or entry -> number."""
    from datrial.economics.printed import read_printed

    found: dict[str, Any] = {}
    problems = []
    for change in given:
        name, _, text = change.partition("=")
        quantity, _, entry = name.partition("[")
        try:
            number = read_printed(text)
        except ValueError:
            problems.append(f"{change}: write QUANTITY=NUMBER")
            continue
        if not entry:
            found[quantity] = number
        elif isinstance(found.setdefault(quantity, {}), dict):
            found[quantity][entry.rstrip("]")] = number
        else:
            problems.append(f"{change}: {quantity} is set as a whole already")
    if problems:
        raise UsageError("\n".join(problems))
    return found
