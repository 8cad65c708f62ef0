"""The tables of re-appearance, serial and repeat perpetration at MARAC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.base import Context
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

DAYS_PER_YEAR = 365.25


def reappearance_table(context: Context, periods: pd.DataFrame, note: str) -> Table:
    """Return people, shares, appearances and rates by period and arm."""
    table = Table(
        "marac_follow_up.reappearance",
        "Perpetrators who appeared at MARAC, by period and arm",
        f"{note} Share: of all allocated, as in the published figures, although not everyone was "
        "observed throughout the later periods. Share of observed: of those observed for the whole "
        "period. Rate: appearances per person-year observed.",
        ("D-F27",),
    )
    _arm_columns(context, table)
    for period in context.study.periods:
        table.row(period.key, period.label)
        for arm in context.study.arms:
            rows = periods[(periods["period"] == period.key) & (periods["arm"] == arm)]
            _add_reappearance(table, period.key, arm, rows)
    return table


def _add_reappearance(table: Table, period: str, arm: str, rows: pd.DataFrame) -> None:
    """Add one period's and arm's statistics; without any observed day none is available."""
    allocated = len(rows)
    observed = rows[rows["observed_days"] > 0]
    whole = rows[rows["fully_observed"]]
    table.add(period, arm, "observed", len(observed), n=allocated)
    if observed.empty:
        for statistic in (
            "people",
            "share",
            "share_of_observed",
            "appearances",
            "person_years",
            "rate",
        ):
            table.absent(period, arm, statistic, "no MARAC data were received for this period", n=0)
        return
    people = int((observed["appearances"] > 0).sum())
    missing = allocated - len(whole)
    warning = f"{missing} of {allocated} not observed for the whole period" if missing else ""
    appearances = int(observed["appearances"].sum())
    years = float(observed["observed_days"].sum()) / DAYS_PER_YEAR
    table.add(period, arm, "people", people, n=allocated, warning=warning)
    table.add(period, arm, "share", people / allocated, n=allocated, warning=warning)
    if whole.empty:
        table.absent(
            period, arm, "share_of_observed", "nobody was observed for the whole period", n=0
        )
    else:
        table.add(period, arm, "share_of_observed", (whole["appearances"] > 0).mean(), n=len(whole))
    table.add(period, arm, "appearances", appearances, n=len(observed))
    table.add(period, arm, "person_years", years, n=len(observed))
    table.add(period, arm, "rate", appearances / years, n=len(observed))


def rate_ratio_table(context: Context, periods: pd.DataFrame, note: str) -> Table:
    """Return the rate ratio of the arms in each period."""
    from datrial.models import fit_rate

    table = Table(
        "marac_follow_up.rate_ratios",
        "Rate of appearing at MARAC: intervention against control, by period",
        f"{note} Rate ratios below 1 favour the intervention. Poisson regression with the time "
        "observed as exposure, one model a period, with robust standard errors; sites as a "
        "factor where there are several. In the period before, a ratio away from 1 is chance or "
        "selection, not an effect. Chances of allocation differed between meetings; these ratios "
        "do not weight for that.",
        ("D-F27",),
    )
    table.column("estimate", "Rate ratio")
    for period in context.study.periods:
        table.row(period.key, period.label)
        rows = periods[(periods["period"] == period.key) & (periods["observed_days"] > 0)]
        fault = _not_estimable(context, rows)
        if fault:
            for statistic in ("rate_ratio", "bse", "p_value", "ci_low", "ci_high"):
                table.absent(period.key, "estimate", statistic, fault, n=len(rows))
            continue
        data = rows.assign(
            in_intervention=(rows["arm"].map(_roles(context)) == "intervention").astype(float),
            years=rows["observed_days"].astype(float) / DAYS_PER_YEAR,
            appearances=rows["appearances"].astype(float),
        )
        several = data["site"].nunique() > 1
        fit = fit_rate(
            "appearances ~ in_intervention" + (" + site" if several else ""),
            data, exposure="years", cluster="person_id",
        )  # fmt: skip
        estimate = fit.rate_ratios().to_dict("index")["in_intervention"]
        warning = " ".join(fit.notes)
        for statistic in ("rate_ratio", "bse", "p_value", "ci_low", "ci_high"):
            table.add(
                period.key,
                "estimate",
                statistic,
                estimate[statistic],
                n=int(fit.nobs),
                warning=warning,
            )
    return table


def _not_estimable(context: Context, rows: pd.DataFrame) -> str:
    """Return why a period's rate ratio cannot be estimated, or nothing."""
    for arm, settings in context.study.arms.items():
        of_arm = rows[rows["arm"] == arm]
        if of_arm.empty:
            return f"nobody of the arm {settings.label} was observed"
        if not of_arm["appearances"].sum():
            return f"no appearance in the arm {settings.label}"
    return ""


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
        counts = history.loc[history["arm"] == arm, "appearances"].astype(float)
        table.row(arm, settings.label)
        table.add(arm, "appearances", "people", len(counts))
        table.add(arm, "appearances", "total", counts.sum(), n=len(counts))
        reason = "" if len(counts) > 1 else "fewer than two perpetrators"
        table.add(arm, "appearances", "mean", counts.mean(), n=len(counts), reason=reason)
        table.add(arm, "appearances", "sd", counts.std(ddof=1), n=len(counts), reason=reason)
    table.row("difference", "Intervention against control")
    totals = history.groupby("arm")["appearances"].sum()
    if not all(totals.get(arm, 0) > 0 for arm in context.study.arms):
        for statistic in ("rate_ratio", "p_value", "ci_low", "ci_high"):
            table.absent("difference", "appearances", statistic, "an arm without any appearance")
        return table
    data = history.assign(
        in_intervention=(history["arm"].map(_roles(context)) == "intervention").astype(float),
        appearances=history["appearances"].astype(float),
    )
    fit = fit_rate("appearances ~ in_intervention", data, cluster="person_id")
    estimate = fit.rate_ratios().to_dict("index")["in_intervention"]
    warning = " ".join(fit.notes)
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
    table = Table(
        "marac_follow_up.serial",
        "Serial and repeat perpetrators at MARAC",
        f"{note} Serial (version 1): heard with two or more different victims-survivors at any "
        "time for which data were received. Repeat (version 1): the same pair heard again on a "
        "later day.",
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
        for column in ("serial", "repeat"):
            table.add(key, column, "count", int(people[f"is_{column}"].sum()), n=len(people))
            share = people[f"is_{column}"].mean() if len(people) else None
            table.add(key, column, "share", share, n=len(people), reason="nobody in this group")
    return table


def serial_periods_table(
    context: Context, periods: pd.DataFrame, history: pd.DataFrame, note: str
) -> Table:
    """Return serial perpetrators who appeared, by period and arm."""
    table = Table(
        "marac_follow_up.serial_periods",
        "Serial perpetrators who appeared at MARAC, by period and arm",
        f"{note} Of the serial perpetrators of each arm. Being serial is known only from the "
        "whole of the data, follow-up included, so these groups are not comparable by "
        "randomisation: a description, not an effect.",
        ("D-F28",),
    )
    _arm_columns(context, table)
    serial = set(history.loc[history["is_serial"], "person_id"])
    of_serial = periods[periods["person_id"].isin(serial)]
    for period in context.study.periods:
        table.row(period.key, period.label)
        for arm in context.study.arms:
            rows = of_serial[(of_serial["period"] == period.key) & (of_serial["arm"] == arm)]
            if not (rows["observed_days"] > 0).any():
                reason = "no MARAC data were received for this period"
                for statistic in ("people", "share"):
                    table.absent(period.key, arm, statistic, reason, n=len(rows))
                continue
            people = int((rows["appearances"] > 0).sum())
            table.add(period.key, arm, "people", people, n=len(rows))
            table.add(period.key, arm, "share", people / len(rows), n=len(rows))
    return table


def _arm_columns(context: Context, table: Table) -> None:
    for arm, settings in context.study.arms.items():
        table.column(arm, settings.label)


def _roles(context: Context) -> dict[str, str]:
    return {arm: settings.role for arm, settings in context.study.arms.items()}
