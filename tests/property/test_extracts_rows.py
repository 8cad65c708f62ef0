"""Whatever text a file holds, no row is lost, and raw text is the text received."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from datrial.config.mapping import SourceMapping
from datrial.config.project import project_root
from datrial.extracts.decoding import MACROS
from datrial.extracts.landing import land
from datrial.extracts.raw import load
from datrial.extracts.staging import stage
from datrial.extracts.text import plain
from datrial.people.pseudonyms import DEMONSTRATION_KEY, Pseudonymiser

SQL = project_root() / "sql" / "staging"
HEADER = ["Perp", "Victim", "Heard", "Age", "Agency", "Name"]
MAPPING = SourceMapping.model_validate(
    {
        "key": "test/marac",
        "source": "marac",
        "site": "site_1",
        "file": "marac.csv",
        "format": "csv",
        "covers": {"start": "2016-01-01", "end": "2019-09-30"},
        "tables": [
            {
                "table": "marac_case",
                "columns": {
                    "perpetrator_id": "Perp",
                    "victim_id": "Victim",
                    "hearing_date": "Heard",
                    "perpetrator_age": "Age",
                    "referral_agency": "Agency",
                },
                "withheld": ["Name"],
            }
        ],
    }
)
anything = st.text(st.characters(codec="utf-8"), max_size=8)
cell = st.one_of(
    anything,
    st.sampled_from(["", " ", "P1", "p1 ", "V1", "31/01/2017", "31/02/2017", "police", "Total"]),
)
rows = st.lists(st.lists(cell, min_size=0, max_size=8), max_size=12)


def loaded(table: list[list[str]]) -> Any:
    with tempfile.TemporaryDirectory() as name:
        inbox, landing = Path(name) / "inbox", Path(name) / "landing"
        inbox.mkdir()
        with (inbox / "marac.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows([HEADER, *table])
        connection = duckdb.connect()
        receipts = land([MAPPING], inbox, landing)
        pseudonyms = Pseudonymiser(DEMONSTRATION_KEY).pseudonyms
        load(connection, receipts, [MAPPING], landing, pseudonyms)
    return connection


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows)
@example([["P1", "V1", "31/01/2017", "30", "police", "Ann"]] * 3 + [[], ["Total"], ["a"] * 8])
@example([["P1\x00", "V\n1", "31/01/2017", '"', "\ufeff", "\u2028"]])
def test_every_row_is_received_and_staged_or_quarantined_once(table: list[list[str]]) -> None:
    connection = loaded(table)
    stage(connection, ["marac_case"], SQL)
    ((received, staged, quarantined),) = connection.sql(
        "select received, staged, quarantined from accounting.extract"
    ).fetchall()
    assert received == staged + quarantined == len(table)
    placed = connection.sql(
        "select row_number from staging.marac_case union all "
        "select row_number from quarantine.row order by row_number"
    ).fetchall()
    assert (
        placed
        == connection.sql("select row_number from raw.marac_case order by row_number").fetchall()
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(anything, anything, anything), max_size=10))
def test_raw_text_is_the_text_received(texts: list[tuple[str, str, str]]) -> None:
    """Of every row of data, cell by cell, spaces and capitals included."""
    connection = loaded([["P1", "V1", *text, "Ann"] for text in texts])
    found = connection.sql(
        "select hearing_date, perpetrator_age, referral_agency from raw.marac_case"
    ).fetchall()
    assert Counter(found) == Counter(texts)


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.characters(codec="ascii"), max_size=12) | st.text(" \t\n\x0b\x1c\x85\xa0\u2003aA")
)
def test_sql_and_python_compare_spellings_alike(text: str) -> None:
    """Spellings are trimmed, with single spaces, in small letters, in both languages."""
    connection = _with_macros()
    assert connection.execute("select as_compared(?)", [text]).fetchall() == [(plain(text),)]


_CONNECTION: list[Any] = []


def _with_macros() -> Any:
    if not _CONNECTION:
        connection = duckdb.connect()
        connection.execute(MACROS)
        _CONNECTION.append(connection)
    return _CONNECTION[0]
