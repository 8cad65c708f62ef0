"""The attack on the tables of severity: all that is released is solved for the hidden steps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from grids import TYPES, House, both_times, printed_house
from scipy.optimize import linprog

from datrial.analyses.known_sums import known_sums
from datrial.analyses.severity_grid import ANALYSIS
from datrial.analyses.severity_grid_data import ABUSE, LEVELS, ORDERED
from datrial.config.disclosure import load_profile
from datrial.pipeline.protection import protect_run
from datrial.results.cells import State, Table
from datrial.results.disclosure import protect

ARM = "intervention"
CODES = tuple(LEVELS)
#: A number as the sum of some of the unknown: 36 steps, then six levels of those who left.
Sum = np.ndarray


def steps(first: tuple[str, ...] = CODES, last: tuple[str, ...] = CODES) -> Sum:
    found = np.zeros(42)
    for start in first:
        for end in last:
            found[6 * CODES.index(start) + CODES.index(end)] += 1
    return found


def left(*levels: str) -> Sum:
    found = np.zeros(42)
    for level in levels:
        found[36 + CODES.index(level)] += 1
    return found


def moved(way: int) -> Sum:
    """Return who fell (-1), stayed (0) or rose (1)."""
    found = np.zeros(42)
    for a, first in enumerate(ORDERED):
        for b, last in enumerate(ORDERED):
            if np.sign(b - a) == way:
                found += steps((first,), (last,))
    return found


def meanings(kind: str) -> dict[tuple[str, str, str, str], Sum]:
    """Return what each number of a type counts: table, row, column, ``count`` or ``n``."""
    other = tuple(level for level in CODES if level not in ABUSE)
    found: dict[tuple[str, str, str, str], Sum] = {}

    def say(table: str, row: str, count: Sum, n: Sum, column: str = ARM) -> None:
        found[table, row, column, "count"], found[table, row, column, "n"] = count, n

    assessed = steps() + left(*CODES)
    found["readings", "assessed_intake", ARM, "count"] = assessed
    found["readings", "assessed_both", ARM, "count"] = steps()
    for level in CODES:
        at = steps((level,)) + left(level)
        say("intake", f"{kind}__{level}", at, assessed)
        say("levels", f"{kind}__intake__{level}", steps((level,)), steps())
        say("levels", f"{kind}__exit__{level}", steps(CODES, (level,)), steps())
        for last in CODES:
            row = f"{ARM}__{kind}__{level}"
            say("transitions", row, steps((level,), (last,)), steps((level,)), last)
    known = steps(ORDERED, ORDERED)
    used = steps(ABUSE) + left(*ABUSE)
    say("intake", f"{kind}__any", used, assessed)
    say("intake", f"{kind}__any_known", used, steps(ORDERED) + left(*ORDERED))
    for part, way in (("fell", -1), ("stayed", 0), ("rose", 1)):
        say("moves", f"{kind}__{part}", moved(way), known)
        found["tests", kind, ARM, f"share_{part}"] = moved(way)
    say("moves", f"{kind}__fell_of_all", moved(-1), steps())
    say("moves", f"{kind}__stopped", steps(ABUSE, ("none",)), steps(ABUSE, ORDERED))
    say("moves", f"{kind}__unknown", steps() - known, steps())
    for row, none in ((kind, other), (f"{kind}__known", ("none",))):
        ends = {"both": (ABUSE, ABUSE), "stopped": (ABUSE, none), "started": (none, ABUSE),
                "neither": (none, none)}  # fmt: skip
        parts = {part: steps(*each) for part, each in ends.items()}
        for part, count in parts.items():
            found["change", row, ARM, f"share_{part}"] = count
        found["prevalence", row, ARM, "share_intake"] = parts["both"] + parts["stopped"]
        found["prevalence", row, ARM, "share_exit"] = parts["both"] + parts["started"]
        for table in ("change", "prevalence"):
            found[table, row, ARM, "n"] = sum(parts.values(), np.zeros(42))
    found["tests", kind, ARM, "n"] = known
    return found


def shown(tables: dict[str, Table], kind: str) -> Iterator[tuple[Sum, float]]:
    """Yield what a reader knows: each number that is shown or given away, and what it counts."""
    for (table, row, column, name), count in meanings(kind).items():
        for cell in tables[table].cells:
            if (cell.row, cell.column) != (row, column):
                continue
            if cell.n is not None and name == "n":
                yield count, cell.n
            if cell.value is None or name == "n":
                continue
            if cell.statistic == name:
                whole = cell.value if name == "count" else cell.value * (cell.n or 0)
                if name == "count" or cell.n:
                    yield count, whole
            elif name == "count" and cell.statistic == "share" and cell.n:
                yield count, cell.value * cell.n


def pinned(before: dict[str, Table], after: dict[str, Table]) -> tuple[int, int]:
    """Return how many small hidden counts there are, and how many a reader can work out."""
    small = certain = 0
    for kind in TYPES:
        known = list(shown(after, kind))
        rows, values = np.array([each for each, _ in known]), np.array([v for _, v in known])
        for (table, row, column, name), count in meanings(kind).items():
            if name != "count":
                continue
            truth = before[table].get(row, column, "count").value or 0
            cell = after[table].get(row, column, "count")
            if cell.state is not State.SUPPRESSED or not 0 < truth < 5:
                continue
            small += 1
            ends = [
                linprog(sign * count, A_eq=rows, b_eq=values, bounds=(0, None)) for sign in (1, -1)
            ]
            assert ends[0].status == 0
            highest = np.inf if ends[1].status == 3 else -ends[1].fun
            certain += highest - ends[0].fun < 1 - 1e-6
        for level in CODES:
            rows_at = (f"{kind}__{level}", f"{kind}__intake__{level}")
            counts = [
                before[name].get(row, ARM, "count").value or 0
                for name, row in zip(("intake", "levels"), rows_at, strict=True)
            ]
            if 0 < counts[0] - counts[1] < 5:
                ends = [
                    linprog(sign * left(level), A_eq=rows, b_eq=values, bounds=(0, None))
                    for sign in (1, -1)
                ]
                assert ends[0].status == 0
                small += 1
                highest = np.inf if ends[1].status == 3 else -ends[1].fun
                certain += highest - ends[0].fun < 1 - 1e-6
    return small, certain


def turbulent() -> House:
    house = House()
    both_times(
        house,
        {
            "physical": ["hn"] * 7 + ["mn"] * 6 + ["sn", "ss", "nn"] + ["nn"] * 8 + ["ns"],
            "sexual": ["dd"] * 20 + ["nn"] * 5,
            "harassment_stalking": ["hs"] * 6 + ["sh"] * 5 + ["nn"] * 9 + ["nh", "hn", "dn", "nd",
                                                                       "mm"],
            "jealous_controlling": ["hm"] * 10 + ["mm"] * 9 + ["sm"] + ["mh"] * 5,
        },
    )  # fmt: skip
    house.clients(*(f"r{number}" for number in range(10)))
    return house


@pytest.fixture(scope="module", params=[printed_house, turbulent])
def tables(request: pytest.FixtureRequest) -> tuple[dict[str, Table], House]:
    house = request.param()
    return house.answer(ANALYSIS), house


def test_no_hidden_step_can_be_worked_out(tables: tuple[dict[str, Table], House]) -> None:
    before, house = tables
    kept = protect_run([("severity_grid", table) for table in before.values()], house.study)
    after = {table.id.partition(".")[2]: table for _, table in kept.protected.tables}
    small, certain = pinned(before, after)
    assert small > 20
    assert certain == 0
    assert kept.protected.summary["not_protected"] == 0


def test_without_the_known_sums_the_attack_succeeds() -> None:
    before = turbulent().answer(ANALYSIS)
    pairs = [("severity_grid", table) for table in before.values()]
    after = protect(pairs, load_profile("counts_below_5")).tables
    _, certain = pinned(before, {table.id.partition(".")[2]: table for _, table in after})
    assert certain > 0


def test_every_known_sum_holds(tables: tuple[dict[str, Table], House]) -> None:
    from datrial.results.disclosure.quantities import quantities_of

    before, _ = tables
    found = quantities_of([("severity_grid", each) for each in before.values()], complements=True)
    sums = known_sums(before.values())
    assert len(sums) > 150
    for each in sums:
        values = [found.values[found.index[key]] for key in (each.whole, *each.parts)]
        assert values[0] == sum(values[1:]), each.whole


def test_a_test_that_rests_on_a_hidden_step_is_hidden(
    tables: tuple[dict[str, Table], House],
) -> None:
    before, house = tables
    kept = protect_run([("severity_grid", table) for table in before.values()], house.study)
    after = {table.id.partition(".")[2]: table for _, table in kept.protected.tables}
    hidden = {
        cell.row.split("__")[1]
        for cell in after["transitions"].cells
        if cell.state is State.SUPPRESSED
    }
    assert hidden
    for kind in hidden:
        for statistic in ("p_value", "p_sign", "p_symmetry", "p_margins"):
            assert after["tests"].get(kind, ARM, statistic).value is None


def test_the_overall_dont_knows_are_not_what_two_bases_leave(
    tables: tuple[dict[str, Table], House],
) -> None:
    before, house = tables
    kept = protect_run([("severity_grid", table) for table in before.values()], house.study)
    after = {table.id.partition(".")[2]: table for _, table in kept.protected.tables}["overall"]
    unknown = before["overall"].get("worker__dont_know", ARM, "count").value or 0
    bases = [
        {after.get(f"worker__{level}{end}", ARM, "count").n for level in ORDERED} - {None}
        for end in ("", "__known")
    ]
    assert not 0 < unknown < 5 or not all(bases)
