"""Whether what was found at MARAC and with the police depends on where the linkage's cut lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import Field

from datrial.analyses.arms import below_one_favours, contrast
from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.follow_up_rates_data import WHOM, followed, spell_labels, spells
from datrial.analyses.follow_up_rates_fits import RATIO, add_estimate, fit_spell, not_estimable
from datrial.analyses.marac_data import marac_history, marac_periods
from datrial.analyses.marac_history_tables import serial_table
from datrial.analyses.marac_tables import rate_ratio_table, reappearance_table
from datrial.errors import UsageError
from datrial.results.cells import State, Table

_GROUPS = {"serial": "Serial", "repeat": "Repeat"}
#: Table -> its statistics.
_STATISTICS: Mapping[str, Sequence[str]] = {
    "rate_ratios": ("rate_ratio", "ci_low", "ci_high", "p_value"),
    "reappearance": ("people", "share", "appearances"),
    "serial": ("count", "share"),
    "police_rate_ratios": RATIO,
}


class LinkageSensitivityParameters(Parameters):
    """Parameters of the sensitivity to the linkage.

    Attributes
    ----------
    sites
        The sites whose perpetrators are followed up at MARAC; empty means those of the
        analysis marac_follow_up.
    police_sites
        Those followed up with the police; empty means those of the analysis
        follow_up_rates.
    """

    sites: tuple[str, ...] = Field(default=())
    police_sites: tuple[str, ...] = Field(default=())


def run(context: Context, parameters: LinkageSensitivityParameters) -> list[Table]:
    """Return rate ratios, re-appearances and serial perpetrators at each cut, the main first."""
    sites = _sites(context, parameters.sites, "marac_follow_up")
    police_sites = _sites(context, parameters.police_sites, "follow_up_rates")
    tables = _tables(context, sites, police_sites)
    linkage = context.study.linkage
    if linkage is None:
        _absent(tables, "main", "Main analysis", "no references are linked in this study")
        return list(tables.values())
    for weight in (linkage.match_weight, *linkage.sensitivity_weights):
        main = weight == linkage.match_weight
        key = f"cut_{f'{abs(weight):g}'.replace('.', '_')}"
        column = "main" if main else key if weight >= 0 else f"{key}_below_zero"
        label = f"Weight {weight:g} or more" + (" (main)" if main else "")
        if not main and weight not in context.at_cuts:
            _absent(tables, column, label, "the people were not linked at this cut")
            continue
        at = context if main else replace(context, connection=context.at_cuts[weight])
        for table in tables.values():
            table.column(column, label)
        _add_marac(at, sites, tables, column)
        _add_police(at, police_sites, tables["police_rate_ratios"], column)
    return list(tables.values())


def _sites(context: Context, asked: Sequence[str], analysis: str) -> list[str]:
    """Return the sites asked for, else those of an analysis of the study, else all."""
    plan, known = context.study.analyses.get(analysis) or {}, context.study.sites
    chosen = list(asked or plan.get("sites") or known)
    unknown = [site for site in chosen if site not in known]
    if unknown:
        raise UsageError(
            f"linkage_sensitivity: the study has no site {', '.join(unknown)}; its sites are "
            f"{', '.join(known)}."
        )
    return chosen


def _tables(context: Context, sites: list[str], police_sites: list[str]) -> dict[str, Table]:
    """Return the tables with their rows, without columns."""
    study = context.study
    of, with_police = (
        ", ".join(study.sites[site].label for site in chosen) for chosen in (sites, police_sites)
    )
    anew = (
        "Each column links the references anew, from another match weight on: a lower cut makes "
        "more links, of which more are wrong. What changes little from column to column does not "
        "hang on the linkage."
    )
    note = f"All allocated perpetrators of {of}. {anew}"
    made = {
        "rate_ratios": Table(
            "linkage_sensitivity.rate_ratios",
            f"Rate of appearing at MARAC by cut of the linkage: {contrast(study)}",
            f"{note} {below_one_favours(study)} The model is that of the MARAC follow-up.",
        ),
        "reappearance": Table(
            "linkage_sensitivity.reappearance",
            "Perpetrators who appeared at MARAC, by cut of the linkage",
            note,
        ),
        "serial": Table(
            "linkage_sensitivity.serial",
            "Serial and repeat perpetrators at MARAC, by cut of the linkage",
            f"{note} A wrong link can make a perpetrator serial, a missed one hide that he is. "
            f"Serial {study.definitions.words('serial')}. Repeat "
            f"{study.definitions.words('marac_repeat')}.",
        ),
        "police_rate_ratios": Table(
            "linkage_sensitivity.police_rate_ratios",
            "Rate of domestic abuse recorded by the police, by cut of the linkage: "
            f"{contrast(study)}",
            f"Sites: {with_police}. {WHOM} {anew} {below_one_favours(study)} The model is the "
            "Poisson regression of the rates of follow-up.",
        ),
    }
    for period in study.periods:
        made["rate_ratios"].row(period.key, period.label)
        for arm, settings in study.arms.items():
            made["reappearance"].row(f"{period.key}__{arm}", f"{period.label}: {settings.label}")
    for group, words in _GROUPS.items():
        made["serial"].row(f"{group}__all", f"{words}: All")
        for arm, settings in study.arms.items():
            made["serial"].row(f"{group}__{arm}", f"{words}: {settings.label}")
    for labels in spell_labels(context).values():
        for spell, label in labels.items():
            made["police_rate_ratios"].row(spell, label)
    return made


def _add_marac(
    context: Context, sites: list[str], tables: Mapping[str, Table], column: str
) -> None:
    """Add one cut's column: the same tables as the main analysis makes, at this cut."""
    periods, study = marac_periods(context, sites), context.study
    ratios, appeared, serial = (
        rate_ratio_table(context, periods, ""),
        reappearance_table(context, periods, ""),
        serial_table(context, marac_history(context, sites), ""),
    )
    for period in study.periods:
        _copy(ratios, (period.key, "estimate"), tables["rate_ratios"], (period.key, column))
        for arm in study.arms:
            to = f"{period.key}__{arm}", column
            _copy(appeared, (period.key, arm), tables["reappearance"], to)
    for group in _GROUPS:
        for who in ("all", *study.arms):
            _copy(serial, (who, group), tables["serial"], (f"{group}__{who}", column))


def _add_police(context: Context, sites: list[str], table: Table, column: str) -> None:
    """Add one cut's column of the police: the rates of follow-up, at this cut."""
    of = followed(context, "police_domestic_abuse", sites)
    rows = spells(context, of)
    arms = {arm: about.label for arm, about in context.study.arms.items()}
    for scheme, labels in spell_labels(context).items():
        for spell in labels:
            of_spell = rows[(rows["scheme"] == scheme) & (rows["spell"] == spell)]
            fit = (
                of.nothing
                or not_estimable(of_spell, arms)
                or fit_spell(of_spell, "poisson", warning=of.warning)
            )
            add_estimate(table, spell, column, fit if isinstance(fit, str) else fit.estimate)


def _copy(source: Table, place: tuple[str, str], target: Table, to: tuple[str, str]) -> None:
    for statistic in _STATISTICS[target.id.rpartition(".")[2]]:
        cell = source.get(*place, statistic)
        if cell.state is State.VALUE:
            target.add(*to, statistic, cell.value, n=cell.n, note=cell.note, warning=cell.warning)
        else:
            target.absent(*to, statistic, cell.note, state=cell.state, n=cell.n)


def _absent(tables: Mapping[str, Table], column: str, label: str, reason: str) -> None:
    for name, table in tables.items():
        table.column(column, label)
        for row in table.row_labels:
            for statistic in _STATISTICS[name]:
                table.absent(row, column, statistic, reason, state=State.NOT_APPLICABLE)


ANALYSIS = Analysis(
    id="linkage_sensitivity",
    title="Sensitivity to the linkage",
    chapter="Definitions and sensitivity",
    question="Would the effects on re-appearing at MARAC and on domestic abuse recorded by the "
    "police be others if references were linked to people more readily, or less?",
    population="Every allocated perpetrator of the chosen sites, as allocated; with the police "
    "everyone about whom they were asked.",
    rules="The people are linked again at each other cut of the study file; all tables that rest "
    "on people are made anew. The same clerical decisions hold at every cut.",
    model="As in the MARAC follow-up and in the rates of follow-up: Poisson regression of "
    "appearances, or of domestic abuse incidents, on arm with the time observed as exposure and "
    "robust standard errors.",
    references=(
        "Harron et al. (2014), Evaluating bias due to data linkage error in electronic "
        "healthcare records, BMC Medical Research Methodology 14, 36.",
    ),
    limits=("It varies the cut and not the model of the linkage.",),
    catalogue=(),
    parameters=LinkageSensitivityParameters,
    run=run,
    reads_plan_of=("marac_follow_up", "follow_up_rates"),
)
