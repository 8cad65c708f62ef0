"""Latent classes against published tables, a plain EM, StepMix, and simulated truth."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from datrial.models import fit_latent_classes
from datrial.models.latent_class.em import search
from datrial.models.latent_class.likelihood import (
    ClassParameters,
    derivatives,
    log_likelihood,
    parameters_from,
)
from datrial.models.latent_class.patterns import collapse
from datrial.models.latent_class.polish import polish
from datrial.models.latent_class.result import count_parameters, information_criteria

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


def dayton():
    cells = pd.DataFrame(list(itertools.product([0, 1], repeat=3)), columns=["r1", "r2", "r3"])
    return cells, np.array([1513, 23, 59, 12, 21, 19, 11, 34])


def counted():
    """Return distinct rows with the number of people who gave them."""
    x = draw(400, np.random.default_rng(33), missing=0.1)
    rows = x.value_counts(dropna=False).rename("n").reset_index()
    return rows[ITEMS], rows["n"].to_numpy()


def constant():
    x = draw(200, np.random.default_rng(34), missing=0.05)
    return x.assign(need_1=x["need_1"].where(x["need_1"].isna(), 1.0)), None


def drawn(n, seed, **options):
    return lambda: (draw(n, np.random.default_rng(seed), **options), None)


def padded():
    x = draw(150, np.random.default_rng(35), missing=0.3)
    x.iloc[:5] = np.nan
    return x, None


TABLES = {
    "three raters, weighted": (dayton, 2, False),
    "complete": (drawn(250, 8), 3, False),
    "zero class": (drawn(250, 8), 3, True),
    "zero class, missing answers": (drawn(250, 8, missing=0.15), 3, True),
    "zero class, missing answers, weighted": (counted, 3, True),
    "rows without an answer": (padded, 2, True),
    "an item with one answer": (constant, 2, False),
    "more classes than the truth": (drawn(150, 36), 4, True),
    "one class": (drawn(150, 10, missing=0.2), 1, False),
    "two items": (lambda: (drawn(200, 14)()[0][["need_1", "need_2"]], None), 2, False),
}


SLOW = "more classes than the truth"  # StepMix's EM hardly moves along the ridge


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name == SLOW else ()) for name in TABLES]
)
def test_stepmix_agrees(name):
    # Source: StepMix 3.0.0 on raw rows, an independent program. Tolerance 1e-4 in the
    # log-likelihood: its EM stops at a gain of 1e-11 per person and step.
    table, n_classes, zero_class = TABLES[name]
    x, weights = table()
    options = {"zero_class": zero_class, "weights": weights}

    native = fit_latent_classes(x, n_classes, n_starts=40, **options)
    # It ends at a lower maximum from few starts where classes are more than the truth has.
    starts = 15 if name == SLOW else 6
    other = fit_latent_classes(x, n_classes, n_starts=starts, engine="stepmix", **options)

    assert other.engine == "stepmix"
    assert other.converged
    assert other.llf == pytest.approx(native.llf, abs=1e-4)
    assert native.llf > other.llf - 1e-6  # ours is never the lower one
    assert (other.aic, other.bic, other.sabic) == pytest.approx(
        (native.aic, native.bic, native.sabic), abs=2e-4
    )
    assert (other.n_params, other.nobs) == (native.n_params, native.nobs)
    assert other.n_left_out == native.n_left_out == int(x.isna().all(axis=1).sum())
    if name in (SLOW, "two items"):
        return  # the likelihood has a ridge: its height is one number, its place is not
    # Estimates of a flat maximum move by the square root of what the likelihood does.
    np.testing.assert_allclose(other.class_sizes, native.class_sizes, atol=5e-3)
    np.testing.assert_allclose(other.item_probabilities, native.item_probabilities, atol=2e-2)
    assert (other.modal_class.dropna() == native.modal_class.dropna()).mean() > 0.99


def test_stepmix_gives_the_same_answer_to_weights_and_to_rows():
    x, n = counted()
    rows = x.loc[x.index.repeat(n)].sample(frac=1, random_state=1)

    weighted, raw = (
        fit_latent_classes(t, 3, zero_class=True, weights=w, n_starts=4, engine="stepmix")
        for t, w in ((x, n), (rows, None))
    )

    assert weighted.llf == raw.llf
    assert weighted.nobs == raw.nobs == 400


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
        ({"n_classes": 2, "weights": [0.7] * 40, "engine": "stepmix"}, "whole numbers"),
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


def test_labels_of_classes_do_not_depend_on_which_answer_is_called_yes():
    # Identity: with yes and no exchanged everywhere, the same classes with 1 - p.
    x = draw(400, np.random.default_rng(21), missing=0.1)

    fit, turned = (fit_latent_classes(t, 3, n_starts=30) for t in (x, 1 - x))

    assert turned.llf == pytest.approx(fit.llf, abs=1e-7)
    np.testing.assert_allclose(turned.class_sizes, fit.class_sizes, atol=1e-5)
    np.testing.assert_allclose(turned.item_probabilities, 1 - fit.item_probabilities, atol=1e-5)


def test_the_maxima_of_the_starts_are_listed_best_first():
    x = draw(300, np.random.default_rng(22), missing=0.1)

    fit = fit_latent_classes(x, 5, zero_class=True, n_starts=60)
    optima = fit.local_optima

    assert optima["llf"].iloc[0] == fit.llf
    assert (optima["llf"].diff().dropna() < -1e-3).all()
    followed = int(optima["starts"].sum())
    assert 20 <= followed <= 23  # finalists, and what moving a class added
    assert fit.best_start_share == pytest.approx(optima["starts"].iloc[0] / followed)
    assert len(optima) > 1


def test_a_wrong_maximum_is_left_by_moving_a_class():
    # Source: the best of 1,500 starts of another seed, each followed to its maximum. With many
    # classes few random starts end at the best maximum: of 60 none do, yet it is reached.
    rng = np.random.default_rng(43)
    profiles = np.vstack([np.zeros(12), rng.uniform(0.05, 0.6, (7, 12))])
    sizes = np.array([0.3] + [0.1] * 7)
    x = draw(400, np.random.default_rng(1), profiles=profiles, sizes=sizes, missing=0.05)
    patterns = collapse(x)
    starts = search(patterns, 7, 1500, True, np.random.default_rng(1))
    best = max(
        polish(
            parameters_from(starts.sizes[:, i], starts.probabilities[:, i], True, 13.0), patterns
        ).value
        for i in range(starts.values.size)
    )

    fits = [fit_latent_classes(x, 7, zero_class=True, n_starts=60, seed=s) for s in range(2)]

    for fit in fits:
        assert fit.llf == pytest.approx(best, abs=1e-5)
        # Nothing but the moved class found it, or hardly anything, and this is said.
        assert fit.best_start_share < 0.1
        assert any("fewer than one in ten" in note for note in fit.notes)


def test_intervals_stay_inside_and_surround_the_estimates():
    fit = fit_latent_classes(draw(150, np.random.default_rng(25)), 3, zero_class=True, n_starts=20)

    sizes, (low, high) = fit.class_size_intervals(), fit.item_intervals()

    assert ((sizes["low"] > 0) & (sizes["high"] < 1)).all()
    assert ((sizes["low"] < fit.class_sizes) & (fit.class_sizes < sizes["high"])).all()
    known = fit.bse_item_probabilities.notna()
    p = fit.item_probabilities
    assert ((low < p) & (p < high) & (low > 0) & (high < 1))[known].stack().dropna().all()
    assert low.where(~known).isna().all().all()
    assert known.to_numpy().sum() >= 8
    # Identity: on the logit scale the interval is symmetric, 1.96 standard errors to a side.
    logit = np.log(fit.class_sizes / (1 - fit.class_sizes))
    reach = 1.959964 * fit.bse_class_sizes / (fit.class_sizes * (1 - fit.class_sizes))
    np.testing.assert_allclose(sizes["high"], 1 / (1 + np.exp(-logit - reach)), rtol=1e-6)
