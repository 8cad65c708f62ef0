"""The study file, mappings and table contract: unknown keys are errors, all told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from datrial.config.load import parse, read_yaml
from datrial.config.mapping import SourceMapping, load_mappings
from datrial.config.study import Study, load_study, studies
from datrial.config.tables import staging_tables
from datrial.errors import UsageError


def mapping(**changes: object) -> dict[str, object]:
    return {
        "source": "marac", "site": "site_1", "file": "cases.csv", "format": "csv",
        "covers": {"start": "2016-01-01", "end": "2019-09-30"},
        "tables": [
            {
                "table": "marac_case",
                "columns": {
                    "perpetrator_id": "Perp", "victim_id": "Victim", "hearing_date": "Date",
                    "repeat_case": "Repeat",
                },
                "values": {"repeat_case": {"yes": ["Y"], "no": ["N"]}},
            }
        ],
        **changes,
    }  # fmt: skip


def test_every_study_file_and_its_mappings_can_be_read() -> None:
    assert "drive" in studies()
    for name in studies():
        assert load_mappings(load_study(name).sources)


def test_a_study_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(UsageError, match=r"no study 'dirve'.*drive"):
        load_study("dirve")


def test_all_errors_of_a_study_file_are_told_at_once() -> None:
    content = load_study("drive").model_dump(mode="json")
    content |= {"quarantine_limit": 7, "colour": "red", "primary_outcomes": ["happiness"]}
    del content["seed"]
    with pytest.raises(UsageError) as told:
        parse(Study, content, "study.yaml")
    for word in ("seed", "quarantine_limit", "colour"):
        assert word in str(told.value)


def test_a_primary_outcome_must_be_planned() -> None:
    content = load_study("drive").model_dump(mode="json") | {"primary_outcomes": ["happiness"]}
    with pytest.raises(UsageError, match="happiness"):
        parse(Study, content, "study.yaml")


def test_yes_and_no_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("answers: {yes: [Y, On], no: [N, Off]}\nfact: true\n")
    assert read_yaml(path) == {"answers": {"yes": ["Y", "On"], "no": ["N", "Off"]}, "fact": True}


@pytest.mark.parametrize(
    ("text", "told"),
    [("a: 1\na: 2\n", "key given twice: a"), ("a: [1\n", "line 2"), (None, "cannot be read")],
)
def test_a_faulty_yaml_file_is_told_with_its_place(
    tmp_path: Path, text: str | None, told: str
) -> None:
    path = tmp_path / "faulty.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=told) as error:
        read_yaml(path)
    assert "faulty.yaml" in str(error.value) and str(tmp_path) not in str(error.value)


def test_a_good_mapping_passes() -> None:
    assert parse(SourceMapping, mapping(), "m").tables[0].values["repeat_case"]["yes"] == ("Y",)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"colour": "red"}, "colour"),
        ({"file": "../cases.csv"}, "without folders"),
        ({"site": None}, "site_column"),
        ({"covers": {"start": "2019-01-01", "end": "2018-01-01"}}, "ends before it starts"),
        ({"covers": None}, "give `covers`"),
        ({"file": "cases_{year}.csv"}, "exclude each other"),
        ({"file": "cases_{month}.csv"}, "follow from"),
        ({"file": "cases_{year}_{year}.csv"}, "twice"),
        ({"file": "cases_{site}.csv"}, "not known"),
        ({"format": "parquet", "tables": [{"header_row": 2}]}, "tables"),
        ({"not_received": ["2017-13"]}, "not_received"),
    ],
)
def test_a_faulty_mapping_is_told(changes: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        parse(SourceMapping, mapping(**changes), "m")


def test_a_mapping_that_does_not_fit_its_table_tells_everything() -> None:
    table = {
        "table": "marac_case",
        "columns": {"perpetrator_id": "P", "victim_id": "P", "shoe_size": "S"},
        "values": {"repeat_case": {"perhaps": ["P"]}},
        "withheld": ["S"],
    }
    with pytest.raises(UsageError) as told:
        parse(SourceMapping, mapping(tables=[table]), "m")
    for words in (
        "no column 'shoe_size'", "'hearing_date' is not mapped",
        "'perhaps' is not one of our codes", "'P' is used twice", "'S' is used twice",
    ):  # fmt: skip
        assert words in str(told.value)


HORRIBLE = """
source: marac
colour: red
site_code: 7
format: word
encoding: latin-99
delimiter: ";;"
dates: sometimes
covers: {start: 2019-01-01, end: 2018-01-01}
not_received: ["2017-13"]
missing: ["-", DK]
dont_know: [dk, 9]
tables:
  - table: marac_case
    header_row: 0
    columns: {perpetrator_id: P, victim_id: " p ", shoe_size: S, repeat_case: R, hearing_date: [a]}
    constants: {referral_agency: milkman, perpetrator_age: "3"}
    values:
      repeat_case: {yes: [Y, Ja], no: [N, "ja "], perhaps: [P]}
      children_count: {yes: [1]}
    site_column: Area
    identifiers:
      hearing_date: {postcode: PC}
      perpetrator_id: {nickname: Nick}
    withheld: [S]
  - table: marac_kase
    columns: {perpetrator_id: P}
    colour: red
    site_column: Area
    site_values: {site_1: [one, One], site_2: [ONE]}
"""
#: Every fault of it, in the words in which it is told.
TOLD = [
    "file: is missing",
    "format: Input should be 'csv', 'excel', 'ods' or 'parquet'",
    "delimiter: String should have at most 1 character",
    "dates: Input should be 'day_first', 'month_first' or 'year_first'",
    "covers: the period ends before it starts",
    "not_received > 0: String should match pattern",
    "dont_know > 1: should be text: put it in quotation marks",
    "tables > 0 > header_row: Input should be greater than or equal to 1",
    "tables > 0 > columns > hearing_date: should be text: put it in quotation marks",
    "tables > 0 > identifiers > perpetrator_id > nickname: Input should be 'full_name'",
    "tables > 0 > values > children_count > yes > 0: should be text: put it in quotation marks",
    "tables > 1 > colour: there is no such setting",
    "colour: there is no such setting",
    "site_code: there is no such setting",
    "there is no encoding 'latin-99' of text",
    "the spelling 'DK' stands under `missing` and `dont_know`",
    "tables > 0 (marac_case): marac_case has no column 'shoe_size'",
    "tables > 0 (marac_case): constants: 'referral_agency' is 'milkman'; use one of its codes",
    "tables > 0 (marac_case): constants: 'perpetrator_age' is '3'",
    "tables > 0 (marac_case): values of 'repeat_case': 'perhaps' is not one of our codes: yes, no",
    "tables > 0 (marac_case): values of 'children_count': 'yes' is not one of our codes: it has no",
    "tables > 0 (marac_case): identifiers: 'hearing_date' is no reference to a person",
    "tables > 0 (marac_case): values of 'repeat_case': the spelling 'Ja' has two codes: yes and no",
    "tables > 0 (marac_case): values: 'children_count' is not mapped under `columns`",
    "tables > 0 (marac_case): `site_column` and `site_values` belong together",
    "tables > 0 (marac_case): the agency's column 'P' is used twice",
    "tables > 0 (marac_case): the agency's column 'S' is used twice",
    "tables > 1 (marac_kase): there is no staging table 'marac_kase'",
    "tables > 1 (marac_kase): site_values: the spelling 'one' has two sites: site_1 and site_2",
]


def test_a_horrible_mapping_file_is_told_whole(tmp_path: Path) -> None:
    path = tmp_path / "horrible.yaml"
    path.write_text(HORRIBLE)
    with pytest.raises(UsageError) as told:
        parse(SourceMapping, read_yaml(path), "horrible.yaml")
    first, *lines = str(told.value).split("\n")
    missing = [fault for fault in TOLD if not any(f"  - {fault}" in line for line in lines)]
    assert not missing
    # one line more than faults: a header row is a number or `find`, and 0 is neither
    assert len(lines) == len(set(lines)) == len(TOLD) + 1
    assert first == f"horrible.yaml has {len(lines)} error(s):"


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (None, 1),
        ([], 1),
        ({}, 4),
        ({"tables": 3}, 4),
        ({"tables": [3, None]}, 5),
        ({"source": 1, "file": [], "format": {}, "tables": {}, "covers": "x", "missing": "-"}, 6),
        ({"tables": [{"table": "marac_case", "columns": {"perpetrator_id": {}}, "values": []}]}, 8),
    ],
)
def test_any_content_ends_in_a_list_of_errors(content: object, lines: int) -> None:
    with pytest.raises(UsageError) as told:
        parse(SourceMapping, content, "m")
    assert len(str(told.value).split("\n")) == 1 + lines, str(told.value)


def test_telling_errors_changes_nothing_of_what_was_read() -> None:
    content = mapping(colour="red", covers=None)
    with pytest.raises(UsageError):
        parse(SourceMapping, content, "m")
    assert content == mapping(colour="red", covers=None)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"encoding": "latin-99"}, "no encoding 'latin-99'"),
        ({"encoding": "base64"}, "no encoding 'base64'"),
        ({"delimiter": '"'}, "three different characters"),
        ({"delimiter": "\n"}, "three different characters"),
        ({"missing": ["-"], "not_applicable": [" - "]}, "'-' stands under `missing` and"),
    ],
)
def test_settings_that_contradict_each_other_are_told(
    changes: dict[str, object], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        parse(SourceMapping, mapping(**changes), "m")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"values": {"repeat_case": {"yes": ["Y"], "no": [" y"]}}},
            "'Y' has two codes: yes and no",
        ),
        ({"values": {"referral_agency": {"police": ["P"]}}}, "'referral_agency' is not mapped"),
        ({"values": {"hearing_date": {"yes": ["P"]}}}, "not one of our codes: it has none"),
        ({"constants": {"repeat_case": "yes"}}, "stands under `columns` and `constants`"),
        ({"constants": {"referral_agency": "milkman"}}, "use one of its codes: police, idva"),
        ({"withheld": ["Name", "NAME "]}, "'Name' is used twice"),
        ({"withheld": ["perp"]}, "'Perp' is used twice"),
        ({"site_column": "Date", "site_values": {"site_1": ["One"]}}, "'Date' is used twice"),
        ({"site_column": "Area", "site_values": {"site_1": ["A"], "site_2": ["a"]}}, "two sites"),
        ({"identifiers": {"victim_id": {"full_name": "Perp"}}}, "'Perp' is used twice"),
    ],
)
def test_a_table_that_contradicts_itself_is_told(changes: dict[str, object], told: str) -> None:
    content = mapping()
    content["tables"] = [{**content["tables"][0], **changes}]  # type: ignore[index]
    with pytest.raises(UsageError, match=told):
        parse(SourceMapping, content, "m")


def test_one_spelling_under_one_code_twice_is_no_error() -> None:
    content = mapping()
    content["tables"][0]["values"] = {"repeat_case": {"yes": ["Y", "y "]}}  # type: ignore[index]
    assert parse(SourceMapping, content, "m")


def test_no_staging_table_is_filled_twice_from_one_file() -> None:
    """Two sheets with equal row numbers: no row could be found again in its file."""
    twice = [{**mapping()["tables"][0], "sheet": sheet} for sheet in ("A", "B")]  # type: ignore[index]
    with pytest.raises(UsageError, match="marac_case is filled from two of the tables"):
        parse(SourceMapping, mapping(format="excel", tables=twice), "m")


def test_errors_of_several_mapping_files_come_together() -> None:
    with pytest.raises(UsageError) as told:
        load_mappings(("drive/nowhere", "drive/nothing"))
    assert "nowhere.yaml" in str(told.value) and "nothing.yaml" in str(told.value)


def test_key_columns_and_required_columns_of_every_staging_table_exist() -> None:
    for name, table in staging_tables().items():
        assert set(table.key) <= {*table.columns, "site"}, name
        assert all(table.columns[c].required for c in table.key if c in table.columns), name
