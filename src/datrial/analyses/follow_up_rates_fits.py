"""The regressions of rates of follow-up on the arm: one spell at a time, and all in one model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.analyses.follow_up_rates_data import chances

if TYPE_CHECKING:
    import pandas as pd

    from datrial.models.counts.rates import RateResult
    from datrial.results.cells import Table

RATIO = ("rate_ratio", "bse", "p_value", "ci_low", "ci_high")
MODELS = {
    "poisson": "Poisson, robust errors",
    "negative_binomial": "Negative binomial",
    "ancova": "Negative binomial, adjusted for the baseline",
    "weighted": "Poisson, weighted by the chance of the arm",
}
_ARM = "compared"


@dataclass(frozen=True)
class Estimate:
    """A ratio with its statistics by name, the people it rests on, what to know of it.

    Attributes
    ----------
    bse_log
        The error of the ratio's logarithm.
    """

    values: dict[str, float]
    n: int
    bse_log: float
    warning: str = ""


@dataclass(frozen=True)
class Fit:
    """A model of one spell and what it says of the arms."""

    result: RateResult
    estimate: Estimate


def not_estimable(rows: pd.DataFrame, arms: dict[str, str]) -> str:
    """Return why these rows tell no ratio of the arms, or nothing.

    Parameters
    ----------
    arms
        Arm -> label.
    """
    for arm, label in arms.items():
        of_arm = rows[rows["arm"] == arm]
        if of_arm.empty:
            return f"nobody of the arm {label} was observed"
        if not of_arm["count"].any():
            return f"no event in the arm {label}"
    return ""


def fit_spell(rows: pd.DataFrame, model: str, *, warning: str = "") -> Fit | str:
    """Fit one spell's rate by arm; a sentence where it cannot be fitted.

    Sites are a factor where there are several.

    Parameters
    ----------
    model
        ``poisson``, ``negative_binomial`` or ``ancova``.
    """
    from datrial.models import ModelDataError, fit_rate

    terms = [_ARM]
    if rows["site"].nunique() > 1:
        terms.append("site")
    if model == "ancova":
        terms.append("log_baseline")
    try:
        result = fit_rate(
            f"count ~ {' + '.join(terms)}", rows, exposure="years", cluster="person_id",
            family="poisson" if model == "poisson" else "negative_binomial",
        )  # fmt: skip
    except ModelDataError as error:
        return str(error)
    notes = list(result.notes)
    if result.n_left_out:
        notes.append(f"{result.n_left_out} people not observed before the allocation left out")
    return Fit(result, _estimate(result, _ARM, int(result.nobs), notes, warning))


def fit_change(
    rows: pd.DataFrame, baseline: str, later: Sequence[str], *, warning: str = ""
) -> tuple[dict[str, Estimate], dict[str, float], int] | str:
    """Fit all spells in one model: by how much the ratio of the arms differs from before.

    Parameters
    ----------
    later
        The spells beside the baseline.

    Returns
    -------
    tuple
        Spell -> the ratio of its rate ratio to the baseline's; the joint test of them all
        (``chi2``, ``df``, ``p_value``); people. Or a sentence where it cannot be fitted.
    """
    import pandas as pd

    from datrial.models import ModelDataError, fit_rate

    order = pd.CategoricalDtype([baseline, *later], ordered=False)
    used = rows[rows["spell"].isin(list(order.categories))]
    used = used.assign(spell=used["spell"].astype(order))
    site = " + site" if used["site"].nunique() > 1 else ""
    try:
        result = fit_rate(
            f"count ~ {_ARM} * spell{site}", used, exposure="years", cluster="person_id"
        )
    except ModelDataError as error:
        return str(error)
    names = {spell: f"{_ARM}:spell[T.{spell}]" for spell in later}
    people = int(used["person_id"].nunique())
    test = result.joint_test(list(names.values()))
    notes = list(result.notes)
    estimates = {
        spell: _estimate(result, name, people, notes, warning) for spell, name in names.items()
    }
    joint = {"chi2": test.statistic, "df": float(test.df), "p_value": test.p_value}
    return estimates, joint, people


def _estimate(
    result: RateResult, name: str, n: int, notes: Sequence[str], warning: str
) -> Estimate:
    found = result.rate_ratios().loc[name].to_dict()
    told = " ".join(filter(None, (warning, *notes)))
    return Estimate({key: float(found[key]) for key in RATIO}, n, float(result.bse[name]), told)


def weighted_ratio(
    rows: pd.DataFrame, people: pd.DataFrame, *, warning: str = ""
) -> Estimate | str:
    """Return the ratio of the arms' rates, weighted by one over the chance of the own arm.

    Poisson regression on the arm alone with such weights and robust errors, in closed form:
    the arm's rate is the weighted events over the weighted years, and each person's score is
    weight x (events - rate x years). Weights make the arms alike in when and where people were
    heard, which sites as a factor do only for where. Stata: `poisson y i.arm [pw=w],
    exposure(years) vce(robust)`.

    Parameters
    ----------
    people
        Everybody who was drawn and whom the source could tell of: their strata tell the chances.
    """
    import numpy as np

    from datrial.models.result import normal_quantile, two_sided_p

    chance = rows["person_id"].map(chances(people).set_axis(people["person_id"]))
    used = rows[chance.notna()]
    weight = 1 / chance[chance.notna()]
    logs, variance, n = [], 0.0, len(used)
    for arm in (0.0, 1.0):
        of_arm = used["compared"] == arm
        w, count, years = weight[of_arm], used["count"][of_arm], used["years"][of_arm]
        total = float((w * count).sum())
        if not total:
            return "no event in one of the arms at meetings with both arms"
        rate = total / float((w * years).sum())
        logs.append(float(np.log(rate)))
        variance += float(((w * (count - rate * years)) ** 2).sum()) / total**2
    variance *= n / (n - 1)
    log_ratio, error = logs[1] - logs[0], float(np.sqrt(variance))
    z = normal_quantile(0.95)
    ratio = float(np.exp(log_ratio))
    values = (
        ratio, ratio * error, float(two_sided_p(np.array([log_ratio / error]))[0]),
        ratio * float(np.exp(-z * error)), ratio * float(np.exp(z * error)),
    )  # fmt: skip
    without = len(rows) - n
    told = [warning, f"{without} people at meetings with one arm left out" if without else ""]
    return Estimate(dict(zip(RATIO, values, strict=True)), n, error, "; ".join(filter(None, told)))


def add_estimate(table: Table, row: str, column: str, estimate: Estimate | str) -> None:
    """Add a ratio's statistics to a table, or why there are none."""
    if isinstance(estimate, str):
        table.absent_all([row], [column], RATIO, estimate)
        return
    for statistic in RATIO:
        table.add(
            row, column, statistic, estimate.values[statistic], n=estimate.n,
            warning=estimate.warning, reason=estimate.warning,
        )  # fmt: skip
