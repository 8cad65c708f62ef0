"""Where `make ui` serves: the automation tells, once; and who may speak to the server.

A real Prefect server with made-up stops, asked for its login all the while.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from receivers import Hook, webhook

sys.path.insert(0, str(Path(__file__).parent / "fake_road"))
import fake_road as road

LOGIN = "evaluator:a-long-secret-of-the-house"
AUTOMATION = "datrial: tell of failed runs"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
pytestmark = pytest.mark.server


@dataclass
class Served:
    """A running ``make ui`` with a login, and the webhook that it tells."""

    home: Path
    port: int
    settings: dict[str, str]
    hook: Hook
    process: subprocess.Popen[str]

    def ask(self, path: str, body: object = None, **headers: str) -> Any:
        """Ask the server's interface, with the login unless other words are given."""
        words = base64.b64encode(LOGIN.encode()).decode()
        usual = {"Content-Type": "application/json", "Authorization": f"Basic {words}"}
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            None if body is None else json.dumps(body).encode(),
            {k: v for k, v in (usual | headers).items() if v},
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def refusal(self, path: str, body: object = None, **headers: str) -> int:
        with pytest.raises(urllib.error.HTTPError) as refused:
            self.ask(path, body, **headers)
        return refused.value.code


def serve(home: Path, settings: dict[str, str], **orders: Any) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.serve"],
        env=road.environment(home, **orders) | settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert "The page is at" in said, said + process.stdout.read()
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with webhook() as hook:
        settings = {
            "PREFECT_SERVER_API_PORT": str(port),
            "PREFECT_SERVER_API_AUTH_STRING": LOGIN,
            "DATRIAL_NOTIFY": hook.url,
        }
        process = serve(home, settings, wait_in="build")
        yield Served(home, port, settings, hook, process)
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)


def fired(served: Served) -> list[Any]:
    """Return the automation's actions that were carried out."""
    wanted = {"filter": {"event": {"name": ["prefect.automation.action.executed"]}}}
    return list(served.ask("/api/events/filter", wanted)["events"])


def test_a_killed_run_is_told_by_the_automation_and_not_again_by_the_next_run(
    served: Served,
) -> None:
    deployment = served.ask("/api/deployments/name/nightly/nightly")["id"]
    path = f"/api/deployments/{deployment}/create_flow_run"
    begun = served.ask(path, {"parameters": {"study": "drive"}})
    record = road.until(lambda: road.running(served.home, "build"))
    assert record["flow_run_id"] == begun["id"] and served.hook.got == []
    os.kill(record["worker"]["pid"], signal.SIGKILL)
    (told,) = road.until(lambda: served.hook.got)
    assert (told["flow"], told["study"], told["state"]) == ("nightly", "drive", "Crashed")
    assert told["attempt"] == record["id"] and len(road.until(lambda: fired(served))) == 1
    code, printed = road.finish(road.start(served.home, settings=served.settings))
    assert code == 0, printed
    assert road.last_record(served.home)["id"] != record["id"]
    assert len(served.hook.got) == 1  # though its sweep marked the dead run


def test_a_failed_run_is_told_once_by_supervisor_or_automation(served: Served) -> None:
    served.hook.got.clear()
    before = len(fired(served))
    for report in served.home.glob("reports/*/index.html"):
        report.unlink()
    orders = {"raise_in": "build", "error": "data"}
    code, printed = road.finish(road.start(served.home, settings=served.settings, **orders))
    assert code == 3, printed
    road.until(lambda: len(fired(served)) > before)  # both roads were gone
    (told,) = served.hook.got
    assert (told["exit_code"], told["stop"]) == (3, "build")
    assert told["sentence"].endswith("12 rows. Correct and send again.")


def test_a_run_whose_parameters_prefect_refuses_is_told_by_the_automation_alone(
    served: Served,
) -> None:
    """It ends before our own code begins; the message, which quotes the parameter, is not told."""
    served.hook.got.clear()
    deployment = served.ask("/api/deployments/name/analyse/analyse")
    path = f"/api/deployments/{deployment['id']}/create_flow_run"
    refused = {"study": "drive", "changes": [{"parameter": "a-private-word"}]}
    begun = served.ask(path, {"parameters": refused, "enforce_parameter_schema": False})
    (told,) = road.until(lambda: served.hook.got)
    assert told["flow_run"] == begun["id"] and told["attempt"] is None
    assert "a-private-word" not in json.dumps(told)


def test_nobody_comes_in_without_the_login(served: Served) -> None:
    assert served.ask("/api/flows/filter", {})
    (served.home / "reports" / "abc").mkdir(parents=True, exist_ok=True)
    (served.home / "reports" / "abc" / "index.html").write_text("<h1>Report</h1>")
    wrong = "Basic " + base64.b64encode(b"evaluator:another").decode()
    for words in ("", wrong):
        assert served.refusal("/api/flows/filter", {}, Authorization=words) == 401
        for path in ("/datrial/reports/abc/index.html", "/datrial/nothing"):
            assert served.refusal(path, Authorization=words) == 401


def test_no_other_site_comes_in_by_its_visitors_browser(served: Served) -> None:
    """A page of another site may post to this machine; Prefect itself would take it."""
    elsewhere = "https://elsewhere.example"
    assert served.refusal("/api/flows/filter", {}, Origin=elsewhere) == 403
    assert served.refusal("/api/flows/filter", {}, Origin="null") == 403
    own = f"http://127.0.0.1:{served.port}"
    assert served.ask("/api/flows/filter", {}, Origin=own)


def test_the_servers_lists_of_worker_types_are_its_own_copy(served: Served) -> None:
    """Prefect's own server asks another host for them; every process here is watched."""
    views = "/api/collections/views/"
    assert "process" in served.ask(f"{views}aggregate-worker-metadata")["prefect"]
    assert served.refusal(f"{views}aggregate-block-metadata") == 404
    assert not (served.home / "outbound").exists()


def test_the_secrets_are_in_no_process_listing_log_or_record(served: Served) -> None:
    secret = LOGIN.partition(":")[2]
    listed = subprocess.run(["ps", "-A", "-ww", "-o", "args="], capture_output=True, text=True)
    assert "flows.server" in listed.stdout
    assert secret not in listed.stdout and "a-secret-path" not in listed.stdout
    for path in served.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for word in (secret, "a-secret-path"):
                assert word.encode() not in content, f"{word} in {path.name}"


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_page_and_the_reports_ask_for_the_login(served: Served, tmp_path: Path) -> None:
    from playwright.sync_api import Error, sync_playwright

    page_at = f"http://127.0.0.1:{served.port}"
    user, _, password = LOGIN.partition(":")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        page = browser.new_page()
        page.goto(f"{page_at}/deployments")
        page.wait_for_url("**/login**")
        assert "nightly" not in page.inner_text("body")
        page.locator("input").fill(LOGIN)
        page.get_by_role("button", name="Login").click()
        page.get_by_text("nightly").first.wait_for()
        page.screenshot(path=str(tmp_path / "inside.png"))
        with pytest.raises(Error, match="AUTH"):  # the browser would ask its user now
            page.goto(f"{page_at}/datrial/reports/abc/index.html")
        context = browser.new_context(http_credentials={"username": user, "password": password})
        report = context.new_page()
        report.goto(f"{page_at}/datrial/reports/abc/index.html")
        assert report.inner_text("h1") == "Report"
        browser.close()


def test_a_run_without_the_login_is_told_what_is_missing(served: Served) -> None:
    code, printed = road.finish(road.start(served.home))
    assert code == 2 and "asks for a login: set PREFECT_API_AUTH_STRING" in printed
    assert LOGIN not in printed


def test_without_the_setting_the_automation_goes(served: Served) -> None:
    """The last test, since it ends the server and starts another, without a login too."""
    named = {"automations": {"name": {"any_": [AUTOMATION]}}}
    assert len(served.ask("/api/automations/filter", named)) == 1
    end(served.process)
    port = {"PREFECT_SERVER_API_PORT": served.settings["PREFECT_SERVER_API_PORT"]}
    again = serve(served.home, port)
    try:
        assert served.ask("/api/automations/filter", named, Authorization="") == []
        # Without a login a site could still have its own name lead to this machine.
        by_name = {"Authorization": "", "Host": "elsewhere.example"}
        assert served.refusal("/api/flows/filter", {}, **by_name) == 403
        local = {"Authorization": "", "Host": f"localhost:{served.port}"}
        assert served.ask("/api/flows/filter", {}, **local)
    finally:
        end(again)


@pytest.mark.parametrize(
    ("module", "settings", "said"),
    [
        ("serve", {"PREFECT_SERVER_API_HOST": "0.0.0.0"}, "Set PREFECT_SERVER_API_AUTH_STRING"),
        ("server", {"PREFECT_SERVER_API_HOST": "0.0.0.0"}, "Set PREFECT_SERVER_API_AUTH_STRING"),
        ("serve", {"PREFECT_SERVER_API_AUTH_STRING": "nocolon"}, "write user:password"),
        ("serve", {"DATRIAL_NOTIFY": "ftp://a-secret-path"}, "begin it with https://"),
    ],
)
def test_an_unsafe_or_faulty_setting_is_refused_before_anything_starts(
    module: str, settings: dict[str, str], said: str, tmp_path: Path
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", f"flows.{module}"],
        env=road.environment(tmp_path) | settings,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode and said in ended.stderr and "Traceback" not in ended.stderr
    assert "a-secret-path" not in ended.stderr
    assert not (tmp_path / "prefect" / "prefect.db").exists()
