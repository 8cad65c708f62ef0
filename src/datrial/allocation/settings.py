"""The lock on how a study allocates: set by its first allocation, opened by an amendment.

The settings are those that decide who is allocated how: the ``allocation`` section of
the study file, the arms with their roles, and the sites with their recruitment windows.
Labels may change at any time. A setting at its default is left out, so that a later
version with more settings still finds the same text.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datrial.allocation.entries import Event, Kind, Record
from datrial.allocation.entry_checks import checked_reason
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study

IMPORTED = "imported"


@dataclass(frozen=True)
class Settings:
    """A study's allocation settings as canonical JSON."""

    text: str

    @property
    def sha256(self) -> str:
        """Return their hash."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def values(self) -> dict[str, Any]:
        """Return them as they are nested."""
        return dict(json.loads(self.text))


def settings_of(study: Study) -> Settings:
    """Return the allocation settings of a study file."""
    allocation = study.randomisation.model_dump(mode="json", exclude_defaults=True)
    values: dict[str, Any] = {
        "allocation": allocation,
        "arms": {key: {"role": arm.role} for key, arm in study.arms.items()},
        "sites": {
            key: site.model_dump(mode="json", include={"recruitment_start", "recruitment_end"})
            for key, site in study.sites.items()
        },
    }
    if study.randomisation.method != IMPORTED and not is_concealed(study):
        values["seed"] = study.seed
    return Settings(json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def is_concealed(study: Study) -> bool:
    """Return whether the study draws by a seed that is not in its study file."""
    return study.randomisation.concealed


def settings_in_force(ledger: Ledger, study: str) -> Settings | None:
    """Return the settings that the study's next allocation must follow; none before its first."""
    records = ledger.records(study, Kind.SETTINGS, Kind.AMENDMENT)
    return Settings(str(records[-1].body["text"])) if records else None


def check_settings(ledger: Ledger, study: Study) -> None:
    """Refuse to allocate by other settings than those the study began with.

    Raises
    ------
    UsageError
        With the settings that differ.
    """
    locked, now = settings_in_force(ledger, study.study), settings_of(study)
    if locked is None or locked == now:
        return
    raise UsageError(
        f"Study {study.study} began to allocate by other settings than its study file has now:\n"
        + "\n".join(f"  - {line}" for line in differences(locked, now))
        + "\nNobody was allocated. Put them back, or record the change with its reason: "
        f"`datrial allocation amend --study {study.study} --reason ...`."
    )


def lock_settings(ledger: Ledger, study: Study, operator: str) -> Record | None:
    """Enter the study's settings, unless they stand there; return the new entry.

    Raises
    ------
    UsageError
        If other settings stand there.
    """
    with ledger.batch():
        check_settings(ledger, study)
        if settings_in_force(ledger, study.study):
            return None
        now = settings_of(study)
        body = {"sha256": now.sha256, "text": now.text}
        return ledger.record(Event(Kind.SETTINGS, study.study, operator, body))


def amend(ledger: Ledger, study: Study, *, reason: str, operator: str) -> Record:
    """Enter that the study allocates by its study file's settings from now on, and why.

    Raises
    ------
    UsageError
        If nothing was allocated yet, nothing changed, or no reason is given.
    """
    reason = checked_reason(reason)
    with ledger.batch():
        locked, now = settings_in_force(ledger, study.study), settings_of(study)
        if locked is None:
            raise UsageError(
                f"Study {study.study} has allocated nobody under a lock yet: change the study "
                "file, there is nothing to amend."
            )
        if locked == now:
            raise UsageError(
                f"Study {study.study} allocates by the settings that stand in the ledger: there "
                "is nothing to amend."
            )
        body = {
            "old_sha256": locked.sha256,
            "sha256": now.sha256,
            "text": now.text,
            "changes": differences(locked, now),
            "reason": reason,
        }
        return ledger.record(Event(Kind.AMENDMENT, study.study, operator, body))


def differences(old: Settings, new: Settings) -> list[str]:
    """Return what differs, one setting a line: ``allocation.method: imported -> simple``."""
    before, after = _leaves(old.values), _leaves(new.values)
    return [
        f"{name}: {before.get(name, 'not set')} -> {after.get(name, 'not set')}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def _leaves(values: Any, name: str = "") -> dict[str, str]:
    if isinstance(values, dict) and values:
        found: dict[str, str] = {}
        for key, value in values.items():
            found |= _leaves(value, f"{name}.{key}" if name else str(key))
        return found
    return {name: values if isinstance(values, str) else json.dumps(values)}
