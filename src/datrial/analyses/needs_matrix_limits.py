"""What of the change of a needs matrix may be regression to the mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datrial.analyses.cohorts import few
from datrial.analyses.needs_matrix_data import Matrix
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

PARTS = {
    "oldham": "correlation of the change with the mean of both scores",
    "slope": "slope of the true change on the true first score",
    "expected": "change to expect with no effect at all",
    "beyond": "change beyond that",
}
_STATISTICS = ("value", "ci_low", "ci_high")


def regression_table(
    found: Sequence[Matrix], reliability: float, population_mean: float | None
) -> Table:
    """Return, by area, how far the change goes with the first score, and what chance explains.

    Parameters
    ----------
    reliability
        Of a score: the test-retest correlation in such people.
    population_mean
        The mean score, in an area, of the people that those referred were picked from. Without it
        there is no expected change.
    """
    table = Table(
        "needs_matrix.regression",
        "Regression to the mean: what of the change it may be",
        "People come when things are at their worst, and some would score better the next time "
        "without any service. A correlation away from 0 says that the change goes with the level; "
        "the slope is cleared of the error of the first score, taking its reliability as "
        f"{reliability:g}, which is assumed and not measured here. The change to expect needs the "
        f"mean of the people that these were picked from.{_said(found)}",
        ("E-F5",),
    )
    for matrix in found[:1]:
        matrix.cohorts.name_columns(table, difference=False)
    for matrix in found:
        for item, label in matrix.items.items():
            for part, words in PARTS.items():
                table.row(f"{matrix.key}__{item}__{part}", f"{label}: {words}")
            mean = population_mean
            if mean is not None and item not in matrix.about.items:
                mean *= len(matrix.about.items)
            for arm, of in matrix.pairs(matrix.lead, item).items():
                _add(table, matrix, (f"{matrix.key}__{item}", arm), of, (reliability, mean))
    return table


def _add(
    table: Table,
    matrix: Matrix,
    place: tuple[str, str],
    of: pd.DataFrame,
    assumed: tuple[float, float | None],
) -> None:
    from datrial.models import ModelDataError, regression_to_the_mean

    start, arm = place
    rows = [f"{start}__{part}" for part in PARTS]
    try:
        if matrix.reason:
            raise ModelDataError(matrix.reason)
        found = regression_to_the_mean(
            of["intake"], of["exit"], reliability=assumed[0], population_mean=assumed[1]
        )
    except ModelDataError as error:
        why = matrix.reason or (str(error) if len(of) >= 4 else "fewer than four people")
        table.absent_all(rows, [arm], _STATISTICS, why[:1].lower() + why[1:].rstrip("."))
        return
    effects = {"oldham": found.oldham, "slope": found.blomqvist, "beyond": found.beyond}
    for part in PARTS:
        row = f"{start}__{part}"
        effect = effects.get(part)
        if part in ("expected", "beyond") and found.expected is None:
            table.absent_all([row], [arm], _STATISTICS, "no population mean is given")
            continue
        if part == "expected":
            table.add(row, arm, "value", found.expected, n=found.n, warning=few(found.n))
        elif effect is not None:
            for statistic, value in zip(_STATISTICS, effect[:3], strict=True):
                table.add(row, arm, statistic, value, n=found.n, warning=few(found.n),
                          reason="the scores, or their changes, are all alike")  # fmt: skip


def _said(found: Sequence[Matrix]) -> str:
    return "".join(dict.fromkeys(matrix.said for matrix in found))
