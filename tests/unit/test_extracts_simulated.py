"""The whole simulated mess of three sites: every injected fault is found, and nothing else."""

from __future__ import annotations

import csv
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datrial.config.mapping import SourceMapping, load_mappings
from datrial.config.project import project_root
from datrial.config.study import load_study
from datrial.extracts.landing import land
from datrial.extracts.raw import load
from datrial.extracts.readers import read_rows
from datrial.extracts.staging import stage
from datrial.people.pseudonyms import DEMONSTRATION_KEY, Pseudonymiser
from datrial.simulate import simulate

STUDY = load_study("drive")
MAPPINGS = load_mappings(STUDY.sources)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    simulate(STUDY, folder / "inbox", seed=11)
    return folder


@pytest.fixture(scope="module")
def connection(folder: Path) -> Any:
    connection = duckdb.connect(str(folder / "warehouse.duckdb"))
    receipts = land(MAPPINGS, folder / "inbox", folder / "landing").current
    load(connection, receipts, MAPPINGS, folder / "landing", Pseudonymiser(DEMONSTRATION_KEY))
    tables = {table.table for mapping in MAPPINGS for table in mapping.tables}
    stage(connection, tables, project_root() / "sql" / "staging")
    return connection


#: What the simulator calls a fault -> the reason or problem that it must end as.
NAMES = {
    "blank_row": "blank row",
    "summary_line": "summary line",
    "exact_duplicate": "duplicate of an earlier row",
    "missing_reference": "empty",
    "impossible_required_date": "impossible date",
    "unknown_required_code": "unknown code",
}
PROBLEMS = {"unknown_code": "unknown code", "impossible_date": "impossible date"}


def injected(folder: Path, names: dict[str, str]) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    with (folder / "inbox" / "truth" / "mess.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["kind"] in names:
                counts[row["table"], names[row["kind"]]] += int(row["rows"])
    return counts


def test_the_quarantine_holds_the_injected_faults_and_no_other_row(
    folder: Path, connection: Any
) -> None:
    found = connection.sql(
        "select table_name, regexp_replace(reason, '^.*: ', ''), count(*) "
        "from quarantine.row group by all"
    ).fetchall()
    expected = injected(folder, NAMES)
    assert {(table, reason): rows for table, reason, rows in found} == dict(expected)
    assert sum(expected.values()) > 500


def test_the_problems_of_staged_rows_are_the_injected_ones(folder: Path, connection: Any) -> None:
    found = connection.sql(
        "select table_name, problem, sum(rows) from accounting.problem group by all"
    ).fetchall()
    assert {(table, problem): rows for table, problem, rows in found} == dict(
        injected(folder, PROBLEMS)
    )


def _texts(connection: Any) -> set[str]:
    """Return every distinct text of every table."""
    columns = connection.sql(
        "select table_schema, table_name, column_name from information_schema.columns "
        "where data_type = 'VARCHAR'"
    ).fetchall()
    assert len(columns) > 100
    return {
        text
        for schema, table, column in columns
        for (text,) in connection.sql(
            f'select distinct "{column}" from {schema}.{table} where "{column}" is not null'
        ).fetchall()
    }


def _secrets(folder: Path, mapping: SourceMapping) -> set[str]:
    """Return the references and the withheld texts of an agency's file, in small letters."""
    secrets = set()
    path = folder / "inbox" / mapping.file.replace("*", "")
    for table in mapping.tables:
        rows = read_rows(path, mapping, table)
        header = [name.strip() for name in next(rows)[1]]
        ours = [table.columns[name] for name in table.columns if name.endswith("_id")]
        places = [header.index(name) for name in (*ours, *table.withheld)]
        for _, cells in rows:
            secrets |= {cells[place].strip().lower() for place in places if place < len(cells)}
    return {secret for secret in secrets if len(secret) > 6}


def test_no_reference_and_no_withheld_text_is_in_any_table(folder: Path, connection: Any) -> None:
    """References, names, dates of birth and notes of ten files, against every text cell."""
    secrets = set().union(*(_secrets(folder, mapping) for mapping in MAPPINGS))
    assert len(secrets) > 10_000
    texts = {text.strip().lower() for text in _texts(connection)}
    dates_of_birth = re.compile(r"\d{1,2}[/ -](\d{1,2}|[a-z]+)[/ -]\d{4}|\d{4}-\d\d-\d\d")
    # A hearing can fall on some notes' or births' day: a plain date identifies nobody here.
    leaked = {text for text in texts & secrets if not dates_of_birth.fullmatch(text)}
    assert not leaked
    names = {secret for secret in secrets if re.fullmatch(r"[a-z]+ [a-z]+", secret)}
    assert len(names) > 2_000
    for text in texts:
        words = re.findall(r"[a-z]+", text)
        pairs = {f"{first} {second}" for first, second in pairwise(words)}
        assert not pairs & names


def test_the_snapshot_file_holds_no_reference(folder: Path, connection: Any) -> None:
    connection.execute("checkpoint")
    content = (folder / "warehouse.duckdb").read_bytes()
    with (folder / "inbox" / "truth" / "people.csv").open(encoding="utf-8") as file:
        references = [row["perpetrator_reference"] for row in csv.DictReader(file)]
    pattern = re.compile(rb"s[123]-[pv]\d{6}", re.IGNORECASE)
    assert all(pattern.fullmatch(reference.encode()) for reference in references)
    assert not pattern.search(content)
