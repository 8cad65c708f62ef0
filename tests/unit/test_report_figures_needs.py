"""Figures of needs: bars add up, what is not known has its mark, what is printed stands beside."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from datrial.report.figures_needs import number_of_needs
from datrial.report.figures_needs_engagement import engagement_by_need, high_need_engagement
from datrial.results.cells import PublishedValue, Table
from datrial.results.read import RunTable

LEVELS = {
    "engaged": "Engaged",
    "partially_engaged": "Partially engaged",
    "did_not_engage": "Did not engage",
    "no_contact_made": "No contact made",
}
Published = dict[tuple[str, str, str], PublishedValue]


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()).strip() for element in ET.fromstring(svg).iter()
            if element.tag.endswith("text")]  # fmt: skip


def engagement(rows: dict[str, tuple[float, ...] | None]) -> Table:
    table = Table("needs.engagement_by_need", "Engagement", "Of those answered.")
    for level, label in LEVELS.items():
        table.column(level, label)
    for row, shares in rows.items():
        table.row(row, row.capitalize())
        for level, share in zip(LEVELS, shares or (None,) * 4, strict=True):
            n = None if share is None else 40
            table.add(row, level, "share", share, n=n, reason="nobody answered yes")
    return table


def printed(row: str, *shares: float) -> Published:
    return {
        (row, level, "share"): PublishedValue(share, "Table 5")
        for level, share in zip(LEVELS, shares, strict=False)
    }


def numbers(shares: list[float | None]) -> Table:
    table = Table("needs.number", "Number of needs", "Of those answered.")
    table.column("missing", "Answered yes or no")
    for number, share in enumerate(shares):
        table.row(f"needs_{number}", f"{number} needs")
        table.add(f"needs_{number}", "missing", "share", share, n=487, reason="not told")
    table.row("one_or_more", "One or more needs")
    table.add("one_or_more", "missing", "share", 0.6, n=487)
    return table


def test_each_need_has_two_bars_and_narrow_parts_no_number() -> None:
    table = engagement({"yes": (0.6, 0.1, 0.27, 0.03), "no": (0.2, 0.1, 0.1, 0.6)})
    figure = engagement_by_need(RunTable("needs", table, {}))
    assert figure is not None
    found = texts(figure.svg)
    assert [found.count(text) for text in ("Yes (n = 40)", "No (n = 40)")] == [1, 1]
    assert "27%" in found
    assert "3%" not in found  # too narrow for its number; the other text has it
    assert "no contact made 3.0%" in figure.alt
    assert figure.caption == ""
    assert figure.title.endswith("(% of each row; n = 40)")


def test_a_row_that_nobody_is_in_has_the_mark_of_its_state() -> None:
    table = engagement({"yes": None, "no": (0.2, 0.1, 0.1, 0.6)})
    figure = engagement_by_need(RunTable("needs", table, {}))
    assert figure is not None
    assert texts(figure.svg).count("[x]") == 1
    assert "Yes: engaged not available [x], partially engaged not available [x]" in figure.alt
    assert "Yes" in texts(figure.svg)  # without a number of people


def test_a_printed_row_is_a_strip_and_a_single_printed_share_a_diamond() -> None:
    rows: dict[str, tuple[float, ...] | None] = {"yes": (0.6, 0.1, 0.2, 0.1)}
    plain = engagement_by_need(RunTable("needs", engagement(rows), {}))
    whole = printed("yes", 0.131, 0.065, 0.131, 0.551)  # as printed: they add up to 87.8%
    strip = engagement_by_need(RunTable("needs", engagement(rows), whole))
    diamond = high_need_engagement(RunTable("needs", engagement(rows), printed("yes", 0.51)))
    assert plain is not None
    assert strip is not None
    assert diamond is not None
    assert "Thin strip" in strip.caption
    assert "Hollow diamonds" in diamond.caption
    assert "engaged 60.0% (published 13.1%)" in strip.alt
    patches = [figure.svg.count("-patch_") for figure in (plain, strip)]
    assert patches[1] == patches[0] + 5  # its four parts and the white ground


def test_without_any_share_nothing_is_drawn() -> None:
    assert engagement_by_need(RunTable("needs", engagement({"yes": None}), {})) is None
    assert high_need_engagement(RunTable("needs", engagement({"yes": None}), {})) is None
    assert number_of_needs(RunTable("needs", numbers([None, None]), {})) is None


def test_the_number_of_needs_draws_zero_as_a_number_and_unknown_as_a_mark() -> None:
    table = numbers([0.4, 0.0, None])
    figure = number_of_needs(RunTable("needs", table, {}))
    assert figure is not None
    found = texts(figure.svg)
    assert found.count("[x]") == 1
    assert found.count("0%") == 2  # one need: nobody; and the axis
    assert "2 needs not available" in figure.alt
    assert "one or more" not in figure.alt.lower()


@pytest.mark.parametrize("share", [0.37, 0.95])
def test_a_printed_number_above_ours_is_not_cut_off(share: float) -> None:
    beside = {("needs_0", "missing", "share"): PublishedValue(share, "Figure 2")}
    figure = number_of_needs(RunTable("needs", numbers([0.2, 0.1]), beside))
    assert figure is not None
    assert f"published {share:.1%}" in figure.alt
    ticks = [int(t[:-1]) for t in texts(figure.svg) if re.fullmatch(r"\d+%", t)]
    assert max(ticks) >= 100 * share - 10
    assert "Hollow diamonds" in figure.caption
