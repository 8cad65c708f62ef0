"""Where the pseudonym key comes from, and which places and keys are refused."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from datrial.config.project import home
from datrial.errors import UsageError

KEY_VARIABLE = "DATRIAL_PSEUDONYM_KEY"
KEY_FILE_VARIABLE = "DATRIAL_PSEUDONYM_KEY_FILE"
#: Public, and therefore no protection: for simulated extracts only.
DEMONSTRATION_KEY = "demonstration-key-for-simulated-extracts-only"


def find_key(*, demonstration: bool = False) -> str:
    """Return the key of ``DATRIAL_PSEUDONYM_KEY``, or of the file that the other variable names.

    White space around it does not belong to it: a line's end must not make
    another key, and with it other people, of the same words.

    Parameters
    ----------
    demonstration
        Return the public demonstration key when no key is set.

    Raises
    ------
    UsageError
        If there is no key; if it is the demonstration key and the extracts are
        real; if the key file cannot be read, can be read by others, or lies in
        the data folder.
    """
    key = os.environ.get(KEY_VARIABLE, "").strip()
    named = os.environ.get(KEY_FILE_VARIABLE, "").strip()
    if not key and named:
        key = _read_key_file(Path(named))
    if not key and demonstration:
        return DEMONSTRATION_KEY
    if not key:
        raise UsageError(
            f"No pseudonym key. Set {KEY_VARIABLE}, or {KEY_FILE_VARIABLE} to a file that only "
            "you can read (chmod 600) outside the data folder. Simulated extracts are recognised "
            "by the file SIMULATED that `datrial simulate` writes beside them; only they may use "
            "the demonstration key."
        )
    if key == DEMONSTRATION_KEY and not demonstration:
        raise UsageError(
            "The demonstration key is public and protects nobody: these extracts are not "
            f"simulated. Set {KEY_VARIABLE} or {KEY_FILE_VARIABLE} to a key of your own."
        )
    return key


def _read_key_file(path: Path) -> str:
    if path.resolve().is_relative_to(home().resolve()):
        raise UsageError(
            f"The key file named by {KEY_FILE_VARIABLE} lies in the data folder, beside what it "
            "protects: move it elsewhere."
        )
    try:
        with path.open(encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise UsageError(
                    f"The key file named by {KEY_FILE_VARIABLE} can be read by others: "
                    "chmod 600 it."
                )
            key = file.read().strip()
    except OSError as error:
        raise UsageError(
            f"The key file named by {KEY_FILE_VARIABLE} cannot be read ({error.strerror})."
        ) from error
    except UnicodeDecodeError:
        # Without the cause: its text holds the file's bytes.
        raise UsageError(f"The key file named by {KEY_FILE_VARIABLE} is not UTF-8 text.") from None
    if not key:
        raise UsageError(f"The key file named by {KEY_FILE_VARIABLE} is empty.")
    return key
