"""Allocation schemes: each a small class to be read beside its definition."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence

INTERVENTION = "intervention"
CONTROL = "control"


class CapacityLottery:
    """Drive's scheme: at each MARAC meeting, a lottery for the places the team has.

    Everyone eligible who is heard at a site's meeting enters its lottery; as
    many as the team has places for are drawn at random, without replacement and
    with equal chances, for the intervention. The others are controls. So within
    a meeting the chance of the intervention is places / eligible, and it differs
    between meetings: an analysis compares within site and meeting, or weights.

    The draw of a meeting depends on the study's seed, the site, the day and the
    set of eligible people, and on nothing else: not on the order in which they
    are listed, nor on other meetings.

    Parameters
    ----------
    seed
        The study's seed; kept secret until recruitment has ended.
    """

    name = "capacity_lottery"
    version = "1"
    bit_generator = "numpy PCG64"

    def __init__(self, seed: int) -> None:
        if seed < 0:
            raise ValueError("the study's seed is negative")
        self._seed = seed

    @staticmethod
    def library() -> str:
        """Return what draws, with its version: another version may draw differently."""
        import numpy as np

        return f"numpy {np.__version__}"

    def draw(
        self, site: str, meeting_date: dt.date, candidates: Sequence[str], places: int
    ) -> dict[str, str]:
        """Return the arm of every candidate of one meeting.

        Parameters
        ----------
        site, meeting_date
            The meeting.
        candidates
            The person ids of everyone eligible, each once.
        places
            Intervention places, 0 or more; more places than candidates means
            that every candidate is allocated to the intervention.

        Raises
        ------
        ValueError
            If a candidate is named twice, places is negative, or the day has a time
            (it would print, and so draw, differently).
        """
        import numpy as np

        if isinstance(meeting_date, dt.datetime):
            raise ValueError(f"the meeting's day at {site} has a time")

        ordered = sorted(candidates)
        if len(set(ordered)) < len(ordered):
            raise ValueError(f"a candidate is named twice at {site}, {meeting_date}")
        if places < 0:
            raise ValueError(f"negative number of places at {site}, {meeting_date}")
        stream = hashlib.sha256(
            f"{self.name}|{self.version}|{site}|{meeting_date}".encode()
        ).digest()
        seeds = [self._seed, int.from_bytes(stream[:16], "big")]
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seeds)))
        drawn = set(rng.permutation(len(ordered))[:places].tolist())
        return {
            person: INTERVENTION if index in drawn else CONTROL
            for index, person in enumerate(ordered)
        }
