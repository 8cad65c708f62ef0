"""The tables of behaviour by class of needs: probabilities, tests, odds ratios."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from datrial.analyses.levels import BEHAVIOURS
from datrial.analyses.needs_classes_tables import class_labels
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.models.latent_class.result import LatentClassResult
    from datrial.models.three_steps.bootstrap import ClassResamples
    from datrial.models.three_steps.regression_result import ThreeStepRegression
    from datrial.models.three_steps.result import ThreeStepResult

METHODS = {"ml": "ML", "bch": "BCH", "modal": "Modal class"}
PUBLISHED = (
    "The published report prints no numbers; it says that no class predicted any of the four "
    "behaviours."
)

Fitted = TypeVar("Fitted")


@dataclass(frozen=True)
class Steps:
    """The class model and what is done with it.

    Attributes
    ----------
    fit, fault
        The class model, or None and why there is none.
    behaviours
        Forms x behaviours of 1, 0 and NaN, rows as in the class model.
    resamples
        The draws for the errors, or None for those of the last step.
    """

    fit: LatentClassResult | None
    fault: str
    n_classes: int
    behaviours: pd.DataFrame
    resamples: ClassResamples | None

    @property
    def labels(self) -> dict[str, str]:
        """Key -> label of each class, as in the tables of the class model."""
        return class_labels(self.n_classes, self.fit)

    @property
    def errors(self) -> str:
        """The sentence that says where intervals and tests come from."""
        if self.resamples is None:
            return (
                "Intervals and tests of the last step alone, which take the classes as known "
                "and are too narrow."
            )
        return (
            f"Intervals and tests of ML and BCH from {len(self.resamples)} draws of people in "
            "which the class model was fitted again; those of modal, the way of "
            "the published report, take the assignment as known and are too narrow."
        )

    @cached_property
    def distributions(self) -> dict[tuple[str, str], tuple[ThreeStepResult | None, str]]:
        """(Behaviour, method) -> the behaviour by class, or None and why not."""
        return {
            (behaviour, method): self._distribution(behaviour, method)
            for behaviour in BEHAVIOURS
            for method in METHODS
        }

    def _distribution(self, behaviour: str, method: str) -> tuple[ThreeStepResult | None, str]:
        from datrial.models import three_step

        def step(fit: LatentClassResult) -> ThreeStepResult:
            bootstrap = 0 if method == "modal" or not self.resamples else self.resamples
            outcome = self.behaviours[behaviour]
            return three_step(fit, outcome, method=method, bootstrap=bootstrap)

        return self._try(step)

    def regression(self, behaviour: str, method: str) -> tuple[ThreeStepRegression | None, str]:
        """Return the multinomial logit of class on one behaviour, or None and why not."""
        from datrial.models import three_step_covariates

        def step(fit: LatentClassResult) -> ThreeStepRegression:
            bootstrap = 0 if method == "modal" or not self.resamples else self.resamples
            formula = f"~ {behaviour}"
            return three_step_covariates(
                fit, self.behaviours, formula, method=method, penalty="log_f", bootstrap=bootstrap
            )

        return self._try(step)

    def _try(self, step: Callable[[LatentClassResult], Fitted]) -> tuple[Fitted | None, str]:
        from datrial.models import ModelDataError

        if self.fit is None:
            return None, self.fault
        try:
            return step(self.fit), ""
        except ModelDataError as error:
            return None, f"could not be estimated: {error}"


def probability_table(steps: Steps, note: str) -> Table:
    """Return the probability of each behaviour in each class, by method."""
    table = Table(
        "needs_class_behaviour.probabilities",
        "Probability of each behaviour within each class of needs",
        f"{note}{steps.errors} Intervals are built on the logit scale. n is the number of people "
        "with a known behaviour in the class: assigned to it (modal), or estimated to be in it. "
        f"{PUBLISHED}",
        ("D-N3",),
    )
    statistics = ("probability", "ci_low", "ci_high")
    for method, label in METHODS.items():
        table.column(method, label)
    for behaviour, label in BEHAVIOURS.items():
        rows = {f"{behaviour}__{key}": f"{label}, {name}" for key, name in _lower(steps).items()}
        for row, name in rows.items():
            table.row(row, name)
        for method in METHODS:
            result, reason = steps.distributions[behaviour, method]
            if result is None:
                table.absent_all(rows, [method], statistics, reason)
                continue
            for position, row in enumerate(rows):
                _add_probability(table, row, method, result, position)
    return table


def _add_probability(
    table: Table, row: str, method: str, result: ThreeStepResult, position: int
) -> None:
    """Add the probability of a yes, the last level, with its interval."""
    value = float(result.probabilities.to_numpy(dtype=float)[position, -1])
    limits = result.conf_int().to_numpy(dtype=float)
    low, high = limits[2 * position + 1]
    n = round(float(result.people.iloc[position]))
    nobody = "nobody with a known behaviour is assigned to the class"
    outside = not 0 <= value <= 1
    warning = "weighting gave a probability outside 0 to 1" if outside else ""
    table.add(row, method, "probability", value, n=n, warning=warning, reason=nobody)
    reason = (
        nobody
        if value != value
        else "no interval: the estimate lies at or beyond 0 or 1, or too near"
    )
    table.add(row, method, "ci_low", float(low), reason=reason)
    table.add(row, method, "ci_high", float(high), reason=reason)


def test_table(steps: Steps, note: str) -> Table:
    """Return the tests that a behaviour is as likely in every class."""
    table = Table(
        "needs_class_behaviour.tests",
        "Tests that a behaviour is as likely in every class of needs",
        f"{note}{steps.errors} Wald tests, chi-squared with {steps.n_classes - 1} degrees of "
        "freedom; none where a class's probability is 0 or 1. The likelihood-ratio test is of "
        "assigned class against behaviour: if the classes do not differ, assigned classes do "
        "not either, so it needs no correction and bears classes in which nobody shows the "
        "behaviour; its p-value is rough where few do. Not adjusted for four tests. "
        f"{PUBLISHED}",
        ("D-N3",),
    )
    for method, label in METHODS.items():
        table.column(method, f"Wald, {label}")
    table.column("table", "Likelihood ratio, assigned class")
    for behaviour, label in BEHAVIOURS.items():
        table.row(behaviour, label)
        for method in METHODS:
            result, reason = steps.distributions[behaviour, method]
            if result is None:
                table.absent_all([behaviour], [method], ["chi_squared", "p_value"], reason)
                if method == "modal":
                    table.absent_all([behaviour], ["table"], ["chi_squared", "p_value"], reason)
                continue
            _add_test(table, behaviour, method, result.test.iloc[0], int(result.nobs))
            if method == "modal":
                ratio = result.likelihood_ratio
                _add_test(table, behaviour, "table", ratio, int(result.nobs))
    return table


def _add_test(table: Table, row: str, column: str, test: pd.Series, n: int) -> None:
    reason = "no Wald test: the behaviour is certain or impossible in a class"
    table.add(row, column, "chi_squared", float(test["statistic"]), n=n, reason=reason)
    table.add(row, column, "p_value", float(test["p_value"]), n=n, reason=reason)


def odds_ratio_table(steps: Steps, note: str) -> Table:
    """Return the odds ratios of each class against the first, by behaviour."""
    methods = {method: METHODS[method] for method in ("ml", "modal")}
    first, *others = _lower(steps).items()
    table = Table(
        "needs_class_behaviour.odds_ratios",
        "Odds ratios of each class of needs with and without each behaviour",
        f"{note}{steps.errors} Multinomial logit of class on one behaviour at a time; the "
        f"reference is {first[1]}. Log-F(1,1) penalty, so that a behaviour nobody of a class "
        f"shows has a finite ratio. {PUBLISHED}",
        ("D-N3",),
    )
    statistics = ("odds_ratio", "ci_low", "ci_high", "p_value")
    for method, label in methods.items():
        table.column(method, label)
    for behaviour, label in BEHAVIOURS.items():
        rows = {f"{behaviour}__{key}": f"{label}, {name}" for key, name in others}
        for row, name in rows.items():
            table.row(row, name)
        for method in methods:
            result, reason = steps.regression(behaviour, method)
            if result is None:
                table.absent_all(rows, [method], statistics, reason)
                continue
            ratios = result.relative_risk_ratios()
            warning = "" if result.converged else "the estimation did not converge"
            for position, row in enumerate(rows):
                _add_ratio(table, (row, method), ratios.iloc[position], int(result.nobs), warning)
    return table


def _add_ratio(
    table: Table, place: tuple[str, str], ratio: pd.Series, n: int, warning: str
) -> None:
    table.add(*place, "odds_ratio", float(ratio["relative_risk_ratio"]), n=n, warning=warning)
    for statistic in ("ci_low", "ci_high", "p_value"):
        reason = "no finite standard error"
        table.add(*place, statistic, float(ratio[statistic]), reason=reason)


def _lower(steps: Steps) -> dict[str, str]:
    """Return the classes' labels as they stand within a sentence."""
    return {key: f"{label[0].lower()}{label[1:]}" for key, label in steps.labels.items()}
