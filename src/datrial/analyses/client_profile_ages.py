"""How old clients are: mean and median, in years and in months, and bands of ages."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from datrial.analyses.client_profile_rows import (
    MISSING,
    NO_ANSWER,
    SHARES,
    Answers,
    Clients,
    add_answers,
)
from datrial.analyses.cohorts import few
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

#: With fewer people, the interval of a median ends at the least and the greatest value.
_FEWEST = 9
_EXTREMES = "of fewer than nine people its ends would be the least and the greatest age"
_MEDIAN = ("median", "ci_low", "ci_high")
_RANGE = ("minimum", "maximum")


def people_table(clients: Clients) -> Table:
    """Return how many clients there are, and how old they are."""
    table = Table(
        "client_profile.people",
        "Clients, and how old they are",
        "Everybody once, at the age of the first referral that tells it. Mean with Student's "
        "interval; median with the exact one of its order statistics. Least and greatest are each "
        f"the value of a single person: protection hides them.{clients.cohorts.note}",
        ("E-N1", "R-T16", "F-F14"),
    )
    clients.cohorts.name_columns(table)
    by_month = bool(clients.people["age_months"].notna().any())
    silent = {"age_years": clients.never_told("age_years")}
    for start, words, people in clients.groups():
        row = f"{start}people"
        table.row(row, f"{words}people" if words else "People")
        for arm, rows in clients.cohorts.split(people):
            if clients.reason:
                table.absent(row, arm, "count", clients.reason)
            else:
                table.add(row, arm, "count", len(rows))
        _age(table, clients, people, ("age", "age_years"), (start, f"{words}age in years"), silent)
        if by_month:
            silent["age_months"] = clients.never_told("age_months")
            names = (start, f"{words}age in months")
            _age(table, clients, people, ("age_months", "age_months"), names, silent)
    return table


def _age(
    table: Table, clients: Clients, people: pd.DataFrame, key: tuple[str, str],
    names: tuple[str, str], never: dict[str, dict[str, str]],
) -> None:  # fmt: skip
    """Add the rows of an age: mean, median, least and greatest."""
    (name, column), (start, words) = key, names
    label = words[:1].upper() + words[1:]
    silent = never[column]
    values = clients.cohorts.by_arm(people, lambda rows: rows[column].dropna().astype(float))
    row = f"{start}{name}"
    table.row(row, label)
    reason = next(iter(silent.values())) if len(silent) == len(clients.cohorts.labels) else ""
    clients.cohorts.add_means(table, row, values, reason=reason)
    for kind, what, statistics in (("median", "median", _MEDIAN),
                                   ("range", "least and greatest", _RANGE)):  # fmt: skip
        table.row(f"{row}_{kind}", f"{label}: {what}")
        for arm in clients.cohorts.labels:
            at = f"{row}_{kind}", arm
            known = values[arm]
            if arm in silent or known.empty:
                told = silent.get(arm, "nobody's age is known")
                table.absent_all([at[0]], [arm], statistics, told)
            elif kind == "median":
                _median(table, at, known, by_month=name == "age_months")
            else:
                for statistic, value in zip(_RANGE, (known.min(), known.max()), strict=True):
                    note = _in_years(value) if name == "age_months" else ""
                    table.add(*at, statistic, value, n=1, note=note)


def _median(table: Table, at: tuple[str, str], known: pd.Series, *, by_month: bool) -> None:
    from datrial.models import median_interval

    n = len(known)
    found = median_interval(known.to_numpy()).median
    numbers = (found.estimate, found.ci_low, found.ci_high)
    for statistic, value in zip(_MEDIAN, numbers, strict=True):
        if statistic != "median" and n < _FEWEST:
            table.absent(*at, statistic, _EXTREMES)
            continue
        note = _in_years(value) if by_month and statistic == "median" else ""
        table.add(*at, statistic, value, n=n, note=note, warning=few(n))


def _in_years(months: float) -> str:
    """Return 428 months as ``35 years 8 months``."""
    years, left = divmod(months, 12)
    return f"{years:.0f} years {left:g} months" if left else f"{years:.0f} years"


def bands_table(clients: Clients, first_ages: Sequence[int]) -> Table:
    """Return how many clients are in each band of ages."""
    table = Table(
        "client_profile.age_bands",
        "Ages of clients",
        f"Completed years at the first referral that tells them; each age is in one band. {SHARES}"
        f"{clients.cohorts.note}",
        ("R-T16", "F-F14"),
    )
    clients.cohorts.name_columns(table)
    bands = age_bands(first_ages)
    people = clients.people.assign(band=None).astype({"band": object})
    for code, (_, low, high) in bands.items():
        years = people["age_years"]
        people.loc[(years >= low) & (years < high), "band"] = code
    known = {code: label for code, (label, _, _) in bands.items()}
    answers = Answers(known, {MISSING: NO_ANSWER[MISSING]}, clients.never_told("age_years"))
    banded = Clients(clients.cohorts, people, clients.strands)
    for start, words, group in banded.groups():
        add_answers(table, clients.cohorts, group, answers, "band", (start, words))
    return table


def age_bands(first_ages: Sequence[int]) -> dict[str, tuple[str, float, float]]:
    """Return code -> label, first age, and the first age of the next band."""
    first, last = first_ages[0], first_ages[-1]
    bands = {f"age_under_{first}": (f"Under {first}", float("-inf"), float(first))}
    for low, high in pairwise(first_ages):
        label = f"{low} to {high - 1}" if high - low > 1 else f"{low}"
        bands[f"age_{low}_{high - 1}"] = (label, float(low), float(high))
    bands[f"age_{last}_over"] = (f"{last} and over", float(last), float("inf"))
    return bands
