"""Figures of the police data: incidents and shares of people by period and arm, site by site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.analyses.police_follow_up_data import KINDS
from datrial.report.absent import mark_of
from datrial.report.charts import wrap
from datrial.report.drawing import (
    HATCHES,
    MARKERS,
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
from datrial.report.interval_lines import Line, draw_line, spoken_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from datrial.results.read import RunTable

_COUNT, _SHARE, _DIFFERENCE = "count", "share", "difference"
_DASHES = ("-", "--", "-.", ":")
_LENGTHS = (
    "Periods differ in length, and fewer people were observed in the later ones: the rates take "
    "that into account, these numbers do not."
)
#: Inches of a panel.
_PANEL = 1.75


@dataclass(frozen=True)
class _Panels:
    """The rows of a table as panels: across the sites, down the groups and kinds."""

    entry: RunTable
    sites: dict[str, str]
    spells: dict[str, str]
    down: list[tuple[str, str]]
    arms: list[str]

    def row(self, site: str, down: tuple[str, str], spell: str) -> str:
        """Return a row of the table by its parts."""
        group, kind = down
        return "__".join(part for part in (site, group, spell, kind) if part)

    def heading(self, down: tuple[str, str]) -> str:
        """Return what stands beside a panel: ``Serial: domestic abuse``."""
        group, kind = down
        words = KINDS.get(kind, kind)  # type: ignore[call-overload]
        return wrap(f"{group.capitalize()}: {words.lower()}" if group else words, 24)


def _panels(entry: RunTable) -> _Panels:
    """Return the panels of a table whose keys are ``<site>[__<group>]__<period>__<kind>``.

    The serial and repeat perpetrators' panels are those of the kinds, without all together.
    """
    sites: dict[str, str] = {}
    spells: dict[str, str] = {}
    down: dict[tuple[str, str], None] = {}
    for row, label in entry.table.row_labels.items():
        site, *groups, spell, kind = row.split("__")
        head = label.rpartition(": ")[0]
        sites.setdefault(site, head.partition(", ")[0])
        words = head.rpartition(", ")[2]
        spells.setdefault(spell, f"{words[:1].upper()}{words[1:]}")
        if not (groups and kind == "incidents"):
            down.setdefault((groups[0] if groups else "", kind))
    arms = [column for column in entry.table.column_labels if column != _DIFFERENCE]
    return _Panels(entry, sites, spells, list(down), arms)


def incidents_by_period(entry: RunTable) -> Figure | None:
    """Draw the incidents as bars by period and arm, a panel for each kind and site."""
    if not has_any(entry, _COUNT):
        return None
    panels = _panels(entry)
    figure_id = entry.table.id.replace(".", "-").replace("_", "-")
    width = 0.8 / max(len(panels.arms), 1)
    shape = 0.7 + _PANEL * len(panels.down), len(panels.sites), len(panels.down)
    with drawing(*shape, sharex=True, sharey="row") as (canvas, grid):
        for axes, site, down in _each(panels, grid):
            for number, arm in enumerate(panels.arms):
                shift = (number - (len(panels.arms) - 1) / 2) * width
                for position, spell in enumerate(panels.spells):
                    cell = panels.row(site, down, spell), arm, _COUNT
                    _bar(axes, entry, cell, (position + shift, width, number))
                axes.bar(
                    0, 0, width=0, color=SERIES[number % 4], hatch=HATCHES[number % 2],
                    edgecolor="white", label=entry.table.column_labels[arm],
                )  # fmt: skip
            axes.margins(y=0.18)
            axes.set_xlim(-0.6, len(panels.spells) - 0.4)
            axes.grid(axis="y")
        _name(panels, grid)
        handles, labels = grid[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside upper right", ncols=4)
        svg = to_svg(canvas, figure_id)
    told = _told(panels, [spoken(entry, row, arm, _COUNT) for row, arm in _cells(panels)])
    unit = bracket("number of incidents", n_words(entry, _COUNT, panels.arms, "people"))
    return Figure(figure_id, f"{entry.table.title}{unit}", svg, f"Bar charts. {told}", _LENGTHS)


def _bar(
    axes: Axes, entry: RunTable, cell: tuple[str, str, str], look: tuple[float, float, int]
) -> None:
    x, width, number = look
    value = entry.value(*cell)
    if value is None:
        axes.text(x, 0, mark_of(entry, *cell), ha="center", va="bottom", fontsize=6.5)
        return
    axes.bar(
        x, value, width=0.92 * width, color=SERIES[number % 4], hatch=HATCHES[number % 2],
        edgecolor="white", linewidth=0.4,
    )  # fmt: skip
    axes.annotate(
        f"{value:,.0f}", (x, value), (0, 2), textcoords="offset points", ha="center", fontsize=5.5
    )


def shares_by_period(entry: RunTable) -> Figure | None:
    """Draw the share of people with such an incident, with intervals, a line for each arm."""
    if not has_any(entry, _SHARE):
        return None
    panels = _panels(entry)
    figure_id = entry.table.id.replace(".", "-").replace("_", "-")
    shape = 0.7 + _PANEL * len(panels.down), len(panels.sites), len(panels.down)
    with drawing(*shape, sharex=True, sharey=True) as (canvas, grid):
        for axes, site, down in _each(panels, grid):
            axes.set_ylim(-0.02, 1.03)
            for number, arm in enumerate(panels.arms):
                cells = [(panels.row(site, down, spell), arm) for spell in panels.spells]
                look = SERIES[number % 4], MARKERS[number % 4], _DASHES[number % 4]
                shift = 0.16 * (number - (len(panels.arms) - 1) / 2)
                line = Line(entry.table.column_labels[arm], cells, *look, shift, number)
                draw_line(axes, entry, line, _SHARE)
            axes.set_xlim(-0.5, len(panels.spells) - 0.5)
            percent_axis(axes.yaxis)
            axes.grid(axis="y")
        _name(panels, grid)
        handles, labels = grid[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside upper right", ncols=4, handlelength=2.6)
        svg = to_svg(canvas, figure_id)
    told = _told(panels, [spoken_interval(entry, row, arm, _SHARE) for row, arm in _cells(panels)])
    unit = bracket("% of those observed on any day", n_words(entry, _SHARE, panels.arms))
    return Figure(
        figure_id, f"{entry.table.title}, with 95% intervals{unit}", svg, f"Line charts. {told}"
    )


def _each(panels: _Panels, grid: Sequence[Axes]) -> list[tuple[Axes, str, tuple[str, str]]]:
    """Return each panel with its site, group and kind, row by row."""
    places = [(site, down) for down in panels.down for site in panels.sites]
    return [(axes, *place) for axes, place in zip(grid, places, strict=True)]


def _name(panels: _Panels, grid: Sequence[Axes]) -> None:
    """Write the sites above, the groups and kinds beside, and the periods below the panels."""
    across = len(panels.sites)
    for axes, label in zip(grid, panels.sites.values(), strict=False):
        axes.set_title(label, fontsize=8.5)
    for axes, down in zip(grid[::across], panels.down, strict=True):
        axes.set_ylabel(panels.heading(down), fontsize=7)
    for axes in grid:
        axes.tick_params(axis="x", length=0, labelsize=5.5)
        axes.tick_params(axis="y", labelsize=7)
        axes.set_xticks(range(len(panels.spells)), [wrap(p, 9) for p in panels.spells.values()])


def _cells(panels: _Panels) -> list[tuple[str, str]]:
    """Return the cells in the order in which they are told."""
    return [
        (panels.row(site, down, spell), arm)
        for site in panels.sites
        for down in panels.down
        for spell in panels.spells
        for arm in panels.arms
    ]


def _told(panels: _Panels, texts: list[str]) -> str:
    """Return the cells' texts, each with its row and arm."""
    told: dict[str, list[str]] = {}
    for (row, arm), text in zip(_cells(panels), texts, strict=True):
        arm_label = panels.entry.table.column_labels[arm]
        told.setdefault(panels.entry.table.row_labels[row], []).append(f"{arm_label} {text}")
    return " ".join(f"{label}; {', '.join(parts)}." for label, parts in told.items())
