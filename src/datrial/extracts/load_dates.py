r"""SQL that reads a date of an agency's file.

Dates are calendar dates of the agencies' clock. A time without a zone is local
and its date stands, also where summer time began and there was no such time. A
time with a zone (``Z``, ``+00:00``, ``BST``) is a moment: 2017-06-30T23:30Z was
00:30 on 1 July in Britain, and the incident is of that day.
"""

from __future__ import annotations

import datetime as dt

from datrial.config.mapping import SourceMapping

_MONTH = (
    "(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?"
    "|oct(ober)?|nov(ember)?|dec(ember)?)"
)
_CLOCK = r"[ t]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?"
_ZONE = r" ?(z|utc|gmt|bst|[+-](0\d|1[0-4])(:?[0-5]\d)?)$"

#: Of text as it is compared: its date without the time; a written date brought to the form
#: "3 mar 2017"; and the date in Britain of a time with a zone, given the date as written.
DATE_MACROS = rf"""
create or replace temp macro as_day(compared) as
    translate(regexp_replace(compared, '{_CLOCK}({_ZONE}|( ?[ap]m)?$)', ''), '-. ', '///');
create or replace temp macro written_date(compared) as
    case
        when regexp_matches(as_day(compared), '^\d{{1,2}}(st|nd|rd|th)?/?{_MONTH},?/?\d{{4}}$')
            then regexp_extract(as_day(compared), '^\d+') || ' '
                || left(regexp_extract(as_day(compared), '{_MONTH}'), 3) || ' '
                || right(as_day(compared), 4)
        when regexp_matches(as_day(compared), '^{_MONTH}/\d{{1,2}}(st|nd|rd|th)?,?/\d{{4}}$')
            then regexp_extract(as_day(compared), '\d+') || ' '
                || left(compared, 3) || ' '
                || right(as_day(compared), 4)
    end;
create or replace temp macro minutes(digits) as
    60 * cast(left(digits, 2) as integer) + coalesce(try_cast(right(digits, -2) as integer), 0);
create or replace temp macro minutes_ahead(zone) as
    case
        when zone = 'bst' then 60
        when starts_with(zone, '+') then minutes(replace(right(zone, -1), ':', ''))
        when starts_with(zone, '-') then -minutes(replace(right(zone, -1), ':', ''))
        else 0
    end;
create or replace temp macro date_in_britain(compared, written) as
    case
        when not regexp_matches(compared, '{_CLOCK}{_ZONE}') then written
        else cast(
            timezone('Europe/London', timezone('UTC',
                written
                + try_cast(regexp_extract(compared, '[ t](\d{{1,2}}:\d{{2}})', 1) as time)
                - to_minutes(minutes_ahead(regexp_extract(compared, '{_ZONE}', 1)))
            )) as date
        )
    end;
"""

_YEAR_FIRST = r"^\d{4}/\d{1,2}/\d{1,2}$"
_YEAR_LAST = r"^\d{1,2}/\d{1,2}/\d{4}$"
_TWO_DIGIT_YEAR = rf"^(\d{{1,2}}/\d{{1,2}}/|\d{{1,2}}(st|nd|rd|th)?/?{_MONTH},?/?)\d{{2}}$"
_EXCEL_SERIAL = r"^\d{5}(\.\d+)?$"
_WORKBOOKS = ("excel", "ods")
_ORDERS = {"day_first": "%d/%m/%Y", "month_first": "%m/%d/%Y"}


def date_value(mapping: SourceMapping, last_day: dt.date) -> str:
    """Return SQL for the date, null where there is none on the calendar or in the window.

    A numeric date is read in the mapping's order alone: reading 12/25/2017 the
    other way round would hide that 05/06/2017 beside it may be wrong. The window
    ends a year after the extract's last day, not after today, so that the same
    extract gives the same rows for ever.
    """
    day = "as_day(compared)"
    cases = [f"when regexp_matches({day}, '{_YEAR_FIRST}') then try_strptime({day}, '%Y/%m/%d')"]
    if mapping.dates in _ORDERS:
        form = _ORDERS[mapping.dates]
        cases.append(
            f"when regexp_matches({day}, '{_YEAR_LAST}') then try_strptime({day}, '{form}')"
        )
    if mapping.format in _WORKBOOKS:
        cases.append(
            f"when regexp_matches(compared, '{_EXCEL_SERIAL}') "
            "then date '1899-12-30' + try_cast(split_part(compared, '.', 1) as integer)"
        )
    cases.append("else try_strptime(written_date(compared), '%d %b %Y')")
    date = f"date_in_britain(compared, cast(case {' '.join(cases)} end as date))"
    last = f"date '{last_day.isoformat()}' + interval 1 year"
    return f"case when {date} between date '1900-01-01' and {last} then {date} end"


def date_problem(mapping: SourceMapping) -> str:
    """Return SQL that names why a text is no usable date."""
    day = "as_day(compared)"
    cases = [f"when regexp_matches({day}, '{_TWO_DIGIT_YEAR}') then 'two-digit year'"]
    if mapping.dates not in _ORDERS:
        cases.append(
            f"when regexp_matches({day}, '{_YEAR_LAST}') then 'day and month in unknown order'"
        )
    looks_like_a_date = [
        f"regexp_matches({day}, '{_YEAR_FIRST}')",
        f"regexp_matches({day}, '{_YEAR_LAST}')",
        "written_date(compared) is not null",
    ]
    if mapping.format in _WORKBOOKS:
        looks_like_a_date.append(f"regexp_matches(compared, '{_EXCEL_SERIAL}')")
    cases.append(f"when {' or '.join(looks_like_a_date)} then 'impossible date'")
    return f"case {' '.join(cases)} else 'not a date' end"
