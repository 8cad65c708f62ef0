"""Figures and sentences of severity and scored needs: what is told, printed beside, and hidden."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from grids import House, both_times, printed_house, service

from datrial.analyses.needs_matrix import ANALYSIS as NEEDS
from datrial.analyses.severity_grid import ANALYSIS as SEVERITY
from datrial.pipeline.protection import protect_run
from datrial.report.figures_needs_matrix import need_means, need_shares, rater_limits
from datrial.report.figures_severity_grid import (
    grid_flows,
    intake_profile,
    prevalence_fall,
    severity_both_times,
)
from datrial.report.numbers import whole_percent
from datrial.report.summary_severity_grid import GRID_SENTENCES
from datrial.results.cells import Cell, PublishedValue, State, Table
from datrial.results.read import Run, RunTable

ARM = "intervention"


@pytest.fixture(scope="module")
def severity() -> dict[str, Table]:
    return printed_house().answer(SEVERITY)


@pytest.fixture(scope="module")
def hidden(severity: dict[str, Table]) -> dict[str, Table]:
    """Return the tables with every number of physical abuse below 7 people hidden."""

    def of(cell: Cell) -> Cell:
        few = (cell.value or 0) < 7 if cell.statistic == "count" else True
        if "physical" not in cell.row or not few or (cell.statistic == "count" and not cell.value):
            return cell
        return replace(cell, value=None, n=None, state=State.SUPPRESSED, note="hidden")

    return {
        name: replace(table, cells=[of(cell) for cell in table.cells])
        for name, table in severity.items()
    }


@pytest.fixture(scope="module")
def needs() -> dict[str, Table]:
    house = House()
    for number in range(12):
        person = f"p{number:02}"
        house.clients(person)
        for rater, gap in (("worker", 0), ("client", 2)):
            first = 1 + number % 6 + gap
            house.matrix(person, "intake", (first, 9, 5 + number % 3), rater)
            house.matrix(person, "exit", (first + 1 + number % 2, 9, 5 + number % 2), rater)
    return house.answer(NEEDS)


def entry(table: Table, **published: float) -> RunTable:
    beside = {
        tuple(key.split(".")): PublishedValue(value, "Figure 2") for key, value in published.items()
    }
    return RunTable(table.id.partition(".")[0], table, cast(Any, beside))


def run_of(tables: dict[str, Table]) -> Run:
    entries = tuple(entry(table) for table in tables.values())
    return Run(Path(), cast(Any, SimpleNamespace()), {}, entries)


def said(analysis: str, tables: dict[str, Table]) -> str:
    return " ".join(GRID_SENTENCES[analysis](run_of(tables)))


def test_halves_are_written_as_reports_print_them() -> None:
    assert [whole_percent(each) for each in (0.125, 0.625, 0.375, 0.0, 1.0, 0.124)] == [
        "13%", "63%", "38%", "0%", "100%", "12%",
    ]  # fmt: skip


def test_the_profile_at_intake_has_a_bar_for_each_type(severity: dict[str, Table]) -> None:
    figure = intake_profile(entry(severity["intake"]))
    assert figure is not None
    assert "n = 22" in figure.title
    assert "Physical abuse (n = 22): high 27.3%, moderate 22.7%, standard 0.0%" in figure.alt
    assert "no answer" not in figure.alt
    assert all(f">{text}<" in figure.svg for text in ("27%", "95%", "55%"))


def test_an_answer_that_is_missing_has_its_own_part() -> None:
    house = House()
    both_times(house, {kind: ["h-", "hn"] for kind in ("physical", "sexual",
                       "harassment_stalking", "jealous_controlling")})  # fmt: skip
    figure = severity_both_times(entry(house.answer(SEVERITY)["levels"]))
    assert figure is not None
    assert "no answer 50.0%" in figure.alt


def test_both_times_stand_beside_each_other(severity: dict[str, Table]) -> None:
    figure = severity_both_times(entry(severity["levels"]))
    assert figure is not None
    assert "Jealous and controlling behaviour, exit (n = 16): high 18.8%" in figure.alt
    assert ">13%<" in figure.svg


def test_the_fall_has_the_printed_numbers_beside_it(severity: dict[str, Table]) -> None:
    published = {f"physical.{ARM}.share_intake": 0.63, f"physical.{ARM}.share_exit": 0.0}
    figure = prevalence_fall(entry(severity["prevalence"], **published))
    assert figure is not None
    assert "Physical abuse: intake 62.5% (published 63.0%), exit 0.0% (published 0.0%)." in (
        figure.alt
    )
    assert "Hollow diamonds" in figure.caption
    plain = prevalence_fall(entry(severity["prevalence"]))
    assert plain is not None
    assert plain.caption == ""


def test_the_flows_tell_every_step(severity: dict[str, Table]) -> None:
    figure = grid_flows(entry(severity["transitions"]))
    assert figure is not None
    assert "n = 16 with both grids" in figure.title
    assert "Physical abuse: high at intake: at exit none 6." in figure.alt
    assert "service users" not in figure.caption
    assert figure.svg.count(">Intake<") == 4


def test_hidden_numbers_are_in_no_figure(hidden: dict[str, Table]) -> None:
    for draw, name in ((intake_profile, "intake"), (severity_both_times, "levels")):
        figure = draw(entry(hidden[name]))
        assert figure is not None
        assert "high hidden to protect people [c]" in figure.alt
        assert ">38%<" not in figure.svg
        assert ">23%<" not in figure.svg
        assert ">[c]<" in figure.svg
    fall = prevalence_fall(entry(hidden["prevalence"]))
    assert fall is not None
    assert "62.5" not in fall.alt
    flows = grid_flows(entry(hidden["transitions"]))
    assert flows is not None
    assert "Physical abuse: high at intake: at exit none hidden to protect people" in flows.alt
    assert ">[c]<" in flows.svg
    assert "without percentages" in flows.caption


def test_what_protection_leaves_is_drawn_without_an_error(severity: dict[str, Table]) -> None:
    kept = protect_run([("severity_grid", table) for table in severity.values()], service())
    after = {table.id.partition(".")[2]: table for _, table in kept.protected.tables}
    for draw, name in ((intake_profile, "intake"), (severity_both_times, "levels"),
                       (prevalence_fall, "prevalence"), (grid_flows, "transitions")):  # fmt: skip
        figure = draw(entry(after[name]))
        assert figure is None or ("27%" not in figure.svg and "38%" not in figure.svg)
    assert "reduction is hidden to protect people" in said("severity_grid", after)


def test_nothing_known_draws_nothing() -> None:
    severity, needs = House().answer(SEVERITY), House().answer(NEEDS)
    for draw, table in (
        (intake_profile, severity["intake"]), (severity_both_times, severity["levels"]),
        (prevalence_fall, severity["prevalence"]), (grid_flows, severity["transitions"]),
        (need_shares, needs["need"]), (need_means, needs["means"]),
        (rater_limits, needs["raters"]),
    ):  # fmt: skip
        assert draw(entry(table)) is None


def test_needs_have_a_panel_each_and_raters_theirs(needs: dict[str, Table]) -> None:
    shares = need_shares(entry(needs["need"]))
    assert shares is not None
    assert "Need. Housing: intake 100.0%" in shares.alt
    assert "High need. Housing: intake" in shares.alt
    means = need_means(entry(needs["means"]))
    assert means is not None
    assert "Worker. Housing: intake 3.50, exit 5.00." in means.alt
    assert "All areas" not in means.alt
    limits = rater_limits(entry(needs["raters"]))
    assert limits is not None
    assert "Housing, at intake: difference \u22122.00" in limits.alt
    assert ">At intake<" in limits.svg


def test_two_cohorts_have_panels_and_bars_of_their_own() -> None:
    house = House(service(compared=True))
    steps = ["hn"] * 6 + ["nn"] * 6
    both_times(house, dict.fromkeys(("physical", "sexual", "harassment_stalking",
                                     "jealous_controlling"), steps))  # fmt: skip
    for number in range(6):
        house.clients(f"o{number}", extract="of_others")
        house.grid(f"o{number}", "intake", "2022-02-01", "hhhh")
        house.grid(f"o{number}", "exit", "2022-06-01", "mmmm")
    tables = house.answer(SEVERITY)
    flows = grid_flows(entry(tables["transitions"]))
    assert flows is not None
    assert flows.svg.count(">Intake<") == 8
    profile = intake_profile(entry(tables["intake"]))
    assert profile is not None
    assert "Physical abuse, Others (n = 6): high 100.0%" in profile.alt
    fall = prevalence_fall(entry(tables["prevalence"]))
    assert fall is not None
    assert "Others. Physical abuse" in fall.alt
    text = said("severity_grid", tables)
    assert "Physical abuse, Harbour: 50.0% at intake and 0.0% at exit of 12 people" in text
    assert "Nobody is compared with here" not in text


def test_the_summary_tells_the_fall_with_its_interval(severity: dict[str, Table]) -> None:
    text = said("severity_grid", severity)
    assert (
        "Physical abuse: 62.5% at intake and 0.0% at exit of 16 people with both grids, a "
        "reduction of 100.0% (95% interval 61.6% to 100.0%)."
    ) in text
    assert "Nobody is compared with here" in text


def test_the_summary_says_what_is_hidden(hidden: dict[str, Table]) -> None:
    text = said("severity_grid", hidden)
    assert "Physical abuse: the reduction is hidden to protect people [c]." in text
    assert "62.5%" not in text


def test_the_summary_names_areas_whose_interval_leaves_zero_out(needs: dict[str, Table]) -> None:
    text = said("needs_matrix", needs)
    assert "Worker's scores at exit less those at intake, in the 2 areas with an interval: " in text
    assert "higher in housing" in text
    assert "Worker's scores less those of the client, at intake" in text
    assert "not available (no need score data were received)" in said(
        "needs_matrix", House().answer(NEEDS)
    )


def test_the_summary_of_grids_at_intake_alone_tells_the_worst_severity(
    severity: dict[str, Table],
) -> None:
    def not_known(cell: Cell) -> Cell:
        return replace(cell, value=None, n=None, state=State.NOT_AVAILABLE, note="nobody")

    prevalence = severity["prevalence"]
    nothing = replace(prevalence, cells=[not_known(cell) for cell in prevalence.cells])
    text = said("severity_grid", severity | {"prevalence": nothing})
    assert "the worst of the four types at intake of" in text
    assert "not known." in text and "reduction" not in text


def test_what_is_not_known_of_most_is_not_said_to_be_nobody(severity: dict[str, Table]) -> None:
    text = said("severity_grid", severity)
    assert "Sexual abuse: the reduction is not available (not known for most of them" in text
    assert "Nobody had it" not in text
