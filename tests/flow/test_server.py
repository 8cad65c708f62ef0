"""What a person meets who runs ``make ui``: schedules, forms, runs, and a page that stays at home.

One Prefect server serves all of these tests; the stops are made up.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas
import pytest
from at_the_server import Served, Visitor, serving, visiting

from datrial.config.study import load_study

sys.path.insert(0, str(Path(__file__).parent / "fake_road"))
import fake_road as road

CANARY = "Zebedee Canary-Person"  # as in fake_stops, which only the runs' own processes import
SNAPSHOT = "5a5a5a5a5a5a"
FLOWS = ("nightly", "ingest", "allocate", "analyse", "rerun")
EFFECT = {"parameter": "risk_score.effect", "value": "normal"}
RUN, CHANGED = "run-0a1b2c3d4e5f", "run-c0ffee0dd0e5"
pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    snapshots = home / "snapshots" / "drive"
    snapshots.mkdir(parents=True)
    (snapshots / "current").write_text(f"{SNAPSHOT}\n")
    (snapshots / f"{SNAPSHOT}.duckdb").touch()
    with serving(home, road.environment(home)) as server:
        yield server


def test_the_nightly_schedule_gets_its_runs(served: Served) -> None:
    """SQLAlchemy 2.1 lets the server look healthy while it never creates a scheduled run."""
    nightly = served.deployment("nightly")
    assert [one["schedule"]["cron"] for one in nightly["schedules"]] == ["0 2 * * *"]
    assert nightly["schedules"][0]["schedule"]["timezone"] == "Europe/London"
    waiting = {"deployments": {"id": {"any_": [nightly["id"]]}}, "sort": "EXPECTED_START_TIME_ASC"}
    runs = road.until(lambda: served.ask("/flow_runs/filter", waiting), 40)
    assert len(runs) >= 3
    assert {one["state_type"] for one in runs} == {"SCHEDULED"}
    assert {one["parameters"]["study"] for one in runs} == {"drive"}


def test_the_forms_offer_choices_with_explanations(served: Served) -> None:
    schema = served.deployment("analyse")["parameter_openapi_schema"]
    fields = schema["properties"]
    assert list(fields) == ["study", "snapshot", "analyses", "changes", "label", "fresh"]
    assert all(field["description"] for field in fields.values())
    assert "drive" in fields["study"]["enum"]
    chosen = fields["analyses"]["items"]["enum"]
    assert {"needs_classes", "behaviour_change", "risk_score", "marac_follow_up"} <= set(chosen)
    change = schema["definitions"]["Change"]["properties"]
    assert "risk_score.effect" in change["parameter"]["enum"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        served.run_from_form("analyse", {"study": "no such study"})
    assert refused.value.code == 409


def test_every_flow_is_on_offer_with_its_form_and_its_limit(served: Served) -> None:
    one_at_a_time = set()
    for name in FLOWS:
        deployment = served.deployment(name)
        assert deployment["description"] and "datrial" in deployment["tags"]
        fields = deployment["parameter_openapi_schema"]["properties"]
        assert all(field["title"] and field["description"] for field in fields.values()), name
        if limit := deployment["global_concurrency_limit"]:
            assert limit["limit"] == 1
            assert deployment["concurrency_options"]["collision_strategy"] == "ENQUEUE"
            one_at_a_time.add(name)
    assert one_at_a_time == {"nightly", "ingest", "allocate"}


def test_what_is_wrong_with_a_form_is_told_in_a_sentence(served: Served) -> None:
    asked = {"study": "drive", "snapshot": "ffff", "changes": [EFFECT | {"value": "[2, 3"}]}
    run = served.run_from_form("analyse", asked)
    assert (run["state_type"], run["state"]["message"]) == (
        "FAILED",
        "risk_score.effect: the new value cannot be read. Write it as in a study file: normal, "
        "[2, 3], 500.",
    )


def test_a_filled_in_form_runs_and_shows_its_results(served: Served) -> None:
    run = served.run_from_form(
        "analyse",
        {"study": "drive", "snapshot": SNAPSHOT[:3], "analyses": ["risk_score"],
         "changes": [EFFECT]},
    )  # fmt: skip
    assert run["state_type"] == "COMPLETED", run["state"]["message"]
    record = road.last_record(served.home)
    assert record["state"] == "done" and record["flow_run_id"] == run["id"]
    assert record["job"]["changes"] == {"risk_score.effect": "normal"}
    assert record["job"]["snapshot"] == SNAPSHOT
    assert [stop["name"] for stop in record["stops"]] == ["snapshot", "risk_score", "publish"]
    shown = served.artifacts(run["id"])
    assert "| Midpoint | 1.91 | 2e-05 | 0.867 to 0.949 |" in shown["primary-results"]["data"]
    assert f"](/datrial/reports/{CHANGED}/index.html)" in shown["report"]["data"]
    assert "There is no earlier run" in shown["changes"]["data"]
    assert shown["progress"]["data"] == 100
    assert shown["progress"]["description"] == f"Run {CHANGED} is published."
    shutil.rmtree(served.home / "results" / CHANGED)
    shutil.rmtree(served.home / "reports" / CHANGED)


def test_the_progress_moves_with_the_stops(served: Served) -> None:
    waiting = road.start(served.home, wait_in="build")
    record = road.until(lambda: road.running(served.home, "build"))
    bar = served.artifacts(record["flow_run_id"])["progress"]
    (served.home / "go").touch()
    code, printed = road.finish(waiting)
    (served.home / "go").unlink()
    assert code == 0, printed
    planned = 5 + len(load_study("drive").analyses)
    assert bar["data"] == pytest.approx(300 / planned, abs=0.1)
    assert bar["description"].startswith(f"3 of {planned} stops are done. Now: build. ")
    assert "Last: allocate: in the ledger: 7 control, 2 intervention" in bar["description"]


def supervised(served: Served, **orders: Any) -> tuple[int, str]:
    """Run the nightly flow on the server of ``make ui``; return code and output."""
    for report in served.home.glob("reports/*/index.html"):
        report.unlink()
    return road.finish(road.start(served.home, **orders))


def test_a_nightly_run_uses_the_server_that_is_there_and_shows_its_counts(served: Served) -> None:
    code, printed = supervised(served, raise_in="receive", error="share away once")
    assert code == 0, printed
    assert "10 extracts, 3 of them new" in printed  # the second try
    run = road.last_record(served.home)["flow_run_id"]
    assert served.ask(f"/flow_runs/{run}")["state_type"] == "COMPLETED"  # not a server of its own
    shown = served.artifacts(run)
    assert json.loads(shown["rows-received"]["data"])[0] == {
        "table": "marac_case", "received": 1234, "staged": 1200, "quarantined": 34,
    }  # fmt: skip
    checks = json.loads(shown["checks"]["data"])
    assert [(one["verdict"], one["severity"]) for one in checks] == [
        ("warned", "warning"), ("passed", "critical: the table"),
    ]  # fmt: skip
    assert shown["checks"]["description"].startswith(
        "2 checks: 1 warned, 1 passed. Of the 1 critical ones none failed"
    )


def test_what_was_taken_from_an_earlier_run_is_said(served: Served) -> None:
    code, printed = supervised(served, reused=["risk_score"])
    assert code == 0, printed
    shown = served.artifacts(road.last_record(served.home)["flow_run_id"])["analyses"]
    tables = {one["analysis"]: one["tables"] for one in json.loads(shown["data"])}
    assert tables.pop("risk_score") == "taken from an earlier run"
    assert set(tables.values()) == {"computed in this run"}
    assert ", 1 of them taken from an earlier run" in shown["description"]


def test_ingest_publishes_a_snapshot_and_runs_no_analysis(served: Served) -> None:
    run = served.run_from_form("ingest", {"study": "drive"})
    assert run["state_type"] == "COMPLETED"
    assert run["state"]["message"].startswith(f"Snapshot {SNAPSHOT} is current; 34 rows")
    record = road.last_record(served.home)
    assert record["exclusive"] is True
    assert [stop["name"] for stop in record["stops"]] == ["receive", "build"]
    assert {"rows-received", "checks", "progress"} == set(served.artifacts(run["id"]))


def test_a_stored_run_is_computed_again_and_proved_equal(served: Served) -> None:
    run = served.run_from_form("rerun", {"run": "latest"})
    assert run["state_type"] == "COMPLETED"
    assert run["state"]["message"].startswith(f"Run {RUN}, computed again, is equal byte for byte")
    assert set(served.artifacts(run["id"])) == {"progress", "repetition"}


def test_a_stored_run_that_was_changed_by_hand_is_told_and_its_cells_are_listed(
    served: Served,
) -> None:
    cells = served.home / "results" / RUN / "cells.parquet"
    before = cells.read_bytes()
    table = pandas.read_parquet(cells)
    table.loc[table["value"].notna().idxmax(), "value"] += 1
    table.to_parquet(cells)
    run = served.run_from_form("rerun", {"run": RUN[:8]})
    cells.write_bytes(before)
    assert (run["state_type"], run["state"]["name"]) == ("FAILED", "NotEqual")
    assert "is not as it was stored" in run["state"]["message"]
    shown = served.artifacts(run["id"])
    assert len(json.loads(shown["differing-cells"]["data"])) == 1
    link = f"/datrial/comparisons/{RUN}/index.html"
    assert f"]({link})" in shown["repetition"]["data"]
    assert served.get(link)[0] == 200


def test_the_reports_are_served_and_nothing_else_of_the_state(served: Served) -> None:
    status, body, headers = served.get(f"/datrial/reports/{RUN}/index.html")
    assert status == 200 and f"The page index of run {RUN}".encode() in body
    assert "default-src 'none'" in " ".join(headers.get_all("content-security-policy"))
    assert headers["x-content-type-options"] == "nosniff"
    (served.home / "reports" / "way_out").symlink_to(served.home / "prefect")
    (served.home / "reports" / "key").symlink_to(served.home / "prefect" / "server.json")
    for path in (
        "/datrial/", "/datrial/reports", "/datrial/reports/", f"/datrial/reports/{RUN}",
        f"/datrial/reports/{RUN}/", "/datrial/reports/../prefect/server.json",
        "/datrial/reports/%2e%2e/prefect/server.json", "/datrial/reports/..%2fprefect/server.json",
        "/datrial/reports//etc/passwd", "/datrial/reports/way_out/server.json",
        "/datrial/reports/key", "/datrial/attempts", "/datrial/snapshots/drive/current",
    ):  # fmt: skip
        assert served.get(path)[0] in (307, 404), path
        assert b"api_url" not in served.get(path)[1]


def test_with_nothing_new_the_nightly_flow_does_no_work(served: Served) -> None:
    run = served.run_from_form("nightly", {"study": "drive"})
    assert run["state_type"] == "COMPLETED" and "Nothing changed" in run["state"]["message"]
    assert [stop["name"] for stop in road.last_record(served.home)["stops"]] == ["decide"]
    assert f"/datrial/reports/{RUN}/index.html" in served.artifacts(run["id"])["report"]["data"]


def test_a_failed_analysis_leaves_a_gap_and_the_others_stand(served: Served) -> None:
    code, printed = supervised(served, failing=["risk_score"])
    assert code == 1 and "analyses: risk_score. The report shows the gap" in printed
    record = road.last_record(served.home)
    assert record["error"] == "FailedInPart" and record["result"]["failed"] == ["risk_score"]
    ends = {stop["name"]: stop["state"] for stop in record["stops"]}
    assert (ends["risk_score"], ends["marac_follow_up"], ends["publish"]) == (
        "failed", "done", "done",
    )  # fmt: skip
    run = served.ask(f"/flow_runs/{record['flow_run_id']}")
    assert (run["state_type"], run["state"]["name"]) == ("FAILED", "FailedInPart")
    shown = served.artifacts(run["id"])
    assert shown["without-result"]["description"] == "Failed in part: risk_score."
    assert "**risk_score**: the model did not converge" in shown["without-result"]["data"]
    assert "risk_score" in shown["progress"]["description"]


def test_an_error_in_the_data_is_one_sentence_with_its_exit_code(served: Served) -> None:
    code, printed = supervised(served, raise_in="build", error="data")
    assert code == 3 and "Traceback" not in printed
    assert printed.splitlines()[-1].endswith("12 rows. Correct and send again.")
    assert [stop["name"] for stop in road.last_record(served.home)["stops"]][-1] == "build"


def test_a_fault_never_quotes_a_row(served: Served) -> None:
    """A library's error can quote a row: not on the screen, not in a log, not in Prefect."""
    code, printed = supervised(served, raise_in="risk_score", error="fault")
    assert code == 1 and CANARY not in printed
    log = served.home / "logs" / f"{road.last_record(served.home)['id']}.log"
    assert "fake_stops.py" in log.read_text() and "ValueError" in log.read_text()
    prefect = sqlite3.connect(served.home / "prefect" / "prefect.db")
    stored = "\n".join(prefect.iterdump())
    prefect.close()
    assert "ValueError" in stored and CANARY not in stored
    for path in served.home.rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path.name


def test_a_run_that_died_does_not_stay_running(served: Served) -> None:
    for report in served.home.glob("reports/*/index.html"):
        report.unlink()
    dying = road.start(served.home, wait_in="build")
    record = road.until(lambda: road.running(served.home, "build"))
    os.kill(dying.pid, signal.SIGKILL)
    road.finish(dying, timeout=10)
    assert served.ask(f"/flow_runs/{record['flow_run_id']}")["state_type"] == "RUNNING"
    code, printed = supervised(served)
    assert code == 0, printed
    settled = served.ask(f"/flow_runs/{record['flow_run_id']}")
    assert settled["state_type"] == "CRASHED"
    assert "after the stop allocate" in settled["state"]["message"]


@pytest.mark.long
def test_a_second_nightly_run_waits_for_the_slot_that_a_killed_one_gives_back(
    served: Served,
) -> None:
    for report in served.home.glob("reports/*/index.html"):
        report.unlink()
    (served.home / "hold receive").touch()
    nightly = f"/deployments/{served.deployment('nightly')['id']}/create_flow_run"

    def begun() -> str:
        return str(served.ask(nightly, {"parameters": {"study": "drive"}})["id"])

    def state(run: str) -> str:
        return str(served.ask(f"/flow_runs/{run}")["state"]["name"])

    first = begun()
    record = road.until(lambda: road.running(served.home, "receive"), 120)
    second = begun()
    road.until(lambda: state(second) == "AwaitingConcurrencySlot", 60)
    os.kill(record["worker"]["pid"], signal.SIGKILL)
    road.until(lambda: state(first) == "Crashed", 60)
    (served.home / "hold receive").unlink()
    road.until(lambda: state(second) == "Completed", 180)
    limit = served.deployment("nightly")["global_concurrency_limit"]
    assert (limit["limit"], limit["active_slots"]) == (1, 0)


def test_the_server_can_be_reached_from_this_machine_only(served: Served) -> None:
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{served.port:04X}")
    ]
    assert listening == [f"0100007F:{served.port:04X}"]  # 127.0.0.1 as the kernel writes it


def test_nothing_tried_to_leave_the_machine(served: Served) -> None:
    """Neither the server, nor the runner, nor the runs above (all are watched from inside)."""
    assert not (served.home / "outbound").exists()
    curious = "import socket; socket.getaddrinfo('telemetry.invalid', 443)"
    subprocess.run(
        [sys.executable, "-c", curious], env=road.environment(served.home), capture_output=True
    )
    assert "telemetry.invalid" in (served.home / "outbound").read_text()  # the watch is awake
    (served.home / "outbound").unlink()


@pytest.fixture
def visitor(served: Served, browser: Any) -> Iterator[Visitor]:
    with visiting(served, browser) as visitor:
        yield visitor


@pytest.mark.browser
def test_a_person_fills_in_the_form_and_goes_on_to_the_report(
    served: Served, visitor: Visitor, tmp_path: Path
) -> None:
    """In a browser: form, changed parameter, submit, the run's page, its artifacts, the report."""
    run = visitor.fill_in("analyse", 2, EFFECT)
    assert run["parameters"]["changes"] == [EFFECT]
    visitor.open_artifact(run["id"], "primary-results")
    visitor.page.get_by_text("Midpoint").first.wait_for()
    visitor.open_artifact(run["id"], "report")
    report = visitor.follow("The report")
    assert report.url == f"{served.page}/datrial/reports/{CHANGED}/index.html"
    assert report.inner_text("h1") == f"The page index of run {CHANGED}"
    checks = visitor.follow("The checks")
    assert checks.inner_text("h1") == f"The page checks of run {CHANGED}"
    visitor.page.goto(f"{served.page}/v2/")  # the link to it cannot be switched off
    visitor.page.wait_for_timeout(2_000)


@pytest.mark.browser
def test_a_person_runs_a_stored_run_with_another_parameter_and_sees_the_difference(
    served: Served, visitor: Visitor
) -> None:
    for part in ("results", "reports"):
        shutil.rmtree(served.home / part / CHANGED, ignore_errors=True)
    run = visitor.fill_in("rerun", 0, EFFECT)
    assert run["parameters"]["changes"] == [EFFECT] and run["parameters"]["run"] == "latest"
    visitor.open_artifact(run["id"], "comparison")
    visitor.page.get_by_text(f"1 of 639 numbers differ from run {RUN}").first.wait_for()
    visitor.open_artifact(run["id"], "report")
    changes = visitor.follow(f"What changed, compared with run {RUN}")
    assert f"Run {CHANGED} is run {RUN} with changed parameters." in changes.inner_text("body")


def test_the_end_leaves_no_process_and_the_schedule_active(served: Served) -> None:
    """The last test, since it ends the server: SIGTERM does what Ctrl-C does."""
    nightly = served.deployment("nightly")
    server = json.loads((served.home / "prefect" / "server.json").read_text())["pid"]
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(30) == 0
    assert not Path(f"/proc/{server}").exists()
    assert not (served.home / "prefect" / "server.json").exists()
    prefect = sqlite3.connect(served.home / "prefect" / "prefect.db")
    paused = prefect.execute(
        "select d.paused, s.active from deployment d join deployment_schedule s "
        "on s.deployment_id = d.id where d.id = ?",
        [nightly["id"].replace("-", "")],
    ).fetchall() or prefect.execute(
        "select d.paused, s.active from deployment d join deployment_schedule s "
        "on s.deployment_id = d.id where d.id = ?",
        [nightly["id"]],
    ).fetchall()  # fmt: skip
    prefect.close()
    assert paused == [(0, 1)]
