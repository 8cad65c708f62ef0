"""The profile of clients and the training: what is missing is told, and nobody is given away."""

from __future__ import annotations

from typing import Any

import pytest
from client_profile_attack import worked_out
from client_profile_fixture import (
    GROUPS,
    TRAINING,
    house_of,
    profile,
    service,
    some_checklists,
    some_people,
    some_training,
    trained,
    value,
)

from datrial.analyses.client_profile import ClientProfileParameters
from datrial.analyses.client_profile_ages import age_bands
from datrial.analyses.client_profile_resting import client_resting
from datrial.analyses.known_sums import known_sums
from datrial.config.disclosure import load_profile
from datrial.errors import UsageError
from datrial.pipeline.protection import protect_run
from datrial.results.cells import State, Table
from datrial.results.disclosure import protect

ARM = "intervention"
CODES = {key: group["codes"] for key, group in GROUPS.items()}


def person(one: int, **given: Any) -> tuple[Any, ...]:
    """Return a referral in the order of the fixture."""
    usual: dict[str, Any] = {
        "extract": "a", "site": "north", "client": f"p{one}", "day": "2021-03-01", "strand": None,
        "age": 30, "months": None, "sex": "male", "ethnicity": "red", "area": "hill",
        "children": 2, "protection": "neither",
    }  # fmt: skip
    return tuple((usual | given).values())


def test_nothing_received_is_not_available_and_no_row_is_zero() -> None:
    house = house_of(service())
    for table in (*profile(house).values(), *trained(house).values()):
        assert table.cells
        assert {cell.value for cell in table.cells} == {None}
        assert {cell.state for cell in table.cells} == {State.NOT_AVAILABLE}


def test_a_column_that_was_never_filled_is_not_available_though_people_were_counted() -> None:
    house = house_of(service(), *(person(n, area=None, children=None, age=None) for n in range(8)))
    tables = profile(house)
    assert value(tables["people"], "people", ARM, "count") == 8
    assert value(tables["sex"], "male", ARM, "count") == 8
    for name in ("area", "age_bands", "children", "children_number"):
        assert {cell.value for cell in tables[name].cells} == {None}
        assert "may not have been recorded" in tables[name].cells[0].note


def test_one_person_at_one_site_is_told_without_a_spread_and_hidden() -> None:
    study = service(sites=("north",))
    house = house_of(study, person(1, months=370))
    house.rows("staging.checklist", "client_id, instrument, assessed_on, item_1",
               ("p1", "needs", "2021-04-01", "yes"))  # fmt: skip
    house.rows("staging.training", TRAINING,
               ("north", "t1", "core", 1, "2021-03-01", "yes", "yes", 50, 60))  # fmt: skip
    raw = [*profile(house).values(), *trained(house).values()]
    people = next(table for table in raw if table.id == "client_profile.people")
    assert value(people, "age_months_median", ARM, "median") == 370
    assert people.get("age_months_median", ARM, "median").note == "30 years 10 months"
    assert people.get("age", ARM, "sd").value is None
    assert list(next(t for t in raw if t.id == "client_profile.children").row_labels) == ["all"]
    kept = protect_run([(table.id.partition(".")[0], table) for table in raw], study)
    shown = [
        (table.id, cell) for _, table in kept.protected.tables for cell in table.cells if cell.value
    ]
    assert shown == []


def test_a_cohort_beside_it_gives_its_column_and_the_difference_in_every_table() -> None:
    people = [(*row[:4], None, *row[5:]) for row in some_people(5, 80, both=True)]
    house = house_of(service(two_arms=True), *people)
    some_checklists(house, 5, 60)
    tables = profile(house)
    for name, table in tables.items():
        if name != "checklist_unknown":
            assert list(table.column_labels) == [ARM, "other", "difference"]
    sex = tables["sex"]
    arms = [value(sex, "male", arm, "share") or 0 for arm in (ARM, "other")]
    assert value(sex, "male", "difference", "share_difference") == pytest.approx(
        arms[0] - arms[1], 1e-3
    )
    assert "not drawn by chance" in sex.note


def test_of_a_cohort_that_does_not_tell_something_nothing_is_said() -> None:
    rows = [person(n, extract="b" if n % 2 else "a") for n in range(20)]
    rows = [(*row[:8], None if row[0] == "b" else row[8], *row[9:]) for row in rows]
    table = profile(house_of(service(two_arms=True), *rows))["ethnicity"]
    assert value(table, "red", ARM, "count") == 10
    cells = [cell for cell in table.cells if cell.column == "other"]
    assert {cell.value for cell in cells} == {None}
    assert table.get("red", "difference", "share_difference").value is None


@pytest.mark.parametrize("number", [0, 1, 2, 5, 8, 9, 30])
@pytest.mark.parametrize("settings", [{}, {"strands": True}, {"two_arms": True}])
def test_any_number_of_people_is_told_and_adds_up(settings: dict[str, bool], number: int) -> None:
    house = house_of(service(**settings), *some_people(number, number, both="two_arms" in settings))
    some_checklists(house, number, number // 2)
    some_training(house, number, number)
    tables = profile(house)
    for name in ("sex", "ethnicity", "area", "age_bands") if number else ():
        found = [cell for cell in tables[name].cells if cell.statistic == "count"]
        if any(cell.state is State.NOT_AVAILABLE for cell in found):
            continue
        assert sum(cell.value or 0 for cell in found) == number
    assert trained(house)["attendance"].cells


def test_bands_of_ages_cut_every_age_into_one_band() -> None:
    bands = age_bands((20, 25, 26))
    assert {code: label for code, (label, _, _) in bands.items()} == {
        "age_under_20": "Under 20", "age_20_24": "20 to 24", "age_25_25": "25",
        "age_26_over": "26 and over",
    }  # fmt: skip
    for age in (0, 19, 20, 24, 25, 26, 100):
        assert sum(low <= age < high for _, low, high in bands.values()) == 1


@pytest.mark.parametrize("wrong", [(25, 20), (20, 20), (0, 20), ()])
def test_bands_that_do_not_rise_are_refused(wrong: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="age_bands"):
        ClientProfileParameters(age_bands=wrong)


def test_a_checklist_that_the_study_does_not_have_is_named() -> None:
    with pytest.raises(UsageError, match=r"names shoes, which .* There are: needs"):
        profile(house_of(service()), checklists=["shoes"])


def test_only_those_taken_on_can_be_asked_for() -> None:
    house = house_of(service(), person(1), person(2))
    house.connection.execute(
        "update staging.referral set accepted_on = date '2021-04-01' where client_id = 'p2'"
    )
    assert value(profile(house)["people"], "people", ARM, "count") == 2
    assert value(profile(house, clients="taken_on")["people"], "people", ARM, "count") == 1


@pytest.mark.parametrize("settings", [{}, {"strands": True}, {"two_arms": True}])
@pytest.mark.parametrize("seed", [1])
def test_no_small_count_can_be_worked_out(settings: dict[str, bool], seed: int) -> None:
    study = service(**settings)
    people = some_people(seed, 60, both="two_arms" in settings)
    if "strands" not in settings:
        people = [(*row[:4], None, *row[5:]) for row in people]
    house = house_of(study, *people)
    some_checklists(house, seed, 40)
    some_training(house, seed, 100)
    raw = [*profile(house).values(), *trained(house).values()]
    kept = protect_run([(table.id.partition(".")[0], table) for table in raw], study)
    released = [table for _, table in kept.protected.tables]
    certain, small = worked_out(raw, released, CODES)
    assert small > 20
    assert certain == []


def test_the_attack_finds_what_groups_and_sites_give_back() -> None:
    study = service()
    people = [(*row[:4], None, *row[5:]) for row in some_people(3, 60)]
    house = house_of(study, *people)
    some_training(house, 3, 100)
    raw = [*profile(house).values(), *trained(house).values()]
    pairs = [(table.id.partition(".")[0], table) for table in raw]
    without = protect(pairs, load_profile("counts_below_5"))
    certain, _ = worked_out(raw, [table for _, table in without.tables], CODES)
    assert certain
    told = known_sums(raw, study)
    better = protect(pairs, load_profile("counts_below_5"), relations=told)
    assert worked_out(raw, [table for _, table in better.tables], CODES)[0] == []


def test_the_profile_open_hides_nothing_and_the_other_single_peoples_ages() -> None:
    rows = [person(n, age=25 + n, months=12 * (25 + n) + 1) for n in range(10)]
    for name, least in (("open", 25.0), ("counts_below_5", None)):
        study = service(disclosure=name)
        pairs = [("client_profile", table) for table in profile(house_of(study, *rows)).values()]
        tables = {t.id: t for _, t in protect_run(pairs, study).protected.tables}
        people = tables["client_profile.people"]
        assert people.get("age_range", ARM, "minimum").value == least
        assert people.get("age_median", ARM, "median").value == 29.5
        # Of ten people the interval ends at the second least and the second greatest.
        assert people.get("age_median", ARM, "ci_low").value == 26
        assert people.get("age_months_range", ARM, "maximum").value == (409 if least else None)


def test_a_median_of_few_has_no_interval_as_its_ends_would_be_the_extremes() -> None:
    rows = [person(n, age=25 + n) for n in range(8)]
    study = service()
    pairs = [("client_profile", table) for table in profile(house_of(study, *rows)).values()]
    people = {t.id: t for _, t in protect_run(pairs, study).protected.tables}[
        "client_profile.people"
    ]
    assert people.get("age_median", ARM, "median").value == 28.5
    for end in ("ci_low", "ci_high"):
        assert people.get("age_median", ARM, end).state is State.NOT_AVAILABLE
        assert "the least and the greatest" in people.get("age_median", ARM, end).note


@pytest.mark.parametrize("open_row", [0, 6])
def test_a_spread_is_hidden_where_it_would_give_a_hidden_number_back(open_row: int) -> None:
    children = [0] * 2 + [1] * 9 + [2] * 3 + [3] * 10 + [5] * open_row
    rows = [person(n, children=number) for n, number in enumerate(children)]
    tables = list(profile(house_of(service(), *rows)).values())
    hidden = {("client_profile.children_number", "n_0", ARM, "count")}
    found = {key[1:] for key in client_resting(tables, hidden)}
    spread = {("all", ARM, each) for each in ("sd", "ci_low", "ci_high")}
    assert (spread <= found) == (not open_row)
    assert client_resting(tables, set()) == set()


def test_of_courses_that_nobody_took_there_is_one_row() -> None:
    study = service().model_copy(update={"terms": {}})
    house = house_of(study)
    table = trained(house)["attendance"]
    assert [row for row in table.row_labels if row.endswith("all_sites")] == [
        "all_courses__all_rounds__all_sites"
    ]


def test_a_course_without_results_says_so_and_has_its_attendance() -> None:
    house = house_of(service())
    house.rows("staging.training", TRAINING, *(
        ("north", f"t{n}", "overview", 1, "2021-03-01", "yes" if n else "no", None, None, None)
        for n in range(9)))  # fmt: skip
    table: Table = trained(house)["attendance"]
    row = "overview__all_rounds__all_sites"
    assert value(table, row, "attended", "count") == 8
    assert table.get(row, "passed", "count").note == "of nobody is it recorded"
    assert table.get(row, "passed", "share_of_registered").value is None
