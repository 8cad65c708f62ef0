"""Differences in differences of victims-survivors' answers: against statsmodels, and recovered."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from given import Warehouse, drive
from scipy.stats import norm

from datrial.analyses import victim_differences
from datrial.analyses.base import Context
from datrial.analyses.levels import BEHAVIOURS
from datrial.analyses.victim_differences import VictimDifferencesParameters
from datrial.analyses.victim_differences_data import plain_terms, term_words, times_of
from datrial.analyses.victim_differences_fits import Estimates, fit_difference
from datrial.analyses.victim_differences_selection import weigh
from datrial.config.study import Arm
from datrial.errors import UsageError
from datrial.models import two_sample_t
from datrial.results.cells import State, Table
from datrial.results.published import PublishedNumber, load_published

PLAIN: dict[str, Any] = {"imputations": 0, "penalty": "none"}
#: One behaviour and one covariate, where more would say no more.
SHORT: dict[str, Any] = {"outcomes": ["physical"], "formula": "cyps_involvement"}
COVARIATES = ("living_arrangement", "relationship", "criminal_record_domestic_abuse",
              "cyps_involvement")  # fmt: skip
LEVELS = {
    "living_arrangement": ("apart", "together", "intermittently"),
    "relationship": ("current_partner", "ex_partner", "intermittent_partner", "family_member",
                     "other"),
    "criminal_record_domestic_abuse": ("no", "yes"),
    "cyps_involvement": ("no", "yes"),
    "children_present": ("no", "yes"),
}  # fmt: skip
#: Log odds of any severity: at intake, exit, of the arm, and their product.
TRUTH = (0.6, -1.2, 0.2, -0.5)


def victims(
    people: int, seed: int, *, missing: float = 0.0, truth: tuple[float, ...] = TRUTH
) -> pd.DataFrame:
    """Draw victims-survivors whose answers at both times share a person effect.

    Parameters
    ----------
    missing
        How strongly having no exit form depends on abuse at intake and the arm; 0: all have one.
    """
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "victim_id": [f"v{i:05d}" for i in range(people)],
        "person_id": [f"p{i:05d}" for i in range(people)],
        "site": rng.choice(["site_1", "site_2", "site_3"], people),
        "arm": np.where(np.arange(people) % 3 == 0, "intervention", "control"),
        "age": rng.integers(18, 65, people),
    })  # fmt: skip
    for name, codes in LEVELS.items():
        frame[name] = rng.choice(codes, people)
    intake, later, arm, both = truth
    linear = arm * (frame["arm"] == "intervention") + 0.5 * (frame["cyps_involvement"] == "yes")
    for behaviour in BEHAVIOURS:
        # A bridge effect would be exact; this small a normal one attenuates by under 2%.
        person = rng.normal(0, 0.3, people)
        for time, shift in (("intake", 0.0), ("exit", later)):
            product = both * ((frame["arm"] == "intervention") & (time == "exit"))
            odds = intake + shift + linear + product + person
            shown = rng.random(people) < 1 / (1 + np.exp(-odds))
            level = rng.choice(["standard", "moderate", "high"], people)
            frame[f"{time}_{behaviour}"] = np.where(shown, level, "none")
    reasons = (frame["intake_physical"] != "none").astype(int) + (frame["arm"] == "intervention")
    risk = missing * (reasons - 1)
    gone = (rng.random(people) < 1 / (1 + np.exp(-(risk - 1)))) & (missing > 0)
    frame["has_exit_form"] = ~gone
    return frame


def house(frame: pd.DataFrame, *, study: Any = None, sites: tuple[str, ...] = ()) -> Warehouse:
    """Return a warehouse of these victims-survivors."""
    built = Warehouse(study)
    for site in sites or ("site_1", "site_2", "site_3"):
        built.covered("insights", site, "2016-02-15", "2019-09-30")
    columns = ["site", "victim_id", *BEHAVIOURS]
    forms = {
        "insights_intake": frame.rename(columns={"person_id": "perpetrator_id"} | {
            f"intake_{name}": name for name in BEHAVIOURS})[
            ["perpetrator_id", "age", *LEVELS, *columns]].assign(intake_date="2017-02-01"),
        "insights_exit": frame[frame["has_exit_form"]].rename(
            columns={f"exit_{name}": name for name in BEHAVIOURS})[columns].assign(
            exit_date="2017-05-01"),
        "allocation": frame[["person_id", "site", "arm"]].assign(meeting_date="2017-01-15"),
    }  # fmt: skip
    for name, rows in forms.items():
        table = f"ledger.{name}" if name == "allocation" else f"staging.{name}"
        built.connection.register("arrived", rows)
        listed = ", ".join(rows.columns)
        built.connection.execute(f"insert into {table} ({listed}) select {listed} from arrived")
        built.connection.unregister("arrived")
    built.build()
    return built


@cache
def trial() -> Warehouse:
    """Return 600 victims-survivors, of whom some have no exit form and some don't know."""
    frame = victims(600, 5, missing=1.5)
    frame.loc[frame.index % 17 == 0, "intake_physical"] = "dont_know"
    frame.loc[frame.index % 29 == 0, "cyps_involvement"] = "dont_know"
    frame.loc[frame.index % 31 == 0, "relationship"] = None
    return house(frame)


def answer(warehouse: Warehouse, **parameters: Any) -> dict[str, Table]:
    """Return the tables; every cell without a value says why, and no cell is there twice."""
    chosen = victim_differences.ANALYSIS
    context = Context(warehouse.connection, warehouse.study, np.random.default_rng(1))
    asked = VictimDifferencesParameters.model_validate({**PLAIN, **parameters})
    tables = chosen.run(context, asked)
    for table in tables:
        assert table.id.startswith("victim_differences.")
        assert table.catalogue == ("D-TA4",)
        keys = [(cell.row, cell.column, cell.statistic) for cell in table.cells]
        assert len(keys) == len(set(keys))
        for cell in table.cells:
            assert (cell.state is State.VALUE) == (cell.value is not None)
            assert cell.state is State.VALUE or cell.note
    return {table.id.partition(".")[2]: table for table in tables}


@lru_cache(maxsize=1)
def plain() -> dict[str, Table]:
    return answer(trial())


def value(table: Table, row: str, column: str, statistic: str) -> float:
    found = table.get(row, column, statistic).value
    assert found is not None, (table.id, row, column, statistic)
    return found


def long_rows(warehouse: Warehouse, behaviour: str) -> pd.DataFrame:
    """Return the rows of the published model, made without the analysis."""
    mart = warehouse.connection.execute(
        "select * from marts.victim_survivor where has_exit_form order by person_id"
    ).df()
    parts = []
    for time in ("intake", "exit"):
        known = mart[f"{time}_{behaviour}"].isin(["none", "standard", "moderate", "high"])
        part = mart[known].assign(after=float(time == "exit"))
        part["any"] = (part[f"{time}_{behaviour}"] != "none").astype(float)
        parts.append(part)
    rows = pd.concat(parts, ignore_index=True)
    keep = rows["cyps_involvement"].isin(["no", "yes"]) & rows["relationship"].notna()
    return rows[keep].reset_index(drop=True)


def design(rows: pd.DataFrame) -> pd.DataFrame:
    arm = (rows["arm"] == "intervention").astype(float)
    columns = {"const": 1.0, "time": rows["after"], "arm": arm,
               "difference_in_differences": arm * rows["after"]}  # fmt: skip
    for name in COVARIATES:
        for code in LEVELS[name][1:]:
            columns[f"{name}[T.{code}]"] = (rows[name] == code).astype(float)
    return pd.DataFrame(columns, index=rows.index)


@pytest.mark.parametrize("behaviour", ["physical", "jealous_controlling"])
def test_the_logit_is_that_of_statsmodels_with_clustered_errors(behaviour: str) -> None:
    rows = long_rows(trial(), behaviour)
    groups = pd.factorize(rows["victim_id"])[0]
    fit = sm.Logit(rows["any"], design(rows)).fit(
        disp=0, tol=1e-12, cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    clusters = groups.max() + 1
    # The factor G/(G-1) of Stata's maximum-likelihood commands; statsmodels has another.
    errors = fit.bse * np.sqrt(clusters / (clusters - 1))
    table = plain()["odds_ratios"]
    for term in fit.params.index.drop("const"):
        ratio = np.exp(fit.params[term])
        # Two maximisers to their own tolerances, about 1e-8.
        assert value(table, term, behaviour, "odds_ratio") == pytest.approx(ratio, rel=1e-6)
        assert value(table, term, behaviour, "bse") == pytest.approx(ratio * errors[term], rel=1e-5)
        p_value = 2 * norm.sf(abs(fit.params[term] / errors[term]))
        assert value(table, term, behaviour, "p_value") == pytest.approx(p_value, rel=1e-4)
    cell = table.get("difference_in_differences", behaviour, "odds_ratio")
    assert cell.n == clusters
    assert list(table.row_labels)[:3] == ["difference_in_differences", "time", "arm"]


def test_the_effect_on_the_probability_is_that_of_the_averaged_predictions() -> None:
    rows = long_rows(trial(), "sexual")
    matrix = design(rows)
    fit = sm.Logit(rows["any"], matrix).fit(disp=0, tol=1e-12)
    cells = {}
    for time in (0.0, 1.0):
        for arm in (0.0, 1.0):
            put = matrix.assign(time=time, arm=arm, difference_in_differences=time * arm)
            cells[time, arm] = float(np.mean(fit.predict(put)))
    effect = cells[1, 1] - cells[0, 1] - (cells[1, 0] - cells[0, 0])
    tables = plain()
    assert value(tables["probabilities"], "sexual", "binary", "effect") == pytest.approx(
        effect, abs=1e-7
    )
    shown = value(tables["cells"], "sexual__exit", "intervention", "probability")
    assert shown == pytest.approx(cells[1, 1], abs=1e-7)


def test_the_linear_effect_is_the_difference_of_the_mean_changes() -> None:
    mart = trial().connection.execute("select * from marts.victim_survivor").df()
    both = mart[mart["has_exit_form"] & (mart["intake_physical"] != "dont_know")]
    change = (both["exit_physical"] != "none").astype(float) - (both["intake_physical"] != "none")
    expect = two_sample_t(change, (both["arm"] == "intervention").astype(float), reference=0.0)
    found = plain()["probabilities"]
    assert value(found, "physical", "linear", "effect") == pytest.approx(expect.difference)
    cell = found.get("physical", "linear", "p_value")
    assert cell.n == len(both)


def test_holm_is_over_the_four_behaviours() -> None:
    effects = plain()["effects"]
    raw = sorted((value(effects, name, "binary", "p_value"), name) for name in BEHAVIOURS)
    least, name = raw[0]
    assert value(effects, name, "binary", "p_value_adjusted") == pytest.approx(min(4 * least, 1))
    asked = answer(trial(), outcomes=[name])["effects"]
    assert value(asked, name, "binary", "p_value_adjusted") == pytest.approx(least)
    left = asked.get(raw[1][1], "binary", "odds_ratio")
    assert left.note == "the study file does not ask for this behaviour"


def test_swapped_arms_turn_the_odds_ratio_over_and_the_effect_round() -> None:
    frame = victims(300, 8)
    other = frame.assign(arm=frame["arm"].map({"intervention": "control",
                                               "control": "intervention"}))  # fmt: skip
    one, two = (answer(house(each), **SHORT) for each in (frame, other))
    for model in ("binary", "ordered"):
        ratios = [value(each["effects"], "physical", model, "odds_ratio") for each in (one, two)]
        assert ratios[0] * ratios[1] == pytest.approx(1, abs=1e-6)
        assert abs(np.log(ratios[0])) > 0.05
    for model in ("binary", "linear"):
        effects = [value(each["probabilities"], "physical", model, "effect") for each in (one, two)]
        assert sum(effects) == pytest.approx(0, abs=1e-7)


def keys(tables: dict[str, Table]) -> set[tuple[str, str, str, str]]:
    return {(name, cell.row, cell.column, cell.statistic)
            for name, table in tables.items() for cell in table.cells}  # fmt: skip


def test_without_data_the_same_cells_say_why() -> None:
    empty = Warehouse()
    empty.allocated(("p1", "site_2", "2017-01-15", "control"))
    empty.build()
    for imputations in (0, 2):
        nothing = answer(empty, imputations=imputations)
        assert keys(nothing) == keys(plain())
        for name, table in nothing.items():
            for cell in table.cells:
                if (name, cell.row) != ("seen", "allocated"):
                    assert cell.note == "no IDVA data were received", (name, cell)


def test_a_part_in_which_nobody_is_says_so() -> None:
    tables = answer(trial(), only={"arm": ["intervention"]}, imputations=2)
    assert keys(tables) == keys(plain())
    cell = tables["odds_ratios"].get("difference_in_differences", "physical", "odds_ratio")
    assert cell.note == "victims-survivors of one arm only are in this part of the data"
    assert tables["probabilities"].get("physical", "linear", "effect").note == cell.note
    nobody = answer(trial(), only={"age": ["17"]}, imputations=2)
    assert keys(nobody) == keys(plain())
    cell = nobody["effects"].get("physical", "imputed", "odds_ratio")
    assert cell.note == "no victim-survivor is in this part of the data"


def test_a_separated_behaviour_is_penalised_or_has_no_estimate() -> None:
    frame = victims(200, 3)
    frame.loc[frame["arm"] == "intervention", "exit_sexual"] = "none"
    built = house(frame)
    two = ["physical", "sexual"]
    auto = answer(built, **{**SHORT, "penalty": "auto", "outcomes": two})
    place = ("difference_in_differences", "sexual", "odds_ratio")
    ratio = auto["odds_ratios"].get(*place)
    assert ratio.note == "Firth's penalised likelihood"
    assert 0 < (ratio.value or 0) < 0.5
    assert auto["ordered"].get(*place).note == "log-F(1,1) penalty"
    assert np.isfinite(value(auto["effects"], "sexual", "binary", "ci_high"))
    assert "the difference in differences" in auto["odds_ratios"].note
    never = answer(built, **{**SHORT, "outcomes": two})
    cell = never["odds_ratios"].get(*place)
    assert (cell.state, cell.note) == (
        State.NOT_AVAILABLE, "separated: without a penalty there is no finite estimate",
    )  # fmt: skip
    # A behaviour that is not separated has its estimate all the same.
    assert value(never["odds_ratios"], place[0], "physical", "odds_ratio") > 0


def test_an_outcome_without_variety_says_so() -> None:
    frame = victims(60, 4).assign(intake_sexual="none", exit_sexual="none")
    tables = answer(house(frame), penalty="auto", outcomes=["sexual"])
    assert keys(tables) == keys(plain())
    for model in ("binary", "ordered"):
        cell = tables["effects"].get("sexual", model, "p_value")
        assert cell.note == "all answers in the model to sexual abuse are alike"
    assert tables["effects"].get("sexual", "binary", "p_value_adjusted").value is None


def test_an_answer_that_all_gave_is_imputed_as_it_is() -> None:
    frame = victims(200, 4, missing=1.5).assign(exit_sexual="none")
    asked = {**SHORT, "penalty": "auto", "imputations": 2, "outcomes": ["physical", "sexual"]}
    tables = answer(house(frame), **asked)
    for behaviour in ("physical", "sexual"):
        cell = tables["effects"].get(behaviour, "imputed", "odds_ratio")
        assert (cell.n, cell.state) == (200, State.VALUE)
    assert tables["effects"].get("sexual", "imputed", "odds_ratio").note.startswith("Firth")


def test_a_subset_has_the_numbers_of_that_subset() -> None:
    frame = victims(400, 6)
    part = frame[frame["site"] != "site_3"]
    asked = answer(house(frame), only={"site": ["site_1", "site_2"]}, **SHORT)
    alone = answer(house(part), **SHORT)
    for name in ("odds_ratios", "ordered", "effects", "probabilities", "cells"):
        left, right = alone[name], asked[name]
        for cell in left.cells:
            if cell.state is State.VALUE:
                other = right.get(cell.row, cell.column, cell.statistic)
                assert other.value == pytest.approx(cell.value, rel=1e-6, abs=1e-9)
                assert other.n == cell.n
    assert "Only rows with site: Site 1, Site 2." in asked["effects"].note
    assert (
        asked["seen"].get("allocated", "control", "count").value
        == (frame["arm"] == "control").sum()
    )


def test_another_reference_changes_what_is_compared_and_not_the_effect() -> None:
    asked = answer(trial(), references={"relationship": "ex_partner"}, outcomes=["physical"])
    for table, statistic in (("effects", "odds_ratio"), ("probabilities", "effect")):
        for model in ("binary", "ordered", "weighted"):
            found = [value(each[table], "physical", model, statistic) for each in (plain(), asked)]
            assert found[0] == pytest.approx(found[1], rel=1e-5, abs=1e-8)
    one = value(plain()["odds_ratios"], "relationship[T.ex_partner]", "physical", "odds_ratio")
    two = value(asked["odds_ratios"], "relationship[T.current_partner]", "physical", "odds_ratio")
    assert one * two == pytest.approx(1, rel=1e-6)
    assert "relationship[T.ex_partner]" not in asked["odds_ratios"].row_labels


def test_dont_know_can_count_as_no() -> None:
    counted = answer(trial(), dont_know="no", outcomes=["physical"])["odds_ratios"]
    place = ("difference_in_differences", "physical", "odds_ratio")
    rows = trial().get("intake_physical, cyps_involvement, relationship", "marts.victim_survivor",
                       "has_exit_form")  # fmt: skip
    with_relationship = [row for row in rows if row[2]]
    assert counted.get(*place).n == len(with_relationship)
    assert plain()["odds_ratios"].get(*place).n == sum(
        row[1] != "dont_know" for row in with_relationship
    )
    assert counted.get(*place).value != plain()["odds_ratios"].get(*place).value


def test_any_form_keeps_those_without_an_exit_form() -> None:
    asked = answer(trial(), population="any_form", outcomes=["physical"])
    place = ("physical", "binary", "odds_ratio")
    assert (asked["effects"].get(*place).n or 0) > (plain()["effects"].get(*place).n or 0)
    # Weights are of those with both forms, and the linear model of those with both answers.
    for column, table in (("weighted", "effects"), ("linear", "probabilities")):
        for cell in asked[table].cells:
            if (cell.row, cell.column) == ("physical", column):
                same = plain()[table].get(cell.row, cell.column, cell.statistic)
                assert (same.value, same.n) == (cell.value, cell.n)


def test_another_formula_has_its_own_rows() -> None:
    tables = answer(trial(), formula="age + site + time:cyps_involvement",
                    outcomes=["physical"])  # fmt: skip
    assert list(tables["odds_ratios"].row_labels)[3:5] == ["age", "site[T.site_2]"]
    assert any(":" in row for row in tables["odds_ratios"].row_labels)
    assert tables["odds_ratios"].row_labels["site[T.site_2]"] == "Site: Site 2"
    nothing = answer(trial(), formula="", outcomes=["physical"])
    assert list(nothing["odds_ratios"].row_labels) == ["difference_in_differences", "time", "arm"]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"references": {"arm": "intervention"}}, "there is no coded column 'arm'"),
        ({"references": {"relationship": "wife"}}, "relationship has no code 'wife'"),
        ({"only": {"town": ["x"]}}, "there is no column 'town'"),
        ({"formula": "wealth"}, "no column 'wealth'"),
    ],
)
def test_wrong_use_is_told(parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        answer(trial(), **parameters)


def test_the_same_again_is_equal_and_the_imputed_are_all_with_an_intake_form() -> None:
    one, two = (answer(trial(), imputations=2, **SHORT) for _ in range(2))
    cell = one["effects"].get("physical", "imputed", "odds_ratio")
    assert (cell.n, cell.state) == (600, State.VALUE)
    assert 0 <= value(one["effects"], "physical", "imputed", "fmi") <= 1
    assert "drawn 2 times by chained equations" in one["effects"].note
    assert {name: table.cells for name, table in one.items()} == {
        name: table.cells for name, table in two.items()
    }


def test_with_nothing_missing_the_imputed_are_the_complete_cases() -> None:
    tables = answer(house(victims(250, 9)), imputations=2, **SHORT)
    for name, statistics in (
        ("effects", ("odds_ratio", "ci_low", "ci_high", "p_value")),
        ("probabilities", ("effect", "ci_low", "ci_high", "p_value")),
    ):
        for statistic in statistics:
            complete = value(tables[name], "physical", "binary", statistic)
            imputed = value(tables[name], "physical", "imputed", statistic)
            assert imputed == pytest.approx(complete, rel=1e-6)
    # Everybody was seen: there is nothing to weight.
    cell = tables["effects"].get("physical", "weighted", "odds_ratio")
    assert "the weights could not be computed: Everybody" in cell.note


def test_weights_balance_their_predictors_and_the_model_uses_them() -> None:
    tables = plain()
    balance, spread = tables["balance"], tables["weights"]
    before, after = (
        max(abs(value(balance, row, column, "smd")) for row in balance.row_labels)
        for column in ("before", "after")
    )
    assert before > 0.1 > 2 * after
    assert balance.row_labels["arm[T.intervention]"] == "Arm: Drive"
    assert value(spread, "effective_sample_size", "weight", "effective_sample_size") < value(
        spread, "n_observed", "weight", "count"
    )
    assert value(spread, "mean", "weight", "mean") == pytest.approx(1, abs=0.05)


def test_the_weighted_model_is_the_weighted_score_equation() -> None:
    """statsmodels' binomial GLM with the same weights has the same estimates."""
    mart = trial().connection.execute(
        "select * from marts.victim_survivor order by person_id, victim_id"
    ).df()  # fmt: skip
    parameters = VictimDifferencesParameters.model_validate(PLAIN)
    context = Context(trial().connection, trial().study, np.random.default_rng(1))
    found = weigh(victim_differences.read_victims(context, parameters), parameters.weights_formula)
    assert not isinstance(found, str)
    weight = dict(zip(mart.loc[found.weights.index, "victim_id"], found.weights, strict=True))
    rows = long_rows(trial(), "harassment_stalking")
    rows["weight"] = rows["victim_id"].map(weight)
    rows = rows.dropna(subset=["weight"]).reset_index(drop=True)
    fit = sm.GLM(rows["any"], design(rows), sm.families.Binomial(),
                 freq_weights=rows["weight"]).fit(tol=1e-12)  # fmt: skip
    ratio = value(plain()["effects"], "harassment_stalking", "weighted", "odds_ratio")
    assert ratio == pytest.approx(np.exp(fit.params["difference_in_differences"]), rel=1e-6)


def test_who_was_seen_is_counted_by_perpetrator() -> None:
    frame = victims(6, 2).assign(has_exit_form=[True, False, True, True, False, False])
    frame["site"] = ["site_1", "site_1", "site_2", "site_2", "site_2", "site_3"]
    built = house(frame, sites=("site_1", "site_2"))
    built.allocated(("z1", "site_2", "2017-01-15", "control"))
    built.build()
    table = answer(built, **SHORT)["seen"]
    # Intervention: v0 and v3; control: v1, v2, v4, z1, and v5 of a site that sent nothing.
    assert table.get("allocated", "control", "count").value == 5
    assert table.get("with_intake_form", "control", "count").value == 3
    assert table.get("with_intake_form", "control", "share").value == 0.75
    assert table.get("with_both_forms", "intervention", "share").value == 1
    warning = table.get("with_both_forms", "control", "share").warning
    assert warning == "without Site 3, of which no IDVA data were received"


def test_a_blinded_study_has_its_codes_in_the_place_of_arms() -> None:
    coded = drive(arms={arm: Arm(label=arm, role="coded") for arm in ("arm_a", "arm_b")})
    frame = victims(200, 7)
    codes = {"control": "arm_a", "intervention": "arm_b"}
    tables = answer(house(frame.assign(arm=frame["arm"].map(codes)), study=coded), **SHORT)
    for table in tables.values():
        said = (str(table.row_labels) + str(table.column_labels) + table.note).lower()
        assert not {"intervention", "drive"} & {word.strip(".,:;'{}()") for word in said.split()}
    unblinded = answer(house(frame), **SHORT)
    found = [value(each["effects"], "physical", "binary", "odds_ratio")
             for each in (tables, unblinded)]  # fmt: skip
    assert found[0] == pytest.approx(found[1])
    label = tables["odds_ratios"].row_labels["difference_in_differences"]
    assert label == "Difference in differences, arm_b against arm_a"
    assert list(tables["cells"].column_labels) == ["arm_a", "arm_b"]


def test_with_more_than_two_arms_the_others_are_one_side() -> None:
    three = drive(arms={
        "low": Arm(label="Low", role="intervention"),
        "high": Arm(label="High", role="intervention"),
        "control": Arm(label="Control", role="control"),
    })  # fmt: skip
    frame = victims(300, 7)
    arms = np.where(frame["arm"] == "control", "control", np.where(frame.index % 2, "low", "high"))
    tables = answer(house(frame.assign(arm=arms), study=three), **SHORT)
    assert list(tables["cells"].column_labels) == ["control", "others"]
    assert list(tables["seen"].column_labels) == ["control", "low", "high"]
    two = answer(house(frame), **SHORT)
    assert value(tables["effects"], "physical", "binary", "odds_ratio") == pytest.approx(
        value(two["effects"], "physical", "binary", "odds_ratio")
    )


def recovered(people: int, repeats: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the log odds ratio of each data set and whether its interval holds the truth."""
    found, held = [], []
    for seed in range(repeats):
        fit = fit_difference(
            times_of(pd.DataFrame(victims(people, 100 + seed)).assign(
                side=lambda wide: np.where(wide["arm"] == "control", "reference", "others"))),
            "physical", "cyps_involvement", {},
        )  # fmt: skip
        assert isinstance(fit, Estimates)
        ratio, low, high, _ = np.log([*fit.odds_ratio[:3], 1.0])
        found.append(ratio)
        held.append(low <= TRUTH[-1] <= high)
    return np.array(found), np.array(held)


def test_the_true_odds_ratio_is_recovered() -> None:
    found, held = recovered(400, 30)
    # Three Monte Carlo errors, and what the person effect takes from the pooled log odds (2%).
    error = 3 * found.std(ddof=1) / np.sqrt(len(found))
    assert abs(found.mean() - TRUTH[-1]) < error + 0.02 * abs(TRUTH[-1])
    # 95% of 30: fewer than 25 held about once in three hundred times; the seeds are fixed.
    assert held.sum() >= 25


@pytest.mark.long
def test_the_true_odds_ratio_is_recovered_with_its_coverage() -> None:
    found, held = recovered(800, 300)
    error = 3 * found.std(ddof=1) / np.sqrt(len(found))
    assert abs(found.mean() - TRUTH[-1]) < error + 0.02 * abs(TRUTH[-1])
    assert 0.91 <= held.mean() <= 0.985


@pytest.mark.long
def test_imputation_and_weights_undo_a_selection_on_what_is_known() -> None:
    """Who has an exit form depends on arm and intake together: complete cases alone are off."""
    logs: dict[str, list[float]] = {"binary": [], "imputed": [], "weighted": []}
    for seed in range(20):
        tables = answer(house(victims(1000, 900 + seed, missing=1.5)), imputations=5,
                        outcomes=["physical"])  # fmt: skip
        for model, values in logs.items():
            values.append(np.log(value(tables["effects"], "physical", model, "odds_ratio")))
    assert np.mean(logs.pop("binary")) > TRUTH[-1] + 0.2
    for model, values in logs.items():
        error = 3 * np.std(values, ddof=1) / np.sqrt(len(values))
        assert abs(np.mean(values) - TRUTH[-1]) < error + 0.03, model


@cache
def published() -> list[PublishedNumber]:
    return [each for each in load_published("drive") if each.table.startswith("victim_diff")]


def test_every_published_number_has_its_cell_and_its_condition() -> None:
    parameters = VictimDifferencesParameters().model_dump(mode="json")
    others = ({"dont_know": "no"}, {"only": {"site": ["site_1"]}}, {"population": "any_form"},
              {"references": {"relationship": "other"}}, {"formula": "age"})  # fmt: skip
    of_models = 0
    for number in published():
        plain()[number.table.partition(".")[2]].get(number.row, number.column, number.statistic)
        assert number.comparable({"victim_differences": parameters})
        if number.table == "victim_differences.seen":
            continue  # about everybody, whatever the models are asked
        of_models += 1
        for changed in others:
            assert not number.comparable({"victim_differences": {**parameters, **changed}})
    assert of_models == 4 * 11 * 5 - 1  # an upper limit is not printed


def test_the_printed_tables_agree_with_themselves() -> None:
    """Odds ratio, error, p-value and interval of a row, each within its last digit."""
    printed: dict[tuple[str, str], dict[str, float]] = {}
    for number in published():
        if number.table == "victim_differences.seen":
            continue
        printed.setdefault((number.row, number.column), {})[number.statistic] = number.value
    for place, row in printed.items():
        if row["odds_ratio"] < 0.05:
            continue  # too few digits to say anything
        near = [(row["odds_ratio"] + a, max(row["bse"] + b, 5e-4))
                for a in (-0.005, 0.0, 0.005) for b in (-0.005, 0.0, 0.005)]  # fmt: skip
        for end, side in (("ci_low", -1.96), ("ci_high", 1.96)):
            ends = [ratio * np.exp(side * error / ratio) for ratio, error in near]
            assert min(ends) - 0.0051 <= row[end] <= max(ends) + 0.0051, (place, end)
        tests = [2 * norm.sf(abs(np.log(ratio) * ratio / error)) for ratio, error in near]
        top = 1.0 if abs(row["odds_ratio"] - 1) < 0.005 else max(tests)
        assert min(tests) - 0.0051 <= row["p_value"] <= top + 0.0051, place
    # The text has another upper limit of the same odds ratio, which the table's own error refutes.
    cyps = printed["cyps_involvement[T.yes]", "harassment_stalking"]
    assert cyps["ci_high"] == 2.36
    assert 1.71 * np.exp(1.96 * 0.28 / 1.71) < 2.385


def test_terms_are_named_in_words() -> None:
    levels = {"site": {"site_2": "Site 2"}, "arm": {"arm_b": "B"},
              "cyps_involvement": {"no": "No", "yes": "Yes"}}  # fmt: skip
    assert term_words("arm[T.arm_b]", levels) == "Arm: B"
    assert term_words("intake_any_sexual", levels) == "Sexual abuse, any at intake"
    assert term_words("site[T.site_2]:age", levels) == (
        "Site: Site 2 and Age of the victim-survivor (years)"
    )
    assert plain_terms("age + cyps_involvement + age:site", levels, {}) == {
        "age": "Age of the victim-survivor (years)",
        "cyps_involvement[T.yes]": "Children and young people's services involved: yes",
    }
