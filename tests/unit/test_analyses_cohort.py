"""Flow of participants, profile, availability of follow-up, definitions side by side."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from given import Warehouse, drive

from datrial.analyses import (
    definitions,
    follow_up_availability,
    marac_follow_up,
    participant_flow,
    participant_profile,
)
from datrial.analyses.base import Context
from datrial.analyses.flow_boxes import Split, balanced, splits_of, unbalanced
from datrial.config.definitions import Definitions
from datrial.errors import DatrialError
from datrial.report.figures import figure_for
from datrial.report.flow_diagram import perpetrators_flow, victims_flow
from datrial.results.cells import PublishedValue, State, Table
from datrial.results.manifest import Manifest
from datrial.results.published import load_published
from datrial.results.read import Run, RunTable

DAYS = ("2015-06-01", "2019-09-30")
SITES = ("site_1", "site_2", "site_3")
SOURCES = ("marac", "police", "insights", "cms")


def answer(house: Warehouse, analysis: ModuleType) -> dict[str, Table]:
    """Return an analysis's tables; every cell without a value must say why."""
    chosen = analysis.ANALYSIS
    context = Context(house.connection, house.study, np.random.default_rng(1))
    tables: list[Table] = chosen.run(context, chosen.parameters())
    for table in tables:
        assert set(table.catalogue) <= set(chosen.catalogue)
        keys = [(cell.row, cell.column, cell.statistic) for cell in table.cells]
        assert len(keys) == len(set(keys))
        assert all(cell.value is not None or cell.note for cell in table.cells)
    return {table.id.removeprefix(f"{chosen.id}."): table for table in tables}


def random_trial(seed: int) -> Warehouse:
    """Return a trial in which everything that can be missing is missing of somebody."""
    draw = random.Random(seed)
    house = Warehouse()
    for site in SITES:
        for source in SOURCES:
            if draw.random() < 0.6:
                house.covered(source, site, *DAYS)
    for number in range(60):
        person, site = f"p{number}", draw.choice(SITES)
        day = draw.choice(["2017-01-15", "2017-02-15", "2019-09-30"])
        if draw.random() < 0.8:
            victims = draw.sample(["a", "b", "c"], draw.choice([1, 1, 2]))
            house.rows(
                "staging.marac_case", "site, perpetrator_id, victim_id, hearing_date",
                *((site, person, f"{person}-{victim}", day) for victim in victims),
            )  # fmt: skip
        if draw.random() < 0.3:
            if draw.random() < 0.8:
                reason = draw.choice(["under_age", "no_places", "excluded_referral_agency"])
                house.rows("ledger.exclusion", "person_id, reason", (person, reason))
            continue
        arm = draw.choice(["intervention", "control"])
        house.allocated((person, site, day, arm))
        if arm == "intervention" and draw.random() < 0.8:
            completed, closure = draw.choice([("yes", "2018-01-15"), ("no", None), (None, None)])
            house.rows(
                "staging.cms_service_user", "site, perpetrator_id, closure_date, completed",
                (site, person, closure, completed),
            )  # fmt: skip
        if draw.random() < 0.5:
            house.rows("ledger.police_request", "person_id, step", (person, "drawn"))
        if draw.random() < 0.5:
            house.rows(
                "staging.police_incident",
                "site, incident_id, perpetrator_id, incident_date, domestic_abuse",
                (site, f"i{number}", person, "2017-06-01", "yes"),
            )
        if draw.random() < 0.5:
            victim = f"{person}-{draw.choice('abcd')}"
            house.rows(
                "staging.insights_intake", "site, victim_id, perpetrator_id, age",
                (site, victim, person, draw.choice([None, 20, 40])),
            )  # fmt: skip
            if draw.random() < 0.5:
                house.rows("staging.insights_exit", "site, victim_id", (site, victim))
    house.build()
    return house


@pytest.mark.parametrize("seed", range(12))
def test_every_box_is_the_sum_of_its_parts(seed: int) -> None:
    house = random_trial(seed)
    tables = answer(house, participant_flow)
    for name in ("perpetrators", "victims"):
        table = tables[name]
        splits = splits_of(table)
        assert unbalanced(table, splits) == []
        # ... and no row is left out of the sums
        assert {row for split in splits for row in (split.whole, *split.parts)} == set(
            table.row_labels
        )
    flow = tables["perpetrators"]
    for column in ("all", "intervention", "control"):
        expect = house.get(
            "count(*)", "ledger.allocation", "true" if column == "all" else f"arm = '{column}'"
        )
        assert flow.get("allocated", column, "count").value == expect[0][0]
        assert tables["victims"].get("allocated", column, "count").value == expect[0][0]


def _altered(table: Table, row: str, column: str) -> Table:
    cells = [
        replace(cell, value=(cell.value or 0) + 1)
        if (cell.row, cell.column) == (row, column) else cell
        for cell in table.cells
    ]  # fmt: skip
    return replace(table, cells=cells)


@pytest.mark.parametrize(
    ("name", "row", "told"),
    [
        ("perpetrators", "excluded_under_age", ["excluded, all"]),
        ("perpetrators", "heard", ["heard, all"]),
        ("perpetrators", "police_none", ["police_asked, all"]),
        ("perpetrators", "marac_not_followed", ["allocated, all"]),
        ("victims", "both_other", ["both_all, all"]),
        ("victims", "not_engaged", ["primary, all"]),
    ],
)
def test_a_box_that_is_one_too_large_stops_the_analysis(
    name: str, row: str, told: list[str]
) -> None:
    house = random_trial(0)
    for site in SITES:
        for source in SOURCES:
            house.covered(source, site, "2015-01-01", "2015-01-31")
    table = answer(house, participant_flow)[name]
    wrong = _altered(table, row, "all")
    assert unbalanced(wrong, splits_of(wrong)) == told
    with pytest.raises(DatrialError, match="not the sum of their parts"):
        balanced(wrong)


def test_a_part_without_a_value_holds_nobody() -> None:
    table = Table("x.perpetrators", "", "", row_labels={"a": "", "b": "", "c": ""})
    table.column("all", "All")
    table.add("a", "all", "count", 5)
    table.absent("b", "all", "count", "nothing was received")
    table.add("c", "all", "count", 5)
    assert unbalanced(table, [Split("a", ("b", "c"))]) == []
    assert unbalanced(table, [Split("a", ("b",))]) == []  # nothing to compare with
    assert unbalanced(table, [Split("b", ("a", "c"))]) == []


def test_reasons_that_nobody_has_are_zero_and_unknown_ones_have_a_row() -> None:
    house = Warehouse()
    house.covered("marac", "site_2", *DAYS)
    house.rows(
        "staging.marac_case", "site, perpetrator_id, victim_id, hearing_date",
        *(("site_2", person, "v", "2017-01-15") for person in ("p1", "p2")),
    )  # fmt: skip
    house.rows("ledger.exclusion", "person_id, reason", ("p1", "under_age"))
    house.build()
    table = answer(house, participant_flow)["perpetrators"]
    assert table.get("excluded_under_age", "all", "count").value == 1
    assert table.get("excluded_no_places", "all", "count").value == 0
    assert table.get("excluded_not_recorded", "all", "count").value == 1


def drawn(table: Table, draw: Any) -> str:
    published = {
        number.key[1:]: PublishedValue(number.value, number.source)
        for number in load_published("drive")
        if number.table == table.id
    }
    figure = draw(RunTable("participant_flow", table, published))
    assert figure is not None
    for label in table.row_labels.values():
        assert label in figure.alt  # who cannot see it is told every number
    return str(figure.svg)


def test_both_flows_are_drawn_with_the_numbers_of_their_cells() -> None:
    tables = answer(random_trial(3), participant_flow)
    arms = ("intervention", "control")
    for name, draw, shown in (
        ("perpetrators", perpetrators_flow,
         {"heard": ["all"], "excluded_under_age": ["all"], "allocated": ["all", *arms],
          "police_record": arms}),
        ("victims", victims_flow,
         {"allocated": ["all"], "primary": ["all", *arms], "engaged": arms, "intake_only": arms}),
    ):  # fmt: skip
        svg = drawn(tables[name], draw)
        texts = set(re.findall(r">([^<>]+)</text>", svg))
        for row, columns in shown.items():
            for column in columns:
                value = tables[name].get(row, column, "count").value
                assert "[x]" in texts if value is None else f"{value:,.0f}" in texts, (row, column)
        assert svg.count("<rect") >= 6


def test_a_box_that_nobody_is_in_is_not_drawn_but_what_is_not_known_is() -> None:
    house = Warehouse()
    house.allocated(("p1", "site_2", "2017-01-15", "intervention"))
    house.build()
    svg = drawn(answer(house, participant_flow)["perpetrators"], perpetrators_flow)
    assert "Of a site without case-management data" in svg
    assert "The police were not asked" not in svg
    assert "[x]" in svg


def profiled() -> Warehouse:
    """Return four service users and three victims-survivors."""
    house = Warehouse()
    for source in ("cms", "insights"):
        for site in SITES:
            house.covered(source, site, *DAYS)
    for number, (age, ethnicity, cyps) in enumerate(
        [
            (20, "asian", "yes"),
            (30, "dont_know", "no"),
            (40, None, "dont_know"),
            (None, "asian", None),
        ]
    ):
        person = f"p{number}"
        house.allocated(
            (person, "site_2", "2017-01-15", "control" if number == 3 else "intervention")
        )
        house.rows(
            "staging.cms_service_user", "perpetrator_id, age, sex, ethnicity, cyps_involvement",
            (person, age, "male", ethnicity, cyps),
        )  # fmt: skip
        if number:
            house.rows(
                "staging.insights_intake", "victim_id, perpetrator_id, sex",
                (f"v{number}", person, "female"),
            )  # fmt: skip
    house.build()
    return house


PROFILE = [
    # table, row, column, statistic -> value, n
    ("service_users", "age", "service_users", "mean", 30, 3),
    ("service_users", "age", "service_users", "sd", 10, 3),
    ("service_users", "age__missing", "service_users", "count", 1, 4),
    ("service_users", "ethnicity__asian", "service_users", "count", 2, 4),
    ("service_users", "ethnicity__asian", "service_users", "share", 0.5, 4),
    ("service_users", "ethnicity__asian", "service_users", "share_of_known", 1, 2),
    ("service_users", "ethnicity__dont_know", "service_users", "share", 0.25, 4),
    ("service_users", "ethnicity__missing", "service_users", "share", 0.25, 4),
    ("service_users", "ethnicity__arab", "service_users", "count", 0, 4),
    ("victims", "sex__female", "all", "count", 3, 3),
    ("victims", "sex__female", "intervention", "count", 2, 2),
    ("victims", "sex__female", "control", "share", 1, 1),
    ("involvement", "cyps_involvement", "service_users", "answered", 2, 4),
    ("involvement", "cyps_involvement", "service_users", "share", 0.5, 2),
]


@pytest.mark.parametrize(("table", "row", "column", "statistic", "value", "n"), PROFILE)
def test_the_profile_tells_missing_and_dont_know_apart(
    table: str, row: str, column: str, statistic: str, value: float, n: int
) -> None:
    cell = answer(profiled(), participant_profile)[table].get(row, column, statistic)
    assert (cell.value, cell.n) == (pytest.approx(value), n)


def test_what_the_extracts_do_not_have_is_not_available() -> None:
    tables = answer(profiled(), participant_profile)
    cell = tables["victims"].get("number_of_needs__0", "all", "count")
    assert (cell.state, cell.note) == (
        State.NOT_AVAILABLE, "no form has an answer: it may not have been asked",
    )  # fmt: skip
    assert tables["victims"].get("age", "all", "mean").note == "nobody's is known"
    assert tables["involvement"].get("ccj_involvement", "service_users", "share").value is None


def test_without_data_no_profile_and_no_follow_up_is_zero() -> None:
    house = Warehouse()
    house.allocated(("p1", "site_2", "2017-01-15", "control"))
    house.build()
    for table in answer(house, participant_profile).values():
        assert {cell.value for cell in table.cells} == {None}
    for table in answer(house, follow_up_availability).values():
        told = {(cell.statistic, cell.value) for cell in table.cells if cell.value is not None}
        assert told == {("people", 1), ("people", 0)}
    for table in answer(house, definitions).values():
        assert {cell.value for cell in table.cells} == {None}


def test_every_published_number_of_these_tables_has_its_cell() -> None:
    house = profiled()
    tables = {
        table.id: table
        for analysis in (participant_flow, participant_profile)
        for table in answer(house, analysis).values()
    }
    ours = [number for number in load_published("drive") if number.table in tables]
    assert len(ours) > 200
    for number in ours:
        assert tables[number.table].get(number.row, number.column, number.statistic)


def test_the_availability_of_follow_up_counts_people_and_days() -> None:
    house = Warehouse(drive(windows=(0, 6, 12)))
    house.covered("marac", "site_2", "2016-01-01", "2017-08-31")
    house.covered("police", "site_2", "2016-01-01", "2019-09-30")
    house.allocated(
        ("p1", "site_2", "2017-01-15", "control"), ("p2", "site_2", "2017-03-15", "control"),
        ("p3", "site_1", "2017-01-15", "control"), ("p4", "site_2", "2017-01-15", "intervention"),
    )  # fmt: skip
    house.rows("ledger.police_request", "person_id, step", ("p1", "drawn"), ("p4", "all"))
    house.build()
    windows = answer(house, follow_up_availability)["windows"]

    def of(row: str, statistic: str, arm: str = "control") -> Any:
        return windows.get(row, arm, statistic).value

    assert (of("marac_months_0_6", "people"), of("marac_months_0_6", "observed")) == (3, 2)
    assert of("marac_months_0_6", "share") == pytest.approx(2 / 3)
    assert of("marac_months_0_6", "share_fully_observed") == pytest.approx(1 / 3)
    # p1: 16 January to 15 July, all 181 days; p2: 16 March to 31 August of 15 September
    assert of("marac_months_0_6", "person_years") == pytest.approx((181 + 169) / 365.25)
    assert of("marac_months_0_6", "share_of_days") == pytest.approx((181 + 169) / (181 + 184))
    assert of("marac_months_6_12", "observed") == 1  # p2's begins after the data end
    warning = windows.get("marac_months_0_6", "control", "share").warning
    assert warning == "without Site 1, of which no MARAC data were received"
    # The police were asked about p1 and p4 only.
    assert of("police_months_0_6", "observed") == 1
    assert of("police_months_0_6", "share", "intervention") == 1
    figure = figure_for(Run(Path(), Manifest.model_construct(), {}, ()), RunTable("", windows, {}))
    assert figure is not None
    assert "MARAC, 0-6 months from allocation: Drive 100.0%, Control 66.7%" in figure.alt
    periods = answer(house, follow_up_availability)["periods"]
    cell = periods.get("marac_after_0_6", "intervention", "observed")
    assert (cell.value, cell.note) == (None, "the end of the intervention is not known")


def test_two_versions_stand_side_by_side_and_their_difference_is_told() -> None:
    said = Definitions(
        beside={"marac_repeat": (2,)},
        valid_from={"marac_repeat_referral": {2: "2017-06-01"}},  # type: ignore[dict-item]
    )
    house = Warehouse(drive(definitions=Definitions.model_validate(said.model_dump())))
    house.covered("marac", "site_2", *DAYS)
    house.allocated(*((f"p{n}", "site_2", "2017-01-15", "control") for n in range(4)))
    for person, again in (("p0", "2017-02-15"), ("p1", "2018-06-15"), ("p2", "2018-07-15")):
        house.rows(
            "staging.marac_case", "site, perpetrator_id, victim_id, hearing_date",
            ("site_2", person, "v", "2017-01-15"), ("site_2", person, "v", again),
        )  # fmt: skip
    house.build()
    table = answer(house, definitions)["perpetrators"]
    counts = {
        row: table.get(row, "control", "count").value
        for row in table.row_labels
        if row.startswith("marac")
    }
    assert counts == {
        "marac_repeat_version_1": 3, "marac_repeat_version_2": 1,
        "marac_repeat_version_1_not_2": 2, "marac_repeat_version_2_not_1": 0,
    }  # fmt: skip
    cell = table.get("marac_repeat_version_1", "control", "count")
    assert cell.n == 4
    assert "crosses a change of what is recorded: repeat referral to MARAC" in cell.warning
    across = table.get("marac_repeat_version_1_not_2", "control", "share")
    assert across.warning.startswith("compares version 1 with version 2 of the definition; ")
    assert table.get("serial_version_1", "control", "count").warning == ""
    assert "not more than 12 months after its last hearing" in table.note
    # The table of the follow-up at MARAC uses the version in use, and says the same.
    serial = answer(house, marac_follow_up)["serial"]
    assert serial.get("all", "repeat", "count").value == 3
    assert serial.get("all", "repeat", "count").warning == cell.warning
    assert serial.get("all", "serial", "count").warning == ""
    assert "Repeat (version 1): the same pair heard again on a later day." in serial.note


def test_only_the_versions_asked_for_are_shown() -> None:
    table = answer(profiled(), definitions)["perpetrators"]
    assert list(table.row_labels) == [
        "serial_version_1", "marac_repeat_version_1", "marac_repeat_version_2",
        "marac_repeat_version_1_not_2", "marac_repeat_version_2_not_1", "police_repeat_version_1",
    ]  # fmt: skip


def test_the_risk_band_is_told_by_time_point() -> None:
    items = ", ".join(f"item_{number:02d}" for number in range(1, 21))
    house = Warehouse()
    house.covered("cms", "site_2", *DAYS)
    for number, yes in enumerate((20, 14, 13)):
        house.allocated((f"p{number}", "site_2", "2017-01-15", "intervention"))
        house.rows(
            "staging.cms_risk_item", f"perpetrator_id, time_point, {items}",
            (f"p{number}", "intake", *["yes"] * yes, *["no"] * (20 - yes)),
        )  # fmt: skip
    house.build()
    table = answer(house, definitions)["risk_bands"]
    cell = table.get("risk_band_version_1", "intake", "count")
    assert (cell.value, cell.n) == (2, 3)
    assert table.get("risk_band_version_1", "closure", "share").note == "no form has a score"
