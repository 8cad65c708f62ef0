"""The replica of Restart on the road, stop by stop in this process, as its file says or edited."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from datrial.config.load import read_yaml
from datrial.config.project import project_root, state_at
from datrial.config.study import load_study
from datrial.pipeline import stops
from datrial.pipeline.job import Job, Received
from datrial.results.cells import Table
from datrial.simulate import simulate

STUDY_FILE = Path("configs", "studies", "restart.yaml")
Cells = dict[tuple[str, str, str, str], Any]


@dataclass(frozen=True)
class Road:
    """What came of a run: its tables as they were counted, and what was received."""

    tables: Mapping[str, Table]
    received: Received
    failed: Mapping[str, str]

    def cells(self) -> Cells:
        """Return every cell by table, row, column and statistic."""
        return {
            (name, cell.row, cell.column, cell.statistic): cell
            for name, table in self.tables.items()
            for cell in table.cells
        }

    def value(self, table: str, row: str, column: str, statistic: str) -> float:
        """Return a cell's number."""
        found = self.cells()[table, row, column, statistic].value
        assert found is not None
        return float(found)


def run_road(inbox: Path, home: Path) -> Road:
    """Take the inbox's extracts through all stops but the report, and return the tables."""
    with state_at(home):
        job = Job(study="restart", inbox=inbox)
        received = stops.receive(job)
        stops.allocate(job, received)
        snapshot = stops.build(job, received).snapshot_id
        analysed = [stops.analyse(job, snapshot, name) for name in job.resolved_study().analyses]
        pairs = stops.drafted(job, snapshot, analysed, ())
    return Road(
        {table.id: table for _, table in pairs},
        received,
        {each.analysis: each.reason for each in analysed if each.state == "failed"},
    )


def simulated(folder: Path, *, seed: int = 1, scale: int = 1) -> Path:
    """Write the replica's extracts."""
    simulate(load_study("restart"), folder, seed=seed, scale=scale)
    return folder


def commented_block() -> dict[str, Any]:
    """Return the settings that stand as a comment at the end of the study file."""
    lines = (project_root() / STUDY_FILE).read_text().splitlines()
    start = lines.index("# design: cohort_comparison")
    block = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines[start:])
    return dict(yaml.safe_load(block))


def with_comparison() -> dict[str, Any]:
    """Return the study file's settings with the commented block in them."""
    content = read_yaml(project_root() / STUDY_FILE)
    block = commented_block()
    assert set(block) == {"design", "arms", "sites", "sources"}
    return {
        **content,
        "design": block["design"],
        "arms": content["arms"] | block["arms"],
        "sites": content["sites"] | block["sites"],
        "sources": content["sources"] + block["sources"],
    }


@contextmanager
def edited_project(folder: Path, study: Mapping[str, Any], patch: Any) -> Iterator[None]:
    """Let a project whose only other file is its study file be the project in the block."""
    ours = project_root()
    shutil.copytree(ours / "configs", folder / "configs")
    for name in ("sql", "expectations"):
        (folder / name).symlink_to(ours / name)
    (folder / STUDY_FILE).write_text(yaml.safe_dump(dict(study), sort_keys=False))
    patch.setenv("DATRIAL_PROJECT", str(folder))
    project_root.cache_clear()
    try:
        yield
    finally:
        patch.undo()
        project_root.cache_clear()
