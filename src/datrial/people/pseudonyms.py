"""Pseudonyms: keyed hashes (HMAC-SHA-256) of the agencies' references.

A reference is normalised (one form of each character, trimmed, single spaces,
upper case), so that the same reference written differently is the same person.
Without the key a pseudonym cannot be computed from a reference, nor a guessed
reference be tried out. The key never stands in the data folder and is never
logged; ``people.keys`` finds it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable
from typing import NoReturn

from datrial.errors import DataError, UsageError
from datrial.people.keys import (
    DEMONSTRATION_KEY,
    KEY_FILE_VARIABLE,
    KEY_VARIABLE,
    find_key,
)

__all__ = [
    "DEMONSTRATION_KEY",
    "KEY_FILE_VARIABLE",
    "KEY_VARIABLE",
    "MINIMUM_KEY_LENGTH",
    "Pseudonymiser",
    "load_pseudonymiser",
    "normalise_reference",
]

MINIMUM_KEY_LENGTH = 32
_HEX_DIGITS = 20  # 80 bits: a clash among 10 million people has a chance below 1e-10
_KIND = re.compile(r"[a-z][a-z_]*")


def normalise_reference(reference: str) -> str:
    """Return a reference in one form: NFKC, trimmed, with single spaces, in upper case."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", reference)).strip().upper()


class Pseudonymiser:
    """Turns references into pseudonyms with one key.

    It shows its key's fingerprint, never the key, and cannot be pickled, since a
    pickle (a cached task result, say) would hold the key.

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
                f"The pseudonym key is too short: {MINIMUM_KEY_LENGTH} characters or more "
                "are needed."
            )
        self._key = key.encode()
        self.is_demonstration = key == DEMONSTRATION_KEY

    def __repr__(self) -> str:
        return f"Pseudonymiser(fingerprint={self.fingerprint!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Pseudonymiser is not pickled: the pickle would hold the key")

    @property
    def fingerprint(self) -> str:
        """A short hash that tells two keys apart and gives nothing of the key away."""
        return hmac.new(self._key, b"fingerprint", hashlib.sha256).hexdigest()[:12]

    def pseudonym(self, of: str, reference: str) -> str:
        """Return the pseudonym of a reference to a perpetrator, victim, incident...

        References of different kinds never share a pseudonym.

        Parameters
        ----------
        of
            The kind of reference, in small letters: ``perpetrator``.
        reference
            As the agency wrote it.

        Raises
        ------
        DataError
            If the reference is empty: everyone without one would be one person.
        ValueError
            If the kind is not a word in small letters.
        """
        if not _KIND.fullmatch(of):
            raise ValueError("the kind of a reference is a word in small letters")
        normalised = normalise_reference(reference)
        if not normalised:
            raise DataError(
                f"An empty reference to a {of} has no pseudonym: it is a missing value, and its "
                "row has to be quarantined before."
            )
        message = f"{of}:{normalised}".encode()
        return f"{of[0]}_{hmac.new(self._key, message, hashlib.sha256).hexdigest()[:_HEX_DIGITS]}"

    def pseudonyms(self, of: str, references: Iterable[str]) -> dict[str, str]:
        """Return reference -> pseudonym for each distinct reference; see :meth:`pseudonym`."""
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
        See :func:`datrial.people.keys.find_key`, and if the key is too short.
    """
    return Pseudonymiser(find_key(demonstration=demonstration))
