"""What the summary says about the differences in differences: the primary safety outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datrial.report.absent import hidden_number, interval_of, is_hidden
from datrial.report.numbers import Style, write_number
from datrial.report.summary_victims import ENGAGED, OPEN
from datrial.report.summary_words import (
    and_hidden,
    arm_words,
    arms_in,
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


def _differences(run: Run) -> Iterator[str]:
    """Say the answer, the effect on every behaviour, what other models find, who is seen."""
    entry = run.table("victim_differences.effects")
    if entry is None:
        return
    ratios = {row: entry.value(row, "binary", "odds_ratio") for row in entry.table.row_labels}
    known = {row: value for row, value in ratios.items() if value is not None}
    if known:
        yield _how_sure(entry, list(known))
        yield _how_to_read(entry)
        yield from _effects(entry, list(known))
    missing = []
    for row in ratios:
        if row not in known:
            at, name = (row, "binary", "odds_ratio"), lowered(entry.table.row_labels[row])
            said = not_available(f"The odds ratio of the change of {name}", entry, *at)
            missing.append((reason_of(entry, *at), name, [said]))
    yield from once_a_reason(missing)
    if known:
        yield from _other_models(entry, known)
    yield from _seen(run)
    yield (
        f"{ENGAGED} Who is seen may itself depend on the arm, so even a clear difference need "
        "not be an effect of the intervention."
    )


def _how_sure(entry: RunTable, rows: list[str]) -> str:
    """Answer the question first: whether reports of abuse changed apart in the arms."""
    first, second = arms_in(entry.table.title)
    adjusted = [entry.value(row, "binary", "p_value_adjusted") for row in rows]
    known = [p for p in adjusted if p is not None]
    below = [
        lowered(entry.table.row_labels[row])
        for row, p in zip(rows, adjusted, strict=True)
        if p is not None and p < _LEVEL
    ]
    question = (
        f"Whether abuse that victims-survivors report fell more in {first} than in {second} is"
    )
    if not known:
        return f"{question} not known: how sure the numbers below are is not told."
    tested = len(known) + hidden_count(entry, "p_value_adjusted", columns=["binary"])
    adjusting = f"adjusted for the {tested} behaviours (Holm's method)"
    shown = "any behaviour" if tested == len(known) else "any behaviour that is told here"
    if below:
        rest = " For the others the data do not settle it." if len(below) < len(rows) else ""
        return (
            f"Reports of {listed(below)} changed differently in {first} and in {second}: p-value "
            f"below {_LEVEL:g}, {adjusting}.{rest}"
        )
    return (
        f"{question} not settled for {shown}: the smallest p-value, {adjusting}, is "
        f"{write_number(min(known), Style.P_VALUE)}."
    )


def _how_to_read(entry: RunTable) -> str:
    first, _ = arms_in(entry.table.title)
    return (
        f"How to read the odds ratios: below 1 a behaviour fell more in {first} from intake to "
        "exit, above 1 less; the 95% interval holds the values that the data leave open."
    )


def _effects(entry: RunTable, rows: list[str]) -> Iterator[str]:
    """Say the effect, its interval, what it rests on, and what that leaves open."""
    for row in rows:
        at = entry, row, "binary", "odds_ratio"
        number = of_whom(*at)
        people = f", {number:,} victims-survivors" if number else ""
        ends = interval_of(*at)
        is_open = ends is not None and ends[0] <= 1 <= ends[1]
        yield (
            f"{entry.table.row_labels[row]}: odds ratio {with_interval(*at, Style.RATIO)}{people}"
            f"{f'; the interval includes 1: {OPEN}' if is_open else ''}."
        )


def _other_models(entry: RunTable, ratios: dict[str, float]) -> Iterator[str]:
    """Say where another model points the other way."""
    others = [column for column in entry.table.column_labels if column != "binary"]
    more = and_hidden(hidden_count(entry, "odds_ratio", columns=others)) if others else ""
    pairs = [
        (row, column, value, own)
        for row, own in ratios.items()
        for column in others
        if (value := entry.value(row, column, "odds_ratio")) is not None
    ]
    if not pairs:
        return
    apart = [
        f"{lowered(entry.table.row_labels[row])}, {lowered(entry.table.column_labels[column])} "
        f"({write_number(value, Style.RATIO)})"
        for row, column, value, own in pairs
        if (value < 1) != (own < 1)
    ]
    what = f"Of {len(pairs)} estimates of other models and of imputed or weighted data"
    yield (
        f"{what}, {len(apart)} {'points' if len(apart) == 1 else 'point'} the other way: "
        f"{'; '.join(apart)}.{more}"
        if apart
        else f"{what}, all point the same way.{more}"
    )


def _seen(run: Run) -> Iterator[str]:
    entry = run.table("victim_differences.seen")
    row = "with_both_forms"
    if entry is None or row not in entry.table.row_labels:
        return
    parts = []
    for arm, label in entry.table.column_labels.items():
        count, whole = (entry.value(each, arm, "count") for each in (row, "allocated"))
        beside = published_words(entry, row, arm, "count", Style.COUNT, " (", ")")
        if is_hidden(entry.cell(row, arm, "count")):
            parts.append(f"{hidden_number('number')}{beside} in {arm_words(label)}")
        elif count is not None and whole is not None:
            share = f" ({share_words(entry, row, arm, 'share')})"
            parts.append(f"{count:,.0f}{beside} of {whole:,.0f}{share} in {arm_words(label)}")
    if parts:
        yield (
            "All this rests on victims-survivors with both an intake and an exit form; of the "
            f"perpetrators allocated, that many have one: {listed(parts)}."
        )
    else:
        first = next(iter(entry.table.column_labels), "")
        yield not_available("How many are seen in each arm", entry, row, first, "count")


DIFFERENCE_SENTENCES: dict[str, Callable[[Run], Iterator[str]]] = {
    "victim_differences": _differences,
}
