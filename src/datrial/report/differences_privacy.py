"""What of a comparison may stand on a page: nothing that tells of a few people.

Each run's cells are protected, but two protected runs side by side can tell of one
person: where a count goes from 487 to 488, everything else that moves with it is that
person's record. A page lies about and is passed on, so it withholds what tells of fewer
people than the disclosure profile lets a count tell of, and says how much it withholds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from datrial.results.cells import Cell, State, Table
from datrial.results.differences import CellDifference, Differs, Kind, RunComparison
from datrial.results.disclosure.statistics import NEUTRAL, is_comparison, is_count, is_share
from datrial.results.read import Run

#: The profile of a run that names none, or one that is no longer there.
_DEFAULT = 5

_WHOLE = 1e-6


@dataclass(frozen=True)
class Shown:
    """What a page shows of a comparison.

    Attributes
    ----------
    threshold
        Changes of 1 to ``threshold - 1`` are withheld; 0 withholds none.
    differences
        What it shows, in the comparison's order.
    withheld
        (Cause, table id) -> how many differences it withholds.
    """

    threshold: int
    differences: tuple[CellDifference, ...]
    withheld: dict[tuple[str, str], int]


def shown(comparison: RunComparison) -> Shown:
    """Return what a page may show of a comparison."""
    threshold = max(threshold_of(comparison.first), threshold_of(comparison.second))
    if not threshold:
        return Shown(0, comparison.differences, {})
    about_nobody = _about_nobody(comparison)
    by_table: dict[str, list[CellDifference]] = defaultdict(list)
    for difference in comparison.differences:
        # What no cause explains is no change of people, and has to be seen.
        if difference.table_id not in about_nobody and difference.cause != Kind.UNEXPLAINED:
            by_table[difference.table_id].append(difference)
    small: set[int] = set()
    for differences in by_table.values():
        small |= _small_ones(differences, threshold)
    return Shown(
        threshold,
        tuple(entry for entry in comparison.differences if id(entry) not in small),
        dict(Counter((e.cause, e.table_id) for e in comparison.differences if id(e) in small)),
    )


def threshold_of(run: Run) -> int:
    """Return below which count a run's profile hides; of an unknown profile the usual one."""
    from datrial.config.disclosure import load_profile
    from datrial.errors import UsageError

    study = run.manifest.further("resolved_study")
    try:
        return load_profile(str(study["disclosure"])).threshold
    except (KeyError, UsageError):
        return _DEFAULT


def _about_nobody(comparison: RunComparison) -> set[str]:
    """Return the tables that tell of nobody in either run."""
    tables: dict[str, list[Table]] = defaultdict(list)
    for run in (comparison.first, comparison.second):
        for entry in run.tables:
            tables[entry.table.id].append(entry.table)
    return {name for name, held in tables.items() if all(t.not_about_people for t in held)}


def _small_ones(differences: Iterable[CellDifference], threshold: int) -> set[int]:
    """Return the differences of a table that tell of a few people, by their ``id``.

    What is computed from a count that changed a little is withheld with it: the other
    numbers of its place, and the comparisons in its row.
    """
    found, places, rows = set(), set(), set()
    for entry in differences:
        if _tells_of_few(entry, threshold):
            found.add(id(entry))
            if not is_comparison(entry.statistic):
                places.add((entry.row, entry.column))
                rows.add(entry.row)
    for entry in differences:
        at_place = (entry.row, entry.column) in places and not is_comparison(entry.statistic)
        in_row = entry.row in rows and is_comparison(entry.statistic)
        if at_place or in_row:
            found.add(id(entry))
    return found


def _tells_of_few(difference: CellDifference, threshold: int) -> bool:
    old, new = difference.first, difference.second
    if old is None or new is None:
        return False
    states = {old.state, new.state}
    if difference.differs is Differs.STATE:
        return State.SUPPRESSED in states
    if difference.statistic in NEUTRAL:
        return False
    of_n = _n_change(difference)
    if difference.differs is Differs.N or not is_comparison(difference.statistic):
        people = _people(difference, old, new)
        rest = None if people is None or of_n is None else of_n - people
        return any(_is_small(change, threshold) for change in (of_n, people, rest))
    return False


def _people(difference: CellDifference, old: Cell, new: Cell) -> float | None:
    """Return by how many people two cells differ; None where they do not tell."""
    if old.value is None or new.value is None:
        return None
    if is_count(difference.statistic):
        return new.value - old.value
    if is_share(difference.statistic) or difference.statistic == "mean":
        if not old.n or not new.n:
            return None
        change = [old.value * old.n, new.value * new.n]
        whole = all(abs(number - round(number)) <= _WHOLE * max(1, number) for number in change)
        return round(change[1]) - round(change[0]) if whole else None
    return None


def _n_change(difference: CellDifference) -> float | None:
    old, new = difference.first, difference.second
    if old is None or new is None or old.n is None or new.n is None:
        return None
    return new.n - old.n


def _is_small(change: float | None, threshold: int) -> bool:
    return change is not None and 0 < abs(change) < threshold
