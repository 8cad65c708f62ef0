"""Latent classes of needs: names and matches by profile, tables that say what they lack."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from given import Warehouse
from pydantic import ValidationError

from datrial.analyses.base import Context
from datrial.analyses.levels import NEEDS
from datrial.analyses.needs_classes_names import REPORT_CLASSES, class_names, report_matches
from datrial.analyses.registry import ANALYSES
from datrial.results.cells import State, Table
from datrial.results.published import load_published

PROFILES = {
    "low": dict.fromkeys(NEEDS, 0.12),
    "children": {"relationship_with_children": 0.9, "parenting_capacity": 0.8},
    "housing": {"housing": 0.9, "employment": 0.85},
}


def people(n: int, needs: str, start: int, rng: np.random.Generator) -> list[tuple[str, ...]]:
    """Return forms of people of one profile, one answer in twenty unknown."""
    chance = [PROFILES[needs].get(need, 0.03) for need in NEEDS] if needs != "none" else [0.0] * 12
    rows = []
    for i in range(n):
        yes = rng.random(12) < chance
        answers = np.where(rng.random(12) < 0.05, "dont_know", np.where(yes, "yes", "no"))
        rows.append((f"p{start + i:03d}", "midpoint", *answers.tolist()))
    return rows


@pytest.fixture(scope="module")
def house() -> Warehouse:
    """Return 100 people without a need, and 60 each of two profiles; two unanswered forms."""
    rng = np.random.default_rng(5)
    made = Warehouse()
    made.covered("cms", "site_2", "2016-02-01", "2019-09-30")
    rows = people(100, "none", 0, rng) + people(60, "children", 100, rng)
    rows += people(60, "housing", 160, rng)
    rows += [(f"p{220 + i}", "midpoint", *[None] * 12) for i in range(2)]  # type: ignore[misc]
    for person, *_ in rows:
        made.allocated((person, "site_2", "2016-09-01", "intervention"))
        made.rows(
            "staging.cms_service_user",
            "perpetrator_id, site, start_date, closure_date, completed",
            (person, "site_2", "2016-09-05", "2017-07-01", "yes"),
        )
    made.rows("staging.cms_need", f"perpetrator_id, time_point, {', '.join(NEEDS)}", *rows)
    made.build()
    return made


def answer(house: Warehouse, **parameters: Any) -> dict[str, Table]:
    chosen = ANALYSES["needs_classes"]
    context = Context(house.connection, house.study, np.random.default_rng(1))
    tables = chosen.run(context, chosen.parameters.model_validate({"starts": 20, **parameters}))
    for table in tables:
        for cell in table.cells:
            assert (cell.state is State.VALUE) == (cell.value is not None)
            assert cell.state is State.VALUE or cell.note
    return {table.id.partition(".")[2]: table for table in tables}


def test_sizes_profiles_and_the_reports_classes(house: Warehouse) -> None:
    tables = answer(house, classes=[2, 3], profile_of=3)
    assert set(tables) == {
        "enumeration", "local_optima", "sizes", "report_classes", "profile", "classification",
        "classification_errors", "separation", "residuals",
    }  # fmt: skip
    sizes, profile = tables["sizes"], tables["profile"]
    assert "n = 220 (2 forms without any answer left out)" in sizes.note
    assert sizes.row_labels["class_1"] == "Class 1: no needs, fixed"
    named = {key: label.partition(": ")[2] for key, label in sizes.row_labels.items()}
    assert set(named.values()) == {"no needs, fixed", "children, parenting", "housing, employment"}
    for key in named:
        share, low, high = (
            sizes.get(key, "share", s).value or 0 for s in ("share", "ci_low", "ci_high")
        )
        assert 0 < low < share < high < 1
    children = next(key for key, name in named.items() if name == "children, parenting")
    cell = profile.get("relationship_with_children", children, "probability")
    assert cell.value == pytest.approx(0.9, abs=0.15)
    fixed = profile.get("housing", "class_1", "ci_low")
    assert (profile.get("housing", "class_1", "probability").value, fixed.state) == (
        0, State.NOT_APPLICABLE,
    )  # fmt: skip
    report = tables["report_classes"]
    assert report.get("children_and_parenting", "share", "share").value == (
        sizes.get(children, "share", "share").value
    )
    assert report.get("children_and_parenting", "class", "count").value == int(children[-1])
    absent = report.get("multiple_alcohol_and_drugs", "share", "share")
    assert (absent.state, absent.note) == (
        State.NOT_AVAILABLE, "none of the 3 classes has the report's profile",
    )  # fmt: skip


def test_the_diagnostic_tables_hold_together(house: Warehouse) -> None:
    tables = answer(house, classes=[2, 3], profile_of=3)
    keys = ["class_1", "class_2", "class_3"]
    for name in ("classification", "classification_errors"):
        for row in keys:
            values = [tables[name].get(row, column, "probability").value for column in keys]
            assert sum(v or 0 for v in values) == pytest.approx(1)
    counts = [tables["classification"].get(row, "assigned", "count").value for row in keys]
    assert sum(c or 0 for c in counts) == 220
    assert list(tables["separation"].row_labels) == [
        "class_1__class_2", "class_1__class_3", "class_2__class_3",
    ]  # fmt: skip
    apart = tables["separation"].get("class_2__class_3", "needs", "count").value
    assert apart is not None
    assert apart >= 4
    residuals = [
        tables["residuals"].get(row, "residual", "value").value or 0
        for row in tables["residuals"].row_labels
    ]
    assert len(residuals) == 10
    assert residuals == sorted(residuals, reverse=True)
    optima = tables["local_optima"]
    for row in ("classes_2", "classes_3"):
        followed = optima.get(row, "followed", "count").value or 0
        best = optima.get(row, "best", "count").value or 0
        share = tables["enumeration"].get(row, "best_start_share", "value").value
        assert share == pytest.approx(best / followed)


def test_the_bootstrap_test_is_run_only_if_asked_for(house: Warehouse) -> None:
    without = answer(house, classes=[2, 3], profile_of=3)["enumeration"]
    assert "blrt" not in without.column_labels
    assert "was not asked for" in without.note
    table = answer(house, classes=[3], profile_of=3, bootstrap=19)["enumeration"]
    assert table.get("classes_3", "blrt", "p_value").value == 1 / 20
    assert (table.get("classes_3", "blrt", "value").value or 0) > 50
    assert "19 draws" in table.note
    first = answer(house, classes=[2], profile_of=2, bootstrap=19)["enumeration"]
    cell = first.get("classes_2", "blrt", "p_value")
    assert (cell.state, cell.note) == (
        State.NOT_APPLICABLE, "a zero class alone is no model of people who have a yes",
    )  # fmt: skip
    with pytest.raises(ValidationError):
        ANALYSES["needs_classes"].parameters.model_validate({"bootstrap": 5})


def test_the_same_cells_in_state_where_nothing_was_received(house: Warehouse) -> None:
    silent = Warehouse()
    silent.build()
    parameters: dict[str, Any] = {"classes": [2, 3], "profile_of": 3, "bootstrap": 19}
    absent, there = answer(silent, **parameters), answer(house, **parameters)
    for name in there:
        if name == "residuals":  # which pairs are the largest is known only with data
            continue
        assert {(c.row, c.column, c.statistic) for c in absent[name].cells} == {
            (c.row, c.column, c.statistic) for c in there[name].cells
        }
    for table in absent.values():
        assert {c.note for c in table.cells} == {"no case-management data were received"}


def test_one_class_leaves_nothing_to_classify(house: Warehouse) -> None:
    tables = answer(house, classes=[1, 2], profile_of=1, zero_class=False)
    entropy = tables["enumeration"].get("classes_1", "entropy", "value")
    assert entropy.note == "one class leaves nothing to classify"
    assert tables["sizes"].get("class_1", "share", "share").value == 1
    assert tables["sizes"].get("class_1", "share", "ci_low").state is not State.VALUE
    pair = tables["separation"].get("none", "needs", "count")
    assert pair.note == "one class has no other to be apart from"


def fit_of(zero_class: bool, *profiles: dict[str, float], rest: float = 0.1) -> Any:
    """Return what the names are read from: profiles in the fit's order."""
    rows = [[0.0] * 12] if zero_class else []
    rows += [[profile.get(need, rest) for need in NEEDS] for profile in profiles]
    return SimpleNamespace(
        zero_class=zero_class, item_probabilities=pd.DataFrame(rows, columns=list(NEEDS))
    )


def test_classes_are_named_by_their_likeliest_needs() -> None:
    many = {"alcohol_misuse": 0.95, "housing": 0.7, "employment": 0.77, "drugs_misuse": 0.6}
    fit = fit_of(True, {}, many, {"housing": 0.5}, {"housing": 0.9}, {"financial": 0.49})
    assert class_names(fit) == [
        "No needs", "Low needs (1)", "Alcohol, employment, housing and more", "Housing (1)",
        "Housing (2)", "Low needs (2)",
    ]  # fmt: skip
    assert class_names(fit_of(False, {}, many))[0] == "Low needs"


def test_the_reports_classes_are_found_wherever_they_stand() -> None:
    described = [
        dict.fromkeys(REPORT_CLASSES[key].needs, 0.75)
        for key in REPORT_CLASSES if key != "no_needs"
    ]  # fmt: skip
    keys = [key for key in REPORT_CLASSES if key != "no_needs"]
    for order in ([0, 1, 2, 3, 4], [4, 2, 0, 1, 3]):
        matches = report_matches(fit_of(True, *(described[i] for i in order)))
        assert {key: position for key, (position, _) in matches.items()} == {
            "no_needs": 0, **{keys[i]: place + 1 for place, i in enumerate(order)}
        }  # fmt: skip
    unlike = report_matches(fit_of(False, dict.fromkeys(NEEDS, 0.5)))
    assert unlike == {}
    assert "no_needs" not in report_matches(fit_of(False, *described))


def test_published_sizes_stand_beside_the_reports_classes() -> None:
    printed = {
        number.row: number for number in load_published("drive")
        if number.table == "needs_classes.report_classes"
    }  # fmt: skip
    assert list(printed) == list(REPORT_CLASSES)
    assert sum(number.value for number in printed.values()) == pytest.approx(0.99)
    for number in printed.values():
        assert number.when == {"time_point": "midpoint", "zero_class": True, "profile_of": 6}
