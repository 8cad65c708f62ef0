"""Referrals, how far each went, and the cells of how many did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datrial.analyses.base import Parameters
from datrial.analyses.cohorts import DIFFERENCE, SHARE_DIFFERENCE, Cohorts, cohorts, few, not_sent
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context

#: The code that says: asked, and there was none.
NONE = "none"
#: Stage -> what people read, and the columns of which one must be filled for it to be known.
STAGES = {
    "referred": ("Referred", ("person_id",)),
    "suitable": ("Found suitable", ("is_suitable",)),
    "consulted": ("Consultation held", ("consulted_on",)),
    "assessed": ("Assessed", ("assessed_on",)),
    "accepted": ("Accepted", ("accepted_on",)),
    "started": ("Started", ("started_on",)),
    "engaged": ("Engaged", ("is_engaged",)),
    "completed": ("Completed", ("is_completed",)),
    "onward": ("Completed and referred on", ("is_completed", "onward_referral")),
}
SHARES = ("count", "share", "ci_low", "ci_high")
NOBODY = "nobody was referred"
#: The row of all sites.
ALL = "all"


class ReferralPathwayParameters(Parameters):
    """Parameters of the referral pathway.

    Attributes
    ----------
    until
        Day of a monitoring table: what was known on it. None: no such table.
    periods
        First days of the periods in which referrals are counted. None: calendar quarters.
    onward_programmes
        Codes of ``onward_referral`` that count as referred on. None: all of them.
    services
        Codes of ``activity`` that are a referral of a client to another service. None: such
        referrals are not counted.
    accommodated
        Codes of ``accommodation`` that the service itself provides. None: all of them.
    consultations
        Codes of ``activity`` that are counted by site as consultations.
    courses
        Courses of which attendance is counted by site. None: all of them.
    """

    until: dt.date | None = None
    periods: tuple[dt.date, ...] = ()
    onward_programmes: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    accommodated: tuple[str, ...] = ()
    consultations: tuple[str, ...] = ()
    courses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Referrals:
    """All referrals of a study.

    Attributes
    ----------
    frame
        One row per referral; beside what the mart says a column of yes or no for each stage.
    reason
        Why nothing is known of them; nothing where an extract was received.
    """

    context: Context
    cohorts: Cohorts
    frame: pd.DataFrame
    reason: str

    @property
    def people(self) -> pd.DataFrame:
        """One row per person: each stage that any of his referrals reached."""
        return self.frame.groupby("person_id", as_index=False).agg(
            {"arm": "first", **dict.fromkeys(STAGES, "any")}
        )

    @property
    def nothing(self) -> dict[str, str]:
        """Arm -> why no referral is known, where no extract was received."""
        return dict.fromkeys(self.cohorts.labels, self.reason) if self.reason else {}

    def unknown(self, *columns: str) -> dict[str, str]:
        """Return arm -> why these columns tell nothing of its referrals, where that is so."""
        return self._where(lambda rows: bool(rows[list(columns)].notna().any().all()))

    def unknown_any(self, *columns: str) -> dict[str, str]:
        """Return arm -> why none of these columns tells anything, where that is so."""
        return self._where(lambda rows: bool(rows[list(columns)].notna().any().any()))

    def _where(self, is_known: Any) -> dict[str, str]:
        reasons = {}
        for arm, rows in self.cohorts.split(self.frame):
            if self.reason or rows.empty:
                reasons[arm] = self.reason or NOBODY
            elif not is_known(rows):
                reasons[arm] = "no referral has it recorded"
        return reasons


def referrals_of(context: Context, parameters: ReferralPathwayParameters) -> Referrals:
    """Read the referrals with the stages that each reached."""
    frame = context.connection.execute(
        "select * from marts.referral_path order by person_id, referral_number"
    ).df()
    frame = frame.assign(**{stage: reached(frame, stage, parameters) for stage in STAGES})
    return Referrals(context, cohorts(context.study), frame, not_sent(context, "referral"))


def reached(frame: pd.DataFrame, stage: str, parameters: ReferralPathwayParameters) -> pd.Series:
    """Return whether each referral is recorded to have reached a stage."""
    if stage == "onward":
        programme = is_kind(frame["onward_referral"], parameters.onward_programmes)
        return frame["is_completed"].eq(True).fillna(False).astype(bool) & programme
    column = STAGES[stage][1][0]
    if column.startswith("is_"):
        return frame[column].eq(True).fillna(False).astype(bool)
    return frame[column].notna()


def is_kind(codes: pd.Series, wanted: tuple[str, ...]) -> pd.Series:
    """Return which codes are one of those wanted; without any, all that are not ``none``."""
    if wanted:
        return codes.isin(list(wanted))
    return codes.notna() & ~codes.isin([NONE, "not_applicable", "dont_know"])


def tally(of: Referrals, rows: pd.DataFrame, mark: pd.Series) -> dict[str, tuple[int, int]]:
    """Return arm -> (rows that are marked, its rows)."""
    return {
        arm: (int(mark[own.index].fillna(False).sum()), len(own))
        for arm, own in of.cohorts.split(rows)
    }


def add_shares(
    of: Referrals,
    table: Table,
    row: str,
    counts: Mapping[str, tuple[int, int]],
    reasons: Mapping[str, str],
) -> None:
    """Add how many of how many by arm, with their difference; absent in an arm with a reason.

    Statistics: those of :meth:`~datrial.analyses.cohorts.Cohorts.add_shares`.
    """
    from datrial.models import single_proportion

    if not reasons:
        of.cohorts.add_shares(table, row, counts)
        return
    for arm in of.cohorts.labels:
        count, n = counts.get(arm, (0, 0))
        if arm in reasons or not n:
            reason = reasons.get(arm) or "there is nobody of whom it could be told"
            table.absent_all([row], [arm], SHARES, reason)
            continue
        share = single_proportion(count, n).share
        values = (count, share.estimate, share.ci_low, share.ci_high)
        for statistic, value in zip(SHARES, values, strict=True):
            table.add(row, arm, statistic, value, n=n, warning=few(n))
    if DIFFERENCE in table.column_labels:
        why = " ".join(dict.fromkeys(reasons.values()))
        table.absent_all([row], [DIFFERENCE], (SHARE_DIFFERENCE, "ci_low", "ci_high"), why)


def add_count(
    of: Referrals, table: Table, row: str, counts: Mapping[str, int], reasons: Mapping[str, str]
) -> None:
    """Add a count by arm; absent in an arm with a reason."""
    for arm in of.cohorts.labels:
        if arm in reasons:
            table.absent(row, arm, "count", reasons[arm])
        else:
            table.add(row, arm, "count", counts.get(arm, 0))


def sites_of(of: Referrals) -> dict[str, str]:
    """Return the rows of a table by site: the sites, where there are several, and all."""
    sites = of.context.study.sites
    own = {key: site.label for key, site in sites.items()} if len(sites) > 1 else {}
    return {**own, ALL: "All"}


def of_site(frame: pd.DataFrame, site: str) -> pd.DataFrame:
    """Return the rows of a site, or of all."""
    return frame if site == ALL else frame[frame["site"] == site]
