"""Numbers from counts: rates and shares of a study, with what is not known of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from datrial.economics.expressions import Expression, walk
from datrial.economics.own_entries import WORDS, Key, OwnPart, OwnQuantity, Pick
from datrial.economics.values import VALUES


@dataclass(frozen=True)
class Counted:
    """One count of a study (marts.cost_quantity, of some sites and arms together).

    Attributes
    ----------
    number, people
        Events, or forms with the answer; whom they are of.
    exposure, exposed
        Of events: the time or the families over which they were counted, and whose.
    number_squared, number_by_exposure, exposure_squared
        Sums over people of squares and products.
    """

    number: int
    people: int
    exposure: int = 0
    exposed: int = 0
    number_squared: int = 0
    number_by_exposure: int = 0
    exposure_squared: int = 0


Counts = Mapping[Key, Counted]


@dataclass(frozen=True)
class OwnNumber:
    """A number of a study.

    Attributes
    ----------
    n
        Of how many people the count is, at least.
    kind, of
        Its spread, as :class:`~datrial.economics.entries.Spread` has it.
    design_effect
        Of a rate: how many times as much it varies as if events came one by one.
    shared
        Of a rate of several: the relative variance that they have in common.
    """

    value: float
    kind: Literal["beta", "gamma"]
    of: float
    count: float
    group_count: int
    n: int
    denominator: float
    people: int
    counted_of: str
    design_effect: float | None = None
    shared: float | None = None


def rate_of(
    part: OwnPart, own: OwnQuantity, printed: Mapping[str, float], counts: Counts
) -> dict[str, OwnNumber]:
    """Return entry -> rate of one part; nothing where nobody was observed.

    Several entries share the events in the proportions of the printed rates.
    """
    there = _there(part.count, counts)
    exposure = max((count.exposure for count in there), default=0)
    if exposure == 0:
        return {}
    per = plain(own.per) if own.per is not None else 1.0
    events = sum(count.number for count in there)
    together = _there(own.spread_as or part.count, counts)
    effect = design_effect(together)
    # People with many events have many of each kind: what is above chance is common to all
    # kinds. What is below it, or of the only kind there is, is the rate's own.
    shared = None
    if part.to and effect > 1:
        shared, effect_of_each = (effect - 1) / sum(count.number for count in together), 1.0
    else:
        effect_of_each = effect
    entries = part.to or ("",)
    whole = sum(printed[entry] for entry in entries)
    found = {}
    for entry in entries:
        portion = printed[entry] / whole if len(entries) > 1 else 1.0
        found[entry] = OwnNumber(
            events * portion * per / exposure, "gamma", exposure / per / effect_of_each,
            events * portion, events, _people(there), exposure / per, there[0].exposed,
            WORDS[part.count[0].measure][1], effect, shared,
        )  # fmt: skip
    return found


def design_effect(counts: Iterable[Counted]) -> float:
    """Return how many times as much a rate varies as if events came one by one.

    The variance of a ratio of sums over people (Cochran 1977, Sampling Techniques, section
    6.4) against that of a Poisson count. One number of several counts is not known from
    their sums: the greatest of theirs stands for it.
    """
    found = []
    for count in counts:
        if count.number == 0 or count.exposed < 2:
            continue
        rate = count.number / count.exposure
        squares = (
            count.number_squared
            - 2 * rate * count.number_by_exposure
            + rate**2 * count.exposure_squared
        )
        found.append(squares * count.exposed / (count.exposed - 1) / count.number)
    # Below 1: it varies less than by chance (children of families), so it is known better.
    # Where nobody differs from anybody the spread between people is not known.
    return max(found, default=0.0) or 1.0


def share_of(
    part: OwnPart,
    printed: Mapping[str, float],
    weights: Mapping[str, float] | None,
    counts: Counts,
) -> dict[str, OwnNumber]:
    """Return entry -> share of one part; nothing where nobody was asked.

    Several entries keep the odds ratios of the printed shares: the odds of all are multiplied
    by what makes their weighted mean the share that was counted.
    """
    people = sum(count.number for count in _there(part.of, counts))
    if people == 0:
        return {}
    there = _there(part.count, counts)
    number = sum(count.number for count in there)
    n = number if part.count[0].measure != "outcome" else _people(there)
    share = number / people
    if part.times is not None:
        share *= plain(part.times)
    if part.plus is not None:
        share += plain(part.plus)
    factors = dict.fromkeys(part.to or ("",), share)
    if len(part.to) > 1 and weights is not None:
        factors = _parted(share, {entry: (printed[entry], weights[entry]) for entry in part.to})
    return {
        entry: OwnNumber(
            min(max(value, 0.0), 1.0), "beta", people, number, number, n, people, people,
            WORDS[part.count[0].measure][1],
        )
        for entry, value in factors.items()
    }  # fmt: skip


def _parted(share: float, entries: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """Return shares with the odds ratios of some others and a given weighted mean.

    Parameters
    ----------
    entries
        Entry -> (other share, weight). A share of none or of all stays, unless all are to.
    """
    if share in (0.0, 1.0):
        return dict.fromkeys(entries, share)
    low, high = -50.0, 50.0
    for _ in range(100):
        shift = (low + high) / 2
        moved = {entry: _moved(other, shift) for entry, (other, _) in entries.items()}
        weight = sum(weight for _, weight in entries.values())
        mean = sum(moved[entry] * each for entry, (_, each) in entries.items()) / weight
        low, high = (shift, high) if mean < share else (low, shift)
    return moved


def _moved(share: float, shift: float) -> float:
    """Return a share whose log odds are moved; none and all have no odds."""
    if share in (0.0, 1.0):
        return share
    return 1 / (1 + (1 - share) / share * math.exp(-shift))


def plain(formula: Expression) -> float:
    """Return the value of a formula of numbers only."""
    return float(walk(formula, {}, VALUES).array[0, 0])


def _people(counts: Iterable[Counted]) -> int:
    """Return of how many people several counts are at least; who is in two is one."""
    return max((count.people for count in counts), default=0)


def _there(picks: Iterable[Pick], counts: Counts) -> list[Counted]:
    keys = [key for pick in picks for key in pick.taken()]
    return [counts[key] for key in keys if key in counts]
