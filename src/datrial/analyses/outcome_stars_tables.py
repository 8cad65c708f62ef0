"""Tables of first against last readings of Outcome Stars: means, changes, ratios, improved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from datrial.analyses.cohorts import Cohorts, few
from datrial.analyses.outcome_stars_means import add_means, add_people
from datrial.analyses.outcome_stars_readings import TOTAL, FloatArray, Star
from datrial.results.cells import Table

CATALOGUE = ("F-F18",)
#: Of more people the exact intervals of sign flips are not counted, and not needed.
_EXACT_UP_TO = 30
_NO_PAIR = "nobody has the score at first and last"
_EXACT = ("exact_low", "exact_high")


@dataclass(frozen=True)
class Stars:
    """All instruments of a study with its arms.

    Attributes
    ----------
    reason
        Why nothing is known, where no readings were received; else empty.
    """

    cohorts: Cohorts
    listed: Sequence[Star]
    reason: str

    def table(self, name: str, title: str, note: str, *, difference: bool = True) -> Table:
        """Return an empty table of this analysis with its columns."""
        table = Table(f"outcome_stars.{name}", title, note, CATALOGUE)
        if difference:
            table.note += self.cohorts.note
        self.cohorts.name_columns(table, difference=difference)
        return table

    def rows(self, table: Table) -> Iterator[tuple[Star, str, str]]:
        """Name a row for each area of each instrument; yield (star, area, row)."""
        for star in self.listed:
            for part, label in star.parts.items():
                row = f"{star.key}__{part}"
                table.row(row, f"{star.label}: {label}")
                yield star, part, row

    def times(self, table: Table) -> Iterator[tuple[Star, str, str, bool]]:
        """Name two rows for each area; yield (star, area, row, whether it is the last reading)."""
        for star in self.listed:
            for part, label in star.parts.items():
                for time in ("first", "last"):
                    row = f"{star.key}__{part}__{time}"
                    table.row(row, f"{star.label}: {label}, {time}")
                    yield star, part, row, time == "last"


def readings(stars: Stars) -> Table:
    """Return how many clients have how many readings, and what is missing from them."""
    table = stars.table(
        "readings",
        "Clients by number of readings",
        "Of those with two or more the first is compared with the last, which is the most recent "
        "one and not always the end of the support. Separate: the scores that practitioner and "
        "client gave apart for one reading are averaged. Clients: of the strands in which it is "
        "used. How many lack a score in an area is seen from n in the other tables.",
    )
    for star in stars.listed:
        people, two = star.people, star.has_two
        everybody = np.ones(len(people), dtype=bool)
        several = np.asarray(people["readings"] >= 3)
        separate = np.asarray(people["separate"], dtype=bool)
        rows = (
            ("one_only", "one reading only", ~two, everybody),
            ("two_or_more", "two or more readings", two, everybody),
            ("three_or_more", "three or more, of those with two", several, two),
            ("separate", "separate scores averaged, of those with two", separate & two, two),
        )
        table.row(f"{star.key}__any", f"{star.label}: any reading, of clients")
        for name, label, _, _ in rows:
            table.row(f"{star.key}__{name}", f"{star.label}: {label}")
        table.row(f"{star.key}__off_scale", f"{star.label}: scores outside the scale, set aside")
        told = {arm: (int(star.of(arm).sum()), star.clients.get(arm, 0))
                for arm in stars.cohorts.labels}  # fmt: skip
        stars.cohorts.add_shares(table, f"{star.key}__any", told, reason=stars.reason)
        for name, _, has, of in rows:
            told = {arm: (int((has & star.of(arm)).sum()), int((of & star.of(arm)).sum()))
                    for arm in stars.cohorts.labels}  # fmt: skip
            stars.cohorts.add_shares(table, f"{star.key}__{name}", told, reason=stars.reason)
        for arm in stars.cohorts.labels:
            number = None if stars.reason else int(people["off_scale"][star.of(arm)].sum())
            table.add(f"{star.key}__off_scale", arm, "count", number, reason=stars.reason)
        if star.not_referred:
            table.note += (
                f" {star.about.label}: {star.not_referred} people with a reading were never "
                "referred and are left out."
            )
    return table


def areas(stars: Stars) -> Table:
    """Return the mean of each area at the first and at the last reading, with mean dates."""
    table = stars.table(
        "areas",
        "Mean scores at the first and at the last reading",
        "Clients with two or more readings; an area: of those with a score in it at both; the "
        "total: of those with a score in every area at both. Interval: Student's t.",
    )
    for star, part, row, last in stars.times(table):
        scores = {arm: star.pairs(arm, part)[last] for arm in stars.cohorts.labels}
        begin = len(table.cells)
        add_means(stars.cohorts, table, row, scores, "mean", stars.reason)
        if part == TOTAL:
            _add_dates(table, begin, star, "last_on" if last else "first_on")
    return table


def _add_dates(table: Table, begin: int, star: Star, day_of: str) -> None:
    """Say the mean date of the readings beside the means of their totals."""
    for place, cell in enumerate(table.cells[begin:], begin):
        if cell.statistic == "mean" and cell.value is not None:
            kept = star.paired(cell.column, TOTAL)
            day = round(float(star.people.loc[kept, day_of].mean()))
            date = np.datetime64(day, "D").item().strftime("%-d %B %Y")
            table.cells[place] = replace(cell, note=f"mean date {date}")


def changes(stars: Stars) -> Table:
    """Return the mean change of each area in points, with intervals."""
    table = stars.table(
        "changes",
        "Change from the first to the last reading, in points",
        "Last less first, of the same clients as the means. Interval: Student's t; exact: that of "
        "the sign-flip test, which needs no normal distribution, of six to 30 clients. A change "
        "without others to compare with is no effect: see the limits.",
    )
    for star, part, row in stars.rows(table):
        pairs = {arm: star.pairs(arm, part) for arm in stars.cohorts.labels}
        moved = {arm: np.round(last - first, 9) for arm, (first, last) in pairs.items()}
        add_people(table, row, moved, stars.reason)
        add_means(stars.cohorts, table, row, moved, "change", stars.reason)
        for arm, (first, last) in pairs.items():
            _add_exact(table, (row, arm), star, first, last, stars.reason)
    return table


def _add_exact(
    table: Table, at: tuple[str, str], star: Star, first: FloatArray, last: FloatArray, reason: str
) -> None:
    """Add the interval of the sign-flip test where every pattern of signs can be counted."""
    from datrial.models import paired_change

    n = len(first)
    if n > _EXACT_UP_TO and not reason:
        return
    if reason or not n:
        table.absent_all([at[0]], [at[1]], _EXACT, reason or _NO_PAIR)
        return
    found = paired_change(first, last, better=star.about.better)
    ends = (found.mean_sign_flip.ci_low, found.mean_sign_flip.ci_high)
    for statistic, value in zip(_EXACT, ends, strict=True):
        table.add(*at, statistic, value, n=n, note=" ".join(found.notes), warning=few(n),
                  reason="fewer than six people, or all alike")  # fmt: skip


def ratios(stars: Stars) -> Table:
    """Return the mean of the last over the mean of the first readings."""
    from datrial.models.paired.mean_change import ratio_of_means

    table = stars.table(
        "ratios",
        "Mean of the last readings over the mean of the first",
        "1.69 is an increase to 169% of the first readings, which is by 69%. Interval: Bonett and "
        "Price's, on the log scale. A ratio depends on where the scale begins: on one that begins "
        "at 1, a score twice as high is not twice as good.",
        difference=False,
    )
    statistics = ("ratio_of_means", "ci_low", "ci_high")
    for star, part, row in stars.rows(table):
        for arm in stars.cohorts.labels:
            first, last = star.pairs(arm, part)
            add_people(table, row, {arm: first}, stars.reason)
            if stars.reason or not len(first):
                table.absent_all([row], [arm], statistics, stars.reason or _NO_PAIR)
                continue
            values = ratio_of_means(first, last, 0.95)[:3]
            for statistic, value in zip(statistics, values, strict=True):
                table.add(row, arm, statistic, value, n=len(first), warning=few(len(first)),
                          reason="no ratio of these scores, or no spread")  # fmt: skip
    return table


def improved(stars: Stars) -> Table:
    """Return the shares of clients whose total became better, stayed, and became worse."""
    table = stars.table(
        "improved",
        "Clients whose total became better",
        "Clients with two or more readings and a score in every area at the first and the last. "
        "Better: by any amount, however small. Interval: Wilson's.",
    )
    for star in stars.listed:
        gains = {arm: gain_of(star, arm) for arm in stars.cohorts.labels}
        for name, sign in (("improved", 1), ("unchanged", 0), ("worse", -1)):
            row = f"{star.key}__{name}"
            table.row(row, f"{star.label}: {name}")
            told = {arm: (int((np.sign(gain) == sign).sum()), len(gain))
                    for arm, gain in gains.items()}  # fmt: skip
            stars.cohorts.add_shares(table, row, told, reason=stars.reason)
    return table


def gain_of(star: Star, arm: str) -> FloatArray:
    """Return the change of the total of each client of an arm: above zero is better."""
    first, last = star.pairs(arm, TOTAL)
    # Means of raters such as 3.3 are not exact in binary: equal totals must be equal.
    return np.asarray(star.gain * np.round(last - first, 9))
