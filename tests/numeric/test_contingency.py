"""Tests of independence against published p-values, scipy, brute force and simulated truth."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import (
    MonteCarloMethod,
    binom,
    chi2_contingency,
    fisher_exact,
    multivariate_hypergeom,
)

from datrial.models import ModelDataError, ModelUsageError, independence_test
from datrial.models.contingency import exact_p_value

#: Engagement of 11 people with other addictions and 474 without, as the report's Tables 5
#: and 6 imply it; and of 52 and 413 people by physical health.
OTHER_ADDICTIONS = [[3, 2, 3, 3], [120, 31, 62, 261]]
PHYSICAL_HEALTH = [[32, 7, 8, 5], [90, 25, 55, 243]]


def brute_force(table: list[list[int]]) -> float:
    """Return the Freeman-Halton p-value by trying every table with these margins."""
    columns = np.sum(table, axis=0)
    size = sum(table[0])
    rows = [
        row for row in product(*(range(int(total) + 1) for total in columns)) if sum(row) == size
    ]
    law = multivariate_hypergeom(columns, size)
    chances = np.array([law.pmf(row) for row in rows])
    assert chances.sum() == pytest.approx(1)
    observed = law.pmf(table[0])
    return float(chances[chances <= observed * (1 + 1e-7)].sum())


def test_fishers_tea_tasting() -> None:
    """Agresti (2002), Categorical Data Analysis, 3.5.2: two-sided P = .486 (R: 0.4857)."""
    found = independence_test([[3, 1], [1, 3]])
    assert found.method == "exact"
    assert found.p_value == pytest.approx(0.4857, abs=5e-5)


@pytest.mark.parametrize(
    "table",
    [
        [[3, 1], [1, 3]],
        [[2, 3, 6, 4], [4, 1, 0, 5]],
        [[0, 4, 2], [5, 1, 1]],
        [[1, 0, 0, 3, 2], [2, 2, 5, 0, 1]],
    ],
)
def test_exact_p_values_are_those_of_every_table_tried(table: list[list[int]]) -> None:
    """Exact in both; sums of a few hundred terms differ by rounding."""
    assert independence_test(table).method == "exact"
    assert independence_test(table).p_value == pytest.approx(brute_force(table), rel=1e-9)


def test_two_by_two_is_fishers_exact_test() -> None:
    """scipy's fisher_exact, all small tables with these margins; rounding only."""
    for first, second in product(range(6), range(1, 8)):
        table = np.array([[first, second], [7, 3]])
        if table.sum(axis=0).min() > 0:
            assert exact_p_value(table) == pytest.approx(fisher_exact(table).pvalue, rel=1e-9)


@pytest.mark.parametrize("table", [OTHER_ADDICTIONS, [[4, 3, 9, 2], [20, 9, 14, 30]]])
def test_exact_p_values_agree_with_random_tables(table: list[list[int]]) -> None:
    """scipy draws 20,000 tables; tolerance: four standard errors of such a share."""
    drawn = MonteCarloMethod(n_resamples=20_000, rng=np.random.default_rng(5))
    p = exact_p_value(np.array(table))
    assert p is not None
    error = 4 * np.sqrt(p * (1 - p) / 20_000)
    assert p == pytest.approx(fisher_exact(table, method=drawn).pvalue, abs=error)


def test_the_chi_square_is_pearsons() -> None:
    """scipy's chi2_contingency without correction; rounding only."""
    table = [[51, 13, 32, 31], [72, 20, 33, 220]]
    found = independence_test(table)
    expected = chi2_contingency(table, correction=False)
    assert found.method == "chi_square"
    assert (found.statistic, found.p_value) == pytest.approx(
        (expected.statistic, expected.pvalue), rel=1e-10
    )
    assert (found.df, found.n) == (3, 472)
    assert found.smallest_expected == pytest.approx(expected.expected_freq.min())


def test_small_cells_are_tested_exactly_and_others_are_not() -> None:
    for table in (OTHER_ADDICTIONS, PHYSICAL_HEALTH):
        found = independence_test(table)
        assert found.method == "exact"
        assert found.smallest_expected < 5
        assert not found.is_approximate
        assert found.statistic == pytest.approx(chi2_contingency(table, correction=False)[0])


def test_too_many_tables_fall_back_on_the_chi_square_and_say_so() -> None:
    table = [[400, 900, 700, 3], [500, 800, 900, 1]]
    assert exact_p_value(np.array(table)) is None
    found = independence_test(table)
    assert found.method == "chi_square"
    assert found.is_approximate


def test_order_of_rows_and_columns_changes_nothing_and_empty_answers_are_left_out() -> None:
    table = np.array(OTHER_ADDICTIONS)
    p = independence_test(table).p_value
    with_empty = np.insert(table, 1, 0, axis=1)
    for other in (table[::-1], table[:, [2, 0, 3, 1]], with_empty):
        assert independence_test(other).p_value == pytest.approx(p, rel=1e-10)
        assert independence_test(other).df == 3


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        ([[0, 0], [3, 4]], ModelDataError, "one of the two groups is empty"),
        ([[2, 0], [3, 0]], ModelDataError, "all gave the same answer"),
        ([[1, 2]], ModelUsageError, "two rows"),
        ([[1, -2], [3, 4]], ModelUsageError, "whole numbers from 0"),
        ([[1.5, 2], [3, 4]], ModelUsageError, "whole numbers from 0"),
        ([["a", "b"], ["c", "d"]], ModelUsageError, "whole numbers from 0"),
    ],
)
def test_tables_that_cannot_be_tested(
    table: list[list[object]], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        independence_test(table)


def _share_rejected(shares: list[list[float]], people: list[int], seed: int, draws: int) -> float:
    rng = np.random.default_rng(seed)
    rejected = 0
    for _ in range(draws):
        table = [rng.multinomial(n, share) for n, share in zip(people, shares, strict=True)]
        rejected += independence_test(table).p_value <= 0.05
    return rejected / draws


def test_without_a_difference_one_in_twenty_is_found_at_most() -> None:
    """11 and 474 people who engage alike: exact tests reject 5% or fewer.

    600 draws; the bound is the 99.9% point of a binomial with the largest rate allowed.
    """
    shares = [0.26, 0.07, 0.14, 0.53]
    found = _share_rejected([shares, shares], [11, 474], seed=3, draws=600)
    assert 0.01 < found <= binom.ppf(0.999, 600, 0.05) / 600


@pytest.mark.long
@pytest.mark.parametrize("people", [[11, 474], [51, 408], [127, 345]])
def test_the_size_of_the_test_over_many_draws(people: list[int]) -> None:
    """4,000 draws. Exact: at most 5%. Chi-square: near 5%. Four standard errors (.0034)."""
    shares = [0.26, 0.07, 0.14, 0.53]
    found = _share_rejected([shares, shares], people, seed=11, draws=4000)
    assert 0.025 < found <= 0.05 + 4 * 0.0034


def test_a_difference_as_large_as_the_reports_is_found() -> None:
    """Physical health as printed: 52 and 413 people; power is nearly 1."""
    shares = [[0.615, 0.135, 0.154, 0.096], [0.218, 0.061, 0.133, 0.588]]
    assert _share_rejected(shares, [52, 413], seed=4, draws=60) == 1
