"""Two arms: shares, means, differences in differences."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from datrial import models
from datrial.verification import published_data as data
from datrial.verification.certificate import Chapter, Comparison, Kind, each, near, same

if TYPE_CHECKING:
    import pandas as pd

CHAPTER = Chapter("two_arms", "Two arms: shares, means, change over time")

FORMS = "240 simulated people (numpy, seed 31) in two arms, with a form at intake and one at exit."
SIDES: dict[str, Any] = {
    "time": "when",
    "arm": "arm",
    "reference_time": "intake",
    "reference_arm": "control",
}
#: Events and people of both groups; limits by Miettinen and Nurminen, and by Newcombe.
TABLE_II = (
    ((56, 70, 48, 80), (0.0528, 0.3382), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1700, 0.8406), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0342, 0.8534), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0326, 0.1933), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1658, 0.2844), (-0.1611, 0.2775)),
    ((10, 10, 0, 10), (0.6636, 1.0000), (0.6075, 1.0000)),
)


@CHAPTER.certificate(
    "proportions",
    "Intervals of a difference of two shares",
    verifies="compare_proportions",
    kind=Kind.PUBLISHED,
    source="Newcombe (1998), Statistics in Medicine 17, 873-890, table II, methods 4 and 10.",
    data="Six of the table's examples, some without events.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    for (x, n, y, m), score, newcombe in TABLE_II:
        found, name = models.compare_proportions((y, x), (m, n)), f"{x}/{n} and {y}/{m}"
        for what, effect, printed in (
            ("score", found.difference, score), ("Newcombe", found.difference_newcombe, newcombe),
        ):  # fmt: skip
            labels = (f"{name}, {what}, lower", f"{name}, {what}, upper")
            yield from each(labels, (effect.ci_low, effect.ci_high), printed, within=5.1e-5)


@CHAPTER.certificate(
    "ratios",
    "Intervals of a ratio of shares, of an odds ratio, and of each share",
    verifies="compare_proportions",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, confint_proportions_2indep(method='score') and proportion_confint.",
    data="Counts of 457 and of 150 people.",
    tolerance="1e-6 of each limit: its root finder stops near 1e-8.",
)
def _() -> Iterator[Comparison]:
    from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

    for x, n, y, m in ((30, 104, 90, 353), (56, 70, 48, 80)):
        found, name = models.compare_proportions((y, x), (m, n)), f"{x}/{n} and {y}/{m}"
        for what, effect in (("ratio", found.ratio), ("odds-ratio", found.odds_ratio)):
            peer = confint_proportions_2indep(
                x, n, y, m, compare=what, method="score", correction=True
            )
            labels = (f"{name}, {what}, lower", f"{name}, {what}, upper")
            yield from each(labels, effect[1:3], peer, relative=1e-6)
        wilson = proportion_confint(x, n, method="wilson")
        labels = (f"{x}/{n}, lower", f"{x}/{n}, upper")
        yield from each(labels, found.compared[1:3], wilson, within=1e-9)


@CHAPTER.certificate(
    "sleep",
    "Student's and Welch's t-tests",
    verifies="two_sample_t",
    kind=Kind.PUBLISHED,
    source="Student (1908), Biometrika 6, 1-25, as R's help page of t.test prints them.",
    data="Extra hours of sleep of ten people under two drugs.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    values, drug = [*data.SLEEP[0], *data.SLEEP[1]], [1] * 10 + [2] * 10
    found = models.two_sample_t(values, drug)
    yield near("Welch, t", found.welch.t, 1.8608, within=5.1e-5)
    yield near("Welch, degrees of freedom", found.welch.df, 17.776, within=5.1e-4)
    yield near("Welch, p", found.welch.p_value, 0.07939, within=5.1e-6)
    limits = ("lower limit", "upper limit")
    printed = (-0.2054832, 3.3654832)
    yield from each([f"Welch, {x}" for x in limits], found.welch[4:], printed, within=5.1e-8)
    yield near("Student, p", found.student.p_value, 0.07919, within=5.1e-6)
    printed = (-0.203874, 3.363874)
    yield from each([f"Student, {x}" for x in limits], found.student[4:], printed, within=5.1e-7)


@CHAPTER.certificate(
    "fuel",
    "t-tests from printed means and deviations",
    verifies="two_sample_t_from_summary",
    kind=Kind.PUBLISHED,
    source="Stata Base Reference Manual, ttest, mileage of domestic and foreign cars.",
    data="The printed summaries of 52 and 22 cars.",
    tolerance="1e-5 in limits: what seven printed digits of the summaries leave.",
)
def _() -> Iterator[Comparison]:
    found = models.two_sample_t_from_summary((19.82692, 24.77273), (4.743297, 6.611187), (52, 22))
    yield near("Student, t", found.student.t, 3.6308, within=6e-5)
    yield near("Student, error", found.student.bse, 1.362162, within=1e-6)
    yield near("Welch, t", found.welch.t, 3.1797, within=6e-5)
    yield near("Welch, degrees of freedom", found.welch.df, 30.5463, within=6e-5)
    limits = ("lower limit", "upper limit")
    student, welch = (2.230384, 7.661225), (1.771556, 8.120053)
    yield from each([f"Student, {x}" for x in limits], found.student[4:], student, within=1e-5)
    yield from each([f"Welch, {x}" for x in limits], found.welch[4:], welch, within=1e-5)


@cache
def _forms() -> pd.DataFrame:
    """Return one row per person and time: whether the event was told."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(31)
    arm, own = rng.permutation(np.repeat([0, 1], [170, 70])), rng.normal(0, 1.2, 240)
    before = rng.logistic(size=240) < -0.2 + own
    after = rng.logistic(size=240) < -1.2 - 0.4 * arm + own
    arms = np.array(["control", "drive"])[arm]
    people = pd.DataFrame({"person": range(240), "arm": arms, "intake": before, "exit": after})
    return people.melt(["person", "arm"], ["intake", "exit"], "when", "event")


@CHAPTER.certificate(
    "difference_in_differences",
    "Difference in differences without covariates is that of the four cells",
    verifies="fit_difference_in_differences",
    kind=Kind.HAND_COUNT,
    source="The shares of the four cells; on the treated: Puhani (2012), Economics Letters 115, "
    "85-87.",
    data=FORMS,
    tolerance="1e-8: Newton's stopping rule.",
)
def _() -> Iterator[Comparison]:
    rows = _forms()
    fit = models.fit_difference_in_differences("event", rows, **SIDES, cluster="person")
    p = rows.groupby(["when", "arm"])["event"].mean()
    odds = p / (1 - p)
    raw = p["exit", "drive"] - p["intake", "drive"] - p["exit", "control"] + p["intake", "control"]
    effect = fit.probability_effect().loc[True, "estimate"]
    yield near("difference of differences", effect, raw, within=1e-8)
    ratio = odds["exit", "drive"] / odds["intake", "drive"]
    without = odds["intake", "drive"] * odds["exit", "control"] / odds["intake", "control"]
    ratio /= odds["exit", "control"] / odds["intake", "control"]
    yield near("ratio of odds ratios", fit.odds_ratio().estimate, ratio, relative=1e-8)
    treated = fit.probability_effect(estimand="on_the_treated").loc[True, "estimate"]
    expected = p["exit", "drive"] - without / (1 + without)
    yield near("on the treated", treated, expected, within=1e-8)


@CHAPTER.certificate(
    "difference_errors",
    "Errors of a difference in differences, clustered by person",
    verifies="fit_difference_in_differences",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, Logit and OLS (the linear probability model of the four cells) with "
    "cov_type='cluster', times G/(G-1).",
    data=FORMS,
    tolerance="1e-6 of each error: both programs' stopping rules.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    import statsmodels.api as sm

    rows = _forms()
    fit = models.fit_difference_in_differences("event", rows, **SIDES, cluster="person")
    after, drive = (rows["when"] == "exit") * 1.0, (rows["arm"] == "drive") * 1.0
    x = np.column_stack([np.ones(len(rows)), after, drive, after * drive])
    y = rows["event"].to_numpy(float)
    kwds = {"groups": rows["person"].to_numpy(), "use_correction": False}
    odds = sm.Logit(y, x).fit(disp=0, tol=1e-12, cov_type="cluster", cov_kwds=kwds)
    linear = sm.OLS(y, x).fit(cov_type="cluster", cov_kwds=kwds)
    factor, ratio = (240 / 239) ** 0.5, fit.odds_ratio()
    yield near("log odds ratio", np.log(ratio.estimate), odds.params[3], within=1e-7)
    error = ratio.bse / ratio.estimate
    yield near("its error", error, odds.bse[3] * factor, relative=1e-6)
    effect = fit.probability_effect().loc[True]
    yield near("difference of probability", effect["estimate"], linear.params[3], within=1e-8)
    yield near("its error, of probability", effect["bse"], linear.bse[3] * factor, relative=1e-6)


@CHAPTER.certificate(
    "fixed_effects",
    "Difference in differences with an effect of every person",
    verifies="fit_fixed_effects_difference",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, OLS with a dummy for everybody, clustered by person, times "
    "2G / (2G - 1) of linearmodels.",
    data=FORMS,
    tolerance="1e-8: the solution of linear equations.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    import statsmodels.api as sm

    rows = _forms()
    found = models.fit_fixed_effects_difference("event", rows, person="person", **SIDES)
    after, drive = (rows["when"] == "exit") * 1.0, (rows["arm"] == "drive") * 1.0
    everybody = np.eye(240)[rows["person"].to_numpy()]
    x = np.column_stack([after, after * drive, everybody])
    kwds = {"groups": rows["person"].to_numpy(), "use_correction": False}
    peer = sm.OLS(rows["event"].to_numpy(float), x).fit(cov_type="cluster", cov_kwds=kwds)
    yield near("difference", found.estimate, peer.params[1], within=1e-8)
    error = peer.bse[1] * (480 / 479) ** 0.5
    yield near("error", found.bse, error, relative=1e-7)
    yield same("people", found.n_people, 240)


@CHAPTER.certificate(
    "pooled_differences",
    "Differences in differences pooled over imputations by Rubin's rules",
    verifies="pool_differences pool",
    kind=Kind.IDENTITY,
    source="Rubin (1987), Multiple Imputation for Nonresponse in Surveys, chapter 3, written out "
    "for the logarithm of the odds ratio of three fits that differ in ten answers each.",
    data=FORMS,
    tolerance="1e-8: rounding.",
)
def _() -> Iterator[Comparison]:
    import numpy as np

    fits = []
    for number in range(3):
        rows = _forms().copy()
        filled = rows.index[number * 10 : number * 10 + 10]
        rows.loc[filled, "event"] = ~rows.loc[filled, "event"]
        fits.append(models.fit_difference_in_differences("event", rows, **SIDES, cluster="person"))
    b = np.array([fit.params[fit.interaction] for fit in fits])
    variances = np.array([fit.bse[fit.interaction] ** 2 for fit in fits])
    total = variances.mean() + (1 + 1 / 3) * b.var(ddof=1)
    ratio = models.pool_differences(models.pool(fits)).odds_ratio()
    yield near("log odds ratio", np.log(ratio.estimate), b.mean(), within=1e-8)
    yield near("its error", ratio.bse / ratio.estimate, total**0.5, relative=1e-8)
