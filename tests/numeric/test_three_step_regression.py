"""Third steps with covariates against other programs, plain optimisers and simulated truth."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from datrial.models import (
    ModelDataError,
    ModelUsageError,
    fit_latent_classes,
    fit_multinomial_logit,
    resample_classes,
    three_step,
    three_step_covariates,
    three_step_outcome,
)
from datrial.models.three_steps.likelihood import AssignedMixture, WeightedLevels

PROFILES = np.array(
    [[0.0] * 6, [0.75, 0.75, 0.8, 0.25, 0.3, 0.2], [0.3, 0.25, 0.25, 0.8, 0.7, 0.75]]
)
CLASS_MODEL = np.array([[0.0, 0.0], [0.3, 0.8], [0.0, -0.8]])  # intercept and age
OUTCOME_MODEL = np.array([-1.5, 1.0, 2.0, 0.5])  # intercept, two classes, age


def draw(n, rng, profiles=PROFILES):
    """Simulate a covariate, a class that depends on it, and an outcome that depends on both."""
    age = rng.normal(size=n)
    chance = np.exp(CLASS_MODEL[:, 0] + np.outer(age, CLASS_MODEL[:, 1]))
    chance /= chance.sum(axis=1, keepdims=True)
    of_class = (rng.random((n, 1)) > chance.cumsum(axis=1)).sum(axis=1)
    answers = (rng.random((n, 6)) < profiles[of_class]).astype(float)
    answers[rng.random(answers.shape) < 0.05] = np.nan
    items = pd.DataFrame(answers, columns=[f"need_{j}" for j in range(6)])
    by_class = np.array([0.0, OUTCOME_MODEL[1], OUTCOME_MODEL[2]])
    effect = OUTCOME_MODEL[0] + by_class[of_class] + OUTCOME_MODEL[3] * age
    data = pd.DataFrame(
        {
            "age": age,
            "site": rng.choice(["north", "south"], n),
            "behaviour": (rng.random(n) < 1 / (1 + np.exp(-effect))).astype(float),
        }
    )
    return items, data


@pytest.fixture(scope="module")
def people():
    items, data = draw(500, np.random.default_rng(8))
    items.iloc[::50] = np.nan
    data.loc[3::25, "age"] = np.nan
    return fit_latent_classes(items, 3, zero_class=True, n_starts=30), data


@pytest.fixture(scope="module")
def perfect():
    """Classes that are known for certain."""
    rng = np.random.default_rng(2)
    of_class = rng.integers(0, 2, 240)
    items = pd.DataFrame(np.repeat(of_class[:, None], 8, axis=1).astype(float))
    data = pd.DataFrame({"age": rng.normal(size=240), "y": rng.integers(0, 3, 240)})
    return fit_latent_classes(items, 2, n_starts=3), data


def numeric_derivatives(objective, point, step=1e-5):
    eye = np.eye(len(point)) * step
    gradient = [(objective(point + e)[0] - objective(point - e)[0]) / (2 * step) for e in eye]
    hessian = [(objective(point + e)[1] - objective(point - e)[1]) / (2 * step) for e in eye]
    return np.array(gradient), np.array(hessian)


def mixture(rng, n_levels):
    n, n_classes, k = 40, 3, 2
    errors = np.array([[0.8, 0.1, 0.1], [0.1, 0.7, 0.2], [0.0, 0.2, 0.8]])
    by_class = rng.normal(size=(n_classes, n, 4 if n_levels > 1 else 0))
    return AssignedMixture(
        np.column_stack([np.ones(n), rng.normal(size=(n, k - 1))]),
        errors[:, rng.integers(0, n_classes, n)].T,
        rng.integers(1, 4, n).astype(float),
        by_class,
        rng.integers(0, n_levels, n),
        n_levels,
    )


@pytest.mark.parametrize("n_levels", [1, 2, 3])
def test_derivatives_of_the_mixture_are_those_of_finite_differences(n_levels):
    rng = np.random.default_rng(n_levels)
    objective = mixture(rng, n_levels)
    point = rng.normal(size=4 + (n_levels - 1) * objective.by_class.shape[2])

    _, gradient, hessian = objective(point)

    by_steps = numeric_derivatives(objective, point)
    np.testing.assert_allclose(gradient, by_steps[0], atol=1e-6)
    np.testing.assert_allclose(hessian, by_steps[1], atol=1e-6)
    np.testing.assert_allclose(objective.scores(point).sum(axis=0), gradient, atol=1e-10)


def test_derivatives_of_a_weighted_logit_with_negative_weights():
    rng = np.random.default_rng(5)
    objective = WeightedLevels(rng.normal(size=(30, 2)), rng.normal(0.4, 0.6, size=(30, 3)))
    point = rng.normal(size=4)

    _, gradient, hessian = objective(point)

    by_steps = numeric_derivatives(objective, point)
    np.testing.assert_allclose(gradient, by_steps[0], atol=1e-6)
    np.testing.assert_allclose(hessian, by_steps[1], atol=1e-6)
    np.testing.assert_allclose(objective.scores(point).sum(axis=0), gradient, atol=1e-10)


def test_modal_is_the_multinomial_logit_of_the_most_likely_class(people):
    from statsmodels.discrete.discrete_model import MNLogit

    fit, data = people
    step = three_step_covariates(fit, data, "~ age + site", method="modal")

    rows = data.assign(modal=fit.modal_class).dropna(subset=["modal", "age"])
    matrix = np.column_stack([np.ones(len(rows)), rows["site"] == "south", rows["age"]])
    theirs = MNLogit(rows["modal"].cat.codes.to_numpy(), matrix.astype(float)).fit(
        disp=0, cov_type="HC0", maxiter=100, method="newton"
    )

    terms = [("class 1", name) for name in ("Intercept", "site[T.south]", "age")]
    terms += [("class 2", name) for _, name in terms]
    np.testing.assert_allclose(step.params[terms], theirs.params.T.ravel(), rtol=1e-6)
    np.testing.assert_allclose(step.bse[terms], theirs.bse.T.ravel(), rtol=1e-5)
    assert step.llf == pytest.approx(theirs.llf)
    assert step.nobs == len(rows) == len(data) - step.n_left_out
    ratios = step.relative_risk_ratios()
    np.testing.assert_allclose(ratios["relative_risk_ratio"], np.exp(step.params[ratios.index]))


@pytest.mark.parametrize(("method", "correction"), [("ml", "ML"), ("bch", "BCH"), ("modal", None)])
def test_stepmix_finds_the_same_regression_of_class(method, correction):
    # StepMix's Newton stops when its gradient is below 1e-4 or after max_iter steps.
    from stepmix.stepmix import StepMix

    rng = np.random.default_rng(3)
    profiles = np.array([[0.1, 0.2, 0.1, 0.2, 0.1], [0.8, 0.7, 0.9, 0.75, 0.8]])
    x = rng.normal(size=500)
    of_class = (rng.random(500) < 1 / (1 + np.exp(-0.4 - 0.9 * x))).astype(int)
    items = pd.DataFrame((rng.random((500, 5)) < profiles[of_class]).astype(int))
    items.columns = list("abcde")
    fit = fit_latent_classes(items, 2, n_starts=20)
    model = StepMix(
        n_components=2, n_steps=3, correction=correction, assignment="modal", n_init=5,
        measurement="binary", structural="covariate", random_state=1, abs_tol=1e-12, rel_tol=0.0,
        structural_params={"method": "newton-raphson", "max_iter": 50, "tol": 1e-9},
        max_iter=5_000, progress_bar=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(items.to_numpy(), x[:, None])
    parameters = model.get_parameters()
    beta = np.asarray(parameters["structural"]["beta"])
    high = int(np.argmax(parameters["measurement"]["pis"][:, 0]))
    theirs = beta[high] - beta[1 - high]

    step = three_step_covariates(fit, pd.DataFrame({"x": x}), "~ x", method=method)

    ours_high = fit.item_probabilities["a"].argmax()
    sign = 1 if ours_high == 1 else -1
    np.testing.assert_allclose(sign * step.params, theirs, atol=1e-4)


def test_maximum_likelihood_with_an_outcome_is_the_maximum_of_a_plain_optimiser(people):
    from scipy.optimize import minimize

    fit, data = people
    step = three_step_outcome(fit, data, "behaviour ~ latent_class + age")

    used = (fit.modal_class.notna() & data["age"].notna()).to_numpy()
    age, y = data["age"].to_numpy()[used], data["behaviour"].to_numpy()[used]
    assigned = fit.modal_class.cat.codes.to_numpy()[used]
    errors = step.classification.to_numpy()

    def loss(params):
        scores = [0 * age, params[0] + params[1] * age, params[2] + params[3] * age]
        together = sum(np.exp(score) for score in scores)
        likelihood = np.zeros(len(age))
        for k, score in enumerate(scores):
            logit = params[4] + [0, params[5], params[6]][k] + params[7] * age
            yes = 1 / (1 + np.exp(-logit))
            given = np.where(y == 1, yes, 1 - yes)
            likelihood += np.exp(score) / together * errors[k, assigned] * given
        return -np.log(likelihood).sum()

    start = np.array([0.3, 0.8, 0.0, -0.8, *OUTCOME_MODEL])
    theirs = minimize(loss, start, method="BFGS", options={"gtol": 1e-6})

    assert step.converged
    assert step.llf == pytest.approx(-theirs.fun, abs=1e-5)
    assert step.llf >= -theirs.fun - 1e-8
    np.testing.assert_allclose(step.params, theirs.x[4:], atol=2e-3)


@pytest.mark.parametrize("method", ["ml", "bch", "modal"])
def test_without_covariates_the_outcome_regression_is_the_table(people, method):
    fit, data = people
    p = three_step(fit, data["behaviour"], method=method).probabilities[1.0]

    step = three_step_outcome(fit, data, "behaviour ~ latent_class", method=method)

    linear = step.params.to_numpy()
    logits = np.log(p / (1 - p)).to_numpy()
    np.testing.assert_allclose(linear[0] + np.array([0, *linear[1:]]), logits, atol=1e-7)


@pytest.mark.parametrize("method", ["ml", "bch", "modal"])
def test_class_on_outcome_and_outcome_on_class_have_the_same_odds_ratio(people, method):
    # One 0/1 variable: both models are saturated.
    fit, data = people

    forward = three_step_outcome(fit, data, "behaviour ~ latent_class", method=method)
    backward = three_step_covariates(fit, data, "~ behaviour", method=method)

    slopes = backward.params.xs("behaviour", level="term")
    np.testing.assert_allclose(forward.params.to_numpy()[1:], slopes, atol=1e-6)
    errors = backward.bse.xs("behaviour", level="term")
    np.testing.assert_allclose(forward.bse.to_numpy()[1:], errors, rtol=1e-5)


@pytest.mark.parametrize("method", ["ml", "bch", "modal"])
def test_with_certain_classes_all_methods_are_the_plain_multinomial_logit(perfect, method):
    fit, data = perfect
    plain = fit_multinomial_logit(
        "y ~ latent_class + age", data.assign(latent_class=fit.modal_class.astype(str))
    )

    step = three_step_outcome(fit, data, "y ~ latent_class + age", method=method)

    assert list(step.params.index.get_level_values("level")) == [1, 1, 1, 2, 2, 2]
    np.testing.assert_allclose(step.params, plain.params, atol=1e-6)
    other = three_step_outcome(fit, data, "y ~ latent_class + age", method=method, reference=2)
    assert other.reference == 2
    back = step.params.loc[1].to_numpy() - step.params.loc[2].to_numpy()
    np.testing.assert_allclose(other.params.loc[1], back, atol=1e-6)


@pytest.mark.parametrize("method", ["ml", "bch"])
def test_another_reference_class_is_the_same_model(people, method):
    fit, data = people
    first = three_step_covariates(fit, data, "~ age", method=method)

    other = three_step_covariates(fit, data, "~ age", method=method, reference="class 2")

    assert other.reference == "class 2"
    assert other.llf == pytest.approx(first.llf)
    change = first.params["class 1"] - first.params["class 2"]
    np.testing.assert_allclose(other.params["class 1"], change, atol=1e-6)
    np.testing.assert_allclose(other.params["zero class"], -first.params["class 2"], atol=1e-6)
    assert other.joint_test("age").statistic == pytest.approx(first.joint_test("age").statistic)


def test_weights_count_as_repeated_rows_and_clusters_are_those_of_the_rows(people):
    _, data = people
    items, data = draw(300, np.random.default_rng(4))
    times = np.random.default_rng(1).integers(1, 4, len(items))
    again = items.index.repeat(times)
    weighted = fit_latent_classes(items, 3, zero_class=True, weights=times, n_starts=30)
    rows = fit_latent_classes(items.loc[again], 3, zero_class=True, n_starts=30)
    formula = "behaviour ~ latent_class + age"

    for method in ("ml", "bch"):
        one = three_step_outcome(weighted, data, formula, method=method)
        other = three_step_outcome(rows, data.loc[again], formula, method=method)
        np.testing.assert_allclose(one.params, other.params, atol=1e-5)
        np.testing.assert_allclose(one.bse, other.bse, atol=1e-5)
    owner = three_step_outcome(rows, data.loc[again], formula, cluster=np.asarray(again))
    assert owner.n_clusters == len(items)
    assert (owner.bse > other.bse).all()  # repeated rows say nothing new
    named = three_step_outcome(
        rows, data.loc[again].assign(person=np.asarray(again)), formula, cluster="person"
    )
    np.testing.assert_allclose(named.bse, owner.bse)


def test_bootstrap_of_the_chain_gives_errors_and_percentiles(people):
    fit, data = people
    resamples = resample_classes(fit, 40, seed=6)
    third = three_step_covariates(fit, data, "~ age")

    whole = three_step_covariates(fit, data, "~ age", bootstrap=resamples)

    assert whole.draws.shape == (40, 4)
    np.testing.assert_allclose(whole.bse, whole.draws.std(ddof=1))
    assert 0.6 < (whole.bse / third.bse).mean() < 1.8
    limits = whole.conf_int(kind="percentile")
    assert ((limits["ci_low"] < whole.params) & (whole.params < limits["ci_high"])).all()
    with pytest.raises(ModelUsageError, match="draws"):
        third.conf_int(kind="percentile")


def separated(people):
    fit, data = people
    flag = ((fit.modal_class == "class 1") & (np.arange(len(data)) % 2 == 0)).astype(float)
    return fit, data.assign(flag=flag)


@pytest.mark.parametrize("method", ["ml", "modal"])
def test_separation_is_said_and_the_penalty_keeps_estimates_finite(people, method):
    fit, data = separated(people)
    plain = three_step_covariates(fit, data, "~ flag", method=method)

    penalised = three_step_covariates(fit, data, "~ flag", method=method, penalty="log_f")

    assert ("class 1", "flag") in plain.unbounded
    assert "Separation" in " ".join(plain.notes)
    assert np.isnan(plain.bse["class 1", "flag"])
    assert np.isnan(plain.joint_test("flag").p_value)
    assert penalised.unbounded == ()
    assert penalised.bse.max() < 5
    assert penalised.joint_test("flag").p_value < 1e-3


def test_the_penalised_modal_regression_is_the_penalised_multinomial_logit(people):
    fit, data = separated(people)
    rows = data.assign(modal=fit.modal_class).dropna(subset=["modal"])

    step = three_step_covariates(fit, data, "~ flag", method="modal", penalty="log_f")

    plain = fit_multinomial_logit("modal ~ flag", rows, penalty="log_f")
    np.testing.assert_allclose(step.params, plain.params, atol=1e-6)
    np.testing.assert_allclose(step.bse, plain.bse, atol=1e-6)


def test_draws_add_the_errors_of_the_classes_to_a_penalised_model(people):
    fit, data = separated(people)
    resamples = resample_classes(fit, 20, seed=1)
    alone = three_step_covariates(fit, data, "~ flag", penalty="log_f")

    whole = three_step_covariates(fit, data, "~ flag", penalty="log_f", bootstrap=resamples)

    assert (whole.bse > alone.bse).all()
    assert (whole.bse < 3 * alone.bse).all()
    assert whole.draws is None
    assert "fitted again" in whole.covariance_note


def test_interactions_with_the_class_are_possible(people):
    fit, data = people

    step = three_step_outcome(fit, data, "behaviour ~ latent_class * site")

    by_site = [
        three_step_outcome(fit, data.assign(behaviour=data["behaviour"].where(data["site"] == s)),
                           "behaviour ~ latent_class")
        for s in ("north", "south")
    ]  # fmt: skip
    terms = step.params[1.0]
    north = by_site[0].params[1.0]
    np.testing.assert_allclose(terms[north.index], north, atol=1e-5)
    both = terms["latent_class[T.class 1]"] + terms["latent_class[T.class 1]:site[T.south]"]
    assert both == pytest.approx(by_site[1].params[1.0]["latent_class[T.class 1]"], abs=1e-5)


def test_wrong_use_is_said_without_a_value(people):
    fit, data = people

    with pytest.raises(ModelUsageError, match="nothing on the left"):
        three_step_covariates(fit, data, "behaviour ~ age")
    with pytest.raises(ModelUsageError, match="must hold the latent class"):
        three_step_outcome(fit, data, "behaviour ~ age")
    with pytest.raises(ModelUsageError, match="no column 'height'"):
        three_step_covariates(fit, data, "~ height")
    with pytest.raises(ModelUsageError, match="one of the classes"):
        three_step_covariates(fit, data, "~ age", reference="class 9")
    with pytest.raises(ModelUsageError, match="no level"):
        three_step_outcome(fit, data, "behaviour ~ latent_class", reference="Canary")
    with pytest.raises(ModelUsageError, match="one row per row"):
        three_step_covariates(fit, data.iloc[:-1], "~ age")
    with pytest.raises(ModelUsageError, match="reindex"):
        three_step_covariates(fit, data.iloc[::-1], "~ age")
    with pytest.raises(ModelUsageError, match="stands for the class"):
        three_step_outcome(fit, data.assign(latent_class=1), "behaviour ~ latent_class")
    with pytest.raises(ModelUsageError, match="penalty of a third step"):
        three_step_covariates(fit, data, "~ age", penalty="ridge")
    with pytest.raises(ModelUsageError, match="not with weighting"):
        three_step_covariates(fit, data, "~ age", penalty="log_f", method="bch")
    with pytest.raises(ModelUsageError, match="no column 'who'"):
        three_step_covariates(fit, data, "~ age", cluster="who")
    with pytest.raises(ModelUsageError, match="no term 'weight'"):
        three_step_covariates(fit, data, "~ age").joint_test("weight")
    with pytest.raises(ModelDataError, match="single level") as single:
        three_step_outcome(fit, data.assign(y="Canary"), "y ~ latent_class")
    assert "Canary" not in str(single.value)
    canary = data.assign(who=[f"Canary {i}" for i in range(len(data))])
    assert "Canary" not in repr(three_step_covariates(fit, canary, "~ age", cluster="who"))


def recover(replications, n, seed, draws=0):
    """Return estimates by method (replications x parameters) and whether intervals cover."""
    truth = np.concatenate([CLASS_MODEL[1], CLASS_MODEL[2], OUTCOME_MODEL])
    rng = np.random.default_rng(seed)
    found = {"modal": [], "ml": [], "bch": []}
    covered = []
    for number in range(replications):
        items, data = draw(n, rng)
        fit = fit_latent_classes(items, 3, zero_class=True, n_starts=15, seed=number)
        p = fit.item_probabilities["need_0"].to_numpy()
        order = [0, 1, 2] if p[1] > p[2] else [0, 2, 1]
        resamples = resample_classes(fit, draws, seed=number) if draws else 0
        for method, estimates in found.items():
            classes = three_step_covariates(fit, data, "~ age", method=method)
            outcome = three_step_outcome(fit, data, "behaviour ~ latent_class + age", method=method)
            by_class = classes.params.to_numpy().reshape(2, 2)[[k - 1 for k in order[1:]]]
            b = outcome.params.to_numpy()
            estimates.append([*by_class.ravel(), b[0], b[order[1]], b[order[2]], b[3]])
        if draws:
            outcome = three_step_outcome(
                fit, data, "behaviour ~ latent_class + age", bootstrap=resamples
            )
            limits = outcome.conf_int().to_numpy()[[0, order[1], order[2], 3]]
            covered.append((limits[:, 0] <= OUTCOME_MODEL) & (limits[:, 1] >= OUTCOME_MODEL))
    return truth, {k: np.array(v) for k, v in found.items()}, np.array(covered)


def test_known_regressions_are_recovered_and_modal_ones_are_biased():
    truth, found, _ = recover(12, 1200, 31)

    error = found["ml"].std(axis=0, ddof=1) / np.sqrt(12)
    for method in ("ml", "bch"):
        assert (np.abs(found[method].mean(axis=0) - truth) < 4 * error + 0.02).all()
    bias = np.abs(found["modal"].mean(axis=0) - truth)
    assert bias.max() > 0.15


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_bootstrap_intervals_of_a_regression_cover():
    truth, found, covered = recover(100, 600, 32, draws=50)

    error = found["ml"].std(axis=0, ddof=1) / 10
    assert (np.abs(found["ml"].mean(axis=0) - truth) < np.maximum(4 * error, 0.1)).all()
    # Four standard errors of a proportion of 100 at 0.95.
    assert (covered.mean(axis=0) > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 100)).all()
