"""Clients of each month, day by day: the numbers of the mart against counting people by hand."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from typing import Any

import pytest
from service_given import house_of

FIRST, LAST = dt.date(2024, 1, 1), dt.date(2024, 4, 30)
DAYS = [FIRST + dt.timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


def drawn(chance: random.Random, number: int) -> dict[str, Any]:
    """Return a referral whose later steps may be missing; now and then one is out of order."""
    day = FIRST + dt.timedelta(days=chance.randint(-60, 110) + number)  # no day twice a client
    row: dict[str, Any] = {
        "client_id": f"p{number % 40}", "referred_on": day.isoformat(),
        "strand": chance.choice(["adults", "youth", None]),
    }  # fmt: skip
    for name in ("accepted_on", "started_on", "closed_on"):
        day += dt.timedelta(days=chance.choice([0, 1, 5, 20, 45, -3 if number % 9 == 0 else 2]))
        if chance.random() < 0.8:
            row[name] = day.isoformat()
    return row


def by_hand(rows: list[dict[str, Any]]) -> Counter[tuple[str, str, str | None]]:
    """Return (measure, month, strand) -> clients, of every day of every case."""
    met = set()
    for row in rows:
        asked, taken, started, closed = (
            dt.date.fromisoformat(row[name]) if row.get(name) else None
            for name in ("referred_on", "accepted_on", "started_on", "closed_on")
        )
        taken = taken or started
        in_order = [day for day in (asked, taken, started, closed) if day]
        if taken is None or in_order != sorted(in_order):
            continue
        for day in DAYS:
            month, last = day.strftime("%Y-%m-01"), (day + dt.timedelta(days=1)).day == 1
            key = (month, row["strand"], row["client_id"])
            if taken <= day and (closed is None or day <= closed):
                met.add(("caseload", *key))
                ended = min(filter(None, (started, closed)), default=None)
                if ended != taken and (ended is None or day <= ended):
                    met.add(("awaiting_any", *key))
                if last and (closed is None or closed > day):
                    met.add(("caseload_end", *key))
                    if ended is None or ended > day:
                        met.add(("awaiting", *key))
    return Counter((measure, month, strand) for measure, month, strand, _ in met)


@pytest.mark.parametrize("seed", range(4))
def test_clients_of_each_month_are_those_of_its_days(seed: int) -> None:
    chance = random.Random(seed)
    rows = {
        (row["client_id"], row["referred_on"]): row
        for row in (drawn(chance, number) for number in range(120))
    }
    house = house_of(list(rows.values()))
    found = house.get(
        "code, month, strand, number", "marts.service_month",
        "code in ('caseload', 'caseload_end', 'awaiting', 'awaiting_any')",
    )  # fmt: skip
    expect = by_hand(list(rows.values()))
    assert {(code, month, strand): number for code, month, strand, number in found} == expect
    assert len(expect) > 30
