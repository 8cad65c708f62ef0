"""The commands that show results."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
import results_fixture as given
from typer.testing import CliRunner, Result

from datrial.cli import app
from datrial.errors import UsageError
from datrial.report.text_tables import table_text
from datrial.results.cells import PublishedValue, State, Table
from datrial.results.published import load_published, published_values
from datrial.results.read import RunTable
from datrial.results.store import write_run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "120")
    published = published_values(load_published("drive"), given.PARAMETERS)
    write_run(tmp_path, given.RUN_ID, given.manifest(), given.tables(), published)
    return tmp_path


def _datrial(*words: str) -> Result:
    return CliRunner().invoke(app, ["results", *words], catch_exceptions=False)


def test_list_names_every_table_with_its_title() -> None:
    lines = _datrial("list").stdout.splitlines()
    assert lines[0] == f"Run {given.RUN_ID} of study drive"
    tables = [table for _, table in given.tables()]
    for line, table in zip(lines[2:], tables, strict=True):
        assert line.split()[0] == table.id and table.title in line
    answer = json.loads(_datrial("list", "--run", given.RUN_ID[:6], "--json").stdout)
    assert [entry["table"] for entry in answer["tables"]] == [table.id for table in tables]


def test_show_prints_marks_for_states_and_published_numbers_beside_ours() -> None:
    text = _datrial("show", "marac_follow_up.serial_periods").stdout
    row = next(line for line in text.splitlines() if line.startswith("6-12 months after"))
    assert row.count("[c]") == 2 and row.endswith("17.5%")
    assert "[c] hidden to protect people" in text
    text = _datrial("show", "risk_score.rate_ratios").stdout
    row = next(line for line in text.splitlines() if line.startswith("Midpoint"))
    assert row.split()[1:3] == ["0.91", "0.91"]  # ours 0.907, published 0.91
    assert "0.87 to 0.95" in text and "< 0.001" in text


def test_show_as_json_holds_the_numbers_with_their_states() -> None:
    answer = json.loads(_datrial("show", "marac_follow_up.serial_periods", "--json").stdout)
    hidden = [cell for cell in answer["cells"] if cell["state"] == "suppressed"]
    assert hidden and all(cell["value"] is None for cell in hidden)


def test_an_unknown_table_or_run_is_the_users_error() -> None:
    with pytest.raises(UsageError, match=r"Alike: .*risk_score\.rate_ratios"):
        _datrial("show", "rate_ratios")
    with pytest.raises(UsageError, match="There is no run 'nowhere'"):
        _datrial("list", "--run", "nowhere")


def test_query_answers_as_a_table_as_csv_and_as_json() -> None:
    sql = (
        "select statistic, value, mark from marac_follow_up__rate_ratios "
        "where row_key in ('before', 'after_12') and statistic = 'p_value'"
    )
    assert _datrial("query", sql).stdout.splitlines() == [
        "statistic  value  mark",
        "p_value     0.63",
        "p_value     NULL  [x]",
        "(2 rows)",
    ]
    rows = list(csv.reader(io.StringIO(_datrial("query", sql, "--csv").stdout)))
    assert rows == [["statistic", "value", "mark"], ["p_value", "0.63", ""], ["p_value", "", "[x]"]]
    assert json.loads(_datrial("query", sql, "--json").stdout)[1]["value"] is None
    small = "select value from risk_score__rate_ratios where value > 0 order by value limit 1"
    assert "1e-12" in _datrial("query", small).stdout
    with pytest.raises(UsageError, match="not both"):
        _datrial("query", sql, "--csv", "--json")
    with pytest.raises(UsageError, match="The query is wrong: Binder Error"):
        _datrial("query", "select nothing from run")


def test_refresh_makes_the_file_and_open_says_how_to_read_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert "results.duckdb" in _datrial("refresh").stdout
    assert (home / "results.duckdb").is_file()
    (home / "results.duckdb").unlink()
    text = _datrial("open").stdout
    assert "is not on this machine" in text
    line = next(line.strip() for line in text.splitlines() if "duckdb.connect" in line)
    names: dict[str, object] = {}
    exec(line, names)
    counted = names["results"].sql("select count(*) from latest.run").fetchall()  # type: ignore[attr-defined]
    assert counted == [(1,)]
    assert json.loads(_datrial("open", "--json").stdout)["python"] == line


def test_a_wide_table_is_printed_in_parts_that_fit() -> None:
    columns = {f"c{number}": f"Month {number}" for number in range(30)}
    table = Table("a.wide", "Wide", "", (), {"r": "Row", "s": "Other"}, columns)
    for column in columns:
        table.add("r", column, "share", 0.5)
        table.absent("s", column, "share", "too few", state=State.SUPPRESSED)
    lines = table_text(RunTable("a", table, {}), 80).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.count("50.0%") for line in lines) == 30
    assert sum(line.count("[c]") for line in lines if line.startswith("Other")) == 30
    assert "- too few" not in lines


def test_an_interval_with_a_hidden_end_is_hidden() -> None:
    table = Table("a.ends", "Ends", "", (), {"r": "Row"}, {"c": "Arm", "d": "Other arm"})
    for column in table.column_labels:
        table.add("r", column, "share", 0.5)
    table.add("r", "c", "ci_low", 0.4)
    table.absent("r", "c", "ci_high", "few", state=State.SUPPRESSED)
    table.add("r", "d", "ci_low", 0.45)
    table.add("r", "d", "ci_high", 0.55)
    beside = {("r", "c", "ci_low"): PublishedValue(0.41, "Table 1")}
    row = next(
        line
        for line in table_text(RunTable("a", table, beside), 120).splitlines()
        if line.startswith("Row")
    )
    assert row.split() == ["Row", "50.0%", "[c]", "41%", "50.0%", "45.0%", "to", "55.0%"]
