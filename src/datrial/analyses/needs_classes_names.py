"""What to call a class of needs, and which of the report's classes it is.

Both follow from the class's profile, never from its position: a class keeps its name when
another grows larger than it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.analyses.levels import NEEDS

if TYPE_CHECKING:
    from datrial.models.latent_class.result import LatentClassResult

#: A class is named by the needs that at least this share of it has.
LIKELY = 0.5
MOST_NAMED = 3
#: A class is one of the report's if its probabilities differ from the report's description
#: (1 for a need named as prevalent, 0 for one that is not) by at most this much on average.
FARTHEST = 0.35

_SHORT = {
    **{need: label.lower() for need, label in NEEDS.items()},
    "alcohol_misuse": "alcohol",
    "drugs_misuse": "drugs",
    "relationship_with_children": "children",
    "parenting_capacity": "parenting",
    "relationship_with_family": "family",
    "social_community_ties": "social ties",
}


@dataclass(frozen=True)
class ReportClass:
    """One of the six classes of the report (Figure 4 and the list of classes before it).

    Attributes
    ----------
    needs
        Those the report names as prevalent in the class.
    unsaid
        Those it says neither way: the title of the fourth class speaks of children, its
        list of needs does not.
    """

    label: str
    needs: tuple[str, ...]
    unsaid: tuple[str, ...] = ()


REPORT_CLASSES = {
    "no_needs": ReportClass("No needs", ()),
    "children_and_parenting": ReportClass(
        "Children and parenting issues", ("relationship_with_children", "parenting_capacity")
    ),
    "low_needs": ReportClass("Low needs", ()),
    "multiple_children_and_family": ReportClass(
        "Multiple needs children and family",
        (
            "drugs_misuse", "alcohol_misuse", "employment", "mental_health", "financial",
            "relationship_with_family", "social_community_ties", "physical_health",
        ),
        ("relationship_with_children", "parenting_capacity"),
    ),
    "housing_and_unemployment": ReportClass("Housing and unemployment", ("employment", "housing")),
    "multiple_alcohol_and_drugs": ReportClass(
        "Multiple needs alcohol and drugs",
        ("housing", "employment", "mental_health", "drugs_misuse", "alcohol_misuse", "financial"),
    ),
}  # fmt: skip


def class_names(fit: LatentClassResult) -> list[str]:
    """Return a name for each class in the fit's order: ``Alcohol, employment, housing``.

    The zero class is ``No needs``; a class of whom no need is had by half is ``Low needs``;
    others are named by their up to three likeliest needs. Classes that would share a name
    are told apart by their number.
    """
    names = []
    for position, (_, profile) in enumerate(fit.item_probabilities.iterrows()):
        likely = sorted(
            (need for need in NEEDS if profile[need] >= LIKELY),
            key=lambda need: -round(float(profile[need]), 2),
        )
        if fit.zero_class and position == 0:
            names.append("No needs")
        elif not likely:
            names.append("Low needs")
        else:
            named = ", ".join(_SHORT[need] for need in likely[:MOST_NAMED])
            more = " and more" if len(likely) > MOST_NAMED else ""
            names.append(named[0].upper() + named[1:] + more)
    return [
        name if names.count(name) == 1 else f"{name} ({names[: position + 1].count(name)})"
        for position, name in enumerate(names)
    ]


def report_matches(fit: LatentClassResult) -> dict[str, tuple[int, float]]:
    """Return report class -> (position of our class, mean difference), where one fits.

    The report's no needs is our zero class. The others are paired so that the differences
    add up to the least; a pair that differs by more than ``FARTHEST`` is no match.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    first = int(fit.zero_class)
    matches = {"no_needs": (0, 0.0)} if fit.zero_class else {}
    free = fit.item_probabilities.iloc[first:]
    wanted = {key: each for key, each in REPORT_CLASSES.items() if key != "no_needs"}
    differences = np.array([[_difference(each, p) for _, p in free.iterrows()]
                            for each in wanted.values()])  # fmt: skip
    for row, column in zip(*linear_sum_assignment(differences), strict=True):
        if differences[row, column] <= FARTHEST:
            key = list(wanted)[row]
            matches[key] = (first + int(column), float(differences[row, column]))
    return matches


def _difference(described: ReportClass, profile: object) -> float:
    """Return the mean distance of a profile from a description, over the needs it speaks of."""
    import pandas as pd

    assert isinstance(profile, pd.Series)  # noqa: S101
    said = [need for need in NEEDS if need not in described.unsaid]
    return float(
        sum(abs(float(profile[need]) - (need in described.needs)) for need in said) / len(said)
    )
