"""What has left the house: ``releases/<study>/<number>-<run>/``, and the record of it.

``releases/releases.jsonl`` says who released which run, when, and the hash of its manifest,
in which the hashes of all its files stand. It is only added to, and never leaves the house.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from datrial.errors import DataError, UsageError
from datrial.results.files import append_line, sha256, sync_folder
from datrial.results.folder import MANIFEST, read_manifest

FOLDER = "releases"
RECORD = "releases.jsonl"
UNFINISHED = ".writing-"
_NAME = re.compile(r"(\d+)-([A-Za-z0-9][A-Za-z0-9_-]*)")


class Release(BaseModel):
    """A line of the record.

    Attributes
    ----------
    number
        Counts a study's releases, from 1.
    note
        A note for the house; it is in no released file.
    sha256
        The hash of the released manifest.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str
    number: int
    run_id: str
    when: dt.datetime
    who: str
    note: str = ""
    sha256: str

    def folder(self, home: Path) -> Path:
        """Return where its files lie."""
        return home / FOLDER / self.study / f"{self.number}-{self.run_id}"


def releases(home: Path, study: str = "") -> list[Release]:
    """Return the releases that are recorded, of one study or of all, by study and number."""
    try:
        lines = (home / FOLDER / RECORD).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            found.append(Release.model_validate_json(line))
        except ValidationError:
            continue  # a kill cut it short; `settle` writes it again
    chosen = [release for release in found if not study or release.study == study]
    return sorted(chosen, key=lambda release: (release.study, release.number))


def settle(home: Path) -> None:
    """Record releases whose writer was killed before it could, and remove unfinished ones.

    The caller holds the releases' lock.
    """
    recorded = {(one.study, one.number, one.run_id) for one in releases(home)}
    for folder in sorted((home / FOLDER).glob("*/*")):
        if folder.name.startswith(UNFINISHED):
            shutil.rmtree(folder, ignore_errors=True)
            continue
        name = _NAME.fullmatch(folder.name)
        if not name or not (folder / MANIFEST).is_file():
            continue
        if (folder.parent.name, int(name[1]), name[2]) not in recorded:
            when = dt.datetime.fromtimestamp((folder / MANIFEST).stat().st_mtime, dt.UTC)
            add_record(
                home,
                Release(
                    study=folder.parent.name, number=int(name[1]), run_id=name[2],
                    when=when.replace(microsecond=0), who="not recorded",
                    sha256=sha256(folder / MANIFEST),
                ),
            )  # fmt: skip


def add_record(home: Path, release: Release) -> None:
    """Add a line to the record, and wait until it is on the disk."""
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    append_line(folder / RECORD, release.model_dump(mode="json"))


def check_whole(home: Path, earlier: list[Release]) -> None:
    """Check that releases lie there as they were released: the next one is held against them.

    Raises
    ------
    DataError
        If one is not whole, with what to do.
    """
    for release in earlier:
        folder = release.folder(home)
        wrong = next(_not_as_released(folder, release), "")
        if wrong:
            raise DataError(
                f"Release {release.number} of {release.study} ({FOLDER}/{release.study}/"
                f"{folder.name}) is not as it was released: {wrong}. What it tells with a new "
                "release cannot be known. Put back its backup."
            )


def _not_as_released(folder: Path, release: Release) -> Iterator[str]:
    if not (folder / MANIFEST).is_file():
        yield f"{MANIFEST} is not there"
    elif sha256(folder / MANIFEST) != release.sha256:
        yield f"{MANIFEST} was changed"
    else:
        for name, expected in read_manifest(folder).files.items():
            if not (folder / name).is_file() or sha256(folder / name) != expected:
                yield f"{name} was changed or lost"


def copy_release(home: Path, release: Release, target: Path) -> Path:
    """Copy a release's folder into another folder, whole or not at all; return the copy.

    Raises
    ------
    UsageError
        If it is there already, or cannot be written.
    """
    copy = target / f"{release.study}-{release.number}-{release.run_id}"
    if copy.exists():
        raise UsageError(f"{copy} is there already. Name another folder, or remove it first.")
    unfinished = target / f"{UNFINISHED}{copy.name}-{secrets.token_hex(4)}"
    try:
        target.mkdir(parents=True, exist_ok=True)
        shutil.copytree(release.folder(home), unfinished)
        unfinished.rename(copy)
        sync_folder(target)
    except OSError as error:
        raise UsageError(f"{target} cannot be written ({error.strerror}).") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return copy
