"""The linkage in a snapshot and in the report: counts that add up, and no name anywhere."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from given import Warehouse, drive
from invented_people import identifiers, people, true_person

from datrial.analyses import linkage, linkage_sensitivity
from datrial.analyses.base import Context
from datrial.config.study import Linkage
from datrial.errors import UsageError
from datrial.people.clusters import People, identities
from datrial.people.linkage import Links, link_people
from datrial.people.linkage_report import write_linkage
from datrial.people.linkage_truth import Quality, quality
from datrial.results.cells import State, Table, cells_frame
from datrial.warehouse.study_tables import write_allocations

CUT = 6.6
PEOPLE = ("control", "intervention")
SETTINGS = Linkage(match_weight=CUT, sensitivity_weights=(3.5, -2.0), review_from=0, review_to=CUT)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(9)
    truth = people(260, rng)
    victims = identifiers(people(20, rng), None, rng).assign(of="victim")
    return pd.concat(
        [
            identifiers(truth.iloc[:180], None, rng),
            identifiers(truth.iloc[80:], "own", rng),
            victims,
        ]
    )


@pytest.fixture(scope="module")
def linked(rows: pd.DataFrame) -> tuple[Links, People]:
    one = {("perpetrator", "own_0000080", "shared_0000080"): "different"}
    links = link_people(rows, SETTINGS, 1, decisions=one)  # type: ignore[arg-type]
    return links, identities(links, CUT)


@pytest.fixture(scope="module")
def snapshot(linked: tuple[Links, People]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    write_linkage(connection, *linked)
    write_allocations(connection, [], [])
    return connection


def get(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def test_bands_add_up_to_the_pairs_compared(snapshot: duckdb.DuckDBPyConnection) -> None:
    compared = get(snapshot, "select pairs_compared from people.link_setting order by of")
    bands = get(
        snapshot, "select sum(pairs), sum(accepted) from people.link_band group by of order by of"
    )
    made = get(snapshot, "select accepted from people.link_setting order by of")
    assert [band[0] for band in bands] == [count for (count,) in compared]
    assert [band[1] for band in bands] == [count for (count,) in made]
    assert bands[0][1] > 60


def test_references_add_up_everywhere(snapshot: duckdb.DuckDBPyConnection) -> None:
    expected = [("perpetrator", 360), ("victim", 20)]
    assert get(snapshot, "select of, link_references from people.link_setting order by 1") == (
        expected
    )
    by_size = "select of, cast(sum(size * people) as bigint) from people.cluster_size "
    assert get(snapshot, by_size + "group by of order by of") == expected
    by_space = "select of, cast(sum(link_references) as bigint) from people.link_space "
    assert get(snapshot, by_space + "group by of order by of") == expected
    linked = get(snapshot, "select sum(linked) from people.link_space")[0][0]
    assert linked == get(snapshot, "select count(*) from people.identity")[0][0]


def test_missing_identifiers_are_counted_by_reference(
    snapshot: duckdb.DuckDBPyConnection, rows: pd.DataFrame
) -> None:
    found = get(snapshot, "select of, missing from people.link_missing where identifier='postcode'")
    expected = rows.groupby("of")["postcode"].apply(lambda column: int(column.isna().sum()))
    assert dict(found) == expected.to_dict()
    assert expected["perpetrator"] > 20


def test_a_decision_is_kept_with_its_pair(snapshot: duckdb.DuckDBPyConnection) -> None:
    assert get(
        snapshot, "select accepted, reason from people.link where decision = 'different'"
    ) == [(False, "")]
    assert get(snapshot, "select sum(decided) from people.link_band")[0][0] == 1


def test_no_identifier_is_in_the_snapshot(
    snapshot: duckdb.DuckDBPyConnection, rows: pd.DataFrame
) -> None:
    text = ""
    tables = get(
        snapshot, "select table_name from information_schema.tables where table_schema = 'people'"
    )
    assert len(tables) == 9
    for (table,) in tables:
        text += snapshot.execute(f"select * from people.{table}").df().to_csv().upper()
    for field in ("family_name", "date_of_birth", "postcode"):
        values = rows[field].dropna()
        assert len(values) > 100
        assert not [value for value in values if value.upper() in text]


def test_writing_twice_gives_the_same_tables(
    linked: tuple[Links, People], snapshot: duckdb.DuckDBPyConnection
) -> None:
    again = duckdb.connect()
    write_linkage(again, *linked)
    write_linkage(again, *linked)
    for table in ("link", "identity", "link_band", "link_setting", "link_parameter"):
        sql = f"select * from people.{table}"
        assert get(again, sql) == get(snapshot, sql)
    one = "select person_id from people.identity where reference_id = 'own_0000081'"
    assert get(snapshot, one) == [("shared_0000081",)]


def test_a_linkage_of_nobody_has_empty_tables() -> None:
    nobody = link_people(pd.DataFrame(columns=["of", "reference_id", "space", "source",
        "given_name", "family_name", "date_of_birth", "postcode"]), SETTINGS, 1)  # fmt: skip
    connection = duckdb.connect()
    write_linkage(connection, nobody, identities(nobody, CUT))
    assert get(connection, "select count(*) from people.link")[0][0] == 0
    tables = answer(linkage, house_of(connection))
    assert {cell.state for table in tables.values() for cell in table.cells} == {
        State.NOT_AVAILABLE
    }


def house_of(connection: duckdb.DuckDBPyConnection) -> Warehouse:
    house = Warehouse(drive(linkage=SETTINGS))
    house.connection = connection
    return house


def answer(module: Any, house: Warehouse, **at_cuts: Any) -> dict[str, Table]:
    analysis = module.ANALYSIS
    context = Context(house.connection, house.study, np.random.default_rng(1), **at_cuts)
    tables = analysis.run(context, analysis.parameters())
    for table in tables:
        assert table.id.startswith(f"{analysis.id}.")
        for cell in table.cells:
            assert (cell.state is State.VALUE) == (cell.value is not None)
            assert cell.state is State.VALUE or cell.note
    cells_frame("run", [(analysis.id, table) for table in tables], {})  # no cell stands twice
    return {table.id.partition(".")[2]: table for table in tables}


def test_the_report_tells_what_was_linked_and_how_well(
    snapshot: duckdb.DuckDBPyConnection, linked: tuple[Links, People], rows: pd.DataFrame
) -> None:
    tables = answer(linkage, house_of(snapshot))
    made = tables["quality"]
    links, found = linked
    truth = {
        ("perpetrator", reference): person
        for reference, person in zip(
            rows["reference_id"], true_person(rows["reference_id"]), strict=True
        )
    }
    references = links.references[links.references["of"] == "perpetrator"]
    keys = zip(references["of"], references["reference_id"], strict=True)
    real = quality(found.identity, list(keys), truth)["perpetrator"]
    assert real.precision is not None
    assert real.recall is not None
    assert made.get("perpetrator", "accepted", "count").value == real.made
    # What the model expects of itself is near what the truth says.
    precision = made.get("perpetrator", "precision", "share").value
    recall = made.get("perpetrator", "recall", "share").value
    assert precision == pytest.approx(real.precision, abs=0.03)
    assert recall == pytest.approx(real.recall, abs=0.07)
    assert "estimated" in made.get("perpetrator", "match_weight", "value").note
    # Twenty victims are too few to estimate anything from, and the cells say so.
    assert "fewer than 50" in made.get("victim", "match_weight", "value").note
    assert made.get("victim", "precision", "share").state is State.NOT_AVAILABLE
    share = tables["references"].get("perpetrator__own", "linked", "share").value
    assert share is not None
    assert 0.4 < share < 0.7
    assert tables["parameters"].get("perpetrator__00_given_name", "m", "probability").value
    assert tables["clusters"].get("perpetrator__2", "people", "count").value == real.made
    assert set(tables) == {
        "quality", "bands", "references", "conflicts", "allocated_twice", "clusters", "missing",
        "parameters",
    }  # fmt: skip


def test_without_a_linkage_every_table_is_there_and_not_applicable() -> None:
    house = Warehouse()
    house.build()
    tables = answer(linkage, house)
    assert len(tables) == 8
    for table in tables.values():
        assert {cell.state for cell in table.cells} == {State.NOT_APPLICABLE}


def test_people_allocated_under_several_references_are_counted_by_site(
    snapshot: duckdb.DuckDBPyConnection,
) -> None:
    """One of three allocations in two arms, first at site 2; one of two in one arm at site 1."""
    day = dt.date(2017, 1, 1)
    listed = [
        ("p1", "p1", "site_2", day, "control", True, False),
        ("p1", "p2", "site_1", day, "control", False, False),
        ("p1", "p3", "site_3", day, "intervention", False, False),
        ("p4", "p4", "site_1", day, "control", True, True),
        ("p4", "p5", "site_1", day, "control", False, True),
    ]
    write_allocations(snapshot, [], [], merged=listed)
    table = answer(linkage, house_of(snapshot))["allocated_twice"]
    write_allocations(snapshot, [], [])
    found = {
        row: [table.get(row, column, "count").value for column in table.column_labels]
        for row in table.row_labels
    }
    assert found == {
        "all": [2, 1, 1, 3], "site_1": [1, 1, 0, 1], "site_2": [1, 0, 1, 2], "site_3": [0, 0, 0, 0],
    }  # fmt: skip
    assert "first stands" in table.get("site_2", "different_arms", "count").warning
    assert not table.get("site_1", "different_arms", "count").warning


def trial(again: dict[str, int]) -> Warehouse:
    """Return a trial in which so many people of each arm appear again, with a second victim.

    The police record domestic abuse once of each of them; they were asked about all.
    """
    house = Warehouse(drive(linkage=SETTINGS))
    for source in ("marac", "police"):
        house.covered(source, "site_2", "2016-02-01", "2019-09-30")
    for arm, count in again.items():
        for i in range(30):
            person = f"{arm}{i}"
            house.allocated((person, "site_2", "2016-09-01", arm))
            house.rows(
                "staging.cms_service_user", "perpetrator_id, closure_date", (person, "2017-07-01")
            )
            house.rows("ledger.police_request", "person_id", (person,))
            if i < count:
                house.rows(
                    "staging.marac_case", "perpetrator_id, victim_id, hearing_date, site",
                    (person, "v", "2016-09-01", "site_2"), (person, "w", "2017-01-10", "site_2"),
                )  # fmt: skip
                house.rows(
                    "staging.police_incident",
                    "incident_id, perpetrator_id, incident_date, domestic_abuse, site",
                    (f"i_{person}", person, "2017-02-01", "yes", "site_2"),
                    (f"j_{person}", person, "2017-02-02", "no", "site_2"),
                )  # fmt: skip
    house.build()
    return house


def test_the_effect_stands_beside_itself_at_the_other_cuts() -> None:
    main = trial({"control": 10, "intervention": 5})
    more = trial({"control": 12, "intervention": 12})
    tables = answer(linkage_sensitivity, main, at_cuts={3.5: more.connection})
    ratios = tables["rate_ratios"]
    assert list(ratios.column_labels) == ["main", "cut_3_5", "cut_2_below_zero"]
    assert ratios.get("during", "main", "rate_ratio").value == pytest.approx(0.5)
    assert ratios.get("during", "cut_3_5", "rate_ratio").value == pytest.approx(1)
    assert ratios.get("during", "cut_3_5", "ci_high").value is not None
    missing = ratios.get("during", "cut_2_below_zero", "rate_ratio")
    assert (missing.state, missing.note) == (
        State.NOT_APPLICABLE, "the people were not linked at this cut",
    )  # fmt: skip
    assert tables["reappearance"].get("during__control", "cut_3_5", "people").value == 12
    abuse = tables["police_rate_ratios"]
    assert list(abuse.column_labels) == list(ratios.column_labels)
    assert abuse.get("during", "main", "rate_ratio").value == pytest.approx(0.5)
    assert abuse.get("months_0_6", "cut_3_5", "rate_ratio").value == pytest.approx(1)
    assert abuse.get("during", "cut_2_below_zero", "bse").note == missing.note
    assert "no event in the arm" in abuse.get("after_0_6", "cut_3_5", "ci_low").note
    serial = tables["serial"]
    shares = [serial.get(f"serial__{who}", "main", "share").value for who in ("all", *PEOPLE)]
    assert shares == pytest.approx([15 / 60, 10 / 30, 5 / 30])
    assert serial.get("serial__intervention", "cut_3_5", "count").value == 12
    assert serial.get("repeat__all", "cut_3_5", "count").value == 0
    # A period without any appearance says so, at every cut.
    assert ratios.get("after_0_6", "main", "rate_ratio").state is State.NOT_AVAILABLE


def test_the_main_column_is_that_of_the_main_analysis() -> None:
    from datrial.analyses import follow_up_rates, marac_follow_up

    house = trial({"control": 10, "intervention": 7})
    main, again = answer(marac_follow_up, house), answer(linkage_sensitivity, house)
    police = answer(follow_up_rates, house)["rate_ratios"]
    for statistic in ("rate_ratio", "ci_low", "ci_high", "p_value"):
        here = again["rate_ratios"].get("during", "main", statistic)
        there = main["rate_ratios"].get("during", "estimate", statistic)
        assert replace(here, column="estimate") == there
        here = again["police_rate_ratios"].get("months_0_6", "main", statistic)
        row = "police_domestic_abuse__months_0_6"
        assert replace(here, row=row, column="poisson") == police.get(row, "poisson", statistic)
    for who in ("all", *PEOPLE):
        here = again["serial"].get(f"serial__{who}", "main", "share")
        there = main["serial"].get(who, "serial", "share")
        assert replace(here, row=who, column="serial") == there


def test_the_police_data_of_nobody_tell_no_ratio_at_any_cut() -> None:
    house = trial({"control": 10, "intervention": 5})
    house.connection.execute("delete from study.coverage_span where source = 'police'")
    house.connection.execute("delete from study.coverage where source = 'police'")
    house.build()
    cells = answer(linkage_sensitivity, house)["police_rate_ratios"].cells
    main = [cell for cell in cells if cell.column == "main"]
    assert {(cell.state, cell.note) for cell in main} == {
        (State.NOT_AVAILABLE, "no police data were received")
    }


def test_a_site_that_the_study_has_not_is_said() -> None:
    house = trial({"control": 1})
    context = Context(house.connection, house.study, np.random.default_rng(1))
    asked = linkage_sensitivity.ANALYSIS.parameters(police_sites=("site_9",))
    with pytest.raises(UsageError, match="no site site_9"):
        linkage_sensitivity.run(context, asked)


def test_a_study_that_links_nobody_has_no_sensitivity_to_it() -> None:
    house = Warehouse()
    house.build()
    tables = answer(linkage_sensitivity, house)
    for table in tables.values():
        assert {cell.state for cell in table.cells} == {State.NOT_APPLICABLE}


def test_quality_counts_pairs_within_people() -> None:
    identity = pd.DataFrame(
        [("a", "perpetrator", "a"), ("b", "perpetrator", "a"), ("c", "perpetrator", "a")],
        columns=["reference_id", "of", "person_id"],
    )
    truth = {("perpetrator", name): "1" for name in "abd"} | {("perpetrator", "c"): "2"}
    found = quality(identity, [("perpetrator", name) for name in "abcde"], truth)
    assert found == {"perpetrator": Quality(made=3, right=1, true=3)}
    assert found["perpetrator"].precision == pytest.approx(1 / 3)
    assert Quality(0, 0, 0).precision is None
    assert Quality(0, 0, 0).recall is None
