"""The trend of each monthly number: a rate ratio to be trusted, and the straight line of print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from datrial.analyses.service_activity_data import CLIENTS, MEASURES, Service
from datrial.results.cells import Table

if TYPE_CHECKING:
    from datrial.models.count_trends import CountTrend
    from datrial.models.trends import LinearTrend

_RATIO = ("rate_ratio", "ci_low", "ci_high", "first_month", "last_month")
_LINE = ("first_month", "last_month", "per_month", "ci_low", "ci_high")
_SAME_CLIENTS = "the same clients are in neighbouring months, which makes the interval too narrow"


def trend_of(series: Sequence[float]) -> CountTrend | str:
    """Return the log-linear trend of monthly counts, or why there is none."""
    from datrial.models import ModelDataError, count_trend

    try:
        return count_trend(series)
    except ModelDataError as error:
        return f"there is no trend: {error}"


def line_of(series: Sequence[float]) -> LinearTrend | str:
    """Return the straight line through monthly counts, or why there is none."""
    from datrial.models import ModelDataError, linear_trend

    try:
        return linear_trend(series)
    except ModelDataError as error:
        return f"there is no line: {error}"


def trend_tables(service: Service, activities: Mapping[str, str]) -> list[Table]:
    """Return the trends of all measures and activities, fitted in two ways.

    Parameters
    ----------
    activities
        Code -> label.
    """
    ratios = Table(
        "service_activity.trend",
        "Trend of monthly numbers: ratio of each month to the one before",
        "This is the trend to read. Log-linear, quasi-Poisson, Student's t with two degrees of "
        "freedom less than whole months: its interval allows for the chance in counts, and for "
        "there being few months. Undecided: it holds 1, so that the numbers may as well stay "
        "level. Of clients awaiting and on the caseload no direction is told: neighbouring months "
        "share them. First and last month: as fitted.",
        ("F-F1",),
    )
    lines = Table(
        "service_activity.line",
        "Straight lines through monthly numbers, as reports draw them",
        "Beside the trend, to reproduce what is printed: from the fitted first to the fitted last "
        "month. Least squares takes a month of many and of few as equally certain, and the line "
        "can go below nothing. Per month: the change, with Student's interval.",
        ("F-F1",),
    )
    for table in (ratios, lines):
        service.cohorts.name_columns(table, difference=False)
    for row, label, of in _rows(service, activities):
        for table in (ratios, lines):
            table.row(row, label)
        for arm in service.cohorts.labels:
            kind, code, strand = of
            series = service.series(kind, code, arm, strand)
            reason = service.reason(kind, arm, code)
            warning = _SAME_CLIENTS if code in CLIENTS else ""
            _add_ratio(ratios, (row, arm), reason or trend_of(series), warning)
            _add_line(lines, (row, arm), reason or line_of(series), warning)
    return [ratios, lines]


def _rows(
    service: Service, activities: Mapping[str, str]
) -> Iterator[tuple[str, str, tuple[str, str, str]]]:
    """Yield each row with its label and the kind, code and strand of its numbers."""
    for measure, label in MEASURES.items():
        for strand in service.strands:
            yield f"{measure}__{strand}", _label(service, label, strand), (
                "measure", measure, strand,
            )  # fmt: skip
    for code, label in activities.items():
        for strand in service.strands:
            yield f"activity_{code}__{strand}", _label(service, label, strand), (
                "activity", code, strand,
            )  # fmt: skip


def _label(service: Service, label: str, strand: str) -> str:
    return f"{label}: {service.strands[strand]}" if len(service.strands) > 1 else label


def _add_ratio(table: Table, at: tuple[str, str], fit: CountTrend | str, warning: str) -> None:
    if isinstance(fit, str):
        table.absent_all([at[0]], [at[1]], _RATIO, fit)
        return
    ratio = fit.rate_ratio
    values = (ratio.estimate, ratio.ci_low, ratio.ci_high, fit.start.estimate, fit.end.estimate)
    left_out = f"{fit.n_left_out} months are not in it" if fit.n_left_out else ""
    for statistic, value in zip(_RATIO, values, strict=True):
        note = _verdict(ratio.ci_low, ratio.ci_high) if statistic == "rate_ratio" else ""
        note = "" if warning else note  # the interval is too narrow to judge by
        table.add(*at, statistic, value, note=note, reason=" ".join(fit.notes),
                  warning="; ".join(filter(None, (warning, left_out))))  # fmt: skip


def _verdict(low: float, high: float) -> str:
    """Return the direction that the interval leaves open, in a word; level may be true too."""
    return "rising" if low > 1 else "falling" if high < 1 else "undecided"


def _add_line(table: Table, at: tuple[str, str], fit: LinearTrend | str, warning: str) -> None:
    if isinstance(fit, str):
        table.absent_all([at[0]], [at[1]], _LINE, fit)
        return
    slope = fit.slope
    values = (
        fit.start.estimate, fit.end.estimate, slope.estimate, slope.ci_low, slope.ci_high
    )  # fmt: skip
    for statistic, value in zip(_LINE, values, strict=True):
        table.add(*at, statistic, value, warning=warning, reason=" ".join(fit.notes))
