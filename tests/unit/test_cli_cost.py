"""``datrial cost``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from datrial.cli import app
from datrial.config.costs import prices_path
from datrial.economics.prices import read_prices
from datrial.errors import UsageError

RUN = CliRunner()


def answer(*arguments: str) -> str:
    result = RUN.invoke(app, ["cost", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_without_a_model_the_models_are_listed() -> None:
    assert answer().split() == ["drive_cost_per_case", "restart_value"]


def test_the_summary_holds_the_cost_per_case() -> None:
    said = answer("--model", "drive_cost_per_case")
    assert "Cost per case" in said
    assert "63,420" in said


def test_machines_get_items_and_totals() -> None:
    said = json.loads(answer("--model", "restart_value", "--draws", "2000", "--json"))
    total = said["totals"]["public_total"]
    assert total["low"] < total["value"] < total["high"]
    items = [item for item in said["items"] if item["agency"] == "public_sector"]
    assert sum(item["value"] for item in items) == pytest.approx(total["value"])


def test_a_quantity_set_otherwise_changes_what_rests_on_it() -> None:
    base = json.loads(answer("--model", "drive_cost_per_case", "--json"))["totals"]
    told = json.loads(
        answer("--model", "drive_cost_per_case", "--set", "children_per_family=1", "--json")
    )["totals"]
    assert told["criminal_justice"] == base["criminal_justice"]
    assert told["total"]["value"] < base["total"]["value"] - 7000


def test_the_audit_says_what_does_not_follow() -> None:
    said = answer("--model", "restart_value", "--audit")
    assert "gives 1,856" in said
    rows = json.loads(answer("--model", "restart_value", "--audit", "--json"))
    assert {row["verdict"] for row in rows} == {"equal", "rounding", "different"}


def test_sensitivity_and_break_even() -> None:
    said = answer("--model", "restart_value", "--sensitivity", "public_ratio")
    assert "as the file stands" in said
    assert "where index is 1.147" in answer(
        "--model", "restart_value", "--break-even", "index:public_ratio=1"
    )
    assert "at no value" in answer(
        "--model", "restart_value", "--break-even", "london_premium:impact=0.5"
    )


def test_numbers_end_at_one_place_also_beside_empty_cells() -> None:
    lines = answer("--model", "drive_cost_per_case", "--draws", "500").splitlines()
    agencies = lines[lines.index("") + 1 : lines.index("", lines.index("") + 1)]
    totals = lines[lines.index("", lines.index("") + 1) + 1 :]
    totals = totals[: totals.index("")]
    assert len(agencies) == 8 and len(totals) == 9
    assert len({len(line) for line in agencies}) == len({len(line) for line in totals}) == 1
    # Physical health concerns victims-survivors only: its column of perpetrators is empty.
    (health,) = [line for line in agencies if line.startswith("Physical health")]
    assert health.split()[2:] == ["3,317", "3,317"]
    place = agencies[0].index("children") + len("children")
    assert health[:place].endswith("3,317")


def test_the_audit_has_its_numbers_to_the_right() -> None:
    lines = answer("--model", "drive_cost_per_case", "--audit").splitlines()
    heads, rows = lines[0], lines[1 : lines.index("")]
    assert len(rows) > 100
    for head in ("printed", "recomputed", "lowest", "highest"):
        end = heads.index(head) + len(head)
        assert all(row[end - 1] != " " and row[end : end + 2] == "  " for row in rows)


def test_a_scenario_and_what_is_set_hold_for_swings_and_break_even_too() -> None:
    arguments = ("--model", "drive_cost_per_case", "--sensitivity", "childrens_services", "--json")
    base = json.loads(answer(*arguments))
    half = json.loads(answer(*arguments, "--scenario", "one_child"))
    assert half["scenarios"]["base"] == pytest.approx(base["scenarios"]["base"] / 2)
    assert half["swings"][0]["at_high"] == pytest.approx(base["swings"][0]["at_high"] / 2)
    found = json.loads(
        answer("--model", "restart_value", "--set", "addressable=100%",
               "--break-even", "index:public_ratio=1", "--json")
    )  # fmt: skip
    assert found["value"] < 1.1


def test_entries_of_a_quantity_are_set_one_by_one_but_not_beside_the_whole() -> None:
    arguments = ("--model", "drive_cost_per_case", "--json", "--set", "charged[gbh]=0")
    one = json.loads(answer(*arguments))["totals"]["criminal_justice"]["value"]
    two = json.loads(answer(*arguments, "--set", "charged[abh]=0"))["totals"]["criminal_justice"]
    assert two["value"] < one - 3000
    with pytest.raises(UsageError, match="is set as a whole already"):
        RUN.invoke(
            app,
            ["cost", "--model", "drive_cost_per_case", "--set", "charged=0.5",
             "--set", "charged[abh]=0"],
            catch_exceptions=False,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--model", "tea"], "no cost model 'tea'"),
        (["--model", "restart_value", "--scenario", "none"], "no scenario 'none'"),
        (["--model", "restart_value", "--set", "impact=2"], "no such quantity"),
        (["--model", "restart_value", "--set", "addressable=200%"], "a share lies in 0 to 1"),
        (["--model", "restart_value", "--set", "addressable=half"], "write QUANTITY=NUMBER"),
        (["--model", "restart_value", "--sensitivity", "nothing"], "works out no 'nothing'"),
        (["--model", "restart_value", "--break-even", "index"], "write QUANTITY:OUTCOME=VALUE"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], told: str) -> None:
    with pytest.raises(UsageError, match=told.replace("[", r"\[")):
        RUN.invoke(app, ["cost", *arguments], catch_exceptions=False)


def test_costs_in_prices_of_another_year(tmp_path: Path) -> None:
    path = tmp_path / "index.yaml"
    path.write_text('title: T\nsource: S\nvalues: {"2017/18": 100, "2020/21": 110}\n')
    index = read_prices(path)
    assert index.factor("2017/18", "2020/21") == pytest.approx(1.1)
    with pytest.raises(UsageError, match="no index for 2030"):
        index.factor("2017/18", "2030")
    # As printed: 34,015 of 2016/17 are 40,790 of 2022/23.
    restart = read_prices(prices_path("cpi_2016_2022"))
    assert 34_015 * restart.factor("2016/17", "2022/23") == pytest.approx(40_790)
    assert restart.factor("2016/17", "2022/23") * 24_300 == pytest.approx(29_145, abs=10)
    base = json.loads(answer("--model", "restart_value", "--json"))
    arguments = ("--prices", "cpi_2016_2022", "--price-year", "2016/17")
    earlier = json.loads(answer("--model", "restart_value", *arguments, "--json"))
    assert earlier["price_year"].startswith("2016/17")
    ratio = earlier["totals"]["total"]["value"] / base["totals"]["total"]["value"]
    assert ratio == pytest.approx(34_015 / 40_790)


def test_a_wrong_index_of_prices_is_told(tmp_path: Path) -> None:
    path = tmp_path / "index.yaml"
    path.write_text("title: T\nvalues: {a: 0, b: x}\n")
    with pytest.raises(UsageError) as told:
        read_prices(path)
    for fault in ("source", "index.yaml:2: values.a", "index.yaml:2: values.b"):
        assert fault in str(told.value)
    with pytest.raises(UsageError, match="go together"):
        RUN.invoke(
            app, ["cost", "--model", "restart_value", "--prices", "x"], catch_exceptions=False
        )
