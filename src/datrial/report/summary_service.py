"""What the summary says about a service's months, and about how long people waited."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datrial.report.numbers import Style, write_number
from datrial.report.summary_words import listed, lowered, not_available, published_words
from datrial.report.summary_words import with_interval as _with_interval
from datrial.results.read import Run, RunTable

_MEASURES = ("requests", "taken_on", "caseload", "closures")
_TREND = {
    "rising": "they rose", "falling": "they fell",
    "undecided": "whether they rise or fall, so few months cannot tell",
}  # fmt: skip


def _activity(run: Run) -> Iterator[str]:
    trends = run.table("service_activity.trend")
    for measure in _MEASURES:
        entry = run.table(f"service_activity.{measure}")
        if entry is None:
            continue
        for arm, cohort in entry.table.column_labels.items():
            what = lowered(entry.table.title.partition(",")[0])
            who = f" of {cohort}" if len(entry.table.column_labels) > 1 else ""
            yield _months(entry, trends, (measure, arm), f"{what[:1].upper()}{what[1:]}{who}")


def _months(entry: RunTable, trends: RunTable | None, of: tuple[str, str], what: str) -> str:
    measure, arm = of
    mean = entry.value("all__months", arm, "mean")
    if mean is None:
        return not_available(f"{what}: the mean of a month", entry, "all__months", arm, "mean")
    beside = published_words(entry, "all__months", arm, "mean", Style.MEAN, " (", ")")
    told = f"{what}: {write_number(mean, Style.INDEX)} a month{beside}"
    strands = [
        f"{lowered(name)} {write_number(value, Style.INDEX)}"
        for row, label in entry.table.row_labels.items()
        if row.endswith("__months") and row != "all__months"
        and (value := entry.value(row, arm, "mean")) is not None
        and (name := label.rpartition(", ")[0])
    ]  # fmt: skip
    told += f", {listed(strands)}" if strands else ""
    row = f"{measure}__all"
    cell = trends.cell(row, arm, "rate_ratio") if trends else None
    if trends is None or cell is None or cell.value is None or not cell.note:
        return f"{told}."
    ratio = _with_interval(trends, row, arm, "rate_ratio", Style.RATIO)
    return f"{told}; from month to month a ratio of {ratio}: {_TREND.get(cell.note, cell.note)}."


def _waiting(run: Run) -> Iterator[str]:
    means, censored = (run.table(f"waiting_times.{name}") for name in ("mean", "censored"))
    if means is None:
        return
    rows = [row for row in means.table.row_labels if row.startswith("request_to_start__")]
    arms = [arm for arm in means.table.column_labels if means.cell(rows[0], arm, "mean")]
    for row in rows:
        for arm in arms:
            cohort = f", {means.table.column_labels[arm]}" if len(arms) > 1 else ""
            what = f"{means.table.row_labels[row]}{cohort}"
            if means.value(row, arm, "mean") is None:
                yield not_available(f"{what}: the mean", means, row, arm, "mean")
                continue
            days = _with_interval(means, row, arm, "mean", Style.MEAN, " days")
            told = f"{what}: a mean of {days} of those who started"
            median = censored and censored.value(f"{row}__closed_left_out", arm, "median")
            if median:
                told += f"; with those who still wait, half have started after {median:,.0f} days"
            yield f"{told}."


SERVICE_SENTENCES: dict[str, Callable[[Run], Iterator[str]]] = {
    "service_activity": _activity,
    "waiting_times": _waiting,
}
