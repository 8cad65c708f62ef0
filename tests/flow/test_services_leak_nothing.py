"""Names in every kind of place of a service's files: none leaves them, nor is described."""

from __future__ import annotations

from pathlib import Path

import pytest
from canaries import found_in, in_text, plant
from typer.testing import CliRunner

from datrial.cli import app
from datrial.config.mapping import load_mappings
from datrial.config.project import state_at
from datrial.config.study import load_study
from datrial.errors import UsageError
from datrial.pipeline import stops
from datrial.pipeline.job import Job
from datrial.simulate import simulate
from datrial.simulate.names import canary_texts
from datrial.simulate.services import SERVICES

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.mark.parametrize("name", SERVICES)
def test_no_name_in_any_kind_of_place_leaves_the_files(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names stand in codes, dates, numbers, references, summary lines, comments, file names."""
    # So many spoilt rows would stop a run of so small extracts before it could leak anything.
    study = load_study(name).model_copy(update={"quarantine_limit": 0.5})
    monkeypatch.setattr("datrial.pipeline.job.load_study", lambda _: study)
    inbox = tmp_path / "inbox" / name
    simulate(study, inbox, seed=1, scale=1)
    planted = plant(load_mappings(study.sources), inbox).planted
    assert len([place for place in planted.values() if "column" in place]) > 60
    names = dict.fromkeys(canary_texts(), "a name of the simulation") | planted
    said = ""
    with state_at(tmp_path):
        job = Job(study=name, inbox=inbox)
        received = stops.receive(job)
        snapshot = stops.build(job, received).snapshot_id
        analysed = [stops.analyse(job, snapshot, each) for each in job.resolved_study().analyses]
        assert [each.reason for each in analysed if each.state == "failed"] == []
        stops.publish(job, snapshot, analysed)
        for path in sorted(inbox.glob("*.*")):
            if path.suffix in (".csv", ".xlsx"):
                told = CliRunner().invoke(app, ["extracts", "describe", str(path)])
                assert told.exception is None or isinstance(told.exception, UsageError)
                said += told.output + str(told.exception or "")
    assert "table:" in said
    assert in_text(said, names) == []
    assert found_in(tmp_path, names) == []
