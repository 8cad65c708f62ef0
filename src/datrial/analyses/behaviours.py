"""Abusive behaviours at three time points, their change, and what IDVAs say of the same."""

from __future__ import annotations

from pydantic import Field

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.behaviours_change import change_table, transitions_table
from datrial.analyses.behaviours_data import Question
from datrial.analyses.behaviours_engagement import engaged_table, engagement_table
from datrial.analyses.behaviours_severity import severity_table
from datrial.analyses.behaviours_sources import agreement_table, both_sources_table
from datrial.analyses.needs_data import DontKnow
from datrial.models.agreement import Weights
from datrial.results.cells import Table


class BehavioursParameters(Parameters):
    """Parameters of the descriptive tables of behaviours.

    Attributes
    ----------
    dont_know
        ``missing``: don't know is a missing answer; ``no``: it counts as no such behaviour.
    sites
        The sites whose service users are described; empty means all.
    kappa_weights
        How much a disagreement between case manager and IDVA counts: ``linear`` and
        ``quadratic``, more with each level between them; ``none``, any alike.
    """

    dont_know: DontKnow = "missing"
    sites: tuple[str, ...] = Field(default=())
    kappa_weights: Weights = "linear"


def run(context: Context, parameters: BehavioursParameters) -> list[Table]:
    """Return severity, its change and transitions, by engagement, and beside the IDVA's."""
    sites = tuple(parameters.sites or context.study.sites)
    question = Question(context, sites, parameters.dont_know)
    return [
        severity_table(question),
        change_table(question),
        transitions_table(question),
        engagement_table(question),
        engaged_table(question),
        both_sources_table(question),
        agreement_table(question, parameters.kappa_weights),
    ]


ANALYSIS = Analysis(
    id="behaviours",
    title="Abusive behaviours",
    chapter="Behaviour and risk",
    question="Which abusive behaviours do case managers record at intake, midpoint and case "
    "closure, who changes, does it go with engagement, and do IDVAs report the same?",
    population="Service users of the intervention with a behaviour form at the time point; for "
    "change, with a known severity at both. For the comparison with IDVAs: victims-survivors of "
    "the intervention arm with an Insights form. There are no case managers' forms for controls: "
    "this is change over time, not an effect of the allocation.",
    rules="Severity is none, standard, moderate or high. Don't know is a missing answer unless the "
    "parameter dont_know says that it counts as no such behaviour. Change is of severity, person "
    "by person. Engagement is one answer for the whole case. Case manager and IDVA are paired by "
    "perpetrator; where several of his victims-survivors have a form, the most severe answer "
    "counts. The IDVA's exit form stands beside the case manager's at closure: the days differ.",
    model="Shares. The reduction by engagement: difference of paired shares with Newcombe's "
    "interval. Agreement of case manager and IDVA: weighted kappa with a large-sample 95% "
    "interval on Fisher's z scale.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Figures 10-12 and 25.",
        "Cohen (1968), Psychological Bulletin 70(4), 213-220.",
        "Fleiss, Cohen and Everitt (1969), Psychological Bulletin 72(5), 323-327.",
        "Newcombe (1998), Statistics in Medicine 17(22), 2635-2650.",
    ),
    limits=(
        "There are no case managers' forms for controls, so a change here cannot be told from "
        "what would have happened without the intervention.",
        "Case managers of the intervention recorded the behaviours themselves, and forms are "
        "missing more often for those who disengaged.",
    ),
    catalogue=("D-F10", "D-F12", "D-F25"),
    parameters=BehavioursParameters,
    run=run,
)
