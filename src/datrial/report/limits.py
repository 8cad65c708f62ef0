"""The limits of a run: what was not received, could not be computed, or cannot be told."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from datrial.report.figures_coverage import coverage_strips
from datrial.report.sections import Section
from datrial.results.cells import Cell, State
from datrial.results.plan_words import plan_sentences
from datrial.results.read import Run

#: A list longer than this says how many there are besides.
_MOST_MONTHS = 6


@dataclass(frozen=True)
class Counted:
    """How many numbers of an analysis have the same reason or warning."""

    analysis: str
    title: str
    text: str
    cells: int


@dataclass(frozen=True)
class Limits:
    """What the chapter of limits says.

    Attributes
    ----------
    run
        Sentences on the data and on this run.
    missing, warned
        Numbers that are not there, and numbers to be read with care, by reason.
    hidden
        Numbers that the disclosure profile keeps back, by analysis.
    told
        (analysis id, title, whether it is a primary outcome, sentences): what each cannot tell.
    """

    run: tuple[str, ...]
    missing: tuple[Counted, ...]
    warned: tuple[Counted, ...]
    hidden: tuple[Counted, ...]
    told: tuple[tuple[str, str, bool, tuple[str, ...]], ...]


def limits(run: Run, sections: Sequence[Section]) -> Limits:
    """Return the limits of a run, made from what it holds and from its analyses' own words."""
    titles = {section.id: section.title for section in sections}
    primary = list(run.manifest.primary_outcomes)
    told = [
        (section.id, section.title, section.is_primary, section.methods.limits)
        for section in sections
        if section.methods and section.methods.limits
    ]
    told.sort(key=lambda entry: primary.index(entry[0]) if entry[2] else len(primary))
    return Limits(
        tuple(_sentences(run, sections)),
        _counted(run, titles, _reason_missing),
        _counted(run, titles, lambda cell: _without_numbers(cell.warning)),
        _counted(run, titles, lambda cell: "hidden" if cell.state is State.SUPPRESSED else ""),
        tuple(told),
    )


def _sentences(run: Run, sections: Sequence[Section]) -> Iterator[str]:
    if run.manifest.simulated:
        yield (
            "The extracts are simulated: every number was computed from invented data and says "
            "nothing about any real person or programme."
        )
    yield from _not_received(run)
    failed = [section.title for section in sections if section.failure]
    if failed:
        yield f"These analyses failed and have no result: {'; '.join(failed)}."
    yield from plan_sentences(run.manifest)
    if any(section.is_exploratory for section in sections):
        yield "An exploratory analysis may suggest a question; it does not answer one."


def _not_received(run: Run) -> Iterator[str]:
    """Yield which sources sent nothing, and the months that are missing of the others."""
    entry = run.table("extracts_received.coverage")
    if entry is None:
        return
    for row, label in entry.table.row_labels.items():
        if not row.rpartition("__")[2].isdigit():
            yield f"Nothing was received: {label}."
    told: dict[str, list[str]] = {}
    for name, months in coverage_strips(entry).items():
        absent = sorted(month for month, state in months.items() if state == "not_received")
        part = sum(state == "part" for state in months.values())
        if absent:
            spans = _spans(absent)
            shown = ", ".join(spans[:_MOST_MONTHS])
            more = f" and {len(spans) - _MOST_MONTHS} more" if len(spans) > _MOST_MONTHS else ""
            in_part = f", and for {_months(part)} in part" if part else ""
            text = f"no data for {_months(len(absent))} ({shown}{more}){in_part}"
            told.setdefault(text, []).append(name)
    for text, names in told.items():
        yield f"{'; '.join(names)}: {text}."


def _months(number: int) -> str:
    return f"{number} month{'' if number == 1 else 's'}"


def _spans(months: Sequence[int]) -> list[str]:
    """Return months, counted from the year 0, as spans: ``2015-08 to 2015-12``."""
    spans: list[list[int]] = []
    for month in months:
        if spans and month == spans[-1][1] + 1:
            spans[-1][1] = month
        else:
            spans.append([month, month])
    return [
        _month(first) if first == last else f"{_month(first)} to {_month(last)}"
        for first, last in spans
    ]


def _month(month: int) -> str:
    return f"{month // 12}-{month % 12 + 1:02d}"


def _reason_missing(cell: Cell) -> str:
    return (cell.note or "no reason given") if cell.state is State.NOT_AVAILABLE else ""


def _without_numbers(text: str) -> str:
    """Return a warning without its numbers, so that the same warning is counted once."""
    return re.sub(r"(?<![\w.])\d[\d,]*(\.\d+)?(?!\w)", "…", text)


def _counted(run: Run, titles: dict[str, str], about: Callable[[Cell], str]) -> tuple[Counted, ...]:
    """Count cells by analysis and by what is said about them, the most frequent first."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for entry in run.tables:
        for cell in entry.table.cells:
            text = about(cell)
            if text:
                found[entry.analysis][text] += 1
    return tuple(
        Counted(analysis, titles.get(analysis, analysis), text, times)
        for analysis, texts in found.items()
        for text, times in texts.most_common()
    )
