"""The replica of Family Solutions Plus: every margin that its report prints, whatever the seed."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import pytest

from datrial.config.mapping import load_mappings
from datrial.config.study import load_study
from datrial.simulate import simulate
from datrial.simulate.services import make_service

STUDY = "family_solutions_plus"
SEEDS = (0, 1, 2, 20220101)
VICTIMS, PERPETRATORS = "fsp_victims_caseload.xlsx", "fsp_perpetrator_caseload.csv"
CHANGE, EMPOWERMENT = "fsp_change_star_export.csv", "fsp_empowerment_star_export.csv"
FIRST, LAST = dt.date(2022, 1, 1), dt.date(2022, 9, 30)
Row = dict[str, Any]


@cache
def made(seed: int, scale: int = 1) -> dict[str, list[Row]]:
    """Return the records of each file."""
    pairs = make_service(load_study(STUDY), seed, scale).pairs
    return {
        layout.file: [dict(zip(records, row, strict=True))
                      for row in zip(*records.values(), strict=True)]
        for layout, records in pairs
    }  # fmt: skip


def per_cent(part: int, whole: int) -> int:
    """Return a percentage as reports print it: a half is rounded up."""
    return (200 * part + whole) // (2 * whole)


def by_month(rows: list[Row], column: str) -> list[int]:
    """Return how many rows have their day in each of the nine months."""
    months = Counter(row[column].month for row in rows if row[column] and row[column] >= FIRST)
    return [months[month] for month in range(1, 10)]


def line(counts: list[int]) -> tuple[int, int]:
    """Return the rounded ends of the straight line through nine months."""
    slope, level = np.polyfit(np.arange(9), counts, 1)
    return round(float(level)), round(float(level + 8 * slope))


def taken_on(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["accepted_on"]]


@pytest.mark.parametrize("seed", SEEDS)
def test_totals_and_lines_of_the_months_are_the_printed_ones(seed: int) -> None:
    victims, perpetrators = made(seed)[VICTIMS], made(seed)[PERPETRATORS]
    totals = {
        "referred_on": (166, 101), "assessed_on": (114, 74), "accepted_on": (83, 64),
    }  # fmt: skip
    for column, expected in totals.items():
        counts = tuple(sum(by_month(rows, column)) for rows in (victims, perpetrators))
        assert counts == expected, column
    assert line(by_month(victims, "referred_on")) == (16, 21)
    assert line(by_month(perpetrators, "referred_on")) == (11, 11)
    assert line(by_month(victims, "assessed_on")) == (12, 13)
    assert line(by_month(perpetrators, "assessed_on")) == (6, 10)
    assert line(by_month(victims, "accepted_on")) == (8, 10)
    assert line(by_month(perpetrators, "accepted_on")) == (7, 7)


def test_requests_dip_in_january_and_june_alone() -> None:
    both = np.sum([by_month(made(1)[file], "referred_on") for file in (VICTIMS, PERPETRATORS)], 0)
    low = sorted(np.argsort(both)[:2])
    assert low == [0, 5]
    assert min(np.delete(both, low)) - max(both[low]) >= 5


@pytest.mark.parametrize("seed", SEEDS)
def test_closures_and_reasons_are_the_printed_ones(seed: int) -> None:
    closed = {
        file: [row for row in taken_on(made(seed)[file]) if row["closed_on"]]
        for file in (VICTIMS, PERPETRATORS)
    }
    assert [len(rows) for rows in closed.values()] == [89, 89]
    reasons = {
        file: Counter(row["closure_reason"] for row in rows) for file, rows in closed.items()
    }
    both = reasons[VICTIMS] + reasons[PERPETRATORS]
    assert (both["completed"], both["disengaged"], both["removed"]) == (77, 65, 6)
    assert (reasons[VICTIMS]["removed"], reasons[PERPETRATORS]["removed"]) == (2, 4)
    own = reasons[PERPETRATORS]
    base = own["completed"] + own["disengaged"] + own["removed"]
    assert [per_cent(own[name], base) for name in ("completed", "disengaged", "removed")] == [
        49, 46, 5
    ]  # fmt: skip
    own = reasons[VICTIMS]
    base = own["completed"] + own["disengaged"]
    assert [per_cent(own[name], base) for name in ("completed", "disengaged")] == [58, 42]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mean_of_the_monthly_percentages_is_the_printed_one(seed: int) -> None:
    internal = ("completed", "disengaged", "removed")
    months = {month: Counter[str]() for month in range(1, 10)}
    for file in (VICTIMS, PERPETRATORS):
        for row in taken_on(made(seed)[file]):
            if row["closure_reason"] in internal:
                months[row["closed_on"].month][row["closure_reason"]] += 1
    shares = [mean(100 * of[name] / of.total() for of in months.values()) for name in internal]
    assert [round(share) for share in shares] == [53, 44, 3]


@pytest.mark.parametrize("seed", SEEDS)
def test_not_taken_on_waiting_and_caseload(seed: int) -> None:
    reasons = {
        file: Counter(row["not_taken_on_reason"] for row in made(seed)[file]
                      if row["not_taken_on_reason"])
        for file in (VICTIMS, PERPETRATORS)
    }  # fmt: skip
    assert sum(of.total() for of in reasons.values()) == 50
    assert per_cent(reasons[PERPETRATORS]["refused"], reasons[PERPETRATORS].total()) == 75
    assert per_cent(reasons[VICTIMS]["refused"], reasons[VICTIMS].total()) == 53
    for file, waiting, caseload in ((VICTIMS, 8, 68), (PERPETRATORS, 0, 62)):
        rows = taken_on(made(seed)[file])
        assert sum(not row["started_on"] and not row["closed_on"] for row in rows) == waiting
        live = [
            sum(row["accepted_on"] < end and (row["closed_on"] or LAST) >= start for row in rows)
            for start, end in ((dt.date(2022, m, 1), dt.date(2022, m + 1, 1)) for m in range(1, 10))
        ]
        assert round(mean(live)) == caseload


@pytest.mark.parametrize("seed", SEEDS)
def test_mean_waits_are_the_printed_ones_however_the_people_are_chosen(seed: int) -> None:
    """Of those requested in the nine months, and of those who got there in them."""
    steps = {
        ("referred_on", "assessed_on"): (22, 15), ("assessed_on", "started_on"): (11, 16),
        ("referred_on", "started_on"): (33, 31),
    }  # fmt: skip
    for (start, end), printed in steps.items():
        for file, days in zip((VICTIMS, PERPETRATORS), printed, strict=True):
            for within in (start, end):
                waits = [(row[end] - row[start]).days for row in made(seed)[file]
                         if row[end] and row[within] >= FIRST]  # fmt: skip
                assert round(mean(waits)) == days, (start, end, file, within)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_day_comes_before_the_one_that_it_follows(seed: int) -> None:
    order = ("referred_on", "assessed_on", "accepted_on", "started_on", "closed_on")
    for file in (VICTIMS, PERPETRATORS):
        for row in made(seed)[file]:
            days = [row[name] for name in order if row[name]]
            assert days == sorted(days)
            assert dt.date(2021, 4, 1) <= days[0] and days[-1] <= LAST
            assert (row["closure_reason"] is None) == (
                not row["accepted_on"] or not row["closed_on"]
            )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("only_taken_on", [False, True])
def test_clients_have_the_printed_shares_of_everybody_and_of_those_taken_on(
    seed: int, only_taken_on: bool
) -> None:
    printed = {
        VICTIMS: ("female", 98, 36, 18, 30, 79), PERPETRATORS: ("male", 93, 39, 9, 37.5, 71),
    }  # fmt: skip
    for file, (sex, share, age, twenties, forties, british) in printed.items():
        rows = taken_on(made(seed)[file]) if only_taken_on else made(seed)[file]
        ages = [row["age"] for row in rows if row["age"] is not None]
        groups = [row["ethnicity"] for row in rows if row["ethnicity"]]
        assert per_cent(sum(row["sex"] == sex for row in rows), len(rows)) == share
        assert round(mean(ages)) == age
        assert per_cent(sum(22 <= each <= 29 for each in ages), len(ages)) == twenties
        found = 100 * sum(40 <= each <= 49 for each in ages) / len(ages)
        assert round(found, 1 if forties == 37.5 else 0) == forties
        assert per_cent(groups.count("white_british"), len(groups)) == british


def test_towns_stand_in_the_printed_order() -> None:
    orders = {VICTIMS: ["banbury", "wantage"], PERPETRATORS: ["banbury", "witney", "bicester"]}
    for file, order in orders.items():
        found = Counter(row["area"] for row in made(1)[file]).most_common(len(order))
        assert [area for area, _ in found] == order


@pytest.mark.parametrize("seed", SEEDS)
def test_the_log_has_the_printed_numbers(seed: int) -> None:
    found = Counter((row["activity"], row["strand"]) for row in made(seed)["fsp_meetings_log.xlsx"])
    assert found["family_meeting", "victim_survivor"] == 525
    assert found["family_meeting", "perpetrator"] == 607
    for activity, total in (("social_worker_meeting", 1599), ("group_supervision", 392),
                            ("signposting", 122)):  # fmt: skip
        assert sum(count for (name, _), count in found.items() if name == activity) == total
    assert per_cent(found["signposting", "victim_survivor"], 122) == 91
    assert per_cent(found["signposting", "perpetrator"], 122) == 9


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("file", "areas", "total", "area", "increase", "improved", "least", "greatest"),
    [(CHANGE, 6, 169, 1, 93, 100, 19, 329), (EMPOWERMENT, 9, 116, 8, 24, 93, -3, 73)],
)
def test_stars_change_as_printed(
    seed: int, file: str, areas: int, total: int, area: int, increase: int, improved: int,
    least: int, greatest: int,
) -> None:  # fmt: skip
    readings: dict[str, dict[dt.date, list[list[int]]]] = {}
    for row in made(seed)[file]:
        scores = [row[f"item_{number}"] for number in range(1, areas + 1)]
        readings.setdefault(row["client_id"], {}).setdefault(row["read_on"], []).append(scores)
    many = {client: sorted(days) for client, days in readings.items() if len(days) > 1}
    first, last = (
        np.array([np.mean(readings[client][days[at]], axis=0) for client, days in many.items()])
        for at in (0, -1)
    )
    ratios = last.sum(axis=0) / first.sum(axis=0)
    assert round(100 * last.sum() / first.sum()) == total
    assert round(100 * ratios[area]) - 100 == increase
    assert int(np.argmax(ratios)) == area and ratios.min() > 1
    change = 100 * (last.sum(axis=1) / first.sum(axis=1) - 1)
    assert per_cent(int((change > 0).sum()), len(change)) == improved
    assert (round(change.min()), round(change.max())) == (least, greatest)
    days = [(dates[-1] - dates[0]).days for dates in many.values()]
    gained = (last - first).sum(axis=1)
    assert 0.4 <= np.corrcoef(gained, days)[0, 1] <= 0.8
    assert len(many) < len(readings)
    assert any(len(of_day) == 2 for days in readings.values() for of_day in days.values())


def test_a_copy_has_the_same_margins_and_people_of_its_own() -> None:
    once, twice = made(1), made(1, 2)
    assert {file: len(rows) for file, rows in once.items() if "star" not in file} == {
        file: len(rows) / 2 for file, rows in twice.items() if "star" not in file
    }
    entries = twice["fsp_meetings_log.xlsx"]
    assert len({row["activity_id"] for row in entries}) == len(entries)
    for file in (VICTIMS, PERPETRATORS):
        assert len({row["client_id"] for row in twice[file]}) == len(twice[file])
        assert by_month(twice[file], "accepted_on") == [
            2 * count for count in by_month(once[file], "accepted_on")
        ]


def test_a_seed_writes_the_same_files_and_another_seed_others(tmp_path: Path) -> None:
    def written(name: str, seed: int) -> dict[str, bytes]:
        folder = tmp_path / name
        simulate(load_study(STUDY), folder, seed=seed)
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    first = written("first", 3)
    assert written("again", 3) == first
    other = written("other", 4)
    changed = {name for name in first if other[name] != first[name]}
    assert changed >= {VICTIMS, PERPETRATORS, CHANGE, EMPOWERMENT}


def test_mappings_read_every_column_or_withhold_it() -> None:
    mappings = {
        mapping.file.replace("*", ""): mapping.tables[0]
        for mapping in load_mappings(load_study(STUDY).sources)
    }
    for layout, _ in make_service(load_study(STUDY), 1, 1).pairs:
        mapping = mappings[layout.file]
        assert {*mapping.columns.values(), *mapping.withheld} == set(layout.columns.values())
        for name, theirs in layout.columns.items():
            assert theirs == mapping.columns.get(name, theirs)
            assert (theirs in mapping.withheld) == (name in layout.withheld)
