"""A cost model drawn as a tree: the whole, its parts by agency and by whom, who uses what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.report.charts import wrap
from datrial.report.drawing import GREY, INK, Figure, drawing, to_svg
from datrial.report.figures_costs import COST, looks_of, pounds
from datrial.report.numbers import Style, write_number
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Inches for each line of the tree.
_LINE = 0.185
#: Where the whole, its parts and their lines stand across the page.
_WHOLE, _PART, _LEAF = 0.0, 0.165, 0.425
#: How wide the boxes of the whole and of its parts are.
_WHOLE_WIDTH, _PART_WIDTH = 0.1, 0.195
#: As many letters as a line has room for.
_LONGEST = 60
#: Lines between two parts.
_BETWEEN = 0.6
#: The widest branch, in points; that of the whole.
_WIDEST = 16.0


@dataclass(frozen=True)
class _Part:
    """A part of the whole: its rows, and what it comes to."""

    key: str
    label: str
    cost: float
    leaves: tuple[str, ...]

    @property
    def who(self) -> str:
        """Whom it concerns."""
        return self.key.partition("__")[2]


def cost_tree(entry: RunTable) -> Figure | None:
    """Draw what the costs are made of; the thicker a branch, the more it costs."""
    parts = _parts(entry)
    if not parts:
        return None
    total = sum(part.cost for part in parts)
    colours = {who: colour for who, (colour, _) in looks_of(part.who for part in parts).items()}
    lines = sum(_height(entry, part) + _BETWEEN for part in parts)
    with drawing(0.5 + _LINE * lines) as (canvas, (axes,)):
        axes.set_axis_off()
        axes.set_xlim(-0.005, 1)
        axes.set_ylim(lines - _BETWEEN, -0.2)
        top = 0.0
        for part in parts:
            middle = top + _height(entry, part) / 2
            start = (_WHOLE_WIDTH, lines / 2)
            _branch(axes, start, (_PART, middle), part.cost / total, colours[part.who])
            _part(axes, part, middle, colours[part.who])
            y = middle - sum(_lines(entry, part, row) for row in part.leaves) / 2
            for row in part.leaves:
                high = _lines(entry, part, row)
                words = _leaf_words(entry, part, row)
                _leaf(axes, entry, (row, words), (middle, y + high / 2), total, colours[part.who])
                y += high
            top += _height(entry, part) + _BETWEEN
        _box(axes, (_WHOLE, lines / 2), (_WHOLE_WIDTH, 3), GREY)
        axes.text(
            _WHOLE + _WHOLE_WIDTH / 2, lines / 2, f"In all\n{pounds(total)}", va="center",
            ha="center", fontsize=9, color=INK, fontweight="bold", zorder=6,
        )  # fmt: skip
        svg = to_svg(canvas, "cost-model-tree")
    told = " ".join(_part_told(entry, part) for part in parts)
    return Figure(
        "cost-model-tree",
        "The cost model as a tree: who uses how much of what, at what price (pounds)",
        svg,
        f"Tree. In all {pounds(total)}. {told}",
        "Each line on the right: the amount for each case × the price = the cost. The thicker a "
        "branch, the higher the cost; colours tell whom it concerns.",
    )


def _parts(entry: RunTable) -> list[_Part]:
    """Return the parts in the table's order; the rows of a part begin with its key."""
    found = []
    for row, label in entry.table.row_labels.items():
        cost = entry.value(row, "cost", COST)
        if row.count("__") == 1 and cost is not None:
            leaves = tuple(
                other
                for other in entry.table.row_labels
                if other.startswith(f"{row}__") and entry.value(other, "cost", COST) is not None
            )
            found.append(_Part(row, label, cost, leaves))
    return found


def _branch(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], share: float, colour: str
) -> None:
    """Draw a branch that leaves and arrives level."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    bend = (start[0] + end[0]) / 2
    path = Path(
        [start, (bend, start[1]), (bend, end[1]), end],
        [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4],
    )
    width = max(0.6, _WIDEST * abs(share))
    axes.add_patch(
        PathPatch(path, fill=False, edgecolor=colour, linewidth=width, alpha=0.45, zorder=1)
    )


def _box(axes: Axes, at: tuple[float, float], size: tuple[float, float], colour: str) -> None:
    """Draw a box that begins at a place and whose middle is on its level."""
    from matplotlib.patches import Rectangle

    corner = (at[0], at[1] - size[1] / 2)
    axes.add_patch(
        Rectangle(corner, *size, facecolor="white", edgecolor=colour, linewidth=1.2, zorder=5)
    )


def _part(axes: Axes, part: _Part, y: float, colour: str) -> None:
    agency, _, who = part.label.partition(": ")
    lines = [*wrap(agency, 31).split("\n"), *wrap(who, 31).split("\n"), pounds(part.cost)]
    _box(axes, (_PART, y), (_PART_WIDTH, 0.72 * len(lines) + 0.3), colour)
    axes.text(
        _PART + 0.006, y, "\n".join(lines), va="center", fontsize=6.6, color=INK,
        linespacing=1.1, zorder=6,
    )  # fmt: skip


def _leaf(
    axes: Axes,
    entry: RunTable,
    leaf: tuple[str, str],
    at: tuple[float, float],
    total: float,
    colour: str,
) -> None:
    (row, words), (middle, y) = leaf, at
    cost = entry.value(row, "cost", COST) or 0.0
    _branch(axes, (_PART + _PART_WIDTH, middle), (_LEAF - 0.008, y), cost / total, colour)
    axes.text(_LEAF, y, words, va="center", fontsize=6.6, color=INK, zorder=5)
    amount, price = entry.value(row, "amount", "amount"), entry.value(row, "price", COST)
    if amount is not None and price is not None:
        said = f"{write_number(amount, Style.RATIO)} × {pounds(price)} = {pounds(cost)}"
        axes.text(1, y, said, va="center", ha="right", fontsize=6.6, color=INK, zorder=5)


def _leaf_words(entry: RunTable, part: _Part, row: str) -> str:
    """Return what is used, and at which price where that is not the same all over the part."""
    label = entry.table.row_labels[row].lstrip("\u2013 ")
    prices = {entry.table.row_labels[leaf].rpartition(" (")[2] for leaf in part.leaves}
    is_common = len(part.leaves) > 1 and len(prices) == 1
    return wrap(label.rpartition(" (")[0] if is_common else label, _LONGEST)


def _lines(entry: RunTable, part: _Part, row: str) -> float:
    """Return how high a leaf is, in lines."""
    return 1 + 0.75 * _leaf_words(entry, part, row).count("\n")


def _height(entry: RunTable, part: _Part) -> float:
    """Return how high a part is, in lines: its leaves, or its box."""
    return max(2.7, sum(_lines(entry, part, row) for row in part.leaves))


def _part_told(entry: RunTable, part: _Part) -> str:
    told = []
    for row in part.leaves:
        amount, price = entry.value(row, "amount", "amount"), entry.value(row, "price", COST)
        cost = entry.value(row, "cost", COST)
        if amount is not None and price is not None and cost is not None:
            label = entry.table.row_labels[row].lstrip("\u2013 ")
            told.append(
                f"{label} {write_number(amount, Style.RATIO)} × {pounds(price)} = {pounds(cost)}"
            )
    return f"{part.label} {pounds(part.cost)}: {'; '.join(told)}."
