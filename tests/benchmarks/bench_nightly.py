"""What Prefect and the store cost a nightly run, and how fast one with nothing new ends.

Run ``python tests/benchmarks/bench_nightly.py --home STATE``, with a state in which the whole
road was run by this very code (it is copied, never changed). The same job, under a label of its
own, is run stop after stop in one process without Prefect and without a record, and by
``datrial run`` beside a running server; then again with nothing new, by the command and by
Prefect's own scheduler. With ``--fresh`` every analysis is counted again in both.

Figures of the processor are of the run's own processes; those of the server are its own.

2 cores, Drive's files, a plan of 12 quick analyses (their answers kept) and the report, on a
machine busy with other work. Load 3: in one process 22.4 s, by ``datrial run`` with a server
24.4 s, 2.0 s more; load 10: 28.8 s and 48.1 s, 19.3 s more, of which 6.0 s of the processor.
Nothing new: 0.9 s (with or without a server), load 10: 2.1 s; by Prefect's schedule 5.7 s from
asking until it has ended, of which up to 5 s until the runner looks; load 10: 8.8 s.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from datrial.pipeline import stops
from datrial.pipeline.job import Job

_WAIT_SECONDS = 1200
Times = tuple[float, float]


def plain(job: Job) -> None:
    """Run the whole road in this process: functions only."""
    decision = stops.decide(job)
    received = stops.receive(job)
    stops.allocate(job, received)
    snapshot = stops.build(job, received).snapshot_id
    analysed = [stops.analyse(job, snapshot, name) for name in job.resolved_study().analyses]
    assert stops.publish(job, snapshot, analysed).run_id == decision.run_id


def timed(command: list[str], environment: dict[str, str]) -> Times:
    """Return the seconds that a command took: by the clock, and of the processor."""
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, used


@contextmanager
def server(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Serve the flows for the length of the block; yield an environment that knows the server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = environment | {"PREFECT_SERVER_API_PORT": str(port)}
    serving = subprocess.Popen(
        [sys.executable, "-m", "flows.serve"], env=own, stdout=subprocess.PIPE, text=True
    )
    try:
        assert serving.stdout is not None
        for line in serving.stdout:
            if "Stop with" in line:
                break
        else:
            raise SystemExit("The server did not start.")
        yield own | {"PREFECT_API_URL": f"http://127.0.0.1:{port}/api"}
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(60)


def scheduled(home: Path, environment: dict[str, str], label: str) -> tuple[float, str]:
    """Ask Prefect for a nightly run; return the seconds until it ended, and how it did."""
    before = set((home / "attempts").glob("*.json"))
    asked = [
        str(Path(sys.executable).with_name("prefect")), "deployment", "run", "nightly/nightly",
        "--param", "study=drive", "--param", f"label={label}",
    ]  # fmt: skip
    subprocess.run(asked, env=environment, check=True, stdout=subprocess.DEVNULL)
    began = time.monotonic()
    while time.monotonic() - began < _WAIT_SECONDS:
        for path in set((home / "attempts").glob("*.json")) - before:
            attempt = json.loads(path.read_text())
            if attempt["ended"]:
                return time.monotonic() - began, attempt["message"]
        time.sleep(0.1)
    raise SystemExit("The run that Prefect was asked for did not end.")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--plain", action="store_true", help="(what this script starts itself)")
    given = parser.parse_args()
    if given.plain:
        plain(Job(study="drive", label="bench", fresh=given.fresh))
        return
    more = ["--fresh"] if given.fresh else []
    datrial = [sys.executable, "-m", "datrial.cli", "run", "--label", "bench"]
    with tempfile.TemporaryDirectory() as folder:
        states = [Path(folder) / name for name in ("plain", "prefect")]
        for state in states:
            shutil.copytree(given.home, state, ignore=shutil.ignore_patterns("prefect", "tmp"))
        environments = [{**os.environ, "DATRIAL_HOME": str(state)} for state in states]
        alone = timed([sys.executable, __file__, "--plain", *more], environments[0])
        _show("stop after stop in one process", alone)
        with server(environments[1]) as known:
            with_all = timed([*datrial, "--json", *more], known)
            _show("by `datrial run`, with a server", with_all)
            _show("difference", (with_all[0] - alone[0], with_all[1] - alone[1]))
            _show("nothing new, with a server", timed(datrial, known))
            seconds, message = scheduled(states[1], known, "bench")
            print(f"nothing new, by Prefect's schedule: {seconds:.1f} s from asking ({message})")
        _show("nothing new, without a server", timed(datrial, environments[1]))
    print(f"load {os.getloadavg()[0]:.1f}")


def _show(what: str, times: Times) -> None:
    print(f"{what}: {times[0]:.1f} s, of which {times[1]:.1f} s of the processor", flush=True)


if __name__ == "__main__":
    main()
