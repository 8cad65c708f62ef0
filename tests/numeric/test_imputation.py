"""Chained equations: what they leave alone, what they draw, and what they say."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit

from datrial.models import ModelDataError, ModelUsageError, fit_logit, multiple_imputation
from datrial.models.missing.chain import independent_columns
from datrial.models.missing.draws import augment, draw_levels
from datrial.models.missing.regression import Memory, Regression


def people(n=200, seed=1):
    """One column of every kind, a fifth of each missing, and a complete one."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=n)
    level = np.digitize(latent + rng.logistic(size=n), [-1, 0, 1.2])
    site, town = (np.digitize(latent + rng.logistic(size=n), [-0.5, 0.7]) for _ in range(2))
    data = pd.DataFrame(
        {
            "person": [f"P{i:04}" for i in range(n)],
            "severity": pd.Categorical.from_codes(
                level, ["none", "standard", "moderate", "high"], ordered=True
            ),
            "site": pd.Categorical.from_codes(site, ["three", "one", "two"]),
            "town": pd.Series(np.array(["here", "there", "far"])[town]).astype("str"),
            "charged": pd.Series(latent + rng.logistic(size=n) > 0).astype("boolean"),
            "engaged": (latent + rng.logistic(size=n) > 0.3).astype(float),
            "children": pd.Series(rng.poisson(np.exp(0.3 * latent))).astype("Int64"),
            "age": np.round(35 + 4 * latent + rng.normal(0, 8, n), 1),
            "arm": rng.integers(0, 2, n),
        }
    )
    data.index = pd.Index(rng.permutation(n) + 1000, name="row")
    for name in data.columns.difference(["person", "arm"]):
        data.loc[rng.random(n) < 0.2, name] = None
    return data


COLUMNS = ["severity", "site", "town", "charged", "engaged", "children", "age", "arm"]


def test_only_missing_answers_change_and_types_stay():
    data = people()
    before = data.copy(deep=True)

    imputations = multiple_imputation(data, COLUMNS, m=3, iterations=3, seed=4)

    frames = list(imputations.datasets())
    assert len(frames) == imputations.m == 3
    for frame in frames:
        assert (frame.dtypes == data.dtypes).all()
        assert frame.index.equals(data.index) and frame.columns.equals(data.columns)
        assert frame[COLUMNS].notna().all().all()
        for name in data.columns:
            answered = data[name].notna()
            assert (frame.loc[answered, name] == data.loc[answered, name]).all()
            assert set(frame[name].unique()) <= set(data[name].dropna().unique())
    assert any(not a.equals(b) for a, b in itertools.pairwise(frames))
    pd.testing.assert_frame_equal(data, before)
    assert imputations.methods == {
        "severity": "ordered",
        "site": "multinomial",
        "town": "multinomial",
        "charged": "logit",
        "engaged": "logit",
        "children": "pmm",
        "age": "pmm",
    }
    assert (imputations.n_missing == data[COLUMNS[:-1]].isna().sum()).all()
    assert imputations.n_complete == data[COLUMNS].notna().all(axis=1).sum()


def test_same_seed_same_imputations_and_a_smaller_m_is_a_prefix():
    data = people(120)
    few = multiple_imputation(data, COLUMNS, m=2, iterations=2, seed=7)
    again = multiple_imputation(data, COLUMNS, m=4, iterations=2, seed=7)
    other = multiple_imputation(data, COLUMNS, m=2, iterations=2, seed=8)

    for one, two in zip(few.datasets(), again.datasets(), strict=False):
        pd.testing.assert_frame_equal(one, two)
    pd.testing.assert_frame_equal(few.trace, again.trace.loc[:2])
    assert not next(few.datasets()).equals(next(other.datasets()))


def test_a_fractional_number_is_drawn_where_normal_is_asked_for():
    data = people(120)

    drawn = next(
        multiple_imputation(
            data, ["age", "arm", "engaged"], m=1, seed=1, methods={"age": "normal"}
        ).datasets()
    )

    new = drawn.loc[data["age"].isna(), "age"]
    assert not np.allclose(new, np.round(new, 1))


def test_trace_has_a_mean_per_chain_iteration_and_column():
    imputations = multiple_imputation(people(120), COLUMNS, m=2, iterations=3, seed=1)

    trace = imputations.trace
    assert trace.index.tolist() == [(i, j) for i in (1, 2) for j in (1, 2, 3)]
    assert {"age", "severity", "site[one]", "site[two]", "engaged"} <= set(trace.columns)
    last = list(imputations.datasets())[1]
    gaps = people(120)["age"].isna()
    assert trace.loc[(2, 3), "age"] == pytest.approx(last.loc[gaps, "age"].mean(), abs=1e-10)
    gaps = people(120)["site"].isna()
    share = (last.loc[gaps, "site"] == "one").mean()
    assert trace.loc[(2, 3), "site[one]"] == pytest.approx(share, abs=1e-12)


def test_chains_that_mix_say_nothing_and_chains_stuck_say_so():
    # Two columns that are the same but for a few rows, and never both answered elsewhere: each
    # chain holds on to the level at which it started.
    rng = np.random.default_rng(1)
    truth = rng.normal(0, 1, 300)
    gaps = rng.random(300) < 0.8
    stuck = pd.DataFrame(
        {
            "first": np.where(gaps, np.nan, truth),
            "second": np.where(gaps, np.nan, truth + rng.normal(0, 0.001, 300)),
        }
    )
    fine = multiple_imputation(people(), COLUMNS, m=5, iterations=10, seed=1)

    bad = multiple_imputation(stuck, m=5, iterations=10, seed=1, methods={"first": "normal"})

    assert fine.notes == ()
    assert (fine.convergence()["r_hat"] < 1.3).all()
    assert "still differ after 10 iterations" in bad.notes[-1]
    assert multiple_imputation(stuck, m=1, iterations=3, seed=1).notes == ()


def linear_data(n=60, seed=3):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = 1 + 2 * x + rng.normal(size=n)
    y[rng.random(n) < expit(x)] = np.nan
    return pd.DataFrame({"x": x, "y": y})


def test_a_single_column_is_regression_imputation_in_expectation():
    # With the normal model and one incomplete column everything is known in closed form
    # (Little and Rubin 2002, section 10.2): the mean of the completed column averages to that of
    # regression imputation, and its variance over imputations is
    # s^2 df/(df-2) [1/n1 + xbar' (X'X)^-1 xbar] (n1/n)^2, parameters' uncertainty included.
    data, m = linear_data(), 1500
    imputations = multiple_imputation(data, m=m, iterations=1, seed=1, methods={"y": "normal"})

    means = np.array([frame["y"].mean() for frame in imputations.datasets()])

    seen, x = data["y"].notna().to_numpy(), np.column_stack([np.ones(len(data)), data["x"]])
    b, rest = np.linalg.lstsq(x[seen], data["y"][seen], rcond=None)[:2]
    expected = np.where(seen, data["y"], x @ b).mean()
    df, n1, n = seen.sum() - 2, (~seen).sum(), len(data)
    centre = x[~seen].mean(axis=0)
    leverage = centre @ np.linalg.solve(x[seen].T @ x[seen], centre)
    variance = rest[0] / df * df / (df - 2) * (1 / n1 + leverage) * (n1 / n) ** 2
    # Monte Carlo: 4 standard errors of the mean; 15% is 4.1 of the variance's.
    assert means.mean() == pytest.approx(expected, abs=4 * np.sqrt(variance / m))
    assert means.var(ddof=1) == pytest.approx(variance, rel=0.15)


@pytest.mark.parametrize("kind", ["logit", "multinomial", "ordered"])
def test_levels_are_drawn_from_the_posterior_predictive(kind):
    # With no predictor that says anything, the share of a level among the drawn answers has mean
    # about its share among the answers, and variance that of the drawn parameters plus that of
    # the draw: p(1-p) (1/n_seen + 1/n_missing). Drawing without the parameters would halve it.
    seen = {"logit": [60, 40], "multinomial": [40, 25, 35], "ordered": [40, 25, 35]}[kind]
    codes = np.repeat(np.arange(len(seen)), seen)
    data = pd.DataFrame(
        {
            "y": pd.Categorical.from_codes(
                np.concatenate([codes, np.full(100, -1)]),
                ["a", "b", "c"][: len(seen)],
                ordered=kind == "ordered",
            ),
            "same": 1.0,
        }
    )

    imputations = multiple_imputation(data, m=800, iterations=1, seed=1)

    assert imputations.methods == {"y": kind}
    drawn = np.array([(f["y"].iloc[100:] == "b").mean() for f in imputations.datasets()])
    p = seen[1] / 100
    # Monte Carlo 4 errors, plus the normal approximation's pull of order 1/n.
    assert drawn.mean() == pytest.approx(p, abs=4 * drawn.std() / np.sqrt(800) + 0.005)
    assert drawn.var() == pytest.approx(p * (1 - p) * (1 / 100 + 1 / 100), rel=0.2)


def test_matching_copies_donors_who_are_alike():
    rng = np.random.default_rng(5)
    x = np.linspace(0, 10, 400)
    y = x**2 / 10
    gaps = rng.random(400) < 0.3
    data = pd.DataFrame({"x": x, "y": np.where(gaps, np.nan, y)})

    frame = next(multiple_imputation(data, m=1, iterations=1, seed=1).datasets())

    # The curve is no line, but donors near in x give answers near the truth; a straight line
    # would be off by up to 2.
    assert np.abs(frame["y"] - y)[gaps].max() < 1.0


def test_equal_fitted_means_do_not_make_the_same_rows_donors():
    data = pd.DataFrame({"x": np.repeat([0.0, 1.0], 300), "y": np.arange(600.0)})
    data.loc[rows := np.r_[100:200, 400:500], "y"] = np.nan

    drawn = [
        frame["y"].iloc[rows].to_numpy()
        for frame in multiple_imputation(data, m=30, iterations=1, seed=1).datasets()
    ]

    assert len(np.unique(drawn)) > 150  # 30 draws of 2 groups of 5 donors each, of 400
    assert (np.concatenate([d[:100] for d in drawn]) < 300).mean() > 0.95


def test_perfect_prediction_is_held_off_and_said():
    rng = np.random.default_rng(8)
    n = 300
    x = rng.integers(0, 2, n).astype(float)
    y = np.where(x == 1, 1.0, (rng.random(n) < 0.4).astype(float))  # x = 1 always has y = 1
    gaps = rng.random(n) < 0.3
    data = pd.DataFrame({"x": x, "y": np.where(gaps, np.nan, y)})

    imputations = multiple_imputation(data, m=40, iterations=1, seed=1)

    assert "predict 'y' perfectly" in imputations.notes[0]
    frames = list(imputations.datasets())
    drawn = np.mean([f["y"][gaps & (x == 1)].mean() for f in frames])
    other = np.mean([f["y"][gaps & (x == 0)].mean() for f in frames])
    assert 0.93 < drawn < 1.0  # without pseudo-rows draws of +-infinite log-odds: about a half
    assert other == pytest.approx(y[~gaps & (x == 0)].mean(), abs=0.06)


def test_augmentation_adds_the_pseudo_rows_of_white_daniel_and_royston():
    # 2 predictors and 3 levels: 12 rows that weigh 3 together, half a standard deviation from
    # the means, each predictor and level twice.
    rng = np.random.default_rng(1)
    x = np.column_stack([np.ones(50), rng.normal(10, 2, 50), rng.integers(0, 2, 50)])
    rows = Regression(rng.integers(0, 3, 50).astype(float), x, x[:1], np.ones(50))

    more = augment(rows, 3)

    added = more.observed[50:]
    assert len(added) == 12
    assert more.weights[50:].sum() == pytest.approx(3)
    assert np.bincount(more.answers[50:].astype(int)).tolist() == [4, 4, 4]
    half = 0.5 * x[:, 1].std(ddof=1)
    steps = np.unique(np.round(added[:, 1] - x[:, 1].mean(), 10))
    np.testing.assert_allclose(steps, [-half, 0, half], atol=1e-9)
    np.testing.assert_allclose(added.mean(axis=0), x.mean(axis=0), atol=1e-12)


def test_drawn_parameters_centre_on_our_logit():
    # The predicted share at each x over many draws against fit_logit's probabilities.
    rng = np.random.default_rng(4)
    x = rng.normal(size=400)
    y = (rng.random(400) < expit(-0.5 + x)).astype(float)
    design = np.column_stack([np.ones(400), x])
    asked = np.tile([[1.0, -1.0], [1.0, 0.0], [1.0, 1.5]], (2000, 1))
    rows = Regression(y, design, asked, np.ones(400))

    drawn = np.mean([draw_levels(rows, 2, Memory(), rng) for _ in range(60)], axis=0)

    fit = fit_logit("y ~ x", pd.DataFrame({"x": x, "y": y}))
    p = expit(fit.params["Intercept"] + fit.params["x"] * np.array([-1.0, 0.0, 1.5]))
    np.testing.assert_allclose(drawn.reshape(-1, 3).mean(axis=0), p, atol=0.015)


def test_independent_columns_keep_the_first_of_each_combination():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 30))
    ones = np.ones(30)

    kept = independent_columns(np.column_stack([ones, a, 3 * ones, b, a - 2 * b, 0 * a, b**2]))

    assert kept.tolist() == [0, 1, 3, 6]


def test_a_column_twice_over_is_left_out_and_said():
    data = people(100)[["age", "arm", "engaged"]].assign(again=lambda d: 3 * d["arm"] - 1)

    imputations = multiple_imputation(data, m=2, iterations=2, seed=1)

    assert imputations.notes == (
        "Predictors that are linear combinations of others among the answers to 'age', "
        "'engaged' are left out of its imputation model where that happens.",
    )
    plain = multiple_imputation(data.drop(columns="again"), m=2, iterations=2, seed=1)
    for one, two in zip(imputations.datasets(), plain.datasets(), strict=True):
        pd.testing.assert_frame_equal(one.drop(columns="again"), two)


def test_predictors_limit_what_a_column_is_drawn_from():
    rng = np.random.default_rng(6)
    x, other = rng.normal(size=(2, 500))
    data = pd.DataFrame({"x": x, "y": x + 0.1 * rng.normal(size=500), "other": other})
    gaps = rng.random(500) < 0.3
    data.loc[gaps, "y"] = np.nan

    free = multiple_imputation(data, m=3, iterations=1, seed=1)
    barred = multiple_imputation(data, m=3, iterations=1, seed=1, predictors={"y": ["other"]})

    assert np.corrcoef(next(free.datasets())["y"][gaps], x[gaps])[0, 1] > 0.95
    assert abs(np.corrcoef(next(barred.datasets())["y"][gaps], x[gaps])[0, 1]) < 0.3


def test_ordered_columns_predict_by_level_or_by_score():
    # The age of the middle level stands out, which a score cannot say: it gives the mean.
    rng = np.random.default_rng(7)
    level = rng.integers(0, 3, 900)
    data = pd.DataFrame(
        {
            "level": pd.Categorical.from_codes(level, ["low", "mid", "high"], ordered=True),
            "age": np.array([30.0, 50.0, 30.0])[level] + rng.normal(size=900),
        }
    )
    gaps = rng.random(900) < 0.3
    data.loc[gaps, "age"] = np.nan
    middle = gaps & (level == 1)

    drawn = {
        how: next(
            multiple_imputation(
                data,
                m=1,
                iterations=1,
                seed=1,
                ordered_predictors=how,
                methods={"age": "normal"},
            ).datasets()
        )["age"][middle].mean()
        for how in ("levels", "scores")
    }

    assert drawn["levels"] == pytest.approx(50, abs=0.5)
    assert drawn["scores"] == pytest.approx(data["age"].mean(), abs=4)


def test_nothing_missing_gives_the_data_back():
    data = people().dropna()

    imputations = multiple_imputation(data, COLUMNS, m=2, seed=1)

    assert imputations.methods == {} and imputations.n_missing.empty
    assert imputations.notes == () and imputations.n_complete == len(data)
    for frame in imputations.datasets():
        pd.testing.assert_frame_equal(frame, data)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"columns": ["age", "agee"]}, "no column 'agee'"),
        ({}, {"columns": ["age", "age"]}, "named twice"),
        ({}, {"columns": ["age"]}, "second column"),
        ({}, {"columns": ["age", "person"]}, "'person' has 200 levels.*without identifiers"),
        ({}, {"columns": ["age", "arm"], "methods": {"site": "logit"}}, "not among the columns"),
        ({}, {"columns": ["age", "arm"], "methods": {"age": "magic"}}, "must be one of logit"),
        ({}, {"columns": ["site", "arm"], "methods": {"site": "pmm"}}, "is no number"),
        ({}, {"columns": ["site", "arm"], "methods": {"site": "logit"}}, "3 levels; a logit"),
        ({}, {"columns": ["children", "arm"], "methods": {"children": "normal"}}, "whole numbers"),
        ({}, {"columns": ["age", "arm"], "m": 0}, "at least 1"),
        ({}, {"columns": ["age", "arm"], "iterations": 1.5}, "whole numbers"),
        ({}, {"columns": ["age", "arm"], "seed": -1}, "seed"),
        ({}, {"columns": ["age", "arm"], "predictors": {"age": ["site"]}}, "'site' among predict"),
        ({}, {"columns": ["age", "arm"], "ordered_predictors": "both"}, "'levels' or 'scores'"),
        ({"born": pd.Timestamp("2001-01-01")}, {"columns": ["age", "born"]}, "holds dates"),
    ],
)
def test_wrong_use_is_said(change, options, message):
    data = people().assign(**change)
    columns = options.pop("columns")
    with pytest.raises(ModelUsageError, match=message):
        multiple_imputation(data, columns, **({"seed": 1} | options))


def test_data_that_cannot_be_imputed_are_said():
    data = people(40)
    n = len(data)
    nothing = data.assign(empty=np.nan, one=np.where(np.arange(n) < 5, np.nan, 3.0))
    with pytest.raises(ModelDataError, match="'empty' has no answer at all"):
        multiple_imputation(nothing, ["age", "empty"], seed=1)
    with pytest.raises(ModelDataError, match="'one' has missing answers and a single value"):
        multiple_imputation(nothing, ["age", "one"], seed=1)
    with pytest.raises(ModelDataError, match="'age' is infinite in 2 rows"):
        multiple_imputation(
            data.assign(age=np.where(np.arange(n) < 2, np.inf, data["age"])), ["age", "arm"], seed=1
        )
    few = pd.DataFrame(np.random.default_rng(1).normal(size=(30, 6)), columns=list("abcdef"))
    few.loc[4:, "a"] = np.nan
    with pytest.raises(ModelDataError, match=r"'a' cannot be imputed: .*fewer columns"):
        multiple_imputation(few, seed=1)
    with pytest.raises(ModelDataError, match="no rows"):
        multiple_imputation(data.iloc[:0], ["age", "arm"], seed=1)


def test_an_unseen_category_is_neither_drawn_nor_lost():
    data = people()
    data["site"] = data["site"].cat.add_categories(["four"])

    frames = list(multiple_imputation(data, ["site", "age", "arm"], m=2, seed=1).datasets())

    for frame in frames:
        assert frame["site"].dtype == data["site"].dtype
        assert "four" not in set(frame["site"])


def test_rows_in_any_index_and_repeated_labels_stay_in_place():
    data = people(50)
    data.index = [1] * 50

    frame = next(multiple_imputation(data, ["age", "arm", "engaged"], m=1, seed=1).datasets())

    answered = data["age"].notna().to_numpy()
    assert (frame["age"].to_numpy()[answered] == data["age"].to_numpy()[answered]).all()
    assert stats.describe(frame["age"]).nobs == 50 and frame["age"].notna().all()
