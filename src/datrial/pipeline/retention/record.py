"""The record of what was deleted: ``DATRIAL_HOME/deleted.jsonl``, only ever added to."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from datrial.pipeline.retention.held import Kind
from datrial.results.files import append_line

RECORD = "deleted.jsonl"


class Deletion(BaseModel):
    """A line of the record.

    Attributes
    ----------
    state
        ``intended`` stands before a deletion and ``done`` after it; ``not done``
        after one that was killed before it removed anything for good.
    rule
        What of the study file was the reason.
    paths
        What was removed, within ``DATRIAL_HOME``.
    rests_on
        The extracts that a deleted snapshot was made from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: Literal["intended", "done", "not done"]
    when: dt.datetime
    who: str
    study: str
    kind: Kind
    id: str
    sha256: str | None = None
    rule: str
    paths: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()


def deletions(home: Path) -> list[Deletion]:
    """Return the record, oldest line first; a line that a kill cut short tells of nothing."""
    try:
        lines = (home / RECORD).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            found.append(Deletion.model_validate_json(line))
        except ValidationError:
            continue
    return found


def last_rested_on(home: Path) -> dict[str, dt.date]:
    """Return extract id -> the day on which the last deleted snapshot that rested on it went."""
    return {
        extract: one.when.date()
        for one in deletions(home)
        if one.state == "done" and one.kind == "snapshot"
        for extract in one.rests_on
    }


def append(line: Deletion, home: Path) -> None:
    """Add a line to the record and wait until it is on the disk."""
    append_line(home / RECORD, line.model_dump(mode="json"))
