"""Given what an agency wrote, expect the form in which it is compared, or nothing."""

from __future__ import annotations

import datetime as dt

import pytest

from datrial.people.cleaning import (
    clean_date,
    clean_given_name,
    clean_name,
    clean_postcode,
    split_name,
)
from datrial.people.nicknames import full_names
from datrial.people.records import postcode_area

LAST = dt.date(2019, 9, 30)


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ("Ardlebottom, Brambix", ("BRAMBIX", "ARDLEBOTTOM")),
        ("ARDLEBOTTOM,BRAMBIX", ("BRAMBIX", "ARDLEBOTTOM")),
        ("Brambix Ardlebottom", ("BRAMBIX", "ARDLEBOTTOM")),
        ("  brambix   ARDLEBOTTOM ", ("BRAMBIX", "ARDLEBOTTOM")),
        ("ARDLEBOTTOM Brambix", ("BRAMBIX", "ARDLEBOTTOM")),
        ("Mr Brambix Quell Ardlebottom", ("BRAMBIX", "ARDLEBOTTOM")),
        ("Ardlebottom, Mr. Brambix Quell", ("BRAMBIX", "ARDLEBOTTOM")),
        ("Brambix van der Ardle", ("BRAMBIX", "VAN DER ARDLE")),
        ("Brambix Ardle-Bottom", ("BRAMBIX", "ARDLE BOTTOM")),
        ("Brambix O'Ardle", ("BRAMBIX", "OARDLE")),
        ("Brambix O’Ardle", ("BRAMBIX", "OARDLE")),
        ("Brámbïx Łardle", ("BRAMBIX", "LARDLE")),
        ("Brambix Ardle (aka Bram)", ("BRAMBIX", "ARDLE")),
        ("Ardlebottom", (None, "ARDLEBOTTOM")),
        ("Ardlebottom,", (None, "ARDLEBOTTOM")),
        ("unknown", (None, None)),
        ("Unknown, Unknown", (None, None)),
        ("Not  Known", (None, None)),
        ("", (None, None)),
        ("  ", (None, None)),
        (",", (None, None)),
        ("12345", (None, None)),
        ("-", (None, None)),
    ],
)
def test_full_names(given: str, expect: tuple[str | None, str | None]) -> None:
    assert split_name(given) == expect


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ("Smyth-Jones", "SMYTH JONES"),
        ("Mc Ardle", "MC ARDLE"),
        ("Dr. Ardle", "ARDLE"),
        ("Æsop", "AESOP"),
        ("N/K", None),
        ("Surname unknown", None),
    ],
)
def test_family_names(given: str, expect: str | None) -> None:
    assert clean_name(given) == expect


def test_only_the_first_given_name_is_compared() -> None:
    assert clean_given_name("Brambix Quell") == "BRAMBIX"
    assert clean_given_name("Mr") is None


@pytest.mark.parametrize(
    ("given", "order", "expect"),
    [
        ("03/04/1985", "day_first", "1985-04-03"),
        ("03/04/1985", "month_first", "1985-03-04"),
        ("03/04/1985", "year_first", None),
        ("25/12/1985", "month_first", None),
        ("1985-04-03", "day_first", "1985-04-03"),
        ("1985-04-03 00:00:00", "day_first", "1985-04-03"),
        ("1985-04-03T00:00:00Z", "day_first", "1985-04-03"),
        ("19850403", "day_first", "1985-04-03"),
        ("3.4.1985", "day_first", "1985-04-03"),
        ("3 April 1985", "month_first", "1985-04-03"),
        ("3-Apr-1985", "day_first", "1985-04-03"),
        ("3rd Apr 1985", "day_first", "1985-04-03"),
        ("April 3, 1985", "day_first", "1985-04-03"),
        ("31/02/1985", "day_first", None),
        ("03/04/85", "day_first", None),
        ("01/01/1900", "day_first", None),  # what a form fills in by itself
        ("30/09/2019", "day_first", "2019-09-30"),
        ("01/10/2019", "day_first", None),  # born after the extract's last day
        ("31140", "day_first", "1985-04-03"),
        ("31140.0", "day_first", "1985-04-03"),
        ("99999999", "day_first", None),
        ("not known", "day_first", None),
        ("", "day_first", None),
    ],
)
def test_dates_of_birth(given: str, order: str, expect: str | None) -> None:
    assert clean_date(given, order, serial=True, last=LAST) == expect  # type: ignore[arg-type]


def test_a_number_is_a_day_only_in_a_workbook() -> None:
    assert clean_date("31140", "day_first", serial=False, last=LAST) is None


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ("xa1 2bc", "XA12BC"),
        (" XA12BC ", "XA12BC"),
        ("xa1-2bc", "XA12BC"),
        ("XA11 2BC", "XA112BC"),
        ("X1A 2BC", "X1A2BC"),
        ("XA1", "XA1"),
        ("ZZ99 3VZ", None),
        ("1 High Street", None),
        ("unknown", None),
        ("", None),
    ],
)
def test_postcodes(given: str, expect: str | None) -> None:
    assert clean_postcode(given) == expect


@pytest.mark.parametrize(
    ("given", "expect"), [("XA12BC", "XA"), ("X1A2BC", "X"), ("XA1", "XA"), (None, None)]
)
def test_postcode_areas(given: str | None, expect: str | None) -> None:
    assert postcode_area(given) == expect


def test_short_forms_are_known_both_ways() -> None:
    assert full_names("BILL") == ("WILLIAM",)
    assert full_names("WILLIAM") == ("WILLIAM",)
    assert set(full_names("ALEX")) == {"ALEXANDER", "ALEXANDRA"}
    assert full_names("BRAMBIX") == ("BRAMBIX",)
