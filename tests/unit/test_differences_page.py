"""The page of differences: what it says first, what it shows, and what it withholds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import two_runs as given

from datrial.errors import UsageError
from datrial.report.differences_page import (
    render_differences,
    sentences,
    write_changes_page,
    write_differences_page,
)
from datrial.report.differences_privacy import shown
from datrial.results.cells import Table
from datrial.results.differences import compare_runs
from datrial.results.previous_run import previous_runs

OTHER_DATA: dict[str, Any] = {
    "snapshot_id": "s2",
    "made_of": given.MADE_OF
    | {
        "extracts": [
            *given.MADE_OF["extracts"],
            "current:drive/police_site_1@dddddddd 2016-01-01 2019-10-31 #3",
        ]
    },
    "end": "2026-11-04T02:00:00+00:00",
}


def _two(
    home: Path, old: list[Table], new: list[Table], **changes: Any
) -> tuple[list[str], str, list[tuple[str, str]]]:
    """Return the sentences, the page and (row, statistic) of what it shows of two runs."""
    first = given.store(home, "one", *old)
    second = given.store(home, "two", *new, **(OTHER_DATA | changes))
    comparison = compare_runs(first, second)
    seen = [(entry.row, entry.statistic) for entry in shown(comparison).differences]
    return sentences(comparison), render_differences(comparison), seen


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.split("<body>")[1]))


def test_it_says_first_in_plain_words_what_changed_and_why(tmp_path: Path) -> None:
    said, page, _ = _two(tmp_path, [given.counts(100, 50)], [given.counts(120, 50)])
    assert said == [
        "Compared with run one of 3 November 2026, 1 of 2 numbers changed, because one new "
        "extract arrived.",
        "No primary outcome changed its direction, and no p-value there crossed 0.05.",
    ]
    for sentence in said:
        assert sentence in page
    assert "Not for release." in page
    assert "drive/police_site_1: 1 new (dddddd until 2019-10-31)" in page


def test_it_names_primary_outcomes_that_turned_or_crossed(tmp_path: Path) -> None:
    table = "marac_follow_up.ratios"
    old = given.ratios((0.9, 0.8, 1.1, 0.06), (1.1, 0.8, 1.3, 0.4), table_id=table)
    new = given.ratios((0.8, 0.7, 0.9, 0.01), (0.9, 0.7, 1.2, 0.4), table_id=table)
    said, page, _ = _two(tmp_path, [old], [new])
    assert said[1] == (
        "In the primary outcomes, one effect changed its direction and one p-value crossed 0.05."
    )
    assert "changed its direction</span>" in page
    assert '<span class="tag">primary outcome</span>' in page


def test_equal_runs_and_unexplained_numbers_are_said_at_once(tmp_path: Path) -> None:
    first = given.store(tmp_path, "one", given.counts(10))
    same = given.store(tmp_path, "two", given.counts(10), label="again")
    other = given.store(tmp_path, "three", given.counts(11))
    assert sentences(compare_runs(first, same)) == [
        "Compared with run one of 3 November 2026, every number is the same (1 compared)."
    ]
    unexplained = compare_runs(first, other)
    assert sentences(unexplained)[0].startswith("One difference has no cause")
    page = _text(render_differences(unexplained))
    assert "Unexplained: 1 number" in page
    assert "10 11" in page  # a fault is shown, however small it is


def test_counts_that_change_by_a_few_people_are_counted_and_not_shown(tmp_path: Path) -> None:
    said, page, seen = _two(
        tmp_path, [given.counts(487, 120, 60, 70)], [given.counts(488, 116, 65, 80)]
    )
    assert seen == [("row_2", "count"), ("row_3", "count")]
    text = _text(page)
    assert "4 of 4 numbers changed" in said[0]
    assert "2 of them are counted here but not shown" in text
    for number in ("487", "488", "120", "116"):
        assert number not in text
    assert "60 65" in text


@pytest.mark.parametrize(
    ("profile", "shows"), [("open", 4), ("counts_below_5", 2), ("counts_below_10", 1)]
)
def test_the_threshold_is_that_of_the_studys_profile(
    tmp_path: Path, profile: str, shows: int
) -> None:
    study = {"resolved_study": given.STUDY | {"disclosure": profile}}
    old, new = given.counts(487, 120, 60, 70), given.counts(488, 116, 65, 80)
    first = given.store(tmp_path, "one", old, **study)
    second = given.store(tmp_path, "two", new, **(OTHER_DATA | study))
    assert len(shown(compare_runs(first, second)).differences) == shows


def _place(count: float, n: int, mean: float, p_value: float) -> Table:
    table = Table("risk_score.place", "Place", "", (), {"a": "A"}, {"b": "B", "c": "C"})
    table.add("a", "b", "count", count, n=n)
    table.add("a", "b", "share", count / n, n=n)
    table.add("a", "b", "mean", mean, n=n)
    table.add("a", "c", "p_value", p_value, n=n)
    return table


def test_what_is_computed_from_a_small_change_is_withheld_with_it(tmp_path: Path) -> None:
    _, _, seen = _two(tmp_path, [_place(100, 500, 9.61, 0.3)], [_place(101, 500, 9.7, 0.2)])
    assert seen == []


def test_what_is_left_of_a_base_may_not_change_by_a_few_either(tmp_path: Path) -> None:
    _, _, seen = _two(tmp_path, [_place(100, 500, 9.61, 0.3)], [_place(120, 521, 9.7, 0.2)])
    assert seen == []
    _, _, seen = _two(
        tmp_path / "large", [_place(100, 500, 9.61, 0.3)], [_place(120, 540, 9.7, 0.2)]
    )
    assert len(seen) == 4


def test_a_mean_of_one_person_more_is_withheld_and_an_estimate_is_not(tmp_path: Path) -> None:
    def tables(n: int, mean: float, ratio: float) -> list[Table]:
        table = Table("risk_score.means", "Means", "", (), {"a": "A"}, {"b": "B"})
        table.add("a", "b", "mean", mean, n=n)
        model = Table("risk_score.model", "Model", "", (), {"m": "M"}, {"b": "B"})
        model.add("m", "b", "rate_ratio", ratio, n=n)
        return [table, model]

    _, page, seen = _two(tmp_path, tables(487, 9.612, 0.91), tables(488, 9.633, 0.93))
    assert seen == [("m", "rate_ratio")]
    assert "488" not in _text(page)


def test_cells_hidden_in_one_run_and_numbers_in_words_are_withheld(tmp_path: Path) -> None:
    old, new = given.counts(7, 100), given.counts(None, 100)
    old.note, new.note = "n = 487 forms.", "n = 488 forms."
    first = given.store(tmp_path, "one", old)
    second = given.store(tmp_path, "two", new, **OTHER_DATA)
    comparison = compare_runs(first, second, texts=True)
    assert shown(comparison).differences == ()
    text = _text(render_differences(comparison))
    assert "n = # forms. n = # forms." in text
    assert "487" not in text


def test_tables_about_nobody_are_shown_in_full(tmp_path: Path) -> None:
    old, new = given.counts(487), given.counts(488)
    old.not_about_people = new.not_about_people = "counts a file's rows"
    assert len(_two(tmp_path, [old], [new])[2]) == 1


def test_a_table_shows_its_greatest_differences_and_says_how_to_see_all(tmp_path: Path) -> None:
    many = range(100, 140)
    _, page, _ = _two(
        tmp_path, [given.counts(*many)], [given.counts(*(10 * value for value in many))]
    )
    assert page.count('<tr><th scope="row">Row') == 25
    assert "15 more with smaller changes." in page
    assert "datrial diff one two --table marac_follow_up.people --all" in page


def test_what_a_label_says_is_text_and_never_markup(tmp_path: Path) -> None:
    old, new = given.counts(100), given.counts(200)
    old.row_labels = new.row_labels = {"row_0": "<b>Row</b>"}
    page = _two(tmp_path, [old], [new])[1]
    assert "&lt;b&gt;Row&lt;/b&gt;" in page
    assert "<b>" not in page


def test_the_page_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    given.store(tmp_path, "one", given.counts(100))
    given.store(tmp_path, "two", given.counts(200), **OTHER_DATA)
    path = write_differences_page(tmp_path, "one", "two", tmp_path / "pages" / "diff.html")
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "index.html" not in path.read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="no run 'three'"):
        write_differences_page(tmp_path, "one", "three", path)


def test_changes_are_those_since_the_run_before(tmp_path: Path) -> None:
    given.store(tmp_path, "one", given.counts(100))
    given.store(tmp_path, "two", given.counts(200), **OTHER_DATA)
    assert "There is no earlier run of this study" in write_changes_page(tmp_path, "one").read_text(
        encoding="utf-8"
    )
    page = write_changes_page(tmp_path, "two")
    assert page == tmp_path / "reports" / "two" / "changes.html"
    text = _text(page.read_text(encoding="utf-8"))
    assert "Compared with run one of 3 November 2026, 1 of 1 numbers changed" in text
    assert (
        "Run one was chosen as the study&#39;s last run before this one without a label that holds "
        "all its analyses." in text
    )
    assert page.read_bytes() == write_changes_page(tmp_path, "two").read_bytes()


def test_a_run_before_that_was_damaged_is_passed_over_and_named(tmp_path: Path) -> None:
    given.store(tmp_path, "one", given.counts(100))
    given.store(tmp_path, "two", given.counts(200), **OTHER_DATA)
    given.store(
        tmp_path, "three", given.counts(300), **(OTHER_DATA | {"end": "2026-11-05T02:00:00+00:00"})
    )
    (tmp_path / "results" / "two" / "tables.json").write_text("[]")
    text = _text(write_changes_page(tmp_path, "three").read_text(encoding="utf-8"))
    assert "Compared with run one" in text
    assert "Passed over, for its files are not those that were written: two." in text


@pytest.mark.parametrize(
    ("others", "chosen"),
    [
        ({"a": {}, "b": {}}, "b"),
        ({"a": {"label": "nightly"}, "b": {}}, "a"),
        ({"a": {}, "b": {"label": "trial of mine"}}, "a"),
        ({"a": {}, "b": {"analyses": [{"id": "risk_score", "state": "done"}]}}, "a"),
        ({"a": {}, "b": {"changes": {"risk_score.effect": "normal"}}}, "a"),
        ({"a": {}, "b": {"study": "restart"}}, "a"),
        ({"a": {}, "b": {"simulated": True}}, "a"),
        ({"a": {"label": "trial of mine"}}, "a"),
    ],
)
def test_the_run_before_is_the_last_one_like_it(
    tmp_path: Path, others: dict[str, dict[str, Any]], chosen: str
) -> None:
    for day, (name, changes) in enumerate(others.items(), 1):
        end = f"2026-11-{day:02}T02:00:00+00:00"
        given.store(tmp_path, name, given.counts(100), **{"end": end, **changes})
    given.store(
        tmp_path, "this", given.counts(100), label="nightly", end="2026-11-20T02:00:00+00:00"
    )
    later = {"label": "nightly", "end": "2026-11-21T02:00:00+00:00"}
    given.store(tmp_path, "later", given.counts(100), **later)
    assert previous_runs(tmp_path, "this")[0].run_id == chosen
