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


def test_errors_of_several_mapping_files_come_together() -> None:
    with pytest.raises(UsageError) as told:
        load_mappings(("drive/nowhere", "drive/nothing"))
    assert "nowhere.yaml" in str(told.value) and "nothing.yaml" in str(told.value)


def test_key_columns_and_required_columns_of_every_staging_table_exist() -> None:
    for name, table in staging_tables().items():
        assert set(table.key) <= {*table.columns, "site"}, name
        assert all(table.columns[c].required for c in table.key if c in table.columns), name
