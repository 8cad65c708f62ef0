"""Rows of a profile: means of numbers, and shares of codes with don't know and missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.received import Received

DONT_KNOW, MISSING = "dont_know", "missing"
_NOBODY = "nobody is in this group"
_ALONE = "fewer than two people are known"

SEX = {"male": "Men", "female": "Women"}
ETHNICITY = {
    "white_british": "White British",
    "white_other": "White Other",
    "asian": "Asian/Asian British",
    "arab": "Arab",
    "black": "Black/Black British",
    "mixed": "Mixed race",
    "prefer_not_to_say": "Prefer not to say",
}
RELATIONSHIPS = {
    "current_partner": "Current intimate partner",
    "ex_partner": "Ex-intimate partner",
    "intermittent_partner": "Intermittent intimate partner",
    "family_member": "Family member",
    "other": "Another known person or associate",
}
VICTIM_RELATIONSHIPS = {**RELATIONSHIPS, "other": "Other"}
LIVING_ARRANGEMENT = {
    "together": "Living together",
    "intermittently": "Living together intermittently",
    "apart": "Not living together",
}
CHILDREN = {"yes": "Present", "no": "Not present"}
SEXUAL_ORIENTATION = {
    "heterosexual": "Heterosexual",
    "lesbian_gay_bisexual": "Lesbian, gay or bisexual",
    "prefer_not_to_say": "Not disclosed",
}
NUMBER_OF_NEEDS = {"0": "None", "1": "One", "2": "Two", "3_or_more": "Three or more"}


@dataclass(frozen=True)
class Profile:
    """Fills a profile table.

    Attributes
    ----------
    groups
        Column of the table -> the people (or forms) of it.
    sent
        What the source sent; of people of sites of which it sent nothing, nothing is known.
    """

    table: Table
    groups: Mapping[str, pd.DataFrame]
    sent: Received

    def number(self, name: str, label: str) -> None:
        """Add the mean and the standard deviation of a number, and who has none."""
        self.table.row(name, label)
        for column, people in self.groups.items():
            values = people[name].dropna().astype(float)
            for statistic, value, reason in (
                ("mean", values.mean(), "nobody's is known"),
                ("sd", values.std(ddof=1), _ALONE),
            ):
                self._add((name, column, statistic), value, len(values), reason)
        row = f"{name}__{MISSING}"
        self.table.row(row, f"{label}: missing")
        for column, people in self.groups.items():
            self._shares(row, column, people[name].isna(), None)

    def codes(self, name: str, label: str, codes: Mapping[str, str]) -> None:
        """Add a row for every code, for every other code found, don't know and missing."""
        known = [DONT_KNOW, *codes]
        found = {str(code) for people in self.groups.values() for code in people[name].dropna()}
        others = {code: code.replace("_", " ") for code in sorted(found - set(known))}
        for code, words in {**codes, **others, DONT_KNOW: "don't know"}.items():
            row = f"{name}__{code}"
            self.table.row(row, f"{label}: {words}")
            for column, people in self.groups.items():
                answers = people[name]
                of = None if code == DONT_KNOW else answers.notna() & (answers != DONT_KNOW)
                self._shares(row, column, answers == code, of)
        row = f"{name}__{MISSING}"
        self.table.row(row, f"{label}: missing")
        for column, people in self.groups.items():
            self._shares(row, column, people[name].isna(), None)

    def codes_if_any(self, name: str, label: str, codes: Mapping[str, str]) -> None:
        """Add the rows of codes; if nobody has an answer, say that nothing is known.

        For questions that not every service's form has: of one that was not asked, how
        many gave an answer is not zero but not known.
        """
        if any(people[name].notna().any() for people in self.groups.values()):
            self.codes(name, label, codes)
            return
        for code, words in codes.items():
            row = f"{name}__{code}"
            self.table.row(row, f"{label}: {words}")
            shown = ("count", "share", "share_of_known")
            reason = self.sent.reason() or "no form has an answer: it may not have been asked"
            self.table.absent_all([row], self.groups, shown, reason)

    def _shares(self, row: str, column: str, holds: pd.Series, of: pd.Series | None) -> None:
        """Add how many hold, their share of all, and of those of whom it is known."""
        count = int(holds.sum())
        self._add((row, column, "count"), count, len(holds), "")
        self._add((row, column, "share"), _share(count, len(holds)), len(holds), _NOBODY)
        if of is not None:
            known = int(of.sum())
            told = "nobody's is known"
            self._add((row, column, "share_of_known"), _share(count, known), known, told)

    def _add(self, at: tuple[str, str, str], value: float | None, n: int, reason: str) -> None:
        if self.sent.reason():
            self.table.absent(*at, self.sent.reason())
        else:
            self.table.add(*at, value, n=n, warning=self.sent.warning(), reason=reason)


def _share(count: int, of: int) -> float | None:
    return count / of if of else None
