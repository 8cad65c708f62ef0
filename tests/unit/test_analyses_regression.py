"""What every regression can be asked for: rows, reference levels, the rule for don't know."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from given import Warehouse
from pydantic import ValidationError

from datrial.analyses.base import Context
from datrial.analyses.levels import MODEL_LEVELS
from datrial.analyses.registry import ANALYSES
from datrial.analyses.regression import RegressionParameters, levels_of, model_rows, rules_said
from datrial.errors import UsageError
from datrial.results.cells import Table


def answers() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "site": ["site_1", "site_1", "site_2", "site_2"],
            "physical": ["high", "dont_know", "none", None],
            "relationship": ["current_partner", "family_member", "ex_partner", "not_applicable"],
            "idva_engaged": ["yes", "dont_know", "no", None],
            "age": [20, 30, 40, 50],
        }
    )


def test_codes_become_ordered_factors_and_other_answers_missing() -> None:
    rows = model_rows(answers(), RegressionParameters())
    assert list(rows["physical"].cat.categories) == ["none", "high"]  # no row has the others
    assert rows["physical"].isna().tolist() == [False, True, False, True]
    assert rows["relationship"].isna().tolist() == [False, False, False, True]
    assert list(rows["age"]) == [20, 30, 40, 50]
    assert answers()["physical"].tolist()[1] == "dont_know"  # what was given is left alone


def test_not_known_is_no_level_of_words_without_an_order() -> None:
    colours = answers().assign(colour=["red", "dont_know", "not_applicable", None])
    rows = model_rows(colours, RegressionParameters())
    assert rows["colour"].notna().tolist() == [True, False, False, False]


def test_dont_know_counts_as_no_where_asked_and_missing_stays_missing() -> None:
    rows = model_rows(answers(), RegressionParameters(dont_know="no"))
    assert rows["physical"].astype(object).tolist()[:3] == ["high", "none", "none"]
    assert rows["idva_engaged"].astype(object).tolist()[:3] == ["yes", "no", "no"]
    assert rows[["physical", "idva_engaged"]].isna().tail(1).to_numpy().all()


def test_a_reference_comes_first_and_the_others_keep_their_order() -> None:
    asked = RegressionParameters(references={"relationship": "ex_partner"})
    rows = model_rows(answers(), asked)
    assert list(rows["relationship"].cat.categories) == [
        "ex_partner", "current_partner", "family_member",
    ]  # fmt: skip


def test_a_subset_is_said_in_words_and_used_alone() -> None:
    asked = RegressionParameters(
        only={"relationship": ("current_partner", "ex_partner"), "site": ("site_1",)}
    )
    rows = model_rows(answers(), asked)
    assert list(rows["age"]) == [20]
    assert rules_said(asked) == (
        "Only rows with relationship: Current intimate partner, Ex-intimate partner. "
        "Only rows with site: site 1. Don't know is a missing answer."
    )


def test_a_bare_yes_or_no_is_the_code_and_one_imputation_is_refused() -> None:
    asked = RegressionParameters.model_validate(
        {"only": {"idva_engaged": [True, False]}, "references": {"idva_engaged": True}}
    )
    assert asked.only == {"idva_engaged": ("yes", "no")}
    assert asked.references == {"idva_engaged": "yes"}
    with pytest.raises(ValidationError, match="one imputation tells nothing"):
        RegressionParameters(imputations=1)


def test_columns_and_codes_that_do_not_exist_are_told_all_at_once() -> None:
    asked = RegressionParameters(
        only={"colour": ("red",), "relationship": ("husband",)},
        references={"age": "20", "idva_engaged": "perhaps"},
    )
    with pytest.raises(UsageError) as told:
        model_rows(answers(), asked)
    assert [line.partition(";")[0] for line in str(told.value).splitlines()] == [
        "only: there is no column 'colour'",
        "only: relationship has no code 'husband'",
        "references: there is no coded column 'age'",
        "references: idva_engaged has no code 'perhaps'",
    ]


ITEMS = ", ".join(f"item_{number:02d}" for number in range(1, 21))


def risk_forms() -> Warehouse:
    """Return forms in which site 2 has twice the score of site 1, and closure half of intake."""
    house = Warehouse()
    for site in ("site_1", "site_2"):
        house.covered("cms", site, "2016-02-01", "2019-09-30")
        for i in range(12):
            person = f"{site}{i}"
            house.allocated((person, site, "2016-09-01", "intervention"))
            house.rows("staging.cms_service_user", "perpetrator_id, site", (person, site))
            for time_point, half in (("intake", 1), ("closure", 2)):
                yes = (4 + i % 3) * (1 if site == "site_1" else 2) // half
                items = ["yes"] * yes + ["no"] * (20 - yes)
                house.rows(
                    "staging.cms_risk_item", f"perpetrator_id, time_point, {ITEMS}",
                    (person, time_point, *items),
                )  # fmt: skip
    house.build()
    return house


def risk_ratios(house: Warehouse, **asked: object) -> Table:
    chosen = ANALYSES["risk_score"]
    context = Context(house.connection, house.study, np.random.default_rng(1))
    tables = chosen.run(context, chosen.parameters.model_validate(asked))
    return next(table for table in tables if table.id == "risk_score.rate_ratios")


def test_the_risk_score_is_answered_for_a_subset_and_against_another_site() -> None:
    house = risk_forms()
    usual = risk_ratios(house).get("site_2", "estimate", "rate_ratio").value
    assert usual == pytest.approx(2, rel=0.1)
    turned = risk_ratios(house, references={"site": "site_2"})
    assert turned.get("site_1", "estimate", "rate_ratio").value == pytest.approx(1 / usual)
    alone = risk_ratios(house, only={"site": ["site_2"]}, formula="time_point")
    assert alone.get("closure", "estimate", "rate_ratio").n == 24
    assert "Only rows with site: Site 2." in alone.note
    with pytest.raises(UsageError, match="site has no code 'site_9'"):
        risk_ratios(house, only={"site": ["site_9"]})


def test_a_study_s_sites_are_coded_columns_too() -> None:
    study = Warehouse().study
    assert levels_of(study)["site"] == {key: site.label for key, site in study.sites.items()}
    assert "site" not in MODEL_LEVELS
