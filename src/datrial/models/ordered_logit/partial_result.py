"""What a partial proportional-odds model can answer."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import Design
from datrial.models.ordered_logit.predictions import AveragePredictions
from datrial.models.ordered_logit.rows import drop_intercept
from datrial.models.result import RegressionResult

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class PartialProportionalOddsResult(RegressionResult):
    """Estimates: common coefficients, then ``name@cut1`` ... of each free column, then cuts.

    Attributes
    ----------
    levels, level_counts
        Outcome levels, lowest first, and the rows (or sum of weights) at each.
    nonparallel
        Columns whose effect is free at every cut, after any fallback.
    proportional_llf
        Log-likelihood of the ordered logit with one effect for every predictor.
    n_negative
        Rows with a negative predicted probability of some level.
    """

    levels: list[object]
    level_counts: pd.Series
    nonparallel: list[str]
    proportional_llf: float
    n_negative: int
    design: Design = field(repr=False)  # holds rows, which no log may show
    weights: FloatArray = field(repr=False)

    @property
    def coefficient_names(self) -> list[str]:
        """The entries of `params` that are coefficients."""
        return [str(name) for name in self.params.index[: -(len(self.levels) - 1)]]

    def odds_ratios(self, level: float = 0.95) -> pd.DataFrame:
        """Odds ratios of being at a higher level; of a free column, of being above each cut.

        Columns `odds_ratio`, `bse` (delta method), `p_value`, `ci_low`, `ci_high`.
        """
        return self._exponentiated(self.coefficient_names, "odds_ratio", level)

    def average_predictions(self, factor: str, level: float = 0.95) -> pd.DataFrame:
        """Average adjusted predictions, as `OrderedLogitResult.average_predictions`."""
        return self._averages(factor).table(level)

    def contrasts(self, factor: str, reference: object = None, level: float = 0.95) -> pd.DataFrame:
        """Differences of average predictions, as `OrderedLogitResult.contrasts`."""
        return self._averages(factor).contrasts(reference, level)

    def parallel_test(self) -> pd.DataFrame:
        """Wald's tests, for each free column, that its effects at all cuts are the same.

        Robust if the model is clustered. Columns `chi2`, `df`, `p_value`.
        """
        from scipy.special import chdtrc

        df = len(self.levels) - 2
        difference = np.hstack([-np.ones((df, 1)), np.eye(df)])
        rows = []
        for name in self.nonparallel:
            own = self._of_column(name)
            gap = difference @ self.params[own].to_numpy(dtype=float)
            covariance = self.covariance.loc[own, own].to_numpy(dtype=float)
            spread = difference @ covariance @ difference.T
            chi2 = float(gap @ np.linalg.solve(spread, gap))
            rows.append((chi2, df, float(chdtrc(df, max(chi2, 0.0)))))
        return pd.DataFrame(rows, index=self.nonparallel, columns=["chi2", "df", "p_value"])

    def probabilities(self, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return level probabilities (n, J), negative where lines cross, and densities.

        The densities F(1 - F) at the inner cuts have shape (n, J - 1).
        """
        from scipy.special import expit

        names = [name for name in self.design.names if name != "Intercept"]
        below = np.empty((len(matrix), len(self.levels) + 1))
        below[:, 0], below[:, -1] = 0.0, 1.0
        for cut in range(1, len(self.levels)):
            effects = [self.params[f"{n}@cut{cut}" if n in self.nonparallel else n] for n in names]
            below[:, cut] = expit(self.params[f"cut{cut}"] - matrix @ np.array(effects))
        return np.diff(below, axis=1), below[:, 1:-1] * (1 - below[:, 1:-1])

    def _term(self, parameter: Hashable) -> str:
        """Return the column of a parameter, which a free column has once for each cut."""
        name = str(parameter)
        column = name.rpartition("@cut")[0]
        return column if column in self.nonparallel else name

    def _of_column(self, name: str) -> list[str]:
        """Return the parameters of a free column."""
        return [f"{name}@cut{cut}" for cut in range(1, len(self.levels))]

    def _averages(self, factor: str) -> AveragePredictions:
        """Return the averages of which tables are made."""
        names = [name for name in self.design.names if name != "Intercept"]
        share = self.weights / self.weights.sum()
        labels = list(self.params.index)

        def averaging(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
            columns = drop_intercept(matrix, self.design.names)
            p, density = self.probabilities(columns)
            jacobian = np.zeros((len(self.levels), len(labels)))
            for cut in range(1, len(self.levels)):
                weighted = share * density[:, cut - 1]
                line = np.zeros(len(labels))
                for name, slope in zip(names, weighted @ columns, strict=True):
                    own = f"{name}@cut{cut}" if name in self.nonparallel else name
                    line[labels.index(own)] -= slope
                line[labels.index(f"cut{cut}")] += weighted.sum()
                jacobian[cut - 1] += line
                jacobian[cut] -= line
            return share @ p, jacobian

        covariance = self.covariance.to_numpy(dtype=float)
        return AveragePredictions.of(self.design, factor, self.levels, averaging, covariance)
