"""Which differences matter most: the primary outcomes first, then by what changed in them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from datrial.results.differences import CellDifference, Differs, RunComparison
from datrial.results.disclosure.statistics import is_count, is_share
from datrial.results.read import RunTable

RATIOS = ("odds_ratio", "rate_ratio", "hazard_ratio", "relative_risk_ratio")
DIFFERENCES = ("effect", "difference", "share_difference", "mean_difference")

DIRECTION = "changed its direction"
SIGNIFICANCE = "crossed 0.05"

_LEVEL = 0.05
_BESIDE = ("ci_low", "ci_high", "bse", "p_value", "p_value_adjusted", "sd", "fmi", "df")
_WIDTH = 2 * 1.959964  # standard errors in a 95% interval


@dataclass(frozen=True, slots=True)
class Weighed:
    """A difference with what makes it matter.

    Attributes
    ----------
    flag
        ``changed its direction`` (an effect), ``crossed 0.05`` (a p-value), or empty.
    in_errors
        The change as a multiple of the standard error of the first run, where the table
        gives one or an interval; of ratios on the scale of their logarithms.
    weight
        The same, or where there is none a rough stand-in for it; to sort by.
    """

    difference: CellDifference
    flag: str
    in_errors: float | None
    weight: float

    @property
    def rank(self) -> tuple[int, bool, float]:
        """What to sort by, the greatest first: estimates before what says how sure they are."""
        is_lost = self.difference.differs not in (Differs.VALUE, Differs.N)
        is_main = self.difference.statistic not in _BESIDE
        return 2 if self.flag else int(is_lost), is_main, self.weight


@dataclass(frozen=True)
class TableChanges:
    """The differences within one table, those that matter most first."""

    table_id: str
    title: str
    about_people: bool
    differences: tuple[Weighed, ...]

    @property
    def rank(self) -> tuple[bool, int, bool, float]:
        """What to sort by, the greatest first: counts of files and of starts come last."""
        return self.about_people, *self.differences[0].rank


@dataclass(frozen=True)
class AnalysisChanges:
    """The differences within one analysis's tables."""

    analysis: str
    is_primary: bool
    tables: tuple[TableChanges, ...]


def ranked(
    comparison: RunComparison, differences: Iterable[CellDifference] | None = None
) -> tuple[AnalysisChanges, ...]:
    """Return differences by analysis and table: primary outcomes first, then the greatest.

    Parameters
    ----------
    differences
        Some of the comparison's; without them all.
    """
    chosen = comparison.differences if differences is None else differences
    tables = [
        {entry.table.id: entry for entry in run.tables}
        for run in (comparison.first, comparison.second)
    ]
    found: dict[str, dict[str, list[Weighed]]] = {}
    for difference in chosen:
        weighed = weigh(difference, tables[0].get(difference.table_id))
        of_table = found.setdefault(difference.analysis, {})
        of_table.setdefault(difference.table_id, []).append(weighed)
    nobody = {name for name, entry in tables[1].items() if entry.table.not_about_people}
    primary = primary_outcomes(comparison)
    changes = [
        AnalysisChanges(name, name in primary, _tables(of_analysis, nobody))
        for name, of_analysis in found.items()
    ]
    return tuple(sorted(changes, key=lambda entry: _place(entry, primary)))


def primary_outcomes(comparison: RunComparison) -> tuple[str, ...]:
    """Return the analyses of the primary outcomes, victim-survivors' safety first."""
    named = (
        *comparison.second.manifest.primary_outcomes,
        *comparison.first.manifest.primary_outcomes,
    )
    return tuple(dict.fromkeys(named))


def weigh(difference: CellDifference, first: RunTable | None) -> Weighed:
    """Return a difference with what makes it matter."""
    in_errors = _in_errors(difference, first)
    weight = _stand_in(difference) if in_errors is None else in_errors
    return Weighed(difference, flag_of(difference), in_errors, weight)


def _tables(found: dict[str, list[Weighed]], nobody: set[str]) -> tuple[TableChanges, ...]:
    changes = []
    for table_id, entries in found.items():
        entries = sorted(entries, key=lambda entry: entry.rank, reverse=True)
        title = entries[0].difference.table_title
        changes.append(TableChanges(table_id, title, table_id not in nobody, tuple(entries)))
    return tuple(sorted(changes, key=lambda entry: entry.rank, reverse=True))


def _place(entry: AnalysisChanges, primary: tuple[str, ...]) -> tuple[int, ...] | tuple[float, ...]:
    if entry.is_primary:
        return (primary.index(entry.analysis),)
    return (len(primary), *(-number for number in entry.tables[0].rank))


def flag_of(difference: CellDifference) -> str:
    """Return whether an effect changed its direction, or a p-value crossed 0.05."""
    if difference.first is None or difference.second is None:
        return ""
    old, new = difference.first.value, difference.second.value
    if old is None or new is None:
        return ""
    statistic = difference.statistic
    null = 1.0 if statistic in RATIOS else 0.0 if statistic in DIFFERENCES else None
    if null is not None and (old - null) * (new - null) < 0:
        return DIRECTION
    if statistic.startswith("p_value") and (old < _LEVEL) != (new < _LEVEL):
        return SIGNIFICANCE
    return ""


def _in_errors(difference: CellDifference, table: RunTable | None) -> float | None:
    """Return a change in standard errors; None where the table gives none for it."""
    if table is None or difference.first is None or difference.second is None:
        return None
    old, new = difference.first.value, difference.second.value
    place = difference.row, difference.column
    statistic = difference.statistic
    if old is None or new is None or statistic.startswith("p_value") or statistic == "bse":
        return None
    low, high = table.value(*place, "ci_low"), table.value(*place, "ci_high")
    is_ratio = any(table.cell(*place, name) for name in RATIOS)
    points = (*RATIOS, *DIFFERENCES, "mean", "share", "probability", "rate", "ci_low", "ci_high")
    if statistic not in points:
        return None
    if low is not None and high is not None and high > low:
        if is_ratio:
            if min(low, old, new) <= 0:
                return None
            return abs(math.log(new / old)) / (math.log(high / low) / _WIDTH)
        return abs(new - old) / ((high - low) / _WIDTH)
    error = table.value(*place, "bse")
    return abs(new - old) / error if error else None


def _stand_in(difference: CellDifference) -> float:
    """Return how great a change is where the table gives no standard error for it.

    Of a count and a share the error of sampling, else the change relative to the number.
    """
    if difference.first is None or difference.second is None or difference.change is None:
        return 0.0
    old, new = difference.first.value or 0.0, difference.second.value or 0.0
    size = abs(difference.change)
    if is_count(difference.statistic):
        return size / math.sqrt(max(abs(old), 1.0))
    if is_share(difference.statistic) and difference.first.n and 0 < old < 1:
        return size / math.sqrt(old * (1 - old) / difference.first.n)
    if difference.statistic.startswith("p_value"):
        return size
    return size / max(abs(old), abs(new), 1e-300)
