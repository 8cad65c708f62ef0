"""Partial proportional odds against published examples, binary logits and simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize

from datrial.models import (
    fit_ordered_logit,
    fit_partial_proportional_odds,
    fit_random_intercept_ordered_logit,
)
from datrial.models.ordered_logit.partial_likelihood import PartialLikelihood
from datrial.verification.published_data import wine


def test_the_published_proportional_odds_of_the_wine_are_met():
    # Source: Christensen, "A Tutorial on fitting Cumulative Link Models with the ordinal
    # Package", clm(rating ~ contact + temp): log-likelihood and estimates as printed there.
    fit = fit_ordered_logit("rating ~ warm + contact", wine())

    assert fit.llf == pytest.approx(-86.49192, abs=5e-6)
    np.testing.assert_allclose(
        fit.params, [2.5031, 1.5278, -1.3444, 1.2508, 3.4669, 5.0064], atol=5e-5
    )
    np.testing.assert_allclose(fit.bse, [0.5287, 0.4766, 0.5171, 0.4379, 0.5978, 0.7309], atol=6e-5)


def test_the_published_nominal_effects_of_the_wine_are_met():
    # Source: the same, section "Nominal effects": clm(rating ~ temp, nominal = ~ contact), whose
    # nominal estimates carry the opposite sign; log-likelihood -86.21, AIC 190.42, and the
    # likelihood-ratio test of the nominal effect 0.5667 on 3 degrees of freedom.
    fit = fit_partial_proportional_odds("rating ~ warm + contact", wine(), nonparallel=["contact"])

    assert fit.llf == pytest.approx(-86.20855, abs=5e-6)
    assert fit.aic == pytest.approx(190.42, abs=0.005)
    assert 2 * (fit.llf - fit.proportional_llf) == pytest.approx(0.5667, abs=5e-5)
    assert fit.params.index.tolist() == [
        "warm", *(f"contact@cut{c}" for c in (1, 2, 3, 4)), *(f"cut{c}" for c in (1, 2, 3, 4)),
    ]  # fmt: skip
    np.testing.assert_allclose(
        fit.params,
        [2.519, 1.6151, 1.5116, 1.6748, 1.0506, -1.3230, 1.2464, 3.5500, 4.6602],
        atol=5e-5,
    )
    np.testing.assert_allclose(
        fit.bse,
        [0.535, 1.1618, 0.5906, 0.6488, 0.8965, 0.5623, 0.4748, 0.6560, 0.8604],
        atol=6e-5,
    )


def test_a_predictor_that_separates_a_cut_falls_back_and_is_said():
    # No warm wine was rated 1: the effect of warmth at the first cut is infinite.
    fit = fit_partial_proportional_odds(
        "rating ~ warm + contact", wine(), nonparallel=["warm", "contact"]
    )

    assert fit.nonparallel == ["contact"]
    assert any("'warm' has no finite estimate at some cut" in note for note in fit.notes)
    assert fit.llf == pytest.approx(-86.20855, abs=5e-6)
    assert not any("penalty" in note for note in fit.notes)


def draw(n_people, rng, *, effects=(1.3, 0.8, 0.2), person_sd=0.0, times=3):
    """Simulate four levels; `effects` are those of `arm` at the three cuts."""
    person = np.repeat(np.arange(n_people), times)
    arm = np.repeat(rng.integers(0, 2, n_people), times)
    age = rng.normal(0, 1, n_people * times)
    eta = 0.4 * age + np.repeat(rng.normal(0, person_sd, n_people), times)
    lines = np.array([-0.6, 0.5, 1.5]) - arm[:, None] * np.array(effects) - eta[:, None]
    assert (np.diff(lines, axis=1) > 0).all()
    code = (rng.logistic(size=len(arm))[:, None] > lines).sum(axis=1)
    site = pd.Categorical.from_codes(rng.integers(0, 3, len(arm)), ["one", "two", "three"])
    return pd.DataFrame({"level": code, "arm": arm, "age": age, "site": site, "person": person})


def test_score_and_hessian_are_the_derivatives_of_the_log_likelihood():
    # Source: central differences, step 1e-5.
    rng = np.random.default_rng(1)
    model = PartialLikelihood(
        rng.integers(0, 4, 60), rng.normal(size=(60, 2)), rng.integers(0, 2, (60, 2)).astype(float),
        rng.uniform(0.5, 2, 60), 4,
    )  # fmt: skip
    params = np.array([0.4, -0.6, -1.2, 0.5, 0.1, 0.1, 0.2, -0.2, 1.4, 0.1, 0.3])
    value, gradient, hessian = model.value_gradient_hessian(params)
    assert np.isfinite(value)

    for a in range(model.size):
        e = np.zeros(model.size)
        e[a] = 1e-5
        up, down = (model.value_gradient_hessian(params + s * e) for s in (1, -1))
        assert (up[0] - down[0]) / 2e-5 == pytest.approx(gradient[a], rel=1e-6, abs=1e-6)
        np.testing.assert_allclose((up[1] - down[1]) / 2e-5, hessian[a], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(model.scores(params).sum(axis=0), gradient, atol=1e-10)


def test_with_nothing_free_it_is_the_ordered_logit():
    data = draw(120, np.random.default_rng(2), person_sd=0.8)
    fit = fit_partial_proportional_odds("level ~ arm + age", data, nonparallel=[], cluster="person")
    peer = fit_ordered_logit("level ~ arm + age", data, cluster="person")

    assert fit.llf == pytest.approx(peer.llf, abs=1e-9)
    np.testing.assert_allclose(fit.params, peer.params, atol=1e-8)
    np.testing.assert_allclose(fit.bse, peer.bse, rtol=1e-7)
    np.testing.assert_allclose(
        fit.average_predictions("arm"), peer.average_predictions("arm"), atol=1e-8
    )
    np.testing.assert_allclose(fit.contrasts("arm"), peer.contrasts("arm"), atol=1e-7)


def test_with_one_free_factor_alone_it_is_a_binary_logit_at_every_cut():
    # Identity: the model is saturated, so its cuts are those of separate logits (statsmodels),
    # its average predictions the observed shares with their binomial errors.
    data = draw(300, np.random.default_rng(3))
    fit = fit_partial_proportional_odds("level ~ arm", data, nonparallel=["arm"])
    for cut in (1, 2, 3):
        peer = sm.Logit((data["level"] >= cut).astype(int), sm.add_constant(data["arm"])).fit(
            disp=0
        )
        assert fit.params[f"arm@cut{cut}"] == pytest.approx(peer.params["arm"], abs=1e-6)
        assert fit.bse[f"arm@cut{cut}"] == pytest.approx(peer.bse["arm"], rel=1e-5)
        assert fit.params[f"cut{cut}"] == pytest.approx(-peer.params["const"], abs=1e-6)

    table = fit.average_predictions("arm")
    shares = pd.crosstab(data["arm"], data["level"], normalize="index")
    sizes = data["arm"].value_counts()
    for arm in (0, 1):
        p = shares.loc[arm]
        np.testing.assert_allclose(table.loc[arm, "probability"], p, atol=1e-8)
        np.testing.assert_allclose(
            table.loc[arm, "bse"], np.sqrt(p * (1 - p) / sizes[arm]), rtol=1e-6
        )
    assert fit.contrasts("arm").loc[(1, 3), "difference"] == pytest.approx(
        shares.loc[1, 3] - shares.loc[0, 3], abs=1e-8
    )


def test_the_maximum_is_that_of_a_search_without_derivatives():
    # Source: the likelihood written out, maximised by scipy's Nelder-Mead.
    data = draw(120, np.random.default_rng(4))
    fit = fit_partial_proportional_odds("level ~ arm + age", data, nonparallel=["arm"])
    arm, age, code = (data[c].to_numpy(float) for c in ("arm", "age", "level"))
    code = code.astype(int)

    def minus(params):
        lines = params[4:] - arm[:, None] * params[1:4] - age[:, None] * params[0]
        below = np.column_stack([0 * arm, 1 / (1 + np.exp(-lines)), 0 * arm + 1])
        p = np.take_along_axis(np.diff(below, axis=1), code[:, None], axis=1)
        return -np.log(np.maximum(p, 1e-300)).sum()

    best = minimize(
        minus, fit.params + 0.02, method="Nelder-Mead",
        options={"maxiter": 8000, "maxfev": 8000, "xatol": 1e-7, "fatol": 1e-10},
    )  # fmt: skip
    assert fit.llf == pytest.approx(-best.fun, abs=1e-6)
    np.testing.assert_allclose(fit.params, best.x, atol=2e-3)


def test_errors_of_average_predictions_are_the_delta_method_by_differences():
    # Source: numerical derivative of the averages in every parameter; step 1e-6.
    data = draw(100, np.random.default_rng(5), person_sd=0.6)
    fit = fit_partial_proportional_odds(
        "level ~ arm + age", data, nonparallel=["arm"], cluster="person"
    )
    table = fit.average_predictions("arm")

    def averages(params, arm):
        lines = np.column_stack(
            [params[f"cut{c}"] - arm * params[f"arm@cut{c}"] - data["age"] * params["age"]
             for c in (1, 2, 3)]
        )  # fmt: skip
        below = np.column_stack([0 * lines[:, 0], 1 / (1 + np.exp(-lines)), 0 * lines[:, 0] + 1])
        return np.diff(below, axis=1).mean(axis=0)

    for arm in (0, 1):
        jacobian = np.column_stack(
            [
                (averages(fit.params + 1e-6 * (fit.params.index == name), arm)
                 - averages(fit.params - 1e-6 * (fit.params.index == name), arm)) / 2e-6
                for name in fit.params.index
            ]
        )  # fmt: skip
        variance = np.diag(jacobian @ fit.cov_params().to_numpy() @ jacobian.T)
        np.testing.assert_allclose(
            table.loc[arm, "probability"], averages(fit.params, arm), atol=1e-10
        )
        np.testing.assert_allclose(table.loc[arm, "bse"], np.sqrt(variance), rtol=1e-5)


def test_auto_frees_what_brants_test_rejects():
    data = draw(500, np.random.default_rng(6))

    fit = fit_partial_proportional_odds("level ~ arm + age", data, cluster="person")
    flat = fit_partial_proportional_odds(
        "level ~ arm + age", draw(200, np.random.default_rng(8), effects=(0.5, 0.5, 0.5))
    )

    assert fit.nonparallel == ["arm"]
    assert "rejects proportional odds at 0.05 for 'arm'" in fit.notes[0]
    assert fit.parallel_test().loc["arm", "p_value"] < 0.001
    assert fit.parallel_test().loc["arm", "df"] == 2
    assert flat.nonparallel == []
    assert "for no predictor" in flat.notes[0]
    assert flat.parallel_test().empty


def test_a_factor_frees_all_its_columns_and_a_column_itself_alone():
    data = draw(200, np.random.default_rng(9), effects=(0.5, 0.5, 0.5))
    formula = "level ~ arm + site"
    every = fit_partial_proportional_odds(formula, data, nonparallel=["site"])
    one = fit_partial_proportional_odds(formula, data, nonparallel="site[T.two]")

    assert every.nonparallel == ["site[T.two]", "site[T.three]"]
    assert one.nonparallel == ["site[T.two]"]
    assert "site[T.three]" in one.params.index
    with pytest.raises(ValueError, match="'sites' is not a predictor of this model; it has arm"):
        fit_partial_proportional_odds(formula, data, nonparallel=["sites"])


def test_negative_predicted_probabilities_are_counted_and_said():
    # At `dose` -3 to 3 the lines of the two cuts cross for a few rows with extreme doses, whose
    # own levels are possible all the same: lowest and highest.
    rng = np.random.default_rng(10)
    dose = np.concatenate([rng.uniform(-1, 1, 400), rng.uniform(5, 6, 6)])
    lines = np.column_stack([-0.5 - 0.2 * dose, 0.7 + 0.6 * dose * 0 - 1.0 * dose])
    draws = rng.logistic(size=len(dose))
    code = np.where(draws < lines.min(axis=1), 0, np.where(draws > lines.max(axis=1), 2, 1))
    code[400:] = 2
    data = pd.DataFrame({"level": code, "dose": dose})

    fit = fit_partial_proportional_odds("level ~ dose", data, nonparallel=["dose"])

    p = fit.probabilities(data[["dose"]].to_numpy())[0]
    expected = int((p < 0).any(axis=1).sum())
    assert expected == fit.n_negative > 0
    assert any(f"{expected} rows have a negative predicted" in note for note in fit.notes)


def test_weights_and_missing_answers_are_those_of_the_ordered_logit():
    data = draw(100, np.random.default_rng(11)).astype({"age": float})
    data.loc[[0, 7], "age"] = np.nan
    data["w"] = np.random.default_rng(12).integers(0, 3, len(data))
    repeated = data.loc[data.index.repeat(data["w"])]

    fit = fit_partial_proportional_odds(
        "level ~ arm + age", data, nonparallel=["arm"], weights="w", cluster="person"
    )
    rows = fit_partial_proportional_odds(
        "level ~ arm + age", repeated, nonparallel=["arm"], cluster="person"
    )

    assert fit.n_left_out == 2
    assert fit.nobs == rows.nobs
    assert fit.llf == pytest.approx(rows.llf, abs=1e-8)
    np.testing.assert_allclose(fit.params, rows.params, atol=1e-7)
    ratio = (fit.n_clusters / (fit.n_clusters - 1)) / (rows.n_clusters / (rows.n_clusters - 1))
    np.testing.assert_allclose(fit.bse, rows.bse * np.sqrt(ratio), rtol=1e-6)
    assert "G/(G-1)" in fit.covariance_note


def recovery(samples, n_people, seed):
    """Return mean error and coverage of the clustered intervals of arm's effect at each cut."""
    names = [f"arm@cut{cut}" for cut in (1, 2, 3)]
    rng = np.random.default_rng(seed)
    error, held = np.zeros((samples, 3)), np.zeros((samples, 3), dtype=bool)
    truth = np.array([1.3, 0.8, 0.2])
    for i in range(samples):
        fit = fit_partial_proportional_odds(
            "level ~ arm + age", draw(n_people, rng), nonparallel=["arm"], cluster="person"
        )
        limits = fit.conf_int().loc[names]
        error[i] = fit.params[names] - truth
        held[i] = (limits["ci_low"] < truth) & (truth < limits["ci_high"])
    return error.mean(axis=0), held.mean(axis=0)


def test_the_effects_are_recovered():
    # Source: simulation, 60 samples of 200 people x 3. Standard error of the mean about .026;
    # coverage .028; tolerance three of each plus .02 of finite-sample bias.
    error, held = recovery(60, 200, 70)

    assert error == pytest.approx(0, abs=0.1)
    assert held == pytest.approx(0.95, abs=0.1)


@pytest.mark.long
def test_the_effects_are_recovered_in_many_samples():
    # 1,500 samples of 400 people: standard errors .004 and .006; three of each, and bias .01.
    error, held = recovery(1500, 400, 80)

    assert error == pytest.approx(0, abs=0.022)
    assert held == pytest.approx(0.95, abs=0.025)


def test_no_result_shows_a_row_when_it_is_printed():
    # A canary as a name, an index and a value; none may reach a log through a repr.
    data = draw(60, np.random.default_rng(13))
    data["person"] = [f"Canary {i // 3}" for i in range(len(data))]
    data.index = [f"Canary row {i}" for i in range(len(data))]
    data.iloc[7, data.columns.get_loc("age")] = 7.0625
    pooled = fit_ordered_logit("level ~ arm + age", data, cluster="person", penalty="auto")
    results = [
        pooled,
        pooled.brant(),
        fit_partial_proportional_odds("level ~ arm + age", data, cluster="person"),
        fit_random_intercept_ordered_logit("level ~ arm + age", data, group="person"),
    ]
    for result in results:
        assert "Canary" not in repr(result)
        assert "7.0625" not in repr(result)
