"""Standardised mean differences, over all and within strata."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Difference:
    """Standardised mean differences of one characteristic; None where there is none.

    Attributes
    ----------
    crude
        The difference of means over the root of the arms' mean variance (Cohen's d
        for a share: Austin 2009).
    within_sites, within_meetings
        The mean of the differences within strata, each with the weight
        n1 n0 / (n1 + n0), over the same root.
    """

    crude: float | None
    within_sites: float | None
    within_meetings: float | None


def difference(
    values: pd.Series, treated: NDArray[np.bool_], sites: pd.Series, meetings: pd.Series
) -> Difference:
    """Compare one characteristic between an arm and the controls.

    Parameters
    ----------
    values
        Numbers (0 and 1 for a share), one per person of the two arms; missing
        values take no part.
    treated
        Who is not a control.
    sites, meetings
        Each person's site and meeting.
    """
    known = values.notna().to_numpy()
    numbers, arm = values.to_numpy(dtype=float)[known], treated[known]
    one, other = numbers[arm], numbers[~arm]
    if len(one) < 2 or len(other) < 2:
        return Difference(None, None, None)
    root = math.sqrt((one.var(ddof=1) + other.var(ddof=1)) / 2)
    if root == 0:
        # Everyone alike in each arm: no difference, or one without a measure.
        same = 0.0 if one.mean() == other.mean() else None
        return Difference(same, same, same)
    return Difference(
        float(one.mean() - other.mean()) / root,
        _within(numbers, arm, sites[known], root),
        _within(numbers, arm, meetings[known], root),
    )


def _within(
    numbers: NDArray[np.float64], arm: NDArray[np.bool_], strata: pd.Series, root: float
) -> float | None:
    total = weights = 0.0
    for one, other in _parted(numbers, arm, strata):
        weight = len(one) * len(other) / (len(one) + len(other))
        total += weight * float(one.mean() - other.mean())
        weights += weight
    return total / weights / root if weights else None


def _parted(
    numbers: NDArray[np.float64], arm: NDArray[np.bool_], strata: pd.Series
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the two arms' numbers of every stratum that has both."""
    import pandas as pd

    for _, rows in pd.Series(range(len(numbers))).groupby(strata.to_numpy(), sort=True):
        places = rows.to_numpy()
        one, other = numbers[places][arm[places]], numbers[places][~arm[places]]
        if len(one) and len(other):
            yield one, other
