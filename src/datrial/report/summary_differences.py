"""What the summary says about the differences in differences: the primary safety outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datrial.report.numbers import Style, write_number
from datrial.report.summary_victims import ENGAGED, OPEN
from datrial.report.summary_words import (
    arm_words,
    arms_in,
    listed,
    lowered,
    not_available,
    once_a_reason,
    published_words,
    reason_of,
    share_words,
    with_interval,
)
from datrial.results.read import Run, RunTable

_LEVEL = 0.05


def _differences(run: Run) -> Iterator[str]:
    """Say the effect on every behaviour, how sure it is, what other models find, who is seen."""
    entry = run.table("victim_differences.effects")
    if entry is None:
        return
    ratios = {row: entry.value(row, "binary", "odds_ratio") for row in entry.table.row_labels}
    known = {row: value for row, value in ratios.items() if value is not None}
    missing = []
    for row in ratios:
        if row not in known:
            at, name = (row, "binary", "odds_ratio"), lowered(entry.table.row_labels[row])
            said = not_available(f"The odds ratio of the change of {name}", entry, *at)
            missing.append((reason_of(entry, *at), name, [said]))
    yield from once_a_reason(missing)
    if known:
        yield _effects(entry, list(known))
        yield _how_sure(entry, list(known))
        yield from _other_models(entry, known)
    yield from _seen(run)
    yield (
        f"{ENGAGED} Who is seen may itself depend on the arm, so even a clear difference need "
        "not be an effect of the intervention."
    )


def _effects(entry: RunTable, rows: list[str]) -> str:
    first, second = arms_in(entry.table.title)
    told = []
    for row in rows:
        cell = entry.cell(row, "binary", "odds_ratio")
        n = f", n = {cell.n:,}" if cell and cell.n else ""
        ratio = with_interval(entry, row, "binary", "odds_ratio", Style.RATIO)
        told.append(f"{lowered(entry.table.row_labels[row])} {ratio}{n}")
    return (
        f"Odds ratios of the change from intake to exit in reporting a behaviour, {first} "
        f"against {second}: "
        f"{'; '.join(told)}. Below 1 it fell more in {first}."
    )


def _how_sure(entry: RunTable, rows: list[str]) -> str:
    adjusted = [entry.value(row, "binary", "p_value_adjusted") for row in rows]
    known = [p for p in adjusted if p is not None]
    below = [
        lowered(entry.table.row_labels[row])
        for row, p in zip(rows, adjusted, strict=True)
        if p is not None and p < _LEVEL
    ]
    if not known:
        return "How sure these are is not known: there is no p-value."
    if below:
        return (
            f"When adjusted for the {len(known)} behaviours (Holm), the p-value of "
            f"{listed(below)} is below {_LEVEL:g}."
        )
    smallest = write_number(min(known), Style.P_VALUE)
    return (
        f"When adjusted for the {len(known)} behaviours (Holm), no p-value is below {_LEVEL:g} "
        f"(the smallest is {smallest}): {OPEN}."
    )


def _other_models(entry: RunTable, ratios: dict[str, float]) -> Iterator[str]:
    """Say where another model points the other way."""
    others = [column for column in entry.table.column_labels if column != "binary"]
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
        f"{'; '.join(apart)}."
        if apart
        else f"{what}, all point the same way."
    )


def _seen(run: Run) -> Iterator[str]:
    entry = run.table("victim_differences.seen")
    row = "with_both_forms"
    if entry is None or row not in entry.table.row_labels:
        return
    parts = []
    for arm, label in entry.table.column_labels.items():
        count, whole = (entry.value(each, arm, "count") for each in (row, "allocated"))
        if count is not None and whole is not None:
            beside = published_words(entry, row, arm, "count", Style.COUNT, " (", ")")
            share = f" ({share_words(entry, row, arm, 'share')})"
            parts.append(f"{count:,.0f}{beside} of {whole:,.0f}{share} in {arm_words(label)}")
    if parts:
        yield (
            "There are victims-survivors with both forms of these allocated perpetrators: "
            f"{listed(parts)}."
        )
    else:
        first = next(iter(entry.table.column_labels), "")
        yield not_available("How many are seen in each arm", entry, row, first, "count")


DIFFERENCE_SENTENCES: dict[str, Callable[[Run], Iterator[str]]] = {
    "victim_differences": _differences,
}
