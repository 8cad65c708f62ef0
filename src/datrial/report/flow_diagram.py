"""The participant flow (CONSORT) as a drawing; every number is a result cell."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from datrial.report.cell_views import MARKS
from datrial.report.drawing import BLUE, GREY, INK, ORANGE, Figure, spoken
from datrial.report.numbers import Style, write_number
from datrial.results.cells import State
from datrial.results.read import RunTable

_ALL = "all"
_WIDTH, _GAP, _BETWEEN, _LINE = 900, 26, 8, 23
_BOX = (_WIDTH - 40) // 2

Line = tuple[str, str, str]  # label, number, published


@dataclass(frozen=True)
class _Layout:
    """Which rows of a table stand in which box.

    Attributes
    ----------
    first, aside, whole
        Rows told of all: the box at the top; who leaves it; the box that is divided by arm.
    heading
        The words over ``aside``.
    arm, arm_words
        The row told of each arm at its head, and its words.
    groups
        The boxes under each arm: each divides the arm's people in its own way.
    """

    id: str
    title: str
    first: str
    heading: str
    aside: tuple[str, ...]
    whole: tuple[str, ...]
    arm: str
    arm_words: str
    groups: tuple[tuple[str, ...], ...]


def participant_flow(entry: RunTable) -> Figure | None:
    """Draw heard -> excluded -> allocated -> arms -> data; none without the first two steps."""
    rows = entry.table.row_labels
    before = ("heard", "allocated", "allocated_not_heard")
    layout = _Layout(
        "participant-flow",
        "Participant flow: from those heard at MARAC to the data of each source (number of people)",
        "heard",
        "Not allocated",
        _excluded(entry),
        ("allocated", *_unless_zero(entry, "allocated_not_heard")),
        "allocated",
        "Allocated to {}",
        (tuple(row for row in rows if row not in (*before, *_excluded(entry))),),
    )
    return _figure(entry, layout)


def perpetrators_flow(entry: RunTable) -> Figure | None:
    """Draw the CONSORT flow of perpetrators; none without its first steps."""
    rare = ("allocated_not_heard", "allocated_heard_unknown", "joined")
    layout = _Layout(
        "flow-perpetrators",
        "Flow of perpetrators: heard, allocated and followed up (number of people)",
        "heard",
        "Not allocated",
        _excluded(entry),
        ("allocated", *(row for each in rare for row in _unless_zero(entry, each))),
        "allocated",
        "Allocated to {}",
        (
            ("cms_record", "completed", "not_completed", *_unless_zero(entry, "cms_none"),
             *_unless_zero(entry, "cms_unknown")),
            ("marac_followed", "marac_not_followed"),
            ("police_asked", "police_record", "police_none",
             *_unless_zero(entry, "police_unknown"), *_unless_zero(entry, "police_not_asked"),
             *_unless_zero(entry, "police_not_listed")),
        ),
    )  # fmt: skip
    return _figure(entry, layout)


def victims_flow(entry: RunTable) -> Figure | None:
    """Draw the CONSORT flow of victims-survivors; none without its first steps."""
    layout = _Layout(
        "flow-victims",
        "Flow of victims-survivors, in the arm of their perpetrator (number of people)",
        "allocated",
        "Without a primary victim-survivor",
        ("no_primary",),
        ("primary",),
        "primary",
        "{}: primary",
        (
            ("engaged", "both_forms", "intake_only", "not_engaged",
             *_unless_zero(entry, "engagement_unknown")),
            ("intake_all", "intake_other", "both_all", "both_other"),
        ),
    )  # fmt: skip
    return _figure(entry, layout)


def _figure(entry: RunTable, layout: _Layout) -> Figure | None:
    if not {layout.first, *layout.whole} <= set(entry.table.row_labels):
        return None
    arms = [column for column in entry.table.column_labels if column != _ALL]
    parts, y = _top(entry, layout)
    parts_of_arms, height = _arms(entry, layout, arms, y)
    svg = (
        f'<svg viewBox="0 0 {_WIDTH} {height}" aria-hidden="true" focusable="false" '
        f'font-family="DejaVu Sans, Verdana, Arial, sans-serif" font-size="13" fill="{INK}">'
        f'<defs><marker id="{layout.id}-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{GREY}"/></marker></defs>'
        f"{''.join(parts)}{''.join(parts_of_arms)}</svg>"
    )
    caption = "In brackets: the number printed in the published report." if entry.published else ""
    return Figure(layout.id, layout.title, svg, _alt(entry, arms), caption)


def _excluded(entry: RunTable) -> tuple[str, ...]:
    return tuple(row for row in entry.table.row_labels if row.startswith("excluded_"))


def _unless_zero(entry: RunTable, row: str) -> tuple[str, ...]:
    """Return the row, or nothing where it is nobody's; not available is told as well."""
    cells = [entry.cell(row, column, "count") for column in entry.table.column_labels]
    told = [c for c in cells if c and c.value != 0 and c.state is not State.NOT_APPLICABLE]
    return (row,) if told else ()


def _top(entry: RunTable, layout: _Layout) -> tuple[list[str], int]:
    """Draw what comes before the arms; return the parts and where the arms begin."""
    middle, rows = _WIDTH // 2, entry.table.row_labels
    parts = [_box(20, 10, _BOX, [_line(entry, layout.first, _ALL)], INK)]
    left = 20 + _BOX // 2
    height = _height(len(layout.aside) + 1) if layout.aside else 0
    y = 10 + _height(1)
    if layout.aside:
        _, total, _ = _line(entry, "excluded", _ALL) if "excluded" in rows else ("", "", "")
        lines = [(layout.heading, total, ""), *(_line(entry, row, _ALL) for row in layout.aside)]
        lines = [(label.removeprefix(f"{layout.heading}: "), n, p) for label, n, p in lines]
        parts.append(_box(middle + 20, y + 8, _BOX - 20, lines, GREY))
        across = (left, y + 8 + height // 2, middle + 20, y + 8 + height // 2)
        parts.append(_arrow(layout.id, *across))
    below = y + 16 + max(height, _GAP)
    parts.append(_arrow(layout.id, left, y, left, below))
    lines = [_line(entry, row, _ALL) for row in layout.whole]
    parts.append(_box(20, below, _BOX, lines, INK))
    return parts, below + _height(len(lines))


def _arms(entry: RunTable, layout: _Layout, arms: list[str], y: int) -> tuple[list[str], int]:
    """Draw a box for each arm and under it its groups; return the parts and the height."""
    width = (_WIDTH - 20 - 20 * len(arms)) // max(len(arms), 1)
    top = y + 2 * _GAP
    parts = []
    start = 20 + _BOX // 2
    end = top + _height(1)
    for number, arm in enumerate(arms):
        x = 20 + number * (width + 20)
        centre = x + width // 2
        colour = (BLUE, ORANGE)[number % 2]
        parts.append(_elbow(layout.id, start, y, centre, top))
        _, n, published = _line(entry, layout.arm, arm)
        label = layout.arm_words.format(entry.table.column_labels[arm])
        parts.append(_box(x, top, width, [(label, n, published)], colour, heavy=True))
        end = top + _height(1)
        parts.append(_arrow(layout.id, centre, end, centre, end + _GAP))
        end += _GAP
        for group in layout.groups:
            lines = [_line(entry, row, arm) for row in group]
            parts.append(_box(x, end, width, lines, colour))
            end += _height(len(lines)) + _BETWEEN
    return parts, end + 10


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


def _arrow(figure: str, x1: int, y1: int, x2: int, y2: int) -> str:
    return (
        f'<path d="M{x1} {y1} L{x2} {y2}" stroke="{GREY}" stroke-width="1.4" fill="none" '
        f'marker-end="url(#{figure}-tip)"/>'
    )


def _elbow(figure: str, x1: int, y1: int, x2: int, y2: int) -> str:
    half = (y1 + y2) // 2
    return (
        f'<path d="M{x1} {y1} L{x1} {half} L{x2} {half} L{x2} {y2}" stroke="{GREY}" '
        f'stroke-width="1.4" fill="none" marker-end="url(#{figure}-tip)"/>'
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
