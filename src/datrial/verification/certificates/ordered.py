"""Ordered logit: pooled, with effects that differ between cuts, with a person's intercept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datrial import models
from datrial.verification import published_data as data
from datrial.verification.certificate import Chapter, Comparison, Kind, each, near, same

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHAPTER = Chapter("ordered", "Ordered logit models")

WINE = "72 ratings of wine by nine judges: Randall (1989), Biometrical Journal 31, 781-793."
FORMULA = "rating ~ warm + contact"
CUTS = ("cut1", "cut2", "cut3", "cut4")


@CHAPTER.certificate(
    "wine",
    "Ordered logit: estimates, errors, likelihood",
    verifies="fit_ordered_logit",
    kind=Kind.PUBLISHED,
    source="Christensen, A Tutorial on fitting Cumulative Link Models with the ordinal Package "
    "(R), clm(rating ~ contact + temp).",
    data=WINE,
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    fit = models.fit_ordered_logit(FORMULA, data.wine())
    terms = ["warm", "contact", *CUTS]
    printed = (2.5031, 1.5278, -1.3444, 1.2508, 3.4669, 5.0064)
    errors = (0.5287, 0.4766, 0.5171, 0.4379, 0.5978, 0.7309)
    yield near("log-likelihood", fit.llf, -86.49192, within=5.1e-6)
    yield from each([f"{t}, estimate" for t in terms], fit.params[terms], printed, within=5.1e-5)
    yield from each([f"{t}, error" for t in terms], fit.bse[terms], errors, within=6e-5)


@CHAPTER.certificate(
    "ordered_model",
    "Ordered logit against another program",
    verifies="fit_ordered_logit",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, OrderedModel(distr='logit').",
    data=WINE,
    tolerance="2e-4 in estimates, 1e-5 in the log-likelihood, .001 of the errors: its gradient and "
    "its Hessian are numerical.",
)
def _() -> Iterator[Comparison]:
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    rows = data.wine()
    x = rows[["warm", "contact"]].astype(float)
    peer = OrderedModel(rows["rating"], x, distr="logit").fit(method="bfgs", disp=0, maxiter=500)
    cuts = peer.model.transform_threshold_params(peer.params.to_numpy())[1:-1]
    fit = models.fit_ordered_logit(FORMULA, rows)
    slopes = ["warm", "contact"]
    yield near("log-likelihood", fit.llf, peer.llf, within=1e-5)
    yield from each(slopes, fit.params[slopes], peer.params[slopes], within=2e-4)
    yield from each(CUTS, fit.params[list(CUTS)], cuts, within=1e-3)
    names = [f"{name}, error" for name in slopes]
    yield from each(names, fit.bse[slopes], peer.bse[slopes], relative=1e-3)


@CHAPTER.certificate(
    "two_levels",
    "With two levels it is the logit, errors clustered by judge included",
    verifies="fit_ordered_logit fit_logit",
    kind=Kind.IDENTITY,
    source="McCullagh (1980), JRSS B 42, 109-142: one cut, cut1 = -Intercept.",
    data=f"Rated 3 or more, of {WINE}",
    tolerance="1e-7: Newton's stopping rule in both.",
)
def _() -> Iterator[Comparison]:
    rows = data.wine().assign(bitter=lambda d: (d["rating"] >= 3).astype(int))
    one = models.fit_ordered_logit("bitter ~ warm + contact", rows, cluster="judge")
    two = models.fit_logit("bitter ~ warm + contact", rows, cluster="judge")
    yield near("cut1", one.params["cut1"], -two.params["Intercept"], within=1e-7)
    for term in ("warm", "contact"):
        yield near(f"{term}, estimate", one.params[term], two.params[term], within=1e-7)
        yield near(f"{term}, error", one.bse[term], two.bse[term], within=1e-7)
    yield near("log-likelihood", one.llf, two.llf, within=1e-8)


def _r_uniforms(seed: int, n: int) -> NDArray[np.float64]:
    """Return R's ``set.seed(seed); runif(n)``: its seeding and the Mersenne Twister."""
    import numpy as np

    words = []
    for step in range(50 + 625):
        seed = (69069 * seed + 1) % 2**32
        if step >= 50:
            words.append(seed)
    twister = np.random.RandomState()
    key = np.array(words[1:], dtype=np.uint32)
    twister.set_state({"bit_generator": "MT19937", "state": {"key": key, "pos": 624}})
    whole = twister.randint(0, 2**32, n, dtype=np.uint32)
    return whole.astype(np.float64) * 2.3283064365386963e-10


@CHAPTER.certificate(
    "brant",
    "Brant's test of proportional odds",
    verifies="fit_ordered_logit",
    kind=Kind.PUBLISHED,
    source="R's gofcat 0.1.2, reference page of brant.test; Brant (1990), Biometrics 46, "
    "1171-1178.",
    data="200 rows that R draws after set.seed(1), drawn here by the same generator.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    import pandas as pd

    def binomial(uniforms: NDArray[np.float64], p: float) -> NDArray[np.int64]:
        """Return R's ``rbinom(n, 2, p)``, which inverts the law of the smaller share."""
        q = min(p, 1 - p)
        steps = np.cumsum([(1 - q) ** 2, 2 * q * (1 - q)])
        count = np.searchsorted(steps, uniforms, side="right")
        return 2 - count if p > 0.5 else count

    drawn = _r_uniforms(1, 600)
    rows = pd.DataFrame(
        {
            "y": binomial(drawn[:200], 0.5),
            "x1": pd.Categorical(binomial(drawn[200:400], 0.7)),
            "x2": drawn[400:],
        }
    )
    table = models.fit_ordered_logit("y ~ x1 * x2", rows).brant().table
    names = ["all together", "x1 = 1", "x1 = 2", "x2", "x1 = 1 times x2", "x1 = 2 times x2"]
    printed = (2.368, 1.889, 1.337, 0.586, 0.963, 0.630)
    yield from each([f"{n}, chi-square" for n in names], table["chi2"], printed, within=5.1e-4)
    p = (0.80, 0.17, 0.25, 0.44, 0.33, 0.43)
    yield from each([f"{n}, p" for n in names], table["p_value"], p, within=5.1e-3)
    yield same("degrees of freedom of all", table["df"].iloc[0], 5)


@CHAPTER.certificate(
    "partial",
    "Partial proportional odds: an effect of its own at every cut",
    verifies="fit_partial_proportional_odds",
    kind=Kind.PUBLISHED,
    source="Christensen, the same tutorial, section Nominal effects: "
    "clm(rating ~ temp, nominal = ~ contact).",
    data=WINE,
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    fit = models.fit_partial_proportional_odds(FORMULA, data.wine(), nonparallel=["contact"])
    terms = ["warm", *(f"contact@{cut}" for cut in CUTS), *CUTS]
    printed = (2.519, 1.6151, 1.5116, 1.6748, 1.0506, -1.3230, 1.2464, 3.5500, 4.6602)
    errors = (0.535, 1.1618, 0.5906, 0.6488, 0.8965, 0.5623, 0.4748, 0.6560, 0.8604)
    yield near("log-likelihood", fit.llf, -86.20855, within=5.1e-6)
    yield near("AIC", fit.aic, 190.42, within=5.1e-3)
    yield near("likelihood ratio", 2 * (fit.llf - fit.proportional_llf), 0.5667, within=5.1e-5)
    yield from each([f"{t}, estimate" for t in terms], fit.params[terms], printed, within=5.1e-5)
    yield from each([f"{t}, error" for t in terms], fit.bse[terms], errors, within=6e-5)


@CHAPTER.certificate(
    "partial_binary",
    "With one predictor, free at every cut, it is a logit at every cut",
    verifies="fit_partial_proportional_odds",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, Logit.fit at each cut.",
    data=f"Rated 2 or less, 3, 4 or more, of {WINE}",
    tolerance="1e-6: Newton's stopping rule in both.",
)
def _() -> Iterator[Comparison]:
    import statsmodels.api as sm

    rows = data.wine().assign(level=lambda d: d["rating"].clip(2, 4) - 2)
    fit = models.fit_partial_proportional_odds("level ~ warm", rows, nonparallel=["warm"])
    for cut in (1, 2):
        above = (rows["level"] >= cut).astype(int)
        peer = sm.Logit(above, sm.add_constant(rows["warm"])).fit(disp=0)
        name = f"warm@cut{cut}"
        yield near(f"{name}, estimate", fit.params[name], peer.params["warm"], within=1e-6)
        yield near(f"{name}, error", fit.bse[name], peer.bse["warm"], within=1e-6)
        yield near(f"cut{cut}", fit.params[f"cut{cut}"], -peer.params["const"], within=1e-6)


@CHAPTER.certificate(
    "judges",
    "Ordered logit with a random intercept",
    verifies="fit_random_intercept_ordered_logit",
    kind=Kind.PUBLISHED,
    source="Christensen (2015), A Tutorial on fitting Cumulative Link Mixed Models with clmm2 "
    "from the ordinal Package (R).",
    data=WINE,
    tolerance=".003 in estimates, .0015 in errors, .01 in the variance: print is of Laplace's "
    "approximation, ours integrates with many nodes.",
)
def _() -> Iterator[Comparison]:
    fit = models.fit_random_intercept_ordered_logit(FORMULA, data.wine(), group="judge")
    terms = ["warm", "contact", *CUTS]
    printed = (3.062993, 1.834883, -1.623666, 1.513364, 4.228527, 6.088766)
    errors = (0.5953668, 0.5125250, 0.6823637, 0.6037641, 0.8090057, 0.9725209)
    yield from each([f"{t}, estimate" for t in terms], fit.params[terms], printed, within=0.003)
    yield from each([f"{t}, error" for t in terms], fit.bse[terms], errors, within=0.0015)
    yield near("variance between judges", fit.sigma**2, 1.279461, within=0.01)


@CHAPTER.certificate(
    "judges_integral",
    "The likelihood with a random intercept is the integral over it",
    verifies="fit_random_intercept_ordered_logit",
    kind=Kind.SECOND_ENGINE,
    source="scipy, integrate.quad of every judge's likelihood at our estimates.",
    data=WINE,
    tolerance="1e-6: what the quadrature leaves.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    from scipy.integrate import quad

    rows = data.wine()
    fit = models.fit_random_intercept_ordered_logit(FORMULA, rows, group="judge")
    cuts = np.array([-np.inf, *fit.params[list(CUTS)], np.inf])
    rows["eta"] = fit.params["warm"] * rows["warm"] + fit.params["contact"] * rows["contact"]
    total, sigma = 0.0, float(fit.sigma)
    for _, own in rows.groupby("judge"):
        eta, code = own["eta"].to_numpy(), own["rating"].to_numpy()

        def integrand(
            u: float, eta: NDArray[np.float64] = eta, code: NDArray[np.int64] = code
        ) -> float:
            above = 1 / (1 + np.exp(eta + u - cuts[code]))
            below = 1 / (1 + np.exp(eta + u - cuts[code - 1]))
            density = np.exp(-(u**2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
            return float(np.prod(above - below) * density)

        span = (-10 * sigma, 10 * sigma)
        total += np.log(quad(integrand, *span, epsabs=0, epsrel=1e-10, points=[0.0])[0])
    yield near("log-likelihood", fit.llf, total, within=1e-6)
