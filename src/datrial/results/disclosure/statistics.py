"""What kind of number a statistic is: a count, a share of a count, or computed from counts."""

from __future__ import annotations

import re
from functools import cache

#: Whole numbers of people, forms, records or events.
COUNTS = frozenset(
    {
        "count", "people", "observed", "answered", "total", "at_risk", "with_event", "rows",
        "appearances", "entered_late", "events",
    }
)  # fmt: skip
#: Counts of events, of which a person can have several: never a part of a base of people.
EVENTS = frozenset({"total", "appearances", "events"})
#: With one of these in the same place, a `count` counts events.
OF_EVENTS = frozenset({"mean", "rate", "rate_per_year", "incident_rate"})
#: Per person-year.
RATES = frozenset({"rate", "rate_per_year", "incident_rate"})
#: The values of single persons.
EXTREMES = frozenset({"min", "max", "minimum", "maximum"})
#: Numbers that say nothing of anybody.
NEUTRAL = frozenset({"df", "replays", "strata"})

_GENERIC = frozenset({"", "all", "count", "people", "forms", "share", "estimate", "total"})


def is_count(statistic: str) -> bool:
    """Tell whether a statistic is a count."""
    return statistic in COUNTS


def is_share(statistic: str) -> bool:
    """Tell whether a statistic may be a count divided by its n.

    A probability of a model is none as a rule; where it is a share of whole people, it is
    protected as one.
    """
    return statistic in ("share", "probability") or (
        statistic.startswith("share_") and not statistic.startswith("share_difference")
    )


def is_comparison(statistic: str) -> bool:
    """Tell whether a statistic compares groups or times, or is a test or interval of that."""
    return not (
        is_count(statistic)
        or is_share(statistic)
        or statistic in NEUTRAL
        or statistic in RATES
        or statistic in ("mean", "sd", "median", "person_years", *EXTREMES)
    )


@cache
def tokens(key: str) -> frozenset[str]:
    """Return the words of a key that say which people it is of."""
    return frozenset(re.split(r"[^a-z0-9]+", key.lower())) - _GENERIC


def grid(value: float, step: float) -> float:
    """Return the multiple of a step that is nearest; a value in the middle goes up."""
    from math import floor

    return floor(value / step + 0.5) * step
