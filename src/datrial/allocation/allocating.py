"""The frame around every allocation: settings locked, seed committed to, one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from datrial.allocation.commitment import Seed, commit, reveal_of, revealed_seed
from datrial.allocation.seed_files import find_seed
from datrial.allocation.settings import IMPORTED, lock_settings
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study


class _NobodyAllocatedError(Exception):
    """Undoes what was entered for a first allocation that did not come."""


@contextmanager
def allocating(
    ledger: Ledger, study: Study, operator: str, *, seed: Seed | None = None
) -> Iterator[Seed | None]:
    """Hold the ledger for one batch of allocations; all of it is recorded, or nothing.

    Before the first allocation of the study, its settings and (where it draws by
    itself) the commitment to its seed are entered. Nothing is, if nobody has been
    allocated when the block ends. What is read from the ledger inside stays true
    until then, since every other process waits.

    Parameters
    ----------
    seed
        The seed to draw by; by default the study's (see
        :func:`datrial.allocation.seed_files.find_seed`).

    Yields
    ------
    Seed or None
        The seed to draw by; none for an imported list.

    Raises
    ------
    UsageError
        If the study's settings differ from those it began with, or its seed is
        missing or another than the committed one; or if somebody is allocated
        after the reveal.
    LockedError
        If another process holds the ledger.
    """
    with suppress(_NobodyAllocatedError), ledger.batch():
        lock_settings(ledger, study, operator)
        before = len(ledger.entries(study.study))
        ended = reveal_of(ledger, study.study) is not None
        yield _seed_to_draw_by(ledger, study, operator, seed, ended=ended)
        after = len(ledger.entries(study.study))
        if not after:
            raise _NobodyAllocatedError
        if ended and after > before and study.randomisation.method != IMPORTED:
            raise UsageError(
                f"The seed of study {study.study} was revealed, so that whoever is allocated now "
                f"could be foretold: {after - before} allocations were not recorded. Recruitment "
                "has ended; let its days in the study file say so, by an amendment."
            )


def _seed_to_draw_by(
    ledger: Ledger, study: Study, operator: str, seed: Seed | None, *, ended: bool
) -> Seed | None:
    """Return the seed, committed to; once it was revealed, the ledger itself tells it."""
    if study.randomisation.method == IMPORTED:
        return None
    if ended:
        return revealed_seed(ledger, study)
    chosen = seed or find_seed(study)
    commit(ledger, study, chosen, operator)
    return chosen
