"""Cox regression against print, R, statsmodels, closed forms, brute force and simulated truth."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
import survival_data
from scipy.optimize import linprog, minimize
from scipy.stats import chi2
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.tools.numdiff import approx_fprime

from datrial.models import ModelDataError, ModelUsageError, fit_cox, log_rank
from datrial.models.survival.firth import jeffreys_penalty
from datrial.models.survival.partial_likelihood import PartialLikelihood
from datrial.models.survival.proportionality import proportionality_tests
from datrial.models.survival.risk_sets import build_risk_sets

#: Ten intervals with delayed entry and a tie at 9: Therneau and Grambsch (2000), Modeling
#: Survival Data, appendix E.2: start, stop, event, x.
INTERVALS = [
    (1, 2, 1, 1), (2, 3, 1, 0), (5, 6, 1, 0), (2, 7, 1, 1), (1, 8, 1, 0), (7, 9, 1, 1),
    (3, 9, 1, 1), (4, 9, 0, 1), (8, 14, 0, 0), (8, 17, 0, 0),
]  # fmt: skip


def intervals():
    return pd.DataFrame(INTERVALS, columns=["start", "stop", "event", "x"])


def cohort(n, seed, *, log_ratio=0.5, clusters=None):
    """Simulate times with delayed entry, ties in whole days and, if wanted, shared frailty."""
    rng = np.random.default_rng(seed)
    x, site = rng.integers(0, 2, n), rng.integers(0, 3, n)
    age = rng.normal(35, 10, n)
    person = np.arange(n) if clusters is None else rng.integers(0, clusters, n)
    effect = rng.gamma(2, 0.5, n)[person] if clusters else np.ones(n)
    hazard = effect * np.exp(log_ratio * x + 0.02 * (age - 35)) / 60
    entry = np.floor(rng.uniform(0, 40, n)) * (rng.random(n) < 0.6)
    time = entry + np.ceil(rng.exponential(1 / hazard))
    end = entry + rng.integers(20, 120, n)
    return pd.DataFrame(
        {
            "entry": entry,
            "time": np.minimum(time, end),
            "event": (time <= end).astype(int),
            "x": x,
            "age": age,
            "site": pd.Categorical.from_codes(site, ["one", "two", "three"]),
            "person": person,
        }
    )


def brute_log_likelihood(data, x, beta, ties="efron"):
    """Sum the log partial likelihood over event times, one by one."""
    start, stop, event = (data[name].to_numpy() for name in ("start", "stop", "event"))
    risk, total = np.exp(x @ beta), 0.0
    for time in np.unique(stop[event > 0]):
        here, had = (start < time) & (stop >= time), (stop == time) & (event > 0)
        number = int(event[had].sum())
        total += (event * (x @ beta))[had].sum()
        for place in range(number):
            share = place / number if ties == "efron" else 0.0
            total -= np.log(risk[here].sum() - share * risk[had].sum())
    return total


def likelihood_of(data, x, ties="efron"):
    event = data["event"].to_numpy(dtype=float)
    risk = build_risk_sets(
        data["stop"].to_numpy(dtype=float), event > 0, start=data["start"].to_numpy(dtype=float)
    )
    return PartialLikelihood(x, event, np.ones(len(data)), risk, ties)


# Certificates in print


def test_leukaemia_as_printed():
    # Source: R, coxph(Surv(time, cens) ~ treat, MASS::gehan): 1.572 (0.412) by Efron; Breslow's
    # ties give 1.509 (0.410), as Cox and Oakes (1984) and SAS print. Tolerance: last digit.
    remission = survival_data.remission()

    efron = fit_cox("drug", remission, duration="weeks", event="relapse")
    breslow = fit_cox("~ drug", remission, duration="weeks", event="relapse", ties="breslow")

    assert efron.params.iloc[0] == pytest.approx(1.5721, abs=5e-5)
    assert efron.bse.iloc[0] == pytest.approx(0.4124, abs=5e-5)
    assert efron.likelihood_ratio_test().statistic == pytest.approx(16.35, abs=5e-3)
    assert breslow.params.iloc[0] == pytest.approx(1.5092, abs=5e-5)
    assert breslow.bse.iloc[0] == pytest.approx(0.4096, abs=5e-5)
    assert breslow.likelihood_ratio_test().statistic == pytest.approx(15.21, abs=5e-3)
    assert (efron.nobs, efron.n_events, efron.notes) == (42, 30, ())


def test_delayed_entry_in_closed_form():
    # Source: Therneau and Grambsch (2000), appendix E.2, Efron: the likelihood, its derivatives
    # and the score residuals of `INTERVALS` as functions of r = exp(b).
    likelihood = likelihood_of(intervals(), intervals()[["x"]].to_numpy(dtype=float))

    for b in (0.0, -0.3, 0.8):
        r, at = np.exp(b), likelihood.evaluate(np.array([b]))
        value = 4 * b - np.log(
            (r + 1) * (r + 2) * (3 * r + 2) ** 2 * (3 * r + 1) ** 2 * (2 * r + 2)
        )
        slope = 1 / (r + 1) + 1 / (3 * r + 1) + 2 / (3 * r + 2) + 2 / (2 * r + 2)
        slope -= r / (r + 2) + 3 * r / (3 * r + 2) + 3 * r / (3 * r + 1)
        information = r * (
            1 / (r + 1) ** 2 + 2 / (r + 2) ** 2 + 12 / (3 * r + 2) ** 2 + 6 / (3 * r + 1) ** 2
            + 4 / (2 * r + 2) ** 2
        )  # fmt: skip
        assert at.value == pytest.approx(value, abs=1e-12)
        assert at.gradient[0] == pytest.approx(slope, abs=1e-12)
        assert -at.hessian[0, 0] == pytest.approx(information, abs=1e-12)
        # Row 1 has its event among rows 1 and 5; row 8 is at risk at 6, 7, 8 and twice at 9.
        scores = likelihood.score_rows(at)[:, 0]
        assert scores[0] == pytest.approx((1 - r / (r + 1)) ** 2, abs=1e-12)
        terms = [(3 * r + 2, 3 * r), (3 * r + 1, 3 * r), (3 * r + 1, 3 * r)]
        terms += [(3 * r + 2, 3 * r), (2 * r + 2, 2 * r)]
        charged = sum(r / whole * (1 - part / whole) for whole, part in terms)
        assert scores[7] == pytest.approx(-charged, abs=1e-12)


def test_against_r_with_entry_strata_and_ties():
    # Source: R's coxph as stored in statsmodels' own tests (survival_r_results.py, 7 digits).
    from pathlib import Path

    import statsmodels.duration.tests.results.survival_r_results as stored

    folder = Path(stored.__file__).parent
    for n, p in ((20, 1), (50, 2), (100, 5)):
        values = np.loadtxt(folder / f"survival_data_{n}_{p}.csv")
        data = pd.DataFrame(values[:, :3], columns=["time", "event", "entry"])
        names = [f"x{j}" for j in range(p)]
        data[names] = values[:, 3:]
        data["stratum"] = np.repeat(range(5), n // 5)
        for ties, entry, strata in product(
            ("breslow", "efron"), (None, "entry"), (None, "stratum")
        ):
            fit = fit_cox(
                " + ".join(names), data, duration="time", event="event", entry=entry,
                strata=strata, ties=ties,
            )  # fmt: skip
            tag = f"{n}_{p}_{'et_' if entry else ''}{'st_' if strata else ''}{ties[:3]}"
            assert fit.params.to_numpy() == pytest.approx(getattr(stored, f"coef_{tag}"), abs=1e-7)
            assert fit.bse.to_numpy() == pytest.approx(getattr(stored, f"se_{tag}"), abs=1e-7)


# A second engine and brute force


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_value_gradient_hessian_and_scores_by_brute_force(ties):
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"start": rng.integers(0, 8, 60)})
    data["stop"], data["event"] = data["start"] + rng.integers(1, 9, 60), rng.integers(0, 3, 60)
    x, b = rng.normal(size=(60, 2)), np.array([0.4, -0.7])
    likelihood = likelihood_of(data, x, ties)

    at = likelihood.evaluate(b)

    assert at.value == pytest.approx(brute_log_likelihood(data, x, b, ties), abs=1e-10)
    slope = approx_fprime(b, lambda c: brute_log_likelihood(data, x, c, ties), centered=True)
    assert at.gradient == pytest.approx(slope, abs=1e-6)
    curve = approx_fprime(b, lambda c: likelihood.evaluate(c).gradient, centered=True)
    assert at.hessian == pytest.approx(curve, abs=1e-6)
    assert likelihood.score_rows(at).sum(axis=0) == pytest.approx(at.gradient, abs=1e-10)
    assert likelihood.schoenfeld(at).sum(axis=0) == pytest.approx(at.gradient, abs=1e-10)
    assert likelihood.information(at, np.ones(len(likelihood.deaths))) == pytest.approx(-at.hessian)


def test_sums_over_risk_sets_by_addition_and_by_subtraction():
    rng = np.random.default_rng(2)
    for _ in range(50):
        n = int(rng.integers(1, 60))
        start = rng.integers(0, 15, n).astype(float)
        stop, stratum = start + rng.integers(1, 15, n), rng.integers(0, 3, n)
        event, values = rng.random(n) < 0.6, rng.normal(size=n)
        event[0] = True
        risk = build_risk_sets(stop, event, start=start, stratum=stratum)
        here = [
            (stratum == s) & (start < t) & (t <= stop)
            for s, t in zip(risk.stratum, risk.times, strict=True)
        ]
        expected = [values[rows].sum() for rows in here]
        assert risk.totals(values) == pytest.approx(expected, abs=1e-12)
        assert risk.totals(values, additive=False) == pytest.approx(expected, abs=1e-12)
        assert risk.maxima(values).tolist() == [values[rows].max() for rows in here]


def test_a_small_risk_set_keeps_its_digits_beside_a_large_one():
    # A person of huge relative risk has left before the second event; subtraction would leave
    # nothing of the two who remain.
    data = pd.DataFrame({"start": [0, 0, 1, 1], "stop": [1, 3, 3, 4], "event": [1, 0, 1, 0]})
    x = np.array([[45.0], [0.0], [1.0], [0.0]])

    at = likelihood_of(data, x).evaluate(np.array([1.0]))

    expected = -np.log1p(np.exp(-45.0)) + 1 - np.log(2 + np.e)
    assert at.value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("spread", [1.0, 40.0])
def test_many_event_times_are_summed_the_quick_way_only_where_it_is_exact(monkeypatch, spread):
    # With so large a spread the quick way would lose its digits: it is left for the other.
    data = cohort(200, 3).rename(columns={"entry": "start", "time": "stop"})
    x, b = data[["x"]].to_numpy(dtype=float) * spread, np.array([1.0])
    slow = likelihood_of(data, x).evaluate(b)
    monkeypatch.setattr("datrial.models.survival.partial_likelihood.ADDITIVE_TIMES", 0)
    likelihood = likelihood_of(data, x)

    quick = likelihood.evaluate(b)

    assert quick.value == pytest.approx(slow.value, rel=1e-12)
    assert quick.hessian == pytest.approx(slow.hessian, rel=1e-9)
    assert likelihood._risk_totals(quick.relative_risk)[1] == (spread > 1)


def test_clustered_errors_with_delayed_entry_against_statsmodels_and_a_direct_sum():
    # Source: statsmodels PHReg with `groups`, Breslow's ties, without the factor G/(G-1). Its
    # entry is included in the risk set, ours is not: half a day makes them one.
    data = cohort(400, 3, clusters=60)

    fit = fit_cox(
        "x + age", data, duration="time", event="event", entry="entry", cluster="person",
        ties="breslow",
    )  # fmt: skip

    model = PHReg(
        data["time"], data[["x", "age"]], status=data["event"], entry=data["entry"] + 0.5,
        ties="breslow",
    )  # fmt: skip
    theirs = model.fit(groups=data["person"].to_numpy(), disp=0)
    assert fit.params.to_numpy() == pytest.approx(theirs.params, rel=1e-8)
    factor = np.sqrt(fit.n_clusters / (fit.n_clusters - 1))
    assert fit.bse.to_numpy() == pytest.approx(factor * np.sqrt(np.diag(theirs.cov_params())))
    # Directly: each row's score charged at every event time while it is under observation.
    x, b = data[["x", "age"]].to_numpy(dtype=float), fit.params.to_numpy()
    entry, time, event = (data[c].to_numpy() for c in ("entry", "time", "event"))
    risk, scores = np.exp(x @ b), np.zeros_like(x)
    for day in np.unique(time[event == 1]):
        here, had = (entry < day) & (day <= time), (time == day) & (event == 1)
        mean = (risk[here] @ x[here]) / risk[here].sum()
        scores[had] += x[had] - mean
        scores[here] -= (risk[here] * had.sum() / risk[here].sum())[:, None] * (x[here] - mean)
    totals = pd.DataFrame(scores).groupby(data["person"]).sum().to_numpy()
    bread = np.linalg.inv(-fit.problem.likelihood.evaluate(b).hessian)
    expected = factor**2 * bread @ totals.T @ totals @ bread
    assert fit.covariance.to_numpy() == pytest.approx(expected, rel=1e-8)


def test_weights_repeat_people():
    data = cohort(80, 4)
    weights = np.random.default_rng(4).integers(0, 3, 80)

    weighted = fit_cox(
        "x + age", data, duration="time", event="event", weights=weights, ties="breslow"
    )

    repeated = data.loc[np.repeat(data.index, weights)]
    plain = fit_cox("x + age", repeated, duration="time", event="event", ties="breslow")
    assert weighted.params.to_numpy() == pytest.approx(plain.params.to_numpy(), abs=1e-9)
    assert weighted.bse.to_numpy() == pytest.approx(plain.bse.to_numpy(), rel=1e-8)


def test_weights_that_do_not_count_people_get_robust_errors():
    data = cohort(80, 4)
    options = {"duration": "time", "event": "event"}
    robust = fit_cox("x + age", data, cluster=np.arange(80), **options)

    halved = fit_cox("x + age", data, weights=np.full(80, 0.5), **options)

    assert halved.params.to_numpy() == pytest.approx(robust.params.to_numpy(), abs=1e-9)
    assert halved.bse.to_numpy() == pytest.approx(robust.bse.to_numpy(), rel=1e-8)
    assert halved.n_clusters is None
    assert "sandwich over 80 rows" in halved.covariance_note
    with pytest.raises(ModelUsageError, match="weighted rows are not"):
        halved.profile_intervals()


def test_score_test_of_one_arm_is_the_log_rank_test():
    # Without ties the log-rank statistic is the score test of Cox's model at b = 0.
    data = cohort(60, 5)
    data["time"] = data["time"] + np.linspace(0, 0.5, 60)
    data["start"], data["stop"] = 0.0, data["time"]

    at = likelihood_of(data, data[["x"]].to_numpy(dtype=float)).evaluate(np.zeros(1))

    test = log_rank(data["time"], data["event"], data["x"])
    assert at.gradient[0] ** 2 / -at.hessian[0, 0] == pytest.approx(test.statistic, rel=1e-10)


def test_baseline_hazard_of_the_reference_group():
    # Source: Efron's steps 1 / (sum of relative risks less a share of the tied), by hand.
    data = intervals()
    fit = fit_cox("x", data, duration="stop", event="event", entry="start")
    r = float(np.exp(fit.params.iloc[0]))

    hazard = fit.baseline_hazard()

    steps = [1 / (r + 1), 1 / (r + 2), 1 / (3 * r + 2), 1 / (3 * r + 1), 1 / (3 * r + 1)]
    steps.append(1 / (3 * r + 2) + 1 / (2 * r + 2))
    assert hazard["time"].tolist() == [2, 3, 6, 7, 8, 9]
    assert hazard["cumulative_hazard"].tolist() == pytest.approx(np.cumsum(steps), rel=1e-9)


def test_strata_have_their_own_baseline():
    data = cohort(120, 6)

    hazard = fit_cox("x", data, duration="time", event="event", strata="site").baseline_hazard()

    assert list(hazard["stratum"].unique()) == ["one", "two", "three"]
    for _, part in hazard.groupby("stratum"):
        assert part["cumulative_hazard"].is_monotonic_increasing
        assert part["cumulative_hazard"].iloc[0] < 0.5


# What must not matter, and what must


def test_pieces_order_units_and_clock_do_not_matter():
    data = cohort(100, 7)
    fit = fit_cox("x + age", data, duration="time", event="event", entry="entry")
    longer = data["time"] - data["entry"] > 2
    first, second = data.copy(), data[longer].copy()
    first.loc[longer, "event"] = 0
    first.loc[longer, "time"] = first.loc[longer, "entry"] + 2
    second["entry"] = second["entry"] + 2
    pieces = pd.concat([first, second]).sample(frac=1, random_state=0)
    pieces[["entry", "time"]] = np.log(pieces[["entry", "time"]] + 1)
    pieces["age"] = 12 * pieces["age"] + 1000

    again = fit_cox("x + age", pieces, duration="time", event="event", entry="entry")

    assert again.params["x"] == pytest.approx(fit.params["x"], rel=1e-8)
    assert 12 * again.params["age"] == pytest.approx(fit.params["age"], rel=1e-8)
    assert again.bse["x"] == pytest.approx(fit.bse["x"], rel=1e-8)
    assert again.llf == pytest.approx(fit.llf, abs=1e-8)


def test_swapped_arms_flip_the_sign():
    data = cohort(100, 8).assign(swapped=lambda d: 1 - d["x"])

    one = fit_cox("x", data, duration="time", event="event")
    two = fit_cox("swapped", data, duration="time", event="event")

    assert one.params.iloc[0] == pytest.approx(-two.params.iloc[0], abs=1e-10)
    ratios = one.hazard_ratios().iloc[0], two.hazard_ratios().iloc[0]
    assert ratios[0]["ci_low"] == pytest.approx(1 / ratios[1]["ci_high"])


def test_somebody_gone_before_the_first_event_changes_nothing_but_the_count():
    data = cohort(60, 9)
    early = data.iloc[[0]].assign(entry=0.0, time=0.5, event=0, x=1)

    one = fit_cox("x", data, duration="time", event="event")
    two = fit_cox("x", pd.concat([data, early]), duration="time", event="event")

    assert two.params.iloc[0] == pytest.approx(one.params.iloc[0], abs=1e-12)
    assert two.nobs == one.nobs + 1


def test_an_event_on_the_day_of_entry_is_not_ones_own_but_the_first_day_counts():
    # Entering on day 5, after the event of that day; without entry, day 0 has everybody at risk.
    late = pd.DataFrame({"entry": [0, 0, 5], "time": [5, 9, 9], "event": [1, 1, 0], "x": [1, 0, 0]})
    first = pd.DataFrame({"time": [0, 3, 4], "event": [1, 1, 0], "x": [1, 0, 1]})

    entered = fit_cox("x", late, duration="time", event="event", entry="entry", penalty="firth")
    began = fit_cox("x", first, duration="time", event="event", penalty="firth")

    assert entered.problem.likelihood.risk.totals(np.ones(3)).tolist() == [2, 2]
    assert began.problem.likelihood.risk.totals(np.ones(3)).tolist() == [3, 2]


# Proportional hazards


def test_proportionality_as_printed():
    # Source: R, help page of survival::cox.zph, coxph(Surv(futime, fustat) ~ age + ecog.ps,
    # ovarian): 0.698, 2.371, global 3.633. Tolerance: the last printed digit.
    fit = fit_cox("age + ecog", survival_data.ovarian(), duration="days", event="death")

    tests = fit.proportionality_test()

    assert fit.params.tolist() == pytest.approx([0.1615, 0.0187], abs=5e-5)
    assert fit.bse.tolist() == pytest.approx([0.0499, 0.5991], abs=5e-5)
    assert tests["chi2"].tolist() == pytest.approx([0.698, 2.371, 3.633], abs=5e-4)
    assert tests["p_value"].tolist() == pytest.approx([0.40, 0.12, 0.16], abs=5e-3)


@pytest.mark.parametrize("transform", ["km", "rank", "log", "identity"])
def test_proportionality_is_the_score_test_of_a_slope_in_time(transform):
    # Source: rows split at every event time, x * g(t) beside x, and the score test of its
    # coefficient from statsmodels' PHReg at the estimates. Breslow's ties, as PHReg splits them.
    data = cohort(70, 10)
    fit = fit_cox("x + site", data, duration="time", event="event", ties="breslow")
    times = np.sort(data.loc[data["event"] == 1, "time"].unique())
    events = np.array([((data["time"] == t) & (data["event"] == 1)).sum() for t in times])
    at_risk = np.array([(data["time"] >= t).sum() for t in times])
    before = np.append(1, np.cumprod(1 - events / at_risk)[:-1])
    g = {
        "km": 1 - before,
        "rank": np.repeat(np.arange(1, events.sum() + 1), 1).astype(float),
        "log": np.log(times),
        "identity": times,
    }[transform]
    if transform == "rank":
        g = np.array([part.mean() for part in np.split(g, np.cumsum(events)[:-1])])
    split = pd.DataFrame(
        [
            (t - 0.5, t, int(row.event and row.time == t), row.x, row.site, h)
            for row in data.itertuples()
            for t, h in zip(times, g, strict=True)
            if t <= row.time
        ],
        columns=["start", "stop", "event", "x", "site", "g"],
    )
    x = np.column_stack([split["x"], split["site"] == "two", split["site"] == "three"])
    x = x.astype(float)
    wide = np.column_stack([x, x * split[["g"]].to_numpy()])
    model = PHReg(split["stop"], wide, status=split["event"], entry=split["start"], ties="breslow")
    b = np.append(fit.params.to_numpy(), np.zeros(3))
    score, information = model.score(b), -model.hessian(b)

    tests = fit.proportionality_test(transform)

    assert list(tests.index) == ["x", "site", "all"]
    for name, slopes in (("x", [3]), ("site", [4, 5]), ("all", [3, 4, 5])):
        rows = [0, 1, 2, *slopes]
        part = np.linalg.inv(information[np.ix_(rows, rows)])
        expected = score[rows] @ part @ score[rows]
        assert tests.loc[name, "chi2"] == pytest.approx(expected, rel=1e-6)
        assert tests.loc[name, "df"] == len(slopes)
        assert tests.loc[name, "p_value"] == pytest.approx(chi2.sf(expected, len(slopes)), rel=1e-5)


def crossing(n, rng, *, changes):
    """Simulate two arms, of which one has a hazard that falls with time if it `changes`."""
    x = np.arange(n) % 2
    shape = np.where((x == 1) & changes, 0.5, 1.0)
    time = rng.weibull(shape) * 50
    end = rng.uniform(30, 100, n)
    return pd.DataFrame({"time": np.minimum(time, end), "event": (time <= end).astype(int), "x": x})


def test_proportionality_is_refuted_where_it_fails_and_seldom_where_it_holds():
    rng = np.random.default_rng(11)

    def share(changes):
        fits = [
            fit_cox("x", crossing(200, rng, changes=changes), duration="time", event="event")
            for _ in range(60)
        ]
        return np.mean([fit.proportionality_test().loc["x", "p_value"] < 0.05 for fit in fits])

    assert share(True) > 0.9
    assert share(False) < 0.15  # 60 samples: the standard error of .05 is .028


def test_clustered_proportionality_with_each_row_its_own_cluster_is_near_the_plain_one():
    data = cohort(600, 12)
    plain = fit_cox("x + age", data, duration="time", event="event").proportionality_test()

    robust = fit_cox("x + age", data, duration="time", event="event", cluster=np.arange(600))

    ratio = robust.proportionality_test()["chi2"] / plain["chi2"]
    assert ((ratio > 0.7) & (ratio < 1.4)).all()


@pytest.mark.parametrize("cluster", [None, "person"])
def test_proportionality_does_not_depend_on_where_time_begins(cluster):
    # The scores of the slopes are cleared of those of the coefficients, row by row.
    data = cohort(200, 22, clusters=50)
    fit = fit_cox("x + age", data, duration="time", event="event", cluster=cluster)
    likelihood = fit.problem.likelihood
    at, g = likelihood.evaluate(fit.top.point), np.sqrt(likelihood.risk.times)

    one, two = (
        proportionality_tests(likelihood, at, times, {"x": [0], "age": [1]}, fit.clusters)
        for times in (g, g + 25)
    )

    for term in ("x", "age", "all"):
        assert one[term].statistic == pytest.approx(two[term].statistic, rel=1e-6)


def test_clustered_proportionality_keeps_its_size_where_people_recur():
    # Proportional rates, a person effect: the robust test errs seldom.
    rng, options = np.random.default_rng(23), {"duration": "stop", "event": "event"}
    found = []
    for _ in range(60):
        data = survival_data.histories(80, rng, spread=1.0)
        data["event"] = np.minimum(data["event"], 1)
        fit = fit_cox("arm", data, entry="start", cluster="person", **options)
        found.append(fit.proportionality_test("rank").loc["arm", "p_value"] < 0.05)

    assert np.mean(found) < 0.16


def test_scaled_residuals_average_to_the_estimates():
    data = cohort(100, 13)
    fit = fit_cox("x + age", data, duration="time", event="event")
    events = data.loc[data["event"] == 1, "time"].value_counts().sort_index()

    residuals = fit.scaled_schoenfeld()

    assert list(residuals.index) == list(events.index)
    mean = np.average(residuals, axis=0, weights=events)
    assert mean == pytest.approx(fit.params.to_numpy(), abs=1e-7)


# No finite estimate


def no_events_in_one_arm():
    remission = survival_data.remission()
    remission.loc[remission["drug"] == "6-MP", "relapse"] = 0
    return remission


def test_no_event_in_an_arm_is_said_and_the_finite_end_given():
    fit = fit_cox("drug", no_events_in_one_arm(), duration="weeks", event="relapse")

    assert fit.unbounded == ["drug[T.placebo]"]
    assert "runs to infinity" in fit.notes[0]
    assert "penalty='firth'" in fit.notes[1]
    row = fit.hazard_ratios().iloc[0]
    assert np.isinf(row["hazard_ratio"])
    assert row[["bse", "p_value", "ci_low", "ci_high"]].isna().all()
    assert np.isnan(fit.joint_test("drug").p_value)
    assert fit.proportionality_test()["p_value"].isna().all()
    interval = fit.profile_intervals().iloc[0]
    assert interval["ci_low"] > 1
    assert np.isinf(interval["ci_high"])
    assert interval["p_value"] < 1e-6


def test_firth_against_a_search_of_the_penalised_likelihood():
    # Source: the brute-force likelihood plus half the log-determinant of its numerical Hessian,
    # maximised without derivatives.
    data = cohort(25, 14).assign(start=lambda d: d["entry"], stop=lambda d: d["time"])
    x = data[["x", "age"]].to_numpy(dtype=float) / [1, 10]
    data["decade"] = x[:, 1]

    fit = fit_cox(
        "x + decade", data, duration="time", event="event", entry="entry", penalty="firth"
    )

    likelihood = likelihood_of(data, x)

    def penalised(b):
        value = brute_log_likelihood(data, x, b)
        return value + 0.5 * np.linalg.slogdet(-likelihood.evaluate(b).hessian)[1]

    best = minimize(lambda b: -penalised(b), np.zeros(2), method="Nelder-Mead",
                    options={"xatol": 1e-7, "fatol": 1e-12, "maxiter": 2000})  # fmt: skip
    assert fit.params.to_numpy() == pytest.approx(best.x, abs=1e-5)
    assert fit.penalised_llf == pytest.approx(penalised(best.x), abs=1e-9)
    b = np.array([0.3, -0.2])
    slope = jeffreys_penalty(likelihood, likelihood.evaluate(b))[1]

    def penalty(c):
        return jeffreys_penalty(likelihood, likelihood.evaluate(c))[0]

    assert slope == pytest.approx(approx_fprime(b, penalty, centered=True), abs=1e-6)


def test_firth_is_finite_where_nobody_has_an_event_and_auto_uses_it_only_there():
    empty, full = no_events_in_one_arm(), survival_data.remission()
    options = {"duration": "weeks", "event": "relapse", "penalty": "auto"}

    penalised, plain = fit_cox("drug", empty, **options), fit_cox("drug", full, **options)

    assert (penalised.penalty, plain.penalty) == ("firth", None)
    assert 2 < penalised.params.iloc[0] < 6
    assert penalised.profile_intervals()["ci_low"].iloc[0] > 1
    assert penalised.converged


def test_profile_interval_is_where_the_likelihood_has_fallen_far_enough():
    fit = fit_cox("drug", survival_data.remission(), duration="weeks", event="relapse")
    likelihood = fit.problem.likelihood

    ends = fit.profile_intervals().iloc[0][["ci_low", "ci_high"]]

    for end in ends:
        fall = 2 * (fit.llf - likelihood.evaluate(np.array([end])).value)
        assert fall == pytest.approx(chi2.ppf(0.95, 1), abs=1e-6)


def test_monotone_likelihood_by_all_comparisons():
    # Source: a linear programme over every comparison of an event with its risk set.
    rng, found = np.random.default_rng(15), 0
    for _ in range(40):
        n = int(rng.integers(5, 12))
        x = rng.integers(0, 2, (n, 2))
        data = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "start": rng.integers(0, 4, n)})
        data["stop"], data["event"] = data["start"] + rng.integers(1, 6, n), rng.integers(0, 2, n)
        try:
            fit = fit_cox("a + b", data, duration="stop", event="event", entry="start")
        except ModelDataError:
            continue
        pairs = [
            x[i] - x[j]
            for i in range(n)
            for j in range(n)
            if data["event"][i] and data["start"][j] < data["stop"][i] <= data["stop"][j]
        ]
        expected = []
        for column, sign in product(range(2), (1, -1)):
            goal = np.zeros(2)
            goal[column] = -sign
            best = linprog(goal, A_ub=-np.array(pairs), b_ub=np.zeros(len(pairs)), bounds=(-1, 1))
            expected += ["ab"[column]] if best.fun < -1e-6 else []
        assert set(fit.unbounded) == set(expected)
        found += bool(expected)
    assert 5 < found < 35


# Refusals


def test_refusals():
    data = cohort(40, 16)
    fit = {"duration": "time", "event": "event"}

    def refused(error, said, formula="x", frame=data, **options):
        with pytest.raises(error, match=said):
            fit_cox(formula, frame, **(fit | options))

    refused(ModelDataError, "No event in the 40 complete rows", frame=data.assign(event=0))
    refused(ModelDataError, "0 or 1; 3 rows", frame=data.assign(event=[2] * 3 + [1] * 37))
    refused(ModelDataError, "must end after its start; 40 rows", frame=data.assign(entry=999),
            entry="entry")  # fmt: skip
    refused(ModelDataError, "1 rows are below zero", frame=data.assign(time=[-1] + [2] * 39))
    refused(ModelUsageError, "predictors only", formula="time ~ x")
    refused(ModelUsageError, "without '- 1'", formula="x - 1")
    refused(ModelUsageError, "at least one predictor", formula="1")
    refused(ModelUsageError, "efron or breslow", ties="exact")
    refused(ModelUsageError, "None, 'firth' or 'auto'", penalty="ridge")
    refused(ModelUsageError, "no column 'days'", duration="days")
    refused(ModelDataError, "same for everybody at risk", formula="site", strata="site")
    refused(ModelDataError, "at least two clusters", cluster=np.zeros(40))
    clustered = fit_cox("x", data, cluster="person", **fit)
    with pytest.raises(ModelUsageError, match="independent"):
        clustered.likelihood_ratio_test()
    with pytest.raises(ModelUsageError, match="rank"):
        clustered.proportionality_test("square")


def test_terms_of_the_formula_can_be_tested_together():
    data = cohort(150, 21)

    fit = fit_cox("x * age + site", data, duration="time", event="event", entry="entry")

    assert fit.joint_test("site").df == 2
    assert fit.joint_test("age").df == 2
    assert list(fit.proportionality_test().index) == ["x", "age", "site", "x:age", "all"]


def test_rows_with_missing_answers_are_left_out_and_counted():
    data = cohort(40, 17)
    data.loc[[0, 1], "age"] = np.nan
    data.loc[2, "time"] = np.nan

    fit = fit_cox("x + age", data, duration="time", event="event")

    assert (fit.nobs, fit.n_left_out) == (37, 3)


def test_no_result_shows_a_row():
    data = cohort(60, 18).assign(person=lambda d: [f"Canary {i}" for i in range(len(d))])
    data.loc[5, "age"] = 77.125

    fit = fit_cox("x + age", data, duration="time", event="event", cluster="person")

    assert "Canary" not in repr(fit)
    assert "77.125" not in repr(fit)


# Simulated truth


def recovery(n_samples, n_people, seed):
    """Return the bias of the log hazard ratio and the coverage of its interval."""
    estimates, hits = [], []
    for sample in range(n_samples):
        plain = fit_cox(
            "x + age", cohort(n_people, [seed, sample]), duration="time", event="event",
            entry="entry",
        )  # fmt: skip
        estimates.append(plain.params["x"])
        low, high = plain.conf_int().loc["x"]
        hits.append(low <= 0.5 <= high)
    return np.mean(estimates) - 0.5, np.mean(hits)


def test_recovers_the_hazard_ratio_under_delayed_entry():
    bias, share = recovery(100, 250, 19)

    assert abs(bias) < 0.04  # the standard error of the mean is .015
    assert abs(share - 0.95) < 0.06


@pytest.mark.long
def test_recovers_the_hazard_ratio_in_many_samples():
    bias, share = recovery(1500, 400, 20)

    assert abs(bias) < 0.01
    assert abs(share - 0.95) < 0.015
