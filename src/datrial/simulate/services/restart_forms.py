"""Restart's forms: severity grids, checklists and ratings of change at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from datrial.simulate.randomness import Array, assign
from datrial.simulate.services import restart_margins as printed
from datrial.simulate.services.restart_clients import later, some

if TYPE_CHECKING:
    from datrial.simulate.services.service import Records

_LEVELS: Final = ("none", "standard", "moderate", "high")
_RATING: Final[dict[int | None, str]] = {
    None: "dont_know",
    2: "significant_improvement", 1: "slight_improvement", 0: "no_change",
    -1: "slight_deterioration", -2: "significant_deterioration",
}  # fmt: skip
#: Answers of a case that improved (1.0 or more on average), and of one that did not, by the
#: number of items of a domain; None: don't know.
IMPROVED: Final[dict[int, tuple[tuple[int | None, ...], ...]]] = {
    2: ((1, 1), (2, 1), (2, 2), (2, 0), (1, None)),
    3: ((1, 1, 1), (2, 1, 0), (2, 1, 1), (2, 2, None), (1, 1, None)),
}
NOT_IMPROVED: Final[dict[int, tuple[tuple[int | None, ...], ...]]] = {
    2: ((0, 0), (1, 0), (0, None), (-1, 0), (0, -1)),
    3: ((0, 0, 0), (1, 0, 0), (1, 1, 0), (-1, 0, None), (0, None, None)),
}
#: The 31 cases' answers on the potential to continue: 26 of 1.0 or more, 39 on average together.
_POTENTIAL: Final[dict[tuple[int | None, ...], int]] = {
    (2, 2): 12, (1, 1): 9, (2, 0): 2, (1, None): 2, (2, 1): 1, (1, 0): 2, (0, 1): 1, (0, 0): 1,
    (-1, -1): 1,
}  # fmt: skip
DOMAIN_ITEMS: Final = {
    "victim_outcomes": {"safety": 3, "wellbeing": 3},
    "service_user_outcomes": {"potential": 2, "wellbeing": 2, "ability": 2, "motivation": 2},
}


def severity(
    rng: np.random.Generator, people: Records, told_by: str, rows: Array, counts: Mapping[str, int]
) -> Records:
    """Return severity grids at intake of these people; the highest of the types as counted.

    Parameters
    ----------
    counts
        Highest level of the four types, or ``dont_know`` where none is known -> grids.
    """
    overall = assign(rng, counts)
    columns: Records = {
        "client_id": people["client_id"][rows],
        "site": people["site"][rows],
        "told_by": np.full(len(rows), told_by, dtype=object),
        # The two tellers are never asked on one day: a grid's key has no teller. Restart's last
        # referral leaves days enough before the end of 2022.
        "read_on": later(
            people["referred_on"][rows],
            rng.integers(1, 9, len(rows)) * 2 + (told_by == "service_user"),
        ),
        "time_point": np.full(len(rows), "intake", dtype=object),
    }
    levels = np.full((len(rows), len(printed.TYPES)), "dont_know", dtype=object)
    for row, level in enumerate(overall):
        if level != "dont_know":
            levels[row] = _types(rng, level)
    return columns | {name: levels[:, place] for place, name in enumerate(printed.TYPES)}


def _types(rng: np.random.Generator, highest: str) -> list[str]:
    """Return the level of each type: one has the highest, none a higher one."""
    shares = np.array(printed.TYPE_SHARES)
    leading = int(rng.choice(len(shares), p=shares / shares.sum()))
    top = _LEVELS.index(highest)
    levels = []
    for place, share in enumerate(shares):
        if place == leading:
            levels.append(highest)
        elif rng.random() < 0.08 + 0.12 * (place == 1):  # sexual abuse is the least known
            levels.append("dont_know")
        elif rng.random() < share:
            levels.append(_LEVELS[int(rng.integers(1, top + 1))])
        else:
            levels.append("none")
    return levels


def checklist(
    rng: np.random.Generator, people: Records, instrument: str, counts: Sequence[int]
) -> Records:
    """Return a checklist of everyone assessed; each item is answered yes as often as counted."""
    rows = np.flatnonzero(people["assessed_on"] != None)  # noqa: E711 (empty cells of an array)
    columns: Records = {
        "client_id": people["client_id"][rows],
        "site": people["site"][rows],
        "assessed_on": people["assessed_on"][rows],
        "instrument": np.full(len(rows), instrument, dtype=object),
    }
    burden = rng.random(len(rows))
    for number, yes in enumerate(counts, 1):
        # Troubles come together: who has one is likelier to have the next.
        order = np.argsort(burden + rng.normal(0, 0.5, len(rows)), kind="stable")
        column = np.full(len(rows), "no", dtype=object)
        column[order[:yes]] = "yes"
        columns[f"item_{number}"] = column
    if instrument == "needs":
        columns[f"item_{printed.HOUSING + 1}"] = people["accommodation_need"][rows]
    return columns


def ratings(
    rng: np.random.Generator,
    people: Records,
    instrument: str,
    cases: int,
    outcomes: Mapping[str, tuple[int, int]],
    empty_forms: int,
) -> Records:
    """Return forms about closed cases: known answers and improved cases by domain as counted.

    Parameters
    ----------
    cases
        Forms with a known answer in a domain or more.
    outcomes
        Domain -> (cases with a known answer in it, cases of these that improved).
    empty_forms
        Forms more on which nothing is known.
    """
    finished = ("completed",) if instrument == "service_user_outcomes" else ()
    may = np.isin(people["state"], finished or ("completed", "stopped_engaging"))
    rows = some(rng, np.flatnonzero(may), cases + empty_forms)
    number = len(rows)
    answered = some(rng, np.arange(number), cases)
    known_in = _known(rng, answered, [known for known, _ in outcomes.values()])
    progress = rng.random(number)  # who does better in one domain does better in the others
    items = DOMAIN_ITEMS[instrument]
    columns: Records = {
        "client_id": people["client_id"][rows],
        "site": people["site"][rows],
        "rated_on": later(people["closed_on"][rows], rng.integers(0, 12, number)),
        "instrument": np.full(number, instrument, dtype=object),
        "rater": np.full(
            number, "victim_survivor" if instrument == "victim_outcomes" else "service_user", object
        ),
    }
    item = 0
    for (domain, (known, improved)), cases_known in zip(outcomes.items(), known_in, strict=True):
        patterns = _patterns(rng, items[domain], known, improved, domain=domain)
        answers = np.full((number, items[domain]), "dont_know", dtype=object)
        answers[rng.random(number) < 0.25] = "not_applicable"
        ahead = np.argsort(progress[cases_known] + rng.normal(0, 0.25, known), kind="stable")
        for row, pattern in zip(cases_known[ahead], patterns, strict=True):
            answers[row] = [_RATING[score] for score in pattern]
        for place in range(items[domain]):
            item += 1
            columns[f"item_{item}"] = answers[:, place]
    return columns


def _known(rng: np.random.Generator, answered: Array, known: Sequence[int]) -> list[Array]:
    """Return for each domain which forms have a known answer; together all that were answered."""
    order = rng.permutation(answered)
    found, start = [], 0
    for number in known:
        left_out = len(order) - number
        out = order[start : start + left_out]
        start += left_out
        found.append(np.setdiff1d(answered, out))
    return found


def _patterns(
    rng: np.random.Generator, items: int, known: int, improved: int, *, domain: str
) -> list[tuple[int | None, ...]]:
    """Return each case's answers in a domain, the least improved first."""
    if domain == "potential" and (known, improved) == printed.SERVICE_USER_OUTCOMES[domain]:
        patterns = [pattern for pattern, times in _POTENTIAL.items() for _ in range(times)]
    else:
        good, bad = IMPROVED[items], NOT_IMPROVED[items]
        patterns = [good[int(n)] for n in rng.integers(len(good), size=improved)]
        patterns += [bad[int(n)] for n in rng.integers(len(bad), size=known - improved)]
    return sorted(patterns, key=_mean)


def _mean(pattern: tuple[int | None, ...]) -> float:
    given = [score for score in pattern if score is not None]
    return sum(given) / len(given)


def chosen(rng: np.random.Generator, people: Records, number: int, *, first: Array) -> Array:
    """Return so many people who were worked with; those marked come before the others."""
    weight = np.where(people["state"] == "not_taken_on", 3.0, 0.0) - first
    order = np.argsort(weight + rng.random(len(weight)), kind="stable")
    return np.sort(order[:number])
