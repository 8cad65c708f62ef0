"""Whether the rate ratio of the arms is the same at every site."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from datrial.analyses.arms import below_one_favours, contrast
from datrial.analyses.follow_up_rates_data import WHOM, Followed
from datrial.analyses.follow_up_rates_fits import add_estimate, fit_spell, not_estimable
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context

_ONE = "estimate"
_JOINT = ("chi2", "df", "p_value")


def sites_table(
    context: Context,
    outcomes: Iterable[tuple[Followed, pd.DataFrame]],
    sites: Iterable[str],
    catalogue: tuple[str, ...],
) -> Table:
    """Return each site's rate ratio in all fixed windows together, and the test of their equality.

    Parameters
    ----------
    outcomes
        Each outcome with its spells, with log_baseline.
    sites
        The sites asked for; none means all of the study.
    """
    name, wanted = contrast(context.study), set(sites) or set(context.study.sites)
    table = Table(
        "follow_up_rates.sites",
        f"Whether the rate ratio is the same at every site: {name}",
        f"{WHOM} {below_one_favours(context.study)} All fixed windows from the allocation "
        "together, negative binomial, adjusted for the baseline, a model for each site. All "
        "sites: the joint test of arm by site. Where ratios differ, the ratio of all sites "
        "together is an average that depends on how many events each of them has.",
        catalogue,
    )
    table.column(_ONE, f"Rate ratio, {name}")
    arms = {arm: about.label for arm, about in context.study.arms.items()}
    for of, rows in outcomes:
        whole, usable = _together(rows), []
        for site in (site for site in context.study.sites if site in wanted):
            row = f"{of.name}__{site}"
            table.row(row, f"{of.outcome.label}, {context.study.sites[site].label}")
            at_site = whole[whole["site"] == site]
            fault = of.nothing or not_estimable(at_site, arms)
            fit = fault or fit_spell(at_site, "ancova", warning=of.warning)
            add_estimate(table, row, _ONE, fit if isinstance(fit, str) else fit.estimate)
            if not isinstance(fit, str):
                usable.append(site)
        row = f"{of.name}__all"
        table.row(row, f"{of.outcome.label}, all sites")
        _add_joint(table, row, of, whole[whole["site"].isin(usable)])
    return table


def _together(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the counts and years of all fixed windows, one row a person."""
    windows = rows[rows["scheme"] == "window"]
    keys = ["person_id", "site", "arm", "compared"]
    sums = windows.groupby(keys, as_index=False).agg(
        years=("years", "sum"), count=("count", "sum"), log_baseline=("log_baseline", "first")
    )
    return sums.sort_values("person_id", ignore_index=True)


def _add_joint(table: Table, row: str, of: Followed, rows: pd.DataFrame) -> None:
    """Add the test that the ratio is the same at the sites that tell one."""
    from datrial.models import ModelDataError, fit_rate

    if of.nothing or rows["site"].nunique() < 2:
        reason = of.nothing or "fewer than two sites tell a rate ratio"
        table.absent_all([row], [_ONE], _JOINT, reason)
        return
    try:
        fit = fit_rate(
            "count ~ compared * site + log_baseline", rows, exposure="years",
            family="negative_binomial", cluster="person_id",
        )  # fmt: skip
    except ModelDataError as error:
        table.absent_all([row], [_ONE], _JOINT, str(error))
        return
    test = fit.joint_test([name for name in fit.params.index if name.startswith("compared:")])
    warning = " ".join(filter(None, (of.warning, *fit.notes)))
    for name, value in zip(_JOINT, (test.statistic, test.df, test.p_value), strict=True):
        table.add(
            row, _ONE, name, value, n=int(fit.nobs), warning=warning,
            reason="the errors of the ratios tell no joint test",
        )  # fmt: skip
