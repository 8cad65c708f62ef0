"""Why two runs differ: from their manifests, and to which cells each cause reaches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import two_runs as given

from datrial.results.difference_causes import Kind, cause_of, causes_between
from datrial.results.difference_settings import decides_numbers, differing_settings
from datrial.results.differences import compare_runs
from datrial.results.manifest import Manifest


def _manifest(**changes: Any) -> Manifest:
    return Manifest.model_validate({**given.manifest(**changes), "run_id": "r"})


def _causes(
    reads_results: tuple[str, ...] = (), **changes: Any
) -> list[tuple[str, tuple[str, ...]]]:
    found = causes_between(_manifest(), _manifest(**changes), reads_results)
    return [(str(cause.kind), cause.lines) for cause in found]


def _made(**changes: Any) -> dict[str, Any]:
    return {"snapshot_id": "s2", "made_of": given.MADE_OF | changes}


def _study(**changes: Any) -> dict[str, Any]:
    return {"resolved_study": given.STUDY | changes}


NEW_FILE = [
    "current:drive/cms@cccccccc 2016-01-01 2019-10-31 #2",
    "current:drive/marac_site_1@bbbbbbbb 2016-01-01 2019-09-30 #1",
    "current:drive/police_site_1@dddddddd 2016-01-01 2019-10-31 #3",
    "earlier:drive/cms@aaaaaaaa 2016-01-01 2019-09-30 #1",
]


def test_runs_that_differ_in_label_times_and_words_alone_have_no_cause() -> None:
    arms = {"arm_1": {"label": "First arm"}}
    assert _causes(label="again", end="2026-11-04T02:00:00+00:00", who="an evaluator") == []
    assert _causes(title="Drive trial", published="other", **_study(title="Drive trial")) == []
    assert _causes(**_study(arms=arms, primary_outcomes=["risk_score"], plan={"locked": "x"})) == []


def test_other_data_are_told_in_detail_where_the_runs_record_them() -> None:
    assert _causes(**_made(extracts=NEW_FILE)) == [
        (
            "data",
            (
                "drive/cms: another file, aaaaaa until 2019-09-30 -> cccccc until 2019-10-31",
                "drive/police_site_1: 1 new (dddddd until 2019-10-31)",
            ),
        )
    ]
    (cause,) = causes_between(_manifest(), _manifest(**_made(extracts=NEW_FILE)))
    assert cause.in_words == "two new extracts arrived"
    assert cause.analyses is None


@pytest.mark.parametrize(
    ("changed", "kind", "line"),
    [
        ({"ledger": "l2"}, "data", "the allocation ledger: who is allocated to which arm"),
        ({"decisions": "d2"}, "data", "what clerical review of the linkage decided"),
        ({"key": "k2"}, "data", "the key of the pseudonyms"),
        ({"mappings": {"drive/cms": "x", "drive/marac_site_1": "m2"}}, "parameters",
         "mapping drive/cms: changed"),
        ({"mappings": {"drive/cms": "m1"}}, "parameters", "mapping drive/marac_site_1: left out"),
        ({"data_rules": "r2"}, "parameters", "the study's rules for data"),
        ({"warehouse_code": "w2"}, "code", "the code that makes a snapshot of the extracts"),
        ({"extracts": given.MADE_OF["extracts"][::-1]}, "data",
         "which extracts were corrected, or the order in which they arrived"),
        ({"extracts": given.MADE_OF["extracts"][:1]}, "data",
         "drive/marac_site_1: 1 no longer counts (bbbbbb until 2019-09-30)"),
    ],
)  # fmt: skip
def test_a_snapshot_differs_by_what_it_was_made_of(
    changed: dict[str, Any], kind: str, line: str
) -> None:
    assert _causes(**_made(**changed)) == [(kind, (line,))]


def test_a_snapshot_of_unknown_making_is_other_data_and_says_so() -> None:
    old = given.manifest()
    del old["made_of"]
    first = Manifest.model_validate({**old, "run_id": "r"})
    second = Manifest.model_validate({**old, "run_id": "r", "snapshot_id": "s2"})
    (cause,) = causes_between(first, second)
    assert cause.kind is Kind.DATA
    assert cause.lines == (
        "snapshot s1 -> s2 (one of the runs does not record what its snapshot was made of)",
    )


def test_an_analysiss_parameters_reach_its_own_tables_and_those_made_of_them() -> None:
    changed = given.PARAMETERS | {"risk_score": {"effect": "normal", "months": 6}}
    causes = causes_between(_manifest(), _manifest(parameters=changed), ("outcome_families",))
    (cause,) = causes
    assert cause.lines == (
        "analyses.risk_score.effect: gamma -> normal", "analyses.risk_score.months: new: 6"
    )  # fmt: skip
    assert cause_of(causes, "risk_score") == "parameters"
    assert cause_of(causes, "outcome_families") == "parameters"
    assert cause_of(causes, "marac_follow_up") == "unexplained"


def test_settings_of_the_study_reach_everything_and_are_readable() -> None:
    study = _study(
        windows=[0, 6, 24], sources=["drive/cms"], seed=2,
        periods=[{"key": "before", "label": "Earlier", "months": 12}],
    )  # fmt: skip
    ((kind, lines),) = _causes(**study)
    assert kind == "parameters"
    assert sorted(lines) == [
        "periods.before.months: 6 -> 12",
        "seed: 1 -> 2",
        "sources: left out drive/marac_site_1",
        "windows: added 24; left out 12",
    ]


def test_families_of_outcomes_reach_only_what_is_made_of_results() -> None:
    changed = _study(outcome_families={"safety": {"label": "Safety", "adjust": "holm"}})
    causes = causes_between(_manifest(), _manifest(**changed), ("outcome_families",))
    assert cause_of(causes, "outcome_families") == "parameters"
    assert cause_of(causes, "risk_score") == "unexplained"


def test_code_and_locked_libraries_are_causes_of_one_kind() -> None:
    old = _manifest(dependencies={"numpy": "2.4.5", "scipy": "1.17.1"}, code_parts={"models": "a"})
    new = _manifest(
        code_version="c2",
        dependencies={"numpy": "2.4.6", "scipy": "1.17.1"},
        code_parts={"models": "b"},
    )
    (cause,) = causes_between(old, new)
    assert cause.kind is Kind.CODE
    assert cause.lines == ("code c1 -> c2 (in models)", "numpy: 2.4.5 -> 2.4.6")
    assert cause_of([cause], "risk_score") == "code"


def test_code_that_only_shows_results_is_told_and_explains_no_number() -> None:
    parts = {"models": "a", "report": "b", "cli": "c"}
    old = _manifest(code_parts=parts)
    new = _manifest(code_version="c2", code_parts=parts | {"report": "x", "cli": "y"})
    (cause,) = causes_between(old, new)
    assert cause.lines == ("code c1 -> c2 (in cli, report)",)
    assert cause_of([cause], "risk_score") == "unexplained"
    assert cause_of([cause], "risk_score", hiding=True) == "unexplained"


def test_another_python_or_machine_is_a_cause_and_another_release_of_the_system_is_not() -> None:
    then = {"python": "3.11.1", "platform": "Linux 6.1.0-13 x86_64", "differs_from_lock": []}
    after = {"python": "3.11.1", "platform": "Linux 6.1.0-14 x86_64", "differs_from_lock": []}
    assert causes_between(_manifest(), _manifest(), (), (then, after)) == ()
    assert causes_between(_manifest(), _manifest(), (), ({}, then)) == ()
    now = {
        "python": "3.11.2",
        "platform": "Darwin 24 arm64",
        "differs_from_lock": ["numpy 2.4.5, locked 2.4.6"],
    }
    (cause,) = causes_between(_manifest(), _manifest(), (), (then, now))
    assert cause.kind is Kind.CODE
    assert cause.lines == (
        "Python: 3.11.1 -> 3.11.2",
        "machine: Linux x86_64 -> Darwin arm64",
        "installed, not as locked: added numpy 2.4.5, locked 2.4.6",
    )


def test_several_causes_are_named_together_and_none_is_guessed(tmp_path: Path) -> None:
    first = given.store(tmp_path, "one", given.counts(10), given.ratios((0.9, 0.8, 1.0, 0.04)))
    second = given.store(
        tmp_path, "two", given.counts(20), given.ratios((0.7, 0.6, 0.8, 0.01)),
        code_version="c2", **_made(extracts=NEW_FILE),
        parameters=given.PARAMETERS | {"risk_score": {"effect": "normal"}},
    )  # fmt: skip
    causes = {entry.analysis: entry.cause for entry in compare_runs(first, second).differences}
    assert causes == {
        "marac_follow_up": "data or code",
        "risk_score": "data or parameters or code",
    }


def test_numbers_that_differ_without_a_cause_are_unexplained(tmp_path: Path) -> None:
    first = given.store(tmp_path, "one", given.counts(10))
    second = given.store(tmp_path, "two", given.counts(11))
    comparison = compare_runs(first, second)
    assert [entry.cause for entry in comparison.differences] == ["unexplained"]
    assert comparison.unexplained == 1


def test_another_disclosure_profile_is_a_cause_of_its_own(tmp_path: Path) -> None:
    first = given.store(tmp_path, "one", given.counts(7))
    second = given.store(
        tmp_path, "two", given.counts(None), **_study(disclosure="counts_below_10")
    )
    comparison = compare_runs(first, second)
    assert [entry.cause for entry in comparison.differences] == ["disclosure"]
    assert comparison.causes[0].lines == ("disclosure profile: counts_below_5 -> counts_below_10",)


def test_a_run_from_before_disclosure_control_differs_by_it() -> None:
    profile = {"profile": "counts_below_5", "hidden": {"primary": 3}}
    assert _causes(disclosure=profile) == [
        ("disclosure", ("disclosure control: not applied -> applied",))
    ]
    first, second = (
        _manifest(disclosure=profile | {"hidden": {"primary": count}}) for count in (3, 4)
    )
    assert causes_between(first, second) == ()


def test_a_cell_hidden_for_another_tables_sake_is_disclosure_and_no_fault(tmp_path: Path) -> None:
    first = given.store(tmp_path, "one", given.counts(7, 8))
    second = given.store(
        tmp_path, "two", given.counts(None, 9),
        parameters=given.PARAMETERS | {"risk_score": {"effect": "normal"}},
    )  # fmt: skip
    causes = {entry.row: entry.cause for entry in compare_runs(first, second).differences}
    assert causes == {"row_0": "disclosure", "row_1": "unexplained"}


def test_a_hidden_cell_of_other_code_may_be_hidden_for_another_tables_sake() -> None:
    analyses = [{"id": "marac_follow_up", "state": "done"}]
    causes = causes_between(_manifest(), _manifest(code_version="c2", analyses=analyses))
    assert cause_of(causes, "marac_follow_up") == "code"
    assert cause_of(causes, "marac_follow_up", hiding=True) == "code or disclosure"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({"a": True}, {"a": False}, {"a": "yes -> no"}),
        ({"a": True}, {"a": 1}, {"a": "yes -> 1"}),
        ({"a": None}, {"a": ""}, {"a": 'none -> ""'}),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [2, 1]}}, {"a.b": "[1, 2] -> [2, 1]"}),
        ({}, {"a": {"b": 1}}, {"a": 'new: {"b": 1}'}),
        ({"a": 1}, {}, {"a": "left out, was 1"}),
        ({"a": [1]}, {"a": [1]}, {}),
    ],
)
def test_settings_read_as_a_study_file_has_them(
    old: dict[str, Any], new: dict[str, Any], said: dict[str, str]
) -> None:
    assert differing_settings(old, new) == said


def test_titles_and_labels_decide_no_number() -> None:
    assert not decides_numbers("sites.site_1.label")
    assert not decides_numbers("primary_outcomes")
    assert decides_numbers("sites.site_1.recruitment_end")
