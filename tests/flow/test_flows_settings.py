"""What surrounds a flow: settings, progress, the form, and the results on its page."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from datrial.config.load import read_yaml
from datrial.config.project import project_root
from datrial.errors import UsageError
from datrial.pipeline.prefect_settings import prefect_environment, server_file
from datrial.pipeline.processes import this_process
from datrial.pipeline.progress import EventReader, PlainDisplay
from datrial.results.store import write_run

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
import results_fixture as given


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    return tmp_path


def test_telemetry_stays_off_whatever_the_environment_says() -> None:
    settings = prefect_environment(
        {"PREFECT_SERVER_ANALYTICS_ENABLED": "true", "DO_NOT_TRACK": "0"}
    )
    assert settings["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert settings["DO_NOT_TRACK"] == "1"
    assert settings["PREFECT_SERVER_UI_V2_ENABLED"] == "false"
    assert settings["PREFECT_RESULTS_PERSIST_BY_DEFAULT"] == "false"


def test_prefect_keeps_its_state_in_datrial_home_readable_by_us_only(home: Path) -> None:
    assert prefect_environment({})["PREFECT_HOME"] == str(home / "prefect")
    assert (home / "prefect").stat().st_mode & 0o777 == 0o700


def test_the_persons_own_server_comes_first_then_ours_if_it_runs(home: Path) -> None:
    ours = "http://127.0.0.1:4200/api"
    assert "PREFECT_API_URL" not in prefect_environment({})
    me = this_process().model_dump()
    server_file().write_text(json.dumps({**me, "api_url": ours}))
    assert prefect_environment({})["PREFECT_API_URL"] == ours
    theirs = {"PREFECT_API_URL": "http://prefect.example/api"}
    assert prefect_environment(theirs)["PREFECT_API_URL"] == theirs["PREFECT_API_URL"]
    server_file().write_text(json.dumps({**me, "started": "long ago", "api_url": ours}))
    assert "PREFECT_API_URL" not in prefect_environment({})  # it is dead


def test_a_half_written_event_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "events"
    reader = EventReader(path)
    assert reader.new_events() == []
    path.write_text('{"event": "started", "stop": "build"}\n{"event": "fin')
    assert [one["event"] for one in reader.new_events()] == ["started"]
    with path.open("a") as file:
        file.write('ished"}\n')
    assert [one["event"] for one in reader.new_events()] == ["finished"]


def test_progress_without_a_terminal_is_a_line_per_stop() -> None:
    screen = io.StringIO()
    display = PlainDisplay(screen)
    told = {
        "event": "finished",
        "name": "build",
        "state": "done",
        "summary": "snapshot 5a",
        "seconds": 2.04,
    }
    for event in ({"event": "plan", "stops": ["build"]}, told, {**told, "state": "failed"}):
        display.show(event)
    assert screen.getvalue().splitlines()[1:] == [
        "build                        snapshot 5a (2.0 s)",
        "build                        FAILED  snapshot 5a (2.0 s)",
    ]


def test_the_form_becomes_a_job() -> None:
    from flows.parameters import Change, job_of

    effect = Change(parameter="risk_score.effect", value="normal")
    job = job_of("drive", analyses=["risk_score"], changes=[effect], label="normal effect")
    assert job.analyses == ("risk_score",) and job.changes == {"risk_score.effect": "normal"}
    assert job.resolved_study().analyses["risk_score"]["effect"] == "normal"
    assert job_of("drive", analyses=[]).analyses is None  # none chosen: all of the plan
    with pytest.raises(UsageError, match="twice"):
        job_of("drive", changes=[effect, effect])


def test_prefect_yaml_offers_what_make_ui_offers() -> None:
    from flows.runner import NIGHTLY_CRON, TIME_ZONE, deployments

    written = read_yaml(project_root() / "prefect.yaml")["deployments"]
    offered = deployments()
    assert [one["name"] for one in written] == [one.name for one in offered]
    assert [one["parameters"] for one in written] == [one.parameters for one in offered]
    for one in written:
        path, flow = one["entrypoint"].split(":")
        assert f"def {flow}(" in (project_root() / path).read_text()
    (schedule,) = written[0]["schedules"]
    assert (schedule["cron"], schedule["timezone"]) == (NIGHTLY_CRON, TIME_ZONE)


def test_results_on_the_runs_page_name_every_statistic(home: Path) -> None:
    """A number without its name could be taken for another: 184 people, not 184 appearances."""
    from flows.artifacts import results

    write_run(home, given.RUN_ID, given.manifest(), given.tables(), {})
    shown = results(given.RUN_ID, ("marac_follow_up",)).splitlines()
    header = next(line for line in shown if "Appearances: people" in line)
    assert header == (
        "|  | Appearances: people | Appearances: mean | Appearances: sd "
        "| Appearances: rate ratio | Appearances: p value |"
    )
    assert "| Drive | 184 | 2.74 | 1.9 |  |  |" in shown
    assert "| 0-6 months after | 0.66 | 0.034 | 0.45 to 0.97 |" in shown
    assert any("suppressed" in line for line in shown)
    assert any("not available" in line for line in shown)
