"""Faults in what agencies were asked for later: addresses, events, requests, needs, supports.

The files stand in tests/nasty; README.md there says what each is, make.py makes them.
"""

# ruff: noqa: E501 (the sentences stand whole, as they are said)

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from test_nasty_files import CANARY, FOLDER, OF_NEWER_TABLES, PEOPLE, PSEUDONYMS

from datrial.config.mapping import SourceMapping
from datrial.errors import DataError
from datrial.extracts.landing import land
from datrial.extracts.raw import load

CONFIG = "configs/sources/test/nasty.yaml"
YES_NO = {"yes": ["Yes", "TRUE"], "no": ["No", "FALSE"]}
LASTING = {"long_term": ["Long term"], "short_term": ["Short term"]}
HOUSEHOLD = PSEUDONYMS.pseudonym("household", "100012345678")

#: Table -> source, how its columns are called, its codes, its sheet.
TABLES: dict[str, dict[str, Any]] = {
    "marac_case": {
        "source": "marac",
        "columns": {"perpetrator_id": "Perp", "victim_id": "Victim", "hearing_date": "Heard",
                    "household_id": "Address ref"},
    },
    "person_event": {
        "source": "marac",
        "columns": {"perpetrator_id": "Perp", "event": "What", "event_date": "When"},
        "values": {"event": {"died": ["Died"], "prison": ["Prison"], "released": ["Released"],
                             "moved_away": ["Moved"]}},
        "withheld": ["Told by"],
    },
    "police_request": {
        "source": "allocation",
        "columns": {"perpetrator_id": "Perp", "request_number": "Request",
                    "requested_on": "Asked on"},
        "withheld": ["Name"],
    },
    "insights_intake": {
        "source": "insights",
        "columns": {"victim_id": "Victim", "perpetrator_id": "Perp", "intake_date": "Intake",
                    "need_mental_health": "Need: mental health", "police_calls": "Calls to police",
                    "gp_attendances": "GP visits"},
        "values": {"need_mental_health": YES_NO}, "sheet": "Intake",
    },
    "insights_exit": {
        "source": "insights",
        "columns": {"victim_id": "Victim", "exit_date": "Left",
                    "support_housing": "Support: housing", "support_police": "Support: police",
                    "risk_sustainability": "How lasting"},
        "values": {"support_housing": YES_NO, "support_police": YES_NO,
                   "risk_sustainability": LASTING}, "sheet": "Exit",
    },
}  # fmt: skip

#: file, its table, the rows read or the sentence said.
CASES: list[tuple[str, str, list[str] | str]] = [
    # A typed address is another pseudonym and stored nowhere. Of a long number a spreadsheet may
    # keep a few digits (row 4): everybody with them would share a household. "....0" is whole.
    ("address_references.csv", "marac_case", [
        "2: P0 V0 2017-03-01 H", "3: P1 V1 2017-03-01 ?", 
        "4: P2 V2 2017-03-01 - [household_id: a number that a spreadsheet has rounded]",
        "5: P3 V3 2017-03-01 -", "6: P4 V4 2017-03-01 -", "7: P5 V5 2017-03-01 -",
        "8: P6 V6 2017-03-01 ?", "9: P7 V7 2017-03-01 -", "10: P8 V8 2017-03-01 H",
    ]),
    ("person_events.csv", "person_event", [
        "2: P1 died 2017-03-01", "3: P1 died 2017-03-01",
        "4: P2 - 2017-03-01 [event: unknown code]",
        "5: P3 released - [event_date: impossible date]",
        "6: P4 prison - [event_date: empty]",
        "7: - moved_away 2017-03-01 [perpetrator_id: empty]",
        "8: P5 moved_away - [event_date: not a date]",
    ]),
    ("police_requests.csv", "police_request", [
        "2: P0 1 2019-10-01", "3: P1 2 2019-10-01",
        "4: P2 - 2019-10-01 [request_number: not a whole number]",
        "5: P3 - 2019-10-01 [request_number: empty]",
        "6: P4 - 2019-10-01 [request_number: not a whole number]",
        "7: P5 - 2019-10-01 [request_number: not a whole number]",
        "8: P8 1 - [requested_on: not a date]",
    ]),
    ("idva_intake_questions.xlsx", "insights_intake", [
        "2: V0 P0 2017-03-01 yes 2 3",
        "3: V1 P1 2017-03-01 - - - [need_mental_health: unknown code; police_calls: not a whole number; gp_attendances: not a whole number]",
        "4: V2 P2 2017-03-01 yes - 4 [police_calls: not a whole number]",
        "5: V3 P3 2017-03-01 - - -1 [need_mental_health: unknown code; police_calls: not a whole number]",
        "6: V4 P4 2017-03-01 - - 0 [need_mental_health: unknown code; police_calls: not a whole number]",
        "7: V5 P5 2017-03-01 - - - [gp_attendances: not a whole number]",
        "8: V6 P6 2017-03-01 - 2 - [need_mental_health: unknown code; gp_attendances: not a whole number]",
    ]),
    ("idva_exit_supports.xlsx", "insights_exit", [
        "2: V1 2017-09-01 yes yes long_term",
        "3: V2 2017-09-01 no no - [risk_sustainability: unknown code]",
        "4: V3 2017-09-01 - - - [risk_sustainability: unknown code]",
        "5: V4 2017-09-01 - - - [support_police: unknown code; support_housing: unknown code]",
    ]),
    ("idva_exit_old_form.xlsx", "insights_exit",
     f"idva_exit_old_form.xlsx, sheet 'Exit': 1 expected column(s) missing: 'Support: housing'. Ask the agency for the complete extract, or correct `columns` in {CONFIG}."),
    ("idva_exit_support_twice.xlsx", "insights_exit",
     "idva_exit_support_twice.xlsx, sheet 'Exit': 1 column name(s) stand there more than once: 'support: housing'. Ask the agency to give each column its own name."),
]  # fmt: skip


def mapping(file: str, name: str) -> SourceMapping:
    own = TABLES[name]
    table = {key: own[key] for key in ("columns", "values", "withheld", "sheet") if key in own}
    return SourceMapping.model_validate(
        {
            "key": "test/nasty", "source": own["source"], "site": "site_1", "file": file,
            "format": "excel" if file.endswith(".xlsx") else "csv",
            "covers": {"start": "2016-01-01", "end": "2019-09-30"},
            "tables": [{"table": name, **table}],
        }
    )  # fmt: skip


def read(file: str, name: str, home: Path) -> list[str]:
    """Land and load one file; return each row in a line."""
    agency = mapping(file, name)
    (home / "inbox").mkdir()
    shutil.copy(FOLDER / file, home / "inbox")
    landed = land([agency], home / "inbox", home / "landing")
    connection = duckdb.connect(str(home / "warehouse.duckdb"))
    load(connection, landed.current, [agency], home / "landing", PSEUDONYMS)
    columns = list(TABLES[name]["columns"])
    rows = connection.execute(
        f"select row_number, {', '.join(columns)}, problems from mapped.{name} order by all"
    ).fetchall()
    connection.close()
    return [_line(row) for row in rows]


def _line(row: tuple[Any, ...]) -> str:
    number, *values, problems = row
    cells = " ".join("-" if value is None else _told(str(value)) for value in values)
    return f"{number}: {cells}" + (f" [{'; '.join(problems)}]" if problems else "")


def _told(value: str) -> str:
    """Return a person's own reference again, H for the household, ? for any other pseudonym."""
    if value == HOUSEHOLD:
        return "H"
    return PEOPLE.get(value, "?" if value[:2] in ("p_", "v_", "h_") else value)


@pytest.mark.parametrize(("file", "name", "expected"), CASES)
def test_what_is_read_of_a_newer_table_or_said_of_it(
    tmp_path: Path, file: str, name: str, expected: list[str] | str
) -> None:
    if isinstance(expected, list):
        assert read(file, name, tmp_path) == expected
        stored = (tmp_path / "warehouse.duckdb").read_bytes().lower()
        assert not any(word.encode() in stored for word in CANARY)
    else:
        with pytest.raises(DataError) as told:
            read(file, name, tmp_path)
        message = str(told.value)
        assert message.removeprefix(message.splitlines()[0] + "\n  - ") == expected
        assert not any(word in message.lower() for word in CANARY)


def test_every_file_of_the_newer_tables_is_read() -> None:
    assert {file for file, _, _ in CASES} == OF_NEWER_TABLES
