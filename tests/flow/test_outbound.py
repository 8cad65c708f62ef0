"""Nothing leaves the machine: real runs work with no network at all, and do not even try.

Every process of a run is watched twice: from within Python, and, where there is a C
compiler, below all libraries (DuckDB and others do not ask Python for their connections).
Where the system lets us, the runs have a network of their own with this machine in it only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DATRIAL = (sys.executable, "-m", "datrial.cli")
_ALONE = ("unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
#: An analysis through Prefect's own server, with its report; and a table judged by its rules.
SMALL = """
import sys
from pathlib import Path
from small_state import QUICK, small_snapshot
from datrial.config.project import home
from datrial.pipeline.job import Job
from datrial.pipeline.supervise import run_flow
small_snapshot(home())
ended = run_flow("analyse", Job(study="drive", analyses=QUICK))
print(ended.message)
import pandas as pd
from datrial.checks.engine import evaluate
from datrial.checks.suites import Rule
column = {"column": "day"}
rule = Rule("has_day", "expect_column_values_to_not_be_null", column, "a day", "warning")
print(evaluate(pd.DataFrame({"day": ["2017-01-01", None]}), "marac_case", [rule]))
sys.exit(ended.exit_code)
"""
#: The nightly run with some of its models: those of the other stops are all there.
NIGHT = """
import sys
from datrial.pipeline.job import Job
from datrial.pipeline.supervise import run_flow
some = ("participant_flow", "needs_classes", "risk_score")
ended = run_flow("nightly", Job(study="drive", analyses=some))
print(ended.message)
sys.exit(ended.exit_code)
"""


@cache
def can_be_alone() -> bool:
    """Tell whether a process can be given a network without a way out."""
    try:
        tried = subprocess.run([*_ALONE, "true"], capture_output=True, timeout=20)
    except OSError:
        return False
    return tried.returncode == 0


@dataclass
class Watch:
    """Runs commands with a watch over every process of theirs."""

    home: Path
    file: Path
    library: Path | None
    said: list[str] = field(default_factory=list)

    def run(self, *command: str, timeout: float = 250) -> subprocess.CompletedProcess[str]:
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "DATRIAL_", "GX_"))
        }
        environment = kept | {
            "DATRIAL_HOME": str(self.home),
            "OUTBOUND_WATCH": str(self.file),
            "PYTHONPATH": os.pathsep.join(
                map(str, (HERE / "outbound_watch", ROOT, ROOT / "src", ROOT / "tests"))
            ),
            "MPLCONFIGDIR": str(
                self.home.parent / "matplotlib"
            ),  # its first start, as anywhere new
        }
        if self.library:
            environment["LD_PRELOAD"] = str(self.library)
        alone = _ALONE if can_be_alone() else ()
        ended = subprocess.run(
            [*alone, *command], env=environment, capture_output=True, text=True, timeout=timeout
        )
        self.said.append(ended.stdout + ended.stderr)
        return ended

    def lines(self) -> list[list[str]]:
        return [line.split() for line in self.file.read_text().splitlines()]

    def tried(self) -> list[list[str]]:
        """Return what was tried towards anywhere but this machine."""
        return [
            line
            for line in self.lines()
            if line[0] != "watched" and line[1] not in ("-", "localhost") and not _here(line[1])
        ]

    def inside(self) -> int:
        """Return how many connections were made within this machine."""
        return sum(line[0] == "connect" and _here(line[1]) for line in self.lines())

    def processes(self) -> int:
        return sum(line[0] == "watched" for line in self.lines())


def _here(where: str) -> bool:
    try:
        address = ip_address(where)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    library = None
    if sys.platform == "linux" and (compiler := shutil.which("cc")):
        library = tmp_path / "watch.so"
        source = HERE / "outbound_watch" / "watch.c"
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True
        )
    home = tmp_path / "home"
    home.mkdir()
    return Watch(home, tmp_path / "tried", library)


def test_the_watch_is_awake(watch: Watch) -> None:
    watch.run(sys.executable, "-c", "import socket; socket.getaddrinfo('telemetry.invalid', 443)")
    assert next(line[:2] for line in watch.tried()) == ["lookup", "telemetry.invalid"]
    reach = "import socket; socket.create_connection(('192.0.2.1', 443), timeout=0.2)"
    watch.run(sys.executable, "-c", reach)
    assert ["connect", "192.0.2.1", "python"] in watch.tried()
    if watch.library:  # no Python: as DuckDB would, or curl
        watch.run("getent", "ahosts", "statistics.invalid")
        assert ["lookup", "statistics.invalid", "getent"] in watch.tried()


def test_the_network_of_the_runs_has_no_way_out(watch: Watch) -> None:
    if not can_be_alone():
        pytest.skip("this system gives no network of its own (unshare)")
    ended = watch.run("cat", "/proc/net/route")
    assert ended.returncode == 0 and len(ended.stdout.splitlines()) == 1  # the heading alone


@pytest.mark.timeout(600)
def test_a_run_through_prefect_tries_to_reach_nobody(watch: Watch) -> None:
    """Prefect with a server of its own, DuckDB, matplotlib's figures, Great Expectations."""
    ended = watch.run(sys.executable, "-c", SMALL)
    assert ended.returncode == 0, watch.said
    assert list(watch.home.glob("reports/*/index.html"))
    assert watch.processes() >= 3  # the supervisor, the flow, Prefect's server
    assert watch.inside() > 10  # the flow and its server: the watch saw them
    assert watch.tried() == []


@pytest.mark.long
@pytest.mark.timeout(4000)
def test_a_whole_night_and_its_verification_try_to_reach_nobody(watch: Watch) -> None:
    """Simulated extracts, every stop and every check, some models, the report, the certificate."""
    night = (sys.executable, "-c", NIGHT)
    for words in (
        (*DATRIAL, "simulate", "--study", "drive", "--seed", "1"),
        night,
        night,
        (*DATRIAL, "verify"),
        (*DATRIAL, "status", "--json"),
        (*DATRIAL, "notify", "--test", "--json"),
    ):
        ended = watch.run(*words, timeout=1800)
        judged = words[-1] == "verify" and "certificates agree" in ended.stdout  # not our question
        assert ended.returncode == 0 or judged, ended.stdout + ended.stderr
    assert "Nothing changed" in watch.said[2]
    assert json.loads(watch.said[-1])["on"] is False
    assert watch.processes() >= 8 and watch.inside() > 10
    assert watch.tried() == []
