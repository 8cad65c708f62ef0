"""Writing files so that a reader sees the whole file or none of it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from datrial.config.writing import writing


def write_synced(path: Path, content: bytes) -> None:
    """Write a new file and wait until it is on the disk."""
    with writing(path), path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until a folder's names are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it into its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".writing-{path.name}-{os.getpid()}")
    try:
        write_synced(unfinished, content)
        unfinished.replace(path)
    except BaseException:  # a full disk is not made fuller
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def append_line(path: Path, content: dict[str, Any]) -> None:
    """Add a line of JSON to a record, and wait until it is on the disk.

    A line that a kill cut short before is ended first, so that it spoils itself only.
    """
    line = json.dumps(content, sort_keys=True).encode() + b"\n"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line
        with writing(path):
            while line:  # a disk that is almost full takes a part, and says so only then
                line = line[os.write(descriptor, line) :]
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(path.parent)


def sha256(path: Path) -> str:
    """Return the hash of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
