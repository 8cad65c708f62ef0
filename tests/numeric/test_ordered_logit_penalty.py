"""The penalty that the model chooses: separation by linear programming, rare levels, cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from datrial.models import fit_logit, fit_ordered_logit
from datrial.models.ordered_logit.likelihood import OrderedLogitLikelihood
from datrial.models.ordered_logit.partial_likelihood import PartialLikelihood
from datrial.models.ordered_logit.separation import find_cumulative_separation

LEVELS = ["none", "standard", "moderate", "high"]


def draw(n, rng):
    """Simulate 3n rows of four levels, none of them rare."""
    arm, age = rng.integers(0, 2, 3 * n), rng.normal(35, 9, 3 * n)
    code = np.digitize(0.6 * arm + 0.03 * (age - 35) + rng.logistic(size=3 * n), [-0.5, 0.6, 1.6])
    return pd.DataFrame(
        {
            "level": pd.Categorical.from_codes(code, LEVELS, ordered=True),
            "code": code,
            "arm": arm,
            "age": age,
            "person": np.repeat(np.arange(n), 3),
        }
    )


def test_plain_data_are_not_penalised_and_it_is_said():
    data = draw(120, np.random.default_rng(1))
    plain = fit_ordered_logit("level ~ arm + age", data, cluster="person")

    fit = fit_ordered_logit("level ~ arm + age", data, cluster="person", penalty="auto")

    assert fit.penalty is None
    assert fit.notes[0].startswith("Maximum likelihood: no separation")
    pd.testing.assert_series_equal(fit.params, plain.params)
    pd.testing.assert_series_equal(fit.bse, plain.bse)
    assert plain.penalty is None


def test_a_separated_outcome_is_penalised_and_it_is_said():
    data = draw(120, np.random.default_rng(2)).assign(cell=0)
    data.loc[:14, "cell"] = 1
    data.loc[:14, "level"] = "none"

    fit = fit_ordered_logit("level ~ arm + cell", data, cluster="person", penalty="auto")
    asked = fit_ordered_logit("level ~ arm + cell", data, cluster="person", penalty="log_f")

    assert fit.penalty == asked.penalty == "log_f"
    assert "chosen because the outcome is separated (quasi)" in fit.notes[0]
    pd.testing.assert_series_equal(fit.params, asked.params)
    pd.testing.assert_series_equal(fit.bse, asked.bse)
    assert fit.n_clusters == 120


def test_an_empty_cell_that_one_cut_still_holds_is_no_separation():
    # All rows of `cell` are moderate or high: the first cuts alone are separated, the third is
    # not, and the common effect is finite. A binary logit of the first cut is separated.
    data = draw(150, np.random.default_rng(3)).assign(cell=0)
    data.loc[:23, "cell"] = 1
    data.loc[:23, "level"] = ["moderate"] * 12 + ["high"] * 12

    fit = fit_ordered_logit("level ~ arm + cell", data, penalty="auto")
    split = fit_logit("severe ~ arm + cell", data.assign(severe=data["level"].cat.codes >= 2))

    assert fit.penalty is None
    assert 1 < fit.params["cell"] < 6
    assert split.separation


def test_a_rare_level_is_penalised_and_it_is_said():
    data = draw(120, np.random.default_rng(4))
    high = data.index[data["level"] == "high"]
    data = data.drop(high[4:])

    fit = fit_ordered_logit("level ~ arm + age", data, penalty="auto")

    assert fit.penalty == "log_f"
    assert "outcome level 'high' has fewer than 10 rows" in fit.notes[0]


def test_a_sparse_predictor_is_penalised_only_if_no_cut_can_hold_it():
    data = draw(120, np.random.default_rng(5)).assign(few=0, enough=0)
    data.loc[:5, "few"] = 1
    data.loc[:19, "enough"] = 1

    sparse = fit_ordered_logit("level ~ arm + few", data, penalty="auto")
    dense = fit_ordered_logit("level ~ arm + enough", data, penalty="auto")

    assert sparse.penalty == "log_f"
    assert "at every cut fewer than 5 rows stand in a cell with 'few'" in sparse.notes[0]
    assert dense.penalty is None


def separates(codes, matrix):
    """Return whether a direction separates, by one linear programme over all rows and cuts."""
    n_levels, rows = codes.max() + 1, []
    for code, x in zip(codes, matrix, strict=True):
        for cut in range(n_levels - 1):
            cutpoint = np.eye(n_levels - 1)[cut]
            sign = 1 if code <= cut else -1
            rows.append(sign * np.concatenate([-x, cutpoint]))
    rows = np.array(rows)
    done = linprog(-rows.sum(axis=0), A_ub=-rows, b_ub=np.zeros(len(rows)), bounds=(-1, 1))
    return -done.fun > 1e-6


def test_separation_agrees_with_a_programme_over_every_row_and_cut():
    # Source: scipy's linprog over every row and every cut (not only the row's own two cuts,
    # and without a certificate); small samples of 0/1 and counted predictors, many separated.
    rng = np.random.default_rng(6)
    answers = []
    for _ in range(60):
        n = int(rng.integers(8, 30))
        matrix = np.column_stack([rng.integers(0, 2, n), rng.integers(0, 4, n)]).astype(float)
        codes = np.digitize(matrix @ [1.5, 1.0] + rng.logistic(size=n), [0.5, 2.5])
        if len(np.unique(codes)) < 3 or np.linalg.matrix_rank(np.c_[np.ones(n), matrix]) < 3:
            continue
        likelihood = PartialLikelihood(codes, matrix, np.zeros((n, 0)), np.ones(n), 3)
        start = OrderedLogitLikelihood(codes, matrix, np.ones(n), 3).start()

        found = find_cumulative_separation(likelihood, start)

        answers.append(separates(codes, matrix))
        assert bool(found) == answers[-1]
    assert 5 < sum(answers) < len(answers) - 5


def test_weights_of_zero_decide_nothing():
    # The only row that breaks the separation has no weight.
    data = draw(120, np.random.default_rng(7)).assign(cell=0, w=1)
    data.loc[:14, "cell"] = 1
    data.loc[:14, "level"] = "none"
    data.loc[0, ["level", "w"]] = ["high", 0]

    fit = fit_ordered_logit("level ~ arm + cell", data, weights="w", penalty="auto")

    assert fit.penalty == "log_f"
    assert "separated" in fit.notes[0]


def test_a_penalty_that_is_none_is_refused():
    with pytest.raises(ValueError, match="None, 'log_f' or 'auto'"):
        fit_ordered_logit("level ~ arm", draw(20, np.random.default_rng(8)), penalty="firth")


def penalised_coverage(samples, n_people, seed):
    """Return the shares of intervals that hold the truth: clustered and not, of `arm`.

    People differ, each has three rows, and a sparse nuisance column calls for the penalty.
    """
    truth = fit_ordered_logit("level ~ arm", people(60_000, np.random.default_rng(seed))).params
    rng = np.random.default_rng(seed + 1)
    held, penalised = np.zeros(2), 0
    for _ in range(samples):
        data = people(n_people, rng).assign(seldom=0)
        data.loc[:3, "seldom"] = 1
        for column, cluster in enumerate(["person", None]):
            fit = fit_ordered_logit("level ~ arm + seldom", data, cluster=cluster, penalty="auto")
            limits = fit.conf_int().loc["arm"]
            held[column] += limits["ci_low"] < truth["arm"] < limits["ci_high"]
            penalised += fit.penalty == "log_f"
    assert penalised == 2 * samples
    return held / samples


def people(n, rng):
    """Simulate three rows of each person, who share a normal effect."""
    arm = np.repeat(rng.integers(0, 2, n), 3)
    eta = 0.6 * arm + np.repeat(rng.normal(0, 1.8, n), 3)
    code = np.digitize(eta + rng.logistic(size=3 * n), [-0.5, 0.6, 1.6])
    return pd.DataFrame({"level": code, "arm": arm, "person": np.repeat(np.arange(n), 3)})


def test_clustered_intervals_cover_under_the_penalty_and_plain_ones_do_not():
    # Source: simulation, 150 samples of 150 people x 3; a coverage of .95 has a standard error
    # of .018, tolerance three of them plus .01.
    clustered, plain = penalised_coverage(150, 150, 40)

    assert clustered == pytest.approx(0.95, abs=0.064)
    assert plain < 0.9
