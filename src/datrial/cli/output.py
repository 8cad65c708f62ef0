"""What the commands print, and what becomes of it when nobody reads on."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

_STANDARD_ERROR = 2


class _Pipe(io.FileIO):
    """A stream whose reader may go away: what is left to say then goes nowhere.

    So does progress (standard error) that a full disk does not take; an answer does not.
    """

    def write(self, content: Any) -> int:
        try:
            return super().write(content)
        except OSError as error:
            if not isinstance(error, BrokenPipeError) and self.fileno() != _STANDARD_ERROR:
                raise
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(content)


def outlive_readers() -> None:
    """Let the commands end their work in order though nobody reads what they say.

    ``datrial checks | head`` is no error, and ``datrial run | head`` must not
    stop a run half way.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        try:
            number = stream.fileno()
        except (AttributeError, OSError, ValueError):  # closed, or no file
            continue
        with contextlib.suppress(OSError):
            stream.flush()
        pipe = io.TextIOWrapper(
            io.BufferedWriter(_Pipe(number, "w", closefd=False)),
            encoding=stream.encoding,
            errors=stream.errors,
            line_buffering=name == "stderr" or stream.isatty(),
        )
        setattr(sys, name, pipe)


def print_json(content: Any) -> None:
    """Print an answer for machines; days and times in ISO form."""
    typer.echo(json.dumps(content, default=str))


def print_columns(heads: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows under their heads; a column of numbers stands to the right."""
    lines = [list(heads), *([cell_text(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    to_the_right = [
        bool(rows) and all(isinstance(row[place], int | float | None) for row in rows)
        for place in range(len(heads))
    ]
    for line in lines:
        cells = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, to_the_right, strict=True)
        ]
        typer.echo("  ".join(cells).rstrip())


def short(path: Path) -> str:
    """Return a path relative to the working directory where it lies below it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def size_of(count: int) -> str:
    """Return a number of bytes for people: ``512 B``, ``1.4 MB``."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError


def cell_text(cell: Any) -> str:
    """Return a cell as a person reads it; an empty one is empty."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:,.3f}".rstrip("0").rstrip(".")
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
