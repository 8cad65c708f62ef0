"""The progress of a run on its page: one bar with a line in words, moved as stops end."""

from __future__ import annotations

import logging
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

_log = logging.getLogger(__name__)
_LONGEST = 400


class Progress:
    """How far a run is, told to Prefect once a stop.

    A page that cannot be filled does not cost the run: after a failure nothing more is told.
    """

    def __init__(self) -> None:
        self._stops: list[str] = []
        self._ended = 0
        self._id: UUID | None = None

    def plan(self, stops: list[str]) -> None:
        """Show the bar, empty, with the stops that are to come."""
        self._stops = stops
        try:
            made = create_progress_artifact(
                progress=0.0, key="progress", description=self._words("")
            )
            self._id = made if isinstance(made, UUID) else None
        except Exception as error:
            self._give_up(error)

    def ended(self, stop: str, said: str, *, failed: bool = False) -> None:
        """Move the bar by a stop, and say what it said."""
        self._ended += 1
        last = f"{'FAILED: ' if failed else ''}{stop}: {said}" if said else stop
        self._tell(self._ended / max(len(self._stops), 1), self._words(last, failed=failed))

    def within(self, share: float, said: str) -> None:
        """Move the bar within a stop, of which a share is done."""
        reached = (self._ended + min(share, 1.0)) / max(len(self._stops), 1)
        self._tell(reached, self._words(said))

    def closed(self, message: str) -> None:
        """Say how the run ended; the bar stays where it is unless all is done."""
        done = self._ended / max(len(self._stops), 1)
        self._tell(done, f"{self._count()} {message}")

    def all_done(self, message: str) -> None:
        """Fill the bar, and say how the run ended."""
        self._tell(1.0, message)

    def _words(self, last: str, *, failed: bool = False) -> str:
        coming = self._stops[self._ended] if self._ended < len(self._stops) else ""
        now = f" Now: {coming}." if coming and not failed else ""
        return f"{self._count()}{now}{f' Last: {last}' if last else ''}"

    def _count(self) -> str:
        return f"{self._ended} of {len(self._stops)} stops are done."

    def _tell(self, reached: float, words: str) -> None:
        if self._id is None:
            return
        try:
            update_progress_artifact(self._id, round(100.0 * reached, 1), words[:_LONGEST])
        except Exception as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._id = None
        _log.warning("The progress could not be shown (%s).", type(error).__name__)
