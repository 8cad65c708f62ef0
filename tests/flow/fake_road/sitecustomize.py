"""For every process that has this on its path: made-up stops, and a watch on its connections.

A connection to another machine, or a question after its address, is written to
``outbound`` in DATRIAL_HOME.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path

REPLACED = "datrial.pipeline.stops"


class MadeUpStops:
    """Finds the made-up module under the real one's name."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != REPLACED:
            return None
        return spec_from_file_location(name, Path(__file__).with_name("fake_stops.py"))


def watch(event: str, arguments: tuple) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if host not in (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0"):
        with Path(os.environ["DATRIAL_HOME"], "outbound").open("a") as file:
            file.write(f"{host} {sys.argv}\n")


sys.meta_path.insert(0, MadeUpStops())
sys.addaudithook(watch)
