"""The draws of a sequential scheme, made once more from the ledger's entries alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from datrial.allocation.sequential.chosen import scheme_of, stream_of
from datrial.allocation.sequential.parts import Candidate, History
from datrial.config.allocation import Allocation as AllocationSettings

if TYPE_CHECKING:
    from datrial.allocation.entries import Entry


def replay_sequential(
    entries: Sequence[Entry],
    settings: Mapping[str, Any],
    seed: int,
    earlier: Sequence[Entry] = (),
) -> dict[int, str]:
    """Draw everyone again, each by what stands in the ledger before him.

    An entry that says another stratum, place or chance than the draw has does not
    follow from the seed: it has no arm in what is returned.

    Parameters
    ----------
    entries
        The allocations of one scheme under one text of settings, in order.
    settings
        The settings, as they are nested.
    seed
        The study's seed.
    earlier
        The study's allocations before these settings came into force.

    Returns
    -------
    dict of int to str
        The entry's number -> the arm that was drawn.
    """
    scheme = scheme_of(AllocationSettings.model_validate(settings["allocation"]), settings["arms"])
    history, arms = History(), {}
    for entry in earlier:
        history.enter_earlier(entry.allocation.factors or {}, entry.allocation.arm)
    stream = None
    for entry in entries:
        fact = entry.allocation
        stream = stream or stream_of(scheme, seed, fact.study, _sha256(settings))
        candidate = Candidate(fact.person_id, fact.site, fact.factors or {})
        try:
            draw = scheme.draw(history, candidate, stream)
        except KeyError:  # an entry without a factor of the scheme
            continue
        told = (fact.stratum, fact.position, dict(fact.probabilities or {}))
        if told == (draw.stratum, draw.position, dict(draw.probabilities)):
            arms[entry.sequence] = draw.arm
        history.enter(fact.stratum, fact.factors or {}, fact.arm)
    return arms


def _sha256(settings: Mapping[str, Any]) -> str:
    """Return the hash of nested settings; see :class:`datrial.allocation.settings.Settings`."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
