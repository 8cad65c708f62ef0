"""Joint Wald tests of every regression: other programs, identities and simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from datrial.models import (
    ModelUsageError,
    fit_difference_in_differences,
    fit_imputed,
    fit_logit,
    fit_multinomial_logit,
    fit_ordered_logit,
    fit_partial_proportional_odds,
    fit_random_effects_poisson,
    fit_random_intercept_ordered_logit,
    fit_rate,
    multiple_imputation,
    pool,
)
from datrial.models.result import wald_test

SITES = ["north", "south", "west", "wales"]


def draw(n_people, rng, *, effect=0.0, alike=1.0):
    """Draw two rows per person with a shared normal effect; `site` is constant in a person."""
    n = 2 * n_people
    site = np.repeat(rng.integers(0, 4, n_people), 2)
    eta = effect * site + np.repeat(rng.normal(0, alike, n_people), 2)
    latent = eta + rng.logistic(size=n)
    return pd.DataFrame(
        {
            "level": np.digitize(latent, [-0.5, 0.8]),
            "yes": (latent > 0).astype(int),
            "count": rng.poisson(np.exp(0.3 * eta)),
            "site": pd.Categorical.from_codes(site, SITES),
            "age": rng.normal(size=n),
            "time": np.tile(["before", "after"], n_people),
            "arm": np.repeat(rng.permutation(np.arange(n_people) % 2), 2),
            "person": np.repeat(np.arange(n_people), 2),
        }
    )


def test_clustered_tests_are_those_of_statsmodels():
    # Independent program: statsmodels' Wald test of a clustered logit and of a clustered
    # Poisson regression, without their small-sample factor; ours carries G/(G-1).
    data = draw(150, np.random.default_rng(1), effect=0.2)
    how = {
        "cov_type": "cluster",
        "cov_kwds": {"groups": data["person"].to_numpy(), "use_correction": False},
    }
    x = sm.add_constant(pd.get_dummies(data["site"], drop_first=True, dtype=float))
    restriction = np.eye(4)[1:]
    for name, fit, peer in (
        ("yes", fit_logit("yes ~ site", data, cluster="person"), sm.Logit),
        ("count", fit_rate("count ~ site", data, cluster="person"), sm.Poisson),
    ):
        wald = peer(data[name], x).fit(disp=0, **how).wald_test(restriction, scalar=True)
        test = fit.joint_test("site")
        assert test.statistic == pytest.approx(float(wald.statistic) * 149 / 150, rel=1e-6)
        assert test.df == 3
        assert test == fit.joint_test([f"site[T.{site}]" for site in SITES[1:]])


def test_an_ordered_logit_with_two_levels_tests_as_the_logit():
    data = draw(150, np.random.default_rng(2), effect=0.2)
    for cluster in (None, "person"):
        one = fit_ordered_logit("yes ~ site + age", data, cluster=cluster).joint_test("site")
        other = fit_logit("yes ~ site + age", data, cluster=cluster).joint_test("site")
        assert tuple(one) == pytest.approx(tuple(other), rel=1e-6)


def test_neither_the_reference_nor_the_units_matter_and_one_parameter_is_its_z_test():
    # Identities of the Wald test.
    data = draw(150, np.random.default_rng(3), effect=0.2)
    other = data.assign(
        site=data["site"].cat.reorder_categories(SITES[::-1]), age=data["age"] * 1e6
    )
    for fit in (fit_ordered_logit, fit_partial_proportional_odds):
        one, two = (fit("level ~ site + age", d, cluster="person") for d in (data, other))
        assert tuple(one.joint_test("site")) == pytest.approx(
            tuple(two.joint_test("site")), rel=1e-6
        )
        age = one.joint_test("age")
        assert age.statistic == pytest.approx(one.zvalues["age"] ** 2)
        assert age.p_value == pytest.approx(one.pvalues["age"])
        assert tuple(two.joint_test("age")) == pytest.approx(tuple(age), rel=1e-6)


def test_every_regression_names_the_parameters_of_a_predictor():
    data = draw(150, np.random.default_rng(4), effect=0.2)
    sites = [f"site[T.{site}]" for site in SITES[1:]]
    multinomial = fit_multinomial_logit("level ~ site + age", data)
    partial = fit_partial_proportional_odds("level ~ site + age", data, nonparallel=["site"])
    fits = [
        (fit_ordered_logit("level ~ site + age", data), sites),
        (fit_random_intercept_ordered_logit("level ~ site", data, group="person"), sites),
        (fit_random_effects_poisson("count ~ site", data, group="person"), sites),
        (multinomial, [(level, name) for level in (1, 2) for name in sites]),
        (partial, [f"{name}@cut{cut}" for name in sites for cut in (1, 2)]),
    ]
    for fit, names in fits:
        assert sorted(fit.parameters_of("site"), key=str) == sorted(names, key=str)
        test = fit.joint_test("site")
        assert test.df == len(names)
        assert 0 < test.p_value < 1
    crossed = fit_logit("yes ~ site * age", data)
    assert len(crossed.parameters_of("age")) == 4
    assert crossed.joint_test(["age"]).df == 1
    did = fit_difference_in_differences(
        "level", data, time="time", arm="arm", covariates="site", kind="ordered",
        cluster="person", reference_time="before",
    )  # fmt: skip
    assert did.joint_test("site") == did.model.joint_test("site")
    assert did.parameters_of("arm") == ["arm[T.1]", did.interaction]


def test_an_unknown_name_is_said():
    fit = fit_ordered_logit("level ~ site + age", draw(60, np.random.default_rng(5)))
    for name, said in (
        ("town", "'town' is not a predictor of this model; it has age, site"),
        (["town"], "no parameter 'town'"),
        ([], "at least one parameter"),
    ):
        with pytest.raises(ModelUsageError, match=said):
            fit.joint_test(name)
    assert fit.joint_test("cut1").df == 1


def test_where_the_covariance_carries_no_test_there_is_none():
    # Three clusters have a sandwich of rank two at most: three parameters cannot be tested.
    data = draw(90, np.random.default_rng(6), effect=0.2)
    data["few"] = np.repeat([0, 1, 2], 60)
    fit = fit_ordered_logit("level ~ site", data, cluster="few")
    test = fit.joint_test("site")
    assert test.df == 3
    assert np.isnan([test.statistic, test.p_value]).all()
    pooled = pool([fit, fit]).joint_test("site")
    assert np.isnan([pooled.statistic, pooled.p_value]).all()
    # Separation: no finite estimate, whatever the sandwich of the numbers at hand.
    data["cell"] = (np.arange(180) < 12).astype(int)
    data.loc[:11, "yes"] = 1
    separated = fit_logit("yes ~ cell + age", data, cluster="person")
    assert separated.separated == ["cell"]
    assert np.isnan(separated.joint_test("cell").p_value)
    assert np.isnan(separated.joint_test(["cell", "age"]).p_value)
    assert separated.joint_test("age").p_value < 1
    assert np.isfinite(
        fit_logit("yes ~ cell + age", data, penalty="firth").joint_test("cell")
    ).all()


@given(
    st.integers(1, 5), st.integers(0, 10_000), st.sampled_from([1e-6, 1.0, 1e6])
)  # fmt: skip
def test_the_statistic_does_not_depend_on_units(size, seed, unit):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(size, size + 3))
    covariance, estimates = root @ root.T, rng.normal(size=size)
    units = unit ** rng.integers(0, 2, size)
    test = wald_test(estimates, covariance)
    scaled = wald_test(estimates * units, covariance * np.outer(units, units))
    assert tuple(scaled) == pytest.approx(tuple(test), rel=1e-6)
    assert test.statistic == pytest.approx(estimates @ np.linalg.inv(covariance) @ estimates)


@pytest.mark.parametrize("fault", ["no variance", "not a number", "two alike"])
def test_no_test_from_a_covariance_that_is_none(fault):
    covariance = np.diag([1.0, 2.0, 3.0])
    if fault == "no variance":
        covariance[1, 1] = 0.0
    elif fault == "not a number":
        covariance[0, 2] = np.nan
    else:
        covariance[1] = covariance[0] = covariance[:, 1] = covariance[:, 0] = [1.0, 1.0, 0.5]
    test = wald_test(np.ones(3), covariance)
    assert test.df == 3
    assert np.isnan([test.statistic, test.p_value]).all()


def test_imputed_fits_are_tested_by_predictor():
    data = draw(120, np.random.default_rng(7), effect=0.3)
    data.loc[np.random.default_rng(8).random(240) < 0.2, "age"] = np.nan
    imputations = multiple_imputation(data, ["level", "age", "site"], m=3, seed=1)
    pooled = fit_imputed(
        lambda d: fit_ordered_logit("level ~ site + age", d, cluster="person"), imputations
    )
    assert pooled.joint_test("site") == pooled.joint_test([f"site[T.{site}]" for site in SITES[1:]])
    with pytest.raises(ModelUsageError, match="'town' is not a predictor"):
        pooled.joint_test("town")


def rejections(samples, seed, cluster):
    """Return the share of tests at .05 that reject a factor without an effect."""
    rng = np.random.default_rng(seed)
    tests = [
        fit_ordered_logit(
            "level ~ site", draw(200, rng, alike=1.5), cluster="person" if cluster else None
        ).joint_test("site")
        for _ in range(samples)
    ]
    return np.mean([test.p_value < 0.05 for test in tests])


def test_a_factor_without_effect_is_rejected_as_often_as_it_should_be():
    # 200 draws with answers alike within persons: standard error .015; bound three and a half.
    assert rejections(200, 20, True) == pytest.approx(0.05, abs=3.5 * 0.0155)
    assert rejections(200, 20, False) > 0.1


@pytest.mark.long
def test_a_factor_without_effect_in_many_draws():
    # 2,000 draws: standard error .005; bound three and a half, and .005 for 200 clusters.
    assert rejections(2_000, 30, True) == pytest.approx(0.05, abs=0.005 + 3.5 * 0.005)
