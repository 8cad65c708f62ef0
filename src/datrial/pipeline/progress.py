"""Showing a run's progress: the events of its attempt, followed and put on the screen."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import TaskID

Event = dict[str, Any]


class EventReader:
    """Reads what was added to an events file since the last look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def new_events(self) -> list[Event]:
        """Return the events of all lines that were completed since."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                content = file.read()
        except FileNotFoundError:
            return []
        complete = content[: content.rfind(b"\n") + 1]
        self._offset += len(complete)
        events = []
        for line in complete.splitlines():
            with suppress(ValueError):  # a line that a full disk cut short
                events.append(json.loads(line))
        return events


class Display(Protocol):
    """Shows events to a person."""

    def show(self, event: Event) -> None:
        """Show one event."""

    def wait(self, why: str) -> None:
        """Say that another run is waited for."""

    def close(self) -> None:
        """Leave the screen tidy."""


class PlainDisplay:
    """A line per finished stop: for log files and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._write("Starting Prefect")

    def show(self, event: Event) -> None:
        """Write a line for a finished stop."""
        if event["event"] == "finished":
            self._write(stop_line(event))

    def wait(self, why: str) -> None:
        """Write why nothing happens yet."""
        self._write(why)

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Nothing to tidy."""


class BarDisplay:
    """A line per finished stop, and a bar with the stop that is being worked on."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:.0f} of {task.total:.0f}"),
            TimeElapsedColumn(),
            console=Console(file=stream, highlight=False),
            transient=True,
        )
        self._task: TaskID = self._bar.add_task("starting Prefect", total=1)
        self._bar.start()

    def show(self, event: Event) -> None:
        """Move the bar; write a line for a finished stop."""
        if event["event"] == "plan":
            self._bar.update(self._task, total=len(event["stops"]))
        elif event["event"] == "started":
            self._bar.update(self._task, description=event["stop"])
        elif event["event"] == "finished":
            self._bar.console.print(stop_line(event), markup=False)
            self._bar.advance(self._task)

    def wait(self, why: str) -> None:
        """Write above the bar why nothing happens yet."""
        self._bar.console.print(why, markup=False)

    def close(self) -> None:
        """Take the bar off the screen."""
        self._bar.stop()


class NoDisplay:
    """Shows nothing (``--json``)."""

    def show(self, event: Event) -> None:
        """Show nothing."""

    def wait(self, why: str) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Nothing to tidy."""


class Shown:
    """A display that may fail: the terminal is gone, or the disk with the log is full."""

    def __init__(self, display: Display) -> None:
        self._display: Display = display

    def show(self, event: Event) -> None:
        """Show one event, if that still works."""
        self._try(lambda: self._display.show(event))

    def wait(self, why: str) -> None:
        """Say that another run is waited for, if that still works."""
        self._try(lambda: self._display.wait(why))

    def close(self) -> None:
        """Leave the screen tidy, if that still works."""
        self._try(self._display.close)

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (OSError, ValueError):  # ValueError: the stream was closed
            self._display = NoDisplay()


def display_on(stream: TextIO) -> Display:
    """Return the display that fits a stream: a bar on a terminal, else plain lines.

    Where nothing can be written (a log on a full disk, a closed stream) nothing is shown.
    """
    try:
        return BarDisplay(stream) if stream.isatty() else PlainDisplay(stream)
    except (OSError, ValueError):
        return NoDisplay()


def stop_line(event: Event) -> str:
    """Return the line that tells a finished stop."""
    mark = "FAILED  " if event["state"] == "failed" else ""
    return f"{event['name']:<28} {mark}{event['summary']} ({event['seconds']:.1f} s)"
