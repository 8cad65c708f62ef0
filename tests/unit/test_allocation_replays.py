"""`allocation simulate`: whom it draws, what it tells, and its picture."""

from __future__ import annotations

import datetime as dt
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest

from datrial.allocation.eligibility import Hearing, MeetingKey
from datrial.allocation.replays import drawn_people, people_heard, simulate
from datrial.allocation.replays.people import ToAllocate
from datrial.allocation.replays.summary import imbalance
from datrial.config.allocation import Allocation
from datrial.config.study import Study, load_study
from datrial.errors import UsageError
from datrial.report.allocation_replays import draw_picture, replays_figure

MARCH, APRIL = dt.date(2017, 3, 13), dt.date(2017, 4, 10)
MINIMISED: dict[str, Any] = {
    "method": "minimisation",
    "age_bands": [25],
    "minimisation": {"factors": {"age": 1, "repeat_case": 1}},
}


def make_study(**settings: Any) -> Study:
    given = {"eligibility": {"minimum_age": 16}, **(settings or MINIMISED)}
    return load_study("drive").model_copy(update={"allocation": Allocation.model_validate(given)})


def test_those_heard_are_drawn_in_order_by_the_rule_of_eligibility() -> None:
    heard = [
        Hearing("p2", "site_2", APRIL, 30, {"repeat_case": "yes"}),
        Hearing("p1", "site_2", APRIL, 19, {"repeat_case": None}),
        Hearing("p3", "site_1", MARCH, 15, {"repeat_case": "no"}),
        Hearing("p4", "site_1", MARCH, None, {"repeat_case": "no"}),
        Hearing("p2", "site_1", MARCH.replace(year=2012), 24, {"repeat_case": "no"}),
    ]
    found = people_heard(heard, [], make_study())
    assert [dict(each) for each in found.levels] == [
        {"site": "site_1", "age": "not_known", "repeat_case": "no"},
        {"site": "site_2", "age": "under_25", "repeat_case": "not_known"},
        {"site": "site_2", "age": "25_and_over", "repeat_case": "yes"},
    ]
    assert found.meetings == (
        MeetingKey("site_1", MARCH), MeetingKey("site_2", APRIL), MeetingKey("site_2", APRIL),
    )  # fmt: skip
    lottery = make_study(method="capacity_lottery")
    found = people_heard(heard, [("site_2", APRIL, 1)], lottery)
    assert (len(found.levels), dict(found.places)) == (2, {MeetingKey("site_2", APRIL): 1})
    with pytest.raises(UsageError, match="Nobody who was heard is eligible"):
        people_heard(heard, [], lottery)


def test_invented_people_have_the_levels_of_the_study() -> None:
    found = drawn_people(make_study(), 400, 3)
    assert found == drawn_people(make_study(), 400, 3)
    assert found != drawn_people(make_study(), 400, 4)
    told: dict[str, set[str]] = {}
    for levels in found.levels:
        for factor, level in levels.items():
            told.setdefault(factor, set()).add(level)
    assert told["site"] == {"site_1", "site_2", "site_3"}
    assert told["age"] == {"under_25", "25_and_over"}
    assert told["repeat_case"] >= {"yes", "no", "dont_know", "not_known"}
    days = [(key.meeting_date, key.site) for key in found.meetings]
    assert days == sorted(days)


@pytest.mark.parametrize("number", [0, -1])
def test_nobody_cannot_be_invented(number: int) -> None:
    with pytest.raises(UsageError, match="1 or more"):
        drawn_people(make_study(), number, 1)


def test_a_factor_must_be_a_coded_column() -> None:
    for factor in ("hearing_date", "shoe_size"):
        study = make_study(method="minimisation", minimisation={"factors": {factor: 1}})
        with pytest.raises(UsageError, match=factor):
            drawn_people(study, 10, 1)


def test_what_cannot_be_replayed_is_refused() -> None:
    people = drawn_people(make_study(), 10, 1)
    with pytest.raises(UsageError, match="imports the list"):
        simulate(load_study("drive"), people)
    with pytest.raises(UsageError, match="2 replays or more"):
        simulate(make_study(), people, replays=1)
    with pytest.raises(UsageError, match="1 person or more"):
        simulate(make_study(), ToAllocate((), ()))


def test_the_same_seed_gives_the_same_answer() -> None:
    people = drawn_people(make_study(), 60, 1)
    first = simulate(make_study(), people, replays=200, seed=5)
    assert first == simulate(make_study(), people, replays=200, seed=5)
    assert first.differences != simulate(make_study(), people, replays=200, seed=6).differences
    assert (first.replays, first.people, first.scheme) == (200, 60, "minimisation")
    assert sum(size.mean for size in first.group_sizes.values()) == pytest.approx(60)


def test_imbalance_of_unequal_arms_is_as_if_they_were_equal() -> None:
    """4 and 2 of a ratio 2:1 are balanced; 5 and 1 are 3.75 and 1.5: 2.25 apart."""
    shares = np.array([2 / 3, 1 / 3])
    found = imbalance(np.array([[4, 2], [5, 1]]), shares)
    assert (found.people, found.mean, found.largest) == (6, pytest.approx(1.125), 2.25)
    equal = imbalance(np.array([[4, 2], [5, 1]]), np.array([0.5, 0.5]))
    assert (equal.mean, equal.largest) == (3, 4)


def test_every_number_stands_in_the_table() -> None:
    found = simulate(make_study(), drawn_people(make_study(), 60, 1), replays=50)
    rows = {(what, statistic): number for what, statistic, number in found.rows()}
    assert len(rows) == len(found.rows())
    assert rows["overall", "mean imbalance"] == found.overall.mean
    assert rows["age: under_25", "95th percentile of imbalance"] == (
        found.by_level["age", "under_25"].p95
    )
    assert rows["guessed", "convergence strategy"] == found.guessed
    assert rows["size of control", "mean"] == found.group_sizes["control"].mean
    assert sum(n for (what, s), n in rows.items() if s == "people" and what[:4] == "age:") == 60


@pytest.mark.parametrize(
    "settings",
    [MINIMISED, {"method": "simple"}, {"method": "capacity_lottery"},
     {"method": "permuted_blocks", "block_sizes": [2]}],
)  # fmt: skip
def test_the_picture_is_an_svg_that_tells_its_numbers(settings: dict[str, Any]) -> None:
    study = make_study(**settings)
    found = simulate(study, drawn_people(study, 40, 1), replays=50)
    picture = draw_picture(found)
    assert picture == draw_picture(found)
    root = ET.fromstring(picture)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert f"{found.guessed:.1%}" in texts
    (words,) = root.iter("{http://www.w3.org/2000/svg}desc")
    assert f"95th percentile {found.overall.p95:.1f}" in str(words.text)
    assert 'href="http' not in picture
    assert "50 replays over 40 people" in replays_figure(found).title
