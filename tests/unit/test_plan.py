"""The analysis plan: what its lock fixes, how a change is told and recorded, how it is written."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import yaml

from datrial.config.load import parse
from datrial.config.plan import Plan
from datrial.config.plan_file import plan_yaml, with_plan
from datrial.config.plan_lock import (
    amend_plan,
    check_plan,
    lock_plan,
    plan_changes,
    plan_hash,
    plan_parts,
    plan_state,
)
from datrial.config.study import Study, load_study, studies
from datrial.errors import DatrialError, UsageError

DAY, LATER = dt.date(2026, 1, 5), dt.date(2026, 2, 6)
HASH = "0" * 64


def drive(**changes: Any) -> Study:
    """Return the Drive study without a lock, with some settings changed."""
    content = load_study("drive").model_dump(mode="json", exclude={"plan"})
    return parse(Study, content | changes, "study.yaml")


def locked(study: Study, **changes: Any) -> Study:
    """Return a study with its plan locked, and then some settings changed."""
    content = study.model_dump(mode="json") | {"plan": lock_plan(study, DAY).model_dump()}
    return parse(Study, content | changes, "study.yaml")


def with_parameter(study: Study, analysis: str, **parameters: Any) -> dict[str, Any]:
    return study.analyses | {analysis: study.analyses[analysis] | parameters}


@pytest.mark.parametrize("name", studies())
def test_every_study_file_is_the_plan_that_it_locked(name: str) -> None:
    """Where this fails, a study file was changed after its plan was locked.

    If the change is meant, record it (the lock and its date stay):
    ``datrial plan amend --study NAME --reason "WHY" --write``.
    """
    study = load_study(name)
    assert plan_state(study) != "changed", (
        f"configs/studies/{name}.yaml plans something else than was locked: "
        f"{plan_changes(study).in_words}. If that is meant: "
        f'datrial plan amend --study {name} --reason "WHY" --write'
    )


@pytest.mark.parametrize("name", ["drive", "drive_linkage"])
def test_the_model_studies_are_locked_and_their_parts_are_those_of_the_lock(name: str) -> None:
    study = load_study(name)
    assert plan_state(study) == "holds"
    assert plan_changes(study).names == ()


def test_a_study_based_on_another_does_not_take_over_its_lock() -> None:
    plans = [load_study(name).plan for name in ("drive", "drive_linkage")]
    assert plans[0] != plans[1]


def test_a_lock_holds_until_something_that_it_fixes_changes() -> None:
    study = locked(drive())
    assert plan_state(study) == "holds"
    check_plan(study)
    assert plan_state(drive()) == "not locked"
    check_plan(drive())


FIXED: list[tuple[str, dict[str, Any]]] = [
    ("scoring", {"scoring": {"dash_items": 20, "dash_max_not_known": 9}}),
    ("design", {"seed": 1}),
    ("design", {"allocation": {"method": "simple", "eligibility": {"minimum_age": 16}}}),
    ("eligibility", {"allocation": {"method": "imported", "eligibility": {"minimum_age": 18}}}),
    ("windows", {"windows": [0, 6]}),
    ("end_of_intervention", {"end_of_intervention": {"rule": "fixed_days", "days": 90}}),
    ("definitions", {"definitions": {}}),
    ("primary_outcomes", {"primary_outcomes": ["marac_follow_up", "victim_differences"]}),
    ("outcome_families", {"outcome_families": {}}),
]


@pytest.mark.parametrize(("part", "changes"), FIXED)
def test_a_change_of_what_the_plan_fixes_is_told_with_both_hashes(
    part: str, changes: dict[str, Any]
) -> None:
    study = locked(drive(), **changes)
    assert plan_changes(study).names == (part,)
    with pytest.raises(UsageError) as told:
        check_plan(study)
    assert study.plan
    for words in ("2026-01-05", part, str(study.plan.hash), plan_hash(study), "plan amend"):
        assert words in str(told.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Another title"},
        {"sources": ["drive/cms"]},
        {"quarantine_limit": 0.5},
        {"retention": {"runs": 1}},
        {"published": None},
        {"nightly": False},
        {"disclosure": "counts_below_10"},
    ],
)
def test_what_is_no_part_of_the_plan_may_change(changes: dict[str, Any]) -> None:
    assert plan_state(locked(drive(), **changes)) == "holds"


def test_labels_are_words_and_a_period_is_not() -> None:
    content = drive().model_dump(mode="json", include={"arms", "periods", "outcome_families"})
    for arm in content["arms"].values():
        arm["label"] += " arm"
    content["periods"][0]["label"] = "Half a year before"
    content["outcome_families"]["victims_safety"]["label"] = "Safety"
    assert plan_state(locked(drive(), **content)) == "holds"
    content["periods"][0]["after"]["months"] = -12
    assert plan_changes(locked(drive(), **content)).changed == ("periods",)


def test_an_analysis_that_changes_comes_or_goes_is_named() -> None:
    study = drive()
    analyses = with_parameter(study, "risk_score", effect="normal") | {"linkage": {}}
    del analyses["balance"]
    changes = plan_changes(locked(study, analyses=analyses))
    assert changes.changed == ("analyses.risk_score",)
    assert changes.added == ("analyses.linkage",)
    assert changes.removed == ("analyses.balance",)
    assert changes.in_words == (
        "changed: analysis risk_score; new: analysis linkage; gone: analysis balance"
    )


def test_the_order_in_which_analyses_are_planned_does_not_matter() -> None:
    study = drive()
    turned = dict(reversed(study.analyses.items()))
    assert plan_hash(drive(analyses=turned)) == plan_hash(study)


def test_a_setting_written_out_as_its_default_is_the_same_plan() -> None:
    """So a new setting of a later version, left at its default, breaks no lock."""
    content = load_study("drive").model_dump(mode="json", exclude_defaults=True, exclude={"plan"})
    assert plan_hash(parse(Study, content, "study.yaml")) == plan_hash(drive())


def test_no_two_analyses_have_the_same_hash_though_they_say_the_same() -> None:
    parts = plan_parts(drive())
    assert len(set(parts.values())) == len(parts)


def test_an_exploratory_analysis_may_come_and_change_but_a_planned_one_may_not_become_one() -> None:
    study = locked(drive())
    assert study.plan
    plan = study.plan.model_dump() | {"exploratory": ["linkage"]}
    more = study.analyses | {"linkage": {}}
    assert plan_state(locked(drive(), analyses=more, plan=plan)) == "holds"
    plan["exploratory"] = ["balance"]
    assert plan_changes(locked(drive(), plan=plan)).removed == ("analyses.balance",)
    plan["exploratory"] = ["balanse"]
    with pytest.raises(UsageError, match="balanse is not one of the analyses"):
        check_plan(locked(drive(), plan=plan))


def test_a_hash_altered_by_hand_is_told_as_such() -> None:
    study = locked(drive())
    assert study.plan
    altered = study.plan.model_copy(update={"hash": HASH})
    with pytest.raises(UsageError, match="its hash in the study file was altered"):
        check_plan(study.model_copy(update={"plan": altered}))


def test_a_lock_without_parts_holds_and_breaks_but_cannot_say_where() -> None:
    study = locked(drive(), seed=7)
    assert study.plan
    bare = study.model_copy(update={"plan": study.plan.model_copy(update={"parts": {}})})
    with pytest.raises(UsageError, match="which parts cannot be told"):
        check_plan(bare)
    plan = amend_plan(bare, "Another seed", LATER)
    assert plan.amendments[0].changed == () and plan.parts
    check_plan(bare.model_copy(update={"plan": plan}))


def test_an_amendment_says_what_changed_and_the_lock_stays() -> None:
    study = locked(drive(), seed=7)
    plan = amend_plan(study, "  Another\n seed ", LATER)
    amended = study.model_copy(update={"plan": plan})
    assert plan_state(amended) == "holds" and plan_changes(amended).names == ()
    assert plan.locked == DAY and study.plan and plan.hash == study.plan.hash
    assert plan.amendments[0].reason == "Another seed"
    assert plan.amendments[0].changed == ("design",)
    again = amended.model_copy(update={"windows": (0, 3)})
    with pytest.raises(UsageError, match="amended on 2026-02-06"):
        check_plan(again)
    assert len(amend_plan(again, "Shorter", LATER).amendments) == 2


def test_what_cannot_be_locked_or_amended_is_told() -> None:
    study, changed = locked(drive()), locked(drive(), seed=7)
    with pytest.raises(UsageError, match="locked since 2026-01-05"):
        lock_plan(study, LATER)
    with pytest.raises(UsageError, match="nothing to amend"):
        amend_plan(study, "because", LATER)
    with pytest.raises(UsageError, match="no analysis plan is locked"):
        amend_plan(drive(), "because", LATER)
    with pytest.raises(UsageError, match="say why"):
        amend_plan(changed, " \n ", LATER)
    with pytest.raises(UsageError, match="lies before 2026-01-05"):
        amend_plan(changed, "because", dt.date(2026, 1, 4))


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ({"locked": "2026-01-05"}, "belong together"),
        ({"hash": HASH}, "belong together"),
        ({"parts": {"design": "0" * 8}}, "a plan that is locked"),
        ({"locked": "2026-01-05", "hash": "abc"}, "hash"),
        ({"colour": "red"}, "no such setting"),
        ({"exploratory": ["balance", "balance"]}, "named twice"),
        ({"exploratory": ["marac_follow_up"]}, "cannot be exploratory"),
        ({"exploratory": ["follow_up_rates"]}, "rests on the exploratory analysis"),
        (
            {
                "locked": "2026-01-05",
                "hash": HASH,
                "amendments": [{"date": "2026-01-04", "reason": "why", "hash": HASH}],
            },
            "go back",
        ),
    ],
)
def test_a_faulty_plan_section_is_told(plan: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        drive(plan=plan)


def test_the_plan_section_is_yaml_that_reads_back_as_it_was() -> None:
    study = locked(drive(), seed=7)
    plan = amend_plan(study, "An 'odd': \"reason\" # \\ with\u2028 \U0001f512 in it", LATER)
    plan = plan.model_copy(update={"exploratory": ("linkage",)})
    text = plan_yaml(plan)
    assert parse(Plan, yaml.safe_load(text)["plan"], "plan") == plan
    assert max(map(len, text.splitlines())) <= 100


FILE = """\
# Head
study: a   # its name
plan: {}
# Before the seed
seed: 1
text: |
  plan: not this one
"""


@pytest.mark.parametrize(
    ("old", "kept"),
    [
        ("plan: {}\n", []),
        ("plan: null  # none yet\n", ["# none yet"]),
        ("plan:\n", []),
        ('plan:  # ours\n  # Signed\n  exploratory: ["a # b"] # two\n\n', ["# ours", "# two"]),
        ('"plan":\n  exploratory:\n    - a\n    - b\n', []),
    ],
)
def test_a_section_is_replaced_and_every_other_line_stays(old: str, kept: list[str]) -> None:
    before = FILE.replace("plan: {}\n", old)
    after = with_plan(before, Plan(locked=DAY, hash=HASH))
    assert yaml.safe_load(after)["plan"] == {"locked": DAY, "hash": HASH}
    for line in FILE.splitlines():
        assert line == "plan: {}" or line in after.splitlines()
    assert [line for line in kept if f"  {line}" not in after.splitlines()] == []
    assert "# Signed" in after or "# Signed" not in old


def test_a_file_without_a_section_gets_one_at_its_end() -> None:
    before = FILE.replace("plan: {}\n", "")
    after = with_plan(before, Plan(locked=DAY, hash=HASH))
    assert after.startswith(before) and "datrial plan" in after
    again = with_plan(after, Plan(locked=LATER, hash=HASH))
    assert again == after.replace("2026-01-05", "2026-02-06")


def test_line_ends_of_windows_stay() -> None:
    after = with_plan(FILE.replace("\n", "\r\n"), Plan(locked=DAY, hash=HASH))
    assert after.count("\n") == after.count("\r\n")


def test_what_cannot_be_changed_alone_is_not_changed() -> None:
    """In one line with others the section cannot be replaced."""
    with pytest.raises(DatrialError, match="by hand"):
        with_plan("{study: a, plan: {}, seed: 1}\n", Plan(locked=DAY, hash=HASH))
