"""Robust errors of the random-effects Poisson against a direct computation and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.integrate import quad
from scipy.special import gammaln

from datrial.models import fit_random_effects_poisson, fit_rate

FORMULA = "score ~ time + site"


def bounded(n_people, rng, *, items=20, times=3):
    """Simulate scores out of 20 items: given the person they vary less than Poisson."""
    person = np.repeat(np.arange(n_people), times)
    time = np.tile(np.arange(times), n_people)
    site = np.repeat(rng.integers(0, 2, n_people), times)
    shared = np.repeat(np.exp(rng.normal(0, 0.4, n_people)), times)
    chance = np.minimum(0.35 * np.exp(-0.1 * time) * shared, 0.98)
    score = rng.binomial(items, chance)
    return pd.DataFrame({"score": score, "time": time, "site": site, "person": person})


def lumpy(n_people, rng, times=3):
    """Simulate counts that vary more than Poisson within a person."""
    data = bounded(n_people, rng, times=times)
    shared = np.repeat(rng.gamma(3, 1 / 3, n_people), times)
    mean = np.exp(1.0 - 0.1 * data["time"] + 0.2 * data["site"]) * shared
    noise = rng.gamma(1.5, 1 / 1.5, len(data))
    return data.assign(score=rng.poisson(mean * noise))


def log_gamma_group(y, mean, alpha):
    """Hausman, Hall and Griliches' log-likelihood of a group, written with log-gammas."""
    theta, total, expected = 1 / alpha, y.sum(), mean.sum()
    return (
        gammaln(theta + total)
        - gammaln(theta)
        + theta * np.log(theta)
        - (theta + total) * np.log(theta + expected)
        + (y * np.log(mean) - gammaln(y + 1)).sum()
    )


def log_normal_group(y, mean, sigma):
    """Integrate a group's likelihood over a normal effect with scipy's quad."""

    def log_mass(u):
        poisson = (y * (np.log(mean) + u) - mean * np.exp(u) - gammaln(y + 1)).sum()
        return poisson - u**2 / (2 * sigma**2) - np.log(sigma * np.sqrt(2 * np.pi))

    peak = max(log_mass(u) for u in np.linspace(-3, 3, 121))
    area = quad(lambda u: np.exp(log_mass(u) - peak), -6, 6, epsabs=0, epsrel=1e-12, limit=400)[0]
    return np.log(area) + peak


@pytest.mark.parametrize(
    ("effect", "of_group", "people"),
    [("gamma", log_gamma_group, 60), ("normal", log_normal_group, 12)],
)
def test_the_sandwich_is_the_one_of_numerical_scores(effect, of_group, people):
    # Source: scores of each person by central differences of a likelihood written otherwise
    # (log-gammas; scipy's quad). The bread is the model-based covariance, which other tests
    # check. Tolerance: differences of step 1e-4 are good to about 1e-7 of a score.
    data = lumpy(people, np.random.default_rng(1)).sample(frac=1, random_state=3)
    plain = fit_random_effects_poisson("score ~ time", data, group="person", effect=effect)
    fit = fit_random_effects_poisson(
        "score ~ time", data, group="person", effect=effect, robust=True
    )
    dispersion = fit.alpha if effect == "gamma" else fit.sigma
    point = np.array([*fit.params, np.log(dispersion)])

    def of_person(rows, p):
        mean = np.exp(p[0] + p[1] * rows["time"].to_numpy())
        return of_group(rows["score"].to_numpy(), mean, np.exp(p[2]))

    scores = np.array(
        [
            [
                (of_person(rows, point + step) - of_person(rows, point - step)) / 2e-4
                for step in 1e-4 * np.eye(3)
            ]
            for _, rows in data.groupby("person")
        ]
    )
    bread = plain.full_covariance
    expected = people / (people - 1) * bread @ (scores.T @ scores) @ bread

    np.testing.assert_allclose(fit.full_covariance, expected, rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(fit.covariance, expected[:2, :2], rtol=1e-4, atol=1e-8)
    bse = fit.alpha_bse if effect == "gamma" else fit.sigma_bse
    assert bse == pytest.approx(dispersion * np.sqrt(expected[2, 2]), rel=1e-4)
    assert f"G/(G-1) = {people / (people - 1):.6f}" in fit.covariance_note
    assert (fit.n_clusters, plain.n_clusters) == (people, None)
    pd.testing.assert_series_equal(fit.params, plain.params)
    assert any("Only 12 groups" in note for note in fit.notes) == (people == 12)


def test_one_row_a_person_has_the_robust_errors_of_the_negative_binomial():
    # Identity with fit_rate, and statsmodels' NB2 with HC0 as an independent program.
    data = lumpy(400, np.random.default_rng(2), times=1)
    grouped = fit_random_effects_poisson("score ~ site", data, group="person", robust=True)
    rate = fit_rate("score ~ site", data, family="negative_binomial", cluster="person")
    peer = sm.NegativeBinomial(data["score"], sm.add_constant(data["site"])).fit(
        disp=0, method="newton", maxiter=500, cov_type="HC0"
    )

    np.testing.assert_allclose(grouped.bse, rate.bse, rtol=1e-9)
    assert grouped.alpha_bse == pytest.approx(rate.alpha_bse, rel=1e-9)
    # statsmodels' HC0 carries no factor.
    factor = np.sqrt(400 / 399)
    assert grouped.bse["site"] == pytest.approx(peer.bse["site"] * factor, rel=1e-3)


def test_at_the_boundary_they_are_the_clustered_errors_of_poisson():
    data = bounded(150, np.random.default_rng(4))
    data["score"] = np.where(data["time"] == 1, 3, 2)

    fit = fit_random_effects_poisson("score ~ time", data, group="person", robust=True)
    rate = fit_rate("score ~ time", data, cluster="person")

    assert fit.alpha == 0 and np.isnan(fit.alpha_bse)
    np.testing.assert_allclose(fit.covariance, rate.covariance, rtol=1e-9)
    assert fit.full_covariance.shape == (2, 2)


def coverage(make, effect, samples, n_people, seed):
    """Return how often intervals hold the truth of time, robust and not, and the errors' size."""
    rng = np.random.default_rng(seed)
    held, estimates, errors = [], [], []
    for _ in range(samples):
        data = make(n_people, rng)
        fits = [
            fit_random_effects_poisson(
                "score ~ time", data, group="person", effect=effect, robust=robust
            )
            for robust in (True, False)
        ]
        limits = [fit.conf_int().loc["time"] for fit in fits]
        held.append([low < -0.1 < high for low, high in limits])
        estimates.append(fits[0].params["time"])
        errors.append([fit.bse["time"] for fit in fits])
    spread = np.std(estimates, ddof=1)
    return np.mean(held, axis=0), np.mean(errors, axis=0) / spread, np.mean(estimates)


@pytest.mark.parametrize("effect", ["gamma", "normal"])
def test_robust_intervals_cover_where_counts_vary_more_than_poisson(effect):
    # Source: simulation, 120 samples of 120 people. Standard error of a coverage of .95: .02,
    # tolerance three of them and .01 for 120 clusters; the spread's own error is 6.5%.
    held, ratio, mean = coverage(lumpy, effect, 120, 120, seed=5)

    assert held[0] == pytest.approx(0.95, abs=0.07)
    assert held[1] < 0.85  # from the information alone they are too narrow
    assert ratio[0] == pytest.approx(1, abs=0.2)
    assert mean == pytest.approx(-0.1, abs=0.02)


@pytest.mark.long
@pytest.mark.parametrize("effect", ["gamma", "normal"])
def test_robust_intervals_cover_in_many_samples(effect):
    # 3,000 samples of 200: standard error .004; three, and .005 for 200 clusters.
    held, ratio, mean = coverage(lumpy, effect, 3000, 200, seed=6)
    assert held[0] == pytest.approx(0.95, abs=0.017)
    assert ratio[0] == pytest.approx(1, abs=0.045)
    assert mean == pytest.approx(-0.1, abs=0.005)


def test_errors_of_a_bounded_score_are_too_large_from_the_information():
    # Source: simulation. A score out of 20 varies less than Poisson about the person's mean:
    # robust errors fit the spread of the estimates, the others are larger by a tenth and more.
    _, ratio, _ = coverage(bounded, "gamma", 120, 120, seed=7)
    assert ratio[0] == pytest.approx(1, abs=0.2)
    assert ratio[1] > 1.1 * ratio[0]
