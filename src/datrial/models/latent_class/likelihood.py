"""Log-likelihood, score and Hessian of a latent class model on the logit scale.

Parameters are the logits of the item probabilities of the free classes and the log sizes of
the classes relative to a reference class. With r_ik the posterior of class k given pattern i,
the observed-data Hessian is (Louis 1982, JRSS B 44, 226-233)

    H = sum_i w_i { sum_k r_ik (S_ik S_ik' + D_k) - s_i s_i' },

S_ik and D_k the complete-data score and Hessian, s_i = sum_k r_ik S_ik.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datrial.models.latent_class.patterns import Patterns

FloatArray = NDArray[np.float64]

BLOCK = 20_000
LOG_ZERO = -1e5


@dataclass(frozen=True)
class ClassParameters:
    """A point of the model.

    Attributes
    ----------
    log_sizes
        Log class sizes, shape (K,), exponentials sum to 1.
    logits
        Logits of the item probabilities of the free classes, shape (K_free, J). With a zero
        class the first class has no row here.
    zero_class
        Whether class 0 answers no to everything with certainty.
    """

    log_sizes: FloatArray
    logits: FloatArray
    zero_class: bool

    @property
    def sizes(self) -> FloatArray:
        """Class sizes (K,)."""
        return np.exp(self.log_sizes)

    @property
    def probabilities(self) -> FloatArray:
        """Item probabilities of all classes (K, J)."""
        free = _expit(self.logits)
        return np.vstack([np.zeros((1, free.shape[1])), free]) if self.zero_class else free


def parameters_from(
    sizes: FloatArray, probabilities: FloatArray, zero_class: bool, bound: float
) -> ClassParameters:
    """Build a point from class sizes (K,) and item probabilities (K, J), kept inside bounds."""
    free = probabilities[1:] if zero_class else probabilities
    edge = float(_expit(np.array(-bound)))
    p = np.clip(free, edge, 1 - edge)
    shares = np.maximum(sizes, edge)
    return ClassParameters(np.log(shares / shares.sum()), np.log(p / (1 - p)), zero_class)


def posterior(point: ClassParameters, patterns: Patterns) -> tuple[FloatArray, FloatArray]:
    """Return posterior class probabilities (P, K) and log-likelihoods (P,) of the patterns."""
    log_yes, log_no = -np.logaddexp(0, -point.logits), -np.logaddexp(0, point.logits)
    joint = patterns.yes @ log_yes.T + patterns.no @ log_no.T
    if point.zero_class:
        zero = np.where(patterns.yes.any(axis=1), LOG_ZERO, 0.0)
        joint = np.column_stack([zero, joint])
    joint += point.log_sizes
    top = joint.max(axis=1, keepdims=True)
    np.exp(joint - top, out=joint)
    total = joint.sum(axis=1, keepdims=True)
    return joint / total, (np.log(total) + top)[:, 0]


def posterior_of(sizes: FloatArray, probabilities: FloatArray, patterns: Patterns) -> FloatArray:
    """Return posterior class probabilities (P, K) from plain sizes (K,) and items (K, J).

    Probabilities may be exactly 0 or 1.
    """
    with np.errstate(divide="ignore"):
        log_yes = np.maximum(np.log(probabilities), LOG_ZERO)
        log_no = np.maximum(np.log1p(-probabilities), LOG_ZERO)
        joint = patterns.yes @ log_yes.T + patterns.no @ log_no.T + np.log(sizes)
    joint -= joint.max(axis=1, keepdims=True)
    np.exp(joint, out=joint)
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def log_likelihood(point: ClassParameters, patterns: Patterns) -> float:
    """Return the log-likelihood of all patterns."""
    return float(patterns.counts @ posterior(point, patterns)[1])


def derivatives(
    point: ClassParameters, patterns: Patterns, reference: int
) -> tuple[float, FloatArray, FloatArray]:
    """Return the log-likelihood, its gradient (q,) and Hessian (q, q).

    The q parameters are the K-1 log sizes relative to class `reference`, then the logits of
    the free classes row by row.
    """
    n_classes, (n_free, n_items) = len(point.log_sizes), point.logits.shape
    q = n_classes - 1 + n_free * n_items
    value, gradient, hessian = 0.0, np.zeros(q), np.zeros((q, q))
    class_counts = np.zeros(n_classes)
    for start in range(0, len(patterns.counts), BLOCK):
        block = _block(patterns, slice(start, start + BLOCK))
        value += _add_block(point, block, reference, gradient, hessian, class_counts)
    others = np.delete(np.arange(n_classes), reference)
    sizes = point.sizes[others]
    # Complete-data terms of the class sizes: sum_k n_k (e_k - pi)(e_k - pi)' - n (diag pi - pi pi')
    centred = np.eye(n_classes)[:, others] - sizes
    block_of_sizes = slice(0, n_classes - 1)
    hessian[block_of_sizes, block_of_sizes] += (centred.T * class_counts) @ centred
    hessian[block_of_sizes, block_of_sizes] -= class_counts.sum() * (
        np.diag(sizes) - np.outer(sizes, sizes)
    )
    for free in range(n_free):
        columns = _item_slice(free, n_classes, n_items)
        cross = np.outer(centred[free + n_classes - n_free], gradient[columns])
        hessian[block_of_sizes, columns] += cross
        hessian[columns, block_of_sizes] += cross.T
    return value, gradient, hessian


def _add_block(
    point: ClassParameters,
    patterns: Patterns,
    reference: int,
    gradient: FloatArray,
    hessian: FloatArray,
    class_counts: FloatArray,
) -> float:
    """Add one block of patterns to gradient, Hessian and class counts; return its value."""
    r, log_density = posterior(point, patterns)
    w = patterns.counts
    n_classes, (n_free, n_items) = r.shape[1], point.logits.shape
    others = np.delete(np.arange(n_classes), reference)
    answered = patterns.yes + patterns.no
    p = _expit(point.logits)
    scores = np.empty((len(w), len(gradient)))
    scores[:, : n_classes - 1] = r[:, others] - point.sizes[others]
    for free in range(n_free):
        columns = _item_slice(free, n_classes, n_items)
        weight = r[:, free + n_classes - n_free]
        residual = patterns.yes - answered * p[free]
        scores[:, columns] = weight[:, None] * residual
        within = (residual.T * (w * weight)) @ residual
        within -= np.diag(((w * weight) @ answered) * p[free] * (1 - p[free]))
        hessian[columns, columns] += within
    gradient += w @ scores
    hessian -= (scores.T * w) @ scores
    class_counts += w @ r
    return float(w @ log_density)


def _item_slice(free: int, n_classes: int, n_items: int) -> slice:
    start = n_classes - 1 + free * n_items
    return slice(start, start + n_items)


def _block(patterns: Patterns, rows: slice) -> Patterns:
    if len(patterns.counts) <= BLOCK:
        return patterns
    return Patterns(
        yes=patterns.yes[rows],
        no=patterns.no[rows],
        counts=patterns.counts[rows],
        of_row=patterns.of_row[:0],
        columns=patterns.columns,
        index=patterns.index[:0],
        n_left_out=0,
    )


def _expit(x: FloatArray) -> FloatArray:
    from scipy.special import expit

    return np.asarray(expit(x))
