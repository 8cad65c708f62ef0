"""What every row of an unknown sheet may be: codes of a service's own that no column tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.config.tables import staging_tables

if TYPE_CHECKING:
    from datrial.extracts.describe import DescribedTable
    from datrial.extracts.describe_dictionary import Dictionary


def constants(table: DescribedTable, dictionary: Dictionary) -> list[str]:
    """Return the lines of a mapping file for required codes that no column of a sheet has.

    A sheet with one instrument's items tells the instrument by their names. Of another
    vocabulary its name stands in the code's place until a person writes the code.
    """
    assert table.table is not None  # noqa: S101 (for the type checker)
    found = {column.match.column for column in table.columns if column.match}
    lines = []
    for name, contract in staging_tables()[table.table].columns.items():
        if name in found or not contract.required or contract.terms is None:
            continue
        code = None
        if contract.terms == "instrument":
            names = [column.found.name for column in table.columns]
            code = dictionary.instrument_for(table.table, names)
        what = "of all rows, by the names of the items" if code else "the code of all rows"
        lines.append(f"    {name}: {code or contract.terms}  # check: {what}")
    return ["  constants:", *lines] if lines else []
