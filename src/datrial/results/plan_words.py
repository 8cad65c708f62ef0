"""What a stored run says of its analysis plan, in sentences for reports and workbooks."""

from __future__ import annotations

import datetime as dt
from typing import Any

from datrial.results.manifest import Manifest

NOT_LOCKED = (
    "No analysis plan was locked: which analyses were planned before the data were seen cannot "
    "be told."
)
#: The standing of a table (and its name) whose analysis was not planned, and its sentence.
EXPLORATORY = "exploratory"
NOT_PLANNED = "Exploratory: not in the analysis plan."
_NOT_RECORDED = "This run did not record whether an analysis plan was locked."


def plan_sentences(manifest: Manifest) -> tuple[str, ...]:
    """Return what the head of a report says of the analysis plan, one sentence each.

    When it was locked; each amendment with its reason; that the run is a selection; which
    analyses are exploratory, and why; which planned ones have no result.
    """
    recorded = manifest.model_extra or {}
    if "plan" not in recorded:
        return (_NOT_RECORDED, *_selection(manifest, {}))
    plan = recorded["plan"] or {}
    if not plan:
        return (NOT_LOCKED, *_selection(manifest, plan))
    locked = (
        f"The analysis plan was locked on {_day(plan['locked'])}; the study file of this run is "
        f"that plan{', as amended' if plan['amendments'] else ''} "
        f"(SHA-256 {plan['hash'][:16]}...)."
    )
    return (
        locked,
        *(_amendment(entry) for entry in plan["amendments"]),
        *_selection(manifest, plan),
        *_exploratory(manifest),
        *_without_result(manifest, plan),
    )


def why_exploratory(manifest: Manifest) -> dict[str, str]:
    """Return the analyses that were not planned as they were run, each with why."""
    return dict((manifest.model_extra or {}).get("exploratory") or {})


def standing_sentence(manifest: Manifest, analysis: str) -> str:
    """Return why an analysis is exploratory, in a sentence; empty if it was planned."""
    reason = why_exploratory(manifest).get(analysis, "")
    return f"Exploratory: {reason}." if reason else ""


def _amendment(entry: dict[str, Any]) -> str:
    parts = [str(part).removeprefix("analyses.") for part in entry["changed"]]
    changed = f" ({', '.join(parts)})" if parts else ""
    return f"Amended on {_day(entry['date'])}{changed}: {str(entry['reason']).rstrip('.')}."


def _selection(manifest: Manifest, plan: dict[str, Any]) -> tuple[str, ...]:
    if manifest.only is None:
        return ()
    if not plan:
        return ("This run is a selection of the study's analyses.",)
    there = len(set(plan["planned"]) - set(why_exploratory(manifest)))
    return (
        f"This run is a selection: it has {there} of the {plan['planned_in_all']} planned "
        "analyses.",
    )


def _exploratory(manifest: Manifest) -> tuple[str, ...]:
    found = why_exploratory(manifest)
    if not found:
        return ("No analysis of this run is exploratory.",)
    named = "; ".join(f"{name} ({reason})" for name, reason in found.items())
    return (f"Exploratory, and marked so in every table: {named}.",)


def _without_result(manifest: Manifest, plan: dict[str, Any]) -> tuple[str, ...]:
    missing = [end.id for end in manifest.failed if end.id in plan["planned"]]
    missing.sort(key=lambda name: name not in manifest.primary_outcomes)
    if not missing:
        return ()
    named = ", ".join(
        f"{name} (a primary outcome)" if name in manifest.primary_outcomes else name
        for name in missing
    )
    return (f"Planned analyses without a result: {named}.",)


def _day(text: str) -> str:
    day = dt.date.fromisoformat(text)
    return f"{day.day} {day:%B %Y}"
