"""``make ui``: a Prefect server on this machine, with the flows on offer.

Nightly at 02:00; analyse and allocate when somebody fills in the form. Ends
everything it started on Ctrl-C or SIGTERM, and leaves the schedules active.

The server and the runner that starts flows are children. This process imports
no Prefect, so that nothing of Prefect's can keep it from ending: its runner
waits for ever for a server that is gone.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from datrial.config.project import home
from datrial.errors import DatrialError, UsageError
from datrial.pipeline.notify_setting import addresses
from datrial.pipeline.prefect_settings import (
    LOGIN,
    SECRETS,
    RunningServer,
    check_exposure,
    prefect_environment,
    running_server,
    server_file,
)
from datrial.pipeline.processes import processes_carrying, started_process
from datrial.pipeline.sweep import tidy
from datrial.results.files import write_atomically
from flows.runner import READY

Child = subprocess.Popen[bytes]

_START_SECONDS = 120
_END_SECONDS = 10
#: Carried by the runner and by every flow that it starts.
_SERVED_BY = "DATRIAL_SERVED_BY"


def main() -> int:
    """Serve until asked to stop; return the exit code."""
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, _interrupt)
    try:
        _serve()
    except DatrialError as error:
        print(f"datrial: {error}", file=sys.stderr)
        return error.exit_code
    print("Stopped.")
    return 0


def _serve() -> None:
    """Serve until Ctrl-C or SIGTERM.

    Raises
    ------
    UsageError
        If the address cannot be used.
    DatrialError
        If the server or the runner ends by itself.
    """
    host, port = _address()
    settings = prefect_environment({k: v for k, v in os.environ.items() if k != "PREFECT_API_URL"})
    reached = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 (every address of ours)
    settings |= {"DATRIAL_HOME": str(home()), "PREFECT_API_URL": f"http://{reached}:{port}/api"}
    try:
        with _server(settings) as server:
            tidy()
            with _runner(settings) as runner:
                print(f"The page is at http://{host}:{port}/deployments", flush=True)
                print("Stop with Ctrl-C.", flush=True)
                _watch({"server": server, "runner": runner})
    except KeyboardInterrupt:
        return
    finally:
        tidy()  # runs that were ended with us


def _address() -> tuple[str, int]:
    if running_server():
        raise UsageError("The page is being served already; stop that one first.")
    host = os.environ.setdefault("PREFECT_SERVER_API_HOST", "127.0.0.1")
    check_exposure(host, os.environ)
    addresses()  # a faulty DATRIAL_NOTIFY is told now, not when a run has failed
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


@contextmanager
def _server(settings: dict[str, str]) -> Iterator[Child]:
    """Run the server for the length of the block."""
    environment = {key: value for key, value in settings.items() if key not in SECRETS}
    server = _start("flows.server", environment)
    try:
        _wait_until_healthy(server, settings["PREFECT_API_URL"])
        yield server
    finally:
        server_file().unlink(missing_ok=True)
        server.terminate()
        _wait(server)


@contextmanager
def _runner(settings: dict[str, str]) -> Iterator[Child]:
    """Run the runner for the length of the block; end it with every flow that it started."""
    token = secrets.token_hex(8)
    answer, its_end = os.pipe()
    runner = _start("flows.runner", {**settings, _SERVED_BY: token}, its_end)
    os.close(its_end)
    try:
        with os.fdopen(answer, "rb") as said:
            is_ready = said.read() == READY  # waits until the runner closes its end, or dies
        if not is_ready:
            raise DatrialError(f"The flows could not be put on offer. The log is {_log()}.")
        yield runner
    finally:
        runner.terminate()
        _wait(runner)
        while left := processes_carrying(_SERVED_BY, token):
            for pid in left:
                _kill(pid)
            time.sleep(0.05)


def _start(module: str, environment: dict[str, str], *descriptors: int) -> Child:
    """Start a child of ours that ends when we do; it may write to the descriptors."""
    _log().parent.mkdir(parents=True, exist_ok=True)
    with _log().open("ab") as log:
        return subprocess.Popen(  # noqa: S603 (the command is ours)
            [sys.executable, "-m", module, str(os.getpid()), *map(str, descriptors)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=descriptors,
            start_new_session=True,  # Ctrl-C is for us; we end them, the server last
        )


def _wait_until_healthy(server: Child, api_url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{api_url}/health", timeout=5):  # noqa: S310 (ours)
                process = started_process(server.pid)
                login = bool(os.environ.get(LOGIN))
                mine = RunningServer(**process.model_dump(), api_url=api_url, login=login)
                write_atomically(server_file(), mine.model_dump_json().encode())
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise DatrialError(f"The Prefect server did not start. The log is {_log()}.")


def _watch(children: dict[str, Child]) -> None:
    """Wait for as long as all children live."""
    while True:
        for name, child in children.items():
            if child.poll() is not None:
                raise DatrialError(f"The {name} has ended by itself. The log is {_log()}.")
        time.sleep(0.5)


def _wait(child: Child) -> None:
    try:
        child.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _log() -> Path:
    return home() / "logs" / "prefect-server.log"


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
