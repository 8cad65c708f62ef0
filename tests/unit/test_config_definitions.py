"""The registry of definitions and what a study may say of it."""

from __future__ import annotations

import datetime as dt

import pytest
from given import Warehouse, drive
from pydantic import ValidationError

from datrial.config.definitions import DEFINITIONS, Definitions

BEFORE, CHANGE = dt.date(2023, 5, 31), dt.date(2023, 6, 1)


def test_versions_are_numbered_from_one_and_their_days_rise() -> None:
    for definition in DEFINITIONS.values():
        numbers = [version.number for version in definition.versions]
        assert numbers == list(range(1, len(numbers) + 1))
        days = [version.valid_from for version in definition.versions if version.valid_from]
        assert days == sorted(set(days))
        assert definition.versions[0].valid_from is None
        assert all(DEFINITIONS[name].recorded for name in definition.rests_on)


def test_the_registry_stands_in_the_warehouse_with_the_roles_of_the_study() -> None:
    said = Definitions(
        beside={"marac_repeat": (2,)},
        valid_from={"marac_repeat_referral": {2: dt.date(2018, 4, 1)}},
    )
    house = Warehouse(drive(definitions=said))
    rows = house.get("definition, version, role, within_months, valid_from", "study.definition")
    assert ("marac_repeat", 1, "in_use", None, None) in rows
    assert ("marac_repeat", 2, "beside", 12, None) in rows
    assert ("marac_repeat_referral", 2, "recorded", None, "2018-04-01") in rows
    assert ("police_counting", 2, "recorded", None, "2023-06-01") in rows
    assert [row[2] for row in rows if row[0] == "serial"] == ["in_use"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"use": {"serial": 9}}, "use: serial has no version 9"),
        ({"use": {"cereal": 1}}, "use: there is no definition 'cereal' (serial, marac_repeat"),
        ({"use": {"police_counting": 2}}, "use: there is no definition 'police_counting'"),
        ({"beside": {"marac_repeat": [1]}}, "version 1 of marac_repeat is the one in use"),
        ({"valid_from": {"serial": {7: "2020-01-01"}}}, "valid_from: serial has no version 7"),
    ],
)
def test_what_a_study_says_wrong_of_definitions_is_told(said: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Definitions.model_validate(said)
    assert told in str(raised.value)


def test_all_errors_are_told_at_once() -> None:
    with pytest.raises(ValidationError) as raised:
        Definitions.model_validate({"use": {"serial": 9, "cereal": 1}})
    assert "version 9" in str(raised.value) and "'cereal'" in str(raised.value)


@pytest.mark.parametrize(
    ("first", "last", "crosses"),
    [
        (dt.date(2023, 1, 1), BEFORE, False),
        (dt.date(2023, 1, 1), CHANGE, True),
        (BEFORE, CHANGE, True),
        (CHANGE, dt.date(2024, 1, 1), False),
        (None, None, False),
    ],
)
def test_days_on_both_sides_of_a_change_are_told(
    first: dt.date | None, last: dt.date | None, crosses: bool
) -> None:
    warning = Definitions().crossed("police_repeat", first, last)
    assert ("counting of crimes by the police, version 2 from 1 June 2023" in warning) is crosses
    assert Definitions().crossed("serial", first, last) == ""


def test_a_change_of_our_own_definition_names_the_version_used() -> None:
    said = Definitions(use={"marac_repeat": 2}, valid_from={"marac_repeat": {2: CHANGE}})
    assert said.crossed("marac_repeat", BEFORE, CHANGE) == (
        "crosses a change of definition: repeat perpetrator at MARAC, version 2 from 1 June 2023 "
        "on; version 2 is used for all days"
    )


@pytest.mark.parametrize("windows", [(6, 0), (0, 0, 6), (-6, 0)])
def test_windows_rise_from_the_index_date(windows: tuple[int, ...]) -> None:
    content = drive().model_dump() | {"windows": windows}
    with pytest.raises(ValidationError, match="months of windows must rise"):
        type(drive()).model_validate(content)
