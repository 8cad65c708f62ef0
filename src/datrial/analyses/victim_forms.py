"""Victims-survivors' forms as the analyses of them read them: by arm, with their contrasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datrial.analyses.arms import contrast, others_against_reference
from datrial.analyses.received import Received, received
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context

ALL = "all"
DIFFERENCE = "difference"
STUDENT, WELCH, HEDGES = "student", "welch", "hedges_g"
#: Stands in the note of every table of these analyses.
ENGAGED = (
    "Victims-survivors engaged with an IDVA after the allocation, so the arms, which are those "
    "of their perpetrators, are not comparable by randomisation."
)
#: In the order of the statistics of a column: the difference of two shares.
SHARE_DIFFERENCE = ("share_difference", "ci_low", "ci_high", "p_value")
_TEST = (DIFFERENCE, "ci_low", "ci_high", "p_value")
_SMD = ("smd", "ci_low", "ci_high")
_TESTS = {STUDENT: _TEST, WELCH: _TEST, HEDGES: _SMD}


@dataclass(frozen=True)
class Forms:
    """Intake forms, and what the exit forms say where there are any.

    Attributes
    ----------
    frame
        Rows of marts.victim_survivor, with 1 in ``others`` for whoever is in another arm
        than the reference.
    labels
        Column of a table -> its label: all, and every arm.
    contrast
        What a difference compares, in words.
    sent
        What the IDVA source sent.
    """

    frame: pd.DataFrame
    labels: dict[str, str]
    contrast: str
    sent: Received

    def groups(self, frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
        """Give the column and the forms of all, and of each arm."""
        for column in self.labels:
            yield column, frame if column == ALL else frame[frame["arm"] == column]

    def name_columns(self, table: Table) -> None:
        """Name the columns of all and of the arms."""
        for column, label in self.labels.items():
            table.column(column, label)


def victim_forms(context: Context) -> Forms:
    """Return the forms of victims-survivors of allocated perpetrators."""
    frame = context.connection.execute(
        "select * from marts.victim_survivor order by person_id, victim_id"
    ).df()
    frame["others"] = others_against_reference(context.study, frame["arm"])
    labels = {ALL: "All"} | {arm: about.label for arm, about in context.study.arms.items()}
    return Forms(frame, labels, contrast(context.study), received(context, "insights"))


def add_description(
    table: Table, forms: Forms, row: str, values: pd.Series, statistics: Sequence[str],
    sites: Sequence[str] = (),
) -> None:  # fmt: skip
    """Add the mean, SD, median, minimum or maximum of a number, of all and by arm."""
    reason, warning = forms.sent.reason(sites), forms.sent.warning(sites)
    for column, group in forms.groups(forms.frame.loc[values.index]):
        known = values[group.index].dropna().astype(float)
        for statistic in statistics:
            at = (row, column, statistic)
            if reason:
                table.absent(*at, reason)
                continue
            value = _described(known, statistic)
            said = "fewer than two are known" if len(known) else "no form has an answer"
            table.add(*at, value, n=len(known), warning=warning, reason=said)


def _described(known: pd.Series, statistic: str) -> float | None:
    if known.empty:
        return None
    compute: dict[str, Any] = {
        "mean": known.mean, "sd": lambda: known.std(ddof=1), "median": known.median,
        "minimum": known.min, "maximum": known.max,
    }  # fmt: skip
    return float(compute[statistic]())


def name_tests(table: Table, forms: Forms, tests: Sequence[str]) -> None:
    """Name the columns of tests of two means."""
    labels = {
        STUDENT: f"Student's t-test, {forms.contrast}",
        WELCH: f"Welch's t-test, {forms.contrast}",
        HEDGES: "Hedges's g",
    }
    for test in tests:
        table.column(test, labels[test])


def add_tests(
    table: Table, forms: Forms, row: str, values: pd.Series, tests: Sequence[str],
    sites: Sequence[str] = (),
) -> None:  # fmt: skip
    """Add the difference of two means with its tests and its size in standard deviations."""
    from datrial.models import ModelDataError, two_sample_t

    reason = forms.sent.reason(sites)
    if not reason:
        try:
            found = two_sample_t(
                values.astype(float), forms.frame.loc[values.index, "others"], reference=0.0
            )
        except ModelDataError as error:
            reason = f"the means could not be compared: {error}"
    if reason:
        for test in tests:
            table.absent_all([row], [test], _TESTS[test], reason)
        return
    size = found.hedges_g
    numbers = {
        STUDENT: (found.difference, found.student.ci_low, found.student.ci_high,
                  found.student.p_value),
        WELCH: (found.difference, found.welch.ci_low, found.welch.ci_high, found.welch.p_value),
        HEDGES: (size.estimate, size.ci_low, size.ci_high),
    }  # fmt: skip
    warning = forms.sent.warning(sites)
    for test in tests:
        for statistic, value in zip(_TESTS[test], numbers[test], strict=True):
            table.add(row, test, statistic, value, n=found.n, warning=warning)


def add_shares(
    table: Table, forms: Forms, row: str, holds: pd.Series, sites: Sequence[str] = ()
) -> None:
    """Add how many hold and their share of those known, of all and by arm.

    Parameters
    ----------
    holds
        1, 0, or missing, by form.
    """
    reason, warning = forms.sent.reason(sites), forms.sent.warning(sites)
    for column, group in forms.groups(forms.frame.loc[holds.index]):
        if reason:
            table.absent_all([row], [column], ("count", "share"), reason)
            continue
        known = holds[group.index].dropna()
        yes = int(known.sum())
        share = yes / len(known) if len(known) else None
        table.add(row, column, "count", yes, n=len(known), warning=warning)
        table.add(row, column, "share", share, n=len(known), warning=warning,
                  reason="no form has an answer")  # fmt: skip


def yes_no(answers: pd.Series) -> pd.Series:
    """Return 1 for yes, 0 for no and missing for every other answer."""
    numbers: pd.Series = answers.map({"yes": 1.0, "no": 0.0}).astype(float)
    return numbers


@dataclass(frozen=True)
class Compared:
    """A difference of shares.

    Attributes
    ----------
    numbers
        The difference, its interval and the p-value: see ``SHARE_DIFFERENCE``.
    n
        Forms or pairs of forms.
    is_exact
        Whether the p-value is of an exact test.
    """

    numbers: tuple[float, ...]
    n: int
    is_exact: bool = False


def add_compared(
    table: Table, forms: Forms, at: tuple[str, str], compare: Callable[[], Compared], sorry: str
) -> None:
    """Add a difference of shares at a row and column, or why there is none.

    Parameters
    ----------
    compare
        Makes the comparison; not called where nothing was received.
    sorry
        What is said before the reason of a comparison that cannot be made.
    """
    from datrial.models import ModelDataError

    reason = forms.sent.reason()
    if not reason:
        try:
            found = compare()
        except ModelDataError as error:
            reason = f"{sorry}: {error}"
    if reason:
        table.absent_all([at[0]], [at[1]], SHARE_DIFFERENCE, reason)
        return
    for statistic, value in zip(SHARE_DIFFERENCE, found.numbers, strict=True):
        # One word stands beside the number in the report.
        note = "exact" if statistic == "p_value" and found.is_exact else ""
        table.add(*at, statistic, value, n=found.n, note=note, warning=forms.sent.warning())


def add_share_difference(table: Table, forms: Forms, row: str, holds: pd.Series) -> None:
    """Add the difference of two arms' shares: the other arms' less that of the reference."""
    from datrial.models import compare_proportions

    known = holds.dropna()
    others = forms.frame.loc[known.index, "others"]
    parts = [known[others == side] for side in (0.0, 1.0)]

    def compare() -> Compared:
        found = compare_proportions(
            [int(part.sum()) for part in parts], [len(part) for part in parts]
        )
        numbers = (*found.difference[:3], found.p_value)
        return Compared(numbers, found.n, found.method == "exact")

    add_compared(table, forms, (row, DIFFERENCE), compare, "the shares could not be compared")
