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
from typing import TYPE_CHECKING, Any, NoReturn

from datrial.errors import DataError, DatrialError, UsageError
from datrial.people.keys import (
    DEMONSTRATION_KEY,
    KEY_FILE_VARIABLE,
    KEY_VARIABLE,
    find_key,
)

if TYPE_CHECKING:
    import pyarrow as pa

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
_SPACE = re.compile(r"[a-z][a-z0-9_]*")
_BLOCK = 64  # bytes: SHA-256 works on blocks of this length, and so does the HMAC's padding

#: HMAC-SHA-256 as RFC 2104 states it, of references of which those with other letters than
#: ASCII's are in their one form already. The key is in the parameters, never in the text.
_HASH = r"""
    select place, $letter || '_' || left(
        sha256($outer::blob || unhex(sha256($inner::blob || encode($prefix || normalised)))),
        $digits
    ) as pseudonym
    from (
        select place, nullif(
            case
                when strlen(received) > length(received) then received
                when not regexp_matches(received, '[\x00-\x1F\x7F]|  |^ | $') then upper(received)
                else upper(trim(regexp_replace(received, '[\t-\r\x1C-\x1F ]+', ' ', 'g')))
            end,
            ''
        ) as normalised
        from given
    )
"""


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

    def pseudonym(self, of: str, reference: str, space: str | None = None) -> str:
        """Return the pseudonym of a reference to a perpetrator, victim, incident...

        References of different kinds never share a pseudonym, nor do those of
        different spaces.

        Parameters
        ----------
        of
            The kind of reference, in small letters: ``perpetrator``.
        reference
            As the agency wrote it.
        space
            Whose reference it is. None: one that all agencies share.

        Raises
        ------
        DataError
            If the reference is empty: everyone without one would be one person.
        ValueError
            If the kind or the space is not a word in small letters.
        """
        prefix = _prefix(of, space)
        normalised = normalise_reference(reference)
        if not normalised:
            raise _empty(of)
        message = f"{prefix}{normalised}".encode()
        return f"{of[0]}_{hmac.new(self._key, message, hashlib.sha256).hexdigest()[:_HEX_DIGITS]}"

    def pseudonyms(
        self, of: str, references: Iterable[str], space: str | None = None
    ) -> dict[str, str]:
        """Return reference -> pseudonym for each distinct reference; see :meth:`pseudonym`."""
        return {reference: self.pseudonym(of, reference, space) for reference in set(references)}

    def column(self, of: str, references: pa.Array, space: str | None = None) -> pa.Array:
        """Return the pseudonyms of a column of millions of references, null where it is null.

        The same as :meth:`pseudonym` of each, computed by a database in memory that
        writes nothing to a disk and is no other database's.
        """
        prefix = _prefix(of, space)
        padded = self._hashed_key().ljust(_BLOCK, b"\0")
        found = _ask(
            _HASH,
            _normalised_beyond_ascii(references),
            letter=of[0],
            prefix=prefix,
            inner=bytes(byte ^ 0x36 for byte in padded),
            outer=bytes(byte ^ 0x5C for byte in padded),
            digits=_HEX_DIGITS,
        )
        if found.null_count > references.null_count:
            raise _empty(of)
        return found

    def _hashed_key(self) -> bytes:
        """Return the key, or its hash if it is longer than a block (RFC 2104)."""
        return self._key if len(self._key) <= _BLOCK else hashlib.sha256(self._key).digest()


def _normalised_beyond_ascii(references: pa.Array) -> pa.Array:
    """Return references with those that are not plain ASCII in one form."""
    import pyarrow as pa
    import pyarrow.compute as pc

    is_ascii = pc.string_is_ascii(references)
    if pc.all(is_ascii).as_py() is not False:
        return references
    others = pc.if_else(is_ascii, None, references).dictionary_encode()
    forms = pa.array([normalise_reference(text) for text in others.dictionary.to_pylist()])
    return pc.if_else(is_ascii, references, forms.take(others.indices))


def _ask(select: str, received: pa.Array, **parameters: Any) -> pa.Array:
    """Run a SELECT on a column, in its order, in a database in memory that writes no files."""
    import duckdb
    import numpy as np
    import pyarrow as pa

    places = pa.array(np.arange(len(received), dtype=np.int32))
    given = pa.table({"place": places, "received": received})
    try:
        with duckdb.connect(":memory:", config={"temp_directory": ""}) as desk:
            desk.execute("set enable_progress_bar = false")
            desk.register("given", given)
            found = desk.sql(select, params=parameters).to_arrow_table().combine_chunks()
    except duckdb.Error as error:  # its own text could quote a reference
        raise DatrialError(f"Pseudonyms: hashing failed ({type(error).__name__}).") from None
    if not found["place"].equals(given["place"]):
        found = found.sort_by("place")
    return found["pseudonym"].combine_chunks()


def _prefix(of: str, space: str | None) -> str:
    """Return what stands before a reference when it is hashed.

    Raises
    ------
    ValueError
        If the kind or the space is not a word in small letters.
    """
    if not _KIND.fullmatch(of):
        raise ValueError("the kind of a reference is a word in small letters")
    if space is None:
        return f"{of}:"
    if not _SPACE.fullmatch(space):
        raise ValueError("the space of a reference is a word in small letters")
    return f"{of}@{space}:"


def _empty(of: str) -> DataError:
    return DataError(
        f"An empty reference to a {of} has no pseudonym: it is a missing value, and its "
        "row has to be quarantined before."
    )


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
