"""What a study file says that cannot be meant: every such error, a sentence each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datrial.config.allocation import allocation_problems
from datrial.config.plan import plan_problems
from datrial.config.study_parts import CODED
from datrial.config.tables import staging_tables, vocabularies

if TYPE_CHECKING:
    from datrial.config.study import Study


def study_problems(study: Study) -> list[str]:
    """Return every contradiction of a study file."""
    problems = []
    keys = [period.key for period in study.periods]
    if len(set(keys)) < len(keys):
        problems.append("two periods have the same key")
    if sorted(set(study.windows)) != list(study.windows) or min((0, *study.windows)) < 0:
        problems.append("the months of windows must rise from 0 or more")
    for name in study.primary_outcomes:
        if name not in study.analyses:
            problems.append(f"primary outcome {name!r} is not one of the analyses")
    problems += _family_problems(study)
    problems += plan_problems(study.plan, study.primary_outcomes, study.outcome_families)
    problems += _design_problems(study)
    if study.allocation:
        problems += allocation_problems(study.allocation, study.arms, study.sites)
    problems += _arm_problems(study)
    return problems + _instrument_problems(study)


def _family_problems(study: Study) -> list[str]:
    """Return which tests of outcome families no analysis of the plan makes."""
    families = study.outcome_families
    problems = [
        f"outcome family {key!r} names {tests.table}, but the analysis {tests.analysis!r} is not "
        "planned"
        for key, family in families.items()
        for tests in family.tests
        if tests.analysis not in study.analyses
    ]
    if families and "outcome_families" not in study.analyses:
        problems.append("outcome families are adjusted by the analysis outcome_families: plan it")
    return problems


def _design_problems(study: Study) -> list[str]:
    """Return what a study's design asks for that is not there, and what it has no use for."""
    if study.design == "randomised_trial":
        needed = {
            "allocation": study.allocation,
            "periods": study.periods,
            "scoring": study.scoring,
        }
        return [f"a randomised trial needs `{name}`" for name, given in needed.items() if not given]
    problems = []
    if study.allocation is not None:
        problems.append(f"`allocation` belongs to a randomised trial, not to {study.design}")
    if study.design == "single_arm" and len(study.arms) != 1:
        problems.append("a single-arm study has one arm; with others it is a cohort_comparison")
    if study.design == "cohort_comparison":
        roles = [arm.role for arm in study.arms.values()]
        if sorted(roles) != ["control", "intervention"]:
            problems.append("a cohort_comparison has one arm of intervention and one of control")
        if sum(not arm.sources for arm in study.arms.values()) > 1:
            problems.append(
                "an arm's `sources` tell who is in it: all arms but one need them, which has the "
                "people of all other sources"
            )
    return problems


def _arm_problems(study: Study) -> list[str]:
    """Return what of the arms could be taken for the code of an arm, or is nobody's."""
    problems = []
    coded = sorted(key for key, arm in study.arms.items() if arm.role == CODED)
    if coded:
        problems.append(f"an arm's role is intervention or control: {', '.join(coded)}")
    taken = sorted(key for key in study.arms if re.fullmatch(r"arm_[a-z]", key))
    if taken and study.is_blinded:
        problems.append(f"in a blinded study no arm is named like a code: {', '.join(taken)}")
    named = [source for arm in study.arms.values() for source in arm.sources]
    if named and study.allocation is not None:
        problems.append("an arm's `sources` have no meaning where people are allocated")
    for source in sorted(set(named)):
        if source not in study.sources:
            problems.append(f"an arm names {source!r}, which is not one of the sources")
        if named.count(source) > 1:
            problems.append(f"the source {source!r} stands in two arms")
    return problems


def _instrument_problems(study: Study) -> list[str]:
    """Return which vocabularies there are not, and which instruments have too many items."""
    problems = [
        f"terms: there is no vocabulary {name!r}; there are {', '.join(vocabularies())}"
        for name in study.terms
        if name not in vocabularies()
    ]
    for key, instrument in study.instruments.items():
        columns = staging_tables()[instrument.table].columns
        room = sum(name.startswith("item_") for name in columns)
        if len(instrument.items) > room:
            problems.append(f"instrument {key!r}: {instrument.table} has room for {room} items")
    return problems
