"""The 35 referrals of the early intervention trial, and what their margins are.

The pathway is made to fit both reports: at twelve months 35 referrals of 32 people (21 completed,
4 dropped out, 10 never engaged); at 24 weeks 27 referrals in five boroughs, 24 suitable, 13 in
one-to-one work of whom 8 had completed it, 3 refused, 14 referred on, 8 in need of accommodation.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

START: Final = dt.date(2020, 9, 1)
COMPLETED, DROPPED_OUT = "completed", "dropped_out"
NOT_KNOWN, NO_CONTACT, REFUSED = "not_known_to_childrens_services", "no_contact", "refused"
#: Referrals whose onward referral and accommodation the report at 24 weeks tells.
FIRST_24_WEEKS: Final = 27
PEOPLE: Final = 32
AGED: Final = (269, 428, 712)  # months: the least, the median, the greatest
SEX: Final = {"male": 31, "female": 1}
#: Known of everyone who engaged or was referred again; the unknown never engaged.
ETHNICITY: Final = {"white_british": 11, "white_other": 3, "asian": 7, "mixed": 4, "black": 3,
                    "other": 1}  # fmt: skip
ETHNICITY_UNKNOWN: Final = 3
CHILD_PROTECTION: Final = {"child_protection_plan": 20, "child_in_need_plan": 7, "early_help": 3,
                           "dont_know": 2}  # fmt: skip
REFERRED_BY: Final = {"early_help": 12, "child_in_need": 12, "childrens_social_care": 9}


@dataclass(frozen=True)
class Referral:
    """One referral.

    Attributes
    ----------
    day
        Days after the trial's start.
    person
        Counted from 1; 9 was referred three times and 13 twice.
    outcome
        Completed, dropped out, or why the client never engaged.
    suitable
        Whether the case was suitable for consultation.
    wait, weeks
        Days until one-to-one work began, and how long it lasted; 0 of those who never engaged.
    onward, accommodation
        Where the client was referred on to; what came of a need of accommodation.
    """

    day: int
    person: int
    area: str
    outcome: str
    wait: int = 0
    weeks: int = 0
    suitable: bool = True
    onward: str | None = None
    accommodation: str | None = None

    @property
    def engaged(self) -> bool:
        """Whether one-to-one work began."""
        return self.outcome in (COMPLETED, DROPPED_OUT)

    @property
    def is_completed(self) -> bool:
        """Whether one-to-one work was completed."""
        return self.outcome == COMPLETED

    @property
    def is_from_marac(self) -> bool:
        """Whether a conference referred, of whom children's services know nothing."""
        return self.outcome == NOT_KNOWN

    @property
    def referred_on(self) -> dt.date:
        """The day of the referral."""
        return START + dt.timedelta(days=self.day)

    @property
    def started_on(self) -> dt.date | None:
        """The first day of one-to-one work."""
        return self.referred_on + dt.timedelta(days=self.wait) if self.engaged else None

    @property
    def closed_on(self) -> dt.date | None:
        """The last day of one-to-one work."""
        started = self.started_on
        return started + dt.timedelta(weeks=self.weeks) if started else None


_DVPP, _MONEY, _MIND = "perpetrator_programme", "housing_finance", "mental_health"
_PLACED, _PRIVATE, _SOON = "through_intervention", "private", "being_placed"
_BARKING, _CAMDEN, _OTHER = "barking_and_dagenham", "camden", "other_borough"

REFERRALS: Final = (
    Referral(3, 1, _CAMDEN, COMPLETED, 14, 12, onward=_DVPP, accommodation=_PLACED),
    Referral(8, 2, _BARKING, COMPLETED, 12, 12, onward=_DVPP),
    Referral(14, 3, _CAMDEN, NOT_KNOWN, suitable=False),
    Referral(21, 4, _CAMDEN, COMPLETED, 15, 12, onward=_DVPP, accommodation=_PLACED),
    Referral(28, 5, "sutton", COMPLETED, 14, 8, onward=_DVPP, accommodation=_PRIVATE),
    Referral(36, 6, _BARKING, REFUSED),
    Referral(41, 7, _CAMDEN, COMPLETED, 17, 7, onward=_DVPP, accommodation=_PLACED),
    Referral(47, 8, "westminster", COMPLETED, 13, 7, onward=_DVPP),
    Referral(52, 9, _BARKING, NOT_KNOWN, suitable=False),
    Referral(58, 10, _CAMDEN, COMPLETED, 16, 6, onward=_DVPP),
    Referral(64, 11, _BARKING, COMPLETED, 14, 5, onward=_MONEY),
    Referral(70, 12, "sutton", REFUSED),
    Referral(77, 13, _CAMDEN, NO_CONTACT),
    Referral(83, 14, _BARKING, COMPLETED, 20, 12, onward=_MIND, accommodation=_PLACED),
    Referral(90, 15, _CAMDEN, COMPLETED, 21, 11, onward=_DVPP),
    Referral(97, 16, "westminster", COMPLETED, 19, 10, onward=_MONEY, accommodation=_PRIVATE),
    Referral(106, 17, _BARKING, COMPLETED, 18, 9, onward=_DVPP),
    Referral(114, 18, _CAMDEN, COMPLETED, 22, 8, onward=_MIND, accommodation=_SOON),
    Referral(120, 19, _BARKING, REFUSED),
    Referral(127, 20, "sutton", NO_CONTACT, suitable=False),
    Referral(133, 9, _BARKING, NO_CONTACT),
    Referral(138, 21, _CAMDEN, COMPLETED, 60, 8, onward=_DVPP, accommodation=_SOON),
    Referral(143, 22, "westminster", COMPLETED, 43, 8),
    Referral(149, 23, "sutton", DROPPED_OUT, 48, 3),
    Referral(155, 24, _CAMDEN, COMPLETED, 45, 7),
    Referral(160, 25, "waltham_forest", DROPPED_OUT, 35, 4),
    Referral(165, 26, _CAMDEN, COMPLETED, 30, 6),
    Referral(205, 13, _CAMDEN, COMPLETED, 14, 8),
    Referral(231, 27, _OTHER, COMPLETED, 16, 9),
    Referral(262, 9, _BARKING, COMPLETED, 15, 8),
    Referral(290, 28, _OTHER, DROPPED_OUT, 12, 3),
    Referral(370, 29, "sutton", REFUSED),
    Referral(455, 30, _OTHER, COMPLETED, 20, 10),
    Referral(540, 31, "westminster", DROPPED_OUT, 18, 2),
    Referral(630, 32, _OTHER, NO_CONTACT),
)
