"""The balance of the arms: standardised mean differences as a Love plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.report.absent import is_hidden, mark_of, words_of
from datrial.report.drawing import (
    GREY,
    LIGHT,
    MARKERS,
    SERIES,
    Figure,
    bracket,
    drawing,
    n_words,
    to_svg,
)

if TYPE_CHECKING:
    from datrial.results.read import RunTable

#: Beyond it a difference is worth a look (Austin 2009).
_LOOK = 0.1
_KINDS = {
    "smd": "plain",
    "smd_within_sites": "within sites",
    "smd_within_meetings": "within meetings",
}


def love_plot(shares: RunTable, means: RunTable | None) -> Figure | None:
    """Draw each characteristic's standardised mean differences, numbers before shares.

    A characteristic whose difference has no value (nobody has it) is left out: the
    table says why. One that is hidden keeps its place, with its mark.
    """
    tables = [entry for entry in (means, shares) if entry is not None]
    shown = [
        (entry.table.row_labels[row], kind, entry, (row, column, kind))
        for entry in tables
        for row in entry.table.row_labels
        for column in entry.table.column_labels
        for kind in _KINDS
        if (cell := entry.cell(row, column, kind)) is not None
        and (cell.value is not None or is_hidden(cell))
    ]
    points = [
        (label, kind, value)
        for label, kind, entry, at in shown
        if (value := entry.value(*at)) is not None
    ]
    if not points:
        return None
    labels = list(dict.fromkeys(label for label, *_ in shown))
    against = list(dict.fromkeys(entry.table.column_labels[at[1]] for *_, entry, at in shown))
    reach = max(0.16, 1.15 * max(abs(value) for *_, value in points))
    with drawing(0.9 + 0.2 * len(labels)) as (canvas, (axes,)):
        axes.axvspan(-_LOOK, _LOOK, color=LIGHT, alpha=0.45, zorder=0)
        axes.axvline(0, color=GREY, linewidth=1, zorder=1)
        for number, (kind, words) in enumerate(_KINDS.items()):
            own = [(value, labels.index(label)) for label, k, value in points if k == kind]
            axes.plot(
                [x for x, _ in own],
                [y + 0.2 * (number - 1) for _, y in own],
                linestyle="none", marker=MARKERS[number], markersize=4.5, color=SERIES[number],
                label=words,
            )  # fmt: skip
        for label, kind, entry, at in shown:
            if entry.value(*at) is None:
                number = list(_KINDS).index(kind)
                axes.annotate(
                    mark_of(entry, *at), (0.01, labels.index(label)), (22 * number, 0),
                    xycoords=axes.get_yaxis_transform(), textcoords="offset points",
                    color=SERIES[number], fontsize=7, va="center",
                )  # fmt: skip
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.set_xlim(-reach, reach)
        axes.set_xlabel("Standardised mean difference")
        axes.grid(axis="x")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3)
        svg = to_svg(canvas, "balance-love")
    told = "; ".join(
        f"{label} {_spoken(entry, at)}" for label, kind, entry, at in shown if kind == "smd"
    )
    unit = bracket("in standard deviations", n_words(shares, "smd"))
    return Figure(
        "balance-love",
        f"Standardised mean differences at allocation: {'; '.join(against)}{unit}",
        svg,
        f"Dot plot of standardised mean differences. {told}.",
        f"Grey band: differences of up to {_LOOK:g} either way.",
    )


def _spoken(entry: RunTable, at: tuple[str, str, str]) -> str:
    """Return a difference with two decimals; nothing is told of more than these."""
    value = entry.value(*at)
    return words_of(entry.cell(*at)) if value is None else f"{round(value, 2) + 0.0:.2f}"
