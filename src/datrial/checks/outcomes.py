"""What a rule found in the rows that it judged, in counts and row ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from datrial.errors import DatrialError

Engine = Literal["great_expectations", "sql"]


@dataclass(frozen=True)
class Outcome:
    """What a rule found.

    Attributes
    ----------
    looked_at
        Rows with something to judge: rows whose cell is empty are left out,
        unless the rule is about empty cells.
    row_ids
        The rows that failed, in order; the SQL engine gives them for rules of
        severity ``critical_row`` only.
    observed
        The mean, for a rule about a mean.
    """

    holds: bool
    looked_at: int
    failed: int
    row_ids: tuple[int, ...] = ()
    observed: float | None = None
    engine: Engine = "great_expectations"


def holds_mostly(looked_at: int, failed: int, mostly: float) -> bool:
    """Tell whether enough rows pass, reckoned as Great Expectations reckons it."""
    return looked_at == 0 or (float(looked_at) - float(failed)) / float(looked_at) >= mostly


def could_not_be_carried_out(table: str, rule: str) -> DatrialError:
    """Return the error for a rule that broke: a fault of ours, told apart from the data's."""
    return DatrialError(
        f"expectations/{table}.json, rule {rule}: the check could not be carried out. This "
        "is a fault of the rule (does it fit the kind of its column?), not of the data."
    )
