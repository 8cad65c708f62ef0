"""A run's parameters, and the ids that follow from what goes in."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from datrial.analyses.registry import ANALYSES
from datrial.config.project import project_root
from datrial.errors import UsageError
from datrial.pipeline import identity
from datrial.pipeline.identity import code_version, content_hash, files_hash
from datrial.pipeline.inputs import run_id
from datrial.pipeline.job import Job, departures


def test_a_changed_parameter_reaches_its_analysis_and_defaults_are_complete() -> None:
    study = Job(study="drive", changes={"risk_score.effect": "normal"}).resolved_study()
    assert study.analyses["risk_score"]["effect"] == "normal"
    assert study.analyses["needs_classes"]["dont_know"] == "missing"  # a default, said outright


def test_values_are_read_as_yaml() -> None:
    study = Job(study="drive", changes={"needs_classes.classes": "[2, 3]"}).resolved_study()
    assert list(study.analyses["needs_classes"]["classes"]) == [2, 3]


@pytest.mark.parametrize("typed", ["no", '"no"', "false"])
def test_a_bare_no_is_the_word_and_not_yaml_s_false(typed: str) -> None:
    study = Job(study="drive", changes={"needs.dont_know": typed}).resolved_study()
    assert study.analyses["needs"]["dont_know"] == "no"


@pytest.mark.parametrize(
    ("job", "told"),
    [
        ({"changes": {"risk_score.effect": "cauchy"}}, "effect"),
        ({"changes": {"risk_score.colour": "red"}}, "colour"),
        ({"changes": {"happiness.level": "3"}}, "happiness"),
        ({"changes": {"risk_score": "3"}}, "ANALYSIS.PARAMETER"),
        ({"analyses": ("happiness",)}, "happiness"),
        ({"changes": {"marac_follow_up.sites": "[site_9]"}}, "no such site: site_9; sites: site_1"),
    ],
)
def test_what_does_not_exist_is_told(job: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Job.model_validate({"study": "drive", **job}).resolved_study()


def test_a_run_records_how_it_departs_from_the_plan_and_not_what_was_typed() -> None:
    plain = Job(study="drive").resolved_study()
    same = Job(study="drive", changes={"risk_score.effect": "gamma"}).resolved_study()
    assert departures(plain) == departures(same) == (None, {})
    other = Job(
        study="drive",
        analyses=("risk_score",),
        changes={"risk_score.effect": "normal", "needs_classes.starts": "5"},
    ).resolved_study()
    assert departures(other) == (("risk_score",), {"risk_score.effect": '"normal"'})


def test_only_the_chosen_analyses_run_in_the_order_of_the_plan() -> None:
    study = Job(study="drive", analyses=("risk_score", "needs_classes")).resolved_study()
    assert list(study.analyses) == ["needs_classes", "risk_score"]
    assert study.primary_outcomes == ()


def test_a_runs_id_depends_on_everything_that_goes_in() -> None:
    study = Job(study="drive").resolved_study()
    changed = Job(study="drive", changes={"risk_score.effect": "normal"}).resolved_study()
    ids = {
        run_id(study, "snap1"), run_id(study, "snap2"), run_id(changed, "snap1"),
        run_id(study, "snap1", "label"), run_id(study.model_copy(update={"seed": 2}), "snap1"),
    }  # fmt: skip
    assert len(ids) == 5
    assert run_id(Job(study="drive").resolved_study(), "snap1") in ids


def test_ids_do_not_depend_on_the_process() -> None:
    code = (
        "from datrial.pipeline.identity import *; "
        "print(code_version(), content_hash({'b': {1: 2}, 'a': [3]}))"
    )
    out = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True,
            text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert out == {f"{code_version()} {content_hash({'a': [3], 'b': {1: 2}})}\n"}


def test_the_codes_version_does_not_hang_on_where_the_project_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "m"
    for name in ("configs", "sql", "expectations"):
        shutil.copytree(project_root() / name, project / name)
    monkeypatch.setattr(identity, "project_root", lambda: project)
    found = []
    for place in ("a", "z"):  # before and after the project's folder, by name
        package = tmp_path / place / "datrial"
        shutil.copytree(Path(identity.__file__).parents[1], package)
        with monkeypatch.context() as patch:
            patch.setattr(identity, "__file__", str(package / "pipeline" / "identity.py"))
            found.append([identity.code_version.__wrapped__(rooms) for rooms in (None, ("sql",))])
    assert found[0] == found[1]


def test_a_cost_model_is_code_of_runs_and_not_of_snapshots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(project_root() / "configs", tmp_path / "configs")
    monkeypatch.setattr(identity, "project_root", lambda: tmp_path)

    def versions() -> list[str]:
        rooms = (None, identity.WAREHOUSE_ROOMS)
        return [identity.code_version.__wrapped__(each) for each in rooms]

    before = versions()
    model = next((tmp_path / "configs" / "costs").glob("*.yaml"))
    model.write_text(model.read_text() + "\n")
    assert versions()[0] != before[0] and versions()[1] == before[1]


def test_a_files_hash_follows_its_content(tmp_path: Path) -> None:
    path = tmp_path / "a"
    absent = files_hash([path])
    path.write_text("x")
    first = files_hash([path])
    path.write_text("y")
    assert len({absent, first, files_hash([path])}) == 3


def test_every_analysis_explains_itself_and_is_planned_or_plannable() -> None:
    for name, analysis in ANALYSES.items():
        assert analysis.id == name
        for text in (
            analysis.title,
            analysis.question,
            analysis.population,
            analysis.rules,
            analysis.model,
        ):
            assert len(text) > 5, name
        analysis.parameters()  # every parameter has a default
