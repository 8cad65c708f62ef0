"""Logit models of two and of several levels, Firth's penalty, and adjusted p-values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datrial import models
from datrial.verification import published_data as data
from datrial.verification.certificate import Chapter, Comparison, Kind, each, near, same

if TYPE_CHECKING:
    from datrial.models.logit.binary import LogitResult

CHAPTER = Chapter("binary", "Logit models and adjusted p-values")

ENDOMETRIAL = "79 endometrial cancers: Heinze and Schemper (2002), Statistics in Medicine 21, 2409."
LOGISTF = (
    "Heinze and Schemper (2002), Statistics in Medicine 21, 2409-2419; output of R's logistf, "
    "which implements it."
)


@CHAPTER.certificate(
    "firth_endometrial",
    "Firth's penalised logit under separation, with profile intervals",
    verifies="fit_logit",
    kind=Kind.PUBLISHED,
    source=LOGISTF,
    data=ENDOMETRIAL,
    tolerance="1e-5 of each number: what logistf's own stopping rule leaves.",
)
def _() -> Iterator[Comparison]:
    fit = models.fit_logit("HG ~ NV + PI + EH", data.endometrial(), penalty="firth")
    yield from _profiles(fit, "endometrial")


@CHAPTER.certificate(
    "firth_sex2",
    "Firth's penalised logit of counted patterns, with profile intervals and its test",
    verifies="fit_logit",
    kind=Kind.PUBLISHED,
    source=f"{LOGISTF} Likelihood-ratio test 49.09064 on 6 degrees of freedom.",
    data="239 women, urinary tract infection: Foxman et al. (1997), Epidemiology 8, 637-641.",
    tolerance="1e-5 of each number, and the last printed digit of the test.",
)
def _() -> Iterator[Comparison]:
    formula = "case ~ age + oc + vic + vicl + vis + dia"
    fit = models.fit_logit(formula, data.sex2(), weights="n", penalty="firth")
    yield from _profiles(fit, "sex2")
    test = fit.likelihood_ratio_test()
    yield near("likelihood-ratio statistic", test.statistic, 49.09064, within=1e-4)
    yield same("its degrees of freedom", test.df, 6)
    yield near("penalised log-likelihood", fit.penalised_llf, -132.5394, within=1e-4)


def _profiles(fit: LogitResult, name: str) -> Iterator[Comparison]:
    table = fit.profile_intervals()
    for term, printed in data.FIRTH_PRINTED[name].items():
        row = table.loc[term, ["estimate", "ci_low", "ci_high"]]
        labels = [f"{term}, {what}" for what in ("estimate", "lower limit", "upper limit")]
        yield from each(labels, row, printed, relative=1e-5)


@CHAPTER.certificate(
    "firth_half",
    "Firth's penalty of a two-by-two table adds a half to each cell",
    verifies="fit_logit fit_multinomial_logit",
    kind=Kind.IDENTITY,
    source="Firth (1993), Biometrika 80, 27-38: the penalty of a saturated model.",
    data="Tables of 21, 17 and 23 people, cells of 0 among them.",
    tolerance="1e-9: Newton's stopping rule.",
)
def _() -> Iterator[Comparison]:
    from math import log

    import pandas as pd

    for a, b, c, d in ((3, 7, 9, 2), (0, 5, 8, 4)):
        rows = pd.DataFrame({"y": [1, 0, 1, 0], "x": [1, 1, 0, 0], "n": [a, b, c, d]})
        fit = models.fit_logit("y ~ x", rows, weights="n", penalty="firth")
        odds = (a + 0.5) / (b + 0.5), (c + 0.5) / (d + 0.5)
        name = f"log odds ratio of {a}, {b}, {c}, {d}"
        yield near(name, fit.params["x"], log(odds[0] / odds[1]), within=1e-9)
    counts = ((5, 0, 7), (2, 9, 0))
    rows = pd.DataFrame(
        [(g, y, counts[g][y]) for g in (0, 1) for y in (0, 1, 2)], columns=["g", "y", "n"]
    )
    three = models.fit_multinomial_logit("y ~ g", rows, weights="n", penalty="firth")
    for level in (1, 2):
        logs = [log((counts[g][level] + 0.5) / (counts[g][0] + 0.5)) for g in (0, 1)]
        name = f"three levels, slope of level {level}"
        yield near(name, three.params[level, "g"], logs[1] - logs[0], within=1e-9)


@CHAPTER.certificate(
    "logit",
    "Logit: estimates, errors, likelihood, average predictions",
    verifies="fit_logit",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, Logit.fit and get_margeff.",
    data=ENDOMETRIAL,
    tolerance="1e-7: both programs' stopping rules.",
)
def _() -> Iterator[Comparison]:
    import statsmodels.api as sm

    rows = data.endometrial()
    rows["high"] = (rows["PI"] > 17).astype(int)
    peer = sm.Logit(rows["HG"], sm.add_constant(rows[["EH", "high"]])).fit(disp=0, tol=1e-12)
    fit = models.fit_logit("HG ~ EH + high", rows)
    terms = ["Intercept", "EH", "high"]
    yield from each([f"{t}, estimate" for t in terms], fit.params[terms], peer.params, within=1e-7)
    yield from each([f"{t}, error" for t in terms], fit.bse[terms], peer.bse, within=1e-7)
    yield near("log-likelihood", fit.llf, peer.llf, within=1e-8)
    margin = peer.get_margeff(dummy=True)
    place = list(margin.summary_frame().index).index("high")
    table = fit.average_predictions("high")["probability"]
    change = table.loc[1] - table.loc[0]
    yield near("average difference of probability", change, margin.margeff[place], within=1e-7)


@CHAPTER.certificate(
    "logit_clusters",
    "Logit with errors clustered by person",
    verifies="fit_logit",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, Logit with cov_type='cluster', less its factor (n - 1) / (n - k).",
    data="72 ratings of wine by nine judges: Randall (1989), Biometrical Journal 31, 781-793.",
    tolerance="1e-6 of each error: both Hessians are analytic.",
)
def _() -> Iterator[Comparison]:
    import statsmodels.api as sm

    rows = data.wine().assign(bitter=lambda d: (d["rating"] >= 3).astype(int))
    x = sm.add_constant(rows[["warm", "contact"]])
    options = {"disp": 0, "tol": 1e-12, "cov_type": "cluster"}
    peer = sm.Logit(rows["bitter"], x).fit(cov_kwds={"groups": rows["judge"]}, **options)
    fit = models.fit_logit("bitter ~ warm + contact", rows, cluster="judge")
    extra = ((len(rows) - 1) / (len(rows) - 3)) ** 0.5
    terms = ["Intercept", "warm", "contact"]
    ours = fit.bse[terms] * extra
    yield from each([f"{term}, error" for term in terms], ours, peer.bse, relative=1e-6)
    yield same("clusters", fit.n_clusters, 9)


@CHAPTER.certificate(
    "multinomial",
    "Multinomial logit: estimates, errors, likelihood",
    verifies="fit_multinomial_logit",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, MNLogit.fit.",
    data="72 ratings of wine, in three groups: Randall (1989).",
    tolerance="1e-7: both programs' stopping rules.",
)
def _() -> Iterator[Comparison]:
    import statsmodels.api as sm

    rows = data.wine().assign(group=lambda d: d["rating"].map({1: 0, 2: 0, 3: 1, 4: 2, 5: 2}))
    x = sm.add_constant(rows[["warm", "contact"]])
    peer = sm.MNLogit(rows["group"], x).fit(disp=0, tol=1e-12)
    fit = models.fit_multinomial_logit("group ~ warm + contact", rows)
    terms = ["Intercept", "warm", "contact"]
    for place, level in enumerate((1, 2)):
        names = [f"{term}, level {level}" for term in terms]
        yield from each(names, fit.params[level][terms], peer.params[place], within=1e-7)
        names = [f"{name}, error" for name in names]
        yield from each(names, fit.bse[level][terms], peer.bse[place], within=1e-7)
    yield near("log-likelihood", fit.llf, peer.llf, within=1e-8)


@CHAPTER.certificate(
    "adjusted_published",
    "How many hypotheses are rejected at .05 after adjustment",
    verifies="adjust_holm adjust_benjamini_hochberg",
    kind=Kind.PUBLISHED,
    source="Benjamini and Hochberg (1995), JRSS B 57, 289-300: four are rejected by theirs, three "
    "by methods that control the familywise error.",
    data="The 15 p-values of their example, on thrombolysis after myocardial infarction.",
    tolerance="Exact.",
)
def _() -> Iterator[Comparison]:
    p = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
        0.5719, 0.6528, 0.7590, 1.0,
    ]  # fmt: skip
    discovered = models.adjust_benjamini_hochberg(p) <= 0.05
    yield same("Benjamini and Hochberg", int(discovered.sum()), 4)
    yield same("Holm", int((models.adjust_holm(p) <= 0.05).sum()), 3)


@CHAPTER.certificate(
    "adjusted",
    "P-values adjusted by Holm and by Benjamini and Hochberg",
    verifies="adjust_holm adjust_benjamini_hochberg",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, multipletests with 'holm' and 'fdr_bh'.",
    data="Twelve p-values with ties.",
    tolerance="1e-12: the same sums; rounding only.",
)
def _() -> Iterator[Comparison]:
    from statsmodels.stats.multitest import multipletests

    p = [0.01, 0.5, 0.01, 0.03, 0.2, 0.04, 0.9, 0.001, 0.2, 0.75, 0.06, 0.33]
    holm, bh = models.adjust_holm(p), models.adjust_benjamini_hochberg(p)
    yield from each("Holm", holm, multipletests(p, method="holm")[1], within=1e-12)
    yield from each("Benjamini-Hochberg", bh, multipletests(p, method="fdr_bh")[1], within=1e-12)
