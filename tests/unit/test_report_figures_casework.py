"""Figures of interventions and behaviours: what is drawn, what is said, what has no value."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from datrial.report.drawing import Figure
from datrial.report.figures_alluvial import severity_flows
from datrial.report.figures_behaviours import (
    behaviour_by_engagement,
    severity_by_time,
    severity_change,
    sources_side_by_side,
)
from datrial.report.figures_interventions import (
    actions_by_month,
    agencies_by_type,
    duration_of_cases,
    work_by_type,
)
from datrial.results.cells import PublishedValue, Table
from datrial.results.read import RunTable

BEHAVIOURS = {"physical": "Physical abuse", "sexual": "Sexual abuse"}
LEVELS = {
    "none": "None",
    "standard": "Standard",
    "moderate": "Moderate",
    "high": "High",
    "not_known": "Not known",
}
SHARES = (0.4, 0.03, 0.1, 0.47)
Draw = Callable[[RunTable], Figure | None]


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()).strip() for element in ET.fromstring(svg).iter()
            if element.tag.endswith("text")]  # fmt: skip


def drawn(
    draw: Draw, table: Table, published: dict[tuple[str, str, str], float] | None = None
) -> Figure:
    printed = {key: PublishedValue(value, "text") for key, value in (published or {}).items()}
    figure = draw(RunTable("x", table, printed))
    assert figure is not None
    ET.fromstring(figure.svg)
    return figure


def severity(*, known: bool = True) -> Table:
    table = Table("behaviours.severity", "Severity", "Forms.")
    for level in ("none", "standard", "moderate", "high"):
        table.column(level, LEVELS[level])
    for behaviour, label in BEHAVIOURS.items():
        for time_point in ("intake", "closure"):
            row = f"{behaviour}__{time_point}"
            table.row(row, f"{label}: {time_point}")
            for level, share in zip(table.column_labels, SHARES, strict=True):
                there = known and behaviour == "physical"
                n = 100 if there else None
                table.add(row, level, "share", share if there else None, n=n, reason="no form")
    return table


def transitions(counts: dict[tuple[str, str, str], int]) -> Table:
    table = Table("behaviours.transitions", "Steps", "People.")
    for level, label in LEVELS.items():
        table.column(level, label)
    for behaviour, words in BEHAVIOURS.items():
        for step in ("intake_midpoint", "midpoint_closure", "intake_closure"):
            for first, label in LEVELS.items():
                row = f"{behaviour}__{step}__{first}"
                table.row(row, f"{words}: {step}, {label.lower()} before")
                for last in LEVELS:
                    count = counts.get((step, first, last), 0) if behaviour == "physical" else 0
                    table.add(row, last, "count", count)
    return table


def test_severity_is_stacked_with_a_mark_where_nothing_is_known() -> None:
    figure = drawn(severity_by_time, severity())
    found = texts(figure.svg)
    assert found.count("47%") == 2
    assert "3%" not in found  # too narrow for its number; the other text has it
    assert "standard 3.0%" in figure.alt
    assert found.count("[x]") == 2
    assert "Physical abuse: intake (n = 100)" in found
    assert "Sexual abuse: intake" in found
    assert severity_by_time(RunTable("x", severity(known=False), {})) is None


def test_change_shows_the_rows_of_everybody() -> None:
    table = Table("behaviours.change", "Change", "People.")
    for column in ("reduced", "none_both", "unchanged", "increased"):
        table.column(column, column.capitalize())
    for group in ("all", "high"):
        row = f"physical__closure__{group}"
        table.row(row, f"Physical abuse, {group}")
        for column, share in zip(table.column_labels, SHARES, strict=True):
            table.add(row, column, "share", share, n=50)
    figure = drawn(severity_change, table)
    assert "Physical abuse, all (n = 50)" in texts(figure.svg)
    assert "Physical abuse, high" not in figure.svg


def test_the_flows_are_as_wide_as_the_people_who_went() -> None:
    """Half of ten go from high to none, two to not known, three stay; then all are none."""
    steps = {
        ("intake_midpoint", "high", "none"): 5,
        ("intake_midpoint", "high", "not_known"): 2,
        ("intake_midpoint", "high", "high"): 3,
        ("midpoint_closure", "none", "none"): 5,
        ("midpoint_closure", "not_known", "none"): 2,
        ("midpoint_closure", "high", "none"): 3,
    }
    figure = drawn(severity_flows, transitions(steps))
    found = texts(figure.svg)
    # Intake: all high; midpoint: 30, 50, 20; closure: all none.
    assert [found.count(text) for text in ("100%", "50%", "30%", "20%")] == [2, 1, 1, 1]
    assert figure.title.endswith("(% of service users; n = 10 with a form)")
    assert "high before: high 3, none 5, not known 2." in figure.alt
    assert "intake_closure" not in figure.alt  # the third step is not drawn
    # Six bands, each a closed path with two curves.
    curves = [path for path in re.findall(r' d="([^"]+)"', figure.svg) if path.count("C") == 2]
    assert len(curves) == 6


def test_the_bands_of_a_block_fill_it() -> None:
    """The heights of the bands, read back from the drawing, are as the counts."""
    steps = {
        ("intake_midpoint", "high", "none"): 6,
        ("intake_midpoint", "high", "high"): 2,
        ("midpoint_closure", "none", "none"): 6,
        ("midpoint_closure", "high", "none"): 2,
    }
    figure = drawn(severity_flows, transitions(steps))
    heights = []
    for path in re.findall(r' d="([^"]+)"', figure.svg):
        if path.count("C") == 2:
            numbers = [float(each) for each in re.findall(r"-?\d+\.?\d*", path)]
            start, end = numbers[1], numbers[-1]  # top and bottom of the left edge
            heights.append(abs(end - start))
    high, none, *_ = heights
    assert none / high == pytest.approx(3, abs=0.02)


def test_a_behaviour_of_which_nothing_is_known_has_no_flows() -> None:
    assert severity_flows(RunTable("x", _without(transitions({})), {})) is None
    figure = drawn(severity_flows, transitions({}))
    assert "%" not in "".join(texts(figure.svg))


def _without(table: Table) -> Table:
    empty = Table(table.id, table.title, table.note)
    empty.row_labels, empty.column_labels = table.row_labels, table.column_labels
    empty.absent_all(table.row_labels, table.column_labels, ["count"], "no data")
    return empty


def test_engagement_lines_and_sources() -> None:
    table = Table("behaviours.engagement", "By engagement", "Forms.")
    for column in ("intake", "closure"):
        table.column(column, column.capitalize())
    for behaviour, label in BEHAVIOURS.items():
        for level in ("engaged", "did_not_engage"):
            row = f"{behaviour}__{level}"
            table.row(row, f"{label}: {level.replace('_', ' ')}")
            table.add(row, "intake", "share", 0.5, n=20)
            table.add(row, "closure", "share", None, reason="no form")
    figure = drawn(behaviour_by_engagement, table)
    found = texts(figure.svg)
    assert found.count("Did not engage") == 1  # one legend for all panels
    assert "Physical abuse: engaged: intake 50.0%, closure not available [x]." in figure.alt
    sources = Table("behaviours.both_sources", "Sources", "Forms.")
    for column in ("case_manager", "idva"):
        sources.column(column, column)
    sources.row("physical__intake", "Physical abuse: intake")
    sources.row("sexual__intake", "Sexual abuse: intake")
    sources.add("physical__intake", "case_manager", "share", 0.6, n=460)
    sources.add("physical__intake", "idva", "share", 0.7, n=190)
    sources.add("sexual__intake", "case_manager", "share", 0.04, n=460)
    sources.absent("sexual__intake", "idva", "share", "no IDVA data were received")
    figure = drawn(sources_side_by_side, sources)
    assert texts(figure.svg).count("[x]") == 1
    assert "Sexual abuse: intake: case_manager 4.0%, idva not available [x]." in figure.alt
    assert "n = 460 case_manager, n = 190 idva" in figure.title


def work() -> Table:
    table = Table("interventions.work", "Work", "Actions.")
    table.column("actions", "Actions")
    table.column("within", "Of the work")
    kinds = {
        "indirect": ("background_research", "multi_agency", "case_update"),
        "direct": ("contact", "direct_support", "behaviour_change"),
    }
    for direction, rows in kinds.items():
        table.row(direction, direction.capitalize())
        table.add(direction, "actions", "share", 0.5, n=100)
        for row, share in zip(rows, (0.22, 0.31, 0.47), strict=True):
            table.row(row, row.replace("_", " ").capitalize())
            value = None if row == "contact" else share
            table.add(row, "within", "share", value, n=50, reason="no action")
    return table


def test_work_has_a_bar_for_each_kind_and_the_printed_mark() -> None:
    published = {("multi_agency", "within", "share"): 0.26}
    figure = drawn(work_by_type, work(), published)
    found = texts(figure.svg)
    assert [found.count(text) for text in ("22%", "31%", "[x]")] == [1, 2, 1]
    assert "multi agency 31.0% (published 26.0%)" in figure.alt
    assert "contact not available" in figure.alt
    assert figure.caption.startswith("Hollow diamonds")
    assert drawn(work_by_type, work()).caption == ""


def test_months_are_lines_without_the_rest() -> None:
    table = Table("interventions.months", "Months", "Actions.")
    columns = (
        "indirect", "background_research", "multi_agency", "case_update",
        "direct", "contact", "direct_support", "behaviour_change",
    )  # fmt: skip
    for column in columns:
        table.column(column, column)
    for row in ("month_1", "month_2", "month_later", "before_start"):
        table.row(row, row)
        for column in columns:
            table.add(row, column, "mean", 2.5 if row == "month_1" else None, n=9, reason="none")
    figure = drawn(actions_by_month, table)
    assert "direct: month_1 2.50, month_2 not available [x]." in figure.alt
    assert "month_later" not in figure.alt
    assert {"indirect, all", "behaviour_change"} <= set(texts(figure.svg))


def test_agencies_leave_out_the_row_without_shares() -> None:
    table = Table("interventions.agencies", "Agencies", "Actions.")
    columns = ("background_research", "multi_agency", "disrupt", "support",
               "support_and_disrupt", "case_update")  # fmt: skip
    for column in columns:
        table.column(column, column)
    for row in ("police", "not_stated"):
        table.row(row, row.capitalize())
        for column in columns:
            table.add(row, column, "count", 3)
            if row == "police":
                value = None if column == "support" else 1.0
                table.add(row, column, "share", value, n=3, reason="no action")
    figure = drawn(agencies_by_type, table, {("police", "disrupt", "share"): 0.28})
    assert "Not_stated" not in figure.svg
    assert "disrupt: Police 100.0% (published 28.0%)." in figure.alt
    assert texts(figure.svg).count("[x]") == 1


def test_duration_shows_all_cases_beside_those_of_the_first_years() -> None:
    table = Table("interventions.duration_bands", "Duration", "Cases.")
    table.column("all", "All closed cases")
    table.column("closed_early", "Closed early")
    table.column("site_1", "Site 1")
    table.row("months_11_12", "11 or 12 months")
    for column in table.column_labels:
        table.add("months_11_12", column, "share", 0.14, n=20)
    published = {("months_11_12", "closed_early", "share"): 0.745}
    figure = drawn(duration_of_cases, table, published)
    assert "Closed early 14.0% (published 74.5%)" in figure.alt
    assert "Site 1" not in figure.alt
