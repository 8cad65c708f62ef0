"""Draws, ranges and the plane of costs and effects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datrial.economics.draws import draw_quantities
from datrial.economics.effectiveness import cost_effectiveness
from datrial.economics.expressions import FormulaError, read_expression, walk
from datrial.economics.model import CostModel
from datrial.economics.reading import read_model
from datrial.economics.sensitivity import break_even, outcome, probabilistic
from datrial.economics.values import RANGES, VALUES, Range, Values
from datrial.errors import UsageError

MODEL = """
title: Draws
price_year: "2024"
per: GBP / case
units: {GBP: pounds, case: case, event: event}
quantities:
  rate: {label: Rate, unit: event / case, value: "0.50", source: s, spread: {kind: gamma, of: 200}}
  cost: {label: Cost, unit: GBP / event, value: "100", source: s, spread: {kind: gamma, se: 10}}
  share: {label: Share, unit: share, value: "30%", source: s, spread: {kind: beta, of: 90}}
  other: {label: Other, unit: GBP / event, value: "7", source: s, spread: {kind: normal, se: 2}}
  wide: {label: Wide, unit: share, value: "50%", source: s,
         spread: {kind: uniform, low: 20%, high: 60%}}
  fixed: {label: Fixed, unit: share, value: "50%", source: s}
formulas:
  total: {label: Total, unit: GBP / case, formula: rate * (share * cost + wide * other) * fixed}
"""


@pytest.fixture
def model(tmp_path: Path) -> CostModel:
    path = tmp_path / "draws.yaml"
    path.write_text(MODEL, encoding="utf-8")
    return read_model(path)


# Means and standard errors by the textbook: gamma of a rate sqrt(.5 / 200), beta with half a
# person more on either side, uniform (high - low) / sqrt(12). 200,000 draws: half a percent.
@pytest.mark.parametrize(
    ("name", "mean", "sd"),
    [
        ("rate", 0.5, (0.5 / 200) ** 0.5),
        ("cost", 100.0, 10.0),
        ("share", 27.5 / 91, (27.5 * 63.5 / (91**2 * 92)) ** 0.5),
        ("other", 7.0, 2.0),
        ("wide", 0.4, 0.4 / 12**0.5),
    ],
)
def test_the_draws_have_their_mean_and_spread(
    model: CostModel, name: str, mean: float, sd: float
) -> None:
    drawn = draw_quantities(model, 200_000, seed=3)[name].array[0]
    assert drawn.mean() == pytest.approx(mean, rel=0.005)
    assert drawn.std() == pytest.approx(sd, rel=0.01)


def test_a_quantity_has_a_stream_of_its_own(model: CostModel, tmp_path: Path) -> None:
    path = tmp_path / "less.yaml"
    path.write_text(MODEL.replace(", spread: {kind: gamma, of: 200}", ""), encoding="utf-8")
    less = draw_quantities(read_model(path), 50, seed=1)
    more = draw_quantities(model, 50, seed=1)
    assert set(more) - set(less) == {"rate"}
    assert all((less[name].array == more[name].array).all() for name in less)


def test_an_interval_covers_what_the_spreads_say(model: CostModel) -> None:
    found = probabilistic(model, ["total"], draws=100_000, seed=2)["total"]
    # Delta method of independent factors, to two digits.
    assert found.mean == pytest.approx(0.5 * (27.5 / 91 * 100 + 0.4 * 7) * 0.5, rel=0.01)
    assert found.low < found.mean < found.high
    again = probabilistic(model, ["total"], draws=100_000, seed=2)["total"]
    assert (again.draws == found.draws).all()


def test_what_is_set_otherwise_is_not_drawn(model: CostModel) -> None:
    numbers = model.with_setting({"rate": 0.0})
    found = probabilistic(model, ["total"], draws=100, base=numbers)["total"]
    assert (found.low, found.high) == (0.0, 0.0)


def test_what_is_not_there_is_a_users_error(model: CostModel) -> None:
    with pytest.raises(UsageError, match="works out no"):
        outcome(model, "sum")
    with pytest.raises(UsageError, match="no quantity"):
        break_even(model, "rates", "total", 1.0)


number = st.floats(-50, 50).map(lambda x: round(x, 3))
step = st.floats(0, 2).map(lambda x: round(x, 3))


@given(
    values=st.lists(st.tuples(number, step, st.floats(-0.5, 0.5)), min_size=3, max_size=3),
    text=st.sampled_from(
        ["a + b * c", "a * b - c", "(a - b) * (a + c)", "-a * b * c", "min(a, b) + max(b, c)"]
    ),
)
def test_whatever_the_inputs_were_rounded_from_lies_within_the_range(
    values: list[tuple[float, float, float]], text: str
) -> None:
    formula = read_expression(text)
    ranges, true = {}, {}
    for name, (value, width, place) in zip("abc", values, strict=True):
        ranges[name] = Range(Values.number(value - width / 2), Values.number(value + width / 2))
        true[name] = Values.number(value + place * width)
    span = walk(formula, ranges, RANGES)
    found = walk(formula, true, VALUES).array.item()
    slack = 1e-9 * (1 + abs(found))
    assert span.low.array.item() - slack <= found <= span.high.array.item() + slack


def test_dividing_by_what_may_be_zero_has_no_range() -> None:
    spans = {
        "a": Range(Values.number(1), Values.number(2)),
        "b": Range(Values.number(-1), Values.number(1)),
    }
    with pytest.raises(FormulaError, match="may be zero"):
        walk(read_expression("a / b"), spans, RANGES)


def test_two_indexes_do_not_mix() -> None:
    first = Values(np.ones((2, 1)), "offence", ("a", "b"))
    second = Values(np.ones((2, 1)), "agency", ("a", "b"))
    with pytest.raises(FormulaError, match="runs over offence"):
        walk(read_expression("x + y"), {"x": first, "y": second}, VALUES)


def test_the_plane_and_the_acceptability_curve() -> None:
    costs = {"drive": np.array([10.0, 30.0, -5.0, 20.0]), "control": np.zeros(4)}
    effects = {"drive": np.array([1.0, -1.0, 2.0, 2.0]), "control": np.zeros(4)}
    plane = cost_effectiveness(costs, effects, "drive", "control")
    assert plane.quadrants() == {
        "dearer_and_better": 0.5,
        "cheaper_and_better": 0.25,
        "dearer_and_worse": 0.25,
        "cheaper_and_worse": 0.0,
    }
    assert plane.ratio() == pytest.approx(13.75)
    # Worth nothing: only what saves money is a gain; worth much: whatever does good.
    assert plane.acceptability([0.0, 10.5, 1e9]).tolist() == [0.25, 0.75, 0.75]
    assert cost_effectiveness(costs, effects, "control", "drive").ratio() is None


def test_draws_that_do_not_belong_together_are_refused() -> None:
    one, two = {"a": np.ones(3), "b": np.ones(3)}, {"a": np.ones(3), "b": np.ones(4)}
    with pytest.raises(ValueError, match="as many draws"):
        cost_effectiveness(one, two, "a", "b")
    with pytest.raises(ValueError, match="finite"):
        cost_effectiveness(one, {"a": np.full(3, np.nan), "b": np.ones(3)}, "a", "b")
