"""The number of classes: indices side by side, the bootstrap test, and advice in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, kstest

from datrial.models import (
    advise_number_of_classes,
    bootstrap_likelihood_ratio,
    enumerate_latent_classes,
    fit_latent_classes,
)
from datrial.models.latent_class.bootstrap import simulate_patterns

PROFILES = np.array(
    [[0.0] * 6, [0.85, 0.8, 0.9, 0.15, 0.2, 0.1], [0.2, 0.1, 0.15, 0.9, 0.75, 0.85]]
)
SIZES = np.array([0.3, 0.4, 0.3])
INDICES = [
    "n_classes", "llf", "n_params", "aic", "bic", "sabic", "entropy", "smallest_class",
    "best_start_share", "converged",
]  # fmt: skip


def draw(n, rng, *, profiles=PROFILES, sizes=SIZES, missing=0.0):
    """Simulate answers: rows x items of 0/1/NaN."""
    of_class = rng.choice(len(sizes), n, p=sizes)
    answers = (rng.random((n, profiles.shape[1])) < profiles[of_class]).astype(float)
    answers[rng.random(answers.shape) < missing] = np.nan
    return pd.DataFrame(answers, columns=[f"need_{j + 1}" for j in range(profiles.shape[1])])


def test_enumeration_finds_the_simulated_number_of_classes():
    # Source: simulation with 3 classes, well separated, n = 1500: BIC's choice is certain to
    # many digits (a difference of about 30).
    x = draw(1500, np.random.default_rng(18), missing=0.05)

    table = enumerate_latent_classes(x, range(2, 6), zero_class=True, n_starts=30)
    alone = enumerate_latent_classes(x, [4], zero_class=True, n_starts=30)

    assert list(table.columns) == INDICES
    assert table["llf"].is_monotonic_increasing
    assert int(table.loc[table["bic"].idxmin(), "n_classes"]) == 3
    pd.testing.assert_frame_equal(
        alone.reset_index(drop=True), table[table["n_classes"] == 4].reset_index(drop=True)
    )


def test_the_bootstrap_test_finds_the_simulated_number_of_classes():
    # Source: simulation with a zero class and two others. Two classes against three: the
    # statistic is about 150, no draw of the null comes near it, so p = 1/20. Three against
    # four: the null is true, and for this seed it is not rejected.
    x = draw(400, np.random.default_rng(19), missing=0.1)

    table = enumerate_latent_classes(
        x, [2, 3, 4], zero_class=True, n_starts=30, bootstrap=19, bootstrap_starts=20
    )
    alone = enumerate_latent_classes(
        x, [4], zero_class=True, n_starts=30, bootstrap=19, bootstrap_starts=20
    )

    assert list(table.columns) == [*INDICES, "blrt_statistic", "blrt_p", "blrt_note"]
    first, second, third = table.to_dict("records")
    assert np.isnan(first["blrt_p"])
    assert first["blrt_note"] == "a zero class alone is no model of people who have a yes"
    assert second["blrt_p"] == 1 / 20
    assert second["blrt_statistic"] == pytest.approx(2 * (second["llf"] - first["llf"]))
    assert third["blrt_p"] > 0.05
    assert second["blrt_note"] == third["blrt_note"] == ""
    assert "the bootstrap test prefers 3" in advise_number_of_classes(table)
    # A row and its draws do not depend on which others are asked for.
    pd.testing.assert_frame_equal(alone, table.tail(1).reset_index(drop=True))


def test_without_a_zero_class_two_classes_are_tested_against_one():
    x = draw(300, np.random.default_rng(20))

    table = enumerate_latent_classes(x, [1, 2], n_starts=10, bootstrap=19)

    assert table["blrt_note"].tolist() == ["there is no model with fewer classes than one", ""]
    assert table["blrt_p"].iloc[1] == 1 / 20


@pytest.mark.parametrize("weighted", [False, True])
def test_a_draw_has_the_people_and_the_missing_answers_of_the_data(weighted):
    # Identity, by pattern of missing answers; with weights that are no whole people the draw
    # has their sum, rounded.
    rng = np.random.default_rng(26)
    x = draw(300, rng, missing=0.2)
    weights = rng.uniform(0.5, 1.5, len(x)) if weighted else None
    fit = fit_latent_classes(x, 3, zero_class=True, weights=weights, n_starts=10)

    drawn = simulate_patterns(fit, np.random.default_rng(1))

    assert drawn.total == round(fit.patterns.total)

    def missing(p):
        keys = (p.yes + p.no > 0) @ 2.0 ** np.arange(6)
        return pd.Series(p.counts).groupby(keys).sum()

    if weighted:
        assert set(missing(drawn).index) <= set(missing(fit.patterns).index)
    else:
        pd.testing.assert_series_equal(missing(drawn), missing(fit.patterns))


def test_draws_follow_the_fitted_model():
    # Source: the fit itself. 40 draws of 500 people: shares of yes within four standard
    # errors of sum_k size_k p_kj.
    fit = fit_latent_classes(draw(500, np.random.default_rng(27)), 3, zero_class=True, n_starts=10)
    expected = fit.class_sizes.to_numpy() @ fit.item_probabilities.to_numpy()

    tables = [simulate_patterns(fit, np.random.default_rng([2, b])) for b in range(40)]
    shares = sum(t.counts @ t.yes for t in tables) / sum(t.total for t in tables)

    error = np.sqrt(expected * (1 - expected) / 20_000)
    assert (np.abs(shares - expected) < 4 * error).all()


def test_same_seed_same_p_value_and_more_draws_keep_the_first():
    x = draw(150, np.random.default_rng(28))
    two, three = (fit_latent_classes(x, k, zero_class=True, n_starts=10) for k in (2, 3))

    few = bootstrap_likelihood_ratio(two, three, draws=3, n_starts=10, seed=4)
    more = bootstrap_likelihood_ratio(two, three, draws=5, n_starts=10, seed=4)

    np.testing.assert_array_equal(more.draws[:3], few.draws)
    assert few.p_value == (1 + (few.draws >= few.statistic).sum()) / 4
    assert (more.draws >= 0).all()


def null_p_values(data_sets, draws, n, seed, n_starts=60):
    """Return p-values of 2 against 3 classes where 2 (one of them zero) are true."""
    rng = np.random.default_rng(seed)
    profiles = np.array([[0.0] * 5, [0.7, 0.6, 0.5, 0.6, 0.7]])
    p_values = []
    for _ in range(data_sets):
        x = draw(n, rng, profiles=profiles, sizes=[0.35, 0.65], missing=0.1)
        fits = [fit_latent_classes(x, k, zero_class=True, n_starts=60, seed=rng) for k in (2, 3)]
        test = bootstrap_likelihood_ratio(*fits, draws=draws, n_starts=n_starts, seed=rng)
        p_values.append(test.p_value)
    return np.array(p_values)


def test_null_size_of_the_bootstrap_test():
    # Source: simulation; 12 data sets of 120 people, 19 draws. Under the null p is uniform on
    # 1/20, ..., 1. p <= .2 in at most the 99.9% point of a binomial(12, .2), and the mean of p
    # within four standard errors (.29 / sqrt(12)) of .525.
    p = null_p_values(12, 19, 120, 29, n_starts=20)

    assert (p <= 0.2).sum() <= binom.ppf(0.999, 12, 0.2)
    assert abs(p.mean() - 0.525) < 4 * 0.2884 / np.sqrt(12)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_null_size_of_the_bootstrap_test_in_many_data_sets():
    # Source: simulation; 100 data sets of 150 people, 39 draws: rejections at 5% and 10%
    # between the .1% and 99.9% points of their binomials, p uniform (Kolmogorov, 1%).
    p = null_p_values(100, 39, 150, 30)

    for level in (0.05, 0.10):
        low, high = binom.ppf([0.001, 0.999], 100, level)
        assert low <= (p <= level).sum() <= high
    assert kstest(p - 0.5 / 40, "uniform").pvalue > 0.01


def test_power_of_the_bootstrap_test_is_real():
    # A test that never rejected would hold its size too: 4 data sets with three true classes.
    rng = np.random.default_rng(31)
    rejected = 0
    for _ in range(4):
        x = draw(250, rng, missing=0.1)
        fits = [fit_latent_classes(x, k, zero_class=True, n_starts=20) for k in (2, 3)]
        test = bootstrap_likelihood_ratio(*fits, draws=19, n_starts=20, seed=rng)
        rejected += test.p_value <= 0.05
    assert rejected == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bootstrap": 10}, "at least 19"),
        ({"bootstrap": -1}, "at least 19"),
        ({"bootstrap": 19.5}, "at least 19"),
        ({"classes": []}, "at least one number"),
        ({"classes": [1, 2]}, "at least 2"),
    ],
)
def test_wrong_use_of_an_enumeration_is_refused(options, message):
    x = draw(40, np.random.default_rng(16))

    with pytest.raises(ValueError, match=message):
        enumerate_latent_classes(x, **{"zero_class": True, "n_starts": 2, **options})


def test_fits_that_are_not_nested_are_refused():
    x = draw(60, np.random.default_rng(17))
    two, three = (fit_latent_classes(x, k, n_starts=3) for k in (2, 3))
    zero = fit_latent_classes(x, 3, zero_class=True, n_starts=3)
    fewer = fit_latent_classes(x.iloc[:50], 2, n_starts=3)

    for smaller, larger, options, message in (
        (three, two, {}, "more classes"),
        (two, zero, {}, "zero class"),
        (fewer, three, {}, "same people"),
        (two, three, {"draws": 0}, "at least 1 draw"),
    ):
        with pytest.raises(ValueError, match=message):
            bootstrap_likelihood_ratio(smaller, larger, **options)


PUBLISHED = pd.DataFrame(
    {
        "n_classes": [2, 3, 4, 5, 6],
        "aic": [4679.3, 4450.2, 4313.0, 4281.2, 4262.9],
        "bic": [4733.7, 4559.1, 4476.3, 4499.0, 4535.1],
        "sabic": [4692.5, 4476.6, 4352.5, 4333.9, 4328.8],
    }
)


def test_advice_names_choices_disagreement_and_the_edge_of_the_search():
    # Source: Drive evaluation, Table A3.1: BIC is lowest at 4; AIC and SABIC still fall at 6.
    assert advise_number_of_classes(PUBLISHED) == (
        "Number of classes: BIC prefers 4; sample-size adjusted BIC and AIC prefer 6; the "
        "indices disagree; the optimum of sample-size adjusted BIC and AIC is at the edge of "
        "the search (6), so more classes should be tried."
    )
    settled = PUBLISHED.assign(aic=PUBLISHED["bic"], sabic=PUBLISHED["bic"])
    assert advise_number_of_classes(settled) == (
        "Number of classes: BIC, sample-size adjusted BIC and AIC prefer 4; the indices agree."
    )
    with pytest.raises(ValueError, match="columns"):
        advise_number_of_classes(PUBLISHED[["n_classes", "aic"]])


def test_advice_names_the_test_small_classes_and_poor_replication():
    settled = PUBLISHED.assign(
        aic=PUBLISHED["bic"],
        sabic=PUBLISHED["bic"],
        blrt_p=[np.nan, 0.01, 0.05, 0.21, 0.03],
        smallest_class=[0.35, 0.2, 0.1, 0.05, 0.049],
        best_start_share=[1.0, 0.9, 0.1, 0.09, 0.05],
    )

    assert advise_number_of_classes(settled) == (
        "Number of classes: BIC, sample-size adjusted BIC and AIC prefer 4; the indices agree; "
        "the bootstrap test prefers 4 (one more class is no significant improvement, p = 0.210); "
        "the smallest class holds fewer than 5% of people with 6 classes; the best "
        "log-likelihood was found by fewer than one in ten of the finishing starts with 5 and 6 "
        "classes, so more starts should be tried."
    )
    always = settled.assign(blrt_p=[np.nan, 0.01, 0.01, 0.01, 0.01])
    assert "a significant improvement up to 6, the edge of the search" in (
        advise_number_of_classes(always)
    )
    assert "bootstrap" not in advise_number_of_classes(settled.assign(blrt_p=np.nan))
