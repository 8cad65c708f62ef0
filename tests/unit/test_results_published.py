"""The printed numbers of the Drive evaluation, and how such a file is read."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import results_fixture as given

from datrial.analyses.registry import ANALYSES
from datrial.config.tables import staging_tables
from datrial.errors import UsageError
from datrial.results import published as module
from datrial.results.published import PublishedNumber, load_published, published_values

PEOPLE_AT_MIDPOINT = 487  # printed with Figure 4 and in the head of Table A2.1


def _drive() -> dict[tuple[str, str, str, str], float]:
    return {number.key: number.value for number in load_published("drive")}


def test_table_a31_follows_from_the_zero_class_model() -> None:
    """Table A3.1: a K-class model with a zero class has 13 (K - 1) parameters, n = 487.

    BIC - AIC = p (ln n - 2) and SABIC - AIC = p (ln((n + 2) / 24) - 2); every printed
    index has one decimal, so a difference of two is right to 0.1.
    """
    drive = _drive()
    for classes in range(2, 7):
        aic, bic, sabic = (
            drive["needs_classes.enumeration", f"classes_{classes}", index, "value"]
            for index in ("aic", "bic", "sabic")
        )
        parameters = 13 * (classes - 1)
        expected = parameters * (math.log(PEOPLE_AT_MIDPOINT) - 2)
        assert bic - aic == pytest.approx(expected, abs=0.11)
        adjusted = parameters * (math.log((PEOPLE_AT_MIDPOINT + 2) / 24) - 2)
        assert sabic - aic == pytest.approx(adjusted, abs=0.11)


def test_table_a21_names_the_twelve_needs_and_no_more_answers_than_people() -> None:
    drive = _drive()
    keys = {key[1] for key in drive if key[0] == "needs.prevalence"}
    answers = {name for name in staging_tables()["cms_need"].columns if not name.endswith("_level")}
    needs = answers - {"perpetrator_id", "time_point", "assessed_on"}
    assert keys == needs
    for time_point, people in (("intake", 468), ("midpoint", 487), ("closure", 497)):
        for need in needs:
            at = ("needs.prevalence", need, time_point)
            assert 400 < drive[(*at, "answered")] <= people
            assert 0 < drive[(*at, "share")] < 0.35


def test_table_a32_has_each_ratio_inside_its_interval() -> None:
    drive = _drive()
    for row in ("midpoint", "closure", "site_2", "site_3"):
        at = ("risk_score.rate_ratios", row, "estimate")
        low, ratio, high = (drive[(*at, name)] for name in ("ci_low", "rate_ratio", "ci_high"))
        assert low < ratio < high
        # The interval is symmetric on the log scale; each end is printed with two decimals.
        assert math.sqrt(low * high) == pytest.approx(ratio, abs=0.011)


def test_printed_arms_add_up_to_the_printed_totals() -> None:
    drive = _drive()
    rows = {key[1] for key in drive if key[0] == "participant_flow.flow" and key[2] == "all"}
    assert rows == {
        "insights_intake",
        "marac_site_2",
        "police_record_site_1",
        "police_record_site_2",
    }
    for row in rows:
        total, *arms = (
            drive["participant_flow.flow", row, column, "count"]
            for column in ("all", "intervention", "control")
        )
        assert total == sum(arms)


def test_printed_shares_are_the_printed_counts_over_184() -> None:
    """Re-appearance is printed as whole per cent of all 184 (6% for 6.5% is cut, not rounded)."""
    drive = _drive()
    for period in ("after_0_6", "after_6_12", "after_12"):
        at = ("marac_follow_up.reappearance", period, "intervention")
        assert drive[(*at, "share")] == pytest.approx(drive[(*at, "people")] / 184, abs=0.01)


def test_every_number_of_the_drive_file_stands_beside_a_cell_of_the_report() -> None:
    # Numbers of one setting of an analysis, and of an analysis, that this report does not have.
    elsewhere_with = {
        "cost_model": {"model": "drive_cost_per_case", "scenario": "", "set": {}},
        "interventions": {"year_ends": ["2017-03-31", "2018-03-31"]},
        "victim_differences": ANALYSES["victim_differences"].parameters().model_dump(mode="json"),
    }
    values = published_values(load_published("drive"), given.PARAMETERS | elsewhere_with)
    assert len(values) == len(load_published("drive"))
    cells = {
        (table.id, cell.row, cell.column, cell.statistic)
        for _, table in given.tables()
        for cell in table.cells
    }
    # The numbers of tables that this report does not have: see test_analyses_allocation, _cohort,
    # test_analyses_needs, test_analyses_needs_behaviour and test_analyses_needs_classes,
    # test_analyses_interventions, test_analyses_behaviours, test_analyses_behaviour_change,
    # test_analyses_victims, test_analyses_victim_differences, test_analyses_police,
    # test_analyses_cost_model.
    elsewhere = (
        "behaviour_change.factor_predictions",
        "behaviours.",
        "cost_model.",
        "interventions.",
        "needs.by_engagement",
        "needs.dichotomisations",
        "needs.engagement_by_need",
        "needs.high_need_engagement",
        "needs.levels",
        "needs.number",
        "needs_behaviour.",
        "needs_classes.report_classes",
        "participant_profile.",
        "police_follow_up.",
        "police_perpetrators.",
        "police_request.",
        "risk_score.forms",
        "participant_flow.perpetrators",
        "participant_flow.victims",
        "victim_",
    )
    assert {key for key in values if not key[0].startswith(elsewhere)} - cells == set()


@pytest.mark.parametrize(
    ("analysis", "parameter", "value", "table"),
    [
        ("behaviour_change", "formula", "time_point", "behaviour_change.predictions"),
        ("behaviour_change", "dont_know", "no", "behaviour_change.factor_predictions"),
        ("behaviour_change", "only", {"site": ["site_1"]}, "behaviour_change.predictions"),
        ("needs", "time_point", "intake", "needs.number"),
        ("needs", "dont_know", "no", "needs.engagement_by_need"),
        ("needs_classes", "time_point", "intake", "needs_classes.enumeration"),
        ("needs_classes", "zero_class", False, "needs_classes.sizes"),
        ("needs_behaviour", "outcome", "ordered", "needs_behaviour.odds_ratios"),
        ("risk_score", "formula", "time_point", "risk_score.rate_ratios"),
        ("marac_follow_up", "sites", ["site_1"], "marac_follow_up.reappearance"),
    ],
)
def test_a_number_does_not_stand_beside_the_answer_to_another_question(
    analysis: str, parameter: str, value: object, table: str
) -> None:
    changed = {**given.PARAMETERS[analysis], parameter: value}
    values = published_values(load_published("drive"), {**given.PARAMETERS, analysis: changed})
    assert not any(key[0] == table for key in values)
    assert any(key[0] == "participant_flow.flow" for key in values)


def test_all_faults_of_a_file_are_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "configs" / "published"
    folder.mkdir(parents=True)
    same = "{table: a.b, row: r, column: c, statistic: share, value: 1, source: Table 1}"
    (folder / "faulty.yaml").write_text(
        f"- {same}\n- {same}\n"
        "- {table: a.b, row: r, column: c, statistic: share, value: many, source: Table 1}\n"
        "- {table: a.b, row: r, column: d, statistic: share, value: 2, colour: red}\n"
        '- {table: a.b, row: r, column: e, statistic: p, value: 2, source: T, printed: "0.2"}\n'
    )
    monkeypatch.setattr(module, "project_root", lambda: tmp_path)
    with pytest.raises(UsageError) as caught:
        load_published("faulty")
    text = str(caught.value)
    assert "given twice: a.b > r > c > share" in text
    for place in ("2 > value", "3 > source", "3 > colour", "`printed` is another number"):
        assert place in text
    assert "many" not in text


def test_two_numbers_beside_one_cell_are_an_error() -> None:
    one = PublishedNumber(table="a.b", row="r", column="c", statistic="s", value=1, source="T1")
    other = one.model_copy(update={"value": 2.0, "when": {"outcome": "physical"}})
    assert len(published_values([one, other], {"a": {"outcome": "sexual"}})) == 1
    with pytest.raises(UsageError, match=r"two numbers stand beside a\.b > r > c > s"):
        published_values([one, other], {"a": {"outcome": "physical"}})


def test_a_study_without_printed_numbers_has_none() -> None:
    assert load_published(None) == ()
