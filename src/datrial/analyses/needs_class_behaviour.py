"""Whether service users of different classes of needs differ in their behaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.levels import BEHAVIOURS, TIME_POINTS
from datrial.analyses.needs_class_behaviour_tables import (
    Steps,
    odds_ratio_table,
    probability_table,
    test_table,
)
from datrial.analyses.needs_data import (
    DontKnow,
    TimePoint,
    behaviour_items,
    dont_know_rule,
    need_items,
)
from datrial.analyses.needs_fit import Engine, class_stream, fit_classes
from datrial.analyses.received import received
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.models.latent_class.result import LatentClassResult
    from datrial.models.three_steps.bootstrap import ClassResamples

#: The parameters that decide which classes there are, here and in `needs_classes`.
_CLASSES = ("time_point", "n_classes", "starts", "dont_know", "zero_class", "engine")


class NeedsClassBehaviourParameters(Parameters):
    """Parameters of the analysis of behaviour by class of needs.

    Attributes
    ----------
    time_point
        Whose forms of needs and of risk are used.
    n_classes
        The number of classes.
    starts, dont_know, zero_class, engine
        As in ``needs_classes``; with the same values the classes are the same.
    bootstrap
        Draws in which the class model and everything after it are repeated; 0 for
        the errors of the last step alone, which are too small.
    """

    time_point: TimePoint = "midpoint"
    n_classes: int = Field(default=6, ge=2)
    starts: int = Field(default=200, ge=1)
    dont_know: DontKnow = "missing"
    zero_class: bool = True
    engine: Engine = "native"
    bootstrap: int = Field(default=200, ge=0)


def run(context: Context, parameters: NeedsClassBehaviourParameters) -> list[Table]:
    """Behaviour by class, tests that classes do not differ, odds ratios."""
    items = need_items(context, parameters.time_point, parameters.dont_know)
    behaviours = behaviour_items(context, parameters.time_point).reindex(items.index)
    fit, fault = fit_classes(
        context, items, parameters.n_classes, zero_class=parameters.zero_class,
        starts=parameters.starts, engine=parameters.engine,
    )  # fmt: skip
    resamples = _resamples(context, fit, parameters)
    steps = Steps(fit, fault, parameters.n_classes, behaviours, resamples)
    note = _population(context, items, parameters)
    return [probability_table(steps, note), test_table(steps, note), odds_ratio_table(steps, note)]


def _resamples(
    context: Context, fit: LatentClassResult | None, parameters: NeedsClassBehaviourParameters
) -> ClassResamples | None:
    """Return the draws that all behaviours share."""
    from datrial.models import resample_classes

    if fit is None or not parameters.bootstrap:
        return None
    stream = class_stream(context, parameters.n_classes).spawn(2)[1]
    return resample_classes(fit, parameters.bootstrap, seed=stream)


def _population(
    context: Context, items: pd.DataFrame, parameters: NeedsClassBehaviourParameters
) -> str:
    """Return who is in the tables, and whether the classes are those of `needs_classes`."""
    nothing = received(context, "cms").reason()
    time_point = TIME_POINTS[parameters.time_point].lower()
    counted = int(items.notna().any(axis=1).sum())
    other = _difference(context, parameters)
    return (
        f"Service users with an answered need at {time_point}"
        + (f"; {nothing}. " if nothing else f" (n = {counted}) and a known behaviour. ")
        + f"{dont_know_rule(parameters.dont_know)} Behaviour: any severity against none; don't "
        "know is left out. "
        + (
            f"The classes are not those of needs_classes, which has {other}. "
            if other
            else "The classes are those of needs_classes.profile. "
        )
    )


def _difference(context: Context, parameters: NeedsClassBehaviourParameters) -> str:
    """Return by what the class model differs from that of `needs_classes` in this study."""
    from datrial.analyses.needs_classes import NeedsClassesParameters

    planned = context.study.analyses.get("needs_classes")
    if planned is None:
        return ""
    there = NeedsClassesParameters.model_validate(planned).model_dump()
    there["n_classes"] = there["profile_of"]
    here = parameters.model_dump()
    return ", ".join(f"{name} {there[name]}" for name in _CLASSES if there[name] != here[name])


ANALYSIS = Analysis(
    id="needs_class_behaviour",
    title="Classes of needs and behaviour",
    chapter="Needs",
    question="Do service users with different needs differ in their abusive behaviour?",
    population="Service users of the intervention with at least one answered need and a known "
    "behaviour at the time point.",
    rules="Four behaviours, each of any severity against none; don't know is left out behaviour "
    f"by behaviour. One at a time: {', '.join(BEHAVIOURS.values()).lower()}.",
    model="Three steps: the latent class model of needs, the same as in needs_classes; everybody "
    "assigned to the most likely class; behaviour by class. Assignment is uncertain, and taking "
    "it as certain makes the classes look alike: maximum likelihood (ML) and weighting (BCH) "
    "remove that by the known probabilities of assignment, and modal is the uncorrected way of "
    "the published report. Errors from repeating all three steps on people drawn with "
    "replacement. The report regressed the class on behaviour by multinomial logit; with one "
    "behaviour at a time the odds ratio of a class against the reference class is the same "
    "whichever of the two is the outcome, so the direction, on which the report's text is not "
    "clear, does not matter. The odds ratios carry a log-F(1,1) penalty, because a behaviour "
    "that nobody of a class shows has none otherwise.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, section on needs and Appendix 3.",
        "Bolck, Croon and Hagenaars (2004), Political Analysis 12(1), 3-27.",
        "Vermunt (2010), Political Analysis 18(4), 450-469.",
        "Bakk, Tekle and Vermunt (2013), Sociological Methodology 43(1), 272-311.",
        "Asparouhov and Muthén (2014), Structural Equation Modeling 21(3), 329-341.",
        "Greenland and Mansournia (2015), Statistics in Medicine 34(23), 3133-3143.",
    ),
    limits=(
        "An association of classes and behaviour at one time point tells nothing of what causes "
        "what; small classes make wide intervals.",
    ),
    catalogue=("D-N3",),
    parameters=NeedsClassBehaviourParameters,
    run=run,
    reads_plan_of=("needs_classes",),
)
