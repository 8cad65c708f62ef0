"""The real pipeline through the page: a stored run, its repetition, and one with a change."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from at_the_server import Served, serving, visiting
from small_state import small_run, small_snapshot

from datrial.results.folder import read_manifest

ANALYSES = ("balance", "participant_flow", "marac_follow_up")
SITES = {"parameter": "marac_follow_up.sites", "value": "[site_1]"}
pytestmark = [pytest.mark.server, pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A state folder with a small snapshot and a run on it."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATRIAL_HOME", str(home))
        return home, small_run(small_snapshot(home), analyses=ANALYSES).run_id


@pytest.fixture(scope="module")
def served(stored: tuple[Path, str]) -> Iterator[Served]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "DATRIAL_"))}
    root = Path(__file__).resolve().parents[2]
    path = os.pathsep.join((str(root / "src"), str(root)))
    environment = kept | {"DATRIAL_HOME": str(stored[0]), "PYTHONPATH": path}
    with serving(stored[0], environment) as server:
        yield server


def test_a_run_computed_again_is_equal_to_the_byte(
    served: Served, stored: tuple[Path, str]
) -> None:
    run = served.run_from_form("rerun", {"run": stored[1][:6]}, seconds=300)
    assert run["state_type"] == "COMPLETED", run["state"]["message"]
    assert f"Run {stored[1]}, computed again, is equal byte for byte" in run["state"]["message"]


@pytest.mark.browser
def test_a_person_changes_a_parameter_and_reads_what_it_does(
    served: Served, stored: tuple[Path, str], browser: Any, tmp_path: Path
) -> None:
    home, first = stored
    with visiting(served, browser) as visitor:
        run = visitor.fill_in("rerun", 0, SITES, seconds=300)
        new = next(r.name for r in (home / "results").iterdir() if r.name != first)
        assert run["state"]["message"] == f"Run {new} is published."
        before, after = (read_manifest(home / "results" / name) for name in (first, new))
        assert before.snapshot_id == after.snapshot_id
        assert after.changes == {"marac_follow_up.sites": '["site_1"]'}
        visitor.open_artifact(run["id"], "comparison")
        visitor.page.get_by_text(f"numbers differ from run {first}").first.wait_for()
        visitor.page.screenshot(path=str(tmp_path / "comparison.png"))
        visitor.open_artifact(run["id"], "report")
        report = visitor.follow("The report")
        assert "Re-appearance at MARAC" in report.inner_text("body") and new in report.url
        report.screenshot(path=str(tmp_path / "report.png"))
        changes = visitor.follow(f"What changed, compared with run {first}")
        assert f"Run {new} is run {first} with changed parameters." in changes.inner_text("body")
        checks = visitor.follow("The checks")
        assert checks.title()
