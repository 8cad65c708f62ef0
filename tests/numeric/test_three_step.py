"""Three-step estimation against closed forms, StepMix, plain optimisers and simulated truth."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from datrial.models import (
    ModelDataError,
    ModelUsageError,
    fit_latent_classes,
    resample_classes,
    three_step,
)
from datrial.models.latent_class.classification import classify
from datrial.models.three_steps.classification import inverse_errors
from datrial.models.three_steps.result import table_likelihood_ratio
from datrial.models.three_steps.table import probabilities_of, solve_table, solve_with_influence
from datrial.verification import published_data as data

SIZES = np.array([0.3, 0.4, 0.3])
PROFILES = np.array([[0.0] * 6, [0.8, 0.75, 0.8, 0.25, 0.3, 0.2], [0.3, 0.25, 0.2, 0.8, 0.7, 0.8]])
WEAK = np.array([[0.0] * 6, [0.7, 0.7, 0.75, 0.3, 0.3, 0.25], [0.3, 0.25, 0.3, 0.7, 0.75, 0.7]])
YES = np.array([0.15, 0.5, 0.8])  # the outcome in each class


def draw(n, rng, *, missing=0.0, yes=YES, profiles=PROFILES):
    """Simulate items and a 0/1 outcome that depends on the class alone."""
    of_class = rng.choice(len(SIZES), n, p=SIZES)
    answers = (rng.random((n, profiles.shape[1])) < profiles[of_class]).astype(float)
    answers[rng.random(answers.shape) < missing] = np.nan
    items = pd.DataFrame(answers, columns=[f"need_{j}" for j in range(profiles.shape[1])])
    return items, pd.Series((rng.random(n) < yes[of_class]).astype(float), name="behaviour")


@pytest.fixture(scope="module")
def people():
    items, outcome = draw(487, np.random.default_rng(4), missing=0.05)
    items.iloc[::60] = np.nan
    outcome.iloc[5::40] = np.nan
    return fit_latent_classes(items, 3, zero_class=True, n_starts=30), items, outcome


@pytest.fixture(scope="module")
def resampled(people):
    return resample_classes(people[0], 60, seed=2)


def test_errors_of_assignment_agree_with_those_printed_by_mplus():
    # Source: Mplus 8.11 output of the four-class model of Nylund-Gibson, Grimm and Masyn (2019)
    # distributed with the "Introduction to LCA" book of the IMMERSE project: people by most
    # likely class, average posteriors (rows: most likely class) and, from these, the
    # classification probabilities. Tolerance: inputs are printed to three decimals.
    counts = np.array(data.FOUR_CLASSES_ASSIGNED, dtype=float)
    posterior = np.array(data.FOUR_CLASSES_POSTERIOR)
    printed = np.array(data.FOUR_CLASSES_ERRORS)

    got = classify(posterior, counts)

    assert got.modal.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(got.errors, printed, atol=2.5e-3)


def test_modal_is_the_cross_table_of_most_likely_class_and_outcome(people):
    fit, _, outcome = people

    step = three_step(fit, outcome, method="modal")

    known = fit.modal_class.notna() & outcome.notna()
    table = pd.crosstab(fit.modal_class[known], outcome[known])
    share = table.div(table.sum(axis=1), axis=0)
    np.testing.assert_allclose(step.probabilities, share, rtol=1e-12)
    binomial = np.sqrt(share[1.0] * share[0.0] / table.sum(axis=1))
    np.testing.assert_allclose(step.bse[1.0], binomial, rtol=1e-12)
    assert step.people.tolist() == table.sum(axis=1).tolist()
    assert step.nobs == known.sum()
    assert step.n_left_out == (fit.modal_class.notna() & outcome.isna()).sum() > 0
    assert step.n_unclassified == fit.n_left_out > 0


def test_bch_and_ml_agree_for_one_outcome_inside_the_unit_interval(people):
    fit, _, outcome = people

    ml, bch = (three_step(fit, outcome, method=method) for method in ("ml", "bch"))

    assert ((bch.probabilities > 0.05) & (bch.probabilities < 0.95)).all(axis=None)
    np.testing.assert_allclose(ml.probabilities, bch.probabilities, atol=1e-10)
    np.testing.assert_allclose(ml.covariance, bch.covariance, atol=1e-12)
    np.testing.assert_allclose(ml.people, bch.people, rtol=1e-9)


@pytest.mark.parametrize("method", ["ml", "bch", "modal"])
def test_without_errors_of_assignment_all_methods_are_the_cross_table(method):
    rng = np.random.default_rng(7)
    profiles = np.repeat([[0.0], [1.0]], 8, axis=1)
    of_class = rng.integers(0, 2, 200)
    items = pd.DataFrame(profiles[of_class], columns=list("abcdefgh"))
    outcome = rng.integers(0, 3, 200)
    fit = fit_latent_classes(items, 2, n_starts=5)

    step = three_step(fit, outcome, method=method)

    np.testing.assert_allclose(step.classification, np.eye(2), atol=1e-9)
    table = pd.crosstab(fit.modal_class, outcome)
    np.testing.assert_allclose(step.probabilities, table.div(table.sum(axis=1), axis=0), atol=1e-9)


@pytest.mark.parametrize(("method", "correction"), [("ml", "ML"), ("bch", "BCH"), ("modal", None)])
def test_stepmix_finds_the_same_third_step(method, correction):
    # Same data, StepMix's own measurement model from the same maximum; four outcome levels.
    # Tolerance: StepMix's EM stops short of the maximum by about that.
    from stepmix.stepmix import StepMix

    rng = np.random.default_rng(12)
    profiles = np.array([[0.1, 0.2, 0.1, 0.2, 0.1], [0.8, 0.7, 0.9, 0.75, 0.8]])
    of_class = rng.integers(0, 2, 600)
    items = pd.DataFrame((rng.random((600, 5)) < profiles[of_class]).astype(int))
    items.columns = list("abcde")
    levels = np.array([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]])
    outcome = np.array([rng.choice(4, p=levels[k]) for k in of_class])
    fit = fit_latent_classes(items, 2, n_starts=20)
    model = StepMix(
        n_components=2, n_steps=3, correction=correction, assignment="modal",
        measurement="binary", structural="categorical", n_init=5, random_state=1,
        abs_tol=1e-13, rel_tol=0.0, max_iter=20_000, progress_bar=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(items.to_numpy(), outcome[:, None])
    theirs = np.asarray(model.get_parameters()["structural"]["pis"]).reshape(2, 4)
    weights = model.get_parameters()["weights"]
    order = np.argsort(-weights)
    np.testing.assert_allclose(weights[order], fit.class_sizes, atol=1e-5)

    step = three_step(fit, outcome, method=method)

    np.testing.assert_allclose(step.probabilities, theirs[order], atol=1e-4)


def plain_ml(table, errors):
    """Maximise the step-three likelihood by a general optimiser on the softmax scale."""
    from scipy.optimize import minimize

    n_classes, n_levels = table.shape

    def loss(free):
        q = np.exp(free - free.max()).reshape(n_classes, n_levels)
        q /= q.sum()
        return -(table * np.log(errors.T @ q)).sum()

    runs = [
        minimize(loss, start, method="BFGS", options={"gtol": 1e-9})
        for start in np.random.default_rng(0).normal(size=(4, table.size))
    ]
    best = min(runs, key=lambda run: run.fun)
    q = np.exp(best.x - best.x.max()).reshape(n_classes, n_levels)
    return best.fun, q / q.sum() * table.sum()


def test_maximum_likelihood_on_the_boundary_is_the_maximum():
    # Weighting gives a negative number here, so the maximum lies on the boundary.
    errors = np.array([[0.8, 0.15, 0.05], [0.1, 0.7, 0.2], [0.05, 0.15, 0.8]])
    table = np.array([[90.0, 2.0], [60.0, 30.0], [12.0, 80.0]])
    bch = solve_table(table, errors, np.linalg.inv(errors))
    assert bch.min() < 0

    q = solve_table(table, errors, None)

    value, plain = plain_ml(table, errors)
    assert q.min() == 0
    assert q.sum() == pytest.approx(table.sum())
    np.testing.assert_allclose(q, plain, atol=0.02)  # theirs only nears the boundary
    ours = -(table * np.log(errors.T @ (q / q.sum()))).sum()
    assert ours <= value + 1e-9


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("boundary", [True, False])
def test_influence_is_the_derivative_by_each_cell(weighted, boundary):
    errors = np.array([[0.8, 0.15, 0.05], [0.1, 0.7, 0.2], [0.05, 0.15, 0.8]])
    table = np.array([[90.0, 2.0], [60.0, 30.0], [12.0, 80.0]])
    if not boundary:
        table[0] = [70, 22]
    inverse = np.linalg.inv(errors) if weighted else None

    influence = solve_with_influence(table, errors, inverse).influence

    step = 1e-4
    for cell in np.ndindex(table.shape):
        more, less = table.copy(), table.copy()
        more[cell] += step
        less[cell] -= step
        slopes = [probabilities_of(solve_table(t, errors, inverse)) for t in (more, less)]
        np.testing.assert_allclose(influence[cell], (slopes[0] - slopes[1]) / (2 * step), atol=1e-7)


def test_weights_count_as_repeated_rows(people):
    _, items, outcome = people
    times = np.random.default_rng(3).integers(1, 4, len(items))
    repeated = items.index.repeat(times)
    weighted = fit_latent_classes(items, 3, zero_class=True, weights=times, n_starts=30)
    rows = fit_latent_classes(items.loc[repeated], 3, zero_class=True, n_starts=30)

    for method in ("ml", "bch", "modal"):
        one = three_step(weighted, outcome, method=method)
        other = three_step(rows, outcome.loc[repeated], method=method)
        assert one.nobs == other.nobs
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-6)
        np.testing.assert_allclose(one.covariance, other.covariance, atol=1e-8)


def test_rows_in_another_order_and_other_codes_change_nothing(people):
    _, items, outcome = people
    order = np.random.default_rng(0).permutation(len(items))
    words = outcome.map({0.0: "never", 1.0: "some"}).astype("category")
    fit, shuffled = (
        fit_latent_classes(rows, 3, zero_class=True, n_starts=30)
        for rows in (items, items.iloc[order])
    )

    one = three_step(fit, outcome)
    other = three_step(shuffled, words.iloc[order])

    assert list(other.probabilities.columns) == ["never", "some"]
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-7)
    np.testing.assert_allclose(one.test["statistic"], other.test["statistic"], rtol=1e-5)


def test_each_row_its_own_cluster_gives_the_plain_sandwich_but_for_the_factor(people):
    fit, items, outcome = people
    plain = three_step(fit, outcome)

    clustered = three_step(fit, outcome, cluster=np.arange(len(items)))

    groups = clustered.n_clusters
    np.testing.assert_allclose(
        clustered.covariance, plain.covariance * groups / (groups - 1), atol=1e-12
    )
    doubled = three_step(fit, outcome, cluster=np.arange(len(items)) // 2)
    assert doubled.n_clusters == clustered.n_clusters / 2 or doubled.n_clusters < groups
    assert "clusters" in doubled.covariance_note


def test_the_wald_test_is_the_square_of_the_difference_over_its_error(people):
    fit, _, outcome = people
    step = three_step(fit, outcome)

    p, v = step.probabilities[1.0], step.covariance
    a, b = ("zero class", 1.0), ("class 1", 1.0)
    error = v.loc[a, a] + v.loc[b, b] - 2 * v.loc[a, b]
    pair = step.test.loc["zero class - class 1"]

    assert pair["statistic"] == pytest.approx((p["zero class"] - p["class 1"]) ** 2 / error)
    assert pair["df"] == 1
    assert step.test.loc["overall", "df"] == 2
    assert len(step.test) == 1 + 3
    assert step.test["p_value"].max() < 0.05


def test_likelihood_ratio_of_a_table_is_scipys():
    from scipy.stats import chi2_contingency

    table = np.array([[12.0, 5, 0], [7, 9, 0], [0, 0, 0], [3, 8, 0]])
    kept = table[[0, 1, 3]][:, :2]
    theirs = chi2_contingency(kept, lambda_="log-likelihood", correction=False)

    ours = table_likelihood_ratio(table)

    assert ours["statistic"] == pytest.approx(theirs.statistic)
    assert (ours["df"], ours["p_value"]) == (theirs.dof, pytest.approx(theirs.pvalue))


def test_intervals_stay_inside_and_bracket_the_estimate(people, resampled):
    fit, _, outcome = people
    step = three_step(fit, outcome, bootstrap=resampled)

    for kind in ("normal", "percentile"):
        limits = step.conf_int(kind=kind)
        assert ((limits > 0) & (limits < 1)).all(axis=None)
        flat = step.probabilities.to_numpy().ravel()
        assert ((limits["ci_low"] < flat) & (flat < limits["ci_high"])).all()
    narrow = step.conf_int(0.5)
    assert (narrow["ci_low"] > step.conf_int()["ci_low"]).all()


def test_bootstrap_repeats_the_whole_chain_and_is_larger_than_the_third_step(people, resampled):
    fit, _, outcome = people
    third = three_step(fit, outcome)

    whole = three_step(fit, outcome, bootstrap=resampled)

    assert whole.draws.shape == (60, 6)
    assert "60 draws of people" in whole.covariance_note
    assert "too small" in " ".join(third.notes)
    assert "too small" not in " ".join(whole.notes)
    variance = whole.draws.var(ddof=1).to_numpy().reshape(3, 2)
    np.testing.assert_allclose(whole.bse**2, variance)
    # On average over classes; 60 draws leave an error of a tenth in each.
    assert (whole.bse / third.bse).mean(axis=None) > 0.95
    pd.testing.assert_frame_equal(whole.draws, three_step(fit, outcome, bootstrap=60, seed=2).draws)
    other = three_step(fit, outcome, bootstrap=60, seed=3)
    assert not np.allclose(whole.draws, other.draws)


def test_draws_keep_the_classes_apart_by_profile(people, resampled):
    fit, _, _ = people
    for drawn in resampled.classifications:
        assert (np.diag(drawn.errors) > 0.6).all()
    weights = resampled.weights(0)
    assert weights.sum() == fit.nobs
    assert (weights[fit.modal_class.isna()] == 0).all()
    np.testing.assert_array_equal(weights, resampled.weights(0))


def test_clusters_are_drawn_whole(people):
    fit, items, outcome = people
    cluster = np.arange(len(items)) // 4
    draws = resample_classes(fit, 2, cluster=cluster, seed=1)
    fitted = fit.modal_class.notna().to_numpy()

    weights = pd.Series(draws.weights(0))[fitted]

    assert (weights.groupby(cluster[fitted]).nunique() == 1).all()
    step = three_step(fit, outcome, cluster=cluster, bootstrap=draws)
    assert "clusters" in step.covariance_note


def test_a_zero_probability_has_no_normal_interval_and_no_wald_test(people):
    fit, _, _ = people
    outcome = pd.Series(np.where(fit.modal_class == "class 1", 1.0, 0.0))
    outcome.iloc[::2] = 0.0

    step = three_step(fit, outcome, method="modal")

    assert step.probabilities.loc["zero class", 1.0] == 0
    assert np.isnan(step.bse.loc["zero class", 1.0])
    assert step.conf_int().loc[("zero class", 1.0)].isna().all()
    assert np.isnan(step.test.loc["overall", "p_value"])
    assert step.likelihood_ratio["p_value"] < 1e-6
    assert "0 or 1" in " ".join(step.notes)


def test_probabilities_outside_are_said_and_maximum_likelihood_keeps_them_inside(people):
    fit, _, _ = people
    # Whoever was assigned to the third class never shows it: weighting overshoots.
    yes = (fit.modal_class == "class 1") & (np.arange(len(fit.modal_class)) % 10 > 0)
    outcome = pd.Series(yes.astype(float))

    bch, ml = (three_step(fit, outcome, method=method) for method in ("bch", "ml"))

    assert bch.probabilities.min(axis=None) < 0
    assert "outside 0..1" in " ".join(bch.notes)
    assert ml.probabilities.min(axis=None) == 0
    assert ml.probabilities.max(axis=None) <= 1
    np.testing.assert_allclose(ml.probabilities.sum(axis=1), 1)
    outside = bch.probabilities.to_numpy().ravel() < 0
    assert bch.conf_int()[outside].isna().all(axis=None)


def test_unused_levels_are_left_out_and_said(people):
    fit, _, outcome = people
    words = pd.Series(pd.Categorical(outcome.map({0.0: "no", 1.0: "yes"}), ["no", "some", "yes"]))

    step = three_step(fit, words)

    assert list(step.probabilities.columns) == ["no", "yes"]
    assert "some" in step.notes[0]
    np.testing.assert_allclose(step.probabilities, three_step(fit, outcome).probabilities)


def class_that_nobody_is_assigned_to():
    rng = np.random.default_rng(1)
    items = pd.DataFrame(rng.integers(0, 2, (60, 2)).astype(float), columns=["a", "b"])
    fit = fit_latent_classes(items, 2, n_starts=5)
    posterior = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.7, 0.3]])
    from dataclasses import replace

    rows = pd.DataFrame(
        posterior[fit.patterns.of_row], index=items.index, columns=fit.posterior.columns
    )
    return replace(fit, posterior=rows), rng.integers(0, 2, 60)


def test_a_class_that_nobody_is_assigned_to_is_refused_but_for_modal():
    fit, outcome = class_that_nobody_is_assigned_to()

    for method in ("ml", "bch"):
        with pytest.raises(ModelDataError, match="Nobody's most likely class is class 2"):
            three_step(fit, outcome, method=method)
    step = three_step(fit, outcome, method="modal")

    assert step.probabilities.loc["class 2"].isna().all()
    assert step.probabilities.loc["class 1"].notna().all()
    assert "class 2" in " ".join(step.notes)
    with pytest.raises(ModelDataError, match="singular"):
        inverse_errors(np.full((2, 2), 0.5), fit.class_sizes.index)


def test_wrong_use_is_said_without_a_value(people, resampled):
    fit, items, outcome = people
    canary = pd.Series(["Canary"] * len(items))

    with pytest.raises(ModelUsageError, match="one of"):
        three_step(fit, outcome, method="lazy")
    with pytest.raises(ModelUsageError, match="one value per row of the fit"):
        three_step(fit, outcome.iloc[:-1])
    with pytest.raises(ModelUsageError, match="reindex"):
        three_step(fit, outcome.iloc[::-1])
    with pytest.raises(ModelDataError, match="fewer than two levels") as single:
        three_step(fit, canary)
    assert "Canary" not in str(single.value)
    with pytest.raises(ModelUsageError, match="at most 50"):
        three_step(fit, np.arange(len(items)))
    with pytest.raises(ModelUsageError, match="whole number of 2 or more"):
        three_step(fit, outcome, bootstrap=1)
    with pytest.raises(ModelUsageError, match="same clusters"):
        three_step(fit, outcome, bootstrap=resampled, cluster=np.arange(len(items)) // 2)
    with pytest.raises(ModelUsageError, match="another latent class model"):
        other = fit_latent_classes(items, 2, n_starts=3)
        three_step(other, outcome, bootstrap=resampled)
    with pytest.raises(ModelUsageError, match="draws"):
        three_step(fit, outcome).conf_int(kind="percentile")
    with pytest.raises(ModelUsageError, match="at least two classes"):
        three_step(fit_latent_classes(items, 1, n_starts=1), outcome)
    with pytest.raises(ModelDataError, match="cluster is missing"):
        three_step(fit, outcome, cluster=np.where(np.arange(len(items)) == 3, np.nan, 1.0))
    assert "Canary" not in repr(three_step(fit, pd.Series(outcome.to_numpy(), index=items.index)))


def simulate(replications, n, rng, draws=0):
    """Return estimates and coverage (replications x classes) by method."""
    estimates = {method: [] for method in ("modal", "ml", "bch")}
    covered = []
    for number in range(replications):
        items, outcome = draw(n, rng, missing=0.1, profiles=WEAK)
        fit = fit_latent_classes(items, 3, zero_class=True, n_starts=20, seed=number)
        # Sizes are too close to order the classes by: the first item tells them apart.
        swap = fit.item_probabilities["need_0"].to_numpy()[1:]
        order = [0, 1, 2] if swap[0] > swap[1] else [0, 2, 1]
        for method, found in estimates.items():
            step = three_step(fit, outcome, method=method)
            found.append(step.probabilities[1.0].to_numpy()[order])
        if draws:
            step = three_step(fit, outcome, bootstrap=draws, seed=number)
            limits = step.conf_int().xs(1.0, level="level").to_numpy()[order]
            covered.append((limits[:, 0] <= YES) & (limits[:, 1] >= YES))
    return {k: np.array(v) for k, v in estimates.items()}, np.array(covered)


def test_known_probabilities_are_recovered_and_modal_ones_are_attenuated():
    estimates, _ = simulate(40, 1000, np.random.default_rng(21))

    error = estimates["ml"].std(axis=0, ddof=1) / np.sqrt(40)
    assert (np.abs(estimates["ml"].mean(axis=0) - YES) < 4 * error).all()
    assert (np.abs(estimates["bch"].mean(axis=0) - YES) < 4 * error).all()
    apart = {
        method: found.mean(axis=0)[2] - found.mean(axis=0)[1] for method, found in estimates.items()
    }
    assert apart["modal"] < YES[2] - YES[1] - 0.05
    assert abs(apart["ml"] - (YES[2] - YES[1])) < 0.03


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_bootstrap_intervals_cover_known_probabilities():
    estimates, covered = simulate(100, 400, np.random.default_rng(22), draws=50)

    error = estimates["ml"].std(axis=0, ddof=1) / 10
    assert (np.abs(estimates["ml"].mean(axis=0) - YES) < np.maximum(4 * error, 0.015)).all()
    # Four standard errors of a proportion of 100 at 0.95.
    assert (covered.mean(axis=0) > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 100)).all()


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_the_test_of_no_difference_keeps_its_size():
    rng = np.random.default_rng(23)
    rejected = []
    for number in range(200):
        items, outcome = draw(400, rng, yes=np.full(3, 0.4), missing=0.1)
        fit = fit_latent_classes(items, 3, zero_class=True, n_starts=20, seed=number)
        step = three_step(fit, outcome, bootstrap=60, seed=number)
        rejected.append(
            [step.test.loc["overall", "p_value"] < 0.05, step.likelihood_ratio["p_value"] < 0.05]
        )
    # Four standard errors of a proportion of 200 at 0.05.
    assert (np.mean(rejected, axis=0) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 200)).all()
