"""The tables of a cost model: totals, by agency and by whom, who uses what at what price."""

from __future__ import annotations

from collections.abc import Sequence

from datrial.analyses.cost_model_numbers import (
    AMOUNT,
    COST,
    NOBODY,
    Worked,
    add_with_interval,
    kind_of,
    label_of,
    label_with_unit,
    number_of,
    row_of,
    with_unit,
)
from datrial.economics.model import CostModel
from datrial.economics.sensitivity import outcome
from datrial.economics.uses import uses
from datrial.results.cells import State, Table


def about(model: CostModel) -> str:
    """Return the first words of every table's note: which model, in which prices."""
    return f"{model.file.title}. Prices of {model.file.price_year}."


def totals_table(worked: Worked, note: str, catalogue: Sequence[str]) -> Table:
    """Return the totals and the other sums of money that the model is asked for."""
    model = worked.model
    table = Table(
        "cost_model.totals",
        "Costs: totals, with 95% intervals",
        f"{note} In pounds ({model.file.per} unless it says otherwise).",
        tuple(catalogue),
        not_about_people=NOBODY,
    )
    table.column("estimate", "From published quantities")
    for name in asked_for(model):
        if kind_of(model, name) == COST:
            table.row(name, with_unit(model, name))
            at = (name, "estimate", COST)
            add_with_interval(table, at, worked.value(name), worked.draws(name))
    return table


def outcomes_table(worked: Worked, note: str, catalogue: Sequence[str]) -> Table | None:
    """Return what else the model is asked for: impacts, benefits per pound; None if nothing."""
    model = worked.model
    names = [name for name in asked_for(model) if kind_of(model, name) != COST]
    if not names:
        return None
    table = Table(
        "cost_model.outcomes", "Value for money, with 95% intervals", note, tuple(catalogue),
        not_about_people=NOBODY,
    )  # fmt: skip
    kinds = {name: kind_of(model, name) for name in names}
    for kind, label in ((AMOUNT, "Ratio"), ("share", "Share")):
        if kind in kinds.values():
            table.column(kind, label)
    for name, kind in kinds.items():
        table.row(name, model.label(name))
        add_with_interval(table, (name, kind, kind), worked.value(name), worked.draws(name))
    return table


def asked_for(model: CostModel) -> list[str]:
    """Return the outcomes of the tables: what the model is asked for, then its other totals."""
    return list(dict.fromkeys([*model.headline, *model.file.totals]))


def agencies_table(worked: Worked, note: str, catalogue: Sequence[str]) -> Table:
    """Return the costs by agency and by whom they are for."""
    table = Table(
        "cost_model.agencies",
        "Costs by agency and by whom, with 95% intervals of the sums",
        f"{note} In pounds ({worked.model.file.per}).",
        tuple(catalogue),
        not_about_people=NOBODY,
    )
    add_agencies(table, worked)
    return table


def add_agencies(table: Table, worked: Worked) -> None:
    """Fill a table of agencies by whom; ``all`` is the sum of either, with its interval."""
    file = worked.model.file
    for who, label in {**file.who, "all": "In all"}.items():
        table.column(who, label)
    for agency, label in {**file.agencies, "all": "All agencies"}.items():
        table.row(agency, label)
        for who in table.column_labels:
            chosen = worked.items(*("" if key == "all" else key for key in (agency, who)))
            at = (agency, who, COST)
            if not chosen:
                table.absent(*at, "the model has no such cost", state=State.NOT_APPLICABLE)
            elif who == "all":
                add_with_interval(table, at, *worked.sum(chosen))
            else:
                table.add(*at, worked.sum(chosen)[0])


def items_table(worked: Worked, note: str, catalogue: Sequence[str]) -> Table:
    """Return who uses how much of what, at what price."""
    file = worked.model.file
    table = Table(
        "cost_model.items",
        "Who uses what, at what price",
        f"{note} Each cost is an amount times a price; the rows below a heading add up to it.",
        tuple(catalogue),
        not_about_people=NOBODY,
    )
    table.column("amount", f"Amount (for each {_case(worked.model)})")
    table.column("price", "Price (pounds)")
    table.column("cost", f"Cost ({file.per})")
    found = uses(worked.model, worked.given)
    groups = dict.fromkeys((use.item.agency, use.item.who) for use in found)
    for agency, who in groups:
        group = f"{agency}__{who}"
        table.row(group, f"{file.agencies[agency]}: {file.who[who]}")
        table.add(group, "cost", COST, worked.sum(worked.items(agency, who))[0])
        for use in found:
            if (use.item.agency, use.item.who) != (agency, who):
                continue
            row = f"{group}__{use.key}"
            table.row(row, f"\u2013 {use.label} ({_within(use.price_name)})")
            table.add(row, "amount", AMOUNT, use.amount)
            table.add(row, "price", COST, use.price)
            table.add(row, "cost", COST, use.cost)
    return table


def _within(label: str) -> str:
    """Return a label within a sentence: its first letter small, unless it is an acronym's."""
    return label if label[1:2].isupper() else f"{label[:1].lower()}{label[1:]}"


def _case(model: CostModel) -> str:
    """Return what the costs are of: ``case`` of ``GBP / case``."""
    return model.file.per.partition("/")[2].strip() or "case"


def scenarios_table(worked: Worked, note: str) -> Table:
    """Return what the model is asked for in each scenario of its file."""
    model = worked.model
    table = Table(
        "cost_model.scenarios", "Scenarios", note, not_about_people=NOBODY,
    )  # fmt: skip
    names = [name for name in model.headline if not worked.values[name].index]
    for name in names:
        table.column(name, with_unit(model, name))
    settings = {"base": ("As the model stands", worked.given)} | {
        key: (scenario.label, model.with_setting(scenario.set, worked.given))
        for key, scenario in model.file.scenarios.items()
    }
    for key, (label, numbers) in settings.items():
        table.row(key, label)
        for name in names:
            table.add(key, name, kind_of(model, name), outcome(model, name, numbers))
    return table


def inputs_table(worked: Worked, note: str) -> Table:
    """Return every number that goes in, with its source."""
    model = worked.model
    table = Table(
        "cost_model.inputs", "Every number that goes in, with its source", note,
        not_about_people=NOBODY,
    )  # fmt: skip
    table.column("value", "As it is printed")
    for name, entry in model.inputs:
        entry_about = model.file.quantities[name]
        row = row_of(name, entry)
        table.row(row, label_with_unit(label_of(model, name, entry), entry_about.unit))
        told = f"Source: {entry_about.source}. {entry_about.note}".strip().removesuffix(".")
        table.add(row, "value", AMOUNT, number_of(model, name, entry), note=told)
    return table
