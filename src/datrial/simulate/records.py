"""What each agency records of the world: its files' rows in our columns and codes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from datrial.simulate import layouts, marac, police
from datrial.simulate.days import day
from datrial.simulate.needs import NEEDS, TIME_POINTS
from datrial.simulate.randomness import Array, generator
from datrial.simulate.risk import ITEMS, added_up
from datrial.simulate.severity import BEHAVIOURS
from datrial.simulate.sheets import Sheet, dress
from datrial.simulate.world import World, assessed_on

Records = dict[str, Array]


def all_records(world: World) -> list[tuple[layouts.Layout, Records]]:
    """Return what every agency knows, in our columns and codes, beside how it writes it."""
    pairs: list[tuple[layouts.Layout, Records]] = [
        (layouts.ALLOCATION_LIST, _allocation_list(world)),
        (layouts.MEETING_CAPACITY, _capacity(world)),
        (layouts.POLICE_REQUEST, _police_request(world)),
    ]
    for site in world.sites:
        key = site.people.site.key
        cases = marac.case_list(site.people, site.hearings, world.seed)
        incidents = police.incidents(
            site.people, site.allocation, site.asked, world.seed, world.scale
        )
        pairs += [(layouts.MARAC[key], cases), (layouts.POLICE[key], incidents)]
    pairs += [
        (layouts.INSIGHTS_INTAKE, world.insights.intake),
        (layouts.INSIGHTS_EXIT, world.insights.exit),
        (layouts.CMS_SERVICE_USER, _service_users(world)),
        (layouts.CMS_NEED, _needs(world)),
        (layouts.CMS_BEHAVIOUR, _behaviours(world)),
        (layouts.CMS_RISK_ITEM, _risk_items(world)),
        (layouts.CMS_ACTION, _actions(world)),
        (layouts.CMS_ENGAGEMENT, _engagement(world)),
    ]
    return pairs


def all_sheets(world: World) -> list[Sheet]:
    """Return every sheet of every agency, clean, where agencies share their references."""
    return [dress(layout, records, world.seed) for layout, records in all_records(world)]


def _stack(parts: list[Records]) -> Records:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _allocation_list(world: World) -> Records:
    parts = []
    for site in world.sites:
        people = site.people
        rows = np.flatnonzero(site.allocation.arm != "")
        rng = generator(world.seed, "allocation list", people.site.key)
        rows = rows[np.lexsort((rng.random(len(rows)), people.index[rows]))]
        parts.append(
            {
                "site": np.full(len(rows), people.site.key, dtype=object),
                "perpetrator_id": people.reference[rows],
                "meeting_date": people.index[rows].astype(object),
                "arm": site.allocation.arm[rows],
            }
        )
    return _stack(parts)


def _capacity(world: World) -> Records:
    parts = []
    for each in world.sites:
        site = each.people.site
        held = site.meetings[site.in_window]
        parts.append(
            {
                "site": np.full(len(held), site.key, dtype=object),
                "meeting_date": held.astype(object),
                "places": site.places[site.in_window].astype(object),
            }
        )
    return _stack(parts)


def _police_request(world: World) -> Records:
    """Return whom the police were asked about, arms mixed, site by site."""
    parts = []
    for site in world.sites:
        asked = np.concatenate(list(site.asked.values()))
        rng = generator(world.seed, "police request list", site.people.site.key)
        rng.shuffle(asked)
        on = np.full(len(asked), day(police.REQUESTED_ON))
        parts.append(
            {
                "site": np.full(len(asked), site.people.site.key, dtype=object),
                "perpetrator_id": site.people.reference[asked],
                "request_number": np.full(len(asked), 1, dtype=object),
                "requested_on": on.astype(object),
            }
        )
    return _stack(parts)


def _service_users(world: World) -> Records:
    users = world.users
    closed = users.end.astype(object)
    closed[~users.completed] = None
    return {
        "site": users.site,
        "perpetrator_id": users.reference,
        "start_date": users.start.astype(object),
        "closure_date": closed,
        **users.profile,
    }


def _forms(world: World, name: str, answers: Callable[[str], tuple[Array, Records]]) -> Records:
    """Return forms of three time points, person by person.

    ``answers`` gives for a time point the positions (among those who completed)
    of the people with a form, and the answers of these.
    """
    users = world.users
    members = users.in_analysis
    parts = []
    for number, time_point in enumerate(TIME_POINTS):
        rng = generator(world.seed, "cms", "days of forms", name, time_point)
        days = assessed_on(users, time_point, rng)
        people, given = answers(time_point)
        parts.append(
            {
                "site": users.site[members][people],
                "perpetrator_id": users.reference[members][people],
                "time_point": np.full(len(people), time_point, dtype=object),
                "assessed_on": days[people].astype(object),
                "position": people * len(TIME_POINTS) + number,
                **given,
            }
        )
    records = _stack(parts)
    order = np.argsort(records["position"], kind="stable")
    return {column: values[order] for column, values in records.items()}


def _needs(world: World) -> Records:
    def answers(time_point: str) -> tuple[Array, Records]:
        people = world.needs.present[time_point]
        given = world.needs.answers[time_point][people]
        levels = world.needs.levels[time_point][people]
        answered = {need: given[:, column] for column, need in enumerate(NEEDS)}
        return people, answered | {
            f"{need}_level": levels[:, column] for column, need in enumerate(NEEDS)
        }

    return _forms(world, "needs", answers)


def _behaviours(world: World) -> Records:
    def answers(time_point: str) -> tuple[Array, Records]:
        people = world.behaviours.present[time_point]
        levels = world.behaviours.levels[time_point]
        return people, {behaviour: levels[behaviour][people] for behaviour in BEHAVIOURS}

    return _forms(world, "behaviours", answers)


def _risk_items(world: World) -> Records:
    def answers(time_point: str) -> tuple[Array, Records]:
        given = world.risk.answers[time_point]
        items = {f"item_{n + 1:02d}": given[:, n] for n in range(ITEMS)}
        return world.risk.people, {**items, "score": added_up(given, world.seed, time_point)}

    return _forms(world, "drive-dash", answers)


def _actions(world: World) -> Records:
    users, position = world.users, world.actions["position"]
    return {
        "site": users.site[position],
        "perpetrator_id": users.reference[position],
        **{name: values for name, values in world.actions.items() if name != "position"},
    }


def _engagement(world: World) -> Records:
    members = world.users.in_analysis
    return {
        "site": world.users.site[members],
        "perpetrator_id": world.users.reference[members],
        **world.engagement,
    }
