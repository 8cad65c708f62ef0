"""Times to an event: curves, tests, Cox regression, recurrent events."""

from __future__ import annotations

from collections.abc import Iterator

from datrial import models
from datrial.verification import published_data as data
from datrial.verification.certificate import Chapter, Comparison, Kind, each, near, same

CHAPTER = Chapter("survival", "Times to an event and recurrent events")

REMISSION = (
    "Remission of 42 children with leukaemia: Freireich et al. (1963), Blood 21, 699-716; Gehan "
    "(1965), Biometrika 52, 203-223."
)
BLADDER = (
    "85 patients with bladder tumours, 178 intervals: Wei, Lin and Weissfeld (1989), JASA 84, "
    "1065-1073."
)
OVARIAN = (
    "26 women with ovarian cancer: Edmunson et al. (1979), Cancer Treatment Reports 63, 241-247."
)
COLUMNS = {"start": "start", "stop": "stop", "event": "event", "person": "person"}
TUMOURS = ("drug[T.thiotepa]", "size", "number")
#: Week, survival, Greenwood's error.
SIX_MP = {
    6: (0.857, 0.0764), 7: (0.807, 0.0869), 10: (0.753, 0.0963), 13: (0.690, 0.1068),
    16: (0.627, 0.1141), 22: (0.538, 0.1282), 23: (0.448, 0.1346),
}  # fmt: skip


@CHAPTER.certificate(
    "kaplan_meier",
    "Kaplan-Meier curve, Greenwood's error, median with its limits",
    verifies="kaplan_meier",
    kind=Kind.PUBLISHED,
    source="Cox and Oakes (1984), Analysis of Survival Data, table 4.1; Collett (2015), table 2.5; "
    "medians as Stata's stci, by(drug) prints them.",
    data=REMISSION,
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    rows = data.remission()
    curves = models.kaplan_meier(rows["weeks"], rows["relapse"], group=rows["drug"])
    steps, median = curves.table().loc["6-MP"], curves.median()
    yield same("steps of 6-MP", len(steps), len(SIX_MP))
    for week, (survival, error) in SIX_MP.items():
        yield near(f"week {week}, survival", steps.loc[week, "survival"], survival, within=6e-4)
        yield near(f"week {week}, error", steps.loc[week, "bse"], error, within=6e-5)
    for drug, column, printed in (
        ("6-MP", "time", 23), ("6-MP", "ci_low", 13), ("placebo", "time", 8),
        ("placebo", "ci_low", 4), ("placebo", "ci_high", 11),
    ):  # fmt: skip
        yield same(f"median of {drug}, {column}", median.loc[drug, column], printed)


@CHAPTER.certificate(
    "kaplan_meier_entry",
    "Kaplan-Meier curve with late entry",
    verifies="kaplan_meier",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, SurvfuncRight(entry=...).",
    data="120 simulated people (numpy, seed 1) with ties, censoring and late entry.",
    tolerance="1e-12: the same products; rounding only.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    from statsmodels.duration.survfunc import SurvfuncRight

    rng = np.random.default_rng(1)
    entry = rng.integers(0, 6, 120).astype(float)
    time, event = entry + rng.integers(1, 30, 120), rng.integers(0, 2, 120)
    peer = SurvfuncRight(time, event, entry=entry)
    ours = models.kaplan_meier(time, event, entry=entry).table().loc["all"]
    names = [f"day {int(day)}" for day in peer.surv_times]
    yield from each(names, ours["survival"], peer.surv_prob, within=1e-12)
    inside = ours["survival"].to_numpy() > 0
    labels = [f"{name}, error" for name, kept in zip(names, inside, strict=True) if kept]
    errors = np.asarray(peer.surv_prob_se)[inside]
    yield from each(labels, ours["bse"].to_numpy()[inside], errors, within=1e-12)


@CHAPTER.certificate(
    "log_rank",
    "Log-rank test",
    verifies="log_rank",
    kind=Kind.PUBLISHED,
    source="R, survdiff(Surv(time, cens) ~ treat, MASS::gehan); Kalbfleisch and Prentice (2002) "
    "print 16.79.",
    data=REMISSION,
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    rows = data.remission()
    test = models.log_rank(rows["weeks"], rows["relapse"], rows["drug"])
    yield near("chi-square", test.statistic, 16.793, within=5.1e-4)
    yield near("p", test.p_value, 4.17e-5, relative=1.2e-3)
    names = ("expected relapses, 6-MP", "expected relapses, placebo")
    yield from each(names, test.table["expected"], (19.25, 10.75), within=5e-3)


@CHAPTER.certificate(
    "log_rank_strata",
    "Log-rank test of two arms, within strata",
    verifies="log_rank",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, survdiff(strata=...).",
    data=OVARIAN,
    tolerance="1e-9: the same sums; rounding only.",
)
def _() -> Iterator[Comparison]:
    from statsmodels.duration.survfunc import survdiff

    rows = data.ovarian()
    old = (rows["age"] > 57).astype(int)
    for name, strata in (("plain", None), ("within performance status", rows["ecog"])):
        test = models.log_rank(rows["days"], rows["death"], old, strata=strata)
        groups = None if strata is None else strata.to_numpy()
        chi2, p = survdiff(rows["days"], rows["death"], old.to_numpy(), strata=groups)
        yield near(f"{name}, chi-square", test.statistic, chi2, within=1e-9)
        yield near(f"{name}, p", test.p_value, p, within=1e-9)


@CHAPTER.certificate(
    "cox",
    "Cox regression with Efron's and with Breslow's ties",
    verifies="fit_cox",
    kind=Kind.PUBLISHED,
    source="R, coxph(Surv(time, cens) ~ treat, MASS::gehan): 1.572 (0.412); with Breslow's ties "
    "1.509 (0.410), as Cox and Oakes (1984) and SAS print.",
    data=REMISSION,
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    rows = data.remission()
    for ties, b, error, ratio in (("efron", 1.5721, 0.4124, 16.35), ("breslow", 1.5092, 0.4096, 15.21)):  # noqa: E501 # fmt: skip
        fit = models.fit_cox("drug", rows, duration="weeks", event="relapse", ties=ties)
        yield near(f"{ties}, log hazard ratio", fit.params.iloc[0], b, within=5.1e-5)
        yield near(f"{ties}, error", fit.bse.iloc[0], error, within=5.1e-5)
        test = fit.likelihood_ratio_test().statistic
        yield near(f"{ties}, likelihood ratio", test, ratio, within=5.1e-3)


@CHAPTER.certificate(
    "cox_entry",
    "Cox regression with late entry and clustered errors",
    verifies="fit_cox",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, PHReg with groups, Breslow's ties, times G/(G-1); its entry is half a "
    "day later, since it counts the day of entry.",
    data=BLADDER,
    tolerance="1e-6: both programs' stopping rules.",
)
def _() -> Iterator[Comparison]:
    from statsmodels.duration.hazard_regression import PHReg

    rows = data.bladder()
    fit = models.fit_cox(
        "size + number", rows, duration="stop", event="event", entry="start", cluster="person",
        ties="breslow",
    )  # fmt: skip
    # It has no score for a row that is at risk at no event; of the estimate that says nothing.
    days = rows.loc[rows["event"] == 1, "stop"].to_numpy()
    ever = [((a < days) & (days <= b)).any() for a, b in rows[["start", "stop"]].to_numpy()]
    kept = rows[ever]
    peer = PHReg(
        kept["stop"], kept[["size", "number"]], status=kept["event"], entry=kept["start"] + 0.5,
        ties="breslow",
    ).fit(groups=kept["person"].to_numpy(), disp=0)  # fmt: skip
    people = int(fit.n_clusters or 0)
    factor = (people / (people - 1)) ** 0.5
    terms = ["size", "number"]
    yield from each(terms, fit.params[terms], peer.params, within=1e-6)
    errors = [factor * peer.cov_params()[j, j] ** 0.5 for j in range(2)]
    yield from each([f"{t}, error" for t in terms], fit.bse[terms], errors, relative=1e-6)


@CHAPTER.certificate(
    "proportional_hazards",
    "Test of proportional hazards",
    verifies="fit_cox",
    kind=Kind.PUBLISHED,
    source="R, help page of survival::cox.zph, coxph(Surv(futime, fustat) ~ age + ecog.ps, "
    "ovarian); Grambsch and Therneau (1994), Biometrika 81, 515-526.",
    data=OVARIAN,
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    fit = models.fit_cox("age + ecog", data.ovarian(), duration="days", event="death")
    tests = fit.proportionality_test()
    yield from each(("age", "ecog"), fit.params, (0.1615, 0.0187), within=5.1e-5)
    yield from each(("age, error", "ecog, error"), fit.bse, (0.0499, 0.5991), within=5.1e-5)
    names = ("age, chi-square", "ecog, chi-square", "both, chi-square")
    yield from each(names, tests["chi2"], (0.698, 2.371, 3.633), within=5.1e-4)


@CHAPTER.certificate(
    "andersen_gill",
    "Recurrent events by Andersen and Gill, with errors by person",
    verifies="fit_recurrent_events",
    kind=Kind.PUBLISHED,
    source="R's survival, coxph(Surv(start, stop, event) ~ rx + size + number + cluster(id), "
    "bladder2), Breslow's ties; Efron's: Therneau and Grambsch (2000), table 8.7. Robust errors "
    "there carry no factor G/(G-1).",
    data=BLADDER,
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    rows, formula = data.bladder(), "drug + size + number"
    printed = {
        "breslow": ((-0.45979, -0.04256, 0.17164), (0.25801, 0.07555, 0.06131), 5.1e-6),
        "efron": ((-0.465, -0.044, 0.175), (0.266, 0.078, 0.063), 5.1e-4),
    }
    for ties, (estimates, errors, digit) in printed.items():
        fit = models.fit_recurrent_events(formula, rows, **COLUMNS, ties=ties)
        names = [f"{ties}, {term}" for term in TUMOURS]
        yield from each(names, fit.params, estimates, within=digit)
        robust = fit.bse.to_numpy() * (84 / 85) ** 0.5
        yield from each([f"{name}, error" for name in names], robust, errors, within=digit)


@CHAPTER.certificate(
    "mean_count",
    "Mean cumulative function: Nelson's estimate, Lawless and Nadeau's error",
    verifies="mean_cumulative_function",
    kind=Kind.HAND_COUNT,
    source="Lawless and Nadeau (1995), Technometrics 37, 158-168, summed person by person here.",
    data=BLADDER,
    tolerance="1e-9: the same sums; rounding only.",
)
def _() -> Iterator[Comparison]:
    rows = data.bladder()
    table = models.mean_cumulative_function(rows, **COLUMNS, group="drug").at([6, 12, 24, 36])
    for drug, own in rows.groupby("drug"):
        mean, moved = 0.0, dict.fromkeys(own["person"], 0.0)
        days = iter(sorted(own.loc[own["event"] > 0, "stop"].unique()))
        day = next(days, None)
        for month in (6, 12, 24, 36):
            while day is not None and day <= month:
                here = own[(own["start"] < day) & (day <= own["stop"])]
                had = here["event"].where(here["stop"] == day, 0)
                step = had.sum() / len(here)
                mean += step
                for person, events in zip(here["person"], had, strict=True):
                    moved[person] += (events - step) / len(here)
                day = next(days, None)
            row = table.loc[[(drug, month)]].iloc[0]
            error = sum(value**2 for value in moved.values()) ** 0.5
            yield near(f"{drug}, month {month}", row["mean"], mean, within=1e-9)
            yield near(f"{drug}, month {month}, error", row["bse"], error, within=1e-9)
