"""The study's own quantities in the cost model: beside the published, and protected as counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from datrial.analyses import cost_own
from datrial.analyses.base import Context
from datrial.analyses.cost_model_own import QUANTITIES, RESTING
from datrial.analyses.known_sums import known_sums, resting_on_hidden
from datrial.analyses.registry import ANALYSES
from datrial.config.study import Study, load_study
from datrial.economics.model import CostModel
from datrial.economics.own import Origin, Own
from datrial.pipeline.protection import protect_run
from datrial.results.cells import State, Table

#: Quantity, entry, what was counted, of how many, how many people it is of.
COUNTED = (
    ("victims_self_harm", "", 120, 600, 120),
    ("victims_alcohol", "", 66, 600, 66),
    ("incidents", "gbh", 40, 500, 31),
)


def origin(model: CostModel, quantity: str, entry: str, counted: tuple[int, int, int]) -> Origin:
    about = model.file.quantities[quantity]
    count, of, people = counted
    return Origin(
        quantity, entry, about.label, about.unit, about.numbers()[entry].value, count / of, True,
        "Insights: intake forms", "the same question", count=count, group_count=count,
        denominator=of, n=people, people=of,
    )  # fmt: skip


def tables_of(
    monkeypatch: pytest.MonkeyPatch, *counted: tuple[str, str, int, int, int], **asked: Any
) -> list[tuple[str, Table]]:
    """Return an analysis's tables of a study whose own counts are these."""

    def own_model(context: Context, model: CostModel, **_: Any) -> Own:
        origins = [origin(model, each[0], each[1], each[2:]) for each in counted]
        file = model.file
        changed = dict(file.quantities)
        for each in origins:
            about = changed[each.quantity]
            setting = {each.entry: each.value} if each.entry else each.value
            array = model.with_setting({each.quantity: setting})[each.quantity].array
            names = list(about.numbers())
            told = {
                name: replace(about.numbers()[name], value=float(array[place, 0]))
                for place, name in enumerate(names)
            }
            update = {"value": told[""]} if about.index is None else {"values": told}
            changed[each.quantity] = about.model_copy(update=update)
        mine = replace(model, file=file.model_copy(update={"quantities": changed}))
        kept = replace(origins[0], quantity="care_known", is_own=False, why="nothing was counted")
        return Own(mine, (*origins, kept), ("Insights: nothing from site 3.",))

    monkeypatch.setattr(cost_own, "own_model", own_model)
    nothing: Any = None
    chosen = ANALYSES["cost_model"]
    given = chosen.parameters.model_validate({"quantities": "own", "draws": 300} | asked)
    found = chosen.run(Context(nothing, nothing, np.random.default_rng(1)), given)
    return [("cost_model", table) for table in found]


def by_id(tables: Any) -> dict[str, Table]:
    return {table.id: table for _, table in tables}


def test_what_is_set_of_one_entry_leaves_the_others_the_studys_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = ("incidents", "abh", 450, 500, 210)
    printed = 0.05  # of GBH: setting it changes nothing
    found, again = (
        by_id(tables_of(monkeypatch, counted, **asked))[RESTING[0]]
        for asked in ({}, {"set": {"incidents": {"gbh": printed}}})
    )
    values = [
        [cell.value for cell in table.cells if (cell.column, cell.statistic) == ("own", "cost")]
        for table in (found, again)
    ]
    assert values[0] == values[1] and len(values[0]) >= 3


def study(profile: str) -> Study:
    return load_study("drive").model_copy(update={"disclosure": profile})


def test_own_quantities_stand_beside_the_published_and_change_what_rests_on_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = by_id(tables_of(monkeypatch, *COUNTED))
    own, totals = made[QUANTITIES], made["cost_model.own_totals"]
    assert own.get("victims_self_harm", "published", "share").value == 0.22
    assert own.get("victims_self_harm", "own", "share").value == 0.20
    assert own.get("victims_self_harm", "own", "count").value == 120
    assert own.get("victims_self_harm", "own", "count").n == 600
    assert own.get("incidents__gbh", "own", "events").n == 31  # people with such an incident
    kept = own.get("care_known", "own", "count")
    assert (kept.state, kept.note) == (State.NOT_APPLICABLE, "nothing was counted")
    assert "nothing from site 3" in own.note
    published = totals.get("total", "published", "cost").value
    ours = totals.get("total", "own", "cost").value
    assert published is not None and ours is not None
    # Self-harm at 2,702 pounds, alcohol at 4,330 + 2,160, grievous harm with what follows from it.
    per_incident = 2 * (1_950 + 33_611.3)
    per_injury = 2 * 7_105
    difference = -0.02 * 2_702 - 0.03 * 6_490 + 0.03 * (per_incident + per_injury)
    assert ours - published == pytest.approx(difference, rel=1e-4)
    for name in (QUANTITIES, *RESTING):
        assert not made[name].not_about_people
    # No one number of people stands behind a cost: a small count hides it in another way.
    assert all(cell.n is None for name in RESTING for cell in made[name].cells)
    assert made["cost_model.totals"].not_about_people


def test_nothing_is_hidden_where_no_count_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = protect_run(tables_of(monkeypatch, *COUNTED), study("counts_below_5"))
    assert not kept.protected.hidden


@pytest.mark.parametrize(
    ("profile", "counted"),
    [
        ("counts_below_5", ("victims_self_harm", "", 3, 600, 3)),
        ("counts_below_10", ("victims_self_harm", "", 7, 600, 7)),
        # What a count leaves of its people is as small.
        ("counts_below_5", ("victims_self_harm", "", 597, 600, 597)),
        ("counts_below_5", ("incidents", "gbh", 40, 500, 3)),
    ],
)
def test_with_a_small_count_no_cost_that_rests_on_it_is_shown(
    monkeypatch: pytest.MonkeyPatch, profile: str, counted: tuple[str, str, int, int, int]
) -> None:
    others = [each for each in COUNTED if each[:2] != counted[:2]]
    tables = tables_of(monkeypatch, *others, counted)
    shown = by_id(protect_run(tables, study(profile)).protected.tables)
    row = "__".join(filter(None, counted[:2]))
    told = ("count", "share") if row == "victims_self_harm" else ("events", "amount")
    for statistic in told:
        assert shown[QUANTITIES].get(row, "own", statistic).state is State.SUPPRESSED
    own = [c for c in shown["cost_model.own_totals"].cells if c.column == "own"]
    own += shown["cost_model.own_agencies"].cells
    assert own and all(cell.state is not State.VALUE for cell in own)
    # What is made of published numbers stays, in its own table.
    assert all(c.state is not State.SUPPRESSED for c in shown["cost_model.totals"].cells)
    assert shown["cost_model.totals"].get("total", "estimate", "cost").value is not None


def test_where_counts_are_rounded_no_exact_cost_gives_them_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tables = tables_of(monkeypatch, *COUNTED)
    shown = by_id(protect_run(tables, study("rounded_to_5")).protected.tables)
    own = [c for c in shown["cost_model.own_totals"].cells if c.column == "own"]
    assert all(cell.state is not State.VALUE for cell in own)


def test_costs_rest_on_every_own_number_whichever_is_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tables = [table for _, table in tables_of(monkeypatch, *COUNTED)]
    assert resting_on_hidden(tables, set()) == set()
    assert resting_on_hidden(tables, {("needs.prevalence", "x", "intake", "count")}) == set()
    resting = resting_on_hidden(tables, {(QUANTITIES, "victims_alcohol", "own", "count")})
    assert {key[0] for key in resting} == set(RESTING)
    assert ("cost_model.own_totals", "total", "own", "cost") in resting
    assert not any(key[2] == "published" for key in resting)


def levels_of_needs(**counts: int) -> Table:
    """Return how many forms give each level of a housing need."""
    table = Table("needs.levels", "Levels of needs", "Forms by level.")
    table.column("forms", "Forms")
    for level, count in counts.items():
        row = f"housing__{level}"
        table.row(row, level)
        table.add(row, "forms", "count", count, n=sum(counts.values()))
        table.add(row, "forms", "share", count / sum(counts.values()), n=sum(counts.values()))
    return table


def test_an_own_quantity_does_not_give_back_a_level_that_is_hidden_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    levels = levels_of_needs(homeless=20, transitory=3, unstable=60, temporary=40, stable=145)
    counted = (
        ("perpetrators_homeless", "", 20, 268, 20),
        ("perpetrators_housing_need", "", 103, 268, 103),
    )
    tables = [("needs", levels), *tables_of(monkeypatch, *COUNTED, *counted)]
    sums = known_sums(table for _, table in tables)
    own = (QUANTITIES, "perpetrators_housing_need", "own", "count")
    (found,) = [each for each in sums if each.whole == own]
    assert {key[1] for key in found.parts} == {
        "housing__transitory", "housing__unstable", "housing__temporary"
    }  # fmt: skip
    shown = by_id(protect_run(tables, study("counts_below_5")).protected.tables)
    hidden = {c.row for c in shown["needs.levels"].cells if c.state is State.SUPPRESSED}
    assert "housing__transitory" in hidden
    # 103 less what is shown of unstable and temporary would be the three.
    hidden |= {c.row for c in shown[QUANTITIES].cells if c.state is State.SUPPRESSED}
    told = {"housing__unstable", "housing__temporary", "perpetrators_housing_need"} - hidden
    assert len(told) < 3
    # Nor do the other levels and the homeless of the own quantities give it back.
    others = {"housing__homeless", "housing__unstable", "housing__temporary", "housing__stable"}
    assert others & hidden
    if "housing__homeless" in hidden:
        assert shown[QUANTITIES].get("perpetrators_homeless", "own", "count").value is None
