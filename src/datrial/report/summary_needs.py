"""What the summary says about needs: how many, which go together, and with what behaviour."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datrial.report.numbers import Style, write_number
from datrial.report.summary_words import (
    and_hidden,
    hidden_count,
    listed,
    not_available,
    published_words,
)
from datrial.results.read import Run, RunTable

_LEVEL = 0.05


def _number(run: Run) -> Iterator[str]:
    entry = run.table("needs.number")
    place = ("needs_0", "missing", "share")
    if entry is None or not entry.cell(*place):
        return
    share = entry.value(*place)
    if share is None:
        yield not_available("The share of service users with no need recorded", entry, *place)
        return
    yield (
        f"{write_number(share, Style.SHARE)} of service users had no need recorded"
        f"{published_words(entry, *place, Style.SHARE, ' (', ')')}; nobody may have asked."
    )


def _classes(run: Run) -> Iterator[str]:
    sizes = run.table("needs_classes.sizes")
    share = sizes.value("class_1", "share", "share") if sizes else None
    parameters = run.manifest.parameters.get("needs_classes", {})
    if sizes and share is not None and parameters.get("zero_class", True):
        beside = published_words(sizes, "class_1", "share", "share", Style.SHARE, " (", ")")
        yield (
            f"An estimated {write_number(share, Style.SHARE)} of service users belong to the class "
            f"without any need{beside}."
        )
    elif sizes and parameters.get("zero_class", True) and sizes.cell("class_1", "share", "share"):
        what = "The share of service users without any need"
        yield not_available(what, sizes, "class_1", "share", "share")
    fits = run.table("needs_classes.enumeration")
    best = [
        f"{name.upper()} is lowest with {_lowest(fits, name)}"
        for name in ("aic", "bic", "sabic")
        if fits and _lowest(fits, name)
    ]
    if best:
        yield (
            f"Of the models compared, {', '.join(best)}: measures that weigh a model's fit against "
            "its number of classes, the lower the better."
        )


def _lowest(entry: RunTable, column: str) -> str:
    values = {row: entry.value(row, column, "value") for row in entry.table.row_labels}
    known = {row: value for row, value in values.items() if value is not None}
    if not known or hidden_count(entry, "value", columns=[column]):
        return ""  # a hidden one may be lower
    return entry.table.row_labels[min(known, key=lambda row: known[row])]


def _class_behaviour(run: Run) -> Iterator[str]:
    """Say whether behaviour differs between classes: by the test that every method shares."""
    entry = run.table("needs_class_behaviour.tests")
    if entry is None:
        return
    found = {row: entry.value(row, "table", "p_value") for row in entry.table.row_labels}
    known = {row: p for row, p in found.items() if p is not None}
    more = and_hidden(hidden_count(entry, "p_value", columns=["table"]))
    if not known and more:
        yield f"Tests of behaviour by class of needs: none is shown.{more}"
        return
    if not known:
        yield "Whether behaviour differs between the classes of needs is not known: no test."
        return
    differs = [entry.table.row_labels[row].lower() for row, p in known.items() if p < _LEVEL]
    smallest = write_number(min(known.values()), Style.P_VALUE)
    if differs:
        yield (
            f"Between the classes of needs {listed(differs)} "
            f"{'differ' if len(differs) > 1 else 'differs'} (of {len(known)} tests, not adjusted; "
            f"smallest p-value {smallest}).{more}"
        )
    else:
        yield (
            f"Of {len(known)} behaviours none is found to differ between the classes of needs "
            f"(smallest p-value {smallest}); with so few people, that is not proof of none.{more}"
        )


def _behaviour(run: Run) -> Iterator[str]:
    entry = run.table("needs_behaviour.odds_ratios")
    if entry is None:
        return
    adjusted = [
        cell.value for cell in entry.table.cells
        if cell.statistic == "p_value_adjusted" and cell.value is not None
    ]  # fmt: skip
    more = and_hidden(hidden_count(entry, "p_value_adjusted"))
    if not adjusted and more:
        yield f"Odds ratios between needs and behaviours: none is shown.{more}"
        return
    if not adjusted:
        yield "Which needs go with which behaviours is not known: no model could be fitted."
        return
    below = sum(p < _LEVEL for p in adjusted)
    yield (
        f"Of {len(adjusted)} odds ratios between a need and a behaviour, "
        f"{below or 'none'} {'is' if below <= 1 else 'are'} below a p-value of {_LEVEL:g} when "
        f"adjusted for their number.{more}"
    )


NEEDS_SENTENCES: dict[str, Callable[[Run], Iterator[str]]] = {
    "needs": _number,
    "needs_classes": _classes,
    "needs_class_behaviour": _class_behaviour,
    "needs_behaviour": _behaviour,
}
