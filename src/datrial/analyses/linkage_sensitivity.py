"""Whether the effect at MARAC depends on where the linkage's cut lies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import Field

from datrial.analyses.arms import below_one_favours, contrast
from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.marac_tables import rate_ratio_table, reappearance_table
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    import pandas as pd

_RATIO = ("rate_ratio", "ci_low", "ci_high", "p_value")
_COUNTS = ("people", "share", "appearances")


class LinkageSensitivityParameters(Parameters):
    """Parameters of the sensitivity to the linkage.

    Attributes
    ----------
    sites
        The sites whose perpetrators are followed up; empty means those of the
        analysis marac_follow_up.
    """

    sites: tuple[str, ...] = Field(default=())


def run(context: Context, parameters: LinkageSensitivityParameters) -> list[Table]:
    """Return rate ratios and re-appearances at the main cut and at each other one."""
    plan = context.study.analyses.get("marac_follow_up") or {}
    sites = list(parameters.sites or plan.get("sites") or context.study.sites)
    labels = ", ".join(context.study.sites[site].label for site in sites)
    note = (
        f"All allocated perpetrators of {labels}. Each column links the references anew, from "
        "another match weight on: a lower cut makes more links, of which more are wrong. What "
        "changes little from column to column does not hang on the linkage."
    )
    ratios = Table(
        "linkage_sensitivity.rate_ratios",
        f"Rate of appearing at MARAC by cut of the linkage: {contrast(context.study)}",
        f"{note} {below_one_favours(context.study)} The model is that of the MARAC follow-up.",
    )
    counts = Table(
        "linkage_sensitivity.reappearance",
        "Perpetrators who appeared at MARAC, by cut of the linkage",
        note,
    )
    for period in context.study.periods:
        ratios.row(period.key, period.label)
        for arm, settings in context.study.arms.items():
            counts.row(f"{period.key}__{arm}", f"{period.label}: {settings.label}")
    linkage = context.study.linkage
    if linkage is None:
        _absent(ratios, counts, "main", "Main analysis", "no references are linked in this study")
        return [ratios, counts]
    for weight in (linkage.match_weight, *linkage.sensitivity_weights):
        main = weight == linkage.match_weight
        key = f"cut_{f'{abs(weight):g}'.replace('.', '_')}"
        column = "main" if main else key if weight >= 0 else f"{key}_below_zero"
        label = f"Weight {weight:g} or more" + (" (main)" if main else "")
        if not main and weight not in context.at_cuts:
            _absent(ratios, counts, column, label, "the people were not linked at this cut")
            continue
        at = context if main else replace(context, connection=context.at_cuts[weight])
        _add(at, sites, ratios, counts, column, label)
    return [ratios, counts]


def _add(
    context: Context, sites: list[str], ratios: Table, counts: Table, column: str, label: str
) -> None:
    """Add one cut's column: the same tables as the main analysis makes, at this cut."""
    ratios.column(column, label)
    counts.column(column, label)
    periods = _periods(context, sites)
    made, appeared = (
        rate_ratio_table(context, periods, ""),
        reappearance_table(context, periods, ""),
    )
    for period in context.study.periods:
        for statistic in _RATIO:
            _copy(made, (period.key, "estimate"), ratios, (period.key, column), statistic)
        for arm in context.study.arms:
            for statistic in _COUNTS:
                row = f"{period.key}__{arm}"
                _copy(appeared, (period.key, arm), counts, (row, column), statistic)


def _copy(
    source: Table, place: tuple[str, str], target: Table, to: tuple[str, str], statistic: str
) -> None:
    cell = source.get(*place, statistic)
    if cell.state is State.VALUE:
        target.add(*to, statistic, cell.value, n=cell.n, note=cell.note, warning=cell.warning)
    else:
        target.absent(*to, statistic, cell.note, state=cell.state, n=cell.n)


def _absent(ratios: Table, counts: Table, column: str, label: str, reason: str) -> None:
    for table, statistics in ((ratios, _RATIO), (counts, _COUNTS)):
        table.column(column, label)
        for row in table.row_labels:
            for statistic in statistics:
                table.absent(row, column, statistic, reason, state=State.NOT_APPLICABLE)


def _periods(context: Context, sites: list[str]) -> pd.DataFrame:
    return context.connection.execute(
        "select * from marts.marac_follow_up where site in (select unnest(?)) "
        "order by person_id, position",
        [sites],
    ).df()


ANALYSIS = Analysis(
    id="linkage_sensitivity",
    title="Sensitivity to the linkage",
    question="Would the effect on re-appearing at MARAC be another if references were linked to "
    "people more readily, or less?",
    population="Every allocated perpetrator of the chosen sites, as allocated.",
    rules="The people are linked again at each other cut of the study file; all tables that rest "
    "on people are made anew. The same clerical decisions hold at every cut.",
    model="As in the MARAC follow-up: Poisson regression of appearances on arm with the time "
    "observed as exposure and robust standard errors.",
    references=(
        "Harron et al. (2014), Evaluating bias due to data linkage error in electronic "
        "healthcare records, BMC Medical Research Methodology 14, 36.",
    ),
    catalogue=(),
    parameters=LinkageSensitivityParameters,
    run=run,
)
