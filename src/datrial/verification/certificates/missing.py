"""Missing answers: imputation, pooling, weights."""

from __future__ import annotations

from collections.abc import Iterator

from datrial import models
from datrial.verification import published_data as data
from datrial.verification.certificate import Chapter, Comparison, Kind, each, near, same

CHAPTER = Chapter("missing", "Missing answers")

MEANS = {
    "oxygen": (47.0120, 47.2407, 47.4995, 47.1485, 47.0042),
    "run_time": (10.4441, 10.5040, 10.5922, 10.5279, 10.4913),
    "run_pulse": (171.216, 171.244, 171.909, 171.146, 172.072),
}
ERRORS = {
    "oxygen": (0.95984, 0.93540, 1.00766, 0.95439, 0.96528),
    "run_time": (0.28520, 0.26661, 0.26302, 0.26405, 0.27275),
    "run_pulse": (1.59910, 1.75638, 1.85795, 1.75011, 1.84807),
}


@CHAPTER.certificate(
    "rubin",
    "Rubin's rules: pooled estimates, errors, degrees of freedom",
    verifies="pool_estimates",
    kind=Kind.PUBLISHED,
    source="SAS/STAT User's Guide, PROC MIANALYZE, Reading Means and Standard Errors from a DATA= "
    "Data Set, edf=30.",
    data="Oxygen intake, running time and pulse of 31 men in five imputations.",
    tolerance="1e-4 in limits, 3e-5 in shares: means are printed to five digits.",
)
def _() -> Iterator[Comparison]:
    import pandas as pd

    pooled = models.pool_estimates(pd.DataFrame(MEANS), pd.DataFrame(ERRORS), df_complete=30)
    yield from each(
        ("oxygen, df", "run time, df", "run pulse, df"), pooled["df"], (26.298, 26.503, 25.463),
        within=1e-3,
    )  # fmt: skip
    row = pooled.loc["oxygen"]
    yield near("oxygen, mean", row["estimate"], 47.180993, within=5e-5)
    yield near("oxygen, error", row["bse"], 0.990266, within=1e-5)
    limits = ("oxygen, lower limit", "oxygen, upper limit")
    yield from each(limits, row[["ci_low", "ci_high"]], (45.1466, 49.2154), within=1e-4)
    yield near("oxygen, relative increase in variance", row["riv"], 0.053471, within=3e-5)
    yield near("oxygen, missing information", row["fmi"], 0.051977, within=3e-5)


@CHAPTER.certificate(
    "degrees_of_freedom",
    "Degrees of freedom of a large and of a small sample",
    verifies="pool_estimates",
    kind=Kind.PUBLISHED,
    source="Rubin (1987): 484 with five imputations and a tenth more variance, as SAS's guide "
    "states; Barnard and Rubin (1999), Biometrika 86, 948-955, for 20 degrees of freedom.",
    data="Five estimates with a variance between them of 1/12.",
    tolerance="1e-8: rounding.",
)
def _() -> Iterator[Comparison]:
    import pandas as pd

    between = (0.1 / 1.2) ** 0.5
    estimates = pd.DataFrame({"q": [between * spread for spread in (-1, -1, 0, 1, 1)]})
    errors = pd.DataFrame({"q": [1.0] * 5})
    large = models.pool_estimates(estimates, errors).loc["q"]
    small = models.pool_estimates(estimates, errors, df_complete=20).loc["q"]
    yield near("increase in variance", large["riv"], 0.1, within=1e-10)
    yield near("large sample", large["df"], 484, within=1e-7)
    barnard = 1 / (1 / 484 + 1 / (21 / 23 * 20 * 10 / 11))
    yield near("small sample", small["df"], barnard, within=1e-8)


@CHAPTER.certificate(
    "nothing_missing",
    "Where nothing is missing, imputing and pooling give the plain fit",
    verifies="multiple_imputation fit_imputed pool",
    kind=Kind.IDENTITY,
    source="Rubin (1987), chapter 3: without variance between imputations the pooled fit is the "
    "fit.",
    data="79 endometrial cancers: Heinze and Schemper (2002).",
    tolerance="1e-10: rounding.",
)
def _() -> Iterator[Comparison]:
    rows = data.endometrial()[["HG", "PI", "EH"]].astype(float)
    plain = models.fit_logit("HG ~ PI + EH", rows)
    imputations = models.multiple_imputation(rows, m=3, seed=1)
    pooled = models.fit_imputed(lambda d: models.fit_logit("HG ~ PI + EH", d), imputations)
    by_hand = models.pool([plain, plain, plain])
    for name, fit in (("imputed", pooled), ("pooled", by_hand)):
        labels = [f"{name}, {term}" for term in plain.params.index]
        yield from each(labels, fit.params, plain.params, within=1e-10)
        errors = [f"{label}, error" for label in labels]
        yield from each(errors, fit.bse, plain.bse, within=1e-10)
    yield near("missing information", pooled.fmi.max(), 0.0, within=1e-10)


@CHAPTER.certificate(
    "regression_imputation",
    "Imputations of one number have the mean and the variance that theory gives",
    verifies="multiple_imputation",
    kind=Kind.IDENTITY,
    source="Little and Rubin (2002), Statistical Analysis with Missing Data, section 10.2: the "
    "posterior predictive law of a normal regression.",
    data="26 women with ovarian cancer, age by days; ten ages are taken away; 600 imputations "
    "(seed 1).",
    tolerance="Four Monte Carlo errors of the mean, and 25% (four errors) of the variance.",
)
def _() -> Iterator[Comparison]:
    import numpy as np

    rows, m = data.ovarian()[["days", "age"]], 600
    seen = np.arange(26) % 13 > 4
    rows["age"] = rows["age"].where(seen)
    imputations = models.multiple_imputation(
        rows, m=m, iterations=1, seed=1, methods={"age": "normal"}
    )
    means = np.array([frame["age"].mean() for frame in imputations.datasets()])
    x = np.column_stack([np.ones(26), rows["days"]])
    b, rest = np.linalg.lstsq(x[seen], rows["age"][seen], rcond=None)[:2]
    expected = np.where(seen, rows["age"], x @ b).mean()
    df, gaps = seen.sum() - 2, (~seen).sum()
    centre = x[~seen].mean(axis=0)
    leverage = centre @ np.linalg.solve(x[seen].T @ x[seen], centre)
    variance = rest[0] / (df - 2) * (1 / gaps + leverage) * (gaps / 26) ** 2
    yield near("mean", means.mean(), expected, within=4 * (variance / m) ** 0.5)
    yield near("variance over imputations", means.var(ddof=1), variance, relative=0.25)
    yield same("answers imputed", int(imputations.n_missing["age"]), int(gaps))


@CHAPTER.certificate(
    "weights",
    "Inverse-probability weights",
    verifies="inverse_probability_weights",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, Logit of being seen: 1 / p, and with the share seen for the numerator.",
    data="79 endometrial cancers, of high grade for being seen.",
    tolerance="1e-5 of each weight: scikit-learn's stopping rule.",
)
def _() -> Iterator[Comparison]:
    import statsmodels.api as sm

    rows = data.endometrial().assign(seen=lambda d: d["HG"] == 1)
    peer = sm.Logit(rows["HG"], sm.add_constant(rows[["PI", "EH"]])).fit(disp=0, tol=1e-12)
    p, seen = peer.predict().tolist(), rows.index[rows["seen"]]
    share = rows["seen"].mean()
    for name, stabilised, top in (("plain", False, 1.0), ("stabilised", True, share)):
        ours = models.inverse_probability_weights(
            rows, "seen", "PI + EH", stabilised=stabilised, truncate=None
        ).weights
        expected = [top / p[number] for number in seen]
        yield from each(f"{name}, woman", ours[seen], expected, relative=1e-5)


@CHAPTER.certificate(
    "post_stratification",
    "Weights of groups are their people over those seen",
    verifies="inverse_probability_weights",
    kind=Kind.HAND_COUNT,
    source="Post-stratification: Kish (1965), Survey Sampling, Wiley.",
    data="60 rows in three groups, of which 5, 10 and 15 of 20 are seen.",
    tolerance="1e-5: scikit-learn's stopping rule.",
)
def _() -> Iterator[Comparison]:
    import pandas as pd

    rows = pd.DataFrame({"site": [name for name in "abc" for _ in range(20)]})
    rows["seen"] = [n < seen for seen in (5, 10, 15) for n in range(20)]
    weights = models.inverse_probability_weights(
        rows, "seen", "site", stabilised=False, truncate=None
    )
    for site, expected in (("a", 4.0), ("b", 2.0), ("c", 20 / 15)):
        own = weights.weights[rows["seen"] & (rows["site"] == site)]
        yield near(f"group {site}, smallest", own.min(), expected, within=1e-5)
        yield near(f"group {site}, largest", own.max(), expected, within=1e-5)
