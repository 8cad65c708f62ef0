"""The study's own quantities beside the published ones, and what the model gives with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from datrial.analyses.base import Context
from datrial.analyses.cost_model_numbers import (
    AMOUNT,
    COST,
    SHARE,
    Worked,
    add_with_interval,
    kind_of,
    label_with_unit,
    row_of,
    with_unit,
    work_out,
)
from datrial.analyses.cost_model_tables import add_agencies, asked_for
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    from datrial.economics.model import CostModel
    from datrial.economics.own import Origin, Own
    from datrial.economics.values import Values

#: Tables of what the model gives with the study's own quantities: each cell rests on all of them.
RESTING = ("cost_model.own_totals", "cost_model.own_agencies")
#: The table of those quantities.
QUANTITIES = "cost_model.own_quantities"


def own_tables(
    context: Context,
    worked: Worked,
    note: str,
    catalogue: Sequence[str],
    draws: tuple[int, int],
    set_in: Callable[[CostModel], dict[str, Values]],
) -> list[Table | None]:
    """Return the study's own quantities, and the costs that they give, beside the published.

    Parameters
    ----------
    worked
        The model from its published quantities.
    draws
        How many, and their seed.
    set_in
        Returns what a scenario or the parameters set otherwise in a model. Asked of the own
        model: of a quantity of which one entry is set, the others stay the study's own.
    """
    from datrial.analyses.cost_own import own_model

    own = own_model(context, worked.model)
    if not own.origins:  # the file says of no quantity how a study could count it
        return []
    file = worked.model.file
    about_own = file.own_data.note if file.own_data else ""
    told = " ".join(part for part in (note, about_own, *own.warnings) if part)
    tables: list[Table | None] = [_quantities_table(own, told, catalogue)]
    if own.is_any:
        mine = work_out(own.model, set_in(own.model), *draws)
        tables += [
            _totals_table((worked, mine), told),
            _agencies_table(mine, told),
        ]
    return tables


def _quantities_table(own: Own, note: str, catalogue: Sequence[str]) -> Table:
    table = Table(
        QUANTITIES,
        "The study's own quantities beside the published ones",
        f"{note} What the study's own data can count, by the same definitions as far as they go; "
        "where they cannot, the published number is kept. Number: what was counted; total: of how "
        "many. Numbers that were counted together for several entries stand in each of their rows.",
        tuple(catalogue),
    )
    table.column("published", "Published")
    table.column("own", "The study's own")
    for origin in own.origins:
        row = row_of(origin.quantity, origin.entry)
        table.row(row, label_with_unit(origin.label, origin.unit))
        kind = SHARE if origin.unit == "share" else AMOUNT
        table.add(row, "published", kind, origin.printed)
        _add_own(table, row, origin)
    return table


def _add_own(table: Table, row: str, origin: Origin) -> None:
    """Add what was counted, of how many, and the quantity, so that each is hidden with the others.

    Of a share, its people are what it is a part of; of a rate, those who have an event.
    """
    is_share = origin.unit == "share"
    value = SHARE if is_share else AMOUNT
    # Events are more than the people who have them: as counts they would pass for a part of them.
    counted = "count" if is_share else "events"
    if not origin.is_own:
        for statistic in (counted, "total", value):
            table.absent(row, "own", statistic, origin.why, state=State.NOT_APPLICABLE)
        return
    note = ". ".join(part.removesuffix(".") for part in (origin.source, origin.why) if part)
    n = origin.people if is_share else origin.n
    table.add(row, "own", counted, origin.group_count, n=n)
    table.add(row, "own", "total", origin.people)
    table.add(row, "own", value, origin.value, n=n, note=note)


def _totals_table(both: tuple[Worked, Worked], note: str) -> Table:
    table = Table(
        RESTING[0],
        "Costs from published and from the study's own quantities, with 95% intervals",
        f"{note} In pounds ({both[0].model.file.per} unless it says otherwise). Only the "
        "quantities that the study counted differ; unit costs are the published ones.",
    )
    for key, label in (("published", "Published quantities"), ("own", "The study's own")):
        table.column(key, label)
    for name in asked_for(both[0].model):
        if kind_of(both[0].model, name) != COST:
            continue
        table.row(name, with_unit(both[0].model, name))
        for column, worked in (("published", both[0]), ("own", both[1])):
            add_with_interval(table, (name, column, COST), worked.value(name), worked.draws(name))
    return table


def _agencies_table(worked: Worked, note: str) -> Table:
    table = Table(
        RESTING[1],
        "Costs by agency and by whom, from the study's own quantities",
        f"{note} In pounds ({worked.model.file.per}).",
    )
    add_agencies(table, worked)
    return table
