"""The study file: one file is one evaluation."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from datrial.config.allocation import Allocation, allocation_problems
from datrial.config.definitions import Definitions
from datrial.config.families import OutcomeFamily
from datrial.config.load import parse, read_yaml
from datrial.config.plan import Plan, plan_problems
from datrial.config.project import project_root
from datrial.errors import UsageError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


#: The role of every arm while arms are shown as codes.
CODED: Final = "coded"


class Arm(_Strict):
    """A trial arm.

    Attributes
    ----------
    role
        What the arm is. A study file never says ``coded``: that is what an analyst sees
        of a blinded study, until its unblinding is logged.
    """

    label: str
    role: Literal["intervention", "control", "coded"]


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


class Linkage(_Strict):
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


class Retention(_Strict):
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


class Study(_Strict):
    """One evaluation, as its study file states it.

    Attributes
    ----------
    nightly
        Whether the server runs it every night.
    outcome_families
        Tests whose p-values the analysis ``outcome_families`` adjusts together.
    disclosure
        The profile, of ``configs/disclosure/``, by which small counts are kept out of results.
    plan
        The lock of the analysis plan, with its amendments; never another study's.
    """

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
    windows: tuple[int, ...] = (0, 6, 12, 24)  # months from the index date, for sensitivity
    definitions: Definitions = Definitions()
    end_of_intervention: EndOfIntervention
    scoring: Scoring
    linkage: Linkage | None = None
    retention: Retention = Retention()
    nightly: bool = True
    published: str | None = None
    analyses: dict[str, dict[str, Any]]
    primary_outcomes: tuple[str, ...]
    outcome_families: dict[str, OutcomeFamily] = {}
    disclosure: str = "counts_below_5"
    plan: Plan | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = []
        keys = [period.key for period in self.periods]
        if len(set(keys)) < len(keys):
            problems.append("two periods have the same key")
        if sorted(set(self.windows)) != list(self.windows) or min((0, *self.windows)) < 0:
            problems.append("the months of windows must rise from 0 or more")
        for name in self.primary_outcomes:
            if name not in self.analyses:
                problems.append(f"primary outcome {name!r} is not one of the analyses")
        problems += _family_problems(self.outcome_families, self.analyses)
        problems += plan_problems(self.plan, self.primary_outcomes, self.outcome_families)
        problems += allocation_problems(self.allocation, self.arms, self.sites)
        problems += _arm_problems(self.arms, self.allocation)
        if problems:
            raise ValueError("; ".join(problems))
        return self


def _family_problems(
    families: dict[str, OutcomeFamily], analyses: dict[str, dict[str, Any]]
) -> list[str]:
    """Return which tests of outcome families no analysis of the plan makes."""
    problems = [
        f"outcome family {key!r} names {tests.table}, but the analysis {tests.analysis!r} is not "
        "planned"
        for key, family in families.items()
        for tests in family.tests
        if tests.analysis not in analyses
    ]
    if families and "outcome_families" not in analyses:
        problems.append("outcome families are adjusted by the analysis outcome_families: plan it")
    return problems


def _arm_problems(arms: dict[str, Arm], allocation: Allocation) -> list[str]:
    """Return what of the arms could be taken for the code of an arm."""
    problems = []
    coded = sorted(key for key, arm in arms.items() if arm.role == CODED)
    if coded:
        problems.append(f"an arm's role is intervention or control: {', '.join(coded)}")
    taken = sorted(key for key in arms if re.fullmatch(r"arm_[a-z]", key))
    if taken and allocation.blinding != "none":
        problems.append(f"in a blinded study no arm is named like a code: {', '.join(taken)}")
    return problems


def studies() -> list[str]:
    """Return the names of the studies in ``configs/studies``."""
    return sorted(path.stem for path in (project_root() / "configs" / "studies").glob("*.yaml"))


def load_study(name: str) -> Study:
    """Read ``configs/studies/<name>.yaml``.

    A file with ``based_on: other`` says only what differs from the other study:
    each of its settings takes the place of the other's. The lock of the other's
    analysis plan is not taken over: it is not the plan of this study.

    Raises
    ------
    UsageError
        If there is no such study (the message lists those there are), or with
        all the file's errors.
    """
    if name not in studies():
        raise UsageError(f"There is no study {name!r}. Studies: {', '.join(studies())}.")
    return parse(Study, _content(name, ()), f"configs/studies/{name}.yaml")


def _content(name: str, above: tuple[str, ...]) -> Any:
    """Return a study file's settings, over those of the study that it is based on."""
    content = read_yaml(project_root() / "configs" / "studies" / f"{name}.yaml")
    base = content.get("based_on") if isinstance(content, dict) else None
    if base is None:
        return content
    if base not in studies() or base in (name, *above):
        raise UsageError(f"configs/studies/{name}.yaml: `based_on` names no other study: {base!r}.")
    own = {key: value for key, value in content.items() if key != "based_on"}
    taken_over = {
        key: value for key, value in _content(base, (name, *above)).items() if key != "plan"
    }
    return {**taken_over, **own}
