"""Make ``reports/<run_id>/index.html``: one self-contained page from a stored run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.report.appendix import published_reports
from datrial.report.cell_views import MARKS
from datrial.report.chapters import chapters
from datrial.report.definitions_used import definitions_used
from datrial.report.head import head_facts
from datrial.report.limits import limits
from datrial.report.repeat import certificates_page, repeat_commands
from datrial.report.sections import sections
from datrial.report.summary import findings
from datrial.results.cells import State
from datrial.results.files import write_atomically
from datrial.results.read import Run, read_run
from datrial.results.wide import STATE_WORDS

if TYPE_CHECKING:
    from jinja2 import Template

    from datrial.analyses.base import Analysis

#: What each mark in place of a number means, in a reader's words.
_STATE_MEANINGS = {
    State.SUPPRESSED: "kept back so that nobody can be recognised by it",
    State.NOT_AVAILABLE: "not received, or could not be computed",
    State.NOT_APPLICABLE: "there can be no such number here",
}


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


def render(run: Run, analyses: Sequence[Analysis] = (), *, released: bool = False) -> str:
    """Return a run's report as HTML.

    Parameters
    ----------
    released
        Whether it leaves the house: without links to pages that stay in it.
    """
    made = sections(run, {analysis.id: analysis for analysis in analyses})
    ordered = chapters(made)
    in_order = [section for chapter in ordered for section in chapter.sections]
    script = _asset("report.js")
    return _template().render(
        run=run,
        manifest=run.manifest,
        facts=head_facts(run.manifest),
        chapters=ordered,
        sections=in_order,
        findings=findings(run, {section.id: section.title for section in made}),
        legend=[(MARKS[state], STATE_WORDS[state], _STATE_MEANINGS[state]) for state in MARKS],
        published=any(entry.published for entry in run.tables),
        limits=limits(run, in_order),
        definitions=definitions_used(run, in_order),
        published_reports=published_reports(run),
        css=_asset("report.css"),
        script=script,
        script_hash=_hash(script),
        repeat=repeat_commands(run.manifest),
        certificates="" if released else certificates_page(run.manifest),
        released=released,
    )


def _hash(script: str) -> str:
    """Return a script's hash: the page's policy runs this script and no other."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _asset(name: str) -> str:
    return (files("datrial.report") / name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(_asset),
    )
    # Only our own stylesheet, script and drawings are let through unescaped; the drawings
    # escape what they hold.
    environment.filters["ours"] = Markup
    return environment.get_template("report.html.j2")
