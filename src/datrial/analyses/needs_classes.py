"""Latent classes of service users' needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.levels import TIME_POINTS
from datrial.analyses.needs_classes_diagnostics import (
    classification_errors_table,
    classification_table,
    optima_table,
    residuals_table,
    separation_table,
)
from datrial.analyses.needs_classes_tables import (
    enumeration_table,
    profile_table,
    report_classes_table,
    sizes_table,
)
from datrial.analyses.needs_data import DontKnow, TimePoint, dont_know_rule, need_items
from datrial.analyses.needs_fit import class_stream, fit_classes
from datrial.analyses.received import received
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.models.latent_class.result import LatentClassResult


class NeedsClassesParameters(Parameters):
    """Parameters of the latent class analysis.

    Attributes
    ----------
    time_point
        Whose forms are classified.
    classes
        The numbers of classes to compare.
    profile_of
        The number of classes whose sizes and profile are shown.
    starts
        Random starts of each fit.
    dont_know
        ``missing``: don't know is a missing answer; ``no``: it counts as no need.
    zero_class
        Whether one class is fixed beforehand at no needs at all.
    engine
        ``native``, or ``stepmix`` as an independent check.
    bootstrap
        Draws of the bootstrap likelihood-ratio test of each number of classes
        against one fewer; 0 leaves the test out, for it is the slow part of the
        analysis: 500 draws of 487 people take about a minute for each number of
        classes. Fewer than 19 cannot give a p-value of 5%.
    """

    time_point: TimePoint = "midpoint"
    classes: tuple[int, ...] = Field(default=(2, 3, 4, 5, 6, 7, 8), min_length=1)
    profile_of: int = Field(default=6, ge=1)
    starts: int = Field(default=200, ge=1)
    dont_know: DontKnow = "missing"
    zero_class: bool = True
    engine: Literal["native", "stepmix"] = "native"
    bootstrap: Literal[0] | Annotated[int, Field(ge=19)] = 0


def run(context: Context, parameters: NeedsClassesParameters) -> list[Table]:
    """Comparison of class numbers; sizes, profile and diagnostics of one of them."""
    items = need_items(context, parameters.time_point, parameters.dont_know)
    fits, faults = _fit_all(context, items, parameters)
    left_out = int(items.isna().all(axis=1).sum())
    counted = f"n = {len(items) - left_out} ({left_out} forms without any answer left out). "
    nothing = received(context, "cms").reason()
    population = (
        f"Service users with an answered need at {TIME_POINTS[parameters.time_point].lower()}"
        + (f"; {nothing}. " if nothing else f", {counted}")
        + dont_know_rule(parameters.dont_know)
    )
    if parameters.zero_class:
        population += " One class is fixed beforehand at no needs."
    number, numbers = parameters.profile_of, parameters.classes
    shown = (number, fits.get(number), population, faults.get(number, ""))
    compared = _compare(context, fits, parameters)
    return [
        enumeration_table(numbers, compared, faults, parameters.bootstrap, population),
        optima_table(numbers, fits, faults, population),
        sizes_table(*shown),
        report_classes_table(*shown),
        profile_table(*shown),
        classification_table(*shown),
        classification_errors_table(*shown),
        separation_table(*shown),
        residuals_table(*shown),
    ]


def _compare(
    context: Context, fits: dict[int, LatentClassResult], parameters: NeedsClassesParameters
) -> pd.DataFrame:
    """Return the indices of the numbers of classes, with the bootstrap test if asked for.

    The draws of a test come from the stream of the larger model, after its starts.
    """
    from datrial.models import compare_latent_classes
    from datrial.models.latent_class.enumeration import add_bootstrap_tests

    compared = {number: fits[number] for number in parameters.classes if number in fits}
    table = compare_latent_classes(compared)
    if not parameters.bootstrap:
        return table
    streams = {number: class_stream(context, number).spawn(1)[0] for number in compared}
    return add_bootstrap_tests(table, fits, streams, draws=parameters.bootstrap)


def _fit_all(
    context: Context, items: pd.DataFrame, parameters: NeedsClassesParameters
) -> tuple[dict[int, LatentClassResult], dict[int, str]]:
    """Return the fit of every number of classes, or why it could not be fitted.

    The classes that are shown are the very fit that is compared, so that the
    two tables cannot disagree. Each number of classes has its own random stream.
    The bootstrap test needs the next smaller model of each.
    """
    from datrial.models.latent_class.enumeration import no_smaller_model

    fits, faults = {}, {}
    wanted = {*parameters.classes, parameters.profile_of}
    if parameters.bootstrap:
        tested = (n for n in parameters.classes if not no_smaller_model(n, parameters.zero_class))
        wanted |= {n - 1 for n in tested}
    for number in sorted(wanted):
        fit, fault = fit_classes(
            context, items, number, zero_class=parameters.zero_class, starts=parameters.starts,
            engine=parameters.engine,
        )  # fmt: skip
        if fit is None:
            faults[number] = fault
        else:
            fits[number] = fit
    return fits, faults


ANALYSIS = Analysis(
    id="needs_classes",
    title="Latent classes of service users' needs",
    chapter="Needs",
    question="Which needs go together?",
    population="Service users of the intervention with at least one answered need at the time "
    "point.",
    rules="Twelve needs, each yes or no. Don't know is a missing answer unless the parameter "
    "dont_know says that it counts as no. Missing answers are used as they are (full-information "
    "maximum likelihood): an unanswered need contributes nothing.",
    model="Latent class model of 12 binary items with local independence. One class, fixed "
    "beforehand, has no needs at all: only its size is estimated, and a person without any need "
    "may also belong to another class. Maximum likelihood by EM from many random starts with a "
    "Newton finish. Numbers of classes are compared by AIC, BIC, SABIC and entropy, and by the "
    "bootstrap likelihood-ratio test if its draws are asked for; the comparison goes beyond the "
    "published six classes, because the best number found must not be the last one tried. "
    "Diagnostics: classification, separation of the classes, bivariate residuals, local optima.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Table A3.1 and Figure 4 (Mplus 8).",
        "Nylund, Asparouhov and Muthén (2007), Structural Equation Modeling 14(4), 535-569.",
        "McLachlan (1987), Journal of the Royal Statistical Society C 36(3), 318-324 (the test).",
        "Masyn (2013), Oxford Handbook of Quantitative Methods 2, 551-611 (separation).",
        "Oberski, van Kollenburg and Vermunt (2013), Advances in Data Analysis and Classification "
        "7(3), 267-279 (bivariate residuals).",
    ),
    limits=(
        "The number of classes is a choice, and a class is a description of a pattern of "
        "answers: nobody is known to belong to one.",
    ),
    catalogue=("D-TA3.1", "D-F4"),
    parameters=NeedsClassesParameters,
    run=run,
)
