"""Changes of a share between two answers of the same victims-survivors, by arm."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from datrial.analyses.victim_forms import DIFFERENCE, Compared, Forms, add_compared
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd


def add_change(table: Table, forms: Forms, row: str, before: pd.Series, after: pd.Series) -> None:
    """Add the change of a share with its interval and McNemar's test, of all and by arm."""
    for column, group in forms.groups(forms.frame.loc[before.index]):
        compare = partial(_change, before[group.index], after[group.index])
        add_compared(table, forms, (row, column), compare, "the change could not be tested")


def _change(before: pd.Series, after: pd.Series) -> Compared:
    from datrial.models import mcnemar

    found = mcnemar(before, after)
    return Compared((*found.difference[:3], found.p_value), found.n_pairs, found.method == "exact")


def add_change_difference(
    table: Table, forms: Forms, row: str, before: pd.Series, after: pd.Series
) -> None:
    """Add the difference of the arms' changes: the other arms' less that of the reference."""
    change = (after - before).dropna()
    others = forms.frame.loc[change.index, "others"]
    compare = partial(_change_difference, change, others)
    add_compared(table, forms, (row, DIFFERENCE), compare, "the changes could not be compared")


def _change_difference(change: pd.Series, others: pd.Series) -> Compared:
    from datrial.models import two_sample_t

    found = two_sample_t(change, others, reference=0.0)
    test = found.welch
    # Shares cannot differ by more: an interval that leaves -2 to 2 is cut there.
    return Compared(
        (found.difference, max(test.ci_low, -2.0), min(test.ci_high, 2.0), test.p_value), found.n
    )
