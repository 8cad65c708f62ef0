"""A warehouse of small literal tables, on which the project's SQL is run as it stands."""

from __future__ import annotations

from typing import Any

from datrial.config.project import project_root
from datrial.config.study import Study, load_study
from datrial.config.tables import staging_tables
from datrial.warehouse.builder import build_tables
from datrial.warehouse.study_tables import write_allocations, write_study_tables

#: Kind of column -> its type; the others are text.
TYPES = {"date": "date", "integer": "bigint"}


class LiteralWarehouse:
    """A warehouse in memory in which every staging table exists and is empty.

    Parameters
    ----------
    study
        Whose settings hold; the Drive study if none is given.
    """

    def __init__(self, study: Study | None = None) -> None:
        import duckdb

        self.study = study or load_study("drive")
        self.connection = duckdb.connect()
        self.connection.execute("create schema staging")
        for name, table in staging_tables().items():
            columns = ", ".join(
                f"{column} {TYPES.get(about.kind, 'varchar')}"
                for column, about in table.columns.items()
            )
            self.connection.execute(
                f"create table staging.{name} "
                f"(extract_id varchar, row_number bigint, site varchar, {columns})"
            )
        write_study_tables(self.connection, self.study, [], [])
        write_allocations(self.connection, [], [])
        self.connection.execute(
            "create schema people; create table people.characteristic "
            "(person_id varchar, age_at_index integer, postcode_area varchar)"
        )

    def rows(self, table: str, columns: str, *rows: tuple[Any, ...]) -> None:
        """Insert rows; columns that are not named are empty."""
        marks = ", ".join("?" * (columns.count(",") + 1))
        insert = f"insert into {table} ({columns}) values ({marks})"  # noqa: S608 (ours)
        for row in rows:
            self.connection.execute(insert, list(row))

    def allocated(self, *rows: tuple[str, str, str, str]) -> None:
        """Allocate (person, site, meeting date, arm)."""
        self.rows("ledger.allocation", "person_id, site, meeting_date, arm", *rows)

    def covered(self, source: str, site: str, first_day: str, last_day: str) -> None:
        """Say for which days an agency sent its data; said again, there is a gap between."""
        columns = "source, site, first_day, last_day"
        self.rows("study.coverage_span", columns, (source, site, first_day, last_day))
        self.connection.execute(
            "create or replace table study.coverage as select source, site, "
            "min(first_day) as first_day, max(last_day) as last_day "
            "from study.coverage_span group by source, site"
        )

    def build(self) -> None:
        """Run the project's SQL files after staging, in their order."""
        build_tables(self.connection, project_root() / "sql", ("people", "cohort", "marts"))

    def get(self, columns: str, table: str, where: str = "true") -> list[tuple[Any, ...]]:
        """Return rows in the order of their columns, dates as text."""
        select = f"select {columns} from {table} where {where} order by all"  # noqa: S608 (ours)
        return [
            tuple(v.isoformat() if hasattr(v, "isoformat") else v for v in row)
            for row in self.connection.execute(select).fetchall()
        ]
