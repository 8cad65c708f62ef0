"""Inverse-probability weights against identities, our own logit, and simulated selection."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from datrial.models import (
    ModelDataError,
    ModelUsageError,
    fit_logit,
    inverse_probability_weights,
)

FORMULA = "age + arm + site"


def draw(n, rng, *, effect=0.7):
    """Simulate an outcome and who is seen, both driven by age; unseen outcomes are missing."""
    age = rng.normal(35, 9, n)
    arm = rng.integers(0, 2, n)
    site = pd.Categorical.from_codes(rng.integers(0, 3, n), ["one", "two", "three"])
    y = (rng.random(n) < expit(-0.3 + effect * arm + 0.12 * (age - 35))).astype(float)
    seen = rng.random(n) < expit(-0.5 + (0.04 + 0.06 * arm) * (age - 35) + 0.5 * arm)
    return pd.DataFrame(
        {"age": age, "arm": arm, "site": site, "seen": seen, "y": np.where(seen, y, np.nan)}
    )


def test_probabilities_are_those_of_our_logit():
    # Two programs: scikit-learn's Newton-Cholesky and our Newton. Tolerance 1e-7.
    data = draw(700, np.random.default_rng(1))
    peer = fit_logit(f"seen ~ {FORMULA}", data)

    weights = inverse_probability_weights(data, "seen", FORMULA, stabilised=False, truncate=None)

    np.testing.assert_allclose(weights.params[peer.params.index], peer.params, atol=1e-6)
    p = expit(peer.design.matrix @ peer.params.to_numpy())
    np.testing.assert_allclose(weights.probability, p, atol=1e-7)
    seen = data["seen"].to_numpy()
    np.testing.assert_allclose(weights.weights[seen], 1 / p[seen], rtol=1e-6)
    assert weights.weights[~seen].isna().all()


def test_weights_of_groups_are_group_size_over_number_seen():
    # Saturated in one factor, weighting is post-stratification: N_g / n_g, and balance exact.
    data = draw(600, np.random.default_rng(2))

    weights = inverse_probability_weights(data, "seen", "site", stabilised=False, truncate=None)

    groups = data.groupby("site", observed=True)["seen"]
    expected = data["site"].map(groups.size() / groups.sum()).astype(float)
    seen = data["seen"]
    np.testing.assert_allclose(weights.weights[seen], expected[seen], rtol=1e-6)
    assert weights.weights.sum() == pytest.approx(600, abs=1e-3)
    np.testing.assert_allclose(weights.balance["smd_after"], 0, atol=1e-6)
    assert weights.notes == ()


def test_stabilised_weights_average_about_1_and_keep_their_ratios():
    data = draw(800, np.random.default_rng(3))
    plain = inverse_probability_weights(data, "seen", FORMULA, stabilised=False, truncate=None)

    stable = inverse_probability_weights(data, data["seen"].to_numpy(), FORMULA, truncate=None)
    within = inverse_probability_weights(data, "seen", FORMULA, stabilised="arm", truncate=None)

    share = data["seen"].mean()
    np.testing.assert_allclose(stable.weights, plain.weights * share, rtol=1e-10)
    assert stable.mean == pytest.approx(1, abs=0.1)
    by_arm = data.groupby("arm")["seen"].mean()
    np.testing.assert_allclose(within.weights, plain.weights * data["arm"].map(by_arm), rtol=1e-6)
    assert within.stabilised_by == "the probability given arm"
    assert within.standard_deviation < plain.standard_deviation
    pd.testing.assert_frame_equal(within.balance, plain.balance, atol=1e-6)


def test_spread_is_that_of_the_weights():
    data = draw(400, np.random.default_rng(4))

    weights = inverse_probability_weights(data, "seen", FORMULA, truncate=(0.05, 0.9))

    w = weights.weights.dropna()
    raw = inverse_probability_weights(data, "seen", FORMULA, truncate=None)
    low, high = np.quantile(raw.weights.dropna(), (0.05, 0.9))
    np.testing.assert_allclose(w, raw.weights.dropna().clip(low, high))
    spread = weights.spread()
    assert spread["n_observed"] == len(w) == data["seen"].sum()
    assert (spread["minimum"], spread["maximum"]) == pytest.approx((low, high))
    assert (spread["mean"], spread["standard_deviation"]) == pytest.approx((w.mean(), w.std()))
    assert spread["effective_sample_size"] == pytest.approx(w.sum() ** 2 / (w**2).sum())
    assert spread["effective_sample_size"] < len(w)
    assert spread["largest_before_truncation"] == pytest.approx(raw.maximum)
    assert spread["share_truncated"] == pytest.approx(0.15, abs=0.02)
    assert raw.share_truncated == 0


def test_balance_shows_what_weighting_does():
    data = draw(5000, np.random.default_rng(5))

    balance = inverse_probability_weights(data, "seen", "age * arm + site", truncate=None).balance

    assert balance.index.tolist() == ["age", "arm", "site[T.two]", "site[T.three]", "age:arm"]
    x = data["age"]
    smd = (x[data["seen"]].mean() - x.mean()) / x.std()
    assert balance.loc["age", "smd_before"] == pytest.approx(smd, abs=1e-12)
    assert smd > 0.25
    assert balance["smd_after"].abs().max() < 0.05


def study(repeats, n, seed):
    """Return how the weighted and the unweighted odds ratio of the arm do against everybody's."""
    rng = np.random.default_rng(seed)
    big = draw(400_000, rng)
    age = big["age"].to_numpy()
    share = [expit(-0.3 + 0.7 * side + 0.12 * (age - 35)).mean() for side in (0, 1)]
    truth = np.log(share[1] / (1 - share[1])) - np.log(share[0] / (1 - share[0]))
    rows = []
    for _ in range(repeats):
        data = draw(n, rng)
        seen = inverse_probability_weights(data, "seen", "age * arm", stabilised="arm")
        weighted = fit_logit("y ~ arm", data, weights=seen.weights, cluster=np.arange(n))
        plain = fit_logit("y ~ arm", data)
        for how, fit in (("weighted", weighted), ("plain", plain)):
            low, high = fit.conf_int().loc["arm"]
            rows.append((how, fit.params["arm"] - truth, fit.bse["arm"], low < truth < high))
    table = pd.DataFrame(rows, columns=["how", "bias", "bse", "inside"])
    return table.groupby("how").agg(
        bias=("bias", "mean"), sd=("bias", "std"), bse=("bse", "mean"), coverage=("inside", "mean")
    )


def test_weights_undo_selection():
    table = study(50, 1500, seed=6)

    weighted, plain = table.loc["weighted"], table.loc["plain"]
    # Truncation leaves a little bias: a quarter of an error's leeway.
    leeway = 4 * weighted["sd"] / np.sqrt(50) + 0.25 * weighted["sd"]
    assert abs(weighted["bias"]) < leeway
    assert abs(plain["bias"]) > 0.1
    assert weighted["coverage"] >= 0.84


@pytest.mark.long
def test_weighted_errors_do_not_understate():
    table = study(600, 1500, seed=7)

    weighted = table.loc["weighted"]
    assert abs(weighted["bias"]) < 0.04
    # Errors that take the weights as known are a little too large, never too small.
    assert 0.95 < weighted["bse"] / weighted["sd"] < 1.25
    assert 0.935 <= weighted["coverage"] <= 0.99


def test_rows_without_a_predictor_have_no_weight_and_are_counted():
    data = draw(300, np.random.default_rng(8))
    data.index = np.arange(300)[::-1] + 7
    data.iloc[:20, data.columns.get_loc("age")] = np.nan
    lost = int(data["seen"].iloc[:20].sum())

    weights = inverse_probability_weights(data, "seen", FORMULA, truncate=None)

    assert (weights.n, weights.n_left_out) == (280, 20)
    assert weights.weights.index.equals(data.index)
    assert weights.weights.iloc[:20].isna().all()
    assert weights.weights.notna().sum() == weights.n_observed == data["seen"].sum() - lost
    assert f"20 rows with a missing predictor, {lost} of them seen" in weights.notes[-1]
    fit = fit_logit("y ~ arm", data, weights=weights.weights, cluster=np.arange(300))
    assert fit.n_clusters == weights.n_observed
    assert fit.nobs == pytest.approx(weights.weights.sum())


def test_a_group_that_nobody_saw_is_said():
    data = draw(500, np.random.default_rng(9))
    data["site"] = data["site"].cat.rename_categories({"three": "far"})
    data.loc[data["site"] == "far", "seen"] = False

    weights = inverse_probability_weights(data, "seen", "age + site")

    said = " ".join(weights.notes)
    number = (data["site"] == "far").sum()
    assert f"None of the {number} rows with 'site[T.far]' is observed" in said
    assert "probability of being observed below 0.02" in said
    assert "a standardised difference of" in said


def test_wrong_use_is_said():
    data = draw(200, np.random.default_rng(10))
    gaps = data.assign(seen=data["seen"].astype(object).where(data.index > 3))
    for observed, formula, options, message in (
        ("sean", FORMULA, {}, "no column 'sean'"),
        ("age", FORMULA, {}, "boolean, or 0 and 1"),
        (np.ones(5, dtype=bool), FORMULA, {}, r"one value per row \(200\)"),
        ("seen", "height", {}, "no column 'height'"),
        ("seen", "0 + age", {}, "with its intercept"),
        ("seen", FORMULA, {"truncate": (0.9, 0.1)}, "two shares"),
    ):
        with pytest.raises(ModelUsageError, match=message):
            inverse_probability_weights(data, observed, formula, **options)
    with pytest.raises(ModelDataError, match="missing in 4 rows"):
        inverse_probability_weights(gaps, "seen", FORMULA)
    with pytest.raises(ModelDataError, match="Everybody in the 200 rows"):
        inverse_probability_weights(data, np.ones(200), FORMULA)
    with pytest.raises(ModelUsageError, match="predictors of the main formula only"):
        late = data.assign(late=np.where(data.index < 9, np.nan, data["age"]))
        inverse_probability_weights(late, "seen", FORMULA, stabilised="late")


def test_weights_show_no_row():
    data = draw(60, np.random.default_rng(11))
    data.loc[5, "age"] = 77.125
    data.index = [f"Canary {i}" for i in range(60)]

    shown = repr(inverse_probability_weights(data, "seen", "age"))

    assert "Canary" not in shown and "77.125" not in shown
