"""Which extracts count, and which ones stood before them.

Of the files of one mapping (and part) in the inbox, one whose days lie within
the days of a later-arrived one is replaced by it: a corrected month replaces
that month, and an extract from the start until now replaces all before it.
Where days only overlap, both count. What arrived later follows from the order
of arrival, never from a clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from datrial.extracts.periods import Days


@dataclass(frozen=True)
class Extract:
    """What decides whether an extract counts.

    Attributes
    ----------
    id
        The extract's id.
    mapping, part
        Only extracts of the same mapping and part replace each other.
    days
        The days that it covers.
    arrival
        The order of arrival; a file that has not been landed has the number
        that it would be given now.
    """

    id: str
    mapping: str
    part: str | None
    days: Days
    arrival: int
    sha256: str

    def replaces(self, other: Extract) -> bool:
        """Whether the other came before and covers no day that this one does not."""
        return self._is_like(other) and self.arrival > other.arrival and self.days.holds(other.days)

    def is_rival(self, other: Extract) -> bool:
        """Whether one of the two must replace the other."""
        holds = self.days.holds(other.days) or other.days.holds(self.days)
        return self._is_like(other) and holds and self.id != other.id

    def _is_like(self, other: Extract) -> bool:
        return (self.mapping, self.part) == (other.mapping, other.part)


@dataclass(frozen=True)
class Standing:
    """The extracts that count, and those that they replaced, each in the order of arrival."""

    current: tuple[Extract, ...]
    earlier: tuple[Extract, ...]

    def lines(self) -> list[str]:
        """Return what decides a snapshot, one line an extract, sorted.

        The places in the order of arrival belong to it, for the later of two
        rows of one key stands; the arrival numbers themselves do not.
        """
        lines = []
        for role, extracts in (("current", self.current), ("earlier", self.earlier)):
            for place, each in enumerate(extracts, start=1):
                part = f" {each.part}" if each.part else ""
                lines.append(
                    f"{role}:{each.mapping}@{each.sha256} {each.days.first} {each.days.last}"
                    f"{part} #{place}"
                )
        return sorted(lines)


def standing(inbox: Iterable[Extract], landed: Iterable[Extract]) -> Standing:
    """Tell which extracts of the inbox count, and which landed ones stood before each.

    Parameters
    ----------
    inbox
        The inbox's extracts, each with its arrival number.
    landed
        Everything that ever arrived; what is in the inbox as well may be left out.
    """
    of_inbox = {each.id: each for each in inbox}
    current = [
        each
        for each in of_inbox.values()
        if not any(other.replaces(each) for other in of_inbox.values())
    ]
    counting = {each.id for each in current}
    past = {each.id: each for each in landed} | of_inbox
    before = [each for each in past.values() if each.id not in counting]
    earlier = {each.id: each for one in current for each in predecessors(one, before)}
    return Standing(_in_order(current), _in_order(earlier.values()))


def predecessors(extract: Extract, before: Iterable[Extract]) -> list[Extract]:
    """Return what an extract replaced: the extracts that counted before it came.

    One, where a file was corrected; several, where one file took the place of
    many, such as a year's extract of twelve monthly ones.
    """
    replaced = [each for each in before if extract.replaces(each)]
    return [each for each in replaced if not any(other.replaces(each) for other in replaced)]


def rivals(new: Iterable[Extract]) -> list[tuple[Extract, Extract]]:
    """Return the pairs of new extracts of which nobody can know which corrects which."""
    ordered = sorted(new, key=lambda each: each.id)
    return [
        (one, other)
        for place, one in enumerate(ordered)
        for other in ordered[place + 1 :]
        if one.is_rival(other)
    ]


def _in_order(extracts: Iterable[Extract]) -> tuple[Extract, ...]:
    return tuple(sorted(extracts, key=lambda each: each.arrival))
