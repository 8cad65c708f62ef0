"""Make ``reports/<run_id>/checks.html``: every rule of every suite, in counts only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datrial.report.checks_trend import Trend, percent, share_failed, trend
from datrial.results.check_history import CheckedRun, earlier_checks, read_checks
from datrial.results.files import write_atomically

if TYPE_CHECKING:
    from jinja2 import Template

#: The gravest first.
VERDICTS = {
    "failed": "failed: stops the run",
    "quarantined": "rows quarantined",
    "warned": "warning",
    "passed": "passed",
}
SEVERITIES = {
    "critical_table": "Stops the run",
    "critical_row": "Quarantines the row",
    "warning": "Warns",
}
ENGINES = {"great_expectations": "Great Expectations", "sql": "SQL", "": "not judged"}


@dataclass(frozen=True)
class RuleView:
    """A rule's row on the page; its description is a headline and, in part, the reason for it."""

    id: str
    anchor: str
    headline: str
    reason: str
    message: str
    severity: str
    engine: str
    reads: str
    looked_at: str
    failed: str
    share: str
    quarantined: str
    verdict: str
    verdict_words: str
    trend: Trend


@dataclass(frozen=True)
class TableView:
    """A staging table's section: its account and its rules."""

    id: str
    title: str
    grain: str
    extracts: tuple[dict[str, Any], ...]
    received: int
    staged: int
    quarantined: int
    reasons: tuple[dict[str, Any], ...]
    problems: tuple[dict[str, Any], ...]
    rules: tuple[RuleView, ...]

    @property
    def attention(self) -> tuple[RuleView, ...]:
        """The rules that did not pass."""
        return tuple(rule for rule in self.rules if rule.verdict != "passed")

    @property
    def passed(self) -> tuple[RuleView, ...]:
        """The rules that passed."""
        return tuple(rule for rule in self.rules if rule.verdict == "passed")


def write_checks_page(home: Path, run_id: str) -> Path:
    """Write the page of a stored run's checks and return its path.

    The page is made from ``results/<run_id>/checks.json`` and, for the trend, from
    that file of up to 11 earlier runs of the same study.

    Raises
    ------
    UsageError
        If there is no such run, or if it was stored without its checks.
    DatrialError
        If its checks cannot be read.
    """
    run = read_checks(home, run_id)
    page = home / "reports" / run_id / "checks.html"
    write_atomically(page, render_checks(run, earlier_checks(home, run)).encode())
    return page


def render_checks(run: CheckedRun, earlier: Sequence[CheckedRun]) -> str:
    """Return the page of a run's checks as HTML.

    Parameters
    ----------
    earlier
        The runs before, the oldest first.
    """
    tables = _tables(run, earlier)
    rules = [(table, rule) for table in tables for rule in table.rules]
    gone = sorted(set(earlier[-1].rules()) - set(run.rules())) if earlier else []
    return _template().render(
        manifest=run.manifest,
        tables=tables,
        counts=Counter(rule.verdict for _, rule in rules),
        total=len(rules),
        attention=[
            (table, rule)
            for verdict in list(VERDICTS)[:-1]
            for table, rule in rules
            if rule.verdict == verdict
        ],
        changes={
            kind: [(table, rule) for table, rule in rules if rule.trend.change == kind]
            for kind in ("worse", "new", "better")
        },
        gone=[f"{_words(table)}: {rule}" for table, rule in gone],
        before=_day(earlier[-1]) if earlier else "",
        runs=[_day(other) for other in (*earlier, run)],
        verdicts=VERDICTS,
        received=sum(table.received for table in tables),
        staged=sum(table.staged for table in tables),
        quarantined=sum(table.quarantined for table in tables),
        data_until=_long_day(run.manifest.data_until),
        css=_asset("report.css") + _asset("checks_page.css"),
    )


def _tables(run: CheckedRun, earlier: Sequence[CheckedRun]) -> list[TableView]:
    histories = [other.rules() for other in earlier]
    views = []
    for table in run.tables:
        extracts = tuple({**e, "name": _file(e["extract"])} for e in table["extracts"])
        sums = {
            key: sum(extract[key] for extract in extracts)
            for key in ("received", "staged", "quarantined")
        }
        rules = tuple(
            _rule(
                table["table"],
                rule,
                [history.get((table["table"], rule["rule"])) for history in histories],
            )
            for rule in table["rules"]
        )
        views.append(
            TableView(
                id=table["table"],
                title=_words(table["table"]),
                grain=table["grain"],
                extracts=extracts,
                reasons=tuple(table["reasons"]),
                problems=tuple(table["problems"]),
                rules=rules,
                **sums,
            )
        )
    return views


def _rule(table: str, rule: dict[str, Any], history: Sequence[dict[str, Any] | None]) -> RuleView:
    share = share_failed(rule)
    observed = rule["observed"]
    headline, reason = _parts(rule["description"])
    return RuleView(
        id=rule["rule"],
        anchor=f"{table}-{rule['rule']}",
        headline=headline,
        reason=reason,
        message=rule["message"],
        severity=SEVERITIES.get(rule["severity"], rule["severity"]),
        engine=ENGINES.get(rule["engine"], rule["engine"]),
        reads=rule["reads"],
        looked_at=f"{rule['looked_at']:,}",
        failed=f"{rule['failed']:,}" if observed is None else f"mean {observed:.3f}",
        share=percent(share) if share and observed is None else "",
        quarantined=f"{rule['quarantined']:,}",
        verdict=rule["verdict"],
        verdict_words=VERDICTS.get(rule["verdict"], rule["verdict"]),
        trend=trend([*history, rule], is_first_run=not history),
    )


def _parts(description: str) -> tuple[str, str]:
    """Split a description where its reason begins: after a colon, a semicolon or a sentence."""
    found = re.search(r"(?:[:;]|\.) ", description)
    if not found:
        return description, ""
    reason = description[found.end() :]
    return description[: found.start()] + ".", reason[0].upper() + reason[1:]


def _words(name: str) -> str:
    words = name.replace("_", " ")
    for short in ("marac", "cms"):
        words = words.replace(short, short.upper())
    return words[0].upper() + words[1:]


def _file(extract: str) -> str:
    """Return an extract's name: its mapping, and the first figures of its content's hash."""
    mapping, _, content = extract.rpartition("@")
    return f"{mapping.rpartition('/')[2]} ({content[:6]})"


def _day(run: CheckedRun) -> str:
    return _long_day(run.finished) or "an unknown day"


def _long_day(day: Any) -> str:
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
    # Only our own stylesheet and lines are let through unescaped; they hold numbers alone.
    environment.filters["ours"] = Markup
    environment.filters["number"] = lambda value: f"{value:,}"
    return environment.from_string(_asset("checks_page.html.j2"))
