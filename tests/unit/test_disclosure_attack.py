"""The attack: all that is released is solved for the hidden counts, table upon table.

The attacker (``tests/attacker.py``) knows what the tables mean, and nothing of how the numbers
to hide were chosen.
"""

from __future__ import annotations

import pytest
from attacker import Attacker, pinned, true_sums
from disclosure_fixture import raw_tables

from datrial.analyses.known_sums import known_sums
from datrial.config.disclosure import load_profile
from datrial.results.cells import State
from datrial.results.disclosure import Protected, protect, protecting
from datrial.results.disclosure.partners import Outcome


def released(profile: str) -> Protected:
    tables = raw_tables()
    known = known_sums(table for _, table in tables)
    return protect(tables, load_profile(profile), relations=known)


def attack(profile: str) -> tuple[int, int, int]:
    protected = released(profile)
    certain, close, small = pinned(
        [table for _, table in raw_tables()],
        [table for _, table in protected.tables],
        load_profile(profile).threshold,
    )
    assert len(close) <= protected.summary["in_doubt_only"]
    return len(certain), len(close), small


def test_the_attacker_knows_much() -> None:
    sums = true_sums([table for _, table in raw_tables()])
    of_tables = {number[0] for whole, parts in sums for number in (whole, *parts)}
    assert len(sums) > 900
    assert len(of_tables) > 12


@pytest.mark.parametrize("profile", ["counts_below_5", "counts_below_10"])
def test_no_small_count_can_be_worked_out(profile: str) -> None:
    certain, _, small = attack(profile)
    assert small > 100
    assert certain == 0


def test_without_secondary_suppression_the_attack_succeeds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protecting, "hide_partners", lambda network, ranges: Outcome())
    protected = released("counts_below_5")
    certain, _, small = pinned(
        [table for _, table in raw_tables()], [table for _, table in protected.tables], 5
    )
    assert len(certain) > small / 4


def test_every_hidden_number_is_hidden_wherever_it_stands() -> None:
    protected = released("counts_below_5")
    attacker = Attacker(table for _, table in protected.tables)
    hidden = {key for key in protected.hidden if key[3] == "count"}
    assert hidden
    assert not hidden & attacker.known.keys()


def test_most_of_what_is_there_stays_readable() -> None:
    protected = released("counts_below_5")
    values = sum(cell.state is State.VALUE for _, table in raw_tables() for cell in table.cells)
    assert len(protected.hidden) < values / 3
