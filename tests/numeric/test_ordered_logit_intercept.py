"""Random-intercept ordered logit: published example, brute-force integrals, simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize

from datrial.models import fit_ordered_logit, fit_random_intercept_ordered_logit
from datrial.models.ordered_logit.intercept_likelihood import InterceptLikelihood
from datrial.models.ordered_logit.intercept_result import population_probabilities
from datrial.verification.published_data import wine


def test_the_published_judges_of_the_wine_are_met():
    # Source: Christensen (2015), "A Tutorial on fitting Cumulative Link Mixed Models with clmm2
    # from the ordinal Package". Laplace's approximation is one node: the log-likelihood printed
    # for it, at the estimates printed for it, is -81.56541. Those estimates are near the exact
    # ones, from which Laplace's differ by its own error (a few units of the third digit).
    data = wine()
    printed = [3.062993, 1.834883, -1.623666, 1.513364, 4.228527, 6.088766]
    laplace = InterceptLikelihood(
        data["rating"].to_numpy() - 1, data[["warm", "contact"]].to_numpy(float),
        data["judge"].to_numpy(), 5, 1,
    )  # fmt: skip

    fit = fit_random_intercept_ordered_logit("rating ~ warm + contact", data, group="judge")

    assert laplace.value_gradient_hessian(np.array([*printed, np.log(1.131133)]))[
        0
    ] == pytest.approx(-81.56541, abs=5e-6)
    np.testing.assert_allclose(fit.params, printed, atol=0.003)
    assert fit.sigma**2 == pytest.approx(1.279461, abs=0.01)
    np.testing.assert_allclose(
        fit.bse, [0.5953668, 0.5125250, 0.6823637, 0.6037641, 0.8090057, 0.9725209], atol=0.0015
    )
    assert fit.quadrature_error < 1e-8
    assert (fit.n_groups, fit.n_params, fit.nobs) == (9, 7, 72)


def draw(n_people, rng, *, sigma=1.2, cuts=(-0.5, 0.8), times=3):
    """Simulate repeated ordered outcomes with a normal intercept of each person."""
    person = np.repeat(np.arange(n_people), times)
    arm = np.repeat(rng.integers(0, 2, n_people), times)
    time = np.tile(np.arange(times), n_people)
    eta = 0.8 * arm - 0.5 * time + np.repeat(rng.normal(0, sigma, n_people), times)
    code = np.digitize(eta + rng.logistic(size=len(eta)), cuts)
    return pd.DataFrame({"level": code, "arm": arm, "time": time, "person": person})


def integrated(params, codes, matrix, group):
    """Return the log-likelihood by scipy's adaptive integration of every group."""
    k = matrix.shape[1]
    cuts, sigma = np.concatenate([[-np.inf], params[k:-1], [np.inf]]), np.exp(params[-1])
    eta, total = matrix @ params[:k], 0.0
    for g in np.unique(group):
        rows = group == g

        def integrand(u, rows=rows):
            a, b = (1 / (1 + np.exp(eta[rows] + u - cuts[codes[rows] + side])) for side in (1, 0))
            return np.prod(a - b) * np.exp(-(u**2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))

        total += np.log(quad(integrand, -12 * sigma, 12 * sigma, epsabs=0, epsrel=1e-12, limit=400,
                             points=[0.0])[0])  # fmt: skip
    return total


@pytest.mark.parametrize("sigma", [0.3, 1.5, 3.0])
@pytest.mark.parametrize("cuts", [(0.2,), (-0.5, 0.8, 2.0)])
def test_the_likelihood_is_the_integral(sigma, cuts):
    # Source: scipy.integrate.quad. Two levels are the random-intercept logit. Tolerance: what
    # 25 nodes leave of 15 people with three answers, 1e-6 up to sigma 1.5 and 2e-5 at 3.
    data = draw(15, np.random.default_rng(1), sigma=sigma, cuts=cuts)
    data.loc[[4, 7, 8], "person"] = [1, 2, 2]  # unequal numbers of rows
    codes, matrix = data["level"].to_numpy(), data[["arm", "time"]].to_numpy(float)
    group = pd.factorize(data["person"])[0]
    model = InterceptLikelihood(codes, matrix, group, len(cuts) + 1, 25)
    params = np.array([0.6, -0.4, *cuts, np.log(sigma)])

    value, gradient, hessian = model.value_gradient_hessian(params)

    tolerance = 1e-6 if sigma < 2 else 1e-5
    assert value == pytest.approx(integrated(params, codes, matrix, group), abs=tolerance)
    for a in range(model.size):
        e = np.zeros(model.size)
        e[a] = 1e-5
        up, down = (model.value_gradient_hessian(params + s * e) for s in (1, -1))
        # Moments are less exact than the integral itself: at sigma 3 to a few units of 1e-4.
        assert (up[0] - down[0]) / 2e-5 == pytest.approx(gradient[a], abs=100 * tolerance)
        np.testing.assert_allclose((up[1] - down[1]) / 2e-5, hessian[a], atol=1000 * tolerance)


def test_the_estimates_of_two_levels_are_those_of_a_search_over_the_integrals():
    # Source: the integrated likelihood above on a fixed grid of 400 points (error below 1e-9),
    # maximised by scipy without derivatives.
    data = draw(80, np.random.default_rng(2), cuts=(0.2,))
    codes, matrix = data["level"].to_numpy(), data[["arm", "time"]].to_numpy(float)
    z = np.linspace(-9, 9, 401)
    mass = np.exp(-(z**2) / 2)
    mass /= mass.sum()

    def minus(params):
        eta = (matrix @ params[:2])[:, None] + np.exp(params[3]) * z - params[2]
        p = 1 / (1 + np.exp(-np.where(codes[:, None] == 1, eta, -eta)))
        return -np.log(p.reshape(80, 3, -1).prod(axis=1) @ mass).sum()

    fit = fit_random_intercept_ordered_logit("level ~ arm + time", data, group="person")

    best = minimize(
        minus, [*fit.params, np.log(fit.sigma) + 0.1], method="Nelder-Mead",
        options={"maxiter": 4000, "xatol": 1e-7, "fatol": 1e-10},
    )  # fmt: skip
    assert fit.llf == pytest.approx(-best.fun, abs=1e-6)
    np.testing.assert_allclose([*fit.params, np.log(fit.sigma)], best.x, atol=1e-3)
    by_array = fit_random_intercept_ordered_logit(
        "level ~ arm + time", data, group=data["person"].to_numpy()
    )
    pd.testing.assert_series_equal(by_array.params, fit.params)


def test_the_order_of_the_rows_and_the_size_of_a_block_change_nothing(monkeypatch):
    data = draw(90, np.random.default_rng(3))
    fit = fit_random_intercept_ordered_logit("level ~ arm + time", data, group="person")
    monkeypatch.setattr("datrial.models.ordered_logit.intercept_likelihood.BLOCK_CELLS", 200)
    mixed = data.sample(frac=1, random_state=1)

    other = fit_random_intercept_ordered_logit("level ~ arm + time", mixed, group="person")

    assert other.llf == pytest.approx(fit.llf, abs=1e-9)
    np.testing.assert_allclose(other.params, fit.params, atol=1e-7)


def test_without_likeness_the_boundary_is_found_and_said():
    # Answers of one person that repel each other: the most likely sigma is 0.
    data = draw(120, np.random.default_rng(4), sigma=0.0, times=2)
    data.loc[1::2, "level"] = 2 - data.loc[::2, "level"].to_numpy()
    pooled = fit_ordered_logit("level ~ arm + time", data)

    fit = fit_random_intercept_ordered_logit("level ~ arm + time", data, group="person")

    assert fit.sigma == 0
    assert np.isnan(fit.sigma_bse)
    assert np.isnan(fit.sigma_interval()).all()
    assert (fit.boundary_test.statistic, fit.boundary_test.p_value) == (0.0, 1.0)
    assert fit.intraclass_correlation == 0
    assert any("sigma is estimated as 0" in note for note in fit.notes)
    pd.testing.assert_series_equal(fit.params, pooled.params)
    np.testing.assert_allclose(
        fit.average_predictions("arm"), pooled.average_predictions("arm"), atol=1e-10
    )


def test_the_boundary_test_halves_the_p_value():
    # Source: Self and Liang (1987): half of the chi-squared tail with one degree of freedom.
    from scipy.stats import chi2

    fit = fit_random_intercept_ordered_logit(
        "level ~ arm + time", draw(60, np.random.default_rng(5), sigma=0.8), group="person"
    )

    statistic = 2 * (fit.llf - fit.pooled_llf)
    assert fit.boundary_test.statistic == pytest.approx(statistic)
    assert fit.boundary_test.p_value == pytest.approx(chi2.sf(statistic, 1) / 2)
    low, high = fit.sigma_interval()
    assert 0 < low < fit.sigma < high
    assert low * high == pytest.approx(fit.sigma**2)


def test_population_probabilities_are_the_integral():
    # Source: scipy.integrate.quad at every row.
    rng = np.random.default_rng(6)
    matrix = rng.normal(size=(5, 2))
    params, sigma = np.array([0.7, -0.3, -0.4, 1.1]), 2.5

    mean, jacobian = population_probabilities(params, sigma, matrix, 3)

    def below(cut):
        return np.mean(
            [
                quad(lambda z, e=e: np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
                     / (1 + np.exp(e + sigma * z - cut)), -12, 12, epsabs=1e-12)[0]
                for e in matrix @ params[:2]
            ]
        )  # fmt: skip

    low, high = below(params[2]), below(params[3])
    np.testing.assert_allclose(mean, [low, high - low, 1 - high], atol=1e-9)
    for a in range(5):
        change = np.zeros(5)
        change[a] = 1e-6
        up, down = (
            population_probabilities(
                params + s * change[:4], sigma * np.exp(s * change[4]), matrix, 3
            )[0]
            for s in (1, -1)
        )
        np.testing.assert_allclose(jacobian[:, a], (up - down) / 2e-6, atol=1e-8)


def test_population_predictions_are_near_the_pooled_models_and_apart_from_the_persons():
    # The pooled model estimates what the population shows; a person's own effects are larger.
    data = draw(3000, np.random.default_rng(7), sigma=2.0)
    fit = fit_random_intercept_ordered_logit("level ~ arm + time", data, group="person")
    pooled = fit_ordered_logit("level ~ arm + time", data)
    shares = [table.average_predictions("arm")["probability"] for table in (fit, pooled)]
    own = fit.conditional_predictions("arm")["probability"]

    np.testing.assert_allclose(shares[0], shares[1], atol=0.01)
    assert np.abs(own - shares[0]).max() > 0.05
    assert fit.params["arm"] > 1.2 * pooled.params["arm"]
    table = fit.contrasts("arm")
    np.testing.assert_allclose(table["difference"].sum(), 0, atol=1e-12)
    assert fit.odds_ratios().loc["arm", "odds_ratio"] == pytest.approx(np.exp(fit.params["arm"]))


def recovery(samples, n_people, seed, sigma=1.2):
    """Return mean error and coverage of arm's effect, cut1 and sigma."""
    truth = np.array([0.8, -0.5, sigma])
    rng = np.random.default_rng(seed)
    error, held = np.zeros((samples, 3)), np.zeros((samples, 3), dtype=bool)
    for i in range(samples):
        fit = fit_random_intercept_ordered_logit(
            "level ~ arm + time", draw(n_people, rng, sigma=sigma), group="person", n_points=11
        )
        limits = fit.conf_int().loc[["arm", "cut1"]].to_numpy()
        limits = np.vstack([limits, fit.sigma_interval()])
        error[i] = np.array([fit.params["arm"], fit.params["cut1"], fit.sigma]) - truth
        held[i] = (limits[:, 0] < truth) & (truth < limits[:, 1])
    return error.mean(axis=0), held.mean(axis=0)


def test_effects_and_sigma_are_recovered():
    # Source: simulation, 60 samples of 200 people x 3. Standard errors of the means up to .03,
    # of coverage .028; tolerance three of each plus .02.
    error, held = recovery(60, 200, 20)

    assert error == pytest.approx(0, abs=0.11)
    assert held == pytest.approx(0.95, abs=0.1)


@pytest.mark.long
def test_effects_and_sigma_are_recovered_in_many_samples():
    # 1,000 samples of 400 people: standard errors up to .006 and .007; three of each plus .01.
    error, held = recovery(1000, 400, 30)

    assert error == pytest.approx(0, abs=0.028)
    assert held == pytest.approx(0.95, abs=0.031)


def test_what_cannot_be_fitted_says_why():
    data = draw(30, np.random.default_rng(8)).astype({"arm": float})
    with pytest.raises(ValueError, match="3 to 101 nodes"):
        fit_random_intercept_ordered_logit("level ~ arm", data, group="person", n_points=1)
    with pytest.raises(ValueError, match="at least two groups"):
        fit_random_intercept_ordered_logit("level ~ arm", data.assign(person=1), group="person")
    with pytest.raises(ValueError, match="no column 'nobody'"):
        fit_random_intercept_ordered_logit("level ~ arm", data, group="nobody")
    data.loc[3, "arm"] = np.nan
    fit = fit_random_intercept_ordered_logit("level ~ arm", data, group="person")
    assert (fit.n_left_out, fit.nobs) == (1, 89)


def test_a_sparse_level_a_huge_sigma_and_single_rows_are_said():
    rng = np.random.default_rng(9)
    same = draw(60, rng, sigma=30.0)
    alone = draw(90, rng, times=1)

    fit = fit_random_intercept_ordered_logit("level ~ time", same, group="person")
    single = fit_random_intercept_ordered_logit("level ~ arm", alone, group="person")

    assert any("sigma is huge" in note for note in fit.notes)
    assert any("Every group has one row" in note for note in single.notes)
    assert not any("penalty" in note for note in (*fit.notes, *single.notes))
