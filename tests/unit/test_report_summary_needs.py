"""What the summary says about needs, and about what could not be found out."""

from __future__ import annotations

from pathlib import Path

from datrial.report.summary import findings
from datrial.results.cells import PublishedValue, Table
from datrial.results.manifest import AnalysisEnd, Manifest
from datrial.results.read import Run, RunTable


def said(table: Table, published: dict[tuple[str, str, str], PublishedValue] | None = None) -> str:
    """Return the summary of a run with this table alone."""
    name = table.id.partition(".")[0]
    manifest = Manifest(
        run_id="r", snapshot_id="s", study="drive",
        analyses=(AnalysisEnd(id=name, state="done", reason=""),),
    )  # fmt: skip
    run = Run(Path(), manifest, {}, (RunTable(name, table, published or {}),))
    return " ".join(sentence for found in findings(run, {}) for sentence in found.sentences)


def test_no_needs_are_told_beside_the_published_share_or_as_not_available() -> None:
    table = Table("needs.number", "", "", (), {"needs_0": "No needs"}, {"missing": "Answered"})
    table.add("needs_0", "missing", "share", 0.374)
    beside = {("needs_0", "missing", "share"): PublishedValue(0.37, "Figure 2")}
    assert said(table, beside).startswith(
        "37.4% of service users had no need recorded (published 37%)"
    )
    empty = Table("needs.number", "", "", (), {"needs_0": "No needs"}, {"missing": "Answered"})
    empty.absent("needs_0", "missing", "share", "no case-management data were received")
    assert "is not available (no case-management data were received)" in said(empty)


def table_of_tests(*p_values: float | None) -> Table:
    rows = {f"row_{n}": f"Behaviour {n}" for n in range(len(p_values))}
    table = Table("needs_class_behaviour.tests", "", "", (), rows, {"table": "Table"})
    for row, p_value in zip(rows, p_values, strict=True):
        table.add(row, "table", "p_value", p_value, reason="no test")
    return table


def test_classes_that_differ_are_named_and_no_finding_is_no_proof() -> None:
    assert said(table_of_tests(0.01, 0.2, 0.03)) == (
        "Between the classes of needs behaviour 0 and behaviour 2 differ (of 3 tests, not "
        "adjusted; smallest p-value 0.010)."
    )
    assert "Of 2 behaviours none is found to differ" in said(table_of_tests(0.4, None, 0.3))
    assert "is not known: no test" in said(table_of_tests(None))


def test_odds_ratios_are_counted_after_adjustment() -> None:
    rows = {f"row_{n}": "Need" for n in range(3)}
    table = Table("needs_behaviour.odds_ratios", "", "", (), rows, {"physical": "Physical"})
    for row, p_value in zip(rows, (0.001, 0.2, None), strict=True):
        table.add(row, "physical", "p_value_adjusted", p_value, reason="not fitted")
    assert said(table).startswith("Of 2 odds ratios between a need and a behaviour, 1 is below")
    for cell in list(table.cells):
        table.cells.remove(cell)
        table.absent(cell.row, cell.column, cell.statistic, "not fitted")
    assert "no model could be fitted" in said(table)
