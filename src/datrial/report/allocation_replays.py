"""The picture of an allocation scheme's replays: imbalance and predictability."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.report.drawing import BLUE, GREY, INK, ORANGE, Figure, drawing, percent_axis, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from datrial.allocation.replays import Simulation

_MOST_LEVELS = 14
_MOST_BARS = 40


def replays_figure(found: Simulation) -> Figure:
    """Draw the overall imbalance, that within factor levels, and the correct guesses.

    Parameters
    ----------
    found
        See :func:`datrial.allocation.replays.simulate`.
    """
    levels = dict(list(found.by_level.items())[:_MOST_LEVELS])
    with drawing(2.6 + 0.2 * len(levels), columns=2, rows=2) as (canvas, axes):
        _draw_differences(axes[0], found)
        _draw_guesses(axes[1], found)
        _draw_levels(axes[2], found)
        _draw_sizes(axes[3], found)
        svg = to_svg(canvas, "allocation-replays")
    left_out = len(found.by_level) - len(levels)
    note = f" {left_out} factor levels are not drawn." if left_out else ""
    return Figure(
        id="allocation-replays",
        title=f"{_words(found.scheme).capitalize()}: {found.replays:,} replays over "
        f"{found.people:,} people",
        svg=svg,
        alt=f"Overall imbalance: mean {found.overall.mean:.1f}, 95th percentile "
        f"{found.overall.p95:.1f}. Arms guessed rightly: {found.guessed:.1%} by the convergence "
        f"strategy, {found.guessed_knowing_all:.1%} by who knows scheme and past, "
        f"{found.guessed_by_ratio:.1%} by the ratio alone.",
        caption="Imbalance: the absolute difference of the arms' sizes (for other ratios than "
        "1:1 and for more arms, the range of sizes divided by shares, as if the arms were equal)."
        + note,
    )


def draw_picture(found: Simulation) -> str:
    """Return the picture as an SVG file by itself, with its title and what it shows in words."""
    from html import escape

    figure = replays_figure(found)
    svg = figure.svg.replace('aria-hidden="true" focusable="false"', 'role="img"', 1)
    start = svg.index(">") + 1
    words = f"<title>{escape(figure.title)}</title><desc>{escape(figure.alt)}</desc>"
    return f"{svg[:start]}{words}{svg[start:]}\n"


def _draw_differences(axes: Axes, found: Simulation) -> None:
    import numpy as np

    largest = max(found.differences)
    # Differences of two equal arms are whole and of one parity: a bar each, should they be few.
    width = max(1.0, np.ceil(largest / _MOST_BARS))
    edges = np.arange(-0.5, largest + width + 0.5, width)
    axes.hist(
        found.differences,
        bins=edges.tolist(),
        weights=np.full(len(found.differences), 1 / len(found.differences)),
        color=BLUE,
    )
    axes.axvline(found.overall.p95, color=ORANGE, linewidth=1.2)
    axes.set_title("Imbalance (line: 95th percentile)")
    axes.set_xlabel("People")
    percent_axis(axes.yaxis)


def _draw_guesses(axes: Axes, found: Simulation) -> None:
    names = ("Knowing all but\nthe next draw", "Convergence\nstrategy", "Ratio alone")
    shares = (found.guessed_knowing_all, found.guessed, found.guessed_by_ratio)
    axes.barh(names, shares, color=[ORANGE, BLUE, GREY], height=0.6)
    for row, share in enumerate(shares):
        axes.text(share + 0.01, row, f"{share:.1%}", va="center", color=INK, fontsize=8.5)
    axes.set_xlim(0, 1.12)
    axes.set_title("Arms guessed rightly")
    percent_axis(axes.xaxis)


def _draw_levels(axes: Axes, found: Simulation) -> None:
    levels = list(found.by_level.items())[:_MOST_LEVELS][::-1]
    for row, (_, each) in enumerate(levels):
        axes.plot([each.mean, each.p95], [row, row], color=BLUE, linewidth=1.2)
        axes.plot([each.mean], [row], marker="o", color=BLUE)
        axes.plot([each.p95], [row], marker="|", color=BLUE, markersize=8)
    labels = [f"{_words(factor)}: {_words(level)}" for (factor, level), _ in levels]
    axes.set_yticks(range(len(levels)), labels)
    axes.set_xlim(left=0)
    axes.set_title("In levels: mean to 95th percentile")
    axes.set_xlabel("People")


def _draw_sizes(axes: Axes, found: Simulation) -> None:
    for row, size in enumerate(found.group_sizes.values()):
        axes.plot([size.p2_5, size.p97_5], [row, row], color=BLUE, linewidth=1.2)
        axes.plot([size.mean], [row], marker="o", color=BLUE)
    axes.set_yticks(range(len(found.group_sizes)), [_words(arm) for arm in found.group_sizes])
    axes.set_ylim(-0.6, len(found.group_sizes) - 0.4)
    axes.set_title("Arm sizes (95% of replays)")
    axes.set_xlabel("People")


def _words(key: str) -> str:
    return key.replace("dont_know", "don't know").replace("_", " ")
