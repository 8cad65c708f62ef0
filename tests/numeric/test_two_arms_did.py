"""Difference in differences against closed forms, other programs and simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit, ndtr

from datrial.models import (
    ModelDataError,
    ModelUsageError,
    fit_difference_in_differences,
    fit_fixed_effects_difference,
    fit_logit,
)
from datrial.models.two_arms.bounded import bounded_interval

LEVELS = ["none", "standard", "moderate", "high"]
SIDES = {"time": "when", "arm": "arm", "reference_time": "intake", "reference_arm": "control"}
BY_PERSON = {**SIDES, "cluster": "person"}


def draw(rng, sizes=(353, 104), effects=(-1.5, 0.2, -0.4), cuts=(0.2, 1.0, 1.8), alike=0.5, x=0.4):
    """Draw people with two forms each, whose answers are alike.

    The latent answers are logistic at every time and correlate within a person (a normal copula),
    so that the pooled logits are true as they stand, with the coefficients given here.
    """
    n = sum(sizes)
    arm = np.repeat([0, 1], sizes)
    covariate = rng.normal(size=n)
    normal = np.sqrt(alike) * rng.normal(size=(n, 1)) + np.sqrt(1 - alike) * rng.normal(size=(n, 2))
    after = np.array([0, 1])
    eta = effects[0] * after + effects[1] * arm[:, None] + effects[2] * after * arm[:, None]
    code = np.digitize(eta + x * covariate[:, None] + logit(ndtr(normal)), cuts).ravel()
    levels = LEVELS[: len(cuts)] + LEVELS[-1:]
    return pd.DataFrame(
        {
            "person": np.repeat(np.arange(n), 2),
            "when": np.tile(["intake", "exit"], n),
            "arm": np.repeat(np.array(["control", "drive"])[arm], 2),
            "x": np.repeat(covariate, 2),
            "level": pd.Categorical.from_codes(code, levels, ordered=True),
            "event": code > 0,
        }
    )


def shares(data):
    """Return the event's share of the four cells as p[when, who]."""
    return data.groupby(["when", "arm"])["event"].mean()


def test_without_covariates_both_effects_are_those_of_the_four_cells():
    # Closed form: the model is saturated. Tolerance: Newton's stopping rule.
    data = draw(np.random.default_rng(1))
    fit = fit_difference_in_differences("event", data, **BY_PERSON)
    p = shares(data)
    odds = p / (1 - p)

    found = fit.probability_effect().loc[True]
    raw = p["exit", "drive"] - p["intake", "drive"] - p["exit", "control"] + p["intake", "control"]
    assert found["estimate"] == pytest.approx(raw, abs=1e-9)
    ratio = odds["exit", "drive"] / odds["intake", "drive"]
    ratio /= odds["exit", "control"] / odds["intake", "control"]
    assert fit.odds_ratio().estimate == pytest.approx(ratio, rel=1e-8)
    cells = fit.predictions()["probability"]
    for (when, who), share in p.items():
        assert cells[when, who, True] == pytest.approx(share, abs=1e-9)
    # On the treated: what the arm would have had with the other arm's odds ratio (Puhani).
    without = odds["intake", "drive"] * odds["exit", "control"] / odds["intake", "control"]
    treated = fit.probability_effect(estimand="on_the_treated").loc[True, "estimate"]
    assert treated == pytest.approx(p["exit", "drive"] - without / (1 + without), abs=1e-8)
    assert fit.cells["rows"].to_dict()["exit", "drive"] == 104


def test_errors_are_those_of_statsmodels_clustered_by_person():
    # Independent program, without its own small-sample factor, times G/(G-1). The error of the
    # probability effect is that of the linear probability model with the same four cells.
    data = draw(np.random.default_rng(2))
    fit = fit_difference_in_differences("event", data, **BY_PERSON)
    after, drive = (data["when"] == "exit") * 1.0, (data["arm"] == "drive") * 1.0
    matrix = np.column_stack([np.ones(len(data)), after, drive, after * drive])
    event = data["event"].astype(float)
    how = {
        "cov_type": "cluster",
        "cov_kwds": {"groups": data["person"].to_numpy(), "use_correction": False},
    }
    factor = np.sqrt(457 / 456)
    odds = sm.Logit(event, matrix).fit(disp=0, **how)
    linear = sm.OLS(event, matrix).fit(**how)

    ratio = fit.odds_ratio()
    assert np.log(ratio.estimate) == pytest.approx(odds.params.iloc[3], abs=1e-7)
    assert ratio.bse / ratio.estimate == pytest.approx(odds.bse.iloc[3] * factor, rel=1e-6)
    effect = fit.probability_effect().loc[True]
    assert effect["estimate"] == pytest.approx(linear.params.iloc[3], abs=1e-9)
    assert effect["bse"] == pytest.approx(linear.bse.iloc[3] * factor, rel=1e-6)
    assert fit.n_clusters == 457
    assert "G/(G-1)" in fit.covariance_note


@pytest.mark.parametrize("kind", ["binary", "ordered"])
@pytest.mark.parametrize("estimand", ["difference_of_differences", "on_the_treated"])
def test_effects_and_their_errors_with_covariates_are_the_definitions(kind, estimand):
    # Written out here from the definitions, differentiated by central differences: step 1e-5,
    # tolerance 1e-6.
    data = draw(np.random.default_rng(3))
    outcome = "event" if kind == "binary" else "level"
    fit = fit_difference_in_differences(outcome, data, covariates="x", kind=kind, **BY_PERSON)
    names = list(fit.params.index)
    drive, x = (data["arm"] == "drive").to_numpy(), data["x"].to_numpy()
    treated = drive & (data["when"] == "exit").to_numpy()

    def probabilities(b, t, d, td, rows):
        of = dict(zip(names, b, strict=True))
        eta = of["when[T.exit]"] * t + of["arm[T.drive]"] * d + of["x"] * x[rows]
        eta = eta + of["when[T.exit]:arm[T.drive]"] * td
        if kind == "binary":
            return expit(of["Intercept"] + eta).mean()[None]
        above = [expit(eta - of[f"cut{j}"]).mean() for j in (1, 2, 3)]
        steps = -np.diff([1, *above, 0])
        return np.append(steps, above[0])

    def effect(b):
        everyone = np.ones(len(data), dtype=bool)
        if estimand == "on_the_treated":
            return probabilities(b, 1, 1, 1, treated) - probabilities(b, 1, 1, 0, treated)
        one = probabilities(b, 1, 1, 1, everyone) - probabilities(b, 0, 1, 0, everyone)
        return one - probabilities(b, 1, 0, 0, everyone) + probabilities(b, 0, 0, 0, everyone)

    b = fit.params.to_numpy()
    steps = np.eye(len(b)) * 1e-5
    jacobian = np.column_stack([(effect(b + e) - effect(b - e)) / 2e-5 for e in steps])
    bse = np.sqrt(np.diag(jacobian @ fit.cov_params().to_numpy() @ jacobian.T))
    found = fit.probability_effect(estimand=estimand)
    np.testing.assert_allclose(found["estimate"], effect(b), atol=1e-10)
    np.testing.assert_allclose(found["bse"], bse, rtol=1e-6)
    if kind == "ordered":
        assert list(found.index) == [*LEVELS, "any"]
        assert found.loc[LEVELS, "estimate"].sum() == pytest.approx(0, abs=1e-12)
        assert found.loc["any", "estimate"] == pytest.approx(-found.loc["none", "estimate"])


def test_an_ordered_outcome_with_two_levels_is_the_binary_one():
    # Identity: the ordered logit of two levels is the logit with cut1 = -Intercept.
    data = draw(np.random.default_rng(4))
    binary = fit_difference_in_differences("event", data, covariates="x", **BY_PERSON)
    data["two"] = data["event"].astype(int)
    ordered = fit_difference_in_differences(
        "two", data, covariates="x", kind="ordered", **BY_PERSON
    )
    assert ordered.odds_ratio()[:5] == pytest.approx(binary.odds_ratio()[:5], rel=1e-6)
    one, two = binary.probability_effect().loc[True], ordered.probability_effect().loc["any"]
    np.testing.assert_allclose(one.astype(float), two.astype(float), rtol=1e-6)


def test_the_arms_and_times_may_be_swapped_and_weights_repeat_rows():
    data = draw(np.random.default_rng(5))
    plain = fit_difference_in_differences("event", data, **BY_PERSON).odds_ratio()
    other = {**BY_PERSON, "reference_arm": "drive"}
    swapped = fit_difference_in_differences("event", data, **other).odds_ratio()
    assert swapped.estimate == pytest.approx(1 / plain.estimate)
    assert swapped.p_value == pytest.approx(plain.p_value)

    alone = {**SIDES, "cluster": None}
    doubled = fit_difference_in_differences("event", pd.concat([data, data]), **alone)
    weighted = fit_difference_in_differences("event", data.assign(w=2), weights="w", **alone)
    assert weighted.odds_ratio()[:5] == pytest.approx(doubled.odds_ratio()[:5], rel=1e-8)
    one, two = weighted.probability_effect(), doubled.probability_effect()
    np.testing.assert_allclose(one.astype(float), two.astype(float), rtol=1e-7)


def test_orders_and_names_of_columns_are_respected():
    # A categorical's order says which value is the reference; a name may have a space.
    data = draw(np.random.default_rng(6))
    plain = fit_difference_in_differences("event", data, covariates="+ x", **BY_PERSON)
    data["time point"] = pd.Categorical(data["when"], ["intake", "unused", "exit"])
    data["treated"] = data["arm"] == "drive"
    found = fit_difference_in_differences(
        "event", data, time="time point", arm="treated", covariates="x", cluster="person"
    )
    assert found.odds_ratio()[:5] == pytest.approx(plain.odds_ratio()[:5])
    assert found.sides == ("time point", "intake", "exit", "treated", "False", "True")
    assert list(found.predictions().index[-1]) == ["exit", "True", True]


def test_people_with_one_form_count_and_missing_answers_are_left_out():
    data = draw(np.random.default_rng(7))
    data["event"] = data["event"].astype("boolean")
    data.loc[:9, "event"] = pd.NA
    data = data.drop(index=[21, 40])
    fit = fit_difference_in_differences("event", data, **BY_PERSON)
    assert (fit.nobs, fit.n_left_out) == (914 - 12, 10)
    assert fit.n_clusters == 452


def test_a_cell_without_events_is_said_and_a_penalty_gives_an_answer():
    data = draw(np.random.default_rng(8))
    empty = (data["when"] == "exit") & (data["arm"] == "drive")
    data.loc[empty, "event"] = False

    plain = fit_difference_in_differences("event", data, **BY_PERSON)
    assert not plain.estimable
    assert np.isnan(plain.odds_ratio().estimate)
    assert plain.odds_ratio().method == "no finite estimate"
    effect = plain.probability_effect().loc[True]
    assert effect["estimate"] < 0
    assert effect[["bse", "p_value", "ci_low", "ci_high"]].isna().all()
    assert any("1 of the 4 cells" in note for note in plain.notes)

    firth = fit_difference_in_differences("event", data, penalty="auto", **BY_PERSON)
    ratio = firth.odds_ratio()
    assert ratio.method == "Wald"
    assert 0 < ratio.ci_low < ratio.estimate < ratio.ci_high < 1
    assert firth.probability_effect().notna().all(axis=None)
    assert f"For '{firth.interaction}', which few clusters carry" in firth.covariance_note
    # Rows that are independent have a likelihood to profile, and the same estimate.
    alone = fit_difference_in_differences("event", data, penalty="auto", **SIDES, cluster=None)
    profile = alone.model.profile_intervals([alone.interaction]).iloc[0]
    assert alone.odds_ratio().method == "profile likelihood"
    assert alone.odds_ratio().estimate == ratio.estimate
    assert np.log(alone.odds_ratio().ci_high) == pytest.approx(profile["ci_high"])
    # The sandwich alone collapses here: the model-based variance stands in its place.
    assert firth.bse[firth.interaction] == pytest.approx(alone.bse[alone.interaction])


def test_an_ordered_cell_with_one_answer_is_said():
    data = draw(np.random.default_rng(9))
    data.loc[(data["when"] == "exit") & (data["arm"] == "drive"), "level"] = "none"
    plain = fit_difference_in_differences("level", data, kind="ordered", **BY_PERSON)
    assert not plain.estimable
    assert np.isnan(plain.odds_ratio().ci_high)
    held = fit_difference_in_differences(
        "level", data, kind="ordered", penalty="log_f", **BY_PERSON
    )
    assert held.estimable
    assert held.odds_ratio().ci_high < 1
    assert held.odds_ratio().method == "Wald"


def test_few_events_in_a_cell_are_said():
    data = draw(np.random.default_rng(10))
    cell = data.index[(data["when"] == "exit") & (data["arm"] == "drive")]
    data.loc[cell, "event"] = False
    data.loc[cell[:2], "event"] = True
    fit = fit_difference_in_differences("event", data, **BY_PERSON)
    assert fit.estimable
    assert any("only 2 rows" in note and "robust errors" in note for note in fit.notes)
    held = fit_difference_in_differences("event", data, penalty="firth", **BY_PERSON)
    assert any("only 2 rows" in note and "rests on them" in note for note in held.notes)


@pytest.mark.parametrize(
    ("change", "options", "error", "message"),
    [
        ({}, {"reference_time": None}, ModelUsageError, "Say which value of 'when'"),
        ({}, {"reference_arm": "canary"}, ModelUsageError, "not one of its two values"),
        ({}, {"time": "nowhere"}, ModelUsageError, "no column 'nowhere'"),
        ({}, {"time": "person", "reference_time": 0}, ModelDataError, "'person' must have two"),
        ({}, {"covariates": "x:when:arm"}, ModelUsageError, "interaction of both"),
        ({}, {"kind": "poisson"}, ModelUsageError, "'binary' or 'ordered'"),
        ({}, {"covariates": "nothing"}, ModelUsageError, "no column 'nothing'"),
        ({"event": "level"}, {}, ModelUsageError, "4 levels"),
        ({"drop": True}, {}, ModelDataError, "No row with an answer to 'event'"),
    ],
)
def test_what_cannot_be_fitted(change, options, error, message):
    data = draw(np.random.default_rng(11), sizes=(60, 40))
    if "event" in change:
        data["event"] = data[change["event"]]
    if "drop" in change:
        data = data[(data["when"] == "intake") | (data["arm"] == "control")]
    with pytest.raises(error, match=message) as caught:
        fit_difference_in_differences("event", data, **{**BY_PERSON, **options})
    assert "canary" not in str(caught.value)


def test_an_unknown_estimand_is_refused_and_no_row_is_shown():
    data = draw(np.random.default_rng(12), sizes=(60, 40))
    data["x"] = data["x"].round(3) + 77.125
    fit = fit_difference_in_differences("event", data, covariates="x", **BY_PERSON)
    with pytest.raises(ModelUsageError, match="on_the_treated"):
        fit.probability_effect(estimand="odds")
    assert "77.125" not in repr(fit)
    assert all(str(value) not in repr(fit) for value in data["x"].iloc[:50])


@given(
    st.floats(-0.999, 0.999), st.floats(1e-6, 50), st.sampled_from([1.0, 2.0]), st.floats(0.5, 4)
)
def test_intervals_stay_in_bounds_and_agree_with_their_test(share, bse, bound, quantile):
    z, low, high = bounded_interval(share * bound, bse, bound, quantile)
    assert -bound <= low <= share * bound <= high <= bound
    if abs(abs(z) - quantile) > 1e-6:
        assert (low > 0 or high < 0) == (abs(z) > quantile)


def test_near_nothing_the_bounded_interval_is_walds_and_on_the_bound_there_is_none():
    assert bounded_interval(0.001, 0.01, 2.0, 1.96)[1:] == pytest.approx(
        (0.001 - 0.0196, 0.001 + 0.0196), abs=1e-5
    )
    for estimate, bse in ((1.0, 0.1), (0.5, 0.0), (0.5, np.nan), (np.nan, 0.1)):
        assert np.isnan(bounded_interval(estimate, bse, 1.0, 1.96)).all()


def coverage(rng, draws, kind, sizes=(353, 104), effects=(-1.5, 0.2, -0.4), cuts=(0.2, 1.0, 1.8)):
    """Return the share of intervals that hold the truth, and the mean error of the log ratio."""
    outcome = "event" if kind == "binary" else "level"
    # The true effect on the probability of any: an average over the normal covariate.
    x = np.polynomial.hermite_e.hermegauss(40)
    average = x[1] / x[1].sum()

    def any_at(t, d):
        eta = effects[0] * t + effects[1] * d + effects[2] * t * d - cuts[0]
        return average @ expit(eta + 0.4 * x[0])

    truth = any_at(1, 1) - any_at(0, 1) - any_at(1, 0) + any_at(0, 0)
    held, errors = [], []
    for _ in range(draws):
        data = draw(rng, sizes=sizes, effects=effects, cuts=cuts)
        fit = fit_difference_in_differences(outcome, data, covariates="x", kind=kind, **BY_PERSON)
        ratio = fit.odds_ratio()
        effect = fit.probability_effect().iloc[-1]
        held.append(
            (
                np.log(ratio.ci_low) <= effects[2] <= np.log(ratio.ci_high),
                effect["ci_low"] <= truth <= effect["ci_high"],
            )
        )
        errors.append(np.log(ratio.estimate) - effects[2])
    return np.mean(held, axis=0), np.mean(errors), np.std(errors) / np.sqrt(draws)


@pytest.mark.parametrize("kind", ["binary", "ordered"])
def test_intervals_cover_the_truth_with_people_asked_twice(kind):
    # 60 draws of a trial of this size, answers alike within persons: a coverage of .95 has a
    # standard error of .028; bound three and a half. Bias within four standard errors.
    held, bias, error = coverage(np.random.default_rng(13), 60, kind)
    assert (held > 0.95 - 3.5 * 0.028).all()
    assert abs(bias) < 4 * error


@pytest.mark.long
@pytest.mark.parametrize("kind", ["binary", "ordered"])
@pytest.mark.parametrize("effects", [(-1.5, 0.2, -0.4), (-1.0, 0.0, 0.0)])
def test_coverage_over_many_draws(kind, effects):
    # 400 draws: standard error of a coverage of .95 .011; bound three and a half. Allowed
    # finite-sample bias of a log odds ratio besides four standard errors: .02.
    held, bias, error = coverage(np.random.default_rng(14), 400, kind, effects=effects)
    assert (np.abs(held - 0.95) < 3.5 * 0.011).all()
    assert abs(bias) < 0.02 + 4 * error


@pytest.mark.long
def test_a_rare_event_is_covered_where_the_model_chooses_its_penalty():
    # About 13% before and 3% after, so two or three events among the 104 after: one trial in 16
    # has none. 200 draws: standard error of a coverage of .95 .015; bound three and a half.
    rng, held, errors, penalised = np.random.default_rng(22), [], [], 0
    for _ in range(200):
        data = draw(rng, cuts=(1.9, 3.0, 4.0))
        fit = fit_difference_in_differences(
            "event", data, covariates="x", penalty="auto", **BY_PERSON
        )
        ratio = fit.odds_ratio()
        held.append(np.log(ratio.ci_low) <= -0.4 <= np.log(ratio.ci_high))
        errors.append(np.log(ratio.estimate) + 0.4)
        penalised += fit.penalised
    assert penalised > 100
    assert np.mean(held) > 0.95 - 3.5 * 0.015
    assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(200)


@pytest.mark.long
def test_errors_that_ignore_the_person_cover_too_much():
    # Answers alike within persons make a change more precise than independent rows would.
    rng, wide, narrow = np.random.default_rng(15), [], []
    for _ in range(40):
        data = draw(rng)
        wide.append(
            fit_difference_in_differences("event", data, **SIDES, cluster=None).odds_ratio()
        )
        narrow.append(fit_difference_in_differences("event", data, **BY_PERSON).odds_ratio())
    assert np.mean([w.bse / n.bse for w, n in zip(wide, narrow, strict=True)]) > 1.1


def test_fixed_effects_are_the_difference_of_mean_changes():
    # Closed form for balanced pairs; the error is the first-difference regression's HC0 from
    # statsmodels, times the factor 2G/(2G-1) that linearmodels leaves with one parameter.
    data = draw(np.random.default_rng(16))
    data["score"] = data["level"].cat.codes
    found = fit_fixed_effects_difference("score", data, person="person", **SIDES)
    wide = data.pivot(index="person", columns="when", values="score")
    change = (wide["exit"] - wide["intake"]).astype(float)
    drive = (data.groupby("person")["arm"].first() == "drive").astype(float)
    peer = sm.OLS(change, sm.add_constant(drive)).fit(cov_type="HC0")

    assert found.estimate == pytest.approx(peer.params["arm"], abs=1e-12)
    assert found.bse == pytest.approx(peer.bse["arm"] * np.sqrt(914 / 913), rel=1e-9)
    assert found.ci_high - found.estimate == pytest.approx(1.959964 * found.bse, rel=1e-6)
    assert (found.n_people, found.n_left_out) == (457, 0)
    ordered = fit_fixed_effects_difference("level", data, person="person", **SIDES)
    assert ordered.estimate == pytest.approx(found.estimate)


def test_fixed_effects_of_a_yes_or_no_are_the_probability_effect():
    # Identity for balanced pairs without covariates; the two small-sample factors differ.
    data = draw(np.random.default_rng(17))
    linear = fit_fixed_effects_difference("event", data, person="person", **SIDES)
    effect = fit_difference_in_differences("event", data, **BY_PERSON).probability_effect()
    assert linear.estimate == pytest.approx(effect.loc[True, "estimate"], abs=1e-9)
    assert linear.bse == pytest.approx(effect.loc[True, "bse"], rel=0.002)


def test_people_without_both_answers_are_left_out_of_the_fixed_effects():
    data = draw(np.random.default_rng(18))
    whole = fit_fixed_effects_difference("event", data, person="person", **SIDES)
    extra = data.iloc[:60].assign(person=lambda d: d["person"] + 10_000)
    extra["event"] = extra["event"].astype("boolean")
    extra.loc[extra["when"] == "exit", "event"] = pd.NA
    more = pd.concat([data.astype({"event": "boolean"}), extra, extra.iloc[:0]])
    found = fit_fixed_effects_difference("event", more, person="person", **SIDES)
    assert (found.estimate, found.n_people, found.n_left_out) == (
        pytest.approx(whole.estimate),
        457,
        30,
    )


def test_what_the_fixed_effects_refuse():
    data = draw(np.random.default_rng(19), sizes=(30, 20))
    cases = [
        (pd.concat([data, data.iloc[:3]]), ModelDataError, "3 rows repeat a 'person'"),
        (data.assign(arm=data["arm"].where(data.index != 0, "drive")), ModelDataError, "1 people"),
        (
            data[(data["arm"] == "control") | (data["person"] < 31)],
            ModelDataError,
            "Fewer than two",
        ),
        (data.assign(event=data["when"] == "exit"), ModelDataError, "changed alike"),
        (data.assign(event="canary"), ModelUsageError, "must be a number"),
        (data.drop(columns="event"), ModelUsageError, "no column 'event'"),
    ]
    for frame, error, message in cases:
        with pytest.raises(error, match=message) as caught:
            fit_fixed_effects_difference("event", frame, person="person", **SIDES)
        assert "canary" not in str(caught.value)


def test_the_model_behind_is_the_logit_with_that_formula():
    data = draw(np.random.default_rng(20))
    fit = fit_difference_in_differences("event", data, covariates="x", **BY_PERSON)
    data["when"] = pd.Categorical(data["when"], ["intake", "exit"])
    peer = fit_logit("event ~ when * arm + x", data, cluster="person")
    pd.testing.assert_frame_equal(fit.odds_ratios(), peer.odds_ratios())
    assert fit.nobs == peer.nobs
    assert fit.converged


#: The report's Tables A4.1 to A4.4: odds ratio, its error, p, and interval of time x allocation.
PRINTED = {
    "physical": (0.69, 0.34, 0.45, 0.26, 1.81),
    "sexual": (0.68, 0.56, 0.64, 0.13, 3.44),
    "harassment and stalking": (0.56, 0.22, 0.15, 0.26, 1.22),
    "jealous and controlling": (0.67, 0.27, 0.33, 0.30, 1.49),
}


def follows(ratio, error, p, low, high):
    """Say whether some numbers that round to a printed ratio and error give the rest of its row."""
    half = np.linspace(-0.005, 0.005, 41)
    ratios, errors = np.meshgrid(ratio + half, error + half)
    log_error = errors / ratios
    given = (
        2 * ndtr(-np.abs(np.log(ratios) / log_error)),
        ratios * np.exp(-1.959964 * log_error),
        ratios * np.exp(1.959964 * log_error),
    )
    near = [np.abs(g - printed) <= 0.005 for g, printed in zip(given, (p, low, high), strict=True)]
    return bool(np.logical_and.reduce(near).any())


def test_the_printed_rows_follow_from_their_odds_ratio_and_error():
    # Wald intervals on the log scale, as made here. One limit in the text does not: CYPS
    # involvement and stalking, "1.71, 95% CI: 1.23-2.39", is 2.36 in its table (A4.3).
    for row in PRINTED.values():
        assert follows(*row)
    assert follows(1.71, 0.28, 0.00, 1.23, 2.36)
    assert not follows(1.71, 0.28, 0.00, 1.23, 2.39)
