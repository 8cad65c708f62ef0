"""What a certificate is: an estimator held against numbers that it did not make."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

Value = float | int | str

#: A certificate's work: computes on the spot, and sets each number beside what is expected.
Work = Callable[[], Iterable["Comparison"]]


class Kind(StrEnum):
    """Where the expected numbers come from."""

    PUBLISHED = "published example"
    SECOND_ENGINE = "second engine"
    IDENTITY = "identity"
    HAND_COUNT = "hand count"


@dataclass(frozen=True)
class Comparison:
    """A computed number beside the expected one.

    Attributes
    ----------
    tolerance
        How far apart the two numbers may lie; texts and whole numbers must be the same.
    """

    name: str
    expected: Value
    computed: Value
    tolerance: float = 0.0

    @property
    def difference(self) -> float | None:
        """Return computed less expected; none where one of them is a text or no number."""
        if isinstance(self.expected, str) or isinstance(self.computed, str):
            return None
        if self.expected == self.computed:  # two infinities too
            return 0.0
        difference = float(self.computed) - float(self.expected)
        return None if math.isnan(difference) else difference

    @property
    def agrees(self) -> bool:
        """Return whether the numbers are as near as they must be; no number agrees with none."""
        if isinstance(self.expected, str) or isinstance(self.computed, str):
            return self.expected == self.computed
        return self.difference is not None and abs(self.difference) <= self.tolerance

    @property
    def share_of_tolerance(self) -> float:
        """Return the difference as a share of the tolerance: above 1 it does not agree."""
        if self.difference is None or self.tolerance == 0:
            return 0.0 if self.agrees else math.inf
        return abs(self.difference) / self.tolerance


@dataclass(frozen=True)
class Certificate:
    """One verification of one or more public functions.

    Attributes
    ----------
    id
        ``chapter.name``, by which ``datrial verify --only`` finds it.
    title
        What is verified, as a sentence of a report.
    verifies
        Names in `datrial.models`, or dotted names of functions elsewhere in the package.
    source
        Of the expected numbers: the full citation, or the other program and the function.
    data
        On which data.
    tolerance
        How near the numbers must be, and why not nearer.
    """

    id: str
    title: str
    verifies: tuple[str, ...]
    kind: Kind
    source: str
    data: str
    tolerance: str
    work: Work = field(repr=False)


class Chapter:
    """Certificates that stand together on the page; filled by its decorator."""

    def __init__(self, id: str, title: str) -> None:
        self.id = id
        self.title = title
        self.certificates: list[Certificate] = []

    def certificate(
        self,
        name: str,
        title: str,
        *,
        verifies: str,
        kind: Kind,
        source: str,
        data: str,
        tolerance: str,
    ) -> Callable[[Work], Work]:
        """Enter the decorated work as a certificate; `verifies` names functions, by spaces."""

        def entered(work: Work) -> Work:
            self.certificates.append(
                Certificate(
                    f"{self.id}.{name}",
                    title,
                    tuple(verifies.split()),
                    kind,
                    source,
                    data,
                    tolerance,
                    work,
                )
            )
            return work

        return entered


def near(
    name: str, computed: object, expected: object, *, within: float = 0.0, relative: float = 0.0
) -> Comparison:
    """Compare two numbers that may lie apart by `within`, or by a share of what is expected."""
    tolerance = max(float(within), relative * abs(float(expected)))  # type: ignore[arg-type]
    return Comparison(name, float(expected), float(computed), tolerance)  # type: ignore[arg-type]


def each(
    names: str | Iterable[object],
    computed: Iterable[object],
    expected: Iterable[object],
    *,
    within: float = 0.0,
    relative: float = 0.0,
) -> Iterator[Comparison]:
    """Compare numbers pair by pair; one name for all of them is numbered."""
    ours, theirs = list(computed), list(expected)
    if isinstance(names, str):
        names = [f"{names} {number}" for number in range(1, len(theirs) + 1)]
    for name, mine, other in zip(names, ours, theirs, strict=True):
        yield near(str(name), mine, other, within=within, relative=relative)


def same(name: str, computed: object, expected: object) -> Comparison:
    """Compare two texts, days or whole numbers, which must be the same."""
    return Comparison(name, _plain(expected), _plain(computed))


def _plain(value: object) -> Value:
    if value is None:
        return "none"
    if isinstance(value, bool) or type(value).__name__ == "bool":  # numpy's too
        return "yes" if value else "no"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, str):
        return value
    number = float(value)  # type: ignore[arg-type]
    return int(number) if number.is_integer() else number
