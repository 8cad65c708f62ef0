"""Why people were not taken on after an assessment, and why cases were closed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from datrial.analyses.service_activity_data import ALL, NOT_RECORDED, Service, within
from datrial.analyses.service_activity_tables import mean_of
from datrial.results.cells import Table

ALL_REASONS = "all_reasons"
EXTERNAL = "external"


@dataclass(frozen=True)
class Reasons:
    """One question of reasons.

    Attributes
    ----------
    kind
        Of ``marts.service_month``.
    labels
        Reason -> what people read, of those that shares are of.
    external
        Reasons outside the service, left out of shares.
    """

    id: str
    by_month: str
    kind: str
    what: str
    note: str
    labels: Mapping[str, str]
    external: Collection[str] = ()


def reason_tables(service: Service, asked: Reasons) -> list[Table]:
    """Return the reasons by strand over all months, and by month over all strands."""
    return [_by_strand(service, asked), _by_month(service, asked)]


def _by_strand(service: Service, asked: Reasons) -> Table:
    table = Table(
        f"service_activity.{asked.id}",
        f"{asked.what}, by reason",
        f"{asked.note} Share: of those with such a reason, all months pooled, with Wilson's "
        "interval. Share by month: the mean of the monthly shares, in which a month of few weighs "
        "as much as one of many; that is how a figure by month is averaged. Mean: per whole "
        f"month.{service.cohorts.note}",
        ("F-F3",),
    )
    service.cohorts.name_columns(table)
    for strand in service.strands:
        for code, label in asked.labels.items():
            _of_reason(table, service, asked, strand, (code, label))
        _sums(table, service, asked, strand)
    return table


def _of_reason(
    table: Table, service: Service, asked: Reasons, strand: str, reason: tuple[str, str]
) -> None:
    code, label = reason
    row = f"{strand}__{code}"
    table.row(row, service.named(strand, label))
    counts, missing = {}, {}
    for arm in service.cohorts.labels:
        missing[arm] = service.reason(asked.kind, arm)
        count = service.total(asked.kind, code, arm, strand) or 0
        counts[arm] = (count, _all(service, asked, arm, strand))
    nothing = "" if "" in missing.values() else "; ".join(sorted(set(missing.values())))
    service.cohorts.add_shares(table, row, counts, reason=nothing)
    for arm in service.cohorts.labels:
        shares = _monthly_shares(service, asked, arm, strand, code)
        series = service.series(asked.kind, code, arm, strand)
        table.add(row, arm, "share_by_month", mean_of(shares),
                  reason=missing[arm] or "no whole month has a case")  # fmt: skip
        table.add(row, arm, "mean", mean_of(series), reason=missing[arm] or "no month is whole")


def _sums(table: Table, service: Service, asked: Reasons, strand: str) -> None:
    """Add all with a reason that counts, those with an external one, those without any."""
    table.row(f"{strand}__{ALL_REASONS}", service.named(strand, "All these reasons"))
    if asked.external:
        table.row(f"{strand}__{EXTERNAL}", service.named(strand, "Reasons outside the service"))
    table.row(f"{strand}__{NOT_RECORDED}", service.named(strand, "No reason recorded"))
    for arm in service.cohorts.labels:
        missing, warning = service.reason(asked.kind, arm), service.without(asked.kind, arm)
        series = [service.series(asked.kind, code, arm, strand) for code in asked.labels]
        of_months = [sum(month) for month in zip(*series, strict=True)]
        numbers = {
            ALL_REASONS: _all(service, asked, arm, strand),
            EXTERNAL: _total(service, asked, arm, strand, asked.external),
            NOT_RECORDED: _total(service, asked, arm, strand, [NOT_RECORDED]),
        }
        for name, number in numbers.items():
            if f"{strand}__{name}" in table.row_labels:
                table.add(f"{strand}__{name}", arm, "count", None if missing else number,
                          warning=warning, reason=missing)  # fmt: skip
        table.add(f"{strand}__{ALL_REASONS}", arm, "mean", mean_of(of_months), warning=warning,
                  reason=missing or "no month is whole")  # fmt: skip


def _by_month(service: Service, asked: Reasons) -> Table:
    table = Table(
        f"service_activity.{asked.by_month}",
        f"{asked.what}, by month and reason",
        f"{asked.note} Share: of those of the month with such a reason.",
        ("F-F3",),
    )
    service.cohorts.name_columns(table, difference=False)
    for month in service.months:
        for code, label in asked.labels.items():
            row = f"{month.key}__{code}"
            table.row(row, f"{month.label}, {within(label)}")
            for arm in service.cohorts.labels:
                known = service.known_of(asked.kind, arm, month)
                if known.reason:
                    table.absent_all([row], [arm], ("count", "share"), known.reason)
                    continue
                count = service.number(asked.kind, code, arm, ALL, month) or 0
                n = sum(service.number(asked.kind, other, arm, ALL, month) or 0
                        for other in asked.labels)  # fmt: skip
                for statistic, value in (("count", count), ("share", count / n if n else None)):
                    table.add(row, arm, statistic, value, n=n, warning=known.warning,
                              reason="there is no case in this month")  # fmt: skip
    return table


def _monthly_shares(
    service: Service, asked: Reasons, arm: str, strand: str, code: str
) -> list[float]:
    """Return the share of a reason in every whole month that has a case."""
    series = {name: service.series(asked.kind, name, arm, strand) for name in asked.labels}
    sums = [sum(month) for month in zip(*series.values(), strict=True)]
    return [number / of for number, of in zip(series[code], sums, strict=True) if of > 0]


def _all(service: Service, asked: Reasons, arm: str, strand: str) -> int:
    return _total(service, asked, arm, strand, list(asked.labels))


def _total(
    service: Service, asked: Reasons, arm: str, strand: str, codes: Sequence[str] | Collection[str]
) -> int:
    return sum(service.total(asked.kind, code, arm, strand) or 0 for code in codes)
