"""A cost model's file: what it may say, and that all its faults are told at once, with lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from datrial.economics.expressions import FormulaError, read_expression
from datrial.economics.positions import read_placed
from datrial.economics.printed import read_printed
from datrial.economics.reading import read_model
from datrial.errors import UsageError

GOOD = """
title: Tea
price_year: "2024"
per: GBP / case
units: {GBP: pounds, case: case, cup: cup, half_year: six months, year: year}
indexes:
  kind: {black: Black, green: Green}
agencies: {kitchen: Kitchen}
who: {guests: Guests}
quantities:
  cups: {label: Cups, unit: cup / case / half_year, source: a count, index: kind,
         values: {black: "2.0", green: "0.5"}}
  price: {label: Price, unit: GBP / cup, value: "0.20", source: the bill}
  halves: {label: Half-years, unit: half_year / year, value: 2, exact: true, source: calendar}
  years: {label: Years, unit: year, value: 1, exact: true, source: a choice}
  drunk: {label: Drunk, unit: share, value: 90%, source: a guess}
formulas:
  cost: {label: Cost, unit: GBP / case, formula: sum(cups * drunk) * price * halves * years}
items:
  - {formula: cost, agency: kitchen, who: guests}
totals:
  total: {label: In all}
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tea.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(tmp_path: Path, text: str) -> str:
    with pytest.raises(UsageError) as told:
        read_model(write(tmp_path, text), "configs/costs/tea.yaml")
    return str(told.value)


def test_a_whole_file_is_read_and_worked_out(tmp_path: Path) -> None:
    model = read_model(write(tmp_path, GOOD))
    assert model.evaluate()["total"].array.item() == pytest.approx(2.5 * 0.9 * 0.2 * 2)
    assert model.order == ("cost",)
    assert str(model.units["cost"]) == "GBP / case"


def test_every_fault_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = (
        GOOD.replace("unit: GBP / cup", "unit: GBP / mug")
        .replace("value: 90%", "value: 190%")
        .replace("agency: kitchen", "agency: garden")
        .replace("* price *", "* prise *")
    )
    said = faults(tmp_path, text)
    assert "4 fault(s)" in said
    assert "configs/costs/tea.yaml:13: unknown unit mug" in said
    assert "configs/costs/tea.yaml:16: drunk: a share lies in 0 to 1" in said
    assert "configs/costs/tea.yaml:18: names what is not there: prise" in said
    assert "configs/costs/tea.yaml:20: there is no agency 'garden'" in said


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("source: the bill", "note: none", "quantities.price.source: is missing"),
        ('value: "0.20"', "value: cheap", "no number: 'cheap'"),
        ("sum(cups", "average(cups", "no function 'average'"),
        ("sum(cups * drunk)", "sum(cups * drunk", "no formula"),
        ("sum(cups * drunk)", "cups.drunk", "more than a formula may say"),
        ("* halves * years", "", "cost says GBP / case, its formula gives"),
        ("* price *", "* (price + drunk) *", "GBP / cup is added to 1"),
        ("index: kind", "index: sort", "there is no index 'sort'"),
        ('green: "0.5"', 'mint: "0.5"', "give black, green, in this order"),
        ("title: Tea", "titel: Tea", "titel: Extra inputs are not permitted"),
        ("{formula: cost,", "{formula: costs,", "there is no formula 'costs'"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    said = faults(tmp_path, GOOD.replace(old, new, 1))
    assert told in said
    assert "configs/costs/tea.yaml:" in said


def test_a_half_year_is_not_a_year(tmp_path: Path) -> None:
    said = faults(tmp_path, GOOD.replace("* halves", "", 1))
    assert "GBP / case, its formula gives GBP * year / case / half_year" in said


def test_a_circle_is_told_with_its_whole_way(tmp_path: Path) -> None:
    text = GOOD.replace(
        "formulas:\n",
        "formulas:\n"
        "  first: {label: A, unit: share, formula: second * 1}\n"
        "  second: {label: B, unit: share, formula: third}\n"
        "  third: {label: C, unit: share, formula: 1 - first}\n",
    )
    said = faults(tmp_path, text)
    assert "runs in a circle: first -> second -> third -> first" in said


def test_a_key_given_twice_is_a_fault(tmp_path: Path) -> None:
    again = "  drunk: {label: Drunk, unit: share, value: 80%, source: again}\n"
    assert "'drunk' is given twice" in faults(
        tmp_path, GOOD.replace("formulas:", f"{again}formulas:")
    )


def test_what_is_no_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    assert "tea.yaml:2: this is no YAML" in faults(tmp_path, "title: Tea\nunits: {GBP: [}\n")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_model(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("text", "value", "step"),
    [
        ("0.05", 0.05, 0.01),
        ("0.10", 0.1, 0.01),
        ("75%", 0.75, 0.01),
        ("80.6%", 0.806, 0.001),
        ("7%", 0.07, 0.01),
        ("£1,950", 1950.0, 1.0),
        ("−3", -3.0, 1.0),
    ],
)
def test_a_printed_number_says_what_it_was_rounded_to(text: str, value: float, step: float) -> None:
    printed = read_printed(text)
    assert printed.value == pytest.approx(value, abs=0)
    assert printed.step == pytest.approx(step)


@pytest.mark.parametrize("text", ["", "1e3", "1.2.3", "12 pounds", "nan", "0,5 %"])
def test_what_is_no_printed_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        read_printed(text)


def test_numbers_stay_as_they_are_written() -> None:
    placed = read_placed("a: {b: 0.10, c: [1, 07]}\n")
    assert placed.content == {"a": {"b": "0.10", "c": ["1", "07"]}}
    assert placed.line(("a", "b")) == 1


@pytest.mark.parametrize(
    "text", ["__import__('os')", "a if b else c", "a ** b", "f(x=1)", "True", "[1]"]
)
def test_a_formula_can_do_nothing_but_count(text: str) -> None:
    with pytest.raises(FormulaError):
        read_expression(text)


def test_a_formula_names_each_quantity_once_in_order() -> None:
    assert read_expression("b * a + sum(b) - c[entry]").names() == ("b", "a", "c")
