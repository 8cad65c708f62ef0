"""Family Solutions Plus: the numbers that its report prints, and those made up to fit them.

Printed for January to September 2022 are totals by strand, the ends of straight trend lines,
means and percentages. The months themselves stand only in pictures: these here are invented so
that the totals and the rounded lines are the printed ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

FIRST_DAY: Final = np.datetime64("2022-01-01", "D")
LAST_DAY: Final = np.datetime64("2022-09-30", "D")
MONTHS: Final = 9
#: Reasons that lie outside the control of the service; their split is invented.
EXTERNAL: Final = ("moved_away", "closed_by_social_care")


@dataclass(frozen=True)
class Strand:
    """One of the two interventions.

    Attributes
    ----------
    requests, assessments, taken_on
        By month, January first; the totals are printed.
    closures
        Reason -> by month; the totals are printed, and so is, over both strands, the mean of the
        nine monthly percentages without ``external``.
    open_before
        Clients on the caseload when January began: so many that the mean caseload is the printed.
    never_started_before
        Of these, so many who never start and disengage; invented.
    never_started
        Month -> clients taken on in it who never start and disengage; invented.
    waiting
        Clients taken on by month who have not started when September ends.
    requested_earlier
        Months back -> share of a month's assessments that were requested so long before.
    wait_to_assessment, wait_earlier, wait_to_start
        Mean days from request to assessment (of requests in these months, of those from before
        them), and from assessment to start.
    weeks
        How long the intervention takes.
    refused, unsuitable
        Not taken on after assessment, by reason.
    undecided
        Assessed in September, with no decision when it ends; invented.
    """

    key: str
    prefix: str
    requests: tuple[int, ...]
    assessments: tuple[int, ...]
    taken_on: tuple[int, ...]
    closures: dict[str, tuple[int, ...]]
    open_before: int
    never_started_before: int
    never_started: dict[int, int]
    waiting: dict[int, int]
    requested_earlier: tuple[float, ...]
    wait_to_assessment: float
    wait_earlier: float
    wait_to_start: float
    weeks: int
    refused: int
    unsuitable: int
    undecided: int

    @property
    def assessed_before(self) -> int:
        """Not taken on who were assessed before January: 50 + 147 is more than 188."""
        here = sum(self.assessments) - sum(self.taken_on) - self.undecided
        return self.refused + self.unsuitable - here


VICTIMS = Strand(
    key="victim_survivor",
    prefix="FSPV",
    requests=(14, 18, 19, 18, 20, 15, 20, 20, 22),
    assessments=(12, 12, 13, 12, 15, 10, 12, 13, 15),
    taken_on=(8, 8, 9, 9, 12, 7, 9, 10, 11),
    closures={
        "completed": (3, 3, 5, 4, 5, 5, 6, 3, 4),
        "disengaged": (2, 3, 4, 1, 7, 1, 5, 2, 3),
        "removed": (0, 0, 0, 0, 2, 0, 0, 0, 0),
        "external": (2, 2, 2, 1, 3, 2, 4, 2, 3),
    },
    open_before=61,
    never_started_before=13,
    never_started={0: 1, 1: 1, 2: 2, 3: 2, 4: 2, 5: 2, 6: 2},
    waiting={5: 1, 6: 2, 7: 2, 8: 3},
    requested_earlier=(0.40, 0.54, 0.06),
    wait_to_assessment=21.7,
    wait_earlier=25.0,
    wait_to_start=11.1,
    weeks=12,
    refused=16,
    unsuitable=14,
    undecided=3,
)
PERPETRATORS = Strand(
    key="perpetrator",
    prefix="FSPP",
    requests=(9, 13, 13, 12, 12, 8, 11, 11, 12),
    assessments=(7, 6, 7, 7, 11, 7, 9, 9, 11),
    taken_on=(7, 6, 7, 7, 10, 6, 7, 6, 8),
    closures={
        "completed": (4, 4, 5, 4, 4, 5, 5, 4, 4),
        "disengaged": (4, 5, 3, 5, 3, 4, 4, 4, 5),
        "removed": (0, 0, 0, 0, 4, 0, 0, 0, 0),
        "external": (1, 1, 1, 1, 1, 1, 1, 1, 1),
    },
    open_before=66,
    never_started_before=11,
    never_started={1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4},
    waiting={},
    requested_earlier=(0.62, 0.36, 0.02),
    wait_to_assessment=14.8,
    wait_earlier=19.0,
    wait_to_start=16.1,
    weeks=16,
    refused=15,
    unsuitable=5,
    undecided=1,
)
STRANDS: Final = (VICTIMS, PERPETRATORS)
