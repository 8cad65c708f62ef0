"""Counts and bounded scores: random effects and rates."""

from __future__ import annotations

from collections.abc import Iterator

from datrial import models
from datrial.verification import published_data as data
from datrial.verification.certificate import Chapter, Comparison, Kind, each, near, same

CHAPTER = Chapter("counts", "Counts and rates")

SHIPS = (
    "Wave damage to 34 groups of cargo ships: McCullagh and Nelder (1989), Generalized Linear "
    "Models, table 6.2."
)
FORMULA = "accident ~ operated + built"
TERMS = ("operated[T.1975]", "built[T.1965]", "built[T.1970]", "built[T.1975]")


@CHAPTER.certificate(
    "ships_gamma",
    "Poisson model with a gamma random effect",
    verifies="fit_random_effects_poisson",
    kind=Kind.PUBLISHED,
    source="Stata Longitudinal-Data/Panel-Data Reference Manual, xtpoisson, re exposure(service).",
    data=SHIPS,
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    fit = models.fit_random_effects_poisson(FORMULA, data.ships(), group="ship", exposure="service")
    printed = (1.466305, 2.032543, 2.356853, 1.641913)
    ratios = fit.rate_ratios().loc[list(TERMS), "rate_ratio"]
    yield from each([f"{t}, rate ratio" for t in TERMS], ratios, printed, within=1e-6)
    yield near("alpha", fit.alpha, 0.0936298, within=1e-7)
    yield near("log-likelihood", fit.llf, -74.811217, within=1e-6)


@CHAPTER.certificate(
    "ships_normal",
    "The likelihood of a normal random effect is the integral over it",
    verifies="fit_random_effects_poisson",
    kind=Kind.SECOND_ENGINE,
    source="scipy, integrate.quad of every ship type's likelihood at our estimates.",
    data=SHIPS,
    tolerance="1e-7: 25 nodes are good to 1e-11 a group here.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    from scipy.integrate import quad
    from scipy.special import gammaln

    rows = data.ships()
    fit = models.fit_random_effects_poisson(
        FORMULA, rows, group="ship", exposure="service", effect="normal"
    )
    mean = np.exp(fit.design.matrix @ fit.params.to_numpy()) * rows["service"].to_numpy()
    sigma, total = float(fit.sigma or 0), 0.0
    for ship in rows["ship"].unique():
        own = (rows["ship"] == ship).to_numpy()
        y, m = rows["accident"].to_numpy()[own], mean[own]

        def exponent(u: float, y: float = y.sum(), m: float = m.sum()) -> float:
            return float(y * u - m * np.exp(u) - u**2 / (2 * sigma**2))

        peak = max(exponent(u) for u in np.linspace(-5, 5, 401))
        area = quad(
            lambda u, f=exponent, peak=peak: np.exp(f(u) - peak), -8, 8, epsabs=0, epsrel=1e-10,
            limit=500, points=np.linspace(-2, 2, 9),
        )[0]  # fmt: skip
        total += (y * np.log(m) - gammaln(y + 1)).sum() + peak + np.log(area)
        total -= np.log(sigma * np.sqrt(2 * np.pi))
    yield near("log-likelihood", fit.llf, total, within=1e-7)


@CHAPTER.certificate(
    "boundary",
    "The test of no random effect halves the p-value",
    verifies="fit_random_effects_poisson",
    kind=Kind.SECOND_ENGINE,
    source="Self and Liang (1987), JASA 82, 605-610, with scipy's chi-square; the Poisson "
    "likelihood from statsmodels, GLM.",
    data=SHIPS,
    tolerance="1e-6: the difference of two likelihoods, each to its stopping rule.",
)
def _() -> Iterator[Comparison]:
    import statsmodels.api as sm
    import statsmodels.formula.api as smf
    from scipy.stats import chi2

    rows = data.ships()
    fit = models.fit_random_effects_poisson(FORMULA, rows, group="ship", exposure="service")
    peer = smf.glm(
        FORMULA, rows, family=sm.families.Poisson(), exposure=rows["service"]
    ).fit(tol=1e-12)  # fmt: skip
    statistic = 2 * (fit.llf - peer.llf)
    yield near("statistic", fit.boundary_test.statistic, statistic, within=1e-6)
    p = chi2.sf(statistic, 1) / 2
    yield near("p", fit.boundary_test.p_value, p, relative=1e-6)


@CHAPTER.certificate(
    "poisson_rate",
    "Poisson rates with errors clustered by group",
    verifies="fit_rate",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, GLM(Poisson, exposure) with cov_type='cluster', less its factor "
    "(n - 1) / (n - k).",
    data=SHIPS,
    tolerance="1e-6: both programs' stopping rules.",
)
def _() -> Iterator[Comparison]:
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    rows = data.ships()
    groups = rows["ship"].astype("category").cat.codes.to_numpy()
    peer = smf.glm(
        FORMULA, rows, family=sm.families.Poisson(), exposure=rows["service"]
    ).fit(cov_type="cluster", cov_kwds={"groups": groups}, tol=1e-12)  # fmt: skip
    fit = models.fit_rate(FORMULA, rows, exposure="service", cluster="ship")
    terms, n = ["Intercept", *TERMS], len(rows)
    extra = ((n - 1) / (n - len(terms))) ** 0.5
    params, errors = peer.params[terms], peer.bse[terms]
    yield from each([f"{t}, estimate" for t in terms], fit.params[terms], params, within=1e-6)
    names = [f"{t}, error" for t in terms]
    yield from each(names, fit.bse[terms] * extra, errors, relative=1e-5)
    yield near("log-likelihood", fit.llf, peer.llf, within=1e-7)
    yield same("clusters", fit.n_clusters, 5)


@CHAPTER.certificate(
    "negative_binomial",
    "Negative binomial rates (NB2)",
    verifies="fit_rate",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, NegativeBinomial(exposure).",
    data="300 simulated people (numpy, seed 12), counts with unequal time at risk.",
    tolerance="1e-5: both programs' stopping rules.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    import pandas as pd
    import statsmodels.api as sm

    rng = np.random.default_rng(12)
    years, arm = rng.uniform(0.5, 2, 300), np.arange(300) % 2
    mean = years * np.exp(0.8 - 0.3 * arm) * rng.gamma(2, 0.5, 300)
    rows = pd.DataFrame({"n": rng.poisson(mean), "arm": arm, "years": years})
    peer = sm.NegativeBinomial(rows["n"], sm.add_constant(rows["arm"]), exposure=years).fit(
        disp=0, maxiter=500, method="newton", tol=1e-12
    )
    fit = models.fit_rate("n ~ arm", rows, exposure="years", family="negative_binomial")
    yield near("log-likelihood", fit.llf, peer.llf, within=1e-6)
    yield near("arm", fit.params["arm"], peer.params["arm"], within=1e-5)
    yield near("Intercept", fit.params["Intercept"], peer.params["const"], within=1e-5)
    yield near("alpha", fit.alpha, peer.params["alpha"], within=1e-5)


@CHAPTER.certificate(
    "linear_effects",
    "Linear model with a random effect: generalised least squares with a sandwich",
    verifies="fit_linear_random_effects",
    kind=Kind.IDENTITY,
    source="The textbook's matrices (X'V^-1 X)^-1 X'V^-1 y at the fitted variances: Wooldridge "
    "(2010), Econometric Analysis of Cross Section and Panel Data, chapter 10.",
    data="60 simulated people (numpy, seed 1) with up to three scores each.",
    tolerance="1e-8 of each number: the solution of linear equations.",
)
def _() -> Iterator[Comparison]:
    import numpy as np
    import pandas as pd
    from scipy.linalg import block_diag

    rng = np.random.default_rng(1)
    person, time = np.repeat(np.arange(60), 3), np.tile(np.arange(3), 60)
    level = np.repeat(rng.normal(0, 2, 60), 3)
    score = 8 - 0.7 * time + level + rng.normal(0, 1, 180) * (1 + time)
    rows = pd.DataFrame({"score": score, "time": time, "person": person})
    rows = rows[rng.random(180) < 0.8].reset_index(drop=True)
    fit = models.fit_linear_random_effects("score ~ time", rows, group="person")
    people = list(rows.groupby("person", sort=False).indices.values())
    blocks = [
        np.full((len(at), len(at)), fit.sigma_effect**2) + fit.sigma_rest**2 * np.eye(len(at))
        for at in people
    ]
    x = np.column_stack([np.ones(len(rows)), rows["time"]])
    weight = np.linalg.inv(block_diag(*blocks))
    bread = np.linalg.inv(x.T @ weight @ x)
    b = bread @ x.T @ weight @ rows["score"].to_numpy()
    residual = weight @ (rows["score"].to_numpy() - x @ b)
    totals = np.array([x[at].T @ residual[at] for at in people])
    g = len(people)
    errors = np.sqrt(np.diag(g / (g - 1) * bread @ (totals.T @ totals) @ bread))
    terms = ["Intercept", "time"]
    yield from each([f"{t}, estimate" for t in terms], fit.params[terms], b, relative=1e-8)
    ours = np.sqrt(np.diag(fit.covariance))
    yield from each([f"{t}, error" for t in terms], ours, errors, relative=1e-8)
