"""Figures of Outcome Stars: the first and the last reading as two rings, and the changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, pi
from typing import TYPE_CHECKING, Any

from datrial.report.absent import interval_of, mark_beside, mark_of, spoken_ends
from datrial.report.charts import wrap
from datrial.report.drawing import (
    BLUE,
    GREY,
    MARKERS,
    ORANGE,
    SERIES,
    Figure,
    bracket,
    drawing,
    has_any,
    n_words,
    spoken,
    to_svg,
)
from datrial.report.numbers import Style
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SCALE = re.compile(r"\((-?\d+) to (-?\d+)\)$")
_TOTAL = "total"
_DIFFERENCE = "difference"
#: A ring: its time, its colour, its mark, its line.
_RINGS = (("first", BLUE, "o", "--"), ("last", ORANGE, "s", "-"))


@dataclass(frozen=True)
class _Star:
    """An instrument's rows: area -> what people read."""

    key: str
    label: str
    areas: dict[str, str]

    @property
    def scale(self) -> tuple[int, int]:
        """The ends of the scale, from the label."""
        found = _SCALE.search(self.label)
        return (int(found[1]), int(found[2])) if found else (0, 10)


def star_radar(entry: RunTable) -> Figure | None:
    """Draw the mean of each area at first and last as rings, a panel for each star and arm."""
    if not has_any(entry, "mean"):
        return None
    stars, arms = _stars(entry, ", first"), _arms(entry)
    panels = [(star, arm) for star in stars for arm in arms]
    across = min(2, len(panels))
    down = ceil(len(panels) / across)
    polar = {"subplot_kw": {"projection": "polar"}}
    with drawing(4.1 * down, across, down, **polar) as (canvas, all_axes):
        for axes, (star, arm) in zip(all_axes, panels, strict=False):
            _rings(axes, entry, star, arm)
            heading = star.label if len(arms) == 1 else f"{star.label}, {_label(entry, arm)}"
            under = _dates(entry, star, arm).replace(", ", "\n")
            rows = [f"{star.key}__{area}__last" for area in star.areas]
            heading += bracket(n_words(entry, "mean", [arm], rows=rows))
            # A place of its own: beside each other, titles would else stand at unequal heights.
            axes.set_title(f"{wrap(heading, 42)}\n{under}", fontsize=8, loc="center", y=1.17)
        for axes in all_axes[len(panels) :]:
            axes.set_visible(False)
        handles, labels = all_axes[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside lower center", ncols=2)
        svg = to_svg(canvas, "star-radar")
    told = " ".join(_told(entry, star, arm, len(arms) > 1) for star, arm in panels)
    counted = n_words(entry, "mean", arms)
    return Figure(
        "star-radar",
        f"Mean scores at the first and at the last reading{bracket(counted)}",
        svg,
        f"Radar charts, the inner ring the first and the outer the last reading. {told}",
        "The outer circle is the upper end of the scale. The surface of a ring grows with the "
        "square of its scores: read the distances from the centre.",
    )


def star_changes(entry: RunTable) -> Figure | None:
    """Draw the mean change of each area with its interval, a panel for each star."""
    if not has_any(entry, "change"):
        return None
    stars, arms = _stars(entry, ""), _arms(entry)
    rows = sum(len(star.areas) for star in stars)
    with drawing(
        0.8 + 0.5 * len(stars) + 0.29 * rows * (1 + 0.5 * (len(arms) - 1)), 1, len(stars),
        height_ratios=[len(star.areas) for star in stars],
    ) as (canvas, panels):  # fmt: skip
        for axes, star in zip(panels, stars, strict=True):
            _changes(axes, entry, star, arms)
        if len(arms) > 1:
            for number, arm in enumerate(arms):
                panels[0].plot([], [], MARKERS[number % 4], color=SERIES[number % 4],
                               label=_label(entry, arm))  # fmt: skip
            panels[0].legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3)
        panels[-1].set_xlabel("Points: last less first reading (0 = no change)")
        svg = to_svg(canvas, "star-changes")
    told = " ".join(
        f"{entry.table.row_labels[f'{star.key}__{area}']}, {_label(entry, arm)} "
        f"{_with_ends(entry, f'{star.key}__{area}', arm)}."
        for star in stars
        for area in star.areas
        for arm in arms
    )
    counted = n_words(entry, "change", arms)
    title = f"Change from the first to the last reading, with 95% intervals{bracket(counted)}"
    return Figure("star-changes", title, svg, f"Forest plots. {told}")


def _stars(entry: RunTable, end: str) -> list[_Star]:
    """Return the instruments of a table whose rows end so, without their totals."""
    labels = entry.table.row_labels
    found: dict[str, dict[str, str]] = {}
    names: dict[str, str] = {}
    suffix = end.replace(", ", "__")
    for row, label in labels.items():
        if not row.endswith(suffix):
            continue
        key, _, area = row.removesuffix(suffix).rpartition("__")
        if area == _TOTAL:
            names[key] = label.removesuffix(end).removesuffix(": Total")
        else:
            found.setdefault(key, {})[area] = label.removesuffix(end)
    return [
        _Star(
            key,
            names[key],
            {area: label.removeprefix(f"{names[key]}: ") for area, label in areas.items()},
        )
        for key, areas in found.items()
    ]


def _arms(entry: RunTable) -> list[str]:
    return [column for column in entry.table.column_labels if column != _DIFFERENCE]


def _label(entry: RunTable, arm: str) -> str:
    return entry.table.column_labels[arm]


def _rings(axes: Axes, entry: RunTable, star: _Star, arm: str) -> None:
    low, high = star.scale
    angles = [2 * pi * place / len(star.areas) for place in range(len(star.areas))]
    around = [*angles, angles[0]]
    polar: Any = axes
    polar.set_theta_zero_location("N")
    polar.set_theta_direction(-1)
    for time, colour, marker, dashes in _RINGS:
        values = [_mean(entry, star, area, time, arm) for area in star.areas]
        ring = [*values, values[0]]
        axes.plot(around, ring, color=colour, marker=marker, linestyle=dashes, markersize=4,
                  linewidth=1.6, label=f"{time.capitalize()} reading")  # fmt: skip
        if time == "first" and all(value == value for value in values):
            axes.fill(around, ring, color=colour, alpha=0.12)
    polar.set_ylim(min(0, low), high)
    step = 1 if high - low <= 5 else 2
    polar.set_yticks(range(max(low, step), high + 1, step))
    axes.tick_params(axis="y", labelsize=6.5, labelcolor=GREY)
    polar.set_rlabel_position(180 / len(star.areas))
    names = [wrap(f"{label}{_marks(entry, star, area, arm)}", 15)
             for area, label in star.areas.items()]  # fmt: skip
    axes.set_xticks(angles, names, fontsize=7)
    for text, angle in zip(axes.get_xticklabels(), angles, strict=True):
        side = (angle % pi) > 1e-9
        text.set_horizontalalignment("center" if not side else "left" if angle < pi else "right")
    axes.spines["polar"].set_color(GREY)


def _mean(entry: RunTable, star: _Star, area: str, time: str, arm: str) -> float:
    value = entry.value(f"{star.key}__{area}__{time}", arm, "mean")
    return float("nan") if value is None else value


def _marks(entry: RunTable, star: _Star, area: str, arm: str) -> str:
    """Return what stands beside an area's name where a ring has no point."""
    marks = [mark_of(entry, f"{star.key}__{area}__{time}", arm, "mean") for time, *_ in _RINGS]
    return "".join(f" {mark}" for mark in dict.fromkeys(marks) if mark)


def _dates(entry: RunTable, star: _Star, arm: str) -> str:
    """Return ``first 3 March 2022, last 8 August 2022`` of the notes of the totals."""
    told = []
    for time, *_ in _RINGS:
        cell = entry.cell(f"{star.key}__{_TOTAL}__{time}", arm, "mean")
        if cell is not None and cell.note.startswith("mean date "):
            told.append(f"the {time}: {cell.note.removeprefix('mean date ')}")
    return f"mean date of {', of '.join(told)}" if told else ""


def _told(entry: RunTable, star: _Star, arm: str, with_arm: bool) -> str:
    parts = [
        f"{label} {' and '.join(_spoken(entry, star, area, time, arm) for time, *_ in _RINGS)}"
        for area, label in star.areas.items()
    ]
    of = f", {_label(entry, arm)}" if with_arm else ""
    dates = _dates(entry, star, arm)
    return f"{star.label}{of}{f' ({dates})' if dates else ''}: {'; '.join(parts)}."


def _spoken(entry: RunTable, star: _Star, area: str, time: str, arm: str) -> str:
    return f"{time} {spoken(entry, f'{star.key}__{area}__{time}', arm, 'mean')}"


def _changes(axes: Axes, entry: RunTable, star: _Star, arms: Sequence[str]) -> None:
    """Draw one star's changes, a line for each area."""
    step = 0.5 / len(arms)
    for place, area in enumerate(star.areas):
        row = f"{star.key}__{area}"
        for number, arm in enumerate(arms):
            y = place + (number - (len(arms) - 1) / 2) * step
            value = entry.value(row, arm, "change")
            if value is None:
                axes.text(0.01, y, mark_of(entry, row, arm, "change"), color=GREY, va="center",
                          transform=axes.get_yaxis_transform())  # fmt: skip
                continue
            ends, colour = interval_of(entry, row, arm, "change"), SERIES[number % 4]
            if ends is not None:
                axes.plot(ends, [y, y], color=colour, linewidth=2)
            mark_beside(axes, entry, (row, arm), (value, y))
            axes.plot([value], [y], MARKERS[number % 4], color=colour, markersize=6)
    axes.axvline(0, color=GREY, linewidth=1, linestyle="--", zorder=1)
    axes.set_yticks(range(len(star.areas)), [wrap(label, 34) for label in star.areas.values()])
    axes.set_ylim(len(star.areas) - 0.4, -0.6)
    axes.set_title(star.label, fontsize=9)
    axes.grid(axis="x")


def _with_ends(entry: RunTable, row: str, arm: str) -> str:
    ends = spoken_ends(entry, row, arm, "change", Style.MEAN)
    return f"{spoken(entry, row, arm, 'change')}{ends}"
