"""The two printed cost models, worked out from their printed inputs.

Source: the Drive evaluation's third-year report, Appendix 8 (Tables A8.1-A8.28), and the Restart
evaluation, chapter 9 (Tables 8-14). Expected values were worked out by hand from the printed
inputs and are held to the penny or the last printed digit.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

import pytest

from datrial.config.costs import cost_model_path, cost_models
from datrial.economics.audit import Verdict, audit
from datrial.economics.model import CostModel
from datrial.economics.reading import read_model
from datrial.economics.sensitivity import break_even, one_way, outcome, scenarios


@cache
def model(name: str) -> CostModel:
    return read_model(cost_model_path(name))


def value(name: str, of: str, entry: str = "") -> float:
    values = model(name).evaluate()[of]
    return float((values.entry(entry) if entry else values).array.item())


def test_both_models_are_there() -> None:
    assert cost_models() == ["drive_cost_per_case", "restart_value"]


# 75% charged x 80.6% prosecuted, all in the Crown Court at 9,400; 76.4% of them convicted, 62% of
# those to prison for 42.72 months at 2,140.
def test_the_chain_to_custody_by_hand() -> None:
    brought, guilty = 0.75 * 0.806, 0.75 * 0.806 * 0.764
    assert value("drive_cost_per_case", "court_cost", "gbh") == pytest.approx(brought * 9400)
    assert value("drive_cost_per_case", "custody_cost", "gbh") == pytest.approx(
        guilty * 0.62 * 42.72 * 2140
    )
    # Actual bodily harm: 25.5% tried as recorded, the others as common assault (13%, 2.95 months).
    months = 0.255 * 0.37 * 13.10 + 0.745 * 0.13 * 2.95
    assert value("drive_cost_per_case", "custody_cost", "abh") == pytest.approx(
        0.5 * 0.806 * 0.764 * months * 2140
    )


@pytest.mark.parametrize(
    ("of", "printed", "within"),
    [
        ("total", 63_400, 100),
        ("criminal_justice", 32_000, 200),
        ("victims_total", 24_565, 50),
        ("perpetrators_total", 38_835, 50),
        ("health", 13_410, 50),
        ("all_costs", 4.82e9, 5e6),
    ],
)
def test_the_printed_totals_of_drive_are_met(of: str, printed: float, within: float) -> None:
    """Within what the rounding of 60 printed inputs leaves (a third of a percent)."""
    assert value("drive_cost_per_case", of) == pytest.approx(printed, abs=within)


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ("unit_cost_delivery", 572_200 / 170),
        ("unit_cost_overheads", 632_500 / 170),
        ("unit_cost_london", 789_000 / 170),
        ("unit_cost", 789_000 / 170 * 0.84),
        ("impact", 0.05 + 0.26 * 0.10),
        ("alternative_impact", 0.075 + 0.26 * 0.05),
        ("victim_wellbeing", 0.076 * 0.5 * 37_840),
        ("children_public", 0.076 * 0.5 * 2 * 41_205),
        ("savings_worked_out", 0.076 * (4_814 + 9_184 + 0.077 * 135_340)),
    ],
)
def test_restart_by_hand(of: str, expected: float) -> None:
    assert value("restart_value", of) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("of", "printed", "places"),
    [
        ("wellbeing_benefit", 2_485, -1),
        ("public_benefit", 4_580, -1),
        ("wellbeing_ratio", 0.64, 2),
        ("public_ratio", 1.17, 2),
        ("total_ratio", 1.81, 2),
        ("alternative_ratio_held", 1.29, 2),
        ("break_even", 0.065, 3),
    ],
)
def test_the_printed_results_of_restart_are_met(of: str, printed: float, places: int) -> None:
    step = 10.0**-places
    assert abs(value("restart_value", of) - printed) <= step / 2


def different(name: str) -> set[tuple[str, str]]:
    return {(row.of, row.text) for row in audit(model(name)) if row.verdict is Verdict.DIFFERENT}


def test_what_does_not_follow_from_the_printed_inputs_is_found() -> None:
    assert different("drive_cost_per_case") == {
        ("anxiety_cost", "2,497"),
        ("self_harm_cost", "2,698"),
        ("cases_without_repeats", "76,000"),
        ("in_need_after_worked_out", "19.0%"),
        ("need_of_651", "18.0%"),
    }
    assert different("restart_value") == {
        ("unit_cost_divided", "3,900"),
        ("childhood_sum", "88,646"),
        ("alternative_impact", "8.7%"),
        ("savings_worked_out", "1,335"),
        ("public_benefit_worked_out", "4,580"),
        ("public_ratio_worked_out", "1.17"),
        ("alternative_ratio", "1.29"),
        ("break_even_worked_out", "6.5%"),
        ("plans_of_worker", "0.5"),
    }


# Every table of Drive's Appendix 8 and of Restart's chapter 9 that has a number that is worked out.
# A8.4, A8.13, A8.24 and A8.25 hold inputs only.
def test_every_printed_table_is_audited() -> None:
    told = " ".join(entry.source for entry in model("drive_cost_per_case").file.printed)
    inputs = {4, 13, 24, 25}
    missing = {n for n in range(1, 29) if not re.search(rf"A8\.{n}\b", told)}
    assert missing == inputs
    named = told + " ".join(q.source for q in model("drive_cost_per_case").file.quantities.values())
    named += " ".join(s.label for s in model("drive_cost_per_case").file.scenarios.values())
    assert all(re.search(rf"A8\.{n}\b", named) for n in inputs)
    told = " ".join(entry.source for entry in model("restart_value").file.printed)
    # Table 8 is what was spent: inputs.
    assert {n for n in range(8, 15) if not re.search(rf"Table {n}\b", told)} == {8}


# Printed inputs that follow from others: what the two tables print is the same model.
@pytest.mark.parametrize(
    ("of", "by_hand"),
    [
        ("housing_need_worked_out", 0.43 + 0.10 * 0.70),
        ("homeless_worked_out", 0.07 + 0.10 * 0.19),
        ("care_after_worked_out", 0.61 * (1 - 0.486) * 0.68 * 0.08),
        ("relapse_cost_2009", 3.5e3 * 0.3333 / 0.65),
        ("refuge_worked_out", 15_000 * 0.52 / 76_000),
    ],
)
def test_inputs_that_follow_from_others_by_hand(of: str, by_hand: float) -> None:
    assert value("drive_cost_per_case", of) == pytest.approx(by_hand)


@pytest.mark.parametrize("name", cost_models())
def test_every_difference_has_its_sentence(name: str) -> None:
    assert all(row.why for row in audit(model(name)) if row.verdict is Verdict.DIFFERENT)


def test_the_printed_children_services_savings_and_the_printed_formula() -> None:
    row = next(row for row in audit(model("restart_value")) if row.of == "savings_worked_out")
    assert (row.printed, round(row.recomputed)) == (1335, 1856)
    assert row.low > row.printed + 400


def test_the_scenarios_do_what_their_names_say() -> None:
    found = scenarios(model("restart_value"), "public_ratio")
    assert found["base"] == pytest.approx(1.174, abs=5e-4)
    assert found["printed_formula"] == pytest.approx(1.308, abs=5e-4)
    one_child = scenarios(model("drive_cost_per_case"), "childrens_services")
    assert one_child["one_child"] == pytest.approx(one_child["base"] / 2)


def test_break_even_is_where_the_outcome_has_its_target() -> None:
    restart = model("restart_value")
    found = break_even(restart, "index", "public_ratio", 1.0)
    assert found is not None
    numbers = restart.with_setting({"index": found})
    assert outcome(restart, "public_ratio", numbers) == pytest.approx(1.0, abs=1e-9)
    # By hand: the benefit is proportional to 5% + 10% x (index - 1).
    impact = 0.076 * value("restart_value", "unit_cost") / value("restart_value", "public_benefit")
    assert found == pytest.approx(1 + (impact - 0.05) / 0.10)
    assert break_even(restart, "london_premium", "impact", 0.5) is None


def test_the_widest_swings_are_those_of_the_rare_and_dear() -> None:
    swings = one_way(model("drive_cost_per_case"), "total")
    assert [(s.quantity, s.entry) for s in swings[:2]] == [
        ("incidents", "gbh"),
        ("incidents", "rape"),
    ]
    assert all(a.width >= b.width for a, b in pairwise(swings))
    exact = {"half_years", "years", "crown_court"}
    assert not exact & {swing.quantity for swing in swings}
