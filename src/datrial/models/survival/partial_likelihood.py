"""Cox's partial likelihood on counting-process rows, with gradient, Hessian and row scores.

Cox (1972), JRSS B 34, 187-220; Andersen and Gill (1982), Annals of Statistics 10, 1100-1120.
Ties by Efron (1977), JASA 72, 557-565, or Breslow (1974). The d events of one time are d terms;
in term l Efron's denominator is S0 - l/d D0, S0 the sum over the risk set and D0 over the rows
with an event (a row with two events counts once in D0 and twice in d). No sum of x x' over a
risk set is needed: with G_i the hazard that row i is exposed to, the Hessian is
-(sum_i r_i G_i x_i x_i' - sum_l w xbar_l xbar_l').
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datrial.models.sandwich import sum_by, total_by
from datrial.models.survival.risk_sets import ADDITIVE_TIMES, CANCELLATION, RiskSets

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TIES = ("efron", "breslow")


@dataclass(frozen=True)
class CoxState:
    """What the likelihood is made of at one point.

    Attributes
    ----------
    value, gradient, hessian
        Log partial likelihood and its derivatives.
    relative_risk
        exp(x'b) times the weight, up to a common factor, shape (n,).
    denominator, mean
        Of each term: its denominator and the mean of x over the risk set, (E,) and (E, p).
    log_scale
        Logarithm of that factor, beside somebody with all columns at 0.
    """

    value: float
    gradient: FloatArray
    hessian: FloatArray
    relative_risk: FloatArray
    denominator: FloatArray
    mean: FloatArray
    log_scale: float


class PartialLikelihood:
    """The partial likelihood of n rows with p predictor columns.

    Parameters
    ----------
    matrix
        Predictor columns (n, p), without an intercept.
    events, weights
        Events at the end of each row, and its weight (n,).
    risk
        The risk sets of the same rows.
    ties
        ``efron`` or ``breslow``.
    """

    def __init__(
        self,
        matrix: FloatArray,
        events: FloatArray,
        weights: FloatArray,
        risk: RiskSets,
        ties: str = "efron",
    ) -> None:
        self.risk, self.events, self.weights = risk, events, weights
        # Differences within risk sets alone matter: centred columns keep more digits.
        self.centre = matrix.mean(axis=0) if len(matrix) else np.zeros(matrix.shape[1])
        self.matrix = matrix - self.centre
        self.with_event = np.flatnonzero(events > 0)
        self.at_time = risk.past[self.with_event] - 1
        deaths = total_by(self.at_time, risk.n_times, events[self.with_event])
        self.deaths = np.rint(deaths).astype(np.int64)
        self.term_time = np.repeat(np.arange(risk.n_times), self.deaths)
        begin = np.cumsum(self.deaths) - self.deaths
        place = np.arange(len(self.term_time)) - begin[self.term_time]
        share = place / self.deaths[self.term_time]
        self.share = share if ties == "efron" else np.zeros(len(share))
        observed = weights[self.with_event] * events[self.with_event]
        self.observed = observed
        self.term_weight = (total_by(self.at_time, risk.n_times, observed) / deaths)[self.term_time]
        self.sum_observed = observed @ self.matrix[self.with_event]
        self.tied = bool((self.share > 0).any())

    @property
    def n_columns(self) -> int:
        """Return the number of coefficients."""
        return int(self.matrix.shape[1])

    def value_gradient_hessian(
        self, coefficients: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """Return the log partial likelihood, gradient (p,) and Hessian (p, p)."""
        at = self.evaluate(coefficients)
        return at.value, at.gradient, at.hessian

    def evaluate(self, coefficients: FloatArray) -> CoxState:
        """Evaluate the likelihood and all that its derivatives are made of."""
        risk, x, p = self.risk, self.matrix, self.n_columns
        eta = x @ coefficients
        if not np.isfinite(eta).all():
            nothing = np.zeros(0)
            return CoxState(-np.inf, np.zeros(p), np.zeros((p, p)), nothing, nothing, nothing, 0.0)
        top = float(eta.max()) if len(eta) else 0.0
        r = self.weights * np.exp(np.maximum(eta - top, -700.0))
        s0, additive = self._risk_totals(r)
        s1 = risk.totals(r[:, None] * x, additive=additive)
        denominator, mean = s0[self.term_time], s1[self.term_time]
        if self.tied:
            own = r[self.with_event]
            d0 = total_by(self.at_time, risk.n_times, own)[self.term_time]
            d1 = sum_by(self.at_time, risk.n_times, own[:, None] * x[self.with_event])
            denominator = denominator - self.share * d0
            mean = mean - self.share[:, None] * d1.reshape(-1, p)[self.term_time]
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = mean / denominator[:, None]
            value = float(
                self.observed @ (eta[self.with_event] - top)
                - self.term_weight @ np.log(denominator)
            )
        scale = top + float(self.centre @ coefficients)
        state = CoxState(value, np.zeros(p), np.zeros((p, p)), r, denominator, mean, scale)
        exposure = r * self.exposed_hazard(state)
        hessian = (mean.T * self.term_weight) @ mean - (x.T * exposure) @ x
        gradient = self.sum_observed - exposure @ x
        return CoxState(value, gradient, hessian, r, denominator, mean, scale)

    def exposed_hazard(self, at: CoxState, weight: FloatArray | None = None) -> FloatArray:
        """Return the cumulative hazard, per unit of relative risk, of each row: shape (n,).

        Parameters
        ----------
        weight
            A factor for each event time (D,), 1 by default.
        """
        return self._exposed(self.term_weight / at.denominator, weight)

    def exposed_mean(self, at: CoxState, weight: FloatArray | None = None) -> FloatArray:
        """Return the integral of the risk sets' mean x by each row's hazard: (n, p)."""
        step = self.term_weight / at.denominator
        return self._exposed(step[:, None] * at.mean, weight)

    def score_rows(self, at: CoxState, weight: FloatArray | None = None) -> FloatArray:
        """Return each row's score (n, p), its weight included; their sum is the gradient.

        Lin and Wei (1989), JASA 84, 1074-1078. A row is charged only for the event times
        between its start and its stop, so delayed entry and gaps need nothing more.
        """
        factor = np.ones(self.risk.n_times) if weight is None else weight
        charged = self.exposed_hazard(at, weight)[:, None] * self.matrix
        scores = -at.relative_risk[:, None] * (charged - self.exposed_mean(at, weight))
        own = self.matrix[self.with_event] - self.mean_at_times(at)[self.at_time]
        scores[self.with_event] += (self.observed * factor[self.at_time])[:, None] * own
        return scores

    def mean_at_times(self, at: CoxState) -> FloatArray:
        """Return the mean x of the risk set at each event time, averaged over its terms."""
        total = sum_by(self.term_time, self.risk.n_times, at.mean).reshape(-1, self.n_columns)
        return total / self.deaths[:, None]

    def term_means(self, at: CoxState, values: FloatArray) -> FloatArray:
        """Return the mean of a value of the rows (n,) over the risk set of each term: (E,)."""
        weighted = at.relative_risk * values
        total = self.risk.totals(weighted)[self.term_time]
        if self.tied:
            own = total_by(self.at_time, self.risk.n_times, weighted[self.with_event])
            total = total - self.share * own[self.term_time]
        return np.asarray(total / at.denominator)

    def information(self, at: CoxState, weight: FloatArray) -> FloatArray:
        """Return the information (p, p) with a factor for each event time."""
        exposure = at.relative_risk * self.exposed_hazard(at, weight)
        terms = self.term_weight * weight[self.term_time]
        own = (self.matrix.T * exposure) @ self.matrix
        return np.asarray(own - (at.mean.T * terms) @ at.mean)

    def schoenfeld(self, at: CoxState) -> FloatArray:
        """Return x of the events minus the risk sets' mean, summed by event time: (D, p)."""
        own = self.observed[:, None] * self.matrix[self.with_event]
        seen = sum_by(self.at_time, self.risk.n_times, own).reshape(-1, self.n_columns)
        terms = self.term_weight[:, None] * at.mean
        return seen - sum_by(self.term_time, self.risk.n_times, terms).reshape(-1, self.n_columns)

    def hazard_steps(self, at: CoxState) -> FloatArray:
        """Return the steps of the baseline hazard (D,) of somebody with all columns at 0."""
        steps = total_by(self.term_time, self.risk.n_times, self.term_weight / at.denominator)
        return np.asarray(steps * np.exp(-at.log_scale))

    def _exposed(self, terms: FloatArray, weight: FloatArray | None) -> FloatArray:
        """Sum terms (E,) or (E, p) over the event times of each row, its own in Efron's share."""
        wide = terms[:, None] if terms.ndim == 1 else terms
        if weight is not None:
            wide = wide * weight[self.term_time][:, None]
        size = self.risk.n_times
        total = self.risk.rows_of(sum_by(self.term_time, size, wide).reshape(size, -1))
        if self.tied:
            lost = sum_by(self.term_time, size, self.share[:, None] * wide).reshape(size, -1)
            total[self.with_event] -= lost[self.at_time]
        return total[:, 0] if terms.ndim == 1 else total

    def _risk_totals(self, r: FloatArray) -> tuple[FloatArray, bool]:
        """Sum the relative risks over the risk sets, in a way that keeps their digits."""
        if self.risk.n_times > ADDITIVE_TIMES:
            s0 = self.risk.totals(r, additive=False)
            if s0.min() > CANCELLATION * s0.max():
                return s0, False
        return self.risk.totals(r), True
