"""Tables of two arms with costs and effects, wherever a model or a trial has draws of both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from datrial.economics.effectiveness import CostEffectiveness
from datrial.results.cells import Table

#: So many draws are shown as points; the shares are of all of them.
POINTS = 300
_QUADRANTS = {
    "dearer_and_better": "Dearer and better",
    "cheaper_and_better": "Cheaper and better",
    "dearer_and_worse": "Dearer and worse",
    "cheaper_and_worse": "Cheaper and worse",
}


def plane_table(
    found: CostEffectiveness, table_id: str, effect: str, note: str, catalogue: Sequence[str] = ()
) -> Table:
    """Return the cost-effectiveness plane: means, shares of the quadrants, draws as points.

    Parameters
    ----------
    effect
        What one unit of effect is, in words.
    """
    table = Table(
        table_id, "Cost-effectiveness plane", note, tuple(catalogue),
        not_about_people="its points are draws, none of them a person",
    )  # fmt: skip
    table.column("effect", f"Difference in effect ({effect})")
    table.column("cost", "Difference in cost (pounds)")
    table.column("share", "Share of draws")
    table.row("mean", "Mean")
    table.add("mean", "effect", "amount", float(found.effects.mean()))
    table.add("mean", "cost", "cost", float(found.costs.mean()))
    table.row("ratio", f"Cost of one unit of effect ({effect})")
    table.add(
        "ratio", "cost", "cost", found.ratio(),
        reason="the mean effect is not above 0: a ratio would read like a bargain",
    )  # fmt: skip
    for key, share in found.quadrants().items():
        table.row(key, _QUADRANTS[key])
        table.add(key, "share", "share", share)
    chosen = np.linspace(0, found.costs.size - 1, min(POINTS, found.costs.size)).astype(int)
    for number, place in enumerate(chosen, 1):
        row = f"draw_{number:03d}"
        table.row(row, f"Draw {place + 1:,}")
        table.add(row, "effect", "amount", float(found.effects[place]))
        table.add(row, "cost", "cost", float(found.costs[place]))
    return table


def acceptability_table(
    found: CostEffectiveness, table_id: str, worth: Sequence[float], effect: str, note: str
) -> Table:
    """Return the share of draws with a gain, for each worth of one unit of effect."""
    table = Table(
        table_id, "Acceptability curve", note,
        not_about_people="its shares are of draws, none of them a person",
    )  # fmt: skip
    table.column("worth", f"Worth of one unit of effect ({effect}), pounds")
    table.column("gain", "Draws with a gain")
    for number, (value, share) in enumerate(
        zip(worth, found.acceptability(list(worth)), strict=True), 1
    ):
        row = f"worth_{number:02d}"
        table.row(row, f"{value:,.0f} pounds")
        table.add(row, "worth", "cost", value)
        table.add(row, "gain", "share", float(share))
    return table
