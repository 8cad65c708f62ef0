"""Synthetic agencies with known truth: what they would really send, mess included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datrial.config.study import Study

__all__ = ["SimulationSummary", "simulate", "up_to_date", "world_of"]


@dataclass(frozen=True)
class SimulationSummary:
    """What a simulation wrote.

    Attributes
    ----------
    folder
        Where the extracts are.
    seed, scale
        The settings.
    rows
        File name -> rows below the headers, all sheets together, mess included.
    allocated
        Site -> arm -> number of perpetrators allocated.
    """

    folder: Path
    seed: int
    scale: int
    rows: dict[str, int]
    allocated: dict[str, dict[str, int]]


def simulate(
    study: Study,
    out: Path,
    *,
    seed: int,
    scale: int = 1,
    progress: Callable[[str], None] | None = None,
) -> SimulationSummary:
    """Write the agencies' extracts of a study, and their truth apart in ``truth/``.

    The same study, seed and scale give the same files, byte for byte. The file
    ``SIMULATED`` in the folder says that nobody in it exists.

    Parameters
    ----------
    study
        The study; Drive has a simulator, and Drive where agencies share no reference.
    out
        The folder to write to; made if need be. It may hold earlier simulated
        extracts, which are replaced, and nothing else.
    seed
        Not the study's seed, which draws the arms; 0 or more.
    scale
        Multiplies people; 1 gives the published numbers.
    progress
        Is told of each step.

    Raises
    ------
    UsageError
        If the study has no simulator, the settings are out of range, or the
        folder holds files that were not simulated.
    """
    from datrial.simulate.run import run

    return run(study, out, seed=seed, scale=scale, progress=progress)


def up_to_date(study: Study, out: Path, seed: int, scale: int) -> bool:
    """Return whether a folder holds exactly what :func:`simulate` would write.

    Compares the settings, the code that simulates and every file's hash with
    the manifest of the last simulation.
    """
    from datrial.simulate.manifest import matches

    return matches(study, out, seed, scale)


def world_of(out: Path) -> tuple[int, int] | None:
    """Return the seed and scale of the extracts in a folder, if it holds simulated ones."""
    from datrial.simulate import manifest

    return manifest.world_of(out)
