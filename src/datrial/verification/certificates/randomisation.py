"""Inference from the allocation: permutation tests, adjusted differences, compliers."""

from __future__ import annotations

from collections.abc import Iterator

from datrial import models
from datrial.verification import published_data as data
from datrial.verification.certificate import Chapter, Comparison, Kind, each, near, same

CHAPTER = Chapter("randomisation", "Inference from the allocation")


@CHAPTER.certificate(
    "villages",
    "Permutation test of seven villages",
    verifies="permutation_test",
    kind=Kind.PUBLISHED,
    source="Gerber and Green (2012), Field Experiments, chapter 3: difference 6.5, one-tailed "
    "p = 5/21, two-tailed 8/21.",
    data="Table 2.2 of the book.",
    tolerance="Exact: every allocation is tried.",
)
def _() -> Iterator[Comparison]:
    import numpy as np

    budget = np.array([15, 15, 20, 20, 10, 15, 30])
    woman = np.array([1, 0, 0, 0, 0, 0, 1])
    found = models.permutation_test(budget, woman, statistic="difference")
    one = models.permutation_test(budget, woman, statistic="difference", alternative="greater")
    yield near("difference", found.estimate, 6.5, within=1e-12)
    yield near("two-tailed p", found.p_value, 8 / 21, within=1e-12)
    yield near("one-tailed p", one.p_value, 5 / 21, within=1e-12)
    yield same("allocations", found.n_replays, 21)


@CHAPTER.certificate(
    "honey",
    "Permutation test of six children",
    verifies="permutation_test",
    kind=Kind.PUBLISHED,
    source="Imbens and Rubin (2015), Causal Inference, chapter 5, table 5.1: p = 16/20.",
    data="Cough after honey and without.",
    tolerance="Exact: every allocation is tried.",
)
def _() -> Iterator[Comparison]:
    import numpy as np

    cough, honey = np.array([3, 5, 0, 4, 0, 1]), np.array([1, 1, 1, 0, 0, 0])
    found = models.permutation_test(cough, honey, statistic="difference")
    yield near("p", found.p_value, 16 / 20, within=1e-12)
    yield same("allocations", found.n_replays, 20)


@CHAPTER.certificate(
    "maize",
    "Permutation test within 15 pairs",
    verifies="permutation_test",
    kind=Kind.PUBLISHED,
    source="Fisher (1935), The Design of Experiments, sections 17 and 21: 1,726 of 32,768 ways, "
    "5.267%; t = 2.148.",
    data="Darwin's pairs of maize.",
    tolerance="Exact; t to its last printed digit.",
)
def _() -> Iterator[Comparison]:
    import numpy as np

    height = 100 + 10 * np.arange(15)
    found = models.permutation_test(
        np.concatenate([height, height + np.array(data.MAIZE)]), np.repeat([0, 1], 15),
        strata=np.tile(np.arange(15), 2), n=2**15,
    )  # fmt: skip
    yield same("ways as extreme", found.extreme, 1726)
    yield same("ways", found.n_replays, 32768)
    yield near("p", found.p_value, 0.05267, within=5.1e-6)
    yield near("t", found.statistic, 2.148, within=5.1e-4)
    yield near("difference", found.estimate, 314 / 15, within=1e-9)


@CHAPTER.certificate(
    "lin",
    "Lin's adjusted difference with HC2 errors",
    verifies="fit_adjusted_difference",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, OLS(cov_type='HC2') of the design written out: Lin (2013), Annals of "
    "Applied Statistics 7, 295-318.",
    data="26 women with ovarian cancer, performance status for the arm, age for the covariate.",
    tolerance="1e-8 of each number: the solution of linear equations.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    import statsmodels.api as sm

    rows = data.ovarian().assign(arm=lambda d: (d["ecog"] == 2).astype(int))
    found = models.fit_adjusted_difference("days", "arm", "age", rows)
    z, x = rows["arm"].to_numpy(float), (rows["age"] - rows["age"].mean()).to_numpy()
    design = np.column_stack([np.ones(len(z)), z, x, z * x])
    peer = sm.OLS(rows["days"].to_numpy(), design).fit(cov_type="HC2")
    plain = sm.OLS(rows["days"].to_numpy(), design[:, :2]).fit(cov_type="HC2")
    names = ("adjusted difference", "its error")
    yield from each(names, found.adjusted[:2], (peer.params[1], peer.bse[1]), relative=1e-8)
    names = ("difference of means", "error of the difference of means")
    yield from each(names, found.unadjusted[:2], (plain.params[1], plain.bse[1]), relative=1e-8)


@CHAPTER.certificate(
    "few_treated",
    "Degrees of freedom where few are treated",
    verifies="fit_adjusted_difference",
    kind=Kind.PUBLISHED,
    source="Imbens and Kolesar (2016), Review of Economics and Statistics 98, 701-712, section 3: "
    "2.5 where 3 of 30 are treated; Bell and McCaffrey's formula for one 0/1 regressor.",
    data="30 and 207 rows; the degrees of freedom depend on the arms alone.",
    tolerance="The printed digit; 1e-8 against the formula.",
)
def _() -> Iterator[Comparison]:
    import pandas as pd

    for n0, n1 in ((27, 3), (200, 7)):
        values = [(number * 7) % 11 + 0.5 for number in range(n0 + n1)]
        rows = pd.DataFrame({"y": values, "arm": [0] * n0 + [1] * n1})
        found = models.fit_adjusted_difference("y", "arm", None, rows).adjusted.df
        top = (n0 + n1) ** 2 * (n0 - 1) * (n1 - 1)
        formula = top / (n1**2 * (n1 - 1) + n0**2 * (n0 - 1))
        yield near(f"{n1} of {n0 + n1} treated", found, formula, relative=1e-8)
        if n1 == 3:
            yield near("as printed", found, 2.5, within=0.05)


@CHAPTER.certificate(
    "vitamin_a",
    "Complier-average effect",
    verifies="complier_average_effect",
    kind=Kind.PUBLISHED,
    source="Sommer and Zeger (1991), Statistics in Medicine 10, 45-52; Imbens and Rubin (1997), "
    "Annals of Statistics 25, 305-327: intention to treat .0026, compliers .0032 (.0012), 80%.",
    data="Survival of 23,682 children in Sumatra, with and without vitamin A.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    import pandas as pd

    cells = (
        (0, 0, 1, 11514), (0, 0, 0, 74), (1, 0, 1, 2385), (1, 0, 0, 34), (1, 1, 1, 9663),
        (1, 1, 0, 12),
    )  # fmt: skip
    table = pd.DataFrame(cells, columns=["arm", "vitamin", "alive", "n"])
    rows = table.loc[table.index.repeat(table["n"])].reset_index(drop=True)
    found = models.complier_average_effect("alive", "arm", "vitamin", rows)
    yield near("intention to treat", found.intention_to_treat.estimate, 0.0026, within=5.1e-5)
    yield near("compliers", found.estimate, 0.0032, within=5.1e-5)
    yield near("compliers, error", found.bse, 0.0012, within=5.1e-5)
    yield near("share of compliers", found.shares["compliers"], 0.80, within=5.1e-3)


@CHAPTER.certificate(
    "instrument",
    "Complier-average effect with a covariate, robust and clustered errors",
    verifies="complier_average_effect",
    kind=Kind.SECOND_ENGINE,
    source="linearmodels, IV2SLS with cov_type='robust' and 'clustered', debiased.",
    data="200 simulated people (numpy, seed 2), of whom some are contacted.",
    tolerance="1e-7 of each number: the solution of linear equations.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    import pandas as pd
    from linearmodels.iv import IV2SLS

    rng = np.random.default_rng(2)
    x, can, arm = rng.normal(size=200), rng.random(200) < 0.6, np.arange(200) % 3 == 0
    y = 3 + x + can - 0.8 * (arm & can) + rng.normal(size=200)
    rows = pd.DataFrame(
        {"y": y, "x": x, "arm": arm * 1, "contact": arm & can, "pair": np.arange(200) // 2}
    )
    known = np.column_stack([np.ones(200), x])
    model = IV2SLS(rows["y"], known, rows["contact"].astype(float), rows["arm"].astype(float))
    for name, options, cluster in (
        ("robust", {"cov_type": "robust"}, None),
        ("clustered", {"cov_type": "clustered", "clusters": rows["pair"]}, "pair"),
    ):
        peer = model.fit(**options, debiased=True)
        found = models.complier_average_effect(
            "y", "arm", "contact", rows, covariates="x", cluster=cluster
        )
        yield near(f"{name}, effect", found.estimate, peer.params.iloc[-1], relative=1e-7)
        yield near(f"{name}, error", found.bse, peer.std_errors.iloc[-1], relative=1e-7)
