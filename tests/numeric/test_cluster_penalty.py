"""Clustered errors under a penalty: the sandwich, its floor, and what covers the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit, ndtr

from datrial.models import fit_logit, fit_multinomial_logit, fit_ordered_logit
from datrial.models.sandwich import FEW_CLUSTERS
from datrial.models.sandwich_floor import carried_by, floored
from datrial.models.sparse_data import SPARSE_CELL


def alike(rng, n_people, times, share):
    """Draw logistic errors that correlate within a person (a normal copula).

    A pooled logit of latent effects plus these is true as it stands, with those effects.
    """
    own, shared = rng.normal(size=(n_people, times)), rng.normal(size=(n_people, 1))
    return logit(ndtr(np.sqrt(share) * shared + np.sqrt(1 - share) * own))


def repeated(rng, cut, n_people, seldom=False):
    """Draw three answers a person: effects between people (arm, age) and within (time, mood)."""
    arm, age = rng.integers(0, 2, n_people), rng.normal(size=n_people)
    time, mood = np.arange(3), rng.normal(size=(n_people, 3))
    eta = 0.6 * arm[:, None] + 0.5 * age[:, None] - 0.3 * time + 0.4 * mood
    latent = eta + alike(rng, n_people, 3, 0.6)
    data = pd.DataFrame(
        {
            "y": (latent > cut).astype(int).ravel(),
            "arm": np.repeat(arm, 3),
            "age": np.repeat(age, 3),
            "time": np.tile(time, n_people),
            "mood": mood.ravel(),
            "person": np.repeat(np.arange(n_people), 3),
        }
    )
    # Twelve rows of four people: enough for rows, too few for people.
    return data.assign(seldom=(data["person"] < 4).astype(int)) if seldom else data


TRUTH = {"arm": 0.6, "age": 0.5, "time": -0.3, "mood": 0.4}


def trial(rng, cut):
    """Draw a trial of 457 people at two times, with an event of about 13% and then of 3%."""
    arm, after, x = np.repeat([0, 1], [353, 104]), np.arange(2), rng.normal(size=457)
    eta = -1.5 * after + 0.2 * arm[:, None] - 0.4 * after * arm[:, None] + 0.4 * x[:, None]
    return pd.DataFrame(
        {
            "y": (eta + alike(rng, 457, 2, 0.5) > cut).astype(int).ravel(),
            "time": np.tile(after, 457),
            "arm": np.repeat(arm, 2),
            "x": np.repeat(x, 2),
            "person": np.repeat(np.arange(457), 2),
        }
    )


def small(seed=1, n_people=60):
    """Draw a common outcome and a cell that few people stand in."""
    data = repeated(np.random.default_rng(seed), 0.0, n_people, seldom=True)
    return data.assign(level=np.random.default_rng(seed + 1).integers(0, 2, len(data)) + data["y"])


def sandwich(fit, bread, people):
    """Return G/(G-1) bread (sum of squared totals of scores by person) bread, row by row."""
    matrix, p = fit.design.matrix, expit(fit.design.matrix @ fit.params.to_numpy())
    scores = matrix * ((fit.design.outcome == fit.levels[1]).to_numpy() - p)[:, None]
    totals = np.array([scores[(people == who).to_numpy()].sum(axis=0) for who in people.unique()])
    n = people.nunique()
    return n / (n - 1) * bread @ (totals.T @ totals) @ bread


@pytest.mark.parametrize("penalty", ["firth", "log_f"])
def test_the_covariance_is_the_sandwich_around_the_penalised_estimates(penalty):
    # Written out here row by row. Bread: the covariance of the fit without clusters.
    data = small()
    formula = "y ~ arm + age + mood + seldom"
    fit = fit_logit(formula, data, cluster="person", penalty=penalty)
    alone = fit_logit(formula, data, penalty=penalty)
    bread = alone.cov_params().to_numpy()
    robust = sandwich(fit, bread, data["person"])
    wanted = robust.copy()
    wanted[-1, -1] = max(robust[-1, -1], bread[-1, -1])

    np.testing.assert_allclose(fit.params, alone.params)
    np.testing.assert_allclose(fit.cov_params(), wanted, rtol=1e-9, atol=1e-14)
    assert "For 'seldom', which few clusters carry" in fit.covariance_note
    assert f"penalised {'estimates' if penalty == 'firth' else 'information'}" in (
        fit.covariance_note
    )
    assert np.linalg.eigvalsh(fit.cov_params())[0] > 0
    assert alone.n_clusters is None
    assert alone.covariance_note.startswith("Model-based")


def test_the_logit_and_the_ordered_logit_of_two_levels_agree_under_the_penalty():
    # Identity: with log-F on the same columns they are one model, cut1 = -Intercept.
    for seed in range(1, 6):
        data = small(seed)
        formula = "y ~ arm + age + mood + seldom"
        one = fit_logit(formula, data, cluster="person", penalty="log_f")
        other = fit_ordered_logit(formula, data, cluster="person", penalty="log_f")
        names = ["arm", "age", "mood", "seldom"]
        np.testing.assert_allclose(one.params[names], other.params[names], rtol=1e-6)
        np.testing.assert_allclose(one.bse[names], other.bse[names], rtol=1e-6)
        assert other.bse["cut1"] == pytest.approx(one.bse["Intercept"], rel=1e-6)
        for fit in (one, other):
            assert "For 'seldom', which few clusters carry" in fit.covariance_note


def test_a_rare_outcome_floors_every_parameter():
    # Eight people have the event: fewer than 20 on one side of it.
    data = small(3)
    data["y"] = (data["person"].isin(range(10, 18)) & (data["time"] == 0)).astype(int)
    for fit, peer in (
        (fit_logit, {"penalty": "firth"}),
        (fit_ordered_logit, {"penalty": "log_f"}),
    ):
        clustered = fit("y ~ arm + age", data, cluster="person", **peer)
        alone = fit("y ~ arm + age", data, **peer)
        assert "For all parameters, which few clusters carry" in clustered.covariance_note
        assert (clustered.bse >= alone.bse * (1 - 1e-12)).all()


def test_an_ordered_effect_rests_on_few_only_if_every_cut_does():
    rng = np.random.default_rng(4)
    data = repeated(rng, 0.0, 90)
    data["level"] = data["y"] + 0
    high = data.index[(data["y"] == 1) & (data["person"] < 60)][:9]
    data.loc[high, "level"] = 2
    fit = fit_ordered_logit("level ~ arm + age", data, cluster="person", penalty="log_f")
    assert "For 'cut2', which" in fit.covariance_note


def test_a_multinomial_logit_floors_the_equation_that_few_carry():
    data = small(5)
    data.loc[data["level"] == 2, "level"] = 1
    data.loc[data.index[data["y"] == 1][:6], "level"] = 2
    clustered = fit_multinomial_logit("level ~ arm + age", data, cluster="person", penalty="firth")
    alone = fit_multinomial_logit("level ~ arm + age", data, penalty="firth")
    assert "For 'Intercept at level 2', 'arm at level 2', 'age at level 2'" in (
        clustered.covariance_note
    )
    assert (clustered.bse[2] >= alone.bse[2] * (1 - 1e-12)).all()
    assert not np.allclose(clustered.bse[1], alone.bse[1])


def test_rows_of_no_weight_carry_nothing():
    # Ten more people would fill the cell, but weigh nothing.
    data = small(6).assign(w=1)
    extra = data[data["person"].between(20, 29)].assign(seldom=1, w=0, person=1_000)
    extra["person"] += np.arange(len(extra))
    fits = [
        fit("y ~ arm + seldom", frame, cluster="person", weights="w", penalty="log_f")
        for fit in (fit_logit, fit_ordered_logit)
        for frame in (data, pd.concat([data, extra], ignore_index=True))
    ]
    for plain, more in (fits[:2], fits[2:]):
        np.testing.assert_allclose(more.params, plain.params)
        assert "For 'seldom', which few" in plain.covariance_note
        assert "For 'seldom', which few" in more.covariance_note


@given(st.integers(0, 10_000), st.integers(2, 60), st.integers(1, 4))
def test_clusters_are_counted_in_every_cell(seed, n_clusters, size):
    # Source: a count cell by cell.
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(n_clusters), size)
    n = len(codes)
    matrix = np.column_stack([np.ones(n), rng.random(n) < 0.2, rng.normal(size=n)]).astype(float)
    split = rng.random(n) < 0.3
    found = carried_by(matrix, split, codes, n_clusters)
    sides = [len(set(codes[split == side])) for side in (False, True)]
    cells = [
        len(set(codes[(split == side) & (matrix[:, 1] == value)]))
        for side in (False, True)
        for value in (0, 1)
    ]
    constant = matrix[:, 1].min() == matrix[:, 1].max()
    assert found.rare == (min(sides) < FEW_CLUSTERS)
    assert list(found.sparse) == [False, not constant and min(cells) < SPARSE_CELL, False]
    assert list(found.few) == [found.rare or sparse for sparse in found.sparse]


def test_the_floor_raises_variances_only_and_hides_no_missing_number():
    robust = np.array([[1.0, 0.2, 0.1], [0.2, 4.0, 0.3], [0.1, 0.3, np.nan]])
    model = np.diag([2.0, 3.0, 1.0])
    raised = floored(robust, model, np.array([True, True, True]))
    np.testing.assert_array_equal(np.diag(raised), [2.0, 4.0, np.nan])
    np.testing.assert_array_equal(raised[0, 1:], robust[0, 1:])
    np.testing.assert_array_equal(floored(robust, model, np.zeros(3, dtype=bool)), robust)


def coverage(samples, seed, make, formula, truth):
    """Return the share of 95% intervals that hold the truth: used, model-based, bare sandwich."""
    rng, held = np.random.default_rng(seed), []
    for _ in range(samples):
        data = make(rng)
        fit = fit_logit(formula, data, cluster="person", penalty="firth")
        model, bare = both_errors(fit, data["person"].nunique())
        at = [list(fit.params.index).index(name) for name in truth]
        away = np.abs(fit.params.to_numpy()[at] - list(truth.values()))
        errors = [fit.bse.to_numpy()[at], model[at], bare[at]]
        held.append([away < 1.959964 * error for error in errors])
    used, model_based, bare_ones = np.mean(held, axis=0)
    names = list(truth)
    return (dict(zip(names, part, strict=True)) for part in (used, model_based, bare_ones))


def both_errors(fit, n):
    """Return model-based errors and those of the bare sandwich, of n people with equal rows."""
    matrix, p = fit.design.matrix, expit(fit.design.matrix @ fit.params.to_numpy())
    bread = np.linalg.inv((matrix.T * (p * (1 - p))) @ matrix)
    scores = matrix * (fit.design.outcome.to_numpy() - p)[:, None]
    totals = scores.reshape(n, -1, matrix.shape[1]).sum(axis=1)
    robust = n / (n - 1) * bread @ (totals.T @ totals) @ bread
    return np.sqrt(np.diag(bread)), np.sqrt(np.diag(robust))


def test_clustered_intervals_cover_under_firths_penalty_and_independent_ones_do_not():
    # Source: simulation, 200 samples of 60 people x 3 with a cell of four people. A coverage of
    # .95 has a standard error of .015; tolerance three of them plus .02 for 60 clusters.
    used, model, _ = coverage(
        200, 1, lambda rng: repeated(rng, 0.5, 60, seldom=True),
        "y ~ arm + age + time + mood + seldom", TRUTH,
    )  # fmt: skip
    for name in TRUTH:
        assert used[name] == pytest.approx(0.95, abs=0.066)
    assert min(model["arm"], model["age"]) < 0.9  # between people: too narrow
    assert model["time"] > 0.97  # within people: too wide


def test_where_few_events_carry_the_interaction_the_bare_sandwich_fails():
    # 120 samples of a trial with an event of 3%, then of less than 1%.
    used, _, bare = coverage(
        120, 2, lambda rng: trial(rng, 3.0), "y ~ time * arm + x", {"time:arm": -0.4}
    )
    assert used["time:arm"] > 0.95 - 3.5 * 0.02
    assert bare["time:arm"] < 0.9


@pytest.mark.long
@pytest.mark.parametrize(
    ("make", "least"),
    [
        (lambda rng: repeated(rng, 0.5, 150, seldom=True), 0.93),
        (lambda rng: repeated(rng, 2.1, 150), 0.92),
        (lambda rng: repeated(rng, 3.2, 300), 0.9),
        # About eight people with the event: no error is good; the floor keeps the worst off.
        (lambda rng: repeated(rng, 4.0, 150), 0.86),
    ],
    ids=["common", "12%", "5%", "2.5%"],
)
def test_coverage_of_effects_between_and_within_people_in_many_samples(make, least):
    # 800 samples: standard error .008. At most as far above .95 as the floor's wider error.
    data = make(np.random.default_rng(0))
    formula = "y ~ arm + age + time + mood" + (" + seldom" if "seldom" in data else "")
    used, _, bare = coverage(800, 3, make, formula, TRUTH)
    for name in TRUTH:
        assert least < used[name] < 0.99
        assert used[name] >= bare[name]


@pytest.mark.long
@pytest.mark.parametrize(("cut", "most", "near"), [(1.9, 0.985, 0.025), (3.0, 0.995, 0.04)])
def test_coverage_of_a_rare_interaction_in_many_samples(cut, most, near):
    # 800 samples: standard error .008. Conservative where the interaction rests on none to four
    # events; the other effects are as they should be, at 3% and then 1% nearly (with five to
    # eight events in a cell the sandwich stands, and is a little small).
    truth = {"time": -1.5, "arm": 0.2, "time:arm": -0.4, "x": 0.4}
    used, _, bare = coverage(800, 4, lambda rng: trial(rng, cut), "y ~ time * arm + x", truth)
    assert 0.93 < used["time:arm"] < most
    assert bare["time:arm"] < 0.92
    for name in ("time", "arm", "x"):
        assert used[name] == pytest.approx(0.95, abs=near)


def test_what_is_added_keeps_the_correlation_of_estimates_that_go_together() -> None:
    # Two cutpoints that go together almost wholly, of which the sandwich knows next to nothing.
    model_based = np.array([[1.0, 0.98, 0.1], [0.98, 1.0, 0.1], [0.1, 0.1, 1.0]])
    robust = np.diag([1e-8, 1e-8, 2.0])
    raised = floored(robust, model_based, np.array([True, True, False]))
    assert np.diag(raised) == pytest.approx([1, 1, 2])
    assert raised[0, 1] == pytest.approx(0.98, abs=1e-3)
    assert raised[0, 2] == raised[2, 1] == 0
    assert np.linalg.eigvalsh(raised).min() > 0
    # Where the sandwich is the larger it stands as it is.
    assert floored(2 * model_based, model_based, np.ones(3, bool)) == pytest.approx(2 * model_based)
