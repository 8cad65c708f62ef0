"""Sums between numbers of result tables that the tables themselves do not say.

Disclosure control finds most of what adds up by looking at the numbers. What only the
meaning tells is said here: the boxes of the flow, and changes, which are sums of transitions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from datrial.analyses.client_profile_resting import client_resting
from datrial.analyses.client_profile_sums import client_sums
from datrial.analyses.cost_model_own import QUANTITIES, RESTING
from datrial.analyses.flow_boxes import splits_of
from datrial.analyses.needs_matrix_sums import needs_resting
from datrial.analyses.outcome_ratings_sums import ratings_resting, sums_of_ratings
from datrial.analyses.referral_pathway_sums import referral_sums
from datrial.analyses.service_activity_sums import activity_sums, resting_on_months
from datrial.analyses.severity_grid_sums import severity_resting, severity_sums
from datrial.analyses.training_sums import training_sums
from datrial.analyses.waiting_times_tables import waiting_sums
from datrial.results.cells import State, Table
from datrial.results.disclosure import CellKey, Relation

if TYPE_CHECKING:
    from datrial.config.study import Study

_FLOWS = ("participant_flow.perpetrators", "participant_flow.victims")
_CHANGE, _TRANSITIONS = "behaviours.change", "behaviours.transitions"
_LEVELS = "needs.levels"
_SEVERITY = ("none", "standard", "moderate", "high")


def known_sums(tables: Iterable[Table], study: Study | None = None) -> tuple[Relation, ...]:
    """Return the sums between numbers of these tables that are known beforehand.

    Parameters
    ----------
    study
        Whose settings say which terms are put together.
    """
    given = {table.id: table for table in tables}
    found = [each for name in _FLOWS if name in given for each in _boxes(given[name])]
    if _CHANGE in given and _TRANSITIONS in given:
        found += _changes(given[_CHANGE], given[_TRANSITIONS])
    if QUANTITIES in given and _LEVELS in given:
        found += _own_quantities(given[QUANTITIES], given[_LEVELS])
    found += referral_sums(given)
    found += severity_sums(given)
    found += [*activity_sums(given), *waiting_sums(given)]
    found += [*client_sums(given, study), *training_sums(given)]
    found += sums_of_ratings(given, study)
    return tuple(found)


def resting_on_hidden(
    tables: Iterable[Table],
    hidden: Collection[CellKey],
    *,
    are_rounded: bool = False,
    few: int = 0,
) -> set[CellKey]:
    """Return the cells from which a hidden number could be worked out, though they are no sums.

    A cost from the study's own quantities is a sum of counts times published prices: with the
    other counts and the prices, it gives a hidden count back, and a rounded one in full. A test
    of steps tells how many moved; two means that are almost of the same people tell of the others.

    Parameters
    ----------
    few
        Numbers of fewer people than this are hidden.
    """
    tables = list(tables)
    resting = severity_resting(tables, hidden, few) | client_resting(tables, hidden)
    resting |= ratings_resting(tables, hidden) | needs_resting(tables, few)
    resting |= resting_on_months({table.id: table for table in tables}, hidden)
    if not are_rounded and not any(key[0] == QUANTITIES for key in hidden):
        return resting
    return resting | {
        (table.id, cell.row, cell.column, cell.statistic)
        for table in tables
        if table.id in RESTING
        for cell in table.cells
        if cell.column != "published" and cell.state is State.VALUE
    }


def _boxes(table: Table) -> Iterator[Relation]:
    """Yield that each box is its parts, in each column."""
    for split in splits_of(table):
        for column in table.column_labels:
            parts = tuple((table.id, part, column, "count") for part in split.parts)
            yield Relation((table.id, split.whole, column, "count"), parts)


def _own_quantities(own: Table, levels: Table) -> Iterator[Relation]:
    """Yield that an own quantity of service users is the sum of the levels that it counts.

    Of the models that say so; a sum that does not hold, as the levels are of another time
    point, is passed over by whoever uses it.
    """
    from datrial.config.costs import cost_model_path, cost_models
    from datrial.economics.reading import read_model

    for name in cost_models():
        section = read_model(cost_model_path(name)).file.own_data
        for quantity, about in section.quantities.items() if section else ():
            for part in about.parts:
                keys = [key for pick in part.count for key in pick.taken()]
                parts = tuple(
                    (levels.id, f"{entry.removesuffix('_level')}__{answer}", "forms", "count")
                    for measure, entry, answer in keys
                    if measure.startswith("service_users_")
                )
                if parts and len(parts) == len(keys) and quantity in own.row_labels:
                    yield Relation((own.id, quantity, "own", "count"), parts)


def _changes(change: Table, transitions: Table) -> Iterator[Relation]:
    """Yield that each change from intake is the sum of the transitions that are such a change."""
    for row in change.row_labels:
        behaviour, _, rest = row.partition("__")
        later, _, group = rest.partition("__")
        for column in change.column_labels:
            parts = tuple(
                (transitions.id, f"{behaviour}__intake_{later}__{start}", end, "count")
                for start in _SEVERITY
                for end in _SEVERITY
                if _in_group(start, group) and _kind(start, end) == column
            )
            if parts:
                yield Relation((change.id, row, column, "count"), parts)


def _in_group(start: str, group: str) -> bool:
    """Tell whether somebody with this severity at intake is in the group of a row."""
    return (
        group == "all"
        or (group == "high" and start == "high")
        or (group == "any" and start != "none")
    )


def _kind(start: str, end: str) -> str:
    before, after = _SEVERITY.index(start), _SEVERITY.index(end)
    if before == after:
        return "none_both" if not before else "unchanged"
    return "reduced" if after < before else "increased"
