"""Snapshots and tables of a blinded study: codes in the place of arms."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from datrial.analyses.arms import (
    WITHHELD,
    below_one_favours,
    contrast,
    is_coded,
    others_against_reference,
    reference_arm,
    withhold,
)
from datrial.config.study import Arm, Study, load_study
from datrial.results.cells import State, Table
from datrial.warehouse.coded_arms import code_arms, rewritten, study_as_shown

CODES = {"control": "arm_a", "intervention": "arm_b"}
LABELS = {"arm_a": "Arm A", "arm_b": "Arm B"}


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "built.duckdb"
    with duckdb.connect(str(path)) as connection:
        for statement in (
            "create schema study", "create schema ledger", "create schema raw",
            "create table study.arm (arm varchar, label varchar, role varchar)",
            "insert into study.arm values ('intervention', 'Drive', 'intervention'), "
            "('control', 'Control', 'control')",
            "create table ledger.allocation as select 'p_1' as person_id, 'control' as arm "
            "union all select 'p_2', 'intervention' union all select 'p_3', 'a third'",
            "create table raw.allocation_list as select 'Zzyx written by an agency' as arm",
            "create view ledger.sizes as select count(*) as n from ledger.allocation",
        ):  # fmt: skip
            connection.execute(statement)
        code_arms(connection, CODES, LABELS)
    return path


def test_codes_stand_where_arms_stood(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        people = connection.execute("select * from ledger.allocation order by 1").fetchall()
        arms = connection.execute("select * from study.arm order by 1").fetchall()
        raw = connection.execute("select arm from raw.allocation_list").fetchall()
    # An arm without a code, which there should not be, is shown to nobody.
    assert people == [("p_1", "arm_a"), ("p_2", "arm_b"), ("p_3", None)]
    assert arms == [("arm_a", "Arm A", "coded"), ("arm_b", "Arm B", "coded")]
    assert raw == [(None,)]


def test_a_rewritten_file_holds_nothing_of_what_it_held(warehouse: Path) -> None:
    assert rewritten(warehouse) == warehouse
    assert [path.name for path in warehouse.parent.iterdir()] == [warehouse.name]
    assert b"Zzyx written" not in warehouse.read_bytes()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        assert connection.execute("select n from ledger.sizes").fetchall() == [(3,)]


def test_the_study_is_shown_with_the_arms_of_its_snapshot(warehouse: Path) -> None:
    study = load_study("drive")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        shown = study_as_shown(connection, study)
    assert shown.arms == {
        "arm_a": Arm(label="Arm A", role="coded"), "arm_b": Arm(label="Arm B", role="coded")
    }  # fmt: skip
    assert is_coded(shown) and not is_coded(study)


def coded() -> Study:
    arms = {key: Arm(label=LABELS[key], role="coded") for key in LABELS}
    return load_study("drive").model_copy(update={"arms": arms})


def test_codes_are_compared_with_the_first_and_arms_with_the_control() -> None:
    arms = pd.Series(["arm_a", "arm_b"])
    assert reference_arm(coded()) == "arm_a"
    assert others_against_reference(coded(), arms).tolist() == [0.0, 1.0]
    assert contrast(coded()) == "Arm B against Arm A"
    assert below_one_favours(coded()) == "Rate ratios below 1 favour Arm B."
    drive = load_study("drive")
    assert reference_arm(drive) == "control"
    assert others_against_reference(drive, pd.Series(["control", "intervention"])).sum() == 1
    assert contrast(drive) == "intervention against control"
    assert below_one_favours(drive) == "Rate ratios below 1 favour the intervention."


def test_columns_that_would_tell_an_arm_are_withheld_and_the_others_stay() -> None:
    table = Table("flow", "Flow", "", column_labels={"all": "All", **LABELS})
    table.row("completed", "Completed")
    for column, count in (("all", 7), ("arm_a", 0), ("arm_b", 7)):
        table.add("completed", column, "count", count, n=count, warning="of the intervention")
    shown = withhold(table, LABELS)
    assert shown.get("completed", "all", "count").value == 7
    for column in LABELS:
        cell = shown.get("completed", column, "count")
        assert (cell.value, cell.n, cell.state) == (None, None, State.NOT_AVAILABLE)
        assert (cell.note, cell.warning) == (WITHHELD, "")
