"""The stretches of time of the people followed up: to a first event, and to all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datrial.analyses.arms import reference_arm
from datrial.analyses.follow_up_rates_data import Followed, followed

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from datrial.analyses.base import Context
    from datrial.analyses.follow_up_rates_data import OutcomeName

#: Months from the allocation at which curves are read, as days.
MONTH = 365.25 / 12
COMPARED = "compared"


@dataclass(frozen=True)
class Times:
    """The days observed of an outcome, from the allocation on.

    Attributes
    ----------
    all
        person_id, site, arm, compared, start, stop (days; start not included), count (events on
        the day stop), event (whether any); one row a stretch.
    first
        The same until a person's first event, which ends his last stretch.
    nothing
        Why no time of both arms is known, or nothing.
    """

    of: Followed
    all: pd.DataFrame = field(repr=False)  # holds rows, which no log may show
    first: pd.DataFrame = field(repr=False)
    nothing: str

    @property
    def several_sites(self) -> bool:
        """Whether people of several sites were observed."""
        return bool(self.all["site"].nunique() > 1)


def times_of(context: Context, name: OutcomeName, sites: Iterable[str]) -> Times:
    """Return the stretches of an outcome at these sites (none: all of the study)."""
    of = followed(context, name, sites)
    rows = context.connection.execute(
        "select person_id, start_day as start, stop_day as stop, "  # noqa: S608 (a column's name)
        f"{of.outcome.column} as count from marts.follow_up_interval where source = ? "
        "order by person_id, start_day",
        [of.outcome.source],
    ).df()
    found = of.people.merge(rows, on="person_id", validate="1:m")
    found = found.astype({"start": float, "stop": float, "count": float})
    found["event"] = (found["count"] > 0).astype(float)
    had = found.groupby("person_id")["event"].cumsum() - found["event"]
    return Times(of, found, found[had == 0].reset_index(drop=True), _nothing(context, of, found))


def _nothing(context: Context, of: Followed, rows: pd.DataFrame) -> str:
    if of.nothing:
        return of.nothing
    for arm, about in context.study.arms.items():
        if not (rows["arm"] == arm).any():
            return f"nobody of the arm {about.label} was observed"
    return "" if rows["event"].any() else "no event in either arm"


def arm_order(context: Context) -> list[str]:
    """Return the arms, the reference first: differences are of the other."""
    reference = reference_arm(context.study)
    return sorted(context.study.arms, key=lambda arm: arm != reference)


def by_arm(context: Context, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the arm in the order of a comparison."""
    import pandas as pd

    return rows.assign(arm=rows["arm"].astype(pd.CategoricalDtype(arm_order(context))))
