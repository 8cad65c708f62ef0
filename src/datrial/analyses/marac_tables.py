"""The tables of re-appearance at MARAC by follow-up period: shares, rates and rate ratios."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.arms import below_one_favours, contrast, others_against_reference
from datrial.analyses.base import Context
from datrial.analyses.marac_data import number, one_row_each
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

DAYS_PER_YEAR = 365.25
#: Beside the published share, whose denominator holds people of whom no day is known.
SHARE_OF_ANY_DAY = "share_of_observed_any_day"


def reappearance_table(context: Context, periods: pd.DataFrame, note: str) -> Table:
    """Return people, shares, appearances and rates by period and arm."""
    table = Table(
        "marac_follow_up.reappearance",
        "Perpetrators who appeared at MARAC, by period and arm",
        f"{note} Share: of all allocated, as in the published figures, although not everyone was "
        "observed throughout the later periods. Share of observed any day: of those observed for "
        "at least one day. Share of observed: of those observed for the whole period. Rate: "
        "appearances per person-year observed.",
        ("D-F27",),
    )
    arm_columns(context, table)
    for period in context.study.periods:
        table.row(period.key, period.label)
        for arm in context.study.arms:
            rows = periods[(periods["period"] == period.key) & (periods["arm"] == arm)]
            _add_reappearance(table, period.key, arm, rows)
    return table


def _add_reappearance(table: Table, period: str, arm: str, rows: pd.DataFrame) -> None:
    """Add one period's and arm's statistics; without any observed day none is available."""
    allocated = number(rows)
    observed = rows[rows["observed_days"] > 0]
    whole = rows[rows["fully_observed"]]
    n = number(observed)
    table.add(period, arm, "observed", n, n=allocated)
    if observed.empty:
        for statistic in (
            "people",
            "share",
            SHARE_OF_ANY_DAY,
            "share_of_observed",
            "appearances",
            "person_years",
            "rate",
        ):
            table.absent(period, arm, statistic, unobserved_reason(rows), n=0)
        return
    people = number(observed[observed["appearances"] > 0])
    warning = unobserved_warning(rows)
    appearances = int((observed["appearances"] * observed["people"]).sum())
    years = float((observed["observed_days"] * observed["people"]).sum()) / DAYS_PER_YEAR
    table.add(period, arm, "people", people, n=allocated, warning=warning)
    table.add(period, arm, "share", people / allocated, n=allocated, warning=warning)
    add_share_of_any_day(table, period, arm, observed)
    if whole.empty:
        table.absent(
            period, arm, "share_of_observed", "nobody was observed for the whole period", n=0
        )
    else:
        share = number(whole[whole["appearances"] > 0]) / number(whole)
        table.add(period, arm, "share_of_observed", share, n=number(whole))
    table.add(period, arm, "appearances", appearances, n=n)
    table.add(period, arm, "person_years", years, n=n)
    table.add(period, arm, "rate", appearances / years, n=n)


def rate_ratio_table(context: Context, periods: pd.DataFrame, note: str) -> Table:
    """Return the rate ratio of the arms in each period."""
    from datrial.models import fit_rate

    table = Table(
        "marac_follow_up.rate_ratios",
        f"Rate of appearing at MARAC: {contrast(context.study)}, by period",
        f"{note} {below_one_favours(context.study)} Poisson regression with the time "
        "observed as exposure, one model a period, with robust standard errors; sites as a "
        "factor where there are several. In the period before, a ratio away from 1 is chance or "
        "selection, not an effect. Chances of allocation differed between meetings; these ratios "
        "do not weight for that.",
        ("D-F27",),
    )
    table.column("estimate", f"Rate ratio, {contrast(context.study)}")
    for period in context.study.periods:
        table.row(period.key, period.label)
        rows = periods[(periods["period"] == period.key) & (periods["observed_days"] > 0)]
        fault = _not_estimable(context, rows)
        if fault:
            for statistic in ("rate_ratio", "bse", "p_value", "ci_low", "ci_high"):
                table.absent(period.key, "estimate", statistic, fault, n=number(rows))
            continue
        data = one_row_each(
            rows.assign(
                in_intervention=others_against_reference(context.study, rows["arm"]),
                years=rows["observed_days"].astype(float) / DAYS_PER_YEAR,
                appearances=rows["appearances"].astype(float),
            )
        )
        several = data["site"].nunique() > 1
        fit = fit_rate(
            "appearances ~ in_intervention" + (" + site" if several else ""),
            data, exposure="years", cluster="person",
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


def unobserved_reason(rows: pd.DataFrame) -> str:
    """Return why nobody of these rows of a period was observed."""
    if rows.empty:
        return "nobody of this arm is at a site that sent MARAC data"
    if rows["observed_days"].isna().all():
        return "the end of the intervention is not known"
    return "no MARAC data were received for this period"


def unobserved_warning(rows: pd.DataFrame) -> str:
    """Return how many people were not observed, for the whole of a period or at all."""
    missing = number(rows[~rows["fully_observed"].astype(bool)])
    never = number(rows[~(rows["observed_days"] > 0)])
    warning = f"{missing} of {number(rows)} not observed for the whole period" if missing else ""
    return f"{warning}, {never} of them on no day" if never else warning


def add_share_of_any_day(table: Table, period: str, arm: str, observed: pd.DataFrame) -> None:
    """Add the share who appeared among those observed for at least one day, of whom there are."""
    table.add(
        period,
        arm,
        SHARE_OF_ANY_DAY,
        number(observed[observed["appearances"] > 0]) / number(observed),
        n=number(observed),
        warning=unobserved_warning(observed),
    )


def arm_columns(context: Context, table: Table) -> None:
    """Name a column for each arm."""
    for arm, settings in context.study.arms.items():
        table.column(arm, settings.label)
