"""On which code, files and libraries the answer of an analysis hangs."""

from __future__ import annotations

import platform
from functools import cache

from datrial.pipeline.code_parts import code_parts
from datrial.pipeline.dependencies import differs_from_lock
from datrial.pipeline.identity import content_hash

#: Rooms and files that no analysis reads: they show results, make extracts or judge rows
#: before a snapshot is there (which its id tells of).
NOT_READ = frozenset(
    {"cli", "report", "verification", "simulate", "expectations", "configs/catalogue.yaml"}
)


@cache
def deciding_code() -> dict[str, str]:
    """Return part of the code -> its hash, for all parts on which a table may hang."""
    return {part: found for part, found in code_parts().items() if part not in NOT_READ}


@cache
def deciding_machine() -> dict[str, str]:
    """Return what of Python, the processor and the installed libraries decides the last digit."""
    return {
        "python": platform.python_version(),
        "processor": platform.machine(),
        "libraries": content_hash(differs_from_lock()),
    }
