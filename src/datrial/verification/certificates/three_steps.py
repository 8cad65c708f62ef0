"""Third steps: what goes with a class, allowing for errors of assignment."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from datrial import models
from datrial.verification.certificate import Chapter, Comparison, Kind, each, near, same

if TYPE_CHECKING:
    import pandas as pd

CHAPTER = Chapter("three_steps", "Latent classes and what goes with them")

PEOPLE = (
    "500 simulated people (numpy, seed 12) of two classes, five items, a covariate and an outcome "
    "of four levels."
)
STEPMIX = "StepMix, n_steps=3: Morin et al. (2025), Journal of Statistical Software 113(8)."
METHODS = (("ml", "ML"), ("bch", "BCH"), ("modal", None))


@cache
def _people() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return items, and the covariate `x` with the outcome `level`."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(12)
    profiles = np.array([[0.1, 0.2, 0.1, 0.2, 0.1], [0.8, 0.7, 0.9, 0.75, 0.8]])
    x = rng.normal(size=500)
    of_class = (rng.random(500) < 1 / (1 + np.exp(-0.4 - 0.9 * x))).astype(int)
    items = pd.DataFrame((rng.random((500, 5)) < profiles[of_class]).astype(int))
    items.columns = list("abcde")
    levels = np.array([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]])
    level = (rng.random((500, 1)) > levels[of_class].cumsum(axis=1)).sum(axis=1)
    return items, pd.DataFrame({"x": x, "level": level, "any": (level > 1).astype(float)})


def _stepmix(structural: str, correction: str | None, right: Any, **more: Any) -> dict[str, Any]:
    """Return the parameters of StepMix's third step."""
    from stepmix.stepmix import StepMix

    model = StepMix(
        n_components=2, n_steps=3, correction=correction, assignment="modal",
        measurement="binary", structural=structural, n_init=4, random_state=1, abs_tol=1e-13,
        rel_tol=0.0, max_iter=10_000, progress_bar=0, **more,
    )  # fmt: skip
    model.fit(_people()[0].to_numpy(), right)
    parameters: dict[str, Any] = model.get_parameters()
    return parameters


@CHAPTER.certificate(
    "distal",
    "An outcome's shares in each class, by three methods",
    verifies="three_step",
    kind=Kind.SECOND_ENGINE,
    source=f"{STEPMIX} A categorical outcome with corrections ML, BCH and none.",
    data=PEOPLE,
    tolerance="1e-4: its EM stops short of the maximum by about that.",
)
def _() -> Iterator[Comparison]:
    import numpy as np

    items, rows = _people()
    fit = models.fit_latent_classes(items, 2, n_starts=15)
    for method, correction in METHODS:
        theirs = _stepmix("categorical", correction, rows[["level"]].to_numpy())
        order = np.argsort(-theirs["weights"])
        shares = np.asarray(theirs["structural"]["pis"]).reshape(2, 4)[order]
        ours = models.three_step(fit, rows["level"], method=method).probabilities
        for place, name in enumerate(ours.index):
            labels = [f"{method}, {name}, level {level}" for level in range(4)]
            yield from each(labels, ours.loc[name], shares[place], within=1e-4)


@CHAPTER.certificate(
    "distal_modal",
    "Without correction it is the table of the likeliest class",
    verifies="three_step",
    kind=Kind.HAND_COUNT,
    source="Shares of a cross table with their binomial errors.",
    data=PEOPLE,
    tolerance="1e-10: the same counts; rounding only.",
)
def _() -> Iterator[Comparison]:
    items, rows = _people()
    fit = models.fit_latent_classes(items, 2, n_starts=15)
    step = models.three_step(fit, rows["any"], method="modal")
    for name in step.probabilities.index:
        own = rows.loc[(fit.modal_class == name).to_numpy(), "any"]
        p = own.mean()
        yield near(f"{name}, share", step.probabilities.loc[name, 1.0], p, within=1e-10)
        error = (p * (1 - p) / len(own)) ** 0.5
        yield near(f"{name}, error", step.bse.loc[name, 1.0], error, within=1e-10)


@CHAPTER.certificate(
    "covariates",
    "A class explained by a covariate, by three methods",
    verifies="three_step_covariates",
    kind=Kind.SECOND_ENGINE,
    source=f"{STEPMIX} A covariate with corrections ML, BCH and none.",
    data=PEOPLE,
    tolerance="1e-4: its Newton steps stop at a gradient of 1e-9 and its EM before.",
)
def _() -> Iterator[Comparison]:
    import numpy as np

    items, rows = _people()
    fit = models.fit_latent_classes(items, 2, n_starts=15)
    sign = 1 if fit.item_probabilities["a"].to_numpy().argmax() == 1 else -1
    newton = {"method": "newton-raphson", "max_iter": 50, "tol": 1e-9}
    for method, correction in METHODS:
        theirs = _stepmix("covariate", correction, rows[["x"]].to_numpy(), structural_params=newton)
        beta = np.asarray(theirs["structural"]["beta"])
        high = int(np.argmax(theirs["measurement"]["pis"][:, 0]))
        ours = sign * models.three_step_covariates(fit, rows, "~ x", method=method).params
        names = (f"{method}, Intercept", f"{method}, x")
        yield from each(names, ours, beta[high] - beta[1 - high], within=1e-4)


@CHAPTER.certificate(
    "covariates_modal",
    "Without correction it is the logit of the likeliest class, robust errors included",
    verifies="three_step_covariates",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, MNLogit with cov_type='HC0'.",
    data=PEOPLE,
    tolerance="1e-5: both programs' stopping rules.",
)
def _() -> Iterator[Comparison]:
    import statsmodels.api as sm

    items, rows = _people()
    fit = models.fit_latent_classes(items, 2, n_starts=15)
    step = models.three_step_covariates(fit, rows, "~ x", method="modal")
    codes = fit.modal_class.cat.codes.to_numpy()
    peer = sm.MNLogit(codes, sm.add_constant(rows["x"])).fit(disp=0, tol=1e-12, cov_type="HC0")
    names = ("Intercept", "x")
    yield from each(names, step.params, peer.params.iloc[:, 0], within=1e-6)
    errors = peer.bse.iloc[:, 0]
    yield from each([f"{name}, error" for name in names], step.bse, errors, relative=1e-5)
    yield near("log-likelihood", step.llf, peer.llf, within=1e-7)


@CHAPTER.certificate(
    "outcome",
    "The regression of an outcome on the class is its table on the logit scale",
    verifies="three_step_outcome three_step",
    kind=Kind.IDENTITY,
    source="A saturated model: Vermunt (2010), Political Analysis 18, 450-469.",
    data=PEOPLE,
    tolerance="1e-6: Newton's stopping rule.",
)
def _() -> Iterator[Comparison]:
    import numpy as np

    items, rows = _people()
    fit = models.fit_latent_classes(items, 2, n_starts=15)
    for method, _ in METHODS:
        p = models.three_step(fit, rows["any"], method=method).probabilities[1.0].to_numpy()
        logits = np.log(p / (1 - p))
        step = models.three_step_outcome(fit, rows, "any ~ latent_class", method=method)
        names = (f"{method}, Intercept", f"{method}, class")
        expected = (logits[0], logits[1] - logits[0])
        yield from each(names, step.params, expected, within=1e-6)


@CHAPTER.certificate(
    "bootstrap",
    "Errors by drawing people again are the spread of the draws",
    verifies="resample_classes",
    kind=Kind.HAND_COUNT,
    source="Efron (1979), Annals of Statistics 7, 1-26: the standard deviation of the estimates, "
    "and every draw has as many people as there are.",
    data=PEOPLE,
    tolerance="1e-12: the same sums; rounding only.",
)
def _() -> Iterator[Comparison]:
    items, rows = _people()
    fit = models.fit_latent_classes(items, 2, n_starts=15)
    draws = models.resample_classes(fit, 10, seed=3)
    step = models.three_step(fit, rows["any"], bootstrap=draws)
    spread = step.draws.std(ddof=1).to_numpy() if step.draws is not None else ()
    yield from each("error", step.bse[[0.0, 1.0]].to_numpy().ravel(), spread, within=1e-12)
    for number in range(3):
        yield same(f"people in draw {number + 1}", draws.weights(number).sum(), 500)
    again = models.resample_classes(fit, 10, seed=3).weights(4)
    yield near("same seed, same draw", (again - draws.weights(4)).std(), 0.0, within=0.0)
