"""The parts of a study file: arms, sites, periods, scores, linkage, retention."""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Strict(BaseModel):
    """A part of a study file: unknown settings are errors, and nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


#: The role of every arm while arms are shown as codes.
CODED: Final = "coded"


class Arm(Strict):
    """A trial arm.

    Attributes
    ----------
    role
        What the arm is. A study file never says ``coded``: that is what an analyst sees
        of a blinded study, until its unblinding is logged.
    sources
        Mappings whose people are in the arm, where nobody is allocated. None: the people of
        all sources that no other arm names.
    """

    label: str
    role: Literal["intervention", "control", "coded"]
    sources: tuple[str, ...] = ()


class Site(Strict):
    """A site and the days, first and last included, in which it recruited."""

    label: str
    recruitment_start: dt.date
    recruitment_end: dt.date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.recruitment_end < self.recruitment_start:
            raise ValueError("recruitment ends before it starts")
        return self


class Anchor(Strict):
    """A day relative to a person's index date or end of intervention."""

    anchor: Literal["index", "end", "data_end"]
    months: int = 0


class FollowUpPeriod(Strict):
    """A period of follow-up: the days after ``after``, up to and including ``until``.

    With ``including_start`` the first day counts and the last does not, which
    is what a period *before* the index date needs.
    """

    key: str
    label: str
    after: Anchor
    until: Anchor
    including_start: bool = False


class EndOfIntervention(Strict):
    """When the intervention ends for someone without a closure date."""

    rule: Literal["mean_intervention_duration", "fixed_days"]
    days: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _days(self) -> Self:
        if (self.rule == "fixed_days") != (self.days is not None):
            raise ValueError("`days` belongs to the rule fixed_days, which needs it")
        return self


class Scoring(Strict):
    """Scores and their missing-answer rules."""

    dash_items: int = Field(gt=0)
    dash_max_not_known: int = Field(ge=0)


class Linkage(Strict):
    """How references that are not shared are linked to people.

    Match weights are those of Fellegi and Sunter, in bits: the base-2 logarithm
    of the odds that two references are one person (3.3 is a probability of .91).

    Attributes
    ----------
    match_weight
        Links of this weight or more are made.
    sensitivity_weights
        Other cuts at which the effect estimates are repeated.
    review_from, review_to
        The band of weights in which a person looks at pairs (clerical review).
    largest_cluster
        More references than this in one person are listed as suspicious.
    within_space
        Whether references of one space may be one person too (an agency that
        gives a person a new reference); else the weaker link is a conflict.
    """

    match_weight: float
    sensitivity_weights: tuple[float, ...] = ()
    review_from: float
    review_to: float
    largest_cluster: int = Field(default=10, ge=2)
    within_space: bool = False

    @model_validator(mode="after")
    def _weights(self) -> Self:
        problems = []
        if self.review_from > self.review_to:
            problems.append("review_from lies above review_to")
        if len({self.match_weight, *self.sensitivity_weights}) <= len(self.sensitivity_weights):
            problems.append("the sensitivity needs weights that differ from match_weight")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Retention(Strict):
    """How long things are held; none means for ever.

    Attributes
    ----------
    extracts_months
        Agencies' files (and their receipts), from the last day they were in use.
    snapshots, runs
        How many of the latest are kept (the current one always is).
    logs_months
        Logs and records of attempts.
    """

    extracts_months: int | None = Field(default=None, ge=1)
    snapshots: int | None = Field(default=None, ge=1)
    runs: int | None = Field(default=None, ge=1)
    logs_months: int | None = Field(default=None, ge=1)
