"""The list for the police that somebody else drew: in the ledger as sent, once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from datrial.allocation.commitment import public_seed
from datrial.allocation.entries import Kind, Record
from datrial.allocation.ledger import Ledger
from datrial.allocation.police_list import import_police_request
from datrial.allocation.police_request import request_police, requested_people
from datrial.allocation.recording import import_list
from datrial.allocation.verification import head_line, read_head_line
from datrial.config.study import Study, load_study
from datrial.errors import DataError, UsageError

SHA, OTHER = "ab" * 32, "cd" * 32
DAY = dt.date(2016, 5, 9)


def person(number: int) -> str:
    return f"p_{number:020x}"


#: Of each ten people two of the intervention arm; sites in turn.
ROWS = [
    (person(n), f"site_{n % 3 + 1}", DAY, "intervention" if n % 10 < 2 else "control")
    for n in range(60)
]
LISTED = [row[0] for number, row in enumerate(ROWS) if number % 10 < 4]


@pytest.fixture
def study() -> Study:
    return load_study("drive")


@pytest.fixture
def ledger(tmp_path: Path, study: Study) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        import_list(opened, study, ROWS, SHA, "office")
        yield opened


def imported(ledger: Ledger, study: Study, people: list[str] = LISTED, **how: str) -> Record | None:
    return import_police_request(ledger, study, people, how.pop("digest", OTHER), "office", **how)


def test_the_entry_holds_the_list_as_it_was_sent(ledger: Ledger, study: Study) -> None:
    record = imported(ledger, study, [*LISTED[::-1], LISTED[0], person(99)])
    assert record is not None and record.kind == Kind.POLICE_REQUEST
    body = record.body
    assert (body["scheme"], body["library"], body["list_sha256"]) == ("imported", "imported", OTHER)
    assert body["persons"] == sorted([*LISTED, person(99)])
    assert body["not_allocated"] == 1
    assert "drawn_from" not in body and "controls_per_person" not in body
    assert body["strata"] == [
        {"site": f"site_{n}", "intervention": 4, "of_intervention": 4, "controls": 4,
         "of_controls": 16}
        for n in (1, 2, 3)
    ]  # fmt: skip
    assert (person(99), "1") in requested_people(ledger, study)
    assert len(requested_people(ledger, study)) == 25


def test_the_same_list_again_is_no_new_entry(ledger: Ledger, study: Study) -> None:
    imported(ledger, study)
    head, digest = ledger.head(), ledger.digest(study.study)
    # In another order, and from another file.
    assert imported(ledger, study, LISTED[::-1], digest=SHA) is None
    assert (ledger.head(), ledger.digest(study.study)) == (head, digest)


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ([*LISTED, person(9), person(8)], "names 2 people who are not"),
        (LISTED[1:], "lacks 1 who are"),
        ([person(5)], "names 1 people .* lacks 24 who are"),
    ],
)
def test_another_list_of_the_same_request_is_refused(
    ledger: Ledger, study: Study, people: list[str], said: str
) -> None:
    imported(ledger, study)
    head = ledger.head()
    with pytest.raises(DataError, match=said) as told:
        imported(ledger, study, people)
    assert "request_number" in str(told.value)
    assert not any(each in str(told.value) for each in people)
    assert ledger.head() == head
    # Under another number it is another request.
    second = imported(ledger, study, people, step="2")
    assert second is not None and second.body["step"] == "2"
    assert imported(ledger, study) is None


def test_an_empty_list_records_nothing(ledger: Ledger, study: Study) -> None:
    head = ledger.head()
    assert imported(ledger, study, []) is None
    assert ledger.head() == head


def test_what_cannot_be_entered(tmp_path: Path, ledger: Ledger, study: Study) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        imported(ledger, study, digest="abc")
    head = ledger.head()
    with pytest.raises(DataError, match="1 of 25 people in the entry have no pseudonym"):
        imported(ledger, study, [*LISTED, "REF 7"])
    assert ledger.head() == head
    with Ledger(tmp_path / "empty.sqlite") as empty, pytest.raises(UsageError, match="Nobody was"):
        imported(empty, study)


def test_verify_knows_an_imported_request(ledger: Ledger, study: Study) -> None:
    before = head_line(ledger.head())
    imported(ledger, study)
    assert ledger.verify().valid
    assert ledger.verify(expected=read_head_line(before)).valid
    assert ledger.verify(expected=ledger.head()).entries == ledger.head().sequence


def test_a_drawn_and_an_imported_request_are_told_apart(ledger: Ledger, study: Study) -> None:
    seed = public_seed(study)
    drawn, record = request_police(ledger, study, seed, "office")
    # The list that was drawn here and came back is the same request.
    assert imported(ledger, study, list(drawn.persons)) is None
    with pytest.raises(DataError, match=f"entry {record.sequence}"):
        imported(ledger, study)
    imported(ledger, study, step="2")
    with pytest.raises(UsageError, match="would be another list by now"):
        request_police(ledger, study, seed, "office", step="2")
