"""Levels before and after of a few people: exact tests against every way they could fall."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import SquareTable

from datrial.models import (
    ModelUsageError,
    marginal_homogeneity,
    mcnemar_counts,
    paired_change,
    paired_transitions,
)
from datrial.models.paired import symmetry

LEVELS = ("none", "standard", "moderate", "high")


def _people(table: np.ndarray, states=LEVELS):
    pairs = [
        (states[i], states[j])
        for i, j in product(range(len(states)), repeat=2)
        for _ in range(int(table[i, j]))
    ]
    return tuple(zip(*pairs, strict=True))


def _brute(table: np.ndarray) -> np.ndarray:
    """Return the p-values of symmetry, margins and direction over every way to turn the moves."""
    moves = [
        (i, j) for i, j in product(range(4), repeat=2) for _ in range(int(table[i, j])) if i != j
    ]
    inverse = np.linalg.pinv(np.diag((table + table.T).sum(axis=1)) - table - table.T)

    def statistics(pairs):
        counts = np.zeros((4, 4))
        np.add.at(counts, tuple(np.array(pairs).T), 1)
        gap, both = np.triu(counts - counts.T, 1), counts + counts.T
        change = counts.sum(axis=0) - counts.sum(axis=1)
        return (
            (gap[both > 0] ** 2 / both[both > 0]).sum(),
            change @ inverse @ change,
            abs(sum(j - i for i, j in pairs)),
        )

    seen = np.array(statistics(moves))
    ways = [
        statistics([(j, i) if flip else (i, j) for (i, j), flip in zip(moves, flips, strict=True)])
        for flips in product((False, True), repeat=len(moves))
    ]
    return (np.array(ways) >= seen - 1e-9).mean(axis=0)


@pytest.mark.parametrize("seed", range(5))
def test_the_exact_tests_count_every_way(seed):
    rng = np.random.default_rng(seed)
    table = rng.multinomial(12, rng.dirichlet(np.ones(16))).reshape(4, 4)
    table[0, 1] += 1
    np.fill_diagonal(table, rng.integers(0, 3, 4))
    if np.triu(table, 1).sum() + np.tril(table, -1).sum() > 12:
        table[0, 1] = 0
    found = paired_transitions(*_people(table), levels=LEVELS)
    expected = _brute(table.astype(float))
    assert (found.p_symmetry, found.p_margins, found.p_value) == pytest.approx(expected, abs=1e-9)


def test_two_levels_are_mcnemars_test():
    first, last = _people(np.array([[3, 2], [9, 4]]), ("no", "yes"))
    found = paired_transitions(first, last, levels=("no", "yes"))
    test = mcnemar_counts(both=4, stopped=9, started=2, neither=3)
    for p in (found.p_value, found.p_sign, found.p_symmetry, found.p_margins):
        assert p == pytest.approx(test.p_exact)
    assert found.symmetry_statistic == pytest.approx(test.statistic)


def test_the_direction_is_the_sign_flip_test_of_the_levels_as_numbers():
    rng = np.random.default_rng(4)
    first, last = rng.integers(0, 4, 16), rng.integers(0, 3, 16)
    found = paired_transitions(first, last, levels=range(4))
    assert found.p_value == pytest.approx(paired_change(first, last).p_value)


def test_the_large_sample_tests_agree_with_statsmodels_and_ours():
    table = np.array([[20, 10, 5], [3, 30, 15], [4, 8, 40]])
    found = paired_transitions(*_people(table, "abc"), levels="abc")
    peer = SquareTable(table, shift_zeros=False).symmetry()
    assert found.symmetry_statistic == pytest.approx(peer.statistic)
    assert found.symmetry_chi_square == pytest.approx(peer.pvalue)
    assert found.p_symmetry == pytest.approx(peer.pvalue, abs=0.01)
    assert found.p_margins == pytest.approx(marginal_homogeneity(table).p_value, abs=0.01)


def test_not_knowing_is_a_state_of_its_own():
    first = ["high", "high", "moderate", "?", "none", "?", None, "high"]
    last = ["none", "?", "none", "none", "none", "?", "none", None]
    found = paired_transitions(first, last, levels=LEVELS, unknown=["?"])
    assert (found.n, found.n_known, found.n_left_out) == (6, 3, 2)
    assert (found.fell.count, found.fell.n, found.stayed.count) == (2, 3, 1)
    assert (found.fell_of_all.count, found.fell_of_all.n) == (2, 6)
    assert found.table.loc["high", "?"] == 1
    assert list(found.table.columns) == [*LEVELS, "?"]
    assert found.unknown is not None
    cells = (found.unknown.both, found.unknown.stopped, found.unknown.started)
    assert cells == (1, 1, 1)
    assert "3 of 6 people" in found.notes[0]
    assert paired_transitions(["none"], ["high"], levels=LEVELS).unknown is None


def test_nobody_known_and_nobody_moved_are_states_and_no_crash():
    nobody = paired_transitions(["?"] * 15 + ["none"], ["?"] * 16, levels=LEVELS, unknown=["?"])
    assert (nobody.n, nobody.n_known, nobody.p_value) == (16, 0, 1)
    assert np.isnan(nobody.fell.estimate)
    still = paired_transitions(["high"] * 4, ["high"] * 4, levels=LEVELS)
    assert (still.p_value, still.p_sign, still.p_symmetry, still.p_margins) == (1, 1, 1, 1)
    assert np.isnan(still.symmetry_statistic)
    assert "Nobody whose level is known moved." in still.notes
    empty = paired_transitions([None], ["none"], levels=LEVELS, unknown=["?"])
    assert (empty.n, empty.unknown) == (0, None)


def test_few_moves_cannot_be_significant_and_that_is_said():
    found = paired_transitions(["high"] * 5, ["none"] * 5, levels=LEVELS)
    assert found.p_value == found.p_sign == 2 / 32
    assert "5 people moved" in found.notes[0]
    assert found.p_sign == binomtest(0, 5).pvalue


def test_too_many_ways_are_not_counted_and_the_chi_square_stays(monkeypatch):
    monkeypatch.setattr(symmetry, "MOST_STATES", 50)
    table = np.array([[0, 5, 4, 3], [9, 0, 6, 5], [2, 8, 0, 4], [7, 3, 9, 0]])
    found = paired_transitions(*_people(table), levels=LEVELS)
    assert (found.p_symmetry, found.p_margins) == (None, None)
    assert 0 < found.symmetry_chi_square < 1
    assert 0 < found.p_value < 1


@pytest.mark.parametrize(
    ("first", "last", "options"),
    [
        (["none"], ["none", "high"], {}),
        (["none"], ["worst"], {}),
        (["none"], ["high"], {"levels": ["none"]}),
        (["none"], ["high"], {"levels": ["none", "high", "none"]}),
        (["none"], ["high"], {"unknown": ["none"]}),
        (pd.Series(["none"]), pd.Series(["high"], index=[1]), {}),
    ],
)
def test_what_makes_no_table_is_refused(first, last, options):
    with pytest.raises(ModelUsageError) as raised:
        paired_transitions(first, last, **{"levels": LEVELS, **options})
    assert "worst" not in str(raised.value)


def test_the_exact_tests_reject_too_seldom_rather_than_too_often():
    """600 tables of 16 people without a change on the whole: at most 5% below 0.05."""
    rng, low = np.random.default_rng(3), np.zeros(4)
    shares = rng.dirichlet(np.ones(16)).reshape(4, 4)
    shares = (shares + shares.T).ravel() / 2
    for _ in range(600):
        table = rng.multinomial(16, shares).reshape(4, 4).astype(float)
        rose, fell = int(np.triu(table, 1).sum()), int(np.tril(table, -1).sum())
        sign = binomtest(rose, rose + fell).pvalue if rose + fell else 1.0
        low += [
            symmetry.exact_symmetry(table) <= 0.05,
            symmetry.exact_marginal_homogeneity(table) <= 0.05,
            symmetry.exact_direction(table) <= 0.05,
            sign <= 0.05,
        ]
    assert (low / 600 <= 0.05 + 0.018).all()
    assert low[2] > 0
