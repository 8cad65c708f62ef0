"""Figures of abusive behaviours: severity, change, engagement, and the IDVA's report beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from datrial.report.absent import mark_below, mark_of
from datrial.report.charts import highest, wrap
from datrial.report.drawing import (
    LIGHT,
    MARKERS,
    ORANGE,
    SERIES,
    Figure,
    bracket,
    drawing,
    has_any,
    n_words,
    percent_axis,
    spoken,
    to_svg,
)
from datrial.report.stacked_bars import Bar, draw_bar, frame_bars, hidden_caption, with_n
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Column -> colour, and the colour of the number written into it.
SEVERITY_LOOKS = {
    "none": ("#cfe3f1", "black"),
    "standard": ("#8fbbd9", "black"),
    "moderate": ("#3d88ba", "white"),
    "high": ("#0b4f7d", "white"),
}
_CHANGE_LOOKS = {
    "reduced": ("#0b4f7d", "white"),
    "none_both": ("#cfe3f1", "black"),
    "unchanged": (LIGHT, "black"),
    "increased": (ORANGE, "white"),
}


def severity_by_time(entry: RunTable) -> Figure | None:
    """Draw the four severities of each behaviour at the three time points as stacked bars."""
    return _stacked(
        entry,
        "behaviours-severity",
        "Severity of abusive behaviours by time point",
        (list(entry.table.row_labels), SEVERITY_LOOKS),
        "% of forms with a known severity",
    )


def severity_change(entry: RunTable) -> Figure | None:
    """Draw who became less and who more severe, to midpoint and to closure."""
    return _stacked(
        entry,
        "behaviours-change",
        "Change in severity from intake, person by person",
        ([row for row in entry.table.row_labels if row.endswith("__all")], _CHANGE_LOOKS),
        "% of service users known at both",
    )


def _stacked(
    entry: RunTable,
    figure_id: str,
    what: str,
    drawn: tuple[Sequence[str], Mapping[str, tuple[str, str]]],
    unit: str,
) -> Figure | None:
    """Draw rows as stacked shares, with a gap between one behaviour and the next."""
    rows, looks = drawn
    shown = [entry.value(row, column, "share") for row in rows for column in looks]
    if all(share is None for share in shown):
        return None
    behaviours = list(dict.fromkeys(row.partition("__")[0] for row in rows))
    places = [
        number + 0.6 * behaviours.index(row.partition("__")[0]) for number, row in enumerate(rows)
    ]
    bars = [
        Bar(place, with_n(entry, parts, entry.table.row_labels[row]), parts)
        for row, place in zip(rows, places, strict=True)
        if (parts := [(row, column) for column in looks])
    ]
    with drawing(1.0 + 0.29 * places[-1]) as (canvas, (axes,)):
        for bar in bars:
            draw_bar(axes, entry, bar, list(looks.values()), height=0.72)
        for column, (colour, _) in looks.items():
            axes.barh(0, 0, color=colour, label=entry.table.column_labels[column])
        frame_bars(axes, bars)
        axes.set_xlabel(unit)
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, handlelength=1.2)
        svg = to_svg(canvas, figure_id)
    told = " ".join(
        f"{entry.table.row_labels[row]}: "
        + ", ".join(
            f"{entry.table.column_labels[column].lower()} {spoken(entry, row, column, 'share')}"
            for column in looks
        )
        + "."
        for row in rows
    )
    title = f"{what}{bracket(unit, n_words(entry, 'share', list(looks), rows=rows))}"
    caption = hidden_caption(entry, bars)
    return Figure(figure_id, title, svg, f"Stacked bar chart. {told}", caption)


def behaviour_by_engagement(entry: RunTable) -> Figure | None:
    """Draw the share with each behaviour at the three time points, a line for each engagement."""
    if not has_any(entry, "share"):
        return None
    rows = list(entry.table.row_labels)
    behaviours = list(dict.fromkeys(row.partition("__")[0] for row in rows))
    times = [c for c in entry.table.column_labels if entry.cell(rows[0], c, "share")]
    with drawing(3.4, len(behaviours), sharey=True) as (canvas, panels):
        for axes, behaviour in zip(panels, behaviours, strict=True):
            of_behaviour = [row for row in rows if row.partition("__")[0] == behaviour]
            for number, row in enumerate(of_behaviour):
                _engagement_line(axes, entry, row, times, number)
            axes.set_title(wrap(entry.table.row_labels[of_behaviour[0]].partition(":")[0], 18))
            ticks = [wrap(entry.table.column_labels[each], 8) for each in times]
            axes.set_xticks(range(len(times)), ticks)
            axes.set_xlim(-0.3, len(times) - 0.7)
            axes.set_ylim(0, 1.1 * highest(entry, "share"))
            axes.tick_params(axis="x", labelsize=8)
            percent_axis(axes.yaxis)
            axes.grid(axis="y")
        panels[0].set_ylabel("% of forms")
        handles, labels = panels[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside upper right", ncols=4, handlelength=2.4)
        svg = to_svg(canvas, "behaviours-engagement")
    told = " ".join(
        f"{entry.table.row_labels[row]}: "
        + ", ".join(
            f"{entry.table.column_labels[c].lower()} {spoken(entry, row, c, 'share')}"
            for c in times
        )
        + "."
        for row in rows
    )
    unit = bracket("% of forms with a known severity", n_words(entry, "share"))
    title = f"Abusive behaviours by engagement with the case manager{unit}"
    return Figure("behaviours-engagement", title, svg, f"Line charts. {told}")


def _engagement_line(
    axes: Axes, entry: RunTable, row: str, times: Sequence[str], number: int
) -> None:
    label = entry.table.row_labels[row].partition(": ")[2]
    values = [entry.value(row, column, "share") for column in times]
    for place, (column, value) in enumerate(zip(times, values, strict=True)):
        if value is None:
            mark = mark_of(entry, row, column, "share")
            mark_below(axes, place, mark, SERIES[number % len(SERIES)], number)
    axes.plot(
        range(len(times)),
        [float("nan") if value is None else value for value in values],
        color=SERIES[number % len(SERIES)],
        marker=MARKERS[number % len(MARKERS)],
        linestyle=("-", "--", "-.", ":")[number % 4],
        markersize=5,
        label=label[:1].upper() + label[1:],
    )


def sources_side_by_side(entry: RunTable) -> Figure | None:
    """Draw what case managers and what IDVAs recorded of the same behaviours, row by row."""
    if not has_any(entry, "share"):
        return None
    rows = [row for row in entry.table.row_labels if not row.endswith("_high")]
    sources = ("case_manager", "idva")
    with drawing(1.1 + 0.33 * len(rows)) as (canvas, (axes,)):
        for y, row in enumerate(rows):
            shares = [entry.value(row, source, "share") for source in sources]
            known = [share for share in shares if share is not None]
            if len(known) == len(sources):
                axes.plot(known, [y, y], color=LIGHT, linewidth=4, zorder=1)
            for number, (source, share) in enumerate(zip(sources, shares, strict=True)):
                if share is not None:
                    axes.plot([share], [y], MARKERS[number], color=SERIES[number], zorder=3)
                else:
                    axes.annotate(
                        mark_of(entry, row, source, "share"), (1.0, y), (26 * (number - 1), 0),
                        textcoords="offset points", color=SERIES[number], va="center", ha="right",
                    )  # fmt: skip
        for number, source in enumerate(sources):
            label = entry.table.column_labels[source]
            axes.plot([], [], MARKERS[number], color=SERIES[number], label=label)
        axes.set_yticks(range(len(rows)), [entry.table.row_labels[row] for row in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(-0.02, 1)
        percent_axis(axes.xaxis)
        axes.set_xlabel("% of forms with a known severity")
        axes.grid(axis="x")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
        svg = to_svg(canvas, "behaviours-sources")
    told = " ".join(
        f"{entry.table.row_labels[row]}: "
        + ", ".join(
            f"{entry.table.column_labels[source]} {spoken(entry, row, source, 'share')}"
            for source in sources
        )
        + "."
        for row in rows
    )
    counted = ", ".join(
        f"{n} {entry.table.column_labels[source]}"
        for source in sources
        if (n := n_words(entry, "share", [source]))
    )
    unit = bracket("% of forms with a known severity", counted)
    title = f"Abusive behaviours as recorded by case managers and by IDVAs{unit}"
    return Figure("behaviours-sources", title, svg, f"Dot plot. {told}")
