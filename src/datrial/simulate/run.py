"""Simulate a study: the world, the agencies' sheets, the mess, the files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from datrial import __version__
from datrial.allocation.schemes import CONTROL, INTERVENTION
from datrial.config.study import Study
from datrial.errors import UsageError
from datrial.extracts.inbox import SIMULATED_MARK
from datrial.simulate import SimulationSummary, manifest
from datrial.simulate.linkage import shares_no_reference, unlink
from datrial.simulate.linkage_truth import add_linkage_truth
from datrial.simulate.mess import Count, make_messy
from datrial.simulate.records import all_records
from datrial.simulate.services import SERVICES, make_service
from datrial.simulate.sheets import Sheet, dress
from datrial.simulate.truth import truth_files
from datrial.simulate.world import World, make_world
from datrial.simulate.writers import csv_bytes, parts, workbook_bytes, write_file

if TYPE_CHECKING:
    from datrial.simulate.layouts import Layout
    from datrial.simulate.randomness import Array

#: The studies of the Drive world: their agencies write the same events down, each in its way.
STUDIES = ("drive", "drive_linkage")


@dataclass(frozen=True)
class _Made:
    """What agencies know, beside how they write it; the truth follows from the mess's counts."""

    pairs: list[tuple[Layout, dict[str, Array]]]
    truth: Callable[[list[Count]], dict[str, bytes]]
    allocated: dict[str, dict[str, int]] = field(default_factory=dict)


def run(
    study: Study,
    out: Path,
    *,
    seed: int,
    scale: int,
    progress: Callable[[str], None] | None,
) -> SimulationSummary:
    """Do what :func:`datrial.simulate.simulate` says."""
    _check(study, out, seed, scale)
    tell = progress or (lambda _: None)
    made = (
        _service(study, seed, scale)
        if study.study in SERVICES
        else _trial(study, seed, scale, tell)
    )
    counts: list[Count] = []
    sheets = []
    for layout, records in made.pairs:
        messy = make_messy(dress(layout, records, seed), seed)
        sheets.append(messy.sheet)
        counts += messy.counts
    files: dict[str, bytes] = {}
    rows: dict[str, int] = {}
    for name, together in _by_file(sheets).items():
        tell(f"writing {name}")
        for part, pieces in enumerate(parts(together), start=1):
            own_name = name if part == 1 else f"{Path(name).stem}_{part}{Path(name).suffix}"
            is_csv = name.endswith(".csv")
            files[own_name] = csv_bytes(pieces[0]) if is_csv else workbook_bytes(pieces)
            rows[own_name] = sum(piece.rows + 1 for piece in pieces)
        _count_summary_lines(counts, name, part)
    for name, data in made.truth(counts).items():
        files[f"truth/{name}"] = data
    files[SIMULATED_MARK] = _marker(study, seed, scale)
    _write(out, files, manifest.content(study, seed, scale, files))
    return SimulationSummary(out, seed, scale, rows, made.allocated)


def _trial(study: Study, seed: int, scale: int, tell: Callable[[str], None]) -> _Made:
    """Make the world of the Drive trial, with the people that linkage has to find."""
    world = make_world(study, seed, scale, tell)
    tell("agencies' records")
    pairs = all_records(world)
    unlinked = unlink(world, pairs) if shares_no_reference(study) else None

    def truth(counts: list[Count]) -> dict[str, bytes]:
        files = truth_files(world, counts)
        if unlinked:
            add_linkage_truth(files, unlinked)
        return files

    return _Made(unlinked.pairs if unlinked else pairs, truth, _allocated(world))


def _service(study: Study, seed: int, scale: int) -> _Made:
    """Make the extracts of one service."""
    service = make_service(study, seed, scale)
    return _Made(service.pairs, service.truth_files)


def _check(study: Study, out: Path, seed: int, scale: int) -> None:
    known = (*STUDIES, *SERVICES)
    if study.study not in known:
        raise UsageError(
            f"There is no simulator for study {study.study!r}; there is one for "
            f"{', '.join(known[:-1])} and {known[-1]}."
        )
    if seed < 0:
        raise UsageError("The seed must be 0 or more.")
    if scale < 1:
        raise UsageError("The scale must be 1 or more.")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is not a folder. Name a folder to write the extracts to.")
    # The marker allows the public pseudonym key: it must never come beside real extracts.
    if out.is_dir() and any(out.iterdir()) and not (out / SIMULATED_MARK).is_file():
        raise UsageError(
            f"{out}: holds files that datrial did not simulate. Name an empty or a new folder."
        )


def _by_file(sheets: list[Sheet]) -> dict[str, list[Sheet]]:
    by_file: dict[str, list[Sheet]] = {}
    for sheet in sheets:
        by_file.setdefault(sheet.layout.file, []).append(sheet)
    return by_file


def _count_summary_lines(counts: list[Count], name: str, parts_written: int) -> None:
    """Every part of a file that was cut has its own summary lines."""
    for count in counts:
        if count.file == name and count.kind == "summary_line":
            count.rows = parts_written


def _marker(study: Study, seed: int, scale: int) -> bytes:
    return (
        f"Simulated extracts of the study {study.study}. Nobody in these files exists.\n"
        f"seed: {seed}\nscale: {scale}\nversion: {__version__}\n"
    ).encode()


def _write(out: Path, files: dict[str, bytes], listing: bytes) -> None:
    """Write the files, the manifest last: without it they count as not written."""
    truth = out / manifest.MANIFEST.parent
    truth.mkdir(parents=True, exist_ok=True)
    old = manifest.written_before(out)
    (out / manifest.MANIFEST).unlink(missing_ok=True)
    write_file(out / SIMULATED_MARK, files[SIMULATED_MARK])
    for name in old:
        if name not in files:
            (out / name).unlink(missing_ok=True)
    for name, data in files.items():
        write_file(out / name, data)
    write_file(out / manifest.MANIFEST, listing)


def _allocated(world: World) -> dict[str, dict[str, int]]:
    return {
        site.people.site.key: {
            arm: int((site.allocation.arm == arm).sum()) for arm in (INTERVENTION, CONTROL)
        }
        for site in world.sites
    }
