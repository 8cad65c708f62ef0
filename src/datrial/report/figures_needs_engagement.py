"""Figures of engagement with the case manager, by need: bars of four shares that add up to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.report.charts import PUBLISHED_CAPTION
from datrial.report.drawing import (
    INK,
    LIGHT,
    ORANGE,
    Figure,
    bracket,
    drawing,
    has_any,
    n_words,
    published_mark,
    spoken,
    to_svg,
)
from datrial.report.stacked_bars import Bar, draw_bar, frame_bars, hidden_caption, with_n
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
    bars = [
        Bar(place, with_n(entry, parts, entry.table.row_labels[row]), parts)
        for row, place in zip(rows, places, strict=True)
        if (parts := [(row, column) for column in columns])
    ]
    looks = [_LOOKS[column] for column in columns]
    with drawing(1.0 + 0.27 * places[-1]) as (canvas, (axes,)):
        for row, bar in zip(rows, bars, strict=True):
            raised = _STRIP / 2 if marks[row] == "strip" else 0.0
            draw_bar(axes, entry, bar, looks, height=0.86, raised=raised)
            _published(axes, entry, row, bar.place)
        for column in columns:
            axes.barh(0, 0, color=_LOOKS[column][0], label=entry.table.column_labels[column])
        frame_bars(axes, bars)
        axes.set_xlabel("% of service users")
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
    captions.append(hidden_caption(entry, bars))
    return Figure(
        figure_id, title, svg, f"Stacked bar chart. {told}", " ".join(filter(None, captions))
    )


def _marks(entry: RunTable, row: str) -> str:
    """Return what of a row is published: a whole row (strip), who engaged (diamond), or neither."""
    columns = list(entry.table.column_labels)
    printed = [entry.printed(row, column, "share") is not None for column in columns]
    return "strip" if all(printed) else "diamond" if printed[0] else ""


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
