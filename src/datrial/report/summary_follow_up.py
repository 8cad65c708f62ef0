"""What the summary says about repeated abuse: rates, times, and whether it could be chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datrial.report.absent import HIDDEN, hidden_number, interval_of, is_hidden
from datrial.report.figures_follow_up import outcomes_of
from datrial.report.numbers import Style, write_number
from datrial.report.summary_words import (
    arms_in,
    listed,
    lowered,
    not_available,
    once_a_reason,
    reason_of,
    share_words,
    with_interval,
)
from datrial.results.read import Run, RunTable

_ANCOVA, _ONE = "ancova", "estimate"
_WINDOW = "months_"
_LEVEL = 0.05
_MONTH = "month_12"
_HAZARD = (
    "A hazard ratio compares the chance of a first event at any moment among those without one so "
    "far; below 1 it comes later or less often."
)


def _rates(run: Run) -> Iterator[str]:
    """Say each outcome's rate ratios in the fixed windows, and how alike the arms were before."""
    entry = run.table("follow_up_rates.rate_ratios")
    if entry is None:
        return
    first, second = arms_in(entry.table.title.partition(", by spell")[0].replace(": ", ", "))
    missing = []
    for outcome, label in outcomes_of(entry).items():
        rows = {
            row: words.rpartition(", ")[2]
            for row, words in entry.table.row_labels.items()
            if row.startswith(f"{outcome}__{_WINDOW}")
        }
        known = [row for row in rows if entry.value(row, _ANCOVA, "rate_ratio") is not None]
        if not known:
            missing += _without(entry, next(iter(rows), ""), _ANCOVA, "rate_ratio", label)
            continue
        told = [
            f"{rows[row]} {with_interval(entry, row, _ANCOVA, 'rate_ratio', Style.RATIO)}"
            for row in known
        ]
        yield (
            f"{label}, rate ratio of {first} against {second}, adjusted for the time before the "
            f"allocation: {'; '.join(told)}.{_hidden_windows(entry, rows)} "
            f"{_settled(entry, known, rows)}"
        )
        yield from _before(entry, outcome, label)
        yield from _sites(run.table("follow_up_rates.sites"), outcome, label)
    yield from once_a_reason(missing)
    yield (
        "These rest on everyone allocated, as allocated, whatever happened afterwards, and on the "
        "days for which data were received; the windows are the same in both arms. A rate ratio "
        f"below 1 means fewer events a year in {first}."
    )


def _hidden_windows(entry: RunTable, rows: dict[str, str]) -> str:
    hidden = [w for row, w in rows.items() if is_hidden(entry.cell(row, _ANCOVA, "rate_ratio"))]
    return f" {HIDDEN.capitalize()} [c]: {listed(hidden)}." if hidden else ""


def _settled(entry: RunTable, rows: list[str], labels: dict[str, str]) -> str:
    """Return in which windows the interval does not hold 1."""
    below, above, unknown = [], [], 0
    for row in rows:
        ends = interval_of(entry, row, _ANCOVA, "rate_ratio")
        if ends is None:
            unknown += 1
        elif ends[1] < 1:
            below.append(labels[row])
        elif ends[0] > 1:
            above.append(labels[row])
    parts = [
        f"the interval lies {side} 1: {listed(found)}"
        for side, found in (("below", below), ("above", above))
        if found
    ]
    if not parts and unknown:
        if unknown == len(rows):
            return "How sure these are is not told: they have no intervals here."
        return "Of those with an interval every one includes 1: the data do not settle it."
    if not parts:
        return "Every interval includes 1: the data do not settle whether the rates differ."
    said = "; ".join(parts)
    rest = len(rows) - len(below) - len(above) - unknown
    open_ones = " In the others the data do not settle it." if rest else ""
    return f"{said[:1].upper()}{said[1:]}.{open_ones}"


def _before(entry: RunTable, outcome: str, label: str) -> Iterator[str]:
    """Say the ratio of the time before the allocation, which shows how alike the arms were."""
    row = f"{outcome}__before"
    if entry.value(row, "poisson", "rate_ratio") is not None:
        ratio = with_interval(entry, row, "poisson", "rate_ratio", Style.RATIO)
        yield f"{label}: before the allocation, which shows how alike the arms were, {ratio}."


def _sites(entry: RunTable | None, outcome: str, label: str) -> Iterator[str]:
    """Say where the ratio differs between sites: one number for all of them hides that."""
    p_value = entry.value(f"{outcome}__all", _ONE, "p_value") if entry else None
    if entry is None or p_value is None or p_value >= _LEVEL:
        return
    told = [
        f"{words.rpartition(', ')[2]} {with_interval(entry, row, _ONE, 'rate_ratio', Style.RATIO)}"
        for row, words in entry.table.row_labels.items()
        if row.startswith(f"{outcome}__") and entry.value(row, _ONE, "rate_ratio") is not None
    ]
    yield (
        f"{label}: the rate ratio differs between sites (p {_p_words(p_value)}), so that one "
        f"number for all of them hides it: {'; '.join(told)}."
    )


def _times(run: Run) -> Iterator[str]:
    """Say who had an event within a year, the hazard ratio, and the difference in events."""
    shares, ratios, differences = (
        run.table(f"follow_up_times.{name}")
        for name in ("first_event", "hazard_ratios", "mean_difference")
    )
    if ratios is None:
        return
    first, second = arms_in(ratios.table.title.replace(": ", ", "))
    missing = []
    for outcome, label in ratios.table.row_labels.items():
        if ratios.value(outcome, "first", "hazard_ratio") is None:
            missing += _without(ratios, outcome, "first", "hazard_ratio", label)
            continue
        hazard = with_interval(ratios, outcome, "first", "hazard_ratio", Style.RATIO)
        row = f"{outcome}__{_MONTH}"
        text = f"{label}: hazard ratio of a first event, {first} against {second}, {hazard}"
        if shares is not None and row in shares.table.row_labels:
            told = [
                f"{share_words(shares, row, arm, 'probability')} of {arm_label}"
                for arm, arm_label in shares.table.column_labels.items()
            ]
            text += f"; within 12 months {' and '.join(told)} had one"
        if differences is not None:
            value = differences.value(row, _ONE, "difference")
            if value is not None:
                less = "fewer" if value < 0 else "more"
                ends = interval_of(differences, row, _ONE, "difference")
                between = (
                    f" (95% interval of the difference {write_number(ends[0], Style.MEAN)} to "
                    f"{write_number(ends[1], Style.MEAN)})"
                    if ends
                    else ""
                )
                text += (
                    f"; {write_number(abs(value), Style.MEAN)} {less} events per person by then in "
                    f"{first}{between}"
                )
        yield f"{text}."
        cell = ratios.cell(outcome, "first", "hazard_ratio")
        if cell is not None and "changes with time" in cell.warning:
            yield (
                f"The hazard ratio of {lowered(label)} changes with time: it is an average over "
                "the time observed."
            )
    if len(missing) < len(ratios.table.row_labels):
        yield _HAZARD
    yield from once_a_reason(missing)


def _randomisation(run: Run) -> Iterator[str]:
    """Say how often the lots alone would have told the arms apart as much."""
    entry = run.table("follow_up_randomisation.permutation")
    if entry is None:
        return
    missing, told = [], []
    for outcome, label in entry.table.row_labels.items():
        p_value = entry.value(outcome, "adjusted", "p_value")
        if p_value is None:
            missing += _without(entry, outcome, "adjusted", "p_value", label)
            continue
        difference = with_interval(entry, outcome, "adjusted", "difference", Style.MEAN)
        difference = difference or hidden_number("difference")
        told.append(f"{lowered(label)} {difference}, p {_p_words(p_value)}")
    if told:
        first, second = arms_in(entry.table.title.replace(": ", ", "))
        yield (
            f"Difference in events per year, {first} less {second}, and how often the lots alone "
            f"would have made one as clear: {'; '.join(told)}."
        )
    yield from once_a_reason(missing)


def _p_words(p_value: float) -> str:
    text = write_number(p_value, Style.P_VALUE)
    return text if text[0] in "<>" else f"= {text}"


def _without(
    entry: RunTable, row: str, column: str, statistic: str, label: str
) -> list[tuple[str, str, list[str]]]:
    """Return what is missing of an outcome, with its reason."""
    said = not_available(f"{label}: the comparison of the arms", entry, row, column, statistic)
    return [(reason_of(entry, row, column, statistic), lowered(label), [said])]


FOLLOW_UP_SENTENCES: dict[str, Callable[[Run], Iterator[str]]] = {
    "follow_up_rates": _rates,
    "follow_up_times": _times,
    "follow_up_randomisation": _randomisation,
}
