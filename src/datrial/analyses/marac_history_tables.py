"""The tables of each perpetrator's whole history at MARAC: appearances, serial, repeat.

Without MARAC data of a perpetrator's site the history is not known (null in
marts.marac_history): such people are in no number, and every number says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.arms import contrast, others_against_reference
from datrial.analyses.base import Context
from datrial.analyses.changes import change_warning
from datrial.analyses.marac_data import number, one_row_each
from datrial.analyses.marac_tables import (
    SHARE_OF_ANY_DAY,
    add_share_of_any_day,
    arm_columns,
    unobserved_reason,
    unobserved_warning,
)
from datrial.analyses.received import received
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd


def appearances_table(context: Context, history: pd.DataFrame, note: str) -> Table:
    """Return the number of appearances per perpetrator, by arm."""
    from datrial.models import fit_rate

    table = Table(
        "marac_follow_up.appearances",
        "Appearances at MARAC per perpetrator over the whole period of the data",
        f"{note} All appearances for which data were received, the index appearance included. "
        "Difference: ratio of the means, robust standard error (Poisson).",
        ("D-N6",),
    )
    table.column("appearances", "Appearances")
    for arm, settings in context.study.arms.items():
        table.row(arm, settings.label)
        people = history[history["arm"] == arm]
        counts = one_row_each(people.dropna(subset=["appearances"]))["appearances"].astype(float)
        if counts.empty:
            reason = _unknown_reason(context, people)
            table.absent_all([arm], ["appearances"], ("people", "total", "mean", "sd"), reason)
            continue
        warning = _unknown_warning(context, people)
        reason = "" if len(counts) > 1 else "fewer than two perpetrators"
        for statistic, value in (
            ("people", len(counts)),
            ("total", counts.sum()),
            ("mean", counts.mean()),
            ("sd", counts.std(ddof=1)),
        ):
            table.add(
                arm, "appearances", statistic, value, n=len(counts), warning=warning, reason=reason
            )
    words = contrast(context.study)
    table.row("difference", words[0].upper() + words[1:])
    known = history.dropna(subset=["appearances"])
    known = one_row_each(known)
    totals = known.groupby("arm")["appearances"].sum()
    if not all(totals.get(arm, 0) > 0 for arm in context.study.arms):
        reason = received(context, "marac").reason(set(history["site"]))
        for statistic in ("rate_ratio", "p_value", "ci_low", "ci_high"):
            told = reason or "an arm without any appearance"
            table.absent("difference", "appearances", statistic, told)
        return table
    data = known.assign(
        in_intervention=others_against_reference(context.study, known["arm"]),
        appearances=known["appearances"].astype(float),
    )
    fit = fit_rate("appearances ~ in_intervention", data, cluster="person")
    estimate = fit.rate_ratios().to_dict("index")["in_intervention"]
    warning = " ".join(filter(None, (*fit.notes, _unknown_warning(context, history))))
    for statistic in ("rate_ratio", "p_value", "ci_low", "ci_high"):
        table.add(
            "difference",
            "appearances",
            statistic,
            estimate[statistic],
            n=int(fit.nobs),
            warning=warning,
        )
    return table


def serial_table(context: Context, history: pd.DataFrame, note: str) -> Table:
    """Return who is serial and who is repeat, by arm."""
    used = context.study.definitions
    table = Table(
        "marac_follow_up.serial",
        "Serial and repeat perpetrators at MARAC",
        f"{note} Serial {used.words('serial')}. Repeat {used.words('marac_repeat')}.",
        ("D-F28",),
    )
    table.column("serial", "Serial")
    table.column("repeat", "Repeat")
    groups = {"all": ("All", history)} | {
        arm: (settings.label, history[history["arm"] == arm])
        for arm, settings in context.study.arms.items()
    }
    for key, (label, people) in groups.items():
        table.row(key, label)
        known = people.dropna(subset=["is_serial"])
        if known.empty:
            reason = _unknown_reason(context, people)
            table.absent_all([key], table.column_labels, ("count", "share"), reason)
            continue
        unknown, sites = _unknown_warning(context, people), set(people["site"])
        for column, definition in (("serial", "serial"), ("repeat", "marac_repeat")):
            changed = change_warning(context, definition, sites)
            warning = "; ".join(filter(None, (unknown, changed)))
            count, n = number(known[known[f"is_{column}"].astype(bool)]), number(known)
            table.add(key, column, "count", count, n=n, warning=warning)
            table.add(key, column, "share", count / n, n=n, warning=warning)
    return table


def serial_periods_table(context: Context, periods: pd.DataFrame, note: str) -> Table:
    """Return serial perpetrators who appeared, by period and arm."""
    table = Table(
        "marac_follow_up.serial_periods",
        "Serial perpetrators who appeared at MARAC, by period and arm",
        f"{note} Share: of the serial perpetrators of each arm, as in the published figures. Share "
        "of observed any day: of those of them observed for at least one day of the period. Being "
        "serial is known only from the whole of the data, follow-up included, so these groups are "
        "not comparable by randomisation: a description, not an effect.",
        ("D-F28",),
    )
    arm_columns(context, table)
    known = periods.dropna(subset=["is_serial"])
    of_serial = known[known["is_serial"].astype(bool)]
    for period in context.study.periods:
        table.row(period.key, period.label)
        for arm in context.study.arms:
            rows = of_serial[(of_serial["period"] == period.key) & (of_serial["arm"] == arm)]
            observed = rows[rows["observed_days"] > 0]
            if observed.empty:
                reason = (
                    "no serial perpetrator is known in this arm"
                    if rows.empty
                    else unobserved_reason(rows)
                )
                for statistic in ("people", "share", SHARE_OF_ANY_DAY):
                    table.absent(period.key, arm, statistic, reason, n=number(rows))
                continue
            people, n = number(observed[observed["appearances"] > 0]), number(rows)
            warning = unobserved_warning(rows)
            table.add(period.key, arm, "people", people, n=n, warning=warning)
            table.add(period.key, arm, "share", people / n, n=n, warning=warning)
            add_share_of_any_day(table, period.key, arm, observed)
    return table


def _unknown_reason(context: Context, people: pd.DataFrame) -> str:
    """Return why nothing is known of any of these people."""
    if people.empty:
        return "nobody in this group"
    return received(context, "marac").reason(set(people["site"]))


def _unknown_warning(context: Context, people: pd.DataFrame) -> str:
    """Return what is missing from a number that rests on these people."""
    return received(context, "marac").warning(set(people["site"]))
