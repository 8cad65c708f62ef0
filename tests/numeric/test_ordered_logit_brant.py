"""Brant's test against a published example, a direct computation and simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from datrial.models import fit_ordered_logit
from datrial.models.ordered_logit.brant import OVERALL


def r_uniforms(seed, n):
    """Return R's ``set.seed(seed); runif(n)``: its seeding and the Mersenne Twister."""
    words = []
    for step in range(50 + 625):
        seed = (69069 * seed + 1) % 2**32
        if step >= 50:
            words.append(seed)
    twister = np.random.RandomState()
    twister.set_state(("MT19937", np.array(words[1:], dtype=np.uint32), 624))
    return twister.randint(0, 2**32, n, dtype=np.uint32) * 2.3283064365386963e-10


def r_binomial_of_two(uniforms, p):
    """Return R's ``rbinom(n, 2, p)``, which inverts the distribution for the smaller share."""
    q = min(p, 1 - p)
    count = np.searchsorted(np.cumsum([(1 - q) ** 2, 2 * q * (1 - q)]), uniforms, side="right")
    return 2 - count if p > 0.5 else count


def published():
    """Return the data of the example of R's gofcat::brant.test (set.seed(1), n = 200)."""
    uniforms = r_uniforms(1, 600)
    return pd.DataFrame(
        {
            "y": r_binomial_of_two(uniforms[:200], 0.5),
            "x1": pd.Categorical(r_binomial_of_two(uniforms[200:400], 0.7)),
            "x2": uniforms[400:],
        }
    )


def test_the_generator_is_rs():
    # Source: R prints runif(3) after set.seed(1) as 0.2655087 0.3721239 0.5728534.
    np.testing.assert_allclose(r_uniforms(1, 3), [0.2655087, 0.3721239, 0.5728534], atol=5e-8)


def test_the_published_example_is_met():
    # Source: the reference page of gofcat::brant.test (gofcat 0.1.2), as printed there.
    table = fit_ordered_logit("y ~ x1 * x2", published()).brant().table

    assert table.index.tolist() == [
        OVERALL, "x1[T.1]", "x1[T.2]", "x2", "x1[T.1]:x2", "x1[T.2]:x2",
    ]  # fmt: skip
    np.testing.assert_allclose(
        table["chi2"], [2.368, 1.889, 1.337, 0.586, 0.963, 0.630], atol=0.0005
    )
    assert table["df"].tolist() == [5, 1, 1, 1, 1, 1]
    np.testing.assert_allclose(table["p_value"], [0.80, 0.17, 0.25, 0.44, 0.33, 0.43], atol=0.005)


def draw(n_people, rng, *, effects=(0.8, 0.8, 0.8), person_sd=0.0, times=3):
    """Simulate four levels; `effects` are those of `arm` at the three cuts."""
    person = np.repeat(np.arange(n_people), times)
    arm = np.repeat(rng.integers(0, 2, n_people), times)
    age = np.repeat(rng.normal(0, 1, n_people), times)
    shared = np.repeat(rng.normal(0, person_sd, n_people), times) + 0.4 * age
    lines = np.array([-0.6, 0.5, 1.5]) - arm[:, None] * np.array(effects) - shared[:, None]
    assert (np.diff(lines, axis=1) > 0).all()
    code = (rng.logistic(size=len(arm))[:, None] > lines).sum(axis=1)
    return pd.DataFrame({"level": code, "arm": arm, "age": age, "person": person})


def test_four_levels_and_clusters_agree_with_a_direct_computation():
    # Source: statsmodels Logit at every cut, the joint covariance written out from the row
    # scores; model-based with cov(Y > c, Y > d) = P(Y > d)(1 - P(Y > c)), c < d.
    data = draw(150, np.random.default_rng(1), person_sd=1.0)
    x = sm.add_constant(data[["arm", "age"]].astype(float)).to_numpy()
    fits = [sm.Logit((data["level"] >= cut).astype(int), x).fit(disp=0) for cut in (1, 2, 3)]
    p = np.column_stack([fit.predict() for fit in fits])
    bread = [np.linalg.inv((x.T * (q * (1 - q))) @ x) for q in p.T]
    influence = np.hstack(
        [
            (x * ((data["level"] >= cut) - q).to_numpy()[:, None]) @ b
            for cut, q, b in zip((1, 2, 3), p.T, bread, strict=True)
        ]
    )
    totals = pd.DataFrame(influence).groupby(data["person"].to_numpy()).sum().to_numpy()
    robust = 150 / 149 * totals.T @ totals
    model = np.zeros((9, 9))
    for c in range(3):
        for d in range(3):
            first, second = min(c, d), max(c, d)
            shared = p[:, second] * (1 - p[:, first])
            model[3 * c : 3 * c + 3, 3 * d : 3 * d + 3] = bread[c] @ ((x.T * shared) @ x) @ bread[d]
    estimates = np.concatenate([fit.params.to_numpy() for fit in fits])

    def statistic(covariance, columns):
        rows = []
        for cut in (1, 2):
            for column in columns:
                row = np.zeros(9)
                row[3 * cut + column], row[column] = 1, -1
                rows.append(row)
        r = np.array(rows)
        gap = r @ estimates
        return gap @ np.linalg.solve(r @ covariance @ r.T, gap)

    for cluster, covariance in ((None, model), ("person", robust)):
        table = fit_ordered_logit("level ~ arm + age", data, cluster=cluster).brant().table
        expected = [statistic(covariance, columns) for columns in ([1, 2], [1], [2])]
        np.testing.assert_allclose(table["chi2"], expected, rtol=1e-5)
        assert table["df"].tolist() == [4, 2, 2]


def test_weights_count_rows():
    # Identity: frequency weights are repeated rows, also for the clustered covariance but for
    # G/(G-1), which is the same when no person is lost.
    data = draw(80, np.random.default_rng(2))
    data["w"] = np.random.default_rng(3).integers(1, 4, len(data))
    repeated = data.loc[data.index.repeat(data["w"])]
    for cluster in (None, "person"):
        one = fit_ordered_logit("level ~ arm + age", data, weights="w", cluster=cluster)
        other = fit_ordered_logit("level ~ arm + age", repeated, cluster=cluster)
        np.testing.assert_allclose(one.brant().table, other.brant().table, rtol=1e-7)


def rejections(samples, rng, cluster, **options):
    """Return the shares of samples in which the tests reject at .05: overall, arm, age."""
    hits = np.zeros(3)
    for _ in range(samples):
        fit = fit_ordered_logit("level ~ arm + age", draw(200, rng, **options), cluster=cluster)
        hits += (fit.brant().table["p_value"] < 0.05).to_numpy()
    return hits / samples


def test_the_test_keeps_its_size_and_finds_what_is_there():
    # Source: simulation. Proportional odds, no clusters: nominal .05 with a standard error of
    # .0199 over 120 samples (tolerance three). An effect of 1.3 at the first cut and .2 at the
    # last is found in most samples, and not blamed on age.
    null = rejections(120, np.random.default_rng(4), None)
    wrong = rejections(30, np.random.default_rng(5), None, effects=(1.3, 0.8, 0.2))

    assert null == pytest.approx(0.05, abs=0.06)
    assert wrong[1] > 0.9
    assert wrong[2] < 0.2


@pytest.mark.long
def test_the_clustered_test_keeps_its_size():
    # Person effects make the marginal model only nearly proportional (a logistic mixture), so
    # the size is held to .03; 2,000 samples have a standard error of .005. The plain test,
    # which takes the rows for independent, rejects another share.
    clustered = rejections(2000, np.random.default_rng(6), "person", person_sd=1.0)

    assert clustered == pytest.approx(0.05, abs=0.03)


def test_sparse_and_separating_predictors_are_skipped_and_said():
    data = draw(120, np.random.default_rng(7))
    data["seldom"] = 0
    data.loc[data.index[data["level"] == 0][:6], "seldom"] = 1
    data["line"] = data["level"].eq(3) * 100.0 + np.random.default_rng(8).normal(size=len(data))

    test = fit_ordered_logit("level ~ arm + age + seldom", data).brant()
    separated = fit_ordered_logit("level ~ arm + line", data).brant()

    assert test.skipped == ("seldom",)
    assert test.table.index.tolist() == [OVERALL, "arm", "age"]
    assert test.table.loc[OVERALL, "df"] == 4
    assert np.isfinite(test.table.to_numpy()).all()
    assert any("'seldom'" in note and "fewer than 5 rows" in note for note in test.notes)
    # What stays in the logits for adjustment changes the others little.
    without = fit_ordered_logit("level ~ arm + age", data).brant()
    assert test.table.loc["arm", "chi2"] == pytest.approx(without.table.loc["arm", "chi2"], abs=1)
    # Where a cut is separated completely, nothing is estimated there.
    assert separated.skipped == ("arm", "line")
    assert separated.table.empty
    assert separated.notes[-1] == "No predictor can be tested at every cut."


def test_cuts_with_few_rows_are_left_out_and_said():
    data = draw(100, np.random.default_rng(9))
    data = data[(data["level"] < 3) | (data.index < 30)]
    assert 0 < (data["level"] == 3).sum() < 10

    test = fit_ordered_logit("level ~ arm + age", data).brant()

    assert test.cuts == (1, 2)
    assert test.table.loc[OVERALL, "df"] == 2
    assert any(note.startswith("Cut 3 is left out") for note in test.notes)


def test_where_no_test_can_be_made_the_reason_is_said():
    data = draw(60, np.random.default_rng(10))
    two = fit_ordered_logit("high ~ arm", data.assign(high=(data["level"] > 1).astype(int)))
    few = fit_ordered_logit(
        "level ~ arm + age", data.assign(site=data["person"] % 3), cluster="site"
    )

    assert two.brant().table.empty
    assert "single cut" in two.brant().notes[-1]
    assert "3 clusters cannot carry a test with 4" in few.brant().notes[-1]
    assert few.brant().rejected() == []
