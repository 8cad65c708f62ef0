"""The summary in plain language: a few sentences for each analysis, made from its cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from datrial.report.absent import hidden_number, interval_of, is_hidden
from datrial.report.figures_extracts import left_out, rows_by_table
from datrial.report.numbers import Style, write_number
from datrial.report.summary_behaviours import BEHAVIOUR_SENTENCES
from datrial.report.summary_casework import CASEWORK_SENTENCES
from datrial.report.summary_clients import CLIENT_SENTENCES
from datrial.report.summary_costs import COST_SENTENCES
from datrial.report.summary_differences import DIFFERENCE_SENTENCES
from datrial.report.summary_families import families
from datrial.report.summary_follow_up import FOLLOW_UP_SENTENCES
from datrial.report.summary_needs import NEEDS_SENTENCES
from datrial.report.summary_outcomes import OUTCOME_SENTENCES
from datrial.report.summary_police import POLICE_SENTENCES
from datrial.report.summary_referral_pathway import REFERRAL_SENTENCES
from datrial.report.summary_service import SERVICE_SENTENCES
from datrial.report.summary_severity_grid import GRID_SENTENCES
from datrial.report.summary_victims import VICTIM_SENTENCES
from datrial.report.summary_words import (
    compared_arms,
    listed,
    lowered,
    not_available,
    of_whom,
    published_words,
    ratio_words,
    share_words,
)
from datrial.results.cells import State
from datrial.results.read import Run, RunTable

_WHY_HIDDEN = (
    "[c]: a number that is hidden to protect people, as it, or one from which it could be worked "
    "out, is too small to show."
)


#: What tells of the safety of victims-survivors.
_SAFETY = ("victim_differences", "victim_behaviours", "victim_risk", "severity_grid")


@dataclass(frozen=True)
class Finding:
    """What the summary says about one analysis."""

    analysis: str
    title: str
    is_primary: bool
    sentences: tuple[str, ...]


def findings(run: Run, titles: dict[str, str]) -> list[Finding]:
    """Return the summary: safety, children, primary outcomes, then the others in their order.

    The safety of victims-survivors comes before everything, whatever the study file's order.
    """
    ids = [end.id for end in run.manifest.analyses]
    primary = [name for name in run.manifest.primary_outcomes if name in ids]
    others = [name for name in ids if name not in primary]
    ordered = sorted([*primary, *others], key=lambda name: _rank(name, name in primary))
    failed = {end.id: end.reason for end in run.manifest.failed}
    found, explained = [], False
    for name in ordered:
        if name in failed:
            sentences = [f"This analysis failed and has no result: {failed[name]}"]
        else:
            sentences = list(_SENTENCES.get(name, _nothing)(run))
        if not explained and any("[c]" in sentence for sentence in sentences):
            sentences.append(_WHY_HIDDEN)
            explained = True
        if sentences:
            title = titles.get(name, name)
            found.append(Finding(name, title, name in primary, tuple(sentences)))
    return found


def _rank(analysis: str, is_primary: bool) -> tuple[int, bool]:
    """Return where an analysis stands in the summary; equals keep their order."""
    if analysis in _SAFETY:
        return 0, not is_primary
    if analysis.startswith("child"):
        return 1, not is_primary
    return (2 if is_primary else 3), False


def _nothing(run: Run) -> Iterator[str]:
    yield from ()


def _marac(run: Run) -> Iterator[str]:
    ratios = run.table("marac_follow_up.rate_ratios")
    if ratios:
        yield from _marac_answer(ratios)
        yield (
            "MARAC is the agencies' meeting about victims-survivors at high risk; to appear there "
            "is to be heard as the perpetrator."
        )
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


def _marac_answer(entry: RunTable) -> Iterator[str]:
    """Answer first: in which periods after the allocation the rates differ."""
    ends = {
        label: interval_of(entry, row, "estimate", "rate_ratio")
        for row, label in entry.table.row_labels.items()
        if row != "before"
    }
    known = {label: found for label, found in ends.items() if found is not None}
    if not known:
        return
    less = [lowered(label) for label, (_, high) in known.items() if high < 1]
    more = [lowered(label) for label, (low, _) in known.items() if low > 1]
    first, second = compared_arms(entry)
    told = [
        f"{often} often than {second} in {'these periods' if len(found) > 1 else 'this period'}: "
        f"{listed(found)}"
        for often, found in (("less", less), ("more", more))
        if found
    ]
    if not told:
        yield (
            f"Whether {first} appeared at MARAC less often than {second} after the allocation is "
            "not settled for any period."
        )
        return
    rest = len(less) + len(more) < len(ends)
    yield (
        f"{first[:1].upper()}{first[1:]} appeared at MARAC {'; '.join(told)}."
        f"{' For the others that is not settled.' if rest else ''}"
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
        interval = ""
        if ends := interval_of(entry, row, "estimate", "rate_ratio"):
            low, high = (write_number(end, Style.RATIO) for end in ends)
            interval = f", 95% interval {low} to {high}"
        yield (
            f"The Drive-DASH score (risk, from 0 to 20) was {change} {when} than at intake "
            f"(rate ratio {write_number(ratio, Style.RATIO)}{interval}"
            f"{published_words(entry, row, 'estimate', 'rate_ratio', Style.RATIO)}"
            f"{_forms(entry, row)})."
        )


def _forms(entry: RunTable, row: str) -> str:
    number = of_whom(entry, row, "estimate", "rate_ratio")
    return f"; {number:,} forms" if number else ""


def _flow(run: Run) -> Iterator[str]:
    entry = run.table("participant_flow.flow")
    if entry is None:
        return
    arms = [
        f"{number} to {label}"
        f"{published_words(entry, 'allocated', arm, 'count', Style.COUNT, ' (', ')')}"
        for arm, label in entry.table.column_labels.items()
        if arm != "all" and (number := _number_of_people(entry, arm))
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


def _number_of_people(entry: RunTable, arm: str) -> str:
    cell = entry.cell("allocated", arm, "count")
    if cell is None or is_hidden(cell):
        return hidden_number("number") if cell else ""
    return "" if cell.value is None else write_number(cell.value, Style.COUNT)


def _extracts(run: Run) -> Iterator[str]:
    entry = run.table("extracts_received.rows")
    totals = rows_by_table(entry) if entry else {}
    if entry is None or not totals:
        return
    without = [name.replace("_", " ") for name in left_out(entry)]
    not_counted = f" Not counted here: {listed(without)}." if without else ""
    received, aside = (
        sum(counts[name] for counts in totals.values()) for name in ("received", "quarantined")
    )
    share = f" ({100 * aside / received:.1f}%)" if received else ""
    yield (
        f"The agencies sent {received:,.0f} rows; {aside:,.0f}{share} could not be used and were "
        f"set aside with their reasons.{not_counted}"
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
    **COST_SENTENCES,
    **CLIENT_SENTENCES,
    **FOLLOW_UP_SENTENCES,
    **OUTCOME_SENTENCES,
    **GRID_SENTENCES,
    **SERVICE_SENTENCES,
    **REFERRAL_SENTENCES,
    "outcome_families": families,
    "participant_flow": _flow,
    "extracts_received": _extracts,
}
