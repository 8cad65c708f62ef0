"""Family Solutions Plus from its extracts to its tables: every printed number comes out."""

from __future__ import annotations

from collections.abc import Iterator
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
from datrial.results.published import PublishedNumber, load_published
from datrial.simulate import simulate
from datrial.simulate.names import canary_texts

STUDY = "family_solutions_plus"
Key = tuple[str, str, str, str]
_REASONS, _WORK = "service_activity.closure_reasons", "service_activity.activity_totals"
#: Printed numbers that do not follow from others of the report, and what does: see `source`.
CONTRADICTED = {
    ("service_activity.requests", "all__months", "intervention", "mean"): "30",
    (_REASONS, "victim_survivor__completed", "intervention", "share"): "0.56",
    (_REASONS, "victim_survivor__disengaged", "intervention", "share"): "0.41",
    (_REASONS, "victim_survivor__removed", "intervention", "share"): "0.03",
    (_WORK, "signposting__victim_survivor", "intervention", "count"): "111",
    (_WORK, "signposting__perpetrator", "intervention", "count"): "11",
}
#: Statistics that are printed as whole per cent.
PARTS_OF_ONE = ("share", "share_by_month", "ratio_of_means")


@dataclass
class Travelled:
    """What a run left: its state folder, every cell as it was counted, and what failed."""

    home: Path
    cells: dict[Key, Any]
    failed: dict[str, str]


@pytest.fixture(scope="module")
def travelled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Travelled]:
    """Simulate, and take the extracts through all stops but the report, in this process."""
    home = tmp_path_factory.mktemp("home")
    inbox = home / "inbox" / STUDY
    simulate(load_study(STUDY), inbox, seed=1, scale=1)
    with state_at(home):
        job = Job(study=STUDY, inbox=inbox)
        received = stops.receive(job)
        stops.allocate(job, received)
        snapshot = stops.build(job, received).snapshot_id
        analysed = [stops.analyse(job, snapshot, name) for name in job.resolved_study().analyses]
        tables = stops.drafted(job, snapshot, analysed, ())
    yield Travelled(
        home,
        {(table.id, cell.row, cell.column, cell.statistic): cell
         for _, table in tables for cell in table.cells},
        {each.analysis: each.reason for each in analysed if each.state == "failed"},
    )  # fmt: skip


def as_printed(value: float, number: PublishedNumber) -> str:
    """Return a number with as many decimals as are printed: a half is rounded up."""
    places = 2 if number.statistic in PARTS_OF_ONE else 0
    if number.value == 0.375:
        places = 3
    exact = Decimal(repr(float(value)))
    return str(exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def test_every_analysis_ended_well(travelled: Travelled) -> None:
    assert travelled.failed == {}


def test_every_printed_number_comes_out_to_its_last_digit(travelled: Travelled) -> None:
    differ = {}
    for number in load_published(load_study(STUDY).published):
        cell = travelled.cells[number.key]
        found = None if cell.value is None else as_printed(cell.value, number)
        if found != as_printed(number.value, number):
            differ[number.key] = found
    assert differ == CONTRADICTED


@pytest.mark.parametrize("star", ["change_star", "empowerment_star"])
def test_change_and_time_go_together_moderately_to_strongly(
    travelled: Travelled, star: str
) -> None:
    row = travelled.cells["outcome_stars.time", f"{star}__pearson", "intervention", "correlation"]
    assert 0.4 <= row.value <= 0.8


def test_most_clients_live_in_the_towns_that_are_named_first(travelled: Travelled) -> None:
    named = {
        "victim_survivor": ["banbury", "wantage"], "perpetrator": ["banbury", "witney", "bicester"],
    }  # fmt: skip
    for strand, towns in named.items():
        counts = {
            row.removeprefix(f"{strand}__"): cell.value
            for (table, row, _, statistic), cell in travelled.cells.items()
            if table == "client_profile.area" and statistic == "count" and row.startswith(strand)
        }
        assert sorted(counts, key=lambda town: -counts[town])[: len(towns)] == towns


def test_no_name_leaves_the_service_s_files(travelled: Travelled) -> None:
    texts = dict.fromkeys(canary_texts(), "a name of the simulation")
    assert found_in(travelled.home, texts) == []
    inbox = travelled.home / "inbox"
    assert any(
        text in path.read_text(encoding="cp1252") for path in inbox.rglob("*.csv") for text in texts
    )
