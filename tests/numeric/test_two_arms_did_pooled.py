"""Pooled differences in differences against single fits, Rubin's rules and simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit, ndtr

from datrial.models import (
    ModelUsageError,
    fit_difference_in_differences,
    fit_imputed,
    fit_logit,
    multiple_imputation,
    pool,
    pool_differences,
    pool_estimates,
)

LEVELS = ["none", "standard", "moderate", "high"]
BY_PERSON = {
    "time": "when",
    "arm": "arm",
    "reference_time": "intake",
    "reference_arm": "control",
    "cluster": "person",
}
TRUTH = -0.4


def draw(rng, sizes=(353, 104)):
    """Draw one row per person: an answer at both times, the latter sometimes not given.

    The latent answers are logistic and correlate within a person (a normal copula). Who has no
    second answer depends on the first answer and on the covariate only.
    """
    n = sum(sizes)
    arm = np.repeat([0, 1], sizes)
    x = rng.normal(size=n)
    normal = np.sqrt(0.5) * (rng.normal(size=(n, 1)) + rng.normal(size=(n, 2)))
    eta = np.column_stack([0.2 * arm, -1.5 + (0.2 + TRUTH) * arm]) + 0.4 * x[:, None]
    code = np.digitize(eta + logit(ndtr(normal)), [0.2, 1.0, 1.8])
    unseen = rng.random(n) < np.where(code[:, 0] > 0, 0.45, 0.1) + 0.1 * (x > 0)
    people = pd.DataFrame({"person": np.arange(n), "arm": np.array(["control", "drive"])[arm]})
    for column, when in enumerate(["intake", "exit"]):
        people[when] = pd.Categorical.from_codes(code[:, column], LEVELS, ordered=True)
    people.loc[unseen, "exit"] = np.nan
    return people.assign(x=x)


def as_rows(people):
    """Return one row per person and time."""
    rows = people.melt(["person", "arm", "x"], ["intake", "exit"], "when", "level")
    rows["level"] = pd.Categorical(rows["level"], LEVELS, ordered=True)
    return rows.assign(event=rows["level"].cat.codes > 0)


def fitted(people, kind="binary", **options):
    outcome = "event" if kind == "binary" else "level"
    return fit_difference_in_differences(
        outcome, as_rows(people), covariates="x", kind=kind, **BY_PERSON, **options
    )


def imputed(people, m, seed):
    return multiple_imputation(people, ["arm", "x", "intake", "exit"], m=m, seed=seed)


@pytest.fixture(scope="module")
def imputations():
    return imputed(draw(np.random.default_rng(1)), 5, 3)


@pytest.mark.parametrize("kind", ["binary", "ordered"])
def test_without_missing_answers_the_pooled_effect_is_that_of_the_fit(kind):
    people = draw(np.random.default_rng(2)).dropna()
    fit = fitted(people, kind)
    effect = pool_differences(pool([fit, fit, fit]))

    assert effect.odds_ratio()[:5] == pytest.approx(fit.odds_ratio()[:5], rel=1e-9)
    assert effect.odds_ratio().fmi == 0
    for estimand in ("difference_of_differences", "on_the_treated"):
        one, other = effect.probability_effect(estimand=estimand), fit.probability_effect(
            estimand=estimand
        )  # fmt: skip
        assert one.index.equals(other.index)
        np.testing.assert_allclose(one[other.columns], other, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("kind", ["binary", "ordered"])
def test_both_scales_are_pooled_by_rubins_rules(imputations, kind):
    # Independent path: `pool_estimates` (against SAS's printed example in its own tests) of the
    # logarithms and of atanh(effect / 2).
    fits = [fitted(people, kind) for people in imputations.datasets()]
    effect = pool_differences(fit_imputed(lambda people: fitted(people, kind), imputations))

    odds = pool_estimates(
        pd.DataFrame({"b": [fit.params[fit.interaction] for fit in fits]}),
        pd.DataFrame({"b": [fit.bse[fit.interaction] for fit in fits]}),
    ).loc["b"]
    found = effect.odds_ratio(0.95)
    assert found.fmi > 0.05
    assert (np.log(found.ci_low), np.log(found.ci_high), found.p_value, found.fmi) == (
        pytest.approx(tuple(odds[["ci_low", "ci_high", "p_value", "fmi"]]), rel=1e-9)
    )
    tables = [fit.probability_effect() for fit in fits]
    share = pd.DataFrame([table["estimate"] / 2 for table in tables]).reset_index(drop=True)
    error = pd.DataFrame([table["bse"] / 2 for table in tables]).reset_index(drop=True)
    moved = pool_estimates(np.arctanh(share), error / (1 - share**2))
    probability = effect.probability_effect()
    np.testing.assert_allclose(probability["estimate"], 2 * share.mean(), rtol=1e-12)
    np.testing.assert_allclose(probability["fmi"], moved["fmi"], rtol=1e-9)
    # The interval is centred on the mean effect, not on the mean of its transform.
    half = (moved["ci_high"] - moved["ci_low"]) / 2
    np.testing.assert_allclose(
        probability["ci_high"], 2 * np.tanh(np.arctanh(share.mean()) + half), rtol=1e-9
    )
    np.testing.assert_array_equal(
        probability["p_value"] < 0.05, (probability["ci_low"] > 0) | (probability["ci_high"] < 0)
    )
    if kind == "ordered":
        assert probability.loc[LEVELS, "estimate"].sum() == pytest.approx(0, abs=1e-12)


def test_one_imputation_without_an_estimate_leaves_none(imputations):
    # A cell without events in one completed data set.
    frames = list(imputations.datasets())
    frames[2].loc[frames[2]["arm"] == "drive", "exit"] = "none"
    plain = pool_differences(pool([fitted(people) for people in frames]))
    assert (plain.estimable, plain.n_not_estimable) == (False, 1)
    assert np.isnan(plain.odds_ratio()[:6]).all()
    assert plain.odds_ratio().method == "no finite estimate"
    assert plain.probability_effect()[["p_value", "ci_low", "ci_high"]].isna().all(axis=None)
    assert "In 1 of 5 imputations the interaction has no finite estimate" in plain.notes[-1]

    held = pool_differences(pool([fitted(people, penalty="firth") for people in frames]))
    assert held.estimable
    assert np.isfinite(held.odds_ratio()[:6]).all()
    assert held.notes == held.pooled.notes


def test_only_differences_in_differences_of_one_question_are_read(imputations):
    people = next(imputations.datasets())
    rows = as_rows(people)
    with pytest.raises(ModelUsageError, match="no differences in differences"):
        pool_differences(pool([fit_logit("event ~ x", rows)] * 2))
    swapped = fit_difference_in_differences(
        "event",
        rows.assign(arm=rows["arm"].map({"control": "drive", "drive": "control"})),
        **{**BY_PERSON, "reference_arm": "drive"},
        covariates="x",
    )
    other = [fitted(people), swapped]
    with pytest.raises(ModelUsageError, match="different parameters"):
        pool(other)
    as_numbers = fit_difference_in_differences(
        "event", rows.assign(event=rows["event"] + 1), **BY_PERSON, covariates="x"
    )
    with pytest.raises(ModelUsageError, match="not of the same times, arms and outcome levels"):
        pool_differences(pool([fitted(people), as_numbers]))
    with pytest.raises(ModelUsageError, match="'difference_of_differences' or"):
        pool_differences(pool([fitted(people)] * 2)).probability_effect(estimand="odds")


def recovery(samples, m, seed, kind):
    """Return coverage and mean error of the log odds ratio, and the mean error's error.

    One trial in a hundred has no event after in the smaller arm: the fits choose their penalty.
    """
    rng, held, errors = np.random.default_rng(seed), [], []
    for sample in range(samples):
        pooled = fit_imputed(
            lambda people: fitted(people, kind, penalty="auto"),
            imputed(draw(rng), m, seed + sample),
        )
        ratio = pool_differences(pooled).odds_ratio()
        held.append(np.log(ratio.ci_low) <= TRUTH <= np.log(ratio.ci_high))
        errors.append(np.log(ratio.estimate) - TRUTH)
    return np.mean(held), np.mean(errors), np.std(errors) / np.sqrt(samples)


def test_pooled_intervals_cover_the_truth():
    # 30 draws: a coverage of .95 has a standard error of .04; bound three and a half.
    held, bias, error = recovery(30, 4, 100, "ordered")
    assert held > 0.95 - 3.5 * 0.04
    assert abs(bias) < 4 * error


@pytest.mark.long
@pytest.mark.parametrize("kind", ["binary", "ordered"])
def test_pooled_intervals_cover_the_truth_in_many_draws(kind):
    # 150 draws: standard error of a coverage of .95 .018; bound three and a half. Allowed
    # finite-sample bias besides four standard errors: .02.
    held, bias, error = recovery(150, 5, 900, kind)
    assert held > 0.95 - 3.5 * 0.018
    assert abs(bias) < 0.02 + 4 * error
