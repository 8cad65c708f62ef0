"""What the summary says of the police data: records, incidents by period, serial and repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datrial.report.absent import HIDDEN, hidden_number, is_hidden
from datrial.report.numbers import Style, write_number
from datrial.report.summary_words import (
    arms_in,
    listed,
    not_available,
    points_with_interval,
    published_words,
    share_words,
)
from datrial.results.read import Run, RunTable

_DIFFERENCE = "difference"
_ABUSE = "domestic_abuse"
_LEVEL = 0.05
_OPEN = "the interval includes 0, so the arms may not differ"


def _follow_up(run: Run) -> Iterator[str]:
    """Say who has a record, how many were recorded for domestic abuse, and when."""
    records, shares = run.table("police_follow_up.records"), run.table("police_follow_up.shares")
    people, check = run.table("police_follow_up.people"), run.table("police_follow_up.unit_check")
    for site, label in _sites(records).items():
        if records:
            yield _record(records, site, label)
    if records:
        yield (
            "Having a record is itself an outcome: people without one are in all other numbers, "
            "with no incident."
        )
    for site, label in _sites(shares).items():
        if shares:
            yield from _periods(shares, people, site, label)
    if check:
        yield from _units(check)
    if shares:
        yield (
            "What the police record is not all that happens, and the end of the intervention is "
            "constructed for controls; the fixed windows of this analysis do not rest on it."
        )


def _sites(entry: RunTable | None) -> dict[str, str]:
    """Return site -> label of a table whose rows begin with their site."""
    sites: dict[str, str] = {}
    for row, label in entry.table.row_labels.items() if entry else ():
        head = label.rpartition(": ")[0]
        sites.setdefault(row.partition("__")[0], head.partition(", ")[0])
    return sites


def _record(entry: RunTable, site: str, label: str) -> str:
    row = f"{site}__with_record"
    if entry.value(row, _DIFFERENCE, "share_difference") is None:
        what = f"{label}: the difference of the arms in having a police record"
        return not_available(what, entry, row, _DIFFERENCE, "share_difference")
    told = [
        f"{share_words(entry, row, arm, 'share')}"
        f"{published_words(entry, row, arm, 'share', Style.SHARE, ' (', ')')} of {arm_label}"
        for arm, arm_label in entry.table.column_labels.items()
        if arm not in ("all", _DIFFERENCE)
    ]
    first, second = arms_in(entry.table.column_labels[_DIFFERENCE])
    difference = points_with_interval(entry, row, _DIFFERENCE, "share_difference")
    p_value = entry.value(row, _DIFFERENCE, "p_value")
    p_words = f", p-value {write_number(p_value, Style.P_VALUE)}" if p_value is not None else ""
    ends = f"; {_OPEN}" if _holds_zero(entry, row) else ""
    return (
        f"{label}: of those about whom the police were asked, {listed(told)} have a record; "
        f"{first} less {second}: {difference}{p_words}{ends}."
    )


def _holds_zero(entry: RunTable, row: str) -> bool:
    low, high = (entry.value(row, _DIFFERENCE, end) for end in ("ci_low", "ci_high"))
    return low is not None and high is not None and low <= 0 <= high


def _periods(entry: RunTable, people: RunTable | None, site: str, label: str) -> Iterator[str]:
    """Say the differences of the shares with a domestic abuse incident, period by period."""
    rows = {
        row: row_label.rpartition(": ")[0].partition(", ")[2]
        for row, row_label in entry.table.row_labels.items()
        if row.startswith(f"{site}__") and row.endswith(f"__{_ABUSE}")
    }
    known = [row for row in rows if entry.value(row, _DIFFERENCE, "share_difference") is not None]
    what = f"{label}: the difference of the arms in the share with a domestic abuse incident"
    if rows and not known:
        yield not_available(what, entry, next(iter(rows)), _DIFFERENCE, "share_difference")
    if not known:
        return
    first, second = arms_in(entry.table.column_labels[_DIFFERENCE])
    told = [
        f"{rows[row]} {points_with_interval(entry, row, _DIFFERENCE, 'share_difference')}"
        for row in known
    ]
    left = "".join(_left(entry, rows, known))
    yield (
        f"{label}, share of people with a domestic abuse incident, {first} less {second}: "
        f"{'; '.join(told)}.{left} {_how_sure(entry, known, rows)}"
    )
    rates = [text for row in known if (text := _rates(people, row, rows[row]))]
    if rates:
        yield f"{label}, domestic abuse incidents per person-year: {'; '.join(rates)}."


def _left(entry: RunTable, rows: dict[str, str], known: list[str]) -> Iterator[str]:
    """Say which periods have no number, apart by why."""
    cells = {row: entry.cell(row, _DIFFERENCE, "share_difference") for row in rows}
    hidden = [rows[row] for row in rows if is_hidden(cells[row])]
    missing = [rows[row] for row in rows if row not in known and not is_hidden(cells[row])]
    if missing:
        yield f" Not available: {listed(missing)}."
    if hidden:
        yield f" {HIDDEN.capitalize()} [c]: {listed(hidden)}."


def _how_sure(entry: RunTable, known: list[str], rows: dict[str, str]) -> str:
    adjusted = {
        row: p
        for row in known
        if (p := entry.value(row, _DIFFERENCE, "p_value_adjusted")) is not None
    }
    below = [rows[row] for row, p in adjusted.items() if p < _LEVEL]
    if not adjusted:
        return "How sure these are is not known: there is no p-value after the allocation."
    hidden = sum(is_hidden(entry.cell(row, _DIFFERENCE, "p_value_adjusted")) for row in rows)
    number = len(adjusted) + hidden
    of = f"Adjusted for the {number} periods after the allocation (Holm's method)"
    if below:
        return f"{of}, the p-value is below {_LEVEL:g} for: {listed(below)}."
    return f"{of}, no p-value is below {_LEVEL:g}: the data do not settle whether the arms differ."


def _rates(people: RunTable | None, row: str, period: str) -> str:
    if people is None:
        return ""
    told = [
        f"{hidden_number('rate') if cell.value is None else write_number(cell.value, Style.MEAN)}"
        f" of {label}"
        for arm, label in people.table.column_labels.items()
        if (cell := people.cell(row, arm, "incident_rate")) is not None
        and (cell.value is not None or is_hidden(cell))
    ]
    return f"{period} {' and '.join(told)}" if told else ""


def _units(entry: RunTable) -> Iterator[str]:
    """Say where the published means per person cannot be per person."""
    wrong = []
    for row, label in entry.table.row_labels.items():
        product, total = (
            entry.printed(row, name, "count") for name in ("over_incidents", "counted")
        )
        if product is not None and total is not None and product > 1.5 * total:
            wrong.append(f"{label} {product:,.0f} against {total:,.0f} printed")
    if wrong:
        yield (
            "The published means per person cannot be per person: times the people they give more "
            f"incidents than are printed ({'; '.join(wrong)}). They fit means taken over "
            "incidents. Ours are over people, and their products are the numbers counted."
        )


def _perpetrators(run: Run) -> Iterator[str]:
    """Say how many are serial and how many repeat, of all asked about and of those recorded."""
    entry = run.table("police_perpetrators.perpetrators")
    if entry is None:
        return
    for site, label in _sites(entry).items():
        for group, words in (("serial", "serial"), ("repeat", "repeat")):
            row, recorded = f"{site}__{group}", f"{site}__{group}__with_record"
            cell = entry.cell(row, "all", "count")
            if cell is None:
                continue
            if cell.value is None:
                what = f"{label}: the number of {words} perpetrators"
                yield not_available(what, entry, row, "all", "count")
                continue
            of = f" of {cell.n:,}" if cell.n else ""
            printed = published_words(entry, recorded, "all", "share", Style.SHARE, " (", ")")
            yield (
                f"{label}: {cell.value:,.0f}{of} about whom the police were asked are {words} "
                f"perpetrators ({share_words(entry, row, 'all', 'share')}); of those with a "
                f"record {share_words(entry, recorded, 'all', 'share')}{printed}."
            )
    yield (
        "Who is serial or repeat is known only from the whole of the data, follow-up included: "
        "their arms are not comparable by randomisation."
    )


POLICE_SENTENCES: dict[str, Callable[[Run], Iterator[str]]] = {
    "police_follow_up": _follow_up,
    "police_perpetrators": _perpetrators,
}
