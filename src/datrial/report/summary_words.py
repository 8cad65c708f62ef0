"""Cells as parts of sentences: a ratio, a course over time, a share, and what is not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from datrial.report.absent import (
    HIDDEN,
    hidden_number,
    interval_is_hidden,
    interval_of,
    is_hidden,
)
from datrial.report.numbers import Style, write_number, write_printed
from datrial.results.read import RunTable
from datrial.results.wide import STATE_WORDS


def not_available(
    what: str, entry: RunTable, row: str, column: str, statistic: str = "rate_ratio"
) -> str:
    """Return that a number is not there, and why: silence could be taken for no difference."""
    cell = entry.cell(row, column, statistic)
    if cell is None or cell.value is not None:  # what it would be set against is missing
        return f"{what} is not available."
    if is_hidden(cell):
        return f"{what} is {HIDDEN} [c]."
    why = f" ({cell.note})" if cell.note else ""
    return f"{what} is {STATE_WORDS[cell.state]}{why}."


def once_a_reason(missing: Iterable[tuple[str, str, Sequence[str]]]) -> Iterator[str]:
    """Give the sentences of what is missing: in full once a reason, then by name.

    Parameters
    ----------
    missing
        Reason, name within a sentence, and the sentences that say it in full.
    """
    others: dict[str, list[str]] = {}
    for reason, name, sentences in missing:
        if reason and reason in others:
            others[reason].append(name)
            continue
        others[reason] = []
        yield from sentences
    for names in filter(None, others.values()):
        yield f"For the same reason nothing can be said about {listed(names)}."


def reason_of(entry: RunTable, row: str, column: str, statistic: str) -> str:
    """Return why a cell has no value, or nothing."""
    cell = entry.cell(row, column, statistic)
    return HIDDEN if is_hidden(cell) else cell.note if cell else ""


def compared_arms(entry: RunTable) -> tuple[str, str]:
    """Return the arm that a table of ratios is about and its reference, as in its heading."""
    return arms_in(entry.table.column_labels["estimate"])


def arms_in(heading: str) -> tuple[str, str]:
    """Return the arms of a heading that ends in ``, intervention against control``, or codes."""
    first, against, second = heading.rpartition(", ")[2].partition(" against ")
    if not against:
        first, second = "intervention", "control"
    named = [arm if arm.startswith("Arm ") else f"the {arm} arm" for arm in (first, second)]
    return named[0], named[1]


def arm_words(label: str) -> str:
    """Return an arm by its label within a sentence."""
    return label if label.startswith("Arm ") else f"the {label} arm"


def ratio_words(entry: RunTable, row: str) -> str:
    """Return a rate ratio in words; an interval that holds 1 is said to leave it open."""
    ratio, low, high = (
        entry.value(row, "estimate", name) for name in ("rate_ratio", "ci_low", "ci_high")
    )
    if ratio is None:
        return ""
    text = f"{write_number(ratio, Style.RATIO)} times the rate of {compared_arms(entry)[1]}"
    if low is None or high is None:
        hidden = interval_is_hidden(entry, row, "estimate")
        return f"{text}; {'the interval is hidden [c]' if hidden else 'no interval is available'}."
    number = of_whom(entry, row, "estimate", "rate_ratio")
    people = f"; {number:,} people" if number else ""
    text += (
        f" (95% interval {write_number(low, Style.RATIO)} to {write_number(high, Style.RATIO)}"
        f"{people})"
    )
    if row == "before":
        return f"{text}. This is before allocation took effect: it shows how alike the arms were."
    if low <= 1 <= high:
        return (
            f"{text}; the interval includes 1, so the data do not settle whether the rates differ."
        )
    return f"{text}; a {'lower' if ratio < 1 else 'higher'} rate."


def with_interval(
    entry: RunTable, row: str, column: str, statistic: str, style: Style, when: str = ""
) -> str:
    """Return ``0.82 (95% interval 0.70 to 0.97; published 0.80)`` of a cell with a value.

    Parameters
    ----------
    when
        What stands between the number and the bracket.
    """
    value = entry.value(row, column, statistic)
    if value is None:
        return ""
    parts = [published_words(entry, row, column, statistic, style, "")]
    if ends := interval_of(entry, row, column, statistic):
        low, high = (write_number(end, style) for end in ends)
        parts.insert(0, f"95% interval {low} to {high}")
    elif interval_is_hidden(entry, row, column):
        parts.insert(0, "interval hidden [c]")
    told = "; ".join(filter(None, parts))
    return f"{write_number(value, style)}{when}{f' ({told})' if told else ''}"


def points_with_interval(entry: RunTable, row: str, column: str, statistic: str) -> str:
    """Return a difference of shares in percentage points, as :func:`with_interval`."""
    value = entry.value(row, column, statistic)
    if value is None:
        return ""
    beside = entry.published.get((row, column, statistic))
    parts = []
    if ends := interval_of(entry, row, column, statistic):
        parts.append(f"95% interval {_points(ends[0])} to {_points(ends[1])}")
    elif interval_is_hidden(entry, row, column):
        parts.append("interval hidden [c]")
    if beside is not None:
        parts.append(f"published {write_printed(100 * beside.value, beside.printed, Style.MEAN)}")
    told = f" ({'; '.join(parts)})" if parts else ""
    return f"{_points(value)} percentage points{told}"


def _points(share: float) -> str:
    return write_number(round(100 * share, 1) + 0.0, Style.INDEX)


def listed(names: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def lowered(label: str) -> str:
    """Return a label as it stands within a sentence."""
    return label if label[1:2].isupper() else f"{label[:1].lower()}{label[1:]}"


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
    if is_hidden(cell):
        return hidden_number("share")
    return STATE_WORDS[cell.state] if cell.value is None else write_number(cell.value, Style.SHARE)


def of_whom(entry: RunTable, row: str, column: str, statistic: str) -> int:
    """Return the number of whom a cell's number is; 0 where its number is not told."""
    cell = entry.cell(row, column, statistic)
    return cell.n or 0 if cell is not None and cell.value is not None else 0


def hidden_count(
    entry: RunTable, statistic: str, *, rows: Iterable[str] = (), columns: Iterable[str] = ()
) -> int:
    """Return how many of a table's cells of a statistic are hidden, in some rows or columns."""
    among = set(rows) or set(entry.table.row_labels), set(columns) or set(entry.table.column_labels)
    return sum(
        is_hidden(cell) and cell.row in among[0] and cell.column in among[1]
        for cell in entry.table.cells
        if cell.statistic == statistic
    )


def and_hidden(number: int) -> str:
    """Return the sentence of how many more are hidden, with a space before; or nothing."""
    if not number:
        return ""
    return f" {number:,} more {'is' if number == 1 else 'are'} {HIDDEN} [c]."
