"""The commitment to a seed before it is used, and its reveal when recruitment has ended.

The commitment is the SHA-256 of the text ``SEED|NONCE``. It is published before the
first allocation and tells nothing; when seed and nonce are revealed, everyone can see
that they are the ones committed to, and replay every draw.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datrial.allocation.entries import Event, Kind, Record
from datrial.allocation.settings import IMPORTED, is_concealed
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study

#: Without it, a short seed could be found by trying.
SHORTEST_NONCE = 32


@dataclass(frozen=True)
class Seed:
    """What the draws of a study are derived from. It does not show in logs and errors.

    Attributes
    ----------
    number
        The seed itself, 0 or more.
    nonce
        Random text that keeps the commitment from being found by trying.
    public
        Whether the number stands in the study file: then the allocation is
        reproducible, and not concealed.
    """

    number: int = field(repr=False)
    nonce: str = field(default="", repr=False)
    public: bool = False

    @property
    def commitment(self) -> str:
        """Return the hash that is published."""
        return hashlib.sha256(f"{self.number}|{self.nonce}".encode()).hexdigest()


def public_seed(study: Study) -> Seed:
    """Return the seed of the study file."""
    return Seed(study.seed, public=True)


def new_seed() -> Seed:
    """Return a seed and nonce of 128 random bits each."""
    return Seed(secrets.randbits(128), secrets.token_hex(SHORTEST_NONCE // 2))


def commitment_of(ledger: Ledger, study: str) -> Record | None:
    """Return the study's commitment, if it has one."""
    return next(iter(ledger.records(study, Kind.COMMITMENT)), None)


def reveal_of(ledger: Ledger, study: str) -> Record | None:
    """Return the study's reveal, if it was made."""
    return next(iter(ledger.records(study, Kind.REVEAL)), None)


def commit(ledger: Ledger, study: Study, seed: Seed, operator: str) -> Record:
    """Enter the commitment to a seed, unless it stands there; return its entry.

    A ledger that held allocations before there were commitments gets a late one,
    which says how many there were.

    Raises
    ------
    UsageError
        If the study imports its list, is committed to another seed, or is concealed
        and has allocated somebody already.
    """
    _check_own_scheme(study)
    with ledger.batch():
        found = commitment_of(ledger, study.study)
        if found:
            if found.body["sha256"] != seed.commitment:
                raise UsageError(
                    f"The ledger holds study {study.study} committed to another seed (entry "
                    f"{found.sequence}). Set the seed with which the study was begun."
                )
            return found
        before = len(ledger.entries(study.study))
        if before and not seed.public:
            raise UsageError(
                f"Study {study.study} has allocated {before} people without a commitment: one that "
                "is made now would show nothing."
            )
        body = {
            "sha256": seed.commitment,
            "of": "SHA-256 of the text SEED|NONCE",
            "seed": "public" if seed.public else "concealed",
            "allocated_before": before,
        }
        return ledger.record(Event(Kind.COMMITMENT, study.study, operator, body))


def reveal(ledger: Ledger, study: Study, seed: Seed, operator: str) -> Record:
    """Enter the seed behind the commitment; nobody can be allocated in the study after it.

    Raises
    ------
    UsageError
        If there is no commitment, it is to another seed, or the reveal stands there.
    """
    _check_own_scheme(study)
    with ledger.batch():
        found = commitment_of(ledger, study.study)
        if found is None:
            raise UsageError(f"Study {study.study} has no commitment: there is nothing to reveal.")
        if seed.public:
            raise UsageError(
                f"The seed of study {study.study} stands in its study file: it was never concealed."
            )
        if reveal_of(ledger, study.study):
            raise UsageError(f"The seed of study {study.study} was revealed before.")
        if found.body["sha256"] != seed.commitment:
            raise UsageError(
                f"This is not the seed that study {study.study} is committed to (entry "
                f"{found.sequence}); nothing was revealed."
            )
        body = {"seed": str(seed.number), "nonce": seed.nonce, "commitment": found.sequence}
        return ledger.record(Event(Kind.REVEAL, study.study, operator, body))


def revealed_seed(ledger: Ledger, study: Study) -> Seed | None:
    """Return the seed that anyone may know by now: revealed, or public; else none.

    Raises
    ------
    UsageError
        If what was revealed does not fit the commitment.
    """
    if study.randomisation.method == IMPORTED:
        return None
    found, shown = commitment_of(ledger, study.study), reveal_of(ledger, study.study)
    if shown is None:
        return None if is_concealed(study) else public_seed(study)
    seed = Seed(int(shown.body["seed"]), str(shown.body["nonce"]))
    if found is None or found.body["sha256"] != seed.commitment:
        raise UsageError("The seed that was revealed is not the one that was committed to.")
    return seed


def _check_own_scheme(study: Study) -> None:
    if study.randomisation.method == IMPORTED:
        raise UsageError(
            f"Study {study.study} imports the list of whoever randomised: it has no seed to commit "
            "to."
        )
