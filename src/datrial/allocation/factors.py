"""The factor levels by which a scheme goes: what was known of someone when he was referred."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from datrial.allocation.hearings import HearingRow, MeetingKey, plain_day
from datrial.allocation.reasons import columns_of
from datrial.config.allocation import AGE, NOT_KNOWN, SITE

if TYPE_CHECKING:
    from datrial.config.study import Study

#: (meeting, person id) -> factor -> level.
Levels = dict[tuple[MeetingKey, str], dict[str, str]]


def referral_columns(study: Study) -> tuple[str, ...]:
    """Return the coded columns of ``marac_case`` that the study's allocation reads.

    A hearing needs them as its ``answers``: for eligibility, and as factors.
    """
    factors = {each for each in study.randomisation.factors if each not in (AGE, SITE)}
    return tuple(sorted({*columns_of(study), *factors}))


def check_answers(hearings: Iterable[HearingRow], study: Study) -> None:
    """Refuse hearings without the answers that the study's allocation reads.

    Raises
    ------
    ValueError
        If any is without: what was not read must not pass for not known.
    """
    needed = set(referral_columns(study))
    if needed and any(not needed <= (row[4] if len(row) > 4 else {}).keys() for row in hearings):
        raise ValueError(
            f"hearings come without the answers that study {study.study} allocates by: "
            + ", ".join(sorted(needed))
        )


def levels_at(hearings: Iterable[HearingRow], study: Study) -> Levels:
    """Return the factor levels of everyone at every meeting where he was heard.

    Someone with several cases at a meeting has the lowest of his known ages and,
    of several codes, the one that comes first in the alphabet; what no case tells
    is the level ``not_known``, and don't know is a level of its own.
    """
    ages: dict[tuple[MeetingKey, str], list[int]] = {}
    codes: dict[tuple[MeetingKey, str], dict[str, set[str]]] = {}
    for person, site, day, age, *answers in hearings:
        key = MeetingKey(site, plain_day(day)), person
        known = ages.setdefault(key, [])
        if age is not None:
            known.append(age)
        told = codes.setdefault(key, {})
        for column, code in (answers[0] if answers else {}).items():
            if code is not None:
                told.setdefault(column, set()).add(code)
    return {
        key: {
            factor: _level(factor, key[0].site, known, codes[key], study)
            for factor in study.randomisation.factors
        }
        for key, known in ages.items()
    }


def age_band(age: int | None, bands: Sequence[int]) -> str:
    """Return the band of an age: ``under_25``, ``25_to_39``, ``40_and_over``."""
    if age is None:
        return NOT_KNOWN
    return band_names(bands)[sum(age >= first for first in bands)]


def band_names(bands: Sequence[int]) -> list[str]:
    """Return the names of the bands, the youngest first; ``bands`` are first ages."""
    between = [f"{first}_to_{after - 1}" for first, after in pairwise(bands)]
    return [f"under_{bands[0]}", *between, f"{bands[-1]}_and_over"]


def _level(
    factor: str, site: str, ages: list[int], codes: dict[str, set[str]], study: Study
) -> str:
    if factor == SITE:
        return site
    if factor == AGE:
        return age_band(min(ages, default=None), study.randomisation.age_bands)
    return min(codes.get(factor, {NOT_KNOWN}))
