"""What ``datrial cost`` prints: for people in columns, for machines as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import typer

from datrial.cli.output import print_columns, print_json
from datrial.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datrial.economics.model import CostModel
    from datrial.economics.values import Values

#: A head and the texts below it.
Column = tuple[str, "Sequence[str]"]


@dataclass(frozen=True)
class Prices:
    """In which prices costs are shown.

    Attributes
    ----------
    factor
        What the model's own prices are multiplied with.
    """

    factor: float
    year: str


@dataclass(frozen=True)
class Shown:
    """What of a model is shown: quantities set otherwise, draws (0 for none), prices."""

    numbers: dict[str, Values]
    draws: int
    seed: int
    prices: Prices


def print_costs(model: CostModel, shown: Shown, as_json: bool) -> None:
    """Print the items by agency and by whom, and the totals."""
    file, factor = model.file, shown.prices.factor
    values = model.evaluate(shown.numbers)
    names = [*dict.fromkeys(item.formula for item in file.items), *file.totals]
    amounts = {name: factor * float(values[name].array[0, 0]) for name in names}
    ends = _ends(model, shown)
    if as_json:
        print_json(_for_machines(model, shown.prices.year, amounts, ends))
        return
    typer.echo(f"{file.title}\n{file.per}, prices of {shown.prices.year}\n")
    _print_agencies(model, amounts)
    typer.echo("")
    heads = ("total", "value", *(("95% from", "to") if ends else ()))
    rows = [
        (about.label, round(amounts[name]), *map(round, ends.get(name, ())))
        for name, about in file.totals.items()
    ]
    print_columns(heads, rows)
    if file.note:
        typer.echo(f"\n{file.note}")


def _ends(model: CostModel, shown: Shown) -> dict[str, tuple[float, float]]:
    """Return the 95% interval of each total; none without draws."""
    from datrial.economics.sensitivity import probabilistic

    if not shown.draws:
        return {}
    found = probabilistic(
        model, list(model.file.totals), draws=shown.draws, seed=shown.seed, base=shown.numbers
    )
    factor = shown.prices.factor
    return {name: (factor * each.low, factor * each.high) for name, each in found.items()}


def _for_machines(
    model: CostModel, year: str, amounts: dict[str, float], ends: dict[str, tuple[float, float]]
) -> dict[str, object]:
    items = [{**item.model_dump(), "value": amounts[item.formula]} for item in model.file.items]
    totals = {
        name: {"value": amounts[name]}
        | ({"low": ends[name][0], "high": ends[name][1]} if name in ends else {})
        for name in model.file.totals
    }
    return {
        "model": model.name,
        "unit": model.file.per,
        "price_year": year,
        "items": items,
        "totals": totals,
    }


def _print_agencies(model: CostModel, amounts: dict[str, float]) -> None:
    """Print a row for each agency, a column for each who; a cost that there is not is empty."""
    rows = []
    for agency, label in model.file.agencies.items():
        by_who = [
            [i.formula for i in model.file.items if (i.agency, i.who) == (agency, who)]
            for who in model.file.who
        ]
        if any(by_who):
            sums = [sum(amounts[name] for name in names) for names in by_who]
            shown = [round(s) if names else None for s, names in zip(sums, by_who, strict=True)]
            rows.append((label, *shown, round(sum(sums))))
    print_columns(("", *model.file.who.values(), "in all"), rows)


def print_audit(model: CostModel, as_json: bool) -> None:
    """Print every printed number beside what its printed inputs give."""
    from datrial.economics.audit import audit

    rows = audit(model)
    if as_json:
        print_json([asdict(row) | {"difference": row.difference} for row in rows])
        return
    _print_mixed(
        [
            ("verdict", [row.verdict for row in rows]),
            ("what", [row.of for row in rows]),
            _to_the_right("printed", [row.text for row in rows]),
            _to_the_right("recomputed", [_amount(row.recomputed) for row in rows]),
            _to_the_right("lowest", [_amount(row.low) for row in rows]),
            _to_the_right("highest", [_amount(row.high) for row in rows]),
            ("where", [row.source for row in rows]),
        ]
    )
    for row in rows:
        if row.why:
            typer.echo(f"\n{row.of}, printed {row.text} ({row.source}): {row.why}")


def _amount(value: float) -> str:
    """Return a number with as many digits as its size bears."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.4g}"


def _to_the_right(head: str, texts: Sequence[str]) -> Column:
    """Return a column of texts of one width: numbers written in several ways end together."""
    width = max(map(len, [head, *texts]))
    return head.rjust(width), [text.rjust(width) for text in texts]


def _print_mixed(columns: Sequence[Column]) -> None:
    """Print columns of texts, each with its head."""
    heads = tuple(head for head, _ in columns)
    print_columns(heads, list(zip(*(texts for _, texts in columns), strict=True)))


def print_sensitivity(
    model: CostModel, numbers: dict[str, Values], name: str, as_json: bool
) -> None:
    """Print how an outcome swings with each quantity, and what it is in each scenario."""
    from datrial.economics.sensitivity import one_way, scenarios

    swings, named = one_way(model, name, numbers), scenarios(model, name, numbers)
    if as_json:
        print_json({"swings": [asdict(swing) for swing in swings], "scenarios": named})
        return
    _print_mixed(
        [
            ("quantity", [swing.label for swing in swings]),
            _to_the_right("from", [_amount(swing.low) for swing in swings]),
            _to_the_right("to", [_amount(swing.high) for swing in swings]),
            _to_the_right(f"{name} at from", [_amount(swing.at_low) for swing in swings]),
            _to_the_right("at to", [_amount(swing.at_high) for swing in swings]),
            ("rests on", [swing.rests_on for swing in swings]),
        ]
    )
    typer.echo("")
    labels = {key: scenario.label for key, scenario in model.file.scenarios.items()}
    _print_mixed(
        [
            ("scenario", [labels.get(key, "as the file stands") for key in named]),
            _to_the_right(name, [_amount(value) for value in named.values()]),
        ]
    )


def print_break_even(
    model: CostModel, numbers: dict[str, Values], text: str, as_json: bool
) -> None:
    """Print what a quantity must be for an outcome to have a value.

    Parameters
    ----------
    text
        ``QUANTITY:OUTCOME=VALUE``.
    """
    from datrial.economics.printed import read_printed
    from datrial.economics.sensitivity import break_even

    quantity, _, rest = text.partition(":")
    outcome, _, target = rest.partition("=")
    quantity, _, entry = quantity.partition("[")
    try:
        wanted = read_printed(target).value
    except ValueError:
        raise UsageError(f"{text}: write QUANTITY:OUTCOME=VALUE.") from None
    found = break_even(model, quantity, outcome, wanted, entry=entry.rstrip("]"), base=numbers)
    if as_json:
        print_json({"quantity": quantity, "outcome": outcome, "target": wanted, "value": found})
    elif found is None:
        typer.echo(f"{outcome} reaches {target} at no value of {quantity}.")
    else:
        typer.echo(f"{outcome} is {target} where {quantity} is {found:.6g}.")
