"""Latent classes: the fit and the number of classes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from datrial import models
from datrial.verification import published_data as data
from datrial.verification.certificate import Chapter, Comparison, Kind, each, near, same

if TYPE_CHECKING:
    import pandas as pd

CHAPTER = Chapter("classes", "Latent classes")

READERS = (
    "X-rays of 1,692 men read by three readers: Dayton (1998), Latent Class Scaling Analysis, Sage."
)
NEEDS = "250 simulated people (numpy, seed 8), six needs, three classes, one with no need."


@cache
def needs(missing: float = 0.0) -> pd.DataFrame:
    """Draw answers of three classes, one of which has no yes."""
    import numpy as np
    import pandas as pd

    profiles = np.array(
        [[0.0] * 6, [0.85, 0.8, 0.9, 0.15, 0.2, 0.1], [0.2, 0.1, 0.15, 0.9, 0.75, 0.85]]
    )
    rng = np.random.default_rng(8)
    of_class = rng.choice(3, 250, p=[0.3, 0.4, 0.3])
    answers = (rng.random((250, 6)) < profiles[of_class]).astype(float)
    answers[rng.random(answers.shape) < missing] = np.nan
    return pd.DataFrame(answers, columns=[f"need_{j}" for j in range(1, 7)])


@CHAPTER.certificate(
    "pleural_thickening",
    "Two latent classes: likelihood and indices",
    verifies="fit_latent_classes",
    kind=Kind.PUBLISHED,
    source="Dayton (1998), Latent Class Scaling Analysis, Sage.",
    data=READERS,
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    fit = models.fit_latent_classes(data.readers(), 2, weights=data.READINGS, n_starts=20)
    yield same("people", fit.nobs, 1692)
    yield near("log-likelihood", fit.llf, -891.1428, within=5.1e-5)
    yield near("AIC", fit.aic, 1796.286, within=5.1e-4)
    yield near("BIC", fit.bic, 1834.321, within=5.1e-4)
    yield near("entropy", fit.entropy, 0.949, within=5.1e-4)


def _against_stepmix(
    items: pd.DataFrame, n_classes: int, zero_class: bool, weights: tuple[int, ...] | None = None
) -> Iterator[Comparison]:
    ours, other = (
        models.fit_latent_classes(
            items, n_classes, zero_class=zero_class, weights=weights, n_starts=starts, engine=engine
        )
        for engine, starts in (("native", 40), ("stepmix", 6))
    )
    yield near("log-likelihood", ours.llf, other.llf, within=1e-4)
    yield same("parameters", ours.n_params, other.n_params)
    yield near("BIC", ours.bic, other.bic, within=2e-4)
    names = [f"size of {name}" for name in ours.class_sizes.index]
    yield from each(names, ours.class_sizes, other.class_sizes, within=5e-3)
    for name in ours.class_sizes.index:
        mine, theirs = ours.item_probabilities.loc[name], other.item_probabilities.loc[name]
        yield from each([f"{name}, {item}" for item in mine.index], mine, theirs, within=0.02)


STEPMIX = (
    "StepMix, its EM on the rows: Morin et al. (2025), Journal of Statistical Software 113(8)."
)
FLAT = (
    "1e-4 in the log-likelihood: its EM stops at a gain of 1e-11 per person and step; estimates of "
    "a flat maximum move by the square root of that."
)


@CHAPTER.certificate(
    "stepmix",
    "Two classes by another program",
    verifies="fit_latent_classes",
    kind=Kind.SECOND_ENGINE,
    source=STEPMIX,
    data=READERS,
    tolerance=FLAT,
)
def _() -> Iterator[Comparison]:
    yield from _against_stepmix(data.readers(), 2, False, data.READINGS)


@CHAPTER.certificate(
    "stepmix_zero_class",
    "Three classes, one of them with no need, by another program",
    verifies="fit_latent_classes",
    kind=Kind.SECOND_ENGINE,
    source=STEPMIX,
    data=NEEDS,
    tolerance=FLAT,
)
def _() -> Iterator[Comparison]:
    yield from _against_stepmix(needs(), 3, True)


@CHAPTER.certificate(
    "stepmix_missing",
    "Three classes with missing answers by another program",
    verifies="fit_latent_classes",
    kind=Kind.SECOND_ENGINE,
    source=STEPMIX,
    data=f"{NEEDS} 15% of the answers are missing.",
    tolerance=FLAT,
)
def _() -> Iterator[Comparison]:
    yield from _against_stepmix(needs(0.15), 3, True)


@CHAPTER.certificate(
    "one_class",
    "One class is the shares of each item",
    verifies="fit_latent_classes bivariate_residuals",
    kind=Kind.IDENTITY,
    source="Closed form; residuals of pairs are Pearson's chi-square (scipy, chi2_contingency).",
    data=NEEDS,
    tolerance="1e-6: Newton's stopping rule.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    import pandas as pd
    from scipy.stats import chi2_contingency

    items = needs()
    share, answered = items.mean(), items.notna().sum()
    expected = (answered * (share * np.log(share) + (1 - share) * np.log(1 - share))).sum()
    fit = models.fit_latent_classes(items, 1, n_starts=1)
    yield near("log-likelihood", fit.llf, expected, within=1e-6)
    yield from each(items.columns, fit.item_probabilities.iloc[0], share, within=1e-6)
    for row in models.bivariate_residuals(fit).itertuples():
        chi2 = chi2_contingency(pd.crosstab(items[row.item_a], items[row.item_b]), correction=False)
        name = f"residual of {row.item_a} and {row.item_b}"
        yield near(name, row.residual, chi2[0], relative=1e-5)


@CHAPTER.certificate(
    "information_criteria",
    "Indices of the number of classes follow from the likelihood",
    verifies="compare_latent_classes enumerate_latent_classes advise_number_of_classes",
    kind=Kind.HAND_COUNT,
    source="Akaike (1974); Schwarz (1978); Sclove (1987), Psychometrika 52, 333-343: 2 p - 2 LL, "
    "p ln n - 2 LL, and the same with (n + 2) / 24 for n.",
    data=NEEDS,
    tolerance="1e-8: the same sums; rounding only.",
)
def _() -> Iterator[Comparison]:
    from math import log

    fits = {k: models.fit_latent_classes(needs(), k, zero_class=True, n_starts=15) for k in (2, 3)}
    compared = models.compare_latent_classes(fits).set_index("n_classes")
    for k, fit in fits.items():
        row, llf, p = compared.loc[k], fit.llf, 7 * (k - 1)
        yield same(f"{k} classes, parameters", row.n_params, p)
        yield near(f"{k} classes, AIC", row.aic, 2 * p - 2 * llf, within=1e-8)
        yield near(f"{k} classes, BIC", row.bic, p * log(250) - 2 * llf, within=1e-8)
        yield near(f"{k} classes, SABIC", row.sabic, p * log(252 / 24) - 2 * llf, within=1e-8)
    table = models.enumerate_latent_classes(needs(), (2, 3), zero_class=True, n_starts=15)
    yield from each(
        ("2 classes, searched together", "3 classes, searched together"),
        table["llf"], (fits[2].llf, fits[3].llf), within=1e-6,
    )  # fmt: skip
    advice = models.advise_number_of_classes(table)
    yield same("the advice prefers the true number", "3" in advice, True)


@CHAPTER.certificate(
    "bootstrap_test",
    "Bootstrap likelihood-ratio test of two classes against three",
    verifies="bootstrap_likelihood_ratio",
    kind=Kind.HAND_COUNT,
    source="McLachlan (1987), Applied Statistics 36, 318-324: twice the gain in likelihood, and "
    "the share of draws that reach it, (1 + number) / (1 + draws). Three classes are true: no "
    "draw reaches it.",
    data=NEEDS,
    tolerance="1e-8 in the statistic; the p-value is exact.",
)
def _() -> Iterator[Comparison]:
    two, three = (
        models.fit_latent_classes(needs(), k, zero_class=True, n_starts=15) for k in (2, 3)
    )
    test = models.bootstrap_likelihood_ratio(two, three, draws=19, n_starts=8, seed=4)
    yield near("statistic", test.statistic, 2 * (three.llf - two.llf), within=1e-8)
    reached = sum(drawn >= test.statistic for drawn in test.draws)
    yield near("p, from its draws", test.p_value, (1 + reached) / 20, within=1e-12)
    yield near("p, as no draw reaches it", test.p_value, 1 / 20, within=1e-12)


#: Classes -> AIC, BIC and SABIC.
TABLE_A3_1 = {
    2: (4679.3, 4733.7, 4692.5),
    3: (4450.2, 4559.1, 4476.6),
    4: (4313.0, 4476.3, 4352.5),
    5: (4281.2, 4499.0, 4333.9),
    6: (4262.9, 4535.1, 4328.8),
}


@CHAPTER.certificate(
    "drive_indices",
    "BIC and SABIC of the Drive evaluation follow from its AIC",
    verifies="datrial.models.latent_class.result.information_criteria",
    kind=Kind.PUBLISHED,
    source="Hester et al. (2019), Evaluation of the Drive Project, Table A3.1 (Mplus 8).",
    data="Printed indices of two to six classes: 12 needs, 487 people, a class without need.",
    tolerance="0.1: each index is printed to 0.1, which leaves two roundings of 0.05.",
)
def _() -> Iterator[Comparison]:
    from datrial.models.latent_class.result import count_parameters, information_criteria

    for k, (aic, bic, sabic) in TABLE_A3_1.items():
        n_params = count_parameters(k, 12, zero_class=True)
        yield same(f"{k} classes, parameters", n_params, 13 * (k - 1))
        found = information_criteria(n_params - aic / 2, n_params, 487)
        names = (f"{k} classes, AIC", f"{k} classes, BIC", f"{k} classes, SABIC")
        yield from each(names, found, (aic, bic, sabic), within=0.1001)
