"""Protection beside earlier tables: of the same snapshot, and of fewer people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from disclosure_fixture import raw_tables
from two_releases import ARMS, LEVELS, Attack, counts, known_for_certain, table_of

from datrial.analyses.known_sums import known_sums
from datrial.config.disclosure import Profile, load_profile
from datrial.results.cells import Cell, State, Table
from datrial.results.disclosure import (
    CellKey,
    Guard,
    Protected,
    gives_away,
    guard_against,
    numbers_and_sums,
    protect,
)

PROFILE = Profile(profile="p", title="t", description="d", threshold=5)
Pair = tuple[str, Table]


def guard_of(now: list[Pair], earlier: list[Pair], profile: Profile = PROFILE) -> Guard:
    sums = known_sums(table for _, table in now)
    found, known = numbers_and_sums(now, profile, sums)
    return guard_against(now, profile, {"before": earlier}, found, known)


def protected(
    now: list[Pair], earlier: list[Pair] | None = None, profile: Profile = PROFILE
) -> Protected:
    """Return tables protected, beside earlier ones if there are any."""
    sums = known_sums(table for _, table in now)
    alone = protect(now, profile, relations=sums)
    guard = guard_of(now, earlier, profile) if earlier else Guard()
    if not guard or not gives_away(guard, alone.tables):
        return alone
    return protect(
        now, profile, also_hide=guard.close, still_hidden=guard.hidden, shown=guard.shown,
        relations=sums,
    )  # fmt: skip


def one_row(columns: dict[str, float], n: int | None = None) -> Table:
    made = Table("a.t", "Title", "Note.")
    made.row("x", "X")
    for column, value in columns.items():
        made.column(column, column)
        made.add("x", column, "count", value, n=n)
    return made


def key(column: str, statistic: str = "count") -> CellKey:
    return ("a.t", "x", column, statistic)


def hide(table: Table, *columns: str) -> Table:
    return replace(
        table,
        cells=[
            Cell(c.row, c.column, c.statistic, None, None, State.SUPPRESSED)
            if c.column in columns
            else c
            for c in table.cells
        ],
    )


@pytest.mark.parametrize(("now", "told"), [(20, 0), (21, 1), (24, 1), (25, 0), (16, 1), (15, 0)])
def test_a_count_that_changed_by_few_is_close(now: int, told: int) -> None:
    found = guard_of([("a", one_row({"c": now}))], [("a", one_row({"c": 20}))])
    assert found.close == ({key("c")} if told else set())
    assert found.shown == ({key("c")} if now == 20 else set())


def test_a_share_and_an_n_are_compared_by_their_counts() -> None:
    tables = []
    for count, n in ((20, 80), (22, 90)):
        made = Table("a.t", "T", "N.", row_labels={"x": "X"}, column_labels={"c": "C"})
        made.add("x", "c", "share", count / n, n=n)
        tables.append([("a", made)])
    assert guard_of(tables[1], tables[0]).close == {key("c", "of:share")}
    released = protected(tables[1], tables[0])
    assert released.tables[0][1].cells[0].state is State.SUPPRESSED


def test_what_is_left_of_n_is_compared_too() -> None:
    then, now = one_row({"c": 20}, n=60), one_row({"c": 58}, n=100)
    for table in (then, now):
        cell = table.cells[0]
        table.add("x", "c", "share", (cell.value or 0) / (cell.n or 1), n=cell.n)
    assert any(each[3].startswith("rest:") for each in guard_of([("a", now)], [("a", then)]).close)
    assert protected([("a", now)], [("a", then)]).hidden


def test_what_was_hidden_and_is_the_same_stays_hidden_and_cannot_be_worked_out() -> None:
    table = one_row({"all": 44, "a": 12, "b": 32})
    then = [("a", hide(table, "a", "b"))]
    alone, beside = (protected([("a", table)], each) for each in (None, then))
    assert not alone.hidden
    assert beside.hidden == {key("a"), key("b")}


def test_what_was_hidden_is_shown_once_enough_has_changed() -> None:
    then = [("a", hide(one_row({"all": 44, "a": 4, "b": 40}), "a", "b"))]
    few, many = (
        protected([("a", one_row({"all": all_, "a": all_ - b, "b": b}))], then)
        for all_, b in ((48, 42), (90, 61))
    )
    assert few.hidden
    assert not many.hidden


def test_a_number_that_everybody_knows_protects_nothing() -> None:
    table = one_row({"all": 60, "a": 3, "b": 17, "c": 40})
    alone = protect([("a", table)], PROFILE)
    partner = next(iter(alone.hidden - {key("a")}))
    beside = protect([("a", table)], PROFILE, shown={partner})
    assert beside.hidden & {key("b"), key("c"), key("all")} - {partner}
    assert partner not in beside.hidden
    none = protect([("a", table)], PROFILE, shown={key("b"), key("c"), key("all")})
    assert none.summary["not_protected"] == 1 and len(none.hidden) > 1


@pytest.mark.parametrize("now", [61, 63, 66])
def test_rounded_counts_are_compared_as_they_are_shown(now: int) -> None:
    rounded = PROFILE.model_copy(update={"round_to": 5})
    then = list(protected([("a", one_row({"c": 60}))], profile=rounded).tables)
    found = guard_of([("a", one_row({"c": now}))], then, rounded)
    assert not found.close
    assert bool(found.shown) == (now < 63)


def test_a_profile_that_hides_nothing_heeds_nothing() -> None:
    table = [("a", one_row({"c": 21}))]
    found = guard_of(table, [("a", one_row({"c": 20}))], load_profile("open"))
    assert found == Guard()


class TestSameSnapshot:
    """A run of one analysis after a run of all: together they tell no more than the first."""

    def full(self) -> list[Pair]:
        known = known_sums(table for _, table in raw_tables())
        return list(protect(raw_tables(), PROFILE, relations=known).tables)

    @pytest.mark.parametrize("analysis", ["participant_flow", "behaviours", "victim_risk"])
    def test_of_one_analysis_the_same_is_hidden(self, analysis: str) -> None:
        full = self.full()
        only = [pair for pair in raw_tables() if pair[0] == analysis]
        then = {
            (table.id, cell.row, cell.column, cell.statistic)
            for name, table in full
            for cell in table.cells
            if name == analysis and cell.state is State.SUPPRESSED
        }
        if analysis == "victim_risk":  # without heed, other numbers are chosen to be hidden
            assert then - protected(only).hidden
        beside = protected(only, full)
        assert beside.hidden == then
        assert beside.summary["not_protected"] == 0

    def test_the_same_analyses_again_need_no_heed(self) -> None:
        full = self.full()
        assert not gives_away(guard_of(list(raw_tables()), full), full)


class TestTwoReleases:
    """The second release is of some people more: an attacker solves both together."""

    def attacks(self, *, heed: bool, number: int = 60) -> tuple[int, int]:
        rng = np.random.default_rng(8)
        certain = unprotected = 0
        for _ in range(number):
            spots = [(level, arm) for level in LEVELS for arm in ARMS]
            first = {s: int(rng.choice([rng.integers(0, 6), rng.integers(5, 40)])) for s in spots}
            more = {
                s: int(rng.choice([0, 0, rng.integers(1, 5), rng.integers(5, 30)])) for s in spots
            }
            before, after = counts(first), counts({s: first[s] + more[s] for s in spots})
            then = list(protected([("a", table_of(before))]).tables)
            now = protected([("a", table_of(after))], then if heed else None)
            attack = Attack(then[0][1], now.tables[0][1])
            found = known_for_certain(before, after, attack, PROFILE.threshold)
            if now.summary["not_protected"]:
                unprotected += 1
            else:
                certain += len(found)
        return certain, unprotected

    def test_nothing_small_is_known_for_certain(self) -> None:
        certain, unprotected = self.attacks(heed=True)
        assert certain == 0
        assert unprotected <= 3

    def test_without_heed_of_the_first_the_attack_succeeds(self) -> None:
        certain, _ = self.attacks(heed=False)
        assert certain > 50
