"""Tables of two answers: independence, association, agreement."""

from __future__ import annotations

from collections.abc import Iterator

from datrial import models
from datrial.verification import published_data as data
from datrial.verification.certificate import Chapter, Comparison, Kind, near, same

CHAPTER = Chapter("tables", "Independence, association, agreement")

LARGE = ((51, 13, 32, 31), (72, 20, 33, 220))


@CHAPTER.certificate(
    "tea",
    "Exact test of independence",
    verifies="independence_test",
    kind=Kind.PUBLISHED,
    source="Agresti (2002), Categorical Data Analysis, 2nd ed., section 3.5.2; R prints 0.4857.",
    data="Fisher's (1935) lady tasting tea: eight cups, three of four told rightly.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    found = models.independence_test([[3, 1], [1, 3]])
    yield same("method", found.method, "exact")
    yield near("two-sided p", found.p_value, 0.4857, within=5.1e-5)


@CHAPTER.certificate(
    "every_table",
    "Exact test of larger tables is the sum over every table with these margins",
    verifies="independence_test",
    kind=Kind.SECOND_ENGINE,
    source="Freeman and Halton (1951), Biometrika 38, 141-149, by trying every table with scipy, "
    "multivariate_hypergeom.",
    data="Two tables of 22 and 25 people.",
    tolerance="1e-9: sums of a few hundred terms.",
)
def _() -> Iterator[Comparison]:
    from itertools import product

    import numpy as np
    from scipy.stats import multivariate_hypergeom

    for table in (((0, 4, 2), (5, 1, 1)), ((2, 3, 6, 4), (4, 1, 0, 5))):
        columns, size = np.sum(table, axis=0), sum(table[0])
        rows = product(*(range(int(total) + 1) for total in columns))
        law = multivariate_hypergeom(columns, size)
        chances = law.pmf(np.array([row for row in rows if sum(row) == size]))
        expected = chances[chances <= law.pmf(table[0]) * (1 + 1e-7)].sum()
        found = models.independence_test(table)
        yield near(f"p of {np.sum(table)} people", found.p_value, expected, within=1e-9)


@CHAPTER.certificate(
    "chi_square",
    "Pearson's chi-square",
    verifies="independence_test",
    kind=Kind.SECOND_ENGINE,
    source="scipy, chi2_contingency(correction=False).",
    data="472 people, four answers.",
    tolerance="1e-9: rounding.",
)
def _() -> Iterator[Comparison]:
    from scipy.stats import chi2_contingency

    found, peer = models.independence_test(LARGE), chi2_contingency(LARGE, correction=False)
    yield same("method", found.method, "chi_square")
    yield near("chi-square", found.statistic, peer.statistic, within=1e-9)
    yield near("p", found.p_value, peer.pvalue, within=1e-12)
    yield same("degrees of freedom", found.df, 3)


@CHAPTER.certificate(
    "cramers_v",
    "Cramér's V with its interval",
    verifies="cramers_v",
    kind=Kind.SECOND_ENGINE,
    source="scipy, contingency.association for V; its limits put the chi-square into the tails of "
    "the noncentral chi-square (scipy, ncx2): Smithson (2003), Confidence Intervals, Sage.",
    data="472 people, four answers.",
    tolerance="1e-9 for V; 1e-6 for the tails: two routes to the distribution.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    from scipy.stats import chi2_contingency, ncx2
    from scipy.stats.contingency import association

    found, test = models.cramers_v(LARGE), chi2_contingency(LARGE, correction=False)
    yield near("V", found.estimate, association(np.array(LARGE), method="cramer"), within=1e-9)
    below = ncx2.sf(test.statistic, test.dof, 472 * found.ci_low**2)
    above = ncx2.cdf(test.statistic, test.dof, 472 * found.ci_high**2)
    yield near("tail at the lower limit", below, 0.025, within=1e-6)
    yield near("tail at the upper limit", above, 0.025, within=1e-6)


@CHAPTER.certificate(
    "dermatologists",
    "Simple and weighted kappa",
    verifies="weighted_kappa",
    kind=Kind.PUBLISHED,
    source="SAS/STAT User's Guide, PROC FREQ, Getting Started, Agreement Study: 0.3449 (0.0724), "
    "weighted 0.5082 (0.0655).",
    data="88 patients rated by two dermatologists.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    simple = models.weighted_kappa(data.SKIN, weights="none")
    weighted = models.weighted_kappa(data.SKIN)
    yield near("kappa", simple.kappa, 0.3449, within=5.1e-5)
    yield near("kappa, error", simple.bse, 0.0724, within=5.1e-5)
    yield near("weighted kappa", weighted.kappa, 0.5082, within=5.1e-5)
    yield near("weighted kappa, error", weighted.bse, 0.0655, within=5.1e-5)


@CHAPTER.certificate(
    "kappa",
    "Kappa with linear and with quadratic weights",
    verifies="weighted_kappa",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, inter_rater.cohens_kappa; and scikit-learn, cohen_kappa_score.",
    data="88 patients rated by two dermatologists, as above.",
    tolerance="1e-10: the same formula; rounding only.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    from sklearn.metrics import cohen_kappa_score
    from statsmodels.stats.inter_rater import cohens_kappa

    table = np.array(data.SKIN)
    first, second = np.indices(table.shape)
    ratings = [np.repeat(each.ravel(), table.ravel()) for each in (first, second)]
    for weights in ("linear", "quadratic"):
        ours = models.weighted_kappa(data.SKIN, weights=weights)
        peer = cohens_kappa(table, wt=weights)
        yield near(f"{weights}, statsmodels", ours.kappa, peer.kappa, within=1e-10)
        yield near(f"{weights}, error", ours.bse, peer.std_kappa, within=1e-10)
        third = cohen_kappa_score(*ratings, weights=weights)
        yield near(f"{weights}, scikit-learn", ours.kappa, third, within=1e-10)
