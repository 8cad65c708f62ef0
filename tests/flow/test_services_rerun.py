"""A service's run is repeated to the byte, its snapshot built again, though there is no ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from datrial.config.project import state_at
from datrial.config.study import load_study
from datrial.pipeline import stops
from datrial.pipeline.job import Job
from datrial.pipeline.rerun import rerun
from datrial.simulate import simulate
from datrial.warehouse.snapshots import SnapshotStore

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


def test_a_run_without_allocations_is_equal_when_it_is_built_again(tmp_path: Path) -> None:
    name = "early_intervention"
    simulate(load_study(name), tmp_path / "inbox" / name, seed=1)
    with state_at(tmp_path):
        job = Job(study=name)
        received = stops.receive(job)
        assert not stops.allocate(job, received).allocates
        snapshot = stops.build(job, received).snapshot_id
        analysed = [stops.analyse(job, snapshot, each) for each in job.resolved_study().analyses]
        run = stops.publish(job, snapshot, analysed).run_id
        # Another study's ledger comes to lie there: it is nothing to this one.
        (tmp_path / "ledger.sqlite").write_bytes(b"")
        SnapshotStore(tmp_path, name).path(snapshot).unlink()
        again = rerun(run)
        assert again.built_again and again.is_equal
        assert stops.decide(job).snapshot_id == snapshot
