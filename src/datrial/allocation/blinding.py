"""Who sees which arm: coded arms for analysts until an unblinding is logged.

In a blinded study (``blinding: coded_arms`` in the allocation section of its study file)

- an operator sees the arm of the case that was just allocated, and no other;
- an analyst sees arms as codes (A, B, ...) in whatever order a secret key puts them,
  until the ledger holds that analysts were unblinded. What only one arm can have (a case
  opened by the intervention) tells its code to whoever looks for it, and so do unequal
  sizes: codes keep a name out of sight, they do not disguise the data.

Without blinding everyone sees the arms as the study file names them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Sequence
from enum import StrEnum
from string import ascii_lowercase
from typing import TYPE_CHECKING

from datrial.allocation.entries import Entry, Event, Kind, Record
from datrial.allocation.entry_checks import checked_reason
from datrial.allocation.settings import settings_in_force
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study

#: What stands in the place of an arm that is not shown.
HIDDEN = "Not shown"
NOT_BLINDED = "none"


class Role(StrEnum):
    """For whom something is shown."""

    OPERATOR = "operator"
    ANALYST = "analyst"


class Scope(StrEnum):
    """Whose arm was made known."""

    #: Everybody's, to those who analyse.
    STUDY = "study"
    #: One person's, for instance in an emergency.
    PERSON = "person"


def is_blinded(ledger: Ledger, study: Study) -> bool:
    """Return whether the study codes its arms.

    By its study file, or by the settings that its first allocation locked: an edit
    of the file alone makes no arm known.
    """
    if study.is_blinded:
        return True
    locked = settings_in_force(ledger, study.study)
    found = locked.values["allocation"] if locked else {}
    return str(found.get("blinding", NOT_BLINDED)) != NOT_BLINDED


def is_coded(ledger: Ledger, study: Study) -> bool:
    """Return whether analysts see codes now: blinded, and no unblinding of the study is logged."""
    return is_blinded(ledger, study) and not any(
        record.body["scope"] == Scope.STUDY
        for record in ledger.records(study.study, Kind.UNBLINDING)
    )


def arm_codes(study: Study, key: str) -> dict[str, str]:
    """Return arm -> its code, in the codes' order; the same key always gives the same.

    Parameters
    ----------
    key
        A secret that analysts do not have: the pseudonym key.
    """
    order = sorted(
        study.arms,
        key=lambda arm: hmac.digest(
            key.encode(), f"arm code|{study.study}|{arm}".encode(), hashlib.sha256
        ),
    )
    if len(order) > len(ascii_lowercase):
        raise UsageError(f"Study {study.study} has more arms than there are letters to code them.")
    return dict(zip(order, ascii_lowercase, strict=False))


def coded_arms(ledger: Ledger, study: Study, key: Callable[[], str]) -> dict[str, str]:
    """Return arm -> its code (``arm_a``), in the codes' order; nothing where arms are not coded.

    Parameters
    ----------
    key
        Asked for only where there are codes; see :func:`arm_codes`.
    """
    if not is_coded(ledger, study):
        return {}
    return {arm: f"arm_{code}" for arm, code in arm_codes(study, key()).items()}


def code_label(code: str) -> str:
    """Return what people read for a code: ``arm_a`` is Arm A."""
    return f"Arm {code.removeprefix('arm_').upper()}"


def arm_keys(ledger: Ledger, study: Study, role: Role, key: str) -> dict[str, str]:
    """Return arm -> the key to show for it: in tables, cells and file names.

    Parameters
    ----------
    key
        See :func:`arm_codes`.
    """
    if not is_blinded(ledger, study):
        return {arm: arm for arm in study.arms}
    if role == Role.OPERATOR:
        return dict.fromkeys(sorted(study.arms), HIDDEN)
    return coded_arms(ledger, study, lambda: key) or {arm: arm for arm in study.arms}


def arm_labels(ledger: Ledger, study: Study, role: Role, key: str) -> dict[str, str]:
    """Return arm -> the label to show for it; see :func:`arm_keys`."""
    return {
        arm: study.arms[arm].label
        if shown == arm
        else HIDDEN
        if shown == HIDDEN
        else code_label(shown)
        for arm, shown in arm_keys(ledger, study, role, key).items()
    }


def just_allocated(study: Study, entries: Sequence[Entry]) -> list[tuple[str, str, dt.date, str]]:
    """Return (person id, site, meeting date, arm's label) of what an operator has just entered.

    To be given what this process appended, and nothing else of the ledger.
    """
    return [
        (
            entry.allocation.person_id,
            entry.allocation.site,
            entry.allocation.meeting_date,
            study.arms[entry.allocation.arm].label,
        )
        for entry in entries
    ]


def entry_for_operator(ledger: Ledger, study: Study, person_id: str) -> Entry:
    """Return the allocation of a case that an operator asks about.

    In a study whose arms are coded only what was allocated last is answered (all that
    was recorded together is one allocation): a case's arm is told once, when it is made.

    Raises
    ------
    UsageError
        If the person was not allocated, or somebody has been since and arms are coded.
    """
    entries = ledger.entries(study.study)
    found = next((entry for entry in entries if entry.allocation.person_id == person_id), None)
    if found is None:
        raise UsageError(
            f"This reference stands in no arm of study {study.study}: look for a slip in it, and "
            "whose reference it is (--space)."
        )
    if is_coded(ledger, study) and found.recorded_at != entries[-1].recorded_at:
        raise UsageError(
            f"The arms of study {study.study} are coded and others were allocated since: this arm "
            "is not shown again. Where it must be known, `datrial allocation unblind "
            "--person` enters to whom and why."
        )
    return found


def unblind(
    ledger: Ledger,
    study: Study,
    *,
    scope: Scope,
    to: str,
    reason: str,
    operator: str,
    person_id: str | None = None,
) -> Record:
    """Enter that arms are made known, to whom and why.

    Parameters
    ----------
    to
        Who learns them, as a role or an office.
    person_id
        Whose arm, with the scope of one person.

    Raises
    ------
    UsageError
        If the study is not blinded, analysts have been unblinded, nobody is told
        or named, or the person was not allocated in this study.
    """
    reason, to = checked_reason(reason), to.strip()
    if not to:
        raise UsageError("Say to whom the arms are made known.")
    if (scope == Scope.PERSON) != (person_id is not None):
        raise UsageError("The scope `person` needs a person id, and the scope `study` has none.")
    with ledger.batch():
        if not is_coded(ledger, study):
            raise UsageError(
                f"The arms of study {study.study} are not coded (any more): there is nothing to "
                "unblind."
            )
        if person_id is not None and not any(
            entry.allocation.person_id == person_id for entry in ledger.entries(study.study)
        ):
            raise UsageError(f"This person was not allocated in study {study.study}.")
        body = {"scope": str(scope), "to": to, "reason": reason}
        return ledger.record(Event(Kind.UNBLINDING, study.study, operator, body, person_id))
