"""Which days count: days received, months missing, and gaps in a person's follow-up."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import duckdb
import pytest
from given import Warehouse
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as some

from datrial.config.mapping import SourceMapping
from datrial.config.study import load_study
from datrial.extracts.coverage import write_month_rows
from datrial.warehouse.coverage_tables import joined
from datrial.warehouse.study_tables import write_study_tables

SITE = "site_2"


@dataclass(frozen=True)
class Sent:
    """An extract that counts."""

    mapping: str
    covers_start: dt.date
    covers_end: dt.date


def sent(first: str, last: str, mapping: str = "test/marac") -> Sent:
    return Sent(mapping, dt.date.fromisoformat(first), dt.date.fromisoformat(last))


def agency(**changes: Any) -> SourceMapping:
    content = {
        "key": "test/marac", "source": "marac", "site": SITE, "format": "csv",
        "file": "marac_{start}_{end}.csv",
        "tables": [{"table": "marac_case", "columns": {
            "perpetrator_id": "P", "victim_id": "V", "hearing_date": "D"}}],
        **changes,
    }  # fmt: skip
    return SourceMapping.model_validate(content)


def covered(receipts: list[Sent], *mappings: SourceMapping) -> Any:
    connection = duckdb.connect()
    write_study_tables(connection, load_study("drive"), mappings or [agency()], receipts)
    return connection


def told(connection: Any, table: str, columns: str) -> list[tuple[Any, ...]]:
    rows = connection.sql(f"select {columns} from study.{table} order by all").fetchall()
    return [tuple(v.isoformat() if hasattr(v, "isoformat") else v for v in row) for row in rows]


def spans(connection: Any) -> list[tuple[str, str]]:
    return told(connection, "coverage_span", "first_day, last_day")  # type: ignore[return-value]


SPANS = [
    # extracts received, months said to be missing, days received
    ("nothing", [], (), []),
    ("one", [("2017-01-01", "2017-03-31")], (), [("2017-01-01", "2017-03-31")]),
    (
        "months that follow each other are one run",
        [("2017-02-01", "2017-02-28"), ("2017-01-01", "2017-01-31")],
        (),
        [("2017-01-01", "2017-02-28")],
    ),
    (
        "a day between them is a gap",
        [("2017-01-01", "2017-01-30"), ("2017-02-01", "2017-02-28")],
        (),
        [("2017-01-01", "2017-01-30"), ("2017-02-01", "2017-02-28")],
    ),
    (
        "one within another, and an overlap",
        [("2017-01-01", "2017-06-30"), ("2017-02-01", "2017-02-28"), ("2017-06-01", "2017-07-31")],
        (),
        [("2017-01-01", "2017-07-31")],
    ),
    (
        "missing months at the start, in the middle and at the end",
        [("2017-01-01", "2017-06-15")],
        ("2017-01", "2017-03", "2017-06"),
        [("2017-02-01", "2017-02-28"), ("2017-04-01", "2017-05-31")],
    ),
    (
        "a missing month of which only some days were covered",
        [("2017-01-10", "2017-03-20")],
        ("2017-01", "2017-12"),
        [("2017-02-01", "2017-03-20")],
    ),
    ("the only month is missing", [("2017-02-01", "2017-02-28")], ("2017-02",), []),
]


@pytest.mark.parametrize(
    ("received", "missing", "expect"), [row[1:] for row in SPANS], ids=[row[0] for row in SPANS]
)
def test_the_days_received(
    received: list[tuple[str, str]], missing: tuple[str, ...], expect: list[tuple[str, str]]
) -> None:
    connection = covered([sent(*days) for days in received], agency(not_received=missing))
    assert spans(connection) == expect
    ends = told(connection, "coverage", "source, site, first_day, last_day")
    assert ends == ([("marac", SITE, expect[0][0], expect[-1][1])] if expect else [])


def test_a_month_that_one_file_lacks_may_come_with_another() -> None:
    extra = agency(key="test/extra", not_received=())
    receipts = [
        sent("2017-01-01", "2017-03-31"), sent("2017-02-01", "2017-02-28", mapping="test/extra"),
    ]  # fmt: skip
    assert spans(covered(receipts, agency(not_received=["2017-02"]), extra)) == [
        ("2017-01-01", "2017-03-31")
    ]


def test_a_file_of_several_sites_covers_each_of_them() -> None:
    table = agency().tables[0].model_dump() | {
        "site_column": "Area", "site_values": {"site_1": ["1"], "site_3": ["3"]},
    }  # fmt: skip
    both = agency(site=None, tables=[table])
    found = covered([sent("2017-01-01", "2017-01-31")], both)
    assert told(found, "coverage", "site, last_day") == [
        ("site_1", "2017-01-31"), ("site_3", "2017-01-31"),
    ]  # fmt: skip


def test_every_month_of_every_source_is_received_in_part_or_not() -> None:
    silent = agency(key="test/police", source="police", site="site_1", optional=True)
    receipts = [sent("2016-12-31", "2017-01-31"), sent("2017-03-01", "2017-04-10")]
    found = covered(receipts, agency(), silent)
    assert told(found, "coverage_month", "month, days_received, days_in_month, state, source") == [
        ("2016-12-01", 0, 31, "not_received", "police"),
        ("2016-12-01", 1, 31, "part", "marac"),
        ("2017-01-01", 0, 31, "not_received", "police"),
        ("2017-01-01", 31, 31, "received", "marac"),
        ("2017-02-01", 0, 28, "not_received", "marac"),
        ("2017-02-01", 0, 28, "not_received", "police"),
        ("2017-03-01", 0, 31, "not_received", "police"),
        ("2017-03-01", 31, 31, "received", "marac"),
        ("2017-04-01", 0, 30, "not_received", "police"),
        ("2017-04-01", 10, 30, "part", "marac"),
    ]
    assert told(covered([]), "coverage_month", "*") == []


# A person at MARAC: six months before the index date is 15 July 2016 to 14 January 2017.
FOLLOW_UP = [
    # days received, first and last day observed, days observed, whole period
    ("all", [("2016-07-15", "2017-01-14")], "2016-07-15", "2017-01-14", 184, True),
    ("more than all", [("2016-01-01", "2018-01-01")], "2016-07-15", "2017-01-14", 184, True),
    ("all, in two files", [("2016-01-01", "2016-10-09"), ("2016-10-10", "2017-05-01")],
     "2016-07-15", "2017-01-14", 184, True),
    ("the first day is missing", [("2016-07-16", "2017-05-01")],
     "2016-07-16", "2017-01-14", 183, False),
    ("the last day is missing", [("2016-01-01", "2017-01-13")],
     "2016-07-15", "2017-01-13", 183, False),
    ("a gap at the start", [("2016-01-01", "2016-06-30"), ("2016-08-01", "2017-05-01")],
     "2016-08-01", "2017-01-14", 167, False),
    ("a gap in the middle", [("2016-01-01", "2016-08-31"), ("2016-10-01", "2017-05-01")],
     "2016-07-15", "2017-01-14", 154, False),
    ("a gap of one day", [("2016-01-01", "2016-08-31"), ("2016-09-02", "2017-05-01")],
     "2016-07-15", "2017-01-14", 183, False),
    ("two gaps", [("2016-07-15", "2016-07-15"), ("2016-08-01", "2016-08-02"),
     ("2017-01-14", "2017-02-01")], "2016-07-15", "2017-01-14", 4, False),
    ("a gap at the end", [("2016-01-01", "2016-12-31"), ("2017-02-01", "2017-05-01")],
     "2016-07-15", "2016-12-31", 170, False),
    ("the whole period is a gap", [("2016-01-01", "2016-07-14"), ("2017-01-15", "2018-01-01")],
     None, None, 0, False),
    ("the data begin later", [("2017-01-15", "2018-01-01")], None, None, 0, False),
    ("the data end before", [("2015-01-01", "2016-07-14")], None, None, 0, False),
]  # fmt: skip


def trial(received: list[tuple[str, str]], hearings: tuple[str, ...] = ()) -> Warehouse:
    house = Warehouse()
    house.allocated(("p1", SITE, "2017-01-15", "intervention"))
    house.rows(
        "staging.cms_service_user", "perpetrator_id, start_date, closure_date",
        ("p1", "2017-01-20", "2017-11-30"),
    )  # fmt: skip
    for days in received:
        house.covered("marac", SITE, *days)
    house.covered("marac", "site_1", "2010-01-01", "2020-12-31")  # another site tells nothing
    house.covered("police", SITE, "2010-01-01", "2020-12-31")  # another source neither
    house.rows(
        "staging.marac_case", "perpetrator_id, victim_id, hearing_date, site",
        *(("p1", f"v{n}", day, SITE) for n, day in enumerate(hearings)),
    )  # fmt: skip
    house.build()
    return house


@pytest.mark.parametrize(
    ("received", "first", "last", "days", "whole"),
    [row[1:] for row in FOLLOW_UP],
    ids=[row[0] for row in FOLLOW_UP],
)
def test_the_days_observed_in_a_period(
    received: list[tuple[str, str]], first: str | None, last: str | None, days: int, whole: bool
) -> None:
    assert trial(received).get(
        "observed_first, observed_last, observed_days, fully_observed", "cohort.follow_up",
        "source = 'marac' and period = 'before'",
    ) == [(first, last, days, whole)]  # fmt: skip


APPEARANCES = [
    # a hearing, and whether it counts in the six months before; September 2016 was not received
    ("2016-08-31", 1),
    ("2016-09-01", 0),
    ("2016-09-30", 0),
    ("2016-10-01", 1),
    ("2016-07-14", 0),
    ("2017-01-15", 0),
]


@pytest.mark.parametrize(("hearing", "expect"), APPEARANCES)
def test_a_hearing_in_a_month_that_was_not_received_does_not_count(
    hearing: str, expect: int
) -> None:
    house = trial([("2016-01-01", "2016-08-31"), ("2016-10-01", "2019-09-30")], (hearing,))
    assert house.get("appearances", "marts.marac_follow_up", "period = 'before'") == [(expect,)]


def test_without_a_day_observed_appearances_are_not_available() -> None:
    house = trial([("2015-01-01", "2016-07-14"), ("2017-01-15", "2019-09-30")], ("2016-09-01",))
    assert house.get(
        "appearances, observed_days", "marts.marac_follow_up", "period = 'before'"
    ) == [(None, 0)]


def test_the_data_end_with_the_last_day_received() -> None:
    house = trial([("2015-01-01", "2018-12-31"), ("2019-03-01", "2019-06-30")])
    assert house.get(
        "last_day, observed_days, fully_observed", "cohort.follow_up",
        "source = 'marac' and period = 'after_12'",
    ) == [("2019-06-30", 31 + 122, False)]  # fmt: skip


day = some.dates(dt.date(2016, 1, 1), dt.date(2018, 12, 31))
run_of_days = some.tuples(day, some.integers(0, 120)).map(
    lambda told: (told[0], told[0] + dt.timedelta(days=told[1]))
)


@settings(max_examples=25, deadline=None)
@for_all(received=some.lists(run_of_days, max_size=6), hearings=some.sets(day, max_size=8))
def test_days_and_events_agree_with_counting_them_one_by_one(
    received: list[tuple[dt.date, dt.date]], hearings: set[dt.date]
) -> None:
    runs = joined(received)
    assert all(one[1] + dt.timedelta(days=1) < other[0] for one, other in pairwise(runs))
    days = {
        first + dt.timedelta(days=n)
        for first, last in received
        for n in range((last - first).days + 1)
    }
    house = trial([(str(a), str(b)) for a, b in runs], tuple(map(str, sorted(hearings))))
    found = house.connection.execute(
        "select f.first_day, f.last_day, f.observed_days, f.fully_observed, m.appearances "
        "from cohort.follow_up as f left join marts.marac_follow_up as m "
        "on f.person_id = m.person_id and f.period = m.period where f.source = 'marac'"
    ).fetchall()
    assert len(found) == (5 if received else 0)
    for first, last, observed, whole, appearances in found:
        length = max(0, (last - first).days + 1)
        of_period = {first + dt.timedelta(days=n) for n in range(length)} & days
        assert observed == len(of_period)
        assert whole == (observed == length > 0)
        assert appearances == (len(hearings & of_period) if of_period else None)


def test_the_rows_of_each_month_follow_from_the_date_of_the_event() -> None:
    house = Warehouse()
    house.connection.execute(
        "create schema raw; create table raw.extract (table_name varchar, extract_id varchar, "
        "source varchar); insert into raw.extract values ('marac_case', 'a', 'marac'), "
        "('cms_need', 'b', 'cms'), ('cms_action', 'b', 'cms'), ('cms_engagement', 'b', 'cms')"
    )
    house.rows(
        "staging.marac_case", "extract_id, site, perpetrator_id, hearing_date",
        ("a", SITE, "p1", "2017-01-31"), ("a", SITE, "p2", "2017-01-01"),
        ("a", "site_1", "p3", "2017-02-01"),
    )  # fmt: skip
    house.rows(
        "staging.cms_need", "extract_id, site, perpetrator_id, assessed_on",
        ("b", SITE, "p1", "2017-01-31"), ("b", SITE, "p2", None),
    )  # fmt: skip
    house.rows("staging.cms_action", "extract_id, site, action_date", ("b", SITE, "2017-01-01"))
    house.rows("staging.cms_engagement", "extract_id, site", ("b", SITE))
    write_month_rows(house.connection)
    assert house.get("source, site, month, rows", "accounting.month") == [
        ("cms", SITE, "2017-01-01", 2),
        ("marac", "site_1", "2017-02-01", 1),
        ("marac", SITE, "2017-01-01", 2),
    ]


def test_a_hearing_counts_only_on_a_day_that_its_site_sent() -> None:
    """cohort.hearing: the one rule that every count of hearings rests on."""
    house = Warehouse()
    house.covered("marac", SITE, "2017-01-01", "2017-02-28")
    house.covered("marac", SITE, "2017-04-01", "2017-04-30")
    house.covered("police", "site_1", "2017-01-01", "2017-12-31")
    given_ = {
        "2016-12-31": False, "2017-01-01": True, "2017-02-28": True, "2017-03-01": False,
        "2017-03-31": False, "2017-04-01": True, "2017-05-01": False,
    }  # fmt: skip
    columns = "perpetrator_id, victim_id, site, hearing_date"
    house.rows("staging.marac_case", columns, *(("p1", "v1", SITE, day) for day in given_))
    house.rows("staging.marac_case", columns, ("p1", "v1", "site_1", "2017-02-03"))
    house.build()
    found = house.get("hearing_date", "cohort.hearing")
    assert found == [(day,) for day, counts in given_.items() if counts]
