"""Family Solutions Plus: every case from the request to its closure, with the printed margins.

Months and their numbers come first, days within them after: so every seed has the same margins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datrial.simulate.randomness import Array, assign, counts_of
from datrial.simulate.services.family_solutions_plus_days import (
    month_first,
    month_last,
    month_of,
    nudged,
)
from datrial.simulate.services.family_solutions_plus_margins import (
    FIRST_DAY,
    LAST_DAY,
    MONTHS,
    Strand,
)

_NEVER = np.datetime64("NaT", "D")


@dataclass
class Cases:
    """The cases of one strand, one array entry each; a day that never came is NaT.

    Attributes
    ----------
    starter
        Who starts the intervention; others of those taken on disengage, or still wait.
    waiting
        Who waits when September ends.
    not_taken_on, closure
        Reasons, or None.
    """

    requested: Array
    assessed: Array
    accepted: Array
    started: Array
    closed: Array
    not_taken_on: Array
    closure: Array
    starter: Array
    waiting: Array

    @staticmethod
    def of(n: int) -> Cases:
        """Return so many cases of which nothing is known yet."""
        requested, assessed, accepted, started, closed = (np.full(n, _NEVER) for _ in range(5))
        reason, closure = (np.full(n, None, dtype=object) for _ in range(2))
        starter, waiting = (np.zeros(n, dtype=bool) for _ in range(2))
        return Cases(
            requested, assessed, accepted, started, closed, reason, closure, starter, waiting
        )

    @staticmethod
    def join(parts: list[Cases]) -> Cases:
        """Return several sets of cases as one."""
        names = Cases.__dataclass_fields__
        return Cases(
            **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        )


def requests_and_assessments(rng: np.random.Generator, strand: Strand) -> Cases:
    """Return everyone assessed in these months, with whether and when he was taken on."""
    parts = []
    for at, number in enumerate(strand.assessments):
        same, one, two = strand.requested_earlier
        # Nobody assessed here was requested before December.
        split = counts_of((same, one, two) if at > 1 else (same, one + two), number)
        parts.append(np.stack([np.repeat(np.arange(len(split)), split), np.full(number, at)]))
    lag, month = np.concatenate(parts, axis=1)
    cases = Cases.of(len(lag))
    decision = np.concatenate([
        assign(rng, {"taken_on": taken, "other": number - taken})
        for taken, number in zip(strand.taken_on, strand.assessments, strict=True)
    ])  # fmt: skip
    _fate(rng, strand, cases, month, decision == "taken_on")
    first, last = month_first(month - lag), month_last(month - lag)
    earlier = month < lag
    # Those requested before January, and those who start in September, are assessed early in it.
    early = earlier | (cases.starter & (month == MONTHS - 1))
    assessed = month_first(month) + np.where(early, *rng.integers(2, [[14], [28]], (2, len(lag))))
    requested = first + rng.integers(0, 28, len(lag))
    same = lag == 0
    room = (assessed - first)[same].astype(int)
    requested[same] = first[same] + (rng.random(same.sum()) * room).astype(int)
    days = (assessed - requested).astype(int)
    least, most = (assessed - last).astype(int), (assessed - first).astype(int)
    for group, mean in (
        (~earlier & cases.starter, strand.wait_to_assessment),
        (~earlier & ~cases.starter, strand.wait_to_assessment),
        (earlier, strand.wait_earlier),
    ):
        days[group] = nudged(rng, days[group], mean, np.maximum(least[group], 1), most[group])
    cases.assessed, cases.requested = assessed, assessed - days
    return cases


def _fate(
    rng: np.random.Generator, strand: Strand, cases: Cases, month: Array, taken: Array
) -> None:
    """Decide who of those taken on starts, who disengages before it, and who still waits."""
    cases.starter = taken.copy()
    for at, number in strand.never_started.items():
        cases.starter[rng.choice(np.flatnonzero(taken & (month == at)), number, False)] = False
    for at, number in strand.waiting.items():
        usable = np.flatnonzero(cases.starter & (month == at))
        rows = rng.choice(usable, number, replace=False)
        cases.starter[rows], cases.waiting[rows] = False, True
    cases.accepted = np.where(taken, month_first(month), _NEVER)


def take_on(rng: np.random.Generator, strand: Strand, cases: Cases) -> None:
    """Set when those taken on were, and when those who start did."""
    n = len(cases.assessed)
    taken = ~np.isnat(cases.accepted)
    end = month_last(month_of(cases.assessed))
    accepted = np.minimum(cases.assessed + rng.integers(0, 3, n), end)
    cases.accepted = np.where(taken, accepted, _NEVER)
    earlier = cases.requested < FIRST_DAY
    wait = np.round(rng.gamma(2.2, strand.wait_to_start / 2.2, n)).astype(int)
    least = np.where(taken, (accepted - cases.assessed).astype(int), 0)
    most = np.minimum((LAST_DAY - cases.assessed).astype(int), 75)
    for group in (cases.starter & earlier, cases.starter & ~earlier):
        wait[group] = nudged(rng, wait[group], strand.wait_to_start, least[group], most[group])
    cases.started = np.where(cases.starter, cases.assessed + wait, _NEVER)


def not_taken_on(rng: np.random.Generator, strand: Strand, cases: Cases) -> Cases:
    """Close those assessed and not taken on, and return those of them assessed before January."""
    others = np.flatnonzero(np.isnat(cases.accepted))
    last = others[np.argsort(cases.assessed[others], kind="stable")]
    decided = last[: len(last) - strand.undecided]
    lag = rng.integers(3, 21, len(decided))
    cases.closed[decided] = np.minimum(cases.assessed[decided] + lag, LAST_DAY)
    n = strand.assessed_before
    before = Cases.of(n)
    before.assessed = FIRST_DAY - rng.integers(3, 40, n)
    wait = np.clip(rng.gamma(2.0, strand.wait_to_assessment / 2.0, n), 2, 60)
    before.requested = before.assessed - np.round(wait).astype(int)
    before.closed = FIRST_DAY + rng.integers(3, 45, n)
    reasons = assign(rng, {"refused": strand.refused, "unsuitable": strand.unsuitable})
    cases.not_taken_on[decided] = reasons[: len(decided)]
    before.not_taken_on = reasons[len(decided) :]
    return before


def never_assessed(rng: np.random.Generator, strand: Strand, assessed: Cases) -> Cases:
    """Return the other requests: ended before an assessment, or still waiting for one."""
    month = month_of(assessed.requested)
    used = np.bincount(month[month >= 0], minlength=MONTHS)
    left = np.array(strand.requests) - used
    if (left < 0).any():
        raise ValueError("more assessed than requested in a month")
    of = np.repeat(np.arange(MONTHS), left)
    cases = Cases.of(len(of))
    length = (month_last(of) - month_first(of)).astype(int) + 1
    cases.requested = month_first(of) + (rng.random(len(of)) * length).astype(int)
    closed = cases.requested + rng.integers(4, 45, len(of))
    ended = (closed <= LAST_DAY) & (of < MONTHS - 1)
    cases.closed = np.where(ended, closed, _NEVER)
    return cases


def open_before(rng: np.random.Generator, strand: Strand) -> Cases:
    """Return those on the caseload when January began."""
    n = strand.open_before
    cases = Cases.of(n)
    cases.starter = np.arange(n) >= strand.never_started_before
    # The longest there came in spring 2021: the lists begin in April.
    days_ago = np.sort(np.round(rng.beta(1.0, 1.6, n) * 205).astype(int) + 20)[::-1]
    order = rng.permutation(n)
    wait = np.round(rng.gamma(2.2, strand.wait_to_start / 2.2, n)).astype(int)
    lag = rng.integers(0, 3, n)
    cases.assessed = FIRST_DAY - days_ago[order]
    cases.accepted = cases.assessed + lag
    start = np.minimum(cases.assessed + np.maximum(wait, lag), FIRST_DAY - 1)
    cases.started = np.where(cases.starter, start, _NEVER)
    to_assessment = np.clip(rng.gamma(2.2, strand.wait_to_assessment / 2.2, n), 1, 45)
    cases.requested = cases.assessed - np.round(to_assessment).astype(int)
    return cases
