"""Whether what a cost model's file says of a study's own data fits its quantities."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from datrial.economics.own_entries import MEASURES, RATES, OwnPart, OwnQuantity
from datrial.economics.positions import Place

if TYPE_CHECKING:
    from datrial.economics.entries import ModelFile, QuantityEntry

Problems = list[tuple[Place, str]]


def check_own(file: ModelFile) -> Problems:
    """Return what is wrong with the section ``own_data`` of a model, and where."""
    if file.own_data is None:
        return []
    problems: Problems = []
    own, kept = file.own_data.quantities, file.own_data.kept
    for part, names in (("quantities", own), ("kept", kept)):
        for name in names:
            if name not in file.quantities:
                problems.append((("own_data", part, name), f"there is no quantity {name!r}"))
    for name in own:
        if name in kept:
            problems.append((("own_data", "kept", name), f"{name} is own and kept at once"))
        if name in file.quantities:
            problems += _quantity(file, name, own[name])
    for name, about in file.quantities.items():
        counted = about.spread is not None and about.spread.of is not None
        if counted and name not in own and name not in kept:
            problems.append(
                (("own_data",), f"{name} was counted of people: say whether it is own or kept")
            )
    return problems


def _quantity(file: ModelFile, name: str, own: OwnQuantity) -> Problems:
    about = file.quantities[name]
    place: Place = ("own_data", "quantities", name)
    problems = _entries(about, own, place)
    is_share = about.unit == "share"
    for at, part in enumerate(own.parts):
        here: Place = (*place, "parts", at)
        if is_share != bool(part.of):
            what = "is a share: give `of`" if is_share else "is no share: leave out `of`"
            problems.append((here, f"{name} {what}"))
        if is_share and len(part.to) > 1 and own.weighted_by is None:
            problems.append((here, f"{name}: shares of several entries take weighted_by"))
        if len(part.to) > 1 and all(_printed(about, entry) in (0, 1) for entry in part.to):
            problems.append(((*here, "to"), f"{name}: none and all are not parted"))
    if own.weighted_by is not None:
        weights = file.quantities.get(own.weighted_by)
        if weights is None or weights.index != about.index:
            problems.append(
                ((*place, "weighted_by"), f"{own.weighted_by!r} has not the entries of {name}")
            )
    if own.per is not None and (is_share or own.per.names()):
        problems.append(((*place, "per"), "per is of a rate, and takes numbers only"))
    if is_share and own.spread_as:
        problems.append(((*place, "spread_as"), "spread_as is of a rate"))
    return problems if is_share else problems + _counted_once(own, place)


def _printed(about: QuantityEntry, entry: str) -> float:
    number = about.numbers().get(entry)
    return 0.0 if number is None else number.value


def _entries(about: QuantityEntry, own: OwnQuantity, place: Place) -> Problems:
    """Check that the parts stand for entries that there are, each once."""
    there = tuple(about.numbers()) if about.index else ()
    problems: Problems = []
    if not there and len(own.parts) != 1:
        problems.append(((*place, "parts"), "a single number takes one part"))
    seen: set[str] = set()
    for at, part in enumerate(own.parts):
        here: Place = (*place, "parts", at, "to")
        if bool(part.to) != bool(there):
            problems.append((here, "`to` names entries of the index, and only of one"))
        for entry in part.to:
            if there and entry not in there:
                problems.append((here, f"there is no entry {entry!r}"))
            if entry in seen:
                problems.append((here, f"{entry} is given twice"))
            seen.add(entry)
    return problems


def _counted_once(own: OwnQuantity, place: Place) -> Problems:
    """Check that a rate's parts leave out no event of its measure and count none twice."""
    taken = Counter(key for part in own.parts for pick in part.count for key in pick.taken())
    measures = {key[0] for key in taken}
    problems: Problems = []
    for pick in own.spread_as:
        if pick.measure not in RATES:
            problems.append(((*place, "spread_as"), f"{pick.measure} counts no events"))
    if not measures <= set(RATES) or len(measures) > 1:
        return [*problems, ((*place, "parts"), f"a rate counts one of {', '.join(RATES)}")]
    for measure in measures:
        keys = [(measure, e, answer) for e, given in MEASURES[measure].items() for answer in given]
        for wrong, told in (
            ([key for key in keys if not taken[key]], "is counted nowhere"),
            ([key for key in keys if taken[key] > 1], "is counted twice"),
        ):
            if wrong:
                named = ", ".join(".".join(key) for key in wrong)
                problems.append(((*place, "parts"), f"{named} {told}"))
    return problems


def parts_of(own: OwnQuantity) -> dict[str, OwnPart]:
    """Return entry -> the part that stands for it; the entry of a single number is empty."""
    return {entry: part for part in own.parts for entry in part.to or ("",)}
