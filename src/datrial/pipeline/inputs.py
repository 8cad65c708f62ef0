"""What a run starts from: the study, its mappings, files and ledger; the ids that follow."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datrial.allocation.ledger import Ledger
from datrial.config.disclosure import load_profile
from datrial.config.mapping import SourceMapping, TableMapping, load_mappings
from datrial.config.project import home, project_root
from datrial.config.study import Study
from datrial.config.tables import ALWAYS, staging_tables
from datrial.errors import UsageError
from datrial.extracts.inbox import SIMULATED_MARK
from datrial.people.keys import find_key
from datrial.people.pseudonyms import Pseudonymiser, load_pseudonymiser
from datrial.pipeline.identity import WAREHOUSE_ROOMS, code_version, content_hash, files_hash
from datrial.pipeline.job import Job


@dataclass(frozen=True)
class Inputs:
    """A job with everything resolved that does not need the data to be read."""

    job: Job
    study: Study
    mappings: tuple[SourceMapping, ...]

    @property
    def is_simulated(self) -> bool:
        """Whether the inbox holds simulated extracts."""
        return (self.job.inbox_folder / SIMULATED_MARK).is_file()

    def pseudonymiser(self) -> Pseudonymiser:
        """Return the pseudonymiser; only simulated extracts may use the demonstration key."""
        return load_pseudonymiser(demonstration=self.is_simulated)

    def key(self) -> str:
        """Return the pseudonym key; arms' codes hang on it too."""
        return find_key(demonstration=self.is_simulated)

    @property
    def ledger_path(self) -> Path:
        """Where the allocation ledger lies."""
        return home() / "ledger.sqlite"


def resolve(job: Job) -> Inputs:
    """Return a job's study and mappings.

    Raises
    ------
    UsageError
        With every error of the study file, the mappings and the changed parameters.
    """
    study = job.resolved_study()
    mappings = load_mappings(study.sources)
    unnamed = unnamed_terms(study, mappings)
    if unnamed:
        raise UsageError("\n".join(unnamed))
    return Inputs(job, study, mappings)


def unnamed_terms(study: Study, mappings: Iterable[SourceMapping]) -> list[str]:
    """Return the codes of mappings that the study file has no name for, a sentence each.

    A vocabulary that the file does not have at all is left to its codes, which are then read
    as words.
    """
    found = []
    for mapping in mappings:
        for table in mapping.tables:
            columns = staging_tables()[table.table].columns
            for name, codes in {**table.values, **_constants(table)}.items():
                vocabulary = columns[name].terms
                known = study.terms.get(vocabulary) if vocabulary else None
                if vocabulary == "instrument":
                    known = {key: about.label for key, about in study.instruments.items()}
                if known is not None:
                    lost = sorted({*codes} - {*known, *ALWAYS})
                    found += [
                        f"configs/sources/{mapping.key}.yaml: {name} has the code {code!r}, which "
                        f"the study file has no name for (terms: {vocabulary})."
                        for code in lost
                    ]
    return found


def _constants(table: TableMapping) -> dict[str, tuple[str, ...]]:
    return {name: (code,) for name, code in table.constants.items()}


def work_folder() -> Path:
    """Return the folder for this attempt's unfinished files; the next start sweeps it."""
    attempt = os.environ.get("DATRIAL_ATTEMPT") or f"process-{os.getpid()}"
    folder = home() / "tmp" / attempt
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def landing_folder() -> Path:
    """Return the landing folder."""
    return home() / "landing"


def snapshot_id(inputs: Inputs, extracts: list[str]) -> str:
    """Return the id of the snapshot: a hash of all that goes into it.

    Parameters
    ----------
    extracts
        The extracts that count and those that they replaced, as
        :func:`datrial.extracts.landing.expected_extracts` gives them.
    """
    return content_hash(made_of(inputs, extracts))


def made_of(inputs: Inputs, extracts: list[str]) -> dict[str, Any]:
    """Return what a snapshot is made of, in hashes: two snapshots differ where these differ.

    ``extracts``
        See :func:`snapshot_id`: ``current:<mapping>@<sha256> <first day> <last day> #<place>``.
    ``ledger``, ``rules``, ``decisions``, ``code``
        Hashes of the allocations, of the study's rules for data, of the clerical review
        and of the code that builds warehouses.
    ``mappings``
        Mapping -> the hash of its content.
    ``key``
        The fingerprint of the pseudonym key.
    """
    return {
        "extracts": extracts,
        "ledger": ledger_digest(inputs),
        "rules": content_hash(data_rules(inputs.study)),
        "mappings": {
            mapping.key: content_hash(mapping.model_dump(mode="json"))
            for mapping in inputs.mappings
        },
        "key": inputs.pseudonymiser().fingerprint,
        "decisions": decisions_hash(inputs.study),
        "code": code_version(WAREHOUSE_ROOMS),
    }


def data_rules(study: Study) -> dict[str, Any]:
    """Return what of a study file decides a snapshot: all but the analysis plan and titles."""
    return study.model_dump(
        mode="json",
        exclude={
            "title",
            "analyses",
            "primary_outcomes",
            "outcome_families",
            "published",
            "disclosure",
            "plan",
            "nightly",
            "retention",
            "terms",
        },
    )


def decisions_hash(study: Study) -> str:
    """Return the hash of what clerical review decided; empty where the study links nobody."""
    from datrial.people.decisions import decisions_path

    return files_hash([decisions_path(study.study)]) if study.linkage else ""


def ledger_digest(inputs: Inputs) -> str:
    """Return the hash of who was allocated to which arm; empty before the first allocation.

    And in a study that allocates nobody, whatever other studies' ledger lies there.
    """
    if inputs.study.allocation is None or not inputs.ledger_path.is_file():
        return ""
    with Ledger(inputs.ledger_path, read_only=True) as ledger:
        return ledger.digest(inputs.study.study)


def run_identity(study: Study, snapshot: str, label: str) -> dict[str, Any]:
    """Return what a run's id is the hash of; it is stored in the run's manifest."""
    published = project_root() / "configs" / "published" / f"{study.published}.yaml"
    return {
        "study": study.study,
        "snapshot_id": snapshot,
        "resolved_study": arms_named_by_place(study),
        "published": files_hash([published]),
        "disclosure_profile": load_profile(study.disclosure).model_dump(mode="json"),
        "code_version": code_version(),
        "label": label,
    }


def arms_named_by_place(study: Study) -> dict[str, Any]:
    """Return all of a study file that decides a run, as a run stores it.

    A blinded study's arms are named by their places in the file: ``arm_1``, ``arm_2``, ...
    """
    content = study.model_dump(mode="json", exclude={"nightly", "retention"})
    return dict(_without_arm_names(study, content))


def _without_arm_names(study: Study, found: Any) -> Any:
    """Return a value with a blinded study's arms named by their places in the study file.

    What is written about a run is read by those from whom the arms are kept.
    """
    if not study.is_blinded:
        return found
    names = {key: f"arm_{place}" for place, key in enumerate(study.arms, 1)}
    names |= {arm.label: names[key] for key, arm in study.arms.items()}
    if isinstance(found, dict):
        return {
            names.get(key, key): _without_arm_names(study, value) for key, value in found.items()
        }
    if isinstance(found, list):
        return [_without_arm_names(study, value) for value in found]
    return names.get(found, found) if isinstance(found, str) else found


def run_id(study: Study, snapshot: str, label: str = "") -> str:
    """Return a run's id: a hash of its snapshot, study, parameters and code version."""
    return content_hash(run_identity(study, snapshot, label))
