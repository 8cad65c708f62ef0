"""Figures of engagement with the case manager, by need: bars of four shares that add up to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.report.charts import PUBLISHED_CAPTION, mark_of
from datrial.report.drawing import (
    GREY,
    INK,
    LIGHT,
    ORANGE,
    Figure,
    bracket,
    drawing,
    has_any,
    n_words,
    percent_axis,
    published_mark,
    spoken,
    to_svg,
)
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colour of each level of engagement, and of the number written into it.
_LOOKS = {
    "engaged": ("#0b4f7d", "white"),
    "partially_engaged": ("#8fbbd9", "black"),
    "did_not_engage": (ORANGE, "white"),
    "no_contact_made": (LIGHT, "black"),
}
#: A narrower part has no number written into it.
_NARROWEST = 0.05
#: Height of the strip that shows a printed row.
_STRIP = 0.26
_CAPTIONS = {
    "strip": "Thin strip below each bar: the row as printed in the published report.",
    "diamond": f"{PUBLISHED_CAPTION} Here they stand at the share who engaged.",
}


def engagement_by_need(entry: RunTable) -> Figure | None:
    """Draw engagement of those with and without each need, the two bars side by side."""
    what = "Engagement with the case manager by presence of each need"
    return _stacked(entry, "needs-engagement", what, together=2)


def high_need_engagement(entry: RunTable) -> Figure | None:
    """Draw engagement of those with a high need, one bar for each need."""
    what = "Engagement of service users with a high need"
    return _stacked(entry, "needs-high-engagement", what, together=0)


def _stacked(entry: RunTable, figure_id: str, what: str, *, together: int) -> Figure | None:
    """Draw each row of a table as stacked shares, with a gap after every so many rows."""
    if not has_any(entry, "share"):
        return None
    rows, columns = list(entry.table.row_labels), list(entry.table.column_labels)
    gaps = [number // together if together else 0 for number in range(len(rows))]
    places = [number + 0.5 * gap for number, gap in enumerate(gaps)]
    marks = {row: _marks(entry, row) for row in rows}
    with drawing(1.0 + 0.27 * places[-1]) as (canvas, (axes,)):
        for row, place in zip(rows, places, strict=True):
            _bar(axes, entry, row, place)
            _published(axes, entry, row, place)
        for column in columns:
            axes.barh(0, 0, color=_LOOKS[column][0], label=entry.table.column_labels[column])
        axes.set_yticks(places, [_label(entry, row, columns[0]) for row in rows])
        axes.set_ylim(places[-1] + 0.7, -0.7)
        axes.set_xlim(0, 1)
        axes.tick_params(axis="y", length=0)
        percent_axis(axes.xaxis)
        axes.set_xlabel("Share of service users")
        axes.legend(
            loc="lower right", bbox_to_anchor=(1, 1), ncols=4, handlelength=1.2, columnspacing=1.2
        )
        svg = to_svg(canvas, figure_id)
    told = " ".join(
        f"{entry.table.row_labels[row]}: "
        + ", ".join(
            f"{entry.table.column_labels[c].lower()} {spoken(entry, row, c, 'share')}"
            for c in columns
        )
        + "."
        for row in rows
    )
    title = f"{what}{bracket('% of each row', n_words(entry, 'share'))}"
    captions = [words for mark, words in _CAPTIONS.items() if mark in marks.values()]
    return Figure(figure_id, title, svg, f"Stacked bar chart. {told}", " ".join(captions))


def _marks(entry: RunTable, row: str) -> str:
    """Return what of a row is published: a whole row (strip), who engaged (diamond), or neither."""
    columns = list(entry.table.column_labels)
    printed = [entry.printed(row, column, "share") is not None for column in columns]
    return "strip" if all(printed) else "diamond" if printed[0] else ""


def _label(entry: RunTable, row: str, column: str) -> str:
    cell = entry.cell(row, column, "share")
    counted = f" ({cell.n:,})" if cell is not None and cell.value is not None and cell.n else ""
    return f"{entry.table.row_labels[row]}{counted}"


def _bar(axes: Axes, entry: RunTable, row: str, place: float) -> None:
    columns = list(entry.table.column_labels)
    if all(entry.value(row, column, "share") is None for column in columns):
        mark = mark_of(entry, row, columns[0], "share")
        axes.text(0.01, place, mark, color=GREY, va="center")
    left = 0.0
    for column in columns:
        share = entry.value(row, column, "share")
        if share is None:
            continue
        colour, ink = _LOOKS[column]
        axes.barh(place, share, left=left, height=0.86, color=colour, edgecolor="white")
        if share >= _NARROWEST:
            text = f"{100 * share:.0f}%"
            middle = left + share / 2
            raised = place - (_STRIP / 2 if _marks(entry, row) == "strip" else 0)
            axes.text(middle, raised, text, ha="center", va="center", color=ink, fontsize=8)
        left += share


def _published(axes: Axes, entry: RunTable, row: str, place: float) -> None:
    """Draw the printed row as a strip along the lower edge, or a diamond at who engaged."""
    columns = list(entry.table.column_labels)
    printed = [entry.printed(row, column, "share") for column in columns]
    marks = _marks(entry, row)
    if marks == "diamond" and printed[0] is not None:
        lower = place + 0.35  # where it covers no number
        axes.plot([printed[0]], [lower], "D", color="white", markersize=11, zorder=4)
        published_mark(axes, printed[0], lower)
    if marks != "strip":
        return
    left, lower = 0.0, place + 0.43 - _STRIP / 2
    axes.barh(lower, 1, height=_STRIP, color="white", zorder=2.5)
    for column, share in zip(columns, printed, strict=True):
        colour, width = _LOOKS[column][0], share or 0.0
        axes.barh(
            lower + 0.1 * _STRIP, width, left=left, height=0.8 * _STRIP, color=colour,
            edgecolor=INK, linewidth=0.5, zorder=3,
        )  # fmt: skip
        left += width
