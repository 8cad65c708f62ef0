"""Two runs compared cell by cell: every kind of difference, and which ones matter most."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import two_runs as given

from datrial.results.cells import State, Table
from datrial.results.difference_ranking import ranked
from datrial.results.differences import Differs, compare_runs


def test_a_run_is_equal_to_itself_and_to_a_run_with_the_same_cells(tmp_path: Path) -> None:
    first = given.store(tmp_path, "one", given.counts(10, None, 3))
    second = given.store(tmp_path, "two", given.counts(10, None, 3), label="again")
    for other in (first, second):
        comparison = compare_runs(first, other)
        assert comparison.is_equal
        assert comparison.cells_compared == 3
        assert (comparison.differences, comparison.causes, comparison.unexplained) == ((), (), 0)


def test_a_value_a_state_a_count_and_lost_and_new_cells_are_told_apart(tmp_path: Path) -> None:
    old = given.counts(10, None, 30, 40, 50)
    new = given.counts(11, 20, 30, 40, 50)
    new.cells[2] = dataclasses.replace(new.cells[2], n=501)
    old.cells.pop(3)
    new.cells.pop(4)
    first = given.store(tmp_path, "one", old)
    second = given.store(tmp_path, "two", new, snapshot_id="s2")
    comparison = compare_runs(first, second)
    assert [(entry.row, entry.differs, entry.change) for entry in comparison.differences] == [
        ("row_0", Differs.VALUE, 1.0),
        ("row_1", Differs.STATE, None),
        ("row_2", Differs.N, 0.0),
        ("row_3", Differs.ONLY_SECOND, None),
        ("row_4", Differs.ONLY_FIRST, None),
    ]
    found = comparison.differences[0]
    assert (found.analysis, found.table_id) == ("marac_follow_up", "marac_follow_up.people")
    assert (found.table_title, found.row_label, found.column_label) == (
        "People at MARAC", "Row 0", "People"
    )  # fmt: skip
    assert found.first is not None and found.second is not None
    assert (found.first.value, found.second.value) == (10, 11)
    assert comparison.differences[1].first is not None
    assert comparison.differences[1].first.state is State.SUPPRESSED


@pytest.mark.parametrize(("tolerance", "differ"), [(0.0, 3), (1e-12, 2), (1e-6, 1), (0.02, 0)])
def test_the_tolerance_is_absolute_and_relative(
    tmp_path: Path, tolerance: float, differ: int
) -> None:
    first = given.store(tmp_path, "one", given.counts(1e6, 1.0, 0.0))
    second = given.store(
        tmp_path, "two", given.counts(1e6 + 1e-7, 1.0 + 1e-7, 0.01), snapshot_id="s2"
    )
    assert len(compare_runs(first, second, tolerance=tolerance).differences) == differ
    assert len(compare_runs(second, first, tolerance=tolerance).differences) == differ


def test_zero_is_never_the_same_as_a_hidden_or_missing_value(tmp_path: Path) -> None:
    first = given.store(tmp_path, "one", given.counts(0))
    second = given.store(tmp_path, "two", given.counts(None), snapshot_id="s2")
    assert [entry.differs for entry in compare_runs(first, second, tolerance=9).differences] == [
        Differs.STATE
    ]


def test_tables_and_analyses_that_only_one_run_has_are_named(tmp_path: Path) -> None:
    first = given.store(tmp_path, "one", given.counts(10), given.ratios((0.9, 0.8, 1.0, 0.04)))
    second = given.store(
        tmp_path, "two", given.counts(10),
        analyses=[{"id": "marac_follow_up", "state": "done"}],
    )  # fmt: skip
    comparison = compare_runs(first, second)
    assert not comparison.is_equal
    assert comparison.differences == ()
    (table,) = comparison.tables
    assert (table.table_id, table.cells, table.only_in) == (
        "risk_score.ratios", 4, Differs.ONLY_FIRST
    )  # fmt: skip
    assert table.cause == "parameters"
    (analysis,) = comparison.analyses
    assert (analysis.analysis, analysis.first, analysis.second) == ("risk_score", "done", "")


def test_an_analysis_that_failed_is_the_cause_of_its_missing_tables(tmp_path: Path) -> None:
    ended = [
        {"id": "marac_follow_up", "state": "done"},
        {"id": "risk_score", "state": "failed", "reason": "did not converge"},
    ]
    first = given.store(tmp_path, "one", given.counts(10), given.ratios((0.9, 0.8, 1.0, 0.04)))
    second = given.store(tmp_path, "two", given.counts(10), analyses=ended)
    comparison = compare_runs(first, second)
    assert [entry.cause for entry in comparison.tables] == ["failure"]
    assert comparison.analyses[0].reason == "did not converge"
    assert comparison.unexplained == 0


def test_words_are_compared_apart_and_only_when_asked_for(tmp_path: Path) -> None:
    old, new = given.counts(10), given.counts(10)
    new.title, new.row_labels = "Perpetrators at MARAC", {"row_0": "First row"}
    new.cells[0] = dataclasses.replace(new.cells[0], warning="few")
    first, second = given.store(tmp_path, "one", old), given.store(tmp_path, "two", new)
    silent = compare_runs(first, second)
    assert silent.is_equal
    assert silent.texts == ()
    said = compare_runs(first, second, texts=True)
    assert said.is_equal
    assert [(text.place, text.first, text.second) for text in said.texts] == [
        ("title", "People at MARAC", "Perpetrators at MARAC"),
        ("row row_0", "Row 0", "First row"),
        ("cell row_0, people, count: warning", "", "few"),
    ]


def test_what_turned_round_and_what_crossed_the_level_come_first(tmp_path: Path) -> None:
    first = given.store(
        tmp_path, "one", given.ratios((0.5, 0.4, 0.6, 0.001), (0.99, 0.9, 1.1, 0.06))
    )
    second = given.store(
        tmp_path, "two", given.ratios((0.7, 0.6, 0.8, 0.002), (1.01, 0.9, 1.1, 0.04)),
        snapshot_id="s2",
    )  # fmt: skip
    (analysis,) = ranked(compare_runs(first, second))
    (table,) = analysis.tables
    said = [(e.difference.row, e.difference.statistic, e.flag) for e in table.differences]
    assert said[:3] == [
        ("row_1", "rate_ratio", "changed its direction"),
        ("row_1", "p_value", "crossed 0.05"),
        ("row_0", "rate_ratio", ""),
    ]
    estimate = table.differences[2]
    # log(0.7 / 0.5) over log(0.6 / 0.4) / (2 * 1.96)
    assert estimate.in_errors == pytest.approx(3.2530, abs=1e-3)


def test_primary_outcomes_come_first_and_counts_of_files_last(tmp_path: Path) -> None:
    def tables(step: float) -> list[Table]:
        files = given.counts(1000 + 500 * step, table_id="extracts_received.rows")
        files.not_about_people = "counts a file's rows"
        return [
            files,
            given.ratios((0.9 + step * 1e-3, 0.8, 1.0, 0.04)),
            given.counts(100 + step),
        ]

    first = given.store(tmp_path, "one", *tables(0))
    second = given.store(tmp_path, "two", *tables(1), snapshot_id="s2")
    found = ranked(compare_runs(first, second))
    assert [(entry.analysis, entry.is_primary) for entry in found] == [
        ("marac_follow_up", True), ("risk_score", False), ("extracts_received", False)
    ]  # fmt: skip
