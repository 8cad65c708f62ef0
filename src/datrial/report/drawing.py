"""What all figures share: size, colours, the published mark, and SVG with stable bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datrial.report.absent import words_of
from datrial.report.numbers import style_of, write_number
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

# Okabe and Ito's colours: told apart with any colour vision; marks and hatches differ as well.
BLUE, ORANGE, GREEN, PURPLE = "#0072b2", "#d55e00", "#00735c", "#8f4a7a"
INK, GREY, LIGHT = "#1d2733", "#5b6672", "#d5dae0"
SERIES = (BLUE, ORANGE, GREEN, PURPLE)
MARKERS = ("o", "s", "^", "v")
HATCHES = ("", "////")

_WIDTH = 7.6  # inches; the page's column
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.axisbelow": True,
    "grid.color": LIGHT,
    "grid.linewidth": 0.7,
    "hatch.linewidth": 0.8,
    "legend.frameon": False,
    "axes.unicode_minus": True,
}


@dataclass(frozen=True)
class Figure:
    """A drawn figure.

    Attributes
    ----------
    title
        What it shows, in which unit, of how many.
    alt
        The same in words and numbers, for who cannot see it.
    """

    id: str
    title: str
    svg: str
    alt: str
    caption: str = ""


@contextmanager
def drawing(
    height: float, columns: int = 1, rows: int = 1, **options: Any
) -> Iterator[tuple[Canvas, list[Axes]]]:
    """Give a canvas of the page's width and its axes, row by row, in the report's style.

    Parameters
    ----------
    height
        Inches.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    with matplotlib.rc_context(_SETTINGS):
        canvas = Canvas(figsize=(_WIDTH, height), layout="constrained")
        FigureCanvasSVG(canvas)
        axes = canvas.subplots(rows, columns, squeeze=False, **options)
        yield canvas, list(axes.flat)


def to_svg(canvas: Canvas, figure_id: str) -> str:
    """Return the canvas as an SVG element: no date, and ids that belong to this figure only."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({**_SETTINGS, "svg.hashsalt": figure_id}):
        # Laid out here and once: savefig would draw everything for it and throw that away.
        engine = canvas.get_layout_engine()
        if engine is not None:
            engine.execute(canvas)
            canvas.set_layout_engine("none")
        canvas.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = svg.replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, Arial, sans-serif")
    svg = re.sub(r'\bid="', f'id="{figure_id}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{figure_id}-", svg)
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1).strip()


def published_mark(
    axes: Axes, x: float, y: float, *, label: bool = False, clip_on: bool = True
) -> None:
    """Draw the mark of a published figure: a hollow diamond, through which ours can be seen."""
    axes.plot(
        [x],
        [y],
        marker="D",
        markersize=9,
        markerfacecolor="none",
        markeredgecolor=INK,
        markeredgewidth=1.4,
        linestyle="none",
        zorder=5,
        label="Published" if label else None,
        clip_on=clip_on,
    )


def percent_axis(axis: Any) -> None:
    """Write an axis of shares as per cent."""
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def n_words(
    entry: RunTable,
    statistic: str,
    columns: Sequence[str] | None = None,
    of: str = "",
    *,
    rows: Sequence[str] | None = None,
) -> str:
    """Return ``n = 487`` or ``n = 468 to 497 forms`` of a table's cells, or nothing.

    Only of cells whose number is told: what is hidden does not show its n either.
    """
    numbers = [
        cell.n
        for cell in entry.table.cells
        if cell.statistic == statistic
        and cell.n is not None
        and cell.value is not None
        and (columns is None or cell.column in columns)
        and (rows is None or cell.row in rows)
    ]
    if not numbers:
        return ""
    low, high = min(numbers), max(numbers)
    what = f" {of}" if of else ""
    return f"n = {low:,}{what}" if low == high else f"n = {low:,} to {high:,}{what}"


def bracket(*parts: str) -> str:
    """Return ``(a; b)`` of the parts that are not empty."""
    told = [part for part in parts if part]
    return f" ({'; '.join(told)})" if told else ""


def spoken(entry: RunTable, row: str, column: str, statistic: str) -> str:
    """Return a cell's number for an alternative text, with the published one."""
    cell = entry.cell(row, column, statistic)
    style = style_of(statistic, column)
    value = entry.value(row, column, statistic)
    text = words_of(cell) if value is None else write_number(value, style)
    printed = entry.printed(row, column, statistic)
    return text if printed is None else f"{text} (published {write_number(printed, style)})"


def has_any(entry: RunTable, statistic: str) -> bool:
    """Tell whether a table has a value of a statistic at all: without one there is no figure."""
    return any(cell.statistic == statistic and cell.value is not None for cell in entry.table.cells)


def has_published(entry: RunTable, *statistics: str) -> bool:
    """Tell whether a published figure stands beside any of these statistics."""
    return any(key[2] in statistics for key in entry.published)
