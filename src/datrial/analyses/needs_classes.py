"""Latent classes of service users' needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.levels import NEEDS, TIME_POINTS
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.models.latent_classes import LatentClassResult

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
    from datrial.models import advise_number_of_classes, enumerate_latent_classes, fit_latent_classes

    items = need_items(context, parameters.time_point, parameters.dont_know)
    seeds = context.rng.integers(0, 2**63, size=2)
    enumeration = enumerate_latent_classes(
        items, classes=parameters.classes, zero_class=parameters.zero_class,
        n_starts=parameters.starts, seed=int(seeds[0]), engine=parameters.engine,
    )  # fmt: skip
    fit = fit_latent_classes(
        items, parameters.profile_of, zero_class=parameters.zero_class,
        n_starts=parameters.starts, seed=int(seeds[1]), engine=parameters.engine,
    )  # fmt: skip
    population = (
        f"Service users with an answered need at {TIME_POINTS[parameters.time_point].lower()}, "
        f"n = {fit.nobs} ({fit.n_left_out} forms without any answer left out). "
        + _dont_know_rule(parameters.dont_know)
    )
    zero = " One class is fixed beforehand at no needs." if parameters.zero_class else ""
    return [
        prevalence_table(context, parameters.dont_know),
        _enumeration_table(enumeration, population + zero, advise_number_of_classes(enumeration)),
        _sizes_table(fit, population + zero),
        _profile_table(fit, population + zero),
    ]


def need_items(context: Context, time_point: str, dont_know: str) -> pd.DataFrame:
    """Return forms x 12 needs as 1 (yes), 0 (no) and NaN (no answer), indexed by person."""
    frame = context.connection.execute(
        "select * from marts.need where time_point = ? order by person_id", [time_point]
    ).df()
    codes = {"yes": 1.0, "no": 0.0} | ({"dont_know": 0.0} if dont_know == "no" else {})
    return frame.set_index("person_id")[list(NEEDS)].apply(lambda column: column.map(codes)).astype(float)


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
        table.add("no_needs", time_point, "share", none, n=len(answered))
    return table


def _dont_know_rule(dont_know: str) -> str:
    return (
        "Don't know counts as no."
        if dont_know == "no"
        else "Don't know and missing are left out need by need."
    )


def _enumeration_table(enumeration: pd.DataFrame, note: str, advice: str) -> Table:
    table = Table(
        "needs_classes.enumeration",
        "Fit of latent class models of needs, by number of classes",
        f"{note} {advice} SABIC uses (n + 2) / 24; entropy is relative (1 = certain membership); "
        "smallest class is a share; best start share is the share of random starts that "
        "found the best log-likelihood.",
        ("D-TA3.1",),
    )
    columns = {
        "llf": "Log-likelihood", "parameters": "Parameters", "aic": "AIC", "bic": "BIC",
        "sabic": "SABIC", "entropy": "Entropy", "smallest_class": "Smallest class",
        "best_start_share": "Best start share",
    }  # fmt: skip
    for key, label in columns.items():
        table.column(key, label)
    for record in enumeration.to_dict("records"):
        row = f"classes_{int(record['n_classes'])}"
        table.row(row, f"{int(record['n_classes'])} classes")
        warning = "" if record["converged"] else "the fit did not converge"
        for key in columns:
            value = record["n_params" if key == "parameters" else key]
            table.add(row, key, "value", value, warning=warning)
    return table


def _class_labels(fit: LatentClassResult) -> dict[str, str]:
    """Return key -> label in the model's stable order."""
    return {
        f"class_{number}": "No needs (fixed)" if fit.zero_class and number == 1 else f"Class {number}"
        for number in range(1, len(fit.class_sizes) + 1)
    }


def _sizes_table(fit: LatentClassResult, note: str) -> Table:
    from scipy.stats import norm

    table = Table(
        "needs_classes.sizes",
        f"Sizes of the {len(fit.class_sizes)} latent classes of needs",
        f"{note} Estimated shares of the population in each class; intervals (95%) from the "
        f"observed information, on the logit scale. {' '.join(fit.notes)}".strip(),
        ("D-F4",),
    )
    table.column("share", "Share")
    reach = float(norm.ppf(0.975))
    for position, (key, label) in enumerate(_class_labels(fit).items()):
        share, error = float(fit.class_sizes.iloc[position]), float(fit.bse_class_sizes.iloc[position])
        table.row(key, label)
        table.add(key, "share", "share", share, n=fit.nobs)
        for statistic, sign in (("ci_low", -1), ("ci_high", 1)):
            table.add(
                key, "share", statistic, _logit_limit(share, error, sign * reach),
                note="no standard error: the estimate lies on a boundary",
            )  # fmt: skip
    return table


def _logit_limit(share: float, error: float, reach: float) -> float | None:
    """Return a limit of a share's interval, built on the logit scale so that it stays in 0..1."""
    import math

    if not (0 < share < 1 and math.isfinite(error)):
        return None
    logit = math.log(share / (1 - share)) + reach * error / (share * (1 - share))
    return 1 / (1 + math.exp(-logit))


def _profile_table(fit: LatentClassResult, note: str) -> Table:
    table = Table(
        "needs_classes.profile",
        f"Probability of each need within each of the {len(fit.class_sizes)} classes",
        note,
        ("D-F4",),
    )
    labels = _class_labels(fit)
    for key, label in labels.items():
        table.column(key, label)
    for need, label in NEEDS.items():
        table.row(need, label)
        for position, key in enumerate(labels):
            table.add(need, key, "probability", float(fit.item_probabilities[need].iloc[position]))
    return table


ANALYSIS = Analysis(
    id="needs_classes",
    title="Needs of service users",
    question="Which needs do service users have, and which needs go together?",
    population="Service users of the intervention with at least one answered need at the time point.",
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
