"""Nobody can work out a small number of a service's whole run, from all of its tables together."""

from __future__ import annotations

from pathlib import Path

import pytest
from attacker import pinned

from datrial.config.disclosure import load_profile
from datrial.config.project import state_at
from datrial.config.study import load_study
from datrial.pipeline import stops
from datrial.pipeline.job import Job
from datrial.pipeline.protection import protect_run
from datrial.simulate import simulate
from datrial.simulate.services import SERVICES

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
PROFILE = "counts_below_5"


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_small_can_be_worked_out(name: str, seed: int, tmp_path: Path) -> None:
    study = load_study(name).model_copy(update={"disclosure": PROFILE})
    inbox = tmp_path / "inbox" / name
    simulate(study, inbox, seed=seed, scale=1)
    with state_at(tmp_path):
        job = Job(study=name, inbox=inbox)
        received = stops.receive(job)
        snapshot = stops.build(job, received).snapshot_id
        analysed = [stops.analyse(job, snapshot, each) for each in study.analyses]
        raw = list(stops.drafted(job, snapshot, analysed, ()))
        kept = protect_run(raw, study).protected
    tables = [table for _, table in raw]
    certain, close, small = pinned(
        tables, [table for _, table in kept.tables], load_profile(PROFILE).threshold
    )
    assert small > 10
    assert certain == []
    assert close == []
