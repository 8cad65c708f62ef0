"""Small literal tables in, rows out: what the specifications of SQL files are written with."""

from __future__ import annotations

from typing import Any

from datrial.config.mapping import Period
from datrial.config.study import Study, load_study
from datrial.verification.literal_tables import TYPES, LiteralWarehouse

__all__ = ["TYPES", "Warehouse", "drive"]


def drive(**changes: Any) -> Study:
    """Return the Drive study with some top-level settings changed."""
    return load_study("drive").model_copy(update=changes)


class Warehouse(LiteralWarehouse):
    """A warehouse in memory in which every staging table exists and is empty."""

    def covered(self, source: str, site: str, first_day: str, last_day: str) -> None:
        """Say for which days an agency sent its data; said again, there is a gap between."""
        Period.model_validate({"start": first_day, "end": last_day})
        super().covered(source, site, first_day, last_day)
