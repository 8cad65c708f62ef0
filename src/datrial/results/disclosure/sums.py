"""The numbers of a run's tables, and the sums between them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from datrial.config.disclosure import Profile
from datrial.results.cells import Table
from datrial.results.disclosure.quantities import CellKey, Quantities, quantities_of, unite
from datrial.results.disclosure.relations import (
    Relation,
    columns_that_add_up,
    declared_that_hold,
    rests,
    series_of,
)
from datrial.results.disclosure.relations_across import groups_that_add_up
from datrial.results.disclosure.relations_rows import rows_that_add_up
from datrial.results.disclosure.steps import add_steps


def numbers_and_sums(
    tables: Sequence[tuple[str, Table]],
    profile: Profile,
    relations: Iterable[Relation] = (),
    wanted: Collection[CellKey] = (),
) -> tuple[Quantities, list[Relation]]:
    """Return the numbers of tables, and the sums between them.

    Parameters
    ----------
    relations
        Sums known beforehand.
    wanted
        Numbers to be hidden though they are no small counts.
    """
    found = quantities_of(tables, complements=profile.complements)
    if profile.steps:
        add_steps(found, (table for _, table in tables))
    given = list(relations)
    # In their order: which of two equal numbers is met first decides what is hidden with it.
    unite(found, list(dict.fromkeys(key for each in given for key in (each.whole, *each.parts))))
    return found, _relations(found, tables, given, profile, roots(found, wanted))


def roots(found: Quantities, keys: Iterable[CellKey]) -> set[int]:
    """Return the numbers that these keys name, each once."""
    return {found.root(found.index[key]) for key in keys if key in found.index}


def _relations(
    found: Quantities,
    tables: Sequence[tuple[str, Table]],
    known: Iterable[Relation],
    profile: Profile,
    wanted: Collection[int],
) -> list[Relation]:
    about_people = [table for _, table in tables if not table.not_about_people]
    series = series_of(found, about_people)
    listed = [
        *declared_that_hold(found, known),
        *rests(found, lambda rest: profile.is_small(found.values[rest]) or rest in wanted),
        *columns_that_add_up(found, series),
        *rows_that_add_up(found, series),
        *groups_that_add_up(found, series),
    ]
    return list(dict.fromkeys(listed))
