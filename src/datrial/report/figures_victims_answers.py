"""Figures of victims-survivors' answers as stacked shares: perceived risk, severity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datrial.report.drawing import Figure, bracket, drawing, has_any, spoken, to_svg
from datrial.report.figures_victims import arms_of, n_of
from datrial.report.stacked_bars import Bar, Look, draw_bar, frame_bars, hidden_caption, with_n
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

#: From light to dark; with the fifth for one more level than severity has.
_LOOKS: tuple[Look, ...] = (
    ("#dcebf5", "black"), ("#a9cbe3", "black"), ("#6aa5cf", "black"), ("#2f78ad", "white"),
    ("#0b3f66", "white"),
)  # fmt: skip


def risk_change(entry: RunTable) -> Figure | None:
    """Draw the perceived change in risk by arm."""
    return _answers(entry, "victim-risk", "Change in risk since intake, as IDVAs saw it, by arm")


def risk_sustainability(entry: RunTable) -> Figure | None:
    """Draw how lasting IDVAs thought the change, by arm."""
    return _answers(
        entry, "victim-sustainability", "How lasting IDVAs thought the change in risk, by arm"
    )


def _answers(entry: RunTable, figure_id: str, what: str) -> Figure | None:
    if not has_any(entry, "share"):
        return None
    arms = arms_of(entry, "share")
    rows = list(dict.fromkeys(c.row for c in entry.table.cells if c.statistic == "share"))
    bars = [
        Bar(y, with_n(entry, parts, entry.table.column_labels[arm]), parts)
        for y, arm in enumerate(arms)
        if (parts := [(row, arm) for row in rows])
    ]
    names = [entry.table.row_labels[row] for row in rows]
    with drawing(1.5 + 0.5 * len(arms)) as (canvas, (axes,)):
        _draw(axes, entry, bars)
        axes.set_xlabel("% of those answered")
        _legend(canvas, axes, names, columns=3 if len(names) > 4 else 2)
        svg = to_svg(canvas, figure_id)
    told = " ".join(
        f"{entry.table.column_labels[arm]}: "
        + ", ".join(f"{entry.table.row_labels[row]} {spoken(entry, row, arm, 'share')}"
                    for row in rows)
        + "."
        for arm in arms
    )  # fmt: skip
    title = f"{what}{bracket('% of those answered', n_of(entry, arms, rows))}"
    caption = hidden_caption(entry, bars)
    return Figure(figure_id, title, svg, f"Stacked bar chart. {told}", caption)


def severity(entry: RunTable) -> Figure | None:
    """Draw the severity of each behaviour at intake and exit, by arm, a panel for each."""
    if not has_any(entry, "share"):
        return None
    arms, rows = arms_of(entry, "share"), list(entry.table.row_labels)
    behaviours = list(dict.fromkeys(row.partition("__")[0] for row in rows))
    labels = entry.table.row_labels
    with drawing(4.8, 2, 2, sharex=True, sharey=True) as (canvas, panels):
        drawn = []
        for axes, behaviour in zip(panels, behaviours, strict=True):
            bars = []
            for number, arm in enumerate(arms):
                for later, time in enumerate(("intake", "exit")):
                    parts = [(row, arm) for row in rows if row.startswith(f"{behaviour}__{time}__")]
                    name = f"{entry.table.column_labels[arm]}, {time}"
                    bars.append(Bar(number * 2.4 + later, name, parts))
            _draw(axes, entry, bars)
            drawn += bars
            axes.set_title(labels[f"{behaviour}__intake__none"].partition(",")[0])
        levels = [row for row in rows if row.startswith(f"{behaviours[0]}__intake__")]
        names = [labels[row].rpartition(": ")[2].capitalize() for row in levels]
        _legend(canvas, panels[0], names, columns=4)
        svg = to_svg(canvas, "victim-severity")
    told = " ".join(
        f"{labels[row]}: "
        + ", ".join(f"{entry.table.column_labels[arm]} {spoken(entry, row, arm, 'share')}"
                    for arm in arms)
        + "."
        for row in rows
    )  # fmt: skip
    title = "Severity reported by victims-survivors at intake and exit, by arm"
    unit = bracket("% of pairs of forms", n_of(entry, arms, rows))
    alt, caption = f"Stacked bar charts. {told}", hidden_caption(entry, drawn)
    return Figure("victim-severity", f"{title}{unit}", svg, alt, caption)


def _draw(axes: Axes, entry: RunTable, bars: Sequence[Bar]) -> None:
    for bar in bars:
        draw_bar(axes, entry, bar, _LOOKS)
    frame_bars(axes, bars)


def _legend(canvas: Canvas, axes: Axes, names: Sequence[str], columns: int) -> None:
    for number, name in enumerate(names):
        axes.barh(0, 0, color=_LOOKS[number][0], label=name)
    handles, labels = axes.get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside upper center", ncols=columns, handlelength=1.2)
