"""A stored run once more with other parameters: a run of its own, on the same snapshot."""

from __future__ import annotations

from collections.abc import Mapping

from datrial.config.project import home
from datrial.config.study import load_study
from datrial.errors import UsageError
from datrial.pipeline.job import Job, departures
from datrial.pipeline.stored_job import StoredJob
from datrial.results.folder import read_manifest, run_folder


def changed_job(run_id: str, changes: Mapping[str, str], label: str = "") -> Job:
    """Return the job that makes a stored run again with changed parameters.

    It is a job like any other, of today's study file, so that a locked plan is heeded and its
    tables are protected beside those of all other runs. From the stored run it has the
    analyses and their parameters, also where the study file has others by now.

    Parameters
    ----------
    changes
        Changed parameters: ``{"risk_score.effect": "normal"}``; values as in YAML.
    label
        A name for the new run.

    Raises
    ------
    DataError
        If the run did not store its study, or this code cannot read it.
    UsageError
        If an analysis of the run is not in the study's plan any more; if a change does not fit,
        or changes nothing.
    """
    stored = StoredJob.of(read_manifest(run_folder(home(), run_id))).resolved
    planned = load_study(stored.study).analyses
    gone = [name for name in stored.analyses if name not in planned]
    if gone:
        raise UsageError(
            f"Run {run_id} has analyses that are not in the plan of {stored.study} any more: "
            f"{', '.join(gone)}. `datrial rerun {run_id}` repeats it as it was."
        )
    only, others = departures(stored)
    job = Job(study=stored.study, analyses=only, changes={**others, **changes}, label=label)
    if job.resolved_study().analyses == stored.analyses:
        raise UsageError(f"Run {run_id} has these parameters already: nothing is changed.")
    return job
