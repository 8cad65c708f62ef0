"""The catalogue of published tables and figures: whole, true to the analyses, and answered."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import results_fixture
from typer.testing import CliRunner

from datrial.analyses.registry import ANALYSES
from datrial.cli import app
from datrial.config.costs import cost_model_path, cost_models
from datrial.config.load import parse
from datrial.config.project import project_root
from datrial.economics.reading import read_model
from datrial.errors import UsageError
from datrial.results.catalogue import (
    Catalogue,
    RowState,
    catalogue_states,
    load_catalogue,
)
from datrial.results.cells import State, Table
from datrial.results.read import Run, read_run
from datrial.results.store import write_run

#: Rows of the published reports for which nothing is built yet, and those of cost models.
NOT_BUILT = ("E-", "R-T", "R-N", "F-")
COSTS = ("D-C", "R-V")


def stored(home: Path, *tables: tuple[str, Table], name: str = "r1", **manifest: Any) -> Run:
    made = {"study": "drive", "snapshot_id": "s1", "end": "2026-01-05T13:00:00+00:00"}
    write_run(home, name, made | manifest, list(tables), {})
    return read_run(home, name)


def table(name: str, *catalogue: str, **states: State) -> tuple[str, Table]:
    """Return a table of one column with a row for each state."""
    made = Table(name, "A title", "A note.", catalogue)
    made.column("all", "All")
    for row, state in states.items():
        made.row(row, row)
        if state is State.VALUE:
            made.add(row, "all", "count", 3)
        else:
            made.absent(row, "all", "count", "why", state=state)
    return name.partition(".")[0], made


def one(run: Run | None, row: str) -> Any:
    return next(state for state in catalogue_states(run) if state.row.id == row)


def test_the_catalogue_has_every_row_of_the_four_reports() -> None:
    rows = load_catalogue().entries
    by_report = {
        name: [r.id for r in rows if r.report == name] for name in load_catalogue().reports
    }
    assert {name: len(ids) for name, ids in by_report.items()} == {
        "drive": 43, "early_intervention": 5, "restart": 9, "family_solutions_plus": 6
    }  # fmt: skip
    for name, letter in zip(by_report, "DERF", strict=True):
        assert all(row.startswith(f"{letter}-") for row in by_report[name])


def test_each_row_names_the_analyses_that_say_they_answer_it_and_no_others() -> None:
    answered = {row.id: set(row.answered_by) for row in load_catalogue().entries}
    said: dict[str, set[str]] = {row: set() for row in answered}
    for name, analysis in ANALYSES.items():
        for row in analysis.catalogue:
            assert row in answered, f"{name} answers {row}, which configs/catalogue.yaml lacks"
            said[row].add(name)
    assert answered == said


def test_every_row_is_built() -> None:
    rows = {row.id for row in load_catalogue().entries}
    found = {
        state: {s.row.id for s in catalogue_states(None) if s.state is state} for state in RowState
    }
    assert found[RowState.NOT_BUILT] == set()
    assert found[RowState.COST_MODEL] == {row for row in rows if row.startswith(COSTS)}
    assert found[RowState.NOT_IN_RUN] == rows - found[RowState.COST_MODEL]


def test_each_cost_model_of_the_catalogue_is_there_and_quotes_the_rows_first_table() -> None:
    for row in load_catalogue().entries:
        table = re.search(r"A8\.\d+|\d+", row.place)
        for model in row.cost_models:
            text = (project_root() / "configs" / "costs" / f"{model}.yaml").read_text()
            assert table and re.search(rf"Tables? {re.escape(table[0])}\b", text), row.id


@pytest.mark.parametrize("name", cost_models())
def test_each_cost_model_says_which_rows_it_works_out_as_the_catalogue_does(name: str) -> None:
    said = read_model(cost_model_path(name)).file.catalogue
    assert said == tuple(row.id for row in load_catalogue().entries if name in row.cost_models)
    assert said and set(said) <= set(ANALYSES["cost_model"].catalogue)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([State.VALUE], RowState.DONE),
        ([State.VALUE, State.NOT_APPLICABLE], RowState.DONE),
        ([State.VALUE, State.SUPPRESSED], RowState.DONE),
        ([State.SUPPRESSED], RowState.DONE),
        ([State.VALUE, State.NOT_AVAILABLE], RowState.PARTLY),
        ([State.NOT_AVAILABLE], RowState.NOT_AVAILABLE),
        ([State.NOT_AVAILABLE, State.NOT_APPLICABLE], RowState.NOT_AVAILABLE),
        ([], RowState.NOT_AVAILABLE),
    ],
)
def test_the_state_of_a_row_follows_from_its_tables_cells(
    tmp_path: Path, states: list[State], expected: RowState
) -> None:
    rows = {f"row_{place}": state for place, state in enumerate(states)}
    found = one(stored(tmp_path, table("victim_risk.change", "D-F46", **rows)), "D-F46")
    assert found.state is expected
    assert [found.cells(state) for state in State] == [states.count(state) for state in State]
    assert found.is_answered == (expected in (RowState.DONE, RowState.PARTLY))


def test_a_row_is_judged_by_all_its_tables(tmp_path: Path) -> None:
    run = stored(
        tmp_path,
        table("victim_risk.change", "D-F46", a=State.VALUE),
        table("victim_risk.tests", "D-F46", a=State.NOT_AVAILABLE),
    )
    found = one(run, "D-F46")
    assert found.state is RowState.PARTLY
    assert [answer.id for answer in found.tables] == ["victim_risk.change", "victim_risk.tests"]


def test_a_failed_analysis_fails_its_rows_and_says_why(tmp_path: Path) -> None:
    """Also where another analysis has an answer: the row is not answered as it should be."""
    ends = [
        {"id": "marac_follow_up", "state": "failed", "reason": "no hearings"},
        {"id": "follow_up_rates", "state": "done"},
    ]
    run = stored(
        tmp_path, table("follow_up_rates.events", "D-F27", a=State.VALUE), analyses=ends
    )  # fmt: skip
    found = one(run, "D-F27")
    assert found.state is RowState.FAILED and found.reasons == (("marac_follow_up", "no hearings"),)
    assert one(run, "D-F28").state is RowState.FAILED
    assert one(run, "D-F22").state is RowState.NOT_IN_RUN
    assert one(run, "D-C1").state is RowState.COST_MODEL


def test_published_numbers_beside_are_counted(tmp_path: Path) -> None:
    from datrial.results.published import load_published, published_values

    beside = published_values(load_published("drive"), results_fixture.PARAMETERS)
    tables = [(name, made) for name, made in results_fixture.tables() if name == "risk_score"]
    of_these = {made.id: [key for key in beside if key[0] == made.id] for _, made in tables}
    kept = {
        key: value for key, value in beside.items()
        if key[0] in of_these and (key[1:] in {(c.row, c.column, c.statistic)
            for _, made in tables if made.id == key[0] for c in made.cells})
    }  # fmt: skip
    assert kept
    for _, made in tables:
        made.catalogue = ("D-TA3.2",)
    write_run(tmp_path, "r1", {"study": "drive", "snapshot_id": "s1"}, tables, kept)
    assert one(read_run(tmp_path, "r1"), "D-TA3.2").published == len(kept)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"report": "other"}, "no report 'other'"),
        ({"colour": "red"}, "no such setting"),
        ({"place": ""}, "place"),
        ({"id": "Table 1"}, "id"),
        ({}, "D-T1 is given twice"),
    ],
)
def test_a_faulty_catalogue_is_told(changes: dict[str, str], told: str) -> None:
    row: dict[str, Any] = {
        "id": "D-T1", "report": "drive", "place": "Table 1", "shows": "Numbers", "data": ["all"],
        "group": "trial",
    }  # fmt: skip
    content = {"reports": {"drive": {"title": "Drive"}}, "entries": [row, row | changes]}
    with pytest.raises(UsageError, match=told):
        parse(Catalogue, content, "configs/catalogue.yaml")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    return tmp_path


def answer(*words: str) -> str:
    result = CliRunner().invoke(app, ["catalogue", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def listed(*words: str) -> dict[str, Any]:
    return {row["id"]: row for row in json.loads(answer(*words, "--json"))["rows"]}


def test_every_row_is_listed_before_the_first_run(home: Path) -> None:
    said = answer()
    assert "no run of drive yet" in said
    assert "43 rows: 36 not in this run, 7 in a cost model." in said
    assert "63 rows: 52 not in this run, 11 in a cost model." in answer("--report", "all")
    assert len(listed("--report", "all")) == 63
    assert {row[0] for row in listed("--study", "restart")} == {"R"}


def test_the_command_shows_states_tables_and_counts(home: Path) -> None:
    stored(
        home,
        table("victim_risk.change", "D-F46", a=State.VALUE, b=State.NOT_AVAILABLE),
        table("follow_up_rates.events", "D-F27", "D-P1", a=State.VALUE, b=State.SUPPRESSED),
    )
    said = answer()
    for line in (
        "In run r1 of drive:",
        "D-F46    partly not available",
        "         - victim_risk.change: 1 of 2 cells have a value, 1 not available",
        "         - follow_up_rates.events: 1 of 2 cells have a value, 1 suppressed",
        "         (marac_follow_up, follow_up_times, follow_up_randomisation: not in this run)",
        "43 rows: 2 done, 1 partly not available, 33 not in this run, 7 in a cost model.",
    ):
        assert line in said.splitlines()
    assert set(listed("--state", "answered")) == {"D-F46", "D-F27", "D-P1"}
    assert set(listed("--state", "done")) == {"D-F27", "D-P1"}
    assert set(listed("--state", "not_in_this_run", "--report", "restart")) == {
        row for row in listed("--report", "all") if row.startswith(("R-T", "R-N"))
    }
    assert listed()["D-F46"]["tables"][0]["cells"] == {
        "value": 1, "suppressed": 0, "not_available": 1, "not_applicable": 0
    }  # fmt: skip


def test_a_selection_made_later_does_not_take_the_place_of_the_latest_whole_run(home: Path) -> None:
    stored(home, table("victim_risk.change", "D-F46", a=State.VALUE))
    stored(home, name="r2", only=["balance"], end="2026-01-06T13:00:00+00:00")
    stored(home, name="r3", study="drive_linkage", end="2026-01-07T13:00:00+00:00")
    assert json.loads(answer("--json"))["run"] == "r1"
    assert json.loads(answer("--run", "r2", "--json"))["run"] == "r2"
    assert json.loads(answer("--study", "drive_linkage", "--json"))["run"] == "r3"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--state", "perhaps"), "--state perhaps: there are answered, done"),
        (("--report", "other"), "--report other: there are all, drive"),
        (("--study", "dirve"), "no study 'dirve'"),
        (("--run", "r9"), "r9"),
    ],
)
def test_what_there_is_not_is_told(home: Path, words: tuple[str, str], told: str) -> None:
    stored(home, table("victim_risk.change", "D-F46", a=State.VALUE))
    with pytest.raises(UsageError, match=told):
        CliRunner().invoke(app, ["catalogue", *words], catch_exceptions=False)
