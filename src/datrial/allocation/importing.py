"""How the list of whoever randomised comes into the ledger."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.allocation.allocating import allocating
from datrial.allocation.entries import Allocation
from datrial.allocation.hearings import plain_day
from datrial.allocation.list_checks import ListRow, check_list
from datrial.allocation.methods import check_method
from datrial.allocation.reading import allocated_at
from datrial.allocation.settings import IMPORTED
from datrial.errors import DataError

if TYPE_CHECKING:
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study


@dataclass(frozen=True)
class ImportResult:
    """What a list brought.

    Attributes
    ----------
    new
        Perpetrators recorded now.
    already_recorded
        Perpetrators of the list who stood in the ledger before.
    not_on_list
        Perpetrators in the ledger who are not on this list; they stay allocated.
    """

    new: int
    already_recorded: int
    not_on_list: int


def import_list(
    ledger: Ledger,
    study: Study,
    rows: Iterable[ListRow],
    list_sha256: str,
    operator: str,
    *,
    key_fingerprint: str | None = None,
) -> ImportResult:
    """Record the list of whoever randomised, whole or not at all.

    Parameters
    ----------
    rows
        (person id, site, meeting date, arm), in any order; equal rows count once.
    list_sha256
        The hash of the list's file, as on its landing receipt.

    Raises
    ------
    UsageError
        If the study draws by itself.
    DataError
        With the counts of everything wrong in the list, or of what contradicts
        the ledger.
    LockedError
        If another process records at the same time.
    ValueError
        If ``list_sha256`` is not one.
    """
    check_method(study, IMPORTED)
    if not re.fullmatch(r"[0-9a-f]{64}", list_sha256):
        raise ValueError("list_sha256 is not a SHA-256 in 64 hexadecimal digits")
    # By meeting and person, whatever the order of the file: the ledger reads in
    # the order of the trial.
    listed = sorted({(plain_day(day), site, person, arm) for person, site, day, arm in rows})
    check_list([(person, site, day, arm) for day, site, person, arm in listed], study)
    with allocating(ledger, study, operator):
        return _enter_list(ledger, study, listed, list_sha256, operator, key_fingerprint)


def _enter_list(
    ledger: Ledger,
    study: Study,
    listed: list[tuple[dt.date, str, str, str]],
    list_sha256: str,
    operator: str,
    key_fingerprint: str | None,
) -> ImportResult:
    """Record who is new on a checked list of (day, site, person, arm)."""
    recorded = allocated_at(ledger, study)
    moved = sum(recorded.get(person, (site, day)) != (site, day) for day, site, person, _ in listed)
    if moved:
        raise DataError(
            f"{moved} perpetrators on the allocation list have another site or meeting_date than "
            "in the ledger; nothing was recorded. An allocation is never changed: ask whoever "
            "randomised, and correct the list."
        )
    ledger.append(
        [
            Allocation(
                study=study.study,
                person_id=person,
                site=site,
                meeting_date=day,
                arm=arm,
                scheme=IMPORTED,
                scheme_version="1",
                library=IMPORTED,
                bit_generator=IMPORTED,
                list_sha256=list_sha256,
                operator=operator,
                key_fingerprint=key_fingerprint,
            )
            for day, site, person, arm in listed
        ]
    )
    people = {person for _, _, person, _ in listed}
    return ImportResult(
        new=len(people - recorded.keys()),
        already_recorded=len(people & recorded.keys()),
        not_on_list=len(recorded.keys() - people),
    )
