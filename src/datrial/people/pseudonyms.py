"""Pseudonyms: keyed hashes (HMAC-SHA-256) of the agencies' references.

A reference is normalised (trimmed, single spaces, upper case), so that the same
reference written differently is the same person. Without the key a pseudonym
cannot be computed from a reference. The key never stands in the data folder and
is never logged.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from datrial.errors import UsageError

KEY_VARIABLE = "DATRIAL_PSEUDONYM_KEY"
KEY_FILE_VARIABLE = "DATRIAL_PSEUDONYM_KEY_FILE"
#: Public, and therefore no protection: for simulated extracts only.
DEMONSTRATION_KEY = "demonstration-key-for-simulated-extracts-only"
MINIMUM_KEY_LENGTH = 32
_HEX_DIGITS = 20  # 80 bits: a clash among 10 million people has a chance below 1e-10


def normalise_reference(reference: str) -> str:
    """Return a reference trimmed, with single spaces, in upper case."""
    return re.sub(r"\s+", " ", reference).strip().upper()


class Pseudonymiser:
    """Turns references into pseudonyms with one key.

    Parameters
    ----------
    key
        At least 32 characters.

    Raises
    ------
    UsageError
        If the key is too short.
    """

    def __init__(self, key: str) -> None:
        if len(key) < MINIMUM_KEY_LENGTH:
            raise UsageError(
                f"The pseudonym key is too short: {MINIMUM_KEY_LENGTH} characters or more are needed."
            )
        self._key = key.encode()
        self.is_demonstration = key == DEMONSTRATION_KEY

    @property
    def fingerprint(self) -> str:
        """A short hash that tells two keys apart and gives nothing of the key away."""
        return hmac.new(self._key, b"fingerprint", hashlib.sha256).hexdigest()[:12]

    def pseudonym(self, of: str, reference: str) -> str:
        """Return the pseudonym of a reference to a perpetrator, victim, incident...

        References of different kinds never share a pseudonym.
        """
        message = f"{of}:{normalise_reference(reference)}".encode()
        return f"{of[0]}_{hmac.new(self._key, message, hashlib.sha256).hexdigest()[:_HEX_DIGITS]}"

    def pseudonyms(self, of: str, references: Iterable[str]) -> dict[str, str]:
        """Return reference -> pseudonym for each distinct reference."""
        return {reference: self.pseudonym(of, reference) for reference in set(references)}


def load_pseudonymiser(*, demonstration: bool = False) -> Pseudonymiser:
    """Return the pseudonymiser with the key from the environment or a key file.

    Parameters
    ----------
    demonstration
        Use the public demonstration key when no key is set (simulated extracts only).

    Raises
    ------
    UsageError
        If there is no key, or the key file can be read by others.
    """
    key = os.environ.get(KEY_VARIABLE)
    if key:
        return Pseudonymiser(key)
    named = os.environ.get(KEY_FILE_VARIABLE)
    if named:
        return Pseudonymiser(_read_key_file(Path(named)))
    if demonstration:
        return Pseudonymiser(DEMONSTRATION_KEY)
    raise UsageError(
        f"No pseudonym key. Set {KEY_VARIABLE}, or {KEY_FILE_VARIABLE} to a file that only you can "
        "read (chmod 600) outside the data folder. Simulated extracts are recognised by the file "
        "SIMULATED that `datrial simulate` writes beside them; only they may use the demonstration key."
    )


def _read_key_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        key = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UsageError(
            f"The key file named by {KEY_FILE_VARIABLE} cannot be read ({error.strerror})."
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(
            f"The key file named by {KEY_FILE_VARIABLE} can be read by others: chmod 600 it."
        )
    return key
