"""The summary in plain language: a few sentences for each analysis, made from its cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from datrial.report.figures_extracts import rows_by_table
from datrial.report.numbers import Style, write_number
from datrial.report.summary_behaviours import BEHAVIOUR_SENTENCES
from datrial.report.summary_casework import CASEWORK_SENTENCES
from datrial.report.summary_differences import DIFFERENCE_SENTENCES
from datrial.report.summary_families import families
from datrial.report.summary_follow_up import FOLLOW_UP_SENTENCES
from datrial.report.summary_needs import NEEDS_SENTENCES
from datrial.report.summary_police import POLICE_SENTENCES
from datrial.report.summary_victims import VICTIM_SENTENCES
from datrial.report.summary_words import (
    compared_arms,
    not_available,
    published_words,
    ratio_words,
    share_words,
)
from datrial.results.cells import State
from datrial.results.read import Run, RunTable


@dataclass(frozen=True)
class Finding:
    """What the summary says about one analysis."""

    analysis: str
    title: str
    is_primary: bool
    sentences: tuple[str, ...]


def findings(run: Run, titles: dict[str, str]) -> list[Finding]:
    """Return the summary: primary outcomes first, then the other analyses in their order."""
    ids = [end.id for end in run.manifest.analyses]
    primary = [name for name in run.manifest.primary_outcomes if name in ids]
    failed = {end.id: end.reason for end in run.manifest.failed}
    found = []
    for name in [*primary, *(name for name in ids if name not in primary)]:
        if name in failed:
            sentences = [f"This analysis failed and has no result: {failed[name]}"]
        else:
            sentences = list(_SENTENCES.get(name, _nothing)(run))
        if sentences:
            title = titles.get(name, name)
            found.append(Finding(name, title, name in primary, tuple(sentences)))
    return found


def _nothing(run: Run) -> Iterator[str]:
    yield from ()


def _marac(run: Run) -> Iterator[str]:
    ratios = run.table("marac_follow_up.rate_ratios")
    if ratios:
        for row, label in ratios.table.row_labels.items():
            text = ratio_words(ratios, row)
            if text:
                yield f"{label}: {compared_arms(ratios)[0]} appeared at MARAC at {text}"
            else:
                yield f"{label}: {not_available('the rate ratio', ratios, row, 'estimate')}"
        yield (
            "Where the later periods begin depends on how the end of the intervention is set for "
            "people who have none (controls): see the rules of this analysis."
        )
    serial = run.table("marac_follow_up.serial")
    if serial:
        shares = [
            f"{share_words(serial, row, 'serial', 'share')}"
            f"{published_words(serial, row, 'serial', 'share', Style.SHARE, ' (', ')')} "
            f"{'for' if cell.value is None else 'of'} {label}"
            for row, label in _arms(serial).items()
            if (cell := serial.cell(row, "serial", "share"))
        ]
        if shares:
            yield (
                "Serial perpetrators (heard with two or more different victims-survivors): "
                f"{' and '.join(shares)}."
            )


def _risk(run: Run) -> Iterator[str]:
    entry = run.table("risk_score.rate_ratios")
    for row, when in (("midpoint", "at midpoint"), ("closure", "at case closure")):
        if entry is None:
            continue
        ratio = entry.value(row, "estimate", "rate_ratio")
        if ratio is None:
            if row in entry.table.row_labels:
                yield not_available(
                    f"The change of the Drive-DASH score {when}", entry, row, "estimate"
                )
            continue
        change = f"{abs(1 - ratio) * 100:.0f}% {'lower' if ratio < 1 else 'higher'}"
        low, high = (entry.value(row, "estimate", end) for end in ("ci_low", "ci_high"))
        interval = (
            f", 95% interval {write_number(low, Style.RATIO)} to {write_number(high, Style.RATIO)}"
            if low is not None and high is not None
            else ""
        )
        yield (
            f"The Drive-DASH score was {change} {when} than at intake "
            f"(rate ratio {write_number(ratio, Style.RATIO)}{interval}"
            f"{published_words(entry, row, 'estimate', 'rate_ratio', Style.RATIO)})."
        )


def _flow(run: Run) -> Iterator[str]:
    entry = run.table("participant_flow.flow")
    if entry is None:
        return
    arms = [
        f"{write_number(value, Style.COUNT)} to {label}"
        f"{published_words(entry, 'allocated', arm, 'count', Style.COUNT, ' (', ')')}"
        for arm, label in entry.table.column_labels.items()
        if arm != "all" and (value := entry.value("allocated", arm, "count")) is not None
    ]
    if arms:
        yield f"Allocated: {' and '.join(arms)}."
    unknown = [
        f"{label} ({cell.note})"
        for row, label in entry.table.row_labels.items()
        if (cell := entry.cell(row, "all", "count")) and cell.state is State.NOT_AVAILABLE
    ]
    if unknown:
        yield f"Not available: {'; '.join(unknown)}."


def _extracts(run: Run) -> Iterator[str]:
    entry = run.table("extracts_received.rows")
    totals = rows_by_table(entry) if entry else {}
    if not totals:
        return
    received, aside = (
        sum(counts[name] for counts in totals.values()) for name in ("received", "quarantined")
    )
    share = f" ({100 * aside / received:.1f}%)" if received else ""
    yield (
        f"The agencies sent {received:,.0f} rows; {aside:,.0f}{share} could not be used and were "
        "set aside with their reasons."
    )


def _arms(entry: RunTable) -> dict[str, str]:
    return {row: label for row, label in entry.table.row_labels.items() if row != "all"}


_SENTENCES: dict[str, Callable[[Run], Iterator[str]]] = {
    "marac_follow_up": _marac,
    "risk_score": _risk,
    **NEEDS_SENTENCES,
    **CASEWORK_SENTENCES,
    **BEHAVIOUR_SENTENCES,
    **VICTIM_SENTENCES,
    **DIFFERENCE_SENTENCES,
    **POLICE_SENTENCES,
    **FOLLOW_UP_SENTENCES,
    "outcome_families": families,
    "participant_flow": _flow,
    "extracts_received": _extracts,
}
