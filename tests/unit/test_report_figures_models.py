"""Figures of the models: every number is told, clipped and missing ones have their marks."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import models_fixture as given
import pytest

from datrial.report.drawing import Figure
from datrial.report.figures import figure_for
from datrial.results.cells import Table
from datrial.results.manifest import Manifest
from datrial.results.read import Run, RunTable

ODDS_COLUMNS = {"unadjusted": "Unadjusted", "adjusted": "Adjusted"}
CHANGE_COLUMNS = {"midpoint": "Midpoint", "closure": "Case closure"}


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()).strip() for element in ET.fromstring(svg).iter()
            if element.tag.endswith("text")]  # fmt: skip


def run_of(*entries: RunTable) -> Run:
    manifest = Manifest(run_id="r", snapshot_id="s", study="drive")
    return Run(Path(), manifest, {}, entries)


def drawn(*tables: Table, published: dict[tuple[str, str, str], float] | None = None) -> Figure:
    """Return the figure of the first table, in a run of all of them."""
    entries = given.entry(tables[0], published), *(given.entry(table) for table in tables[1:])
    figure = figure_for(run_of(*entries), entries[0])
    assert figure is not None
    return figure


def odds_ratios(changes: given.Changes | None = None) -> Table:
    return given.odds("behaviour_change.odds_ratios", given.TERMS, given.BEHAVIOURS, changes)


def imputed(changes: given.Changes | None = None) -> Table:
    return given.odds("behaviour_change.imputed", given.TERMS, given.BEHAVIOURS, changes)


NEEDS = {"housing": "Housing", "employment": "Employment"}
MATTERS = given.factor_tests({("relationship", "physical"): 0.01})
TABLES: list[Callable[[given.Changes | None], Table]] = [
    given.predictions,
    given.factor_predictions,
    odds_ratios,
    given.work_probabilities,
    lambda changes: given.work_odds("odds_ratios", ODDS_COLUMNS, changes),
    lambda changes: given.work_odds("change", CHANGE_COLUMNS, changes),
    given.effects,
    given.arm_cells,
    given.balance,
    lambda changes: given.odds("needs_behaviour.odds_ratios", NEEDS, given.BEHAVIOURS, changes),
]


@pytest.mark.parametrize("make", TABLES, ids=[make(None).id for make in TABLES])
def test_without_any_number_nothing_is_drawn(
    make: Callable[[given.Changes | None], Table],
) -> None:
    table = make(None)
    nothing = {(row, column): None for row in table.row_labels for column in table.column_labels}
    empty = given.entry(make(nothing))
    run = run_of(empty, given.entry(MATTERS))
    assert figure_for(run, empty) is None


def test_the_same_tables_are_drawn_with_the_same_bytes() -> None:
    assert drawn(odds_ratios(), imputed()) == drawn(odds_ratios(), imputed())


def test_probabilities_over_time_have_published_marks_and_the_mark_of_what_is_missing() -> None:
    printed = {("physical__intake", "high", "probability"): 0.45}
    figure = drawn(given.predictions({("sexual__closure", "standard"): None}), published=printed)
    found = texts(figure.svg)
    assert found.count("[x]") == 1
    assert {"Physical abuse", "Sexual abuse", "None", "High"} <= set(found)
    assert "high 43.7% (published 45.0%), interval 30.6% to 61.2%" in figure.alt
    assert "Sexual abuse: case closure: none 93.7%" in figure.alt
    assert "standard not available [x]; moderate 1.8%" in figure.alt
    assert figure.title.endswith("(%; n = 1,311)")
    assert "Hollow diamonds" in figure.caption
    assert "Hollow diamonds" not in drawn(given.predictions()).caption


def test_a_very_wide_interval_does_not_press_the_other_severities_flat() -> None:
    plain = given.predictions()
    wide = given.predictions()
    wide.cells = [
        cell if (cell.row, cell.column, cell.statistic) != ("sexual__intake", "high", "ci_high")
        else type(cell)(cell.row, cell.column, cell.statistic, 0.97, cell.n)
        for cell in wide.cells
    ]  # fmt: skip
    narrow, clipped = drawn(plain), drawn(wide)
    ticks = [[text for text in texts(figure.svg) if text.endswith("%")]
             for figure in (narrow, clipped)]  # fmt: skip
    assert ticks[0] == ticks[1]
    assert "beyond the axis" in clipped.caption
    assert "to 97.0%" in clipped.alt


def test_only_factors_whose_test_is_below_are_drawn() -> None:
    tests = given.factor_tests(
        {("relationship", "physical"): 0.01, ("ccj_involvement", "sexual"): 0.04,
         ("time_point", "physical"): 0.0001, ("relationship", "sexual"): None}
    )  # fmt: skip
    changes: given.Changes = {
        ("physical__relationship__family_member", "high"): 0.05,
        **{("sexual__ccj_involvement__no", level): None for level in given.LEVELS},
    }
    printed = {("physical__relationship__ex_partner", "high", "probability"): 0.10}
    figure = drawn(given.factor_predictions(changes), tests, published=printed)
    found = texts(figure.svg)
    assert [text for text in found if text.startswith(("Physical", "Sexual", "Har", "Jeal"))] == [
        "Physical abuse,", "Sexual abuse,"
    ]  # fmt: skip
    assert "Family member" in found
    assert found.count("[x]") == 1  # a row without any number: one mark
    assert "relationship: family member: standard 10.0%" in figure.alt
    assert "high 5.0%, interval 3.5% to 7.0%" in figure.alt
    assert "high 10.0% (published 10.0%)" in figure.alt
    assert "p-value below 0.05, not adjusted" in figure.caption
    table = given.entry(given.factor_predictions())
    nobody = given.entry(given.factor_tests({}))
    assert figure_for(run_of(table, nobody), table) is None
    assert figure_for(run_of(table), table) is None


def test_odds_ratios_of_imputed_data_stand_beside_those_of_complete_cases() -> None:
    alone, both = drawn(odds_ratios()), drawn(odds_ratios(), imputed({("age", "sexual"): None}))
    assert "Multiple imputation" not in texts(alone.svg)
    assert {"Complete cases", "Multiple imputation"} <= set(texts(both.svg))
    assert texts(both.svg).count("[x]") == 1
    assert (
        "Age at intake (years) Complete cases 0.80, interval 0.50 to 1.30, "
        "Multiple imputation not available" in both.alt
    )
    nothing = {(row, column): None for row in given.TERMS for column in given.BEHAVIOURS}
    assert drawn(odds_ratios(), imputed(nothing)) == alone


def test_an_interval_beyond_the_axis_ends_in_an_arrow_and_is_told_in_full() -> None:
    plain, wide = drawn(odds_ratios()), drawn(odds_ratios({("age", "sexual"): 0.004}))
    assert "An arrow" not in plain.caption
    assert "An arrow" in wide.caption
    assert "Age at intake (years) 0.004, interval 0.003 to 0.007" in wide.alt
    beside = {("age", "physical", "odds_ratio"): 1.2}
    ends = {("age", "physical", "ci_low"): 0.7, ("age", "physical", "ci_high"): 1.25}
    printed = drawn(odds_ratios(), published=beside)
    assert printed.svg != drawn(odds_ratios(), published=beside | ends).svg
    assert "Age at intake (years) 0.80 (published 1.20), interval 0.50 to 1.30" in printed.alt
    assert "Hollow diamonds" in printed.caption


def test_needs_have_a_forest_for_each_behaviour() -> None:
    changes: given.Changes = {("housing", "sexual"): None, ("housing", "physical"): 900.0}
    table = given.odds("needs_behaviour.odds_ratios", NEEDS, given.BEHAVIOURS, changes)
    figure = drawn(table)
    assert texts(figure.svg).count("[x]") == 1
    assert {"Housing", "Physical abuse", "1", "10"} <= set(texts(figure.svg))
    assert "Physical abuse: Housing 900, interval 562 to 1,462; Employment 0.80" in figure.alt
    assert "An arrow" in figure.caption


def test_high_severity_is_drawn_with_and_without_each_kind_of_work() -> None:
    changes: given.Changes = {
        ("behaviour_change__sexual__yes__adjusted", "high"): None,
        ("contact__physical__yes__unadjusted", "high"): 0.22,
    }
    figure = drawn(given.work_probabilities(changes))
    found = texts(figure.svg)
    assert {"Without this work", "With this work", "Direct support"} <= set(found)
    assert found.count("[x]") == 1
    assert "physical abuse, yes, unadjusted: 22.0%, interval 15.4% to 30.8%." in figure.alt
    assert "sexual abuse, yes, adjusted: not available [x]." in figure.alt
    assert "not a change over time" in figure.caption


def test_odds_ratios_of_work_have_a_panel_for_each_kind_and_a_mark_for_each_model() -> None:
    figure = drawn(given.work_odds("odds_ratios", ODDS_COLUMNS,
                                   {("contact__physical", "adjusted"): 1.6}))  # fmt: skip
    found = texts(figure.svg)
    assert {"Unadjusted", "Adjusted", "Physical abuse", "Behaviour-change work"} <= set(found)
    assert (
        "Making and sustaining contact: Physical abuse Unadjusted 0.80, interval 0.50 to 1.30, "
        "Adjusted 1.60, interval 1.00 to 2.60" in figure.alt
    )
    change = drawn(given.work_odds("change", CHANGE_COLUMNS))
    assert "Midpoint 0.80, interval 0.50 to 1.30, Case closure 0.80" in change.alt
    assert "fell more in those with the work" in change.caption


def test_effects_name_the_arms_as_the_table_does() -> None:
    table = given.effects({("physical", "imputed"): None})
    table.title = "Difference in differences by model, Arm B against Arm A"
    coded = drawn(table)
    assert "Arm B against Arm A" in coded.title
    assert "fell more in Arm B" in coded.caption
    assert "Drive" not in coded.alt + coded.svg
    assert "Physical abuse: Binary logit 0.80, interval 0.50 to 1.30;" in coded.alt
    assert texts(coded.svg).count("[x]") == 1
    table.title = "Difference in differences by model, intervention against control"
    assert "the intervention arm against the control arm" in drawn(table).title


def test_arms_look_as_in_the_figure_of_the_reports() -> None:
    arms = {"control": "Control", "intervention": "Drive"}
    rows = {"physical__intake": "Physical"}
    reports = given.filled("victim_behaviours.prevalence", rows, arms, [("share", 0.5)])
    cells = given.arm_cells({("sexual__exit", "control"): None})
    alone, beside = drawn(cells), drawn(cells, reports)
    assert alone.alt != beside.alt  # the other order of the arms
    assert "Physical abuse: intake: Control 75.0%, interval 52.5% to 105.0%; Drive 70.0%" in (
        beside.alt
    )
    assert (
        "Sexual abuse: exit: Drive 15.0%, interval 10.5% to 21.0%; Control not available [x]."
        in (alone.alt)
    )
    assert texts(alone.svg).count("[x]") == 1


def test_balance_is_drawn_before_and_after_weighting() -> None:
    figure = drawn(given.balance({("age", "after"): -0.02, ("site", "before"): None,
                                  ("site", "after"): None}))  # fmt: skip
    found = texts(figure.svg)
    assert {"Age", "Children present", "Before", "After"} <= set(found)
    assert "Site 2" not in found  # it has no number: the table says why
    assert "Age before 0.12, after −0.020" in figure.alt
