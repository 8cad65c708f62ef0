"""Replicates that the tests of workers send; a module, so that a worker can import it."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from datrial.models.errors import ModelDataError
from datrial.models.replicates import map_replicates


def drawn(shared: np.ndarray[Any, Any], seed: int) -> bytes:
    """Sums whose last digits depend on the order of adding, of random numbers."""
    rng = np.random.default_rng([7, seed])
    matrix = rng.normal(size=(60, 60))
    found: bytes = (matrix @ matrix.T @ shared).tobytes()
    return found


def where(_: None, number: int) -> tuple[int, int]:
    """The process that works on it."""
    time.sleep(0.05)
    return number, os.getpid()


def within(_: None, number: int) -> tuple[int, list[tuple[int, int]]]:
    """A replicate that maps replicates of its own."""
    return os.getpid(), map_replicates(where, range(number))


def odd_ones_fail(_: None, number: int) -> int:
    if number >= 5 and number % 2:
        raise ModelDataError(f"Replicate {number} has no estimate.")
    return number


class Hopeless(Exception):
    """An error that can be packed and not unpacked."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__("told once")


def hopeless(_: None, number: int) -> int:
    if number > 4:
        raise Hopeless(1, 2)
    return number


def ends_its_process(parent: int, number: int) -> int:
    if os.getpid() != parent:
        os._exit(9)
    return number


def sleeps(_: None, seconds: float) -> float:
    time.sleep(seconds)
    return seconds
