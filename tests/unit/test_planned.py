"""Which analyses of a run were planned, and what a run, its files and its report say of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import results_fixture

from datrial.config.plan import Amendment, Plan
from datrial.config.study import Study
from datrial.errors import UsageError
from datrial.pipeline import planned, stops
from datrial.pipeline.inputs import data_rules, run_id
from datrial.pipeline.job import Analysed, Job, departures
from datrial.pipeline.stored_job import StoredJob
from datrial.results.manifest import Manifest
from datrial.results.plan_words import NOT_LOCKED, plan_sentences, why_exploratory
from datrial.results.read import read_cells, read_run
from datrial.results.store import write_run

HASH = "0" * 64
LOCK = Plan(
    locked=dt.date(2026, 1, 5),
    hash=HASH,
    parts={"design": "0" * 8, "analyses.needs": "0" * 8, "analyses.balance": "0" * 8},
)


def resolved(plan: Plan | None = LOCK, **job: Any) -> Study:
    study = Job(study="drive", **job).resolved_study()
    return study.model_copy(update={"plan": plan})


def exploratory(study: Study) -> dict[str, str]:
    return planned.exploratory_analyses(study, departures(study)[1])


def test_a_run_as_planned_has_nothing_exploratory() -> None:
    assert exploratory(resolved()) == {}
    assert exploratory(resolved(analyses=("needs", "marac_follow_up"))) == {}


def test_an_analysis_run_with_other_parameters_is_exploratory_and_says_which() -> None:
    study = resolved(changes={
        "needs.time_point": "intake", "risk_score.effect": "normal",
    })  # fmt: skip
    assert exploratory(study) == {
        "needs": "run with other parameters than planned: time_point",
        "risk_score": "run with other parameters than planned: effect",
    }


def test_a_changed_parameter_that_is_the_planned_one_is_as_planned() -> None:
    assert exploratory(resolved(changes={"risk_score.effect": "gamma"})) == {}


def test_an_analysis_that_the_study_file_calls_exploratory_is() -> None:
    plan = LOCK.model_copy(update={"exploratory": ("balance",)})
    assert exploratory(resolved(plan)) == {"balance": "not in the analysis plan"}


def test_families_that_adjust_tests_of_exploratory_analyses_are_exploratory_too() -> None:
    found = exploratory(resolved(changes={"follow_up_rates.sites": "[site_2]"}))
    assert list(found) == ["follow_up_rates", "outcome_families"]
    assert found["outcome_families"] == "adjusts tests of exploratory analyses: follow_up_rates"


def test_a_family_with_only_some_of_its_planned_tests_is_another_family() -> None:
    """Fewer tests are adjusted for fewer; a family of which nothing is there adjusts nothing."""
    study = resolved(analyses=("marac_follow_up", "outcome_families"))
    assert exploratory(study) == {}
    families = dict(study.outcome_families)
    tests = (*families["victims_safety"].tests, *families["marac_reappearance"].tests)
    families["both"] = families["victims_safety"].model_copy(update={"tests": tests})
    study = study.model_copy(update={"outcome_families": families})
    assert exploratory(study) == {
        "outcome_families": "this run has only some of the planned tests of: both"
    }


@pytest.mark.parametrize("plan", [None, Plan(exploratory=("balance",))])
def test_without_a_lock_nothing_is_called_exploratory(plan: Plan | None) -> None:
    study = resolved(plan, changes={"needs.time_point": "intake"})
    assert exploratory(study) == {} and planned.plan_record(study) == {}


def test_what_a_manifest_records_of_the_plan() -> None:
    amendment = Amendment(date=dt.date(2026, 2, 6), reason="why", hash="1" * 64)
    plan = LOCK.model_copy(update={"amendments": (amendment,), "exploratory": ("needs",)})
    record = planned.plan_record(resolved(plan, analyses=("needs", "balance")))
    assert record == {
        "locked": "2026-01-05",
        "hash": "1" * 64,
        "amendments": [
            {"date": "2026-02-06", "reason": "why", "hash": "1" * 64, "changed": []}
        ],
        "planned": ["balance"],
        "planned_in_all": 2,
        "exploratory": ["needs"],
    }  # fmt: skip


def test_the_lock_decides_no_snapshot_and_every_run() -> None:
    assert data_rules(resolved()) == data_rules(resolved(None))
    assert run_id(resolved(), "s") != run_id(resolved(None), "s")


def test_a_job_whose_study_file_left_its_plan_does_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = resolved()
    monkeypatch.setattr("datrial.pipeline.planned.load_study", lambda _: broken)
    for stop in (stops.decide, stops.snapshot_for):
        with pytest.raises(UsageError, match="the analysis plan was locked on 2026-01-05"):
            stop(Job(study="drive"))


def test_a_stored_run_is_repeated_under_its_own_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = resolved()
    monkeypatch.setattr("datrial.pipeline.planned.load_study", lambda _: broken)
    planned.plan_holds(StoredJob(study="drive", resolved=broken))


def test_an_analysis_that_was_left_out_has_failed() -> None:
    study = resolved(analyses=("needs", "balance"))
    ends = planned.none_left_out(study, [Analysed(analysis="needs", state="done")])
    assert [(end.analysis, end.state) for end in ends] == [("needs", "done"), ("balance", "failed")]
    assert ends[1].reason


def test_what_is_missing_is_told_primary_outcomes_first() -> None:
    plan = LOCK.model_copy(update={"exploratory": ("balance",)})
    told = planned.without_result(resolved(plan), ["balance", "needs", "marac_follow_up"])
    assert told == (
        "without a result: planned primary outcomes: marac_follow_up; planned analyses: needs; "
        "exploratory analyses: balance"
    )
    assert planned.without_result(resolved(None), ["needs"]) == "without a result: analyses: needs"


def test_an_exploratory_table_is_marked_in_every_file(tmp_path: Path) -> None:
    tables = planned.with_standing(results_fixture.tables(), ["risk_score"])
    write_run(tmp_path, results_fixture.RUN_ID, results_fixture.manifest(), tables, {})
    run = read_run(tmp_path, results_fixture.RUN_ID)
    marked = {entry.table.id for entry in run.tables if entry.table.standing == "exploratory"}
    assert marked == {entry.table.id for entry in run.tables_of("risk_score")} != set()
    cells = read_cells(run.folder)
    assert set(cells.loc[cells["standing"] == "exploratory", "table_id"]) == marked
    assert set(cells["standing"]) == {"", "exploratory"}
    for entry in run.tables:
        path = run.folder / "tables" / entry.table.id
        lines = path.with_name(f"{path.name}.csv").read_text().splitlines()
        wide = pq.read_table(path.with_name(f"{path.name}.parquet"))
        if entry.table.id in marked:
            assert lines[0].endswith(",standing")
            assert all(line.endswith(",exploratory") for line in lines[1:])
            assert wide.column_names[-1] == "standing"
            assert set(wide["standing"].to_pylist()) == {"exploratory"}
        else:
            assert "standing" not in lines[0] and "standing" not in wide.column_names


def manifest(**changes: Any) -> Manifest:
    return Manifest.model_validate(results_fixture.manifest(**changes))


RECORD = {
    "locked": "2026-01-05", "hash": HASH, "amendments": [], "planned": ["needs", "balance"],
    "planned_in_all": 28, "exploratory": [],
}  # fmt: skip


def test_a_report_says_when_the_plan_was_locked() -> None:
    said = plan_sentences(manifest(plan=RECORD, exploratory={}))
    assert said[0].startswith("The analysis plan was locked on 5 January 2026; ")
    assert "No analysis of this run is exploratory." in said


def test_a_report_says_that_no_plan_was_locked_or_that_a_run_did_not_record_it() -> None:
    assert plan_sentences(manifest(plan={}, exploratory={})) == (NOT_LOCKED,)
    assert "did not record" in plan_sentences(manifest())[0]
    assert why_exploratory(manifest()) == {}


def test_a_report_tells_amendments_a_selection_what_is_exploratory_and_what_is_missing() -> None:
    amendment = {
        "date": "2026-02-06", "reason": "A new site.", "hash": HASH,
        "changed": ["sites", "analyses.needs"],
    }  # fmt: skip
    said = plan_sentences(
        manifest(
            plan=RECORD | {"amendments": [amendment]},
            exploratory={"balance": "not in the analysis plan"},
            only=["needs", "balance"],
            primary_outcomes=["needs"],
            analyses=[{"id": "needs", "state": "failed", "reason": "no rows"}],
        )
    )
    assert "Amended on 6 February 2026 (sites, needs): A new site." in said
    assert "This run is a selection: it has 1 of the 28 planned analyses." in said
    assert any("balance (not in the analysis plan)" in sentence for sentence in said)
    assert "Planned analyses without a result: needs (a primary outcome)." in said
