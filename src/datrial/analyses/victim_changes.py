"""Changes of a share between two answers of the same victims-survivors, by arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.victim_forms import DIFFERENCE, SHARE_DIFFERENCE, Forms
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd


def add_change(table: Table, forms: Forms, row: str, before: pd.Series, after: pd.Series) -> None:
    """Add the change of a share with its interval and McNemar's test, of all and by arm."""
    from datrial.models import ModelDataError, mcnemar

    for column, group in forms.groups(forms.frame.loc[before.index]):
        reason = forms.sent.reason()
        if not reason:
            try:
                found = mcnemar(before[group.index], after[group.index])
            except ModelDataError as error:
                reason = f"the change could not be tested: {error}"
        if reason:
            table.absent_all([row], [column], SHARE_DIFFERENCE, reason)
            continue
        numbers = (*found.difference[:3], found.p_value)
        for statistic, value in zip(SHARE_DIFFERENCE, numbers, strict=True):
            note = "exact" if statistic == "p_value" and found.method == "exact" else ""
            table.add(row, column, statistic, value, n=found.n_pairs, note=note,
                      warning=forms.sent.warning())  # fmt: skip


def add_change_difference(
    table: Table, forms: Forms, row: str, before: pd.Series, after: pd.Series
) -> None:
    """Add the difference of the arms' changes: the other arms' less that of the reference."""
    from datrial.models import ModelDataError, two_sample_t

    change = (after - before).dropna()
    reason = forms.sent.reason()
    if not reason:
        try:
            found = two_sample_t(change, forms.frame.loc[change.index, "others"], reference=0.0)
        except ModelDataError as error:
            reason = f"the changes could not be compared: {error}"
    if reason:
        table.absent_all([row], [DIFFERENCE], SHARE_DIFFERENCE, reason)
        return
    test = found.welch
    # Shares cannot differ by more: an interval that leaves -2 to 2 is cut there.
    numbers = (found.difference, max(test.ci_low, -2.0), min(test.ci_high, 2.0), test.p_value)
    for statistic, value in zip(SHARE_DIFFERENCE, numbers, strict=True):
        table.add(row, DIFFERENCE, statistic, value, n=found.n, warning=forms.sent.warning())
