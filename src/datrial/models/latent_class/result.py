"""What a fitted latent class model can answer, whichever engine fitted it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.latent_class.errors import logit_interval, standard_errors
from datrial.models.latent_class.likelihood import posterior
from datrial.models.latent_class.notes import ZERO_CLASS, solution_notes
from datrial.models.latent_class.patterns import Patterns
from datrial.models.latent_class.polish import Polished

FloatArray = NDArray[np.float64]

FOUND_AGAIN = 1e-3
FEW_AGAIN = 0.1  # a best log-likelihood found by fewer of the starts is said


@dataclass(frozen=True, kw_only=True)
class LatentClassResult:
    """A latent class model.

    Classes are labelled ``class 1``, ``class 2``, ... by size, largest first; a zero class
    comes before them as ``zero class``. The order does not depend on the seed.

    Attributes
    ----------
    llf, n_params
        Log-likelihood and free parameters: (K-1) + J*K, or (K-1)*(J+1) with a zero class.
    nobs
        People with an answered item (sum of frequency weights).
    n_left_out
        Rows with no answered item.
    entropy
        Relative entropy of the classification, 1 for certain, NaN for one class.
    class_sizes, bse_class_sizes
        Share of people in each class, and its standard error.
    item_probabilities, bse_item_probabilities
        Probability of a yes, classes x items, and its standard error. Errors come from the
        observed information; NaN where a parameter is fixed or on the boundary.
    posterior, modal_class
        Each row's class probabilities and most likely class; missing for rows left out.
    best_start_share
        Share of the starts carried to the end that reached the best log-likelihood (within
        0.001). The worst starts are given up on the way and are not counted.
    converged
        Whether the best solution met the maximiser's tolerance.
    local_optima
        The distinct log-likelihoods that the starts carried to the end reached (`llf`, best
        first) and how many reached each (`starts`). Of a large table they are those of the
        people it was searched on.
    engine
        ``native`` or ``stepmix``.
    notes
        Plain sentences a reader of the classes should know.
    patterns
        The distinct response patterns that were fitted, with their counts.
    """

    llf: float
    n_params: int
    nobs: float
    n_left_out: int
    entropy: float
    class_sizes: pd.Series
    bse_class_sizes: pd.Series
    item_probabilities: pd.DataFrame
    bse_item_probabilities: pd.DataFrame
    posterior: pd.DataFrame = field(repr=False)  # holds rows, which no log may show
    modal_class: pd.Series = field(repr=False)
    best_start_share: float
    converged: bool
    local_optima: pd.DataFrame
    engine: str
    notes: tuple[str, ...]
    patterns: Patterns = field(repr=False)

    @property
    def zero_class(self) -> bool:
        """Whether the first class is fixed at no to every item."""
        return bool(self.class_sizes.index[0] == ZERO_CLASS)

    def without_people(self) -> LatentClassResult:
        """Return the model and its patterns with nothing that belongs to a person.

        What is drawn from a model needs no more, and may be drawn on another machine.
        """
        patterns = replace(
            self.patterns,
            of_row=self.patterns.of_row[:0],
            index=pd.RangeIndex(0),
            row_weights=None,
        )
        return replace(
            self,
            posterior=self.posterior.iloc[:0].reset_index(drop=True),
            modal_class=self.modal_class.iloc[:0].reset_index(drop=True),
            patterns=patterns,
        )

    @property
    def aic(self) -> float:
        """Akaike's criterion, -2LL + 2p."""
        return information_criteria(self.llf, self.n_params, self.nobs)[0]

    @property
    def bic(self) -> float:
        """Schwarz's criterion, -2LL + p ln n."""
        return information_criteria(self.llf, self.n_params, self.nobs)[1]

    @property
    def sabic(self) -> float:
        """Sample-size adjusted criterion of Sclove (1987), -2LL + p ln((n+2)/24)."""
        return information_criteria(self.llf, self.n_params, self.nobs)[2]

    def class_size_intervals(self, level: float = 0.95) -> pd.DataFrame:
        """Return `low` and `high` of each class size, built on the logit scale."""
        low, high = logit_interval(self.class_sizes, self.bse_class_sizes, level)
        return pd.DataFrame({"low": low, "high": high}, index=self.class_sizes.index)

    def item_intervals(self, level: float = 0.95) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the lower and upper limits of the item probabilities, on the logit scale.

        NaN where a probability is fixed or on the boundary.
        """
        ends = logit_interval(self.item_probabilities, self.bse_item_probabilities, level)
        frame = self.item_probabilities
        low, high = (pd.DataFrame(e, index=frame.index, columns=frame.columns) for e in ends)
        return low, high


def information_criteria(llf: float, n_params: int, nobs: float) -> tuple[float, float, float]:
    """Return AIC, BIC and sample-size adjusted BIC (Sclove 1987, Psychometrika 52, 333-343)."""
    deviance = -2 * llf
    return (
        deviance + 2 * n_params,
        deviance + n_params * float(np.log(nobs)),
        deviance + n_params * float(np.log((nobs + 2) / 24)),
    )


def count_parameters(n_classes: int, n_items: int, zero_class: bool) -> int:
    """Count free parameters: class sizes, and item probabilities of the free classes."""
    return n_classes - 1 + n_items * (n_classes - zero_class)


def relative_entropy(r: FloatArray, counts: FloatArray) -> float:
    """Return 1 - sum of w_i(-r ln r) / (n ln K), NaN for one class (Ramaswamy et al. 1993)."""
    if r.shape[1] < 2:
        return float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        uncertainty = -np.where(r > 0, r * np.log(r), 0.0).sum(axis=1)
    return float(1 - counts @ uncertainty / (counts.sum() * np.log(r.shape[1])))


def build_result(
    best: Polished,
    patterns: Patterns,
    *,
    finished: Sequence[float],
    engine: str,
    notes: tuple[str, ...],
) -> LatentClassResult:
    """Order and label the classes of a solution and describe it.

    Parameters
    ----------
    finished
        The log-likelihoods of all starts that were carried to the end.
    """
    point = best.point
    order = _class_order(point.sizes, point.probabilities, point.zero_class)
    labels = _class_labels(len(order), point.zero_class)
    sizes, p = point.sizes[order], point.probabilities[order]
    p = np.where(p < 1e-12, 0.0, np.where(p > 1 - 1e-12, 1.0, p))
    bse_sizes, bse_p = standard_errors(best)
    r, _ = posterior(point, patterns)
    r = r[:, order]
    columns, index = patterns.columns, patterns.index
    n_params = count_parameters(len(order), len(columns), point.zero_class)
    return LatentClassResult(
        llf=best.value,
        n_params=n_params,
        nobs=int(patterns.total) if patterns.total.is_integer() else patterns.total,
        n_left_out=patterns.n_left_out,
        entropy=relative_entropy(r, patterns.counts),
        class_sizes=pd.Series(sizes, index=labels, name="size"),
        bse_class_sizes=pd.Series(bse_sizes[order], index=labels, name="bse"),
        item_probabilities=pd.DataFrame(p, index=labels, columns=columns),
        bse_item_probabilities=pd.DataFrame(bse_p[order], index=labels, columns=columns),
        posterior=_posterior_frame(r, patterns.of_row, labels, index),
        modal_class=_modal_series(r, patterns.of_row, labels, index),
        best_start_share=found_again(finished),
        converged=best.converged,
        local_optima=distinct_optima(finished),
        engine=engine,
        notes=notes + solution_notes(sizes, p, labels, patterns, n_params),
        patterns=patterns,
    )


def found_again(values: Sequence[float]) -> float:
    """Return the share of log-likelihoods within 0.001 of the best."""
    return float(np.mean(np.array(values) > np.nanmax(values) - FOUND_AGAIN))


def distinct_optima(values: Sequence[float]) -> pd.DataFrame:
    """Return the log-likelihoods that differ by more than 0.001, best first, with counts."""
    optima: list[float] = []
    starts: list[int] = []
    for value in sorted((v for v in values if np.isfinite(v)), reverse=True):
        if optima and optima[-1] - value < FOUND_AGAIN:
            starts[-1] += 1
        else:
            optima.append(float(value))
            starts.append(1)
    return pd.DataFrame({"llf": optima, "starts": starts})


def _class_order(sizes: FloatArray, p: FloatArray, zero_class: bool) -> list[int]:
    """Zero class first, then by size, largest first; equal sizes by their profile."""
    free = range(int(zero_class), len(sizes))
    ordered = sorted(free, key=lambda k: (-round(float(sizes[k]), 9), *(-p[k]).tolist()))
    return [0, *ordered] if zero_class else ordered


def _class_labels(n_classes: int, zero_class: bool) -> pd.Index:
    named = [f"class {k}" for k in range(1, n_classes + 1 - zero_class)]
    return pd.Index([ZERO_CLASS, *named] if zero_class else named, name="class")


def _posterior_frame(
    r: FloatArray, of_row: NDArray[np.int64], labels: pd.Index, index: pd.Index
) -> pd.DataFrame:
    values = r[of_row]
    values[of_row < 0] = np.nan
    return pd.DataFrame(values, index=index, columns=labels)


def _modal_series(
    r: FloatArray, of_row: NDArray[np.int64], labels: pd.Index, index: pd.Index
) -> pd.Series:
    codes = np.where(of_row < 0, -1, r.argmax(axis=1)[of_row])
    modal = pd.Categorical.from_codes(codes, categories=labels)
    return pd.Series(modal, index=index, name="modal_class")
