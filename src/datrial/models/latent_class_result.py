"""What a fitted latent class model can answer, whichever engine fitted it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.latent_class_likelihood import posterior
from datrial.models.latent_class_patterns import Patterns
from datrial.models.latent_class_polish import BOUND, Polished
from datrial.models.newton import invert_information

FloatArray = NDArray[np.float64]

ZERO_CLASS = "zero class"
FOUND_AGAIN = 1e-3


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
    engine
        ``native`` or ``stepmix``.
    notes
        Plain sentences a reader of the classes should know.
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
    engine: str
    notes: tuple[str, ...]

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
    best_start_share: float,
    converged: bool,
    engine: str,
    notes: tuple[str, ...],
) -> LatentClassResult:
    """Order and label the classes of a solution and describe it."""
    point = best.point
    order = _class_order(point.sizes, point.probabilities, point.zero_class)
    labels = _class_labels(len(order), point.zero_class)
    sizes, p = point.sizes[order], point.probabilities[order]
    p = np.where(p < 1e-12, 0.0, np.where(p > 1 - 1e-12, 1.0, p))
    bse_sizes, bse_p = _standard_errors(best)
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
        best_start_share=best_start_share,
        converged=converged,
        engine=engine,
        notes=notes + _solution_notes(sizes, p, labels, patterns, n_params),
    )


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


def _standard_errors(best: Polished) -> tuple[FloatArray, FloatArray]:
    """Delta-method errors of sizes (K,) and item probabilities (K, J), classes unordered."""
    point = best.point
    n_classes, (n_free, n_items) = len(point.log_sizes), point.logits.shape
    at_edge = np.zeros(len(best.held), dtype=bool)
    at_edge[n_classes - 1 :] = np.abs(point.logits.ravel()) >= BOUND
    free = ~(best.held | at_edge)
    covariance = np.full((len(free), len(free)), np.nan)
    inverse = invert_information(best.hessian[np.ix_(free, free)])
    if not (np.diag(inverse) > 0).all():
        inverse = np.full_like(inverse, np.nan)
    covariance[np.ix_(free, free)] = inverse
    jacobian = np.delete(
        np.diag(point.sizes) - np.outer(point.sizes, point.sizes), best.reference, axis=1
    )
    kept = free[: n_classes - 1]
    part = jacobian[:, kept] @ covariance[: n_classes - 1, : n_classes - 1][np.ix_(kept, kept)]
    bse_sizes = np.sqrt((part * jacobian[:, kept]).sum(axis=1))
    if not free[: n_classes - 1].all():
        held_class = np.delete(np.arange(n_classes), best.reference)[~kept]
        bse_sizes[held_class] = np.nan
    p = point.probabilities[n_classes - n_free :]
    logit_bse = np.sqrt(np.diag(covariance)[n_classes - 1 :]).reshape(n_free, n_items)
    bse_p = np.full((n_classes, n_items), np.nan)
    bse_p[n_classes - n_free :] = p * (1 - p) * logit_bse
    return bse_sizes, bse_p


def _solution_notes(
    sizes: FloatArray, p: FloatArray, labels: pd.Index, patterns: Patterns, n_params: int
) -> tuple[str, ...]:
    """Say what is degenerate about a solution."""
    notes = []
    empty = [labels[k] for k in range(len(sizes)) if sizes[k] * patterns.total < 0.5]
    if empty:
        notes.append(f"Empty: {', '.join(empty)} holds less than half a person.")
    for a in range(len(p)):
        for b in range(a + 1, len(p)):
            if np.abs(p[a] - p[b]).max() < 1e-3:
                notes.append(
                    f"Identical classes: {labels[a]} and {labels[b]} have the same item "
                    "probabilities, so there are fewer classes than asked for."
                )
    free = p[1:] if labels[0] == ZERO_CLASS else p
    at_boundary = int(((free <= 0) | (free >= 1)).sum())
    if at_boundary:
        notes.append(
            f"Boundary: {at_boundary} of {free.size} item probabilities are 0 or 1; they have "
            "no standard error."
        )
    if n_params > len(patterns.counts) - 1:
        notes.append(
            f"Not identified: {n_params} parameters for {len(patterns.counts)} distinct "
            "response patterns."
        )
    return tuple(notes)
