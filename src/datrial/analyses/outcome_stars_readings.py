"""Readings of Outcome Stars: raters averaged, off-scale scores set aside, first against last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datrial.errors import UsageError

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from datrial.config.instruments import Instrument, ReadingTable
    from datrial.config.study import Study

FloatArray = NDArray[np.float64]

TOTAL = "total"
#: Of a strand with fewer of an instrument's people than this, the instrument is not.
_STRAND = 0.1


@dataclass(frozen=True)
class Star:
    """One instrument's readings, a row a client who was referred.

    Attributes
    ----------
    people
        ``arm``, ``readings`` (how many), ``separate`` (the first or the last one is an average of
        raters), ``off_scale`` (scores set aside), ``first_on`` and ``last_on``.
    first, last
        Clients by areas: the scores of the first and of the last reading; the same of one reading.
    clients
        Arm -> clients of the strands in which the instrument is used.
    not_referred
        People with a reading who were never referred.
    """

    key: str
    about: Instrument
    people: pd.DataFrame
    first: FloatArray
    last: FloatArray
    clients: Mapping[str, int]
    not_referred: int

    @property
    def parts(self) -> dict[str, str]:
        """The areas and their total, with what people read."""
        return {**self.about.items, TOTAL: "Total"}

    @property
    def label(self) -> str:
        """The instrument with its scale."""
        return f"{self.about.label} ({self.about.lowest} to {self.about.highest})"

    @property
    def gain(self) -> int:
        """What a change is multiplied with, so that a better score is a gain."""
        return 1 if self.about.better == "higher" else -1

    @property
    def best(self) -> int:
        """The best end of the scale of an area."""
        end = self.about.highest if self.gain > 0 else self.about.lowest
        assert end is not None  # noqa: S101 (an instrument with scores has a scale)
        return end

    @property
    def has_two(self) -> NDArray[np.bool_]:
        """Who has two or more readings."""
        return np.asarray(self.people["readings"] >= 2)

    def scores(self, part: str, *, last: bool = False) -> FloatArray:
        """Return an area's scores, or totals: no number where any area is missing."""
        matrix = self.last if last else self.first
        if part == TOTAL:
            return np.asarray(matrix.sum(axis=1))
        return np.asarray(matrix[:, list(self.about.items).index(part)])

    def pairs(self, arm: str, part: str) -> tuple[FloatArray, FloatArray]:
        """Return first and last scores of those of an arm with two readings and both scores."""
        kept = self.paired(arm, part)
        return self.scores(part)[kept], self.scores(part, last=True)[kept]

    def paired(self, arm: str, part: str) -> NDArray[np.bool_]:
        """Return who of an arm has two or more readings and the score at first and last."""
        known = ~np.isnan(self.scores(part) + self.scores(part, last=True))
        return np.asarray(self.of(arm) & self.has_two & known)

    def of(self, arm: str) -> NDArray[np.bool_]:
        """Return who is of an arm."""
        return np.asarray(self.people["arm"] == arm)


def chosen(study: Study, table: ReadingTable, names: Iterable[str]) -> dict[str, Instrument]:
    """Return the instruments of a table that are asked for, all of them if none is named.

    Raises
    ------
    UsageError
        If a name is no instrument of that table.
    """
    there = {key: about for key, about in study.instruments.items() if about.table == table}
    unknown = [name for name in names if name not in there]
    if unknown:
        raise UsageError(
            f"`instruments` names {', '.join(unknown)}: no instrument of {table} in the study "
            f"file. There: {', '.join(there) or 'none'}."
        )
    return {key: about for key, about in there.items() if key in (list(names) or list(there))}


def read_star(
    connection: duckdb.DuckDBPyConnection,
    key: str,
    about: Instrument,
    *,
    within: int = 0,
    collaborative: str = "collaborative",
) -> Star:
    """Read an instrument's readings from ``marts.instrument_reading``.

    Parameters
    ----------
    within
        Days within which the scores of two raters are one reading; 0: the same day only.
    collaborative
        The rater whose scores are taken as they are: client and worker gave them together.
    """
    import pandas as pd

    frame = connection.execute(
        """
        select person_id, arm, strand, read_on, rater,
            list(coalesce(cast(score as double), 'nan'::double) order by position) as scores,
            count(*) filter (is_off_scale) as off_scale
        from marts.instrument_reading where instrument = ?
        group by person_id, arm, strand, read_on, rater
        order by person_id, read_on, rater nulls last
        """,
        [key],
    ).df()
    scores = np.array(frame.pop("scores").tolist(), dtype=float).reshape(-1, len(about.items))
    frame["off_scale"] = frame.groupby("person_id")["off_scale"].transform("sum")
    known = ~np.isnan(scores).all(axis=1)
    frame, scores = frame[known].reset_index(drop=True), scores[known]
    frame["joint"] = (frame["rater"] == collaborative).to_numpy(dtype=bool)
    frame["day"] = pd.to_datetime(frame["read_on"]).to_numpy().astype("datetime64[D]").astype(int)
    frame, scores = _averaged(frame, scores, within)
    first = ~frame.duplicated("person_id")
    last = ~frame.duplicated("person_id", keep="last")
    people = frame[first].reset_index(drop=True)
    ends = frame[last].reset_index(drop=True)
    people["readings"] = frame.groupby("person_id", sort=False).size().to_numpy(dtype=int)
    people["separate"] |= ends["separate"]
    people["first_on"], people["last_on"] = people["day"], ends["day"]
    referred = people["arm"].notna().to_numpy()
    return Star(
        key,
        about,
        people[referred].reset_index(drop=True),
        scores[first.to_numpy()][referred],
        scores[last.to_numpy()][referred],
        _clients(connection, people[referred]),
        int((~referred).sum()),
    )


def _averaged(
    frame: pd.DataFrame, scores: FloatArray, within: int
) -> tuple[pd.DataFrame, FloatArray]:
    """Return a row a reading: the collaborative scores, or the mean of the raters who gave one."""
    frame["reading"] = _readings(frame, within)
    kept = (frame["joint"] | ~frame.groupby("reading")["joint"].transform("any")).to_numpy(bool)
    frame, scores = frame[kept].reset_index(drop=True), scores[kept]
    starts = np.flatnonzero(~frame.duplicated("reading"))
    one = frame.iloc[starts].reset_index(drop=True)
    one["separate"] = frame.groupby("reading", sort=False).size().to_numpy(dtype=int) > 1
    if not len(starts):
        return one, scores
    given = np.add.reduceat((~np.isnan(scores)).astype(float), starts, axis=0)
    sums = np.add.reduceat(np.nan_to_num(scores), starts, axis=0)
    return one, np.divide(sums, given, out=np.full_like(sums, np.nan), where=given > 0)


def _readings(frame: pd.DataFrame, within: int) -> NDArray[np.int64]:
    """Return the number of each row's reading: raters of one day, or of near days, each once.

    A collaborative reading of another day is always one of its own.
    """
    if within == 0:
        return np.asarray(frame.groupby(["person_id", "day"], sort=False).ngroup(), dtype=np.int64)
    numbers = np.zeros(len(frame), dtype=np.int64)
    number, person, start = -1, None, 0
    seen: set[object] = set()
    alone = False
    rows = zip(frame["person_id"], frame["day"], frame["rater"], frame["joint"], strict=True)
    for place, (who, day, rater, joint) in enumerate(rows):
        apart = day != start and (day - start > within or alone or joint or rater in seen)
        if who != person or apart:
            number, person, start, seen, alone = number + 1, who, day, set(), False
        seen.add(rater)
        alone |= joint
        numbers[place] = number
    return numbers


def _clients(connection: duckdb.DuckDBPyConnection, people: pd.DataFrame) -> dict[str, int]:
    """Count an arm's clients of the strands in which an instrument is used."""
    share = people["strand"].value_counts(normalize=True, dropna=False)
    used = [strand if isinstance(strand, str) else "" for strand in share[share >= _STRAND].index]
    counted = connection.execute(
        """
        select arm, count(*) from cohort.client
        where list_contains(cast(? as varchar[]), coalesce(strand, '')) group by arm
        """,
        [used],
    ).fetchall()
    return {arm: int(count) for arm, count in counted}
