"""Tests of the study's outcome families, adjusted for how many there are in each."""

from __future__ import annotations

from dataclasses import dataclass

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.config.families import FamilyTests, OutcomeFamily
from datrial.results.cells import Cell, Table

#: What a test is of: the first of these that stands in its row and column.
ESTIMATES = (
    "odds_ratio", "rate_ratio", "hazard_ratio", "effect", "share_difference", "difference",
    "chi2",
)  # fmt: skip
_INTERVAL = ("ci_low", "ci_high")
_TEST = "test"
_METHODS = {
    "holm": "Holm's method: the chance of any false finding in the family is held at the level "
    "of the test.",
    "benjamini_hochberg": "Benjamini and Hochberg's method: of the findings, at most that share "
    "is expected to be false.",
}


class OutcomeFamiliesParameters(Parameters):
    """No parameters: the study file's ``outcome_families`` say which tests belong together."""


@dataclass(frozen=True)
class _Test:
    """A test: its key and label in the family's table, its cells by statistic, or why none."""

    key: str
    label: str
    cells: dict[str, Cell]
    missing: str = ""

    @property
    def p_value(self) -> float | None:
        cell = self.cells.get("p_value")
        return cell.value if cell else None

    @property
    def reason(self) -> str:
        cell = self.cells.get("p_value")
        return self.missing or (cell.note if cell else "")


def run(context: Context, parameters: OutcomeFamiliesParameters) -> list[Table]:
    """Return a table for each family: its tests with p-values as computed and adjusted."""
    return [
        _family_table(key, family, context.earlier)
        for key, family in context.study.outcome_families.items()
    ]


def _family_table(key: str, family: OutcomeFamily, earlier: dict[str, Table]) -> Table:
    from datrial.models import adjust_benjamini_hochberg, adjust_holm

    tests = [test for part in family.tests for test in _tests(part, earlier)]
    known = [test.p_value for test in tests if test.p_value is not None]
    adjust = adjust_holm if family.adjust == "holm" else adjust_benjamini_hochberg
    adjusted = iter(adjust(known).tolist())
    without = len(tests) - len(known)
    counted = f"{len(known)} tests" if len(known) != 1 else "1 test"
    table = Table(
        f"outcome_families.{key}",
        f"{family.label}: tests adjusted together",
        f"{_METHODS[family.adjust]} Adjusted for {counted}"
        f"{f'; {without} of the family could not be made and do not count' if without else ''}. "
        "The estimates and unadjusted p-values are those of the tables named.",
    )
    table.column(_TEST, "Test")
    for test in tests:
        table.row(test.key, test.label)
        for statistic in _statistics(test):
            cell = test.cells[statistic]
            table.add(test.key, _TEST, statistic, cell.value, n=cell.n, reason=cell.note)
        if test.p_value is None:
            table.absent_all([test.key], [_TEST], ("p_value", "p_value_adjusted"), test.reason)
            continue
        cell = test.cells["p_value"]
        table.add(test.key, _TEST, "p_value", cell.value, n=cell.n, warning=cell.warning)
        table.add(test.key, _TEST, "p_value_adjusted", next(adjusted), n=cell.n)
    return table


def _statistics(test: _Test) -> tuple[str, ...]:
    """Return the statistics of an estimate and its interval that stand beside a p-value."""
    estimate = next((name for name in ESTIMATES if name in test.cells), None)
    if estimate is None:
        return ()
    return (estimate, *(name for name in _INTERVAL if name in test.cells))


def _tests(part: FamilyTests, earlier: dict[str, Table]) -> list[_Test]:
    """Return the tests of one table, in the order asked for; what is missing says so."""
    table = earlier.get(part.table)
    if table is None:
        reason = f"the table {part.table} is not in this run"
        return [_Test(_key(part.table, "all", "all"), part.table, {}, reason)]
    cells: dict[tuple[str, str], dict[str, Cell]] = {}
    for cell in table.cells:
        cells.setdefault((cell.row, cell.column), {})[cell.statistic] = cell
    with_test = [place for place, found in cells.items() if "p_value" in found]
    rows = part.rows or tuple(dict.fromkeys(row for row, _ in with_test))
    columns = part.columns or tuple(dict.fromkeys(column for _, column in with_test))
    named = bool(part.rows) and bool(part.columns)
    tests = []
    for row in rows:
        for column in columns:
            if (row, column) not in with_test and not named:
                continue
            labels = (
                table.row_labels.get(row, row.replace("_", " ")),
                table.column_labels.get(column, column.replace("_", " ")),
            )
            words = labels if len(columns) > 1 else labels[:1]
            tests.append(
                _Test(
                    _key(part.table, row, column),
                    f"{', '.join(words)} ({part.table})",
                    cells.get((row, column), {}),
                    "" if (row, column) in with_test else f"{part.table} has no such test",
                )
            )
    if not tests:
        reason = f"the table {part.table} has no such test"
        tests.append(_Test(_key(part.table, "all", "all"), part.table, {}, reason))
    return tests


def _key(table: str, row: str, column: str) -> str:
    return f"{table.replace('.', '__')}__{row}__{column}"


ANALYSIS = Analysis(
    id="outcome_families",
    title="Families of outcomes",
    chapter="Definitions and sensitivity",
    question="Which of the tests of a family of outcomes still speak against chance once it is "
    "counted how many there are?",
    population="The tests that the study file's outcome_families name, as the other analyses of "
    "the same run made them.",
    rules="A test that could not be made does not count. Nothing but the p-values changes: "
    "intervals stay those of one outcome at a time.",
    model="Holm's or Benjamini and Hochberg's adjusted p-values, as the study file says for each "
    "family. R: p.adjust.",
    references=(
        "Holm (1979), Scandinavian Journal of Statistics 6(2), 65-70.",
        "Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57(1), 289-300.",
    ),
    limits=(
        "Which tests are a family is a choice of the study file; an adjusted p-value says "
        "nothing of the size of an effect.",
    ),
    catalogue=(),
    parameters=OutcomeFamiliesParameters,
    run=run,
    reads_results=True,
)
