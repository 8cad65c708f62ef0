"""What the current snapshot of a study says of itself, in counts."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datrial.config.project import home
from datrial.errors import DatrialError
from datrial.pipeline.made_of import read_made_of
from datrial.pipeline.status_reasons import current_extracts
from datrial.warehouse.coded_arms import study_as_shown
from datrial.warehouse.snapshots import SnapshotStore

if TYPE_CHECKING:
    from datrial.config.study import Study


@dataclass(frozen=True)
class Snapshot:
    """The current snapshot.

    Attributes
    ----------
    since
        When it was built.
    extracts
        Mapping -> how many of its extracts count.
    verdicts
        Verdict of a check -> how many rules have it.
    shown
        The study with the arms that the snapshot shows.
    parts
        What it was made of (:func:`datrial.pipeline.inputs.made_of`).
    """

    id: str
    since: dt.datetime
    extracts: dict[str, int]
    verdicts: dict[str, int]
    shown: Study
    parts: dict[str, Any]


def current_snapshot(study: Study) -> Snapshot | None:
    """Return what the current snapshot says of itself; none without a snapshot.

    Raises
    ------
    DatrialError
        If its file is damaged.
    """
    import duckdb

    store = SnapshotStore(home(), study.study)
    name = store.current()
    if name is None:
        return None
    try:
        with store.open(name) as connection:
            parts = read_made_of(connection)
            shown = study_as_shown(connection, study)
            verdicts = connection.execute(
                "select verdict, count(*) from checks.result group by all order by all"
            ).fetchall()
    except duckdb.Error:
        raise DatrialError(
            f"The current snapshot, {name}, cannot be read. `datrial run --study {study.study}` "
            "builds it again from the extracts."
        ) from None
    built = dt.datetime.fromtimestamp(store.path(name).stat().st_mtime, dt.UTC)
    counted = Counter(
        key[0]
        for key, found in current_extracts(parts.get("extracts", [])).items()
        for _ in found
    )  # fmt: skip
    return Snapshot(name, built.replace(microsecond=0), dict(counted), dict(verdicts), shown, parts)
