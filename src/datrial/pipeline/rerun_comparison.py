"""Compare a stored run with its repetition: byte for byte, and cell by cell where bytes differ."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datrial.pipeline.identity import content_hash
from datrial.results.differences import RunComparison, compare_runs
from datrial.results.files import sha256
from datrial.results.folder import CELLS, MANIFEST, TIMES, read_manifest
from datrial.results.read import read_cells, read_run

if TYPE_CHECKING:
    from datrial.results.manifest import Manifest

#: Pages that also tell of the runs before; they differ where other runs are stored.
OF_OTHER_RUNS = ("checks.html", "changes.html")
_TEXTS = (".html", ".json", ".csv")
_WORKBOOKS = (".xlsx", ".ods")
_RESULTS, _REPORT = "results", "reports"


@dataclass(frozen=True)
class FileComparison:
    """The files of a stored run beside those of its repetition, by name.

    Attributes
    ----------
    equal
        How many are equal, byte for byte.
    names_only
        Equal but for the names of the run and of the code in them.
    differing
        In both, with other bytes.
    missing, added
        Only in the stored run, and only in the repetition.
    damaged
        Files of the stored run that are not as its manifest says they were stored.
    restored
        Those of them that the repetition has as the manifest says.
    """

    equal: int
    names_only: tuple[str, ...]
    differing: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    damaged: tuple[str, ...]
    restored: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """Whether every file is equal, byte for byte, and the stored run is sound."""
        return not (self.names_only or self.differing or self.missing or self.added or self.damaged)


def comparison_folder(home: Path, run_id: str) -> Path:
    """Return where the page lies that tells how a run's last repetition differs from it."""
    return home / "comparisons" / run_id


def compare_files(home: Path, run: str, other_home: Path, other: str) -> FileComparison:
    """Compare all files of a stored run, and of its report, with those of another state's run.

    Parameters
    ----------
    run, other
        The stored run and its repetition; their ids differ where their code does.
    """
    stored = {**_files(home, _RESULTS, run), **_files(home, _REPORT, run)}
    again = {**_files(other_home, _RESULTS, other), **_files(other_home, _REPORT, other)}
    recorded = read_manifest(home / _RESULTS / run).files
    repeated = read_manifest(other_home / _RESULTS / other).files
    damaged = [
        name
        for name, expected in recorded.items()
        if f"{_RESULTS}/{name}" not in stored or sha256(stored[f"{_RESULTS}/{name}"]) != expected
    ]
    names = _names(home, run, other_home, other)
    both = sorted(stored.keys() & again.keys())
    differing = [name for name in both if stored[name].read_bytes() != again[name].read_bytes()]
    names_only = [n for n in differing if names and _equal_but(stored[n], again[n], names)]
    return FileComparison(
        equal=len(both) - len(differing),
        names_only=tuple(names_only),
        differing=tuple(name for name in differing if name not in names_only),
        missing=tuple(sorted(stored.keys() - again.keys())),
        added=tuple(sorted(again.keys() - stored.keys())),
        damaged=tuple(f"{_RESULTS}/{name}" for name in damaged),
        restored=tuple(
            f"{_RESULTS}/{name}" for name in damaged if repeated.get(name) == recorded[name]
        ),
    )


def compare_cells(
    home: Path, run: str, other_home: Path, other: str, reads_results: tuple[str, ...] = ()
) -> RunComparison | None:
    """Compare the cells of a stored run with those of its repetition.

    The stored run is read as it lies there, damaged or not.

    Returns
    -------
    RunComparison or None
        None where the stored run is damaged in a way that it cannot be read.
    """
    copy = other_home / "as_it_lies"
    shutil.copytree(home / _RESULTS / run, copy / _RESULTS / run)
    _accept(copy / _RESULTS / run)
    try:
        stored = read_run(copy, run)
    except Exception:  # whatever a reader of a damaged file says
        return None
    return compare_runs(stored, read_run(other_home, other), reads_results=reads_results)


def _accept(folder: Path) -> None:
    """Let a copy's manifest say of its files what they are."""
    content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    content["files"] = {
        name: sha256(folder / name) for name in content["files"] if (folder / name).is_file()
    }
    (folder / MANIFEST).write_text(json.dumps(content), encoding="utf-8")


def _files(home: Path, part: str, run: str) -> dict[str, Path]:
    folder = home / part / run
    passed_over = (TIMES, *OF_OTHER_RUNS)
    return {
        f"{part}/{path.relative_to(folder)}": path
        for path in folder.rglob("*")
        if path.is_file() and path.name not in passed_over
    }


def _names(home: Path, run: str, other_home: Path, other: str) -> list[tuple[bytes, bytes]]:
    """Return what the repetition is called where the stored run is called otherwise."""
    first, second = (
        read_manifest(place / _RESULTS / name) for place, name in ((home, run), (other_home, other))
    )
    pairs = [(run, other), (first.code_version, second.code_version)]
    pairs += [(first.snapshot_id, second.snapshot_id)]
    return [(old.encode(), new.encode()) for old, new in pairs if old and new and old != new]


def _equal_but(stored: Path, again: Path, names: list[tuple[bytes, bytes]]) -> bool:
    """Tell whether two files differ in names of runs, code and snapshots only."""
    if stored.name == CELLS:
        try:
            cells = [read_cells(path.parent).drop(columns="run_id") for path in (stored, again)]
        except Exception:  # a damaged file
            return False
        return bool(cells[0].equals(cells[1]))
    if stored.name == MANIFEST:  # what differs in it is said by itself
        return True
    first, second = _contents(stored), _contents(again)
    for old, new in names:
        second = {name: content.replace(new, old) for name, content in second.items()}
    return bool(first) and first == second


def _contents(path: Path) -> dict[str, bytes]:
    """Return a file's content, of a workbook that of its parts; nothing of other kinds."""
    if path.suffix in _WORKBOOKS:
        try:
            with zipfile.ZipFile(path) as parts:
                return {name: parts.read(name) for name in parts.namelist()}
        except (OSError, zipfile.BadZipFile):
            return {}
    return {"": path.read_bytes()} if path.suffix in _TEXTS else {}


def was_changed(manifest: Manifest, parts: Collection[str]) -> bool:
    """Tell whether a stored run's id does not follow from its manifest any more.

    Parameters
    ----------
    parts
        What of a manifest a run's id is the hash of, by the code that made the run.
    """
    content = manifest.model_dump(mode="json")
    return content_hash({part: content.get(part) for part in parts}) != manifest.run_id


def other_inputs(first: Manifest, second: Manifest) -> Iterator[str]:
    """Yield what differs between what two runs were made by and from, a line each.

    With none of it, the runs must be equal, byte for byte.
    """
    yield from _other_code(first, second)
    if first.snapshot_id != second.snapshot_id:
        then, now = first.further("made_of"), second.further("made_of")
        parts = sorted(part for part in {*then, *now} if then.get(part) != now.get(part))
        which = f" (not as it was: {', '.join(parts)})" if then and parts else ""
        yield f"snapshot: {first.snapshot_id} then, {second.snapshot_id} now{which}"
    told = {"run_id", "snapshot_id", "code_version", "code_parts", "dependencies", "lock"}
    told |= {"files", "analyses", "version", "made_of", "label"}
    contents = first.model_dump(mode="json"), second.model_dump(mode="json")
    for name in sorted({*contents[0], *contents[1]} - told):
        if contents[0].get(name) != contents[1].get(name):
            yield f"{name.replace('_', ' ')}: not as it was"


def _other_code(first: Manifest, second: Manifest) -> Iterator[str]:
    if first.code_version == second.code_version:
        return
    then, now = first.further("code_parts"), second.further("code_parts")
    parts = sorted(part for part in {*then, *now} if then.get(part) != now.get(part))
    which = f" ({', '.join(parts)})" if then and parts else ""
    yield f"code: {first.code_version} then, {second.code_version} now{which}"
    yield from _versions(first.further("dependencies"), second.further("dependencies"))


def _versions(then: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    if not then:
        yield "dependencies: the run did not record which were locked"
        return
    for name in sorted({*then, *now}):
        if then.get(name) != now.get(name):
            yield f"{name}: {then.get(name, 'none')} then, {now.get(name, 'none')} now"


def other_machine(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return what of Python, system and installed versions differs from when a run was made."""
    found = []
    for name in ("python", "platform"):
        if then.get(name) and then[name] != now.get(name):
            found.append(f"{name}: {then[name]} then, {now.get(name, 'not known')} now")
    before, after = (times.get("differs_from_lock") or [] for times in (then, now))
    if then and before != after:
        found.append(f"installed, not as locked, then: {', '.join(before) or 'none'}")
        found.append(f"installed, not as locked, now: {', '.join(after) or 'none'}")
    return found
