"""Which scores make a reading of a Star, and which two readings of a client are compared."""

from __future__ import annotations

import numpy as np
import pytest
from outcomes_given import Reading, harbour, house_of, tables_of, value

from datrial.analyses.outcome_stars_readings import Star, read_star

FIRST, SECOND, THIRD = "2022-02-01", "2022-05-01", "2022-08-01"


def star_of(*rows: Reading, within: int = 0, **given: object) -> Star:
    house = house_of(stars=rows, **given)  # type: ignore[arg-type]
    about = harbour().instruments["star"]
    return read_star(house.connection, "star", about, within=within)


def ends(star: Star) -> list[list[float]]:
    """Return the first and the last scores of the only client; -1 for a missing one."""
    assert len(star.people) == 1
    return [np.nan_to_num(star.first[0], nan=-1).tolist(),
            np.nan_to_num(star.last[0], nan=-1).tolist()]  # fmt: skip


def test_scores_given_apart_on_one_day_are_averaged() -> None:
    star = star_of(
        ("a", FIRST, "practitioner", (1, 2)), ("a", FIRST, "client", (4, 2)),
        ("a", SECOND, "collaborative", (5, 3)),
    )  # fmt: skip
    assert ends(star) == [[2.5, 2], [5, 3]]
    assert star.people["readings"].tolist() == [2]
    assert star.people["separate"].tolist() == [True]


def test_an_area_that_one_rater_left_out_is_the_others_score() -> None:
    star = star_of(("a", FIRST, "practitioner", (1, None)), ("a", FIRST, "client", (4, 2)))
    assert ends(star)[0] == [2.5, 2]


def test_an_area_that_nobody_scored_is_missing_and_makes_no_total() -> None:
    star = star_of(
        ("a", FIRST, "practitioner", (1, None)), ("a", FIRST, "client", (4, None)),
        ("a", SECOND, "collaborative", (4, 4)),
    )  # fmt: skip
    assert ends(star)[0] == [2.5, -1]
    assert star.pairs("intervention", "safety")[1].tolist() == [4]
    assert not len(star.pairs("intervention", "home")[0])
    assert not len(star.pairs("intervention", "total")[0])


def test_a_collaborative_reading_is_taken_as_it_is() -> None:
    star = star_of(
        ("a", FIRST, "collaborative", (3, None)), ("a", FIRST, "client", (5, 5)),
        ("a", FIRST, "practitioner", (1, 1)),
    )  # fmt: skip
    assert ends(star)[0] == [3, -1]
    assert star.people["separate"].tolist() == [False]


def test_who_gives_a_collaborative_reading_is_a_setting() -> None:
    house = house_of(stars=[("a", FIRST, "both", (3, 3)), ("a", FIRST, "client", (5, 5))])
    about = harbour().instruments["star"]
    assert ends(read_star(house.connection, "star", about))[0] == [4, 4]
    assert ends(read_star(house.connection, "star", about, collaborative="both"))[0] == [3, 3]


def test_of_three_readings_the_first_and_the_last_are_compared() -> None:
    star = star_of(
        ("a", SECOND, "collaborative", (5, 5)), ("a", THIRD, "collaborative", (3, 2)),
        ("a", FIRST, "collaborative", (1, 1)),
    )  # fmt: skip
    assert ends(star) == [[1, 1], [3, 2]]
    assert star.people["readings"].tolist() == [3]
    span = star.people["last_on"] - star.people["first_on"]
    assert span.tolist() == [181]


@pytest.mark.parametrize(("within", "readings"), [(0, 2), (2, 2), (3, 1)])
def test_raters_of_near_days_are_one_reading_where_the_setting_says_so(
    within: int, readings: int
) -> None:
    rows = (("a", "2022-02-01", "practitioner", (1, 1)), ("a", "2022-02-04", "client", (3, 3)))
    star = star_of(*rows, within=within)
    assert star.people["readings"].tolist() == [readings]
    assert ends(star)[0] == ([2, 2] if readings == 1 else [1, 1])


def test_the_same_rater_or_a_collaborative_one_begins_a_new_reading_on_a_near_day() -> None:
    twice = (("a", "2022-02-01", "client", (1, 1)), ("a", "2022-02-02", "client", (3, 3)))
    assert star_of(*twice, within=7).people["readings"].tolist() == [2]
    joint = (("a", "2022-02-01", "client", (1, 1)), ("a", "2022-02-02", "collaborative", (3, 3)))
    assert star_of(*joint, within=7).people["readings"].tolist() == [2]
    after = (("a", "2022-02-01", "collaborative", (1, 1)), ("a", "2022-02-02", "client", (3, 3)))
    assert star_of(*after, within=7).people["readings"].tolist() == [2]
    other = (("a", "2022-02-01", "client", (1, 1)), ("b", "2022-02-02", "practitioner", (3, 3)))
    assert star_of(*other, within=7).people["readings"].tolist() == [1, 1]


def test_a_score_outside_the_scale_is_set_aside_and_counted() -> None:
    rows = (("a", FIRST, "collaborative", (0, 2)), ("a", SECOND, "collaborative", (6, 3)),
            ("a", THIRD, "collaborative", (9, 9)))  # fmt: skip
    house = house_of(stars=rows)
    table = tables_of("outcome_stars", house)["readings"]
    assert value(table, "star__off_scale", "count") == 4
    star = read_star(house.connection, "star", harbour().instruments["star"])
    assert ends(star) == [[-1, 2], [-1, 3]]
    assert star.people["readings"].tolist() == [2]  # the third has no score at all


def test_a_reading_without_any_score_is_none() -> None:
    star = star_of(("a", FIRST, "collaborative", (None, None)), ("a", SECOND, "client", (2, 2)))
    assert star.people["readings"].tolist() == [1]
    assert ends(star)[0] == [2, 2]


def test_who_was_never_referred_is_left_out_and_said() -> None:
    rows = (("a", FIRST, "client", (2, 2)), ("x", FIRST, "client", (2, 2)))
    house = house_of(stars=rows, clients={"a": "r", "b": "r"})
    table = tables_of("outcome_stars", house)["readings"]
    assert (value(table, "star__any", "count"), value(table, "star__any", "share")) == (1, 0.5)
    assert "1 people with a reading were never referred" in table.note


def test_clients_of_a_strand_without_the_star_are_no_base_of_it() -> None:
    house = house_of(stars=[("a", FIRST, "client", (2, 2))], clients={"a": "r", "b": "r", "c": "r"})
    house.connection.execute(
        "update cohort.client set strand = case person_id when 'c' then 'other' else 'own' end; "
        "update marts.instrument_reading set strand = 'own'"
    )
    table = tables_of("outcome_stars", house)["readings"]
    assert table.get("star__any", "intervention", "count").n == 2
