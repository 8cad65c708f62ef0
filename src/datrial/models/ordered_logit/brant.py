"""Brant's test that the effect of every predictor is the same at every cut of the levels.

Brant (1990), Biometrics 46, 1171-1178: one binary logit of being above each cut; the
estimates at all cuts are compared by Wald's test with their joint covariance, which is needed
because the same rows stand behind all of them. Stata: `brant` after `ologit` (Long and Freese);
R: `brant::brant`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import Design
from datrial.models.ordered_logit.brant_logits import CutLogits, fit_cut_logits
from datrial.models.ordered_logit.rows import drop_intercept, outcome_levels
from datrial.models.sandwich import cluster_codes, cluster_note
from datrial.models.sparse_data import RARE_LEVEL, SPARSE_CELL

FloatArray = NDArray[np.float64]

OVERALL = "all predictors"


@dataclass(frozen=True)
class BrantTest:
    """Tests of proportional odds, overall and of each predictor column.

    Attributes
    ----------
    table
        Indexed by ``"all predictors"`` and the columns tested: `chi2`, `df`, `p_value`. Empty
        where no test can be made; `notes` then say why.
    coefficients
        Estimates of the separate logits: columns tested by cut.
    skipped
        Columns that could not be tested.
    cuts
        The cuts compared, 1..J-1.
    notes
        Plain sentences: what was skipped, and which covariance was used.
    """

    table: pd.DataFrame
    coefficients: pd.DataFrame = field(repr=False)
    skipped: tuple[str, ...]
    cuts: tuple[int, ...]
    notes: tuple[str, ...]

    def rejected(self, level: float = 0.05) -> list[str]:
        """Return the columns whose own test rejects proportional odds at this level."""
        own = self.table.drop(index=OVERALL, errors="ignore")
        return [str(name) for name in own.index[own["p_value"] < level]]


def brant_test(design: Design, levels: list[object], weights: FloatArray) -> BrantTest:
    """Test proportional odds on the rows of a fitted ordered logit.

    Parameters
    ----------
    design, levels, weights
        Of the ordered logit; with a `cluster` among the design's extras the joint covariance
        is the robust sandwich of the stacked logits with factor G/(G-1).

    Notes
    -----
    Cuts with fewer than 10 rows on a side are left out. A 0/1 predictor with fewer than 5 rows
    in a cell with a cut, or one that separates a cut, is not tested; it stays in the logits
    under a log-F(1,1) penalty, so that the other tests remain adjusted for it.
    """
    names = [name for name in design.names if name != "Intercept"]
    matrix = drop_intercept(design.matrix, design.names)[weights > 0]
    codes = outcome_levels(design.outcome)[0][weights > 0]
    used = weights[weights > 0]
    cuts, notes = _usable_cuts(codes, used, len(levels))
    if len(cuts) < 2 or not names:
        reason = (
            "The outcome has two levels: there is a single cut and nothing to compare."
            if len(levels) == 2
            else "Fewer than two cuts have enough rows on both sides: no test of proportional odds."
        )
        return _no_test(reason if names else "The model has no predictor.", names, notes)
    clusters = None
    said = "Covariance of the separate logits as in Brant (1990): model-based."
    if "cluster" in design.extras:
        numbers, n_clusters = cluster_codes(design.extras["cluster"])
        clusters = (numbers[weights > 0], n_clusters)
        said = cluster_note(n_clusters)
    logits = fit_cut_logits(codes, matrix, used, cuts, clusters)
    skipped = tuple(name for name, tested in zip(names, logits.tested, strict=True) if not tested)
    if skipped:
        notes += (
            f"Not tested, because fewer than {SPARSE_CELL} rows stand in a cell with a cut or a "
            f"cut is separated: {', '.join(map(repr, skipped))}.",
        )
    if not logits.converged:
        return _no_test("A separate logit did not converge: no test.", names, notes)
    tested = [name for name in names if name not in skipped]
    if not tested:
        return _no_test("No predictor can be tested at every cut.", names, notes)
    df = len(tested) * (len(cuts) - 1)
    if clusters is not None and clusters[1] <= df:
        return _no_test(
            f"{clusters[1]} clusters cannot carry a test with {df} degrees of freedom.",
            names, notes,
        )  # fmt: skip
    return BrantTest(
        _tests(logits, tested),
        pd.DataFrame(
            logits.coefficients[:, logits.tested].T,
            index=tested,
            columns=pd.Index(cuts, name="cut"),
        ),
        skipped,
        cuts,
        (*notes, said),
    )


def _tests(logits: CutLogits, tested: list[str]) -> pd.DataFrame:
    """Return Wald's tests that the estimates of all cuts agree, overall and by column."""
    from scipy.special import chdtrc

    estimates = logits.coefficients[:, logits.tested]
    n_cuts, k = estimates.shape
    positions = logits.positions()
    # Differences from the first cut; the statistic does not depend on which one that is.
    difference = np.hstack([-np.ones((n_cuts - 1, 1)), np.eye(n_cuts - 1)])
    rows = []
    for columns in (list(range(k)), *([column] for column in range(k))):
        contrast = np.kron(difference, np.eye(len(columns)))
        at = positions[:, columns].ravel()
        gap = contrast @ estimates[:, columns].ravel()
        spread = contrast @ logits.covariance[np.ix_(at, at)] @ contrast.T
        scale = np.sqrt(np.diag(spread))
        scaled = gap / scale
        chi2 = float(scaled @ np.linalg.solve(spread / np.outer(scale, scale), scaled))
        rows.append((chi2, len(gap), float(chdtrc(len(gap), max(chi2, 0.0)))))
    return pd.DataFrame(rows, index=[OVERALL, *tested], columns=["chi2", "df", "p_value"])


def _usable_cuts(
    codes: NDArray[np.int64], weights: FloatArray, n_levels: int
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return the cuts with enough rows on both sides, and what is said of the others."""
    total = weights.sum()
    below = np.array([weights[codes < cut].sum() for cut in range(1, n_levels)])
    enough = np.minimum(below, total - below) >= RARE_LEVEL
    notes = tuple(
        f"Cut {cut} is left out: fewer than {RARE_LEVEL} rows stand on one side of it."
        for cut, fine in zip(range(1, n_levels), enough, strict=True)
        if not fine
    )
    return tuple(int(cut) for cut in np.flatnonzero(enough) + 1), notes


def _no_test(reason: str, names: list[str], notes: tuple[str, ...]) -> BrantTest:
    """Return a test without a result, with the reason."""
    table = pd.DataFrame({"chi2": [], "df": [], "p_value": []}, dtype=float)
    return BrantTest(table, pd.DataFrame(), tuple(names), (), (*notes, reason))
