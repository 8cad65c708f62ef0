"""Killing work outright (``kill -9``) before or after its n-th step, in a forked process.

A step is a call of one of some functions: what writes, renames or removes
files, or what the tests add. The fork makes this quick: everything is imported.
"""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

#: What changes files. pathlib and shutil call these by name.
FILE_STEPS = ("fsync", "replace", "rename", "unlink", "remove", "rmdir", "mkdir", "chmod", "write")


class Killer:
    """Counts steps, and kills its process at one of them.

    Parameters
    ----------
    at
        The step, counted from 1; 0 kills nobody.
    after
        Kill when the step is done, not before it.
    """

    def __init__(self, at: int = 0, *, after: bool = False) -> None:
        self.at, self.after, self.steps = at, after, 0

    def step(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that is a step."""

        def stepping(*words: Any, **named: Any) -> Any:
            self.steps += 1
            this_one = self.steps == self.at
            if this_one and not self.after:
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                return function(*words, **named)
            finally:
                if this_one:
                    os.kill(os.getpid(), signal.SIGKILL)

        return stepping

    def watch_files(self, patch: pytest.MonkeyPatch) -> None:
        """Make every change of a file a step."""
        for name in FILE_STEPS:
            patch.setattr(os, name, self.step(getattr(os, name)))
        really_open, opening_to_write = io.open, self.step(io.open)

        def watched(file: Any, mode: str = "r", *words: Any, **named: Any) -> Any:
            writes = any(letter in mode for letter in "wxa+")
            return (opening_to_write if writes else really_open)(file, mode, *words, **named)

        patch.setattr(io, "open", watched)


def count_steps(work: Callable[[Killer], object]) -> int:
    """Return how many steps a work has, done whole in a forked process."""
    answers, report = os.pipe()
    child = os.fork()
    if child == 0:
        killer = Killer()
        try:
            work(killer)
            os.close(answers)
            with os.fdopen(report, "w") as file:
                print(killer.steps, file=file, flush=True)
            os._exit(0)
        except BaseException:
            _tell_and_end()
    os.close(report)
    with os.fdopen(answers) as file:
        counted = file.read()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, "the work failed, unkilled"
    return int(counted)


def killed(work: Callable[[Killer], object], at: int, *, after: bool = False) -> bool:
    """Do a work in a forked process, kill it at a step, and tell whether it was killed there."""
    child = os.fork()
    if child == 0:
        try:
            work(Killer(at, after=after))
            os._exit(0)
        except BaseException:
            _tell_and_end()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), "the work failed before it was killed"
    return code != 0


def spread(steps: int, points: int) -> list[int]:
    """Return some steps from the first to the last, evenly spread."""
    if steps <= points:
        return list(range(1, steps + 1))
    return sorted({1 + round(n * (steps - 1) / (points - 1)) for n in range(points)})


def _tell_and_end() -> None:
    import traceback

    traceback.print_exc()
    os._exit(70)
