"""Figures of the needs matrix: who has a need, mean scores, how far the raters lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datrial.analyses.cohorts import DIFFERENCE
from datrial.analyses.needs_matrix_data import ALL_ITEMS
from datrial.report.absent import interval_of, mark_of, spoken_ends
from datrial.report.drawing import (
    BLUE,
    GREY,
    LIGHT,
    Figure,
    bracket,
    drawing,
    n_words,
    spoken,
    to_svg,
)
from datrial.report.numbers import Style
from datrial.report.paired_dots import Dots, paired_dots
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TIMES = ("Intake", "Exit")
_LEVELS = {"need": "Need", "high_need": "High need"}


def need_shares(entry: RunTable) -> Figure | None:
    """Draw the share with a need and with a high need in each area, at intake and at exit."""
    arms = _arms(entry)
    starts = list(dict.fromkeys("__".join(row.split("__")[:-2]) for row in entry.table.row_labels))
    panels = [
        Dots(
            words if len(arms) == 1 else f"{words}, {label}",
            {
                _area(entry, f"{start}__{level}__intake"): [
                    (f"{start}__{level}__{time.lower()}", arm, "share") for time in _TIMES
                ]
                for start in starts
            },
        )
        for level, words in _LEVELS.items()
        for arm, label in arms.items()
    ]
    words = ("People with a need, by area", "% of people scored at both times")
    return paired_dots(entry, "needs-matrix-need", words, panels, _TIMES, columns=2)


def need_means(entry: RunTable) -> Figure | None:
    """Draw the mean score of each area at intake and at exit, a panel for each rater."""
    arms = _arms(entry)
    rows = [row for row in entry.table.row_labels if not row.endswith(f"__{ALL_ITEMS}")]
    raters = list(dict.fromkeys(row.rpartition("__")[0] for row in rows))
    panels = []
    for rater in raters:
        own = [row for row in rows if row.rpartition("__")[0] == rater]
        words = entry.table.row_labels[own[0]].partition(":")[0]
        for arm, label in arms.items():
            of_arm = {
                entry.table.row_labels[row].partition(": ")[2].capitalize(): [
                    (row, arm, f"mean_{time.lower()}") for time in _TIMES
                ]
                for row in own
            }
            panels.append(Dots(words if len(arms) == 1 else f"{words}, {label}", of_arm))
    what = ("Mean scores, by area", "mean score")
    return paired_dots(entry, "needs-matrix-means", what, panels, _TIMES, columns=2)


def rater_limits(entry: RunTable) -> Figure | None:
    """Draw the mean difference of the raters in each area with the limits of agreement."""
    rows = [row for row in entry.table.row_labels if not row.endswith(f"__{ALL_ITEMS}")]
    arms = _arms(entry)
    if all(entry.value(row, arm, "difference") is None for row in rows for arm in arms):
        return None
    starts = list(dict.fromkeys(row.rpartition("__")[0] for row in rows))
    panels = [(start, arm) for start in starts for arm in arms]
    lines = -(-len(panels) // 2)
    most = max(sum(row.rpartition("__")[0] == start for row in rows) for start in starts)
    with drawing(lines * (0.9 + 0.27 * most), 2, lines, sharex=True, sharey=True) as (canvas, axes):
        for each in axes[len(panels) :]:
            each.set_visible(False)
        for each, (start, arm) in zip(axes, panels, strict=False):
            own = [row for row in rows if row.rpartition("__")[0] == start]
            _limits(each, entry, own, arm)
            time = start.rpartition("__")[2]
            each.set_title(f"At {time}" + (f", {arms[arm]}" if len(arms) > 1 else ""))
            each.set_xlabel("points of difference")
        svg = to_svg(canvas, "needs-matrix-raters")
    told = " ".join(
        f"{entry.table.row_labels[row]}: difference {spoken(entry, row, arm, 'difference')}"
        f"{spoken_ends(entry, row, arm, 'difference', Style.MEAN)}, limits "
        f"{spoken(entry, row, arm, 'lower_limit')} to {spoken(entry, row, arm, 'upper_limit')}."
        for row in rows
        for arm in arms
    )
    what = "How far the raters' scores lie apart, lead less other"
    title = f"{what}{bracket('points of difference', n_words(entry, 'difference', rows=rows))}"
    caption = (
        "Point and thick line: the mean difference with its 95% interval; thin line: the limits "
        "of agreement, between which 95% of people's differences lie, if they are normal."
    )
    return Figure("needs-matrix-raters", title, svg, f"Interval chart. {told}", caption)


def _limits(axes: Axes, entry: RunTable, rows: Sequence[str], arm: str) -> None:
    axes.axvline(0, color=GREY, linewidth=1, linestyle="--", zorder=1)
    for y, row in enumerate(rows):
        value = entry.value(row, arm, "difference")
        if value is None:
            axes.text(0.02, y, mark_of(entry, row, arm, "difference"), color=GREY, va="center",
                      transform=axes.get_yaxis_transform())  # fmt: skip
            continue
        low, high = (entry.value(row, arm, f"{end}_limit") for end in ("lower", "upper"))
        if low is not None and high is not None:
            axes.plot([low, high], [y, y], color=BLUE, linewidth=1, marker="|", zorder=2)
        if ends := interval_of(entry, row, arm, "difference"):
            axes.plot(ends, [y, y], color=BLUE, linewidth=3.5, solid_capstyle="butt", zorder=3)
        axes.plot([value], [y], "o", color=BLUE, markersize=6, zorder=4)
    axes.set_yticks(range(len(rows)), [_area(entry, row) for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=LIGHT)


def _arms(entry: RunTable) -> dict[str, str]:
    return {c: label for c, label in entry.table.column_labels.items() if c != DIFFERENCE}


def _area(entry: RunTable, row: str) -> str:
    """Return what people read of a row's area: ``Housing: need ...`` and ``Housing, at intake``."""
    words = entry.table.row_labels[row].partition(": need")[0].partition(": high need")[0]
    return words.rpartition(", at ")[0] or words
