"""Figures of referrals: how far they went, as a funnel, and how many came from where and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datrial.report.absent import mark_of
from datrial.report.charts import PUBLISHED_CAPTION
from datrial.report.drawing import (
    GREY,
    HATCHES,
    INK,
    SERIES,
    Figure,
    bracket,
    drawing,
    has_any,
    published_mark,
    spoken,
    to_svg,
)
from datrial.results.cells import State
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

_FIRST, _ALL, _DIFFERENCE = "referred", "all", "difference"
#: Narrower than this share a bar has no room for its number, which stands beside it.
_ROOM = 0.3
_ACROSS = 3


def referral_funnel(entry: RunTable) -> Figure | None:
    """Draw the stages as centred bars, each as wide as its share of all referrals."""
    arms = [column for column in entry.table.column_labels if column != _DIFFERENCE]
    if not has_any(entry, "share"):
        return None
    rows = [row for row in entry.table.row_labels if _is_recorded(entry, row, arms)]
    with drawing(0.7 + 0.36 * len(rows), len(arms), sharey=True) as (canvas, panels):
        for number, (axes, arm) in enumerate(zip(panels, arms, strict=True)):
            for y, row in enumerate(rows):
                _stage(axes, entry, (row, arm), y, number)
            axes.set_xlim(-0.56, 0.56)
            axes.set_ylim(len(rows) - 0.5, -0.5)
            axes.set_xticks([])
            axes.tick_params(axis="y", length=0)
            for side in ("left", "bottom"):
                axes.spines[side].set_visible(False)
            if len(arms) > 1:
                axes.set_title(entry.table.column_labels[arm])
        panels[0].set_yticks(range(len(rows)), [entry.table.row_labels[row] for row in rows])
        svg = to_svg(canvas, "referrals-funnel")
    told = " ".join(
        f"{entry.table.column_labels[arm]}: "
        + ", ".join(f"{entry.table.row_labels[row].lower()} {_told(entry, row, arm)}"
                    for row in rows)
        + "."
        for arm in arms
    )  # fmt: skip
    left_out = [label.lower() for row, label in entry.table.row_labels.items() if row not in rows]
    places = [(row, arm) for row in rows for arm in arms]
    captions = [
        "Each bar is as wide as its share of all referrals; a stage counts where it is recorded.",
        f"Nothing is recorded of: {', '.join(left_out)}." if left_out else "",
        PUBLISHED_CAPTION if any(_printed_share(entry, *at) is not None for at in places) else "",
    ]
    title = f"How far referrals went{bracket('number, and % of all referrals')}"
    caption = " ".join(filter(None, captions))
    return Figure("referrals-funnel", title, svg, f"Funnel. {told}", caption)


def _is_recorded(entry: RunTable, row: str, arms: Sequence[str]) -> bool:
    """Tell whether a stage is known of any arm, hidden or not."""
    cells = [entry.cell(row, arm, "count") for arm in arms]
    return any(cell is not None and cell.state is not State.NOT_AVAILABLE for cell in cells)


def _stage(axes: Axes, entry: RunTable, at: tuple[str, str], y: int, number: int) -> None:
    """Draw one stage of one arm: a bar around the middle with its number."""
    row, arm = at
    count = entry.value(row, arm, "count")
    share = 1.0 if row == _FIRST else entry.value(row, arm, "share")
    if count is None or share is None:
        statistic = "count" if count is None else "share"
        axes.text(0, y, mark_of(entry, row, arm, statistic), ha="center", va="center", color=GREY)
    else:
        axes.barh(y, share, left=-share / 2, height=0.74, color=SERIES[number % len(SERIES)])
        text = f"{count:,.0f}" if row == _FIRST else f"{count:,.0f} ({100 * share:.0f}%)"
        inside = share >= _ROOM
        axes.annotate(
            text, (0 if inside else share / 2, y), (0 if inside else 6, 0),
            textcoords="offset points", va="center", ha="center" if inside else "left",
            color="white" if inside else INK, fontsize=8.5,
        )  # fmt: skip
    printed = _printed_share(entry, row, arm)
    if printed is not None:
        published_mark(axes, printed / 2, y)


def _printed_share(entry: RunTable, row: str, arm: str) -> float | None:
    """Return the share of a stage that was printed, or that a printed number is of all."""
    share, number = (entry.printed(row, arm, name) for name in ("share", "count"))
    whole = entry.printed(_FIRST, arm, "count") or entry.value(_FIRST, arm, "count")
    if share is None and number is not None and whole:
        return number / whole
    return share


def _told(entry: RunTable, row: str, arm: str) -> str:
    count = spoken(entry, row, arm, "count")
    if row == _FIRST or entry.value(row, arm, "count") is None:
        return count
    return f"{count} ({spoken(entry, row, arm, 'share')})"


@dataclass(frozen=True)
class _Panel:
    """The bars of a site, by arm: where each number stands, and its period."""

    title: str
    bars: dict[str, list[tuple[str, str, str]]]

    @property
    def places(self) -> list[tuple[str, str, str]]:
        """The places of all arms."""
        return [place for own in self.bars.values() for place in own]


def referrals_by_period(entry: RunTable) -> Figure | None:
    """Draw the referrals of each period as bars, a panel for each site."""
    panels = _panels(entry)
    places = [place for panel in panels for place in panel.places]
    if all(entry.value(row, column, "count") is None for row, column, _ in places):
        return None
    arms = list(panels[0].bars)
    labels = [label for _, _, label in panels[0].bars[arms[0]]]
    across = min(_ACROSS, len(panels))
    down = -(-len(panels) // across)
    height = down * (0.65 + len(labels) * (0.2 + 0.12 * len(arms)))
    with drawing(height, across, down, sharex=True, sharey=True) as (canvas, drawn):
        for axes, panel in zip(drawn, panels, strict=False):
            for number, arm in enumerate(arms):
                _bars(axes, entry, panel.bars[arm], (number, len(arms)))
            axes.set_title(panel.title)
            axes.set_xlim(0, 1.18 * _most(entry, places))
            axes.tick_params(axis="y", length=0)
            axes.grid(axis="x")
        for place, axes in enumerate(drawn):
            axes.set_visible(place < len(panels))
            axes.tick_params(labelbottom=place + across >= len(panels))  # the lowest that is seen
        drawn[0].set_yticks(range(len(labels)), labels)
        drawn[0].set_ylim(len(labels) - 0.5, -0.5)
        if len(arms) > 1:
            _legend(drawn[0], [_arm_label(entry, arm) for arm in arms])
        svg = to_svg(canvas, "referrals-periods")
    told = " ".join(_told_of_panel(entry, panel) for panel in panels)
    caption = PUBLISHED_CAPTION if any(key[:2] in _keys(places) for key in entry.published) else ""
    title = f"Referrals by {'site and ' if len(panels) > 1 else ''}period (number of referrals)"
    return Figure("referrals-periods", title, svg, f"Bar charts. {told}", caption)


def _keys(places: Sequence[tuple[str, str, str]]) -> set[tuple[str, str]]:
    return {(row, column) for row, column, _ in places}


def _panels(entry: RunTable) -> list[_Panel]:
    """Return the panels: each row is a site, or of one site all rows are its periods."""
    columns, rows = entry.table.column_labels, entry.table.row_labels
    if not any("__" in column for column in columns):
        arms = [column for column in columns if column != _DIFFERENCE]
        periods = {row: label for row, label in rows.items() if row != _ALL}
        bars = {arm: [(row, arm, label) for row, label in periods.items()] for arm in arms}
        return [_Panel("", bars)]
    found = []
    for site in [row for row in rows if row != _ALL]:
        of_arms: dict[str, list[tuple[str, str, str]]] = {}
        for column, label in columns.items():
            arm, _, period = column.partition("__")
            if period:
                place = (site, column, label.rpartition(": ")[2])
                of_arms.setdefault(arm, []).append(place)
        found.append(_Panel(rows[site], of_arms))
    return found


def _told_of_panel(entry: RunTable, panel: _Panel) -> str:
    title = f"{panel.title}. " if panel.title else ""
    arms = [f"{_arm_label(entry, arm)}, " if len(panel.bars) > 1 else "" for arm in panel.bars]
    told = [
        f"{arm}{label}: {spoken(entry, row, column, 'count')}"
        for arm, own in zip(arms, panel.bars.values(), strict=True)
        for row, column, label in own
    ]
    return f"{title}{'; '.join(told)}."


def _most(entry: RunTable, places: Sequence[tuple[str, str, str]]) -> float:
    """Return the highest number that is drawn, ours or published."""
    shown = [
        value
        for row, column, _ in places
        for value in (entry.value(row, column, "count"), entry.printed(row, column, "count"))
        if value is not None
    ]
    return max(shown, default=0) or 1.0


def _bars(
    axes: Axes, entry: RunTable, places: Sequence[tuple[str, str, str]], which: tuple[int, int]
) -> None:
    """Draw the bars of one arm in a panel."""
    number, arms = which
    height = 0.76 / arms
    for position, (row, column, _) in enumerate(places):
        y = position + (number - (arms - 1) / 2) * height
        value, printed = (f(row, column, "count") for f in (entry.value, entry.printed))
        text = f"{value:,.0f}" if value is not None else mark_of(entry, row, column, "count")
        if value is not None:
            axes.barh(y, value, height=height * 0.92, **_look(number))
        if printed is not None:
            published_mark(axes, printed, y, clip_on=False)
        right = value or 0
        if printed is not None and (value is None or printed >= value):
            right = printed
        axes.annotate(text, (right, y), (8 if printed is not None else 4, 0),
                      textcoords="offset points", va="center", fontsize=8,
                      color=GREY if value is None else INK)  # fmt: skip


def _look(number: int) -> dict[str, Any]:
    return {
        "color": SERIES[number % len(SERIES)], "hatch": HATCHES[number % 2],
        "edgecolor": "white", "linewidth": 0.5,
    }  # fmt: skip


def _legend(axes: Axes, labels: Sequence[str]) -> None:
    for number, label in enumerate(labels):
        axes.barh(0, 0, height=0, label=label, **_look(number))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.12), ncols=2)


def _arm_label(entry: RunTable, arm: str) -> str:
    return entry.table.column_labels[arm]
