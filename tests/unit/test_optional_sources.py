"""Sources that a study may or may not have: deaths and moves, households, the police list."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from test_extracts_raw import PSEUDONYMS, Folders, marac

from datrial.config.mapping import SourceMapping, load_mappings
from datrial.config.project import project_root
from datrial.config.study import load_study
from datrial.config.tables import staging_tables
from datrial.extracts.staging import stage
from datrial.pipeline.allocating import _requests
from datrial.pipeline.loading import list_hash
from datrial.warehouse.builder import build_tables

SQL = project_root() / "sql"


def probation(**changes: Any) -> SourceMapping:
    """Return how a probation service might tell what became of people."""
    content = {
        "key": "test/probation",
        "source": "probation",
        "file": "events.csv",
        "format": "csv",
        "covers": {"start": "2016-01-01", "end": "2019-09-30"},
        "optional": True,
        "tables": [
            {
                "table": "person_event",
                "site_column": "Area",
                "site_values": {"site_1": ["North"], "site_2": ["South"]},
                "columns": {"perpetrator_id": "Ref", "event": "What", "event_date": "On"},
                "values": {
                    "event": {
                        "died": ["Deceased"], "prison": ["Custody"], "released": ["Released"],
                        "moved_away": ["Left area"],
                    }
                },
            }
        ],
        **changes,
    }  # fmt: skip
    return SourceMapping.model_validate(content)


def test_a_mapping_brings_deaths_prison_and_moves(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.csv(
        "events.csv", "Ref,What,On,Area",
        "P1,Deceased,01/02/2018,North", "p2,custody,03/04/2017,South", "P2,Released,,South",
        "P2,Left area,05/06/2018,South", "P1,Deceased,01/02/2018,North", "P3,Ill,1/1/2018,North",
    )  # fmt: skip
    connection = folders.loaded(probation())
    stage(connection, ["person_event"], SQL / "staging")
    found = connection.execute(
        "select perpetrator_id, event, event_date, site from staging.person_event order by all"
    ).fetchall()
    one, two = (PSEUDONYMS.pseudonym("perpetrator", name) for name in ("P1", "P2"))
    assert [(who, what, day.isoformat(), site) for who, what, day, site in found] == sorted(
        [
            (one, "died", "2018-02-01", "site_1"),
            (two, "prison", "2017-04-03", "site_2"),
            (two, "moved_away", "2018-06-05", "site_2"),
        ]
    )
    reasons = connection.execute("select reason from quarantine.row order by all").fetchall()
    assert [reason for (reason,) in reasons] == [
        "duplicate of an earlier row", "event: unknown code", "event_date: empty",
    ]  # fmt: skip


def test_a_household_becomes_a_pseudonym_and_may_be_missing(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    columns = {
        "perpetrator_id": "Perp", "victim_id": "Victim", "hearing_date": "Heard",
        "household_id": "Address ref",
    }  # fmt: skip
    mapping = marac(table={"columns": columns, "values": {}})
    folders.csv(
        "marac.csv", "Perp,Victim,Heard,Address ref,Name",
        "P1,V1,01/02/2018,100 1,x", "P2,V2,01/02/2018, 100  1 ,x", "P3,V3,01/02/2018,-,x",
        "P4,V4,01/02/2018,,x",
    )  # fmt: skip
    connection = folders.loaded(mapping)
    stage(connection, ["marac_case"], SQL / "staging")
    found = [
        row[0]
        for row in connection.execute(
            "select household_id from staging.marac_case order by row_number"
        ).fetchall()
    ]
    home = PSEUDONYMS.pseudonym("household", "100 1")
    assert found == [home, home, None, None]
    assert home.startswith("h_")


def test_a_mapping_need_not_have_a_household() -> None:
    assert not staging_tables()["marac_case"].columns["household_id"].required
    mapped = load_mappings(load_study("drive").sources)
    assert not any("household_id" in table.columns for m in mapped for table in m.tables)


def test_a_staging_table_that_no_mapping_fills_is_made_without_rows(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    text = "select count(*) as events from staging.person_event"
    (tmp_path / "a" / "x.sql").write_text(text)
    connection = duckdb.connect()
    build_tables(connection, tmp_path, ("a",))
    assert connection.execute("select * from a.x").fetchall() == [(0,)]
    described = connection.execute("describe staging.person_event").fetchall()
    assert {row[0]: row[1] for row in described} == {
        "extract_id": "VARCHAR", "row_number": "BIGINT", "site": "VARCHAR",
        "perpetrator_id": "VARCHAR", "event": "VARCHAR", "event_date": "DATE",
    }  # fmt: skip
    made = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'staging'"
    ).fetchall()
    assert {name for (name,) in made} == set(staging_tables())
    # One that is there keeps its rows.
    connection.execute("insert into staging.person_event (event) values ('died')")
    build_tables(connection, tmp_path, ("a",))
    assert connection.execute("select * from a.x").fetchall() == [(1,)]


def test_requests_are_read_by_their_number() -> None:
    connection = duckdb.connect()
    assert _requests(connection) == []  # a study without such a list
    connection.execute(
        "create schema staging; create table staging.police_request as select * from (values "
        "(10, 'p_3'), (2, 'p_1'), (1, 'p_2'), (1, 'p_1')) as t(request_number, perpetrator_id)"
    )
    assert _requests(connection) == [("1", ["p_1", "p_2"]), ("2", ["p_1"]), ("10", ["p_3"])]


def test_the_hash_of_a_list_is_that_of_its_own_file() -> None:
    mappings = load_mappings(load_study("drive").sources)

    def receipt(mapping: str, sha256: str) -> Any:
        return SimpleNamespace(mapping=mapping, sha256=sha256, source="allocation")

    lists = [
        receipt("drive/allocation_list", "a" * 64), receipt("drive/meeting_capacity", "b" * 64),
        receipt("drive/police_request_list", "c" * 64),
    ]  # fmt: skip
    assert list_hash(lists, mappings, "allocation_list") == "a" * 64
    assert list_hash(lists, mappings, "police_request") == "c" * 64
    two = [receipt("drive/allocation_list", "d" * 64), *lists]
    assert list_hash(two, mappings, "allocation_list") not in ("a" * 64, "d" * 64)
    assert list_hash(two, mappings, "allocation_list") == list_hash(
        two[::-1], mappings, "allocation_list"
    )


def test_an_event_that_is_none_of_ours_is_refused_in_the_mapping() -> None:
    table = probation().tables[0].model_dump(exclude_defaults=True)
    with pytest.raises(ValueError, match="'emigrated' is not one of our codes"):
        probation(tables=[table | {"values": {"event": {"emigrated": ["Gone"]}}}])
