"""What an analysis plan fixes, and whether a study file still is the plan that was locked."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from datrial.config.plan import Amendment, Plan
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.config.study import Study

#: Goes into every hash, so that a later way of hashing gives other hashes.
_FORMAT: Final = "datrial analysis plan 1"
_PART_LENGTH: Final = 8
#: A part of this name is one planned analysis.
ANALYSIS_PART: Final = "analyses."
#: So many parts an error names; more of them are counted.
_NAMED: Final = 12

PlanState = Literal["not locked", "holds", "changed"]


@dataclass(frozen=True)
class PlanChanges:
    """The parts of a plan that are not as they were locked; not known if the lock has none."""

    known: bool = True
    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.changed, *self.added, *self.removed)

    @property
    def in_words(self) -> str:
        """Which parts, within a sentence."""
        if not self.known:
            return "which parts cannot be told: its lock has no `parts`"
        found = {"changed": self.changed, "new": self.added, "gone": self.removed}
        said = [f"{word}: {_listed(names)}" for word, names in found.items() if names]
        return "; ".join(said) or "no part of it: its hash in the study file was altered"


def plan_content(study: Study) -> dict[str, Any]:
    """Return what a study's analysis plan fixes, by part.

    What a statistical analysis plan states: the design with its arms, allocation and seed; who
    is eligible; sites and recruitment; periods and windows; definitions; scores and the rule
    for missing answers; how references are linked; each planned analysis with its parameters as
    written; the primary outcomes in their order; the outcome families. It does not fix titles
    and labels, the sources' files, limits of data quality, disclosure, retention, or anything
    of an exploratory analysis. Settings left at their default are not part of the hash, so that
    a later version's new setting does not break a lock. The study is the one that its file
    states, not one with a job's changes.
    """
    given = study.model_dump(mode="json", exclude_defaults=True)
    allocation = dict(given.get("allocation") or {})
    exploratory = study.plan.exploratory if study.plan else ()
    content = {
        "eligibility": allocation.pop("eligibility", {}),
        "design": {
            "design": study.design,
            "arms": {key: arm.role for key, arm in study.arms.items()},
            "allocation": allocation,
            "seed": study.seed,
            **_arms_of_sources(study),
        },
        "sites": _without_labels(given["sites"]),
        "periods": [_without_labels(period) for period in given.get("periods", ())],
        "windows": list(study.windows),
        "end_of_intervention": study.end_of_intervention.model_dump(exclude_defaults=True),
        "definitions": given.get("definitions", {}),
        "scoring": given.get("scoring"),
        "linkage": given.get("linkage"),
        "primary_outcomes": list(study.primary_outcomes),
        "outcome_families": _without_labels(given.get("outcome_families", {})),
    }
    if study.instruments:
        content["instruments"] = {
            key: {**_without_labels(about), "items": list(about["items"])}
            for key, about in given["instruments"].items()
        }
    return content | {
        f"{ANALYSIS_PART}{name}": parameters
        for name, parameters in sorted(study.analyses.items())
        if name not in exploratory
    }


def _arms_of_sources(study: Study) -> dict[str, Any]:
    """Return which sources' people are in which arm, where that says who is in it."""
    named = {key: list(arm.sources) for key, arm in study.arms.items() if arm.sources}
    return {"arms_of_sources": named} if named else {}


def plan_hash(study: Study) -> str:
    """Return the hash of a study's analysis plan as it stands now (SHA-256)."""
    return _digest(plan_content(study))


def plan_parts(study: Study) -> dict[str, str]:
    """Return a short hash of each part of the plan, to name what changed."""
    content = plan_content(study)
    return {name: _digest([name, part])[:_PART_LENGTH] for name, part in content.items()}


def plan_state(study: Study) -> PlanState:
    """Say whether a study has a locked plan, and whether the study file still is that plan."""
    if study.plan is None or study.plan.in_force is None:
        return "not locked"
    return "holds" if plan_hash(study) == study.plan.in_force else "changed"


def plan_changes(study: Study) -> PlanChanges:
    """Return which parts differ from the plan as last locked or amended."""
    locked = study.plan.parts if study.plan else {}
    if not locked:
        return PlanChanges(known=False)
    now = plan_parts(study)
    return PlanChanges(
        changed=tuple(name for name in now if name in locked and now[name] != locked[name]),
        added=tuple(name for name in now if name not in locked),
        removed=tuple(name for name in locked if name not in now),
    )


def check_plan(study: Study) -> None:
    """Raise if a study's plan is locked and the study file is another plan by now.

    Parameters
    ----------
    study
        The study as its file states it.

    Raises
    ------
    UsageError
        With both hashes, the parts that changed, and what to do. Also for an exploratory
        analysis that is not one of the study's.
    """
    plan = study.plan
    exploratory_exist(study)
    if plan is None or plan_state(study) != "changed":
        return
    amended = f"amended on {plan.last_day}" if plan.amendments else ""
    told = [(f"{amended or 'locked'}:", plan.in_force), ("now:", plan_hash(study))]
    width = max(len(word) for word, _ in told) + 2
    raise UsageError(
        f"Study {study.study}: the analysis plan was locked on {plan.locked}"
        f"{f' and {amended}' if amended else ''}, and the study file has changed since "
        f"({plan_changes(study).in_words}).\n"
        + "".join(f"  {word:<{width}}{code}\n" for word, code in told)
        + "Put the study file back, or record the change and why: "
        f"`datrial plan amend --study {study.study} --reason TEXT --write`. An analysis that was "
        "not planned needs no amendment: list it under `plan`, `exploratory`."
    )


def exploratory_exist(study: Study) -> None:
    """Raise a UsageError if an exploratory analysis is not one of the study's analyses."""
    exploratory = study.plan.exploratory if study.plan else ()
    unknown = [name for name in exploratory if name not in study.analyses]
    if unknown:
        raise UsageError(
            f"Study {study.study}, plan, exploratory: {', '.join(unknown)} is not one of the "
            f"analyses: {', '.join(study.analyses)}."
        )


def lock_plan(study: Study, day: dt.date) -> Plan:
    """Return the plan section that locks a study's plan as it stands.

    Raises
    ------
    UsageError
        If it is locked already.
    """
    exploratory_exist(study)
    if study.plan and study.plan.locked:
        raise UsageError(
            f"Study {study.study}: the analysis plan is locked since {study.plan.locked}. A change "
            f"is an amendment: `datrial plan amend --study {study.study} --reason TEXT`."
        )
    return Plan(
        locked=day,
        hash=plan_hash(study),
        parts=plan_parts(study),
        exploratory=study.plan.exploratory if study.plan else (),
    )


def amend_plan(study: Study, reason: str, day: dt.date) -> Plan:
    """Return the plan section with an amendment more: the plan as it stands now, and why.

    Raises
    ------
    UsageError
        If the plan is not locked or has not changed, without a reason, or if the day lies
        before the last one.
    """
    plan = study.plan
    if plan is None or plan.last_day is None:
        raise UsageError(
            f"Study {study.study}: no analysis plan is locked, so there is none to amend. "
            f"`datrial plan lock --study {study.study}` locks it."
        )
    if plan_state(study) == "holds":
        raise UsageError(
            f"Study {study.study}: the plan is as it was on {plan.last_day}; there is nothing to "
            "amend. Change the study file first."
        )
    exploratory_exist(study)
    reason = " ".join(reason.split())
    if len(reason) < 3:
        raise UsageError("--reason: say why the plan is changed; the report shows it.")
    if day < plan.last_day:
        raise UsageError(f"--date: {day} lies before {plan.last_day}, the plan's last date.")
    amendment = Amendment(
        date=day, reason=reason, hash=plan_hash(study), changed=plan_changes(study).names
    )
    return plan.model_copy(
        update={"parts": plan_parts(study), "amendments": (*plan.amendments, amendment)}
    )


def _without_labels(found: Any) -> Any:
    """Return settings without their labels, which are words for people."""
    if isinstance(found, dict):
        return {key: _without_labels(value) for key, value in found.items() if key != "label"}
    return found


def _digest(content: Any) -> str:
    text = json.dumps([_FORMAT, _plain(content)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Return what YAML gives as JSON can hold it: text keys, days in ISO form."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | int | float | None) else str(value)


def _listed(names: tuple[str, ...]) -> str:
    words = [
        f"analysis {name.removeprefix(ANALYSIS_PART)}" if name.startswith(ANALYSIS_PART) else name
        for name in names
    ]
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + more
