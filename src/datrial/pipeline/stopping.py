"""An orderly stop where a person or the system asks for one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stopped(BaseException):
    """The person or the system asked the supervisor to stop."""


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Turn a request to end (SIGTERM, Ctrl-C, the terminal closed) into an orderly stop.

    A further request changes nothing, to the end of the process: the stop that it would break
    off takes seconds.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return

    asked = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if not asked:
            asked = True
            raise Stopped

    heeded = [
        one
        for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
        if signal.getsignal(one) is not signal.SIG_IGN  # `nohup` asks us to go on
    ]
    before = {one: signal.signal(one, stop) for one in heeded}
    try:
        yield
    finally:
        if not asked:
            for one, handler in before.items():
                signal.signal(one, handler)
