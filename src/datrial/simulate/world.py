"""The whole world, in the order of life: one seed, one world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from datrial.config.study import Study
from datrial.errors import UsageError
from datrial.simulate.allocation import Allocation, allocate, close
from datrial.simulate.behaviour import Behaviours, behaviours_of
from datrial.simulate.casework import actions, engagement
from datrial.simulate.insights import Insights, forms
from datrial.simulate.marac import hearings_after_index
from datrial.simulate.needs import Needs, needs_of
from datrial.simulate.people import (
    ALLOCATED,
    Hearings,
    People,
    hearings_never_allocated,
    hearings_up_to_index,
    make_people,
    plan_meetings,
)
from datrial.simulate.police import requested
from datrial.simulate.randomness import Array
from datrial.simulate.risk import RiskForms, risk_forms
from datrial.simulate.service_users import ServiceUsers, service_users
from datrial.simulate.severity import TrueSeverity, true_severity


@dataclass
class SiteWorld:
    """One site: its people, their arms, every hearing, and whom the police were asked about."""

    people: People
    allocation: Allocation
    hearings: Hearings
    asked: dict[str, Array]


@dataclass
class World:
    """Everything that happened, before any agency wrote it down."""

    study: Study
    seed: int
    scale: int
    sites: list[SiteWorld]
    severity: TrueSeverity
    insights: Insights
    users: ServiceUsers
    needs: Needs
    behaviours: Behaviours
    risk: RiskForms
    engagement: dict[str, Array]
    actions: dict[str, Array]


def make_world(study: Study, seed: int, scale: int, progress: Callable[[str], None]) -> World:
    """Return the world of a seed.

    Raises
    ------
    UsageError
        If the study's sites are not those that the simulator knows.
    """
    if set(study.sites) != set(ALLOCATED):
        raise UsageError(
            f"Study {study.study!r}: the simulator knows the sites {', '.join(ALLOCATED)} only."
        )
    heard = []
    for number, key in enumerate(ALLOCATED, start=1):
        progress(f"{key}: hearings and allocation")
        people = make_people(plan_meetings(study, key, number, seed, scale), seed)
        before = hearings_up_to_index(people, seed)
        heard.append((people, allocate(people, study.seed, seed, scale), before))
    cases = [(people, allocation) for people, allocation, _ in heard]
    close(cases, seed, scale)
    sites = [_site(*each, seed) for each in heard]
    progress("victims-survivors and service users")
    references = np.concatenate([people.reference for people, _ in cases])
    severity = true_severity(references, seed)
    insights = forms(cases, severity, seed, scale)
    users = service_users(cases, insights.engaged, seed, scale)
    needs = needs_of(len(users.in_analysis), seed, scale)
    needs_yes = (needs.answers["midpoint"] == "yes").astype(int)
    engaged = engagement(users, needs_yes, seed, scale)
    return World(
        study=study,
        seed=seed,
        scale=scale,
        sites=sites,
        severity=severity,
        insights=insights,
        users=users,
        needs=needs,
        behaviours=behaviours_of(users, severity, seed, scale),
        risk=risk_forms(users, seed, scale),
        engagement=engaged,
        actions=actions(users, engaged["direct_contact"], seed, scale),
    )


def _site(people: People, allocation: Allocation, before: Hearings, seed: int) -> SiteWorld:
    after = hearings_after_index(people, allocation, before, seed)
    never = hearings_never_allocated(people, seed)
    hearings = Hearings.join([before, after, never])
    return SiteWorld(people, allocation, hearings, requested(people, allocation, seed))


def assessed_on(users: ServiceUsers, time_point: str, rng: np.random.Generator) -> Array:
    """Return the days on which forms of a time point were completed."""
    members = users.in_analysis
    start, end = users.start[members], users.end[members]
    length = (end - start).astype(int)
    share = {"intake": 0.0, "midpoint": 0.5, "closure": 1.0}[time_point]
    jitter = rng.integers(0, 15, size=len(members))
    signed = jitter if time_point == "intake" else -jitter
    days: Array = start + np.maximum(np.round(share * length).astype(int) + signed, 0)
    return days
