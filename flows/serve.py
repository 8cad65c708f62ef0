"""``make ui``: a Prefect server on this machine, with the flows on offer.

Nightly at 02:00; analyse and allocate when somebody fills in the form. Ends
everything it started on Ctrl-C or SIGTERM, and leaves the schedules active.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

from datrial.config.project import home
from datrial.config.study import studies
from datrial.errors import DatrialError, UsageError
from datrial.pipeline.prefect_settings import (
    SECRETS,
    RunningServer,
    prefect_environment,
    running_server,
    server_file,
)
from datrial.pipeline.processes import started_process
from datrial.pipeline.sweep import tidy
from datrial.results.files import write_atomically

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

NIGHTLY_CRON = "0 2 * * *"
TIME_ZONE = "Europe/London"
_START_SECONDS = 120


def main() -> int:
    """Serve until asked to stop; return the exit code."""
    try:
        return _serve()
    except DatrialError as error:
        print(f"datrial: {error}", file=sys.stderr)
        return error.exit_code


def deployments() -> list[RunnerDeployment]:
    """Return what is on offer: every study each night, and two forms.

    No concurrency limits: after ``kill -9`` Prefect would keep the dead run's
    slot, and no nightly run would ever start again. Our own lock keeps runs
    apart, and it ends with its holder.
    """
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    from flows.allocate import allocate
    from flows.analyse import analyse
    from flows.nightly import nightly

    schedules = [
        Cron(NIGHTLY_CRON, timezone=TIME_ZONE, parameters={"study": study}, slug=study)
        for study in studies()
    ]
    common: dict[str, Any] = {
        "parameters": {"study": studies()[0]},
        "tags": ["datrial"],
        "entrypoint_type": EntrypointType.MODULE_PATH,
    }
    offered = [
        nightly.to_deployment("nightly", schedules=schedules, **common),
        analyse.to_deployment("analyse", **common),
        allocate.to_deployment("allocate", **common),
    ]
    return cast("list[RunnerDeployment]", offered)  # coroutines only inside an event loop


def _serve() -> int:
    host, port = _address()
    settings = prefect_environment({k: v for k, v in os.environ.items() if k != "PREFECT_API_URL"})
    settings["DATRIAL_HOME"] = str(home())
    settings["PREFECT_API_URL"] = f"http://{host}:{port}/api"
    os.environ.update(settings)  # before Prefect is imported, which reads them
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, _interrupt)
    server = _start_server(settings)
    try:
        _wait_until_healthy(server, settings["PREFECT_API_URL"])
        _settle()
        _serve_flows(f"http://{host}:{port}")
    except KeyboardInterrupt:
        _settle()  # runs that were ended with us
    finally:
        server_file().unlink(missing_ok=True)
        _end(server)
    print("Stopped.")
    return 0


def _address() -> tuple[str, int]:
    if running_server():
        raise UsageError("The page is being served already; stop that one first.")
    host = os.environ.setdefault("PREFECT_SERVER_API_HOST", "127.0.0.1")
    text = os.environ.setdefault("PREFECT_SERVER_API_PORT", "4200")
    if not text.isdigit():
        raise UsageError("PREFECT_SERVER_API_PORT: a port number is needed.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(text)))
        except OSError as error:
            raise UsageError(
                f"Port {text} of {host} cannot be used ({error.strerror}). Set "
                "PREFECT_SERVER_API_PORT to a free one."
            ) from error
    return host, int(text)


def _start_server(settings: dict[str, str]) -> subprocess.Popen[bytes]:
    environment = {key: value for key, value in settings.items() if key not in SECRETS}
    (home() / "logs").mkdir(parents=True, exist_ok=True)
    with (home() / "logs" / "prefect-server.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 (the command is ours)
            [sys.executable, "-m", "flows.server", str(os.getpid())],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us; we end the server last
        )


def _wait_until_healthy(server: subprocess.Popen[bytes], api_url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{api_url}/health", timeout=5):  # noqa: S310 (ours)
                process = started_process(server.pid)
                mine = RunningServer(**process.model_dump(), api_url=api_url)
                write_atomically(server_file(), mine.model_dump_json().encode())
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise DatrialError(
        f"The Prefect server did not start. Its log is {home() / 'logs' / 'prefect-server.log'}."
    )


def _settle() -> None:
    """Mark dead attempts in our record, and in Prefect's."""
    from flows.stale import settle_stale_runs

    tidy()
    settle_stale_runs()


def _serve_flows(page: str) -> None:
    import asyncio

    from prefect.runner import Runner

    class _Runner(Runner):
        """A runner that ends on SIGTERM as on Ctrl-C (Prefect's own does not end its runs)."""

        def handle_sigterm(self, *args: Any, **kwargs: Any) -> None:
            os.kill(os.getpid(), signal.SIGINT)

    runner = _Runner(pause_on_shutdown=False)
    for offered in deployments():
        runner.add_deployment(offered)
    print(f"The page is at {page}/deployments\nStop with Ctrl-C.", flush=True)
    asyncio.run(runner.start())


def _interrupt(number: int, frame: FrameType | None) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
