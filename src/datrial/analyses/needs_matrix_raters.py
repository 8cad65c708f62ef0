"""Tables of how far the raters of a needs matrix agree, and which of them sees more need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from datrial.analyses.cohorts import few
from datrial.analyses.needs_matrix_data import TIMES, Matrix
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

AGREEMENT = (
    "mean_lead", "mean_other", "difference", "ci_low", "ci_high", "lower_limit", "upper_limit",
    "kappa", "icc", "icc_low", "icc_high",
)  # fmt: skip
NEED = ("share_lead", "share_other", "share_difference", "ci_low", "ci_high")
ORDER = {"lead_more": "sees more need", "same_score": "same score", "other_more": "sees more need"}
_PAIRS = (
    "People scored by both raters in the area at the same time point (first at intake, last at "
    "exit)."
)
_NO_PAIR = "nobody was scored by both raters"


def rater_tables(found: Sequence[Matrix]) -> list[Table]:
    """Return the agreement of scores, the needs that each rater sees, and who sees more."""
    scores = Table(
        "needs_matrix.raters",
        "Agreement of the raters on the scores",
        f"{_PAIRS} Difference: lead less other, with Student's interval; limits: between which 95% "
        "of people's differences lie, if they are normal. Kappa: quadratic weights; its own "
        "interval holds for large samples only and is not shown. ICC(A,1), which it nearly "
        f"equals, stands beside it with an interval for small ones.{_who(found)}",
        ("E-F5",),
    )
    needs = Table(
        "needs_matrix.raters_need",
        "Needs that each rater sees in the same people",
        f"{_PAIRS} Difference: lead less other, with Newcombe's paired interval.{_who(found)}",
        ("E-F5",),
    )
    order = Table(
        "needs_matrix.raters_order",
        "Which rater sees more need",
        f"{_PAIRS} More need: the worse score.{_who(found)}",
        ("E-F5",),
    )
    for matrix in found[:1]:
        matrix.cohorts.name_columns(scores, difference=False)
        matrix.cohorts.name_columns(needs, difference=False)
        matrix.cohorts.name_columns(order)
    for matrix in found:
        for row, text, pairs in _rated(matrix, [*matrix.items]):
            scores.row(row, text)
            for arm, of in pairs.items():
                _add_agreement(scores, matrix, (row, arm), of, row.rpartition("__")[2])
        for row, text, pairs in _rated(matrix, [*matrix.about.items]):
            _add_needs(needs, matrix, row, text, pairs)
            _add_order(order, matrix, row, text, pairs)
    return [scores, needs, order]


def _rated(
    matrix: Matrix, items: Sequence[str]
) -> Iterator[tuple[str, str, dict[str, pd.DataFrame]]]:
    """Yield the row, its words and the people of each other rater, time point and area."""
    for other in matrix.others:
        start = f"{matrix.raters[other]}: " if len(matrix.others) > 1 else ""
        for time, when in TIMES.items():
            for item in items:
                text = f"{start}{matrix.items[item]}, {when}"
                yield (
                    f"{matrix.key}__{other}__{time}__{item}", text,
                    matrix.rated_twice(other, time, item),
                )  # fmt: skip


def _add_agreement(
    table: Table, matrix: Matrix, place: tuple[str, str], of: pd.DataFrame, item: str
) -> None:
    from datrial.models import ModelDataError, intraclass_correlation, limits_of_agreement

    n = len(of)
    if matrix.reason or n < 3:
        reason = matrix.reason or (_NO_PAIR if not n else "fewer than three people have both")
        table.absent_all([place[0]], [place[1]], AGREEMENT, reason)
        return
    limits = limits_of_agreement(of["lead"], of["other"])
    icc = intraclass_correlation(of[["lead", "other"]].to_numpy()).agreement
    try:
        kappa, why = _kappa(matrix, of), "it has too many levels"
    except ModelDataError as error:
        kappa, why = None, str(error)
    values = (
        limits.mean_first, limits.mean_second, limits.bias.estimate, limits.bias.ci_low,
        limits.bias.ci_high, limits.lower.estimate, limits.upper.estimate, kappa, icc.estimate,
        icc.ci_low, icc.ci_high,
    )  # fmt: skip
    reasons = dict.fromkeys(AGREEMENT, "the scores, or their differences, are all alike")
    reasons["kappa"] = why
    for statistic, value in zip(AGREEMENT, values, strict=True):
        table.add(*place, statistic, value, n=n, warning=few(n), reason=reasons[statistic])


def _kappa(matrix: Matrix, of: pd.DataFrame) -> float | None:
    """Return quadratic weighted kappa over all points of the scale; none of a sum of scores."""
    import numpy as np

    from datrial.models import weighted_kappa

    lowest, highest = matrix.about.lowest or 0, matrix.about.highest or 0
    if of[["lead", "other"]].to_numpy().max() > highest:
        return None
    points = highest - lowest + 1
    counts = np.zeros((points, points), dtype=np.int64)
    places = (of[["lead", "other"]].to_numpy() - lowest).astype(int)
    np.add.at(counts, (places[:, 0], places[:, 1]), 1)
    return weighted_kappa(counts, weights="quadratic").kappa


def _add_needs(
    table: Table, matrix: Matrix, row: str, text: str, pairs: dict[str, pd.DataFrame]
) -> None:
    from datrial.models import mcnemar

    for level, (words, bound) in matrix.levels.items():
        part = "has_need" if level == "need" else level
        table.row(f"{row}__{part}", f"{text}: {words}")
        for arm, of in pairs.items():
            place = (f"{row}__{part}", arm)
            if matrix.reason or of.empty:
                table.absent_all([place[0]], [arm], NEED, matrix.reason or _NO_PAIR)
                continue
            lead, other = (matrix.has(of[each], bound) for each in ("lead", "other"))
            found = mcnemar(other, lead).difference
            values = (lead.mean(), other.mean(), *found[:3])
            for statistic, value in zip(NEED, values, strict=True):
                table.add(*place, statistic, value, n=len(of), warning=few(len(of)))


def _add_order(
    table: Table, matrix: Matrix, row: str, text: str, pairs: dict[str, pd.DataFrame]
) -> None:
    other = matrix.raters[row.split("__")[1]]
    who = {"lead_more": f"{matrix.raters[matrix.lead].lower()} ", "same_score": "",
           "other_more": f"{other.lower()} "}  # fmt: skip
    for part, words in ORDER.items():
        table.row(f"{row}__{part}", f"{text}: {who[part]}{words}")
        counts = {}
        for arm, of in pairs.items():
            more = of["other"] - of["lead"]
            more = more if matrix.about.better == "higher" else -more
            hits = {"lead_more": more > 0, "same_score": more == 0, "other_more": more < 0}[part]
            counts[arm] = (int(hits.sum()), len(of))
        matrix.cohorts.add_shares(table, f"{row}__{part}", counts, reason=matrix.reason)


def _who(found: Sequence[Matrix]) -> str:
    """Return which rater leads, and the sentence on cohorts."""
    told = [
        f" Lead: {matrix.raters[matrix.lead].lower()}; other: "
        f"{' or '.join(matrix.raters[other].lower() for other in matrix.others)}."
        for matrix in found
        if matrix.others
    ]
    return "".join(dict.fromkeys(told)) + (found[0].cohorts.note if found else "")
