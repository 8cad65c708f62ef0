"""What the Restart report prints, as counts; and what it does not print, invented.

Where the report prints only a per cent, the count is the only whole number that prints it
(tests/unit/test_restart_prints.py goes through them); so for the readings of severity, the child
protection plans and the ethnic groups.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

BOROUGHS: Final = ("camden", "croydon", "havering", "sutton", "westminster")
#: First and last day of each period of Table 2.
PERIODS: Final = (
    (dt.date(2021, 10, 25), dt.date(2022, 3, 31)),
    (dt.date(2022, 4, 1), dt.date(2022, 6, 30)),
    (dt.date(2022, 7, 1), dt.date(2022, 9, 30)),
    (dt.date(2022, 10, 1), dt.date(2022, 12, 31)),
)
#: Referrals by borough and period (Table 2).
REFERRALS: Final = {
    "camden": (18, 7, 10, 3),
    "croydon": (4, 14, 11, 4),
    "havering": (5, 1, 11, 8),
    "sutton": (9, 4, 7, 3),
    "westminster": (7, 7, 6, 1),
}
TOTAL: Final = 140
#: Referrals to the accommodation pathway (Table 3), and what became of eight (paragraph 7.2).
ACCOMMODATION: Final = {"camden": 8, "croydon": 4, "havering": 5, "sutton": 5, "westminster": 3}
MOVED: Final = {"private_rented": 5, "temporary": 3}
#: In place, not in place, not known (Table 7), and the children of a borough's cases.
PROTECTION: Final = {
    "camden": (13, 15, 10),
    "croydon": (17, 5, 11),
    "havering": (10, 6, 9),
    "sutton": (10, 3, 10),
    "westminster": (3, 8, 10),
}
CHILDREN: Final = {"camden": 84, "croydon": 59, "havering": 50, "sutton": 44, "westminster": 38}
#: Which of those in place are children in care, of the 53, is invented.
IN_CARE: Final = 6
#: Table 16 and the sums of Appendix 4: 68 White, 28 Asian, 22 Black, 14 Mixed or other, 8 not
#: reported. How a sum is split below Table 16 is invented.
ETHNICITY: Final = {
    "white_british": 42, "white_other": 23, "black_caribbean": 12, "asian_bangladeshi": 8,
    "asian_other": 8, "white_irish": 3, "asian_indian": 5, "asian_pakistani": 7,
    "black_african": 6, "black_other": 4, "mixed": 7, "other": 7, None: 8,
}  # fmt: skip
#: First age, last age, service users (Table 17). The bands add up to 136: four, not the printed
#: five, have no age.
AGES: Final = ((17, 19, 6), (20, 24, 7), (25, 34, 44), (35, 44, 52), (45, 54, 23), (55, 59, 2),
               (60, 68, 2))  # fmt: skip
#: Men and women are not printed.
WOMEN: Final = 11

COMPLETED: Final = 79
STOPPED_ENGAGING: Final = 34
#: The programmes of the 57 referred on (paragraph 1.32), and the others who completed.
ONWARD: Final = {"group_programme": 41, "one_to_one": 16, "none": 22}
#: Of those who completed, so many were referred to specialist services too: 41 + 16 + 24 is more
#: than the 79.
SPECIALIST: Final = 24
#: Not taken on, and still worked with at the end of 2022: invented, they make 27.
NOT_TAKEN_ON: Final = {"high_risk": 6, "declined": 3, "not_eligible": 2}
STILL_OPEN: Final = 16
#: With an initial needs assessment, of whom so many with a need of accommodation. Which cases
#: were assessed is invented: completed, stopped engaging, still open.
ASSESSED: Final = 78
ASSESSED_OF: Final = (60, 13, 5)

#: Yes among the 78 assessed (Tables 18 and 19; the last of each are invented).
NEEDS: Final = (34, 19, 17, 14, 12, 9, 9, 5)
CHILDHOOD: Final = (21, 12, 11, 10, 9, 6, 5, 4, 3, 3)
HOUSING: Final = 2  # its place among the needs

#: The highest level of the four types (paragraphs 1.25 and 1.31); with the last all four types
#: are not known.
SEVERITY: Final = {
    "victim_survivor": {"standard": 47, "moderate": 27, "high": 8, "dont_know": 22},
    "service_user": {"standard": 26, "moderate": 33, "high": 11, "dont_know": 6},
}
TYPES: Final = ("physical", "sexual", "harassment_stalking", "jealous_controlling")
#: How often a type is there in a case whose level is known: physical abuse and jealous and
#: controlling behaviour lead (paragraph 1.24), the numbers are invented.
TYPE_SHARES: Final = (0.72, 0.14, 0.38, 0.70)

#: Cases with a known answer, and improved ones, by domain (paragraphs 8.9 and 8.31). 75% is no
#: share of 18: sixteen of the eighteen have an answer in each domain, of whom twelve improved.
VICTIM_CASES: Final = 18
VICTIM_OUTCOMES: Final = {"safety": (16, 12), "wellbeing": (16, 12)}
SERVICE_USER_CASES: Final = 31
SERVICE_USER_OUTCOMES: Final = {
    "potential": (31, 26), "wellbeing": (31, 25), "ability": (31, 25), "motivation": (31, 25),
}  # fmt: skip
#: Mean of the cases' means of the first domain: 39 of 31 cases is the printed 1.26.
POTENTIAL_SUM: Final = 39
#: Forms on which nothing is known: invented.
EMPTY_FORMS: Final = {"victim_outcomes": 12, "service_user_outcomes": 9}

#: CORE training: attended in rounds 1 and 2, passed in round 2 (Table 5).
CORE: Final = {
    "camden": (38, 24, 20),
    "croydon": (43, 30, 26),
    "havering": (33, 34, 29),
    "sutton": (58, 15, 13),
    "westminster": (49, 31, 26),
}
CORE_BOOKED: Final = 429
#: 302 passed in both rounds (paragraph 1.16); by borough only round 2 is printed.
CORE_PASSED: Final = 302
#: Sums of the 134 marks of round 2, in per cent: means of 75.6 and 87.4 (paragraph 6.3).
MARKS: Final = (10130, 11712)
#: Attended Overview training: Table 1 less Table 5. Until June 2022 71% of those booked came
#: (paragraph 1.16): how many those were, and that later it was so again, is invented.
OVERVIEW: Final = {"camden": 45, "croydon": 92, "havering": 94, "sutton": 113, "westminster": 55}
OVERVIEW_BOOKED: Final = ((284, 400), (115, 162))
#: Consultations from April to December 2022 (Table 1).
CONSULTATIONS: Final = {"camden": 36, "croydon": 41, "havering": 44, "sutton": 20,
                        "westminster": 36}  # fmt: skip

INVENTED: Final = (
    "days within the periods; referrers; sex; groups below Table 16; children in care among the 53",
    "needs and childhood experiences below those printed; who was assessed; 27 cases neither "
    "completed nor stopped: 11 not taken on and 16 open",
    "severity of each type below the case's level; answers behind the cases' improvement; forms "
    "on which nothing is known",
    "passed in round 1 by borough; bookings by borough; single marks; days of courses and "
    "consultations",
    "everything about the authority without Restart",
)
