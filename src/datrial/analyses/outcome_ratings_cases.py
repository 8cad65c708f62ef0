"""Ratings of outcomes by case: averages over the answered items, and the don't knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from datrial.config.instruments import Instrument

FloatArray = NDArray[np.float64]
Truths = NDArray[np.bool_]

Forms = Literal["all", "last"]
#: All items of an instrument, beside its domains.
ALL_ITEMS = "all_items"
#: What one item must be to be improved: slightly better.
SLIGHT = 1


@dataclass(frozen=True)
class Rated:
    """One instrument's ratings, a row a referred case; matrices are of cases by items.

    Attributes
    ----------
    arm
        Of each case.
    sums, given
        Sum and number of the ratings of an item; several where a case has several forms.
    most
        The best rating of an item; no number without a rating.
    dont_know
        Whether an item was answered with don't know.
    clients
        Arm -> all clients, rated or not.
    not_referred
        People with a form who were never referred.
    """

    key: str
    about: Instrument
    arm: pd.Series
    sums: FloatArray
    given: FloatArray
    most: FloatArray
    dont_know: Truths
    clients: Mapping[str, int]
    not_referred: int

    @property
    def domains(self) -> dict[str, str]:
        """The domains and all items together, with what people read."""
        return {
            **{key: domain.label for key, domain in self.about.domains.items()},
            ALL_ITEMS: "All items",
        }

    def of(self, arm: str) -> Truths:
        """Return which cases are of an arm."""
        return np.asarray(self.arm == arm)

    def averages(self, domain: str) -> FloatArray:
        """Return each case's mean of its ratings in a domain; no number without any."""
        places = self._places(domain)
        sums, given = self.sums[:, places].sum(axis=1), self.given[:, places].sum(axis=1)
        means = np.divide(sums, given, out=np.full(len(sums), np.nan), where=given > 0)
        # A mean such as 1.0 of ten ratings must not fall below its limit by an error of binary.
        return np.asarray(np.round(means, 9))

    def is_rated(self, domain: str) -> Truths:
        """Return which cases have a rating in a domain."""
        return np.asarray(self.given[:, self._places(domain)].sum(axis=1) > 0, dtype=np.bool_)

    def any_improved(self, domain: str) -> Truths:
        """Return which cases have an item of a domain that is at least slightly better."""
        return np.asarray((self.most[:, self._places(domain)] >= SLIGHT).any(axis=1))

    def has_dont_know(self, domain: str) -> Truths:
        """Return which cases have a don't know in a domain."""
        return np.asarray(self.dont_know[:, self._places(domain)].any(axis=1))

    def number_of_items(self, domain: str) -> int:
        """Return how many items a domain has."""
        return len(self._places(domain))

    def _places(self, domain: str) -> Sequence[int]:
        items = list(self.about.items)
        if domain == ALL_ITEMS:
            return range(len(items))
        return [items.index(item) for item in self.about.domains[domain].items]


def read_ratings(
    connection: duckdb.DuckDBPyConnection, key: str, about: Instrument, forms: Forms = "all"
) -> Rated:
    """Read an instrument's ratings from ``marts.instrument_reading``.

    Parameters
    ----------
    forms
        Whether all answers about a case count, or only those of its last day.
    """
    frame = connection.execute(
        """
        with answer as (
            select * from marts.instrument_reading
            where instrument = ? and answer is not null
            qualify ? = 'all' or read_on = max(read_on) over (partition by person_id)
        )
        select person_id, arm, position, cast(coalesce(sum(score), 0) as double) as total,
            count(score) as given, cast(max(score) as double) as most,
            count(*) filter (answer = 'dont_know') > 0 as dont_know
        from answer group by person_id, arm, position order by person_id, position
        """,
        [key, forms],
    ).df()
    referred = frame["arm"].notna()
    left_out = frame.loc[~referred, "person_id"].nunique()
    frame = frame[referred].reset_index(drop=True)
    case = frame["person_id"].factorize()[0]
    item = frame["position"].to_numpy(dtype=int) - 1
    shape = (int(case.max()) + 1 if len(case) else 0, len(about.items))

    def matrix(column: str, empty: float) -> FloatArray:
        filled = np.full(shape, empty)
        filled[case, item] = frame[column].to_numpy(dtype=float)
        return filled

    counted = connection.execute("select arm, count(*) from cohort.client group by arm").fetchall()
    return Rated(
        key,
        about,
        frame.loc[~frame.duplicated("person_id"), "arm"].reset_index(drop=True),
        matrix("total", 0.0),
        matrix("given", 0.0),
        matrix("most", np.nan),
        matrix("dont_know", 0.0) > 0,
        {arm: int(count) for arm, count in counted},
        int(left_out),
    )
