"""The report's chapters: which analyses stand together, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datrial.report.sections import Section

#: An analysis names its chapter; this is the order in which chapters are read. What an
#: evaluation rests on comes first, what it can be doubted by last.
ORDER = (
    "Participant flow",
    "Data received",
    "The trial",
    "Referrals and activity",
    "Clients",
    "Participants",
    "Needs",
    "Engagement and interventions",
    "Behaviour and risk",
    "Outcomes of clients",
    "Victims-survivors",
    "MARAC",
    "Police",
    "Repeated abuse at MARAC and with the police",
    "Costs and value for money",
    "Definitions and sensitivity",
)
#: The chapter of an analysis that names none.
OTHER = "Analyses"


@dataclass(frozen=True)
class Chapter:
    """A chapter with its analyses.

    Attributes
    ----------
    is_one
        Whether it is one analysis of the same title, which then needs no head of its own.
    """

    id: str
    title: str
    sections: tuple[Section, ...]

    @property
    def is_one(self) -> bool:
        """Tell whether the chapter is one analysis by the same name."""
        return [section.title for section in self.sections] == [self.title]


def chapters(sections: Sequence[Section]) -> tuple[Chapter, ...]:
    """Return the chapters of a run's analyses; one that is not in the order comes at the end."""
    named: dict[str, list[Section]] = {}
    for section in sections:
        named.setdefault(section.chapter or OTHER, []).append(section)
    known = [title for title in ORDER if title in named]
    others = [title for title in named if title not in ORDER]
    return tuple(
        Chapter(f"chapter-{number}", title, tuple(named[title]))
        for number, title in enumerate([*known, *others], start=1)
    )
