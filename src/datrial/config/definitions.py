"""The registry of definitions: what serial, repeat and a risk band mean, in which version.

A definition is what we make of the agencies' rows; any version of it can be run on
any rows. A recording rule is what an agency goes by when it writes a row: it cannot
be run again, so numbers from before and after its change are not alike.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator


@dataclass(frozen=True)
class Version:
    """One version of a definition or of a recording rule.

    Attributes
    ----------
    minimum
        How many victims-survivors, hearing days, incidents or points make it true.
    within_months
        The longest time to the last hearing that counts, the day of the month included;
        None: any.
    valid_from
        The first day on which it was in force. None: from the first (version 1), or
        not established (a later one), in which case the study file may state it.
    """

    number: int
    wording: str
    minimum: int = 1
    within_months: int | None = None
    valid_from: dt.date | None = None


@dataclass(frozen=True)
class Definition:
    """A named definition with its versions, the first first.

    Attributes
    ----------
    source
        The source whose rows it looks at.
    recorded
        Whether it is an agency's recording rule.
    rests_on
        The recording rules on which its rows rest.
    """

    name: str
    label: str
    source: str
    versions: tuple[Version, ...]
    recorded: bool = False
    rests_on: tuple[str, ...] = ()

    def version(self, number: int) -> Version:
        """Return a version by its number."""
        return next(version for version in self.versions if version.number == number)


_REGISTRY = (
    Definition(
        "serial", "Serial perpetrator", "marac",
        (
            Version(
                1,
                "heard with two or more different victims-survivors at any time for which data "
                "were received",
                minimum=2,
            ),
        ),
    ),
    Definition(
        "marac_repeat", "Repeat perpetrator at MARAC", "marac",
        (
            Version(1, "the same pair heard again on a later day", minimum=2),
            Version(
                2,
                "the same pair heard again on a later day, not more than 12 months after its last "
                "hearing",
                minimum=2, within_months=12,
            ),
        ),
        rests_on=("marac_repeat_referral",),
    ),
    Definition(
        "police_repeat", "Repeat perpetrator with the police", "police",
        (
            Version(
                1,
                "two or more domestic abuse incidents recorded in the evaluation period",
                minimum=2,
            ),
        ),
        rests_on=("police_counting",),
    ),
    # The bound was set for the 24 questions of the DASH. A form with fewer questions
    # reaches it less easily, and the professional's judgement is on no form.
    Definition(
        "risk_band", "High risk on the DASH", "cms",
        (Version(1, "14 or more answers are yes", minimum=14),),
    ),
    Definition(
        "marac_repeat_referral", "Repeat referral to MARAC", "marac",
        (
            Version(1, "a listed kind of incident within 12 months of the last referral"),
            Version(2, "any abuse within 12 months of the last referral"),
        ),
        recorded=True,
    ),
    Definition(
        "police_counting", "Counting of crimes by the police", "police",
        (
            Version(1, "the counting rules before June 2023"),
            Version(
                2, "the counting rules from June 2023 on", valid_from=dt.date(2023, 6, 1)
            ),
        ),
        recorded=True,
    ),
)  # fmt: skip

DEFINITIONS = {definition.name: definition for definition in _REGISTRY}


class Definitions(BaseModel):
    """What a study says of definitions; without a word version 1 of each is used.

    Attributes
    ----------
    use
        Definition -> the version that the results use.
    beside
        Definition -> versions shown beside the one in use.
    valid_from
        Definition or recording rule -> version -> its first day in this study's areas,
        where the registry has none or another.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    use: dict[str, int] = {}
    beside: dict[str, tuple[int, ...]] = {}
    valid_from: dict[str, dict[int, dt.date]] = {}

    @model_validator(mode="after")
    def _known(self) -> Self:
        asked = [("use", name, number) for name, number in self.use.items()]
        asked += [("beside", name, number) for name, more in self.beside.items() for number in more]
        dated = [
            ("valid_from", name, number)
            for name, versions in self.valid_from.items()
            for number in versions
        ]
        problems = [problem for entry in (*asked, *dated) if (problem := _problem(*entry))]
        problems += [
            f"beside: version {number} of {name} is the one in use"
            for name, more in self.beside.items()
            for number in more
            if number == self.use.get(name, 1)
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def in_use(self, name: str) -> Version:
        """Return the version of a definition that the results use."""
        return DEFINITIONS[name].version(self.use.get(name, 1))

    def shown(self, name: str) -> list[Version]:
        """Return the version in use and those beside it."""
        others = [DEFINITIONS[name].version(number) for number in self.beside.get(name, ())]
        return [self.in_use(name), *others]

    def first_day(self, name: str, version: Version) -> dt.date | None:
        """Return from when on a version was in force in this study's areas."""
        return self.valid_from.get(name, {}).get(version.number, version.valid_from)

    def words(self, name: str) -> str:
        """Return the version in use in words, for a note: ``(version 1): heard with ...``."""
        version = self.in_use(name)
        return f"(version {version.number}): {version.wording}"

    def crossed(self, name: str, first_day: dt.date | None, last_day: dt.date | None) -> str:
        """Return a warning where days that are compared lie on both sides of a change.

        Parameters
        ----------
        name
            A definition; the recording rules that it rests on are looked at as well.
        first_day, last_day
            The first and the last day compared; None where nothing was received.
        """
        if first_day is None or last_day is None:
            return ""
        told = []
        for about in (name, *DEFINITIONS[name].rests_on):
            for version in DEFINITIONS[about].versions[1:]:
                day = self.first_day(about, version)
                if day is not None and first_day < day <= last_day:
                    told.append(self._change(about, version, day))
        return "; ".join(told)

    def _change(self, name: str, version: Version, day: dt.date) -> str:
        about = DEFINITIONS[name]
        label = about.label[0].lower() + about.label[1:]
        when = f"{day.day} {day:%B %Y}"
        if about.recorded:
            return (
                f"crosses a change of what is recorded: {label}, version "
                f"{version.number} from {when} on ({version.wording}); the records before and "
                "after it are not alike"
            )
        return (
            f"crosses a change of definition: {label}, version {version.number} "
            f"from {when} on; version {self.in_use(name).number} is used for all days"
        )

    def rows(self) -> Iterator[tuple[str, int, str, str, str, int, int | None, dt.date | None]]:
        """Yield the registry as rows of ``study.definition``.

        Each row: name, version, role (``in_use``, ``beside``, ``other`` or ``recorded``),
        source, wording, minimum, months within, first day.
        """
        for about in _REGISTRY:
            shown = [] if about.recorded else self.shown(about.name)
            for version in about.versions:
                role = "beside" if version in shown[1:] else "other"
                role = "in_use" if version in shown[:1] else role
                yield (
                    about.name, version.number, "recorded" if about.recorded else role,
                    about.source, version.wording, version.minimum, version.within_months,
                    self.first_day(about.name, version),
                )  # fmt: skip


def _problem(where: str, name: str, number: int) -> str:
    """Return what is wrong with a version that a study names, or nothing."""
    about = DEFINITIONS.get(name)
    if about is None or (about.recorded and where != "valid_from"):
        known = ", ".join(
            n for n, d in DEFINITIONS.items() if where == "valid_from" or not d.recorded
        )
        return f"{where}: there is no definition {name!r} ({known})"
    if number not in [version.number for version in about.versions]:
        return f"{where}: {name} has no version {number}"
    return ""
