"""Which file it was: a disk that does not take what is written leaves that to us to say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Let an error of the system in the block name the file that was being written.

    The system names a file that could not be opened or moved, and none that could not
    be written to: "No space left on device" alone does not say which disk.
    """
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise
