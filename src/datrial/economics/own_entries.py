"""What a cost model's file says of a study's own data: which counts stand for which quantity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from datrial.economics.fields import Count, Formula, Text

_NEEDS = ("need_mental_health", "need_self_harm", "need_alcohol_misuse", "need_drugs_misuse")
_ANSWERS = ("yes", "no", "dont_know", "not_applicable", "not_answered")
_OFFENCES = (
    "violence_with_injury", "violence_without_injury", "harassment_stalking", "sexual_offence",
    "criminal_damage", "public_order", "theft", "burglary", "drugs", "breach_of_order",
    "verbal_argument", "other", "dont_know",
)  # fmt: skip
_SCALE = ("excessive", "high", "moderate", "low", "none", "dont_know", "not_answered")
_LEVELS: dict[str, tuple[str, ...]] = {
    "mental_health_level": (
        "poor", "fair", "good", "very_good", "excellent", "dont_know", "not_answered",
    ),
    "alcohol_misuse_level": _SCALE,
    "drugs_misuse_level": _SCALE,
    "housing_level": (
        "homeless", "transitory", "unstable", "temporary", "stable", "dont_know", "not_answered",
    ),
}  # fmt: skip
_OUTCOMES = (
    "charged", "cautioned", "no_further_action", "community_resolution", "under_investigation",
    "other", "dont_know",
)  # fmt: skip
#: Measure -> entry -> answers: what a study counts (marts.cost_quantity), word for word.
MEASURES: dict[str, dict[str, tuple[str, ...]]] = {
    "incidents": dict.fromkeys(_OFFENCES, ("crimed", "not_crimed", "dont_know")),
    "incidents_all": {"all": ("all",)},
    "outcome": dict.fromkeys(_OFFENCES, _OUTCOMES),
    "victims_intake": dict.fromkeys((*_NEEDS, "children_present", "cyps_involvement"), _ANSWERS),
    "victims_exit": {"support_housing": _ANSWERS},
    **{f"service_users_{at}": _LEVELS for at in ("intake", "midpoint", "closure")},
    "children": {"index_case": ("all",)},
}
#: Measures that count events over time or families, not the answers of people.
RATES = ("incidents", "incidents_all", "children")
#: Measure -> what is counted, and of whom.
WORDS: dict[str, tuple[str, str]] = {
    "incidents": (
        "police incidents",
        "days of perpetrators about whom the police were asked, in the six months before",
    ),
    "incidents_all": (
        "police incidents",
        "days of perpetrators about whom the police were asked, in the six months before",
    ),
    "outcome": ("outcomes", "crimed incidents of the six months before"),
    "victims_intake": ("Insights, intake", "intake forms of victims-survivors"),
    "victims_exit": ("Insights, exit", "exit forms of victims-survivors"),
    **{
        f"service_users_{at}": (f"case management, {at}", f"service users' {at} forms")
        for at in ("intake", "midpoint", "closure")
    },
    "children": ("MARAC, children", "families with children, cases of the index meeting"),
}

Key = tuple[str, str, str]
"""Measure, entry, answer."""


@dataclass(frozen=True)
class Pick:
    """Counts that are added up: ``incidents.drugs|theft.crimed``; ``*`` takes all there are."""

    text: str
    measure: str
    entries: tuple[str, ...]
    answers: tuple[str, ...]

    def taken(self) -> tuple[Key, ...]:
        """Return the counts that it takes."""
        there = MEASURES[self.measure]
        return tuple(
            (self.measure, entry, answer)
            for entry in (there if self.entries == ("*",) else self.entries)
            for answer in (there[entry] if self.answers == ("*",) else self.answers)
        )

    def words(self) -> str:
        """Return what is counted, for people to read."""
        entries = "all" if self.entries == ("*",) else " or ".join(self.entries)
        answers = "" if self.answers in (("*",), ("all",)) else f", {' or '.join(self.answers)}"
        told = f"{WORDS[self.measure][0]}: {entries}{answers}".replace("_", " ")
        return told.replace("dont know", "don't know")


def read_pick(text: str) -> Pick:
    """Read which counts are meant.

    Raises
    ------
    ValueError
        If it is not ``measure.entries.answers``, or names what no study counts.
    """
    parts = text.split(".")
    if len(parts) != 3:
        raise ValueError(f"{text!r} is no count: write incidents.drugs|theft.crimed")
    measure, entries, answers = (tuple(part.split("|")) for part in parts)
    there = MEASURES.get(parts[0])
    if there is None:
        raise ValueError(f"nothing is counted as {measure[0]!r}; there are {', '.join(MEASURES)}")
    for entry in tuple(there) if entries == ("*",) else entries:
        if entry not in there:
            raise ValueError(f"{parts[0]} has no {entry!r}; it has {', '.join(there)}")
        for answer in () if answers == ("*",) else answers:
            if answer not in there[entry]:
                raise ValueError(
                    f"{parts[0]}.{entry} has no {answer!r}; it has {', '.join(there[entry])}"
                )
    return Pick(text, parts[0], entries, answers)


def _picks(given: Any) -> Any:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return texts
    return tuple(read_pick(text) for text in texts)


Picks = Annotated[tuple[Pick, ...], BeforeValidator(_picks)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class OwnPart(_Entry):
    """One number of a study, and for which entries of a quantity it stands.

    Attributes
    ----------
    to
        Entries; several are parted as the printed numbers are. None where the quantity
        has no index.
    count, of
        What is counted, and of what it is a share; a rate has no ``of``: it is counted
        over the measure's exposure.
    times, plus
        What the share is multiplied by, and what is added then: numbers only.
    why
        Why this stands for the quantity, and what is different about it.
    """

    to: tuple[Text, ...] = ()
    count: Picks
    of: Picks = ()
    times: Formula | None = None
    plus: Formula | None = None
    why: Text

    @model_validator(mode="after")
    def _within(self) -> Self:
        within = {key for pick in self.of for key in pick.taken()}
        counted = [key for pick in self.count for key in pick.taken()]
        if not counted:
            raise ValueError("counts nothing")
        if len(set(counted)) < len(counted):
            raise ValueError("counts something twice")
        if self.of and not set(counted) <= within:
            raise ValueError("counts what is not in `of`")
        if not self.of and (self.times or self.plus):
            raise ValueError("times and plus are of a share: give `of`")
        for formula in (self.times, self.plus):
            if formula is not None and formula.names():
                raise ValueError("times and plus take numbers only")
        return self


class OwnQuantity(_Entry):
    """How a quantity follows from a study's counts.

    Attributes
    ----------
    per
        Of a rate: how much of the measure's exposure is one of the quantity's unit (182.625
        days in a half-year).
    weighted_by
        Of shares with several entries in a part: by which quantity the entries weigh.
    spread_as
        Of a rate: the count whose spread between people all its entries share in.
    """

    parts: tuple[OwnPart, ...]
    per: Formula | None = None
    weighted_by: Text | None = None
    spread_as: Picks = ()


class OwnData(_Entry):
    """Which quantities a study takes from its own data, and which it keeps as printed.

    Attributes
    ----------
    at_least
        What was counted of fewer people keeps its printed number: it tells too little of
        the rate, and could tell of a person.
    kept
        Quantity -> why it stays as printed, of those that were counted of people.
    note
        On what is named nowhere.
    """

    at_least: Count
    quantities: dict[str, OwnQuantity]
    kept: dict[str, Text] = {}
    note: str = ""
