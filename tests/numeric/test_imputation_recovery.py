"""Imputation recovers truth where complete cases do not, and agrees with other programs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy.special import expit
from statsmodels.imputation.mice import MICEData

from datrial.models import (
    fit_imputed,
    fit_logit,
    fit_ordered_logit,
    inverse_probability_weights,
    multiple_imputation,
)

TRUE_EFFECT = 0.8


def draw(n, rng):
    """Simulate an outcome that is seen less in one arm the more a later contact tells.

    The contact depends on the outcome and is always seen: missing at random given arm and
    contact. Complete cases are a selected part of each arm.
    """
    arm = rng.integers(0, 2, n).astype(float)
    y = (rng.random(n) < expit(-0.4 + TRUE_EFFECT * arm)).astype(float)
    contact = (rng.random(n) < np.where(y == 1, 0.75, 0.25)).astype(float)
    gone = rng.random(n) < np.where((arm == 1) & (contact == 1), 0.7, 0.15)
    return pd.DataFrame({"arm": arm, "y": np.where(gone, np.nan, y), "contact": contact})


def study(repeats, n, m, seed):
    """Return estimate, error, and interval of the effect, by complete cases and imputed."""
    rng, rows = np.random.default_rng(seed), []
    for number in range(repeats):
        data = draw(n, rng)
        plain = fit_logit("y ~ arm", data)
        imputations = multiple_imputation(data, m=m, iterations=1, seed=number)
        pooled = fit_imputed(lambda d: fit_logit("y ~ arm", d), imputations)
        for how, fit in (("complete", plain), ("imputed", pooled)):
            low, high = fit.conf_int().loc["arm"]
            inside = low < TRUE_EFFECT < high
            rows.append((how, fit.params["arm"], fit.bse["arm"], inside))
    table = pd.DataFrame(rows, columns=["how", "estimate", "bse", "inside"])
    return table.groupby("how").agg(
        estimate=("estimate", "mean"),
        sd=("estimate", "std"),
        bse=("bse", "mean"),
        coverage=("inside", "mean"),
    )


def test_complete_cases_are_biased_and_imputation_is_not():
    table = study(60, 500, 5, seed=1)

    complete, imputed = table.loc["complete"], table.loc["imputed"]
    error = 4 * imputed["sd"] / np.sqrt(60)
    assert complete["estimate"] < TRUE_EFFECT - 0.4
    assert imputed["estimate"] == pytest.approx(TRUE_EFFECT, abs=error)
    assert imputed["bse"] == pytest.approx(imputed["sd"], rel=0.35)
    assert imputed["coverage"] >= 0.85  # 60 draws of 0.95: below 0.85 once in a thousand
    assert complete["coverage"] < 0.6


@pytest.mark.long
@pytest.mark.timeout(900)
def test_imputation_has_nominal_coverage():
    table = study(300, 500, 5, seed=2)

    imputed = table.loc["imputed"]
    # Monte Carlo error of the mean 0.013, of the spread 4%, of coverage 0.013.
    assert imputed["estimate"] == pytest.approx(TRUE_EFFECT, abs=0.05)
    assert imputed["bse"] == pytest.approx(imputed["sd"], rel=0.12)
    assert 0.915 <= imputed["coverage"] <= 0.985


@pytest.mark.long
@pytest.mark.timeout(900)
def test_chains_over_columns_of_every_kind_recover_an_ordered_logit():
    # Everything depends on the site and on the last column, which is complete; gaps in three
    # columns at once, at random given it. Truth: age .05, two against one .7, three -.5.
    truth = {"age": 0.05, "site[T.two]": 0.7, "site[T.three]": -0.5}
    rng, repeats, rows = np.random.default_rng(3), 100, []
    for number in range(repeats):
        n = 400
        site = rng.integers(0, 3, n)
        age = rng.normal(35, 8, n) + 2 * (site == 1)
        eta = 0.05 * (age - 35) + np.array([0, 0.7, -0.5])[site]
        level = np.digitize(eta + rng.logistic(size=n), [-1, 0.2, 1.5])
        later = (rng.random(n) < expit(level - 1.5)).astype(float)
        data = pd.DataFrame(
            {
                "level": pd.Categorical.from_codes(level, list("abcd"), ordered=True),
                "site": pd.Categorical.from_codes(site, ["one", "two", "three"]),
                "age": age,
                "later": later,
            }
        )
        for name, extra in (("level", 0.3), ("site", 0.1), ("age", 0.2)):
            data.loc[rng.random(n) < 0.1 + extra * later, name] = None
        imputations = multiple_imputation(data, m=10, iterations=5, seed=number)
        pooled = fit_imputed(lambda d: fit_ordered_logit("level ~ age + site", d), imputations)
        limits = pooled.conf_int()
        rows.append(
            {
                name: (
                    pooled.params[name] - true,
                    limits.loc[name, "ci_low"] < true < limits.loc[name, "ci_high"],
                )
                for name, true in truth.items()
            }
        )
    for name in truth:
        bias = np.array([row[name][0] for row in rows])
        # Matching and dummies are not congenial to the last digit: a tenth of an error's leeway.
        assert abs(bias.mean()) < 3.5 * bias.std() / np.sqrt(repeats) + 0.1 * bias.std()
        assert np.mean([row[name][1] for row in rows]) >= 0.88


def test_imputation_and_weights_agree_where_both_are_right():
    # One large sample: the effect by imputing the unseen outcomes and by weighting the seen,
    # each with the model of its own, both saturated in arm and contact.
    data = draw(20_000, np.random.default_rng(4))
    imputations = multiple_imputation(data, m=10, iterations=1, seed=1)
    imputed = fit_imputed(lambda d: fit_logit("y ~ arm", d), imputations)
    seen = inverse_probability_weights(
        data, data["y"].notna(), "arm * contact", stabilised="arm", truncate=None
    )
    weighted = fit_logit("y ~ arm", data, weights=seen.weights, cluster=np.arange(len(data)))

    assert imputed.params["arm"] == pytest.approx(TRUE_EFFECT, abs=0.13)
    assert weighted.params["arm"] == pytest.approx(TRUE_EFFECT, abs=0.13)
    assert imputed.params["arm"] == pytest.approx(weighted.params["arm"], abs=0.06)


# Schafer (1997), Analysis of Incomplete Multivariate Data, table 6.14; `nhanes` of R's mice.
NA = np.nan
NHANES = pd.DataFrame(
    {
        "age": [1, 2, 1, 3, 1, 3, 1, 1, 2, 2, 1, 2, 3, 2, 1, 1, 3, 2, 1, 3, 1, 1, 1, 3, 2],
        "bmi": [NA, 22.7, NA, NA, 20.4, NA, 22.5, 30.1, 22.0, NA, NA, NA, 21.7, 28.7, 29.6, NA,
                27.2, 26.3, 35.3, 25.5, NA, 33.2, 27.5, 24.9, 27.4],
        "hyp": [NA, 1, 1, NA, 1, NA, 1, 1, 1, NA, NA, NA, 1, 2, 1, NA, 2, 2, 1, 2, NA, 1, 1, 1, 1],
        "chl": [NA, 187, 187, NA, 113, 184, 118, 187, 238, NA, NA, NA, 206, 204, NA, NA, 284, 199,
                218, NA, NA, 229, 131, NA, 186],
    }
)  # fmt: skip


def test_nhanes_agrees_with_the_estimates_that_mice_prints():
    # Source: R package mice 2.30, help page of pool(): five imputations of nhanes, lm(bmi ~ hyp +
    # chl): 22.01 (4.94), -1.456 (2.268), 0.03459 (0.02829). Imputations are random, so the
    # estimates may differ by the Monte Carlo error of five and of our forty.
    printed = pd.Series({"Intercept": 22.01313, "hyp": -1.45578, "chl": 0.03459})
    errors = pd.Series({"Intercept": 4.94086, "hyp": 2.26789, "chl": 0.02829})

    imputations = multiple_imputation(NHANES, m=40, iterations=10, seed=1)
    pooled = fit_imputed(lambda d: smf.ols("bmi ~ hyp + chl", d).fit(), imputations, df_complete=22)

    assert imputations.n_missing.to_dict() == {"bmi": 9, "hyp": 8, "chl": 10}
    between = np.sqrt(pd.Series(np.diag(pooled.between), index=pooled.params.index))
    gap = (pooled.params - printed).abs()
    assert (gap < 3 * between * np.sqrt(1 / 5 + 1 / 40)).all()
    assert ((pooled.bse / errors > 0.6) & (pooled.bse / errors < 1.7)).all()
    assert (pooled.df < 22).all()


def test_pooled_regression_agrees_with_statsmodels_mice():
    # An independent program (predictive mean matching with 20 donors, its own draws). The same
    # estimand within the Monte Carlo error of both.
    rng = np.random.default_rng(6)
    n, m = 300, 20
    z = rng.normal(size=n)
    x = 0.6 * z + rng.normal(size=n)
    y = 1 + x - 0.5 * z + rng.normal(size=n)
    data = pd.DataFrame({"x": x, "y": y, "z": z})
    data.loc[rng.random(n) < expit(-1 + z), "x"] = np.nan
    data.loc[rng.random(n) < expit(-1.5 + z), "y"] = np.nan

    imputations = multiple_imputation(data, m=30, iterations=8, seed=1)
    ours = fit_imputed(lambda d: smf.ols("y ~ x + z", d).fit(), imputations)

    # Ten rounds between draws: theirs are one chain, and nearer ones hang together. The seed does
    # not settle their numbers on every machine (signs of singular vectors).
    np.random.seed(1)
    chain = MICEData(data)
    chain.update_all(10)
    theirs = []
    for _ in range(m):
        chain.update_all(10)
        theirs.append(sm.OLS(chain.data["y"], sm.add_constant(chain.data[["x", "z"]])).fit())
    peer = np.mean([fit.params.to_numpy() for fit in theirs], axis=0)
    spread = np.std([fit.params.to_numpy() for fit in theirs], axis=0, ddof=1)
    tolerance = 4 * spread * np.sqrt(1 / m + 1 / 30) + 0.03  # donors: 20 of theirs, 5 of ours
    assert (np.abs(ours.params.to_numpy() - peer) < tolerance).all()
    assert (np.abs(ours.params.to_numpy() - [1, 1, -0.5]) < 4 * ours.bse).all()
