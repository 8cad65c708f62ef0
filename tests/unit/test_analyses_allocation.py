"""Balance, contamination and the police request on small literal tables."""

from __future__ import annotations

import itertools
import math
from statistics import mean, variance

import numpy as np
import pandas as pd
import pytest
from given import Warehouse
from scipy.stats import chisquare

from datrial.analyses.balance import ANALYSIS as BALANCE
from datrial.analyses.balance_statistics import difference
from datrial.analyses.base import Analysis, Context
from datrial.analyses.contamination import ANALYSIS as CONTAMINATION
from datrial.analyses.police_proportion import chance_of_counts
from datrial.analyses.police_request import ANALYSIS as POLICE_REQUEST
from datrial.results.cells import State, Table
from datrial.results.published import load_published

DAY, LATER = "2016-09-01", "2017-02-01"
CASE = "perpetrator_id, victim_id, hearing_date, site, perpetrator_age, referral_agency, repeat_case, children_count"  # noqa: E501


def tables(analysis: Analysis, house: Warehouse) -> dict[str, Table]:
    context = Context(house.connection, house.study, np.random.default_rng(1))
    return {t.id.split(".")[1]: t for t in analysis.run(context, analysis.parameters())}


def value(table: Table, row: str, column: str, statistic: str) -> float | None:
    return table.get(row, column, statistic).value


@pytest.fixture
def house() -> Warehouse:
    """Three people of each arm; p1 has two cases at his index meeting, c3 none."""
    house = Warehouse()
    house.allocated(
        ("p1", "site_1", DAY, "intervention"), ("p2", "site_1", DAY, "intervention"),
        ("p3", "site_2", DAY, "intervention"), ("c1", "site_1", DAY, "control"),
        ("c2", "site_2", DAY, "control"), ("c3", "site_2", DAY, "control"),
    )  # fmt: skip
    house.rows(
        "staging.marac_case", CASE,
        ("p1", "v1", DAY, "site_1", 31, "police", "no", 2),
        ("p1", "v2", DAY, "site_1", 30, "health", "yes", 0),
        ("p2", "v3", DAY, "site_1", 40, "police", "dont_know", 1),
        ("p3", "v4", DAY, "site_2", None, None, None, None),
        ("c1", "v5", DAY, "site_1", 20, "police", "no", 3),
        ("c2", "v6", DAY, "site_2", 30, "police", "no", 0),
        ("c2", "v1", LATER, "site_2", 99, "police", "yes", 9),
    )  # fmt: skip
    house.rows(
        "staging.cms_service_user", "perpetrator_id, site, sex",
        ("p1", "site_1", "male"), ("p2", "site_1", "female"), ("c3", "site_2", "male"),
    )  # fmt: skip
    for source in ("marac", "insights", "cms"):
        for site in house.study.sites:
            house.covered(source, site, "2015-01-01", "2019-09-30")
    house.build()
    return house


def nothing_of(house: Warehouse, source: str, *sites: str) -> None:
    """Take back that a source sent anything of some sites (none named: of any)."""
    for site in sites or house.study.sites:
        for table in ("coverage_span", "coverage"):
            house.connection.execute(
                f"delete from study.{table} where source = ? and site = ?", [source, site]
            )


# Balance


def test_balance_rests_on_the_index_meeting(house: Warehouse) -> None:
    found = tables(BALANCE, house)
    means, table = found["means"], found["shares"]
    assert value(table, "people", "intervention", "count") == 3
    assert value(means, "age", "intervention", "mean") == 35  # 30 and 40
    assert value(means, "age", "control", "mean") == 25
    assert means.get("age", "intervention", "sd").value == pytest.approx(math.sqrt(50))
    assert means.get("age", "intervention", "mean").n == 2
    assert value(table, "age__missing", "intervention", "count") == 1
    assert value(table, "age__missing", "control", "share") == pytest.approx(1 / 3)
    assert value(means, "children", "intervention", "mean") == 1.5
    assert value(means, "children", "control", "mean") == 1.5
    # p1: health comes before police, and yes before no; c2's later case does not count.
    agencies = {a: value(table, f"referral_agency__{a}", "intervention", "count")
                for a in ("health", "police", "dont_know", "missing")}  # fmt: skip
    assert agencies == {"health": 1, "police": 1, "dont_know": 0, "missing": 1}
    repeat = {a: value(table, f"repeat_case__{a}", "control", "count")
              for a in ("yes", "no", "dont_know", "missing")}  # fmt: skip
    assert repeat == {"yes": 0, "no": 2, "dont_know": 0, "missing": 1}
    assert value(table, "repeat_case__dont_know", "intervention", "count") == 1
    shares = [value(table, f"site__site_{n}", "control", "share") for n in (1, 2, 3)]
    assert shares == pytest.approx([1 / 3, 2 / 3, 0])
    for name in ("referral_agency", "repeat_case", "site"):
        counted = [
            cell.value or 0
            for cell in table.cells
            if cell.row.startswith(f"{name}__")
            and (cell.column, cell.statistic) == ("control", "count")
        ]
        assert sum(counted) == 3, name


def test_sex_is_known_where_it_is_known(house: Warehouse) -> None:
    table = tables(BALANCE, house)["shares"]
    assert value(table, "sex__male", "intervention", "share") == pytest.approx(1 / 3)
    assert value(table, "sex__missing", "intervention", "count") == 1
    house.connection.execute("delete from staging.cms_service_user where perpetrator_id = 'c3'")
    cell = tables(BALANCE, house)["shares"].get("sex__male", "control", "share")
    assert (cell.state, "service users" in cell.note) == (State.NOT_AVAILABLE, True)


def test_balance_says_what_was_not_received(house: Warehouse) -> None:
    nothing_of(house, "marac", "site_3")
    table = tables(BALANCE, house)["shares"]
    cell = table.get("children__missing", "control", "count")
    assert (cell.value, "without Site 3" in cell.warning) == (1, True)
    nothing_of(house, "marac")
    house.connection.execute("update cohort.member set age_at_index = null")
    house.connection.execute("delete from staging.marac_case")
    found = tables(BALANCE, house)
    for name, row, statistic in (
        ("means", "age", "mean"), ("means", "children", "sd"), ("shares", "age__missing", "count"),
        ("shares", "repeat_case__yes", "share"), ("shares", "referral_agency__missing", "count"),
    ):  # fmt: skip
        cell = found[name].get(row, "control", statistic)
        assert (cell.state, cell.note) == (State.NOT_AVAILABLE, "no MARAC data were received")
    empty = Warehouse()
    empty.build()
    same = tables(BALANCE, empty)
    shape = [(c.row, c.column, c.statistic) for name in same for c in same[name].cells]
    assert shape == [(c.row, c.column, c.statistic) for name in found for c in found[name].cells]
    # A date of birth that another agency sent gives the age at the index date.
    house.connection.execute("update cohort.member set age_at_index = 20 where person_id = 'c1'")
    assert value(tables(BALANCE, house)["means"], "age", "control", "mean") == 20


def test_the_sex_of_service_users_needs_case_management_data(house: Warehouse) -> None:
    nothing_of(house, "cms")
    house.connection.execute("delete from staging.cms_service_user")
    cell = tables(BALANCE, house)["shares"].get("sex__male", "intervention", "share")
    assert cell.note == "no case-management data were received"


def test_smd_of_ages(house: Warehouse) -> None:
    found = tables(BALANCE, house)
    table = found["means"]
    # Means 35 and 25, variances 50 and 50; at site 1 the ages 30, 40 and 20.
    cell = table.get("age", "difference_intervention", "smd")
    assert (cell.value, cell.n) == (pytest.approx(10 / math.sqrt(50)), 4)
    within = value(table, "age", "difference_intervention", "smd_within_sites")
    assert within == pytest.approx(15 / math.sqrt(50))
    with pytest.raises(KeyError):
        found["shares"].get("site__site_1", "difference_intervention", "smd_within_sites")


def test_smd_within_strata_by_another_way() -> None:
    """The stratified difference is the treatment's coefficient with a dummy per stratum."""
    rng = np.random.default_rng(4)
    strata = rng.integers(0, 6, 300)
    treated = rng.random(300) < 0.2 + 0.1 * strata
    values = pd.Series(rng.normal(size=300) + 0.3 * treated + strata)
    values[rng.random(300) < 0.1] = np.nan
    names = pd.Series(strata.astype(str))
    found = difference(values, treated, names, pd.Series("x", index=values.index))
    known = values.notna().to_numpy()
    one, other = values[known & treated], values[known & ~treated]
    root = math.sqrt((variance(one) + variance(other)) / 2)
    assert found.crude == pytest.approx((mean(one) - mean(other)) / root)
    assert found.within_meetings == pytest.approx(found.crude)
    design = np.column_stack([treated, *(strata == s for s in range(6))]).astype(float)[known]
    coefficient = np.linalg.lstsq(design, values[known].to_numpy(), rcond=None)[0][0]
    assert found.within_sites == pytest.approx(coefficient / root)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1.0, 1.0, 1.0, 1.0], 0.0), ([1.0, 1.0, 0.0, 0.0], None), ([1.0, np.nan, 0.0, 1.0], None)],
)
def test_smd_without_spread_or_people(values: list[float], expected: float | None) -> None:
    names = pd.Series(["x"] * 4)
    found = difference(pd.Series(values), np.array([True, True, False, False]), names, names)
    assert found.crude == expected


# Contamination


def test_contamination(house: Warehouse) -> None:
    house.rows(
        "staging.insights_intake", "victim_id, perpetrator_id, intake_date",
        ("v3", "c1", "2016-01-01"), ("v3", None, DAY), ("v9", "nobody", DAY),
    )  # fmt: skip
    found = tables(CONTAMINATION, house)
    linked = found["linked"]
    # v1: of p1, later of c2. v3: of p2, and of c1 before the allocation.
    assert value(linked, "victims_ever", "linked", "count") == 6
    assert value(linked, "victims_ever", "both_arms", "count") == 2
    assert value(linked, "victims_ever", "both_arms", "share") == pytest.approx(1 / 3)
    assert value(linked, "victims_since", "both_arms", "count") == 1
    assert value(linked, "victims_ever_site_1", "both_arms", "count") == 1  # v3
    assert value(linked, "victims_ever_site_2", "both_arms", "count") == 0
    empty = linked.get("victims_ever_site_3", "both_arms", "share")
    assert (empty.state, linked.get("victims_ever_site_3", "linked", "count").value) == (
        State.NOT_AVAILABLE,
        0,
    )
    cell = linked.get("households", "both_arms", "count")
    assert (cell.state, "no source tells" in cell.note) == (State.NOT_AVAILABLE, True)

    records = found["records"]
    cell = records.get("all", "control", "count")
    assert (cell.value, cell.n, bool(cell.warning)) == (1, 3, True)
    cell = records.get("site_1", "control", "count")
    assert (cell.value, cell.n, bool(cell.warning)) == (0, 1, False)
    assert value(records, "site_1", "intervention", "share") == 1
    assert records.get("site_3", "control", "count").state == State.NOT_APPLICABLE


def test_households_are_counted_where_cases_tell_them(house: Warehouse) -> None:
    for person, household in (("p1", "h1"), ("p2", "h2"), ("c1", "h1"), ("c2", None)):
        house.connection.execute(
            "update staging.marac_case set household_id = ? where perpetrator_id = ?",
            [household, person],
        )
    linked = tables(CONTAMINATION, house)["linked"]
    assert value(linked, "households", "linked", "count") == 2
    cell = linked.get("households", "both_arms", "count")
    assert (cell.value, cell.n) == (1, 2)  # h1: of p1 and of c1
    assert value(linked, "households", "both_arms", "share") == 0.5
    assert cell.warning == "without Site 2, Site 3, of which no households are known"
    nothing_of(house, "marac")
    cell = tables(CONTAMINATION, house)["linked"].get("households", "both_arms", "count")
    assert (cell.value, cell.note) == (None, "no MARAC data were received")


def test_contamination_says_what_was_not_received(house: Warehouse) -> None:
    nothing_of(house, "insights")
    nothing_of(house, "marac", "site_3")
    found = tables(CONTAMINATION, house)
    cell = found["linked"].get("victims_ever", "linked", "count")
    assert cell.value == 6
    assert cell.warning == (
        "without Site 3, of which no MARAC data were received; no IDVA data were received"
    )
    cell = found["linked"].get("victims_ever_site_3", "both_arms", "share")
    assert (cell.state, "no MARAC data were received of Site 3" in cell.note) == (
        State.NOT_AVAILABLE, True,
    )  # fmt: skip
    nothing_of(house, "cms", "site_2")
    records = tables(CONTAMINATION, house)["records"]
    cell = records.get("site_2", "control", "count")
    assert (cell.value, cell.note) == (None, "no case-management data were received of Site 2")
    assert "without Site 2" in records.get("all", "control", "count").warning
    assert records.get("site_3", "control", "count").state == State.NOT_APPLICABLE


# The police request


def asked(house: Warehouse, *people: str) -> None:
    house.rows("ledger.police_request", "person_id, step", *((p, "1") for p in people))


@pytest.fixture
def with_records(house: Warehouse) -> Warehouse:
    house.covered("police", "site_1", "2015-01-01", "2019-01-01")
    house.rows(
        "staging.police_incident", "perpetrator_id, site, incident_date",
        ("p1", "site_1", DAY), ("p1", "site_1", LATER), ("c1", "site_1", DAY),
    )  # fmt: skip
    return house


def test_availability_of_those_on_the_list(with_records: Warehouse) -> None:
    asked(with_records, "p1", "p2", "p3", "c2")
    table = tables(POLICE_REQUEST, with_records)["availability"]
    assert table.catalogue == ("D-P4",)
    assert value(table, "allocated_all", "control", "count") == 3
    assert value(table, "requested_all", "control", "count") == 1
    assert value(table, "requested_site_1", "control", "share") == 0
    assert value(table, "with_record_site_1", "intervention", "count") == 1
    assert value(table, "with_record_site_1", "intervention", "share") == 0.5
    beside = table.get("record_not_requested_site_1", "control", "count")
    assert (beside.value, bool(beside.warning)) == (1, True)
    # Nothing was received for site 2: that is not none.
    cell = table.get("with_record_site_2", "intervention", "count")
    assert (cell.state, cell.value) == (State.NOT_AVAILABLE, None)


def test_without_a_list_nobody_knows_how_many_controls_were_asked_about(
    with_records: Warehouse,
) -> None:
    table = tables(POLICE_REQUEST, with_records)["availability"]
    assert table.get("requested_site_1", "control", "count").state == State.NOT_AVAILABLE
    assert table.get("with_record_site_1", "control", "share").state == State.NOT_AVAILABLE
    assert value(table, "with_record_site_1", "intervention", "share") == 0.5
    cell = table.get("with_record_site_1", "control", "count")
    assert (cell.value, "on the list or not" in cell.note) == (1, True)


def test_people_on_the_list_who_were_not_allocated_are_told(with_records: Warehouse) -> None:
    asked(with_records, "p1", "c1", "stranger")
    table = tables(POLICE_REQUEST, with_records)["availability"]
    cell = table.get("requested_all", "control", "count")
    assert cell.value == 1
    assert cell.warning == "1 on the list were not allocated and are in no arm"
    assert table.get("requested_site_1", "control", "count").warning == ""
    cell = table.get("with_record_all", "control", "count")
    assert "without Site 2, Site 3, of which no police data were received" in cell.warning


def test_the_printed_numbers_stand_beside_cells_and_agree_with_each_other(
    with_records: Warehouse,
) -> None:
    printed = {n.key: n for n in load_published("drive") if n.table.startswith("police_request.")}
    assert len(printed) == 13
    asked(with_records, "p1", "c1")
    table = tables(POLICE_REQUEST, with_records)["availability"]
    cells = {(table.id, cell.row, cell.column, cell.statistic) for cell in table.cells}
    assert printed.keys() <= cells
    for site in ("site_1", "site_2"):
        for arm in ("intervention", "control"):
            share, found = (
                printed[table.id, f"with_record_{site}", arm, name].value
                for name in ("share", "count")
            )
            people = printed[table.id, f"requested_{site}", arm, "count"].value
            assert share == pytest.approx(found / people, abs=0.005)


# Whether the controls on the list are in proportion


@pytest.mark.parametrize(
    ("counts", "parts"),
    [((3, 1), (2, 2)), ((1, 3, 0), (2, 1, 1)), ((2, 2), (3, 5)), ((4, 0), (4, 4))],
)
@pytest.mark.parametrize("from_all", [True, False])
def test_the_chance_of_counts_is_that_of_all_possible_draws(
    counts: tuple[int, ...], parts: tuple[int, ...], from_all: bool
) -> None:
    """Against every possible draw, one by one: within 5 standard errors of 9999 random ones."""
    groups = [group for group, size in enumerate(parts) for _ in range(size)]
    asked_about = sum(counts)
    ways = (
        itertools.permutations(groups, asked_about)
        if from_all
        else itertools.product(groups, repeat=asked_about)
    )
    expected = [asked_about * size / sum(parts) for size in parts]

    def distance(found: list[int]) -> float:
        return sum((f - e) ** 2 / e for f, e in zip(found, expected, strict=True))

    distances = [distance([way.count(group) for group in range(len(parts))]) for way in ways]
    exact = mean(each >= distance(list(counts)) - 1e-9 for each in distances)
    found = chance_of_counts(
        np.array(counts), np.array(parts), np.random.default_rng(5), from_all=from_all
    )
    assert found == pytest.approx(exact, abs=5 * math.sqrt(exact * (1 - exact) / 9999) + 2e-4)


def test_the_chance_of_large_counts_is_that_of_chi_square() -> None:
    """Within 3 standard errors of the simulation, and .01 for what the chi-square leaves out."""
    counts, parts = np.array([190, 165, 154]), np.array([184, 169, 156])
    found = chance_of_counts(counts, parts, np.random.default_rng(5), from_all=False)
    assert found == pytest.approx(chisquare(counts, parts).pvalue, abs=0.025)


@pytest.mark.parametrize(
    ("counts", "parts", "expected"),
    [
        ((3, 0), (3, 0), None), ((0, 0), (3, 4), None), ((1, 1), (0, 0), None),
        ((2, 1), (4, 0), 0.0), ((0, 5), (9, 4), 0.0),
    ],
)  # fmt: skip
def test_counts_that_cannot_be_compared_or_cannot_be(
    counts: tuple[int, ...], parts: tuple[int, ...], expected: float | None
) -> None:
    rng = np.random.default_rng(1)
    assert chance_of_counts(np.array(counts), np.array(parts), rng, from_all=True) == expected


def test_proportion_of_the_controls_on_the_list(house: Warehouse) -> None:
    asked(house, "p1", "p2", "p3", "c1", "c2", "stranger")
    table = tables(POLICE_REQUEST, house)["proportion"]
    counts = [value(table, "site_2", c, "count") for c in ("intervention", "of_controls")]
    assert counts == [1, 2]
    assert value(table, "all", "controls", "count") == 2
    assert value(table, "site_1", "in_proportion", "expected") == pytest.approx(2 * 2 / 3)
    assert value(table, "site_1", "one_draw", "expected") == pytest.approx(2 / 3)
    # Of 2 drawn from 1 and 2 controls 1 is of each site in 2 of 3 draws; else it is farther.
    assert value(table, "all", "one_draw", "p_value") == 1
    assert table.get("site_1", "one_draw", "p_value").state == State.NOT_APPLICABLE
    cell = tables(POLICE_REQUEST, Warehouse())["proportion"].get("all", "one_draw", "p_value")
    assert (cell.state, "no police request" in cell.note) == (State.NOT_AVAILABLE, True)


def test_a_list_fixed_by_site_and_one_left_to_chance_are_told_apart() -> None:
    """Drive's numbers: as many controls as intervention people at each site, of 2085 controls."""
    fixed, of_controls = np.array([169, 184, 156]), np.array([490, 1139, 456])
    rng = np.random.default_rng(3)
    assert chance_of_counts(fixed, fixed, rng, from_all=False) == 1.0
    by_chance = chance_of_counts(fixed, of_controls, rng, from_all=True)
    assert by_chance is not None and by_chance < 0.001
    # Left to chance, small chances are as rare as they say.
    drawn = rng.multivariate_hypergeometric(of_controls, 509, size=200)
    chances = [
        chance_of_counts(each, of_controls, rng, from_all=True, draws=499) or 0.0 for each in drawn
    ]
    assert mean(chance <= 0.1 for chance in chances) == pytest.approx(0.1, abs=0.07)
