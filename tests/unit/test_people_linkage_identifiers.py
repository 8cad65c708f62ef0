"""Identifiers are read from the landed files, cleaned, and stay in memory."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datrial.config.mapping import SourceMapping
from datrial.errors import DataError
from datrial.people.identifiers import IDENTIFIER_COLUMNS, characteristics, read_identifiers
from datrial.people.pseudonyms import DEMONSTRATION_KEY, Pseudonymiser

HASH = Pseudonymiser(DEMONSTRATION_KEY)
HEADER = "Ref;Victim ref;Heard;Name;Born;Postcode;Victim surname;Victim forename;Notes\n"


def mapping(**changes: Any) -> SourceMapping:
    given = {
        "key": "drive/somewhere", "source": "marac", "site": "site_2", "file": "cases.csv",
        "format": "csv", "delimiter": ";", "missing": ["not recorded"],
        "covers": {"start": "2016-01-01", "end": "2019-09-30"},
        "tables": [
            {
                "table": "marac_case",
                "columns": {
                    "perpetrator_id": "Ref", "victim_id": "Victim ref", "hearing_date": "Heard",
                },
                "identifiers": {
                    "perpetrator_id": {
                        "full_name": "Name", "date_of_birth": "Born", "postcode": "Postcode",
                    },
                    "victim_id": {
                        "family_name": "Victim surname", "given_name": "Victim forename",
                    },
                },
                "withheld": ["Notes"],
            }
        ],
        **changes,
    }  # fmt: skip
    return SourceMapping.model_validate(given)


def read(folder: Path, text: str, **changes: Any) -> list[tuple[Any, ...]]:
    (folder / "cases.csv").write_text(HEADER + text, encoding="utf-8")
    made = mapping(**changes)
    receipt: Any = SimpleNamespace(
        mapping=made.key,
        covers_end=dt.date(2019, 9, 30),
        path=lambda landing: landing / "cases.csv",
    )
    frame = read_identifiers([receipt], [made], folder, HASH)
    assert tuple(frame.columns) == IDENTIFIER_COLUMNS
    return list(frame.itertuples(index=False, name=None))


def test_one_row_for_each_way_of_writing_a_person(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "P1;V1;1/2/2017;Ardle, Bram;03/04/1985;xa1 2bc;Bosk;Celdorn;x\n"
        "p1;V1;1/3/2017;ARDLE, BRAM;3/4/1985;XA1 2BC;Bosk;not recorded;x\n"
        "P1;V2;1/4/2017;Ardel, Bram;03/04/1985;;Dwem;Falvim;x\n",
    )
    p1 = HASH.pseudonym("perpetrator", "P1")
    v1, v2 = (HASH.pseudonym("victim", ref) for ref in ("V1", "V2"))
    kept = [(row[0], row[1], *row[4:]) for row in rows]
    assert kept == sorted(
        [
            ("perpetrator", p1, "BRAM", "ARDEL", "1985-04-03", None),
            ("perpetrator", p1, "BRAM", "ARDLE", "1985-04-03", "XA12BC"),
            ("victim", v1, None, "BOSK", None, None),
            ("victim", v1, "CELDORN", "BOSK", None, None),
            ("victim", v2, "FALVIM", "DWEM", None, None),
        ],
        key=lambda row: tuple(value or "" for value in row),
    )
    assert {row[2:4] for row in rows} == {(None, "marac")}


def test_an_agencys_own_reference_is_another_persons(tmp_path: Path) -> None:
    line = "P1;V1;1/2/2017;Ardle, Bram;03/04/1985;;;;\n"
    own = read(tmp_path, line, reference_space="police_site_2")
    assert own[0][1:3] == (HASH.pseudonym("perpetrator", "P1", "police_site_2"), "police_site_2")
    assert own[0][1] != read(tmp_path, line)[0][1]


def test_nobody_without_a_reference_and_no_row_that_is_not_data(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "unknown;;1/2/2017;Ardle, Bram;03/04/1985;;;;\n"
        "not recorded;;1/2/2017;Ardle, Bram;03/04/1985;;;;\n"
        ";;;;;;;;\n"
        "Total: 3;;;;;;;;\n"
        "P1;V1;ragged\n"
        "P2;;1/2/2017;;;;;;\n",
    )
    assert [(row[0], *row[4:]) for row in rows] == [("perpetrator", None, None, None, None)]


def test_the_same_file_gives_the_same_rows_in_the_same_order(tmp_path: Path) -> None:
    lines = [f"P{i};V{i};1/2/2017;Ardle{'abcdefgh'[i]}, Bram;03/04/198{i};;;;\n" for i in range(8)]
    assert read(tmp_path, "".join(lines)) == read(tmp_path, "".join(reversed(lines)))


def test_a_missing_identifier_column_stops_with_its_name_and_no_value(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text(
        "Ref;Victim ref;Heard;Born;Postcode;Victim surname;Victim forename;Notes\n"
        "P1;V1;1/2/2017;03/04/1985;XA1 2BC;Zzyxwana;Quovadal;x\n",
        encoding="utf-8",
    )
    receipt: Any = SimpleNamespace(
        mapping="drive/somewhere", covers_end=dt.date(2019, 9, 30),
        path=lambda landing: landing / "cases.csv",
    )  # fmt: skip
    with pytest.raises(DataError, match="'Name'") as error:
        read_identifiers([receipt], [mapping()], tmp_path, HASH)
    assert "Zzyx" not in str(error.value)


def test_nothing_is_written(tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    read(tmp_path, "P1;V1;1/2/2017;Ardle, Bram;03/04/1985;;;;\n")
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["cases.csv"]
    assert before == []


def test_age_and_area_are_what_most_records_say(tmp_path: Path) -> None:
    import pandas as pd

    rows = [
        ("perpetrator", "p1", None, "marac", "A", "B", "1985-04-03", "XA12BC"),
        ("perpetrator", "p1", None, "police", "A", "B", "1985-04-03", "XB12BC"),
        ("perpetrator", "q1", "own", "police", "A", "B", "1985-03-04", "XB92BC"),
        ("perpetrator", "p2", None, "marac", "A", "B", None, None),
        ("perpetrator", "p9", None, "marac", "A", "B", "1985-04-03", None),
    ]
    frame = pd.DataFrame(rows, columns=list(IDENTIFIER_COLUMNS), dtype=object)
    days = {"p1": dt.date(2017, 4, 2), "p2": dt.date(2017, 4, 3), "p3": dt.date(2017, 1, 1)}
    made = characteristics(frame, days, {("perpetrator", "q1"): "p1"})
    assert list(made["person_id"]) == ["p1", "p2", "p3"]
    assert made["age_at_index"][0] == 31  # the day before the birthday
    assert made["postcode_area"][0] == "XB"
    assert made[["age_at_index", "postcode_area"]].iloc[1:].isna().all(axis=None)
    # Without the link each counts by itself; of two equally common areas the smallest.
    assert characteristics(frame, days)["postcode_area"][0] == "XA"
    assert set(made.columns) == {"person_id", "age_at_index", "postcode_area"}
