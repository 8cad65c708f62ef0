"""Tables of one analysis on disk, between the analysis and the run that they belong to."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from datrial.config.writing import writing
from datrial.results.cells import Cell, State, Table


def save_draft(folder: Path, analysis: str, tables: list[Table]) -> str:
    """Write an analysis's tables to ``<folder>/<analysis>.json``, and return what was written."""
    text = json.dumps([asdict(table) for table in tables])
    save_draft_text(folder, analysis, text)
    return text


def save_draft_text(folder: Path, analysis: str, text: str) -> None:
    """Write tables as :func:`save_draft` returned them, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{analysis}.json"
    unfinished = target.with_suffix(".part")
    with writing(unfinished):
        unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(target)


def has_draft(folder: Path, analysis: str) -> bool:
    """Tell whether an analysis's tables are there."""
    return (folder / f"{analysis}.json").is_file()


def load_draft(folder: Path, analysis: str) -> list[Table]:
    """Read an analysis's tables back, equal to those that were saved."""
    content = json.loads((folder / f"{analysis}.json").read_text(encoding="utf-8"))
    tables = []
    for entry in content:
        cells = [Cell(**{**cell, "state": State(cell["state"])}) for cell in entry.pop("cells")]
        catalogue = tuple(entry.pop("catalogue"))
        tables.append(Table(**entry, catalogue=catalogue, cells=cells))
    return tables
