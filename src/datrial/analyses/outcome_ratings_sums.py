"""What in the tables of rated outcomes a hidden count of cases could be worked out from.

An average of 1 or above is a slight or a significant one, and the same cases improved with and
without the don't knows: disclosure control cannot see that in the keys of the rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from datrial.results.cells import State, Table
from datrial.results.disclosure import CellKey, Relation

if TYPE_CHECKING:
    from datrial.config.study import Study

_IMPROVED, _BANDS = "outcome_ratings.improved", "outcome_ratings.distribution"
_ITEMS = "outcome_ratings.items"


def sums_of_ratings(given: Mapping[str, Table], study: Study | None) -> Iterator[Relation]:
    """Yield that the improved cases of an area are those of its two best bands, and so on.

    With another least average than 1 some are no sums: whoever uses them passes over those that
    do not hold.

    Parameters
    ----------
    study
        Whose areas of one item are counted as that item, too.
    """
    if _IMPROVED not in given:
        return
    alone = _alone(study)
    for row in given[_IMPROVED].row_labels:
        area, _, reading = row.rpartition("__")
        if reading != "average":
            continue
        for column in given[_IMPROVED].column_labels:
            average = (_IMPROVED, row, column, "count")
            bands = tuple(
                (_BANDS, f"{area}__{band}", column, "count") for band in ("slight", "significant")
            )
            yield Relation(average, bands)
            if area in alone:
                yield Relation(average, ((_IMPROVED, f"{area}__any_item", column, "count"),))
                yield Relation(average, ((_ITEMS, f"{alone[area]}__improved", column, "count"),))


def ratings_resting(tables: Iterable[Table], hidden: Collection[CellKey]) -> set[CellKey]:
    """Return the shares with don't knows of areas whose share without them is hidden.

    The cases improved are the same ones, and their n without don't knows stands beside the index:
    said to be a sum, that n would be hidden, and the index with it.
    """
    secret = {
        (key[1].replace("__average", "__with_dont_know"), key[2])
        for key in hidden
        if key[0] == _IMPROVED and key[1].endswith("__average")
    }
    return {
        (table.id, cell.row, cell.column, cell.statistic)
        for table in tables
        if table.id == _IMPROVED
        for cell in table.cells
        if cell.state is State.VALUE and (cell.row, cell.column) in secret
    }


def _alone(study: Study | None) -> dict[str, str]:
    """Return the areas of one item: the begin of their rows' keys -> that of the item's rows."""
    instruments = study.instruments if study else {}
    return {
        f"{key}__{name}": f"{key}__{domain.items[0]}"
        for key, about in instruments.items()
        for name, domain in about.domains.items()
        if len(domain.items) == 1
    }
