"""No name, date of birth or postcode leaves the agencies' files, however a run ends.

Canaries stand in every file, in every kind of place: in columns that are not
read, in columns of codes, dates, numbers and references, in summary lines, extra
cells, sheet titles, comments, and in a file's name. Then everything that is
written is searched for them: snapshots, results, reports, logs, records, the
ledger, Prefect's database, what a killed run left, and what the commands print.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from canaries import Canaries, found_in, in_text, plant

from datrial.config.mapping import load_mappings
from datrial.config.study import load_study
from datrial.simulate.names import canary_texts
from datrial.warehouse.snapshots import SnapshotStore

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

DATRIAL = str(Path(sys.executable).with_name("datrial"))
STUDIES = ("drive", "drive_linkage")


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "DATRIAL_"))}
    return {**kept, "DATRIAL_HOME": str(home)}


def datrial(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command with its own state, and keep what it prints."""
    return subprocess.run(
        [DATRIAL, *words], env=environment(home), capture_output=True, text=True, timeout=900,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


class World:
    """A study with planted extracts, and what its commands have printed."""

    def __init__(self, home: Path, study: str) -> None:
        self.home, self.study, self.said = home, study, ""
        simulated = self.ask("simulate")
        assert simulated.returncode == 0, simulated.stderr
        self.inbox = home / "inbox" / study
        self.canaries: Canaries = plant(load_mappings(load_study(study).sources), self.inbox)
        self.planted = dict.fromkeys(canary_texts(), "a name of the simulation")
        self.planted |= self.canaries.planted

    def ask(self, *words: str, inbox: Path | None = None) -> subprocess.CompletedProcess[str]:
        more = ["--inbox", str(inbox)] if inbox else []
        ended = datrial(self.home, *words, "--study", self.study, *more)
        self.said += ended.stdout + ended.stderr
        return ended

    def nothing_leaked(self) -> None:
        assert found_in(self.home, self.planted) == []
        assert in_text(self.said, self.planted) == []

    def spoiled(self, folder: Path) -> Path:
        """Return an inbox of its own, to be spoiled."""
        shutil.copytree(self.inbox, folder)
        return folder


@pytest.fixture(scope="module", params=STUDIES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A study after a good run with canaries in its extracts."""
    planted = World(tmp_path_factory.mktemp("home"), request.param)
    ran = planted.ask("run")
    assert ran.returncode == 0, ran.stderr
    return planted


def test_canaries_stand_in_every_file_and_were_received(world: World) -> None:
    """What is not planted cannot be found: each file has its own, and its rows were read."""
    files = {path.name for path in world.inbox.iterdir() if path.suffix in (".csv", ".xlsx")}
    assert {place.split(",")[0] for place in world.canaries.planted.values()} > files
    raw = {place for place in world.canaries.planted.values() if "column" in place}
    assert len(raw) > 60
    with SnapshotStore(world.home, world.study).open() as connection:
        reasons = connection.execute(
            "select table_name, count(*) from quarantine.row where reason not in "
            "('blank row', 'summary line') group by all"
        ).fetchall()
    assert len(reasons) >= 10  # of each table, rows with canaries were put aside


def test_the_search_finds_what_is_there(world: World, tmp_path: Path) -> None:
    """The same search, where names are kept: a search that finds nothing ever proves nothing."""
    copy = tmp_path / "elsewhere"
    shutil.copytree(world.inbox, copy / "results")
    found = " ".join(found_in(copy, world.planted))
    assert "unread column" in found and "summary" in found and "a date of birth" in found


def test_a_good_run_leaks_nothing(world: World) -> None:
    world.nothing_leaked()


def test_what_the_commands_say_leaks_nothing(world: World) -> None:
    for words in (
        ["checks"], ["status"], ["status", "--json"], ["extracts", "list"],
        ["extracts", "coverage"], ["extracts", "differences"], ["retention"],
        ["linkage", "report"], ["allocate"], ["allocation", "list"],
        ["allocation", "conflicts"],
    ):  # fmt: skip
        ended = world.ask(*words)
        assert ended.returncode == 0, ended.stderr
    world.nothing_leaked()


def test_a_description_of_an_unknown_file_shows_nobody(world: World) -> None:
    for path in sorted(world.inbox.glob("*.*")):
        if path.suffix in (".csv", ".xlsx"):
            for more in ([], ["--json"]):
                described = datrial(world.home, "extracts", "describe", str(path), *more)
                assert described.returncode == 0, described.stderr
                assert in_text(described.stdout + described.stderr, world.planted) == []


def test_clerical_review_leaves_names_in_its_one_file_only(world: World, tmp_path: Path) -> None:
    """The runs after it use the decisions, and are searched like all others."""
    file = tmp_path / "review.csv"
    asked = datrial(world.home, "linkage", "review", "--out", str(file), "--study", world.study)
    world.said += asked.stdout + asked.stderr
    if load_study(world.study).linkage is None:
        assert asked.returncode == 2 and not file.exists()
        return
    assert asked.returncode == 0, asked.stderr
    assert file.stat().st_mode & 0o077 == 0
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) > 20
    file.write_text("\n".join([*lines[:2], *(f"{line}different" for line in lines[2:])]))
    decided = datrial(world.home, "linkage", "decide", str(file), "--study", world.study)
    world.said += decided.stdout + decided.stderr
    assert decided.returncode == 0, decided.stderr
    world.nothing_leaked()


def test_a_run_that_fails_its_checks_leaks_nothing(world: World, tmp_path: Path) -> None:
    """Every third police row has a name where its date should stand: above the limit."""
    inbox = world.spoiled(tmp_path / "inbox")
    path = inbox / "police_site_1_incidents.csv"
    name = world.canaries.name("a date, in every third row")
    world.planted |= world.canaries.planted
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    spoiled = [re.sub(r"\d\d/\d\d/\d{4}", name, line) for line in lines]
    mixed = [spoiled[n] if n % 3 == 1 else line for n, line in enumerate(lines)]
    path.write_text("\n".join(mixed), encoding="utf-8-sig")
    ended = world.ask("run", inbox=inbox)
    assert ended.returncode == 3, ended.stderr
    world.nothing_leaked()


def test_files_that_cannot_be_used_are_refused_without_a_word_of_them(
    world: World, tmp_path: Path
) -> None:
    """A file without its header row, one with a name as a column's, one cut off, one unclosed."""
    inbox = world.spoiled(tmp_path / "inbox")
    first = inbox / "police_site_1_incidents.csv"
    first.write_bytes(first.read_bytes().partition(b"\n")[2])
    second = inbox / "marac_site_1_cases.csv"
    header, _, rest = second.read_bytes().partition(b"\n")
    second.write_bytes(rest + b"\n" + header)
    book = inbox / "drive_case_management.xlsx"
    book.write_bytes(book.read_bytes()[:-5000])
    quoted = inbox / "marac_site_3_referrals.csv"
    quoted.write_bytes(quoted.read_bytes() + b'\n"' + world.canaries.name("unclosed").encode())
    world.planted |= world.canaries.planted
    ended = world.ask("run", inbox=inbox)
    assert ended.returncode == 3, ended.stderr
    for name in (first.name, second.name, book.name, quoted.name):
        assert name in ended.stderr
    world.nothing_leaked()


def test_killed_runs_leak_nothing(world: World) -> None:
    """kill -9 while a warehouse is being built: what is left half done is searched as it lies."""
    (marac,) = world.inbox.glob("marac_site_1*.csv")
    for turn, seconds in enumerate((0.0, 0.7, 2.5)):
        with marac.open("a", encoding="utf-8") as file:
            file.write(f"\nTotal of {world.canaries.name(f'killed run {turn}')}\n")
        world.planted |= world.canaries.planted
        run = subprocess.Popen(
            [DATRIAL, "run", "--study", world.study], env=environment(world.home),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        record = until_building(world.home, run)
        time.sleep(seconds)
        for pid in (run.pid, record["worker"]["pid"]):  # nobody is left to tidy up
            os.kill(pid, signal.SIGKILL)
        world.said += run.communicate(timeout=60)[0]
        assert run.returncode == -signal.SIGKILL
        assert list((world.home / "tmp" / record["id"]).glob("*.duckdb"))
        assert found_in(world.home, world.planted) == []
    assert world.ask("run").returncode == 0
    world.nothing_leaked()


def until_building(home: Path, run: subprocess.Popen[str], seconds: float = 120) -> dict[str, Any]:
    """Wait until a run builds its warehouse, and return its attempt's record."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and run.poll() is None:
        for unfinished in home.glob("tmp/*/*.duckdb"):
            path = home / "attempts" / f"{unfinished.parent.name}.json"
            record: dict[str, Any] = json.loads(path.read_text())
            if record["owner"]["pid"] == run.pid:
                return record
        time.sleep(0.02)
    raise AssertionError("no warehouse was begun")
