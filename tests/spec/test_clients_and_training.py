"""Who clients are, on small literal tables: one person once, with and without don't know."""

from __future__ import annotations

from typing import Any

from client_profile_fixture import TRAINING, house_of, profile, service, trained, value

ARM = "intervention"


def client(name: str, **given: Any) -> tuple[Any, ...]:
    """Return a referral of which only some things are told."""
    usual: dict[str, Any] = {
        "extract": "a", "site": "north", "client": name, "day": "2021-03-01", "strand": None,
        "age": None, "months": None, "sex": None, "ethnicity": None, "area": None,
        "children": None, "protection": None,
    }  # fmt: skip
    return tuple((usual | given).values())


def test_a_person_referred_again_counts_once_with_what_the_first_referral_tells() -> None:
    house = house_of(
        service(),
        client("ann", day="2021-05-01", age=41, sex="female", ethnicity="blue"),
        client("ann", day="2021-02-01", age=40, sex="female"),
        client("ben", age=30, sex="male", ethnicity="red"),
    )
    tables = profile(house)
    assert value(tables["people"], "people", ARM, "count") == 2
    assert value(tables["people"], "age", ARM, "mean") == 35
    # The first referral does not tell the ethnicity: the second does.
    assert value(tables["ethnicity"], "blue", ARM, "count") == 1
    assert value(tables["ethnicity"], "missing", ARM, "count") == 0


def test_shares_leave_those_not_known_out_and_shares_of_all_do_not() -> None:
    given = ["red", "red", "blue", "dont_know", None, "prefer_not_to_say"]
    table = profile(house_of(
        service(), *(client(f"p{n}", ethnicity=code) for n, code in enumerate(given)))
    )["ethnicity"]  # fmt: skip
    assert list(table.row_labels) == [
        "red", "blue", "green", "prefer_not_to_say", "dont_know", "missing",
    ]  # fmt: skip
    assert value(table, "red", ARM, "share") == 0.6667  # 2 of 3
    assert table.get("red", ARM, "share").n == 3
    assert value(table, "red", ARM, "share_of_all") == 0.3333  # 2 of 6
    assert value(table, "green", ARM, "count") == 0
    for code in ("prefer_not_to_say", "dont_know", "missing"):
        assert value(table, code, ARM, "share_of_all") == 0.1667


def test_groups_of_ethnicities_are_the_sums_of_their_terms() -> None:
    given = ["red", "blue", "green", "dont_know"]
    table = profile(house_of(
        service(), *(client(f"p{n}", ethnicity=code) for n, code in enumerate(given)))
    )["ethnic_groups"]  # fmt: skip
    assert value(table, "cold", ARM, "count") == 2
    assert value(table, "cold", ARM, "share") == 0.6667
    assert value(table, "cold", ARM, "share_of_all") == 0.5
    assert value(table, "not_known", ARM, "count") == 1


def test_an_age_at_the_end_of_two_printed_bands_is_in_the_older() -> None:
    table = profile(
        house_of(service(), *(client(f"p{age}", age=age) for age in (19, 20, 24, 25, 60))),
    )["age_bands"]
    found = {row: value(table, row, ARM, "count") for row in table.row_labels}
    assert found == {
        "age_under_20": 1, "age_20_24": 2, "age_25_34": 1, "age_35_44": 0, "age_45_54": 0,
        "age_55_59": 0, "age_60_over": 1, "missing": 0,
    }  # fmt: skip


def test_ages_in_months_are_told_in_years_and_months_and_completed_in_years() -> None:
    months = [269, 300, 428, 500, 712]
    table = profile(
        house_of(service(), *(client(f"p{n}", months=each) for n, each in enumerate(months))),
    )["people"]
    assert value(table, "age_months_median", ARM, "median") == 428
    assert table.get("age_months_median", ARM, "median").note == "35 years 8 months"
    assert table.get("age_months_range", ARM, "minimum").note == "22 years 5 months"
    assert table.get("age_months_range", ARM, "maximum").note == "59 years 4 months"
    assert value(table, "age_median", ARM, "median") == 35  # 428 months: 35 completed years


def test_each_strand_has_its_rows_and_who_is_in_none_has_rows_of_his_own() -> None:
    house = house_of(
        service(strands=True),
        client("ann", strand="one", sex="female"),
        client("ben", strand="two", sex="male"),
        client("cay", sex="male"),
    )
    table = profile(house)["sex"]
    assert value(table, "one__female", ARM, "count") == 1
    assert value(table, "one__male", ARM, "count") == 0
    assert value(table, "two__male", ARM, "count") == 1
    assert value(table, "strand_unknown__male", ARM, "count") == 1
    assert table.row_labels["one__female"] == "Strand one: Women"


def test_cases_with_a_plan_or_in_care_are_told_with_and_without_dont_know() -> None:
    # As Restart's Table 7 prints a borough: 2 of 5 with don't knows, 2 of 3 without.
    given = ["plan", "care", "neither", "dont_know", "dont_know"]
    rows = [client(f"p{n}", protection=code, children=n) for n, code in enumerate(given)]
    house = house_of(service(), *rows, client("s", site="south", protection="neither", children=4))
    tables = profile(house)
    table = tables["child_protection"]
    assert value(table, "north__yes", ARM, "share_of_all") == 0.4
    assert value(table, "north__yes", ARM, "share") == 0.6667
    assert value(table, "all__yes", ARM, "share_of_all") == 0.3333
    assert value(table, "all__no", ARM, "count") == 2
    assert value(tables["children"], "north", ARM, "mean") == 2
    assert value(tables["children"], "all", ARM, "mean") == 2.3333
    assert value(tables["children_number"], "n_4_over", ARM, "count") == 2
    only = profile(house, protection_or_care=["care"])["child_protection"]
    assert value(only, "north__yes", ARM, "count") == 1
    assert value(only, "north__no", ARM, "count") == 2


def test_the_first_assessment_of_a_client_counts_and_no_answer_is_no_no() -> None:
    house = house_of(service(), client("ann"), client("ben"), client("cay"), client("dot"))
    columns = "client_id, instrument, assessed_on, item_1, item_2, item_3"
    house.rows(
        "staging.checklist", columns,
        ("ann", "needs", "2021-05-01", "no", "no", "no"),
        ("ann", "needs", "2021-04-01", "yes", "yes", "dont_know"),
        ("ben", "needs", "2021-04-01", "no", "yes", None),
        ("cay", "needs", "2021-04-01", None, None, "dont_know"),
        ("never_referred", "needs", "2021-04-01", "yes", "yes", "yes"),
    )  # fmt: skip
    tables = profile(house)
    items, number = tables["checklists"], tables["checklist_numbers"]
    assert value(items, "needs__housing", ARM, "count") == 1
    assert value(items, "needs__housing", ARM, "answered") == 2
    assert value(items, "needs__housing", ARM, "share") == 0.5
    assert value(items, "needs__housing", ARM, "share_of_all") == 0.3333
    # Nobody answered about money: that is not available, not none.
    assert value(items, "needs__money", ARM, "count") is None
    assert value(number, "needs__assessed", ARM, "share") == 0.75
    assert value(number, "needs__items", ARM, "mean") == 1.5
    assert value(number, "needs__n_2", ARM, "count") == 1
    assert value(number, "needs__none_answered", ARM, "count") == 1
    unknown = tables["checklist_unknown"]
    assert value(unknown, "needs__housing__missing", ARM, "count") == 1


def test_training_is_told_by_course_round_and_site_of_those_who_attended() -> None:
    house = house_of(service())
    house.rows(
        "staging.training", TRAINING,
        ("north", "a", "core", 1, "2021-03-01", "yes", "yes", 60, 80),
        ("north", "b", "core", 1, "2021-03-01", "yes", "no", 70, None),
        ("north", "c", "core", 1, "2021-03-01", "no", None, None, None),
        ("south", "d", "core", 1, "2021-03-01", "yes", None, 50, 70),
        ("south", "e", "core", 2, "2021-06-01", None, None, None, None),
        ("south", "a", "overview", 1, "2021-07-01", "yes", None, None, None),
    )  # fmt: skip
    tables = trained(house)
    table = tables["attendance"]
    at = "core__round_1__all_sites"
    assert value(table, at, "registered", "count") == 4
    assert value(table, at, "attended", "share") == 0.75
    assert value(table, at, "passed", "share") == 0.5  # of two with a result
    assert value(table, at, "passed_unknown", "count") == 1
    assert value(table, at, "passed", "share_of_registered") == 0.25
    assert value(table, "core__round_2__all_sites", "attended_unknown", "count") == 1
    assert value(table, "core__all_rounds__south", "registered", "count") == 2
    assert value(table, "overview__all_rounds__south", "attended", "count") == 1
    assert "overview__round_1__south" not in table.row_labels
    # Who attends two courses counts in both.
    assert value(table, "all_courses__all_rounds__all_sites", "attended", "count") == 4

    scores = tables["scores"]
    assert value(scores, at, "before", "mean") == 60
    assert value(scores, at, "after", "mean") == 75
    assert value(scores, at, "after", "difference") == 15  # as printed: not the same people
    assert value(scores, at, "change", "mean") == 20  # of the two with both
    assert value(scores, at, "ratio", "ratio_of_means") == 1.3636
    assert not any(row.startswith("overview") for row in scores.row_labels)
