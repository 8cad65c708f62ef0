"""Which sums hold by meaning: those that hold wherever they could."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from datrial.results.disclosure.quantities import Quantities
from datrial.results.disclosure.relations import Relation, relation_of

#: A sum this large does not hold by chance.
LARGE = 50
_TELLING = 10
_OFTEN = 3


@dataclass
class _Tried:
    tried: int = 0
    telling: int = 0
    large: bool = False
    held: list[Relation] = field(default_factory=list)


@dataclass
class Patterns:
    """Sums tried in places that are made alike, by what they have in common."""

    tried: dict[Hashable, _Tried] = field(default_factory=dict)

    def note(
        self,
        name: Hashable,
        found: Quantities,
        whole: int,
        parts: Sequence[int],
        total: int,
        *,
        strong: bool,
    ) -> None:
        """Note whether a sum holds in one place.

        Parameters
        ----------
        strong
            Whether the place itself speaks for it: one large sum is then enough.
        """
        value = found.values[whole]
        if not value:
            return
        entry = self.tried.get(name)
        if entry is None:
            if value != total:
                self.tried[name] = _Tried(tried=1)
                return
            entry = self.tried[name] = _Tried()
        entry.tried += 1
        if value == total:
            entry.telling += total >= _TELLING
            entry.large |= strong and total >= LARGE
            entry.held.append(relation_of(found, whole, parts))

    def accepted(self) -> list[Relation]:
        """Return the sums that hold in most places, and in several or with large numbers."""
        return [
            relation
            for entry in self.tried.values()
            if entry.held
            and len(entry.held) >= 0.7 * entry.tried
            and (entry.telling >= _OFTEN or entry.large)
            for relation in entry.held
        ]
