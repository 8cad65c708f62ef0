"""The checks that an allocation list passes before any of it is recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from datrial.allocation.eligibility import MeetingKey, inside_recruitment
from datrial.errors import DataError

if TYPE_CHECKING:
    from datrial.config.study import Study

ListRow = tuple[str, str, dt.date, str]


def check_list(rows: Sequence[ListRow], study: Study) -> None:
    """Refuse a faulty list, with every kind of fault and its count.

    Parameters
    ----------
    rows
        (person id, site, meeting date, arm), equal rows once.

    Raises
    ------
    DataError
        If the list is empty or has any fault.
    """
    people = [person for person, _, _, _ in rows]
    counts = {
        "arm: rows with an arm that the study does not have": sum(
            arm not in study.arms for _, _, _, arm in rows
        ),
        "site: rows with a site that the study does not have": sum(
            site not in study.sites for _, site, _, _ in rows
        ),
        "meeting_date: rows with a meeting outside the site's recruitment window": sum(
            site in study.sites and not inside_recruitment(MeetingKey(site, day), study)
            for _, site, day, _ in rows
        ),
        "perpetrator_id: rows too many, with another arm, site or meeting for the same person": (
            len(people) - len(set(people))
        ),
    }
    faults = [f"  - {what}: {count}" for what, count in counts.items() if count]
    if not rows:
        faults = ["  - it holds no allocation"]
    if faults:
        raise DataError(
            "The allocation list cannot be imported; nothing was recorded:\n"
            + "\n".join(faults)
            + "\nCorrect the list or its mapping and import it again."
        )
