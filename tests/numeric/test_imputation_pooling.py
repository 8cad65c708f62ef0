"""Rubin's rules against printed numbers, identities, and every model of the package."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import logit

from datrial.models import (
    ModelDataError,
    ModelUsageError,
    fit_imputed,
    fit_logit,
    fit_multinomial_logit,
    fit_ordered_logit,
    fit_random_effects_poisson,
    fit_rate,
    multiple_imputation,
    pool,
    pool_estimates,
)
from datrial.models.missing.rubin import rubins_rules

# SAS/STAT User's Guide, PROC MIANALYZE, example "Reading Means and Standard Errors from a DATA=
# Data Set": means of 31 men's oxygen intake, running time and pulse in five imputations.
MEANS = {
    "oxygen": [47.0120, 47.2407, 47.4995, 47.1485, 47.0042],
    "run_time": [10.4441, 10.5040, 10.5922, 10.5279, 10.4913],
    "run_pulse": [171.216, 171.244, 171.909, 171.146, 172.072],
}
ERRORS = {
    "oxygen": [0.95984, 0.93540, 1.00766, 0.95439, 0.96528],
    "run_time": [0.28520, 0.26661, 0.26302, 0.26405, 0.27275],
    "run_pulse": [1.59910, 1.75638, 1.85795, 1.75011, 1.84807],
}


def a_fit(estimate, variance, **more):
    """Return the least that can be pooled."""
    names = [f"b{j}" for j in range(len(estimate))]
    covariance = np.asarray(variance, dtype=float)
    return SimpleNamespace(
        params=pd.Series(estimate, index=names, dtype=float),
        cov_params=lambda: pd.DataFrame(covariance, index=names, columns=names),
        nobs=100,
        **more,
    )


def people(n=240, seed=5):
    rng = np.random.default_rng(seed)
    age = rng.normal(35, 9, n)
    level = np.digitize(0.05 * (age - 35) + rng.logistic(size=n), [-0.7, 0.8])
    data = pd.DataFrame(
        {
            "y": (rng.random(n) < 1 / (1 + np.exp(-0.05 * (age - 35)))).astype(float),
            "level": pd.Categorical.from_codes(level, ["none", "some", "much"], ordered=True),
            "site": pd.Categorical.from_codes(rng.integers(0, 3, n), ["one", "two", "three"]),
            "count": rng.poisson(np.exp(0.4 + 0.01 * (age - 35))).astype(float),
            "age": age,
            "person": np.arange(n) // 2,
        }
    )
    return data


def with_gaps(data, columns, share=0.2, seed=9):
    rng, data = np.random.default_rng(seed), data.copy()
    for name in columns:
        data.loc[rng.random(len(data)) < share, name] = np.nan
    return data


MODELS = {
    "logit": lambda d: fit_logit("y ~ age + site", d, cluster="person"),
    "multinomial": lambda d: fit_multinomial_logit("site ~ age + y", d),
    "ordered": lambda d: fit_ordered_logit("level ~ age + site", d, cluster="person"),
    "rate": lambda d: fit_rate("count ~ age + site", d, cluster="person"),
    "random_effects": lambda d: fit_random_effects_poisson("count ~ age + site", d, group="person"),
}


def test_pooled_means_are_those_that_sas_prints():
    # Source: the example's tables "Variance Information" and "Parameter Estimates", edf=30. The
    # inputs above were checked against the guide; the outputs here are quoted from memory of it.
    # Means are printed to 5 digits, which moves the variance between by up to 1 part in 2,000.
    means, errors = pd.DataFrame(MEANS), pd.DataFrame(ERRORS)

    pooled = rubins_rules(means.to_numpy(), errors.to_numpy() ** 2, 30)
    oxygen = pool_estimates(means, errors, df_complete=30).loc["oxygen"]

    np.testing.assert_allclose(pooled.between, [0.041478, 0.002948, 0.191086], rtol=5e-4)
    np.testing.assert_allclose(pooled.within, [0.930853, 0.073142, 3.114442], rtol=3e-5)
    np.testing.assert_allclose(pooled.total, [0.980626, 0.076679, 3.343744], rtol=3e-5)
    np.testing.assert_allclose(pooled.df, [26.298, 26.503, 25.463], atol=1e-3)
    assert oxygen["estimate"] == pytest.approx(47.180993, abs=5e-5)
    assert oxygen["bse"] == pytest.approx(0.990266, abs=1e-5)
    assert oxygen["ci_low"] == pytest.approx(45.1466, abs=1e-4)
    assert oxygen["ci_high"] == pytest.approx(49.2154, abs=1e-4)
    assert oxygen["riv"] == pytest.approx(0.053471, abs=3e-5)
    assert oxygen["fmi"] == pytest.approx(0.051977, abs=3e-5)  # Rubin's (1987), as SAS gives


def test_pooled_fits_say_the_same_as_pooled_estimates():
    means, errors = pd.DataFrame(MEANS), pd.DataFrame(ERRORS)
    fits = [
        a_fit(means.iloc[i].to_numpy(), np.diag(errors.iloc[i].to_numpy() ** 2)) for i in range(5)
    ]

    pooled = pool(fits, df_complete=30)

    table = pool_estimates(means, errors, df_complete=30, level=0.9)
    ours = pd.DataFrame(
        {
            "estimate": pooled.params,
            "bse": pooled.bse,
            "p_value": pooled.pvalues,
            **pooled.conf_int(0.9),
            "df": pooled.df,
            "riv": pooled.riv,
            "fmi": pooled.fmi,
        }
    )
    np.testing.assert_allclose(ours, table, rtol=1e-12)
    # In the same example: relative efficiency of five imputations of oxygen.
    assert pooled.relative_efficiency["b0"] == pytest.approx(0.989712, abs=5e-6)


def test_degrees_of_freedom_without_and_with_a_small_sample():
    # Rubin (1987): (m-1)(1 + 1/r)^2; with r = 10% and m = 5 SAS's guide states 484.
    within, m = 1.0, 5
    between = 0.1 * within / (1 + 1 / m)
    spread = np.array([-1.0, -1.0, 0.0, 1.0, 1.0])  # variance 1
    estimates = pd.DataFrame({"q": spread * np.sqrt(between)})
    errors = pd.DataFrame({"q": np.ones(m)})

    large = pool_estimates(estimates, errors).loc["q"]
    small = pool_estimates(estimates, errors, df_complete=20).loc["q"]

    assert large["riv"] == pytest.approx(0.1, abs=1e-12)
    assert large["df"] == pytest.approx(484, abs=1e-9)
    # Barnard and Rubin (1999): 1 / (1/484 + 1 / (21/23 * 20 * (1 - 1/11))).
    assert small["df"] == pytest.approx(1 / (1 / 484 + 1 / (21 / 23 * 20 * 10 / 11)), abs=1e-9)
    half = stats.t.ppf(0.975, small["df"]) * small["bse"]
    assert small["ci_high"] - small["estimate"] == pytest.approx(half, abs=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_without_missing_answers_the_pooled_fit_is_the_plain_fit(name):
    data = people()
    fit = MODELS[name]
    plain = fit(data)

    imputations = multiple_imputation(data, ["y", "level", "site", "count", "age"], m=3, seed=1)
    pooled = fit_imputed(fit, imputations)

    np.testing.assert_allclose(pooled.params, plain.params, atol=1e-12)
    np.testing.assert_allclose(pooled.bse, plain.bse, atol=1e-12)
    np.testing.assert_allclose(pooled.pvalues, plain.pvalues, atol=1e-12)
    np.testing.assert_allclose(pooled.conf_int(0.9), plain.conf_int(0.9), atol=1e-12)
    assert (pooled.fmi == 0).all() and (pooled.riv == 0).all() and np.isinf(pooled.df).all()
    assert (pooled.nobs, pooled.n_left_out, pooled.n_clusters) == (
        plain.nobs,
        plain.n_left_out,
        plain.n_clusters,
    )
    assert pooled.notes == plain.notes
    for method in ("odds_ratios", "relative_risk_ratios", "rate_ratios"):
        if hasattr(plain, method):
            table = getattr(pooled, method)()
            ours = getattr(plain, method)()
            np.testing.assert_allclose(table[list(ours)], ours, atol=1e-12)
        else:
            with pytest.raises(ModelUsageError, match="has no"):
                getattr(pooled, method)()
    factor = "y" if name == "multinomial" else "site"
    ours = plain.average_predictions(factor, 0.9)
    table = pooled.average_predictions(factor, 0.9)
    np.testing.assert_allclose(table[list(ours)], ours, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_pools_over_imputations(name):
    data = with_gaps(people(), ["y", "level", "site", "count"])
    imputations = multiple_imputation(
        data, ["y", "level", "site", "count", "age"], m=4, iterations=3, seed=2
    )

    pooled = fit_imputed(MODELS[name], imputations)

    assert pooled.m == 4 and pooled.converged and pooled.nobs == len(data)
    assert ((pooled.fmi > 0) & (pooled.fmi < 1)).all()
    assert (pooled.bse**2 > np.diag(pooled.within)).all()
    hand = np.mean([fit.params.to_numpy() for fit in pooled.fits], axis=0)
    np.testing.assert_allclose(pooled.params, hand, atol=1e-14)
    covariance = np.mean([fit.cov_params().to_numpy() for fit in pooled.fits], axis=0)
    between = np.cov(np.array([fit.params.to_numpy() for fit in pooled.fits]).T)
    np.testing.assert_allclose(pooled.cov_params(), covariance + 1.25 * between, atol=1e-12)
    assert "Rubin's rules over 4 imputations" in pooled.covariance_note


def test_pooled_predictions_stay_inside_0_and_1_and_sum_to_1():
    data = with_gaps(people(80), ["level", "site"], 0.35)
    imputations = multiple_imputation(data, ["level", "site", "age"], m=5, seed=3)
    pooled = fit_imputed(lambda d: fit_ordered_logit("level ~ age + site", d), imputations)

    table = pooled.average_predictions("site")

    assert ((table["ci_low"] > 0) & (table["ci_high"] < 1)).all()
    assert (
        (table["ci_low"] < table["probability"]) & (table["ci_high"] > table["probability"])
    ).all()
    np.testing.assert_allclose(table["probability"].groupby(level=0).sum(), 1, atol=1e-12)
    tables = [fit.average_predictions("site") for fit in pooled.fits]
    p = np.array([t["probability"] for t in tables])
    odds = pool_estimates(
        pd.DataFrame(logit(p)),
        pd.DataFrame(np.array([t["bse"] for t in tables]) / (p * (1 - p))),
    )
    wide = logit(table["ci_high"].to_numpy()) - logit(table["ci_low"].to_numpy())
    np.testing.assert_allclose(wide, odds["ci_high"] - odds["ci_low"], atol=1e-10)
    np.testing.assert_allclose(table["fmi"], odds["fmi"], atol=1e-12)


def test_joint_test_of_one_parameter_is_its_t_test_squared():
    # Li, Raghunathan and Rubin (1991) with k = 1: F = t^2, r that of the parameter.
    fits = [a_fit([b, 0.3 * b], np.diag([0.04, 0.09])) for b in (0.9, 1.1, 1.4, 0.7, 1.0, 1.2)]
    pooled = pool(fits)

    test = pooled.joint_test(["b0"])

    assert test.statistic == pytest.approx(pooled.tvalues["b0"] ** 2, abs=1e-12)
    r = pooled.riv["b0"]
    assert test.df_denom == pytest.approx(4 + (5 - 4) * (1 + (1 - 2 / 5) / r) ** 2, abs=1e-9)
    assert test.p_value == pytest.approx(stats.f.sf(test.statistic, 1, test.df_denom), abs=1e-12)
    with pytest.raises(ModelUsageError, match="no parameter 'age'"):
        pooled.joint_test(["age"])


def test_joint_test_without_missing_answers_is_walds():
    data = people()
    plain = fit_logit("y ~ age + site", data)
    pooled = pool([plain, plain, plain])

    test = pooled.joint_test(["site[T.two]", "site[T.three]"])

    wald = plain.joint_test("site")
    assert 2 * test.statistic == pytest.approx(wald[0], abs=1e-9)
    assert test.p_value == pytest.approx(wald[2], abs=1e-12)


def test_what_single_fits_say_is_carried_with_how_many_say_it():
    fits = [
        a_fit([1.0], [[0.1]], converged=True, notes=("Rare level.",)),
        a_fit([1.1], [[0.1]], converged=False, notes=("Rare level.", "Separation.")),
        a_fit([0.9], [[np.nan]], converged=True, notes=("Rare level.",)),
    ]
    fits[2].nobs = 90

    pooled = pool(fits, notes=("The chains differ.",))

    assert pooled.notes == (
        "The chains differ.",
        "Rare level.",
        "In 1 of 3 imputations: Separation.",
        "1 of 3 fits did not converge; the pooled estimates include them.",
        "Some error cannot be pooled, because a fit has none.",
        "The fits rest on 90 to 100 rows; their mean number is given.",
    )
    assert not pooled.converged
    assert np.isnan(pooled.bse["b0"]) and np.isnan(pooled.pvalues["b0"])
    assert pooled.nobs == pytest.approx(290 / 3)


def test_wrong_use_is_said():
    one, other = a_fit([1.0], [[0.1]]), a_fit([1.0, 2.0], np.eye(2))
    with pytest.raises(ModelUsageError, match="at least two imputations; there are 1"):
        pool([one])
    with pytest.raises(ModelUsageError, match="different parameters"):
        pool([one, other])
    with pytest.raises(ModelUsageError, match="must be above 0"):
        pool([one, one], df_complete=0)
    with pytest.raises(ModelUsageError, match="same rows and columns"):
        pool_estimates(pd.DataFrame(MEANS), pd.DataFrame(ERRORS).iloc[:3])
    with pytest.raises(ModelUsageError, match="between 0 and 1"):
        pool([one, one]).conf_int(95)


def test_a_fit_that_fails_names_its_imputation_and_no_row():
    data = with_gaps(people(60), ["y"])
    imputations = multiple_imputation(data, ["y", "age"], m=3, iterations=1, seed=1)

    with pytest.raises(
        ModelDataError, match=r"Imputation 1 of 3 cannot be analysed: .*single value"
    ):
        fit_imputed(lambda d: fit_logit("y ~ one", d.assign(one=1.0)), imputations)


def test_a_pooled_result_shows_no_row():
    data = with_gaps(people(60), ["y"])
    data.loc[3, "age"] = 77.125
    imputations = multiple_imputation(data, ["y", "age"], m=2, iterations=1, seed=1)
    pooled = fit_imputed(lambda d: fit_logit("y ~ age", d), imputations)

    assert "77.125" not in repr(imputations) + repr(pooled)
