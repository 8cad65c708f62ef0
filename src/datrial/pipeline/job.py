"""What a run is asked to do, and what each of its stops answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from datrial.config.load import describe
from datrial.config.project import home
from datrial.config.study import Study, load_study
from datrial.errors import UsageError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Job(_Strict):
    """A run's parameters.

    Attributes
    ----------
    study
        The study file's name.
    inbox
        The folder with the agencies' files; none means ``DATRIAL_HOME/inbox/<study>``.
    analyses
        Which analyses to run; none means all of the analysis plan.
    changes
        Changed parameters: ``{"risk_score.effect": "normal"}``; values as in YAML.
    label
        A name for the run, for people.
    fresh
        Run every analysis again, also where nothing that it rests on has changed. It
        changes no number, and so no id.
    """

    study: str
    inbox: Path | None = None
    analyses: tuple[str, ...] | None = None
    changes: dict[str, str] = {}
    label: str = ""
    fresh: bool = False

    @property
    def inbox_folder(self) -> Path:
        """The folder with the agencies' files."""
        return (self.inbox or home() / "inbox" / self.study).absolute()

    def resolved_study(self) -> Study:
        """Return the study with this job's changed parameters and chosen analyses.

        Raises
        ------
        UsageError
            If a change or an analysis does not exist; all problems at once.
        """
        import yaml

        study = load_study(self.study)
        problems = []
        analyses: dict[str, dict[str, Any]] = {k: dict(v) for k, v in study.analyses.items()}
        for name, text in self.changes.items():
            analysis, _, parameter = name.partition(".")
            if analysis not in analyses or not parameter:
                problems.append(
                    f"{name}: write ANALYSIS.PARAMETER; analyses: {', '.join(analyses)}"
                )
                continue
            analyses[analysis][parameter] = yaml.safe_load(text)
        for name in self.analyses or ():
            if name not in analyses:
                problems.append(f"{name}: no such analysis; analyses: {', '.join(analyses)}")
        if problems:
            raise UsageError("\n".join(problems))
        if self.analyses is not None:
            analyses = {name: analyses[name] for name in study.analyses if name in self.analyses}
        chosen = tuple(name for name in study.primary_outcomes if name in analyses)
        resolved = study.model_copy(update={"analyses": analyses, "primary_outcomes": chosen})
        return check_parameters(resolved)


def departures(resolved: Study) -> tuple[tuple[str, ...] | None, dict[str, str]]:
    """Return how a resolved study departs from its study file.

    Two jobs with the same resolved study are the same run, however they were
    asked for; so this, and not what was typed, is what a run records.

    Returns
    -------
    only, changes
        The analyses, if not all of the plan; ``analysis.parameter`` -> its
        value (JSON, which is YAML) where it is not the plan's.
    """
    plan = check_parameters(load_study(resolved.study)).analyses
    only = tuple(resolved.analyses) if list(resolved.analyses) != list(plan) else None
    changes = {
        f"{analysis}.{name}": json.dumps(value)
        for analysis, parameters in resolved.analyses.items()
        for name, value in parameters.items()
        if value != plan[analysis][name]
    }
    return only, changes


def check_parameters(study: Study) -> Study:
    """Return the study with every analysis's parameters complete and checked, in running order.

    Raises
    ------
    UsageError
        For analyses that do not exist and parameters that do not fit; all at once.
    """
    from pydantic import ValidationError

    from datrial.analyses.registry import ANALYSES

    problems, complete = [], {}
    for name, given in study.analyses.items():
        if name not in ANALYSES:
            problems.append(f"{name}: no such analysis; there are {', '.join(ANALYSES)}")
            continue
        try:
            parameters = ANALYSES[name].parameters.model_validate(given)
            complete[name] = parameters.model_dump(mode="json")
            problems += _unknown_sites(study, name, complete[name])
        except ValidationError as error:
            problems.append(f"{name}:\n{describe(error)}")
    if problems:
        raise UsageError(f"Study {study.study}, analyses:\n" + "\n".join(problems))
    # What is made of the others' tables comes after them.
    last = sorted(complete, key=lambda name: ANALYSES[name].reads_results)
    return study.model_copy(update={"analyses": {name: complete[name] for name in last}})


def _unknown_sites(study: Study, analysis: str, parameters: dict[str, Any]) -> list[str]:
    """Return which sites the parameters name that the study has not, a line each."""
    return [
        f"{analysis}.{name}: no such site: {', '.join(unknown)}; sites: {', '.join(study.sites)}"
        for name in ("sites", "police_sites")
        if (unknown := [site for site in parameters.get(name) or () if site not in study.sites])
    ]


class Decision(_Strict):
    """Whether there is anything to do."""

    snapshot_id: str
    run_id: str
    up_to_date: bool


class Received(_Strict):
    """What arrived, and so what the later stops use: they do not look into the inbox again.

    Attributes
    ----------
    extracts, new
        How many extracts are current, and how many of those had not arrived before.
    unread
        Files in the inbox that no mapping names.
    corrected
        How many current extracts replace an earlier delivery.
    current, earlier
        The ids of the current extracts and of those that they replace.
    """

    extracts: int
    new: int
    unread: int = 0
    corrected: int = 0
    current: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()


class Allocated(_Strict):
    """Who stands in the ledger: nobody is named, and no arm where they are coded.

    Attributes
    ----------
    arms
        Arm -> people; empty in a blinded study.
    people, new
        How many were allocated, and how many of them in this run.
    excluded
        Reason -> people; a reason that nobody has counts 0.
    commitment
        The hash of a concealed seed, to be published; empty where there is none.
    seed_is_public
        Whether the study draws from the seed in its study file.
    allocates
        False of a study that is no randomised trial: nobody is ever allocated in it.
    """

    arms: dict[str, int] = {}
    people: int = 0
    new: int = 0
    excluded: dict[str, int] = {}
    commitment: str = ""
    seed_is_public: bool = False
    allocates: bool = True

    @property
    def in_words(self) -> str:
        """Who stands in the ledger, within a sentence."""
        if not self.people:
            return "nobody"
        arms = ", ".join(f"{count} {arm}" for arm, count in self.arms.items())
        return arms or f"{self.people} people (their arms are not shown)"


class RowCount(_Strict):
    """Row accounting of one staging table: received = staged + quarantined."""

    table: str
    received: int
    staged: int
    quarantined: int


class CheckCount(_Strict):
    """The verdict of one rule, in counts."""

    table: str
    rule: str
    severity: str
    rows_looked_at: int
    rows_failed: int
    verdict: str


class Built(_Strict):
    """A published snapshot."""

    snapshot_id: str
    rows: tuple[RowCount, ...]
    checks: tuple[CheckCount, ...]


class Analysed(_Strict):
    """One analysis's end.

    Attributes
    ----------
    reused
        Whether its tables are those of an earlier run with the same inputs.
    """

    analysis: str
    state: Literal["done", "failed"]
    reason: str = ""
    reused: bool = False

    @property
    def in_words(self) -> str:
        """How it ended, for people."""
        if self.reason:
            return f"{self.state} - {self.reason}"
        return f"{self.state}, taken from an earlier run" if self.reused else self.state


class Published(_Strict):
    """A finished run."""

    run_id: str
    report: Path
    failed: tuple[str, ...]

    @property
    def checks_page(self) -> Path:
        """The page of the checks, beside the report."""
        return self.report.with_name("checks.html")
