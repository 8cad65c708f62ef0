"""The early intervention trial from its extracts to its tables: every printed number comes out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from canaries import found_in

from datrial.config.project import state_at
from datrial.config.study import load_study
from datrial.pipeline import stops
from datrial.pipeline.job import Job
from datrial.results.published import load_published
from datrial.simulate import simulate
from datrial.simulate.names import canary_texts
from datrial.warehouse.snapshots import SnapshotStore

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

STUDY = "early_intervention"
#: The lengths that the appendix names have another mean than it prints.
CONTRADICTED = {("referral_pathway.monitoring", "weeks", "intervention", "mean"): "8.6"}
#: Statistics of which two decimals are printed, as per cent.
SHARES = ("share", "share_of_all", "share_intake", "share_exit", "reduction")


@dataclass
class Travelled:
    """What a run left: its state folder and every cell as it was counted."""

    home: Path
    cells: dict[tuple[str, str, str, str], Any]
    failed: dict[str, str]


def travel(home: Path, inbox: Path) -> Travelled:
    """Take extracts through all stops in this process."""
    with state_at(home):
        job = Job(study=STUDY, inbox=inbox)
        received = stops.receive(job)
        stops.allocate(job, received)
        snapshot = stops.build(job, received).snapshot_id
        analysed = [stops.analyse(job, snapshot, name) for name in job.resolved_study().analyses]
        tables = stops.drafted(job, snapshot, analysed, ())
        stops.publish(job, snapshot, analysed)
    return Travelled(
        home,
        {(table.id, cell.row, cell.column, cell.statistic): cell
         for _, table in tables for cell in table.cells},
        {each.analysis: each.reason for each in analysed if each.state == "failed"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def travelled(tmp_path_factory: pytest.TempPathFactory) -> Travelled:
    """The replica as it is simulated."""
    home = tmp_path_factory.mktemp("home")
    inbox = home / "inbox" / STUDY
    simulate(load_study(STUDY), inbox, seed=1, scale=1)
    return travel(home, inbox)


def rounded(value: float, places: int) -> str:
    """Return a number as reports print it: a half is rounded up."""
    exact = Decimal(repr(float(value)))
    return str(exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def test_every_analysis_ended_well(travelled: Travelled) -> None:
    assert travelled.failed == {}


def test_every_printed_number_comes_out_to_its_last_digit(travelled: Travelled) -> None:
    numbers = load_published(load_study(STUDY).published)
    assert len(numbers) > 100
    wrong = {}
    for number in numbers:
        cell = travelled.cells[number.key]
        places = 2 if number.statistic in SHARES else 0
        if cell.value is None or rounded(cell.value, places) != rounded(number.value, places):
            wrong[number.key] = None if cell.value is None else rounded(cell.value, 1)
    assert wrong == CONTRADICTED


def test_each_table_counts_those_whom_the_report_counts(travelled: Travelled) -> None:
    n = {
        "severity_grid.intake": {22}, "severity_grid.levels": {16},
        "severity_grid.prevalence": {16}, "client_profile.sex": {32},
        "needs_matrix.need": {16},
    }  # fmt: skip
    for table, expected in n.items():
        found = {
            cell.n for key, cell in travelled.cells.items()
            if key[0] == table and not key[1].endswith("known") and cell.value is not None
        }  # fmt: skip
        assert found == expected, table


def test_no_name_leaves_the_service_s_files(travelled: Travelled) -> None:
    texts = dict.fromkeys(canary_texts(), "a name of the simulation")
    assert found_in(travelled.home, texts) == []
    inbox = travelled.home / "inbox"
    assert any(text in path.read_text(encoding="utf-8") for path in inbox.rglob("*.csv")
               for text in texts)  # fmt: skip


def test_rows_that_cannot_be_used_are_put_aside_and_no_other(travelled: Travelled) -> None:
    with SnapshotStore(travelled.home, STUDY).open() as connection:
        rows = dict(connection.execute(
            "select table_name, sum(staged) from accounting.extract group by all"
        ).fetchall())  # fmt: skip
        failed = connection.execute(
            "select rule_id from checks.result where verdict not in ('passed', 'warned')"
        ).fetchall()
    assert rows == {
        "referral": 35, "severity_reading": 22 + 4 + 16, "need_score": 4 * 16 + 2 * 5 + 1,
        "service_activity": 25,
    }  # fmt: skip
    assert failed == []
