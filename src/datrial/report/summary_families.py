"""What the summary says about families of outcomes: which tests stand after adjustment."""

from __future__ import annotations

from collections.abc import Iterator

from datrial.report.summary_words import and_hidden, hidden_count
from datrial.results.read import Run, RunTable

_LEVEL = 0.05
_PREFIX = "outcome_families."


def families(run: Run) -> Iterator[str]:
    """Say of each family how many of its tests still speak against chance, and which."""
    for entry in run.tables:
        if entry.table.id.startswith(_PREFIX):
            yield _family(entry)


def _family(entry: RunTable) -> str:
    name = entry.table.title.partition(":")[0]
    adjusted = {
        label: value
        for row, label in entry.table.row_labels.items()
        if (value := entry.value(row, "test", "p_value_adjusted")) is not None
    }
    hidden = hidden_count(entry, "p_value_adjusted", columns=["test"])
    without = len(entry.table.row_labels) - len(adjusted) - hidden
    missing = f" {without} could not be made." if without else ""
    missing += and_hidden(hidden)
    if not adjusted and hidden:
        return f"{name}: no test of this family is shown.{missing}"
    if not adjusted:
        return f"{name}: no test of this family could be made."
    of = f"{len(adjusted)} tests" if len(adjusted) > 1 else "1 test"
    small = [label.partition(" (")[0] for label, value in adjusted.items() if value < _LEVEL]
    if not small:
        return f"{name}: none of {of} has p below {_LEVEL:g} after adjustment.{missing}"
    return (
        f"{name}: {len(small)} of {of} keep{'s' if len(small) == 1 else ''} p below {_LEVEL:g} "
        f"after adjustment: {'; '.join(small)}.{missing}"
    )
