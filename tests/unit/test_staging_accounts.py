"""Row accounting: rows received = rows staged + rows quarantined, or the build stops."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datrial.config.mapping import SourceMapping
from datrial.config.project import project_root
from datrial.errors import DatrialError
from datrial.extracts.landing import land
from datrial.extracts.raw import load
from datrial.extracts.staging import balance, stage
from datrial.people.pseudonyms import DEMONSTRATION_KEY, Pseudonymiser

SQL = project_root() / "sql" / "staging"
ENGAGEMENT = SourceMapping.model_validate(
    {
        "key": "test/engagement",
        "source": "cms",
        "site": "site_1",
        "file": "engagement_{part}.csv",
        "format": "csv",
        "covers": {"start": "2016-01-01", "end": "2019-09-30"},
        "tables": [
            {
                "table": "cms_engagement",
                "columns": {"perpetrator_id": "SU", "engagement": "Engagement"},
            }
        ],
    }
)
LINES = ["SU,Engagement", "P1,engaged", "P2,perhaps", "P1,engaged", ",engaged", ",", "Total: 4,"]


@pytest.fixture
def connection(tmp_path: Path) -> Any:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "engagement_1.csv").write_text("\n".join(LINES))
    (tmp_path / "inbox" / "engagement_2.csv").write_text("SU,Engagement\nP3,perhaps\n")
    receipts = land([ENGAGEMENT], tmp_path / "inbox", tmp_path / "landing").current
    connection = duckdb.connect()
    pseudonyms = Pseudonymiser(DEMONSTRATION_KEY)
    load(connection, receipts, [ENGAGEMENT], tmp_path / "landing", pseudonyms)
    return connection


def accounts(connection: Any) -> list[tuple[int, int, int]]:
    return connection.sql(
        "select received, staged, quarantined from accounting.extract order by received desc"
    ).fetchall()


def test_every_received_row_is_staged_or_quarantined_with_a_reason(connection: Any) -> None:
    stage(connection, ["cms_engagement"], SQL)
    assert accounts(connection) == [(6, 2, 4), (1, 1, 0)]
    assert connection.sql("select row_number, reason, stage from quarantine.row").fetchall() == [
        (4, "duplicate of an earlier row", "staging"),
        (5, "perpetrator_id: empty", "staging"),
        (6, "blank row", "staging"),
        (7, "summary line", "staging"),
    ]
    assert connection.table("staging.cms_engagement").columns == [
        "extract_id", "row_number", "site", "perpetrator_id", "engagement", "direct_contact",
    ]  # fmt: skip
    assert connection.sql(
        "select column_name, problem, sum(rows) from accounting.problem group by all"
    ).fetchall() == [("engagement", "unknown code", 2)]


def test_staging_again_gives_the_same_accounts(connection: Any) -> None:
    stage(connection, ["cms_engagement"], SQL)
    stage(connection, ["cms_engagement"], SQL)
    assert accounts(connection) == [(6, 2, 4), (1, 1, 0)]
    assert connection.sql("select count(*) from quarantine.row").fetchall() == [(4,)]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("where row_number <> 3", r"6 rows were received, but 1 are staged and 4 quarantined"),
        ("union all select * from judged_row", "6 rows were received, but 4 are staged and 8"),
    ],
)
def test_a_staging_file_that_loses_or_doubles_rows_stops_the_build(
    connection: Any, tmp_path: Path, sql: str, message: str
) -> None:
    good = (SQL / "cms_engagement.sql").read_text()
    broken = f"with judged_row as ({good}) select * from judged_row {sql}"
    with pytest.raises(DatrialError, match=message):
        stage(connection, ["cms_engagement"], folder_with(tmp_path, broken))


def folder_with(root: Path, select: str) -> Path:
    """Return a folder of staging files with another cms_engagement."""
    shutil.copy(SQL.parent / "macros.sql", root)
    (root / "staging").mkdir()
    (root / "staging" / "cms_engagement.sql").write_text(select)
    return root / "staging"


def test_a_row_staged_twice_in_place_of_another_stops_the_build(connection: Any) -> None:
    """The numbers balance, the rows do not."""
    stage(connection, ["cms_engagement"], SQL)
    connection.execute("update staging.cms_engagement set row_number = 2 where row_number = 3")
    with pytest.raises(DatrialError, match="1 received rows stand in more than one place"):
        balance(connection, "cms_engagement")


def test_a_row_lost_while_it_was_decoded_is_noticed(connection: Any) -> None:
    connection.execute("delete from mapped.cms_engagement where row_number = 6")
    with pytest.raises(DatrialError, match="6 rows were received, but 2 are staged and 3"):
        stage(connection, ["cms_engagement"], SQL)


def test_the_error_of_a_broken_staging_file_tells_no_value(connection: Any, tmp_path: Path) -> None:
    broken = "select *, cast(engagement as integer) as reject_reason from raw.cms_engagement"
    with pytest.raises(DatrialError) as caught:
        stage(connection, ["cms_engagement"], folder_with(tmp_path, broken))
    assert str(caught.value) == "sql/staging/cms_engagement.sql failed (ConversionException)."
