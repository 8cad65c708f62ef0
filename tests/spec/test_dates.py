"""What a date in an agency's file means: given a text, expect a date or a named problem.

A date is a day of the agencies' calendar, by the clock on their wall. The extract
covers days until 2019-09-30; a date from 1900 until a year after that is usable.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from datrial.config.mapping import SourceMapping
from datrial.config.tables import Column
from datrial.extracts.decoding import decoded
from datrial.extracts.load_desk import desk

HEARD = Column(kind="date", required=True)
COVERED_UNTIL = dt.date(2019, 9, 30)


@pytest.fixture(scope="module")
def connection() -> Iterator[Any]:
    with desk() as connection:
        yield connection


def mapping(dates: str, file_format: str) -> SourceMapping:
    table = {
        "table": "meeting_capacity",
        "columns": {"meeting_date": "Heard", "places": "Places"},
    }
    return SourceMapping.model_validate(
        {
            "source": "marac",
            "site": "site_1",
            "file": "places.*",
            "format": file_format,
            "dates": dates,
            "covers": {"start": "2016-01-01", "end": COVERED_UNTIL},
            "missing": ["-"],
            "dont_know": ["DK"],
            "tables": [table],
        }
    )


def read(
    connection: Any, text: str, dates: str = "day_first", file_format: str = "csv"
) -> str | None:
    """Return the date as text, or the problem; none for an absent answer."""
    agency = mapping(dates, file_format)
    select = decoded("meeting_date", HEARD, agency, agency.tables[0], COVERED_UNTIL)
    connection.execute("create or replace temp table texts (place integer, received varchar)")
    connection.execute("insert into texts values (0, ?)", [text])
    ((_, value, problem),) = connection.execute(select).fetchall()
    assert value is None or problem is None
    return problem if value is None else value.isoformat()


DAY_FIRST = [
    # text                      date or problem
    ("31/01/2017", "2017-01-31"),
    (" 31/1/2017 ", "2017-01-31"),
    ("31-01-2017", "2017-01-31"),
    ("31.01.2017", "2017-01-31"),
    ("05/06/2017", "2017-06-05"),
    ("2017-01-31", "2017-01-31"),
    ("2017/1/31", "2017-01-31"),
    ("31 January 2017", "2017-01-31"),
    ("31st Jan 2017", "2017-01-31"),
    ("31-JAN-2017", "2017-01-31"),
    ("January 31 2017", "2017-01-31"),
    ("January 31, 2017", "2017-01-31"),
    ("1 Sept 2017", "2017-09-01"),
    ("29/02/2016", "2016-02-29"),
    ("29/02/2017", "impossible date"),
    ("31/02/2017", "impossible date"),
    ("31 June 2017", "impossible date"),
    ("01/31/2017", "impossible date"),
    ("31/01/17", "two-digit year"),
    ("31-Jan-17", "two-digit year"),
    ("42766", "not a date"),
    ("last Tuesday", "not a date"),
    ("2017", "not a date"),
    ("", None),
    ("-", None),
    ("dk", None),
]

WINDOW = [
    ("31/12/1899", "impossible date"),
    ("01/01/1900", "1900-01-01"),
    ("30/09/2020", "2020-09-30"),
    ("01/10/2020", "impossible date"),
]

#: Without a zone a time is the clock on the wall: the date stands.
LOCAL_TIMES = [
    ("31/01/2017 14:30", "2017-01-31"),
    ("30/06/2017 23:30", "2017-06-30"),
    ("30/06/2017 11:30 pm", "2017-06-30"),
    ("2017-01-31 00:00:00", "2017-01-31"),
    ("2017-06-30T23:30:00", "2017-06-30"),
    ("2017-06-30T23:59:59.999", "2017-06-30"),
    # the hour that summer time left out, and the hour that there was twice
    ("2017-03-26 01:30", "2017-03-26"),
    ("26/03/2017 01:30", "2017-03-26"),
    ("2017-10-29 01:30", "2017-10-29"),
    ("31/02/2017 23:30", "impossible date"),
]

#: With a zone a time is a moment: the date is the one in Britain at that moment.
ZONED_TIMES = [
    # winter: British time is UTC
    ("2017-01-31T23:30:00Z", "2017-01-31"),
    ("2017-01-31T23:30:00+00:00", "2017-01-31"),
    # summer: British time is an hour ahead, and the last hour of a UTC day is the next day
    ("2017-06-30T22:59:59Z", "2017-06-30"),
    ("2017-06-30T23:00:00Z", "2017-07-01"),
    ("2017-06-30T23:30:00Z", "2017-07-01"),
    ("2017-06-30T23:30:00.123456Z", "2017-07-01"),
    ("2017-06-30 23:30:00+00:00", "2017-07-01"),
    ("2017-06-30T23:30+0000", "2017-07-01"),
    ("2017-06-30 23:30 UTC", "2017-07-01"),
    ("30/06/2017 23:30 GMT", "2017-07-01"),
    ("30 June 2017 23:30Z", "2017-07-01"),
    ("2017-06-30T23:30:00+01:00", "2017-06-30"),
    ("2017-06-30 23:30 BST", "2017-06-30"),
    ("2017-07-01T00:30:00+02", "2017-06-30"),
    ("2017-06-30T19:30:00-05:00", "2017-07-01"),
    # the days on which the clocks change (at 01:00 UTC)
    ("2017-03-25T23:30:00Z", "2017-03-25"),
    ("2017-03-26T23:30:00Z", "2017-03-27"),
    ("2017-10-28T23:30:00Z", "2017-10-29"),
    ("2017-10-29T23:30:00Z", "2017-10-29"),
    ("2017-12-31T23:30:00Z", "2017-12-31"),
    ("2020-09-30T23:30:00Z", "impossible date"),  # in Britain already outside the window
    ("31/02/2017 23:30Z", "impossible date"),
    ("2017-06-30T25:30:00Z", "impossible date"),
    ("2017-06-30T23:30:00+99:00", "not a date"),
]


@pytest.mark.parametrize(("text", "expected"), [*DAY_FIRST, *WINDOW, *LOCAL_TIMES, *ZONED_TIMES])
def test_a_date_of_a_day_first_csv_file(connection: Any, text: str, expected: str | None) -> None:
    assert read(connection, text) == expected


@pytest.mark.parametrize(
    ("order", "text", "expected"),
    [
        ("month_first", "05/06/2017", "2017-05-06"),
        ("month_first", "31/01/2017", "impossible date"),
        ("month_first", "2017-01-31", "2017-01-31"),
        ("month_first", "06/30/2017 23:30Z", "2017-07-01"),
        ("year_first", "2017/01/31", "2017-01-31"),
        ("year_first", "31 Jan 2017", "2017-01-31"),
        ("year_first", "05/06/2017", "day and month in unknown order"),
    ],
)
def test_a_numeric_date_is_read_in_the_mapping_order_alone(
    connection: Any, order: str, text: str, expected: str
) -> None:
    assert read(connection, text, order) == expected


@pytest.mark.parametrize("file_format", ["excel", "ods"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("42766", "2017-01-31"),
        ("42766.0", "2017-01-31"),
        ("42766.99", "2017-01-31"),  # the fraction is the time of the day
        ("42766,5", "not a date"),
        ("4276", "not a date"),
        ("99999", "impossible date"),
        ("2017-01-31 10:30:00", "2017-01-31"),
        ("31/01/2017", "2017-01-31"),
    ],
)
def test_serial_numbers_are_dates_in_a_workbook(
    connection: Any, file_format: str, text: str, expected: str
) -> None:
    assert read(connection, text, file_format=file_format) == expected


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_the_clock_of_the_machine_makes_no_difference(connection: Any, zone: str) -> None:
    connection.execute(f"set timezone = '{zone}'")
    assert read(connection, "2017-06-30T23:30:00Z") == "2017-07-01"
    assert read(connection, "2017-06-30 23:30") == "2017-06-30"
    connection.execute("reset timezone")
