"""The ``plan`` section of a study file: the lock of its analysis plan, and its amendments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from datrial.config.families import OutcomeFamily

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
PartHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Amendment(_Strict):
    """A change of a locked plan.

    Attributes
    ----------
    hash
        The plan's hash from then on.
    changed
        The parts that the amendment changed, added or took away.
    """

    date: dt.date
    reason: Reason
    hash: Hash
    changed: tuple[str, ...] = ()


class Plan(_Strict):
    """The ``plan`` section of a study file: when the analysis plan was locked, and as what.

    Attributes
    ----------
    locked
        The day of the lock; none means that there is none (yet).
    hash
        Of all that the plan fixes (:func:`datrial.config.plan_lock.plan_content`) on that day.
    parts
        Part -> its hash in the plan as last locked or amended, so that a change can be named.
        The lock is ``hash``; these decide nothing.
    exploratory
        Analyses that are run but were not planned: they may come, change and go.
    """

    locked: dt.date | None = None
    hash: Hash | None = None
    parts: dict[str, PartHash] = {}
    amendments: tuple[Amendment, ...] = ()
    exploratory: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        problems = []
        if (self.locked is None) != (self.hash is None):
            problems.append("`locked` and `hash` belong together (`datrial plan lock`)")
        if self.locked is None and (self.parts or self.amendments):
            problems.append("`parts` and `amendments` belong to a plan that is locked")
        days = [self.locked, *(amendment.date for amendment in self.amendments)]
        if any(a and b and b < a for a, b in pairwise(days)):
            problems.append("the dates of the lock and its amendments go back")
        if len(set(self.exploratory)) < len(self.exploratory):
            problems.append("an exploratory analysis is named twice")
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def in_force(self) -> str | None:
        """The hash that the plan must have: of the last amendment, or else of the lock."""
        return self.amendments[-1].hash if self.amendments else self.hash

    @property
    def last_day(self) -> dt.date | None:
        """The day of the last amendment, or else of the lock."""
        return self.amendments[-1].date if self.amendments else self.locked


def plan_problems(
    plan: Plan | None, primary_outcomes: Collection[str], families: Mapping[str, OutcomeFamily]
) -> Iterator[str]:
    """Yield how a plan's exploratory analyses contradict what the study plans."""
    for name in plan.exploratory if plan else ():
        if name in primary_outcomes:
            yield f"primary outcome {name!r} cannot be exploratory"
        for key, family in families.items():
            if name in [tests.analysis for tests in family.tests]:
                yield f"outcome family {key!r} rests on the exploratory analysis {name!r}"
