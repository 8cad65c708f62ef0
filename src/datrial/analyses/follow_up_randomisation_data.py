"""What each allocated person had in the first months after the allocation, and who had contact."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datrial.analyses.arms import contrast
from datrial.analyses.follow_up_rates_data import (
    DAYS_PER_YEAR,
    Followed,
    baseline_of,
    spells,
    with_baseline,
)
from datrial.analyses.follow_up_times_data import COMPARED, MONTH, times_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from datrial.analyses.base import Context
    from datrial.analyses.follow_up_rates_data import OutcomeName

#: Schemes that draw at each meeting for as many places as there were.
_BY_MEETING = {"imported", "capacity_lottery"}
RATE, STRATUM, RECEIVED, SIDE = "per_year", "stratum", "received", "side"


@dataclass(frozen=True)
class Allocated:
    """One outcome of everybody, as a rate of his own.

    Attributes
    ----------
    people
        person_id, site, arm, side, stratum, per_year (events per year observed since the
        allocation), log_baseline, received (1, 0 or not known); one row a person observed.
    reference
        The side with which the other is compared.
    nothing
        Why the arms cannot be compared, or nothing.
    warning
        What is missing from the numbers; mostly nothing.
    """

    of: Followed
    people: pd.DataFrame = field(repr=False)  # holds rows, which no log may show
    reference: str
    nothing: str
    warning: str

    @property
    def covariates(self) -> list[str]:
        """What was known before: the baseline where the source tells it, sites if several."""
        people = self.people
        found = ["log_baseline"] if people["log_baseline"].nunique() > 1 else []
        return found + (["site"] if people["site"].nunique() > 1 else [])


def allocated(context: Context, name: OutcomeName, sites: Iterable[str], months: int) -> Allocated:
    """Return everybody's rate of an outcome in the first months after the allocation."""
    times, baseline = times_of(context, name, sites), baseline_of(context)
    end = round(months * MONTH)
    rows = times.all[times.all["start"] < end]
    # A stretch that goes on beyond the end has its event after it.
    within = rows.assign(
        days=rows["stop"].clip(upper=end) - rows["start"],
        count=rows["count"].where(rows["stop"] <= end, 0.0),
    )
    totals = within.groupby("person_id")[["days", "count"]].sum()
    people = times.of.people.merge(totals, left_on="person_id", right_index=True)
    people[RATE] = people["count"] / (people["days"] / DAYS_PER_YEAR)
    before = with_baseline(spells(context, times.of), baseline)
    known = before.groupby("person_id")["log_baseline"].first()
    first, _, reference = contrast(context.study).partition(" against ")
    people[SIDE] = people[COMPARED].map({1.0: first, 0.0: reference})
    people["log_baseline"] = people["person_id"].map(known)
    people[RECEIVED] = people["person_id"].map(_contact(context))
    told = [times.of.warning, _not_whole(times.of, people, end), _scheme(context)]
    warning = "; ".join(filter(None, told))
    return Allocated(times.of, people, reference, times.nothing, warning)


def _not_whole(of: Followed, people: pd.DataFrame, end: int) -> str:
    """Return how many are not observed for all these days."""
    never, partly = len(of.people) - len(people), int((people["days"] < end).sum())
    told = []
    if partly:
        told.append(f"{partly} people observed for a part of the time")
    if never:
        told.append(f"{never} observed on no day of it left out")
    return "; ".join(told)


def _scheme(context: Context) -> str:
    """Return the warning where the allocation was no draw at each meeting."""
    rows = context.connection.execute("select distinct scheme from ledger.allocation").fetchall()
    others = sorted({str(scheme) for (scheme,) in rows if scheme is not None} - _BY_MEETING)
    if not others:
        return ""
    return (
        f"allocated by {', '.join(others).replace('_', ' ')}, which does not draw at each meeting: "
        "drawing again within site and meeting is an approximation"
    )


def _contact(context: Context) -> dict[str, float]:
    """Return person -> whether a case manager had direct contact with him; not known is absent.

    Whoever has none recorded had none, where case management sent who was contacted at all.
    """
    rows = context.connection.execute(
        """
        select
            member.person_id,
            coalesce(bool_or(engagement.direct_contact = 'yes'), false) as received
        from cohort.member as member
        left join staging.cms_engagement as engagement
            on member.person_id = engagement.perpetrator_id
        where member.site in (select site from staging.cms_engagement)
        group by member.person_id
        """
    ).fetchall()
    return {person: float(received) for person, received in rows}


def warnings_of(fit: Any) -> Iterator[str]:
    """Give what to know of a fit's people and draws."""
    if fit.n_strata_one_arm:
        yield (
            f"{fit.n_strata_one_arm} meetings ({fit.n_people_one_arm} people) with one arm only "
            "left out"
        )
    if fit.n_filled:
        yield f"{fit.n_filled} people without a baseline, filled"
    if fit.n_left_out:
        yield f"{fit.n_left_out} people of whom contact is not known left out"
    if getattr(fit, "n_without_statistic", 0):
        yield f"{fit.n_without_statistic} draws without a statistic count as extreme"
    if getattr(fit, "weak", False):
        yield "contact hardly differs between the arms (F below 10)"
