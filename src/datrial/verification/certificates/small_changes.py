"""Small studies of one group: the change of a score between two readings."""

from __future__ import annotations

from collections.abc import Iterator

from datrial import models
from datrial.verification import published_data as data
from datrial.verification.certificate import Chapter, Comparison, Kind, each, near, same

CHAPTER = Chapter("small_changes", "Small groups: changes of a score")

LIMITS = ("lower limit", "upper limit")

#: Hamilton depression scale factor IV of nine patients at the first and the second visit:
#: Hollander and Wolfe (1973), Nonparametric Statistical Methods, table 3.1.
DEPRESSION = (
    (1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30),
    (0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29),
)


@CHAPTER.certificate(
    "change",
    "Mean change with Student's interval",
    verifies="paired_change",
    kind=Kind.PUBLISHED,
    source="Student (1908), Biometrika 6, 1-25, as R prints t.test(paired = TRUE): t = 4.0621, p = "
    "0.002833, 0.7001142 to 2.4598858.",
    data="Extra hours of sleep of ten people under two drugs.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    found = models.paired_change(*data.SLEEP)
    yield near("t", found.t, 4.0621, within=5.1e-5)
    yield near("p", found.p_t, 0.002833, within=5.1e-7)
    yield from each(("mean", *LIMITS), found.mean[:3], (1.58, 0.7001142, 2.4598858), within=5.1e-8)
    yield near("standardised", found.standardised.estimate, 4.062128 / 10**0.5, within=1e-6)
    yield same("improved", found.improved.count, 9)


@CHAPTER.certificate(
    "change_by_ranks",
    "Exact signed ranks, and Hodges and Lehmann's estimate",
    verifies="paired_change",
    kind=Kind.PUBLISHED,
    source="Hollander and Wolfe (1973), Nonparametric Statistical Methods, sections 3.1 to 3.3: "
    "estimate -.46, limits -.786 and -.010; R's wilcox.test: one-sided p = 0.01953.",
    data="Depression scores of nine patients at two visits.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    found = models.paired_change(*DEPRESSION)
    names = ("estimate", *LIMITS)
    yield from each(names, found.median[:3], (-0.46, -0.786, -0.010), within=1e-9)
    yield near("p", found.p_signed_rank, 2 * 0.01953, within=1.1e-5)


@CHAPTER.certificate(
    "change_by_signs",
    "Sign-flip test of a mean change",
    verifies="paired_change",
    kind=Kind.PUBLISHED,
    source="Fisher (1935), The Design of Experiments, section 21: 1,726 of 32,768 patterns of "
    "signs are as extreme.",
    data="Darwin's 15 pairs of maize.",
    tolerance="1e-12: a count.",
)
def _() -> Iterator[Comparison]:
    found = models.paired_change([0] * 15, data.MAIZE)
    yield near("patterns", found.p_value * 2**15, 1726, within=1e-6)
    yield near("signed ranks, R's p", found.p_signed_rank, 0.04126, within=5.1e-6)


@CHAPTER.certificate(
    "change_with_ties",
    "Signed ranks with ties and zeros, and the limits of the sign-flip test",
    verifies="paired_change",
    kind=Kind.SECOND_ENGINE,
    source="Every one of the 4,096 patterns of signs, tried in turn; ranks by scipy, rankdata, "
    "zeros ranked and then dropped (Pratt 1959, JASA 54, 655-667).",
    data="Two invented scores of 0 to 10 of 12 people, some without change.",
    tolerance="1e-12: a count.",
)
def _() -> Iterator[Comparison]:
    from itertools import product

    import numpy as np
    from scipy.stats import rankdata

    first = np.array([2, 3, 5, 4, 6, 1, 3, 7, 5, 2, 4, 6])
    last = np.array([4, 3, 8, 5, 6, 4, 2, 9, 7, 2, 7, 5])
    changes, patterns = last - first, np.array(list(product((-1, 1), repeat=12)))

    def p(scores: np.ndarray) -> float:
        sums = np.abs(patterns @ np.abs(scores))
        return float((sums >= abs(scores.sum()) - 1e-9).mean())

    found = models.paired_change(first, last)
    ranks = rankdata(np.abs(changes)) * np.sign(changes)
    yield near("signed ranks", found.p_signed_rank, p(ranks), within=1e-12)
    yield near("sign flips", found.p_value, p(changes), within=1e-12)
    low, high = found.mean_sign_flip[1:3]
    for name, limit, inside in (("lower", low, 1e-6), ("upper", high, -1e-6)):
        yield same(f"within the {name} limit it is kept", p(changes - limit - inside) > 0.05, True)
        yield same(f"beyond the {name} limit it is not", p(changes - limit + inside) > 0.05, False)


@CHAPTER.certificate(
    "ratio_of_means",
    "Ratio of the means of two readings",
    verifies="paired_change",
    kind=Kind.PUBLISHED,
    source="Bonett and Price (2020), Journal of Educational and Behavioral Statistics 45, 750-770; "
    "R's statpsych, ci.ratio.mean.ps.",
    data="The package's two examples, of eight and twelve people.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    eight = (
        (3.0, 3.1, 2.7, 2.6, 3.2, 3.8, 3.2, 3.0),
        (3.3, 3.6, 3.0, 3.1, 3.9, 4.2, 3.5, 3.3),
    )
    twelve = (
        (59.85, 60.64, 84.86, 68.16, 71.53, 86.18, 67.30, 65.46, 83.50, 66.76, 88.37, 65.02),
        (76.41, 66.91, 81.06, 74.78, 83.76, 89.31, 78.78, 87.06, 82.61, 76.74, 88.33, 86.18),
    )
    for name, readings, printed, within in (
        ("eight", eight, (1.134146, 1.09417, 1.175583), 5.1e-6),
        ("twelve", twelve, (1.120213, 1.040747, 1.205745), 5.1e-7),
    ):
        found = models.paired_change(*readings).ratio_of_means
        names = [f"{name} people, {what}" for what in ("ratio", *LIMITS)]
        yield from each(names, found[:3], printed, within=within)


@CHAPTER.certificate(
    "regression_to_the_mean",
    "Regression to the mean, and Oldham's and Blomqvist's corrections",
    verifies="regression_to_the_mean",
    kind=Kind.IDENTITY,
    source="Readings with errors worked out to have no covariance with the truth or each other: "
    "Blomqvist (1977), JASA 72, 746-749; Davis (1976), American Journal of Epidemiology 104.",
    data="16 people whose true change is 2 points and -0.25 for each point of the true score.",
    tolerance="1e-9: rounding.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    from scipy.linalg import hadamard

    # Columns of a Hadamard matrix: no two of them correlate.
    signs = hadamard(16).astype(float)
    true, one, two = 6 + 2 * signs[1], signs[2], signs[3]
    first, last = true + one, true + 2 - 0.25 * (true - 6) + two
    found = models.regression_to_the_mean(first, last, reliability=0.8, population_mean=7)
    yield near("Blomqvist's slope", found.blomqvist.estimate, -0.25, within=1e-9)
    yield near("expected without an effect", found.expected, 0.2 * (7 - 6), within=1e-9)
    yield same("there is a population mean", found.beyond is not None, True)
    if found.beyond is not None:
        yield near("change beyond it", found.beyond.estimate, 2 - 0.2, within=1e-9)
    still = models.regression_to_the_mean(true + one, true + two, reliability=0.8)
    yield near("Oldham, nothing but error", still.oldham.estimate, 0, within=1e-9)
    naive = -np.sqrt(2 * 1.0) / np.sqrt(4 * (4 + 1))
    yield near("naive correlation, nothing but error", still.naive.estimate, naive, within=1e-9)
