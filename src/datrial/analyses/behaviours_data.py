"""The severities that the tables of behaviours are made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from datrial.allocation.schemes import CONTROL
from datrial.analyses.arms import is_coded
from datrial.analyses.levels import BEHAVIOURS, SEVERITY, TIME_POINTS
from datrial.analyses.received import received

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context
    from datrial.results.cells import Table

#: Severity -> its place, none being 0.
PLACE = {level: place for place, level in enumerate(SEVERITY)}
NO_FORM = "no form with a known severity"
NO_PAIR = "nobody has a known severity at both time points"


@dataclass(frozen=True)
class Question:
    """What the tables of behaviours are asked about.

    Attributes
    ----------
    dont_know
        ``missing`` or ``no``, as in the tables of needs.
    """

    context: Context
    sites: tuple[str, ...]
    dont_know: str

    def nothing(self, source: str = "cms") -> str:
        """Return why nothing is known at all; mostly nothing."""
        return received(self.context, source).reason(self.sites)

    def said(self, *sources: str) -> str:
        """Return the rule for don't know and what was not sent, a space before them."""
        rule = (
            "Don't know counts as no such behaviour"
            if self.dont_know == "no"
            else "Don't know is a missing answer"
        )
        warnings = [received(self.context, each).warning(self.sites) for each in sources or ["cms"]]
        told = "; ".join(filter(None, warnings))
        return f" {rule}.{f' Warning: {told}.' if told else ''}"

    def places(self, answers: pd.Series) -> pd.Series:
        """Return codes of severity as 0 (none) to 3 (high), NaN where it is not known."""
        rule = {"dont_know": 0} if self.dont_know == "no" else {}
        return answers.map(PLACE | rule).astype(float)

    def case_manager(self, behaviour: str) -> pd.DataFrame:
        """Return persons x time points; persons with a form at any of them."""
        return self._case_manager[behaviour]

    @cached_property
    def _case_manager(self) -> dict[str, pd.DataFrame]:
        frame = self.context.connection.execute(
            "select * from marts.behaviour where list_contains(?, site) "
            "order by person_id, time_point",
            [list(self.sites)],
        ).df()
        wide = {}
        for behaviour in BEHAVIOURS:
            places = frame.assign(place=self.places(frame[behaviour]))
            table = places.pivot(index="person_id", columns="time_point", values="place")
            wide[behaviour] = table.reindex(columns=list(TIME_POINTS)).astype(float)
        return wide

    def idva(self, behaviour: str, time_point: str) -> pd.DataFrame:
        """Return person_id and place, one row for each form of the intervention arm."""
        forms = self._idva_forms[self._idva_forms["time_point"] == time_point]
        return forms.assign(place=self.places(forms[behaviour]))[["person_id", "place"]]

    @cached_property
    def _idva_forms(self) -> pd.DataFrame:
        # While arms are coded, the intervention's are those of whom it has a form.
        study = self.context.study
        arms = [key for key, arm in study.arms.items() if arm.role != CONTROL]
        of_whom = "and person_id in (select person_id from marts.behaviour)"
        return self.context.connection.execute(
            "select * from marts.idva_report where list_contains(?, site) "  # noqa: S608
            f"and list_contains(?, arm) {of_whom if is_coded(study) else ''} "
            "order by person_id, victim_id, time_point",
            [list(self.sites), arms],
        ).df()

    def engagement(self) -> pd.Series:
        """Return each service user's engagement; don't know is among the codes."""
        frame = self.context.connection.execute(
            "select distinct person_id, engagement from marts.behaviour "
            "where list_contains(?, site) order by person_id",
            [list(self.sites)],
        ).df()
        return frame.set_index("person_id")["engagement"]


def add_share(table: Table, at: tuple[str, str], hits: pd.Series, reason: str) -> None:
    """Add the share of true among all of a series of true and false."""
    n = len(hits)
    table.add(*at, "share", float(hits.mean()) if n else None, n=n or None, reason=reason)


def behaviour_rows(parts: dict[str, str]) -> dict[str, tuple[str, str, str]]:
    """Return row -> behaviour, part and label, for every behaviour and part."""
    return {
        f"{behaviour}__{part}": (behaviour, part, f"{label}: {words[0].lower()}{words[1:]}")
        for behaviour, label in BEHAVIOURS.items()
        for part, words in parts.items()
    }
