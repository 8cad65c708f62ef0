"""A run's stored study comes back as the study that the run had, whatever the study file says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from datrial.config.study import Arm, Study, load_study
from datrial.errors import DataError
from datrial.pipeline.inputs import arms_named_by_place, run_identity
from datrial.pipeline.job import Job
from datrial.pipeline.stored_job import StoredJob
from datrial.results.manifest import Manifest


def stored(study: Study, **more: Any) -> Manifest:
    """Return a manifest as it comes back from the disk."""
    content = {"run_id": "r1", **run_identity(study, "s1", "a label"), **more}
    return Manifest.model_validate(json.loads(json.dumps(content)))


def blinded() -> Study:
    study = load_study("drive")
    allocation = study.allocation.model_copy(update={"blinding": "coded_arms"})
    return study.model_copy(
        update={"allocation": allocation, "analyses": Job(study="drive").resolved_study().analyses}
    )


def test_the_study_comes_back_with_its_parameters_order_and_departures() -> None:
    job = Job(
        study="drive", analyses=("risk_score", "balance"), changes={"risk_score.effect": "normal"}
    )
    study = job.resolved_study()
    changes = {"risk_score.effect": '"normal"'}
    again = StoredJob.of(stored(study, only=("balance", "risk_score"), changes=changes))
    assert again.resolved_study() == study.model_copy(
        update={"nightly": again.resolved.nightly, "retention": again.resolved.retention}
    )
    assert list(again.resolved.analyses) == list(study.analyses)
    assert list(again.resolved.sites) == list(study.sites)
    assert (again.only, again.changed, again.label) == (
        ("balance", "risk_score"), changes, "a label"
    )  # fmt: skip


def test_the_study_file_of_today_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = stored(Job(study="drive").resolved_study())

    def gone(name: str) -> Study:
        raise AssertionError(name)

    for module in ("job", "stored_job"):
        monkeypatch.setattr(f"datrial.pipeline.{module}.load_study", gone)
    assert StoredJob.of(manifest).resolved_study().study == "drive"


def test_a_blinded_study_gets_its_arms_names_back_from_the_study_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = blinded()
    manifest = stored(study)
    assert list(manifest.further("resolved_study")["arms"]) == ["arm_1", "arm_2"]
    monkeypatch.setattr("datrial.pipeline.stored_job.load_study", lambda name: study)
    again = StoredJob.of(manifest).resolved_study()
    assert again.arms == study.arms
    assert again.allocation == study.allocation
    assert arms_named_by_place(again) == arms_named_by_place(study)


def test_a_blinded_study_whose_arms_are_others_today_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = blinded()
    manifest = stored(study)
    third = {**study.arms, "waiting": Arm(label="Waiting list", role="control")}
    monkeypatch.setattr(
        "datrial.pipeline.stored_job.load_study",
        lambda name: study.model_copy(update={"arms": third}),
    )
    with pytest.raises(DataError, match="other arms stand in these places"):
        StoredJob.of(manifest)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"resolved_study": {}}, "did not store its study"),
        ({"resolved_study": {"study": "drive"}}, "cannot be repeated by this version"),
    ],
)
def test_what_cannot_be_read_is_told(changes: dict[str, Any], told: str) -> None:
    manifest = stored(Job(study="drive").resolved_study(), **changes)
    with pytest.raises(DataError, match=told):
        StoredJob.of(manifest)


def test_a_setting_that_this_version_does_not_know_is_named() -> None:
    study = Job(study="drive").resolved_study()
    content = {**arms_named_by_place(study), "colour": "green"}
    with pytest.raises(DataError, match="colour"):
        StoredJob.of(stored(study, resolved_study=content))
