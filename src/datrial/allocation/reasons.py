"""Why a perpetrator who was heard was not allocated: every reason, also those that never occur."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datrial.config.study import Study


class Reason(StrEnum):
    """Why a perpetrator who was heard at a meeting was not allocated there."""

    ALREADY_ALLOCATED = "already_allocated"
    OUTSIDE_RECRUITMENT = "outside_recruitment"
    OTHER_SITE = "other_site"
    UNDER_AGE = "under_age"
    NOT_REPEAT = "not_repeat"
    NO_PLACES = "no_places"
    MEETING_DRAWN = "meeting_drawn"
    #: Eligible by the rule, and in no arm: not on the imported list, or not drawn yet.
    ELIGIBLE_NOT_ALLOCATED = "eligible_not_allocated"


#: A reason, or ``excluded_<column>`` for a code that excludes.
AnyReason = Reason | str
REPEAT_CASE = "repeat_case"


def reason_words(reason: AnyReason) -> str:
    """Return a reason in words, for a table: ``not a repeat referral``."""
    words = _WORDS.get(str(reason))
    if words:
        return words
    column = str(reason).removeprefix("excluded_").replace("_", " ")
    return f"excluded by {column}"


_WORDS = {
    str(Reason.ALREADY_ALLOCATED): "allocated at another meeting",
    str(Reason.OUTSIDE_RECRUITMENT): "heard only outside the recruitment window",
    str(Reason.OTHER_SITE): "heard at a site that does not allocate",
    str(Reason.UNDER_AGE): "under age",
    str(Reason.NOT_REPEAT): "not a repeat referral",
    str(Reason.NO_PLACES): "no places at the meeting",
    str(Reason.MEETING_DRAWN): "the meeting had been drawn",
    str(Reason.ELIGIBLE_NOT_ALLOCATED): "eligible, in no arm",
}


def reasons_of(study: Study) -> tuple[AnyReason, ...]:
    """Return every reason that the study may have, also those that never occur."""
    return (*Reason, *map(excluded_by, study.randomisation.eligibility.exclude))


def excluded_by(column: str) -> str:
    """Return the reason of those whom a code of a column excludes."""
    return f"excluded_{column}"


def columns_of(study: Study) -> tuple[str, ...]:
    """Return the coded columns of ``marac_case`` that the study's eligibility goes by."""
    eligibility = study.randomisation.eligibility
    repeat = (REPEAT_CASE,) if eligibility.repeat_only else ()
    return tuple(sorted({*repeat, *eligibility.exclude}))


def count_by_reason(
    reasons: Iterable[AnyReason], every: Collection[AnyReason] = tuple(Reason)
) -> dict[AnyReason, int]:
    """Return how often each reason occurs; a reason that does not occur has 0."""
    counts = Counter(reasons)
    return {reason: counts[reason] for reason in every}
