"""Figures of victims-survivors: every number is told, unknown has its mark, published stands by."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from datrial.report.figures_victims import behaviour_prevalence, means_by_site, supports_by_type
from datrial.report.figures_victims_answers import risk_change, risk_sustainability, severity
from datrial.results.cells import PublishedValue, Table
from datrial.results.read import RunTable

ARMS = {"arm_a": "Drive", "arm_b": "Control"}
LEVELS = ("none", "standard", "moderate", "high")


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()).strip() for element in ET.fromstring(svg).iter()
            if element.tag.endswith("text")]  # fmt: skip


def table(
    rows: dict[str, str], shares: dict[tuple[str, str], float | None], statistic: str = "share"
) -> Table:
    """Return a table in which what is not given is 30% of 50, or 3."""
    made = Table("victim.table", "Title", "Note.")
    for column, label in {"all": "All", **ARMS}.items():
        made.column(column, label)
    for row, label in rows.items():
        made.row(row, label)
        for column in made.column_labels:
            usual = 0.3 if statistic == "share" else 3.0
            value = shares.get((row, column), usual)
            made.add(row, column, statistic, value, n=50, reason="no form has an answer")
    return made


BEHAVIOUR_ROWS = {
    f"{behaviour}__{time}": f"{label}: {time}"
    for behaviour, label in (("physical", "Physical abuse"), ("sexual", "Sexual abuse"))
    for time in ("intake_all", "intake", "exit")
}
SEVERITY_ROWS = {
    f"{behaviour}__{time}__{level}": f"{label}, {time}: {level}"
    for behaviour, label in (
        ("physical", "Physical abuse"),
        ("sexual", "Sexual abuse"),
        ("harassment_stalking", "Stalking"),
        ("jealous_controlling", "Jealousy"),
    )
    for time in ("intake", "exit")
    for level in LEVELS
}  # fmt: skip
SITE_ROWS = {
    f"{outcome}__site_{number}": f"{label}: Site {number}"
    for outcome, label in (("contacts", "Contacts"), ("number_of_supports", "Supports mobilised"))
    for number in (1, 2)
}
SUPPORT_ROWS = {"support_marac": "MARAC", "support_housing": "Housing"}
RISK_ROWS = {"significant_reduction": "Significant reduction", "no_change": "No change",
             "increase": "Increase"}  # fmt: skip

DRAWN = [
    (behaviour_prevalence, BEHAVIOUR_ROWS, "share"),
    (severity, SEVERITY_ROWS, "share"),
    (supports_by_type, SUPPORT_ROWS, "share"),
    (means_by_site, SITE_ROWS, "mean"),
    (risk_change, RISK_ROWS, "share"),
    (risk_sustainability, RISK_ROWS, "share"),
]
Draw = Callable[[RunTable], object]


@pytest.mark.parametrize(("draw", "rows", "statistic"), DRAWN)
def test_without_any_number_nothing_is_drawn(
    draw: Draw, rows: dict[str, str], statistic: str
) -> None:
    nothing: dict[tuple[str, str], float | None] = {
        (row, column): None for row in rows for column in ("all", *ARMS)
    }
    assert draw(RunTable("x", table(rows, nothing, statistic), {})) is None


def test_prevalence_is_drawn_of_pairs_only_and_told_by_arm() -> None:
    shares: dict[tuple[str, str], float | None] = {
        ("physical__intake", "arm_a"): 0.72, ("physical__exit", "arm_b"): 0.08,
        ("sexual__intake", "arm_b"): None, ("sexual__exit", "arm_b"): None,
    }  # fmt: skip
    figure = behaviour_prevalence(RunTable("x", table(BEHAVIOUR_ROWS, shares), {}))
    assert figure is not None
    assert "Physical abuse: intake: Drive 72.0%, Control 30.0%." in figure.alt
    assert "Physical abuse: exit: Drive 30.0%, Control 8.0%." in figure.alt
    assert "Sexual abuse: exit: Drive 30.0%, Control not available [x]." in figure.alt
    assert "intake_all" not in figure.alt
    found = texts(figure.svg)
    assert found.count("[x]") == 2  # at intake and at exit
    assert found.count("Physical abuse") == 1
    assert figure.title.endswith("(% of pairs of forms; n = 50 Drive, n = 50 Control)")


def test_severity_has_a_bar_for_each_arm_and_time_and_parts_too_narrow_have_no_number() -> None:
    shares = {
        (f"physical__intake__{level}", "arm_a"): share
        for level, share in zip(LEVELS, (0.55, 0.37, 0.05, 0.03), strict=True)
    }
    figure = severity(RunTable("x", table(SEVERITY_ROWS, dict(shares)), {}))
    assert figure is not None
    found = texts(figure.svg)
    assert "55%" in found and "37%" in found
    assert "5%" not in found and "3%" not in found
    assert "Physical abuse, intake: moderate: Drive 5.0%, Control 30.0%." in figure.alt
    assert found.count("Drive, intake") == 2  # of two rows of panels, at the left
    assert [found.count(level.capitalize()) for level in LEVELS] == [1, 1, 1, 1]


def test_supports_have_the_printed_share_of_both_arms_beside_them() -> None:
    shares: dict[tuple[str, str], float | None] = {
        ("support_marac", "arm_a"): 0.66, ("support_housing", "arm_b"): None,
    }  # fmt: skip
    printed = {("support_marac", "all", "share"): PublishedValue(0.61, "Text")}
    plain, beside = (
        supports_by_type(RunTable("x", table(SUPPORT_ROWS, shares), published))
        for published in ({}, printed)
    )
    assert plain is not None and beside is not None
    assert plain.caption == "" and "Published" not in texts(plain.svg)
    assert "Hollow diamonds" in beside.caption and "Published" in texts(beside.svg)
    assert "MARAC: All 30.0% (published 61.0%), Drive 66.0%, Control 30.0%." in beside.alt
    assert texts(beside.svg).count("[x]") == 1
    assert "66%" in texts(beside.svg)


def test_means_by_site_are_written_on_their_bars() -> None:
    shares: dict[tuple[str, str], float | None] = {
        ("contacts__site_1", "arm_a"): 24.16, ("contacts__site_2", "arm_b"): None,
    }  # fmt: skip
    figure = means_by_site(RunTable("x", table(SITE_ROWS, shares, "mean"), {}))
    assert figure is not None
    found = texts(figure.svg)
    assert "24.2" in found and found.count("[x]") == 1
    assert found.count("Site 1") == 2
    assert "Contacts: Site 1: Drive 24.16, Control 3.00." in figure.alt


def test_risk_is_stacked_by_arm_with_how_many_answered() -> None:
    shares: dict[tuple[str, str], float | None] = {
        ("significant_reduction", "arm_a"): 0.42,
        **{(row, "arm_b"): None for row in RISK_ROWS},
    }
    figure = risk_change(RunTable("x", table(RISK_ROWS, shares), {}))
    assert figure is not None
    found = texts(figure.svg)
    assert "Drive (n = 50)" in found and "Control" in found
    assert "42%" in found and found.count("[x]") == 1
    assert "Control: Significant reduction not available" in figure.alt
