"""Balance, contamination and the police request on small literal tables."""

from __future__ import annotations

import math
from statistics import mean, variance

import numpy as np
import pandas as pd
import pytest
from given import Warehouse

from datrial.analyses.balance import ANALYSIS as BALANCE
from datrial.analyses.balance_statistics import difference
from datrial.analyses.base import Analysis, Context
from datrial.analyses.contamination import ANALYSIS as CONTAMINATION
from datrial.analyses.police_request import ANALYSIS as POLICE_REQUEST
from datrial.results.cells import State, Table

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
    house.build()
    return house


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
    assert linked.get("households", "both_arms", "count").state == State.NOT_AVAILABLE

    records = found["records"]
    cell = records.get("all", "control", "count")
    assert (cell.value, cell.n, bool(cell.warning)) == (1, 3, True)
    cell = records.get("site_1", "control", "count")
    assert (cell.value, cell.n, bool(cell.warning)) == (0, 1, False)
    assert value(records, "site_1", "intervention", "share") == 1
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
