"""Simulate a study: the world, the agencies' sheets, the mess, the files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

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
from datrial.simulate.sheets import Sheet, dress
from datrial.simulate.truth import truth_files
from datrial.simulate.world import World, make_world
from datrial.simulate.writers import csv_bytes, parts, workbook_bytes, write_file

#: The studies of the Drive world: their agencies write the same events down, each in its way.
STUDIES = ("drive", "drive_linkage")


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
    world = make_world(study, seed, scale, tell)
    tell("agencies' records")
    pairs = all_records(world)
    unlinked = unlink(world, pairs) if shares_no_reference(study) else None
    counts: list[Count] = []
    sheets = []
    for layout, records in unlinked.pairs if unlinked else pairs:
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
    truth = truth_files(world, counts)
    if unlinked:
        add_linkage_truth(truth, unlinked)
    for name, data in truth.items():
        files[f"truth/{name}"] = data
    files[SIMULATED_MARK] = _marker(study, seed, scale)
    _write(out, files, manifest.content(study, seed, scale, files))
    return SimulationSummary(out, seed, scale, rows, _allocated(world))


def _check(study: Study, out: Path, seed: int, scale: int) -> None:
    if study.study not in STUDIES:
        raise UsageError(
            f"There is no simulator for study {study.study!r}; there is one for "
            f"{' and '.join(STUDIES)}."
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
