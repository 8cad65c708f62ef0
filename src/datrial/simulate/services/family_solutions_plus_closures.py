"""Family Solutions Plus: who leaves the caseload in which month, and why."""

from __future__ import annotations

import numpy as np

from datrial.simulate.randomness import Array, assign
from datrial.simulate.services.family_solutions_plus_cases import Cases
from datrial.simulate.services.family_solutions_plus_days import month_first, month_last
from datrial.simulate.services.family_solutions_plus_margins import EXTERNAL, MONTHS, Strand

#: Of an invented split: those closed by children's social care, of all external reasons.
_BY_SOCIAL_CARE = 0.57
#: A client is given so many days before he counts as disengaged.
_DAYS_BEFORE_DISENGAGED = 28


def close_cases(rng: np.random.Generator, strand: Strand, cases: Cases) -> None:
    """Close as many cases a month and reason as the margins say."""
    total = sum(strand.closures["external"])
    by_social_care = round(_BY_SOCIAL_CARE * total)
    external = iter(assign(rng, {EXTERNAL[0]: total - by_social_care, EXTERNAL[1]: by_social_care}))
    for month in range(MONTHS):
        first = month_first(np.array(month))
        for reason in ("completed", "removed", "disengaged", "external"):
            number = strand.closures[reason][month]
            rows = _who(rng, strand, cases, reason, month, number)
            if len(rows) < number:
                raise ValueError(f"not enough clients to close as {reason} in month {month}")
            length = int((month_last(np.array(month)) - first).astype(int)) + 1
            cases.closed[rows] = first + rng.integers(0, length, number)
            own = [next(external) for _ in rows] if reason == "external" else [reason] * number
            cases.closure[rows] = np.array(own, dtype=object)


def _who(
    rng: np.random.Generator, strand: Strand, cases: Cases, reason: str, month: int, number: int
) -> Array:
    """Return who of the open cases is closed for a reason in a month."""
    first = month_first(np.array(month))
    on_caseload = (cases.accepted < first) & np.isnat(cases.closed) & ~cases.waiting
    begun = on_caseload & cases.starter & (cases.started < first)
    if reason == "completed":
        usable = np.flatnonzero(begun & (cases.started <= first - 7 * strand.weeks))
        days = (first - cases.started[usable]).astype(int)
        return usable[np.argsort(-days + rng.normal(0, 30, len(days)), kind="stable")][:number]
    if reason != "disengaged":
        return rng.permutation(np.flatnonzero(begun))[:number]
    old = cases.accepted <= first - _DAYS_BEFORE_DISENGAGED
    never = rng.permutation(np.flatnonzero(on_caseload & old & ~cases.starter))
    share = _share_of_never_started(strand, cases, month)
    leaving = never[: min(number, share)]
    others = rng.permutation(np.flatnonzero(begun & (cases.started <= first - 14)))
    return np.concatenate([leaving, others[: number - len(leaving)]])


def _share_of_never_started(strand: Strand, cases: Cases, month: int) -> int:
    """Return how many who never started leave in a month: so that in the end none is left."""
    accepted = ~np.isnat(cases.accepted)
    left = int((accepted & ~cases.starter & ~cases.waiting & np.isnat(cases.closed)).sum())
    later = sum(strand.closures["disengaged"][month:])
    return left * strand.closures["disengaged"][month] // later
