"""The linear random effects of a bounded score against its closed form and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import block_diag

from datrial.models import fit_linear_random_effects


def scores(n_people, rng, *, answered=1.0):
    """Simulate scores with a person's level, a fall over time, and visits missing at random."""
    person = np.repeat(np.arange(n_people), 3)
    time = np.tile(np.arange(3), n_people)
    site = np.repeat(rng.integers(0, 2, n_people), 3)
    level = np.repeat(rng.normal(0, 2, n_people), 3)
    # Rows vary the more, the later: errors that take it for constant are wrong.
    score = 8 - 0.7 * time + site + level + rng.normal(0, 1, len(person)) * (1 + time)
    data = pd.DataFrame({"score": score, "time": time, "site": site, "person": person})
    return data[rng.random(len(data)) < answered].reset_index(drop=True)


def test_estimates_are_generalised_least_squares_with_a_sandwich():
    # Source: the textbook's matrices (X'V^-1 X)^-1 X'V^-1 y at the fitted variances, and the
    # sandwich of the people's scores times G/(G-1); linearmodels fits by quasi-differencing.
    data = scores(60, np.random.default_rng(1), answered=0.8)
    fit = fit_linear_random_effects("score ~ time + site", data, group="person")

    x = np.column_stack([np.ones(len(data)), data["time"], data["site"]])
    y = data["score"].to_numpy()
    sizes = data.groupby("person", sort=False).size()
    blocks = [np.full((n, n), fit.sigma_effect**2) + fit.sigma_rest**2 * np.eye(n) for n in sizes]
    weight = np.linalg.inv(block_diag(*blocks))
    bread = np.linalg.inv(x.T @ weight @ x)
    b = bread @ x.T @ weight @ y
    rows = weight @ (y - x @ b)
    totals = np.array(
        [x[at].T @ rows[at] for at in data.groupby("person", sort=False).indices.values()]
    )
    g = len(sizes)
    covariance = g / (g - 1) * bread @ (totals.T @ totals) @ bread

    np.testing.assert_allclose(fit.params, b, atol=1e-9)
    np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-8)
    assert (fit.nobs, fit.n_groups) == (len(data), g)
    assert f"G/(G-1) = {g / (g - 1):.6f}" in fit.covariance_note
    table = fit.differences()
    assert list(table.index) == ["time", "site"]
    assert table.loc["time", "ci_high"] - table.loc["time", "difference"] == pytest.approx(
        1.959964 * np.sqrt(covariance[1, 1]), rel=1e-6
    )


def coverage(samples, people, seed):
    rng = np.random.default_rng(seed)
    held = []
    for _ in range(samples):
        data = scores(people, rng, answered=0.8)
        table = fit_linear_random_effects("score ~ time + site", data, group="person").differences()
        held.append(
            [
                table.ci_low[n] < truth < table.ci_high[n]
                for n, truth in (("time", -0.7), ("site", 1))
            ]
        )
    return np.mean(held, axis=0)


def test_intervals_cover_simulated_truth():
    # 60 samples: standard error of a coverage .028; three of them.
    np.testing.assert_allclose(coverage(60, 80, seed=2), 0.95, atol=0.085)


@pytest.mark.long
def test_intervals_cover_simulated_truth_in_many_samples():
    np.testing.assert_allclose(coverage(2000, 150, seed=3), 0.95, atol=0.02)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.assign(person=range(len(d))), "more rows than groups"),
        (lambda d: d.assign(person=1), "at least two"),
        (lambda d: d.assign(score="high"), "must be a number"),
        (lambda d: d.assign(score=4.0), "does not vary"),
    ],
)
def test_what_cannot_be_fitted_says_why(change, message):
    data = change(scores(20, np.random.default_rng(4)))
    with pytest.raises(ValueError, match=message):
        fit_linear_random_effects("score ~ time", data, group="person")


def test_missing_answers_are_left_out_and_counted():
    data = scores(20, np.random.default_rng(5))
    data.loc[[0, 5], "score"] = np.nan
    fit = fit_linear_random_effects("score ~ time", data, group="person")
    assert (fit.nobs, fit.n_left_out) == (58, 2)
