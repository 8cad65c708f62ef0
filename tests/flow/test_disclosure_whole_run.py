"""A whole run of Drive, published as counted and then as released: the attack on all of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from attacker import Attacker, pinned

from datrial.config.disclosure import load_profile
from datrial.config.project import PROJECT_FOLDERS, project_root
from datrial.results.cells import State
from datrial.results.read import Run, read_run

pytestmark = [pytest.mark.long, pytest.mark.timeout(2400)]
DATRIAL = str(Path(sys.executable).with_name("datrial"))
PROFILE = "counts_below_5"


def datrial(home: Path, project: Path, *words: str) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "DATRIAL_"))}
    named = {"DATRIAL_HOME": str(home), "DATRIAL_PROJECT": str(project)}
    done = subprocess.run(
        [DATRIAL, *words], env={**kept, **named}, capture_output=True, text=True, timeout=1100,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def project_with(folder: Path, profile: str) -> Path:
    """Return a copy of the project's files in which Drive has this profile."""
    for name in PROJECT_FOLDERS:
        shutil.copytree(project_root() / name, folder / name)
    study = folder / "configs" / "studies" / "drive.yaml"
    lines = study.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("disclosure:")]
    study.write_text("\n".join([*kept, f"disclosure: {profile}", ""]), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """The same run as it was counted and as it is released."""
    home = tmp_path_factory.mktemp("home")
    runs = []
    for profile in ("open", PROFILE):
        project = project_with(tmp_path_factory.mktemp(profile), profile)
        if profile == "open":
            datrial(home, project, "simulate", "--seed", "1")
        said = re.search(r"Run: +(\w+)", datrial(home, project, "run", "--study", "drive"))
        assert said
        runs.append(read_run(home, said[1]))
    return runs[0], runs[1]


def test_nothing_small_can_be_worked_out(both: tuple[Run, Run]) -> None:
    raw, released = ([entry.table for entry in run.tables] for run in both)
    certain, close, small = pinned(raw, released, load_profile(PROFILE).threshold)
    hidden = both[1].manifest.model_dump()["disclosure"]["hidden"]
    assert small > 100
    assert not certain
    assert hidden["not_protected"] == 0
    assert len(close) <= hidden["in_doubt_only"]


def test_the_attack_is_on_what_was_stored(both: tuple[Run, Run]) -> None:
    attacker = Attacker(entry.table for entry in both[1].tables)
    small = [
        (entry.table.id, cell.row, cell.column, cell.statistic)
        for entry in both[0].tables
        if not entry.table.not_about_people
        for cell in entry.table.cells
        if cell.statistic == "count" and cell.value in (1, 2, 3, 4)
    ]
    assert len(small) > 100
    assert not attacker.known.keys() & set(small)


def test_zero_is_shown_and_the_primary_outcomes_are_readable(both: tuple[Run, Run]) -> None:
    raw, released = both
    lost = shown = 0
    for before in raw.tables:
        after = released.table(before.table.id)
        assert after is not None
        for cell, now in zip(before.table.cells, after.table.cells, strict=True):
            if before.analysis in raw.manifest.primary_outcomes and cell.state is State.VALUE:
                lost += now.state is State.SUPPRESSED
                shown += 1
    assert shown > 500
    assert lost < 0.05 * shown


def test_no_file_of_a_run_holds_a_count_of_one_person_in_words(both: tuple[Run, Run]) -> None:
    folder = both[1].folder
    rule = load_profile(PROFILE).description  # says itself that no count of 1 to 4 people is shown
    for name in ("tables.json", "manifest.json"):
        text = (folder / name).read_text(encoding="utf-8").replace(rule, "")
        assert not re.search(r"(?<![\w.])[1-4] (people|service users|forms|meetings)\b", text)
