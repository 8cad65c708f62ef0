"""The rules of levels of needs: a level and a yes or no that contradict each other."""

from __future__ import annotations

from typing import Any

import pytest
from checks_fixture import SUITES, warehouse

from datrial.analyses.levels import NEEDS
from datrial.analyses.need_levels import DONT_KNOW, counted, levels_of
from datrial.checks.run import run_checks

FORM = {"time_point": "intake", "assessed_on": "2017-02-10"}
#: (need, answer, level) -> whether the two agree. What nobody knows contradicts nothing.
CASES = {
    (need, answer, level): level == DONT_KNOW
    or (level in counted(need, "any")) == (answer == "yes")
    for need in NEEDS
    for level in levels_of(need)
    for answer in ("yes", "no")
}


def failing(rule: str, *forms: dict[str, Any]) -> tuple[str, int]:
    """Return the rule's verdict on forms of so many people, and how many forms fail it."""
    rows = [{**FORM, "perpetrator_id": f"p_{n}", **form} for n, form in enumerate(forms)]
    results = run_checks(warehouse("cms_need", *rows), SUITES, ["cms_need"])
    (found,) = (result for result in results if result.rule_id == rule)
    return found.verdict, found.rows_failed


def says(rule: str, *forms: dict[str, Any]) -> str:
    return failing(rule, *forms)[0]


@pytest.fixture
def by_sql(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge by SQL, which is quick; that both engines agree is shown elsewhere."""
    monkeypatch.setattr("datrial.checks.judging.SQL_FROM_ROWS", 1)


@pytest.mark.usefixtures("by_sql")
@pytest.mark.parametrize("agree", [True, False])
def test_every_level_of_every_need_beside_yes_and_no(agree: bool) -> None:
    forms = [
        {need: answer, f"{need}_level": level}
        for (need, answer, level), agrees in CASES.items()
        if agrees == agree
    ]
    expected = ("passed", 0) if agree else ("warned", len(forms))
    assert len(forms) > 50
    assert failing("levels_agree", *forms) == expected


@pytest.mark.usefixtures("by_sql")
@pytest.mark.parametrize(
    "form",
    [
        {"financial": "yes"},
        {"financial": "dont_know", "financial_level": "high"},
        {"financial_level": "none"},
        {"financial": "not_applicable", "financial_level": "none"},
    ],
)
def test_without_a_level_or_without_an_answer_nothing_contradicts(form: dict[str, str]) -> None:
    assert says("levels_agree", form) == "passed"


@pytest.mark.usefixtures("by_sql")
def test_one_contradiction_in_twenty_forms_is_borne() -> None:
    wrong = {"drugs_misuse": "no", "drugs_misuse_level": "low"}
    right = {"drugs_misuse": "yes", "drugs_misuse_level": "low"}
    assert says("levels_agree", wrong, *[right] * 19) == "passed"
    assert says("levels_agree", wrong, *[right] * 18) == "warned"


@pytest.mark.usefixtures("by_sql")
def test_needs_without_a_level_are_warned_of() -> None:
    without, given = {"housing": "yes"}, {"housing": "yes", "housing_level": "dont_know"}
    assert says("levels_mostly_filled", without, *[given] * 4) == "passed"
    assert says("levels_mostly_filled", without, *[given] * 3) == "warned"
    assert says("levels_mostly_filled", *[{"housing": "no"}] * 3) == "passed"
