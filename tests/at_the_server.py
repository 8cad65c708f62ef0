"""A running ``make ui``, as a person or a program sees it."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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
        for patience in range(5):
            try:
                with urllib.request.urlopen(asked, timeout=30) as answer:
                    return json.loads(answer.read())
            except urllib.error.HTTPError as refused:
                if refused.code != 503 or patience == 4:  # busy: Prefect's own clients try again
                    raise
                time.sleep(1)
        return None

    def deployment(self, name: str) -> Any:
        return self.ask(f"/deployments/name/{name}/{name}")

    def run_from_form(self, name: str, parameters: dict[str, Any], *, seconds: float = 120) -> Any:
        """Start a run as the page's form does, and return it when it has ended."""
        path = f"/deployments/{self.deployment(name)['id']}/create_flow_run"
        begun = self.ask(path, {"parameters": parameters})

        def ended() -> Any:
            found = self.ask(f"/flow_runs/{begun['id']}")
            return found if found["state_type"] in ("COMPLETED", "FAILED", "CRASHED") else None

        return until(ended, seconds)

    def artifacts(self, run: str) -> dict[str, Any]:
        """Return what a run's page shows: key -> artifact."""
        of_run = {"flow_run_id": {"any_": [run]}}
        found = self.ask("/artifacts/filter", {"artifacts": of_run, "limit": 200})
        return {one["key"]: one for one in found}

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes, Any]:
        """Ask for a page as it is written, without tidying its path: status, body, headers."""
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        asked.request("GET", path, headers=headers or {})
        answer = asked.getresponse()
        try:
            return answer.status, answer.read(), answer.headers
        finally:
            asked.close()

    def newest(self, flow: str, since: set[str]) -> Any:
        """Return a flow's run that has ended and is none of these; None if there is none yet."""
        ended = {
            "flows": {"name": {"any_": [flow]}},
            "flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}}},
            "sort": "START_TIME_DESC",
        }
        return next((r for r in self.ask("/flow_runs/filter", ended) if r["id"] not in since), None)


@dataclass
class Visitor:
    """A person at the page, with a browser."""

    served: Served
    page: Any

    def fill_in(
        self, flow: str, place: int, change: dict[str, str], *, seconds: float = 120
    ) -> Any:
        """Open a flow's form, change a parameter, submit; return the run when it has ended well.

        Parameters
        ----------
        place
            The place of the choice of a parameter among the form's choices.
        """
        deployment = self.served.deployment(flow)
        every = {"flows": {"name": {"any_": [flow]}}}
        before = {one["id"] for one in self.served.ask("/flow_runs/filter", every)}
        form = f"{self.served.page}/deployments/deployment/{deployment['id']}/run"
        self.page.goto(form)
        self.page.get_by_text("Changed parameters").first.wait_for()
        self.page.get_by_role("button", name="Add item").last.click()
        for field in deployment["parameter_openapi_schema"]["properties"].values():
            assert field["title"] in self.page.inner_text("body")
        self.page.locator(".p-select-button__control").nth(place).press("ArrowDown")
        self._choose(change["parameter"])
        self.page.locator("textarea").nth(1).fill(change["value"])
        self.page.get_by_role("button", name="Submit").click()
        self.page.wait_for_url(lambda address: address != form)
        run = until(lambda: self.served.newest(flow, before), seconds)
        assert run["state_type"] == "COMPLETED", run["state"]["message"]
        return run

    def _choose(self, option: str) -> None:
        """Choose from an open list, of which the page holds a part: the rest comes by scrolling."""
        wanted = self.page.get_by_text(option, exact=True)
        for _ in range(20):
            if wanted.count():
                break
            self.page.locator(".p-select-option").last.scroll_into_view_if_needed()
            self.page.wait_for_timeout(200)
        wanted.click()

    def open_artifact(self, run: str, key: str) -> None:
        """Go from a run's page to one of its artifacts, by clicks."""
        self.page.goto(f"{self.served.page}/runs/flow-run/{run}")
        self.page.get_by_text("Artifacts", exact=True).first.click()
        self.page.get_by_text(key, exact=True).first.click()
        self.page.wait_for_url("**/artifacts/**")

    def follow(self, words: str) -> Any:
        """Click a link that opens a page of its own, and return that page."""
        with self.page.context.expect_page() as opened:
            self.page.get_by_role("link", name=words).click()
        opened.value.wait_for_load_state()
        return opened.value


@contextmanager
def serving(home: Path, environment: dict[str, str]) -> Iterator[Served]:
    """Run ``make ui`` for the length of the block, on a port that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.serve"],
        env=environment | {"PREFECT_SERVER_API_PORT": str(port)},
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
        process.terminate()
    process.communicate(timeout=60)


@contextmanager
def visiting(served: Served, browser: Any) -> Iterator[Visitor]:
    """Give a person a browser; at its end, no other host was asked and no page complained."""
    context = browser.new_context(viewport={"width": 1300, "height": 1300})
    hosts, complaints = set(), []
    context.on("request", lambda asked: hosts.add(asked.url.split("/")[2]))
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    page = context.new_page()
    page.on("websocket", lambda asked: hosts.add(asked.url.split("/")[2]))
    yield Visitor(served, page)
    context.close()
    assert hosts == {f"127.0.0.1:{served.port}"} and not complaints


def until(happens: Callable[[], Any], seconds: float) -> Any:
    """Wait until something is true and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := happens():
            return found
        time.sleep(0.2)
    raise AssertionError(f"did not happen within {seconds} s")
