"""Abuse grids and needs matrices of the early intervention trial: who has which, and what is in it.

Margins of the grids are printed (figures 1 to 3); how the cases moved is invented, improving. Of
the needs matrices the report tells facts in words only: the profiles below were drawn once, so
that all of these hold, and the seed tells whose they are.
"""

from __future__ import annotations

from typing import Final

#: Type of abuse -> how many of the 16 cases with both grids went from one state to another.
MOVES: Final = {
    "physical": {("high", "none"): 6, ("moderate", "none"): 4, ("dont_know", "none"): 1,
                 ("none", "none"): 5},
    "sexual": {("dont_know", "dont_know"): 15, ("none", "none"): 1},
    "harassment_stalking": {("high", "high"): 1, ("moderate", "standard"): 1,
                            ("moderate", "none"): 1, ("standard", "none"): 1,
                            ("dont_know", "none"): 1, ("dont_know", "dont_know"): 2,
                            ("none", "none"): 8, ("none", "dont_know"): 1},
    "jealous_controlling": {("high", "high"): 3, ("high", "moderate"): 3, ("high", "standard"): 1,
                            ("high", "dont_know"): 1, ("high", "none"): 2,
                            ("moderate", "standard"): 1, ("moderate", "none"): 2,
                            ("moderate", "dont_know"): 1, ("standard", "none"): 1,
                            ("dont_know", "dont_know"): 1},
}  # fmt: skip
#: The six grids at intake without one at exit: figure 1 less the sixteen of figure 3.
INTAKE_ONLY: Final = {
    "physical": {"moderate": 1, "dont_know": 1, "none": 4},
    "sexual": {"dont_know": 6},
    "harassment_stalking": {"moderate": 1, "dont_know": 3, "none": 2},
    "jealous_controlling": {"high": 2, "moderate": 2, "standard": 1, "dont_know": 1},
}
PAIRED: Final = 16
UNPAIRED_COMPLETED, UNPAIRED_DROPPED_OUT = 3, 3
MIDWAY: Final = 4

#: Area -> scores of sixteen clients: Case Manager at intake and exit, service user at both.
NEEDS: Final = {
    "housing": (
        "2 4 4 4 5 4 6 5 8 6 6 7 7 8 9 7",
        "5 7 7 8 6 6 5 6 9 6 7 8 8 9 9 8",
        "2 4 4 2 4 5 6 4 7 6 6 6 5 7 9 6",
        "5 6 8 7 7 5 4 5 9 5 6 8 7 8 9 6",
    ),
    "physical_health": (
        "6 6 6 7 7 7 8 7 8 10 8 10 8 8 10 8",
        "6 6 7 7 6 7 8 7 8 9 9 10 8 8 10 8",
        "7 8 7 7 7 8 8 8 8 10 8 10 8 7 10 8",
        "8 5 8 8 7 6 8 8 8 10 9 10 8 8 10 8",
    ),
    "education_training": (
        "3 6 4 6 6 6 7 5 4 7 7 7 6 7 6 7",
        "3 6 7 8 6 5 7 7 3 7 8 6 6 7 7 8",
        "3 6 3 8 7 6 6 6 4 7 7 6 8 7 8 7",
        "4 6 7 8 8 5 8 7 2 7 7 5 6 8 7 8",
    ),
    "substance_misuse": (
        "5 10 7 6 7 6 6 7 9 9 9 10 8 7 10 9",
        "5 10 8 5 7 5 6 9 10 9 8 10 9 10 9 10",
        "5 10 7 7 9 6 7 7 10 9 10 10 8 7 10 8",
        "6 10 8 6 7 5 8 9 10 8 9 9 9 10 10 9",
    ),
    "finance": (
        "6 6 6 6 8 7 6 6 6 7 10 7 7 10 10 10",
        "6 6 7 7 10 7 5 6 6 10 9 7 8 10 10 9",
        "7 7 7 6 8 8 6 5 7 6 10 8 8 10 10 10",
        "6 8 6 8 10 8 5 6 8 10 9 6 8 10 10 9",
    ),
    "children_parenting": (
        "4 6 4 4 6 6 8 6 3 8 6 8 6 5 7 6",
        "4 7 4 5 6 6 8 7 6 8 8 8 5 6 6 7",
        "3 8 4 4 6 6 10 5 5 9 6 7 7 6 8 5",
        "5 8 5 4 7 6 9 6 7 9 9 7 5 7 5 8",
    ),
    "social_support": (
        "2 2 2 4 7 7 5 6 7 8 6 7 5 8 7 8",
        "4 3 4 7 7 7 6 8 6 7 7 6 6 8 7 8",
        "3 1 2 5 9 7 6 5 7 8 6 8 5 8 7 7",
        "6 3 3 8 7 7 8 10 6 8 7 7 7 8 7 10",
    ),
    "fulfilling_activity": (
        "4 2 5 3 5 5 6 6 8 7 6 8 7 7 8 8",
        "5 5 8 4 8 5 7 8 8 8 5 8 6 7 7 8",
        "3 2 5 5 6 6 7 7 7 7 8 8 6 9 8 8",
        "5 6 8 5 9 6 8 8 8 9 5 9 6 7 7 8",
    ),
    "mental_health": (
        "2 3 6 6 8 2 7 3 6 6 6 6 7 6 5 6",
        "5 5 7 7 8 3 6 5 6 5 6 7 8 5 4 6",
        "3 4 6 7 8 3 9 5 6 6 6 6 6 8 6 8",
        "5 6 7 8 10 4 6 6 6 5 6 8 8 5 5 7",
    ),
    "identity": (
        "3 6 6 4 7 5 6 7 7 6 6 8 5 8 8 6",
        "4 8 7 7 8 8 7 7 7 7 7 7 7 8 7 7",
        "6 6 7 5 8 4 6 10 10 7 6 10 5 9 8 6",
        "7 7 7 10 10 7 8 7 8 7 7 7 7 10 8 8",
    ),
}
#: Profiles of whom both raters see the same needs at intake. Incomplete sets are like these: they
#: leave the difference of the raters as the report tells it of the complete ones.
ALIKE: Final = (1, 2, 10, 12, 14)
