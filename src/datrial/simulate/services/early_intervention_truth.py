"""What the early intervention trial's replica was made with: printed margins, and inventions."""

from __future__ import annotations

from typing import Any

from datrial.simulate.services.early_intervention_readings import INTAKE_ONLY, MOVES
from datrial.simulate.services.early_intervention_referrals import (
    AGED,
    CHILD_PROTECTION,
    COMPLETED,
    DROPPED_OUT,
    ETHNICITY,
    ETHNICITY_UNKNOWN,
    PEOPLE,
    REFERRALS,
    SEX,
)

_INVENTED = (
    "days of referrals, consultations, one-to-one work and readings",
    "who was referred by whom, number of children, status with children's services, boroughs of "
    "referrals after the first 24 weeks",
    "ages but the least, the median and the greatest",
    "ethnic groups of the four people who are in none of the groups that are printed",
    "which cases moved from which severity to which: only the margins are printed",
    "midway grids: the report says that there were some",
    "scores of the needs matrices: the report tells facts in words, which they meet",
    "onward referrals and accommodation after the first 24 weeks were not recorded",
)


def truth() -> dict[str, Any]:
    """Return the margins of one copy, and what was invented."""
    outcomes = [referral.outcome for referral in REFERRALS]
    return {
        "margins": {
            "referrals": len(REFERRALS),
            "people": PEOPLE,
            "completed": outcomes.count(COMPLETED),
            "dropped_out": outcomes.count(DROPPED_OUT),
            "never_engaged": sum(not referral.engaged for referral in REFERRALS),
            "sex": dict(SEX),
            "ethnicity": {**ETHNICITY, "not_known": ETHNICITY_UNKNOWN},
            "age_months": dict(zip(("least", "median", "greatest"), AGED, strict=True)),
        },
        "status_with_childrens_services": dict(CHILD_PROTECTION),
        "abuse_grids": {
            kind: {
                "intake_to_exit": {f"{a} to {b}": count for (a, b), count in moves.items()},
                "intake_only": dict(INTAKE_ONLY[kind]),
            }
            for kind, moves in MOVES.items()
        },
        "invented": list(_INVENTED),
    }
