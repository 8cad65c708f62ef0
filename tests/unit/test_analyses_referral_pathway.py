"""The referral pathway: counted by hand on a few referrals, of one service and of two cohorts."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from referral_pathway_fixture import (
    COMPARED,
    ONE_SITE,
    OTHERS,
    completed,
    counts,
    house_of,
    never,
    service,
    stopped,
    tables_of,
    trial_of_35,
)

from datrial.analyses.referral_pathway_periods import periods_of
from datrial.errors import UsageError
from datrial.models import single_proportion
from datrial.results.cells import Cell, State, Table

ARM = "intervention"


def cells(table: Table, row: str, column: str = ARM) -> dict[str, float | None]:
    return {
        cell.statistic: cell.value
        for cell in table.cells
        if (cell.row, cell.column) == (row, column)
    }


def without_numbers(table: Table) -> list[Cell]:
    return [cell for cell in table.cells if cell.value is None]


def test_thirty_five_referrals_of_thirty_two_people() -> None:
    made = tables_of(house_of(trial_of_35()))
    assert counts(made["counts"]) == {"referrals": 35, "persons": 32}
    ends = counts(made["outcomes"])
    assert (ends["completed"], ends["stopped"], ends["never_engaged"]) == (21, 4, 10)
    assert sum(float(each or 0) for each in ends.values()) == 35
    referrals, people = counts(made["referrals"]), counts(made["people"])
    assert (referrals["referred"], people["referred"]) == (35, 32)
    assert (referrals["engaged"], referrals["completed"], referrals["onward"]) == (25, 21, 15)
    assert made["referrals"].get("completed", ARM, "share").n == 35
    assert made["people"].get("completed", ARM, "share").n == 32


def test_a_person_referred_three_times_counts_once_with_the_furthest() -> None:
    rows: list[dict[str, Any]] = [
        never(client_id="p", referred_on="2022-02-01"),
        {**completed("group"), "client_id": "p", "referred_on": "2022-05-01"},
        {**stopped(), "client_id": "p", "referred_on": "2022-08-01"},
        never(client_id="q"),
    ]
    made = tables_of(house_of(rows))
    assert counts(made["counts"]) == {"referrals": 4, "persons": 2}
    people = counts(made["people"])
    assert (people["engaged"], people["completed"], people["onward"]) == (1, 1, 1)
    assert counts(made["referrals"])["engaged"] == 2
    assert cells(made["people"], "completed")["share"] == 0.5


def test_a_share_has_the_interval_of_wilson_and_says_that_few_were_referred() -> None:
    table = tables_of(house_of([completed(), *[never() for _ in range(7)]]))["referrals"]
    expect = single_proportion(1, 8).wilson
    found = cells(table, "completed")
    assert [found[name] for name in ("count", "share", "ci_low", "ci_high")] == pytest.approx(
        [1, 1 / 8, expect.ci_low, expect.ci_high]
    )
    assert "too few" in table.get("completed", ARM, "share").warning


def test_a_stage_of_which_nothing_is_recorded_is_not_available() -> None:
    table = tables_of(house_of([never(), never()]))["referrals"]
    states = {row: table.get(row, ARM, "count").state for row in table.row_labels}
    recorded = {"referred", "suitable", "engaged", "completed"}
    assert {row for row, state in states.items() if state is State.VALUE} == recorded
    assert {state for row, state in states.items() if row not in recorded} == {State.NOT_AVAILABLE}
    assert counts(table)["engaged"] == 0  # it was recorded that nobody did
    assert "no referral has it recorded" in table.get("assessed", ARM, "share").note


def test_without_any_answer_no_end_is_known() -> None:
    table = tables_of(house_of([{}, {}]))["outcomes"]
    ends = counts(table)
    for row in ("completed", "stopped", "never_engaged", "open"):
        assert ends[row] == "not_available"


@pytest.mark.parametrize("changes", [{}, COMPARED, ONE_SITE], ids=["one arm", "two", "one site"])
def test_without_referrals_every_number_is_absent(changes: dict[str, Any]) -> None:
    made = tables_of(house_of([], **changes), until="2022-06-30", consultations=["visit"])
    for table in made.values():
        assert table.cells or table.id.endswith(("sites", "onward"))
        assert without_numbers(table) == table.cells, table.id
        assert {cell.state for cell in table.cells} <= {State.NOT_AVAILABLE}


@pytest.mark.parametrize("changes", [{}, COMPARED, ONE_SITE], ids=["one arm", "two", "one site"])
@pytest.mark.parametrize("row", [{}, completed("group"), stopped(), never(strand="fathers")])
def test_one_person_is_no_reason_to_fail(row: dict[str, Any], changes: dict[str, Any]) -> None:
    made = tables_of(house_of([row], **changes), until="2022-12-31")
    assert counts(made["counts"]) == {"referrals": 1, "persons": 1}
    by_period = made["by_period" if changes == ONE_SITE else "periods"]
    assert counts(by_period)["all"] == 1


def test_sites_add_to_all_and_one_without_referrals_has_none() -> None:
    rows = [completed(site="town"), never(site="coast"), never(site="coast")]
    table = tables_of(house_of(rows))["sites"]
    found = counts(table)
    assert (found["town__referred"], found["coast__referred"]) == (1, 2)
    assert (found["town__completed"], found["coast__completed"]) == (1, 0)
    assert table.get("coast__completed", ARM, "share").n == 2
    one = tables_of(house_of([completed(site="town")]))["sites"]
    assert counts(one)["coast__referred"] == 0
    assert counts(one)["coast__completed"] == "not_available"
    assert "sites" not in tables_of(house_of(rows[:1], **ONE_SITE))


def test_strands_stand_apart_where_there_are_several() -> None:
    rows = [completed(strand="fathers"), never(strand="mothers"), never(strand="mothers")]
    found = counts(tables_of(house_of(rows))["strands"])
    assert (found["fathers__completed"], found["mothers__completed"]) == (1, 0)
    assert "strands" not in tables_of(house_of(rows[1:]))


def test_a_cohort_gets_its_column_and_the_difference() -> None:
    rows = [completed(), completed(), never(), never()]
    rows += [{**never(), "extract_id": OTHERS} for _ in range(3)]
    rows += [{**completed(), "extract_id": OTHERS}]
    made = tables_of(house_of(rows, **COMPARED))
    for name in ("referrals", "people", "outcomes"):
        table = made[name]
        assert list(table.column_labels) == [ARM, "others", "difference"]
        assert cells(table, "completed", "others")["share"] == 0.25
        apart = cells(table, "completed", "difference")
        assert apart["share_difference"] == pytest.approx(0.25)
        assert apart["ci_low"] is not None and apart["ci_low"] < 0.25
        assert "not drawn by chance" in table.note
    assert list(made["counts"].column_labels) == [ARM, "others"]
    assert counts(made["periods"], "others")["all"] == 4
    assert counts(made["summary"], "others")["town"] == 4


def test_a_stage_that_one_cohort_does_not_record_has_no_difference() -> None:
    rows = [completed(), never(), {"extract_id": OTHERS, "engaged": "yes"}]
    table = tables_of(house_of(rows, **COMPARED))["referrals"]
    assert cells(table, "completed")["count"] == 1
    for column in ("others", "difference"):
        assert set(cells(table, "completed", column).values()) == {None}
    assert cells(table, "engaged", "others")["share"] == 1


QUARTERS = ["from_2022_01_01", "from_2022_04_01", "from_2022_07_01", "from_2022_10_01"]


def test_periods_are_the_quarters_of_the_reporting_period() -> None:
    periods = periods_of(service(), ())
    assert [period.key for period in periods] == QUARTERS
    assert (periods[0].last, periods[-1].last) == (dt.date(2022, 3, 31), dt.date(2022, 12, 31))
    assert periods[1].label == "1 Apr 2022 to 30 Jun 2022"
    late = {"town": {"label": "Town", "recruitment_start": "2021-10-26",
                     "recruitment_end": "2022-01-01"}}  # fmt: skip
    assert [period.key for period in periods_of(service(sites=late), ())] == [
        "from_2021_10_26", "from_2022_01_01",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "days", [("2022-04-01", "2022-04-01"), ("2022-04-01", "2022-01-01"), ("2023-01-01",)]
)
def test_periods_that_cannot_be_meant_are_refused(days: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="must rise, and the last must not be after"):
        periods_of(service(), tuple(dt.date.fromisoformat(day) for day in days))


def test_a_referral_counts_on_the_first_and_the_last_day_of_a_period() -> None:
    days = ["2021-12-31", "2022-01-01", "2022-05-31", "2022-06-01", "2022-12-31", "2023-01-01"]
    rows = [{"referred_on": day, "site": "coast" if day < "2022-06" else "town"} for day in days]
    table = tables_of(house_of(rows), periods=["2022-01-01", "2022-06-01"])["periods"]
    parts = ["from_2022_01_01", "from_2022_06_01", "outside"]
    assert list(table.column_labels)[:-1] == [f"{ARM}__{part}" for part in parts]
    found = {row: [counts(table, f"{ARM}__{part}")[row] for part in parts]
             for row in table.row_labels}  # fmt: skip
    assert found == {"town": [0, 2, 1], "coast": [2, 0, 1], "all": [2, 2, 2]}
    assert counts(table) == {"town": 3, "coast": 3, "all": 6}
    assert cells(table, "town")["share"] == 0.5


def test_of_one_site_each_period_is_a_row_with_its_share() -> None:
    days = ["2022-01-01", "2022-03-31", "2022-04-01", "2023-01-01"]
    made = tables_of(house_of([{"referred_on": day} for day in days], **ONE_SITE))
    assert "periods" not in made and "summary" not in made
    table = made["by_period"]
    assert counts(table) == dict(zip([*QUARTERS, "outside", "all"], [2, 1, 0, 0, 1, 4],
                                     strict=True))  # fmt: skip
    assert cells(table, "from_2022_01_01")["share"] == 0.5
    inside = tables_of(house_of([{"referred_on": day} for day in days[:3]], **ONE_SITE))
    assert "outside" not in inside["by_period"].row_labels


def test_the_accommodation_pathway_by_site() -> None:
    rows = [
        {"accommodation_referral": "yes", "accommodation_need": "yes", "accommodation": "hotel"},
        {"accommodation_referral": "no", "accommodation_need": "no"},
        {"accommodation_referral": "no"},
        {"accommodation_referral": "yes", "accommodation_need": "dont_know", "site": "coast"},
    ]
    table = tables_of(house_of(rows))["accommodation"]
    found = counts(table)
    assert [found[f"accommodation{site}"] for site in ("", "__town", "__coast")] == [2, 1, 1]
    assert cells(table, "accommodation__town")["share"] == pytest.approx(1 / 3)
    assert (found["need"], table.get("need", ARM, "share").n) == (1, 2)
    assert found["need__coast"] == "not_available"  # of nobody there it is known
    assert (found["kind__hotel"], found["kind__private"]) == (1, 0)


def test_completed_cases_are_referred_on_to_programmes_and_to_others() -> None:
    rows = [completed("group"), completed("group"), completed("single"), completed("health"),
            completed("none"), completed(), stopped(onward_referral="group"), never()]  # fmt: skip
    house = house_of(rows)
    house.rows("staging.service_activity", "site, activity_id, held_on, activity, client_id",
               ("town", "a1", "2022-05-01", "signposting", "p0"),
               ("town", "a2", "2022-06-01", "signposting", "p0"),
               ("town", "a3", "2022-06-01", "signposting", "p7"),
               ("town", "a4", "2022-06-01", "visit", "p1"))  # fmt: skip
    table = tables_of(
        house, onward_programmes=["group", "single"], services=["signposting"]
    )["onward"]  # fmt: skip
    found = counts(table)
    assert (found["any"], found["none"], found["services"]) == (3, 2, 1)
    kinds = [found[f"kind__{kind}"] for kind in ("group", "single", "health")]
    assert kinds == [2, 1, 1]
    assert sum(float(kind or 0) for kind in kinds) + 2 == table.get("any", ARM, "share").n == 6
    of_any = table.get("of_any__single", ARM, "share")
    assert (of_any.value, of_any.n) == (1 / 3, 3)
    assert "of_any__health" not in table.row_labels
    every = counts(tables_of(house)["onward"])
    assert (every["any"], every["of_any__health"]) == (4, 1)
    assert "services" not in every


def test_other_services_are_not_available_without_activity() -> None:
    table = tables_of(house_of([completed("group")]), services=["signposting"])["onward"]
    cell = table.get("services", ARM, "count")
    assert (cell.state, cell.note) == (
        State.NOT_AVAILABLE, "no service activity data were received",
    )  # fmt: skip


def test_what_a_cohort_does_not_record_is_not_available_though_the_other_does() -> None:
    rows = [
        completed(),
        {"not_taken_on_reason": "risk"},
        completed(extract_id=OTHERS, suitable=None),
    ]
    house = house_of(rows, **COMPARED)
    house.rows("staging.service_activity", "site, activity_id, held_on, activity, client_id",
               ("town", "a1", "2022-05-01", "visit", "p0"))  # fmt: skip
    made = tables_of(house, services=["signposting"])
    assert counts(made["outcomes"])["not_taken_on"] == 1
    assert counts(made["outcomes"], "others")["not_taken_on"] == "not_available"
    table = made["onward"]
    assert counts(table)["any"] == "not_available"  # onward referral is not recorded
    assert counts(table)["services"] == 0
    cell = table.get("services", "others", "count")
    assert (cell.value, cell.note) == (None, "no activity is recorded of any client")


def test_the_summary_counts_training_and_consultations_by_site() -> None:
    house = house_of([{"accommodation_referral": "yes"}, {"site": "coast"}])
    columns = "site, practitioner_id, course, round, training_date, attended"
    house.rows("staging.training", columns,
               ("town", "a", "core", 1, "2022-03-01", "no"),
               ("town", "a", "core", 2, "2022-04-01", "yes"),
               ("town", "a", "core", 3, "2022-05-01", "yes"),
               ("town", "a", "overview", 1, "2022-05-01", "yes"),
               ("coast", "b", "core", 1, "2022-05-01", "yes"))  # fmt: skip
    house.rows("staging.service_activity", "site, activity_id, held_on, activity",
               ("town", "a1", "2022-05-01", "consultation"),
               ("coast", "a2", "2022-05-01", "visit"))  # fmt: skip
    table = tables_of(house, consultations=["consultation"])["summary"]
    assert counts(table) == {"town": 1, "coast": 1, "all": 2}
    assert counts(table, f"{ARM}__accommodation") == {"town": 1, "coast": 0, "all": 1}
    assert counts(table, "training") == {"town": 2, "coast": 1, "all": 3}
    assert counts(table, "consultations") == {"town": 1, "coast": 0, "all": 1}
    only = tables_of(house, courses=["core"])["summary"]
    assert counts(only, "training") == {"town": 1, "coast": 1, "all": 2}
    assert "consultations" not in only.column_labels


def test_training_that_was_not_sent_is_not_available() -> None:
    table = tables_of(house_of([{}]), consultations=["visit"])["summary"]
    for column in ("training", "consultations"):
        assert set(counts(table, column).values()) == {"not_available"}


def test_what_was_known_on_a_day() -> None:
    rows = [
        completed("group", area="north", accommodation_need="yes", accommodation="hotel"),
        completed("health", started_on="2022-02-24", area="north", accommodation_need="no"),
        completed("group", closed_on="2022-07-01"),  # still under way on that day
        stopped(closed_on="2022-06-30", accommodation_need="yes", accommodation="private"),
        stopped(closed_on="2022-07-01"),
        never(suitable="no"),
        completed("group", referred_on="2022-07-01", consulted_on="2022-07-02"),
    ]
    table = tables_of(
        house_of(rows), until="2022-06-30", accommodated=["hotel"], onward_programmes=["group"]
    )["monitoring"]
    assert table.title == "Referrals and monitoring until 30 June 2022"
    assert counts(table) == {
        "referrals": 6, "suitable": 5, "unsuitable": 1, "consulted": 5, "started": 5,
        "engaged": 4, "completed": 2, "stopped": 1, "need": 2, "accommodated": 1,
        "any_onward": 3, "onward": 1, "area__north": 2,
    }  # fmt: skip
    ns = {row: table.get(row, ARM, "share").n for row in ("suitable", "engaged", "need", "onward")}
    assert ns == {"suitable": 6, "engaged": 5, "need": 3, "onward": 2}
    weeks = [6, 4, (dt.date(2022, 6, 30) - dt.date(2022, 2, 10)).days / 7]
    assert cells(table, "weeks")["mean"] == pytest.approx(sum(weeks) / 3)


def test_without_a_day_there_is_no_monitoring_table() -> None:
    assert "monitoring" not in tables_of(house_of([completed()]))
