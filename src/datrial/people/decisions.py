"""What clerical review decided of pairs of references: pseudonyms only, kept with the data.

``DATRIAL_HOME/linkage/<study>.decisions.csv`` has a line for each pair. It holds no
name, and it cannot be made again from the extracts: it belongs to what is backed up.
Pseudonyms made with another key are other references: their decisions find nothing.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import cast, get_args

from datrial.config.project import home
from datrial.errors import DataError
from datrial.extracts.files import write_into_place
from datrial.people.linkage import Decision, Decisions

_COLUMNS = ["of", "left_id", "right_id", "decision"]
ANSWERS: tuple[str, ...] = get_args(Decision)


def decisions_path(study: str) -> Path:
    """Return where a study's decisions are kept."""
    return home() / "linkage" / f"{study}.decisions.csv"


def load_decisions(study: str) -> dict[tuple[str, str, str], Decision]:
    """Return a study's decisions by pair; none where nothing was decided yet.

    Raises
    ------
    DataError
        If the file is not one that :func:`store_decisions` wrote.
    """
    path = decisions_path(study)
    if not path.exists():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (OSError, UnicodeError, csv.Error) as error:
        raise DataError(f"linkage: {path.name} cannot be read ({type(error).__name__}).") from None
    if not rows or rows[0] != _COLUMNS:
        raise DataError(
            f"linkage: {path.name} does not have the columns {', '.join(_COLUMNS)}. Put back the "
            "last good copy, or move the file away to start without decisions."
        )
    made: dict[tuple[str, str, str], Decision] = {}
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(_COLUMNS) or row[3] not in ANSWERS:
            raise DataError(f"linkage: {path.name}: line {number} is not a decision.")
        made[(row[0], row[1], row[2])] = cast(Decision, row[3])
    return made


def store_decisions(study: str, decisions: Decisions) -> int:
    """Add decisions to a study's; a new decision of a pair takes the earlier one's place.

    Returns
    -------
    int
        How many pairs are decided (or left unsure) in all.
    """
    together = {**load_decisions(study), **decisions}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([*pair, decision] for pair, decision in sorted(together.items()))
    path = decisions_path(study)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_into_place(text.getvalue(), path)
    return len(together)
