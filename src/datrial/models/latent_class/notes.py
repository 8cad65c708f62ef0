"""Plain sentences on what is degenerate about latent class data or a solution."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.latent_class.patterns import Patterns

FloatArray = NDArray[np.float64]

ZERO_CLASS = "zero class"


def item_notes(patterns: Patterns) -> tuple[str, ...]:
    """Say which items everybody answered alike."""
    yes, no = patterns.counts @ patterns.yes, patterns.counts @ patterns.no
    same = [str(c) for c, y, n in zip(patterns.columns, yes, no, strict=True) if y == 0 or n == 0]
    if not same:
        return ()
    return (f"Constant: everybody who answered {', '.join(map(repr, same))} gave one answer.",)


def solution_notes(
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
