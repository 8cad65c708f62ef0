"""Count models against published estimates, statsmodels, identities and simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.integrate import quad
from scipy.special import gammaln
from scipy.stats import chi2

from datrial.models import fit_random_effects_poisson, fit_rate
from datrial.models.counts.likelihood import CountData, GroupedCounts
from datrial.models.counts.random_effects import NormalEffect, gamma_effect
from datrial.models.newton import maximise

# McCullagh and Nelder (1989), Generalized Linear Models, 2nd ed., table 6.2: wave damage to
# cargo ships. Ship type, period of construction, period of operation, months of service,
# damage incidents; the six rows without service are left out.
SHIPS = pd.DataFrame(
    [
        ("A", "60-64", "60-74", 127, 0), ("A", "60-64", "75-79", 63, 0),
        ("A", "65-69", "60-74", 1095, 3), ("A", "65-69", "75-79", 1095, 4),
        ("A", "70-74", "60-74", 1512, 6), ("A", "70-74", "75-79", 3353, 18),
        ("A", "75-79", "75-79", 2244, 11),
        ("B", "60-64", "60-74", 44882, 39), ("B", "60-64", "75-79", 17176, 29),
        ("B", "65-69", "60-74", 28609, 58), ("B", "65-69", "75-79", 20370, 53),
        ("B", "70-74", "60-74", 7064, 12), ("B", "70-74", "75-79", 13099, 44),
        ("B", "75-79", "75-79", 7117, 18),
        ("C", "60-64", "60-74", 1179, 1), ("C", "60-64", "75-79", 552, 1),
        ("C", "65-69", "60-74", 781, 0), ("C", "65-69", "75-79", 676, 1),
        ("C", "70-74", "60-74", 783, 6), ("C", "70-74", "75-79", 1948, 2),
        ("C", "75-79", "75-79", 274, 1),
        ("D", "60-64", "60-74", 251, 0), ("D", "60-64", "75-79", 105, 0),
        ("D", "65-69", "60-74", 288, 0), ("D", "65-69", "75-79", 192, 0),
        ("D", "70-74", "60-74", 349, 2), ("D", "70-74", "75-79", 1208, 11),
        ("D", "75-79", "75-79", 2051, 4),
        ("E", "60-64", "60-74", 45, 0),
        ("E", "65-69", "60-74", 789, 7), ("E", "65-69", "75-79", 437, 7),
        ("E", "70-74", "60-74", 1157, 5), ("E", "70-74", "75-79", 2161, 12),
        ("E", "75-79", "75-79", 542, 1),
    ],
    columns=["ship", "built", "operated", "service", "accident"],
)  # fmt: skip
SHIP_FORMULA = "accident ~ operated + built"


def draw(n_people, rng, *, alpha=0.4, times=3, effect="gamma"):
    """Simulate repeated counts of people with a shared random effect and unequal exposure."""
    person = np.repeat(np.arange(n_people), times)
    time = np.tile(np.arange(times), n_people)
    site = np.repeat(rng.integers(0, 3, n_people), times)
    if effect == "gamma":
        shared = rng.gamma(1 / alpha, alpha, n_people) if alpha else np.ones(n_people)
    else:
        shared = np.exp(rng.normal(0, np.sqrt(alpha), n_people))
    exposure = rng.uniform(0.5, 2.0, len(person))
    mean = exposure * np.exp(0.8 - 0.1 * time + 0.2 * (site == 1)) * shared[person]
    return pd.DataFrame(
        {
            "score": rng.poisson(mean),
            "time": time,
            "site": pd.Categorical.from_codes(site, ["one", "two", "three"]),
            "years": exposure,
            "person": person,
        }
    )


FORMULA = "score ~ time + site"


def test_ship_damage_gamma_effect_as_published():
    # Source: Stata manual, xtpoisson, example `xtpoisson accident op_75_79 co_65_69 co_70_74
    # co_75_79, re exposure(service) irr` on these data. Tolerance: the last printed digit.
    fit = fit_random_effects_poisson(SHIP_FORMULA, SHIPS, group="ship", exposure="service")

    ratios = fit.rate_ratios()["rate_ratio"]
    assert ratios["operated[T.75-79]"] == pytest.approx(1.466305, abs=1e-6)
    assert ratios["built[T.65-69]"] == pytest.approx(2.032543, abs=1e-6)
    assert ratios["built[T.70-74]"] == pytest.approx(2.356853, abs=1e-6)
    assert ratios["built[T.75-79]"] == pytest.approx(1.641913, abs=1e-6)
    assert fit.alpha == pytest.approx(0.0936298, abs=1e-7)
    assert fit.llf == pytest.approx(-74.811217, abs=1e-6)
    assert (fit.nobs, fit.n_groups, fit.converged) == (34, 5, True)


def integrated_log_likelihood(fit, data, density):
    """Integrate the random effect out numerically, group by group, at the fit's estimates."""
    x = fit.design.matrix
    mean = np.exp(x @ fit.params.to_numpy()) * data["service"].to_numpy()
    total = 0.0
    for ship in data["ship"].unique():
        rows = (data["ship"] == ship).to_numpy()
        y, m = data["accident"].to_numpy()[rows], mean[rows]
        constant = (y * np.log(m) - gammaln(y + 1)).sum()
        peak = max(y.sum() * u - m.sum() * np.exp(u) + density(u) for u in np.linspace(-5, 5, 2001))

        def integrand(u, y=y, m=m, peak=peak):
            return np.exp(y.sum() * u - m.sum() * np.exp(u) + density(u) - peak)

        area = quad(
            integrand, -8, 8, epsabs=0, epsrel=1e-10, limit=500, points=np.linspace(-2, 2, 9)
        )[0]
        total += constant + np.log(area) + peak
    return total


def test_log_likelihood_is_the_integral_over_the_random_effect():
    # Source: numerical integration by scipy's quad (relative 1e-10), for both effects.
    # Tolerance for the normal effect: 25 nodes are good to 1e-11 a group here.
    gamma = fit_random_effects_poisson(SHIP_FORMULA, SHIPS, group="ship", exposure="service")
    theta = 1 / gamma.alpha

    def log_gamma_density(u):  # of u = ln v, v gamma with mean 1
        return theta * np.log(theta) - gammaln(theta) + theta * u - theta * np.exp(u)

    assert gamma.llf == pytest.approx(
        integrated_log_likelihood(gamma, SHIPS, log_gamma_density), abs=1e-7
    )
    normal = fit_random_effects_poisson(
        SHIP_FORMULA, SHIPS, group="ship", exposure="service", effect="normal"
    )

    def log_normal_density(u):
        return -(u**2) / (2 * normal.sigma**2) - np.log(normal.sigma * np.sqrt(2 * np.pi))

    assert normal.llf == pytest.approx(
        integrated_log_likelihood(normal, SHIPS, log_normal_density), abs=1e-7
    )


@pytest.mark.parametrize("kernel", [gamma_effect, NormalEffect()])
@pytest.mark.parametrize("log_dispersion", [-9.0, -1.0, 0.0])
def test_gradient_and_hessian_are_the_derivatives(kernel, log_dispersion):
    # Source: central differences, step 1e-5: rounding about 1e-16 * |LL| / 1e-5 = 1e-8, and
    # curvature of third order 1e-10 times its size.
    data = draw(40, np.random.default_rng(1))
    x = np.column_stack([np.ones(len(data)), data["time"]])
    counts = CountData(data["score"].to_numpy(float), x, np.log(data["years"].to_numpy()))
    model = GroupedCounts(counts, data["person"].to_numpy(), 40, kernel)
    params = np.array([0.6, -0.2, log_dispersion])
    _, gradient, hessian = model.value_gradient_hessian(params)

    for a in range(3):
        e = np.zeros(3)
        e[a] = 1e-5
        up, down = (model.value_gradient_hessian(params + s * e) for s in (1, -1))
        assert (up[0] - down[0]) / 2e-5 == pytest.approx(gradient[a], rel=1e-5, abs=1e-5)
        np.testing.assert_allclose((up[1] - down[1]) / 2e-5, hessian[a], rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(model.row_scores(params).sum(axis=0), gradient, atol=1e-9)


def test_one_row_per_person_is_the_negative_binomial():
    # Identity, and statsmodels NegativeBinomial (NB2) as an independent program.
    data = draw(600, np.random.default_rng(2), times=1)
    x = pd.get_dummies(data["site"], drop_first=True, dtype=float).assign(const=1.0)
    peer = sm.NegativeBinomial(data["score"], x, exposure=data["years"]).fit(
        disp=0, maxiter=500, method="newton"
    )

    grouped = fit_random_effects_poisson("score ~ site", data, group="person", exposure="years")
    rate = fit_rate("score ~ site", data, exposure="years", family="negative_binomial")

    for fit in (grouped, rate):
        assert fit.llf == pytest.approx(peer.llf, abs=1e-6)
        assert fit.alpha == pytest.approx(peer.params["alpha"], abs=1e-5)
        assert fit.params["site[T.two]"] == pytest.approx(peer.params["two"], abs=1e-5)
        assert fit.aic == pytest.approx(peer.aic, abs=1e-5)
    assert grouped.bse["site[T.two]"] == pytest.approx(peer.bse["two"], rel=1e-4)
    assert grouped.alpha_bse == pytest.approx(peer.bse["alpha"], rel=1e-3)


@pytest.mark.parametrize("effect", ["gamma", "normal"])
def test_a_vanishing_effect_is_poisson(effect):
    # Identity: underdispersed data put the estimate on the boundary, where the model is the
    # Poisson regression of statsmodels.
    data = draw(200, np.random.default_rng(3), alpha=0.0)
    data["score"] = np.where(data["time"] == 1, 3, 2)
    peer = sm.GLM(
        data["score"], sm.add_constant(data["time"]), family=sm.families.Poisson(),
        exposure=data["years"],
    ).fit()  # fmt: skip

    fit = fit_random_effects_poisson(
        "score ~ time", data, group="person", exposure="years", effect=effect
    )

    assert fit.llf == pytest.approx(peer.llf, abs=1e-8)
    assert fit.params["time"] == pytest.approx(peer.params["time"], abs=1e-8)
    assert fit.bse["time"] == pytest.approx(peer.bse["time"], rel=1e-6)
    assert (fit.alpha if effect == "gamma" else fit.sigma) == 0
    assert (fit.boundary_test.statistic, fit.boundary_test.p_value) == (0.0, 1.0)
    assert any("estimated as 0" in note for note in fit.notes)
    assert np.isfinite(fit.average_predictions("time")).all().all()


@pytest.mark.parametrize("kernel", [gamma_effect, NormalEffect()])
def test_likelihood_goes_to_poisson_without_a_jump(kernel):
    # Identity: at a dispersion of e^-30 the gain over Poisson is below 1e-8; a difference of
    # log-gamma functions would have lost all digits there.
    data = draw(100, np.random.default_rng(4))
    x = np.ones((len(data), 1))
    counts = CountData(data["score"].to_numpy(float), x, np.zeros(len(data)))
    model = GroupedCounts(counts, data["person"].to_numpy(), 100, kernel)

    value = model.value_gradient_hessian(np.array([0.7, -30.0]))[0]

    assert value == pytest.approx(counts.poisson(np.array([0.7]))[0], abs=1e-8)


@pytest.mark.parametrize("effect", ["gamma", "normal"])
def test_rescaling_exposure_moves_only_the_intercept(effect):
    data = draw(150, np.random.default_rng(5))
    years = fit_random_effects_poisson(
        FORMULA, data, group="person", exposure="years", effect=effect
    )
    months = fit_random_effects_poisson(
        FORMULA, data, group="person", exposure=12 * data["years"], effect=effect
    )

    difference = years.params - months.params
    assert difference["Intercept"] == pytest.approx(np.log(12), abs=1e-7)
    np.testing.assert_allclose(difference.drop("Intercept"), 0, atol=1e-7)
    assert months.llf == pytest.approx(years.llf, abs=1e-7)
    pd.testing.assert_frame_equal(
        months.average_predictions("site"), years.average_predictions("site"), rtol=1e-6
    )


def test_boundary_test_is_half_a_chi_squared():
    # Source: Self and Liang (1987); scipy's chi-squared tail.
    fit = fit_random_effects_poisson(SHIP_FORMULA, SHIPS, group="ship", exposure="service")

    statistic = 2 * (fit.llf - fit.poisson_llf)

    assert fit.boundary_test.statistic == pytest.approx(statistic, abs=1e-9)
    assert fit.boundary_test.p_value == pytest.approx(chi2.sf(statistic, 1) / 2, rel=1e-9)


def coverage(effect, samples, n_people, seed):
    """Return the share of samples whose intervals hold the truth: time, site, dispersion."""
    rng = np.random.default_rng(seed)
    held = np.zeros((samples, 3), dtype=bool)
    for i in range(samples):
        fit = fit_random_effects_poisson(
            FORMULA, draw(n_people, rng, effect=effect), group="person", exposure="years",
            effect=effect,
        )  # fmt: skip
        limits = fit.conf_int()
        for column, (name, truth) in enumerate([("time", -0.1), ("site[T.two]", 0.2)]):
            held[i, column] = limits.loc[name, "ci_low"] < truth < limits.loc[name, "ci_high"]
        low, high = fit.dispersion_interval()
        held[i, 2] = low < (0.4 if effect == "gamma" else np.sqrt(0.4)) < high
    return held.mean(axis=0)


@pytest.mark.parametrize("effect", ["gamma", "normal"])
def test_intervals_cover_simulated_truth(effect):
    # Source: simulation, 150 samples of 200 people. Standard error of a coverage of .95:
    # .018; tolerance three of them.
    np.testing.assert_allclose(coverage(effect, 150, 200, seed=6), 0.95, atol=0.054)


@pytest.mark.long
@pytest.mark.parametrize("effect", ["gamma", "normal"])
def test_intervals_cover_simulated_truth_in_many_samples(effect):
    # The same with 3,000 samples of 300: standard error .004; tolerance three and .005 for
    # Wald intervals of a dispersion.
    np.testing.assert_allclose(coverage(effect, 3000, 300, seed=7), 0.95, atol=0.017)


@pytest.mark.parametrize("effect", ["gamma", "normal"])
def test_recovers_a_large_sample(effect):
    # Source: simulation, 20,000 people. Tolerance: four standard errors.
    data = draw(20_000, np.random.default_rng(8), effect=effect)

    fit = fit_random_effects_poisson(FORMULA, data, group="person", exposure="years", effect=effect)

    truth = pd.Series([0.8, -0.1, 0.2, 0.0], index=fit.params.index)
    assert ((fit.params - truth) / fit.bse).abs().max() < 4
    if effect == "gamma":
        assert abs(fit.alpha - 0.4) < 4 * fit.alpha_bse
    else:
        assert abs(fit.sigma - np.sqrt(0.4)) < 4 * fit.sigma_bse


@pytest.mark.parametrize("effect", ["gamma", "normal"])
def test_average_predictions_are_population_means(effect):
    # Source: simulation, 20,000 people: the predicted mean count of each time, with the
    # random effect averaged over, is the observed mean. Tolerance: its delta-method error
    # is about 1%; 4%.
    data = draw(20_000, np.random.default_rng(9), effect=effect)
    fit = fit_random_effects_poisson(
        "score ~ C(time)", data, group="person", exposure="years", effect=effect
    )

    table = fit.average_predictions("time")

    observed = data.groupby("time")["score"].mean()
    np.testing.assert_allclose(table["mean_count"], observed, rtol=0.04)
    assert (table["ci_low"] > 0).all()
    np.testing.assert_allclose(
        table["ci_low"] * table["ci_high"], table["mean_count"] ** 2, rtol=1e-10
    )


def test_errors_of_average_predictions_are_the_delta_method_by_differences():
    data = draw(200, np.random.default_rng(10), effect="normal")
    fit = fit_random_effects_poisson(
        "score ~ time", data, group="person", exposure="years", effect="normal"
    )
    estimates = np.append(fit.params, np.log(fit.sigma))

    def average(p):
        return (data["years"] * np.exp(p[0] + 2 * p[1] + np.exp(2 * p[2]) / 2)).mean()

    step = 1e-6 * np.eye(3)
    slope = np.array([(average(estimates + e) - average(estimates - e)) / 2e-6 for e in step])

    row = fit.average_predictions("time").loc[2]
    assert row["mean_count"] == pytest.approx(average(estimates), rel=1e-10)
    assert row["bse"] == pytest.approx(np.sqrt(slope @ fit.full_covariance @ slope), rel=1e-6)


def test_rate_agrees_with_statsmodels_and_states_its_factor():
    # Source: statsmodels GLM with cluster errors, whose factor carries an extra (n-1)/(n-k);
    # without clusters HC0 times n/(n-1).
    data = draw(150, np.random.default_rng(11))
    x = sm.add_constant(pd.get_dummies(data["site"], drop_first=True, dtype=float))
    model = sm.GLM(data["score"], x, family=sm.families.Poisson(), exposure=data["years"])
    peer = model.fit(cov_type="cluster", cov_kwds={"groups": data["person"]})
    plain = model.fit(cov_type="HC0")
    n, k = len(data), 3

    fit = fit_rate("score ~ site", data, exposure="years", cluster="person")
    without = fit_rate("score ~ site", data, exposure="years")

    assert fit.llf == pytest.approx(peer.llf, abs=1e-8)
    np.testing.assert_allclose(fit.params, peer.params, atol=1e-8)
    np.testing.assert_allclose(fit.bse * np.sqrt((n - 1) / (n - k)), peer.bse, rtol=1e-6)
    np.testing.assert_allclose(without.bse, plain.bse * np.sqrt(n / (n - 1)), rtol=1e-6)
    assert "G/(G-1) = 1.006711" in fit.covariance_note
    assert (fit.n_clusters, without.n_clusters) == (150, None)
    ratios = fit.rate_ratios()
    assert list(ratios.columns) == ["rate_ratio", "bse", "p_value", "ci_low", "ci_high"]
    assert ratios.loc["site[T.two]", "rate_ratio"] == pytest.approx(np.exp(peer.params["two"]))
    assert "Intercept" not in ratios.index


def test_negative_binomial_cluster_errors_agree_with_statsmodels():
    # Source: statsmodels NegativeBinomial with cluster errors; the same extra factor, with
    # its dispersion among the k parameters. Tolerance 1e-3: it differentiates numerically.
    data = draw(150, np.random.default_rng(12))
    x = sm.add_constant(pd.get_dummies(data["site"], drop_first=True, dtype=float))
    peer = sm.NegativeBinomial(data["score"], x, exposure=data["years"]).fit(
        disp=0, maxiter=500, method="newton", cov_type="cluster",
        cov_kwds={"groups": data["person"]},
    )  # fmt: skip
    n = len(data)

    fit = fit_rate(
        "score ~ site", data, exposure="years", family="negative_binomial", cluster="person"
    )

    assert fit.llf == pytest.approx(peer.llf, abs=1e-6)
    extras = [np.sqrt((n - 1) / (n - k)) for k in (3, 4)]
    ratio = (peer.bse.iloc[:3].to_numpy() / fit.bse.to_numpy()).mean()
    assert min(abs(ratio - extra) for extra in extras) < 1e-3
    assert fit.n_params == 4


def test_rate_of_one_arm_is_events_over_time():
    # Identity: a saturated Poisson's rate ratio is the ratio of events per exposure, and its
    # average prediction the observed mean when exposure is the same for all.
    data = draw(100, np.random.default_rng(13)).assign(years=2.0)
    data["arm"] = (data["person"] % 2).astype(bool)
    sums = data.groupby("arm")["score"].mean()

    fit = fit_rate("score ~ arm", data, exposure="years", cluster="person")

    assert np.exp(fit.params.iloc[1]) == pytest.approx(sums[True] / sums[False], rel=1e-9)
    np.testing.assert_allclose(fit.average_predictions("arm")["mean_count"], sums, rtol=1e-9)


def test_notes_of_rates():
    data = draw(40, np.random.default_rng(14))
    data["cell"] = (data.index < 5).astype(int)
    data.loc[data["cell"] == 1, "score"] = 0

    notes = fit_rate("score ~ cell", data, cluster=data["person"] % 4).notes

    assert any("No events in the 5 rows with 'cell' present" in note for note in notes)
    assert any("Only 4 clusters" in note for note in notes)
    same = data.assign(score=np.tile([1, 2, 1], 40))
    flat = fit_rate("score ~ time", same, family="negative_binomial")
    assert flat.alpha == 0
    assert any("No overdispersion" in note for note in flat.notes)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: fit_rate("score ~ time", d, family="zip"), "poisson, negative_binomial"),
        (lambda d: fit_rate("site ~ time", d), "'site' must be a count"),
        (lambda d: fit_rate("score ~ time", d.assign(score=0)), "zero in every row"),
        (lambda d: fit_rate("score ~ time", d.assign(score=0.5)), "60 rows are not"),
        (lambda d: fit_rate("score ~ time", d, exposure="time"), "above zero; 20 rows"),
        (lambda d: fit_random_effects_poisson("score ~ time", d, group="none"), "'none'"),
        (
            lambda d: fit_random_effects_poisson("score ~ time", d.assign(g=1), group="g"),
            "at least two groups",
        ),
        (
            lambda d: fit_random_effects_poisson(
                "score ~ time", d, group="person", effect="uniform"
            ),
            "gamma, normal; 'uniform' is not available",
        ),
    ],
)
def test_models_that_cannot_be_fitted_say_why(call, message):
    with pytest.raises(ValueError, match=message):
        call(draw(20, np.random.default_rng(15)))


def test_missing_answers_are_left_out_and_counted():
    data = draw(30, np.random.default_rng(16))
    data.loc[[0, 1], "years"] = np.nan
    data["score"] = data["score"].astype("Int64")
    data.loc[7, "score"] = pd.NA

    fit = fit_random_effects_poisson(FORMULA, data, group="person", exposure="years")

    assert (fit.nobs, fit.n_left_out) == (87, 3)
    assert fit_rate(FORMULA, data, cluster="person").n_left_out == 1


def test_a_large_normal_effect_is_integrated_finely_enough():
    # Source: scipy's quad, group by group, at sigma near 3 where 25 nodes lose 1e-5 a group.
    # Tolerance: 60 groups at 81 nodes, each good to about 1e-7.
    data = draw(60, np.random.default_rng(17), alpha=8.0, effect="normal")
    fit = fit_random_effects_poisson("score ~ time", data, group="person", effect="normal")
    assert fit.sigma > 2

    def density(u):
        return -(u**2) / (2 * fit.sigma**2) - np.log(fit.sigma * np.sqrt(2 * np.pi))

    expected = 0.0
    for _, rows in data.groupby("person"):
        mean = np.exp(fit.params["Intercept"] + fit.params["time"] * rows["time"].to_numpy())
        y = rows["score"].to_numpy()
        grid = np.linspace(-25, 15, 4001)
        log_mass = y.sum() * grid - mean.sum() * np.exp(grid) + density(grid)
        peak, centre = log_mass.max(), grid[log_mass.argmax()]

        def integrand(u, y=y, mean=mean, peak=peak):
            return np.exp(y.sum() * u - mean.sum() * np.exp(u) + density(u) - peak)

        area = sum(
            quad(integrand, a, b, epsabs=0, epsrel=1e-10, limit=500)[0]
            for a, b in [(centre - 25, centre), (centre, centre + 12)]
        )
        expected += peak + np.log(area) + (y * np.log(mean) - gammaln(y + 1)).sum()
    assert fit.converged
    assert fit.llf == pytest.approx(expected, abs=1e-5)


def test_line_search_ends_at_the_rounding_of_large_sums():
    # A log-likelihood near -1e7 carries noise of 1e-8, in which a plain step-halving would
    # hunt for ever. Here: noise of that size on a quadratic, and a count of evaluations.
    rng = np.random.default_rng(18)
    calls = 0

    def objective(point):
        nonlocal calls
        calls += 1
        value = -1e7 - 5e5 * float((point - 1) @ (point - 1)) + rng.normal(0, 1e-7)
        gradient = -1e6 * (point - 1) + rng.normal(0, 1e-4, 2)
        return value, gradient, -1e6 * np.eye(2)

    top = maximise(objective, np.array([5.0, -3.0]))

    assert top.converged
    assert calls < 8
    np.testing.assert_allclose(top.point, 1, atol=1e-8)
