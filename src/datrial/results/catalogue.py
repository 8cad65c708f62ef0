"""The catalogue of published tables and figures, and what a stored run answers of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from datrial.config.load import parse, read_yaml
from datrial.config.project import project_root
from datrial.results.cells import State
from datrial.results.read import Run, RunTable


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Report(_Strict):
    """A published evaluation."""

    title: str = Field(min_length=1)


class CatalogueRow(_Strict):
    """A table or figure of a published evaluation.

    Attributes
    ----------
    place
        Where it is printed.
    answered_by
        The analyses that answer it.
    cost_models
        The files of ``configs/costs`` that work it out, in a run (analysis ``cost_model``) or
        without one (``datrial cost``). With neither it is not built yet.
    """

    id: str = Field(pattern=r"^[A-Z]-[A-Z]+\d+(\.\d+)?$")
    report: str
    place: str = Field(min_length=1)
    shows: str = Field(min_length=1)
    data: tuple[str, ...] = Field(min_length=1)
    group: str = Field(min_length=1)
    answered_by: tuple[str, ...] = ()
    cost_models: tuple[str, ...] = ()


class Catalogue(_Strict):
    """``configs/catalogue.yaml``."""

    reports: dict[str, Report]
    entries: tuple[CatalogueRow, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [row.id for row in self.entries]
        problems = [f"{name} is given twice" for name in sorted(set(ids)) if ids.count(name) > 1]
        problems += [
            f"{row.id}: there is no report {row.report!r}"
            for row in self.entries
            if row.report not in self.reports
        ]
        if problems:
            raise ValueError("\n".join(problems))
        return self


class RowState(StrEnum):
    """What a run answers of a row of the catalogue."""

    DONE = "done"
    PARTLY = "partly_not_available"
    NOT_AVAILABLE = "not_available"
    FAILED = "failed"
    NOT_IN_RUN = "not_in_this_run"
    COST_MODEL = "in_a_cost_model"
    NOT_BUILT = "not_built"


STATE_WORDS = {
    RowState.DONE: "done",
    RowState.PARTLY: "partly not available",
    RowState.NOT_AVAILABLE: "not available",
    RowState.FAILED: "failed",
    RowState.NOT_IN_RUN: "not in this run",
    RowState.COST_MODEL: "in a cost model",
    RowState.NOT_BUILT: "not built yet",
}
#: States in which a run has numbers for the row.
ANSWERED = (RowState.DONE, RowState.PARTLY)


@dataclass(frozen=True)
class AnsweringTable:
    """A table of a run that answers a row.

    Attributes
    ----------
    cells
        State -> how many of its cells are in it.
    published, published_without_row
        How many printed numbers stand beside its cells; and how many of its rows have a printed
        number and are not in this run (fewer classes, another formula).
    """

    id: str
    analysis: str
    title: str
    standing: str
    cells: dict[State, int]
    published: int
    published_without_row: int


@dataclass(frozen=True)
class CatalogueState:
    """A row of the catalogue with the tables that answer it and its state in a run.

    Attributes
    ----------
    reasons
        Analysis -> why it failed.
    """

    row: CatalogueRow
    state: RowState
    tables: tuple[AnsweringTable, ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()

    @property
    def is_answered(self) -> bool:
        """Whether the run has numbers for it."""
        return self.state in ANSWERED

    def cells(self, *states: State) -> int:
        """Return how many cells of its tables are in one of these states."""
        return sum(table.cells[state] for table in self.tables for state in states)

    @property
    def published(self) -> int:
        """How many printed numbers stand beside its tables' cells."""
        return sum(table.published for table in self.tables)


def load_catalogue() -> Catalogue:
    """Read ``configs/catalogue.yaml``.

    Raises
    ------
    UsageError
        With all the file's errors.
    """
    content = read_yaml(project_root() / "configs" / "catalogue.yaml")
    return parse(Catalogue, content, "configs/catalogue.yaml")


def catalogue_states(run: Run | None, catalogue: Catalogue | None = None) -> list[CatalogueState]:
    """Return every row of the catalogue with what a run answers of it, in the catalogue's order.

    Parameters
    ----------
    run
        None: nothing has been run, so nothing is in it.
    catalogue
        Default: the project's own.
    """
    rows = (catalogue or load_catalogue()).entries
    return [_state(row, run) for row in rows]


def _state(row: CatalogueRow, run: Run | None) -> CatalogueState:
    if run is None:
        return CatalogueState(row, _without_tables(row))
    tables = tuple(_answering(entry) for entry in run.tables if row.id in entry.table.catalogue)
    reasons = tuple(
        (end.id, end.reason) for end in run.manifest.failed if end.id in row.answered_by
    )
    return CatalogueState(row, _judge(row, tables, bool(reasons)), tables, reasons)


def _judge(row: CatalogueRow, tables: Sequence[AnsweringTable], failed: bool) -> RowState:
    if failed:
        return RowState.FAILED
    if not tables:
        return _without_tables(row)
    there = sum(table.cells[State.VALUE] + table.cells[State.SUPPRESSED] for table in tables)
    if not there:
        return RowState.NOT_AVAILABLE
    absent = any(table.cells[State.NOT_AVAILABLE] for table in tables)
    return RowState.PARTLY if absent else RowState.DONE


def _without_tables(row: CatalogueRow) -> RowState:
    if row.cost_models:  # whatever a run holds, `datrial cost` works it out
        return RowState.COST_MODEL
    return RowState.NOT_IN_RUN if row.answered_by else RowState.NOT_BUILT


def _answering(entry: RunTable) -> AnsweringTable:
    states = [cell.state for cell in entry.table.cells]
    return AnsweringTable(
        entry.table.id,
        entry.analysis,
        entry.table.title,
        entry.table.standing,
        {state: states.count(state) for state in State},
        len(entry.published),
        len(entry.published_without_row),
    )
