"""What followed completed referrals, and what was known on a day of the service's monitoring."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

from datrial.analyses.cohorts import not_sent, terms
from datrial.analyses.referral_pathway_data import (
    NONE,
    ReferralPathwayParameters,
    Referrals,
    add_count,
    add_shares,
    is_kind,
    tally,
)
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

Mark = Callable[["pd.DataFrame"], "pd.Series"]
_WEEKS = ("mean", "sd", "ci_low", "ci_high")


def onward_table(of: Referrals, parameters: ReferralPathwayParameters) -> Table:
    """Return where completed referrals were referred on to."""
    table = Table(
        "referral_pathway.onward",
        "Onward referral of completed cases",
        "Counts completed referrals. The rows of those referred on: of these only. None: none is "
        "recorded. Other services: by the client; of somebody with several completed referrals, "
        f"each. 95% intervals: Wilson.{of.cohorts.note}",
        ("R-N1",),
    )
    of.cohorts.name_columns(table)
    done = of.frame[of.frame["completed"]]
    found = [str(code) for code in of.frame["onward_referral"].dropna().unique()]
    kinds = terms(of.context.study, "onward_referral", found)
    kinds.pop(NONE, None)
    unknown = of.unknown("is_completed", "onward_referral")
    programmes = parameters.onward_programmes or tuple(kinds)
    on = done[done["onward"]]
    _row(of, table, "any", "Referred on to a programme", done, unknown, lambda f: f["onward"])
    for code, label in kinds.items():
        is_it = _is(code)
        _row(of, table, f"kind__{code}", f"Referred on: {label}", done, unknown, is_it)
    _row(of, table, NONE, "No onward referral recorded", done, unknown,
         lambda f: ~is_kind(f["onward_referral"], ()))  # fmt: skip
    if parameters.services:
        sent_on, missing = _with_activity(of, parameters.services)
        _row(of, table, "services", "Referred to other services besides", done,
             of.unknown("is_completed") | missing,
             lambda f: f["person_id"].isin(sent_on))  # fmt: skip
    for code in programmes if len(programmes) > 1 else ():
        label = f"Of those referred on: {kinds.get(code, code.replace('_', ' '))}"
        _row(of, table, f"of_any__{code}", label, on, unknown, _is(code))
    return table


def _with_activity(of: Referrals, kinds: tuple[str, ...]) -> tuple[list[str], dict[str, str]]:
    """Return the clients with an activity of some kinds, and why that is not known, by arm."""
    rows = of.context.connection.execute(
        "select client_id, bool_or(list_contains($1::varchar[], activity)) "
        "from staging.service_activity where client_id is not null group by client_id",
        [list(kinds)],
    ).fetchall()
    reason = not_sent(of.context, "service_activity")
    known = [client for client, _ in rows]
    missing = {
        arm: reason or "no activity is recorded of any client"
        for arm, own in of.cohorts.split(of.frame)
        if reason or not own["person_id"].isin(known).any()
    }
    return [client for client, is_kind_wanted in rows if is_kind_wanted], missing


def _is(code: str, column: str = "onward_referral") -> Mark:
    return lambda frame: frame[column].eq(code)


def _row(
    of: Referrals,
    table: Table,
    row: str,
    label: str,
    base: pd.DataFrame,
    unknown: dict[str, str],
    mark: Mark,
) -> None:
    """Add how many of some referrals are marked, by arm."""
    table.row(row, label)
    add_shares(of, table, row, tally(of, base, mark(base)), unknown)


def monitoring_table(of: Referrals, parameters: ReferralPathwayParameters, until: dt.date) -> Table:
    """Return what was known of the referrals until a day, at its end."""
    day = f"{until.day} {until:%B %Y}"
    table = Table(
        "referral_pathway.monitoring",
        f"Referrals and monitoring until {day}",
        f"Counts referrals made until {day}, and what had happened to them by then; what has no "
        "date of its own (suitability, accommodation, onward referral) as recorded since. "
        "Referrals, suitable, unsuitable, consultation, start, accommodation found and area: of "
        "all these referrals. Engaged, completed and stopped: of those started. Need: of those "
        "of which it is known. Referred on: of those completed, to a programme; other onward "
        "referral: of all these referrals, to anything. Weeks: from start to end, of those that "
        "had ended.",
        ("E-N1",),
    )
    of.cohorts.name_columns(table, difference=False)
    made = of.frame[of.frame["referred_on"] <= f"{until}"]
    started = made[made["started_on"] <= f"{until}"]
    closed = made["closed_on"] <= f"{until}"
    done = made[closed & made["completed"]]
    needs = made[made["needs_accommodation"].notna()]
    table.row("referrals", "Referrals received")
    add_count(of, table, "referrals", of.cohorts.by_arm(made, len), of.unknown("person_id"))
    for row, label, base, columns, mark in (
        ("suitable", "Suitable", made, ("is_suitable",), lambda f: f["is_suitable"].eq(True)),
        ("unsuitable", "Unsuitable", made, ("is_suitable",), lambda f: f["is_suitable"].eq(False)),
        ("consulted", "Consultation held", made, ("consulted_on",),
         lambda f: f["consulted_on"] <= f"{until}"),
        ("started", "Started", made, ("started_on",), lambda f: f["started_on"] <= f"{until}"),
        ("engaged", "Engaging, or completed", started, ("started_on", "is_engaged"),
         lambda f: ~_stopped(f, closed)),
        ("completed", "Completed", started, ("started_on", "is_completed", "closed_on"),
         lambda f: f["completed"] & closed[f.index]),
        ("stopped", "Stopped before the planned end", started,
         ("started_on", "is_engaged", "is_completed", "closed_on"), lambda f: _stopped(f, closed)),
        ("need", "Has an accommodation need", needs, ("needs_accommodation",),
         lambda f: f["needs_accommodation"].eq(True)),
        ("accommodated", "Accommodation found by the service", made, ("accommodation",),
         lambda f: is_kind(f["accommodation"], parameters.accommodated)),
        ("any_onward", "Onward referral of any kind", made, ("onward_referral",),
         lambda f: is_kind(f["onward_referral"], ())),
        ("onward", "Completed and referred on to a programme", done,
         ("is_completed", "onward_referral"), lambda f: f["onward"]),
    ):  # fmt: skip
        _row(of, table, row, label, base, of.unknown(*columns), mark)
    _areas(of, table, made)
    _weeks(of, table, made[closed])
    return table


def _stopped(frame: pd.DataFrame, closed: pd.Series) -> pd.Series:
    return closed[frame.index] & frame["outcome"].eq("stopped")


def _areas(of: Referrals, table: Table, made: pd.DataFrame) -> None:
    """Add the referrals by the area where the client lives."""
    found = [str(code) for code in of.frame["area"].dropna().unique()]
    for code, label in terms(of.context.study, "area", found).items():
        _row(of, table, f"area__{code}", f"Area: {label}", made, of.unknown("area"),
             _is(code, "area"))  # fmt: skip


def _weeks(of: Referrals, table: Table, ended: pd.DataFrame) -> None:
    """Add how many weeks those that had ended took."""
    table.row("weeks", "Weeks from start to end")
    days = (ended["closed_on"] - ended["started_on"]).dt.days
    weeks = ended.assign(weeks=(days / 7).where(days >= 0))
    of.cohorts.add_means(
        table, "weeks", of.cohorts.by_arm(weeks, lambda own: own["weeks"].dropna()),
    )  # fmt: skip
