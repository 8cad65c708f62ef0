"""Definition: the capacity lottery (datrial.allocation.schemes.CapacityLottery)."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter

import pytest
from scipy.stats import chi2

from datrial.allocation.schemes import CapacityLottery

MEETING = dt.date(2016, 4, 14)


def drawn(people: list[str], places: int, seed: int = 7, day: dt.date = MEETING) -> set[str]:
    """Return who is drawn for the intervention."""
    arms = CapacityLottery(seed).draw("site_1", day, people, places)
    assert sorted(arms) == sorted(people)
    assert set(arms.values()) <= {"intervention", "control"}
    return {person for person, arm in arms.items() if arm == "intervention"}


@pytest.mark.parametrize(
    ("people", "places", "expected"),
    [
        ("p q r s", 0, 0),
        ("p q r s", 1, 1),
        ("p q r s", 3, 3),
        ("p q r s", 4, 4),
        ("p q r s", 9, 4),  # more places than people: everyone
        ("p", 1, 1),
        ("", 3, 0),
    ],
)
def test_as_many_as_the_team_has_places(people: str, places: int, expected: int) -> None:
    assert len(drawn(people.split(), places)) == expected


def test_the_order_of_listing_does_not_matter() -> None:
    people = ["p", "q", "r", "s", "t"]
    results = {frozenset(drawn(list(order), 2)) for order in itertools.permutations(people)}
    assert len(results) == 1


def test_the_draw_depends_on_seed_site_and_day() -> None:
    people = [f"p{i:02}" for i in range(40)]
    lottery = CapacityLottery(7)
    other_site = lottery.draw("site_2", MEETING, people, 20)
    assert drawn(people, 20) != drawn(people, 20, seed=8)
    assert drawn(people, 20) != drawn(people, 20, day=MEETING + dt.timedelta(14))
    assert drawn(people, 20) != {p for p, arm in other_site.items() if arm == "intervention"}


def test_draws_of_version_1_never_change() -> None:
    """Noted when version 1 was written (numpy 2.4.6): another numpy must still draw the same."""
    people = [f"p_{i:020x}" for i in range(10)]
    arms = CapacityLottery(20160401).draw("site_2", MEETING, people, 3)
    numbers = [i for i, person in enumerate(people) if arms[person] == "intervention"]
    assert CapacityLottery.version == "1"
    assert numbers == [3, 7, 8]


@pytest.mark.parametrize(
    ("people", "places", "day"),
    [
        (["p", "p"], 1, MEETING),
        (["p"], -1, MEETING),
        (["p"], 1, dt.datetime(2016, 4, 14)),
    ],
)
def test_refused(people: list[str], places: int, day: dt.date) -> None:
    with pytest.raises(ValueError, match="site_1"):
        CapacityLottery(7).draw("site_1", day, people, places)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seed"):
        CapacityLottery(-1)


def test_equal_chances() -> None:
    """Each of the 10 sets of 2 out of 5 is drawn equally often over 4,000 meetings.

    Pearson's chi-square with 9 degrees of freedom over the sets holds persons and
    pairs at once. The draws are fixed, so the test cannot fail by chance; 0.001
    leaves room for any fair draw and none for a bias of a few percent.
    """
    people, meetings = ["p", "q", "r", "s", "t"], 4000
    counts = Counter(
        frozenset(drawn(people, 2, day=MEETING + dt.timedelta(i))) for i in range(meetings)
    )
    expected = meetings / 10
    statistic = sum((count - expected) ** 2 / expected for count in counts.values())
    assert len(counts) == 10
    assert statistic < chi2.ppf(0.999, df=9)


def test_meetings_are_drawn_independently() -> None:
    """Being drawn at a meeting tells nothing of the next: four equally frequent pairs."""
    people, meetings = ["p", "q"], 4000
    first = ["p" in drawn(people, 1, day=MEETING + dt.timedelta(i)) for i in range(meetings)]
    counts = Counter(zip(first[::2], first[1::2], strict=True))
    total = sum(counts.values())
    statistic = sum(
        (counts[row, column] - total / 4) ** 2 / (total / 4)
        for row, column in itertools.product([True, False], repeat=2)
    )
    assert statistic < chi2.ppf(0.999, df=3)
