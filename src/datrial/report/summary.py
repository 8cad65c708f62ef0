"""The summary in plain language: a few sentences for each analysis, made from its cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from datrial.report.figures_extracts import rows_by_table
from datrial.report.numbers import Style, write_number, write_printed
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
            text = _ratio_words(ratios, row)
            if text:
                yield f"{label}: the intervention arm appeared at MARAC at {text}"
        yield (
            "Where the later periods begin depends on how the end of the intervention is set for "
            "people who have none (controls): see the rules of this analysis."
        )
    serial = run.table("marac_follow_up.serial")
    if serial:
        shares = [
            f"{_share(serial, row, 'serial', 'share')} of {label}"
            for row, label in _arms(serial).items()
            if serial.value(row, "serial", "share") is not None
        ]
        if shares:
            yield (
                "Serial perpetrators (heard with two or more different victims-survivors): "
                f"{' and '.join(shares)}."
            )


def _ratio_words(entry: RunTable, row: str) -> str:
    """Return a rate ratio in words; an interval that holds 1 is said to leave it open."""
    ratio, low, high = (
        entry.value(row, "estimate", name) for name in ("rate_ratio", "ci_low", "ci_high")
    )
    if ratio is None:
        return ""
    text = f"{write_number(ratio, Style.RATIO)} times the control arm's rate"
    if low is None or high is None:
        return f"{text}; no interval is available."
    text += f" (95% interval {write_number(low, Style.RATIO)} to {write_number(high, Style.RATIO)})"
    if row == "before":
        return f"{text}. This is before allocation took effect: it shows how alike the arms were."
    if low <= 1 <= high:
        return (
            f"{text}; the interval includes 1, so the data do not settle whether the rates differ."
        )
    return f"{text}; a {'lower' if ratio < 1 else 'higher'} rate."


def _behaviour(run: Run) -> Iterator[str]:
    entry = run.table("behaviour_change.predictions")
    if entry is None:
        return
    outcome = str(run.manifest.parameters.get("behaviour_change", {}).get("outcome", ""))
    behaviour = _BEHAVIOUR_WORDS.get(outcome, "the behaviour")
    for level, words in (("high", f"high {behaviour}"), ("none", f"no {behaviour}")):
        course = _course(entry, level, "probability")
        if course:
            yield f"The adjusted probability of {words} was {course}."
    yield (
        "Only service users of the intervention have these forms: this is change over time, "
        "not an effect of the allocation."
    )


_BEHAVIOUR_WORDS = {
    "physical": "physical abuse",
    "sexual": "sexual abuse",
    "harassment_stalking": "harassment and stalking",
    "jealous_controlling": "jealous and controlling behaviour",
}


def _risk(run: Run) -> Iterator[str]:
    entry = run.table("risk_score.rate_ratios")
    for row, when in (("midpoint", "at midpoint"), ("closure", "at case closure")):
        ratio = entry.value(row, "estimate", "rate_ratio") if entry else None
        if entry is None or ratio is None:
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
            f"{_published(entry, row, 'estimate', 'rate_ratio', Style.RATIO)})."
        )


def _needs(run: Run) -> Iterator[str]:
    sizes = run.table("needs_classes.sizes")
    share = sizes.value("class_1", "share", "share") if sizes else None
    parameters = run.manifest.parameters.get("needs_classes", {})
    if sizes and share is not None and parameters.get("zero_class", True):
        beside = _published(sizes, "class_1", "share", "share", Style.SHARE, " (", ")")
        yield (
            f"An estimated {write_number(share, Style.SHARE)} of service users belong to the class "
            f"without any need{beside}."
        )
    fits = run.table("needs_classes.enumeration")
    best = [
        f"{name.upper()} is lowest with {_lowest(fits, name)}"
        for name in ("aic", "bic", "sabic")
        if fits and _lowest(fits, name)
    ]
    if best:
        yield f"Of the models compared, {', '.join(best)}."


def _lowest(entry: RunTable, column: str) -> str:
    values = {row: entry.value(row, column, "value") for row in entry.table.row_labels}
    known = {row: value for row, value in values.items() if value is not None}
    if not known:
        return ""
    return entry.table.row_labels[min(known, key=lambda row: known[row])]


def _flow(run: Run) -> Iterator[str]:
    entry = run.table("participant_flow.flow")
    if entry is None:
        return
    arms = [
        f"{write_number(value, Style.COUNT)} to {label}"
        f"{_published(entry, 'allocated', arm, 'count', Style.COUNT, ' (', ')')}"
        for arm, label in entry.table.column_labels.items()
        if arm != "all" and (value := entry.value("allocated", arm, "count")) is not None
    ]
    if arms:
        yield f"Allocated: {' and '.join(arms)}."


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


def _course(entry: RunTable, column: str, statistic: str) -> str:
    """Return ``45.1% at intake (published 45%), 7.2% at midpoint ...``."""
    parts = []
    for row, label in entry.table.row_labels.items():
        value = entry.value(row, column, statistic)
        if value is not None:
            beside = _published(entry, row, column, statistic, Style.SHARE, " (", ")")
            parts.append(f"{write_number(value, Style.SHARE)} at {label.lower()}{beside}")
    return ", ".join(parts)


def _published(
    entry: RunTable,
    row: str,
    column: str,
    statistic: str,
    style: Style,
    before: str = "; ",
    after: str = "",
) -> str:
    beside = entry.published.get((row, column, statistic))
    if beside is None:
        return ""
    return f"{before}published {write_printed(beside.value, beside.printed, style)}{after}"


def _share(entry: RunTable, row: str, column: str, statistic: str) -> str:
    value = entry.value(row, column, statistic)
    text = "[x]" if value is None else write_number(value, Style.SHARE)
    return text + _published(entry, row, column, statistic, Style.SHARE, " (", ")")


def _arms(entry: RunTable) -> dict[str, str]:
    return {row: label for row, label in entry.table.row_labels.items() if row != "all"}


_SENTENCES: dict[str, Callable[[Run], Iterator[str]]] = {
    "marac_follow_up": _marac,
    "behaviour_change": _behaviour,
    "risk_score": _risk,
    "needs_classes": _needs,
    "participant_flow": _flow,
    "extracts_received": _extracts,
}
