"""The words and numbers of a comparison of two runs, on the screen and on its page."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from datrial.report.numbers import MINUS, Style, label_of, style_of, write_difference, write_number
from datrial.results.cells import Cell, State
from datrial.results.difference_data import several
from datrial.results.difference_ranking import DIRECTION, SIGNIFICANCE, flag_of, primary_outcomes
from datrial.results.differences import CellDifference, Differs, Kind, RunComparison
from datrial.results.read import Run, RunTable

STATES = {
    State.SUPPRESSED: "[c] hidden",
    State.NOT_AVAILABLE: "not available",
    State.NOT_APPLICABLE: "not applicable",
}
KINDS = {
    Kind.DATA: "Data",
    Kind.PARAMETERS: "Parameters",
    Kind.CODE: "Code",
    Kind.DISCLOSURE: "Disclosure control",
    Kind.FAILURE: "An analysis that failed",
    Kind.UNEXPLAINED: "Unexplained",
}
_MOST_DIGITS = 17
_ENDS = {"ci_low": "95% interval from", "ci_high": "95% interval to"}


def cause_title(cause: str) -> str:
    """Return a cause, or several joined by ``or``, as a heading."""
    titles = [KINDS[Kind(name)] for name in cause.split(" or ")]
    return " or ".join([titles[0], *(title[0].lower() + title[1:] for title in titles[1:])])


def day_of(run: Run) -> str:
    """Return the day on which a run finished; ``an unknown day`` if it was not recorded."""
    try:
        day = dt.datetime.fromisoformat(run.times.get("end", ""))
    except ValueError:
        return "an unknown day"
    return f"{day.day} {day:%B} {day.year}"


def place_of(difference: CellDifference) -> str:
    """Return where in its table a cell stands."""
    statistic = _ENDS.get(difference.statistic) or label_of(difference.statistic)
    parts = [difference.row_label, difference.column_label, statistic]
    return " · ".join(part for place, part in enumerate(parts) if part not in parts[:place])


def statistics_beside(table: RunTable | None) -> dict[tuple[str, str], set[str]]:
    """Return row and column -> the statistics that stand there, by which numbers are written."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for cell in table.table.cells if table else []:
        found[cell.row, cell.column].add(cell.statistic)
    return found


def pair_of(difference: CellDifference, beside: Iterable[str] = ()) -> tuple[str, str]:
    """Return the two cells as text, with as many digits as it takes to tell them apart.

    Parameters
    ----------
    beside
        The other statistics of the same place: an interval is written like its number.
    """
    style = style_of(difference.statistic, difference.column, beside)
    texts = _text(difference.first, style), _text(difference.second, style)
    old, new = difference.first, difference.second
    if difference.differs is Differs.N and old and new:
        return f"{texts[0]} (n = {_count(old.n)})", f"{texts[1]} (n = {_count(new.n)})"
    if old and new and old.value is not None and new.value is not None and texts[0] == texts[1]:
        return _apart(old.value, new.value)
    return texts


def change_of(difference: CellDifference, beside: Iterable[str] = ()) -> str:
    """Return second minus first with its sign; of shares in percentage points."""
    old, new = difference.first, difference.second
    if old is None or new is None or difference.differs is Differs.STATE:
        return ""
    if difference.differs is Differs.N:
        if old.n is None or new.n is None:
            return ""
        return f"n {new.n - old.n:+,}".replace("-", MINUS)
    if old.value is None or new.value is None:
        return ""
    style = style_of(difference.statistic, difference.column, beside)
    text = write_difference(new.value, old.value, style)
    if not any(digit in text for digit in "123456789"):
        return f"{new.value - old.value:+.2g}".replace("-", MINUS, 1)
    return f"{text} points" if style is Style.SHARE else text


def because_of(comparison: RunComparison) -> str:
    """Return why numbers may have changed, as the rest of a sentence; empty without causes.

    Causes that reach none of the numbers that changed are left out, if any changed.
    """
    changed = {entry.analysis for entry in comparison.differences}
    reaching = [
        cause.in_words
        for cause in comparison.causes
        if not changed or cause.analyses is None or cause.analyses & changed
    ]
    return _listed(list(dict.fromkeys(reaching)))


def primary_sentence(comparison: RunComparison) -> str:
    """Say what became of the primary outcomes."""
    primary = primary_outcomes(comparison)
    shared = {entry.analysis for entry in comparison.first.tables} & {
        entry.analysis for entry in comparison.second.tables
    }
    if not shared & set(primary):
        return "The runs have no primary outcome in common."
    flags = Counter(flag_of(e) for e in comparison.differences if e.analysis in primary)
    if not flags:
        return "No number of the primary outcomes changed."
    turned, crossed = flags[DIRECTION], flags[SIGNIFICANCE]
    if not turned and not crossed:
        return "No primary outcome changed its direction, and no p-value there crossed 0.05."
    parts = []
    if turned:
        parts.append(f"{several(turned, 'effect')} changed {'its' if turned == 1 else 'their'} "
                     "direction")  # fmt: skip
    if crossed:
        parts.append(f"{several(crossed, 'p-value')} crossed 0.05")
    return f"In the primary outcomes, {_listed(parts)}."


def _text(cell: Cell | None, style: Style) -> str:
    if cell is None:
        return "no such cell"
    if cell.value is None:
        return STATES.get(cell.state, str(cell.state))
    return write_number(cell.value, style)


def _apart(old: float, new: float) -> tuple[str, str]:
    """Return two numbers with the fewest digits that tell them apart."""
    for digits in range(3, _MOST_DIGITS):
        texts = f"{old:.{digits}g}", f"{new:.{digits}g}"
        if texts[0] != texts[1]:
            break
    else:
        texts = repr(old), repr(new)
    return texts[0].replace("-", MINUS, 1), texts[1].replace("-", MINUS, 1)


def _count(n: int | None) -> str:
    return "none" if n is None else f"{n:,}"


def _listed(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
