"""A person is allocated once: what counts of whoever was allocated under several references."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from given import Warehouse, drive

from datrial.allocation.corrections import correct
from datrial.allocation.eligibility import Hearing
from datrial.allocation.ledger import Ledger
from datrial.allocation.merging import Merged, first_to_last, merge_conflicts, merge_requests
from datrial.allocation.recording import allocate_by_scheme, allocations, exclusions, import_list
from datrial.analyses import participant_flow
from datrial.analyses.base import Context
from datrial.analyses.flow_boxes import splits_of, unbalanced
from datrial.config.allocation import Allocation
from datrial.config.study import Linkage, Study, load_study
from datrial.people.clusters import identities
from datrial.people.linkage import PAIR_COLUMNS, Links
from datrial.pipeline.people import Linked, allocated_references, apply_linkage
from datrial.report.flow_diagram import perpetrators_flow
from datrial.results.cells import Table
from datrial.results.read import RunTable
from datrial.warehouse.study_tables import write_allocations

MARCH, APRIL, MAY = dt.date(2017, 3, 14), dt.date(2017, 4, 11), dt.date(2017, 5, 9)
#: Pseudonyms, of whom the docstrings speak as p_1, p_2 and so on.
P1, P2, P3, P4, P5, P7, P9 = (f"p_{number:020x}" for number in (1, 2, 3, 4, 5, 7, 9))
SETTINGS = Linkage(match_weight=5, review_from=0, review_to=8, within_space=True)
Row = tuple[str, str, dt.date, str, str]
#: (left, right, weight, decision)
Pair = tuple[str, str, float, str]


def row(reference: str, site: str, day: dt.date, arm: str) -> Row:
    return reference, site, day, arm, "imported"


def links(*pairs: Pair) -> Links:
    """Return links among references of one space."""
    rows = [("perpetrator", min(a, b), max(a, b), weight, said) for a, b, weight, said in pairs]
    names = sorted({name for each in rows for name in each[1:3]})
    return Links(
        pd.DataFrame(rows, columns=list(PAIR_COLUMNS)),
        pd.DataFrame({"of": "perpetrator", "reference_id": names, "space": ""}),
        (),
        SETTINGS,
    )


def merged(found: Links, rows: list[Row], weight: float = 5.0) -> Merged:
    """Return what counts of allocations, with people as the links of this weight make them."""
    made = identities(found, weight, preferred=[each[0] for each in first_to_last(rows)]).identity
    return merge_conflicts(rows, dict(zip(made["reference_id"], made["person_id"], strict=True)))


def standing(found: Merged) -> dict[str, tuple[str, dt.date, str]]:
    """Return person -> site, meeting and arm that he is analysed by."""
    return {person: (site, day, arm) for person, site, day, arm, _ in found.allocations}


def test_the_first_allocation_stands_whatever_the_order_of_the_references() -> None:
    for first, second in ((P1, P2), (P2, P1)):
        rows = [row(second, "b", APRIL, "control"), row(first, "b", MARCH, "intervention")]
        found = merged(links((P1, P2, 9.0, "")), rows)
        assert standing(found) == {first: ("b", MARCH, "intervention")}
        assert [(each[1], each[5], each[6]) for each in found.listed] == [
            (first, True, False), (second, False, False),
        ]  # fmt: skip
        assert [conflict.stands for conflict in found.conflicts] == [(first, "intervention")]


def test_of_three_references_the_first_stands_and_all_are_listed() -> None:
    rows = [
        row(P1, "a", MAY, "control"),
        row(P2, "b", MARCH, "control"),
        row(P3, "c", APRIL, "intervention"),
        row(P4, "c", APRIL, "intervention"),
    ]
    found = merged(links((P1, P3, 9.0, ""), (P2, P3, 8.0, "")), rows)
    assert standing(found) == {
        P2: ("b", MARCH, "control"), P4: ("c", APRIL, "intervention"),
    }  # fmt: skip
    assert found.joined == 2
    assert found.listed == (
        (P2, P2, "b", MARCH, "control", True, False),
        (P2, P3, "c", APRIL, "intervention", False, False),
        (P2, P1, "a", MAY, "control", False, False),
    )


def test_of_two_on_one_day_the_site_decides_and_then_the_pseudonym() -> None:
    found = links((P1, P2, 9.0, ""))
    by_site = [row(P1, "b", MARCH, "control"), row(P2, "a", MARCH, "intervention")]
    assert standing(merged(found, by_site)) == {P2: ("a", MARCH, "intervention")}
    by_name = [row(P2, "a", MARCH, "control"), row(P1, "a", MARCH, "intervention")]
    assert standing(merged(found, by_name)) == {P1: ("a", MARCH, "intervention")}


def test_in_the_same_arm_nothing_is_in_conflict_and_one_row_falls_away() -> None:
    rows = [row(P1, "a", MARCH, "control"), row(P2, "b", APRIL, "control")]
    found = merged(links((P1, P2, 9.0, "")), rows)
    assert (found.conflicts, found.joined) == ((), 1)
    assert all(each[6] for each in found.listed)


def test_a_reference_that_was_never_allocated_joins_the_first_allocation() -> None:
    """Neither its id nor where it stands in the order matters."""
    rows = [row(P2, "a", APRIL, "control"), row(P3, "b", MARCH, "intervention")]
    found = merged(links((P1, P2, 9.0, ""), (P1, P3, 8.0, "")), rows)
    assert standing(found) == {P3: ("b", MARCH, "intervention")}


def test_what_is_one_person_at_a_low_cut_is_two_at_a_high_one() -> None:
    rows = [row(P1, "a", MARCH, "control"), row(P2, "b", APRIL, "intervention")]
    found = links((P1, P2, 7.0, ""))
    assert len(merged(found, rows, 6.0).allocations) == 1
    apart = merged(found, rows, 8.0)
    assert apart.allocations == rows
    assert apart.listed == ()


def test_two_people_by_review_are_two_people() -> None:
    rows = [row(P1, "a", MARCH, "control"), row(P2, "b", APRIL, "intervention")]
    assert merged(links((P1, P2, 20.0, "different")), rows).listed == ()
    # ... also where a third reference is like both: it goes with the stronger link
    third = links((P1, P2, 20.0, "different"), (P1, P9, 9.0, ""), (P2, P9, 8.0, ""))
    assert merged(third, rows).allocations == rows


def test_whom_the_police_were_asked_about_under_two_references_is_asked_about_once() -> None:
    asked = [(P1, "1"), (P2, "1"), (P2, "2"), (P5, "1")]
    identity = {P1: P1, P2: P1}
    assert merge_requests(asked, identity) == [(P1, "1"), (P1, "2"), (P5, "1")]


# From the ledger on


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def mapped(listed: list[tuple[str, str, str, str]]) -> duckdb.DuckDBPyConnection:
    """Return loaded extracts: an allocation list, and a MARAC case for each row of it."""
    connection = duckdb.connect()
    connection.execute(
        "create schema mapped; create table mapped.allocation_list "
        "(perpetrator_id varchar, site varchar, meeting_date date, arm varchar); "
        "create table mapped.marac_case (perpetrator_id varchar, victim_id varchar, site varchar)"
    )
    for each in listed:
        connection.execute("insert into mapped.allocation_list values (?, ?, ?, ?)", list(each))
        connection.execute("insert into mapped.marac_case values (?, 'v', ?)", list(each[:2]))
    return connection


LISTED = [
    (P1, "site_2", "2017-04-11", "intervention"),
    (P2, "site_1", "2017-03-14", "control"),
    (P3, "site_1", "2017-03-14", "control"),
]
TWICE = links((P1, P2, 9.0, ""))


def imported(ledger: Ledger, connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """Import what stands in the list, and return the ledger's allocations."""
    rows = connection.execute("select perpetrator_id, site, meeting_date, arm from "
                              "mapped.allocation_list").fetchall()  # fmt: skip
    import_list(ledger, load_study("drive"), rows, "ab" * 32, "office")
    return allocations(ledger, load_study("drive"))


def test_a_list_that_names_a_person_twice_is_imported_as_it_is(ledger: Ledger) -> None:
    connection = mapped(LISTED)
    known = allocated_references(connection, [])
    assert known == [P2, P3, P1]
    identity = apply_linkage(connection, Linked(TWICE, pd.DataFrame()), 5.0, known)
    assert identity == {P1: P2, P2: P2}
    heard = connection.execute("select perpetrator_id from mapped.marac_case order by all")
    assert heard.fetchall() == [(P2,), (P2,), (P3,)]
    rows = imported(ledger, connection)
    assert sorted(each[0] for each in rows) == [P1, P2, P3]
    assert standing(merge_conflicts(rows, identity)) == {
        P2: ("site_1", MARCH, "control"), P3: ("site_1", MARCH, "control"),
    }  # fmt: skip
    # The same again, now that the ledger holds them, changes nothing.
    again = mapped(LISTED)
    known = allocated_references(again, rows)
    assert apply_linkage(again, Linked(TWICE, pd.DataFrame()), 5.0, known) == identity
    assert imported(ledger, again) == rows


def test_a_link_that_appears_after_both_were_allocated_joins_them(ledger: Ledger) -> None:
    before = mapped(LISTED)
    rows = imported(ledger, before)
    assert apply_linkage(before, Linked(links(), pd.DataFrame()), 5.0, [P2, P1]) == {}
    assert len(merge_conflicts(rows, {}).allocations) == 3
    after = mapped(LISTED)
    identity = apply_linkage(
        after, Linked(TWICE, pd.DataFrame()), 5.0, allocated_references(after, rows)
    )
    assert len(merge_conflicts(rows, identity).allocations) == 2
    assert allocations(ledger, load_study("drive")) == rows


def test_a_corrected_meeting_decides_which_allocation_is_the_first(ledger: Ledger) -> None:
    connection = mapped(LISTED)
    study = load_study("drive")
    imported(ledger, connection)
    (entry,) = [e for e in ledger.entries(study.study) if e.allocation.person_id == P1]
    correct(
        ledger, study, entry.sequence, "meeting_date", "2017-02-14",
        reason="the list had the day of the second meeting", operator="office",
    )  # fmt: skip
    known = allocated_references(connection, allocations(ledger, study))
    assert known[0] == P1
    identity = apply_linkage(connection, Linked(TWICE, pd.DataFrame()), 5.0, known)
    found = merge_conflicts(allocations(ledger, study), identity)
    assert standing(found)[P1] == ("site_2", dt.date(2017, 2, 14), "intervention")


def own_scheme(method: str) -> Study:
    settings = {"method": method, "eligibility": {"minimum_age": 16}}
    return drive(allocation=Allocation.model_validate(settings))


@pytest.mark.parametrize("method", ["simple", "capacity_lottery"])
def test_whoever_has_any_allocated_reference_is_not_drawn_again(
    ledger: Ledger, method: str
) -> None:
    """p_1 and p_2 were drawn before they were found to be one; p_7 is a third reference."""
    study = own_scheme(method)
    places = [("site_1", day, 1) for day in (MARCH, APRIL, MAY)]

    def draw(*hearings: Hearing) -> int:
        return allocate_by_scheme(ledger, study, hearings, places, "office", MAY).new

    def heard(person: str, day: dt.date) -> Hearing:
        return Hearing(person, "site_1", day, 30)

    assert draw(heard(P2, MARCH), heard(P1, APRIL)) == 2
    rows = allocations(ledger, study)
    found = links((P1, P2, 9.0, ""), (P1, P7, 9.0, ""))
    made = identities(found, 5.0, preferred=allocated_references(duckdb.connect(), rows)).identity
    identity = dict(zip(made["reference_id"], made["person_id"], strict=True))
    assert set(identity.values()) == {P2}
    linked = [heard(identity[who], day) for who, day in
              ((P2, MARCH), (P1, APRIL), (P7, MAY))]  # fmt: skip
    assert draw(*linked, heard(P9, MAY)) == 1
    after = allocations(ledger, study)
    assert [each for each in after if each[0] != P9] == rows
    first = next(each for each in rows if each[0] == P2)
    assert standing(merge_conflicts(after, identity))[P2] == first[1:4]
    assert exclusions(ledger, study, [*linked, heard(P9, MAY)], places) == []


# In the participant flow


def flow(house: Warehouse) -> Table:
    house.build()
    context = Context(house.connection, house.study, np.random.default_rng(1))
    tables = participant_flow.ANALYSIS.run(context, participant_flow.ANALYSIS.parameters())
    return next(table for table in tables if table.id == "participant_flow.perpetrators")


def house_with(rows: list[Row], identity: dict[str, str], study: Study | None = None) -> Warehouse:
    house = Warehouse(study)
    found = merge_conflicts(rows, identity)
    write_allocations(house.connection, found.allocations, [], merged=found.listed)
    return house


ROWS = [
    row(P1, "site_1", MARCH, "control"),
    row(P2, "site_2", APRIL, "intervention"),
    row(P3, "site_2", APRIL, "intervention"),
    row(P4, "site_2", MAY, "intervention"),
    row(P5, "site_2", MAY, "control"),
]


def counts(table: Table, name: str) -> list[Any]:
    return [table.get(name, column, "count").value for column in ("all", "intervention", "control")]


def test_the_flow_adds_up_to_the_allocations_in_the_ledger() -> None:
    """p_1 and p_2 are one in two arms, p_3 and p_4 one in the intervention."""
    identity = {P1: P1, P2: P1, P3: P3, P4: P3}
    table = flow(house_with(ROWS, identity))
    assert counts(table, "recorded") == [5, 3, 2]
    assert counts(table, "joined") == [2, 2, 0]
    assert counts(table, "allocated") == [3, 1, 2]
    splits = splits_of(table)
    assert unbalanced(table, splits) == []
    assert {name for each in splits for name in (each.whole, *each.parts)} == set(table.row_labels)


def test_the_flow_has_these_boxes_only_where_linkage_can_join() -> None:
    assert "joined" not in flow(house_with(ROWS, {})).row_labels
    table = flow(house_with(ROWS, {}, drive(linkage=SETTINGS)))
    assert counts(table, "recorded") == counts(table, "allocated") == [5, 3, 2]
    assert counts(table, "joined") == [0, 0, 0]


def test_the_drawing_tells_how_many_allocations_were_joined() -> None:
    table = flow(house_with(ROWS, {P1: P1, P2: P1}))
    figure = perpetrators_flow(RunTable("participant_flow", table, {}))
    assert figure is not None
    assert "joined by linkage" in str(figure.svg)
    assert "Allocations in the ledger: All 5" in figure.alt
    # where nobody was allocated twice, the drawing has no such line
    house = house_with(ROWS, {}, drive(linkage=SETTINGS))
    figure = perpetrators_flow(RunTable("participant_flow", flow(house), {}))
    assert figure is not None
    assert "joined by linkage" not in str(figure.svg)
