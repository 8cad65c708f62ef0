"""Make the page of what differs between two runs, and ``reports/<run_id>/changes.html``."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.errors import DatrialError
from datrial.report.differences_privacy import shown
from datrial.report.differences_sections import cause_sections, lost_tables, without_numbers
from datrial.report.differences_words import (
    KINDS,
    because_of,
    cause_title,
    day_of,
    primary_sentence,
)
from datrial.results.difference_data import several
from datrial.results.differences import Differs, RunComparison, compare_runs
from datrial.results.files import write_atomically
from datrial.results.previous_run import previous_runs
from datrial.results.read import read_run

if TYPE_CHECKING:
    from jinja2 import Template

TOLERANCE = 1e-9

#: How many differences of a table stand on the page; the command lists all.
ROWS_PER_TABLE = 25

#: So many differences stand open on the page; more are opened as wanted.
_FEW = 60


def write_differences_page(
    home: Path,
    first: str,
    second: str,
    path: Path,
    *,
    tolerance: float = TOLERANCE,
    texts: bool = False,
) -> Path:
    """Write what differs between two stored runs as a page and return its path.

    Raises
    ------
    UsageError
        If there is no such run.
    DatrialError
        If the files of one are not those that were written.
    """
    comparison = compare(home, first, second, tolerance=tolerance, texts=texts)
    write_atomically(path, render_differences(comparison).encode())
    return path


@dataclass(frozen=True)
class WithPrevious:
    """A stored run beside the study's run before it.

    Attributes
    ----------
    comparison
        None where there is no run before it that can be read.
    why
        Why that run was chosen, in a sentence.
    unreadable
        Runs passed over, for their files are not those that were written.
    """

    comparison: RunComparison | None
    why: str
    unreadable: tuple[str, ...]


def compare_with_previous(home: Path, run_id: str) -> WithPrevious:
    """Compare a stored run with the most fitting one of :func:`previous_runs`."""
    unreadable: list[str] = []
    for previous in previous_runs(home, run_id):
        try:
            comparison = compare(home, previous.run_id, run_id)
        except DatrialError:
            unreadable.append(previous.run_id)
            continue
        why = f"Run {previous.run_id} was chosen as {previous.why}."
        if unreadable:
            named = ", ".join(unreadable)
            why += f" Passed over, for its files are not those that were written: {named}."
        return WithPrevious(comparison, why, tuple(unreadable))
    return WithPrevious(None, "", tuple(unreadable))


def write_changes_page(home: Path, run_id: str) -> Path:
    """Write what changed since the study's run before a stored run; return the page's path.

    The run before is the most fitting one of :func:`previous_runs` that can be read; where
    there is none, the page says so.
    """
    page = home / "reports" / run_id / "changes.html"
    run = read_run(home, run_id)
    found = compare_with_previous(home, run_id)
    if found.comparison is not None:
        content = render_differences(found.comparison, why=found.why, beside_report=True)
    else:
        content = _template().render(
            comparison=None,
            run=run,
            unreadable=list(found.unreadable),
            css=_css(),
            beside_report=True,
        )
    write_atomically(page, content.encode())
    return page


def compare(
    home: Path, first: str, second: str, *, tolerance: float = TOLERANCE, texts: bool = False
) -> RunComparison:
    """Return the comparison of two stored runs by their ids."""
    return compare_runs(
        read_run(home, first),
        read_run(home, second),
        tolerance=tolerance,
        reads_results=reading_results(),
        texts=texts,
    )


def reading_results() -> tuple[str, ...]:
    """Return the analyses that are made of the others' tables."""
    from datrial.analyses.registry import ANALYSES

    return tuple(name for name, entry in ANALYSES.items() if entry.reads_results)


def render_differences(
    comparison: RunComparison, *, why: str = "", beside_report: bool = False
) -> str:
    """Return the page of a comparison as HTML.

    Parameters
    ----------
    why
        Why these two runs, in a sentence.
    beside_report
        Whether the page lies beside the second run's report.
    """
    visible = shown(comparison)
    return _template().render(
        comparison=comparison,
        run=comparison.second,
        why=why,
        beside_report=beside_report,
        days=(day_of(comparison.first), day_of(comparison.second)),
        sentences=sentences(comparison),
        kinds=KINDS,
        inputs=[(KINDS[cause.kind], cause) for cause in comparison.causes],
        counts=Counter(entry.cause for entry in comparison.differences),
        sections=cause_sections(comparison, visible, ROWS_PER_TABLE),
        lost=lost_tables(comparison),
        texts=[
            (entry, without_numbers(entry.first), without_numbers(entry.second))
            for entry in comparison.texts
        ],
        visible=visible,
        withheld=sum(visible.withheld.values()),
        few=len(comparison.differences) <= _FEW,
        cause_title=cause_title,
        css=_css(),
    )


def sentences(comparison: RunComparison) -> list[str]:
    """Say in plain language what changed between two runs, the first thing first."""
    first = comparison.first
    with_run = f"Compared with run {first.manifest.run_id} of {day_of(first)}"
    changed, compared = len(comparison.differences), comparison.cells_compared
    because = because_of(comparison)
    if comparison.is_equal:
        said = [f"{with_run}, every number is the same ({compared:,} compared)."]
        return [*said, f"That is so although {because}."] if because else said
    said = []
    if comparison.unexplained:
        have = "has" if comparison.unexplained == 1 else "have"
        said.append(
            f"{several(comparison.unexplained, 'difference').capitalize()} {have} no cause: the "
            "runs were made from the same data, settings and code and must be equal. Tell the "
            "maintainers."
        )
    if not compared:
        said.append(f"{with_run}: the runs have no number in common.")
    elif not changed:
        said.append(f"{with_run}, every number that both have is the same.")
    else:
        reason = f", because {because}" if because else ""
        said.append(f"{with_run}, {changed:,} of {compared:,} numbers changed{reason}.")
    said.append(primary_sentence(comparison))
    for only_in in (Differs.ONLY_FIRST, Differs.ONLY_SECOND):
        tables = sum(entry.only_in is only_in for entry in comparison.tables)
        if tables:
            said.append(f"{several(tables, 'table').capitalize()} {_are(tables)} {only_in}.")
    said += [
        f"The analysis {entry.analysis} {_ended(entry.first)} in the first run and "
        f"{_ended(entry.second)} in the second."
        for entry in comparison.analyses
        if "failed" in (entry.first, entry.second)
    ]
    return said


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _ended(state: str) -> str:
    return {"done": "was done", "failed": "failed"}.get(state, "was not asked for")


def _css() -> str:
    return _asset("report.css") + _asset("differences_page.css")


def _asset(name: str) -> str:
    return (files("datrial.report") / name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    # Only our own stylesheet is let through unescaped.
    environment.filters["ours"] = Markup
    environment.filters["number"] = lambda value: f"{value:,}"
    return environment.from_string(_asset("differences_page.html.j2"))
