"""The same watch as ``watch.c`` from within Python, for machines without a C compiler."""

from __future__ import annotations

import os
import sys
from pathlib import Path

FILE = Path(os.environ["OUTBOUND_WATCH"])


def watch(event: str, arguments: tuple) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        tell("connect", arguments[1][0])
    elif event == "socket.sendto" and isinstance(arguments[1], tuple):
        tell("send", arguments[1][0])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        tell("lookup", arguments[0])


def tell(what: str, where: object) -> None:
    text = where.decode() if isinstance(where, bytes) else where
    with FILE.open("a") as file:
        file.write(f"{what} {text or '-'} python\n")


tell("watched", os.getpid())
sys.addaudithook(watch)
