"""What case managers did, and how service users engaged (report's Tables 5 to 7)."""

from __future__ import annotations

import numpy as np

from datrial.simulate.randomness import Array, assign, choose, generator, pick, spread
from datrial.simulate.service_users import ServiceUsers
from datrial.simulate.support_amounts import Printed, printed_days

#: Direct actions for each of the service users in direct contact; no median is printed.
DIRECT_ACTIONS = Printed(137, 79.5, 125, 15, 336)
#: Case management is exported into worksheets, of which one holds 1,048,576 rows. At scales
#: with more actions than fit, everybody has fewer in proportion.
MOST_ACTIONS = 950_000
#: Printed as 18% direct and 84% indirect work: as far from both.
SHARE_DIRECT = 0.17
INDIRECT = {"background_research": 0.13, "multi_agency": 0.26, "case_update": 0.60}
DIRECT = {"contact": 0.68, "direct_support": 0.21}
#: Behaviour-change sessions: 11% of direct work, with 36 service users only. They must have had
#: more direct work than others, and at most this share of it can be anything else than sessions.
BEHAVIOUR_CHANGE_SHARE, BEHAVIOUR_CHANGE_PEOPLE = 0.11, 36
OTHER_WORK_AT_LEAST = 0.2
#: Of those in contact, how many had direct support: not printed, but some had none.
DIRECT_SUPPORT_PEOPLE = 259
OBJECTIVE = {"disrupt": 0.32, "support": 0.10, "support_and_disrupt": 0.58}
AGENCY = {
    "background_research": {"police": 0.22, "idva": 0.20, "other": 0.20, "probation": 0.14,
                            "childrens_services": 0.12, "housing": 0.06, "mental_health": 0.06},
    "disrupt": {"police": 0.28, "idva": 0.20, "probation": 0.17, "childrens_services": 0.09,
                "housing": 0.05, "mental_health": 0.04, "other": 0.17},
    "support": {"probation": 0.17, "housing": 0.13, "mental_health": 0.13, "idva": 0.12,
                "police": 0.10, "childrens_services": 0.09, "other": 0.26},
    "support_and_disrupt": {"idva": 0.25, "probation": 0.19, "police": 0.18,
                            "childrens_services": 0.09, "housing": 0.05, "mental_health": 0.05,
                            "other": 0.19},
    "case_update": {"idva": 0.26, "police": 0.20, "probation": 0.17, "childrens_services": 0.11,
                    "housing": 0.06, "mental_health": 0.06, "other": 0.14},
}  # fmt: skip
#: Engagement of the 506; with 330 the case manager had direct contact.
ENGAGEMENT = {"engaged": 127, "partially_engaged": 34, "did_not_engage": 71,
              "no_contact_made": 268, "dont_know": 6}  # fmt: skip
DIRECT_CONTACT = 330
#: How much each need (in the order of NEEDS) raises the log odds of contact, roughly,
#: and of engaging rather than not once there is contact.
CONTACT_BY_NEED = (0.8, 0.5, 1.0, 0.2, 0.1, 0.8, 0.0, 0.4, 2.2, 0.4, 1.8, 0.8)
ENGAGED_BY_NEED = (-0.4, 0.0, 0.5, 0.3, 0.0, 0.9, -0.8, 0.0, 0.5, 0.0, 0.5, -0.5)


def engagement(users: ServiceUsers, needs_yes: Array, seed: int, scale: int) -> dict[str, Array]:
    """Return engagement and direct contact of those who completed.

    Both depend on the needs answered with yes at midpoint.
    """
    rng = generator(seed, "cms", "engagement")
    n = len(users.in_analysis)
    pull = needs_yes @ np.array(CONTACT_BY_NEED) + rng.logistic(0, 1.3, size=n)
    order = np.argsort(-pull, kind="stable")
    counts = {code: scale * number for code, number in ENGAGEMENT.items()}
    contacted = {code: counts[code] for code in ("engaged", "partially_engaged", "did_not_engage")}
    size = sum(contacted.values())
    leaning = rng.logistic(0, 1.3, size=size) - needs_yes[order[:size]] @ np.array(ENGAGED_BY_NEED)
    result = np.empty(n, dtype=object)
    result[order[:size]] = assign(rng, contacted, score=leaning)
    others = {code: counts[code] for code in ("no_contact_made", "dont_know")}
    result[order[size:]] = assign(rng, others)
    contact = np.full(n, "no", dtype=object)
    contact[order[: scale * DIRECT_CONTACT]] = "yes"
    return {"engagement": result, "direct_contact": contact}


def actions(users: ServiceUsers, direct_contact: Array, seed: int, scale: int) -> dict[str, Array]:
    """Return the actions of all cases, person by person in the order of their dates."""
    rng = generator(seed, "cms", "actions")
    members = users.in_analysis
    n = len(members)
    in_contact = np.flatnonzero(direct_contact == "yes")
    direct, of_direct = _direct(rng, in_contact, scale)
    n_indirect = round(len(direct) * (1 - SHARE_DIRECT) / SHARE_DIRECT)
    indirect = _shared_out(rng, np.arange(n), n_indirect, 4.0)
    person = np.concatenate([indirect, direct])
    action = np.concatenate([choose(rng, INDIRECT, len(indirect)), of_direct])
    objective = np.full(len(person), "not_applicable", dtype=object)
    multi = action == "multi_agency"
    objective[multi] = choose(rng, OBJECTIVE, int(multi.sum()))
    agency = np.full(len(person), "not_applicable", dtype=object)
    for kind, shares in AGENCY.items():
        rows = (action == kind) | (objective == kind)
        agency[rows] = choose(rng, shares, int(rows.sum()))
    start, end = users.start[members][person], users.end[members][person]
    # Background research comes early in a case.
    when = rng.random(len(person))
    early = action == "background_research"
    when[early] = rng.beta(0.6, 4.0, size=int(early.sum()))
    days = start + np.floor(when * (end - start).astype(int)).astype(int)
    work = np.full(len(person), "direct", dtype=object)
    work[: len(indirect)] = "indirect"
    order = np.lexsort((rng.random(len(person)), days, person))
    records = {
        "position": members[person], "action_date": days.astype(object), "work": work,
        "action": action, "objective": objective, "agency": agency,
    }  # fmt: skip
    return {name: values[order] for name, values in records.items()}


def _direct(rng: np.random.Generator, in_contact: Array, scale: int) -> tuple[Array, Array]:
    """Return the service user and the kind of each direct action."""
    number = rng.permutation(printed_days(DIRECT_ACTIONS, len(in_contact)))
    fitting = min(1.0, MOST_ACTIONS * SHARE_DIRECT / int(number.sum()))
    number = np.maximum(np.rint(fitting * number).astype(int), 1)
    sessions = np.zeros(len(number), dtype=int)
    changing = pick(rng, number.astype(float) ** 3, scale * BEHAVIOUR_CHANGE_PEOPLE)
    room = np.floor((1 - OTHER_WORK_AT_LEAST) * number[changing]).astype(int)
    total = round(BEHAVIOUR_CHANGE_SHARE * int(number.sum()))
    sessions[changing] = spread(rng, total, room.astype(float), room)
    person = np.repeat(np.arange(len(number)), number - sessions)
    # The share of direct support is that of all, so it is larger among those who had any.
    supported = np.zeros(len(number), dtype=bool)
    supported[pick(rng, np.ones(len(number)), scale * DIRECT_SUPPORT_PEOPLE)] = True
    share = DIRECT["direct_support"] / sum(DIRECT.values()) * len(person)
    share = share / int(supported[person].sum())
    support = supported[person] & (rng.random(len(person)) < share)
    kind = np.where(support, "direct_support", "contact").astype(object)
    person = np.concatenate([person, np.repeat(np.arange(len(number)), sessions)])
    change = np.full(int(sessions.sum()), "behaviour_change", dtype=object)
    return in_contact[person], np.concatenate([kind, change])


def _shared_out(rng: np.random.Generator, people: Array, total: int, shape: float) -> Array:
    """Return each action's service user; they differ by a gamma weight."""
    weights = rng.gamma(shape, size=len(people))
    return np.repeat(people, rng.multinomial(total, weights / weights.sum()))
