"""Which of a run's analyses were planned, and which planned ones have no result."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datrial.config.plan_lock import ANALYSIS_PART, check_plan
from datrial.config.study import Study, load_study
from datrial.pipeline.job import Analysed, Job
from datrial.pipeline.stored_job import StoredJob
from datrial.results.plan_words import EXPLORATORY

if TYPE_CHECKING:
    from datrial.results.cells import Table


def plan_holds(job: Job) -> None:
    """Raise if the study's analysis plan is locked and its file is another plan by now.

    A job that repeats a stored run has the plan of that run, whatever the file says today.

    Raises
    ------
    UsageError
        With both hashes, the parts that changed, and what to do.
    """
    if not isinstance(job, StoredJob):
        check_plan(load_study(job.study))


def exploratory_analyses(study: Study, changes: Mapping[str, str]) -> dict[str, str]:
    """Return the analyses of a run that were not planned as they are run, each with why.

    Without a locked plan nothing can be called exploratory, or planned: none is returned.

    Parameters
    ----------
    study
        The resolved study of the run: its chosen analyses, with their parameters.
    changes
        ``analysis.parameter`` -> its value, where it is not the plan's
        (:func:`datrial.pipeline.job.departures`).
    """
    from datrial.analyses.registry import ANALYSES

    if study.plan is None or study.plan.locked is None:
        return {}
    changed: dict[str, list[str]] = {}
    for name in changes:
        analysis, _, parameter = name.partition(".")
        changed.setdefault(analysis, []).append(parameter)
    found = {}
    for name in study.analyses:
        if name in study.plan.exploratory:
            found[name] = "not in the analysis plan"
        elif name in changed:
            given = ", ".join(changed[name])
            found[name] = f"run with other parameters than planned: {given}"
    for name in study.analyses:
        if name not in found and name in ANALYSES and ANALYSES[name].reads_results:
            reason = _not_as_planned(study, found)
            if reason:
                found[name] = reason
    return {name: found[name] for name in study.analyses if name in found}


def plan_record(study: Study) -> dict[str, Any]:
    """Return what a run's manifest says of the analysis plan; nothing if none was locked.

    Returns
    -------
    dict
        ``locked`` (ISO day), ``hash`` (in force), ``amendments`` (``date``, ``reason``,
        ``hash``, ``changed``), ``planned`` and ``exploratory`` (ids of this run's analyses),
        ``planned_in_all`` (how many the whole plan has).
    """
    plan = study.plan
    if plan is None or plan.locked is None:
        return {}
    planned = [name for name in study.analyses if name not in plan.exploratory]
    in_all = [part for part in plan.parts if part.startswith(ANALYSIS_PART)]
    return {
        "locked": plan.locked.isoformat(),
        "hash": plan.in_force,
        "amendments": [amendment.model_dump(mode="json") for amendment in plan.amendments],
        "planned": planned,
        "planned_in_all": max(len(in_all), len(planned)),
        "exploratory": [name for name in study.analyses if name in plan.exploratory],
    }


def with_standing(
    tables: Sequence[tuple[str, Table]], exploratory: Collection[str]
) -> list[tuple[str, Table]]:
    """Return (analysis, table) pairs, each table of an exploratory analysis marked as such."""
    return [
        (analysis, replace(table, standing=EXPLORATORY) if analysis in exploratory else table)
        for analysis, table in tables
    ]


def none_left_out(study: Study, analysed: Sequence[Analysed]) -> list[Analysed]:
    """Return how the analyses ended; one that the run had to make and that is missing failed."""
    there = {outcome.analysis for outcome in analysed}
    return [
        *analysed,
        *(
            Analysed(analysis=name, state="failed", reason="it was not run")
            for name in study.analyses
            if name not in there
        ),
    ]


def without_result(study: Study, failed: Collection[str]) -> str:
    """Say which analyses have no result: planned ones first, and primary outcomes before all."""
    exploratory = study.plan.exploratory if study.plan else ()
    primary = [name for name in study.primary_outcomes if name in failed]
    planned = [
        name for name in study.analyses
        if name in failed and name not in primary and name not in exploratory
    ]  # fmt: skip
    others = [name for name in failed if name not in primary and name not in planned]
    word = "planned" if study.plan and study.plan.locked else ""
    said = [
        f"{kind}: {', '.join(names)}"
        for kind, names in (
            (" ".join([*([word] if word else []), "primary outcomes"]), primary),
            (" ".join([*([word] if word else []), "analyses"]), planned),
            ("exploratory analyses", others),
        )
        if names
    ]
    return f"without a result: {'; '.join(said)}"


def _not_as_planned(study: Study, exploratory: Collection[str]) -> str:
    """Return what keeps the analysis of outcome families from being the planned one.

    A family of which the run has nothing is no other family: it has no p-values to adjust.
    """
    other, short = set(), []
    for key, family in study.outcome_families.items():
        rests_on = {tests.analysis for tests in family.tests}
        other |= rests_on & set(exploratory)
        if rests_on & set(study.analyses) and rests_on - set(study.analyses):
            short.append(key)
    said = [f"adjusts tests of exploratory analyses: {', '.join(sorted(other))}"] if other else []
    if short:
        said.append(f"this run has only some of the planned tests of: {', '.join(short)}")
    return "; ".join(said)
