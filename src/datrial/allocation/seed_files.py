"""Where the seed of a concealed study comes from, and which places are refused.

A seed file holds two words: the seed (a whole number) and its nonce. Losing it means
that nobody else can be allocated and nothing be revealed: keep a copy in a safe.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.allocation.commitment import SHORTEST_NONCE, Seed, new_seed, public_seed
from datrial.allocation.settings import is_concealed
from datrial.config.project import home, project_root
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.config.study import Study

SEED_VARIABLE = "DATRIAL_ALLOCATION_SEED"
SEED_FILE_VARIABLE = "DATRIAL_ALLOCATION_SEED_FILE"
_LARGEST = 2**256


def find_seed(study: Study) -> Seed:
    """Return the seed of the study's draws: its study file's, or the concealed one.

    Raises
    ------
    UsageError
        If the study is concealed and there is no seed, it is not one, or its
        file can be read by others or lies in the data folder or the project.
    """
    if not is_concealed(study):
        return public_seed(study)
    words, place = os.environ.get(SEED_VARIABLE, "").strip(), SEED_VARIABLE
    named = os.environ.get(SEED_FILE_VARIABLE, "").strip()
    if not words and named:
        words, place = _read(Path(named)), f"the file named by {SEED_FILE_VARIABLE}"
    if not words:
        raise UsageError(
            f"The allocation of study {study.study} is concealed and there is no seed. Set "
            f"{SEED_FILE_VARIABLE} to a file that only you can read (chmod 600) outside the data "
            "folder; `datrial allocation commit --make-seed FILE` makes one."
        )
    return _seed(words, place)


def make_seed_file(path: Path) -> Seed:
    """Draw a seed, write it where only its owner can read it, and return it.

    Raises
    ------
    UsageError
        If there is a file already, or the place is refused.
    """
    _check_place(path, "The seed file")
    seed = new_seed()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    except FileExistsError:
        raise UsageError(
            "There is a file of this name already: a seed is not overwritten."
        ) from None
    except OSError as error:
        raise UsageError(f"The seed file cannot be written ({error.strerror}).") from error
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{seed.number} {seed.nonce}\n")
        file.flush()
        os.fsync(file.fileno())
    return seed


def _seed(words: str, place: str) -> Seed:
    """Return the seed that two words tell; errors do not repeat them."""
    parts = words.split()
    number = parts[0] if parts else ""
    if len(parts) != 2 or not (number.isascii() and number.isdecimal()) or len(number) > 78:
        raise UsageError(f"{place} holds no seed: a whole number, a space, and its nonce.")
    if int(number) >= _LARGEST:
        raise UsageError(f"{place}: the seed is larger than 256 bits.")
    if len(parts[1]) < SHORTEST_NONCE:
        raise UsageError(
            f"{place}: the nonce is shorter than {SHORTEST_NONCE} characters; the seed could be "
            "found by trying."
        )
    return Seed(int(number), parts[1])


def _read(path: Path) -> str:
    name = f"The seed file named by {SEED_FILE_VARIABLE}"
    _check_place(path, name)
    try:
        with path.open(encoding="ascii") as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise UsageError(f"{name} can be read by others: chmod 600 it.")
            return file.read(1000).strip()
    except OSError as error:
        raise UsageError(f"{name} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError:
        # Without the cause: its text holds the file's bytes.
        raise UsageError(f"{name} is not plain text.") from None


def _check_place(path: Path, name: str) -> None:
    place = path.resolve()
    if place.is_relative_to(home().resolve()):
        raise UsageError(
            f"{name} lies in the data folder, beside what it conceals: put it elsewhere."
        )
    if place.is_relative_to(project_root().resolve()):
        raise UsageError(f"{name} lies in the project's folder: put it elsewhere.")
