"""A run whose snapshot is gone: built again from the landed extracts and the ledger of then."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
from small_state import small_run

from datrial.allocation.entries import Allocation
from datrial.allocation.ledger import Ledger
from datrial.config.mapping import SourceMapping, load_mappings
from datrial.config.study import load_study
from datrial.errors import DataError
from datrial.pipeline import stops
from datrial.pipeline.job import Job
from datrial.pipeline.rerun import rerun
from datrial.simulate import simulate
from datrial.warehouse.snapshots import SnapshotStore

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A state with a run on simulated extracts; then its snapshot went, and the ledger grew."""
    home = tmp_path_factory.mktemp("gone")
    study = load_study("drive")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATRIAL_HOME", str(home))
        simulate(study, home / "inbox" / "drive", seed=1)
        job = Job(study="drive")
        stops.allocate(job)
        built = stops.build(job)
        run = small_run(built.snapshot_id, "first").run_id
        later = Allocation(
            study="drive", person_id=f"p_{7:020x}", site="site_1",
            meeting_date=dt.date(2019, 1, 10), arm="control", scheme="imported",
            scheme_version="1", library="numpy", bit_generator="none", operator="office",
            key_fingerprint=stops.resolve(job).pseudonymiser().fingerprint,
        )  # fmt: skip
        with Ledger(home / "ledger.sqlite") as ledger:
            ledger.append([later])
        SnapshotStore(home, "drive").path(built.snapshot_id).unlink()
    shutil.rmtree(home / "inbox")  # the inbox is not asked again
    return home, run


@pytest.fixture
def run(gone: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATRIAL_HOME", str(gone[0]))
    return gone[1]


def test_the_snapshot_is_built_again_in_a_scratch_place_and_the_run_is_equal(
    gone: tuple[Path, str], run: str
) -> None:
    home = gone[0]
    ledger = (home / "ledger.sqlite").read_bytes()
    before = {path: path.read_bytes() for path in (home / "snapshots").rglob("*") if path.is_file()}
    said: list[str] = []
    again = rerun(run, tell=said.append)
    assert again.built_again and again.is_equal and again.repeated == run
    assert any("building it again" in line for line in said)
    now = {path: path.read_bytes() for path in (home / "snapshots").rglob("*") if path.is_file()}
    assert now == before
    # The name of the current one and answers that were kept, but no snapshot.
    assert not any(path.suffix == ".duckdb" for path in now)
    assert (home / "ledger.sqlite").read_bytes() == ledger


def test_an_extract_that_is_gone_or_changed_is_named(gone: tuple[Path, str], run: str) -> None:
    one, other, *_ = sorted((gone[0] / "landing" / "police").glob("*.csv"))
    kept = {path: path.read_bytes() for path in (one, other)}
    try:
        one.unlink()
        other.write_bytes(kept[other] + b"\n")
        with pytest.raises(DataError) as told:
            rerun(run)
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    assert f"@{one.stem[:12]}" in str(told.value) and "not in the landing folder" in str(told.value)
    assert f"@{other.stem[:12]}" in str(told.value) and "was changed" in str(told.value)


def test_a_mapping_that_changed_is_named(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(sources: tuple[str, ...]) -> tuple[SourceMapping, ...]:
        return tuple(
            one.model_copy(update={"encoding": "cp1252"}) if one.key == "drive/insights" else one
            for one in load_mappings(sources)
        )

    monkeypatch.setattr("datrial.pipeline.rerun_snapshot.load_mappings", changed)
    with pytest.raises(DataError, match=r"mappings \(configs/sources\): drive/insights"):
        rerun(run)


def test_another_pseudonym_key_is_told_and_none_is_shown(
    run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATRIAL_PSEUDONYM_KEY", "another-key-of-at-least-thirty-two-letters")
    with pytest.raises(DataError, match="pseudonym key") as told:
        rerun(run)
    assert "another-key" not in str(told.value)
