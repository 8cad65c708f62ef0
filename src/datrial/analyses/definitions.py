"""Serial, repeat and risk bands in every version that the study asks for, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.arms import police_tell_arms, withhold
from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.changes import change_warning
from datrial.analyses.levels import TIME_POINTS
from datrial.analyses.received import received
from datrial.config.definitions import DEFINITIONS, Version
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

_OF_PERPETRATORS = ("serial", "marac_repeat", "police_repeat")
_OF_FORMS = "risk_band"


class DefinitionsParameters(Parameters):
    """The definitions have no parameters: the study file says which versions are used."""


def run(context: Context, parameters: DefinitionsParameters) -> list[Table]:
    """Return how many fulfil each definition, by arm, and the band of the risk forms."""
    del parameters
    perpetrators = _perpetrators(context)
    if police_tell_arms(context):
        perpetrators = withhold(
            perpetrators, context.study.arms, lambda row: row.startswith("police_")
        )
    return [perpetrators, _risk_bands(context)]


def _perpetrators(context: Context) -> Table:
    table = Table(
        "definitions.perpetrators",
        "Serial and repeat perpetrators under each version of the definitions",
        f"All allocated perpetrators of whom it is known. {_words(context, _OF_PERPETRATORS)} "
        "Rows of two versions: whom the one in use counts and the other does not, or the reverse. "
        "Of the police, those about whom they were asked.",
    )
    table.column("all", "All")
    for arm, about in context.study.arms.items():
        table.column(arm, about.label)
    rows = context.connection.execute(
        "select person_id, site, arm, definition, version, holds from marts.defined "
        "order by person_id, definition, version"
    ).df()
    used = context.study.definitions
    for name in _OF_PERPETRATORS:
        of_name = rows[rows["definition"] == name]
        first, *others = used.shown(name)
        for version in (first, *others):
            key, label = f"{name}_version_{version.number}", _label(name, version)
            table.row(key, label)
            holds = of_name[of_name["version"] == version.number]
            _add(context, table, (name, key), holds, "")
        for other in others:
            _add_differences(context, table, name, of_name, first, other)
    return table


def _add_differences(
    context: Context, table: Table, name: str, rows: pd.DataFrame, first: Version, other: Version
) -> None:
    """Add how many only one of two versions counts."""
    both = rows[rows["version"] == first.number].merge(
        rows.loc[rows["version"] == other.number, ["person_id", "holds"]],
        on="person_id", suffixes=("", "_other"),
    )  # fmt: skip
    told = f"compares version {first.number} with version {other.number} of the definition"
    known = both["holds"].notna() & both["holds_other"].notna()
    one, two = both["holds"].eq(True), both["holds_other"].eq(True)
    for mine, its, holds in ((first, other, one & ~two), (other, first, two & ~one)):
        key = f"{name}_version_{mine.number}_not_{its.number}"
        label = f"{DEFINITIONS[name].label}: version {mine.number} and not version {its.number}"
        table.row(key, label)
        _add(context, table, (name, key), both.assign(holds=holds.where(known)), told)


def _add(
    context: Context, table: Table, at: tuple[str, str], rows: pd.DataFrame, warning: str
) -> None:
    """Add the number and share of those who fulfil a definition, of all and of each arm."""
    name, key = at
    sent = received(context, DEFINITIONS[name].source)
    for column in table.column_labels:
        people = rows if column == "all" else rows[rows["arm"] == column]
        known = people.dropna(subset=["holds"])
        sites = sorted(set(people["site"]))
        if known.empty:
            reason = "nobody is in this group" if people.empty else sent.reason(sites)
            reason = reason or "of nobody in this group it is known"
            table.absent_all([key], [column], ("count", "share"), reason)
            continue
        changed = change_warning(context, name, sites)
        warnings = "; ".join(filter(None, (warning, changed, sent.warning(sites))))
        holds = known["holds"].astype(bool)
        table.add(key, column, "count", int(holds.sum()), n=len(known), warning=warnings)
        table.add(key, column, "share", holds.mean(), n=len(known), warning=warnings)


def _risk_bands(context: Context) -> Table:
    table = Table(
        "definitions.risk_bands",
        "Forms of high risk under each version of the band, by time point",
        f"Drive-DASH forms with a score. {_words(context, (_OF_FORMS,))} The bound was set for the "
        "24 questions of the DASH and is harder to reach on a shorter form; the professional's "
        "judgement, which can put a case in the high band as well, is on no form.",
    )
    for time_point, label in TIME_POINTS.items():
        table.column(time_point, label)
    forms = context.connection.execute(
        "select site, time_point, version, is_high_risk from marts.risk_band "
        "order by person_id, time_point, version"
    ).df()
    sent = received(context, "cms")
    for version in context.study.definitions.shown(_OF_FORMS):
        key = f"{_OF_FORMS}_version_{version.number}"
        table.row(key, _label(_OF_FORMS, version))
        of_version = forms[forms["version"] == version.number].dropna(subset=["is_high_risk"])
        for time_point in TIME_POINTS:
            high = of_version.loc[of_version["time_point"] == time_point, "is_high_risk"]
            if high.empty:
                reason = sent.reason() or "no form has a score"
                table.absent_all([key], [time_point], ("count", "share"), reason)
                continue
            changed = change_warning(context, _OF_FORMS)
            warning = "; ".join(filter(None, (changed, sent.warning())))
            count = int(high.astype(bool).sum())
            table.add(key, time_point, "count", count, n=len(high), warning=warning)
            table.add(key, time_point, "share", count / len(high), n=len(high), warning=warning)
    return table


def _label(name: str, version: Version) -> str:
    return f"{DEFINITIONS[name].label} (version {version.number})"


def _words(context: Context, names: tuple[str, ...]) -> str:
    """Return every version shown in words, each with its first day where that is known."""
    used, told = context.study.definitions, []
    for name in names:
        for version in used.shown(name):
            day = used.first_day(name, version)
            since = f", in force from {day.day} {day:%B %Y}" if day else ""
            told.append(f"{_label(name, version)}{since}: {version.wording}.")
    return " ".join(told)


ANALYSIS = Analysis(
    id="definitions",
    title="Definitions and their versions",
    chapter="Definitions and sensitivity",
    question="How many perpetrators are serial or repeat, and how much does the definition matter?",
    population="Every allocated perpetrator of whom it is known; Drive-DASH forms with a score.",
    rules="A definition has a name, a version and a first day. The study file says which version "
    "the results use and which stand beside it. A version is applied to all days alike; where the "
    "days lie on both sides of a change, of the definition or of what an agency records, the "
    "cells say so.",
    model="Counts and shares.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, pages on serial and repeat "
        "perpetrators.",
        "SafeLives, definition of a repeat at MARAC.",
        "Home Office, counting rules for recorded crime.",
    ),
    limits=(
        "No version is right: an agency's rows follow the recording rules of their day, which "
        "cannot be run again on earlier rows.",
    ),
    catalogue=(),
    parameters=DefinitionsParameters,
    run=run,
)
