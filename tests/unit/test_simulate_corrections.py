"""Corrected versions of simulated files."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from test_simulate_reading import simulated

from datrial.errors import UsageError
from datrial.simulate.corrections import Correction, write_correction

FILE = "police_site_1_incidents.csv"


def correct(out: Path, **changes: object) -> Correction:
    settings = {
        "seed": 5, "key": "Incident number", "column": "DA marker", "text": "Y",
        "added": 3, "changed": 4, "gone": 2, "encoding": "utf-8-sig",
    }  # fmt: skip
    return write_correction(simulated()[0] / FILE, out, **settings | changes)  # type: ignore[arg-type]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def test_as_many_rows_are_added_changed_and_gone_as_asked(tmp_path: Path) -> None:
    correction = correct(tmp_path / FILE)
    before, after = read(simulated()[0] / FILE), read(tmp_path / FILE)
    number = "Incident number"
    old = {row[number].strip().upper() for row in before}
    new = {row[number].strip().upper() for row in after}
    assert (len(new - old), len(old - new)) == (3, 2)
    assert {before[row][number].strip().upper() for row in correction.gone} == old - new
    by_number = {row[number]: row for row in after}
    changed = [row for row in before if row[number] in by_number and row not in after]
    assert changed == [before[row] for row in correction.changed]
    assert all(by_number[row[number]] == row | {"DA marker": "Y"} for row in changed)
    copies = [row for row in after if row[number].endswith("-A")]
    assert [row | {number: ""} for row in copies] == [
        before[row] | {number: ""} for row in correction.added
    ]
    assert len(after) == len(before) + 1


def test_the_same_seed_gives_the_same_file_and_nothing_asked_changes_nothing(
    tmp_path: Path,
) -> None:
    correct(tmp_path / "one.csv")
    correct(tmp_path / "two.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    correct(tmp_path / "same.csv", added=0, changed=0, gone=0)
    assert (tmp_path / "same.csv").read_bytes() == (simulated()[0] / FILE).read_bytes()


@pytest.mark.parametrize("wrong", [{"key": "Crime no"}, {"column": "Flag"}, {"gone": 99_999}])
def test_what_cannot_be_corrected_is_told(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=FILE):
        correct(tmp_path / FILE, **wrong)
    assert not (tmp_path / FILE).exists()
