"""What stands at the head of the report: which data, which run, under which rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from datrial.results.manifest import Manifest


def head_facts(manifest: Manifest) -> tuple[tuple[str, str, bool], ...]:
    """Return (name, value, whether it is a code) of what a reader has to know first."""
    return tuple((name, value, is_code) for name, value, is_code in _facts(manifest) if value)


def _facts(manifest: Manifest) -> Iterator[tuple[str, str, bool]]:
    yield "Data until", long_date(manifest.data_until), False
    release = manifest.further("release").get("number")
    yield "Release", f"{release}" if release else "", False
    yield "Run", manifest.run_id, True
    yield "Label", manifest.label, False
    yield "Snapshot", manifest.snapshot_id, True
    yield "Code", manifest.code_version, True
    profile = profile_name(manifest).replace("_", " ")
    yield "Small numbers", f"profile {profile}" if profile else "", False
    yield "Analysis plan", _plan(manifest), False
    if manifest.only:
        yield "Selection", f"only {len(manifest.only)} of the study's analyses", False
    if manifest.changes:
        number = len(manifest.changes)
        yield "Parameters", f"{number} changed from the study file", False


def profile_name(manifest: Manifest) -> str:
    """Return the disclosure profile by which the run's numbers are protected; empty if by none.

    A study file names one, but only a run that was protected says so itself.
    """
    return str(manifest.further("disclosure").get("profile") or "")


def _plan(manifest: Manifest) -> str:
    """Return since when the analysis plan is locked, with its amendments."""
    if not manifest.further("resolved_study"):
        return ""
    plan = manifest.further("plan")
    if not plan.get("locked"):
        return "not locked"
    amended = len(plan.get("amendments") or ())
    after = f", amended {amended} time{'' if amended == 1 else 's'} since" if amended else ""
    return f"locked on {long_date(dt.date.fromisoformat(str(plan['locked'])))}{after}"


def long_date(day: dt.date | None) -> str:
    """Return a day as people write it, or nothing."""
    return f"{day.day} {day:%B} {day.year}" if day else ""
