"""Who is assigned to which latent class, and how often wrongly.

The error of the assignment is known from the posterior probabilities: with r_is the posterior
of class s for person i and W_i the class the person is assigned to,

    D[s, t] = P(W = t | X = s) = sum_i r_is 1(W_i = t) / sum_i r_is

(Bolck, Croon and Hagenaars 2004, Political Analysis 12, 3-27; Vermunt 2010, Political
Analysis 18, 450-469). Mplus prints it as "classification probabilities for the most likely
latent class membership (column) by latent class (row)".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Classification:
    """The assignment of response patterns to classes.

    Attributes
    ----------
    modal
        Most likely class of each pattern, shape (P,).
    errors
        D[s, t], the probability that a member of class s is assigned to class t, (K, K); a row
        of NaN for an empty class.
    """

    modal: IntArray
    errors: FloatArray


def classify(posterior: FloatArray, counts: FloatArray) -> Classification:
    """Assign each pattern to its most likely class.

    Parameters
    ----------
    posterior
        Class probabilities of each pattern, shape (P, K).
    counts
        People with each pattern, shape (P,).
    """
    modal = posterior.argmax(axis=1)
    members = posterior * counts[:, None]
    totals = np.zeros((posterior.shape[1],) * 2)
    np.add.at(totals.T, modal, members)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Classification(modal, totals / totals.sum(axis=1, keepdims=True))
