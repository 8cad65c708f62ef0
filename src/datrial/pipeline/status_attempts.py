"""Which attempts at runs there were, which are at work, and whether a Prefect server runs."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

from datrial.pipeline.prefect_settings import running_server
from datrial.pipeline.processes import is_alive
from datrial.pipeline.record import Attempt, attempts

_OPEN = ("waiting", "running")


@dataclass(frozen=True)
class Attempts:
    """The attempts at runs, as their own record has them.

    Attributes
    ----------
    last
        The last attempts of the study, the oldest first.
    at_work
        Those of any study whose process lives.
    dead
        Those whose record says that they run and whose process is gone: the next run marks
        them as crashed.
    server
        Where a Prefect server serves this state; empty if none does.
    """

    last: tuple[Attempt, ...]
    at_work: tuple[Attempt, ...]
    dead: tuple[Attempt, ...]
    server: str

    @property
    def lock_holder(self) -> Attempt | None:
        """The attempt that changes the state on disk; none if nothing does."""
        holders = [one for one in self.at_work if one.exclusive and one.state == "running"]
        return holders[-1] if holders else None


def attempts_of(study: str, most: int) -> Attempts:
    """Return the last attempts of a study, and all that are at work."""
    every = attempts()
    still_open = [one for one in every if one.state in _OPEN]
    living = tuple(one for one in still_open if _may_live(one))
    of_study = [one for one in every if one.study == study]
    return Attempts(
        last=tuple(of_study[max(len(of_study) - most, 0) :]),
        at_work=living,
        dead=tuple(one for one in still_open if one not in living),
        server=_server(),
    )


def _may_live(attempt: Attempt) -> bool:
    """Tell whether an attempt's process lives; of another machine's that cannot be seen."""
    return attempt.host != socket.gethostname() or is_alive(attempt.owner)


def _server() -> str:
    """Return the address of this state's server; of one that a person names, only that he does."""
    found = running_server()
    if found:
        return found.api_url
    return "named in PREFECT_API_URL" if os.environ.get("PREFECT_API_URL") else ""
