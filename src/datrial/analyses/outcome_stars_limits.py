"""What a change between two Outcome Stars may rest on besides the support."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from datrial.analyses.cohorts import few
from datrial.analyses.outcome_stars_means import add_means, add_people
from datrial.analyses.outcome_stars_readings import TOTAL, FloatArray, Star
from datrial.analyses.outcome_stars_tables import Stars
from datrial.results.cells import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CORRELATION = ("correlation", "ci_low", "ci_high")
_REGRESSION = ("expected", "beyond", "ci_low", "ci_high", "tipping")
_NO_TOTAL = "nobody has the total at first and last"


def extremes(stars: Stars) -> Table:
    """Return the least and the greatest change of a client, where these may be shown."""
    table = stars.table(
        "range",
        "Least and greatest change of the total of one client",
        "In per cent of the client's own first total. n: the clients with that very value, mostly "
        "one. Each is the value of a single person: it is shown only where the disclosure profile "
        "shows numbers of so few.",
        difference=False,
    )
    for star in stars.listed:
        for name, statistic in (("least", "minimum"), ("greatest", "maximum")):
            row = f"{star.key}__{name}"
            table.row(row, f"{star.label}: {name} change, %")
            for arm in stars.cohorts.labels:
                first, last = star.pairs(arm, TOTAL)
                able = first > 0
                if stars.reason or not able.any():
                    table.absent(row, arm, statistic, stars.reason or _NO_TOTAL)
                    continue
                percent = np.round(100 * (last - first)[able] / first[able], 9)
                value = float(percent.min() if name == "least" else percent.max())
                table.add(row, arm, statistic, value, n=int((percent == value).sum()))
    return table


def time_between(stars: Stars) -> Table:
    """Return the days between the readings, and how the change of the total goes with them."""
    from scipy.stats import rankdata

    table = stars.table(
        "time",
        "Change and time between the first and the last reading",
        "Correlation of the change of the total with the days between the readings, by Pearson and "
        "of ranks by Spearman, with intervals on Fisher's z scale. Whoever is supported for longer "
        "has also stayed for longer: those who do well may stay, and those who stay have more time "
        "for whatever else changes. A correlation does not tell these apart.",
    )
    for star in stars.listed:
        rows = {name: f"{star.key}__{name}" for name in ("days", "pearson", "spearman")}
        for name, label in (("days", "days between"), ("pearson", "change with days, Pearson"),
                            ("spearman", "change with days, Spearman")):  # fmt: skip
            table.row(rows[name], f"{star.label}: {label}")
        kept = {arm: star.paired(arm, TOTAL) for arm in stars.cohorts.labels}
        span = (star.people["last_on"] - star.people["first_on"]).to_numpy(dtype=float)
        days = {arm: span[own] for arm, own in kept.items()}
        add_means(stars.cohorts, table, rows["days"], days, "mean", stars.reason)
        for arm in stars.cohorts.labels:
            first, last = star.pairs(arm, TOTAL)
            moved = np.round(last - first, 9)
            _add_correlation(table, (rows["pearson"], arm), moved, days[arm], stars.reason)
            ranks = (rankdata(moved), rankdata(days[arm]))
            _add_correlation(table, (rows["spearman"], arm), *ranks, stars.reason, ranked=True)
    return table


def _add_correlation(
    table: Table,
    at: tuple[str, str],
    one: FloatArray,
    other: FloatArray,
    reason: str,
    *,
    ranked: bool = False,
) -> None:
    """Add a correlation with its interval; without the permutation test, which many would slow."""
    from datrial.models.correlations import limits, unit
    from datrial.models.result import normal_quantile

    n = len(one)
    if reason or n < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        why = "fewer than two people with a total at first and last, or all alike"
        table.absent_all([at[0]], [at[1]], _CORRELATION, reason or why)
        return
    found = limits(
        unit(one), unit(other), "spearman" if ranked else "pearson", normal_quantile(0.95)
    )
    for statistic, value in zip(_CORRELATION, found, strict=True):
        table.add(*at, statistic, value, n=n, warning=few(n),
                  reason="no interval: fewer than four people, or all on a line")  # fmt: skip


def one_reading(stars: Stars) -> Table:
    """Return the first totals of those with one reading against those with two or more."""
    table = stars.table(
        "one_reading",
        "First totals of clients with one reading, and with two or more",
        "Clients with a score in every area at the first reading. Those with one reading only have "
        "no change: where they began otherwise, those with two do not speak for them. Difference: "
        "one reading only less two or more, with Welch's interval.",
    )
    for star in stars.listed:
        start = star.scores(TOTAL)
        two = star.has_two
        for name, label, who in (("one_only", "one reading only", ~two),
                                 ("two_or_more", "two or more readings", two)):  # fmt: skip
            row = f"{star.key}__{name}"
            table.row(row, f"{star.label}: {label}")
            values = {arm: start[who & star.of(arm)] for arm in stars.cohorts.labels}
            add_means(stars.cohorts, table, row, values, "mean", stars.reason)
        row = f"{star.key}__less"
        table.row(row, f"{star.label}: difference")
        for arm in stars.cohorts.labels:
            groups = [start[who & star.of(arm)] for who in (two, ~two)]
            _add_welch(table, (row, arm), groups, stars.reason)
    return table


def _add_welch(
    table: Table, at: tuple[str, str], groups: Sequence[FloatArray], reason: str
) -> None:
    """Add the mean of the second group less that of the first."""
    from datrial.models import ModelDataError, two_sample_t_from_summary

    known = [group[~np.isnan(group)] for group in groups]
    statistics = ("difference", "ci_low", "ci_high")
    if not reason and min(map(len, known)) < 2:
        reason = "fewer than two people with one reading, or with two"
    if not reason:
        try:
            found = two_sample_t_from_summary(
                [each.mean() for each in known],
                [each.std(ddof=1) for each in known],
                [len(each) for each in known],
            )
        except ModelDataError as error:
            reason = f"it could not be compared: {error}"
    if reason:
        table.absent_all([at[0]], [at[1]], statistics, reason)
        return
    fewest = min(map(len, known))
    values = (found.difference, found.welch.ci_low, found.welch.ci_high)
    for statistic, value in zip(statistics, values, strict=True):
        table.add(*at, statistic, value, n=sum(map(len, known)), warning=few(fewest))


def regression(stars: Stars, reliabilities: Sequence[float], means: Mapping[str, float]) -> Table:
    """Return how much of the change could be regression to the mean, by the reading's error."""
    table = stars.table(
        "regression",
        "How much of the change could be regression to the mean",
        "Of the mean of all areas, in points of an area. People come to a service when things are "
        "bad; some would read better the next time with no support. Expected: the change to expect "
        "without any support, if the people come from a population with the mean that the plan "
        "states, or else with one at the best end of the scale, so that it is the most that it "
        "could be. Beyond: the change less that, with Student's interval. Tipping: the "
        "population's mean at which regression would be all of the change; beyond the best end of "
        "the scale there is none. Reliability: the share of the first readings' variance that is "
        "no error, taken as known. Oldham: correlation of the change with the mean of both "
        "readings, 0 where the change does not depend on the level.",
        difference=False,
    )
    for star in stars.listed:
        pairs = {arm: star.pairs(arm, TOTAL) for arm in stars.cohorts.labels}
        for reliability in reliabilities:
            row = f"{star.key}__r{round(100 * reliability)}"
            table.row(row, f"{star.label}: reliability {reliability:g}")
            for arm in stars.cohorts.labels:
                population = means.get(star.key, float(star.best))
                add_people(table, row, {arm: pairs[arm][0]}, stars.reason)
                _add_regression(table, (row, arm), star, reliability, population, stars.reason)
        row = f"{star.key}__oldham"
        table.row(row, f"{star.label}: change with the mean of both, Oldham")
        for arm, (first, last) in pairs.items():
            moved = np.round(last - first, 9)
            add_people(table, row, {arm: first}, stars.reason)
            _add_correlation(table, (row, arm), moved, first + last, stars.reason)
    return table


def _add_regression(
    table: Table, at: tuple[str, str], star: Star, reliability: float, population: float,
    reason: str,
) -> None:  # fmt: skip
    from datrial.models import ModelDataError, regression_to_the_mean

    first, last = (each / len(star.about.items) for each in star.pairs(at[1], TOTAL))
    if not reason:
        try:
            found = regression_to_the_mean(
                first, last, reliability=reliability, population_mean=population
            )
        except ModelDataError:
            reason = "fewer than four people with a total at both, or first readings all alike"
    if reason or found.beyond is None:
        table.absent_all([at[0]], [at[1]], _REGRESSION, reason)
        return
    change, pull = float((last - first).mean()), 1 - reliability
    tipping = float(first.mean()) + change / pull if pull else None
    values = (found.expected, *found.beyond[:3], tipping)
    for statistic, value in zip(_REGRESSION, values, strict=True):
        table.add(*at, statistic, value, n=found.n, warning=few(found.n),
                  reason="no error in the readings, or no spread")  # fmt: skip


def ceiling(stars: Stars) -> Table:
    """Return how many clients stand at the best end of the scale, and cannot become better."""
    table = stars.table(
        "ceiling",
        "Clients at the best end of the scale",
        "Of the same clients as the means; the total: at the best end in every area. Whoever "
        "stands there at first cannot become better by this measure.",
    )
    for star, part, row, last in stars.times(table):
        best = star.best * (len(star.about.items) if part == TOTAL else 1)
        scores = {arm: star.pairs(arm, part)[last] for arm in stars.cohorts.labels}
        told = {arm: (_at(each, best), len(each)) for arm, each in scores.items()}
        stars.cohorts.add_shares(table, row, told, reason=stars.reason)
    return table


def _at(scores: NDArray[np.float64], best: float) -> int:
    return int((np.abs(scores - best) < 1e-9).sum())
