"""How means and changes of scores are added to the tables of outcomes, by arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from datrial.analyses.cohorts import Cohorts
from datrial.analyses.outcome_stars_readings import FloatArray
from datrial.results.cells import Table


def add_people(table: Table, row: str, values: Mapping[str, FloatArray], reason: str) -> None:
    """Add how many people a change is of.

    Without a count of its own a place is taken to compare what another table counts there:
    few people at the end of the scale would hide the change of everybody.
    """
    for arm, each in values.items():
        table.add(row, arm, "people", None if reason else len(each), reason=reason)


def add_means(
    cohorts: Cohorts,
    table: Table,
    row: str,
    values: Mapping[str, FloatArray],
    statistic: str,
    reason: str,
) -> None:
    """Add means by arm under a name of their own.

    A ``mean`` tells disclosure control of a total of events; that of changes tells of none.
    """
    import pandas as pd

    begin = len(table.cells)
    cohorts.add_means(
        table, row, {arm: pd.Series(each) for arm, each in values.items()}, reason=reason
    )
    table.cells[begin:] = [
        replace(cell, statistic=statistic) if cell.statistic == "mean" else cell
        for cell in table.cells[begin:]
    ]
