"""A stored run beside its repetition: which files are equal, and what is said of the others."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import results_fixture as given

from datrial.pipeline.rerun_comparison import (
    compare_cells,
    compare_files,
    other_inputs,
    other_machine,
)
from datrial.results.manifest import Manifest
from datrial.results.store import write_run

PARTS = {"models": "m1", "report": "r1", "requirements.lock": "l1"}


@pytest.fixture
def homes(tmp_path: Path) -> tuple[Path, Path]:
    """Two states: a run, and the same run made again."""
    for name, who in (("then", "office"), ("now", "someone else")):
        store(tmp_path / name, given.RUN_ID, who=who, end=f"2026-01-0{len(name) - 1}T00:00:00")
    return tmp_path / "then", tmp_path / "now"


def store(home: Path, run: str, **more: Any) -> None:
    manifest = given.manifest(**{"code_parts": PARTS, "dependencies": {"numpy": "2.4.6"}, **more})
    write_run(home, run, manifest, given.tables()[:6], {}, {"tables": []})
    report = home / "reports" / run
    report.mkdir(parents=True)
    version = manifest["code_version"]
    (report / "index.html").write_text(f"<p>run {run} by code {version}, 7 people</p>")
    (report / "checks.html").write_text(f"made by {more.get('who')}")


def test_the_same_run_made_again_is_equal_whoever_made_it_and_when(
    homes: tuple[Path, Path],
) -> None:
    found = compare_files(homes[0], given.RUN_ID, homes[1], given.RUN_ID)
    assert found.is_equal
    files = [path for path in homes[0].rglob("*") if path.is_file()]
    assert found.equal == len(files) - 2  # times.json, and the page that tells of other runs


@pytest.mark.parametrize("name", ["results/tables.json", "reports/index.html"])
def test_a_file_that_differs_is_named(homes: tuple[Path, Path], name: str) -> None:
    part, _, file = name.partition("/")
    path = homes[1] / part / given.RUN_ID / file
    path.write_bytes(path.read_bytes() + b" ")
    found = compare_files(homes[0], given.RUN_ID, homes[1], given.RUN_ID)
    assert found.differing == (name,) and not found.is_equal
    assert found.damaged == () and found.names_only == ()


def test_files_that_only_one_of_them_has_are_named(homes: tuple[Path, Path]) -> None:
    (homes[0] / "reports" / given.RUN_ID / "results.xlsx").write_bytes(b"workbook")
    (homes[1] / "reports" / given.RUN_ID / "results.ods").write_bytes(b"workbook")
    found = compare_files(homes[0], given.RUN_ID, homes[1], given.RUN_ID)
    assert (found.missing, found.added) == (("reports/results.xlsx",), ("reports/results.ods",))
    assert not found.is_equal


@pytest.mark.parametrize("lost", [True, False])
def test_a_damaged_file_is_told_and_that_the_repetition_has_it(
    homes: tuple[Path, Path], lost: bool
) -> None:
    path = next((homes[0] / "results" / given.RUN_ID / "tables").glob("*.csv"))
    name = f"results/tables/{path.name}"
    if lost:
        path.unlink()
    else:
        path.write_text("changed by hand")
    found = compare_files(homes[0], given.RUN_ID, homes[1], given.RUN_ID)
    assert found.damaged == found.restored == (name,)
    assert (found.added if lost else found.differing) == (name,)
    assert not found.is_equal


def test_other_code_alone_changes_names_in_files_and_no_number(tmp_path: Path) -> None:
    store(tmp_path / "then", "run-1")
    store(tmp_path / "now", "run-2", code_version="0000feed0000feed")
    found = compare_files(tmp_path / "then", "run-1", tmp_path / "now", "run-2")
    assert set(found.names_only) == {
        "results/manifest.json", "results/cells.parquet", "reports/index.html"
    }  # fmt: skip
    assert found.differing == () and not found.is_equal
    cells = compare_cells(tmp_path / "then", "run-1", tmp_path / "now", "run-2")
    assert cells is not None and cells.is_equal and cells.cells_compared > 50


def test_a_number_that_differs_is_no_matter_of_names(tmp_path: Path) -> None:
    store(tmp_path / "then", "run-1")
    store(tmp_path / "now", "run-2", code_version="0000feed0000feed")
    page = tmp_path / "now" / "reports" / "run-2" / "index.html"
    page.write_text(page.read_text().replace("7 people", "8 people"))
    found = compare_files(tmp_path / "then", "run-1", tmp_path / "now", "run-2")
    assert found.differing == ("reports/index.html",)


def test_a_tampered_cell_is_found_and_the_stored_run_stays_as_it_lies(
    homes: tuple[Path, Path],
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = homes[0] / "results" / given.RUN_ID / "cells.parquet"
    frame = pq.read_table(path).to_pandas()
    at = frame.index[frame["state"] == "value"][5]
    frame.loc[at, "value"] += 1
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    before = path.read_bytes()
    cells = compare_cells(homes[0], given.RUN_ID, homes[1], given.RUN_ID)
    assert cells is not None and len(cells.differences) == 1
    assert cells.differences[0].change == pytest.approx(-1)
    assert path.read_bytes() == before


def test_a_run_that_cannot_be_read_has_no_cells_to_compare(homes: tuple[Path, Path]) -> None:
    (homes[0] / "results" / given.RUN_ID / "cells.parquet").write_bytes(b"no parquet")
    assert compare_cells(homes[0], given.RUN_ID, homes[1], given.RUN_ID) is None
    shutil.rmtree(homes[1] / "as_it_lies")
    (homes[0] / "results" / given.RUN_ID / "tables.json").unlink()
    assert compare_cells(homes[0], given.RUN_ID, homes[1], given.RUN_ID) is None


def manifests(**changes: Any) -> tuple[Manifest, Manifest]:
    first = {"code_parts": PARTS, "dependencies": {"numpy": "2.4.6", "scipy": "1.0"}}
    return (
        Manifest.model_validate(given.manifest(**first)),
        Manifest.model_validate(given.manifest(**{**first, **changes})),
    )


def test_what_differs_in_the_inputs_is_named_part_by_part() -> None:
    assert list(other_inputs(*manifests())) == []
    said = list(
        other_inputs(
            *manifests(
                code_version="new",
                code_parts={**PARTS, "models": "m2", "requirements.lock": "l2"},
                dependencies={"numpy": "2.4.7", "scipy": "1.0"},
                published="other",
                analyses=[],
            )
        )
    )
    assert said == [
        "code: 9d2f41c07b3e8a15 then, new now (models, requirements.lock)",
        "numpy: 2.4.6 then, 2.4.7 now",
        "published: not as it was",
    ]


def test_another_machine_is_told_apart_from_other_inputs() -> None:
    then = {"python": "3.11.7", "platform": "Linux", "differs_from_lock": []}
    assert other_machine(then, dict(then)) == []
    now = {**then, "python": "3.11.9", "differs_from_lock": ["numpy 2.4.5, locked 2.4.6"]}
    assert other_machine(then, now) == [
        "python: 3.11.7 then, 3.11.9 now",
        "installed, not as locked, then: none",
        "installed, not as locked, now: numpy 2.4.5, locked 2.4.6",
    ]
    assert other_machine({}, now) == []  # a run that recorded nothing of it
