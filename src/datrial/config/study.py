"""The study file: one file is one evaluation."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from datrial.config.load import parse, read_yaml
from datrial.config.project import project_root
from datrial.errors import UsageError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Arm(_Strict):
    """A trial arm."""

    label: str
    role: Literal["intervention", "control"]


class Site(_Strict):
    """A site and the days, first and last included, in which it recruited."""

    label: str
    recruitment_start: dt.date
    recruitment_end: dt.date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.recruitment_end < self.recruitment_start:
            raise ValueError("recruitment ends before it starts")
        return self


class Eligibility(_Strict):
    """Who may be allocated."""

    minimum_age: int = Field(ge=0)


class Allocation(_Strict):
    """How perpetrators came into an arm.

    ``imported``: the list of whoever randomised; ``capacity_lottery``: the
    study's own, per site and MARAC meeting.
    """

    method: Literal["imported", "capacity_lottery"]
    eligibility: Eligibility


class Anchor(_Strict):
    """A day relative to a person's index date or end of intervention."""

    anchor: Literal["index", "end", "data_end"]
    months: int = 0


class FollowUpPeriod(_Strict):
    """A period of follow-up: the days after ``after``, up to and including ``until``.

    With ``including_start`` the first day counts and the last does not, which
    is what a period *before* the index date needs.
    """

    key: str
    label: str
    after: Anchor
    until: Anchor
    including_start: bool = False


class EndOfIntervention(_Strict):
    """When the intervention ends for someone without a closure date."""

    rule: Literal["mean_intervention_duration", "fixed_days"]
    days: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _days(self) -> Self:
        if (self.rule == "fixed_days") != (self.days is not None):
            raise ValueError("`days` belongs to the rule fixed_days, which needs it")
        return self


class Scoring(_Strict):
    """Scores and their missing-answer rules."""

    dash_items: int = Field(gt=0)
    dash_max_not_known: int = Field(ge=0)


class Study(_Strict):
    """One evaluation, as its study file states it."""

    study: str
    title: str
    design: Literal["randomised_trial", "single_arm"]
    seed: int = Field(ge=0)
    arms: dict[str, Arm]
    sites: dict[str, Site]
    allocation: Allocation
    sources: tuple[str, ...]
    quarantine_limit: float = Field(gt=0, lt=1)
    periods: tuple[FollowUpPeriod, ...]
    end_of_intervention: EndOfIntervention
    scoring: Scoring
    published: str | None = None
    analyses: dict[str, dict[str, Any]]
    primary_outcomes: tuple[str, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = []
        keys = [period.key for period in self.periods]
        if len(set(keys)) < len(keys):
            problems.append("two periods have the same key")
        for name in self.primary_outcomes:
            if name not in self.analyses:
                problems.append(f"primary outcome {name!r} is not one of the analyses")
        if problems:
            raise ValueError("; ".join(problems))
        return self


def studies() -> list[str]:
    """Return the names of the studies in ``configs/studies``."""
    return sorted(path.stem for path in (project_root() / "configs" / "studies").glob("*.yaml"))


def load_study(name: str) -> Study:
    """Read ``configs/studies/<name>.yaml``.

    Raises
    ------
    UsageError
        If there is no such study (the message lists those there are), or with
        all the file's errors.
    """
    if name not in studies():
        raise UsageError(f"There is no study {name!r}. Studies: {', '.join(studies())}.")
    path = project_root() / "configs" / "studies" / f"{name}.yaml"
    return parse(Study, read_yaml(path), f"configs/studies/{name}.yaml")
