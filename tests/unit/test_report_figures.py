"""The figures: nothing is drawn for what is not known, and nothing known is cut off."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import results_fixture as given

from datrial.report.figures import figure_for
from datrial.report.figures_coverage import coverage_strip
from datrial.report.figures_extracts import rows_by_table
from datrial.results.cells import PublishedValue, Table
from datrial.results.manifest import Manifest
from datrial.results.read import Run, RunTable


def _run(*tables: RunTable) -> Run:
    from pathlib import Path

    manifest = Manifest(run_id="r", snapshot_id="s", study="drive")
    return Run(Path(), manifest, {}, tables)


def _entry(
    table_id: str, published: dict[tuple[str, str, str], PublishedValue] | None = None
) -> RunTable:
    table = next(table for _, table in given.tables() if table.id == table_id)
    return RunTable(table_id.partition(".")[0], table, published or {})


def _texts(svg: str) -> list[str]:
    return ["".join(element.itertext()).strip() for element in ET.fromstring(svg).iter()
            if element.tag.endswith("text")]  # fmt: skip


def test_a_share_without_a_value_has_the_mark_of_its_state_and_zero_has_a_number() -> None:
    reappearance = _entry("marac_follow_up.reappearance")
    figure = figure_for(_run(reappearance), reappearance)
    assert figure is not None
    texts = _texts(figure.svg)
    assert texts.count("[x]") == 1  # control, six months before: no data
    assert texts.count("0%") == 2  # control, after 12 months: nobody; and the axis
    assert "Control not available" in figure.alt
    serial = _entry("marac_follow_up.serial_periods")
    figure = figure_for(_run(serial), serial)
    assert figure is not None
    assert _texts(figure.svg).count("[c]") == 1
    assert "Drive hidden to protect people [c]" in figure.alt


def test_a_forest_keeps_the_row_that_could_not_be_estimated() -> None:
    ratios = _entry("marac_follow_up.rate_ratios")
    figure = figure_for(_run(ratios), ratios)
    assert figure is not None
    texts = _texts(figure.svg)
    assert "More than 12 months after" in texts
    assert texts.count("[x]") == 1


def test_a_published_figure_beyond_ours_is_inside_the_axes() -> None:
    """A published prevalence of 95% must not be cut off because ours end at 27%."""
    far = {("housing", "intake", "share"): PublishedValue(0.95, "Table A2.1")}
    prevalence = _entry("needs.prevalence", far)
    figure = figure_for(_run(prevalence), prevalence)
    assert figure is not None
    ticks = [int(text[:-1]) for text in _texts(figure.svg) if re.fullmatch(r"\d+%", text)]
    assert max(ticks) >= 75
    assert "Housing 22.0% (published 95.0%)" in figure.alt


def test_titles_say_what_in_which_unit_and_of_how_many() -> None:
    titles = {}
    for _, table in given.tables():
        entry = _entry(table.id)
        figure = figure_for(_run(entry), entry)
        if figure:
            titles[table.id] = figure.title
    assert len(titles) == 13
    assert titles["needs.prevalence"].endswith("(% of those answered; n = 440 to 488)")
    assert titles["risk_score.rate_ratios"].endswith("(n = 469)")
    assert titles["marac_follow_up.reappearance"].endswith(
        "(% of those allocated; n = 184 Drive, n = 1,139 Control)"
    )


def test_the_same_table_is_drawn_with_the_same_bytes_and_ids_of_its_own() -> None:
    drawn = []
    for table_id in ("risk_score.means", "risk_score.rate_ratios"):
        entry = _entry(table_id)
        first, second = (figure_for(_run(entry), entry) for _ in range(2))
        assert first is not None
        assert first == second
        drawn.append(set(re.findall(r'\bid="([^"]+)"', first.svg)))
    assert drawn[0]
    assert drawn[0] & drawn[1] == set()


def test_a_sum_with_an_unknown_part_is_not_drawn() -> None:
    rows = {"marac_case__a": "a", "marac_case__b": "b", "cms_need__c": "c"}
    columns = {name: name for name in ("received", "staged", "quarantined")}
    table = Table("extracts_received.rows", "", "", (), rows, columns)
    for row in rows:
        for column in columns:
            if (row, column) == ("marac_case__b", "staged"):
                table.absent(row, column, "count", "unknown")
            else:
                table.add(row, column, "count", 2)
    assert set(rows_by_table(RunTable("extracts_received", table, {}))) == {"cms_need"}


def _coverage() -> RunTable:
    """Return coverage of two sites: a gap, a month in part, a month without a row."""
    table = Table("extracts_received.coverage", "", "")
    for month in range(1, 13):
        table.column(f"month_{month:02d}", str(month))
    for site, year, months in (
        ("site_1", 2016, {11: 40, 12: 41}),
        ("site_1", 2017, {1: 39, 2: None, 3: 0, 4: 12}),
        ("site_2", 2016, {11: 5, 12: 6}),
        ("site_2", 2017, {1: 7, 2: 8, 3: 9, 4: 10}),
    ):
        row = f"police__{site}__{year}"
        table.row(row, f"Police, Site {site[-1]}, {year}")
        for month, rows in months.items():
            column = f"month_{month:02d}"
            if rows is None:
                table.absent(row, column, "rows", "no data were received for this month")
            else:
                part = "data for 10 of 30 days" if rows == 12 else ""
                table.add(row, column, "rows", rows, warning=part)
    return RunTable("extracts_received", table, {})


def test_the_strip_of_months_tells_every_state_in_words_and_without_colour() -> None:
    figure = coverage_strip(_coverage())
    assert figure is not None
    assert figure.title == (
        "Months received from each source and site (November 2016 to April 2017)"
    )
    assert figure.alt == (
        "Strips of months. Police, Site 1: received November 2016 to January 2017, not received "
        "February 2017, received, without a row March 2017, received in part April 2017; Police, "
        "Site 2: received November 2016 to April 2017."
    )
    texts = _texts(figure.svg)
    assert {"received", "received in part", "received, without a row", "not received"} <= set(texts)
    assert {"Police, Site 1", "Police, Site 2", "2017"} <= set(texts)
    drawn = ET.fromstring(figure.svg)
    assert any(element.tag.endswith("pattern") for element in drawn.iter())  # the hatch
    assert coverage_strip(_coverage()) == figure


def test_no_strip_is_drawn_where_nothing_was_received() -> None:
    table = Table("extracts_received.coverage", "", "")
    table.column("month_01", "Jan")
    table.row("none", "No extract was received")
    table.absent("none", "month_01", "rows", "no extract was received")
    assert coverage_strip(RunTable("extracts_received", table, {})) is None


def test_a_love_plot_has_the_numbers_of_both_tables_and_leaves_out_what_has_none() -> None:
    means, shares = (
        Table(f"balance.{name}", "", "", (), rows, {"difference_drive": "Drive against control"})
        for name, rows in (("means", {"age": "Age"}), ("shares", {"yes": "Yes", "none": "Nobody"}))
    )
    for table, row, value in ((means, "age", 0.25), (shares, "yes", -0.0001)):
        for kind in ("smd", "smd_within_sites"):
            table.add(row, "difference_drive", kind, value)
    shares.absent("none", "difference_drive", "smd", "nobody has it")
    entries = [RunTable("balance", table, {}) for table in (means, shares)]
    figure = figure_for(_run(*entries), entries[1])
    assert figure is not None
    texts = _texts(figure.svg)
    assert [text for text in texts if text in ("Age", "Yes", "Nobody")] == ["Age", "Yes"]
    assert "Age 0.25; Yes 0.00." in figure.alt
    assert figure_for(_run(entries[0]), entries[0]) is None  # drawn with the shares
