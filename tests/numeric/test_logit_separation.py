"""Separation: the linear programme against brute force, the certificate against both."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from datrial.models import fit_logit, fit_multinomial_logit
from datrial.models.logit.likelihood import LogitLikelihood
from datrial.models.logit.patterns import collapse
from datrial.models.logit.problem import LogitProblem
from datrial.models.logit.separation import comparisons, find_separation, overlap_is_certain


def likelihood(x, codes, levels=2):
    x = np.column_stack([np.ones(len(codes)), x])
    patterns = collapse(x, np.asarray(codes), np.ones(len(codes)), levels)
    return LogitLikelihood(patterns.matrix, patterns.counts)


def separated_by_search(data):
    """Decide by trying every direction that can be an edge of the cone z'd >= 0.

    An edge in q dimensions lies on q - 1 of its planes: all choices of them are tried. The cone
    of a full-rank Z is pointed, so that it is more than the origin only if it has an edge.
    """
    rows = comparisons(data)
    q = rows.shape[1]
    edges = []
    for chosen in itertools.combinations(np.unique(rows, axis=0), q - 1):
        null = np.linalg.svd(np.array(chosen))[2][-1]
        for d in (null, -null):
            met = rows @ d
            if met.min() > -1e-9 and met.max() > 1e-9:
                edges.append(d)
    return np.array(edges)


@pytest.mark.parametrize("levels", [2, 3])
@pytest.mark.parametrize("seed", range(25))
def test_the_linear_programme_agrees_with_a_search_of_all_edges(seed, levels):
    # Source: geometry, see separated_by_search. Some of the data sets are separated, some not.
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 14))
    x = rng.integers(0, 3, (n, 2 if levels == 2 else 1)).astype(float)
    codes = np.digitize(x[:, 0] + rng.normal(scale=0.8, size=n), [0.5, 1.6][: levels - 1])
    codes[:levels] = np.arange(levels)
    if np.linalg.matrix_rank(np.column_stack([np.ones(n), x])) < x.shape[1] + 1:
        x[0] += 1.0
    data = likelihood(x, codes, levels)
    edges = separated_by_search(data)
    point = LogitProblem.of(data, None).fit(data.start()).point

    found = find_separation(data, point)

    assert bool(found) == bool(len(edges))
    if len(edges):
        assert not overlap_is_certain(data, point)
        moved = np.abs(edges).max(axis=0) > 1e-9
        assert found.unbounded == tuple(np.flatnonzero(moved))
        up, down = (edges > 1e-9).any(axis=0), (edges < -1e-9).any(axis=0)
        assert found.signs == tuple((up.astype(int) - down.astype(int))[moved])
        complete = (comparisons(data) @ edges.sum(axis=0) > 1e-9).all()
        assert found.kind == ("complete" if complete else "quasi")


def test_both_answers_occur_in_the_search():
    """The test above would prove little if all its data sets were of one kind."""
    kinds = set()
    for seed in range(25):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(6, 14))
        x = rng.integers(0, 3, (n, 2)).astype(float)
        codes = np.digitize(x[:, 0] + rng.normal(scale=0.8, size=n), [0.5])
        codes[:2] = [0, 1]
        data = likelihood(x, codes)
        kinds.add(find_separation(data, data.start()).kind)
    assert kinds == {"none", "quasi", "complete"}


@pytest.mark.parametrize("seed", range(8))
def test_the_certificate_is_given_at_the_maximum_of_overlapping_data(seed):
    """Ordinary data need no linear programme; and a point far away certifies nothing."""
    rng = np.random.default_rng(seed)
    x = rng.normal([10, 1000, 0], [1, 50, 0.01], (400, 3))
    eta = (x - [10, 1000, 0]) @ [0.7, 0.01, 20]
    codes = (rng.random(400) < 1 / (1 + np.exp(-eta))).astype(int)
    data = likelihood(x, codes)
    top = LogitProblem.of(data, None).fit(data.start())

    assert overlap_is_certain(data, top.point)
    assert not overlap_is_certain(data, top.point + 1.0)
    assert not find_separation(data, data.start())  # by the linear programme alone


def test_many_rows_are_decided_by_few():
    # More rows than the solver sees at first: two that overlap stand where it does not look.
    x = np.linspace(-1, 1, 20_001)
    codes = (x > 0).astype(int)
    assert find_separation(likelihood(x, codes), np.zeros(2)).kind == "complete"
    codes[7], codes[-8] = 1, 0
    assert not find_separation(likelihood(x, codes), np.zeros(2))


def test_a_predictor_that_only_separates_together_with_another_is_named():
    # Neither x nor z separates alone; their difference does, except for rows on the line.
    x = np.array([0, 1, 2, 3, 1, 2, 3, 4, 2, 2], dtype=float)
    z = np.array([1, 2, 3, 4, 0, 1, 2, 3, 2, 2], dtype=float)
    y = np.array([0, 0, 0, 0, 1, 1, 1, 1, 0, 1])
    extra = np.array([0, 1, 0, 1, 1, 0, 1, 0, 1, 1], dtype=float)
    data = pd.DataFrame({"x": x, "z": z, "y": y, "extra": extra})

    fit = fit_logit("y ~ x + z + extra", data)

    assert fit.separation.kind == "quasi"
    assert {"x", "z"} <= set(fit.separated)
    assert any(
        "Separation (quasi)" in note and "'z' (minus infinity)" in note for note in fit.notes
    )


def test_a_level_that_one_group_never_has_separates_only_its_own_equation():
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"g": rng.integers(0, 2, 200), "y": rng.choice(list("abc"), 200)})
    data = data[~((data["g"] == 1) & (data["y"] == "c"))]

    fit = fit_multinomial_logit("y ~ g", data)
    chosen = fit_multinomial_logit("y ~ g", data, penalty="auto")

    assert fit.separated == [("c", "g")]
    assert any("'g at level c' (minus infinity)" in note for note in fit.notes)
    assert chosen.penalty == "firth"
    assert -8 < chosen.params["c", "g"] < -2
    assert chosen.params["b", "g"] == pytest.approx(fit.params["b", "g"], abs=0.05)
