"""The cohort that Restart's report would like: cases of an authority without Restart, invented.

Every effect is put in as a count, so that a comparison can be held against it: fewer people sent
to a programme and fewer rated as improved, the same ages, ethnic groups and severity of abuse.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import numpy as np

from datrial.simulate.randomness import Array, assign, counts_of
from datrial.simulate.services import restart_margins as printed
from datrial.simulate.services.restart_clients import (
    ENGAGED,
    FINISHED,
    later,
    only,
    some,
    told,
)
from datrial.simulate.services.restart_forms import ratings, severity

if TYPE_CHECKING:
    from datrial.simulate.services.service import Records

#: Its site in a study file that lists it.
SITE: Final = "comparison_authority"
TOTAL: Final = 150
STATES: Final = {"completed": 60, "stopped_engaging": 55, "not_taken_on": 15, "open": 20}
ONWARD: Final = {"group_programme": 15, "none": 45}
PROTECTION: Final = {
    "child_protection_plan": 54,
    "child_in_care": 12,
    "neither": 44,
    "dont_know": 40,
}
#: As with Restart: 57%, 33% and 10% of those known.
SEVERITY: Final = {"standard": 51, "moderate": 30, "high": 9, "dont_know": 20}
#: Cases with an answer, and improved ones.
OUTCOMES: Final = {
    "potential": (44, 20), "wellbeing": (44, 24), "ability": (44, 18), "motivation": (44, 16),
}  # fmt: skip
EMPTY_FORMS: Final = 6


def cases(rng: np.random.Generator, copy: int) -> Records:
    """Return its case list in the columns of the staging table, and each case's state."""
    first, last = printed.PERIODS[0][0], printed.PERIODS[-1][1]
    length = (last - first).days
    days = np.sort(rng.integers(0, length + 1, TOTAL))
    referred = np.array([first + dt.timedelta(days=int(day)) for day in days], dtype=object)
    # The latest are still open.
    last_ones = np.arange(TOTAL) >= TOTAL - STATES["open"]
    state = np.full(TOTAL, "open", dtype=object)
    ended = {name: number for name, number in STATES.items() if name != "open"}
    state[~last_ones] = assign(rng, ended)
    taken_on = state != "not_taken_on"
    accepted = later(referred, rng.integers(2, 15, TOTAL))
    closed = later(accepted, rng.integers(40, 180, TOTAL))
    onward = np.full(TOTAL, None, dtype=object)
    onward[state == "completed"] = assign(rng, ONWARD)
    number = range(copy * TOTAL + 1, (copy + 1) * TOTAL + 1)
    return {
        "client_id": np.array([f"LCS{each:06d}" for each in number], dtype=object),
        "site": np.full(TOTAL, SITE, dtype=object),
        "referred_on": referred,
        "referred_by": assign(
            rng, {"childrens_social_care": 88, "front_door": 40, "early_help": 22}
        ),
        "accepted_on": only(taken_on, accepted),
        "closed_on": only(state != "open", closed),
        "closure_reason": only(state != "open", state),
        "engaged": told(state, ENGAGED),
        "completed": told(state, FINISHED),
        "onward_referral": onward,
        "age": _ages(rng),
        "sex": assign(rng, {"female": 12, "male": TOTAL - 12}),
        "ethnicity": _like_restart(rng),
        "children_count": rng.choice(
            np.array([1, 2, 3, 4], dtype=object), size=TOTAL, p=[0.36, 0.38, 0.18, 0.08]
        ),
        "child_protection": assign(rng, PROTECTION),
        "state": state,
    }


def _ages(rng: np.random.Generator) -> Array:
    """Return ages with the bands of Restart's Table 17."""
    numbers = counts_of([number for _, _, number in printed.AGES], TOTAL)
    years = [
        int(age)
        for (first, last, _), number in zip(printed.AGES, numbers, strict=True)
        for age in rng.integers(first, last + 1, int(number))
    ]
    return np.array(years, dtype=object)[rng.permutation(TOTAL)]


def _like_restart(rng: np.random.Generator) -> Array:
    numbers = counts_of(list(printed.ETHNICITY.values()), TOTAL)
    return assign(rng, {code: int(n) for code, n in zip(printed.ETHNICITY, numbers, strict=True)})


def grids(rng: np.random.Generator, people: Records) -> Records:
    """Return the severity grids that its workers filled in with the partner."""
    rows = some(rng, np.arange(TOTAL), sum(SEVERITY.values()))
    return severity(rng, people, "victim_survivor", rows, SEVERITY)


def outcomes(rng: np.random.Generator, people: Records) -> Records:
    """Return its ratings of change at the closing review."""
    cases_with_answers = OUTCOMES["potential"][0]
    return ratings(rng, people, "service_user_outcomes", cases_with_answers, OUTCOMES, EMPTY_FORMS)
