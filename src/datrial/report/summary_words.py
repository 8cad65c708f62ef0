"""Cells as parts of sentences: a ratio, a course over time, a share, and what is not there."""

from __future__ import annotations

from datrial.report.numbers import Style, write_number, write_printed
from datrial.results.read import RunTable
from datrial.results.wide import STATE_WORDS


def not_available(
    what: str, entry: RunTable, row: str, column: str, statistic: str = "rate_ratio"
) -> str:
    """Return that a number is not there, and why: silence could be taken for no difference."""
    cell = entry.cell(row, column, statistic)
    if cell is None:
        return f"{what} is not available."
    why = f" ({cell.note})" if cell.note else ""
    return f"{what} is {STATE_WORDS[cell.state]}{why}."


def compared_arms(entry: RunTable) -> tuple[str, str]:
    """Return the arm that a table of ratios is about and its reference, as in its heading."""
    _, _, words = entry.table.column_labels["estimate"].partition(", ")
    first, against, second = words.partition(" against ")
    if not against:
        first, second = "intervention", "control"
    named = [arm if arm.startswith("Arm ") else f"the {arm} arm" for arm in (first, second)]
    return named[0], named[1]


def ratio_words(entry: RunTable, row: str) -> str:
    """Return a rate ratio in words; an interval that holds 1 is said to leave it open."""
    ratio, low, high = (
        entry.value(row, "estimate", name) for name in ("rate_ratio", "ci_low", "ci_high")
    )
    if ratio is None:
        return ""
    text = f"{write_number(ratio, Style.RATIO)} times the rate of {compared_arms(entry)[1]}"
    if low is None or high is None:
        return f"{text}; no interval is available."
    text += f" (95% interval {write_number(low, Style.RATIO)} to {write_number(high, Style.RATIO)})"
    if row == "before":
        return f"{text}. This is before allocation took effect: it shows how alike the arms were."
    if low <= 1 <= high:
        return (
            f"{text}; the interval includes 1, so the data do not settle whether the rates differ."
        )
    return f"{text}; a {'lower' if ratio < 1 else 'higher'} rate."


def course(entry: RunTable, column: str, statistic: str) -> str:
    """Return ``45.1% at intake (published 45%), not available at midpoint ...``.

    Nothing if no row has a value.
    """
    parts = []
    for row, label in entry.table.row_labels.items():
        number = share_words(entry, row, column, statistic)
        if number:
            beside = published_words(entry, row, column, statistic, Style.SHARE, " (", ")")
            parts.append(f"{number} at {label.lower()}{beside}")
    known = any(entry.value(row, column, statistic) is not None for row in entry.table.row_labels)
    return ", ".join(parts) if known else ""


def published_words(
    entry: RunTable,
    row: str,
    column: str,
    statistic: str,
    style: Style,
    before: str = "; ",
    after: str = "",
) -> str:
    """Return the printed number beside a cell in words, or nothing."""
    beside = entry.published.get((row, column, statistic))
    if beside is None:
        return ""
    return f"{before}published {write_printed(beside.value, beside.printed, style)}{after}"


def share_words(entry: RunTable, row: str, column: str, statistic: str) -> str:
    """Return a share, or the words of its state; nothing if the table has no such cell."""
    cell = entry.cell(row, column, statistic)
    if cell is None:
        return ""
    return STATE_WORDS[cell.state] if cell.value is None else write_number(cell.value, Style.SHARE)
