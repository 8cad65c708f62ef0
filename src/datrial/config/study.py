"""The study file: one file is one evaluation."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from datrial.config.allocation import Allocation
from datrial.config.definitions import Definitions
from datrial.config.families import OutcomeFamily
from datrial.config.instruments import Instrument, Terms
from datrial.config.load import parse, read_yaml
from datrial.config.plan import Plan
from datrial.config.project import project_root
from datrial.config.study_parts import (
    CODED,
    Anchor,
    Arm,
    EndOfIntervention,
    FollowUpPeriod,
    Linkage,
    Retention,
    Scoring,
    Site,
    Strict,
)
from datrial.config.study_problems import study_problems
from datrial.errors import UsageError

__all__ = [
    "CODED",
    "Anchor",
    "Arm",
    "EndOfIntervention",
    "FollowUpPeriod",
    "Linkage",
    "Retention",
    "Scoring",
    "Site",
    "Study",
    "load_study",
    "studies",
]


class Study(Strict):
    """One evaluation, as its study file states it.

    Attributes
    ----------
    design
        ``randomised_trial``: people are allocated to an arm, which `allocation`, `periods` and
        `scoring` belong to. ``single_arm``: everyone referred is in the one arm.
        ``cohort_comparison``: beside it a cohort that was not drawn by chance; an arm's
        `sources` tell who is in it.
    terms
        Vocabulary of ``configs/tables.yaml`` -> our code -> what people read, in the order of
        tables: what only this service calls its strands, areas, reasons and so on.
    instruments
        Assessment tools whose items are the service's own.
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
    design: Literal["randomised_trial", "single_arm", "cohort_comparison"]
    seed: int = Field(ge=0)
    arms: dict[str, Arm]
    sites: dict[str, Site]
    allocation: Allocation | None = None
    sources: tuple[str, ...]
    quarantine_limit: float = Field(gt=0, lt=1)
    periods: tuple[FollowUpPeriod, ...] = ()
    windows: tuple[int, ...] = (0, 6, 12, 24)  # months from the index date, for sensitivity
    definitions: Definitions = Definitions()
    end_of_intervention: EndOfIntervention = EndOfIntervention(rule="mean_intervention_duration")
    scoring: Scoring | None = None
    terms: Terms = Field(default={})
    instruments: dict[str, Instrument] = Field(default={})
    linkage: Linkage | None = None
    retention: Retention = Retention()
    nightly: bool = True
    published: str | None = None
    analyses: dict[str, dict[str, Any]]
    primary_outcomes: tuple[str, ...] = ()
    outcome_families: dict[str, OutcomeFamily] = Field(default={})
    disclosure: str = "counts_below_5"
    plan: Plan | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = study_problems(self)
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def is_blinded(self) -> bool:
        """Whether analysts see codes of arms, until an unblinding is logged."""
        return self.allocation is not None and self.allocation.blinding != "none"

    @property
    def randomisation(self) -> Allocation:
        """How people come into an arm by chance.

        Raises
        ------
        UsageError
            If nobody is allocated in this study.
        """
        if self.allocation is None:
            raise UsageError(
                f"Study {self.study} allocates nobody: its design is {self.design}, and its file "
                "has no `allocation`."
            )
        return self.allocation


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
