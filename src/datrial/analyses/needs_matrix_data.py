"""The scores that the tables of the needs matrix are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.analyses.cohorts import Cohorts, cohorts, not_sent, terms
from datrial.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context
    from datrial.config.instruments import Instrument

#: The row of all areas together: the sum of the scores of whoever has every one.
ALL_ITEMS = "all_items"
TIMES = {"intake": "at intake", "exit": "at exit"}


@dataclass(frozen=True)
class Matrix:
    """The scores of one instrument.

    Attributes
    ----------
    scores
        A row per person, rater and item: ``arm``, ``intake`` (first) and ``exit`` (last); the
        item ``all_items`` is the sum of all.
    raters
        Rater -> what people read, the one whose scores lead first.
    reason
        Why nothing is known; mostly nothing.
    """

    key: str
    about: Instrument
    cohorts: Cohorts
    scores: pd.DataFrame
    raters: dict[str, str]
    need: int
    high_need: int
    reason: str

    @property
    def items(self) -> dict[str, str]:
        """Areas and what people read, all together last."""
        return {**self.about.items, ALL_ITEMS: "All areas together (sum)"}

    @property
    def lead(self) -> str:
        """The rater whose scores lead; an empty code where nobody rated."""
        return next(iter(self.raters), "")

    @property
    def others(self) -> list[str]:
        """The other raters."""
        return list(self.raters)[1:]

    @property
    def levels(self) -> dict[str, tuple[str, int]]:
        """Need and high need: what people read, and from which score on."""
        return {
            "need": (f"need ({self._bound(self.need)})", self.need),
            "high_need": (f"high need ({self._bound(self.high_need)})", self.high_need),
        }

    @property
    def said(self) -> str:
        """What notes say of whose scores lead, and of the cohorts."""
        told = f" Scores of: {self.raters[self.lead].lower()}." if self.raters else ""
        return told + self.cohorts.note

    def has(self, scores: pd.Series, level: int) -> pd.Series:
        """Return who has a need of this level; NaN where there is no score."""
        reached = scores <= level if self.about.better == "higher" else scores >= level
        return reached.astype(float).where(scores.notna())

    def of(self, rater: str, item: str) -> pd.DataFrame:
        """Return the scores of a rater in an area, by person."""
        chosen = self.scores[(self.scores["rater"] == rater) & (self.scores["item"] == item)]
        return chosen.set_index("person_id")

    def pairs(self, rater: str, item: str) -> dict[str, pd.DataFrame]:
        """Return arm -> those with a score in an area at both times."""
        both = self.of(rater, item).dropna(subset=["intake", "exit"])
        return dict(self.cohorts.split(both))

    def rated_twice(self, other: str, time: str, item: str) -> dict[str, pd.DataFrame]:
        """Return arm -> those whom the lead and another rater both scored: ``lead``, ``other``."""
        lead, own = self.of(self.lead, item), self.of(other, item)
        both = lead[["arm"]].assign(lead=lead[time], other=own[time].reindex(lead.index))
        return dict(self.cohorts.split(both.dropna(subset=["lead", "other"])))

    def _bound(self, level: int) -> str:
        return f"{level} or {'below' if self.about.better == 'higher' else 'above'}"


def matrices(
    context: Context, instrument: str | None, lead_rater: str | None, need: int, high_need: int
) -> Iterator[Matrix]:
    """Yield the needs matrices of a study, or the one that is asked for.

    Raises
    ------
    UsageError
        If the study has no such instrument of the table need_score, or none at all.
    """
    known = {key: i for key, i in context.study.instruments.items() if i.table == "need_score"}
    if instrument is not None and instrument not in known:
        raise UsageError(
            f"needs_matrix: `instrument: {instrument}` is no instrument of the study with the "
            f"table need_score. There are: {', '.join(known) or 'none'}."
        )
    if not known:
        raise UsageError(
            "needs_matrix: the study has no instrument with the table need_score: name it under "
            "`instruments` in the study file."
        )
    reason = not_sent(context, "need_score")
    for key, about in known.items():
        if instrument in (None, key):
            scores = _scores(context, key, list(about.items))
            found = [each for each in dict.fromkeys(scores["rater"]) if each]
            labels = terms(context.study, "rater", found)
            who = [code for code in labels if code in found or not found]
            order = sorted(who, key=lambda code: code != lead_rater)
            raters = {code: labels[code] for code in order}
            yield Matrix(
                key, about, cohorts(context.study), scores, raters, need, high_need, reason
            )


def _scores(context: Context, instrument: str, items: list[str]) -> pd.DataFrame:
    """Return each person's first intake and last exit score of a rater, and their sums.

    An exit reading from before the first intake is no later reading.
    """
    import pandas as pd

    frame = context.connection.execute(
        "select person_id, arm, rater, item, time_point, read_on, score "
        "from marts.instrument_reading where instrument = ? and arm is not null "
        "and time_point in ('intake', 'exit') order by person_id, rater, read_on, position",
        [instrument],
    ).df()
    frame["score"] = frame["score"].astype("float64")
    keys = ["person_id", "arm", "rater"]
    first = frame[frame["time_point"] == "intake"]
    first = first[first["read_on"] == first.groupby(keys)["read_on"].transform("min")]
    last = frame[frame["time_point"] == "exit"]
    last = last[last["read_on"] == last.groupby(keys)["read_on"].transform("max")]
    start = first.drop_duplicates(keys).set_index(keys)["read_on"]
    begun = start.reindex(pd.MultiIndex.from_frame(last[keys])).to_numpy()
    last = last[~(last["read_on"].to_numpy() < begun)]
    wide = pd.DataFrame(
        {
            "intake": first.set_index([*keys, "item"])["score"],
            "exit": last.set_index([*keys, "item"])["score"],
        }
    )
    sums = wide.groupby(level=keys).sum(min_count=len(items))
    sums = sums.assign(item=ALL_ITEMS).set_index("item", append=True)
    return pd.concat([wide, sums]).sort_index().reset_index()
