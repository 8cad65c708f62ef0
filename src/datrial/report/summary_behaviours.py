"""What the summary says about the models of behaviour and of direct work."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datrial.analyses.interventions_tables import WORK
from datrial.analyses.levels import BEHAVIOURS
from datrial.report.absent import hidden_number
from datrial.report.numbers import Style, write_number
from datrial.report.summary_words import (
    and_hidden,
    hidden_count,
    listed,
    lowered,
    not_available,
    of_whom,
    once_a_reason,
    published_words,
    reason_of,
    share_words,
    with_interval,
)
from datrial.results.read import Run, RunTable

_LEVEL = 0.05
_PROBABILITY = "probability"
#: Severity -> how the summary speaks of it.
_NAMED = {"high": "high", "none": "no"}


def _change(run: Run) -> Iterator[str]:
    entry, tests = (
        run.table("behaviour_change.predictions"),
        run.table("behaviour_change.factor_tests"),
    )
    if entry is None:
        return
    yield (
        "Only service users of the intervention have these forms: this is change over time, "
        "not an effect of the allocation."
    )
    yield from _over_time(entry)
    if tests:
        yield from _factors(tests)


def _over_time(entry: RunTable) -> Iterator[str]:
    """Say the course of high severity and of none; one reason for many is said once."""
    missing = []
    behaviours = dict.fromkeys(
        row.partition("__")[0] for row in entry.table.row_labels if "__" in row
    )
    for behaviour in behaviours:
        rows = [row for row in entry.table.row_labels if row.partition("__")[0] == behaviour]
        words = lowered(BEHAVIOURS.get(behaviour, behaviour))
        courses = {level: _course(entry, rows, level) for level in _NAMED}
        if all(courses.values()):
            yield (
                f"High {words}, adjusted probability: {courses['high']}. No {words}: "
                f"{courses['none']}{_forms(entry, rows)}."
            )
            continue
        sentences = [
            f"The adjusted probability of {named} {words} was {courses[level]}."
            if courses[level]
            else not_available(
                f"The adjusted probability of {named} {words}", entry, rows[0], level, _PROBABILITY
            )
            for level, named in _NAMED.items()
        ]
        why = "" if any(courses.values()) else reason_of(entry, rows[0], "high", _PROBABILITY)
        missing.append((why, words, sentences))
    yield from once_a_reason(missing)


def _course(entry: RunTable, rows: list[str], level: str) -> str:
    """Return ``43.7% at intake (95% interval ...), ...``; nothing if no time point has a value.

    Of none without the intervals: they are in the table.
    """
    if all(entry.value(row, level, _PROBABILITY) is None for row in rows):
        return ""
    parts = []
    for row in rows:
        when = f" at {lowered(entry.table.row_labels[row].rpartition(': ')[2])}"
        at = (entry, row, level, _PROBABILITY)
        number = with_interval(*at, Style.SHARE, when) if level == "high" else ""
        beside = published_words(*at, Style.SHARE, " (", ")")
        parts.append(number or f"{share_words(*at)}{when}{beside}")
    return listed(parts)


def _forms(entry: RunTable, rows: list[str]) -> str:
    numbers = [of_whom(entry, row, level, _PROBABILITY) for row in rows for level in _NAMED]
    return f" ({max(numbers):,} forms)" if any(numbers) else ""


def _factors(tests: RunTable) -> Iterator[str]:
    """Say which factors go with which behaviour, counted after adjustment for many tests."""
    found: dict[str, list[str]] = {}
    number = below = 0
    for factor, label in tests.table.row_labels.items():
        for behaviour in tests.table.column_labels:
            adjusted = tests.value(factor, behaviour, "p_value_adjusted")
            if adjusted is None or factor == "time_point":
                continue
            number += 1
            raw = tests.value(factor, behaviour, "p_value")
            below += raw is not None and raw < _LEVEL
            if adjusted < _LEVEL:
                words = lowered(BEHAVIOURS.get(behaviour, behaviour))
                found.setdefault(label, []).append(words)
    more = and_hidden(
        hidden_count(tests, "p_value_adjusted", rows=set(tests.table.row_labels) - {"time_point"})
    )
    if not number:
        if more:
            yield f"Tests of other factors: none is shown.{more}"
            return
        yield "Which other factors go with severity is not known: no model could be fitted."
        return
    what = (
        f"Of {number} tests of whether a factor goes with the severity of a behaviour when the "
        f"others are held equal, {below} {'is' if below == 1 else 'are'} below a p-value of "
        f"{_LEVEL:g}"
    )
    if found:
        named = "; ".join(
            f"{lowered(label)} with {listed(words)}" for label, words in found.items()
        )
        yield f"{what}, and when adjusted for their number: {named}.{more}"
    else:
        yield f"{what}, and none when adjusted for their number.{more}"


def _direct_work(run: Run) -> Iterator[str]:
    people = run.table("direct_work.people")
    if people:
        had = [
            f"{lowered(WORK['direct'].get(row, label))} {share_words(people, row, 'yes', 'share')}"
            f"{_of(people, row)}"
            for row, label in people.table.row_labels.items()
        ]
        if any(people.value(row, "yes", "share") is not None for row in people.table.row_labels):
            yield f"Of service users with a behaviour form, these had direct work: {listed(had)}."
        else:
            first = next(iter(people.table.row_labels), "")
            yield not_available("Who had direct work", people, first, "yes", "share")
    for table_id, column, what in (
        ("direct_work.change", "closure", "of the change from intake to case closure,"),
        ("direct_work.odds_ratios", "adjusted", "of severity, adjusted and pooled over time,"),
    ):
        entry = run.table(table_id)
        if entry:
            yield _tests_of_work(entry, column, what)
    if people or run.table("direct_work.odds_ratios"):
        yield (
            "Those who got direct work differ from those who did not: whoever stays gets it, and "
            "behaviour-change work comes to those with severe behaviour. No effect of the work "
            "can be read off."
        )


def _of(entry: RunTable, row: str) -> str:
    number = of_whom(entry, row, "yes", "share")
    return f" (of {number:,})" if number else ""


def _tests_of_work(entry: RunTable, column: str, what: str) -> str:
    """Return how many odds ratios are below a p-value when adjusted, and which."""
    p_values = {row: entry.value(row, column, "p_value_adjusted") for row in entry.table.row_labels}
    tested = [p_value for p_value in p_values.values() if p_value is not None]
    if not tested:
        words = f"The odds ratio {what.rstrip(',')} with direct work"
        first = next(iter(p_values), "")
        return not_available(words, entry, first, column, "odds_ratio")
    found = [
        f"{lowered(entry.table.row_labels[row])} "
        f"{with_interval(entry, row, column, 'odds_ratio', Style.RATIO) or hidden_number('ratio')}"
        for row, p_value in p_values.items()
        if p_value is not None and p_value < _LEVEL
    ]
    smallest = write_number(min(tested), Style.P_VALUE)
    more = and_hidden(hidden_count(entry, "p_value_adjusted", columns=[column]))
    start = f"Of {len(tested)} odds ratios {what} with direct work against without,"
    if not found:
        return (
            f"{start} none is below a p-value of {_LEVEL:g} when adjusted for their number (the "
            f"smallest is {smallest}).{more}"
        )
    are = "is" if len(found) == 1 else "are"
    return (
        f"{start} {len(found)} {are} below a p-value of {_LEVEL:g} when adjusted for their "
        f"number: {'; '.join(found)}.{more}"
    )


BEHAVIOUR_SENTENCES: dict[str, Callable[[Run], Iterator[str]]] = {
    "behaviour_change": _change,
    "direct_work": _direct_work,
}
