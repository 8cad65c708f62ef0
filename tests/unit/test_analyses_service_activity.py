"""Activity by month: means of whole months, gaps, reasons with and without external ones."""

from __future__ import annotations

import calendar
from typing import Any

import pytest
from pydantic import ValidationError
from service_given import COMPARED, OTHERS, house_of, note_extracts, tables_of, value

from datrial.analyses.known_sums import known_sums
from datrial.analyses.service_activity import ServiceActivityParameters
from datrial.analyses.service_activity_data import MEASURES
from datrial.config.load import parse
from datrial.config.study import Study
from datrial.pipeline.protection import protect_run
from datrial.report.figures import figure_for
from datrial.results.cells import State, Table
from datrial.results.read import RunTable

MONTHS = ("2024_01", "2024_02", "2024_03", "2024_04")


def requests(*numbers: int, **same: Any) -> list[dict[str, Any]]:
    """Return as many requests in each month from January on."""
    return [
        {"client_id": f"{same.get('strand', 'x')}{same.get('extract_id', '')}_{month}_{each}",
         "referred_on": f"2024-{month:02d}-{1 + each % 28:02d}", **same}
        for month, number in enumerate(numbers, start=1)
        for each in range(number)
    ]  # fmt: skip


def activity(rows: list[dict[str, Any]], **changes: Any) -> dict[str, Table]:
    return tables_of(house_of(rows, **changes), "service_activity")


def counts(table: Table, strand: str = "all", column: str = "intervention") -> list[Any]:
    return [value(table, f"{strand}__{month}", column=column) for month in MONTHS]


def test_months_by_strand_with_their_sum_and_mean() -> None:
    rows = requests(3, 0, 2, 1, strand="adults") + requests(1, 1, 0, 0, strand="youth")
    table = activity(rows)["requests"]
    assert counts(table, "adults") == [3, 0, 2, 1]
    assert counts(table, "youth") == [1, 1, 0, 0]
    assert counts(table) == [4, 1, 2, 1]
    assert value(table, "all__months") == 8 and value(table, "all__months", "mean") == 2
    assert table.row_labels["adults__2024_02"] == "Adults, February 2024"


def test_a_referral_without_a_strand_has_a_row_of_its_own_and_is_in_all() -> None:
    table = activity(requests(2, 2, 2, 2, strand="adults") + requests(1, 0, 0, 0))["requests"]
    assert counts(table, "not_recorded") == [1, 0, 0, 0]
    assert counts(table) == [3, 2, 2, 2]


@pytest.mark.parametrize("terms", [{}, {"strand": {"one": "The one"}}])
def test_a_service_of_one_strand_or_none_has_one_block(terms: dict[str, Any]) -> None:
    strand = {"strand": "one"} if terms else {}
    tables = activity(requests(2, 3, 4, 5, **strand), terms=terms)
    rows = [*(f"all__{month}" for month in MONTHS), "all__months"]
    assert list(tables["requests"].row_labels) == rows
    assert tables["requests"].row_labels["all__2024_01"] == "January 2024"
    assert value(tables["trend"], "requests__all", "rate_ratio") != "not_available"


def test_without_any_extract_nothing_is_zero() -> None:
    tables = activity([], covered=())
    for table in tables.values():
        assert table.cells
        assert all(cell.state is State.NOT_AVAILABLE for cell in table.cells), table.id
    note = tables["requests"].get("all__2024_01", "intervention", "count").note
    assert note == "no referral data were received"


def test_a_file_without_a_row_is_a_service_to_which_nobody_came() -> None:
    house = house_of([])
    note_extracts(house, ("referral", "own", "town", "2024-01-01", "2024-04-30"))
    tables = tables_of(house, "service_activity")
    assert counts(tables["requests"]) == [0, 0, 0, 0]
    assert value(tables["caseload"], "all__months", "mean") == 0
    ratio = tables["trend"].get("requests__all", "intervention", "rate_ratio")
    assert ratio.value is None and "no event" in ratio.note
    held = tables["activities"].get("meeting__all__2024_01", "intervention", "count")
    assert held.value is None and held.note == "no service activity data were received"


def test_one_month_has_numbers_and_no_trend() -> None:
    sites = {"town": {"label": "Town", "recruitment_start": "2024-02-01",
                      "recruitment_end": "2024-02-29"}}  # fmt: skip
    tables = activity(requests(0, 4), sites=sites)
    assert value(tables["requests"], "all__2024_02") == 4
    assert value(tables["requests"], "all__months", "mean") == 4
    ratio = tables["trend"].get("requests__all", "intervention", "rate_ratio")
    assert ratio.value is None and "takes 3" in ratio.note


def test_a_month_that_was_not_received_is_no_zero_and_in_no_mean() -> None:
    days = (("2024-01-01", "2024-01-31"), ("2024-03-01", "2024-04-30"))
    table = activity(requests(2, 0, 4, 6), covered=days)["requests"]
    assert counts(table) == [2, "not_available", 4, 6]
    assert value(table, "all__months") == 12 and value(table, "all__months", "mean") == 4
    whole = table.get("all__months", "intervention", "mean")
    assert whole.warning == "1 of 4 months are not in it"
    assert value(table, "all__2024_02", "fitted") == "not_available"
    assert value(table, "all__2024_03", "fitted") != "not_available"


def test_a_month_received_in_part_is_shown_with_a_warning_and_counts_no_clients() -> None:
    days = (("2024-01-01", "2024-04-20"),)
    rows = [{**row, "accepted_on": row["referred_on"]} for row in requests(2, 2, 2, 2)]
    tables = activity(rows, covered=days)
    april = tables["requests"].get("all__2024_04", "intervention", "count")
    assert april.value == 2 and "20 of its 30 days" in april.warning
    assert value(tables["requests"], "all__months", "mean") == 2
    caseload = tables["caseload"].get("all__2024_04", "intervention", "count")
    assert caseload.value is None and "whole months only" in caseload.note
    assert counts(tables["caseload"])[:3] == [2, 4, 6]


def test_a_period_that_begins_within_a_month_has_it_cut() -> None:
    sites = {"town": {"label": "Town", "recruitment_start": "2024-01-15",
                      "recruitment_end": "2024-04-30"}}  # fmt: skip
    table = activity(requests(9, 2, 2, 2), sites=sites)["requests"]
    january = table.get("all__2024_01", "intervention", "count")
    assert january.value == 9 and "only a part of the month" in january.warning
    assert value(table, "all__months", "mean") == 2


def test_a_site_of_which_nothing_came_is_named_and_the_others_have_their_trend() -> None:
    days = {"recruitment_start": "2024-01-01", "recruitment_end": "2024-04-30"}
    sites = {"town": {"label": "Town", **days}, "coast": {"label": "Coast", **days}}
    house = house_of(requests(5, 6, 7, 8), sites=sites)
    house.connection.execute("delete from study.coverage_span where site = 'coast'")
    tables = tables_of(house, "service_activity")
    said = "without Coast, of which no data were received"
    assert tables["requests"].get("all__2024_01", "intervention", "count").warning == said
    mean = tables["requests"].get("all__months", "intervention", "mean")
    assert (mean.value, mean.warning) == (6.5, said)
    assert value(tables["trend"], "requests__all", "rate_ratio") != "not_available"
    assert value(tables["caseload"], "all__2024_01") == 0


def test_a_site_that_begins_later_has_nothing_missing_before() -> None:
    sites = {
        "town": {"label": "Town", "recruitment_start": "2024-01-01",
                 "recruitment_end": "2024-04-30"},
        "coast": {"label": "Coast", "recruitment_start": "2024-03-01",
                  "recruitment_end": "2024-04-30"},
    }  # fmt: skip
    house = house_of(requests(2, 2, 2, 2), sites=sites)
    house.connection.execute(
        "update study.coverage_span set first_day = date '2024-03-01' where site = 'coast'"
    )
    table = tables_of(house, "service_activity")["requests"]
    assert counts(table) == [2, 2, 2, 2]
    assert all(cell.warning == "" for cell in table.cells)


def test_only_the_extracts_of_the_table_cover_it() -> None:
    house = house_of(requests(1, 1, 1, 1))
    note_extracts(
        house,
        ("referral", "own", "town", "2024-01-01", "2024-02-29"),
        ("service_activity", "log", "town", "2024-01-01", "2024-04-30"),
    )
    tables = tables_of(house, "service_activity")
    assert counts(tables["requests"]) == [1, 1, "not_available", "not_available"]
    assert value(tables["activities"], "meeting__all__2024_04") == 0


def closed(reason: str | None, strand: str, month: int, number: int) -> list[dict[str, Any]]:
    return [
        {"client_id": f"{reason}_{strand}_{month}_{each}", "strand": strand,
         "referred_on": "2024-01-01", "accepted_on": "2024-01-02", "closure_reason": reason,
         "closed_on": f"2024-{month:02d}-{calendar.monthrange(2024, month)[1]}"}
        for each in range(number)
    ]  # fmt: skip


CLOSED = [
    *closed("done", "adults", 1, 3), *closed("stopped", "adults", 1, 1),
    *closed("done", "adults", 2, 2), *closed("stopped", "adults", 2, 8),
    *closed("moved", "adults", 2, 10), *closed(None, "adults", 3, 2),
    *closed("done", "youth", 4, 5),
]  # fmt: skip


def test_external_reasons_are_out_of_shares_and_counted() -> None:
    house = house_of(CLOSED)
    table = tables_of(house, "service_activity", external_closure_reasons=["moved"])[
        "closure_reasons"
    ]
    assert "adults__moved" not in table.row_labels
    assert value(table, "adults__done") == 5 and value(table, "adults__stopped") == 9
    assert value(table, "adults__done", "share") == pytest.approx(5 / 14)
    assert value(table, "adults__all_reasons") == 14
    assert value(table, "adults__external") == 10
    assert value(table, "adults__not_recorded") == 2
    assert value(table, "all__done", "share") == pytest.approx(10 / 19)


def test_the_mean_of_monthly_shares_is_not_the_pooled_share() -> None:
    table = tables_of(house_of(CLOSED), "service_activity", external_closure_reasons=["moved"])[
        "closure_reasons"
    ]
    # 3 of 4 and 2 of 10; the months without a case have no share.
    assert value(table, "adults__done", "share_by_month") == pytest.approx((0.75 + 0.2) / 2)
    assert value(table, "adults__done", "mean") == pytest.approx(5 / 4)
    assert value(table, "youth__done", "share_by_month") == 1


def test_without_the_parameter_every_reason_counts() -> None:
    tables = tables_of(house_of(CLOSED), "service_activity")
    table = tables["closure_reasons"]
    assert value(table, "adults__moved", "share") == pytest.approx(10 / 24)
    assert "adults__external" not in table.row_labels
    months = tables["closure_reason_months"]
    assert value(months, "2024_02__moved", "share") == pytest.approx(0.5)
    assert value(months, "2024_03__moved", "share") == "not_available"


def test_a_reason_named_twice_is_an_error() -> None:
    with pytest.raises(ValidationError, match="twice"):
        ServiceActivityParameters(external_closure_reasons=("moved", "moved"))


def test_activities_by_strand_with_their_shares() -> None:
    held = [{"held_on": f"2024-0{1 + n % 4}-29", "strand": "adults" if n < 6 else "youth"}
            for n in range(8)]  # fmt: skip
    tables = tables_of(house_of(requests(1), held), "service_activity")
    totals, months = tables["activity_totals"], tables["activities"]
    assert value(totals, "meeting__adults") == 6
    assert value(totals, "meeting__adults", "share") == pytest.approx(0.75)
    assert value(totals, "meeting__all", "mean") == 2
    assert value(totals, "signposting__adults", "share") == "not_available"
    assert value(months, "meeting__adults__2024_02") == 2
    assert value(months, "signposting__all__2024_04") == 0


def test_a_comparison_cohort_has_its_own_column_and_reasons_a_difference() -> None:
    rows = requests(3, 3, 3, 3) + requests(1, 2, 3, 4, extract_id=OTHERS)
    down = {"assessed_on": "2024-02-01", "closed_on": "2024-02-03"}
    rows += [
        {"client_id": f"down{n}", **down, "not_taken_on_reason": "refused" if n < 3 else
         "unsuitable", "extract_id": "own" if n % 2 else OTHERS}
        for n in range(8)
    ]  # fmt: skip
    house = house_of(rows, **COMPARED)
    note_extracts(house, *(("referral", name, "town", "2024-01-01", "2024-04-30")
                           for name in ("own", OTHERS)))  # fmt: skip
    tables = tables_of(house, "service_activity")
    assert list(tables["requests"].column_labels) == ["intervention", "others"]
    assert counts(tables["requests"], column="others") == [5, 2, 3, 4]
    table = tables["not_taken_on"]
    assert value(table, "all__refused", "share") == 0.25
    assert value(table, "all__refused", "share", "others") == 0.5
    assert value(table, "all__refused", "share_difference", "difference") == -0.25
    ratio = tables["trend"].get("requests__all", "others", "rate_ratio")
    assert ratio.value is not None and ratio.note == "undecided"


def test_a_cohort_of_which_nothing_came_is_not_zero() -> None:
    house = house_of(requests(3, 3, 3, 3), **COMPARED)
    note_extracts(house, ("referral", "own", "town", "2024-01-01", "2024-04-30"))
    tables = tables_of(house, "service_activity")
    assert counts(tables["requests"]) == [3, 3, 3, 3]
    assert counts(tables["requests"], column="others") == ["not_available"] * 4


def released(house: Any, **parameters: Any) -> dict[str, Table]:
    made = tables_of(house, "service_activity", **parameters)
    pairs = [("service_activity", table) for table in made.values()]
    study = parse(Study, house.study.model_dump(mode="json") | {"disclosure": "counts_below_5"},
                  "study.yaml")  # fmt: skip
    protected = protect_run(pairs, study).protected
    return {table.id.partition(".")[2]: table for _, table in protected.tables}


def test_a_hidden_month_takes_the_trend_and_another_number_with_it() -> None:
    rows = requests(9, 2, 8, 12, strand="adults") + requests(7, 9, 11, 6, strand="youth")
    tables = released(house_of(rows))
    for strand in ("adults", "youth", "all"):
        row = f"requests__{strand}"
        months = counts(tables["requests"], strand)
        hidden = months.count("suppressed")
        assert hidden != 1  # the total would give it back
        shown = value(tables["trend"], row, "rate_ratio") != "suppressed"
        assert shown == (hidden == 0)
        assert (value(tables["line"], row, "per_month") != "suppressed") == (hidden == 0)
        fitted = [value(tables["requests"], f"{strand}__{m}", "fitted") for m in MONTHS]
        assert ("suppressed" in fitted) == (hidden > 0)
    assert counts(tables["requests"], "adults")[1] == "suppressed"
    small = [cell for table in tables.values() for cell in table.cells
             if cell.statistic == "count" and cell.value in (1, 2, 3, 4)]  # fmt: skip
    assert small == []


def test_hidden_monthly_reasons_take_the_mean_of_the_monthly_shares_with_them() -> None:
    tables = released(house_of(CLOSED), external_closure_reasons=["moved"])
    months = tables["closure_reason_months"]
    assert value(months, "2024_01__done") == "suppressed"
    assert value(tables["closure_reasons"], "all__done", "share_by_month") == "suppressed"


def test_every_known_sum_holds() -> None:
    rows = requests(3, 4, 2, 7, strand="adults") + requests(2, 1, 3, 1) + CLOSED
    rows += [
        {
            "client_id": f"d{n}",
            "strand": "youth",
            "assessed_on": "2024-02-03",
            "closed_on": "2024-03-03",
            "not_taken_on_reason": "refused",
        }
        for n in range(3)
    ]
    held = [{"held_on": "2024-03-31", "strand": "youth"}, {"held_on": "2024-04-01"}]
    tables = tables_of(house_of(rows, held), "service_activity",
                       external_closure_reasons=["moved"])  # fmt: skip
    cells = {
        (table.id, cell.row, cell.column, cell.statistic): cell.value
        for table in tables.values()
        for cell in table.cells
    }
    sums = known_sums(tables.values())
    assert {relation.whole[0].partition(".")[2] for relation in sums} == {
        *MEASURES, "definitions", "not_taken_on", "closure_reasons", "activities",
        "activity_totals",
    }  # fmt: skip
    for relation in sums:
        parts = [cells.get(part) for part in relation.parts]
        assert cells[relation.whole] == sum(part or 0 for part in parts), relation.whole


def test_figures_of_months_reasons_and_activities_tell_their_numbers() -> None:
    rows = requests(9, 8, 7, 9, strand="adults") + requests(6, 6, 7, 8, strand="youth") + CLOSED
    held = [{"held_on": f"2024-0{1 + n % 4}-15", "strand": "adults"} for n in range(9)]
    tables = tables_of(house_of(rows, held), "service_activity")
    drawn = {}
    for name, table in tables.items():
        figure = figure_for(_run_of(table), RunTable("service_activity", table, {}))
        if figure:
            drawn[name] = figure
    assert set(drawn) == {*MEASURES, "closure_reasons", "closure_reason_months", "activities"}
    assert "Adults: Jan 24 35, Feb 24 8" in drawn["requests"].alt
    assert "fitted trend from" in drawn["requests"].alt
    assert "Moved away" in drawn["closure_reasons"].alt
    assert "Meeting: Adults, January 2024: 3" in drawn["activities"].alt


def _run_of(table: Table) -> Any:
    class _Run:
        def table(self, name: str) -> None:
            return None

    return _Run()
