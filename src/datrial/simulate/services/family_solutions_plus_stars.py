"""Family Solutions Plus: readings of the Outcome Stars, with who scored and when."""

from __future__ import annotations

import numpy as np

from datrial.simulate.randomness import Array
from datrial.simulate.services.family_solutions_plus_cases import Cases
from datrial.simulate.services.family_solutions_plus_margins import LAST_DAY
from datrial.simulate.services.family_solutions_plus_scores import STARS, Star, first_and_last

#: "Moderate to strong": within these the correlation of change with the time between Stars lies.
CORRELATION = (0.52, 0.66)
#: Invented: Stars that client and practitioner scored apart, and clients with a third Star.
_SEPARATE = 0.12
_THIRD = 0.25
_TRIES = 5_000


def readings(
    rng: np.random.Generator, strand: str, cases: Cases, client_id: Array
) -> dict[str, Array]:
    """Return a strand's Stars in our columns and codes: a row each, or two where scored apart."""
    star = STARS[strand]
    end = np.where(np.isnat(cases.closed), LAST_DAY, cases.closed)
    first_on = cases.started + rng.integers(0, 15, len(end))
    room = np.where(cases.starter, (end - first_on).astype(float), -1.0)
    many = rng.permutation(np.flatnonzero(room >= star.days))[: star.both]
    others = np.setdiff1d(np.flatnonzero(room >= 0), many)
    one = rng.permutation(others)[: star.one]
    if len(many) < star.both or len(one) < star.one:
        raise ValueError(f"not enough clients with a {star.key}")
    between = np.maximum(star.days, room[many] - rng.integers(0, 25, len(many))).astype(int)
    between = np.minimum(between, room[many].astype(int))
    first, last = first_and_last(rng, star)
    who = many[_matched(rng, (last - first).sum(axis=1), between)]
    days = dict(zip(many, between, strict=True))
    rows: list[tuple[int, np.datetime64, Array]] = []
    for client, before, after in zip(who, first, last, strict=True):
        rows.append((client, first_on[client], before))
        if rng.random() < _THIRD:
            rows.append((client, first_on[client] + days[client] // 2, (before + after) // 2))
        rows.append((client, first_on[client] + days[client], after))
    single = np.clip(first[rng.permutation(len(first))[: star.one]], star.lowest, star.highest)
    rows += [(client, first_on[client], scores) for client, scores in zip(one, single, strict=True)]
    return _written(rng, star, rows, client_id, set(one[:3]))


def _matched(rng: np.random.Generator, gained: Array, between: Array) -> Array:
    """Return whose days go with which change, so that the two go together as printed.

    Raises
    ------
    ValueError
        If no order was found.
    """
    days = np.argsort(between, kind="stable")
    strength = sum(CORRELATION) / 2
    score = (gained - gained.mean()) / gained.std()
    for _ in range(_TRIES):
        noise = rng.normal(0, np.sqrt(1 - strength**2), len(gained))
        rank = np.argsort(np.argsort(strength * score + noise, kind="stable"))
        chosen: Array = days[rank]
        found = np.corrcoef(gained, between[chosen])[0, 1]
        if CORRELATION[0] <= found <= CORRELATION[1]:
            return chosen
    raise ValueError("change and time could not be brought to go together")


def _written(
    rng: np.random.Generator,
    star: Star,
    rows: list[tuple[int, np.datetime64, Array]],
    client_id: Array,
    careless: set[int],
) -> dict[str, Array]:
    """Return the rows of the export; clients with one Star may lack an area, or be off the scale.

    Scores given apart are as far above as below the Star's own, so that their mean is it.
    """
    entries: list[tuple[str, object, str, list[int | None]]] = []
    for client, on, scores in rows:
        values: list[int | None] = [int(score) for score in scores]
        if client in careless:
            off = client == min(careless)
            values[int(rng.integers(len(values)))] = star.highest + 1 if off else None
        elif rng.random() < _SEPARATE:
            inside = (scores > star.lowest) & (scores < star.highest)
            apart = rng.integers(-1, 2, len(scores)) * inside
            entries += [
                (
                    client_id[client],
                    on.item(),
                    rater,
                    [int(value) for value in scores + sign * apart],
                )
                for rater, sign in (("practitioner", -1), ("client", 1))
            ]
            continue
        entries.append((client_id[client], on.item(), "collaborative", values))
    entries.sort(key=lambda entry: (str(entry[1]), entry[0], entry[2]))
    columns = {
        name: np.array([entry[place] for entry in entries], dtype=object)
        for place, name in enumerate(("client_id", "read_on", "rater"))
    }
    items = {
        f"item_{area + 1}": np.array([entry[3][area] for entry in entries], dtype=object)
        for area in range(len(star.first))
    }
    return columns | items
