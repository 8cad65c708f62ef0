"""Under counts_below_5 no hidden count of referrals can be worked out from what is shown."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from referral_pathway_fixture import (
    COMPARED,
    DAYS,
    ONE_SITE,
    OTHERS,
    completed,
    house_of,
    never,
    stopped,
    tables_of,
    trial_of_35,
)
from scipy.optimize import linprog

from datrial.analyses.known_sums import known_sums
from datrial.config.disclosure import load_profile
from datrial.results.cells import State, Table
from datrial.results.disclosure import protect

Number = tuple[str, str, str]  # table, row, column
Sum = tuple[Number, list[Number]]
THRESHOLD = 5
ENDS = ("completed", "stopped", "never_engaged", "not_completed", "not_taken_on", "open")
FOUR_SITES: dict[str, Any] = {
    "sites": {name: {"label": name, **DAYS} for name in ("east", "north", "south", "west")}
}


def released(raw: dict[str, Table]) -> dict[str, Table]:
    pairs = [("referral_pathway", table) for table in raw.values()]
    done = protect(pairs, load_profile("counts_below_5"), relations=known_sums(list(raw.values())))
    return dict(zip(raw, (table for _, table in done.tables), strict=True))


def sums(raw: dict[str, Table]) -> Iterator[Sum]:
    """Yield what a reader knows to add up, written down here apart from the analysis."""
    arms = list(raw["counts"].column_labels)
    for arm in arms:
        total = ("referrals", "referred", arm)
        yield ("counts", "referrals", arm), [total]
        yield total, [("outcomes", row, arm) for row in ENDS]
        yield ("referrals", "completed", arm), [("outcomes", "completed", arm)]
        yield total, [("referrals", "engaged", arm), ("outcomes", "never_engaged", arm)]
        for table in ("referrals", "people"):
            yield (table, "started", arm), [(table, "engaged", arm)]
        kinds = [row for row in raw["onward"].row_labels if row.startswith("kind__")]
        yield ("onward", "any", arm), [("onward", row, arm) for row in kinds]
        yield (
            ("referrals", "completed", arm),
            [("onward", row, arm) for row in (*kinds, "none")],
        )
        if "by_period" in raw:
            rows = [row for row in raw["by_period"].row_labels if row != "all"]
            yield total, [("by_period", row, arm) for row in rows]
            yield total, [("by_period", "all", arm)]
            continue
        sites = [row for row in raw["periods"].row_labels if row != "all"]
        columns = [each for each in raw["periods"].column_labels if each.startswith(arm)]
        for column in columns:
            yield ("periods", "all", column), [("periods", site, column) for site in sites]
        for site in (*sites, "all"):
            parts = [("periods", site, column) for column in columns if column != arm]
            yield ("periods", site, arm), parts
            yield ("periods", site, arm), [("summary", site, arm)]
            row = "accommodation" if site == "all" else f"accommodation__{site}"
            same = ("summary", site, f"{arm}__accommodation")
            yield ("accommodation", row, arm), [same]
        for name in ("accommodation", "need"):
            own = [("accommodation", f"{name}__{site}", arm) for site in sites]
            yield ("accommodation", name, arm), own
        for stage in raw["referrals"].row_labels:
            rows = [("sites", f"{site}__{stage}", arm) for site in sites]
            yield ("referrals", stage, arm), rows


def ranges(raw: dict[str, Table], shown: dict[str, Table]) -> dict[Number, tuple[float, float]]:
    """Return what each hidden small count can be, given everything that is shown."""
    truth: dict[Number, float] = {}
    known: dict[Number, float] = {}
    for name, table in raw.items():
        for was, now in zip(table.cells, shown[name].cells, strict=True):
            if was.statistic == "count" and was.value is not None:
                truth[name, was.row, was.column] = was.value
                if now.value is not None:
                    known[name, was.row, was.column] = now.value
                base = base_of(name, was.row, was.column)
                if now.n is not None and base in truth:
                    assert truth[base] == now.n
                    known[base] = now.n
    place = {number: position for position, number in enumerate(truth)}
    matrix, constants = [], []
    for whole, parts in sums(raw):
        there = [part for part in parts if part in truth]
        if whole in truth and there and truth[whole] == sum(truth[part] for part in there):
            row = np.zeros(len(place))
            row[place[whole]] -= 1
            for part in there:
                row[place[part]] += 1
            matrix.append(row)
            constants.append(0.0)
    # That a hidden number is no zero is more than a reader knows: zeros are hidden of few.
    limits = [(known[n], known[n]) if n in known else (min(1, truth[n]), None) for n in place]
    found = {}
    for number, value in truth.items():
        if number not in known and 0 < value < THRESHOLD:
            ends = []
            for sign in (1.0, -1.0):
                cost = np.zeros(len(place))
                cost[place[number]] = sign
                answer = linprog(cost, A_eq=np.array(matrix), b_eq=constants, bounds=limits)
                assert answer.status in (0, 3)
                ends.append(sign * answer.fun if answer.status == 0 else np.inf)
            found[number] = (ends[0], ends[1])
    return found


def base_of(table: str, row: str, arm: str) -> Number:
    """Return the count that a share is of."""
    start, _, _ = row.partition("__")
    if table == "sites":
        return table, f"{start}__referred", arm
    if table == "onward":
        return ("onward", "any", arm) if start == "of_any" else ("referrals", "completed", arm)
    if start in ("accommodation", "need"):
        return "need" if start == "need" else "periods", row.partition("__")[2] or "all", arm
    return "people" if table == "people" else "referrals", "referred", arm


def many(seed: int, people: int, sites: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return referrals of a service, as chance has them."""
    chance = random.Random(seed)
    rows = []
    for number in range(people):
        row: dict[str, Any] = chance.choice([
            completed(chance.choice(["group", "single", "health", None])), stopped(), never(),
            never(suitable="no"),
        ])  # fmt: skip
        row |= {
            "site": chance.choice(sites), "client_id": f"p{number - (number % 9 == 8)}",
            "referred_on": f"2022-{chance.randint(1, 12):02}-{1 + number % 28:02}",
            "accommodation_referral": chance.choice(["yes", "no", "no", "no"]),
            "accommodation_need": chance.choice(["yes", "no", "no", None]),
            "assessed_on": chance.choice(["2022-12-24", None]),
        }  # fmt: skip
        rows.append(row)
    return rows


def test_of_thirty_five_referrals_the_four_who_stopped_are_hidden() -> None:
    raw = tables_of(house_of(trial_of_35()))
    shown = released(raw)
    assert shown["outcomes"].get("stopped", "intervention", "count").state is State.SUPPRESSED
    assert shown["outcomes"].get("stopped", "intervention", "share").state is State.SUPPRESSED
    # From either of these, and the 21 who completed, the four could be worked out.
    for table, row in (("outcomes", "never_engaged"), ("referrals", "engaged"),
                       ("referrals", "started"), ("people", "engaged")):  # fmt: skip
        assert shown[table].get(row, "intervention", "count").state is State.SUPPRESSED
    assert shown["referrals"].get("completed", "intervention", "count").value == 21
    assert shown["counts"].get("persons", "intervention", "count").value == 32
    found = ranges(raw, shown)
    assert ("outcomes", "stopped", "intervention") in found
    assert all(low <= 1 and high >= THRESHOLD - 1 for low, high in found.values())


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("people", [30, 80])
def test_no_hidden_count_of_four_sites_is_worked_out(seed: int, people: int) -> None:
    raw = tables_of(house_of(many(seed, people, tuple(FOUR_SITES["sites"])), **FOUR_SITES))
    shown = released(raw)
    found = ranges(raw, shown)
    assert found
    exact = {number for number, (low, high) in found.items() if high - low < 1}
    assert not exact
    assert any(cell.value is not None for cell in shown["referrals"].cells)


@pytest.mark.parametrize("seed", range(2))
def test_no_hidden_count_of_one_site_is_worked_out(seed: int) -> None:
    raw = tables_of(house_of(many(seed, 35, ("town",)), **ONE_SITE))
    found = ranges(raw, released(raw))
    assert found
    assert not {number for number, (low, high) in found.items() if high - low < 1}


@pytest.mark.parametrize("seed", range(2))
def test_no_hidden_count_of_two_cohorts_is_worked_out(seed: int) -> None:
    own = many(seed, 40, ("town", "coast"))
    others = many(seed + 10, 25, ("town", "coast"))
    rows = own + [
        row | {"extract_id": OTHERS, "client_id": f"o{row['client_id']}"} for row in others
    ]
    raw = tables_of(house_of(rows, **COMPARED))
    shown = released(raw)
    found = ranges(raw, shown)
    assert found
    assert not {number for number, (low, high) in found.items() if high - low < 1}
    for table in shown.values():
        for cell in table.cells:
            arms = [each for each in table.column_labels if each in ("intervention", "others")]
            if cell.column == "difference" and cell.value is not None:
                states = {table.get(cell.row, arm, "share").state for arm in arms}
                assert states == {State.VALUE}, (table.id, cell.row)


def test_what_is_shown_under_no_protection_would_be_worked_out() -> None:
    """The attack can succeed: hiding the small counts alone gives them back."""
    raw = tables_of(house_of(trial_of_35()))
    shown = {name: replace(table, cells=list(table.cells)) for name, table in raw.items()}
    outcomes = shown["outcomes"]
    for position, cell in enumerate(outcomes.cells):
        if (cell.row, cell.statistic) == ("stopped", "count"):
            hidden = replace(cell, value=None, n=None, state=State.SUPPRESSED)
            outcomes.cells[position] = hidden
    assert ranges(raw, shown) == {("outcomes", "stopped", "intervention"): (4, 4)}
