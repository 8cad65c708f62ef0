"""The balance of the arms: standardised mean differences as a Love plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.report.drawing import GREY, LIGHT, MARKERS, SERIES, Figure, drawing, to_svg

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
    table says why.
    """
    points = [
        (entry.table.row_labels[row], kind, value, column, entry)
        for entry in filter(None, (means, shares))
        for row in entry.table.row_labels
        for column in entry.table.column_labels
        for kind in _KINDS
        if (value := entry.value(row, column, kind)) is not None
    ]
    if not points:
        return None
    labels = list(dict.fromkeys(label for label, *_ in points))
    against = list(dict.fromkeys(entry.table.column_labels[column] for *_, column, entry in points))
    reach = max(0.16, 1.15 * max(abs(value) for _, _, value, _, _ in points))
    with drawing(0.9 + 0.2 * len(labels)) as (canvas, (axes,)):
        axes.axvspan(-_LOOK, _LOOK, color=LIGHT, alpha=0.45, zorder=0)
        axes.axvline(0, color=GREY, linewidth=1, zorder=1)
        for number, (kind, words) in enumerate(_KINDS.items()):
            own = [(value, labels.index(label)) for label, k, value, _, _ in points if k == kind]
            axes.plot(
                [x for x, _ in own],
                [y + 0.2 * (number - 1) for _, y in own],
                linestyle="none", marker=MARKERS[number], markersize=4.5, color=SERIES[number],
                label=words,
            )  # fmt: skip
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.set_xlim(-reach, reach)
        axes.set_xlabel("Standardised mean difference")
        axes.grid(axis="x")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3)
        svg = to_svg(canvas, "balance-love")
    told = "; ".join(
        f"{label} {round(value, 2) + 0.0:.2f}"
        for label, kind, value, _, _ in points
        if kind == "smd"
    )
    return Figure(
        "balance-love",
        f"Standardised mean differences at allocation: {'; '.join(against)}",
        svg,
        f"Dot plot of standardised mean differences. {told}.",
        f"Grey band: differences of up to {_LOOK:g} either way.",
    )
