"""What the summary says about victims-survivors: their reports, their support, their risk."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datrial.analyses.levels import BEHAVIOURS
from datrial.report.absent import HIDDEN, hidden_number, is_hidden
from datrial.report.figures_victims import arms_of
from datrial.report.numbers import Style
from datrial.report.summary_words import (
    arm_words,
    arms_in,
    listed,
    lowered,
    not_available,
    of_whom,
    once_a_reason,
    points_with_interval,
    published_words,
    reason_of,
    share_words,
    with_interval,
)
from datrial.results.read import Run, RunTable

ENGAGED = (
    "Only victims-survivors who engaged with an IDVA (independent domestic violence adviser) after "
    "the allocation are seen: these arms are not comparable by randomisation."
)
OPEN = "the data do not settle whether the arms differ"


def _reports(run: Run) -> Iterator[str]:
    """Say how many reported each behaviour at intake and exit, by arm, and the difference."""
    shares, change = (
        run.table("victim_behaviours.prevalence"),
        run.table("victim_behaviours.change"),
    )
    if shares is None or change is None:
        return
    missing = []
    for behaviour, label in BEHAVIOURS.items():
        if behaviour not in change.table.row_labels:
            continue
        at = (behaviour, "difference", "share_difference")
        if change.value(*at) is None and not is_hidden(change.cell(*at)):
            what = f"{label}: the difference of the changes of the arms"
            said = not_available(what, change, *at)
            missing.append((reason_of(change, *at), lowered(label), [said]))
            continue
        parts = [_fall(shares, behaviour, arm) for arm in arms_of(shares, "share")]
        first, second = arms_in(change.table.column_labels["difference"])
        difference = points_with_interval(change, *at) or f"{HIDDEN} [c]"
        yield (
            f"{label}: reported by {listed(parts)}. The change in {first} less that in {second} is "
            f"{difference}{_open_zero(change, *at[:2])}."
        )
    yield from once_a_reason(missing)
    yield ENGAGED


def _fall(entry: RunTable, behaviour: str, arm: str) -> str:
    """Return ``70.9% at intake and 7.8% at exit of Drive (103 pairs)``."""
    rows = [(f"{behaviour}__{time}", time) for time in ("intake", "exit")]
    told = [f"{share_words(entry, row, arm, 'share')} at {time}" for row, time in rows]
    number = max(of_whom(entry, row, arm, "share") for row, _ in rows)
    n = f" ({number:,} pairs of forms)" if number else ""
    return f"{listed(told)} in {arm_words(entry.table.column_labels[arm])}{n}"


def _open_zero(entry: RunTable, row: str, column: str) -> str:
    low, high = (entry.value(row, column, end) for end in ("ci_low", "ci_high"))
    holds = low is not None and high is not None and low <= 0 <= high
    return "; the interval includes 0, so the arms may not differ" if holds else ""


def _support(run: Run) -> Iterator[str]:
    """Say the length and amount of support by arm, and how often help was sought before."""
    missing = []
    for table_id, rows in (
        ("victim_support.amount", ("days_of_support", "contacts", "number_of_supports")),
        ("victim_support.self_mobilised", ("attempts_to_leave",)),
    ):
        entry = run.table(table_id)
        for row in rows if entry else ():
            if entry is None or row not in entry.table.row_labels:
                continue
            label, at = entry.table.row_labels[row], (row, "welch", "difference")
            if entry.value(*at) is None:
                what = not_available(f"{label}: the difference of the arms", entry, *at)
                missing.append((reason_of(entry, *at), lowered(label), [what]))
            else:
                yield _means(entry, row)
    yield from once_a_reason(missing)
    if run.table("victim_support.amount"):
        yield ENGAGED


def _means(entry: RunTable, row: str) -> str:
    told = []
    for arm in arms_of(entry, "sd"):
        value, cell = entry.value(row, arm, "mean"), entry.cell(row, arm, "mean")
        if is_hidden(cell):
            arm_label = arm_words(entry.table.column_labels[arm])
            told.append(f"{hidden_number('mean')} in {arm_label}")
        if value is not None and cell:
            beside = published_words(entry, row, arm, "mean", Style.MEAN, ", ")
            of = f" (n = {cell.n:,}{beside})" if cell.n else ""
            told.append(f"{value:,.1f} in {arm_words(entry.table.column_labels[arm])}{of}")
    difference = with_interval(entry, row, "welch", "difference", Style.MEAN)
    means = f"{listed(told)} on average; " if told else ""
    return (
        f"{entry.table.row_labels[row]}: {means}difference {difference}"
        f"{_open_zero(entry, row, 'welch')}."
    )


def _risk(run: Run) -> Iterator[str]:
    change, tests = run.table("victim_risk.change"), run.table("victim_risk.tests")
    if change:
        yield _reduced(change)
    for row in tests.table.row_labels if tests else ():
        if tests:
            yield _worse(tests, row)
    if change or tests:
        yield ENGAGED


def _reduced(entry: RunTable) -> str:
    row = "significant_reduction"
    arms = arms_of(entry, "share")
    told = []
    for arm in arms:
        cell = entry.cell(row, arm, "share")
        n = f" ({cell.n:,} answers)" if cell and cell.n and cell.value is not None else ""
        beside = published_words(entry, row, arm, "share", Style.SHARE, " (", ")")
        words = share_words(entry, row, arm, "share")
        told.append(f"{words}{beside} in {arm_words(entry.table.column_labels[arm])}{n}")
    if all(entry.value(row, arm, "share") is None for arm in arms):
        what = "How IDVAs saw the risk change"
        return not_available(what, entry, row, arms[0] if arms else "", "share")
    return f"IDVAs saw a significant reduction of the risk for {listed(told)}."


def _worse(tests: RunTable, row: str) -> str:
    what = lowered(tests.table.row_labels[row])
    if tests.value(row, "odds_ratio", "odds_ratio") is None:
        return not_available(
            f"The odds ratio of a worse answer on {what}", tests, row, "odds_ratio", "odds_ratio"
        )
    first, second = arms_in(tests.table.column_labels["odds_ratio"])
    low, high = (tests.value(row, "odds_ratio", end) for end in ("ci_low", "ci_high"))
    is_open = low is not None and high is not None and low <= 1 <= high
    ratio = with_interval(tests, row, "odds_ratio", "odds_ratio", Style.RATIO)
    ends = f"; the interval includes 1: {OPEN}"
    cell = tests.cell(row, "odds_ratio", "odds_ratio")
    n = f", n = {cell.n:,}" if cell and cell.n else ""
    return (
        f"The odds of a worse answer on {what}, {first} against {second}: {ratio}{n}"
        f"{ends if is_open else ''}. Below 1 the answers are better in {first}."
    )


VICTIM_SENTENCES: dict[str, Callable[[Run], Iterator[str]]] = {
    "victim_behaviours": _reports,
    "victim_support": _support,
    "victim_risk": _risk,
}
