"""The two errors a model can raise on purpose: wrong use, and data it cannot be fitted to.

Both are also ``ValueError``, so that the models can be used like any statistics library.
Messages name columns, rules and row counts, never a row's value.
"""

from __future__ import annotations

from datrial.errors import DataError, UsageError


class ModelUsageError(UsageError, ValueError):
    """The model was asked for in a way that makes no sense: an unknown option or column."""


class ModelDataError(DataError, ValueError):
    """The rows given cannot identify the model: no rows, one group, an empty level."""
