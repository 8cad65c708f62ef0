"""The complier-average effect against print, formulas by hand, other programs and simulation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from linearmodels.iv import IV2SLS

from datrial.models import (
    ModelDataError,
    ModelUsageError,
    complier_average_effect,
    fit_adjusted_difference,
)
from datrial.models.randomisation.anderson_rubin import anderson_rubin
from datrial.models.randomisation.draws import draw_within_strata


def people(rng: Any, n: int = 400, contact: float = 0.6, effect: float = -0.8) -> pd.DataFrame:
    """Draw people of whom some can be contacted, who differ from the others."""
    x = rng.normal(size=n)
    can = rng.random(n) < contact
    arm = rng.permutation(np.repeat([0, 1], [n - n // 3, n // 3]))
    received = (arm == 1) & can
    y = 3 + x + 1.0 * can + effect * received + rng.normal(size=n)
    return pd.DataFrame(
        {
            "y": y,
            "x": x,
            "arm": np.where(arm == 1, "drive", "control"),
            "contact": received,
            "pair": np.arange(n) // 2,
            "stratum": rng.integers(0, 5, n),
        }
    )


def fit(data: pd.DataFrame, **options: Any) -> Any:
    return complier_average_effect("y", "arm", "contact", data, reference="control", **options)


def test_vitamin_a():
    # Sommer and Zeger (1991), Statistics in Medicine 10, 45-52, as in Imbens and Rubin (1997),
    # Annals of Statistics 25, 305-327: survival of children in Sumatra; intention to treat
    # .0026, compliers .0032 with error .0012, 80% compliers.
    cells = [
        (0, 0, 1, 11514), (0, 0, 0, 74), (1, 0, 1, 2385), (1, 0, 0, 34),
        (1, 1, 1, 9663), (1, 1, 0, 12),
    ]  # fmt: skip
    data = pd.DataFrame(
        [cell[:3] for cell in cells for _ in range(cell[3])], columns=["arm", "vitamin", "alive"]
    )
    found = complier_average_effect("alive", "arm", "vitamin", data)
    assert found.intention_to_treat.estimate == pytest.approx(0.0026, abs=5e-5)
    assert (found.estimate, found.bse) == pytest.approx((0.0032, 0.0012), abs=5e-5)
    assert found.shares["compliers"] == pytest.approx(0.80, abs=5e-3)
    assert found.one_sided
    assert "one-sided noncompliance" in " ".join(found.notes)
    assert (found.received["n"].tolist(), found.n) == ([11588, 12094], 23682)


def test_it_is_walds_ratio_with_the_error_of_its_residuals():
    data = people(np.random.default_rng(1))
    found = fit(data)
    z = (data.arm == "drive").to_numpy(float)
    d, y = data.contact.to_numpy(float), data.y.to_numpy()
    effects = [values[z == 1].mean() - values[z == 0].mean() for values in (y, d)]
    assert found.estimate == pytest.approx(effects[0] / effects[1])
    assert found.intention_to_treat.estimate == pytest.approx(effects[0])
    assert found.first_stage.estimate == pytest.approx(effects[1])
    # By hand: cov(z, y - b d) / cov(z, d), its residuals squared, with n / (n - 2).
    rest = y - y.mean() - found.estimate * (d - d.mean())
    off = z - z.mean()
    variance = (off**2 * rest**2).sum() / (off @ d) ** 2 * len(y) / (len(y) - 2)
    assert found.bse == pytest.approx(math.sqrt(variance))
    assert found.ci_low == pytest.approx(found.estimate - 1.959964 * found.bse)
    # The intention to treat is the unadjusted difference, and so is its error.
    lin = fit_adjusted_difference("y", "arm", None, data, reference="control").unadjusted
    assert found.intention_to_treat[:2] == pytest.approx(lin[:2])
    stage = sm.OLS(d, sm.add_constant(z)).fit(cov_type="HC2")
    assert found.first_stage_f == pytest.approx(float(stage.tvalues[1]) ** 2)


@pytest.mark.parametrize("strata", [None, "stratum"])
def test_covariates_weights_and_clusters_are_those_of_linearmodels(strata):
    data = people(np.random.default_rng(2))
    z = (data.arm == "drive").to_numpy(float)
    weights = np.ones(len(data))
    if strata:
        share = pd.Series(z).groupby(data.stratum).transform("mean")
        weights = np.where(z == 1, 1 / share, 1 / (1 - share)).astype(float)
    known = np.column_stack([np.ones(len(data)), data.x])
    model = IV2SLS(data.y, known, data.contact.astype(float), z, weights=weights)
    plain = model.fit(cov_type="robust", debiased=True)
    found = fit(data, covariates="x", strata=strata)
    assert (found.estimate, found.bse) == pytest.approx(
        (plain.params.iloc[-1], plain.std_errors.iloc[-1])
    )
    grouped = model.fit(cov_type="clustered", clusters=data.pair, debiased=True)
    found = fit(data, covariates="x", strata=strata, cluster="pair")
    assert (found.estimate, found.bse) == pytest.approx(
        (grouped.params.iloc[-1], grouped.std_errors.iloc[-1])
    )
    assert found.n_clusters == 200
    assert "over 200 clusters" in found.covariance_note


def test_anderson_rubins_interval_holds_what_its_test_does_not_reject():
    # The test by statsmodels: does the arm tell y - b x contact (HC2)?
    data = people(np.random.default_rng(3))
    found = fit(data, covariates="x")
    z = (data.arm == "drive").to_numpy(float)
    design = np.column_stack([np.ones(len(z)), z, data.x])

    def p_value(effect: float) -> float:
        model = sm.OLS(data.y - effect * data.contact.astype(float), design)
        return float(np.asarray(model.fit(cov_type="HC2").pvalues)[1])

    everywhere = found.anderson_rubin
    assert everywhere.shape == "interval"
    for limit, inwards in ((everywhere.ci_low, 1e-3), (everywhere.ci_high, -1e-3)):
        assert p_value(limit) == pytest.approx(0.05, abs=1e-6)
        assert p_value(limit + inwards) > 0.05 > p_value(limit - inwards)
        assert everywhere.holds(limit + inwards)
        assert not everywhere.holds(limit - inwards)
    assert p_value(0.0) == pytest.approx(found.intention_to_treat.p_value)


@given(
    st.floats(-3, 3), st.floats(-3, 3), st.floats(0.1, 2), st.floats(0.1, 2), st.floats(-0.9, 0.9)
)
def test_the_quadratic_has_the_right_shape(r, p, sr, sp, alike):
    covariance = np.array([[sr**2, alike * sr * sp], [alike * sr * sp, sp**2]])
    found = anderson_rubin(r, p, covariance, 1.96)
    grid = np.linspace(-60, 60, 4001)
    variance = sr**2 - 2 * grid * alike * sr * sp + grid**2 * sp**2
    slack = (r - grid * p) ** 2 - 1.96**2 * variance
    clear = np.abs(slack) > 1e-6 * (1 + grid**2)
    holds = np.array([found.holds(effect) for effect in grid])
    assert np.array_equal(holds[clear], (slack <= 0)[clear])
    if found.shape == "interval":
        assert abs(p / sp) > 1.96
    if p:
        assert found.holds(r / p)


def test_where_everybody_does_as_allocated_it_is_the_intention_to_treat():
    data = people(np.random.default_rng(10), contact=1.1)
    found = fit(data)
    assert found.estimate == pytest.approx(found.intention_to_treat.estimate)
    assert (found.shares["compliers"], found.first_stage_f, found.weak) == (1, math.inf, False)
    assert (found.anderson_rubin.ci_low, found.anderson_rubin.ci_high) == pytest.approx(
        found.intention_to_treat[3:]
    )


def test_a_weak_first_stage_is_said_and_has_an_unbounded_interval():
    rng = np.random.default_rng(4)
    data = people(rng, n=120, contact=0.5)
    data["contact"] = rng.random(120) < np.where(data.arm == "drive", 0.42, 0.40)
    found = fit(data)
    assert found.weak
    assert found.first_stage_f < 10
    assert found.anderson_rubin.shape != "interval"
    said = " ".join(found.notes)
    assert "first stage is weak" in said
    assert "unbounded" in said
    assert not found.one_sided
    assert not fit(people(rng)).weak


def test_swapping_the_arms_swaps_nothing_but_the_effects_of_the_arm():
    data = people(np.random.default_rng(5))
    one = fit(data, strata="stratum")
    other = complier_average_effect(
        "y", "arm", "contact", data, strata="stratum", reference="drive"
    )
    assert (other.estimate, other.bse) == pytest.approx((one.estimate, one.bse))
    assert other.intention_to_treat.estimate == pytest.approx(-one.intention_to_treat.estimate)
    assert other.first_stage.estimate == pytest.approx(-one.first_stage.estimate)
    assert other.first_stage_f == pytest.approx(one.first_stage_f)
    assert (other.anderson_rubin.ci_low, other.anderson_rubin.ci_high) == pytest.approx(
        (one.anderson_rubin.ci_low, one.anderson_rubin.ci_high)
    )


def test_one_added_person_changes_what_he_must_and_nothing_else():
    data = people(np.random.default_rng(6))
    before = fit(data, strata="stratum")
    row = {"y": 4.0, "x": 0.0, "arm": "drive", "contact": True, "pair": 999, "stratum": 99}
    same = ("estimate", "bse", "intention_to_treat", "first_stage", "anderson_rubin", "n")

    def with_one(**changes: Any) -> Any:
        more = pd.concat([data, pd.DataFrame([{**row, **changes}])], ignore_index=True)
        return fit(more, strata="stratum")

    alone = with_one()
    assert [getattr(alone, name) for name in same] == [getattr(before, name) for name in same]
    assert (alone.n_strata_one_arm, alone.n_people_one_arm) == (1, 1)
    unknown = with_one(stratum=2, y=float("nan"))
    assert [getattr(unknown, name) for name in same] == [getattr(before, name) for name in same]
    assert unknown.n_left_out == 1
    more = with_one(stratum=2)
    assert (more.received - before.received)[["n", "received"]].to_numpy().tolist() == [
        [0, 0], [1, 1],
    ]  # fmt: skip
    assert more.received["share"].iloc[0] == 0


def coverage(trials: int, contact: float, n: int = 300) -> tuple[float, float, float]:
    """Return bias in standard errors and coverage of both intervals, with unequal ratios."""
    rng = np.random.default_rng(7)
    sizes = rng.integers(6, 15, n // 10)
    places = np.array([rng.integers(1, size // 2 + 1) for size in sizes], dtype=float)
    strata = np.repeat(np.arange(len(sizes)), sizes)
    level = 3 * (places / sizes)[strata]
    found = []
    for arm in np.hstack(list(draw_within_strata(strata, places, trials, rng))).T:
        can = rng.random(len(strata)) < contact
        y = level + can - 0.8 * (can & (arm == 1)) + rng.normal(size=len(strata))
        data = pd.DataFrame({"y": y, "arm": arm, "contact": (arm == 1) & can, "stratum": strata})
        one = complier_average_effect("y", "arm", "contact", data, strata="stratum")
        found.append(
            [one.estimate, one.ci_low <= -0.8 <= one.ci_high, one.anderson_rubin.holds(-0.8)]
        )
    estimates, wald, everywhere = np.array(found, dtype=float).T
    error = estimates.std(ddof=1) / math.sqrt(trials)
    return abs(estimates.mean() + 0.8) / error, wald.mean(), everywhere.mean()


def test_it_recovers_the_effect_on_compliers_with_unequal_ratios():
    bias, wald, everywhere = coverage(100, 0.6)
    assert bias < 4
    assert min(wald, everywhere) > 0.95 - 4 * math.sqrt(0.05 * 0.95 / 100)


@pytest.mark.long
@pytest.mark.parametrize("contact", [0.6, 0.9])
def test_it_recovers_the_effect_in_many_trials(contact):
    bias, wald, everywhere = coverage(800, contact)
    assert bias < 4
    # HC2 does not count what drawing within strata gains: not below, somewhat above.
    assert 0.92 < wald <= 1
    assert 0.92 < everywhere <= 1


def test_wrong_use_and_unfit_data_are_told_apart():
    data = people(np.random.default_rng(8))
    with pytest.raises(ModelUsageError, match="no column 'nowhere'"):
        complier_average_effect("y", "arm", "nowhere", data, reference="control")
    with pytest.raises(ModelUsageError, match="told by 1 and 0"):
        fit(data.assign(contact=2.0))
    with pytest.raises(ModelUsageError, match="told by 1 and 0"):
        fit(data.assign(contact="yes"))
    for everybody, word in ((0, "Nobody"), (1, "Everybody")):
        with pytest.raises(ModelDataError, match=f"{word} of 400 people received"):
            fit(data.assign(contact=everybody))
    with pytest.raises(ModelDataError, match="outcome is alike for everybody"):
        fit(data.assign(y=1.0))
    even = pd.DataFrame({"y": [1.0, 2, 4, 3] * 3, "arm": [0, 0, 1, 1] * 3, "got": [0, 1, 0, 1] * 3})
    with pytest.raises(ModelDataError, match="the allocation moved nobody"):
        complier_average_effect("y", "arm", "got", even)
    with pytest.raises(ModelDataError, match="'again' is a linear combination"):
        fit(data.assign(again=(data.arm == "drive") * 2.0), covariates="again")
    with pytest.raises(ModelDataError, match="None of 2 strata has people of both arms"):
        fit(data.assign(own=(data.arm == "drive") * 1), strata="own")


def test_no_row_is_shown():
    data = people(np.random.default_rng(9))
    data.loc[5, "y"] = 77.125
    assert "77.125" not in repr(fit(data, covariates="x", cluster="pair"))
