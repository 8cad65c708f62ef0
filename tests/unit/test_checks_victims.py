"""The rules of what IDVA forms tell of needs, supports and risk."""

from __future__ import annotations

from typing import Any

import pytest
from checks_fixture import SUITES, warehouse

from datrial.checks.run import run_checks

INTAKE = {"perpetrator_id": "p_1", "intake_date": "2017-02-01"}
EXIT = {"exit_date": "2017-06-01"}
NEEDS = ("mental_health", "self_harm", "alcohol_misuse", "drugs_misuse", "financial")


@pytest.fixture(autouse=True)
def _by_sql(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge by SQL, which is quick; that both engines agree is shown elsewhere."""
    monkeypatch.setattr("datrial.checks.judging.SQL_FROM_ROWS", 1)


def says(table: str, rule: str, *forms: dict[str, Any]) -> tuple[str, int]:
    """Return the rule's verdict on forms of so many people, and how many forms fail it."""
    usual = INTAKE if table == "insights_intake" else EXIT
    rows = [{**usual, "victim_id": f"v_{n}", **form} for n, form in enumerate(forms)]
    results = run_checks(warehouse(table, *rows), SUITES, [table])
    (found,) = (result for result in results if result.rule_id == rule)
    return found.verdict, found.rows_failed


def test_needs_are_answered_and_not_the_wrong_way_round() -> None:
    none = {f"need_{need}": "no" for need in NEEDS}
    unknown = {f"need_{need}": "dont_know" for need in NEEDS}
    every = {f"need_{need}": "yes" for need in NEEDS}
    answered = "needs_mostly_filled"
    assert says("insights_intake", answered, none, unknown) == ("passed", 1)
    assert says("insights_intake", answered, none, unknown, {}) == ("warned", 2)
    mean = "number_of_needs_plausible"
    assert says("insights_intake", mean, {**none, "need_financial": "yes"}, unknown)[0] == "passed"
    assert says("insights_intake", mean, every, {**every, "need_self_harm": "no"})[0] == "warned"
    assert says("insights_intake", mean, none)[0] == "warned"


def test_supports_are_answered_and_not_the_wrong_way_round() -> None:
    marac = {"support_marac": "yes", "support_housing": "no", "support_police": "dont_know"}
    assert says("insights_exit", "supports_mostly_filled", marac, {}) == ("passed", 1)
    assert says("insights_exit", "supports_mostly_filled", marac, {}, {})[0] == "warned"
    assert says("insights_exit", "number_of_supports_plausible", marac)[0] == "passed"
    assert says("insights_exit", "number_of_supports_plausible", {"support_marac": "no"})[0] == (
        "warned"
    )


@pytest.mark.parametrize(
    ("lasting", "change", "verdict"),
    [
        ("long_term", "no_change", "warned"),
        ("permanently_eliminated", "increase", "warned"),
        ("long_term", "limited_reduction", "passed"),
        ("long_term", "dont_know", "passed"),
        ("long_term", None, "passed"),
        ("dont_know", "increase", "passed"),
        (None, "increase", "passed"),
    ],
)
def test_only_a_reduction_can_last(lasting: str | None, change: str | None, verdict: str) -> None:
    form = {"risk_sustainability": lasting, "risk_change": change}
    good = {"risk_sustainability": "short_term", "risk_change": "significant_reduction"}
    assert says("insights_exit", "sustainability_has_reduction", form, good)[0] == verdict


@pytest.mark.parametrize(("times", "verdict"), [(0, "passed"), (365, "passed"), (366, "warned")])
def test_more_than_once_a_day_is_not_plausible(times: int, verdict: str) -> None:
    assert says("insights_intake", "gp_attendances_plausible", {"gp_attendances": times})[0] == (
        verdict
    )


def test_an_unknown_code_stops_the_table() -> None:
    for table, column in (("insights_intake", "sexual_orientation"),
                          ("insights_exit", "risk_sustainability")):  # fmt: skip
        assert says(table, f"{column}_known_code", {column: "see_file"}) == ("failed", 1)
