"""Small studies of one group: two raters, two scores, a few months, waiting times."""

from __future__ import annotations

from collections.abc import Iterator

from datrial import models
from datrial.verification import published_data as data
from datrial.verification.certificate import Chapter, Comparison, Kind, each, near, same

CHAPTER = Chapter("small_series", "Small groups: raters, months and waiting times")

LIMITS = ("lower limit", "upper limit")

#: Hunter L lightness of nine lots of canned tuna and a panel's score: Hollander and Wolfe (1973),
#: table 8.1; the example of R's cor.test.
TUNA = (
    (44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7, 45.2, 60.1),
    (2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2, 2.8, 3.8),
)

#: New AIDS cases in Belgium, 1981 to 1993: Wood (2006), Generalized Additive Models, section 2.3.
AIDS = (12, 14, 33, 50, 67, 74, 123, 141, 165, 204, 253, 246, 240)

#: Requests by month, invented: nine figures that rise from 16 to 21 on their straight line.
MONTHS = (16, 18, 20, 17, 15, 14, 22, 24, 21)
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30)

#: Peak expiratory flow with a Wright and a mini Wright meter: Bland and Altman (1986), table.
PEAK_FLOW = (
    (494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427),
    (512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451),
)


@CHAPTER.certificate(
    "agreement",
    "Differences of two raters and their limits of agreement",
    verifies="limits_of_agreement",
    kind=Kind.PUBLISHED,
    source="Bland and Altman (1986), Lancet 327, 307-310: difference -2.1 (-22.0 to 17.8), SD "
    "38.8.",
    data="Peak flow of 17 people with two meters.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    found = models.limits_of_agreement(*PEAK_FLOW)
    rounded = [round(number, 1) for number in found.bias[:3]]
    yield from each(("bias", *LIMITS), rounded, (-2.1, -22.0, 17.8), within=1e-9)
    yield near("standard deviation", found.sd, 38.8, within=0.051)


@CHAPTER.certificate(
    "agreement_limits",
    "Exact limits of the limits of agreement",
    verifies="limits_of_agreement",
    kind=Kind.SECOND_ENGINE,
    source="Carkeet (2015), Optometry and Vision Science 92, e71-e80: the noncentral t that his "
    "factors solve, by scipy's quad over the spread of a standard deviation; statsmodels, OLS, for "
    "the slope.",
    data="Peak flow of 17 people with two meters.",
    tolerance="1e-6 for tails; 1e-9 for the slope.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    from scipy.integrate import quad
    from scipy.special import ndtr
    from statsmodels.api import OLS, add_constant

    found, root = models.limits_of_agreement(*PEAK_FLOW), 17**0.5
    reach = 1.959963984540054 * root

    def below(factor: float) -> float:
        """Return the chance of a noncentral t below: the mean over the sample's spread."""

        def part(square: float) -> float:
            density = square**7 * np.exp(-square / 2) / (2**8 * 5040)  # chi-square, 16 df
            return float(ndtr(factor * (square / 16) ** 0.5 - reach) * density)

        return float(quad(part, 0, 120, epsabs=1e-12, limit=200)[0])

    for name, limit, side in (("lower", found.lower, -1), ("upper", found.upper, 1)):
        for end, tail in ((limit.ci_low, 0.025), (limit.ci_high, 0.975)):
            factor = side * (end - found.bias.estimate) / found.sd * root
            share = below(factor)
            yield near(f"{name}, tail", share if side > 0 else 1 - share, tail, within=1e-6)
    x, y = (np.array(meter, dtype=float) for meter in PEAK_FLOW)
    peer = OLS(x - y, add_constant((x + y) / 2)).fit()
    theirs = (peer.params[1], *peer.conf_int()[1])
    names = ("slope", *LIMITS)
    yield from each(names, found.proportional_bias[:3], theirs, within=1e-9)


@CHAPTER.certificate(
    "intraclass",
    "Intraclass correlations of agreement and consistency",
    verifies="intraclass_correlation",
    kind=Kind.PUBLISHED,
    source="Shrout and Fleiss (1979), Psychological Bulletin 86, 420-428, tables 3 and 4: ICC(2,1) "
    ".29, ICC(3,1) .71; R's psych, ICC: 0.019 to 0.76, 0.342 to 0.95.",
    data="Six targets rated by four judges.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    rows = ((9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7))
    found = models.intraclass_correlation(rows)
    yield near("mean square between targets", found.mean_square_cases, 11.24, within=5.1e-3)
    yield near("mean square between judges", found.mean_square_raters, 32.49, within=5.1e-3)
    yield near("residual mean square", found.mean_square_error, 1.02, within=5.1e-3)
    yield near("ICC(2,1)", found.agreement.estimate, 0.29, within=5.1e-3)
    yield near("ICC(3,1)", found.consistency.estimate, 0.71, within=5.1e-3)
    yield near("ICC(2,1), lower limit", found.agreement.ci_low, 0.019, within=5.1e-4)
    yield near("ICC(2,1), upper limit", found.agreement.ci_high, 0.76, within=5.1e-3)
    yield near("ICC(3,1), lower limit", found.consistency.ci_low, 0.342, within=5.1e-4)
    yield near("ICC(3,1), upper limit", found.consistency.ci_high, 0.95, within=5.1e-3)


@CHAPTER.certificate(
    "correlation",
    "Correlations with their intervals",
    verifies="correlation",
    kind=Kind.PUBLISHED,
    source="R's cor.test: Pearson 0.5711816 (-0.1497426 to 0.8955795), p = 0.1082; Spearman 0.6, "
    "p = 0.0968. R's statpsych, ci.spear: 0.8699639 (0.5840951 to 0.9638297).",
    data="Nine lots of canned tuna; the 15 pairs of statpsych's example.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    pearson = models.correlation(*TUNA)
    names, found = ("Pearson", *LIMITS), (pearson.estimate, pearson.ci_low, pearson.ci_high)
    yield from each(names, found, (0.5711816, -0.1497426, 0.8955795), within=5.1e-8)
    yield near("Pearson, Student's p", pearson.p_t, 0.1082, within=5.1e-5)
    spearman = models.correlation(*TUNA, method="spearman")
    yield near("Spearman", spearman.estimate, 0.6, within=1e-9)
    yield near("Spearman, exact p", spearman.p_value, 0.0968, within=5.1e-5)
    y = (21, 4, 9, 12, 35, 18, 10, 22, 24, 1, 6, 8, 13, 16, 19)
    x = (67, 28, 30, 28, 52, 40, 25, 37, 44, 10, 14, 20, 28, 40, 51)
    other = models.correlation(y, x, method="spearman")
    names, found = ("Spearman of 15", *LIMITS), (other.estimate, other.ci_low, other.ci_high)
    yield from each(names, found, (0.8699639, 0.5840951, 0.9638297), within=5.1e-8)


@CHAPTER.certificate(
    "count_trend",
    "Log-linear trend of counts",
    verifies="count_trend",
    kind=Kind.PUBLISHED,
    source="Wood (2006), Generalized Additive Models, section 2.3.2: intercept 3.140590 "
    "(0.078247), slope 0.202121 (0.007771).",
    data="AIDS cases in Belgium in 13 years.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    found = models.count_trend(AIDS, times=range(1, 14))
    # The book's errors are Poisson's; ours are larger by the root of the dispersion.
    poisson = [error / found.dispersion**0.5 for error in found.bse]
    yield from each(("intercept", "slope"), found.params, (3.140590, 0.202121), within=5.1e-7)
    names = ("intercept's error", "slope's error")
    yield from each(names, poisson, (0.078247, 0.007771), within=5.1e-7)


@CHAPTER.certificate(
    "count_trend_engine",
    "Trend of counts by days, and the exact test",
    verifies="count_trend",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, GLM with an offset and scale='X2'; scipy, multinomial over every way that "
    "seven events can fall into four months (Cox and Lewis 1966).",
    data="Nine months with their days, and seven events in four months.",
    tolerance="1e-8 for the model; 1e-9 for the count.",
)
def _() -> Iterator[Comparison]:
    from itertools import product

    import numpy as np
    from scipy.stats import multinomial
    from statsmodels.api import GLM, add_constant, families

    found = models.count_trend(AIDS[:9], exposure=DAYS)
    x = add_constant(np.arange(9.0))
    peer = GLM(AIDS[:9], x, family=families.Poisson(), offset=np.log(DAYS)).fit(scale="X2")
    yield near("rate ratio", found.rate_ratio.estimate, np.exp(peer.params[1]), within=1e-8)
    yield near("error of its logarithm", found.bse[1], peer.bse[1], within=1e-8)
    yield near("dispersion", found.dispersion, peer.pearson_chi2 / 7, relative=1e-8)
    yield near("fitted, last month", found.end.estimate, peer.fittedvalues[-1], relative=1e-8)
    counts, share = np.array([0, 1, 2, 4]), np.array([31, 28, 31, 30]) / 120
    ways = np.array([way for way in product(range(8), repeat=4) if sum(way) == 7])
    chances, sums = multinomial(7, share).pmf(ways), ways @ np.arange(4)
    observed = counts @ np.arange(4)
    exact = models.count_trend(counts, exposure=share * 120).exact
    upper = float(chances[sums >= observed].sum())
    yield same("few enough to count", exact is not None, True)
    if exact is not None:
        yield near("exact p", exact.p_value, 2 * upper, within=1e-9)
        for name, ratio, side in (("lower", exact.ci_low, 1), ("upper", exact.ci_high, -1)):
            tilted = share * ratio ** np.arange(4)
            law = multinomial(7, tilted / tilted.sum()).pmf(ways)
            tail = float(law[side * sums >= side * observed].sum())
            yield near(f"exact, tail at the {name} limit", tail, 0.025, within=1e-9)


@CHAPTER.certificate(
    "linear_trend",
    "Straight trend line with its interval and a month's",
    verifies="linear_trend",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, OLS and get_prediction.",
    data="Nine invented monthly figures.",
    tolerance="1e-9: rounding.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    from statsmodels.api import OLS, add_constant

    found = models.linear_trend(MONTHS)
    peer = OLS(MONTHS, add_constant(np.arange(9.0))).fit()
    names = ("slope", *LIMITS)
    yield from each(names, found.slope[:3], (peer.params[1], *peer.conf_int()[1]), within=1e-9)
    yield near("p", found.p_value, peer.pvalues[1], within=1e-9)
    theirs = peer.get_prediction().summary_frame()
    for ours, other in (
        ("fitted", "mean"), ("ci_low", "mean_ci_lower"), ("ci_high", "mean_ci_upper"),
        ("prediction_low", "obs_ci_lower"), ("prediction_high", "obs_ci_upper"),
    ):  # fmt: skip
        yield from each(ours, found.line[ours], theirs[other], within=1e-9)


@CHAPTER.certificate(
    "median",
    "Median with its exact interval",
    verifies="median_interval",
    kind=Kind.SECOND_ENGINE,
    source="scipy, quantile_test(...).confidence_interval and binom.",
    data="Weeks of remission of 21 children, and 16 of them.",
    tolerance="1e-9: a count.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    from scipy.stats import quantile_test

    weeks = [float(week.rstrip("+")) for week in data.REMISSION["placebo"].split()]
    for values in (weeks, weeks[:16]):
        found = models.median_interval(values)
        peer = quantile_test(np.array(values), q=0, p=0.5).confidence_interval(0.95)
        name = f"{len(values)} children"
        names = [f"{name}, {limit}" for limit in LIMITS]
        yield from each(names, found.median[1:3], peer, within=1e-9)
        yield near(f"{name}, median", found.median.estimate, np.median(values), within=1e-9)
