"""The arms of a study that allocates nobody: everyone referred, or beside them another cohort.

With one arm a table has one column of people. Adding a cohort to the study file adds its column,
and one with the difference, to the same tables; who is in which is not chance, and they say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datrial.analyses.arms import reference_arm
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context
    from datrial.config.study import Study

#: The column of what the intervention's arm has more than the other cohort.
DIFFERENCE = "difference"
#: The statistic of a difference of shares: it is written in percentage points.
SHARE_DIFFERENCE = "share_difference"
#: Below so many people a number is said to be too small to carry a statement.
FEW = 30
NOT_BY_CHANCE = (
    "The cohorts were not drawn by chance: their difference may be one of the people in them."
)


@dataclass(frozen=True)
class Cohorts:
    """The arms in the order of the study file, the cohort compared with last.

    Attributes
    ----------
    labels
        Arm -> what people read.
    reference
        The arm compared with; none in a single-arm study.
    """

    labels: Mapping[str, str]
    reference: str | None

    @property
    def is_compared(self) -> bool:
        """Whether there is a cohort to compare with."""
        return self.reference is not None and len(self.labels) > 1

    @property
    def note(self) -> str:
        """The sentence that a table with a difference needs; nothing in a single-arm study."""
        return f" {NOT_BY_CHANCE}" if self.is_compared else ""

    def name_columns(self, table: Table, *, difference: bool = True) -> None:
        """Name a table's columns: the arms and, where there are two, their difference."""
        for arm, label in self.labels.items():
            table.column(arm, label)
        if difference and self.is_compared:
            others = " and ".join(v for k, v in self.labels.items() if k != self.reference)
            table.column(DIFFERENCE, f"{others} less {self.labels[self.reference or '']}")

    def split(self, people: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
        """Yield each arm with its rows of a frame that has a column ``arm``."""
        for arm in self.labels:
            yield arm, people[people["arm"] == arm]

    def add_shares(
        self, table: Table, row: str, counts: Mapping[str, tuple[int, int]], *, reason: str = ""
    ) -> None:
        """Add how many people of how many, by arm, and the difference of the shares.

        Statistics: ``count`` and ``share`` with ``ci_low`` and ``ci_high`` (Wilson); of the
        difference ``share_difference`` with Newcombe's interval.

        Parameters
        ----------
        counts
            Arm -> (people with the answer, people asked).
        reason
            Why nothing is known, where that is so: every cell is then absent.
        """
        from datrial.models import compare_proportions, single_proportion

        statistics = ("count", "share", "ci_low", "ci_high")
        for arm in self.labels:
            count, n = counts.get(arm, (0, 0))
            if reason:
                table.absent_all([row], [arm], statistics, reason)
                continue
            share = single_proportion(count, n).share
            values = (count, share.estimate, share.ci_low, share.ci_high)
            for statistic, value in zip(statistics, values, strict=True):
                table.add(row, arm, statistic, value if n or statistic == "count" else None,
                          n=n, warning=few(n), reason="nobody was asked")  # fmt: skip
        if not self._has_difference(table):
            return
        first, other = self._pair({arm: counts.get(arm, (0, 0)) for arm in self.labels})
        if reason or not first[1] or not other[1]:
            why = reason or "one of the cohorts has nobody"
            self._no_difference(table, row, why, SHARE_DIFFERENCE)
            return
        found = compare_proportions([other[0], first[0]], [other[1], first[1]])
        effect, n = found.difference_newcombe[:3], first[1] + other[1]
        self._add_difference(table, row, effect, n, SHARE_DIFFERENCE)

    def add_means(
        self,
        table: Table,
        row: str,
        values: Mapping[str, Sequence[float] | pd.Series],
        *,
        reason: str = "",
    ) -> None:
        """Add a mean by arm with its standard deviation, and Welch's difference of the means.

        Statistics: ``mean``, ``sd``, ``ci_low``, ``ci_high`` (Student); ``difference``.
        """
        import pandas as pd

        from datrial.models import ModelDataError, two_sample_t_from_summary
        from datrial.models.paired.mean_change import mean_change

        statistics = ("mean", "sd", "ci_low", "ci_high")
        known = {
            arm: pd.Series(list(values.get(arm, ())), dtype="float64").dropna()
            for arm in self.labels
        }
        for arm, of_arm in known.items():
            if reason or of_arm.empty:
                table.absent_all([row], [arm], statistics, reason or "nobody has a value")
                continue
            mean, _, _ = mean_change(of_arm.to_numpy(), 0.95)
            numbers = (mean.estimate, of_arm.std(), mean.ci_low, mean.ci_high)
            for statistic, number in zip(statistics, numbers, strict=True):
                table.add(row, arm, statistic, number, n=len(of_arm), warning=few(len(of_arm)),
                          reason="one person, or all alike")  # fmt: skip
        if not self._has_difference(table):
            return
        first, other = self._pair(known)
        if reason or min(len(first), len(other)) < 2:
            self._no_difference(table, row, reason or "fewer than two people in a cohort")
            return
        parts = (other, first)
        try:
            found = two_sample_t_from_summary(
                [part.mean() for part in parts],
                [part.std() for part in parts],
                [len(part) for part in parts],
            )
        except ModelDataError as error:
            self._no_difference(table, row, f"it could not be compared: {error}")
            return
        effect = (found.difference, found.welch.ci_low, found.welch.ci_high)
        self._add_difference(table, row, effect, len(first) + len(other))

    def by_arm(self, people: pd.DataFrame, value: Callable[[pd.DataFrame], Any]) -> dict[str, Any]:
        """Return arm -> a value of its rows."""
        return {arm: value(rows) for arm, rows in self.split(people)}

    def _has_difference(self, table: Table) -> bool:
        return DIFFERENCE in table.column_labels

    def _pair(self, of: Mapping[str, Any]) -> tuple[Any, Any]:
        """Return what the compared arm has, and what the reference has."""
        compared = next(arm for arm in self.labels if arm != self.reference)
        return of[compared], of[self.reference or ""]

    def _add_difference(
        self,
        table: Table,
        row: str,
        effect: Sequence[float],
        n: int,
        statistic: str = DIFFERENCE,
    ) -> None:
        for name, value in zip((statistic, "ci_low", "ci_high"), effect, strict=True):
            table.add(row, DIFFERENCE, name, value, n=n, warning=few(n))

    def _no_difference(
        self, table: Table, row: str, reason: str, statistic: str = DIFFERENCE
    ) -> None:
        table.absent_all([row], [DIFFERENCE], (statistic, "ci_low", "ci_high"), reason)


def cohorts(study: Study) -> Cohorts:
    """Return a study's arms, the cohort compared with last."""
    reference = reference_arm(study)
    order = sorted(study.arms, key=lambda arm: arm == reference)
    return Cohorts({arm: study.arms[arm].label for arm in order}, reference)


def few(n: int) -> str:
    """Return what is to be said of a number that rests on few people; mostly nothing."""
    return f"n = {n}: too few to carry a statement by itself" if 0 < n < FEW else ""


def terms(study: Study, vocabulary: str, found: Sequence[str | None] = ()) -> dict[str, str]:
    """Return a service's own codes with what people read, in the order of the study file.

    Codes that were found and that the file does not name come after, their codes as words;
    "don't know" and "not applicable" are no terms.
    """
    named = dict(study.terms.get(vocabulary, {}))
    others = sorted({code for code in found if code} - set(named) - {"dont_know", "not_applicable"})
    return named | {code: code.replace("_", " ").capitalize() for code in others}


def not_sent(context: Context, table: str) -> str:
    """Return why nothing of a staging table is known; nothing where something was sent."""
    ask = context.connection.execute
    if ask(f"select count(*) from staging.{table}").fetchall()[0][0]:  # noqa: S608 (ours)
        return ""
    landed = ask(
        "select 1 from information_schema.tables "
        "where table_schema = 'raw' and table_name = 'extract'"
    ).fetchall()
    if (
        landed and ask("select 1 from raw.extract where table_name = ? limit 1", [table]).fetchall()
    ):  # a file without a row: nothing happened, and that is known
        return ""
    return f"no {table.replace('_', ' ')} data were received"
