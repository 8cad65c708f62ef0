"""The risk score on small literal forms: what the rule leaves out, and other models."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from given import Warehouse

from datrial.analyses import risk_score_sensitivity
from datrial.analyses.base import Context
from datrial.analyses.registry import ANALYSES
from datrial.errors import UsageError
from datrial.models import ModelDataError
from datrial.report.figures_risk import dash_means, dash_sensitivity
from datrial.results.cells import State, Table
from datrial.results.read import RunTable

ITEMS = ", ".join(f"item_{number:02d}" for number in range(1, 21))
TIMES = ("intake", "midpoint", "closure")
MODELS = {
    "gamma": "rate_ratio", "gamma_robust": "rate_ratio", "normal": "rate_ratio",
    "answered": "rate_ratio", "binomial": "odds_ratio", "linear": "difference",
}  # fmt: skip


def form(house: Warehouse, person: str, time_point: str, yes: int, not_known: int) -> None:
    items = ["yes"] * yes + ["dont_know"] * not_known + ["no"] * (20 - yes - not_known)
    house.rows(
        "staging.cms_risk_item", f"perpetrator_id, time_point, {ITEMS}",
        (person, time_point, *items),
    )  # fmt: skip


def person(house: Warehouse, name: str, site: str) -> None:
    house.allocated((name, site, "2016-09-01", "intervention"))
    house.rows("staging.cms_service_user", "perpetrator_id, site", (name, site))


def ten_people() -> Warehouse:
    """Return ten people: at intake four forms are left out, two of them of people with no other."""
    house = Warehouse()
    house.covered("cms", "site_1", "2016-02-01", "2019-09-30")
    for i in range(10):
        person(house, f"p{i}", "site_1")
        form(house, f"p{i}", "intake", 5, 11 if i < 4 else 10)
        if i not in (0, 1):
            form(house, f"p{i}", "closure", 4, 15 if i == 9 else 0)
    house.build()
    return house


@functools.cache
def sixty_people() -> tuple[Warehouse, pd.DataFrame]:
    """Return forms of sixty people of two sites whose items are less often known at intake."""
    rng = np.random.default_rng(7)
    house, rows = Warehouse(), []
    for site in ("site_1", "site_2"):
        house.covered("cms", site, "2016-02-01", "2019-09-30")
    for i in range(60):
        site = ("site_1", "site_2")[i % 2]
        person(house, f"p{i:02d}", site)
        level = rng.normal(0, 0.6)
        for number, time_point in enumerate(TIMES):
            if rng.random() < 0.1:
                continue
            not_known = int(rng.integers(0, 9 - 3 * number))
            chance = 1 / (1 + np.exp(0.3 + 0.3 * number - level))
            yes = int(rng.binomial(20 - not_known, chance))
            form(house, f"p{i:02d}", time_point, yes, not_known)
            rows.append((f"p{i:02d}", site, time_point, yes, 20 - not_known))
    house.build()
    return house, pd.DataFrame(rows, columns=["person", "site", "time", "yes", "answered"])


def answer(house: Warehouse, **parameters: Any) -> dict[str, Table]:
    chosen = ANALYSES["risk_score"]
    context = Context(house.connection, house.study, np.random.default_rng(1))
    tables = chosen.run(context, chosen.parameters.model_validate(parameters))
    for table in tables:
        for cell in table.cells:
            assert (cell.state is State.VALUE) == (cell.value is not None)
            assert cell.state is State.VALUE or cell.note
    return {table.id.partition(".")[2]: table for table in tables}


def values(table: Table, column: str, statistic: str) -> dict[str, float | None]:
    return {row: table.get(row, column, statistic).value for row in table.row_labels}


def test_forms_that_the_rule_leaves_out_are_counted_by_time_point_and_person() -> None:
    forms = answer(ten_people(), formula="time_point")["forms"]
    counts = {
        row: [forms.get(row, column, "count").value for column in ("received", "left_out", "used")]
        for row in ("intake", "midpoint", "closure", "service_users")
    }
    # Eleven not known is one too many, ten is not.
    assert counts == {
        "intake": [10, 4, 6], "midpoint": [0, 0, 0], "closure": [8, 1, 7],
        "service_users": [10, 2, 8],
    }  # fmt: skip
    assert forms.get("intake", "left_out", "share").value == pytest.approx(0.4)
    assert forms.get("closure", "left_out", "share").value == pytest.approx(1 / 8)
    nobody = forms.get("midpoint", "left_out", "share")
    assert (nobody.state, nobody.note) == (State.NOT_AVAILABLE, "no form at this time point")
    # Five people have a form left out: four at intake and another at closure, 0.4 + 0.125 of two
    # different denominators is something else.
    assert forms.get("any_left_out", "left_out", "count").value == 5
    assert forms.get("any_left_out", "left_out", "share").value == pytest.approx(0.5)


def test_a_form_left_out_is_in_no_mean() -> None:
    means = answer(ten_people(), formula="time_point")["means"]
    assert means.get("intake", "observed", "mean").value == pytest.approx(5)
    assert means.get("intake", "observed", "mean").n == 6
    assert means.get("closure", "observed", "mean").n == 7


def test_each_model_is_named_for_what_it_estimates() -> None:
    house, forms = sixty_people()
    table = answer(house)["sensitivity"]
    assert list(table.column_labels) == list(MODELS)
    assert list(table.row_labels) == ["midpoint", "closure", "site_2"]
    for column, statistic in MODELS.items():
        for row in table.row_labels:
            told = {
                cell.statistic: cell
                for cell in table.cells
                if (cell.row, cell.column) == (row, column)
            }
            assert list(told) == [statistic, "bse", "p_value", "ci_low", "ci_high"]
            assert all(cell.n == len(forms) for cell in told.values())
            low, middle, high = (told[name].value for name in ("ci_low", statistic, "ci_high"))
            assert low < middle < high
    assert table.get("closure", "gamma", "rate_ratio").value == pytest.approx(
        answer(house)["rate_ratios"].get("closure", "estimate", "rate_ratio").value
    )


def test_robust_errors_change_the_interval_and_not_the_estimate() -> None:
    table = answer(sixty_people()[0])["sensitivity"]
    assert values(table, "gamma", "rate_ratio") == values(table, "gamma_robust", "rate_ratio")
    plain, robust = (values(table, column, "bse") for column in ("gamma", "gamma_robust"))
    # A binomial score varies less than Poisson: the errors of its change are too large.
    assert robust["closure"] < plain["closure"]


def test_the_normal_effect_stands_beside_the_gamma_one() -> None:
    house, _ = sixty_people()
    beside = answer(house)["sensitivity"]
    alone = answer(house, effect="normal")["rate_ratios"]
    for row in ("midpoint", "closure", "site_2"):
        for statistic in ("rate_ratio", "bse", "ci_low"):
            assert beside.get(row, "normal", statistic).value == pytest.approx(
                alone.get(row, "estimate", statistic).value
            )


def test_the_binomial_model_is_the_grouped_logit_clustered_by_person() -> None:
    # Source: statsmodels' binomial GLM of (yes, no) with the sandwich of the people's scores
    # computed here, factor G/(G-1).
    house, forms = sixty_people()
    table = answer(house)["sensitivity"]
    x = np.column_stack(
        [
            np.ones(len(forms)), forms["time"] == "midpoint", forms["time"] == "closure",
            forms["site"] == "site_2",
        ]
    ).astype(float)  # fmt: skip
    pairs = forms[["yes"]].assign(no=forms["answered"] - forms["yes"])
    peer = sm.GLM(pairs, x, family=sm.families.Binomial()).fit()
    chance = np.asarray(peer.fittedvalues)
    answered = forms["answered"].to_numpy()
    bread = np.linalg.inv((x.T * answered * chance * (1 - chance)) @ x)
    scores = pd.DataFrame(x * (forms["yes"] - answered * chance).to_numpy()[:, None])
    totals = scores.groupby(forms["person"]).sum().to_numpy()
    covariance = 60 / 59 * bread @ (totals.T @ totals) @ bread
    for position, row in enumerate(("midpoint", "closure", "site_2"), start=1):
        ratio = np.exp(peer.params.iloc[position])
        assert table.get(row, "binomial", "odds_ratio").value == pytest.approx(ratio, rel=1e-6)
        assert table.get(row, "binomial", "bse").value == pytest.approx(
            ratio * np.sqrt(covariance[position, position]), rel=1e-5
        )


def test_items_not_known_do_not_hide_a_fall_when_only_those_answered_count() -> None:
    # Fewer items are known at intake: as a count, which takes them for no, the score falls less
    # than the share of yes among those answered.
    house, forms = sixty_people()
    share = forms.groupby("time")["yes"].sum() / forms.groupby("time")["answered"].sum()
    table = answer(house, formula="time_point")["sensitivity"]
    counted, answered = (
        table.get("closure", column, "rate_ratio").value for column in ("gamma", "answered")
    )
    assert answered < counted
    assert answered == pytest.approx(share["closure"] / share["intake"], rel=0.05)


def test_the_linear_model_gives_points_of_the_score() -> None:
    house, forms = sixty_people()
    table = answer(house, formula="time_point")["sensitivity"]
    mean = forms.groupby("time")["yes"].mean()
    assert table.get("closure", "linear", "difference").value == pytest.approx(
        mean["closure"] - mean["intake"], abs=0.35
    )


def test_every_model_answers_for_the_subset_that_is_asked_for() -> None:
    house, forms = sixty_people()
    table = answer(house, formula="time_point", only={"site": ["site_2"]})["sensitivity"]
    assert list(table.row_labels) == ["midpoint", "closure"]
    assert {cell.n for cell in table.cells} == {int((forms["site"] == "site_2").sum())}
    with pytest.raises(UsageError, match="'site_9'"):
        answer(house, only={"site": ["site_9"]})


def test_what_cannot_be_fitted_says_why_beside_what_can(monkeypatch: pytest.MonkeyPatch) -> None:
    house, _ = sixty_people()

    def fail(formula: str, forms: pd.DataFrame) -> None:
        raise ModelDataError("it is too little.")

    broken = risk_score_sensitivity.Model("Broken", "difference", fail)
    monkeypatch.setitem(risk_score_sensitivity.MODELS, "linear", broken)
    table = answer(house)["sensitivity"]
    cell = table.get("closure", "linear", "difference")
    assert cell.note == "the model could not be fitted: it is too little."
    assert table.get("closure", "gamma", "rate_ratio").value is not None


def test_one_form_a_person_leaves_out_the_linear_model_and_its_reason_stays() -> None:
    house = Warehouse()
    house.covered("cms", "site_1", "2016-02-01", "2019-09-30")
    for i in range(20):
        person(house, f"p{i:02d}", "site_1")
        form(house, f"p{i:02d}", "intake" if i % 2 else "closure", 3 + i % 5, 0)
    house.build()
    table = answer(house, formula="time_point")["sensitivity"]
    assert "it takes more rows than groups" in table.get("closure", "linear", "difference").note
    gamma = table.get("closure", "gamma", "rate_ratio")
    assert gamma.value is not None
    assert "Every group has one row" in gamma.warning


@pytest.mark.parametrize("is_sent", [True, False])
def test_without_forms_every_table_has_its_rows_and_a_reason(is_sent: bool) -> None:
    house = Warehouse()
    if is_sent:
        house.covered("cms", "site_1", "2016-02-01", "2019-09-30")
    house.build()
    tables = answer(house)
    assert list(tables["sensitivity"].row_labels) == ["midpoint", "closure", "site_2", "site_3"]
    assert len(tables["sensitivity"].cells) == 4 * 6 * 5
    cell = tables["sensitivity"].get("closure", "binomial", "odds_ratio")
    received = tables["forms"].get("intake", "received", "count")
    if is_sent:
        assert "could not be fitted" in cell.note
        assert received.value == 0
    else:
        assert cell.note == received.note == "no case-management data were received"
    assert dash_sensitivity(RunTable("risk_score", tables["sensitivity"], {})) is None


def test_the_figure_of_other_models_draws_ratios_and_leaves_points_out() -> None:
    tables = answer(sixty_people()[0])
    figure = dash_sensitivity(RunTable("risk_score", tables["sensitivity"], {}))
    assert figure is not None
    assert figure.title.endswith(f"(n = {len(sixty_people()[1])})")
    assert "odds ratio" in figure.alt and "rate ratio" in figure.alt
    assert "Linear random effects" not in figure.alt
    assert "Case closure" in figure.svg
    ratio = tables["sensitivity"].get("closure", "binomial", "odds_ratio").value
    assert f"odds ratio {ratio:.2f}" in figure.alt
    means = dash_means(RunTable("risk_score", tables["means"], {}))
    assert means is not None and "Predicted by the model" in means.alt
