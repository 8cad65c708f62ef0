"""``datrial cost``."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from datrial.cli import app
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
