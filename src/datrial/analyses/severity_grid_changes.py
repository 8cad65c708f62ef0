"""Tables of the same people's severity at intake and at exit: reduction, steps and their tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.cohorts import few
from datrial.analyses.levels import BEHAVIOURS
from datrial.analyses.paired_tables import NOBODY, add_pair_change, add_reduction
from datrial.analyses.severity_grid_data import ABUSE, LEVELS, NOTHING, ORDERED, UNKNOWN, Grids
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.models.paired.transitions import Transitions

_AS_PRINTED = (
    "First row of a type: don't know counts as not occurring, as reports print it; second row: "
    "only those for whom it is known at both times."
)
MOVES = {
    "fell": "less severe, of those known",
    "stayed": "as severe, of those known",
    "rose": "more severe, of those known",
    "fell_of_all": "known to be less severe, of all",
    "stopped": "stopped, of those with any at intake",
    "unknown": "not known at one of the times, of all",
}
TESTS = (
    "share_fell", "share_stayed", "share_rose", "p_value", "p_sign", "p_symmetry", "p_margins",
)  # fmt: skip


def prevalence_tables(grids: Grids) -> list[Table]:
    """Return how common each type was at both times with its reduction, and who changed."""
    prevalence = Table(
        "severity_grid.prevalence",
        "People using each type of abuse at intake and at exit, and the reduction",
        f"Those with a grid at both times. {_AS_PRINTED} Reduction: the share at exit as a part "
        "of that at intake, taken from 100%, with the score interval for the same people."
        + grids.said,
        ("E-F2",),
    )
    change = Table(
        "severity_grid.change",
        "Who used each type of abuse at intake and at exit, case by case",
        f"Those with a grid at both times. {_AS_PRINTED} Both: at intake and at exit; stopped: "
        "at intake only; started: at exit only; difference: the share at exit less that at "
        "intake, with Newcombe's interval; p-value: McNemar's exact test." + grids.said,
        ("E-F2", "E-F3"),
    )
    grids.cohorts.name_columns(prevalence, difference=False)
    grids.cohorts.name_columns(change)
    frame = grids.both()
    for kind, words in BEHAVIOURS.items():
        warnings = {
            arm: NOTHING
            for arm, of_arm in grids.cohorts.split(frame)
            if len(of_arm) and 2 * len(_known(of_arm, kind)) < len(of_arm)
        }
        # Neither a table nor a picture may let the printed 0% be read as nobody.
        unsure = ", not known for most" if warnings else ""
        for known in (False, True):
            row = f"{kind}__known" if known else kind
            pairs = {
                arm: _abuse(_known(of_arm, kind) if known else of_arm, kind)
                for arm, of_arm in grids.cohorts.split(frame)
            }
            for table, add in ((prevalence, add_reduction), (change, add_pair_change)):
                table.row(row, f"{words}{', known at both times' if known else unsure}")
                add(table, grids.cohorts, row, pairs, reason=grids.reason, warnings=warnings)
    return [prevalence, change]


def step_tables(grids: Grids) -> list[Table]:
    """Return every step from one level to another, who rose and fell, and the exact tests."""
    moves = Table(
        "severity_grid.moves",
        "Change in severity from intake to exit, case by case",
        "Those with a grid at both times. Of those known: with a severity, or none, at both. "
        "Stopped: none at exit, of those with any at intake who are known at exit." + grids.said,
        ("E-F3",),
    )
    tests = Table(
        "severity_grid.tests",
        "Exact tests of the change in severity",
        "Those known at both times. p-value: as many levels lost as gained; p, direction: the "
        "same for the direction alone; p, symmetry: Bowker's test of any change; p, margins: "
        "Stuart and Maxwell's. All are exact, and with so few people none of them can show that "
        "nothing changed: read the intervals of the shares first." + grids.said,
        ("E-F3",),
    )
    grids.cohorts.name_columns(moves)
    grids.cohorts.name_columns(tests, difference=False)
    steps = _steps_frame(grids)
    frame = grids.both()
    for kind, words in BEHAVIOURS.items():
        found = {
            arm: _transitions(of_arm, kind)
            for arm, of_arm in grids.cohorts.split(frame)
            if len(of_arm)
        }
        _add_steps(steps, grids, kind, found)
        _add_moves(moves, grids, kind, words, found)
        tests.row(kind, words)
        for arm in grids.cohorts.labels:
            _add_tests(tests, kind, arm, found.get(arm), grids.reason)
    return [moves, steps, tests]


def _steps_frame(grids: Grids) -> Table:
    """Return the table of steps, its rows and columns named."""
    table = Table(
        "severity_grid.transitions",
        "From which severity at intake to which at exit",
        "Rows: the severity at intake; columns: at exit. People with a grid at both times; don't "
        "know and no answer are states of their own." + grids.said,
        ("E-F3",),
    )
    for level, label in LEVELS.items():
        table.column(level, label)
    for arm, words in grids.cohorts.labels.items():
        start = f"{words}, " if grids.cohorts.is_compared else ""
        for kind, label in BEHAVIOURS.items():
            for level, name in LEVELS.items():
                text = f"{start}{label.lower()}: {name.lower()} at intake"
                table.row(f"{arm}__{kind}__{level}", text[:1].upper() + text[1:])
    return table


def _add_steps(table: Table, grids: Grids, kind: str, found: dict[str, Transitions]) -> None:
    for arm in grids.cohorts.labels:
        for level in LEVELS:
            row = f"{arm}__{kind}__{level}"
            if grids.reason or arm not in found:
                table.absent_all([row], LEVELS, ["count"], grids.reason or NOBODY)
                continue
            counts = dict(zip(LEVELS, _row(found[arm], level), strict=True))
            n = sum(counts.values())
            for last in LEVELS:
                table.add(row, last, "count", counts[last], n=n)


def _add_moves(
    table: Table, grids: Grids, kind: str, words: str, found: dict[str, Transitions]
) -> None:
    for part, label in MOVES.items():
        row = f"{kind}__{part}"
        table.row(row, f"{words}: {label}")
        counts = {arm: _counts(of_arm)[part] for arm, of_arm in found.items()}
        grids.cohorts.add_shares(table, row, counts, reason=grids.reason)


def _row(found: Transitions, level: str) -> list[int]:
    """Return how many went from a level to each."""
    return [int(number) for number in found.table.loc[[level], list(LEVELS)].to_numpy()[0]]


def _counts(found: Transitions) -> dict[str, tuple[int, int]]:
    """Return part -> (people, of how many)."""
    stopped = int(found.table.loc[list(ABUSE), "none"].sum())
    any_known = int(found.table.loc[list(ABUSE), list(ORDERED)].to_numpy().sum())
    return {
        "fell": (found.fell.count, found.n_known),
        "stayed": (found.stayed.count, found.n_known),
        "rose": (found.rose.count, found.n_known),
        "fell_of_all": (found.fell.count, found.n),
        "stopped": (stopped, any_known),
        "unknown": (found.n - found.n_known, found.n),
    }


def _add_tests(table: Table, row: str, arm: str, found: Transitions | None, reason: str) -> None:
    if reason or found is None or not found.n_known:
        table.absent_all([row], [arm], TESTS, reason or NOBODY)
        return
    warning = few(found.n_known)
    if 2 * found.n_known < found.n:
        warning = f"{warning}; {NOTHING}" if warning else NOTHING
    values = (
        found.fell.estimate, found.stayed.estimate, found.rose.estimate, found.p_value,
        found.p_sign, found.p_symmetry, found.p_margins,
    )  # fmt: skip
    moved = found.fell.count + found.rose.count
    note = "" if moved else "nobody who is known moved"
    for statistic, value in zip(TESTS, values, strict=True):
        said = note if statistic.startswith("p_") else ""
        table.add(row, arm, statistic, value, n=found.n_known, note=said, warning=warning,
                  reason="too many ways to count")  # fmt: skip


def _transitions(frame: pd.DataFrame, kind: str) -> Transitions:
    from datrial.models import paired_transitions

    return paired_transitions(
        frame[f"{kind}_intake"], frame[f"{kind}_last"], levels=ORDERED, unknown=UNKNOWN
    )


def _known(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return who is known at both times."""
    first, last = frame[f"{kind}_intake"], frame[f"{kind}_last"]
    return frame[~first.isin(UNKNOWN) & ~last.isin(UNKNOWN)]


def _abuse(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return whether each person used the type at both times; don't know counts as not."""
    import pandas as pd

    return pd.DataFrame(
        {"before": frame[f"{kind}_intake"].isin(ABUSE), "after": frame[f"{kind}_last"].isin(ABUSE)}
    )
