"""`datrial allocation conflicts`: who was allocated under several references."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from held import publish_snapshot
from typer.testing import CliRunner, Result

from datrial.cli import app
from datrial.errors import DataError, UsageError
from datrial.warehouse.study_tables import write_allocations

LISTED: list[tuple[Any, ...]] = [
    ("p_2", "p_1", "site_2", "2017-04-11", "arm_b", False, False),
    ("p_2", "p_2", "site_1", "2017-03-14", "arm_a", True, False),
    ("p_3", "p_3", "site_1", "2017-03-14", "arm_a", True, True),
    ("p_3", "p_4", "site_3", "2017-05-09", "arm_a", False, True),
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    return tmp_path


def ask(*words: str) -> Result:
    return CliRunner().invoke(app, ["allocation", "conflicts", *words], catch_exceptions=False)


def snapshot_of(home: Path, listed: list[tuple[Any, ...]]) -> None:
    path = publish_snapshot(home, "s1", "2026-01-01")
    path.chmod(0o600)
    with duckdb.connect(str(path)) as connection:
        write_allocations(connection, [], [], merged=listed)


def test_the_first_allocation_comes_first_and_is_said_to_stand(home: Path) -> None:
    """Arms are printed as the snapshot holds them: as codes, where it holds codes."""
    snapshot_of(home, LISTED)
    result = ask()
    assert result.exit_code == 0
    words = [line.split() for line in result.output.splitlines()]
    assert words[1] == ["p_2", "p_2", "site_1", "2017-03-14", "arm_a", "stands", "DIFFERENT"]
    assert words[2] == ["p_2", "p_1", "site_2", "2017-04-11", "arm_b", "DIFFERENT"]
    assert words[4] == ["p_3", "p_4", "site_3", "2017-05-09", "arm_a", "the", "same"]
    assert "2 people were allocated under several references, 1 of them in different arms" in (
        result.output
    )
    assert "The first allocation stands" in result.output


def test_for_machines_every_allocation_is_an_object(home: Path) -> None:
    snapshot_of(home, LISTED)
    rows = json.loads(ask("--json").output)
    assert [(row["reference_id"], row["stands"]) for row in rows] == [
        ("p_2", True), ("p_1", False), ("p_3", True), ("p_4", False),
    ]  # fmt: skip
    assert rows[1] == {
        "person_id": "p_2", "reference_id": "p_1", "site": "site_2",
        "meeting_date": "2017-04-11", "arm": "arm_b", "stands": False, "same_arm": False,
    }  # fmt: skip


def test_where_there_is_nobody_it_says_so_and_ends_well(home: Path) -> None:
    snapshot_of(home, [])
    result = ask()
    assert (result.exit_code, "nobody" in result.output) == (0, True)
    assert json.loads(ask("--json").output) == []


def test_no_snapshot_and_an_older_one_are_told_apart(home: Path) -> None:
    with pytest.raises(DataError, match="no snapshot of study drive yet"):
        ask()
    publish_snapshot(home, "s1", "2026-01-01")
    with pytest.raises(UsageError, match="was built without"):
        ask()
