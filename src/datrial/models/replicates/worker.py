"""A worker process: ``python -m datrial.models.replicates.worker FILE-DESCRIPTOR``."""

from __future__ import annotations

import os
import signal
import sys
import threading
from multiprocessing.connection import Connection

from datrial.models.replicates.chunks import only_works, run_chunk


def main(descriptor: int) -> None:
    """Answer one part after the other until the parent closes the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is asked too, and ends us
    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    only_works()
    pipe = Connection(descriptor)
    while True:
        try:
            work, chunk = pipe.recv()
            pipe.send(run_chunk(work, chunk))
        except (EOFError, OSError):
            return


def _end_with_parent() -> None:
    """End at once when standard input closes: the parent is gone."""
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
