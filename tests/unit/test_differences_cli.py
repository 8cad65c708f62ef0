"""``datrial diff``: what it prints, what it picks, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import two_runs as given
from typer.testing import CliRunner, Result

from datrial.cli import app
from datrial.errors import UsageError
from datrial.results.naming import find_run


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    tables = given.counts(100, 50), given.ratios((0.9, 0.8, 1.05, 0.06))
    given.store(tmp_path, "1abc", *tables, end="2026-11-01T02:00:00+00:00")
    given.store(
        tmp_path, "1abd", given.counts(101, 50), given.ratios((0.8, 0.7, 0.9, 0.01)),
        end="2026-11-02T02:00:00+00:00", label="corrected", snapshot_id="s2",
        parameters=given.PARAMETERS | {"risk_score": {"effect": "normal"}},
    )  # fmt: skip
    return tmp_path


def ask(*words: str) -> Result:
    return CliRunner().invoke(app, ["diff", *words], catch_exceptions=False)


def answer(*words: str) -> str:
    result = ask(*words)
    assert result.exit_code == 0, result.output
    return result.output


def test_it_says_what_differs_between_the_inputs_and_then_between_the_numbers(home: Path) -> None:
    lines = answer("1abc", "1abd").splitlines()
    assert lines[0].startswith("A  1abc  drive  2026-11-01T02:00")
    assert lines[1].endswith("corrected")
    assert "  data        snapshot s1 -> s2" in lines
    assert "  parameters  analyses.risk_score.effect: gamma -> normal" in "\n".join(lines)
    said = [line for line in lines if line.startswith(("marac_follow_up", "risk_score"))]
    assert said == ["marac_follow_up  (primary outcome)", "risk_score"]
    assert "    Row 0 · People · Number: 100 -> 101  (+1)" in lines
    assert "  risk_score.ratios: 4 numbers (data or parameters)" in lines
    assert "    Row 0 · Rate ratio · p-value: 0.060 -> 0.010  (−0.05, CROSSED 0.05)" in lines


def test_runs_are_found_by_label_by_start_and_by_turn(home: Path) -> None:
    assert answer() == answer("previous", "latest") == answer("1abc", "corrected")
    assert find_run(home, "1abc") == "1abc"
    for name, said in (("1ab", "means 2 runs: 1abc, 1abd"), ("zz", "no run 'zz'"), ("", "no run")):
        with pytest.raises(UsageError, match=said):
            find_run(home, name)
    with pytest.raises(UsageError, match="no stored run yet"):
        find_run(home / "nowhere", "latest")
    given.store(home, "other", study="restart", end="2026-11-09T02:00:00+00:00")
    assert find_run(home, "latest") == "other"
    with pytest.raises(UsageError, match="no run of restart before other"):
        find_run(home, "previous")


def test_only_what_was_asked_for_is_listed(home: Path) -> None:
    assert "risk_score.ratios" not in answer("--table", "marac_follow_up.people")
    assert "marac_follow_up.people" not in answer("--analysis", "risk_score")
    assert "marac_follow_up.people" not in answer("--cause", "parameters")
    assert "Of these differences 5 were asked for." in answer("--cause", "data")
    for words, said in (
        (("--table", "x.y"), "neither run has such a table"),
        (("--analysis", "x"), "neither run has it. Analyses: marac_follow_up, risk_score"),
        (("--cause", "weather"), "there are data, parameters, code"),
    ):
        with pytest.raises(UsageError, match=said):
            ask(*words)


def test_a_table_is_cut_short_unless_all_is_asked_for(home: Path) -> None:
    for name, step in (("20", 0), ("21", 1)):
        table = given.counts(*(100 + step + place for place in range(9)))
        given.store(home, name, table, snapshot_id=name, end=f"2026-12-{name}T02:00:00+00:00")
    assert "    4 more: --table marac_follow_up.people --all" in answer("20", "21")
    assert answer("20", "21", "--all").count("(+1)") == 9


def test_it_ends_with_one_only_for_the_unexplained_or_when_asked_to(home: Path) -> None:
    assert ask("1abc", "1abd", "--exit-code").exit_code == 1
    assert ask("1abc", "1abc", "--exit-code").exit_code == 0
    given.store(home, "3", given.counts(999), given.ratios((0.9, 0.8, 1.05, 0.06)))
    unexplained = ask("1abc", "3", "--json")
    assert unexplained.exit_code == 1
    assert json.loads(unexplained.output)["unexplained"] == 2
    assert "have no cause" in ask("1abc", "3").output


def test_machines_get_every_difference(home: Path) -> None:
    found = json.loads(answer("--json", "--table", "marac_follow_up.people"))
    assert (found["first"], found["second"], found["equal"]) == ("1abc", "1abd", False)
    assert [cause["kind"] for cause in found["causes"]] == ["data", "parameters"]
    (difference,) = found["differences"]
    assert (difference["row"], difference["change"], difference["cause"]) == ("row_0", 1, "data")
    assert difference["second"]["value"] == 101


def test_a_page_is_written_and_withholds_what_the_screen_shows(home: Path) -> None:
    page = home / "changes" / "page.html"
    assert "100 -> 101" in answer("--html", str(page), "--tolerance", "1e-6")
    text = page.read_text(encoding="utf-8")
    assert "Rate ratio" in text
    assert ">101<" not in text


def test_words_are_compared_when_asked_for(home: Path) -> None:
    table = given.counts(100, 50)
    table.note = "All who were allocated."
    given.store(home, "4", table, given.ratios((0.9, 0.8, 1.05, 0.06)))
    assert "All who were allocated." not in answer("1abc", "4")
    assert (
        "marac_follow_up.people, note\n  - All allocated.\n  + All who were allocated."
        in answer("1abc", "4", "--texts")
    )
