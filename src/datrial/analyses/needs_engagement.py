"""Tables of engagement with the case manager by need, and of needs by engagement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.levels import NEEDS, TIME_POINTS
from datrial.analyses.need_levels import level_items, need_levels
from datrial.analyses.needs_data import dont_know_rule, need_items
from datrial.analyses.received import received
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context

ENGAGEMENT = {
    "engaged": "Engaged",
    "partially_engaged": "Partially engaged",
    "did_not_engage": "Did not engage",
    "no_contact_made": "No contact made",
}
_ANSWERS = {"yes": 1.0, "no": 0.0}
#: Need -> answer -> engagement -> people.
Counts = dict[str, dict[str, dict[str, int]]]


def engagement_tables(context: Context, time_point: str, dont_know: str) -> list[Table]:
    """Return engagement by need, needs by engagement, the tests, and engagement at high need."""
    items = need_items(context, time_point, dont_know).dropna(how="all")
    engagement = _engagement(context, time_point)
    known = engagement.reindex(items.index).dropna()
    nothing = received(context, "cms").reason() or (
        "" if len(known) else "no engagement of a service user with an answered need is known"
    )
    counted = (
        f"; {nothing}"
        if nothing
        else (
            ". Service users with an answered need and a known engagement, "
            f"n = {len(known)} ({len(items) - len(known)} without a known engagement are left out)"
        )
    )
    note = (
        f"Needs at {TIME_POINTS[time_point].lower()}, engagement over the whole case{counted}. "
        f"{dont_know_rule(dont_know)}"
    )
    counts = {need: _counts(items.loc[known.index, need], known) for need in NEEDS}
    return [
        _by_need(counts, note, nothing),
        _by_engagement(counts, note, nothing),
        _tests(counts, note, nothing),
        _high_needs(context, time_point, engagement.dropna()),
    ]


def _engagement(context: Context, time_point: str) -> pd.Series:
    """Return each person's engagement; don't know is missing."""
    frame = context.connection.execute(
        "select person_id, engagement from marts.need where time_point = ? order by person_id",
        [time_point],
    ).df()
    levels = frame.set_index("person_id")["engagement"]
    return levels.where(levels.isin(list(ENGAGEMENT)))


def _counts(need: pd.Series, engagement: pd.Series) -> dict[str, dict[str, int]]:
    """Return answer -> engagement -> people."""
    counts = {}
    for answer, code in _ANSWERS.items():
        people = engagement[need == code].value_counts()
        counts[answer] = {level: int(people.get(level, 0)) for level in ENGAGEMENT}
    return counts


def _by_need(counts: Counts, note: str, nothing: str) -> Table:
    table = Table(
        "needs.engagement_by_need",
        "Engagement with the case manager by presence of each need",
        f"Each row adds up to 100%. {note}",
        ("D-T5",),
    )
    _name_columns(table)
    for need, label in NEEDS.items():
        for answer in _ANSWERS:
            table.row(f"{need}__{answer}", f"{label}: {answer}")
            reason = nothing or f"nobody answered {answer}"
            _row_shares(table, f"{need}__{answer}", counts[need][answer], reason)
    return table


def _by_engagement(counts: Counts, note: str, nothing: str) -> Table:
    table = Table(
        "needs.by_engagement",
        "Presence of each need by engagement with the case manager",
        f"Of each level of engagement, the two rows of a need add up to 100%. {note}",
        ("D-T6",),
    )
    _name_columns(table)
    for need, label in NEEDS.items():
        for answer in _ANSWERS:
            table.row(f"{need}__{answer}", f"{label}: {answer}")
            for level in ENGAGEMENT:
                n = sum(counts[need][each][level] for each in _ANSWERS)
                share = counts[need][answer][level] / n if n else None
                reason = nothing or "nobody with an answer engaged like this"
                at = (f"{need}__{answer}", level, "share")
                table.add(*at, share, n=n or None, reason=reason)
    return table


def _tests(counts: Counts, note: str, nothing: str) -> Table:
    """Return one test of independence for each need, and the p-values adjusted together."""
    from datrial.models import ModelDataError, adjust_benjamini_hochberg, independence_test

    table = Table(
        "needs.engagement_tests",
        "Tests of whether engagement differs by need",
        "Four levels of engagement, need present against absent. Exact (Freeman-Halton) where an "
        "expected count is below five, else Pearson's chi-square. Adjusted: Benjamini and "
        f"Hochberg, over the needs of this table. {note}",
        ("D-T5",),
    )
    table.column("chi_square", "Chi-square")
    table.column("p_value", "p-value")
    table.column("adjusted", "p-value, adjusted")
    found, faults = {}, {}
    for need, label in NEEDS.items():
        table.row(need, label)
        try:
            found[need] = independence_test(
                [list(counts[need][each].values()) for each in _ANSWERS]
            )
        except ModelDataError as error:
            faults[need] = nothing or f"no test: {error}"
    p_values = [test.p_value for test in found.values()]
    adjusted = dict(zip(found, adjust_benjamini_hochberg(p_values), strict=True))
    for need in NEEDS:
        if need in faults:
            table.absent(need, "chi_square", "value", faults[need])
            table.absent_all([need], ["p_value", "adjusted"], ["p_value"], faults[need])
            continue
        test = found[need]
        warning = "an expected count is below five" if test.is_approximate else ""
        method = "exact" if test.method == "exact" else "chi-square"
        table.add(need, "chi_square", "value", test.statistic, n=test.n)
        table.add(need, "p_value", "p_value", test.p_value, n=test.n, note=method, warning=warning)
        table.add(need, "adjusted", "p_value", adjusted[need], n=test.n)
    return table


def _high_needs(context: Context, time_point: str, engagement: pd.Series) -> Table:
    when = TIME_POINTS[time_point].lower()
    nothing = received(context, "cms").reason()
    table = Table(
        "needs.high_need_engagement",
        f"Engagement of service users with a high need at {when}",
        f"Each row adds up to 100%. High: excessive or high at {when}; housing: transitory, "
        "unstable or temporary, homeless apart; mental health: poor or fair. Service users with "
        f"a known engagement{f'; {nothing}' if nothing else ''}.",
        ("D-F5",),
    )
    _name_columns(table)
    levels = need_levels(context, time_point)
    levels = levels.loc[levels.index.isin(engagement.index)]
    engagement = engagement.loc[levels.index]
    high = level_items(levels, "high", "missing")
    groups = {need: (high[need], "nobody has a high need") for need in NEEDS}
    groups["homeless"] = ((levels["housing"] == "homeless").astype(float), "nobody is homeless")
    for row, label in _high_rows().items():
        table.row(row, label)
        item, nobody = groups[row]
        has_levels = levels["housing" if row == "homeless" else row].notna().any()
        reason = nothing or (nobody if has_levels else "no form gives a level of this need")
        _row_shares(table, row, _counts(item, engagement)["yes"], reason)
    return table


def _high_rows() -> dict[str, str]:
    rows = {}
    for need, label in NEEDS.items():
        rows[need] = label
        if need == "housing":
            rows["homeless"] = "Housing: homeless"
    return rows


def _name_columns(table: Table) -> None:
    for level, label in ENGAGEMENT.items():
        table.column(level, label)


def _row_shares(table: Table, row: str, counts: dict[str, int], reason: str) -> None:
    """Add the share of each level of engagement within a group; a reason if it is empty."""
    n = sum(counts.values())
    for level, count in counts.items():
        table.add(row, level, "share", count / n if n else None, n=n or None, reason=reason)
