"""Figures of latent classes of needs: indices by number of classes, sizes, profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.report.absent import (
    interval_of,
    is_hidden,
    mark_below,
    mark_beside,
    mark_of,
    spoken_ends,
)
from datrial.report.charts import PUBLISHED_CAPTION, highest, wrap
from datrial.report.drawing import (
    BLUE,
    GREY,
    MARKERS,
    SERIES,
    Figure,
    bracket,
    drawing,
    has_any,
    has_published,
    n_words,
    percent_axis,
    published_mark,
    spoken,
    to_svg,
)
from datrial.report.numbers import Style
from datrial.results.cells import State
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CRITERIA = ("aic", "bic", "sabic")
_PANELS_A_ROW = 3


def class_indices(entry: RunTable, sizes: RunTable | None = None) -> Figure | None:
    """Draw the information criteria and the entropy against the number of classes.

    Parameters
    ----------
    sizes
        ``needs_classes.sizes``, which says of how many people the models are.
    """
    if not has_any(entry, "value"):
        return None
    rows = list(entry.table.row_labels)
    with drawing(3.0, 2, width_ratios=[1.6, 1]) as (canvas, (criteria, entropy)):
        for number, column in enumerate(c for c in _CRITERIA if c in entry.table.column_labels):
            _curve(criteria, entry, column, number)
        criteria.set_title("Information criteria: lower is better")
        criteria.legend(loc="upper center")  # the curves fall, then rise
        if "entropy" in entry.table.column_labels:
            _curve(entropy, entry, "entropy", 3)
        entropy.set_title("Entropy: nearer 1 is clearer")
        entropy.set_ylim(0, 1.03)
        for axes in (criteria, entropy):
            axes.set_xticks(range(len(rows)), [row.removeprefix("classes_") for row in rows])
            axes.set_xlabel("Number of classes")
            axes.grid(axis="y")
        svg = to_svg(canvas, "needs-indices")
    told = " ".join(
        f"{entry.table.row_labels[row]}: "
        + ", ".join(
            f"{entry.table.column_labels[c]} {spoken(entry, row, c, 'value')}"
            for c in (*_CRITERIA, "entropy")
            if c in entry.table.column_labels
        )
        + "."
        for row in rows
    )
    counted = n_words(sizes, "share", of="service users") if sizes else ""
    unit = bracket("criteria on their own scale; entropy from 0 to 1", counted)
    title = f"Fit of models with different numbers of classes{unit}"
    caption = PUBLISHED_CAPTION if has_published(entry, "value") else ""
    return Figure("needs-indices", title, svg, f"Line charts. {told}", caption)


def _curve(axes: Axes, entry: RunTable, column: str, number: int) -> None:
    values = [entry.value(row, column, "value") for row in entry.table.row_labels]
    for x, (row, value) in enumerate(zip(entry.table.row_labels, values, strict=True)):
        if value is None:
            mark_below(axes, x, mark_of(entry, row, column, "value"), SERIES[number], number % 3)
    axes.plot(
        range(len(values)),
        [float("nan") if value is None else value for value in values],
        color=SERIES[number],
        marker=MARKERS[number],
        label=entry.table.column_labels[column],
    )
    printed = [
        (x, value)
        for x, row in enumerate(entry.table.row_labels)
        if (value := entry.printed(row, column, "value")) is not None
    ]
    # A dotted line in the curve's colour says which curve the published marks belong to.
    axes.plot([x for x, _ in printed], [y for _, y in printed], color=SERIES[number], linestyle=":")
    for x, value in printed:
        published_mark(axes, x, value)


def class_sizes(entry: RunTable) -> Figure | None:
    """Draw each class's share of people with its interval."""
    if not has_any(entry, "share"):
        return None
    rows = list(entry.table.row_labels)
    with drawing(0.7 + 0.34 * len(rows)) as (canvas, (axes,)):
        for y, row in enumerate(rows):
            _dot(axes, entry, (row, "share", "share"), y)
            printed = entry.printed(row, "share", "share")
            if printed is not None:
                published_mark(axes, printed, y)
        limits = [max(interval_of(entry, row, "share", "share") or (0.0,)) for row in rows]
        axes.set_xlim(0, 1.06 * max([highest(entry, "share"), *limits]))
        axes.set_yticks(range(len(rows)), [wrap(entry.table.row_labels[r], 44) for r in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        percent_axis(axes.xaxis)
        axes.set_xlabel("% of service users")
        axes.grid(axis="x")
        svg = to_svg(canvas, "needs-class-sizes")
    told = "; ".join(
        f"{entry.table.row_labels[row]} {_told(entry, row, 'share', 'share')}" for row in rows
    )
    unit = bracket("% of service users", n_words(entry, "share"))
    title = f"Size of each class of needs, with 95% intervals{unit}"
    caption = PUBLISHED_CAPTION if has_published(entry, "share") else ""
    return Figure("needs-class-sizes", title, svg, f"Dot plot with intervals. {told}.", caption)


def class_profile(entry: RunTable, sizes: RunTable | None) -> Figure | None:
    """Draw the probability of each need, with its interval, in one panel for each free class."""
    if not has_any(entry, "probability"):
        return None
    rows = list(entry.table.row_labels)
    columns = [c for c in entry.table.column_labels if not _fixed(entry, c)]
    if not columns:
        return None
    across = min(_PANELS_A_ROW, len(columns))
    down = -(-len(columns) // across)
    height = down * (1.05 + 0.165 * len(rows))
    with drawing(height, across, down, sharex=True, sharey=True) as (canvas, panels):
        for axes, column in zip(panels, columns, strict=False):
            for y, row in enumerate(rows):
                _dot(axes, entry, (row, column, "probability"), y)
            axes.set_title(_class_head(entry, column, sizes), fontsize=8.5)
            axes.grid(axis="x")
            axes.tick_params(labelbottom=True)
        for axes in panels[len(columns) :]:
            axes.set_visible(False)
        panels[0].set_xlim(-0.03, 1.03)
        percent_axis(panels[0].xaxis)
        panels[0].set_yticks(range(len(rows)), [entry.table.row_labels[row] for row in rows])
        panels[0].set_ylim(len(rows) - 0.5, -0.5)
        svg = to_svg(canvas, "needs-profile")
    told = " ".join(
        f"{_class_head(entry, column, sizes).replace(chr(10), ' ')}: "
        + ", ".join(
            f"{entry.table.row_labels[row]} {_told(entry, row, column, 'probability')}"
            for row in rows
        )
        + "."
        for column in columns
    )
    unit = bracket("% of people in the class", n_words(entry, "probability"))
    title = f"Probability of each need in each class{unit}"
    caption = "Lines: 95% intervals; a probability of 0% or 100% has none. In brackets each class's"
    caption += " share of people."
    if len(columns) < len(entry.table.column_labels):
        caption += " The class that is fixed at no needs is not drawn."
    return Figure("needs-profile", title, svg, f"Dot plots with intervals. {told}", caption)


def _fixed(entry: RunTable, column: str) -> bool:
    """Tell whether a class's probabilities are fixed beforehand: their intervals do not apply."""
    cells = [entry.cell(row, column, "ci_low") for row in entry.table.row_labels]
    return all(cell is not None and cell.state is State.NOT_APPLICABLE for cell in cells)


def _class_head(entry: RunTable, column: str, sizes: RunTable | None) -> str:
    cell = sizes.cell(column, "share", "share") if sizes else None
    label = entry.table.column_labels[column]
    if sizes is None or cell is None:
        return wrap(label, 22)
    share = mark_of(sizes, column, "share", "share") if is_hidden(cell) else ""
    share = share if cell.value is None else f"{100 * cell.value:.0f}%"
    return wrap(f"{label} ({share})" if share else label, 22)


def _dot(axes: Axes, entry: RunTable, key: tuple[str, str, str], y: float) -> None:
    """Draw a share and its interval, or the mark of its state."""
    row, column, _ = key
    value = entry.value(*key)
    if value is None:
        axes.text(0, y, mark_of(entry, *key), color=GREY, va="center")
        return
    ends = interval_of(entry, *key)
    if ends is not None:
        axes.plot(ends, [y, y], color=BLUE, linewidth=1.8, alpha=0.6)
    mark_beside(axes, entry, (row, column), (value, y))
    axes.plot([value], [y], "o", color=BLUE, markersize=5)


def _told(entry: RunTable, row: str, column: str, statistic: str) -> str:
    at = row, column, statistic
    return spoken(entry, *at) + spoken_ends(entry, *at, Style.SHARE)
