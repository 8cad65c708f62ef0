"""What a run records of how it came about: the same bytes on every machine, and what is not."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import duckdb
import pytest
import results_fixture as given
from small_state import small_run, small_snapshot

from datrial.config.project import home, project_root, state_at
from datrial.config.study import load_study
from datrial.pipeline import dependencies
from datrial.pipeline.code_parts import code_parts
from datrial.pipeline.dependencies import differs_from_lock, lock_hash, locked_versions
from datrial.pipeline.identity import code_version
from datrial.pipeline.inputs import made_of, resolve, snapshot_id
from datrial.pipeline.job import Job
from datrial.pipeline.made_of import read_made_of, write_made_of
from datrial.results.folder import read_manifest, read_times
from datrial.results.manifest import VOLATILE
from datrial.results.store import write_run

LOCK = """\
# made by a tool
NumPy==2.4.6 \\
    --hash=sha256:00 \\
    --hash=sha256:11
typing_extensions[all]==4.1 ; python_version < "3.12" \\
    --hash=sha256:22
"""


def lock(folder: Path, patch: pytest.MonkeyPatch, text: str = LOCK) -> None:
    (folder / "requirements.lock").write_text(text)
    patch.setattr(dependencies, "project_root", lambda: folder)
    differs_from_lock.cache_clear()


def test_the_locked_versions_are_read_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(tmp_path, monkeypatch)
    assert locked_versions() == {"numpy": "2.4.6", "typing-extensions": "4.1"}
    before = lock_hash()
    lock(tmp_path, monkeypatch, LOCK + "scipy==1.0\n")
    assert lock_hash() != before and len(before) == 64


def test_without_a_lock_file_nothing_is_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependencies, "project_root", lambda: tmp_path)
    assert locked_versions() == {} and lock_hash() == ""


def test_the_projects_own_lock_is_read_whole() -> None:
    text = (project_root() / "requirements.lock").read_text(encoding="utf-8")
    pinned = [
        line for line in text.splitlines() if "==" in line and not line.startswith(("#", " "))
    ]
    assert len(locked_versions()) == len(pinned) > 50
    assert {"numpy", "duckdb", "prefect"} <= set(locked_versions())


def test_what_is_installed_otherwise_than_locked_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    lock(tmp_path, monkeypatch, f"numpy==0.1\nno-such-thing==1.0\npandas=={_version('pandas')}\n")
    try:
        assert differs_from_lock() == (
            "no-such-thing not installed, locked 1.0",
            f"numpy {np.__version__}, locked 0.1",
        )
    finally:
        differs_from_lock.cache_clear()


def _version(name: str) -> str:
    from importlib.metadata import version

    return version(name)


def test_the_parts_of_the_code_cover_all_of_it() -> None:
    parts = code_parts()
    assert {"models", "report", "sql", "expectations", "requirements.lock"} <= set(parts)
    assert all(len(value) == 16 for value in parts.values())
    assert len(code_version()) == 16


def test_pages_and_styles_are_part_of_the_code() -> None:
    from datrial.pipeline.identity import code_files

    found = {path.suffix for path in code_files(project_root() / "src" / "datrial" / "report")}
    assert {".py", ".j2", ".css"} <= found


def test_a_snapshot_says_what_it_was_made_of() -> None:
    with duckdb.connect() as connection:
        assert read_made_of(connection) == {}  # built before snapshots said so
        connection.execute("create schema study")
        parts = {"extracts": ["b", "a"], "mappings": {"x": "1"}, "ledger": ""}
        write_made_of(connection, parts)
        assert read_made_of(connection) == parts


def test_a_snapshots_id_follows_from_what_it_is_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    (tmp_path / "inbox" / "drive").mkdir(parents=True)
    (tmp_path / "inbox" / "drive" / "SIMULATED").touch()
    inputs = resolve(Job(study="drive"))
    parts = made_of(inputs, ["current:drive/cms@0 a b #1"])
    assert set(parts) == {"extracts", "ledger", "rules", "mappings", "key", "decisions", "code"}
    assert set(parts["mappings"]) == set(load_study("drive").sources)
    assert snapshot_id(inputs, ["1"]) == snapshot_id(inputs, ["1"]) != snapshot_id(inputs, ["2"])


def test_a_run_records_what_it_rests_on_and_apart_from_it_who_when_and_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    run = small_run(small_snapshot(tmp_path), analyses=("participant_flow",)).run_id
    manifest = read_manifest(tmp_path / "results" / run)
    assert manifest.further("made_of")["extracts"]
    assert manifest.further("dependencies") == locked_versions()
    assert manifest.further("code_parts") == code_parts()
    assert (manifest.model_extra or {})["lock"] == lock_hash()
    assert manifest.seeds == {"study": load_study("drive").seed}
    stored = manifest.further("resolved_study")
    assert list(stored["sites"]) == list(load_study("drive").sites)
    assert stored["analyses"]["participant_flow"] == manifest.parameters["participant_flow"]
    times = read_times(tmp_path / "results" / run)
    assert {*VOLATILE, "turn"} == set(times)
    assert times["start"] <= times["end"] and times["who"] and times["python"].startswith("3.11")
    assert times["differs_from_lock"] == list(differs_from_lock())
    assert not set(VOLATILE) & set(json.loads(manifest.model_dump_json()))


def test_a_manifest_keeps_the_order_that_it_is_given(tmp_path: Path) -> None:
    sites = {"site_9": "Nine", "site_1": "One"}
    folder = write_run(tmp_path, given.RUN_ID, given.manifest(sites=sites), [], {})
    assert list(json.loads((folder / "manifest.json").read_text())["sites"]) == ["site_9", "site_1"]


def test_another_state_holds_in_its_block_and_its_thread_alone(tmp_path: Path) -> None:
    before, seen = home(), []
    with state_at(tmp_path):
        assert home() == tmp_path
        with state_at(tmp_path / "inner"):
            assert home() == tmp_path / "inner"
        other = threading.Thread(target=lambda: seen.append(home()))
        other.start()
        other.join()
        assert home() == tmp_path
    assert home() == before and seen == [before]
    with pytest.raises(RuntimeError), state_at(tmp_path):
        raise RuntimeError
    assert home() == before
