"""Waiting times: who got there, who still waits, who was closed before, and what is set aside."""

from __future__ import annotations

from typing import Any

import pytest
from service_given import COMPARED, OTHERS, house_of, note_extracts, tables_of, value

from datrial.analyses.known_sums import known_sums
from datrial.analyses.waiting_times_data import STEPS
from datrial.pipeline.protection import protect_run
from datrial.results.cells import State, Table


def waiting(rows: list[dict[str, Any]], **changes: Any) -> dict[str, Table]:
    return tables_of(house_of(rows, **changes), "waiting_times")


def ends(tables: dict[str, Table], step: str, strand: str = "all") -> dict[str, Any]:
    names = ("began", "reached", "waiting", "closed", "out_of_order", "unknown_end")
    return {name: value(tables["people"], f"{step}__{strand}__{name}") for name in names}


def started(number: int, days: int, **also: Any) -> dict[str, Any]:
    """Return a referral of 1 March assessed after some days and started after as many again."""
    return {"client_id": f"s{number}", "referred_on": "2024-03-01",
            "assessed_on": f"2024-03-{1 + days:02d}",
            "started_on": f"2024-03-{1 + 2 * days:02d}", **also}  # fmt: skip


def test_mean_and_median_of_those_who_got_there() -> None:
    tables = waiting([started(n, days) for n, days in enumerate((2, 4, 12))])
    for step, factor in (("request_to_assessment", 1), ("request_to_start", 2)):
        assert value(tables["mean"], f"{step}__all", "mean") == 6 * factor
        assert value(tables["median"], f"{step}__all", "median") == 4 * factor
    assert value(tables["mean"], "assessment_to_start__all", "mean") == 6
    cell = tables["mean"].get("request_to_start__all", "intervention", "mean")
    assert cell.n == 3 and "too few" in cell.warning


def test_days_cross_the_leap_day_and_the_same_day_is_none() -> None:
    rows = [
        {"client_id": "leap", "referred_on": "2024-02-28", "assessed_on": "2024-03-01"},
        {"client_id": "same", "referred_on": "2024-02-29", "assessed_on": "2024-02-29"},
    ]
    assert value(waiting(rows)["mean"], "request_to_assessment__all", "mean") == 1


def test_every_referral_ends_in_one_way() -> None:
    rows = [
        started(1, 3),
        {"client_id": "waits", "referred_on": "2024-04-20"},
        {"client_id": "closed", "referred_on": "2024-04-01", "closed_on": "2024-04-11"},
        {"client_id": "closed_later", "referred_on": "2024-04-01", "closed_on": "2024-05-11"},
        {"client_id": "wrong", "referred_on": "2024-04-05", "assessed_on": "2024-04-04"},
        {"client_id": "no_day", "referred_on": "2024-04-05", "not_taken_on_reason": "refused"},
        {"client_id": "before", "referred_on": "2023-12-31"},
    ]
    assert ends(waiting(rows), "request_to_assessment") == {
        "began": 6, "reached": 1, "waiting": 2, "closed": 1, "out_of_order": 1, "unknown_end": 1,
    }  # fmt: skip


def test_whoever_was_turned_down_at_the_assessment_does_not_wait_for_a_start() -> None:
    rows = [
        {"client_id": "down", "assessed_on": "2024-01-20", "not_taken_on_reason": "refused"},
        {"client_id": "waits", "assessed_on": "2024-01-20"},
    ]
    found = ends(waiting(rows), "assessment_to_start")
    assert (found["closed"], found["waiting"]) == (1, 1)


def test_a_start_before_the_assessment_is_set_aside_from_every_step() -> None:
    wrong = {"client_id": "w", "assessed_on": "2024-01-20", "started_on": "2024-01-15"}
    tables = waiting([wrong, *(started(n, 4) for n in range(2))])
    for step in STEPS:
        assert ends(tables, step)["out_of_order"] == 1
        assert ends(tables, step)["reached"] == 2
    assert value(tables["mean"], "request_to_assessment__all", "mean") == 4


def test_who_got_there_in_the_period_counts_whenever_he_asked() -> None:
    rows = [{"client_id": "early", "referred_on": "2023-12-02", "assessed_on": "2024-01-01"}]
    tables = waiting(rows)
    assert tables["median"].get("request_to_assessment__all", "intervention", "median").value == 30
    assert ends(tables, "request_to_assessment")["began"] == 0
    assert ends(tables, "assessment_to_start")["waiting"] == 1


def test_those_who_still_wait_make_the_median_longer() -> None:
    # Four got there after 2, 4, 6 and 8 days; five of 1 March wait until 30 April, 60 days.
    rows = [started(n, days) for n, days in enumerate((2, 4, 6, 8))]
    rows += [{"client_id": f"w{n}", "referred_on": "2024-03-01"} for n in range(5)]
    tables = waiting(rows)
    assert value(tables["median"], "request_to_assessment__all", "median") == 5
    censored = tables["censored"].get(
        "request_to_assessment__all__closed_censored", "intervention", "median"
    )
    assert censored.value is None and "fewer than half" in censored.note
    tables = waiting(rows[:-2])  # four of seven: half have got there with the fourth
    row = "request_to_assessment__all__closed_censored"
    assert value(tables["censored"], row, "median") == 8
    assert value(tables["censored"], row) == 7 and value(tables["censored"], row, "events") == 4


def test_closed_ones_are_censored_or_left_out() -> None:
    rows = [started(n, days) for n, days in enumerate((2, 4, 6, 8))]
    rows += [{"client_id": f"c{n}", "referred_on": "2024-03-01", "closed_on": "2024-03-04"}
             for n in range(4)]  # fmt: skip
    table = waiting(rows)["censored"]
    row = "request_to_assessment__all"
    # At 2 days one of eight; then the four closed are gone, and 4 days halve the rest thrice.
    assert value(table, f"{row}__closed_censored") == 8
    assert value(table, f"{row}__closed_left_out") == 4
    assert value(table, f"{row}__closed_left_out", "median") == 4
    # 7/8 after 2 days, 7/8 * 2/3 after 4, 7/8 * 1/3 after 6: below a half.
    assert value(table, f"{row}__closed_censored", "median") == 6


def test_few_peoples_quartiles_and_ends_of_intervals_are_not_shown() -> None:
    for number, shown in ((8, False), (9, True)):
        tables = waiting([started(n, 1 + n) for n in range(number)])
        for statistic in ("ci_low", "ci_high", "lower_quartile", "upper_quartile"):
            cell = tables["median"].get("request_to_assessment__all", "intervention", statistic)
            assert (cell.value is not None) == shown
            assert shown or "single person" in cell.note
    # The least and the greatest are nobody's to see.
    low = value(tables["median"], "request_to_assessment__all", "ci_low")
    high = value(tables["median"], "request_to_assessment__all", "ci_high")
    assert (low, high) == (2, 8)


def test_strands_and_nothing_received() -> None:
    rows = [started(n, 2 + n % 2 * 6, strand="adults" if n % 2 else "youth") for n in range(8)]
    tables = waiting(rows)
    assert value(tables["mean"], "request_to_start__adults", "mean") == 16
    assert value(tables["mean"], "request_to_start__youth", "mean") == 4
    assert value(tables["mean"], "request_to_start__all", "mean") == 10
    for table in waiting([], covered=()).values():
        assert table.cells and all(cell.state is State.NOT_AVAILABLE for cell in table.cells)


def test_nobody_at_all_is_counted_as_nobody() -> None:
    house = house_of([])
    note_extracts(house, ("referral", "own", "town", "2024-01-01", "2024-04-30"))
    tables = tables_of(house, "waiting_times")
    assert ends(tables, "request_to_start")["began"] == 0
    assert value(tables["mean"], "request_to_start__all", "mean") == "not_available"


def test_a_gap_is_said_and_the_last_day_of_the_data_ends_the_waiting() -> None:
    days = (("2024-01-01", "2024-01-31"), ("2024-03-01", "2024-03-31"))
    rows = [{"client_id": f"w{n}", "referred_on": "2024-03-01"} for n in range(3)]
    rows += [started(n, 5) for n in range(4)]
    tables = waiting(rows, covered=days)
    began = tables["people"].get("request_to_start__all__began", "intervention", "count")
    assert began.warning == "the data of 2 of 4 months were not received"
    assert value(tables["censored"], "request_to_start__all__closed_censored", "median") == 10


def test_a_comparison_cohort_has_a_difference_of_means() -> None:
    rows = [started(n, 2 + n % 3, extract_id="own" if n < 6 else OTHERS) for n in range(12)]
    rows += [started(20 + n, 12 + n % 3, extract_id=OTHERS) for n in range(3)]
    house = house_of(rows, **COMPARED)
    note_extracts(house, *(("referral", name, "town", "2024-01-01", "2024-04-30")
                           for name in ("own", OTHERS)))  # fmt: skip
    table = tables_of(house, "waiting_times")["mean"]
    own, others = (value(table, "request_to_assessment__all", "mean", c)
                   for c in ("intervention", "others"))  # fmt: skip
    difference = value(table, "request_to_assessment__all", "difference", "difference")
    assert isinstance(own, float) and isinstance(others, float)
    assert difference == pytest.approx(own - others)


def test_every_known_sum_holds_and_no_small_number_is_released() -> None:
    rows = [started(n, 2 + n, strand="adults") for n in range(9)]
    rows += [started(20 + n, 2 + n, strand="youth") for n in range(7)]
    rows += [{"client_id": f"w{n}", "strand": "youth", "referred_on": "2024-04-01"}
             for n in range(3)]  # fmt: skip
    rows += [{"client_id": f"c{n}", "strand": "adults", "referred_on": "2024-04-01",
              "closed_on": "2024-04-05"} for n in range(6)]  # fmt: skip
    house = house_of(rows)
    tables = tables_of(house, "waiting_times")
    cells = {
        (t.id, c.row, c.column, c.statistic): c.value for t in tables.values() for c in t.cells
    }
    sums = known_sums(tables.values())
    assert len(sums) == 3 * (3 * 3 + 6)
    for relation in sums:
        assert cells[relation.whole] == sum(cells[part] or 0 for part in relation.parts)
    pairs = [("waiting_times", table) for table in tables.values()]
    released = {table.id: table for _, table in protect_run(pairs, house.study).protected.tables}
    people = released["waiting_times.people"]
    row = "request_to_assessment__youth"
    assert value(people, f"{row}__waiting") == "suppressed"
    hidden = [end for end in ("began", "reached", "closed", "out_of_order", "unknown_end")
              if value(people, f"{row}__{end}") == "suppressed"]  # fmt: skip
    assert hidden  # or the others would give it back
    small = [cell for table in released.values() for cell in table.cells
             if cell.statistic in ("count", "events") and cell.value in (1, 2, 3, 4)]  # fmt: skip
    assert small == []
