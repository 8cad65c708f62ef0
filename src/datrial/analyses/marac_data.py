"""What the MARAC tables read: people who are alike, counted by the database.

A row stands for so many people (``people``): of a million perpetrators a few thousand rows are
left. Nobody's reference leaves the database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from datrial.analyses.base import Context


def marac_periods(context: Context, sites: Sequence[str]) -> pd.DataFrame:
    """Return site, arm, period, observed_days, fully_observed, appearances, is_serial, people."""
    return context.connection.execute(
        """
        select
            periods.site, periods.arm, periods.period, periods.observed_days,
            periods.fully_observed, periods.appearances, history.is_serial, count(*) as people
        from marts.marac_follow_up as periods
        left join marts.marac_history as history on periods.person_id = history.person_id
        where list_contains(?, periods.site)
        group by all
        order by all
        """,
        [list(sites)],
    ).df()


def marac_history(context: Context, sites: Sequence[str]) -> pd.DataFrame:
    """Return site, arm, appearances, is_serial, is_repeat, people."""
    return context.connection.execute(
        """
        select site, arm, appearances, is_serial, is_repeat, count(*) as people
        from marts.marac_history
        where list_contains(?, site)
        group by all
        order by all
        """,
        [list(sites)],
    ).df()


def number(rows: pd.DataFrame) -> int:
    """Return for how many people the rows stand."""
    return int(rows["people"].sum())


def one_row_each(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each person, with a number of his own (``person``)."""
    import numpy as np

    each = rows.loc[rows.index.repeat(rows["people"])].drop(columns="people")
    return each.reset_index(drop=True).assign(person=np.arange(len(each)))
