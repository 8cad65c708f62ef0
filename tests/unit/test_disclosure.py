"""Disclosure control: which numbers are hidden, boundary by boundary, and which are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from datrial.config import disclosure
from datrial.config.disclosure import Profile, load_profile, profiles
from datrial.errors import UsageError
from datrial.results.cells import State, Table, cells_frame
from datrial.results.disclosure import Protected, Relation, hidden_note, protect
from datrial.results.disclosure.words import protected_words

PROFILE = Profile(profile="p", title="t", description="d", threshold=5)
ROUNDED = PROFILE.model_copy(update={"round_to": 5})


def table(
    columns: Sequence[str], rows: dict[str, Sequence[float | None]], n: object = None
) -> Table:
    """Return a table of counts; `n` is one for all, or one for each column."""
    made = Table("a.t", "Title", "Note.")
    for column in columns:
        made.column(column, column)
    for row, values in rows.items():
        made.row(row, row)
        for place, (column, value) in enumerate(zip(columns, values, strict=True)):
            own = n[place] if isinstance(n, tuple) else n
            made.add(row, column, "count", value, n=own)  # type: ignore[arg-type]
    return made


def run(*tables: Table, profile: Profile = PROFILE, **further: object) -> Protected:
    pairs = [(each.id.partition(".")[0], each) for each in tables]
    return protect(pairs, profile, **further)  # type: ignore[arg-type]


def shown(protected: Protected, row: str, column: str, statistic: str = "count") -> float | None:
    return protected.tables[0][1].get(row, column, statistic).value


class TestProfiles:
    def test_those_of_the_project_are_read(self) -> None:
        found = {name: load_profile(name) for name in profiles()}
        assert {"counts_below_5", "counts_below_10", "rounded_to_5", "open"} <= found.keys()
        assert found["counts_below_5"].threshold == 5
        assert found["counts_below_10"].hide_extremes
        assert found["rounded_to_5"].round_to == 5
        assert not found["open"].protects
        assert "imulated" in found["open"].description

    def test_an_unknown_one_lists_those_there_are(self) -> None:
        with pytest.raises(UsageError, match="counts_below_10, counts_below_5"):
            load_profile("none")

    def test_all_errors_of_a_file_are_told_at_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "configs" / "disclosure"
        folder.mkdir(parents=True)
        (folder / "odd.yaml").write_text("profile: odd\ntitle: x\nthreshold: five\nround: 3\n")
        monkeypatch.setattr(disclosure, "project_root", lambda: tmp_path)
        with pytest.raises(UsageError, match=r"3 error\(s\)") as told:
            load_profile("odd")
        assert all(word in str(told.value) for word in ("threshold", "round", "description"))

    @pytest.mark.parametrize(("threshold", "base"), [(1, 1), (3, 5)])
    def test_a_threshold_that_cannot_be_is_an_error(self, threshold: int, base: int) -> None:
        with pytest.raises(ValueError, match="threshold"):
            Profile(profile="p", title="t", description="d", threshold=threshold, round_to=base)


class TestSmallCounts:
    @pytest.mark.parametrize(("count", "is_hidden"), [(0, 0), (1, 1), (4, 1), (5, 0)])
    def test_a_count_is_hidden_from_one_to_below_the_threshold(
        self, count: int, is_hidden: int
    ) -> None:
        protected = run(table(["people"], {"x": [count]}))
        assert (shown(protected, "x", "people") is None) == bool(is_hidden)

    @pytest.mark.parametrize(("n", "is_hidden"), [(0, 0), (1, 1), (4, 1), (5, 0)])
    def test_what_rests_on_few_is_hidden_zero_too(self, n: int, is_hidden: int) -> None:
        made = table(["people"], {"x": [0]}, n)
        made.row("age", "Age")
        made.add("age", "people", "sd", 3.5, n=n)
        protected = run(made)
        assert (shown(protected, "x", "people") is None) == bool(is_hidden)
        assert (shown(protected, "age", "people", "sd") is None) == bool(is_hidden)

    @pytest.mark.parametrize(("left", "is_hidden"), [(0, 0), (1, 1), (4, 1), (5, 0)])
    def test_few_who_are_left_are_a_small_count_too(self, left: int, is_hidden: int) -> None:
        made = table(["people"], {"x": [100 - left]}, 100)
        made.add("x", "people", "share", 1 - left / 100, n=100)
        protected = run(made)
        assert (shown(protected, "x", "people", "share") is None) == bool(is_hidden)
        both = (shown(protected, "x", "people"), protected.tables[0][1].cells[0].n)
        assert (None in both) == bool(is_hidden)
        kept = run(made, profile=PROFILE.model_copy(update={"complements": False}))
        assert shown(kept, "x", "people") == 100 - left

    @pytest.mark.parametrize(("count", "is_hidden"), [(0, 0), (1, 1), (4, 1), (5, 0)])
    def test_a_share_gives_its_count_away(self, count: int, is_hidden: int) -> None:
        made = Table("a.t", "T", "N.", row_labels={"x": "X"}, column_labels={"c": "C"})
        made.add("x", "c", "share", count / 40, n=40)
        assert (shown(run(made), "x", "c", "share") is None) == bool(is_hidden)

    def test_a_rate_gives_its_events_away(self) -> None:
        made = Table("a.t", "T", "N.", row_labels={"x": "X"}, column_labels={"c": "C"})
        made.add("x", "c", "person_years", 31.25, n=60)
        made.add("x", "c", "rate", 3 / 31.25, n=60)
        assert shown(run(made), "x", "c", "rate") is None

    def test_a_hidden_cell_says_neither_n_nor_why_it_is_hidden(self) -> None:
        made = table(["all", "a", "b"], {"x": [13, 3, 10], "y": [40, 20, 20]}, (53, 23, 30))
        cells = [c for c in run(made).tables[0][1].cells if c.state is State.SUPPRESSED]
        assert len(cells) > 1
        assert {(c.value, c.n, c.note, c.warning) for c in cells} == {
            (None, None, hidden_note(PROFILE), "")
        }

    def test_tables_about_nobody_and_absent_cells_stay_as_they_are(self) -> None:
        made = replace(table(["rows"], {"x": [2]}), not_about_people="rows of a file")
        made.row("y", "Y")
        made.absent("y", "rows", "count", "not asked", state=State.NOT_APPLICABLE)
        assert run(made).tables[0][1] == made

    def test_the_given_tables_are_not_changed(self) -> None:
        made = table(["people"], {"x": [2]})
        run(made)
        assert made.get("x", "people", "count").value == 2

    def test_without_protection_all_is_shown(self) -> None:
        made = table(["people"], {"x": [2]}, 3)
        assert run(made, profile=load_profile("open")).tables[0][1] is made


class TestWhatIsComputedFromThem:
    def made(self, count: int) -> Table:
        made = table(["intervention", "control"], {"x": [count, 30]}, (60, 60))
        made.column("difference", "Difference")
        for column, value in (("intervention", count), ("control", 30)):
            made.add("x", column, "share", value / 60, n=60)
            made.add("x", column, "ci_low", value / 70, n=60)
        for statistic, value in (("share_difference", 0.4567), ("p_value_adjusted", 0.01234)):
            made.add("x", "difference", statistic, value, n=120)
        return made

    def test_share_interval_difference_and_p_go_with_a_count(self) -> None:
        protected = run(self.made(3))
        for column, statistic in (
            ("intervention", "share"), ("intervention", "ci_low"),
            ("difference", "share_difference"), ("difference", "p_value_adjusted"),
        ):  # fmt: skip
            assert shown(protected, "x", column, statistic) is None
        assert shown(protected, "x", "control", "ci_low") == 30 / 70
        assert protected.summary["derived"] == 4

    def test_they_stay_with_a_count_that_is_shown(self) -> None:
        assert run(self.made(25)).hidden == frozenset()

    def test_a_copy_of_a_hidden_test_is_hidden(self) -> None:
        copy = Table("b.u", "T", "N.", row_labels={"r": "R"}, column_labels={"test": "Test"})
        copy.add("r", "test", "share_difference", 0.4567, n=120)
        other = Table("b.v", "T", "N.", row_labels={"r": "R"}, column_labels={"test": "Test"})
        other.add("r", "test", "share_difference", 0.4321, n=120)
        hidden = run(self.made(3), copy, other).hidden
        assert ("b.u", "r", "test", "share_difference") in hidden
        assert ("b.v", "r", "test", "share_difference") not in hidden

    def test_extremes_are_hidden_where_the_profile_says_so(self) -> None:
        made = Table("a.t", "T", "N.", row_labels={"x": "X"}, column_labels={"c": "C"})
        for statistic in ("mean", "minimum", "max"):
            made.add("x", "c", statistic, 7.25, n=60)
        assert not run(made).hidden
        strict = PROFILE.model_copy(update={"hide_extremes": True})
        hidden = run(made, profile=strict).hidden
        assert {key[3] for key in hidden} == {"minimum", "max"}


class TestSecondary:
    def test_a_second_cell_is_hidden_where_a_total_gives_the_first_back(self) -> None:
        protected = run(table(["all", "a", "b"], {"x": [13, 3, 10], "y": [40, 20, 20]}))
        values = [shown(protected, "x", column) for column in ("all", "a", "b")]
        assert values.count(None) >= 2
        assert [shown(protected, "y", column) for column in ("all", "a", "b")] == [40, 20, 20]
        assert (protected.summary["primary"], protected.summary["secondary"]) == (1, 1)

    def test_a_number_that_stands_elsewhere_is_hidden_there_too(self) -> None:
        first = table(["all", "a", "b"], {"x": [13, 3, 10], "y": [40, 20, 20]})
        second = replace(table(["all", "a", "b"], {"x": [13, 3, 10]}), id="b.u")
        hidden = run(first, second).hidden
        assert {key[1:] for key in hidden if key[0] == "a.t" and key[1] == "x"} == {
            key[1:] for key in hidden if key[0] == "b.u"
        }

    def test_a_known_sum_is_heeded(self) -> None:
        made = table(["c"], {"some": [3], "between": [40], "others": [30], "whole": [33]})
        parts = tuple(("a.t", row, "c", "count") for row in ("some", "others", "nowhere"))
        known = Relation(("a.t", "whole", "c", "count"), parts)
        protected = run(made, relations=[known])
        assert None in (shown(protected, "others", "c"), shown(protected, "whole", "c"))
        assert known.whole in {each.whole for each in protected.relations}
        false = Relation(("a.t", "between", "c", "count"), parts)
        assert len(run(made, relations=[false]).hidden) == 1

    def test_its_own_relations_can_be_given_back(self) -> None:
        made = table(["all", "a", "b"], {"x": [13, 3, 10], "y": [40, 20, 20]})
        first = run(made)
        assert run(made, relations=first.relations).hidden == first.hidden

    def test_cells_to_hide_besides_cannot_be_worked_out(self) -> None:
        made = table(["all", "a", "b"], {"x": [60, 20, 40], "y": [70, 30, 40]})
        protected = run(made, also_hide=[("a.t", "x", "a", "count")])
        assert shown(protected, "x", "a") is None
        assert None in (shown(protected, "x", "all"), shown(protected, "x", "b"))

    def test_preferred_analyses_stay_readable(self) -> None:
        rows = {"x": [13, 3, 10], "y": [40, 20, 20]}
        mine = replace(table(["all", "a", "b"], rows), id="a.t")
        known = Relation(
            ("a.t", "x", "b", "count"), (("b.u", "p", "c", "count"), ("b.u", "q", "c", "count"))
        )
        theirs = replace(table(["c"], {"p": [4], "q": [6]}), id="b.u")
        hidden = run(mine, theirs, relations=[known], preferred=["a"]).hidden
        assert ("b.u", "p", "c", "count") in hidden
        assert ("a.t", "y", "b", "count") not in hidden

    def test_the_summary_tells_no_values(self) -> None:
        summary = run(table(["all", "a", "b"], {"x": [13, 3, 10]})).summary
        assert summary["tables"] == {"a.t": {"primary": 1, "secondary": 1, "derived": 0}}
        assert summary["not_protected"] == 0

    def test_published_numbers_still_stand_beside_hidden_ones(self) -> None:
        from datrial.results.cells import PublishedValue

        protected = run(table(["people"], {"x": [2]}))
        printed = {("a.t", "x", "people", "count"): PublishedValue(2, "Table 1")}
        frame = cells_frame("r", protected.tables, printed)
        assert frame.value.isna().all()
        assert frame.published.to_list() == [2.0]


class TestRunningCounts:
    def made(self, third: int) -> Table:
        months = {
            f"first__month_{3 * place}": [count] for place, count in enumerate((0, 40, third, 60))
        }
        made = table(["c"], months)
        made.cells = [replace(cell, statistic="people", n=100) for cell in made.cells]
        return made

    @pytest.mark.parametrize(("third", "is_told"), [(40, 0), (41, 1), (44, 1), (45, 0), (57, 1)])
    def test_few_between_two_times_are_a_small_count(self, third: int, is_told: int) -> None:
        assert len(run(self.made(third)).hidden) == is_told
        kept = run(self.made(third), profile=PROFILE.model_copy(update={"steps": False}))
        assert not kept.hidden

    def test_a_count_that_rises_and_falls_does_not_run(self) -> None:
        made = self.made(41)
        made.cells[-1] = replace(made.cells[-1], value=20.0)
        assert not run(made).hidden


class TestWords:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("1 people at meetings left out", "[c] people at meetings left out"),
            ("12 people; 7 meetings (3 people)", "12 people; 7 meetings ([c] people)"),
            ("4 of 36 not observed, 3 of them never", "[c] of 36 not observed, [c] of them never"),
            ("34 of 36 not observed", "[c] of 36 not observed"),
            ("n = 481 (2 without a known engagement)", "n = 481 ([c] without a known engagement)"),
            (
                "fewer than 3 forms, version 2, log-F(1,1)",
                "fewer than 3 forms, version 2, log-F(1,1)",
            ),
            ("in 1 of 20 imputations, p below 0.05", "in 1 of 20 imputations, p below 0.05"),
            ("23 of 40 not observed", "[c] of 40 not observed"),  # 17 are left
            ("17 forms of 220 service users", "[c] forms of 220 service users"),
        ],
    )
    def test_counts_in_words_are_hidden_as_in_cells(self, text: str, expected: str) -> None:
        assert protected_words(text, PROFILE, {17}) == expected

    def test_words_of_tables_and_cells_are_protected_and_rounded(self) -> None:
        made = replace(table(["c"], {"x": [40]}), note="2 people left out of 61 forms.")
        made.cells = [replace(made.cells[0], warning="62 people observed", note="3 cases")]
        after = run(made, profile=ROUNDED).tables[0][1]
        assert after.note == "[c] people left out of 60 forms."
        assert (after.cells[0].warning, after.cells[0].note) == ("60 people observed", "[c] cases")


class TestRounding:
    @pytest.mark.parametrize(
        ("count", "expected"), [(0, 0), (4, None), (5, 5), (7, 5), (8, 10), (12, 10), (13, 15)]
    )
    def test_counts_are_rounded_to_the_nearest(self, count: int, expected: float | None) -> None:
        assert shown(run(table(["c"], {"x": [count]}), profile=ROUNDED), "x", "c") == expected

    def test_shares_come_from_rounded_counts_and_n(self) -> None:
        made = table(["c"], {"x": [17]}, 61)
        made.add("x", "c", "share", 17 / 61, n=61)
        made.add("x", "c", "ci_low", 0.181234, n=61)
        protected = run(made, profile=ROUNDED)
        assert shown(protected, "x", "c", "share") == 15 / 60
        assert {cell.n for cell in protected.tables[0][1].cells} == {60}
        assert shown(protected, "x", "c", "ci_low") == pytest.approx(2 * 5 / 60)

    def test_other_numbers_of_a_group_lose_the_digits_that_tell_its_size(self) -> None:
        made = Table("a.t", "T", "N.", row_labels={"x": "X"}, column_labels={"c": "C"})
        made.add("x", "c", "sd", 3.14159, n=61)
        made.add("x", "c", "mean", 100 / 61, n=61)
        protected = run(made, profile=ROUNDED)
        assert shown(protected, "x", "c", "sd") == 3.1
        assert shown(protected, "x", "c", "mean") == pytest.approx(100 / 60)

    def test_rounded_totals_need_fewer_partners(self) -> None:
        made = table(["all", "a", "b"], {"x": [23, 3, 20], "y": [41, 20, 21]})
        assert len(run(made, profile=ROUNDED).hidden) < len(run(made).hidden)
