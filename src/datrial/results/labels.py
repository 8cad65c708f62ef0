"""Labels that runs are given after they were made: ``DATRIAL_HOME/labels.jsonl``, only added to.

The label with which a run was started belongs to its id and never changes.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from datrial.errors import UsageError
from datrial.results.files import append_line
from datrial.results.folder import run_folder

RECORD = "labels.jsonl"
_LONGEST = 200


class LaterLabel(BaseModel):
    """A line of the record: an empty text takes the label away."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    text: str
    who: str
    when: dt.datetime


def add_label(home: Path, run_id: str, text: str, who: str) -> LaterLabel:
    """Give a stored run another label, which takes the place of an earlier one of this kind.

    Parameters
    ----------
    text
        One line; empty takes the label away.

    Raises
    ------
    UsageError
        If there is no such run, or the text is not one line of at most 200 characters.
    """
    run_folder(home, run_id)
    text = text.strip()
    if len(text) > _LONGEST or not text.isprintable():
        raise UsageError(f"A label is one line of at most {_LONGEST} characters.")
    label = LaterLabel(
        run_id=run_id, text=text, who=who, when=dt.datetime.now(dt.UTC).replace(microsecond=0)
    )
    _append(home, label)
    return label


def later_labels(home: Path) -> dict[str, LaterLabel]:
    """Return run id -> the label that it was given last; a line that a kill cut short is none."""
    try:
        lines = (home / RECORD).read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    found: dict[str, LaterLabel] = {}
    for line in lines:
        try:
            label = LaterLabel.model_validate_json(line)
        except ValidationError:
            continue
        found[label.run_id] = label
    return {run: label for run, label in found.items() if label.text}


def _append(home: Path, label: LaterLabel) -> None:
    append_line(home / RECORD, label.model_dump(mode="json"))
