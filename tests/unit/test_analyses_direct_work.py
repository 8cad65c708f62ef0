"""Direct work and behaviour: the models against those made by hand, and what cannot be told."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from given import Warehouse
from pydantic import ValidationError
from scipy.special import expit
from scipy.stats import norm

from datrial.analyses import direct_work
from datrial.analyses.base import Context
from datrial.analyses.direct_work_fits import (
    EXPOSURES,
    LEVELS,
    NOT_SENT,
    DirectWorkParameters,
    Estimate,
    Models,
    estimate_of,
)
from datrial.analyses.direct_work_imputed import imputed_estimates
from datrial.analyses.levels import BEHAVIOURS, SEVERITY, TIME_POINTS
from datrial.analyses.regression import model_rows
from datrial.errors import UsageError
from datrial.models import adjust_benjamini_hochberg, fit_ordered_logit
from datrial.results.cells import State, Table
from datrial.results.published import load_published

SITES = ("site_1", "site_2")
SHOWN = {"physical": 0.5, "sexual": 0.04, "harassment_stalking": 0.45, "jealous_controlling": 0.6}
Forms = list[dict[str, Any]]


@cache
def drawn(people: int = 150, seed: int = 7) -> Forms:
    """Return service users: covariates, the work they had, and their severities.

    Behaviour-change work goes with less physical abuse at case closure. Sexual abuse is rare.
    """
    rng = np.random.default_rng(seed)
    users: Forms = []
    for number in range(people):
        work = [name for name, share in zip(EXPOSURES, (0.6, 0.5, 0.4), strict=True)
                if rng.random() < share]  # fmt: skip
        living: str | None = str(rng.choice(["apart", "apart", "together"]))
        living = {0: None, 1: "dont_know"}.get(number % 12, living)
        forms = {}
        for time_point in TIME_POINTS:
            fell = time_point == "closure" and "behaviour_change" in work
            forms[time_point] = {
                name: str(rng.choice(list(SEVERITY)[1:]))
                if rng.random() < (share * 0.1 if fell and name == "physical" else share)
                else "none"
                for name, share in SHOWN.items()
            }
            if rng.random() < 0.05:
                forms[time_point]["jealous_controlling"] = "dont_know"
        users.append(
            {"work": work, "living": living, "age": int(rng.integers(18, 60)), "forms": forms,
             "site": SITES[number % 2]}
        )  # fmt: skip
    return users


def house_of(users: Forms, *, silent: str = "") -> Warehouse:
    """Return a warehouse of these service users; of the silent site no actions were sent."""
    house = Warehouse()
    for site in SITES:
        house.covered("cms", site, "2016-02-01", "2019-09-30")
    arrived: dict[str, list[dict[str, Any]]] = {
        "ledger.allocation": [], "staging.cms_service_user": [], "staging.cms_behaviour": [],
        "staging.cms_action": [],
    }  # fmt: skip
    for number, user in enumerate(users):
        who = {"perpetrator_id": f"p{number:03d}"}
        done = [("indirect", "case_update"), *(("direct", name) for name in user["work"])]
        arrived["ledger.allocation"].append(
            {"person_id": who["perpetrator_id"], "site": user["site"],
             "meeting_date": "2016-09-01", "arm": "intervention"}
        )  # fmt: skip
        arrived["staging.cms_service_user"].append(
            who | {"start_date": "2016-09-10", "closure_date": "2017-08-10", "completed": "yes",
                   "living_arrangement": user["living"], "age": user["age"]}
        )  # fmt: skip
        arrived["staging.cms_behaviour"] += [
            who | {"time_point": time_point} | form for time_point, form in user["forms"].items()
        ]
        arrived["staging.cms_action"] += [
            who | {"action_date": "2016-11-01", "work": work, "action": action}
            for work, action in done
            if user["site"] != silent
        ]
    for table, rows in arrived.items():
        frame = pd.DataFrame(rows)
        if frame.empty:
            continue
        house.connection.register("arrived", frame)
        names = ", ".join(frame.columns)
        house.connection.execute(f"insert into {table} ({names}) select {names} from arrived")
        house.connection.unregister("arrived")
    house.build()
    return house


def answer(house: Warehouse, seed: int = 1, **parameters: Any) -> dict[str, Table]:
    """Return the tables; every cell without a value says why, and no cell is there twice."""
    chosen = direct_work.ANALYSIS
    context = Context(house.connection, house.study, np.random.default_rng(seed))
    tables = chosen.run(context, chosen.parameters.model_validate({"imputations": 0, **parameters}))
    for table in tables:
        assert table.catalogue == chosen.catalogue
        keys = [(cell.row, cell.column, cell.statistic) for cell in table.cells]
        assert len(keys) == len(set(keys))
        for cell in table.cells:
            assert (cell.state is State.VALUE) == (cell.value is not None)
            assert cell.state is State.VALUE or cell.note
            # Counts of few forms are cells, which can be suppressed, never text.
            assert "has only" not in cell.note + cell.warning
        assert "has only" not in table.note
    return {table.id.removeprefix("direct_work."): table for table in tables}


@pytest.fixture(scope="module")
def house() -> Warehouse:
    return house_of(drawn())


@pytest.fixture(scope="module")
def tables(house: Warehouse) -> dict[str, Table]:
    return answer(house)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Return the forms as a model takes them, without the analysis's own hands."""
    rows = [
        {"person_id": number, "time_point": time_point, "age": user["age"], "site": user["site"],
         "living_arrangement": user["living"], **form,
         **{name: "yes" if name in user["work"] else "no" for name in EXPOSURES}}
        for number, user in enumerate(drawn())
        for time_point, form in user["forms"].items()
    ]  # fmt: skip
    data = pd.DataFrame(rows)
    levels: dict[str, list[str]] = {name: list(SEVERITY) for name in BEHAVIOURS}
    levels |= {"time_point": list(TIME_POINTS), "living_arrangement": ["apart", "together"]}
    for name, codes in levels.items():
        known = data[name].where(data[name].isin(codes))
        data[name] = pd.Categorical(known, categories=codes, ordered=True)
    return data


def peer(frame: pd.DataFrame, formula: str) -> Any:
    return fit_ordered_logit(formula, frame, cluster="person_id", penalty="auto")


RIGHT_SIDES = {"unadjusted": "", "adjusted": " + living_arrangement + age"}


@pytest.mark.parametrize("kind", list(RIGHT_SIDES))
@pytest.mark.parametrize(
    ("exposure", "behaviour"),
    [("behaviour_change", "physical"), ("contact", "sexual"), ("contact", "jealous_controlling")],
)
def test_odds_ratios_and_probabilities_are_those_of_the_models(
    tables: dict[str, Table], frame: pd.DataFrame, kind: str, exposure: str, behaviour: str
) -> None:
    fit = peer(frame, f"{behaviour} ~ {exposure}{RIGHT_SIDES[kind]}")
    ratios = fit.odds_ratios().loc[f"{exposure}[T.yes]"]
    row = f"{exposure}__{behaviour}"
    for statistic in ("odds_ratio", "bse", "p_value", "ci_low", "ci_high"):
        cell = tables["odds_ratios"].get(row, kind, statistic)
        assert cell.value == pytest.approx(ratios[statistic], rel=1e-6)
        assert cell.n == fit.nobs
    averages = fit.average_predictions(exposure)
    for had in ("yes", "no"):
        found = [
            tables["probabilities"].get(f"{row}__{had}__{kind}", level, "probability").value
            for level in SEVERITY
        ]
        assert found == pytest.approx(averages.loc[had, "probability"].tolist(), rel=1e-6)
        assert sum(each for each in found if each) == pytest.approx(1)
        high = tables["probabilities"].get(f"{row}__{had}__{kind}", "high", "ci_high").value
        assert high == pytest.approx(averages.loc[(had, "high"), "ci_high"], rel=1e-6)


def test_the_change_is_that_of_work_by_time_point(
    tables: dict[str, Table], frame: pd.DataFrame
) -> None:
    fit = peer(frame, "physical ~ behaviour_change * time_point + living_arrangement + age")
    for time_point in ("midpoint", "closure"):
        ratios = fit.odds_ratios().loc[f"behaviour_change[T.yes]:time_point[T.{time_point}]"]
        cell = tables["change"].get("behaviour_change__physical", time_point, "odds_ratio")
        assert cell.value == pytest.approx(ratios["odds_ratio"], rel=1e-6)
        low = tables["change"].get("behaviour_change__physical", time_point, "ci_low").value
        assert low == pytest.approx(ratios["ci_low"], rel=1e-6)
    closure = tables["change"].get("behaviour_change__physical", "closure", "p_value").value
    assert closure is not None and closure < 0.05  # as it was put in
    assert cell.value is not None and cell.value < 0.6


@pytest.mark.parametrize(
    ("table", "column"),
    [("odds_ratios", "unadjusted"), ("odds_ratios", "adjusted"), ("change", "closure")],
)
def test_the_p_values_of_a_column_are_adjusted_together(
    tables: dict[str, Table], table: str, column: str
) -> None:
    rows = [f"{exposure}__{behaviour}" for exposure in EXPOSURES for behaviour in BEHAVIOURS]
    assert list(tables[table].row_labels) == rows
    raw = [tables[table].get(row, column, "p_value").value for row in rows]
    ours = [tables[table].get(row, column, "p_value_adjusted").value for row in rows]
    assert len(raw) == 12
    assert ours == pytest.approx(list(adjust_benjamini_hochberg(raw)))  # type: ignore[arg-type]


def test_a_rare_behaviour_is_penalised_and_says_so(tables: dict[str, Table]) -> None:
    cell = tables["odds_ratios"].get("contact__sexual", "adjusted", "odds_ratio")
    assert cell.value is not None and "log-F(1,1)" in cell.note
    plain = tables["odds_ratios"].get("contact__physical", "unadjusted", "odds_ratio")
    assert "log-F" not in plain.note
    # The work itself rests on few forms where nobody with it shows the behaviour.
    users = [
        user | {"work": ["contact"] if quiet(user["forms"]) else ["direct_support"]}
        for user in drawn()
    ]
    found = answer(house_of(users), exposures=["contact"], outcomes=["sexual"])["odds_ratios"]
    cell = found.get("contact__sexual", "unadjusted", "odds_ratio")
    assert cell.value is not None and cell.value < 0.2
    assert "without a penalty there is no finite estimate" in cell.warning


def quiet(forms: dict[str, dict[str, str]]) -> bool:
    return all(form["sexual"] == "none" for form in forms.values())


def test_people_are_counted_once_and_of_their_own_work(tables: dict[str, Table]) -> None:
    for exposure in EXPOSURES:
        had = sum(exposure in user["work"] for user in drawn())
        for column, count in (("yes", had), ("no", 150 - had)):
            assert tables["people"].get(exposure, column, "count").value == count
            share = tables["people"].get(exposure, column, "share")
            assert (share.value, share.n) == (pytest.approx(count / 150), 150)


def test_other_covariates_subsets_and_rules_need_no_code(
    house: Warehouse, frame: pd.DataFrame
) -> None:
    def ratio(model: str, rows: pd.DataFrame, **parameters: Any) -> None:
        found = answer(house, exposures=["contact"], outcomes=["physical"], **parameters)
        cell = found["odds_ratios"].get("contact__physical", "adjusted", "odds_ratio")
        expect = peer(rows, model).odds_ratios().loc["contact[T.yes]", "odds_ratio"]
        assert cell.value == pytest.approx(expect, rel=1e-6)

    ratio("physical ~ contact + age", frame, formula="age")
    ratio("physical ~ contact", frame, formula="")
    ratio("physical ~ contact + time_point + age", frame, formula="age", with_time=True)
    ratio("physical ~ contact + site", frame, formula="site")
    own = frame[frame["site"] == "site_1"]
    ratio("physical ~ contact + age", own, formula="age", only={"site": ["site_1"]})
    # All kinds of work in one model, as the report may have had it.
    together = "contact + direct_support + behaviour_change"
    ratio(f"physical ~ {together}", frame, formula=together)


def test_a_dont_know_may_count_as_no_such_behaviour(house: Warehouse) -> None:
    asked: dict[str, Any] = {"exposures": ["contact"], "outcomes": ["jealous_controlling"]}
    row = ("contact__jealous_controlling", "unadjusted", "odds_ratio")
    n = [answer(house, dont_know=rule, **asked)["odds_ratios"].get(*row).n
         for rule in ("missing", "no")]  # fmt: skip
    dont_know = sum(form["jealous_controlling"] == "dont_know"
                    for user in drawn() for form in user["forms"].values())  # fmt: skip
    assert dont_know > 0
    assert n == [450 - dont_know, 450]


def test_another_time_point_may_be_the_reference(house: Warehouse, frame: pd.DataFrame) -> None:
    found = answer(house, references={"time_point": "closure"}, exposures=["contact"])["change"]
    closure = found.get("contact__physical", "closure", "odds_ratio")
    assert closure.value is None and "or it is the reference" in closure.note
    assert found.column_labels["midpoint"] == "Midpoint against case closure"
    order = ["closure", "intake", "midpoint"]
    turned = frame.assign(time_point=frame["time_point"].cat.reorder_categories(order))
    fit = peer(turned, "physical ~ contact * time_point + living_arrangement + age")
    expect = fit.odds_ratios().loc["contact[T.yes]:time_point[T.midpoint]", "odds_ratio"]
    cell = found.get("contact__physical", "midpoint", "odds_ratio")
    assert cell.value == pytest.approx(expect, rel=1e-6)


def test_the_words_of_the_report_stand_beside_its_own_question_alone(
    house: Warehouse, tables: dict[str, Table]
) -> None:
    row = ("behaviour_change__physical", "unadjusted", "odds_ratio")
    cell = tables["odds_ratios"].get(*row)
    assert cell.value is not None
    here = "less severe" if cell.value < 1 else "more severe"
    assert cell.note.startswith(f"the report: less severe; here: {here}, p ")
    none = tables["odds_ratios"].get("contact__sexual", "adjusted", "odds_ratio").note
    assert none.startswith("the report: no association; here: ")
    asked: dict[str, Any] = {"exposures": ["behaviour_change"], "outcomes": ["physical"]}
    for changed in ({"formula": "age"}, {"with_time": True}, {"only": {"site": ["site_1"]}}):
        other = answer(house, **asked, **changed)["odds_ratios"]
        assert not any("the report" in cell.note for cell in other.cells)
    # It prints no number of these models: none stands beside them.
    assert not [each for each in load_published("drive") if each.table.startswith("direct_work.")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"exposures": ["contact", "contact"]}, {"outcomes": []}, {"exposures": ["indirect"]},
        {"references": {"contact": "yes"}}, {"formulas": "age"},
    ],
)  # fmt: skip
def test_wrong_parameters_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DirectWorkParameters.model_validate(wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"formula": "agee"}, "agee"),
        ({"formula": "age +"}, "cannot be read"),
        ({"only": {"site": ["site_1"], "contact": ["often"]}}, "'often'"),
        ({"references": {"living_arrangement": "alone"}}, "'alone'"),
    ],
)
def test_what_does_not_exist_is_said(house: Warehouse, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        answer(house, **wrong)


def shape(tables: dict[str, Table]) -> set[tuple[str, ...]]:
    return {
        (name, cell.row, cell.column, cell.statistic)
        for name, table in tables.items()
        for cell in table.cells
    }


@pytest.fixture(scope="module")
def imputed(house: Warehouse) -> dict[str, Table]:
    return answer(house, imputations=2)


def test_without_data_every_table_has_its_shape_and_the_reason(imputed: dict[str, Table]) -> None:
    empty = Warehouse()
    empty.build()
    nothing = answer(empty, imputations=2)
    assert shape(nothing) == shape(imputed)
    notes = {cell.note for table in nothing.values() for cell in table.cells}
    assert notes == {"no case-management data were received"}


def test_without_any_action_the_work_is_not_known(imputed: dict[str, Table]) -> None:
    users = [user | {"site": "site_1"} for user in drawn()[:30]]
    nothing = answer(house_of(users, silent="site_1"), imputations=2)
    assert shape(nothing) == shape(imputed)
    notes = {cell.note for table in nothing.values() for cell in table.cells}
    assert notes == {NOT_SENT}


def test_forms_that_are_not_there_although_data_were_received_are_zero_people() -> None:
    house = Warehouse()
    house.covered("cms", "site_1", "2016-02-01", "2019-09-30")
    house.build()
    found = answer(house, imputations=2)
    assert found["people"].get("contact", "yes", "count").value == 0
    share = found["people"].get("contact", "yes", "share")
    assert share.note == "no service user has a behaviour form"
    for name in ("odds_ratios", "imputed"):
        assert found[name].get("contact__physical", "adjusted", "odds_ratio").value is None


def test_service_users_of_a_site_without_actions_are_in_no_model(frame: pd.DataFrame) -> None:
    asked: dict[str, Any] = {"imputations": 2, "exposures": ["contact"], "outcomes": ["physical"]}
    found = answer(house_of(drawn(), silent="site_2"), **asked)
    had = sum("contact" in user["work"] for user in drawn() if user["site"] == "site_1")
    cell = found["people"].get("contact", "yes", "count")
    assert (cell.value, cell.warning) == (had, "without the sites that sent no actions")
    assert found["people"].get("contact", "no", "share").n == 75
    known = frame[frame["site"] == "site_1"]
    ratios = peer(known, "physical ~ contact").odds_ratios()
    ours = found["odds_ratios"].get("contact__physical", "unadjusted", "odds_ratio")
    assert (ours.value, ours.n) == (pytest.approx(ratios["odds_ratio"].iloc[0], rel=1e-6), 225)
    assert found["imputed"].get("contact__physical", "adjusted", "odds_ratio").n == 225


def test_work_that_nobody_or_everybody_had_gives_the_reason() -> None:
    users = [
        user | {"work": ["contact", *(w for w in user["work"] if w == "direct_support")]}
        for user in drawn()
    ]
    found = answer(house_of(users), imputations=2, outcomes=["physical"])
    assert found["people"].get("behaviour_change", "yes", "count").value == 0
    places = [("odds_ratios", "unadjusted"), ("change", "closure"), ("imputed", "adjusted")]
    for table, column in places:
        for exposure, who in (("behaviour_change", "nobody"), ("contact", "everybody")):
            cell = found[table].get(f"{exposure}__physical", column, "odds_ratio")
            assert (cell.value, cell.note) == (None, f"{who} in the model had this work")
        assert found[table].get("direct_support__physical", column, "odds_ratio").value
    cell = found["probabilities"].get("contact__physical__yes__adjusted", "high", "probability")
    assert cell.note == "everybody in the model had this work"
    at = ("direct_support__physical", "unadjusted")
    adjusted = found["odds_ratios"].get(*at, "p_value_adjusted")
    raw = found["odds_ratios"].get(*at, "p_value")
    assert adjusted.value == raw.value  # the one test that there is


def test_what_cannot_be_fitted_says_why() -> None:
    users = [
        user | {"forms": {at: form | {"sexual": "none"} for at, form in user["forms"].items()}}
        for user in drawn()
    ]
    asked: dict[str, Any] = {"exposures": ["contact"], "outcomes": ["physical", "sexual"]}
    found = answer(house_of(users), imputations=2, **asked)
    for table, column in (("odds_ratios", "adjusted"), ("imputed", "adjusted")):
        cell = found[table].get("contact__sexual", column, "odds_ratio")
        assert cell.value is None and "could not be fitted" in cell.note
        assert found[table].get("contact__physical", column, "odds_ratio").value
    probability = found["probabilities"].get("contact__sexual__no__adjusted", "none", "ci_low")
    assert "could not be fitted" in probability.note


def test_run_twice_the_cells_are_equal(house: Warehouse, imputed: dict[str, Table]) -> None:
    again = answer(house, imputations=2)
    assert {name: table.cells for name, table in again.items()} == {
        name: table.cells for name, table in imputed.items()
    }


def test_another_seed_changes_what_is_imputed_alone(house: Warehouse) -> None:
    asked: dict[str, Any] = {"imputations": 2, "exposures": ["contact"], "outcomes": ["physical"]}
    one, other = (answer(house, seed, **asked) for seed in (1, 2))
    assert other["imputed"].cells != one["imputed"].cells
    assert other["change"].cells == one["change"].cells


def test_imputed_estimates_are_those_of_everybody(
    imputed: dict[str, Table], tables: dict[str, Table], frame: pd.DataFrame
) -> None:
    assert "imputed" not in tables  # not asked for
    full = peer(frame, "physical ~ contact").odds_ratios().loc["contact[T.yes]"]
    cell = imputed["imputed"].get("contact__physical", "adjusted", "odds_ratio")
    fewer = tables["odds_ratios"].get("contact__physical", "adjusted", "odds_ratio")
    assert fewer.n is not None
    assert cell.n == 450 > fewer.n
    # Living arrangement says nothing of the behaviour here: everybody's estimate comes back.
    assert cell.value is not None
    assert abs(np.log(cell.value / full["odds_ratio"])) < full["bse"] / full["odds_ratio"]
    fmi = imputed["imputed"].get("contact__physical", "adjusted", "fmi").value
    assert fmi is not None and 0 <= fmi < 0.5
    assert "2 times by chained equations" in imputed["imputed"].note


def test_with_nothing_missing_the_imputed_estimates_are_the_complete_cases() -> None:
    users = [
        user | {"living": user["living"] if user["living"] == "together" else "apart"}
        for user in drawn()
    ]
    house = house_of(users)
    found = answer(house, imputations=2, outcomes=["physical"])
    for exposure in EXPOSURES:
        for statistic in ("odds_ratio", "bse", "ci_low", "p_value_adjusted"):
            own = found["imputed"].get(f"{exposure}__physical", "adjusted", statistic).value
            beside = found["odds_ratios"].get(f"{exposure}__physical", "adjusted", statistic).value
            assert own == pytest.approx(beside, rel=1e-6)
        assert found["imputed"].get(f"{exposure}__physical", "adjusted", "fmi").value == 0


# Recovery: behaviour-change work goes to those who are severe at intake, and lowers the odds.
AT_INTAKE, MIDPOINT, CLOSURE = 0.9, -0.5, -1.0


def simulated(people: int, seed: int) -> pd.DataFrame:
    """Return forms whose severities follow a proportional-odds model at every time point.

    The answers of a person go together (a normal copula): the margins stay what they are.
    """
    rng = np.random.default_rng(seed)
    had = rng.random(people) < 0.3
    age = rng.integers(18, 60, people)
    living = np.where(rng.random(people) < 0.3, "together", "apart")
    shared = rng.normal(size=people)
    parts = []
    effects = dict(zip(TIME_POINTS, (0.0, MIDPOINT, CLOSURE), strict=True))
    for (time_point, effect), fall in zip(effects.items(), (0.0, -1.0, -1.5), strict=True):
        place = had * (AT_INTAKE + effect) + fall + 0.02 * (age - 40) + 0.4 * (living == "together")
        own = np.sqrt(0.5) * (shared + rng.normal(size=people))
        below = expit(np.array([0.0, 0.7, 1.5])[None, :] - place[:, None])
        level = (norm.cdf(own)[:, None] > below).sum(axis=1)
        part = {name: np.array(list(SEVERITY))[level] for name in BEHAVIOURS}
        parts.append(
            pd.DataFrame(
                {"person_id": np.arange(people), "time_point": time_point, "age": age,
                 "living_arrangement": living, "contact": "yes", "direct_support": "no",
                 "behaviour_change": np.where(had, "yes", "no"), **part}
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def models_of(frame: pd.DataFrame, **asked: Any) -> Models:
    parameters = DirectWorkParameters.model_validate(
        {"outcomes": ["physical"], "exposures": ["behaviour_change"], **asked}
    )
    return Models(parameters, model_rows(frame, parameters, LEVELS), "", "")


def change_of(models: Models, time_point: str) -> tuple[float, float]:
    """Return the log odds ratio of the change and its standard error."""
    fit = models.fit("behaviour_change", "physical", "change")
    term = f"behaviour_change[T.yes]:time_point[T.{time_point}]"
    estimate = estimate_of(fit, term, "")
    assert isinstance(estimate, Estimate)
    values = estimate.values
    return float(np.log(values["odds_ratio"])), values["bse"] / values["odds_ratio"]


def test_the_change_is_recovered_where_the_pooled_model_mixes_it_with_intake() -> None:
    models = models_of(simulated(5000, 3))
    for time_point, truth in (("midpoint", MIDPOINT), ("closure", CLOSURE)):
        point, error = change_of(models, time_point)
        assert abs(point - truth) < 3 * error
        assert error < 0.12
    pooled = estimate_of(
        models.fit("behaviour_change", "physical", "unadjusted"), "behaviour_change[T.yes]", ""
    )
    assert isinstance(pooled, Estimate)
    # With the work severity falls more; pooled, those with it look worse.
    assert pooled.values["ci_low"] > 1


def test_answers_missing_at_random_are_made_up_for() -> None:
    full = simulated(600, 5)
    holed = full.copy()
    rng = np.random.default_rng(6)
    hidden = rng.random(600) < expit(0.05 * (full["age"].to_numpy()[:600] - 40))
    holed.loc[hidden[holed["person_id"]], "living_arrangement"] = None
    models = models_of(holed, imputations=5)
    pooled = imputed_estimates(models, 1)[0]["behaviour_change__physical"]
    whole = estimate_of(
        models_of(full).fit("behaviour_change", "physical", "adjusted"),
        "behaviour_change[T.yes]", "",
    )  # fmt: skip
    assert isinstance(pooled, Estimate) and isinstance(whole, Estimate)
    assert pooled.n == whole.n == 1800
    apart = np.log(pooled.values["odds_ratio"] / whole.values["odds_ratio"])
    assert abs(apart) < 0.3 * whole.values["bse"] / whole.values["odds_ratio"]
    # Some is not known, so the error is no smaller than with everything known.
    assert pooled.values["bse"] > 0.99 * whole.values["bse"]


@pytest.mark.long
def test_intervals_of_the_change_cover_the_truth() -> None:
    replicates = 300
    found = np.array([change_of(models_of(simulated(500, 100 + r)), "closure")
                      for r in range(replicates)])  # fmt: skip
    covered = (np.abs(found[:, 0] - CLOSURE) < 1.96 * found[:, 1]).mean()
    assert abs(found[:, 0].mean() - CLOSURE) < 3 * found[:, 0].std() / np.sqrt(replicates) + 0.02
    assert 0.915 < covered < 0.985
    assert found[:, 1].mean() == pytest.approx(found[:, 0].std(), rel=0.12)
