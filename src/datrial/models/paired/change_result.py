"""What the change of a score between two readings can answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from datrial.models.paired.share import SingleProportion
from datrial.models.two_arms.effects import Effect


class PercentChanges(NamedTuple):
    """Changes in percent of each person's own first reading, where that is above zero."""

    n: int
    mean: float
    least: float
    greatest: float


@dataclass(frozen=True, kw_only=True)
class PairedChange:
    """Two readings of the same people compared; a change is last minus first.

    Attributes
    ----------
    n_left_out
        Pairs with a reading missing.
    mean_first, mean_last, sd_first, sd_last, sd
        Of the readings, and the standard deviation of the changes.
    mean, t, df, p_t
        The mean change with Student's interval and test; not numbers where all changed alike.
    mean_sign_flip, p_value
        The same mean with the interval of the sign-flip test, and that test's p-value, which is
        exact up to 30 people and the one to report.
    median, p_signed_rank
        Hodges and Lehmann's estimate (the middle change) with the exact interval of the signed
        ranks, and their exact test with ties and zeros.
    standardised
        The standardised response mean, mean / sd; interval from the noncentral t distribution.
    ratio_of_means
        Mean of the last over mean of the first readings: 1.69 is a report's "increased to 169%".
    improved, unchanged, worse
        Shares of people by the direction of their change.
    least, greatest
        The smallest and the largest change, in points. They are two persons' values: check that
        the disclosure profile allows them.
    percent
        The changes in percent of each person's first reading; its least and greatest as above.
    notes
        What a reader of the change should know.
    """

    n_left_out: int
    level: float
    better: Literal["higher", "lower"]
    mean_first: float
    mean_last: float
    sd_first: float
    sd_last: float
    sd: float
    mean: Effect
    t: float
    df: int
    p_t: float
    mean_sign_flip: Effect
    p_value: float
    median: Effect
    p_signed_rank: float
    standardised: Effect
    ratio_of_means: Effect
    improved: SingleProportion
    unchanged: SingleProportion
    worse: SingleProportion
    least: float = field(repr=False)
    greatest: float = field(repr=False)
    percent: PercentChanges = field(repr=False)
    notes: tuple[str, ...]

    @property
    def n(self) -> int:
        """People with both readings."""
        return self.df + 1
