"""What a person meets who runs ``make ui``: schedules, forms, runs, and a page that stays at home.

One Prefect server serves all of these tests; the stops are made up.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent / "fake_road"))
import fake_road as road

CANARY = "Zebedee Canary-Person"  # as in fake_stops, which only the runs' own processes import
SNAPSHOT = "5a5a5a5a5a5a"
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
pytestmark = pytest.mark.server


@dataclass
class Served:
    """A running ``make ui``."""

    home: Path
    port: int
    process: subprocess.Popen[str]

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, body: object = None) -> Any:
        """Ask the server's interface: GET, or POST with a body."""
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.page}/api{path}", data)
        asked.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.loads(answer.read())

    def deployment(self, name: str) -> Any:
        return self.ask(f"/deployments/name/{name}/{name}")

    def run_from_form(self, name: str, parameters: dict[str, Any]) -> Any:
        """Start a run as the page's form does, and return it when it has ended."""
        path = f"/deployments/{self.deployment(name)['id']}/create_flow_run"
        begun = self.ask(path, {"parameters": parameters})

        def ended() -> Any:
            found = self.ask(f"/flow_runs/{begun['id']}")
            return found if found["state_type"] in ("COMPLETED", "FAILED", "CRASHED") else None

        return road.until(ended, 60)

    def artifacts(self) -> dict[str, Any]:
        found = self.ask("/artifacts/filter", {"limit": 200})
        return {one["key"]: one["data"] for one in found}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    snapshots = home / "snapshots" / "drive"
    snapshots.mkdir(parents=True)
    (snapshots / "current").write_text(f"{SNAPSHOT}\n")
    (snapshots / f"{SNAPSHOT}.duckdb").touch()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.serve"],
        env=road.environment(home) | {"PREFECT_SERVER_API_PORT": str(port)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert f"http://127.0.0.1:{port}" in said, said + process.stdout.read()
    yield Served(home, port, process)
    if process.poll() is None:
        process.kill()
    process.communicate(timeout=20)


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
    assert list(fields) == ["study", "analyses", "changes", "label"]
    assert all(field["description"] for field in fields.values())
    assert "drive" in fields["study"]["enum"]
    chosen = fields["analyses"]["items"]["enum"]
    assert {"needs_classes", "behaviour_change", "risk_score", "marac_follow_up"} <= set(chosen)
    change = schema["definitions"]["Change"]["properties"]
    assert "risk_score.effect" in change["parameter"]["enum"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        served.run_from_form("analyse", {"study": "no such study"})
    assert refused.value.code == 409


def test_a_filled_in_form_runs_and_shows_its_results(served: Served) -> None:
    change = {"parameter": "risk_score.effect", "value": "normal"}
    run = served.run_from_form(
        "analyse", {"study": "drive", "analyses": ["risk_score"], "changes": [change]}
    )
    assert run["state_type"] == "COMPLETED", run["state"]["message"]
    record = road.last_record(served.home)
    assert record["state"] == "done" and record["flow_run_id"] == run["id"]
    assert record["job"]["changes"] == {"risk_score.effect": "normal"}
    assert [stop["name"] for stop in record["stops"]] == [
        "current snapshot", "risk_score", "publish",
    ]  # fmt: skip
    shown = served.artifacts()
    assert "| Midpoint | 0.907 | 2e-05 | 0.867 to 0.949 |" in shown["primary-results"]
    assert shown["report"].startswith("[Report of run ")


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
    shown = served.artifacts()
    assert json.loads(shown["rows-received"])[0] == {
        "table": "marac_case", "received": 1234, "staged": 1200, "quarantined": 34,
    }  # fmt: skip
    assert json.loads(shown["checks"])[0]["verdict"] == "passed"


def test_with_nothing_new_the_nightly_flow_does_no_work(served: Served) -> None:
    run = served.run_from_form("nightly", {"study": "drive"})
    assert run["state_type"] == "COMPLETED" and "Nothing changed" in run["state"]["message"]
    assert [stop["name"] for stop in road.last_record(served.home)["stops"]] == ["decide"]


def test_a_failed_analysis_leaves_a_gap_and_the_others_stand(served: Served) -> None:
    code, printed = supervised(served, failing=["risk_score"])
    assert code == 1 and "analyses: risk_score. The report shows the gap" in printed
    record = road.last_record(served.home)
    assert record["error"] == "FailedInPart" and record["result"]["failed"] == ["risk_score"]
    ends = {stop["name"]: stop["state"] for stop in record["stops"]}
    assert (ends["risk_score"], ends["marac_follow_up"], ends["publish"]) == (
        "failed", "done", "done",
    )  # fmt: skip


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


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_person_fills_in_the_form_and_finds_the_results(served: Served, tmp_path: Path) -> None:
    """In a browser: form, changed parameter, submit, the run's page; and no other host is asked."""
    from playwright.sync_api import sync_playwright

    hosts, complaints = set(), []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        page = browser.new_page(viewport={"width": 1300, "height": 1300})
        page.on("request", lambda asked: hosts.add(asked.url.split("/")[2]))
        page.on("websocket", lambda asked: hosts.add(asked.url.split("/")[2]))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        form = f"{served.page}/deployments/deployment/{served.deployment('analyse')['id']}/run"
        page.goto(form)
        page.get_by_role("button", name="Add item").click()
        for told in ("Study", "Which analyses to run", "Changed parameters", "Label", "drive"):
            assert told in page.inner_text("body")
        page.locator(".p-select-button__control").nth(2).press("ArrowDown")
        page.get_by_text("risk_score.effect", exact=True).click()
        page.locator("textarea").first.fill("normal")
        page.screenshot(path=str(tmp_path / "form.png"))
        page.get_by_role("button", name="Submit").click()
        page.wait_for_url(lambda address: address != form)
        run = road.until(lambda: _newest_that_ended(served), 60)
        assert run["parameters"]["changes"] == [
            {"parameter": "risk_score.effect", "value": "normal"}
        ]
        page.goto(f"{served.page}/runs/flow-run/{run['id']}")
        page.get_by_text("Artifacts", exact=True).first.click()
        page.get_by_text("primary-results").first.wait_for()
        page.screenshot(path=str(tmp_path / "run.png"))
        page.goto(f"{served.page}/v2/")  # the link to it cannot be switched off
        page.wait_for_timeout(2_000)
        browser.close()
    assert hosts == {f"127.0.0.1:{served.port}"} and not complaints


def _newest_that_ended(served: Served) -> Any:
    ended = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}, "sort": "START_TIME_DESC"}
    for newest in served.ask("/flow_runs/filter", ended)[:1]:
        if newest["parameters"].get("changes") and newest["deployment_id"]:
            return newest
    return None


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
