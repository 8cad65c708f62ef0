"""Boxes of a flow diagram: every box equals its parts, and that is checked in every run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from datrial.errors import DatrialError
from datrial.results.cells import Table

EXCLUDED = "excluded_"
#: All allocations in the ledger, and those of people who had an earlier one.
RECORDED, JOINED = "recorded", "joined"


@dataclass(frozen=True)
class Split:
    """A box and the boxes into which all its people go; one box can be split in several ways."""

    whole: str
    parts: tuple[str, ...]


#: Perpetrators. The reasons of exclusion are those of the study: see `splits_of`.
PERPETRATORS = (
    Split("heard", ("excluded", "allocated_heard")),
    Split("allocated", ("allocated_heard", "allocated_not_heard", "allocated_heard_unknown")),
    Split("allocated", ("cms_record", "cms_none", "cms_unknown")),
    Split("cms_record", ("completed", "not_completed")),
    Split("allocated", ("marac_followed", "marac_not_followed")),
    Split("allocated", ("police_asked", "police_not_asked", "police_not_listed")),
    Split("police_asked", ("police_record", "police_none", "police_unknown")),
)

#: Victims-survivors; the first box counts their perpetrators.
VICTIMS = (
    Split("allocated", ("primary", "no_primary")),
    Split("primary", ("engaged", "not_engaged", "engagement_unknown")),
    Split("engaged", ("both_forms", "intake_only")),
    Split("intake_all", ("engaged", "intake_other")),
    Split("both_all", ("both_forms", "both_other")),
)


def splits_of(table: Table) -> tuple[Split, ...]:
    """Return the splits of a flow table, with the reasons of exclusion that it has."""
    if table.id.endswith(".victims"):
        return VICTIMS
    reasons = tuple(row for row in table.row_labels if row.startswith(EXCLUDED))
    linked = (Split(RECORDED, ("allocated", JOINED)),) if RECORDED in table.row_labels else ()
    return (*PERPETRATORS, *linked, Split("excluded", reasons))


def unbalanced(table: Table, splits: Iterable[Split]) -> list[str]:
    """Return the boxes that are not the sum of their parts, as ``row, column``.

    A part without a value holds nobody who is known: whoever it might hold stands in the
    part of those of whom it is not known. A box without a value is not looked at.
    """
    values = {(cell.row, cell.column): cell.value for cell in table.cells}
    wrong = []
    for split in splits:
        for column in table.column_labels:
            whole = values.get((split.whole, column))
            parts = [values.get((part, column)) for part in split.parts]
            known = [part for part in parts if part is not None]
            if whole is not None and known and sum(known) != whole:
                wrong.append(f"{split.whole}, {column}")
    return wrong


def balanced(table: Table) -> Table:
    """Return the table.

    Raises
    ------
    DatrialError
        If a box is not the sum of its parts.
    """
    wrong = unbalanced(table, splits_of(table))
    if wrong:
        raise DatrialError(
            f"{table.id}: {len(wrong)} box(es) are not the sum of their parts, first {wrong[0]}."
        )
    return table
