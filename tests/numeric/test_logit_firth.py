"""Firth's and the log-F penalty against published output, closed forms and brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import chi2
from statsmodels.tools.numdiff import approx_fprime

from datrial.models import ModelUsageError, fit_logit, fit_multinomial_logit
from datrial.models.logit.firth import jeffreys_penalty
from datrial.models.logit.likelihood import LogitLikelihood
from datrial.models.logit.problem import LogitProblem
from datrial.verification.published_data import FIRTH_PRINTED, endometrial, sex2


def published(name: str):
    if name == "endometrial":
        return fit_logit("HG ~ NV + PI + EH", endometrial(), penalty="firth")
    formula = "case ~ age + oc + vic + vicl + vis + dia"
    return fit_logit(formula, sex2(), weights="n", penalty="firth")


@pytest.mark.parametrize("name", ["endometrial", "sex2"])
def test_firth_estimates_and_profile_intervals_are_those_of_logistf(name):
    # Source: R logistf, as the tests of the Python package firthlogist quote it to 7 digits.
    # Tolerance 1e-5: what logistf's own convergence criterion leaves.
    fit = published(name)

    table = fit.profile_intervals()

    expected = pd.DataFrame(FIRTH_PRINTED[name], index=["estimate", "ci_low", "ci_high"]).T
    np.testing.assert_allclose(table[expected.columns].loc[expected.index], expected, rtol=1e-5)
    np.testing.assert_allclose(fit.params, table["estimate"], rtol=0)


def test_firth_errors_and_tests_are_the_published_ones():
    # Source: brglm2's standard errors of the endometrial data in three decimals (the inverse
    # information at the estimates); of sex2 logistf's chi-squared statistics in two decimals (as
    # R's easystats quotes them) and its likelihood-ratio test: 49.09064 on 6 degrees of freedom,
    # p = 7.15e-09.
    errors = published("endometrial").bse
    np.testing.assert_allclose(errors, [1.489, 1.551, 0.040, 0.776], atol=6e-4)
    fit = published("sex2")

    p_values = fit.profile_intervals(["age", "oc", "vic", "vicl", "vis", "dia"])["p_value"]
    ratio = fit.likelihood_ratio_test()

    statistics = chi2.isf(p_values, 1)
    np.testing.assert_allclose(statistics, [7.51, 0.02, 22.93, 19.10, 3.70, 7.90], atol=6e-3)
    assert fit.penalised_llf == pytest.approx(-132.5394, abs=1e-4)
    assert (ratio.statistic, ratio.df) == (pytest.approx(49.09064, abs=1e-4), 6)
    assert ratio.p_value == pytest.approx(7.15e-9, rel=2e-3)


@pytest.mark.parametrize("cells", [(3, 7, 9, 2), (0, 5, 8, 4), (0, 6, 6, 0)])
def test_firth_of_a_two_by_two_table_adds_a_half_to_each_cell(cells):
    # Identity (Firth 1993): saturated, so the penalty is half the log of each cell's p(1-p).
    a, b, c, d = cells
    data = pd.DataFrame({"y": [1, 0, 1, 0], "x": [1, 1, 0, 0], "n": [a, b, c, d]})

    fit = fit_logit("y ~ x", data, weights="n", penalty="firth")

    odds = ((a + 0.5) / (b + 0.5), (c + 0.5) / (d + 0.5))
    assert fit.params["x"] == pytest.approx(np.log(odds[0] / odds[1]), abs=1e-9)
    assert fit.params["Intercept"] == pytest.approx(np.log(odds[1]), abs=1e-9)


def test_firth_of_a_saturated_multinomial_adds_a_half_to_each_cell():
    # Identity: |I| of a saturated model is the product of all p; 1/2 on each level of a group.
    counts = np.array([[5, 0, 7], [2, 9, 0]])
    data = pd.DataFrame(
        [(g, y, counts[g, y]) for g in (0, 1) for y in (0, 1, 2)], columns=["g", "y", "n"]
    )
    fit = fit_multinomial_logit("y ~ g", data, weights="n", penalty="firth")

    shares = (counts + 0.5) / (counts + 0.5).sum(axis=1, keepdims=True)
    expected = np.log(shares[:, 1:] / shares[:, :1])

    for level in (1, 2):
        assert fit.params[level, "Intercept"] == pytest.approx(expected[0, level - 1], abs=1e-9)
        slope = expected[1, level - 1] - expected[0, level - 1]
        assert fit.params[level, "g"] == pytest.approx(slope, abs=1e-9)


@pytest.mark.parametrize("levels", [2, 3, 4])
@pytest.mark.parametrize("penalty", ["firth", "log_f"])
def test_gradient_and_hessian_are_the_derivatives_of_the_penalised_likelihood(penalty, levels):
    # Source: statsmodels' central differences; error about 1e-9 in the gradient.
    rng = np.random.default_rng(levels)
    x = np.column_stack([np.ones(40), rng.normal(size=40), rng.integers(0, 2, 40)])
    problem = LogitProblem.of(LogitLikelihood(x, rng.integers(0, 4, (40, levels)) * 1.0), penalty)
    point = rng.normal(scale=0.7, size=3 * (levels - 1))

    _, gradient, hessian = problem(point)

    np.testing.assert_allclose(
        approx_fprime(point, lambda b: problem(b)[0], centered=True), gradient, atol=1e-6
    )
    np.testing.assert_allclose(
        approx_fprime(point, lambda b: problem(b)[1], centered=True), hessian, atol=1e-6
    )


def test_without_its_own_curvature_the_penalty_leads_to_the_same_estimate(monkeypatch):
    # Large data leave it out: only the path of Newton's method changes. Tolerance: the decrement.
    exact = published("sex2")
    monkeypatch.setattr("datrial.models.logit.firth.EXACT_PATTERNS", 0)

    scored = published("sex2")

    assert scored.converged
    assert scored.top.iterations > exact.top.iterations
    np.testing.assert_allclose(scored.params, exact.params, atol=1e-5)
    likelihood = exact.problem.likelihood
    at = likelihood.evaluate(exact.top.point)
    assert not jeffreys_penalty(likelihood, at)[2].any()


def test_firth_does_not_depend_on_the_reference_nor_on_units():
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"age": rng.normal(35, 9, 90), "arm": rng.integers(0, 2, 90)})
    data["y"] = rng.integers(0, 3, 90)
    fit = fit_multinomial_logit("y ~ age + arm", data, penalty="firth")
    months = data.assign(age=12 * data["age"])

    other = fit_multinomial_logit("y ~ age + arm", months, reference=2, penalty="firth")

    # ln|I| itself moves by the change of scale: ln 12 for each of two equations.
    assert other.penalised_llf - 2 * np.log(12) == pytest.approx(fit.penalised_llf, abs=1e-9)
    gap = fit.params[1, "age"] - fit.params[2, "age"]
    assert 12 * other.params[1, "age"] == pytest.approx(gap, abs=1e-7)
    np.testing.assert_allclose(
        other.average_predictions("arm").sort_index()["probability"],
        fit.average_predictions("arm").sort_index()["probability"], atol=1e-8,
    )  # fmt: skip


@pytest.mark.parametrize("penalty", [None, "firth", "log_f"])
def test_profile_intervals_are_those_of_a_brute_force_profile(penalty):
    # Source: scipy maximises over the other parameter on a fine walk; no code is shared but
    # the likelihood's formula. Tolerance: at the printed end twice the fall is 3.841459.
    data = sex2()
    x = np.column_stack([np.ones(len(data)), data["vis"]])
    y, n = data["case"].to_numpy(), data["n"].to_numpy()

    def minus(intercept, slope):
        p = expit(x @ [intercept, slope])
        value = n @ np.log(np.where(y == 1, p, 1 - p))
        if penalty == "firth":
            value += 0.5 * np.linalg.slogdet(x.T @ (x * (n * p * (1 - p))[:, None]))[1]
        if penalty == "log_f":
            value += slope / 2 - np.log1p(np.exp(slope))
        return -value

    options = {"xatol": 1e-9, "fatol": 1e-12}
    top = minimize(lambda b: minus(*b), [0, 0], method="Nelder-Mead", options=options)
    fit = fit_logit("case ~ vis", data, weights="n", penalty=penalty)
    row = fit.profile_intervals(["vis"]).iloc[0]

    def fall(slope):
        inner = minimize(lambda b: minus(b[0], slope), [0], method="Nelder-Mead", options=options)
        return 2 * (inner.fun - top.fun)

    assert row["estimate"] == pytest.approx(top.x[1], abs=1e-6)
    for end in ("ci_low", "ci_high"):
        assert fall(row[end]) == pytest.approx(3.841459, abs=1e-5)
    assert row["ci_low"] < row["estimate"] < row["ci_high"]
    assert row["p_value"] == pytest.approx(chi2.sf(fall(0.0), 1), rel=1e-4)


def test_under_separation_a_plain_profile_interval_is_open_and_a_penalised_one_is_not():
    plain = fit_logit("HG ~ NV + PI + EH", endometrial())

    row = plain.profile_intervals(["NV"]).iloc[0]

    assert np.isposinf(row["ci_high"])
    assert 0 < row["ci_low"] < 3
    assert any("'NV' (plus infinity)" in note and "firth" in note for note in plain.notes)


def test_auto_takes_firth_where_it_must_and_nothing_where_it_need_not():
    data = endometrial()
    chosen = fit_logit("HG ~ NV + PI + EH", data, penalty="auto")
    enough = fit_logit("HG ~ PI + EH", data, penalty="auto")

    assert chosen.penalty == "firth"
    assert chosen.separated == ["NV"]
    assert chosen.sparse == ("NV",)
    assert chosen.notes[0].startswith("Firth's penalised likelihood was chosen because the outcome")
    assert enough.penalty is None
    assert enough.notes[0].startswith("Maximum likelihood: no separation")
    np.testing.assert_allclose(chosen.params, published("endometrial").params)
    np.testing.assert_allclose(enough.params, fit_logit("HG ~ PI + EH", data).params)

    rare = data.assign(HG=(data["EH"] > 3.0).astype(int))
    assert fit_logit("HG ~ PI", rare, penalty="auto").penalty == "firth"
    assert any("'1' has only 4 rows" in n for n in fit_logit("HG ~ PI", rare).notes)


def test_log_f_is_two_added_rows_for_a_yes_no_predictor():
    # Identity (Greenland and Mansournia 2015): log-F(1,1) on b is one more row of weight 1, x = 1
    # without the intercept, half of it an event. In a saturated table the penalised likelihood
    # can be written down; here maximised by scipy. Tolerance: what BFGS leaves.
    data = endometrial()
    x = np.column_stack([np.ones(len(data)), data["NV"]])
    y = data["HG"].to_numpy()

    def minus(b):
        eta = x @ b
        return -(y @ eta - np.logaddexp(0, eta).sum() + b[1] / 2 - np.logaddexp(0, b[1]))

    top = minimize(minus, [0, 0], options={"gtol": 1e-9})

    fit = fit_logit("HG ~ NV", data, penalty="log_f")

    np.testing.assert_allclose(fit.params, top.x, atol=1e-5)
    assert fit.penalised_llf == pytest.approx(-top.fun, abs=1e-8)
    assert fit.covariance_note.startswith("Model-based: inverse of the penalised information")


def test_with_clusters_there_is_no_profile_under_a_penalty_either():
    data = sex2().assign(person=lambda d: d.index // 2)
    clustered = fit_logit("case ~ vis + dia", data, weights="n", cluster="person", penalty="firth")

    assert clustered.n_clusters == 18
    assert "Only 18 clusters" in clustered.notes[-1]
    with pytest.raises(ModelUsageError, match="not valid with clusters"):
        clustered.profile_intervals(["dia"])
    with pytest.raises(ModelUsageError, match="not valid with clusters"):
        clustered.likelihood_ratio_test()


def rare_need(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Simulate a behaviour of 20% and a need of 2% that triples its odds."""
    need = rng.random(n) < 0.02
    need[:2] = True  # always someone: a constant predictor is another matter
    other = rng.random(n) < 0.4
    eta = np.log(0.25) + np.log(3.0) * need + 0.5 * other
    frame = pd.DataFrame({"need": need * 1.0, "other": other * 1.0})
    return frame.assign(y=(rng.random(n) < expit(eta)) * 1)


def recovery(samples: int, seed: int) -> tuple[float, float, float]:
    """Return bias of Firth's log odds, and coverage of its profile and Wald intervals."""
    rng = np.random.default_rng(seed)
    estimates, profile, wald = [], [], []
    for _ in range(samples):
        fit = fit_logit("y ~ need + other", rare_need(480, rng), penalty="firth")
        row = fit.profile_intervals(["need"]).iloc[0]
        ends = fit.conf_int().loc["need"]
        estimates.append(row["estimate"])
        profile.append(row["ci_low"] <= np.log(3.0) <= row["ci_high"])
        wald.append(ends["ci_low"] <= np.log(3.0) <= ends["ci_high"])
    return float(np.mean(estimates)) - np.log(3.0), float(np.mean(profile)), float(np.mean(wald))


def test_a_need_of_two_per_cent_is_recovered():
    # Source: simulation, 120 samples. The estimate's standard deviation is about 0.75: standard
    # error of the mean 0.068; tolerance three of them. Coverage .95 less 3 x .02.
    bias, profile, _ = recovery(120, seed=40)

    assert bias == pytest.approx(0, abs=0.21)
    assert profile >= 0.89


@pytest.mark.long
def test_profile_intervals_of_a_rare_need_cover_in_many_samples():
    # 1,000 samples: standard error of coverage .007, of the bias .024; tolerances three of them,
    # and .005 for the few cases per sample. Wald's intervals are too wide here: they cover more.
    bias, profile, wald = recovery(1000, seed=50)

    assert bias == pytest.approx(0, abs=0.072)
    assert profile == pytest.approx(0.95, abs=0.026)
    assert wald > 0.96
