"""Tables of the needs matrix: who has a need, how the scores changed, who improved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datrial.analyses.cohorts import few
from datrial.analyses.needs_matrix_data import TIMES, Matrix
from datrial.analyses.paired_tables import add_difference_of_changes, add_reduction
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

_BOTH = "People whom the rater scored in the area at intake (first) and at exit (last)."
MEANS = ("mean_intake", "mean_exit", "difference", "ci_low", "ci_high", "p_value")
CHANGES = {"improved": "improved", "unchanged": "unchanged", "worse": "worse"}


def need_tables(found: Sequence[Matrix]) -> list[Table]:
    """Return who has a need and a high need at both times, and by how much that fell."""
    shares = Table(
        "needs_matrix.need",
        "People with a need, by area, at intake and at exit",
        f"{_BOTH}{_said(found)}",
        ("E-F5",),
    )
    reduced = Table(
        "needs_matrix.need_change",
        "Reduction of needs from intake to exit, by area",
        f"{_BOTH} Reduction: the share at exit as a part of that at intake, taken from 100%, with "
        f"the score interval for the same people.{_said(found)}",
        ("E-F5",),
    )
    for matrix in found[:1]:
        matrix.cohorts.name_columns(shares)
        matrix.cohorts.name_columns(reduced, difference=False)
    for matrix in found:
        for item, label in matrix.about.items.items():
            pairs = matrix.pairs(matrix.lead, item)
            for level, (words, bound) in matrix.levels.items():
                row, text = f"{matrix.key}__{item}__{level}", f"{label}: {words}"
                reduced.row(row, text)
                add_reduction(
                    reduced, matrix.cohorts, row,
                    {arm: _needs(matrix, of, bound) for arm, of in pairs.items()},
                    reason=matrix.reason,
                )  # fmt: skip
                for time, when in TIMES.items():
                    shares.row(f"{row}__{time}", f"{text} {when}")
                    counts = {
                        arm: (int(matrix.has(of[time], bound).sum()), len(of))
                        for arm, of in pairs.items()
                    }
                    matrix.cohorts.add_shares(
                        shares, f"{row}__{time}", counts, reason=matrix.reason
                    )
    return [shares, reduced]


def means_table(found: Sequence[Matrix]) -> Table:
    """Return the mean scores at both times and their change, by rater."""
    table = Table(
        "needs_matrix.means",
        "Mean scores at intake and at exit, by area and rater",
        f"{_BOTH} Difference: exit less intake, with Student's interval; p-value: the exact "
        "sign-flip test. Of two cohorts: the difference of their changes. All areas together: of "
        f"those scored in every area.{_scale(found)}{_note(found)}",
        ("E-F5",),
    )
    for matrix in found[:1]:
        matrix.cohorts.name_columns(table)
    for matrix in found:
        for rater, words in matrix.raters.items():
            for item, label in matrix.items.items():
                row = f"{matrix.key}__{rater}__{item}"
                table.row(row, f"{words}: {label[:1].lower()}{label[1:]}")
                _add_change(table, matrix, row, matrix.pairs(rater, item))
    return table


def _add_change(table: Table, matrix: Matrix, row: str, pairs: dict[str, pd.DataFrame]) -> None:
    from datrial.models import paired_change

    for arm, of in pairs.items():
        if matrix.reason or of.empty:
            reason = matrix.reason or "nobody has a score at both times"
            table.absent_all([row], [arm], MEANS, reason)
            continue
        change = paired_change(of["intake"], of["exit"], better=matrix.about.better)
        values = (
            change.mean_first, change.mean_last, change.mean.estimate, change.mean.ci_low,
            change.mean.ci_high, change.p_value,
        )  # fmt: skip
        said = " ".join(change.notes).rstrip(".")
        for statistic, value in zip(MEANS, values, strict=True):
            note = said if statistic == "difference" else ""
            table.add(row, arm, statistic, value, n=change.n, note=note, warning=few(change.n),
                      reason="one person, or all changed alike")  # fmt: skip
    changes = {arm: (of["exit"] - of["intake"]).to_list() for arm, of in pairs.items()}
    add_difference_of_changes(table, matrix.cohorts, row, changes, reason=matrix.reason)


def improved_table(found: Sequence[Matrix]) -> Table:
    """Return who scored better, the same and worse at exit, by area."""
    table = Table(
        "needs_matrix.improved",
        "People whose score improved, stayed the same or got worse, by area",
        f"{_BOTH} Any change counts. A score that is worse at exit may be a need that came to "
        f"light, or arose, while people were known.{_said(found)}",
        ("E-F5",),
    )
    for matrix in found[:1]:
        matrix.cohorts.name_columns(table)
    for matrix in found:
        for item, label in matrix.items.items():
            pairs = matrix.pairs(matrix.lead, item)
            for part, words in CHANGES.items():
                row = f"{matrix.key}__{item}__{part}"
                table.row(row, f"{label}: {words}")
                counts = {arm: (_moved(matrix, of)[part], len(of)) for arm, of in pairs.items()}
                matrix.cohorts.add_shares(table, row, counts, reason=matrix.reason)
    return table


def _moved(matrix: Matrix, of: pd.DataFrame) -> dict[str, int]:
    gain = of["exit"] - of["intake"]
    gain = gain if matrix.about.better == "higher" else -gain
    return {
        "improved": int((gain > 0).sum()),
        "unchanged": int((gain == 0).sum()),
        "worse": int((gain < 0).sum()),
    }


def _needs(matrix: Matrix, of: pd.DataFrame, bound: int) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "before": matrix.has(of["intake"], bound) == 1,
            "after": matrix.has(of["exit"], bound) == 1,
        }
    )


def _said(found: Sequence[Matrix]) -> str:
    return "".join(dict.fromkeys(matrix.said for matrix in found))


def _note(found: Sequence[Matrix]) -> str:
    return found[0].cohorts.note if found else ""


def _scale(found: Sequence[Matrix]) -> str:
    """Return which end of the scale is the better one."""
    return "".join(
        f" {matrix.about.label}: from {matrix.about.lowest} to {matrix.about.highest}, "
        f"{matrix.about.better} is better."
        for matrix in found
    )
