"""What the summary says about behaviour and direct work: numbers, doubts, and what is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import models_fixture as given

from datrial.report.summary import findings
from datrial.results.cells import Table
from datrial.results.manifest import AnalysisEnd, Manifest
from datrial.results.read import Run, RunTable

ONLY = (
    "Only service users of the intervention have these forms: this is change over time, "
    "not an effect of the allocation."
)


def said(*tables: Table | RunTable) -> list[str]:
    """Return the sentences of a run with these tables alone."""
    entries = [each if isinstance(each, RunTable) else given.entry(each) for each in tables]
    names = dict.fromkeys(entry.analysis for entry in entries)
    ends = tuple(AnalysisEnd(id=name, state="done", reason="") for name in names)
    manifest = Manifest(run_id="r", snapshot_id="s", study="drive", analyses=ends)
    run = Run(Path(), manifest, {}, tuple(entries))
    return [sentence for found in findings(run, {}) for sentence in found.sentences]


def no_predictions(*behaviours: str, reason: str = "nothing was received") -> Table:
    """Return predictions without a number of these behaviours."""
    table = given.predictions()
    for cell in list(table.cells):
        if cell.row.partition("__")[0] in behaviours:
            table.cells.remove(cell)
            table.absent(cell.row, cell.column, cell.statistic, reason)
    return table


def test_behaviour_is_told_over_time_with_interval_published_number_and_forms() -> None:
    printed = {("physical__intake", "high", "probability"): 0.45,
               ("physical__intake", "none", "probability"): 0.38}  # fmt: skip
    told = said(given.entry(given.predictions({("physical__midpoint", "none"): None}), printed))
    assert told[0] == ONLY
    assert told[1] == (
        "High physical abuse, adjusted probability: 43.7% at intake (95% interval 30.6% to 61.2%; "
        "published 45%), 6.7% at midpoint (95% interval 4.7% to 9.4%) and 2.8% at case closure "
        "(95% interval 2.0% to 3.9%). No physical abuse: 38.4% at intake (published 38%), not "
        "available at midpoint and 93.7% at case closure (1,311 forms)."
    )
    assert len(told) == 5


def test_what_is_missing_is_said_with_its_reason_and_one_reason_only_once() -> None:
    told = said(no_predictions(*given.BEHAVIOURS))
    assert told == [
        ONLY,
        "The adjusted probability of high physical abuse is not available (nothing was received).",
        "The adjusted probability of no physical abuse is not available (nothing was received).",
        "For the same reason nothing can be said about sexual abuse, harassment and stalking and "
        "jealous and controlling behaviour.",
    ]
    one = said(no_predictions("sexual", reason="not fitted"))
    assert "The adjusted probability of high sexual abuse is not available (not fitted)." in one
    assert sum("is not available" in sentence for sentence in one) == 2
    assert sum("adjusted probability: " in sentence for sentence in one) == 3


def test_which_factors_matter_is_counted_after_adjustment() -> None:
    tests = given.factor_tests({
        ("relationship", "physical"): 0.001, ("relationship", "sexual"): 0.002,
        ("ccj_involvement", "physical"): 0.03, ("ccj_involvement", "sexual"): None,
        ("time_point", "physical"): 1e-9,
    })  # fmt: skip
    found = next(text for text in said(given.predictions(), tests) if "tests" in text)
    assert found == (
        "Of 7 tests of whether a factor goes with the severity of a behaviour when the others are "
        "held equal, 3 are below a p-value of 0.05, and when adjusted for their number: "
        "relationship with physical abuse and sexual abuse; criminal or civil justice involved "
        "with physical abuse."
    )
    none = said(given.predictions(), given.factor_tests({}))
    assert "0 are below a p-value of 0.05, and none when adjusted for their number." in none[5]
    every = {
        (row, b): None for row in ("relationship", "ccj_involvement") for b in given.BEHAVIOURS
    }
    assert "not known: no model could be fitted" in " ".join(
        said(given.predictions(), given.factor_tests(dict(every)))
    )


def people(share: float | None = 0.6) -> Table:
    table = Table("direct_work.people", "T", "N", (), dict(given.EXPOSURES), {"yes": "With"})
    for row in given.EXPOSURES:
        table.add(row, "yes", "share", share, n=506, reason="no actions were sent")
    return table


def change(p_value_adjusted: dict[str, float]) -> Table:
    table = given.work_odds("change", {"midpoint": "Midpoint", "closure": "Closure"})
    table.cells = [
        replace(cell, value=p_value_adjusted.get(cell.row, 0.6))
        if cell.statistic == "p_value_adjusted" and cell.column == "closure" else cell
        for cell in table.cells
    ]  # fmt: skip
    return table


def test_direct_work_is_never_told_as_an_effect() -> None:
    pooled = given.work_odds("odds_ratios", {"unadjusted": "Unadjusted", "adjusted": "Adjusted"})
    told = said(people(), change({"behaviour_change__physical": 0.01}), pooled)
    assert told == [
        "Of service users with a behaviour form, these had direct work: making and sustaining "
        "contact 60.0% (of 506), direct support 60.0% (of 506) and behaviour-change work 60.0% "
        "(of 506).",
        "Of 12 odds ratios of the change from intake to case closure, with direct work against "
        "without, 1 is below a p-value of 0.05 when adjusted for their number: behaviour-change "
        "work: physical abuse 0.80 (95% interval 0.50 to 1.30).",
        "Of 12 odds ratios of severity, adjusted and pooled over time, with direct work against "
        "without, none is below a p-value of 0.05 when adjusted for their number (the smallest is "
        "0.600).",
        "Those who got direct work differ from those who did not: whoever stays gets it, and "
        "behaviour-change work comes to those with severe behaviour. No effect of the work can be "
        "read off.",
    ]
    nothing = {(f"{e}__{b}", "closure"): None for e in given.EXPOSURES for b in given.BEHAVIOURS}
    missing = said(people(None), given.work_odds("change", {"closure": "Closure"}, nothing))
    assert missing[0] == "Who had direct work is not available (no actions were sent)."
    assert missing[1] == (
        "The odds ratio of the change from intake to case closure with direct work is not "
        "available (not fitted)."
    )


def work(number: float | None) -> Table:
    rows = {"indirect": "Indirect work", "direct": "Direct work",
            "behaviour_change": "Behaviour-change work"}  # fmt: skip
    table = Table("interventions.work", "T", "N", (), rows, {"actions": "A", "people": "P"})
    for row in rows:
        for column in ("actions", "people"):
            table.add(row, column, "count", number, n=509, reason="no data were received")
            share = None if number is None else 0.5
            table.add(row, column, "share", share, n=509, reason="no data were received")
    return table


def test_work_of_case_managers_is_told_with_how_long_cases_lasted() -> None:
    months = Table("interventions.duration", "T", "N", (), {"months": "M"}, {"all": "All"})
    months.add("months", "all", "mean", 10.28, n=506)
    months.add("months", "all", "median", 9.89, n=506)
    printed = {("direct", "people", "share"): 0.65}
    told = said(given.entry(work(330), printed), months)
    assert told == [
        "Case managers recorded 660 actions: 50.0% indirect work with other agencies, 50.0% direct "
        "work with the service user.",
        "They recorded any direct work with 50.0% (330 people; published 65%) and behaviour-change "
        "work with 50.0% (330 people) of the service users.",
        "The 506 closed cases lasted 10.3 months on average (half of them up to 9.9).",
    ]
    assert said(work(None)) == [
        "The number of actions of case managers is not available (no data were received)."
    ]


def recorded(share: float | None) -> Table:
    rows = {f"{b}__{t}": label for b, label in given.BEHAVIOURS.items()
            for t in ("intake", "closure")}  # fmt: skip
    table = Table("behaviours.severity", "Behaviours recorded", "N", (), rows, {"any": "Any"})
    for row in rows:
        table.add(row, "any", "share", share, n=470, reason="no data were received")
    return table


def test_recorded_behaviours_are_told_with_their_numbers_or_not_at_all() -> None:
    (told,) = said(recorded(0.25))
    assert told.startswith(
        "Of service users, case managers recorded any severity for: physical abuse 25.0% of 470 at "
        "intake and 25.0% of 470 at case closure; sexual abuse 25.0% of 470 at intake"
    )
    assert said(recorded(None)) == [
        "The shares of behaviours recorded are not available (no data were received)."
    ]
