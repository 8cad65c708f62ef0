"""The doubts of a cost model: printed beside recomputed, one-way swings, prices of other years."""

from __future__ import annotations

from collections.abc import Sequence

from datrial.analyses.cost_model_numbers import (
    AMOUNT,
    COST,
    NOBODY,
    Worked,
    kind_of,
    row_of,
    with_unit,
)
from datrial.config.costs import price_indexes, prices_path
from datrial.economics.audit import Audited, Verdict, audit
from datrial.economics.model import CostModel
from datrial.economics.prices import PriceIndex, read_prices
from datrial.economics.sensitivity import one_way, outcome
from datrial.results.cells import Table

#: So many of the widest swings are shown of each outcome.
WIDEST = 20
_LEFT = {
    Verdict.EQUAL: "",
    Verdict.ROUNDING: "differs by no more than the rounding of the printed inputs can explain",
    Verdict.DIFFERENT: "different",
}


def audit_table(model: CostModel, note: str, catalogue: Sequence[str]) -> Table:
    """Return every printed number beside what its printed inputs give."""
    rows = audit(model)
    told = [sum(row.verdict is verdict for row in rows) for verdict in Verdict]
    table = Table(
        "cost_model.audit",
        "Printed numbers, and what their printed inputs give",
        f"{note} Of {len(rows)} printed numbers {told[0]} are equal to what is worked out, "
        f"{told[1]} differ by no more than the rounding of their inputs can explain, and {told[2]} "
        "do not follow from their printed inputs: each has a sentence below. Lowest and highest: "
        "what can come out, whatever the inputs were rounded from. As the file stands, whatever "
        "scenario the other tables show.",
        tuple(catalogue),
        not_about_people=NOBODY,
    )
    for key, label in (
        ("printed", "Printed"), ("recomputed", "Worked out"), ("difference", "Difference"),
        ("lowest", "Lowest"), ("highest", "Highest"),
    ):  # fmt: skip
        table.column(key, label)
    seen: dict[str, int] = {}
    for row in rows:
        key = "".join(mark if mark.isalnum() else "_" for mark in row.of)
        seen[key] = seen.get(key, 0) + 1
        _add_audited(table, key if seen[key] == 1 else f"{key}__{seen[key]}", row, model)
    return table


def _add_audited(table: Table, key: str, row: Audited, model: CostModel) -> None:
    words = model.label(row.of) if row.of in model.units else _spoken(row.of, model)
    is_percentage = row.text.endswith("%")
    times = 100 if is_percentage else 1
    table.row(key, f"{words}{', %' if is_percentage else ''} ({row.source})")
    table.add(key, "printed", AMOUNT, times * row.printed)
    # A shared reason is a footnote; what does not follow has its own, and its word in the row.
    table.add(
        key, "recomputed", AMOUNT, times * row.recomputed, note=_LEFT[row.verdict], warning=row.why
    )  # fmt: skip
    table.add(key, "difference", AMOUNT, times * row.difference)
    table.add(key, "lowest", AMOUNT, times * row.low)
    table.add(key, "highest", AMOUNT, times * row.high)


def _spoken(of: str, model: CostModel) -> str:
    """Return a formula of the audit with words in place of names, where it is one entry of one."""
    name, _, entry = of.rstrip("]").partition("[")
    words = {key: label for index in model.file.indexes.values() for key, label in index.items()}
    if name in model.units and entry in words:
        return f"{model.label(name)}: {words[entry]}"
    return of.replace("_", " ").replace("*", "\u00d7")


def one_way_table(worked: Worked, outcomes: Sequence[str], note: str) -> Table:
    """Return how outcomes swing with each number that goes in, the widest swings first."""
    model = worked.model
    table = Table(
        "cost_model.one_way",
        "One-way sensitivity: one number at a time at the ends of what it can be",
        f"{note} A number with a known spread goes to the ends of its 95% interval, another one a "
        "tenth below and above (marked \u00b110%; a share not beyond 1). What is exact stays. The "
        f"{WIDEST} widest swings of each outcome.",
        not_about_people=NOBODY,
    )
    for key, label in (("low", "At the lower end"), ("high", "At the upper end")):
        table.column(key, label)
    for name in outcomes:
        kind = kind_of(model, name)
        base = f"{name}__base"
        table.row(base, f"{with_unit(model, name)}: as the model stands")
        for column in ("low", "high"):
            table.add(base, column, kind, outcome(model, name, worked.given))
        for swing in one_way(model, name, worked.given)[:WIDEST]:
            if not swing.width:
                continue
            row = f"{name}__{row_of(swing.quantity, swing.entry)}"
            table.row(row, f"\u2013 {swing.label}")
            mark = "\u00b110%" if swing.rests_on == "a tenth" else ""
            for column, at, to in (
                ("low", swing.low, swing.at_low), ("high", swing.high, swing.at_high),
            ):  # fmt: skip
                table.add(row, column, "set_to", at, note=mark)
                table.add(row, column, kind, to)
    return table


def price_years_table(worked: Worked, note: str) -> Table | None:
    """Return the sums of money in prices of other years; None if no index has the model's own."""
    model = worked.model
    table = Table(
        "cost_model.price_years",
        "Costs in prices of other years",
        f"{note} By the indexes of prices that the reports apply; nothing is interpolated, so a "
        "year is here only where an index has it and the model's own year.",
        not_about_people=NOBODY,
    )
    own = model.file.price_year
    table.column("own", own)
    factors = {"own": 1.0}
    for name, index in _indexes().items():
        for year in index.values:
            if own in index.values and year != own:
                key = f"{name}__{year.replace('/', '_')}"
                table.column(key, f"{year} ({index.title})")
                factors[key] = index.factor(own, year)
    if len(factors) == 1:
        return None
    for name in model.headline:
        if kind_of(model, name) == COST:
            table.row(name, with_unit(model, name))
            for column, factor in factors.items():
                table.add(name, column, COST, factor * worked.value(name))
    return table


def _indexes() -> dict[str, PriceIndex]:
    return {
        name: read_prices(prices_path(name), f"configs/prices/{name}.yaml")
        for name in price_indexes()
    }
