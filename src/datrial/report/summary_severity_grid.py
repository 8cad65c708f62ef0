"""What the summary says about severity of abuse and scored needs, from intake to exit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datrial.analyses.cohorts import DIFFERENCE
from datrial.analyses.levels import BEHAVIOURS
from datrial.analyses.needs_matrix_data import ALL_ITEMS
from datrial.report.absent import interval_of, is_hidden
from datrial.report.numbers import Style, write_number
from datrial.report.summary_words import (
    listed,
    lowered,
    not_available,
    of_whom,
    published_words,
    with_interval,
)
from datrial.results.read import Run, RunTable

_NOT_THE_SERVICE = (
    "Nobody is compared with here: what of this is the service's doing, the numbers do not tell."
)


def _severity(run: Run) -> Iterator[str]:
    entry = run.table("severity_grid.prevalence")
    if entry is None:
        return
    arms = _arms(entry)
    if not any(_has_both(entry, kind, arm) for kind in BEHAVIOURS for arm in arms):
        yield from _at_intake(run)
        return
    for kind, label in BEHAVIOURS.items():
        for arm, cohort in arms.items():
            who = f"{label}{f', {cohort}' if len(arms) > 1 else ''}"
            if entry.cell(kind, arm, "reduction"):
                yield _reduction(entry, kind, arm, who)
    if len(arms) == 1 and any(_told(entry, kind, arm) for kind in BEHAVIOURS for arm in arms):
        yield _NOT_THE_SERVICE


def _has_both(entry: RunTable, kind: str, arm: str) -> bool:
    """Tell whether anybody has a grid at both times, be it hidden how many."""
    cell = entry.cell(kind, arm, "share_intake")
    return cell is not None and (cell.value is not None or is_hidden(cell))


def _at_intake(run: Run) -> Iterator[str]:
    """Say how severe the worst of the four types was at intake, where nothing tells of exit."""
    entry = run.table("severity_grid.overall")
    if entry is None:
        return
    tellers: dict[str, list[str]] = {}
    for row in entry.table.row_labels:
        if row.endswith("__known"):
            tellers.setdefault(row.removesuffix("__known").rpartition("__")[0], []).append(row)
    for rows in tellers.values():
        teller = entry.table.row_labels[rows[0]].rpartition(": ")[0]
        for arm, cohort in _arms(entry).items():
            known = [row for row in rows if entry.value(row, arm, "share") is not None]
            if not known:
                continue
            parts = [_level(entry, row, arm) for row in known if entry.value(row, arm, "count")]
            number = of_whom(entry, known[0], arm, "share")
            people = f" of {number:,} people of whom it is known" if number else ""
            whose = f"{teller}, {cohort}" if len(_arms(entry)) > 1 else teller
            yield f"{whose}: the worst of the four types at intake{people}: {listed(parts)}."
    yield "No grid tells of the end: whether abuse became less severe is not known."


def _level(entry: RunTable, row: str, arm: str) -> str:
    level = entry.table.row_labels[row].rpartition(": ")[2].partition(", ")[0]
    share = write_number(entry.value(row, arm, "share") or 0.0, Style.SHARE)
    return f"{level} {share}{published_words(entry, row, arm, 'share', Style.SHARE, ' (', ')')}"


def _reduction(entry: RunTable, kind: str, arm: str, who: str) -> str:
    if not _told(entry, kind, arm):
        return not_available(f"{who}: the reduction", entry, kind, arm, "reduction")
    first, last = (
        f"{write_number(entry.value(kind, arm, name) or 0.0, Style.SHARE)}"
        f"{published_words(entry, kind, arm, name, Style.SHARE, ' (', ')')}"
        for name in ("share_intake", "share_exit")
    )
    number = of_whom(entry, kind, arm, "reduction")
    people = f" of {number:,} people with both grids" if number else ""
    fall = with_interval(entry, kind, arm, "reduction", Style.SHARE)
    return f"{who}: {first} at intake and {last} at exit{people}, a reduction of {fall}."


def _told(entry: RunTable, row: str, arm: str) -> bool:
    names = ("share_intake", "share_exit", "reduction")
    return all(entry.value(row, arm, name) is not None for name in names)


def _needs(run: Run) -> Iterator[str]:
    means, raters = run.table("needs_matrix.means"), run.table("needs_matrix.raters")
    if means is None or not means.table.row_labels:
        return
    lead = next(iter(means.table.row_labels)).rpartition("__")[0]
    for arm, start in _starts(means).items():
        own = [row for row in _areas(means) if row.startswith(f"{lead}__")]
        yield from _clear(means, own, arm, f"{start}{_rater(means, lead)}'s scores at exit less "
                          "those at intake")  # fmt: skip
    if raters is None:
        return
    for arm, start in _starts(raters).items():
        for pair in dict.fromkeys(row.rpartition("__")[0] for row in _areas(raters)):
            other, _, time = pair.rpartition("__")
            own = [row for row in _areas(raters) if row.rpartition("__")[0] == pair]
            yield from _clear(raters, own, arm, f"{start}{_rater(means, lead)}'s scores less those "
                              f"of the {_rater(means, other).lower()}, at {time}")  # fmt: skip


def _rater(means: RunTable, start: str) -> str:
    """Return a rater by the first part of the rows of means."""
    return means.table.row_labels.get(f"{start}__{ALL_ITEMS}", start).partition(":")[0]


def _starts(entry: RunTable) -> dict[str, str]:
    """Return arm -> how a sentence of it begins: with its label where there are several."""
    arms = _arms(entry)
    return {arm: f"{label}: " if len(arms) > 1 else "" for arm, label in arms.items()}


def _clear(entry: RunTable, rows: list[str], arm: str, what: str) -> Iterator[str]:
    """Say in which areas an interval leaves zero out, and of how many that is known."""
    known = {row: ends for row in rows if (ends := interval_of(entry, row, arm, "difference"))}
    if not known:
        if rows:
            yield not_available(what, entry, rows[0], arm, "difference")
        return
    parts = []
    for side, chosen in (
        ("higher", [row for row, (low, _) in known.items() if low > 0]),
        ("lower", [row for row, (_, high) in known.items() if high < 0]),
    ):
        if chosen:
            parts.append(f"{side} in {listed([_area(entry, row) for row in chosen])}")
    told = " and ".join(parts) or "settled in none of them, as every interval holds zero"
    yield f"{what}, in the {len(known)} areas with an interval: {told}."


def _areas(entry: RunTable) -> list[str]:
    return [row for row in entry.table.row_labels if not row.endswith(f"__{ALL_ITEMS}")]


def _area(entry: RunTable, row: str) -> str:
    """Return an area within a sentence, its commas left to the list."""
    words = entry.table.row_labels[row]
    words = words.partition(": ")[2] or words
    return lowered(words.rpartition(", at ")[0] or words).replace(", ", " / ")


def _arms(entry: RunTable) -> dict[str, str]:
    return {c: label for c, label in entry.table.column_labels.items() if c != DIFFERENCE}


GRID_SENTENCES: dict[str, Callable[[Run], Iterator[str]]] = {
    "severity_grid": _severity,
    "needs_matrix": _needs,
}
