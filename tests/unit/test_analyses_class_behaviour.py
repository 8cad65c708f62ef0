"""Behaviour by class of needs: cells for what can be computed, states for what cannot."""

from __future__ import annotations

import numpy as np
import pytest
from given import Warehouse

from datrial.analyses.base import Context
from datrial.analyses.levels import BEHAVIOURS, NEEDS
from datrial.analyses.registry import ANALYSES
from datrial.report.figures_class_behaviour import class_behaviour
from datrial.results.cells import State, Table
from datrial.results.read import RunTable

SETTINGS = {"n_classes": 3, "starts": 20, "bootstrap": 0}


def service_users(people: int = 150) -> Warehouse:
    """Return a house of three kinds of people; the last kind are physically abusive more often.

    Nobody is sexually abusive, and of harassment nothing is known.
    """
    rng = np.random.default_rng(9)
    house = Warehouse()
    house.covered("cms", "site_2", "2016-02-01", "2019-09-30")
    chance = np.array([[0.0] * 12, [0.8] * 6 + [0.1] * 6, [0.1] * 6 + [0.8] * 6])
    for i in range(people):
        person, kind = f"p{i:03d}", i % 3
        house.allocated((person, "site_2", "2016-09-01", "intervention"))
        needs = np.where(rng.random(12) < chance[kind], "yes", "no").tolist()
        house.rows(
            "staging.cms_need", f"perpetrator_id, time_point, {', '.join(NEEDS)}",
            (person, "midpoint", *needs),
        )  # fmt: skip
        house.rows(
            "staging.cms_behaviour",
            "perpetrator_id, time_point, physical, sexual, jealous_controlling",
            (
                person, "midpoint",
                "high" if rng.random() < (0.2, 0.3, 0.8)[kind] else "none",
                "none",
                str(rng.choice(["none", "standard", "moderate", "dont_know"])),
            ),
        )  # fmt: skip
    house.build()
    return house


@pytest.fixture(scope="module")
def house() -> Warehouse:
    return service_users()


def answer(house: Warehouse, analysis: str, **parameters: object) -> dict[str, Table]:
    chosen = ANALYSES[analysis]
    context = Context(house.connection, house.study, np.random.default_rng(1))
    tables = chosen.run(context, chosen.parameters.model_validate(parameters))
    for table in tables:
        assert set(table.catalogue) <= set(chosen.catalogue)
        for cell in table.cells:
            assert (cell.state is State.VALUE) == (cell.value is not None)
            assert cell.state is State.VALUE or cell.note  # what is absent says why
    return {table.id.partition(".")[2]: table for table in tables}


@pytest.fixture(scope="module")
def tables(house: Warehouse) -> dict[str, Table]:
    return answer(house, "needs_class_behaviour", **SETTINGS)


def test_the_classes_are_those_of_the_class_analysis(
    house: Warehouse, tables: dict[str, Table]
) -> None:
    classes = answer(house, "needs_classes", classes=[3], profile_of=3, starts=20)["sizes"]
    shown = [
        label.partition(", ")[2]
        for row, label in tables["probabilities"].row_labels.items()
        if row.startswith("physical__")
    ]

    assert [label.lower() for label in classes.row_labels.values()] == [s.lower() for s in shown]
    people = sum(
        tables["probabilities"].get(f"physical__class_{k}", "modal", "probability").n or 0
        for k in (1, 2, 3)
    )
    assert people == 150
    shares = [classes.get(f"class_{k}", "share", "share").value for k in (1, 2, 3)]
    by_class = [
        tables["probabilities"].get(f"physical__class_{k}", "ml", "probability").n
        for k in (1, 2, 3)
    ]
    assert by_class == [round(150 * float(share or 0)) for share in shares]


def test_another_class_model_than_planned_is_said(house: Warehouse) -> None:
    plan = {**house.study.analyses, "needs_classes": {"profile_of": 3, "starts": 20}}
    study = house.study.model_copy(update={"analyses": plan})
    chosen = ANALYSES["needs_class_behaviour"]
    context = Context(house.connection, study, np.random.default_rng(1))

    same = chosen.run(context, chosen.parameters.model_validate(SETTINGS))
    other = chosen.run(context, chosen.parameters.model_validate({**SETTINGS, "n_classes": 2}))

    assert "The classes are those of needs_classes.profile." in same[0].note
    assert "not those of needs_classes, which has n_classes 3." in other[0].note


def test_the_kind_that_is_abusive_more_often_is_found(tables: dict[str, Table]) -> None:
    table, tests = tables["probabilities"], tables["tests"]
    for method in ("ml", "bch", "modal"):
        found = sorted(
            float(table.get(f"physical__class_{k}", method, "probability").value or 0)
            for k in (1, 2, 3)
        )
        assert found[2] > 0.65
        assert found[1] < 0.45
        assert float(tests.get("physical", method, "p_value").value or 0) < 0.001
    assert float(tests.get("physical", "table", "p_value").value or 0) < 0.001
    assert float(tests.get("jealous_controlling", "ml", "p_value").value or 0) > 0.01


def test_dont_know_is_left_out(tables: dict[str, Table]) -> None:
    n = [tables["tests"].get(behaviour, "ml", "p_value").n or 0 for behaviour in BEHAVIOURS]

    assert n[0] == 150
    assert 90 < n[3] < 135


def test_a_behaviour_that_nobody_shows_or_answered_has_no_figures(
    tables: dict[str, Table],
) -> None:
    for behaviour in ("sexual", "harassment_stalking"):
        for column in ("ml", "bch", "modal", "table"):
            cell = tables["tests"].get(behaviour, column, "p_value")
            assert cell.state is State.NOT_AVAILABLE
            assert "fewer than two levels" in cell.note
        assert tables["probabilities"].get(f"{behaviour}__class_2", "ml", "ci_low").value is None
        assert tables["odds_ratios"].get(f"{behaviour}__class_2", "ml", "odds_ratio").value is None


def test_the_odds_ratio_is_that_of_the_probabilities(tables: dict[str, Table]) -> None:
    # The penalty draws it towards 1; with 150 people not by much.
    p = [
        float(tables["probabilities"].get(f"physical__class_{k}", "ml", "probability").value or 0)
        for k in (1, 2, 3)
    ]
    for k in (2, 3):
        plain = p[k - 1] / (1 - p[k - 1]) / (p[0] / (1 - p[0]))
        ours = tables["odds_ratios"].get(f"physical__class_{k}", "ml", "odds_ratio").value
        assert abs(np.log(float(ours or 0)) - np.log(plain)) < 0.35
        assert abs(np.log(float(ours or 0))) < abs(np.log(plain))


def test_draws_widen_the_intervals_and_are_said(house: Warehouse, tables: dict[str, Table]) -> None:
    drawn = answer(house, "needs_class_behaviour", **{**SETTINGS, "bootstrap": 30})
    again = answer(house, "needs_class_behaviour", **{**SETTINGS, "bootstrap": 30})

    assert "from 30 draws" in drawn["probabilities"].note
    assert "too narrow" in tables["probabilities"].note
    one, other = (
        each["odds_ratios"].get("physical__class_2", "ml", "ci_high").value
        for each in (drawn, tables)
    )
    assert one is not None and other is not None and one > other
    assert drawn["probabilities"].cells == again["probabilities"].cells
    modal = drawn["probabilities"].get("physical__class_2", "modal", "ci_high")
    assert modal == tables["probabilities"].get("physical__class_2", "modal", "ci_high")


def test_without_data_every_cell_says_so() -> None:
    house = Warehouse()
    house.build()

    tables = answer(house, "needs_class_behaviour", n_classes=2)

    for table in tables.values():
        assert table.cells
        assert {cell.state for cell in table.cells} == {State.NOT_AVAILABLE}
        assert {cell.note for cell in table.cells} == {"no case-management data were received"}
    assert class_behaviour(RunTable("needs_class_behaviour", tables["probabilities"], {})) is None


def test_too_many_classes_are_a_reason_not_an_error(house: Warehouse) -> None:
    tables = answer(house, "needs_class_behaviour", **{**SETTINGS, "n_classes": 400})

    cell = tables["probabilities"].get("physical__class_400", "ml", "probability")
    assert "cannot be told apart" in cell.note


def test_the_figure_tells_every_class_in_words(tables: dict[str, Table]) -> None:
    figure = class_behaviour(RunTable("needs_class_behaviour", tables["probabilities"], {}))

    assert figure is not None
    assert figure.svg.startswith("<svg")
    for behaviour in BEHAVIOURS.values():
        assert f"{behaviour}: Class 1" in figure.alt
    assert "interval" in figure.alt
    assert "not available" in figure.alt
