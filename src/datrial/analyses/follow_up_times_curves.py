"""The tables of curves: who has had an event by a month, and how many events there were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datrial.analyses.arms import contrast
from datrial.analyses.follow_up_rates_data import WHOM
from datrial.analyses.follow_up_times_data import COMPARED, MONTH, Times, by_arm
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context

SHARE = ("probability", "ci_low", "ci_high", "at_risk", "people")
MEAN = ("mean", "ci_low", "ci_high", "at_risk")
DIFFERENCE = ("difference", "bse", "p_value", "ci_low", "ci_high")
_ONE = "estimate"
_TOO_LATE = "nobody of this arm is observed for so long"
_NO_EVENT = "no event so far: there is no interval"


@dataclass
class Curves:
    """The tables of Kaplan-Meier curves and mean cumulative functions.

    Attributes
    ----------
    months
        At which the curves are read.
    differences_at
        Months at which the arms' mean numbers are compared.
    mean_until
        Month until which the mean time without an event is taken.
    """

    context: Context
    months: Sequence[int]
    differences_at: Sequence[int]
    mean_until: int
    catalogue: tuple[str, ...]
    first: Table = field(init=False)
    restricted: Table = field(init=False)
    events: Table = field(init=False)
    differences: Table = field(init=False)

    def __post_init__(self) -> None:
        name = contrast(self.context.study)
        self.first = self._table(
            "first_event", "Share with a first event after the allocation, by month and arm",
            "Kaplan-Meier: one minus the share without an event. Who is at risk at a month: those "
            "observed then who have had no event. The first event is the first that was observed.",
        )  # fmt: skip
        self.restricted = self._table(
            "time_without_event", f"Days without an event in the first {self.mean_until} months",
            f"The mean, which is the area under the Kaplan-Meier curve until month "
            f"{self.mean_until}, and the difference of the arms. It needs no proportional hazards.",
        )  # fmt: skip
        self.events = self._table(
            "mean_events", "Mean number of events since the allocation, by month and arm",
            "Mean cumulative function: every event counts, not the first alone; errors are robust "
            "to the dependence of a person's events (Lawless and Nadeau).",
        )  # fmt: skip
        self.differences = self._table(
            "mean_difference", f"Difference of the mean numbers of events: {name}",
            "Events per person more (above 0) or fewer (below 0) by a month; the ratio of the "
            "means beside it.",
        )  # fmt: skip
        for table in (self.first, self.restricted, self.events):
            for arm, about in self.context.study.arms.items():
                table.column(arm, about.label)
        self.restricted.column(_ONE, f"Difference, {name}")
        self.differences.column(_ONE, f"Difference, {name}")

    @property
    def all(self) -> list[Table]:
        """The tables in order."""
        return [self.first, self.restricted, self.events, self.differences]

    def _table(self, name: str, title: str, note: str) -> Table:
        return Table(f"follow_up_times.{name}", title, f"{WHOM} {note}", self.catalogue)

    def add(self, times: Times) -> None:
        """Add an outcome."""
        label, name = times.of.outcome.label, times.of.name
        by_month = {f"{name}__month_{month}": month for month in self.months}
        for table in (self.first, self.events):
            for row, month in by_month.items():
                table.row(row, f"{label}, by month {month}")
        self.restricted.row(name, label)
        for month in self.differences_at:
            self.differences.row(f"{name}__month_{month}", f"{label}, by month {month}")
        self._add_first(times, by_month)
        self._add_restricted(times)
        self._add_events(times, by_month)
        self._add_differences(times)

    def _add_first(self, times: Times, by_month: dict[str, int]) -> None:
        """Add the shares with a first event, and who is at risk."""
        arms = list(self.context.study.arms)
        if times.nothing:
            self.first.absent_all(by_month, arms, SHARE, times.nothing)
            return
        curves = _kaplan_meier(by_arm(self.context, times.first), "arm")
        days = [month * MONTH for month in by_month.values()]
        found, numbers = curves.at(days), curves.risk_table(days)
        warning = " ".join(filter(None, (times.of.warning, *curves.notes)))
        for arm in arms:
            n = int(times.first.loc[times.first["arm"] == arm, "person_id"].nunique())
            for row, day in zip(by_month, days, strict=True):
                at, here = found.loc[(arm, day)], numbers.loc[(arm, day)]
                values = (1 - at["survival"], 1 - at["ci_high"], 1 - at["ci_low"])
                reason = _TOO_LATE if values[0] != values[0] else _NO_EVENT
                for statistic, value in zip(SHARE, values, strict=False):
                    _add(self.first, (row, arm, statistic), value, n, (day, warning, reason))
                self.first.add(row, arm, "at_risk", here["at_risk"], n=n)
                self.first.add(row, arm, "people", here["events"], n=n)

    def _add_restricted(self, times: Times) -> None:
        """Add the mean days without an event, and the difference."""
        arms, row, until = list(self.context.study.arms), times.of.name, self.mean_until * MONTH
        means = _kaplan_meier_or(times, lambda km: km.restricted_mean(until), "arm", self.context)
        difference = _kaplan_meier_or(
            times, lambda km: km.restricted_mean_difference(until), COMPARED, self.context
        )
        n = int(times.first["person_id"].nunique())
        if isinstance(means, str) or isinstance(difference, str):
            reason = means if isinstance(means, str) else str(difference)
            self.restricted.absent_all([row], arms, MEAN[:3], reason)
            self.restricted.absent_all([row], [_ONE], DIFFERENCE, reason)
            return
        for arm in arms:
            of_arm = int(times.first.loc[times.first["arm"] == arm, "person_id"].nunique())
            for statistic in MEAN[:3]:
                self.restricted.add(
                    row, arm, statistic, means.loc[arm, statistic], n=of_arm,
                    warning=times.of.warning, reason=_NO_EVENT,
                )  # fmt: skip
        for statistic in DIFFERENCE:
            self.restricted.add(
                row, _ONE, statistic, difference[statistic], n=n, warning=times.of.warning,
                reason="no event in either arm until then",
            )  # fmt: skip

    def _add_events(self, times: Times, by_month: dict[str, int]) -> None:
        """Add the mean numbers of events, and who is observed."""
        arms = list(self.context.study.arms)
        if times.nothing:
            self.events.absent_all(by_month, arms, MEAN, times.nothing)
            return
        days = [month * MONTH for month in by_month.values()]
        curves = _mean_function(by_arm(self.context, times.all), "arm")
        found = curves.at(days)
        warning = " ".join(filter(None, (times.of.warning, *curves.notes)))
        for arm in arms:
            rows = times.all[times.all["arm"] == arm]
            n = int(rows["person_id"].nunique())
            for row, day in zip(by_month, days, strict=True):
                at = found.loc[(arm, day)]
                reason = _TOO_LATE if at["mean"] != at["mean"] else _NO_EVENT
                for statistic in MEAN[:3]:
                    value = float(at[statistic])
                    _add(self.events, (row, arm, statistic), value, n, (day, warning, reason))
                # On the first day for the month 0: nobody is observed on the index date itself.
                here = max(day, 1.0)
                observed = int(((rows["start"] < here) & (rows["stop"] >= here)).sum())
                self.events.add(row, arm, "at_risk", observed, n=n)

    def _add_differences(self, times: Times) -> None:
        """Add the differences of the mean numbers at the months asked for."""
        rows = {f"{times.of.name}__month_{month}": month * MONTH for month in self.differences_at}
        statistics = (*DIFFERENCE, "ratio")
        if times.nothing:
            self.differences.absent_all(rows, [_ONE], statistics, times.nothing)
            return
        curves = _mean_function(times.all, COMPARED)
        found, n = curves.difference(list(rows.values())), int(times.all["person_id"].nunique())
        for row, day in rows.items():
            at = found.loc[day]
            reason = "no event so far" if at["difference"] == at["difference"] else _TOO_LATE
            for statistic in statistics:
                self.differences.add(
                    row, _ONE, statistic, at[statistic], n=n, warning=times.of.warning,
                    reason=reason,
                )  # fmt: skip


def _add(
    table: Table, at: tuple[str, str, str], value: float, n: int, told: tuple[float, str, str]
) -> None:
    """Add a number of a curve; on the day of the allocation there is no interval to give."""
    day, warning, reason = told
    if day == 0 and at[2].startswith("ci_"):
        table.absent(*at, "nothing can have happened yet", state=State.NOT_APPLICABLE, n=n)
        return
    table.add(*at, value, n=n, warning=warning, reason=reason)


def _kaplan_meier(rows: pd.DataFrame, group: str) -> Any:
    from datrial.models import kaplan_meier

    return kaplan_meier(rows["stop"], rows["event"], entry=rows["start"], group=rows[group])


def _kaplan_meier_or(
    times: Times, asked: Callable[[Any], Any], group: str, context: Context
) -> Any:
    """Return what is asked of the curves, or why it cannot be told."""
    from datrial.models import ModelDataError

    if times.nothing:
        return times.nothing
    try:
        return asked(_kaplan_meier(by_arm(context, times.first), group))
    except ModelDataError as error:
        return str(error)


def _mean_function(rows: pd.DataFrame, group: str) -> Any:
    from datrial.models import mean_cumulative_function

    return mean_cumulative_function(
        rows, start="start", stop="stop", event="count", person="person_id", group=group
    )
