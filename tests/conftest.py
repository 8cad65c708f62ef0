"""Fixtures of all tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from in_chromium import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return a browser for all tests of a module."""
    with chromium() as opened:
        yield opened
