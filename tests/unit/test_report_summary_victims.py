"""What the summary says about victims-survivors: never more than the data bear, arms as coded."""

from __future__ import annotations

import models_fixture as given
from test_report_summary_models import said

from datrial.report.summary_words import arm_words, arms_in
from datrial.results.cells import Cell, Table

CODED = {"arm_a": "Arm A", "arm_b": "Arm B"}
AGAINST = "Arm B against Arm A"
ENGAGED = "not comparable by randomisation"
DIFFERENCE = [("share_difference", -0.05), ("ci_low", -0.167), ("ci_high", 0.059)]


def reports(difference: float | None = -0.054) -> tuple[Table, Table]:
    rows = {"physical__intake": "Physical abuse: intake", "physical__exit": "Physical abuse: exit"}
    shares = Table("victim_behaviours.prevalence", "T", "N", (), rows, {"all": "All", **CODED})
    for row, share in zip(rows, (0.709, 0.078), strict=True):
        for column in shares.column_labels:
            shares.add(row, column, "share", share, n=103)
    columns = {**CODED, "difference": f"Difference in change, {AGAINST}"}
    changes = {("physical", "difference"): difference}
    change = given.filled(
        "victim_behaviours.change", {"physical": "Physical abuse"}, columns, DIFFERENCE, changes
    )
    return shares, change


def test_reports_are_told_by_arm_and_a_difference_that_may_be_none_is_said_to_be_open() -> None:
    shares, change = reports()
    printed = {("physical", "difference", "share_difference"): -0.08}
    told = said(shares, given.entry(change, printed))
    assert told[0] == (
        "Physical abuse: reported by 70.9% at intake and 7.8% at exit in Arm A (103 pairs of "
        "forms) and 70.9% at intake and 7.8% at exit in Arm B (103 pairs of forms). The change in "
        "Arm B less that in Arm A is −5.4 percentage points (95% interval −18.0 to 6.4; published "
        "−8); the interval includes 0, so the arms may not differ."
    )
    assert ENGAGED in told[1]
    assert said(*reports(None))[0] == (
        "Physical abuse: the difference of the changes of the arms is not available (not fitted)."
    )


def cell_at(cell: Cell) -> tuple[str, str, str]:
    return cell.row, cell.column, cell.statistic


def with_p_values(table: Table, p_values: dict[str, float]) -> Table:
    """Return the effects with these adjusted p-values of the binary model."""
    table.title = f"Difference in differences by model, {AGAINST}"
    table.cells = [
        Cell(cell.row, cell.column, cell.statistic, p_values.get(cell.row, 0.6), cell.n)
        if (cell.column, cell.statistic) == ("binary", "p_value_adjusted")
        and cell.value is not None
        else cell
        for cell in table.cells
    ]
    return table


def seen(count: float | None) -> Table:
    rows = {"allocated": "Allocated", "with_both_forms": "With both forms"}
    table = Table("victim_differences.seen", "T", "N", (), rows, dict(CODED))
    for arm in CODED:
        table.add("allocated", arm, "count", 509)
        for statistic, value in (("count", count), ("share", count and count / 509)):
            table.add("with_both_forms", arm, statistic, value, n=509, reason="nothing was sent")
    return table


def test_the_effect_is_told_with_its_doubts_and_the_arms_as_coded() -> None:
    effects = with_p_values(given.effects({("sexual", "imputed"): 1.2}), {})
    printed = {("physical", "binary", "odds_ratio"): 0.9}
    told = said(given.entry(effects, printed), seen(104))
    assert told[0] == (
        "Whether abuse that victims-survivors report fell more in Arm B than in Arm A is not "
        "settled for any behaviour: the smallest p-value, adjusted for the 4 behaviours (Holm's "
        "method), is 0.600."
    )
    assert "below 1 a behaviour fell more in Arm B" in told[1]
    assert told[2] == (
        "Physical abuse: odds ratio 0.80 (95% interval 0.50 to 1.30; published 0.9), 1,311 "
        "victims-survivors; the interval includes 1: the data do not settle whether the arms "
        "differ."
    )
    assert told[6] == (
        "Of 12 estimates of other models and of imputed or weighted data, 1 points the other way: "
        "sexual abuse, imputed (1.20)."
    )
    assert told[7].endswith("104 of 509 (20.4%) in Arm A and 104 of 509 (20.4%) in Arm B.")
    assert ENGAGED in told[8] and "need not be an effect" in told[8]
    assert len(told) == 9
    assert "Drive" not in " ".join(told)


def test_a_clear_difference_is_named_and_a_missing_one_is_not_hidden() -> None:
    told = said(with_p_values(given.effects({("sexual", "binary"): None}), {"physical": 0.01}))
    assert told[0] == (
        "Reports of physical abuse changed differently in Arm B and in Arm A: p-value below 0.05, "
        "adjusted for the 3 behaviours (Holm's method). For the others the data do not settle it."
    )
    assert told[5] == "The odds ratio of the change of sexual abuse is not available (not fitted)."
    assert "Of 9 estimates of other models" in told[6] and "same way" in told[6]
    nothing = {(row, "binary"): None for row in given.BEHAVIOURS}
    missing = said(with_p_values(given.effects(nothing), {}), seen(None))
    assert missing[:2] == [
        "The odds ratio of the change of physical abuse is not available (not fitted).",
        "For the same reason nothing can be said about sexual abuse, harassment and stalking and "
        "jealous and controlling behaviour.",
    ]
    assert "How many are seen in each arm is not available (nothing was sent)." in missing
    assert not any("Holm" in sentence for sentence in missing)


def amount(difference: float | None) -> Table:
    table = Table("victim_support.amount", "T", "N", (), {"contacts": "Contacts"}, {"all": "All"})
    for arm, label in CODED.items():
        table.column(arm, label)
        table.add("contacts", arm, "mean", 23.0, n=104)
        table.add("contacts", arm, "sd", 22.0, n=104)
    table.column("welch", f"Welch's t-test, {AGAINST}")
    for statistic, value in (("difference", difference), ("ci_low", -1.0), ("ci_high", 4.0)):
        table.add("contacts", "welch", statistic, value, n=457, reason="no form has an answer")
    return table


def test_support_is_told_by_arm_with_the_difference_of_the_means() -> None:
    printed = {("contacts", "arm_a", "mean"): 23.0}
    told = said(given.entry(amount(7.02), printed))
    assert told[0] == (
        "Contacts: 23.0 in Arm A (n = 104, published 23) and 23.0 in Arm B (n = 104) on average; "
        "difference 7.02 (95% interval −1.00 to 4.00); the interval includes 0, so the arms may "
        "not differ."
    )
    assert ENGAGED in told[1]
    assert said(amount(None))[0] == (
        "Contacts: the difference of the arms is not available (no form has an answer)."
    )


def risk(ratio: float | None, share: float | None = 0.4) -> tuple[Table, Table]:
    change = Table("victim_risk.change", "T", "N", (), {"significant_reduction": "S"}, dict(CODED))
    for arm in CODED:
        change.add("significant_reduction", arm, "share", share, n=103, reason="no answer")
    numbers = [("odds_ratio", 0.58), ("ci_low", 0.38), ("ci_high", 0.87)]
    tests = given.filled("victim_risk.tests", {"risk_change": "Change in risk"},
                         {"odds_ratio": f"Worse answer, {AGAINST}"}, numbers,
                         {("risk_change", "odds_ratio"): ratio}, n=442)  # fmt: skip
    return change, tests


def test_risk_is_told_with_its_odds_ratio_and_open_where_the_interval_holds_one() -> None:
    told = said(*risk(0.58))
    assert told[:2] == [
        "IDVAs saw a significant reduction of the risk for 40.0% in Arm A (103 answers) and 40.0% "
        "in Arm B (103 answers).",
        "The odds of a worse answer on change in risk, Arm B against Arm A: 0.58 (95% interval "
        "0.38 to 0.87), n = 442. Below 1 the answers are better in Arm B.",
    ]
    assert ENGAGED in told[2]
    assert "the interval includes 1: the data do not settle" in said(*risk(0.9))[1]
    assert said(*risk(None, None))[:2] == [
        "How IDVAs saw the risk change is not available (no answer).",
        "The odds ratio of a worse answer on change in risk is not available (not fitted).",
    ]


def test_arms_are_named_as_a_heading_names_them() -> None:
    assert arms_in("Worse answer, intervention against control") == (
        "the intervention arm", "the control arm"
    )  # fmt: skip
    assert arms_in(f"By model, {AGAINST}") == ("Arm B", "Arm A")
    assert arms_in("Estimate") == ("the intervention arm", "the control arm")
    assert [arm_words(label) for label in ("Arm A", "Drive")] == ["Arm A", "the Drive arm"]
