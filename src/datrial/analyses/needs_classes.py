"""Latent classes of service users' needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.levels import NEEDS, TIME_POINTS
from datrial.analyses.needs_classes_tables import enumeration_table, profile_table, sizes_table
from datrial.analyses.received import received
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.models.latent_class_result import LatentClassResult

TimePoint = Literal["intake", "midpoint", "closure"]


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
    """

    time_point: TimePoint = "midpoint"
    classes: tuple[int, ...] = Field(default=(2, 3, 4, 5, 6), min_length=1)
    profile_of: int = Field(default=6, ge=1)
    starts: int = Field(default=200, ge=1)
    dont_know: Literal["missing", "no"] = "missing"
    zero_class: bool = True
    engine: Literal["native", "stepmix"] = "native"


def run(context: Context, parameters: NeedsClassesParameters) -> list[Table]:
    """Prevalence of needs, comparison of class numbers, sizes and profile of one of them."""
    items = need_items(context, parameters.time_point, parameters.dont_know)
    fits, faults = _fit_all(context, items, parameters)
    left_out = int(items.isna().all(axis=1).sum())
    counted = f"n = {len(items) - left_out} ({left_out} forms without any answer left out). "
    nothing = received(context, "cms").reason()
    population = (
        f"Service users with an answered need at {TIME_POINTS[parameters.time_point].lower()}"
        + (f"; {nothing}. " if nothing else f", {counted}")
        + _dont_know_rule(parameters.dont_know)
    )
    if parameters.zero_class:
        population += " One class is fixed beforehand at no needs."
    profile_of = parameters.profile_of
    return [
        prevalence_table(context, parameters.dont_know),
        enumeration_table(parameters.classes, fits, faults, population),
        sizes_table(profile_of, fits.get(profile_of), population, faults.get(profile_of, "")),
        profile_table(profile_of, fits.get(profile_of), population, faults.get(profile_of, "")),
    ]


def _fit_all(
    context: Context, items: pd.DataFrame, parameters: NeedsClassesParameters
) -> tuple[dict[int, LatentClassResult], dict[int, str]]:
    """Return the fit of every number of classes, or why it could not be fitted.

    The classes that are shown are the very fit that is compared, so that the
    two tables cannot disagree. Each number of classes has its own random stream.
    """
    import numpy as np

    from datrial.models import ModelDataError, fit_latent_classes

    base = int(context.rng.integers(0, 2**63))
    fits, faults = {}, {}
    for number in sorted({*parameters.classes, parameters.profile_of}):
        try:
            fits[number] = fit_latent_classes(
                items, number, zero_class=parameters.zero_class, n_starts=parameters.starts,
                seed=np.random.default_rng([base, number]), engine=parameters.engine,
            )  # fmt: skip
        except ModelDataError as error:
            nothing = received(context, "cms").reason()
            faults[number] = nothing or f"the model could not be fitted: {error}"
    return fits, faults


def need_items(context: Context, time_point: str, dont_know: str) -> pd.DataFrame:
    """Return forms x 12 needs as 1 (yes), 0 (no) and NaN (no answer), indexed by person."""
    frame = context.connection.execute(
        "select * from marts.need where time_point = ? order by person_id", [time_point]
    ).df()
    codes = {"yes": 1.0, "no": 0.0} | ({"dont_know": 0.0} if dont_know == "no" else {})
    answers = frame.set_index("person_id")[list(NEEDS)]
    items: pd.DataFrame = answers.apply(lambda column: column.map(codes)).astype(float)
    return items


def prevalence_table(context: Context, dont_know: str) -> Table:
    """Return the share of each need at each time point, of those with an answer."""
    table = Table(
        "needs_classes.prevalence",
        "Service users with each need at intake, midpoint and case closure",
        "Service users of the intervention with at least one answered need at the time point. "
        "The share is of those for whom the need was answered. " + _dont_know_rule(dont_know),
        ("D-F3", "D-TA2.1"),
    )
    for time_point, label in TIME_POINTS.items():
        table.column(time_point, label)
    table.row("any_answer", "Forms with an answered need")
    for need, label in NEEDS.items():
        table.row(need, label)
    table.row("no_needs", "No need recorded")
    nothing = received(context, "cms").reason()
    if nothing:
        table.absent_all(["any_answer"], TIME_POINTS, ["count"], nothing)
        table.absent_all(NEEDS, TIME_POINTS, ["answered", "share"], nothing)
        table.absent_all(["no_needs"], TIME_POINTS, ["share"], nothing)
        return table
    for time_point in TIME_POINTS:
        items = need_items(context, time_point, dont_know)
        answered = items.dropna(how="all")
        table.add("any_answer", time_point, "count", len(answered))
        for need in NEEDS:
            n = int(answered[need].notna().sum())
            table.add(need, time_point, "answered", n)
            if n:
                table.add(need, time_point, "share", float(answered[need].mean()), n=n)
            else:
                table.absent(need, time_point, "share", "no service user has an answer", n=0)
        none = (answered.fillna(0).sum(axis=1) == 0).mean() if len(answered) else None
        reason = "no service user has an answer"
        table.add("no_needs", time_point, "share", none, n=len(answered), reason=reason)
    return table


def _dont_know_rule(dont_know: str) -> str:
    return (
        "Don't know counts as no."
        if dont_know == "no"
        else "Don't know and missing are left out need by need."
    )


ANALYSIS = Analysis(
    id="needs_classes",
    title="Needs of service users",
    question="Which needs do service users have, and which needs go together?",
    population="Service users of the intervention with at least one answered need at the time "
    "point.",
    rules="Twelve needs, each yes or no. Don't know is a missing answer unless the parameter "
    "dont_know says that it counts as no. Missing answers are used as they are (full-information "
    "maximum likelihood): an unanswered need contributes nothing.",
    model="Latent class model of 12 binary items with local independence. One class, fixed "
    "beforehand, has no needs at all: only its size is estimated, and a person without any need "
    "may also belong to another class. Maximum likelihood by EM from many random starts with a "
    "Newton finish. Numbers of classes are compared by AIC, BIC, SABIC and entropy.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Table A3.1 and Figure 4 (Mplus 8).",
        "Nylund, Asparouhov and Muthén (2007), Structural Equation Modeling 14(4), 535-569.",
        "Bakk and Vermunt (2016), Structural Equation Modeling 23(1), 20-31.",
    ),
    catalogue=("D-F3", "D-TA2.1", "D-TA3.1", "D-F4"),
    parameters=NeedsClassesParameters,
    run=run,
)
