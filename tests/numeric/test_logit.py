"""Binary and multinomial logit against statsmodels, identities and simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit
from statsmodels.tools.numdiff import approx_fprime

from datrial.models import ModelUsageError, fit_logit, fit_multinomial_logit
from datrial.models.logit.likelihood import LogitLikelihood
from datrial.models.logit.patterns import collapse
from datrial.models.logit.problem import LogitProblem

SITES = ["one", "two", "three"]
OUTCOMES = ["left", "stayed", "unknown"]
FORMULA = "age + arm + site"


def draw(n_people, rng, *, times=2, person_sd=0.0, arm_effect=0.6):
    """Simulate a yes/no and a three-level outcome of people seen more than once."""
    person = np.repeat(np.arange(n_people), times)
    arm = np.repeat(rng.integers(0, 2, n_people), times)
    age = np.repeat(rng.normal(35, 9, n_people), times)
    site = np.repeat(rng.integers(0, 3, n_people), times)
    shared = np.repeat(rng.normal(0, person_sd, n_people), times)
    eta = -0.4 + arm_effect * arm + 0.03 * (age - 35) - 0.5 * (site == 2) + shared
    two = np.column_stack([np.zeros(len(eta)), eta, 0.3 - 0.8 * arm + 0.02 * (age - 35)])
    share = np.exp(two) / np.exp(two).sum(axis=1, keepdims=True)
    level = (rng.random((len(eta), 1)) > share.cumsum(axis=1)).sum(axis=1)
    return pd.DataFrame(
        {
            "y": (rng.random(len(eta)) < expit(eta)).astype(int),
            "level": pd.Categorical.from_codes(level, OUTCOMES),
            "code": level,
            "arm": arm,
            "age": age,
            "site": pd.Categorical.from_codes(site, SITES),
            "person": person,
        }
    )


def columns(data):
    """Return statsmodels' predictors in the order of our terms."""
    sites = pd.get_dummies(data["site"], drop_first=True, dtype=float)
    x = pd.DataFrame({"Intercept": 1.0, "age": data["age"], "arm": data["arm"] * 1.0})
    return x.assign(**{"site[T.two]": sites["two"], "site[T.three]": sites["three"]})


def test_binary_estimates_errors_and_likelihood_are_those_of_statsmodels():
    # Source: statsmodels Logit, an independent program. Tolerance 1e-8.
    data = draw(150, np.random.default_rng(1))
    peer = sm.Logit(data["y"], columns(data)).fit(disp=0, tol=1e-12)

    fit = fit_logit(f"y ~ {FORMULA}", data)

    ours = fit.params[peer.params.index]
    np.testing.assert_allclose(ours, peer.params, atol=1e-8)
    np.testing.assert_allclose(fit.bse[ours.index], peer.bse, atol=1e-8)
    np.testing.assert_allclose(fit.pvalues[ours.index], peer.pvalues, atol=1e-8)
    assert fit.llf == pytest.approx(peer.llf, abs=1e-8)
    assert fit.llf_null == pytest.approx(peer.llnull, abs=1e-7)  # theirs is found by iteration
    assert (fit.aic, fit.bic) == pytest.approx((peer.aic, peer.bic), abs=1e-7)
    assert fit.mcfadden_r2 == pytest.approx(peer.prsquared, abs=1e-9)
    ratio = fit.likelihood_ratio_test()
    assert ratio == pytest.approx((peer.llr, peer.df_model, peer.llr_pvalue), abs=2e-7)
    wald = peer.wald_test(np.eye(5)[3:], scalar=True)
    joint = fit.joint_test("site")
    assert joint == pytest.approx((wald.statistic, 2, wald.pvalue), abs=1e-8)
    assert (fit.levels, fit.events, fit.nobs) == ([0, 1], data["y"].sum(), 300)
    assert fit.penalised_llf == fit.llf


def test_multinomial_estimates_errors_and_likelihood_are_those_of_statsmodels():
    # Source: statsmodels MNLogit, an independent program. Tolerance 1e-8.
    data = draw(150, np.random.default_rng(2))
    peer = sm.MNLogit(data["code"], columns(data)).fit(disp=0, tol=1e-12)

    fit = fit_multinomial_logit(f"level ~ {FORMULA}", data)

    assert fit.reference == "left"
    for equation, level in enumerate(OUTCOMES[1:]):
        ours = fit.params[level][peer.params.index]
        np.testing.assert_allclose(ours, peer.params[equation], atol=1e-8)
        np.testing.assert_allclose(fit.bse[level][ours.index], peer.bse[equation], atol=1e-8)
    assert fit.llf == pytest.approx(peer.llf, abs=1e-8)
    assert fit.llf_null == pytest.approx(peer.llnull, abs=1e-7)  # theirs is found by iteration
    assert fit.n_params == 10
    ratio = fit.likelihood_ratio_test()
    assert ratio == pytest.approx((peer.llr, peer.df_model, peer.llr_pvalue), abs=2e-7)
    contrast = np.zeros((4, 10))  # both sites in both equations
    contrast[[0, 1, 2, 3], [3, 4, 8, 9]] = 1
    wald = peer.wald_test(contrast, scalar=True)
    assert fit.joint_test("site") == pytest.approx((wald.statistic, 4, wald.pvalue), abs=1e-8)


@pytest.mark.parametrize("multinomial", [False, True])
def test_cluster_errors_are_the_sandwich_with_its_stated_factor(multinomial):
    # Source: statsmodels; its factor carries an extra (n-1)/(n-k). Tolerance: its Hessian is
    # analytic too.
    data = draw(120, np.random.default_rng(3), person_sd=1.0)
    options = {"disp": 0, "tol": 1e-12, "cov_type": "cluster"}
    groups = {"groups": data["person"]}
    x = columns(data)
    if multinomial:
        fit = fit_multinomial_logit(f"level ~ {FORMULA}", data, cluster="person")
        peer = sm.MNLogit(data["code"], x).fit(cov_kwds=groups, **options)
        errors = pd.concat([peer.bse[0], peer.bse[1]])
        ours = pd.concat([fit.bse[level][x.columns] for level in OUTCOMES[1:]])
    else:
        fit = fit_logit(f"y ~ {FORMULA}", data, cluster="person")
        peer = sm.Logit(data["y"], x).fit(cov_kwds=groups, **options)
        errors, ours = peer.bse, fit.bse[x.columns]
    extra = (len(data) - 1) / (len(data) - len(ours))

    np.testing.assert_allclose(ours * np.sqrt(extra), errors, rtol=1e-7)
    assert fit.n_clusters == 120
    assert "G/(G-1) = 1.008403" in fit.covariance_note
    for question in (fit.likelihood_ratio_test, fit.profile_intervals):
        with pytest.raises(ValueError, match="not independent"):
            question()
    assert any("Only 15 clusters" in n for n in few_clusters().notes)


def few_clusters():
    data = draw(15, np.random.default_rng(30), times=20)
    return fit_logit("y ~ age", data, cluster="person")


def test_a_multinomial_with_two_levels_is_the_binary_logit():
    data = draw(100, np.random.default_rng(4))
    binary = fit_logit(f"y ~ {FORMULA}", data, cluster="person")
    multinomial = fit_multinomial_logit(f"y ~ {FORMULA}", data, cluster="person")

    np.testing.assert_allclose(multinomial.params[1], binary.params, atol=1e-12)
    np.testing.assert_allclose(multinomial.bse[1], binary.bse, atol=1e-12)
    np.testing.assert_allclose(
        multinomial.average_predictions("site").xs(1, level="level"),
        binary.average_predictions("site"), atol=1e-12,
    )  # fmt: skip


def test_another_reference_turns_the_ratios_over():
    # Identity: b(a against r) = b(a against 0) - b(r against 0); nothing else changes.
    data = draw(120, np.random.default_rng(5))
    first = fit_multinomial_logit(f"level ~ {FORMULA}", data)
    other = fit_multinomial_logit(f"level ~ {FORMULA}", data, reference="unknown")

    assert other.levels == ["unknown", "left", "stayed"]
    assert other.llf == pytest.approx(first.llf, abs=1e-9)
    np.testing.assert_allclose(other.params["left"], -first.params["unknown"], atol=1e-8)
    np.testing.assert_allclose(
        other.params["stayed"], first.params["stayed"] - first.params["unknown"], atol=1e-8
    )
    np.testing.assert_allclose(other.bse["left"], first.bse["unknown"], atol=1e-8)
    predicted = [f.average_predictions("arm").sort_index() for f in (first, other)]
    np.testing.assert_allclose(*predicted, atol=1e-8)
    shuffled = data.assign(level=data["level"].cat.reorder_categories(OUTCOMES[::-1]))
    again = fit_multinomial_logit(f"level ~ {FORMULA}", shuffled, reference="left")
    np.testing.assert_allclose(again.params["stayed"], first.params["stayed"], atol=1e-8)


def test_a_saturated_model_reproduces_the_shares_and_their_binomial_errors():
    data = draw(200, np.random.default_rng(6))
    binary = fit_logit("y ~ site", data).average_predictions("site")
    three = fit_multinomial_logit("level ~ site", data).average_predictions("site")
    n = data.groupby("site", observed=True).size()

    share = data.groupby("site", observed=True)["y"].mean()
    np.testing.assert_allclose(binary["probability"], share, atol=1e-9)
    np.testing.assert_allclose(binary["bse"], np.sqrt(share * (1 - share) / n), rtol=1e-7)
    for level in OUTCOMES:
        observed = (data["level"] == level).groupby(data["site"], observed=True).mean()
        ours = three.xs(level, level="level")
        np.testing.assert_allclose(ours["probability"], observed, atol=1e-9)
        np.testing.assert_allclose(ours["bse"], np.sqrt(observed * (1 - observed) / n), rtol=1e-7)
    np.testing.assert_allclose(three.groupby(level="site", observed=True)["probability"].sum(), 1)
    assert ((three["ci_low"] > 0) & (three["ci_high"] < 1)).all()


def test_average_predictions_are_those_of_statsmodels_margins():
    # Source: statsmodels get_margeff on a 0/1 predictor: the difference of the two averages.
    data = draw(150, np.random.default_rng(7))
    peer = sm.Logit(data["y"], columns(data)).fit(disp=0)
    effect = peer.get_margeff(dummy=True)
    position = list(effect.summary_frame().index).index("arm")

    table = fit_logit(f"y ~ {FORMULA}", data).average_predictions("arm")

    difference = table.loc[1, "probability"] - table.loc[0, "probability"]
    assert difference == pytest.approx(effect.margeff[position], abs=1e-8)
    # On the logit scale the interval is symmetric, 1.959964 delta-method errors each way.
    p, low, high = (np.log(table[c] / (1 - table[c])) for c in ("probability", "ci_low", "ci_high"))
    error = table["bse"] / (table["probability"] * (1 - table["probability"]))
    np.testing.assert_allclose(high - p, 1.959964 * error, rtol=1e-6)
    np.testing.assert_allclose(p - low, 1.959964 * error, rtol=1e-6)


def test_errors_of_average_predictions_are_the_delta_method_by_differences():
    # Source: numerical derivative of averages written down anew.
    data = draw(80, np.random.default_rng(8))
    fit = fit_multinomial_logit("level ~ age + arm", data, cluster="person")
    x = np.column_stack([np.ones(len(data)), data["age"], np.ones(len(data))])

    def averages(params):
        raised = np.exp(np.column_stack([np.zeros(len(x)), x @ params[:3], x @ params[3:]]))
        return (raised / raised.sum(axis=1, keepdims=True)).mean(axis=0)

    jacobian = approx_fprime(fit.params.to_numpy(), averages, centered=True)
    variance = np.diag(jacobian @ fit.cov_params().to_numpy() @ jacobian.T)

    ours = fit.average_predictions("arm").loc[1]
    np.testing.assert_allclose(ours["probability"], averages(fit.params.to_numpy()), atol=1e-12)
    np.testing.assert_allclose(ours["bse"], np.sqrt(variance), rtol=1e-6)


@pytest.mark.parametrize("levels", [2, 4])
def test_score_and_hessian_are_the_derivatives_of_the_log_likelihood(levels):
    # Source: statsmodels' central differences; error about 1e-9 in the gradient.
    rng = np.random.default_rng(levels)
    x = np.column_stack([np.ones(50), rng.normal(size=(50, 2))])
    problem = LogitProblem.of(LogitLikelihood(x, rng.integers(0, 3, (50, levels)) * 1.0), None)
    point = rng.normal(size=3 * (levels - 1))

    _, gradient, hessian = problem(point)

    by_value = approx_fprime(point, lambda b: problem(b)[0], centered=True)
    np.testing.assert_allclose(by_value, gradient, atol=1e-6)
    by_gradient = approx_fprime(point, lambda b: problem(b)[1], centered=True)
    np.testing.assert_allclose(by_gradient, hessian, atol=1e-6)


@pytest.mark.parametrize("penalty", [None, "firth", "log_f"])
def test_weights_count_rows_and_collapsing_changes_nothing(penalty, monkeypatch):
    # Identity: frequency weights are repeated rows; patterns are a matter of speed.
    data = draw(80, np.random.default_rng(9)).assign(old=lambda d: (d["age"] > 40).astype(int))
    data["w"] = np.random.default_rng(10).integers(0, 4, len(data))
    repeated = data.loc[data.index.repeat(data["w"])]
    formula, options = "level ~ old + arm + site", {"penalty": penalty}

    fit = fit_multinomial_logit(formula, data, weights="w", **options)
    rows = fit_multinomial_logit(formula, repeated, **options)
    monkeypatch.setattr("datrial.models.logit.patterns.WORTHWHILE", 0.0)
    apart = fit_multinomial_logit(formula, repeated, **options)

    assert (
        len(fit.problem.likelihood.totals) < len(apart.problem.likelihood.totals) == len(repeated)
    )
    for other in (rows, apart):
        assert fit.nobs == other.nobs == data["w"].sum()
        assert (fit.llf, fit.llf_null) == pytest.approx((other.llf, other.llf_null), abs=1e-8)
        np.testing.assert_allclose(fit.params, other.params, atol=1e-8)
        np.testing.assert_allclose(fit.bse, other.bse, rtol=1e-6)
        np.testing.assert_allclose(
            fit.average_predictions("arm"), other.average_predictions("arm"), atol=1e-8
        )
    clustered = fit_multinomial_logit(formula, data[data["w"] > 0], weights="w", cluster="person")
    by_rows = fit_multinomial_logit(formula, repeated, cluster="person")
    np.testing.assert_allclose(clustered.bse, by_rows.bse, rtol=1e-6)


def test_patterns_are_the_distinct_rows_with_their_counts():
    rng = np.random.default_rng(11)
    x, codes, w = rng.integers(0, 2, (60, 3)) * 1.0, rng.integers(0, 3, 60), rng.random(60)

    patterns = collapse(x, codes, w, 3)

    assert len(np.unique(patterns.matrix, axis=0)) == len(patterns.matrix) <= 8
    np.testing.assert_array_equal(patterns.matrix[patterns.index], x)
    for level in range(3):
        assert patterns.counts[:, level].sum() == pytest.approx(w[codes == level].sum())
        here = (patterns.index == 0) & (codes == level)
        assert patterns.counts[0, level] == pytest.approx(w[here].sum())


def test_units_and_order_of_rows_change_only_what_they_should():
    data = draw(100, np.random.default_rng(12))
    fit = fit_logit(f"y ~ {FORMULA}", data, cluster="person")
    months = data.assign(age=12 * data["age"] + 100).sample(frac=1, random_state=1)

    other = fit_logit(f"y ~ {FORMULA}", months, cluster="person")

    assert other.llf == pytest.approx(fit.llf, abs=1e-9)
    assert 12 * other.params["age"] == pytest.approx(fit.params["age"], abs=1e-9)
    assert 12 * other.bse["age"] == pytest.approx(fit.bse["age"], rel=1e-7)
    assert other.bse["arm"] == pytest.approx(fit.bse["arm"], rel=1e-7)


@pytest.mark.parametrize(
    "answers", [[False, True], ["no", "yes"], pd.Categorical(["no", "yes"]), [0.0, 1.0], [1, 2]]
)
def test_a_two_level_outcome_may_be_written_in_any_way(answers):
    data = draw(60, np.random.default_rng(13))
    coded = pd.Series(answers).iloc[data["y"].to_numpy()].reset_index(drop=True)

    fit = fit_logit("y ~ age", data.assign(y=coded))

    np.testing.assert_allclose(fit.params, fit_logit("y ~ age", data).params)
    assert fit.events == data["y"].sum()


def test_odds_ratios_are_exponentials_with_intervals_on_the_log_scale():
    data = draw(80, np.random.default_rng(14))
    binary, three = fit_logit(f"y ~ {FORMULA}", data), fit_multinomial_logit("level ~ age", data)
    for fit, table in ((binary, binary.odds_ratios()), (three, three.relative_risk_ratios())):
        ratio = table.iloc[:, 0]
        assert not any("Intercept" in str(name) for name in table.index)
        np.testing.assert_allclose(ratio, np.exp(fit.params[table.index]))
        half = np.log(table["ci_high"] / ratio)
        np.testing.assert_allclose(half, 1.959964 * fit.bse[table.index], rtol=1e-6)
        np.testing.assert_allclose(ratio**2, table["ci_low"] * table["ci_high"], rtol=1e-12)
    assert list(three.relative_risk_ratios().index) == [("stayed", "age"), ("unknown", "age")]


def test_missing_answers_are_left_out_and_counted():
    data = draw(50, np.random.default_rng(15)).astype({"person": "float", "y": "float"})
    data.loc[[0, 5], "age"] = np.nan
    data.loc[[5, 9], "y"] = np.nan
    data.loc[20, "person"] = np.nan

    fit = fit_logit(f"y ~ {FORMULA}", data, cluster="person")

    assert (fit.nobs, fit.n_left_out) == (96, 4)
    complete = data.dropna(subset=["age", "y", "person"])
    assert fit_logit(f"y ~ {FORMULA}", complete, cluster="person").llf == fit.llf


def recovery(samples, seed):
    """Return the bias and the coverage of one binary and one multinomial coefficient."""
    rng = np.random.default_rng(seed)
    held, errors = [], []
    for _ in range(samples):
        data = draw(400, rng, times=1)
        for fit, name, truth in (
            (fit_logit(f"y ~ {FORMULA}", data), "arm", 0.6),
            (fit_multinomial_logit(f"level ~ {FORMULA}", data), ("unknown", "arm"), -0.8),
        ):
            ends = fit.conf_int().loc[name]
            held.append(ends["ci_low"] < truth < ends["ci_high"])
            errors.append(fit.params[name] - truth)
    return np.reshape(errors, (-1, 2)).mean(axis=0), np.reshape(held, (-1, 2)).mean(axis=0)


def test_recovery_of_known_coefficients_and_coverage():
    # Source: simulation, 150 samples of 400. The mean error has a standard error of about .018,
    # nominal .95 coverage one of .018; tolerance three of them and the bias of order 1/n.
    bias, coverage = recovery(150, seed=16)

    assert bias == pytest.approx([0, 0], abs=0.065)
    assert coverage == pytest.approx([0.95, 0.95], abs=0.055)


@pytest.mark.long
def test_recovery_and_coverage_in_many_samples():
    # 1,000 samples: standard errors .007 and .007; tolerance three of them and a bias of 2%.
    bias, coverage = recovery(1000, seed=160)

    assert bias == pytest.approx([0, 0], abs=0.035)
    assert coverage == pytest.approx([0.95, 0.95], abs=0.021)


def test_no_value_of_a_row_is_shown():
    data = draw(40, np.random.default_rng(17))
    data["age"] = data["age"].mask(data.index == 3, 77.125)
    data.index = [f"Canary row {i}" for i in range(len(data))]
    data["person"] = [f"Canary {i // 2}" for i in range(len(data))]
    for fit in (
        fit_logit("y ~ age", data, cluster="person"),
        fit_multinomial_logit("level ~ age", data, penalty="firth"),
    ):
        assert "Canary" not in repr(fit) + "".join(fit.notes)
        assert "77.125" not in repr(fit) + "".join(fit.notes)
    with pytest.raises(ValueError, match="has 80 levels") as raised:
        fit_logit("person2 ~ age", data.assign(person2=[f"Canary {i}" for i in range(80)]))
    assert "Canary" not in str(raised.value)


@pytest.mark.parametrize(
    ("formula", "change", "options", "message"),
    [
        ("y ~ arm", lambda d: d.assign(arm=1), {}, "'arm' has a single value"),
        ("y ~ nothing", lambda d: d, {}, "no column 'nothing'"),
        ("arm + age", lambda d: d, {}, "has no outcome"),
        ("y ~ arm", lambda d: d.assign(y=1), {}, "'y' has a single level"),
        ("y ~ arm", lambda d: d.assign(arm=np.nan), {}, "No row of 40 is complete"),
        ("y ~ arm - 1", lambda d: d, {}, "with its intercept"),
        ("y ~ arm + twin", lambda d: d.assign(twin=2 * d["arm"]), {}, "linear combination"),
        ("level ~ arm", lambda d: d, {}, "has 3 levels; a binary logit takes two"),
        ("level ~ arm", lambda d: d[d["level"] != "left"], {}, "level 'left' of the outcome"),
        ("y ~ arm", lambda d: d, {"cluster": "nobody"}, "no column 'nobody'"),
        ("y ~ arm", lambda d: d.assign(person=1), {"cluster": "person"}, "two clusters"),
        ("y ~ arm", lambda d: d.assign(w=-1.0), {"weights": "w"}, "40 rows are not"),
        ("y ~ arm", lambda d: d.assign(w=1.0 * d["y"]), {"weights": "w"}, "has no weight"),
        ("y ~ arm", lambda d: d, {"penalty": "lasso"}, "None, 'firth', 'log_f' or 'auto'"),
    ],
)  # fmt: skip
def test_models_that_cannot_be_fitted_say_why(formula, change, options, message):
    data = draw(20, np.random.default_rng(18))
    assert data["level"].nunique() == 3

    with pytest.raises(ValueError, match=message):
        fit_logit(formula, change(data), **options)


def test_questions_that_a_result_cannot_answer_say_why():
    data = draw(40, np.random.default_rng(19))
    fit = fit_logit("y ~ arm + age", data)
    with pytest.raises(ValueError, match="'site' is not a predictor"):
        fit.average_predictions("site")
    with pytest.raises(ValueError, match="'site' is not a predictor"):
        fit.joint_test("site")
    with pytest.raises(ValueError, match="at most 24"):
        fit.average_predictions("age")
    with pytest.raises(ValueError, match="no parameter 'site'"):
        fit.profile_intervals(["site"])
    with pytest.raises(ValueError, match="'gone' is not a level"):
        fit_multinomial_logit("level ~ arm", data, reference="gone")


def test_numbers_kept_as_objects_are_numbers_and_not_names_of_columns():
    rng = np.random.default_rng(3)
    x = rng.normal(size=300)
    data = pd.DataFrame({"x": pd.Series(x, dtype=object), "y": (rng.random(300) < 0.5) * 1.0})
    fit = fit_logit("y ~ x", data)
    assert list(fit.params.index) == ["Intercept", "x"]
    np.testing.assert_allclose(fit.params, fit_logit("y ~ x", data.assign(x=x)).params)


def test_a_text_with_too_many_values_is_refused_without_naming_one():
    data = pd.DataFrame({"x": [f"person-{i}" for i in range(300)], "y": np.arange(300) % 2})
    with pytest.raises(ModelUsageError, match="'x' has 300 different values") as told:
        fit_logit("y ~ x", data)
    assert "person-" not in str(told.value)
