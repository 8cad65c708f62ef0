"""Tables of a service's months: a number of each, the total, the mean, and the fitted trend."""

from __future__ import annotations

from collections.abc import Sequence

from datrial.analyses.service_activity_data import (
    CLIENTS,
    MEASURES,
    MONTHS,
    OTHER_WAYS,
    Service,
)
from datrial.analyses.service_activity_trends import trend_of
from datrial.results.cells import Table

FITTED = ("fitted", "ci_low", "ci_high")
_RULES = {
    "requests": "Referrals by the day of the request.",
    "assessments": "By the day of the assessment.",
    "taken_on": "By the day of acceptance, or what stands for it.",
    "closures": "Cases that had been taken on, by the day of closure.",
    "awaiting": "Clients taken on who had not started and were not closed at the end of the "
    "month's last day.",
    "caseload": "Clients awaiting or receiving the intervention on any day of the month; a "
    "client is in the month of closure and not in the next.",
}
_FITTED_NOTE = (
    " Fitted: the trend of these counts, quasi-Poisson, with the 95% interval of the trend, which "
    "is no band for single months."
)


def month_tables(service: Service) -> list[Table]:
    """Return a table for each measure, a row for each strand and month."""
    return [_of_measure(service, measure) for measure in MEASURES]


def _of_measure(service: Service, measure: str) -> Table:
    catalogue = ("F-F3",) if measure == "closures" else ("F-F1",)
    added = "Client-months" if measure in CLIENTS else "All months"
    mean = (
        f" {added}: the sum of the months, and their mean over whole months. A month that was "
        "not received whole is in no mean and no trend."
    )
    table = Table(
        f"service_activity.{measure}",
        f"{MEASURES[measure]}, by month",
        f"{_RULES[measure]}{mean}{_FITTED_NOTE}",
        catalogue,
    )
    service.cohorts.name_columns(table, difference=False)
    for strand in service.strands:
        for month in service.months:
            table.row(f"{strand}__{month.key}", _of_month(service, strand, month.label))
        table.row(f"{strand}__{MONTHS}", service.named(strand, added))
        for arm in service.cohorts.labels:
            _months(table, service, measure, strand, arm)
            add_total(table, service, ("measure", measure, arm, strand), f"{strand}__{MONTHS}")
    return table


def _of_month(service: Service, strand: str, month: str) -> str:
    return f"{service.strands[strand]}, {month}" if len(service.strands) > 1 else month


def _months(table: Table, service: Service, measure: str, strand: str, arm: str) -> None:
    fit = trend_of(service.series("measure", measure, arm, strand))
    for time, month in enumerate(service.months):
        row = f"{strand}__{month.key}"
        known = service.known_of("measure", arm, month, measure)
        number = service.number("measure", measure, arm, strand, month)
        table.add(row, arm, "count", number, warning=known.warning, reason=known.reason)
        if isinstance(fit, str) or time not in fit.line.index:
            reason = fit if isinstance(fit, str) else known.reason or "the month is not whole"
            table.absent_all([row], [arm], FITTED, reason)
            continue
        for statistic in FITTED:
            table.add(row, arm, statistic, float(fit.line[statistic].loc[time]),
                      reason="the trend has no end")  # fmt: skip


def add_total(table: Table, service: Service, of: tuple[str, str, str, str], row: str) -> None:
    """Add the sum of the months, and the mean of those that are whole."""
    kind, code, arm, _ = of
    reason, warning = service.reason(kind, arm, code), service.without(kind, arm, code)
    table.add(row, arm, "count", service.total(*of), warning=warning, reason=reason)
    table.add(row, arm, "mean", mean_of(service.series(*of)), warning=warning,
              reason=reason or "no month is whole")  # fmt: skip


def mean_of(series: Sequence[float]) -> float | None:
    """Return the mean of the months with a number."""
    known = [number for number in series if number == number]
    return sum(known) / len(known) if known else None


def definitions_table(service: Service) -> Table:
    """Return the clients of a month as the other way of counting has them."""
    table = Table(
        "service_activity.definitions",
        "Clients awaiting and live caseload, counted the other way",
        "Whoever waited on any day of a month is more than who waits at its end, and a month's "
        "caseload of any day is more than the people whom the service has at one time. "
        "Client-months, and their mean over whole months.",
        ("F-F1",),
    )
    service.cohorts.name_columns(table, difference=False)
    for measure, label in OTHER_WAYS.items():
        for strand in service.strands:
            row = f"{measure}__{strand}"
            table.row(row, service.named(strand, label))
            for arm in service.cohorts.labels:
                add_total(table, service, ("measure", measure, arm, strand), row)
    return table


def set_aside_table(service: Service, counts: dict[str, dict[str, tuple[int, int]]]) -> Table:
    """Return how many referrals are set aside or incomplete.

    Parameters
    ----------
    counts
        Row -> arm -> (referrals that are so, all).
    """
    table = Table(
        "service_activity.set_aside",
        "Referrals whose days or strand cannot be used",
        "Of all referrals received, those from before the reporting period included. Out of "
        "order: one of its days must be wrong; it is in no caseload and no waiting time, and its "
        "events are counted in the months they name.",
        ("F-F1",),
    )
    service.cohorts.name_columns(table, difference=False)
    labels = {
        "out_of_order": "A day comes before one that it must follow",
        "not_taken_on_but_closed": "Closed as a case with a reason of closure, never taken on",
        "no_strand": "No strand is recorded",
    }
    for row, label in labels.items():
        table.row(row, label)
        reasons = {arm: service.reason("measure", arm) for arm in service.cohorts.labels}
        reason = "" if "" in reasons.values() else "; ".join(sorted(set(reasons.values())))
        service.cohorts.add_shares(table, row, counts[row], reason=reason)
    return table
