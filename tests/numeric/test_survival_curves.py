"""Kaplan-Meier curves and the log-rank test against print, statsmodels and brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import survival_data
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from datrial.models import ModelDataError, ModelUsageError, kaplan_meier, log_rank

#: Kaplan-Meier of the 21 children on 6-MP and Greenwood's error: Cox and Oakes (1984), Analysis
#: of Survival Data, table 4.1; Collett (2015), table 2.5. Week, survival, error.
SIX_MP = {
    6: (0.857, 0.0764), 7: (0.807, 0.0869), 10: (0.753, 0.0963), 13: (0.690, 0.1068),
    16: (0.627, 0.1141), 22: (0.538, 0.1282), 23: (0.448, 0.1346),
}  # fmt: skip


@pytest.fixture(scope="module")
def remission():
    return survival_data.remission()


@pytest.fixture(scope="module")
def curves(remission):
    return kaplan_meier(remission["weeks"], remission["relapse"], group=remission["drug"])


def cohort(n, seed, *, delayed=False):
    """Simulate whole-day times with ties and censoring, some of them entered late."""
    rng = np.random.default_rng(seed)
    entry = rng.integers(0, 6, n).astype(float) if delayed else np.zeros(n)
    time = entry + rng.integers(1, 30, n)
    return entry, time, rng.integers(0, 2, n), rng.integers(0, 3, n)


def test_leukaemia_as_printed(curves):
    # Source: as cited at SIX_MP. Tolerance: the last printed digit.
    steps = curves.table().loc["6-MP"]

    assert list(steps.index) == list(SIX_MP)
    for week, (survival, error) in SIX_MP.items():
        assert steps.loc[week, "survival"] == pytest.approx(survival, abs=6e-4)
        assert steps.loc[week, "bse"] == pytest.approx(error, abs=6e-5)


def test_median_remission_as_printed(curves):
    # Source: Stata's `stci, by(drug)` on these data: 23 (13, .) and 8 (4, 11).
    median = curves.median()

    assert median.loc["6-MP", ["time", "ci_low"]].tolist() == [23, 13]
    assert np.isnan(median.loc["6-MP", "ci_high"])
    assert median.loc["placebo"].tolist() == [8, 4, 11]


def test_log_rank_as_printed(remission):
    # Source: R, survdiff(Surv(time, cens) ~ treat, MASS::gehan): 16.8, p = 4.17e-05, expected
    # 19.3 and 10.7; Kalbfleisch and Prentice (2002) print 16.79.
    test = log_rank(remission["weeks"], remission["relapse"], remission["drug"])

    assert test.statistic == pytest.approx(16.793, abs=5e-4)
    assert (test.df, test.exact_p_value, test.notes) == (1, None, ())
    assert test.p_value == pytest.approx(4.17e-5, rel=1e-3)
    assert test.table["events"].tolist() == [9, 21]
    assert test.table["expected"].tolist() == pytest.approx([19.25, 10.75], abs=5e-3)


@pytest.mark.parametrize("delayed", [False, True])
def test_curve_against_statsmodels(delayed):
    # Source: statsmodels SurvfuncRight. Tolerance: rounding of the products.
    entry, time, event, _ = cohort(200, 1, delayed=delayed)
    theirs = SurvfuncRight(time, event, entry=entry if delayed else None)

    ours = kaplan_meier(time, event, entry=entry if delayed else None).table().loc["all"]

    assert list(ours.index) == list(theirs.surv_times)
    assert ours["survival"].to_numpy() == pytest.approx(theirs.surv_prob, abs=1e-13)
    inside = ours["survival"].to_numpy() > 0
    errors = np.asarray(theirs.surv_prob_se)
    assert ours["bse"].to_numpy()[inside] == pytest.approx(errors[inside], abs=1e-13)
    assert ours["at_risk"].to_numpy() == pytest.approx(theirs.n_risk)


def test_log_rank_against_statsmodels_with_strata_and_three_groups():
    # Source: statsmodels survdiff.
    _, time, event, group = cohort(240, 2)
    stratum = np.repeat([0, 1, 2], 80)

    plain, stratified = log_rank(time, event, group), log_rank(time, event, group, strata=stratum)

    statistic, p_value = survdiff(time, event, group)
    assert (plain.statistic, plain.p_value) == pytest.approx((statistic, p_value), rel=1e-10)
    statistic, p_value = survdiff(time, event, group, strata=stratum)
    assert stratified.statistic == pytest.approx(statistic, rel=1e-10)
    assert stratified.df == 2


def test_limits_are_the_formulas_and_stay_inside(remission):
    drug = remission[remission["drug"] == "6-MP"]
    s = np.array([0.857142857, 0.806722689])
    log_error = np.sqrt([3 / (21 * 18), 3 / (21 * 18) + 1 / (17 * 16)])
    z = norm.ppf(0.95)

    log_log = kaplan_meier(drug["weeks"], drug["relapse"], level=0.9).table()
    arcsine = kaplan_meier(drug["weeks"], drug["relapse"], level=0.9, interval="arcsine").table()

    spread = z * log_error / np.log(s)
    assert log_log["ci_low"].iloc[:2].tolist() == pytest.approx(s ** np.exp(-spread), abs=1e-8)
    turn = z * log_error / 2 * np.sqrt(s / (1 - s))
    expected = np.sin(np.arcsin(np.sqrt(s)) + turn) ** 2
    assert arcsine["ci_high"].iloc[:2].tolist() == pytest.approx(expected, abs=1e-8)
    for table in (log_log, arcsine):
        assert ((table["ci_low"] > 0) & (table["ci_low"] < table["survival"])).all()
        assert ((table["ci_high"] < 1) & (table["ci_high"] > table["survival"])).all()


def test_after_the_last_follow_up_nothing_is_known(curves):
    at = curves.at([0, 5.5, 35, 36])["survival"]

    assert at.loc["6-MP"].tolist()[:2] == [1, 1]
    assert at.loc["6-MP"].iloc[2] == pytest.approx(0.448, abs=1e-3)
    assert np.isnan(at.loc["6-MP"].iloc[3])
    assert at.loc[("placebo", 36)] == 0  # everybody had the event: 0 it stays


def test_risk_table_counts_people(curves):
    table = curves.risk_table([0, 10, 20])

    assert table.loc["6-MP"].to_numpy().tolist() == [[21, 0, 0], [15, 5, 3], [8, 7, 7]]
    assert table.loc["placebo"].to_numpy().tolist() == [[21, 0, 0], [8, 13, 0], [2, 19, 0]]


def test_risk_table_with_late_entry_counts_who_is_there():
    curves = kaplan_meier([5, 8, 9], [1, 0, 1], entry=[0, 4, 6])

    assert curves.risk_table([0, 5, 7])["at_risk"].tolist() == [1, 2, 2]


def test_restricted_mean_without_censoring_is_the_mean_of_the_cut_times(remission):
    # Without censoring the area under the curve is the mean of min(time, tau), and Greenwood's
    # variance of it is the variance with divisor n.
    weeks = remission.loc[remission["drug"] == "placebo", "weeks"]
    cut = np.minimum(weeks, 10)

    mean = kaplan_meier(weeks, np.ones(21, dtype=int)).restricted_mean(10).loc["all"]

    assert mean["mean"] == pytest.approx(cut.mean(), rel=1e-12)
    assert mean["bse"] == pytest.approx(cut.std(ddof=0) / np.sqrt(21), rel=1e-12)


def test_restricted_mean_difference_flips_with_the_arms(remission):
    one = kaplan_meier(remission["weeks"], remission["relapse"], group=remission["drug"])
    flipped = pd.Categorical(remission["drug"], ["placebo", "6-MP"], ordered=True)
    two = kaplan_meier(remission["weeks"], remission["relapse"], group=pd.Series(flipped))

    forth, back = one.restricted_mean_difference(20), two.restricted_mean_difference(20)

    assert forth["difference"] == pytest.approx(-back["difference"])
    assert forth["p_value"] == pytest.approx(back["p_value"])
    means = one.restricted_mean(20)["mean"]
    assert forth["difference"] == pytest.approx(means["placebo"] - means["6-MP"])


def test_difference_of_survival_adds_the_variances(curves):
    at = curves.at([10])

    row = curves.difference([10, 30]).loc[10]

    change = at.loc[("placebo", 10), "survival"] - at.loc[("6-MP", 10), "survival"]
    error = np.hypot(at.loc[("placebo", 10), "bse"], at.loc[("6-MP", 10), "bse"])
    assert row["difference"] == pytest.approx(change)
    assert row["bse"] == pytest.approx(error)
    assert row["ci_high"] == pytest.approx(change + norm.ppf(0.975) * error)
    assert row["p_value"] == pytest.approx(2 * norm.sf(abs(change) / error))
    assert np.isnan(curves.difference([30]).loc[30, "bse"])  # placebo is at 0
    with pytest.raises(ModelUsageError, match="two groups; there are 1"):
        kaplan_meier([1, 2], [1, 0]).difference([1])


def test_restricted_mean_beyond_the_follow_up_is_refused(curves):
    with pytest.raises(
        ModelDataError, match="up to 40 is covered by the follow-up of group '6-MP'"
    ):
        curves.restricted_mean(40)


def test_whole_weights_count_people():
    _, time, event, _ = cohort(40, 3)
    weights = np.random.default_rng(3).integers(0, 4, 40)

    weighted = kaplan_meier(time, event, weights=weights).table()

    repeated = kaplan_meier(np.repeat(time, weights), np.repeat(event, weights)).table()
    pd.testing.assert_frame_equal(weighted, repeated)


def test_other_weights_get_robust_errors_that_do_not_depend_on_their_scale():
    _, time, event, _ = cohort(60, 4)
    plain = kaplan_meier(time, event).table()

    halved = kaplan_meier(time, event, weights=np.full(60, 0.5))

    # With equal weights and no late entry the infinitesimal jackknife is Greenwood's variance.
    columns = ["survival", "bse", "ci_low", "ci_high"]
    pd.testing.assert_frame_equal(halved.table()[columns], plain[columns], rtol=1e-9)
    assert "Errors are robust" in halved.notes[0]


@pytest.mark.parametrize("weight", [1, 0.5])
def test_somebody_without_weight_is_not_there(weight):
    # The first of them would have had the first event, before anybody else's.
    weights = np.array([0, weight, weight, weight, 0])

    curves = kaplan_meier([1, 2, 3, 4, 5], [1, 1, 0, 1, 1], weights=weights)

    without = kaplan_meier([2, 3, 4], [1, 0, 1], weights=weights[1:4])
    pd.testing.assert_frame_equal(curves.table(), without.table())


def test_exact_p_value_is_the_share_of_all_splits():
    # Source: the statistic recomputed for each split of eleven people.
    _, time, event, _ = cohort(11, 5)
    group = np.array([0] * 5 + [1] * 6)

    test = log_rank(time, event, group)

    def score(members):
        total = 0.0
        for day in np.unique(time[event == 1]):
            here, had = time >= day, (time == day) & (event == 1)
            mine = np.isin(np.arange(11), members)
            total += (had & mine).sum() - had.sum() * (here & mine).sum() / here.sum()
        return abs(total)

    observed = score([5, 6, 7, 8, 9, 10])
    splits = [score(list(split)) for split in combinations(range(11), 6)]
    share = np.mean(np.array(splits) >= observed - 1e-9)
    assert test.exact_p_value == pytest.approx(share, abs=1e-12)
    assert "exact p-value" in test.notes[0]


def test_few_events_without_an_exact_p_value_are_said():
    time = np.arange(1, 61)
    event = (time % 20 == 0).astype(int)

    test = log_rank(time, event, time % 2)

    assert test.exact_p_value is None
    assert "fewer than 5 expected events" in test.notes[0]


def test_a_group_without_an_event_stays_at_one_and_says_so():
    curves = kaplan_meier([3, 4, 5, 6], [0, 0, 1, 1], group=["a", "a", "b", "b"])

    assert curves.at([4]).loc[("a", 4), "survival"] == 1
    assert curves.at([4]).loc[("a", 4), ["ci_low", "ci_high"]].isna().all()
    assert curves.median().loc["a"].isna().all()
    assert curves.notes == ("No event in group 'a': the curve stays at 1 and has no interval.",)
    assert np.isnan(curves.restricted_mean(4).loc["a", "ci_low"])


def test_everybody_censored_at_once():
    curves = kaplan_meier([7, 7, 7], [0, 0, 0])

    assert curves.at([0, 7])["survival"].tolist() == [1, 1]
    assert np.isnan(curves.at([8])["survival"].iloc[0])
    assert curves.table().empty


def test_one_person():
    curves = kaplan_meier([7], [1])

    assert curves.table()["survival"].tolist() == [0]
    assert curves.median()["time"].tolist() == [7]


def test_a_curve_that_ends_before_others_enter_says_so():
    curves = kaplan_meier([2, 9, 10], [1, 1, 0], entry=[0, 5, 5])

    assert curves.at([9])["survival"].tolist() == [0]
    assert "reaches 0 while later people are still to come" in curves.notes[0]


def test_groups_never_at_risk_together_cannot_be_compared():
    test = log_rank([2, 3, 9, 10], [1, 1, 1, 1], ["a", "a", "b", "b"], entry=[0, 0, 5, 5])

    assert np.isnan(test.statistic)
    assert np.isnan(test.p_value)
    assert "never at risk together" in test.notes[0]


def test_missing_answers_are_left_out_and_counted():
    curves = kaplan_meier([1, 2, None, 4], [1, 0, 1, None])

    assert curves.n_left_out == 2
    assert curves.table()["at_risk"].tolist() == [2]


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"time": [-1, 2, 3]}, ModelDataError, "1 rows are below zero"),
        ({"entry": [0, 2, 1]}, ModelDataError, "must end after its start; 1 rows do not"),
        ({"event": [0, 2, 1]}, ModelDataError, "0 or 1; 1 rows are not"),
        ({"event": ["a", "b", "c"]}, ModelUsageError, "must be 0 or 1"),
        ({"time": pd.to_datetime(["2020-01-01"] * 3)}, ModelUsageError, "not dates"),
        ({"time": [np.inf, 1, 2]}, ModelDataError, "finite; 1 rows"),
        ({"group": ["a", "b"]}, ModelUsageError, "same number of rows"),
        ({"weights": [0, 0, 0]}, ModelDataError, "Every weight is zero"),
        ({"weights": [-1, 0, 0]}, ModelDataError, "weights must be finite and not negative"),
        ({"event": [None, None, None]}, ModelDataError, "No row of 3 is complete"),
        ({"interval": "plain"}, ModelUsageError, "log_log or arcsine"),
        ({"level": 95}, ModelUsageError, "between 0 and 1"),
    ],
)
def test_refusals_of_the_curve(change, error, said):
    arguments = {"time": [1, 2, 3], "event": [1, 0, 1]} | change

    with pytest.raises(error, match=said):
        kaplan_meier(**arguments)


def test_refusals_of_the_test():
    with pytest.raises(ModelDataError, match="the rows hold one"):
        log_rank([1, 2], [1, 1], ["a", "a"])
    with pytest.raises(ModelDataError, match="No event in the 2 complete rows"):
        log_rank([1, 2], [0, 0], ["a", "b"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(1, 8), st.booleans(), st.integers(0, 1)),
        min_size=1,
        max_size=25,
    )
)
def test_curve_by_brute_force_on_random_people(people):
    entry, length, event, group = (np.array(column) for column in zip(*people, strict=True))
    time = entry + length

    curves = kaplan_meier(time, event.astype(int), entry=entry, group=group)

    for label, table in curves.table().groupby(level=0):
        survival, variance = 1.0, 0.0
        mine = group == label
        for day, row in table.loc[label].iterrows():
            at_risk = (mine & (entry < day) & (day <= time)).sum()
            had = (mine & event & (time == day)).sum()
            survival *= 1 - had / at_risk
            assert (row["at_risk"], row["events"]) == (at_risk, had)
            assert row["survival"] == pytest.approx(survival, abs=1e-12)
            if survival > 0:
                variance += had / (at_risk * (at_risk - had))
                assert row["bse"] == pytest.approx(survival * np.sqrt(variance), abs=1e-12)


def coverage(n_samples, n_people, seed):
    """Return how often the intervals of survival and of the restricted mean hold the truth."""
    rng = np.random.default_rng(seed)
    hits = np.zeros(3)
    mean = (1 - np.exp(-1.0)) / 0.1
    for _ in range(n_samples):
        time, end = rng.exponential(10, n_people), rng.uniform(8, 30, n_people)
        entry = rng.uniform(0, 4, n_people) * (rng.random(n_people) < 0.3)
        kept = np.minimum(time, end) > entry
        observed, event = np.minimum(time, end)[kept], (time <= end)[kept].astype(int)
        fits = [
            kaplan_meier(observed, event, entry=entry[kept], interval=kind)
            for kind in ("log_log", "arcsine")
        ]
        limits = [fit.at([8]).iloc[0] for fit in fits]
        hits[:2] += [row["ci_low"] <= np.exp(-0.8) <= row["ci_high"] for row in limits]
        row = fits[0].restricted_mean(10).iloc[0]
        hits[2] += row["ci_low"] <= mean <= row["ci_high"]
    return hits / n_samples


def test_intervals_hold_the_truth():
    # 200 samples: the standard error of a share of .95 is .015.
    assert (np.abs(coverage(200, 80, 6) - 0.95) < 0.05).all()


@pytest.mark.long
def test_intervals_hold_the_truth_in_many_samples():
    assert (np.abs(coverage(4000, 200, 7) - 0.95) < 0.012).all()
