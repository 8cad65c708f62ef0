"""Fixtures of all tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from in_chromium import chromium

# No test is timed: a busy machine is no fault of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return a browser for all tests of a module."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def ctrl_c_heeded() -> Iterator[None]:
    """Heed Ctrl-C here and in children, also where the tests run in a shell's background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
