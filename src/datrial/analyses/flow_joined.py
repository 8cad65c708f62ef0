"""The boxes of a flow in which linkage joins the allocations of one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.flow_boxes import JOINED, RECORDED

if TYPE_CHECKING:
    from datrial.analyses.base import Context
    from datrial.results.cells import Table

_ROWS = {
    RECORDED: "Allocations in the ledger",
    JOINED: "... of somebody allocated before, joined by linkage",
}


def add_joined(context: Context, table: Table) -> None:
    """Add the allocations in the ledger and those that fell away, where linkage can join any.

    Each is told of its own arm: a person may have been allocated to two, and is then in
    the flow of the first alone.
    """
    fell_away = context.connection.execute(
        "select merged.arm from ledger.merged as merged where not merged.stands"
    ).fetchall()
    if not fell_away and context.study.linkage is None:
        return
    people = context.connection.execute(
        "select allocation.arm from ledger.allocation as allocation"
    ).fetchall()
    for row, label in _ROWS.items():
        table.row(row, label)
    for column in table.column_labels:
        joined, allocated = (
            sum(column in ("all", arm) for (arm,) in rows) for rows in (fell_away, people)
        )
        table.add(RECORDED, column, "count", allocated + joined)
        table.add(JOINED, column, "count", joined)
