"""What a run's page in Prefect shows: counts and results, and nothing about a person."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence

import httpx
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from datrial.pipeline.job import Analysed, Built, Job, Published
from flows.in_markdown import results
from flows.links import link_to

_log = logging.getLogger(__name__)
#: What could not be shown since the server is gone.
_gone: list[str] = []
_SEVERITIES = {
    "critical_table": "critical: the table",
    "critical_row": "critical: the row",
    "warning": "warning",
}
_VERDICTS = ("failed", "quarantined", "warned", "passed")


def show_snapshot(built: Built) -> None:
    """Show the rows received and quarantined, and the checks' verdicts."""
    show("rows-received", lambda: create_table_artifact(
        _rows(built), key="rows-received", description=_rows_in_words(built)
    ))  # fmt: skip
    show("checks", lambda: create_table_artifact(
        _checks(built), key="checks", description=_checks_in_words(built)
    ))  # fmt: skip


def show_analyses(analysed: Sequence[Analysed]) -> None:
    """Show how each analysis ended, and name those that have no result."""
    rows = [
        {
            "analysis": one.analysis,
            "state": one.state,
            "tables": "" if one.state == "failed" else _origin(one),
            "reason": one.reason,
        }
        for one in sorted(analysed, key=lambda one: one.state != "failed")
    ]
    reused = sum(one.reused for one in analysed)
    said = f"{sum(one.state == 'done' for one in analysed)} of {len(analysed)} analyses are done"
    if reused:
        said += f", {reused} of them taken from an earlier run with the same inputs"
    show("analyses", lambda: create_table_artifact(
        rows, key="analyses", description=f"{said}."
    ))  # fmt: skip
    failed = [one for one in analysed if one.state == "failed"]
    if failed:
        named = "\n".join(f"- **{one.analysis}**: {one.reason}" for one in failed)
        show("without-result", lambda: create_markdown_artifact(
            f"These analyses have no result; the report shows the gap.\n\n{named}",
            key="without-result",
            description=f"Failed in part: {', '.join(one.analysis for one in failed)}.",
        ))  # fmt: skip


def show_results(published: Published, job: Job) -> None:
    """Show the primary results."""
    study = job.resolved_study()
    show("primary-results", lambda: create_markdown_artifact(
        results(published.run_id, study.primary_outcomes or tuple(study.analyses)),
        key="primary-results",
        description="The primary outcomes (or what was asked for, if none of them was), with the "
        "published number beside where there is one.",
    ))  # fmt: skip


def show_links(published: Published, beside: str = "") -> None:
    """Show where the run's pages are, all in one place.

    Parameters
    ----------
    beside
        The run that the page of changes compares it with; empty means the run before.
    """
    report, run = published.report, published.run_id
    changes = f"run {beside}" if beside else "the run before"
    pages = (
        ("The report", report),
        ("The checks: every rule, with its trend", published.checks_page),
        (f"What changed, compared with {changes}", report.with_name("changes.html")),
    )
    links = [f"- [{text}]({link_to(page)})" for text, page in pages if page.is_file()]
    show("report", lambda: create_markdown_artifact(
        "\n".join([f"Run {run}", "", *links]),
        key="report",
        description=f"Links to the report of run {run}, its checks, and what changed.",
    ))  # fmt: skip


def show(what: str, make: Callable[[], object]) -> None:
    """Make an artifact; a page that cannot be filled does not cost the run.

    Prefect's client asks a server that is gone for a quarter of a minute. Once is enough.
    """
    if _gone:
        return
    try:
        make()
    except Exception as error:
        if isinstance(error, httpx.TransportError):
            _gone.append(what)
        _log.warning("The artifact %s could not be made (%s).", what, type(error).__name__)


def _origin(analysed: Analysed) -> str:
    return "taken from an earlier run" if analysed.reused else "computed in this run"


def _rows(built: Built) -> list[dict[str, str | int]]:
    return [
        {
            "table": row.table,
            "received": row.received,
            "staged": row.staged,
            "quarantined": row.quarantined,
        }
        for row in built.rows
    ]


def _checks(built: Built) -> list[dict[str, str | int]]:
    """Return the checks: those that did not pass first, and critical ones before others."""
    ordered = sorted(
        built.checks,
        key=lambda one: (
            one.verdict == "passed",
            _place(_SEVERITIES, one.severity),
            _place(_VERDICTS, one.verdict),
        ),
    )
    return [
        {
            "severity": _SEVERITIES.get(check.severity, check.severity),
            "verdict": check.verdict,
            "table": check.table,
            "rule": check.rule,
            "rows": check.rows_looked_at,
            "failed": check.rows_failed,
        }
        for check in ordered
    ]


def _rows_in_words(built: Built) -> str:
    received, staged, quarantined = (
        sum(getattr(row, part) for row in built.rows)
        for part in ("received", "staged", "quarantined")
    )
    return (
        f"{received:,} rows received = {staged:,} staged + {quarantined:,} quarantined; "
        f"{_count(len(built.rows), 'table')}."
    )


def _checks_in_words(built: Built) -> str:
    verdicts = Counter(check.verdict for check in built.checks)
    critical = [check for check in built.checks if check.severity.startswith("critical")]
    broken = sum(check.verdict != "passed" for check in critical)
    counts = ", ".join(f"{verdicts[name]} {name}" for name in _VERDICTS if verdicts[name])
    return (
        f"{_count(len(built.checks), 'check')}: {counts or 'none'}. Of the {len(critical)} "
        f"critical ones {broken or 'none'} failed or put rows in quarantine. What did not pass "
        "stands first."
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _place(names: Sequence[str] | dict[str, str], name: str) -> int:
    known = list(names)
    return known.index(name) if name in known else len(known)
