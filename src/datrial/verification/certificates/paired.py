"""Answers of the same people before and after."""

from __future__ import annotations

from collections.abc import Iterator

from datrial import models
from datrial.verification import published_data as data
from datrial.verification.certificate import Chapter, Comparison, Kind, each, near, same

CHAPTER = Chapter("paired", "Answers of the same people before and after")

#: Pairs with both, the first only, the second only, neither; limits of the difference.
TABLE_III = (
    ((36, 12, 2, 0), (0.0569, 0.3404)),
    ((20, 12, 2, 16), (0.0562, 0.3292)),
    ((36, 14, 0, 0), (0.1528, 0.4167)),
    ((2, 97, 1, 0), (0.8721, 0.9854)),
    ((0, 29, 1, 0), (0.6666, 0.9882)),
    ((54, 0, 0, 0), (-0.0664, 0.0664)),
    ((30, 0, 0, 24), (-0.0358, 0.0358)),
)


@CHAPTER.certificate(
    "newcombe",
    "Newcombe's interval of a paired difference",
    verifies="mcnemar_counts",
    kind=Kind.PUBLISHED,
    source="Newcombe (1998), Statistics in Medicine 17, 2635-2650, table III, method 10.",
    data="Seven of the table's examples, some without change.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    for (both, first, second, neither), printed in TABLE_III:
        # The paper's difference is first less second: ours is after less before.
        found = models.mcnemar_counts(both, second, first, neither).difference
        name = f"{both}, {first}, {second}, {neither}"
        labels = (f"{name}, lower", f"{name}, upper")
        yield from each(labels, (found.ci_low, found.ci_high), printed, within=5.1e-5)


@CHAPTER.certificate(
    "consolidation",
    "McNemar's mid-p, Newcombe's and Tango's intervals",
    verifies="mcnemar_counts",
    kind=Kind.PUBLISHED,
    source="Fagerland, Lydersen and Laake (2017), Statistical Analysis of Contingency Tables, "
    "chapter 8, and its R package contingencytables.",
    data="161 patients before and after consolidation: Cavo et al. (2012), Blood 120, 9-19.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    found = models.mcnemar_counts(both=59, stopped=6, started=16, neither=80)
    yield near("mid-p", found.p_mid, 0.034690, within=5.1e-7)
    names = ("difference", "lower limit", "upper limit")
    newcombe, tango = (0.0621, 0.0046, 0.1186), (0.0621, 0.0054, 0.1240)
    labels = [f"Newcombe, {name}" for name in names]
    yield from each(labels, found.difference[:3], newcombe, within=5.1e-5)
    labels = [f"Tango, {name}" for name in names]
    yield from each(labels, found.difference_score[:3], tango, within=5.1e-5)


@CHAPTER.certificate(
    "approval",
    "McNemar's chi-square, from counts and from answers",
    verifies="mcnemar_counts mcnemar",
    kind=Kind.PUBLISHED,
    source="Agresti (2002), Categorical Data Analysis, 2nd ed., section 10.1: z squared 17.36, "
    "difference -.04.",
    data="1,600 voters asked twice for the approval of a prime minister.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    counts = {"both": 794, "stopped": 150, "started": 86, "neither": 570}
    before = [1] * 944 + [0] * 656
    after = [1] * 794 + [0] * 150 + [1] * 86 + [0] * 570
    for name, found in (
        ("counts", models.mcnemar_counts(**counts)), ("answers", models.mcnemar(before, after)),
    ):  # fmt: skip
        yield near(f"{name}, chi-square", found.statistic, 17.36, within=5.1e-3)
        yield near(f"{name}, difference", found.difference.estimate, -0.04, within=1e-9)


@CHAPTER.certificate(
    "p_values",
    "McNemar's exact, plain and corrected p-values",
    verifies="mcnemar_counts",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, contingency_tables.mcnemar.",
    data="Three tables of pairs.",
    tolerance="1e-9: rounding.",
)
def _() -> Iterator[Comparison]:
    from statsmodels.stats.contingency_tables import mcnemar

    for stopped, started in ((10, 2), (150, 86), (7, 8)):
        table, found = (
            [[40, stopped], [started, 30]],
            models.mcnemar_counts(40, stopped, started, 30),
        )
        name = f"{stopped} stopped, {started} started"
        exact = mcnemar(table, exact=True).pvalue
        plain = mcnemar(table, exact=False, correction=False).pvalue
        corrected = mcnemar(table, exact=False, correction=True).pvalue
        yield near(f"{name}, exact", found.p_exact, exact, within=1e-9)
        yield near(f"{name}, plain", found.p_chi_square, plain, within=1e-9)
        yield near(f"{name}, corrected", found.p_corrected, corrected, within=1e-9)


@CHAPTER.certificate(
    "eyes",
    "Stuart's test of marginal homogeneity",
    verifies="marginal_homogeneity",
    kind=Kind.PUBLISHED,
    source="Stuart (1955), Biometrika 42, 412-416: 11.96 with 3 degrees of freedom; all digits by "
    "statsmodels, SquareTable.homogeneity.",
    data="Vision of both eyes of 7,477 women.",
    tolerance="The last printed digit; 1e-9 against statsmodels.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    from statsmodels.stats.contingency_tables import SquareTable

    found = models.marginal_homogeneity(data.EYES)
    yield near("chi-square, as printed", found.statistic, 11.96, within=5.1e-3)
    peer = SquareTable(np.array(data.EYES), shift_zeros=False).homogeneity()
    yield near("chi-square", found.statistic, peer.statistic, within=1e-9)
    yield near("p", found.p_value, peer.pvalue, within=1e-9)
    yield same("degrees of freedom", found.df, 3)
