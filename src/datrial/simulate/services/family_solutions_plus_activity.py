"""Family Solutions Plus: the log of meetings, group supervisions and signposting."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from datrial.simulate.names import invented_names
from datrial.simulate.people import draw_references
from datrial.simulate.randomness import Array, counts_of
from datrial.simulate.services.family_solutions_plus_cases import Cases
from datrial.simulate.services.family_solutions_plus_days import month_first, month_last
from datrial.simulate.services.family_solutions_plus_margins import LAST_DAY, MONTHS, Strand


@dataclass(frozen=True)
class Kind:
    """A kind of entry.

    Attributes
    ----------
    numbers
        Strand -> entries in nine months.
    growth
        How many times as many entries the last month has as the first.
    about_a_client
        Share of the entries that name a client.
    only
        Strand -> the months of its entries, where that is not every month.
    """

    numbers: dict[str, int]
    growth: float
    about_a_client: float
    only: dict[str, tuple[int, ...]] = field(default_factory=dict)


#: Printed are the totals, of family meetings and signposting by strand; that meetings rose and
#: group supervisions fell. Invented: the strands of the other two, and how steeply.
#: Signposting: 112 and 12 are printed, which are not the printed 122; 111 and 11 alone give the
#: printed total, percentages (91, 9) and numbers a month. The 11 stand in two months: in every
#: month there would be one or two, and no number of signposting could be shown.
KINDS: Final = {
    "family_meeting": Kind({"victim_survivor": 525, "perpetrator": 607}, 1.5, 1.0),
    "social_worker_meeting": Kind({"victim_survivor": 842, "perpetrator": 757}, 1.4, 0.9),
    "group_supervision": Kind({"victim_survivor": 211, "perpetrator": 181}, 0.6, 0.0),
    "signposting": Kind(
        {"victim_survivor": 111, "perpetrator": 11}, 1.0, 1.0, {"perpetrator": (4, 8)}
    ),
}
_WORKERS = 12


def activity(
    rng: np.random.Generator, strand: Strand, cases: Cases, client_id: Array
) -> dict[str, Array]:
    """Return a strand's entries in our columns and codes."""
    kinds, days, clients = [], [], []
    for name, kind in KINDS.items():
        shape = np.linspace(1.0, kind.growth, MONTHS) * rng.uniform(0.92, 1.08, MONTHS)
        if strand.key in kind.only:
            shape = np.isin(np.arange(MONTHS), kind.only[strand.key]).astype(float)
        by_month = counts_of(list(shape), kind.numbers[strand.key])
        month = np.repeat(np.arange(MONTHS), by_month)
        on = _working_days(rng, month)
        kinds.append(np.full(len(on), name, dtype=object))
        days.append(on)
        clients.append(_clients(rng, kind.about_a_client, on, cases, client_id))
    n = sum(len(part) for part in days)
    workers = draw_references(rng, f"{strand.prefix}W", _WORKERS)
    return {
        "activity_id": draw_references(rng, f"M{strand.prefix.removeprefix('FSP')}", n),
        "held_on": np.concatenate(days).astype(object),
        "activity": np.concatenate(kinds),
        "strand": np.full(n, strand.key, dtype=object),
        "client_id": np.concatenate(clients),
        "withheld_name": invented_names(rng, workers[rng.integers(_WORKERS, size=n)]),
    }


def _working_days(rng: np.random.Generator, month: Array) -> Array:
    """Return a working day in each of the months."""
    length = (month_last(month) - month_first(month)).astype(int) + 1
    days = month_first(month) + (rng.random(len(month)) * length).astype(int)
    weekend = ~np.is_busday(days)
    after = np.busday_offset(days, 0, roll="forward")
    before = np.busday_offset(days, 0, roll="backward")
    moved: Array = np.where(weekend & (after > month_last(month)), before, after)
    return moved


def _clients(
    rng: np.random.Generator, share: float, on: Array, cases: Cases, client_id: Array
) -> Array:
    """Return a client whose intervention runs on each day, or None."""
    end = np.where(np.isnat(cases.closed), LAST_DAY, cases.closed)
    chosen = np.full(len(on), None, dtype=object)
    for row in np.flatnonzero(rng.random(len(on)) < share):
        running = np.flatnonzero((cases.started <= on[row]) & (on[row] <= end))
        chosen[row] = client_id[running[int(rng.integers(len(running)))]]
    return chosen
