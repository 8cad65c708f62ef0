"""From which level to which each person moved, with "don't know" as a state of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from datrial.models.errors import ModelUsageError
from datrial.models.paired.share import SingleProportion, single_proportion
from datrial.models.paired.symmetry import (
    bowker_statistic,
    exact_direction,
    exact_marginal_homogeneity,
    exact_symmetry,
)
from datrial.models.two_arms.paired import McNemarTest, mcnemar_counts

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike


@dataclass(frozen=True, kw_only=True)
class Transitions:
    """Levels before and after of the same people.

    Attributes
    ----------
    table
        Counts of people, rows the first and columns the last answer: the levels in their order,
        then the unknown answers. Every level has its row and column, empty or not.
    rose, fell, stayed
        Shares of the people whose level is known at both times.
    fell_of_all
        People known to have fallen as a share of everybody with both forms: what a reader may
        say without a word about those whose level is not known.
    p_value
        Of the exact test that as many levels were lost as gained, over the people known at both
        times; steps between neighbouring levels count the same. The one to report.
    p_sign
        The same for the direction alone (exact sign test, rose against fell).
    p_symmetry, p_margins
        Exact tests of any change: Bowker's symmetry, and Stuart and Maxwell's margins. None where
        there are too many ways to count: then `symmetry_chi_square` has its p-value.
    symmetry_statistic, symmetry_df, symmetry_chi_square
        Bowker's chi-square, its degrees of freedom and large-sample p-value, not a number where
        nobody moved.
    unknown
        McNemar's test of whether the answer became known or unknown; None without unknown answers
        among the levels.
    n_left_out
        Pairs with an answer missing altogether.
    notes
        What a reader of the table should know.
    """

    table: pd.DataFrame = field(repr=False)
    rose: SingleProportion
    fell: SingleProportion
    stayed: SingleProportion
    fell_of_all: SingleProportion
    p_value: float
    p_sign: float
    p_symmetry: float | None
    p_margins: float | None
    symmetry_statistic: float
    symmetry_df: int
    symmetry_chi_square: float
    unknown: McNemarTest | None
    n_left_out: int
    notes: tuple[str, ...]

    @property
    def n_known(self) -> int:
        """People whose level is known at both times."""
        return self.rose.n

    @property
    def n(self) -> int:
        """People with both answers, known or not."""
        return self.fell_of_all.n


def paired_transitions(
    first: ArrayLike,
    last: ArrayLike,
    *,
    levels: Sequence[Any],
    unknown: Sequence[Any] = (),
    level: float = 0.95,
) -> Transitions:
    """Tabulate from which level to which the same people moved, and test it exactly.

    Bowker (1948), JASA 43, 572-574; Stuart (1955), Biometrika 42, 412-416; exact after the
    conditional distribution of Krauth (1973), Biometrics 29, 547-556. Stata: `symmetry, exact`;
    R: `rcompanion::nominalSymmetryTest`, `coin::symmetry_test(distribution = "exact")`.

    Parameters
    ----------
    first, last
        One answer per person, in the same order. Pairs with a missing answer are left out and
        counted: an answer that nobody gave is not "don't know".
    levels
        The ordered levels, lowest first; rising is to a later one.
    unknown
        Answers that are states of their own without a place in the order.
    level
        Of the intervals.

    Raises
    ------
    ModelUsageError
        For fewer than two levels, one twice, answers of other people, or one that is neither a
        level nor unknown.
    """
    import pandas as pd

    states = [*levels, *unknown]
    if len(levels) < 2 or len(set(states)) != len(states):
        raise ModelUsageError("Transitions need two levels or more, each of them once.")
    before, after = _codes(first, states, "first"), _codes(last, states, "last")
    if len(before) != len(after):
        raise ModelUsageError("The first and the last answers must be one each for everybody.")
    if (
        isinstance(first, pd.Series)
        and isinstance(last, pd.Series)
        and not first.index.equals(last.index)
    ):
        raise ModelUsageError(
            "The first and the last answers have different indexes; put the people in one order."
        )
    both = (before >= 0) & (after >= 0)
    counts = np.zeros((len(states), len(states)), dtype=np.int64)
    np.add.at(counts, (before[both], after[both]), 1)
    known = counts[: len(levels), : len(levels)].astype(np.float64)
    n_known, n = int(known.sum()), int(counts.sum())
    rose, fell = int(np.triu(known, 1).sum()), int(np.tril(known, -1).sum())
    statistic, df = bowker_statistic(known)
    return Transitions(
        table=pd.DataFrame(counts, index=pd.Index(states), columns=pd.Index(states)),
        rose=single_proportion(rose, n_known, level=level),
        fell=single_proportion(fell, n_known, level=level),
        stayed=single_proportion(n_known - rose - fell, n_known, level=level),
        fell_of_all=single_proportion(fell, n, level=level),
        p_value=exact_direction(known),
        p_sign=_sign_test(rose, fell),
        p_symmetry=exact_symmetry(known),
        p_margins=exact_marginal_homogeneity(known),
        symmetry_statistic=statistic if df else float("nan"),
        symmetry_df=df,
        symmetry_chi_square=_chi_square(statistic, df),
        unknown=_unknown(counts, len(levels), level) if unknown and n else None,
        n_left_out=int((~both).sum()),
        notes=_notes(n, n_known, rose + fell),
    )


def _codes(answers: ArrayLike, states: list[Any], which: str) -> np.ndarray[Any, np.dtype[Any]]:
    """Return the place of each answer among the states, -1 for a missing one."""
    import pandas as pd

    column = pd.Series(answers, dtype="object")
    place = {state: number for number, state in enumerate(states)}
    codes = np.array([-1 if pd.isna(a) else place.get(a, -2) for a in column], dtype=np.int64)
    if (codes == -2).any():
        raise ModelUsageError(
            f"{int((codes == -2).sum())} of the {len(codes)} {which} answers are neither one of "
            "the levels nor unknown."
        )
    return codes


def _sign_test(rose: int, fell: int) -> float:
    from scipy.stats import binomtest

    return float(binomtest(rose, rose + fell).pvalue) if rose + fell else 1.0


def _chi_square(statistic: float, df: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(df, statistic)) if df else float("nan")


def _unknown(counts: Any, levels: int, level: float) -> McNemarTest:
    return mcnemar_counts(
        both=int(counts[levels:, levels:].sum()),
        stopped=int(counts[levels:, :levels].sum()),
        started=int(counts[:levels, levels:].sum()),
        neither=int(counts[:levels, :levels].sum()),
        level=level,
    )


def _notes(n: int, n_known: int, moved: int) -> tuple[str, ...]:
    found: tuple[str, ...] = ()
    if n_known < n:
        found += (
            f"The level of {n - n_known} of {n} people is not known at one of the two times; the "
            "tests and the shares of those who rose or fell are of the others.",
        )
    if n_known and not moved:
        found += ("Nobody whose level is known moved.",)
    if 0 < moved < 6:
        found += (f"{moved} people moved: no exact test can reach 0.05 either way.",)
    return found
