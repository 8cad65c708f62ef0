"""What people are told of a run that was computed again, on the screen and on Prefect's page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datrial.pipeline.rerun import Rerun

_SHOWN_FILES = 10


def summary(repeated: Rerun) -> Iterator[str]:
    """Yield what became of the files, and what differs from then."""
    files = repeated.files
    if repeated.is_equal:
        yield f"Equal, byte for byte: {files.equal} files."
    elif repeated.same_numbers:
        yield f"Every number is equal. {files.equal} files are equal, byte for byte."
    else:
        yield f"{files.equal} files are equal, byte for byte; not these:"
    for said, names in (
        ("differs only in the names of the run, the snapshot and the code", files.names_only),
        ("differs", tuple(name for name in files.differing if name not in files.damaged)),
        ("only in the stored run", files.missing),
        ("only in the repetition", files.added),
        ("damaged: not as it was stored", files.damaged),
    ):
        yield from (f"  {name}: {said}" for name in names[:_SHOWN_FILES])
        if len(names) > _SHOWN_FILES:
            yield f"  ... and {len(names) - _SHOWN_FILES} more: {said}"
    if files.damaged:
        yield (
            f"Of the {len(files.damaged)} damaged files the repetition has {len(files.restored)} "
            "exactly as they were stored."
        )
    if repeated.other_inputs:
        yield "Not as it was then:"
        yield from (f"  {line}" for line in repeated.other_inputs)
    if repeated.other_machine and not repeated.is_equal:
        yield "Another machine than then:"
        yield from (f"  {line}" for line in repeated.other_machine)
    if repeated.failed:
        yield f"Failed, as it may have then: {', '.join(repeated.failed)}"
    if repeated.kept:
        yield f"Stored as run {repeated.kept}."


def verdict(repeated: Rerun) -> str:
    """Say why a repetition does not pass: what is wrong with the run, and what to do."""
    run = repeated.run_id
    damaged = len(repeated.files.damaged)
    if damaged:
        return (
            f"Run {run} is not as it was stored: {damaged} of its files "
            f"{'was' if damaged == 1 else 'were'} changed or lost. Put back the backup; --keep "
            "stores the repetition beside it."
        )
    if repeated.manifest_changed:
        return (
            f"Run {run} is not as it was stored: its id does not follow from its manifest any "
            "more, so that was changed. Put back the backup."
        )
    if repeated.is_explained:
        return f"Run {run} gives other numbers with the code and the settings of today."
    return (
        f"Run {run} does not give the same, although its code, its data and its parameters are "
        "those of then."
    )
