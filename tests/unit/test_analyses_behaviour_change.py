"""The pooled models of behaviour, on forms drawn from known models and on small literal ones."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from given import Warehouse
from pydantic import ValidationError

from datrial.analyses.base import Context
from datrial.analyses.behaviour_change import ANALYSIS, BehaviourChangeParameters
from datrial.analyses.behaviour_change_fits import (
    PENALISED,
    SEPARATED,
    SPARSE,
    merged,
    variables_of,
)
from datrial.analyses.behaviour_change_wide import WideForms
from datrial.analyses.levels import BEHAVIOURS, SEVERITY, TIME_POINTS
from datrial.analyses.regression import model_rows
from datrial.models import (
    ModelUsageError,
    adjust_benjamini_hochberg,
    fit_ordered_logit,
    fit_random_intercept_ordered_logit,
)
from datrial.results.cells import Cell, State, Table
from datrial.results.published import load_published, published_values

PHYSICAL = ("physical",)
SHORT = "time_point + age + relationship"
MIDPOINT, CLOSURE = "time_point[T.midpoint]", "time_point[T.closure]"
EX = "relationship[T.ex_partner]"
EVERY_TABLE = {
    "forms", "predictions", "factor_tests", "factor_predictions", "factor_differences",
    "odds_ratios", "imputed", "imputed_predictions", "proportional_odds", "partial_odds",
    "person_level",
}  # fmt: skip


def forms(people: int = 150, seed: int = 1, sigma: float = 0.6) -> pd.DataFrame:
    """Return three forms a person, the behaviours drawn from ordered logits with known effects.

    Log odds: midpoint -1, closure -2, ex-partner 0.8; normal intercepts of the people.
    """
    rng = np.random.default_rng(seed)
    person = pd.DataFrame(
        {
            "person_id": [f"p{i:04d}" for i in range(people)],
            "site": rng.choice(["site_1", "site_2"], people),
            "age": rng.integers(20, 60, people),
            "relationship": rng.choice(["current_partner", "ex_partner", "family_member"], people),
            "living_arrangement": rng.choice(["apart", "together"], people),
        }
    )
    for name in ("domestic_abuse_charges", "idva_engaged", "cyps_involvement", "ccj_involvement",
                 "direct_contact"):  # fmt: skip
        person[name] = rng.choice(["no", "yes"], people)
    intercept = sigma * rng.standard_normal((people, len(BEHAVIOURS)))
    parts = []
    for position, time_point in enumerate(("intake", "midpoint", "closure")):
        part = person.assign(time_point=time_point)
        for column, behaviour in enumerate(BEHAVIOURS):
            eta = -1.0 * position + 0.8 * (person["relationship"] == "ex_partner")
            latent = eta + intercept[:, column] + rng.logistic(size=people)
            part[behaviour] = np.array(list(SEVERITY))[np.digitize(latent, [-0.5, 0.3, 1.2])]
        parts.append(part)
    frame = pd.concat(parts)
    return frame.sort_values(["person_id", "time_point"]).reset_index(drop=True)


class House:
    """A warehouse whose table marts.behaviour is given as it is."""

    def __init__(self) -> None:
        self.warehouse = Warehouse()
        self.warehouse.covered("cms", "site_2", "2016-02-01", "2019-09-30")
        self.warehouse.connection.execute("create schema marts")

    def answer(self, frame: pd.DataFrame, **parameters: Any) -> dict[str, Table]:
        self.warehouse.connection.execute(
            "create or replace table marts.behaviour as select * from frame"
        )
        chosen = BehaviourChangeParameters.model_validate({"imputations": 0} | parameters)
        context = Context(self.warehouse.connection, self.warehouse.study, np.random.default_rng(1))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tables = ANALYSIS.run(context, chosen)
        for table in tables:
            assert table.id.startswith("behaviour_change.")
            for cell in table.cells:
                assert (cell.state is State.VALUE) == (cell.value is not None)
                assert cell.state is State.VALUE or cell.note
        return {table.id.partition(".")[2]: table for table in tables}


@pytest.fixture(scope="module")
def house() -> House:
    return House()


@pytest.fixture(scope="module")
def drawn() -> pd.DataFrame:
    return forms()


@pytest.fixture(scope="module")
def full(house: House, drawn: pd.DataFrame) -> dict[str, Table]:
    """Return all tables of all four behaviours, nothing missing."""
    return house.answer(drawn, formula=SHORT, imputations=3)


def coded(frame: pd.DataFrame, **parameters: Any) -> pd.DataFrame:
    return model_rows(frame, BehaviourChangeParameters.model_validate(parameters))


def value(table: Table, row: str, column: str, statistic: str) -> float:
    found = table.get(row, column, statistic).value
    assert found is not None, table.get(row, column, statistic)
    return found


def reasons(cells: Iterable[Cell]) -> set[str]:
    return {cell.note for cell in cells if cell.value is None}


def shape(tables: dict[str, Table]) -> dict[str, tuple[list[str], list[str]]]:
    return {name: (list(t.row_labels), list(t.column_labels)) for name, t in tables.items()}


def test_the_tables_are_those_of_all_four_behaviours(full: dict[str, Table]) -> None:
    assert set(full) == EVERY_TABLE
    for name in ("forms", "factor_tests", "odds_ratios", "imputed", "proportional_odds",
                 "partial_odds", "person_level"):  # fmt: skip
        assert list(full[name].column_labels) == list(BEHAVIOURS)
    for name in ("predictions", "imputed_predictions", "factor_predictions", "factor_differences"):
        assert list(full[name].column_labels) == list(SEVERITY)
    times = [f"{behaviour}__{time_point}" for behaviour in BEHAVIOURS for time_point in TIME_POINTS]
    assert list(full["predictions"].row_labels) == times
    assert list(full["imputed_predictions"].row_labels) == times
    assert list(full["factor_tests"].row_labels) == ["time_point", "age", "relationship"]
    terms = [MIDPOINT, CLOSURE, "age", EX, "relationship[T.family_member]"]
    assert list(full["odds_ratios"].row_labels) == terms
    assert list(full["imputed"].row_labels) == terms
    assert list(full["proportional_odds"].row_labels) == ["all", *terms]
    assert list(full["person_level"].row_labels) == [*terms, "sigma", "icc"]
    own = [row for row in full["factor_predictions"].row_labels if row.startswith("physical__")]
    assert own[:2] == [
        "physical__relationship__current_partner",
        "physical__relationship__ex_partner",
    ]
    others = [row for row in full["factor_differences"].row_labels if row.startswith("physical__")]
    assert others[:3] == [
        "physical__time_point__midpoint",
        "physical__time_point__closure",
        "physical__relationship__ex_partner",
    ]
    assert "physical__relationship__current_partner" not in others


def test_an_odds_ratio_is_that_of_statsmodels_and_of_the_model_by_hand(
    full: dict[str, Table], drawn: pd.DataFrame
) -> None:
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    rows = coded(drawn)
    dummies = pd.get_dummies(rows[["time_point", "relationship"]], drop_first=True, dtype=float)
    predictors = dummies.assign(age=rows["age"].astype(float))
    codes = rows["physical"].cat.codes
    other = OrderedModel(codes, predictors, distr="logit").fit(method="newton", disp=False)
    own = fit_ordered_logit(f"physical ~ {SHORT}", rows, cluster="person_id")
    for term, theirs in (
        (CLOSURE, "time_point_closure"), (EX, "relationship_ex_partner"), ("age", "age"),
    ):  # fmt: skip
        found = value(full["odds_ratios"], term, "physical", "odds_ratio")
        assert found == pytest.approx(np.exp(other.params[theirs]), rel=1e-4)
        by_hand = own.odds_ratios().loc[term]
        for statistic in ("odds_ratio", "bse", "p_value", "ci_low", "ci_high"):
            cell = value(full["odds_ratios"], term, "physical", statistic)
            assert cell == pytest.approx(by_hand[statistic], rel=1e-6)


def test_the_known_effects_are_found(house: House) -> None:
    tables = house.answer(forms(1200, seed=5, sigma=0.0), formula=SHORT, outcomes=PHYSICAL,
                          partial=False)  # fmt: skip
    for term, truth in ((MIDPOINT, -1.0), (CLOSURE, -2.0), (EX, 0.8), ("age", 0.0)):
        ratio = value(tables["odds_ratios"], term, "physical", "odds_ratio")
        error = value(tables["odds_ratios"], term, "physical", "bse") / ratio
        assert abs(np.log(ratio) - truth) < 3 * error
        assert error < 0.15


def test_probabilities_sum_to_one_and_their_intervals_hold_them(full: dict[str, Table]) -> None:
    for name in ("predictions", "factor_predictions", "imputed_predictions"):
        table = full[name]
        known = {cell.row for cell in table.cells if cell.value is not None}
        assert len(known) >= 12
        for row in known:
            cells = [table.get(row, level, "probability").value or 0 for level in SEVERITY]
            assert sum(cells) == pytest.approx(1)
            for level in SEVERITY:
                low, high = (value(table, row, level, end) for end in ("ci_low", "ci_high"))
                assert 0 < low < value(table, row, level, "probability") < high < 1


def test_predictions_are_those_of_the_model(drawn: pd.DataFrame, full: dict[str, Table]) -> None:
    fit = fit_ordered_logit(f"sexual ~ {SHORT}", coded(drawn), cluster="person_id", penalty="auto")
    for factor, table, row in (
        ("time_point", "predictions", "sexual__closure"),
        ("relationship", "factor_predictions", "sexual__relationship__ex_partner"),
    ):
        at = row.rpartition("__")[2]
        expected = fit.average_predictions(factor)
        for level in SEVERITY:
            for statistic in ("probability", "ci_low", "ci_high"):
                found = value(full[table], row, level, statistic)
                assert found == pytest.approx(expected[statistic][(at, level)])


def test_differences_are_those_of_the_probabilities(full: dict[str, Table]) -> None:
    at, reference = "physical__relationship__ex_partner", "physical__relationship__current_partner"
    for level in SEVERITY:
        here, there = (
            value(full["factor_predictions"], row, level, "probability") for row in (at, reference)
        )
        found = value(full["factor_differences"], at, level, "difference")
        assert found == pytest.approx(here - there)
        low, high = (value(full["factor_differences"], at, level, e) for e in ("ci_low", "ci_high"))
        assert -1 < low < found < high < 1
        assert 0 <= value(full["factor_differences"], at, level, "p_value") <= 1


def test_the_joint_test_is_walds_and_time_is_left_out_of_the_adjustment(
    full: dict[str, Table], drawn: pd.DataFrame
) -> None:
    fit = fit_ordered_logit(f"physical ~ {SHORT}", coded(drawn), cluster="person_id")
    names = [EX, "relationship[T.family_member]"]
    b, covariance = fit.params[names].to_numpy(), fit.covariance.loc[names, names].to_numpy()
    table = full["factor_tests"]
    chi2 = value(table, "relationship", "physical", "chi2")
    assert chi2 == pytest.approx(b @ np.linalg.solve(covariance, b))
    assert value(table, "relationship", "physical", "df") == 2
    assert value(table, "age", "physical", "df") == 1
    places = [(row, column) for row in ("age", "relationship") for column in BEHAVIOURS]
    adjusted = adjust_benjamini_hochberg([value(table, *place, "p_value") for place in places])
    for place, expected in zip(places, adjusted, strict=True):
        assert value(table, *place, "p_value_adjusted") == pytest.approx(expected)
    assert table.get("time_point", "physical", "p_value_adjusted").state is State.NOT_APPLICABLE


def test_the_forms_of_a_model_are_counted(house: House, drawn: pd.DataFrame) -> None:
    frame = drawn.copy()
    frame.loc[:9, "physical"] = "dont_know"
    frame.loc[20:25, "relationship"] = None
    gone = frame["person_id"] == "p0030"
    frame.loc[gone, "age"] = np.nan
    table = house.answer(frame, formula=SHORT, outcomes=("physical", "sexual"))["forms"]
    assert list(table.column_labels) == ["physical", "sexual"]
    for behaviour, out in (("physical", 10 + 6 + 3), ("sexual", 6 + 3)):
        assert value(table, "received", behaviour, "count") == 450
        assert value(table, "left_out", behaviour, "count") == out
        assert value(table, "used", behaviour, "count") == 450 - out
    # Of the people with the rows 0-8 and 20-25, and p0030, no form or some are left.
    left = frame.dropna(subset=["age", "relationship"]).query("physical != 'dont_know'")
    assert value(table, "people", "physical", "count") == left["person_id"].nunique()


def test_subset_reference_and_dont_know_change_what_they_must(
    house: House, drawn: pd.DataFrame
) -> None:
    frame = drawn.copy()
    frame.loc[frame.index % 10 == 0, "physical"] = "dont_know"
    asked: dict[str, Any] = {"formula": SHORT, "outcomes": PHYSICAL, "partial": False}
    plain = house.answer(frame, **asked)
    turned = house.answer(frame, **asked, references={"relationship": "ex_partner"})
    back = value(turned["odds_ratios"], "relationship[T.current_partner]", "physical", "odds_ratio")
    there = value(plain["odds_ratios"], EX, "physical", "odds_ratio")
    assert back == pytest.approx(1 / there, rel=1e-5)
    row = "physical__relationship__ex_partner"
    assert value(turned["factor_predictions"], row, "high", "probability") == pytest.approx(
        value(plain["factor_predictions"], row, "high", "probability"), rel=1e-5
    )
    assert row not in turned["factor_differences"].row_labels
    assert "Reference: Relationship: ex-intimate partner" in turned["odds_ratios"].note
    site = house.answer(frame, **asked, only={"site": ["site_1"]})
    assert (
        value(site["forms"], "received", "physical", "count") == (frame["site"] == "site_1").sum()
    )
    assert "Only rows with site: Site 1." in site["odds_ratios"].note
    counted = house.answer(frame, **asked, dont_know="no")
    assert value(plain["forms"], "left_out", "physical", "count") == 45
    assert value(counted["forms"], "left_out", "physical", "count") == 0
    more = value(counted["predictions"], "physical__intake", "none", "probability")
    assert more > value(plain["predictions"], "physical__intake", "none", "probability")


def test_a_time_point_that_is_not_asked_for_says_so(house: House, drawn: pd.DataFrame) -> None:
    found = house.answer(
        drawn, formula="time_point + age", outcomes=PHYSICAL, imputations=2,
        only={"time_point": ["intake", "closure"]},
    )  # fmt: skip
    assert list(found["odds_ratios"].row_labels) == [CLOSURE, "age"]
    absent = found["predictions"].get("physical__midpoint", "high", "probability")
    assert absent.note == "no form in the model has this time point or this severity"
    assert value(found["imputed"], CLOSURE, "physical", "odds_ratio") == pytest.approx(
        value(found["odds_ratios"], CLOSURE, "physical", "odds_ratio")
    )
    without = house.answer(drawn, formula="age", outcomes=PHYSICAL)
    absent = without["predictions"].get("physical__intake", "high", "probability")
    assert absent.note == "time point is not in the model"


def test_a_predictor_with_one_value_leaves_all_tables_and_says_why(
    house: House, drawn: pd.DataFrame
) -> None:
    asked: dict[str, Any] = {"formula": SHORT, "outcomes": PHYSICAL, "imputations": 2}
    plain = house.answer(drawn, **asked)
    one = house.answer(drawn.assign(relationship="ex_partner"), **asked)
    assert set(one) == set(plain)
    for name, (rows, columns) in shape(one).items():
        assert columns == shape(plain)[name][1]
        assert set(rows) >= set(shape(plain)[name][0]) or name == "partial_odds"
    told = reasons(c for t in one.values() for c in t.cells if t.id != "behaviour_change.forms")
    assert told == {
        "the model could not be fitted: The predictor 'relationship' has a single value in the "
        "450 complete rows; leave it out of the formula.",
        "the model could not be fitted: Imputation 1 of 2 cannot be analysed: The predictor "
        "'relationship' has a single value in the 450 complete rows; leave it out of the formula.",
    }
    assert value(one["forms"], "used", "physical", "count") == 450


def test_a_level_that_only_incomplete_forms_have_is_left_out_and_said(
    house: House, drawn: pd.DataFrame
) -> None:
    frame = drawn.copy()
    rare = frame["person_id"].isin(["p0001", "p0002"])
    frame.loc[rare, "relationship"] = "other"
    frame.loc[rare, "physical"] = "dont_know"
    found = house.answer(frame, formula=SHORT, outcomes=("physical", "sexual"), partial=False)
    term = "relationship[T.other]"
    assert list(found["odds_ratios"].row_labels)[-1] == term
    absent = found["odds_ratios"].get(term, "physical", "odds_ratio")
    assert absent.note == "no form in this model has this value, or its predictors are others"
    assert value(found["odds_ratios"], term, "sexual", "odds_ratio") > 0
    assert SPARSE in found["odds_ratios"].get(term, "sexual", "odds_ratio").warning
    none = found["factor_predictions"].get("physical__relationship__other", "high", "probability")
    assert none.note == "no form in the model has this value or this severity"
    assert value(found["odds_ratios"], EX, "physical", "odds_ratio") > 1


def test_a_severity_that_nobody_has_says_so(house: House, drawn: pd.DataFrame) -> None:
    frame = drawn.assign(physical=drawn["physical"].replace("moderate", "high"))
    found = house.answer(frame, formula=SHORT, outcomes=PHYSICAL, imputations=2)
    for name in ("predictions", "imputed_predictions"):
        assert found[name].get("physical__intake", "moderate", "probability").value is None
        assert value(found[name], "physical__intake", "high", "probability") > 0.1
    brant = found["proportional_odds"].get("all", "physical", "chi2")
    assert (
        brant.note
        == "cuts compared: standard or higher against none; high against standard or lower"
    )


def test_where_nothing_was_received_every_cell_says_so(drawn: pd.DataFrame) -> None:
    silent = House()
    silent.warehouse.connection.execute("delete from study.coverage_span")
    found = silent.answer(drawn.head(0), formula=SHORT, imputations=2)
    assert set(found) == EVERY_TABLE
    cells = [cell for table in found.values() for cell in table.cells]
    assert reasons(cells) == {"no case-management data were received"}
    assert not [cell for cell in cells if cell.value is not None]
    assert set(found["odds_ratios"].row_labels) >= {MIDPOINT, CLOSURE, "age", EX}


def test_without_forms_their_number_is_zero(house: House, drawn: pd.DataFrame) -> None:
    found = house.answer(drawn.head(0), formula=SHORT, imputations=2)
    assert value(found["forms"], "received", "physical", "count") == 0
    told = found["odds_ratios"].get(CLOSURE, "physical", "odds_ratio").note
    assert told == "no form has the behaviour and every predictor of the model"


def test_with_nothing_missing_the_imputed_estimates_are_those_of_complete_cases(
    full: dict[str, Table],
) -> None:
    for row in full["odds_ratios"].row_labels:
        for column in BEHAVIOURS:
            for statistic in ("odds_ratio", "bse", "p_value", "ci_low", "ci_high"):
                found = value(full["imputed"], row, column, statistic)
                expected = value(full["odds_ratios"], row, column, statistic)
                assert found == pytest.approx(expected, rel=1e-5, abs=1e-12)
            assert value(full["imputed"], row, column, "fmi") == pytest.approx(0, abs=1e-9)
    for cell in full["predictions"].cells:
        if cell.value is not None:
            found = value(full["imputed_predictions"], cell.row, cell.column, cell.statistic)
            assert found == pytest.approx(cell.value, rel=1e-5)


@pytest.fixture(scope="module")
def holes(drawn: pd.DataFrame) -> pd.DataFrame:
    """Return the forms without some of them, some answers and some predictors."""
    rng = np.random.default_rng(2)
    frame = drawn[rng.random(len(drawn)) > 0.1].reset_index(drop=True)
    for behaviour in BEHAVIOURS:
        frame.loc[rng.random(len(frame)) < 0.1, behaviour] = "dont_know"
    without = rng.choice(frame["person_id"].unique(), 30, replace=False)
    frame.loc[frame["person_id"].isin(without), "relationship"] = None
    return frame


def test_missing_forms_are_imputed_as_if_everybody_had_three(
    house: House, holes: pd.DataFrame
) -> None:
    found = house.answer(holes, formula=SHORT, outcomes=PHYSICAL, imputations=4, partial=False)
    cell = found["imputed"].get(CLOSURE, "physical", "odds_ratio")
    assert cell.n == 3 * holes["person_id"].nunique()
    assert 0 < value(found["imputed"], EX, "physical", "fmi") < 1
    assert cell.value == pytest.approx(
        value(found["odds_ratios"], CLOSURE, "physical", "odds_ratio"), rel=0.5
    )
    assert "as if every service user had a form at every time point" in found["imputed"].note
    assert "4 imputations of 5 rounds" in found["imputed"].note


def test_two_runs_give_equal_cells(house: House, holes: pd.DataFrame) -> None:
    asked: dict[str, Any] = {"formula": SHORT, "outcomes": PHYSICAL, "imputations": 2}
    first, second = house.answer(holes, **asked), house.answer(holes, **asked)
    assert [t.cells for t in first.values()] == [t.cells for t in second.values()]
    assert [t.note for t in first.values()] == [t.note for t in second.values()]


def test_forms_chosen_by_a_behaviour_are_not_imputed(house: House, drawn: pd.DataFrame) -> None:
    found = house.answer(
        drawn, formula="time_point + age", outcomes=PHYSICAL, imputations=2, partial=False,
        only={"sexual": ["none", "standard"]},
    )  # fmt: skip
    told = found["imputed"].get(CLOSURE, "physical", "odds_ratio").note
    assert told.startswith("the forms are chosen by a behaviour")
    assert value(found["odds_ratios"], CLOSURE, "physical", "odds_ratio") < 1


def test_what_can_be_switched_off_is_not_there(house: House, drawn: pd.DataFrame) -> None:
    off = house.answer(drawn, formula=SHORT, outcomes=PHYSICAL, partial=False, person_level=False)
    gone = {"partial_odds", "person_level", "imputed", "imputed_predictions"}
    assert set(off) == EVERY_TABLE - gone


def test_brants_test_and_the_effects_at_every_cut(house: House, drawn: pd.DataFrame) -> None:
    # Charges turn many a standard severity into a high one: an effect above the first cut only.
    frame = drawn.copy()
    turned = (frame["domestic_abuse_charges"] == "yes") & (frame["physical"] == "standard")
    frame.loc[turned & (frame.index % 4 != 0), "physical"] = "high"
    charges = "domestic_abuse_charges[T.yes]"
    formula = "time_point + domestic_abuse_charges"
    found = house.answer(frame, formula=formula, outcomes=("physical", "sexual"))
    fit = fit_ordered_logit(f"physical ~ {formula}", coded(frame), cluster="person_id")
    brant = fit.brant()
    for row, key in (("all", "all predictors"), (charges, charges)):
        for statistic in ("chi2", "df", "p_value"):
            cell = value(found["proportional_odds"], row, "physical", statistic)
            assert cell == pytest.approx(brant.table.loc[key, statistic], rel=1e-5)
    assert value(found["proportional_odds"], charges, "physical", "p_value") < 0.001
    partial = found["partial_odds"]
    rows = [f"{charges}__cut{cut}" for cut in (1, 2, 3)]
    assert set(rows) <= set(partial.row_labels)
    first, second, third = (value(partial, row, "physical", "odds_ratio") for row in rows)
    assert first < second and first < third
    assert partial.row_labels[rows[1]].endswith("moderate or higher against standard or lower")
    assert value(found["proportional_odds"], charges, "sexual", "p_value") > 0.05
    assert partial.get(rows[0], "sexual", "odds_ratio").state is State.NOT_APPLICABLE


def test_where_nothing_is_free_the_table_says_so(house: House) -> None:
    found = house.answer(forms(150, seed=12), formula="time_point", outcomes=PHYSICAL)
    assert value(found["proportional_odds"], "all", "physical", "p_value") > 0.05
    assert list(found["partial_odds"].row_labels) == ["none_free"]
    cell = found["partial_odds"].get("none_free", "physical", "odds_ratio")
    assert (cell.state, cell.note) == (
        State.NOT_APPLICABLE, "one effect at every cut in this model",
    )  # fmt: skip


def test_effects_that_cannot_be_let_free_are_said_in_words(
    house: House, drawn: pd.DataFrame
) -> None:
    # Nobody with charges is at the severity standard: two cuts are one for them.
    frame = drawn.copy()
    turned = (frame["domestic_abuse_charges"] == "yes") & (frame["physical"] == "standard")
    frame.loc[turned, "physical"] = "high"
    found = house.answer(frame, formula="time_point + domestic_abuse_charges", outcomes=PHYSICAL)
    charges = "domestic_abuse_charges[T.yes]"
    assert value(found["proportional_odds"], charges, "physical", "p_value") < 0.05
    assert list(found["partial_odds"].row_labels) == ["none_free"]
    told = "The effect of 'Domestic abuse charges: yes' has no finite estimate at some cut"
    assert f"Physical abuse: {told}" in found["partial_odds"].note


def test_the_person_level_model_is_that_with_an_intercept(house: House) -> None:
    frame = forms(150, seed=4, sigma=1.5)
    table = house.answer(frame, formula=SHORT, outcomes=PHYSICAL, partial=False)["person_level"]
    fit = fit_random_intercept_ordered_logit(f"physical ~ {SHORT}", coded(frame), group="person_id")
    for statistic in ("odds_ratio", "ci_low", "ci_high", "p_value"):
        found = value(table, CLOSURE, "physical", statistic)
        assert found == pytest.approx(fit.odds_ratios().loc[CLOSURE, statistic], rel=1e-5)
    sigma = value(table, "sigma", "physical", "value")
    assert 1.0 < sigma < 2.2
    low, high = (value(table, "sigma", "physical", end) for end in ("ci_low", "ci_high"))
    assert low < sigma < high
    icc = value(table, "icc", "physical", "value")
    assert icc == pytest.approx(sigma**2 / (sigma**2 + np.pi**2 / 3))
    assert value(table, "icc", "physical", "ci_low") < icc
    assert value(table, "sigma", "physical", "p_value") < 0.001
    assert table.get("icc", "physical", "p_value").state is State.NOT_APPLICABLE


def test_separated_and_rare_severities_are_penalised_and_say_so(
    house: House, drawn: pd.DataFrame
) -> None:
    frame = drawn.copy()
    rng = np.random.default_rng(7)
    rare = (frame["time_point"] == "intake") & (rng.random(len(frame)) < 0.08)
    frame["sexual"] = np.where(rare, rng.choice(["standard", "high"], len(frame)), "none")
    found = house.answer(frame, formula=SHORT, outcomes=("physical", "sexual"), imputations=2)
    closure = found["odds_ratios"].get(CLOSURE, "sexual", "odds_ratio")
    assert closure.note == PENALISED and SEPARATED in closure.warning
    assert closure.value is not None and 0 < closure.value < 0.2
    assert found["odds_ratios"].get(CLOSURE, "physical", "odds_ratio").note == ""
    assert "Sexual abuse: 450 forms of 150 service users, log-F(1,1)" in found["odds_ratios"].note
    assert "maximum likelihood" in found["odds_ratios"].note
    few = found["predictions"].get("sexual__intake", "standard", "probability")
    assert "fewer than 10 forms have this severity" in few.warning
    assert found["person_level"].get(CLOSURE, "sexual", "odds_ratio").note == SEPARATED
    assert value(found["person_level"], CLOSURE, "physical", "odds_ratio") < 1
    absent = found["proportional_odds"].get("all", "sexual", "chi2")
    assert absent.state is State.NOT_AVAILABLE and absent.note
    # All answers at midpoint and closure are none, and none is missing: nothing to impute.
    assert "Not imputed" not in found["imputed"].note
    assert found["imputed"].get(CLOSURE, "sexual", "odds_ratio").note == PENALISED
    frame.loc[frame.index[frame["time_point"] == "closure"][:5], "sexual"] = "dont_know"
    found = house.answer(frame, formula=SHORT, outcomes=("sexual",), imputations=2, partial=False)
    assert "there is none: sexual abuse at case closure;" in found["imputed"].note
    assert found["imputed"].get(CLOSURE, "sexual", "odds_ratio").n == 445


def test_few_people_are_said_at_every_estimate(house: House) -> None:
    found = house.answer(forms(15, seed=3), formula="time_point", outcomes=PHYSICAL)
    cell = found["odds_ratios"].get(CLOSURE, "physical", "odds_ratio")
    assert "Only 15 service users: robust errors are too small with so few" in cell.warning


def test_an_interaction_is_a_term_of_both_its_predictors(house: House, drawn: pd.DataFrame) -> None:
    found = house.answer(
        drawn, formula="time_point * direct_contact", outcomes=PHYSICAL, partial=False
    )
    term = f"{CLOSURE}:direct_contact[T.yes]"
    assert value(found["odds_ratios"], term, "physical", "odds_ratio") > 0
    assert value(found["factor_tests"], "direct_contact", "physical", "df") == 3
    assert value(found["factor_tests"], "time_point", "physical", "df") == 4


def test_don_t_know_of_any_predictor_is_no_level(house: House, drawn: pd.DataFrame) -> None:
    answers = np.where(drawn.index % 2 == 0, "engaged", "did_not_engage")
    frame = drawn.assign(engagement=np.where(drawn.index % 10 == 0, "dont_know", answers))
    found = house.answer(frame, formula="time_point + engagement + sexual", outcomes=PHYSICAL)
    assert value(found["forms"], "left_out", "physical", "count") == 45
    assert list(found["odds_ratios"].row_labels.values())[2:] == [
        "Engagement with case manager: engaged",
        "Sexual abuse: standard",
        "Sexual abuse: moderate",
        "Sexual abuse: high",
    ]


def test_a_formula_without_predictors_has_no_term(house: House, drawn: pd.DataFrame) -> None:
    found = house.answer(drawn, formula="1", outcomes=PHYSICAL, imputations=2)
    for name in ("odds_ratios", "factor_tests", "imputed"):
        assert list(found[name].row_labels) == ["no_predictor"]
        assert reasons(found[name].cells)
    assert value(found["forms"], "used", "physical", "count") == 450


def test_wrong_parameters_are_refused(house: House, drawn: pd.DataFrame) -> None:
    with pytest.raises(ModelUsageError, match="no column 'height'"):
        house.answer(drawn, formula="time_point + height")
    with pytest.raises(ModelUsageError, match="cannot be read"):
        house.answer(drawn, formula="time_point +")
    for faulty in ({"outcomes": ["theft"]}, {"outcomes": []}, {"outcome": "physical"},
                   {"outcomes": ["physical", "physical"]}):  # fmt: skip
        with pytest.raises(ValidationError):
            BehaviourChangeParameters.model_validate(faulty)
    given = BehaviourChangeParameters.model_validate({"outcomes": ["sexual", "physical"]})
    assert given.outcomes == ("physical", "sexual")


def numbered(rows: pd.DataFrame) -> pd.DataFrame:
    """Return forms with a running number in place of each person's id, as models get them."""
    return rows.assign(person_id=pd.factorize(rows["person_id"])[0])


def test_forms_side_by_side_are_the_forms_again(drawn: pd.DataFrame) -> None:
    rows = coded(drawn)
    wide = WideForms.of(rows, ["time_point", "age", "relationship", "physical"])
    assert wide.predictors == ("age", "relationship")
    assert len(wide.people) == 150 and len(wide.known) == 12 and not wide.unknown
    back = wide.forms(wide.people).sort_values(["person_id", "time_point"], ignore_index=True)
    expected = numbered(rows).sort_values(["person_id", "time_point"], ignore_index=True)
    names = ["person_id", "time_point", *BEHAVIOURS, "age", "relationship"]
    pd.testing.assert_frame_equal(back[names], expected[names])


def test_given_answers_stay_and_missing_ones_are_drawn(holes: pd.DataFrame) -> None:
    rows = coded(holes)
    wide = WideForms.of(rows, ["age", "relationship"])
    imputations = wide.imputed(2, seed=1)
    for completed in imputations.datasets():
        made = wide.forms(completed)
        assert len(made) == 3 * rows["person_id"].nunique()
        assert not made[[*BEHAVIOURS, "relationship"]].isna().any().any()
        both = numbered(rows).merge(made, on=["person_id", "time_point"], suffixes=("", "_made"))
        assert len(both) == len(rows)
        for name in (*BEHAVIOURS, "relationship"):
            known = both[name].notna()
            assert (both.loc[known, name] == both.loc[known, f"{name}_made"]).all()


def test_variables_come_in_the_order_of_the_formula() -> None:
    columns = pd.Index(["age", "time_point", "direct_contact", "time"])
    assert variables_of("physical ~ time_point + log(age)", columns) == ("time_point", "age")
    assert merged([["a", "c"], ["a", "b", "c"], ["d"]]) == ["d", "a", "b", "c"]


def test_every_printed_number_stands_beside_a_cell(house: House, drawn: pd.DataFrame) -> None:
    asked = {"imputations": 0, "partial": False, "person_level": False}
    parameters = BehaviourChangeParameters.model_validate(asked).model_dump(mode="json")
    printed = [
        key
        for key in published_values(load_published("drive"), {"behaviour_change": parameters})
        if key[0].startswith("behaviour_change.")
    ]
    tables = house.answer(drawn, **asked)
    cells = {
        (table.id, cell.row, cell.column, cell.statistic)
        for table in tables.values()
        for cell in table.cells
    }
    assert len(printed) == 66
    assert set(printed) <= cells
    other = {"behaviour_change": parameters | {"references": {"relationship": "ex_partner"}}}
    assert not any(
        key[0].startswith("behaviour_change.")
        for key in published_values(load_published("drive"), other)
    )


def dropouts(people: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all forms, and those without the later ones of many whose abuse was high at first."""
    frame = forms(people, seed=seed, sigma=2.5)
    rng = np.random.default_rng(seed + 1)
    high = frame["person_id"].isin(
        frame.loc[(frame["time_point"] == "intake") & (frame["physical"] == "high"), "person_id"]
    )
    later = frame["time_point"] != "intake"
    gone = later & (rng.random(len(frame)) < np.where(high, 0.8, 0.1))
    return frame, frame[~gone].reset_index(drop=True)


def closures(house: House, frame: pd.DataFrame, imputations: int) -> dict[str, tuple[float, float]]:
    """Return the log odds ratio of case closure and its error, by table."""
    tables = house.answer(
        frame, formula="time_point", outcomes=PHYSICAL, partial=False, person_level=False,
        imputations=imputations,
    )  # fmt: skip
    found = {}
    for name in ("odds_ratios", "imputed") if imputations else ("odds_ratios",):
        ratio, bse = (value(tables[name], CLOSURE, "physical", s) for s in ("odds_ratio", "bse"))
        found[name] = (float(np.log(ratio)), bse / ratio)
    return found


def test_imputation_undoes_what_dropping_out_does(house: House) -> None:
    """Those with high abuse at intake leave: what remains looks better than it is."""
    every, seen = dropouts(600, seed=21)
    truth = closures(house, every, 0)["odds_ratios"][0]
    found = closures(house, seen, 5)
    assert found["odds_ratios"][0] < truth - 0.3
    assert found["imputed"][0] == pytest.approx(truth, abs=3 * found["imputed"][1])
    assert abs(found["imputed"][0] - truth) < abs(found["odds_ratios"][0] - truth) / 2


@pytest.mark.long
def test_the_interval_of_the_imputed_estimate_holds_the_truth(house: House) -> None:
    truth = closures(house, forms(20_000, seed=90, sigma=2.5), 0)["odds_ratios"][0]
    runs = [closures(house, dropouts(200, seed=100 + 2 * k)[1], 5)["imputed"] for k in range(60)]
    estimates, errors = np.array(runs).T
    assert estimates.mean() == pytest.approx(truth, abs=0.1)
    covered = np.abs(estimates - truth) < 1.96 * errors
    assert 0.88 <= covered.mean() <= 1.0
