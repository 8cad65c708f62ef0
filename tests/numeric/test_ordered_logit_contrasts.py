"""Differences of average predictions: delta method by differences, bounds, recovery."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from datrial.models import fit_ordered_logit

LEVELS = ["none", "standard", "moderate", "high"]
TIMES = ["intake", "midpoint", "closure"]


def draw(n_people, rng, *, cuts=(-0.5, 0.6, 1.8), drop=-0.9, person_sd=0.0):
    """Simulate three reports a person whose severity falls over time."""
    person, time = np.repeat(np.arange(n_people), 3), np.tile(np.arange(3), n_people)
    arm = np.repeat(rng.integers(0, 2, n_people), 3)
    eta = 0.5 * arm + drop * time + np.repeat(rng.normal(0, person_sd, n_people), 3)
    code = np.digitize(eta + rng.logistic(size=len(eta)), cuts)
    return pd.DataFrame(
        {
            "level": pd.Categorical.from_codes(code, LEVELS[: len(cuts) + 1], ordered=True),
            "arm": arm,
            "time": pd.Categorical.from_codes(time, TIMES),
            "person": person,
        }
    )


def test_contrasts_are_differences_of_the_average_predictions():
    # Identity; per value the differences of all levels sum to 0.
    fit = fit_ordered_logit(
        "level ~ arm + time", draw(150, np.random.default_rng(1)), cluster="person"
    )
    averages = fit.average_predictions("time")["probability"]

    table = fit.contrasts("time")

    assert list(table.columns) == ["difference", "bse", "p_value", "ci_low", "ci_high"]
    assert table.index.get_level_values("time").unique().tolist() == ["midpoint", "closure"]
    for time in ("midpoint", "closure"):
        np.testing.assert_allclose(
            table.loc[time, "difference"], averages[time] - averages["intake"], atol=1e-14
        )
    np.testing.assert_allclose(table["difference"].groupby(level=0).sum(), 0, atol=1e-14)
    other = fit.contrasts("time", reference="closure")
    np.testing.assert_allclose(
        other.loc["intake", "difference"], -table.loc["closure", "difference"], atol=1e-14
    )
    np.testing.assert_allclose(
        other.loc["intake", "ci_low"], -table.loc["closure", "ci_high"], atol=1e-12
    )


def test_errors_of_contrasts_are_those_of_a_saturated_logit():
    # Source: closed form. Two levels and one factor: the difference of two independent shares
    # has variance p(1-p)/n + q(1-q)/m; p-values are Wald's, 2 Phi(-|z|).
    data = draw(200, np.random.default_rng(2), cuts=(0.2,))
    shares = (
        (data["level"] == "standard").groupby(data["time"], observed=True).agg(["mean", "size"])
    )
    error = np.sqrt(shares["mean"] * (1 - shares["mean"]) / shares["size"])

    table = fit_ordered_logit("level ~ time", data).contrasts("time").xs("standard", level="level")

    for time in ("midpoint", "closure"):
        own = table.loc[time]
        assert own["difference"] == pytest.approx(
            shares.loc[time, "mean"] - shares.loc["intake", "mean"], abs=1e-8
        )
        bse = np.hypot(error[time], error["intake"])
        assert own["bse"] == pytest.approx(bse, rel=1e-6)
        assert own["p_value"] == pytest.approx(2 * norm.sf(abs(own["difference"] / bse)), rel=1e-5)


def test_the_interval_joins_two_independent_intervals_as_newcombe_does():
    # Source: Newcombe (1998), Statist. Med. 17, 873-890, "square-and-add", on the two logit
    # intervals: without correlation MOVER is its method 10 with other single intervals.
    data = draw(120, np.random.default_rng(3), cuts=(0.2,))
    fit = fit_ordered_logit("level ~ time", data)
    single = fit.average_predictions("time").xs("standard", level="level")
    p, low, high = (single[c] for c in ("probability", "ci_low", "ci_high"))
    own = fit.contrasts("time").xs("standard", level="level").loc["closure"]
    difference = p["closure"] - p["intake"]

    assert own["ci_low"] == pytest.approx(
        difference - np.hypot(p["closure"] - low["closure"], high["intake"] - p["intake"]), abs=1e-7
    )
    assert own["ci_high"] == pytest.approx(
        difference + np.hypot(high["closure"] - p["closure"], p["intake"] - low["intake"]), abs=1e-7
    )


def test_intervals_stay_inside_minus_one_and_one_where_walds_do_not():
    # Twelve rows, all but two of one value at one level: Wald's interval ends below -1.
    data = pd.DataFrame(
        {
            "level": [1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 0],
            "time": ["a"] * 5 + ["b"] * 5 + ["b", "a"],
        }
    )
    fit = fit_ordered_logit("level ~ time", data)

    own = fit.contrasts("time", level=0.999).loc[("b", 1)]

    assert own["difference"] - 3.29 * own["bse"] < -1
    assert -1 < own["ci_low"] < own["difference"] < own["ci_high"] < 1


def test_errors_of_clustered_contrasts_are_the_delta_method_by_differences():
    # Source: numerical derivative of the differences in every parameter, step 1e-6.
    data = draw(80, np.random.default_rng(4), person_sd=1.0)
    fit = fit_ordered_logit("level ~ arm + time", data, cluster="person")
    table = fit.contrasts("arm")
    times = [(data["time"] == t).to_numpy(float) for t in ("midpoint", "closure")]

    def difference(params):
        sides = []
        for arm in (1, 0):
            eta = arm * params["arm"] + sum(
                params[f"time[T.{t}]"] * x
                for t, x in zip(("midpoint", "closure"), times, strict=True)
            )
            below = [1 / (1 + np.exp(eta - params[c])) for c in ("cut1", "cut2", "cut3")]
            edges = np.array([0 * eta, *below, 0 * eta + 1])
            sides.append(np.diff(edges, axis=0).mean(axis=1))
        return sides[0] - sides[1]

    jacobian = np.column_stack(
        [
            (difference(fit.params + 1e-6 * (fit.params.index == name))
             - difference(fit.params - 1e-6 * (fit.params.index == name))) / 2e-6
            for name in fit.params.index
        ]
    )  # fmt: skip
    variance = np.diag(jacobian @ fit.cov_params().to_numpy() @ jacobian.T)

    np.testing.assert_allclose(table["difference"], difference(fit.params), atol=1e-10)
    np.testing.assert_allclose(table["bse"], np.sqrt(variance), rtol=1e-5)


def coverage(samples, n_people, seed):
    """Return the share of samples whose interval of each level's difference holds the truth."""
    truth = fit_ordered_logit(
        "level ~ arm + time", draw(40_000, np.random.default_rng(seed), person_sd=1.0)
    ).contrasts("time")["difference"]
    rng = np.random.default_rng(seed + 1)
    held = np.zeros(len(truth))
    for _ in range(samples):
        data = draw(n_people, rng, person_sd=1.0)
        table = fit_ordered_logit("level ~ arm + time", data, cluster="person").contrasts("time")
        held += (table["ci_low"] < truth) & (truth < table["ci_high"])
    return held / samples


def test_intervals_cover():
    # Source: simulation, 100 samples of 120 people with person effects, clustered. The standard
    # error over samples is .0218; tolerance three of them plus .015 for the finite sample.
    assert coverage(100, 120, 50).to_numpy() == pytest.approx(0.95, abs=0.08)


@pytest.mark.long
def test_intervals_cover_in_many_samples():
    # The same with 2,000 samples of 300 people: standard error .005; tolerance .015 + .005.
    assert coverage(2000, 300, 60).to_numpy() == pytest.approx(0.95, abs=0.02)


def test_a_reference_that_is_no_value_is_refused_without_showing_a_value():
    fit = fit_ordered_logit("level ~ time", draw(40, np.random.default_rng(5)))

    with pytest.raises(ValueError, match="no value of 'time', which has 3 in the rows used"):
        fit.contrasts("time", reference="never")
