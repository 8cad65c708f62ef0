"""Counts of people in words: notes and warnings keep to the same rules as the cells."""

from __future__ import annotations

import re
from collections.abc import Collection

from datrial.config.disclosure import Profile
from datrial.results.disclosure import statistics as kinds

#: What stands in a sentence for a hidden count, as in the cells.
HIDDEN = "[c]"
_OF = (
    r"(?:people|persons?|service users?|victims?(?:-survivors)?|perpetrators?|forms?|cases?|"
    r"incidents?|appearances?|meetings?|records?|pairs|answers|allocations?)\b"
)
#: A number of people or of what they did; limits ("fewer than 5 forms") are none.
_COUNT = re.compile(
    r"(?<![\w.,/-])(?<!than )(?<!least )(?<!most )(?<!ersion )(?<!to )"
    rf"(\d+)(?= {_OF}| of them| left out| without |(?: of \d+)? not | of \d+ {_OF})"
    r"|(?<=\bn = )(\d+)"
)
_PART = re.compile(r"(?<![\w.,/-])(\d+) of (\d+)(?= (?:not |" + _OF + "))")


def protected_words(text: str, profile: Profile, hidden: Collection[int]) -> str:
    """Return a note or warning in which no count of people is told that the cells hide.

    Parameters
    ----------
    hidden
        The counts that are hidden in the tables of the same analysis: a sentence that names
        one would give it back.
    """
    if not any(letter.isdigit() for letter in text):
        return text

    def small(number: int) -> bool:
        return profile.is_small(number) or number in hidden

    def part(found: re.Match[str]) -> str:
        number, base = int(found[1]), int(found[2])
        left = base - number
        told = small(number) or left in hidden or (profile.complements and profile.is_small(left))
        first = HIDDEN if told else _written(number, profile)
        return f"{first} of {HIDDEN if small(base) else _written(base, profile)}"

    def count(found: re.Match[str]) -> str:
        number = int(found[1] or found[2])
        return HIDDEN if small(number) else _written(number, profile)

    return _COUNT.sub(count, _PART.sub(part, text))


def _written(number: int, profile: Profile) -> str:
    base = profile.round_to
    return str(number if base == 1 else round(kinds.grid(number, base)))
