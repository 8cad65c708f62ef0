"""Figures of costs: what is drawn is what the tables hold, and the text says the same."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from datrial.analyses.base import Context
from datrial.analyses.cost_effectiveness_tables import POINTS, acceptability_table, plane_table
from datrial.analyses.registry import ANALYSES
from datrial.economics.effectiveness import CostEffectiveness, cost_effectiveness
from datrial.report.drawing import Figure
from datrial.report.figures_cost_effectiveness import acceptability, effectiveness_plane
from datrial.report.figures_cost_tree import cost_tree
from datrial.report.figures_costs import costs_by_agency, pounds, tornado
from datrial.report.summary_costs import costs
from datrial.results.cells import PublishedValue, State, Table
from datrial.results.manifest import Manifest
from datrial.results.read import Run, RunTable


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()).strip() for element in ET.fromstring(svg).iter()
            if element.tag.endswith("text")]  # fmt: skip


@cache
def made(model: str) -> dict[str, Table]:
    nothing: Any = None
    chosen = ANALYSES["cost_model"]
    context = Context(nothing, nothing, np.random.default_rng(1))
    found = chosen.run(context, chosen.parameters.model_validate({"model": model, "draws": 300}))
    return {table.id.partition(".")[2]: table for table in found}


def drawn(figure: Figure | None) -> Figure:
    assert figure is not None
    assert re.search(r"\w{3}", figure.title) and len(figure.alt) > 60
    return figure


@pytest.mark.parametrize(
    ("value", "text"),
    [(63420.4, "£63,420"), (4.8196e9, "£4.82bn"), (0, "£0"), (5.25, "£5.25"), (-1200, "−£1,200")],
)
def test_sums_of_money_are_short(value: float, text: str) -> None:
    assert pounds(value) == text


def test_each_agency_has_a_bar_with_its_sum_and_the_printed_one() -> None:
    beside = {("police", "all", "cost"): PublishedValue(17_800, "Table A8.1")}
    entry = RunTable("cost_model", made("drive_cost_per_case")["agencies"], beside)
    figure = drawn(costs_by_agency(entry))
    found = texts(figure.svg)
    for text in ("Police", "Housing", "£17,778", "£14,273", "Perpetrators", "Published"):
        assert text in found
    assert "Police: Perpetrators 17,778" in figure.alt
    assert "In all 17,778 (published 17,800)" in figure.alt
    assert "Police: Victims" not in figure.alt  # there is no such cost
    assert "Hollow diamonds" in figure.caption


def test_a_hidden_sum_has_its_mark_and_no_bar() -> None:
    table = Table("cost_model.own_agencies", "Costs by agency", "note")
    table.column("victims", "Victims-survivors")
    table.column("all", "In all")
    for row in ("police", "housing"):
        table.row(row, row.capitalize())
    table.add("police", "victims", "cost", 100)
    table.add("police", "all", "cost", 100)
    for column in ("victims", "all"):
        table.absent("housing", column, "cost", "hidden", state=State.SUPPRESSED)
    figure = drawn(costs_by_agency(RunTable("cost_model", table, {})))
    assert "[c]" in texts(figure.svg)
    assert "In all hidden to protect people [c]" in figure.alt
    nothing = Table("cost_model.own_agencies", "Costs by agency", "note", (), {}, {"all": "In all"})
    assert costs_by_agency(RunTable("cost_model", nothing, {})) is None


def test_the_tornado_has_the_widest_swings_and_their_ends() -> None:
    figure = drawn(tornado(RunTable("cost_model", made("restart_value")["one_way"], {})))
    told = " ".join(texts(figure.svg))
    assert "Share of the harm that can still be prevented" in told
    assert "(0.26 to 0.74)" in told
    assert "Public sector benefit per pound: 1.17 as the model stands" in told
    # Beside a swing of .79 one of .001 would not be seen.
    assert "Civil legal" not in told
    assert "from 0.26 to 0.74: 0.78 to 1.57" in figure.alt


def test_the_tree_says_who_uses_what_at_what_price() -> None:
    items = made("drive_cost_per_case")["items"]
    figure = drawn(cost_tree(RunTable("cost_model", items, {})))
    found = texts(figure.svg)
    told = " ".join(found)
    for text in ("In all", "0.10 × £1,950 = £195", "0.62 × £2,377 = £1,474", "Rape"):
        assert text in told
    leaves = [row for row in items.row_labels if row.count("__") > 1]
    assert sum(" × " in text for text in found) == len(leaves)
    assert (
        "Housing: Perpetrators £1,310: Homeless perpetrators (a homeless household)" in figure.alt
    )
    assert cost_tree(RunTable("cost_model", Table("cost_model.items", "t", "n"), {})) is None


def truth(draws: int = 4000) -> CostEffectiveness:
    """Return draws of two arms whose difference is known: 1,600 pounds and 0.1 effects."""
    rng = np.random.default_rng(5)
    return cost_effectiveness(
        {"new": rng.normal(2400, 700, draws), "usual": rng.normal(800, 600, draws)},
        {"new": rng.normal(0.5, 0.1, draws), "usual": rng.normal(0.4, 0.1, draws)},
        "new", "usual",
    )  # fmt: skip


def test_the_plane_shows_the_simulated_truth() -> None:
    found = truth()
    table = plane_table(found, "cost_model.plane", "case without abuse", "note")
    assert table.get("mean", "cost", "cost").value == pytest.approx(1600, abs=60)
    assert table.get("mean", "effect", "amount").value == pytest.approx(0.1, abs=0.01)
    assert table.get("ratio", "cost", "cost").value == pytest.approx(16_000, rel=0.1)
    dearer, better = norm.cdf(1600 / np.hypot(700, 600)), norm.cdf(0.1 / np.hypot(0.1, 0.1))
    share = table.get("dearer_and_better", "share", "share").value
    assert share == pytest.approx(dearer * better, abs=0.03)
    assert sum(row.startswith("draw_") for row in table.row_labels) == POINTS
    figure = drawn(effectiveness_plane(RunTable("cost_model", table, {})))
    assert f"{POINTS} draws" in figure.alt
    assert f"{100 * share:.0f}% of draws" in " ".join(texts(figure.svg))
    assert figure.svg.count("<use") >= POINTS


def test_a_ratio_of_no_effect_is_not_given() -> None:
    none = CostEffectiveness(np.array([1.0, 2.0]), np.array([-1.0, 0.5]))
    cell = plane_table(none, "cost_model.plane", "e", "n").get("ratio", "cost", "cost")
    assert cell.state is State.NOT_AVAILABLE and "bargain" in cell.note


def test_the_acceptability_curve_crosses_a_half_at_the_true_ratio() -> None:
    worth = [0.0, 8_000.0, 16_000.0, 24_000.0, 1e6]
    table = acceptability_table(truth(), "cost_model.acceptability", worth, "case", "note")
    shares = [table.get(row, "gain", "share").value for row in table.row_labels]
    assert shares[2] == pytest.approx(0.5, abs=0.03)
    assert shares == sorted(shares)
    figure = drawn(acceptability(RunTable("cost_model", table, {})))
    assert "£16,000 " in figure.alt and "Draws with a gain" in texts(figure.svg)
    few = acceptability_table(truth(), "cost_model.acceptability", [0.0], "case", "note")
    assert acceptability(RunTable("cost_model", few, {})) is None


def summary(model: str, beside: dict[tuple[str, str, str], PublishedValue]) -> list[str]:
    entries = tuple(
        RunTable("cost_model", table, beside if name == "totals" else {})
        for name, table in made(model).items()
    )
    nothing: Any = None
    manifest: Manifest = nothing
    return list(costs(Run(nothing, manifest, {}, entries)))


def test_the_summary_says_what_a_case_costs_and_what_does_not_follow() -> None:
    beside = {("total", "estimate", "cost"): PublishedValue(63_400, "Table A8.1")}
    said = summary("drive_cost_per_case", beside)
    assert re.match(
        r"Cost per case: £63,420 \(95% interval 5\d,\d{3} to 6\d,\d{3}; published 63,400\)\.",
                    said[0])  # fmt: skip
    assert said[1].startswith("The highest: police (£17,778), other criminal justice")
    assert re.match(r"Of \d+ printed numbers \d do not follow from their printed", said[2])
    restart = summary("restart_value", {})
    assert restart[0].startswith("Public sector benefit per pound: 1.17 (95% interval")
