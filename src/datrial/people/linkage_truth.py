"""How good a linkage is, where the truth is known: precision and recall of its pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Quality:
    """Pairs of references that are together in one person.

    Attributes
    ----------
    made
        In the linkage.
    right
        In the linkage and in truth.
    true
        In truth.
    """

    made: int
    right: int
    true: int

    @property
    def precision(self) -> float | None:
        """The share of the pairs made that are right; none without pairs."""
        return self.right / self.made if self.made else None

    @property
    def recall(self) -> float | None:
        """The share of the true pairs that were made; none without true pairs."""
        return self.right / self.true if self.true else None


def quality(
    identity: pd.DataFrame,
    references: Iterable[tuple[str, str]],
    truth: Mapping[tuple[str, str], str],
) -> dict[str, Quality]:
    """Return the quality of a linkage for each kind of people.

    Parameters
    ----------
    identity
        ``reference_id, of, person_id`` of the linked references.
    references
        (of, reference id) of all references that there were to link.
    truth
        (of, reference id) -> whom it really means. A reference that is not in
        it is nobody else's.
    """
    person = {
        (of, reference): one
        for reference, of, one in identity[["reference_id", "of", "person_id"]].itertuples(
            index=False, name=None
        )
    }
    made: dict[str, Counter[object]] = {}
    right: dict[str, Counter[object]] = {}
    true: dict[str, Counter[object]] = {}
    for key in references:
        of, reference = key
        linked, meant = person.get(key, reference), truth.get(key, reference)
        made.setdefault(of, Counter())[linked] += 1
        right.setdefault(of, Counter())[linked, meant] += 1
        true.setdefault(of, Counter())[meant] += 1
    return {
        of: Quality(_pairs(made[of]), _pairs(right[of]), _pairs(true[of])) for of in sorted(made)
    }


def _pairs(sizes: Counter[object]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())
