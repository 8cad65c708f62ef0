"""The tables of the regressions of behaviours on direct work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from datrial.analyses.direct_work_fits import (
    EXPOSURES,
    NOT_SENT,
    Estimate,
    Kind,
    Models,
    estimate_of,
)
from datrial.analyses.direct_work_words import (
    ASSOCIATION,
    P_VALUES,
    REPORT,
    adjusted_note,
    and_covariates,
    beside_the_report,
    pooled_note,
    rules,
)
from datrial.analyses.levels import SEVERITY, TIME_POINTS
from datrial.analyses.regression import rules_said
from datrial.results.cells import Table

if TYPE_CHECKING:
    from datrial.analyses.behaviour_change_fits import Fitted

CATALOGUE = ("D-M2",)
ADJUSTED = "p_value_adjusted"
ESTIMATES = ("odds_ratio", "bse", "p_value", ADJUSTED, "ci_low", "ci_high")
PROBABILITIES = ("probability", "ci_low", "ci_high")
KINDS: dict[Kind, str] = {"unadjusted": "Unadjusted", "adjusted": "Adjusted"}
ANSWERS = {"yes": "With", "no": "Without"}
CHANGES = {key: label for key, label in TIME_POINTS.items() if key != "intake"}


def people_table(models: Models) -> Table:
    """Return how many service users with a behaviour form had each kind of work."""
    table = Table(
        "direct_work.people",
        "Service users who had each kind of direct work",
        "Service users with a behaviour form at any time point. With: at least one such action "
        "in the case is recorded. Share: of those of whom it is known. The published numbers are "
        "of all service users and stand beside interventions.work. "
        f"{rules_said(models.parameters)}",
        CATALOGUE,
    )
    for answer, label in ANSWERS.items():
        table.column(answer, label)
    people = models.rows.drop_duplicates("person_id")
    for exposure in models.parameters.exposures:
        table.row(exposure, EXPOSURES[exposure])
        known = people[exposure].dropna()
        nothing = models.nothing or (NOT_SENT if len(people) and known.empty else "")
        if nothing:
            table.absent_all([exposure], ANSWERS, ("count", "share"), nothing)
            continue
        warning = "without the sites that sent no actions" if len(known) < len(people) else ""
        for answer in ANSWERS:
            count = int((known == answer).sum())
            table.add(exposure, answer, "count", count, warning=warning)
            share = count / len(known) if len(known) else None
            reason = "no service user has a behaviour form"
            table.add(exposure, answer, "share", share, n=len(known) or None, reason=reason)
    return table


def odds_ratio_table(models: Models) -> Table:
    """Return the odds ratios of each kind of work for each behaviour, two ways."""
    table = _pairs_table(
        models,
        "odds_ratios",
        "Odds ratios of more severe behaviour with each kind of direct work",
        f"{pooled_note(models)} {adjusted_note(models)} Below 1: less severe. n is the number "
        f"of forms: the two columns rest on different service users. {P_VALUES} {ASSOCIATION} "
        f"{REPORT}",
    )
    for kind, label in KINDS.items():
        table.column(kind, label)
        estimates = {
            row: estimate_of(fit, _yes(exposure), "the work is not in the model")
            for row, exposure, fit in models.each(kind)
        }
        _add_column(table, kind, estimates, said=beside_the_report(models, kind, estimates))
    return table


def probability_table(models: Models) -> Table:
    """Return the probability of each severity with and without each kind of work."""
    table = Table(
        "direct_work.probabilities",
        "Probability of each severity with and without each kind of direct work",
        f"{pooled_note(models)} {adjusted_note(models)} Average predictions: every form set to "
        "with, then to without, everything else as it is; 95% intervals by the delta method on "
        f"the logit scale. {ASSOCIATION}",
        CATALOGUE,
    )
    for level, label in SEVERITY.items():
        table.column(level, label)
    for pair, (exposure, behaviour, label) in models.parameters.pairs.items():
        for answer, words in ANSWERS.items():
            for kind, kind_label in KINDS.items():
                row = f"{pair}__{answer}__{kind}"
                table.row(row, f"{label}, {words.lower()}, {kind_label.lower()}")
                fit = models.fit(exposure, behaviour, kind)
                _add_probabilities(table, row, fit, exposure, answer)
    return table


def _add_probabilities(
    table: Table, row: str, fit: Fitted | str, exposure: str, answer: str
) -> None:
    """Add the probabilities of all severities where the work is set to an answer."""
    if isinstance(fit, str):
        table.absent_all([row], SEVERITY, PROBABILITIES, fit)
        return
    predicted = fit.result.average_predictions(exposure)[list(PROBABILITIES)].to_dict("index")
    for level in SEVERITY:
        found = predicted.get((answer, level))
        if found is None:
            reason = "no form in the model has this severity"
            table.absent_all([row], [level], PROBABILITIES, reason)
            continue
        for statistic in PROBABILITIES:
            table.add(row, level, statistic, found[statistic], n=fit.n)


def change_table(models: Models) -> Table:
    """Return whether those with the work changed more since intake than those without."""
    first = _first_time_point(models).lower()
    table = _pairs_table(
        models,
        "change",
        f"Change since {first} with each kind of direct work, against change without",
        "Odds ratio of work and time together: the odds ratio of more severe behaviour with the "
        f"work, against without, at the time point, over that at {first}. Below 1: the severity "
        "of those with the work fell more. One model for each kind of work and behaviour: work, "
        f"time point, both together{and_covariates(models)}. {rules(models)} {P_VALUES} Work is "
        "that of the whole case, of which some lies after the midpoint form. Whoever stays gets "
        "the work: no effect of it either. The report has no such model.",
    )
    for time_point, label in CHANGES.items():
        table.column(time_point, f"{label} against {first}")
        estimates = {
            row: estimate_of(
                fit,
                f"{_yes(exposure)}:time_point[T.{time_point}]",
                "no form in the model has this time point, or it is the reference",
            )
            for row, exposure, fit in models.each("change")
        }
        _add_column(table, time_point, estimates)
    return table


def imputed_table(models: Models, estimates: Mapping[str, Estimate | str], note: str) -> Table:
    """Return the adjusted odds ratios from the imputed data.

    Parameters
    ----------
    estimates
        Of each row, pooled.
    note
        How the missing answers were imputed.
    """
    table = _pairs_table(
        models,
        "imputed",
        "Odds ratios of more severe behaviour with each kind of direct work, answers imputed",
        f"{pooled_note(models)} {adjusted_note(models, imputed=True)} {note} fmi: fraction of "
        f"missing information. {P_VALUES} {ASSOCIATION}",
    )
    table.column("adjusted", KINDS["adjusted"])
    _add_column(table, "adjusted", estimates, extra=("fmi",))
    return table


def _add_column(
    table: Table,
    column: str,
    estimates: Mapping[str, Estimate | str],
    *,
    extra: Sequence[str] = (),
    said: Mapping[str, str] | None = None,
) -> None:
    """Add the estimates of a column's rows, their p-values adjusted together."""
    from datrial.models import adjust_benjamini_hochberg

    tested = {row: each for row, each in estimates.items() if isinstance(each, Estimate)}
    raw = [each.values["p_value"] for each in tested.values()]
    adjusted = dict(zip(tested, map(float, adjust_benjamini_hochberg(raw)), strict=True))
    statistics = (*ESTIMATES, *extra)
    for row, each in estimates.items():
        if isinstance(each, str):
            table.absent_all([row], [column], statistics, each)
            continue
        values = each.values | {ADJUSTED: adjusted[row]}
        notes = ((said or {}).get(row, ""), each.note)
        for name in statistics:
            is_point = name == "odds_ratio"
            table.add(
                row, column, name, values[name], n=each.n,
                note="; ".join(filter(None, notes)) if is_point else "",
                warning=each.warning if is_point else "",
            )  # fmt: skip


def _pairs_table(models: Models, name: str, title: str, note: str) -> Table:
    table = Table(f"direct_work.{name}", title, note, CATALOGUE)
    for row, (_, _, label) in models.parameters.pairs.items():
        table.row(row, label)
    return table


def _first_time_point(models: Models) -> str:
    """Return the time point with which the others are compared, in words."""
    time_points = models.rows["time_point"].cat.categories
    return TIME_POINTS[str(time_points[0]) if len(time_points) else "intake"]


def _yes(exposure: str) -> str:
    return f"{exposure}[T.yes]"
