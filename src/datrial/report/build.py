"""Make ``reports/<run_id>/index.html``: one self-contained page from a stored run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datrial.report.cell_views import MARKS
from datrial.report.drawing import Figure
from datrial.report.figures import figure_for
from datrial.report.summary import findings
from datrial.report.tables import TableView, table_view
from datrial.results.check_history import CHECKS
from datrial.results.files import write_atomically
from datrial.results.read import Run, read_run
from datrial.results.wide import STATE_WORDS

if TYPE_CHECKING:
    from jinja2 import Template

    from datrial.analyses.base import Analysis

#: Analyses that come before the outcomes, whatever their place in the plan.
_FIRST = ("extracts_received", "participant_flow")


@dataclass(frozen=True)
class Exhibit:
    """A table with its figure, if it has one."""

    table: TableView
    figure: Figure | None


@dataclass(frozen=True)
class Section:
    """One analysis of the report."""

    id: str
    title: str
    is_primary: bool
    methods: Analysis | None
    parameters: tuple[tuple[str, str], ...]
    failure: str
    exhibits: tuple[Exhibit, ...]


def write_report(home: Path, run_id: str, analyses: Sequence[Analysis] = ()) -> Path:
    """Write the report of a stored run and return its path.

    The page is made from ``results/<run_id>`` and from nothing else, so the
    same run gives the same bytes.

    Parameters
    ----------
    analyses
        The analyses' texts; a section without one has its title and tables only.

    Raises
    ------
    UsageError
        If there is no such run.
    DatrialError
        If its files were changed since the run was stored.
    """
    run = read_run(home, run_id)
    page = home / "reports" / run_id / "index.html"
    write_atomically(page, render(run, analyses).encode())
    return page


def render(run: Run, analyses: Sequence[Analysis] = ()) -> str:
    """Return a run's report as HTML."""
    methods = {analysis.id: analysis for analysis in analyses}
    sections = _sections(run, methods)
    titles = {section.id: section.title for section in sections}
    return _template().render(
        run=run,
        manifest=run.manifest,
        sections=sections,
        findings=findings(run, titles),
        legend=[(MARKS[state], STATE_WORDS[state]) for state in MARKS],
        published=any(entry.published for entry in run.tables),
        has_checks=CHECKS in run.manifest.files,
        css=_asset("report.css"),
        repeat=_repeat_commands(run),
        data_until=_long_date(run),
    )


def _sections(run: Run, methods: dict[str, Analysis]) -> list[Section]:
    ends = {end.id: end for end in run.manifest.analyses}
    made = [entry.analysis for entry in run.tables]
    ids = list(dict.fromkeys([*ends, *made]))
    ordered = [name for name in _FIRST if name in ids] + [n for n in ids if n not in _FIRST]
    sections = []
    for name in ordered:
        method = methods.get(name)
        end = ends.get(name)
        exhibits = [
            Exhibit(table_view(entry), figure_for(run, entry)) for entry in run.tables_of(name)
        ]
        sections.append(
            Section(
                name,
                method.title if method else name.replace("_", " ").capitalize(),
                name in run.manifest.primary_outcomes,
                method,
                _parameters(run, name),
                end.reason if end and end.state == "failed" else "",
                tuple(exhibits),
            )
        )
    return sections


def _parameters(run: Run, analysis: str) -> tuple[tuple[str, str], ...]:
    parameters = run.manifest.parameters.get(analysis, {})
    return tuple((name, _plain(value)) for name, value in parameters.items())


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _repeat_commands(run: Run) -> tuple[tuple[str, str], ...]:
    """Return commands with what they do; the first makes this very run again."""
    manifest = run.manifest
    again = ["datrial", "analyse", "--study", manifest.study, "--snapshot", manifest.snapshot_id]
    for name in manifest.only or ():
        again += ["--only", name]
    for name, value in manifest.changes.items():
        again += ["--set", f"{name}={value}"]
    if manifest.label:
        again += ["--label", manifest.label]
    return (
        (shlex.join(again), "The same analyses on the same snapshot: same inputs, same numbers."),
        (
            shlex.join([*again[:6], "--set"]) + " ANALYSIS.PARAMETER=VALUE",
            "The same snapshot with a changed parameter; the methods chapter names them.",
        ),
        (f"datrial run --study {manifest.study}", "Read what arrived since; the whole road."),
        ("datrial explain ANALYSIS", "An analysis's question, population, rules and model."),
        ("datrial runs", "The stored runs."),
    )


def _long_date(run: Run) -> str:
    day = run.manifest.data_until
    return f"{day.day} {day:%B} {day.year}" if day else ""


def _asset(name: str) -> str:
    return (files("datrial.report") / name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    # Only our own stylesheet and drawings are let through unescaped; both escape what they hold.
    environment.filters["ours"] = Markup
    return environment.from_string(_asset("report.html.j2"))
