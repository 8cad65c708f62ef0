"""Days: the months of the data, MARAC meeting days, ages, and periods of follow-up."""

from __future__ import annotations

import datetime as dt

import numpy as np

from datrial.simulate.randomness import Array

DATA_START = dt.date(2015, 8, 1)
DATA_END = dt.date(2019, 9, 30)
DAYS_BETWEEN_MEETINGS = 14
PERIODS = ("before", "during", "after_0_6", "after_6_12", "after_12")


def day(date: dt.date) -> np.datetime64:
    """Return a date as numpy knows it."""
    return np.datetime64(date, "D")


def add_months(days: Array, months: int) -> Array:
    """Return the same day some months on, or the month's last day if it has no such day."""
    month = days.astype("datetime64[M]")
    offset = days - month.astype("datetime64[D]")
    target = month + months
    last = (target + 1).astype("datetime64[D]") - target.astype("datetime64[D]") - 1
    moved: Array = target.astype("datetime64[D]") + np.minimum(offset, last)
    return moved


def age_on(born: Array, on: Array) -> Array:
    """Return ages in completed years."""
    years = on.astype("datetime64[Y]").astype(int) - born.astype("datetime64[Y]").astype(int)
    ages: Array = years - (_day_of_year_key(on) < _day_of_year_key(born))
    return ages


def _day_of_year_key(days: Array) -> Array:
    month = days.astype("datetime64[M]")
    key: Array = month.astype(int) % 12 * 32 + (days - month.astype("datetime64[D]")).astype(int)
    return key


def meeting_days(site_number: int) -> Array:
    """Return a site's MARAC days: every two weeks, sites on different weekdays."""
    first = day(DATA_START) + 3 + site_number
    return np.arange(first, day(DATA_END) + 1, DAYS_BETWEEN_MEETINGS)


def follow_up(index: Array, end: Array) -> tuple[Array, Array]:
    """Return each period's first and last day, people x periods, cut at the data's end.

    A period that is not observed has its last day before its first.
    """
    after_6, after_12 = add_months(end, 6), add_months(end, 12)
    first = np.stack([add_months(index, -6), index + 1, end + 1, after_6 + 1, after_12 + 1], 1)
    data_end = np.full(len(index), day(DATA_END))
    last = np.stack([index - 1, end, after_6, after_12, data_end], 1)
    return first, np.minimum(last, data_end[:, None])
