"""Figures and summary of the police data: what is not known has its mark and its sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_analyses_police import ONE, TWO, add, answer, asked

from datrial.report.figures import figure_for
from datrial.report.figures_police import incidents_by_period, shares_by_period
from datrial.report.summary_police import POLICE_SENTENCES
from datrial.results.cells import PublishedValue, Table
from datrial.results.manifest import Manifest
from datrial.results.read import Run, RunTable

FOLLOW_UP, PERPETRATORS = "police_follow_up", "police_perpetrators"
Published = dict[tuple[str, str, str, str], float]


def run_of(tables: list[Table], published: Published | None = None) -> Run:
    entries = tuple(
        RunTable(
            table.id.partition(".")[0], table,
            {key[1:]: PublishedValue(number, "Page 1")
             for key, number in (published or {}).items() if key[0] == table.id},
        )
        for table in tables
    )  # fmt: skip
    return Run(Path(), Manifest(run_id="r", snapshot_id="s", study="drive"), {}, entries)


def said(run: Run, analysis: str) -> list[str]:
    return list(POLICE_SENTENCES[analysis](run))


@pytest.fixture(scope="module")
def tables() -> list[Table]:
    """Site 2: 12 in each arm, all of control recorded during and nobody of Drive; site 1 silent."""
    people = {f"i{n}": "intervention" for n in range(12)} | {f"c{n}": "control" for n in range(12)}
    house = asked(people, *(
        (f"c{n}", day, "yes", "no") for n in range(12) for day in ("2017-03-01", "2017-05-01")
    ), ("i0", "2016-12-01", "no", "no"))  # fmt: skip
    add(house, {"e": "intervention", "f": "control"}, site=ONE)
    house.build()
    return [
        table
        for analysis in (FOLLOW_UP, PERPETRATORS)
        for table in answer(house, analysis).values()
    ]


def test_bars_have_their_numbers_and_what_is_not_known_has_its_mark(tables: list[Table]) -> None:
    run = run_of(tables)
    entry = run.table("police_follow_up.incidents")
    assert entry is not None
    figure = figure_for(run, entry)
    assert figure is not None
    # Ten bars of each of five kinds of each of two silent sites.
    assert figure.svg.count(">[x]<") == 100
    assert figure.svg.count(">24<") >= 2
    assert "Site 2, during: domestic abuse; Drive 0, Control 24." in figure.alt
    assert (
        "Site 1, during: domestic abuse; Drive not available [x], Control not available [x]."
        in (figure.alt)
    )
    assert figure.title.endswith("(number of incidents; n = 12 people)")


def test_shares_have_their_intervals_in_the_figure_and_in_words(tables: list[Table]) -> None:
    run = run_of(tables)
    entry = run.table("police_follow_up.shares")
    assert entry is not None
    figure = figure_for(run, entry)
    assert figure is not None
    assert re.search(
        r"Site 2, during: domestic abuse; Drive 0\.0%, interval 0\.0% to 24\.\d%, "
        r"Control 100\.0%, interval 75\.\d% to 100\.0%\.",
        figure.alt,
    )
    assert "% of those observed on any day; n = 12" in figure.title


def test_groups_of_perpetrators_have_panels_without_all_incidents_together(
    tables: list[Table],
) -> None:
    run = run_of(tables)
    entry = run.table("police_perpetrators.incidents")
    assert entry is not None
    figure = figure_for(run, entry)
    assert figure is not None
    assert "Site 2, repeat perpetrators, during: domestic abuse; Drive not available" in figure.alt
    assert ": all incidents" not in figure.alt
    assert "Repeat: domestic" in figure.svg


def test_without_any_number_there_is_no_figure() -> None:
    house = asked({"a": "intervention", "c": "control"}, site=ONE)
    house.connection.execute("delete from study.coverage_span; delete from study.coverage")
    house.build()
    run = run_of(list(answer(house, FOLLOW_UP).values()))
    incidents, shares = (run.table(f"{FOLLOW_UP}.{name}") for name in ("incidents", "shares"))
    assert incidents is not None
    assert shares is not None
    assert incidents_by_period(incidents) is None
    assert shares_by_period(shares) is None
    told = said(run, FOLLOW_UP)
    assert told[0] == (
        "Site 1: the difference of the arms in having a police record is not available (no police "
        "data were received of Site 1)."
    )
    assert any(
        "Site 2: the difference of the arms in the share with a domestic abuse incident is not "
        "available" in text
        for text in told
    )


def test_the_summary_gives_the_effect_its_interval_and_how_sure_it_is(tables: list[Table]) -> None:
    row = ("police_follow_up.records", "site_2__with_record", "control", "share")
    told = " ".join(said(run_of(tables, {row: 0.94}), FOLLOW_UP))
    assert "8.3% of Drive and 100.0% (published 94%) of Control have a record" in told
    assert (
        "the intervention arm less the control arm: −91.7 percentage points (95% interval" in told
    )
    assert "p-value < 0.001." in told
    assert "during −100.0 percentage points" in told
    assert (
        "Adjusted for the 4 periods after the allocation (Holm's method), the p-value is below "
        "0.05 for: during." in told
    )
    assert re.search(
        r"per person-year: six months before 0\.00 of Drive and 0\.00 of Control", told
    )
    assert "cannot be per person" not in told


def test_an_interval_with_zero_leaves_it_open() -> None:
    house = asked(
        {"a": "intervention", "b": "intervention", "c": "control", "d": "control"},
        ("a", "2017-03-01", "yes", "no"), ("c", "2017-03-01", "yes", "no"),
    )  # fmt: skip
    house.build()
    told = " ".join(said(run_of(list(answer(house, FOLLOW_UP).values())), FOLLOW_UP))
    assert "; the interval includes 0, so the arms may not differ." in told
    assert "no p-value is below 0.05: the data do not settle whether the arms differ." in told


def test_published_means_that_cannot_be_per_person_are_told(tables: list[Table]) -> None:
    row, check = f"{TWO}__incidents", "police_follow_up.unit_check"
    published = {(check, row, "over_incidents", "count"): 16935.6,
                 (check, row, "counted", "count"): 6398.0}  # fmt: skip
    told = said(run_of(tables, published), FOLLOW_UP)
    assert any("Site 2: all incidents 16,936 against 6,398 printed" in text for text in told)
    published[check, row, "over_incidents", "count"] = 6400.0
    told = said(run_of(tables, published), FOLLOW_UP)
    assert not any("cannot be per person" in text for text in told)


def test_serial_and_repeat_are_told_with_their_denominators(tables: list[Table]) -> None:
    row = ("police_perpetrators.perpetrators", "site_2__repeat__with_record", "all", "share")
    told = said(run_of(tables, {row: 0.81}), PERPETRATORS)
    assert (
        "Site 2: 12 of 24 about whom the police were asked are repeat perpetrators (50.0%); of "
        "those with a record 92.3% (published 81%)." in told
    )
    assert (
        "Site 2: the number of serial perpetrators is not available (no MARAC data were received "
        "of Site 2)." in told
    )
    assert "not comparable by randomisation" in told[-1]
