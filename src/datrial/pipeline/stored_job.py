"""A job that repeats a stored run: its study is the one that the run stored."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, SkipValidation

from datrial.config.load import parse
from datrial.config.study import Study, load_study
from datrial.errors import DataError, UsageError
from datrial.pipeline.inputs import arms_named_by_place
from datrial.pipeline.job import Job, check_parameters
from datrial.results.disclosure import Guard
from datrial.results.manifest import Manifest


class StoredJob(Job):
    """A job whose study was read from a stored run, and not from the study file of today.

    Attributes
    ----------
    resolved
        The study as the run stored it, with its changed parameters and chosen analyses.
    only, changed
        How it departed from the plan of its day, as the run recorded it.
    guard
        What of earlier runs was heeded when its tables were protected.
    fresh
        Always: what is repeated is a proof, for which nothing is taken from an earlier run.
    """

    fresh: bool = True

    resolved: Annotated[Study, SkipValidation]  # judged where it is read: see _parsed
    only: tuple[str, ...] | None = None
    changed: dict[str, str] = Field(default_factory=dict)
    guard: Annotated[Guard, SkipValidation] = Guard()

    def resolved_study(self) -> Study:
        """Return the study as the run stored it."""
        return self.resolved

    @classmethod
    def of(cls, manifest: Manifest, guard: Guard | None = None) -> Self:
        """Return the job that made a stored run.

        Raises
        ------
        DataError
            If the run did not store its study; if this version of the code cannot read it;
            if the study is blinded and its file no longer names the arms of then.
        """
        run = manifest.run_id
        stored = manifest.further("resolved_study")
        if not stored:
            raise DataError(
                f"Run {run} did not store its study file: it was made by a version that did not "
                "record it, and cannot be repeated."
            )
        try:
            study = check_parameters(_study(stored, run))
        except UsageError as error:
            raise DataError(
                f"Run {run} cannot be repeated by this version of the code. {error}\n"
                f"The run's own version was {manifest.code_version or 'not recorded'}."
            ) from error
        return cls(
            study=study.study,
            label=manifest.label,
            resolved=study,
            only=manifest.only,
            changed=manifest.changes,
            guard=guard or Guard(),
        )


def _study(stored: dict[str, Any], run: str) -> Study:
    """Return the study that a run stored, a blinded one with its arms' names.

    Only the study file has these names: what is written about a run has places.
    """
    content = stored
    blinded = (stored.get("allocation") or {}).get("blinding", "none") != "none"
    if blinded:
        arms = load_study(str(stored.get("study"))).arms
        names = {f"arm_{place}": key for place, key in enumerate(arms, 1)}
        content = _renamed({**stored, "arms": {}}, names)
        content["arms"] = {key: arm.model_dump(mode="json") for key, arm in arms.items()}
    study = _parsed(content, f"The study that run {run} stored")
    if blinded and arms_named_by_place(study)["arms"] != stored["arms"]:
        raise UsageError(
            "It is of a blinded study and names its arms by their places; in "
            f"configs/studies/{study.study}.yaml other arms stand in these places today."
        )
    return study


def _parsed(content: dict[str, Any], name: str) -> Study:
    """Read a stored study, of which a run may have made some of the analyses only.

    Families of outcomes and the like may name the others: a study file is judged as a whole.
    """
    from datrial.analyses.registry import ANALYSES

    made = dict(content.get("analyses") or {})
    study = parse(Study, {**content, "analyses": {key: {} for key in ANALYSES} | made}, name)
    return study.model_copy(update={"analyses": made})


def _renamed(found: Any, names: dict[str, str]) -> Any:
    if isinstance(found, dict):
        return {names.get(key, key): _renamed(value, names) for key, value in found.items()}
    if isinstance(found, list):
        return [_renamed(value, names) for value in found]
    return names.get(found, found) if isinstance(found, str) else found
