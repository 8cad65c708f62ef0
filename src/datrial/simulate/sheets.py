"""Records in our codes, written in an agency's words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datrial.config.tables import staging_tables
from datrial.simulate.layouts import Layout
from datrial.simulate.names import CANARY, CANARY_DOB, invented_names, invented_notes
from datrial.simulate.randomness import Array, generator


@dataclass
class Sheet:
    """A sheet's cells by our column name: text, numbers, dates, or None for an empty cell."""

    layout: Layout
    cells: dict[str, Array]

    @property
    def rows(self) -> int:
        """How many rows there are below the header."""
        return len(next(iter(self.cells.values())))

    def column_codes(self) -> dict[str, tuple[str, ...]]:
        """Return the coded columns and their codes."""
        columns = staging_tables()[self.layout.table].columns
        return {
            name: columns[name].codes
            for name in self.cells
            if name in columns and columns[name].kind == "code"
        }

    def columns_of_kind(self, *kinds: str) -> list[str]:
        """Return the columns that we read as one of these kinds."""
        columns = staging_tables()[self.layout.table].columns
        return [name for name in self.cells if name in columns and columns[name].kind in kinds]

    def take(self, rows: Array) -> Sheet:
        """Return the rows at these positions."""
        return Sheet(self.layout, {name: cells[rows] for name, cells in self.cells.items()})


def dress(layout: Layout, records: dict[str, Array], seed: int) -> Sheet:
    """Return records as the agency would write them, with invented names where it has names.

    Records that bring their own names (``withheld_name``) keep these.

    Raises
    ------
    KeyError
        If the records lack a column of the layout.
    """
    codes = {
        name: column.codes
        for name, column in staging_tables()[layout.table].columns.items()
        if column.kind == "code"
    }
    rng = generator(seed, "names", layout.file, layout.sheet or "")
    invented = {}
    if "withheld_name" in records:
        invented = {"withheld_notes": invented_notes(rng, records["withheld_name"])}
    elif layout.withheld:
        names = invented_names(rng, records[_named(layout)])
        invented = {"withheld_name": names, "withheld_notes": invented_notes(rng, names)}
        if "date_of_birth" in records:
            invented["date_of_birth"] = records["date_of_birth"].copy()
            invented["date_of_birth"][names == CANARY] = CANARY_DOB
    cells = {}
    for name in layout.columns:
        values = invented[name] if name in invented else records[name]
        if name == "site":
            values = _spelled(values, {key: layout.spell(name, key) for key in set(values)})
        elif name in codes:
            known = codes[name] or sorted({code for code in values if code is not None})
            values = _spelled(values, {code: layout.spell(name, code) for code in known})
        cells[name] = np.asarray(values, dtype=object)
    return Sheet(layout, cells)


def _named(layout: Layout) -> str:
    """Return whose name stands in a sheet: in Insights the victim-survivor's."""
    known = ["victim_id"] if layout.table.startswith("insights") else []
    known += ["perpetrator_id", "client_id", "practitioner_id"]
    return next(name for name in known if name in layout.columns)


def _spelled(values: Array, spelling: dict[str, str]) -> Array:
    return np.array([None if value is None else spelling[value] for value in values], dtype=object)
