"""The analysis of a cost model: its tables add up, stand beside what is printed, say why not."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from datrial.analyses.base import Context
from datrial.analyses.registry import ANALYSES
from datrial.config.costs import cost_model_path
from datrial.economics.audit import Verdict
from datrial.economics.audit import audit as audited
from datrial.economics.reading import read_model
from datrial.results.cells import State, Table
from datrial.results.published import load_published

MODELS = {"drive_cost_per_case": "drive", "restart_value": "restart"}


def tables_of(seed: int = 1, **parameters: Any) -> dict[str, Table]:
    """Return an analysis's tables; published quantities need no data."""
    chosen = ANALYSES["cost_model"]
    nothing: Any = None
    context = Context(nothing, nothing, np.random.default_rng(seed))
    found = chosen.run(context, chosen.parameters.model_validate({"draws": 400} | parameters))
    return {table.id.partition(".")[2]: table for table in found}


@cache
def tables(model: str) -> dict[str, Table]:
    return tables_of(model=model)


def value(table: Table, row: str, column: str, statistic: str = "cost") -> float:
    found = table.get(row, column, statistic).value
    assert found is not None
    return found


@pytest.mark.parametrize("model", MODELS)
def test_every_cell_has_a_value_or_says_why_and_none_is_of_people(model: str) -> None:
    for table in tables(model).values():
        assert table.not_about_people
        assert table.cells and set(table.catalogue) <= set(ANALYSES["cost_model"].catalogue)
        for cell in table.cells:
            assert (cell.value is not None) is (cell.state is State.VALUE)
            assert cell.state is State.VALUE or cell.note
            assert cell.n is None


@pytest.mark.parametrize("model", MODELS)
def test_agencies_and_people_and_uses_add_up_to_the_whole(model: str) -> None:
    made = tables(model)
    agencies, items = made["agencies"], made["items"]
    file = read_model(cost_model_path(model)).file
    whole = value(agencies, "all", "all")
    assert whole == pytest.approx(value(made["totals"], "total", "estimate"))
    for who in file.who:
        parts = [agencies.get(agency, who, "cost").value or 0 for agency in file.agencies]
        assert sum(parts) == pytest.approx(value(agencies, "all", who))
    for agency in file.agencies:
        parts = [agencies.get(agency, who, "cost").value or 0 for who in file.who]
        assert sum(parts) == pytest.approx(value(agencies, agency, "all"))
    groups = [row for row in items.row_labels if row.count("__") == 1]
    assert sum(value(items, row, "cost") for row in groups) == pytest.approx(whole)
    for group in groups:
        uses = [row for row in items.row_labels if row.startswith(f"{group}__")]
        total = 0.0
        for row in uses:
            amount, price = value(items, row, "amount", "amount"), value(items, row, "price")
            assert value(items, row, "cost") == pytest.approx(amount * price)
            total += amount * price
        assert total == pytest.approx(value(items, group, "cost"))


def test_what_perpetrators_use_is_an_amount_at_a_price() -> None:
    items = tables("drive_cost_per_case")["items"]
    row = "mental_health__perpetrators__perpetrators_mental_health__depression_cost"
    assert items.row_labels[row].startswith("– Perpetrators with an excessive or high mental")
    assert value(items, row, "amount", "amount") == pytest.approx(0.62)
    assert value(items, row, "price") == pytest.approx(112 * 20 + 137)
    grievous = "police__perpetrators__police__police_cost__gbh"
    assert value(items, grievous, "cost") == pytest.approx(2 * 0.05 * 1950)


def test_intervals_hold_their_number_and_are_not_made_where_nothing_is_drawn() -> None:
    totals = tables("drive_cost_per_case")["totals"]
    for row in totals.row_labels:
        low, high = (value(totals, row, "estimate", end) for end in ("ci_low", "ci_high"))
        assert low < value(totals, row, "estimate") < high
    unit_cost = tables("restart_value")["totals"].get("unit_cost", "estimate", "ci_low")
    assert unit_cost.state is State.NOT_APPLICABLE
    none = tables_of(model="drive_cost_per_case", draws=0)["totals"]
    assert none.get("total", "estimate", "ci_low").state is State.NOT_APPLICABLE


def test_the_same_seed_gives_the_same_tables() -> None:
    one, same, other = (
        tables_of(seed, model="restart_value")["totals"].cells for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


@pytest.mark.parametrize(("model", "file"), MODELS.items())
def test_each_printed_number_stands_beside_a_cell_near_it(model: str, file: str) -> None:
    beside = [n for n in load_published(file) if n.table.startswith("cost_model.")]
    assert len(beside) > 15
    for number in beside:
        assert number.when == {"model": model, "scenario": "", "set": {}}
        table = tables(model)[number.table.partition(".")[2]]
        ours = table.get(number.row, number.column, number.statistic).value
        assert ours == pytest.approx(number.value, rel=0.055), number.key


@pytest.mark.parametrize(("model", "file"), MODELS.items())
def test_a_number_printed_beside_a_total_is_the_one_of_the_model_file(
    model: str, file: str
) -> None:
    printed: dict[str, set[float]] = {}
    for entry in read_model(cost_model_path(model)).file.printed:
        printed.setdefault(entry.of.text, set()).add(entry.printed.value * entry.times)
    for number in load_published(file):
        if number.table in ("cost_model.totals", "cost_model.outcomes") and number.row in printed:
            assert any(number.value == pytest.approx(each) for each in printed[number.row])


def test_the_audit_marks_what_does_not_follow_and_why() -> None:
    for model in MODELS:
        audit = tables(model)["audit"]
        rows = audited(read_model(cost_model_path(model)))
        different = sum(row.verdict is Verdict.DIFFERENT for row in rows)
        assert different > 2 and len(audit.row_labels) == len(rows)
        marked = [cell for cell in audit.cells if cell.note == "different"]
        assert len(marked) == different
        assert all(cell.warning for cell in marked)
        assert f"{different} do not follow" in audit.note
        percentages = [row for row, label in audit.row_labels.items() if ", % (" in label]
        assert len(percentages) == sum(row.text.endswith("%") for row in rows)
        assert all(value(audit, row, "printed", "amount") > 1 for row in percentages)
        for row in audit.row_labels:
            low, high = (value(audit, row, end, "amount") for end in ("lowest", "highest"))
            assert low - 1e-6 <= value(audit, row, "recomputed", "amount") <= high + 1e-6
            difference = value(audit, row, "recomputed", "amount") - value(
                audit, row, "printed", "amount"
            )
            assert value(audit, row, "difference", "amount") == pytest.approx(difference)


def test_swings_come_widest_first_and_meet_the_base() -> None:
    made = tables_of(model="drive_cost_per_case", draws=0, swings=["total", "criminal_justice"])
    swings = made["one_way"]
    for outcome in ("total", "criminal_justice"):
        base = value(swings, f"{outcome}__base", "low")
        rows = [
            row
            for row in swings.row_labels
            if row.startswith(f"{outcome}__") and not row.endswith("__base")
        ]
        ends = [[value(swings, row, column) for column in ("low", "high")] for row in rows]
        widths = [abs(high - low) for low, high in ends]
        assert widths == sorted(widths, reverse=True) and len(rows) == 20
        assert all(min(pair) <= base <= max(pair) for pair in ends)
        assert base == pytest.approx(value(made["totals"], outcome, "estimate"))


def test_what_is_set_otherwise_changes_all_tables_but_the_audit() -> None:
    changed = tables_of(
        model="drive_cost_per_case", set={"children_per_family": 1, "charged": {"gbh": 0.5}}
    )
    base = tables("drive_cost_per_case")
    at = "childrens_services", "all"
    assert value(changed["agencies"], *at) == pytest.approx(value(base["agencies"], *at) / 2)
    assert value(changed["totals"], "criminal_justice", "estimate") < value(
        base["totals"], "criminal_justice", "estimate"
    )
    assert changed["audit"].cells == base["audit"].cells
    assert "children_per_family = 1, charged[gbh] = 0.5" in changed["totals"].note
    named = tables_of(model="drive_cost_per_case", scenario="one_child")["totals"]
    row = base["scenarios"].get("one_child", "total", "cost").value
    assert value(named, "total", "estimate") == pytest.approx(row)
    assert "Scenario: One child per family." in named.note


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"model": "tea"}, "no cost model 'tea'"),
        ({"scenario": "none"}, "no scenario 'none'"),
        ({"set": {"tea": 1}}, "no such quantity"),
        ({"set": {"charged": {"tea": 1}}}, "no such entry"),
        ({"set": {"reported": 2}}, "a share lies in 0 to 1"),
        ({"swings": ["tea"]}, "works out no tea"),
        ({"draws": -1}, "draws"),
        ({"quantities": "mine"}, "quantities"),
    ],
)
def test_wrong_parameters_are_told(parameters: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        ANALYSES["cost_model"].parameters.model_validate(parameters)


def test_prices_of_other_years_follow_the_index_and_are_not_invented() -> None:
    restart = tables("restart_value")["price_years"]
    column = "cpi_2016_2022__2016_17"
    ratio = value(restart, "unit_cost", column) / value(restart, "unit_cost", "own")
    assert ratio == pytest.approx(34_015 / 40_790)
    assert list(restart.column_labels) == ["own", column]
    assert "price_years" not in tables("drive_cost_per_case")  # no index has 2017/18


def test_every_number_that_goes_in_has_its_source() -> None:
    inputs = tables("drive_cost_per_case")["inputs"]
    model = read_model(cost_model_path("drive_cost_per_case"))
    assert len(inputs.row_labels) == len(model.inputs)
    assert all(cell.note.startswith("Source: ") for cell in inputs.cells)
    assert inputs.get("incidents__gbh", "value", "amount").value == 0.05
