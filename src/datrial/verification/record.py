"""What a verification leaves behind: ``certificates.json``, from which the page is made."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Sequence
from typing import Any

from datrial import __version__
from datrial.pipeline.identity import code_version
from datrial.verification.certificate import Comparison, Value
from datrial.verification.environment import environment
from datrial.verification.registry import CHAPTERS
from datrial.verification.running import Outcome

FORMAT = 1


def record_of(
    outcomes: Sequence[Outcome], signed_by: str = "", now: dt.datetime | None = None
) -> dict[str, Any]:
    """Return a verification as JSON-able content.

    Parameters
    ----------
    signed_by
        Who vouches for the run, if he asked for his name to stand there.
    """
    now = now or dt.datetime.now(dt.UTC)
    return {
        "format": FORMAT,
        "datrial": __version__,
        "code_version": code_version(),
        "verified_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "signed_by": signed_by.strip(),
        "agree": sum(outcome.agrees for outcome in outcomes),
        "certificates": len(outcomes),
        "comparisons": sum(len(outcome.comparisons) for outcome in outcomes),
        "seconds": round(sum(outcome.seconds for outcome in outcomes), 1),
        "environment": environment(),
        "chapters": [
            {"id": chapter.id, "title": chapter.title, "certificates": told}
            for chapter in CHAPTERS
            if (told := [_told(o) for o in outcomes if o.certificate in chapter.certificates])
        ],
    }


def record_bytes(record: dict[str, Any]) -> bytes:
    """Return the record as it stands in ``certificates.json``."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, indent=1)
    return f"{text}\n".encode()


def is_consistent(record: dict[str, Any]) -> bool:
    """Return whether the verdicts of a record follow from its numbers."""
    certificates = [each for chapter in record["chapters"] for each in chapter["certificates"]]
    agree = 0
    for certificate in certificates:
        found = [comparison_of(each) for each in certificate["comparisons"]]
        holds = not certificate["fault"] and bool(found) and all(each.agrees for each in found)
        agree += holds
        if holds != certificate["agrees"]:
            return False
        told = [each["agrees"] for each in certificate["comparisons"]]
        if told != [each.agrees for each in found]:
            return False
    return (agree, len(certificates)) == (record["agree"], record["certificates"])


def comparison_of(told: dict[str, Any]) -> Comparison:
    """Return the comparison that a record tells."""
    return Comparison(
        told["name"], _read(told["expected"]), _read(told["computed"]), told["tolerance"]
    )


def _told(outcome: Outcome) -> dict[str, Any]:
    certificate = outcome.certificate
    return {
        "id": certificate.id,
        "title": certificate.title,
        "verifies": list(certificate.verifies),
        "kind": certificate.kind.value,
        "source": certificate.source,
        "data": certificate.data,
        "tolerance": certificate.tolerance,
        "agrees": outcome.agrees,
        "fault": outcome.fault,
        "seconds": round(outcome.seconds, 2),
        "comparisons": [
            {
                "name": each.name,
                "expected": _told_value(each.expected),
                "computed": _told_value(each.computed),
                "difference": each.difference,
                "tolerance": each.tolerance,
                "agrees": each.agrees,
            }
            for each in outcome.comparisons
        ],
    }


def _told_value(value: Value) -> Any:
    """Return a value that JSON can hold: what is no finite number is told by its name."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": repr(value)}
    return value


def _read(value: Any) -> Value:
    if isinstance(value, dict):
        return float(value["number"])
    result: Value = value
    return result
