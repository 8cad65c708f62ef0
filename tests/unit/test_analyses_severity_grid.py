"""Severity of abuse at intake and exit: the printed margins, few people, two cohorts."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from grids import PRINTED_STEPS, TYPES, House, both_times, printed_house, service

from datrial.analyses.severity_grid import ANALYSIS
from datrial.analyses.severity_grid_data import LEVELS
from datrial.results.cells import State, Table

ARM = "intervention"
LETTERS = ("high", "moderate", "standard", "dont_know", "none")
#: Figure 1 of the early intervention trial's report, in the order of LETTERS.
FIGURE_1 = {
    "physical": (27, 23, 0, 9, 41), "sexual": (0, 0, 0, 95, 5),
    "harassment_stalking": (5, 14, 5, 27, 50), "jealous_controlling": (55, 27, 9, 9, 0),
}  # fmt: skip
#: Figure 2: intake, exit, reduction.
FIGURE_2 = {
    "physical": (63, 0, 100), "sexual": (0, 0, None), "harassment_stalking": (25, 13, 50),
    "jealous_controlling": (94, 50, 47),
}  # fmt: skip
#: Figure 3: intake, exit.
FIGURE_3 = {
    "physical": ((38, 25, 0, 6, 31), (0, 0, 0, 0, 100)),
    "sexual": ((0, 0, 0, 94, 6), (0, 0, 0, 94, 6)),
    "harassment_stalking": ((6, 13, 6, 19, 56), (6, 0, 6, 19, 69)),
    "jealous_controlling": ((63, 25, 6, 6, 0), (19, 19, 13, 19, 31)),
}  # fmt: skip


@pytest.fixture(scope="module")
def printed() -> dict[str, Table]:
    return printed_house().answer(ANALYSIS)


def percent(table: Table, row: str, statistic: str = "share") -> int | None:
    """Return a cell in whole per cent, halves up as the report prints them."""
    value = table.get(row, ARM, statistic).value
    if value is None:
        return None
    return int(Decimal(repr(round(100 * value, 6))).quantize(Decimal(1), ROUND_HALF_UP))


def value(table: Table, row: str, statistic: str = "count", arm: str = ARM) -> float | None:
    return table.get(row, arm, statistic).value


def test_every_printed_percentage_comes_out_to_the_digit(printed: dict[str, Table]) -> None:
    for kind in TYPES:
        found = tuple(percent(printed["intake"], f"{kind}__{level}") for level in LETTERS)
        assert found == FIGURE_1[kind]
        shares = tuple(
            percent(printed["prevalence"], kind, name)
            for name in ("share_intake", "share_exit", "reduction")
        )
        assert shares == FIGURE_2[kind]
        both = tuple(
            tuple(percent(printed["levels"], f"{kind}__{time}__{level}") for level in LETTERS)
            for time in ("intake", "exit")
        )
        assert both == FIGURE_3[kind]
    assert percent(printed["intake"], "jealous_controlling__any") == 91


def test_prevalence_is_told_with_and_without_dont_know(printed: dict[str, Table]) -> None:
    intake = printed["intake"]
    assert value(intake, "physical__any") == value(intake, "physical__any_known") == 11
    assert value(intake, "physical__any", "share") == 11 / 22
    assert value(intake, "physical__any_known", "share") == 11 / 20
    known = printed["prevalence"].get("jealous_controlling__known", ARM, "share_intake")
    assert (known.value, known.n) == (1.0, 13)


def test_of_sexual_abuse_nothing_can_be_concluded(printed: dict[str, Table]) -> None:
    reduction = printed["prevalence"].get("sexual", ARM, "reduction")
    assert reduction.state is State.NOT_AVAILABLE
    assert reduction.note == "not known for most of them: nothing can be concluded"
    for name, row in (("prevalence", "sexual"), ("change", "sexual"), ("tests", "sexual")):
        cells = [cell for cell in printed[name].cells if cell.row == row and cell.warning]
        assert cells
        assert all("nothing can be concluded" in cell.warning for cell in cells)
    others = [c for c in printed["prevalence"].cells if not c.row.startswith("sexual")]
    assert not any("nothing can be concluded" in cell.warning for cell in others)


def test_each_step_is_counted_once(printed: dict[str, Table]) -> None:
    steps = printed["transitions"]
    codes = {"h": "high", "m": "moderate", "s": "standard", "d": "dont_know", "n": "none"}
    for kind in TYPES:
        for first in LEVELS:
            for last in LEVELS:
                cell = steps.get(f"{ARM}__{kind}__{first}", last, "count")
                taken = [(codes[step[0]], codes[step[1]]) for step in PRINTED_STEPS[kind]]
                assert cell.value == taken.count((first, last))


def test_who_fell_rose_and_stopped(printed: dict[str, Table]) -> None:
    moves = printed["moves"]
    kind = "jealous_controlling"
    told = {
        part: (value(moves, f"{kind}__{part}"), moves.get(f"{kind}__{part}", ARM, "count").n)
        for part in ("fell", "stayed", "rose", "fell_of_all", "stopped", "unknown")
    }
    # hm x 3, hs, hn x 2, ms, mn x 2, sn fell; known at both: without hd, md, dd.
    assert told == {
        "fell": (10, 13), "stayed": (3, 13), "rose": (0, 13), "fell_of_all": (10, 16),
        "stopped": (5, 13), "unknown": (3, 16),
    }  # fmt: skip
    tests = printed["tests"]
    assert value(tests, kind, "p_sign") == pytest.approx(2 * 0.5**10)
    assert value(tests, kind, "share_fell") == pytest.approx(10 / 13)
    change = printed["change"]
    assert value(change, kind, "share_stopped") == 7 / 16  # two of them to don't know
    assert value(change, f"{kind}__known", "share_stopped") == pytest.approx(5 / 13)
    assert value(change, kind, "p_value") == pytest.approx(2 * 0.5**7)


def test_everyone_referred_is_the_base_of_who_was_assessed(printed: dict[str, Table]) -> None:
    readings = printed["readings"]
    found = {row: value(readings, row) for row in readings.row_labels}
    assert found == {
        "assessed_intake": 22, "assessed_midway": 0, "assessed_exit": 16, "assessed_both": 16,
        "several": 0,
    }  # fmt: skip
    assert readings.get("assessed_both", ARM, "share").n == 32


def test_every_number_says_of_how_many_it_is_and_that_they_are_few(
    printed: dict[str, Table],
) -> None:
    for name in ("intake", "levels", "prevalence", "change", "moves", "tests"):
        for cell in printed[name].cells:
            if cell.value is not None and cell.n:
                assert "too few to carry a statement" in cell.warning, (name, cell.row)


def test_midway_grids_stand_for_a_missing_exit_only_if_asked() -> None:
    def house() -> House:
        found = House()
        found.clients("p1", "p2", "p3")
        for person in ("p1", "p2", "p3"):
            found.grid(person, "intake", "2022-02-01", "hnnn")
        found.grid("p1", "midway", "2022-04-01", "snnn")
        found.grid("p2", "midway", "2022-04-01", "snnn")
        found.grid("p2", "exit", "2022-06-01", "nnnn")
        return found

    plain = house().answer(ANALYSIS)
    assert value(plain["readings"], "assessed_midway") == 2
    assert value(plain["levels"], "physical__exit__none") == 1
    assert plain["levels"].get("physical__exit__none", ARM, "count").n == 1
    late = house().answer(ANALYSIS, last_reading="exit_or_midway")
    found = {
        level: value(late["levels"], f"physical__exit__{level}") for level in ("standard", "none")
    }
    assert found == {"standard": 1, "none": 1}
    assert value(late["readings"], "assessed_both") == 1


def test_no_answer_is_not_dont_know() -> None:
    house = House()
    both_times(house, {kind: ["h-", "-n", "hn", "dd"] for kind in TYPES})
    found = house.answer(ANALYSIS)
    assert value(found["levels"], "physical__intake__missing") == 1
    assert value(found["levels"], "physical__exit__dont_know") == 1
    assert value(found["moves"], "physical__unknown") == 3
    assert value(found["transitions"], f"{ARM}__physical__high", arm="missing") == 1


def test_without_any_grid_every_cell_says_that_nothing_was_sent() -> None:
    found = House().answer(ANALYSIS)
    cells = [cell for table in found.values() for cell in table.cells]
    assert cells
    assert {cell.state for cell in cells} == {State.NOT_AVAILABLE}
    assert {cell.note for cell in cells} == {"no severity reading data were received"}
    assert list(found["intake"].row_labels)[:2] == ["physical__high", "physical__moderate"]


@pytest.mark.parametrize(("step", "first"), [("hn", "high"), ("dd", "dont_know")])
def test_one_person_is_no_error(step: str, first: str) -> None:
    house = House()
    both_times(house, {kind: [step] for kind in TYPES})
    found = house.answer(ANALYSIS)
    assert value(found["levels"], f"physical__intake__{first}") == 1
    stopped = found["change"].get("physical", ARM, "share_stopped")
    assert (stopped.value, stopped.n) == (1.0 if step == "hn" else 0.0, 1)


def test_dont_know_everywhere_leaves_nothing_known() -> None:
    house = House()
    both_times(house, {kind: ["dd"] * 6 for kind in TYPES})
    found = house.answer(ANALYSIS)
    for statistic in ("share_fell", "p_value", "p_margins"):
        cell = found["tests"].get("physical", ARM, statistic)
        assert (cell.state, cell.note) == (State.NOT_AVAILABLE, "nobody is known at both times")
    assert found["prevalence"].get("physical__known", ARM, "share_exit").value is None
    assert value(found["prevalence"], "physical", "share_exit") == 0
    assert value(found["overall"], "worker__dont_know", "share") == 1


OVERALL = [
    # the four types -> the highest that is known
    ("nnnn", "none"), ("nnnd", "dont_know"), ("dddd", "dont_know"), ("nsnd", "standard"),
    ("smdn", "moderate"), ("dddh", "high"), ("hnnn", "high"), ("---s", "standard"),
    ("nn-n", "dont_know"),
]  # fmt: skip


def test_the_overall_severity_is_the_highest_known() -> None:
    house = House()
    for number, (levels, _) in enumerate(OVERALL):
        house.clients(f"p{number}")
        house.grid(f"p{number}", "intake", "2022-02-01", levels, None)
    overall = house.answer(ANALYSIS)["overall"]
    expected = [level for _, level in OVERALL]
    for level in LETTERS:
        assert value(overall, f"not_said__{level}") == expected.count(level)
        if level != "dont_know":
            known = overall.get(f"not_said__{level}__known", ARM, "count")
            assert (known.value, known.n) == (expected.count(level), 6)
    assert len(overall.row_labels) == 9


def told_by_two() -> House:
    """Return people of whom two tell: as many as a second report prints."""
    house = House()
    levels = {"standard": "s", "moderate": "m", "high": "h", "dont_know": "d"}
    for teller, people in (
        ("worker", {"standard": 47, "moderate": 27, "high": 8, "dont_know": 22}),
        ("client", {"standard": 26, "moderate": 33, "high": 11, "dont_know": 6}),
    ):
        drawn = [letter for level, letter in levels.items() for _ in range(people[level])]
        for number, letter in enumerate(drawn):
            if teller == "worker":
                house.clients(f"p{number:03}")
            day = "2022-02-01" if teller == "worker" else "2022-02-02"
            house.grid(f"p{number:03}", "intake", day, letter * 4, teller)
    return house


def test_the_overall_severity_is_told_for_each_teller_as_printed() -> None:
    overall = told_by_two().answer(ANALYSIS)["overall"]
    levels = ("standard", "moderate", "high")

    def told(teller: str) -> list[int | None]:
        known = [percent(overall, f"{teller}__{level}__known") for level in levels]
        return known + [percent(overall, f"{teller}__{level}") for level in (*levels, "dont_know")]

    assert told("worker") == [57, 33, 10, 45, 26, 8, 21]
    assert told("client") == [37, 47, 16, 34, 43, 14, 8]


def test_the_first_teller_of_the_study_leads_unless_another_is_named() -> None:
    lead = told_by_two().answer(ANALYSIS)["intake"]
    assert (value(lead, "physical__standard"), lead.get("physical__standard", ARM, "share").n) == (
        47, 104,
    )  # fmt: skip
    assert "As told by: Worker." in lead.note
    named = told_by_two().answer(ANALYSIS, told_by="client")["intake"]
    assert value(named, "physical__standard") == 26
    assert "As told by: Client." in named.note


def two_cohorts() -> House:
    house = House(service(compared=True))
    both_times(house, {kind: ["hn"] * 6 + ["hh"] * 2 + ["nn"] * 2 for kind in TYPES})
    for number, step in enumerate(["hn"] * 2 + ["hh"] * 4 + ["nn"] * 4):
        house.clients(f"o{number}", extract="of_others")
        house.grid(f"o{number}", "intake", "2022-02-01", step[0] * 4)
        house.grid(f"o{number}", "exit", "2022-06-01", step[1] * 4)
    return house


def test_a_second_cohort_turns_the_same_tables_into_comparisons() -> None:
    found = two_cohorts().answer(ANALYSIS)
    change = found["change"]
    assert value(change, "physical", "share_difference") == pytest.approx(-0.6)
    assert value(change, "physical", "share_difference", "others") == pytest.approx(-0.2)
    assert value(change, "physical", "share_difference", "difference") == pytest.approx(-0.4)
    ends = [value(change, "physical", end, "difference") for end in ("ci_low", "ci_high")]
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[0] < -0.4 < ends[1]
    fell = found["moves"].get("physical__fell", "difference", "share_difference")
    assert fell.value == pytest.approx(0.4)
    assert list(found["prevalence"].column_labels) == ["intervention", "others"]
    assert "others__physical__high" in found["transitions"].row_labels
    assert "not drawn by chance" in change.note


def test_a_cohort_without_grids_is_not_available_and_the_other_stands() -> None:
    house = House(service(compared=True))
    both_times(house, {kind: ["hn"] * 6 for kind in TYPES})
    house.clients("o1", extract="of_others")
    found = house.answer(ANALYSIS)
    assert value(found["prevalence"], "physical", "reduction") == 1
    assert found["prevalence"].get("physical", "others", "reduction").value is None
    assert found["transitions"].get("others__physical__high", "none", "count").value is None
    difference = found["change"].get("physical", "difference", "share_difference")
    assert difference.note == "fewer than two people in a cohort"


def test_people_who_were_never_referred_are_left_out_and_told() -> None:
    house = House()
    house.clients("p1")
    house.grid("p1", "intake", "2022-02-01", "hnnn")
    house.grid("p9", "intake", "2022-02-01", "hnnn")
    intake = house.answer(ANALYSIS)["intake"]
    assert value(intake, "physical__high") == 1
    assert "people with a grid who were never referred are left out (1)" in intake.note
