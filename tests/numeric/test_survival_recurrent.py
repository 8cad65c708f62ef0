"""Andersen-Gill and the mean cumulative function against print, brute force and truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import survival_data
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.hazard_regression import PHReg

from datrial.models import (
    ModelDataError,
    ModelUsageError,
    fit_cox,
    fit_recurrent_events,
    mean_cumulative_function,
)

COLUMNS = {"start": "start", "stop": "stop", "event": "event", "person": "person"}


@pytest.fixture(scope="module")
def bladder():
    return survival_data.bladder()


# Andersen-Gill


def test_bladder_tumours_as_printed(bladder):
    # Source: R's survival, coxph(Surv(start, stop, event) ~ rx + size + number + cluster(id),
    # bladder2, method = "breslow"); robust errors there carry no factor G/(G-1), G = 85.
    fit = fit_recurrent_events("drug + size + number", bladder, **COLUMNS, ties="breslow")

    assert (len(bladder), fit.n_events, fit.n_clusters) == (178, 112, 85)
    assert fit.params.tolist() == pytest.approx([-0.45979, -0.04256, 0.17164], abs=5e-6)
    robust = fit.bse.to_numpy() * np.sqrt(84 / 85)
    assert robust == pytest.approx([0.25801, 0.07555, 0.06131], abs=5e-6)
    assert 2 * (fit.llf - fit.llf_null) == pytest.approx(16.77, abs=5e-3)
    plain = fit_cox(
        "drug + size + number", bladder, duration="stop", event="event", entry="start",
        ties="breslow",
    )  # fmt: skip
    assert plain.bse.tolist() == pytest.approx([0.19996, 0.06903, 0.04733], abs=5e-6)


def test_bladder_tumours_by_efron_as_printed(bladder):
    # Source: Therneau and Grambsch (2000), table 8.7 and R's output of the same with Efron's
    # ties: -0.465 (0.200, robust 0.266), -0.044 (0.069, 0.078), 0.175 (0.047, 0.063).
    fit = fit_recurrent_events("drug + size + number", bladder, **COLUMNS)

    assert fit.params.tolist() == pytest.approx([-0.465, -0.044, 0.175], abs=5e-4)
    robust = fit.bse.to_numpy() * np.sqrt(84 / 85)
    assert robust == pytest.approx([0.266, 0.078, 0.063], abs=5e-4)


def test_errors_by_person_against_statsmodels():
    # Source: statsmodels PHReg with `groups`. It counts a start as at risk on that day, and has
    # no score for a row that is at risk at no event.
    data = survival_data.histories(120, np.random.default_rng(1))
    data["event"] = np.minimum(data["event"], 1)
    days = data.loc[data["event"] == 1, "stop"].to_numpy()
    ever = [
        ((start < days) & (days <= stop)).any()
        for start, stop in data[["start", "stop"]].to_numpy()
    ]
    data = data[ever]

    fit = fit_recurrent_events("arm", data, **COLUMNS, ties="breslow")

    model = PHReg(
        data["stop"], (data[["arm"]] == "b").astype(float), status=data["event"],
        entry=data["start"] + 0.5, ties="breslow",
    )  # fmt: skip
    theirs = model.fit(groups=data["person"].to_numpy(), disp=0)
    factor = np.sqrt(fit.n_clusters / (fit.n_clusters - 1))
    assert fit.params.iloc[0] == pytest.approx(theirs.params[0], rel=1e-8)
    errors = np.sqrt(np.diag(theirs.cov_params()))
    assert fit.bse.iloc[0] == pytest.approx(factor * errors[0], rel=1e-8)


def test_two_events_of_one_day_are_two_terms_of_breslow():
    # With Breslow's ties two events of a row are the same as the row twice over in its terms:
    # the score of a binary arm at 0 is events minus expected, day by day.
    data = survival_data.histories(60, np.random.default_rng(2), spread=1.0)
    data.loc[::7, "event"] *= 2
    fit = fit_recurrent_events("arm", data, **COLUMNS, ties="breslow")
    arm = (data["arm"] == "b").to_numpy()

    at = fit.problem.likelihood.evaluate(np.zeros(1))

    expected = 0.0
    for day in data.loc[data["event"] > 0, "stop"].unique():
        here = ((data["start"] < day) & (day <= data["stop"])).to_numpy()
        number = data.loc[data["stop"] == day, "event"].sum()
        expected += number * arm[here].mean()
    assert data["event"].max() > 1
    assert at.gradient[0] == pytest.approx((data["event"] * arm).sum() - expected, abs=1e-9)


def test_a_gap_is_no_risk():
    # A person away from day 10 to 20 is charged nothing for the event of day 15.
    data = pd.DataFrame(
        [("p", 0, 10, 1, 0), ("p", 20, 30, 0, 0), ("q", 0, 15, 1, 1), ("q", 15, 30, 0, 1),
         ("r", 0, 25, 1, 0), ("s", 0, 30, 0, 1)],
        columns=["person", "start", "stop", "event", "x"],
    )  # fmt: skip

    fit = fit_recurrent_events("x", data, **COLUMNS)

    assert fit.problem.likelihood.risk.totals(np.ones(6)).tolist() == [4, 3, 4]
    away = data.assign(stop=[20, 30, 15, 30, 25, 30], event=[0, 0, 1, 0, 1, 0])
    always = fit_recurrent_events("x", away, **COLUMNS)
    assert always.problem.likelihood.risk.totals(np.ones(6)).tolist() == [4, 4]


def test_no_event_in_an_arm():
    data = survival_data.histories(40, np.random.default_rng(3))
    data.loc[data["arm"] == "b", "event"] = 0

    plain = fit_recurrent_events("arm", data, **COLUMNS)
    penalised = fit_recurrent_events("arm", data, **COLUMNS, penalty="auto")

    assert plain.hazard_ratios()["hazard_ratio"].tolist() == [0]
    assert "runs to zero" in plain.notes[0]
    assert penalised.penalty == "firth"
    assert -12 < penalised.params.iloc[0] < -2
    assert "not used under a penalty" in penalised.covariance_note


@pytest.mark.parametrize("fits", [True, False])
def test_refusals_of_intervals(fits):
    data = pd.DataFrame(
        [("p", 0, 5, 1, 0), ("p", 5, 9, 0, 0), ("q", 0, 7, 1, 1), ("q", 7, 9, 1, 1)],
        columns=["person", "start", "stop", "event", "x"],
    )

    def refused(error, said, change, **more):
        with pytest.raises(error, match=said):
            if fits:
                fit_recurrent_events("x", data.assign(**change), **(COLUMNS | more))
            else:
                mean_cumulative_function(data.assign(**change), **(COLUMNS | more))

    refused(ModelDataError, "end after its start; 1 rows do not", {"stop": [5, 5, 7, 9]})
    refused(ModelDataError, "end after its start; 2 rows do not", {"stop": [-1, 5, 7, 9]})
    refused(ModelDataError, "1 intervals of 1 people begin before", {"start": [0, 4, 0, 7]})
    refused(ModelDataError, "whole number of zero or more; 1 rows", {"event": [0.5, 0, 1, 1]})
    refused(ModelUsageError, "not dates", {"start": pd.Timestamp("2020-01-01")})
    refused(ModelUsageError, "no column 'day'", {}, stop="day")
    if fits:
        refused(ModelDataError, "at least two people", {"person": "p", "start": [0, 5, 9, 16],
                                                        "stop": [5, 9, 16, 18]})  # fmt: skip
        refused(ModelDataError, "No event in the 4", {"event": 0})
    else:
        refused(ModelDataError, "1 people are in more than one group", {"x": [0, 1, 1, 1]},
                group="x")  # fmt: skip


# Mean cumulative function


def brute_mean(data, time):
    """Return Nelson's estimate and Lawless and Nadeau's error, person by person."""
    mean, moved = 0.0, dict.fromkeys(data["person"], 0.0)
    for day in np.unique(data.loc[(data["event"] > 0) & (data["stop"] <= time), "stop"]):
        here = data[(data["start"] < day) & (day <= data["stop"])]
        had = np.where(here["stop"] == day, here["event"], 0)
        step = had.sum() / len(here)
        mean += step
        for person, events in zip(here["person"], had, strict=True):
            moved[person] += (events - step) / len(here)
    return mean, np.sqrt(sum(value**2 for value in moved.values()))


stretches = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 4), st.integers(0, 2)), min_size=1, max_size=5
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), stretches), min_size=1, max_size=8))
def test_mean_by_brute_force_on_random_histories(people):
    rows = []
    for person, (group, history) in enumerate(people):
        day = 0
        for gap, length, events in history:
            rows.append((person, group, day + gap, day + gap + length, events))
            day += gap + length
    data = pd.DataFrame(rows, columns=["person", "group", "start", "stop", "event"])
    shuffled = data.sample(frac=1, random_state=1)

    curves = mean_cumulative_function(shuffled, **COLUMNS, group="group")

    for label, part in data.groupby("group"):
        times = [0, 3, 7, *part["stop"].unique()]
        for (_, time), row in curves.at(times).loc[[label]].iterrows():
            if time > part["stop"].max():
                assert np.isnan(row["mean"])
                continue
            mean, error = brute_mean(part, time)
            assert row["mean"] == pytest.approx(mean, abs=1e-12)
            assert row["bse"] == pytest.approx(error, abs=1e-7)


def test_mean_of_people_seen_equally_long_is_the_plain_mean():
    # Everybody is observed from 0 to 10: the mean of their numbers and its error, divisor n.
    rows = [("p", 0, 3, 1), ("p", 3, 10, 0), ("q", 0, 10, 0), ("r", 0, 2, 2), ("r", 2, 8, 1),
            ("r", 8, 10, 0), ("s", 0, 5, 1), ("s", 5, 10, 0)]  # fmt: skip
    data = pd.DataFrame(rows, columns=["person", "start", "stop", "event"])

    row = mean_cumulative_function(data, **COLUMNS).at([10]).iloc[0]

    numbers = np.array([1, 0, 3, 1])
    assert row["mean"] == pytest.approx(numbers.mean())
    assert row["bse"] == pytest.approx(numbers.std() / 2)
    spread = np.exp(1.959964 * row["bse"] / row["mean"])
    assert row["ci_low"] == pytest.approx(row["mean"] / spread, rel=1e-6)
    assert row["ci_high"] == pytest.approx(row["mean"] * spread, rel=1e-6)


def test_mean_times_people_is_the_total_where_all_are_followed():
    rng = np.random.default_rng(4)
    data = survival_data.histories(50, rng)
    data = data[data["stop"] <= 100]
    last = data.groupby("person")["stop"].max()
    more = last[last < 100]
    arms = data.drop_duplicates("person").set_index("person")["arm"]
    rest = pd.DataFrame(
        {"person": more.index, "arm": arms[more.index].to_numpy(), "start": more.to_numpy(),
         "stop": 100.0, "event": 0}
    )  # fmt: skip
    whole = pd.concat([data, rest])

    curve = mean_cumulative_function(whole, **COLUMNS)

    assert curve.at([100])["mean"].iloc[0] * curve.curves[0].n_people == pytest.approx(
        whole["event"].sum()
    )


def test_splitting_a_stretch_and_the_order_of_rows_change_nothing(bladder):
    long = bladder["stop"] - bladder["start"] > 3
    first = bladder.assign(
        event=bladder["event"].where(~long, 0),
        stop=bladder["stop"].where(~long, bladder["start"] + 2),
    )
    second = bladder[long].assign(start=bladder["start"][long] + 2)
    pieces = pd.concat([second, first])

    one = mean_cumulative_function(bladder, **COLUMNS, group="drug").table()
    two = mean_cumulative_function(pieces, **COLUMNS, group="drug").table()

    pd.testing.assert_frame_equal(one, two, check_exact=False, rtol=1e-9)


def test_one_more_person_without_events_lowers_the_steps_while_present_alone(bladder):
    more = pd.DataFrame([("new", "placebo", 1, 1, 0, 12, 0)], columns=bladder.columns)
    before = mean_cumulative_function(bladder, **COLUMNS, group="drug").table()

    after = mean_cumulative_function(pd.concat([bladder, more]), **COLUMNS, group="drug").table()

    pd.testing.assert_frame_equal(after.loc["thiotepa"], before.loc["thiotepa"])
    steps = [np.diff(t.loc["placebo", "mean"], prepend=0) for t in (before, after)]
    early = before.loc["placebo"].index <= 12
    assert (steps[1] < steps[0])[early].all()
    assert steps[1][~early] == pytest.approx(steps[0][~early], abs=1e-12)


def test_difference_between_groups_adds_the_variances(bladder):
    curves = mean_cumulative_function(bladder, **COLUMNS, group="drug")
    at = curves.at([12, 24]).unstack("group")

    difference = curves.difference([12, 24])

    expected = at[("mean", "thiotepa")] - at[("mean", "placebo")]
    errors = np.hypot(at[("bse", "thiotepa")], at[("bse", "placebo")])
    assert difference["difference"].to_numpy() == pytest.approx(expected.to_numpy())
    assert difference["bse"].to_numpy() == pytest.approx(errors.to_numpy())
    low = expected - 1.959964 * errors
    assert difference["ci_low"].to_numpy() == pytest.approx(low.to_numpy(), rel=1e-6)
    ratio = at[("mean", "thiotepa")] / at[("mean", "placebo")]
    assert difference["ratio"].to_numpy() == pytest.approx(ratio.to_numpy())
    assert (difference["ratio_ci_low"] < difference["ratio"]).all()
    swapped = bladder.assign(drug=pd.Categorical(bladder["drug"], ["thiotepa", "placebo"]))
    back = mean_cumulative_function(swapped, **COLUMNS, group="drug").difference([12, 24])
    assert back["difference"].to_numpy() == pytest.approx(-difference["difference"].to_numpy())
    assert back["p_value"].to_numpy() == pytest.approx(difference["p_value"].to_numpy())


def test_a_group_without_an_event_is_zero_without_an_interval():
    rows = [("p", 0, 3, 1, "a"), ("p", 3, 9, 0, "a"), ("q", 0, 8, 0, "a"), ("r", 0, 9, 0, "b")]
    data = pd.DataFrame(rows, columns=["person", "start", "stop", "event", "arm"])

    curves = mean_cumulative_function(data, **COLUMNS, group="arm")

    row = curves.at([5]).loc[("b", 5)]
    assert (row["mean"], row["bse"]) == (0, 0)
    assert row[["ci_low", "ci_high"]].isna().all()
    assert curves.notes == (
        "No event in group 'b': the mean is 0 and has no interval.",
        "One person only in group 'b': there is no error.",
    )
    assert curves.difference([5])["ratio"].isna().all()


def test_one_person_alone_and_everybody_gone_for_a_while():
    rows = [("p", 0, 3, 1), ("p", 10, 12, 1)]
    data = pd.DataFrame(rows, columns=["person", "start", "stop", "event"])

    curve = mean_cumulative_function(data, **COLUMNS)

    assert curve.at([3, 12])["mean"].tolist() == [1, 2]
    assert "One person only" in curve.notes[0]
    assert "Nobody is under observation in 1 stretches" in curve.notes[1]
    with pytest.raises(ModelUsageError, match="needs two groups; there are 1"):
        curve.difference([3])


def test_missing_answers_are_left_out_and_counted(bladder):
    data = bladder.astype({"stop": float})
    data.loc[0, "stop"] = np.nan

    assert mean_cumulative_function(data, **COLUMNS).n_left_out == 1
    assert fit_recurrent_events("drug", data, **COLUMNS).n_left_out == 1


def test_no_result_shows_a_row():
    data = survival_data.histories(30, np.random.default_rng(5))
    data["person"] = [f"Canary {number}" for number in data["person"]]
    data.loc[0, "stop"] = data.loc[0, "start"] + 0.123456

    results = [
        fit_recurrent_events("arm", data, **COLUMNS),
        mean_cumulative_function(data, **COLUMNS, group="arm"),
    ]

    for result in results:
        assert "Canary" not in repr(result)
        assert "123456" not in repr(result)


# Simulated truth: unequal follow-up and people who differ


def coverage(n_samples, n_people, seed):
    """Return biases and how often intervals hold the truth, with a person effect of variance 1.

    Of the log ratio (robust and plain errors), of the mean by day 300 in one arm, and of the
    difference between the arms.
    """
    rng = np.random.default_rng(seed)
    truth, wide = np.exp(-0.4), 0.004 * 300
    hits, estimates = np.zeros(4), []
    for _ in range(n_samples):
        data = survival_data.histories(n_people, rng, spread=1.0)
        fit = fit_recurrent_events("arm", data, **COLUMNS)
        low, high = fit.conf_int().iloc[0]
        estimates.append(fit.params.iloc[0])
        bread = np.sqrt(-1 / fit.top.hessian[0, 0])
        curves = mean_cumulative_function(data, **COLUMNS, group="arm")
        mean, gap = curves.at([300]).loc[("a", 300)], curves.difference([300]).iloc[0]
        hits += [
            low <= -0.4 <= high,
            abs(fit.params.iloc[0] + 0.4) <= 1.96 * bread,
            mean["ci_low"] <= wide <= mean["ci_high"],
            gap["ci_low"] <= wide * (truth - 1) <= gap["ci_high"],
        ]
    return np.mean(estimates) + 0.4, hits / n_samples


def test_robust_intervals_hold_the_truth_where_plain_ones_do_not():
    bias, (robust, plain, mean, difference) = coverage(120, 150, 6)

    assert abs(bias) < 0.08  # the standard error of the mean is about .02
    assert robust > 0.88
    assert plain < robust - 0.1
    assert mean > 0.88
    assert difference > 0.88


@pytest.mark.long
def test_intervals_hold_the_truth_in_many_samples():
    bias, (robust, _, mean, difference) = coverage(600, 400, 7)

    assert abs(bias) < 0.02
    for share in (robust, mean, difference):
        assert abs(share - 0.95) < 0.03
