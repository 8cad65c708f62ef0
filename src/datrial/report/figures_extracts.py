"""Figure of what the agencies sent: rows used and rows set aside."""

from __future__ import annotations

from datrial.report.absent import strongest, words_of
from datrial.report.cell_views import MARKS
from datrial.report.drawing import (
    BLUE,
    GREY,
    ORANGE,
    Figure,
    drawing,
    to_svg,
)
from datrial.results.cells import Cell
from datrial.results.read import RunTable


def rows_by_table(entry: RunTable) -> dict[str, dict[str, float]]:
    """Return staging table -> rows received, staged and quarantined, over its extracts.

    A table with an extract whose counts are not available is left out: a sum
    without them would be too small.
    """
    totals: dict[str, dict[str, float]] = {}
    unknown = set()
    for row in entry.table.row_labels:
        name = row.partition("__")[0]
        into = totals.setdefault(name, dict.fromkeys(("received", "staged", "quarantined"), 0.0))
        for column in into:
            value = entry.value(row, column, "count")
            if value is None:
                unknown.add(name)
            else:
                into[column] += value
    return {name: counts for name, counts in totals.items() if name not in unknown}


def left_out(entry: RunTable) -> dict[str, Cell]:
    """Return the staging tables of which nothing is added up, each with a cell that says why."""
    without: dict[str, list[Cell]] = {}
    for cell in entry.table.cells:
        if cell.column in ("received", "staged", "quarantined") and cell.value is None:
            without.setdefault(cell.row.partition("__")[0], []).append(cell)
    return {name: found for name, cells in without.items() if (found := strongest(cells))}


def extract_rows(entry: RunTable) -> Figure | None:
    """Draw the rows of each staging table, and the share that was set aside."""
    totals = rows_by_table(entry)
    if not totals:
        return None
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    without = left_out(entry)
    names = [*totals, *without]
    with drawing(0.9 + 0.3 * len(names), 2, sharey=True) as (canvas, (rows, shares)):
        for y, name in enumerate(names):
            if name in without:
                for axes in (rows, shares):
                    axes.text(
                        0,
                        y,
                        f" {MARKS[without[name].state]}",
                        color=GREY,
                        va="center",
                        fontsize=8.5,
                    )
                continue
            counts = totals[name]
            rows.barh(y, counts["staged"], color=BLUE, height=0.66)
            rows.barh(
                y,
                counts["quarantined"],
                left=counts["staged"],
                color=ORANGE,
                hatch="////",
                edgecolor="white",
                linewidth=0,
                height=0.66,
            )
            rows.annotate(
                f"{counts['received']:,.0f}",
                (counts["received"], y),
                (4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
            )
            share = counts["quarantined"] / counts["received"] if counts["received"] else 0.0
            shares.barh(y, 100 * share, color=ORANGE, hatch="////", edgecolor="white", height=0.66)
            told = f"{counts['quarantined']:,.0f} rows, {100 * share:.1f}%"
            shares.annotate(
                told,
                (100 * share, y),
                (4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
            )
        rows.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
        rows.set_ylim(len(names) - 0.4, -0.6)
        rows.set_title("Rows received")
        rows.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        shares.set_title("Of these set aside (%)")
        for axes in (rows, shares):
            axes.margins(x=0.32)
            axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.grid(axis="x")
        svg = to_svg(canvas, "extract-rows")
    words = [
        f"{name.replace('_', ' ')} {counts['received']:,.0f} received, "
        f"{counts['quarantined']:,.0f} set aside"
        for name, counts in totals.items()
    ]
    words += [f"{name.replace('_', ' ')} {words_of(cell)}" for name, cell in without.items()]
    total = sum(counts["received"] for counts in totals.values())
    return Figure(
        "extract-rows",
        f"Rows received and rows set aside, by table (number of rows; n = {total:,.0f})",
        svg,
        f"Bar charts. {'; '.join(words)}.",
        "Set aside (quarantined): a row that cannot be used, kept with its reason.",
    )
