"""The errors a person can meet, and the exit code each one ends with.

A user's error is shown without a traceback. Its message says which file,
column or rule, how many rows, and what to do next; never a row's value.
"""

from __future__ import annotations


class DatrialError(Exception):
    """Base of every error that datrial raises on purpose (exit code 1).

    Attributes
    ----------
    may_pass
        Whether a second try a moment later may succeed: a share that is away.
    """

    exit_code = 1
    may_pass = False


class UsageError(DatrialError):
    """Wrong use: an unknown study, a bad option, a faulty study or mapping file."""

    exit_code = 2


class DataError(DatrialError):
    """Data that cannot be used: a missing or unreadable file, a failed critical check."""

    exit_code = 3


class LockedError(DatrialError):
    """Another run holds the lock."""

    exit_code = 4
