"""Which extracts count: nothing that the inbox covers is lost, whatever the order of arrival."""

from __future__ import annotations

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as some

from datrial.extracts.periods import Days
from datrial.extracts.replaced import Extract, standing

FIRST = dt.date(2017, 1, 1)


@some.composite
def extracts(draw: some.DrawFn) -> list[Extract]:
    """Some extracts of two agencies, numbered by their arrival."""
    runs = draw(
        some.lists(
            some.tuples(
                some.sampled_from(["x", "y"]),
                some.sampled_from([None, "a"]),
                some.integers(0, 6),
                some.integers(0, 6),
            ),
            max_size=12,
        )
    )
    return [
        Extract(
            f"{mapping}@{number}",
            mapping,
            part,
            Days(FIRST + dt.timedelta(start), FIRST + dt.timedelta(start + length)),
            number,
            str(number),
        )
        for number, (mapping, part, start, length) in enumerate(runs, start=1)
    ]


def days(some_extracts: list[Extract]) -> set[tuple[str, str | None, dt.date]]:
    return {
        (each.mapping, each.part, each.days.first + dt.timedelta(n))
        for each in some_extracts
        for n in range((each.days.last - each.days.first).days + 1)
    }


@settings(max_examples=200, deadline=None)
@given(extracts(), some.sets(some.integers(1, 12)))
def test_the_current_extracts_cover_what_the_inbox_covers(
    every: list[Extract], taken_out: set[int]
) -> None:
    inbox = [each for each in every if each.arrival not in taken_out]
    found = standing(inbox, every)
    assert days(list(found.current)) == days(inbox)
    assert set(found.current) <= set(inbox)
    assert [each.arrival for each in found.current] == sorted(e.arrival for e in found.current)
    for one in found.current:
        assert not any(other.replaces(one) for other in inbox)
    for each in inbox:
        assert each in found.current or any(one.replaces(each) for one in found.current)


@settings(max_examples=200, deadline=None)
@given(extracts(), some.sets(some.integers(1, 12)))
def test_what_was_replaced_stood_until_its_successor_came(
    every: list[Extract], taken_out: set[int]
) -> None:
    inbox = [each for each in every if each.arrival not in taken_out]
    found = standing(inbox, every)
    assert not set(found.earlier) & set(found.current)
    others = [each for each in every if each not in found.current]
    for each in others:
        successors = [one for one in found.current if one.replaces(each)]
        stood_last = any(
            not any(between.replaces(each) and one.replaces(between) for between in others)
            for one in successors
        )
        assert (each in found.earlier) == stood_last


@settings(max_examples=100, deadline=None)
@given(extracts(), some.randoms())
def test_the_answer_does_not_depend_on_the_order_of_reading(
    every: list[Extract], random: object
) -> None:
    mixed = list(every)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert standing(mixed, every) == standing(every, mixed)
    assert standing(mixed, []).lines() == standing(every, []).lines()
