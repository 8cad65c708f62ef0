"""What the report of Family Solutions Plus prints that cannot all be: the proofs."""

from __future__ import annotations

from datrial.config.study import load_study
from datrial.results.published import load_published

COMPLETED, DISENGAGED, REMOVED = 77, 65, {"victims": 2, "perpetrators": 4}


def per_cent(part: int, whole: int) -> int:
    """Return a percentage as reports print it: a half is rounded up."""
    return (200 * part + whole) // (2 * whole)


def splits(*, removed_in_the_base: bool) -> list[tuple[int, int]]:
    """Return which perpetrators (completed, disengaged) fit both strands' printed percentages."""
    found = []
    for completed in range(COMPLETED + 1):
        for disengaged in range(DISENGAGED + 1):
            base = completed + disengaged + REMOVED["perpetrators"]
            own = (completed, disengaged, REMOVED["perpetrators"])
            others = (COMPLETED - completed, DISENGAGED - disengaged)
            other_base = sum(others) + REMOVED["victims"] * removed_in_the_base
            if not other_base or [per_cent(part, base) for part in own] != [49, 46, 5]:
                continue
            if [per_cent(part, other_base) for part in others] == [58, 42]:
                found.append((completed, disengaged))
    return found


def test_the_printed_closures_leave_two_removed_victims_out_of_their_percentages() -> None:
    assert splits(removed_in_the_base=True) == []
    assert splits(removed_in_the_base=False) == [(39, 37), (40, 38), (41, 39), (43, 40)]


def test_shares_of_all_closures_are_not_the_printed_ones() -> None:
    """53, 44 and 3 are the mean of nine monthly percentages, or of nothing that is printed."""
    counts = (COMPLETED, DISENGAGED, sum(REMOVED.values()))
    assert [per_cent(count, sum(counts)) for count in counts] == [52, 44, 4]


def test_signposting_of_122_is_111_and_11() -> None:
    fits = [
        victims
        for victims in range(123)
        if (per_cent(victims, 122), per_cent(122 - victims, 122)) == (91, 9)
    ]
    assert fits == [111]
    assert 112 + 12 != 122
    assert [per_cent(112, 124), per_cent(12, 124)] == [90, 10]


def test_requests_a_month_are_printed_as_the_sum_of_rounded_means() -> None:
    assert round(166 / 9) + round(101 / 9) == 29
    assert round(267 / 9) == 30


def test_fifty_not_taken_on_divide_in_three_ways() -> None:
    """75% and 53% refused; just over 3 refused and just over 2 unsuitable a month."""
    fits = [
        (perpetrators, refused, of_victims)
        for perpetrators in range(1, 50)
        for refused in range(perpetrators + 1)
        for of_victims in range(51 - perpetrators)
        if per_cent(refused, perpetrators) == 75
        and per_cent(of_victims, 50 - perpetrators) == 53
        and 3 < (refused + of_victims) / 9 < 3.5
        and 2 < (50 - refused - of_victims) / 9 < 2.5
    ]
    assert fits == [(12, 9, 20), (16, 12, 18), (20, 15, 16)]
    assert 147 + 50 > 188


def test_every_source_names_its_section() -> None:
    numbers = load_published(load_study("family_solutions_plus").published)
    assert len(numbers) == 102
    assert all(number.source[0] in "234" and number.source[1] == "." for number in numbers)
