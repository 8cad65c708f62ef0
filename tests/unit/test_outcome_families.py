"""Families of outcomes: what the study file may declare, and what is made of the run's tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from given import Warehouse
from pydantic import ValidationError

from datrial.analyses.base import Context
from datrial.analyses.registry import ANALYSES
from datrial.config.study import Study, load_study
from datrial.pipeline.job import Job
from datrial.report.summary import findings
from datrial.results.cells import State, Table
from datrial.results.manifest import AnalysisEnd, Manifest
from datrial.results.read import Run, RunTable

ARMS = "marac_follow_up.rate_ratios"


def a_table(**p_values: float | None) -> Table:
    table = Table(ARMS, "Rate ratios", "")
    table.column("estimate", "Rate ratio")
    for row, p_value in p_values.items():
        table.row(row, row.capitalize())
        table.add(row, "estimate", "rate_ratio", 0.8, n=40)
        table.add(row, "estimate", "ci_low", 0.7, n=40)
        table.add(row, "estimate", "ci_high", 0.9, n=40)
        table.add(row, "estimate", "p_value", p_value, n=40, reason="not fitted")
    return table


def study_with(adjust: str = "holm", **tests: Any) -> Study:
    family = {"label": "Again at MARAC", "adjust": adjust, "tests": [{"table": ARMS, **tests}]}
    return changed({"again": family})


def changed(families: dict[str, Any]) -> Study:
    content = load_study("drive").model_dump() | {"outcome_families": families}
    return Study.model_validate(content)


def adjusted(study: Study, *tables: Table) -> Table:
    chosen = ANALYSES["outcome_families"]
    house = Warehouse()
    context = Context(
        house.connection, study, np.random.default_rng(1), earlier={t.id: t for t in tables}
    )
    (table,) = chosen.run(context, chosen.parameters())
    return table


def row(name: str) -> str:
    return f"marac_follow_up__rate_ratios__{name}__estimate"


def test_p_values_of_a_family_are_adjusted_together_and_stand_by_their_estimates() -> None:
    made = a_table(first=0.01, second=0.04, third=0.03)
    table = adjusted(study_with(), made)
    # Holm by hand: .01 x 3; then .03 x 2; then the same, as it may not fall.
    values = [table.get(row(n), "test", "p_value_adjusted").value for n in made.row_labels]
    assert values == pytest.approx([0.03, 0.06, 0.06])
    assert table.get(row("first"), "test", "p_value").value == 0.01
    assert table.get(row("first"), "test", "rate_ratio").value == 0.8
    assert table.get(row("first"), "test", "ci_high").value == 0.9
    assert table.get(row("first"), "test", "p_value_adjusted").n == 40
    assert "Adjusted for 3 tests." in table.note
    found = adjusted(study_with("benjamini_hochberg"), made)
    values = [found.get(row(n), "test", "p_value_adjusted").value for n in made.row_labels]
    assert values == pytest.approx([0.03, 0.04, 0.04])


def test_rows_are_chosen_and_ordered_by_the_study_file() -> None:
    made = a_table(first=0.01, second=0.04, third=0.03)
    table = adjusted(study_with(rows=["third", "first"], columns=["estimate"]), made)
    assert list(table.row_labels) == [row("third"), row("first")]
    assert table.get(row("third"), "test", "p_value_adjusted").value == pytest.approx(0.03)


def test_a_test_that_could_not_be_made_says_why_and_does_not_count() -> None:
    made = a_table(first=0.01, second=None)
    table = adjusted(study_with(rows=["first", "second", "fourth"], columns=["estimate"]), made)
    assert table.get(row("first"), "test", "p_value_adjusted").value == pytest.approx(0.01)
    for name, reason in (("second", "not fitted"), ("fourth", f"{ARMS} has no such test")):
        cell = table.get(row(name), "test", "p_value_adjusted")
        assert (cell.state, cell.note) == (State.NOT_AVAILABLE, reason)
    assert "Adjusted for 1 test; 2 of the family could not be made" in table.note


def test_a_table_that_is_not_in_the_run_is_said_to_be_missing() -> None:
    table = adjusted(study_with())
    (cell,) = [cell for cell in table.cells if cell.statistic == "p_value_adjusted"]
    assert cell.note == f"the table {ARMS} is not in this run"
    assert said(table) == "Again at MARAC: no test of this family could be made."


def said(table: Table) -> str:
    end = AnalysisEnd(id="outcome_families", state="done", reason="")
    manifest = Manifest(run_id="r", snapshot_id="s", study="drive", analyses=(end,))
    run = Run(Path(), manifest, {}, (RunTable("outcome_families", table, {}),))
    return " ".join(sentence for found in findings(run, {}) for sentence in found.sentences)


def test_the_summary_tells_which_tests_still_speak_against_chance() -> None:
    made = a_table(first=0.01, second=0.04, third=None)
    assert said(adjusted(study_with(), made)) == (
        "Again at MARAC: 2 of 2 tests keep p below 0.05 after adjustment: First; Second. "
        "1 could not be made."
    )
    none = a_table(first=0.5, second=0.04)
    assert said(adjusted(study_with(), none)) == (
        "Again at MARAC: none of 2 tests has p below 0.05 after adjustment."
    )


@pytest.mark.parametrize(
    ("families", "told"),
    [
        ({"again": {"label": "x", "adjust": "bonferroni", "tests": [{"table": ARMS}]}}, "adjust"),
        ({"again": {"label": "x", "adjust": "holm", "tests": []}}, "tests"),
        ({"again": {"label": "x", "adjust": "holm", "tests": [{"table": "happiness.all"}]}},
         "'happiness' is not planned"),
        ({"again": {"label": "x", "adjust": "holm", "tests": [{"table": ARMS}] * 2}},
         "named twice"),
    ],
)  # fmt: skip
def test_a_family_that_cannot_be_is_refused(families: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        changed(families)


def test_families_need_the_analysis_that_adjusts_them() -> None:
    content = load_study("drive").model_dump()
    del content["analyses"]["outcome_families"]
    with pytest.raises(ValidationError, match="by the analysis outcome_families: plan it"):
        Study.model_validate(content)


def test_families_are_adjusted_after_all_other_analyses() -> None:
    names = list(Job(study="drive_linkage").resolved_study().analyses)
    assert names[-1] == "outcome_families"


def test_every_test_of_the_study_s_families_exists() -> None:
    for name in ("drive", "drive_linkage"):
        study = load_study(name)
        for family in study.outcome_families.values():
            for tests in family.tests:
                assert tests.analysis in study.analyses
