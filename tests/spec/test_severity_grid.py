"""The Severity of Abuse Grid of a person: the first at intake, the last at exit, by teller."""

from __future__ import annotations

from grids import House

COLUMNS = "person_id, told_by, arm, intake_on, midway_on, exit_on, physical_intake, physical_exit"


def test_of_several_episodes_the_first_intake_and_the_last_exit_count() -> None:
    house = House()
    house.clients("p1")
    house.grid("p1", "intake", "2022-02-01", "hnnn")
    house.grid("p1", "exit", "2022-03-01", "mnnn")
    house.grid("p1", "intake", "2022-05-01", "snnn")
    house.grid("p1", "exit", "2022-08-01", "nnnn")
    house.build()
    assert house.get(COLUMNS, "marts.severity_pair") == [
        ("p1", "worker", "intervention", "2022-02-01", None, "2022-08-01", "high", "none")
    ]
    assert house.get("intake_grids, midway_grids, exit_grids", "marts.severity_pair") == [(2, 0, 2)]


def test_an_exit_from_before_the_intake_is_no_later_reading() -> None:
    house = House()
    house.clients("p1", "p2")
    house.grid("p1", "exit", "2022-01-31", "mnnn")
    house.grid("p1", "midway", "2022-01-15", "mnnn")
    house.grid("p1", "intake", "2022-02-01", "hnnn")
    house.grid("p2", "intake", "2022-02-01", "hnnn")
    house.grid("p2", "exit", "2022-02-01", "nnnn")
    house.build()
    assert house.get(COLUMNS, "marts.severity_pair") == [
        ("p1", "worker", "intervention", "2022-02-01", None, None, "high", None),
        ("p2", "worker", "intervention", "2022-02-01", None, "2022-02-01", "high", "none"),
    ]


def test_the_last_midway_grid_counts_and_an_exit_needs_no_intake() -> None:
    house = House()
    house.clients("p1", "p2")
    house.grid("p1", "midway", "2022-03-01", "hnnn")
    house.grid("p1", "midway", "2022-04-01", "snnn")
    house.grid("p2", "exit", "2022-06-01", "-nnn")
    house.build()
    assert house.get("person_id, midway_on, physical_midway, exit_on", "marts.severity_pair") == [
        ("p1", "2022-04-01", "standard", None),
        ("p2", None, None, "2022-06-01"),
    ]


def test_each_teller_has_a_row_and_nobody_who_was_not_referred_has_an_arm() -> None:
    house = House()
    house.clients("p1")
    house.clients("p2", extract="of_others")
    house.grid("p1", "intake", "2022-02-01", "hnnn", "worker")
    house.grid("p1", "intake", "2022-02-02", "nnnn", "client")
    house.grid("p2", "intake", "2022-02-01", "hnnn", None)
    house.grid("p3", "intake", "2022-02-01", "hnnn")
    house.build()
    assert house.get("person_id, told_by, arm, physical_intake", "marts.severity_pair") == [
        ("p1", "client", "intervention", "none"),
        ("p1", "worker", "intervention", "high"),
        ("p2", "not_said", "others", "high"),
        ("p3", "worker", None, "high"),
    ]
