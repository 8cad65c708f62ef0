"""What a complier-average effect can answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from datrial.models.randomisation.anderson_rubin import AndersonRubin


class Effect(NamedTuple):
    """An effect with its error, test and interval from the normal distribution."""

    estimate: float
    bse: float
    p_value: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, kw_only=True)
class ComplierAverageEffect:
    """The effect of receiving, among those whom the allocation moved to receive.

    Attributes
    ----------
    reference, compared
        The two arms.
    estimate, bse, p_value, ci_low, ci_high
        By two-stage least squares; the interval is Wald's.
    anderson_rubin
        The interval that holds however weak the first stage is. Its test of no effect is that
        of the intention to treat.
    intention_to_treat
        The arm's effect on the outcome, with the same weights and covariates.
    first_stage
        The arm's effect on receiving: the share of compliers.
    first_stage_f, weak
        The robust F of the first stage, and whether it is below 10.
    received
        Arm -> `n`, `received`, and `share` (weighted where there are strata).
    n, n_left_out, n_filled, n_clusters, n_strata, n_strata_one_arm, n_people_one_arm
        As of an adjusted difference.
    covariance_note
        Which errors these are.
    notes
        Plain sentences a reader should know: what it rests on.
    """

    reference: object
    compared: object
    estimate: float
    bse: float
    p_value: float
    ci_low: float
    ci_high: float
    anderson_rubin: AndersonRubin
    intention_to_treat: Effect
    first_stage: Effect
    first_stage_f: float
    weak: bool
    received: pd.DataFrame
    n: int
    n_left_out: int
    n_filled: int
    n_clusters: int | None
    n_strata: int
    n_strata_one_arm: int
    n_people_one_arm: int
    level: float
    covariance_note: str
    notes: tuple[str, ...]

    @property
    def one_sided(self) -> bool:
        """Return whether nobody in the reference arm received."""
        return int(self.received["received"].iloc[0]) == 0

    @property
    def shares(self) -> pd.Series:
        """Return the shares of compliers, of always-takers and of never-takers."""
        always = float(self.received["share"].iloc[0])
        never = 1 - float(self.received["share"].iloc[1])
        return pd.Series(
            {"compliers": 1 - always - never, "always_takers": always, "never_takers": never},
            name="share",
        )
