"""Needs of service users: counted by hand on eight of them, and on the simulated Drive study."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from given import Warehouse, drive

from datrial.analyses.base import Context
from datrial.analyses.levels import NEEDS
from datrial.analyses.needs import ANALYSIS
from datrial.analyses.needs_engagement import ENGAGEMENT
from datrial.config.tables import staging_tables
from datrial.results.cells import PublishedKey, State, Table
from datrial.results.published import load_published, published_values
from datrial.simulate.records import all_records
from datrial.simulate.world import make_world

NO_ANSWER = dict.fromkeys(NEEDS, "dont_know")
#: Person -> midpoint answers and levels, and engagement (None: no row).
PEOPLE: dict[str, tuple[dict[str, str], str | None]] = {
    "p0": ({"housing": "yes", "housing_level": "homeless",
            "financial": "yes", "financial_level": "high"}, "engaged"),
    "p1": ({"housing": "yes", "housing_level": "temporary",
            "financial": "no", "financial_level": "none"}, "engaged"),
    "p2": ({"housing": "no", "housing_level": "stable",
            "financial": "no", "financial_level": "dont_know"}, "no_contact_made"),
    "p3": ({"housing": "dont_know", "financial": "yes", "financial_level": "low"},
           "did_not_engage"),
    "p4": (NO_ANSWER, "no_contact_made"),
    "p5": ({}, "engaged"),
    "p6": ({"housing": "no", "housing_level": "dont_know"}, "dont_know"),
    "p7": ({"housing": "yes", "housing_level": "unstable"}, None),
}  # fmt: skip


@cache
def eight() -> Warehouse:
    house = Warehouse()
    house.covered("cms", "site_1", "2016-02-15", "2019-09-30")
    for person, (answers, engagement) in PEOPLE.items():
        house.allocated((person, "site_1", "2017-01-15", "intervention"))
        house.rows(
            "staging.cms_need",
            ", ".join(("perpetrator_id", "time_point", *answers)),
            (person, "midpoint", *answers.values()),
        )
        if engagement:
            house.rows("staging.cms_engagement", "perpetrator_id, engagement", (person, engagement))
    house.build()
    return house


@cache
def replica() -> Warehouse:
    """Return the simulated Drive study, as its agencies know it, without the mess of files."""
    study = drive()
    house = Warehouse(study)
    records = {
        layout.table: rows for layout, rows in all_records(make_world(study, 7, 1, lambda _: None))
    }
    tables = {
        "staging.cms_need": ("site", *staging_tables()["cms_need"].columns),
        "staging.cms_engagement": ("site", *staging_tables()["cms_engagement"].columns),
        "ledger.allocation": ("site", "person_id", "meeting_date", "arm"),
    }
    records["allocation"] = records["allocation_list"]
    records["allocation"]["person_id"] = records["allocation_list"]["perpetrator_id"]
    for table, columns in tables.items():
        rows = pd.DataFrame({name: records[table.partition(".")[2]][name] for name in columns})
        house.connection.register("arrived", rows)
        house.connection.execute(
            f"insert into {table} ({', '.join(columns)}) select {', '.join(columns)} from arrived"
        )
        house.connection.unregister("arrived")
    for site in study.sites:
        house.covered("cms", site, "2016-02-15", "2019-09-30")
    house.build()
    return house


def answer(house: Warehouse, **parameters: Any) -> dict[str, Table]:
    """Return the tables; every cell without a value says why, and no cell is there twice."""
    context = Context(house.connection, house.study, np.random.default_rng(1))
    tables = ANALYSIS.run(context, ANALYSIS.parameters.model_validate(parameters))
    for table in tables:
        assert set(table.catalogue) <= set(ANALYSIS.catalogue)
        keys = [(cell.row, cell.column, cell.statistic) for cell in table.cells]
        assert len(keys) == len(set(keys))
        for cell in table.cells:
            assert (cell.state is State.VALUE) == (cell.value is not None)
            assert cell.state is State.VALUE or cell.note
    return {table.id.removeprefix("needs."): table for table in tables}


def told(
    table: Table, row: str, column: str, statistic: str
) -> tuple[float | str | None, int | None]:
    """Return a cell's value, or why it has none, and its n."""
    cell = table.get(row, column, statistic)
    return (cell.note if cell.value is None else pytest.approx(cell.value)), cell.n


NUMBERS = {"missing": (6, {0: 2, 1: 3, 2: 1}), "no": (7, {0: 3, 1: 3, 2: 1})}


@pytest.mark.parametrize("rule", NUMBERS)
def test_the_number_of_needs_is_counted_under_both_rules(rule: str) -> None:
    """p4 says nothing but don't know and p5 nothing at all: p5 is in no denominator."""
    table = answer(eight())["number"]
    people, counts = NUMBERS[rule]
    assert told(table, "people", rule, "count")[0] == people
    for number in range(13):
        count = counts.get(number, 0)
        assert told(table, f"needs_{number}", rule, "count")[0] == count
        assert told(table, f"needs_{number}", rule, "share") == (count / people, people)
    assert told(table, "one_or_more", rule, "share") == ((people - counts[0]) / people, people)


def test_prevalence_is_of_those_who_answered_the_need() -> None:
    left_out, as_no = (answer(eight(), dont_know=d)["prevalence"] for d in ("missing", "no"))
    assert told(left_out, "any_answer", "midpoint", "count")[0] == 6
    assert told(left_out, "housing", "midpoint", "share") == (3 / 5, 5)
    assert told(as_no, "any_answer", "midpoint", "count")[0] == 7
    assert told(as_no, "housing", "midpoint", "share") == (3 / 7, 7)
    assert told(left_out, "no_needs", "midpoint", "share") == (2 / 6, 6)
    assert told(left_out, "employment", "midpoint", "share") == ("no service user has an answer", 0)


def test_levels_are_counted_and_their_share_is_of_the_known_ones() -> None:
    table = answer(eight())["levels"]
    counts = {"homeless": 1, "transitory": 0, "unstable": 1, "temporary": 1, "stable": 1}
    for level, count in counts.items():
        assert told(table, f"housing__{level}", "forms", "count")[0] == count
        assert told(table, f"housing__{level}", "forms", "share") == (count / 4, 4)
    assert told(table, "housing__dont_know", "forms", "count")[0] == 1
    assert told(table, "housing__missing", "forms", "count")[0] == 3
    unknown = table.get("housing__dont_know", "forms", "share")
    assert unknown.state is State.NOT_APPLICABLE
    assert told(table, "drugs_misuse__high", "forms", "share") == (
        "no form gives a level of this need",
        0,
    )


DICHOTOMIES = [
    ("housing", "yes_or_no", 3 / 5, 5),
    ("housing", "any_dont_know_as_no", 3 / 5, 5),
    ("housing", "any_known", 3 / 4, 4),
    ("housing", "high_dont_know_as_no", 2 / 5, 5),
    ("housing", "high_known", 2 / 4, 4),
    ("homeless", "high_dont_know_as_no", 1 / 5, 5),
    ("homeless", "high_known", 1 / 4, 4),
    ("financial", "yes_or_no", 2 / 4, 4),
    ("financial", "any_dont_know_as_no", 2 / 4, 4),
    ("financial", "any_known", 2 / 3, 3),
    ("financial", "high_dont_know_as_no", 1 / 4, 4),
    ("financial", "high_known", 1 / 3, 3),
]


@pytest.mark.parametrize(("row", "column", "share", "n"), DICHOTOMIES)
def test_a_need_has_as_many_shares_as_there_are_rules(
    row: str, column: str, share: float, n: int
) -> None:
    table = answer(eight())["dichotomisations"]
    assert told(table, row, column, "share") == (share, n)
    assert told(table, row, column, "answered")[0] == n


def test_engagement_by_need_leaves_out_whose_engagement_is_not_known() -> None:
    tables = answer(eight())
    table = tables["engagement_by_need"]
    assert "n = 4 (2 without a known engagement are left out)" in table.note
    assert told(table, "housing__yes", "engaged", "share") == (1, 2)
    assert told(table, "housing__no", "no_contact_made", "share") == (1, 1)
    assert told(table, "financial__yes", "did_not_engage", "share") == (0.5, 2)
    assert told(table, "employment__yes", "engaged", "share") == ("nobody answered yes", None)
    columns = tables["by_engagement"]
    assert told(columns, "housing__yes", "engaged", "share") == (1, 2)
    assert told(columns, "financial__yes", "engaged", "share") == (0.5, 2)
    assert told(columns, "housing__yes", "no_contact_made", "share") == (0, 1)
    nobody = "nobody with an answer engaged like this"
    assert told(columns, "housing__no", "did_not_engage", "share") == (nobody, None)


def test_dont_know_as_no_adds_its_people_to_those_without_the_need() -> None:
    tables = answer(eight(), dont_know="no")
    table = tables["engagement_by_need"]
    assert "n = 5 (2 without a known engagement are left out)" in table.note
    assert told(table, "housing__no", "no_contact_made", "share") == (2 / 3, 3)
    assert told(table, "housing__no", "did_not_engage", "share") == (1 / 3, 3)


def test_a_test_of_engagement_is_exact_where_cells_are_small() -> None:
    """Two who engaged against one without contact: 1 of the 3 tables with these margins."""
    table = answer(eight())["engagement_tests"]
    assert told(table, "housing", "chi_square", "value") == (3, 3)
    assert told(table, "housing", "p_value", "p_value") == (1 / 3, 3)
    assert table.get("housing", "p_value", "p_value").note == "exact"
    # Two tests could be made (the other has p = 1): Benjamini and Hochberg over two.
    assert told(table, "financial", "p_value", "p_value") == (1, 4)
    assert told(table, "housing", "adjusted", "p_value") == (2 / 3, 3)
    assert told(table, "employment", "adjusted", "p_value")[0] == (
        "no test: one of the two groups is empty"
    )


def test_engagement_at_high_need_keeps_the_homeless_apart() -> None:
    table = answer(eight())["high_need_engagement"]
    assert told(table, "housing", "engaged", "share") == (1, 1)  # p1; p7's is not known
    assert told(table, "homeless", "engaged", "share") == (1, 1)
    assert told(table, "financial", "engaged", "share") == (1, 1)  # p3's is low
    assert told(table, "mental_health", "engaged", "share")[0] == (
        "no form gives a level of this need"
    )


def test_another_time_point_has_other_forms() -> None:
    table = answer(eight(), time_point="intake")["number"]
    assert table.title == "Number of needs of service users at intake"
    assert told(table, "people", "missing", "count")[0] == 0
    assert told(table, "needs_0", "missing", "share") == ("no service user has an answer", 0)


def test_without_case_management_data_nothing_is_known_and_no_cell_is_lost() -> None:
    silent = Warehouse()
    silent.build()
    empty, full = answer(silent), answer(eight())
    assert empty.keys() == full.keys()
    for name, table in empty.items():
        assert {(c.row, c.column, c.statistic) for c in table.cells} == {
            (c.row, c.column, c.statistic) for c in full[name].cells
        }
        known = {c.state: c.note for c in table.cells if c.state is not State.NOT_APPLICABLE}
        assert known == {State.NOT_AVAILABLE: "no case-management data were received"}
        assert {cell.n for cell in table.cells} == {None}


def test_a_site_that_sent_nothing_is_said() -> None:
    assert "without Site 2, Site 3" in answer(eight())["number"].note


@cache
def of_replica() -> dict[str, Table]:
    return answer(replica())


def published() -> dict[PublishedKey, float]:
    parameters = {"needs": ANALYSIS.parameters().model_dump(mode="json")}
    values = published_values(load_published("drive"), parameters)
    return {key: value.value for key, value in values.items() if key[0].startswith("needs.")}


def test_every_published_number_has_its_cell() -> None:
    tables = {f"needs.{name}": table for name, table in of_replica().items()}
    numbers = [number for number in load_published("drive") if number.table in tables]
    assert len(published()) == len(numbers) > 300
    for number in numbers:
        assert tables[number.table].get(number.row, number.column, number.statistic)


#: Table -> the largest difference from a printed share: exact but for rounding, or drawn.
NEAR = {"number": 0.025, "prevalence": 0.005, "levels": 0.005, "dichotomisations": 0.005}


@pytest.mark.parametrize("name", NEAR)
def test_the_simulated_study_has_the_printed_shares(name: str) -> None:
    table = of_replica()[name]
    ours = {key: value for key, value in published().items() if key[0] == f"needs.{name}"}
    assert ours
    for (_, row, column, statistic), value in ours.items():
        found = table.get(row, column, statistic).value
        if statistic == "share":
            assert found == pytest.approx(value, abs=NEAR[name]), (row, column)
        elif (row, column, value) == ("mental_health", "any_dont_know_as_no", 469):
            assert found == 467  # what the printed frequencies add up to
        else:
            assert found == value, (row, column, statistic)


def test_the_simulated_study_engages_by_need_in_the_printed_direction() -> None:
    """Contact is made more with those who have a need; needs by size, within 20 points."""
    table = of_replica()["engagement_by_need"]
    printed = published()
    for need in set(NEEDS) - {"other_addictions"}:
        with_need, without = (
            table.get(f"{need}__{a}", "no_contact_made", "share").value or 0 for a in ("yes", "no")
        )
        assert with_need < without
        for column in ENGAGEMENT:
            at = (f"{need}__yes", column, "share")
            ours = table.get(*at).value
            assert ours == pytest.approx(printed["needs.engagement_by_need", *at], abs=0.2), at
