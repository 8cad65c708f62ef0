"""The same cost model on a study's own counts in place of the printed quantities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from datrial.economics.entries import QuantityEntry, Spread
from datrial.economics.model import CostModel, point
from datrial.economics.own_checking import parts_of
from datrial.economics.own_counts import Counts, OwnNumber, rate_of, share_of
from datrial.economics.own_entries import OwnPart, OwnQuantity
from datrial.economics.printed import Printed
from datrial.economics.values import Values

_NO_COUNT = "As printed: no count stands for it."


@dataclass(frozen=True)
class Origin:
    """Where a number of the model comes from.

    Attributes
    ----------
    printed, value
        As the model's file has it; what the model runs on.
    count
        What was counted for it; a part of ``group_count`` where that is of several entries.
    group_count, denominator
        All that was counted together, and of what or over how much (in the unit of the
        quantity).
    n
        Of how many people what was counted is, at least.
    people
        Over whom it was counted; of outcomes, over how many incidents.
    source, why
        The counts, or the printed source; why they stand for it, or why it is kept.
    design_effect
        Of a rate: how many times as much it varies as events that come one by one.
    """

    quantity: str
    entry: str
    label: str
    unit: str
    printed: float
    value: float
    is_own: bool
    source: str
    why: str
    count: float | None = None
    group_count: int | None = None
    denominator: float | None = None
    n: int | None = None
    people: int | None = None
    counted_of: str = ""
    design_effect: float | None = None


@dataclass(frozen=True)
class Own:
    """A model with a study's own quantities.

    Attributes
    ----------
    model
        The same formulas and prices; the quantities own where there are own ones, with
        the spread that their counts give them.
    origins
        Of every number that ``own_data`` names, in the order of the model.
    warnings
        What is missing in the study's data.
    """

    model: CostModel
    origins: tuple[Origin, ...]
    warnings: tuple[str, ...] = ()

    @property
    def is_any(self) -> bool:
        """Whether any number is the study's own."""
        return any(origin.is_own for origin in self.origins)

    @property
    def numbers(self) -> dict[str, Values]:
        """The quantities of which some number is own, as the model's functions take them."""
        own = dict.fromkeys(origin.quantity for origin in self.origins if origin.is_own)
        return {name: point(self.model.file.quantities[name]) for name in own}


def with_own(model: CostModel, counts: Counts, silent: Mapping[str, str] | None = None) -> Own:
    """Return a model on a study's own counts, by the section ``own_data`` of its file.

    A number keeps its printed value where nothing was counted for it, or too little.

    Parameters
    ----------
    silent
        Measure -> why nothing was counted of it.
    """
    section = model.file.own_data
    if section is None:
        return Own(model, ())
    changed: dict[str, QuantityEntry] = {}
    origins: list[Origin] = []
    for name, about in model.file.quantities.items():
        if name in section.kept:
            origins += [_kept(model, name, entry, section.kept[name]) for entry in about.numbers()]
        elif name in section.quantities:
            found = _numbers(model, name, section.quantities[name], counts)
            told = _told(section.quantities[name], found, section.at_least, silent or {})
            origins += [
                _kept(model, name, entry, told.get(entry, _NO_COUNT))
                if entry in told or entry not in found
                else _own(model, name, entry, found[entry], section.quantities[name])
                for entry in about.numbers()
            ]
            own = {entry: number for entry, number in found.items() if entry not in told}
            if own:
                changed[name] = _replaced(about, own)
    file = model.file.model_copy(update={"quantities": {**model.file.quantities, **changed}})
    used = {origin.why for origin in origins}
    missing = tuple(dict.fromkeys(why for why in (silent or {}).values() if _as_told(why) in used))
    return Own(replace(model, file=file), tuple(origins), missing)


def _numbers(model: CostModel, name: str, own: OwnQuantity, counts: Counts) -> dict[str, OwnNumber]:
    """Return entry -> the study's number, of those parts of which anything was counted."""
    about = model.file.quantities[name]
    printed = {entry: number.value for entry, number in about.numbers().items()}
    weights = None
    if own.weighted_by is not None:
        weighted = model.file.quantities[own.weighted_by].numbers()
        weights = {entry: number.value for entry, number in weighted.items()}
    found: dict[str, OwnNumber] = {}
    for part in own.parts:
        if about.unit == "share":
            found |= share_of(part, printed, weights, counts)
        else:
            found |= rate_of(part, own, printed, counts)
    return found


def _told(
    own: OwnQuantity, found: Mapping[str, OwnNumber], at_least: int, silent: Mapping[str, str]
) -> dict[str, str]:
    """Return entry -> why it is kept as printed, of those that are."""
    told = {}
    for entry, part in parts_of(own).items():
        if entry not in found:
            told[entry] = _as_told(silent.get(part.count[0].measure, "nothing was counted"))
        elif found[entry].n < at_least:
            told[entry] = f"As printed: it was counted of fewer than {at_least} people."
    return told


def _as_told(why: str) -> str:
    return f"As printed: {why}."


def _replaced(about: QuantityEntry, own: Mapping[str, OwnNumber]) -> QuantityEntry:
    """Return a quantity with own numbers; their doubts are those of their counts."""
    numbers: dict[str, Printed] = {}
    spreads: dict[str, Spread] = {}
    for entry, number in about.numbers().items():
        if entry in own:
            value = own[entry].value
            numbers[entry] = Printed(value, 0.0, f"{value:.4g}")
            spreads[entry] = Spread(kind=own[entry].kind, of=max(1, round(own[entry].of)))
        else:
            numbers[entry] = number
            printed = about.spread_of(entry)
            if printed is not None:
                spreads[entry] = printed
    kept = [entry for entry in numbers if entry not in own]
    source = "counted in this study" + (
        f"; as printed: {', '.join(kept)} ({about.source})" if kept else ""
    )
    single = about.index is None
    return about.model_copy(
        update={
            "value": numbers[""] if single else None,
            "values": None if single else numbers,
            "source": source,
            "rounded_to": None,
            "exact": False,
            "spread": None,
            "spreads": spreads,
            "shared": next((n.shared for n in own.values() if n.shared), None),
        }
    )


def _own(model: CostModel, name: str, entry: str, number: OwnNumber, own: OwnQuantity) -> Origin:
    part: OwnPart = parts_of(own)[entry]
    return replace(
        _kept(model, name, entry, part.why),
        value=number.value,
        is_own=True,
        source="; ".join(pick.words() for pick in part.count),
        count=number.count,
        group_count=number.group_count,
        denominator=number.denominator,
        n=number.n,
        people=number.people,
        counted_of=number.counted_of,
        design_effect=number.design_effect,
    )


def _kept(model: CostModel, name: str, entry: str, why: str) -> Origin:
    about = model.file.quantities[name]
    words = model.file.indexes[about.index][entry] if about.index else ""
    value = about.numbers()[entry].value
    return Origin(
        name, entry, f"{about.label}: {words}" if words else about.label, about.unit, value,
        value, False, about.source, why,
    )  # fmt: skip
