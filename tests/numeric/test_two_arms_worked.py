"""One worked trial, weighted and clustered, end to end against statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy.special import expit

from datrial.models import (
    fit_difference_in_differences,
    fit_fixed_effects_difference,
    fit_logit,
    inverse_probability_weights,
)

SIDES = {"time": "when", "arm": "arm", "reference_time": "intake", "reference_arm": "control"}


@pytest.fixture(scope="module")
def people():
    """One row per person: both answers, and whether the second form came."""
    rng = np.random.default_rng(31)
    n = 420
    arm = rng.permutation(np.repeat([0, 1], [300, 120]))
    age, own = rng.normal(36, 10, n), rng.normal(0, 1.2, n)
    intake = rng.random(n) < expit(-0.2 + 0.03 * (age - 36) + own)
    after = rng.random(n) < expit(-1.4 - 0.4 * arm + 0.03 * (age - 36) + own)
    seen = rng.random(n) < expit(0.9 + 0.05 * (age - 36) - 0.8 * intake + 0.3 * arm)
    return pd.DataFrame(
        {
            "person": np.arange(n),
            "arm": np.array(["control", "drive"])[arm],
            "age": age,
            "intake": intake,
            "exit": after,
            "seen": seen,
        }
    )


@pytest.fixture(scope="module")
def rows(people):
    """Two rows of everybody who has both forms, with the weights of being seen."""
    weights = inverse_probability_weights(people, "seen", "arm + age + intake", truncate=None)
    seen = people.assign(w=weights.weights)[people["seen"]]
    long = seen.melt(["person", "arm", "age", "w"], ["intake", "exit"], "when", "event")
    return long.assign(event=long["event"].astype(bool)).sort_values(["person", "when"])


@pytest.fixture(scope="module")
def numbers(rows):
    """The same rows as numbers, for the other program."""
    return pd.DataFrame(
        {
            "event": rows["event"].astype(float),
            "after": (rows["when"] == "exit").astype(float),
            "drive": (rows["arm"] == "drive").astype(float),
            "age": rows["age"],
            "w": rows["w"],
            "person": rows["person"],
        }
    )


def test_weights_are_those_of_a_logit_of_being_seen(people, rows):
    # Independent program: statsmodels' logit; stabilised by the share seen.
    design = pd.DataFrame(
        {
            "const": 1.0,
            "drive": (people["arm"] == "drive") * 1.0,
            "age": people["age"],
            "intake": people["intake"] * 1.0,
        }
    )
    probability = sm.Logit(people["seen"] * 1.0, design).fit(disp=0).predict()
    expected = pd.Series(people["seen"].mean() / probability, index=people["person"])
    np.testing.assert_allclose(rows["w"], expected[rows["person"]], rtol=1e-6)


def test_the_weighted_difference_in_differences_is_the_gee_of_statsmodels(rows, numbers):
    # Independent program: GEE with an independence working correlation is the weighted logit, and
    # its robust covariance the sandwich over people without the factor G/(G-1) (Stata:
    # `logit event i.when##i.arm age [pw=w], vce(cluster person)`).
    fit = fit_difference_in_differences(
        "event", rows, covariates="age", cluster="person", weights="w", **SIDES
    )
    peer = smf.gee(
        "event ~ after * drive + age", "person", numbers, weights=numbers["w"],
        family=sm.families.Binomial(), cov_struct=sm.cov_struct.Independence(),
    ).fit(ctol=1e-10)  # fmt: skip
    people = numbers["person"].nunique()
    factor = np.sqrt(people / (people - 1))
    names = {
        "Intercept": "Intercept",
        "when[T.exit]": "after",
        "arm[T.drive]": "drive",
        "age": "age",
        fit.interaction: "after:drive",
    }
    for ours, theirs in names.items():
        assert fit.params[ours] == pytest.approx(peer.params[theirs], abs=1e-6)
        assert fit.bse[ours] == pytest.approx(peer.bse[theirs] * factor, rel=1e-5)
    ratio = fit.odds_ratio()
    low, high = peer.params["after:drive"] + 1.959964 * factor * peer.bse["after:drive"] * np.array(
        [-1, 1]
    )
    assert (ratio.ci_low, ratio.ci_high) == pytest.approx(tuple(np.exp([low, high])), rel=1e-5)
    assert fit.n_clusters == people
    # Frequency weights would give model-based errors that know nothing of persons or weights.
    plain = fit_logit("event ~ when * arm + age", rows, weights="w")
    assert plain.bse.iloc[-1] != pytest.approx(fit.bse[fit.interaction], rel=0.01)


def test_the_weighted_probability_effect_is_that_of_the_weighted_shares(rows, numbers):
    # Without covariates the model is saturated: the effect is the difference of differences of
    # weighted shares, and its error that of weighted least squares, clustered, times G/(G-1).
    fit = fit_difference_in_differences("event", rows, cluster="person", weights="w", **SIDES)
    shares = numbers.groupby(["after", "drive"])[["event", "w"]].apply(
        lambda cell: np.average(cell["event"], weights=cell["w"])
    )
    peer = smf.wls("event ~ after * drive", numbers, weights=numbers["w"]).fit(
        cov_type="cluster", cov_kwds={"groups": numbers["person"], "use_correction": False}
    )
    people = numbers["person"].nunique()
    effect = fit.probability_effect().loc[True]
    raw = shares[1, 1] - shares[0, 1] - shares[1, 0] + shares[0, 0]
    assert effect["estimate"] == pytest.approx(raw, abs=1e-8)
    assert effect["bse"] == pytest.approx(
        peer.bse["after:drive"] * np.sqrt(people / (people - 1)), rel=1e-5
    )
    cells = fit.predictions()["probability"]
    for (after, drive), share in shares.items():
        key = (["intake", "exit"][int(after)], ["control", "drive"][int(drive)], True)
        assert cells[key] == pytest.approx(share, abs=1e-8)


def test_the_fixed_effects_are_the_regression_with_a_dummy_for_everybody(rows, numbers):
    # Independent path: least squares with a column for every person (Stata: `xtreg, fe
    # vce(cluster)` and `areg`), clustered; without its factor, times 2G/(2G-1) of linearmodels.
    found = fit_fixed_effects_difference("event", rows, person="person", **SIDES)
    peer = smf.ols("event ~ after + after:drive + C(person)", numbers).fit(
        cov_type="cluster", cov_kwds={"groups": numbers["person"], "use_correction": False}
    )
    n = len(numbers)
    assert found.estimate == pytest.approx(peer.params["after:drive"], abs=1e-10)
    assert found.bse == pytest.approx(peer.bse["after:drive"] * np.sqrt(n / (n - 1)), rel=1e-8)
    assert found.n_people == n / 2
    assert found.n_left_out == 0
