"""Small studies of one group: shares, reductions of a share, and levels at two times."""

from __future__ import annotations

from collections.abc import Iterator

from datrial import models
from datrial.verification.certificate import Chapter, Comparison, Kind, each, near, same

CHAPTER = Chapter("small_shares", "Small groups: shares and levels")

LIMITS = ("lower limit", "upper limit")

#: Patients before and after consolidation: Cavo et al. (2012), Blood 120, 9-19.
CAVO = {"both": 59, "stopped": 16, "started": 6, "neither": 80}


@CHAPTER.certificate(
    "share",
    "Wilson's and the exact interval of one share",
    verifies="single_proportion",
    kind=Kind.PUBLISHED,
    source="Newcombe (1998), Statistics in Medicine 17, 857-872, table I, methods 3 and 5.",
    data="The table's four examples, one with no event.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    printed = {
        (81, 263): ((0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148): ((0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20): ((0.0, 0.1611), (0.0, 0.1684)),
        (1, 29): ((0.0061, 0.1718), (0.0009, 0.1776)),
    }
    for (count, n), (wilson, exact) in printed.items():
        found = models.single_proportion(count, n)
        for kind, ours, theirs in (("Wilson", found.wilson, wilson), ("exact", found.exact, exact)):
            names = [f"{count} of {n}, {kind}, {limit}" for limit in LIMITS]
            yield from each(names, ours[1:3], theirs, within=5.1e-5)


@CHAPTER.certificate(
    "share_engine",
    "The three intervals of one share",
    verifies="single_proportion",
    kind=Kind.SECOND_ENGINE,
    source="statsmodels, proportion_confint (wilson, beta, jeffreys).",
    data="Every count between none and all of 16 people.",
    tolerance="1e-9: rounding.",
)
def _() -> Iterator[Comparison]:
    from statsmodels.stats.proportion import proportion_confint

    for count in range(1, 16):
        found = models.single_proportion(count, 16)
        for name, ours in (
            ("wilson", found.wilson), ("beta", found.exact), ("jeffreys", found.jeffreys),
        ):  # fmt: skip
            theirs = proportion_confint(count, 16, method=name)
            names = [f"{count} of 16, {name}, {limit}" for limit in LIMITS]
            yield from each(names, ours[1:3], theirs, within=1e-9)


@CHAPTER.certificate(
    "reduction",
    "Reduction of a share: the score and the hybrid interval of a paired ratio",
    verifies="paired_reduction_counts paired_reduction",
    kind=Kind.PUBLISHED,
    source="Fagerland, Lydersen and Laake (2017), Statistical Analysis of Contingency Tables, "
    "chapter 8, and the tests of its R package contingencytables; R's statpsych, ci.ratio.prop.ps.",
    data="161 patients (Cavo et al. 2012); the 48 people of statpsych's example.",
    tolerance="The last printed digit.",
)
def _() -> Iterator[Comparison]:
    # The book's first answer is our last: .8667 (.7476 to .9876), hybrid .7579 to .9910.
    before = [1] * 75 + [0] * 86
    after = [1] * 59 + [0] * 16 + [1] * 6 + [0] * 80
    for name, found in (
        ("counts", models.paired_reduction_counts(**CAVO)),
        ("answers", models.paired_reduction(before, after)),
    ):
        names = [f"{name}, {what}" for what in ("ratio", *LIMITS)]
        yield from each(names, found.ratio[:3], (0.8667, 0.7476, 0.9876), within=5.1e-5)
        low, high = 1 - found.reduction_hybrid.ci_high, 1 - found.reduction_hybrid.ci_low
        names = [f"{name}, hybrid, {limit}" for limit in LIMITS]
        yield from each(names, (low, high), (0.7579, 0.9910), within=5.1e-5)
        yield near(f"{name}, reduction", found.reduction.estimate, 1 - 0.8667, within=5.1e-5)
        second = models.paired_reduction_counts(both=6, stopped=4, started=26, neither=12)
        low, high = 1 - second.reduction_hybrid.ci_high, 1 - second.reduction_hybrid.ci_low
        names = [f"statpsych, {name}, {limit}" for limit in LIMITS]
        yield from each(names, (low, high), (1.766544, 5.796628), within=5.1e-7)


@CHAPTER.certificate(
    "transitions",
    "Exact tests of a square table of levels",
    verifies="paired_transitions",
    kind=Kind.SECOND_ENGINE,
    source="Every one of the ways in which the 11 people who moved might have moved back instead; "
    "scipy, binomtest for the direction; statsmodels, SquareTable for the chi-square.",
    data="20 people at four levels, four with an unknown level at one time.",
    tolerance="1e-9: a count.",
)
def _() -> Iterator[Comparison]:
    from itertools import product

    import numpy as np
    from scipy.stats import binomtest
    from statsmodels.stats.contingency_tables import SquareTable

    levels = ("none", "standard", "moderate", "high")
    moves = [(3, 0)] * 3 + [(3, 1), (3, 2), (2, 0), (2, 0), (1, 0), (0, 3), (1, 2), (0, 1)]
    people = [(levels[a], levels[b]) for a, b in (*moves, (0, 0), (0, 0), (2, 2), (3, 3), (1, 1))]
    people += [("not known", "none"), ("high", "not known"), ("none", "not known")]
    people += [("not known", "not known")]
    first, last = zip(*people, strict=True)
    found = models.paired_transitions(first, last, levels=levels, unknown=["not known"])

    def table(pairs: list[tuple[int, int]]) -> np.ndarray:
        counts = np.zeros((4, 4))
        np.add.at(counts, tuple(np.array(pairs).T), 1)
        return counts

    def statistics(counts: np.ndarray) -> tuple[float, float, float]:
        gap, both = counts - counts.T, counts + counts.T
        bowker = float((np.triu(gap, 1)[both > 0] ** 2 / both[both > 0]).sum())
        steps = float((np.triu(gap, 1) * np.subtract.outer(range(4), range(4))).sum())
        change = counts.sum(axis=0) - counts.sum(axis=1)
        return bowker, float(change @ inverse @ change), abs(steps)

    # How many moved between two levels is the same whichever way: so is the spread.
    moved = table(moves) + table(moves).T
    inverse = np.linalg.pinv(np.diag(moved.sum(axis=1)) - moved)
    seen, ways = np.array(statistics(table(moves))), []
    for flips in product((False, True), repeat=len(moves)):
        way = [(b, a) if flip else (a, b) for (a, b), flip in zip(moves, flips, strict=True)]
        ways.append(statistics(table(way)))
    p = (np.array(ways) >= seen - 1e-9).mean(axis=0)
    theirs = {"symmetry": found.p_symmetry, "margins": found.p_margins, "direction": found.p_value}
    yield from each(theirs, theirs.values(), p, within=1e-9)
    yield near("direction alone", found.p_sign, binomtest(3, 11).pvalue, within=1e-9)
    peer = SquareTable(found.table.to_numpy()[:4, :4], shift_zeros=False).symmetry()
    yield near("Bowker's chi-square", found.symmetry_statistic, seen[0], within=1e-9)
    yield near("the same, statsmodels", found.symmetry_statistic, peer.statistic, within=1e-9)
    yield same("known at both times", found.n_known, 16)
    yield same("known, then not known", int(found.table.to_numpy()[:4, 4].sum()), 2)
