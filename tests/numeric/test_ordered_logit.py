"""Ordered logit against statsmodels, finite differences, identities and simulated truth."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize
from statsmodels.miscmodels.ordinal_model import OrderedModel

from datrial.models import fit_ordered_logit
from datrial.models.ordered_logit.likelihood import OrderedLogitLikelihood

LEVELS = ["none", "standard", "moderate", "high"]


def draw(n_people, rng, *, times=3, person_sd=0.0, effect=(0.7, -0.4), cuts=(-0.5, 0.6, 1.8)):
    """Simulate repeated ordered outcomes of people with a shared normal person effect."""
    person = np.repeat(np.arange(n_people), times)
    time = np.tile(np.arange(times), n_people)
    arm = np.repeat(rng.integers(0, 2, n_people), times)
    age = np.repeat(rng.normal(35, 9, n_people), times)
    eta = effect[0] * arm + effect[1] * time + 0.02 * (age - 35)
    eta = eta + np.repeat(rng.normal(0, person_sd, n_people), times)
    code = np.digitize(eta + rng.logistic(size=len(eta)), cuts)
    return pd.DataFrame(
        {
            "level": pd.Categorical.from_codes(code, LEVELS[: len(cuts) + 1], ordered=True),
            "code": code,
            "arm": arm,
            "age": age,
            "timepoint": pd.Categorical.from_codes(time, ["intake", "midpoint", "closure"]),
            "person": person,
        }
    )


FORMULA = "level ~ arm + age + timepoint"


def test_two_levels_are_a_binary_logit():
    # Source: statsmodels Logit, an independent program. P(high) = F(x'b - cut1), so cut1 is
    # minus its constant. Tolerance 1e-6: both are at their maximum to many digits.
    data = draw(200, np.random.default_rng(1), cuts=(0.2,))
    x = sm.add_constant(
        pd.get_dummies(data["timepoint"], drop_first=True, dtype=float).join(data[["arm", "age"]])
    )
    peer = sm.Logit(data["code"], x).fit(disp=0)

    fit = fit_ordered_logit(FORMULA, data)

    assert fit.llf == pytest.approx(peer.llf, abs=1e-8)
    assert fit.params["arm"] == pytest.approx(peer.params["arm"], abs=1e-6)
    assert fit.params["timepoint[T.closure]"] == pytest.approx(peer.params["closure"], abs=1e-6)
    assert fit.params["cut1"] == pytest.approx(-peer.params["const"], abs=1e-6)
    assert fit.bse["age"] == pytest.approx(peer.bse["age"], rel=1e-5)
    assert fit.bic == pytest.approx(peer.bic, abs=1e-6)
    assert fit.pvalues["arm"] == pytest.approx(peer.pvalues["arm"], rel=1e-4)


@pytest.mark.parametrize("cuts", [(-0.3, 0.9), (-0.5, 0.6, 1.8)])
def test_more_levels_agree_with_statsmodels(cuts):
    # Source: statsmodels OrderedModel, started at our answer so that its optimiser cannot
    # stop elsewhere. Its thresholds are cut1 and logs of differences. Tolerance: its
    # numerical gradient leaves about 1e-5 in the estimates and its Hessian 1e-4 in errors.
    data = draw(250, np.random.default_rng(2), cuts=cuts)
    fit = fit_ordered_logit(FORMULA, data)
    x = pd.get_dummies(data["timepoint"], drop_first=True, dtype=float)
    x = data[["arm", "age"]].astype(float).join(x[["midpoint", "closure"]])
    peer = OrderedModel(data["level"], x, distr="logit").fit(method="bfgs", disp=0, maxiter=500)

    ours = fit.params[["arm", "age", "timepoint[T.midpoint]", "timepoint[T.closure]"]].to_numpy()
    thresholds = peer.model.transform_threshold_params(peer.params.to_numpy())[1:-1]

    assert fit.llf == pytest.approx(peer.llf, abs=1e-5)
    assert fit.llf >= peer.llf - 1e-9
    np.testing.assert_allclose(ours, peer.params.iloc[:4], atol=2e-4)
    np.testing.assert_allclose(fit.params.filter(like="cut"), thresholds, atol=5e-3)
    np.testing.assert_allclose(fit.bse["arm"], peer.bse["arm"], rtol=1e-3)
    assert fit.params.filter(like="cut").is_monotonic_increasing


def test_score_and_hessian_are_the_derivatives_of_the_log_likelihood():
    # Source: central differences, step 1e-5; rounding 1e-16 * |LL| / 1e-5 about 1e-8.
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 4, 80)
    model = OrderedLogitLikelihood(codes, rng.normal(size=(80, 2)), rng.uniform(0.5, 2, 80), 4)
    params = np.array([0.4, -1.1, -1.0, 0.2, 1.3])
    _, gradient, hessian = model.value_gradient_hessian(params)

    for a in range(5):
        e = np.zeros(5)
        e[a] = 1e-5
        up, down = (model.value_gradient_hessian(params + s * e) for s in (1, -1))
        assert (up[0] - down[0]) / 2e-5 == pytest.approx(gradient[a], rel=1e-6, abs=1e-6)
        np.testing.assert_allclose((up[1] - down[1]) / 2e-5, hessian[a], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(model.scores(params).sum(axis=0), gradient, atol=1e-10)


def test_probabilities_far_in_the_tail_keep_their_digits():
    # Source: closed form. P(Y=1) between cuts 0 and 1 at eta = 60 is e^-60 (e - 1) to a
    # relative 1e-26; a difference of two probabilities would be 0.
    model = OrderedLogitLikelihood(
        np.array([1, 1, 1]), np.array([[60.0], [-60], [0]]), np.ones(3), 3
    )

    terms = model.terms(np.array([1.0, 0.0, 1.0]))

    expected = [-60 + np.log(np.e - 1), -60 + np.log(1 - 1 / np.e)]
    np.testing.assert_allclose(terms.log_probability[:2], expected, rtol=1e-14)


def test_moving_and_scaling_a_predictor_moves_only_what_it_should():
    # Identity: age in months is a twelfth of the coefficient; a shift moves the cutpoints.
    data = draw(150, np.random.default_rng(4))
    fit = fit_ordered_logit(FORMULA, data, cluster="person")
    months = fit_ordered_logit(FORMULA, data.assign(age=12 * data["age"] + 100), cluster="person")

    assert months.llf == pytest.approx(fit.llf, abs=1e-8)
    assert 12 * months.params["age"] == pytest.approx(fit.params["age"], abs=1e-9)
    assert 12 * months.bse["age"] == pytest.approx(fit.bse["age"], rel=1e-6)
    shift = 100 * months.params["age"]
    assert months.params["cut2"] - shift == pytest.approx(fit.params["cut2"], abs=1e-7)


def test_cluster_errors_are_the_sandwich_with_its_stated_factor():
    # Source: the formula, from statsmodels Logit with cluster errors, whose factor carries an
    # extra (n-1)/(n-k). Tolerance 1e-5: numerical Hessian on neither side.
    data = draw(120, np.random.default_rng(5), cuts=(0.2,), person_sd=1.0)
    x = sm.add_constant(data[["arm", "age"]])
    peer = sm.Logit(data["code"], x).fit(
        disp=0, cov_type="cluster", cov_kwds={"groups": data["person"]}
    )
    extra = (len(data) - 1) / (len(data) - 3)

    fit = fit_ordered_logit("level ~ arm + age", data, cluster="person")
    by_array = fit_ordered_logit("level ~ arm + age", data, cluster=data["person"].to_numpy())

    assert fit.n_clusters == 120
    assert "G/(G-1) = 1.008403" in fit.covariance_note
    assert fit.bse["arm"] * np.sqrt(extra) == pytest.approx(peer.bse["arm"], rel=1e-5)
    pd.testing.assert_series_equal(by_array.bse, fit.bse)


def test_weights_count_rows():
    # Identity: frequency weights are repeated rows.
    data = draw(60, np.random.default_rng(6))
    data["w"] = np.random.default_rng(7).integers(0, 4, len(data))
    repeated = data.loc[data.index.repeat(data["w"])]

    fit = fit_ordered_logit(FORMULA, data, weights="w")
    rows = fit_ordered_logit(FORMULA, repeated)

    assert fit.nobs == rows.nobs == data["w"].sum()
    assert (fit.llf, fit.bic) == pytest.approx((rows.llf, rows.bic), abs=1e-8)
    np.testing.assert_allclose(fit.params, rows.params, atol=1e-8)
    np.testing.assert_allclose(fit.bse, rows.bse, rtol=1e-6)
    np.testing.assert_allclose(
        fit.average_predictions("timepoint"), rows.average_predictions("timepoint"), atol=1e-8
    )
    clustered = fit_ordered_logit(FORMULA, data, weights="w", cluster="person")
    by_rows = fit_ordered_logit(FORMULA, repeated, cluster="person")
    factor = np.sqrt(
        (clustered.n_clusters / (clustered.n_clusters - 1))
        / (by_rows.n_clusters / (by_rows.n_clusters - 1))
    )
    np.testing.assert_allclose(clustered.bse, by_rows.bse * factor, rtol=1e-6)


def test_average_predictions_are_probabilities_and_average_to_the_observed_shares():
    # Identity: per factor value they sum to 1; a factor that explains everything (saturated)
    # predicts the observed shares at each value of a two-level outcome.
    data = draw(200, np.random.default_rng(8))
    fit = fit_ordered_logit(FORMULA, data, cluster="person")

    table = fit.average_predictions("timepoint")

    assert list(table.index.names) == ["timepoint", "level"]
    np.testing.assert_allclose(table.groupby(level=0, observed=True)["probability"].sum(), 1)
    assert ((table["ci_low"] > 0) & (table["ci_high"] < 1)).all()
    assert (
        (table["ci_low"] < table["probability"]) & (table["probability"] < table["ci_high"])
    ).all()

    # On the logit scale the interval is symmetric, 1.959964 delta-method errors each way.
    p, low, high = (np.log(table[c] / (1 - table[c])) for c in ("probability", "ci_low", "ci_high"))
    error = table["bse"] / (table["probability"] * (1 - table["probability"]))
    np.testing.assert_allclose(high - p, 1.959964 * error, rtol=1e-6)
    np.testing.assert_allclose(p - low, 1.959964 * error, rtol=1e-6)

    two = data.assign(abuse=(data["code"] > 0).astype(int))
    saturated = fit_ordered_logit("abuse ~ timepoint", two).average_predictions("timepoint")
    observed = two.groupby("timepoint", observed=True)["abuse"].mean()
    np.testing.assert_allclose(saturated.xs(1, level="level")["probability"], observed, atol=1e-8)
    n = two.groupby("timepoint", observed=True)["abuse"].size()
    # The delta method of a saturated logit is the binomial error sqrt(p(1-p)/n).
    np.testing.assert_allclose(
        saturated.xs(1, level="level")["bse"], np.sqrt(observed * (1 - observed) / n), rtol=1e-6
    )


def test_errors_of_average_predictions_are_the_delta_method_by_differences():
    # Source: numerical derivative of the averages in every parameter; step 1e-6.
    data = draw(80, np.random.default_rng(9))
    fit = fit_ordered_logit(FORMULA, data, cluster="person")
    table = fit.average_predictions("arm")
    names = list(fit.params.index)

    def averages(params):
        eta = (
            params["arm"] * arm + params["age"] * data["age"]
            + params["timepoint[T.midpoint]"] * (data["timepoint"] == "midpoint")
            + params["timepoint[T.closure]"] * (data["timepoint"] == "closure")
        )  # fmt: skip
        below = [1 / (1 + np.exp(eta - params[c])) for c in ("cut1", "cut2", "cut3")]
        edges = [0 * eta, *below, 0 * eta + 1]
        return np.array([(b - a).mean() for a, b in itertools.pairwise(edges)])

    for arm in (0, 1):
        np.testing.assert_allclose(table.loc[arm, "probability"], averages(fit.params), atol=1e-10)
        jacobian = np.column_stack(
            [
                (averages(fit.params + 1e-6 * (fit.params.index == name))
                 - averages(fit.params - 1e-6 * (fit.params.index == name))) / 2e-6
                for name in names
            ]
        )  # fmt: skip
        variance = np.diag(jacobian @ fit.cov_params().to_numpy() @ jacobian.T)
        np.testing.assert_allclose(table.loc[arm, "bse"], np.sqrt(variance), rtol=1e-5)


def clustered_coverage(samples, n_people, seed):
    """Return the share of samples whose clustered and plain intervals hold the truth.

    The truth of the pooled model under person effects is the marginal coefficient, taken
    from one very large sample.
    """
    truth = fit_ordered_logit(
        FORMULA, draw(60_000, np.random.default_rng(seed), person_sd=1.5)
    ).params["arm"]
    rng = np.random.default_rng(seed + 1)
    held = np.zeros((samples, 2), dtype=bool)
    for i in range(samples):
        data = draw(n_people, rng, person_sd=1.5)
        for column, cluster in enumerate(["person", None]):
            limits = fit_ordered_logit(FORMULA, data, cluster=cluster).conf_int().loc["arm"]
            held[i, column] = limits["ci_low"] < truth < limits["ci_high"]
    return held.mean(axis=0)


def test_clustered_intervals_cover_and_plain_ones_do_not():
    # Source: simulation, 200 samples of 150 people x 3 times. Nominal .95 has a standard
    # error of .0154 over samples; tolerance three of them plus .01 for the finite sample.
    clustered, plain = clustered_coverage(200, 150, seed=20)

    assert clustered == pytest.approx(0.95, abs=0.056)
    assert plain < 0.89


@pytest.mark.long
def test_clustered_intervals_cover_in_many_samples():
    # The same with 3,000 samples of 400 people: standard error .004; tolerance .012 + .003.
    clustered, plain = clustered_coverage(3000, 400, seed=30)

    assert clustered == pytest.approx(0.95, abs=0.015)
    assert plain < 0.87


def test_missing_answers_are_left_out_and_counted():
    data = draw(50, np.random.default_rng(10)).astype({"person": "float"})
    data.loc[[0, 5], "age"] = np.nan
    data.loc[[5, 9], "level"] = np.nan
    data.loc[20, "person"] = np.nan

    fit = fit_ordered_logit(FORMULA, data, cluster="person")

    assert (fit.nobs, fit.n_left_out) == (146, 4)
    assert fit_ordered_logit(FORMULA, data).n_left_out == 3
    complete = data.dropna(subset=["age", "level", "person"])
    assert fit_ordered_logit(FORMULA, complete, cluster="person").llf == fit.llf


def separated(rng):
    data = draw(100, rng)
    data["cell"] = 0
    data.loc[:11, "cell"] = 1
    data.loc[:11, "level"] = "none"
    return data


def test_separation_is_said_and_the_penalty_holds_it_finite():
    # Source: the penalised likelihood maximised by scipy without derivatives. Tolerance:
    # what Nelder-Mead leaves.
    data = separated(np.random.default_rng(11))

    plain = fit_ordered_logit("level ~ arm + cell", data, cluster="person")
    penalised = fit_ordered_logit("level ~ arm + cell", data, cluster="person", penalty="log_f")

    assert any("All 12 rows with 'cell' present" in n and "'none'" in n for n in plain.notes)
    assert any("log_f" in note for note in plain.notes)
    assert plain.params["cell"] < -10
    assert -8 < penalised.params["cell"] < 0
    assert penalised.bse["cell"] > 0.5
    assert "the model-based variance stands wherever it is the larger" in penalised.covariance_note
    assert "For 'cell'" in penalised.covariance_note
    alone = fit_ordered_logit("level ~ arm + cell", data, penalty="log_f")
    assert alone.covariance_note.startswith("Model-based: inverse of the penalised information")
    assert penalised.bse["cell"] == pytest.approx(alone.bse["cell"])
    assert penalised.n_clusters == 100

    x, code = data[["arm", "cell"]].to_numpy(float), data["level"].cat.codes.to_numpy()

    def minus_penalised(params):
        edges = np.concatenate([[-np.inf], params[2:], [np.inf]])
        eta = x @ params[:2]
        p = 1 / (1 + np.exp(eta - edges[code + 1])) - 1 / (1 + np.exp(eta - edges[code]))
        penalty = (params[:2] / 2 - np.log1p(np.exp(params[:2]))).sum()
        return -(np.log(np.maximum(p, 1e-300)).sum() + penalty)

    best = minimize(
        minus_penalised, penalised.params + 0.05, method="Nelder-Mead",
        options={"maxiter": 4000, "xatol": 1e-7, "fatol": 1e-10},
    )  # fmt: skip
    assert penalised.penalised_llf == pytest.approx(-best.fun, abs=1e-6)
    np.testing.assert_allclose(penalised.params, best.x, atol=1e-3)
    assert penalised.llf < plain.llf


def test_penalty_does_not_depend_on_units():
    # Identity: log-F is applied per two standard deviations of a measured predictor.
    data = draw(60, np.random.default_rng(12))
    years = fit_ordered_logit(FORMULA, data, penalty="log_f")
    months = fit_ordered_logit(FORMULA, data.assign(age=12 * data["age"]), penalty="log_f")

    assert months.penalised_llf == pytest.approx(years.penalised_llf, abs=1e-9)
    assert 12 * months.params["age"] == pytest.approx(years.params["age"], abs=1e-9)


def test_rare_outcome_levels_are_said():
    data = draw(100, np.random.default_rng(13), cuts=(-0.5, 0.6, 6.0))
    rare = int((data["level"] == "high").sum())
    assert 0 < rare < 10

    notes = fit_ordered_logit(FORMULA, data).notes

    assert any(f"'high' has only {rare} rows" in note for note in notes)


@pytest.mark.parametrize(
    ("formula", "change", "options", "message"),
    [
        ("level ~ arm", lambda d: d.assign(arm=1), {}, "'arm' has a single value"),
        ("level ~ nothing", lambda d: d, {}, "no column 'nothing'"),
        ("arm + age", lambda d: d, {}, "has no outcome"),
        ("level ~ arm +", lambda d: d, {}, "cannot be read"),
        ("level ~ arm", lambda d: d.assign(arm=np.nan), {}, "No row of 60 is complete"),
        ("level ~ arm", lambda d: d[d["level"] != "high"], {}, "level 'high' of the outcome"),
        ("level ~ timepoint", lambda d: d[d["timepoint"] != "closure"], {}, "level 'closure'"),
        ("level ~ arm - 1", lambda d: d, {}, "with its intercept"),
        ("level ~ arm + twin", lambda d: d.assign(twin=2 * d["arm"]), {}, "linear combination"),
        ("timepoint ~ arm", lambda d: d, {}, "unordered categorical"),
        ("level ~ arm", lambda d: d, {"cluster": "nobody"}, "no column 'nobody'"),
        ("level ~ arm", lambda d: d, {"cluster": [1, 2]}, "one value per row"),
        ("level ~ arm", lambda d: d.assign(person=1), {"cluster": "person"}, "two clusters"),
        ("level ~ arm", lambda d: d.assign(w=-1.0), {"weights": "w"}, "60 rows are not"),
        ("level ~ arm", lambda d: d, {"penalty": "lasso"}, "None, 'log_f' or 'auto'"),
    ],
)  # fmt: skip
def test_models_that_cannot_be_fitted_say_why(formula, change, options, message):
    data = draw(20, np.random.default_rng(14))
    assert data["level"].nunique() == 4

    with pytest.raises(ValueError, match=message):
        fit_ordered_logit(formula, change(data), **options)


def test_a_predictor_that_is_not_in_the_model_has_no_predictions():
    fit = fit_ordered_logit("level ~ arm + age", draw(40, np.random.default_rng(15)))

    with pytest.raises(ValueError, match="'timepoint' is not a predictor"):
        fit.average_predictions("timepoint")
    with pytest.raises(ValueError, match="at most 24"):
        fit.average_predictions("age")


def test_odds_ratios_are_exponentials_with_intervals_on_the_log_scale():
    fit = fit_ordered_logit(FORMULA, draw(80, np.random.default_rng(16)), cluster="person")

    ratios = fit.odds_ratios()

    assert list(ratios.columns) == ["odds_ratio", "bse", "p_value", "ci_low", "ci_high"]
    assert not any(name.startswith("cut") for name in ratios.index)
    np.testing.assert_allclose(ratios["odds_ratio"], np.exp(fit.params[ratios.index]))
    np.testing.assert_allclose(
        ratios["odds_ratio"] ** 2, ratios["ci_low"] * ratios["ci_high"], rtol=1e-12
    )
    # 1.959964 is the normal quantile of .975.
    np.testing.assert_allclose(
        np.log(ratios["ci_high"] / ratios["odds_ratio"]),
        1.959964 * fit.bse[ratios.index],
        rtol=1e-6,
    )
