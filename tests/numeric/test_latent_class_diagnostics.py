"""Diagnostics of latent classes against hand counts, identities and simulated faults."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest

from datrial.models import (
    bivariate_residuals,
    class_separation,
    classification_errors,
    classification_table,
    fit_latent_classes,
)
from datrial.models.latent_class.likelihood import posterior_of
from datrial.models.latent_class.notes import solution_notes
from datrial.models.latent_class.result import LatentClassResult

PROFILES = np.array([[0.0] * 5, [0.85, 0.8, 0.9, 0.15, 0.2], [0.2, 0.1, 0.15, 0.9, 0.75]])


def draw(n, seed, missing=0.0):
    """Simulate answers of three classes: rows x items of 0/1/NaN, and the true classes."""
    rng = np.random.default_rng(seed)
    of_class = rng.choice(3, n, p=[0.3, 0.4, 0.3])
    answers = (rng.random((n, 5)) < PROFILES[of_class]).astype(float)
    answers[rng.random(answers.shape) < missing] = np.nan
    return pd.DataFrame(answers, columns=list("abcde")), of_class


def test_residuals_of_one_class_are_pearsons_chi_square_of_independence():
    # Identity: one class is independence, and its expected tables are products of the shares.
    # Source: scipy's chi2_contingency without correction; 1e-6 is the fit's tolerance.
    from scipy.stats import chi2_contingency

    x, _ = draw(300, 1)
    table = bivariate_residuals(fit_latent_classes(x, 1, n_starts=1))

    assert list(zip(table["item_a"], table["item_b"], strict=True)) == list(
        itertools.combinations("abcde", 2)
    )
    for row in table.itertuples():
        cross = pd.crosstab(x[row.item_a], x[row.item_b])
        assert row.residual == pytest.approx(chi2_contingency(cross, correction=False)[0], rel=1e-6)
        assert row.both_observed == cross.loc[1, 1]
        assert row.n == 300


def test_residuals_count_those_who_answered_both_person_by_person():
    # Source: the definition, written out person by person in a loop.
    x, _ = draw(250, 2, missing=0.25)
    fit = fit_latent_classes(x, 2, n_starts=20)
    p = fit.item_probabilities

    for row in bivariate_residuals(fit).itertuples():
        both = x[[row.item_a, row.item_b]].notna().all(axis=1)
        r = fit.posterior[both]
        residual = 0.0
        for one, two in itertools.product((0, 1), repeat=2):
            observed = int(((x[row.item_a] == one) & (x[row.item_b] == two)).sum())
            chance_a = p[row.item_a] if one else 1 - p[row.item_a]
            chance_b = p[row.item_b] if two else 1 - p[row.item_b]
            expected = (r * (chance_a * chance_b)).to_numpy().sum()
            residual += (observed - expected) ** 2 / expected
        assert row.n == both.sum()
        assert row.residual == pytest.approx(residual, rel=1e-9)


def test_residuals_find_the_pair_that_depends_within_classes_and_no_other():
    # Source: simulation; c copies d for 40% of 2,000 people, in a model of the true classes.
    x, _ = draw(2000, 3)
    x["f"] = np.random.default_rng(4).random(2000) < 0.4
    x["f"] = np.where(np.random.default_rng(5).random(2000) < 0.8, x["a"], x["f"]).astype(float)
    sound = bivariate_residuals(fit_latent_classes(draw(2000, 3)[0], 3, zero_class=True))
    faulty = bivariate_residuals(fit_latent_classes(x, 3, zero_class=True, n_starts=50))

    assert sound["residual"].max() < 4
    worst = faulty.loc[faulty["residual"].idxmax()]
    assert {worst["item_a"], worst["item_b"]} == {"a", "f"}
    assert worst["residual"] > 10


def test_a_pair_that_nobody_answered_both_of_has_no_residual():
    x, _ = draw(200, 6)
    x.loc[:99, "a"] = np.nan
    x.loc[100:, "b"] = np.nan

    table = bivariate_residuals(fit_latent_classes(x, 2, n_starts=10))

    assert table.set_index(["item_a", "item_b"]).loc[("a", "b"), "n"] == 0
    assert table["residual"].isna().sum() == 1


def test_weights_give_the_residuals_and_tables_of_the_rows():
    x, _ = draw(300, 7, missing=0.1)
    counted = x.value_counts(dropna=False).rename("n").reset_index()
    weighted = fit_latent_classes(counted[list("abcde")], 3, weights=counted["n"], n_starts=10)
    raw = fit_latent_classes(x, 3, n_starts=10)

    for diagnostic in (
        bivariate_residuals, class_separation, classification_errors, classification_table
    ):  # fmt: skip
        pd.testing.assert_frame_equal(diagnostic(weighted), diagnostic(raw))


def test_separation_of_the_pair_by_hand():
    # Source: hand count. Odds ratios outside 1/5 to 5; total variation of one item is the
    # difference of its probabilities; two certain opposites share no answer.
    cells = pd.DataFrame(list(itertools.product([0, 1], repeat=3)), columns=["r1", "r2", "r3"])
    fit = fit_latent_classes(cells, 2, weights=[1513, 23, 59, 12, 21, 19, 11, 34], n_starts=20)
    one, two = fit.item_probabilities.to_numpy()
    ratio = one / (1 - one) / (two / (1 - two))

    (row,) = class_separation(fit).to_dict("records")

    assert (row["class_a"], row["class_b"]) == ("class 1", "class 2")
    assert row["separating_items"] == int(((ratio > 5) | (ratio < 0.2)).sum()) == 3
    assert row["mean_difference"] == pytest.approx(np.abs(one - two).mean())
    assert row["largest_difference"] == pytest.approx(np.abs(one - two).max())
    density = [[np.prod(np.where(cell, p, 1 - p)) for cell in cells.to_numpy()] for p in (one, two)]
    expected = np.abs(np.subtract(*density)).sum() / 2
    assert row["total_variation"] == pytest.approx(expected, abs=1e-12)
    assert 0 < row["largest_difference"] <= row["total_variation"] <= 1


def test_identical_classes_are_said_and_not_separated():
    # Source: two items that are independent, so that the second class can only be a copy.
    cells = pd.DataFrame(list(itertools.product([0, 1], repeat=2)), columns=["a", "b"])
    fit = fit_latent_classes(cells, 2, weights=[25, 25, 25, 25], n_starts=1)
    p = fit.item_probabilities.to_numpy()
    copies = LatentClassResult(
        **{
            each.name: getattr(fit, each.name)
            for each in dataclasses.fields(fit)
            if each.name != "item_probabilities"
        },
        item_probabilities=pd.DataFrame(
            [p[0], p[0]], index=fit.item_probabilities.index, columns=["a", "b"]
        ),
    )

    (row,) = class_separation(copies).to_dict("records")

    assert row["separating_items"] == 0
    assert row["largest_difference"] == row["mean_difference"] == row["total_variation"] == 0
    notes = solution_notes(
        np.array([0.6, 0.4]), np.array([p[0], p[0]]), fit.class_sizes.index, fit.patterns, 5
    )
    assert any(note.startswith("Identical classes: class 1 and class 2") for note in notes)
    empty = solution_notes(np.array([0.999, 0.001]), p, fit.class_sizes.index, fit.patterns, 5)
    assert empty[0] == "Empty: class 2 holds less than half a person."
    assert class_separation(fit_latent_classes(cells, 1, weights=[9, 1, 1, 9])).empty


def test_classification_tables_person_by_person():
    # Source: the definitions, from each person's posterior and modal class.
    x, _ = draw(400, 8, missing=0.1)
    fit = fit_latent_classes(x, 3, zero_class=True, n_starts=20)
    known = fit.posterior.dropna()
    modal = fit.modal_class.dropna().astype(str)

    average, errors = classification_table(fit), classification_errors(fit)

    for name in fit.class_sizes.index:
        assert average.loc[name, "n"] == (modal == name).sum()
        np.testing.assert_allclose(
            average.loc[name, list(known.columns)].astype(float), known[modal == name].mean()
        )
        for other in fit.class_sizes.index:
            expected = known.loc[modal == other, name].sum() / known[name].sum()
            assert errors.loc[name, other] == pytest.approx(expected, abs=1e-12)
    np.testing.assert_allclose(errors.sum(axis=1), 1)


def test_classification_errors_are_those_against_the_true_classes():
    # Source: simulation, 40,000 people whose class is known. Tolerance .015: a standard error
    # of a share of 12,000 is .005.
    x, truth = draw(40_000, 9)
    fit = fit_latent_classes(x, 3, zero_class=True, n_starts=30)
    errors = classification_errors(fit)
    modal = fit.modal_class.cat.codes.to_numpy()

    real = pd.crosstab(truth, modal, normalize="index").to_numpy()
    np.testing.assert_allclose(errors.to_numpy(), real, atol=0.015)


def test_a_class_that_is_nobodys_likeliest_has_no_average():
    # A class of 8% between two large ones is never the likeliest with two items.
    cells = pd.DataFrame(list(itertools.product([0, 1], repeat=2)), columns=["a", "b"])
    fit = fit_latent_classes(cells, 3, weights=[70, 10, 10, 30], n_starts=5)
    table = classification_table(fit)

    nobody = table["n"] == 0
    assert nobody.any()
    assert table[nobody].drop(columns="n").isna().all().all()
    assert table[~nobody].notna().all().all()
    assert table["n"].sum() == 120


def test_posterior_of_plain_probabilities_is_that_of_the_fit():
    # Identity; probabilities of exactly 0 and 1 included (the zero class).
    x, _ = draw(300, 10, missing=0.1)
    fit = fit_latent_classes(x, 4, zero_class=True, n_starts=20)

    r = posterior_of(fit.class_sizes.to_numpy(), fit.item_probabilities.to_numpy(), fit.patterns)

    known = fit.patterns.of_row >= 0
    np.testing.assert_allclose(r[fit.patterns.of_row[known]], fit.posterior[known], atol=1e-12)
