"""What surrounds a flow: settings, progress, the form, and the results on its page."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from datrial.config.load import read_yaml
from datrial.config.project import project_root
from datrial.config.study import load_study, studies
from datrial.errors import DatrialError, UsageError
from datrial.pipeline.inputs import arms_named_by_place
from datrial.pipeline.job import Job, check_parameters
from datrial.pipeline.prefect_settings import prefect_environment, server_file
from datrial.pipeline.processes import this_process
from datrial.pipeline.progress import EventReader, PlainDisplay
from datrial.pipeline.record import EXCLUSIVE_FLOWS, FlowName
from datrial.pipeline.removing import remove_run
from datrial.pipeline.rerun_changed import changed_job
from datrial.results.cells import Cell, State
from datrial.results.differences import CellDifference, Differs, compare_runs
from datrial.results.read import read_run
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
    from flows.jobs import job_of
    from flows.parameters import Change

    effect = Change(parameter="risk_score.effect", value="normal")
    job = job_of("drive", analyses=["risk_score"], changes=[effect], label="normal effect")
    assert job.analyses == ("risk_score",) and job.changes == {"risk_score.effect": "normal"}
    assert job.resolved_study().analyses["risk_score"]["effect"] == "normal"
    assert job_of("drive", analyses=[]).analyses is None  # none chosen: all of the plan
    with pytest.raises(UsageError, match="twice"):
        job_of("drive", changes=[effect, effect])


@pytest.fixture
def stored(home: Path) -> str:
    """A stored run of the whole plan, by another version of the code."""
    study = load_study("drive")
    manifest = given.manifest(resolved_study=arms_named_by_place(check_parameters(study)))
    write_run(home, given.RUN_ID, manifest, given.tables(), {})
    return given.RUN_ID


def test_a_snapshot_may_be_named_by_the_start_of_its_id(home: Path) -> None:
    from flows.jobs import analyse_job

    folder = home / "snapshots" / "drive"
    folder.mkdir(parents=True)
    for name in ("abc123", "abd456", "abc123.cut_2"):
        (folder / f"{name}.duckdb").touch()
    assert analyse_job("drive").snapshot == ""
    assert analyse_job("drive", snapshot=" abc ").snapshot == "abc123"
    for name, told in (("ab", "means 2 snapshots"), ("ffff", "means no snapshot")):
        with pytest.raises(UsageError, match=told):
            analyse_job("drive", snapshot=name)


def test_a_rerun_names_a_stored_run_and_asks_for_one_thing(stored: str) -> None:
    from flows.jobs import rerun_job
    from flows.parameters import Change

    effect = Change(parameter="risk_score.effect", value="normal")
    job = rerun_job("latest", rebuild=True)
    assert (job.run, job.study, job.rebuild, job.changes) == (stored, "drive", True, {})
    for asked, told in (
        ({"run": "no such run"}, "There is no run"),
        ({"run": "latest", "rebuild": True, "changes": [effect]}, "leave either"),
        ({"run": "latest", "label": "one"}, "leave it empty"),
        ({"run": "latest", "changes": [effect, effect]}, "changed twice"),
        ({"run": "latest", "changes": [Change(parameter="risk_score.effect", value="[2,")]},
         "cannot be read"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=told) as refused:
            rerun_job(**asked)
        assert "\n" not in str(refused.value)


def test_a_stored_run_with_changes_is_a_job_like_any_other(stored: str) -> None:
    job = changed_job(stored, {"risk_score.effect": "normal"}, "another effect")
    assert type(job) is Job and job.analyses is None and job.label == "another effect"
    assert job.changes == {"risk_score.effect": "normal"}
    with pytest.raises(UsageError, match="already: nothing is changed"):
        changed_job(stored, {"risk_score.effect": "gamma"})


def test_a_stored_run_keeps_its_own_parameters_where_the_plan_has_others_by_now(
    stored: str, home: Path
) -> None:
    path = home / "results" / stored / "manifest.json"
    content = json.loads(path.read_text())
    plan = content["resolved_study"]["analyses"]
    content["resolved_study"]["analyses"] = {
        "risk_score": plan["risk_score"] | {"effect": "normal"},
        "marac_follow_up": plan["marac_follow_up"],
    }
    path.write_text(json.dumps(content))
    job = changed_job(stored, {"marac_follow_up.sites": "[site_1]"})
    assert sorted(job.analyses or ()) == ["marac_follow_up", "risk_score"]
    assert job.resolved_study().analyses["risk_score"]["effect"] == "normal"
    content["resolved_study"]["analyses"]["of_old"] = {}
    path.write_text(json.dumps(content))
    with pytest.raises(DatrialError):  # and nothing is left out without a word
        changed_job(stored, {"marac_follow_up.sites": "[site_1]"})


def test_the_page_of_a_runs_repetition_is_removed_with_the_run(stored: str, home: Path) -> None:
    from flows.comparisons import _page

    run = read_run(home, stored)
    link = _page(compare_runs(run, run), stored)
    page = home / "comparisons" / stored / "index.html"
    assert page.is_file() and f"]({page.as_uri()})" in link
    remove_run(stored, who="office", force=True)
    assert not page.parent.exists()


def test_make_ui_offers_what_prefect_yaml_says() -> None:
    from flows.runner import deployments

    written = read_yaml(project_root() / "prefect.yaml")["deployments"]
    offered = deployments()
    for one, ours in zip(written, offered, strict=True):
        assert (one["name"], one["parameters"], one["tags"]) == (
            ours.name, ours.parameters, ours.tags,
        )  # fmt: skip
        assert ours.description and ours.concurrency_limit == one.get("concurrency_limit", {}).get(
            "limit"
        )
        path, flow = one["entrypoint"].split(":")
        assert f"def {flow}(" in (project_root() / path).read_text()
    assert {one["name"] for one in written} == set(get_args(FlowName))
    limited = {one["name"] for one in written if one.get("concurrency_limit")}
    assert limited == set(EXCLUSIVE_FLOWS)


def test_the_nightly_schedules_are_those_of_the_nightly_studies() -> None:
    from flows.runner import deployments

    nightly = read_yaml(project_root() / "prefect.yaml")["deployments"][0]
    wanted = [name for name in studies() if load_study(name).nightly]
    assert [one["parameters"]["study"] for one in nightly["schedules"]] == wanted
    offered = deployments()[0].schedules
    assert [one.slug for one in offered] == wanted
    for one, ours in zip(nightly["schedules"], offered, strict=True):
        assert (one["cron"], one["timezone"]) == (ours.schedule.cron, ours.schedule.timezone)
        assert one["active"] is ours.active is True


def test_links_lead_through_the_server_of_make_ui_if_the_flow_runs_on_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.links import link_to

    page = home / "reports" / "run-0a" / "index.html"
    ours = "http://127.0.0.1:4200/api"
    monkeypatch.delenv("DATRIAL_PAGES_URL", raising=False)
    monkeypatch.setenv("PREFECT_API_URL", ours)
    assert link_to(page) == page.as_uri()  # no server of ours
    prefect_environment({})
    server_file().write_text(json.dumps({**this_process().model_dump(), "api_url": ours}))
    assert link_to(page) == "/datrial/reports/run-0a/index.html"
    assert link_to(Path("/elsewhere/index.html")) == "file:///elsewhere/index.html"
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect.example/api")
    assert link_to(page) == page.as_uri()
    monkeypatch.setenv("DATRIAL_PAGES_URL", "https://trial.example/datrial/")
    assert link_to(page) == "https://trial.example/datrial/reports/run-0a/index.html"


@pytest.mark.parametrize(("said", "status"), [(None, 401), ("eve:no", 401), ("ann:secret", 200)])
def test_pages_ask_for_the_password_of_the_server(
    home: Path, monkeypatch: pytest.MonkeyPatch, said: str | None, status: int
) -> None:
    import httpx

    from flows.pages import with_pages

    async def prefect(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("a page of ours is not asked of Prefect")

    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "ann:secret")
    served = httpx.ASGITransport(with_pages(prefect, home))
    (home / "reports" / "index.html").write_text("a report")

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=served, base_url="http://page.example") as client:
            auth = httpx.BasicAuth(*said.split(":")) if said else None
            return await client.get("/datrial/reports/index.html", auth=auth)

    answer = asyncio.run(asked())
    assert answer.status_code == status
    assert (answer.text == "a report") is (status == 200)


def test_a_number_that_one_run_hides_is_not_told_by_the_other() -> None:
    """Also where no cause explains the difference, of which all is shown."""
    from flows.comparisons import _row

    hidden = Cell("a", "b", "count", None, state=State.SUPPRESSED)
    told = Cell("a", "b", "count", 3.0)
    row = _row(
        CellDifference(
            analysis="needs", table_id="needs.x", table_title="X", row="a", column="b",
            statistic="count", row_label="A", column_label="B", first=hidden, second=told,
            differs=Differs.STATE, change=None, cause="unexplained",
        )
    )  # fmt: skip
    assert row["now"] == "a number" and "3" not in "".join(row.values())


def test_results_on_the_runs_page_name_every_statistic(home: Path) -> None:
    """A number without its name could be taken for another: 184 people, not 184 appearances."""
    from flows.in_markdown import results

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
