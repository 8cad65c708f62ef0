"""The command that works out a cost model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from datrial.cli.options import AsJson
from datrial.cli.output import print_columns, print_json
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.economics.model import CostModel
    from datrial.economics.values import Values

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
    from datrial.config.costs import cost_model_path, cost_models
    from datrial.economics.reading import read_model

    if not model:
        models = cost_models()
        print_json(models) if as_json else typer.echo("\n".join(models))
        return
    found = read_model(cost_model_path(model), f"configs/costs/{model}.yaml")
    numbers = _numbers(found, scenario, changes or [])
    if audit:
        _show_audit(found, as_json)
    elif sensitivity:
        _show_sensitivity(found, sensitivity, as_json)
    elif break_even:
        _show_break_even(found, break_even, as_json)
    else:
        _show(found, numbers, draws, seed, as_json, _in_prices(found, prices, price_year))


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


def _numbers(model: CostModel, scenario: str, changes: list[str]) -> dict[str, Values]:
    """Return the quantities that a scenario and the changes set otherwise."""
    from datrial.economics.printed import read_printed

    setting: dict[str, Any] = {}
    if scenario:
        if scenario not in model.file.scenarios:
            known = ", ".join(model.file.scenarios) or "none"
            raise UsageError(f"There is no scenario {scenario!r}. Scenarios: {known}.")
        setting |= model.file.scenarios[scenario].set
    numbers = model.with_setting(setting)
    problems = []
    for change in changes:
        name, _, text = change.partition("=")
        quantity, _, entry = name.partition("[")
        entry = entry.rstrip("]")
        about = model.file.quantities.get(quantity)
        try:
            number = read_printed(text)
        except ValueError:
            problems.append(f"{change}: write QUANTITY=NUMBER")
            continue
        if about is None or (entry and entry not in about.numbers()):
            problems.append(f"{change}: the model has no such quantity")
        elif about.unit == "share" and not 0 <= number.value <= 1:
            problems.append(f"{change}: a share lies in 0 to 1")
        else:
            to = {entry: number} if entry else number
            numbers = model.with_setting({quantity: to}, numbers)
    if problems:
        raise UsageError("\n".join(problems))
    return numbers


def _show(
    model: CostModel,
    numbers: dict[str, Values],
    draws: int,
    seed: int,
    as_json: bool,
    in_prices: tuple[float, str],
) -> None:
    """Print the items by agency and by whom, and the totals."""
    from datrial.economics.sensitivity import probabilistic

    values = model.evaluate(numbers)
    file = model.file
    spread = (
        probabilistic(model, list(file.totals), draws=draws, seed=seed, base=numbers)
        if draws
        else {}
    )
    factor, year = in_prices
    names = [*dict.fromkeys(item.formula for item in file.items), *file.totals]
    amounts = {name: factor * float(values[name].array[0, 0]) for name in names}
    ends = {name: (factor * found.low, factor * found.high) for name, found in spread.items()}
    if as_json:
        print_json(
            {
                "model": model.name,
                "unit": file.per,
                "price_year": year,
                "items": [
                    {**item.model_dump(), "value": amounts[item.formula]} for item in file.items
                ],
                "totals": {
                    name: {"value": amounts[name]}
                    | (dict(zip(("low", "high"), ends[name], strict=True)) if draws else {})
                    for name in file.totals
                },
            }
        )
        return
    typer.echo(f"{file.title}\n{file.per}, prices of {year}\n")
    heads = ("", *file.who.values(), "in all")
    rows = []
    for agency, label in file.agencies.items():
        by_who = [_sum(model, amounts, agency, who) for who in file.who]
        if any(by_who):
            rows.append(
                (label, *(_pounds(sum_) if sum_ else "" for sum_ in by_who), _pounds(sum(by_who)))
            )
    print_columns(heads, rows)
    typer.echo("")
    total_heads = ("total", "value", *(("95% from", "to") if draws else ()))
    totals = [
        (about.label, _pounds(amounts[name])) + (tuple(map(_pounds, ends[name])) if draws else ())
        for name, about in file.totals.items()
    ]
    print_columns(total_heads, totals)
    if file.note:
        typer.echo(f"\n{file.note}")


def _sum(model: CostModel, amounts: dict[str, float], agency: str, who: str) -> float:
    return sum(
        amounts[item.formula]
        for item in model.file.items
        if (item.agency, item.who) == (agency, who)
    )


def _pounds(value: float) -> str:
    return f"{value:,.0f}"


def _show_audit(model: CostModel, as_json: bool) -> None:
    from dataclasses import asdict

    from datrial.economics.audit import audit

    rows = audit(model)
    if as_json:
        print_json([asdict(row) | {"difference": row.difference} for row in rows])
        return
    heads = ("verdict", "what", "printed", "recomputed", "lowest", "highest", "where")
    print_columns(
        heads,
        [
            (row.verdict, row.of, row.text, f"{row.recomputed:,.4g}" if abs(row.recomputed) < 10
             else f"{row.recomputed:,.0f}", f"{row.low:,.5g}", f"{row.high:,.5g}", row.source)
            for row in rows
        ],
    )  # fmt: skip
    for row in rows:
        if row.why:
            typer.echo(f"\n{row.of}, printed {row.text} ({row.source}): {row.why}")


def _show_sensitivity(model: CostModel, name: str, as_json: bool) -> None:
    from dataclasses import asdict

    from datrial.economics.sensitivity import one_way, scenarios

    swings, named = one_way(model, name), scenarios(model, name)
    if as_json:
        print_json({"swings": [asdict(swing) for swing in swings], "scenarios": named})
        return
    heads = ("quantity", "from", "to", f"{name} at from", "at to", "rests on")
    print_columns(
        heads,
        [
            (s.label, f"{s.low:.4g}", f"{s.high:.4g}", f"{s.at_low:,.6g}", f"{s.at_high:,.6g}",
             s.rests_on)
            for s in swings
        ],
    )  # fmt: skip
    typer.echo("")
    labels = {key: scenario.label for key, scenario in model.file.scenarios.items()}
    print_columns(
        ("scenario", name),
        [(labels.get(key, "as the file stands"), f"{value:,.6g}") for key, value in named.items()],
    )


def _show_break_even(model: CostModel, text: str, as_json: bool) -> None:
    from datrial.economics.printed import read_printed
    from datrial.economics.sensitivity import break_even

    quantity, _, rest = text.partition(":")
    outcome, _, target = rest.partition("=")
    quantity, _, entry = quantity.partition("[")
    try:
        wanted = read_printed(target).value
    except ValueError:
        raise UsageError(f"{text}: write QUANTITY:OUTCOME=VALUE.") from None
    found = break_even(model, quantity, outcome, wanted, entry=entry.rstrip("]"))
    if as_json:
        print_json({"quantity": quantity, "outcome": outcome, "target": wanted, "value": found})
    elif found is None:
        typer.echo(f"{outcome} reaches {target} at no value of {quantity}.")
    else:
        typer.echo(f"{outcome} is {target} where {quantity} is {found:.6g}.")
