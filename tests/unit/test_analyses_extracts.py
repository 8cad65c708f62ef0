"""What was received: extracts, coverage by month, corrections, as result cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from given import Warehouse

from datrial.analyses.base import Context
from datrial.analyses.registry import ANALYSES
from datrial.extracts.coverage import write_month_rows
from datrial.extracts.differences import write_differences
from datrial.report.tables import table_view
from datrial.results.cells import State, Table
from datrial.results.read import RunTable


def months(site: str, source: str = "police", **states: str) -> list[tuple[Any, ...]]:
    """Return rows of study.coverage_month, as in ``m2017_03="part"``."""
    days = {"received": 31, "part": 10, "not_received": 0}
    return [
        (source, site, f"{name[1:].replace('_', '-')}-01", 31, days[state], state)
        for name, state in states.items()
    ]


def received(
    coverage: list[tuple[Any, ...]], rows: list[tuple[Any, ...]] = (), **tables: Any  # type: ignore[assignment]
) -> dict[str, Table]:  # fmt: skip
    """Return the analysis of a warehouse with these months and rows (source, site, month, rows)."""
    house = Warehouse()
    connection = house.connection
    connection.execute("""
        create schema raw; create schema earlier; create schema mapped; create schema accounting;
        create schema quarantine; create schema checks;
        create table raw.extract (table_name varchar, extract_id varchar, mapping varchar,
            source varchar, site varchar, part varchar, covers_start date, covers_end date,
            arrival bigint, received bigint);
        create table earlier.extract as from raw.extract;
        create table accounting.extract (table_name varchar, extract_id varchar, site varchar,
            received bigint, staged bigint, quarantined bigint);
        create table accounting.problem (table_name varchar, extract_id varchar,
            column_name varchar, problem varchar, rows bigint);
        create table quarantine.row (table_name varchar, extract_id varchar, row_number bigint,
            reason varchar, stage varchar);
        create table checks.result (table_name varchar, rule_id varchar, description varchar,
            verdict varchar, rows_looked_at bigint, rows_failed bigint);
    """)
    write_month_rows(connection)
    write_differences(connection)
    house.rows(
        "study.coverage_month",
        "source, site, month, days_in_month, days_received, state", *coverage,
    )  # fmt: skip
    house.rows("accounting.month", "source, site, month, rows", *rows)
    for table, (columns, found) in tables.items():
        house.rows(table.replace("__", "."), columns, *found)
    chosen = ANALYSES["extracts_received"]
    context = Context(connection, house.study, np.random.default_rng(1))
    made = chosen.run(context, chosen.parameters())
    for table in made:
        assert table.id.startswith("extracts_received.")
        assert table_view(RunTable("extracts_received", table, {})).id == table.id
        for cell in table.cells:
            assert (cell.state is State.VALUE) == (cell.value is not None)
            assert cell.state is State.VALUE or cell.note  # what is absent says why
    return {table.id.partition(".")[2]: table for table in made}


def test_coverage_is_a_calendar_of_rows_and_states() -> None:
    table = received(
        months("site_2", m2016_12="received", m2017_01="not_received", m2017_02="part"),
        [("police", "site_2", "2016-12-01", 1204), ("police", "site_2", "2017-02-01", 300)],
    )["coverage"]
    assert table.row_labels == {
        "police__site_2__2016": "Police, Site 2, 2016",
        "police__site_2__2017": "Police, Site 2, 2017",
    }
    assert list(table.column_labels.values())[::11] == ["Jan", "Dec"]
    assert table.get("police__site_2__2016", "month_12", "rows").value == 1204
    gap = table.get("police__site_2__2017", "month_01", "rows")
    assert (gap.state, gap.note) == (State.NOT_AVAILABLE, "no data were received for this month")
    part = table.get("police__site_2__2017", "month_02", "rows")
    assert (part.value, part.warning) == (300, "data for 10 of 31 days")
    assert len(table.cells) == 3  # nothing is said of months before and after


def test_rows_in_a_month_that_was_not_received_are_told_and_not_counted() -> None:
    table = received(
        months("site_2", m2017_01="not_received"), [("police", "site_2", "2017-01-01", 9)]
    )["coverage"]
    cell = table.get("police__site_2__2017", "month_01", "rows")
    assert cell.value is None
    assert "some rows bear a date in it" in cell.note


EMPTY_MONTHS = [
    # rows of the months January, February, ...; months with a warning
    ("as always", [9, 8, 9, 10], []),
    ("few rows at all", [3, 0, 2, 4], []),
    ("six on average are chance", [6, 0, 6], []),
    ("seven on average are not", [7, 0, 7], [2]),
    ("one neighbour has few, but both together many", [2, 0, 12], [2]),
    ("a run of empty months", [40, 0, 0, 0, 40], [2, 3, 4]),
    ("cut off at the end", [40, 40, 0, 0], [3, 4]),
    ("begins late", [0, 0, 40], [1, 2]),
    ("nothing in any month", [0, 0], [1, 2]),
]


@pytest.mark.parametrize(
    ("rows", "warned"), [case[1:] for case in EMPTY_MONTHS], ids=[case[0] for case in EMPTY_MONTHS]
)
def test_an_empty_month_among_full_ones_is_a_warning(rows: list[int], warned: list[int]) -> None:
    names = [f"2017_{month:02d}" for month in range(1, len(rows) + 1)]
    table = received(
        months("site_2", **{f"m{name}": "received" for name in names}),
        [
            ("police", "site_2", f"{name.replace('_', '-')}-01", count)
            for name, count in zip(names, rows, strict=True)
            if count
        ],
    )["coverage"]
    cells = [table.get("police__site_2__2017", f"month_{name[-2:]}", "rows") for name in names]
    assert [cell.value for cell in cells] == rows  # received and empty is zero
    assert [n for n, cell in enumerate(cells, start=1) if cell.warning] == warned


def test_before_a_site_recruited_nothing_needs_to_have_happened() -> None:
    """Site 1 recruited from April 2016: rows that begin then are complete, later ones are not."""
    names = {f"m2016_{month:02d}": "received" for month in range(2, 7)}
    for first, warned in ((4, 0), (3, 1), (5, 1)):
        rows = [("cms", "site_1", f"2016-{month:02d}-01", 40) for month in range(first, 7)]
        table = received(months("site_1", "cms", **names), rows)["coverage"]
        assert sum(bool(cell.warning) for cell in table.cells) == warned


EXTRACT = (
    "table_name, extract_id, mapping, source, part, covers_start, covers_end, arrival, received"
)
ACCOUNT = "table_name, extract_id, received, staged, quarantined"


def test_extracts_are_told_with_their_days_and_rows_in_the_order_of_arrival() -> None:
    cms = ("test/cms", "cms", None, "2017-01-01", "2017-12-31", 4, 5)
    part = ("test/police", "police", "north", "2017-01-01", "2017-01-31", 9, 5)
    tables = received(
        [],
        raw__extract=(EXTRACT, [
            ("cms_need", "test/cms@a", *cms), ("cms_action", "test/cms@a", *cms),
            ("police_incident", "test/police@b", *part),
        ]),
        accounting__extract=(ACCOUNT, [
            ("cms_need", "test/cms@a", 10, 9, 1), ("cms_action", "test/cms@a", 20, 20, 0),
            ("police_incident", "test/police@b", 7, 7, 0),
        ]),
    )  # fmt: skip
    table = tables["extracts"]
    assert table.row_labels == {
        "cms__20170101_20171231": "cms: 1 January 2017 to 31 December 2017",
        "police__north__20170101_20170131": "police, part north: 1 January 2017 to 31 January 2017",
    }
    told = {
        row: [table.get(row, column, "count").value for column in table.column_labels]
        for row in table.row_labels
    }
    assert told == {
        "cms__20170101_20171231": [1, 365, 30, 29, 1],
        "police__north__20170101_20170131": [2, 31, 7, 7, 0],
    }


def test_corrections_are_told_as_counts_or_that_there_was_none() -> None:
    none = received([])["corrected"]
    assert none.row_labels == {"none": "No extract was corrected"}
    assert {cell.state for cell in none.cells} == {State.NOT_APPLICABLE}
    police = ("test/police", "police", None, "2017-01-01", "2017-01-31", 9, 5)
    table = received(
        [],
        raw__extract=(EXTRACT, [("police_incident", "test/police@b", *police)]),
        accounting__difference=(
            "table_name, extract_id, earlier_extract_id, added, changed, gone, same, "
            "earlier_extracts",
            [("police_incident", "test/police@b", "test/police@a", 3, 2, 1, 40, 2)],
        ),
    )["corrected"]
    assert table.row_labels == {
        "police_incident__police__20170101_20170131": "police incident (police, 1 January 2017 to "
        "31 January 2017, in place of 2 extracts)"
    }
    assert [cell.value for cell in table.cells] == [3, 2, 1, 40]


def test_without_any_extract_nothing_is_zero() -> None:
    tables = received([])
    for name in ("extracts", "coverage"):
        assert {cell.state for cell in tables[name].cells} == {State.NOT_AVAILABLE}
