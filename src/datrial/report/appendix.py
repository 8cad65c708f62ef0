"""The appendix: which of the published report's tables and figures this run answers, and where."""

from __future__ import annotations

from dataclasses import dataclass

from datrial.results.catalogue import STATE_WORDS, Catalogue, catalogue_states, load_catalogue
from datrial.results.read import Run


@dataclass(frozen=True)
class Answered:
    """A row of the catalogue of published tables, with the tables that answer it.

    Attributes
    ----------
    tables
        (id, title) of each.
    """

    row: str
    place: str
    shows: str
    state: str
    tables: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PublishedReport:
    """A published report with every table and figure of it that the catalogue lists."""

    title: str
    rows: tuple[Answered, ...]

    @property
    def number_answered(self) -> int:
        """How many of its rows this run has a table for."""
        return sum(bool(row.tables) for row in self.rows)


def published_reports(run: Run, catalogue: Catalogue | None = None) -> tuple[PublishedReport, ...]:
    """Return the published reports that a run answers something of, row by row.

    Of a study that is held against a published report, that one alone; of one that is held
    against none, nothing. Rows without a table are there too, so that a reader sees what is not
    answered.

    Parameters
    ----------
    catalogue
        Default: the project's own.
    """
    catalogue = catalogue or load_catalogue()
    found: dict[str, list[Answered]] = {}
    for state in catalogue_states(run, catalogue):
        found.setdefault(state.row.report, []).append(
            Answered(
                state.row.id,
                state.row.place,
                state.row.shows,
                STATE_WORDS[state.state],
                tuple((table.id, table.title) for table in state.tables),
            )
        )
    study = run.manifest.further("resolved_study")
    own = {study["published"]} if "published" in study else set(found)
    reports = [
        PublishedReport(catalogue.reports[key].title, tuple(rows))
        for key, rows in found.items()
        if key in own
    ]
    return tuple(report for report in reports if report.number_answered)
