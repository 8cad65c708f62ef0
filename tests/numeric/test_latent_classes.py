"""Latent classes against published tables, a plain EM, StepMix, and simulated truth."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from datrial.models import (
    advise_number_of_classes,
    enumerate_latent_classes,
    fit_latent_classes,
)
from datrial.models.latent_class_likelihood import ClassParameters, derivatives, log_likelihood
from datrial.models.latent_class_patterns import collapse
from datrial.models.latent_class_result import count_parameters, information_criteria

ITEMS = [f"need_{j}" for j in range(1, 7)]
PROFILES = np.array(
    [[0.0] * 6, [0.85, 0.8, 0.9, 0.15, 0.2, 0.1], [0.2, 0.1, 0.15, 0.9, 0.75, 0.85]]
)
SIZES = np.array([0.3, 0.4, 0.3])


def draw(n, rng, *, profiles=PROFILES, sizes=SIZES, missing=0.0):
    """Simulate answers: rows x items of 0/1/NaN."""
    of_class = rng.choice(len(sizes), n, p=sizes)
    answers = (rng.random((n, profiles.shape[1])) < profiles[of_class]).astype(float)
    answers[rng.random(answers.shape) < missing] = np.nan
    return pd.DataFrame(answers, columns=[f"need_{j + 1}" for j in range(profiles.shape[1])])


def plain_em(x, sizes, p, *, zero_class, steps=20_000):
    """EM row by row and item by item, as in the textbook; no batching, no patterns."""
    n, n_items = x.shape
    value = -np.inf
    for _ in range(steps):
        joint = np.tile(sizes, (n, 1))
        for j in range(n_items):
            for k in range(len(sizes)):
                chance = np.where(x[:, j] == 1, p[k, j], 1 - p[k, j])
                joint[:, k] *= np.where(np.isnan(x[:, j]), 1.0, chance)
        density = joint.sum(axis=1)
        new = np.log(density).sum()
        if new - value < 1e-13 * abs(new):
            return new
        value, r = new, joint / density[:, None]
        sizes = r.mean(axis=0)
        for j in range(n_items):
            seen = ~np.isnan(x[:, j])
            for k in range(int(zero_class), len(sizes)):
                p[k, j] = (r[seen, k] * x[seen, j]).sum() / r[seen, k].sum()
    return value


def test_pleural_thickening_table_published_by_two_programs():
    # Source: Dayton (1998), Latent Class Scaling Analysis: chest X-rays of 1,692 men read
    # for pleural thickening by three readers. Published: LL -891.1428, AIC 1796.286, BIC
    # 1834.321, entropy .949. Tolerance: the last printed digit.
    cells = pd.DataFrame(list(itertools.product([0, 1], repeat=3)), columns=["r1", "r2", "r3"])
    counts = np.array([1513, 23, 59, 12, 21, 19, 11, 34])

    weighted = fit_latent_classes(cells, 2, weights=counts, n_starts=20)
    rows = fit_latent_classes(cells.loc[cells.index.repeat(counts)], 2, n_starts=20)

    for fit in (weighted, rows):
        assert fit.nobs == 1692
        assert fit.llf == pytest.approx(-891.1428, abs=5e-5)
        assert fit.aic == pytest.approx(1796.286, abs=5e-4)
        assert fit.bic == pytest.approx(1834.321, abs=5e-4)
        assert fit.entropy == pytest.approx(0.949, abs=5e-4)
        assert fit.converged


@pytest.mark.parametrize(
    ("n_classes", "aic", "bic", "sabic"),
    [
        (2, 4679.3, 4733.7, 4692.5),
        (3, 4450.2, 4559.1, 4476.6),
        (4, 4313.0, 4476.3, 4352.5),
        (5, 4281.2, 4499.0, 4333.9),
        (6, 4262.9, 4535.1, 4328.8),
    ],
)
def test_published_indices_of_the_drive_evaluation_follow_from_its_log_likelihood(
    n_classes, aic, bic, sabic
):
    # Source: Drive evaluation, Table A3.1: 12 needs, n = 487, a zero class, Mplus. With
    # 13 (K-1) parameters its BIC and SABIC follow from its AIC. Tolerance: AIC, BIC and
    # SABIC are each printed to 0.1, so two roundings of 0.05.
    n_params = count_parameters(n_classes, 12, zero_class=True)
    assert n_params == 13 * (n_classes - 1)
    llf = n_params - aic / 2

    computed = information_criteria(llf, n_params, 487)

    assert computed == pytest.approx((aic, bic, sabic), abs=0.1001)


@pytest.mark.parametrize("zero_class", [False, True])
def test_agrees_with_a_plain_em(zero_class):
    # Source: the textbook algorithm, started at the truth. Tolerance 1e-8 on
    # a log-likelihood near -900: EM stops at a gain of 1e-10, its limit is then within 1e-8.
    x = draw(300, np.random.default_rng(3), missing=0.1)
    profiles = np.clip(PROFILES, 0.0 if zero_class else 0.02, 1.0)
    expected = plain_em(
        x.to_numpy()[x.notna().any(axis=1)], SIZES.copy(), profiles.copy(), zero_class=zero_class
    )

    fit = fit_latent_classes(x, 3, zero_class=zero_class, n_starts=40)

    assert fit.llf == pytest.approx(expected, abs=1e-8)
    again = plain_em(
        x.to_numpy()[x.notna().any(axis=1)],
        fit.class_sizes.to_numpy(copy=True),
        fit.item_probabilities.to_numpy(copy=True),
        zero_class=zero_class,
        steps=200,
    )
    assert again == pytest.approx(fit.llf, abs=1e-8)  # EM has nothing left to gain


@pytest.mark.parametrize(("zero_class", "missing"), [(False, 0.0), (True, 0.0), (True, 0.15)])
def test_stepmix_agrees(zero_class, missing):
    # Source: StepMix 3.0.0 on raw rows, an independent program. Tolerance 1e-4 in the
    # log-likelihood: its EM stops at a gain of 1e-11 per person and step.
    x = draw(250, np.random.default_rng(8), missing=missing)

    native = fit_latent_classes(x, 3, zero_class=zero_class, n_starts=40)
    other = fit_latent_classes(x, 3, zero_class=zero_class, n_starts=6, engine="stepmix")

    assert other.engine == "stepmix"
    assert other.llf == pytest.approx(native.llf, abs=1e-4)
    assert (other.aic, other.bic, other.sabic) == pytest.approx(
        (native.aic, native.bic, native.sabic), abs=2e-4
    )
    assert other.n_params == native.n_params
    assert other.n_left_out == native.n_left_out
    assert other.converged
    # Estimates of a flat maximum move by the square root of what the likelihood does.
    np.testing.assert_allclose(other.class_sizes, native.class_sizes, atol=5e-3)
    np.testing.assert_allclose(other.item_probabilities, native.item_probabilities, atol=2e-2)
    assert (other.modal_class == native.modal_class).mean() > 0.99


def test_recovers_simulated_classes_with_zero_class_and_missing_answers():
    # Source: simulation, 20,000 people, 10% of answers missing. Tolerance: four standard
    # errors as the fit reports them, for 14 estimates at once.
    x = draw(20_000, np.random.default_rng(11), missing=0.1)

    fit = fit_latent_classes(x, 3, zero_class=True, n_starts=50)

    assert list(fit.class_sizes.index) == ["zero class", "class 1", "class 2"]
    size_error = (fit.class_sizes - SIZES) / fit.bse_class_sizes
    item_error = (fit.item_probabilities - PROFILES) / fit.bse_item_probabilities
    assert size_error.abs().max() < 4
    assert item_error.iloc[1:].abs().max().max() < 4
    assert fit.item_probabilities.loc["zero class"].eq(0).all()
    assert fit.class_sizes.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(fit.posterior.dropna().sum(axis=1), 1, atol=1e-12)


def test_standard_errors_match_the_spread_of_estimates():
    # Source: simulation, 120 samples of 800. The standard deviation of estimates over the
    # mean reported error has a standard error of 1/sqrt(240) = .065; tolerance three of them
    # on the average over sizes and over items, which vary less.
    rng = np.random.default_rng(5)
    fits = [fit_latent_classes(draw(800, rng), 3, zero_class=True, n_starts=5) for _ in range(120)]

    sizes = np.array([f.class_sizes.to_numpy() for f in fits])
    items = np.array([f.item_probabilities.to_numpy()[1:] for f in fits])
    size_errors = np.array([f.bse_class_sizes.to_numpy() for f in fits])
    item_errors = np.array([f.bse_item_probabilities.to_numpy()[1:] for f in fits])

    assert np.mean(sizes.std(axis=0) / size_errors.mean(axis=0)) == pytest.approx(1, abs=0.15)
    assert np.mean(items.std(axis=0) / np.nanmean(item_errors, axis=0)) == pytest.approx(1, abs=0.1)


def test_score_and_hessian_are_the_derivatives_of_the_log_likelihood():
    # Source: central differences with step 1e-5: error of order 1e-10 times the third
    # derivative, and rounding of 1e-16 * |LL| / 1e-5; 1e-5 relative covers both.
    patterns = collapse(draw(200, np.random.default_rng(2), missing=0.1))
    rng = np.random.default_rng(4)
    logits = rng.normal(size=(2, 6))
    relative = np.array([0.3, -0.4])
    reference = 1

    def value_at(vector):
        sizes = np.insert(vector[:2], reference, 0.0)
        point = ClassParameters(sizes - np.log(np.exp(sizes).sum()), vector[2:].reshape(2, 6), True)
        return point

    vector = np.concatenate([relative, logits.ravel()])
    _, gradient, hessian = derivatives(value_at(vector), patterns, reference)
    step = 1e-5
    for a in range(len(vector)):
        e = np.zeros(len(vector))
        e[a] = step
        up, down = value_at(vector + e), value_at(vector - e)
        slope = (log_likelihood(up, patterns) - log_likelihood(down, patterns)) / (2 * step)
        assert slope == pytest.approx(gradient[a], rel=1e-5, abs=1e-5)
        difference = (
            derivatives(up, patterns, reference)[1] - derivatives(down, patterns, reference)[1]
        )
        np.testing.assert_allclose(difference / (2 * step), hessian[a], rtol=1e-5, atol=1e-4)


def test_order_of_rows_and_columns_changes_nothing():
    # Identity. Rows: the same table, so the same digits. Columns: other starts, so the same
    # maximum to the tolerance of Newton's method.
    rng = np.random.default_rng(6)
    x = draw(400, rng, missing=0.05)
    fit = fit_latent_classes(x, 3, zero_class=True, n_starts=30)

    rows = rng.permutation(len(x))
    shuffled = fit_latent_classes(x.iloc[rows], 3, zero_class=True, n_starts=30)
    turned = fit_latent_classes(x[x.columns[::-1]], 3, zero_class=True, n_starts=30)

    assert shuffled.llf == fit.llf
    pd.testing.assert_frame_equal(shuffled.posterior.loc[x.index], fit.posterior)
    assert turned.llf == pytest.approx(fit.llf, abs=1e-7)
    np.testing.assert_allclose(
        turned.item_probabilities[x.columns], fit.item_probabilities, atol=1e-5
    )


def test_same_seed_same_answer_and_labels_do_not_move_with_the_seed():
    x = draw(400, np.random.default_rng(7))

    one, two = (fit_latent_classes(x, 3, zero_class=True, n_starts=20, seed=s) for s in (1, 1))
    other = fit_latent_classes(x, 3, zero_class=True, n_starts=20, seed=np.random.default_rng(99))

    pd.testing.assert_frame_equal(one.item_probabilities, two.item_probabilities)
    np.testing.assert_allclose(other.item_probabilities, one.item_probabilities, atol=1e-5)
    assert one.class_sizes.iloc[1] >= one.class_sizes.iloc[2]


def test_rows_without_an_answer_are_left_out_and_counted():
    x = draw(200, np.random.default_rng(9))
    padded = pd.concat([x, pd.DataFrame(np.nan, index=[900, 901, 902], columns=x.columns)])

    fit = fit_latent_classes(x, 2, n_starts=10)
    with_empty = fit_latent_classes(padded, 2, n_starts=10)

    assert (with_empty.nobs, with_empty.n_left_out) == (200, 3)
    assert with_empty.llf == fit.llf
    assert with_empty.posterior.loc[[900, 901, 902]].isna().all().all()
    assert with_empty.modal_class.loc[[900, 901, 902]].isna().all()
    assert with_empty.posterior.index.equals(padded.index)


def test_one_class_is_the_product_of_shares():
    # Identity: closed form with missing answers; item by item a binomial likelihood.
    x = draw(150, np.random.default_rng(10), missing=0.2)
    share, answered = x.mean(), x.notna().sum()
    expected = (answered * (share * np.log(share) + (1 - share) * np.log(1 - share))).sum()

    fit = fit_latent_classes(x, 1, n_starts=2)

    assert fit.llf == pytest.approx(expected, abs=1e-8)
    np.testing.assert_allclose(fit.item_probabilities.iloc[0], share, atol=1e-7)
    np.testing.assert_allclose(
        fit.bse_item_probabilities.iloc[0], np.sqrt(share * (1 - share) / answered), rtol=1e-5
    )
    assert np.isnan(fit.entropy)


def test_a_table_too_large_to_search_is_searched_on_a_part_and_finished_on_all_of_it():
    # Identity: the maximum reached from a thinned search is the one reached from the truth,
    # by the plain likelihood: no direction improves it (EM gains nothing).
    rng = np.random.default_rng(12)
    profiles = np.vstack([np.zeros(10), rng.uniform(0.1, 0.9, (3, 10))])
    x = draw(30_000, rng, profiles=profiles, sizes=np.full(4, 0.25), missing=0.15)

    fit = fit_latent_classes(x, 4, zero_class=True, n_starts=40)

    assert any("compared on" in note for note in fit.notes)
    assert fit.converged
    distance = [
        np.abs(fit.item_probabilities.to_numpy()[1:] - profile).max(axis=1).min()
        for profile in profiles[1:]
    ]
    assert max(distance) < 0.06  # a standard error is about 0.008; the truth, not a neighbour


def test_degenerate_solutions_are_said():
    x = draw(60, np.random.default_rng(13), profiles=np.full((1, 6), 0.5), sizes=np.ones(1))
    x["need_1"] = 1.0

    fit = fit_latent_classes(x, 4, n_starts=20)

    assert any(note.startswith("Constant: ") and "need_1" in note for note in fit.notes)
    assert any(note.startswith("Boundary: ") for note in fit.notes)
    boundary = fit.item_probabilities.isin([0.0, 1.0])
    assert fit.bse_item_probabilities.where(boundary).isna().all().all()
    assert fit.item_probabilities["need_1"].eq(1).all()

    few = draw(200, np.random.default_rng(14))[["need_1", "need_2"]]
    assert any(
        note.startswith("Not identified") for note in fit_latent_classes(few, 3, n_starts=5).notes
    )


def test_more_classes_than_the_data_hold_end_in_identical_or_empty_classes():
    # Two items, one class: any second class is a copy or empty, and this is said.
    cells = pd.DataFrame(list(itertools.product([0, 1], repeat=2)), columns=["a", "b"])

    fit = fit_latent_classes(cells, 3, weights=[25, 25, 25, 25], n_starts=5)

    assert fit.llf == pytest.approx(100 * np.log(0.25), abs=1e-6)
    assert fit.notes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x.assign(need_2=7.25), r"'need_2' \(40 rows\)"),
        (lambda x: x.assign(need_2="Mr Canary"), r"'need_2' \(40 rows\)"),
        (lambda x: x.assign(need_3=np.nan), "Nobody answered item 'need_3'"),
        (lambda x: x * np.nan, "None of the 40 rows has an answered item"),
        (lambda x: x.to_numpy(), "must be a pandas DataFrame"),
    ],
)
def test_items_that_cannot_be_used_are_refused_without_showing_values(change, message):
    x = draw(40, np.random.default_rng(15))

    with pytest.raises(ValueError, match=message) as caught:
        fit_latent_classes(change(x), 2, n_starts=2)

    assert "7.25" not in str(caught.value)
    assert "Canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_classes": 0}, "at least 1"),
        ({"n_classes": 1, "zero_class": True}, "at least 2"),
        ({"n_classes": 500}, "distinct response patterns"),
        ({"n_classes": 2, "n_starts": 0}, "number of starts"),
        ({"n_classes": 2, "engine": "mplus"}, "engine"),
        ({"n_classes": 2, "weights": [1.0]}, "one value per row"),
        ({"n_classes": 2, "weights": [-1.0] * 40}, "not negative; 40 rows"),
        ({"n_classes": 2, "weights": [1.0] * 40, "engine": "stepmix"}, "takes no weights"),
    ],
)
def test_wrong_use_is_refused(options, message):
    x = draw(40, np.random.default_rng(16))

    with pytest.raises(ValueError, match=message):
        fit_latent_classes(x, **options)


@pytest.mark.parametrize("kind", ["Int64", "boolean", "object", "bool", "float32"])
def test_every_way_pandas_holds_yes_and_no_gives_the_same_answer(kind):
    x = draw(120, np.random.default_rng(17))

    expected = fit_latent_classes(x, 2, n_starts=5)

    assert fit_latent_classes(x.astype(kind), 2, n_starts=5).llf == expected.llf


def test_enumeration_finds_the_simulated_number_of_classes():
    # Source: simulation with 3 classes, well separated, n = 1500: BIC's choice is certain to
    # many digits (a difference of about 30).
    x = draw(1500, np.random.default_rng(18), missing=0.05)

    table = enumerate_latent_classes(x, range(2, 6), zero_class=True, n_starts=30)
    alone = enumerate_latent_classes(x, [4], zero_class=True, n_starts=30)

    assert list(table.columns) == [
        "n_classes", "llf", "n_params", "aic", "bic", "sabic", "entropy", "smallest_class",
        "best_start_share", "converged",
    ]  # fmt: skip
    assert table["llf"].is_monotonic_increasing
    assert int(table.loc[table["bic"].idxmin(), "n_classes"]) == 3
    pd.testing.assert_frame_equal(
        alone.reset_index(drop=True), table[table["n_classes"] == 4].reset_index(drop=True)
    )


def test_advice_names_choices_disagreement_and_the_edge_of_the_search():
    # Source: Drive evaluation, Table A3.1: BIC is lowest at 4; AIC and SABIC still fall at 6.
    published = pd.DataFrame(
        {
            "n_classes": [2, 3, 4, 5, 6],
            "aic": [4679.3, 4450.2, 4313.0, 4281.2, 4262.9],
            "bic": [4733.7, 4559.1, 4476.3, 4499.0, 4535.1],
            "sabic": [4692.5, 4476.6, 4352.5, 4333.9, 4328.8],
        }
    )

    advice = advise_number_of_classes(published)

    assert advice == (
        "Number of classes: BIC prefers 4; sample-size adjusted BIC and AIC prefer 6; the "
        "indices disagree; the optimum of sample-size adjusted BIC and AIC is at the edge of "
        "the search (6), so more classes should be tried."
    )
    settled = published.assign(aic=published["bic"], sabic=published["bic"])
    assert advise_number_of_classes(settled) == (
        "Number of classes: BIC, sample-size adjusted BIC and AIC prefer 4; the indices agree."
    )
    with pytest.raises(ValueError, match="columns"):
        advise_number_of_classes(published[["n_classes", "aic"]])
