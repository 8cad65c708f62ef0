"""The participant flow (CONSORT) as a drawing; every number is a result cell."""

from __future__ import annotations

from html import escape

from datrial.report.cell_views import MARKS
from datrial.report.drawing import BLUE, GREY, INK, ORANGE, Figure, spoken
from datrial.report.numbers import Style, write_number
from datrial.results.cells import State
from datrial.results.read import RunTable

_ALL = "all"
_BEFORE_ARMS = ("heard", "allocated", "allocated_not_heard")
_WIDTH, _GAP, _LINE = 900, 26, 23
_BOX = (_WIDTH - 40) // 2
_ID = "participant-flow"

Line = tuple[str, str, str]  # label, number, published


def participant_flow(entry: RunTable) -> Figure | None:
    """Draw heard -> excluded -> allocated -> arms -> data; none without the first two steps."""
    if not {"heard", "allocated"} <= set(entry.table.row_labels):
        return None
    arms = [column for column in entry.table.column_labels if column != _ALL]
    parts, y = _top(entry)
    parts_of_arms, height = _arms(entry, arms, y)
    svg = (
        f'<svg viewBox="0 0 {_WIDTH} {height}" aria-hidden="true" focusable="false" '
        f'font-family="DejaVu Sans, Verdana, Arial, sans-serif" font-size="13" fill="{INK}">'
        f'<defs><marker id="{_ID}-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{GREY}"/></marker></defs>'
        f"{''.join(parts)}{''.join(parts_of_arms)}</svg>"
    )
    caption = "In brackets: the number printed in the published report." if entry.published else ""
    title = (
        "Participant flow: from those heard at MARAC to the data of each source (number of people)"
    )
    return Figure(_ID, title, svg, _alt(entry, arms), caption)


def _top(entry: RunTable) -> tuple[list[str], int]:
    """Draw what comes before the arms; return the parts and where the arms begin."""
    excluded = [row for row in entry.table.row_labels if row.startswith("excluded_")]
    middle = _WIDTH // 2
    parts = [_box(20, 10, _BOX, [_line(entry, "heard", _ALL)], INK)]
    left = 20 + _BOX // 2
    height = _height(len(excluded) + 1) if excluded else 0
    y = 10 + _height(1)
    if excluded:
        lines = [("Not allocated", "", ""), *(_line(entry, row, _ALL) for row in excluded)]
        lines = [(label.removeprefix("Not allocated: "), n, p) for label, n, p in lines]
        parts.append(_box(middle + 20, y + 8, _BOX - 20, lines, GREY))
        parts.append(_arrow(left, y + 8 + height // 2, middle + 20, y + 8 + height // 2))
    below = y + 16 + max(height, _GAP)
    parts.append(_arrow(left, y, left, below))
    lines = [_line(entry, "allocated", _ALL)]
    not_heard = entry.cell("allocated_not_heard", _ALL, "count")
    if not_heard is not None and not_heard.value != 0:  # not available is told as well
        lines.append(_line(entry, "allocated_not_heard", _ALL))
    parts.append(_box(20, below, _BOX, lines, INK))
    return parts, below + _height(len(lines))


def _arms(entry: RunTable, arms: list[str], y: int) -> tuple[list[str], int]:
    """Draw a box for each arm and under it the data received for it."""
    rows = [
        row
        for row in entry.table.row_labels
        if row not in _BEFORE_ARMS and not row.startswith("excluded_")
    ]
    width = (_WIDTH - 20 - 20 * len(arms)) // max(len(arms), 1)
    top = y + 2 * _GAP
    parts = []
    start = 20 + _BOX // 2
    for number, arm in enumerate(arms):
        x = 20 + number * (width + 20)
        centre = x + width // 2
        colour = (BLUE, ORANGE)[number % 2]
        parts.append(_elbow(start, y, centre, top))
        _, n, published = _line(entry, "allocated", arm)
        label = f"Allocated to {entry.table.column_labels[arm]}"
        parts.append(_box(x, top, width, [(label, n, published)], colour, heavy=True))
        under = top + _height(1)
        parts.append(_arrow(centre, under, centre, under + _GAP))
        lines = [_line(entry, row, arm) for row in rows]
        parts.append(_box(x, under + _GAP, width, lines, colour))
    return parts, top + _height(1) + _GAP + _height(len(rows)) + 10


def _line(entry: RunTable, row: str, column: str) -> Line:
    cell = entry.cell(row, column, "count")
    if cell is None:
        number = MARKS[State.NOT_APPLICABLE]
    elif cell.value is None:
        number = MARKS[cell.state]
    else:
        number = write_number(cell.value, Style.COUNT)
    printed = entry.printed(row, column, "count")
    beside = "" if printed is None else f"({write_number(printed, Style.COUNT)})"
    return entry.table.row_labels[row], number, beside


def _height(lines: int) -> int:
    return lines * _LINE + 14


def _box(x: int, y: int, width: int, lines: list[Line], colour: str, *, heavy: bool = False) -> str:
    parts = [
        f'<rect x="{x}" y="{y}" width="{width}" height="{_height(len(lines))}" rx="5" fill="white" '
        f'stroke="{colour}" stroke-width="{2.2 if heavy else 1.3}"/>'
    ]
    for number, (label, value, published) in enumerate(lines):
        base = y + 7 + _LINE * (number + 1) - 6
        weight = ' font-weight="bold"' if heavy or not value else ""
        parts.append(f'<text x="{x + 12}" y="{base}"{weight}>{escape(label)}</text>')
        right = f'y="{base}" text-anchor="end"'
        if value:
            parts.append(f'<text x="{x + width - 66}" {right} font-weight="bold">{value}</text>')
        if published:
            parts.append(f'<text x="{x + width - 12}" {right} fill="{GREY}">{published}</text>')
    return "".join(parts)


def _arrow(x1: int, y1: int, x2: int, y2: int) -> str:
    return (
        f'<path d="M{x1} {y1} L{x2} {y2}" stroke="{GREY}" stroke-width="1.4" fill="none" '
        f'marker-end="url(#{_ID}-tip)"/>'
    )


def _elbow(x1: int, y1: int, x2: int, y2: int) -> str:
    half = (y1 + y2) // 2
    return (
        f'<path d="M{x1} {y1} L{x1} {half} L{x2} {half} L{x2} {y2}" stroke="{GREY}" '
        f'stroke-width="1.4" fill="none" marker-end="url(#{_ID}-tip)"/>'
    )


def _alt(entry: RunTable, arms: list[str]) -> str:
    parts = []
    for row, label in entry.table.row_labels.items():
        columns = [c for c in (_ALL, *arms) if entry.cell(row, c, "count") is not None]
        numbers = ", ".join(
            f"{entry.table.column_labels[c]} {spoken(entry, row, c, 'count')}" for c in columns
        )
        parts.append(f"{label}: {numbers}")
    return f"Flow diagram. {'; '.join(parts)}."
